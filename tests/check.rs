//! What the checker says: every program under `tests/check` with the snapshot beside it. A folder with a
//! `main.rules` is one program of several files.

#[path = "support/corpus.rs"]
mod corpus;

use corpus::{cases, in_folder, load};
use stagegate::compiler;
use stagegate::diagnostic::{Code, Diagnostic, Rendered, Severity, render};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// All that is said of a program, drawn as in a terminal of 80 columns.
fn said_of(main: &Path) -> String {
    let loaded = load(main);
    let checked = compiler::check(&loaded);
    assert_eq!(checked.model.is_none(), checked.has_errors(), "{}", main.display());
    if checked.diagnostics.is_empty() {
        return "no diagnostics".into();
    }
    let how = Rendered { color: false, width: 80 };
    checked.diagnostics.iter().map(|d| render(d, &loaded.sources, how)).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_program_is_judged_as_its_snapshot_says() {
    let mut found = Vec::new();
    cases(Path::new("tests/check"), &mut found);
    assert!(!found.is_empty());
    if !cfg!(feature = "locale") {
        found.retain(|(_, _, name)| name != "locales-that-do-not-exist");
    }
    for (main, folder, name) in found {
        in_folder(&folder).bind(|| insta::assert_snapshot!(name, said_of(&main)));
    }
}

#[test]
fn a_program_whose_only_file_cannot_be_read_is_told_so() {
    let files = Path::new("tests/check/files");
    let roots = ["a-missing-file/peple.rules", "a-missing-file", "files-that-cannot-be-read/latin.rules"];
    let mut said: Vec<String> = roots.iter().map(|root| said_of(&files.join(root))).collect();
    // Too long to be kept in a file.
    let long = |_: &Path| Ok(vec![b' '; (64 << 20) + 1]);
    let loaded = compiler::load(&["long.rules".into()], &mut { long });
    let how = Rendered { color: false, width: 80 };
    said.extend(loaded.diagnostics.iter().map(|d| render(d, &loaded.sources, how)));
    in_folder(files).bind(|| insta::assert_snapshot!("the-only-file", said.join("\n")));
}

#[test]
fn every_example_is_without_mistakes() {
    let mut found = Vec::new();
    cases(Path::new("examples"), &mut found);
    for (main, ..) in found {
        assert_eq!(said_of(&main), "no diagnostics", "{}", main.display());
    }
}

#[test]
fn every_code_of_the_catalogue_is_shown_by_a_snapshot() {
    let mut shown = String::new();
    let folders =
        ["tests/check", "tests/syntax", "tests/compile", "tests/cli", "tests/lint", "tests/testing"];
    for folder in folders {
        read_snapshots(Path::new(folder), &mut shown);
    }
    let missing: BTreeSet<&str> =
        Code::ALL.iter().map(|c| c.id()).filter(|id| !shown.contains(&format!("{id}\n"))).collect();
    assert!(missing.is_empty(), "no snapshot shows {missing:?}");
}

fn read_snapshots(folder: &Path, into: &mut String) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
        if path.is_dir() {
            read_snapshots(&path, into);
        } else if path.extension().is_some_and(|e| e == "snap") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// Threads of tests and workers have 2 MB of stack.
#[test]
fn two_hundred_levels_are_checked_on_a_small_stack() {
    let levels = 190;
    let nested = |open: &str, inside: &str, close: &str| open.repeat(levels) + inside + &close.repeat(levels);
    let expressions = [
        nested("(", "1", ")"),
        nested("[", "1", "]"),
        nested("abs(", "1", ")"),
        nested("not ", "true", ""),
        nested("-", "1", ""),
        nested("if true then 1 else ", "2", ""),
        nested("twice(", "1", ")"),
        nested("[1].map(x => ", "1", ").count"),
        "1 + ".repeat(levels) + "1",
        "true and ".repeat(levels) + "true",
        "1".to_owned() + &".abs".repeat(levels),
    ];
    for expression in expressions {
        let stage = format!("stage New {{ rule r {{ let y = {expression} }} }}");
        let text = format!(
            "entity E {{ }}\nfn twice(x: int) -> int = x * 2\nconst A = {expression}\npipeline P for E {{ {stage} }}"
        );
        let check = move || {
            let loaded = compiler::load(&["a.rules".into()], &mut |_| Ok(text.clone().into_bytes()));
            let found = compiler::check(&loaded).diagnostics;
            // That nothing uses them is no news here.
            let errors = found.iter().filter(|d| d.severity() == Severity::Error);
            errors.map(|d| d.message.clone()).collect::<Vec<_>>()
        };
        let said = std::thread::Builder::new().stack_size(2 << 20).spawn(check).unwrap().join().unwrap();
        assert!(said.len() < 3, "{expression}: {said:?}");
    }
}

/// The examples, each a program of one file; not their tests, which declare nothing.
fn examples() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    cases(Path::new("examples"), &mut found);
    found.retain(|(main, ..)| !main.parent().is_some_and(|folder| folder.ends_with("tests")));
    let read = |main: PathBuf| {
        let text = fs::read_to_string(&main).unwrap();
        (main, text)
    };
    found.into_iter().map(|(main, ..)| read(main)).collect()
}

