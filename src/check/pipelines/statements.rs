//! Statements: what a body does, what it binds, and what is known from one statement to the next.

use super::{Home, take_awaits};
use crate::check::Checker;
use crate::check::scope::{LocalBinding, Place, Root, Scope};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{self, ExprKind, LocalId};
use crate::schema::{BUILTIN_FIELDS, Limits, Type};
use crate::source::Span;
use crate::syntax::tree::{self, StmtKind};
use crate::value::*;
use std::collections::HashMap;
use std::sync::Arc;

/// The body of a rule, while it is checked.
pub(super) struct Body {
    pub home: Home,
    pub rule: RuleId,
    /// The number of the last statement.
    number: u32,
    /// Whether a `let` here is seen by other rules: not in a loop.
    pub publish: bool,
    /// Outputs that have been waited for on the way here: reading them again does not suspend.
    pub awaited: Vec<OutputId>,
}

impl Body {
    pub fn new(home: Home, rule: RuleId) -> Self {
        Body { home, rule, number: 0, publish: true, awaited: Vec::new() }
    }
}

impl Checker<'_> {
    /// The statements of a block, and whether what stands after the block can be reached. What the block binds
    /// is out of sight after it; facts stay.
    pub(super) fn block(
        &mut self,
        block: &tree::Block,
        scope: &mut Scope,
        body: &mut Body,
    ) -> (Vec<model::Stmt>, bool) {
        let locals = scope.locals.len();
        let awaited = body.awaited.len();
        let waits_for = block.statements.iter().any(|s| matches!(s.kind, StmtKind::WaitFor { .. }));
        let before = waits_for.then(|| (scope.event.clone(), scope.old, scope.facts.clone()));
        let mut made = Vec::with_capacity(block.statements.len());
        let mut end: Option<Span> = None;
        let mut said = false;
        for statement in &block.statements {
            if let Some(end) = end
                && !said
            {
                said = true;
                let last = block.statements.last().map_or(statement.span, |s| s.span);
                self.report(
                    Diagnostic::new(Code::Unreachable, statement.span.to(last), "this is never reached")
                        .label("never runs")
                        .also(end, "the rule always ends here")
                        .help("take it away, or put it above"),
                );
            }
            let goes_on = self.statement(statement, scope, body, &mut made);
            if !goes_on && end.is_none() {
                end = Some(statement.span);
            }
        }
        scope.locals.truncate(locals);
        body.awaited.truncate(awaited);
        if let Some((event, old, facts)) = before {
            scope.event = event;
            scope.old = old;
            scope.facts.restore_event(&facts);
        }
        (made, end.is_none())
    }

    /// Adds the checked statement to `made`, and says whether the next one can be reached.
    fn statement(
        &mut self,
        tree: &tree::Stmt,
        scope: &mut Scope,
        body: &mut Body,
        made: &mut Vec<model::Stmt>,
    ) -> bool {
        body.number += 1;
        let number = body.number;
        // A statement that waits for an output does so as a whole, before anything of it is evaluated.
        let waits = self.awaited_by(&heads(tree), scope, &body.awaited);
        if !waits.is_empty() {
            self.forget(scope, tree.span);
            body.awaited.extend(waits);
        }
        scope.awaits.clear();
        let mut awaits = Vec::new();
        let (kind, goes_on) = match &tree.kind {
            StmtKind::Action(call) => (self.call(call, scope).map(model::StmtKind::Action), true),
            StmtKind::LetAction { name, call, at_most, otherwise } => {
                (self.let_action(name, call, at_most, otherwise, scope, body, &mut awaits), true)
            }
            StmtKind::Let { name, value } => (Some(self.let_value(name, value, scope, body)), true),
            StmtKind::Set(assignments) => (Some(self.set(assignments, scope)), true),
            StmtKind::Move(target) => (self.move_to(target, body).map(model::StmtKind::Move), false),
            StmtKind::If { branches, otherwise } => {
                let (kind, goes_on) = self.if_statement(branches, otherwise, scope, body, &mut awaits);
                (Some(kind), goes_on)
            }
            StmtKind::For { name, list, body: inner } => {
                (self.for_statement(name, list, inner, scope, body, &mut awaits), true)
            }
            StmtKind::Wait(e) => {
                let duration = self.expr(e, Some(&Type::Duration), scope);
                self.forget(scope, tree.span);
                (Some(model::StmtKind::Wait(duration)), true)
            }
            StmtKind::WaitUntil(e) => {
                let moment = self.expr(e, None, scope);
                let moment = self.instant(moment, false);
                self.forget(scope, tree.span);
                (Some(model::StmtKind::WaitUntil(moment)), true)
            }
            StmtKind::WaitFor { events, when, at_most, otherwise } => {
                (Some(self.wait_for(events, when, at_most, otherwise, scope, body, &mut awaits)), true)
            }
            StmtKind::Stop => (Some(model::StmtKind::Stop), false),
        };
        awaits.append(&mut take_awaits(scope));
        if let Some(kind) = kind {
            made.push(model::Stmt { kind, number, awaits, span: tree.span });
        }
        goes_on
    }

    #[allow(clippy::too_many_arguments)]
    fn let_action(
        &mut self,
        name: &tree::Name,
        tree: &tree::ActionCall,
        at_most: &Option<tree::Expr>,
        otherwise: &Option<tree::Block>,
        scope: &mut Scope,
        body: &mut Body,
        awaits: &mut Vec<OutputId>,
    ) -> Option<model::StmtKind> {
        let call = self.call(tree, scope);
        let at_most = at_most.as_ref().map(|e| self.expr(e, Some(&Type::Duration), scope));
        awaits.append(&mut take_awaits(scope));
        self.forget(scope, tree.span);
        let mut optional = false;
        let otherwise = otherwise.as_ref().map(|block| {
            let mut facts = scope.facts.clone();
            std::mem::swap(&mut facts, &mut scope.facts);
            let (statements, goes_on) = self.block(block, scope, body);
            std::mem::swap(&mut facts, &mut scope.facts);
            if goes_on {
                optional = true;
                scope.facts.meet(&facts);
            }
            statements
        });
        let Some(call) = call else {
            // Whatever the action is: what it gives is not known, and that has been said.
            self.bind_value(name, Type::Error, scope);
            return None;
        };
        let outputs: Vec<(Arc<str>, Type)> = self
            .schema
            .action(call.action)
            .outputs
            .iter()
            .map(|o| (Arc::from(&*o.name), if optional { o.ty.clone().optional() } else { o.ty.clone() }))
            .collect();
        let mut bind = Vec::with_capacity(outputs.len());
        let mut publish = Vec::with_capacity(outputs.len());
        let mut binding = Vec::with_capacity(outputs.len());
        for (output, ty) in outputs {
            let path: Arc<str> = format!("{}.{output}", name.text).into();
            let local = scope.new_local(&path, ty);
            publish.push(self.published(&path, body));
            bind.push(local);
            binding.push((output, local));
        }
        self.bind_local(name, LocalBinding::Outputs(binding), scope);
        Some(model::StmtKind::LetAction { call, bind, publish, at_most, otherwise })
    }

    fn let_value(
        &mut self,
        name: &tree::Name,
        value: &tree::Expr,
        scope: &mut Scope,
        body: &Body,
    ) -> model::StmtKind {
        let value = self.expr(value, None, scope);
        let local = self.bind_value(name, value.ty.clone(), scope);
        let publish = self.published(&name.text, body);
        if let Some(output) = publish
            && value.ty != Type::Error
        {
            let info = &mut self.outputs[output.index()];
            info.ty = value.ty.clone();
            info.known = true;
        }
        model::StmtKind::Let { local, value, publish }
    }

    fn published(&self, path: &str, body: &Body) -> Option<OutputId> {
        body.publish.then(|| self.rule_names.outputs.get(&(body.rule, Arc::from(path))).copied())?
    }

    pub(super) fn bind_value(&mut self, name: &tree::Name, ty: Type, scope: &mut Scope) -> LocalId {
        let local = scope.new_local(&name.text, ty);
        self.bind_local(name, LocalBinding::Value(local), scope);
        local
    }

    fn set(&mut self, assignments: &[tree::Assignment], scope: &mut Scope) -> model::StmtKind {
        let mut made = Vec::with_capacity(assignments.len());
        let mut given: HashMap<&str, Span> = HashMap::new();
        let mut known = Vec::new();
        let Some(entity) = scope.entity else { return model::StmtKind::Set(made) };
        for assignment in assignments {
            let name = &assignment.field;
            if let Some(before) = given.insert(&name.text, name.span) {
                self.given_twice("field", name, before);
                continue;
            }
            let Some(field) = self.field_named(entity, &name.text) else {
                let ty = self.field_type_for(&assignment.value, scope);
                self.no_such_field(entity, name, &ty);
                continue;
            };
            if field.index() < BUILTIN_FIELDS {
                self.read_only(name);
                continue;
            }
            let def = &self.schema.entity(entity).fields[field.index()];
            let (ty, limits) = (def.ty.clone(), def.limits.clone());
            let value = self.expr(&assignment.value, Some(&ty), scope);
            if limits != Limits::default() {
                let what = format!("the field `{}`", name.text);
                let place =
                    self.places.fields.get(entity.index()).and_then(|f| f.get(field.index())).copied();
                self.check_value_limits(&what, &ty, &limits, &value, place);
            }
            if ty.is_optional() && is_set(&value) {
                known.push(field);
            }
            made.push((field, value));
        }
        // All values are computed before any field changes.
        for (field, _) in &made {
            scope.facts.forget_field(*field);
        }
        for field in known {
            scope.facts.add(Place { root: Root::Field(field), fields: Vec::new() });
        }
        model::StmtKind::Set(made)
    }

    /// The type that a field for this value would be declared with.
    fn field_type_for(&mut self, value: &tree::Expr, scope: &mut Scope) -> String {
        if let tree::ExprKind::Name(name) = &*value.kind
            && self.quiet_name(name, scope).is_none()
        {
            let has = |e: &&crate::schema::Enum| e.values.iter().any(|v| *v.name == *name.text);
            let of = self.schema.enums.iter().filter(|e| !e.name.contains('.')).find(has);
            return of.map_or("text?".into(), |of| format!("{}?", of.name));
        }
        let ty = self.quiet(value, None, scope).ty;
        match ty.inner() {
            Type::Error | Type::Never => "text?".into(),
            Type::List(of) if **of == Type::Never => "list of text".into(),
            inner => self.schema.type_name(&inner.clone().optional()),
        }
    }

    pub(super) fn read_only(&mut self, name: &tree::Name) {
        let help = match &*name.text {
            "stage" => Some("move to …"),
            _ => Some("take it away"),
        };
        self.report(
            Diagnostic::new(Code::ReadOnlyField, name.span, format!("`{}` cannot be set", name.text))
                .label("every record has it, and nobody sets it")
                .maybe_help(help.map(Into::into)),
        );
    }

    /// A stage among the changes that a test sends: it changes by another event.
    pub(super) fn moved_by_hand(&mut self, entity: EntityId, arg: &tree::Arg) {
        let name = &arg.name;
        let wire = &self.schema.entity(entity).wire_name;
        let help =
            format!("send {wire}.moved {{ {}: {} }} to …", name.text, self.sources.text(arg.value.span));
        self.report(
            Diagnostic::new(
                Code::ReadOnlyField,
                name.span,
                format!("`{}` is no field that changes", name.text),
            )
            .label("a record is moved by an event of its own")
            .help(help),
        );
    }

    fn move_to(&mut self, target: &tree::MoveTarget, body: &Body) -> Option<StageId> {
        let own = &self.pipelines[body.home.pipeline.index()];
        let path = match target {
            tree::MoveTarget::Stage(path) => path,
            tree::MoveTarget::Hole(span) => {
                let stages = own.stages.iter().filter(|s| Some(**s) != body.home.stage);
                let stages = super::listed(stages.map(|s| &*self.stages[s.index()].name), "or");
                let message = if stages.is_empty() {
                    "a stage is wanted here".to_owned()
                } else {
                    format!("a stage is wanted here: {stages}")
                };
                self.report(Diagnostic::new(Code::Hole, *span, message));
                return None;
            }
        };
        let found = match &*path.parts {
            [stage] => match self.pipeline_stage(body.home.pipeline, &stage.text) {
                Some(id) => Some(id),
                None => {
                    self.unknown_stage(stage, body.home);
                    None
                }
            },
            [pipeline, stage] => self.foreign_stage(pipeline, stage, path.span, body.home),
            _ => {
                let message = format!("`{}` is no stage", path.text());
                self.report(
                    Diagnostic::new(Code::UnknownStage, path.span, message)
                        .label("a stage, or a pipeline and a stage, is wanted here")
                        .maybe_help(path.parts.split_last().and_then(|(last, rest)| {
                            Some(format!("move to {}.{}", rest.last()?.text, last.text))
                        })),
                );
                None
            }
        }?;
        if Some(found) == body.home.stage {
            let stage = &self.stages[found.index()];
            let message = format!("the record stands in `{}` already", stage.name);
            let place = stage.span;
            self.report(
                Diagnostic::new(Code::MoveToOwnStage, path.span, message)
                    .label("the rule's own stage")
                    .also(place, "this rule stands here")
                    .help("stop"),
            );
            return None;
        }
        Some(found)
    }

    pub(super) fn pipeline_stage(&self, pipeline: PipelineId, name: &str) -> Option<StageId> {
        let stages = &self.pipelines.get(pipeline.index())?.stages;
        stages.iter().copied().find(|s| *self.stages[s.index()].name == *name)
    }

    /// `Service.New`
    fn foreign_stage(
        &mut self,
        pipeline: &tree::Name,
        stage: &tree::Name,
        span: Span,
        home: Home,
    ) -> Option<StageId> {
        let Some((id, declared)) = self.names.pipelines.get(&pipeline.text).copied() else {
            let known = self.names.pipelines.keys().map(|k| &**k);
            let help = Advice::near(pipeline.span, &pipeline.text, known).or_else(|| {
                let own = self.pipeline_stage(home.pipeline, &stage.text)?;
                let name = self.stages[own.index()].name.to_string();
                let help = format!("move to {name}");
                Some(Advice::write(span, name).saying(help))
            });
            let message = format!("there is no pipeline `{}`", pipeline.text);
            self.report(
                Diagnostic::new(Code::UnknownStage, pipeline.span, message)
                    .label("not declared anywhere")
                    .advised(help),
            );
            return None;
        };
        let entity = self.pipelines[id.index()].entity;
        if entity != home.entity {
            let (theirs, ours) = (&self.schema.entity(entity).name, &self.schema.entity(home.entity).name);
            let message = format!("a `{ours}` cannot move to the pipeline `{}`", pipeline.text);
            let diagnostic = Diagnostic::new(Code::MoveToPipeline, span, message)
                .label(format!("for `{theirs}`"))
                .also(declared, "declared here");
            let mut own = self.pipelines[home.pipeline.index()].stages.iter();
            let first = own.find(|s| Some(**s) != home.stage).map(|s| self.stages[s.index()].name.clone());
            self.report(diagnostic.maybe_help(first.map(|first| format!("move to {first}"))));
            return None;
        }
        let found = self.pipeline_stage(id, &stage.text);
        if found.is_none() {
            let stages = self.pipelines[id.index()].stages.iter().map(|s| &*self.stages[s.index()].name);
            let help = Advice::near(stage.span, &stage.text, stages);
            let message = format!("pipeline `{}` has no stage `{}`", pipeline.text, stage.text);
            self.report(
                Diagnostic::new(Code::UnknownStage, stage.span, message)
                    .label("no stage of this name")
                    .also(declared, "the pipeline")
                    .advised(help),
            );
        }
        found
    }

    fn unknown_stage(&mut self, name: &tree::Name, home: Home) {
        let own = &self.pipelines[home.pipeline.index()];
        let elsewhere: Vec<String> = self
            .pipelines
            .iter()
            .filter(|p| p.entity == home.entity)
            .filter(|p| p.stages.iter().any(|s| *self.stages[s.index()].name == *name.text))
            .map(|p| format!("{}.{}", p.name, name.text))
            .collect();
        let mut code = Code::UnknownStage;
        let mut message = format!("pipeline `{}` has no stage `{}`", own.name, name.text);
        let mut label = "no stage of this name";
        let help = match &*elsewhere {
            [] => match self.names.pipelines.get(&name.text) {
                Some((id, _)) => {
                    code = Code::MoveToPipeline;
                    message = format!("`{}` is a pipeline: say to which of its stages", name.text);
                    label = "a pipeline";
                    let first = self.pipelines[id.index()].stages.first();
                    first.map(|s| {
                        Advice::say(format!("move to {}.{}", name.text, self.stages[s.index()].name))
                    })
                }
                None => {
                    let stages = own.stages.iter().map(|s| &*self.stages[s.index()].name);
                    Advice::near(name.span, &name.text, stages)
                        .or_else(|| Some(Advice::say(format!("stage {} \"…\" {{ }}", name.text))))
                }
            },
            [one] => {
                label = "a stage of another pipeline";
                Some(Advice::write(name.span, one.as_str()).saying(format!("move to {one}")))
            }
            [first, ..] => {
                code = Code::MoveToPipeline;
                label = "a stage of several other pipelines";
                message = format!(
                    "`{}` could be {}",
                    name.text,
                    super::listed(elsewhere.iter().map(|e| &**e), "or")
                );
                Some(Advice::say(format!("move to {first}")))
            }
        };
        self.report(Diagnostic::new(code, name.span, message).label(label).advised(help));
    }
}

