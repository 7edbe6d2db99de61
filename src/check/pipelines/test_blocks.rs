//! `test` blocks: what they name exists, and what they give and expect has the right type.

use super::actions::Members;
use crate::check::Checker;
use crate::check::scope::Scope;
use crate::diagnostic::{Advice, Code, Diagnostic, suggest};
use crate::event::Subject;
use crate::model::test::{Expected, Sent, Step, StepKind as Checked, Test};
use crate::schema::{BUILTIN_FIELDS, Type};
use crate::source::Span;
use crate::syntax::tree::{self, StepKind};
use crate::value::*;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

/// Where a test puts a record.
type Placed = (Option<PipelineId>, Option<Text>);

/// A record that a test has given.
struct Given {
    /// `None` if nobody knows of what it should be, which has been reported.
    entity: Option<EntityId>,
    id: std::sync::Arc<str>,
    span: Span,
}

impl Checker<'_> {
    /// Checks them all; those without a mistake are given.
    pub fn tests(&mut self, tests: &[&tree::Test]) -> Vec<Test> {
        let mut names: std::collections::HashMap<&str, Span> = std::collections::HashMap::new();
        let mut checked = Vec::with_capacity(tests.len());
        // What a test reads is no affair of the program: records are not kept together because of it.
        let reads_references = self.reads_references;
        for test in tests {
            if let Some(before) = names.insert(&test.name.text, test.name.span) {
                let message = format!("two tests are called \"{}\"", test.name.text);
                self.twice(test.name.span, before, message, None);
            }
            let mut given = Vec::new();
            let mut steps = Vec::with_capacity(test.steps.len());
            for step in &test.steps {
                let kind = self.step(step, &mut given);
                steps.extend(kind.map(|kind| Step { kind, span: step.span }));
            }
            checked.push(Test { name: test.name.text.clone().into(), steps, span: test.name.span });
        }
        self.reads_references = reads_references;
        checked
    }

    /// `None` only where a mistake has been reported.
    fn step(&mut self, step: &tree::Step, given: &mut Vec<Given>) -> Option<Checked> {
        let mut scope = Scope { constant: true, test: true, ..Scope::default() };
        match &step.kind {
            StepKind::Given { entity, id, fields } => self.given(entity, id, fields, given),
            StepKind::At(e) if self.instant_meant(e).is_some() => {
                let meant = self.instant_meant(e)?;
                let message = "a day, a time and a zone are wanted here";
                let help = Advice::write(e.span, meant);
                self.report(
                    Diagnostic::new(Code::WrongType, e.span, message)
                        .label("not a whole instant")
                        .advised(Some(help)),
                );
                None
            }
            StepKind::At(e) => match self.constant_value(e, &Type::DateTime, &mut scope)? {
                Value::DateTime(at) => Some(Checked::At(at)),
                _ => None,
            },
            StepKind::Wait(e) => match self.constant_value(e, &Type::Duration, &mut scope)? {
                Value::Duration(d) if d.total_seconds() > 0 => Some(Checked::Wait(d)),
                _ => {
                    self.report(
                        Diagnostic::new(Code::BadPeriod, e.span, "this time is not longer than nothing")
                            .label("must be positive")
                            .help("wait 3 days"),
                    );
                    None
                }
            },
            StepKind::Send { event, payload, to } => self.send(event, payload, to, given),
            StepKind::ReplyWith { action, outputs } => {
                let action_id = self.action_named(action)?;
                let members = Members::Outputs(action_id);
                let values = self.constant_members(members, outputs);
                self.all_given(members, outputs, action.span);
                Some(Checked::Reply { action: action_id, answer: Ok(self.filled(members, values)) })
            }
            StepKind::ReplyFails { action, reason } => {
                let action = self.action_named(action)?;
                Some(Checked::Reply { action, answer: Err(reason.text.clone().into()) })
            }
            StepKind::ExpectField { field, of, op, value } => self.expect_field(field, of, op, value, given),
            StepKind::ExpectAction { no, count, action, params } => {
                let action = self.action_named(action)?;
                let params = self.constant_members(Members::Params(action), params);
                Some(Checked::ExpectAction { no: no.is_some(), count: *count, action, params })
            }
        }
    }

    /// `at 2026-12-24`, `at "2026-12-24 09:00"`: the instant that a day, or a text, stands for.
    fn instant_meant(&self, e: &tree::Expr) -> Option<String> {
        let in_utc = |at: NaiveDateTime| at.format("%Y-%m-%dT%H:%MZ").to_string();
        let day = |day: NaiveDate| in_utc(day.and_time(NaiveTime::MIN));
        match &*e.kind {
            tree::ExprKind::Literal(tree::Literal::Date(date)) => Some(day(*date)),
            tree::ExprKind::Text(tree::TextLit { parts, .. }) => {
                let [tree::TextPart::Literal { text, .. }] = &parts[..] else { return None };
                let text = text.trim();
                let forms = [
                    "%Y-%m-%dT%H:%M",
                    "%Y-%m-%d %H:%M",
                    "%Y-%m-%dT%H:%MZ",
                    "%Y-%m-%dT%H:%M:%S",
                    "%Y-%m-%dT%H:%M:%SZ",
                ];
                let at = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
                let date = ["%Y-%m-%d", "%d.%m.%Y"].iter();
                let date = || date.clone().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
                at.map(in_utc).or_else(|| date().map(day))
            }
            _ => None,
        }
    }

    /// All slots of a payload or of outputs: what is left out has its default, or is unset.
    fn filled(&self, of: Members, given: Vec<(u16, Value)>) -> Vec<Value> {
        let default = |field: &crate::schema::Field| field.default.clone().unwrap_or(Value::None);
        let mut values: Vec<Value> = self.fields_of(of).iter().map(default).collect();
        for (slot, value) in given {
            if let Some(place) = values.get_mut(usize::from(slot)) {
                *place = value;
            }
        }
        values
    }

    fn given(
        &mut self,
        name: &tree::Name,
        id: &tree::Str,
        fields: &[tree::Arg],
        given: &mut Vec<Given>,
    ) -> Option<Checked> {
        let entities = &self.schema.entities;
        let found = entities.iter().position(|e| *e.wire_name == *name.text);
        // `given Deal`: which is meant is clear.
        let by_name = entities.iter().position(|e| e.wire_name.to_lowercase() == name.text.to_lowercase());
        if found.is_none() {
            let known = entities.iter().map(|e| &*e.wire_name);
            let help = match by_name.map(|at| &*entities[at].wire_name) {
                Some(wire) => {
                    let help = format!("given {wire} \"{}\" {{ … }}", id.text);
                    Some(Advice::write(name.span, wire).saying(help))
                }
                None => Advice::near(name.span, &name.text, known),
            };
            let label = if by_name.is_some() { "in lower case here" } else { "no entity of this name" };
            let message = format!("there is no `{}` to give", name.text);
            self.report(Diagnostic::new(Code::UnknownEntity, name.span, message).label(label).advised(help));
        }
        let Some(at) = found.or(by_name) else {
            given.push(Given { entity: None, id: id.text.clone(), span: id.span });
            return None;
        };
        let entity = EntityId(at as u16);
        if let Some(before) = given.iter().find(|g| g.entity == Some(entity) && g.id == id.text) {
            let message = format!("{} `{}` is there already", name.text, id.text);
            let before = before.span;
            self.report(
                Diagnostic::new(Code::GivenTwice, id.span, message)
                    .label("given again here")
                    .also(before, "first given here")
                    .help(format!("send {}.updated {{ … }} to \"{}\"", name.text, id.text)),
            );
        }
        given.push(Given { entity: Some(entity), id: id.text.clone(), span: id.span });
        let (values, (pipeline, stage)) = self.record(entity, fields);
        self.all_given(Members::Fields(entity), fields, name.span);
        let subject = Subject { entity, id: id.text.clone().into() };
        Some(Checked::Given { subject, fields: as_fields(values), pipeline, stage })
    }

    /// The fields of a record, with `pipeline` and `stage` among them.
    fn record(&mut self, entity: EntityId, fields: &[tree::Arg]) -> (Vec<(u16, Value)>, Placed) {
        let is_place = |arg: &&tree::Arg| matches!(&*arg.name.text, "pipeline" | "stage");
        let plain: Vec<tree::Arg> = fields.iter().filter(|a| !is_place(a)).cloned().collect();
        let values = self.constant_members(Members::Fields(entity), &plain);
        let (mut pipeline, mut stage): (Option<&tree::Arg>, Option<&tree::Arg>) = (None, None);
        for arg in fields.iter().filter(is_place) {
            let slot = if *arg.name.text == *"stage" { &mut stage } else { &mut pipeline };
            if let Some(before) = slot.replace(arg) {
                let before = before.name.span;
                self.given_twice("field", &arg.name, before);
            }
        }
        let chosen = match pipeline {
            Some(arg) => match self.pipeline_of(entity, &arg.value) {
                Some(id) => Some(id),
                None => return (values, (None, None)),
            },
            None => None,
        };
        let stage = stage.and_then(|arg| self.stage_of(entity, chosen, &arg.value));
        (values, (chosen, stage))
    }

    fn pipeline_of(&mut self, entity: EntityId, e: &tree::Expr) -> Option<PipelineId> {
        let tree::ExprKind::Name(name) = &*e.kind else {
            self.no_place(e.span, "the name of a pipeline is wanted here", None);
            return None;
        };
        let found = self.names.pipelines.get(&name.text).map(|(id, _)| *id);
        let found = found.filter(|id| self.pipelines[id.index()].entity == entity);
        if found.is_none() {
            let own = self.pipelines.iter().filter(|p| p.entity == entity);
            let help = Advice::near(name.span, &name.text, own.map(|p| &*p.name));
            let message = format!("`{}` has no pipeline `{}`", self.schema.entity(entity).name, name.text);
            self.no_place(e.span, &message, help);
        }
        found
    }

    /// A stage of the pipeline, or of any of the entity's.
    fn stage_of(&mut self, entity: EntityId, pipeline: Option<PipelineId>, e: &tree::Expr) -> Option<Text> {
        let tree::ExprKind::Name(name) = &*e.kind else {
            self.no_place(e.span, "the name of a stage is wanted here", None);
            return None;
        };
        let stages: Vec<&str> = self
            .pipelines
            .iter()
            .enumerate()
            .filter(|(i, p)| p.entity == entity && pipeline.is_none_or(|id| id.index() == *i))
            .flat_map(|(_, p)| &p.stages)
            .map(|s| &*self.stages[s.index()].name)
            .collect();
        if !stages.contains(&&*name.text) {
            let help = Advice::near(name.span, &name.text, stages);
            let message = format!("`{}` has no stage `{}`", self.schema.entity(entity).name, name.text);
            self.no_place(e.span, &message, help);
            return None;
        }
        Some(name.text.clone().into())
    }

    fn no_place(&mut self, span: Span, message: &str, help: Option<Advice>) {
        self.report(Diagnostic::new(Code::UnknownStage, span, message).label("not known").advised(help));
    }

    fn constant_members(&mut self, of: Members, args: &[tree::Arg]) -> Vec<(u16, Value)> {
        let mut scope = Scope { constant: true, test: true, ..Scope::default() };
        let mut values = Vec::with_capacity(args.len());
        for (slot, expr) in self.given_members(of, args, &mut scope) {
            if expr.ty == Type::Error {
                continue;
            }
            match self.fold(&expr) {
                Some(Ok(value)) => values.push((slot, value)),
                Some(Err(failure)) => {
                    let message = format!("this cannot be computed: {failure}");
                    let code = Code::ConstantFails;
                    self.report(Diagnostic::new(code, expr.span, message).label("has no value"));
                }
                None => {
                    let message = "a test gives and expects what is known beforehand";
                    self.report(
                        Diagnostic::new(Code::NotConstant, expr.span, message).label("only known in the run"),
                    );
                }
            }
        }
        values
    }

    fn send(
        &mut self,
        path: &tree::Path,
        payload: &[tree::Arg],
        to: &tree::Str,
        given: &mut Vec<Given>,
    ) -> Option<Checked> {
        let name = path.text();
        // It is meant to be there from now on.
        if let Some((subject, "created")) = name.rsplit_once('.')
            && let Some(at) = self.schema.entities.iter().position(|e| *e.wire_name == *subject)
            && !self.names.events.contains_key(name.as_str())
            && !given.iter().any(|g| g.id == to.text)
        {
            given.push(Given { entity: Some(EntityId(at as u16)), id: to.text.clone(), span: to.span });
        }
        let record = self.given_record(to, given);
        if let Some((event, declared)) = self.names.events.get(name.as_str()).copied() {
            if let Some(record) = &record {
                self.possible_event(event, declared, path.span, record.entity);
            }
            let members = Members::Payload(event);
            let values = self.constant_members(members, payload);
            self.all_given(members, payload, path.span);
            let subject = record?;
            let sent = Sent::Happened { event, payload: self.filled(members, values) };
            return Some(Checked::Send { subject, sent });
        }
        if let Some((subject, what)) = name.rsplit_once('.')
            && let Some(at) = self.schema.entities.iter().position(|e| *e.wire_name == *subject)
            && matches!(what, "created" | "updated" | "moved" | "deleted")
        {
            let sent = self.send_life(EntityId(at as u16), what, path, payload, to, record.as_ref())?;
            return Some(Checked::Send { subject: record?, sent });
        }
        let (label, help) = match &*name {
            "action.completed" => ("an answer to an action", Some(Advice::say("reply to … with { … }"))),
            "action.failed" => ("an answer to an action", Some(Advice::say("reply to … fails \"…\""))),
            _ => {
                let known = self.names.events.keys().map(|k| &**k);
                ("not declared anywhere", Advice::near(path.span, &name, known))
            }
        };
        let message = format!("there is no event `{name}` to send");
        self.report(Diagnostic::new(Code::UnknownEvent, path.span, message).label(label).advised(help));
        None
    }

    /// `deal.updated`, `deal.moved`, `deal.deleted`
    fn send_life(
        &mut self,
        entity: EntityId,
        what: &str,
        path: &tree::Path,
        payload: &[tree::Arg],
        to: &tree::Str,
        record: Option<&Subject>,
    ) -> Option<Sent> {
        let wire = self.schema.entity(entity).wire_name.clone();
        if record.is_some_and(|record| record.entity != entity) {
            let message = format!("`{}` cannot happen to `{}`", path.text(), to.text);
            self.report(
                Diagnostic::new(Code::EventNotOnEntity, path.span, message).label("a record of another kind"),
            );
        }
        match what {
            "created" => {
                let message = format!("a test creates records with `given {wire}`");
                self.report(
                    Diagnostic::new(Code::LifeCycleEvent, path.span, message)
                        .label("not sent")
                        .help(format!("given {wire} \"{}\" {{ … }}", to.text)),
                );
                None
            }
            "updated" => {
                Some(Sent::Updated(as_fields(self.constant_members(Members::Fields(entity), payload))))
            }
            "moved" => {
                let (_, (pipeline, stage)) = self.record(entity, payload);
                if !payload.iter().any(|a| *a.name.text == *"stage") {
                    let message = format!("`{}` needs `stage`", path.text());
                    self.report(
                        Diagnostic::new(Code::MissingParameter, path.span, message)
                            .label("one member is missing")
                            .help("add `stage: ?`"),
                    );
                }
                Some(Sent::Moved { pipeline, stage: stage? })
            }
            _ => {
                if let Some(arg) = payload.first() {
                    let message = format!("`{}` has no member `{}`", path.text(), arg.name.text);
                    self.report(
                        Diagnostic::new(Code::UnknownParameter, arg.name.span, message)
                            .label("brings nothing")
                            .help(format!("{} {{ }}", path.text())),
                    );
                }
                Some(Sent::Deleted)
            }
        }
    }

    /// The record that a step speaks of: `D-1`, or `deal/D-1`.
    fn given_record(&mut self, id: &tree::Str, given: &[Given]) -> Option<Subject> {
        let written = id.text.rsplit_once('/').map_or(&*id.text, |(_, id)| id);
        if given.iter().any(|g| g.entity.is_none() && (g.id == id.text || *g.id == *written)) {
            return None;
        }
        let found: Vec<(EntityId, &std::sync::Arc<str>)> = given
            .iter()
            .filter_map(|g| Some((g.entity?, &g.id)))
            .filter(|(entity, given)| {
                let wire = &self.schema.entity(*entity).wire_name;
                **given == id.text
                    || id.text.strip_prefix(&**wire).and_then(|r| r.strip_prefix('/')) == Some(&***given)
            })
            .collect();
        let subject =
            |(entity, id): (EntityId, &std::sync::Arc<str>)| Subject { entity, id: id.clone().into() };
        let message = match &*found {
            [one] => return Some(subject(*one)),
            [] => format!("no record \"{}\" has been given", id.text),
            // The mistake of giving one twice has been reported.
            [first, rest @ ..] if rest.iter().all(|e| e == first) => return Some(subject(*first)),
            _ => format!("\"{}\" is given for several entities", id.text),
        };
        let help = match &*found {
            [] => match suggest::nearest(&id.text, given.iter().map(|g| &*g.id)) {
                // Of two records of one test the other may be meant, or one that was forgotten.
                Some(near) => Advice::say(format!("did you mean `\"{near}\"`?")),
                None => Advice::say(format!("given … \"{}\" {{ … }}", id.text)),
            },
            [(entity, _), ..] => {
                Advice::say(format!("\"{}/{}\"", self.schema.entity(*entity).wire_name, id.text))
            }
        };
        self.report(
            Diagnostic::new(Code::UnknownRecord, id.span, message)
                .label("not known here")
                .advised(Some(help)),
        );
        None
    }

    fn expect_field(
        &mut self,
        field: &tree::Name,
        of: &tree::Str,
        op: &tree::ExpectOp,
        value: &tree::Expr,
        given: &[Given],
    ) -> Option<Checked> {
        let subject = self.given_record(of, given)?;
        let entity = subject.entity;
        if !self.pipelines.iter().any(|pipeline| pipeline.entity == entity) {
            if self.lost_pipeline {
                return None;
            }
            let name = &self.schema.entity(entity).name;
            let message = format!("no pipeline is for `{name}`: nothing but the test changes such a record");
            self.report(
                Diagnostic::new(Code::NothingToExpect, of.span, message)
                    .label("only there to be referred to")
                    .help("expect something of a record that a rule or trigger can change"),
            );
            return None;
        }
        if *field.text != *"pipeline" {
            let before = self.diagnostics.len();
            if self.field_of(entity, field).is_none() && !self.clean_since(before) {
                return None;
            }
        }
        // As in what is given, the name of a stage of any of the entity's pipelines.
        if let (
            tree::ExpectOp::Binary(op @ (tree::BinaryOp::Eq | tree::BinaryOp::Ne)),
            tree::ExprKind::Name(_),
        ) = (op, &*value.kind)
        {
            let equal = *op == tree::BinaryOp::Eq;
            let expected = match &*field.text {
                "stage" => Some(Expected::Stage { name: self.stage_of(entity, None, value)?, equal }),
                "pipeline" => Some(Expected::Pipeline { id: self.pipeline_of(entity, value)?, equal }),
                _ => None,
            };
            if let Some(expected) = expected {
                return Some(Checked::ExpectField { subject, field: field.text.clone().into(), expected });
            }
        }
        let left = tree::Expr { kind: Box::new(tree::ExprKind::Name(field.clone())), span: field.span };
        let kind = match op {
            tree::ExpectOp::Binary(op) => {
                let op_span = Span { start: of.span.end, end: value.span.start, ..field.span };
                let declared = self.schema.entity(entity).fields.iter().find(|f| *f.name == *field.text);
                let (left, right) = Self::compared_files(declared.map(|f| &f.ty), *op, left, value);
                tree::ExprKind::Binary { op: *op, op_span, left, right }
            }
            tree::ExpectOp::Is(test) => {
                tree::ExprKind::Is { value: left, test: *test, test_span: of.span.after() }
            }
        };
        let span = match op {
            tree::ExpectOp::Binary(_) => field.span.to(value.span),
            tree::ExpectOp::Is(_) => field.span.to(of.span),
        };
        let mut scope = Scope { entity: Some(entity), ..Scope::default() };
        // A comparison with a field that is unset is not met: nothing has to be tested first.
        if matches!(op, tree::ExpectOp::Binary(_)) {
            let fields = BUILTIN_FIELDS..self.schema.entity(entity).fields.len();
            use crate::check::scope::{Place, Root};
            let known = |f| Place { root: Root::Field(FieldId(f as u16)), fields: Vec::new() };
            scope.facts.add_all(fields.map(known));
        }
        let expr = self.condition(&tree::Expr { kind: Box::new(kind), span }, &mut scope);
        let expected = Expected::Holds(Box::new(super::finish(expr, scope)));
        Some(Checked::ExpectField { subject, field: field.text.clone().into(), expected })
    }
}

fn as_fields(values: Vec<(u16, Value)>) -> Vec<(FieldId, Value)> {
    values.into_iter().map(|(slot, value)| (FieldId(slot), value)).collect()
}
