//! Expressions: from the tree to typed, resolved expressions of the model.
//!
//! One file for each idea: `names` says what a name means, `operators`, `comparison` and `calls` what is
//! done with values, `templates` what stands in texts, `convert` which type becomes which, `narrow` what a test
//! tells about the rest, `holes` what could stand at a `?`.
//!
//! A mistake is reported once; its node has [`Type::Error`], which agrees with everything.

mod arguments;
mod calls;
mod comparison;
mod convert;
mod familiar;
mod formats;
mod happening;
mod holes;
mod incomparable;
mod literals;
mod names;
mod narrow;
mod operators;
mod quotes;
mod templates;
mod unknown;

use super::Checker;
use super::scope::Scope;
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{Expr, ExprKind};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree;
use crate::value::Value;

pub(super) fn node(kind: ExprKind, ty: Type, span: Span) -> Expr {
    Expr { kind, ty, span }
}

pub(super) fn constant(value: Value, ty: Type, span: Span) -> Expr {
    node(ExprKind::Const(value), ty, span)
}

/// Stands for a mistake that has been reported.
pub(super) fn mistake(span: Span) -> Expr {
    constant(Value::None, Type::Error, span)
}

/// The expression inside parentheses.
fn bare(e: &tree::Expr) -> &tree::Expr {
    let mut e = e;
    while let tree::ExprKind::Paren(inner) = &*e.kind {
        e = inner;
    }
    e
}

impl Checker<'_> {
    /// Checks an expression. With `want` the result has exactly that type, conversions written out; or it is
    /// a mistake, which has been reported.
    pub fn expr(&mut self, e: &tree::Expr, want: Option<&Type>, scope: &mut Scope) -> Expr {
        match want {
            Some(Type::Bool) => self.condition(e, scope),
            Some(want) => {
                let x = self.infer(e, Some(want), scope);
                self.convert(x, want, scope)
            }
            None => {
                let x = self.infer(e, None, scope);
                self.some_type(x)
            }
        }
    }

    /// Checks what must be true or false. What is known in its parts (`x is set and x > 5`) is known
    /// only there: see [`Checker::facts`].
    pub fn condition(&mut self, e: &tree::Expr, scope: &mut Scope) -> Expr {
        match &*e.kind {
            tree::ExprKind::Paren(inner) => self.condition(inner, scope),
            tree::ExprKind::Binary { op: tree::BinaryOp::And | tree::BinaryOp::Or, .. }
            | tree::ExprKind::Not(_)
            | tree::ExprKind::Hole
            | tree::ExprKind::Error => {
                let x = self.infer(e, Some(&Type::Bool), scope);
                self.convert(x, &Type::Bool, scope)
            }
            _ => self.single_test(e, false, scope),
        }
    }

    /// Checks an expression, with a hint of what is wanted: it decides what bare names of enums, `none`, `[]`
    /// and literals mean, but the result may be of another type.
    fn infer(&mut self, e: &tree::Expr, hint: Option<&Type>, scope: &mut Scope) -> Expr {
        use tree::ExprKind as T;
        match &*e.kind {
            T::Literal(literal) => self.literal_value(literal, e.span, hint, scope),
            T::Text(text) => self.template(text, e.span, hint, scope),
            T::List(items) => self.list_literal(items, e.span, hint, scope),
            T::Name(name) => self.chain(&[name], hint, scope),
            T::Member { .. } => self.member_chain(e, hint, scope),
            T::Call { name, args } => self.function_call(name, args, e.span, scope),
            T::MethodCall { base, name, args } => self.method_call(base, name, args, e.span, hint, scope),
            T::Not(inner) => self.not_expr(inner, e.span, scope),
            T::Neg(inner) => self.negation(inner, e.span, hint, scope),
            T::Binary { op, left, right, .. } => self.binary_expr(e, *op, (left, right), hint, scope),
            T::Between { value, low, high } => self.between_test(e, value, low, high, scope),
            T::Matches { value, regex } => self.matches_test(e, value, regex, scope),
            T::Is { value, test, .. } => self.is_test(e, value, *test, scope),
            T::If { condition, then, otherwise } => {
                self.if_then_else((condition, then, otherwise), e.span, hint, scope)
            }
            T::Paren(inner) => self.infer(inner, hint, scope),
            T::Hole => self.value_hole(e.span, hint, scope),
            T::Error => mistake(e.span),
        }
    }

    // --- words for messages ------------------------------------------------------------------------

    /// The text under a span, in backticks; `this` if it is long.
    fn words(&self, span: Span) -> String {
        match self.short(span) {
            Some(text) => format!("`{text}`"),
            None => "this".into(),
        }
    }

    /// The text under a span, if it fits into a sentence.
    fn short(&self, span: Span) -> Option<&str> {
        let text = self.sources.text(span).trim();
        let fits = !text.is_empty() && !text.contains(['\n', '`']) && text.chars().count() <= 60;
        fits.then_some(text)
    }

    /// ``a `date` ``
    pub(super) fn a(&self, ty: &Type) -> String {
        let name = self.schema.type_name(ty);
        if name.len() > 80 {
            return "a list of lists of lists".into();
        }
        let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        match ty {
            Type::Optional(inner) if **inner == Type::Never => "`none`".into(),
            Type::List(inner) if **inner == Type::Never => "an empty list".into(),
            // `phone?` reads as if one asked.
            Type::Optional(inner) => format!("{} that may be empty", self.a(inner)),
            _ => format!("{article} `{name}`"),
        }
    }

    /// Reports, and gives the node of a mistake.
    fn wrong(&mut self, code: Code, span: Span, message: impl Into<String>, help: Option<String>) -> Expr {
        self.advise(code, span, message, help.map(Advice::from))
    }

    /// As [`Checker::wrong`], with the edits of the help where it is sure.
    fn advise(&mut self, code: Code, span: Span, message: impl Into<String>, help: Option<Advice>) -> Expr {
        self.report(Diagnostic::new(code, span, message).advised(help));
        mistake(span)
    }
}
