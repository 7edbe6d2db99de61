//! Types and constants as one would write them in the language.

use super::{Listing, quoted};
use crate::schema::Type;
use crate::value::Value;

impl Listing<'_> {
    pub(super) fn type_name(&self, ty: &Type) -> String {
        let schema = &self.program.schema;
        // A listing may be asked of a program that nobody has proven.
        let known = |index: usize, count: usize| index < count;
        let sound = match ty {
            Type::Enum(id) => known(id.index(), schema.enums.len()),
            Type::Opaque(id) => known(id.index(), schema.opaques.len()),
            Type::Entity(id) => known(id.index(), schema.entities.len()),
            Type::List(element) => return format!("list of {}", self.type_name(element)),
            Type::Optional(inner) if **inner != Type::Never => return format!("{}?", self.type_name(inner)),
            _ => true,
        };
        if sound { schema.type_name(ty) } else { "?".to_owned() }
    }

    pub(super) fn literal(&self, value: &Value, ty: &Type) -> String {
        let schema = &self.program.schema;
        match (value, ty.inner()) {
            (Value::None, _) => "none".to_owned(),
            (Value::Bool(value), _) => value.to_string(),
            (Value::Int(value), _) => value.to_string(),
            (Value::Decimal(value), _) => value.to_string(),
            (Value::Money(money), _) => format!("{} {}", money.amount, money.currency),
            (Value::Text(text), Type::Opaque(_)) => {
                format!("{}({})", self.type_name(ty.inner()), quoted(text))
            }
            (Value::Text(text), _) => quoted(text),
            (Value::Date(date), _) => date.to_string(),
            (Value::Time(time), _) => time.to_string(),
            (Value::DateTime(at), _) => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            (Value::Duration(duration), _) => match (duration.days, duration.seconds) {
                (days, 0) => format!("{days} days"),
                (0, seconds) => format!("{seconds} seconds"),
                (days, seconds) => format!("{days} days {seconds} seconds"),
            },
            (Value::Enum(number), Type::Enum(id)) => {
                let def = schema.enums.get(id.index());
                match def.and_then(|def| Some((&def.name, def.values.get(usize::from(*number))?))) {
                    Some((name, value)) => format!("{name}.{}", value.name),
                    None => "?".to_owned(),
                }
            }
            (Value::Enum(number), _) => format!("value {number}"),
            (Value::Stage(stage), _) => self.stage(*stage),
            (Value::Pipeline(id), _) => self
                .program
                .pipelines
                .get(id.index())
                .map_or("?".into(), |pipeline| pipeline.name.to_string()),
            (Value::Principal(principal), _) => principal.name.to_string(),
            (Value::Ref(id), ty) => format!("{}({})", self.type_name(ty), quoted(id)),
            (Value::File(file), _) => format!("file {}", quoted(&file.url)),
            (Value::List(items), ty) => {
                let element = match ty {
                    Type::List(element) => element,
                    ty => ty,
                };
                let items: Vec<String> = items.iter().map(|item| self.literal(item, element)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}
