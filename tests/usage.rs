//! What is typed wrong on the command line, and what is said of it.

#[path = "support/folder.rs"]
mod folder;

use folder::{Folder, stdout};

const RULES: &str = "currency EUR\nentity Deal { title: text }\npipeline Sales for Deal { stage New }\n";

fn case() -> Folder {
    Folder::with(&[("shop.rules", RULES), ("events.jsonl", "")])
}

#[test]
fn what_to_type_instead_is_said() {
    let case = case();
    let mut said = String::new();
    for args in [
        &["run", "shop.rules", "events.jsonl", "--jobs", "x"][..],
        &["run", "shop.rules", "events.jsonl", "--jobs", "0"],
        &["run", "shop.rules", "events.jsonl", "--jobs", "2.5"],
        &["test", "--jobs", "-1"],
        &["diff", "shop.rules", "shop.rules", "--events", "events.jsonl", "--examples", "many"],
        &["test", "--filtr", "x"],
        &["test", "--filter"],
        &["test", ""],
        &["check", ""],
        &["run", "shop.rules", ""],
        &["new", ".", "--name"],
        &["new", "--name", "shop"],
        &["why", "shop.rules", "--events", "events.jsonl"],
        &["help", "tset"],
        &["tset"],
        &["explain", "e9901"],
        &["explain", "shadowed_triger"],
        &["explain", "nothing-like-it"],
    ] {
        said.push_str(&format!("$ stagegate {}\n{}\n", args.join(" "), case.shown(args)));
        assert_eq!(case.run(args).status.code(), Some(2), "{args:?}");
    }
    insta::assert_snapshot!("typed-wrong", said);
}

#[test]
fn a_code_is_known_in_any_form() {
    let case = case();
    let page = stdout(&case.run(&["explain", "E0901"]));
    assert!(page.starts_with("E0901: "), "{page}");
    for form in ["e0901", "E901", "e901", "901", "0901"] {
        assert_eq!(stdout(&case.run(&["explain", form])), page, "{form}");
    }
}

#[test]
fn the_version_of_a_command_is_that_of_all() {
    let case = case();
    let version = stdout(&case.run(&["--version"]));
    for args in [&["test", "--version"][..], &["run", "shop.rules", "--version"], &["check", "-V"]] {
        assert_eq!(stdout(&case.run(args)), version, "{args:?}");
    }
}

/// A terminal of a hundred columns shows each example whole: it is copied from there.
#[test]
fn examples_of_helps_stand_on_lines_of_their_own() {
    let case = case();
    let mut examples = 0;
    let commands =
        ["check", "compile", "doc", "fmt", "run", "explain", "graph", "test", "why", "diff", "new"];
    for command in commands.into_iter().chain(["completions", "man"]) {
        let help = stdout(&case.run(&[command, "--help"]));
        let block = help.lines().skip_while(|line| !line.starts_with("Examples:")).skip(1);
        for line in block.take_while(|line| !line.is_empty()) {
            examples += 1;
            let begins = ["  stagegate ", "  tail ", "      "].iter().any(|begin| line.starts_with(begin));
            assert!(begins, "{command}: {line}");
        }
    }
    assert!(examples > 50, "{examples}");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_counted_that_nobody_got() {
    let event = r#"{"specversion":"1.0","id":"1","source":"/s","type":"deal.created","subject":"deal/1","time":"2026-03-02T09:00:00Z","data":{"title":"x"}}"#;
    let case = Folder::with(&[("shop.rules", RULES), ("events.jsonl", event)]);
    for args in [
        &["run", "shop.rules", "events.jsonl"][..],
        &["test", "shop.rules"],
        &["graph", "shop.rules"],
        &["doc", "shop.rules", "--format", "markdown"],
        &["fmt", "--check", "shop.rules"],
        &["why", "shop.rules", "events.jsonl", "--record", "deal/1"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
        let output = case.command(args).stdout(full).output().expect("the command starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(
            said.starts_with("error: cannot write to standard output: the disk is full\n"),
            "{args:?}: {said}"
        );
        assert!(!said.contains("effect"), "{said}");
    }
}
