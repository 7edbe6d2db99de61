//! `stagegate.toml` and the settings of scenarios: what they change, what is said of mistakes in them, and whether the
//! schemas for editors say the same.

#[path = "support/folder.rs"]
mod folder;

use folder::{Folder, run, shown};
use stagegate::diagnostic::{Code, Rendered, render};
use stagegate::settings::Library;
use stagegate::source::Sources;
use stagegate::testing::scenario::{Scenario, Settings};
use std::collections::BTreeSet;
use std::path::Path;

const RULES: &str = r#"use crm
currency EUR
user anna "Anna"
user nobody "Nobody"

pipeline Sales "Sales" for Deal {
  stage New "New" {
    rule chase after 3 days {
      notify { to: anna, text: "Nothing has happened with {title}" }
    }
  }

  success stage Won "Won" {
    trigger on invoice.paid

    rule talk {
      let room = create_chat { name: "{title}", members: [anna, nobody] }
      message_chat { chat: room.id, text: "Well done!" }
    }
  }
}
"#;

macro_rules! snapshot {
    ($name:literal, $said:expr) => {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testing/settings"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let said = $said;
        settings.bind(|| insta::assert_snapshot!($name, said));
    };
}

/// Good files.
const GOOD: [&str; 8] = [
    "",
    "# nothing\n\n[test]\n",
    "[warnings]\nallow = [\"unused\"]\nwarn = [\"shadowed_name\"]\ndeny = [\"warnings\"]\n",
    "[test]\njobs = 4\nmin-coverage = 90\ntimezone = \"Europe/Berlin\"\nstart = 2026-01-05T09:00:00\nwait = \"30 days\"\n",
    "[test]\nmin-coverage = 87.5\nuntil = 2026-12-31T23:59:59Z\n",
    "[test]\nuntil = \"2026-12-31T23:59:59+01:00\"\nstart = \"2026-01-05 09:00\"\n",
    "test = { wait = \"1h 30m\", jobs = 1 }\n",
    "test.timezone = \"UTC\"\nwarnings.allow = []\n",
];

/// Files with mistakes, and whether a schema can know of them.
const BAD: [(&str, bool); 20] = [
    ("[test]\ntimezon = \"Europe/Berlin\"\n", true),
    ("timezone = \"Europe/Berlin\"\n", true),
    ("[tests]\njobs = 1\n", true),
    ("[test]\nmin_coverage = 90\ncolour = 3\n", true),
    ("[test]\njobs = 0\n", true),
    ("[test]\njobs = \"4\"\n", true),
    ("[test]\njobs = 1.5\n", true),
    ("[test]\nmin-coverage = 101\n", true),
    ("[test]\ntimezone = \"Europe/Berln\"\n", false),
    ("[test]\nwait = 30\n", true),
    ("[test]\nwait = \"30\"\n", true),
    ("[test]\nuntil = 2026-12-31T23:59:59\n", true),
    ("[test]\nuntil = 2026-12-31\n", true),
    ("[test]\nstart = 2026-01-05T09:00:00Z\n", true),
    ("[test]\nuntil = 2026-12-31T23:59:59Z\nwait = \"30 days\"\n", true),
    ("[warnings]\nallow = \"unused\"\n", true),
    ("[warnings]\nallow = [\"unusd\", \"E0201\", 3]\n", true),
    ("[warnings]\nallow = [\"unused\"]\ndeny = [\"unused\"]\n", false),
    ("test = 3\n", true),
    ("[test\njobs = 1\n", false),
];

fn read(text: &str) -> (Result<Library, String>, Sources) {
    let mut sources = Sources::default();
    let read = Library::read("stagegate.toml", text, &mut sources);
    let how = Rendered { color: false, width: 100 };
    let drawn = read.map_err(|mistakes| {
        mistakes.iter().map(|mistake| render(mistake, &sources, how)).collect::<Vec<_>>().join("\n")
    });
    (drawn, sources)
}

#[test]
fn good_files_are_read_and_mistakes_are_shown_at_their_place() {
    for text in GOOD {
        if let (Err(drawn), _) = read(text) {
            panic!("{text}\n{drawn}");
        }
    }
    let drawn = BAD.iter().map(|(text, _)| read(text).0.err().unwrap_or_else(|| panic!("{text}")));
    snapshot!("mistakes", drawn.collect::<Vec<_>>().join("\n"));
}

fn schema(name: &str) -> (serde_json::Value, jsonschema::Validator) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors").join(name);
    let text = std::fs::read_to_string(path).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    (schema, validator)
}

