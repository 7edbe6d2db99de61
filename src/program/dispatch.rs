//! The tables that lead from an event, or an entry into a stage, to the triggers and rules that could care.

use super::{EventPattern, Pipeline, Program, Rule, Stage, Trigger};
use crate::schema::Schema;
use crate::value::*;

/// Whether an event of this kind may be what the pattern waits for (that it does not come is a timer's affair).
pub fn hears(schema: &Schema, pattern: &EventPattern, event: EventId) -> bool {
    heard(pattern).is_some_and(|wanted| schema.event_is(event, wanted))
}

/// The event that the pattern names, which may also come as one that is a kind of it.
fn heard(pattern: &EventPattern) -> Option<EventId> {
    match pattern {
        EventPattern::Named(named) | EventPattern::Count { event: named, .. } => Some(named.event),
        EventPattern::Change { .. } | EventPattern::AnyChange | EventPattern::Absence { .. } => None,
    }
}

fn hears_changes(pattern: &EventPattern) -> bool {
    matches!(pattern, EventPattern::Change { .. } | EventPattern::AnyChange)
}

/// Fills the tables of pipelines and stages.
pub(crate) fn fill(
    schema: &Schema,
    pipelines: &mut [Pipeline],
    stages: &mut [Stage],
    triggers: &[Trigger],
    rules: &[Rule],
) {
    for pipeline in pipelines.iter_mut() {
        pipeline.triggers_by_event = vec![Vec::new(); schema.events.len()];
    }
    for (id, trigger) in triggers.iter().enumerate().filter(|(_, trigger)| !trigger.disabled) {
        let id = TriggerId(id as u32);
        let pipeline = stages.get(trigger.stage.index()).map(|stage| stage.pipeline);
        let Some(pipeline) = pipeline.and_then(|id| pipelines.get_mut(id.index())) else { continue };
        for (position, pattern) in trigger.events.iter().enumerate() {
            let entry = (id, position as u16);
            if hears_changes(pattern) {
                pipeline.triggers_on_change.push(entry);
            }
            for (event, listeners) in pipeline.triggers_by_event.iter_mut().enumerate() {
                if hears(schema, pattern, EventId(event as u16)) {
                    listeners.push(entry);
                }
            }
        }
    }
    for (id, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.disabled) {
        let id = RuleId(id as u32);
        match rule.stage.and_then(|stage| stages.get_mut(stage.index())) {
            Some(stage) if rule.on.is_empty() => stage.entry_rules.push(id),
            Some(stage) => stage.on_rules.push(id),
            None => {
                if let Some(pipeline) = pipelines.get_mut(rule.pipeline.index()) {
                    pipeline.on_rules.push(id);
                }
            }
        }
    }
}

/// Whether the tables hold what [`fill`] would put there. All numbers in them must be in bounds.
pub(super) fn is_consistent(program: &Program) -> bool {
    let schema = &program.schema;
    // How many kinds of each event there are, itself counted: children have larger numbers than their parents.
    let mut kinds = vec![1u64; schema.events.len()];
    for (event, def) in schema.events.iter().enumerate().rev() {
        if let Some(parent) = def.parent {
            kinds[parent.index()] += kinds[event];
        }
    }
    let mut expected = vec![(0u64, 0u64); program.pipelines.len()];
    for trigger in program.triggers.iter().filter(|trigger| !trigger.disabled) {
        let (named, changes) = &mut expected[program.stage(trigger.stage).pipeline.index()];
        for pattern in &trigger.events {
            *named += heard(pattern).map_or(0, |event| kinds[event.index()]);
            *changes += u64::from(hears_changes(pattern));
        }
    }
    let belongs =
        |pipeline: usize, (trigger, position): (TriggerId, u16), listens: &dyn Fn(&EventPattern) -> bool| {
            let trigger = program.trigger(trigger);
            !trigger.disabled
                && program.stage(trigger.stage).pipeline.index() == pipeline
                && trigger.events.get(usize::from(position)).is_some_and(listens)
        };
    let triggers =
        program.pipelines.iter().zip(&expected).enumerate().all(|(number, (pipeline, expected))| {
            let listed: usize = pipeline.triggers_by_event.iter().map(Vec::len).sum();
            pipeline.triggers_by_event.len() == schema.events.len()
                && listed as u64 == expected.0
                && pipeline.triggers_on_change.len() as u64 == expected.1
                && pipeline.triggers_by_event.iter().enumerate().all(|(event, listeners)| {
                    let hears = |pattern: &EventPattern| hears(schema, pattern, EventId(event as u16));
                    rises(listeners) && listeners.iter().all(|entry| belongs(number, *entry, &hears))
                })
                && rises(&pipeline.triggers_on_change)
                && pipeline.triggers_on_change.iter().all(|entry| belongs(number, *entry, &hears_changes))
        });
    let of_stage = |stage: usize, rule: RuleId, entry: bool| {
        let rule = program.rule(rule);
        !rule.disabled && rule.stage.is_some_and(|s| s.index() == stage) && rule.on.is_empty() == entry
    };
    let stages = program.stages.iter().enumerate().all(|(number, stage)| {
        rises(&stage.entry_rules)
            && rises(&stage.on_rules)
            && stage.entry_rules.iter().all(|rule| of_stage(number, *rule, true))
            && stage.on_rules.iter().all(|rule| of_stage(number, *rule, false))
    });
    let pipelines = program.pipelines.iter().enumerate().all(|(number, pipeline)| {
        rises(&pipeline.on_rules)
            && pipeline.on_rules.iter().all(|rule| {
                let rule = program.rule(*rule);
                !rule.disabled && rule.stage.is_none() && rule.pipeline.index() == number
            })
    });
    // With every entry right and none twice, the number tells whether one is missing.
    let listed =
        program.stages.iter().map(|stage| stage.entry_rules.len() + stage.on_rules.len()).sum::<usize>()
            + program.pipelines.iter().map(|pipeline| pipeline.on_rules.len()).sum::<usize>();
    let enabled = program.rules.iter().filter(|rule| !rule.disabled).count();
    triggers && stages && pipelines && listed == enabled
}

fn rises<T: Ord>(items: &[T]) -> bool {
    items.is_sorted_by(|a, b| a < b)
}
