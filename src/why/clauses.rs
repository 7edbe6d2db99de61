//! The clauses of a condition, each with what it came to and the values it looked at.

use super::words;
use crate::model::{Expr, ExprKind, Model};
use crate::program::sites::Sites;
use crate::program::{ChunkId, Program};
use crate::source::{Sources, Span};
use crate::value::*;
use chrono_tz::Tz;
use std::collections::HashSet;

/// What all clauses of one condition are read from.
#[derive(Clone, Copy)]
pub struct Asked<'a, 'v> {
    pub program: &'a Program,
    pub model: &'a Model,
    pub sources: &'a Sources,
    pub sites: &'a Sites,
    /// What was seen, by the number of the site.
    pub values: &'v [(u32, Value)],
    /// How the condition failed, if it did.
    pub failure: Option<&'v Failure>,
    pub tz: Tz,
}

/// What a clause came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    /// An earlier one decided.
    NotReached,
    /// It needs a value that is not set.
    Unset,
    /// It could not be computed for another reason.
    Failed(String),
}

/// One part of a condition: what stands between `and`, `or` and `not`.
#[derive(Debug, Clone)]
pub struct Clause<'a> {
    pub span: Span,
    pub text: String,
    pub truth: Truth,
    pub operands: Vec<Operand>,
    pub expr: &'a Expr,
    /// In the code of which chunk it stands.
    pub chunk: ChunkId,
    /// The function in which it stands, if not in the condition itself.
    pub function: Option<&'a str>,
    /// Of a clause that asks a function: its clauses.
    pub inside: Vec<Clause<'a>>,
}

/// Something that a clause reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    pub text: String,
    /// In words: `4990.00 EUR`, `not set`.
    pub value: String,
}

impl<'a> Asked<'a, '_> {
    /// What an expression came to, if it was reached.
    pub fn value(&self, chunk: ChunkId, expr: &Expr) -> Option<Value> {
        if let ExprKind::Const(value) = &expr.kind {
            return Some(value.clone());
        }
        let seen = self.sites.of(chunk, expr.span, &expr.ty);
        let seen = seen.and_then(|site| self.values.iter().find(|(number, _)| *number == site));
        if let Some((_, value)) = seen {
            return Some(value.clone());
        }
        // Not everything that is asked leaves its value in a register.
        match &expr.kind {
            ExprKind::Not(inner) => match self.value(chunk, inner)? {
                Value::Bool(value) => Some(Value::Bool(!value)),
                _ => None,
            },
            ExprKind::IsSet(inner) => Some(Value::Bool(self.value(chunk, inner)? != Value::None)),
            ExprKind::Convert { value, .. } => self.value(chunk, value),
            _ => None,
        }
    }

    /// The clauses of a condition, in the order of the text.
    pub fn clauses(&self, chunk: ChunkId, expr: &'a Expr) -> Vec<Clause<'a>> {
        let mut walk = Walk { asked: *self, function: None, entered: HashSet::new(), out: Vec::new() };
        let mut calls = Vec::new();
        called(expr, &mut calls);
        // Of a function that is asked twice only the last values are known: it stays closed.
        let twice = |id: &FnId| calls.iter().filter(|other| *other == id).count() > 1;
        walk.entered.extend(calls.iter().filter(|id| twice(id)).copied());
        walk.clause(chunk, expr, true);
        walk.out
    }

    pub fn text(&self, span: Span) -> String {
        let text = self.sources.file(span.file).text.get(span.range()).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn shown(&self, value: &Value, expr: &Expr) -> String {
        words::value(self.program, value, &expr.ty, self.tz)
    }
}

/// What stands under conversions, which nobody has written.
pub fn plain(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Convert { value, .. } => plain(value),
        _ => expr,
    }
}

struct Walk<'a, 'v> {
    asked: Asked<'a, 'v>,
    function: Option<&'a str>,
    entered: HashSet<FnId>,
    out: Vec<Clause<'a>>,
}

