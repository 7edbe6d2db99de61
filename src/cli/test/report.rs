//! What came of the tests, for people and for machines.

use super::Ran;
use super::scenarios::Tested;
use super::shown;
use crate::cli::input::{self, Style};
use crate::diagnostic::{Rendered, render};
use crate::testing::Outcome;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write;

/// A line for each test, then each failure at its place, then the counts.
pub(super) fn human(ran: &[Ran], style: Style) -> String {
    let mut out = String::new();
    let paint = |text: &str, code: &str| match style.color {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    for ran in ran.iter().filter(|ran| !ran.outcomes.is_empty() || !ran.scenarios.is_empty()) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", paint(&ran.program, "1"));
        for outcome in &ran.outcomes {
            let mark = if outcome.passed() { paint("pass", "32") } else { paint("FAIL", "31;1") };
            let _ = writeln!(out, "  {mark}  {}", outcome.name);
        }
        for scenario in &ran.scenarios {
            let mark = if scenario.passed() { paint("pass", "32") } else { paint("FAIL", "31;1") };
            let _ = writeln!(out, "  {mark}  {}{}", scenario.name(), shown::note(scenario));
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
        // Whoever has decided has seen it.
        for scenario in
            ran.scenarios.iter().filter(|scenario| !scenario.passed() && scenario.decided.is_none())
        {
            let _ = writeln!(out, "{}", shown::failure(scenario, style));
        }
    }
    let blocks = ran.iter().flat_map(|ran| &ran.outcomes).map(Outcome::passed);
    let scenarios = ran.iter().flat_map(|ran| &ran.scenarios).map(Tested::passed);
    let (passed, failed): (Vec<bool>, Vec<bool>) = blocks.chain(scenarios).partition(|passed| *passed);
    let (passed, failed) = (passed.len(), failed.len());
    let left_out = ran.iter().map(|ran| ran.all.len()).sum::<usize>() - passed - failed;
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
        let _ = writeln!(
            out,
            "no tests in {programs}: write `test \"…\" {{ … }}` in a .rules file, or put events into tests/NAME.events.jsonl"
        );
    } else {
        let _ = writeln!(out, "{} in {programs}", counts.join(", "));
    }
    out
}

#[derive(Serialize)]
struct JsonOutcome<'r> {
    program: &'r str,
    name: &'r str,
    /// `test` or `scenario`; `program` where its mistakes kept all of them from running.
    kind: &'static str,
    status: &'static str,
    file: Cow<'r, str>,
    line: usize,
    expectations: usize,
    /// The file with the timeline of a scenario.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<JsonFailure<'r>>,
}

#[derive(Serialize)]
struct JsonFailure<'r> {
    code: &'static str,
    message: Cow<'r, str>,
    file: Cow<'r, str>,
    line: usize,
    column: usize,
    /// What came instead.
    found: Option<&'r str>,
    /// What the step before brought.
    came: Option<&'r str>,
    help: Option<&'r str>,
    /// How a scenario goes another way than its snapshot says.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// Whoever reads only the report must not take a program with mistakes for one that passed. `broken`: their names.
pub(super) fn json(ran: &[Ran], broken: &[String]) -> String {
    let mut outcomes: Vec<JsonOutcome<'_>> = broken.iter().map(|program| json_broken(program)).collect();
    for ran in ran {
        outcomes.extend(ran.outcomes.iter().map(|outcome| json_outcome(ran, outcome)));
        outcomes.extend(ran.scenarios.iter().map(|scenario| json_scenario(ran, scenario)));
    }
    // It holds nothing that JSON cannot.
    let mut text = serde_json::to_string_pretty(&outcomes).unwrap_or_default();
    text.push('\n');
    text
}

fn json_broken(program: &str) -> JsonOutcome<'_> {
    JsonOutcome {
        program,
        name: program,
        kind: "program",
        status: "error",
        file: program.into(),
        line: 1,
        expectations: 0,
        snapshot: None,
        failure: None,
    }
}

fn json_outcome<'r>(ran: &'r Ran, outcome: &'r Outcome) -> JsonOutcome<'r> {
    let file = ran.sources.file(outcome.span.file);
    let failure = outcome.failure.as_ref().map(|failure| {
        let place = failure.span();
        let file = ran.sources.file(place.file);
        let position = file.position(place.start as usize);
        JsonFailure {
            code: failure.code.id(),
            message: failure.message.as_str().into(),
            file: file.name.as_str().into(),
            line: position.line,
            column: position.column,
            found: failure.labels[0].message.as_deref(),
            came: failure.labels.get(1).and_then(|label| label.message.as_deref()),
            help: failure.help.as_deref(),
            diff: None,
        }
    });
    JsonOutcome {
        program: &ran.program,
        name: &outcome.name,
        kind: "test",
        status: if outcome.passed() { "passed" } else { "failed" },
        file: file.name.as_str().into(),
        line: file.position(outcome.span.start as usize).line,
        expectations: outcome.expectations,
        snapshot: None,
        failure,
    }
}

fn json_scenario<'r>(ran: &'r Ran, scenario: &'r Tested) -> JsonOutcome<'r> {
    let failure = scenario.message().map(|(code, message)| {
        let (file, line) = scenario.place();
        JsonFailure {
            code: code.id(),
            message: message.into(),
            file: file.into(),
            line,
            column: 1,
            found: None,
            came: None,
            help: None,
            diff: shown::diff(scenario, false),
        }
    });
    JsonOutcome {
        program: &ran.program,
        name: scenario.name(),
        kind: "scenario",
        status: if scenario.passed() { "passed" } else { "failed" },
        file: input::shown(&scenario.files.events).into(),
        line: 1,
        expectations: 1,
        snapshot: Some(input::shown(&scenario.files.snapshot())),
        failure,
    }
}

pub(super) fn junit(ran: &[Ran], broken: &[String]) -> String {
    let mut report = Report::new("stagegate");
    for program in broken {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message("the rules or their tests have mistakes: nothing was run");
        let mut case = TestCase::new(program.as_str(), status);
        case.set_classname(program.as_str());
        let mut suite = TestSuite::new(program.as_str());
        suite.add_test_case(case);
        report.add_test_suite(suite);
    }
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
        for scenario in &ran.scenarios {
            let mut status = TestCaseStatus::success();
            if let Some((code, message)) = scenario.message() {
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(message).set_type(code.id());
                status.set_description(shown::failure(scenario, Style::plain(100)));
            }
            let mut case = TestCase::new(scenario.name(), status);
            case.set_classname(ran.program.as_str());
            case.set_assertions(1);
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    // A report in memory can always be written.
    report.to_string().unwrap_or_default()
}
