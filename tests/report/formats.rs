//! `check --format`.

use crate::case::Case;
use serde_json::Value;
use stagegate::diagnostic::Code;

const FORMATS: [&str; 6] = ["human", "plain", "short", "json", "sarif", "github"];

const PEOPLE: &str = "user anna \"Ünal, Anna: 100%\"\n";

/// Two errors (one with a second place in another file, one with a correction) and a warning.
const WRONG: &str = "use \"people.rules\"\nentity Größe { n: int, label: text }\nuser anna\n\
                     # stagegate: allow(unusedd)\nuser bert\npipeline P for Größe {\n  stage A {\n    \
                     rule \"ä\" { }\n    rule r when label == \"äöü\" and n = 1 { }\n  }\n}\n";

fn case() -> Case {
    Case::new(&[
        ("people.rules", PEOPLE),
        ("sub folder/größe.rules", &WRONG.replace("people.rules", "../people.rules")),
        ("good.rules", "user carl\n"),
    ])
}

#[test]
fn every_format_says_the_same() {
    let case = case();
    let mut shown = String::new();
    for format in FORMATS {
        let args = ["check", "sub folder/größe.rules", "--format", format];
        assert_eq!(case.exit(&args), Some(1), "{format}");
        shown.push_str(&format!("=== {format}\n{}\n", case.shown(&args)));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn nothing_found_is_well_formed_too() {
    let case = case();
    assert_eq!(case.stdout(&["check", "good.rules", "--format", "json"]), "[]\n");
    for format in FORMATS {
        let output = case.run(&["check", "good.rules", "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(output.stdout.is_empty(), !matches!(format, "json" | "sarif"), "{format}");
    }
    let log = sarif(&case, &["good.rules"]);
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_every_format() {
    let case = case();
    let mut shown = String::new();
    for format in ["short", "json", "github"] {
        let args = ["check", "none.rules", "good.rules", "--format", format];
        assert_eq!(case.exit(&args), Some(2), "{format}");
        shown.push_str(&format!("=== {format}\n{}\n", case.shown(&args)));
    }
    insta::assert_snapshot!(shown);
    let log = sarif(&case, &["none.rules", "sub folder"]);
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
    let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notes.as_array().map(Vec::len), Some(1));
    assert!(!log["runs"][0]["results"].as_array().expect("a list").is_empty());
}

#[test]
fn places_count_from_one_and_columns_in_characters() {
    let case = case();
    let text = case.stdout(&["check", "sub folder", "good.rules", "--format", "json"]);
    let findings: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let wrong = findings.iter().find(|f| f["code"] == "E0113").expect("the `=`");
    let label = &wrong["labels"][0];
    let place = ["line", "column", "end_line", "end_column"].map(|key| label[key].as_u64().unwrap_or(0));
    assert_eq!(place, [9, 38, 9, 39]);
    assert_eq!(label["file"], "sub folder/größe.rules");
    let twice = findings.iter().find(|f| f["code"] == "E0201").expect("the second `anna`");
    let files: Vec<&Value> = twice["labels"].as_array().expect("labels").iter().map(|l| &l["file"]).collect();
    assert_eq!(files, ["sub folder/größe.rules", "people.rules"]);
    for finding in &findings {
        let keys: Vec<&String> = finding.as_object().expect("an object").keys().collect();
        let mut keys = keys.clone();
        keys.sort();
        assert_eq!(keys, ["code", "fix", "help", "labels", "message", "severity"]);
    }
    let warning = findings.iter().find(|f| f["severity"] == "warning").expect("the warning");
    assert_eq!(warning["fix"][0]["text"], "unused");
}

#[test]
fn corrections_of_machine_formats_are_not_mixed_with_text() {
    let case = case();
    for args in [&["--diff", "--format", "json", "good.rules"][..], &["--fix", "--format", "sarif", "-"]] {
        let output = case.run(&[&["check"], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty());
    }
}

fn sarif(case: &Case, paths: &[&str]) -> Value {
    let text = case.stdout(&[&["check", "--format", "sarif"], paths].concat());
    let log: Value = serde_json::from_str(&text).expect("JSON");
    if let Err(error) = schema().validate(&log) {
        panic!("{error} at {}: {log:#}", error.instance_path());
    }
    log
}

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(include_str!("sarif-2.1.0.schema.json")).expect("JSON");
    jsonschema::draft4::options().should_validate_formats(true).build(&schema).expect("a schema")
}

/// Every program of the corpus, with whatever is wrong in it.
#[test]
fn every_log_keeps_to_the_schema_of_sarif() {
    let case = Case::new(&[]);
    let corpus = |folder: &str| format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
    let (check, bad) = (corpus("tests/check"), corpus("tests/syntax/bad"));
    let log = sarif(&case, &[&check, &bad]);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert!(rules.len() > Code::ALL.len() / 2, "the corpus has most of the mistakes");
    for result in run["results"].as_array().expect("results") {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

/// The schema is one that things can break.
#[test]
fn the_schema_of_sarif_refuses_what_is_no_log() {
    let case = case();
    let good = sarif(&case, &["sub folder"]);
    let schema = schema();
    let breaks = |change: &dyn Fn(&mut Value)| {
        let mut log = good.clone();
        change(&mut log);
        assert_ne!(log, good, "the change changes something");
        !schema.is_valid(&log)
    };
    assert!(breaks(&|log| log["version"] = "2.0.0".into()));
    assert!(breaks(&|log| log["runs"][0]["results"][0]["level"] = "fatal".into()));
    assert!(breaks(&|log| log["runs"][0]["results"][0]["locations"][0]["place"] = 1.into()));
    assert!(breaks(&|log| log["runs"][0]["results"][0]["message"] = "text".into()));
    let region = "/runs/0/results/0/locations/0/physicalLocation/region/startLine";
    assert!(breaks(&|log| *log.pointer_mut(region).expect("a line") = 0.into()));
    let uri = "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri";
    assert!(breaks(&|log| *log.pointer_mut(uri).expect("a URI") = "a b^".into()));
    assert!(breaks(&|log| log["runs"][0]["tool"] = serde_json::json!({})));
}
