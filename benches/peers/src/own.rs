//! Stagegate itself, as somebody uses it who has it in a program of their own.

use crate::workload::rules::{Listener, Rules};
use stagegate::compiler;
use stagegate::engine::record::Slot;
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::program::ChunkId;
use stagegate::run::{OnError, Run, Surroundings};
use stagegate::value::{EntityId, PipelineId, Value};
use stagegate::vm::conditions::Subject;
use stagegate::vm::{Context, Machine, Scratch};
use std::io::Write;
use std::sync::atomic::AtomicBool;

pub fn machine(triggers: &[Listener]) -> Machine {
    let text = Rules { triggers: triggers.to_vec(), rules: Vec::new() }.program();
    let loaded = compiler::load(&["peers.rules".into()], &mut |_| Ok(text.as_bytes().to_vec()));
    let model = compiler::check(&loaded).model.expect("a program without mistakes");
    let program = stagegate::lower::lower(&model, &loaded.sources).expect("it can be run");
    Machine::new(program).expect("it has just been compiled")
}

/// Conditions, asked one by one: `Machine::holds_plainly`, and where that cannot say, `Machine::holds`.
pub struct Conditions<'m> {
    machine: &'m Machine,
    chunks: Vec<ChunkId>,
    scratch: Scratch,
    entity: EntityId,
    now: chrono::DateTime<chrono::Utc>,
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
            now: chrono::DateTime::UNIX_EPOCH,
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
            now: self.now,
            pipeline: PipelineId(0),
            home: PipelineId(0),
        };
        self.machine.holds(&mut self.scratch, chunk, &context).unwrap_or(false)
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
        engine.apply(&mut slot, &|_, _| None, &event, clock, &mut Vec::new()).expect("it can be applied");
        slot.values().expect("it lives").to_vec()
    };
    lines.map(record).collect()
}

/// A whole stream. Gives the moves.
pub fn stream(machine: &Machine, mut events: &[u8], effects: &mut dyn Write) -> u64 {
    let mut run = Run::new(Engine::new(machine, Options::default()), machine.program());
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
    run.summary().moves
}
