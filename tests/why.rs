//! Watching a run: it changes nothing, it notes what every condition came to, and `stagegate why` and `run --trace` say so.

use stagegate::compiler::{self, Loaded};
use stagegate::engine::effect::Effect;
use stagegate::engine::trace::Trace;
use stagegate::engine::watch::Noted;
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::lower;
use stagegate::model::Model;
use stagegate::program::Program;
use stagegate::program::sites::Sites;
use stagegate::run::Records;
use stagegate::value::Value;
use stagegate::vm::Machine;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn model(path: &Path) -> (Loaded, Model) {
    let loaded = compiler::load(&[path.to_path_buf()], &mut |path| std::fs::read(path));
    let checked = compiler::check(&loaded);
    let model = checked.model.unwrap_or_else(|| panic!("{}: {:?}", path.display(), checked.diagnostics));
    (loaded, model)
}

fn examples() -> Vec<(PathBuf, PathBuf)> {
    ["leads", "orders", "sales", "support"]
        .map(|name| {
            let folder = Path::new(ROOT).join("examples").join(name);
            (folder.join(format!("{name}.rules")), folder.join("events.jsonl"))
        })
        .to_vec()
}

/// Runs events, and all that is due by their end.
fn run(program: &Program, events: &str, watch: Option<Sites>) -> (Vec<Effect>, Vec<Noted>) {
    let machine = Machine::new(program.clone()).expect("it can run");
    let mut engine = Engine::new(&machine, Options::default());
    if let Some(sites) = watch {
        engine.watch(Some(Arc::new(sites)), true);
    }
    let (mut records, mut effects) = (Records::new(program), Vec::new());
    let mut decoder = Decoder::new(program);
    for line in events.lines().filter(|line| !line.is_empty()) {
        if let Ok(Decoded::Event(event)) = decoder.decode(line) {
            let _ = records.apply(&mut engine, &event, &mut effects);
        }
    }
    if let Some(to) = records.latest() {
        while records.fire_next(&mut engine, to, &mut effects) {}
    }
    (effects, engine.take_noted())
}

#[test]
fn watching_changes_neither_programs_nor_effects() {
    let mut branches = 0;
    for (rules, events) in examples() {
        let (loaded, model) = model(&rules);
        let plain = lower::lower(&model, &loaded.sources).expect("it compiles");
        let (program, sites) = lower::lower_observed(&model, &loaded.sources).expect("it compiles");
        let bytes = |program: &Program| program.to_bytes().expect("it can be written");
        assert!(bytes(&plain) == bytes(&program), "{}", rules.display());
        let events = std::fs::read_to_string(events).expect("events");
        let (effects, noted) = run(&plain, &events, Some(sites));
        let (unwatched, nothing) = run(&plain, &events, None);
        assert!(effects == unwatched && !effects.is_empty(), "{}", rules.display());
        assert!(nothing.is_empty());
        assert!(noted.iter().any(|noted| matches!(noted.trace, Trace::Condition { .. })));
        branches += noted.iter().filter(|noted| matches!(noted.trace, Trace::Branches { .. })).count();
    }
    assert!(branches > 0);
}

/// What the expressions of each condition came to, with their text.
fn conditions(rules: &str, events: &str) -> Vec<Vec<(String, Value)>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.rules");
    std::fs::write(&path, rules).expect("a file");
    let (loaded, model) = model(&path);
    let (program, sites) = lower::lower_observed(&model, &loaded.sources).expect("it compiles");
    let (_, noted) = run(&program, events, Some(sites.clone()));
    let text = |number: u32| {
        let site = &sites.all()[number as usize];
        loaded.sources.file(site.span.file).text[site.span.range()].to_owned()
    };
    let of = |noted: Noted| match noted.trace {
        Trace::Condition { values, .. } => {
            Some(values.into_iter().map(|(number, value)| (text(number), value)).collect())
        }
        _ => None,
    };
    noted.into_iter().filter_map(of).collect()
}

