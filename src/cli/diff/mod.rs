//! `stagegate diff`: what differs between two versions of a program, in what they say and in what they do.

mod human;
mod json;
mod lines;
mod markdown;

use super::exit::{Exit, Failure};
use super::input::{self, Style};
use super::run::{ActionsArg, duration, open_inputs, time};
use super::{Result, programs};
use super::{terminal, usage};
use crate::against::{Difference, Wrong, difference};
use crate::compiler::Loaded;
use crate::engine::Options;
use crate::run::beside::{Beside, Report};
use crate::source::Sources;
use crate::vm::Machine;
use chrono::{DateTime, TimeDelta, Utc};
use std::path::{Path, PathBuf};

/// Tell what differs between two versions of rules.
///
/// Rules, triggers, stages, fields, events and all else that is new, gone, renamed, or means something else: not layout, not
/// comments, not the order of what has none, and not what is written differently and comes to the same. What nobody has
/// touched, but may mean something else because of what it uses, is told too. With events both versions run over them, and
/// it is told which records would go another way, and which effects would be new, gone or different.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate diff old.rules new.rules\n  \
    stagegate diff ../live . --format markdown          two folders, for a pull request\n  \
    stagegate diff old.rules new.rules --events may.jsonl june.jsonl   and what would happen otherwise\n\n\
    Exit codes: 0 nothing differs, 1 something does, 2 the versions cannot be compared.")]
pub struct Args {
    /// The version that was: a file of rules, or a folder. `-` is standard input.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The version that is to be.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Files of events over which both versions run; `-` is standard input.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    events: Vec<PathBuf>,
    /// How to tell it, on standard output.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Only name what differs, without its text.
    #[arg(long)]
    brief: bool,
    /// How many records and effects are shown of each kind, of those that differ.
    #[arg(long, value_name = "N", default_value_t = 3, requires = "events", value_parser = usage::whole::<usize>(0..=1_000_000))]
    examples: usize,
    /// Where the answers come from that a `let` of an action waits for, as in `run`.
    #[arg(long, value_enum, default_value = "simulate", requires = "events")]
    actions: ActionsArg,
    /// The time up to which timers fire when the events have ended. Left out: the latest time of an event.
    #[arg(long, value_name = "TIME", value_parser = time, requires = "events", allow_hyphen_values = true)]
    until: Option<DateTime<Utc>>,
    /// Let time pass for all records whenever the events have advanced that much, as in `run`.
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "events", allow_hyphen_values = true)]
    tick: Option<TimeDelta>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For a pull request.
    Markdown,
    /// One object.
    Json,
}

/// Two versions of one program.
struct Compared {
    /// As the paths were given.
    names: [String; 2],
    sources: [Sources; 2],
    difference: Difference,
    events: Option<Report>,
}

impl Compared {
    fn is_empty(&self) -> bool {
        self.difference.is_empty() && self.events.as_ref().is_none_or(Report::is_empty)
    }
}

/// All that has been compared.
#[derive(Default)]
struct All {
    compared: Vec<Compared>,
    /// Programs that only the old version has, and only the new one.
    gone: Vec<String>,
    new: Vec<String>,
}

impl All {
    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty() && self.compared.iter().all(Compared::is_empty)
    }
}

