//! The interpreter: registers and suspension, nothing about stages.
//!
//! An expression is evaluated at once. A body runs until it needs the host: it then gives an [`Exit`] that says
//! what is wanted, and goes on from its [`Frame`], which is plain data, whenever the host calls again.
//! `interpret` is the loop over the instructions, `conditions` a shorter way through most conditions, `asks` one through most
//! bodies.

pub(crate) mod asks;
pub mod conditions;
mod interpret;
pub mod observe;

pub(crate) use interpret::wrong_type;

use crate::program::file::LoadError;
use crate::program::instr::{Instr, Reg};
use crate::program::verify::verify;
use crate::program::{Answer, CallId, ChunkId, Program, SetId, WaitForId};
use crate::value::locale::Locale;
use crate::value::print::{Labels, Names};
use crate::value::text::{Texts, keep};
use crate::value::*;
use chrono::{DateTime, Utc};
use conditions::{Conditions, Subject};
use observe::Observer;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// How much one evaluation, or one body from its beginning to its end, may do: jumps backward and calls count one
/// (and more when they work on large values), a word given to the host [`EXIT_COST`].
pub const FUEL: u32 = 10_000_000;
/// So a body may ask for some ten thousand effects.
pub const EXIT_COST: u32 = 1_000;
/// No text that a program builds may be longer than this, in bytes.
pub const MAX_TEXT: usize = 16 << 20;
/// No list that a program builds may have more elements.
pub const MAX_LIST: usize = 1 << 20;
/// Registers of all functions under way together.
pub const MAX_REGISTERS: usize = 1 << 20;

/// What code may look at while it runs.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The record's values, built-in fields first.
    pub record: &'a [Value],
    pub entity: EntityId,
    /// The event at hand, if there is one in scope.
    pub event: Option<EventView<'a>>,
    /// All fields as they were before the change at hand.
    pub old: Option<&'a [Value]>,
    /// The values of outputs that are bound.
    pub output: &'a dyn Fn(OutputId) -> Option<&'a Value>,
    /// The values of another record of the partition (never of this one).
    pub lookup: &'a dyn Fn(EntityId, &str) -> Option<&'a [Value]>,
    pub now: DateTime<Utc>,
    /// The pipeline in which the record stands.
    pub pipeline: PipelineId,
    /// The pipeline in whose text the code stands: its time zone and hours hold.
    pub home: PipelineId,
}

/// An event as code sees it.
#[derive(Clone, Copy)]
pub struct EventView<'a> {
    /// `None` for a change.
    pub event: Option<EventId>,
    /// `invoice.paid`, `deal.updated`
    pub name: &'a str,
    pub time: DateTime<Utc>,
    pub payload: &'a [Value],
}

/// A body under way: plain data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub chunk: ChunkId,
    /// The instruction to go on with; the one before it is where the body stopped.
    pub pc: u32,
    pub registers: Vec<Value>,
    /// What is left of [`FUEL`].
    pub fuel: u32,
}

/// Why a body stopped for now. The frame's pc already stands where it goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Exit {
    /// The body ended, or `stop`.
    Done,
    /// Ask for the action; under a `let`, give the outputs to [`Frame::answer`] before going on.
    Action(CallId),
    Set(SetId),
    /// `move to`: the body has ended.
    Move(StageId),
    /// The register holds the value of an output.
    Publish(OutputId, Reg),
    /// Go on when the outputs (`program.code.awaits[n]`) are bound or their rules have ended.
    Await(u32),
    /// The register holds a `duration`.
    Wait(Reg),
    /// The register holds a `datetime`.
    WaitUntil(Reg),
    WaitFor(WaitForId),
    /// A block has ended: only the first so many of the `wait for`s are still in scope.
    EndWaits(u16),
    /// The rule fails.
    Failed(Failure),
}

impl Frame {
    pub fn get(&self, reg: Reg) -> &Value {
        self.registers.get(reg.index()).unwrap_or(&Value::None)
    }

    /// Binds the outputs of an action, in the order of its declaration.
    pub fn answer(&mut self, answer: &Answer, outputs: impl IntoIterator<Item = Value>) {
        for (reg, value) in answer.outputs.iter().zip(outputs) {
            if let Some(slot) = self.registers.get_mut(reg.index()) {
                *slot = value;
            }
        }
    }

    /// Goes on at the `else` of an action or a wait.
    pub fn go_to(&mut self, pc: u32) {
        self.pc = pc;
    }

    /// The number of the statement at which the body stopped.
    pub fn statement(&self, program: &Program) -> u32 {
        let chunk = program.code.chunks.get(self.chunk.0 as usize);
        chunk.map_or(0, |chunk| chunk.statement(self.pc.saturating_sub(1)))
    }
}

