//! The compiled program: schema, pipelines, dispatch tables and bytecode, everything by number.
//!
//! It is plain data: [`mod@file`] writes and reads it, [`verify`] proves that the machine can run it without
//! testing types, [`listing`] prints it for people.

pub mod dispatch;
pub mod file;
pub mod instr;
pub mod link;
pub mod listing;
pub mod literal;
pub mod sites;
pub mod verify;

use crate::model::PrincipalField;
use crate::schema::{Schema, Type};
use crate::source::Span;
use crate::syntax::tree::{Overlap, StageKind};
use crate::value::*;
use instr::{Instr, Reg};
use serde::{Deserialize, Serialize};

/// A compiled program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    pub schema: Schema,
    pub pipelines: Vec<Pipeline>,
    /// By [`StageId`].
    pub stages: Vec<Stage>,
    /// By [`TriggerId`].
    pub triggers: Vec<Trigger>,
    /// By [`RuleId`].
    pub rules: Vec<Rule>,
    /// By [`OutputId`].
    pub outputs: Vec<Output>,
    pub code: Code,
    /// Whether records are read through references: then all records without a `partitionkey` share one
    /// partition.
    pub reads_references: bool,
    /// Versions of the data the program was made with: a run with others says so.
    pub data: DataVersions,
    /// Names of the source files, for the spans of the `(pc, span)` tables.
    pub files: Vec<SourceName>,
}

/// A source file and the byte offsets of its lines, so that a place can be shown without the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceName {
    pub name: String,
    pub lines: Vec<u32>,
}

