//! `stagegate.toml`: what the commands take for the programs of a library where no flag says otherwise.

use super::reader::Reader;
use crate::diagnostic::levels::{Level, Levels, Which};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Sources, Span};
use crate::value::Duration;
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use std::path::{Path, PathBuf};

/// The name of the file.
pub const FILE: &str = "stagegate.toml";

/// The settings of a library.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// Of warnings: flags come after these.
    pub levels: Levels,
    pub test: Tests,
}

/// Of `stagegate test`.
#[derive(Debug, Clone, Default)]
pub struct Tests {
    /// How many tests run at once.
    pub jobs: Option<u32>,
    /// The share of rules that the tests must reach, in percent.
    pub min_coverage: Option<Decimal>,
    /// The zone of the days and times of tests; left out, that of the pipeline.
    pub timezone: Option<Tz>,
    /// The date and time at which the clock of a test block begins.
    pub start: Option<NaiveDateTime>,
    /// Up to when the clock of a scenario goes on.
    pub until: Option<DateTime<Utc>>,
    /// How long it goes on after the last event.
    pub wait: Option<Duration>,
}

impl Library {
    /// The file that counts for a program: of its folder, or the nearest above.
    pub fn file_of(program: &Path) -> Option<PathBuf> {
        let program = std::path::absolute(program).ok()?;
        // Of a link it is the folder of the link that counts: it is where people see the program.
        program.ancestors().skip(1).map(|folder| folder.join(FILE)).find(|file| file.is_file())
    }

    /// Reads the text of a file, known as `name`.
    ///
    /// # Errors
    /// All that is wrong in it; it stands in `sources`.
    pub fn read(name: &str, text: &str, sources: &mut Sources) -> Result<Library, Vec<Diagnostic>> {
        let (library, reader) = Self::taken(name, text, sources);
        if reader.diagnostics.is_empty() { Ok(library) } else { Err(reader.diagnostics) }
    }

    /// The paths of all settings: `test.jobs`.
    pub fn known() -> Vec<String> {
        Self::taken(FILE, "", &mut Sources::default()).1.known
    }

    fn taken(name: &str, text: &str, sources: &mut Sources) -> (Library, Reader) {
        Reader::read(name, text, sources, |reader, mut all| {
            let mut warnings = reader.table(&mut all, "warnings");
            let lists = [("allow", Level::Allow), ("warn", Level::Warn), ("deny", Level::Deny)];
            let mut given: Vec<(Which, Level, Span)> = Vec::new();
            for (key, level) in lists {
                for (name, span) in reader.texts(&mut warnings, key) {
                    match Which::named(&name) {
                        Ok(which) => match given.iter().find(|(other, ..)| *other == which) {
                            Some((_, _, first)) => {
                                let message = format!("`{name}` stands in two lists, or twice in one");
                                let first = *first;
                                let diagnostic = Diagnostic::new(Code::SettingWrong, span, message);
                                reader.refuse(diagnostic.label("again").also(first, "the first time"));
                            }
                            None => given.push((which, level, span)),
                        },
                        Err(message) => {
                            let (message, more) = match message.split_once("; ") {
                                Some((message, more)) => (message.to_owned(), Some(more.to_owned())),
                                None => (message, None),
                            };
                            let (help, label): (Vec<String>, Vec<String>) =
                                more.into_iter().partition(|more| more.starts_with("did you mean"));
                            let mut diagnostic = Diagnostic::new(Code::SettingWrong, span, message);
                            diagnostic.labels[0].message = label.into_iter().next();
                            let help = help.into_iter().next();
                            let near = help.as_deref().and_then(|help| help.split('`').nth(1));
                            if let Some(near) = near {
                                diagnostic = diagnostic.fix(span, format!("\"{near}\""));
                            }
                            reader.refuse(diagnostic.maybe_help(help));
                        }
                    }
                }
            }
            reader.finish(&warnings);
            // What is said of one warning counts more than what is said of all.
            given.sort_by_key(|(which, ..)| *which != Which::All);
            let levels = Levels(given.into_iter().map(|(which, level, _)| (which, level)).collect());

            let mut tests = reader.table(&mut all, "test");
            let until = reader.instant(&mut tests, "until");
            let wait = reader.duration(&mut tests, "wait");
            if let (Some((_, until)), Some((_, wait))) = (&until, &wait) {
                reader.refuse(either(*until, *wait));
            }
            let test = Tests {
                jobs: reader.number(&mut tests, "jobs", 1..=1024).map(|(jobs, _)| jobs),
                min_coverage: reader.percent(&mut tests, "min-coverage").map(|(percent, _)| percent),
                timezone: reader.timezone(&mut tests, "timezone").map(|(tz, _)| tz),
                start: reader.local(&mut tests, "start").map(|(start, _)| start),
                until: until.map(|(until, _)| until),
                wait: wait.map(|(wait, _)| wait),
            };
            reader.finish(&tests);
            reader.finish(&all);
            Library { levels, test }
        })
    }
}

/// `until` and `wait` say the same in two ways.
pub fn either(until: Span, wait: Span) -> Diagnostic {
    let message = "`until` and `wait` both say how long the clock goes on";
    let diagnostic = Diagnostic::new(Code::SettingWrong, wait, message);
    diagnostic.label("and this another").also(until, "this says one thing").help("keep one of them")
}
