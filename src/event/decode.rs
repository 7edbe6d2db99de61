//! From a line of JSON to an [`Event`]: its attributes, and the payload member by member into slots.

mod kept;
mod outcome;
mod payload;

pub use outcome::outputs;

use super::envelope::{Attribute, Data, Envelope, text};
use super::scan::Raw;
use super::words::{INSTANT, escape_pointer, missing_attribute, missing_member, shorten};
use super::{Event, EventBody, Rejection, Subject};
use crate::program::Program;
use crate::schema::{BUILTIN_FIELDS, FIELD_ID, FIELD_STAGE, Field, Schema, Type};
use crate::value::json;
use crate::value::text::keep;
use crate::value::*;
use ahash::{HashMap, HashMapExt};
use chrono::{DateTime, Utc};
use kept::{Minute, Spare, count};
use outcome::{completed, failed};
use payload::{InSlots, Shape};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Decodes the events of one program.
pub struct Decoder<'p> {
    program: &'p Program,
    kinds: HashMap<Text, Kind>,
    entities: HashMap<Text, EntityId>,
    /// By entity.
    fields: Vec<Shape>,
    /// By event.
    payloads: Vec<Shape>,
    pipelines: HashMap<Text, PipelineId>,
    /// The entity of the last record.
    usual: EntityId,
    minute: Minute,
    /// Room from events that are over.
    spare: Spare,
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

/// The entity and the id of a record.
pub(crate) type About<'a> = Option<(EntityId, &'a str)>;

/// What a line holds.
#[derive(Debug)]
pub enum Decoded {
    Event(Event),
    /// Of a type the program does not know: counted.
    Skipped,
}