/// All that is said of a text that stands where an example stood, and the text of each place.
fn errors_of(main: &Path, text: &str) -> Vec<(Diagnostic, String)> {
    let loaded = compiler::load(&[main.to_owned()], &mut |path| match path == main {
        true => Ok(text.to_owned().into_bytes()),
        false => fs::read(path),
    });
    let errors = compiler::check(&loaded).diagnostics.into_iter();
    let errors = errors.filter(|d| d.severity() == stagegate::diagnostic::Severity::Error);
    errors
        .map(|d| (d.labels.iter().map(|l| loaded.sources.text(l.span)).collect(), d))
        .map(|(t, d)| (d, t))
        .collect()
}

/// Where names are declared: behind the word that declares, and the fields of entities.
fn declared_names(text: &str) -> Vec<std::ops::Range<usize>> {
    const WORDS: [&str; 12] = [
        "entity",
        "enum",
        "type",
        "user",
        "department",
        "role",
        "calendar",
        "const",
        "fn",
        "pipeline",
        "stage",
        "rule",
    ];
    let mut found = Vec::new();
    let (mut at, mut fields) = (0, false);
    for line in text.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = code.split_whitespace().collect();
        let name = match &words[..] {
            [word, name, ..] if WORDS.contains(word) => Some(*name),
            [_, word, name, ..] if ["stage", "rule"].contains(word) => Some(*name),
            [name, _, ..] if fields && name.ends_with(':') => Some(*name),
            _ => None,
        };
        if let Some(name) = name {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            if let Some(start) = line.find(name)
                && end > 1
            {
                found.push(at + start..at + start + end);
            }
        }
        match words.first() {
            Some(&("entity" | "extend")) => fields = true,
            Some(&"}") => fields = false,
            _ => {}
        }
        at += line.len();
    }
    found
}

/// A program of many pieces, to be broken.
fn whole_program() -> String {
    let mut found = Vec::new();
    cases(Path::new("examples"), &mut found);
    found.iter().map(|(main, ..)| fs::read_to_string(main).unwrap()).collect::<Vec<_>>().join("\n")
}

/// Words, numbers and signs, with the white space behind them.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| (c.is_alphanumeric() || c == '_', c.is_whitespace());
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last: Option<char> = None;
    for (at, c) in text.char_indices() {
        if last.is_some_and(|l| kind(l) != kind(c) || !kind(c).0 && !kind(c).1) {
            tokens.push(&text[start..at]);
            start = at;
        }
        last = Some(c);
    }
    tokens.push(&text[start..]);
    tokens
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    /// A name is changed where it is declared, and nowhere else: whatever is then said speaks of that name.
    #[test]
    fn all_that_follows_from_a_renamed_declaration_names_it(example in 0usize..64, which in 0usize..4096) {
        let examples = examples();
        let (main, text) = &examples[example % examples.len()];
        let names = declared_names(text);
        let place = names[which % names.len()].clone();
        let old = &text[place.clone()];
        let new = format!("{old}_renamed");
        let changed = format!("{}{new}{}", &text[..place.start], &text[place.end..]);
        for (error, places) in errors_of(main, &changed) {
            let said = format!("{} {} {}", error.message, error.help.as_deref().unwrap_or_default(), places);
            assert!(said.contains(old), "{}: `{old}` renamed: {}: {}", main.display(), error.code.id(), error.message);
        }
    }

    /// A text becomes a truth value: that is one mistake.
    #[test]
    fn a_value_of_another_kind_is_one_mistake(example in 0usize..64, which in 0usize..4096) {
        let examples = examples();
        let (main, text) = &examples[example % examples.len()];
        let texts = regex::Regex::new(r#"(?m)^ +[a-z_]+: +("[^"{}\n]+")$"#).unwrap();
        let places: Vec<_> = texts.captures_iter(text).map(|c| c.get(1).unwrap().range()).collect();
        let Some(place) = places.get(which % places.len().max(1)).cloned() else { return Ok(()) };
        let changed = format!("{}true{}", &text[..place.start], &text[place.end..]);
        let errors = errors_of(main, &changed);
        let said: Vec<_> = errors.iter().map(|(d, _)| &d.message).collect();
        assert!(errors.len() <= 1, "{}: {}: {said:?}", main.display(), &text[place]);
    }

    /// Pieces taken away, doubled and swapped: whatever comes out, something is said and nothing breaks.
    #[test]
    fn no_program_breaks_the_compiler(
        changes in proptest::collection::vec((0usize..1 << 20, 0usize..1 << 20, 0u8..4), 1..40),
    ) {
        let text = whole_program();
        let mut pieces = tokens(&text);
        for (at, other, change) in changes {
            let (at, other) = (at % pieces.len(), other % pieces.len());
            match change {
                0 => drop(pieces.remove(at)),
                1 => pieces.insert(at, pieces[other]),
                2 => pieces.swap(at, other),
                _ => pieces[at] = pieces[other],
            }
        }
        let broken = pieces.concat();
        let loaded = compiler::load(&["a.rules".into()], &mut |path| match path.to_str() {
            Some("a.rules") => Ok(broken.clone().into_bytes()),
            _ => fs::read(Path::new("examples/support").join(path)),
        });
        let checked = compiler::check(&loaded);
        let how = Rendered { color: false, width: 80 };
        for diagnostic in checked.diagnostics.iter().take(5) {
            render(diagnostic, &loaded.sources, how);
        }
        assert_eq!(checked.model.is_none(), checked.has_errors());
    }
}
