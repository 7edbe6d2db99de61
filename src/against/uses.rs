//! What the rules, triggers and functions of a checked version depend on.

use super::names::trigger_name;
use super::{Key, Kind, Step, UnitKey, UnitKind};
use crate::check::model_exprs;
use crate::model::*;
use crate::schema::{BUILTIN_FIELDS, Schema, Type};
use crate::value::functions::calendar_type;
use crate::value::*;
use std::collections::HashMap;

#[derive(Default)]
pub(super) struct Uses {
    pub units: HashMap<UnitKey, Vec<Step>>,
    /// Of functions, and of rules whose values others read.
    pub keys: HashMap<Key, Vec<Step>>,
}

impl Uses {
    pub fn of(model: &Model) -> Self {
        let mut uses = Uses::default();
        let rules = rules(model);
        let names: HashMap<u32, String> =
            rules.iter().map(|(rule, _, name)| (rule.id.0, name.clone())).collect();
        let walk = |pipeline: Option<&Pipeline>| Walk {
            model,
            schema: &model.schema,
            rules: &names,
            pipeline: pipeline.map(|p| p.name.to_string()),
            entity: pipeline.map(|p| p.entity),
            steps: Vec::new(),
        };
        for function in &model.functions {
            let mut walk = walk(None);
            walk.expr(&function.body);
            uses.keys.insert(Key::new(Kind::Function, &*function.name), walk.steps);
        }
        for (rule, pipeline, name) in &rules {
            let mut walk = walk(Some(pipeline));
            walk.rule(rule);
            let own = Key::new(Kind::Rule, &**name);
            walk.steps.retain(|(_, key)| *key != own);
            uses.keys.insert(own, walk.steps.clone());
            uses.units.insert((UnitKind::Rule, name.clone()), walk.steps);
        }
        for stage in &model.stages {
            let pipeline = &model.pipelines[stage.pipeline.index()];
            let path = format!("{}.{}", pipeline.name, stage.name);
            for (number, trigger) in stage.triggers.iter().enumerate() {
                let mut walk = walk(Some(pipeline));
                walk.patterns(&trigger.events);
                for condition in trigger.when.iter().chain(&trigger.actor) {
                    walk.expr(&condition.expr);
                }
                let name = trigger_name(&path, trigger.label.as_deref(), number + 1);
                uses.units.entry((UnitKind::Trigger, name)).or_insert(walk.steps);
            }
        }
        uses
    }
}

/// Every rule with its pipeline and its name.
fn rules(model: &Model) -> Vec<(&Rule, &Pipeline, String)> {
    let mut all = Vec::new();
    for pipeline in &model.pipelines {
        all.extend(pipeline.rules.iter().map(|r| (r, pipeline, format!("{}.{}", pipeline.name, r.name))));
    }
    for stage in &model.stages {
        let pipeline = &model.pipelines[stage.pipeline.index()];
        let name = |rule: &Rule| format!("{}.{}.{}", pipeline.name, stage.name, rule.name);
        all.extend(stage.rules.iter().map(|rule| (rule, pipeline, name(rule))));
    }
    all
}

struct Walk<'m> {
    model: &'m Model,
    schema: &'m Schema,
    /// The names of all rules, by number.
    rules: &'m HashMap<u32, String>,
    pipeline: Option<String>,
    entity: Option<EntityId>,
    steps: Vec<Step>,
}

