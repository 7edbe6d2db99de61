//! From files to a checked model: the way in for everybody who embeds the compiler.
//!
//! ```no_run
//! let loaded = stagegate::compiler::load(&["sales.rules".into()], &mut |path| std::fs::read(path));
//! let checked = stagegate::compiler::check(&loaded);
//! assert!(checked.model.is_some(), "{} mistakes", checked.diagnostics.len());
//! ```

mod allow;
mod followers;
mod shares;

use crate::check;
use crate::diagnostic::levels::{Level, Levels};
use crate::diagnostic::{self, Code, Diagnostic, Severity, suggest};
use crate::library;
use crate::lint;
use crate::model::Model;
use crate::source::{FileId, Sources, Span};
use crate::syntax;
use crate::syntax::tree::{self, ItemKind};
use followers::{Lost, Spoiled, Unclosed, without_followers};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Component, Path, PathBuf};

/// The files of a program, read and parsed.
#[derive(Debug, Default)]
pub struct Loaded {
    pub sources: Sources,
    /// Each file after those that it uses.
    pub files: Vec<tree::File>,
    /// The files that were asked for, not those that they use.
    pub roots: Vec<FileId>,
    /// What is wrong with the files themselves and with their syntax, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the checker says of a program.
#[derive(Debug)]
pub struct Checked {
    /// Only of a program without errors.
    pub model: Option<Model>,
    /// Everything that is wrong, that of loading included, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity() == Severity::Error)
    }
}

/// Reads the given files and all that they use. `read` gives the bytes of a file; `-` is standard input.
pub fn load(roots: &[PathBuf], read: &mut dyn FnMut(&Path) -> io::Result<Vec<u8>>) -> Loaded {
    load_with(roots, read, &mut |_| Vec::new())
}

/// As [`load`]. `neighbours` gives the names of the files in a folder, for a file that cannot be found.
pub fn load_with(
    roots: &[PathBuf],
    read: &mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
    neighbours: &mut dyn FnMut(&Path) -> Vec<String>,
) -> Loaded {
    let mut loader = Loader { read, neighbours, known: HashMap::new(), loaded: Loaded::default() };
    for root in roots {
        loader.root(root);
    }
    let mut loaded = loader.loaded;
    tidy(&mut loaded.diagnostics);
    loaded
}

/// Checks a program that has been loaded.
pub fn check(loaded: &Loaded) -> Checked {
    check_with(loaded, &Levels::default())
}

/// As [`check()`], with warnings that are allowed or denied. What a `# stagegate: allow(…)` in the text allows
/// stays allowed: who wrote the rule knew why.
pub fn check_with(loaded: &Loaded, levels: &Levels) -> Checked {
    let (model, found) = check::check_program(&loaded.sources, &loaded.files);
    let lost = Lost::of(loaded);
    let found = found.into_iter();
    let found = found.filter(|d| !d.code.is_unknown_name() || !lost.holds(loaded.sources.text(d.span())));
    let spoiled = Spoiled::of(loaded);
    let unclosed = Unclosed::of(loaded);
    let found = found.filter(|d| !spoiled.follows(d) && !unclosed.holds(d));
    // That something is missing in a declaration of which a part could not be read is no news either.
    let torn: HashSet<Span> =
        loaded.files.iter().flat_map(|file| &file.broken).map(|name| name.span).collect();
    let lacking = [Code::EmptyDeclaration, Code::BadCalendar];
    let found = found.filter(|d| !lacking.contains(&d.code) || !torn.contains(&d.span()));
    let mut diagnostics: Vec<Diagnostic> = loaded.diagnostics.iter().cloned().chain(found).collect();
    without_followers(loaded, &mut diagnostics);
    shares::in_their_sentences(loaded, &mut diagnostics);
    // A program with mistakes is mended first: what else might be meant differently is then another matter.
    if let Some(model) =
        model.as_ref().filter(|_| diagnostics.iter().all(|d| d.severity() != Severity::Error))
    {
        diagnostics.extend(lint::warnings(loaded, model));
    }
    let allowed = allow::read(loaded);
    diagnostics.extend(allowed.diagnostics.iter().cloned());
    tidy(&mut diagnostics);
    diagnostics.retain_mut(|d| {
        if d.code.severity() == Severity::Error {
            return true;
        }
        // What is bundled is nobody's own to mend.
        let file = loaded.sources.file(d.span().file);
        if allowed.holds(d) || file.path.is_none() && library::named(&file.name).is_some() {
            return false;
        }
        let level = levels.of(d.code);
        if level == Level::Deny {
            d.severity = Severity::Error;
        }
        level != Level::Allow
    });
    let mut checked = Checked { model, diagnostics };
    if checked.has_errors() {
        checked.model = None;
    }
    checked
}

