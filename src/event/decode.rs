//! From a line of JSON to an [`Event`]: the envelope by serde, the payload member by member into slots.

use super::envelope::{Data, Envelope, members, plain_text, text};
use super::scan::Member;
use super::words::{
    INSTANT, escape_pointer, missing_attribute, missing_fields, missing_member, no_envelope, no_object,
    shorten,
};
use super::{Event, EventBody, Rejection, Subject};
use crate::program::Program;
use crate::schema::{BUILTIN_FIELDS, FIELD_ID, Field, Schema, Type};
use crate::value::json;
use crate::value::validate::{is_email, is_phone, is_url};
use crate::value::*;
use ahash::{HashMap, HashMapExt};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

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
    /// Room for what the scanner finds.
    members: Vec<Member>,
    /// Room from events that are over.
    spare: Spare,
    /// How often a type came that the program does not know.
    pub unknown_types: BTreeMap<String, u64>,
    /// How often a member came that its declaration does not know: `invoice.paid.colour`.
    pub unknown_members: BTreeMap<String, u64>,
}

/// What an event that is over leaves to the next one, which then need not allocate.
#[derive(Default)]
struct Spare {
    /// The attributes `id` and `source`, and the subject's id.
    attributes: [Text; 3],
    values: Vec<Value>,
    found: Vec<Option<Value>>,
    texts: Vec<Text>,
    /// A name under construction.
    name: String,
}

/// More texts than that are not kept.
const SPARE_TEXTS: usize = 16;

impl Spare {
    fn attribute(&mut self, which: usize, text: &str) -> Text {
        let mut attribute = std::mem::take(&mut self.attributes[which]);
        attribute.become_text(text);
        attribute
    }

