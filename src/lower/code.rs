//! Building one chunk: registers, labels, and the tables of places.

use super::Lowering;
use crate::model::{Expr, Frame, LocalId};
use crate::program::instr::{Instr, Reg};
use crate::program::sites::Site;
use crate::program::{Chunk, ChunkId, ChunkKind};
use crate::schema::Type;
use crate::source::Span;
use crate::value::*;
use std::collections::HashMap;

/// A place in the code that may not be known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label(u32);

/// A register with a value in it: somebody's variable, or one to give back after use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operand {
    pub reg: Reg,
    pub temporary: bool,
}

/// One chunk under construction.
pub(super) struct Builder<'b, 'm> {
    pub lowering: &'b mut Lowering<'m>,
    pub frame: &'b Frame,
    kind: ChunkKind,
    pub pipeline: Option<PipelineId>,
    code: Vec<Instr>,
    registers: Vec<Type>,
    /// Runs of registers that nobody holds, by the types of their registers.
    free: HashMap<Vec<Type>, Vec<Reg>>,
    /// By [`LocalId`]: the register of each variable in scope.
    pub locals: Vec<Option<Reg>>,
    /// Where each label is. Until the end, jumps name labels.
    labels: Vec<u32>,
    /// Side tables that name labels too.
    pub calls_with_else: Vec<usize>,
    pub waits: Vec<usize>,
    /// How many `wait for`s are in scope.
    pub waits_in_scope: u16,
    span: Span,
    spans: Vec<(u32, Span)>,
    statements: Vec<(u32, u32)>,
    /// Where values can be seen, if anyone wants to: of this chunk, whose number is not known yet.
    sites: Vec<Site>,
    /// Set when registers run out: said once.
    full: bool,
}

impl<'b, 'm> Builder<'b, 'm> {
    pub fn new(
        lowering: &'b mut Lowering<'m>,
        kind: ChunkKind,
        pipeline: Option<PipelineId>,
        frame: &'b Frame,
        span: Span,
    ) -> Self {
        if frame.locals.len() > usize::from(u16::MAX) {
            lowering.too_large(span, "variables");
        }
        Builder {
            lowering,
            frame,
            kind,
            pipeline,
            code: Vec::new(),
            registers: Vec::new(),
            free: HashMap::new(),
            locals: vec![None; frame.locals.len()],
            labels: Vec::new(),
            calls_with_else: Vec::new(),
            waits: Vec::new(),
            waits_in_scope: 0,
            span,
            spans: Vec::new(),
            statements: Vec::new(),
            sites: Vec::new(),
            full: false,
        }
    }

    pub fn finish(mut self) -> ChunkId {
        let place = |label: u32| self.labels.get(label as usize).copied().unwrap_or(label);
        for instr in &mut self.code {
            if let Some(target) = instr.target_mut() {
                *target = place(*target);
            }
        }
        for call in &self.calls_with_else {
            if let Some(answer) = &mut self.lowering.code.calls[*call].answer {
                answer.otherwise = answer.otherwise.map(place);
            }
        }
        for wait in &self.waits {
            let wait = &mut self.lowering.code.waits[*wait];
            wait.otherwise = place(wait.otherwise);
        }
        let chunk = self.lowering.add_chunk(Chunk {
            kind: self.kind,
            pipeline: self.pipeline,
            code: self.code,
            registers: self.registers,
            spans: self.spans,
            statements: self.statements,
        });
        if let Some(sites) = &mut self.lowering.sites {
            sites.extend(self.sites.into_iter().map(|site| Site { chunk, ..site }));
        }
        chunk
    }

    // --- instructions and places ---

    pub fn emit(&mut self, instr: Instr) {
        let pc = self.code.len() as u32;
        if self.spans.last().is_none_or(|(_, span)| *span != self.span) {
            self.spans.push((pc, self.span));
        }
        self.code.push(instr);
    }

    /// Emits with another place than the one at hand.
    pub fn emit_at(&mut self, span: Span, instr: Instr) {
        let outer = std::mem::replace(&mut self.span, span);
        self.emit(instr);
        self.span = outer;
    }

