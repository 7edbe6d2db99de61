//! What `check` found, in the format that is asked for.
//!
//! What is said to people goes to stderr, what machines read to stdout.

use super::exit::{self, Failure};
use super::input::{self, Style};
use crate::diagnostic::format::{Finding, github, json, plain, sarif, short};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::Sources;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Drawn with the lines of the rules, for people at a terminal.
    Human,
    /// Whole sentences without drawing and colour, for screen readers and logs.
    Plain,
    /// One line each, for editors and grep.
    Short,
    /// An array of objects.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
    /// Commands that GitHub Actions shows at the lines of a pull request.
    Github,
}

impl Format {
    /// Whether something is said on stderr too.
    pub fn speaks(self) -> bool {
        !matches!(self, Format::Json | Format::Sarif)
    }

    /// Whether stdout is for the findings.
    pub fn takes_stdout(self) -> bool {
        !matches!(self, Format::Human | Format::Plain)
    }
}

pub struct Report {
    format: Format,
    style: Style,
    pub errors: usize,
    pub warnings: usize,
    /// Files with mistakes that are no programs.
    pub others: Vec<String>,
    /// Files in which something is said to be wrong.
    places: BTreeSet<String>,
    /// Files that have been read, but the bundled libraries.
    read: BTreeSet<String>,
    /// Files that could not be read, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// For formats that are written at the end.
    findings: Vec<Finding>,
    /// Of the first error, or else of the first warning.
    first: Option<Code>,
}

impl Report {
    pub fn new(format: Format, style: Style) -> Self {
        Report {
            format,
            style,
            errors: 0,
            warnings: 0,
            others: Vec::new(),
            places: BTreeSet::new(),
            read: BTreeSet::new(),
            unreadable: Vec::new(),
            findings: Vec::new(),
            first: None,
        }
    }

    pub fn unreadable(&mut self, path: &Path, message: String) {
        exit::say(&format!("error: {message}\n"));
        self.unreadable.push((path.display().to_string(), message));
    }

    /// # Errors
    /// If stdout cannot be written.
    pub fn add(&mut self, diagnostics: &[Diagnostic], sources: &Sources) -> Result<(), Failure> {
        self.places.extend(diagnostics.iter().map(|d| sources.file(d.span().file).name.clone()));
        let read = sources.files().filter(|(_, file)| file.path.is_some());
        self.read.extend(read.map(|(_, file)| file.name.clone()));
        let errors = diagnostics.iter().filter(|d| d.severity() == Severity::Error).count();
        let worst = diagnostics.iter().max_by_key(|d| (d.severity(), std::cmp::Reverse(d.span().start)));
        if self.first.is_none() || self.errors == 0 && errors > 0 {
            self.first = worst.map(|d| d.code).or(self.first);
        }
        self.errors += errors;
        self.warnings += diagnostics.len() - errors;
        let findings = diagnostics.iter().map(|d| (d, Finding::of(d, sources)));
        match self.format {
            Format::Human => {
                input::report(diagnostics, sources, self.style);
                Ok(())
            }
            Format::Plain => {
                let shown = diagnostics.iter().take(input::DRAWN);
                for diagnostic in shown {
                    exit::say(&(plain::paragraph(diagnostic, sources) + "\n"));
                }
                if let Some(more) = diagnostics.len().checked_sub(input::DRAWN).filter(|n| *n > 0) {
                    exit::say(&format!("There are {more} more that are not said.\n"));
                }
                Ok(())
            }
            Format::Short => print(&findings.map(|(_, f)| short::line(&f)).collect::<String>()),
            Format::Github => {
                print(&findings.map(|(d, f)| github::command(&f, d.code.title())).collect::<String>())
            }
            Format::Json | Format::Sarif => {
                self.findings.extend(findings.map(|(_, f)| f));
                Ok(())
            }
        }
    }

    /// Writes what is written at the end, and the count.
    ///
    /// # Errors
    /// If stdout cannot be written.
    pub fn finish(&mut self, programs: &[PathBuf]) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                let missing =
                    self.unreadable.iter().map(|(file, message)| Finding::unreadable(file, message));
                self.findings.extend(missing);
                return print(&json::array(&self.findings));
            }
            Format::Sarif => {
                let folder = std::env::current_dir().ok();
                return print(&sarif::log(&self.findings, &self.unreadable, folder.as_deref()));
            }
            Format::Github => {
                let missing =
                    self.unreadable.iter().map(|(file, message)| Finding::unreadable(file, message));
                print(&missing.map(|f| github::command(&f, "a file cannot be read")).collect::<String>())?;
            }
            Format::Short => {
                let missing =
                    self.unreadable.iter().map(|(file, message)| Finding::unreadable(file, message));
                print(&missing.map(|f| short::line(&f)).collect::<String>())?;
            }
            Format::Human | Format::Plain => {}
        }
        let files = match programs {
            [] => Vec::new(),
            // Whoever names a folder looks for the file in which it is, and not for the one that brings that in.
            [one] if self.places.len() == 1 && self.others.is_empty() && one != Path::new("-") => {
                self.places.iter().cloned().collect()
            }
            [one] if self.places.is_empty() && self.others.is_empty() => {
                let own = input::shown(one);
                let brought = self.read.iter().filter(|name| **name != own).cloned().collect::<Vec<_>>();
                match &brought[..] {
                    [] | [_] => [vec![own], brought].concat(),
                    several => vec![own, format!("{} files that it brings in", several.len())],
                }
            }
            [one] => vec![input::shown(one)],
            several => vec![format!("{} programs", several.len())],
        };
        let mut files = [files, std::mem::take(&mut self.others)].concat();
        let last = files.pop().unwrap_or_default();
        let files = if files.is_empty() { last } else { format!("{} and {last}", files.join(", ")) };
        if self.errors + self.warnings > 0 {
            exit::say(&format!("{} in {files}\n", input::found(self.errors, self.warnings)));
            if let Some(code) = self.first.filter(|_| self.format == Format::Human) {
                exit::say(&format!("`stagegate explain {}` says more\n", code.id()));
            }
        } else if self.unreadable.is_empty() {
            exit::say(&format!("no errors in {files}\n"));
        }
        Ok(())
    }
}

/// # Errors
/// If stdout cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|e| Failure::write("to standard output", &e))
}
