//! `stagegate graph` as a user meets it.

use super::ROOT;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const RULES: &str = r#"
entity Card "Card" { title: text }
event paid "Paid" {}

pipeline Sales "Sales" for Card {
  stage New "New" {}
  success stage Won "Won" {
    trigger "Paid" on paid
  }
}

pipeline Service "Service" for Card {
  stage Asked "Asked" {}
}
"#;

const EVENTS: &str = r#"{"specversion":"1.0","id":"1","source":"/t","type":"card.created","subject":"card/A","time":"2026-03-02T10:00:00Z","data":{"title":"a","pipeline":"Sales"}}
{"specversion":"1.0","id":"2","source":"/t","type":"card.created","subject":"card/B","time":"2026-03-02T10:00:00Z","data":{"title":"b","pipeline":"Sales"}}
{"specversion":"1.0","id":"3","source":"/t","type":"card.created","subject":"card/C","time":"2026-03-02T10:00:00Z","data":{"title":"c","pipeline":"Sales"}}
{"specversion":"1.0","id":"4","source":"/t","type":"paid","subject":"card/A","time":"2026-03-02T11:00:00Z","data":{}}
{"specversion":"1.0","id":"5","source":"/t","type":"paid","subject":"card/B","time":"2026-03-05T10:00:00Z","data":{}}
this is no event
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.rules"), RULES).expect("a file");
    std::fs::write(folder.path().join("events.jsonl"), EVENTS).expect("a file");
    folder
}

fn stagegate(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stagegate"));
    let output = command.args(args).current_dir(folder).env("NO_COLOR", "1").output().expect("it starts");
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code().unwrap_or(-1), out, err)
}

#[test]
fn the_format_is_what_is_asked_for_or_what_the_file_is_called() {
    let folder = folder();
    let begins = |args: &[&str], begin: &str| {
        let (code, out, err) = stagegate(folder.path(), args);
        assert_eq!((code, &*err), (0, ""), "{args:?}");
        assert!(out.starts_with(begin), "{args:?}: {out}");
    };
    begins(&["graph", "a.rules"], "<svg ");
    begins(&["graph", "a.rules", "--format", "html"], "<!DOCTYPE html>");
    begins(&["graph", "a.rules", "--format", "dot"], "digraph ");
    begins(&["graph", "a.rules", "--format", "mermaid", "-o", "-"], "flowchart ");
    for (name, begin) in
        [("a.svg", "<svg "), ("a.HTML", "<!DOCTYPE html>"), ("a.dot", "digraph "), ("a.mmd", "flowchart ")]
    {
        begins(&["graph", "a.rules", "-o", name], "");
        let written = std::fs::read_to_string(folder.path().join(name)).expect("it is written");
        assert!(written.starts_with(begin), "{name}");
    }
    let (code, out, err) = stagegate(folder.path(), &["graph", "a.rules", "-o", "a.png"]);
    assert_eq!((code, &*out), (2, ""));
    insta::assert_snapshot!(err, @"error: a.png does not say what to draw: add --format, or let it end in .svg, .html, .mmd or .dot");
}

#[test]
fn one_pipeline_of_several() {
    let folder = folder();
    let (code, out, _) = stagegate(folder.path(), &["graph", "a.rules", "--pipeline", "Service"]);
    assert!(code == 0 && out.contains(">Asked<") && !out.contains(">Won<"));
    let (code, out, err) = stagegate(folder.path(), &["graph", "a.rules", "--pipeline", "Servise"]);
    assert_eq!((code, &*out), (2, ""));
    insta::assert_snapshot!(err, @"error: there is no pipeline `Servise`; did you mean `Service`?");
    let (_, _, err) = stagegate(folder.path(), &["graph", "a.rules", "--pipeline", "Everything"]);
    insta::assert_snapshot!(err, @"error: there is no pipeline `Everything`; there is `Sales`, `Service`");
}

#[test]
fn a_program_with_errors_or_without_pipelines_is_not_drawn() {
    let folder = folder();
    std::fs::write(folder.path().join("wrong.rules"), "pipeline P for Card {}").expect("a file");
    let (code, out, err) = stagegate(folder.path(), &["graph", "wrong.rules"]);
    assert_eq!((code, &*out), (1, ""));
    assert!(err.contains("`Card`") && err.contains("in wrong.rules"), "{err}");
    std::fs::write(folder.path().join("none.rules"), "user anna").expect("a file");
    let (code, _, err) = stagegate(folder.path(), &["graph", "none.rules"]);
    assert_eq!(code, 2);
    assert!(err.ends_with("error: there is no pipeline in none.rules, and so nothing to draw\n"), "{err}");
    let (code, _, err) = stagegate(folder.path(), &["graph", "missing.rules"]);
    assert_eq!((code, &*err), (2, "error: cannot read missing.rules: there is no such file\n"));
}

