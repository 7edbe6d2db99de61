//! The workload through Stagegate, as somebody uses it who has it in a program of their own.

// Whoever includes this uses a part of it.
#![allow(dead_code)]

use stagegate::compiler;
use stagegate::engine::record::Slot;
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::program::{ChunkId, Program};
use stagegate::run::{OnError, Run, Summary, Surroundings};
use stagegate::value::{EntityId, PipelineId, Value};
use stagegate::vm::conditions::Subject;
use stagegate::vm::{Context, Machine, Scratch};
use std::io::Write;
use std::sync::atomic::AtomicBool;

/// A program from its text.
pub fn program(text: &str) -> Program {
    let loaded = compiler::load(&["program.rules".into()], &mut |_| Ok(text.as_bytes().to_vec()));
    let model = compiler::check(&loaded).model.expect("a program without mistakes");
    stagegate::lower::lower(&model, &loaded.sources).expect("it is not too large")
}

pub fn machine(text: &str) -> Machine {
    Machine::new(program(text)).expect("it has just been compiled")
}

/// The conditions of a program's triggers, asked one by one: `Machine::holds_plainly`, and where that cannot say,
/// `Machine::holds`.
pub struct Conditions<'m> {
    machine: &'m Machine,
    chunks: Vec<ChunkId>,
    scratch: Scratch,
    entity: EntityId,
}

impl<'m> Conditions<'m> {
    pub fn new(machine: &'m Machine) -> Self {
        let program = machine.program();
        let entity = program.schema.entities.iter().position(|entity| &*entity.name == "Deal");
        Conditions {
            machine,
            chunks: program.triggers.iter().filter_map(|trigger| trigger.when).collect(),
            scratch: Scratch::default(),
            entity: EntityId(entity.expect("the library has deals") as u16),
        }
    }

    pub fn count(&self) -> usize {
        self.chunks.len()
    }

    /// Another record, or another event, or one of the two has changed.
    pub fn prepare(&mut self) {
        self.scratch.forget();
    }

    pub fn holds(&mut self, condition: usize, record: &[Value]) -> bool {
        let chunk = self.chunks[condition];
        let subject = Subject { record, event: None, old: None };
        match self.machine.holds_plainly(&mut self.scratch, chunk, subject) {
            Some(holds) => holds,
            None => self.compute(chunk, record),
        }
    }

    #[cold]
    fn compute(&mut self, chunk: ChunkId, record: &[Value]) -> bool {
        let context = Context {
            record,
            entity: self.entity,
            event: None,
            old: None,
            output: &|_| None,
            lookup: &|_, _| None,
            now: Default::default(),
            pipeline: PipelineId(0),
            home: PipelineId(0),
        };
        self.machine.holds(&mut self.scratch, chunk, &context).expect("it can be computed")
    }
}

/// The values of the record that each line creates.
pub fn records<'l>(machine: &Machine, lines: impl Iterator<Item = &'l str>) -> Vec<Vec<Value>> {
    let mut engine = Engine::new(machine, Options::default());
    let mut decoder = Decoder::new(machine.program());
    let record = |line: &str| {
        let Ok(Decoded::Event(event)) = decoder.decode(line) else { panic!("not decoded: {line}") };
        let mut slot = Slot::default();
        let clock = event.time.expect("it says when");
        engine.apply(&mut slot, &|_, _| None, &event, clock, &mut Vec::new()).expect("it breaks nothing");
        slot.values().expect("it lives").to_vec()
    };
    lines.map(record).collect()
}

pub fn run(machine: &Machine) -> Run<'_> {
    Run::new(Engine::new(machine, Options::default()), machine.program())
}

/// A whole stream, of which nothing may be rejected.
pub fn feed(run: &mut Run<'_>, mut events: &[u8], effects: &mut dyn Write) -> Summary {
    let mut around = Surroundings {
        effects,
        rejected: &mut |line| panic!("line {}: {}", line.line, line.rejection.message),
        on_error: OnError::Skip,
        interrupted: &AtomicBool::new(false),
        idle: &AtomicBool::new(false),
        progress: &mut |_| {},
        tick: None,
    };
    run.feed("events", &mut events, &mut around).expect("memory can be read");
    run.finish(None, &mut around).expect("memory can be written");
    run.summary()
}