/// As [`Decoded`], where the event is put elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Event,
    Skipped,
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
        Decoder {
            program,
            kinds,
            entities,
            fields: schema.entities.iter().map(|e| Shape::new(&e.fields, BUILTIN_FIELDS)).collect(),
            payloads: schema.events.iter().map(|e| Shape::new(&e.payload, 0)).collect(),
            pipelines: program
                .pipelines
                .iter()
                .enumerate()
                .map(|(i, p)| (p.name.clone(), PipelineId(i as u16)))
                .collect(),
            usual: EntityId(0),
            minute: Minute::default(),
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
        let envelope = Envelope::begun(line)?;
        let about = self.about(&envelope);
        let mut event = Event::default();
        Ok(match self.event(line, &envelope, about, &mut event)? {
            Held::Event => Decoded::Event(event),
            Held::Skipped => Decoded::Skipped,
        })
    }

    /// The record that a line is about, if that can be told at a glance.
    pub(crate) fn about<'a>(&mut self, envelope: &Envelope<'a>) -> About<'a> {
        let (entity, id) = split(envelope.get(Attribute::Subject)?.plain()?)?;
        // Mostly all are of one entity.
        let usual = self.program.schema.entities.get(self.usual.index());
        if usual.is_none_or(|usual| *usual.wire_name != *entity) {
            self.usual = self.entity(entity)?;
        }
        Some((self.usual, id)).filter(|(_, id)| !id.is_empty())
    }

    /// Decodes a line whose outside has been read, and of which it is known what it is [about](Decoder::about), in the room of
    /// an event that is over. If there is none in the line, what stands in that room means nothing.
    pub(crate) fn event(
        &mut self,
        line: &str,
        envelope: &Envelope<'_>,
        about: About<'_>,
        event: &mut Event,
    ) -> Result<Held, Rejection> {
        if !envelope.is_open() {
            return self.decoded(line, envelope, about, event);
        }
        self.spare.names.open();
        let decoded = self.decoded(line, envelope, about, event);
        if self.spare.names.close(decoded.is_ok(), &mut self.unknown_members) {
            return decoded;
        }
        // There is something wrong with the line, or unusual about it, or nothing of its payload was read: as a whole.
        let envelope = Envelope::of(line)?;
        let about = self.about(&envelope);
        self.decoded(line, &envelope, about, event)
    }

    fn decoded(
        &mut self,
        line: &str,
        envelope: &Envelope<'_>,
        about: About<'_>,
        event: &mut Event,
    ) -> Result<Held, Rejection> {
        let name = match envelope.get(Attribute::Type) {
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
        let Some((name, kind)) = self.kinds.get_key_value(&*name) else {
            if !envelope.is_open() {
                count(&mut self.unknown_types, &name);
            }
            return Ok(Held::Skipped);
        };
        if event.name != *name {
            event.name.clone_from(name);
        }
        let kind = *kind;
        event.time = match envelope.get(Attribute::Time) {
            Some(raw) => match raw.plain().and_then(|time| self.minute.instant(time)) {
                Some(time) => Some(time),
                None => instant(raw, &self.program.schema)?,
            },
            None => None,
        };
        let mut room = self.room_of(std::mem::replace(&mut event.body, EventBody::Clock));
        (event.partition, event.cause) = (None, None);
        if matches!(kind, Kind::Clock) {
            if event.time.is_none() {
                return Err(missing_attribute(line, "time", INSTANT));
            }
            event.id = optional(envelope.get(Attribute::Id), "/id")?.unwrap_or_else(|| "clock".into());
            let source = optional(envelope.get(Attribute::Source), "/source")?;
            event.source = source.unwrap_or_else(|| "/stagegate".into());
            return Ok(Held::Event);
        }
        match envelope.get(Attribute::Specversion) {
            Some(raw)
                if raw.plain() == Some("1.0") || raw.string().is_some_and(|version| version == "1.0") => {}
            Some(raw) => return Err(not_read(raw)),
            None => return Err(missing_attribute(line, "specversion", "\"1.0\"")),
        }
        for (attribute, text, pointer, what) in [
            (Attribute::Id, &mut event.id, "/id", "a text that names this event among those of its source"),
            (Attribute::Source, &mut event.source, "/source", "where the event comes from, as \"/crm\""),
        ] {
            match envelope.get(attribute) {
                Some(raw) if raw.plain().is_some_and(|plain| !plain.is_empty()) => {
                    let plain = raw.plain().unwrap_or_default();
                    // Most come from where the last one came from.
                    if **text != *plain {
                        text.become_text(plain);
                    }
                }
                raw => text.become_text(&required(line, raw, pointer, what)?),
            }
        }
        let entity = match (about, envelope.get(Attribute::Subject)) {
            (Some((entity, id)), _) => {
                room.become_text(id);
                entity
            }
            (None, Some(raw)) => self.subject(&text(raw, "/subject")?, &mut room)?,
            (None, None) => return Err(missing_attribute(line, "subject", RECORD)),
        };
        let subject = Subject { entity, id: room };
        if let raw @ Some(_) = envelope.get(Attribute::Partitionkey) {
            event.partition = optional(raw, "/partitionkey")?;
        }
        if let raw @ Some(_) = envelope.get(Attribute::Causeid) {
            event.cause = optional(raw, "/causeid")?;
        }
        let data = &match envelope.data() {
            Some(data) => data,
            None if envelope.get(Attribute::DataBase64).is_some() => {
                let message = "`data_base64` is not read: send the payload in `data`, as JSON";
                return Err(Rejection::new("not-an-event", message).at("/data_base64"));
            }
            None => Data::Scanned("{}"),
        };
        event.body = match kind {
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
        Ok(Held::Event)
    }

    /// The entity of that name on the wire.
    pub(crate) fn entity(&self, name: &str) -> Option<EntityId> {
        self.entities.get(name).copied()
    }

    /// Keeps the room of what an event was that is over. Gives that of its subject's id.
    fn room_of(&mut self, body: EventBody) -> Text {
        let texts = &mut self.spare.texts;
        match body {
            EventBody::Happened { subject, event, payload } => {
                if let Some(shape) = self.payloads.get_mut(event.index()) {
                    shape.take_back(payload, texts);
                }
                subject.id
            }
            EventBody::Created { subject, fields, .. } => {
                if let Some(shape) = self.fields.get_mut(subject.entity.index()) {
                    shape.take_back(fields, texts);
                }
                subject.id
            }
            EventBody::Updated { subject, changes } => {
                keep(&mut self.spare.changes, changes);
                subject.id
            }
            _ => Text::default(),
        }
    }

    /// The entity of a subject, whose id is put into `room`.
    fn subject(&self, subject: &str, room: &mut Text) -> Result<EntityId, Rejection> {
        let wrong = |message: String| Rejection::new("wrong-type", message).at("/subject").expected(RECORD);
        let Some((entity, id)) = split(subject) else {
            return Err(wrong(format!("the subject `{}` has no `/`", shorten(subject))));
        };
        if id.is_empty() {
            return Err(wrong(format!("the subject `{}` names no record after the `/`", shorten(subject))));
        }
        match self.entities.get(entity) {
            Some(found) => {
                room.become_text(id);
                Ok(*found)
            }
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

    fn happened(
        &mut self,
        event: EventId,
        subject: Subject,
        data: &Data<'_>,
    ) -> Result<EventBody, Rejection> {
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
        let shape = &mut self.payloads[event.index()];
        let Spare { texts, names, .. } = &mut self.spare;
        let mut payload = shape.begin();
        let (program, unknown) = (self.program, &mut self.unknown_members);
        let mut members = InSlots::new(data.members()?);
        while let Some((slot, name, raw)) = members.next(shape, &def.payload) {
            match slot {
                Some(slot) => {
                    let field = &def.payload[usize::from(slot)];
                    let value = shape.value(slot, raw, field, program, texts)?;
                    shape.fill(&mut payload, slot, value);
                }
                None => names.count(unknown, &[&def.name, &shorten(name)]),
            }
        }
        names.closed = members.end_the_line();
        shape.check(&def.payload, data.json(), schema)?;
        Ok(EventBody::Happened { subject, event, payload })
    }

    fn created(
        &mut self,
        entity: EntityId,
        subject: Subject,
        data: &Data<'_>,
    ) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let (program, def) = (self.program, self.program.schema.entity(entity));
        let shape = &mut self.fields[entity.index()];
        let (pipelines, unknown) = (&self.pipelines, &mut self.unknown_members);
        let Spare { texts, names, .. } = &mut self.spare;
        let mut fields = shape.begin();
        let (mut pipeline, mut stage) = (None, None);
        let mut members = InSlots::new(data.members()?);
        while let Some((slot, name, raw)) = members.next(shape, &def.fields) {
            match (slot, name) {
                (Some(slot), _) if slot == FIELD_STAGE.0 => stage = stage_name(raw)?,
                (Some(slot), name) if usize::from(slot) < BUILTIN_FIELDS => return Err(read_only(name)),
                (Some(slot), _) => {
                    let field = &def.fields[usize::from(slot)];
                    let value = shape.value(slot, raw, field, program, texts)?;
                    shape.fill(&mut fields, slot, value);
                }
                (None, "pipeline") => pipeline = pipeline_name(raw, pipelines)?,
                (None, name) => names.count(unknown, &[&def.wire_name, "created", &shorten(name)]),
            }
        }
        names.closed = members.end_the_line();
        shape.check(&def.fields, data.json(), &program.schema)?;
        fields[FIELD_ID.index()] = Value::Text(subject.id.clone());
        Ok(EventBody::Created { subject, fields, pipeline, stage })
    }

    fn updated(
        &mut self,
        entity: EntityId,
        subject: Subject,
        data: &Data<'_>,
    ) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let (program, def) = (self.program, self.program.schema.entity(entity));
        let (shape, unknown) = (&mut self.fields[entity.index()], &mut self.unknown_members);
        let Spare { changes, texts, names, .. } = &mut self.spare;
        let mut changes = changes.pop().unwrap_or_default();
        changes.clear();
        let mut members = InSlots::new(data.members()?);
        while let Some((slot, name, raw)) = members.next(shape, &def.fields) {
            match slot {
                Some(slot) if usize::from(slot) < BUILTIN_FIELDS => return Err(read_only(name)),
                Some(slot) => {
                    let (field, def) = (FieldId(slot), &def.fields[usize::from(slot)]);
                    let value = match shape.value(slot, raw, def, program, texts)? {
                        Some(value) => value,
                        None if def.ty.is_optional() => Value::None,
                        None => return Err(null_value(def, program)),
                    };
                    match changes.iter_mut().find(|(f, _)| *f == field) {
                        Some(change) => change.1 = value,
                        None => changes.push((field, value)),
                    }
                }
                None if name == "pipeline" => return Err(read_only(name)),
                None => names.count(unknown, &[&def.wire_name, "updated", &shorten(name)]),
            }
        }
        names.closed = members.end_the_line();
        changes.sort_unstable_by_key(|(field, _)| *field);
        Ok(EventBody::Updated { subject, changes })
    }

    fn moved(&mut self, entity: EntityId, subject: Subject, data: &Data<'_>) -> Result<EventBody, Rejection> {
        self.fits(entity, &subject)?;
        let wire_name = &self.program.schema.entity(entity).wire_name;
        let (pipelines, unknown) = (&self.pipelines, &mut self.unknown_members);
        let names = &mut self.spare.names;
        let (mut pipeline, mut stage) = (None, None);
        let mut members = data.members()?;
        while let Some((name, raw)) = members.next(None) {
            match name.unwrap_or_default() {
                "stage" => stage = stage_name(raw)?,
                "pipeline" => pipeline = pipeline_name(raw, pipelines)?,
                name => names.count(unknown, &[wire_name, "moved", &shorten(name)]),
            }
        }
        let stage = stage.ok_or_else(|| missing_member("stage", "the name of a stage"))?;
        Ok(EventBody::Moved { subject, pipeline, stage })
    }
}

/// The entity and the id of a subject.
fn split(subject: &str) -> Option<(&str, &str)> {
    // Shorter than what looks for characters of any length.
    let slash = subject.bytes().position(|byte| byte == b'/')?;
    Some((subject.get(..slash)?, subject.get(slash + 1..)?))
}

/// The text of an attribute that must be there.
#[cold]
fn required<'a>(
    line: &str,
    raw: Option<Raw<'a>>,
    pointer: &'static str,
    what: &str,
) -> Result<Cow<'a, str>, Rejection> {
    let name = &pointer[1..];
    let value = text(raw.ok_or_else(|| missing_attribute(line, name, what))?, pointer)?;
    if value.is_empty() {
        return Err(Rejection::new("not-an-event", format!("`{name}` must not be empty"))
            .at(pointer)
            .expected("a text that is not empty"));
    }
    Ok(value)
}

