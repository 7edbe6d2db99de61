//! Pipelines, stages, triggers and rules by number, and the tables that lead from an event to those who listen.

use super::Lowering;
use crate::model::{self, DuringKind, TimingKind};
use crate::program::dispatch::fill;
use crate::program::{During, EventPattern, NamedEvent, Pipeline, Rule, Stage, Timing, Trigger};
use crate::schema::Type;
use crate::value::*;

/// Whom a body belongs to.
#[derive(Clone, Copy)]
struct Owner<'m> {
    pipeline: &'m model::Pipeline,
    stage: Option<&'m model::Stage>,
}

impl<'m> Lowering<'m> {
    pub(super) fn pipelines(&mut self) -> (Vec<Pipeline>, Vec<Stage>, Vec<Trigger>, Vec<Rule>) {
        let model = self.model;
        let mut triggers: Vec<(TriggerId, Trigger)> = Vec::new();
        let mut rules: Vec<(RuleId, Rule)> = Vec::new();
        let mut pipelines = Vec::new();
        let mut stages: Vec<(StageId, Stage)> = Vec::new();
        for pipeline in &model.pipelines {
            for (order, id) in pipeline.stages.iter().enumerate() {
                let Some(stage) = model.stages.get(id.index()) else { continue };
                let owner = Owner { pipeline, stage: Some(stage) };
                for trigger in &stage.triggers {
                    triggers.push((trigger.id, self.trigger(trigger, owner.pipeline.id, stage.id)));
                }
                for rule in &stage.rules {
                    rules.push((rule.id, self.rule(rule, owner)));
                }
                stages.push((
                    stage.id,
                    Stage {
                        pipeline: pipeline.id,
                        kind: stage.kind,
                        name: stage.name.clone(),
                        label: stage.label.clone(),
                        order: order as u16,
                        entry_rules: Vec::new(),
                        on_rules: Vec::new(),
                    },
                ));
            }
            for rule in &pipeline.rules {
                rules.push((rule.id, self.rule(rule, Owner { pipeline, stage: None })));
            }
            pipelines.push((pipeline.id, empty_pipeline(pipeline)));
        }
        let (triggers, rules) = (by_number(triggers), by_number(rules));
        let (mut pipelines, mut stages) = (by_number(pipelines), by_number(stages));
        fill(&model.schema, &mut pipelines, &mut stages, &triggers, &rules);
        (pipelines, stages, triggers, rules)
    }

    fn trigger(&mut self, trigger: &'m model::Trigger, pipeline: PipelineId, stage: StageId) -> Trigger {
        Trigger {
            label: trigger.label.clone(),
            stage,
            disabled: trigger.disabled,
            events: event_patterns(&trigger.events),
            when: trigger.when.as_ref().map(|when| self.expression(when, pipeline, Type::Bool)),
            backward: trigger.backward,
            actor: trigger
                .actor
                .as_ref()
                .map(|actor| self.expression(actor, pipeline, Type::User.optional())),
            span: trigger.span,
        }
    }

    fn rule(&mut self, rule: &'m model::Rule, owner: Owner<'m>) -> Rule {
        let pipeline = owner.pipeline.id;
        let timing = rule.timing.as_ref().map(|timing| match &timing.kind {
            TimingKind::After(delay) => Timing::After {
                delay: self.expression(delay, pipeline, Type::Duration),
                awaits: delay.awaits.clone(),
            },
            TimingKind::At { instant, fields, else_skip } => Timing::At {
                instant: self.expression(instant, pipeline, Type::DateTime.optional()),
                awaits: instant.awaits.clone(),
                fields: fields.clone(),
                else_skip: *else_skip,
            },
        });
        let during = rule.during.as_ref().map(|during| match &during.kind {
            DuringKind::Calendar(calendar) => During::Calendar(*calendar),
            DuringKind::HoursOf(user) => {
                During::HoursOf(self.expression(user, pipeline, Type::User.optional()))
            }
        });
        let path = match owner.stage {
            Some(stage) => format!("{}.{}.{}", owner.pipeline.name, stage.name, rule.name),
            None => format!("{}.{}", owner.pipeline.name, rule.name),
        };
        Rule {
            name: rule.name.clone(),
            label: rule.label.clone(),
            path: path.into(),
            pipeline,
            stage: owner.stage.map(|stage| stage.id),
            disabled: rule.disabled,
            then: rule.then,
            on: event_patterns(&rule.on),
            timing,
            during,
            when: rule.when.as_ref().map(|when| self.expression(when, pipeline, Type::Bool)),
            when_awaits: rule.when.as_ref().map(|when| when.awaits.clone()).unwrap_or_default(),
            once: rule.once,
            overlap: rule.overlap,
            detached: rule.detached,
            body: self.body(&rule.body, pipeline, rule.span),
            span: rule.span,
        }
    }
}

/// Its tables are filled when all triggers and rules are known.
fn empty_pipeline(pipeline: &model::Pipeline) -> Pipeline {
    Pipeline {
        name: pipeline.name.clone(),
        label: pipeline.label.clone(),
        entity: pipeline.entity,
        timezone: pipeline.timezone,
        hours: pipeline.hours,
        locale: pipeline.locale.clone(),
        stages: pipeline.stages.clone(),
        on_rules: Vec::new(),
        triggers_by_event: Vec::new(),
        triggers_on_change: Vec::new(),
    }
}

/// Sorted by number; numbers have no gaps.
fn by_number<I: Ord + Copy, T>(mut items: Vec<(I, T)>) -> Vec<T> {
    items.sort_by_key(|(id, _)| *id);
    items.into_iter().map(|(_, item)| item).collect()
}

pub(super) fn event_patterns(patterns: &[model::EventPattern]) -> Vec<EventPattern> {
    let named =
        |event: &model::NamedEvent| NamedEvent { event: event.event, settings: event.settings.clone() };
    let pattern = |pattern: &model::EventPattern| match pattern {
        model::EventPattern::Named(event) => EventPattern::Named(named(event)),
        model::EventPattern::Change { fields, from, to } => {
            EventPattern::Change { fields: fields.clone(), from: from.clone(), to: to.clone() }
        }
        model::EventPattern::AnyChange => EventPattern::AnyChange,
        model::EventPattern::Count { count, event, within, .. } => {
            EventPattern::Count { count: *count, event: named(event), within: *within }
        }
        model::EventPattern::Absence { event, period, .. } => {
            EventPattern::Absence { event: named(event), period: *period }
        }
    };
    patterns.iter().map(pattern).collect()
}
