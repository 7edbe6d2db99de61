//! What became of an action: `action.completed` and `action.failed`.

use super::payload::Shape;
use crate::event::envelope::{Data, members, text};
use crate::event::words::{missing_member, shorten};
use crate::event::{EventBody, Rejection, Subject};
use crate::program::Program;
use crate::value::text::Texts;
use crate::value::{ActionId, Text, Value, json};

/// The action, as `expected` says it.
const EFFECT: &str = "the id of the effect that asked, as \"deal/D-1/2\"";

pub(super) fn completed(subject: Subject, data: &Data<'_>) -> Result<EventBody, Rejection> {
    let (mut effect, mut outputs) = (None, "{}");
    let mut members = data.members()?;
    while let Some((name, raw)) = members.next(None) {
        match name.unwrap_or_default() {
            "action" => effect = Some(Text::from(text(raw, "/data/action")?)),
            "outputs" if raw.other().starts_with('{') => outputs = raw.other(),
            "outputs" if raw.is_null() => {}
            "outputs" => {
                let found = json::described(&shorten(&raw.json()));
                return Err(Rejection::new("wrong-type", format!("`outputs` cannot be {found}"))
                    .at("/data/outputs")
                    .expected("an object, as {\"chat\":\"C-1\"}"));
            }
            _ => {}
        }
    }
    let effect = effect.ok_or_else(|| missing_member("action", EFFECT))?;
    Ok(EventBody::Completed { subject, effect, outputs: outputs.into() })
}

pub(super) fn failed(subject: Subject, data: &Data<'_>) -> Result<EventBody, Rejection> {
    let (mut effect, mut reason) = (None, None);
    let mut members = data.members()?;
    while let Some((name, raw)) = members.next(None) {
        match name.unwrap_or_default() {
            "action" => effect = Some(Text::from(text(raw, "/data/action")?)),
            "reason" if !raw.is_null() => reason = Some(Text::from(text(raw, "/data/reason")?)),
            _ => {}
        }
    }
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
    let mut shape = Shape::new(fields, 0);
    let mut values = shape.begin();
    let mut places = 0..;
    let read = members(outputs, |name, raw| {
        if let Some(slot) = shape.find(places.next().unwrap_or(usize::MAX), name, fields) {
            let field = &fields[usize::from(slot)];
            let value = shape.value(slot, raw, field, program, &mut Texts::default())?;
            shape.fill(&mut values, slot, value);
        }
        Ok(())
    });
    let within = |mut rejection: Rejection| {
        let inner = rejection.pointer.as_deref().and_then(|pointer| pointer.strip_prefix("/data"));
        rejection.pointer = inner.map(|inner| format!("/data/outputs{inner}"));
        rejection
    };
    read.and_then(|()| shape.check(fields, outputs, &program.schema)).map_err(within)?;
    Ok(values)
}