/// The text of an attribute that need not be there.
fn optional(raw: Option<Raw<'_>>, pointer: &str) -> Result<Option<Text>, Rejection> {
    Ok(raw.map(|raw| text(raw, pointer)).transpose()?.map(Text::from))
}

/// Another version of CloudEvents.
#[cold]
fn not_read(specversion: Raw<'_>) -> Rejection {
    let found = json::described(&shorten(&specversion.json()));
    let message = format!("`specversion` cannot be {found}: only version 1.0 of CloudEvents is read");
    Rejection::new("not-an-event", message).at("/specversion").expected("\"1.0\"")
}

/// The attribute `time`; `None` for null.
pub(crate) fn instant(raw: Raw<'_>, schema: &Schema) -> Result<Option<DateTime<Utc>>, Rejection> {
    if let Some(time) = raw.plain().and_then(json::parse_instant) {
        return Ok(Some(time));
    }
    if raw.is_null() {
        return Ok(None);
    }
    // As a value of the same kind: a leap second is the second after it, and the years are those of dates.
    json::read(raw, &Type::DateTime, schema).map_or_else(
        |error| Err(Rejection::new("wrong-type", error.sentence("time")).at("/time").expected(INSTANT)),
        |value| Ok(if let Value::DateTime(time) = value { Some(time) } else { None }),
    )
}

/// A subject, as `expected` says it.
const RECORD: &str = "a record, as \"deal/D-1\"";

fn stage_name(raw: Raw<'_>) -> Result<Option<Text>, Rejection> {
    Ok(Some(raw)
        .filter(|raw| !raw.is_null())
        .map(|raw| text(raw, "/data/stage"))
        .transpose()?
        .map(Text::from))
}

fn pipeline_name(
    raw: Raw<'_>,
    pipelines: &HashMap<Text, PipelineId>,
) -> Result<Option<PipelineId>, Rejection> {
    if raw.is_null() {
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
