//! The formatter: how every construct looks, and what holds for every file, however it was laid out.

use stagegate::format::{Refused, WIDTH, format};
use stagegate::source::FileId;
use stagegate::syntax::parse;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn rules_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rules_below(&path, found);
        } else if path.extension().is_some_and(|e| e == "rules") {
            found.push(path);
        }
    }
}

fn pages_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages_below(&path, found);
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

/// Every file of rules in the repository, and every program in its pages, that has no mistakes of syntax.
fn all_texts() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for folder in ["src", "examples", "tests"] {
        rules_below(&Path::new(ROOT).join(folder), &mut paths);
    }
    paths.sort();
    let mut texts: Vec<(String, String)> = Vec::new();
    for path in paths {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        texts.push((path.display().to_string(), text));
    }
    let mut pages = vec![Path::new(ROOT).join("README.md")];
    pages_below(&Path::new(ROOT).join("docs"), &mut pages);
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for (n, fence) in text.split("\n```rules").skip(1).enumerate() {
            let program = fence.split_once('\n').map_or("", |(_, rest)| rest);
            let program = program.split("\n```").next().unwrap_or_default();
            texts.push((format!("{} {n}", page.display()), program.to_owned()));
        }
    }
    texts.retain(|(_, text)| parse(FileId(0), text).1.is_empty());
    assert!(texts.len() > 100, "the corpus is gone");
    texts
}

/// The result, or what went wrong, shown with the text.
fn formatted(name: &str, text: &str) -> String {
    match format(text) {
        Ok(done) => done,
        Err(Refused::Mistakes(found)) => panic!("{name}: {:?}\n{text}", found[0].message),
        Err(Refused::Unsafe) => panic!("{name}: formatting changes what it means:\n{text}"),
    }
}

#[test]
fn corpus_looks_as_it_should() {
    let mut paths = Vec::new();
    for folder in ["tests/format", "tests/syntax/good"] {
        rules_below(&Path::new(ROOT).join(folder), &mut paths);
    }
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::with_settings!({snapshot_path => "format", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name.clone(), formatted(&name, &text));
        });
    }
}

#[test]
fn formatting_twice_changes_nothing_more() {
    for (name, text) in all_texts() {
        let once = formatted(&name, &text);
        assert_eq!(once, formatted(&name, &once), "{name}");
    }
}

/// The words and comments of a text, without white space; commas are no words.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.chars().next().unwrap();
        let len = if first.is_whitespace() || first == '\u{FEFF}' {
            at += first.len_utf8();
            continue;
        } else if first == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            text_len(rest)
        } else if "{}[](),".contains(first) || is_dot(rest, 0) {
            1
        } else if let Some(len) = matches_len(rest) {
            len
        } else {
            let end = |(i, c): (usize, char)| {
                let ends = c.is_whitespace()
                    || "{}[](),\"#".contains(c)
                    || (c == ':' && !is_time(rest, i))
                    || is_dot(rest, i);
                (ends && (i > 0 || c != ':')).then_some(if i == 0 { c.len_utf8() } else { i })
            };
            if first == ':' { 1 } else { rest.char_indices().find_map(end).unwrap_or(rest.len()) }
        };
        found.push(rest[..len].trim_end().to_owned());
        at += len;
    }
    found
}

/// A dot before a name.
fn is_dot(text: &str, at: usize) -> bool {
    text[at..].strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

fn is_time(text: &str, at: usize) -> bool {
    text[..at].ends_with(|c: char| c.is_ascii_digit())
        && text[at + 1..].starts_with(|c: char| c.is_ascii_digit())
}

fn text_len(text: &str) -> usize {
    let quotes = if text.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
    let mut at = quotes.len();
    while !text[at..].starts_with(quotes) {
        let next = text[at..].chars().next().unwrap();
        at += match next {
            '\\' => 1 + text[at + 1..].chars().next().unwrap().len_utf8(),
            '{' => placeholder_len(&text[at..]),
            c => c.len_utf8(),
        };
    }
    at + quotes.len()
}

fn placeholder_len(text: &str) -> usize {
    let mut at = 1;
    while !text[at..].starts_with('}') {
        at += match text[at..].chars().next().unwrap() {
            '"' => text_len(&text[at..]),
            '/' if text[..at].trim_end().ends_with("matches") => regex_len(&text[at..]).unwrap(),
            c => c.len_utf8(),
        };
    }
    at + 1
}

/// `matches /re/`, of which the regex may hold anything.
fn matches_len(text: &str) -> Option<usize> {
    let regex = text.strip_prefix("matches")?.trim_start_matches(char::is_whitespace);
    Some(text.len() - regex.len() + regex_len(regex)?)
}

fn regex_len(text: &str) -> Option<usize> {
    let mut at = text.strip_prefix('/').map(|_| 1)?;
    let mut class = false;
    loop {
        match text[at..].chars().next()? {
            '\n' => return None,
            '\\' => at += 1 + text[at + 1..].chars().next()?.len_utf8(),
            '/' if !class => return Some(at + 1),
            c => {
                let opens = c == '[' && !class;
                let first = text[..at].ends_with('[') || text[..at].ends_with("[^");
                class = (class || opens) && (c != ']' || first);
                at += c.len_utf8();
            }
        }
    }
}

/// What may not change: words, and comments between the same words.
fn kept(text: &str) -> Vec<String> {
    let mut tokens = tokens(text);
    tokens.retain(|token| token != ",");
    for token in &mut tokens {
        // Block text moves as a whole; that it means the same is what the formatter itself compares.
        if token.starts_with("\"\"\"") {
            *token = token.lines().map(str::trim).collect();
        } else if token.starts_with("matches") {
            *token = token.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }
    tokens
}

/// Numbers that are the same in every run of the tests.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n
    }
}

