//! Chunks, and each instruction by itself: bounds and types.

use super::types::{comparable, fits, is_principal, is_text};
use super::{Check, Verifier, VerifyError, at, ensure, flow, no};
use crate::model::{Conversion, PrincipalField};
use crate::program::instr::{Instr, Reg};
use crate::program::{ActionCall, Chunk, ChunkKind, WaitFor};
use crate::schema::{BUILTIN_FIELDS, Type};
use crate::value::compare::is_ordered;
use crate::value::pattern::check_format;
use crate::value::*;

impl Verifier<'_> {
    pub(super) fn code(&self) -> Result<(), VerifyError> {
        let code = &self.program.code;
        at(|| "the constants".into(), self.constants())?;
        for pattern in &code.regexes {
            at(|| format!("the pattern `{pattern}`"), self.regex(pattern))?;
        }
        for table in &code.payloads {
            let known = table.iter().try_for_each(|(event, slot)| self.slot(*event, *slot).map(|_| ()));
            at(|| "the members of events".into(), known)?;
        }
        for list in &code.awaits {
            let known = list.iter().try_for_each(|output| self.output(*output).map(|_| ()));
            at(|| "the outputs to wait for".into(), known)?;
        }
        for function in &code.functions {
            at(|| format!("function {}", function.name), self.function(function.chunk))?;
        }
        at(|| "the functions".into(), self.no_recursion())?;
        for (number, chunk) in code.chunks.iter().enumerate() {
            let checker = Code { verifier: self, chunk };
            at(|| format!("code {number}"), checker.head())?;
            for (pc, instr) in chunk.code.iter().enumerate() {
                at(|| format!("code {number}, instruction {pc}"), checker.instruction(*instr))?;
            }
            at(|| format!("code {number}"), flow::check(self.program, chunk))?;
        }
        Ok(())
    }

    fn constants(&self) -> Check {
        let code = &self.program.code;
        ensure(code.constants.len() == code.constant_types.len(), "a constant without a type")?;
        code.constants.iter().zip(&code.constant_types).try_for_each(|(value, ty)| {
            self.ty(ty)?;
            self.value(value, ty)
        })
    }

    fn function(&self, chunk: crate::program::ChunkId) -> Check {
        let chunk = self.chunk(chunk)?;
        let ChunkKind::Function { params, .. } = chunk.kind else { return no("code of the wrong kind") };
        ensure(usize::from(params) <= chunk.registers.len(), "more parameters than registers")
    }

    /// No function calls itself, not even by way of others.
    fn no_recursion(&self) -> Check {
        let functions = &self.program.code.functions;
        let calls = |function: usize| {
            let chunk =
                functions.get(function).and_then(|f| self.program.code.chunks.get(f.chunk.0 as usize));
            let code = chunk.map_or(&[][..], |chunk| &chunk.code);
            code.iter().filter_map(|instr| match instr {
                Instr::CallFn { function, .. } => Some(*function as usize),
                _ => None,
            })
        };
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            Not,
            Under,
            Done,
        }
        let mut seen = vec![Seen::Not; functions.len()];
        for start in 0..functions.len() {
            if seen[start] != Seen::Not {
                continue;
            }
            seen[start] = Seen::Under;
            let mut path = vec![(start, calls(start))];
            while let Some((function, callees)) = path.last_mut() {
                match callees.next() {
                    None => {
                        seen[*function] = Seen::Done;
                        path.pop();
                    }
                    Some(callee) => match seen.get(callee) {
                        Some(Seen::Not) => {
                            seen[callee] = Seen::Under;
                            path.push((callee, calls(callee)));
                        }
                        Some(Seen::Done) => {}
                        Some(Seen::Under) => return no("a function that calls itself"),
                        None => return no("an unknown function"),
                    },
                }
            }
        }
        Ok(())
    }
}

/// One chunk under examination.
struct Code<'v> {
    verifier: &'v Verifier<'v>,
    chunk: &'v Chunk,
}

