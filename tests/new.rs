//! `stagegate new`: what it makes works at once, and it never touches what is there.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn stagegate(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stagegate"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    command.output().expect("the command starts")
}

fn show(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let code = output.status.code().expect("a code");
    format!("exit {code}\n{}{}", text(&output.stdout), text(&output.stderr))
}

/// Every file below a folder with what is in it.
fn all(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").display().to_string();
                found.push((name, fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_it_makes_checks_tests_and_runs_at_once() {
    for template in ["sales", "support"] {
        let folder = tempfile::tempdir().expect("a folder");
        let made = stagegate(folder.path(), &["new", "shop-1", "--template", template]);
        if template == "sales" {
            insta::assert_snapshot!("new-shop", show(&made));
        }
        assert_eq!(made.status.code(), Some(0), "{}", show(&made));
        let shop = folder.path().join("shop-1");
        let files = all(&shop);
        assert!(files.iter().all(|(_, text)| !String::from_utf8_lossy(text).contains("NAME")), "{template}");
        for args in [
            &["check", ".", "--deny", "warnings"][..],
            &["fmt", "--check", "."],
            &["test"],
            &["run", "shop-1.rules", "events.jsonl", "--rejected", "rejected.jsonl"],
        ] {
            let output = stagegate(&shop, args);
            assert_eq!(output.status.code(), Some(0), "{template}: {args:?}: {}", show(&output));
            if args[0] == "run" {
                let effects = String::from_utf8_lossy(&output.stdout).lines().count();
                assert!(effects >= 6, "{effects}");
                assert_eq!(fs::read_to_string(shop.join("rejected.jsonl")).expect("a file"), "");
            }
        }
        // The scenario is compared with its snapshot, and not just written.
        let tested = show(&stagegate(&shop, &["test"]));
        assert!(tested.contains("pass  tests/") && !tested.contains("written"), "{tested}");
        // What the README says can be typed.
        let readme = fs::read_to_string(shop.join("README.md")).expect("a file");
        let typed: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("stagegate ")).collect();
        assert!(typed.len() >= 5, "{typed:?}");
        for line in typed {
            let words: Vec<&str> = line.split('#').next().expect("a command").split_whitespace().collect();
            let output = stagegate(&shop, &words);
            assert_eq!(output.status.code(), Some(0), "{words:?}: {}", show(&output));
        }
    }
}

#[test]
fn an_empty_folder_is_begun_in_and_keeps_what_is_hidden() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().join("My Rules");
    fs::create_dir_all(here.join(".git")).expect("a folder");
    fs::write(here.join(".gitignore"), "mine\n").expect("a file");
    insta::assert_snapshot!("new-here", show(&stagegate(&here, &["new", "."])));
    assert_eq!(fs::read_to_string(here.join(".gitignore")).expect("a file"), "mine\n");
    assert_eq!(
        show(&stagegate(&here, &["check", "my-rules.rules"])),
        "exit 0\nno errors in my-rules.rules\n"
    );
    insta::assert_snapshot!("new-here-again", show(&stagegate(&here, &["new", "."])));
}

#[test]
fn nothing_that_is_there_is_touched_and_a_good_name_is_suggested() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("full")).expect("a folder");
    fs::write(folder.path().join("full/notes.txt"), "mine").expect("a file");
    fs::write(folder.path().join("file"), "mine").expect("a file");
    let before = all(folder.path());
    let mut out = String::new();
    for name in [
        "full",
        "file",
        "file/shop",
        "My Rules",
        "Büro",
        "sales.rules",
        "2026",
        "tests",
        "deep/Upper Case",
        "",
        "a/..",
    ] {
        let output = stagegate(folder.path(), &["new", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        out.push_str(&format!("{name:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    insta::assert_snapshot!("new-refused", out);
    assert_eq!(all(folder.path()), before);
}

/// Nothing stays of what could not be made in full.
#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = stagegate(folder.path(), &["new", "/proc/shop"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!("new-unwritable", show(&output));
    // A name that is hidden in the way of a file is found only when others have been written.
    let here = folder.path().join("deep/er/shop");
    assert_eq!(stagegate(folder.path(), &["new", "deep/er/shop"]).status.code(), Some(0));
    assert!(here.join("tests/deals.rules").is_file());
}
