//! From the code of conditions to their nodes.

use super::facts::{Bits, Fact, bit, day, exact, order, ordered};
use super::{Asked, Conditions, Next, Node, Operand, Prepared, Question, SHORT_LIST, Test};
use crate::program::instr::{Instr, Reg};
use crate::program::{Chunk, ChunkKind, EventPattern, Program};
use crate::schema::Type;
use crate::value::*;
use ahash::{HashMap, HashMapExt, HashSet};
use memchr::memmem::Finder;
use std::collections::BTreeMap;

/// All conditions of a program.
pub(super) fn conditions(program: &Program) -> Conditions {
    let mut builder = Builder { program, conditions: Conditions::default(), facts: HashMap::new() };
    builder.conditions.starts = vec![None; program.code.chunks.len()];
    for at in in_order(program) {
        let chunk = &program.code.chunks[at];
        if let ChunkKind::Expression { captures: 0, result: Type::Bool } = chunk.kind {
            builder.conditions.starts[at] = builder.condition(chunk);
        }
    }
    builder.conditions
}

/// The chunks in the order in which their nodes are to lie: those of triggers and rules that listen to the same event and want
/// the same of it are asked together.
fn in_order(program: &Program) -> Vec<usize> {
    let mut wanted: Vec<Option<(EventId, &str)>> = vec![None; program.code.chunks.len()];
    let triggers = program.triggers.iter().map(|trigger| (trigger.when, &trigger.events));
    let rules = program.rules.iter().map(|rule| (rule.when, &rule.on));
    for (when, events) in triggers.chain(rules) {
        let chunk = when.and_then(|when| wanted.get_mut(when.0 as usize));
        if let (Some(wanted), Some(EventPattern::Named(named))) = (chunk, events.first()) {
            let setting = named.settings.first().and_then(|(_, values)| values.first());
            let text = if let Some(Value::Text(text)) = setting { text } else { "" };
            *wanted = Some((named.event, text));
        }
    }
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|chunk| wanted[*chunk]);
    order
}

/// What a test asks, without what is only for speed.
type Key = (Question, Operand, Operand);

/// By what a fact is known again, before it is made ready.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum About {
    Test(Key),
    Truth(FieldId),
    IsSet(FieldId),
    Int(FieldId),
    Date(FieldId),
    Amount(FieldId, Currency),
    Enum(FieldId),
    Text(FieldId),
    List(FieldId),
    /// With the number of the constant.
    Has(FieldId, u32),
    Begins(FieldId, u32),
}

struct Builder<'p> {
    program: &'p Program,
    conditions: Conditions,
    /// The numbers of facts.
    facts: HashMap<About, u32>,
}

impl<'p> Builder<'p> {
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
                Way::Holds(true) => Next::HOLDS,
                Way::Holds(false) => Next::FAILS,
                Way::To(pc) => nodes.get(&pc).map_or(Next::INTERPRET, |node| Next(*node)),
            };
            let (yes, no) = (next(yes), next(no));
            let (fact, asked) = self.asked(key);
            nodes.insert(pc, self.conditions.nodes.len() as u32);
            self.conditions.nodes.push(Node { fact, asked, next: [no, yes] });
        }
        nodes.get(&0).copied()
    }

    /// The fact that a question is about, and what is asked of it.
    fn asked(&mut self, key: Key) -> (u32, Asked) {
        self.plain(key).unwrap_or_else(|| (self.fact(About::Test(key)), Asked::one_of(1)))
    }

    /// A question about a field.
    fn plain(&mut self, key: Key) -> Option<(u32, Asked)> {
        let constants = &self.program.code.constants;
        let (question, field, constant) = match key {
            (Question::Truth, Operand::Field(field), _) => {
                return Some((self.fact(About::Truth(field)), Asked::one_of(1)));
            }
            (Question::IsSet, Operand::Field(field), _) => {
                return Some((self.fact(About::IsSet(field)), Asked::one_of(1)));
            }
            (Question::In, Operand::Const(constant), Operand::Field(field)) => {
                return match constants.get(constant as usize)? {
                    Value::Text(text) => self.one_of(About::List(field), &[text]),
                    _ => None,
                };
            }
            (question, Operand::Field(field), Operand::Const(constant)) => (question, field, constant),
            // The lower bound of `between` is asked about from the other side.
            (Question::Order(op), Operand::Const(constant), Operand::Field(field)) => {
                (Question::Order(op.mirrored()), field, constant)
            }
            _ => return None,
        };
        let (about, asked) = match (question, constants.get(constant as usize)?) {
            (Question::Equal, Value::Enum(at)) => (About::Enum(field), Asked::one_of(bit(*at)?)),
            (Question::Equal, Value::Text(text)) => return self.one_of(About::Text(field), &[text]),
            (Question::In, Value::List(items)) if !items.is_empty() && items.len() <= SHORT_LIST => {
                let text = |item: &'p Value| if let Value::Text(text) = item { Some(text) } else { None };
                if let Some(texts) = items.iter().map(text).collect::<Option<Vec<_>>>() {
                    return self.one_of(About::Text(field), &texts);
                }
                let bit = |item: &Value| if let Value::Enum(at) = item { bit(*at) } else { None };
                let bits = items.iter().try_fold(0, |bits, item| Some(bits | bit(item)?))?;
                (About::Enum(field), Asked::one_of(bits))
            }
            (Question::Order(op), Value::Money(money)) => {
                (About::Amount(field, money.currency), order(op, exact(money)?)?)
            }
            (Question::Contains, Value::Text(_)) => (About::Has(field, constant), Asked::one_of(1)),
            (Question::StartsWith, Value::Text(_)) => (About::Begins(field, constant), Asked::one_of(1)),
            (Question::Order(op), Value::Int(number)) => (About::Int(field), order(op, ordered(*number))?),
            (Question::Order(op), Value::Date(date)) => (About::Date(field), order(op, day(*date))?),
            _ => return None,
        };
        Some((self.fact(about), asked))
    }

    /// Whether a text, or one in a list, is one of these. `None`: there are not enough bits for them.
    fn one_of(&mut self, about: About, texts: &[&Text]) -> Option<(u32, Asked)> {
        if texts.len() > Bits::MOST {
            return None;
        }
        let number = self.fact(about);
        let (Fact::Text(_, bits) | Fact::List(_, bits)) = self.conditions.facts.get_mut(number as usize)?
        else {
            return None;
        };
        let found = texts.iter().try_fold(0, |all, text| Some(all | bits.add(text)?));
        if let Some(found) = found {
            return Some((number, Asked::one_of(found)));
        }
        // These and the next ones have bits of another fact, in which there is room for them.
        self.facts.remove(&about);
        self.one_of(about, texts)
    }

    /// The number of a fact.
    fn fact(&mut self, about: About) -> u32 {
        let (program, facts) = (self.program, &mut self.conditions.facts);
        let text = |constant: u32| match program.code.constants.get(constant as usize) {
            Some(Value::Text(text)) => text.clone(),
            _ => Text::default(),
        };
        *self.facts.entry(about).or_insert_with(|| {
            facts.push(match about {
                About::Test(key) => Fact::Test(test(program, key)),
                About::Truth(field) => Fact::Truth(field),
                About::IsSet(field) => Fact::IsSet(field),
                About::Int(field) => Fact::Int(field),
                About::Date(field) => Fact::Date(field),
                About::Amount(field, currency) => Fact::Amount(field, currency),
                About::Enum(field) => Fact::Enum(field),
                About::Text(field) => Fact::Text(field, Bits::new()),
                About::List(field) => Fact::List(field, Bits::new()),
                About::Has(field, part) => Fact::Has(field, finder(&text(part))),
                About::Begins(field, part) => Fact::Begins(field, text(part)),
            });
            facts.len() as u32 - 1
        })
    }
}

