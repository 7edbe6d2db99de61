//! One record's life: queue, triggers, rules, effects. No I/O, no clock, no randomness, no threads.
//!
//! [`Engine::apply`] is a pure function over one record: given what is known of a subject and an event, it
//! changes the record and appends effects. Whoever calls it moves the clock, keeps the records, and lends
//! those of the same partition for references.

mod actions;
mod dedup;
pub mod effect;
mod lifecycle;
mod moves;
mod patterns;
mod queue;
pub mod record;
mod rules;
mod tables;
pub mod trace;
mod triggers;

use crate::event::{Event, EventBody, Rejection};
use crate::program::{ChunkId, Program};
use crate::value::*;
use crate::vm::{Context, Frame, Machine, Scratch};
use chrono::{DateTime, Utc};
use effect::{Cause, Effect, EffectKind};
use patterns::Occasion;
use queue::Entry;
use record::{Record, Slot};
use std::collections::VecDeque;
use tables::Tables;
use trace::Trace;

/// Bounds and choices of an engine. All but `simulate` protect; the defaults are those of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many events a record remembers, to know one that comes again.
    pub dedup: usize,
    /// Moves of one record that one event may bring.
    pub moves: usize,
    /// Queue entries of one record that one event may bring.
    pub queue: usize,
    /// Runs of one rule that may be under way for one record.
    pub runs: usize,
    /// Whether a `let` of an action is answered at once, with outputs made up from the record and a count.
    pub simulate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { dedup: 16, moves: 32, queue: 1000, runs: 1000, simulate: true }
    }
}

/// The other records of the partition, as they stand: by entity and id, all their values. The record at hand
/// is never asked for.
pub type View<'a> = &'a dyn Fn(EntityId, &str) -> Option<&'a [Value]>;

/// What became of an event that was not rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It was handled; that may have brought effects or none.
    Applied,
    /// This record has seen it: dropped. It does not move the clock.
    Duplicate,
    /// It is the echo of one of the record's own effects: it changes nothing.
    Echo,
    /// It asks for what already is, or concerns nothing here.
    Nothing,
}

/// Runs records through a program. Holds no record: only buffers that are used again.
pub struct Engine<'p> {
    machine: &'p Machine,
    options: Options,
    tables: Tables,
    buffers: Buffers,
}

#[derive(Default)]
struct Buffers {
    queue: VecDeque<Entry>,
    /// Emptied vectors of values.
    spare: Vec<Vec<Value>>,
    chain: Vec<StageId>,
    scratch: Scratch,
    /// Of the body that ended last.
    frame: Option<Frame>,
}

impl<'p> Engine<'p> {
    pub fn new(machine: &'p Machine, options: Options) -> Engine<'p> {
        let tables = Tables::new(machine.program());
        Engine { machine, options, tables, buffers: Buffers::default() }
    }

    pub fn machine(&self) -> &'p Machine {
        self.machine
    }

    pub fn program(&self) -> &'p Program {
        self.machine.program()
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Applies an event to the record that it is about, at `clock`, which the caller has moved to the event's
    /// time. A rejected event changes nothing at all; the caller moves its clock back, as for a duplicate.
    ///
    /// Effects are appended.
    ///
    /// # Errors
    /// An event that the record cannot take: it has changed nothing.
    pub fn apply(
        &mut self,
        slot: &mut Slot,
        view: View<'_>,
        event: &Event,
        clock: DateTime<Utc>,
        effects: &mut Vec<Effect>,
    ) -> Result<Handled, Rejection> {
        self.apply_traced(slot, view, event, clock, effects, None)
    }