/// Where a `# stagegate: allow(mutant)` says that a change of the rules may go unnoticed by the tests.
pub fn allowed_mutants(loaded: &Loaded) -> Vec<(FileId, std::ops::Range<usize>)> {
    allow::read(loaded).mutants
}

/// By file and place, each thing once.
fn tidy(diagnostics: &mut Vec<Diagnostic>) {
    // Stable: of several at one place the first that was found stays first.
    diagnostics.sort_by_key(|d| (d.span().file, d.span().start, d.span().end));
    let mut seen = HashSet::new();
    let mut mended = HashSet::new();
    diagnostics.retain(|d| !d.shared || mended.insert(d.help.clone()));
    diagnostics.retain(|d| {
        let labels: Vec<_> = d.labels.iter().map(|l| (l.span, l.message.clone())).collect();
        seen.insert((d.code, d.message.clone(), labels))
    });
}

/// What a file is known by: its path without `.` and `..`, or the name of a library.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Library(&'static str),
    Path(PathBuf),
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It, or a file that it uses, is being read.
    Open(FileId),
    /// It is in the program, or could not be read.
    Done,
}

struct Loader<'r> {
    read: &'r mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
    neighbours: &'r mut dyn FnMut(&Path) -> Vec<String>,
    known: HashMap<Key, Progress>,
    loaded: Loaded,
}

/// A file that has been parsed, while the files that it uses are brought in.
struct Open {
    key: Key,
    tree: tree::File,
    /// How many of its items have been looked at for `use`.
    seen: usize,
    /// The `use` in another file that brought it in.
    used_at: Option<Span>,
}

