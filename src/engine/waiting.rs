//! What a record waits for: rules under way, counts of events, silences. Plain data, kept only while there is any.

use super::effect::Cause;
use crate::program::{CallId, WaitForId};
use crate::value::*;
use crate::vm::Frame;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that a record waits for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Waiting {
    /// Rules under way, in the order in which they started.
    pub runs: Vec<Run>,
    /// How many runs have been numbered.
    pub numbered: u64,
    /// How many times something began to wait.
    pub steps: u64,
    /// When the last events came that `N event within D` counts, oldest first.
    pub counts: BTreeMap<Listener, Vec<DateTime<Utc>>>,
    /// `no event for D` of triggers and `on` rules that has not come to an end yet.
    pub silences: Vec<Silence>,
    /// The earliest of all timers: worked out anew whenever something has happened.
    pub due: Option<DateTime<Utc>>,
    /// How many timers have fired on the way to this instant: a guard against those that set each other.
    pub fired: Option<(DateTime<Utc>, u32)>,
}

/// A rule under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Rises with each start; 0 before the run has waited for anything.
    pub number: u64,
    pub rule: RuleId,
    /// The record's visit to the stage during which it started.
    pub visit: u32,
    /// The clock when it started: at the entry, at its event, at the end of the rule above.
    pub since: DateTime<Utc>,
    pub state: State,
    /// Rises with each beginning to wait: bodies that wait for one event go on in this order.
    pub order: u64,
    /// The event that set what it waits for.
    pub cause: Option<Cause>,
    /// The event that started it, if the rule looks at it.
    pub event: Option<Box<Happening>>,
    /// What ended each `wait for` whose block has not ended yet; `None`: the time was over, or nothing came.
    pub waits: Vec<Option<Box<Happening>>>,
    /// The body, once it has begun.
    pub frame: Option<Frame>,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum State {
    /// Nothing: it is at work.
    Going,
    /// `then`: the rule above has not ended.
    Predecessor,
    /// `overlap queue`: an earlier run of the rule has not ended.
    Queue,
    /// `after`, `at`; without an instant a field that `at` reads is not set.
    Time(Option<DateTime<Utc>>),
    /// `during`: the next opening.
    Opening(DateTime<Utc>),
    /// Outputs of rules above.
    Outputs { outputs: Vec<OutputId>, phase: Phase },
    /// `wait`, `wait until`
    Until(DateTime<Utc>),
    /// `wait for`
    Event(ForEvent),
    /// The outcome of an action that the record's effect of this number asks for.
    Answer { call: CallId, effect: u64, until: Option<DateTime<Utc>> },
    /// Another version of the program has come: what it waits for is asked anew, from here, at the next opportunity.
    Anew { at: DateTime<Utc>, phase: Phase },
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Timing,
    Opening,
    Condition,
    Body,
}

/// A `wait for` under way: its patterns count for themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForEvent {
    pub wait: WaitForId,
    /// `at most`
    pub until: Option<DateTime<Utc>>,
    /// By the pattern's position.
    pub counts: BTreeMap<u16, Vec<DateTime<Utc>>>,
    /// By the pattern's position: when the silence has lasted, and the event that began it.
    pub silences: BTreeMap<u16, (DateTime<Utc>, Cause)>,
}

/// A place that listens: a trigger or an `on` rule, and the position of the pattern in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Listener {
    Trigger(TriggerId, u16),
    Rule(RuleId, u16),
}

/// A silence that lasts until now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    pub listener: Listener,
    pub due: DateTime<Utc>,
    /// The event that began it.
    pub cause: Cause,
}

/// An event as it was, for code that looks at it later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// `None` for a change.
    pub event: Option<EventId>,
    pub time: DateTime<Utc>,
    pub payload: Vec<Value>,
    /// All values before a change, if the rule looks at them.
    pub old: Option<Vec<Value>>,
}

impl Run {
    pub fn new(rule: RuleId, visit: u32, since: DateTime<Utc>) -> Run {
        Run {
            number: 0,
            rule,
            visit,
            since,
            state: State::Going,
            order: 0,
            cause: None,
            event: None,
            waits: Vec::new(),
            frame: None,
        }
    }

    /// When it goes on by itself.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        match &self.state {
            State::Time(due) => *due,
            State::Opening(due) | State::Until(due) | State::Anew { at: due, .. } => Some(*due),
            State::Event(wait) => {
                wait.until.into_iter().chain(wait.silences.values().map(|(due, _)| *due)).min()
            }
            State::Answer { until, .. } => *until,
            State::Going | State::Predecessor | State::Queue | State::Outputs { .. } => None,
        }
    }
}

impl Waiting {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.counts.is_empty() && self.silences.is_empty()
    }

    /// The earliest of all timers, looked up.
    pub(crate) fn earliest(&self) -> Option<DateTime<Utc>> {
        let runs = self.runs.iter().filter_map(Run::due);
        runs.chain(self.silences.iter().map(|silence| silence.due)).min()
    }

    pub(super) fn position(&self, number: u64) -> Option<usize> {
        self.runs.binary_search_by_key(&number, |run| run.number).ok()
    }

    /// Puts a run where its number belongs.
    pub(super) fn insert(&mut self, run: Run) {
        let at = self.runs.partition_point(|other| other.number < run.number);
        // Most records wait for one thing or two, and a run is large: no room is made beforehand for more.
        if self.runs.len() == self.runs.capacity() {
            self.runs.reserve_exact(1 + self.runs.len() / 2);
        }
        self.runs.insert(at, run);
    }
}