#[test]
fn each_expression_that_was_reached_is_seen_and_no_other() {
    let rules = r#"
entity Card { a: bool, b: bool, c: bool, n: int? }
event tick { x: int }
pipeline P "P" for Card {
  stage One "One" { }
  success stage Two "Two" {
    trigger on tick when (a and b) or (c and not (event.x < 3)) or (n is set and n > 5)
  }
}
"#;
    let created = |id: &str, fields: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/t","type":"card.created","subject":"card/{id}","time":"2026-03-02T10:00:00Z","data":{{{fields}}}}}
{{"specversion":"1.0","id":"{id}-2","source":"/t","type":"tick","subject":"card/{id}","time":"2026-03-02T10:00:00Z","data":{{"x":2}}}}
"#
        )
    };
    let events = [
        created("A", r#""a":true,"b":true,"c":false"#),
        created("B", r#""a":false,"b":true,"c":true"#),
        created("C", r#""a":true,"b":false,"c":false,"n":7"#),
    ];
    let seen = conditions(rules, &events.concat());
    let value = |record: usize, text: &str| {
        seen[record].iter().find(|(seen, _)| seen == text).map(|(_, value)| value.clone())
    };
    let (yes, no) = (Some(Value::Bool(true)), Some(Value::Bool(false)));
    for (text, expected) in [
        ("a", [yes.clone(), no.clone(), yes.clone()]),
        ("b", [yes.clone(), None, no.clone()]),
        ("c", [None, yes.clone(), no.clone()]),
        ("event.x < 3", [None, yes.clone(), None]),
        ("not (event.x < 3)", [None, no.clone(), None]),
        ("event.x", [None, Some(Value::Int(2)), None]),
        ("n is set", [None, no.clone(), yes.clone()]),
        ("n > 5", [None, None, yes.clone()]),
    ] {
        let found = [0, 1, 2].map(|record| value(record, text));
        assert_eq!(found, expected, "{text}");
    }
}

fn stagegate(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stagegate"));
    let output = command.args(args).current_dir(folder).env("NO_COLOR", "1").output().expect("it starts");
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code().unwrap_or(-1), out, err)
}

/// A little world in which every decision can be met.
const SHOP: &str = r#"
currency EUR
user anna "Anna"
entity Order "Order" { title: text, amount: money = 0 EUR, share: int = 0, note: text?, due: date? }
event form.submitted "A form" { form: text, score: int? }
event paid "Paid" { by: text? }
action tell "Tell" { text: text }

pipeline Shop "Shop" for Order {
  timezone "Europe/Berlin"
  stage New "New" {
    trigger "Again" on form.submitted(form: "again") when amount > 1 EUR allow backward
    rule greet { tell { text: "Hello" } }
    rule big when amount >= 5000 EUR and note is set { tell { text: "A big one" } }
    rule unequal when 100 / share > 5 { tell { text: "No share" } }
    rule later after 2 days { tell { text: "Still new" } }
    rule once_only once on form.submitted(form: ["contact", "again"]) { tell { text: "A form" } }
    rule waiting on paid overlap skip {
      wait for form.submitted when event.score is set and event.score > 3
      tell { text: "A score" }
    }
    rule reminder at due - 1 day else skip { tell { text: "Due" } }
  }
  stage Offer "Offer" {
    trigger "They asked" on form.submitted(form: "contact") when event.score is set and event.score >= 10
  }
  stage Ready "Ready" {
    trigger on form.submitted(form: "ready")
  }
  success stage Done "Done" {
    trigger on paid when not (amount == 0 EUR or amount > 9000 EUR)
  }
}
"#;

fn shop_events() -> String {
    let event = |id: u32, hour: u32, name: &str, data: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/t","type":"{name}","subject":"order/O-1","time":"2026-03-{:02}T{:02}:00:00Z","data":{{{data}}}}}
"#,
            2 + hour / 24,
            hour % 24
        )
    };
    [
        event(1, 8, "order.created", r#""title":"Chairs","amount":"4990.00 EUR","due":"2026-03-01""#),
        event(2, 9, "form.submitted", r#""form":"demo""#),
        event(3, 10, "form.submitted", r#""form":"contact","score":2"#),
        event(3, 10, "form.submitted", r#""form":"contact","score":2"#),
        event(4, 11, "order.updated", r#""amount":"9900.00 EUR""#),
        event(5, 12, "paid", r#""by":"card""#),
        event(6, 13, "paid", ""),
        event(7, 14, "form.submitted", r#""form":"contact""#),
        event(8, 15, "form.submitted", r#""form":"contact","score":12"#),
        event(9, 16, "form.submitted", r#""form":"ready""#),
        event(10, 17, "form.submitted", r#""form":"contact""#),
        event(11, 18, "form.submitted", r#""form":"again""#),
        event(12, 19, "order.updated", r#""amount":"8000.00 EUR""#),
        event(13, 20, "paid", ""),
        event(14, 21, "form.submitted", r#""form":"contact""#),
        event(15, 22, "form.submitted", r#""form":"again""#),
        event(16, 100, "form.submitted", r#""form":"again""#),
    ]
    .concat()
}

/// A folder with the shop and its events.
fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shop.rules"), SHOP).expect("a file");
    std::fs::write(folder.path().join("events.jsonl"), shop_events()).expect("a file");
    folder
}

#[test]
fn a_trace_says_what_was_decided() {
    let folder = shop();
    let path = folder.path();
    let (code, effects, said) = stagegate(path, &["run", "shop.rules", "events.jsonl", "-q"]);
    assert_eq!((code, &*said), (0, ""));
    let args = ["run", "shop.rules", "events.jsonl", "-q", "--trace", "trace.jsonl"];
    assert_eq!(stagegate(path, &args), (0, effects, String::new()));
    let trace = std::fs::read_to_string(path.join("trace.jsonl")).expect("a trace");
    let lines: Vec<serde_json::Value> =
        trace.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut outcomes: Vec<String> =
        lines.iter().map(|line| format!("{} {}", line["decision"], line["outcome"])).collect();
    outcomes.sort();
    outcomes.dedup();
    insta::assert_snapshot!("outcomes", outcomes.join("\n"));
    insta::assert_snapshot!("trace", trace);
}

#[test]
fn a_trace_needs_text_and_a_file_of_its_own() {
    let folder = shop();
    let path = folder.path();
    let compiled = stagegate(path, &["compile", "shop.rules", "-o", "shop.stagegate"]);
    assert_eq!(compiled.0, 0, "{}", compiled.2);
    for (args, words) in [
        (["shop.stagegate", "events.jsonl", "--trace", "t", "-q"], "compiled program"),
        (["shop.rules", "events.jsonl", "--trace", "-", "-q"], "a file of its own"),
        (["shop.rules", "events.jsonl", "--trace", "shop.rules", "-q"], "is read in this run"),
        (["shop.rules", "events.jsonl", "--trace=t", "-o", "t"], "cannot go into one file"),
    ] {
        let (code, out, said) = stagegate(path, &[&["run"], &args[..]].concat());
        assert_eq!((code, &*out), (2, ""), "{args:?}");
        assert!(said.contains(words), "{said}");
    }
    assert!(std::fs::read_to_string(path.join("shop.rules")).expect("a file") == SHOP);
}

/// What `why` says of the shop.
fn why(args: &[&str]) -> String {
    let folder = shop();
    let (code, out, said) = stagegate(
        folder.path(),
        &[&["why", "shop.rules", "events.jsonl", "--record", "order/O-1"], args].concat(),
    );
    let said = if said.is_empty() { said } else { format!("--- stderr\n{said}") };
    format!("exit {code}\n{out}{said}")
}

#[test]
fn why_tells_the_story_of_a_record() {
    insta::assert_snapshot!("story", why(&[]));
}

#[test]
fn why_says_what_an_event_brought() {
    for id in ["1", "2", "3", "5", "6", "7", "8", "10", "11", "13", "14", "15"] {
        insta::assert_snapshot!(format!("event-{id}"), why(&["--event", id]));
    }
}

#[test]
fn why_says_why_a_rule_or_trigger_did_not_run() {
    let names = [
        "big",
        "unequal",
        "once_only",
        "waiting",
        "reminder",
        "later",
        "They asked",
        "Again",
        "Shop.Done",
        "greet",
    ];
    for name in names {
        let said = why(&["--rule", name]);
        let found = said.find(&format!("\nrule Shop.New.{name}")).or(said.find("\ntrigger "));
        let found = found.or(said.find("\nthe trigger ")).unwrap_or(0);
        insta::assert_snapshot!(format!("rule-{}", name.replace(' ', "-")), &said[found..]);
    }
}

/// Nothing has to come where nothing is what is waited for.
#[test]
fn why_knows_that_silence_is_waited_for() {
    let rules = "entity Order \"Order\" { title: text }\nevent paid \"Paid\" {}\naction tell \"Tell\" { text: text }\n\
                 pipeline Shop \"Shop\" for Order {\n  stage New \"New\" {\n\
                 rule ask on no paid for 9 days { tell { text: \"Where is it?\" } }\n\
                 rule either on paid or no paid for 90 days { tell { text: \"Well\" } }\n  }\n\
                 failure stage Lost \"Lost\" {\n    trigger \"Silence\" on no paid for 30 days\n  }\n}\n";
    let event = |id: u32, name: &str, order: u32, day: u32| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/t","type":"{name}","subject":"order/O-{order}","time":"2026-03-{day:02}T09:00:00Z","data":{}}}"#,
            if name == "paid" { "{}" } else { r#"{"title":"Chairs"}"# }
        ) + "\n"
    };
    let events = [
        event(1, "order.created", 1, 2),
        event(2, "order.created", 2, 2),
        event(3, "paid", 2, 4),
        event(4, "order.created", 3, 4),
    ]
    .concat();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shop.rules"), rules).expect("a file");
    std::fs::write(folder.path().join("events.jsonl"), events).expect("a file");
    let mut said = String::new();
    for (record, name) in [("1", "Silence"), ("2", "Silence"), ("1", "ask"), ("2", "ask"), ("1", "either")] {
        let record = format!("order/O-{record}");
        let args = ["why", "shop.rules", "events.jsonl", "--record", &record, "--rule", name];
        let (code, out, err) = stagegate(folder.path(), &args);
        assert_eq!((code, &*err), (0, ""));
        let (_, last) = out.trim_end().rsplit_once("\n\n").expect("paragraphs");
        said.push_str(&format!("{record}\n{last}\n\n"));
    }
    insta::assert_snapshot!("silence", said);
}

#[test]
fn why_knows_what_is_meant() {
    let folder = shop();
    let base = ["why", "shop.rules", "events.jsonl", "--record"];
    for (args, words) in [
        (&["order/O-2"][..], "there is no `order/O-2` in the events; did you mean `order/O-1`?"),
        (&["oder/O-1"], "the program has no records called `oder`; did you mean `order`?"),
        (&["O-1"], "`O-1` names no record"),
        (&["order/O-1", "--rule", "gret"], "did you mean `greet`?"),
        (&["order/O-1", "--event", "33"], "there is no event `33` about `order/O-1`"),
    ] {
        let (code, out, said) = stagegate(folder.path(), &[&base[..], args].concat());
        assert_eq!((code, &*out), (2, ""), "{args:?}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn why_in_json_says_the_same() {
    let said = why(&["--rule", "big", "--format", "json"]);
    let report: serde_json::Value =
        serde_json::from_str(said.strip_prefix("exit 0\n").expect("it went well")).expect("JSON");
    assert_eq!(report["record"], "order/O-1");
    assert_eq!(report["why"][0]["decisions"][0]["outcome"], "condition-false");
    let nearest = report["why"][0]["decisions"][0]["nearest"].as_str().expect("a nearest miss");
    assert_eq!(nearest, "would run if `note` were set");
}

/// For all events and rules of the examples there is something to say.
#[test]
fn a_byte_order_mark_before_the_first_event_is_passed_over() {
    let shop = shop();
    let args = ["why", "shop.rules", "events.jsonl", "--record", "order/O-1"];
    let without = stagegate(shop.path(), &args);
    let events = shop.path().join("events.jsonl");
    let text = std::fs::read_to_string(&events).expect("a file");
    std::fs::write(&events, format!("\u{feff}{text}")).expect("a file");
    assert_eq!(stagegate(shop.path(), &args), without);
}

#[test]
fn why_has_an_answer_for_every_record_of_the_examples() {
    for (rules, events) in examples() {
        let (loaded, model) = model(&rules);
        let program = lower::lower(&model, &loaded.sources).expect("it compiles");
        let text = std::fs::read_to_string(&events).expect("events");
        let mut decoder = Decoder::new(&program);
        let subjects: std::collections::BTreeSet<String> = text
            .lines()
            .filter_map(|line| match decoder.decode(line) {
                Ok(Decoded::Event(event)) => {
                    let subject = event.subject()?;
                    let entity = &program.schema.entity(subject.entity).wire_name;
                    Some(format!("{entity}/{}", subject.id))
                }
                _ => None,
            })
            .collect();
        let name = rules.file_stem().and_then(|name| name.to_str()).expect("a name");
        for record in subjects {
            let paths = [rules.to_str(), events.to_str()].map(|path| path.expect("a path"));
            let (code, out, said) =
                stagegate(Path::new(ROOT), &["why", paths[0], paths[1], "--record", &record]);
            if code != 0 {
                assert!(said.contains("there is no"), "{name} {record}: {said}");
                continue;
            }
            assert!(out.starts_with(&record), "{name}: {out}");
        }
    }
}

/// `waiting` begins with the event, and waits in its body.
#[test]
fn what_waits_in_its_body_has_begun() {
    let folder = shop();
    let events = std::fs::read_to_string(folder.path().join("events.jsonl")).expect("events");
    let some: Vec<&str> = events.lines().filter(|line| !line.is_empty()).take(6).collect();
    std::fs::write(folder.path().join("some.jsonl"), some.join("\n")).expect("a file");
    let of_rule = |name: &str| {
        let args = ["why", "shop.rules", "some.jsonl", "--record", "order/O-1", "--rule", name];
        let (code, out, _) = stagegate(folder.path(), &args);
        assert_eq!(code, 0);
        out.lines().filter(|line| line.contains("(shop.rules:")).collect::<Vec<_>>().join("\n")
    };
    let waiting = "  rule Shop.New.waiting ran  (shop.rules:18)\n  \
                   rule Shop.New.waiting waits for something to happen  (shop.rules:18)";
    assert_eq!(of_rule("waiting"), waiting);
    let later = "  rule Shop.New.later did not run yet: it waits until 2026-03-04 09:00  (shop.rules:16)";
    assert_eq!(of_rule("later"), later);
}

#[cfg(feature = "state")]
#[test]
fn why_reads_a_state_file() {
    let folder = shop();
    let path = folder.path();
    let args = ["run", "shop.rules", "events.jsonl", "--state", "shop.db", "-o", "effects.jsonl", "-q"];
    assert_eq!(stagegate(path, &args).0, 0);
    let (code, out, said) =
        stagegate(path, &["why", "shop.rules", "--state", "shop.db", "--record", "order/O-1"]);
    assert_eq!((code, &*said), (0, ""));
    insta::assert_snapshot!("state", out);
    let first = std::fs::read_to_string(path.join("events.jsonl")).expect("events");
    std::fs::write(path.join("first.jsonl"), first.lines().next().expect("one")).expect("a file");
    let args = ["run", "shop.rules", "first.jsonl", "--state", "first.db", "-o", "first-effects.jsonl", "-q"];
    assert_eq!(stagegate(path, &args).0, 0);
    let of_rule = |name: &str, format: &str| {
        let args = ["why", "shop.rules", "--state", "first.db", "--record", "order/O-1", "--rule", name];
        stagegate(path, &[&args[..], &["--format", format]].concat()).1
    };
    let said = ["later", "greet", "They asked"].map(|name| of_rule(name, "human")).join("\n");
    insta::assert_snapshot!("state-rules", said);
    let waits = |name: &str| {
        let report: serde_json::Value = serde_json::from_str(&of_rule(name, "json")).expect("JSON");
        report["waits"].as_array().expect("a list").len()
    };
    assert_eq!((waits("later"), waits("greet")), (1, 0));
    let (code, _, said) =
        stagegate(path, &["why", "shop.rules", "--state", "shop.db", "--record", "order/O-2"]);
    assert!(code == 2 && said.contains("did you mean `order/O-1`?"), "{said}");
    let (code, _, said) =
        stagegate(path, &["why", "shop.rules", "--state", "events.jsonl", "--record", "order/O-1"]);
    assert!(code == 2 && said.contains("cannot use the state file"), "{said}");
}