/// What stands between each two tokens of a text.
fn gaps(text: &str) -> (Vec<String>, Vec<String>) {
    let tokens = tokens(text);
    let mut gaps = Vec::new();
    let mut at = 0;
    for token in &tokens {
        let start = at + text[at..].find(token.as_str()).unwrap();
        gaps.push(text[at..start].to_owned());
        at = start + token.len();
    }
    gaps.push(text[at..].to_owned());
    (tokens, gaps)
}

fn without_comments(text: &str) -> String {
    let (tokens, gaps) = gaps(text);
    let mut out = String::new();
    for (token, gap) in tokens.iter().zip(&gaps) {
        out += gap;
        if !token.starts_with('#') {
            out += token;
        }
    }
    out + "\n"
}

/// Puts other white space between the words; breaks that count (behind `{`, and empty lines) stay.
fn shaken(text: &str, chance: &mut Chance) -> String {
    let (tokens, gaps) = gaps(text);
    let mut out = String::new();
    for (at, (token, gap)) in tokens.iter().zip(&gaps).enumerate() {
        let empty_line = gap.matches('\n').count() > 1;
        if at > 0 && tokens[at - 1] == "{" {
            out += if gap.contains('\n') { "\n " } else { "  " };
        } else if empty_line {
            out += "\n\n\n";
        } else if !gap.is_empty() {
            out += ["\n", " ", "\t", "\r\n   ", "\u{A0}"][chance.below(5)];
        } else if chance.below(4) == 0 && touches(&tokens, at) {
            out += ["\n", " "][chance.below(2)];
        }
        out += token;
    }
    out
}

/// Whether white space may stand before this token though none did.
fn touches(tokens: &[String], at: usize) -> bool {
    let sign = |at: usize| tokens.get(at).is_some_and(|t| t.len() == 1 && "{}[](),:".contains(t.as_str()));
    sign(at) || (at > 0 && sign(at - 1))
}

/// Puts comments between any two words.
fn commented(text: &str, chance: &mut Chance, often: usize) -> String {
    let (tokens, gaps) = gaps(text);
    let mut out = String::new();
    for (at, (token, gap)) in tokens.iter().zip(&gaps).enumerate() {
        out += gap;
        if chance.below(often) == 0 && (!gap.is_empty() || touches(&tokens, at)) {
            let mark = ["#", "##", "###"][chance.below(3)];
            out += &match chance.below(4) {
                0 => format!("{mark} c{at}\n"),
                1 => format!("\n{mark} c{at}  \n"),
                2 => format!("\n\n{mark}c{at}\n\n"),
                _ => format!(" {mark} c{at}\n{mark} d{at} ä\n"),
            };
        }
        out += token;
    }
    out + "\n"
}

#[test]
fn words_and_comments_stay_in_their_order() {
    for (name, text) in all_texts() {
        // Clauses have found their places in the first result.
        let text = formatted(&name, &text);
        assert_eq!(kept(&text), kept(&formatted(&name, &text)), "{name}");
    }
}