impl<'v> Code<'v> {
    fn head(&self) -> Check {
        let chunk = self.chunk;
        ensure(chunk.registers.len() <= usize::from(u16::MAX), "too many registers")?;
        ensure(u32::try_from(chunk.code.len()).is_ok(), "too many instructions")?;
        chunk.registers.iter().try_for_each(|ty| self.verifier.ty(ty))?;
        match &chunk.kind {
            ChunkKind::Body => ensure(chunk.pipeline.is_some(), "a body without a pipeline")?,
            ChunkKind::Expression { captures: n, result } | ChunkKind::Function { params: n, result } => {
                self.verifier.ty(result)?;
                ensure(usize::from(*n) <= chunk.registers.len(), "more parameters than registers")?;
            }
        }
        if let Some(pipeline) = chunk.pipeline {
            self.verifier.pipeline(pipeline)?;
        }
        ensure(chunk.code.last().is_some_and(Instr::ends), "code without an end")?;
        let in_bounds = |pc: u32| (pc as usize) < chunk.code.len();
        ensure(
            chunk.spans.is_sorted_by(|a, b| a.0 < b.0) && chunk.spans.iter().all(|(pc, _)| in_bounds(*pc)),
            "a table of places that does not fit",
        )?;
        ensure(
            chunk.statements.is_sorted_by(|a, b| a.0 < b.0)
                && chunk.statements.iter().all(|(pc, _)| in_bounds(*pc)),
            "a table of statements that does not fit",
        )?;
        chunk.spans.iter().try_for_each(|(_, span)| self.verifier.span(*span))
    }

