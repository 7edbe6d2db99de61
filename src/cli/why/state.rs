//! `why --state`: what a state file knows of a record.

use super::{Args, Format, subject, unknown, wanted};
use crate::cli::exit::{Exit, Failure};
use crate::cli::input::{self, Style};
use crate::cli::{Result, config, terminal};
use crate::diagnostic::escaped;
use crate::diagnostic::suggest::did_you_mean;
use crate::program::Program;
use crate::program::literal::quoted;
use crate::run::state::{Told, Wait, told};
use crate::why::story::Wanted;
use crate::why::{Explainer, words};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

pub(super) fn run(args: &Args, file: &Path, style: Style) -> Result {
    let levels = config::levels(&args.program, style, &args.levels.0)?;
    let Some(watched) = input::watched(&args.program, style, &levels, "`why`")? else {
        return Ok(Exit::Findings);
    };
    let program = &watched.program;
    subject(program, &args.record)?;
    let explainer = Explainer::new(program, &watched.model, &watched.sources, &watched.sites);
    let wanted = args.rule.as_deref().map(|name| wanted(&explainer, name)).transpose()?;
    let told = told(file, &args.record)
        .map_err(|e| Failure::usage(format!("cannot use the state file {}: {e}", file.display())))?;
    let told = told.map_err(|known| {
        let near = did_you_mean(&args.record, known.iter().map(String::as_str));
        unknown(format!("there is no `{}` in {}", args.record, file.display()), near)
    })?;
    // Of a rule, only whether it waits is known.
    let rules = wanted.as_ref().map(|wanted| {
        let path = |wanted: &Wanted| match wanted {
            Wanted::Rule(id) => Some(program.rule(*id).path.to_string()),
            Wanted::Trigger(_) => None,
        };
        wanted.iter().filter_map(path).collect::<Vec<String>>()
    });
    match args.format {
        Format::Human => {
            terminal::page(&human(program, &args.record, &told, rules.as_deref(), style.for_stdout()))?;
        }
        Format::Json => input::print(&as_json(&args.record, &told, rules.as_deref()))?,
    }
    Ok(Exit::Clean)
}

fn human(program: &Program, record: &str, told: &Told, rules: Option<&[String]>, style: Style) -> String {
    let bold = |text: &str| match style.color {
        true => format!("\u{1b}[1m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let zone = |name: &str| {
        let pipeline = program.pipelines.iter().find(|pipeline| *pipeline.name == *name);
        pipeline.map_or(Tz::UTC, |pipeline| pipeline.timezone)
    };
    let last = told.visits.last();
    let tz = last.map_or(Tz::UTC, |visit| zone(&visit.pipeline));
    let at = |at: Option<DateTime<Utc>>| at.map_or("?".to_owned(), |at| words::time(at, tz));
    let stands = match last {
        _ if told.deleted => "has been deleted".to_owned(),
        Some(visit) => format!("stands in {}.{} since {}", visit.pipeline, visit.stage, at(visit.entered)),
        None => "is in no pipeline: no rule is for it".to_owned(),
    };
    // Writing to a string cannot fail.
    let mut out = format!("{} {stands} ({tz})\n", bold(record));
    if !told.visits.is_empty() {
        let _ = writeln!(out, "\n{}", bold("how it came there"));
    }
    for visit in &told.visits {
        let by = match (&*visit.by, &visit.name) {
            ("trigger", Some(label)) => format!(", by trigger {}", quoted(label)),
            ("trigger", None) => format!(", by a trigger of {}", visit.stage),
            ("rule", Some(path)) => format!(", by rule {path}"),
            _ => String::new(),
        };
        let actor = visit.actor.as_ref().map(|actor| format!(", as {actor}")).unwrap_or_default();
        let _ = writeln!(out, "  {}  {}.{}{by}{actor}", at(visit.entered), visit.pipeline, visit.stage);
    }
    let waits = waits_of(told, rules);
    if !waits.is_empty() {
        let _ = writeln!(out, "\n{}", bold("what it waits for"));
    } else if let Some(rules) = rules {
        let name = match rules {
            [] => "a trigger leaves no trace in a state file unless it fires".to_owned(),
            rules => format!("rule {} does not wait for anything now", rules.join(", rule ")),
        };
        let _ = writeln!(
            out,
            "\n{name}; whether it ran, and why not, the events tell: `stagegate why PROGRAM EVENTS --record {}`",
            escaped(record)
        );
    }
    for wait in waits {
        let who = wait.rule.as_ref().map_or("a trigger".to_owned(), |rule| format!("rule {rule}"));
        let until = wait.due.map(|due| format!(" until {}", words::time(due, tz))).unwrap_or_default();
        let begun = if wait.begun { ", in its body" } else { "" };
        let _ = writeln!(out, "  {who} waits{until} for {}{begun}", wait.what);
    }
    out
}

/// Those of the rules that are asked about.
fn waits_of<'t>(told: &'t Told, rules: Option<&[String]>) -> Vec<&'t Wait> {
    let own = |wait: &&Wait| match (rules, &wait.rule) {
        (Some(rules), Some(rule)) => rules.contains(rule),
        (Some(_), None) => false,
        (None, _) => true,
    };
    told.waits.iter().filter(own).collect()
}

fn as_json(record: &str, told: &Told, rules: Option<&[String]>) -> String {
    let instant =
        |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
    let visits: Vec<_> = told
        .visits
        .iter()
        .map(|visit| {
            json!({
                "pipeline": visit.pipeline, "stage": visit.stage, "entered": instant(visit.entered),
                "left": instant(visit.left), "by": visit.by, "name": visit.name, "as": visit.actor,
            })
        })
        .collect();
    let waits: Vec<_> = waits_of(told, rules)
        .into_iter()
        .map(|wait| {
            json!({"rule": wait.rule, "until": instant(wait.due), "what": wait.what, "begun": wait.begun})
        })
        .collect();
    let stage = told.visits.last().filter(|_| !told.deleted);
    let stage = stage.map(|visit| format!("{}.{}", visit.pipeline, visit.stage));
    let report =
        json!({"record": record, "deleted": told.deleted, "stage": stage, "visits": visits, "waits": waits});
    // It holds nothing that JSON cannot.
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}
