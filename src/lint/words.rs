//! Every name that a program uses, wherever it stands: what is not among them is certainly not used.

use crate::syntax::tree::*;
use std::collections::HashSet;
use std::sync::Arc;

/// The names that are used, of whatever kind.
#[derive(Default)]
pub struct Words {
    used: HashSet<Arc<str>>,
}

impl Words {
    pub fn of<'t>(items: impl Iterator<Item = &'t Item>) -> Self {
        let mut words = Words::default();
        items.for_each(|item| words.item(item));
        words
    }

    pub fn hold(&self, name: &str) -> bool {
        self.used.contains(name)
    }

    fn name(&mut self, name: &Name) {
        if !self.used.contains(&name.text) {
            self.used.insert(name.text.clone());
        }
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::UseLibrary(_)
            | ItemKind::UseFile(_)
            | ItemKind::Currency(_)
            | ItemKind::Rates { .. }
            | ItemKind::Enum { .. }
            | ItemKind::Opaque { .. } => {}
            ItemKind::Entity(entity) => self.fields(&entity.fields),
            ItemKind::Extend { entity, fields } => {
                self.name(entity);
                self.fields(fields);
            }
            ItemKind::Event(event) => {
                event.on.iter().for_each(|name| self.name(name));
                self.fields(&event.payload);
            }
            ItemKind::Action(action) => {
                self.fields(&action.params);
                self.fields(&action.outputs);
            }
            ItemKind::Principal(principal) => {
                for entry in &principal.entries {
                    if let PrincipalValue::Expr(e) = &entry.value {
                        self.expr(e);
                    }
                }
            }
            ItemKind::Calendar(_) => {}
            ItemKind::Const { value, .. } => self.expr(value),
            ItemKind::Fn(function) => {
                function.params.iter().for_each(|(_, ty)| self.type_expr(ty));
                self.type_expr(&function.result);
                self.expr(&function.body);
            }
            ItemKind::Pipeline(pipeline) => self.pipeline(pipeline),
            ItemKind::Test(test) => test.steps.iter().for_each(|step| self.step(&step.kind)),
        }
    }

    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            self.type_expr(&field.ty);
            for limit in &field.limits {
                if let Limit::Min(e, _) | Limit::Max(e, _) = limit {
                    self.expr(e);
                }
            }
            field.default.iter().for_each(|e| self.expr(e));
        }
    }

    fn type_expr(&mut self, ty: &TypeExpr) {
        match &ty.kind {
            TypeKind::Name(name) | TypeKind::MoneyIn(name) => self.name(name),
            TypeKind::Enum(_) => {}
            TypeKind::ListOf(inner) | TypeKind::Optional(inner) => self.type_expr(inner),
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        self.name(&pipeline.entity);
        for setting in &pipeline.settings {
            if let SettingValue::Name(name) = &setting.value {
                self.name(name);
            }
        }
        for member in &pipeline.members {
            match member {
                PipelineMember::Rule(rule) => self.rule(rule),
                PipelineMember::Stage(stage) => {
                    for member in &stage.members {
                        match member {
                            StageMember::Rule(rule) => self.rule(rule),
                            StageMember::Trigger(trigger) => {
                                self.patterns(&trigger.events);
                                trigger.when.iter().for_each(|e| self.expr(e));
                            }
                        }
                    }
                }
            }
        }
    }

    fn patterns(&mut self, patterns: &[EventPattern]) {
        for pattern in patterns {
            match &pattern.kind {
                EventPatternKind::Named(event) => self.args(&event.settings),
                EventPatternKind::Change { from, to, .. } => from.iter().chain(to).for_each(|e| self.expr(e)),
                EventPatternKind::Count { event, within: time, .. }
                | EventPatternKind::Absence { event, period: time } => {
                    self.args(&event.settings);
                    self.expr(time);
                }
                EventPatternKind::AnyChange | EventPatternKind::Hole => {}
            }
        }
    }

    fn args(&mut self, args: &[Arg]) {
        args.iter().for_each(|arg| self.expr(&arg.value));
    }

    fn rule(&mut self, rule: &Rule) {
        for clause in &rule.clauses {
            match &clause.kind {
                ClauseKind::On(patterns) => self.patterns(patterns),
                ClauseKind::After(e) | ClauseKind::At { instant: e, .. } | ClauseKind::When(e) => {
                    self.expr(e)
                }
                ClauseKind::During(During::Calendar(name)) => self.name(name),
                ClauseKind::During(During::HoursOf(e)) => self.expr(e),
                ClauseKind::Once | ClauseKind::Overlap(_) | ClauseKind::Detached => {}
            }
        }
        self.block(&rule.body);
    }

    fn block(&mut self, block: &Block) {
        block.statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Action(call) => self.args(&call.params),
            StmtKind::LetAction { call, at_most, otherwise, .. } => {
                self.args(&call.params);
                at_most.iter().for_each(|e| self.expr(e));
                otherwise.iter().for_each(|block| self.block(block));
            }
            StmtKind::Let { value, .. } | StmtKind::Wait(value) | StmtKind::WaitUntil(value) => {
                self.expr(value)
            }
            StmtKind::Set(assignments) => assignments.iter().for_each(|a| self.expr(&a.value)),
            StmtKind::If { branches, otherwise } => {
                for (condition, block) in branches {
                    self.expr(condition);
                    self.block(block);
                }
                otherwise.iter().for_each(|block| self.block(block));
            }
            StmtKind::For { list, body, .. } => {
                self.expr(list);
                self.block(body);
            }
            StmtKind::WaitFor { events, when, at_most, otherwise } => {
                self.patterns(events);
                when.iter().chain(at_most).for_each(|e| self.expr(e));
                otherwise.iter().for_each(|block| self.block(block));
            }
            StmtKind::Move(_) | StmtKind::Stop => {}
        }
    }

    fn expr(&mut self, e: &Expr) {
        match &*e.kind {
            ExprKind::Literal(_) | ExprKind::Hole | ExprKind::Error => {}
            ExprKind::Text(text) => {
                for part in &text.parts {
                    if let TextPart::Placeholder { value, .. } = part {
                        self.expr(value);
                    }
                }
            }
            ExprKind::List(items) => items.iter().for_each(|e| self.expr(e)),
            ExprKind::Name(name) => self.name(name),
            ExprKind::Member { base, name } => {
                self.expr(base);
                self.name(name);
            }
            ExprKind::Call { name, args } => {
                self.name(name);
                self.call_args(args);
            }
            ExprKind::MethodCall { base, name, args } => {
                self.expr(base);
                self.name(name);
                self.call_args(args);
            }
            ExprKind::Not(x) | ExprKind::Neg(x) | ExprKind::Paren(x) => self.expr(x),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Between { value, low, high } => {
                [value, low, high].into_iter().for_each(|e| self.expr(e));
            }
            ExprKind::Matches { value, .. } | ExprKind::Is { value, .. } => self.expr(value),
            ExprKind::If { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|e| self.expr(e));
            }
        }
    }

    fn call_args(&mut self, args: &[CallArg]) {
        for arg in args {
            match &arg.value {
                ArgValue::Expr(e) | ArgValue::Lambda { body: e, .. } => self.expr(e),
            }
        }
    }

    fn step(&mut self, step: &StepKind) {
        match step {
            StepKind::Given { entity, fields, .. } => {
                self.name(entity);
                self.args(fields);
            }
            StepKind::At(e) | StepKind::Wait(e) => self.expr(e),
            StepKind::Send { payload: args, .. }
            | StepKind::ReplyWith { outputs: args, .. }
            | StepKind::ExpectAction { params: args, .. } => self.args(args),
            StepKind::ExpectField { value, .. } => self.expr(value),
            StepKind::ReplyFails { .. } => {}
        }
    }
}
