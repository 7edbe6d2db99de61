//! Branches, loops and waiting for events.

use super::statements::{Body, LoopEffects};
use super::take_awaits;
use crate::check::Checker;
use crate::check::scope::{EventScope, Facts, OldScope, Scope};
use crate::diagnostic::{Code, Diagnostic};
use crate::model;
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree;
use crate::value::*;

impl Checker<'_> {
    /// Also says whether the statement after it can be reached.
    pub(super) fn if_statement(
        &mut self,
        branches: &[(tree::Expr, tree::Block)],
        otherwise: &Option<tree::Block>,
        scope: &mut Scope,
        body: &mut Body,
        awaits: &mut Vec<OutputId>,
    ) -> (model::StmtKind, bool) {
        // What is known where all the ways that go on meet.
        let mut after: Option<Facts> = None;
        let mut join = |facts: &Facts| match &mut after {
            Some(after) => after.meet(facts),
            None => after = Some(facts.clone()),
        };
        // What is known where no condition so far held.
        let mut rest = scope.facts.clone();
        let mut made = Vec::with_capacity(branches.len());
        for (condition, block) in branches {
            scope.facts = rest.clone();
            let condition = self.condition(condition, scope);
            awaits.append(&mut take_awaits(scope));
            let (holds, fails) = Checker::facts(&condition);
            scope.facts.add_all(holds);
            // Of a condition with a mistake nobody knows what it would have tested.
            scope.untold |= condition.ty == Type::Error;
            let (statements, goes_on) = self.block(block, scope, body);
            if goes_on {
                join(&scope.facts);
            }
            rest.add_all(fails);
            made.push((condition, statements));
        }
        scope.facts = rest;
        let otherwise = match otherwise {
            Some(block) => {
                let (statements, goes_on) = self.block(block, scope, body);
                if goes_on {
                    join(&scope.facts);
                }
                Some(statements)
            }
            None => {
                join(&scope.facts);
                None
            }
        };
        let goes_on = after.is_some();
        if let Some(after) = after {
            scope.facts = after;
        }
        (model::StmtKind::If { branches: made, otherwise }, goes_on)
    }

    pub(super) fn for_statement(
        &mut self,
        name: &tree::Name,
        list: &tree::Expr,
        block: &tree::Block,
        scope: &mut Scope,
        body: &mut Body,
        awaits: &mut Vec<OutputId>,
    ) -> Option<model::StmtKind> {
        let list = self.expr(list, None, scope);
        awaits.append(&mut take_awaits(scope));
        let element = match &list.ty {
            Type::List(element) => (**element).clone(),
            Type::Error => Type::Error,
            ty => {
                self.no_list(&list, ty.clone());
                Type::Error
            }
        };
        self.forget_for_loop(name.span, block, scope, body);
        let local = self.bind_value(name, element, scope);
        let before = scope.facts.clone();
        let publish = std::mem::replace(&mut body.publish, false);
        let (statements, goes_on) = self.block(block, scope, body);
        body.publish = publish;
        scope.locals.pop();
        // The list may be empty.
        if goes_on {
            scope.facts.meet(&before);
        } else {
            scope.facts = before;
        }
        Some(model::StmtKind::For { local, list, body: statements })
    }

    /// The record may have changed at this place, and with it what rules bind, but for those of the own stage
    /// that run once for an entry: those have ended.
    pub(super) fn forget(&self, scope: &mut Scope, at: Span) {
        let lasts = |id: OutputId| {
            self.outputs.get(id.index()).is_some_and(|o| Some(o.stage) == scope.stage && !o.on_rule)
        };
        scope.facts.forget_record(at, lasts);
    }

    /// Forgets before a loop what its body may make wrong.
    fn forget_for_loop(&mut self, loop_span: Span, block: &tree::Block, scope: &mut Scope, body: &Body) {
        let effects = LoopEffects::of(block);
        let reads = !self.awaited_by(&effects.heads, scope, &body.awaited).is_empty();
        if let Some(at) = effects.suspends.or(reads.then_some(loop_span)) {
            self.forget(scope, at);
            return;
        }
        let Some(entity) = scope.entity else { return };
        let fields = &self.schema.entity(entity).fields;
        for name in effects.sets {
            if let Some(at) = fields.iter().position(|f| *f.name == *name.text) {
                scope.facts.forget_field(FieldId(at as u16));
            }
        }
    }

    fn no_list(&mut self, list: &model::Expr, ty: Type) {
        let text = self.sources.text(list.span).to_owned();
        let (message, label, help) = match ty {
            Type::Optional(inner) if matches!(*inner, Type::List(_)) => {
                ("this list may be unset", "optional".to_owned(), format!("for … in {text} ?? [] {{ … }}"))
            }
            ty => {
                let label = self.a(&ty);
                ("`for` goes through a list, and this is none", label, format!("for … in [{text}] {{ … }}"))
            }
        };
        self.report(Diagnostic::new(Code::NotAList, list.span, message).label(label).help(help));
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn wait_for(
        &mut self,
        events: &[tree::EventPattern],
        when: &Option<tree::Expr>,
        at_most: &Option<tree::Expr>,
        otherwise: &Option<tree::Block>,
        scope: &mut Scope,
        body: &mut Body,
        awaits: &mut Vec<OutputId>,
    ) -> model::StmtKind {
        // How long to wait is settled when the waiting begins.
        let at_most = at_most.as_ref().map(|e| self.expr(e, Some(&Type::Duration), scope));
        let listened = self.listen(events, body.home);
        let at = events.iter().map(|e| e.span).reduce(Span::to);
        if let Some(at) = at {
            self.forget(scope, at);
        }
        scope.facts.forget_event();
        let before = scope.facts.clone();
        scope.event = listened.event.clone();
        scope.old = listened.old;
        let when = when.as_ref().map(|e| {
            let condition = self.condition(e, scope);
            scope.facts.add_all(Checker::facts(&condition).0);
            condition
        });
        awaits.append(&mut take_awaits(scope));
        let mut late = at_most.is_some().then(|| before.clone());
        let otherwise = otherwise.as_ref().map(|block| {
            let facts = std::mem::replace(&mut scope.facts, before);
            (scope.event, scope.old) = (EventScope::None, OldScope::None);
            let (statements, goes_on) = self.block(block, scope, body);
            let end = std::mem::replace(&mut scope.facts, facts);
            late = goes_on.then_some(end);
            statements
        });
        let optional = late.is_some();
        if let Some(late) = late {
            scope.facts.meet(&late);
        }
        scope.event = match listened.event {
            EventScope::Events { sources, .. } => EventScope::Events { sources, optional },
            EventScope::None => EventScope::None,
        };
        scope.old = match listened.old {
            OldScope::Change if optional => OldScope::OptionalChange,
            old => old,
        };
        model::StmtKind::WaitFor { events: listened.patterns, when, at_most, otherwise }
    }
}
