//! What a person sees at a terminal: colours, tables that fit it, and the pager. Each command runs on a pseudo terminal that
//! `script` of util-linux makes.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const OLD: &str = "currency EUR\nentity Visit { title: text }\naction tell { text: text }\npipeline Visits for Visit {\n  stage New {\n    rule welcome_whoever_comes_to_visit_us {\n      tell { text: \"A visit: {title}\" }\n    }\n  }\n}\n";

const EVENTS: &str = r#"{"specversion":"1.0","id":"1","source":"/t","type":"visit.created","subject":"visit/V-1","time":"2026-03-02T10:00:00Z","data":{"title":"Ann"}}
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("old.rules", OLD);
    write("new.rules", &OLD.replace("A visit", "A new visit"));
    write("events.jsonl", EVENTS);
    folder
}

/// What comes on a terminal of this size, and the exit code.
fn on_terminal(
    folder: &Path,
    size: (u16, u16),
    args: &str,
    environment: &[(&str, &str)],
) -> (String, Option<i32>) {
    let (columns, rows) = size;
    let line = format!("stty cols {columns} rows {rows}; {} {args}", env!("CARGO_BIN_EXE_stagegate"));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(folder).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PAGER", "STAGEGATE_PAGER", "LESS"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").envs(environment.iter().copied());
    let output = command.output().expect("`script` of util-linux is needed");
    let text = String::from_utf8(output.stdout).expect("UTF-8").replace('\r', "");
    (text, output.status.code())
}

/// Without colours and other marks for the terminal.
fn plain(text: &str) -> String {
    let marks = regex::Regex::new("\u{1b}\\[[0-9;?]*[a-zA-Z]").expect("a pattern");
    marks.replace_all(text, "").into_owned()
}

const DIFF: &str = "diff old.rules new.rules --events events.jsonl";

#[test]
fn colours_are_for_terminals_and_can_be_switched() {
    let folder = folder();
    let colored = |args: &str, environment: &[(&str, &str)]| {
        let (text, code) = on_terminal(folder.path(), (100, 200), args, environment);
        assert_eq!(code, Some(1), "{text}");
        assert!(plain(&text).contains("changed rule"), "{text}");
        text.contains("\u{1b}[")
    };
    assert!(colored(DIFF, &[]));
    assert!(!colored(DIFF, &[("NO_COLOR", "1")]));
    assert!(!colored(DIFF, &[("TERM", "dumb")]));
    assert!(!colored(&format!("{DIFF} --color never"), &[]));
    assert!(colored(&format!("{DIFF} --color always"), &[("NO_COLOR", "1")]));
    // Into a file none go, unless they are wanted by all means.
    let into_file = |environment: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stagegate"));
        command.args(DIFF.split(' ')).current_dir(folder.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        let output = command.envs(environment.iter().copied()).output().expect("the command starts");
        String::from_utf8(output.stdout).expect("UTF-8").contains("\u{1b}[")
    };
    assert!(!into_file(&[]));
    assert!(into_file(&[("CLICOLOR_FORCE", "1")]));
    // What stands in a file is not drawn for the terminal on which the errors go.
    let (_, code) = on_terminal(folder.path(), (100, 50), &format!("{DIFF} > out.txt"), &[]);
    assert_eq!(code, Some(1));
    let written = std::fs::read_to_string(folder.path().join("out.txt")).expect("a file");
    assert!(written.contains("changed rule") && !written.contains('\u{1b}'), "{written}");
}

#[test]
fn tables_fit_the_terminal() {
    let folder = folder();
    for columns in [40, 60, 100] {
        let (text, _) = on_terminal(folder.path(), (columns, 200), &format!("{DIFF} --brief"), &[]);
        let text = plain(&text);
        let table = text.split("different:\n").nth(1).unwrap_or_else(|| panic!("{text}"));
        let table: Vec<&str> = table.lines().take_while(|line| !line.is_empty()).collect();
        assert!(table.len() >= 2, "{text}");
        for line in table {
            assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}");
        }
    }
}

#[test]
fn long_results_go_through_the_pager() {
    let folder = folder();
    let run =
        |args: &str, environment: &[(&str, &str)]| on_terminal(folder.path(), (80, 4), args, environment);
    let paged = "sed s/^/paged:/";
    for args in [
        "explain E0201",
        "help run",
        "run --help",
        "--help",
        DIFF,
        "why old.rules events.jsonl --record visit/V-1",
    ] {
        let expected = Some(i32::from(args == DIFF));
        let (text, code) = run(args, &[("PAGER", paged)]);
        assert!(text.starts_with("paged:"), "{args}: {text}");
        assert_eq!(code, expected, "{args}");
        let (text, code) = run(&format!("--no-pager {args}"), &[("PAGER", paged)]);
        assert!(!text.contains("paged:") && !text.is_empty(), "{args}: {text}");
        assert_eq!(code, expected, "{args}");
    }
    // Its own variable comes first; an empty one is no pager.
    let (text, _) = run("explain E0201", &[("PAGER", "false"), ("STAGEGATE_PAGER", paged)]);
    assert!(text.starts_with("paged:"), "{text}");
    let (text, _) = run("explain E0201", &[("PAGER", paged), ("STAGEGATE_PAGER", "")]);
    assert!(!text.contains("paged:") && text.contains("E0201"), "{text}");
    // What is on the screen at once needs none.
    let (text, _) = on_terminal(folder.path(), (80, 200), "explain E0201", &[("PAGER", paged)]);
    assert!(!text.contains("paged:"), "{text}");
    // What programs read is never paged.
    let (text, _) = run(&format!("{DIFF} --format json"), &[("PAGER", paged)]);
    assert!(text.starts_with('{'), "{text}");
}

#[test]
fn a_pager_that_ends_early_or_is_not_there_is_no_error() {
    let folder = folder();
    let run = |args: &str, pager: &str| on_terminal(folder.path(), (80, 10), args, &[("PAGER", pager)]);
    for args in ["explain", "explain E0201"] {
        let (text, code) = run(args, "head -1");
        assert_eq!((text.lines().count(), code), (1, Some(0)), "{text}");
        let (text, code) = run(args, "true");
        assert_eq!((text.as_str(), code), ("", Some(0)));
        // It says itself what is wrong with it; that is no matter of the result.
        let (_, code) = run(args, "false");
        assert_eq!(code, Some(0));
        for missing in ["no-such-pager", "no-such-pager --flag", "/no/such/pager", "exec no-such-pager"] {
            let (text, code) = run(args, missing);
            assert_eq!(code, Some(0), "{missing}");
            assert!(text.contains("E0201"), "{missing}: {text}");
            assert!(text.lines().count() > 10, "{missing}: {text}");
        }
    }
    let (_, code) = run(DIFF, "head -1");
    assert_eq!(code, Some(1));
}
