//! `stagegate test` as its users see it: each file in `tests/testing` with what the command prints for it, and the forms
//! for machines read by readers of those forms.

#[path = "support/folder.rs"]
mod folder;

use folder::{run, shown};
use std::path::Path;
use std::process::Output;

fn test(folder: &Path, args: &[&str]) -> Output {
    run(folder, &[&["test"], args].concat())
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testing"))
}

#[test]
fn each_file_says_what_it_says() {
    let mut files: Vec<_> =
        std::fs::read_dir(folder()).expect("a folder").flatten().map(|e| e.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "rules"));
    files.sort();
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let said = shown(&test(folder(), &[name]));
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".rules"), said));
    }
}

#[test]
fn json_is_an_array_of_all_tests() {
    let output = test(folder(), &["what-is-not-met-is-shown.rules", "--format", "json"]);
    let tests: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = std::fs::read_to_string(folder().join("what-is-not-met-is-shown.rules")).expect("a file");
    assert_eq!(tests.len(), text.matches("\ntest \"").count());
    for test in &tests {
        let line = test["line"].as_u64().expect("a line") as usize;
        let place = text.lines().nth(line - 1).expect("that line is there");
        assert_eq!(place, format!("test {} {{", test["name"]));
        assert_eq!(test["status"] == "failed", test["failure"].is_object(), "{test}");
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn junit_is_read_by_a_reader_of_junit() {
    let output = test(folder(), &["what-is-not-met-is-shown.rules", "--format", "junit"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let report = quick_junit::Report::deserialize_from_str(&text).expect("JUnit");
    let json = test(folder(), &["what-is-not-met-is-shown.rules", "--format", "json"]);
    let tests: Vec<serde_json::Value> = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(report.tests, tests.len());
    assert_eq!(report.failures, tests.iter().filter(|test| test["status"] == "failed").count());
}

#[test]
fn reports_say_which_programs_could_not_be_run() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("broken.rules"), "pipeline {\n").expect("a file");
    let output = test(folder.path(), &["broken.rules", "--format", "junit"]);
    let report = quick_junit::Report::deserialize_from_str(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(report.expect("JUnit").errors, 1);
    let output = test(folder.path(), &["broken.rules", "--format", "json"]);
    let tests: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&tests[0]["status"], &tests[0]["program"]), (&"error".into(), &"broken.rules".into()));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_filter_that_leaves_nothing_is_a_mistake() {
    let mut said = String::new();
    for args in [
        &["what-is-met-passes.rules", "--filter", "pases"][..],
        &["what-is-met-passes.rules", "--filter", "elephants"],
        &["what-is-met-passes.rules", "--filter", "elephants", "--format", "json"],
        &["no-tests.rules", "--filter", "elephants"],
        &["rules-with-errors-are-not-tested.rules", "--filter", "elephants"],
    ] {
        said.push_str(&format!("$ stagegate test {}\n{}\n", args.join(" "), shown(&test(folder(), args))));
    }
    insta::assert_snapshot!("nothing-named", said);
}

#[test]
fn a_filter_leaves_out_the_others() {
    let output = test(folder(), &["what-is-met-passes.rules", "--filter", "TIME PASSES"]);
    insta::assert_snapshot!(shown(&output), @r"
    exit 0
    --- stdout
    what-is-met-passes.rules
      pass  time passes in a wait

    1 passed, 9 left out in what-is-met-passes.rules
    --- stderr
    ");
}
