//! What a rule does, step by step.

use super::values::{own, peeled};
use super::words::{counted, spaced};
use super::{Piece, Point, Prose, Scope, Speaker, Target};
use crate::model::{ActionCall, Expr, ExprKind, LocalId, Stmt, StmtKind};
use crate::schema::Type;
use crate::value::ops::ArithOp;
use crate::value::*;

/// What an action is told is a list of its own beyond this length.
const LONGEST: usize = 170;

impl Speaker<'_> {
    pub(super) fn steps(&self, statements: &[Stmt], scope: Scope) -> Vec<Point> {
        statements.iter().map(|statement| self.step(statement, scope)).collect()
    }

    fn step(&self, statement: &Stmt, scope: Scope) -> Point {
        match &statement.kind {
            StmtKind::Action(call) => self.asked(call, None, scope),
            StmtKind::LetAction { call, bind, at_most, otherwise, .. } => {
                let mut point = self.asked(call, bound(bind, scope), scope);
                if let Some(at_most) = at_most {
                    let wait =
                        Prose::text("Wait at most ").with(self.value(at_most, scope)).say(" for the answer.");
                    point.below.push(Point::new(wait));
                }
                if let Some(otherwise) = otherwise {
                    let head =
                        if at_most.is_some() { "If it fails or takes longer:" } else { "If it fails:" };
                    point.below.push(self.block(Prose::text(head), otherwise, scope));
                }
                point
            }
            StmtKind::Let { local, value, .. } => {
                let name = scope.frame.locals.get(usize::from(local.0)).map_or("?", |local| &local.name);
                let text = Prose::text("Let ").with(own(name)).say(" be ").with(self.value(value, scope));
                Point::new(text.say("."))
            }
            StmtKind::Set(changes) => {
                let changes =
                    changes.iter().map(|(field, value)| self.change(*field, value, scope)).collect();
                Point::new(Prose::listed(changes, "and").capital().say("."))
            }
            StmtKind::Move(stage) => {
                let mut text =
                    Prose::text("Move ").with(self.record(scope.entity)).say(" to ").with(self.stage(*stage));
                let target = self.model.stages.get(stage.index()).map(|stage| stage.pipeline);
                if let Some(other) = target.filter(|id| Some(*id) != scope.pipeline) {
                    let label =
                        self.model.pipelines.get(other.index()).map_or("?", |pipeline| &pipeline.label);
                    text.put(" in ");
                    text.push(Prose::name(label, Target::Pipeline(other)));
                }
                Point::new(text.say("."))
            }
            StmtKind::If { branches, otherwise } => self.branches(branches, otherwise.as_deref(), scope),
            StmtKind::For { local, list, body } => {
                let each = self.each(*local, scope);
                let text = Prose::text("For each ").with(each).say(" of ").with(self.value(list, scope));
                self.block(text.say(":"), body, scope)
            }
            StmtKind::Wait(time) => Point::new(Prose::text("Wait ").with(self.value(time, scope)).say(".")),
            StmtKind::WaitUntil(at) => {
                let on = if *peeled(at).ty.inner() == Type::Date { "the beginning of " } else { "" };
                let on = if matches!(peeled(at).kind, ExprKind::Arith { .. }) { "" } else { on };
                Point::new(Prose::text("Wait until ").say(on).with(self.operand_of(at, scope)).say("."))
            }
            StmtKind::WaitFor { events, when, at_most, otherwise } => {
                let mut text = Prose::text("Wait until ").with(self.patterns(events, scope));
                let mut below = Vec::new();
                match when.as_ref().map(|when| self.if_point(when, scope)) {
                    None => {}
                    Some(Ok(condition)) => {
                        text.put(if events.len() > 1 { ", and " } else { " and " });
                        text.push(condition);
                    }
                    Some(Err(point)) => below.push(point),
                }
                if let Some(at_most) = at_most {
                    text.put(", for at most ");
                    text.push(self.value(at_most, scope));
                }
                text.put(if below.is_empty() { "." } else { ":" });
                if let Some(otherwise) = otherwise {
                    below.push(self.block(Prose::text("If that does not happen in time:"), otherwise, scope));
                }
                Point { text, below, steps: false }
            }
            StmtKind::Stop => Point::new(Prose::text("Stop this rule here.")),
        }
    }

    fn block(&self, head: Prose, statements: &[Stmt], scope: Scope) -> Point {
        match self.steps(statements, scope) {
            steps if steps.is_empty() => Point::new(head.say(" nothing.")),
            steps => Point::steps(head, steps),
        }
    }

    /// The branches of an `if`: one below the other.
    fn branches(&self, branches: &[(Expr, Vec<Stmt>)], otherwise: Option<&[Stmt]>, scope: Scope) -> Point {
        let branch = |before: &str, condition: &Expr, body: &[Stmt]| match self.if_point(condition, scope) {
            Ok(condition) => {
                let text = Prose::text(format!("{before} ")).with(condition).say(":");
                self.block(text, body, scope)
            }
            Err(point) => {
                let below = vec![point, self.block(Prose::text("Then:"), body, scope)];
                Point { text: Prose::text(format!("{before}:")), below, steps: false }
            }
        };
        let mut all: Vec<Point> = branches
            .iter()
            .enumerate()
            .map(|(at, (condition, body))| {
                branch(if at == 0 { "If" } else { "Otherwise, if" }, condition, body)
            })
            .collect();
        if let Some(otherwise) = otherwise {
            all.push(self.block(Prose::text("Otherwise:"), otherwise, scope));
        }
        match all.len() {
            1 => all.remove(0),
            _ => Point { text: Prose::text("One of these:"), below: all, steps: false },
        }
    }

    /// `Notify colleagues — to: Sales; text: “…”`
    fn asked(&self, call: &ActionCall, kept: Option<Prose>, scope: Scope) -> Point {
        let Some(action) = self.model.schema.actions.get(call.action.index()) else {
            return Point::default();
        };
        let mut text = self.action(call.action);
        // In the order of the text. What is filled in because nothing was said stands with the action.
        let mut written: Vec<&(u16, Expr)> =
            call.params.iter().filter(|(_, value)| is_written(value, call)).collect();
        written.sort_by_key(|(_, value)| value.span.start);
        let params: Vec<Prose> = written
            .into_iter()
            .filter_map(|(slot, value)| {
                let param = action.params.get(usize::from(*slot))?;
                Some(Prose::text(format!("{}: ", spaced(&param.name))).with(self.value(value, scope)))
            })
            .collect();
        let kept =
            kept.map(|name| Prose::text(" (the answer is called ").with(name).say(")")).unwrap_or_default();
        let long =
            params.iter().map(Prose::len).sum::<usize>() > LONGEST || params.iter().any(Prose::has_lines);
        if long && !params.is_empty() {
            let below = params.into_iter().map(Point::new).collect();
            return Point { text: text.with(kept).say(":"), below, steps: false };
        }
        if !params.is_empty() {
            text.put(" — ");
            text.push(Prose::joined(params, "; "));
        }
        let text = text.with(kept);
        // A text that is sent has a full stop of its own.
        let ends = matches!(text.0.last(), Some(Piece::Quote(_)));
        Point::new(if ends { text } else { text.say(".") })
    }

    /// `Notify colleagues`, leading to the action.
    pub(super) fn action(&self, id: ActionId) -> Prose {
        let action = self.model.schema.actions.get(id.index());
        let label = match action {
            Some(action) if action.label != action.name => action.label.to_string(),
            Some(action) => super::words::upper_first(&spaced(&action.name.replace('.', " "))),
            None => "?".to_owned(),
        };
        Prose::name(label, Target::Action(id))
    }

    /// `set the amount to 5.00 EUR`, `clear the booking`, `raise the replies by 1`
    fn change(&self, field: FieldId, value: &Expr, scope: Scope) -> Prose {
        let inner = peeled(value);
        // What says yes or no has no article.
        let name = match *inner.ty.inner() {
            Type::Bool => self.field(field, scope).bare(),
            _ => self.field(field, scope),
        };
        match &inner.kind {
            ExprKind::Const(Value::None) => return Prose::text("clear ").with(name),
            ExprKind::Const(Value::List(items)) if items.is_empty() => {
                return Prose::text("empty ").with(name);
            }
            ExprKind::Arith { op, args } => {
                let same =
                    args.first().is_some_and(|x| matches!(peeled(x).kind, ExprKind::Field(f) if f == field));
                let verb = match op {
                    ArithOp::AddInt | ArithOp::AddDecimal | ArithOp::AddMoney => Some("raise "),
                    ArithOp::SubInt | ArithOp::SubDecimal | ArithOp::SubMoney => Some("lower "),
                    _ => None,
                };
                if let (true, Some(verb), Some(by)) = (same, verb, args.get(1)) {
                    return Prose::text(verb).with(name).say(" by ").with(self.value(by, scope));
                }
            }
            _ => {}
        }
        Prose::text("set ").with(name).say(" to ").with(self.value(value, scope))
    }

    /// `3 times`
    pub(super) fn times(count: u32) -> String {
        counted(i64::from(count), "time")
    }
}

/// Whether an argument stands in the call, and is not the default.
fn is_written(value: &Expr, call: &ActionCall) -> bool {
    let (inner, outer) = (value.span, call.span);
    inner.file == outer.file && inner.start > outer.start && inner.end <= outer.end
}

/// The name that what an action gives back is kept under.
fn bound(bind: &[LocalId], scope: Scope) -> Option<Prose> {
    let local = scope.frame.locals.get(usize::from(bind.first()?.0))?;
    let name = local.name.split('.').next().unwrap_or_default();
    // `let _sent = …` only waits.
    if name.starts_with('_') {
        return None;
    }
    Some(Prose::own(spaced(name)))
}
