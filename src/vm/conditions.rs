//! Conditions made ready: most of a condition compares fields, members of the event and constants, and such questions are
//! answered where the values lie, without registers.
//!
//! When a program is loaded, the code of each condition is read once. Two loads, a test and the jumps behind it become
//! one node; equal tests of all conditions become one, whose answer holds until the record or the event
//! changes. Whatever does not fit (a call, arithmetic, a value that is not there) is left to the interpreter, which then
//! evaluates the condition from its beginning: it has no effects, so that is the same. Nobody may watch: what is not run
//! cannot be seen.

use super::{EventView, Machine};
use crate::model::OrderOp;
use crate::program::instr::{Instr, Reg};
use crate::program::{Chunk, ChunkId, ChunkKind, Program};
use crate::schema::{Schema, Type};
use crate::value::*;
use ahash::{HashMap, HashMapExt, HashSet};
use memchr::memmem::Finder;
use std::cmp::Ordering;
use std::collections::BTreeMap;

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
    /// Constant parts of texts.
    finders: Vec<Finder<'static>>,
}

/// A question, and where each answer leads.
#[derive(Debug, Clone, Copy)]
struct Node {
    ask: Ask,
    yes: Next,
    no: Next,
}

/// What a node asks: the commonest questions, which are sooner answered than remembered, stand in it; for the others
/// there is a test.
#[derive(Debug, Clone, Copy)]
enum Ask {
    Test(u32),
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
    /// How a field stands to a constant amount.
    Money {
        field: FieldId,
        op: OrderOp,
        constant: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Node(u32),
    Holds(bool),
    /// The interpreter knows.
    Interpret,
}

#[derive(Debug)]
struct Test {
    question: Question,
    left: Operand,
    right: Operand,
    /// Which finder looks for a constant part of a text.
    finder: Option<u32>,
    /// Several nodes ask it: its answer is kept.
    shared: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    Truth,
    Equal,
    NotEqual,
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
        let mut builder = Builder { program, conditions: Conditions::default(), known: HashMap::new() };
        for chunk in &program.code.chunks {
            let start = match chunk.kind {
                ChunkKind::Expression { captures: 0, result: Type::Bool } => builder.condition(chunk),
                _ => None,
            };
            builder.conditions.starts.push(start);
        }
        builder.conditions
    }

    /// Whether the condition holds; `None`: the interpreter is to say.
    pub fn ask(
        &self,
        machine: &Machine,
        chunk: ChunkId,
        subject: Subject<'_>,
        answers: &mut Answers,
    ) -> Option<bool> {
        let mut at = (*self.starts.get(chunk.0 as usize)?)?;
        loop {
            let node = self.nodes.get(at as usize)?;
            let answer = match node.ask {
                Ask::Test(number) => {
                    let test = self.tests.get(number as usize)?;
                    match answers.get(number).filter(|_| test.shared) {
                        Some(answer) => answer,
                        None => {
                            let answer = test.answer(machine, &self.finders, subject)?;
                            if test.shared {
                                answers.set(number, self.tests.len(), answer);
                            }
                            answer
                        }
                    }
                }
                Ask::Enum { field, value } => match subject.record.get(field.index())? {
                    Value::Enum(at) => *at == value,
                    _ => false,
                },
                Ask::Enums { field, values } => match subject.record.get(field.index())? {
                    Value::Enum(at) => *at < u32::BITS as u16 && values >> at & 1 == 1,
                    _ => false,
                },
                Ask::Money { field, op, constant } => {
                    let constant = machine.program.code.constants.get(constant as usize)?;
                    op.holds(order(subject.record.get(field.index())?, constant)?)
                }
            };
            match if answer { node.yes } else { node.no } {
                Next::Node(next) => at = next,
                Next::Holds(holds) => return Some(holds),
                Next::Interpret => return None,
            }
        }
    }
}

