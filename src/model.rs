//! The checked model: what the checker hands to lowering. Every name is resolved, every type known,
//! every conversion written out.
//!
//! A model is only made of a program without errors, so nothing here is optional because of a mistake.

pub mod test;

use crate::schema::{Schema, Type};
use crate::source::Span;
use crate::syntax::tree::{Overlap, StageKind};
use crate::value::functions::Function;
use crate::value::ops::ArithOp;
use crate::value::*;
use std::sync::Arc;

/// A checked program.
#[derive(Debug, Clone)]
pub struct Model {
    pub schema: Schema,
    pub functions: Vec<FnDef>,
    pub pipelines: Vec<Pipeline>,
    /// All stages, by [`StageId`].
    pub stages: Vec<Stage>,
    /// All outputs of rules, by [`OutputId`].
    pub outputs: Vec<Output>,
    /// How many rules ([`RuleId`]) and triggers ([`TriggerId`]) there are.
    pub rule_count: u32,
    pub trigger_count: u32,
    /// Whether anything reads a field of a referenced record, or asks whether one is there.
    pub reads_references: bool,
    /// `test` blocks, in the order of the text.
    pub tests: Vec<test::Test>,
    /// Constants, in the order of the text: in everything else their values stand already.
    pub constants: Vec<Constant>,
}

/// A constant, computed.
#[derive(Debug, Clone)]
pub struct Constant {
    pub name: Arc<str>,
    pub ty: Type,
    pub value: Value,
}

/// A user function: pure, never recursive.
#[derive(Debug, Clone)]
pub struct FnDef {
    pub name: Arc<str>,
    /// The parameters are the first locals of the frame, in order.
    pub params: Vec<LocalId>,
    pub result: Type,
    pub body: Expr,
    pub frame: Frame,
}

/// A variable of one body, condition or function: `let`, loop, `=>`, parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LocalId(pub u16);

/// The variables of one piece of code, by [`LocalId`].
#[derive(Debug, Clone, Default)]
pub struct Frame {
    pub locals: Vec<Local>,
}

#[derive(Debug, Clone)]
pub struct Local {
    pub name: Arc<str>,
    pub ty: Type,
}

/// What a `let` at the top of a rule's body binds: `kickoff.room.id`, or `kickoff.x` for a plain `let`.
#[derive(Debug, Clone)]
pub struct Output {
    pub rule: RuleId,
    /// `room.id`
    pub path: String,
    /// Optional if the rule may end well without binding it.
    pub ty: Type,
    /// Whether any rule reads it: only then need the engine keep it.
    pub read: bool,
}

