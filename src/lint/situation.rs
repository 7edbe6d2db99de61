//! Where a condition is evaluated: which event is at hand, what its settings say, and where the record stands.

use super::Program;
use super::reason::{Formula, Place, Reason};
use crate::check::model_exprs;
use crate::model::{
    Condition, EventPattern, Expr, ExprKind, Model, NamedEvent, Pipeline, Rule, Stage, Trigger,
};
use crate::schema::Type;
use crate::source::{FileId, Span};
use crate::syntax::tree::StageKind;
use crate::value::{EventId, FieldId, StageId, Value};

/// One of the ways in which a condition comes to be asked.
pub struct Situation<'p> {
    pub place: Place,
    /// The pattern that the event at hand matches, if it is listened to.
    pub pattern: Option<&'p EventPattern>,
}

/// The named event of a pattern.
pub fn named(pattern: &EventPattern) -> Option<&NamedEvent> {
    match pattern {
        EventPattern::Named(event)
        | EventPattern::Count { event, .. }
        | EventPattern::Absence { event, .. } => Some(event),
        EventPattern::Change { .. } | EventPattern::AnyChange => None,
    }
}

/// The event that is at hand when the pattern is matched. `None` where nothing more is known of it.
pub fn at_hand(program: &Program, pattern: &EventPattern, all: &[EventPattern]) -> Option<EventId> {
    let (EventPattern::Named(event) | EventPattern::Count { event, .. }) = pattern else { return None };
    // Where a kind of the event is listened to beside it, members may be there that only that kind has.
    let kind_beside = all
        .iter()
        .filter_map(named)
        .any(|other| other.event != event.event && program.model.schema.event_is(other.event, event.event));
    (!kind_beside).then_some(event.event)
}

/// How the condition of a trigger or an `on` rule comes to be asked.
pub fn of_patterns<'p>(
    program: &Program<'p>,
    pipeline: &Pipeline,
    patterns: &'p [EventPattern],
) -> Vec<Situation<'p>> {
    let entity = Some(pipeline.entity);
    if patterns.is_empty() {
        return vec![Situation { place: Place { entity, event: None }, pattern: None }];
    }
    let of = |pattern| {
        let event = at_hand(program, pattern, patterns);
        Situation { place: Place { entity, event }, pattern: Some(pattern) }
    };
    patterns.iter().map(of).collect()
}

impl Situation<'_> {
    /// What the settings say of the event.
    pub fn settings(&self, program: &Program, reason: &mut Reason) -> Formula {
        let Some(pattern) = self.pattern else { return Formula::Known(true) };
        match pattern {
            EventPattern::Named(event) | EventPattern::Count { event, .. } => match self.place.event {
                Some(_) => settings_hold(program, reason, event, &self.place),
                None => Formula::Known(true),
            },
            EventPattern::Change { fields, from: Some(from), .. } => match fields.as_slice() {
                [field] => was(program, reason, *field, from, &self.place),
                _ => Formula::Known(true),
            },
            _ => Formula::Known(true),
        }
    }
}

/// That the payload is what the settings want.
pub fn settings_hold(program: &Program, reason: &mut Reason, event: &NamedEvent, place: &Place) -> Formula {
    let mut all = Formula::Known(true);
    for (slot, values) in &event.settings {
        let Some(field) = program.model.schema.event(event.event).payload.get(usize::from(*slot)) else {
            continue;
        };
        let payload = expr(ExprKind::Payload(vec![(event.event, *slot)]), field.ty.clone());
        let is_list = matches!(field.ty.inner(), Type::List(_));
        let mut any = Formula::Known(false);
        for value in values {
            let constant = expr(ExprKind::Const(value.clone()), field.ty.clone());
            let (left, right) = (Box::new(payload.clone()), Box::new(constant));
            let kind = match is_list {
                // An entry of a list that may be unset: the question itself has no `none`.
                true => ExprKind::In { value: right, list: left, negated: false },
                false => ExprKind::Equal { left, right, negated: false },
            };
            any = any.or(reason.formula(&expr(kind, Type::Bool), place));
        }
        all = all.and(any.holds());
    }
    all
}

/// That a field had a value before the change.
fn was(program: &Program, reason: &mut Reason, field: FieldId, value: &Value, place: &Place) -> Formula {
    let ty = match place.entity {
        Some(entity) => program.model.schema.entity(entity).fields[field.index()].ty.clone(),
        None => return Formula::Known(true),
    };
    equal(reason, ExprKind::Old(field), value, ty, place)
}

/// That something has a value.
pub fn equal(reason: &mut Reason, what: ExprKind, value: &Value, ty: Type, place: &Place) -> Formula {
    let (left, right) = (expr(what, ty.clone()), expr(ExprKind::Const(value.clone()), ty));
    let kind = ExprKind::Equal { left: Box::new(left), right: Box::new(right), negated: false };
    reason.formula(&expr(kind, Type::Bool), place)
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, span: Span { file: FileId(0), start: 0, end: 0 } }
}

/// The stages from which a trigger may move a record.
pub fn eligible<'p>(
    program: &Program<'p>,
    stage: &Stage,
    trigger: &Trigger,
) -> impl DoubleEndedIterator<Item = StageId> + use<'p> {
    let (own, backward, model) = (stage.id, trigger.backward, program.model);
    let stages = &model.pipelines[stage.pipeline.index()].stages;
    // Stages have their numbers in the order of the program.
    let end = if backward { stages.len() } else { stages.partition_point(|id| id.index() < own.index()) };
    stages[..end].iter().copied().filter(move |id| may_move(model, own, backward, *id))
}

/// Whether a trigger of a stage may move a record that stands in another of the pipeline.
pub fn may_move(model: &Model, own: StageId, backward: bool, from: StageId) -> bool {
    from != own
        && (backward || from.index() < own.index() && model.stages[from.index()].kind == StageKind::Normal)
}

/// Whether a condition asks where the record stands.
pub fn asks_where(e: &Expr) -> bool {
    let mut asks = false;
    model_exprs(e, |e| asks |= matches!(e.kind, ExprKind::Stage | ExprKind::Pipeline));
    asks
}

/// Where the record stands when something of a rule is evaluated; `true` where nothing is known.
pub fn standing(reason: &mut Reason, pipeline: &Pipeline, stage: Option<&Stage>, rule: &Rule) -> Formula {
    // What is detached goes on wherever the record has gone.
    if rule.detached {
        return Formula::Known(true);
    }
    let here = reason.goes_through(pipeline.entity, pipeline.id);
    match stage {
        Some(stage) => here.and(reason.stands_in(pipeline.entity, [stage.id])),
        None => here.and(reason.stands_in(pipeline.entity, pipeline.stages.iter().copied())),
    }
}

/// The formula of a condition, `true` if there is none.
pub fn condition(reason: &mut Reason, when: &Option<Condition>, place: &Place) -> Formula {
    when.as_ref().map_or(Formula::Known(true), |when| reason.formula(&when.expr, place))
}
