//! Any text at all as a file of rules: it is read, checked, told about in every format, corrected, laid out, and, if it
//! has no errors, compiled, saved, loaded and evaluated.

#[path = "everything.rs"]
mod everything;

use stagegate::compiler::{self, Checked, Loaded};
use stagegate::diagnostic::format::{Finding, github, json, plain, sarif, short};
use stagegate::diagnostic::{Code, Diagnostic, Rendered, fix, render};
use stagegate::format::{Refused, format};
use stagegate::lower::lower;
use stagegate::model::Model;
use stagegate::program::Program;
use stagegate::program::listing::listing;
use stagegate::program::verify::verify;
use stagegate::source::{Sources, Span};
use stagegate::testing::Suite;
use stagegate::vm::Machine;
use std::io;
use std::path::Path;

/// What `use "other.rules"` brings in.
const OTHER: &str = "entity Visit { title: text, amount: money }\nevent visit.paid on Visit { by: text }\n\
    user anna \"Anna\"\nconst LIMIT = 5000 EUR\nfn big(v: Visit) -> bool = v.amount > LIMIT\n";
/// Drawing is slow, and one drawing is like another.
const DRAWN: usize = 2;
/// Corrections make room for others.
const ROUNDS: usize = 2;

/// What must hold for every text. Panics if it does not.
pub fn holds(text: &str) {
    let (loaded, checked) = check(text);
    tell(&loaded, &checked);
    mend(text, loaded, checked);
    lay_out(text);
}

/// Reads and checks a program, and looks whether what is said has places in it.
fn check(text: &str) -> (Loaded, Checked) {
    let loaded = compiler::load_with(
        &["main.rules".into()],
        &mut |path| match path.to_str() {
            Some("main.rules") => Ok(text.as_bytes().to_vec()),
            Some("other.rules") => Ok(OTHER.into()),
            _ => Err(io::ErrorKind::NotFound.into()),
        },
        &mut |_: &Path| vec!["main.rules".into(), "other.rules".into()],
    );
    let checked = compiler::check(&loaded);
    assert_eq!(checked.model.is_none(), checked.has_errors());
    for diagnostic in loaded.diagnostics.iter().chain(&checked.diagnostics) {
        for label in &diagnostic.labels {
            assert!(lies_in(label.span, &loaded.sources), "a label outside of the text: {diagnostic:?}");
        }
        for edit in &diagnostic.fix {
            assert!(lies_in(edit.span, &loaded.sources), "an edit outside of the text: {diagnostic:?}");
        }
    }
    if let Some(model) = &checked.model {
        compile(model, &loaded.sources);
    }
    (loaded, checked)
}

/// Whether a span is a piece of its file.
fn lies_in(span: Span, sources: &Sources) -> bool {
    sources.files().any(|(file, source)| file == span.file && source.text.get(span.range()).is_some())
}

/// Says everything in every format.
fn tell(loaded: &Loaded, checked: &Checked) {
    let sources = &loaded.sources;
    let findings: Vec<Finding> = checked.diagnostics.iter().map(|d| Finding::of(d, sources)).collect();
    json::array(&findings);
    sarif::log(&findings, &[], Some(Path::new("/rules")));
    for (finding, diagnostic) in findings.iter().zip(&checked.diagnostics) {
        short::line(finding);
        github::command(finding, diagnostic.code.title());
    }
    for (n, diagnostic) in checked.diagnostics.iter().take(DRAWN).enumerate() {
        plain::paragraph(diagnostic, sources);
        render(diagnostic, sources, Rendered { color: n % 2 == 0, width: [80, 40][n % 2] });
    }
}

/// Makes each correction alone, and all that go together, and checks what comes out.
fn mend(text: &str, loaded: Loaded, checked: Checked) {
    let (mut text, mut loaded, mut checked) = (text.to_owned(), loaded, checked);
    for _ in 0..ROUNDS {
        let Some(file) = loaded.roots.first().copied() else { return };
        let may = |other| other == file;
        for diagnostic in checked.diagnostics.iter().filter(|d| d.fix.iter().all(|e| may(e.span.file))) {
            assert!(fix::apply(file, &loaded.sources, [diagnostic]).is_some(), "{diagnostic:?}");
            for edit in &diagnostic.fix {
                fix::words(edit, &loaded.sources);
            }
        }
        let chosen: Vec<&Diagnostic> = fix::together(&checked.diagnostics, &may);
        if chosen.is_empty() {
            return;
        }
        text = fix::apply(file, &loaded.sources, chosen)
            .unwrap_or_else(|| panic!("corrections that do not go together: {text}"));
        (loaded, checked) = check(&text);
    }
}

/// A program without errors can be compiled, unless it is too large; what is compiled is sound.
fn compile(model: &Model, sources: &Sources) {
    let program = match lower(model, sources) {
        Ok(program) => program,
        Err(refused) => {
            let bound = |d: &Diagnostic| d.code == Code::TooLarge;
            assert!(refused.iter().any(bound), "accepted, and not compiled: {refused:?}");
            return;
        }
    };
    if let Err(error) = verify(&program) {
        panic!("what was compiled is refused: {error}\n{}", listing(&program));
    }
    let bytes = program.to_bytes().expect("a small program can be saved");
    let again = Program::from_bytes(&bytes).expect("what was saved can be loaded");
    assert_eq!(again.to_bytes().expect("it can be saved again"), bytes);
    let machine = Machine::new(again).expect("what was compiled can run");
    everything::run_everything(&machine.with_fuel(5_000));
    if !model.tests.is_empty() {
        let suite = Suite::new(model, sources).expect("with its tests it can be compiled too");
        suite.run(|_| true);
    }
}

/// What can be read can be laid out, and then stays as it is.
fn lay_out(text: &str) {
    let once = match format(text) {
        Ok(once) => once,
        Err(Refused::Mistakes(_)) => return,
        Err(Refused::Unsafe) => panic!("formatting would change what it means"),
    };
    match format(&once) {
        Ok(twice) => assert_eq!(once, twice, "formatted again it is another"),
        Err(error) => panic!("what was formatted cannot be formatted: {error}"),
    }
}