/// Room for evaluations, kept by the caller from one to the next: a condition that comes to `false` then allocates
/// nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    registers: Vec<Value>,
    calls: Vec<interpret::Return>,
    /// Texts under construction: each begins where a mark stands.
    text: String,
    text_marks: Vec<usize>,
    /// Lists under construction, in the same way.
    list: Vec<Value>,
    list_marks: Vec<usize>,
    known: conditions::Known,
    /// Room of what has been asked for, and is over.
    texts: Texts,
    params: Vec<Vec<(u16, Value)>>,
}

/// A program made ready to run: proven and with its regular expressions compiled.
pub struct Machine {
    program: Arc<Program>,
    regexes: Vec<regex::Regex>,
    stage_labels: Vec<Text>,
    pipeline_labels: Vec<Text>,
    /// By pipeline.
    locales: Vec<Option<Arc<Locale>>>,
    fuel: u32,
    conditions: Conditions,
    /// By chunk.
    asks: Vec<asks::Asks>,
    /// As effects have them.
    names: Names,
}

impl Machine {
    /// Proves that the program can run, and makes it ready.
    pub fn new(program: impl Into<Arc<Program>>) -> Result<Machine, LoadError> {
        let program = program.into();
        verify(&program).map_err(LoadError::Refused)?;
        let compile = |regex: &Text| {
            regex::Regex::new(regex)
                .map_err(|_| LoadError::Damaged("a pattern after `matches` is none".into()))
        };
        let regexes = program.code.regexes.iter().map(compile).collect::<Result<_, _>>()?;
        let stage_labels = program.stages.iter().map(|stage| stage.label.clone()).collect();
        let pipeline_labels = program.pipelines.iter().map(|pipeline| pipeline.label.clone()).collect();
        let locales = locales(&program)?;
        let (conditions, names) = (Conditions::new(&program), Names::of(&program));
        let asks = program.code.chunks.iter().map(|_| asks::Asks::new()).collect();
        let fuel = FUEL;
        Ok(Machine {
            program,
            regexes,
            stage_labels,
            pipeline_labels,
            locales,
            fuel,
            conditions,
            asks,
            names,
        })
    }

    /// With another bound than [`FUEL`] for one evaluation or body.
    pub fn with_fuel(self, fuel: u32) -> Machine {
        Machine { fuel, ..self }
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The labels of stages and pipelines, for printing.
    pub fn labels(&self) -> Labels<'_> {
        Labels { stages: &self.stage_labels, pipelines: &self.pipeline_labels }
    }

    /// How a pipeline prints, if it names a locale.
    pub fn locale(&self, pipeline: PipelineId) -> Option<&Locale> {
        self.locales.get(pipeline.index())?.as_deref()
    }

    /// The value of an expression.
    pub fn evaluate(&self, scratch: &mut Scratch, chunk: ChunkId, ctx: &Context) -> Result<Value, Failure> {
        match self.at_hand(chunk, ctx) {
            Some(value) => Ok(value.clone()),
            None => self.evaluate_with(scratch, chunk, &[], ctx),
        }
    }

