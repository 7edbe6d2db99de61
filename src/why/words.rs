//! Values, times and events as people read them.

use crate::program::literal::{literal, quoted};
use crate::program::{EventPattern, NamedEvent, Program, Trigger};
use crate::schema::Type;
use crate::value::*;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// A value with times of day as they are in the pipeline.
pub fn value(program: &Program, value: &Value, ty: &Type, tz: Tz) -> String {
    match value {
        Value::None => "not set".to_owned(),
        Value::DateTime(at) => time(*at, tz),
        Value::Stage(id) if id.index() < program.stages.len() => program.stage(*id).name.to_string(),
        _ => literal(program, value, ty),
    }
}

pub fn time(at: DateTime<Utc>, tz: Tz) -> String {
    let local = at.with_timezone(&tz);
    let seconds = at.timestamp() % 60 != 0;
    local.format(if seconds { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M" }).to_string()
}

/// `invoice.paid with template = "Offer" or "Short offer"`
pub fn named_event(program: &Program, named: &NamedEvent) -> String {
    let Some(event) = program.schema.events.get(named.event.index()) else { return "an event".into() };
    let settings = named.settings.iter().filter_map(|(slot, wanted)| {
        let field = event.payload.get(usize::from(*slot))?;
        let element = match field.ty.inner() {
            Type::List(element) => element,
            ty => ty,
        };
        let wanted: Vec<String> = wanted.iter().map(|value| literal(program, value, element)).collect();
        Some(format!("{} = {}", field.name, wanted.join(" or ")))
    });
    let settings: Vec<String> = settings.collect();
    match settings.is_empty() {
        true => format!("`{}`", event.name),
        false => format!("`{}` with {}", event.name, settings.join(" and ")),
    }
}

pub fn pattern(program: &Program, pattern: &EventPattern, entity: EntityId) -> String {
    let fields = &program.schema.entity(entity).fields;
    let shown = |value: &Value, fields: &[FieldId], all: &[crate::schema::Field]| {
        let ty = fields.first().and_then(|field| all.get(field.index())).map_or(&Type::Never, |f| &f.ty);
        literal(program, value, ty)
    };
    match pattern {
        EventPattern::Named(named) => named_event(program, named),
        EventPattern::Change { fields: watched, from, to } => {
            let names: Vec<String> = watched
                .iter()
                .filter_map(|field| fields.get(field.index()))
                .map(|field| format!("`{}`", field.name))
                .collect();
            let from =
                from.as_ref().map(|v| format!(" from {}", shown(v, watched, fields))).unwrap_or_default();
            let to = to.as_ref().map(|v| format!(" to {}", shown(v, watched, fields))).unwrap_or_default();
            format!("a change of {}{from}{to}", names.join(" or "))
        }
        EventPattern::AnyChange => "any change".to_owned(),
        EventPattern::Count { count, event, within } => {
            let within = literal(program, &Value::Duration(*within), &Type::Duration);
            format!("{count} {} within {within}", named_event(program, event))
        }
        EventPattern::Absence { event, period } => {
            let period = literal(program, &Value::Duration(*period), &Type::Duration);
            format!("no {} for {period}", named_event(program, event))
        }
    }
}

pub fn patterns(program: &Program, patterns: &[EventPattern], entity: EntityId) -> String {
    let all: Vec<String> = patterns.iter().map(|one| pattern(program, one, entity)).collect();
    all.join(" or ")
}

/// `trigger "Paid" of Sales.Won`
pub fn trigger(program: &Program, trigger: &Trigger) -> String {
    let stage = crate::program::literal::stage_name(program, trigger.stage);
    match &trigger.label {
        Some(label) => format!("trigger {} of {stage}", quoted(label)),
        None => format!("the trigger of {stage}"),
    }
}
