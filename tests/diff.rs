//! `stagegate diff`: what is told of two versions, and what is not.

use stagegate::against::{Difference, difference};
use stagegate::compiler::{self, Loaded};
use stagegate::format::format;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

struct Case {
    folder: TempDir,
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Case {
        let case = Case { folder: tempfile::tempdir().expect("a folder") };
        for (name, text) in files {
            let path = case.folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        case
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stagegate"));
        command.arg("diff").args(args).current_dir(self.folder.path());
        command.env("NO_COLOR", "1").stdin(Stdio::null()).output().expect("the command starts")
    }

    fn shown(&self, args: &[&str]) -> String {
        show(&self.run(args))
    }
}

fn show(output: &Output) -> String {
    let code = output.status.code().map_or("killed".to_owned(), |c| c.to_string());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
}

fn load(text: &str) -> Loaded {
    compiler::load(&["test.rules".into()], &mut |_: &Path| Ok(text.as_bytes().to_vec()))
}

fn differ(old: &str, new: &str) -> Difference {
    let (before, now) = (load(old), load(new));
    difference(&before, &now).unwrap_or_else(|wrong| panic!("{wrong:?}\n{old}\n{new}"))
}

/// The words of each difference: `changed rule Sales.New.a`.
fn words(old: &str, new: &str) -> Vec<String> {
    let found = differ(old, new);
    let entries = found.entries.iter().map(|entry| {
        let name = |edition: &Option<stagegate::against::Edition>| {
            edition.as_ref().map_or("-".to_owned(), |edition| edition.name.clone())
        };
        let (old, new) = (name(&entry.old), name(&entry.new));
        let names = if old == new { new } else { format!("{old} -> {new}") };
        format!("{} {} {names}", entry.way.name(), entry.kind.name())
    });
    let reached = found.reached.iter().map(|unit| format!("reached {}", unit.name));
    entries.chain(reached).collect()
}

const HEAD: &str = r#"
currency EUR
entity Visit "Visit" { title: text, amount: money, note: text?, due: date? }
event visit.done "Done" on Visit { result: text?, stars: int? }
event visit.held "Held" on Visit {}
action tell "Tell" { text: text, urgent: bool = false } -> { id: text }
user anna "Anna"
"#;

fn program(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

/// A pipeline with a rule's body, and what else stands in the stage.
fn with_rule(rule: &str) -> String {
    program(&format!(
        "pipeline V for Visit {{\n stage New {{ {rule} }}\n success stage Done {{ trigger on visit.done }} }}"
    ))
}

#[test]
fn what_comes_to_the_same_is_no_difference() {
    let same = [
        // Names of variables, of one rule and of those that another one reads.
        ("rule a { let x = title  tell { text: x } }", "rule a { let y = title  tell { text: y } }"),
        (
            "rule a { let x = tell { text: title } } rule b { tell { text: a.x.id } }",
            "rule a { let y = tell { text: title } } rule b { tell { text: a.y.id } }",
        ),
        (
            "rule a { for x in [\"p\", title] { tell { text: x } } }",
            "rule a { for word in [\"p\", title] { tell { text: word } } }",
        ),
        // Parameters have no order.
        ("rule a { tell { text: title, urgent: true } }", "rule a { tell { urgent: true, text: title } }"),
        // One length of time, one amount.
        ("rule a after 60 minutes { tell { text: title } }", "rule a after 1 hour { tell { text: title } }"),
        (
            "rule a { wait 2 days tell { text: title } }",
            "rule a { wait 1 week - 5 days tell { text: title } }",
        ),
        (
            "rule a when amount > 2 * 500 EUR { tell { text: title } }",
            "rule a when amount > 1000 EUR { tell { text: title } }",
        ),
        // Brackets, layout and comments; the order of clauses.
        (
            "rule a when (title == \"x\") { tell { text: title } }",
            "rule a # why\n when title == \"x\"\n{ tell { text: title } }",
        ),
        (
            "rule a after 1 hour when note is set { tell { text: title } }",
            "rule a when note is set after 1 hour { tell { text: title } }",
        ),
        // A parameter that has its default.
        ("rule a { tell { text: title } }", "rule a { tell { text: title, urgent: false } }"),
    ];
    for (old, new) in same {
        assert_eq!(words(&with_rule(old), &with_rule(new)), Vec::<String>::new(), "{old}\n{new}");
        assert_eq!(words(&with_rule(new), &with_rule(old)), Vec::<String>::new(), "{new}\n{old}");
    }
    let rule = "pipeline V for Visit { stage New { rule a when amount > LIMIT { tell { text: title } } } }";
    for (old, new) in [
        ("const LIMIT = 1000 EUR", "const LIMIT = 2 * 500 EUR"),
        ("const LIMIT = 1000 EUR", "# ours\nconst HALF = 500 EUR const LIMIT = HALF * 2"),
    ] {
        let found = words(&program(&format!("{old}\n{rule}")), &program(&format!("{new}\n{rule}")));
        let more: &[&str] = if new.contains("HALF") { &["new constant - -> HALF"] } else { &[] };
        assert_eq!(found, more, "{new}");
    }
    // What is declared has no order, and fields have none.
    let old = program("enum A { x } enum B { y } pipeline V for Visit { stage New }");
    let new = program("enum B { y } pipeline V for Visit { stage New } enum A { x }")
        .replace("title: text, amount: money", "amount: money, title: text");
    assert_eq!(words(&old, &new), Vec::<String>::new());
}

#[test]
fn what_means_something_else_is_a_difference() {
    let changed = [
        ("rule a after 1 day { tell { text: title } }", "rule a after 24 hours { tell { text: title } }"),
        ("rule a { tell { text: title } }", "rule a { tell { text: \"{title}!\" } }"),
        ("rule a { tell { text: title } }", "rule a once { tell { text: title } }"),
        ("rule a { tell { text: title } }", "disabled rule a { tell { text: title } }"),
        ("rule a { tell { text: title } }", "rule a \"Tell\" { tell { text: title } }"),
        (
            "rule a on visit.held { tell { text: title } }",
            "rule a on visit.held or visit.done { tell { text: title } }",
        ),
        (
            "rule a { wait for visit.done when (event.stars ?? 0) > 3 tell { text: title } }",
            "rule a { wait for visit.done when (event.stars ?? 0) > 4 tell { text: title } }",
        ),
        ("rule a { set note = title }", "rule a { set title = \"x\" }"),
    ];
    for (old, new) in changed {
        assert_eq!(words(&with_rule(old), &with_rule(new)), ["changed rule V.New.a"], "{old}\n{new}");
    }
}

#[test]
fn what_is_called_or_stands_elsewhere_is_found_again() {
    let stages = |text: &str| program(&format!("pipeline V for Visit {{ {text} }}"));
    let long = "wait 2 days tell { text: \"{title} waits for {amount}\" } wait 3 days tell { text: title }";
    let rule = |name: &str| format!("rule {name} {{ {long} }}");
    let cases: Vec<(&str, String, String, Vec<&str>)> = vec![
        (
            "a rule",
            stages(&format!("stage New {{ {} }}", rule("first"))),
            stages(&format!("stage New {{ {} }}", rule("chase"))),
            vec!["renamed rule V.New.first -> V.New.chase"],
        ),
        (
            "a rule that is changed too",
            stages(&format!("stage New {{ {} }}", rule("first"))),
            stages(&format!("stage New {{ {} }}", rule("chase").replace("3 days", "4 days"))),
            vec!["changed rule V.New.first -> V.New.chase"],
        ),
        (
            "a rule in another stage",
            stages(&format!("stage New {{ {} }} success stage Won {{ trigger on visit.done }}", rule("a"))),
            stages(&format!("stage New success stage Won {{ trigger on visit.done {} }}", rule("a"))),
            vec!["renamed rule V.New.a -> V.Won.a"],
        ),
        (
            "a stage, and who moves there",
            stages(
                "stage New { rule a on visit.held { move to Talk } } stage Talk \"Talk\" { trigger on visit.done }",
            ),
            stages(
                "stage New { rule a on visit.held { move to Speak } } stage Speak \"Talk\" { trigger on visit.done }",
            ),
            vec!["renamed stage V.Talk -> V.Speak"],
        ),
        (
            "a trigger in front of others",
            stages("stage New stage Talk { trigger on visit.done(result: \"a\") trigger on visit.held }"),
            stages(
                "stage New stage Talk { trigger on visit.done(result: \"z\") trigger on visit.done(result: \"a\") trigger on visit.held }",
            ),
            vec!["new trigger - -> V.Talk #1"],
        ),
        (
            "the order of triggers",
            stages("stage New stage Talk { trigger on visit.done trigger on visit.held }"),
            stages("stage New stage Talk { trigger on visit.held trigger on visit.done }"),
            vec!["reordered trigger V.Talk"],
        ),
        (
            "the order of stages",
            stages("stage A stage B { trigger on visit.done } stage C { trigger on visit.held }"),
            stages("stage A stage C { trigger on visit.held } stage B { trigger on visit.done }"),
            vec!["reordered stage V"],
        ),
    ];
    for (what, old, new, expected) in cases {
        assert_eq!(words(&old, &new), expected, "{what}");
    }
    // A field, and all that reads it.
    let old = with_rule("rule a when note is set { tell { text: note } }");
    let new = old.replace("note", "remark");
    assert_eq!(words(&old, &new), ["renamed field Visit.note -> Visit.remark"]);
    // A function, and who calls it.
    let old = program(
        "fn big(v: Visit) -> bool = v.amount > 5000 EUR\npipeline V for Visit { stage New { rule a when big(this) { tell { text: title } } } }",
    );
    assert_eq!(words(&old, &old.replace("big", "is_big")), ["renamed function big -> is_big"]);
    // The value of a constant changes who uses it, though nobody has touched that.
    let old = program(
        "const LIMIT = 5 EUR\npipeline V for Visit { stage New { rule a when amount > LIMIT { tell { text: title } } } }",
    );
    assert_eq!(words(&old, &old.replace("5 EUR", "6 EUR")), ["changed constant LIMIT", "reached V.New.a"]);
    assert_eq!(words(&old, &old.replace("LIMIT", "MOST")), ["renamed constant LIMIT -> MOST"]);
    // Something else altogether is no new name.
    let new = program("pipeline V for Visit { stage New { rule b on visit.done { set note = none stop } } }");
    let old = stages(&format!("stage New {{ {} }}", rule("a")));
    assert_eq!(words(&old, &new), ["gone rule V.New.a -> -", "new rule - -> V.New.b"]);
}

fn rules_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rules_below(&path, found);
        } else if path.extension().is_some_and(|e| e == "rules") {
            found.push(path);
        }
    }
}

