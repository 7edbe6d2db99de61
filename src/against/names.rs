//! The rules, triggers and tests of a version by their text, and what they depend on by name alone: constants,
//! people and calendars, which are resolved in the model and gone from it; in tests everything.

use super::declared::plain;
use super::{Key, Kind, Step, UnitKey, UnitKind};
use crate::compiler::Loaded;
use crate::library;
use crate::source::Span;
use crate::syntax::tree::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Where a rule, trigger or test stands.
pub(super) struct Place {
    /// What is shown of it.
    pub name: Span,
    pub whole: Span,
    /// Without comments and layout.
    pub text: String,
    pub uses: Vec<Step>,
}

#[derive(Default)]
pub(super) struct Names {
    pub units: BTreeMap<UnitKey, Place>,
}

impl Names {
    pub fn of(loaded: &Loaded) -> Self {
        let mut names = Names::default();
        let fields = fields_of(loaded);
        for file in &loaded.files {
            let source = loaded.sources.file(file.file);
            if source.path.is_none() && library::named(&source.name).is_some() {
                continue;
            }
            for item in &file.items {
                match &item.kind {
                    ItemKind::Pipeline(pipeline) => names.pipeline(pipeline, &fields, loaded),
                    ItemKind::Test(test) => {
                        let uses = of_test(test, &fields);
                        let place = Place {
                            name: test.name.span,
                            whole: item.span,
                            text: plain(item.span, loaded),
                            uses,
                        };
                        names.units.entry((UnitKind::Test, test.name.text.to_string())).or_insert(place);
                    }
                    _ => {}
                }
            }
        }
        names
    }

    fn pipeline(&mut self, pipeline: &Pipeline, fields: &Fields, loaded: &Loaded) {
        let own = fields.get_key_value(&*pipeline.entity.text);
        for member in &pipeline.members {
            match member {
                PipelineMember::Rule(rule) => {
                    self.rule(format!("{}.{}", pipeline.name.text, rule.name.text), rule, own, loaded);
                }
                PipelineMember::Stage(stage) => {
                    let path = format!("{}.{}", pipeline.name.text, stage.name.text);
                    let mut number = 0;
                    for member in &stage.members {
                        match member {
                            StageMember::Rule(rule) => {
                                self.rule(format!("{path}.{}", rule.name.text), rule, own, loaded);
                            }
                            StageMember::Trigger(trigger) => {
                                number += 1;
                                let name =
                                    trigger_name(&path, trigger.label.as_ref().map(|l| &*l.text), number);
                                let mut found = Found::new(own);
                                found.patterns(&trigger.events);
                                trigger.when.iter().for_each(|e| found.expr(e));
                                if let Some(actor) = &trigger.actor {
                                    found.path(actor);
                                }
                                let place = Place {
                                    name: trigger.span,
                                    whole: trigger.span,
                                    text: plain(trigger.span, loaded),
                                    uses: found.steps,
                                };
                                self.units.entry((UnitKind::Trigger, name)).or_insert(place);
                            }
                        }
                    }
                }
            }
        }
    }

    fn rule(&mut self, name: String, rule: &Rule, own: Option<(&String, &HashSet<String>)>, loaded: &Loaded) {
        let mut found = Found::new(own);
        for clause in &rule.clauses {
            match &clause.kind {
                ClauseKind::On(patterns) => found.patterns(patterns),
                ClauseKind::After(e) | ClauseKind::When(e) | ClauseKind::At { instant: e, .. } => {
                    found.expr(e)
                }
                ClauseKind::During(During::Calendar(name)) => found.name(name),
                ClauseKind::During(During::HoursOf(e)) => found.expr(e),
                ClauseKind::Once | ClauseKind::Overlap(_) | ClauseKind::Detached => {}
            }
        }
        found.block(&rule.body);
        let place = Place {
            name: rule.name.span,
            whole: rule.span,
            text: plain(rule.span, loaded),
            uses: found.steps,
        };
        self.units.entry((UnitKind::Rule, name)).or_insert(place);
    }
}

/// A trigger's name: its label, or its number in the stage.
pub(super) fn trigger_name(stage: &str, label: Option<&str>, number: usize) -> String {
    match label {
        Some(label) => format!("{stage} \"{label}\""),
        None => format!("{stage} #{number}"),
    }
}

