//! From a line of JSON to an [`Event`]: the envelope by serde, the payload member by member into slots.

use super::words::{
    INSTANT, escape_pointer, missing_attribute, missing_fields, missing_member, no_envelope, no_object,
    shorten,
};
use super::{Event, EventBody, Rejection, Subject};
use crate::program::Program;
use crate::schema::{BUILTIN_FIELDS, FIELD_ID, Field, Schema, Type};
use crate::value::json;
use crate::value::*;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Decodes the events of one program.
pub struct Decoder<'p> {
    program: &'p Program,
    kinds: HashMap<Text, Kind>,
    entities: HashMap<Text, EntityId>,
    /// By entity, then by name.
    fields: Vec<HashMap<Text, FieldId>>,
    /// By event, then by name of the payload's member.
    payloads: Vec<HashMap<Text, u16>>,
    pipelines: HashMap<Text, PipelineId>,
    limits: Vec<Vec<Option<regex::Regex>>>,
    /// How often a type came that the program does not know.
    pub unknown_types: BTreeMap<String, u64>,
    /// How often a member came that its declaration does not know: `invoice.paid.colour`.
    pub unknown_members: BTreeMap<String, u64>,
}

/// What a `type` of the wire means.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Event(EventId),
    Created(EntityId),
    Updated(EntityId),
    Moved(EntityId),
    Deleted(EntityId),
    Completed,
    Failed,
    Clock,
}

/// What a line holds.
#[derive(Debug)]
pub enum Decoded {
    Event(Event),
    /// Of a type the program does not know: counted.
    Skipped,
}

/// At most so many different unknown names are counted one by one; the rest together.
const UNKNOWN_NAMES: usize = 100;

/// The attributes that are read, still as JSON text.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    specversion: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    source: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    subject: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    partitionkey: Option<&'a RawValue>,
    #[serde(borrow, default)]
    causeid: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    data_base64: Option<IgnoredAny>,
}

impl<'p> Decoder<'p> {
    pub fn new(program: &'p Program) -> Self {
        let schema = &program.schema;
        let mut kinds = HashMap::new();
        for (i, event) in schema.events.iter().enumerate() {
            kinds.insert(event.name.clone(), Kind::Event(EventId(i as u16)));
        }
        let mut entities = HashMap::new();
        for (i, entity) in schema.entities.iter().enumerate() {
            let id = EntityId(i as u16);
            entities.insert(entity.wire_name.clone(), id);
            for (word, kind) in [
                ("created", Kind::Created(id)),
                ("updated", Kind::Updated(id)),
                ("moved", Kind::Moved(id)),
                ("deleted", Kind::Deleted(id)),
            ] {
                kinds.insert(format!("{}.{word}", entity.wire_name).into(), kind);
            }
        }
        kinds.insert("action.completed".into(), Kind::Completed);
        kinds.insert("action.failed".into(), Kind::Failed);
        kinds.insert("stagegate.clock".into(), Kind::Clock);
        let by_name = |fields: &[Field]| -> HashMap<Text, u16> {
            fields.iter().enumerate().map(|(i, f)| (f.name.clone(), i as u16)).collect()
        };
        let compiled = |fields: &[Field]| -> Vec<Option<regex::Regex>> {
            let pattern = |f: &Field| f.limits.matches.as_ref().and_then(|p| regex::Regex::new(p).ok());
            fields.iter().map(pattern).collect()
        };
        Decoder {
            program,
            kinds,
            entities,
            fields: schema
                .entities
                .iter()
                .map(|e| by_name(&e.fields).into_iter().map(|(n, i)| (n, FieldId(i))).collect())
                .collect(),
            payloads: schema.events.iter().map(|e| by_name(&e.payload)).collect(),
            pipelines: program
                .pipelines
                .iter()
                .enumerate()
                .map(|(i, p)| (p.name.clone(), PipelineId(i as u16)))
                .collect(),
            limits: schema
                .entities
                .iter()
                .map(|e| &e.fields)
                .chain(schema.events.iter().map(|e| &e.payload))
                .map(|fields| compiled(fields))
                .collect(),
            unknown_types: BTreeMap::new(),
            unknown_members: BTreeMap::new(),
        }
    }

