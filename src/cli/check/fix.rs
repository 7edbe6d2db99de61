//! `check --fix` and `--diff`: the corrections that are sure, made in rounds until no more can be made.

use super::Args;
use crate::cli::compile::replace;
use crate::cli::config::{self, Config, Kind};
use crate::cli::exit::{self, Failure};
use crate::cli::input;
use crate::cli::report;
use crate::compiler::{self, Loaded};
use crate::diagnostic::fix::{apply, together, words};
use crate::diagnostic::levels::Levels;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::settings::Library;
use crate::source::{FileId, Sources};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// One correction may make room for the next; more rounds than this only a mistake of ours needs.
const ROUNDS: usize = 20;
/// Of more corrections at once that do harm, the harmless ones are not looked for one by one.
const SINGLY: usize = 200;

/// What some editors put before a text; no part of it.
const MARK: char = '\u{feff}';

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nothing is changed.
    Off,
    Write,
    Show,
}

/// A file that has been read.
struct Text {
    /// As people know it.
    shown: String,
    /// `None` for standard input.
    path: Option<PathBuf>,
    old: Vec<u8>,
    new: Vec<u8>,
}

pub(super) struct Fixes {
    mode: Mode,
    /// By their real paths: two programs may use one file, each by another path.
    texts: BTreeMap<PathBuf, Text>,
    made: usize,
    says: bool,
}

/// Leaves only what is to be corrected now: a message may only follow from a mistake in what is read before it, so first
/// the syntax, then the names and declarations, then the rest, then what is warned of. Behind a mistake of syntax that
/// only a person can mend nothing else is touched.
fn causes_first(diagnostics: &mut Vec<Diagnostic>) {
    let step = |d: &Diagnostic| match d.code.id().get(..3) {
        Some("E01") => 0,
        Some("E02" | "E06") => 1,
        _ if d.severity() == Severity::Error => 2,
        _ => 3,
    };
    let open = |d: &&Diagnostic| !d.fix.is_empty() || step(d) == 0;
    if let Some(first) = diagnostics.iter().filter(open).map(step).min() {
        diagnostics.retain(|d| step(d) == first);
    }
}

/// How bad a text is: mistakes of syntax, errors, warnings.
type Badness = (usize, usize, usize);

impl Fixes {
    pub fn new(args: &Args, programs: &[PathBuf]) -> Result<Self, Failure> {
        let mode = match (args.fix, args.diff) {
            (_, true) => Mode::Show,
            (true, false) => Mode::Write,
            (false, false) => Mode::Off,
        };
        let stdin = programs.iter().any(|path| path == Path::new("-"));
        if args.format.takes_stdout() && (mode == Mode::Show || mode == Mode::Write && stdin) {
            let what = if mode == Mode::Show { "the diff" } else { "the corrected text" };
            return Err(Failure::usage(format!(
                "{what} goes to standard output, and so does this --format: take `--format human` or `plain`"
            )));
        }
        Ok(Fixes { mode, texts: BTreeMap::new(), made: 0, says: args.format.speaks() })
    }

    /// The program as it is once its sure corrections are made.
    pub fn mend(&mut self, program: &Path, levels: &Levels) -> Result<Loaded, Failure> {
        if self.mode == Mode::Off {
            return input::load(program);
        }
        let mut loaded = self.load(program)?;
        // Corrections that did harm, by what they change.
        let mut refused: Vec<(String, Vec<(u32, String)>)> = Vec::new();
        for _ in 0..ROUNDS {
            let checked = compiler::check_with(&loaded, levels);
            let before = badness(&checked.diagnostics);
            let mut open = checked.diagnostics;
            open.retain(|d| !refused.contains(&identity(d)));
            causes_first(&mut open);
            let may = |file: FileId| self.key(&loaded, file).is_some();
            let chosen = together(&open, &may);
            if chosen.is_empty() {
                break;
            }
            match self.attempt(program, &loaded, &chosen, levels, before)? {
                Some(mended) => {
                    self.writable(&chosen, &loaded)?;
                    self.tell(&chosen, &loaded.sources);
                    loaded = mended;
                }
                None if chosen.len() > SINGLY => break,
                None => {
                    // One of them does harm: each alone.
                    let mut found = None;
                    for one in chosen {
                        match self.attempt(program, &loaded, &[one], levels, before)? {
                            Some(mended) => {
                                self.writable(&[one], &loaded)?;
                                self.tell(&[one], &loaded.sources);
                                found = Some(mended);
                                break;
                            }
                            None => refused.push(identity(one)),
                        }
                    }
                    match found {
                        Some(mended) => loaded = mended,
                        None => break,
                    }
                }
            }
        }
        Ok(loaded)
    }

