//! `stagegate test`: runs the tests of programs and says what did not come as expected.

mod coverage;
mod mutate;
mod report;
mod review;
mod scenarios;
mod shown;
mod watch;

use super::Result;
use super::config::Config;
use super::exit::{self, Exit, Failure};
use super::input::{self, Style};
use super::usage;
use crate::compiler::{self, Loaded};
use crate::diagnostic::suggest::did_you_mean;
use crate::engine::counts::Counts;
use crate::model::Model;
use crate::settings::Library;
use crate::source::Sources;
use crate::testing::coverage::{Coverage, Plan};
use crate::testing::{Clock, Outcome, Suite, parallel, reasons};
use scenarios::{Target, Tested};
use std::collections::HashSet;
use std::path::PathBuf;
use std::rc::Rc;

/// Run the tests of rules.
///
/// Runs each `test` block of the programs, in a world of its own: no file, no network and no clock is touched, and
/// nothing is sent. Of a folder, the tests of every program in it and below are run. Files of events in the folder `tests`
/// beside a program (tests/chase.events.jsonl) are scenarios: each is run, and what happens is compared with the snapshot
/// beside it (tests/chase.snap).
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate test                           every test in this folder and below\n  \
    stagegate test sales.rules               of one program\n  \
    stagegate test tests/chase.events.jsonl  one scenario\n  \
    stagegate test --filter invoice          those with `invoice` in the name\n  \
    stagegate test --accept                  take what happens now as the snapshots\n  \
    stagegate test --review                  look at each difference, and take it or not\n  \
    stagegate test --watch                   again whenever a file changes\n  \
    stagegate test --format junit > tests.xml   for a CI server\n  \
    stagegate test --coverage                and what they have not seen of the rules\n  \
    stagegate test --coverage html --coverage-output coverage.html\n  \
    stagegate test --mutate                  which changes of the rules no test notices\n\n\
    Exit codes: 0 all tests passed, 1 a test failed, the rules have errors, too little is covered or a change is not noticed, 2 \
    a file cannot be read or written, or --filter leaves no test.")]
pub struct Args {
    /// Files and folders; left out: this folder.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only tests with this in the name, in any case. With --mutate: what these tests notice, whatever others do.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How to say what came of the tests, on standard output.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// How many tests run at once. Left out: as many as there are cores.
    #[arg(short, long, value_name = "N", value_parser = usage::whole::<u32>(1..=1024))]
    jobs: Option<u32>,
    /// Run the tests again whenever a file changes that matters to them, until ^C.
    #[arg(long, conflicts_with_all = ["accept", "review", "prune"])]
    watch: bool,
    /// Write the snapshots of scenarios that are new or go another way than before.
    #[arg(long, help_heading = "Snapshots")]
    accept: bool,
    /// Show these scenarios one by one, and ask of each whether its snapshot is to be written.
    #[arg(long, help_heading = "Snapshots", conflicts_with = "accept")]
    review: bool,
    /// Remove snapshots that belong to no scenario any more.
    #[arg(long, help_heading = "Snapshots")]
    prune: bool,
    #[command(flatten)]
    coverage: coverage::CoverageArgs,
    #[command(flatten)]
    mutate: mutate::MutateArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// An array of objects, one for each test.
    Json,
    /// The XML that CI servers read.
    Junit,
}

/// The tests of one program that have run.
struct Ran {
    /// As the path was given.
    program: String,
    sources: Sources,
    outcomes: Vec<Outcome>,
    scenarios: Vec<Tested>,
    /// What they have seen of the rules, if that is wanted.
    coverage: Option<Coverage>,
    /// The names of all, also of those that the filter left out.
    all: Vec<String>,
}

pub fn run(args: &Args, style: Style) -> Result {
    if args.prune && args.filter.is_some() {
        let message = "nothing has been removed: `--prune` removes snapshots that belong to no scenario at all, and with \
                       `--filter` only some are looked at; give one of the two";
        return Err(Failure::usage(message));
    }
    if args.review {
        review::refuse_without_terminal()?;
    }
    if !args.watch {
        return once(args, style);
    }
    let mut paths = args.paths.clone();
    args.coverage.wanted(&mut paths)?;
    if paths.is_empty() {
        paths.push(PathBuf::from("."));
    }
    watch::watch(&paths, || once(args, style))
}

