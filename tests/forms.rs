//! That each mistake is told at its place wherever it stands: in another file, behind wide characters on its line, and
//! nested in what is tested before. The programs are those of the pages of the codes, and all under `tests/check` and
//! `tests/lint`.

// Not all of it is needed here.
#[allow(dead_code)]
#[path = "support/corpus.rs"]
mod corpus;

use stagegate::compiler::{self, Loaded};
use stagegate::diagnostic::{Code, Diagnostic, Severity};
use stagegate::syntax::tree::{ItemKind, PipelineMember, StageMember};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What is wrong is no program of one file, or larger than a page: shown elsewhere.
const NOT_HERE: [Code; 5] =
    [Code::FileUnreadable, Code::UseCycle, Code::TooMany, Code::FileNotFound, Code::UnknownLibrary];
/// What is said of a comment stands where the comment stands.
const OF_COMMENTS: [Code; 2] = [Code::UnknownWarning, Code::MisplacedAllow];

/// A declaration before everything else, whose letters take more room than one byte, and more than one column.
const WIDE: &str = "enum _幅 { a \"東京 🗼 Zürich\" b \"é\" } ";

fn wanted() -> impl Iterator<Item = Code> {
    let families = ["E02", "E03", "E04", "E05", "E06"];
    Code::ALL.iter().copied().filter(move |code| {
        let of = code.severity() == Severity::Warning || families.iter().any(|f| code.id().starts_with(f));
        of && !NOT_HERE.contains(code)
    })
}

/// Every program of one file, with what it is from.
fn programs() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for code in wanted() {
        let page = code.page().split("```rules wrong").nth(1).and_then(|rest| rest.split("```").next());
        let program = page.and_then(|page| page.split_once('\n')).map(|(_, text)| text.to_owned());
        found.push((code.id().to_owned(), program.unwrap_or_default()));
    }
    let mut cases = Vec::new();
    for folder in ["tests/check", "tests/lint"] {
        corpus::cases(Path::new(folder), &mut cases);
    }
    let single = cases.into_iter().filter(|(main, ..)| !main.ends_with("main.rules"));
    found.extend(single.map(|(main, _, name)| (name, fs::read_to_string(main).unwrap())));
    // Only what is said matters, not how deep calls may be.
    found.retain(|(_, text)| text.len() < 5_000);
    found
}

fn loaded(files: &[(&str, &str)]) -> Loaded {
    compiler::load(&[files[0].0.into()], &mut |path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or(std::io::ErrorKind::NotFound.into())
    })
}

fn said(loaded: &Loaded) -> Vec<Diagnostic> {
    compiler::check(loaded).diagnostics
}

/// What is said of each place of a file, without the name of the file.
fn places(loaded: &Loaded, found: &[Diagnostic]) -> Vec<(Code, String, usize, usize)> {
    let place = |d: &Diagnostic| {
        let at = loaded.sources.position(d.span());
        (d.code, d.message.clone(), at.line, at.column)
    };
    found.iter().map(place).collect()
}

#[test]
fn a_mistake_in_another_file_is_told_there() {
    let mut shown = BTreeSet::new();
    for (name, text) in programs() {
        let alone = loaded(&[("main.rules", &text)]);
        let expected = places(&alone, &said(&alone));
        let used = loaded(&[("main.rules", "use \"folder/other.rules\"\n"), ("folder/other.rules", &text)]);
        let found = said(&used);
        // What a file uses by its path is not there from another folder.
        if !text.contains("use \"") {
            // What a file declares for others need not be used by it.
            let used_up = |all: Vec<(Code, String, usize, usize)>| {
                all.into_iter().filter(|(code, ..)| *code != Code::Unused).collect::<Vec<_>>()
            };
            assert_eq!(used_up(places(&used, &found)), used_up(expected), "{name}");
            let elsewhere = |d: &Diagnostic| used.sources.file(d.span().file).name == "folder/other.rules";
            assert!(found.iter().all(elsewhere), "{name}");
            shown.extend(found.iter().map(|d| d.code));
        }
    }
    let missing: Vec<&str> = wanted().filter(|code| !shown.contains(code)).map(Code::id).collect();
    assert!(missing.is_empty(), "never told in another file: {missing:?}");
}

/// The program in one line, behind wide letters; `None` if its lines matter.
fn in_one_line(text: &str) -> Option<String> {
    let mut line = String::from(WIDE);
    for part in text.lines() {
        let part = part.trim();
        if part.contains('#') || part.contains("\"\"\"") {
            if part.starts_with('#') && !part.contains("stagegate:") {
                continue;
            }
            return None;
        }
        line.push_str(part);
        line.push(' ');
    }
    Some(line)
}

