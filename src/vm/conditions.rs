//! Conditions made ready: most of a condition compares fields, members of the event and constants, and such questions are
//! answered where the values lie, without registers.
//!
//! When a program is loaded, the code of each condition is read once. Two loads, a test and the jumps behind it become one
//! node. It looks at a fact about the record and the event: a number that stands for a field's value or for a test's answer,
//! found out when it is first asked for, and known as long as conditions are asked about the same two. So what many triggers
//! look at is looked at once, and a node asks the same of each fact: whether it lies between two bounds. Nothing has to be
//! guessed on the way but where it ends.
//!
//! Whatever does not fit (a call, arithmetic, a value that is not there) is left to the interpreter, which then
//! evaluates the condition from its beginning: it has no effects, so that is the same. Nobody may watch: what is not run
//! cannot be seen.

mod build;
mod facts;

use super::{EventView, Machine};
use crate::model::OrderOp;
use crate::program::{ChunkId, Program};
use crate::schema::Schema;
use crate::value::*;
use ahash::HashSet;
use facts::Fact;
use memchr::memmem::Finder;
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
    facts: Vec<Fact>,
}

/// A question about a fact, and where its answers lead: no, and yes.
#[derive(Debug, Clone, Copy)]
struct Node {
    fact: u32,
    asked: Asked,
    next: [Next; 2],
}

/// Whether what is left of a fact by the mask is `least` or up to so much `more`. Of bits, that one of those in the mask is set.
#[derive(Debug, Clone, Copy)]
struct Asked {
    mask: u64,
    least: u64,
    more: u64,
}

impl Asked {
    fn between(least: u64, most: u64) -> Option<Asked> {
        Some(Asked { mask: u64::MAX, least, more: most.checked_sub(least)? })
    }

    fn one_of(bits: u64) -> Asked {
        Asked { mask: bits, least: 1, more: u64::MAX - 1 }
    }

    #[inline(always)]
    fn of(self, fact: u64) -> bool {
        (fact & self.mask).wrapping_sub(self.least) <= self.more
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

/// The facts that are known, as long as neither the record nor the event changes.
#[derive(Debug)]
pub(super) struct Known {
    /// By fact: what it is, and the round in which that was found out.
    facts: Vec<(u64, u32)>,
    /// None has the number zero, which stands for never.
    round: u32,
}

impl Default for Known {
    fn default() -> Self {
        Known { facts: Vec::new(), round: 1 }
    }
}

impl Known {
    pub fn forget(&mut self) {
        self.round = self.round.checked_add(1).unwrap_or_else(|| {
            self.facts.clear();
            1
        });
    }

    #[cold]
    fn make_room(&mut self, facts: usize) {
        self.facts.resize(facts, (0, 0));
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
        known: &mut Known,
    ) -> Option<bool> {
        let mut at = Next((*self.starts.get(chunk.0 as usize)?)?);
        if known.facts.len() < self.facts.len() {
            known.make_room(self.facts.len());
        }
        let nodes = &*self.nodes;
        while let Some(node) = nodes.get(at.0 as usize) {
            let fact = match *known.facts.get(node.fact as usize)? {
                (fact, round) if round == known.round => fact,
                _ => self.find_out(machine, node.fact, subject, known)?,
            };
            at = node.next[usize::from(node.asked.of(fact))];
        }
        match at {
            Next::HOLDS => Some(true),
            Next::FAILS => Some(false),
            _ => None,
        }
    }

    #[inline(never)]
    fn find_out(
        &self,
        machine: &Machine,
        number: u32,
        subject: Subject<'_>,
        known: &mut Known,
    ) -> Option<u64> {
        let fact = self.facts.get(number as usize)?.of(machine, subject)?;
        *known.facts.get_mut(number as usize)? = (fact, known.round);
        Some(fact)
    }
}

impl Test {
    #[inline(never)]
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
