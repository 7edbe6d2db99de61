//! The short ways of the engine: a run that nobody watches looks only at the triggers that could fire and the rules that could
//! start, finds them by the settings they want, and asks most conditions and runs most bodies without the interpreter. It must
//! come to what a watched one comes to, which tries each trigger with each part of its condition, and each rule.

use proptest::prelude::*;
use stagegate::compiler;
use stagegate::engine::{Engine, Options};
use stagegate::lower::lower;
use stagegate::run::{OnError, Run, Surroundings};
use stagegate::vm::Machine;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

fn machine(rules: &str) -> Machine {
    let loaded = compiler::load(&[PathBuf::from("case.rules")], &mut |_| Ok(rules.as_bytes().to_vec()));
    let checked = compiler::check(&loaded);
    let model = checked.model.unwrap_or_else(|| panic!("{:?}\n{rules}", checked.diagnostics));
    Machine::new(lower(&model, &loaded.sources).expect("it can be lowered")).expect("it can run")
}

/// The effects, and what was rejected.
fn run(machine: &Machine, events: &str, watched: bool) -> (String, Vec<String>) {
    let mut engine = Engine::new(machine, Options::default());
    if watched {
        engine.watch(None, false);
    }
    let mut run = Run::new(engine, machine.program());
    if watched {
        run.trace(Box::new(|_, _| Ok(())));
    }
    let (mut effects, mut rejected) = (Vec::new(), Vec::new());
    let mut around = Surroundings {
        effects: &mut effects,
        rejected: &mut |line| {
            rejected.push(format!("{}: {}", line.line, line.rejection.message));
            Ok(())
        },
        on_error: OnError::Skip,
        interrupted: &AtomicBool::new(false),
        idle: &AtomicBool::new(false),
        progress: &mut |_| {},
        tick: None,
    };
    run.feed("events", &mut events.as_bytes(), &mut around).expect("memory can be read");
    run.finish(None, &mut around).expect("memory can be written");
    (String::from_utf8(effects).expect("text"), rejected)
}

/// With an action that has parameters of many kinds, and limits that some of what is asked for breaks.
const HEAD: &str = r#"use crm
currency EUR
user anna "Anna"

action say "Say" {
  words: text? max 40
  people: list of recipient min 1 max 2
  amount: money?
  odds: int? min 0 max 50
  source: Source?
  tags: list of text = []
  lines: list of text = []
  day: date?
  known: bool?
  stage: text?
}

