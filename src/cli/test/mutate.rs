//! `stagegate test --mutate`: the changes of the rules that no test notices.

use super::super::Result;
use super::super::exit::{self, Exit, Failure};
use super::super::input::{self, Style};
use super::scenarios::{self, Files, Target};
use super::{Args, Failures, Format, How, clock, jobs, model_of, names_of, nothing_named};
use crate::compiler::Loaded;
use crate::diagnostic::{Rendered, render};
use crate::model::Model;
use crate::settings::Library;
use crate::testing::Suite;
use crate::testing::mutation::{self, Bench, Change, Changes, Key, Verdict};
use crate::testing::scenario::Scenario;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::collections::HashSet;
use std::fmt::Write;
use std::rc::Rc;

#[derive(clap::Args)]
#[command(next_help_heading = "Mutation")]
pub struct MutateArgs {
    /// Change the rules, one small change at a time, and list the changes that no test notices.
    #[arg(long, conflicts_with_all = ["coverage", "coverage_output", "min_coverage", "accept", "review", "prune"])]
    pub(super) mutate: bool,
}

pub(super) fn run(
    args: &Args,
    targets: &[(&Target, Rc<Library>)],
    wanted: &(dyn Fn(&str) -> bool + Sync),
    mut failures: Failures,
    style: Style,
) -> Result {
    if args.format == Format::Junit {
        return Err(Failure::usage("changes of rules are told as human or json: there is no JUnit for them"));
    }
    let mut changes = Changes::default();
    let (mut tried, mut names) = (Vec::new(), Vec::new());
    for (target, library) in targets {
        let how = How { jobs: args.jobs, style, coverage: false, library: library.clone() };
        match add(target, &how, wanted, &mut changes, &mut names) {
            Ok(Tried::Done) => tried.push(input::shown(&target.program)),
            // Of another program there may be one of that name.
            Ok(Tried::NoneNamed) => {}
            Ok(Tried::Not) => failures.broken = true,
            Err(failure) => failures.say(failure),
        }
    }
    if let Some(filter) = &args.filter
        && !failures.any()
        && tried.is_empty()
    {
        return Err(nothing_named(filter, &names.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    let missed = changes.count(Verdict::is_missed) > 0;
    let report = match args.format {
        Format::Json => json(&changes),
        _ => human(&changes, &tried, args.filter.as_deref(), style),
    };
    input::print(&report)?;
    Ok(match (failures.unreadable, missed || failures.broken) {
        (true, _) => Exit::Usage,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

/// What came of a program.
enum Tried {
    Done,
    /// No test has the name that is asked for.
    NoneNamed,
    /// Its rules have errors, it has no tests or one fails: that has been said.
    Not,
}

/// Tries the changes of a program; `names` takes in those of its tests.
fn add(
    target: &Target,
    how: &How,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    changes: &mut Changes,
    names: &mut Vec<String>,
) -> std::result::Result<Tried, Failure> {
    let path = &target.program;
    let loaded = input::load(path)?;
    let program = input::shown(path);
    let Some(model) = model_of(&loaded, &program, how.style, &mut HashSet::new()) else {
        return Ok(Tried::Not);
    };
    names.extend(names_of(target, &model));
    let named = wanted;
    let wanted = |name: &str| target.blocks && named(name);
    let files: Vec<_> = target.scenarios.iter().filter(|files| named(&files.name)).collect();
    if files.is_empty() && !model.tests.iter().any(|test| wanted(&test.name)) {
        if !names_of(target, &model).is_empty() {
            return Ok(Tried::NoneNamed);
        }
        exit::say(&format!("no tests in {program}: no change of its rules could be noticed\n"));
        return Ok(Tried::Not);
    }
    let Some(scenarios) = scenarios_of(&files, target, how, &loaded, &model)? else {
        exit::say(&format!("scenarios fail in {program} as it is: its rules have not been changed\n"));
        return Ok(Tried::Not);
    };
    // It clears itself, and stays silent where nobody looks.
    let bar = ProgressBar::new(0);
    if let Ok(form) = ProgressStyle::with_template("{bar:40} {pos} of {len} changes") {
        bar.set_style(form);
    }
    let progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let bench = Bench {
        loaded: &loaded,
        model: &model,
        clock: clock(&how.library),
        jobs: jobs(how.jobs, &how.library),
        scenarios: &scenarios,
    };
    let report = mutation::run(&bench, wanted, changes, &progress);
    bar.finish_and_clear();
    let report = match report {
        Ok(report) => report,
        Err(diagnostics) => {
            input::report(&diagnostics, &loaded.sources, how.style);
            return Ok(Tried::Not);
        }
    };
    let failed: Vec<_> = report.outcomes.iter().filter(|outcome| !outcome.passed()).collect();
    if failed.is_empty() {
        changes.add(report, &loaded.sources);
        return Ok(Tried::Done);
    }
    for outcome in &failed {
        let Some(failure) = &outcome.failure else { continue };
        let how = Rendered { color: how.style.color, width: how.style.width };
        exit::say(&format!("{}: {}\n", outcome.name, render(failure, &loaded.sources, how)));
    }
    let tests = if failed.len() == 1 { "a test fails" } else { "tests fail" };
    exit::say(&format!("{tests} in {program} as it is: its rules have not been changed\n"));
    Ok(Tried::Not)
}

/// The scenarios; `None` if one of them does not go as its snapshot says, which has been said.
fn scenarios_of(
    files: &[&Files],
    target: &Target,
    how: &How,
    loaded: &Loaded,
    model: &Model,
) -> std::result::Result<Option<Vec<Scenario>>, Failure> {
    let Ok(suite) = Suite::new(model, &loaded.sources) else { return Ok(Some(Vec::new())) };
    let mut all = Vec::new();
    let mut good = true;
    for files in files {
        let one = std::slice::from_ref(*files);
        for tested in scenarios::play(one, &target.program, suite.machine(), None, &how.library, 1) {
            if let Some((code, message)) = tested?.message() {
                exit::say(&format!("{}: {}: {message}\n", files.name, code.id()));
                good = false;
            }
        }
        if let Ok(scenario) = scenarios::load(files, &how.library)? {
            all.push(scenario);
        }
    }
    Ok(good.then_some(all))
}

fn counted(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

type Paint<'p> = &'p dyn Fn(&str, &str) -> String;

// Writing to a string cannot fail.
fn human(changes: &Changes, programs: &[String], filter: Option<&str>, style: Style) -> String {
    let paint = |text: &str, code: &str| match style.color {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let mut out = String::new();
    missed(changes, &mut out, &paint);
    idle(changes, &mut out, &paint);
    let of = |verdict: Verdict| changes.count(|other| *other == verdict);
    let noticed = changes.count(|verdict| matches!(verdict, Verdict::Noticed(_)));
    let unnoticed = of(Verdict::Unnoticed) + of(Verdict::Unreached);
    let mut parts = vec![format!("{noticed} noticed"), format!("{unnoticed} not noticed")];
    if of(Verdict::Idle) > 0 {
        parts.push(format!("{} not tried", of(Verdict::Idle)));
    }
    if of(Verdict::Allowed) > 0 {
        parts.push(format!("{} allowed", of(Verdict::Allowed)));
    }
    let all = changes.count(|verdict| *verdict != Verdict::Invalid);
    let programs = match programs {
        [] => return out,
        [one] => one.clone(),
        several => format!("{} programs", several.len()),
    };
    let invalid = match of(Verdict::Invalid) {
        0 => String::new(),
        n => format!(" ({n} more would be no program)"),
    };
    let all = counted(all, "change", "changes");
    let by = filter.map(|filter| format!(" by the tests with `{filter}` in the name")).unwrap_or_default();
    let _ = writeln!(out, "{all} of {programs}: {}{by}{invalid}", parts.join(", "));
    out
}

/// The changes that no test noticed: a line of the text, and what else could stand there.
fn missed(changes: &Changes, out: &mut String, paint: Paint<'_>) {
    let missed = changes.all.iter();
    let missed =
        missed.filter(|(_, change)| matches!(change.verdict, Verdict::Unnoticed | Verdict::Unreached));
    let mut last: Option<(&Key, &Change)> = None;
    for (key, change) in missed {
        let same = last.is_some_and(|(file, other)| {
            file.file == key.file
                && other.line == change.line
                && other.lines.before == change.lines.before
                && other.verdict == change.verdict
        });
        if !same {
            if last.is_some() {
                out.push('\n');
            }
            let nobody = if change.verdict == Verdict::Unreached { ": no test comes here" } else { "" };
            let place = paint(&format!("{}:{}", key.file, change.line), "1");
            let _ = writeln!(out, "{place}  {}{nobody}", change.owner);
            let _ = writeln!(out, "  {}", paint(&format!("- {}", change.lines.before), "31"));
            last = Some((key, change));
        }
        let after = if change.lines.after.is_empty() { "(without this)" } else { &change.lines.after };
        let _ = writeln!(out, "  {}", paint(&format!("+ {after}"), "32"));
    }
    if last.is_some() {
        out.push('\n');
    }
}

/// What no test runs.
fn idle(changes: &Changes, out: &mut String, paint: Paint<'_>) {
    let idle = changes.idle();
    for (key, change, count) in &idle {
        let does = match change.owner.split(' ').next() {
            Some("trigger") => "no test lets it fire",
            _ => "no test runs it",
        };
        let place = paint(&format!("{}:{}", key.file, change.line), "1");
        let count = counted(*count, "change was", "changes were");
        let _ = writeln!(out, "{place}  {}: {does}, so its {count} not tried", change.owner);
    }
    if !idle.is_empty() {
        out.push('\n');
    }
}

#[derive(Serialize)]
struct JsonReport<'c> {
    noticed: usize,
    unnoticed: usize,
    not_tried: usize,
    allowed: usize,
    invalid: usize,
    changes: Vec<JsonChange<'c>>,
}

#[derive(Serialize)]
struct JsonChange<'c> {
    kind: &'static str,
    status: &'static str,
    file: &'c str,
    line: usize,
    column: usize,
    #[serde(rename = "in")]
    owner: &'c str,
    /// What was taken away, and what was put there.
    old: &'c str,
    new: &'c str,
    /// The line before and after.
    before: &'c str,
    after: &'c str,
    /// The test that noticed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'c str>,
}

fn json(changes: &Changes) -> String {
    let of = |verdict: Verdict| changes.count(|other| *other == verdict);
    let all = changes.all.iter().map(|(key, change)| {
        let (status, test) = match &change.verdict {
            Verdict::Noticed(test) => ("noticed", Some(test.as_str())),
            Verdict::Unnoticed => ("unnoticed", None),
            Verdict::Unreached => ("unreached", None),
            Verdict::Idle => ("not-tried", None),
            Verdict::Allowed => ("allowed", None),
            Verdict::Invalid => ("invalid", None),
        };
        JsonChange {
            kind: change.kind.word(),
            status,
            file: &key.file,
            line: change.line,
            column: change.column,
            owner: &change.owner,
            old: &change.old,
            new: &key.new,
            before: &change.lines.before,
            after: &change.lines.after,
            test,
        }
    });
    let report = JsonReport {
        noticed: changes.count(|verdict| matches!(verdict, Verdict::Noticed(_))),
        unnoticed: of(Verdict::Unnoticed) + of(Verdict::Unreached),
        not_tried: of(Verdict::Idle),
        allowed: of(Verdict::Allowed),
        invalid: of(Verdict::Invalid),
        changes: all.collect(),
    };
    // It holds nothing that JSON cannot.
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}
