//! Runs a program over events made up for it: what is claimed of it by an example has happened.
//!
//! A warning that says "both rules can run" shows the record and the event with which they do, as lines that
//! `stagegate run` takes.

use super::Program;
use super::reason::{Origin, Reason, Witness};
use crate::engine::effect::{Effect, EffectKind};
use crate::engine::record::Slot;
use crate::engine::{Engine, Options};
use crate::event::decode::{Decoded, Decoder};
use crate::lower::lower;
use crate::model::{NamedEvent, Pipeline, Stage};
use crate::schema::{BUILTIN_FIELDS, Field, Schema, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::limits::check_limits;
use crate::value::print::Labels;
use crate::value::*;
use crate::vm::Machine;
use chrono::{TimeZone, Utc};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// So many trials a program is worth.
const MOST_TRIALS: usize = 200;

/// A program that can be tried.
pub struct Trial {
    /// `None`: this build cannot run the program.
    machine: Option<Machine>,
    left: usize,
}

/// Values that are settled, of a record and of the payload of an event.
#[derive(Default, Clone)]
pub struct Settled {
    pub fields: BTreeMap<FieldId, Value>,
    pub old: BTreeMap<FieldId, Value>,
    pub payload: BTreeMap<u16, Value>,
}

impl Settled {
    /// What a witness says, of the terms that stand for values of a record or an event.
    pub fn of(reason: &Reason, witness: &Witness) -> Self {
        let mut settled = Settled::default();
        for id in witness.terms.keys() {
            let Some(value) = witness.value(reason, *id) else { continue };
            match reason.term(*id).origin {
                Origin::Field(field) => drop(settled.fields.insert(field, value)),
                Origin::Old(field) => drop(settled.old.insert(field, value)),
                Origin::Payload(slot) => drop(settled.payload.insert(slot, value)),
                Origin::Stage | Origin::Other => {}
            }
        }
        settled
    }
}

impl Trial {
    pub fn new(program: &Program) -> Trial {
        let lowered = lower(program.model, program.sources).ok();
        Trial { machine: lowered.and_then(|lowered| Machine::new(lowered).ok()), left: MOST_TRIALS }
    }

    /// Whether so much has been tried that nothing more will be.
    pub fn is_enough(&self) -> bool {
        self.left == 0 || self.machine.is_none()
    }

    /// The effects of each line, one record's life. `None`: an event was not taken, or it is enough.
    pub fn run(&mut self, lines: &[String]) -> Option<Vec<Vec<Effect>>> {
        self.left = self.left.checked_sub(1)?;
        // What waits for an answer from outside is no chain of its own.
        let options = Options { simulate: false, ..Options::default() };
        let machine = self.machine.as_ref()?;
        let mut engine = Engine::new(machine, options);
        let mut decoder = Decoder::new(machine.program());
        let mut slot = Slot::Absent;
        let mut all = Vec::new();
        for line in lines {
            let Ok(Decoded::Event(event)) = decoder.decode(line) else { return None };
            let mut effects = Vec::new();
            engine.apply(&mut slot, &|_, _| None, &event, event.time?, &mut effects).ok()?;
            all.push(effects);
        }
        Some(all)
    }
}

/// Whether the chain was cut.
pub fn is_endless(effects: &[Effect]) -> bool {
    effects.iter().any(|e| matches!(e.kind, EffectKind::LoopStopped { .. }))
}

/// Whether a rule failed because a value had grown beyond all measure.
pub fn outgrew(effects: &[Effect]) -> bool {
    let codes = [FailureCode::Overflow.id(), FailureCode::TooLarge.id()];
    effects.iter().any(|e| matches!(&e.kind, EffectKind::RuleFailed { code, .. } if codes.contains(code)))
}

/// The line that creates a record in a stage. `None`: nobody knows a value for a field.
pub fn created(program: &Program, pipeline: &Pipeline, stage: &Stage, settled: &Settled) -> Option<String> {
    let schema = &program.model.schema;
    let entity = schema.entity(pipeline.entity);
    let mut data = Data::default();
    let several = program.model.pipelines.iter().filter(|p| p.entity == pipeline.entity).count() > 1;
    if several {
        data.member("pipeline", &text(&pipeline.name));
    }
    if pipeline.stages.first() != Some(&stage.id) {
        data.member("stage", &text(&stage.name));
    }
    for (at, field) in entity.fields.iter().enumerate().skip(BUILTIN_FIELDS) {
        let id = FieldId(at as u16);
        let settled = settled.old.get(&id).or_else(|| settled.fields.get(&id));
        if let Some(value) = value_of(schema, field, settled)? {
            data.member(&field.name, &json(schema, &value, &field.ty));
        }
    }
    Some(event(1, &format!("{}.created", entity.wire_name), &entity.wire_name, &data))
}

/// The line of an event that happens to the record.
pub fn happened(
    program: &Program,
    pipeline: &Pipeline,
    named: &NamedEvent,
    settled: &Settled,
) -> Option<String> {
    let schema = &program.model.schema;
    let def = schema.event(named.event);
    let mut data = Data::default();
    for (slot, field) in def.payload.iter().enumerate() {
        let slot = slot as u16;
        let setting = named.settings.iter().find(|(s, _)| *s == slot).and_then(|(_, values)| values.first());
        let wanted = match (setting, field.ty.inner()) {
            (Some(value), Type::List(_)) => Some(Value::List(vec![value.clone()].into())),
            (Some(value), _) => settled.payload.get(&slot).cloned().or_else(|| Some(value.clone())),
            (None, _) => settled.payload.get(&slot).cloned(),
        };
        if let Some(value) = value_of(schema, field, wanted.as_ref())? {
            data.member(&field.name, &json(schema, &value, &field.ty));
        }
    }
    Some(event(2, &def.name, &schema.entity(pipeline.entity).wire_name, &data))
}

/// The line that changes a field of the record, from the value that it has by [`created`].
pub fn updated(
    program: &Program,
    pipeline: &Pipeline,
    field: FieldId,
    settled: &mut Settled,
) -> Option<String> {
    let schema = &program.model.schema;
    let entity = schema.entity(pipeline.entity);
    let def = entity.fields.get(field.index())?;
    let after = settled.fields.get(&field).cloned();
    let before = settled.old.get(&field).cloned();
    let samples = samples(schema, def);
    let keeps = |value: &&Value| *value != &Value::None || def.ty.is_optional();
    let after = match (after, &before) {
        (Some(after), _) => after,
        (None, Some(before)) => samples.iter().filter(keeps).find(|v| *v != before)?.clone(),
        (None, None) => samples.iter().find(keeps)?.clone(),
    };
    let before = match before {
        Some(before) => before,
        None => samples.iter().filter(keeps).find(|v| **v != after)?.clone(),
    };
    if before == after {
        return None;
    }
    let mut data = Data::default();
    data.member(&def.name, &json(schema, &after, &def.ty));
    settled.old.insert(field, before);
    settled.fields.insert(field, after);
    Some(event(2, &format!("{}.updated", entity.wire_name), &entity.wire_name, &data))
}

fn event(number: u32, name: &str, entity: &str, data: &Data) -> String {
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"e-{number}\",\"source\":\"/example\",\"type\":\"{name}\",\
         \"subject\":\"{entity}/X-1\",\"time\":\"2026-03-02T10:0{number}:00Z\",\"data\":{{{}}}}}",
        data.text
    )
}

