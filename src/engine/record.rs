//! A record: its fields, where it stands, and what the engine remembers of it. Plain data.

use crate::event::Subject;
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
    /// Deleted: it cannot be created again. The count of its effects stays, so that ids never repeat.
    Deleted { effects: u64 },
}

/// A living record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub subject: Subject,
    pub pipeline: PipelineId,
    pub stage: StageId,
    /// All fields, the built-in ones first (see [`crate::schema`]); `stage` and the times stand here too.
    pub values: Vec<Value>,
    /// How many effects it has brought so far: the next one's number is one more.
    pub effects: u64,
    /// 128-bit hashes of the last events it has seen, oldest first.
    pub seen: Vec<u128>,
    /// What rules of its stages bound, as long as it is remembered.
    pub outputs: BTreeMap<OutputId, Value>,
    /// How the last run of each rule whose output is read ended, if it ended without binding all of them: the reason.
    pub failures: BTreeMap<RuleId, Text>,
    /// Rules with `once` that have been used up.
    pub used: Vec<RuleId>,
    /// How many calls of each action have been answered with simulated outputs: numbers count up.
    pub simulated: BTreeMap<ActionId, u64>,
    /// The clock when it last handled something: time never runs back for a record.
    pub clock: DateTime<Utc>,
}
