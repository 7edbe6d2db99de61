//! Conditions made ready: most of a condition compares fields, members of the event and constants, and such questions are
//! answered where the values lie, without registers.
//!
//! When a program is loaded, the code of each condition is read once. Two loads, a test and the jumps behind it become
//! one node; equal tests of all conditions become one, whose answer holds until the record or the event
//! changes. Whatever does not fit (a call, arithmetic, a value that is not there) is left to the interpreter, which then
//! evaluates the condition from its beginning: it has no effects, so that is the same. Nobody may watch: what is not run
//! cannot be seen.

mod build;

use super::{EventView, Machine};
use crate::model::OrderOp;
use crate::program::{ChunkId, Program};
use crate::schema::Schema;
use crate::value::*;
use ahash::HashSet;
use chrono::NaiveDate;
use memchr::memmem::Finder;
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// Longer texts and lists cost fuel: the interpreter counts it.
const SHORT_TEXT: usize = 4096;
const SHORT_LIST: usize = 256;

/// All conditions of a program.
#[derive(Default)]
pub(super) struct Conditions {
    /// By chunk: its first node.
    starts: Vec<Option<u32>>,
    nodes: Vec<Node>,
    tests: Vec<Test>,
    /// Constants of questions that stand in nodes.
    amounts: Vec<Amount>,
    texts: Vec<Text>,
}

/// A question, and where its answers lead: no, and yes.
#[derive(Debug, Clone, Copy)]
struct Node {
    ask: Ask,
    next: [Next; 2],
}

/// What a node asks: the commonest questions, which are sooner answered than remembered, stand in it; for the others
/// there is a test.
#[derive(Debug, Clone, Copy)]
enum Ask {
    Test(u32),
    /// One whose answer is kept, for several nodes ask it.
    Shared(u32),
    /// What the field says.
    Truth {
        field: FieldId,
    },
    IsSet {
        field: FieldId,
    },
    /// Whether a field holds a value of an enum.
    Enum {
        field: FieldId,
        value: u16,
    },
    /// Whether a field holds one of several, each a bit: the first 32 of an enum.
    Enums {
        field: FieldId,
        values: u32,
    },
    /// Whether a field holds a constant text.
    Text {
        field: FieldId,
        text: u32,
    },
    /// Whether a list holds a constant text.
    Has {
        field: FieldId,
        text: u32,
    },
    /// How a field stands to a constant: an amount, a small number, a date.
    Money {
        field: FieldId,
        orders: Orders,
        amount: u32,
    },
    Int {
        field: FieldId,
        orders: Orders,
        number: i32,
    },
    Date {
        field: FieldId,
        orders: Orders,
        date: NaiveDate,
    },
}

/// The orders of two values that a comparison wants, a bit for each: what is looked up need not be guessed, as a jump is.
#[derive(Debug, Clone, Copy)]
struct Orders(u8);

impl Orders {
    fn of(op: OrderOp) -> Orders {
        let bit = |order: Ordering| u8::from(op.holds(order)) << (order as i8 + 1);
        Orders(bit(Ordering::Less) | bit(Ordering::Equal) | bit(Ordering::Greater))
    }

    #[inline(always)]
    fn hold(self, order: Ordering) -> bool {
        self.0 >> (order as i8 + 1) & 1 == 1
    }
}

/// The number of a node, or one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Next(u32);

impl Next {
    const HOLDS: Next = Next(u32::MAX);
    const FAILS: Next = Next(u32::MAX - 1);
    /// The interpreter knows.
    const INTERPRET: Next = Next(u32::MAX - 2);
}

/// An amount with what is compared first.
#[derive(Debug)]
struct Amount {
    number: Decimal,
    currency: Currency,
    /// The digits of the number, if they are few, and how many of them stand behind the point.
    digits: i64,
    scale: u32,
}

impl Amount {
    fn of(money: &Money) -> Option<Amount> {
        let digits = i64::try_from(money.amount.mantissa()).ok()?;
        let (number, currency) = (money.amount, money.currency);
        Some(Amount { number, currency, digits, scale: number.scale() })
    }

    /// How an amount stands to this one. `None`: it is of another currency.
    #[inline]
    fn order(&self, money: &Money) -> Option<Ordering> {
        if money.currency != self.currency {
            return None;
        }
        let more = money.amount.scale().wrapping_sub(self.scale);
        Some(match compare::POWERS.get(more as usize) {
            Some(power) => money.amount.mantissa().cmp(&(i128::from(self.digits) * i128::from(*power))),
            None => compare::decimals(money.amount, self.number),
        })
    }
}

