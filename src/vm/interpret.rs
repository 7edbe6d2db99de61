//! The loop over the instructions.
//!
//! The verifier has proven types and bounds, so nothing here is expected to be wrong; what would be is answered with
//! a failure and never with a panic.

use super::observe::Observer;
use super::{Context, Exit, MAX_LIST, MAX_REGISTERS, MAX_TEXT, Machine, Scratch};
use crate::model::{Conversion, PrincipalField};
use crate::program::instr::{Instr, Reg};
use crate::program::{Chunk, ChunkId, ChunkKind};
use crate::schema::{FIELD_ID, PrincipalDef, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::call::{Env, call, sort_by};
use crate::value::print::Printer;
use crate::value::*;
use std::sync::Arc;

/// Where a function goes back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Return {
    chunk: ChunkId,
    pc: u32,
    base: usize,
    /// The caller's register for the result.
    to: Reg,
}

/// Why the loop ended.
pub(super) enum Stop {
    Value(Value),
    Exit(Exit),
}

#[cold]
pub(crate) fn wrong_type() -> Failure {
    Failure::new(FailureCode::WrongType, "a value has another type than the program says")
}

#[cold]
pub(super) fn too_much_work() -> Failure {
    Failure::new(FailureCode::TooMuchWork, "this computes for too long")
}

#[cold]
fn too_large(what: &str) -> Failure {
    Failure::new(FailureCode::TooLarge, format!("the {what} grows beyond all measure"))
}

#[cold]
fn not_set(what: &str) -> Failure {
    Failure::new(FailureCode::NotSet, format!("{what} is not set"))
}

#[cold]
fn overflow() -> Failure {
    Failure::new(FailureCode::Overflow, "the number is too large")
}

fn burn(fuel: &mut u32, cost: usize) -> Result<(), Failure> {
    match fuel.checked_sub(u32::try_from(cost).unwrap_or(u32::MAX)) {
        Some(left) => {
            *fuel = left;
            Ok(())
        }
        None => {
            *fuel = 0;
            Err(too_much_work())
        }
    }
}

/// How much there is to go through in a value, in small steps.
fn weight(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() / 64,
        Value::List(items) => items.len(),
        _ => 0,
    }
}

impl Machine {
    /// Runs from `pc` in the registers at the beginning of the scratch until the chunk ends or wants something.
    /// `pc` then stands behind the instruction of the chunk that was the last, also after a failure.
    pub(super) fn run<O: Observer>(
        &self,
        scratch: &mut Scratch,
        chunk: ChunkId,
        pc: &mut u32,
        fuel: &mut u32,
        ctx: &Context,
        observer: &mut O,
    ) -> Result<Stop, Failure> {
        let (id, chunk) = (chunk, self.chunk(chunk)?);
        let mut run = Run { machine: self, scratch, fuel, ctx, observer, id, chunk, pc: *pc, base: 0 };
        let result = run.until_it_stops();
        // In a function: where the chunk called it.
        *pc = run.scratch.calls.first().map_or(run.pc, |outer| outer.pc);
        result
    }

    fn chunk(&self, id: ChunkId) -> Result<&Chunk, Failure> {
        self.program.code.chunks.get(id.0 as usize).ok_or_else(wrong_type)
    }
}

/// One run of the loop.
struct Run<'r, 'c, O> {
    machine: &'r Machine,
    scratch: &'r mut Scratch,
    fuel: &'r mut u32,
    ctx: &'r Context<'c>,
    observer: &'r mut O,
    id: ChunkId,
    chunk: &'r Chunk,
    pc: u32,
    /// Where the registers of the chunk begin.
    base: usize,
}

impl<O: Observer> Run<'_, '_, O> {
    fn get(&self, reg: Reg) -> &Value {
        self.scratch.registers.get(self.base + reg.index()).unwrap_or(&Value::None)
    }

    fn set(&mut self, reg: Reg, value: Value) {
        if let Some(slot) = self.scratch.registers.get_mut(self.base + reg.index()) {
            *slot = value;
        }
    }

    fn put(&mut self, to: Reg, value: bool) {
        self.set(to, Value::Bool(value));
    }

    fn jump(&mut self, target: u32) -> Result<(), Failure> {
        if target < self.pc {
            burn(self.fuel, 1)?;
        }
        self.pc = target;
        Ok(())
    }

