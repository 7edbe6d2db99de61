//! Proves that the machine can run a program without testing types or bounds.
//!
//! A program from a file may be damaged or forged. After this, every number in it leads somewhere, every constant has
//! the type that is said, every register is written before it is read and holds what each instruction expects, jumps
//! stay inside their chunk, functions do not call themselves, and the tables for events say what triggers and rules
//! say. `types` is about types and values, `declarations` about everything but code, `code` about each
//! instruction by itself, `flow` about the ways through a chunk.

mod code;
mod declarations;
mod flow;
mod types;

pub(super) use types::fits;

use super::{ChunkId, ChunkKind, Program, dispatch};
use crate::schema::{Schema, Type};
use crate::value::*;
use std::fmt;

/// What is wrong with a program, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError {
    /// `rule Sales.Won.congratulate`, `code 7, instruction 12`
    pub place: String,
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.message, self.place)
    }
}

impl std::error::Error for VerifyError {}

/// What a check of one small thing says.
type Check<T = ()> = Result<T, String>;

fn no<T>(message: impl Into<String>) -> Check<T> {
    Err(message.into())
}

fn ensure(holds: bool, message: &str) -> Check {
    if holds { Ok(()) } else { no(message) }
}

fn at<T>(place: impl FnOnce() -> String, check: Check<T>) -> Result<T, VerifyError> {
    check.map_err(|message| VerifyError { place: place(), message })
}

/// Checks the whole program.
pub fn verify(program: &Program) -> Result<(), VerifyError> {
    let verifier = Verifier { program };
    verifier.declarations()?;
    verifier.tables()?;
    verifier.code()?;
    at(
        || "the tables for events".into(),
        ensure(dispatch::is_consistent(program), "a table that does not fit"),
    )
}

struct Verifier<'p> {
    program: &'p Program,
}

/// Numbers that lead somewhere.
impl<'p> Verifier<'p> {
    fn schema(&self) -> &'p Schema {
        &self.program.schema
    }

    fn entity(&self, id: EntityId) -> Check<&'p crate::schema::Entity> {
        self.schema().entities.get(id.index()).ok_or_else(|| "an unknown entity".into())
    }

    fn field(&self, entity: EntityId, field: FieldId) -> Check<&'p Type> {
        match self.entity(entity)?.fields.get(field.index()) {
            Some(field) => Ok(&field.ty),
            None => no("an unknown field"),
        }
    }

    fn event(&self, id: EventId) -> Check<&'p crate::schema::EventDef> {
        self.schema().events.get(id.index()).ok_or_else(|| "an unknown event".into())
    }

    fn slot(&self, event: EventId, slot: u16) -> Check<&'p Type> {
        match self.event(event)?.payload.get(usize::from(slot)) {
            Some(field) => Ok(&field.ty),
            None => no("an unknown member of an event"),
        }
    }

    fn calendar(&self, id: CalendarId) -> Check {
        ensure(id.index() < self.schema().calendars.len(), "an unknown calendar")
    }

    fn pipeline(&self, id: PipelineId) -> Check<&'p super::Pipeline> {
        self.program.pipelines.get(id.index()).ok_or_else(|| "an unknown pipeline".into())
    }

    fn stage(&self, id: StageId) -> Check<&'p super::Stage> {
        self.program.stages.get(id.index()).ok_or_else(|| "an unknown stage".into())
    }

    fn rule(&self, id: RuleId) -> Check<&'p super::Rule> {
        self.program.rules.get(id.index()).ok_or_else(|| "an unknown rule".into())
    }

    fn output(&self, id: OutputId) -> Check<&'p super::Output> {
        self.program.outputs.get(id.index()).ok_or_else(|| "an unknown output".into())
    }

    fn chunk(&self, id: ChunkId) -> Check<&'p super::Chunk> {
        self.program.code.chunks.get(id.0 as usize).ok_or_else(|| "unknown code".into())
    }

    fn span(&self, span: crate::source::Span) -> Check {
        ensure((span.file.0 as usize) < self.program.files.len(), "an unknown file")
    }

    /// A chunk that gives a value, or the body of a rule, of a certain pipeline.
    fn chunk_of(&self, id: ChunkId, kind: &ChunkKind, pipeline: PipelineId) -> Check {
        let chunk = self.chunk(id)?;
        ensure(chunk.kind == *kind, "code of the wrong kind")?;
        ensure(chunk.pipeline == Some(pipeline), "code of another pipeline")
    }
}
