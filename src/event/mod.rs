//! Events in, effects out: the CloudEvents wire format, decoded straight into the slots of the schema.

pub mod decode;
pub mod encode;
pub(crate) mod envelope;
pub(crate) mod scan;
mod words;

use crate::value::*;
use chrono::{DateTime, Utc};

/// A decoded event: names resolved, payload in slots. Not yet checked against any record.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: Text,
    pub source: Text,
    /// The wire's `type`: `invoice.paid`, `deal.updated`.
    pub name: Text,
    /// Left out: the host decides (the stream's latest time, or the arrival).
    pub time: Option<DateTime<Utc>>,
    /// The extension `partitionkey`.
    pub partition: Option<Text>,
    /// The extension `causeid`: names an effect if this is its echo.
    pub cause: Option<Text>,
    pub body: EventBody,
}

/// The record an event is about: `deal/D-1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Subject {
    pub entity: EntityId,
    pub id: Text,
}

#[derive(Debug, Clone, PartialEq)]
pub enum EventBody {
    /// An event of the program. The payload's slots are all filled: defaults, or `none`.
    Happened { subject: Subject, event: EventId, payload: Vec<Value> },
    /// `deal.created`: `fields` holds every field of the entity, the built-in ones as `none` except the id.
    Created { subject: Subject, fields: Vec<Value>, pipeline: Option<PipelineId>, stage: Option<Text> },
    /// `deal.updated`: the fields that are named, with their new values.
    Updated { subject: Subject, changes: Vec<(FieldId, Value)> },
    /// `deal.moved`: the stage by name, for it depends on where the record stands which pipeline is meant.
    Moved { subject: Subject, pipeline: Option<PipelineId>, stage: Text },
    /// `deal.deleted`
    Deleted { subject: Subject },
    /// `action.completed`: the outputs as raw JSON text, read when it is known which action they answer.
    Completed { subject: Subject, effect: Text, outputs: Box<str> },
    /// `action.failed`
    Failed { subject: Subject, effect: Text, reason: Text },
    /// `stagegate.clock`: reaches every record.
    Clock,
}

/// Room for an event: a clock event without a time.
impl Default for Event {
    fn default() -> Event {
        let (id, source, name) = (Text::default(), Text::default(), Text::default());
        Event { id, source, name, time: None, partition: None, cause: None, body: EventBody::Clock }
    }
}

impl Event {
    /// The record it is about; `None` for a clock event.
    pub fn subject(&self) -> Option<&Subject> {
        match &self.body {
            EventBody::Happened { subject, .. }
            | EventBody::Created { subject, .. }
            | EventBody::Updated { subject, .. }
            | EventBody::Moved { subject, .. }
            | EventBody::Deleted { subject }
            | EventBody::Completed { subject, .. }
            | EventBody::Failed { subject, .. } => Some(subject),
            EventBody::Clock => None,
        }
    }
}

/// Why an event was rejected: nothing else was touched.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    /// `not-json`, `not-an-event`, `missing`, `wrong-type`, `unknown-subject`, `exists`, …
    pub code: &'static str,
    /// A sentence for people, with the way out where there is one.
    pub message: String,
    /// JSON pointer to the member: `/data/amount`.
    pub pointer: Option<String>,
    /// The type that was expected there: `money in EUR`.
    pub expected: Option<String>,
}
