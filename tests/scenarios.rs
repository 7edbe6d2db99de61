//! Snapshot scenarios as their users see them: folders of rules and events, and what `stagegate test` prints and writes.

#[path = "support/folder.rs"]
mod folder;

use folder::{Folder, run, shown};
use proptest::prelude::*;
use stagegate::testing::scenario::Scenario;
use stagegate::vm::Machine;
use stagegate::{compiler, lower};
use std::path::Path;
use std::process::Command;

const RULES: &str = r#"use crm
currency EUR
user anna "Anna"
department sales "Sales"

pipeline Sales "Sales" for Deal {
  timezone "Europe/Berlin"

  stage New "New" {
    rule welcome {
      notify { to: sales, text: "New: {title}, {amount}" }
    }

    rule chase after 3 days {
      notify { to: anna, text: "Nothing has happened with {title}" }
    }
  }

  success stage Won "Won" {
    trigger "Paid" on invoice.paid when amount > 0 EUR

    rule thank {
      let room = create_chat { name: "{title}", members: [anna, sales] }
      message_chat { chat: room.id, text: "Well done!" }
    }
  }
}
"#;

const EVENTS: &str = r#"{"specversion":"1.0","id":"1","source":"/crm","type":"deal.created","subject":"deal/D-1","time":"2026-03-02T09:00:00Z","data":{"title":"Chairs","amount":"700.00 EUR","responsible":"anna"}}
{"specversion":"1.0","id":"2","source":"/crm","type":"deal.created","subject":"deal/D-2","time":"2026-03-02T09:30:00Z","data":{"title":"A present","amount":"0.00 EUR","responsible":"anna"}}
{"specversion":"1.0","id":"3","source":"/crm","type":"invoice.paid","subject":"deal/D-1","time":"2026-03-06T10:00:00Z","data":{"invoice":"I-1"}}
{"specversion":"1.0","id":"4","source":"/crm","type":"invoice.paid","subject":"deal/D-2","time":"2026-03-06T10:00:00Z","data":{"invoice":"I-2"}}
"#;

/// A folder of its own.
struct Library(Folder);

impl std::ops::Deref for Library {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Library {
    fn empty() -> Library {
        Library(Folder::new())
    }

    /// With a program and one scenario, `tests/paid`.
    fn new() -> Library {
        Library(Folder::with(&[("sales.rules", RULES), ("tests/paid.events.jsonl", EVENTS)]))
    }

    /// What `stagegate test` says with these arguments.
    fn test(&self, args: &[&str]) -> String {
        shown(&self.run(&[&["test"], args].concat()))
    }