    /// Where the next instruction will stand.
    pub fn here(&self) -> u32 {
        self.code.len() as u32
    }

    /// The code since `from` has put the value of an expression into the register.
    pub fn seen(&mut self, expr: &Expr, from: u32, register: Reg) {
        if self.lowering.sites.is_some() {
            let (at, ty, chunk) = (self.here(), expr.ty.clone(), ChunkId(u32::MAX));
            self.sites.push(Site { chunk, from, at, register, span: expr.span, ty });
        }
    }

    pub fn set_span(&mut self, span: Span) -> Span {
        std::mem::replace(&mut self.span, span)
    }

    /// What follows belongs to this statement.
    pub fn set_statement(&mut self, number: u32) {
        let pc = self.code.len() as u32;
        match self.statements.last_mut() {
            Some((_, last)) if *last == number => {}
            Some((start, last)) if *start == pc => *last = number,
            _ => self.statements.push((pc, number)),
        }
    }

    pub fn label(&mut self) -> Label {
        self.labels.push(u32::MAX);
        Label(self.labels.len() as u32 - 1)
    }

    /// The label stands before the next instruction.
    pub fn place(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.code.len() as u32;
    }

    pub fn label_here(&mut self) -> Label {
        let label = self.label();
        self.place(label);
        label
    }

    pub fn jump(&mut self, to: Label) {
        self.emit(Instr::Jump { target: to.0 });
    }

    pub fn jump_if(&mut self, condition: Reg, when: bool, to: Label) {
        let target = to.0;
        self.emit(if when {
            Instr::JumpIf { condition, target }
        } else {
            Instr::JumpIfNot { condition, target }
        });
    }

    pub fn jump_if_none(&mut self, value: Reg, when: bool, to: Label) {
        let target = to.0;
        self.emit(if when {
            Instr::JumpIfNone { value, target }
        } else {
            Instr::JumpIfSet { value, target }
        });
    }

    pub fn next(&mut self, first: Reg, done: Label) {
        self.emit(Instr::Next { first, target: done.0 });
    }

    /// What side tables hold until the end.
    pub fn unresolved(label: Label) -> u32 {
        label.0
    }

    // --- registers ---

    pub fn register_type(&self, reg: Reg) -> &Type {
        self.registers.get(reg.index()).unwrap_or(&Type::Never)
    }

    /// A run of registers of these types, one after the other.
    pub fn take_run(&mut self, types: &[Type]) -> Reg {
        if let Some(run) = self.free.get_mut(types).and_then(Vec::pop) {
            return run;
        }
        let first = self.registers.len();
        if first + types.len() > usize::from(u16::MAX) {
            if !self.full {
                self.full = true;
                self.lowering.too_large(self.span, "values at once");
            }
            return Reg(0);
        }
        self.registers.extend_from_slice(types);
        Reg(first as u16)
    }

    pub fn take(&mut self, ty: &Type) -> Reg {
        self.take_run(std::slice::from_ref(ty))
    }

    pub fn give_run(&mut self, run: Reg, types: &[Type]) {
        if types.is_empty() || self.full {
            return;
        }
        self.free.entry(types.to_vec()).or_default().push(run);
    }

    pub fn give(&mut self, operand: Operand) {
        if operand.temporary {
            let ty = self.register_type(operand.reg).clone();
            self.give_run(operand.reg, &[ty]);
        }
    }

    // --- variables ---

    pub fn local_type(&self, local: LocalId) -> Type {
        self.frame.locals.get(usize::from(local.0)).map_or(Type::Never, |local| local.ty.clone())
    }

    /// Gives a variable a register of its own.
    pub fn bind_new_local(&mut self, local: LocalId) -> Reg {
        let ty = self.local_type(local);
        let reg = self.take(&ty);
        self.bind_local(local, Some(reg));
        reg
    }

    pub fn bind_local(&mut self, local: LocalId, reg: Option<Reg>) {
        if let Some(slot) = self.locals.get_mut(usize::from(local.0)) {
            *slot = reg;
        }
    }

    pub fn local(&self, local: LocalId) -> Reg {
        self.locals.get(usize::from(local.0)).copied().flatten().unwrap_or(Reg(0))
    }
}