/// The fields of each entity: in its pipelines they stand before everything else that has their name.
type Fields = HashMap<String, HashSet<String>>;

fn fields_of(loaded: &Loaded) -> Fields {
    let mut all = Fields::new();
    for item in loaded.files.iter().flat_map(|file| &file.items) {
        let (entity, fields) = match &item.kind {
            ItemKind::Entity(entity) => (&entity.name, &entity.fields),
            ItemKind::Extend { entity, fields } => (entity, fields),
            _ => continue,
        };
        let names = fields.iter().map(|field| field.name.text.to_string());
        all.entry(entity.text.to_string()).or_default().extend(names);
    }
    all
}

/// What is used by name. Which of the kinds it is, is known by what is declared.
fn value(name: &str) -> [Step; 3] {
    [Kind::Constant, Kind::Person, Kind::Calendar].map(|kind| ("uses", Key::new(kind, name)))
}

struct Found<'f> {
    /// The entity of the pipeline, with its fields.
    fields: Option<(&'f String, &'f HashSet<String>)>,
    steps: Vec<Step>,
}

impl<'f> Found<'f> {
    fn new(fields: Option<(&'f String, &'f HashSet<String>)>) -> Self {
        Found { fields, steps: Vec::new() }
    }

    fn name(&mut self, name: &Name) {
        match self.fields.filter(|(_, fields)| fields.contains(&*name.text)) {
            Some((entity, _)) => {
                self.steps.push(("reads", Key::new(Kind::Field, format!("{entity}.{}", name.text))));
            }
            None => self.steps.extend(value(&name.text)),
        }
    }

    fn path(&mut self, path: &Path) {
        if let [name] = &path.parts[..] {
            self.name(name);
        }
    }

    fn expr(&mut self, root: &Expr) {
        let mut open = vec![root];
        while let Some(e) = open.pop() {
            if let ExprKind::Name(name) = &*e.kind {
                self.name(name);
            }
            open.extend(children(e));
        }
    }

    fn patterns(&mut self, patterns: &[EventPattern]) {
        for pattern in patterns {
            match &pattern.kind {
                EventPatternKind::Named(event) => self.settings(event),
                EventPatternKind::Count { event, within, .. } => {
                    self.settings(event);
                    self.expr(within);
                }
                EventPatternKind::Absence { event, period } => {
                    self.settings(event);
                    self.expr(period);
                }
                EventPatternKind::Change { from, to, .. } => from.iter().chain(to).for_each(|e| self.expr(e)),
                EventPatternKind::AnyChange | EventPatternKind::Hole => {}
            }
        }
    }

    fn settings(&mut self, event: &NamedEvent) {
        event.settings.iter().for_each(|arg| self.expr(&arg.value));
    }

    fn block(&mut self, root: &Block) {
        let mut open = vec![root];
        while let Some(block) = open.pop() {
            for statement in &block.statements {
                match &statement.kind {
                    StmtKind::Action(call) => call.params.iter().for_each(|p| self.expr(&p.value)),
                    StmtKind::LetAction { call, at_most, otherwise, .. } => {
                        call.params.iter().for_each(|p| self.expr(&p.value));
                        at_most.iter().for_each(|e| self.expr(e));
                        open.extend(otherwise);
                    }
                    StmtKind::Let { value, .. } => self.expr(value),
                    StmtKind::Set(all) => all.iter().for_each(|a| self.expr(&a.value)),
                    StmtKind::If { branches, otherwise } => {
                        for (condition, block) in branches {
                            self.expr(condition);
                            open.push(block);
                        }
                        open.extend(otherwise);
                    }
                    StmtKind::For { list, body, .. } => {
                        self.expr(list);
                        open.push(body);
                    }
                    StmtKind::Wait(e) | StmtKind::WaitUntil(e) => self.expr(e),
                    StmtKind::WaitFor { events, when, at_most, otherwise } => {
                        self.patterns(events);
                        when.iter().chain(at_most).for_each(|e| self.expr(e));
                        open.extend(otherwise);
                    }
                    StmtKind::Move(_) | StmtKind::Stop => {}
                }
            }
        }
    }
}

/// The names in an expression.
pub(super) fn expr_names(e: &Expr) -> Vec<Step> {
    let mut found = Found::new(None);
    found.expr(e);
    found.steps
}

