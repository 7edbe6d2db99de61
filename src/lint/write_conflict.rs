//! `write_conflict`: two rules that run on the same event set one field to different values. What the first one
//! wrote is lost.
//!
//! It is said only where an example has been found and tried in which both do.

use super::reason::{Answer, Formula, Place, Reason};
use super::situation::{at_hand, condition, equal, named, settings_hold};
use super::trial::{self, Settled, Trial};
use super::{Placed, Program};
use crate::check::model_exprs;
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::effect::EffectKind;
use crate::model::{EventPattern, Expr, ExprKind, NamedEvent, Pipeline, Rule, Stage, Stmt, StmtKind};
use crate::source::Span;
use crate::value::{FieldId, Value};
use std::collections::{BTreeMap, HashSet};

/// Of one field and one occasion, so many rules are compared.
const MOST_WRITERS: usize = 6;

/// With more rules in a pipeline itself, those of its later stages are compared with each other only.
const MOST_OF_PIPELINE: usize = 100;

/// A `set` that is reached at once whenever the rule runs and these conditions hold.
struct Write<'p> {
    placed: Placed<'p>,
    span: Span,
    value: &'p Expr,
    conditions: Vec<(&'p Expr, bool)>,
}

/// What starts rules together.
#[derive(Clone, Copy)]
enum Occasion<'p> {
    Entry,
    Event(&'p NamedEvent),
    Change(FieldId),
}

pub fn check(program: &Program, trial: &mut Option<Trial>, found: &mut Vec<Diagnostic>) {
    let mut said: HashSet<(u32, FieldId)> = HashSet::new();
    for pipeline in &program.model.pipelines {
        for id in &pipeline.stages {
            let stage = program.stage(*id);
            let here = |rule: &&Rule| !rule.disabled && rule.timing.is_none() && rule.during.is_none();
            let of_stage =
                || stage.rules.iter().filter(here).map(|rule| Placed { rule, pipeline, stage: Some(stage) });
            let entry: Vec<_> = of_stage().filter(|p| p.rule.on.is_empty() && !p.rule.then).collect();
            together(program, &entry, trial, stage, &mut said, found);
            let of_pipeline =
                pipeline.rules.iter().filter(here).map(|rule| Placed { rule, pipeline, stage: None });
            // Rules of the pipeline meet in the first stage as in any; elsewhere those of the stage may join them.
            let own: Vec<_> = of_stage().filter(|p| !p.rule.on.is_empty()).collect();
            let first = pipeline.stages.first() == Some(id);
            let joined = first || !own.is_empty() && pipeline.rules.len() <= MOST_OF_PIPELINE;
            let of_pipeline = of_pipeline.filter(|_| joined);
            let on: Vec<_> = own.into_iter().chain(of_pipeline).collect();
            together(program, &on, trial, stage, &mut said, found);
        }
    }
}

/// Rules that start on entry, or rules that listen, in the order in which they start.
fn together<'p>(
    program: &Program<'p>,
    rules: &[Placed<'p>],
    trial: &mut Option<Trial>,
    stage: &'p Stage,
    said: &mut HashSet<(u32, FieldId)>,
    found: &mut Vec<Diagnostic>,
) {
    let mut writes: BTreeMap<FieldId, Vec<Write>> = BTreeMap::new();
    for placed in rules {
        collect(*placed, &placed.rule.body.statements, &mut Vec::new(), &mut writes);
    }
    for (field, writes) in writes {
        for (at, second) in writes.iter().enumerate().skip(1).take(MOST_WRITERS) {
            if trial.as_ref().is_some_and(Trial::is_enough) {
                return;
            }
            // Two rules of the pipeline meet in every stage: that is said once.
            if said.contains(&(second.placed.rule.id.0, field)) || program.is_bundled(second.span.file) {
                continue;
            }
            let first =
                writes[..at].iter().rev().filter(|first| first.placed.rule.id != second.placed.rule.id);
            let conflict = first
                .take(MOST_WRITERS)
                .find_map(|first| Some((first, conflict(program, first, second, field, stage, trial)?)));
            let Some((first, lines)) = conflict else { continue };
            said.insert((second.placed.rule.id.0, field));
            found.push(diagnostic(program, first, second, field, &lines));
        }
    }
}

