//! What the parser does with texts that nobody would write: it neither panics nor runs out of stack, and
//! its time grows with the text.

use proptest::prelude::*;
use stagegate::diagnostic::Code;
use stagegate::source::FileId;
use stagegate::syntax::{dump, parse};
use std::sync::LazyLock;

/// Parses on a thread with the small stack that test threads and workers have.
fn codes(text: String) -> Vec<Code> {
    std::thread::Builder::new()
        .stack_size(2 * 1024 * 1024)
        .spawn(move || {
            let (file, errors) = parse(FileId(0), &text);
            // Walks the whole tree, as later steps do.
            let _ = dump::dump(&file);
            errors.iter().map(|e| e.code).collect()
        })
        .unwrap()
        .join()
        .unwrap()
}

fn nested(open: &str, inside: &str, close: &str, times: usize) -> String {
    format!("{}{inside}{}", open.repeat(times), close.repeat(times))
}

fn in_rule(body: &str) -> String {
    format!("pipeline P for Deal {{ stage A {{ rule one {{ {body} }} }} }}")
}

#[test]
fn two_hundred_levels_are_read_and_more_are_refused() {
    for (open, inside, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("f(", "1", ")"),
        ("a.f(x => ", "1", ")"),
        ("not ", "a", ""),
        ("- ", "a", ""),
        ("if a then b else ", "c", ""),
        ("if a then ", "c", " else d"),
        ("if ", "c", " then b else d"),
    ] {
        let text = |times| format!("const A = {}", nested(open, inside, close, times));
        assert_eq!(codes(text(190)), [], "{open}");
        for times in [210, 5_000] {
            assert_eq!(codes(text(times)), [Code::TooDeep], "{times} times {open}");
        }
    }
}

#[test]
fn everything_at_once_is_counted_together() {
    let text =
        |times| format!("const A = {}", nested("(not [- f(\"{if a then b else ", "c", "}\")])", times));
    assert_eq!(codes(text(24)), []);
    assert_eq!(codes(text(100)), [Code::TooDeep]);
}

#[test]
fn texts_in_placeholders_are_counted() {
    let text = |times| format!("const A = {}", nested("\"{", "a", "}\"", times));
    assert_eq!(codes(text(95)), []);
    for times in [300, 20_000] {
        assert_eq!(codes(text(times)), [Code::TooDeep], "{times}");
    }
    let unclosed = codes(format!("const A = {}", "\"{".repeat(50_000)));
    assert!(unclosed.contains(&Code::TooDeep), "{unclosed:?}");
}

#[test]
fn long_rows_are_refused_before_they_make_deep_trees() {
    for text in [
        format!("const A = {}1", "1 + ".repeat(100_000)),
        format!("const A = a{}", ".b".repeat(100_000)),
        format!("const A = a{}", ".b()".repeat(100_000)),
        format!("const A = {}a", "not ".repeat(200_000)),
        format!("const A = {}a", "a ?? ".repeat(20_000)),
        format!("entity E {{ a: {}text }}", "list of ".repeat(20_000)),
        format!("const A = {}c", "if a then b else ".repeat(20_000)),
        in_rule(&format!("if a {{ stop }} {}", "else if a { stop } ".repeat(20_000))),
        in_rule(&format!("{}stop{}", "if a { ".repeat(20_000), "}".repeat(20_000))),
        format!(
            "pipeline P for Deal {{ stage S {{ trigger on change of a from a{} }} }}",
            ".b".repeat(20_000)
        ),
    ] {
        assert_eq!(codes(text.clone()), [Code::TooDeep], "{}", &text[..60]);
    }
}

#[test]
fn brackets_that_never_close_need_no_stack() {
    for open in ["(", "[", "{", "if a {", "\"{", "f(", "stage A {"] {
        for head in ["const A = ", "pipeline P for Deal { stage A { rule one { set a = "] {
            let text = format!("{head}{}", open.repeat(3_000));
            assert!(!codes(text).is_empty());
        }
    }
    let text = in_rule(&"if a {\n".repeat(3_000));
    assert!(codes(text).contains(&Code::UnclosedBracket));
}

