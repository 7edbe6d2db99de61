//! `stagegate test`: runs the tests of programs and says what did not come as expected.

mod coverage;
mod report;

use super::exit::{self, Exit, Failure};
use super::input::{self, Style};
use super::{Result, programs};
use crate::compiler;
use crate::engine::counts::Counts;
use crate::source::Sources;
use crate::testing::coverage::{Coverage, Plan};
use crate::testing::{Outcome, Suite};
use std::path::{Path, PathBuf};

/// Run the tests of rules.
///
/// Runs each `test` block of the programs, in a world of its own: no file, no network and no clock is touched, and
/// nothing is sent. Of a folder, the tests of every program in it and below are run.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate test                           every test in this folder and below\n  \
    stagegate test sales.rules               of one program\n  \
    stagegate test --filter invoice          those with `invoice` in the name\n  \
    stagegate test --format junit > tests.xml   for a CI server\n  \
    stagegate test --coverage                and what they have not seen of the rules\n  \
    stagegate test --coverage html --coverage-output coverage.html\n\n\
    Exit codes: 0 all tests passed, 1 a test failed, the rules have errors or too little is covered, 2 a file cannot be read.")]
pub struct Args {
    /// Files and folders; left out: this folder.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only tests with this in the name, in any case.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How to say what came of the tests, on standard output.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    #[command(flatten)]
    coverage: coverage::CoverageArgs,
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
    /// What they have seen of the rules, if that is wanted.
    coverage: Option<Coverage>,
    /// How many there are, with those that the filter left out.
    all: usize,
}

pub fn run(args: &Args, style: Style) -> Result {
    let mut paths = args.paths.clone();
    let coverage = args.coverage.wanted(&mut paths)?;
    if paths.is_empty() {
        paths.push(PathBuf::from("."));
    }
    let taken = coverage.as_ref().is_some_and(coverage::Wanted::takes_stdout);
    if taken && args.format != Format::Human {
        let message = "both the tests and their coverage would go to standard output: name a file for one of them \
                       with `--coverage-output FILE`";
        return Err(Failure::usage(message));
    }
    let programs::Found { programs, unreadable: passed_over } = programs::at(&paths)?;
    let wanted = args.filter.as_ref().map(|filter| filter.to_lowercase());
    let wanted = |name: &str| wanted.as_ref().is_none_or(|text| name.to_lowercase().contains(text));
    let (mut broken, mut unreadable) = (false, false);
    let mut ran = Vec::new();
    for (_, failure) in passed_over {
        exit::say(&format!("error: {}\n", failure.message.unwrap_or_default()));
        unreadable = true;
    }
    for path in &programs {
        match tests_of(path, style, &wanted, coverage.is_some()) {
            Ok(Some(tests)) => ran.push(tests),
            Ok(None) => broken = true,
            Err(failure) => {
                // The other programs are tested all the same.
                exit::say(&format!("error: {}\n", failure.message.unwrap_or_default()));
                unreadable = true;
            }
        }
    }
    let report = match args.format {
        Format::Human => report::human(&ran, style),
        Format::Json => report::json(&ran),
        Format::Junit => report::junit(&ran),
    };
    if taken {
        exit::say(&report);
    } else {
        input::print(&report)?;
    }
    let mut enough = true;
    if let Some(wanted) = &coverage {
        let mut all = Coverage::default();
        ran.iter_mut().filter_map(|ran| ran.coverage.take()).for_each(|of_program| all.add(of_program));
        enough = wanted.report(&all, args.format == Format::Human, style)?;
    }
    let failed = ran.iter().flat_map(|ran| &ran.outcomes).any(|outcome| !outcome.passed());
    Ok(match (unreadable, failed || broken || !enough) {
        (true, _) => Exit::Usage,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

/// Runs the tests of a program; `None` if its rules have errors, which have been said.
fn tests_of(
    path: &Path,
    style: Style,
    wanted: &impl Fn(&str) -> bool,
    coverage: bool,
) -> std::result::Result<Option<Ran>, Failure> {
    let loaded = input::load(path)?;
    let program = input::shown(path);
    let checked = compiler::check(&loaded);
    let has_errors = checked.has_errors();
    let (errors, warnings) = if has_errors {
        input::report(&checked.diagnostics, &loaded.sources, style)
    } else {
        // Warnings are said by `check`; here they would bury what the tests say.
        (0, 0)
    };
    let Some(model) = checked.model else {
        exit::say(&format!("{} in {program}: its tests have not been run\n", input::found(errors, warnings)));
        return Ok(None);
    };
    let made = match coverage {
        true => Suite::counting(&model, &loaded.sources),
        false => Suite::new(&model, &loaded.sources),
    };
    let (outcomes, coverage) = match made {
        Ok(suite) => {
            let outcomes = suite.run(wanted);
            let coverage = suite.sites().map(|sites| {
                let plan = Plan::new(&loaded, &model, suite.program(), sites);
                let mut counts = Counts::default();
                outcomes.iter().for_each(|outcome| counts.add(&outcome.counts));
                Coverage::of(&plan, &counts, &loaded.sources)
            });
            (outcomes, coverage)
        }
        Err(diagnostics) => {
            input::report(&diagnostics, &loaded.sources, style);
            return Ok(None);
        }
    };
    let all = model.tests.len();
    Ok(Some(Ran { program, sources: loaded.sources, outcomes, coverage, all }))
}
