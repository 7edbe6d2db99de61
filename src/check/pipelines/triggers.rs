//! Triggers: events, condition, and in whose name the record moves.

use super::{Home, finish, scope_in};
use crate::check::Checker;
use crate::check::scope::Scope;
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{self, ExprKind};
use crate::schema::{PrincipalDef, Type};
use crate::syntax::tree::{self, PrincipalKind};
use crate::value::*;

impl Checker<'_> {
    pub(super) fn trigger(&mut self, home: Home, id: TriggerId, tree: &tree::Trigger) -> model::Trigger {
        let listened = self.listen(&tree.events, home);
        let mut base = scope_in(home, None);
        base.event = listened.event;
        base.old = listened.old;
        let when = tree.when.as_ref().map(|when| {
            let (condition, facts) = self.lone_condition(when, &base);
            base.facts = facts;
            condition
        });
        let actor = match &tree.actor {
            Some(path) => self.actor(path, &base),
            None => self.default_actor(home, tree),
        };
        model::Trigger {
            id,
            disabled: tree.disabled.is_some(),
            label: tree.label.as_ref().map(|l| Text::from(l.text.clone())),
            events: listened.patterns,
            when,
            backward: tree.backward.is_some(),
            actor,
            span: tree.span,
        }
    }

    /// `as head_of_sales`, `as responsible`
    fn actor(&mut self, path: &tree::Path, base: &Scope) -> Option<model::Condition> {
        let mut parts = path.parts.iter();
        let first = parts.next()?;
        let mut e = tree::Expr { kind: Box::new(tree::ExprKind::Name(first.clone())), span: first.span };
        for part in parts {
            let span = e.span.to(part.span);
            e = tree::Expr { kind: Box::new(tree::ExprKind::Member { base: e, name: part.clone() }), span };
        }
        let mut scope = base.clone();
        let before = self.diagnostics.len();
        let expr = self.expr(&e, None, &mut scope);
        if expr.ty == Type::Error {
            if let [name] = &*path.parts
                && !self.clean_since(before)
            {
                self.unknown_actor(name, base, before);
            }
            return None;
        }
        let is_field = is_place(&expr);
        if *expr.ty.inner() != Type::User || !is_field {
            let is_user = *expr.ty.inner() == Type::User;
            let message = match is_user {
                true => format!("`{}` is neither a field nor a user of the program", path.text()),
                false => format!("`{}` is no user", path.text()),
            };
            let label = match is_user {
                true => "known only with the event".to_owned(),
                false => self.a(&expr.ty),
            };
            let users = self.actors(base);
            self.report(
                Diagnostic::new(Code::BadActor, path.span, message)
                    .label(label)
                    .maybe_help(users.first().map(|u| format!("as {u}"))),
            );
            return None;
        }
        Some(finish(expr, scope))
    }

    /// The general "unknown name" gives way to one that knows that a user is wanted.
    fn unknown_actor(&mut self, name: &tree::Name, base: &Scope, before: usize) {
        self.diagnostics.truncate(before);
        let users = self.actors(base);
        let message = format!("there is no user `{}`, nor a field of type `user`", name.text);
        let help = Advice::near(name.span, &name.text, users.iter().map(String::as_str));
        self.report(
            Diagnostic::new(Code::BadActor, name.span, message)
                .label("not declared anywhere")
                .advised(help.or_else(|| Some(Advice::say(format!("user {} \"…\"", name.text))))),
        );
    }

    /// What may stand after `as`: fields first.
    fn actors(&self, base: &Scope) -> Vec<String> {
        let fields = base.entity.into_iter().flat_map(|e| &self.schema.entity(e).fields);
        let fields = fields.filter(|f| *f.ty.inner() == Type::User).map(|f| f.name.to_string());
        let is_user = |p: &&PrincipalDef| p.kind == PrincipalKind::User;
        let users = self.schema.principals.iter().filter(is_user).map(|p| p.name.to_string());
        fields.chain(users).collect()
    }

    /// Without `as`: the field `responsible`, if the entity has one.
    fn default_actor(&self, home: Home, tree: &tree::Trigger) -> Option<model::Condition> {
        let entity = self.schema.entity(home.entity);
        let field = entity.fields.iter().position(|f| &*f.name == "responsible")?;
        let ty = entity.fields[field].ty.clone();
        if *ty.inner() != Type::User {
            return None;
        }
        let kind = ExprKind::Field(FieldId(field as u16));
        Some(model::Condition {
            expr: model::Expr { kind, ty, span: tree.span },
            frame: model::Frame::default(),
            awaits: Vec::new(),
        })
    }
}

/// A user of the program, or a field, also of a reference, tested or not.
fn is_place(expr: &model::Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Field(_) | ExprKind::RefField { .. } => true,
        ExprKind::Convert { value, .. } => is_place(value),
        _ => false,
    }
}