    /// Decodes one line.
    ///
    /// # Errors
    /// Says what of the line breaks JSON, CloudEvents or the schema.
    pub fn decode(&mut self, line: &str) -> Result<Decoded, Rejection> {
        if !line.trim_start().starts_with('{') {
            // An array of the attributes would be read like an object.
            return Err(no_object(line));
        }
        let envelope: Envelope = serde_json::from_str(line).map_err(|error| no_envelope(line, &error))?;
        let name = match envelope.name {
            Some(raw) => text(raw, "/type")?,
            None => {
                return Err(missing_attribute(line, "type", "the name of the event, as \"invoice.paid\""));
            }
        };
        if name.is_empty() {
            return Err(Rejection::new("not-an-event", "`type` must not be empty")
                .at("/type")
                .expected("the name of an event"));
        }
        let Some(kind) = self.kinds.get(&*name).copied() else {
            count(&mut self.unknown_types, name.into_owned());
            return Ok(Decoded::Skipped);
        };
        let time = envelope.time.map(|raw| instant(raw, &self.program.schema)).transpose()?.flatten();
        let optional = |raw: Option<&RawValue>, pointer| -> Result<Option<Text>, Rejection> {
            Ok(raw.filter(|r| r.get() != "null").map(|r| text(r, pointer)).transpose()?.map(Text::from))
        };
        let name = Text::from(name);
        if matches!(kind, Kind::Clock) {
            if time.is_none() {
                return Err(missing_attribute(line, "time", INSTANT));
            }
            let id = optional(envelope.id, "/id")?.unwrap_or_else(|| "clock".into());
            let source = optional(envelope.source, "/source")?.unwrap_or_else(|| "/stagegate".into());
            return Ok(Decoded::Event(Event {
                id,
                source,
                name,
                time,
                partition: None,
                cause: None,
                body: EventBody::Clock,
            }));
        }
        match envelope.specversion {
            Some(raw) if text(raw, "/specversion").is_ok_and(|version| version == "1.0") => {}
            Some(raw) => {
                let found = json::described(&shorten(raw.get()));
                return Err(Rejection::new(
                    "not-an-event",
                    format!("`specversion` cannot be {found}: only version 1.0 of CloudEvents is read"),
                )
                .at("/specversion")
                .expected("\"1.0\""));
            }
            None => return Err(missing_attribute(line, "specversion", "\"1.0\"")),
        }
        let required = |raw: Option<&RawValue>, name: &'static str, what| -> Result<Text, Rejection> {
            let raw = raw.ok_or_else(|| missing_attribute(line, name, what))?;
            let value = text(raw, &format!("/{name}"))?;
            if value.is_empty() {
                return Err(Rejection::new("not-an-event", format!("`{name}` must not be empty"))
                    .at(format!("/{name}"))
                    .expected("a text that is not empty"));
            }
            Ok(value.into())
        };
        let id = required(envelope.id, "id", "a text that names this event among those of its source")?;
        let source = required(envelope.source, "source", "where the event comes from, as \"/crm\"")?;
        let subject = match envelope.subject {
            Some(raw) => self.subject(&text(raw, "/subject")?)?,
            None => return Err(missing_attribute(line, "subject", RECORD)),
        };
        let partition = optional(envelope.partitionkey, "/partitionkey")?;
        let cause = optional(envelope.causeid, "/causeid")?;
        if envelope.data.is_none() && envelope.data_base64.is_some() {
            return Err(Rejection::new(
                "not-an-event",
                "`data_base64` is not read: send the payload in `data`, as JSON",
            )
            .at("/data_base64"));
        }
        let data = envelope.data.map_or("{}", |raw| raw.get());
        let data = if data == "null" { "{}" } else { data };
        let body = match kind {
            Kind::Event(event) => self.happened(event, subject, data)?,
            Kind::Created(entity) => self.created(entity, subject, data)?,
            Kind::Updated(entity) => self.updated(entity, subject, data)?,
            Kind::Moved(entity) => self.moved(entity, subject, data)?,
            Kind::Deleted(entity) => {
                self.fits(entity, &subject)?;
                EventBody::Deleted { subject }
            }
            Kind::Completed => completed(subject, data)?,
            Kind::Failed => failed(subject, data)?,
            Kind::Clock => EventBody::Clock,
        };
        Ok(Decoded::Event(Event { id, source, name, time, partition, cause, body }))
    }

    fn subject(&self, subject: &str) -> Result<Subject, Rejection> {
        let wrong = |message: String| Rejection::new("wrong-type", message).at("/subject").expected(RECORD);
        let Some((entity, id)) = subject.split_once('/') else {
            return Err(wrong(format!("the subject `{}` has no `/`", shorten(subject))));
        };
        if id.is_empty() {
            return Err(wrong(format!("the subject `{}` names no record after the `/`", shorten(subject))));
        }
        match self.entities.get(entity) {
            Some(found) => Ok(Subject { entity: *found, id: id.into() }),
            None => {
                let mut message = format!("the program has no entity `{}`", shorten(entity));
                let known = self.entities.keys().map(|k| &**k);
                if let Some(near) = crate::diagnostic::suggest::did_you_mean(entity, known) {
                    message = format!("{message}; {near}");
                }
                Err(Rejection::new("unknown-entity", message).at("/subject").expected(RECORD))
            }
        }
    }

    /// A life-cycle event speaks of a record of its own entity.
    fn fits(&self, entity: EntityId, subject: &Subject) -> Result<(), Rejection> {
        if entity == subject.entity {
            return Ok(());
        }
        let wanted = &self.program.schema.entity(entity).wire_name;
        let found = &self.program.schema.entity(subject.entity).wire_name;
        Err(Rejection::new(
            "wrong-entity",
            format!(
                "this event is about a `{wanted}`, but the subject is the {found} `{}`",
                shorten(&subject.id)
            ),
        )
        .at("/subject")
        .expected(format!("{wanted}/…")))
    }

    fn happened(&mut self, event: EventId, subject: Subject, data: &str) -> Result<EventBody, Rejection> {
        let schema = &self.program.schema;
        let def = schema.event(event);
        if !schema.event_on(event, subject.entity) {
            let on: Vec<_> = def.on.iter().map(|e| format!("`{}`", schema.entity(*e).name)).collect();
            let message = format!(
                "`{}` cannot happen to a {}: it is declared on {}",
                def.name,
                schema.entity(subject.entity).name,
                on.join(", ")
            );
            return Err(Rejection::new("wrong-entity", message).at("/subject").expected(on.join(" or ")));
        }
        let limits = &self.limits[schema.entities.len() + event.index()];
        let mut payload = vec![None; def.payload.len()];
        let (slots, unknown) = (&self.payloads[event.index()], &mut self.unknown_members);
        members(data, |name, raw| {
            match slots.get(name) {
                Some(&slot) => {
                    let field = &def.payload[slot as usize];
                    payload[slot as usize] = value(raw, field, limits[slot as usize].as_ref(), self.program)?;
                }
                None => count(unknown, format!("{}.{}", def.name, shorten(name))),
            }
            Ok(())
        })?;
        let payload = fill(payload, &def.payload, data, schema)?;
        Ok(EventBody::Happened { subject, event, payload })
    }

    fn created(&mut self, entity: EntityId, subject: Subject, data: &str) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let def = self.program.schema.entity(entity);
        let limits = &self.limits[entity.index()];
        let (slots, unknown) = (&self.fields[entity.index()], &mut self.unknown_members);
        let pipelines = &self.pipelines;
        let mut fields = vec![None; def.fields.len()];
        let (mut pipeline, mut stage) = (None, None);
        members(data, |name, raw| {
            match (name, slots.get(name)) {
                ("stage", _) => stage = stage_name(raw)?,
                (_, Some(&field)) if field.index() < BUILTIN_FIELDS => return Err(read_only(name)),
                (_, Some(&field)) => {
                    let (slot, def) = (field.index(), &def.fields[field.index()]);
                    fields[slot] = value(raw, def, limits[slot].as_ref(), self.program)?;
                }
                ("pipeline", None) => pipeline = pipeline_name(raw, pipelines)?,
                (_, None) => count(unknown, format!("{}.created.{}", def.wire_name, shorten(name))),
            }
            Ok(())
        })?;
        for builtin in fields.iter_mut().take(BUILTIN_FIELDS) {
            *builtin = Some(Value::None);
        }
        fields[FIELD_ID.index()] = Some(Value::Text(subject.id.clone()));
        let fields = fill(fields, &def.fields, data, &self.program.schema)?;
        Ok(EventBody::Created { subject, fields, pipeline, stage })
    }

    fn updated(&mut self, entity: EntityId, subject: Subject, data: &str) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let def = self.program.schema.entity(entity);
        let limits = &self.limits[entity.index()];
        let (slots, unknown) = (&self.fields[entity.index()], &mut self.unknown_members);
        let mut changes: Vec<(FieldId, Value)> = Vec::new();
        members(data, |name, raw| {
            match slots.get(name) {
                Some(&field) if field.index() < BUILTIN_FIELDS => return Err(read_only(name)),
                Some(&field) => {
                    let def = &def.fields[field.index()];
                    let limit = limits[field.index()].as_ref();
                    let value = match value(raw, def, limit, self.program)? {
                        Some(value) => value,
                        None if def.ty.is_optional() => Value::None,
                        None => return Err(null_value(def, self.program)),
                    };
                    match changes.iter_mut().find(|(f, _)| *f == field) {
                        Some(change) => change.1 = value,
                        None => changes.push((field, value)),
                    }
                }
                None if name == "pipeline" => return Err(read_only(name)),
                None => count(unknown, format!("{}.updated.{}", def.wire_name, shorten(name))),
            }
            Ok(())
        })?;
        changes.sort_by_key(|(field, _)| *field);
        Ok(EventBody::Updated { subject, changes })
    }

    fn moved(&mut self, entity: EntityId, subject: Subject, data: &str) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let wire_name = &self.program.schema.entity(entity).wire_name;
        let (pipelines, unknown) = (&self.pipelines, &mut self.unknown_members);
        let (mut pipeline, mut stage) = (None, None);
        members(data, |name, raw| {
            match name {
                "stage" => stage = stage_name(raw)?,
                "pipeline" => pipeline = pipeline_name(raw, pipelines)?,
                _ => count(unknown, format!("{wire_name}.moved.{}", shorten(name))),
            }
            Ok(())
        })?;
        let stage = stage.ok_or_else(|| missing_member("stage", "the name of a stage"))?;
        Ok(EventBody::Moved { subject, pipeline, stage })
    }
}

