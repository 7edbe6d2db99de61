//! `check --against OLD NEW`.

use crate::case::Case;
use stagegate::against::{self, Comparison};
use stagegate::compiler::{self, Loaded};

const SCHEMA: &str = r#"currency EUR
rates EUR { USD: 0.9 }
const LIMIT = 5000 EUR
const DOUBLE = LIMIT * 2
enum Source { web, phone, fax }
entity Client { name: text, since: date? }
entity Visit {
  title: text
  amount: money
  tip: money in USD?
  source: Source
  client: Client?
  seen: datetime?
  state: enum { open, closed } = open
}
event visit.paid on Visit { by: text, amount: money? }
event visit.called on Visit { line: text }
event visit.missed is visit.called on Visit { }
action app.tell { to: user, text: text max 200, loud: bool = false }
action app.ask { text: text } -> { answer: text }
user anna "Anna"
user bert "Bert"
calendar Office { mon..fri 09:00-18:00 }
fn big(v: Visit) -> bool = v.amount > LIMIT
fn very(v: Visit) -> bool = big(v) and v.amount > DOUBLE
"#;

const RULES: &str = r#"use "schema.rules"
pipeline Sales for Visit {
  timezone "Europe/Rome"
  stage New {
    rule large when very(this) { app.tell { to: anna, text: "{title}" } }
    rule by_client when client is set and client.since is set { set title = client.name }
    rule from_web when source == web { stop }
    rule office during Office { set source = phone }
    rule dollars when tip is set { set amount = tip.in(EUR) }
    rule asks { let room = app.ask { text: "?" } set title = room.answer }
    rule reads { set title = asks.room.answer }
    rule moves { move to Paid }
    rule today when seen is set and seen.date == today { stop }
    rule nothing { stop }
    rule open when state == open { set state = closed }
  }
  stage Called {
    trigger "Somebody called" on visit.called(line: "main")
    trigger on 2 visit.missed within 1 hour as anna
  }
  success stage Paid {
    trigger on visit.paid when (event.amount ?? 0 EUR) >= amount
    rule first on change of title { stop }
  }
}
test "a visit" {
  given visit "V-1" { title: "x", amount: 5 EUR, source: web }
  send visit.paid { by: "anna" } to "V-1"
  expect stage of "V-1" == Paid
}
"#;

fn load(schema: &str, rules: &str) -> Loaded {
    compiler::load(&["main.rules".into()], &mut |path| {
        let text = if path.ends_with("schema.rules") { schema } else { rules };
        Ok(text.as_bytes().to_vec())
    })
}

fn compare(schema: &str, rules: &str) -> Comparison {
    match against::compare(&load(SCHEMA, RULES), &load(schema, rules)) {
        Ok(comparison) => comparison,
        Err(wrong) => panic!("the old version is wrong: {wrong:#?}"),
    }
}

/// Who is concerned by a change of the schema, with the changes in words.
fn concerned(from: &str, to: &str) -> Vec<String> {
    assert!(SCHEMA.contains(from), "{from}");
    said(&compare(&SCHEMA.replace(from, to), RULES))
}

fn said(comparison: &Comparison) -> Vec<String> {
    let unit = |unit: &against::Unit| {
        let state = if unit.errors.is_empty() { "" } else { " (broken)" };
        let changes: Vec<String> = unit.changes.iter().map(against::Change::words).collect();
        format!("{}{state}: {}", unit.name, changes.join("; "))
    };
    comparison.units.iter().map(unit).collect()
}

#[test]
fn the_same_program_concerns_nobody() {
    assert_eq!(said(&compare(SCHEMA, RULES)), [""; 0]);
    // Layout, comments and new declarations mean nothing.
    let schema =
        SCHEMA.replace("const LIMIT = 5000 EUR", "# More.\nconst  LIMIT =\n  5000 EUR\nconst OTHER = 1");
    assert_eq!(said(&compare(&schema, RULES)), [""; 0]);
    let schema = SCHEMA.replace("  title: text", "  extra: int?\n  title: text");
    assert_eq!(said(&compare(&schema, RULES)), [""; 0]);
    assert_eq!(compare(SCHEMA, RULES).of, 16);
}