#[test]
fn columns_are_counted_in_characters_behind_wide_ones() {
    let mut shown = BTreeSet::new();
    for (name, text) in programs() {
        let Some(wide) = in_one_line(&text) else { continue };
        let alone = loaded(&[("main.rules", &text)]);
        let before = said(&alone);
        // Where the grammar looks for the next line to go on, one line is another program.
        if !alone.diagnostics.is_empty() {
            continue;
        }
        let whole = loaded(&[("main.rules", &wide)]);
        let found = said(&whole);
        let squeezed = |loaded: &Loaded, d: &Diagnostic| {
            let words: Vec<&str> = loaded.sources.text(d.span()).split_whitespace().collect();
            (d.code, words.join(" "))
        };
        let expected: Vec<_> = before.iter().map(|d| squeezed(&alone, d)).collect();
        let seen: Vec<_> = found.iter().map(|d| squeezed(&whole, d)).collect();
        assert_eq!(seen, expected, "{name}");
        for diagnostic in &found {
            for label in &diagnostic.labels {
                if whole.sources.file(label.span.file).name != "main.rules" {
                    continue;
                }
                let at = whole.sources.position(label.span);
                let characters = wide[..label.span.start as usize].chars().count();
                assert_eq!((at.line, at.column), (1, characters + 1), "{name}: {}", diagnostic.code.id());
                assert!(at.column < label.span.start as usize, "{name}");
            }
        }
        shown.extend(found.iter().map(|d| d.code));
    }
    let missing: Vec<&str> =
        wanted().filter(|c| !shown.contains(c) && !OF_COMMENTS.contains(c)).map(Code::id).collect();
    assert!(missing.is_empty(), "never told behind wide characters: {missing:?}");
    // Comments end with their line.
    let comment = "user anna \"東京\" # stagegate: allow(unusedd)\nuser bob \"東京\"\n# 東京 stagegate: allow(unused)\n";
    let whole = loaded(&[("main.rules", comment)]);
    let found = places(&whole, &said(&whole));
    assert_eq!(
        found.iter().map(|(c, _, l, n)| (*c, *l, *n)).collect::<Vec<_>>(),
        [(Code::UnknownWarning, 1, 35)]
    );
}

#[test]
fn a_mistake_in_a_rule_is_told_as_well_in_a_block_of_it() {
    const OPEN: &str = " if created_at > 2020-01-01T00:00Z { if created_at > 2021-01-01T00:00Z { ";
    let mut shown = BTreeSet::new();
    let mut expected = BTreeSet::new();
    for (name, text) in programs() {
        let alone = loaded(&[("main.rules", &text)]);
        if !alone.diagnostics.is_empty() {
            continue;
        }
        let bodies = bodies(&alone);
        let before = said(&alone);
        let inside = |d: &&Diagnostic| {
            let at = d.span();
            let own = alone.sources.file(at.file).name == "main.rules";
            own && bodies.iter().any(|(start, end)| *start < at.start as usize && (at.end as usize) < *end)
        };
        let told: BTreeSet<Code> = before.iter().filter(inside).map(|d| d.code).collect();
        if told.is_empty() {
            continue;
        }
        let mut nested = text.clone();
        for (start, end) in bodies.iter().rev() {
            nested.insert_str(*end - 1, " } } ");
            nested.insert_str(*start + 1, OPEN);
        }
        let whole = loaded(&[("main.rules", &nested)]);
        assert_eq!(whole.diagnostics, [], "{name}");
        shown.extend(said(&whole).iter().map(|d| d.code));
        expected.extend(told);
    }
    // What binds a value for other rules stands at the top of its body.
    let of_outputs = |code: &Code| ("E0425".."E0429").contains(&code.id());
    let missing: Vec<&str> =
        expected.iter().filter(|code| !shown.contains(code) && !of_outputs(code)).map(|c| c.id()).collect();
    assert!(missing.is_empty(), "never told in a block: {missing:?}");
    assert!(expected.len() > 40, "{}", expected.len());
}

/// Where the bodies of rules begin and end, braces included.
fn bodies(loaded: &Loaded) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let file = loaded.files.iter().find(|file| loaded.sources.file(file.file).name == "main.rules");
    for item in file.into_iter().flat_map(|file| &file.items) {
        let ItemKind::Pipeline(pipeline) = &item.kind else { continue };
        for member in &pipeline.members {
            match member {
                PipelineMember::Rule(rule) => found.push(rule.body.span),
                PipelineMember::Stage(stage) => found.extend(stage.members.iter().filter_map(|m| match m {
                    StageMember::Rule(rule) => Some(rule.body.span),
                    StageMember::Trigger(_) => None,
                })),
            }
        }
    }
    found.iter().map(|span| (span.start as usize, span.end as usize)).collect()
}
