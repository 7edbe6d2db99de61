//! `never_starts`: a `then` rule behind one that never just ends: it moves the record away first, or waits for ever.

use super::reason::may_fail;
use super::reason::{Formula, Reason};
use super::situation::{self, asks_where, standing};
use super::{Placed, Program};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{ActionCall, Expr, Stmt, StmtKind, TimingKind};
use crate::schema::Limits;
use crate::source::Span;

/// How a block ends.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// What follows it begins, or it is left for good.
    GoesOn,
    /// It moves the record away, at this place.
    Leaves(Span),
    /// It waits for what never happens, at this place.
    Waits(Span),
    /// It may end in another way, or nobody knows.
    Open,
}

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    for stage in &program.model.stages {
        let pipeline = program.pipeline(stage.pipeline);
        let mut dead = false;
        for pair in stage.rules.windows(2) {
            let (above, rule) = (&pair[0], &pair[1]);
            // What stands behind a rule that never starts never starts either: that is said once.
            if !rule.then || dead {
                dead = dead && rule.then;
                continue;
            }
            let placed = Placed { rule: above, pipeline, stage: Some(stage) };
            let (span, label, why) = match end(program, placed) {
                Way::Leaves(span) => (span, "the record leaves here", "always moves the record away"),
                Way::Waits(span) => (span, "this is waited for, and never happens", "never ends"),
                Way::GoesOn | Way::Open => continue,
            };
            dead = true;
            if rule.disabled || program.is_bundled(rule.span.file) {
                continue;
            }
            let message = format!("rule `{}` never starts: rule `{}` above it {why}", rule.name, above.name);
            found.push(
                Diagnostic::new(Code::NeverStarts, rule.span, message)
                    .label(format!(
                        "it starts when `{}` has ended and the record is still in this stage",
                        above.name
                    ))
                    .also(span, label)
                    .help(format!("move its statements into rule `{}`, above that place", above.name)),
            );
        }
    }
}

/// How a rule ends each time.
fn end(program: &Program, placed: Placed) -> Way {
    let rule = placed.rule;
    // One that is skipped has ended.
    let skipped = rule.disabled || rule.when.is_some() || rule.once || !rule.on.is_empty();
    let timed = match rule.timing.as_ref().map(|t| &t.kind) {
        Some(TimingKind::After(time)) => may_fail(&time.expr),
        Some(TimingKind::At { instant, else_skip, .. }) => *else_skip || may_fail(&instant.expr),
        None => false,
    };
    if skipped || timed || rule.during.is_some() {
        return Way::Open;
    }
    block(program, placed, &rule.body.statements)
}

fn block(program: &Program, placed: Placed, statements: &[Stmt]) -> Way {
    for statement in statements {
        match one(program, placed, statement) {
            Way::GoesOn => {}
            end => return end,
        }
    }
    Way::GoesOn
}

fn one(program: &Program, placed: Placed, statement: &Stmt) -> Way {
    let sure = |e: &Expr| !may_fail(e);
    let sure_call = |call: &ActionCall| call.params.iter().all(|(_, e)| sure(e));
    let goes_on = |sure: bool| if sure { Way::GoesOn } else { Way::Open };
    match &statement.kind {
        StmtKind::Move(_) => Way::Leaves(statement.span),
        StmtKind::Stop | StmtKind::For { .. } => Way::Open,
        StmtKind::Action(call) => goes_on(sure_call(call)),
        StmtKind::LetAction { call, at_most, otherwise, .. } => {
            let Some(otherwise) = otherwise else { return Way::Open };
            if !sure_call(call) || !at_most.iter().all(sure) {
                return Way::Open;
            }
            match block(program, placed, otherwise) {
                Way::Open => Way::Open,
                _ => Way::GoesOn,
            }
        }
        StmtKind::Let { value, .. } | StmtKind::Wait(value) | StmtKind::WaitUntil(value) => {
            goes_on(sure(value))
        }
        StmtKind::Set(fields) => {
            let fields_of = &program.model.schema.entity(placed.pipeline.entity).fields;
            // A value that breaks a limit stops the rule.
            let free = |id: usize| fields_of.get(id).is_some_and(|f| f.limits == Limits::default());
            goes_on(fields.iter().all(|(id, value)| free(id.index()) && sure(value)))
        }
        StmtKind::If { branches, otherwise } => {
            if !branches.iter().all(|(condition, _)| sure(condition)) {
                return Way::Open;
            }
            let blocks =
                branches.iter().map(|(_, b)| b.as_slice()).chain(otherwise.iter().map(Vec::as_slice));
            let mut ways = blocks.map(|b| block(program, placed, b));
            let mut all_end = otherwise.is_some().then_some(Way::GoesOn);
            let mut goes_on = false;
            if ways.any(|way| match way {
                Way::Open => true,
                Way::GoesOn => {
                    goes_on = true;
                    false
                }
                end => {
                    all_end = all_end.map(|_| end);
                    false
                }
            }) {
                return Way::Open;
            }
            match (all_end, goes_on) {
                (Some(end), false) => end,
                _ => Way::GoesOn,
            }
        }
        StmtKind::WaitFor { events, when, at_most, otherwise } => {
            if !at_most.iter().all(sure) {
                return Way::Open;
            }
            let never = when.as_ref().filter(|_| at_most.is_none()).is_some_and(|when| {
                situation::of_patterns(program, placed.pipeline, events).iter().all(|situation| {
                    let mut reason = Reason::new(program.model);
                    let here = match asks_where(when) {
                        true => standing(&mut reason, placed.pipeline, placed.stage, placed.rule),
                        false => Formula::Known(true),
                    };
                    let known = here.and(situation.settings(program, &mut reason));
                    let when = reason.formula(when, &situation.place);
                    reason.never(&known.and(when))
                })
            });
            if never {
                return Way::Waits(statement.span);
            }
            match otherwise.as_ref().map(|b| block(program, placed, b)) {
                Some(Way::Open) => Way::Open,
                _ => Way::GoesOn,
            }
        }
    }
}
