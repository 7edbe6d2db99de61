//! What commands share of reading: programs from text or compiled, colours, diagnostics on stderr.

use super::exit::{self, Failure};
use super::terminal::Screen;
use crate::compiler::{self, Foreign, Loaded};
use crate::diagnostic::levels::Levels;
use crate::diagnostic::{Diagnostic, Rendered, Severity, render};
use crate::model::Model;
use crate::program::Program;
use crate::program::sites::Sites;
use crate::source::Sources;
use std::io::{self, Read, Write};
use std::path::Path;

/// How to draw: on stderr, where nothing else is said.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub color: bool,
    pub width: usize,
    /// What was said of colours.
    choice: super::Color,
}

impl Style {
    /// As standard error takes it.
    pub fn detect(color_choice: super::Color) -> Self {
        let Screen { color, width, .. } = Screen::stderr(color_choice);
        Style { color, width, choice: color_choice }
    }

    /// Without colours, for a text that goes elsewhere.
    pub fn plain(width: usize) -> Self {
        Style { color: false, width, choice: super::Color::Never }
    }

    /// Standard output, for what is drawn there.
    pub fn out(self) -> Screen {
        Screen::stdout(self.choice)
    }

    /// As [`Style::out`], to draw in the same way.
    pub fn for_stdout(self) -> Style {
        let Screen { color, width, .. } = self.out();
        Style { color, width, ..self }
    }
}

/// Reads a program's file and all that it brings in. `-` is standard input.
///
/// # Errors
/// If the program's own file cannot be read; one that it brings in is a diagnostic.
pub fn load(program: &Path) -> Result<Loaded, Failure> {
    load_with(program, &mut read_any)
}

/// The bytes of a file, or of standard input.
fn read_any(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new("-") { read_stdin() } else { read(path) }
}

/// As [`load`], with another way to read files.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    program: &Path,
    read: &mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
) -> Result<Loaded, Failure> {
    let bytes = read(program);
    let bytes = bytes.map_err(|e| Failure::read(program, &e))?;
    if Foreign::of(&bytes) == Some(Foreign::Compiled) {
        return Err(Failure::usage(format!(
            "{} is a compiled program, and rules are wanted here: name the file of rules that it was compiled from",
            shown(program)
        )));
    }
    let mut bytes = Some(bytes);
    let mut read = |path: &Path| match bytes.take_if(|_| path == program) {
        Some(bytes) => Ok(bytes),
        None => read(path),
    };
    Ok(compiler::load_with(&[program.to_path_buf()], &mut read, &mut neighbours))
}

/// As [`load`], of several files that belong together.
#[cfg(feature = "doc")]
pub fn load_together(files: &[std::path::PathBuf]) -> Loaded {
    compiler::load_with(files, &mut read_any, &mut neighbours)
}

/// The names of the files in a folder, for a file that cannot be found.
fn neighbours(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|e| e.file_name().into_string().ok()).collect()
}

/// A file's bytes. A folder is an error of its own kind, whatever the system calls it.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    std::fs::read(path)
}

pub fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a result to standard output.
///
/// # Errors
/// If it cannot be written; a reader that went away is silent.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|e| Failure::write("to standard output", &e))
}

/// A path as people are told it.
pub fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".into() } else { path.display().to_string() }
}

/// So many diagnostics are drawn at most: of a file with more, it is another kind of file that is wrong.
pub const DRAWN: usize = 500;

/// Draws diagnostics on stderr; gives how many errors and warnings there were.
pub fn report(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> (usize, usize) {
    let mut text = String::new();
    let mut errors = 0;
    for (i, diagnostic) in diagnostics.iter().enumerate() {
        errors += usize::from(diagnostic.severity() == Severity::Error);
        if i >= DRAWN {
            continue;
        }
        text.push_str(&render(diagnostic, sources, Rendered { color: style.color, width: style.width }));
        text.push('\n');
    }
    if let Some(more) = diagnostics.len().checked_sub(DRAWN).filter(|n| *n > 0) {
        text.push_str(&format!("… and {more} more that are not shown\n"));
    }
    exit::say(&text);
    (errors, diagnostics.len() - errors)
}

/// `2 errors and 1 warning`
pub fn found(errors: usize, warnings: usize) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match (errors, warnings) {
        (e, 0) => count(e, "error"),
        (0, w) => count(w, "warning"),
        (e, w) => format!("{} and {}", count(e, "error"), count(w, "warning")),
    }
}

