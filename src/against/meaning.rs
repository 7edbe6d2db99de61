//! What each declaration, rule and trigger comes to once it is compiled, as text that can be compared: names resolved,
//! constants computed, places, layout and the names of variables gone.

use super::names::trigger_name;
use super::{Key, Kind};
use crate::model::Model;
use crate::model::test::{Expected, Sent, Step, StepKind};
use crate::program::listing::{own_code, patterns};
use crate::program::literal::{literal, quoted, type_name};
use crate::program::{ChunkId, During, Program, Rule, Timing, Trigger};
use crate::schema::{BUILTIN_FIELDS, Field, PrincipalDef};
use crate::value::*;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A version of a program, compiled.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    pub program: Program,
    /// By test and step: the code of what is expected.
    pub expectations: Vec<Vec<Option<ChunkId>>>,
}

impl Compiled {
    pub fn new(mut program: Program, expectations: Vec<Vec<Option<ChunkId>>>) -> Self {
        // What a rule hands on has the names of its variables, which mean nothing.
        let mut counted: BTreeMap<u32, usize> = BTreeMap::new();
        for output in &mut program.outputs {
            let number = counted.entry(output.rule.0).or_insert(0);
            *number += 1;
            output.path = format!("{number}").into();
        }
        // `1000 EUR` and `1000.00 EUR` are one amount.
        for value in &mut program.code.constants {
            if let Value::Money(money) = value {
                money.amount = money.amount.normalize();
            }
        }
        Compiled { program, expectations }
    }
}

pub(super) type Meanings = BTreeMap<Key, String>;

/// The meanings of all that is declared, by its name.
pub(super) fn meanings(compiled: &Compiled, model: &Model) -> Meanings {
    let mut of = Of { program: &compiled.program, all: Meanings::new() };
    of.schema(model);
    of.pipelines();
    for (test, codes) in model.tests.iter().zip(&compiled.expectations) {
        let steps: Vec<String> =
            test.steps.iter().zip(codes).map(|(step, code)| of.step(step, *code)).collect();
        of.add(Kind::Test, &*test.name, steps.join("\n"));
    }
    of.all
}

struct Of<'p> {
    program: &'p Program,
    all: Meanings,
}