    /// Places for so many values.
    fn found(&mut self, count: usize) -> Vec<Option<Value>> {
        let mut found = std::mem::take(&mut self.found);
        found.clear();
        found.resize(count, None);
        found
    }
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
            members: Vec::new(),
            spare: Spare::default(),
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
        let mut members = std::mem::take(&mut self.members);
        members.clear();
        let decoded = match Envelope::scan(line, &mut members) {
            Some(envelope) => self.event(line, &envelope, Some(&members)),
            None => match Envelope::read(line) {
                Ok(envelope) => self.event(line, &envelope, None),
                Err(error) => Err(no_envelope(line, &error)),
            },
        };
        self.members = members;
        decoded
    }

    /// Decodes a line whose outside has been read, and, where it was scanned, the members of its payload found.
    pub(crate) fn event(
        &mut self,
        line: &str,
        envelope: &Envelope<'_>,
        members: Option<&[Member]>,
    ) -> Result<Decoded, Rejection> {
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
        let Some((name, kind)) = self.kinds.get_key_value(&*name).map(|(name, kind)| (name.clone(), *kind))
        else {
            count(&mut self.unknown_types, &name);
            return Ok(Decoded::Skipped);
        };
        let time = envelope.time.map(|raw| instant(raw, &self.program.schema)).transpose()?.flatten();
        let optional = |raw: Option<&str>, pointer| -> Result<Option<Text>, Rejection> {
            Ok(raw.map(|raw| text(raw, pointer)).transpose()?.map(Text::from))
        };
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
                let found = json::described(&shorten(raw));
                return Err(Rejection::new(
                    "not-an-event",
                    format!("`specversion` cannot be {found}: only version 1.0 of CloudEvents is read"),
                )
                .at("/specversion")
                .expected("\"1.0\""));
            }
            None => return Err(missing_attribute(line, "specversion", "\"1.0\"")),
        }
        let mut required =
            |raw: Option<&str>, which, pointer: &'static str, what| -> Result<Text, Rejection> {
                let name = &pointer[1..];
                let raw = raw.ok_or_else(|| missing_attribute(line, name, what))?;
                let value = text(raw, pointer)?;
                if value.is_empty() {
                    return Err(Rejection::new("not-an-event", format!("`{name}` must not be empty"))
                        .at(pointer)
                        .expected("a text that is not empty"));
                }
                Ok(self.spare.attribute(which, &value))
            };
        let id = required(envelope.id, 0, "/id", "a text that names this event among those of its source")?;
        let source = required(envelope.source, 1, "/source", "where the event comes from, as \"/crm\"")?;
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
        let text = envelope.data.unwrap_or("{}");
        let scanned = members.filter(|_| text.starts_with('{')).map(|members| (line, members));
        let data = Data { text, scanned };
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

    /// The entity of that name on the wire.
    pub(crate) fn entity(&self, name: &str) -> Option<EntityId> {
        self.entities.get(name).copied()
    }

    /// Takes the room of an event that is over.
    pub fn recycle(&mut self, event: Event) {
        let subject = match event.body {
            EventBody::Happened { subject, mut payload, .. } => {
                for value in payload.drain(..) {
                    match value {
                        Value::Text(text) if self.spare.texts.len() < SPARE_TEXTS => {
                            self.spare.texts.push(text);
                        }
                        _ => {}
                    }
                }
                self.spare.values = payload;
                subject
            }
            EventBody::Updated { subject, .. } => subject,
            _ => return,
        };
        self.spare.attributes = [event.id, event.source, subject.id];
    }

    fn subject(&mut self, subject: &str) -> Result<Subject, Rejection> {
        let wrong = |message: String| Rejection::new("wrong-type", message).at("/subject").expected(RECORD);
        let Some((entity, id)) = subject.split_once('/') else {
            return Err(wrong(format!("the subject `{}` has no `/`", shorten(subject))));
        };
        if id.is_empty() {
            return Err(wrong(format!("the subject `{}` names no record after the `/`", shorten(subject))));
        }
        match self.entities.get(entity) {
            Some(found) => Ok(Subject { entity: *found, id: self.spare.attribute(2, id) }),
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

    fn happened(&mut self, event: EventId, subject: Subject, data: Data<'_>) -> Result<EventBody, Rejection> {
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
        let mut payload = self.spare.found(def.payload.len());
        let (slots, unknown) = (&self.payloads[event.index()], &mut self.unknown_members);
        let (texts, room) = (&mut self.spare.texts, &mut self.spare.name);
        data.members(|name, raw| {
            match slots.get(name) {
                Some(&slot) => {
                    let field = &def.payload[slot as usize];
                    let limit = limits[slot as usize].as_ref();
                    payload[slot as usize] = value(raw, field, limit, self.program, texts)?;
                }
                None => count_member(unknown, room, &[&def.name, &shorten(name)]),
            }
            Ok(())
        })?;
        let room = std::mem::take(&mut self.spare.values);
        let filled = fill(&mut payload, &def.payload, data.text, schema, room);
        self.spare.found = payload;
        let payload = filled?;
        Ok(EventBody::Happened { subject, event, payload })
    }

    fn created(
        &mut self,
        entity: EntityId,
        subject: Subject,
        data: Data<'_>,
    ) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let def = self.program.schema.entity(entity);
        let limits = &self.limits[entity.index()];
        let (slots, unknown) = (&self.fields[entity.index()], &mut self.unknown_members);
        let pipelines = &self.pipelines;
        let mut fields = self.spare.found(def.fields.len());
        let (texts, room) = (&mut self.spare.texts, &mut self.spare.name);
        let (mut pipeline, mut stage) = (None, None);
        data.members(|name, raw| {
            match (name, slots.get(name)) {
                ("stage", _) => stage = stage_name(raw)?,
                (_, Some(&field)) if field.index() < BUILTIN_FIELDS => return Err(read_only(name)),
                (_, Some(&field)) => {
                    let (slot, def) = (field.index(), &def.fields[field.index()]);
                    fields[slot] = value(raw, def, limits[slot].as_ref(), self.program, texts)?;
                }
                ("pipeline", None) => pipeline = pipeline_name(raw, pipelines)?,
                (_, None) => count_member(unknown, room, &[&def.wire_name, "created", &shorten(name)]),
            }
            Ok(())
        })?;
        for builtin in fields.iter_mut().take(BUILTIN_FIELDS) {
            *builtin = Some(Value::None);
        }
        fields[FIELD_ID.index()] = Some(Value::Text(subject.id.clone()));
        let filled = fill(&mut fields, &def.fields, data.text, &self.program.schema, Vec::new());
        self.spare.found = fields;
        let fields = filled?;
        Ok(EventBody::Created { subject, fields, pipeline, stage })
    }

    fn updated(
        &mut self,
        entity: EntityId,
        subject: Subject,
        data: Data<'_>,
    ) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let def = self.program.schema.entity(entity);
        let limits = &self.limits[entity.index()];
        let (slots, unknown) = (&self.fields[entity.index()], &mut self.unknown_members);
        let mut changes: Vec<(FieldId, Value)> = Vec::new();
        let (texts, room) = (&mut self.spare.texts, &mut self.spare.name);
        data.members(|name, raw| {
            match slots.get(name) {
                Some(&field) if field.index() < BUILTIN_FIELDS => return Err(read_only(name)),
                Some(&field) => {
                    let def = &def.fields[field.index()];
                    let limit = limits[field.index()].as_ref();
                    let value = match value(raw, def, limit, self.program, texts)? {
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
                None => count_member(unknown, room, &[&def.wire_name, "updated", &shorten(name)]),
            }
            Ok(())
        })?;
        changes.sort_by_key(|(field, _)| *field);
        Ok(EventBody::Updated { subject, changes })
    }

    fn moved(&mut self, entity: EntityId, subject: Subject, data: Data<'_>) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let wire_name = &self.program.schema.entity(entity).wire_name;
        let (pipelines, unknown) = (&self.pipelines, &mut self.unknown_members);
        let room = &mut self.spare.name;
        let (mut pipeline, mut stage) = (None, None);
        data.members(|name, raw| {
            match name {
                "stage" => stage = stage_name(raw)?,
                "pipeline" => pipeline = pipeline_name(raw, pipelines)?,
                _ => count_member(unknown, room, &[wire_name, "moved", &shorten(name)]),
            }
            Ok(())
        })?;
        let stage = stage.ok_or_else(|| missing_member("stage", "the name of a stage"))?;
        Ok(EventBody::Moved { subject, pipeline, stage })
    }
}

/// One member's value; `None` for null.
fn value(
    raw: &str,
    field: &Field,
    regex: Option<&regex::Regex>,
    program: &Program,
    spare: &mut Vec<Text>,
) -> Result<Option<Value>, Rejection> {
    if raw == "null" {
        return Ok(None);
    }
    let schema = &program.schema;
    let is: Option<fn(&str) -> bool> = match field.ty.inner() {
        Type::Text | Type::Opaque(_) => Some(|_| true),
        Type::Email => Some(is_email),
        Type::Phone => Some(is_phone),
        Type::Url => Some(is_url),
        _ => None,
    };
    let value = match is.and_then(|is| text_in(raw, is, spare)) {
        Some(text) => Value::Text(text),
        // Whatever else it is, or is wrong with it.
        None => json::parse(raw, &field.ty, schema).map_err(|e| {
            Rejection::new(e.code.id(), e.sentence(&field.name))
                .at(format!("/data/{}{}", escape_pointer(&field.name), e.pointer))
                .expected(e.expected)
        })?,
    };
    crate::value::limits::check_limits(&value, &field.ty, &field.limits, regex).map_err(|failure| {
        Rejection::new("limit", format!("`{}`: {}", field.name, failure.message))
            .at(format!("/data/{}", escape_pointer(&field.name)))
            .expected(schema.type_name(&field.ty))
    })?;
    Ok(Some(value))
}

/// The content of a JSON string of this kind, in the room of a text that is over.
fn text_in(raw: &str, is: fn(&str) -> bool, spare: &mut Vec<Text>) -> Option<Text> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = spare.pop().unwrap_or_default();
    let read = match plain_text(raw) {
        Some(plain) => {
            text.become_text(plain);
            Some(())
        }
        None => text.become_with(|out| json::plain::unescape(inside, out)),
    };
    if read.is_some() && is(&text) {
        return Some(text);
    }
    spare.push(text);
    None
}

