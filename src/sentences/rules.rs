//! Rules: when they act, under which condition, what they do, and what else is to be known of them.

use super::conditions::{Cond, Shape};
use super::values::peeled;
use super::{Point, Prose, Scope, Speaker, Target};
use crate::model::{DuringKind, Expr, ExprKind, FnDef, Frame, Rule, TimingKind};
use crate::schema::Type;
use crate::syntax::tree::Overlap;
use crate::value::ops::ArithOp;
use crate::value::*;

/// A rule in sentences.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleWords {
    /// When it acts, and if what; below it what it does.
    pub point: Point,
    /// What else is to be known: how often, what if it is still at work.
    pub notes: Vec<Prose>,
}

impl RuleWords {
    /// Every name in it.
    pub fn targets(&self, found: &mut Vec<Target>) {
        self.point.targets(found);
        self.notes.iter().for_each(|note| note.targets(found));
    }
}

impl Speaker<'_> {
    /// A rule of a stage, or of a whole pipeline. `above` is the rule above it in its stage.
    pub fn rule(&self, id: RuleId, above: Option<RuleId>) -> Option<RuleWords> {
        let home = *self.home(id)?;
        let rule = home.rule;
        let pipeline = self.model.pipelines.get(home.pipeline.index())?;
        let none = Frame::default();
        let scope = Scope { frame: &none, entity: Some(pipeline.entity), pipeline: Some(pipeline.id) };
        let mut text = self.moment(rule, home.stage, pipeline.entity, above, scope);
        if let Some(during) = &rule.during {
            text.put(", as soon as it is within ");
            text.push(match &during.kind {
                DuringKind::Calendar(id) => Prose::text("the ").with(self.calendar(*id)),
                DuringKind::HoursOf(user) => {
                    let user = self.value(&user.expr, Scope { frame: &user.frame, ..scope });
                    Prose::text("the working hours of ").with(user)
                }
            });
        }
        let mut conditions = None;
        if let Some(when) = &rule.when {
            let then = if rule.timing.is_some() || rule.during.is_some() { "by then " } else { "" };
            match self.cond(&when.expr, false, Scope { frame: &when.frame, ..scope }).shape() {
                Shape::Inline(condition) => {
                    text.put(&format!(", if {then}"));
                    text.push(condition);
                }
                Shape::Listed(head, below) => {
                    let text = Prose::text(format!("Only if {then}{head}:"));
                    conditions = Some(Point { text, below, steps: false });
                }
            }
        }
        if rule.once {
            text.put(", only once in the life of ");
            text.push(self.record(scope.entity));
        }
        let body = self.steps(&rule.body.statements, Scope { frame: &rule.body.frame, ..scope });
        let point = match (conditions, body.is_empty()) {
            (None, true) => Point::new(text.say(": nothing.")),
            (None, false) => Point::steps(text.say(":"), body),
            (Some(conditions), _) => {
                let below = vec![conditions, Point::steps(Prose::text("Then:"), body)];
                Point { text: text.say(":"), below, steps: false }
            }
        };
        Some(RuleWords { point, notes: self.notes(rule, scope) })
    }

    /// When a rule acts: `14 days after a deal enters this stage`.
    fn moment(
        &self,
        rule: &Rule,
        stage: Option<StageId>,
        entity: EntityId,
        above: Option<RuleId>,
        scope: Scope,
    ) -> Prose {
        let here = match stage {
            Some(id) => self.stage(id),
            None => Prose::text("the pipeline"),
        };
        // What the time is counted from, as a clause.
        let start = if !rule.on.is_empty() {
            let events = self.patterns(&rule.on, scope);
            match stage {
                Some(_) => events.say(" while ").with(self.record(Some(entity))).say(" is in ").with(here),
                None => events,
            }
        } else if let (true, Some(above)) = (rule.then, above) {
            Prose::text("the rule ").with(self.rule_name(above)).say(" has ended")
        } else {
            self.a_record(entity).say(" enters ").with(here)
        };
        match rule.timing.as_ref().map(|timing| &timing.kind) {
            None => Prose::text("When ").with(start),
            Some(TimingKind::After(after)) => {
                let after = self.operand_of(&after.expr, Scope { frame: &after.frame, ..scope });
                match rule.on.is_empty() {
                    true => after.say(" after ").with(start).capital(),
                    false => Prose::text("When ").with(start).say(", ").with(after).say(" later"),
                }
            }
            Some(TimingKind::At { instant, .. }) => {
                let instant_of = reached(&instant.expr);
                let at = self.value(instant_of, Scope { frame: &instant.frame, ..scope });
                let at = match (&instant_of.kind, instant_of.ty.inner()) {
                    (ExprKind::Arith { op: ArithOp::DateAddTime, .. }, _) => Prose::text("On ").with(at),
                    (ExprKind::Arith { .. } | ExprKind::Call { .. }, _) => at.capital(),
                    (_, Type::Date) => Prose::text("On ").with(at),
                    _ => Prose::text("At ").with(at),
                };
                match rule.on.is_empty() && !rule.then {
                    true => at,
                    false => Prose::text("When ").with(start).say(": ").with(at),
                }
            }
        }
    }

    fn notes(&self, rule: &Rule, scope: Scope) -> Vec<Prose> {
        let mut notes = Vec::new();
        if let Some(TimingKind::At { fields, else_skip, .. }) =
            rule.timing.as_ref().map(|timing| &timing.kind)
        {
            let what = if *else_skip { "nothing is done." } else { "it is done at once." };
            let begins = if rule.on.is_empty() {
                "If that time has passed already on entering the stage, "
            } else {
                "If that time has passed already, "
            };
            notes.push(Prose::text(begins).say(what));
            let fields: Vec<Prose> = fields.iter().map(|field| self.field(*field, scope)).collect();
            if !fields.is_empty() {
                notes.push(
                    Prose::text("The time moves along when ")
                        .with(Prose::listed(fields, "or"))
                        .say(" changes."),
                );
            }
        }
        match rule.overlap {
            Overlap::Parallel => {}
            Overlap::Skip => notes
                .push(Prose::text("While it is still at work from the last time, it does not start again.")),
            Overlap::Restart => {
                notes.push(Prose::text(
                    "If it is still at work from the last time, that is broken off and it starts afresh.",
                ));
            }
            Overlap::Queue => {
                notes.push(Prose::text(
                    "If it is still at work from the last time, it starts again after that.",
                ));
            }
        }
        if rule.detached {
            let what = Prose::text("Once begun, it goes on even if ").with(self.record(scope.entity));
            notes.push(what.say(" leaves the stage."));
        }
        notes
    }

    /// A function of the program: what it gives.
    pub fn function(&self, function: &FnDef) -> Point {
        let scope = Scope { frame: &function.frame, entity: None, pipeline: None };
        let params: Vec<Prose> = function
            .params
            .iter()
            .map(|id| {
                let param = ExprKind::Local(*id);
                let ty = function
                    .frame
                    .locals
                    .get(usize::from(id.0))
                    .map_or(Type::Never, |local| local.ty.clone());
                self.value(&Expr { kind: param, ty, span: function.body.span }, scope)
            })
            .collect();
        let given = match params.is_empty() {
            true => Prose::new(),
            false => Prose::text("Of ").with(Prose::listed(params, "and")).say(": "),
        };
        if function.result != Type::Bool {
            return Point::new(given.with(self.value(&function.body, scope)).say("."));
        }
        match self.cond(&function.body, false, scope).shape() {
            Shape::Inline(condition) => Point::new(given.say("true if ").with(condition).say(".")),
            Shape::Listed(head, below) => {
                Point { text: given.say(&format!("true if {head}:")), below, steps: false }
            }
        }
    }

    /// A condition in a line, or a point with its parts.
    pub(super) fn if_point(&self, expr: &Expr, scope: Scope) -> Result<Prose, Point> {
        let cond: Cond = self.cond(expr, false, scope);
        match cond.shape() {
            Shape::Inline(condition) => Ok(condition),
            Shape::Listed(head, below) => {
                Err(Point { text: Prose::text(format!("Only if {head}:")), below, steps: false })
            }
        }
    }
}

/// An instant without what it is while a field that it reads is not set.
fn reached(instant: &Expr) -> &Expr {
    match &peeled(instant).kind {
        ExprKind::If { then, otherwise, .. }
            if matches!(peeled(otherwise).kind, ExprKind::Const(Value::None)) =>
        {
            reached(then)
        }
        _ => peeled(instant),
    }
}
