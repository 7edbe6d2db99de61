//! `stagegate test --watch`: the tests run again whenever a file changes that matters to them.

use super::super::Result;
use super::super::exit::{self, Exit, Failure};
use super::super::input;
use super::scenarios;
use crate::settings::{Library, library};
use notify_debouncer_full::notify::event::EventKind;
use notify_debouncer_full::notify::{self, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// So long nothing may change before the tests run: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(200);

enum Message {
    Changed(Vec<PathBuf>),
    Failed(notify::Error),
    Stop,
}

/// Runs the tests once, and again after every change, until somebody ends it.
///
/// # Errors
/// If the system cannot say what changes.
pub(super) fn watch(paths: &[PathBuf], mut once: impl FnMut() -> Result) -> Result {
    let (sender, messages) = mpsc::channel();
    let (stop, asked) = (sender.clone(), AtomicBool::new(false));
    let handler = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::SeqCst) {
            // Whoever asks twice does not want to wait for the tests.
            std::process::exit(Exit::Interrupted as i32);
        }
        // Whoever has gone away listens to nothing.
        let _ = stop.send(Message::Stop);
    });
    handler.map_err(|error| Failure::usage(format!("cannot listen to ^C: {error}")))?;
    let unwatchable = |error: &notify::Error| Failure::usage(format!("cannot watch files: {}", plain(error)));
    let mut debouncer = new_debouncer(QUIET, None, move |result: DebounceEventResult| {
        let message = match result {
            Ok(events) => {
                let written = events.into_iter().filter(|event| !matches!(event.kind, EventKind::Access(_)));
                Message::Changed(written.flat_map(|event| event.paths.clone()).collect())
            }
            Err(errors) => match errors.into_iter().next() {
                Some(error) => Message::Failed(error),
                None => return,
            },
        };
        let _ = sender.send(message);
    })
    .map_err(|error| unwatchable(&error))?;
    let mut watched: BTreeSet<PathBuf> = BTreeSet::new();
    loop {
        // Before the tests run: what changes while they do is not missed.
        let folders = folders(paths);
        for gone in watched.difference(&folders) {
            // It may be there no more.
            let _ = debouncer.unwatch(gone);
        }
        let mut now = BTreeSet::new();
        for folder in folders {
            let known = watched.contains(&folder);
            let watching = if known { Ok(()) } else { debouncer.watch(&folder, RecursiveMode::NonRecursive) };
            match watching {
                Ok(()) => {
                    now.insert(folder);
                }
                // One that has just gone away is no reason to end.
                Err(_) if !folder.is_dir() => {}
                Err(error) => return Err(unwatchable(&error)),
            }
        }
        watched = now;
        clear();
        match once() {
            Ok(_) => {}
            Err(failure) if failure.exit == Exit::ClosedPipe => return Err(failure),
            Err(failure) => {
                exit::say(&format!("error: {}\n", failure.message.unwrap_or_default()));
            }
        }
        exit::say("\nwaiting for changes; ^C ends\n");
        loop {
            match messages.recv() {
                Ok(Message::Changed(files)) if files.iter().any(|file| matters(file)) => break,
                Ok(Message::Changed(_)) => {}
                Ok(Message::Failed(error)) => return Err(unwatchable(&error)),
                Ok(Message::Stop) | Err(_) => return Ok(Exit::Interrupted),
            }
        }
    }
}

/// Whether the tests could come out otherwise when this file changes.
fn matters(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    // A folder that comes or goes may hold any of them.
    scenarios::belongs(&name) || name.ends_with(".rules") || name == library::FILE || !name.contains('.')
}

/// The folders with the files that matter: the programs, what they bring in, their scenarios, their settings.
fn folders(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let within = |path: &PathBuf| if path.is_dir() { path.join("x") } else { path.clone() };
    let mut files: Vec<PathBuf> = paths.iter().map(within).collect();
    let found = scenarios::find(paths).unwrap_or_default();
    for target in &found.targets {
        files.push(target.program.clone());
        files.extend(Library::file_of(&target.program));
        files.extend(target.scenarios.iter().map(|scenario| scenario.events.clone()));
        let Ok(loaded) = input::load(&target.program) else { continue };
        files.extend(loaded.sources.files().filter_map(|(_, file)| file.path.clone()));
    }
    files.extend(found.orphans);
    let mut folders = BTreeSet::new();
    for file in files {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Ok(folder) = folder.canonicalize() else { continue };
        let tests = folder.join(scenarios::FOLDER);
        if tests.is_dir() {
            folders.insert(tests);
        }
        folders.insert(folder);
    }
    folders
}

fn clear() {
    let mut out = io::stdout();
    if out.is_terminal() {
        // The screen and what could be scrolled back to. Whether it works cannot matter.
        let _ = out.write_all(b"\x1b[2J\x1b[3J\x1b[H").and_then(|()| out.flush());
    }
}

/// The system's words, and what to do where that is known.
fn plain(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::Io(error) => exit::plain(error),
        notify::ErrorKind::MaxFilesWatch => "the system watches as many as it may already".to_owned(),
        _ => error.to_string(),
    }
}
