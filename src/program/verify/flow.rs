//! The ways through a chunk: on each of them registers are written before they are read, and texts and lists that
//! are begun are ended.

use super::types::fits;
use super::{Check, ensure, no};
use crate::program::instr::{Instr, Reg};
use crate::program::{Chunk, ChunkKind, Program};
use crate::schema::Type;
use std::collections::{BTreeMap, BTreeSet};

/// Texts and lists under construction at once, as many as levels of nesting.
const MAX_OPEN: usize = 256;
/// Words of memory that the examination of one chunk may take.
const MAX_WORDS: usize = 1 << 24;

/// What is known at a place in the code, whatever way led there.
#[derive(Debug, Clone, PartialEq)]
struct State {
    /// One bit for each register: whether it has been written.
    written: Vec<u64>,
    texts: usize,
    /// The registers of the lists under construction.
    lists: Vec<Reg>,
}

impl State {
    fn has(&self, reg: usize) -> bool {
        self.written.get(reg / 64).is_some_and(|word| word & (1 << (reg % 64)) != 0)
    }

    fn write(&mut self, reg: usize) {
        if let Some(word) = self.written.get_mut(reg / 64) {
            *word |= 1 << (reg % 64);
        }
    }
}

/// Examines a chunk all whose instructions are sound by themselves.
pub(super) fn check(program: &Program, chunk: &Chunk) -> Check {
    let words = chunk.registers.len().div_ceil(64);
    // Every jump leads to one of these, and only there do ways meet.
    let mut joins: BTreeSet<u32> = chunk.code.iter().filter_map(Instr::target).collect();
    joins.extend(chunk.code.iter().filter_map(|instr| other_way(program, *instr)));
    ensure((joins.len() + 1).saturating_mul(words + 8) <= MAX_WORDS, "more code than can be examined")?;

    let mut start = State { written: vec![0; words], texts: 0, lists: Vec::new() };
    let given = match chunk.kind {
        ChunkKind::Expression { captures, .. } => captures,
        ChunkKind::Function { params, .. } => params,
        ChunkKind::Body => 0,
    };
    (0..usize::from(given)).for_each(|reg| start.write(reg));

    let mut states: BTreeMap<u32, State> = BTreeMap::new();
    // Places whose state has changed, first ones first: code without jumps backward is walked once.
    let mut work: BTreeSet<u32> = BTreeSet::new();
    // Knowledge only ever shrinks, and in code that a compiler made it hardly does.
    let mut patience = 64 * (joins.len() + 1) + 1_000;
    let mut walk = Some((0, start));
    while let Some((from, mut state)) = walk {
        let mut pc = from;
        loop {
            let Some(instr) = chunk.code.get(pc as usize).copied() else { return no("code without an end") };
            step(program, chunk, instr, &mut state).map_err(|what| format!("{what} at instruction {pc}"))?;
            for target in instr.target().into_iter().chain(other_way(program, instr)) {
                meet(&mut states, &mut work, target, &state)?;
            }
            if instr.ends() {
                break;
            }
            arrive(program, instr, &mut state);
            pc += 1;
            if joins.contains(&pc) {
                meet(&mut states, &mut work, pc, &state)?;
                break;
            }
        }
        walk = match work.pop_first() {
            Some(pc) => states.get(&pc).map(|state| (pc, state.clone())),
            None => None,
        };
        patience -= 1;
        ensure(patience > 0, "code that is too tangled")?;
    }
    Ok(())
}

/// Joins what is known on one more way to a place.
fn meet(states: &mut BTreeMap<u32, State>, work: &mut BTreeSet<u32>, pc: u32, state: &State) -> Check {
    match states.get_mut(&pc) {
        None => {
            states.insert(pc, state.clone());
            work.insert(pc);
        }
        Some(known) => {
            ensure(
                known.texts == state.texts && known.lists == state.lists,
                "texts or lists that are not ended",
            )?;
            for (known_word, word) in known.written.iter_mut().zip(&state.written) {
                if *known_word & !word != 0 {
                    *known_word &= word;
                    work.insert(pc);
                }
            }
        }
    }
    Ok(())
}

/// Where the host may send the body instead of to the next instruction.
fn other_way(program: &Program, instr: Instr) -> Option<u32> {
    match instr {
        Instr::Action { call } => program.code.calls.get(call.0 as usize)?.answer.as_ref()?.otherwise,
        Instr::WaitFor { wait } => Some(program.code.waits.get(wait.0 as usize)?.otherwise),
        _ => None,
    }
}

