//! `stagegate check`: what is wrong in files of rules.

pub(in crate::cli) mod against;
mod fix;
#[cfg(feature = "state")]
mod state;

use super::Result;
use super::config::{self, Config, Kind};
use super::exit::{self, Exit, Failure};
use super::input::{self, Style};
use super::levels::LevelArgs;
use super::programs;
use super::report::{Format, Report};
use crate::compiler;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Sources, Span};
use fix::Fixes;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Check rules and say what is wrong in them.
///
/// Each file is checked as a program of its own, together with the files it brings in with `use`. Of a
/// folder, every `.rules` file in it and below is checked; a file that another one brings in is checked
/// as part of that one only. Settings are checked too: `stagegate.toml`, and the files `.scenario.toml` of a folder `tests`.
/// Nothing is run, and without --fix nothing is written.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate check                    every program in this folder and below\n  \
    stagegate check sales.rules        one program\n  \
    stagegate check rules/             every program in a folder\n  \
    stagegate check - < sales.rules    from standard input\n  \
    stagegate check rules/ --diff      what --fix would change\n  \
    stagegate explain E0231            what a message is about, with a wrong and a right program\n  \
    stagegate check rules/ --deny warnings --format github   in a build\n  \
    stagegate check new.rules --against old.rules   what a changed library or schema breaks\n  \
    stagegate check sales.rules --state sales.db   whether a run could go on with it\n  \
    stagegate check sales.rules --state sales.db --map-stage Talk=Speak\n      the same, with a stage renamed\n\n\
    Exit codes: 0 no errors (warnings do not change that), 1 errors, denied warnings, or a run would refuse the state \
    file, 2 a file cannot be read.")]
pub struct Args {
    /// Files and folders; `-` is standard input; left out: this folder.
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<PathBuf>,
    /// A state file: say what a run with the program would do with it, what it would refuse, and how many records that
    /// concerns.
    #[cfg(feature = "state")]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[cfg(feature = "state")]
    #[command(flatten)]
    versions: super::versions::Versions,
    /// How to say what is wrong.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Make the corrections that are sure, and say which and what is left. Of standard input the corrected text goes
    /// to standard output.
    #[arg(long)]
    fix: bool,
    /// Show the corrections that are sure as a diff, and write nothing.
    #[arg(long)]
    diff: bool,
    /// An older version of the program: say which rules, triggers and tests of PATH it breaks, or makes mean something
    /// else, that other declarations or another library stand in it now.
    #[arg(long, value_name = "OLD", conflicts_with_all = ["fix", "diff"])]
    against: Option<PathBuf>,
    #[command(flatten)]
    levels: LevelArgs,
}

pub fn run(args: &Args, style: Style) -> Result {
    if let Some(old) = &args.against {
        let [new] = &args.paths[..] else {
            return Err(Failure::usage("--against compares one program with another: name one"));
        };
        return against::run(old, new, args.format, style);
    }
    let mut report = Report::new(args.format, style);
    let programs::Found { programs, unreadable } = programs::at(&args.paths)?;
    for (path, failure) in unreadable {
        // The rest is checked all the same.
        report.unreadable(&path, failure.message.unwrap_or_default());
    }
    let mut fixes = Fixes::new(args, &programs)?;
    let (mut shown, mut split) = (HashSet::new(), Vec::new());
    let (mut config, mut said) = (Config::default(), Ok(()));
    let (settings, programs): (Vec<PathBuf>, _) =
        programs.into_iter().partition(|path| Kind::of(path).is_some());
    report.others.extend(settings.iter().map(|path| input::shown(path)));
    let folders = args.paths.iter().filter(|path| path.is_dir());
    for path in settings.into_iter().chain(folders.flat_map(|path| programs::scenarios_in(path))) {
        own_settings(&path, &mut fixes, &mut config, &mut report)?;
    }
    for path in &programs {
        fixes.settings(path, &mut config)?;
        let library = config.of(path).unwrap_or_else(|broken| {
            said = report.add(&broken.diagnostics, &broken.sources);
            if !report.others.contains(&broken.name) {
                report.others.push(broken.name);
            }
            None
        });
        std::mem::replace(&mut said, Ok(()))?;
        let levels = &config::with(&library.unwrap_or_default(), &args.levels.0);
        #[cfg(feature = "state")]
        if args.state.is_some()
            && let Some(program) = state::compiled(path)
        {
            if let Err(failure) = program {
                report.unreadable(path, failure.message.unwrap_or_default());
            }
            continue;
        }
        let loaded = match fixes.mend(path, levels) {
            Ok(loaded) => loaded,
            Err(failure) => {
                // The other files are checked all the same.
                report.unreadable(path, failure.message.unwrap_or_default());
                continue;
            }
        };
        let mut checked = compiler::check_with(&loaded, levels);
        // A file that two programs bring in says what is wrong in it once.
        checked.diagnostics.retain(|d| {
            let place = loaded.sources.file(d.span().file).name.clone();
            shown.insert((place, d.span().range(), d.code, d.message.clone()))
        });
        if checked.model.as_ref().is_some_and(|m| m.reads_references) {
            split.push(input::shown(path));
        }
        report.add(&checked.diagnostics, &loaded.sources)?;
    }
    fixes.finish()?;
    report.finish(&programs)?;
    if report.errors == 0 && !split.is_empty() && args.format.speaks() {
        exit::say(&format!(
            "note: {} read{} fields of other records, as `contact.name`: to split the events over files or \
             machines, give the records that refer to each other one `partitionkey`\n",
            split.join(", "),
            if split.len() == 1 { "s" } else { "" },
        ));
    }
    #[cfg(feature = "state")]
    if let (Some(state), 0, true) = (&args.state, report.errors, report.unreadable.is_empty()) {
        let [program] = &programs[..] else {
            return Err(Failure::usage("a state file belongs to one program: name that one"));
        };
        return state::compare(args, state, program);
    }
    Ok(match (report.unreadable.is_empty(), report.errors) {
        (false, _) => Exit::Usage,
        (true, 0) => Exit::Clean,
        (true, _) => Exit::Findings,
    })
}

/// Checks a file of settings for itself.
fn own_settings(
    path: &Path,
    fixes: &mut Fixes,
    config: &mut Config,
    report: &mut Report,
) -> std::result::Result<(), Failure> {
    let Some(kind) = Kind::of(path) else { return Ok(()) };
    if kind == Kind::Library && path.is_file() {
        // For its programs it is not said again.
        fixes.settings(path, config)?;
        return match config.of(path) {
            Ok(_) => Ok(()),
            Err(broken) => report.add(&broken.diagnostics, &broken.sources),
        };
    }
    let bytes = match fixes.toml(path, kind)? {
        Some(bytes) => Ok(bytes),
        None => input::read(path),
    };
    let name = config::name_of(path);
    let mut sources = Sources::default();
    let found = match bytes.map(String::from_utf8) {
        Ok(Ok(text)) => kind.mistakes(&name, text.strip_prefix('\u{feff}').unwrap_or(&text), &mut sources),
        Ok(Err(_)) => {
            let place = Span::new(sources.add(name.as_str(), None, ""), 0, 0);
            vec![Diagnostic::new(Code::SettingWrong, place, "this file is not written in UTF-8")]
        }
        Err(error) => {
            report.unreadable(path, Failure::read(path, &error).message.unwrap_or_default());
            return Ok(());
        }
    };
    if !found.is_empty() && !report.others.contains(&name) {
        report.others.push(name);
    }
    report.add(&found, &sources)
}