    fn truth(&self, reg: Reg) -> Result<bool, Failure> {
        match self.get(reg) {
            Value::Bool(value) => Ok(*value),
            _ => Err(wrong_type()),
        }
    }

    fn int(&self, left: Reg, right: Reg, op: fn(i64, i64) -> Option<i64>) -> Result<Value, Failure> {
        match (self.get(left), self.get(right)) {
            (Value::Int(a), Value::Int(b)) => op(*a, *b).map(Value::Int).ok_or_else(overflow),
            _ => Err(wrong_type()),
        }
    }

    fn decimal(&self, left: Reg, right: Reg, op: DecimalOp) -> Result<Value, Failure> {
        match (self.get(left), self.get(right)) {
            (Value::Decimal(a), Value::Decimal(b)) => op(*a, *b).map(Value::Decimal).ok_or_else(overflow),
            _ => Err(wrong_type()),
        }
    }

    fn until_it_stops(&mut self) -> Result<Stop, Failure> {
        loop {
            let Some(instr) = self.chunk.code.get(self.pc as usize) else { return Err(wrong_type()) };
            if O::WATCHES {
                let registers = self.scratch.registers.get(self.base..).unwrap_or_default();
                self.observer.before(self.id, self.pc, registers);
            }
            self.pc += 1;
            match *instr {
                // --- loads ---
                Instr::Const { to, constant } => {
                    let value = self.constant(constant)?.clone();
                    self.set(to, value);
                }
                Instr::Copy { to, from } => {
                    let value = self.get(from).clone();
                    self.set(to, value);
                }
                Instr::Field { to, field } => {
                    let value = self.ctx.record.get(field.index()).ok_or_else(wrong_type)?.clone();
                    self.set(to, value);
                }
                Instr::FieldOnceSet { to, field } => {
                    let value = self.ctx.record.get(field.index()).ok_or_else(wrong_type)?.clone();
                    if value == Value::None {
                        let entity = self.machine.program.schema.entities.get(self.ctx.entity.index());
                        let name = entity.and_then(|entity| entity.fields.get(field.index()));
                        return Err(not_set(&name.map_or("a field".into(), |f| format!("`{}`", f.name))));
                    }
                    self.set(to, value);
                }
                Instr::This { to } => {
                    let id = Value::Ref(self.record_id()?.clone());
                    self.set(to, id);
                }
                Instr::RefField { to, base, field } => {
                    let value = match self.referenced(base)? {
                        Referenced::Nobody => Value::None,
                        Referenced::Record(record) => {
                            record.get(field.index()).ok_or_else(wrong_type)?.clone()
                        }
                        Referenced::Missing(entity, id) => return Err(self.missing(entity, &id)),
                    };
                    self.set(to, value);
                }
                Instr::RefExists { to, base } => {
                    let exists = matches!(self.referenced(base)?, Referenced::Record(_));
                    self.put(to, exists);
                }
                Instr::Payload { to, event, slot } => {
                    let value = self.payload(to, |at_hand, schema| {
                        (at_hand == event || schema.event_is(at_hand, event)).then_some(slot)
                    })?;
                    self.set(to, value);
                }
                Instr::PayloadAny { to, table } => {
                    let table =
                        self.machine.program.code.payloads.get(table as usize).ok_or_else(wrong_type)?;
                    let value = self.payload(to, |at_hand, schema| {
                        table
                            .iter()
                            .find(|(event, _)| schema.event_is(at_hand, *event))
                            .map(|(_, slot)| *slot)
                    })?;
                    self.set(to, value);
                }
                Instr::EventType { to } => {
                    let name = self.ctx.event.map(|event| Value::Text(event.name.into()));
                    let name = self.or_none(to, name, "`event`")?;
                    self.set(to, name);
                }
                Instr::EventTime { to } => {
                    let time = self.ctx.event.map(|event| Value::DateTime(event.time));
                    let time = self.or_none(to, time, "`event`")?;
                    self.set(to, time);
                }
                Instr::Old { to, field } => {
                    let old = match self.ctx.old {
                        Some(old) => Some(old.get(field.index()).ok_or_else(wrong_type)?.clone()),
                        None => None,
                    };
                    let old = self.or_none(to, old, "`old`")?;
                    self.set(to, old);
                }
                Instr::Output { to, output } => {
                    let value = (self.ctx.output)(output).cloned();
                    let value = match value {
                        Some(value) => value,
                        None if self.optional(to) => Value::None,
                        None => return Err(not_set(&self.output_name(output))),
                    };
                    self.set(to, value);
                }
                Instr::Now { to } => self.set(to, Value::DateTime(self.ctx.now)),
                Instr::Today { to } => {
                    let today = time::local_date(self.ctx.now, self.timezone());
                    self.set(to, Value::Date(today));
                }
                Instr::Stage { to } => {
                    let stage = self
                        .ctx
                        .record
                        .get(crate::schema::FIELD_STAGE.index())
                        .ok_or_else(wrong_type)?
                        .clone();
                    self.set(to, stage);
                }
                Instr::Pipeline { to } => self.set(to, Value::Pipeline(self.ctx.pipeline)),
                Instr::PrincipalField { property, to, base } => {
                    let value = match self.get(base) {
                        Value::Principal(principal) => self.principal_field(property, principal),
                        Value::None => Value::None,
                        _ => return Err(wrong_type()),
                    };
                    self.set(to, value);
                }
                Instr::FileName { to, from } => {
                    let value = match self.get(from) {
                        Value::File(file) => Value::Text(file.name.clone()),
                        Value::None => Value::None,
                        _ => return Err(wrong_type()),
                    };
                    self.set(to, value);
                }
                Instr::FileUrl { to, from } => {
                    let value = match self.get(from) {
                        Value::File(file) => Value::Text(file.url.clone()),
                        Value::None => Value::None,
                        _ => return Err(wrong_type()),
                    };
                    self.set(to, value);
                }

                // --- the way through the code ---
                Instr::Jump { target } => self.jump(target)?,
                Instr::JumpIf { condition, target } => {
                    if self.truth(condition)? {
                        self.jump(target)?;
                    }
                }
                Instr::JumpIfNot { condition, target } => {
                    if !self.truth(condition)? {
                        self.jump(target)?;
                    }
                }
                Instr::JumpIfNone { value, target } => {
                    if *self.get(value) == Value::None {
                        self.jump(target)?;
                    }
                }
                Instr::JumpIfSet { value, target } => {
                    if *self.get(value) != Value::None {
                        self.jump(target)?;
                    }
                }
                Instr::Next { first, target } => {
                    let (Value::List(items), Value::Int(at)) = (self.get(first), self.get(first.plus(1)))
                    else {
                        return Err(wrong_type());
                    };
                    let at = *at;
                    match usize::try_from(at).ok().and_then(|at| items.get(at)) {
                        Some(item) => {
                            let item = item.clone();
                            self.set(first.plus(2), item);
                            self.set(first.plus(1), Value::Int(at + 1));
                        }
                        None => self.jump(target)?,
                    }
                }
                Instr::Return { value } => {
                    let value = self.get(value).clone();
                    let Some(back) = self.scratch.calls.pop() else { return Ok(Stop::Value(value)) };
                    self.chunk = self.machine.chunk(back.chunk)?;
                    self.id = back.chunk;
                    self.pc = back.pc;
                    self.base = back.base;
                    self.set(back.to, value);
                }

                // --- tests ---
                Instr::Not { to, from } => {
                    let value = !self.truth(from)?;
                    self.put(to, value);
                }
                Instr::Equal { to, left, right } => {
                    let equal = self.equal(left, right)?;
                    self.put(to, equal);
                }
                Instr::NotEqual { to, left, right } => {
                    let equal = self.equal(left, right)?;
                    self.put(to, !equal);
                }
                Instr::EqualIgnoreCase { to, left, right } => {
                    let equal = compare::eq_ignore_case(self.get(left), self.get(right));
                    self.put(to, equal);
                }
                Instr::OrderInt { op, to, left, right } => {
                    let (Value::Int(a), Value::Int(b)) = (self.get(left), self.get(right)) else {
                        return Err(wrong_type());
                    };
                    let value = op.holds(a.cmp(b));
                    self.put(to, value);
                }
                Instr::OrderDecimal { op, to, left, right } => {
                    let (Value::Decimal(a), Value::Decimal(b)) = (self.get(left), self.get(right)) else {
                        return Err(wrong_type());
                    };
                    let value = op.holds(a.cmp(b));
                    self.put(to, value);
                }
                Instr::OrderMoney { op, to, left, right } => {
                    let (Value::Money(a), Value::Money(b)) = (self.get(left), self.get(right)) else {
                        return Err(wrong_type());
                    };
                    ops::one_currency(a, b)?;
                    let value = op.holds(a.amount.cmp(&b.amount));
                    self.put(to, value);
                }
                Instr::Order { op, to, left, right } => {
                    let value = op.holds(compare::compare(self.get(left), self.get(right))?);
                    self.put(to, value);
                }
                Instr::In { to, value, list } => {
                    burn(self.fuel, weight(self.get(list)) / 16)?;
                    let value = compare::is_in(self.get(value), self.get(list));
                    self.put(to, value);
                }
                Instr::ContainsText { to, text, part } => {
                    burn(self.fuel, weight(self.get(text)))?;
                    let value = compare::contains(self.get(text), self.get(part));
                    self.put(to, value);
                }
                Instr::StartsWith { to, text, part } => {
                    let value = compare::starts_with(self.get(text), self.get(part));
                    self.put(to, value);
                }
                Instr::EndsWith { to, text, part } => {
                    let value = compare::ends_with(self.get(text), self.get(part));
                    self.put(to, value);
                }
                Instr::Matches { to, text, regex } => {
                    burn(self.fuel, weight(self.get(text)))?;
                    let regex = self.machine.regexes.get(usize::from(regex)).ok_or_else(wrong_type)?;
                    let Value::Text(text) = self.get(text) else { return Err(wrong_type()) };
                    let value = regex.is_match(text);
                    self.put(to, value);
                }
                Instr::IsSet { to, value } => {
                    let value = *self.get(value) != Value::None;
                    self.put(to, value);
                }
                Instr::IsEmpty { to, value } => {
                    let value = compare::is_empty(self.get(value));
                    self.put(to, value);
                }
                Instr::StageIs { kinds, to, stage } => {
                    let Value::Stage(stage) = self.get(stage) else { return Err(wrong_type()) };
                    let stage = self.machine.program.stages.get(stage.index()).ok_or_else(wrong_type)?;
                    let value = Instr::kind_bit(stage.kind) & kinds != 0;
                    self.put(to, value);
                }

                // --- arithmetic and conversions ---
                Instr::AddInt { to, left, right } => {
                    let value = self.int(left, right, i64::checked_add)?;
                    self.set(to, value);
                }
                Instr::SubInt { to, left, right } => {
                    let value = self.int(left, right, i64::checked_sub)?;
                    self.set(to, value);
                }
                Instr::MulInt { to, left, right } => {
                    let value = self.int(left, right, i64::checked_mul)?;
                    self.set(to, value);
                }
                Instr::AddDecimal { to, left, right } => {
                    let value = self.decimal(left, right, |a, b| a.checked_add(b))?;
                    self.set(to, value);
                }
                Instr::SubDecimal { to, left, right } => {
                    let value = self.decimal(left, right, |a, b| a.checked_sub(b))?;
                    self.set(to, value);
                }
                Instr::MulDecimal { to, left, right } => {
                    let value = self.decimal(left, right, |a, b| a.checked_mul(b))?;
                    self.set(to, value);
                }
                Instr::Arith { op, to, left, right } => {
                    let value = ops::arith(op, self.get(left), self.get(right), self.timezone())?;
                    self.set(to, value);
                }
                Instr::Convert { conversion, to, from } => {
                    let value = self.convert(conversion, self.get(from))?;
                    self.set(to, value);
                }

                // --- texts and lists ---
                Instr::TextBegin => self.scratch.text_marks.push(self.scratch.text.len()),
                Instr::Piece { constant } => {
                    let Value::Text(text) = self.constant(constant)? else { return Err(wrong_type()) };
                    self.scratch.text.push_str(text);
                    self.check_text()?;
                }
                Instr::PrintText { value } => {
                    match self.scratch.registers.get(self.base + value.index()) {
                        Some(Value::Text(text)) => self.scratch.text.push_str(text),
                        Some(Value::None) => return Err(not_set("a value to print")),
                        _ => return Err(wrong_type()),
                    }
                    self.check_text()?;
                }
                Instr::Print { value } => {
                    let printer = self.printer();
                    let ty = self.chunk.registers.get(value.index()).ok_or_else(wrong_type)?;
                    match self.scratch.registers.get(self.base + value.index()) {
                        Some(Value::None) | None => return Err(not_set("a value to print")),
                        Some(value) => printer.print(value, ty.inner(), &mut self.scratch.text),
                    }
                    self.check_text()?;
                }
                Instr::PrintFormat { value, format } => {
                    let printer = self.printer();
                    let Value::Text(format) = self.constant(format)? else { return Err(wrong_type()) };
                    match self.scratch.registers.get(self.base + value.index()) {
                        Some(Value::None) | None => return Err(not_set("a value to print")),
                        Some(value) => printer.format(value, format, &mut self.scratch.text)?,
                    }
                    self.check_text()?;
                }
                Instr::TextEnd { to } => {
                    let start = self.scratch.text_marks.pop().ok_or_else(wrong_type)?;
                    let text = self.scratch.text.get(start..).ok_or_else(wrong_type)?;
                    burn(self.fuel, text.len() / 64)?;
                    let text = Value::Text(text.into());
                    self.scratch.text.truncate(start);
                    self.set(to, text);
                }
                Instr::ListBegin { .. } => self.scratch.list_marks.push(self.scratch.list.len()),
                Instr::ListPush { value } => {
                    let value = self.get(value).clone();
                    self.scratch.list.push(value);
                    if self.scratch.list.len() > MAX_LIST {
                        return Err(too_large("list"));
                    }
                }
                Instr::ListEnd { to } => {
                    let start = self.scratch.list_marks.pop().ok_or_else(wrong_type)?;
                    let start = start.min(self.scratch.list.len());
                    let list: Arc<[Value]> = self.scratch.list.drain(start..).collect();
                    self.set(to, Value::List(list));
                }
                Instr::SortBy { to, list, keys } => {
                    let (Value::List(items), Value::List(keys)) = (self.get(list), self.get(keys)) else {
                        return Err(wrong_type());
                    };
                    if items.len() != keys.len() {
                        return Err(not_set("a key to sort by"));
                    }
                    let (items, keys) = (items.clone(), keys.clone());
                    burn(self.fuel, items.len())?;
                    self.set(to, sort_by(&items, &keys)?);
                }

                // --- calls ---
                Instr::Call { function, to, args, count } => {
                    let start = self.base + args.index();
                    let args = self
                        .scratch
                        .registers
                        .get(start..start + usize::from(count))
                        .ok_or_else(wrong_type)?;
                    burn(self.fuel, 1 + args.iter().map(weight).sum::<usize>())?;
                    let value = call(function, args, &self.env()?)?;
                    self.set(to, value);
                }
                Instr::CallFn { first, function } => self.call_function(first, function)?,

                // --- effects ---
                Instr::Action { call } => return Ok(Stop::Exit(Exit::Action(call))),
                Instr::Set { set } => return Ok(Stop::Exit(Exit::Set(set))),
                Instr::Publish { output, value } => {
                    // An answer with an `else` is kept in an optional register; here it is set.
                    let ty = self.machine.program.outputs.get(output.index()).map(|output| &output.ty);
                    if *self.get(value) == Value::None && !ty.is_some_and(Type::is_optional) {
                        return Err(not_set(&self.output_name(output)));
                    }
                    return Ok(Stop::Exit(Exit::Publish(output, value)));
                }
                Instr::Await { list } => return Ok(Stop::Exit(Exit::Await(list))),
                Instr::Wait { duration } => return Ok(Stop::Exit(Exit::Wait(duration))),
                Instr::WaitUntil { instant } => return Ok(Stop::Exit(Exit::WaitUntil(instant))),
                Instr::WaitFor { wait } => return Ok(Stop::Exit(Exit::WaitFor(wait))),
                Instr::EndWaits { keep } => return Ok(Stop::Exit(Exit::EndWaits(keep))),
                Instr::Move { stage } => return Ok(Stop::Exit(Exit::Move(stage))),
                Instr::Stop => return Ok(Stop::Exit(Exit::Done)),
                Instr::Gone { what } => {
                    let Value::Text(why) = self.constant(what)? else { return Err(wrong_type()) };
                    return Err(Failure::new(FailureCode::Gone, &**why));
                }
            }
        }
    }

