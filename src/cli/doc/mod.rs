//! `stagegate doc`: the documentation of a program, for people.

mod output;

use super::exit::{self, Exit, Failure};
use super::input::{self, Style};
use super::levels::LevelArgs;
use super::{Result, config, programs};
use crate::compiler::{self, Loaded};
use crate::diagnostic::Severity;
use crate::diagnostic::suggest::nearest;
use crate::doc::{Book, html, markdown};
use crate::library;
use std::path::{Path, PathBuf};

/// Write the documentation of a program: its rules in sentences.
///
/// Pipelines, stages, triggers and rules are told in plain English, for those who decide what the rules should do and do
/// not write them; with the records, events, actions, people and tests that belong to them, and the doc comments (`##`) of
/// the rules. The site needs no network: open its index.html from the folder.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate doc sales.rules                      a site in sales-doc/, to open with a browser\n  \
    stagegate doc rules/ --output site             of a folder, to another folder\n  \
    stagegate doc sales.rules --format markdown > SALES.md\n  \
    stagegate doc crm --format markdown            the bundled library\n\n\
    Exit codes: 0 written, 1 the rules have mistakes, 2 something cannot be read or written.")]
pub struct Args {
    /// A file of rules, a folder with one program in it, or the name of a bundled library; `-` is standard input.
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,
    /// What to write.
    #[arg(long, value_enum, default_value = "html")]
    format: Format,
    /// Where to write. A folder that holds anything else than what this command wrote there before is left alone. Left
    /// out: the folder NAME-doc; Markdown goes to standard output.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    levels: LevelArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A site: one page for each pipeline, and pages of reference.
    Html,
    /// One page of Markdown. In a folder it is README.md.
    Markdown,
}

pub fn run(args: &Args, style: Style) -> Result {
    let Input { name, loaded, file } = load(&args.program)?;
    let levels = match &file {
        Some(file) => config::levels(file, style, &args.levels.0)?,
        None => args.levels.0.clone(),
    };
    let checked = compiler::check_with(&loaded, &levels);
    let (errors, warnings) = input::report(&checked.diagnostics, &loaded.sources, style);
    let (Some(model), 0) = (&checked.model, errors) else {
        exit::say(&format!("{} in {}\n", input::found(errors, warnings), input::shown(&args.program)));
        return Ok(Exit::Findings);
    };
    let warned: Vec<_> =
        checked.diagnostics.iter().filter(|d| d.severity() == Severity::Warning).cloned().collect();
    let book = Book::new(title(&name), &loaded, model, &warned);
    match (args.format, &args.output) {
        (Format::Markdown, None) => input::print(&markdown::page(&book))?,
        (Format::Markdown, Some(to)) if to == Path::new("-") => input::print(&markdown::page(&book))?,
        (Format::Markdown, Some(to)) => {
            let file = output::page(to, &markdown::page(&book))?;
            exit::say(&format!("wrote {}\n", file.display()));
        }
        (Format::Html, Some(to)) if to == Path::new("-") => {
            return Err(Failure::usage("a site is several files: name a folder with --output"));
        }
        (Format::Html, to) => {
            let to = to.clone().unwrap_or_else(|| PathBuf::from(format!("{name}-doc")));
            let files = html::site(&book);
            output::site(&to, &files)?;
            let index = to.join(html::INDEX);
            exit::say(&format!("wrote {} files: open {}\n", files.len(), index.display()));
        }
    }
    Ok(Exit::Clean)
}

/// A program that has been read.
struct Input {
    /// What it is called.
    name: String,
    loaded: Loaded,
    /// `None` if it is a bundled library.
    file: Option<PathBuf>,
}

fn load(program: &Path) -> std::result::Result<Input, Failure> {
    let bundled = program.to_str().filter(|_| !program.exists()).and_then(library::named);
    if let Some(library) = bundled {
        let text = library.text.as_bytes();
        let loaded = compiler::load(&[program.to_path_buf()], &mut |_| Ok(text.to_vec()));
        return Ok(Input { name: library.name.to_owned(), loaded, file: None });
    }
    if !program.exists()
        && let Some(near) = program
            .to_str()
            .and_then(|name| nearest(name, library::LIBRARIES.iter().map(|library| library.name)))
    {
        return Err(Failure::usage(format!(
            "cannot read {}: there is no such file; did you mean the library `{near}`?",
            program.display()
        )));
    }
    let programs::Only { program: file, tests } = programs::only(program)?;
    let mut loaded = input::load(&file)?;
    if !tests.is_empty() {
        let together = input::load_together(&[vec![file.clone()], tests].concat());
        // Each of them is right for itself, but two may call something the same.
        if !compiler::check(&together).has_errors() {
            loaded = together;
        }
    }
    let stem = file.file_stem().filter(|_| file != Path::new("-"));
    let name = stem.map_or_else(|| "rules".into(), |stem| stem.to_string_lossy().into_owned());
    Ok(Input { name, loaded, file: Some(file) })
}

/// What the documentation is called: `crm` is the library of this name, `sales` is `Sales`.
fn title(name: &str) -> String {
    if library::named(name).is_some() {
        return format!("The library {name}");
    }
    let words = name.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
