//! `stagegate why`: why a record is where it is, and why a trigger or a rule did not run.

mod report;
#[cfg(feature = "state")]
mod state;

use super::exit::{self, Exit, Failure};
use super::input::{self, Style, Watched};
use super::levels::LevelArgs;
use super::run::{ActionsArg, open_inputs, time};
use super::{Result, config, terminal};
use crate::diagnostic::suggest::did_you_mean;
use crate::engine::Options;
use crate::engine::record::Slot;
use crate::event::Subject;
use crate::program::Program;
use crate::vm::Machine;
use crate::why::Explainer;
use crate::why::story::{Teller, Wanted};
use chrono::{DateTime, Utc};
use report::Report;
use std::path::PathBuf;
use std::sync::Arc;

/// Say why a record is where it is, and why a trigger or a rule did not run.
///
/// Runs the events as `run` does, writes no effects, and tells the story of one record: how it came to its stage, what it
/// waits for, and what was decided at its last event, at another (--event) or about one trigger or rule (--rule). Under the
/// line of a condition stands what each of its clauses came to, with the values.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate why sales.rules events.jsonl --record deal/D-1\n  \
    stagegate why sales.rules events.jsonl --record deal/D-1 --rule congratulate\n      why this rule did not run\n  \
    stagegate why sales.rules events.jsonl --record deal/D-1 --rule Won\n      why no trigger moved it there\n  \
    stagegate why sales.rules events.jsonl --record deal/D-1 --event crm-1004\n      what this event brought, and what not\n  \
    stagegate why sales.rules --state sales.db --record deal/D-1\n      where it stands after `run --state`\n\n\
    Exit codes: 0 it has been said, 1 the rules have errors, 2 a file cannot be read, or there is no such record, event or \
    rule.")]
pub struct Args {
    /// A file of rules.
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,
    /// Files of events, read one after the other; `-` or none is standard input.
    #[arg(value_name = "EVENTS")]
    events: Vec<PathBuf>,
    /// The record, as `deal/D-1`.
    #[arg(long, value_name = "RECORD")]
    record: String,
    /// What was decided at the event with this id.
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// What was decided about this rule, or the triggers with this label or of this stage.
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// A state file instead of events: where the record stands there, how it came there, what it waits for.
    #[cfg(feature = "state")]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "event", "until", "actions"])]
    state: Option<PathBuf>,
    /// How to say it.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Where the answers come from that a `let` of an action waits for, as in `run`.
    #[arg(long, value_enum, default_value = "simulate")]
    actions: ActionsArg,
    /// The time up to which timers fire when the events have ended. Left out: the latest time of an event.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<DateTime<Utc>>,
    #[command(flatten)]
    levels: LevelArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One object.
    Json,
}

pub fn run(args: &Args, style: Style) -> Result {
    #[cfg(feature = "state")]
    if let Some(file) = &args.state {
        return state::run(args, file, style);
    }
    let mut inputs = open_inputs(&args.program, &args.events)?;
    let levels = config::levels(&args.program, style, &args.levels.0)?;
    let Some(watched) = input::watched(&args.program, style, &levels, "`why`")? else {
        return Ok(Exit::Findings);
    };
    let Watched { program, sites, sources, model } = watched;
    let subject = subject(&program, &args.record)?;
    let machine = Machine::new(program)
        .map_err(|e| Failure::usage(format!("cannot use {}: {e}", args.program.display())))?;
    let sites = Arc::new(sites);
    let explainer = Explainer::new(machine.program(), &model, &sources, &sites);
    let wanted = args.rule.as_deref().map(|name| wanted(&explainer, name)).transpose()?;

    let options = Options { simulate: args.actions == ActionsArg::Simulate, ..Options::default() };
    let mut teller = Teller::new(&machine, sites.clone(), options, subject.clone(), args.event.clone());
    for input in &mut inputs {
        let read = teller.read(&mut input.reader);
        read.map_err(|e| Failure::read(std::path::Path::new(&input.name), &e))?;
    }
    let (story, known) = teller.finish(args.until);
    if matches!(story.slot, Slot::Absent) {
        let near = did_you_mean(&args.record, known.iter().map(String::as_str));
        let mut message = format!("there is no `{}` in the events", args.record);
        if let Some(step) = story.steps.iter().find_map(|step| step.rejected.as_ref()) {
            message.push_str(&format!("; an event about it was rejected: {step}"));
        }
        return Err(unknown(message, near));
    }
    if let Some(id) = &args.event
        && !story.steps.iter().any(|step| step.event.as_ref().is_some_and(|event| *event.id == **id))
    {
        let ids = story.steps.iter().filter_map(|step| step.event.as_ref()).map(|event| &*event.id);
        return Err(match &story.elsewhere {
            Some(other) => {
                Failure::usage(format!("the event `{id}` is about `{other}`, not `{}`", args.record))
            }
            None => unknown(
                format!("there is no event `{id}` about `{}` that could be read", args.record),
                did_you_mean(id, ids),
            ),
        });
    }
    let rejected = story.rejected;
    let report = Report::new(&explainer, &args.record, &subject, story, args.event.as_deref(), wanted);
    match args.format {
        Format::Human => terminal::page(&report.human(style.for_stdout()))?,
        Format::Json => input::print(&report.json())?,
    }
    if rejected > 0 {
        let (events, were) = if rejected == 1 { ("event", "was") } else { ("events", "were") };
        exit::say(&format!("{rejected} {events} of all records {were} rejected: `stagegate run` says why\n"));
    }
    Ok(Exit::Clean)
}

fn unknown(message: String, near: Option<String>) -> Failure {
    Failure::usage(match near {
        Some(near) => format!("{message}; {near}"),
        None => message,
    })
}

/// `deal/D-1`
fn subject(program: &Program, record: &str) -> std::result::Result<Subject, Failure> {
    let entities = &program.schema.entities;
    let example = entities.first().map_or("deal/D-1".to_owned(), |entity| format!("{}/1", entity.wire_name));
    let Some((name, id)) = record.split_once('/').filter(|(_, id)| !id.is_empty()) else {
        return Err(Failure::usage(format!(
            "`{record}` names no record: write its entity, `/` and its id, as `{example}`"
        )));
    };
    match entities.iter().zip(0..).find(|(entity, _)| *entity.wire_name == *name) {
        Some((_, number)) => Ok(Subject { entity: crate::value::EntityId(number), id: id.into() }),
        None => Err(unknown(
            format!("the program has no records called `{name}`"),
            did_you_mean(name, entities.iter().map(|entity| &*entity.wire_name)),
        )),
    }
}

fn wanted(explainer: &Explainer<'_>, name: &str) -> std::result::Result<Vec<Wanted>, Failure> {
    explainer.named(name).map_err(|names| {
        let near = did_you_mean(name, names.iter().map(String::as_str));
        unknown(format!("there is no rule, trigger or stage `{name}`"), near)
    })
}