#[test]
fn of_a_folder_its_program_is_drawn() {
    let folder = folder();
    let of_file = stagegate(folder.path(), &["graph", "a.rules", "--format", "mermaid"]);
    let other = tempfile::tempdir().expect("a folder");
    std::fs::copy(folder.path().join("a.rules"), other.path().join("a.rules")).expect("a file");
    std::fs::create_dir(other.path().join("tests")).expect("a folder");
    std::fs::write(other.path().join("tests/all.rules"), "use \"../a.rules\"\n").expect("a file");
    assert_eq!(stagegate(other.path(), &["graph", ".", "--format", "mermaid"]), of_file);
    std::fs::write(other.path().join("more.rules"), "const A = 1\n").expect("a file");
    let (code, _, said) = stagegate(other.path(), &["graph", "."]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(said, @"error: there are several programs in .: name one of a.rules, more.rules");
}

#[test]
fn warnings_can_be_left_out_and_are_told_on_the_way() {
    let rules = Path::new(ROOT).join("tests/graph/warnings.rules");
    let rules = rules.to_str().expect("a path");
    let (code, out, err) = stagegate(Path::new(ROOT), &["graph", rules]);
    assert!(code == 0 && out.contains(">shadowed_trigger<") && err.contains("shadowed_trigger"));
    let (code, out, err) = stagegate(Path::new(ROOT), &["graph", rules, "-A", "warnings"]);
    assert!(code == 0 && !out.contains(">shadowed_trigger<"), "{err}");
    let (code, out, _) = stagegate(Path::new(ROOT), &["graph", rules, "-D", "warnings"]);
    assert_eq!((code, &*out), (1, ""));
}

#[test]
fn nothing_that_was_read_is_overwritten() {
    let folder = folder();
    for name in ["a.rules", "events.jsonl"] {
        let before = std::fs::read(folder.path().join(name)).expect("a file");
        let args = ["graph", "a.rules", "--events", "events.jsonl", "--format", "svg", "-o", name];
        let (code, _, err) = stagegate(folder.path(), &args);
        assert_eq!((code, err), (2, format!("error: {name} would be overwritten: choose another -o\n")));
        assert!(std::fs::read(folder.path().join(name)).expect("a file") == before);
    }
    let (code, _, err) = stagegate(folder.path(), &["graph", "a.rules", "-o", "no/such/a.svg"]);
    assert_eq!((code, &*err), (2, "error: cannot write no/such/a.svg: there is no folder no/such\n"));
    std::fs::create_dir(folder.path().join("b.svg")).expect("a folder");
    let (code, _, err) = stagegate(folder.path(), &["graph", "a.rules", "-o", "b.svg"]);
    assert_eq!((code, &*err), (2, "error: cannot write b.svg: it is a folder, not a file\n"));
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stagegate"))
        .args(["graph", "tests/graph/large.rules", "--format", "html"])
        .current_dir(ROOT)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut begin = [0; 10];
    child.stdout.take().expect("its output").read_exact(&mut begin).expect("it begins");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), &*output.stderr), (Some(141), &b""[..]));
}

#[test]
fn events_put_counts_and_times_on_the_drawing() {
    let folder = folder();
    let args = ["graph", "a.rules", "--pipeline", "Sales", "--format", "mermaid", "--events", "events.jsonl"];
    let (code, out, err) = stagegate(folder.path(), &args);
    assert_eq!((code, &*err), (0, "1 event was rejected: `stagegate run` says why\n"));
    let drawn: Vec<&str> = out.lines().filter(|line| line.contains('"')).collect();
    insta::assert_snapshot!("counts", drawn.join("\n"));
    let (code, out, _) = stagegate(folder.path(), &["graph", "a.rules", "--events", "events.jsonl"]);
    assert!(code == 0 && out.contains("Counts and median times of 5 events"));
    let (code, _, err) = stagegate(folder.path(), &["graph", "a.rules", "--events", "none.jsonl"]);
    assert_eq!((code, &*err), (2, "error: cannot read none.jsonl: there is no such file\n"));
}