#[test]
fn long_flat_things_are_fine() {
    let rule = "rule r { notify { to: a, text: \"x {a} y\" } }\n";
    let long = |n: usize, piece: &str| piece.repeat(n);
    for text in [
        format!("pipeline P for Deal {{ stage A {{ {} }} }}", long(2_000, rule)),
        in_rule(&long(5_000, "set a = (b + 1) * 2 ")),
        in_rule(&long(500, "if a { stop } else if b { stop } else { set c = if d then e else f } ")),
        format!("const A = [{}]", long(20_000, "1, ")),
        format!("const A = \"{}\"", long(20_000, "{a} ")),
        // Alternatives are not nested, however many.
        format!("const A = {}a", long(20_000, "a or ")),
        format!("const A = {}a", long(2_000, "a == 1 and not b or c is set and ")),
        format!("const A = ({}a) and b", long(2_000, "a or ")),
        long(5_000, "const A = if a then b else c\n"),
        long(5_000, "const A = -1 - -1\n"),
        format!("# {}\n{}", long(100_000, "#"), long(100_000, "## x\n")),
    ] {
        assert_eq!(codes(text.clone()), [], "{}", &text[..60]);
    }
}

#[test]
fn what_is_no_program_gives_few_messages() {
    assert_eq!(codes("\0".repeat(100_000)), [Code::UnknownCharacter]);
    for piece in ["; ", "5000EUR ", "{ ", ") ", "const = ", "rule { } ", "a ", "\"a\n", "\u{0}\u{1}", "“"] {
        let found = codes(piece.repeat(20_000));
        assert!((1..=200).contains(&found.len()), "{piece}: {}", found.len());
    }
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    assert_eq!(codes(" ".repeat(64 * 1024 * 1024 + 1)), [Code::FileTooLong]);
}

/// Programs to spoil.
static CORPUS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax");
    let mut texts = Vec::new();
    for folder in [folder.join("good"), folder.join("bad")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "rules") {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    texts.sort();
    // The deep ones would only be slow here.
    texts.retain(|t| t.len() < 5_000);
    texts
});

/// What is done to a text: an operation, and two places as shares of its length.
fn spoil(text: &str, steps: &[(u8, f64, f64)]) -> String {
    const PIECES: [&str; 24] = [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "\"",
        "\"\"\"",
        "\\",
        "\n",
        "#",
        "/",
        "if ",
        "else ",
        "rule ",
        "stage ",
        "é",
        "“",
        "\u{0}",
        "9:00",
        "5000EUR",
        "&&",
        "matches /",
        "{\"a\": 1}",
    ];
    let mut text = text.to_owned();
    for (operation, a, b) in steps {
        let place = |share: f64| {
            let mut at = (share * text.len() as f64) as usize;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (a, b) = (place(a.min(*b)), place(a.max(*b)));
        // Small pieces mostly: a text cut in half teaches little.
        let b = (a..=b.min(a + 40)).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(a);
        let piece = text[a..b].to_owned();
        match operation % 4 {
            0 => text.replace_range(a..b, ""),
            1 => text.insert_str(a, &piece),
            2 => text.insert_str(a, PIECES[*operation as usize % PIECES.len()]),
            _ => text.replace_range(a..b, &piece.chars().rev().collect::<String>()),
        }
    }
    text
}

/// All places of all diagnostics lie in the text, at the bounds of characters.
fn check(text: &str) {
    let (file, errors) = parse(FileId(0), text);
    for error in &errors {
        for label in &error.labels {
            let range = label.span.range();
            assert!(text.get(range.clone()).is_some(), "{error:?} points at {range:?}");
        }
        assert!(!error.message.is_empty() && !error.message.ends_with('.'), "{error:?}");
    }
    for item in &file.items {
        assert!(text.get(item.span.range()).is_some());
    }
    // A broken text has an error: nothing is left out silently.
    if errors.is_empty() {
        assert!(file.broken.is_empty());
    }
    let _ = dump::dump(&file);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn any_row_of_tokens_is_read_without_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "pipeline", "stage", "rule", "trigger", "on", "when", "if", "else", "then", "let", "set", "wait", "for",
            "at", "most", "not", "and", "or", "is", "in", "matches", "between", "a", "B", "x.y", "5", "3 days",
            "5 EUR", "2026-03-01", "\"t\"", "\"{", "}\"", "\"", "{", "}", "(", ")", "[", "]", ",", ":", "=", "==",
            "->", "=>", "?", "??", "-", "+", "/", "/x/", "..", ".", "#", "\n", "test", "expect", "entity", "fn",
        ]), 0..60),
    ) {
        check(&tokens.join(" "));
    }

    #[test]
    fn spoiled_programs_are_read_without_panic(
        index in any::<prop::sample::Index>(),
        steps in prop::collection::vec((any::<u8>(), 0.0..1.0f64, 0.0..1.0f64), 1..8),
    ) {
        check(&spoil(&CORPUS[index.index(CORPUS.len())], &steps));
    }
}