/// One member's value; `None` for null.
fn value(
    raw: &RawValue,
    field: &Field,
    regex: Option<&regex::Regex>,
    program: &Program,
) -> Result<Option<Value>, Rejection> {
    if raw.get() == "null" {
        return Ok(None);
    }
    let schema = &program.schema;
    let value = json::parse(raw.get(), &field.ty, schema).map_err(|e| {
        Rejection::new(e.code.id(), e.sentence(&field.name))
            .at(format!("/data/{}{}", escape_pointer(&field.name), e.pointer))
            .expected(e.expected)
    })?;
    crate::value::limits::check_limits(&value, &field.ty, &field.limits, regex).map_err(|failure| {
        Rejection::new("limit", format!("`{}`: {}", field.name, failure.message))
            .at(format!("/data/{}", escape_pointer(&field.name)))
            .expected(schema.type_name(&field.ty))
    })?;
    Ok(Some(value))
}

/// Puts defaults and `none` where nothing came; lists all that are missing.
fn fill(
    values: Vec<Option<Value>>,
    fields: &[Field],
    data: &str,
    schema: &Schema,
) -> Result<Vec<Value>, Rejection> {
    let mut missing = Vec::new();
    let filled = values
        .into_iter()
        .zip(fields)
        .map(|(value, field)| match (value, &field.default) {
            (Some(value), _) => value,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                if !matches!(field.ty, Type::Optional(_)) {
                    missing.push(field);
                }
                Value::None
            }
        })
        .collect();
    match missing.as_slice() {
        [] => Ok(filled),
        missing => Err(missing_fields(missing, fields, data, schema)),
    }
}

