//! `stagegate explain`, and the programs of every page.

use crate::case::Case;
use stagegate::compiler;
use stagegate::diagnostic::{Code, Rendered, render};
use stagegate::testing::Suite;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Pages whose wrong program is not checked, with the reason.
const NOT_SHOWN: [(Code, &str); 7] = [
    (Code::TooDeep, "a few hundred levels would fill the page"),
    (Code::FileTooLong, "the file is larger than 64 MiB"),
    (Code::FileUnreadable, "the file is no text, or a folder"),
    (Code::UseCycle, "it takes two files"),
    (Code::TooMany, "a chain of 65 events would fill the page"),
    (Code::NoLocales, "said by a build without locales only"),
    (Code::TooLarge, "thousands of statements would fill the page"),
];

struct Block {
    words: Vec<String>,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(words) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let words = words.split_whitespace().map(str::to_owned).collect();
            blocks.push(Block { words, text: text.join("\n") + "\n" });
        }
    }
    blocks
}

/// The codes that are said of a program and of its tests, and how they look.
fn said(text: &str, files: &HashMap<PathBuf, String>) -> (Vec<Code>, String) {
    let loaded = compiler::load(&["example.rules".into()], &mut |path| match files.get(path) {
        _ if path == Path::new("example.rules") => Ok(text.as_bytes().to_vec()),
        Some(text) => Ok(text.as_bytes().to_vec()),
        None => Err(std::io::ErrorKind::NotFound.into()),
    });
    let mut checked = compiler::check(&loaded);
    if let Some(model) = &checked.model {
        let suite = Suite::new(model, &loaded.sources).expect("what is without mistakes compiles");
        let failed = suite.run(|_| true).into_iter().filter_map(|outcome| outcome.failure);
        checked.diagnostics.extend(failed.map(|failure| *failure));
    }
    let how = Rendered { color: false, width: 100 };
    let shown = checked.diagnostics.iter().map(|d| render(d, &loaded.sources, how)).collect();
    (checked.diagnostics.iter().map(|d| d.code).collect(), shown)
}

/// What is wrong there is no program: it is shown by the tests of scenarios and of settings.
const OF_OTHER_FILES: &[Code] =
    &[Code::SnapshotDiffers, Code::ScenarioBroken, Code::SettingUnknown, Code::SettingWrong];

#[test]
fn the_wrong_program_of_each_page_has_that_mistake_and_the_right_one_none() {
    let mut failures = Vec::new();
    for code in Code::ALL.iter().copied() {
        if code == Code::UnknownLocale && !cfg!(feature = "locale") {
            continue;
        }
        if OF_OTHER_FILES.contains(&code) {
            continue;
        }
        let blocks = blocks(code.page());
        let file = |block: &Block| match &block.words[..] {
            [_, file, name] if file == "file" => Some((PathBuf::from(name), block.text.clone())),
            _ => None,
        };
        let files: HashMap<_, _> = blocks.iter().filter_map(file).collect();
        let [wrong, right, ..] = &blocks[..] else {
            failures.push(format!("{}: a wrong and a right program are wanted", code.id()));
            continue;
        };
        let kind = match code.id() {
            // What a test finds when it runs.
            id if id.starts_with("E08") => "failing",
            id if id.starts_with('E') => "wrong",
            _ => "warns",
        };
        let exempt = NOT_SHOWN.iter().any(|(not, _)| *not == code);
        if !exempt {
            let words: Vec<&str> = wrong.words.iter().map(String::as_str).collect();
            let named = words.len() > 2 && words[2..].iter().all(|word| *word == code.id());
            if !named || words[..2] != ["rules", kind] {
                failures.push(format!("{}: the first block is `rules {kind} {}`", code.id(), code.id()));
            }
            let (codes, shown) = said(&wrong.text, &files);
            if codes.is_empty() || codes.iter().any(|said| *said != code) {
                failures.push(format!("{}: the wrong program says {codes:?}\n{shown}", code.id()));
            }
        } else if wrong.words != ["text"] {
            failures.push(format!("{}: the first block is `text`: its program is not checked", code.id()));
        }
        if right.words != ["rules"] {
            failures.push(format!("{}: the second block is `rules`", code.id()));
        }
        let (codes, shown) = said(&right.text, &files);
        if !codes.is_empty() {
            failures.push(format!("{}: the right program says {codes:?}\n{shown}", code.id()));
        }
    }
    assert!(failures.is_empty(), "{}: {}", failures.len(), failures.join("\n"));
}

#[test]
fn every_page_has_its_title_and_is_short() {
    for code in Code::ALL {
        let page = code.page();
        assert_eq!(page.lines().next(), Some(&*format!("# {}: {}", code.id(), code.title())));
        assert!(page.contains("\nWrong:\n") && page.contains("\nRight:\n"), "{}", code.id());
        assert!(page.lines().count() < 60 && page.lines().all(|l| l.chars().count() <= 120), "{}", code.id());
    }
}

#[test]
fn there_is_no_page_without_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    for entry in std::fs::read_dir(folder).expect("the pages") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let id = name.strip_suffix(".md").expect("a page");
        assert!(id == "README" || Code::ALL.iter().any(|code| code.id() == id), "{name}");
    }
}

#[test]
fn a_code_is_explained_however_it_is_written() {
    let case = Case::new(&[]);
    insta::assert_snapshot!("explain", case.shown(&["explain", "E0113"]));
    let page = case.stdout(&["explain", "E0113"]);
    for other in ["e0113", "0113", "113"] {
        assert_eq!(case.stdout(&["explain", other]), page);
    }
    assert!(case.stdout(&["explain", "UNUSED", "e0201"]).contains("E0201: a name is declared twice"));
    let mut wrong = String::new();
    for code in ["E9999", "shadowd_trigger", "", "x"] {
        wrong.push_str(&format!("$ explain {code}\n{}", case.shown(&["explain", code])));
    }
    insta::assert_snapshot!("explain-unknown", wrong);
}

#[test]
fn without_a_code_all_are_listed() {
    let list = Case::new(&[]).stdout(&["explain"]);
    assert_eq!(list.lines().count(), Code::ALL.len());
    assert!(list.contains("E0113                 `=` where `==` is meant\n"), "{list}");
}
