//! One record's life: queue, triggers, rules, effects. No I/O, no clock, no randomness, no threads.
//!
//! [`Engine::apply`] is a pure function over one record: given what is known of a subject and an event, it
//! changes the record and appends effects. Time is an input too: [`Engine::advance`] fires the timers of a record up to
//! an instant. Whoever calls them moves the clock, keeps the records, and lends those of the same partition for
//! references.

mod actions;
mod bodies;
pub mod counts;
pub(crate) mod dedup;
pub mod effect;
mod eligible;
mod lifecycle;
mod moves;
mod patterns;
mod queue;
pub mod record;
pub mod remembered;
mod rules;
pub(crate) mod tables;
mod timers;
pub mod trace;
mod triggers;
pub mod waiting;
pub mod watch;

use crate::event::{Event, EventBody, Rejection, Subject, decode};
use crate::program::sites::Sites;
use crate::program::{ChunkId, Program};
use crate::value::*;
use crate::vm::conditions::Subject as Looked;
use crate::vm::{Context, Frame, Machine, Scratch};
use chrono::{DateTime, Utc};
use counts::Counts;
use effect::{Cause, Effect, EffectKind, Params};
use patterns::Occasion;
use queue::Entry;
use record::{Deleted, Place, Record, Slot};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tables::Tables;
use trace::Trace;
use waiting::Waiting;
use watch::{Noted, Watch};

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
    /// Timers of one record that may fire between two inputs.
    pub timers: usize,
    /// Whether a `let` of an action is answered at once, with outputs made up from the record and a count.
    pub simulate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { dedup: 16, moves: 32, queue: 1000, runs: 1000, timers: 10_000, simulate: true }
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
    watch: Option<Watch>,
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
    /// The parameters of actions, before they are asked for.
    params: Vec<Params>,
    /// Where parameters are written, if they are; see [`Engine::write_params`].
    written: Option<Vec<u8>>,
    replies: Replies,
}

/// Answers that stand ready for simulated actions, by action, the first one first: outputs in the order of the
/// declaration, or why it fails.
type Replies = HashMap<ActionId, VecDeque<Result<Vec<Value>, Text>>>;