/// Calls `each` for every member of a JSON object.
fn members(data: &str, each: impl FnMut(&str, &RawValue) -> Result<(), Rejection>) -> Result<(), Rejection> {
    struct Members<F> {
        each: F,
        rejection: Option<Rejection>,
    }
    impl<'de, F: FnMut(&str, &RawValue) -> Result<(), Rejection>> Visitor<'de> for &mut Members<F> {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key_seed(NameSeed)? {
                let raw: &RawValue = map.next_value()?;
                if let Err(rejection) = (self.each)(&name, raw) {
                    self.rejection = Some(rejection);
                    return Err(serde::de::Error::custom("rejected"));
                }
            }
            Ok(())
        }
    }
    let mut members = Members { each, rejection: None };
    let mut json = serde_json::Deserializer::from_str(data);
    let result = json.deserialize_map(&mut members);
    match (members.rejection, result) {
        (Some(rejection), _) => Err(rejection),
        (None, Ok(())) => Ok(()),
        // That it is JSON is known; a name that is no text of characters is left.
        (None, Err(error)) if error.is_data() => {
            let found = json::described(&shorten(data));
            Err(Rejection::new("wrong-type", format!("`data` cannot be {found}"))
                .at("/data")
                .expected("an object, as {\"title\":\"Chairs\"}"))
        }
        (None, Err(_)) => {
            Err(Rejection::new("wrong-type", "a name in `data` holds an escape that is no character")
                .at("/data"))
        }
    }
}