impl<'a> Walk<'a, '_> {
    /// Adds the clauses of an expression, and gives what it came to.
    fn clause(&mut self, chunk: ChunkId, expr: &'a Expr, reached: bool) -> Option<bool> {
        match &expr.kind {
            ExprKind::And(left, right) | ExprKind::Or(left, right) => {
                let go_on = matches!(expr.kind, ExprKind::And(..));
                let first = self.clause(chunk, left, reached);
                let second = self.clause(chunk, right, reached && first == Some(go_on));
                if first == Some(go_on) { second } else { first }
            }
            ExprKind::Not(inner) if matches!(inner.kind, ExprKind::And(..) | ExprKind::Or(..)) => {
                self.clause(chunk, inner, reached).map(|value| !value)
            }
            _ => self.leaf(chunk, expr, reached),
        }
    }

    fn leaf(&mut self, chunk: ChunkId, expr: &'a Expr, reached: bool) -> Option<bool> {
        let asked = self.asked;
        let value = if reached { asked.value(chunk, expr) } else { None };
        let truth = match (&value, asked.failure) {
            _ if !reached => Truth::NotReached,
            (Some(Value::Bool(true)), _) => Truth::True,
            (Some(Value::Bool(false)), _) => Truth::False,
            (Some(Value::None), _) => Truth::Unset,
            (_, Some(failure)) if failure.code == FailureCode::NotSet => Truth::Unset,
            (_, Some(failure)) => Truth::Failed(failure.message.clone()),
            _ => Truth::NotReached,
        };
        let mut operands = Vec::new();
        if reached {
            self.operands(chunk, expr, expr, &mut operands);
        }
        let mut inside = Vec::new();
        if let (true, Some(id)) = (reached, question(expr))
            && self.entered.insert(id)
            && let Some(function) = asked.model.functions.get(id.index())
            && let Some(compiled) = asked.program.code.functions.get(id.index())
        {
            let outer = std::mem::take(&mut self.out);
            let name = self.function.replace(&function.name);
            self.clause(compiled.chunk, &function.body, true);
            self.function = name;
            inside = std::mem::replace(&mut self.out, outer);
        }
        let text = asked.text(expr.span);
        let (span, function) = (expr.span, self.function);
        self.out.push(Clause { span, text, truth, operands, expr, chunk, function, inside });
        match value {
            Some(Value::Bool(value)) => Some(value),
            _ => None,
        }
    }

    /// What a clause reads, each once, with its value.
    fn operands(&self, chunk: ChunkId, clause: &Expr, expr: &Expr, out: &mut Vec<Operand>) {
        use ExprKind::*;
        let asked = &self.asked;
        let mut push = |expr: &Expr| {
            let Some(value) = asked.value(chunk, expr) else { return };
            let (text, value) = (asked.text(expr.span), asked.shown(&value, expr));
            if text != value && text != asked.text(clause.span) && !out.iter().any(|known| known.text == text)
            {
                out.push(Operand { text, value });
            }
        };
        match &expr.kind {
            // A name for a value; what is written out needs no explanation.
            Const(value) => {
                let named = asked.text(expr.span).starts_with(char::is_alphabetic);
                let plain = matches!(
                    value,
                    Value::Int(_) | Value::Decimal(_) | Value::Money(_) | Value::Text(_) | Value::Date(_)
                );
                if named && plain {
                    push(expr);
                }
            }
            This => {}
            Local(_)
            | Field(_)
            | RefField { .. }
            | Payload(_)
            | EventType
            | EventTime
            | Old(_)
            | Output(_)
            | Now
            | Today
            | Stage
            | Pipeline
            | PrincipalField { .. }
            | FileName(_)
            | FileUrl(_) => push(expr),
            Arith { .. }
            | Call { .. }
            | CallFn { .. }
            | ListOp { .. }
            | Default { .. }
            | Text(_)
            | If { .. } => {
                push(expr);
                parts(expr, &mut |part| self.operands(chunk, clause, part, out));
            }
            _ => parts(expr, &mut |part| self.operands(chunk, clause, part, out)),
        }
    }
}

/// The function that a clause is nothing but a question to.
fn question(expr: &Expr) -> Option<FnId> {
    match &expr.kind {
        ExprKind::CallFn { function, .. } => Some(*function),
        ExprKind::Not(inner) => question(inner),
        _ => None,
    }
}

fn called(expr: &Expr, out: &mut Vec<FnId>) {
    if let ExprKind::CallFn { function, .. } = &expr.kind {
        out.push(*function);
    }
    parts(expr, &mut |part| called(part, out));
}

/// The expressions of which one is made, but for what is asked of each element of a list.
fn parts<'e>(expr: &'e Expr, each: &mut dyn FnMut(&'e Expr)) {
    use ExprKind::*;
    match &expr.kind {
        Const(_) | Local(_) | Field(_) | This | Payload(_) | EventType | EventTime | Old(_) | Output(_)
        | Now | Today | Stage | Pipeline | Text(_) => {}
        RefField { base, .. } | RefExists { base, .. } | PrincipalField { base, .. } => each(base),
        FileName(inner) | FileUrl(inner) | Not(inner) | IsSet(inner) | IsEmpty(inner) => each(inner),
        Matches { text: inner, .. } | StageIs { stage: inner, .. } | Convert { value: inner, .. } => {
            each(inner)
        }
        ListOp { list, .. } => each(list),
        And(left, right)
        | Or(left, right)
        | Equal { left, right, .. }
        | EqualIgnoreCase { left, right }
        | Order { left, right, .. }
        | Default { left, right } => [left, right].into_iter().for_each(|part| each(part)),
        In { value: a, list: b, .. }
        | ContainsText { text: a, part: b, .. }
        | StartsWith { text: a, part: b }
        | EndsWith { text: a, part: b } => [a, b].into_iter().for_each(|part| each(part)),
        If { condition: a, then: b, otherwise: c } | Between { value: a, low: b, high: c } => {
            [a, b, c].into_iter().for_each(|part| each(part));
        }
        List(items) | Arith { args: items, .. } | Call { args: items, .. } | CallFn { args: items, .. } => {
            items.iter().for_each(each);
        }
    }
}