    /// As [`Engine::apply`]; where `trace` is given, it also says what did not happen, and why.
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub fn apply_traced(
        &mut self,
        slot: &mut Slot,
        view: View<'_>,
        event: &Event,
        clock: DateTime<Utc>,
        effects: &mut Vec<Effect>,
        mut trace: Option<&mut Vec<Trace>>,
    ) -> Result<Handled, Rejection> {
        let Some(subject) = event.subject() else {
            // Nothing waits for the clock yet.
            return Ok(Handled::Nothing);
        };
        let hash = dedup::hash(event);
        let (seen, count): (&[u128], u64) = match slot {
            Slot::Absent => (&[], 0),
            Slot::Living(record) => (&record.seen, record.effects),
            Slot::Deleted { effects, seen } => (seen, *effects),
        };
        if seen.contains(&hash) {
            if let Some(trace) = trace {
                trace.push(Trace::Duplicate);
            }
            return Ok(Handled::Duplicate);
        }
        let program = self.program();
        let schema = &program.schema;
        if dedup::is_echo(schema, subject, event.cause.as_deref(), count) {
            match slot {
                Slot::Living(record) => dedup::remember(&mut record.seen, hash, self.options.dedup),
                Slot::Deleted { seen, .. } => dedup::remember(seen, hash, self.options.dedup),
                Slot::Absent => {}
            }
            if let Some(trace) = trace {
                trace.push(Trace::Echo);
            }
            return Ok(Handled::Echo);
        }

        let record = match (&event.body, &mut *slot) {
            (EventBody::Created { fields, pipeline, stage, .. }, Slot::Absent) => {
                let place = lifecycle::first_place(program, subject, *pipeline, stage.as_deref())?;
                *slot = Slot::Living(Box::new(lifecycle::new_record(program, subject, fields, clock)));
                let Slot::Living(record) = slot else { return Ok(Handled::Nothing) };
                dedup::remember(&mut record.seen, hash, self.options.dedup);
                let Some(place) = place else { return Ok(Handled::Applied) };
                let mut life = self.life(record, view, event, clock, effects, trace);
                life.created(place);
                life.work_off(Entry::Input);
                return Ok(Handled::Applied);
            }
            (EventBody::Created { .. }, Slot::Living(_)) => return Err(lifecycle::exists(schema, subject)),
            (_, Slot::Deleted { .. }) => return Err(lifecycle::deleted_subject(schema, subject)),
            (_, Slot::Absent) => return Err(lifecycle::unknown_subject(schema, subject)),
            (_, Slot::Living(record)) => record,
        };

        let handled = match &event.body {
            EventBody::Happened { .. } => {
                // The commonest event of all is one that nothing here listens to.
                let mut life = self.life(record, view, event, clock, effects, trace);
                life.work_off(Entry::Input);
                Handled::Applied
            }
            EventBody::Updated { changes, .. } => {
                let mut life = self.life(record, view, event, clock, effects, trace);
                let time = event.time.unwrap_or(life.now);
                match life.change(changes.iter().map(|(field, value)| (*field, value)), time) {
                    None => Handled::Nothing,
                    Some(change) => {
                        life.work_off(Entry::Change(change));
                        Handled::Applied
                    }
                }
            }
            EventBody::Moved { pipeline, stage, .. } => {
                let to = lifecycle::target(program, record, *pipeline, stage)?;
                if record.place.is_some_and(|place| place.stage == to) {
                    Handled::Nothing
                } else {
                    let mut life = self.life(record, view, event, clock, effects, trace);
                    life.enter(to, effect::Mover::Event, None);
                    life.work_off(Entry::Input);
                    Handled::Applied
                }
            }
            EventBody::Deleted { .. } => {
                let mut seen = std::mem::take(&mut record.seen);
                dedup::remember(&mut seen, hash, self.options.dedup);
                *slot = Slot::Deleted { effects: record.effects, seen };
                return Ok(Handled::Applied);
            }
            EventBody::Completed { .. } | EventBody::Failed { .. } => {
                if let Some(trace) = &mut trace {
                    trace.push(Trace::OutcomeIgnored);
                }
                Handled::Nothing
            }
            // Both have been dealt with above.
            EventBody::Created { .. } | EventBody::Clock => Handled::Nothing,
        };
        if let Slot::Living(record) = slot {
            record.clock = record.clock.max(clock);
            dedup::remember(&mut record.seen, hash, self.options.dedup);
        }
        Ok(handled)
    }