#[test]
fn comments_may_stand_anywhere() {
    let mut chance = Chance(0x5eed);
    let (mut tried, mut read) = (0, 0);
    for (at, (name, text)) in all_texts().into_iter().enumerate() {
        let base = formatted(&name, &text);
        for often in [[3, 30][at % 2]] {
            let text = commented(&base, &mut chance, often);
            tried += 1;
            // Before a colon, a comment makes an operator of some names.
            if !parse(FileId(0), &text).1.is_empty() {
                continue;
            }
            read += 1;
            let once = formatted(&name, &text);
            let (was, is) = (kept(&text), kept(&once));
            if let Some(at) = (0..was.len().max(is.len())).find(|at| was.get(*at) != is.get(*at)) {
                panic!("{name}: {:?} became {:?} in\n{text}\n---\n{once}", was.get(at), is.get(at));
            }
            let twice = formatted(&name, &once);
            assert_eq!(once, twice, "{name}: formatted twice it is another\n{text}");
        }
    }
    assert!(read * 10 > tried * 9, "{read} of {tried} could be read");
}

#[test]
fn the_layout_of_the_author_does_not_count() {
    let mut chance = Chance(0xbeef);
    for (name, text) in all_texts() {
        let base = without_comments(&text);
        let base = formatted(&name, &base);
        for _ in 0..1 {
            let text = shaken(&base, &mut chance);
            assert_eq!(base, formatted(&name, &text), "{name}\n{text}");
        }
    }
}

/// But for what cannot break: texts, names, comments.
#[test]
fn no_line_is_too_long_that_could_be_shorter() {
    for (name, text) in all_texts() {
        let mut in_text = false;
        for line in formatted(&name, &text).lines() {
            // The lines of a text are its author's.
            let quotes = line.matches("\"\"\"").count();
            let outside = !in_text;
            in_text ^= quotes % 2 == 1;
            let code = if outside { line.split("  #").next().unwrap_or_default() } else { "" };
            let words = code.split_whitespace().count();
            let breaks = !code.contains('"') && !code.trim_start().starts_with('#') && words > 3;
            assert!(code.chars().count() <= WIDTH || !breaks, "{name}: {line}");
        }
    }
}

#[test]
fn ends_of_lines_and_the_first_mark_are_made_one() {
    let text = "\u{FEFF}use crm\r\n\r\n\r\n# so\r\nconst A = \"\"\"\r\n  a\r\n\r\n  b\r\n  \"\"\"\r\n\r\n";
    assert_eq!(formatted("x", text), "use crm\n\n# so\nconst A = \"\"\"\n  a\n\n  b\n  \"\"\"\n");
    assert_eq!(formatted("x", &text.replace("\r\n", "\r")), formatted("x", text));
    assert_eq!(formatted("x", ""), "");
    assert_eq!(formatted("x", "\n\n"), "");
    assert_eq!(formatted("x", "\n # alone "), "# alone\n");
}

#[test]
fn a_text_with_mistakes_is_refused_with_them() {
    let Err(Refused::Mistakes(found)) = format("use crm\nconst = 5\n") else { panic!("it was formatted") };
    assert_eq!(found.len(), 1);
    // Mistakes beyond syntax do not matter.
    assert_eq!(formatted("x", "const A=nothing+\"x\"\n"), "const A = nothing + \"x\"\n");
}

// --- the command -------------------------------------------------------------------------------------

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn fmt(folder: &Path, args: &[&str], input: &str) -> Said {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_stagegate"))
        .arg("fmt")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
}

/// A library with a good file, an ugly one, a wrong one, and files that are none of its business.
fn library() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("good.rules", "const A = 1\n");
    write("inner/ugly.rules", "const   B=2# two\n\n\nconst C=[1,2]\r\n");
    write("wrong.rules", "const = 2\n");
    write(".hidden/ugly.rules", "const   B=2\n");
    write("notes.txt", "const   B=2\n");
    folder
}

const UGLY: &str = "const B = 2  # two\n\nconst C = [1, 2]\n";

#[test]
fn a_folder_is_formatted_but_for_what_is_wrong() {
    let folder = library();
    let at = folder.path();
    let read = |name: &str| std::fs::read_to_string(at.join(name)).unwrap();
    let before = std::fs::metadata(at.join("good.rules")).unwrap().modified().unwrap();
    let said = fmt(at, &["."], "");
    assert_eq!(said.code, 1);
    assert_eq!(said.out, "");
    assert!(said.err.contains("wrong.rules:1:7"), "{}", said.err);
    assert!(
        said.err.ends_with("1 error in 1 of 3 files, left as it is\nformatted 1 of 3 files\n"),
        "{}",
        said.err
    );
    assert_eq!(read("inner/ugly.rules"), UGLY);
    assert_eq!(read("wrong.rules"), "const = 2\n");
    assert_eq!(read(".hidden/ugly.rules"), "const   B=2\n");
    assert_eq!(std::fs::metadata(at.join("good.rules")).unwrap().modified().unwrap(), before);
    std::fs::remove_file(at.join("wrong.rules")).unwrap();
    let again = fmt(at, &[".", "good.rules"], "");
    assert_eq!((again.code, again.out.as_str(), again.err.as_str()), (0, "", ""));
}

