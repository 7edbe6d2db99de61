//! One instruction in a line, close to how the language itself would say it.

use super::Listing;
use crate::model::{Conversion, OrderOp};
use crate::program::instr::{Instr, Reg};
use crate::program::literal::{literal, stage_name, type_name};
use crate::program::{ActionCall, Chunk};
use crate::schema::Type;
use crate::syntax::tree::StageKind;
use crate::value::StageId;
use crate::value::ops::ArithOp;

fn r(reg: Reg) -> String {
    format!("r{}", reg.0)
}

fn list(regs: impl Iterator<Item = Reg>) -> String {
    regs.map(r).collect::<Vec<_>>().join(", ")
}

fn order(op: OrderOp) -> &'static str {
    match op {
        OrderOp::Less => "<",
        OrderOp::LessOrEqual => "<=",
        OrderOp::Greater => ">",
        OrderOp::GreaterOrEqual => ">=",
    }
}

fn symbol(op: ArithOp) -> &'static str {
    use ArithOp::*;
    match op {
        AddInt | AddDecimal | AddMoney | AddDuration | DateAddTime | DateAddDuration | DateAddDays
        | InstantAddDuration => "+",
        SubInt | SubDecimal | SubMoney | SubDuration | DateSubDuration | DateSubDays | SubDate
        | InstantSubDuration | SubInstant | NegInt | NegDecimal | NegMoney | NegDuration => "-",
        MulInt | MulDecimal | MulMoneyDecimal | MulDecimalMoney | MulDurationInt | MulIntDuration => "*",
        DivDecimal | DivMoneyDecimal | DivMoney | DivDurationDecimal | DivDuration => "/",
    }
}

