//! `test` blocks, checked: what they give, send and expect, as values.

use super::Condition;
use crate::event::Subject;
use crate::source::Span;
use crate::value::*;
use chrono::{DateTime, Utc};

/// A `test` block.
#[derive(Debug, Clone)]
pub struct Test {
    pub name: Text,
    pub steps: Vec<Step>,
    /// Of its name.
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum StepKind {
    /// Creates a record. Fields that are left out have their defaults.
    Given {
        subject: Subject,
        fields: Vec<(FieldId, Value)>,
        pipeline: Option<PipelineId>,
        stage: Option<Text>,
    },
    At(DateTime<Utc>),
    /// In the time zone of the test, for days.
    Wait(Duration),
    Send {
        subject: Subject,
        sent: Sent,
    },
    /// What answers the next call of the action that waits for an answer: its outputs in order, or why it fails.
    Reply {
        action: ActionId,
        answer: Result<Vec<Value>, Text>,
    },
    ExpectField {
        subject: Subject,
        field: Text,
        expected: Expected,
    },
    /// `expect 2 sms { … }`; without a count at least one, with `no` none.
    ExpectAction {
        no: bool,
        count: Option<u32>,
        action: ActionId,
        params: Vec<(u16, Value)>,
    },
}

/// What a test sends to a record.
#[derive(Debug, Clone)]
pub enum Sent {
    /// The payload's slots are all filled.
    Happened {
        event: EventId,
        payload: Vec<Value>,
    },
    Updated(Vec<(FieldId, Value)>),
    Moved {
        pipeline: Option<PipelineId>,
        stage: Text,
    },
    Deleted,
}

/// What a test expects of a field.
#[derive(Debug, Clone)]
pub enum Expected {
    /// `stage == Won`, `stage != Won`: the name of a stage of any of the entity's pipelines.
    Stage {
        name: Text,
        equal: bool,
    },
    Pipeline {
        id: PipelineId,
        equal: bool,
    },
    /// A condition about the record.
    Holds(Box<Condition>),
}