fn once(args: &Args, style: Style) -> Result {
    let mut paths = args.paths.clone();
    let mut coverage = args.coverage.wanted(&mut paths)?;
    if paths.is_empty() {
        paths.push(PathBuf::from("."));
    }
    let found = scenarios::find(&paths)?;
    let mut failures =
        Failures { unreadable: false, broken: !found.misplaced.is_empty(), said: HashSet::new() };
    let (mut config, mut targets) = (Config::default(), Vec::new());
    for target in &found.targets {
        match config.of(&target.program) {
            Ok(Some(library)) => targets.push((target, library)),
            // It has been said.
            Ok(None) => {}
            Err(broken) => failures.say(broken.said(style)),
        }
    }
    // Some of the tests see some of the rules: what the settings ask for is asked of all of them.
    let whole = args.filter.is_none() && paths.iter().all(|path| path.is_dir());
    let least = targets.iter().filter_map(|(_, library)| library.test.min_coverage).filter(|_| whole);
    args.coverage.at_least(least.max(), &mut coverage);
    let taken = coverage.as_ref().is_some_and(coverage::Wanted::takes_stdout);
    if taken && args.format != Format::Human {
        let message = "both the tests and their coverage would go to standard output: name a file for one of them \
                       with `--coverage-output FILE`";
        return Err(Failure::usage(message));
    }
    let wanted = args.filter.as_ref().map(|filter| filter.to_lowercase());
    let wanted = |name: &str| wanted.as_ref().is_none_or(|text| name.to_lowercase().contains(text));
    for failure in found.unreadable {
        failures.say(failure);
    }
    for message in &found.misplaced {
        exit::say(&format!("error: {message}\n"));
    }
    if args.mutate.mutate {
        return mutate::run(args, &targets, &wanted, failures, style);
    }
    let (mut ran, mut broken) = (Vec::<Ran>::new(), Vec::new());
    for (target, library) in targets {
        let how = How { jobs: args.jobs, style, coverage: coverage.is_some(), library };
        match tests_of(target, &how, &wanted, &mut failures) {
            Ok(Some(tests)) => ran.push(tests),
            Ok(None) => {
                failures.broken = true;
                broken.push(input::shown(&target.program));
            }
            // The other programs are tested all the same.
            Err(failure) => failures.say(failure),
        }
    }
    let differ = ran.iter_mut().flat_map(|ran| &mut ran.scenarios).filter(|tested| tested.now().is_some());
    if args.accept {
        for tested in differ {
            if let Err(failure) = tested.accept() {
                failures.say(failure);
            }
        }
    } else if args.review {
        review::review(differ.collect(), style)?;
    }
    let named = |ran: &Ran| !ran.outcomes.is_empty() || !ran.scenarios.is_empty();
    let report = match args.format {
        // That nothing ran is said below.
        Format::Human if args.filter.is_some() && !failures.any() && !ran.iter().any(named) => String::new(),
        Format::Human => report::human(&ran, style.for_stdout()),
        Format::Json => report::json(&ran, &broken),
        Format::Junit => report::junit(&ran, &broken),
    };
    if taken {
        exit::say(&report);
    } else {
        input::print(&report)?;
    }
    if let Some(filter) = &args.filter
        && !failures.any()
        && !ran.iter().any(named)
    {
        let names: Vec<&str> = ran.iter().flat_map(|ran| &ran.all).map(String::as_str).collect();
        return Err(nothing_named(filter, &names));
    }
    let mut enough = true;
    if let Some(wanted) = &coverage {
        let mut all = Coverage::default();
        ran.iter_mut().filter_map(|ran| ran.coverage.take()).for_each(|of_program| all.add(of_program));
        let human = args.format == Format::Human;
        enough =
            wanted.report(&all, human, failures.broken, if human { style.for_stdout() } else { style })?;
    }
    for orphan in &found.orphans {
        let shown = input::shown(orphan);
        if !args.prune {
            exit::say(&format!(
                "note: {shown} belongs to no scenario: `stagegate test --prune` removes it\n"
            ));
        } else if failures.any() {
            exit::say(&format!(
                "note: {shown} belongs to no scenario; it has not been removed, for not all tests could be run: mend \
                 that first\n"
            ));
        } else if let Err(error) = std::fs::remove_file(orphan) {
            failures.say(Failure::usage(format!("cannot remove {shown}: {}", exit::plain(&error))));
        } else {
            exit::say(&format!("removed {shown}\n"));
        }
    }
    let passed = |ran: &Ran| {
        ran.outcomes.iter().all(Outcome::passed) && ran.scenarios.iter().all(|tested| tested.passed())
    };
    Ok(match (failures.unreadable, !ran.iter().all(passed) || failures.broken || !enough) {
        (true, _) => Exit::Usage,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

/// What kept tests from running.
struct Failures {
    /// Something cannot be read or written.
    unreadable: bool,
    /// Rules have errors, or files are not where they belong.
    broken: bool,
    /// What has been said of errors in rules.
    said: HashSet<String>,
}

impl Failures {
    fn any(&self) -> bool {
        self.unreadable || self.broken
    }

    fn say(&mut self, failure: Failure) {
        exit::say(&format!("error: {}\n", failure.message.unwrap_or_default()));
        match failure.exit {
            // Mistakes in a file of settings are found like those in rules.
            Exit::Findings => self.broken = true,
            _ => self.unreadable = true,
        }
    }
}

/// How the tests of a program are run.
struct How {
    jobs: Option<u32>,
    style: Style,
    coverage: bool,
    library: Rc<Library>,
}

/// Runs the tests of a program; `None` if its rules have errors, which have been said.
fn tests_of(
    target: &Target,
    how: &How,
    wanted: &(impl Fn(&str) -> bool + Sync),
    failures: &mut Failures,
) -> std::result::Result<Option<Ran>, Failure> {
    let path = &target.program;
    let loaded = input::load(path)?;
    let program = input::shown(path);
    let Some(model) = model_of(&loaded, &program, how.style, &mut failures.said) else { return Ok(None) };
    let made = match how.coverage {
        true => Suite::counting(&model, &loaded.sources),
        false => Suite::new(&model, &loaded.sources),
    };
    let mut suite = match made {
        Ok(suite) => suite,
        Err(diagnostics) => {
            input::report(&diagnostics, &loaded.sources, how.style);
            return Ok(None);
        }
    };
    let library = &*how.library;
    suite.clock = clock(library);
    suite.jobs = jobs(how.jobs, library);
    let chosen: Vec<_> = target.scenarios.iter().filter(|files| wanted(&files.name)).cloned().collect();
    let (mut outcomes, played) = std::thread::scope(|scope| {
        let blocks = scope.spawn(|| if target.blocks { suite.run(wanted) } else { Vec::new() });
        let played = scenarios::play(&chosen, path, suite.machine(), suite.sites(), library, suite.jobs);
        match blocks.join() {
            Ok(outcomes) => (outcomes, played),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    reasons::add(&mut outcomes, &model, &loaded.sources, &suite.clock);
    let mut scenarios = Vec::new();
    for result in played {
        match result {
            Ok(tested) => scenarios.push(tested),
            Err(failure) => failures.say(failure),
        }
    }
    let coverage = suite.sites().map(|sites| {
        let plan = Plan::new(&loaded, &model, suite.program(), sites);
        let mut counts = Counts::default();
        outcomes.iter().for_each(|outcome| counts.add(&outcome.counts));
        scenarios.iter().for_each(|tested| counts.add(&tested.counts));
        Coverage::of(&plan, &counts, &loaded.sources)
    });
    let all = names_of(target, &model);
    Ok(Some(Ran { program, sources: loaded.sources, outcomes, scenarios, coverage, all }))
}

/// The names of all tests of a program.
fn names_of(target: &Target, model: &Model) -> Vec<String> {
    let blocks = model.tests.iter().filter(|_| target.blocks).map(|test| test.name.to_string());
    blocks.chain(target.scenarios.iter().map(|files| files.name.clone())).collect()
}

/// That `--filter` leaves none of these tests.
fn nothing_named(filter: &str, names: &[&str]) -> Failure {
    const SHOWN: usize = 5;
    // A person types a part of a name: its words are as near as the whole.
    let words = names.iter().flat_map(|name| name.split_whitespace());
    let near = did_you_mean(filter, names.iter().copied().chain(words));
    let mut message = match names.len() {
        0 => format!("there are no tests at all, with `--filter {filter}` or without"),
        1 => format!("the name of the only test does not hold `{filter}`"),
        n => format!("none of the {n} tests has `{filter}` in its name"),
    };
    match near {
        Some(near) => message.push_str(&format!("; {near}")),
        None if names.is_empty() => {}
        None => {
            let lines = names.iter().take(SHOWN).map(|name| format!("\n  {name}"));
            message.push_str(if names.len() == 1 { "; it is" } else { "; they are" });
            message.extend(lines);
            if let Some(rest) = names.len().checked_sub(SHOWN).filter(|rest| *rest > 0) {
                message.push_str(&format!("\n  … and {rest} more"));
            }
        }
    }
    Failure::usage(message)
}

fn clock(library: &Library) -> Clock {
    Clock { start: library.test.start, timezone: library.test.timezone }
}

/// How many tests run at once.
fn jobs(asked: Option<u32>, library: &Library) -> usize {
    asked.or(library.test.jobs).map_or_else(parallel::cores, |jobs| jobs as usize)
}

/// The checked program; `None` if its rules have errors, which have been said: once, also if several programs bring them in.
fn model_of(loaded: &Loaded, program: &str, style: Style, said: &mut HashSet<String>) -> Option<Model> {
    let mut checked = compiler::check(loaded);
    let has_errors = checked.has_errors();
    let place = input::place(&checked.diagnostics, &loaded.sources).filter(|place| *place != program);
    checked.diagnostics.retain(|d| {
        let file = &loaded.sources.file(d.span().file).name;
        !has_errors || said.insert(format!("{file} {:?} {} {}", d.span().range(), d.code.id(), d.message))
    });
    let (errors, warnings) = if has_errors {
        input::report(&checked.diagnostics, &loaded.sources, style)
    } else {
        // Warnings are said by `check`; here they would bury what the tests say.
        (0, 0)
    };
    if has_errors && errors + warnings == 0 {
        exit::say(&format!("for the same reason the tests of {program} have not been run\n"));
    } else if checked.model.is_none() {
        let found = input::found(errors, warnings);
        exit::say(&match place {
            Some(place) => format!("{found} in {place}: the tests of {program} have not been run\n"),
            None => format!("{found} in {program}: its tests have not been run\n"),
        });
    }
    checked.model
}
