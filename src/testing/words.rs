//! Effects as lines for people: nothing that changes without meaning, no ids of effects.

use crate::engine::effect::{Effect, EffectKind, Mover};
use crate::event::Subject;
use crate::program::Program;
use crate::program::literal::{literal, quoted};
use crate::value::*;

/// `deal/D-1`
pub fn subject(program: &Program, subject: &Subject) -> String {
    format!("{}/{}", program.schema.entity(subject.entity).wire_name, subject.id)
}

/// An effect in one line, without its parameters: `notify, by rule Sales.New.welcome`.
pub fn headline(program: &Program, effect: &Effect) -> String {
    let rule = |id: RuleId| program.rule(id).path.clone();
    match &effect.kind {
        EffectKind::StageChanged { from, to, by, actor } => {
            let to = program.stage(*to);
            let (here, there) = (&program.pipeline(to.pipeline).name, &to.name);
            let way = match from.map(|from| program.stage(from)) {
                None => format!("enters {here}.{there}"),
                Some(from) if from.pipeline == to.pipeline => format!("{} -> {there}", from.name),
                Some(from) => {
                    format!("{}.{} -> {here}.{there}", program.pipeline(from.pipeline).name, from.name)
                }
            };
            let by = match by {
                Mover::Trigger(id) => match &program.trigger(*id).label {
                    Some(label) => format!(", by trigger {}", quoted(label)),
                    None => format!(", by a trigger of {there}"),
                },
                Mover::Rule(id) => format!(", by rule {}", rule(*id)),
                Mover::Event => String::new(),
            };
            let actor = actor.as_ref().map(|actor| format!(", as {actor}")).unwrap_or_default();
            format!("{way}{by}{actor}")
        }
        EffectKind::FieldsChanged { rule: id, .. } => format!("set, by rule {}", rule(*id)),
        EffectKind::ActionRequested { rule: id, action, .. } => {
            format!("{}, by rule {}", program.schema.action(*action).name, rule(*id))
        }
        EffectKind::ActionRefused { rule: id, message, .. } => {
            format!("refused, by rule {}: {message}", rule(*id))
        }
        EffectKind::RuleFailed { rule: id, code, message, statement } => {
            let at = if *statement > 0 { format!(" at statement {statement}") } else { String::new() };
            format!("failed, rule {}{at}: {code}: {message}", rule(*id))
        }
        EffectKind::RuleCancelled { rule: id, reason } => format!("cancelled, rule {}: {reason}", rule(*id)),
        EffectKind::LoopStopped { message, .. } => format!("loop stopped: {message}"),
    }
}

/// The values of an effect, a line each: `text: "Hello"`, `amount: 5 EUR -> 7 EUR`.
pub fn details(program: &Program, effect: &Effect) -> Vec<String> {
    match &effect.kind {
        EffectKind::FieldsChanged { changes, .. } => {
            let fields = &program.schema.entity(effect.subject.entity).fields;
            let line = |(id, before, after): &(FieldId, Value, Value)| {
                let field = fields.get(id.index())?;
                let [before, after] = [before, after].map(|value| literal(program, value, &field.ty));
                Some(format!("{}: {before} -> {after}", field.name))
            };
            changes.iter().filter_map(line).collect()
        }
        EffectKind::ActionRequested { action, params, .. } => {
            let declared = &program.schema.action(*action).params;
            let line = |(number, value): &(u16, Value)| {
                let param = declared.get(usize::from(*number))?;
                Some(format!("{}: {}", param.name, literal(program, value, &param.ty)))
            };
            params.values().iter().filter(|(_, value)| *value != Value::None).filter_map(line).collect()
        }
        _ => Vec::new(),
    }
}

/// A trigger by its label, or by what it listens to: its text.
pub fn trigger(label: Option<&str>, text: &str) -> String {
    if let Some(label) = label {
        return quoted(label);
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.strip_prefix("trigger ").unwrap_or(&text);
    format!("`{}`", short(text.split(" when ").next().unwrap_or(text)))
}

/// At most a line's worth of text.
pub fn short(text: &str) -> String {
    const MOST: usize = 70;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MOST - 1).collect();
    format!("{}…", kept.trim_end())
}
