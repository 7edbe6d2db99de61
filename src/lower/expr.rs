//! Expressions: each into a register, conditions into jumps.

use super::code::{Builder, Label, Operand};
use crate::model::{Conversion, Expr, ExprKind, LocalId, OrderOp, TextPart};
use crate::program::instr::{Instr, Reg};
use crate::schema::Type;
use crate::value::functions::Function;
use crate::value::ops::{self, ArithOp};
use crate::value::*;

impl<'m> Builder<'_, 'm> {
    pub fn return_value(&mut self, expr: &'m Expr) {
        let value = self.operand(expr);
        self.emit(Instr::Return { value: value.reg });
        self.give(value);
    }

    /// The value in some register: a variable's own, or a temporary one.
    pub fn operand(&mut self, expr: &'m Expr) -> Operand {
        match &expr.kind {
            ExprKind::Local(local) => {
                let reg = self.local(*local);
                self.seen(expr, self.here(), reg);
                Operand { reg, temporary: false }
            }
            _ => {
                let to = self.take(&expr.ty);
                self.into(expr, to);
                Operand { reg: to, temporary: true }
            }
        }
    }

    /// Writes the code that puts the value into `to`.
    pub fn into(&mut self, expr: &'m Expr, to: Reg) {
        let outer = self.set_span(expr.span);
        let from = self.here();
        self.value_into(expr, to);
        self.seen(expr, from, to);
        self.set_span(outer);
    }

    fn value_into(&mut self, expr: &'m Expr, to: Reg) {
        if let Some(value) = constant(expr).or_else(|| self.lowering.folded(expr)) {
            return self.constant_into(&value, &expr.ty, to);
        }
        match &expr.kind {
            ExprKind::Const(value) => self.constant_into(value, &expr.ty, to),
            ExprKind::Local(local) => {
                let from = self.local(*local);
                self.emit(Instr::Copy { to, from });
            }
            ExprKind::Field(field) => self.emit(Instr::Field { to, field: *field }),
            ExprKind::This => self.emit(Instr::This { to }),
            ExprKind::RefField { base, field, .. } => {
                self.unary(base, |base| Instr::RefField { to, base, field: *field });
            }
            ExprKind::RefExists { base, .. } => self.unary(base, |base| Instr::RefExists { to, base }),
            // What an event or a rule did not bring is `none` in an optional register; here it is a failure.
            ExprKind::Payload(_)
            | ExprKind::EventType
            | ExprKind::EventTime
            | ExprKind::Old(_)
            | ExprKind::Output(_)
                if !expr.ty.is_optional() && self.register_type(to).is_optional() =>
            {
                self.unary(expr, |from| Instr::Copy { to, from });
            }
            ExprKind::Payload(table) => match table.as_slice() {
                [(event, slot)] => self.emit(Instr::Payload { to, event: *event, slot: *slot }),
                table => {
                    let table = self.lowering.payload(table);
                    self.emit(Instr::PayloadAny { to, table });
                }
            },
            ExprKind::EventType => self.emit(Instr::EventType { to }),
            ExprKind::EventTime => self.emit(Instr::EventTime { to }),
            ExprKind::Old(field) => self.emit(Instr::Old { to, field: *field }),
            ExprKind::Output(output) => self.emit(Instr::Output { to, output: *output }),
            ExprKind::Now => self.emit(Instr::Now { to }),
            ExprKind::Today => self.emit(Instr::Today { to }),
            ExprKind::Stage => self.emit(Instr::Stage { to }),
            ExprKind::Pipeline => self.emit(Instr::Pipeline { to }),
            ExprKind::PrincipalField { base, field } => {
                self.unary(base, |base| Instr::PrincipalField { property: *field, to, base });
            }
            ExprKind::FileName(base) => self.unary(base, |from| Instr::FileName { to, from }),
            ExprKind::FileUrl(base) => self.unary(base, |from| Instr::FileUrl { to, from }),
            ExprKind::Text(parts) => self.text_into(parts, to),
            ExprKind::List(items) => {
                self.emit(Instr::ListBegin { to });
                for item in items {
                    self.unary(item, |value| Instr::ListPush { value });
                }
                self.emit(Instr::ListEnd { to });
            }
            ExprKind::Not(inner) => self.unary(inner, |from| Instr::Not { to, from }),
            ExprKind::And(left, right) => {
                let end = self.label();
                self.into(left, to);
                self.jump_if(to, false, end);
                self.into(right, to);
                self.place(end);
            }
            ExprKind::Or(left, right) => {
                let end = self.label();
                self.into(left, to);
                self.jump_if(to, true, end);
                self.into(right, to);
                self.place(end);
            }
            ExprKind::If { condition, then, otherwise } => {
                let (no, end) = (self.label(), self.label());
                self.condition(condition, false, no);
                self.into(then, to);
                self.jump(end);
                self.place(no);
                self.into(otherwise, to);
                self.place(end);
            }
            ExprKind::Equal { left, right, negated } => self.binary(left, right, |left, right| {
                if *negated { Instr::NotEqual { to, left, right } } else { Instr::Equal { to, left, right } }
            }),
            ExprKind::EqualIgnoreCase { left, right } => {
                self.binary(left, right, |left, right| Instr::EqualIgnoreCase { to, left, right });
            }
            ExprKind::Order { op, left, right } => {
                let ty = left.ty.clone();
                self.binary(left, right, |left, right| order(*op, &ty, to, left, right));
            }
            ExprKind::Between { value, low, high } => {
                let end = self.label();
                let value_reg = self.operand(value);
                let low = self.operand(low);
                self.emit(order(OrderOp::LessOrEqual, &value.ty, to, low.reg, value_reg.reg));
                self.give(low);
                self.jump_if(to, false, end);
                let high = self.operand(high);
                self.emit(order(OrderOp::LessOrEqual, &value.ty, to, value_reg.reg, high.reg));
                self.give(high);
                self.give(value_reg);
                self.place(end);
            }
            ExprKind::In { value, list, negated } => {
                self.binary(value, list, |value, list| Instr::In { to, value, list });
                self.negate(*negated, to);
            }
            ExprKind::ContainsText { text, part, negated } => {
                self.binary(text, part, |text, part| Instr::ContainsText { to, text, part });
                self.negate(*negated, to);
            }
            ExprKind::StartsWith { text, part } => {
                self.binary(text, part, |text, part| Instr::StartsWith { to, text, part });
            }
            ExprKind::EndsWith { text, part } => {
                self.binary(text, part, |text, part| Instr::EndsWith { to, text, part });
            }
            ExprKind::Matches { text, regex } => {
                let regex = self.lowering.regex(regex, expr.span);
                self.unary(text, |text| Instr::Matches { to, text, regex });
            }
            ExprKind::IsSet(inner) => self.unary(inner, |value| Instr::IsSet { to, value }),
            ExprKind::IsEmpty(inner) => self.unary(inner, |value| Instr::IsEmpty { to, value }),
            ExprKind::StageIs { stage, kinds } => {
                let kinds = kinds.iter().fold(0, |bits, kind| bits | Instr::kind_bit(*kind));
                self.unary(stage, |stage| Instr::StageIs { kinds, to, stage });
            }
            ExprKind::Default { left, right } => {
                let (other, end) = (self.label(), self.label());
                let value = self.operand(left);
                self.jump_if_none(value.reg, true, other);
                // What comes out may be optional still, if the right side is.
                if expr.ty.is_optional() {
                    self.emit(Instr::Copy { to, from: value.reg });
                } else {
                    self.emit(Instr::Convert { conversion: Conversion::Narrow, to, from: value.reg });
                }
                self.give(value);
                self.jump(end);
                self.place(other);
                self.into(right, to);
                self.place(end);
            }
            ExprKind::Arith { op, args } => self.arithmetic(*op, args, to),
            ExprKind::Convert { to: conversion, value } => self.conversion(*conversion, value, to),
            ExprKind::Call { function, args } => self.call(*function, args, &expr.ty, to),
            ExprKind::ListOp { function, list, local, body } => {
                self.list_op(*function, list, *local, body, to)
            }
            ExprKind::CallFn { function, args } => {
                let mut types = vec![expr.ty.clone()];
                types.extend(args.iter().map(|arg| arg.ty.clone()));
                let first = self.take_run(&types);
                for (n, arg) in args.iter().enumerate() {
                    self.into(arg, first.plus(n as u16 + 1));
                }
                self.emit(Instr::CallFn { first, function: function.0 });
                self.emit(Instr::Copy { to, from: first });
                self.give_run(first, &types);
            }
        }
    }

    pub fn constant_into(&mut self, value: &Value, ty: &Type, to: Reg) {
        let constant = self.lowering.constant(value, ty);
        self.emit(Instr::Const { to, constant });
    }

    /// An instruction of one operand.
    pub fn unary(&mut self, operand: &'m Expr, instr: impl FnOnce(Reg) -> Instr) {
        let value = self.operand(operand);
        self.emit(instr(value.reg));
        self.give(value);
    }

    fn binary(&mut self, left: &'m Expr, right: &'m Expr, instr: impl FnOnce(Reg, Reg) -> Instr) {
        let left = self.operand(left);
        let right = self.operand(right);
        self.emit(instr(left.reg, right.reg));
        self.give(right);
        self.give(left);
    }

    fn negate(&mut self, negated: bool, to: Reg) {
        if negated {
            self.emit(Instr::Not { to, from: to });
        }
    }

    /// Jumps to the label if the condition comes to `when`; else the code goes on.
    pub fn condition(&mut self, expr: &'m Expr, when: bool, to: Label) {
        let outer = self.set_span(expr.span);
        match &expr.kind {
            ExprKind::Const(Value::Bool(value)) => {
                if *value == when {
                    self.jump(to);
                }
            }
            ExprKind::Not(inner) => self.condition(inner, !when, to),
            ExprKind::And(left, right) => self.both(left, right, true, when, to),
            ExprKind::Or(left, right) => self.both(left, right, false, when, to),
            ExprKind::IsSet(inner) => {
                let value = self.operand(inner);
                self.jump_if_none(value.reg, !when, to);
                self.give(value);
            }
            _ => {
                let value = self.operand(expr);
                self.jump_if(value.reg, when, to);
                self.give(value);
            }
        }
        self.set_span(outer);
    }

    /// `and` (`go_on` true) or `or` (false): the right side counts while the left one comes to `go_on`.
    fn both(&mut self, left: &'m Expr, right: &'m Expr, go_on: bool, when: bool, to: Label) {
        if when == go_on {
            let skip = self.label();
            self.condition(left, !go_on, skip);
            self.condition(right, when, to);
            self.place(skip);
        } else {
            self.condition(left, when, to);
            self.condition(right, when, to);
        }
    }

    fn arithmetic(&mut self, op: ArithOp, args: &'m [Expr], to: Reg) {
        match args {
            [only] => self.unary(only, |value| Instr::Arith { op, to, left: value, right: value }),
            [left, right, ..] => self.binary(left, right, |left, right| match op {
                ArithOp::AddInt => Instr::AddInt { to, left, right },
                ArithOp::SubInt => Instr::SubInt { to, left, right },
                ArithOp::MulInt => Instr::MulInt { to, left, right },
                ArithOp::AddDecimal => Instr::AddDecimal { to, left, right },
                ArithOp::SubDecimal => Instr::SubDecimal { to, left, right },
                ArithOp::MulDecimal => Instr::MulDecimal { to, left, right },
                op => Instr::Arith { op, to, left, right },
            }),
            [] => {}
        }
    }

    fn conversion(&mut self, conversion: Conversion, value: &'m Expr, to: Reg) {
        match conversion {
            // These change nothing but the type.
            Conversion::ToOptional | Conversion::Widen => self.value_into(value, to),
            Conversion::ToList => {
                self.emit(Instr::ListBegin { to });
                self.unary(value, |value| Instr::ListPush { value });
                self.emit(Instr::ListEnd { to });
            }
            _ => self.unary(value, |from| Instr::Convert { conversion, to, from }),
        }
    }

    fn call(&mut self, function: Function, args: &'m [Expr], result: &Type, to: Reg) {
        if self.register_type(to) != result {
            // The verifier asks for the exact type; a wider one is reached by copying.
            let exact = self.take(result);
            self.call(function, args, result, exact);
            self.emit(Instr::Copy { to, from: exact });
            return self.give(Operand { reg: exact, temporary: true });
        }
        if let [only] = args {
            return self.unary(only, |args| Instr::Call { function, to, args, count: 1 });
        }
        let types: Vec<Type> = args.iter().map(|arg| arg.ty.clone()).collect();
        let first = self.take_run(&types);
        for (n, arg) in args.iter().enumerate() {
            self.into(arg, first.plus(n as u16));
        }
        self.emit(Instr::Call { function, to, args: first, count: args.len() as u16 });
        self.give_run(first, &types);
    }

    fn list_op(&mut self, function: Function, list: &'m Expr, local: LocalId, body: &'m Expr, to: Reg) {
        let types = [list.ty.clone(), Type::Int, self.local_type(local)];
        let first = self.take_run(&types);
        self.into(list, first);
        self.constant_into(&Value::Int(0), &Type::Int, first.plus(1));
        self.bind_local(local, Some(first.plus(2)));
        match function {
            Function::Any => self.quantifier(first, body, true, to),
            Function::All => self.quantifier(first, body, false, to),
            Function::Filter => self.collect(first, to, |this, head| {
                this.condition(body, false, head);
                this.emit(Instr::ListPush { value: first.plus(2) });
            }),
            Function::Sort => {
                let key_list = body.ty.clone().list();
                let keys = self.take(&key_list);
                self.collect(first, keys, |this, _| this.unary(body, |value| Instr::ListPush { value }));
                self.emit(Instr::SortBy { to, list: first, keys });
                self.give(Operand { reg: keys, temporary: true });
            }
            // No other function takes `=>`.
            _ => self.collect(first, to, |this, _| this.unary(body, |value| Instr::ListPush { value })),
        }
        self.bind_local(local, None);
        self.give_run(first, &types);
    }

    /// `any` is true, `all` false at the first element for which the condition comes to that.
    fn quantifier(&mut self, first: Reg, body: &'m Expr, found: bool, to: Reg) {
        let (no, end) = (self.label(), self.label());
        let head = self.label_here();
        self.next(first, no);
        self.condition(body, !found, head);
        self.constant_into(&Value::Bool(found), &Type::Bool, to);
        self.jump(end);
        self.place(no);
        self.constant_into(&Value::Bool(!found), &Type::Bool, to);
        self.place(end);
    }

    /// A loop that builds a list; `each` may go on with the next element by jumping to the head.
    fn collect(&mut self, first: Reg, to: Reg, each: impl FnOnce(&mut Self, Label)) {
        self.emit(Instr::ListBegin { to });
        let done = self.label();
        let head = self.label_here();
        self.next(first, done);
        each(self, head);
        self.jump(head);
        self.place(done);
        self.emit(Instr::ListEnd { to });
    }
}