/// The expressions that a statement evaluates itself, without those of its blocks.
fn heads(tree: &tree::Stmt) -> Vec<&tree::Expr> {
    match &tree.kind {
        StmtKind::Action(call) => call.params.iter().map(|p| &p.value).collect(),
        StmtKind::LetAction { call, at_most, .. } => {
            call.params.iter().map(|p| &p.value).chain(at_most).collect()
        }
        StmtKind::Let { value, .. } => vec![value],
        StmtKind::Set(assignments) => assignments.iter().map(|a| &a.value).collect(),
        StmtKind::If { branches, .. } => branches.iter().map(|(condition, _)| condition).collect(),
        StmtKind::For { list, .. } => vec![list],
        StmtKind::Wait(e) | StmtKind::WaitUntil(e) => vec![e],
        StmtKind::WaitFor { when, at_most, .. } => when.iter().chain(at_most).collect(),
        StmtKind::Move(_) | StmtKind::Stop => Vec::new(),
    }
}

/// Whether a value of an optional type is certainly there.
fn is_set(value: &model::Expr) -> bool {
    match &value.kind {
        ExprKind::Convert { to: model::Conversion::ToOptional, .. }
        | ExprKind::Text(_)
        | ExprKind::List(_) => true,
        ExprKind::Const(value) => *value != Value::None,
        ExprKind::If { then, otherwise, .. } => is_set(then) && is_set(otherwise),
        _ => !value.ty.is_optional() && value.ty != Type::Error,
    }
}

