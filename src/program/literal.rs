//! Types and values as one would write them in the language.

use super::Program;
use crate::schema::Type;
use crate::value::{StageId, Value};

/// The name of a type, also one of a program that nobody has proven.
pub fn type_name(program: &Program, ty: &Type) -> String {
    let schema = &program.schema;
    let sound = match ty {
        Type::Enum(id) => id.index() < schema.enums.len(),
        Type::Opaque(id) => id.index() < schema.opaques.len(),
        Type::Entity(id) => id.index() < schema.entities.len(),
        Type::List(element) => return format!("list of {}", type_name(program, element)),
        Type::Optional(inner) if **inner != Type::Never => return format!("{}?", type_name(program, inner)),
        _ => true,
    };
    if sound { schema.type_name(ty) } else { "?".to_owned() }
}

/// A value of a type. Values of enums stand alone, as where the type is known from the place.
pub fn literal(program: &Program, value: &Value, ty: &Type) -> String {
    let schema = &program.schema;
    match (value, ty.inner()) {
        (Value::None, _) => "none".to_owned(),
        (Value::Bool(value), _) => value.to_string(),
        (Value::Int(value), _) => value.to_string(),
        (Value::Decimal(value), _) => value.to_string(),
        (Value::Money(money), _) => format!("{} {}", money.amount, money.currency),
        (Value::Text(text), Type::Opaque(_)) => {
            format!("{}({})", type_name(program, ty.inner()), quoted(text))
        }
        (Value::Text(text), _) => quoted(text),
        (Value::Date(date), _) => date.to_string(),
        (Value::Time(time), _) => time.to_string(),
        (Value::DateTime(at), _) => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        (Value::Duration(duration), _) => match (duration.days, duration.seconds) {
            (days, 0) => counted(days, "day"),
            (0, seconds) => clock_time(seconds),
            (days, seconds) => format!("{} {}", counted(days, "day"), clock_time(seconds)),
        },
        (Value::Enum(number), Type::Enum(id)) => {
            let values = schema.enums.get(id.index()).map(|def| &def.values);
            let value = values.and_then(|values| values.get(usize::from(*number)));
            value.map_or("?".to_owned(), |value| value.name.to_string())
        }
        (Value::Enum(number), _) => format!("value {number}"),
        (Value::Stage(id), _) => stage_name(program, *id),
        (Value::Pipeline(id), _) => {
            program.pipelines.get(id.index()).map_or("?".into(), |pipeline| pipeline.name.to_string())
        }
        (Value::Principal(principal), _) => principal.name.to_string(),
        (Value::Ref(id), ty) => format!("{}({})", type_name(program, ty), quoted(id)),
        // As a test writes it, where that can be written.
        (Value::File(file), _) => match file.written() {
            Some(text) => quoted(text),
            None => format!("{} at {}", quoted(&file.name), quoted(&file.url)),
        },
        (Value::List(items), ty) => {
            let element = match ty {
                Type::List(element) => element,
                ty => ty,
            };
            let items: Vec<String> = items.iter().map(|item| literal(program, item, element)).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

/// `Sales.Won`
pub fn stage_name(program: &Program, id: StageId) -> String {
    let Some(stage) = program.stages.get(id.index()) else { return "?".to_owned() };
    match program.pipelines.get(stage.pipeline.index()) {
        Some(pipeline) => format!("{}.{}", pipeline.name, stage.name),
        None => stage.name.to_string(),
    }
}

/// `3 hours`, `90 minutes`, `6 minutes 30 seconds`: in the largest unit that has no remainder, and many seconds in two.
fn clock_time(seconds: i64) -> String {
    match seconds {
        s if s % 3600 == 0 => counted(s / 3600, "hour"),
        s if s % 60 == 0 => counted(s / 60, "minute"),
        // Nobody counts so many seconds.
        s if s > 120 => format!("{} {}", counted(s / 60, "minute"), counted(s % 60, "second")),
        s => counted(s, "second"),
    }
}

fn counted(n: i64, unit: &str) -> String {
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// A text in its quotation marks.
pub fn quoted(text: &str) -> String {
    format!("{text:?}")
}
