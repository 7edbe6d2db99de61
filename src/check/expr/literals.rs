//! Literals and lists.

use super::super::Checker;
use super::super::scope::Scope;
use super::{constant, mistake, node};
use crate::diagnostic::{Advice, Code};
use crate::model::{Expr, ExprKind};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{self, Literal};
use crate::value::{Currency, Duration, Money, Value, time};
use rust_decimal::Decimal;

impl Checker<'_> {
    pub(super) fn literal_value(
        &mut self,
        literal: &Literal,
        span: Span,
        hint: Option<&Type>,
        scope: &Scope,
    ) -> Expr {
        let (value, ty) = match literal {
            Literal::Int(n) if hint.is_some_and(|h| *element(h) == Type::Decimal) => {
                (Value::Decimal(Decimal::from(*n)), Type::Decimal)
            }
            Literal::Int(n) => (Value::Int(*n), Type::Int),
            Literal::Decimal(d) => (Value::Decimal(*d), Type::Decimal),
            Literal::Money { amount, currency, currency_span } => {
                let Some(currency) = self.currency_code(currency, *currency_span) else {
                    return mistake(span);
                };
                (Value::Money(Money { amount: *amount, currency }), Type::Money(Some(currency)))
            }
            Literal::Duration { days, seconds } => {
                (Value::Duration(Duration { days: *days, seconds: *seconds }), Type::Duration)
            }
            Literal::Date(date) => (Value::Date(*date), Type::Date),
            Literal::Time(at) => (Value::Time(*at), Type::Time),
            Literal::LocalDateTime(local) => {
                let Some(pipeline) = scope.pipeline.and_then(|p| self.pipelines.get(p.index())) else {
                    let help = format!(
                        "write `{}Z` for UTC, or an offset such as `+02:00`",
                        self.sources.text(span)
                    );
                    let message = format!("nothing says in which time zone {} is", self.words(span));
                    return self.wrong(Code::NeedsZone, span, message, Some(help));
                };
                (Value::DateTime(time::local_to_utc(*local, pipeline.timezone)), Type::DateTime)
            }
            Literal::Instant(at) => (Value::DateTime(*at), Type::DateTime),
            Literal::Bool(b) => (Value::Bool(*b), Type::Bool),
            Literal::None => (Value::None, Type::Never.optional()),
        };
        constant(value, ty, span)
    }

    /// The currency of a code; an unknown one is reported.
    pub(super) fn currency_code(&mut self, code: &str, span: Span) -> Option<Currency> {
        let currency = Currency::parse(code);
        if currency.is_none() {
            let upper = code.to_uppercase();
            let help = match Currency::parse(&upper) {
                Some(_) => Some(Advice::write(span, upper)),
                None => Advice::near(span, code, Currency::codes()),
            };
            self.advise(Code::UnknownCurrency, span, format!("there is no currency `{code}`"), help);
        }
        currency
    }

    pub(super) fn list_literal(
        &mut self,
        items: &[tree::Expr],
        span: Span,
        hint: Option<&Type>,
        scope: &mut Scope,
    ) -> Expr {
        let hint = match hint.map(Type::inner) {
            Some(Type::List(element)) => Some(&**element),
            _ => None,
        };
        let mut common = Type::Never;
        let mut values: Vec<Expr> = Vec::with_capacity(items.len());
        let mut broken = false;
        for item in items {
            // The first element says what bare names after it mean, if nothing else does.
            let first = values.first().map(|v| v.ty.clone());
            let x = match hint {
                Some(hint) => self.infer(item, Some(hint), scope),
                None => self.beside(item, first.as_ref(), scope),
            };
            if x.ty == Type::Error {
                broken = true;
                continue;
            }
            let Some(ty) = self.join_types(&common, x.ty.inner()) else {
                let before = values.last().map_or(span, |v| v.span);
                self.mixed_list(before, &common, &x);
                broken = true;
                continue;
            };
            common = ty;
            values.push(self.need_set(x, false, scope));
        }
        if broken {
            return mistake(span);
        }
        // Elements take the type that is wanted, if all of them can: then a mistake shows at the element.
        if let Some(hint) = hint
            && values.iter().all(|v| self.coerces(v, hint))
        {
            common = hint.clone();
        }
        let values =
            values.into_iter().map(|v| self.coerce(v, &common).unwrap_or_else(|v| v)).collect::<Vec<_>>();
        let all: Option<Vec<Value>> = values
            .iter()
            .map(|v| match &v.kind {
                ExprKind::Const(value) => Some(value.clone()),
                _ => None,
            })
            .collect();
        match all {
            Some(all) => constant(Value::List(all.into()), common.list(), span),
            None => node(ExprKind::List(values), common.list(), span),
        }
    }

    #[cold]
    fn mixed_list(&mut self, before: Span, common: &Type, x: &Expr) {
        let message = format!(
            "a list holds things of one kind: {} is {}, and what stands before it is {}",
            self.words(x.span),
            self.a(&x.ty),
            self.a(common)
        );
        let diagnostic = crate::diagnostic::Diagnostic::new(Code::MixedList, x.span, message);
        let help =
            self.help_for_type(x, common).or_else(|| Some(Advice::say("take one of them out of the list")));
        self.report(diagnostic.also(before, self.a(common)).advised(help));
    }
}

/// What a single value is wanted as: the inside of an optional, the element of a list.
pub(super) fn element(ty: &Type) -> &Type {
    match ty.inner() {
        Type::List(inner) => inner,
        other => other,
    }
}