#[derive(Debug)]
struct Test {
    question: Question,
    left: Operand,
    right: Operand,
    prepared: Prepared,
}

/// What a constant is made into, to be compared faster.
#[derive(Debug)]
enum Prepared {
    Not,
    /// A part of a text.
    Part(Box<Finder<'static>>),
    /// A list of texts.
    Texts(HashSet<Text>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    Truth,
    Equal,
    EqualIgnoreCase,
    Order(OrderOp),
    In,
    Contains,
    StartsWith,
    EndsWith,
    Matches(u16),
    IsSet,
    IsEmpty,
}

/// What needs no computing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operand {
    Field(FieldId),
    Payload { event: EventId, slot: u16 },
    Old(FieldId),
    Const(u32),
}

impl Operand {
    /// Whether there may be nothing to load, which is a failure of its own.
    fn may_fail(self) -> bool {
        matches!(self, Operand::Payload { .. } | Operand::Old(_))
    }
}

/// What a condition looks at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub record: &'a [Value],
    pub event: Option<EventView<'a>>,
    pub old: Option<&'a [Value]>,
}

/// The answers of shared tests, as long as neither the record nor the event changes.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// By test: twice the round in which it was answered, and one more for yes.
    known: Vec<u32>,
    round: u32,
}

impl Answers {
    pub fn forget(&mut self) {
        // No round has the number zero, which stands for never.
        self.round += 1;
        if self.round > u32::MAX / 2 {
            self.known.clear();
            self.round = 1;
        }
    }

    fn get(&self, test: u32) -> Option<bool> {
        let known = *self.known.get(test as usize)?;
        (known / 2 == self.round).then_some(known % 2 == 1)
    }

    fn set(&mut self, test: u32, tests: usize, answer: bool) {
        if self.known.len() < tests {
            self.known.resize(tests, 0);
        }
        self.known[test as usize] = self.round * 2 + u32::from(answer);
    }
}

impl Conditions {
    pub fn new(program: &Program) -> Conditions {
        build::conditions(program)
    }

    /// Whether the condition holds; `None`: the interpreter is to say.
    pub fn ask(
        &self,
        machine: &Machine,
        chunk: ChunkId,
        subject: Subject<'_>,
        answers: &mut Answers,
    ) -> Option<bool> {
        let mut at = Next((*self.starts.get(chunk.0 as usize)?)?);
        let mut asking = Asking { conditions: self, machine, subject, answers };
        let (nodes, record) = (&*self.nodes, subject.record);
        while let Some(node) = nodes.get(at.0 as usize) {
            let answer = match node.ask {
                Ask::Truth { field } => match record.get(field.index())? {
                    Value::Bool(value) => *value,
                    _ => return None,
                },
                Ask::IsSet { field } => !matches!(record.get(field.index())?, Value::None),
                Ask::Enum { field, value } => match record.get(field.index())? {
                    Value::Enum(at) => *at == value,
                    _ => false,
                },
                Ask::Enums { field, values } => match record.get(field.index())? {
                    Value::Enum(at) => u64::from(values) >> (*at).min(63) & 1 == 1,
                    _ => false,
                },
                Ask::Int { field, orders, number } => match record.get(field.index())? {
                    Value::Int(value) => orders.hold(value.cmp(&i64::from(number))),
                    _ => return None,
                },
                Ask::Date { field, orders, date } => match record.get(field.index())? {
                    Value::Date(value) => orders.hold(value.cmp(&date)),
                    _ => return None,
                },
                // Those that take more stand apart, so that the others need not make room for them.
                Ask::Money { field, orders, amount } => asking.money(field, orders, amount)?,
                Ask::Text { field, text } => asking.text(field, text)?,
                Ask::Has { field, text } => asking.has(field, text)?,
                Ask::Shared(number) => match asking.answers.get(number) {
                    Some(answer) => answer,
                    None => asking.shared(number)?,
                },
                Ask::Test(number) => asking.test(number)?,
            };
            at = node.next[usize::from(answer)];
        }
        match at {
            Next::HOLDS => Some(true),
            Next::FAILS => Some(false),
            _ => None,
        }
    }
}

/// What is at hand while a condition is asked.
struct Asking<'a> {
    conditions: &'a Conditions,
    machine: &'a Machine,
    subject: Subject<'a>,
    answers: &'a mut Answers,
}