pipeline Sales "Sales" for Deal {
"#;
const TEMPLATES: [&str; 6] =
    ["Offer", "Contract", "Price list", "A name that is longer than others", "Ö", ""];

/// What a trigger or a rule listens to, by a number.
fn event(number: u16) -> String {
    let pick = |at: u16, of: u16| usize::from(number / at % of);
    let template = TEMPLATES[pick(4, 6)];
    match number % 4 {
        0 => format!("document.viewed(template: \"{template}\")"),
        1 => format!("document.viewed(template: [\"{template}\", \"{}\"])", TEMPLATES[pick(24, 6)]),
        2 => "document.viewed".into(),
        _ => "change of comments".into(),
    }
}

fn trigger(number: u16, first: bool) -> String {
    let pick = |at: u16, of: u16| usize::from(number / at % of);
    let event = event(number);
    let condition = match pick(24, 10) {
        0 => "when amount >= 500 EUR",
        1 => "when title contains \"air\" and amount < 900 EUR",
        2 => "when comments is set and comments contains \"7\"",
        3 => "when source == web or source == phone",
        4 => "when not (title contains \"air\") or (probability is set and probability > 50)",
        5 => "when amount * 2 > 900 EUR and title contains \"air\"",
        6 => "when source in [web, form] and tags contains \"vip\"",
        7 => "when title ~= \"CHAIRS\"",
        8 => "when amount between 200 EUR and 700 EUR and not (amount between 300 EUR and 400 EUR)",
        _ => "",
    };
    let backward = if first || number.is_multiple_of(5) { " allow backward" } else { "" };
    format!("    trigger \"t{number}\" on {event} {condition}{backward}\n")
}

/// A rule that listens, to one event or two, or counts; some of them move the record on, so that those behind do not start.
fn rule(at: usize, number: u16, stages: usize) -> String {
    let more = match number / 16 % 4 {
        0 => format!(" or {}", event(number / 7)),
        1 => " or 2 document.viewed within 1 day".into(),
        _ => String::new(),
    };
    let viewed = number % 4 < 3 && more.is_empty();
    let (when, act) = match number / 64 % 8 {
        // Not to the stage in which it stands.
        0 => ("", format!("move to S{}", (at + 1 + usize::from(number) % (stages - 1)) % stages)),
        1 => ("", "notify { to: responsible, text: \"{title}: {amount}\" }".into()),
        2 => (
            "when comments is set",
            "comment { text: comments } comment { text: \"{comments}, {stage}\" }".into(),
        ),
        // No text at all is refused.
        3 if viewed => ("", "comment { text: \"{event.template}\" } comment { text: \"{title}\" }".into()),
        4 => ("when amount > 500 EUR", "notify { to: [anna, responsible], text: \"{tags}\" }".into()),
        5 => (
            "",
            "say { words: \"{title}: {amount}\" people: [anna, responsible] amount: amount source: source \
             tags: tags lines: [title, \"{title} \\\"{stage}\\\"\", \"so\"] day: closes known: returning_customer \
             stage: \"\" }"
                .into(),
        ),
        6 => ("", "comment { text: \"{stage}\" } say { words: comments people: observers odds: probability }".into()),
        _ => ("", "comment { text: \"{stage}\" } say { people: anna tags: [\"a\", title] odds: 7 }".into()),
    };
    format!("    rule r{at}_{number} on {}{more} {when} {{ {act} }}\n", event(number))
}

fn program(stages: &[(Vec<u16>, BTreeSet<u16>)], everywhere: &BTreeSet<u16>) -> String {
    let mut text = HEAD.to_owned();
    text.extend(everywhere.iter().map(|number| rule(99, *number, stages.len())));
    for (at, (triggers, rules)) in stages.iter().enumerate() {
        let _ = writeln!(text, "  stage S{at} \"S{at}\" {{");
        text.extend(triggers.iter().map(|number| trigger(*number, at == 0)));
        text.extend(rules.iter().map(|number| rule(at, *number, stages.len())));
        text.push_str("    rule arrive { comment { text: \"{title} is in {stage}\" } }\n  }\n");
    }
    text.push_str("}\n");
    text
}

fn events(numbers: &[u16]) -> String {
    let mut text = String::new();
    for (n, number) in numbers.iter().enumerate() {
        let deal = number % 3;
        let (kind, data) = match number / 3 % 6 {
            0 => (
                "deal.created",
                format!(
                    r#""title":"{}","amount":"{}.00 EUR",{}"responsible":"anna","source":"{}","tags":["{}"],"probability":{}"#,
                    [
                        "Chairs",
                        "Tables and chairs for the whole office",
                        r#"\"Oak\" \\ M\u00f6bel\n"#,
                        "Stühle für die Möbelmesse in Köln",
                    ][usize::from(number / 18 % 4)],
                    number / 7 % 1000,
                    ["", r#""closes":"2026-05-01","observers":["anna"],"#][usize::from(number / 9 % 2)],
                    ["web", "phone", "form"][usize::from(number / 54 % 3)],
                    ["vip", "new"][usize::from(number % 2)],
                    number % 100,
                ),
            ),
            1 => ("deal.updated", format!(r#""comments":"note {number}""#)),
            2 => ("deal.updated", r#""comments":null"#.to_owned()),
            _ => ("document.viewed", format!(r#""template":"{}""#, TEMPLATES[usize::from(number / 18 % 6)])),
        };
        let _ = writeln!(
            text,
            r#"{{"specversion":"1.0","id":"e{n}","source":"/test","type":"{kind}","subject":"deal/D-{deal}","time":"2026-03-02T10:00:00Z","data":{{{data}}}}}"#
        );
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_that_nobody_watches_comes_to_the_same(
        stages in proptest::collection::vec(
            (proptest::collection::vec(any::<u16>(), 0..24), proptest::collection::btree_set(any::<u16>(), 0..20)),
            2..6,
        ),
        everywhere in proptest::collection::btree_set(any::<u16>(), 0..20),
        numbers in proptest::collection::vec(any::<u16>(), 1..120),
    ) {
        let rules = program(&stages, &everywhere);
        let machine = machine(&rules);
        // So that there are deals.
        let events = events(&[&[0, 19, 38][..], &numbers].concat());
        prop_assert_eq!(run(&machine, &events, false), run(&machine, &events, true), "{}", rules);
    }
}

#[test]
fn triggers_found_by_their_settings_are_asked_in_the_order_of_the_program() {
    // So many that there is an index; the one without settings stands in the middle.
    let mut triggers: String = (0..20)
        .map(|n| {
            format!("    trigger \"t{n}\" on document.viewed(template: \"T{n}\") when amount >= {n} EUR\n")
        })
        .collect();
    triggers.push_str("    trigger \"any\" on document.viewed when amount > 15 EUR\n");
    triggers.push_str("    trigger \"last\" on document.viewed(template: [\"T3\", \"T19\"])\n");
    let machine = machine(&format!("{HEAD}  stage A \"A\"\n  stage B \"B\" {{\n{triggers}  }}\n}}\n"));
    let fired = |amount: u32, template: &str| {
        let events = format!(
            r#"{{"specversion":"1.0","id":"1","source":"/t","type":"deal.created","subject":"deal/D","time":"2026-03-02T10:00:00Z","data":{{"title":"x","amount":"{amount} EUR","responsible":"anna"}}}}
{{"specversion":"1.0","id":"2","source":"/t","type":"document.viewed","subject":"deal/D","time":"2026-03-02T10:00:00Z","data":{{"template":"{template}"}}}}
"#
        );
        let (effects, _) = run(&machine, &events, false);
        effects.split("\"trigger\":\"").nth(1).map(|rest| rest[..rest.find('"').expect("an end")].to_owned())
    };
    assert_eq!(fired(10, "T3").as_deref(), Some("t3"));
    assert_eq!(fired(2, "T3").as_deref(), Some("last"));
    assert_eq!(fired(18, "T19").as_deref(), Some("any"));
    assert_eq!(fired(16, "unknown").as_deref(), Some("any"));
    assert_eq!(fired(10, "unknown"), None);
}

/// More texts than one fact has bits for, each by itself and in lists.
#[test]
fn many_texts_are_asked_for_of_one_field() {
    let mut rules = format!("{HEAD}  stage S \"S\" {{\n");
    let title = |n: usize| format!("\"title {n}\"");
    for n in 0..90 {
        let _ = writeln!(
            rules,
            "    rule r{n} on document.viewed when title == {} {{ comment {{ text: \"{n}\" }} }}",
            title(n)
        );
    }
    for (at, count) in [1, 3, 10, 64, 65, 200].into_iter().enumerate() {
        let titles: Vec<String> = (0..count).map(|n| title(n * 7 % 130)).collect();
        let _ = writeln!(
            rules,
            "    rule l{at} on document.viewed when title in [{}] or tags contains {} {{ comment {{ text: \"{count}\" }} }}",
            titles.join(", "),
            title(at)
        );
    }
    rules.push_str("  }\n}\n");
    let mut events = String::new();
    for (n, title) in [0, 1, 7, 62, 63, 64, 65, 89, 90, 125, 129, 131].into_iter().enumerate() {
        for (kind, data) in [
            (
                "deal.created",
                format!(
                    r#""title":"title {title}","amount":"1 EUR","responsible":"anna","tags":["title {n}","x"]"#
                ),
            ),
            ("document.viewed", r#""template":"Offer""#.to_owned()),
        ] {
            let _ = writeln!(
                events,
                r#"{{"specversion":"1.0","id":"{kind}","source":"/test","type":"{kind}","subject":"deal/D-{n}","time":"2026-03-02T10:00:00Z","data":{{{data}}}}}"#
            );
        }
    }
    let machine = machine(&rules);
    let (effects, rejected) = run(&machine, &events, false);
    assert_eq!((&effects, &rejected), (&run(&machine, &events, true).0, &Vec::new()));
    assert!(effects.lines().filter(|line| line.contains("comment")).count() > 30);
}

#[test]
fn a_condition_of_many_parts_is_made_ready_on_a_small_stack() {
    let parts: Vec<String> = (0..20_000).map(|n| format!("title == \"T{n}\"")).collect();
    let rules = move |word: &str| {
        let condition = parts.join(word);
        format!(
            "{HEAD}  stage A \"A\"\n  stage B \"B\" {{\n    trigger \"t\" on document.viewed when {condition}\n  }}\n}}\n"
        )
    };
    let events = |title: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"1","source":"/t","type":"deal.created","subject":"deal/D","time":"2026-03-02T10:00:00Z","data":{{"title":"{title}","amount":"1 EUR","responsible":"anna"}}}}
{{"specversion":"1.0","id":"2","source":"/t","type":"document.viewed","subject":"deal/D","time":"2026-03-02T10:00:00Z","data":{{"template":"x"}}}}
"#
        )
    };
    let tried = move || {
        let any = machine(&rules(" or "));
        let all = machine(&rules(" and "));
        ["T0", "T300", "T19999", "T20000"].map(|title| {
            [&any, &all].map(|machine| run(machine, &events(title), false).0.contains("\"trigger\":\"t\""))
        })
    };
    let small = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(tried).expect("a thread");
    let fired = small.join().expect("no overflow");
    assert_eq!(fired, [[true, false], [true, false], [true, false], [false, false]]);
}