/// What the instruction reads, and what it leaves behind whichever way the code goes on.
fn step(program: &Program, chunk: &Chunk, instr: Instr, state: &mut State) -> Check {
    let read =
        |state: &State, reg: Reg| ensure(state.has(reg.index()), "a register read before it is written");
    let reads = |state: &State, regs: &[Reg]| regs.iter().try_for_each(|reg| read(state, *reg));
    if instr.is_effect() || matches!(instr, Instr::Return { .. }) {
        ensure(state.texts == 0 && state.lists.is_empty(), "texts or lists that are not ended")?;
    }
    match instr {
        Instr::Const { to, .. }
        | Instr::Field { to, .. }
        | Instr::FieldOnceSet { to, .. }
        | Instr::This { to }
        | Instr::Payload { to, .. }
        | Instr::PayloadAny { to, .. }
        | Instr::EventType { to }
        | Instr::EventTime { to }
        | Instr::Old { to, .. }
        | Instr::Output { to, .. }
        | Instr::Now { to }
        | Instr::Today { to }
        | Instr::Stage { to }
        | Instr::Pipeline { to } => state.write(to.index()),
        Instr::Copy { to, from }
        | Instr::RefField { to, base: from, .. }
        | Instr::RefExists { to, base: from }
        | Instr::PrincipalField { to, base: from, .. }
        | Instr::FileName { to, from }
        | Instr::FileUrl { to, from }
        | Instr::Not { to, from }
        | Instr::Matches { to, text: from, .. }
        | Instr::IsSet { to, value: from }
        | Instr::IsEmpty { to, value: from }
        | Instr::StageIs { to, stage: from, .. }
        | Instr::Convert { to, from, .. } => {
            read(state, from)?;
            state.write(to.index());
        }
        Instr::Equal { to, left, right }
        | Instr::NotEqual { to, left, right }
        | Instr::EqualIgnoreCase { to, left, right }
        | Instr::OrderInt { to, left, right, .. }
        | Instr::OrderDecimal { to, left, right, .. }
        | Instr::OrderMoney { to, left, right, .. }
        | Instr::Order { to, left, right, .. }
        | Instr::In { to, value: left, list: right }
        | Instr::ContainsText { to, text: left, part: right }
        | Instr::StartsWith { to, text: left, part: right }
        | Instr::EndsWith { to, text: left, part: right }
        | Instr::AddInt { to, left, right }
        | Instr::SubInt { to, left, right }
        | Instr::MulInt { to, left, right }
        | Instr::AddDecimal { to, left, right }
        | Instr::SubDecimal { to, left, right }
        | Instr::MulDecimal { to, left, right }
        | Instr::Arith { to, left, right, .. }
        | Instr::SortBy { to, list: left, keys: right } => {
            reads(state, &[left, right])?;
            state.write(to.index());
        }
        Instr::Jump { .. }
        | Instr::Await { .. }
        | Instr::EndWaits { .. }
        | Instr::Move { .. }
        | Instr::Stop
        | Instr::Gone { .. } => {}
        Instr::JumpIf { condition: value, .. }
        | Instr::JumpIfNot { condition: value, .. }
        | Instr::JumpIfNone { value, .. }
        | Instr::JumpIfSet { value, .. }
        | Instr::Return { value }
        | Instr::Publish { value, .. }
        | Instr::Wait { duration: value }
        | Instr::WaitUntil { instant: value } => read(state, value)?,
        Instr::Next { first, .. } => reads(state, &[first, first.plus(1)])?,
        Instr::TextBegin => {
            state.texts += 1;
            ensure(state.texts <= MAX_OPEN, "texts nested too deeply")?;
        }
        Instr::Piece { .. } => ensure(state.texts > 0, "a text that is not begun")?,
        Instr::PrintText { value } | Instr::Print { value } | Instr::PrintFormat { value, .. } => {
            ensure(state.texts > 0, "a text that is not begun")?;
            read(state, value)?;
        }
        Instr::TextEnd { to } => {
            ensure(state.texts > 0, "a text that is not begun")?;
            state.texts -= 1;
            state.write(to.index());
        }
        Instr::ListBegin { to } => {
            state.lists.push(to);
            ensure(state.lists.len() <= MAX_OPEN, "lists nested too deeply")?;
        }
        Instr::ListPush { value } => {
            read(state, value)?;
            let Some(list) = state.lists.last() else { return no("a list that is not begun") };
            let element = match chunk.registers.get(list.index()).map(Type::inner) {
                Some(Type::List(element)) => element,
                _ => return no("a register without a list"),
            };
            let fitting = chunk.registers.get(value.index()).is_some_and(|ty| fits(ty, element));
            ensure(fitting, "an element of another type")?;
        }
        Instr::ListEnd { to } => {
            ensure(state.lists.pop() == Some(to), "a list that is not begun")?;
            state.write(to.index());
        }
        Instr::Call { to, args, count, .. } => {
            (0..count).try_for_each(|n| read(state, args.plus(n)))?;
            state.write(to.index());
        }
        Instr::CallFn { first, function } => {
            let function = program.code.functions.get(function as usize);
            let callee = function.and_then(|function| program.code.chunks.get(function.chunk.0 as usize));
            let Some(ChunkKind::Function { params, .. }) = callee.map(|chunk| &chunk.kind) else {
                return no("an unknown function");
            };
            (1..=*params).try_for_each(|n| read(state, first.plus(n)))?;
            state.write(first.index());
        }
        Instr::Action { call } => {
            let Some(call) = program.code.calls.get(call.0 as usize) else { return no("an unknown action") };
            call.params.iter().try_for_each(|(_, reg)| read(state, *reg))?;
            call.answer.iter().filter_map(|answer| answer.at_most).try_for_each(|reg| read(state, reg))?;
        }
        Instr::Set { set } => {
            let Some(set) = program.code.sets.get(set.0 as usize) else { return no("an unknown `set`") };
            set.fields.iter().try_for_each(|(_, reg)| read(state, *reg))?;
        }
        Instr::WaitFor { wait } => {
            let Some(wait) = program.code.waits.get(wait.0 as usize) else {
                return no("an unknown `wait for`");
            };
            wait.captures.iter().chain(&wait.at_most).try_for_each(|reg| read(state, *reg))?;
        }
    }
    Ok(())
}

/// What the instruction leaves behind only if the code goes on at the next one.
fn arrive(program: &Program, instr: Instr, state: &mut State) {
    match instr {
        Instr::Next { first, .. } => state.write(first.index() + 2),
        Instr::Action { call } => {
            let call = program.code.calls.get(call.0 as usize);
            if let Some(answer) = call.and_then(|call| call.answer.as_ref()) {
                answer.outputs.iter().for_each(|reg| state.write(reg.index()));
            }
        }
        _ => {}
    }
}