fn diagnostic(
    program: &Program,
    first: &Write,
    second: &Write,
    field: FieldId,
    lines: &[String],
) -> Diagnostic {
    let entity = program.model.schema.entity(second.placed.pipeline.entity);
    let name = &entity.fields[field.index()].name;
    let (a, b) = (&first.placed.rule.name, &second.placed.rule.name);
    let message = format!("rules `{a}` and `{b}` run on the same event, and both set `{name}`");
    let events = if lines.len() == 1 { "this event" } else { "these events" };
    Diagnostic::new(Code::WriteConflict, second.span, message)
        .label("this comes last and stays")
        .also(first.span, "this is lost")
        .help(format!("say in a `when` which of them is meant; both run on {events}:\n{}", lines.join("\n")))
}

/// The `set`s that are reached before anything waits, with the conditions on the way.
fn collect<'p>(
    placed: Placed<'p>,
    statements: &'p [Stmt],
    conditions: &mut Vec<(&'p Expr, bool)>,
    writes: &mut BTreeMap<FieldId, Vec<Write<'p>>>,
) {
    for statement in statements {
        match &statement.kind {
            StmtKind::Action(_) | StmtKind::Let { .. } => {}
            StmtKind::Set(fields) => {
                for (field, value) in fields {
                    let write = Write { placed, span: statement.span, value, conditions: conditions.clone() };
                    writes.entry(*field).or_default().push(write);
                }
            }
            StmtKind::If { branches, otherwise } => {
                let depth = conditions.len();
                for (condition, block) in branches {
                    conditions.push((condition, true));
                    collect(placed, block, conditions, writes);
                    conditions.pop();
                    conditions.push((condition, false));
                }
                otherwise.iter().for_each(|block| collect(placed, block, conditions, writes));
                conditions.truncate(depth);
                // What stands behind may not be reached.
                return;
            }
            _ => return,
        }
    }
}

fn reads(e: &Expr, field: FieldId) -> bool {
    let mut reads = false;
    model_exprs(e, |e| match e.kind {
        ExprKind::Field(id) => reads |= id == field,
        // Whatever is handed the whole record may read it.
        ExprKind::This => reads = true,
        _ => {}
    });
    reads
}

/// The events in which both set the field, to different values, if such are found.
fn conflict(
    program: &Program,
    first: &Write,
    second: &Write,
    field: FieldId,
    stage: &Stage,
    trial: &mut Option<Trial>,
) -> Option<Vec<String>> {
    // The second goes by what the first has made of it: then it is not lost.
    let asks = |write: &Write| {
        let when = write.placed.rule.when.as_ref().map(|c| &c.expr);
        when.into_iter().chain(write.conditions.iter().map(|(e, _)| *e)).any(|e| reads(e, field))
    };
    if reads(second.value, field) || asks(second) {
        return None;
    }
    if let (ExprKind::Const(a), ExprKind::Const(b)) = (&first.value.kind, &second.value.kind)
        && a == b
    {
        return None;
    }
    let pipeline = second.placed.pipeline;
    occasions(program, first.placed.rule, second.placed.rule)
        .into_iter()
        .take(4)
        .find_map(|occasion| example(program, (first, second), field, occasion, (pipeline, stage), trial))
}

/// What both rules hear.
fn occasions<'p>(program: &Program, first: &'p Rule, second: &'p Rule) -> Vec<Occasion<'p>> {
    if first.on.is_empty() {
        return vec![Occasion::Entry];
    }
    let mut all = Vec::new();
    let is = |a, b| program.model.schema.event_is(a, b);
    for a in &first.on {
        for b in &second.on {
            match (a, b) {
                (EventPattern::Named(a), EventPattern::Named(b)) if is(a.event, b.event) => {
                    all.push(Occasion::Event(a));
                }
                (EventPattern::Named(a), EventPattern::Named(b)) if is(b.event, a.event) => {
                    all.push(Occasion::Event(b));
                }
                (EventPattern::Change { fields, .. }, EventPattern::AnyChange)
                | (EventPattern::AnyChange, EventPattern::Change { fields, .. }) => {
                    all.extend(fields.iter().map(|f| Occasion::Change(*f)));
                }
                (EventPattern::Change { fields: a, .. }, EventPattern::Change { fields: b, .. }) => {
                    all.extend(a.iter().filter(|f| b.contains(f)).map(|f| Occasion::Change(*f)));
                }
                _ => {}
            }
        }
    }
    all
}

