//! What the engine gives: effects, as data. [`crate::event`] writes them as CloudEvents.

use crate::event::Subject;
use crate::value::*;
use chrono::{DateTime, Utc};
use std::ops::Range;

/// One effect. Its id is the subject and `number`: `deal/D-1/42`.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    pub subject: Subject,
    /// The count of this record's effects, from 1.
    pub number: u64,
    /// The pipeline in which the record stands (after a move: the new one).
    pub pipeline: PipelineId,
    pub time: DateTime<Utc>,
    /// The event that brought it.
    pub cause: Cause,
    pub kind: EffectKind,
}

/// Which event brought an effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Cause {
    pub id: Text,
    pub source: Text,
}

/// Who moved a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Mover {
    Trigger(TriggerId),
    Rule(RuleId),
    /// A life-cycle event: `created` or `moved`.
    Event,
}

#[derive(Debug, Clone, PartialEq)]
pub enum EffectKind {
    StageChanged {
        /// `None` when the record is created.
        from: Option<StageId>,
        to: StageId,
        by: Mover,
        /// The acting user.
        actor: Option<Text>,
    },
    FieldsChanged {
        rule: RuleId,
        /// Field, before, after.
        changes: Vec<(FieldId, Value, Value)>,
    },
    ActionRequested {
        rule: RuleId,
        action: ActionId,
        params: Params,
    },
    ActionRefused {
        rule: RuleId,
        action: ActionId,
        code: &'static str,
        message: String,
    },
    RuleFailed {
        rule: RuleId,
        code: &'static str,
        message: String,
        statement: u32,
    },
    RuleCancelled {
        rule: RuleId,
        reason: &'static str,
    },
    /// The chain of moves that was cut: the stages in the order in which they were entered.
    LoopStopped {
        chain: Vec<StageId>,
        message: String,
    },
}

/// The parameters of an action. Written ones are equal if they stand at the same place, whatever that holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Params {
    /// By the number of the parameter; unset ones are missing.
    Values(Vec<(u16, Value)>),
    /// Where they stand in what the engine has written; see [`crate::engine::Engine::write_params`].
    Written(Range<usize>),
}

impl Params {
    /// The values, by the number of the parameter; unset ones are missing. None of those that are written already.
    pub fn values(&self) -> &[(u16, Value)] {
        match self {
            Params::Values(values) => values,
            Params::Written(_) => {
                debug_assert!(false, "whoever wants values must not have them written");
                &[]
            }
        }
    }
}