impl Test {
    fn answer(&self, machine: &Machine, finders: &[Finder<'static>], subject: Subject<'_>) -> Option<bool> {
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
            Question::NotEqual => equal(left, right).map(|equal| !equal),
            Question::EqualIgnoreCase => Some(compare::eq_ignore_case(left, right)),
            Question::Order(op) => order(left, right).map(|order| op.holds(order)),
            Question::In => match right {
                Value::List(items) if items.len() <= SHORT_LIST => Some(items.contains(left)),
                _ => None,
            },
            Question::Contains => match (left, right, self.finder) {
                (Value::Text(text), _, _) if text.len() > SHORT_TEXT => None,
                (Value::Text(text), _, Some(finder)) => {
                    Some(finders.get(finder as usize)?.find(text.as_bytes()).is_some())
                }
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

/// What a test asks, without what is only for speed.
type Key = (Question, Operand, Operand);

struct Builder<'p> {
    program: &'p Program,
    conditions: Conditions,
    known: HashMap<Key, u32>,
}

impl Builder<'_> {
    /// The first node of a condition, if it begins with one.
    fn condition(&mut self, chunk: &Chunk) -> Option<u32> {
        // No way leads back, so reading comes to an end.
        let forward = |(at, instr): (usize, &Instr)| instr.target().is_none_or(|to| to as usize > at);
        if !chunk.code.iter().enumerate().all(forward) {
            return None;
        }
        let reading = Reading::new(&chunk.code);
        // By the instruction at which they begin. Without recursion: a condition may have any number of parts.
        let mut found: BTreeMap<u32, (Key, Way, Way)> = BTreeMap::new();
        let mut open = vec![0];
        while let Some(pc) = open.pop() {
            if found.contains_key(&pc) {
                continue;
            }
            let Some((key, yes, no)) = reading.test(pc) else { continue };
            open.extend([yes, no].into_iter().filter_map(Way::target));
            found.insert(pc, (key, yes, no));
        }
        // From the last on, so that what a node leads to is there.
        let mut nodes: HashMap<u32, u32> = HashMap::new();
        for (pc, (key, yes, no)) in found.into_iter().rev() {
            let next = |way: Way| match way {
                Way::Holds(holds) => Next::Holds(holds),
                Way::To(pc) => nodes.get(&pc).map_or(Next::Interpret, |node| Next::Node(*node)),
            };
            let (yes, no) = (next(yes), next(no));
            let ask = self.ask(key);
            nodes.insert(pc, self.conditions.nodes.len() as u32);
            self.conditions.nodes.push(Node { ask, yes, no });
        }
        nodes.get(&0).copied()
    }

    fn ask(&mut self, key: Key) -> Ask {
        let constants = &self.program.code.constants;
        if let (question, Operand::Field(field), Operand::Const(constant)) = key
            && let Some(value) = constants.get(constant as usize)
        {
            match (question, value) {
                (Question::Equal, Value::Enum(value)) => return Ask::Enum { field, value: *value },
                (Question::Order(op), Value::Money(_)) => return Ask::Money { field, op, constant },
                (Question::In, Value::List(items)) => {
                    let bit = |item: &Value| match item {
                        Value::Enum(at) => 1_u32.checked_shl(u32::from(*at)),
                        _ => None,
                    };
                    let values = items.iter().try_fold(0, |bits, item| Some(bits | bit(item)?));
                    if let Some(values) = values.filter(|_| !items.is_empty()) {
                        return Ask::Enums { field, values };
                    }
                }
                _ => {}
            }
        }
        Ask::Test(self.test(key))
    }

    fn test(&mut self, key: Key) -> u32 {
        if let Some(known) = self.known.get(&key) {
            self.conditions.tests[*known as usize].shared = true;
            return *known;
        }
        let number = self.conditions.tests.len() as u32;
        let (question, left, right) = key;
        let part = match right {
            Operand::Const(part) if question == Question::Contains => {
                self.program.code.constants.get(part as usize)
            }
            _ => None,
        };
        let finder = match part {
            Some(Value::Text(part)) => {
                self.conditions.finders.push(Finder::new(part.as_bytes()).into_owned());
                Some(self.conditions.finders.len() as u32 - 1)
            }
            _ => None,
        };
        self.conditions.tests.push(Test { question, left, right, finder, shared: false });
        self.known.insert(key, number);
        number
    }
}

/// Where an answer leads.
#[derive(Debug, Clone, Copy)]
enum Way {
    Holds(bool),
    To(u32),
}

impl Way {
    fn target(self) -> Option<u32> {
        match self {
            Way::Holds(_) => None,
            Way::To(pc) => Some(pc),
        }
    }
}

/// The jumps that an answer may pass on its way: each part of a long chain passes all that follow, which would be
/// quadratic. Beyond, the interpreter goes on.
const MOST_JUMPS: usize = 256;

/// How far back a register's load may stand: as far as that of the value in `between`, and some more.
const MOST_BACK: u32 = 16;

/// The code of one condition.
struct Reading<'p> {
    code: &'p [Instr],
    /// Where jumps lead.
    targets: HashSet<u32>,
}

/// A question, and the registers in which it looks.
struct Asked {
    question: Question,
    left: Reg,
    right: Reg,
    /// Where its answer goes. `None`: it jumps itself.
    to: Option<Reg>,
    /// The answer is turned round.
    negated: bool,
}

impl Asked {
    fn of(instr: Instr) -> Option<Asked> {
        let two = |question, to, left, right| Asked { question, left, right, to, negated: false };
        let one = |question, to, value| two(question, to, value, value);
        Some(match instr {
            // These jump themselves.
            Instr::JumpIf { condition: value, .. } | Instr::JumpIfNot { condition: value, .. } => {
                one(Question::Truth, None, value)
            }
            Instr::JumpIfNone { value, .. } | Instr::JumpIfSet { value, .. } => {
                one(Question::IsSet, None, value)
            }
            Instr::Return { value } => one(Question::Truth, None, value),
            Instr::Not { to, from } => Asked { negated: true, ..one(Question::Truth, Some(to), from) },
            Instr::Equal { to, left, right } => two(Question::Equal, Some(to), left, right),
            Instr::NotEqual { to, left, right } => two(Question::NotEqual, Some(to), left, right),
            Instr::EqualIgnoreCase { to, left, right } => {
                two(Question::EqualIgnoreCase, Some(to), left, right)
            }
            Instr::OrderInt { op, to, left, right }
            | Instr::OrderDecimal { op, to, left, right }
            | Instr::OrderMoney { op, to, left, right }
            | Instr::Order { op, to, left, right } => two(Question::Order(op), Some(to), left, right),
            Instr::In { to, value, list } => two(Question::In, Some(to), value, list),
            Instr::ContainsText { to, text, part } => two(Question::Contains, Some(to), text, part),
            Instr::StartsWith { to, text, part } => two(Question::StartsWith, Some(to), text, part),
            Instr::EndsWith { to, text, part } => two(Question::EndsWith, Some(to), text, part),
            Instr::Matches { to, text, regex } => one(Question::Matches(regex), Some(to), text),
            Instr::IsSet { to, value } => one(Question::IsSet, Some(to), value),
            Instr::IsEmpty { to, value } => one(Question::IsEmpty, Some(to), value),
            _ => return None,
        })
    }
}

impl<'p> Reading<'p> {
    fn new(code: &'p [Instr]) -> Reading<'p> {
        Reading { code, targets: code.iter().filter_map(Instr::target).collect() }
    }

    fn at(&self, pc: u32) -> Option<Instr> {
        self.code.get(pc as usize).copied()
    }

    /// Loads, a test of what they loaded, and where its answers lead.
    fn test(&self, from: u32) -> Option<(Key, Way, Way)> {
        let mut loaded: Vec<(Reg, Operand)> = Vec::new();
        let mut pc = from;
        while let Some((to, operand)) = load(&self.at(pc)?) {
            loaded.push((to, operand));
            pc += 1;
        }
        let get = |reg: Reg| {
            let here = loaded.iter().rev().find(|(to, _)| *to == reg).map(|(_, operand)| *operand);
            here.or_else(|| self.before(from, reg))
        };
        let instr = self.at(pc)?;
        let Asked { question, left, right, to, negated } = Asked::of(instr)?;
        let key = (question, get(left)?, get(right)?);
        // What fails to load fails here, and not only where it is asked for.
        let asked = |operand: &Operand| *operand == key.1 || *operand == key.2;
        if loaded.iter().any(|(_, operand)| operand.may_fail() && !asked(operand)) {
            return None;
        }
        let (yes, no) = match (instr, to) {
            (Instr::JumpIf { target, .. } | Instr::JumpIfSet { target, .. }, _) => {
                (Way::To(target), Way::To(pc + 1))
            }
            (Instr::JumpIfNot { target, .. } | Instr::JumpIfNone { target, .. }, _) => {
                (Way::To(pc + 1), Way::To(target))
            }
            (Instr::Return { .. }, _) => (Way::Holds(true), Way::Holds(false)),
            (_, Some(to)) => (self.follow(pc + 1, to, !negated), self.follow(pc + 1, to, negated)),
            (_, None) => return None,
        };
        Some((key, yes, no))
    }

    /// What a register holds at an instruction to which there is one way only, the one through those before it: the value
    /// of `between` is loaded once for both its bounds.
    fn before(&self, from: u32, reg: Reg) -> Option<Operand> {
        let mut pc = from;
        while pc > from.saturating_sub(MOST_BACK) && !self.targets.contains(&pc) {
            pc -= 1;
            let instr = self.at(pc)?;
            match load(&instr) {
                Some((to, operand)) if to == reg => return Some(operand),
                Some(_) => {}
                None if Asked::of(instr)?.to == Some(reg) => return None,
                None => {}
            }
        }
        None
    }

    /// Where the code comes to when the register holds an answer: past all that only asks for it again.
    fn follow(&self, mut pc: u32, reg: Reg, mut answer: bool) -> Way {
        for _ in 0..MOST_JUMPS {
            match self.at(pc) {
                Some(Instr::Jump { target }) => pc = target,
                Some(Instr::JumpIf { condition, target }) if condition == reg => {
                    pc = if answer { target } else { pc + 1 };
                }
                Some(Instr::JumpIfNot { condition, target }) if condition == reg => {
                    pc = if answer { pc + 1 } else { target };
                }
                Some(Instr::Not { to, from }) if to == reg && from == reg => {
                    (answer, pc) = (!answer, pc + 1);
                }
                Some(Instr::Return { value }) if value == reg => return Way::Holds(answer),
                _ => break,
            }
        }
        Way::To(pc)
    }
}

fn load(instr: &Instr) -> Option<(Reg, Operand)> {
    match *instr {
        Instr::Field { to, field } => Some((to, Operand::Field(field))),
        Instr::Const { to, constant } => Some((to, Operand::Const(constant))),
        Instr::Payload { to, event, slot } => Some((to, Operand::Payload { event, slot })),
        Instr::Old { to, field } => Some((to, Operand::Old(field))),
        _ => None,
    }
}
