//! How often everything in a program has happened: what tests have covered.

use super::trace::{Trace, TriggerOutcome};
use crate::value::*;
use crate::vm::observe::Tally;

/// Counts over everything in a program; those of several runs of one program can be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub code: Tally,
    entered: Vec<u64>,
    fired: Vec<u64>,
    refused: Vec<u64>,
    started: Vec<u64>,
    touched: Vec<u64>,
}

impl Counts {
    /// How often a record came to a stage.
    pub fn entered(&self, stage: StageId) -> u64 {
        of(&self.entered, stage.index())
    }

    /// How often a trigger moved a record.
    pub fn fired(&self, trigger: TriggerId) -> u64 {
        of(&self.fired, trigger.0 as usize)
    }

    /// How often an event came that a trigger listens to, and it did not fire.
    pub fn refused(&self, trigger: TriggerId) -> u64 {
        of(&self.refused, trigger.0 as usize)
    }

    /// How often the body of a rule began.
    pub fn started(&self, rule: RuleId) -> u64 {
        of(&self.started, rule.0 as usize)
    }

    /// How often anything was decided about a rule: that it runs, waits, or does not run.
    pub fn touched(&self, rule: RuleId) -> u64 {
        of(&self.touched, rule.0 as usize)
    }

    pub fn add(&mut self, other: &Counts) {
        self.code.add(&other.code);
        let pairs = [
            (&mut self.entered, &other.entered),
            (&mut self.fired, &other.fired),
            (&mut self.refused, &other.refused),
            (&mut self.started, &other.started),
            (&mut self.touched, &other.touched),
        ];
        for (own, other) in pairs {
            other.iter().enumerate().for_each(|(at, count)| more(own, at, *count));
        }
    }

    pub(super) fn enter(&mut self, stage: StageId) {
        more(&mut self.entered, stage.index(), 1);
    }

    pub(super) fn note(&mut self, trace: &Trace) {
        match trace {
            Trace::TriggerTried { trigger, outcome: TriggerOutcome::Fired } => {
                more(&mut self.fired, trigger.0 as usize, 1);
            }
            Trace::TriggerTried { trigger, .. } => more(&mut self.refused, trigger.0 as usize, 1),
            Trace::RuleStarted { rule } => {
                more(&mut self.started, rule.0 as usize, 1);
                more(&mut self.touched, rule.0 as usize, 1);
            }
            Trace::RuleSkipped { rule, .. }
            | Trace::RuleWaits { rule, .. }
            | Trace::RuleFailed { rule, .. }
            | Trace::RuleCancelled { rule }
            | Trace::WaitConditionFailed { rule, .. }
            | Trace::Branches { rule, .. } => more(&mut self.touched, rule.0 as usize, 1),
            Trace::Duplicate
            | Trace::Echo
            | Trace::OutcomeIgnored
            | Trace::Condition { .. }
            | Trace::TimerFired { .. }
            | Trace::ActorUnknown { .. } => {}
        }
    }
}

fn of(counts: &[u64], at: usize) -> u64 {
    counts.get(at).copied().unwrap_or(0)
}

fn more(counts: &mut Vec<u64>, at: usize, count: u64) {
    if count == 0 {
        return;
    }
    if counts.len() <= at {
        counts.resize(at + 1, 0);
    }
    counts[at] += count;
}