fn test(program: &Program, (question, left, right): Key) -> Test {
    let constant = match right {
        Operand::Const(constant) => program.code.constants.get(constant as usize),
        _ => None,
    };
    let prepared = match (question, constant) {
        (Question::Contains, Some(Value::Text(part))) => Prepared::Part(finder(part)),
        (Question::In, Some(Value::List(items))) if items.len() <= SHORT_LIST => texts(items),
        _ => Prepared::Not,
    };
    Test { question, left, right, prepared }
}

fn finder(part: &str) -> Box<Finder<'static>> {
    Box::new(Finder::new(part.as_bytes()).into_owned())
}

/// A list, if it holds texts and nothing else.
fn texts(items: &[Value]) -> Prepared {
    let text = |item: &Value| if let Value::Text(text) = item { Some(text.clone()) } else { None };
    items.iter().map(text).collect::<Option<_>>().map_or(Prepared::Not, Prepared::Texts)
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
struct Looks {
    question: Question,
    left: Reg,
    right: Reg,
    /// Where its answer goes. `None`: it jumps itself.
    to: Option<Reg>,
    /// The answer is turned round.
    negated: bool,
}

impl Looks {
    fn of(instr: Instr) -> Option<Looks> {
        let two = |question, to, left, right| Looks { question, left, right, to, negated: false };
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
            Instr::Not { to, from } => Looks { negated: true, ..one(Question::Truth, Some(to), from) },
            Instr::Equal { to, left, right } => two(Question::Equal, Some(to), left, right),
            Instr::NotEqual { to, left, right } => {
                Looks { negated: true, ..two(Question::Equal, Some(to), left, right) }
            }
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
        let Looks { question, left, right, to, negated } = Looks::of(instr)?;
        let key = (question, get(left)?, get(right)?);
        // What fails to load fails here, and not only where it is asked for.
        let asked = |operand: &Operand| *operand == key.1 || *operand == key.2;
        if loaded.iter().any(|(_, operand)| operand.may_fail() && !asked(operand)) {
            return None;
        }
        let (yes, no) = match (instr, to) {
            // What it has been asked is known where it leads to.
            (Instr::JumpIf { condition, target }, _) => {
                (self.follow(target, condition, true), self.follow(pc + 1, condition, false))
            }
            (Instr::JumpIfNot { condition, target }, _) => {
                (self.follow(pc + 1, condition, true), self.follow(target, condition, false))
            }
            (Instr::JumpIfSet { target, .. }, _) => (Way::To(target), Way::To(pc + 1)),
            (Instr::JumpIfNone { target, .. }, _) => (Way::To(pc + 1), Way::To(target)),
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
                None if Looks::of(instr)?.to == Some(reg) => return None,
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