fn example(
    program: &Program,
    (first, second): (&Write, &Write),
    field: FieldId,
    occasion: Occasion,
    (pipeline, stage): (&Pipeline, &Stage),
    trial: &mut Option<Trial>,
) -> Option<Vec<String>> {
    let mut reason = Reason::new(program.model);
    let event = match occasion {
        Occasion::Event(event) => Some(event.event),
        _ => None,
    };
    let place = Place { entity: Some(pipeline.entity), event };
    let mut all = reason.stands_in(pipeline.entity, [stage.id]);
    for write in [first, second] {
        let rule = write.placed.rule;
        let heard = rule.on.iter().find(|pattern| match (occasion, pattern) {
            (Occasion::Event(event), EventPattern::Named(e)) => {
                program.model.schema.event_is(event.event, e.event)
            }
            (Occasion::Change(field), EventPattern::Change { fields, .. }) => fields.contains(&field),
            (Occasion::Change(_), EventPattern::AnyChange) => true,
            _ => false,
        });
        let known = heard.and_then(|pattern| {
            at_hand(program, pattern, &rule.on)?;
            named(pattern)
        });
        if let Some(event) = known {
            all = all.and(settings_hold(program, &mut reason, event, &place));
        }
        all = all.and(condition(&mut reason, &rule.when, &place).holds());
        for (condition, holds) in &write.conditions {
            let f = reason.formula(condition, &place);
            all = all.and(if *holds { f } else { f.not() });
        }
    }
    // So that the first changes it, the field does not have its value already.
    let other = differs(&mut reason, program, pipeline, field, first, &place);
    let witness = match reason.possible(&other.and(all.clone())) {
        Answer::Yes(witness) => witness,
        _ => match reason.possible(&all) {
            Answer::Yes(witness) => witness,
            _ => return None,
        },
    };
    let mut settled = Settled::of(&reason, &witness);
    for rule in [first.placed.rule, second.placed.rule] {
        for pattern in &rule.on {
            if let (EventPattern::Change { fields, from, to }, Occasion::Change(field)) = (pattern, occasion)
                && fields.as_slice() == [field]
            {
                from.iter().for_each(|v| drop(settled.old.insert(field, v.clone())));
                to.iter().for_each(|v| drop(settled.fields.insert(field, v.clone())));
            }
        }
    }
    // So that both change it, the field begins with another value than either sets.
    if !settled.fields.contains_key(&field) {
        let changes = matches!(occasion, Occasion::Change(f) if f == field);
        settled = elsewhere(program, pipeline, field, [first.value, second.value], changes, settled);
    }
    let second_line = match occasion {
        Occasion::Entry => None,
        Occasion::Event(event) => Some(trial::happened(program, pipeline, event, &settled)?),
        Occasion::Change(field) => Some(trial::updated(program, pipeline, field, &mut settled)?),
    };
    let mut lines = vec![trial::created(program, pipeline, stage, &settled)?];
    lines.extend(second_line);
    let effects = trial.get_or_insert_with(|| Trial::new(program)).run(&lines)?;
    // The first value that each of them wrote on this event.
    let wrote = |write: &Write| {
        effects.last()?.iter().find_map(|effect| match &effect.kind {
            EffectKind::FieldsChanged { rule, changes } if *rule == write.placed.rule.id => {
                changes.iter().find(|(id, ..)| *id == field).map(|(_, _, after)| after.clone())
            }
            _ => None,
        })
    };
    let (a, b) = (wrote(first)?, wrote(second)?);
    (a != b).then_some(lines)
}

/// That a field which the conditions of the first ask for is not yet what the first sets it to.
fn differs(
    reason: &mut Reason,
    program: &Program,
    pipeline: &Pipeline,
    field: FieldId,
    first: &Write,
    place: &Place,
) -> Formula {
    let when = first.placed.rule.when.as_ref().map(|c| &c.expr);
    let mut asked = when.into_iter().chain(first.conditions.iter().map(|(e, _)| *e));
    let ExprKind::Const(value) = &first.value.kind else { return Formula::Known(true) };
    if !asked.any(|e| reads(e, field)) {
        return Formula::Known(true);
    }
    let ty = program.model.schema.entity(pipeline.entity).fields[field.index()].ty.clone();
    equal(reason, ExprKind::Field(field), value, ty, place).not().holds()
}

/// The field as it is before, not yet one of the values that are to be set.
fn elsewhere(
    program: &Program,
    pipeline: &Pipeline,
    field: FieldId,
    values: [&Expr; 2],
    changes: bool,
    mut settled: Settled,
) -> Settled {
    let def = &program.model.schema.entity(pipeline.entity).fields[field.index()];
    let set = |value: &Value| values.iter().any(|e| matches!(&e.kind, ExprKind::Const(v) if v == value));
    // What a change makes of it is said, whatever it was by default.
    if (changes || def.default.as_ref().is_none_or(set))
        && let Some(value) = trial::samples(&program.model.schema, def).into_iter().find(|v| !set(v))
    {
        settled.fields.insert(field, value);
    }
    settled
}
