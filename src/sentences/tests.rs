//! Tests as examples of what the rules do: given, when, then.

use super::{Point, Prose, Scope, Speaker, words};
use crate::event::Subject;
use crate::model::Frame;
use crate::model::test::{Expected, Sent, Step, StepKind, Test};
use crate::value::*;

/// What a step is for: a step of the same kind as the one before begins with "and".
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Given,
    When,
    Then,
}

impl Speaker<'_> {
    /// A test, step by step.
    pub fn test(&self, test: &Test) -> Vec<Point> {
        let mut before = None;
        let steps = test.steps.iter().map(|step| {
            let (part, text) = self.test_step(step);
            let word = match (part, before == Some(part)) {
                (_, true) => "and ",
                (Part::Given, _) => "Given ",
                (Part::When, _) => "When ",
                (Part::Then, _) => "Then ",
            };
            before = Some(part);
            Point::new(Prose::text(word).with(text).say("."))
        });
        steps.collect()
    }

    fn test_step(&self, step: &Step) -> (Part, Prose) {
        let none = Frame::default();
        let scope = |entity| Scope { frame: &none, entity: Some(entity), pipeline: None };
        match &step.kind {
            StepKind::Given { subject, fields, pipeline, stage } => {
                let inner = scope(subject.entity);
                let mut text = self.a_record(subject.entity).say(" ").with(Prose::quote(&*subject.id));
                if let Some(stage) = stage {
                    text.put(" in the stage ");
                    text.push(self.stage_of(subject, *pipeline, stage));
                } else if let Some(pipeline) = pipeline {
                    text.put(" in ");
                    text.push(self.constant_value(&Value::Pipeline(*pipeline), &crate::schema::Type::Never));
                }
                self.push_fields(fields, inner, " with ", &mut text);
                (Part::Given, text)
            }
            StepKind::At(at) => {
                let time = format!("it is {}, {} UTC", words::date(at.date_naive()), words::time(at.time()));
                (Part::When, Prose::text(time))
            }
            StepKind::Wait(time) => {
                let many = *time != Duration { days: 1, seconds: 0 };
                let verb = if many { " pass" } else { " passes" };
                (Part::When, Prose::text(words::duration(*time)).say(verb))
            }
            StepKind::Send { subject, sent } => (Part::When, self.sent(subject, sent, scope(subject.entity))),
            StepKind::Reply { action, answer } => {
                let name = Prose(vec![super::Piece::Quote(self.action(*action))]);
                let name = Prose::text("that the answer to ").with(name);
                let outputs = self.model.schema.actions.get(action.index()).map_or(&[][..], |a| &a.outputs);
                let text = match answer {
                    Ok(values) => {
                        let given = outputs.iter().zip(values).filter(|(_, value)| **value != Value::None);
                        let values = given.map(|(output, value)| {
                            let name = Prose::text(format!("{} ", words::spaced(&output.name)));
                            name.with(self.constant_value(value, &output.ty))
                        });
                        name.say(" will be ").with(Prose::listed(values.collect(), "and"))
                    }
                    Err(reason) => name.say(" will be that it failed: ").with(Prose::quote(&**reason)),
                };
                (Part::Given, text)
            }
            StepKind::ExpectField { subject, expected, .. } => {
                let inner = scope(subject.entity);
                let record = self.record(inner.entity).say(" ").with(Prose::quote(&*subject.id));
                let text = match expected {
                    Expected::Stage { name, equal } => {
                        let verb = if *equal { " is in " } else { " is not in " };
                        record.say(verb).with(self.stage_of(subject, None, name))
                    }
                    Expected::Pipeline { id, equal } => {
                        let verb = if *equal { " is in " } else { " is not in " };
                        let pipeline =
                            self.constant_value(&Value::Pipeline(*id), &crate::schema::Type::Never);
                        record.say(verb).with(pipeline)
                    }
                    Expected::Holds(condition) => {
                        let held = self.inline(&condition.expr, Scope { frame: &condition.frame, ..inner });
                        Prose::text("for ").with(record).say(" ").with(held)
                    }
                };
                (Part::Then, text)
            }
            StepKind::ExpectAction { no, count, action, params } => {
                let params_of = self.model.schema.actions.get(action.index()).map_or(&[][..], |a| &a.params);
                let name = Prose(vec![super::Piece::Quote(self.action(*action))]);
                let params = params.iter().filter_map(|(slot, value)| {
                    let param = params_of.get(usize::from(*slot))?;
                    let name = Prose::text(format!("{}: ", words::spaced(&param.name)));
                    Some(name.with(self.constant_value(value, &param.ty)))
                });
                let params: Vec<Prose> = params.collect();
                let mut text = match (no, count) {
                    (true, _) => name.say(" is not asked for"),
                    (false, Some(count)) => name.say(" is asked for ").say(&Self::times(*count)),
                    (false, None) => name.say(" is asked for"),
                };
                if !params.is_empty() {
                    text.put(" — ");
                    text.push(Prose::joined(params, "; "));
                }
                (Part::Then, text)
            }
        }
    }

    fn push_fields(&self, fields: &[(FieldId, Value)], scope: Scope, before: &str, text: &mut Prose) {
        let fields: Vec<Prose> = fields
            .iter()
            .map(|(field, value)| {
                let name = self.field(*field, scope).bare().say(" ");
                let ty = self.field_type(*field, scope).unwrap_or(&crate::schema::Type::Never);
                name.with(self.constant_value(value, ty))
            })
            .collect();
        if !fields.is_empty() {
            text.put(before);
            text.push(Prose::listed(fields, "and"));
        }
    }

    fn sent(&self, subject: &Subject, sent: &Sent, scope: Scope) -> Prose {
        let record = || self.record(scope.entity).say(" ").with(Prose::quote(&*subject.id));
        match sent {
            Sent::Happened { event, payload } => {
                let members =
                    self.model.schema.events.get(event.index()).map_or(&[][..], |event| &event.payload);
                // What nothing was said of is left out.
                let given = members.iter().zip(payload).filter(|(member, value)| {
                    **value != Value::None && member.default.as_ref() != Some(*value)
                });
                let given: Vec<Prose> = given
                    .map(|(member, value)| {
                        let name = Prose::text(format!("{}: ", words::spaced(&member.name)));
                        name.with(self.constant_value(value, &member.ty))
                    })
                    .collect();
                let mut text = self.event(*event).say(" for ").with(record());
                if !given.is_empty() {
                    text.put(" (");
                    text.push(Prose::joined(given, "; "));
                    text.put(")");
                }
                text
            }
            Sent::Updated(fields) => {
                let changes = fields.iter().map(|(field, value)| {
                    let ty = self.field_type(*field, scope).unwrap_or(&crate::schema::Type::Never);
                    let value = self.constant_value(value, ty);
                    let name = match ty.inner() {
                        crate::schema::Type::Bool => self.field(*field, scope).bare(),
                        _ => self.field(*field, scope),
                    };
                    name.say(" becomes ").with(value)
                });
                Prose::text("for ").with(record()).say(" ").with(Prose::listed(changes.collect(), "and"))
            }
            Sent::Moved { pipeline, stage } => {
                let stage = self.stage_of(subject, *pipeline, stage);
                Prose::text("somebody moves ").with(record()).say(" to ").with(stage)
            }
            Sent::Deleted => Prose::text("somebody deletes ").with(record()),
        }
    }

    /// A stage by its name, of any pipeline of the record's entity.
    fn stage_of(&self, subject: &Subject, pipeline: Option<PipelineId>, name: &str) -> Prose {
        let pipelines = self.model.pipelines.iter().filter(|p| p.entity == subject.entity);
        let pipelines = pipelines.filter(|p| pipeline.is_none_or(|id| id == p.id));
        let mut stages = pipelines.flat_map(|p| &p.stages).map(|id| &self.model.stages[id.index()]);
        match stages.find(|stage| &*stage.name == name) {
            Some(stage) => self.stage(stage.id),
            None => Prose::text(name),
        }
    }
}