    /// Corrects the settings that count for a program, and has them count as they then are.
    pub fn settings(&mut self, program: &Path, config: &mut Config) -> Result<(), Failure> {
        // Where the rules come from standard input and go to standard output, no file is touched.
        let Some(file) = Library::file_of(program).filter(|_| program != Path::new("-")) else {
            return Ok(());
        };
        if let Some(new) = self.toml(&file, Kind::Library)? {
            config.instead(file, new);
        }
        Ok(())
    }

    /// Corrects a file of settings; gives what then stands in it, if that has not been done before.
    pub fn toml(&mut self, file: &Path, kind: Kind) -> Result<Option<Vec<u8>>, Failure> {
        // What cannot be read is said by whoever needs it.
        let (Ok(key), Ok(old)) = (file.canonicalize(), input::read(file)) else { return Ok(None) };
        let Ok(whole) = String::from_utf8(old.clone()) else { return Ok(None) };
        if self.mode == Mode::Off || self.texts.contains_key(&key) {
            return Ok(None);
        }
        let (shown, mark) = (config::name_of(file), if whole.starts_with(MARK) { "\u{feff}" } else { "" });
        let mut text = whole.strip_prefix(MARK).unwrap_or(&whole).to_owned();
        for _ in 0..ROUNDS {
            let mut sources = Sources::default();
            let found = kind.mistakes(&shown, &text, &mut sources);
            if found.is_empty() {
                break;
            }
            let better = |chosen: &[&Diagnostic]| {
                let id = chosen.first()?.fix.first()?.span.file;
                let new = apply(id, &sources, chosen.iter().copied())?;
                let left = kind.mistakes(&shown, &new, &mut Sources::default());
                // Behind a key that is put right a value is read that nobody has read before.
                let badness = |found: &[Diagnostic]| {
                    (found.iter().filter(|d| d.code == Code::SettingUnknown).count(), found.len())
                };
                // One key twice is no TOML at all.
                let broken = toml::de::DeTable::parse(&new).is_err();
                (!broken && badness(&left) < badness(&found)).then_some(new)
            };
            let all = together(&found, &|_| true);
            let alone = || all.iter().find_map(|one| Some((vec![*one], better(&[*one])?)));
            let made = better(&all).map(|new| (all.clone(), new)).or_else(alone);
            let Some((chosen, new)) = made else { break };
            if self.mode == Mode::Write {
                can_be_written(file, &shown)?;
            }
            self.tell(&chosen, &sources);
            text = new;
        }
        let new = format!("{mark}{text}").into_bytes();
        self.texts.insert(key.clone(), Text { shown, path: Some(key), old, new: new.clone() });
        Ok(Some(new))
    }

    /// Makes corrections; unmakes them if the program is not better for it.
    fn attempt(
        &mut self,
        program: &Path,
        loaded: &Loaded,
        chosen: &[&Diagnostic],
        levels: &Levels,
        before: Badness,
    ) -> Result<Option<Loaded>, Failure> {
        let mut files: Vec<FileId> = chosen.iter().flat_map(|d| &d.fix).map(|edit| edit.span.file).collect();
        files.sort();
        files.dedup();
        let mut undo = Vec::new();
        for file in files {
            let new = apply(file, &loaded.sources, chosen.iter().copied());
            let key = self.key(loaded, file);
            let text = key.as_ref().and_then(|key| self.texts.get_mut(key));
            if let (Some(key), Some(new), Some(text)) = (key, new, text) {
                undo.push((key, std::mem::replace(&mut text.new, new.into_bytes())));
            }
        }
        let mended = self.load(program)?;
        if badness(&compiler::check_with(&mended, levels).diagnostics) < before {
            return Ok(Some(mended));
        }
        for (key, old) in undo {
            if let Some(text) = self.texts.get_mut(&key) {
                text.new = old;
            }
        }
        Ok(None)
    }

    /// Whether the files that are to be corrected may be written: before it is said that they are.
    fn writable(&self, chosen: &[&Diagnostic], loaded: &Loaded) -> Result<(), Failure> {
        if self.mode != Mode::Write {
            return Ok(());
        }
        for edit in chosen.iter().flat_map(|diagnostic| &diagnostic.fix) {
            let text = self.key(loaded, edit.span.file).and_then(|key| self.texts.get(&key));
            if let Some((text, path)) = text.and_then(|text| Some((text, text.path.as_ref()?))) {
                can_be_written(path, &text.shown)?;
            }
        }
        Ok(())
    }

