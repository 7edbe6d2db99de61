//! The corpus of the grammar: `tests/syntax/good` holds what can be written, with the tree it means;
//! `tests/syntax/bad` holds mistakes, with what people are told about them.

use stagegate::diagnostic::{Code, Rendered, render};
use stagegate::source::Sources;
use stagegate::syntax::{dump, parse};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn rules_files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (folders, mut files): (Vec<_>, Vec<_>) = files.into_iter().partition(|p| p.is_dir());
    for inner in folders {
        files.extend(rules_files(&inner.to_string_lossy()));
    }
    files.retain(|p| p.extension().is_some_and(|e| e == "rules"));
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// The diagnostics of a text as people see them.
fn told(name: &str, text: &str) -> (String, Vec<Code>) {
    let mut sources = Sources::default();
    let file = sources.add(name, None, text);
    let (_, errors) = parse(file, text);
    let how = Rendered { color: false, width: 80 };
    let shown: Vec<String> = errors.iter().map(|e| render(e, &sources, how)).collect();
    (shown.join("\n"), errors.iter().map(|e| e.code).collect())
}

#[test]
fn good_files_have_the_tree_they_mean() {
    for path in rules_files("tests/syntax/good") {
        let text = std::fs::read_to_string(&path).unwrap();
        let (shown, _) = told(&stem(&path), &text);
        assert_eq!(shown, "", "{} has mistakes:\n{shown}", path.display());
        let mut sources = Sources::default();
        let (file, _) = parse(sources.add("x", None, text.as_str()), &text);
        insta::with_settings!({snapshot_path => "syntax/good", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(stem(&path), dump::dump(&file));
        });
    }
}

#[test]
fn bad_files_say_what_is_wrong() {
    for path in rules_files("tests/syntax/bad") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = stem(&path);
        let (shown, _) = told(&format!("{name}.rules"), &text);
        insta::with_settings!({snapshot_path => "syntax/bad", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, shown);
        });
    }
}

#[test]
fn every_code_of_the_grammar_is_shown_by_a_bad_file() {
    let mut shown = BTreeSet::new();
    for path in rules_files("tests/syntax/bad") {
        let text = std::fs::read_to_string(&path).unwrap();
        shown.extend(told("x", &text).1);
    }
    let missing: Vec<_> = Code::ALL
        .iter()
        // A file of 64 MiB is made by a unit test.
        .filter(|c| c.id().starts_with("E01") && !shown.contains(c) && **c != Code::FileTooLong)
        .collect();
    assert!(missing.is_empty(), "no bad file shows {missing:?}");
}

#[test]
fn the_library_and_the_examples_have_no_syntax_errors() {
    for folder in ["src/library", "examples"] {
        for path in rules_files(folder) {
            let text = std::fs::read_to_string(&path).unwrap();
            let (shown, _) = told(&stem(&path), &text);
            assert_eq!(shown, "", "{} has mistakes:\n{shown}", path.display());
        }
    }
}