pub fn run(args: &Args, style: Style) -> Result {
    let stdin = Path::new("-");
    let streams = [&args.old, &args.new].into_iter().chain(&args.events);
    if streams.filter(|path| **path == stdin).count() > 1 {
        return Err(Failure::usage("standard input (`-`) can be read only once"));
    }
    let (pairs, mut all) = programs_of(args)?;
    if !args.events.is_empty() && pairs.len() != 1 {
        return Err(Failure::usage(format!(
            "events need one program, and there are {} in both folders: name the files",
            pairs.len()
        )));
    }
    for (old, new) in pairs {
        all.compared.push(compare(args, &old, &new, style)?);
    }
    match args.format {
        Format::Human => terminal::page(&human::text(&all, args.brief, style.out()))?,
        Format::Markdown => input::print(&markdown::text(&all, args.brief))?,
        Format::Json => input::print(&json::text(&all))?,
    }
    let silent = all.compared.iter().filter_map(|compared| compared.events.as_ref());
    if silent.clone().any(|report| report.events == report.rejected) {
        let names: Vec<String> = args.events.iter().map(|path| input::shown(path)).collect();
        let why = match silent.map(|report| report.rejected).sum() {
            0 => "holds no event",
            1 => "holds one event, which neither version takes",
            _ => "holds no event that either version takes",
        };
        super::exit::say(&format!(
            "note: {} {why}: what the versions do has not been compared\n",
            names.join(" ")
        ));
    }
    if args.format == Format::Human {
        super::exit::say(&human::summary(&all, &args.old, &args.new));
    }
    Ok(if all.is_empty() { Exit::Clean } else { Exit::Findings })
}

/// The programs that are compared, two by two.
fn programs_of(args: &Args) -> std::result::Result<(Vec<(PathBuf, PathBuf)>, All), Failure> {
    let mut all = All::default();
    if !args.old.is_dir() && !args.new.is_dir() {
        return Ok((vec![(args.old.clone(), args.new.clone())], all));
    }
    let found = |path: &PathBuf| {
        if !path.exists() && path != Path::new("-") {
            return Err(Failure::read(path, &std::io::ErrorKind::NotFound.into()));
        }
        let mut found = programs::at(std::slice::from_ref(path))?;
        match found.unreadable.pop() {
            Some((_, failure)) => Err(failure),
            None => Ok(found.programs),
        }
    };
    if args.old.is_dir() != args.new.is_dir() {
        let pair = match args.old.is_dir() {
            true => (in_folder(&args.new, &args.old)?, args.new.clone()),
            false => (args.old.clone(), in_folder(&args.old, &args.new)?),
        };
        return Ok((vec![pair], all));
    }
    let (old, new) = (found(&args.old)?, found(&args.new)?);
    // One on each side belong together, whatever they are called.
    if let ([old], [new]) = (&old[..], &new[..]) {
        return Ok((vec![(old.clone(), new.clone())], all));
    }
    let name = |path: &Path, folder: &Path| path.strip_prefix(folder).unwrap_or(path).to_owned();
    let mut pairs = Vec::new();
    for before in &old {
        let wanted = name(before, &args.old);
        match new.iter().find(|path| name(path, &args.new) == wanted) {
            Some(now) => pairs.push((before.clone(), now.clone())),
            None => all.gone.push(before.display().to_string()),
        }
    }
    let known = |path: &&PathBuf| pairs.iter().any(|(_, now)| now == *path);
    all.new = new.iter().filter(|path| !known(path)).map(|path| path.display().to_string()).collect();
    Ok((pairs, all))
}

/// What in a folder is the other version of a file: what is called the same, else the only program.
fn in_folder(file: &Path, folder: &Path) -> std::result::Result<PathBuf, Failure> {
    if file != Path::new("-") && !file.exists() {
        return Err(Failure::read(file, &std::io::ErrorKind::NotFound.into()));
    }
    let name =
        || file.file_name().map_or_else(|| input::shown(file), |name| name.to_string_lossy().into_owned());
    let (rules, _) = programs::rules_in(folder);
    let mut same: Vec<PathBuf> =
        rules.into_iter().filter(|path| path.file_name() == file.file_name()).collect();
    if let Some(at) = same.iter().position(|path| path.parent() == Some(folder)) {
        return Ok(same.swap_remove(at));
    }
    match &same[..] {
        [] => {}
        [one] => return Ok(one.clone()),
        several => {
            let shown: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            return Err(Failure::usage(format!(
                "{} has several files called {}: name one of {}",
                folder.display(),
                name(),
                shown.join(", ")
            )));
        }
    }
    programs::only(folder).map(|only| only.program).map_err(|failure| {
        match programs::at(&[folder.to_path_buf()]) {
            Ok(found) if found.programs.len() > 1 => Failure::usage(format!(
                "{} has several programs, and none of them is called {}: name the file",
                folder.display(),
                name()
            )),
            _ => failure,
        }
    })
}