    fn life<'a, 'v>(
        &'a mut self,
        record: &'a mut Record,
        view: View<'v>,
        event: &'a Event,
        clock: DateTime<Utc>,
        effects: &'a mut Vec<Effect>,
        trace: Option<&'a mut Vec<Trace>>,
    ) -> Life<'a, 'v> {
        self.buffers.chain.clear();
        let now = record.clock.max(clock);
        record.clock = now;
        Life {
            machine: self.machine,
            options: &self.options,
            tables: &self.tables,
            buffers: &mut self.buffers,
            record,
            view,
            event,
            now,
            effects,
            trace,
            visit: 0,
            stay: 0,
            entries: 0,
            stopped: false,
        }
    }
}

/// One event being applied to one record: everything that happens because of it.
struct Life<'a, 'v> {
    machine: &'a Machine,
    options: &'a Options,
    tables: &'a Tables,
    buffers: &'a mut Buffers,
    record: &'a mut Record,
    view: View<'v>,
    /// The event that came from outside.
    event: &'a Event,
    now: DateTime<Utc>,
    effects: &'a mut Vec<Effect>,
    trace: Option<&'a mut Vec<Trace>>,
    /// Counts entries into stages: what began in an earlier visit sees that the record has left.
    visit: u32,
    /// Counts entries into pipelines.
    stay: u32,
    /// Queue entries so far.
    entries: usize,
    /// The chain has been cut: nothing starts any more.
    stopped: bool,
}

impl<'a> Life<'a, '_> {
    fn program(&self) -> &'a Program {
        self.machine.program()
    }

    /// The event that came from outside, as code sees it. `None` for one that no code can see.
    fn input(&self) -> Option<Occasion<'a>> {
        let event = self.event;
        match &event.body {
            EventBody::Happened { event: id, payload, .. } => Some(Occasion {
                event: Some(*id),
                name: &event.name,
                time: event.time.unwrap_or(self.now),
                payload,
                change: None,
            }),
            _ => None,
        }
    }

    /// The value of an expression.
    fn evaluate(&mut self, chunk: ChunkId, occasion: Option<&Occasion<'_>>) -> Result<Value, Failure> {
        let (machine, scratch) = (self.machine, &mut self.buffers.scratch);
        with_context(self.record, self.view, self.now, occasion, |context| {
            machine.evaluate(scratch, chunk, context)
        })
    }

    /// Whether a condition holds; no condition always does.
    fn holds(&mut self, chunk: Option<ChunkId>, occasion: Option<&Occasion<'_>>) -> Result<bool, Failure> {
        let Some(chunk) = chunk else { return Ok(true) };
        let (machine, scratch) = (self.machine, &mut self.buffers.scratch);
        with_context(self.record, self.view, self.now, occasion, |context| {
            machine.holds(scratch, chunk, context)
        })
    }

    fn emit(&mut self, kind: EffectKind) {
        // Without a pipeline nothing runs that could bring an effect.
        let Some(place) = self.record.place else { return };
        self.record.effects += 1;
        self.effects.push(Effect {
            subject: self.record.subject.clone(),
            number: self.record.effects,
            pipeline: place.pipeline,
            time: self.now,
            cause: Cause { id: self.event.id.clone(), source: self.event.source.clone() },
            kind,
        });
    }

    fn note(&mut self, trace: impl FnOnce() -> Trace) {
        if let Some(traces) = &mut self.trace {
            traces.push(trace());
        }
    }
}

/// Shows code the record as it stands.
fn with_context<T>(
    record: &Record,
    view: View<'_>,
    now: DateTime<Utc>,
    occasion: Option<&Occasion<'_>>,
    run: impl FnOnce(&Context<'_>) -> T,
) -> T {
    /// Lets the records lent for the partition's life be lent for a shorter one.
    fn shorter<'b, F: Fn(EntityId, &str) -> Option<&'b [Value]>>(lookup: F) -> F {
        lookup
    }
    let output = |id: OutputId| record.outputs.get(&id);
    let lookup = shorter(|entity, id| view(entity, id));
    run(&Context {
        record: &record.values,
        entity: record.subject.entity,
        event: occasion.map(Occasion::view),
        old: occasion.and_then(Occasion::old),
        output: &output,
        lookup: &lookup,
        now,
        pipeline: record.place.map_or(PipelineId(0), |place| place.pipeline),
    })
}