#[test]
fn every_kind_of_change_concerns_those_who_depend_on_it() {
    let changes = [
        ("amount: money\n", "amount: decimal\n"),
        ("LIMIT = 5000 EUR", "LIMIT = 6000 EUR"),
        ("v.amount > DOUBLE", "v.amount >= DOUBLE"),
        ("{ web, phone, fax }", "{ web, phone, fax, chat }"),
        ("{ web, phone, fax }", "{ web, phone }"),
        ("{ web, phone, fax }", "{ fax, phone, web }"),
        ("{ open, closed }", "{ open, closed, lost }"),
        ("name: text, since", "name: text max 20, since"),
        ("since: date?", "since: datetime?"),
        ("entity Client {", "entity Person { }\nentity Client {"),
        ("  client: Client?\n", ""),
        ("by: text", "by: email"),
        ("line: text", "line: list of text"),
        ("event visit.missed is visit.called on Visit { }", "event visit.missed on Visit { }"),
        ("loud: bool = false", "loud: bool = true"),
        ("loud: bool = false", "loud: bool"),
        ("loud: bool = false", "loud: bool = false, soft: bool = true"),
        ("answer: text", "answer: text?"),
        ("user anna \"Anna\"", "user anna \"Anna\" { email: \"a@example.com\" }"),
        ("mon..fri 09:00-18:00", "mon..sat 09:00-18:00"),
        ("USD: 0.9", "USD: 0.8"),
        ("action app.ask", "action app.inquire"),
        ("currency EUR", "currency USD"),
    ];
    let mut shown = String::new();
    for (from, to) in changes {
        shown.push_str(&format!("{}\n  -> {}\n", from.trim(), to.trim()));
        for line in concerned(from, to) {
            shown.push_str(&format!("     {line}\n"));
        }
    }
    insta::assert_snapshot!("changes", shown);
}

#[test]
fn settings_and_stages_of_the_pipeline_count_too() {
    let rules = RULES.replace("Europe/Rome", "Europe/Kyiv");
    let said_of = said(&compare(SCHEMA, &rules));
    assert_eq!(
        said_of,
        ["Sales.New.today: goes by `Sales.timezone`, which was `Europe/Rome` and is now `Europe/Kyiv`"]
    );
    let rules = RULES.replace("success stage Paid", "failure stage Paid");
    assert_eq!(
        said(&compare(SCHEMA, &rules)),
        ["Sales.New.moves: moves to `Sales.Paid`, which was `success stage` and is now `failure stage`"]
    );
}

#[test]
fn a_name_that_now_means_a_field_is_told() {
    let schema = SCHEMA.replace("  title: text", "  anna: user?\n  title: text");
    let said_of = said(&compare(&schema, RULES));
    assert!(said_of.iter().any(|line| line.contains("`Visit.anna`, which is new")), "{said_of:#?}");
}

#[test]
fn what_people_and_programs_are_told() {
    let case = Case::new(&[
        ("old/main.rules", RULES),
        ("old/schema.rules", SCHEMA),
        ("new/main.rules", RULES),
        ("new/schema.rules", &SCHEMA.replace("amount: money\n", "amount: decimal\n")),
        ("wrong.rules", "user anna\nuser anna\n"),
    ]);
    insta::assert_snapshot!("human", case.shown(&["check", "new/main.rules", "--against", "old/main.rules"]));
    insta::assert_snapshot!("none", case.shown(&["check", "old/main.rules", "--against", "old/main.rules"]));
    insta::assert_snapshot!(
        "old-is-wrong",
        case.shown(&["check", "old/main.rules", "--against", "wrong.rules"])
    );
    let json = case.stdout(&["check", "new/main.rules", "--against", "old/main.rules", "--format", "json"]);
    let units: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    let large =
        units.iter().find(|unit| unit["name"] == "Sales.New.large").expect("it calls what has changed");
    insta::assert_snapshot!("json", format!("{large:#}"));
    let empty = case.stdout(&["check", "old/main.rules", "--against", "old/main.rules", "--format", "json"]);
    assert_eq!(empty, "[]\n");
    case.run(&["compile", "old/main.rules", "-o", "old.stagegate"]);
    insta::assert_snapshot!(
        "compiled",
        case.shown(&["check", "new/main.rules", "--against", "old.stagegate"])
    );
    assert_eq!(case.exit(&["check", "a", "b", "--against", "c"]), Some(2));
    assert_eq!(case.exit(&["check", "a", "--against", "c", "--format", "sarif"]), Some(2));
    assert_eq!(case.exit(&["check", "a", "--against", "c", "--fix"]), Some(2));
}
