//! `stagegate check`: what is wrong in files of rules.

use super::Result;
use super::exit::{self, Exit, Failure};
use super::input::{self, Style};
use crate::compiler;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Check rules and say what is wrong in them.
///
/// Each file is checked as a program of its own, together with the files it brings in with `use`. Of a
/// folder, every `.rules` file in it and below is checked; a file that another one brings in is checked
/// as part of that one only. Nothing is run and nothing is written.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate check sales.rules        one program\n  \
    stagegate check rules/             every program in a folder\n  \
    stagegate check - < sales.rules    from standard input\n  \
    stagegate check sales.rules --state sales.db   whether a run could go on with it\n\n\
    Exit codes: 0 no errors, 1 errors were found, 2 a file cannot be read.")]
pub struct Args {
    /// Files and folders; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A state file: say what it holds that the program does not know, with the numbers of records concerned.
    #[cfg(feature = "state")]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

pub fn run(args: &Args, style: Style) -> Result {
    let mut programs = Vec::new();
    for path in &args.paths {
        if path.is_dir() {
            let found = rules_in(path)?;
            if found.is_empty() {
                return Err(Failure::usage(format!("there is no .rules file in {}", path.display())));
            }
            programs.extend(roots(found));
        } else {
            programs.push(path.clone());
        }
    }
    let (mut errors, mut warnings, mut unreadable) = (0, 0, false);
    let (mut shown, mut split) = (HashSet::new(), Vec::new());
    for path in &programs {
        let loaded = match input::load(path) {
            Ok(loaded) => loaded,
            Err(failure) => {
                // The other files are checked all the same.
                exit::say(&format!("error: {}\n", failure.message.unwrap_or_default()));
                unreadable = true;
                continue;
            }
        };
        let mut checked = compiler::check(&loaded);
        // A file that two programs bring in says what is wrong in it once.
        checked.diagnostics.retain(|d| {
            let place = loaded.sources.file(d.span().file).name.clone();
            shown.insert((place, d.span().range(), d.code, d.message.clone()))
        });
        if checked.model.as_ref().is_some_and(|m| m.reads_references) {
            split.push(input::shown(path));
        }
        let counts = input::report(&checked.diagnostics, &loaded.sources, style);
        errors += counts.0;
        warnings += counts.1;
    }
    let files = match programs.as_slice() {
        [one] => input::shown(one),
        several => format!("{} programs", several.len()),
    };
    if errors + warnings > 0 {
        exit::say(&format!("{} in {files}\n", input::found(errors, warnings)));
    } else if !unreadable {
        exit::say(&format!("no errors in {files}\n"));
    }
    if errors == 0 && !split.is_empty() {
        exit::say(&format!(
            "note: {} read{} fields of other records, as `contact.name`: to split the events over files or \
             machines, give the records that refer to each other one `partitionkey`\n",
            split.join(", "),
            if split.len() == 1 { "s" } else { "" },
        ));
    }
    #[cfg(feature = "state")]
    if let (Some(state), 0, false) = (&args.state, errors, unreadable) {
        let [program] = &programs[..] else {
            return Err(Failure::usage("a state file belongs to one program: name that one"));
        };
        return compare(state, program);
    }
    Ok(match (unreadable, errors) {
        (true, _) => Exit::Usage,
        (false, 0) => Exit::Clean,
        (false, _) => Exit::Findings,
    })
}

/// Says what a state file holds that the program does not know.
#[cfg(feature = "state")]
fn compare(state: &Path, program: &Path) -> Result {
    let failure = |e: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot use the state file {}: {e}", state.display()))
    };
    let loaded = input::load(program)?;
    let Some(model) = compiler::check(&loaded).model else { return Ok(Exit::Findings) };
    let lowered = crate::lower::lower(&model, &loaded.sources)
        .map_err(|_| Failure::usage(format!("{} cannot be compiled", input::shown(program))))?;
    let found = crate::run::state::compare(state, &lowered).map_err(|e| failure(&e))?;
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let holds = format!(
        "{}: {}, {} under way",
        state.display(),
        count(found.records, "record", "records"),
        count(found.bodies, "body", "bodies")
    );
    if found.same {
        exit::say(&format!("{holds}; it belongs to this program\n"));
        return Ok(Exit::Clean);
    }
    exit::say(&format!("{holds}; it belongs to another version of the program, and a run refuses it\n"));
    for (what, records) in &found.vanished {
        exit::say(&format!("  {what} is gone: {}\n", count(*records, "record", "records")));
    }
    if found.vanished.is_empty() {
        exit::say("  nothing of what it holds is gone by name\n");
    }
    Ok(Exit::Findings)
}

/// Every `.rules` file in a folder and below, in order. Hidden folders and links to folders are left out.
fn rules_in(folder: &Path) -> std::result::Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| Failure::read(&folder, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| Failure::read(&folder, &e))?;
            let kind = entry.file_type().map_err(|e| Failure::read(&entry.path(), &e))?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !hidden {
                folders.push(entry.path());
            } else if !kind.is_dir() && entry.path().extension().is_some_and(|e| e == "rules") {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The files that no other of the folder brings in. Where all bring in each other, all of them.
fn roots(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut used = HashSet::new();
    for file in &files {
        let Ok(loaded) = input::load(file) else { continue };
        let own = file.canonicalize().ok();
        for (_, source) in loaded.sources.files() {
            let path = source.path.as_ref().and_then(|p| p.canonicalize().ok());
            if path.is_some() && path != own {
                used.extend(path);
            }
        }
    }
    let roots: Vec<_> =
        files.iter().filter(|f| f.canonicalize().is_ok_and(|f| !used.contains(&f))).cloned().collect();
    if roots.is_empty() { files } else { roots }
}
