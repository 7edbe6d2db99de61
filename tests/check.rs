//! What the checker says: every program under `tests/check` with the snapshot beside it. A folder with a
//! `main.rules` is one program of several files.

use stagegate::compiler;
use stagegate::diagnostic::{Code, Rendered, render};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The programs: a file, or a folder's `main.rules`, with the place and name of its snapshot.
fn cases(folder: &Path, found: &mut Vec<(PathBuf, PathBuf, String)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && path.join("main.rules").exists() {
            found.push((path.join("main.rules"), folder.to_owned(), stem));
        } else if path.is_dir() {
            cases(&path, found);
        } else if path.extension().is_some_and(|e| e == "rules") {
            found.push((path, folder.to_owned(), stem));
        }
    }
}

/// All that is said of a program, drawn as in a terminal of 80 columns.
fn said_of(main: &Path) -> String {
    let folder = main.parent().unwrap().to_owned();
    let root = PathBuf::from(main.file_name().unwrap());
    let loaded = compiler::load_with(&[root], &mut |path| fs::read(folder.join(path)), &mut |path| {
        let names = fs::read_dir(folder.join(path)).into_iter().flatten().flatten();
        names.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
    });
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
    for (main, folder, name) in found {
        in_folder(&folder).bind(|| insta::assert_snapshot!(name, said_of(&main)));
    }
}

/// Snapshots stand beside their programs.
fn in_folder(folder: &Path) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn a_program_whose_only_file_is_missing_or_a_folder_is_told_so() {
    let files = Path::new("tests/check/files");
    let roots = ["a-missing-file/peple.rules", "a-missing-file", "files-that-cannot-be-read/latin.rules"];
    let said: Vec<String> = roots.iter().map(|root| said_of(&files.join(root))).collect();
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
#[ignore = "until every part of the checker is there"]
fn every_code_of_the_catalogue_is_shown_by_a_snapshot() {
    let mut shown = String::new();
    for folder in ["tests/check", "tests/syntax", "tests/cli"] {
        read_snapshots(Path::new(folder), &mut shown);
    }
    let missing: BTreeSet<&str> = Code::ALL.iter().map(|c| c.id()).filter(|id| !shown.contains(id)).collect();
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
