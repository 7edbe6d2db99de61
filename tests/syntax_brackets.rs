//! One bracket too few or too many is one mistake, wherever it is and however the file is laid out: white
//! space never matters in the language.

use proptest::prelude::*;
use stagegate::diagnostic::{Diagnostic, Rendered, render};
use stagegate::source::{FileId, Sources};
use stagegate::syntax::parse;
use std::path::Path;
use std::sync::LazyLock;

/// How the lines of a program begin.
#[derive(Debug, Clone, Copy)]
enum Layout {
    AsWritten,
    FlushLeft,
    /// Indented by chance.
    Wild,
}

const LAYOUTS: [Layout; 3] = [Layout::AsWritten, Layout::FlushLeft, Layout::Wild];

fn laid_out(text: &str, layout: Layout) -> String {
    let lines = text.lines().enumerate().map(|(n, line)| match layout {
        Layout::AsWritten => line.to_owned(),
        Layout::FlushLeft => line.trim_start().to_owned(),
        Layout::Wild => format!("{}{}", " ".repeat((n * 7 + n / 3) % 9), line.trim_start()),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The bytes where code stands, not texts, comments or regular expressions.
fn code_bytes(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'#' => at = text[at..].find('\n').map_or(bytes.len(), |n| at + n),
            b'"' => at = text_end(bytes, at),
            b'/' if text[..at].trim_end().ends_with("matches") => {
                at = text[at..].find('\n').map_or(bytes.len(), |n| at + n)
            }
            _ => {
                found.push(at);
                at += 1;
            }
        }
    }
    found
}

/// The end of the text that begins here; texts stand in its placeholders.
fn text_end(bytes: &[u8], start: usize) -> usize {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut at = start + if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if bytes.get(at + 1) == Some(&b'u') => {
                at += bytes[at..].iter().position(|b| *b == b'}').unwrap_or(0)
            }
            b'\\' => at += 1,
            b'"' if !block => return at + 1,
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return at + 3,
            b'{' => {
                while at < bytes.len() && bytes[at] != b'}' {
                    at = if bytes[at] == b'"' { text_end(bytes, at) } else { at + 1 };
                }
            }
            _ => {}
        }
        at += 1;
    }
    at
}

/// Programs without a mistake.
static GOOD: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join("tests/syntax/good"), root.join("examples"), root.join("src/library")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rules") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                files.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    // In these any word may be a name, which nobody does to himself.
    let torture = ["declarations named like declarations.rules", "names that are words elsewhere.rules"];
    files.retain(|(name, _)| !torture.contains(&name.as_str()));
    files.sort();
    files
});

/// The text without one bracket, or with one more.
fn spoil(text: &str, place: usize, add: Option<char>) -> String {
    let mut text = text.to_owned();
    match add {
        Some(bracket) => text.insert(place, bracket),
        None => drop(text.remove(place)),
    }
    text
}

fn errors(text: &str) -> Vec<Diagnostic> {
    parse(FileId(0), text).1
}

fn brackets(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    code_bytes(text).into_iter().filter(|i| b"{}()[]".contains(&bytes[*i])).collect()
}

fn shown(text: &str) -> String {
    let mut sources = Sources::default();
    let file = sources.add("x.rules", None, text);
    let how = Rendered { color: false, width: 100 };
    parse(file, text).1.iter().map(|e| render(e, &sources, how)).collect()
}

#[test]
fn good_programs_are_good_in_every_layout() {
    for (name, text) in GOOD.iter() {
        for layout in LAYOUTS {
            assert_eq!(errors(&laid_out(text, layout)), [], "{name} {layout:?}");
        }
    }
}

/// Lines of the errors of a program.
fn lines(text: &str) -> Vec<usize> {
    let line = |e: &Diagnostic| text[..e.span().start as usize].matches('\n').count() + 1;
    errors(text).iter().map(line).collect()
}