/// A key, borrowed where it has no escapes.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;
    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(name))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }
        from.deserialize_str(Name)
    }
}

/// A JSON string.
fn text<'a>(raw: &'a RawValue, pointer: &str) -> Result<Cow<'a, str>, Rejection> {
    let json = raw.get();
    let plain = json.strip_prefix('"').and_then(|s| s.strip_suffix('"')).filter(|s| !s.contains('\\'));
    if let Some(plain) = plain {
        return Ok(Cow::Borrowed(plain));
    }
    serde_json::from_str::<String>(json).map(Cow::Owned).map_err(|_| {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        let why = match json.bytes().next() {
            Some(b'"') => ": it holds an escape that is no character",
            Some(b'[' | b'{') => "",
            _ => ": write it in quotes",
        };
        let found = json::described(&shorten(json));
        Rejection::new("wrong-type", format!("`{name}` cannot be {found}{why}")).at(pointer).expected("text")
    })
}

/// The attribute `time`; `None` for null.
fn instant(raw: &RawValue, schema: &Schema) -> Result<Option<DateTime<Utc>>, Rejection> {
    if raw.get() == "null" {
        return Ok(None);
    }
    // As a value of the same kind: a leap second is the second after it, and the years are those of dates.
    json::parse(raw.get(), &Type::DateTime, schema).map_or_else(
        |error| Err(Rejection::new("wrong-type", error.sentence("time")).at("/time").expected(INSTANT)),
        |value| Ok(if let Value::DateTime(time) = value { Some(time) } else { None }),
    )
}

/// A subject, as `expected` says it.
const RECORD: &str = "a record, as \"deal/D-1\"";

fn stage_name(raw: &RawValue) -> Result<Option<Text>, Rejection> {
    Ok(Some(raw).filter(|r| r.get() != "null").map(|r| text(r, "/data/stage")).transpose()?.map(Text::from))
}