/// Puts defaults and `none` where nothing came; lists all that are missing.
fn fill(
    values: &mut Vec<Option<Value>>,
    fields: &[Field],
    data: &str,
    schema: &Schema,
    mut room: Vec<Value>,
) -> Result<Vec<Value>, Rejection> {
    let mut missing = Vec::new();
    let filled = values.drain(..).zip(fields).map(|(value, field)| match (value, &field.default) {
        (Some(value), _) => value,
        (None, Some(default)) => default.clone(),
        (None, None) => {
            if !matches!(field.ty, Type::Optional(_)) {
                missing.push(field);
            }
            Value::None
        }
    });
    room.clear();
    room.extend(filled);
    match missing.as_slice() {
        [] => Ok(room),
        missing => Err(missing_fields(missing, fields, data, schema)),
    }
}

/// The attribute `time`; `None` for null.
pub(crate) fn instant(raw: &str, schema: &Schema) -> Result<Option<DateTime<Utc>>, Rejection> {
    if raw == "null" {
        return Ok(None);
    }
    if let Some(time) = plain_text(raw).and_then(json::parse_instant) {
        return Ok(Some(time));
    }
    // As a value of the same kind: a leap second is the second after it, and the years are those of dates.
    json::parse(raw, &Type::DateTime, schema).map_or_else(
        |error| Err(Rejection::new("wrong-type", error.sentence("time")).at("/time").expected(INSTANT)),
        |value| Ok(if let Value::DateTime(time) = value { Some(time) } else { None }),
    )
}

