//! The interpreter: registers and suspension, nothing about stages.
//!
//! An expression is evaluated at once. A body runs until it needs the host: it then gives an [`Exit`] that says
//! what is wanted, and goes on from its [`Frame`], which is plain data, whenever the host calls again.

use crate::program::{CallId, ChunkId, Program, SetId, WaitForId};
use crate::program::instr::Reg;
use crate::value::failure::Failure;
use crate::value::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
    pub pipeline: PipelineId,
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
    pub pc: u32,
    pub registers: Vec<Value>,
}

/// Why a body stopped for now. The frame's pc already stands where it goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Exit {
    /// The body ended, or `stop`.
    Done,
    /// Ask for the action; under a `let`, put the outputs into the registers of its answer before going on.
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
    /// The rule fails.
    Failed(Failure),
}

/// A program made ready to run: with its regular expressions compiled.
pub struct Machine {
    program: Program,
}

impl Machine {
    pub fn program(&self) -> &Program {
        &self.program
    }
}