#[test]
fn check_shows_a_diff_and_changes_nothing() {
    let folder = library();
    let at = folder.path();
    std::fs::remove_file(at.join("wrong.rules")).unwrap();
    let ugly = std::fs::read(at.join("inner/ugly.rules")).unwrap();
    let said = fmt(at, &["--check", "."], "");
    assert_eq!(said.code, 1);
    let diff = "--- inner/ugly.rules\n+++ inner/ugly.rules\n@@ -1,4 +1,3 @@\n-const   B=2# two\n-\n+const B = 2  # two\n \n\
        -const C=[1,2]\r\n+const C = [1, 2]\n";
    assert_eq!(said.out, diff);
    assert_eq!(said.err, "1 of 2 files would change: the same without `--check` formats it\n");
    assert_eq!(std::fs::read(at.join("inner/ugly.rules")).unwrap(), ugly);
    let good = fmt(at, &["--check", "good.rules"], "");
    assert_eq!((good.code, good.out.as_str(), good.err.as_str()), (0, "", ""));
}

/// A diff would show every line.
#[test]
fn ends_of_lines_as_on_windows_are_told_in_a_line() {
    let folder = library();
    let at = folder.path();
    let ends = "they are those of Windows (CRLF), and the style is LF alone\n\
                1 file would change: the same without `--check` formats it\n";
    std::fs::write(at.join("windows.rules"), "const A = 1\r\nconst B = 2\r\n").unwrap();
    let said = fmt(at, &["--check", "windows.rules"], "");
    assert_eq!((said.code, &*said.out), (1, ""));
    assert_eq!(said.err, format!("windows.rules: only the ends of its lines would change: {ends}"));
    std::fs::write(at.join("windows.rules"), "const A = 1\r\nconst   B = 2\r\n").unwrap();
    let said = fmt(at, &["--check", "windows.rules"], "");
    assert_eq!(said.code, 1);
    let diff =
        "--- windows.rules\n+++ windows.rules\n@@ -1,2 +1,2 @@\n const A = 1\n-const   B = 2\n+const B = 2\n";
    assert_eq!(said.out, diff);
    let too = "windows.rules: the ends of its lines would change too, which the diff leaves out";
    assert_eq!(said.err, format!("{too}: {ends}"));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = library();
    let at = folder.path();
    for args in [&["-"][..], &["--stdin"]] {
        let said = fmt(at, args, "const   B=2# two\n\n\n\nconst C=[1,2]");
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, UGLY, ""));
    }
    let said = fmt(at, &["-"], "const = 1");
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("standard input:1:7"), "{}", said.err);
    let said = fmt(at, &["--check", "-"], "const A=1");
    assert_eq!(said.code, 1);
    assert!(said.out.contains("-const A=1\n\\ No newline at end of file\n+const A = 1\n"), "{}", said.out);
}

#[test]
fn what_cannot_be_read_or_written_is_said() {
    let folder = library();
    let at = folder.path();
    let said = fmt(at, &["nowhere.rules", "inner"], "");
    assert_eq!(said.code, 2);
    assert!(said.err.contains("error: cannot read nowhere.rules: there is no such file"), "{}", said.err);
    // The others are formatted all the same.
    assert_eq!(std::fs::read_to_string(at.join("inner/ugly.rules")).unwrap(), UGLY);
    std::fs::write(at.join("latin.rules"), b"# caf\xe9\n").unwrap();
    let said = fmt(at, &["latin.rules"], "");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("latin.rules is not written in UTF-8"), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = library();
    let at = folder.path();
    let ugly = at.join("inner/ugly.rules");
    std::fs::set_permissions(&ugly, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("inner/ugly.rules", at.join("link.rules")).unwrap();
    assert_eq!(fmt(at, &["link.rules"], "").code, 0);
    assert!(std::fs::symlink_metadata(at.join("link.rules")).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&ugly).unwrap(), UGLY);
    assert_eq!(std::fs::metadata(&ugly).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn the_library_and_the_examples_are_formatted() {
    let mut paths = Vec::new();
    for folder in ["src/library", "examples"] {
        rules_below(&Path::new(ROOT).join(folder), &mut paths);
    }
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            formatted(&path.display().to_string(), &text) == text,
            "run `stagegate fmt {}`",
            path.display()
        );
    }
}
