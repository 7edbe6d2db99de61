//! `stagegate fmt`: lays files of rules out in the one canonical style.

use super::compile::replace;
use super::exit::{self, Exit, Failure};
use super::input::{self, Style};
use super::terminal::Screen;
use super::{Result, programs, unified};
use crate::compiler::Foreign;
use crate::format::{self, Refused};
use crate::source::Sources;
use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Lay rules out in the one canonical style.
///
/// Files are changed in place; what they mean is not, and every comment stays where it was. Of a folder, every `.rules`
/// file in it and below is formatted. A file with mistakes of syntax is left as it is, and the others are
/// formatted all the same. What the style is stands in docs/fmt.md.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate fmt                      every file in this folder and below\n  \
    stagegate fmt sales.rules          one file\n  \
    stagegate fmt rules/               every file in a folder\n  \
    stagegate fmt --check rules/       only show what would change, as a diff\n  \
    stagegate fmt - < sales.rules      from standard input to standard output, for editors\n\n\
    Exit codes: 0 all is formatted now (with --check: was already), 1 a file has mistakes (with --check: or would \
    change), 2 a file cannot be read or written.")]
pub struct Args {
    /// Files and folders; `-` is standard input, formatted to standard output; left out: this folder.
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<PathBuf>,
    /// Change nothing: print a unified diff of what would change to standard output.
    #[arg(long)]
    check: bool,
    /// Format standard input to standard output; the same as the path `-`.
    #[arg(long, conflicts_with = "paths")]
    stdin: bool,
}

/// What became of the files.
#[derive(Default)]
struct Outcome {
    files: usize,
    /// That were changed, or would be.
    changed: usize,
    /// With mistakes.
    wrong: usize,
    errors: usize,
    unusable: bool,
}

pub fn run(args: &Args, style: Style) -> Result {
    let mut outcome = Outcome::default();
    let mut paths = Vec::new();
    let mut seen = HashSet::new();
    let stdin = [PathBuf::from("-")];
    for path in if args.stdin { &stdin[..] } else { &args.paths } {
        let (found, failures) =
            if path.is_dir() { programs::rules_in(path) } else { (vec![path.clone()], Vec::new()) };
        if found.is_empty() && failures.is_empty() {
            return Err(Failure::usage(format!("there is no .rules file in {}", path.display())));
        }
        for (_, failure) in failures {
            outcome.unusable(failure.message.unwrap_or_default());
        }
        // A file named twice, be it by another path, is one file.
        paths.extend(
            found.into_iter().filter(|p| seen.insert(p.canonicalize().unwrap_or_else(|_| p.clone()))),
        );
    }
    for path in &paths {
        match one(path, args.check, style, &mut outcome) {
            Ok(()) => {}
            // The reader of the output went away: nobody is told anything.
            Err(Failure { message: None, exit }) => return Err(Failure { message: None, exit }),
            Err(Failure { message: Some(message), .. }) => outcome.unusable(message),
        }
    }
    let only_stdin = paths.iter().all(|path| path == Path::new("-"));
    outcome.say(args.check, only_stdin);
    Ok(match outcome {
        Outcome { unusable: true, .. } => Exit::Usage,
        Outcome { wrong: 1.., .. } => Exit::Findings,
        Outcome { changed: 1.., .. } if args.check => Exit::Findings,
        _ => Exit::Clean,
    })
}

/// Formats one file, or shows what would change in it.
fn one(path: &Path, check: bool, style: Style, outcome: &mut Outcome) -> std::result::Result<(), Failure> {
    let stdin = path == Path::new("-");
    let bytes = if stdin { input::read_stdin() } else { input::read(path) };
    let bytes = bytes.map_err(|e| Failure::read(path, &e))?;
    outcome.files += 1;
    let foreign = Foreign::of(&bytes).map(Foreign::words);
    let text = match (foreign, String::from_utf8(bytes)) {
        (None, Ok(text)) => text,
        (foreign, _) => {
            let utf8 = || ("is not written in UTF-8".to_owned(), "save the file as UTF-8".to_owned());
            let (what, help) = foreign.unwrap_or_else(utf8);
            outcome.wrong += 1;
            outcome.errors += 1;
            exit::say(&format!("error: {} {what}: {help}\n", input::shown(path)));
            return Ok(());
        }
    };
    let written = match format::format(&text) {
        Ok(written) => written,
        Err(Refused::Mistakes(mistakes)) => {
            let mut sources = Sources::default();
            sources.add(input::shown(path), None, text);
            outcome.wrong += 1;
            outcome.errors += input::report(&mistakes, &sources, style).0;
            return Ok(());
        }
        Err(refused @ Refused::Unsafe) => {
            outcome.wrong += 1;
            outcome.errors += 1;
            exit::say(&format!("error: {}: {refused}\n", input::shown(path)));
            return Ok(());
        }
    };
    let same = written == text;
    if check {
        outcome.changed += usize::from(!same);
        // Of few such lines each is shown.
        let of_windows = text.matches("\r\n").count() * 2 > text.matches('\n').count();
        let text = if of_windows { unix(path, &text, &written) } else { text };
        return if written == text { Ok(()) } else { print(&diff(path, &text, &written, style.out())) };
    }
    if stdin {
        return print(&written);
    }
    if same {
        return Ok(());
    }
    let failed = |e: io::Error| Failure::write(&path.display().to_string(), &e);
    // A link stays a link: what it leads to is replaced. What may not be written to may not be replaced either.
    let target = path.canonicalize().map_err(failed)?;
    std::fs::OpenOptions::new().write(true).open(&target).map_err(failed)?;
    replace(&target, written.as_bytes()).map_err(failed)?;
    outcome.changed += 1;
    Ok(())
}

fn print(text: &str) -> std::result::Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|e| Failure::write("to standard output", &e))
}

/// The text with the line ends of the style. That they are others is said once: a diff would show every line.
fn unix(path: &Path, text: &str, written: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let how = match text == written {
        true => "only the ends of its lines would change",
        false => "the ends of its lines would change too, which the diff leaves out",
    };
    let shown = input::shown(path);
    exit::say(&format!("{shown}: {how}: they are those of Windows (CRLF), and the style is LF alone\n"));
    text
}

/// A unified diff that `patch` and `git apply` take.
fn diff(path: &Path, old: &str, new: &str, screen: Screen) -> String {
    let name = input::shown(path);
    unified::diff([&name, &name], [old, new], screen.color)
}

impl Outcome {
    /// Something cannot be read or written; the rest is formatted all the same.
    fn unusable(&mut self, message: String) {
        exit::say(&format!("error: {message}\n"));
        self.unusable = true;
    }

    /// A closing line, where there is anything to say.
    fn say(&self, check: bool, only_stdin: bool) {
        let of = |n: usize| match (n, self.files) {
            (1, 1) => "1 file".to_owned(),
            (n, all) if n == all => format!("all {all} files"),
            (n, all) => format!("{n} of {all} files"),
        };
        if self.wrong > 0 {
            exit::say(&format!(
                "{} in {}, left as {}\n",
                input::found(self.errors, 0),
                of(self.wrong),
                if self.wrong == 1 { "it is" } else { "they are" }
            ));
        }
        if only_stdin && !check {
            return;
        }
        match (self.changed, check) {
            (0, _) => {}
            (n, false) => exit::say(&format!("formatted {}\n", of(n))),
            (n, true) => exit::say(&format!(
                "{} would change: the same without `--check` formats {}\n",
                of(n),
                if n == 1 { "it" } else { "them" }
            )),
        }
    }
}
