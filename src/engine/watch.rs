//! An engine that is watched notes what it decided, with the values that its conditions had.

use super::Life;
use super::counts::Counts;
use super::effect::Cause;
use super::patterns::Occasion;
use super::record::Place;
use super::trace::Trace;
use crate::event::Subject;
use crate::program::ChunkId;
use crate::program::sites::Sites;
use crate::value::*;
use crate::vm::observe::{Counting, Seen};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What is noted until it is asked for.
#[derive(Default)]
pub(super) struct Watch {
    /// Where the values of conditions can be seen; without, only decisions are noted.
    pub sites: Option<Arc<Sites>>,
    /// Whether the conditions in bodies count too.
    pub bodies: bool,
    pub noted: Vec<Noted>,
    /// Where it is counted how often everything happens: then nothing is noted.
    pub counts: Option<Counts>,
}

impl Watch {
    /// Counts in the code that runs next, if anyone counts.
    pub fn counting(&mut self) -> Option<Counting<'_>> {
        let (Some(sites), Some(counts)) = (&self.sites, &mut self.counts) else { return None };
        Some(Counting::new(sites, &mut counts.code))
    }
}

/// One thing that was decided, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    pub subject: Subject,
    pub time: DateTime<Utc>,
    /// The event that brought it, or that set the timer which did.
    pub cause: Cause,
    /// Whether a timer brought it.
    pub timer: bool,
    /// Where the record stood.
    pub place: Option<Place>,
    /// How many effects the record had brought before.
    pub effects: u64,
    pub trace: Trace,
}

impl Life<'_, '_> {
    pub(super) fn note(&mut self, trace: impl FnOnce() -> Trace) {
        match (&mut self.trace, &self.watch) {
            (None, None) => {}
            (Some(traces), None) => traces.push(trace()),
            (given, Some(_)) => {
                let trace = trace();
                if let Some(traces) = given {
                    traces.push(trace.clone());
                }
                if let Some(counts) = self.watch.as_mut().and_then(|watch| watch.counts.as_mut()) {
                    return counts.note(&trace);
                }
                let noted = Noted {
                    subject: self.record.subject.clone(),
                    time: self.now,
                    cause: self.cause(),
                    timer: self.event.is_none(),
                    place: self.record.place,
                    effects: self.record.effects,
                    trace,
                };
                if let Some(watch) = &mut self.watch {
                    watch.noted.push(noted);
                }
            }
        }
    }

    /// The places at which values are watched, if they are.
    pub(super) fn sites(&self) -> Option<Arc<Sites>> {
        self.watch.as_ref()?.sites.clone()
    }

    /// The value of a condition, which captures values of a body if it is that of a `wait for`; noted if it is watched.
    pub(super) fn condition_value(
        &mut self,
        chunk: ChunkId,
        captures: &[Value],
        occasion: Option<&Occasion<'_>>,
    ) -> Result<Value, Failure> {
        if let Some(mut counting) = self.watch.as_deref_mut().and_then(Watch::counting) {
            let (machine, scratch) = (self.machine, &mut self.buffers.scratch);
            let home = super::home(machine.program(), self.record, chunk);
            return super::with_context(self.record, self.view, self.now, home, occasion, |context| {
                machine.evaluate_watched(scratch, chunk, captures, context, &mut counting)
            });
        }
        let sites = self.sites();
        let (machine, scratch) = (self.machine, &mut self.buffers.scratch);
        let home = super::home(machine.program(), self.record, chunk);
        let (value, values) =
            super::with_context(self.record, self.view, self.now, home, occasion, |context| match &sites {
                None => (machine.evaluate_with(scratch, chunk, captures, context), Vec::new()),
                Some(sites) => {
                    let mut seen = Seen::values(sites);
                    let value = machine.evaluate_watched(scratch, chunk, captures, context, &mut seen);
                    (value, seen.into_values())
                }
            });
        if sites.is_some() {
            self.note(|| Trace::Condition { chunk, values });
        }
        value
    }
}