/// Versions of the time-zone, Unicode and locale data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataVersions {
    pub timezones: String,
    pub unicode: String,
    /// Of CLDR; `None`: made without locales.
    pub locales: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    pub name: Text,
    pub label: Text,
    pub entity: EntityId,
    pub timezone: chrono_tz::Tz,
    pub hours: Option<CalendarId>,
    pub locale: Option<Text>,
    /// In order; the first is where a new record starts.
    pub stages: Vec<StageId>,
    /// `on` rules for every stage, in program order, without disabled ones.
    pub on_rules: Vec<RuleId>,
    /// By [`EventId`]: the triggers that listen to the event or to one it is a kind of, in program order,
    /// with the position of the pattern in the trigger's list. Without disabled ones.
    pub triggers_by_event: Vec<Vec<(TriggerId, u16)>>,
    /// The triggers that listen to changes, in program order, with the pattern's position.
    pub triggers_on_change: Vec<(TriggerId, u16)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub pipeline: PipelineId,
    pub kind: StageKind,
    pub name: Text,
    pub label: Text,
    /// Its position in the pipeline.
    pub order: u16,
    /// Rules that start on entry, in program order, without disabled ones.
    pub entry_rules: Vec<RuleId>,
    /// `on` rules of the stage, in program order, without disabled ones.
    pub on_rules: Vec<RuleId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    pub label: Option<Text>,
    /// The stage it sits on and moves to.
    pub stage: StageId,
    pub disabled: bool,
    pub events: Vec<EventPattern>,
    /// Code that gives a `bool`.
    pub when: Option<ChunkId>,
    pub backward: bool,
    /// Code that gives a `user?`.
    pub actor: Option<ChunkId>,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum EventPattern {
    Named(NamedEvent),
    /// One of the fields changed; `from` and `to` hold for a single one that changed.
    Change {
        fields: Vec<FieldId>,
        from: Option<Value>,
        to: Option<Value>,
    },
    AnyChange,
    Count {
        count: u32,
        event: NamedEvent,
        within: Duration,
    },
    Absence {
        event: NamedEvent,
        period: Duration,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedEvent {
    pub event: EventId,
    /// Each: the payload's slot and the values of which one must be equal, or contained for a list.
    pub settings: Vec<(u16, Vec<Value>)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub name: Text,
    pub label: Option<Text>,
    /// `Sales.Won.congratulate`, as effects name it; `Sales.audit` for a pipeline's own rule.
    pub path: Text,
    pub pipeline: PipelineId,
    /// `None` for a pipeline's own rule.
    pub stage: Option<StageId>,
    pub disabled: bool,
    pub then: bool,
    pub on: Vec<EventPattern>,
    pub timing: Option<Timing>,
    pub during: Option<During>,
    pub when: Option<ChunkId>,
    /// Outputs to await before `when` is asked.
    pub when_awaits: Vec<OutputId>,
    pub once: bool,
    pub overlap: Overlap,
    pub detached: bool,
    pub body: ChunkId,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Timing {
    /// Code that gives a `duration`.
    After { delay: ChunkId, awaits: Vec<OutputId> },
    /// Code that gives a `datetime?`; the fields whose change moves it.
    At { instant: ChunkId, awaits: Vec<OutputId>, fields: Vec<FieldId>, else_skip: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum During {
    Calendar(CalendarId),
    /// Code that gives a `user?`.
    HoursOf(ChunkId),
}

/// What a rule binds for others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub rule: RuleId,
    /// `room.id`
    pub path: Text,
    /// Optional if the rule may end well without binding it.
    pub ty: Type,
    /// Whether any rule reads it.
    pub read: bool,
}

/// All code and what it refers to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// By [`ChunkId`].
    pub chunks: Vec<Chunk>,
    /// By [`FnId`].
    pub functions: Vec<Function>,
    pub constants: Vec<Value>,
    /// The type of each constant.
    pub constant_types: Vec<Type>,
    /// Patterns of `matches`, compiled when the program is loaded.
    pub regexes: Vec<Text>,
    /// By [`CallId`].
    pub calls: Vec<ActionCall>,
    /// By [`SetId`].
    pub sets: Vec<SetFields>,
    /// By [`WaitForId`].
    pub waits: Vec<WaitFor>,
    /// Tables for `event.x` with several events.
    pub payloads: Vec<Vec<(EventId, u16)>>,
    /// Lists of outputs for `await`.
    pub awaits: Vec<Vec<OutputId>>,
}

/// A piece of code that stands alone: a condition, a body, a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChunkId(pub u32);
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallId(pub u32);
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SetId(pub u32);
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WaitForId(pub u32);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    pub kind: ChunkKind,
    /// Whose code this is; decides which fields, events and pipelines are in reach. `None`: a function.
    pub pipeline: Option<PipelineId>,
    pub code: Vec<Instr>,
    /// The type of each register, fixed for the whole chunk.
    pub registers: Vec<Type>,
    /// Where each instruction comes from: the span holds from this pc to the next entry. Sorted.
    pub spans: Vec<(u32, Span)>,
    /// The statement's number from each pc on (bodies only). Sorted.
    pub statements: Vec<(u32, u32)>,
}

/// What a chunk gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ChunkKind {
    /// Ends with `return` of a value of this type; has no effects. The first registers hold what it `captures` of
    /// a body (the condition of a `wait for`), else none.
    Expression { captures: u16, result: Type },
    /// A rule's body: may ask for effects and suspend.
    Body,
    /// Like an expression; the parameters are the first registers.
    Function { params: u16, result: Type },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function {
    pub name: Text,
    pub chunk: ChunkId,
}

/// An action that a body asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionCall {
    pub action: ActionId,
    /// The parameter's number and the register that holds its value (of the parameter's type); an unset one is missing.
    pub params: Vec<(u16, Reg)>,
    /// Under a `let`: the answer is awaited.
    pub answer: Option<Answer>,
}

/// What happens with an action's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The register for each output of the action, in order.
    pub outputs: Vec<Reg>,
    /// Register with a `duration`: how long to wait at most.
    pub at_most: Option<Reg>,
    /// Where the `else` starts, if there is one: without it a failure fails the rule. After success the
    /// body goes on at the next instruction.
    pub otherwise: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetFields {
    pub fields: Vec<(FieldId, Reg)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitFor {
    pub events: Vec<EventPattern>,
    /// Code that gives a `bool`, run with the body's registers copied in front of its own: those registers
    /// are `captures`, in order.
    pub when: Option<ChunkId>,
    pub captures: Vec<Reg>,
    pub at_most: Option<Reg>,
    /// Where the `else` starts, or where the body goes on when the time is over.
    pub otherwise: u32,
}

impl Program {
    pub fn pipeline(&self, id: PipelineId) -> &Pipeline {
        &self.pipelines[id.index()]
    }

    pub fn stage(&self, id: StageId) -> &Stage {
        &self.stages[id.index()]
    }

    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.rules[id.0 as usize]
    }

    pub fn trigger(&self, id: TriggerId) -> &Trigger {
        &self.triggers[id.0 as usize]
    }

    pub fn chunk(&self, id: ChunkId) -> &Chunk {
        &self.code.chunks[id.0 as usize]
    }
}

impl Chunk {
    /// Where the instruction comes from.
    pub fn span(&self, pc: u32) -> Option<Span> {
        let at = self.spans.partition_point(|(start, _)| *start <= pc);
        self.spans.get(at.checked_sub(1)?).map(|(_, span)| *span)
    }

    /// The number of the statement that the instruction belongs to, 0 outside of bodies.
    pub fn statement(&self, pc: u32) -> u32 {
        let at = self.statements.partition_point(|(start, _)| *start <= pc);
        at.checked_sub(1).and_then(|at| self.statements.get(at)).map_or(0, |(_, number)| *number)
    }
}

impl SourceName {
    /// Line, from 1, and byte in the line, from 1.
    pub fn position(&self, offset: u32) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        (line, offset.saturating_sub(start) as usize + 1)
    }
}

impl PrincipalField {
    pub fn name(self) -> &'static str {
        match self {
            PrincipalField::Id => "id",
            PrincipalField::Name => "name",
            PrincipalField::Email => "email",
            PrincipalField::Phone => "phone",
            PrincipalField::Department => "department",
            PrincipalField::Roles => "roles",
        }
    }
}