    fn ty(&self, reg: Reg) -> Check<&'v Type> {
        self.chunk.registers.get(reg.index()).ok_or_else(|| "an unknown register".into())
    }

    /// The register `n` places after the first of a run.
    fn nth(&self, first: Reg, n: usize) -> Check<&'v Type> {
        self.chunk.registers.get(first.index() + n).ok_or_else(|| "an unknown register".into())
    }

    /// The register's values are of the type.
    fn reads(&self, reg: Reg, ty: &Type) -> Check {
        ensure(fits(self.ty(reg)?, ty), "a register of another type than is read")
    }

    /// The register may hold any value of the type.
    fn writes(&self, reg: Reg, ty: &Type) -> Check {
        ensure(fits(ty, self.ty(reg)?), "a register of another type than is written")
    }

    fn reads_text(&self, reg: Reg) -> Check {
        ensure(is_text(self.ty(reg)?), "a register without a text")
    }

    fn target(&self, pc: u32) -> Check {
        ensure((pc as usize) < self.chunk.code.len(), "a jump out of the code")
    }

    fn entity(&self) -> Check<EntityId> {
        match self.chunk.pipeline {
            Some(pipeline) => Ok(self.verifier.pipeline(pipeline)?.entity),
            None => no("a function that looks at the record"),
        }
    }

    fn text_constant(&self, constant: u32) -> Check<&'v str> {
        match self.verifier.program.code.constants.get(constant as usize) {
            Some(Value::Text(text)) => Ok(text),
            _ => no("a constant that is no text"),
        }
    }

    /// What comes out is optional if what went in is.
    fn lifted(&self, from: &Type, result: Type) -> Type {
        if from.is_optional() { result.optional() } else { result }
    }

    fn instruction(&self, instr: Instr) -> Check {
        let verifier = self.verifier;
        if instr.is_effect() {
            ensure(self.chunk.kind == ChunkKind::Body, "an effect outside of a body")?;
        }
        if let Some(target) = instr.target() {
            self.target(target)?;
        }
        match instr {
            Instr::Const { to, constant } => {
                match verifier.program.code.constant_types.get(constant as usize) {
                    Some(ty) => self.writes(to, ty),
                    None => no("an unknown constant"),
                }
            }
            Instr::Copy { to, from } => self.writes(to, self.ty(from)?),
            Instr::Field { to, field } | Instr::Old { to, field } => {
                self.writes(to, verifier.field(self.entity()?, field)?)
            }
            Instr::FieldOnceSet { to, field } => {
                self.writes(to, verifier.field(self.entity()?, field)?.inner())
            }
            Instr::This { to } => self.writes(to, &Type::Entity(self.entity()?)),
            Instr::RefField { to, base, field } => {
                let base = self.ty(base)?;
                let Type::Entity(entity) = base.inner() else { return no("a register without a reference") };
                let field = verifier.field(*entity, field)?.clone();
                self.writes(to, &self.lifted(base, field))
            }
            Instr::RefExists { to, base } => {
                ensure(matches!(self.ty(base)?.inner(), Type::Entity(_)), "a register without a reference")?;
                self.writes(to, &Type::Bool)
            }
            Instr::Payload { to, event, slot } => {
                self.entity()?;
                self.writes(to, verifier.slot(event, slot)?)
            }
            Instr::PayloadAny { to, table } => {
                self.entity()?;
                match verifier.program.code.payloads.get(table as usize) {
                    Some(table) => table
                        .iter()
                        .try_for_each(|(event, slot)| self.writes(to, verifier.slot(*event, *slot)?)),
                    None => no("an unknown table"),
                }
            }
            Instr::EventType { to } => {
                self.entity()?;
                self.writes(to, &Type::Text)
            }
            Instr::EventTime { to } => {
                self.entity()?;
                self.writes(to, &Type::DateTime)
            }
            Instr::Output { to, output } => self.writes(to, &verifier.output(output)?.ty),
            Instr::Now { to } => self.writes(to, &Type::DateTime),
            Instr::Today { to } => self.writes(to, &Type::Date),
            Instr::Stage { to } => self.writes(to, &Type::Stage(self.entity()?)),
            Instr::Pipeline { to } => self.writes(to, &Type::Pipeline(self.entity()?)),
            Instr::PrincipalField { property, to, base } => {
                let base = self.ty(base)?;
                ensure(is_principal(base.inner()), "a register without a user, department or role")?;
                let ty = match property {
                    PrincipalField::Id | PrincipalField::Name => Type::Text,
                    PrincipalField::Email => Type::Email.optional(),
                    PrincipalField::Phone => Type::Phone.optional(),
                    PrincipalField::Department => Type::Department.optional(),
                    PrincipalField::Roles => Type::Role.list(),
                };
                self.writes(to, &self.lifted(base, ty))
            }
            Instr::FileName { to, from } => {
                self.file(from)?;
                self.writes(to, &self.lifted(self.ty(from)?, Type::Text))
            }
            Instr::FileUrl { to, from } => {
                self.file(from)?;
                // As a `url` or as the text that it is.
                let from = self.ty(from)?;
                self.writes(to, &self.lifted(from, Type::Url))
            }

            Instr::Jump { .. } => Ok(()),
            Instr::JumpIf { condition, .. } | Instr::JumpIfNot { condition, .. } => {
                self.reads(condition, &Type::Bool)
            }
            Instr::JumpIfNone { value, .. } | Instr::JumpIfSet { value, .. } => self.ty(value).map(|_| ()),
            Instr::Next { first, .. } => {
                let Type::List(element) = self.ty(first)? else { return no("a loop over no list") };
                ensure(*self.nth(first, 1)? == Type::Int, "a loop without a position")?;
                ensure(fits(element, self.nth(first, 2)?), "a loop with an element of another type")
            }
            Instr::Return { value } => match &self.chunk.kind {
                ChunkKind::Expression { result, .. } | ChunkKind::Function { result, .. } => {
                    self.reads(value, result)
                }
                ChunkKind::Body => no("a body that gives a value"),
            },

            Instr::Not { to, from } => {
                self.reads(from, &Type::Bool)?;
                self.writes(to, &Type::Bool)
            }
            Instr::Equal { to, left, right } | Instr::NotEqual { to, left, right } => {
                ensure(comparable(self.ty(left)?, self.ty(right)?), "values that cannot be equal")?;
                self.writes(to, &Type::Bool)
            }
            Instr::EqualIgnoreCase { to, left, right } => {
                ensure(
                    is_text(self.ty(left)?.inner()) && is_text(self.ty(right)?.inner()),
                    "a register without a text",
                )?;
                self.writes(to, &Type::Bool)
            }
            Instr::OrderInt { to, left, right, .. } => self.binary(to, left, right, &Type::Int, &Type::Bool),
            Instr::OrderDecimal { to, left, right, .. } => {
                self.binary(to, left, right, &Type::Decimal, &Type::Bool)
            }
            Instr::OrderMoney { to, left, right, .. } => {
                self.binary(to, left, right, &Type::Money(None), &Type::Bool)
            }
            Instr::Order { to, left, right, .. } => {
                let (left, right) = (self.ty(left)?, self.ty(right)?);
                ensure(
                    is_ordered(left) && is_ordered(right) && comparable(left, right),
                    "values without an order",
                )?;
                self.writes(to, &Type::Bool)
            }
            Instr::In { to, value, list } => {
                let Type::List(element) = self.ty(list)? else { return no("a register without a list") };
                ensure(comparable(self.ty(value)?, element), "a value that cannot be in the list")?;
                self.writes(to, &Type::Bool)
            }
            Instr::ContainsText { to, text, part }
            | Instr::StartsWith { to, text, part }
            | Instr::EndsWith { to, text, part } => {
                self.reads_text(text)?;
                self.reads_text(part)?;
                self.writes(to, &Type::Bool)
            }
            Instr::Matches { to, text, regex } => {
                ensure(usize::from(regex) < verifier.program.code.regexes.len(), "an unknown pattern")?;
                self.reads_text(text)?;
                self.writes(to, &Type::Bool)
            }
            Instr::IsSet { to, value } | Instr::IsEmpty { to, value } => {
                self.ty(value)?;
                self.writes(to, &Type::Bool)
            }
            Instr::StageIs { to, stage, .. } => {
                ensure(matches!(self.ty(stage)?, Type::Stage(_)), "a register without a stage")?;
                self.writes(to, &Type::Bool)
            }

            Instr::AddInt { to, left, right }
            | Instr::SubInt { to, left, right }
            | Instr::MulInt { to, left, right } => self.binary(to, left, right, &Type::Int, &Type::Int),
            Instr::AddDecimal { to, left, right }
            | Instr::SubDecimal { to, left, right }
            | Instr::MulDecimal { to, left, right } => {
                self.binary(to, left, right, &Type::Decimal, &Type::Decimal)
            }
            Instr::Arith { op, to, left, right } => match op.result(self.ty(left)?, self.ty(right)?) {
                Some(result) => self.writes(to, &result),
                None => no("values that the operation does not take"),
            },
            Instr::Convert { conversion, to, from } => self.conversion(conversion, to, from),

            Instr::TextBegin => Ok(()),
            Instr::Piece { constant } => self.text_constant(constant).map(|_| ()),
            Instr::PrintText { value } => {
                ensure(is_text(self.ty(value)?.inner()), "a register without a text")
            }
            Instr::Print { value } => self.ty(value).map(|_| ()),
            Instr::PrintFormat { value, format } => {
                let format = self.text_constant(format)?;
                check_format(self.ty(value)?.inner(), format).map_err(|_| "a format that is none".to_owned())
            }
            Instr::TextEnd { to } => self.writes(to, &Type::Text),
            Instr::ListBegin { to } | Instr::ListEnd { to } => self.list(to).map(|_| ()),
            Instr::ListPush { value } => self.ty(value).map(|_| ()),
            Instr::SortBy { to, list, keys } => {
                self.list(to)?;
                self.list(list)?;
                let Type::List(key) = self.ty(keys)? else { return no("a register without a list") };
                ensure(is_ordered(key) || **key == Type::Never, "keys without an order")?;
                self.writes(to, self.ty(list)?)
            }

            Instr::Call { function, to, args, count } => {
                let end = args.index() + usize::from(count);
                let Some(types) = self.chunk.registers.get(args.index()..end) else {
                    return no("an unknown register");
                };
                ensure(function.accepts(types, self.ty(to)?), "a function that does not take these values")
            }
            Instr::CallFn { first, function } => {
                let Some(function) = verifier.program.code.functions.get(function as usize) else {
                    return no("an unknown function");
                };
                let callee = verifier.chunk(function.chunk)?;
                let ChunkKind::Function { params, result } = &callee.kind else {
                    return no("code of the wrong kind");
                };
                for param in 0..usize::from(*params) {
                    let Some(wanted) = callee.registers.get(param) else { return no("an unknown register") };
                    ensure(fits(self.nth(first, param + 1)?, wanted), "an argument of another type")?;
                }
                self.writes(first, result)
            }

            Instr::Action { call } => match verifier.program.code.calls.get(call.0 as usize) {
                Some(call) => self.action(call),
                None => no("an unknown action"),
            },
            Instr::Set { set } => {
                let Some(set) = verifier.program.code.sets.get(set.0 as usize) else {
                    return no("an unknown `set`");
                };
                let entity = self.entity()?;
                set.fields.iter().try_for_each(|(field, value)| {
                    ensure(field.index() >= BUILTIN_FIELDS, "a `set` of a field that is read only")?;
                    self.reads(*value, verifier.field(entity, *field)?)
                })
            }
            Instr::Publish { output, value } => {
                // Of an answer that may fail the register is optional; what is published is set.
                ensure(
                    fits(self.ty(value)?.inner(), &verifier.output(output)?.ty),
                    "an output of another type",
                )
            }
            Instr::Await { list } => {
                ensure((list as usize) < verifier.program.code.awaits.len(), "an unknown list of outputs")
            }
            Instr::Wait { duration } => self.reads(duration, &Type::Duration),
            Instr::WaitUntil { instant } => self.reads(instant, &Type::DateTime),
            Instr::WaitFor { wait } => match verifier.program.code.waits.get(wait.0 as usize) {
                Some(wait) => self.wait_for(wait),
                None => no("an unknown `wait for`"),
            },
            Instr::EndWaits { .. } => Ok(()),
            Instr::Move { stage } => {
                let pipeline = verifier.pipeline(verifier.stage(stage)?.pipeline)?;
                ensure(pipeline.entity == self.entity()?, "a move to a stage of another entity")
            }
            Instr::Stop => Ok(()),
            Instr::Gone { what } => self.text_constant(what).map(|_| ()),
        }
    }

    fn binary(&self, to: Reg, left: Reg, right: Reg, operands: &Type, result: &Type) -> Check {
        self.reads(left, operands)?;
        self.reads(right, operands)?;
        self.writes(to, result)
    }

    fn file(&self, reg: Reg) -> Check {
        ensure(*self.ty(reg)?.inner() == Type::File, "a register without a file")
    }

    fn list(&self, reg: Reg) -> Check<&'v Type> {
        match self.ty(reg)?.inner() {
            Type::List(element) => Ok(element),
            _ => no("a register without a list"),
        }
    }

    fn conversion(&self, conversion: Conversion, to: Reg, from: Reg) -> Check {
        let from = self.ty(from)?;
        let inner = from.inner();
        let result = match conversion {
            Conversion::ToOptional | Conversion::Widen => return self.writes(to, from),
            Conversion::Narrow => return self.writes(to, inner),
            Conversion::ToList => return self.writes(to, &from.clone().list()),
            Conversion::IntToDecimal if *inner == Type::Int => Type::Decimal,
            Conversion::TextToEmail if is_text(inner) => Type::Email,
            Conversion::TextToPhone if is_text(inner) => Type::Phone,
            Conversion::TextToUrl if is_text(inner) => Type::Url,
            Conversion::TextToOpaque if is_text(inner) => {
                let to = self.ty(to)?;
                ensure(matches!(to.inner(), Type::Opaque(_)), "a register of another type than is written")?;
                to.inner().clone()
            }
            Conversion::TextToRef if is_text(inner) => {
                let to = self.ty(to)?;
                ensure(matches!(to.inner(), Type::Entity(_)), "a register of another type than is written")?;
                to.inner().clone()
            }
            Conversion::DateToInstant if *inner == Type::Date => Type::DateTime,
            Conversion::ListIntToDecimal if fits(inner, &Type::Int.list()) => Type::Decimal.list(),
            _ => return no("a conversion of another type"),
        };
        self.writes(to, &self.lifted(from, result))
    }

    fn action(&self, call: &ActionCall) -> Check {
        let Some(action) = self.verifier.schema().actions.get(call.action.index()) else {
            return no("an unknown action");
        };
        let mut given = vec![false; action.params.len()];
        for (param, value) in &call.params {
            let Some(field) = action.params.get(usize::from(*param)) else {
                return no("an unknown parameter");
            };
            ensure(!std::mem::replace(&mut given[usize::from(*param)], true), "a parameter given twice")?;
            self.reads(*value, &field.ty)?;
        }
        let complete =
            action.params.iter().zip(&given).all(|(param, given)| *given || param.ty.is_optional());
        ensure(complete, "a parameter that is missing")?;
        let Some(answer) = &call.answer else { return Ok(()) };
        ensure(answer.outputs.len() == action.outputs.len(), "an answer of another action")?;
        for (reg, output) in answer.outputs.iter().zip(&action.outputs) {
            self.writes(*reg, &output.ty)?;
        }
        if let Some(at_most) = answer.at_most {
            self.reads(at_most, &Type::Duration)?;
        }
        answer.otherwise.map_or(Ok(()), |otherwise| self.target(otherwise))
    }

    fn wait_for(&self, wait: &WaitFor) -> Check {
        let Some(pipeline) = self.chunk.pipeline else { return no("a body without a pipeline") };
        self.verifier.patterns(&wait.events, pipeline)?;
        self.target(wait.otherwise)?;
        if let Some(at_most) = wait.at_most {
            self.reads(at_most, &Type::Duration)?;
        }
        let Some(when) = wait.when else {
            return ensure(wait.captures.is_empty(), "values captured for nothing");
        };
        let kind = ChunkKind::Expression { captures: wait.captures.len() as u16, result: Type::Bool };
        self.verifier.chunk_of(when, &kind, pipeline)?;
        let when = self.verifier.chunk(when)?;
        for (captured, ty) in wait.captures.iter().zip(&when.registers) {
            self.reads(*captured, ty)?;
        }
        Ok(())
    }
}