impl Asking<'_> {
    fn field(&self, field: FieldId) -> Option<&Value> {
        self.subject.record.get(field.index())
    }

    #[inline(never)]
    fn money(&self, field: FieldId, orders: Orders, amount: u32) -> Option<bool> {
        match self.field(field)? {
            Value::Money(money) => {
                Some(orders.hold(self.conditions.amounts.get(amount as usize)?.order(money)?))
            }
            _ => None,
        }
    }

    #[inline(never)]
    fn text(&self, field: FieldId, text: u32) -> Option<bool> {
        match self.field(field)? {
            Value::Text(value) => Some(value == self.conditions.texts.get(text as usize)?),
            _ => Some(false),
        }
    }

    #[inline(never)]
    fn has(&self, field: FieldId, text: u32) -> Option<bool> {
        match self.field(field)? {
            Value::List(items) if items.len() <= SHORT_LIST => {
                let text = &**self.conditions.texts.get(text as usize)?;
                Some(items.iter().any(|item| matches!(item, Value::Text(item) if **item == *text)))
            }
            _ => None,
        }
    }

    #[inline(never)]
    fn test(&self, number: u32) -> Option<bool> {
        self.conditions.tests.get(number as usize)?.answer(self.machine, self.subject)
    }

    /// A test whose answer is not known yet.
    #[inline(never)]
    fn shared(&mut self, number: u32) -> Option<bool> {
        let answer = self.test(number)?;
        self.answers.set(number, self.conditions.tests.len(), answer);
        Some(answer)
    }
}

impl Test {
    fn answer(&self, machine: &Machine, subject: Subject<'_>) -> Option<bool> {
        let program = &*machine.program;
        let left = self.left.value(program, subject)?;
        // Of a question with one operand the right one is the same.
        let right = self.right.value(program, subject)?;
        match self.question {
            Question::Truth => match left {
                Value::Bool(value) => Some(*value),
                _ => None,
            },
            Question::Equal => equal(left, right),
            Question::EqualIgnoreCase => Some(compare::eq_ignore_case(left, right)),
            Question::Order(op) => order(left, right).map(|order| op.holds(order)),
            Question::In => match (left, right, &self.prepared) {
                (Value::Text(text), _, Prepared::Texts(texts)) => Some(texts.contains(text)),
                (_, Value::List(items), _) if items.len() <= SHORT_LIST => Some(items.contains(left)),
                _ => None,
            },
            Question::Contains => match (left, right, &self.prepared) {
                (Value::Text(text), _, _) if text.len() > SHORT_TEXT => None,
                (Value::Text(text), _, Prepared::Part(part)) => Some(part.find(text.as_bytes()).is_some()),
                _ => Some(compare::contains(left, right)),
            },
            Question::StartsWith => Some(compare::starts_with(left, right)),
            Question::EndsWith => Some(compare::ends_with(left, right)),
            Question::Matches(regex) => match left {
                Value::Text(text) if text.len() <= SHORT_TEXT => {
                    Some(machine.regexes.get(usize::from(regex))?.is_match(text))
                }
                _ => None,
            },
            Question::IsSet => Some(!matches!(left, Value::None)),
            Question::IsEmpty => Some(compare::is_empty(left)),
        }
    }
}

fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Enum(a), Value::Enum(b)) => Some(a == b),
        (Value::Text(a), Value::Text(b)) => Some(a == b),
        (Value::List(items), _) if items.len() > SHORT_LIST => None,
        _ => Some(left == right),
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Money(a), Value::Money(b)) => {
            (a.currency == b.currency).then(|| compare::decimals(a.amount, b.amount))
        }
        _ => compare::compare(left, right).ok(),
    }
}

impl Operand {
    fn value<'a>(self, program: &'a Program, subject: Subject<'a>) -> Option<&'a Value> {
        match self {
            Operand::Field(field) => subject.record.get(field.index()),
            Operand::Const(constant) => program.code.constants.get(constant as usize),
            Operand::Payload { event, slot } => {
                let view = subject.event?;
                let at_hand = view.event?;
                let is = at_hand == event || is_kind(&program.schema, at_hand, event);
                if is { view.payload.get(usize::from(slot)) } else { None }
            }
            Operand::Old(field) => subject.old?.get(field.index()),
        }
    }
}

#[cold]
fn is_kind(schema: &Schema, at_hand: EventId, event: EventId) -> bool {
    schema.event_is(at_hand, event)
}
