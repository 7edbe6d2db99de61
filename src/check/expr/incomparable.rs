//! Things that cannot be compared, or that have no order: what is said of them, and what was probably meant.

use super::super::Checker;
use super::super::scope::Scope;
use super::mistake;
use super::operators::is_const;
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{Expr, ExprKind};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree;
use crate::value::Value;

impl Checker<'_> {
    /// Two sides that can never be equal, or that have no order. `negated`: of `==` and `!=`, which it is.
    #[cold]
    pub(super) fn incomparable(
        &mut self,
        span: Span,
        negated: Option<bool>,
        left: &Expr,
        right: &Expr,
        scope: &mut Scope,
    ) -> Expr {
        let (l, r) = (left.ty.inner().clone(), right.ty.inner().clone());
        if let (Type::Money(_), Type::Money(_)) = (&l, &r) {
            self.currencies_differ(left, right);
            return mistake(span);
        }
        let number = |ty: &Type| matches!(ty, Type::Int | Type::Decimal);
        let more_or_less =
            negated.is_none() && (number(&l) && r == Type::Text || l == Type::Text && number(&r));
        let named = self.name_in_quotes(left, right, scope);
        let named = named.or_else(|| self.name_in_quotes(right, left, scope));
        let help = named
            .or_else(|| self.other_test(span, negated, left, right))
            .or_else(|| more_or_less.then(|| self.as_number(left, right)).flatten())
            // What is written out is sooner wrong than what is declared.
            .or_else(|| match is_const(left) && !is_const(right) {
                true => self.other_side(left, right).or_else(|| self.other_side(right, left)),
                false => self.other_side(right, left).or_else(|| self.other_side(left, right)),
            });
        let message = format!(
            "{} and {} cannot be compared: the one is {}, the other {}",
            self.words(left.span),
            self.words(right.span),
            self.a(&l),
            self.a(&r)
        );
        let diagnostic = Diagnostic::new(Code::NotComparable, left.span, message)
            .label(self.a(&l))
            .also(right.span, self.a(&r))
            .advised(help);
        self.report(diagnostic);
        mistake(span)
    }

    /// `"amount" > 5 EUR`: a text that says the name of something that fits.
    fn name_in_quotes(&mut self, one: &Expr, other: &Expr, scope: &mut Scope) -> Option<Advice> {
        let ExprKind::Const(Value::Text(text)) = &one.kind else { return None };
        let name = text.trim();
        let letter = |c: char| unicode_ident::is_xid_continue(c);
        if !name.starts_with(unicode_ident::is_xid_start) || !name.chars().all(letter) {
            return None;
        }
        let ty = self.quiet_name(&tree::Name { text: name.into(), span: one.span }, scope)?;
        self.common_type(&ty, other.ty.inner())?;
        Some(Advice::write(one.span, name).saying(format!("write `{name}`, without quotes")))
    }

    /// Another test that was probably meant.
    fn other_test(&self, span: Span, negated: Option<bool>, left: &Expr, right: &Expr) -> Option<Advice> {
        let negated = negated?;
        let (x, y) = (self.short(left.span)?, self.short(right.span)?);
        let (not, sign) = if negated { ("not ", "!=") } else { ("", "==") };
        let (test, sure) = match (left.ty.inner(), right.ty.inner()) {
            (Type::List(of), other) => (format!("{x} {not}contains {y}"), **of == *other),
            (other, Type::List(of)) => (format!("{x} {not}in {y}"), **of == *other),
            (Type::User, Type::Department) => (format!("{x}.department {sign} {y}"), true),
            (Type::Department, Type::User) => (format!("{y}.department {sign} {x}"), true),
            (Type::User, Type::Role) => (format!("{x}.roles {not}contains {y}"), true),
            (Type::Role, Type::User) => (format!("{y}.roles {not}contains {x}"), true),
            _ => return None,
        };
        let optional = left.ty.is_optional() || right.ty.is_optional();
        Some(Advice::write(span, test).unsure(!sure || optional))
    }

    /// `n < 20`, where `n` is a text: nobody means the order of letters.
    fn as_number(&self, left: &Expr, right: &Expr) -> Option<Advice> {
        let (text, number) = if *left.ty.inner() == Type::Text { (left, right) } else { (right, left) };
        if is_const(text) {
            return None;
        }
        let name = self.short(text.span)?;
        Some(Advice::say(match &text.kind {
            ExprKind::Field(_) => {
                format!(
                    "declare the field as a number: `{name}: {}`",
                    self.schema.type_name(number.ty.inner())
                )
            }
            _ => format!("compare its length: `len({name})`"),
        }))
    }

    /// What to write instead of the one side, so that it goes with the other.
    fn other_side(&self, one: &Expr, other: &Expr) -> Option<Advice> {
        let text = self.short(one.span)?;
        let (ty, wanted) = (one.ty.inner(), other.ty.inner());
        let write = |text: String| Advice::write(one.span, text).unsure(one.ty.is_optional());
        Some(match (ty, wanted) {
            (Type::Int | Type::Decimal, Type::Money(currency)) if is_const(one) => {
                self.with_currency(one.span, text, *currency).unsure(other.ty.is_optional())
            }
            (Type::Money(_), Type::Int | Type::Decimal) => {
                write(format!("{text}.value")).saying(format!("write `{text}.value` for the plain number"))
            }
            (Type::Int, Type::Duration) if is_const(one) => {
                Advice::say(format!("write the unit: `{text} days`, or `{text} hours`, `{text} minutes`"))
            }
            (Type::DateTime, Type::Date) => write(format!("date({text})")),
            (Type::DateTime, Type::Time) => write(format!("time({text})")),
            (Type::Text, Type::DateTime) if is_const(one) => match self.without_quotes(one, &Type::Date) {
                Some(_) => {
                    let day = self.short(one.span)?.trim_matches('"');
                    let day = super::quotes::written_date(day)?;
                    let at = self.short(other.span)?;
                    Advice::say(format!("write `date({at})` and `{day}`, without quotes"))
                        .fixed(other.span, format!("date({at})"))
                        .fixed(one.span, day)
                        .unsure(other.ty.is_optional())
                }
                None => return self.without_quotes(one, wanted),
            },
            (Type::Text, _) if is_const(one) && self.without_quotes(one, wanted).is_some() => {
                let advice = self.without_quotes(one, wanted)?;
                // An enum has no order, whatever stands there.
                advice.unsure(other.ty.is_optional() && !matches!(wanted, Type::Enum(_)))
            }
            (Type::Text, Type::Enum(id)) if is_const(one) => Advice::say(self.listed_values(*id)),
            (Type::Text, Type::Stage(_)) => Advice::say("write the name of a stage, without quotes"),
            (Type::Text, Type::Opaque(id)) => {
                write(format!("{}({text})", self.schema.opaques.get(id.index())?.name))
            }
            (Type::Text, Type::Entity(id)) => write(format!("{}({text})", self.schema.entity(*id).name)),
            (Type::User | Type::Department | Type::Role | Type::Recipient, Type::Text) => {
                write(format!("{text}.name")).saying(format!("compare the name: `{text}.name`"))
            }
            // Perhaps the type is what is wrong.
            (Type::Int | Type::Decimal, Type::Text) if is_const(one) => {
                write(format!("\"{text}\"")).unsure(true)
            }
            _ => return None,
        })
    }

    #[cold]
    pub(super) fn unordered(&mut self, span: Span, x: &Expr) -> Expr {
        let message = format!("{} stands in no order: it is {}", self.words(x.span), self.a(&x.ty));
        let help = match &x.ty {
            Type::Enum(_) => self.short(x.span).map(|t| format!("name the values: `{t} in […]`")),
            Type::List(_) => self.short(x.span).map(|t| format!("compare its length: `{t}.count`")),
            Type::Stage(_) => Some("name the stages: `stage in […]`".into()),
            Type::Bool => self.short(x.span).map(|t| format!("write `{t}`, or `not {t}`")),
            ty => self
                .question(self.short(x.span).unwrap_or("it"), ty)
                .map(|q| format!("ask whether it is the same: `{q}`")),
        };
        let diagnostic = Diagnostic::new(Code::NotOrdered, x.span, message).maybe_help(help);
        self.report(diagnostic);
        mistake(span)
    }
}
