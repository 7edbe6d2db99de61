//! Triggers: what moves a record to a stage, and from where.

use super::conditions::{Cond, Shape};
use super::values::peeled;
use super::{Point, Prose, Scope, Speaker};
use crate::model::{EventPattern, Expr, ExprKind, Frame, Stage, Trigger};
use crate::syntax::tree::StageKind;
use crate::value::*;

impl Speaker<'_> {
    /// A trigger of a stage as one sentence, with a list below it if its condition is long.
    pub fn trigger(&self, stage: &Stage, trigger: &Trigger) -> Point {
        let none = Frame::default();
        let pipeline = &self.model.pipelines[stage.pipeline.index()];
        let scope = Scope { frame: &none, entity: Some(pipeline.entity), pipeline: Some(pipeline.id) };
        let when = trigger.when.as_ref();
        let inner = Scope { frame: when.map_or(&none, |when| &when.frame), ..scope };
        let mut possible = self.origins(stage, trigger);
        // `when stage == New` is where the record comes from, if that is one of the places it can come from.
        let mut parts = Vec::new();
        when.iter().for_each(|when| conjuncts(&when.expr, &mut parts));
        let mut named: Option<Vec<StageId>> = None;
        // `not (stage is final)` too says where it comes from.
        let count = parts.len();
        parts.retain(|part| !is_open(part));
        let open_only = parts.len() < count;
        if open_only {
            possible.retain(|id| self.model.stages[id.index()].kind == StageKind::Normal);
        }
        parts.retain(|part| match stages_named(part) {
            Some(stages) if named.is_none() && stages.iter().all(|id| possible.contains(id)) => {
                named = Some(stages);
                false
            }
            _ => true,
        });
        let condition = match parts.len() {
            0 => None,
            1 => Some(self.cond(parts[0], false, inner)),
            _ => {
                let mut all = Vec::new();
                for part in parts {
                    match self.cond(part, false, inner) {
                        Cond::All(more) => all.extend(more),
                        other => all.push(other),
                    }
                }
                Some(Cond::All(all))
            }
        };
        let mut text = Prose::text("When ").with(self.patterns(&trigger.events, scope));
        let mut below = Vec::new();
        let mut listed = None;
        let one_event =
            trigger.events.len() == 1 && !matches!(trigger.events[0], EventPattern::Absence { .. });
        let several = matches!(condition, Some(Cond::Any(_)));
        match condition.as_ref().map(Cond::shape) {
            None => {}
            Some(Shape::Inline(condition)) => {
                let simple = one_event && !several;
                text.put(if simple { " and " } else { ", and if " });
                text.push(condition);
            }
            Some(Shape::Listed(head, points)) => {
                listed = Some(head);
                below = points;
            }
        }
        text.put(", ");
        text.push(self.record(scope.entity));
        text.put(" moves");
        match named {
            Some(stages) => {
                text.put(" from ");
                text.push(Prose::listed(stages.iter().map(|id| self.stage(*id)).collect(), "or"));
                text.put(" to ");
                text.push(self.stage(stage.id));
            }
            None => self.push_origins(stage, trigger, &possible, open_only, &mut text),
        }
        if let Some(actor) = &trigger.actor
            && !self.is_usual(&actor.expr, pipeline.entity)
        {
            text.put(", in the name of ");
            text.push(self.value(&actor.expr, Scope { frame: &actor.frame, ..scope }));
        }
        match listed {
            Some(head) => text.put(&format!(", if {head}:")),
            None => text.put("."),
        }
        Point { text, below, steps: false }
    }

    fn push_origins(
        &self,
        stage: &Stage,
        trigger: &Trigger,
        possible: &[StageId],
        open_only: bool,
        text: &mut Prose,
    ) {
        match possible {
            // A condition that leaves no stage: the checker warns of it.
            [] => {
                text.put(" to ");
                text.push(self.stage(stage.id));
            }
            [only] => {
                text.put(" from ");
                text.push(self.stage(*only));
                text.put(" to ");
                text.push(self.stage(stage.id));
            }
            _ => {
                let stages = &self.model.pipelines[stage.pipeline.index()].stages;
                let first = stages.first() == Some(&stage.id);
                // All that stand before it.
                let earlier = stages.iter().take_while(|id| **id != stage.id).count() == possible.len();
                text.put(if first { " back to " } else { " to " });
                text.push(self.stage(stage.id));
                text.put(match (trigger.backward, earlier) {
                    (true, _) if open_only && first => " from any other stage that is not final",
                    (true, _) if open_only => " from any other stage that is not final, even a later one",
                    (true, _) if first => " from any other stage, even a final one",
                    (true, _) => " from any other stage, even a later or final one",
                    (false, true) => " from any earlier stage",
                    (false, false) => " from any stage that is not final",
                });
            }
        }
    }

    /// The stages from which a trigger can fire.
    fn origins(&self, stage: &Stage, trigger: &Trigger) -> Vec<StageId> {
        let stages = &self.model.pipelines[stage.pipeline.index()].stages;
        let own = stages.iter().position(|id| *id == stage.id).unwrap_or(0);
        let open = |id: StageId| self.model.stages[id.index()].kind == StageKind::Normal;
        let possible = stages
            .iter()
            .enumerate()
            .filter(|(at, id)| *at != own && (trigger.backward || *at < own && open(**id)));
        possible.map(|(_, id)| *id).collect()
    }

    /// Whether a move is made in the name of the responsible, as all are if nothing is said.
    fn is_usual(&self, actor: &Expr, entity: EntityId) -> bool {
        let ExprKind::Field(field) = peeled(actor).kind else { return false };
        let fields = &self.model.schema.entity(entity).fields;
        fields.get(field.index()).is_some_and(|field| &*field.name == "responsible")
    }
}

/// The parts that must all hold.
fn conjuncts<'e>(expr: &'e Expr, found: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::And(left, right) => {
            conjuncts(left, found);
            conjuncts(right, found);
        }
        _ => found.push(expr),
    }
}

/// `not (stage is final)`
fn is_open(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Not(inner) => match &peeled(inner).kind {
            ExprKind::StageIs { stage, kinds } => {
                let finals = [StageKind::Success, StageKind::Failure];
                matches!(peeled(stage).kind, ExprKind::Stage)
                    && finals.iter().all(|kind| kinds.contains(kind))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The stages of `stage == New`, `stage in [New, Sent]`.
fn stages_named(expr: &Expr) -> Option<Vec<StageId>> {
    let stage = |expr: &Expr| match &peeled(expr).kind {
        ExprKind::Const(Value::Stage(id)) => Some(*id),
        _ => None,
    };
    let here = |expr: &Expr| matches!(peeled(expr).kind, ExprKind::Stage);
    match &expr.kind {
        ExprKind::Equal { left, right, negated: false } if here(left) => Some(vec![stage(right)?]),
        ExprKind::Equal { left, right, negated: false } if here(right) => Some(vec![stage(left)?]),
        ExprKind::In { value, list, negated: false } if here(value) => match &peeled(list).kind {
            ExprKind::List(items) if !items.is_empty() => items.iter().map(stage).collect(),
            ExprKind::Const(Value::List(items)) if !items.is_empty() => {
                let stages = items.iter().map(|item| match item {
                    Value::Stage(id) => Some(*id),
                    _ => None,
                });
                stages.collect()
            }
            _ => None,
        },
        _ => None,
    }
}
