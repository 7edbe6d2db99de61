//! What a record's life also says when asked: what was tried, what did not happen, and why.

use crate::value::*;

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
    /// An actor that could not be computed: the move is in nobody's name.
    ActorUnknown {
        trigger: TriggerId,
        failure: Failure,
    },
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
}