/// The file in which all of these are; `None` if there are several, or none.
pub fn place<'s>(diagnostics: &[Diagnostic], sources: &'s Sources) -> Option<&'s str> {
    let mut names = diagnostics.iter().map(|d| &*sources.file(d.span().file).name);
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// Loads and checks a program from text. Diagnostics have been drawn; `None` if there were errors.
fn checked(
    path: &Path,
    bytes: Vec<u8>,
    style: Style,
    levels: &Levels,
) -> Result<Option<(Loaded, Model)>, Failure> {
    let mut bytes = Some(bytes);
    let loaded = load_with(path, &mut |path| bytes.take().map_or_else(|| read(path), Ok))?;
    let checked = compiler::check_with(&loaded, levels);
    let (errors, warnings) = report(&checked.diagnostics, &loaded.sources, style);
    match checked.model {
        Some(model) if errors == 0 => Ok(Some((loaded, model))),
        _ => {
            exit::say(&format!("{} in {}\n", found(errors, warnings), shown(path)));
            Ok(None)
        }
    }
}

/// A program from a file of rules or a compiled one. `None` if the rules have errors, which have been drawn.
pub fn program(path: &Path, style: Style, levels: &Levels) -> Result<Option<Program>, Failure> {
    let bytes = read_any(path).map_err(|e| Failure::read(path, &e))?;
    // By what it holds, whatever its name; but what has that name and holds something else is damaged.
    let compiled = Foreign::of(&bytes) == Some(Foreign::Compiled);
    if compiled || path.extension().is_some_and(|e| e == "stagegate") {
        return match Program::from_bytes(&bytes) {
            Ok(program) => Ok(Some(program)),
            Err(error) => Err(Failure::usage(format!("cannot use {}: {error}", path.display()))),
        };
    }
    let Some((loaded, model)) = checked(path, bytes, style, levels)? else { return Ok(None) };
    match crate::lower::lower(&model, &loaded.sources) {
        Ok(program) => Ok(Some(program)),
        Err(diagnostics) => {
            let (errors, warnings) = report(&diagnostics, &loaded.sources, style);
            exit::say(&format!("{} in {}\n", found(errors, warnings), shown(path)));
            Ok(None)
        }
    }
}

/// A program with its text, for commands that say what it decided.
pub struct Watched {
    pub program: Program,
    pub sites: Sites,
    pub sources: Sources,
    pub model: Model,
}

/// As [`program`], of rules as text only: `what` needs that.
pub fn watched(path: &Path, style: Style, levels: &Levels, what: &str) -> Result<Option<Watched>, Failure> {
    let bytes = read_any(path).map_err(|e| Failure::read(path, &e))?;
    if Foreign::of(&bytes) == Some(Foreign::Compiled) {
        return Err(Failure::usage(format!(
            "{} is a compiled program, and {what} needs the text of the rules: name the file of rules that it was compiled \
             from",
            shown(path)
        )));
    }
    let Some((loaded, model)) = checked(path, bytes, style, levels)? else { return Ok(None) };
    match crate::lower::lower_observed(&model, &loaded.sources) {
        Ok((program, sites)) => Ok(Some(Watched { program, sites, sources: loaded.sources, model })),
        Err(diagnostics) => {
            let (errors, warnings) = report(&diagnostics, &loaded.sources, style);
            exit::say(&format!("{} in {}\n", found(errors, warnings), shown(path)));
            Ok(None)
        }
    }
}

/// Whether two paths lead to one file, be it by links. `-` is what standard input is read from.
pub fn same_file(a: &Path, b: &Path) -> bool {
    let file = |path: &Path| {
        let path = if path == Path::new("-") { Path::new("/dev/stdin") } else { path };
        std::fs::metadata(path).ok().filter(|m| m.is_file()).map(|m| (path.to_owned(), m))
    };
    match (file(a), file(b)) {
        #[cfg(unix)]
        (Some((_, a)), Some((_, b))) => {
            use std::os::unix::fs::MetadataExt;
            (a.dev(), a.ino()) == (b.dev(), b.ino())
        }
        #[cfg(not(unix))]
        (Some((a, _)), Some((b, _))) => {
            a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
        }
        _ => false,
    }
}

/// The files whose text went into a program, as far as it still knows them by a path.
pub fn sources(program: &Program) -> impl Iterator<Item = &Path> {
    program.files.iter().map(|file| Path::new(&file.name))
}