impl Of<'_> {
    fn add(&mut self, kind: Kind, name: impl Into<String>, meaning: String) {
        // Of a name that is there twice the first counts.
        self.all.entry(Key::new(kind, name)).or_insert(meaning);
    }

    fn schema(&mut self, model: &Model) {
        let program = self.program;
        let schema = &program.schema;
        if let Some(currency) = &schema.currency {
            self.add(Kind::Currency, "currency", currency.to_string());
        }
        let rates = schema.rates.iter().map(|rates| {
            let mut own: Vec<String> =
                rates.rates.iter().map(|(to, rate)| format!("{to} {}", rate.normalize())).collect();
            own.sort();
            format!("{}: {}", rates.base, own.join(", "))
        });
        let mut rates: Vec<String> = rates.collect();
        if !rates.is_empty() {
            rates.sort();
            self.add(Kind::Rates, "rates", rates.join("; "));
        }
        for entity in &schema.entities {
            self.add(Kind::Entity, &*entity.name, quoted(&entity.label));
            let own = entity.fields.get(BUILTIN_FIELDS..).unwrap_or_default();
            self.fields(Kind::Field, &entity.name, own);
        }
        for def in &schema.enums {
            let values = def.values.iter().map(|value| format!("{} {}", value.name, quoted(&value.label)));
            self.add(Kind::Enum, &*def.name, values.collect::<Vec<_>>().join(", "));
        }
        for opaque in &schema.opaques {
            self.add(Kind::Opaque, &*opaque.name, quoted(&opaque.label));
        }
        for event in &schema.events {
            let parent = event.parent.map(|parent| schema.event(parent));
            let mut on: Vec<&str> = event.on.iter().map(|entity| &*schema.entity(*entity).name).collect();
            on.sort_unstable();
            let is = parent.map_or(String::new(), |parent| format!(" is {}", parent.name));
            let label = quoted(&event.label);
            self.add(Kind::Event, &*event.name, format!("{label}{is} on {}", on.join(", ")));
            let inherited = parent.map_or(0, |parent| parent.payload.len());
            let own = event.payload.get(inherited..).unwrap_or_default();
            self.fields(Kind::Payload, &event.name, own);
        }
        for action in &schema.actions {
            self.add(Kind::Action, &*action.name, quoted(&action.label));
            self.fields(Kind::Parameter, &action.name, &action.params);
            self.fields(Kind::Output, &action.name, &action.outputs);
        }
        for person in schema.principals.iter() {
            let meaning = self.person(person);
            self.add(Kind::Person, &*person.name, meaning);
        }
        for calendar in &schema.calendars {
            let mut closed: Vec<String> =
                calendar.closed.iter().map(|(from, to)| format!("{from}..{to}")).collect();
            closed.sort();
            let week: Vec<String> = calendar.week.iter().map(|day| format!("{day:?}")).collect();
            let label = quoted(&calendar.label);
            let meaning =
                format!("{label} {} {} closed {}", calendar.timezone, week.join(" "), closed.join(", "));
            self.add(Kind::Calendar, &*calendar.name, meaning);
        }
        for constant in &model.constants {
            let value = literal(program, &constant.value, &constant.ty);
            let meaning = format!("{}: {value}", type_name(program, &constant.ty));
            self.add(Kind::Constant, &*constant.name, meaning);
        }
        for function in &program.code.functions {
            let meaning = self.code(Some(function.chunk));
            self.add(Kind::Function, &*function.name, meaning);
        }
    }

    fn fields(&mut self, kind: Kind, of: &str, fields: &[Field]) {
        for field in fields {
            let program = self.program;
            let mut meaning = type_name(program, &field.ty);
            // The values of an enum that is written in the place stand there too.
            if let Some(def) = program.schema.enums.iter().find(|def| {
                def.name.rsplit_once('.').is_some_and(|(o, name)| o == of && *name == *field.name)
            }) {
                let values =
                    def.values.iter().map(|value| format!("{} {}", value.name, quoted(&value.label)));
                let _ = write!(meaning, " {{ {} }}", values.collect::<Vec<_>>().join(", "));
            }
            for (word, bound) in [("min", field.limits.min), ("max", field.limits.max)] {
                if let Some(bound) = bound {
                    let _ = write!(meaning, " {word} {}", bound.normalize());
                }
            }
            if let Some(pattern) = &field.limits.matches {
                let _ = write!(meaning, " matches /{pattern}/");
            }
            if let Some(value) = &field.default {
                let _ = write!(meaning, " = {}", literal(program, value, &field.ty));
            }
            self.add(kind, format!("{of}.{}", field.name), meaning);
        }
    }

    fn person(&self, person: &PrincipalDef) -> String {
        let schema = &self.program.schema;
        let name = |id: PrincipalId| schema.principal(id).name.to_string();
        let mut roles: Vec<String> = person.roles.iter().map(|role| name(*role)).collect();
        roles.sort();
        let mut away: Vec<String> = person.away.iter().map(|(from, to)| format!("{from}..{to}")).collect();
        away.sort();
        let hours =
            person.hours.and_then(|id| schema.calendars.get(id.index())).map(|calendar| &calendar.name);
        format!(
            "{:?} {} {:?} {:?} {:?} {roles:?} {hours:?} {away:?}",
            person.kind,
            quoted(&person.label),
            person.email,
            person.phone,
            person.department.map(name)
        )
    }

    fn pipelines(&mut self) {
        let program = self.program;
        for pipeline in &program.pipelines {
            let entity = &program.schema.entity(pipeline.entity).name;
            self.add(Kind::Pipeline, &*pipeline.name, format!("{} for {entity}", quoted(&pipeline.label)));
            let hours = pipeline.hours.and_then(|id| program.schema.calendars.get(id.index()));
            let settings = [
                ("timezone", Some(pipeline.timezone.to_string())),
                ("hours", hours.map(|calendar| calendar.name.to_string())),
                ("locale", pipeline.locale.as_ref().map(|locale| locale.to_string())),
            ];
            for (name, value) in settings {
                if let Some(value) = value {
                    self.add(Kind::Setting, format!("{}.{name}", pipeline.name), value);
                }
            }
        }
        for (at, stage) in program.stages.iter().enumerate() {
            let path = format!("{}.{}", program.pipeline(stage.pipeline).name, stage.name);
            let kind = super::outline::stage_kind(stage.kind);
            self.add(Kind::Stage, &*path, format!("{kind} {}", quoted(&stage.label)));
            let here = |trigger: &&Trigger| trigger.stage.index() == at;
            for (number, trigger) in program.triggers.iter().filter(here).enumerate() {
                let name = trigger_name(&path, trigger.label.as_deref(), number + 1);
                let meaning = self.trigger(trigger);
                self.add(Kind::Trigger, name, meaning);
            }
        }
        for rule in &program.rules {
            let pipeline = &program.pipeline(rule.pipeline).name;
            let path = match rule.stage {
                Some(stage) => format!("{pipeline}.{}.{}", program.stage(stage).name, rule.name),
                None => format!("{pipeline}.{}", rule.name),
            };
            let meaning = self.rule(rule);
            self.add(Kind::Rule, path, meaning);
        }
    }

    fn trigger(&self, trigger: &Trigger) -> String {
        format!(
            "disabled {} label {:?} backward {} on {}\nwhen {}as {}",
            trigger.disabled,
            trigger.label,
            trigger.backward,
            patterns(self.program, &trigger.events, trigger.stage),
            self.code(trigger.when),
            self.code(trigger.actor)
        )
    }

    fn rule(&self, rule: &Rule) -> String {
        let program = self.program;
        let first = program.pipeline(rule.pipeline).stages.first().copied();
        let stage = rule.stage.or(first).unwrap_or(StageId(0));
        let timing = match &rule.timing {
            None => String::new(),
            Some(Timing::After { delay, .. }) => format!("after {}", self.code(Some(*delay))),
            Some(Timing::At { instant, else_skip, .. }) => {
                format!("at else skip {else_skip} {}", self.code(Some(*instant)))
            }
        };
        let during = match &rule.during {
            None => String::new(),
            Some(During::Calendar(id)) => {
                let calendar = program.schema.calendars.get(id.index());
                format!("during {:?}", calendar.map(|calendar| &calendar.name))
            }
            Some(During::HoursOf(user)) => format!("during hours of {}", self.code(Some(*user))),
        };
        format!(
            "disabled {} then {} label {:?} once {} overlap {:?} detached {} on {}\n{timing}\n{during}\nwhen {}do {}",
            rule.disabled,
            rule.then,
            rule.label,
            rule.once,
            rule.overlap,
            rule.detached,
            patterns(program, &rule.on, stage),
            self.code(rule.when),
            self.code(Some(rule.body))
        )
    }

    fn code(&self, chunk: Option<ChunkId>) -> String {
        chunk.map_or("nothing\n".to_owned(), |chunk| own_code(self.program, chunk))
    }

    fn step(&self, step: &Step, code: Option<ChunkId>) -> String {
        let (program, schema) = (self.program, &self.program.schema);
        let subject = |subject: &crate::event::Subject| {
            format!("{}/{}", schema.entity(subject.entity).wire_name, subject.id)
        };
        let named = |fields: &[Field], values: &mut dyn Iterator<Item = (usize, &Value)>| {
            let mut all: Vec<String> = values
                .filter_map(|(at, value)| {
                    let field = fields.get(at)?;
                    Some(format!("{}: {}", field.name, literal(program, value, &field.ty)))
                })
                .collect();
            all.sort();
            all.join(", ")
        };
        let fields = |of: &crate::event::Subject, values: &[(FieldId, Value)]| {
            let mut values = values.iter().map(|(field, value)| (field.index(), value));
            named(&schema.entity(of.entity).fields, &mut values)
        };
        let pipeline = |id: &Option<PipelineId>| id.map(|id| program.pipeline(id).name.clone());
        match &step.kind {
            StepKind::Given { subject: of, fields: given, pipeline: in_, stage } => {
                let fields = fields(of, given);
                format!("given {} {fields} in {:?} {stage:?}", subject(of), pipeline(in_))
            }
            StepKind::At(at) => format!("at {at}"),
            StepKind::Wait(duration) => format!("wait {duration:?}"),
            StepKind::Send { subject: of, sent } => {
                let what = match sent {
                    Sent::Happened { event, payload } => {
                        let def = schema.event(*event);
                        format!("{} {}", def.name, named(&def.payload, &mut payload.iter().enumerate()))
                    }
                    Sent::Updated(changes) => format!("updated {}", fields(of, changes)),
                    Sent::Moved { pipeline: to, stage } => format!("moved {:?} {stage}", pipeline(to)),
                    Sent::Deleted => "deleted".to_owned(),
                };
                format!("send {} {what}", subject(of))
            }
            StepKind::Reply { action, answer } => {
                let action = schema.action(*action);
                match answer {
                    Ok(outputs) => {
                        let outputs = named(&action.outputs, &mut outputs.iter().enumerate());
                        format!("reply to {} with {outputs}", action.name)
                    }
                    Err(reason) => format!("reply to {} fails {reason:?}", action.name),
                }
            }
            StepKind::ExpectField { subject: of, field, expected } => {
                let what = match expected {
                    Expected::Stage { name, equal } => format!("stage {name} {equal}"),
                    Expected::Pipeline { id, equal } => format!("{:?} {equal}", pipeline(&Some(*id))),
                    Expected::Holds(_) => self.code(code),
                };
                format!("expect {field} of {} {what}", subject(of))
            }
            StepKind::ExpectAction { no, count, action, params } => {
                let action = schema.action(*action);
                let mut values = params.iter().map(|(param, value)| (usize::from(*param), value));
                let params = named(&action.params, &mut values);
                format!("expect {no} {count:?} {} {params}", action.name)
            }
        }
    }
}