    /// Says what has been corrected, by the places of the text in which it was.
    fn tell(&mut self, chosen: &[&Diagnostic], sources: &Sources) {
        self.made += chosen.len();
        if !self.says {
            return;
        }
        for diagnostic in chosen {
            let Some(first) = diagnostic.fix.first() else { continue };
            let file = sources.file(first.span.file);
            let place = file.position(first.span.start as usize);
            let what: Vec<String> = diagnostic.fix.iter().map(|edit| words(edit, sources)).collect();
            exit::say(&format!("{}:{}:{}: {}\n", file.name, place.line, place.column, what.join(", ")));
        }
    }

    /// Loads a program with what has been corrected so far.
    fn load(&mut self, program: &Path) -> Result<Loaded, Failure> {
        let texts = &mut self.texts;
        input::load_with(program, &mut |path| {
            let stdin = path == Path::new("-");
            let key = if stdin { path.to_owned() } else { path.canonicalize()? };
            if let Some(text) = texts.get(&key) {
                return Ok(text.new.clone());
            }
            let bytes = if stdin { input::read_stdin()? } else { input::read(path)? };
            let text = Text {
                shown: path.display().to_string(),
                path: (!stdin).then(|| key.clone()),
                old: bytes.clone(),
                new: bytes.clone(),
            };
            texts.insert(key, text);
            Ok(bytes)
        })
    }

    /// What a file is known by here; `None` for what is bundled.
    fn key(&self, loaded: &Loaded, file: FileId) -> Option<PathBuf> {
        let source = loaded.sources.file(file);
        match &source.path {
            Some(path) => path.canonicalize().ok().filter(|key| self.texts.contains_key(key)),
            None => (source.name == "<stdin>").then(|| PathBuf::from("-")),
        }
    }

    /// Writes the corrected files, or shows the difference.
    pub fn finish(&mut self) -> Result<(), Failure> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        let mut changed = 0;
        for text in self.texts.values() {
            let different = text.old != text.new;
            changed += usize::from(different);
            match (self.mode, &text.path) {
                (Mode::Write, None) => report::print(&String::from_utf8_lossy(&text.new))?,
                (Mode::Write, Some(path)) if different => text.write(path)?,
                (Mode::Show, _) if different => report::print(&text.diff())?,
                _ => {}
            }
        }
        // Of what could not be read nothing is known.
        if self.says && !self.texts.is_empty() {
            let corrections = match self.made {
                1 => "1 correction".to_owned(),
                n => format!("{n} corrections"),
            };
            let files = if changed == 1 { "1 file".to_owned() } else { format!("{changed} files") };
            exit::say(&match (self.mode, self.made) {
                (_, 0) => "nothing to correct without you\n".to_owned(),
                (Mode::Show, _) => format!("{corrections} in {files}, none of them written\n"),
                _ => format!("{corrections} in {files}\n"),
            });
        }
        Ok(())
    }
}

fn can_be_written(path: &Path, shown: &str) -> Result<(), Failure> {
    let open = std::fs::OpenOptions::new().write(true).open(path);
    open.map(|_| ()).map_err(|e| Failure::write(shown, &e))
}

impl Text {
    fn write(&self, path: &Path) -> Result<(), Failure> {
        let failure = |e: &io::Error| Failure::write(&self.shown, e);
        // Somebody may have saved it meanwhile.
        if input::read(path).map_err(|e| failure(&e))? != self.old {
            return Err(Failure::usage(format!(
                "{} has been changed meanwhile and stays as it is",
                self.shown
            )));
        }
        replace(path, &self.new).map_err(|e| failure(&e))
    }

    fn diff(&self) -> String {
        let (old, new) = (String::from_utf8_lossy(&self.old), String::from_utf8_lossy(&self.new));
        let name = if self.path.is_none() { "<stdin>" } else { &*self.shown };
        similar::TextDiff::from_lines(&*old, &*new).unified_diff().header(name, name).to_string()
    }
}

/// Corrected syntax lets the checker see more: then only the syntax counts, else the errors, else the warnings.
fn badness(diagnostics: &[Diagnostic]) -> Badness {
    let syntax = diagnostics.iter().filter(|d| d.code.id().starts_with("E01")).count();
    let errors = diagnostics.iter().filter(|d| d.severity() == Severity::Error).count();
    (syntax, errors, diagnostics.len() - errors)
}

/// What a correction would do, whatever has been corrected around it.
fn identity(diagnostic: &Diagnostic) -> (String, Vec<(u32, String)>) {
    let edits = diagnostic.fix.iter().map(|edit| (edit.span.end - edit.span.start, edit.text.clone()));
    (format!("{} {}", diagnostic.code.id(), diagnostic.message), edits.collect())
}
