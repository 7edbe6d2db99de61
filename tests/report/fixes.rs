//! `check --fix` and `--diff`, and every correction of the corpus.

use crate::case::{Case, show};
use stagegate::compiler::{self, Loaded};
use stagegate::diagnostic::{Diagnostic, fix};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A sure correction, and a mistake that only a person can mend.
const WRONG: &str = "user anna\n# stagegate: allow(unusedd)\nuser bert\nuser anna\n";

#[test]
fn fix_writes_what_is_sure_and_says_what_and_what_is_left() {
    let case = Case::new(&[("a.rules", WRONG), ("good.rules", "user a\n")]);
    insta::assert_snapshot!("fix", case.shown(&["check", "--fix", "a.rules", "good.rules"]));
    assert_eq!(case.read("a.rules"), WRONG.replace("unusedd", "unused"));
    assert_eq!(case.read("good.rules"), "user a\n");
}

#[test]
fn diff_shows_and_writes_nothing() {
    let case = Case::new(&[("a.rules", WRONG)]);
    insta::assert_snapshot!("diff", case.shown(&["check", "--diff", "a.rules"]));
    assert_eq!(case.read("a.rules"), WRONG);
    insta::assert_snapshot!("diff-stdin", show(&case.with_stdin(&["check", "--diff", "-"], WRONG)));
}

#[test]
fn of_standard_input_the_whole_corrected_text_is_printed() {
    let case = Case::new(&[]);
    insta::assert_snapshot!("fix-stdin", show(&case.with_stdin(&["check", "--fix", "-"], WRONG)));
    let good = case.with_stdin(&["check", "--fix", "-"], "user a\n");
    assert_eq!(String::from_utf8_lossy(&good.stdout), "user a\n");
}

#[test]
fn files_that_are_used_are_mended_once_and_keep_their_line_ends() {
    let case = Case::new(&[
        ("lib/shared.rules", "entity E { n: int }\r\n# stagegate: allow(unusedd)\r\nuser x\r\n"),
        ("a.rules", "use \"lib/shared.rules\"\nuser a\n"),
        ("b.rules", "use \"lib/shared.rules\"\nuser b\n"),
    ]);
    let said = case.shown(&["check", "--fix", "."]);
    assert!(said.contains("`unusedd` is now `unused`") && said.contains("1 correction in 1 file"), "{said}");
    assert_eq!(
        case.read("lib/shared.rules"),
        "entity E { n: int }\r\n# stagegate: allow(unused)\r\nuser x\r\n"
    );
}

/// Misspelt keys, a name of a warning, and one that cannot be mended without making another key stand there twice.
const SETTINGS: &str = "# Ours.\r\n[warnings]\r\ndenny = [\"unusedd\"]\r\n\r\n[test]\r\njobs = 2\r\njob = 3\r\n\
    timezone = \"Europe/Berlni\"\r\nnothing = 1\r\n";

#[test]
fn settings_are_mended_too() {
    let case = Case::new(&[("stagegate.toml", SETTINGS), ("a.rules", WRONG), ("b.rules", "user b\n")]);
    insta::assert_snapshot!("fix-settings-diff", case.shown(&["check", "--diff", "a.rules"]));
    assert_eq!(case.read("stagegate.toml"), SETTINGS);
    insta::assert_snapshot!("fix-settings", case.shown(&["check", "--fix", "a.rules", "b.rules"]));
    let mended = SETTINGS.replace("denny", "deny").replace("unusedd", "unused").replace("Berlni", "Berlin");
    assert_eq!(case.read("stagegate.toml"), mended);
    assert!(case.read("a.rules").contains("(unused)"));
}

#[test]
fn settings_that_are_mended_count_at_once() {
    // With the mark that some editors put there.
    let case = Case::new(&[
        ("stagegate.toml", "\u{feff}[warnings]\ndenny = [\"warnings\"]\n"),
        ("a.rules", "currency EUR\nconst UNUSED = 5\nfn f(a: int) -> int = a + A\nconst A = 1\n"),
    ]);
    let before = case.shown(&["check", "--diff", "a.rules"]);
    assert!(before.contains("+[warnings]") || before.contains("+deny"), "{before}");
    assert!(before.contains("error"), "{before}");
    case.run(&["check", "--fix", "a.rules"]);
    assert_eq!(case.read("stagegate.toml"), "\u{feff}[warnings]\ndeny = [\"warnings\"]\n");
    // From standard input no file is touched.
    std::fs::write(case.folder.path().join("stagegate.toml"), SETTINGS).expect("written");
    case.with_stdin(&["check", "--fix", "-"], "user a\n");
    assert_eq!(case.read("stagegate.toml"), SETTINGS);
}

