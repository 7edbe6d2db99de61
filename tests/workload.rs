//! What is measured is what is meant: the programs of `benches/workload` have no mistakes and no warnings, and move the deals
//! that a second reading of their conditions, in plain Rust, says they move.

#[path = "../benches/workload/through.rs"]
mod through;
#[path = "../benches/workload/mod.rs"]
mod workload;

use stagegate::compiler::{self, Loaded};
use stagegate::run::Summary;
use stagegate::vm::Machine;
use std::collections::{HashMap, HashSet};
use workload::deals::{Deal, STAGES, Stream, What, day};
use workload::rules::{Rules, Size, holds};

fn load(text: &str) -> Loaded {
    compiler::load(&["workload.rules".into()], &mut |_| Ok(text.as_bytes().to_vec()))
}

fn machine(text: &str) -> Machine {
    let loaded = load(text);
    let checked = compiler::check(&loaded);
    assert_eq!(checked.diagnostics.len(), 0, "{:?}", checked.diagnostics.first());
    let model = checked.model.expect("a program without mistakes");
    let program = stagegate::lower::lower(&model, &loaded.sources).expect("it can be run");
    Machine::new(program).expect("it has just been compiled")
}

fn run(machine: &Machine, events: &str) -> Summary {
    through::feed(&mut through::run(machine), events.as_bytes(), &mut Vec::new())
}

/// How often the triggers move a deal, and how often an event came twice.
fn expected(rules: &Rules, stream: Stream) -> (u64, u64) {
    let mut deals: HashMap<u64, (Deal, usize)> = HashMap::new();
    let (mut seen, mut moves, mut twice) = (HashSet::new(), 0, 0);
    for step in stream.steps() {
        if !seen.insert(step.number) {
            twice += 1;
            continue;
        }
        match step.what {
            What::Created(deal) => {
                deals.insert(step.deal, (deal, 0));
            }
            What::Updated(cents) => deals.get_mut(&step.deal).expect("it was created").0.cents = cents,
            What::Happened(kind, value) => {
                let (deal, stage) = deals.get_mut(&step.deal).expect("it was created");
                let fires = rules.triggers.iter().find(|trigger| {
                    // The last stage is final.
                    *stage + 1 < STAGES.len()
                        && trigger.stage > *stage
                        && (trigger.kind, trigger.value) == (kind, value)
                        && holds(&trigger.when, deal)
                });
                if let Some(trigger) = fires {
                    *stage = trigger.stage;
                    moves += 1;
                }
            }
        }
    }
    (moves, twice)
}

#[test]
fn the_triggers_move_what_their_conditions_say() {
    let stream = Stream::events(5_000);
    let events = stream.text();
    for (size, at_least) in [
        (Size::triggers(20), 20),
        (Size::triggers(200), 300),
        (Size { triggers: 400, live: 20, rules: 100, seed: 1 }, 20),
        (Size { triggers: 100, live: 100, rules: 0, seed: 7 }, 100),
    ] {
        let rules = Rules::new(size);
        let summary = run(&machine(&rules.program()), &events);
        let (moves, twice) = expected(&rules, stream);
        assert!(moves > at_least, "{size:?}: only {moves}");
        assert_eq!((summary.moves, summary.duplicates), (moves, twice), "{size:?}");
        // Each entry is recorded, and asks for three actions.
        assert_eq!(summary.effects, 4 * (stream.deals + moves), "{size:?}");
        assert_eq!((summary.rejected, summary.skipped), (0, 0), "{size:?}");
    }
}

#[test]
fn triggers_that_never_fire_change_nothing() {
    let stream = Stream::events(3_000);
    let few = run(&machine(&Rules::new(Size::triggers(20)).program()), &stream.text());
    let many = run(
        &machine(&Rules::new(Size { triggers: 300, live: 20, rules: 0, seed: 1 }).program()),
        &stream.text(),
    );
    assert_eq!((few.moves, few.effects), (many.moves, many.effects));
}

#[test]
fn a_seed_gives_the_same_again() {
    let size = Size { triggers: 30, live: 30, rules: 20, seed: 3 };
    assert_eq!(Rules::new(size).program(), Rules::new(size).program());
    assert_ne!(Rules::new(size).program(), Rules::new(Size { seed: 4, ..size }).program());
    let stream = Stream { events: 300, deals: 30, seed: 3 };
    assert_eq!(stream.text(), stream.text());
    assert_ne!(stream.text(), Stream { seed: 4, ..stream }.text());
}

#[test]
fn there_are_as_many_deals_as_asked_for_and_events_of_some_200_bytes() {
    let stream = Stream { events: 20_000, deals: 2_000, seed: 1 };
    let text = stream.text();
    assert_eq!(text.lines().count(), 20_000);
    // Some come a second time.
    let created: HashSet<&str> = text.lines().filter(|line| line.contains("\"deal.created\"")).collect();
    assert_eq!(created.len(), 2_000);
    let size = text.len() / 20_000;
    assert!((180..210).contains(&size), "{size} bytes");
    let most = Stream { events: 1_000, deals: 900, seed: 1 };
    assert!(most.steps().filter(|step| matches!(step.what, What::Created(_))).count() >= 890);
}

#[test]
fn the_days_are_those_of_the_calendar() {
    let first = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
    for after in 0..150 {
        assert_eq!(day(after), (first + chrono::TimeDelta::days(after.into())).to_string());
    }
}