fn pipeline_name(
    raw: &RawValue,
    pipelines: &HashMap<Text, PipelineId>,
) -> Result<Option<PipelineId>, Rejection> {
    if raw.get() == "null" {
        return Ok(None);
    }
    let name = text(raw, "/data/pipeline")?;
    pipelines.get(&*name).copied().map(Some).ok_or_else(|| {
        let mut message = format!("the program has no pipeline `{}`", shorten(&name));
        if let Some(near) = crate::diagnostic::suggest::did_you_mean(&name, pipelines.keys().map(|k| &**k)) {
            message = format!("{message}; {near}");
        }
        Rejection::new("unknown-pipeline", message).at("/data/pipeline").expected("the name of a pipeline")
    })
}

fn completed(subject: Subject, data: &str) -> Result<EventBody, Rejection> {
    let (mut effect, mut outputs) = (None, "{}");
    let mut outputs_text = String::new();
    members(data, |name, raw| {
        match name {
            "action" => effect = Some(Text::from(text(raw, "/data/action")?)),
            "outputs" if raw.get().starts_with('{') => outputs_text = raw.get().to_owned(),
            "outputs" if raw.get() == "null" => {}
            "outputs" => {
                let found = json::described(&shorten(raw.get()));
                return Err(Rejection::new("wrong-type", format!("`outputs` cannot be {found}"))
                    .at("/data/outputs")
                    .expected("an object, as {\"chat\":\"C-1\"}"));
            }
            _ => {}
        }
        Ok(())
    })?;
    if !outputs_text.is_empty() {
        outputs = &outputs_text;
    }
    let effect = effect
        .ok_or_else(|| missing_member("action", "the id of the effect that asked, as \"deal/D-1/2\""))?;
    Ok(EventBody::Completed { subject, effect, outputs: outputs.into() })
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
    let read = members(outputs, |name, raw| {
        if let Some(slot) = fields.iter().position(|field| *field.name == *name) {
            let field = &fields[slot];
            let regex = field.limits.matches.as_ref().and_then(|pattern| regex::Regex::new(pattern).ok());
            values[slot] = value(raw, field, regex.as_ref(), program)?;
        }
        Ok(())
    });
    read.and_then(|()| fill(values, fields, outputs, &program.schema)).map_err(within)
}

fn failed(subject: Subject, data: &str) -> Result<EventBody, Rejection> {
    let (mut effect, mut reason) = (None, None);
    members(data, |name, raw| {
        match name {
            "action" => effect = Some(Text::from(text(raw, "/data/action")?)),
            "reason" if raw.get() != "null" => reason = Some(Text::from(text(raw, "/data/reason")?)),
            _ => {}
        }
        Ok(())
    })?;
    let effect = effect
        .ok_or_else(|| missing_member("action", "the id of the effect that asked, as \"deal/D-1/2\""))?;
    Ok(EventBody::Failed { subject, effect, reason: reason.unwrap_or_else(|| "no reason given".into()) })
}

fn null_value(field: &Field, program: &Program) -> Rejection {
    let expected = program.schema.type_name(&field.ty);
    Rejection::new("wrong-type", format!("`{}` cannot be null: a value is needed here", field.name))
        .at(format!("/data/{}", escape_pointer(&field.name)))
        .expected(expected)
}

fn read_only(name: &str) -> Rejection {
    let way = match name {
        "stage" | "pipeline" => "; to move the record, send a `moved` event",
        _ => "",
    };
    Rejection::new("read-only", format!("`{name}` cannot be set by an event{way}"))
        .at(format!("/data/{name}"))
}

fn count(counts: &mut BTreeMap<String, u64>, name: String) {
    let full = counts.len() >= UNKNOWN_NAMES && !counts.contains_key(&name);
    let name = if full { "(others)".to_owned() } else { shorten(&name).into_owned() };
    *counts.entry(name).or_default() += 1;
}