/// A file of TOML as its reader in an editor sees it.
fn as_json(text: &str) -> Option<serde_json::Value> {
    fn json(value: &toml::Value) -> serde_json::Value {
        match value {
            toml::Value::String(text) => text.as_str().into(),
            toml::Value::Integer(number) => (*number).into(),
            toml::Value::Float(number) => (*number).into(),
            toml::Value::Boolean(value) => (*value).into(),
            toml::Value::Datetime(time) => time.to_string().into(),
            toml::Value::Array(items) => items.iter().map(json).collect(),
            toml::Value::Table(table) => serde_json::Value::Object(
                table.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
            ),
        }
    }
    let table: toml::Table = text.parse().ok()?;
    Some(json(&toml::Value::Table(table)))
}

/// The paths of all that a schema knows.
fn known_to(schema: &serde_json::Value) -> BTreeSet<String> {
    fn walk(schema: &serde_json::Value, path: &str, known: &mut BTreeSet<String>) {
        for (name, value) in schema["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            assert!(value["description"].is_string(), "{path} says nothing of itself");
            walk(value, &path, known);
            walk(&value["items"], &path, known);
            known.insert(path);
        }
    }
    let mut known = BTreeSet::new();
    walk(schema, "", &mut known);
    known
}

#[test]
fn the_schemas_know_what_the_commands_know() {
    let (library, _) = schema("stagegate.schema.json");
    assert_eq!(known_to(&library), Library::known().into_iter().collect());
    let (scenario, _) = schema("scenario.schema.json");
    assert_eq!(known_to(&scenario), Settings::known().into_iter().collect());
    let warnings = library["definitions"]["warning"]["enum"].as_array().expect("a list");
    let warnings: BTreeSet<&str> = warnings.iter().filter_map(|name| name.as_str()).collect();
    assert_eq!(warnings, Code::warnings().map(Code::id).chain(["warnings"]).collect());
}

#[test]
fn the_schema_takes_the_good_files_and_refuses_the_others() {
    let (_, validator) = schema("stagegate.schema.json");
    for text in GOOD {
        let json = as_json(text).expect("TOML");
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{text}\n{errors:?}");
    }
    for (text, knows) in BAD {
        if let Some(json) = as_json(text) {
            assert_eq!(validator.is_valid(&json), !knows, "{text}");
        }
    }
}

#[test]
fn the_page_knows_each_setting() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = |name: &str| std::fs::read_to_string(root.join("docs").join(name)).expect("a page");
    let (library, scenario) = (page("config.md"), page("testing.md"));
    for (known, page) in [(Library::known(), library), (Settings::known(), scenario)] {
        for path in known {
            let name = path.rsplit('.').next().unwrap_or(&path);
            assert!(
                page.contains(&format!("`{name}`"))
                    || page.contains(&format!("`[{name}]`"))
                    || page.contains(&format!("`[[{name}]]`")),
                "{path}"
            );
        }
    }
}

#[test]
fn a_library_switches_warnings_and_flags_win() {
    let folder = Folder::with(&[
        ("stagegate.toml", "[warnings]\ndeny = [\"unused\"]\n"),
        ("deep/in/sales.rules", &RULES.replace("user anna", "const SMALL = 5 EUR\nuser anna")),
    ]);
    let program = "deep/in/sales.rules";
    for args in [
        &["check", program][..],
        &["compile", program, "-o", "x"],
        &["run", program, "/dev/null"],
        &["graph", program, "-o", "x.svg"],
        &["doc", program],
    ] {
        let output = run(folder.root(), args);
        let said = shown(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("unused"), "{args:?}: {said}");
    }
    let allowed = run(folder.root(), &["check", program, "-A", "unused"]);
    assert_eq!(shown(&allowed), "exit 0\n--- stdout\n--- stderr\nno errors in deep/in/sales.rules\n");
    // The nearest counts, and only that one.
    std::fs::write(folder.root().join("deep/stagegate.toml"), "").expect("a file");
    assert_eq!(run(folder.root(), &["check", program]).status.code(), Some(0));
}

