//! Texts with placeholders.

use super::super::Checker;
use super::super::scope::Scope;
use super::literals::element;
use super::{bare, constant, mistake, node};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Expr, ExprKind, TextPart};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{self, BinaryOp, Str, TextLit};
use crate::value::{EntityId, Text, Value};

impl Checker<'_> {
    pub(super) fn template(
        &mut self,
        text: &TextLit,
        span: Span,
        hint: Option<&Type>,
        scope: &mut Scope,
    ) -> Expr {
        let mut parts: Vec<TextPart> = Vec::with_capacity(text.parts.len());
        let mut fixed = String::new();
        let mut broken = false;
        for part in &text.parts {
            match part {
                tree::TextPart::Literal { text, .. } => fixed.push_str(text),
                tree::TextPart::Placeholder { value, format, .. } => {
                    if !fixed.is_empty() {
                        parts.push(TextPart::Literal(Text::from(std::mem::take(&mut fixed))));
                    }
                    match self
                        .apart(scope, |checker, scope| checker.placeholder(value, format.as_ref(), scope))
                    {
                        Some(part) => parts.push(part),
                        None => broken = true,
                    }
                }
            }
        }
        if broken {
            return mistake(span);
        }
        let x = if parts.is_empty() {
            constant(Value::Text(Text::from(fixed)), Type::Text, span)
        } else {
            if !fixed.is_empty() {
                parts.push(TextPart::Literal(Text::from(fixed)));
            }
            node(ExprKind::Text(parts), Type::Text, span)
        };
        match hint {
            Some(hint) => self.address(x, hint).unwrap_or_else(|mistake| mistake),
            None => x,
        }
    }

    fn placeholder(
        &mut self,
        value: &tree::Expr,
        format: Option<&Str>,
        scope: &mut Scope,
    ) -> Option<TextPart> {
        let (value, default) = match &*bare(value).kind {
            tree::ExprKind::Binary { op: BinaryOp::Default, left, right, .. } => {
                let value_span = value.span;
                let left = self.infer(left, None, scope);
                self.value_or_text(left, right, value_span, scope)
            }
            _ => (self.infer(value, None, scope), None),
        };
        if value.ty == Type::Error || default.as_ref().is_some_and(|d| d.ty == Type::Error) {
            return None;
        }
        let ty = value.ty.inner();
        if *ty != Type::Never && !self.printable(ty) {
            let ty = ty.clone();
            self.unprintable(&value, &ty, default.is_some());
            return None;
        }
        if value.ty.is_optional() && default.is_none() && scope.untold {
            return None;
        }
        if value.ty.is_optional() && default.is_none() {
            let lost = Self::place(&value).and_then(|p| scope.facts.lost_at(&p));
            self.unset_placeholder(&value, format, lost, scope);
            return None;
        }
        if let Some(format) = format
            && !self.format_is_good(ty, &format.text, format.span)
        {
            return None;
        }
        let format = format.map(|f| Text::from(f.text.clone()));
        Some(TextPart::Placeholder { value, format, default: default.map(Box::new) })
    }

    /// `{delivery_date ?? "not set"}`: directly in a placeholder the default may be a text whatever the type.
    fn value_or_text(
        &mut self,
        left: Expr,
        right: &tree::Expr,
        span: Span,
        scope: &mut Scope,
    ) -> (Expr, Option<Expr>) {
        let inner = left.ty.inner().clone();
        let is_literal = matches!(&*bare(right).kind, tree::ExprKind::Text(_)) && inner != Type::Text;
        // No text in it need be an address: `{email ?? if vip then "ask" else "none"}`.
        let free = is_literal || matches!(element(&inner), Type::Email | Type::Phone | Type::Url);
        let default = self.infer(right, if free { None } else { Some(&inner) }, scope);
        if left.ty == Type::Error || default.ty == Type::Error {
            return (mistake(span), None);
        }
        if !left.ty.is_optional() {
            // Tested before: the default is never used.
            return (left, None);
        }
        if default.ty == Type::Text && (is_literal || self.common_type(&inner, &default.ty).is_none()) {
            return (left, Some(default));
        }
        (self.default_of(left, default, span), None)
    }

    #[cold]
    fn unset_placeholder(&mut self, value: &Expr, format: Option<&Str>, lost: Option<Span>, scope: &Scope) {
        let message =
            format!("{} may be empty here, and would leave a gap in the text", self.words(value.span));
        let help = self.short(value.span).map(|text| {
            let format = format.map(|f| format!(": {}", self.sources.text(f.span))).unwrap_or_default();
            format!("write `{{{text} ?? \"…\"{format}}}`")
        });
        let label = self.a(&value.ty);
        let diagnostic =
            Diagnostic::new(Code::UnsetPlaceholder, value.span, message).label(label).maybe_help(help);
        let diagnostic = self.forgotten(diagnostic, value.span, lost, scope);
        self.report(diagnostic);
    }

    /// Whether a value can stand in a placeholder.
    pub(super) fn printable(&self, ty: &Type) -> bool {
        match ty {
            Type::Entity(_) | Type::File | Type::Never | Type::Optional(_) => false,
            Type::List(inner) => self.printable(inner),
            _ => true,
        }
    }

    #[cold]
    fn unprintable(&mut self, value: &Expr, ty: &Type, has_default: bool) {
        let gap = if has_default || value.ty.is_optional() { " ?? \"…\"" } else { "" };
        let text = self.short(value.span).map(str::to_string);
        let (what, help) = match ty {
            Type::Entity(entity) => {
                let field = self.telling_field(*entity);
                let help = text.map(|t| format!("write what of it: `{{{t}.{field}{gap}}}`"));
                ("a whole record", help)
            }
            Type::File => {
                ("a file", text.map(|t| format!("write `{{{t}.name{gap}}}` or `{{{t}.url{gap}}}`")))
            }
            Type::List(inner) => match &**inner {
                Type::Entity(entity) => {
                    let field = self.telling_field(*entity);
                    (
                        "a list of records",
                        text.map(|t| format!("write what of them: `{{{t}.map(x => x.{field})}}`")),
                    )
                }
                Type::File => ("a list of files", text.map(|t| format!("write `{{{t}.map(f => f.name)}}`"))),
                _ => ("an empty list", None),
            },
            _ => ("this", None),
        };
        let message = format!("{what} cannot be written in a text");
        let label = self.a(ty);
        self.report(Diagnostic::new(Code::NotPrintable, value.span, message).label(label).maybe_help(help));
    }

    /// What a person would call a record by.
    fn telling_field(&self, entity: EntityId) -> &str {
        let fields = &self.schema.entity(entity).fields;
        let telling = ["name", "title", "number"].iter().find(|n| fields.iter().any(|f| *f.name == ***n));
        telling.copied().unwrap_or("id")
    }
}