impl Walk<'_> {
    fn add(&mut self, verb: &'static str, kind: Kind, name: impl Into<String>) {
        self.steps.push((verb, Key::new(kind, name)));
    }

    fn field(&mut self, verb: &'static str, entity: Option<EntityId>, field: FieldId) {
        let Some(entity) =
            entity.map(|id| self.schema.entity(id)).filter(|_| field.index() >= BUILTIN_FIELDS)
        else {
            return;
        };
        if let Some(field) = entity.fields.get(field.index()) {
            self.add(verb, Kind::Field, format!("{}.{}", entity.name, field.name));
        }
    }

    /// A value that an event brings, by the event that declares it.
    fn payload(&mut self, event: EventId, slot: u16) {
        let mut event = self.schema.event(event);
        while let Some(parent) = event.parent.map(|id| self.schema.event(id))
            && usize::from(slot) < parent.payload.len()
        {
            event = parent;
        }
        if let Some(field) = event.payload.get(usize::from(slot)) {
            self.add("reads", Kind::Payload, format!("{}.{}", event.name, field.name));
        }
    }

    /// What a setting of the pipeline decides.
    fn setting(&mut self, name: &str) {
        if let Some(pipeline) = &self.pipeline {
            let name = format!("{pipeline}.{name}");
            self.add("goes by", Kind::Setting, name);
        }
    }

    fn constant(&mut self, value: &Value, ty: &Type) {
        match (value, ty.inner()) {
            (Value::Principal(principal), _) => self.add("uses", Kind::Person, &*principal.name),
            (Value::Enum(_), Type::Enum(id)) => {
                let name = self.schema.enumeration(*id).name.to_string();
                self.add("uses", Kind::Enum, name);
            }
            (Value::List(values), Type::List(element)) => {
                values.iter().for_each(|value| self.constant(value, element));
            }
            _ => {}
        }
    }

    fn expr(&mut self, root: &Expr) {
        let mut all = Vec::new();
        model_exprs(root, |e| all.push(e));
        all.into_iter().for_each(|e| self.one(e));
    }

    fn one(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Field(field) | ExprKind::Old(field) => self.field("reads", self.entity, *field),
            ExprKind::RefField { entity, field, .. } => self.field("reads", Some(*entity), *field),
            ExprKind::Payload(slots) => slots.iter().for_each(|(event, slot)| self.payload(*event, *slot)),
            ExprKind::Output(output) => {
                let output = &self.model.outputs[output.index()];
                if let Some(rule) = self.rules.get(&output.rule.0) {
                    self.add("reads a value of", Kind::Rule, rule.clone());
                }
            }
            ExprKind::Const(value) => self.constant(value, &e.ty),
            ExprKind::CallFn { function, .. } => {
                let name = self.model.functions[function.index()].name.to_string();
                self.add("calls", Kind::Function, name);
            }
            ExprKind::Today | ExprKind::Convert { to: Conversion::DateToInstant, .. } => {
                self.setting("timezone")
            }
            ExprKind::Call { function, args } => {
                if function.entry().name == "in" {
                    self.add("converts by", Kind::Rates, "rates");
                }
                let times = |ty: &Type| matches!(ty.inner(), Type::DateTime);
                if times(&e.ty) || args.iter().any(|arg| times(&arg.ty)) {
                    self.setting("timezone");
                }
                for arg in args {
                    if let (ExprKind::Const(Value::Int(id)), true) = (&arg.kind, arg.ty == calendar_type())
                        && let Some(calendar) =
                            usize::try_from(*id).ok().and_then(|id| self.schema.calendars.get(id))
                    {
                        let name = calendar.name.to_string();
                        self.add("uses", Kind::Calendar, name);
                    }
                }
            }
            ExprKind::Text(parts) => {
                for part in parts {
                    let TextPart::Placeholder { value, .. } = part else { continue };
                    match value.ty.inner() {
                        Type::DateTime => {
                            self.setting("timezone");
                            self.setting("locale");
                        }
                        Type::Int
                        | Type::Decimal
                        | Type::Money(_)
                        | Type::Date
                        | Type::Time
                        | Type::Duration
                        | Type::List(_) => self.setting("locale"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn patterns(&mut self, patterns: &[EventPattern]) {
        for pattern in patterns {
            match pattern {
                EventPattern::Named(event)
                | EventPattern::Count { event, .. }
                | EventPattern::Absence { event, .. } => {
                    let name = self.schema.event(event.event).name.to_string();
                    self.add("listens to", Kind::Event, name);
                    for (slot, values) in &event.settings {
                        self.payload(event.event, *slot);
                        let field = self.schema.event(event.event).payload.get(usize::from(*slot));
                        if let Some(ty) = field.map(|field| field.ty.clone()) {
                            let element = match ty.inner() {
                                Type::List(element) => (**element).clone(),
                                other => other.clone(),
                            };
                            values.iter().for_each(|value| self.constant(value, &element));
                        }
                    }
                }
                EventPattern::Change { fields, .. } => {
                    fields.iter().for_each(|field| self.field("watches", self.entity, *field));
                }
                EventPattern::AnyChange => {}
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        self.patterns(&rule.on);
        match rule.timing.as_ref().map(|timing| &timing.kind) {
            Some(TimingKind::After(condition)) => self.expr(&condition.expr),
            Some(TimingKind::At { instant, .. }) => self.expr(&instant.expr),
            None => {}
        }
        match rule.during.as_ref().map(|during| &during.kind) {
            Some(DuringKind::Calendar(id)) => {
                let name = self.schema.calendars[id.index()].name.to_string();
                self.add("runs during", Kind::Calendar, name);
            }
            Some(DuringKind::HoursOf(condition)) => self.expr(&condition.expr),
            None => {}
        }
        rule.when.iter().for_each(|condition| self.expr(&condition.expr));
        self.block(&rule.body.statements);
    }

    fn block(&mut self, root: &[Stmt]) {
        let mut open: Vec<&[Stmt]> = vec![root];
        while let Some(block) = open.pop() {
            for statement in block {
                match &statement.kind {
                    StmtKind::Action(call) => self.call(call, false),
                    StmtKind::LetAction { call, at_most, otherwise, .. } => {
                        self.call(call, true);
                        at_most.iter().for_each(|e| self.expr(e));
                        open.extend(otherwise.as_deref());
                    }
                    StmtKind::Let { value, .. } => self.expr(value),
                    StmtKind::Set(all) => {
                        for (field, value) in all {
                            self.field("sets", self.entity, *field);
                            self.expr(value);
                        }
                    }
                    StmtKind::Move(stage) => {
                        let stage = &self.model.stages[stage.index()];
                        let pipeline = &self.model.pipelines[stage.pipeline.index()];
                        let name = format!("{}.{}", pipeline.name, stage.name);
                        self.add("moves to", Kind::Stage, name);
                    }
                    StmtKind::If { branches, otherwise } => {
                        for (condition, block) in branches {
                            self.expr(condition);
                            open.push(block);
                        }
                        open.extend(otherwise.as_deref());
                    }
                    StmtKind::For { list, body, .. } => {
                        self.expr(list);
                        open.push(body);
                    }
                    StmtKind::Wait(e) | StmtKind::WaitUntil(e) => self.expr(e),
                    StmtKind::WaitFor { events, when, at_most, otherwise } => {
                        self.patterns(events);
                        when.iter().chain(at_most).for_each(|e| self.expr(e));
                        open.extend(otherwise.as_deref());
                    }
                    StmtKind::Stop => {}
                }
            }
        }
    }

    fn call(&mut self, call: &ActionCall, answered: bool) {
        let action = self.schema.action(call.action);
        self.steps.push(("asks for", Key::new(Kind::Action, &*action.name)));
        for (number, value) in &call.params {
            if let Some(param) = action.params.get(usize::from(*number)) {
                self.add("gives", Kind::Parameter, format!("{}.{}", action.name, param.name));
            }
            self.expr(value);
        }
        if answered {
            for output in &action.outputs {
                self.add("reads", Kind::Output, format!("{}.{}", action.name, output.name));
            }
        }
    }
}