#[cfg(unix)]
#[test]
fn a_corrected_file_keeps_its_permissions_and_a_link_stays_a_link() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::new(&[("real.rules", WRONG)]);
    let (real, link) = (case.folder.path().join("real.rules"), case.folder.path().join("link.rules"));
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("permissions");
    std::os::unix::fs::symlink("real.rules", &link).expect("a link");
    case.run(&["check", "--fix", "link.rules"]);
    assert!(case.read("real.rules").contains("(unused)"));
    assert!(std::fs::symlink_metadata(&link).expect("the link").is_symlink());
    assert_eq!(std::fs::metadata(&real).expect("the file").permissions().mode() & 0o777, 0o640);
}

// --- the corpus --------------------------------------------------------------------------------------

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut entries: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && path.join("main.rules").exists() {
            found.push(path.join("main.rules"));
        } else if path.is_dir() {
            cases(&path, found);
        } else if path.extension().is_some_and(|e| e == "rules") {
            found.push(path);
        }
    }
}

fn load(main: &Path, changed: &HashMap<PathBuf, String>) -> Loaded {
    compiler::load(&[main.to_owned()], &mut |path| match changed.get(path) {
        Some(text) => Ok(text.clone().into_bytes()),
        None => std::fs::read(path),
    })
}

/// A diagnostic, wherever it has moved.
type Said = (&'static str, String, Vec<Option<String>>);

fn said(diagnostic: &Diagnostic) -> Said {
    let labels = diagnostic.labels.iter().map(|l| l.message.clone()).collect();
    (diagnostic.code.id(), diagnostic.message.clone(), labels)
}

/// How often each code is said. Of a folder of mistakes of syntax only these count: what they hide from the
/// checker is wrong there too.
fn counted(loaded: &Loaded, syntax_only: bool) -> HashMap<&'static str, isize> {
    let all = match syntax_only {
        true => loaded.diagnostics.clone(),
        false => compiler::check(loaded).diagnostics,
    };
    let mut counts = HashMap::new();
    all.iter().for_each(|d| *counts.entry(d.code.id()).or_default() += 1);
    counts
}

/// Whether a mistake hides what stands behind it: nothing is known of a name that means nothing, and a line such as
/// `use crm` makes many names known at once.
fn hides(diagnostic: &Diagnostic) -> bool {
    let unknown = diagnostic.message.starts_with("there is no") || diagnostic.message.contains(" has no ");
    unknown || diagnostic.code.is_unknown_name()
}

/// Each correction alone: what it corrects is gone, and nothing new is there. Only what a name that nobody knew had
/// hidden may come to light.
#[test]
fn every_correction_of_the_corpus_corrects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut failures, mut corrections) = (Vec::new(), 0);
    for (folder, syntax_only) in [("tests/syntax/bad", true), ("tests/check", false)] {
        let mut found = Vec::new();
        cases(&root.join(folder), &mut found);
        assert!(!found.is_empty());
        for main in found {
            let loaded = load(&main, &HashMap::new());
            let all = match syntax_only {
                true => loaded.diagnostics.clone(),
                false => compiler::check(&loaded).diagnostics,
            };
            let before = counted(&loaded, syntax_only);
            for diagnostic in all.iter().filter(|d| !d.fix.is_empty()) {
                corrections += 1;
                let place = loaded.sources.position(diagnostic.span());
                let name = main.strip_prefix(root).unwrap_or(&main).display();
                let told = format!("{name}:{}:{} {:?}", place.line, place.column, said(diagnostic));
                let mut changed = HashMap::new();
                for edit in &diagnostic.fix {
                    let file = loaded.sources.file(edit.span.file);
                    let (Some(path), Some(text)) =
                        (&file.path, fix::apply(edit.span.file, &loaded.sources, [diagnostic]))
                    else {
                        failures.push(format!("{told}: the edits cannot be made"));
                        continue;
                    };
                    changed.insert(path.clone(), text);
                }
                let loaded_again = load(&main, &changed);
                let after = counted(&loaded_again, syntax_only);
                let again = match syntax_only {
                    true => loaded_again.diagnostics.clone(),
                    false => compiler::check(&loaded_again).diagnostics,
                };
                let mut left = before.clone();
                *left.entry(diagnostic.code.id()).or_default() -= 1;
                let more = after.iter().filter(|(what, n)| left.get(*what).copied().unwrap_or(0) < **n);
                let more: Vec<String> = more.map(|(what, _)| format!("    {what:?}")).collect();
                let still = again.iter().filter(|d| said(d) == said(diagnostic)).count();
                let was = all.iter().filter(|d| said(d) == said(diagnostic)).count();
                if still >= was || !more.is_empty() && !hides(diagnostic) {
                    let edits: Vec<String> =
                        diagnostic.fix.iter().map(|edit| fix::words(edit, &loaded.sources)).collect();
                    failures.push(format!("{told}\n  {}\n{}", edits.join(", "), more.join("\n")));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {corrections}:\n{}", failures.len(), failures.join("\n"));
    assert!(corrections > 0);
}