fn compare(args: &Args, old: &Path, new: &Path, style: Style) -> std::result::Result<Compared, Failure> {
    let loaded = [input::load(old)?, input::load(new)?];
    let found = difference(&loaded[0], &loaded[1]).map_err(|wrong| {
        let (wrong, path, loaded): (_, _, &Loaded) = match wrong {
            Wrong::Old(wrong) => (wrong, old, &loaded[0]),
            Wrong::New(wrong) => (wrong, new, &loaded[1]),
        };
        let (errors, warnings) = input::report(&wrong, &loaded.sources, style);
        Failure::usage(format!(
            "{} in {}: what its rules mean cannot be told before they are mended",
            input::found(errors, warnings),
            input::shown(path)
        ))
    })?;
    let events = if args.events.is_empty() { None } else { Some(events(args, &found)?) };
    let names = [input::shown(old), input::shown(new)];
    let [before, now] = loaded;
    Ok(Compared { names, sources: [before.sources, now.sources], difference: found, events })
}

/// Runs both versions over the events.
fn events(args: &Args, found: &Difference) -> std::result::Result<Report, Failure> {
    let machine = |program: &crate::program::Program| {
        Machine::new(program.clone()).map_err(|e| Failure::usage(format!("cannot run the program: {e}")))
    };
    let (old, new) = (machine(&found.old)?, machine(&found.new)?);
    let options = Options { simulate: args.actions == ActionsArg::Simulate, ..Options::default() };
    let mut beside = Beside::new([&old, &new], [&found.old_renamed, &found.new], &options, args.examples);
    for mut input in open_inputs(&args.old, &args.events)? {
        let bar = input.bar();
        let mut progress = |bytes| {
            if let Some(bar) = &bar {
                bar.set_position(bytes);
            }
        };
        let read = beside.feed(&input.name, &mut input.reader, args.tick, &mut progress);
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        read.map_err(|e| Failure::read(Path::new(&input.name), &e))?;
    }
    Ok(beside.finish(args.until))
}

/// `1 record`, `2,000 records`
fn count(n: u64, one: &str) -> String {
    format!("{} {one}{}", crate::run::grouped(n), if n == 1 { "" } else { "s" })
}

/// A way through the stages: the pipeline is said where it changes.
fn way(stages: &[String]) -> String {
    let mut pipeline = None;
    let words = stages.iter().map(|stage| match stage.split_once('.') {
        Some((of, name)) if pipeline == Some(of) => name,
        Some((of, _)) => {
            pipeline = Some(of);
            stage.as_str()
        }
        None => stage,
    });
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "is not there".to_owned() } else { words.join(" -> ") }
}

/// The name of something that differs, with the old one if that was another.
fn title(entry: &crate::against::Entry) -> String {
    use crate::against::{Kind, Way};
    let name = |edition: &Option<crate::against::Edition>| {
        edition.as_ref().map(|edition| edition.name.clone()).unwrap_or_default()
    };
    let (old, new) = (name(&entry.old), name(&entry.new));
    let kind = entry.kind.name();
    let quoted = |name: &str| if entry.kind == Kind::Test { format!("{name:?}") } else { name.to_owned() };
    match entry.way {
        Way::Reordered => format!("{kind}s of {new}"),
        _ if matches!(entry.kind, Kind::Currency | Kind::Rates) => kind.to_owned(),
        Way::Gone => format!("{kind} {}", quoted(&old)),
        Way::New => format!("{kind} {}", quoted(&new)),
        Way::Renamed | Way::Changed if entry.is_renamed() => {
            format!("{kind} {} -> {}", quoted(&old), quoted(&new))
        }
        Way::Renamed | Way::Changed => format!("{kind} {}", quoted(&new)),
    }
}
