//! `stagegate new`: a folder of rules that checks, tests and runs at once.

use super::Result;
use super::exit::{self, Exit, Failure};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use unicode_normalization::UnicodeNormalization;

/// Begin a folder of rules that checks, tests and runs at once.
///
/// It has rules with comments that explain them, tests, a few events and a README with the commands of every day. Nothing
/// that is there is overwritten.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate new shop                        the folder shop, with deals that are won or lost\n  \
    stagegate new desk --template support     tickets: records, events and actions of one's own\n  \
    stagegate new .                           in this folder, which is empty\n\n\
    Exit codes: 0 it is there, 2 it cannot be.")]
pub struct Args {
    /// The folder: its name is that of the rules too. `.` is the folder one stands in.
    #[arg(value_name = "NAME")]
    path: PathBuf,
    /// What the rules are about.
    #[arg(long, value_enum, default_value = "sales")]
    template: Template,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Template {
    /// Deals, with the words of the library `crm`.
    Sales,
    /// Tickets of a help desk, with records, events and actions of one's own.
    Support,
}

/// What stands for the name in the files below.
const PLACE: &str = "NAME";

impl Template {
    /// The files.
    fn files(self) -> [(&'static str, &'static str); 8] {
        const IGNORED: &str = "# Compiled programs, and what a run keeps.\n*.stagegate\n*.db\n*.db-*\n";
        match self {
            Template::Sales => [
                ("NAME.rules", include_str!("sales/main.rules")),
                ("tests/deals.rules", include_str!("sales/tests/deals.rules")),
                ("tests/forgotten.events.jsonl", include_str!("sales/tests/forgotten.events.jsonl")),
                ("tests/forgotten.snap", include_str!("sales/tests/forgotten.snap")),
                ("events.jsonl", include_str!("sales/events.jsonl")),
                ("stagegate.toml", include_str!("sales/stagegate.toml")),
                ("README.md", include_str!("sales/README.md")),
                (".gitignore", IGNORED),
            ],
            Template::Support => [
                ("NAME.rules", include_str!("support/main.rules")),
                ("tests/tickets.rules", include_str!("support/tests/tickets.rules")),
                ("tests/urgent.events.jsonl", include_str!("support/tests/urgent.events.jsonl")),
                ("tests/urgent.snap", include_str!("support/tests/urgent.snap")),
                ("events.jsonl", include_str!("support/events.jsonl")),
                ("stagegate.toml", include_str!("support/stagegate.toml")),
                ("README.md", include_str!("support/README.md")),
                (".gitignore", IGNORED),
            ],
        }
    }
}

pub fn run(args: &Args) -> Result {
    let here = is_here(&args.path);
    let name = name(&args.path, here)?;
    let made = !args.path.exists();
    if !made {
        usable(&args.path, here)?;
    }
    let mut written = Written::default();
    let result = write(args, &name, &mut written);
    if let Err(failure) = result {
        // Half a folder would be in the way of the next attempt.
        written.undo();
        return Err(failure);
    }
    let to = if here { String::new() } else { format!("    cd {}\n", quoted(&args.path)) };
    let place = if here { "this folder".to_owned() } else { args.path.display().to_string() };
    exit::say(&format!(
        "made the rules `{name}` in {place}; try them:\n\n{to}    stagegate test\n    stagegate run {name}.rules \
         events.jsonl\n\nREADME.md tells more\n"
    ));
    Ok(Exit::Clean)
}

/// A path that a shell takes as one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-~\\:".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Whether it is the folder one stands in.
fn is_here(path: &Path) -> bool {
    path.components().all(|part| part == std::path::Component::CurDir) && path.components().next().is_some()
}

/// The name of the rules: that of the folder.
fn name(path: &Path, here: bool) -> std::result::Result<String, Failure> {
    let failed = |e: io::Error| Failure::usage(format!("cannot use {}: {}", path.display(), exit::plain(&e)));
    // Also of `..` and of a path that ends with it.
    let whole = if here || path.file_name().is_none() {
        path.canonicalize().map_err(failed)?
    } else {
        path.to_owned()
    };
    let given = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let good = better(&given);
    if given == good {
        return Ok(given);
    }
    // The folder is there already and keeps its name.
    if path.is_dir() {
        return Ok(good);
    }
    let proposed = path.with_file_name(&good);
    let proposed = if given.is_empty() { PathBuf::from(&good) } else { proposed };
    Err(Failure::usage(format!(
        "`{given}` is no good name for a folder of rules: take small letters, digits, `-` and `_`, as `stagegate new {}`",
        quoted(&proposed)
    )))
}

/// A good name that is close to what was given.
fn better(given: &str) -> String {
    let mut name = String::new();
    let german = given.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ß', "ss");
    let stem = german.strip_suffix(".rules").unwrap_or(&german);
    for c in stem.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-' => name.push(c),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    let name = name.trim_end_matches('-').trim_start_matches(['-', '_']);
    // Devices of Windows are no names of files there, and what is in a folder `tests` tests the rules above it.
    let taken = ["con", "prn", "aux", "nul", "tests"].contains(&name);
    match name.len() {
        0 => "rules".into(),
        _ if taken => format!("{name}-rules"),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => better(&format!("rules-{name}")),
        // Far below what file systems take.
        _ => name.chars().take(64).collect::<String>().trim_end_matches('-').into(),
    }
}

/// Whether a folder that is there can be begun in: there is nothing in it but what is hidden, as `.git` is.
fn usable(path: &Path, here: bool) -> std::result::Result<(), Failure> {
    let shown = path.display();
    if !path.is_dir() {
        return Err(Failure::usage(format!("{shown} is there already, and is a file")));
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|e| Failure::read(path, &e))?;
    let names = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
    match names.filter(|name| !name.starts_with('.')).min() {
        None => Ok(()),
        Some(name) => {
            let what = if here { "this folder".to_owned() } else { shown.to_string() };
            Err(Failure::usage(format!(
                "{what} is not empty, `{name}` is in it: give a name that is not there yet, or an empty folder"
            )))
        }
    }
}

/// What has been made so far.
#[derive(Default)]
struct Written {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Written {
    fn undo(&self) {
        // What cannot be taken away stays; the error has been told.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }

    /// A folder, with those above it.
    fn folder(&mut self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent() {
            self.folder(above)?;
        }
        fs::create_dir(path)?;
        self.folders.push(path.to_owned());
        Ok(())
    }

    fn file(&mut self, path: &Path, text: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
        self.files.push(path.to_owned());
        file.write_all(text.as_bytes())
    }
}

fn write(args: &Args, name: &str, written: &mut Written) -> std::result::Result<(), Failure> {
    let cannot = |path: &Path, e: &io::Error| {
        let above = path.ancestors().skip(1).find(|above| above.exists());
        let why = match (e.kind(), above) {
            (_, Some(above)) if above.is_file() => format!("{} is a file, not a folder", above.display()),
            (io::ErrorKind::NotFound, _) => "nothing can be made there".to_owned(),
            _ => exit::plain(e),
        };
        Failure::usage(format!("cannot make {}: {why}", path.display()))
    };
    for (file, text) in args.template.files() {
        let path = args.path.join(file.replace(PLACE, name));
        // There is one already, hidden.
        if file.starts_with('.') && path.exists() {
            continue;
        }
        let folder = path.parent().unwrap_or(&args.path);
        written.folder(folder).map_err(|e| cannot(folder, &e))?;
        let text = text.replace(PLACE, name);
        written.file(&path, &text).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => Failure::usage(format!("{} is there already", path.display())),
            _ => cannot(&path, &e),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::better;

    #[test]
    fn a_good_name_is_close_to_what_was_given() {
        for (given, good) in [
            ("shop", "shop"),
            ("my_rules-2", "my_rules-2"),
            ("My Rules", "my-rules"),
            ("Büro", "buero"),
            ("Café à la carte", "cafe-a-la-carte"),
            ("2026 sales!", "rules-2026-sales"),
            ("sales.rules", "sales"),
            ("销售", "rules"),
            ("", "rules"),
            ("con", "con-rules"),
        ] {
            assert_eq!(better(given), good);
        }
        let long = "a".repeat(500);
        assert_eq!(better(&long).len(), 64);
        for given in ["-a-", "__", "A--B", "ß", "x y z"] {
            assert_eq!(better(&better(given)), better(given));
        }
    }
}