/// Where a loop's body can suspend, and which fields it may set to something that may be `none`: what is
/// known when the loop begins must also hold when it begins again.
pub(super) struct LoopEffects<'t> {
    /// The first statement that suspends.
    pub suspends: Option<Span>,
    pub sets: Vec<&'t tree::Name>,
    /// Everything that its statements evaluate.
    pub heads: Vec<&'t tree::Expr>,
}

impl<'t> LoopEffects<'t> {
    pub fn of(block: &'t tree::Block) -> Self {
        let mut effects = LoopEffects { suspends: None, sets: Vec::new(), heads: Vec::new() };
        let mut open = vec![block];
        while let Some(block) = open.pop() {
            for statement in &block.statements {
                effects.heads.extend(heads(statement));
                match &statement.kind {
                    StmtKind::LetAction { otherwise, .. } | StmtKind::WaitFor { otherwise, .. } => {
                        effects.suspends.get_or_insert(statement.span);
                        open.extend(otherwise);
                    }
                    StmtKind::Wait(_) | StmtKind::WaitUntil(_) => {
                        effects.suspends.get_or_insert(statement.span);
                    }
                    StmtKind::Set(assignments) => {
                        let lost = assignments.iter().filter(|a| may_be_none(&a.value));
                        effects.sets.extend(lost.map(|a| &a.field));
                    }
                    StmtKind::If { branches, otherwise } => {
                        open.extend(branches.iter().map(|(_, block)| block));
                        open.extend(otherwise);
                    }
                    StmtKind::For { body, .. } => open.push(body),
                    StmtKind::Action(_) | StmtKind::Let { .. } | StmtKind::Move(_) | StmtKind::Stop => {}
                }
            }
        }
        effects
    }
}

/// Whether a value may be `none`, as far as its form tells.
fn may_be_none(e: &tree::Expr) -> bool {
    use tree::ExprKind::*;
    let mut open = vec![e];
    while let Some(e) = open.pop() {
        match &*e.kind {
            Literal(tree::Literal::None) | Name(_) | Member { .. } | Call { .. } | MethodCall { .. } => {
                return true;
            }
            Paren(inner) => open.push(inner),
            If { then, otherwise, .. } => open.extend([then, otherwise]),
            Binary { op: tree::BinaryOp::Default, right, .. } => open.push(right),
            _ => {}
        }
    }
    false
}
