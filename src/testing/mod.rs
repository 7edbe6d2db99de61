//! Tests of rule libraries: `test` blocks are played through the engine, and what does not come as expected is said
//! at its place.
//!
//! `coverage` says what they have seen of the program; `play` goes through the steps of one test; `words` writes effects as lines for people.

pub mod coverage;
mod play;
pub mod words;

use crate::diagnostic::Diagnostic;
use crate::engine::counts::Counts;
use crate::lower;
use crate::model::Model;
use crate::model::test::Test;
use crate::program::sites::Sites;
use crate::program::{ChunkId, Program};
use crate::source::{FileId, Sources, Span};
use crate::vm::Machine;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The tests of one program, ready to run.
pub struct Suite<'m> {
    machine: Machine,
    tests: Vec<(&'m Test, Vec<Option<ChunkId>>)>,
    /// Where it is counted what runs, if anyone wants to know.
    sites: Option<Arc<Sites>>,
}

/// What became of one test.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// How many expectations it looked at.
    pub expectations: usize,
    /// Why it failed: the first expectation that was not met, or a step that could not be done.
    pub failure: Option<Box<Diagnostic>>,
    /// How often everything happened, of a suite that counts.
    pub counts: Counts,
}

impl Outcome {
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

impl<'m> Suite<'m> {
    /// Makes the tests of a checked program ready.
    ///
    /// # Errors
    /// What this build cannot compile.
    pub fn new(model: &'m Model, sources: &Sources) -> Result<Suite<'m>, Vec<Diagnostic>> {
        let (program, conditions) = lower::lower_with_tests(model, sources)?;
        Suite::of(model, program, conditions, None)
    }

    /// As [`Suite::new`]; it is counted how often everything happens.
    ///
    /// # Errors
    /// As [`Suite::new`].
    pub fn counting(model: &'m Model, sources: &Sources) -> Result<Suite<'m>, Vec<Diagnostic>> {
        let (program, conditions, sites) = lower::lower_tests_observed(model, sources)?;
        Suite::of(model, program, conditions, Some(Arc::new(sites)))
    }

    fn of(
        model: &'m Model,
        program: Program,
        conditions: lower::Expectations,
        sites: Option<Arc<Sites>>,
    ) -> Result<Suite<'m>, Vec<Diagnostic>> {
        let place = model.tests.first().map(|test| test.span);
        let machine = Machine::new(program).map_err(|error| {
            // A program that was just made always loads; a mistake of ours is at least said.
            let span = place.unwrap_or(Span { file: FileId(0), start: 0, end: 0 });
            vec![Diagnostic::new(crate::diagnostic::Code::StepFailed, span, error.to_string())]
        })?;
        Ok(Suite { machine, tests: model.tests.iter().zip(conditions).collect(), sites })
    }

    pub fn program(&self) -> &Program {
        self.machine.program()
    }

    /// The places at which values are seen, of a suite that counts.
    pub fn sites(&self) -> Option<&Arc<Sites>> {
        self.sites.as_ref()
    }

    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Runs those of the tests that `wanted` names, on as many threads as there are cores. Outcomes come in the order
    /// of the text.
    pub fn run(&self, wanted: impl Fn(&str) -> bool) -> Vec<Outcome> {
        let chosen: Vec<_> = self.tests.iter().filter(|(test, _)| wanted(&test.name)).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(chosen.len());
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some((test, conditions)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push((test.span, play::play(&self.machine, test, conditions, self.sites.as_ref())));
            }
            done
        };
        let mut outcomes: Vec<(Span, Outcome)> = if threads <= 1 {
            work()
        } else {
            std::thread::scope(|scope| {
                let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                // A panic in a test is one of ours: it goes on here.
                let joined = handles.into_iter().map(|handle| match handle.join() {
                    Ok(done) => done,
                    Err(panic) => std::panic::resume_unwind(panic),
                });
                joined.flatten().collect()
            })
        };
        outcomes.sort_by_key(|(span, _)| (span.file, span.start));
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}
