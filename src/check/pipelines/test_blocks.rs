//! `test` blocks: what they name exists, and what they give and expect has the right type.

use super::actions::Members;
use crate::check::Checker;
use crate::check::scope::Scope;
use crate::diagnostic::{Advice, Code, Diagnostic, suggest};
use crate::schema::{BUILTIN_FIELDS, Type};
use crate::source::Span;
use crate::syntax::tree::{self, StepKind};
use crate::value::*;

/// A record that a test has given.
struct Given {
    entity: EntityId,
    id: std::sync::Arc<str>,
    span: Span,
}

impl Checker<'_> {
    pub fn tests(&mut self, tests: &[&tree::Test]) {
        let mut names: std::collections::HashMap<&str, Span> = std::collections::HashMap::new();
        for test in tests {
            if let Some(before) = names.insert(&test.name.text, test.name.span) {
                let message = format!("two tests are called \"{}\"", test.name.text);
                self.twice(test.name.span, before, message, None);
            }
            let mut given = Vec::new();
            for step in &test.steps {
                self.step(step, &mut given);
            }
        }
    }

    fn step(&mut self, step: &tree::Step, given: &mut Vec<Given>) {
        let mut scope = Scope { constant: true, ..Scope::default() };
        match &step.kind {
            StepKind::Given { entity, id, fields } => self.given(entity, id, fields, given),
            StepKind::At(e) => {
                self.constant_value(e, &Type::DateTime, &mut scope);
            }
            StepKind::Wait(e) => {
                if let Some(Value::Duration(d)) = self.constant_value(e, &Type::Duration, &mut scope)
                    && d.total_seconds() <= 0
                {
                    self.report(
                        Diagnostic::new(Code::BadPeriod, e.span, "this time is not longer than nothing")
                            .label("must be positive")
                            .help("wait 3 days"),
                    );
                }
            }
            StepKind::Send { event, payload, to } => self.send(event, payload, to, given),
            StepKind::ReplyWith { action, outputs } => {
                if let Some(action_id) = self.action_named(action) {
                    let members = Members::Outputs(action_id);
                    self.constant_members(members, outputs);
                    self.all_given(members, outputs, action.span);
                }
            }
            StepKind::ReplyFails { action, .. } => {
                self.action_named(action);
            }
            StepKind::ExpectField { field, of, op, value } => self.expect_field(field, of, op, value, given),
            StepKind::ExpectAction { action, params, .. } => {
                if let Some(action_id) = self.action_named(action) {
                    self.constant_members(Members::Params(action_id), params);
                }
            }
        }
    }

    fn given(&mut self, name: &tree::Name, id: &tree::Str, fields: &[tree::Arg], given: &mut Vec<Given>) {
        let entities = &self.schema.entities;
        let Some(at) = entities.iter().position(|e| *e.wire_name == *name.text) else {
            let by_name = entities.iter().find(|e| *e.name == *name.text).map(|e| &*e.wire_name);
            let known = entities.iter().map(|e| &*e.wire_name);
            let help = match by_name {
                Some(wire) => {
                    let help = format!("given {wire} \"{}\" {{ … }}", id.text);
                    Some(Advice::write(name.span, wire).saying(help))
                }
                None => Advice::near(name.span, &name.text, known),
            };
            let label = if by_name.is_some() { "in lower case here" } else { "no entity of this name" };
            let message = format!("there is no `{}` to give", name.text);
            self.report(Diagnostic::new(Code::UnknownEntity, name.span, message).label(label).advised(help));
            return;
        };
        let entity = EntityId(at as u16);
        if let Some(before) = given.iter().find(|g| g.entity == entity && g.id == id.text) {
            let message = format!("{} `{}` is there already", name.text, id.text);
            let before = before.span;
            self.report(
                Diagnostic::new(Code::GivenTwice, id.span, message)
                    .label("given again here")
                    .also(before, "first given here")
                    .help(format!("send {}.updated {{ … }} to \"{}\"", name.text, id.text)),
            );
        }
        given.push(Given { entity, id: id.text.clone(), span: id.span });
        self.record(entity, fields);
        self.all_given(Members::Fields(entity), fields, name.span);
    }

    /// The fields of a record, with `pipeline` and `stage` among them.
    fn record(&mut self, entity: EntityId, fields: &[tree::Arg]) {
        let is_place = |arg: &&tree::Arg| matches!(&*arg.name.text, "pipeline" | "stage");
        let plain: Vec<tree::Arg> = fields.iter().filter(|a| !is_place(a)).cloned().collect();
        self.constant_members(Members::Fields(entity), &plain);
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
                None => return,
            },
            None => None,
        };
        if let Some(arg) = stage {
            self.stage_of(entity, chosen, &arg.value);
        }
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
    fn stage_of(&mut self, entity: EntityId, pipeline: Option<PipelineId>, e: &tree::Expr) {
        let tree::ExprKind::Name(name) = &*e.kind else {
            self.no_place(e.span, "the name of a stage is wanted here", None);
            return;
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
        }
    }

    fn no_place(&mut self, span: Span, message: &str, help: Option<Advice>) {
        self.report(Diagnostic::new(Code::UnknownStage, span, message).label("not known").advised(help));
    }

    fn constant_members(&mut self, of: Members, args: &[tree::Arg]) {
        let mut scope = Scope { constant: true, ..Scope::default() };
        let values = self.given_members(of, args, &mut scope);
        for (_, value) in values {
            if value.ty != Type::Error && !self.is_constant(&value) {
                let message = "a test gives and expects what is known beforehand";
                self.report(
                    Diagnostic::new(Code::NotConstant, value.span, message).label("only known in the run"),
                );
            }
        }
    }

    fn send(&mut self, path: &tree::Path, payload: &[tree::Arg], to: &tree::Str, given: &[Given]) {
        let record = self.given_record(to, given);
        let name = path.text();
        if let Some((event, declared)) = self.names.events.get(name.as_str()).copied() {
            if let Some(entity) = record {
                self.possible_event(event, declared, path.span, entity);
            }
            let members = Members::Payload(event);
            self.constant_members(members, payload);
            self.all_given(members, payload, path.span);
            return;
        }
        if let Some((subject, what)) = name.rsplit_once('.')
            && let Some(at) = self.schema.entities.iter().position(|e| *e.wire_name == *subject)
            && matches!(what, "created" | "updated" | "moved" | "deleted")
        {
            self.send_life(EntityId(at as u16), what, path, payload, to, record);
            return;
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
    }

    /// `deal.updated`, `deal.moved`, `deal.deleted`
    fn send_life(
        &mut self,
        entity: EntityId,
        what: &str,
        path: &tree::Path,
        payload: &[tree::Arg],
        to: &tree::Str,
        record: Option<EntityId>,
    ) {
        let wire = self.schema.entity(entity).wire_name.clone();
        if record.is_some_and(|e| e != entity) {
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
            }
            "updated" => self.constant_members(Members::Fields(entity), payload),
            "moved" => {
                self.record(entity, payload);
                if !payload.iter().any(|a| *a.name.text == *"stage") {
                    let message = format!("`{}` needs `stage`", path.text());
                    self.report(
                        Diagnostic::new(Code::MissingParameter, path.span, message)
                            .label("one member is missing")
                            .help("add `stage: ?`"),
                    );
                }
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
            }
        }
    }

    /// The entity of the record that a step speaks of: `D-1`, or `deal/D-1`.
    fn given_record(&mut self, id: &tree::Str, given: &[Given]) -> Option<EntityId> {
        let found: Vec<EntityId> = given
            .iter()
            .filter(|g| {
                let wire = &self.schema.entity(g.entity).wire_name;
                *g.id == *id.text
                    || id.text.strip_prefix(&**wire).and_then(|r| r.strip_prefix('/')) == Some(&*g.id)
            })
            .map(|g| g.entity)
            .collect();
        let message = match &*found {
            [one] => return Some(*one),
            [] => format!("no record \"{}\" has been given", id.text),
            // The mistake of giving one twice has been reported.
            [first, rest @ ..] if rest.iter().all(|e| e == first) => return Some(*first),
            _ => format!("\"{}\" is given for several entities", id.text),
        };
        let help = match &*found {
            [] => suggest::did_you_mean(&id.text, given.iter().map(|g| &*g.id))
                .or_else(|| Some(format!("given … \"{}\" {{ … }}", id.text))),
            [first, ..] => Some(format!("\"{}/{}\"", self.schema.entity(*first).wire_name, id.text)),
        };
        self.report(
            Diagnostic::new(Code::UnknownRecord, id.span, message).label("not known here").maybe_help(help),
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
    ) {
        let Some(entity) = self.given_record(of, given) else { return };
        if *field.text != *"pipeline" {
            let before = self.diagnostics.len();
            if self.field_of(entity, field).is_none() && !self.clean_since(before) {
                return;
            }
        }
        // As in what is given, the name of a stage of any of the entity's pipelines.
        if let (tree::ExpectOp::Binary(tree::BinaryOp::Eq | tree::BinaryOp::Ne), tree::ExprKind::Name(_)) =
            (op, &*value.kind)
        {
            match &*field.text {
                "stage" => return self.stage_of(entity, None, value),
                "pipeline" => {
                    self.pipeline_of(entity, value);
                    return;
                }
                _ => {}
            }
        }
        let left = tree::Expr { kind: Box::new(tree::ExprKind::Name(field.clone())), span: field.span };
        let kind = match op {
            tree::ExpectOp::Binary(op) => {
                let op_span = Span { start: of.span.end, end: value.span.start, ..field.span };
                tree::ExprKind::Binary { op: *op, op_span, left, right: value.clone() }
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
        // What is expected of a field that is unset is not met: nothing has to be tested first.
        let fields = BUILTIN_FIELDS..self.schema.entity(entity).fields.len();
        use crate::check::scope::{Place, Root};
        scope
            .facts
            .add_all(fields.map(|f| Place { root: Root::Field(FieldId(f as u16)), fields: Vec::new() }));
        self.condition(&tree::Expr { kind: Box::new(kind), span }, &mut scope);
    }
}
