//! A record: its fields, where it stands, and what the engine remembers of it. Plain data.

use super::dedup::effect_number;
use super::remembered::Remembered;
use super::waiting::{State, Waiting};
use crate::event::{Event, EventBody, Subject};
use crate::program::CallId;
use crate::schema::Schema;
use crate::value::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a subject.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Slot {
    /// Never created.
    #[default]
    Absent,
    Living(Box<Record>),
    /// Deleted: it cannot be created again. The count of its effects and the events it has seen stay, so that
    /// ids never repeat and what is delivered twice is known.
    Deleted(Box<Deleted>),
}

/// What stays of a record that has been deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deleted {
    /// How many effects it has brought.
    pub effects: u64,
    /// The last events it has seen.
    pub seen: Remembered,
}

impl Slot {
    /// When the first timer of a living record is due.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        match self {
            Slot::Living(record) => record.due(),
            Slot::Absent | Slot::Deleted(_) => None,
        }
    }

    /// Reads a little of the record itself, so that it is fetched from memory. What comes of it means nothing.
    pub(crate) fn touch(&self) -> usize {
        match self {
            Slot::Living(record) => record.seen.touch() + record.values.len(),
            Slot::Absent | Slot::Deleted(_) => 0,
        }
    }

    /// As [`Slot::touch`], of what lies elsewhere: its values, and where the next event will be remembered.
    pub(crate) fn touch_all(&self) -> usize {
        match self {
            Slot::Living(record) => {
                let values = record.values.iter().step_by(2).filter(|value| matches!(value, Value::None));
                record.seen.touch_next() + values.count()
            }
            Slot::Absent | Slot::Deleted(_) => 0,
        }
    }

    /// The values of a living record, as references see them.
    pub fn values(&self) -> Option<&[Value]> {
        match self {
            Slot::Living(record) => Some(&record.values),
            Slot::Absent | Slot::Deleted(_) => None,
        }
    }
}

/// A living record.
///
/// In the order in which it is laid out: what every event looks at comes first, so that less of the memory has to be
/// fetched for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[repr(C)]
pub struct Record {
    /// The last events it has seen.
    pub seen: Remembered,
    /// `None`: no pipeline is for its entity; such a record is only there to be referred to.
    pub place: Option<Place>,
    /// How many stages and how many pipelines it has entered: what began on an earlier visit can tell.
    pub visits: u32,
    pub stays: u32,
    /// How many effects it has brought so far: the next one's number is one more.
    pub effects: u64,
    /// The clock when it last handled something: time never runs back for a record.
    #[serde(serialize_with = "digits::serialize_instant")]
    pub clock: DateTime<Utc>,
    /// What it waits for, if anything.
    pub waiting: Option<Box<Waiting>>,
    /// All fields, the built-in ones first (see [`crate::schema`]); `stage` and the times stand here too.
    pub values: Vec<Value>,
    pub subject: Subject,
    /// What rules of its stages bound and others read, as long as it is remembered.
    pub outputs: BTreeMap<OutputId, Value>,
    /// Why the last run of a rule failed, of rules that others read.
    pub failures: BTreeMap<RuleId, Reason>,
    /// Rules with `once` that have been used up, in order.
    pub used: Vec<RuleId>,
    /// How many calls of each action have been answered with simulated outputs: numbers count up.
    pub simulated: BTreeMap<ActionId, u64>,
}

impl Record {
    /// When the first of its timers is due.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        self.waiting.as_ref()?.due
    }

    /// The run that waits for this outcome of an action, and the action's call.
    pub(super) fn awaiting(&self, schema: &Schema, event: &Event) -> Option<(u64, CallId)> {
        let (EventBody::Completed { effect: id, .. } | EventBody::Failed { effect: id, .. }) = &event.body
        else {
            return None;
        };
        let number = effect_number(schema, &self.subject, id)?;
        self.waiting.as_ref()?.runs.iter().find_map(|run| match run.state {
            State::Answer { call, effect, .. } if effect == number => Some((run.number, call)),
            _ => None,
        })
    }
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub pipeline: PipelineId,
    pub stage: StageId,
}

/// Why a rule failed, kept for the rules that read its outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: FailureCode,
    pub message: Text,
}
