//! Trying the changes: several at once, each with only the tests that come to its place, until one of them fails.

use super::reach::Places;
use super::{Changes, Key, Mutant, find};
use crate::check;
use crate::compiler::{self, Loaded};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::counts::Counts;
use crate::model::Model;
use crate::program::Program;
use crate::source::Sources;
use crate::syntax;
use crate::testing::scenario::{Played, Scenario};
use crate::testing::{Clock, Guard, Outcome, Suite, parallel, words};
use crate::value::RuleId;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What one evaluation may cost while changes are tried, if the tests pass with that: what loops is over sooner.
const FUEL: u32 = 200_000;
/// A changed program may bring this many times as much as the program itself, and so much more.
const TIMES: usize = 10;
const MORE: usize = 2_000;
/// However little happens, no test of a changed program takes longer.
const LONGEST: Duration = Duration::from_secs(20);

/// Told how many changes there are and how many have been tried.
pub type Progress<'p> = &'p (dyn Fn(usize, usize) + Sync);

/// A program with its tests.
pub struct Bench<'b> {
    pub loaded: &'b Loaded,
    pub model: &'b Model,
    pub clock: Clock,
    /// How many changes are tried at once.
    pub jobs: usize,
    /// Scenarios that go as their snapshots say.
    pub scenarios: &'b [Scenario],
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// By the test or scenario of this name.
    Noticed(String),
    Unnoticed,
    /// No test comes to its place.
    Unreached,
    /// It may be left alone.
    Allowed,
    /// It is no program.
    Invalid,
    /// No test runs what it stands in: it was not tried.
    Idle,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    pub mutant: Mutant,
    pub verdict: Verdict,
}

/// What became of all changes of a program.
#[derive(Debug, Clone)]
pub struct Report {
    /// How the tests end without a change.
    pub outcomes: Vec<Outcome>,
    /// In the order of the text; none if a test fails without any.
    pub tried: Vec<Tried>,
}

/// How everything goes without a change.
struct Baseline<'b> {
    bench: &'b Bench<'b>,
    program: &'b Program,
    /// With their numbers among the tests of the program.
    tests: Vec<(usize, &'b Outcome)>,
    scenarios: Vec<(&'b Scenario, Played)>,
    fuel: Option<u32>,
}

/// Tries all changes of a checked program with those of its tests that `wanted` names and its scenarios, but for those
/// changes that are `known` to be noticed.
///
/// # Errors
/// What this build cannot compile.
pub fn run(
    bench: &Bench<'_>,
    wanted: impl Fn(&str) -> bool + Sync,
    known: &Changes,
    progress: Progress<'_>,
) -> Result<Report, Vec<Diagnostic>> {
    let Bench { loaded, model, .. } = bench;
    let suite = |fuel: Option<u32>| {
        let mut suite = Suite::counting(model, &loaded.sources)?;
        (suite.clock, suite.jobs) = (bench.clock.clone(), bench.jobs);
        Ok::<_, Vec<Diagnostic>>(match fuel {
            Some(fuel) => suite.with_fuel(fuel),
            None => suite,
        })
    };
    let full = suite(None)?;
    let outcomes = full.run(&wanted);
    if outcomes.iter().any(|outcome| !outcome.passed()) {
        return Ok(Report { outcomes, tried: Vec::new() });
    }
    let play = |suite: &Suite<'_>| {
        parallel::each(bench.jobs, bench.scenarios, |scenario| scenario.play(suite.machine(), suite.sites()))
    };
    let played = play(&full);
    let frugal = suite(Some(FUEL))?;
    let same = played.iter().zip(play(&frugal)).all(|(full, frugal)| full.timeline == frugal.timeline);
    let fuel = (same && frugal.run(&wanted).iter().all(Outcome::passed)).then_some(FUEL);

    let places = Places::new(model, full.program());
    let mutants = find::mutants(loaded, &places, &compiler::allowed_mutants(loaded));
    let numbers = (0..model.tests.len()).filter(|at| wanted(&model.tests[*at].name));
    let baseline = Baseline {
        bench,
        program: full.program(),
        tests: numbers.zip(&outcomes).collect(),
        scenarios: bench.scenarios.iter().zip(played).collect(),
        fuel,
    };
    let idle = baseline.idle();
    let done = AtomicUsize::new(0);
    let verdicts = parallel::each(bench.jobs, &mutants, |mutant| {
        let verdict = if let Some(test) = known.noticed(&Key::of(mutant, &loaded.sources)) {
            Verdict::Noticed(test.to_owned())
        } else if mutant.allowed {
            Verdict::Allowed
        } else if !idle.contains(&mutant.owner) {
            baseline.verdict(mutant)
        } else {
            // A timeline says also of what does not run why it did not.
            let told = baseline
                .scenarios
                .iter()
                .any(|(_, played)| mutant.reach.by(&played.counts, baseline.program));
            match told.then(|| baseline.verdict(mutant)) {
                Some(Verdict::Noticed(scenario)) => Verdict::Noticed(scenario),
                _ => Verdict::Idle,
            }
        };
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, mutants.len());
        verdict
    });
    let tried = mutants.into_iter().zip(verdicts);
    let tried = tried.map(|(mutant, verdict)| Tried { mutant, verdict }).collect();
    Ok(Report { outcomes, tried })
}

