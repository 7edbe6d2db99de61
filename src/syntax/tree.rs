//! The syntax tree: what a file says, before anything is known of what its names mean.
//!
//! Every node has its span. Comments are kept beside the tree, by offset, for the formatter. A piece
//! that could not be parsed is missing from the tree (its diagnostic has been reported).

use crate::source::{FileId, Span};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;
use std::sync::Arc;

/// One `.rules` file.
#[derive(Debug, Clone)]
pub struct File {
    pub file: FileId,
    pub items: Vec<Item>,
    /// All comments of the file, in order.
    pub comments: Vec<Comment>,
    /// Names that the pieces would have declared which could not be read: not to find one of these (or
    /// what begins with it) is no mistake of its own and should not be reported. Too many rather than too
    /// few; empty if the file has no syntax errors. Events and actions stand with their dots.
    pub broken: Vec<Name>,
}

/// A comment, `#` or `##`, with the mark, without the line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub span: Span,
    pub doc: bool,
}

/// A name as written, in NFC.
#[derive(Debug, Clone)]
pub struct Name {
    pub text: Arc<str>,
    pub span: Span,
}

/// Names joined by dots: `invoice.paid`, `Contract.kickoff.room`.
#[derive(Debug, Clone)]
pub struct Path {
    pub parts: Vec<Name>,
    pub span: Span,
}

impl Path {
    /// The parts joined by dots.
    pub fn text(&self) -> String {
        self.parts.iter().map(|p| &*p.text).collect::<Vec<_>>().join(".")
    }
}

/// A text without placeholders: labels, paths of `use`, formats. Escapes are resolved.
#[derive(Debug, Clone)]
pub struct Str {
    pub text: Arc<str>,
    pub span: Span,
}

