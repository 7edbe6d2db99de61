//! What a record's life also says when asked: what was tried, what did not happen, and why.

use crate::program::ChunkId;
use crate::value::*;
use chrono::{DateTime, Utc};

/// One thing that was tried or left out. Only collected where a caller asks for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Trace {
    /// The event has been seen before.
    Duplicate,
    /// The event is the echo of one of the record's own effects.
    Echo,
    /// The outcome of an action that nobody waits for.
    OutcomeIgnored,
    TriggerTried {
        trigger: TriggerId,
        outcome: TriggerOutcome,
    },
    RuleStarted {
        rule: RuleId,
    },
    RuleSkipped {
        rule: RuleId,
        why: SkipReason,
    },
    /// A rule that waits: until an instant, if one is known.
    RuleWaits {
        rule: RuleId,
        until: Option<DateTime<Utc>>,
    },
    RuleFailed {
        rule: RuleId,
        failure: Failure,
    },
    /// A rule under way whose stage was left, or that `overlap restart` replaces.
    RuleCancelled {
        rule: RuleId,
    },
    /// The condition of a `wait for` that cannot be evaluated: it counts as false.
    WaitConditionFailed {
        rule: RuleId,
        failure: Failure,
    },
    /// What the expressions of a condition came to, by the number of their site: of what is decided next. Only of an engine
    /// that is watched with sites.
    Condition {
        chunk: ChunkId,
        values: Vec<(u32, Value)>,
    },
    /// The conditions in a body that were asked since it went on, in the same form. A site may stand here with both values.
    Branches {
        rule: RuleId,
        chunk: ChunkId,
        values: Vec<(u32, Value)>,
    },
    /// A time had come: what follows is brought by it. Only of an engine that is watched.
    TimerFired {
        of: Timed,
    },
    /// An actor that could not be computed: the move is in nobody's name.
    ActorUnknown {
        trigger: TriggerId,
        failure: Failure,
    },
}

/// What a timer was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timed {
    Rule(RuleId),
    /// Nothing has happened for the time that it watches.
    Trigger(TriggerId),
}

#[derive(Debug, Clone, PartialEq)]
pub enum TriggerOutcome {
    Fired,
    /// It sits on the stage in which the record stands.
    SameStage,
    /// It sits on an earlier stage, without `allow backward`.
    EarlierStage,
    /// The record stands in a final stage, and it has no `allow backward`.
    FinalStage,
    /// The payload is not what its settings want, or not the fields or values that it watches changed.
    OtherSettings,
    ConditionFalse,
    /// Counts as false.
    ConditionFailed(Failure),
}

#[derive(Debug, Clone, PartialEq)]
pub enum SkipReason {
    ConditionFalse,
    /// `once`, and it has run.
    UsedUp,
    /// `at … else skip`, and the instant has passed.
    Passed,
    /// `overlap skip`, and an earlier run is under way.
    UnderWay,
}
