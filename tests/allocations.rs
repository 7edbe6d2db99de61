//! An event that fires nothing allocates nothing: counts do not wobble as times do.

use allocation_counter::measure;
use stagegate::compiler;
use stagegate::engine::{Engine, Options};
use stagegate::lower::lower;
use stagegate::run::{OnError, Run, Surroundings};
use stagegate::vm::Machine;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

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
