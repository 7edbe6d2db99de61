//! Rule bodies: statements that give the word to the host, between code that computes what they need.

use super::Lowering;
use super::code::Builder;
use super::dispatch::event_patterns;
use crate::model::{self, EventPattern, Expr, LocalId, Stmt, StmtKind};
use crate::program::instr::{Instr, Reg};
use crate::program::{ActionCall, Answer, CallId, ChunkId, ChunkKind, SetFields, SetId, WaitFor, WaitForId};
use crate::schema::Type;
use crate::source::Span;
use crate::value::*;

impl<'m> Lowering<'m> {
    pub(super) fn body(&mut self, body: &'m model::Body, pipeline: PipelineId, span: Span) -> ChunkId {
        let mut builder = Builder::new(self, ChunkKind::Body, Some(pipeline), &body.frame, span);
        builder.statements(&body.statements);
        builder.emit_at(span.after(), Instr::Stop);
        builder.finish()
    }
}

impl<'m> Builder<'_, 'm> {
    /// The statements of one pair of braces inside a body: what they bind or wait for is forgotten at the end.
    fn block(&mut self, statements: &'m [Stmt]) {
        let waits = self.waits_in_scope;
        self.statements(statements);
        if self.waits_in_scope > waits {
            self.waits_in_scope = waits;
            self.emit(Instr::EndWaits { keep: waits });
        }
    }

    fn statements(&mut self, statements: &'m [Stmt]) {
        let mut bound = Vec::new();
        for statement in statements {
            let outer = self.set_span(statement.span);
            self.set_statement(statement.number);
            if !statement.awaits.is_empty() {
                let list = self.lowering.await_list(&statement.awaits);
                self.emit(Instr::Await { list });
            }
            self.statement(statement, &mut bound);
            self.set_span(outer);
        }
        for local in bound {
            let ty = self.local_type(local);
            let reg = self.local(local);
            self.bind_local(local, None);
            self.give_run(reg, &[ty]);
        }
    }

    fn statement(&mut self, statement: &'m Stmt, bound: &mut Vec<LocalId>) {
        match &statement.kind {
            StmtKind::Action(call) => self.action(call, None),
            StmtKind::LetAction { call, bind, publish, at_most, otherwise } => {
                for local in bind {
                    self.bind_new_local(*local);
                    bound.push(*local);
                }
                let (failed, end) = (self.label(), self.label());
                let at_most = at_most.as_ref().map(|at_most| self.operand(at_most));
                let answer = Answer {
                    outputs: bind.iter().map(|local| self.local(*local)).collect(),
                    at_most: at_most.map(|operand| operand.reg),
                    otherwise: otherwise.as_ref().map(|_| Self::unresolved(failed)),
                };
                self.action(call, Some(answer));
                if let Some(at_most) = at_most {
                    self.give(at_most);
                }
                for (local, output) in bind.iter().zip(publish) {
                    self.publish(*local, *output);
                }
                if let Some(otherwise) = otherwise {
                    self.jump(end);
                    self.place(failed);
                    // An `else` that goes on leaves unset what the answer would have bound.
                    for local in bind {
                        if self.local_type(*local).is_optional() {
                            let (reg, ty) = (self.local(*local), self.local_type(*local));
                            self.constant_into(&Value::None, &ty, reg);
                        }
                    }
                    self.block(otherwise);
                    self.place(end);
                }
            }
            StmtKind::Let { local, value, publish } => {
                let reg = self.bind_new_local(*local);
                bound.push(*local);
                self.into(value, reg);
                self.publish(*local, *publish);
            }
            StmtKind::Set(fields) => {
                let values: Vec<_> =
                    fields.iter().map(|(field, value)| (*field, self.operand(value))).collect();
                let set =
                    SetFields { fields: values.iter().map(|(field, value)| (*field, value.reg)).collect() };
                self.lowering.code.sets.push(set);
                self.emit(Instr::Set { set: SetId(self.lowering.code.sets.len() as u32 - 1) });
                values.into_iter().for_each(|(_, value)| self.give(value));
            }
            StmtKind::Move(stage) => self.emit(Instr::Move { stage: *stage }),
            StmtKind::If { branches, otherwise } => {
                let end = self.label();
                for (condition, body) in branches {
                    let next = self.label();
                    self.set_statement(statement.number);
                    self.condition(condition, false, next);
                    self.block(body);
                    self.jump(end);
                    self.place(next);
                }
                if let Some(otherwise) = otherwise {
                    self.block(otherwise);
                }
                self.place(end);
            }
            StmtKind::For { local, list, body } => self.for_loop(statement.number, *local, list, body),
            StmtKind::Wait(duration) => self.unary(duration, |duration| Instr::Wait { duration }),
            StmtKind::WaitUntil(instant) => self.unary(instant, |instant| Instr::WaitUntil { instant }),
            StmtKind::WaitFor { events, when, at_most, otherwise } => {
                self.wait_for(events, when.as_ref(), at_most.as_ref(), otherwise.as_deref());
            }
            StmtKind::Stop => self.emit(Instr::Stop),
        }
    }

    /// Keeps a variable for other rules, if one of them reads it.
    fn publish(&mut self, local: LocalId, output: Option<OutputId>) {
        let Some(output) = output else { return };
        if self.lowering.model.outputs.get(output.index()).is_some_and(|output| output.read) {
            self.emit(Instr::Publish { output, value: self.local(local) });
        }
    }

    /// Asks for an action: every parameter in a register of its own.
    fn action(&mut self, call: &'m model::ActionCall, answer: Option<Answer>) {
        let params: Vec<_> = call.params.iter().map(|(param, value)| (*param, self.operand(value))).collect();
        let has_else = answer.as_ref().is_some_and(|answer| answer.otherwise.is_some());
        let id = self.lowering.add_call(ActionCall {
            action: call.action,
            params: params.iter().map(|(param, value)| (*param, value.reg)).collect(),
            answer,
        });
        if has_else {
            self.calls_with_else.push(id);
        }
        self.emit_at(call.span, Instr::Action { call: CallId(id as u32) });
        params.into_iter().for_each(|(_, value)| self.give(value));
    }

    fn for_loop(&mut self, number: u32, local: LocalId, list: &'m Expr, body: &'m [Stmt]) {
        let types = [list.ty.clone(), Type::Int, self.local_type(local)];
        let first = self.take_run(&types);
        self.into(list, first);
        self.constant_into(&Value::Int(0), &Type::Int, first.plus(1));
        self.bind_local(local, Some(first.plus(2)));
        let done = self.label();
        let head = self.label_here();
        self.next(first, done);
        self.block(body);
        self.set_statement(number);
        self.jump(head);
        self.place(done);
        self.bind_local(local, None);
        self.give_run(first, &types);
    }

    fn wait_for(
        &mut self,
        events: &'m [EventPattern],
        when: Option<&'m Expr>,
        at_most: Option<&'m Expr>,
        otherwise: Option<&'m [Stmt]>,
    ) {
        let captured: Vec<(usize, Reg)> =
            self.locals.iter().enumerate().filter_map(|(local, reg)| Some((local, (*reg)?))).collect();
        let when = when.map(|when| self.wait_condition(when, &captured));
        let at_most = at_most.map(|at_most| self.operand(at_most));
        let (over, end) = (self.label(), self.label());
        self.lowering.code.waits.push(WaitFor {
            events: event_patterns(events),
            when,
            captures: if when.is_some() {
                captured.iter().map(|(_, reg)| *reg).collect()
            } else {
                Vec::new()
            },
            at_most: at_most.map(|operand| operand.reg),
            otherwise: Self::unresolved(over),
        });
        let id = self.lowering.code.waits.len() - 1;
        self.waits.push(id);
        self.emit(Instr::WaitFor { wait: WaitForId(id as u32) });
        self.waits_in_scope = self.waits_in_scope.saturating_add(1);
        if let Some(at_most) = at_most {
            self.give(at_most);
        }
        if let Some(otherwise) = otherwise {
            self.jump(end);
            self.place(over);
            self.block(otherwise);
        } else {
            self.place(over);
        }
        self.place(end);
    }

    /// The condition of a `wait for` is asked while the body sleeps: a chunk of its own, that captures the
    /// body's variables.
    fn wait_condition(&mut self, when: &'m Expr, captured: &[(usize, Reg)]) -> ChunkId {
        let kind = ChunkKind::Expression { captures: captured.len() as u16, result: Type::Bool };
        let frame = self.frame;
        let mut builder = Builder::new(self.lowering, kind, self.pipeline, frame, when.span);
        for (local, _) in captured {
            builder.bind_new_local(LocalId(*local as u16));
        }
        builder.return_value(when);
        builder.finish()
    }
}