impl Listing<'_> {
    pub(super) fn instruction(&self, chunk: &Chunk, instr: Instr) -> String {
        let program = self.program;
        let code = &program.code;
        let entity =
            chunk.pipeline.and_then(|id| program.pipelines.get(id.index())).map(|pipeline| pipeline.entity);
        let ty = |reg: Reg| chunk.registers.get(reg.index());
        let constant = |constant: u32| match (
            code.constants.get(constant as usize),
            code.constant_types.get(constant as usize),
        ) {
            (Some(value), Some(ty)) => literal(self.program, value, ty),
            _ => "?".to_owned(),
        };
        let binary = |to: Reg, left: Reg, op: &str, right: Reg, ty: &str| {
            format!("{} = {} {op} {} ({ty})", r(to), r(left), r(right))
        };
        match instr {
            Instr::Const { to, constant: c } => format!("{} = {}", r(to), constant(c)),
            Instr::Copy { to, from } => format!("{} = {}", r(to), r(from)),
            Instr::Field { to, field } => format!("{} = field {}", r(to), self.field(entity, field)),
            Instr::FieldOnceSet { to, field } => {
                format!("{} = field {}, which is set", r(to), self.field(entity, field))
            }
            Instr::This { to } => format!("{} = this", r(to)),
            Instr::RefField { to, base, field } => {
                let entity = match ty(base).map(Type::inner) {
                    Some(Type::Entity(entity)) => Some(*entity),
                    _ => None,
                };
                format!("{} = {}.{}", r(to), r(base), self.field(entity, field))
            }
            Instr::RefExists { to, base } => format!("{} = record of {} exists", r(to), r(base)),
            Instr::Payload { to, event, slot } => {
                format!("{} = event.{} ({})", r(to), self.slot(event, slot), self.event(event))
            }
            Instr::PayloadAny { to, table } => {
                let table = code.payloads.get(table as usize).map_or(&[][..], Vec::as_slice);
                let name = table.first().map_or("?".to_owned(), |(event, slot)| self.slot(*event, *slot));
                let events: Vec<String> = table.iter().map(|(event, _)| self.event(*event)).collect();
                format!("{} = event.{name} ({})", r(to), events.join(", "))
            }
            Instr::EventType { to } => format!("{} = event.type", r(to)),
            Instr::EventTime { to } => format!("{} = event.time", r(to)),
            Instr::Old { to, field } => format!("{} = old.{}", r(to), self.field(entity, field)),
            Instr::Output { to, output } => format!("{} = output {}", r(to), self.output(output)),
            Instr::Now { to } => format!("{} = now", r(to)),
            Instr::Today { to } => format!("{} = today", r(to)),
            Instr::Stage { to } => format!("{} = stage", r(to)),
            Instr::Pipeline { to } => format!("{} = pipeline", r(to)),
            Instr::PrincipalField { property, to, base } => {
                format!("{} = {}.{}", r(to), r(base), property.name())
            }
            Instr::FileName { to, from } => format!("{} = {}.name", r(to), r(from)),
            Instr::FileUrl { to, from } => format!("{} = {}.url", r(to), r(from)),

            Instr::Jump { target } => format!("go to {target}"),
            Instr::JumpIf { condition, target } => format!("if {} go to {target}", r(condition)),
            Instr::JumpIfNot { condition, target } => format!("if not {} go to {target}", r(condition)),
            Instr::JumpIfNone { value, target } => format!("if {} is not set go to {target}", r(value)),
            Instr::JumpIfSet { value, target } => format!("if {} is set go to {target}", r(value)),
            Instr::Next { first, target } => {
                format!("{} = next of {}, or go to {target}", r(first.plus(2)), r(first))
            }
            Instr::Return { value } => format!("return {}", r(value)),

            Instr::Not { to, from } => format!("{} = not {}", r(to), r(from)),
            Instr::Equal { to, left, right } => format!("{} = {} == {}", r(to), r(left), r(right)),
            Instr::NotEqual { to, left, right } => format!("{} = {} != {}", r(to), r(left), r(right)),
            Instr::EqualIgnoreCase { to, left, right } => format!("{} = {} ~= {}", r(to), r(left), r(right)),
            Instr::OrderInt { op, to, left, right } => binary(to, left, order(op), right, "int"),
            Instr::OrderDecimal { op, to, left, right } => binary(to, left, order(op), right, "decimal"),
            Instr::OrderMoney { op, to, left, right } => binary(to, left, order(op), right, "money"),
            Instr::Order { op, to, left, right } => {
                let name = ty(left).map_or("?".to_owned(), |ty| type_name(self.program, ty));
                binary(to, left, order(op), right, &name)
            }
            Instr::In { to, value, list } => format!("{} = {} in {}", r(to), r(value), r(list)),
            Instr::ContainsText { to, text, part } => format!("{} = {} contains {}", r(to), r(text), r(part)),
            Instr::StartsWith { to, text, part } => {
                format!("{} = {} starts with {}", r(to), r(text), r(part))
            }
            Instr::EndsWith { to, text, part } => format!("{} = {} ends with {}", r(to), r(text), r(part)),
            Instr::Matches { to, text, regex } => {
                let regex = code.regexes.get(usize::from(regex)).map_or("?", |regex| regex);
                format!("{} = {} matches /{regex}/", r(to), r(text))
            }
            Instr::IsSet { to, value } => format!("{} = {} is set", r(to), r(value)),
            Instr::IsEmpty { to, value } => format!("{} = {} is empty", r(to), r(value)),
            Instr::StageIs { kinds, to, stage } => {
                let named = [
                    (StageKind::Normal, "on its way"),
                    (StageKind::Success, "success"),
                    (StageKind::Failure, "failure"),
                ];
                let kinds: Vec<&str> = named
                    .into_iter()
                    .filter(|(kind, _)| Instr::kind_bit(*kind) & kinds != 0)
                    .map(|(_, name)| name)
                    .collect();
                format!("{} = {} is {}", r(to), r(stage), kinds.join(" or "))
            }

            Instr::AddInt { to, left, right } => binary(to, left, "+", right, "int"),
            Instr::SubInt { to, left, right } => binary(to, left, "-", right, "int"),
            Instr::MulInt { to, left, right } => binary(to, left, "*", right, "int"),
            Instr::AddDecimal { to, left, right } => binary(to, left, "+", right, "decimal"),
            Instr::SubDecimal { to, left, right } => binary(to, left, "-", right, "decimal"),
            Instr::MulDecimal { to, left, right } => binary(to, left, "*", right, "decimal"),
            Instr::Arith { op, to, left, .. } if op.is_unary() => {
                format!("{} = -{} ({op:?})", r(to), r(left))
            }
            Instr::Arith { op, to, left, right } => binary(to, left, symbol(op), right, &format!("{op:?}")),
            Instr::Convert { conversion, to, from } => {
                let what = match conversion {
                    Conversion::IntToDecimal | Conversion::ListIntToDecimal => "as decimal",
                    Conversion::ToOptional => "as optional",
                    Conversion::Narrow => "which is set",
                    Conversion::ToList => "as list",
                    Conversion::Widen => "as it is",
                    Conversion::TextToEmail => "as email",
                    Conversion::TextToPhone => "as phone",
                    Conversion::TextToUrl => "as url",
                    Conversion::TextToOpaque => "as identity",
                    Conversion::TextToRef => "as reference",
                    Conversion::DateToInstant => "at its first moment",
                };
                format!("{} = {} {what}", r(to), r(from))
            }

            Instr::TextBegin => "text".to_owned(),
            Instr::Piece { constant: c } => format!("  write {}", constant(c)),
            Instr::PrintText { value } => format!("  write {}", r(value)),
            Instr::Print { value } => {
                let name = ty(value).map_or("?".to_owned(), |ty| type_name(self.program, ty));
                format!("  write {} ({name})", r(value))
            }
            Instr::PrintFormat { value, format } => format!("  write {} by {}", r(value), constant(format)),
            Instr::TextEnd { to } => format!("{} = the text", r(to)),
            Instr::ListBegin { .. } => "list".to_owned(),
            Instr::ListPush { value } => format!("  add {}", r(value)),
            Instr::ListEnd { to } => format!("{} = the list", r(to)),
            Instr::SortBy { to, list, keys } => format!("{} = {} sorted by {}", r(to), r(list), r(keys)),

            Instr::Call { function, to, args, count } => {
                format!("{} = {}({})", r(to), function.name(), list((0..count).map(|n| args.plus(n))))
            }
            Instr::CallFn { first, function } => {
                let function = code.functions.get(function as usize);
                let params = function.and_then(|function| code.chunks.get(function.chunk.0 as usize)).map_or(
                    0,
                    |chunk| match chunk.kind {
                        crate::program::ChunkKind::Function { params, .. } => params,
                        _ => 0,
                    },
                );
                let name = function.map_or("?", |function| &function.name);
                format!("{} = {name}({})", r(first), list((0..params).map(|n| first.plus(n + 1))))
            }

            Instr::Action { call } => {
                code.calls.get(call.0 as usize).map_or("ask ?".to_owned(), |call| self.action(call))
            }
            Instr::Set { set } => {
                let fields = code.sets.get(set.0 as usize).map_or(&[][..], |set| &set.fields);
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(field, value)| format!("{} = {}", self.field(entity, *field), r(*value)))
                    .collect();
                format!("set {}", fields.join(", "))
            }
            Instr::Publish { output, value } => format!("output {} = {}", self.output(output), r(value)),
            Instr::Await { list } => {
                let outputs = code.awaits.get(list as usize).map_or(&[][..], Vec::as_slice);
                format!("wait for {}", self.outputs(outputs))
            }
            Instr::Wait { duration } => format!("wait {}", r(duration)),
            Instr::WaitUntil { instant } => format!("wait until {}", r(instant)),
            Instr::WaitFor { wait } => match code.waits.get(wait.0 as usize) {
                Some(wait) => {
                    let pipeline = chunk.pipeline.and_then(|id| program.pipelines.get(id.index()));
                    let stage = pipeline.and_then(|pipeline| pipeline.stages.first().copied());
                    let events = self.patterns(&wait.events, stage.unwrap_or(StageId(0)));
                    let at_most = wait.at_most.map_or(String::new(), |reg| format!(" at most {}", r(reg)));
                    format!("wait for {events}{at_most}, or go to {}", wait.otherwise)
                }
                None => "wait for ?".to_owned(),
            },
            Instr::EndWaits { keep: 0 } => "the rule's own event again".to_owned(),
            Instr::EndWaits { keep } => format!("the event of wait {keep} again"),
            Instr::Move { stage } => format!("move to {}", stage_name(self.program, stage)),
            Instr::Stop => "stop".to_owned(),
            Instr::Gone { what } => format!("fail: {}", constant(what)),
        }
    }

    fn action(&self, call: &ActionCall) -> String {
        let action = self.program.schema.actions.get(call.action.index());
        let params: Vec<String> = call
            .params
            .iter()
            .map(|(param, value)| {
                let field = action.and_then(|action| action.params.get(usize::from(*param)));
                format!("{}: {}", field.map_or("?", |field| &field.name), r(*value))
            })
            .collect();
        let mut text = format!("ask {}({})", action.map_or("?", |action| &action.name), params.join(", "));
        if let Some(answer) = &call.answer {
            text.push_str(&format!(" -> {}", list(answer.outputs.iter().copied())));
            if let Some(at_most) = answer.at_most {
                text.push_str(&format!(" at most {}", r(at_most)));
            }
            if let Some(otherwise) = answer.otherwise {
                text.push_str(&format!(", or go to {otherwise}"));
            }
        }
        text
    }
}
