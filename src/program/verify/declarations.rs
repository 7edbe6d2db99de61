//! Schema, pipelines, triggers, rules and outputs.

use super::{Check, Verifier, VerifyError, at, ensure, no};
use crate::program::{ChunkKind, During, EventPattern, NamedEvent, Pipeline, Rule, Stage, Timing, Trigger};
use crate::schema::{
    BUILTIN_FIELDS, EventDef, FIELD_CREATED_AT, FIELD_ID, FIELD_STAGE, FIELD_STAGE_ENTERED_AT, Field,
    PrincipalDef, Type,
};
use crate::syntax::tree::PrincipalKind;
use crate::value::*;

/// How far back an event's parents may go: each time an event comes they are walked.
const MAX_KINDS: usize = 256;

impl Verifier<'_> {
    pub(super) fn declarations(&self) -> Result<(), VerifyError> {
        let schema = self.schema();
        for (number, entity) in schema.entities.iter().enumerate() {
            let place = || format!("entity {}", entity.name);
            at(place, self.builtin_fields(number, &entity.fields))?;
            at(place, self.fields(&entity.fields))?;
        }
        let mut generations = vec![1; schema.events.len()];
        for (number, event) in schema.events.iter().enumerate() {
            at(|| format!("event {}", event.name), self.event_def(number, event, &mut generations))?;
        }
        for action in &schema.actions {
            let place = || format!("action {}", action.name);
            at(place, self.fields(&action.params))?;
            at(place, self.fields(&action.outputs))?;
        }
        for principal in &schema.principals {
            at(|| format!("user {}", principal.name), self.principal(principal))?;
        }
        Ok(())
    }

    fn builtin_fields(&self, entity: usize, fields: &[Field]) -> Check {
        let Ok(entity) = u16::try_from(entity) else { return no("too many entities") };
        let has = |field: FieldId, ty: Type| fields.get(field.index()).is_some_and(|field| field.ty == ty);
        ensure(
            has(FIELD_ID, Type::Text)
                && has(FIELD_CREATED_AT, Type::DateTime)
                && has(FIELD_STAGE, Type::Stage(EntityId(entity)))
                && has(FIELD_STAGE_ENTERED_AT, Type::DateTime),
            "an entity without its first fields",
        )
    }

    fn fields(&self, fields: &[Field]) -> Check {
        ensure(fields.len() <= usize::from(u16::MAX), "too many fields")?;
        fields.iter().try_for_each(|field| {
            self.ty(&field.ty)?;
            self.limits(&field.limits)?;
            field.default.as_ref().map_or(Ok(()), |default| self.value(default, &field.ty))
        })
    }

    fn event_def(&self, number: usize, event: &EventDef, generations: &mut [usize]) -> Check {
        self.fields(&event.payload)?;
        event.on.iter().try_for_each(|entity| self.entity(*entity).map(|_| ()))?;
        let Some(parent) = event.parent else { return Ok(()) };
        ensure(parent.index() < number, "an event that comes before its parent")?;
        generations[number] = generations[parent.index()] + 1;
        ensure(generations[number] <= MAX_KINDS, "events that are kinds of each other too deeply")?;
        let inherited = &self.event(parent)?.payload;
        ensure(
            inherited.len() <= event.payload.len()
                && inherited.iter().zip(&event.payload).all(|(parent, own)| parent.ty == own.ty),
            "an event without the payload of its parent",
        )
    }

    fn principal(&self, principal: &PrincipalDef) -> Check {
        let is = |id: PrincipalId, kind: PrincipalKind| {
            let known = self.schema().principals.get(id.index());
            ensure(known.is_some_and(|def| def.kind == kind), "an unknown department or role")
        };
        if let Some(department) = principal.department {
            is(department, PrincipalKind::Department)?;
        }
        principal.roles.iter().try_for_each(|role| is(*role, PrincipalKind::Role))?;
        principal.hours.map_or(Ok(()), |calendar| self.calendar(calendar))
    }

    pub(super) fn tables(&self) -> Result<(), VerifyError> {
        let program = self.program;
        for (number, pipeline) in program.pipelines.iter().enumerate() {
            at(|| format!("pipeline {}", pipeline.name), self.pipeline_def(number, pipeline))?;
        }
        let listed: usize = program.pipelines.iter().map(|pipeline| pipeline.stages.len()).sum();
        at(|| "the stages".into(), ensure(listed == program.stages.len(), "a stage without a pipeline"))?;
        for (number, stage) in program.stages.iter().enumerate() {
            at(|| format!("stage {}", stage.name), self.stage_def(number, stage))?;
        }
        for (number, trigger) in program.triggers.iter().enumerate() {
            at(|| format!("trigger {number}"), self.trigger_def(trigger))?;
        }
        for rule in &program.rules {
            at(|| format!("rule {}", rule.path), self.rule_def(rule))?;
        }
        for output in &program.outputs {
            let place = || format!("output {}", output.path);
            at(place, self.rule(output.rule).map(|_| ()))?;
            at(place, self.ty(&output.ty))?;
        }
        Ok(())
    }

    fn pipeline_def(&self, number: usize, pipeline: &Pipeline) -> Check {
        self.entity(pipeline.entity)?;
        pipeline.hours.map_or(Ok(()), |calendar| self.calendar(calendar))?;
        ensure(!pipeline.stages.is_empty(), "no stage")?;
        for (order, stage) in pipeline.stages.iter().enumerate() {
            let stage = self.stage(*stage)?;
            ensure(stage.pipeline.index() == number, "a stage of another pipeline")?;
            ensure(usize::from(stage.order) == order, "a stage out of order")?;
        }
        pipeline.on_rules.iter().try_for_each(|rule| self.rule(*rule).map(|_| ()))?;
        let listeners = pipeline.triggers_by_event.iter().flatten().chain(&pipeline.triggers_on_change);
        for (trigger, _) in listeners {
            ensure(trigger.index() < self.program.triggers.len(), "an unknown trigger")?;
        }
        Ok(())
    }

    fn stage_def(&self, number: usize, stage: &Stage) -> Check {
        let listed = self.pipeline(stage.pipeline)?.stages.get(usize::from(stage.order));
        ensure(listed.is_some_and(|id| id.index() == number), "a stage out of order")?;
        stage.entry_rules.iter().chain(&stage.on_rules).try_for_each(|rule| self.rule(*rule).map(|_| ()))
    }

    fn trigger_def(&self, trigger: &Trigger) -> Check {
        let pipeline = self.stage(trigger.stage)?.pipeline;
        self.patterns(&trigger.events, pipeline)?;
        self.span(trigger.span)?;
        if let Some(when) = trigger.when {
            self.chunk_of(when, &gives(Type::Bool), pipeline)?;
        }
        match trigger.actor {
            Some(actor) => self.chunk_of(actor, &gives(Type::User.optional()), pipeline),
            None => Ok(()),
        }
    }

    fn rule_def(&self, rule: &Rule) -> Check {
        let pipeline = rule.pipeline;
        self.pipeline(pipeline)?;
        if let Some(stage) = rule.stage {
            ensure(self.stage(stage)?.pipeline == pipeline, "a rule of two pipelines")?;
        } else {
            ensure(!rule.on.is_empty(), "a rule of a pipeline that listens to nothing")?;
        }
        self.patterns(&rule.on, pipeline)?;
        self.span(rule.span)?;
        let (code, awaits) = match &rule.timing {
            None => (None, &[][..]),
            Some(Timing::After { delay, awaits }) => (Some((*delay, Type::Duration)), &awaits[..]),
            Some(Timing::At { instant, awaits, fields, .. }) => {
                let entity = self.pipeline(pipeline)?.entity;
                fields.iter().try_for_each(|field| self.field(entity, *field).map(|_| ()))?;
                (Some((*instant, Type::DateTime.optional())), &awaits[..])
            }
        };
        if let Some((code, ty)) = code {
            self.chunk_of(code, &gives(ty), pipeline)?;
        }
        awaits.iter().chain(&rule.when_awaits).try_for_each(|output| self.output(*output).map(|_| ()))?;
        match rule.during {
            Some(During::Calendar(calendar)) => self.calendar(calendar)?,
            Some(During::HoursOf(user)) => self.chunk_of(user, &gives(Type::User.optional()), pipeline)?,
            None => {}
        }
        if let Some(when) = rule.when {
            self.chunk_of(when, &gives(Type::Bool), pipeline)?;
        }
        self.chunk_of(rule.body, &ChunkKind::Body, pipeline)
    }

    pub(super) fn patterns(&self, patterns: &[EventPattern], pipeline: PipelineId) -> Check {
        let entity = self.pipeline(pipeline)?.entity;
        ensure(patterns.len() <= usize::from(u16::MAX), "too many events")?;
        patterns.iter().try_for_each(|pattern| match pattern {
            EventPattern::Named(event) | EventPattern::Absence { event, .. } => self.named_event(event),
            EventPattern::Count { count, event, .. } => {
                ensure((2..=100).contains(count), "an event counted too often")?;
                self.named_event(event)
            }
            EventPattern::Change { fields, from, to } => {
                // Of no field: what an earlier version of the program waited for, and never comes any more.
                ensure(!fields.is_empty() || (from.is_none() && to.is_none()), "a change of no field")?;
                fields.iter().try_for_each(|field| {
                    let ty = self.field(entity, *field)?;
                    ensure(field.index() >= BUILTIN_FIELDS, "a change of a field that is read only")?;
                    from.iter().chain(to).try_for_each(|value| self.value_or_none(value, ty))
                })
            }
            EventPattern::AnyChange => Ok(()),
        })
    }

    /// `from none` may be asked of any field.
    fn value_or_none(&self, value: &Value, ty: &Type) -> Check {
        if *value == Value::None { Ok(()) } else { self.value(value, ty) }
    }

    fn named_event(&self, event: &NamedEvent) -> Check {
        self.event(event.event)?;
        event.settings.iter().try_for_each(|(slot, values)| {
            let ty = match self.slot(event.event, *slot)?.inner() {
                Type::List(element) => element,
                ty => ty,
            };
            values.iter().try_for_each(|value| self.value(value, ty))
        })
    }
}

/// An expression that captures nothing.
fn gives(result: Type) -> ChunkKind {
    ChunkKind::Expression { captures: 0, result }
}