#[derive(Default)]
struct Data {
    text: String,
}

impl Data {
    fn member(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(&text(name));
        self.text.push(':');
        self.text.push_str(value);
    }
}

fn text(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn json(schema: &Schema, value: &Value, ty: &Type) -> String {
    let mut out = Vec::new();
    crate::value::json::write(value, ty, schema, Labels { stages: &[], pipelines: &[] }, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The value to send: what is settled, or something for a field that must have one. `Some(None)`: nothing need be sent.
fn value_of(schema: &Schema, field: &Field, settled: Option<&Value>) -> Option<Option<Value>> {
    match settled {
        Some(Value::None) if field.default.is_none() => Some(None),
        Some(value) => Some(Some(value.clone())),
        None if field.default.is_some() || field.ty.is_optional() => Some(None),
        None => samples(schema, field).into_iter().next().map(Some),
    }
}

/// Some values that a field may have, different from each other.
pub fn samples(schema: &Schema, field: &Field) -> Vec<Value> {
    let texts = |texts: &[&str]| texts.iter().map(|t| Value::Text((*t).into())).collect::<Vec<_>>();
    let low = field.limits.min.unwrap_or(Decimal::ONE).ceil();
    let high = field.limits.max.map(|max| max.floor());
    let numbers = || [Some(low), low.checked_add(Decimal::ONE), high].into_iter().flatten();
    let date = |day| chrono::NaiveDate::from_ymd_opt(2026, 3, day);
    let people = |kind: PrincipalKind, other: &str| -> Vec<Value> {
        let declared = schema.principals.iter().filter(|p| p.kind == kind).map(|p| p.name.clone());
        let names = declared.take(2).chain([Text::from(other)]);
        names.map(|name| Value::Principal(Principal { kind, name })).collect()
    };
    let mut values: Vec<Value> = match field.ty.inner() {
        Type::Text | Type::Opaque(_) => {
            let length = field.limits.min.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).clamp(1, 1000);
            let mut all = texts(&["A", "B"]);
            all.extend([Value::Text("A".repeat(length).into()), Value::Text("B".repeat(length).into())]);
            all
        }
        Type::Int => numbers().filter_map(|n| i64::try_from(n).ok()).map(Value::Int).collect(),
        Type::Decimal => numbers().map(Value::Decimal).collect(),
        Type::Money(currency) => {
            let currency = currency.or(schema.currency).or_else(|| Currency::parse("EUR"));
            let money = |currency| numbers().map(move |amount| Value::Money(Money { amount, currency }));
            currency.map(|c| money(c).collect()).unwrap_or_default()
        }
        Type::Bool => vec![Value::Bool(false), Value::Bool(true)],
        Type::Date => [date(2), date(3)].into_iter().flatten().map(Value::Date).collect(),
        Type::Time => {
            let time = |h| chrono::NaiveTime::from_hms_opt(h, 0, 0);
            [time(9), time(10)].into_iter().flatten().map(Value::Time).collect()
        }
        Type::DateTime => {
            let at = |day| Utc.with_ymd_and_hms(2026, 3, day, 10, 0, 0).single();
            [at(2), at(3)].into_iter().flatten().map(Value::DateTime).collect()
        }
        Type::Duration => [1, 2].map(|days| Value::Duration(Duration { days, seconds: 0 })).to_vec(),
        Type::Email => texts(&["a@example.com", "b@example.com"]),
        Type::Phone => texts(&["+39 055 1", "+39 055 12"]),
        Type::Url => texts(&["https://a.example", "https://b.example"]),
        Type::File => ["a.pdf", "b.pdf"]
            .map(|name| {
                let url = Text::from(format!("https://a.example/{name}"));
                Value::File(File { name: name.into(), url }.into())
            })
            .to_vec(),
        Type::User => people(PrincipalKind::User, "someone"),
        Type::Department => people(PrincipalKind::Department, "some_department"),
        Type::Role => people(PrincipalKind::Role, "some_role"),
        Type::Recipient => people(PrincipalKind::User, "someone"),
        Type::Enum(id) => {
            (0..schema.enumeration(*id).values.len().min(3)).map(|n| Value::Enum(n as u16)).collect()
        }
        Type::Entity(_) => [Value::Ref("R-1".into()), Value::Ref("R-2".into())].to_vec(),
        Type::List(_) => vec![Value::List(Vec::new().into())],
        _ => Vec::new(),
    };
    let pattern = field.limits.matches.as_ref().and_then(|p| regex::Regex::new(p).ok());
    values.retain(|v| check_limits(v, &field.ty, &field.limits, pattern.as_ref()).is_ok());
    if field.ty.is_optional() {
        values.push(Value::None);
    }
    values
}
