//! What became of an action: `action.completed` and `action.failed`.

use super::payload::Reader;
use crate::event::envelope::{Data, members, text};
use crate::event::words::{missing_fields, missing_member, shorten};
use crate::event::{EventBody, Rejection, Subject};
use crate::program::Program;
use crate::value::{ActionId, Text, Value, json};

/// The action, as `expected` says it.
const EFFECT: &str = "the id of the effect that asked, as \"deal/D-1/2\"";

pub(super) fn completed(subject: Subject, data: Data<'_>) -> Result<EventBody, Rejection> {
    let (mut effect, mut outputs) = (None, "{}");
    data.members(|_, name, raw| {
        match name {
            "action" => effect = Some(Text::from(text(raw, "/data/action")?)),
            "outputs" if raw.json.starts_with('{') => outputs = raw.json,
            "outputs" if raw.is_null() => {}
            "outputs" => {
                let found = json::described(&shorten(raw.json));
                return Err(Rejection::new("wrong-type", format!("`outputs` cannot be {found}"))
                    .at("/data/outputs")
                    .expected("an object, as {\"chat\":\"C-1\"}"));
            }
            _ => {}
        }
        Ok(())
    })?;
    let effect = effect.ok_or_else(|| missing_member("action", EFFECT))?;
    Ok(EventBody::Completed { subject, effect, outputs: outputs.into() })
}

pub(super) fn failed(subject: Subject, data: Data<'_>) -> Result<EventBody, Rejection> {
    let (mut effect, mut reason) = (None, None);
    data.members(|_, name, raw| {
        match name {
            "action" => effect = Some(Text::from(text(raw, "/data/action")?)),
            "reason" if !raw.is_null() => reason = Some(Text::from(text(raw, "/data/reason")?)),
            _ => {}
        }
        Ok(())
    })?;
    let effect = effect.ok_or_else(|| missing_member("action", EFFECT))?;
    Ok(EventBody::Failed { subject, effect, reason: reason.unwrap_or_else(|| "no reason given".into()) })
}

/// The outputs of an action that has been carried out, in the order of its declaration. What it does not declare is
/// passed over.
///
/// # Errors
/// What of them breaks the declaration.
pub fn outputs(program: &Program, action: ActionId, outputs: &str) -> Result<Vec<Value>, Rejection> {
    let fields = &program.schema.action(action).outputs;
    let mut values = vec![None; fields.len()];
    let within = |mut rejection: Rejection| {
        let inner = rejection.pointer.as_deref().and_then(|pointer| pointer.strip_prefix("/data"));
        rejection.pointer = inner.map(|inner| format!("/data/outputs{inner}"));
        rejection
    };
    members(outputs, |name, raw| {
        if let Some(slot) = fields.iter().position(|field| *field.name == *name) {
            let field = &fields[slot];
            values[slot] = Reader::new(field).value(raw, field, program, &mut Vec::new())?;
        }
        Ok(())
    })
    .map_err(within)?;
    let came = |(slot, value): (usize, Option<Value>)| value.or_else(|| fields[slot].default.clone());
    let values: Vec<Option<Value>> = values.into_iter().enumerate().map(came).collect();
    let missing =
        |(value, field): &(&Option<Value>, &crate::schema::Field)| value.is_none() && !field.ty.is_optional();
    let missing: Vec<_> = values.iter().zip(fields).filter(missing).map(|(_, field)| field).collect();
    if !missing.is_empty() {
        return Err(within(missing_fields(&missing, fields, outputs, &program.schema)));
    }
    Ok(values.into_iter().map(|value| value.unwrap_or(Value::None)).collect())
}
