//! `stagegate.toml`: which one counts for a program, read once, with its mistakes drawn once.

use super::exit::{Exit, Failure};
use super::input::{self, Style};
use crate::diagnostic::levels::Levels;
use crate::diagnostic::{Code, Diagnostic};
use crate::settings::{Library, library};
use crate::source::{Sources, Span};
use crate::testing::scenario::{self, Scenario};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The settings of the libraries of some programs.
#[derive(Default)]
pub(super) struct Config {
    read: HashMap<PathBuf, Option<Rc<Library>>>,
    /// What counts instead of what stands in a file.
    instead: HashMap<PathBuf, Vec<u8>>,
}

/// What is wrong in a file of settings.
pub(super) struct Broken {
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Sources,
    /// As people are told it.
    pub name: String,
}

impl Config {
    /// Has another text count for a file, which has not been read yet.
    pub fn instead(&mut self, file: PathBuf, text: Vec<u8>) {
        self.instead.insert(file, text);
    }

    /// The settings for a program. `None`: they have mistakes, which have been handed out before.
    ///
    /// # Errors
    /// The mistakes, the first time.
    pub fn of(&mut self, program: &Path) -> Result<Option<Rc<Library>>, Box<Broken>> {
        let Some(file) = Library::file_of(program) else { return Ok(Some(Rc::default())) };
        if let Some(library) = self.read.get(&file) {
            return Ok(library.clone());
        }
        let read = read(&file, self.instead.get(&file).cloned().map_or_else(|| std::fs::read(&file), Ok));
        let library = read.as_ref().ok().cloned().map(Rc::new);
        self.read.insert(file, library.clone());
        match read {
            Ok(_) => Ok(library),
            Err(broken) => Err(broken),
        }
    }
}

fn read(file: &Path, bytes: std::io::Result<Vec<u8>>) -> Result<Library, Box<Broken>> {
    let name = name_of(file);
    let mut sources = Sources::default();
    let text = bytes.map_err(|error| format!("cannot be read: {}", super::exit::plain(&error)));
    let text =
        text.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "is not written in UTF-8".to_owned()));
    let read = match text {
        Ok(text) => {
            // The mark is no part of the text.
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            Library::read(&name, text, &mut sources)
        }
        Err(why) => {
            let file = sources.add(name.as_str(), None, "");
            let place = Span::new(file, 0, 0);
            Err(vec![Diagnostic::new(Code::SettingWrong, place, format!("this file {why}"))])
        }
    };
    read.map_err(|diagnostics| Box::new(Broken { diagnostics, sources, name }))
}

/// A file of settings, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `stagegate.toml`
    Library,
    /// Of a scenario: `tests/NAME.scenario.toml`
    Scenario,
}

impl Kind {
    pub fn of(path: &Path) -> Option<Kind> {
        let name = path.file_name()?.to_str()?;
        match name {
            library::FILE => Some(Kind::Library),
            _ if name.ends_with(scenario::SETTINGS) => Some(Kind::Scenario),
            _ => None,
        }
    }

    /// What is wrong in a text of this kind.
    pub fn mistakes(self, name: &str, text: &str, sources: &mut Sources) -> Vec<Diagnostic> {
        match self {
            Kind::Library => Library::read(name, text, sources).err().unwrap_or_default(),
            Kind::Scenario => {
                let mut scenario = Scenario::new(name, name, &[]);
                let found = scenario.configure(name, text, &scenario::Settings::default());
                *sources = scenario.sources;
                found.err().unwrap_or_default()
            }
        }
    }
}

/// From where people stand, if it is below.
pub(super) fn name_of(file: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| file.strip_prefix(here).ok());
    input::shown(below.unwrap_or(file))
}

/// The settings for one program.
///
/// # Errors
/// If they have mistakes, which are drawn.
pub(super) fn library(program: &Path, style: Style) -> Result<Rc<Library>, Failure> {
    match Config::default().of(program) {
        Ok(library) => Ok(library.unwrap_or_default()),
        Err(broken) => Err(broken.said(style)),
    }
}

/// The levels of warnings for a program: those of its library, then those of the flags.
///
/// # Errors
/// As [`library`].
pub(super) fn levels(program: &Path, style: Style, flags: &Levels) -> Result<Levels, Failure> {
    if program.extension().is_some_and(|e| e == "stagegate") {
        // Its rules were checked when it was compiled.
        return Ok(flags.clone());
    }
    Ok(with(&*library(program, style)?, flags))
}

pub(super) fn with(library: &Library, flags: &Levels) -> Levels {
    Levels(library.levels.0.iter().chain(&flags.0).copied().collect())
}

impl Broken {
    /// Draws the mistakes; nothing is done with such settings.
    pub fn said(&self, style: Style) -> Failure {
        let (errors, warnings) = input::report(&self.diagnostics, &self.sources, style);
        let message = format!("{} in {}: nothing has been done", input::found(errors, warnings), self.name);
        Failure { exit: Exit::Findings, message: Some(message) }
    }
}