fn order(op: OrderOp, ty: &Type, to: Reg, left: Reg, right: Reg) -> Instr {
    match ty {
        Type::Int => Instr::OrderInt { op, to, left, right },
        Type::Decimal => Instr::OrderDecimal { op, to, left, right },
        Type::Money(_) => Instr::OrderMoney { op, to, left, right },
        _ => Instr::Order { op, to, left, right },
    }
}

/// What is known before the run: constants under conversions, texts without placeholders, lists of constants.
pub(super) fn constant(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value.clone()),
        ExprKind::Convert { to, value } => {
            let value = constant(value)?;
            match to {
                Conversion::ToOptional | Conversion::Widen | Conversion::TextToOpaque => Some(value),
                Conversion::IntToDecimal if value != Value::None => ops::int_to_decimal(&value).ok(),
                Conversion::ToList => Some(Value::List(vec![value].into())),
                _ => None,
            }
        }
        ExprKind::List(items) => {
            let items: Option<Vec<Value>> = items.iter().map(constant).collect();
            items.map(|items| Value::List(items.into()))
        }
        ExprKind::Text(parts) => match parts.as_slice() {
            [] => Some(Value::Text("".into())),
            [TextPart::Literal(text)] => Some(Value::Text(text.clone())),
            _ => None,
        },
        _ => None,
    }
}