/// Every program of the repository that checks, against itself as it is formatted, and with comments all over.
#[test]
fn a_program_is_the_same_as_its_formatted_self() {
    let mut paths = Vec::new();
    for folder in ["examples", "tests", "src/library"] {
        rules_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut paths);
    }
    let mut compared = 0;
    for path in paths {
        let read = |change: &dyn Fn(String) -> String| {
            compiler::load(std::slice::from_ref(&path), &mut |path: &Path| {
                let text = fs::read_to_string(path)?;
                Ok(change(text).into_bytes())
            })
        };
        let old = read(&|text| text);
        if compiler::check(&old).has_errors() {
            continue;
        }
        let spread = |text: String| {
            let text = format(&text).unwrap_or(text);
            text.lines().map(|line| format!("{line}\n\n")).collect::<String>()
        };
        for change in [&(|text: String| format(&text).unwrap_or(text)) as &dyn Fn(String) -> String, &spread]
        {
            // Texts of several lines are no layout.
            if old.files.iter().any(|file| old.sources.file(file.file).text.contains("\"\"\"")) {
                continue;
            }
            let new = read(change);
            let found = difference(&old, &new).expect("it has no errors");
            assert!(found.is_empty(), "{}: {:#?}", path.display(), found.entries);
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
}

const OLD: &str = r#"
use crm
currency EUR
user anna "Anna"
const LIMIT = 5000 EUR

pipeline Sales "Sales" for Deal {
  stage New "New" {
    rule welcome { notify { to: anna, text: "New: {title}" } }
    rule chase after 2 days { notify { to: anna, text: "Call about {title}" } }
    rule big when amount > LIMIT { notify { to: anna, text: "A big one" } }
  }
  stage Offer "Offer" {
    trigger on document.created(template: "Offer")
  }
  success stage Won "Won" {
    trigger "It is paid" on invoice.paid
  }
  failure stage Lost "Lost" {
    trigger "Too long" on no invoice.paid for 10 days
  }
}

test "a deal is welcomed" {
  given deal "D-1" { title: "Chairs", amount: 70 EUR, responsible: anna }
  expect notify { text: "New: Chairs" }
}
"#;

const NEW: &str = r#"
use crm
currency EUR
user anna "Anna"
const LIMIT = 6000 EUR

# Whoever deals with it.
pipeline Sales "Sales" for Deal {
  stage New "New" {
    rule welcome { notify { to: anna, text: "A new deal: {title}" } }
    rule chase after 72 hours { notify { to: anna, text: "Call about {title}" } }
    rule big when amount > LIMIT { notify { to: anna, text: "A big one" } }
  }
  stage Proposal "Offer" {
    trigger on document.created(template: "Offer")
    rule proposed { comment { text: "An offer was made" } }
  }
  success stage Won "Won" {
    trigger "It is paid" on invoice.paid when amount >= 100 EUR
  }
}

test "a deal is welcomed" {
  given deal "D-1" { title: "Chairs", amount: 70 EUR, responsible: anna }
  expect notify { text: "A new deal: Chairs" }
}
"#;

const EVENTS: &str = r#"{"specversion":"1.0","id":"1","source":"/t","type":"deal.created","subject":"deal/D-1","time":"2026-03-02T10:00:00Z","data":{"title":"Chairs","amount":"70.00 EUR","responsible":"anna"}}
{"specversion":"1.0","id":"2","source":"/t","type":"deal.created","subject":"deal/D-2","time":"2026-03-02T11:00:00Z","data":{"title":"Desks","amount":"5500.00 EUR","responsible":"anna"}}
{"specversion":"1.0","id":"3","source":"/t","type":"document.created","subject":"deal/D-2","time":"2026-03-03T11:00:00Z","data":{"template":"Offer"}}
{"specversion":"1.0","id":"4","source":"/t","type":"invoice.paid","subject":"deal/D-2","time":"2026-03-04T11:00:00Z","data":{"invoice":"I-2"}}
{"specversion":"1.0","id":"5","source":"/t","type":"invoice.paid","subject":"deal/D-1","time":"2026-03-06T11:00:00Z","data":{"invoice":"I-1"}}
{"specversion":"1.0","id":"6","source":"/t","type":"deal.created","subject":"deal/D-3","time":"2026-03-20T11:00:00Z","data":{"title":"Lamps","amount":"10.00 EUR","responsible":"anna"}}
"#;

#[test]
fn what_differs_is_told_in_every_format() {
    let case = Case::new(&[("old.rules", OLD), ("new.rules", NEW), ("events.jsonl", EVENTS)]);
    insta::assert_snapshot!("diff-human", case.shown(&["old.rules", "new.rules"]));
    insta::assert_snapshot!("diff-brief", case.shown(&["old.rules", "new.rules", "--brief"]));
    insta::assert_snapshot!(
        "diff-markdown",
        case.shown(&["old.rules", "new.rules", "--format", "markdown", "--events", "events.jsonl"])
    );
    insta::assert_snapshot!(
        "diff-json",
        case.shown(&["old.rules", "new.rules", "--format", "json", "--events", "events.jsonl"])
    );
    insta::assert_snapshot!("diff-same", case.shown(&["old.rules", "old.rules", "--events", "events.jsonl"]));
    insta::assert_snapshot!(
        "diff-same-markdown",
        case.shown(&["old.rules", "old.rules", "--format", "markdown"])
    );
}

#[test]
fn both_versions_run_over_the_same_events() {
    let case = Case::new(&[("old.rules", OLD), ("new.rules", NEW), ("events.jsonl", EVENTS)]);
    insta::assert_snapshot!(
        "diff-events",
        case.shown(&[
            "old.rules",
            "new.rules",
            "--brief",
            "--events",
            "events.jsonl",
            "--until",
            "2026-04-20T00:00:00Z"
        ])
    );
    insta::assert_snapshot!(
        "diff-events-one",
        case.shown(&["old.rules", "new.rules", "--brief", "--events", "events.jsonl", "--examples", "1"])
    );
    // An event that one version does not take.
    let strict = OLD.replace("currency EUR", "currency EUR\nextend Deal { floor: int min 1 = 1 }");
    let case = Case::new(&[
        ("old.rules", &strict),
        ("new.rules", &strict.replace("min 1", "min 0")),
        ("events.jsonl", &EVENTS.replace(r#""title":"Chairs","#, r#""title":"Chairs","floor":0,"#)),
    ]);
    insta::assert_snapshot!(
        "diff-events-taken",
        case.shown(&["old.rules", "new.rules", "--events", "events.jsonl"])
    );
}

/// A rule that only runs at another time is one effect that is different, not one that is gone and one that is new.
#[test]
fn effects_at_another_time_belong_together() {
    let new = OLD.replace("after 2 days", "after 3 days");
    let case = Case::new(&[("old.rules", OLD), ("new.rules", &new), ("events.jsonl", EVENTS)]);
    insta::assert_snapshot!(
        "diff-later",
        case.shown(&["old.rules", "new.rules", "--events", "events.jsonl"])
    );
}

#[test]
fn folders_are_compared_program_by_program() {
    let small = |name: &str| {
        format!("currency EUR\nentity {name} {{ title: text }}\npipeline P for {name} {{ stage New }}\n")
    };
    let (a, b, c) = (small("A"), small("B"), small("C"));
    let case = Case::new(&[
        ("old/a.rules", &a),
        ("old/b.rules", &b),
        ("new/a.rules", &a.replace("title: text", "title: text, note: text?")),
        ("new/sub/c.rules", &c),
        ("other/a.rules", &a),
        ("other/b.rules", &b),
        ("empty/notes.txt", ""),
        ("wrong/a.rules", "pipeline"),
    ]);
    insta::assert_snapshot!("diff-folders", case.shown(&["old", "new"]));
    insta::assert_snapshot!("diff-file-folder", case.shown(&["old/a.rules", "new"]));
    let mut refused = String::new();
    for args in [
        &["old/b.rules", "new"][..],
        &["old", "empty"],
        &["old", "nowhere"],
        &["old/a.rules", "wrong/a.rules"],
        &["wrong/a.rules", "old/a.rules"],
        &["-", "-"],
        &["old", "other", "--events", "empty/notes.txt"],
        &["old/a.rules", "new/a.rules", "--events", "nowhere.jsonl"],
        &["old/a.rules", "new/a.rules", "--until", "2026-01-01T00:00:00Z"],
    ] {
        refused.push_str(&format!("$ stagegate diff {}\n{}\n", args.join(" "), case.shown(args)));
        assert_eq!(case.run(args).status.code(), Some(2), "{args:?}");
    }
    insta::assert_snapshot!("diff-refused", refused);
}

/// A folder holds tests, too, and other programs: the other version of a file is what is called like it.
#[test]
fn a_file_is_found_again_in_a_folder() {
    let shop = "currency EUR\nentity A { title: text }\npipeline P for A { stage New }\n";
    let changed = shop.replace("stage New", "stage New\n stage Late");
    let test = "use \"../shop.rules\"\ntest \"it is there\" {\n given a \"1\" { title: \"x\" }\n expect stage of \"1\" == New\n}\n";
    let case = Case::new(&[
        ("old/shop.rules", shop),
        ("old/renamed.rules", shop),
        ("now/shop.rules", &changed),
        ("now/tests/all.rules", test),
        ("several/rules/shop.rules", &changed),
        ("several/zoo.rules", shop),
        ("twice/a/shop.rules", shop),
        ("twice/b/shop.rules", shop),
    ]);
    let mut said = String::new();
    for args in [
        ["old/shop.rules", "now"],
        ["now", "old/shop.rules"],
        ["old/renamed.rules", "now"],
        ["old/shop.rules", "several"],
        ["old/shop.rules", "twice"],
        ["old/nowhere.rules", "now"],
    ] {
        let args = [args[0], args[1], "--brief"];
        said.push_str(&format!("$ stagegate diff {}\n{}\n", args.join(" "), case.shown(&args)));
    }
    insta::assert_snapshot!("diff-file-in-folder", said);
}

#[test]
fn that_there_are_no_events_is_said() {
    let shop = "currency EUR\nentity A { title: text }\npipeline P for A { stage New }\n";
    let case = Case::new(&[("shop.rules", shop), ("none.jsonl", "\n"), ("bad.jsonl", "{\n")]);
    let mut said = String::new();
    for events in ["none.jsonl", "bad.jsonl"] {
        said.push_str(&case.shown(&["shop.rules", "shop.rules", "--events", events]));
    }
    insta::assert_snapshot!("diff-no-events", said);
}

#[test]
fn an_action_that_is_asked_for_in_other_words_differs() {
    let rules = |words: &str| {
        format!(
            "use crm\ncurrency EUR\npipeline Sales \"Sales\" for Deal {{\n  stage New \"New\" {{\n    rule welcome {{\n      \
             comment {{ text: \"{words}: {{title}}\" }}\n    }}\n  }}\n}}\n"
        )
    };
    let event = r#"{"specversion":"1.0","id":"e1","source":"/s","type":"deal.created","subject":"deal/D-1","time":"2026-03-02T10:00:00Z","data":{"title":"Chairs","amount":"5 EUR","responsible":"anna"}}"#;
    let case = Case::new(&[
        ("old.rules", &rules("New")),
        ("new.rules", &rules("Other")),
        ("events.jsonl", &format!("{event}\n")),
    ]);
    insta::assert_snapshot!(
        "diff-other-words",
        case.shown(&["old.rules", "new.rules", "--events", "events.jsonl"])
    );
}

/// Outcomes name effects by the numbers of the old version: the new one, which asks for something more before, is given the
/// same answers.
#[test]
fn both_versions_are_given_the_same_answers() {
    let old = program(
        "pipeline V for Visit { stage New { rule a { let x = tell { text: title } tell { text: \"answer {x.id}\" } } } }",
    );
    let new = old.replace("rule a {", "rule first { tell { text: \"first\" } } rule a {");
    let events = r#"{"specversion":"1.0","id":"1","source":"/t","type":"visit.created","subject":"visit/V-1","time":"2026-03-02T10:00:00Z","data":{"title":"Ann","amount":"5.00 EUR"}}
{"specversion":"1.0","id":"2","source":"/t","type":"action.completed","subject":"visit/V-1","time":"2026-03-02T11:00:00Z","data":{"action":"visit/V-1/2","outputs":{"id":"M-7"}}}
"#;
    let case = Case::new(&[("old.rules", &old), ("new.rules", &new), ("events.jsonl", events)]);
    let args = ["--brief", "--events", "events.jsonl", "--actions", "events"];
    let over = |old: &str, new: &str| case.shown(&[&[old, new], &args[..]].concat());
    insta::assert_snapshot!("diff-answers", over("old.rules", "new.rules"));
    // What is not asked for any more is not answered by what has its number now.
    let other = old.replace(
        "let x = tell { text: title } tell { text: \"answer {x.id}\" }",
        "tell { text: \"quiet\" } let y = tell { text: \"{title}?\" } tell { text: \"got {y.id}\" }",
    );
    fs::write(case.folder.path().join("other.rules"), other.replace("tell { text: \"quiet\" } ", ""))
        .expect("a file");
    insta::assert_snapshot!("diff-answers-other", over("old.rules", "other.rules"));
}

/// The same rules over many events: nothing is kept of what is alike, and nothing differs.
#[test]
fn the_examples_do_the_same_as_themselves() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for name in ["sales", "leads", "orders", "support"] {
        let folder = root.join(name);
        let path = |file: &str| folder.join(file).display().to_string();
        let (rules, events) = (path(&format!("{name}.rules")), path("events.jsonl"));
        let case = Case::new(&[]);
        let output = case.run(&[&rules, &rules, "--events", &events, "--tick", "1h"]);
        assert_eq!(output.status.code(), Some(0), "{}", show(&output));
        assert!(output.stdout.is_empty(), "{}", show(&output));
    }
}