impl Loader<'_> {
    fn root(&mut self, path: &Path) {
        let stdin = path.as_os_str() == "-";
        let key = Key::Path(plain(path));
        if self.known.contains_key(&key) {
            return;
        }
        let shown = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
        let place = (!stdin).then(|| path.to_owned());
        let file = match (self.read)(path) {
            Ok(bytes) => self.text(&shown, place, bytes, None),
            Err(error) => {
                let file = self.loaded.sources.add(shown.clone(), place, "");
                self.cannot_read(Span::new(file, 0, 0), &shown, path, &error);
                None
            }
        };
        match file {
            Some(file) => {
                self.loaded.roots.push(file);
                self.with_all_it_uses(key, file);
            }
            None => {
                self.known.insert(key, Progress::Done);
            }
        }
    }

    /// Parses a file, and brings in what it uses, and what that uses. Without recursion: the chain may be long.
    fn with_all_it_uses(&mut self, key: Key, file: FileId) {
        let mut way = vec![self.open(key, file, None)];
        while let Some(top) = way.last_mut() {
            let Some(item) = top.tree.items.get(top.seen) else {
                if let Some(done) = way.pop() {
                    self.known.insert(done.key, Progress::Done);
                    self.loaded.files.push(done.tree);
                }
                continue;
            };
            top.seen += 1;
            let (key, span) = match &item.kind {
                ItemKind::UseLibrary(name) => match library::named(&name.text) {
                    Some(library) => (Key::Library(library.name), name.span),
                    None => {
                        let diagnostic = unknown_library(name);
                        self.loaded.diagnostics.push(diagnostic);
                        continue;
                    }
                },
                ItemKind::UseFile(path) => {
                    let user = self.loaded.sources.file(top.tree.file).path.as_deref();
                    let folder = user.and_then(Path::parent).unwrap_or(Path::new(""));
                    (Key::Path(plain(&folder.join(&*path.text))), path.span)
                }
                _ => continue,
            };
            match self.known.get(&key) {
                Some(Progress::Done) => {}
                Some(Progress::Open(file)) => {
                    let from = way.iter().position(|open| open.tree.file == *file).unwrap_or(0);
                    let diagnostic = self.circle(&way[from..], span);
                    self.loaded.diagnostics.push(diagnostic);
                }
                None => match self.bring_in(&key, span) {
                    Some(file) => {
                        let open = self.open(key, file, Some(span));
                        way.push(open);
                    }
                    None => {
                        self.known.insert(key, Progress::Done);
                    }
                },
            }
        }
    }

    fn open(&mut self, key: Key, file: FileId, used_at: Option<Span>) -> Open {
        self.known.insert(key.clone(), Progress::Open(file));
        if let Key::Library(name) = key
            && let Some(library) = library::named(name)
        {
            return Open { key, tree: library.tree(file), seen: 0, used_at };
        }
        let text = self.loaded.sources.file(file).text.clone();
        let (tree, diagnostics) = syntax::parse(file, &text);
        self.loaded.diagnostics.extend(diagnostics);
        Open { key, tree, seen: 0, used_at }
    }

    fn bring_in(&mut self, key: &Key, span: Span) -> Option<FileId> {
        match key {
            Key::Library(name) => {
                let library = library::named(name)?;
                Some(self.loaded.sources.add(library.name, None, library.text))
            }
            Key::Path(path) => {
                let shown = path.display().to_string();
                match (self.read)(path) {
                    Ok(bytes) => self.text(&shown, Some(path.clone()), bytes, Some(span)),
                    Err(error) => {
                        self.cannot_read(span, &shown, path, &error);
                        None
                    }
                }
            }
        }
    }

    /// Adds a file to the sources if it is text.
    fn text(
        &mut self,
        shown: &str,
        path: Option<PathBuf>,
        bytes: Vec<u8>,
        used_at: Option<Span>,
    ) -> Option<FileId> {
        if u32::try_from(bytes.len()).is_err() {
            let file = self.loaded.sources.add(shown, path, "");
            let message = format!("`{shown}` is larger than 4 GB");
            self.loaded.diagnostics.push(Diagnostic::new(
                Code::FileUnreadable,
                Span::new(file, 0, 0),
                message,
            ));
            return None;
        }
        if let Some(kind) = Foreign::of(&bytes) {
            let (what, help) = kind.words();
            let message = format!("`{shown}` {what}");
            let place = used_at.unwrap_or_else(|| Span::new(self.loaded.sources.add(shown, path, ""), 0, 0));
            let diagnostic = Diagnostic::new(Code::FileUnreadable, place, message);
            self.loaded.diagnostics.push(diagnostic.help(help));
            return None;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Some(self.loaded.sources.add(shown, path, text)),
            Err(error) => {
                // What can be read is kept, to show the place.
                let good = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let file = self.loaded.sources.add(shown, path, text);
                let message = format!("`{shown}` is not written in UTF-8");
                let wrong = Span::new(file, good, good + char::REPLACEMENT_CHARACTER.len_utf8());
                let diagnostic = Diagnostic::new(Code::FileUnreadable, wrong, message)
                    .label("the first byte that is no part of a character")
                    .help("save the file as UTF-8");
                self.loaded.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn cannot_read(&mut self, span: Span, shown: &str, path: &Path, error: &io::Error) {
        let diagnostic = match error.kind() {
            io::ErrorKind::NotFound => {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                let around = (self.neighbours)(path.parent().unwrap_or(Path::new("")));
                let near = around.iter().map(String::as_str).filter(|n| n.ends_with(".rules"));
                let near = suggest::nearest(&name, near.collect::<Vec<_>>());
                let help = near.map(|near| format!("did you mean `{near}`?"));
                let unnamed = path.extension().is_none() && around.contains(&format!("{name}.rules"));
                let help = if unnamed { Some(format!("did you mean `{name}.rules`?")) } else { help };
                let problem =
                    Diagnostic::new(Code::FileNotFound, span, format!("there is no file `{shown}`"));
                if !unnamed && library::named(&name).is_some() {
                    let label = "without quotes, this is a bundled library";
                    return self
                        .loaded
                        .diagnostics
                        .push(problem.label(label).help(format!("use {name}")).fix(span, name));
                }
                problem.maybe_help(help)
            }
            io::ErrorKind::IsADirectory => {
                let message = format!("`{shown}` is a folder, and a file is wanted");
                Diagnostic::new(Code::FileUnreadable, span, message)
            }
            _ => {
                let message = format!("`{shown}` cannot be read: {}", reason(error));
                Diagnostic::new(Code::FileUnreadable, span, message)
            }
        };
        self.loaded.diagnostics.push(diagnostic);
    }

    fn circle(&self, circle: &[Open], closing: Span) -> Diagnostic {
        let name = |open: &Open| &*self.loaded.sources.file(open.tree.file).name;
        // Told from the same file whichever was read first: then several programs tell it once.
        let first = circle.iter().enumerate().min_by_key(|(_, open)| name(open)).map_or(0, |(at, _)| at);
        let (behind, before) = circle.split_at(first);
        // By file: where it is used by the one before it in the circle.
        let used = |at: usize| if at == 0 { Some(closing) } else { circle[at].used_at };
        let names: Vec<&str> = before.iter().chain(behind).map(name).collect();
        let closing = used(first).unwrap_or(closing);
        let message = match names[..] {
            [name] => format!("the file `{name}` uses itself"),
            _ => {
                let chain = diagnostic::circle(names.iter().copied(), "uses");
                format!("files use each other in a circle: {chain}")
            }
        };
        let mut diagnostic = Diagnostic::new(Code::UseCycle, closing, message)
            .label("the circle closes here")
            .help("put what both need into a third file");
        if circle.len() == 1 {
            diagnostic.help = Some("take this line away".into());
        }
        for at in (first + 1..circle.len()).chain(0..first).take(5) {
            if let Some(span) = used(at) {
                diagnostic = diagnostic.also(span, "part of the circle");
            }
        }
        diagnostic
    }
}

fn unknown_library(name: &tree::Name) -> Diagnostic {
    let libraries = || library::LIBRARIES.iter().map(|l| l.name);
    let known: Vec<String> = libraries().map(|l| format!("`{l}`")).collect();
    let help = suggest::did_you_mean(&name.text, libraries())
        .unwrap_or_else(|| format!("use \"{}.rules\"", name.text));
    Diagnostic::new(Code::UnknownLibrary, name.span, format!("there is no library `{}`", name.text))
        .label(format!("bundled with the language: {}", known.join(", ")))
        .help(help)
}

/// What a file holds that is no text of rules, as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// A compiled program.
    Compiled,
    Events,
    Utf16,
    /// gzip, zip and their like: the name of the form.
    Packed(&'static str),
    Binary,
}

impl Foreign {
    pub fn of(bytes: &[u8]) -> Option<Foreign> {
        let begin = &bytes[..bytes.len().min(1024)];
        let zeros = begin.iter().filter(|byte| **byte == 0).count();
        let text = begin.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(begin).trim_ascii_start();
        Some(match begin {
            _ if begin.starts_with(&crate::program::file::MAGIC) => Foreign::Compiled,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Foreign::Utf16,
            [0x1f, 0x8b, ..] => Foreign::Packed("gzip"),
            [b'P', b'K', 3, 4, ..] => Foreign::Packed("zip"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Foreign::Packed("zstd"),
            [b'B', b'Z', b'h', ..] if begin.get(4..10) == Some(b"1AY&SY") => Foreign::Packed("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Foreign::Packed("xz"),
            // Every second byte of a plain text is zero then.
            _ if zeros * 5 > begin.len() * 2 && zeros * 5 < begin.len() * 3 => Foreign::Utf16,
            _ if zeros > 0 => Foreign::Binary,
            // No rules begin with a brace.
            _ if text.starts_with(b"{") && text[1..].trim_ascii_start().starts_with(b"\"") => Foreign::Events,
            _ => return None,
        })
    }

    /// What is said of it, and what to do, where rules are wanted.
    pub fn words(self) -> (String, String) {
        match self {
            Foreign::Compiled => (
                "is a compiled program, and rules are wanted here".into(),
                "name the file of rules that it was compiled from".into(),
            ),
            Foreign::Events => (
                "holds events, and rules are wanted here".into(),
                "name the file of rules first, and then the events".into(),
            ),
            Foreign::Utf16 => ("is written in UTF-16".into(), "save the file as UTF-8".into()),
            Foreign::Packed(form) => (format!("is packed with {form}"), "unpack the file".into()),
            Foreign::Binary => ("is no text: it holds zero bytes".into(), "name a file of rules".into()),
        }
    }
}

/// What the operating system says, without the number of the error.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// A path without `.` and, where it can be told from the path alone, without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use rust_decimal::Decimal;

    fn compiled(files: &[(&str, &str)]) -> (Loaded, Checked) {
        let roots = [PathBuf::from(files[0].0)];
        let loaded = load(&roots, &mut |path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
        });
        let checked = check(&loaded);
        (loaded, checked)
    }

    #[test]
    fn what_a_file_uses_comes_before_it_and_everything_once() {
        let (loaded, checked) = compiled(&[
            ("a/main.rules", "use \"b.rules\"\nuse \"../c.rules\"\nuser m"),
            ("a/b.rules", "use \"../a/../c.rules\"\nuser b"),
            ("c.rules", "user c"),
        ]);
        let order: Vec<&str> = loaded.files.iter().map(|f| &*loaded.sources.file(f.file).name).collect();
        assert_eq!(order, ["c.rules", "a/b.rules", "a/main.rules"]);
        let people = checked.model.map(|m| m.schema.principals.iter().map(|p| p.name.to_string()).collect());
        assert_eq!(people, Some(vec!["c".to_owned(), "b".into(), "m".into()]));
    }

    #[test]
    fn a_kind_of_an_event_has_its_parents_payload_entities_limits_and_defaults() {
        let text = "entity Ticket { day: weekday = mon }\n\
                    event a.child is b.parent { more: text? }\n\
                    event b.parent on Ticket { text: text max MOST = WORDS }\n\
                    const MOST = 2 * 10\nconst WORDS = \"hello\"";
        let (_, checked) = compiled(&[("x.rules", text)]);
        assert_eq!(checked.diagnostics, []);
        let schema = checked.model.map(|m| m.schema).unwrap_or_default();
        let names: Vec<&str> = schema.events.iter().map(|e| &*e.name).collect();
        assert_eq!(names, ["b.parent", "a.child"]);
        let child = &schema.events[1];
        assert_eq!((child.on.len(), child.payload.len()), (1, 2));
        assert_eq!(child.payload[0], schema.events[0].payload[0]);
        assert_eq!(child.payload[0].limits.max, Some(Decimal::from(20)));
        assert_eq!(child.payload[0].default, Some(Value::Text("hello".into())));
        assert_eq!(schema.entities[0].fields[4].default, Some(Value::Enum(0)));
    }
}
