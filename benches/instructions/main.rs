//! Three fixed pieces of work whose instructions `.ci/instructions` counts: `stream`, `conditions` and `compile`. What is
//! counted is only what happens in the function of that name; nothing here is timed.

#[path = "../rules/mod.rs"]
mod rules;
#[path = "../workload/mod.rs"]
mod workload;

use stagegate::compiler;
use stagegate::engine::record::Slot;
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::program::{ChunkId, Program};
use stagegate::run::{OnError, Run, Surroundings};
use stagegate::value::{EntityId, PipelineId, Value};
use stagegate::vm::conditions::Subject;
use stagegate::vm::{Context, Machine, Scratch};
use std::hint::black_box;
use std::sync::atomic::AtomicBool;
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
        let chunks: Vec<ChunkId> =
            machine.program().triggers.iter().filter_map(|trigger| trigger.when).collect();
        let records = records(&machine, 1_000);
        let hold = conditions(black_box(&machine), black_box(&chunks), black_box(&records));
        assert!(hold > 100_000);
    }
    if all || asked == "compile" {
        let text = rules::program(10_000);
        assert!(compile(black_box(&text)).to_bytes().is_ok());
    }
}

fn machine(triggers: usize) -> Machine {
    let text = Rules::new(Size::triggers(triggers)).program();
    Machine::new(compiled(&text)).expect("it has just been compiled")
}

fn compiled(text: &str) -> Program {
    let loaded = compiler::load(&["program.rules".into()], &mut |_| Ok(text.as_bytes().to_vec()));
    let model = compiler::check(&loaded).model.expect("a program without mistakes");
    stagegate::lower::lower(&model, &loaded.sources).expect("it is not too large")
}

/// The values of so many new deals.
fn records(machine: &Machine, count: u64) -> Vec<Vec<Value>> {
    let mut random = workload::Random(2);
    let mut engine = Engine::new(machine, Options::default());
    let mut decoder = Decoder::new(machine.program());
    let record = |number| {
        let (mut line, mut slot) = (String::new(), Slot::default());
        let what = What::Created(Deal::new(&mut random));
        Step { number, deal: number, time: number, what }.line(&mut line);
        let Ok(Decoded::Event(event)) = decoder.decode(&line) else { panic!("not decoded: {line}") };
        let (clock, others) =
            (event.time.expect("it says when"), |_: EntityId, _: &str| -> Option<&[Value]> { None });
        engine.apply(&mut slot, &others, &event, clock, &mut Vec::new()).expect("it breaks nothing");
        slot.values().expect("it lives").to_vec()
    };
    (0..count).map(record).collect()
}

/// A stream of 20,000 events through 200 triggers.
#[inline(never)]
fn stream(machine: &Machine, text: &str) -> Vec<u8> {
    let mut effects = Vec::new();
    let mut run = Run::new(Engine::new(machine, Options::default()), machine.program());
    let mut around = Surroundings {
        effects: &mut effects,
        rejected: &mut |line| panic!("line {}: {}", line.line, line.rejection.message),
        on_error: OnError::Skip,
        interrupted: &AtomicBool::new(false),
        idle: &AtomicBool::new(false),
        progress: &mut |_| {},
        tick: None,
    };
    run.feed("events", &mut text.as_bytes(), &mut around).expect("memory can be read");
    run.finish(None, &mut around).expect("memory can be written");
    effects
}

/// A thousand conditions about each of a thousand records.
#[inline(never)]
fn conditions(machine: &Machine, chunks: &[ChunkId], records: &[Vec<Value>]) -> usize {
    let mut scratch = Scratch::default();
    let mut hold = 0;
    for record in records {
        scratch.forget();
        hold += chunks.iter().filter(|chunk| holds(machine, &mut scratch, **chunk, record)).count();
    }
    hold
}

/// A program of 10,000 lines, from its text.
#[inline(never)]
fn compile(text: &str) -> Program {
    compiled(text)
}

/// Whether a condition about a record alone holds, as the engine asks it.
fn holds(machine: &Machine, scratch: &mut Scratch, chunk: ChunkId, record: &[Value]) -> bool {
    let plainly = machine.holds_plainly(scratch, chunk, Subject { record, event: None, old: None });
    plainly.unwrap_or_else(|| {
        let context = Context {
            record,
            entity: EntityId(0),
            event: None,
            old: None,
            output: &|_| None,
            lookup: &|_, _| None,
            now: Default::default(),
            pipeline: PipelineId(0),
            home: PipelineId(0),
        };
        machine.holds(scratch, chunk, &context).expect("it can be computed")
    })
}