    /// The value of an expression that is a field or a constant, and nothing else.
    fn at_hand<'a>(&'a self, chunk: ChunkId, ctx: &'a Context<'_>) -> Option<&'a Value> {
        match self.program.code.chunks.get(chunk.0 as usize)?.code[..] {
            [Instr::Field { to, field }, Instr::Return { value }] if to == value => {
                ctx.record.get(field.index())
            }
            [Instr::Const { to, constant }, Instr::Return { value }] if to == value => {
                self.program.code.constants.get(constant as usize)
            }
            _ => None,
        }
    }

    /// Whether a condition holds.
    pub fn holds(&self, scratch: &mut Scratch, chunk: ChunkId, ctx: &Context) -> Result<bool, Failure> {
        match self.evaluate(scratch, chunk, ctx)? {
            Value::Bool(holds) => Ok(holds),
            _ => Err(interpret::wrong_type()),
        }
    }

    /// Whether a condition holds, where that can be told without the interpreter: mostly so. What was answered since
    /// [`Scratch::forget`] is not asked again.
    pub fn holds_plainly(&self, scratch: &mut Scratch, chunk: ChunkId, subject: Subject<'_>) -> Option<bool> {
        self.conditions.ask(self, chunk, subject, &mut scratch.known)
    }

    /// The value of an expression that captures values of a body: the condition of a `wait for`.
    pub fn evaluate_with(
        &self,
        scratch: &mut Scratch,
        chunk: ChunkId,
        captures: &[Value],
        ctx: &Context,
    ) -> Result<Value, Failure> {
        self.evaluate_watched(scratch, chunk, captures, ctx, &mut ())
    }

    /// As [`Machine::evaluate_with`], while somebody watches.
    pub fn evaluate_watched<O: Observer>(
        &self,
        scratch: &mut Scratch,
        chunk: ChunkId,
        captures: &[Value],
        ctx: &Context,
        observer: &mut O,
    ) -> Result<Value, Failure> {
        let mut pc = 0;
        let mut fuel = self.fuel;
        scratch.prepare(self.registers_of(chunk)?);
        scratch.registers.iter_mut().zip(captures).for_each(|(slot, value)| slot.clone_from(value));
        match self.run(scratch, chunk, &mut pc, &mut fuel, ctx, observer)? {
            interpret::Stop::Value(value) => Ok(value),
            interpret::Stop::Exit(_) => Err(interpret::wrong_type()),
        }
    }

    /// A body that has not begun yet; a frame that is no longer needed gives it room.
    pub fn begin(&self, chunk: ChunkId, reuse: Option<Frame>) -> Frame {
        let mut registers = reuse.map(|frame| frame.registers).unwrap_or_default();
        registers.clear();
        registers.resize(self.registers_of(chunk).unwrap_or(0), Value::None);
        Frame { chunk, pc: 0, registers, fuel: self.fuel }
    }

    /// Runs a body until it needs the host.
    pub fn resume(&self, scratch: &mut Scratch, frame: &mut Frame, ctx: &Context) -> Exit {
        self.resume_watched(scratch, frame, ctx, &mut ())
    }

    /// As [`Machine::resume`], while somebody watches.
    pub fn resume_watched<O: Observer>(
        &self,
        scratch: &mut Scratch,
        frame: &mut Frame,
        ctx: &Context,
        observer: &mut O,
    ) -> Exit {
        // The frame may come from a file: its registers must be as many as the chunk has.
        match self.registers_of(frame.chunk) {
            Ok(count) if count == frame.registers.len() => {}
            _ => return Exit::Failed(interpret::wrong_type()),
        }
        let count = frame.registers.len();
        scratch.prepare(0);
        std::mem::swap(&mut scratch.registers, &mut frame.registers);
        let stop = self.run(scratch, frame.chunk, &mut frame.pc, &mut frame.fuel, ctx, observer);
        std::mem::swap(&mut scratch.registers, &mut frame.registers);
        frame.registers.truncate(count);
        let exit = match stop {
            Ok(interpret::Stop::Exit(exit)) => exit,
            Ok(interpret::Stop::Value(_)) => Exit::Failed(interpret::wrong_type()),
            Err(failure) => Exit::Failed(failure),
        };
        match frame.fuel.checked_sub(EXIT_COST) {
            Some(fuel) => frame.fuel = fuel,
            None if matches!(exit, Exit::Done | Exit::Move(_) | Exit::Failed(_)) => {}
            None => return Exit::Failed(interpret::too_much_work()),
        }
        exit
    }

    /// Whether a body has come to its end.
    pub(crate) fn is_over(&self, frame: &Frame) -> bool {
        let chunk = self.program.code.chunks.get(frame.chunk.0 as usize);
        matches!(chunk.and_then(|chunk| chunk.code.get(frame.pc as usize)), Some(Instr::Stop))
    }

    fn registers_of(&self, chunk: ChunkId) -> Result<usize, Failure> {
        let chunk = self.program.code.chunks.get(chunk.0 as usize).ok_or_else(interpret::wrong_type)?;
        Ok(chunk.registers.len())
    }
}

/// The locales of the pipelines, each made once.
fn locales(program: &Program) -> Result<Vec<Option<Arc<Locale>>>, LoadError> {
    let mut known: HashMap<&str, Arc<Locale>> = HashMap::new();
    let mut all = Vec::with_capacity(program.pipelines.len());
    for pipeline in &program.pipelines {
        all.push(match pipeline.locale.as_deref() {
            None => None,
            Some(name) => Some(match known.get(name) {
                Some(locale) => locale.clone(),
                None => {
                    let missing = || LoadError::NoLocale(pipeline.name.to_string(), name.to_owned());
                    let locale = Arc::new(Locale::new(name).ok_or_else(missing)?);
                    known.insert(name, locale.clone());
                    locale
                }
            }),
        });
    }
    Ok(all)
}

impl Scratch {
    /// The record or the event is another, or not what it was: before [`Machine::holds_plainly`].
    pub fn forget(&mut self) {
        self.known.forget();
    }

    /// Takes the room of parameters of an action that are over.
    pub(crate) fn recycle(&mut self, mut params: Vec<(u16, Value)>) {
        for (_, value) in params.drain(..) {
            if let Value::Text(text) = value {
                self.texts.keep(text);
            }
        }
        keep(&mut self.params, params);
    }

    /// What a failed evaluation left behind goes; at least so many registers are there.
    fn prepare(&mut self, registers: usize) {
        self.calls.clear();
        self.text.clear();
        self.text_marks.clear();
        self.list.clear();
        self.list_marks.clear();
        if self.registers.len() < registers {
            self.registers.resize(registers, Value::None);
        }
    }
}