#[test]
fn five_mistakes_are_five_errors_at_their_places_in_every_layout() {
    let text = r#"use crm
currency EUR

entity Visit "Visit" {
  title: text
  amount money
}

pipeline Sales "Sales" for Visit {
  stage New "New" {
    trigger on invoice.paid when (amount > 5 EUR
    rule welcome {
      notify { to: responsible, text: "one"
    }
    rule second {
      sett paid = amount
      notify { to: responsible, text: "two" }
    }
  }
  stage Next "Next" {
    rule third
      if amount > 5 EUR { stop }
    }
  }
}
"#;
    for layout in LAYOUTS {
        let text = laid_out(text, layout);
        assert_eq!(lines(&text), [6, 11, 13, 16, 21], "{layout:?}\n{}", shown(&text));
    }
}

#[test]
fn the_bracket_that_is_missing_is_the_one_that_is_named() {
    for (text, expected) in [
        // One line for the stage and its rule.
        ("pipeline P for Deal {\nstage A { rule a {\nnotify { to: sales, text: \"x\"\n} }\n}\n", 3),
        ("pipeline P for Deal {\nstage A {\nrule a when (vip {\nstop\n}\n}\n}\n", 3),
        ("pipeline P for Deal {\nstage A {\nrule a {\nset tags = [a, b\nstop\n}\n}\n}\n", 4),
        ("pipeline P for Deal {\nstage A {\nrule a { stop }\nstage B {\nrule a { stop }\n}\n}\n", 2),
        ("pipeline P for Deal {\nstage A { }\n\nentity E {\na: text\n}\n", 1),
        ("entity E {\na: text\nuser anna \"Anna\"\n", 1),
        ("pipeline P for Deal\nstage A {\nrule a { stop }\n}\n}\n", 1),
        ("pipeline P for Deal {\nstage A\nrule a { stop }\n}\nstage B { }\n}\n", 2),
        ("pipeline P for Deal {\nstage A {\nrule a {\nnotify\nto: sales\n}\n}\n}\n}\n", 4),
        ("pipeline P for Deal {\nstage A {\nrule a { set tags = [a, b)\nstop }\n}\n}\n", 3),
    ] {
        assert_eq!(lines(text), [expected], "{text}\n{}", shown(text));
    }
}

#[test]
fn a_closing_bracket_inside_of_a_head_is_one_mistake_in_every_layout() {
    let text = r#"
pipeline Sales "Sales" for Deal {
  stage New "New" {
    rule welcome on invoice.paid {
      if amount > 5 EUR {
        stop
      }
      notify { to: sales, text: "one" }
    }
    trigger "Paid" on invoice.paid
  }
  success stage Won "Won" {
    rule done { stop }
  }
}

user anna "Anna" {
  email: "a@example.com"
}

test "one" {
  expect no sms
}
"#;
    for head in ["stage New", "rule welcome", "success stage Won", "user anna", "trigger \"Paid\" on"] {
        let start = text.find(head).unwrap();
        let blanks = (start..start + head.len() + 8).filter(|i| text.as_bytes()[*i] == b' ' && *i > start);
        for place in blanks.take_while(|i| !text[start..*i].contains(['{', '\n'])) {
            for layout in LAYOUTS {
                let text = laid_out(&spoil(text, place, Some('}')), layout);
                assert_eq!(errors(&text).len(), 1, "{layout:?}\n{text}\n{}", shown(&text));
            }
        }
    }
}

/// Goes through all brackets of all programs: for the eye, and for whoever changes how brackets are mended.
#[test]
#[ignore = "takes a minute"]
fn every_missing_bracket() {
    let mut counts = std::collections::BTreeMap::<(String, usize), usize>::new();
    let most = std::env::var("SHOW").ok().and_then(|s| s.parse::<usize>().ok()).unwrap_or(0);
    let mut left = most;
    let every = std::env::var("EVERY").ok().and_then(|s| s.parse::<usize>().ok()).unwrap_or(1);
    for (name, text) in GOOD.iter() {
        for layout in LAYOUTS {
            let text = laid_out(text, layout);
            for place in brackets(&text).into_iter().step_by(every) {
                let spoilt = spoil(&text, place, None);
                let found = errors(&spoilt);
                *counts.entry((format!("{layout:?}"), found.len())).or_default() += 1;
                if (found.len() > 2 || found.is_empty()) && left > 0 {
                    left -= 1;
                    let line = text[..place].lines().count();
                    println!("=== {name} {layout:?} line {line}: {}", &text[place..place + 1]);
                    println!("    {}", text.lines().nth(line.saturating_sub(1)).unwrap_or_default());
                    for e in &found {
                        let l = spoilt[..e.span().start as usize].matches('\n').count() + 1;
                        println!("    {l}: {} {:?}", e.message, e.help);
                    }
                }
            }
        }
    }
    println!("{counts:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: prop::test_runner::RngSeed::Fixed(2),
        ..ProptestConfig::default() })]

    #[test]
    fn one_bracket_makes_one_mistake_or_two(
        file in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        layout in prop::sample::select(LAYOUTS.to_vec()),
    ) {
        let (name, text) = &GOOD[file.index(GOOD.len())];
        let text = laid_out(text, layout);
        let places = brackets(&text);
        if places.is_empty() { return Ok(()); }
        let place = places[place.index(places.len())];
        let spoilt = spoil(&text, place, None);
        let found = errors(&spoilt).len();
        prop_assert!((1..=2).contains(&found), "{name} {layout:?}: {found}\n{}", shown(&spoilt));
    }

    #[test]
    fn one_bracket_more_makes_few_mistakes(
        file in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        bracket in prop::sample::select(vec![None, Some('}'), Some(')'), Some(']')]),
        layout in prop::sample::select(LAYOUTS.to_vec()),
    ) {
        let (name, text) = &GOOD[file.index(GOOD.len())];
        let text = laid_out(text, layout);
        let bytes = text.as_bytes();
        // A key that was hit twice, or one that closes something, between two words.
        let places: Vec<usize> = match bracket {
            None => brackets(&text),
            Some(_) => code_bytes(&text).into_iter().filter(|i| *i > 0 && bytes[*i] == b' ').collect(),
        };
        if places.is_empty() { return Ok(()); }
        let place = places[place.index(places.len())];
        let spoilt = spoil(&text, place, bracket.or(Some(char::from(bytes[place]))));
        let found = errors(&spoilt).len();
        prop_assert!((1..=3).contains(&found), "{name} {layout:?}: {found}\n{}", shown(&spoilt));
    }
}