impl<'p> Engine<'p> {
    pub fn new(machine: &'p Machine, options: Options) -> Engine<'p> {
        let tables = Tables::new(machine.program());
        Engine { machine, options, tables, buffers: Buffers::default(), watch: None }
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

    /// From now on writes parameters of actions as JSON where that takes no values between: nobody wants but to write them.
    /// Effects then have [`Params::Written`], until [`Engine::forget_written`].
    pub fn write_params(&mut self) {
        self.buffers.written.get_or_insert_default();
    }

    /// What has been written of parameters.
    pub fn written(&self) -> &[u8] {
        self.buffers.written.as_deref().unwrap_or_default()
    }

    /// The effects are over that have parameters written.
    pub fn forget_written(&mut self) {
        if let Some(written) = &mut self.buffers.written {
            written.clear();
        }
    }

    /// Takes the room of an effect that is over: the next one needs none of its own.
    pub fn recycle(&mut self, effect: Effect) {
        if let EffectKind::ActionRequested { params: Params::Values(params), .. } = effect.kind {
            self.buffers.scratch.recycle(params);
        }
    }

    /// Answers the next `let` of this action, of whatever record, with these outputs (in the order of the declaration)
    /// or with a failure, instead of a simulated answer. Only with [`Options::simulate`].
    pub fn reply(&mut self, action: ActionId, answer: Result<Vec<Value>, Text>) {
        self.buffers.replies.entry(action).or_default().push_back(answer);
    }

    /// How many answers given to [`Engine::reply`] nobody has asked for yet.
    pub fn open_replies(&self, action: ActionId) -> usize {
        self.buffers.replies.get(&action).map_or(0, VecDeque::len)
    }

    /// From now on notes all that is decided, until it is taken. With sites (those of the machine's own program) the values
    /// of conditions too, and with `bodies` those in bodies.
    pub fn watch(&mut self, sites: Option<Arc<Sites>>, bodies: bool) {
        self.watch = Some(Watch { sites, bodies, noted: Vec::new(), counts: None });
    }

    /// From now on counts how often everything happens, instead of noting each thing. The sites are those of the machine's
    /// own program.
    pub fn count(&mut self, sites: Arc<Sites>) {
        let counts = Some(Counts::default());
        self.watch = Some(Watch { sites: Some(sites), bodies: true, noted: Vec::new(), counts });
    }

    /// How often everything has happened since this was last asked. Nothing if nobody counts.
    pub fn take_counts(&mut self) -> Counts {
        let counts = self.watch.as_mut().and_then(|watch| watch.counts.as_mut());
        counts.map(std::mem::take).unwrap_or_default()
    }

    /// What was decided since this was last asked, by one record after the other. Nothing if nobody watches.
    pub fn take_noted(&mut self) -> Vec<Noted> {
        self.watch.as_mut().map(|watch| std::mem::take(&mut watch.noted)).unwrap_or_default()
    }

    /// Notes what becomes of an event without the record doing anything.
    fn note_event(&mut self, slot: &Slot, event: &Event, clock: DateTime<Utc>, trace: Trace) {
        let watch = self.watch.as_mut().filter(|watch| watch.counts.is_none());
        let (Some(watch), Some(subject)) = (watch, event.subject()) else { return };
        let (place, effects) = match slot {
            Slot::Living(record) => (record.place, record.effects),
            Slot::Deleted(deleted) => (None, deleted.effects),
            Slot::Absent => (None, 0),
        };
        let (subject, cause) =
            (subject.clone(), Cause { id: event.id.clone(), source: event.source.clone() });
        watch.noted.push(Noted { subject, time: clock, cause, timer: false, place, effects, trace });
    }

    /// Whether the record can take an event, and whether that moves the clock: one that it has seen does not. Nothing
    /// changes, and the answer is the same before and after timers have fired.
    ///
    /// # Errors
    /// Why the record cannot take it.
    pub fn check(&self, slot: &Slot, event: &Event) -> Result<bool, Rejection> {
        let Some(subject) = event.subject() else { return Ok(true) };
        Ok(!matches!(self.admit(slot, event, subject, dedup::hash(event))?, Admitted::Duplicate))
    }

    /// Applies an event to the record that it is about, at `clock`, which the caller has moved to the event's
    /// time. Timers of the record that are due by then fire first. A rejected event changes nothing at all; the caller
    /// moves its clock back, as for a duplicate. A clock event only fires timers.
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
        trace: Option<&mut Vec<Trace>>,
    ) -> Result<Handled, Rejection> {
        self.apply_hashed(slot, view, (event, dedup::hash(event)), clock, effects, trace)
    }

    /// As [`Engine::apply_traced`], with the event's [hash](dedup::hash).
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub(crate) fn apply_hashed(
        &mut self,
        slot: &mut Slot,
        view: View<'_>,
        (event, hash): (&Event, u128),
        clock: DateTime<Utc>,
        effects: &mut Vec<Effect>,
        mut trace: Option<&mut Vec<Trace>>,
    ) -> Result<Handled, Rejection> {
        let Some(subject) = event.subject() else {
            self.advance_traced(slot, view, clock, effects, trace);
            return Ok(Handled::Applied);
        };
        let place = match self.admit(slot, event, subject, hash)? {
            Admitted::Duplicate => {
                self.note_event(slot, event, clock, Trace::Duplicate);
                if let Some(trace) = trace {
                    trace.push(Trace::Duplicate);
                }
                return Ok(Handled::Duplicate);
            }
            Admitted::Echo => {
                self.advance_traced(slot, view, clock, effects, trace.as_deref_mut());
                match slot {
                    Slot::Living(record) => record.seen.push(hash, self.options.dedup),
                    Slot::Deleted(deleted) => deleted.seen.push(hash, self.options.dedup),
                    Slot::Absent => {}
                }
                self.note_event(slot, event, clock, Trace::Echo);
                if let Some(trace) = trace {
                    trace.push(Trace::Echo);
                }
                return Ok(Handled::Echo);
            }
            Admitted::Created(place) => place,
            Admitted::Heard => None,
        };
        self.advance_traced(slot, view, clock, effects, trace.as_deref_mut());
        let program = self.program();
        if let EventBody::Created { fields, .. } = &event.body {
            *slot = Slot::Living(Box::new(lifecycle::new_record(program, subject, fields, clock)));
        }
        let Slot::Living(record) = slot else { return Ok(Handled::Nothing) };
        let handled = match &event.body {
            EventBody::Created { .. } => {
                if let Some(place) = place {
                    let mut life = self.life(record, view, Some(event), clock, effects, trace);
                    life.created(place);
                    life.work_off(Entry::Input);
                }
                Handled::Applied
            }
            EventBody::Happened { .. } => {
                // The commonest event of all is one that nothing here listens to.
                let mut life = self.life(record, view, Some(event), clock, effects, trace);
                life.work_off(Entry::Input);
                Handled::Applied
            }
            EventBody::Updated { changes, .. } => {
                let mut life = self.life(record, view, Some(event), clock, effects, trace);
                let time = event.time.unwrap_or(life.now);
                match life.change(changes.iter().map(|(field, value)| (*field, value)), time) {
                    None => Handled::Nothing,
                    Some(change) => {
                        let change = queue::Change { joined: life.joined, ..change };
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
                    let mut life = self.life(record, view, Some(event), clock, effects, trace);
                    life.enter(to, effect::Mover::Event, None);
                    life.work_off(Entry::Input);
                    Handled::Applied
                }
            }
            EventBody::Deleted { .. } => {
                let mut seen = std::mem::take(&mut record.seen);
                seen.push(hash, self.options.dedup);
                *slot = Slot::Deleted(Box::new(Deleted { effects: record.effects, seen }));
                return Ok(Handled::Applied);
            }
            EventBody::Completed { .. } | EventBody::Failed { .. } => {
                let mut life = self.life(record, view, Some(event), clock, effects, trace);
                if life.outcome(event) {
                    Handled::Applied
                } else {
                    life.note(|| Trace::OutcomeIgnored);
                    Handled::Nothing
                }
            }
            // It has been dealt with above.
            EventBody::Clock => Handled::Nothing,
        };
        record.clock = record.clock.max(clock);
        record.seen.push(hash, self.options.dedup);
        settle_timers(record);
        Ok(handled)
    }

    /// When the first timer of a record is due.
    pub fn next_due(record: &Record) -> Option<DateTime<Utc>> {
        record.due()
    }

    /// Fires all timers of a record that are due up to an instant, each with the clock at its own due time.
    pub fn advance(&mut self, slot: &mut Slot, view: View<'_>, to: DateTime<Utc>, effects: &mut Vec<Effect>) {
        self.advance_traced(slot, view, to, effects, None);
    }

    fn advance_traced(
        &mut self,
        slot: &mut Slot,
        view: View<'_>,
        to: DateTime<Utc>,
        effects: &mut Vec<Effect>,
        mut trace: Option<&mut Vec<Trace>>,
    ) {
        while self.fire_traced(slot, view, to, effects, trace.as_deref_mut()) {}
    }

    /// Fires the timers of a record that are due first, all of one instant, if that is not after `to`, the instant to
    /// which the clock is moving. False if there are none.
    pub fn fire(
        &mut self,
        slot: &mut Slot,
        view: View<'_>,
        to: DateTime<Utc>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        self.fire_traced(slot, view, to, effects, None)
    }

    fn fire_traced(
        &mut self,
        slot: &mut Slot,
        view: View<'_>,
        to: DateTime<Utc>,
        effects: &mut Vec<Effect>,
        trace: Option<&mut Vec<Trace>>,
    ) -> bool {
        let Slot::Living(record) = slot else { return false };
        let Some(due) = record.due().filter(|due| *due <= to) else { return false };
        let mut life = self.life(record, view, None, due, effects, trace);
        life.fire_due(to);
        settle_timers(record);
        true
    }

    /// What an event is to the record, or why it cannot be anything.
    fn admit(
        &self,
        slot: &Slot,
        event: &Event,
        subject: &Subject,
        hash: u128,
    ) -> Result<Admitted, Rejection> {
        let (seen, count) = match slot {
            Slot::Absent => (None, 0),
            Slot::Living(record) => (Some(&record.seen), record.effects),
            Slot::Deleted(deleted) => (Some(&deleted.seen), deleted.effects),
        };
        if seen.is_some_and(|seen| seen.contains(hash)) {
            return Ok(Admitted::Duplicate);
        }
        let program = self.program();
        let schema = &program.schema;
        // No effect deletes a record or is an outcome: whatever names one as its cause, these are news.
        let news = matches!(
            event.body,
            EventBody::Completed { .. } | EventBody::Failed { .. } | EventBody::Deleted { .. }
        );
        if !news && dedup::is_echo(schema, subject, event.cause.as_deref(), count) {
            return Ok(Admitted::Echo);
        }
        match (&event.body, slot) {
            (EventBody::Created { pipeline, stage, .. }, Slot::Absent) => {
                let place = lifecycle::first_place(program, subject, *pipeline, stage.as_deref())?;
                return Ok(Admitted::Created(place));
            }
            (EventBody::Created { .. }, Slot::Living(_)) => return Err(lifecycle::exists(schema, subject)),
            (_, Slot::Deleted(_)) => return Err(lifecycle::deleted_subject(schema, subject)),
            (_, Slot::Absent) => return Err(lifecycle::unknown_subject(schema, subject)),
            (EventBody::Moved { pipeline, stage, .. }, Slot::Living(record)) => {
                lifecycle::target(program, record, *pipeline, stage)?;
            }
            (EventBody::Completed { outputs, .. }, Slot::Living(record)) => {
                let call = record
                    .awaiting(schema, event)
                    .and_then(|(_, call)| program.code.calls.get(call.0 as usize));
                if let Some(call) = call {
                    decode::outputs(program, call.action, outputs)?;
                }
            }
            _ => {}
        }
        Ok(Admitted::Heard)
    }

    fn life<'a, 'v>(
        &'a mut self,
        record: &'a mut Record,
        view: View<'v>,
        event: Option<&'a Event>,
        clock: DateTime<Utc>,
        effects: &'a mut Vec<Effect>,
        trace: Option<&'a mut Vec<Trace>>,
    ) -> Life<'a, 'v> {
        self.buffers.chain.clear();
        let now = record.clock.max(clock);
        record.clock = now;
        let joined = record.waiting.as_ref().map_or(0, |waiting| waiting.steps);
        Life {
            machine: self.machine,
            options: &self.options,
            tables: &self.tables,
            buffers: &mut self.buffers,
            record,
            view,
            event,
            cause: None,
            now,
            effects,
            trace,
            watch: self.watch.as_mut(),
            joined,
            entries: 0,
            stopped: false,
        }
    }
}

/// What an event is to a record.
enum Admitted {
    Duplicate,
    Echo,
    /// It creates the record, here.
    Created(Option<Place>),
    Heard,
}

/// Looks up the next timer when something has happened; what waits for nothing takes no room.
fn settle_timers(record: &mut Record) {
    if let Some(waiting) = &mut record.waiting {
        if waiting.is_empty() {
            record.waiting = None;
        } else {
            waiting.due = waiting.earliest();
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
    /// The event that came from outside; `None` where timers fire.
    event: Option<&'a Event>,
    /// The event that set the timer which fires.
    cause: Option<Cause>,
    now: DateTime<Utc>,
    effects: &'a mut Vec<Effect>,
    trace: Option<&'a mut Vec<Trace>>,
    watch: Option<&'a mut Watch>,
    /// How many times something had begun to wait when the event came.
    joined: u64,
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
    fn happened(&self) -> Option<Occasion<'a>> {
        let event = self.event?;
        match &event.body {
            EventBody::Happened { event: id, payload, .. } => Some(Occasion {
                event: Some(*id),
                name: &event.name,
                time: event.time.unwrap_or(self.now),
                payload,
                changed: None,
                old: None,
                completed: &[],
            }),
            _ => None,
        }
    }

    /// What brings the effects of now: the event, or the one that set the timer.
    fn cause(&self) -> Cause {
        match (&self.cause, self.event) {
            (Some(cause), _) => cause.clone(),
            (None, Some(event)) => Cause { id: event.id.clone(), source: event.source.clone() },
            // Every timer keeps its cause.
            (None, None) => Cause { id: "".into(), source: "".into() },
        }
    }

    fn waiting(&mut self) -> &mut Waiting {
        self.record.waiting.get_or_insert_default()
    }

    /// The value of an expression.
    fn evaluate(
        &mut self,
        chunk: ChunkId,
        now: DateTime<Utc>,
        occasion: Option<&Occasion<'_>>,
    ) -> Result<Value, Failure> {
        let (machine, scratch) = (self.machine, &mut self.buffers.scratch);
        let home = home(machine.program(), self.record, chunk);
        let mut counting = self.watch.as_deref_mut().and_then(Watch::counting);
        with_context(self.record, self.view, now, home, occasion, |context| match &mut counting {
            None => machine.evaluate(scratch, chunk, context),
            Some(counting) => machine.evaluate_watched(scratch, chunk, &[], context, counting),
        })
    }

    /// Whether a condition holds; no condition always does.
    fn holds(&mut self, chunk: Option<ChunkId>, occasion: Option<&Occasion<'_>>) -> Result<bool, Failure> {
        self.buffers.scratch.forget();
        self.still_holds(chunk, occasion)
    }

    /// As [`Life::holds`], where nothing has changed since another condition was asked.
    fn still_holds(
        &mut self,
        chunk: Option<ChunkId>,
        occasion: Option<&Occasion<'_>>,
    ) -> Result<bool, Failure> {
        let Some(chunk) = chunk else { return Ok(true) };
        // Whoever watches wants to see each of its parts.
        if self.watch.is_none() {
            let looked = Looked {
                record: &self.record.values,
                event: occasion.map(Occasion::view),
                old: occasion.and_then(|occasion| occasion.old),
            };
            let known = self.machine.holds_plainly(&mut self.buffers.scratch, chunk, looked);
            if let Some(holds) = known {
                return Ok(holds);
            }
        }
        match self.condition_value(chunk, &[], occasion)? {
            Value::Bool(holds) => Ok(holds),
            _ => Err(crate::vm::wrong_type()),
        }
    }

    fn emit(&mut self, kind: EffectKind) {
        // Without a pipeline nothing runs that could bring an effect.
        let Some(place) = self.record.place else { return };
        let cause = self.cause();
        self.record.effects += 1;
        self.effects.push(Effect {
            subject: self.record.subject.clone(),
            number: self.record.effects,
            pipeline: place.pipeline,
            time: self.now,
            cause,
            kind,
        });
    }
}

/// The pipeline in whose text code stands: a rule may outlive the record's stay there.
fn home(program: &Program, record: &Record, chunk: ChunkId) -> PipelineId {
    let written = program.code.chunks.get(chunk.0 as usize).and_then(|chunk| chunk.pipeline);
    written.or(record.place.map(|place| place.pipeline)).unwrap_or(PipelineId(0))
}

/// Shows code the record as it stands.
fn with_context<T>(
    record: &Record,
    view: View<'_>,
    now: DateTime<Utc>,
    home: PipelineId,
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
        old: occasion.and_then(|occasion| occasion.old),
        output: &output,
        lookup: &lookup,
        now,
        pipeline: record.place.map_or(home, |place| place.pipeline),
        home,
    })
}
