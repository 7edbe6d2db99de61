//! Tests of rule libraries: `test` blocks are played through the engine, and what does not come as expected is said
//! at its place.
//!
//! `play` goes through the steps of one test; `scenario` plays a file of events and writes what happens as a timeline;
//! `coverage` says what they have seen of the program, and `mutation` which changes of it they do not notice; `parallel`
//! does several things at once; `reasons` says why what was expected did not come; `words` writes effects as lines for people.

pub mod coverage;
pub mod mutation;
pub mod parallel;
mod play;
pub mod reasons;
pub mod scenario;
pub mod words;

pub use play::Clock;

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
use std::time::Instant;

/// The tests of one program, ready to run.
pub struct Suite<'m> {
    machine: Machine,
    tests: Vec<(&'m Test, Vec<Option<ChunkId>>)>,
    /// Where it is counted what runs, if anyone wants to know.
    sites: Option<Arc<Sites>>,
    pub clock: Clock,
    /// How many run at once.
    pub jobs: usize,
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
    /// How much happened: effects, and times that had come.
    pub work: usize,
}

/// How much a test may do before it counts as one that does not end.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    pub work: usize,
    pub until: Instant,
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
        let tests = model.tests.iter().zip(conditions).collect();
        Ok(Suite { machine, tests, sites, clock: Clock::default(), jobs: parallel::cores() })
    }

    pub fn program(&self) -> &Program {
        self.machine.program()
    }

    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The places at which values are seen, of a suite that counts.
    pub fn sites(&self) -> Option<&Arc<Sites>> {
        self.sites.as_ref()
    }

    /// With another bound for one evaluation or body.
    #[must_use]
    pub fn with_fuel(self, fuel: u32) -> Suite<'m> {
        Suite { machine: self.machine.with_fuel(fuel), ..self }
    }

    /// Runs one test, by its number, which fails if it does more than it may. `None`: there is no such test.
    pub fn guarded(&self, number: usize, guard: Guard) -> Option<Outcome> {
        let (test, conditions) = self.tests.get(number)?;
        Some(play::play(&self.machine, test, conditions, &self.clock, self.sites.as_ref(), Some(guard)))
    }

    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Runs those of the tests that `wanted` names, so many at once. Outcomes come in the order of the text.
    pub fn run(&self, wanted: impl Fn(&str) -> bool) -> Vec<Outcome> {
        let chosen: Vec<_> = self.tests.iter().filter(|(test, _)| wanted(&test.name)).collect();
        let play = |(test, conditions): &&(&Test, Vec<_>)| {
            play::play(&self.machine, test, conditions, &self.clock, self.sites.as_ref(), None)
        };
        let mut outcomes = parallel::each(self.jobs, &chosen, play);
        outcomes.sort_by_key(|outcome| (outcome.span.file, outcome.span.start));
        outcomes
    }
}
