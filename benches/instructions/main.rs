//! Three fixed pieces of work whose instructions `.ci/instructions` counts: `stream`, `conditions` and `compile`. What is
//! counted is only what happens in the function of that name; nothing here is timed.

#[path = "../rules/mod.rs"]
mod rules;
#[path = "../workload/through.rs"]
mod through;
#[path = "../workload/mod.rs"]
mod workload;

use stagegate::program::Program;
use stagegate::value::Value;
use stagegate::vm::Machine;
use std::hint::black_box;
use through::Conditions;
use workload::deals::{Deal, Step, Stream, What};
use workload::rules::{Rules, Size};

fn main() {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let all = !["stream", "conditions", "compile"].contains(&asked.as_str());
    if all || asked == "stream" {
        let machine = machine(200);
        let text = Stream::events(20_000).text();
        let effects = stream(black_box(&machine), black_box(&text));
        assert!(effects.len() > 1_000_000);
    }
    if all || asked == "conditions" {
        let machine = machine(1_000);
        let records = records(&machine, 1_000);
        let hold = conditions(black_box(&mut Conditions::new(&machine)), black_box(&records));
        assert!(hold > 100_000);
    }
    if all || asked == "compile" {
        let text = rules::program(10_000);
        assert!(compile(black_box(&text)).to_bytes().is_ok());
    }
}

fn machine(triggers: usize) -> Machine {
    through::machine(&Rules::new(Size::triggers(triggers)).program())
}

/// The values of so many new deals.
fn records(machine: &Machine, count: u64) -> Vec<Vec<Value>> {
    let mut random = workload::Random(2);
    let line = |number| {
        let mut line = String::new();
        let what = What::Created(Deal::new(&mut random));
        Step { number, deal: number, time: number, what }.line(&mut line);
        line
    };
    let lines: Vec<String> = (0..count).map(line).collect();
    through::records(machine, lines.iter().map(String::as_str))
}

/// A stream of 20,000 events through 200 triggers.
#[inline(never)]
fn stream(machine: &Machine, text: &str) -> Vec<u8> {
    let mut effects = Vec::new();
    through::feed(&mut through::run(machine), text.as_bytes(), &mut effects);
    effects
}

/// A thousand conditions about each of a thousand records.
#[inline(never)]
fn conditions(conditions: &mut Conditions<'_>, records: &[Vec<Value>]) -> usize {
    let mut hold = 0;
    for record in records {
        conditions.prepare();
        hold += (0..conditions.count()).filter(|number| conditions.holds(*number, record)).count();
    }
    hold
}

/// A program of 10,000 lines, from its text.
#[inline(never)]
fn compile(text: &str) -> Program {
    through::program(text)
}
