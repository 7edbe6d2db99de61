//! What came of the tests, for people and for machines.

use super::Ran;
use crate::cli::input::Style;
use crate::diagnostic::{Rendered, render};
use crate::testing::Outcome;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;
use std::fmt::Write;

/// A line for each test, then each failure at its place, then the counts.
pub(super) fn human(ran: &[Ran], style: Style) -> String {
    let mut out = String::new();
    let paint = |text: &str, code: &str| match style.color {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    for ran in ran.iter().filter(|ran| !ran.outcomes.is_empty()) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", paint(&ran.program, "1"));
        for outcome in &ran.outcomes {
            let mark = if outcome.passed() { paint("pass", "32") } else { paint("FAIL", "31;1") };
            let _ = writeln!(out, "  {mark}  {}", outcome.name);
        }
        out.push('\n');
    }
    for ran in ran {
        for outcome in &ran.outcomes {
            let Some(failure) = &outcome.failure else { continue };
            let how = Rendered { color: style.color, width: style.width };
            // The code heads what is drawn: the name of the test before it.
            let _ = writeln!(out, "{}: {}", outcome.name, render(failure, &ran.sources, how));
        }
    }
    let outcomes = || ran.iter().flat_map(|ran| &ran.outcomes);
    let failed = outcomes().filter(|outcome| !outcome.passed()).count();
    let passed = outcomes().count() - failed;
    let left_out = ran.iter().map(|ran| ran.all).sum::<usize>() - passed - failed;
    let mut counts = vec![format!("{passed} passed")];
    if failed > 0 {
        counts.push(format!("{failed} failed"));
    }
    if left_out > 0 {
        counts.push(format!("{left_out} left out"));
    }
    let programs = match ran {
        [] => return out,
        [one] => one.program.clone(),
        several => format!("{} programs", several.len()),
    };
    if passed + failed + left_out == 0 {
        let _ = writeln!(out, "no tests in {programs}: write `test \"…\" {{ … }}` in a .rules file");
    } else {
        let _ = writeln!(out, "{} in {programs}", counts.join(", "));
    }
    out
}

#[derive(Serialize)]
struct JsonOutcome<'r> {
    program: &'r str,
    name: &'r str,
    status: &'static str,
    file: &'r str,
    line: usize,
    expectations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<JsonFailure<'r>>,
}

#[derive(Serialize)]
struct JsonFailure<'r> {
    code: &'static str,
    message: &'r str,
    file: &'r str,
    line: usize,
    column: usize,
    /// What came instead.
    found: Option<&'r str>,
    /// What the step before brought.
    came: Option<&'r str>,
    help: Option<&'r str>,
}

pub(super) fn json(ran: &[Ran]) -> String {
    let outcomes: Vec<JsonOutcome<'_>> =
        ran.iter().flat_map(|ran| ran.outcomes.iter().map(|outcome| json_outcome(ran, outcome))).collect();
    // It holds nothing that JSON cannot.
    let mut text = serde_json::to_string_pretty(&outcomes).unwrap_or_default();
    text.push('\n');
    text
}

fn json_outcome<'r>(ran: &'r Ran, outcome: &'r Outcome) -> JsonOutcome<'r> {
    let file = ran.sources.file(outcome.span.file);
    let failure = outcome.failure.as_ref().map(|failure| {
        let place = failure.span();
        let file = ran.sources.file(place.file);
        let position = file.position(place.start as usize);
        JsonFailure {
            code: failure.code.id(),
            message: &failure.message,
            file: &file.name,
            line: position.line,
            column: position.column,
            found: failure.labels[0].message.as_deref(),
            came: failure.labels.get(1).and_then(|label| label.message.as_deref()),
            help: failure.help.as_deref(),
        }
    });
    JsonOutcome {
        program: &ran.program,
        name: &outcome.name,
        status: if outcome.passed() { "passed" } else { "failed" },
        file: &file.name,
        line: file.position(outcome.span.start as usize).line,
        expectations: outcome.expectations,
        failure,
    }
}

pub(super) fn junit(ran: &[Ran]) -> String {
    let mut report = Report::new("stagegate");
    for ran in ran {
        let mut suite = TestSuite::new(ran.program.as_str());
        for outcome in &ran.outcomes {
            let mut status = TestCaseStatus::success();
            if let Some(failure) = &outcome.failure {
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let how = Rendered { color: false, width: 100 };
                status.set_message(failure.message.as_str()).set_type(failure.code.id());
                status.set_description(render(failure, &ran.sources, how));
            }
            let mut case = TestCase::new(outcome.name.as_str(), status);
            case.set_classname(ran.program.as_str());
            case.set_assertions(outcome.expectations);
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    // A report in memory can always be written.
    report.to_string().unwrap_or_default()
}