/// The enums, entities and opaque types that a type speaks of, and the currency that `money` is in.
pub(super) fn type_names(ty: &TypeExpr) -> impl Iterator<Item = Step> {
    let mut ty = ty;
    while let TypeKind::ListOf(inner) | TypeKind::Optional(inner) = &ty.kind {
        ty = inner;
    }
    let found: Vec<Step> = match &ty.kind {
        TypeKind::Name(name) if &*name.text == "money" => {
            vec![("is in the", Key::new(Kind::Currency, "currency"))]
        }
        TypeKind::Name(name) => [Kind::Enum, Kind::Entity, Kind::Opaque]
            .map(|kind| ("is of the type", Key::new(kind, &*name.text)))
            .into(),
        _ => Vec::new(),
    };
    found.into_iter()
}

fn children(e: &Expr) -> Vec<&Expr> {
    use ExprKind::*;
    fn arguments(args: &[CallArg]) -> impl Iterator<Item = &Expr> {
        args.iter().map(|arg| match &arg.value {
            ArgValue::Expr(e) | ArgValue::Lambda { body: e, .. } => e,
        })
    }
    match &*e.kind {
        Literal(_) | Name(_) | Hole | Error => Vec::new(),
        Text(text) => text
            .parts
            .iter()
            .filter_map(|part| match part {
                TextPart::Placeholder { value, .. } => Some(value),
                TextPart::Literal { .. } => None,
            })
            .collect(),
        List(items) => items.iter().collect(),
        Member { base, .. } => vec![base],
        Call { args, .. } => arguments(args).collect(),
        MethodCall { base, args, .. } => [base].into_iter().chain(arguments(args)).collect(),
        Not(inner) | Neg(inner) | Paren(inner) => vec![inner],
        Binary { left, right, .. } => vec![left, right],
        Between { value, low, high } => vec![value, low, high],
        Matches { value, .. } | Is { value, .. } => vec![value],
        If { condition, then, otherwise } => vec![condition, then, otherwise],
    }
}

/// A test has no model: what it names is what it depends on.
fn of_test(test: &Test, fields: &Fields) -> Vec<Step> {
    let mut found = Found::new(None);
    let mut entities: HashMap<String, String> = HashMap::new();
    let named = |wire: &str| fields.keys().find(|name| name.eq_ignore_ascii_case(wire)).cloned();
    let part = |kind: Kind, whole: &str, args: &[Arg], verb: &'static str, steps: &mut Vec<Step>| {
        steps.extend(args.iter().map(|arg| (verb, Key::new(kind, format!("{whole}.{}", arg.name.text)))));
    };
    for step in &test.steps {
        let (mut steps, mut args): (Vec<Step>, &[Arg]) = (Vec::new(), &[]);
        match &step.kind {
            StepKind::Given { entity, id, fields } => {
                let name = named(&entity.text).unwrap_or_else(|| entity.text.to_string());
                steps.push(("gives a", Key::new(Kind::Entity, &*name)));
                part(Kind::Field, &name, fields, "gives", &mut steps);
                entities.insert(id.text.to_string(), name);
                args = fields;
            }
            StepKind::At(e) | StepKind::Wait(e) => found.expr(e),
            StepKind::Send { event, payload, .. } => {
                steps.push(("sends", Key::new(Kind::Event, event.text())));
                part(Kind::Payload, &event.text(), payload, "sends", &mut steps);
                args = payload;
            }
            StepKind::ReplyWith { action, outputs } => {
                steps.push(("replies to", Key::new(Kind::Action, action.text())));
                part(Kind::Output, &action.text(), outputs, "replies with", &mut steps);
                args = outputs;
            }
            StepKind::ReplyFails { action, .. } => {
                steps.push(("replies to", Key::new(Kind::Action, action.text())));
            }
            StepKind::ExpectField { field, of, value, .. } => {
                if let Some(entity) = entities.get(&*of.text) {
                    steps.push(("expects", Key::new(Kind::Field, format!("{entity}.{}", field.text))));
                }
                found.expr(value);
            }
            StepKind::ExpectAction { action, params, .. } => {
                steps.push(("expects", Key::new(Kind::Action, action.text())));
                part(Kind::Parameter, &action.text(), params, "expects", &mut steps);
                args = params;
            }
        }
        args.iter().for_each(|arg| found.expr(&arg.value));
        found.steps.extend(steps);
    }
    found.steps
}