    /// A new window of registers behind the one at hand.
    fn call_function(&mut self, first: Reg, function: u32) -> Result<(), Failure> {
        let id = self.machine.program.code.functions.get(function as usize).ok_or_else(wrong_type)?.chunk;
        let chunk = self.machine.chunk(id)?;
        let ChunkKind::Function { params, .. } = chunk.kind else { return Err(wrong_type()) };
        // The cost of making room counts too.
        burn(self.fuel, 1 + chunk.registers.len() / 16)?;
        let base = self.base + self.chunk.registers.len();
        let end = base + chunk.registers.len();
        if end > MAX_REGISTERS {
            return Err(too_much_work());
        }
        if self.scratch.registers.len() < end {
            self.scratch.registers.resize(end, Value::None);
        }
        for n in 0..params {
            let value = self.get(first.plus(n + 1)).clone();
            if let Some(slot) = self.scratch.registers.get_mut(base + usize::from(n)) {
                *slot = value;
            }
        }
        self.scratch.calls.push(Return { chunk: self.id, pc: self.pc, base: self.base, to: first });
        self.id = id;
        self.chunk = chunk;
        self.pc = 0;
        self.base = base;
        Ok(())
    }

    fn check_text(&self) -> Result<(), Failure> {
        if self.scratch.text.len() > MAX_TEXT { Err(too_large("text")) } else { Ok(()) }
    }