/// A subject, as `expected` says it.
const RECORD: &str = "a record, as \"deal/D-1\"";

fn stage_name(raw: &str) -> Result<Option<Text>, Rejection> {
    Ok(Some(raw)
        .filter(|raw| *raw != "null")
        .map(|raw| text(raw, "/data/stage"))
        .transpose()?
        .map(Text::from))
}

fn pipeline_name(raw: &str, pipelines: &HashMap<Text, PipelineId>) -> Result<Option<PipelineId>, Rejection> {
    if raw == "null" {
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

fn completed(subject: Subject, data: Data<'_>) -> Result<EventBody, Rejection> {
    let (mut effect, mut outputs) = (None, "{}");
    let mut outputs_text = String::new();
    data.members(|name, raw| {
        match name {
            "action" => effect = Some(Text::from(text(raw, "/data/action")?)),
            "outputs" if raw.starts_with('{') => outputs_text = raw.to_owned(),
            "outputs" if raw == "null" => {}
            "outputs" => {
                let found = json::described(&shorten(raw));
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
            values[slot] = value(raw, field, regex.as_ref(), program, &mut Vec::new())?;
        }
        Ok(())
    });
    read.and_then(|()| fill(&mut values, fields, outputs, &program.schema, Vec::new())).map_err(within)
}

fn failed(subject: Subject, data: Data<'_>) -> Result<EventBody, Rejection> {
    let (mut effect, mut reason) = (None, None);
    data.members(|name, raw| {
        match name {
            "action" => effect = Some(Text::from(text(raw, "/data/action")?)),
            "reason" if raw != "null" => reason = Some(Text::from(text(raw, "/data/reason")?)),
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

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let name = shorten(name);
    if let Some(count) = counts.get_mut(&*name) {
        *count += 1;
        return;
    }
    let full = counts.len() >= UNKNOWN_NAMES;
    *counts.entry(if full { "(others)".to_owned() } else { name.into_owned() }).or_default() += 1;
}

/// A member that no declaration knows: `invoice.paid.colour`.
fn count_member(counts: &mut BTreeMap<String, u64>, name: &mut String, parts: &[&str]) {
    name.clear();
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            name.push('.');
        }
        name.push_str(part);
    }
    count(counts, name);
}