impl Baseline<'_> {
    fn counts(&self) -> impl Iterator<Item = &Counts> {
        let tests = self.tests.iter().map(|(_, outcome)| &outcome.counts);
        tests.chain(self.scenarios.iter().map(|(_, played)| &played.counts))
    }

    /// The rules, triggers and functions that no test runs, as the owners of changes are called.
    fn idle(&self) -> HashSet<String> {
        let (program, model) = (self.program, self.bench.model);
        let none = |count: &dyn Fn(&Counts) -> u64| self.counts().all(|counts| count(counts) == 0);
        let mut idle = HashSet::new();
        for (rule, number) in program.rules.iter().zip(0..) {
            if none(&|counts| counts.started(RuleId(number))) {
                idle.insert(format!("rule `{}`", rule.path));
            }
        }
        for function in &program.code.functions {
            if none(&|counts| counts.code.ran(function.chunk, 0)) {
                idle.insert(format!("function `{}`", function.name));
            }
        }
        for stage in &model.stages {
            let pipeline = model.pipelines.get(stage.pipeline.index()).map_or("", |pipeline| &pipeline.name);
            for trigger in &stage.triggers {
                if none(&|counts| counts.fired(trigger.id)) {
                    let text = self.bench.loaded.sources.text(trigger.span);
                    let name = words::trigger(trigger.label.as_deref(), text);
                    idle.insert(format!("trigger {name} to `{pipeline}.{}`", stage.name));
                }
            }
        }
        idle
    }

    fn verdict(&self, mutant: &Mutant) -> Verdict {
        let loaded = self.bench.loaded;
        let file = mutant.span.file;
        let mut text = loaded.sources.file(file).text.to_string();
        text.replace_range(mutant.span.range(), &mutant.text);
        let (tree, diagnostics) = syntax::parse(file, &text);
        if diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error) {
            return Verdict::Invalid;
        }
        let mut files = loaded.files.clone();
        let Some(place) = files.iter_mut().find(|tree| tree.file == file) else { return Verdict::Invalid };
        *place = tree;
        let sources = loaded.sources.with_text(file, text);
        let (model, diagnostics) = check::check_program(&sources, &files);
        let errors = diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
        match model.filter(|_| !errors) {
            Some(model) => self.test(mutant, &model, &sources),
            None => Verdict::Invalid,
        }
    }

    /// Runs what comes to the place of the change.
    fn test(&self, mutant: &Mutant, model: &Model, sources: &Sources) -> Verdict {
        let Ok(mut suite) = Suite::new(model, sources) else { return Verdict::Invalid };
        suite.clock = self.bench.clock.clone();
        if let Some(fuel) = self.fuel {
            suite = suite.with_fuel(fuel);
        }
        let reached = |counts: &Counts| mutant.reach.by(counts, self.program);
        let guard = |work: usize| Guard {
            work: work.saturating_mul(TIMES).saturating_add(MORE),
            until: Instant::now() + LONGEST,
        };
        let mut verdict = Verdict::Unreached;
        for (number, outcome) in self.tests.iter().filter(|(_, outcome)| reached(&outcome.counts)) {
            let changed = suite.guarded(*number, guard(outcome.work));
            if changed.is_none_or(|outcome| !outcome.passed()) {
                return Verdict::Noticed(outcome.name.clone());
            }
            verdict = Verdict::Unnoticed;
        }
        for (scenario, played) in self.scenarios.iter().filter(|(_, played)| reached(&played.counts)) {
            let changed = scenario.guarded(suite.machine(), guard(played.work));
            if changed.as_deref() != Some(&*played.timeline) {
                return Verdict::Noticed(scenario.name.clone());
            }
            verdict = Verdict::Unnoticed;
        }
        verdict
    }
}
