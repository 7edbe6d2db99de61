//! `check --against OLD NEW`: which rules, triggers and tests a changed library or schema breaks, or makes mean
//! something else.

use crate::against::{self, Comparison, Kind, Unit, UnitKind};
use crate::cli::Result;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::input::{self, Style};
use crate::cli::report::{Format, print};
use crate::compiler::Loaded;
use crate::diagnostic::format::{Finding, Place};
use crate::source::Sources;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

pub(super) fn run(old: &Path, new: &Path, format: Format, style: Style) -> Result {
    if !matches!(format, Format::Human | Format::Json) {
        return Err(Failure::usage("with --against the --format is `human` or `json`"));
    }
    let (before, after) = (input::load(old)?, input::load(new)?);
    let comparison = match against::compare(&before, &after) {
        Ok(comparison) => comparison,
        Err(wrong) => {
            let (errors, warnings) = input::report(&wrong, &before.sources, style);
            return Err(Failure {
                exit: Exit::Findings,
                message: Some(format!(
                    "{} in {}: what its rules mean cannot be told before they are mended",
                    input::found(errors, warnings),
                    input::shown(old)
                )),
            });
        }
    };
    let broken = comparison.units.iter().filter(|unit| !unit.errors.is_empty()).count();
    match format {
        Format::Json => print(&as_json(&comparison, &after))?,
        _ => {
            print(&as_text(&comparison, &after.sources))?;
            exit::say(&summary(&comparison, broken));
            let elsewhere = comparison.other_errors.len();
            if elsewhere > 0 {
                exit::say(&format!(
                    "{} outside of them: `stagegate check {}` shows where\n",
                    input::found(elsewhere, 0),
                    new.display()
                ));
            }
        }
    }
    Ok(if broken == 0 && comparison.other_errors.is_empty() { Exit::Clean } else { Exit::Findings })
}

fn summary(comparison: &Comparison, broken: usize) -> String {
    let all = match comparison.of {
        1 => "1 rule, trigger or test".to_owned(),
        n => format!("{n} rules, triggers and tests"),
    };
    match (broken, comparison.units.len() - broken) {
        (0, 0) => format!("none of {all} is concerned by what has changed\n"),
        (0, other) => format!("{other} of {all} may mean something else\n"),
        (broken, 0) => format!("{broken} of {all} broken\n"),
        (broken, other) => format!("{broken} of {all} broken, {other} may mean something else\n"),
    }
}

fn kind(unit: &Unit) -> &'static str {
    match unit.kind {
        UnitKind::Rule => "rule",
        UnitKind::Trigger => "trigger",
        UnitKind::Test => "test",
    }
}

fn as_text(comparison: &Comparison, sources: &Sources) -> String {
    comparison.units.iter().map(|unit| unit_text(unit, sources)).collect()
}

/// A rule, trigger or test that is concerned, and why.
pub(in crate::cli) fn unit_text(unit: &Unit, sources: &Sources) -> String {
    let mut out = String::new();
    let place = Place::of(unit.span, sources);
    let name = if unit.kind == UnitKind::Test { format!("\"{}\"", unit.name) } else { unit.name.clone() };
    let state = if unit.errors.is_empty() { "may mean something else" } else { "is broken" };
    // Writing to a text cannot fail.
    let _ = writeln!(out, "{}:{}:{}: {} {name} {state}", place.file, place.line, place.column, kind(unit));
    for change in &unit.changes {
        let _ = writeln!(out, "    it {}", change.words());
    }
    for error in &unit.errors {
        let place = Place::of(error.span(), sources);
        let (file, code) = (&place.file, error.code.id());
        let at = format!("{file}:{}:{}", place.line, place.column);
        let _ = writeln!(out, "    {at}: error[{code}]: {}", error.message);
    }
    out
}

/// The same for programs.
pub(in crate::cli) fn unit_json(unit: &Unit, sources: &Sources) -> Value {
    let place = Place::of(unit.span, sources);
    let changes: Vec<Value> = unit
        .changes
        .iter()
        .map(|change| {
            let way: Vec<Value> = change
                .way
                .iter()
                .map(|(verb, key)| json!({ "how": verb, "kind": Kind::name(key.kind), "name": key.name }))
                .collect();
            json!({ "message": change.words(), "way": way, "was": change.was, "is": change.is })
        })
        .collect();
    let errors: Vec<Finding> = unit.errors.iter().map(|d| Finding::of(d, sources)).collect();
    json!({
        "kind": kind(unit),
        "name": unit.name,
        "state": if unit.errors.is_empty() { "changed" } else { "broken" },
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "changes": changes,
        "errors": errors,
    })
}

fn as_json(comparison: &Comparison, loaded: &Loaded) -> String {
    let units: Vec<Value> = comparison.units.iter().map(|unit| unit_json(unit, &loaded.sources)).collect();
    // Texts and numbers only: this cannot fail.
    serde_json::to_string_pretty(&units).unwrap_or_else(|_| "[]".into()) + "\n"
}