#[test]
fn a_library_wants_its_tests_to_see_so_much() {
    let folder = Folder::with(&[
        ("stagegate.toml", "[test]\nmin-coverage = 99.5\n"),
        ("sales.rules", RULES),
        ("tests/paid.events.jsonl", EVENTS),
    ]);
    run(folder.root(), &["test", "--accept"]);
    let output = run(folder.root(), &["test"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(shown(&output).contains("at least 99.5 % is wanted"), "{}", shown(&output));
    assert_eq!(run(folder.root(), &["test", "--min-coverage", "10"]).status.code(), Some(0));
    // Of some tests that is not asked.
    assert_eq!(run(folder.root(), &["test", "sales.rules"]).status.code(), Some(0));
    assert_eq!(run(folder.root(), &["test", "--filter", "paid"]).status.code(), Some(0));
}

#[test]
fn mistakes_in_the_file_are_told_by_every_command() {
    let folder = Folder::with(&[
        ("stagegate.toml", "[warning]\ndeny = [\"unused\"]\n\n[test]\njobs = \"many\"\n"),
        ("sales.rules", RULES),
        ("events.jsonl", ""),
    ]);
    let said = |args: &[&str]| shown(&run(folder.root(), args));
    snapshot!("check-with-mistakes", said(&["check", "sales.rules"]));
    snapshot!("run-with-mistakes", said(&["run", "sales.rules", "events.jsonl"]));
    snapshot!("test-with-mistakes", said(&["test"]));
    std::fs::write(folder.root().join("stagegate.toml"), b"\xff\xfe").expect("a file");
    snapshot!("no-text", said(&["test"]));
}

#[test]
fn a_file_of_settings_is_checked_as_what_it_is() {
    let folder = Folder::with(&[
        ("stagegate.toml", "[test]\nmin-coverrage = 90\n"),
        ("sales.rules", RULES),
        ("tests/paid.events.jsonl", EVENTS),
        ("tests/paid.scenario.toml", "abuot = \"a deal\"\n"),
        ("elsewhere/other.scenario.toml", "nobody = \"reads this\"\n"),
    ]);
    let said = |args: &[&str]| shown(&run(folder.root(), args));
    snapshot!("check-settings", said(&["check", "stagegate.toml"]));
    assert_eq!(said(&["check", "stagegate.toml", "sales.rules"]).matches("E0901").count(), 2);
    snapshot!("check-scenario", said(&["check", "tests/paid.scenario.toml", "sales.rules"]));
    snapshot!("check-folder", said(&["check", "."]));
    snapshot!("check-folder-fix", said(&["check", ".", "--fix"]));
    assert_eq!(folder.read("tests/paid.scenario.toml"), "about = \"a deal\"\n");
    assert_eq!(folder.read("stagegate.toml"), "[test]\nmin-coverage = 90\n");
    assert_eq!(said(&["check", "."]), "exit 0\n--- stdout\n--- stderr\nno errors in sales.rules\n");
    let missing = said(&["check", "nowhere/stagegate.toml"]);
    assert_eq!(
        missing,
        "exit 2\n--- stdout\n--- stderr\nerror: cannot read nowhere/stagegate.toml: there is no such file\n"
    );
}

#[test]
fn the_clock_of_tests_begins_where_the_library_says() {
    let test = "\ntest \"a summer\" {\n  given deal \"D-1\" { title: \"x\", amount: 1 EUR, responsible: anna }\n  wait 3 days\n  expect notify\n  expect stage_entered_at of \"D-1\" == 2027-07-01T10:00Z\n}\n";
    let files = [("sales.rules", &*format!("{RULES}{test}"))];
    let folder = Folder::with(&files);
    assert_eq!(run(folder.root(), &["test"]).status.code(), Some(1));
    let settings = "[test]\nstart = 2027-07-01T12:00:00\ntimezone = \"Europe/Berlin\"\n";
    std::fs::write(folder.root().join("stagegate.toml"), settings).expect("a file");
    let output = run(folder.root(), &["test"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
}

const EVENTS: &str = r#"{"specversion":"1.0","id":"1","source":"/crm","type":"deal.created","subject":"deal/D-1","time":"2026-03-02T09:00:00Z","data":{"title":"Chairs","amount":"700.00 EUR","responsible":"anna"}}
{"specversion":"1.0","id":"2","source":"/crm","type":"deal.created","subject":"deal/D-2","time":"2026-03-02T09:00:00Z","data":{"title":"Tables","amount":"800.00 EUR","responsible":"anna"}}
{"specversion":"1.0","id":"3","source":"/crm","type":"invoice.paid","subject":"deal/D-2","time":"2026-03-02T10:00:00Z","data":{"invoice":"I-1"}}
"#;

/// The snapshot of a scenario with these settings.
fn played(library: &str, scenario: &str) -> String {
    let folder = Folder::with(&[
        ("stagegate.toml", library),
        ("sales.rules", RULES),
        ("tests/paid.events.jsonl", EVENTS),
        ("tests/paid.scenario.toml", scenario),
    ]);
    let output = run(folder.root(), &["test", "--accept"]);
    std::fs::read_to_string(folder.root().join("tests/paid.snap")).unwrap_or_else(|_| shown(&output))
}

#[test]
fn a_scenario_has_settings_of_its_own() {
    let settings = "about = \"\"\"\nA deal that nobody touches,\nand one that is paid.\n\"\"\"\nwait = \"3 days\"\ntimezone = \"Europe/Berlin\"\n\n[[reply]]\nto = \"create_chat\"\nwith = { id = \"chat-77\" }\n";
    let own = played("", settings);
    assert!(own.contains("chat(\"chat-77\")") && own.contains("# A deal that nobody touches,\n"), "{own}");
    snapshot!("own-settings", own);
    // Those of the library count where the scenario says nothing.
    let end = |library: &str, scenario: &str| {
        let played = played(library, scenario);
        let line = played.lines().find(|line| line.ends_with("the end"));
        line.map(str::to_owned).unwrap_or(played)
    };
    assert_eq!(end("", ""), "Mon 2026-03-02 10:00  the end");
    assert_eq!(end("[test]\nwait = \"1 day\"\n", ""), "Tue 2026-03-03 10:00  the end");
    assert_eq!(
        end("[test]\nwait = \"1 day\"\n", "until = 2026-03-05T00:00Z\n"),
        "Thu 2026-03-05 00:00  the end"
    );
    assert_eq!(
        end("[test]\nuntil = 2026-03-05T00:00:00Z\n", "wait = \"2 h\""),
        "Mon 2026-03-02 12:00  the end"
    );
    assert_eq!(end("[test]\ntimezone = \"Asia/Tokyo\"\n", ""), "Mon 2026-03-02 19:00  the end");
    let failing = played("", "[[reply]]\nto = \"create_chat\"\nfails = \"no room\"\n");
    assert!(failing.contains("failed     rule Sales.Won.talk") && failing.contains("no room"), "{failing}");
    let open = played("", "actions = \"events\"\n");
    assert!(open.contains("waits      rule Sales.Won.talk\n") && !open.contains("message_chat"), "{open}");
}

#[test]
fn mistakes_in_the_settings_of_a_scenario_are_shown_at_their_place() {
    let wrong = [
        "wiat = \"3 days\"\n[[reply]]\nto = \"create_chat\"\nwiht = {}\n",
        "until = 2026-03-01T00:00:00Z\n",
        "actions = \"event\"\n",
        "tick = \"0 days\"\n",
        "[[reply]]\nto = \"create_caht\"\n",
        "[[reply]]\nto = \"create_chat\"\nwith = { id = 3 }\n",
        "[[reply]]\nto = \"sms\"\n",
        "[[reply]]\nwith = { id = \"c\" }\n",
        "actions = \"events\"\n[[reply]]\nto = \"create_chat\"\nwith = { id = \"c\" }\n",
        "[reply]\nto = \"create_chat\"\n",
        "wait = \"99999999999 days\"\n",
    ];
    let all: Vec<String> = wrong.iter().map(|settings| played("", settings)).collect();
    for said in &all {
        assert!(said.starts_with("exit 1"), "{said}");
    }
    snapshot!("mistakes-of-scenarios", all.join("\n"));
    let alone = Folder::with(&[("sales.rules", RULES), ("tests/gone.scenario.toml", "")]);
    snapshot!("settings-without-events", shown(&run(alone.root(), &["test"])));
}

/// Any text is read, or told what is wrong with it.
#[test]
fn any_text_is_read_or_refused() {
    use proptest::prelude::*;
    let mut runner = proptest::test_runner::TestRunner::default();
    let words = prop::sample::select(vec![
        "[test]",
        "[[reply]]",
        "wait",
        "until",
        "jobs",
        "=",
        "\"3 days\"",
        "3",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "\"",
        "#",
        ".",
        "2026-01-01",
        "é",
        "\u{0}",
        "to",
        "with",
        "\"create_chat\"",
        "'''",
    ]);
    let texts = prop::collection::vec(words, 0..30).prop_map(|words| words.join(" "));
    runner
        .run(&texts, |text| {
            let _ = Library::read("stagegate.toml", &text, &mut Sources::default());
            let _ = Scenario::new("x", "x", b"").configure("x", &text, &Settings::default());
            Ok(())
        })
        .expect("nothing breaks");
}