    fn equal(&mut self, left: Reg, right: Reg) -> Result<bool, Failure> {
        if let Value::List(items) = self.get(left) {
            let cost = items.len();
            burn(self.fuel, cost)?;
        }
        Ok(self.get(left) == self.get(right))
    }
}

type DecimalOp = fn(rust_decimal::Decimal, rust_decimal::Decimal) -> Option<rust_decimal::Decimal>;

/// What a reference leads to.
enum Referenced<'r> {
    /// The reference itself is `none`.
    Nobody,
    Record(&'r [Value]),
    Missing(EntityId, Text),
}

/// What instructions look at.
impl<'r, 'c: 'r, O: Observer> Run<'r, 'c, O> {
    fn constant(&self, constant: u32) -> Result<&'r Value, Failure> {
        self.machine.program.code.constants.get(constant as usize).ok_or_else(wrong_type)
    }

    fn timezone(&self) -> chrono_tz::Tz {
        let pipeline = self.machine.program.pipelines.get(self.ctx.home.index());
        pipeline.map_or(chrono_tz::Tz::UTC, |pipeline| pipeline.timezone)
    }

    fn printer(&self) -> Printer<'r> {
        Printer {
            schema: &self.machine.program.schema,
            labels: self.machine.labels(),
            tz: self.timezone(),
            locale: self.machine.locale(self.ctx.home),
        }
    }

    fn env(&self) -> Result<Env<'r>, Failure> {
        let pipeline = self.machine.program.pipelines.get(self.ctx.home.index());
        Ok(Env {
            schema: &self.machine.program.schema,
            tz: self.timezone(),
            now: self.ctx.now,
            record_id: self.record_id()?,
            hours: pipeline.and_then(|pipeline| pipeline.hours),
            locale: self.machine.locale(self.ctx.home),
        })
    }

    fn record_id(&self) -> Result<&'r Text, Failure> {
        match self.ctx.record.get(FIELD_ID.index()) {
            Some(Value::Text(id)) => Ok(id),
            _ => Err(wrong_type()),
        }
    }

    /// Whether the register may hold `none`.
    fn optional(&self, reg: Reg) -> bool {
        self.chunk.registers.get(reg.index()).is_some_and(Type::is_optional)
    }

    fn or_none(&self, to: Reg, value: Option<Value>, what: &str) -> Result<Value, Failure> {
        match value {
            Some(value) => Ok(value),
            None if self.optional(to) => Ok(Value::None),
            None => Err(not_set(what)),
        }
    }

    fn payload(
        &self,
        to: Reg,
        slot: impl FnOnce(EventId, &'r crate::schema::Schema) -> Option<u16>,
    ) -> Result<Value, Failure> {
        let value = self.ctx.event.and_then(|event| {
            let slot = slot(event.event?, &self.machine.program.schema)?;
            event.payload.get(usize::from(slot)).cloned()
        });
        self.or_none(to, value, "this member of `event`")
    }

    fn output_name(&self, output: OutputId) -> String {
        let program = &self.machine.program;
        let output = program.outputs.get(output.index());
        let rule = output.and_then(|output| program.rules.get(output.rule.index()));
        match (rule, output) {
            (Some(rule), Some(output)) => format!("`{}.{}`", rule.name, output.path),
            _ => "the output of a rule".to_owned(),
        }
    }

    fn referenced(&self, base: Reg) -> Result<Referenced<'r>, Failure> {
        let Some(Type::Entity(entity)) = self.chunk.registers.get(base.index()).map(Type::inner) else {
            return Err(wrong_type());
        };
        let id = match self.get(base) {
            Value::None => return Ok(Referenced::Nobody),
            Value::Ref(id) => id,
            _ => return Err(wrong_type()),
        };
        if *entity == self.ctx.entity && id == self.record_id()? {
            return Ok(Referenced::Record(self.ctx.record));
        }
        Ok(match (self.ctx.lookup)(*entity, id) {
            Some(record) => Referenced::Record(record),
            None => Referenced::Missing(*entity, id.clone()),
        })
    }

    #[cold]
    fn missing(&self, entity: EntityId, id: &str) -> Failure {
        let entity =
            self.machine.program.schema.entities.get(entity.index()).map_or("record", |e| &e.wire_name);
        Failure::new(FailureCode::MissingRecord, format!("there is no `{entity}/{id}`"))
    }

    fn principal_field(&self, property: PrincipalField, principal: &Principal) -> Value {
        let schema = &self.machine.program.schema;
        let declared: Option<&PrincipalDef> =
            schema.principal_named(&principal.name).filter(|def| def.kind == principal.kind);
        let named = |kind: PrincipalKind, id: PrincipalId| {
            let name = schema.principals.get(id.index()).map(|def| def.name.clone())?;
            Some(Value::Principal(Principal { kind, name }))
        };
        let text = |text: Option<&Text>| text.map_or(Value::None, |text| Value::Text(text.clone()));
        match property {
            PrincipalField::Id => Value::Text(principal.name.clone()),
            PrincipalField::Name => Value::Text(declared.map_or(&principal.name, |def| &def.label).clone()),
            PrincipalField::Email => text(declared.and_then(|def| def.email.as_ref())),
            PrincipalField::Phone => text(declared.and_then(|def| def.phone.as_ref())),
            PrincipalField::Department => declared
                .and_then(|def| named(PrincipalKind::Department, def.department?))
                .unwrap_or(Value::None),
            PrincipalField::Roles => {
                let roles = declared.map_or(&[][..], |def| &def.roles);
                Value::List(roles.iter().filter_map(|role| named(PrincipalKind::Role, *role)).collect())
            }
        }
    }

    fn convert(&self, conversion: Conversion, value: &Value) -> Result<Value, Failure> {
        // From one optional type to another `none` stays `none`.
        if *value == Value::None && conversion != Conversion::Narrow && conversion != Conversion::ToList {
            return Ok(Value::None);
        }
        let checked = |check: fn(&str) -> Result<(), Failure>| match value {
            Value::Text(text) => check(text).map(|()| value.clone()),
            _ => Err(wrong_type()),
        };
        match conversion {
            Conversion::ToOptional | Conversion::Widen => Ok(value.clone()),
            Conversion::Narrow if *value == Value::None => Err(not_set("a value that was tested before")),
            Conversion::Narrow => Ok(value.clone()),
            Conversion::IntToDecimal => ops::int_to_decimal(value),
            Conversion::ToList => Ok(Value::List(Arc::new([value.clone()]))),
            Conversion::TextToEmail => checked(validate::email),
            Conversion::TextToPhone => checked(validate::phone),
            Conversion::TextToUrl => checked(validate::url),
            Conversion::TextToOpaque => checked(|_| Ok(())),
            Conversion::TextToRef => match value {
                Value::Text(id) => Ok(Value::Ref(id.clone())),
                _ => Err(wrong_type()),
            },
            Conversion::DateToInstant => match value {
                Value::Date(date) => Ok(Value::DateTime(time::start_of_day(*date, self.timezone()))),
                _ => Err(wrong_type()),
            },
            Conversion::ListIntToDecimal => match value {
                Value::List(items) => {
                    let items: Result<Vec<Value>, Failure> = items.iter().map(ops::int_to_decimal).collect();
                    Ok(Value::List(items?.into()))
                }
                _ => Err(wrong_type()),
            },
        }
    }
}
