//! An event that fires nothing allocates nothing: counts do not wobble as times do.

#[path = "../benches/workload/through.rs"]
mod through;
#[path = "../benches/workload/mod.rs"]
mod workload;

use allocation_counter::measure;
use stagegate::compiler;
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::lower::lower;
use stagegate::run::{OnError, Records, Run, Surroundings};
use stagegate::value::Value;
use stagegate::vm::Machine;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use workload::deals::Stream;
use workload::rules::{Rules, Size};

const RULES: &str = r#"
use crm
currency EUR
user anna "Anna"

pipeline Sales "Sales" for Deal {
  stage New "New"
  stage Talk "Talk" {
    trigger on document.viewed(template: "Offer") when amount >= 1000 EUR and title contains "chairs"
    trigger on call.incoming(line: "main") when source == web or tags contains "vip"
    trigger on invoice.paid when event.amount is set and event.amount >= amount
    trigger on email.received when event.subject ~= "a subject of some length that nobody writes"
  }
  success stage Won "Won" { trigger on document.signed }
}
"#;

/// Events of some deals, none of which fires anything; ids and texts are too long to stand in place.
fn quiet(from: usize, count: usize) -> String {
    let mut text = String::new();
    for n in from..from + count {
        let (kind, data) = match n % 5 {
            0 => ("document.viewed", r#""template":"Offer""#),
            1 => ("call.incoming", r#""line":"main","phone":"+49 30 1234567""#),
            2 => (
                "invoice.paid",
                r#""invoice":"an invoice with a long number 2026-000017","amount":"3.00 EUR""#,
            ),
            3 => (
                "email.received",
                r#""from":"client@office.example","subject":"About the chairs \u0026 the tables""#,
            ),
            _ => ("note.nobody.knows", r#""text":"unknown to the program""#),
        };
        let _ = writeln!(
            text,
            r#"{{"specversion":"1.0","id":"0190a6c2-0000-7000-8000-{n:012}","source":"/a/source/with/a/long/name","type":"{kind}","subject":"deal/a-deal-with-a-long-identity-{}","time":"2026-03-02T10:00:00Z","data":{{{data}}}}}"#,
            n % 7
        );
    }
    text
}

#[test]
fn an_event_that_fires_nothing_allocates_nothing() {
    let loaded = compiler::load(&[PathBuf::from("case.rules")], &mut |_| Ok(RULES.as_bytes().to_vec()));
    let model = compiler::check(&loaded).model.expect("a program");
    let machine = Machine::new(lower(&model, &loaded.sources).expect("code")).expect("it can run");
    let mut run = Run::new(Engine::new(&machine, Options::default()), machine.program());
    let mut effects = Vec::new();
    let mut feed = |events: &str| {
        let mut around = Surroundings {
            effects: &mut effects,
            rejected: &mut |line| panic!("line {}: {}", line.line, line.rejection.message),
            on_error: OnError::Stop,
            interrupted: &AtomicBool::new(false),
            idle: &AtomicBool::new(false),
            progress: &mut |_| {},
            tick: None,
        };
        run.feed("events", &mut events.as_bytes(), &mut around).expect("memory can be read");
    };
    let deals: String = (0..7)
        .map(|n| {
            format!(
                r#"{{"specversion":"1.0","id":"c{n}","source":"/a","type":"deal.created","subject":"deal/a-deal-with-a-long-identity-{n}","time":"2026-03-02T09:00:00Z","data":{{"title":"Desks","amount":"5000 EUR","responsible":"anna","source":"phone"}}}}"#
            ) + "\n"
        })
        .collect();
    feed(&deals);
    // Each record remembers some events: once it is full, room is used again.
    feed(&quiet(0, 700));
    let (few, many) = (quiet(1000, 50), quiet(2000, 2000));
    let (of_few, of_many) = (measure(|| feed(&few)), measure(|| feed(&many)));
    // What is left is for the input as a whole.
    assert_eq!(of_many.count_total, of_few.count_total, "{of_many:#?}");
    assert_eq!(run.summary().moves, 0);
}

/// What a value takes, with what it holds elsewhere.
fn bytes(value: &Value) -> usize {
    let elsewhere = match value {
        Value::Text(text) if text.len() > 15 => text.len(),
        Value::List(items) => items.iter().map(bytes).sum(),
        _ => 0,
    };
    size_of::<Value>() + elsewhere
}

/// With all that is remembered of it: its last events, its place, its timers, and where it is found again.
#[test]
fn a_record_takes_at_most_twice_the_bytes_of_its_values() {
    let machine = through::machine(&Rules::new(Size::triggers(20)).program());
    // The list of records is full at 4,096, and grows to twice as many: they take least before, and most behind.
    for deals in [4_000, 4_100] {
        let text = Stream { events: 10 * deals, deals, seed: 1 }.text();
        let mut engine = Engine::new(&machine, Options::default());
        let mut decoder = Decoder::new(machine.program());
        let mut records = Records::new(machine.program());
        let taken = measure(|| {
            let mut effects = Vec::new();
            for line in text.lines() {
                let Ok(Decoded::Event(event)) = decoder.decode(line) else { panic!("not decoded: {line}") };
                records.apply(&mut engine, &event, &mut effects).expect("it breaks nothing");
                effects.clear();
            }
        });
        let values =
            records.slots().filter_map(|(_, slot)| slot.values()).flatten().map(bytes).sum::<usize>();
        let count = deals as i64;
        let (taken, values) = (taken.bytes_current / count, values as i64 / count);
        assert!(taken <= 2 * values, "{deals} deals: {taken} bytes each, of which {values} are values");
    }
}