#[derive(Debug, Clone)]
pub struct Pipeline {
    pub id: PipelineId,
    pub name: Text,
    pub label: Text,
    pub entity: EntityId,
    pub timezone: chrono_tz::Tz,
    pub hours: Option<CalendarId>,
    pub locale: Option<Text>,
    /// In order.
    pub stages: Vec<StageId>,
    /// The `on` rules that hold in every stage.
    pub rules: Vec<Rule>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Stage {
    pub id: StageId,
    pub pipeline: PipelineId,
    pub kind: StageKind,
    pub name: Text,
    pub label: Text,
    pub triggers: Vec<Trigger>,
    pub rules: Vec<Rule>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Trigger {
    pub id: TriggerId,
    pub disabled: bool,
    pub label: Option<Text>,
    pub events: Vec<EventPattern>,
    pub when: Option<Condition>,
    pub backward: bool,
    /// Of type `user` or `user?`. Left out: the field `responsible` if the entity has one of type user,
    /// put here by the checker; `None` is nobody.
    pub actor: Option<Condition>,
    pub span: Span,
}

/// An expression that stands alone, with its own variables (those of its `=>`).
#[derive(Debug, Clone)]
pub struct Condition {
    pub expr: Expr,
    pub frame: Frame,
    /// Outputs of rules of the same stage that must be bound, or whose rule must have ended, before
    /// this is evaluated.
    pub awaits: Vec<OutputId>,
}

#[derive(Debug, Clone)]
pub enum EventPattern {
    Named(NamedEvent),
    Change { fields: Vec<FieldId>, from: Option<Value>, to: Option<Value> },
    AnyChange,
    Count { count: u32, event: NamedEvent, within: Duration, span: Span },
    Absence { event: NamedEvent, period: Duration, span: Span },
}

#[derive(Debug, Clone)]
pub struct NamedEvent {
    pub event: EventId,
    /// Each: the payload's slot and the values of which one must be equal (or contained, for a list).
    pub settings: Vec<(u16, Vec<Value>)>,
}

#[derive(Debug, Clone)]
pub struct Rule {
    pub id: RuleId,
    pub name: Text,
    pub label: Option<Text>,
    pub disabled: bool,
    pub then: bool,
    pub on: Vec<EventPattern>,
    /// Few rules have these two.
    pub timing: Option<Box<Timing>>,
    pub during: Option<Box<During>>,
    pub when: Option<Condition>,
    pub once: bool,
    pub overlap: Overlap,
    pub detached: bool,
    pub body: Body,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Timing {
    pub kind: TimingKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum TimingKind {
    /// Of type `duration`.
    After(Condition),
    /// Of type `datetime` or `datetime?` (a date is already converted); the fields it reads, which move
    /// the timer.
    At { instant: Condition, fields: Vec<FieldId>, else_skip: bool },
}

#[derive(Debug, Clone)]
pub struct During {
    pub kind: DuringKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum DuringKind {
    Calendar(CalendarId),
    /// Of type `user` or `user?`.
    HoursOf(Condition),
}

#[derive(Debug, Clone)]
pub struct Body {
    pub statements: Vec<Stmt>,
    pub frame: Frame,
}

#[derive(Debug, Clone)]
pub struct Stmt {
    pub kind: StmtKind,
    /// The statement's number in the rule, from 1, in the order of the text: formatting does not change it.
    pub number: u32,
    /// Outputs of rules above that must be bound, or whose rule must have ended, before this statement
    /// starts (also those read by its nested expressions, but not by its nested blocks).
    pub awaits: Vec<OutputId>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum StmtKind {
    Action(ActionCall),
    /// Binds the outputs of an action: `bind[i]` for the action's output `i`; `publish[i]` the rule's output
    /// at the top of a body.
    LetAction {
        call: ActionCall,
        bind: Vec<LocalId>,
        publish: Vec<Option<OutputId>>,
        at_most: Option<Expr>,
        /// With an `else` that can go on, the locals are optional after it.
        otherwise: Option<Vec<Stmt>>,
    },
    Let {
        local: LocalId,
        value: Expr,
        publish: Option<OutputId>,
    },
    /// All values are computed before any field changes.
    Set(Vec<(FieldId, Expr)>),
    Move(StageId),
    If {
        branches: Vec<(Expr, Vec<Stmt>)>,
        otherwise: Option<Vec<Stmt>>,
    },
    For {
        local: LocalId,
        list: Expr,
        body: Vec<Stmt>,
    },
    Wait(Expr),
    /// Of type `datetime` (a date is already converted).
    WaitUntil(Expr),
    WaitFor {
        events: Vec<EventPattern>,
        when: Option<Expr>,
        at_most: Option<Expr>,
        otherwise: Option<Vec<Stmt>>,
    },
    Stop,
}

/// What is asked of the outside world: every parameter that is given or has a default, in the order of
/// the declaration. A left-out optional one is missing here.
#[derive(Debug, Clone)]
pub struct ActionCall {
    pub action: ActionId,
    pub params: Vec<(u16, Expr)>,
    pub span: Span,
}

// --- expressions ---------------------------------------------------------------------------------

#[derive(Debug, Clone)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    Const(Value),
    Local(LocalId),
    /// A field of the record itself.
    Field(FieldId),
    /// The record itself, as a reference.
    This,
    /// A field of a referenced record. `base` is of type `Entity` or `Entity?`; if optional, so is the
    /// result, and `none` gives `none`. A record that is not there is a failure.
    RefField {
        base: Box<Expr>,
        entity: EntityId,
        field: FieldId,
    },
    /// `ref is set`: whether the partition holds that record. `base` as above.
    RefExists {
        base: Box<Expr>,
        entity: EntityId,
    },
    /// `event.x`: the payload's slot for each event listened to; the entry whose event the one at hand is (or is a kind
    /// of) counts. Where one of the events lacks `x`, its entry is missing and the value `none`.
    Payload(Vec<(EventId, u16)>),
    /// `event.type`, a text; `event.time`, a datetime.
    EventType,
    EventTime,
    /// `old.f`
    Old(FieldId),
    /// An output of a rule: `none` if the type is optional and it is not bound, else a failure.
    Output(OutputId),
    Now,
    Today,
    /// The stage and the pipeline in which the record stands.
    Stage,
    Pipeline,
    /// A property of a user, department or role (or of an optional one: then the result is optional).
    PrincipalField {
        base: Box<Expr>,
        field: PrincipalField,
    },
    /// `file.name`, `file.url` (of an optional one: then the result is optional).
    FileName(Box<Expr>),
    FileUrl(Box<Expr>),
    Text(Vec<TextPart>),
    List(Vec<Expr>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// `==` and `!=`: both sides of one representation, either may be optional.
    Equal {
        left: Box<Expr>,
        right: Box<Expr>,
        negated: bool,
    },
    /// `~=`; both text or text?.
    EqualIgnoreCase {
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// Order between two of one ordered type (see [`crate::value::compare`]), none optional.
    Order {
        op: OrderOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `low <= value and value <= high`, evaluated in this order, `value` once.
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    /// `value in list`, `list contains value`: `value` may be optional.
    In {
        value: Box<Expr>,
        list: Box<Expr>,
        negated: bool,
    },
    /// `text contains part`
    ContainsText {
        text: Box<Expr>,
        part: Box<Expr>,
        negated: bool,
    },
    StartsWith {
        text: Box<Expr>,
        part: Box<Expr>,
    },
    EndsWith {
        text: Box<Expr>,
        part: Box<Expr>,
    },
    /// The pattern has been compiled by the checker.
    Matches {
        text: Box<Expr>,
        regex: Text,
    },
    /// `x is set` of anything but a reference.
    IsSet(Box<Expr>),
    /// `x is empty`: of `none`, white space, an empty list.
    IsEmpty(Box<Expr>),
    /// `stage is success`; `is final` lists both kinds.
    StageIs {
        stage: Box<Expr>,
        kinds: Vec<StageKind>,
    },
    /// `x ?? y`: `left` optional.
    Default {
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// Unary ones have one operand.
    Arith {
        op: ArithOp,
        args: Vec<Expr>,
    },
    Convert {
        to: Conversion,
        value: Box<Expr>,
    },
    /// A built-in function without `=>`. Calendar and currency arguments are `Const` in `args`:
    /// `Int` with the [`CalendarId`]'s number, `Text` with the code. Defaults are filled in.
    Call {
        function: Function,
        args: Vec<Expr>,
    },
    /// `any`, `all`, `filter`, `map`, `sort` with `=>`.
    ListOp {
        function: Function,
        list: Box<Expr>,
        local: LocalId,
        body: Box<Expr>,
    },
    CallFn {
        function: FnId,
        args: Vec<Expr>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum OrderOp {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl OrderOp {
    /// Whether it holds of two values that stand in this order.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            OrderOp::Less => ordering.is_lt(),
            OrderOp::LessOrEqual => ordering.is_le(),
            OrderOp::Greater => ordering.is_gt(),
            OrderOp::GreaterOrEqual => ordering.is_ge(),
        }
    }

    /// What holds when this does not: `a >= b` for `a < b`.
    pub fn negated(self) -> OrderOp {
        match self {
            OrderOp::Less => OrderOp::GreaterOrEqual,
            OrderOp::LessOrEqual => OrderOp::Greater,
            OrderOp::Greater => OrderOp::LessOrEqual,
            OrderOp::GreaterOrEqual => OrderOp::Less,
        }
    }

    /// The same seen from the other side: `b > a` for `a < b`.
    pub fn mirrored(self) -> OrderOp {
        match self {
            OrderOp::Less => OrderOp::Greater,
            OrderOp::LessOrEqual => OrderOp::GreaterOrEqual,
            OrderOp::Greater => OrderOp::Less,
            OrderOp::GreaterOrEqual => OrderOp::LessOrEqual,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum PrincipalField {
    Id,
    Name,
    Email,
    Phone,
    Department,
    Roles,
}

/// Conversions, written out by the checker. Those that change no representation are here too, so that
/// every expression has exactly the type that is wanted. Where both the value's type and the wanted one
/// are optional (`int?` to `decimal?`, `email?` to `text?`), `none` stays `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Conversion {
    IntToDecimal,
    /// `T` to `T?`
    ToOptional,
    /// `T?` to `T` after a test; `none` is a failure (it cannot happen if the checker is right).
    Narrow,
    /// `T` to a list of one
    ToList,
    /// A user, department or role to a recipient; `email`, `phone`, `url` to `text`; `money in EUR` to
    /// `money`; the empty list to a list of anything; a list of such.
    Widen,
    /// A text of the program to `email`, `phone`, `url`: checked in the run.
    TextToEmail,
    TextToPhone,
    TextToUrl,
    /// `chat("id-7")`, `Company("C-1")`: a text to an opaque identity or a reference.
    TextToOpaque,
    TextToRef,
    /// A date to its first moment in the pipeline's time zone (`at`, `wait until`).
    DateToInstant,
    /// Element by element, where one of the above is wanted for the elements: `int` to `decimal`.
    ListIntToDecimal,
}

#[derive(Debug, Clone)]
pub enum TextPart {
    Literal(Text),
    /// The format has been checked for the type. Never optional without `default`, a text that stands there
    /// instead of an unset value: `{delivery_date ?? "not set"}`.
    Placeholder {
        value: Expr,
        format: Option<Text>,
        default: Option<Box<Expr>>,
    },
}