/// A declaration at the top of a file.
#[derive(Debug, Clone)]
pub struct Item {
    pub kind: ItemKind,
    /// The `##` lines directly above, joined by line breaks, without the marks.
    pub doc: Option<Arc<str>>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum ItemKind {
    /// `use crm`
    UseLibrary(Name),
    /// `use "people.rules"`
    UseFile(Str),
    /// `currency EUR`
    Currency(Name),
    /// `rates EUR { USD: 0.92 }`
    Rates {
        base: Name,
        rates: Vec<(Name, Number)>,
    },
    Entity(Entity),
    /// `extend Deal { … }`
    Extend {
        entity: Name,
        fields: Vec<Field>,
    },
    Enum {
        name: Name,
        values: Vec<EnumValue>,
    },
    /// `type chat "Group chat"`
    Opaque {
        name: Name,
        label: Option<Str>,
    },
    Event(Event),
    Action(ActionDecl),
    Principal(Principal),
    Calendar(Calendar),
    /// `const LIMIT = 5000 EUR`
    Const {
        name: Name,
        value: Expr,
    },
    Fn(Fn),
    Pipeline(Pipeline),
    Test(Test),
}

/// A plain number with optional sign.
#[derive(Debug, Clone)]
pub struct Number {
    pub value: Decimal,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Entity {
    pub name: Name,
    pub label: Option<Str>,
    pub fields: Vec<Field>,
}

/// A field of an entity, of an event's payload, a parameter or an output of an action.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: Name,
    pub ty: TypeExpr,
    pub limits: Vec<Limit>,
    pub default: Option<Expr>,
    pub doc: Option<Arc<str>>,
    pub span: Span,
}

/// `min 1`, `max 200`, `matches /re/`.
#[derive(Debug, Clone)]
pub enum Limit {
    /// The value is a constant expression.
    Min(Expr, Span),
    Max(Expr, Span),
    Matches(Regex, Span),
}

/// The text between the slashes, as written, but `\/` resolved to `/`.
#[derive(Debug, Clone)]
pub struct Regex {
    pub text: Arc<str>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct TypeExpr {
    pub kind: TypeKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum TypeKind {
    /// `text`, `Deal`, `chat`
    Name(Name),
    /// `money in EUR`
    MoneyIn(Name),
    /// `enum { show, hide }`
    Enum(Vec<EnumValue>),
    ListOf(Box<TypeExpr>),
    Optional(Box<TypeExpr>),
}

#[derive(Debug, Clone)]
pub struct EnumValue {
    pub name: Name,
    pub label: Option<Str>,
    pub doc: Option<Arc<str>>,
}

/// `event callback.requested "L" is form.submitted on Deal, Quote { phone: phone? }`
#[derive(Debug, Clone)]
pub struct Event {
    pub name: Path,
    pub label: Option<Str>,
    pub parent: Option<Path>,
    /// Empty: any entity.
    pub on: Vec<Name>,
    pub payload: Vec<Field>,
}

#[derive(Debug, Clone)]
pub struct ActionDecl {
    pub name: Path,
    pub label: Option<Str>,
    pub params: Vec<Field>,
    pub outputs: Vec<Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum PrincipalKind {
    User,
    Department,
    Role,
}

/// `user anna "Anna" { email: "…", department: sales, roles: [closer], hours: Office, away: 2026-08-01..2026-08-14 }`
#[derive(Debug, Clone)]
pub struct Principal {
    pub kind: PrincipalKind,
    pub name: Name,
    pub label: Option<Str>,
    pub entries: Vec<PrincipalEntry>,
}

#[derive(Debug, Clone)]
pub struct PrincipalEntry {
    pub name: Name,
    pub value: PrincipalValue,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum PrincipalValue {
    Expr(Expr),
    /// `away: 2026-08-01..2026-08-14, 2026-12-24`
    Dates(Vec<DateSpan>),
}

/// One day, or a range of days with both ends.
#[derive(Debug, Clone)]
pub struct DateSpan {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Calendar {
    pub name: Name,
    pub label: Option<Str>,
    pub entries: Vec<CalendarEntry>,
}

#[derive(Debug, Clone)]
pub enum CalendarEntry {
    Timezone(Str),
    /// `mon..fri 09:00-13:00, 14:00-18:00`: weekdays 0 (Monday) to 6, in the order written.
    Open {
        days: Vec<WeekdaySpan>,
        hours: Vec<HourSpan>,
        span: Span,
    },
    Closed {
        dates: Vec<DateSpan>,
        span: Span,
    },
}

/// `mon..fri` or `sat` (both ends the same); the names are resolved by the parser, 0 is Monday.
#[derive(Debug, Clone)]
pub struct WeekdaySpan {
    pub from: u8,
    pub to: u8,
    pub span: Span,
}

/// `09:00-13:00`; `to` before `from` goes over midnight; `24:00` as `to` is stored as 00:00.
#[derive(Debug, Clone)]
pub struct HourSpan {
    pub from: NaiveTime,
    pub to: NaiveTime,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Fn {
    pub name: Name,
    pub params: Vec<(Name, TypeExpr)>,
    pub result: TypeExpr,
    pub body: Expr,
}

// --- pipelines -----------------------------------------------------------------------------------

#[derive(Debug, Clone)]
pub struct Pipeline {
    pub name: Name,
    pub label: Option<Str>,
    pub entity: Name,
    pub settings: Vec<Setting>,
    pub members: Vec<PipelineMember>,
}

/// `timezone "Europe/Rome"`, `hours Office`, `locale "it"`.
#[derive(Debug, Clone)]
pub struct Setting {
    /// `timezone`, `hours` or `locale`
    pub name: Name,
    pub value: SettingValue,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum SettingValue {
    Text(Str),
    Name(Name),
}

#[derive(Debug, Clone)]
pub enum PipelineMember {
    Stage(Stage),
    Rule(Rule),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum StageKind {
    Normal,
    Success,
    Failure,
}

#[derive(Debug, Clone)]
pub struct Stage {
    pub kind: StageKind,
    pub name: Name,
    pub label: Option<Str>,
    pub members: Vec<StageMember>,
    pub doc: Option<Arc<str>>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum StageMember {
    Trigger(Trigger),
    Rule(Rule),
}

#[derive(Debug, Clone)]
pub struct Trigger {
    /// The word `disabled`, if it stands there.
    pub disabled: Option<Span>,
    pub label: Option<Str>,
    pub events: Vec<EventPattern>,
    pub when: Option<Expr>,
    /// The words `allow backward`.
    pub backward: Option<Span>,
    /// `as responsible`, `as head_of_sales`
    pub actor: Option<Path>,
    pub doc: Option<Arc<str>>,
    pub span: Span,
}

/// One of the events after `on` or `wait for`.
#[derive(Debug, Clone)]
pub struct EventPattern {
    pub kind: EventPatternKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum EventPatternKind {
    Named(NamedEvent),
    /// `change of f, g from VALUE to VALUE`
    Change {
        fields: Vec<Name>,
        from: Option<Expr>,
        to: Option<Expr>,
    },
    AnyChange,
    /// `3 call.missed(…) within 1 hour`
    Count {
        count: u32,
        count_span: Span,
        event: NamedEvent,
        within: Expr,
    },
    /// `no email.received(…) for 30 days`
    Absence {
        event: NamedEvent,
        period: Expr,
    },
    /// `?`
    Hole,
}

/// `document.viewed(template: "Offer", …)`
#[derive(Debug, Clone)]
pub struct NamedEvent {
    pub name: Path,
    pub settings: Vec<Arg>,
    pub span: Span,
}

/// `name: value`, for settings, parameters and named arguments.
#[derive(Debug, Clone)]
pub struct Arg {
    pub name: Name,
    pub value: Expr,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Overlap {
    Parallel,
    Skip,
    Restart,
    Queue,
}

#[derive(Debug, Clone)]
pub struct Rule {
    pub disabled: Option<Span>,
    /// The word `then`.
    pub then: Option<Span>,
    pub name: Name,
    pub label: Option<Str>,
    /// In the order written; a clause twice is an error of the checker.
    pub clauses: Vec<Clause>,
    pub body: Block,
    pub doc: Option<Arc<str>>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Clause {
    pub kind: ClauseKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum ClauseKind {
    On(Vec<EventPattern>),
    After(Expr),
    At { instant: Expr, else_skip: Option<Span> },
    During(During),
    When(Expr),
    Once,
    Overlap(Overlap),
    Detached,
}

#[derive(Debug, Clone)]
pub enum During {
    Calendar(Name),
    /// `during hours of responsible`
    HoursOf(Expr),
}

// --- statements ----------------------------------------------------------------------------------

#[derive(Debug, Clone)]
pub struct Block {
    pub statements: Vec<Stmt>,
    /// With the braces.
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum StmtKind {
    /// `notify { … }`
    Action(ActionCall),
    /// `let room = create_chat { … } at most 2 hours else { … }`
    LetAction {
        name: Name,
        call: ActionCall,
        at_most: Option<Expr>,
        otherwise: Option<Block>,
    },
    /// `let x = expression`
    Let {
        name: Name,
        value: Expr,
    },
    /// `set amount = amount * 2, source = web`
    Set(Vec<Assignment>),
    /// `move to Won`, `move to Service.New`, `move to ?`
    Move(MoveTarget),
    If {
        branches: Vec<(Expr, Block)>,
        otherwise: Option<Block>,
    },
    For {
        name: Name,
        list: Expr,
        body: Block,
    },
    Wait(Expr),
    WaitUntil(Expr),
    WaitFor {
        events: Vec<EventPattern>,
        when: Option<Expr>,
        at_most: Option<Expr>,
        otherwise: Option<Block>,
    },
    Stop,
}

#[derive(Debug, Clone)]
pub struct ActionCall {
    pub name: Path,
    pub params: Vec<Arg>,
    /// Name and braces.
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Assignment {
    pub field: Name,
    pub value: Expr,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum MoveTarget {
    Stage(Path),
    Hole(Span),
}

// --- expressions ---------------------------------------------------------------------------------

#[derive(Debug, Clone)]
pub struct Expr {
    pub kind: Box<ExprKind>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    Literal(Literal),
    Text(TextLit),
    List(Vec<Expr>),
    /// A bare name, also `this`, `event`, `old`, `now`, `today`, `stage`, `pipeline`.
    Name(Name),
    /// `base.name` without parentheses.
    Member {
        base: Expr,
        name: Name,
    },
    /// `len(title)`
    Call {
        name: Name,
        args: Vec<CallArg>,
    },
    /// `title.len()`, `list.any(x => …)`, `amount.in(EUR)`
    MethodCall {
        base: Expr,
        name: Name,
        args: Vec<CallArg>,
    },
    Not(Expr),
    Neg(Expr),
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Expr,
        right: Expr,
    },
    /// `x between a and b`
    Between {
        value: Expr,
        low: Expr,
        high: Expr,
    },
    /// `text matches /re/`; the right side is a token.
    Matches {
        value: Expr,
        regex: Regex,
    },
    /// `x is set`, `stage is final`
    Is {
        value: Expr,
        test: IsTest,
        test_span: Span,
    },
    If {
        condition: Expr,
        then: Expr,
        otherwise: Expr,
    },
    /// `(…)`, kept for the formatter.
    Paren(Expr),
    Hole,
    /// What could not be parsed inside an otherwise good statement; already reported.
    Error,
}

#[derive(Debug, Clone)]
pub struct CallArg {
    /// `at: now`, `digits: 2`
    pub name: Option<Name>,
    pub value: ArgValue,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum ArgValue {
    Expr(Expr),
    /// `x => x.amount > 5`
    Lambda {
        param: Name,
        body: Expr,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Int(i64),
    Decimal(Decimal),
    /// `5000 EUR`: the digits as written, the code as written (checked later).
    Money {
        amount: Decimal,
        currency: Arc<str>,
        currency_span: Span,
    },
    /// `2 hours 30 minutes`, weeks counted as days.
    Duration {
        days: i64,
        seconds: i64,
    },
    Date(NaiveDate),
    Time(NaiveTime),
    /// Without a zone.
    LocalDateTime(NaiveDateTime),
    /// With `Z` or an offset.
    Instant(chrono::DateTime<chrono::Utc>),
    Bool(bool),
    None,
}

/// `"text {placeholder}"` or block text.
#[derive(Debug, Clone)]
pub struct TextLit {
    pub block: bool,
    pub parts: Vec<TextPart>,
}

#[derive(Debug, Clone)]
pub enum TextPart {
    /// Escapes resolved, block indentation removed.
    Literal {
        text: Arc<str>,
        span: Span,
    },
    Placeholder {
        value: Expr,
        format: Option<Str>,
        span: Span,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `~=`
    EqIgnoreCase,
    In,
    NotIn,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    /// `??`
    Default,
    Add,
    Sub,
    Mul,
    Div,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IsTest {
    Set,
    NotSet,
    Empty,
    NotEmpty,
    Success,
    Failure,
    Final,
    NotSuccess,
    NotFailure,
    NotFinal,
}

// --- tests ---------------------------------------------------------------------------------------

#[derive(Debug, Clone)]
pub struct Test {
    pub name: Str,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum StepKind {
    /// `given deal "D-1" { title: "Chairs", stage: Invoice }`; `pipeline` and `stage` stand among the fields.
    Given { entity: Name, id: Str, fields: Vec<Arg> },
    /// `at 2026-03-02T10:00Z`
    At(Expr),
    /// `wait 3 days`
    Wait(Expr),
    /// `send invoice.paid { … } to "D-1"`
    Send { event: Path, payload: Vec<Arg>, to: Str },
    /// `reply to create_chat with { … }`
    ReplyWith { action: Path, outputs: Vec<Arg> },
    /// `reply to create_chat fails "reason"`
    ReplyFails { action: Path, reason: Str },
    /// `expect stage of "D-1" == Won`: the condition has the value left of the operator removed.
    ExpectField { field: Name, of: Str, op: ExpectOp, value: Expr },
    /// `expect [2] sms { … }`, `expect no sms`
    ExpectAction { no: Option<Span>, count: Option<u32>, action: Path, params: Vec<Arg> },
}

/// What compares a field in an `expect`.
#[derive(Debug, Clone)]
pub enum ExpectOp {
    Binary(BinaryOp),
    /// `expect amount of "D-1" is set`: the value is then [`ExprKind::Error`] and not read.
    Is(IsTest),
}

impl BinaryOp {
    /// Comparisons give a `bool` and do not chain.
    pub fn is_comparison(self) -> bool {
        use BinaryOp::*;
        !matches!(self, Or | And | Default | Add | Sub | Mul | Div)
    }
}