    /// The files in its folder of tests.
    fn tests(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("tests")).expect("a folder").flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

macro_rules! snapshot {
    ($name:literal, $said:expr) => {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testing/scenarios"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let said = $said;
        settings.bind(|| insta::assert_snapshot!($name, said));
    };
}

#[test]
fn a_new_scenario_fails_and_is_shown() {
    let library = Library::new();
    snapshot!("new", library.test(&[]));
    assert_eq!(library.tests(), ["paid.events.jsonl"], "nothing is written");
}

#[test]
fn an_accepted_scenario_passes_from_then_on() {
    let library = Library::new();
    snapshot!("accepted", library.test(&["--accept"]));
    snapshot!("passes", library.test(&[]));
    assert_eq!(library.tests(), ["paid.events.jsonl", "paid.snap"]);
}

#[test]
fn a_change_of_the_rules_is_shown_as_a_difference() {
    let library = Library::new();
    library.test(&["--accept"]);
    library
        .file("sales.rules", RULES.replace("after 3 days", "after 2 days").replace("New: ", "A new deal: "));
    let before = library.read("tests/paid.snap");
    snapshot!("changed", library.test(&[]));
    assert_eq!(library.read("tests/paid.snap"), before, "nothing is written");
    snapshot!("accepted-again", library.test(&["--accept"]));
    assert!(library.read("tests/paid.snap").contains("A new deal: "));
}

#[test]
fn comments_line_breaks_and_a_byte_order_mark_are_no_change() {
    let library = Library::new();
    library.test(&["--accept"]);
    let text = library.read("tests/paid.snap");
    library.file("tests/paid.snap", format!("\u{feff}{}", text.replace('\n', "\r\n")));
    assert!(library.test(&[]).starts_with("exit 0"));
    library.file("tests/paid.snap", text.replacen("# ", "# Written by hand: ", 1));
    assert!(library.test(&[]).starts_with("exit 0"));
    library.file("tests/paid.events.jsonl", EVENTS.replace('\n', "\r\n"));
    assert!(library.test(&[]).starts_with("exit 0"));
    library.file("tests/paid.events.jsonl", format!("\u{feff}\n{EVENTS}\n\n"));
    assert!(library.test(&[]).starts_with("exit 0"));
    library.file("tests/paid.snap", b"\xff\xfe");
    assert!(library.test(&[]).starts_with("exit 1"));
}

#[test]
fn a_snapshot_without_a_scenario_is_told_and_removed_when_asked() {
    let library = Library::new();
    library.test(&["--accept"]);
    library.file("tests/old.snap", library.read("tests/paid.snap"));
    library.file("tests/insta__other.snap", "---\nsource: somebody else\n");
    snapshot!("orphan", library.test(&[]));
    assert!(library.path("tests/old.snap").exists());
    snapshot!("orphan-removed", library.test(&["--prune"]));
    assert_eq!(library.tests(), ["insta__other.snap", "paid.events.jsonl", "paid.snap"]);
}

#[test]
fn nothing_is_removed_while_something_is_broken_or_left_out() {
    let library = Library::new();
    library.test(&["--accept"]);
    library.file("tests/old.snap", library.read("tests/paid.snap"));
    snapshot!("orphan-filter", library.test(&["--prune", "--filter", "paid"]));
    library.file("other.rules", "pipeline {");
    let said = library.test(&["--prune"]);
    assert!(said.starts_with("exit 1"), "{said}");
    let note = "note: tests/old.snap belongs to no scenario; it has not been removed, for not all tests could be run: mend \
                that first";
    assert!(said.contains(note), "{said}");
    assert!(library.path("tests/old.snap").exists());
}

#[test]
fn events_that_cannot_be_read_are_shown_at_their_place() {
    let library = Library::new();
    let mut events =
        EVENTS.replace("700.00 EUR", "700,00 EUR").replace("\"id\":\"2\"", "id:\"2\"").into_bytes();
    events.extend(b"caf\xe9\n");
    library.file("tests/paid.events.jsonl", events);
    snapshot!("broken-events", library.test(&["--accept"]));
    assert_eq!(library.tests(), ["paid.events.jsonl"], "nothing is written");
    let utf16: Vec<u8> = EVENTS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    library.file("tests/paid.events.jsonl", utf16);
    snapshot!("events-of-another-kind", library.test(&[]));
}

#[test]
fn what_a_record_refuses_stands_in_the_timeline() {
    let library = Library::new();
    let more = r#"{"specversion":"1.0","id":"5","source":"/crm","type":"invoice.payed","subject":"deal/D-1","data":{}}
{"specversion":"1.0","id":"6","source":"/crm","type":"invoice.paid","subject":"deal/D-9","data":{"invoice":"I-3"}}
{"specversion":"1.0","id":"1","source":"/crm","type":"deal.created","subject":"deal/D-1","data":{"title":"Chairs","amount":"1 EUR","responsible":"anna"}}
{"specversion":"1.0","id":"7","source":"/crm","type":"deal.updated","subject":"deal/D-1","data":{"titel":"Chairs","title":"A\nB \n\nC"}}
{"specversion":"1.0","id":"8","source":"/crm","type":"deal.deleted","subject":"deal/D-2"}
"#;
    library.file("tests/paid.events.jsonl", format!("{EVENTS}{more}"));
    library.test(&["--accept"]);
    snapshot!("timeline", library.read("tests/paid.snap"));
}

#[test]
fn a_program_with_errors_is_not_tested() {
    let library = Library::new();
    library.file("sales.rules", RULES.replace("{title}", "{titel}"));
    snapshot!("rules-with-errors", library.test(&[]));
}

#[test]
fn a_filter_knows_scenarios_by_their_names() {
    let library = Library::new();
    library.file("tests/more/other.events.jsonl", EVENTS);
    library.file(
        "sales.rules",
        format!("{RULES}\ntest \"paid\" {{\n  given deal \"D-1\" {{ title: \"x\", amount: 1 EUR, responsible: anna }}\n  expect notify\n}}\n"),
    );
    snapshot!("filter", library.test(&["--accept", "--filter", "PAID"]));
    assert_eq!(library.tests(), ["more", "paid.events.jsonl", "paid.snap"]);
    let one = library.test(&["tests/more/other.events.jsonl"]);
    assert!(one.contains("FAIL  tests/more/other") && !one.contains("tests/paid"), "{one}");
}

#[test]
fn with_several_programs_the_folder_says_whose_a_scenario_is() {
    let library = Library::new();
    library.file("orders.rules", RULES);
    snapshot!("several-programs", library.test(&[]));
    std::fs::remove_file(library.path("tests/paid.events.jsonl")).expect("it is there");
    library.file("tests/sales/paid.events.jsonl", EVENTS);
    snapshot!("several-programs-in-folders", library.test(&["--accept"]));
    // Of another program no scenario is run.
    assert!(!library.test(&["orders.rules"]).contains("tests/sales"));
    assert!(library.test(&["sales.rules"]).contains("pass  tests/sales/paid"));
}

#[test]
fn machines_read_scenarios_too() {
    let library = Library::new();
    library.file("tests/fresh.events.jsonl", EVENTS);
    library.test(&["--accept", "--filter", "paid"]);
    library.file("sales.rules", RULES.replace("New: ", "A new deal: "));
    let output = library.run(&["test", "--format", "junit"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let report = quick_junit::Report::deserialize_from_str(&text).expect("JUnit");
    assert_eq!((report.tests, report.failures), (2, 2));
    snapshot!("junit", text);
    let output = library.run(&["test", "--format", "json"]);
    let tests: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(tests.len(), 2);
    let paid = &tests[1];
    assert_eq!(paid["name"], "tests/paid");
    assert_eq!(paid["kind"], "scenario");
    let line = paid["failure"]["line"].as_u64().expect("a line") as usize;
    let snap = library.read("tests/paid.snap");
    let place = snap.lines().nth(line - 1).expect("it is there");
    assert!(place.contains("New: Chairs"), "{place}");
    assert!(
        paid["failure"]["diff"]
            .as_str()
            .expect("a diff")
            .contains("+               text: \"A new deal: Chairs")
    );
}

#[cfg(unix)]
#[test]
fn a_snapshot_that_cannot_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let library = Library::new();
    library.test(&["--accept"]);
    library.file("sales.rules", RULES.replace("New: ", "A new deal: "));
    let folder = library.path("tests");
    // Whoever may do everything writes all the same: then a folder stands in the way.
    std::fs::remove_file(library.path("tests/paid.snap")).expect("it is there");
    std::fs::create_dir(library.path("tests/paid.snap")).expect("a folder");
    snapshot!("not-a-file", library.test(&["--accept"]));
    std::fs::remove_dir(library.path("tests/paid.snap")).expect("a folder");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).expect("permissions");
    if std::fs::write(folder.join("x"), "x").is_err() {
        snapshot!("not-allowed", library.test(&["--accept"]));
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[test]
fn the_order_is_the_same_whatever_runs_at_once() {
    let library = Library::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        library.file(&format!("tests/{name}.events.jsonl"), EVENTS);
    }
    let one = library.test(&["--jobs", "1"]);
    for _ in 0..3 {
        assert_eq!(library.test(&["--jobs", "4"]), one);
    }
}

#[test]
fn scenarios_count_in_the_coverage() {
    let library = Library::new();
    library.test(&["--accept"]);
    snapshot!("coverage", library.test(&["--coverage"]));
}

/// What runs of the examples bring is in their timelines, all of it.
#[test]
fn a_timeline_holds_every_effect() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for name in ["sales", "leads", "orders", "support"] {
        let library = Library::empty();
        for entry in std::fs::read_dir(examples.join(name)).expect("an example").flatten() {
            if entry.path().is_file() {
                let bytes = std::fs::read(entry.path()).expect("a file");
                library.file(&entry.file_name().to_string_lossy(), bytes);
            }
        }
        library.file("tests/all.events.jsonl", library.read("events.jsonl"));
        let accepted = library.test(&["--accept", "--filter", "tests/all"]);
        assert!(accepted.starts_with("exit 0"), "{accepted}");
        let timeline = library.read("tests/all.snap");
        let output = library.run(&["run", &format!("{name}.rules"), "events.jsonl", "--quiet"]);
        let effects: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("an effect"))
            .collect();
        assert!(effects.len() > 10);
        let lines =
            |word: &str| timeline.lines().filter(|line| line.starts_with(&format!("  {word} "))).count();
        let of = |kind: &str| {
            effects.iter().filter(|effect| effect["type"] == format!("stagegate.{kind}")).count()
        };
        for (word, kind) in
            [("set", "fields.changed"), ("action", "action.requested"), ("refused", "action.refused")]
        {
            assert_eq!(lines(word), of(kind), "{name}: {word}");
        }
        assert_eq!(lines("begins") + lines("move"), of("stage.changed"), "{name}");
        assert_eq!(lines("failed"), of("rule.failed"), "{name}");
        // Times never go back.
        let times = timeline.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
        let times: Vec<&str> = times.filter_map(|line| line.get(4..20)).collect();
        assert!(times.is_sorted(), "{name}: {times:?}");
    }
}

#[test]
fn a_scenario_is_found_from_anywhere() {
    let library = Library::new();
    library.file("tests/more/other.events.jsonl", EVENTS);
    library.test(&["--accept"]);
    let tests = library.path("tests");
    let said = |folder: &Path, args: &[&str]| {
        let output = run(folder, &[&["test"], args].concat());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let both = "  pass  tests/more/other\n  pass  tests/paid\n\n2 passed in ";
    let one = "  pass  tests/paid\n\n1 passed, ";
    for (folder, args, wanted) in [
        (&library.root().to_path_buf(), &["tests"][..], both),
        (&tests, &[], both),
        (&tests, &["../sales.rules"], both),
        (&tests, &["paid.events.jsonl"], "  pass  tests/paid\n\n1 passed in "),
        (&tests, &["paid.snap", "paid.events.jsonl"], "  pass  tests/paid\n\n1 passed in "),
        (&tests, &["..", "paid.snap", "../sales.rules"], both),
        (&tests.join("more"), &["../../tests/paid.events.jsonl"], "  pass  tests/paid\n\n1 passed in "),
        (&library.root().to_path_buf(), &["--filter", "paid"], one),
    ] {
        let said = said(folder, args);
        assert!(said.contains(wanted), "{args:?}: {said}");
    }
}

/// Review asks somebody: where nobody is, it says what to do.
#[test]
fn nobody_is_asked_without_a_terminal() {
    let library = Library::new();
    snapshot!("review-without-terminal", library.test(&["--review"]));
    assert_eq!(library.tests(), ["paid.events.jsonl"]);
}

#[cfg(unix)]
#[test]
fn a_watch_runs_again_at_a_change_and_ends_at_an_interrupt() {
    use std::io::{BufRead, BufReader, Read};
    let library = Library::new();
    library.file("words.rules", "# words\n");
    library.file("sales.rules", format!("use \"words.rules\"\n{RULES}"));
    library.test(&["--accept"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_stagegate"))
        .args(["test", "--watch"])
        .current_dir(library.root())
        .env("NO_COLOR", "1")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut said = BufReader::new(child.stderr.take().expect("its words"));
    let mut wait = || {
        let mut lines = String::new();
        while !lines.ends_with("waiting for changes; ^C ends\n") {
            assert!(said.read_line(&mut lines).expect("its words") > 0, "it has ended: {lines}");
        }
        lines
    };
    wait();
    // What nobody reads changes nothing; a file that is brought in does.
    library.file("notes.txt", "nothing");
    library.file("words.rules", "# words\nbroken\n");
    assert!(wait().contains("words.rules:2:1"));
    library.file("words.rules", "# words\n");
    wait();
    library.file("tests/paid.events.jsonl", EVENTS.replace("Chairs", "Tables"));
    wait();
    library.file("tests/more.events.jsonl", EVENTS);
    wait();
    library.file("stagegate.toml", "[test]\njob = 1\n");
    assert!(wait().contains("did you mean `jobs`?"));
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("kill").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let mut out = String::new();
    child.stdout.take().expect("its output").read_to_string(&mut out).expect("text");
    // Without a terminal no screen is cleared.
    assert!(!out.contains('\u{1b}'), "{out}");
    let marks: Vec<&str> =
        out.lines().filter(|line| line.starts_with("  ")).map(|line| line.trim()).collect();
    let tests: Vec<&str> = marks.into_iter().filter(|line| line.contains("  tests/")).collect();
    assert_eq!(
        tests,
        [
            "pass  tests/paid",
            "pass  tests/paid",
            "FAIL  tests/paid",
            "FAIL  tests/more  (no snapshot yet)",
            "FAIL  tests/paid",
        ]
    );
}

/// A line of a file of events: good ones, some that the records refuse, some that are broken.
fn line() -> impl Strategy<Value = String> {
    let times = prop::sample::select(vec![
        "2026-03-02T09:00:00Z",
        "2026-03-05T09:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00.5Z",
    ]);
    let events = prop::sample::select(vec![
        r#""type":"deal.created","data":{"title":"\u001b[1mA\nB ","amount":"1 EUR","responsible":"anna"}"#,
        r#""type":"deal.updated","data":{"title":"C","titel":"\u202e"}"#,
        r#""type":"deal.moved","data":{"stage":"Won"}"#,
        r#""type":"deal.deleted""#,
        r#""type":"invoice.paid","data":{"invoice":"I"}"#,
        r#""type":"action.completed","data":{"action":"deal/a/3","outputs":{"id":"c"}}"#,
        r#""type":"un\nknown""#,
        r#""type":"stagegate.clock""#,
        r#""type":"deal.created","data":{"title":3}"#,
    ]);
    let well = (times, events, "[ab]", 0..9u8).prop_map(|(time, event, record, id)| {
        let subject =
            if event.contains("clock") { String::new() } else { format!(r#""subject":"deal/{record}","#) };
        format!(r#"{{"specversion":"1.0","id":"{id}","source":"/x",{subject}"time":"{time}",{event}}}"#)
    });
    prop_oneof![20 => well, 1 => "\\PC{0,20}"]
}

#[test]
fn any_events_give_a_timeline_or_a_message_and_always_the_same() {
    let loaded = compiler::load(&["sales.rules".into()], &mut |_| Ok(RULES.as_bytes().to_vec()));
    let model = compiler::check(&loaded).model.expect("a model");
    let machine = Machine::new(lower::lower(&model, &loaded.sources).expect("a program")).expect("a machine");
    let mut runner = proptest::test_runner::TestRunner::default();
    let files = prop::collection::vec(line(), 0..20).prop_map(|lines| lines.join("\n"));
    runner
        .run(&files, |file| {
            let play = || Scenario::new("x", "x.events.jsonl", file.as_bytes()).play(&machine, None);
            let (once, again) = (play(), play());
            prop_assert_eq!(&once.timeline, &again.timeline);
            prop_assert_eq!(&once.problems, &again.problems);
            // Nothing that a terminal takes for a command, and no space that nobody sees.
            let hidden = once.timeline.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}');
            prop_assert!(!hidden, "{}", once.timeline);
            let ended = once.timeline.lines().all(|line| line.trim_end() == line);
            prop_assert!(ended, "{}", once.timeline);
            Ok(())
        })
        .expect("it holds");
}
