//! Operators: logic, arithmetic, `??` and `if then else`. Comparisons are in [`super::comparison`].

use super::super::Checker;
use super::super::scope::Scope;
use super::literals::element;
use super::{bare, constant, mistake, node};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{Expr, ExprKind};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{self, BinaryOp};
use crate::value::ops::ArithOp;
use crate::value::validate;
use crate::value::{Currency, Value};

pub(super) type Sides<'t> = (&'t tree::Expr, &'t tree::Expr);

pub(super) fn boxed(x: Expr) -> Box<Expr> {
    Box::new(x)
}

pub(super) fn broken(x: &Expr, y: &Expr) -> bool {
    x.ty == Type::Error || y.ty == Type::Error
}

impl Checker<'_> {
    pub(super) fn binary_expr(
        &mut self,
        e: &tree::Expr,
        op: BinaryOp,
        sides: Sides,
        hint: Option<&Type>,
        scope: &mut Scope,
    ) -> Expr {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                if let Some(mistake) = self.names_joined(e, op, hint, scope) {
                    return mistake;
                }
                self.logic(e.span, op, sides, scope)
            }
            BinaryOp::Default => {
                let left = self.infer(sides.0, None, scope);
                self.default_value(left, sides.1, e.span, hint, scope)
            }
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => {
                self.arithmetic(e.span, op, sides, scope)
            }
            _ => self.collecting(e.span, false, scope, |checker, scope| match op {
                BinaryOp::Eq | BinaryOp::Ne => checker.equality(e.span, op == BinaryOp::Ne, sides, scope),
                BinaryOp::EqIgnoreCase => checker.ignoring_case(e.span, sides, scope),
                BinaryOp::In | BinaryOp::NotIn => checker.is_in(e.span, op == BinaryOp::NotIn, sides, scope),
                BinaryOp::Contains | BinaryOp::NotContains => {
                    checker.contains(e.span, op == BinaryOp::NotContains, sides, scope)
                }
                BinaryOp::StartsWith | BinaryOp::EndsWith => checker.text_ends(e.span, op, sides, scope),
                _ => checker.order(e.span, op, sides, scope),
            }),
        }
    }

    // --- logic -------------------------------------------------------------------------------------

    fn logic(&mut self, span: Span, op: BinaryOp, (left, right): Sides, scope: &mut Scope) -> Expr {
        if let Some(mistake) = self.half_tests(span, op, (left, right), scope) {
            return mistake;
        }
        self.apart(scope, |checker, scope| {
            let left = checker.condition(left, scope);
            let (yes, no) = Self::facts(&left);
            let known = if op == BinaryOp::And { yes } else { no };
            let right = checker.after_condition(&left, scope, |checker, scope| {
                checker.knowing(known, scope, |checker, scope| checker.condition(right, scope))
            });
            if broken(&left, &right) {
                return mistake(span);
            }
            let kind = match op {
                BinaryOp::And => ExprKind::And(boxed(left), boxed(right)),
                _ => ExprKind::Or(boxed(left), boxed(right)),
            };
            node(kind, Type::Bool, span)
        })
    }

    /// `to: anna and bruno`: a list is written in brackets.
    fn names_joined(
        &mut self,
        e: &tree::Expr,
        op: BinaryOp,
        hint: Option<&Type>,
        scope: &mut Scope,
    ) -> Option<Expr> {
        let (of, list) = match hint.map(Type::inner)? {
            Type::List(of) => (&**of, true),
            Type::Bool | Type::Error | Type::Never => return None,
            of => (of, false),
        };
        let mut values = Vec::new();
        let mut at = e;
        while let tree::ExprKind::Binary { op: this, left, right, .. } = &*at.kind
            && *this == op
        {
            values.push(right);
            at = left;
        }
        values.push(at);
        values.reverse();
        for value in &values {
            let value = self.quiet(value, Some(of), scope);
            if value.ty == Type::Error || !self.coerces(&value, of) {
                return None;
            }
        }
        let texts: Option<Vec<&str>> = values.iter().map(|v| self.short(v.span)).collect();
        let joined = if op == BinaryOp::And { "and" } else { "or" };
        let message = match list {
            true => format!("a list is wanted here, and `{joined}` joins conditions"),
            false => format!("a value is wanted here, and `{joined}` joins conditions"),
        };
        let help = texts.map(|texts| match list {
            true => Advice::write(e.span, format!("[{}]", texts.join(", "))),
            false => Advice::say(format!(
                "write one value; those of a list stand between commas: `{}`",
                texts.join(", ")
            )),
        });
        Some(self.advise(Code::WrongType, e.span, message, help))
    }

    /// `source == web or phone`: tests are joined, not values.
    fn half_tests(
        &mut self,
        span: Span,
        op: BinaryOp,
        (left, right): Sides,
        scope: &mut Scope,
    ) -> Option<Expr> {
        if !is_value(right) {
            return None;
        }
        let mut values = vec![right];
        let mut at = left;
        while let tree::ExprKind::Binary { op: before, left, right, .. } = &*at.kind
            && *before == op
            && is_value(right)
        {
            values.push(right);
            at = left;
        }
        // What stands before the test is joined to it, and not meant.
        let (test, before) = match &*at.kind {
            tree::ExprKind::Binary { op: before, left, right, .. } if *before == op => (right, Some(left)),
            _ => (at, None),
        };
        let (test_op, subject, first) = match &*test.kind {
            tree::ExprKind::Binary { op: is, left, right, .. } if is_equality(*is) => (*is, left, right),
            _ => return None,
        };
        values.push(first);
        values.reverse();
        let ty = self.quiet(subject, None, scope).ty.inner().clone();
        // A flag beside a test of flags is a test of its own.
        if matches!(ty, Type::Error | Type::Never | Type::Bool) {
            return None;
        }
        for value in &values {
            let value = self.quiet(value, Some(&ty), scope);
            if value.ty == Type::Error || self.common_type(&ty, value.ty.inner()).is_none() {
                return None;
            }
        }
        if let Some(before) = before {
            self.apart(scope, |checker, scope| checker.condition(before, scope));
        }
        let whole = Span { start: test.span.start, ..span };
        let texts: Option<Vec<&str>> = values.iter().map(|v| self.short(v.span)).collect();
        let joined = if op == BinaryOp::And { "and" } else { "or" };
        let message = format!(
            "{} alone is no condition: `{joined}` stands between whole tests",
            self.words(values[1].span)
        );
        let help = texts.zip(self.short(subject.span)).map(|(texts, subject)| match (op, test_op) {
            // Nothing is two things at once.
            (BinaryOp::And, BinaryOp::Eq) => {
                let tests: Vec<_> = texts.iter().map(|t| format!("{subject} == {t}")).collect();
                Advice::say(format!("write `{}`", tests.join(" and ")))
            }
            (_, BinaryOp::Ne) => Advice::write(whole, format!("{subject} not in [{}]", texts.join(", "))),
            _ => Advice::write(whole, format!("{subject} in [{}]", texts.join(", "))),
        });
        Some(self.advise(Code::WrongType, values[1].span, message, help))
    }

    /// What an expression is, without a word.
    pub(in crate::check) fn quiet(&mut self, e: &tree::Expr, hint: Option<&Type>, scope: &mut Scope) -> Expr {
        let before = self.diagnostics.len();
        let mut scope = scope.clone();
        let x = self.apart(&mut scope, |checker, scope| checker.infer(e, hint, scope));
        self.diagnostics.truncate(before);
        x
    }

    pub(super) fn not_expr(&mut self, inner: &tree::Expr, span: Span, scope: &mut Scope) -> Expr {
        let x = self.apart(scope, |checker, scope| match &*inner.kind {
            tree::ExprKind::Paren(_) | tree::ExprKind::Not(_) | tree::ExprKind::Hole => {
                checker.condition(inner, scope)
            }
            _ => checker.single_test(inner, true, scope),
        });
        match x.ty {
            Type::Error => mistake(span),
            _ => node(ExprKind::Not(boxed(x)), Type::Bool, span),
        }
    }

    pub(super) fn if_then_else(
        &mut self,
        (condition, then, otherwise): (&tree::Expr, &tree::Expr, &tree::Expr),
        span: Span,
        hint: Option<&Type>,
        scope: &mut Scope,
    ) -> Expr {
        let condition = self.apart(scope, |checker, scope| checker.condition(condition, scope));
        let (yes, no) = Self::facts(&condition);
        let (then_span, otherwise_span) = (then.span, otherwise.span);
        let branches = |checker: &mut Self, scope: &mut Scope| {
            let then = checker.knowing(yes, scope, |checker, scope| checker.infer(then, hint, scope));
            // What the first branch is says what bare names in the second mean.
            let otherwise = checker.knowing(no, scope, |checker, scope| match hint {
                Some(hint) => checker.infer(otherwise, Some(hint), scope),
                None => checker.beside(otherwise, Some(&then.ty), scope),
            });
            (then, otherwise)
        };
        let (then, otherwise) =
            self.apart(scope, |checker, scope| checker.after_condition(&condition, scope, branches));
        if condition.ty == Type::Error || broken(&then, &otherwise) {
            return mistake(span);
        }
        let ty = match hint {
            Some(hint) if self.coerces(&then, hint) && self.coerces(&otherwise, hint) => Some(hint.clone()),
            _ => self.join_types(&then.ty, &otherwise.ty),
        };
        let Some(ty) = ty else {
            let message = format!(
                "both branches must be of one kind: after `then` stands {}, after `else` {}",
                self.a(&then.ty),
                self.a(&otherwise.ty)
            );
            let diagnostic = Diagnostic::new(Code::BranchesDiffer, otherwise_span, message)
                .label(self.a(&otherwise.ty))
                .also(then_span, self.a(&then.ty));
            let help = self.help_for_type(&otherwise, then.ty.inner());
            self.report(diagnostic.advised(help));
            return mistake(span);
        };
        let branch = |x: Expr| boxed(self.coerce(x, &ty).unwrap_or_else(|x| mistake(x.span)));
        let (then, otherwise) = (branch(then), branch(otherwise));
        node(ExprKind::If { condition: boxed(condition), then, otherwise }, ty, span)
    }

    /// `left ?? right`
    pub(super) fn default_value(
        &mut self,
        left: Expr,
        right: &tree::Expr,
        span: Span,
        hint: Option<&Type>,
        scope: &mut Scope,
    ) -> Expr {
        let wanted = if *left.ty.inner() == Type::Never || left.ty == Type::Error {
            hint.cloned()
        } else {
            Some(left.ty.inner().clone())
        };
        // `email ?? "no address"` is a text, if nothing else is wanted.
        let addressed = hint.is_some_and(|h| is_address(element(h)));
        let wanted = wanted.filter(|w| addressed || written_out(right, w) && looks_like(right, w));
        let right = self.infer(right, wanted.as_ref(), scope);
        self.default_of(left, right, span)
    }

    pub(super) fn default_of(&mut self, left: Expr, right: Expr, span: Span) -> Expr {
        if broken(&left, &right) {
            return mistake(span);
        }
        let Some(common) = self.common_type(left.ty.inner(), right.ty.inner()) else {
            if let (Type::Money(_), Type::Money(have)) = (left.ty.inner(), right.ty.inner()) {
                let Type::Money(want) = left.ty.inner() else { return mistake(span) };
                match want {
                    Some(_) => self.wrong_currency(&right, *have, *want),
                    None => self.currencies_differ(&left, &right),
                }
                return mistake(span);
            }
            let message = format!(
                "the value for the empty case must be of the same kind: {} is {}, and {} is {}",
                self.words(left.span),
                self.a(left.ty.inner()),
                self.words(right.span),
                self.a(&right.ty)
            );
            let diagnostic = Diagnostic::new(Code::WrongType, right.span, message)
                .also(left.span, self.a(left.ty.inner()));
            let help = self.help_for_type(&right, left.ty.inner()).or_else(|| {
                let example = self.example(left.ty.inner())?;
                Some(Advice::say(format!("write something such as `{example}`")))
            });
            self.report(diagnostic.advised(help));
            return mistake(span);
        };
        if !left.ty.is_optional() {
            // Never used, but no mistake: the value may have been tested before.
            return left;
        }
        let left = self.side(left, &common);
        let right = self.side(right, &common);
        let ty = right.ty.clone();
        node(ExprKind::Default { left: boxed(left), right: boxed(right) }, ty, span)
    }

    // --- arithmetic --------------------------------------------------------------------------------

    fn arithmetic(&mut self, span: Span, op: BinaryOp, (l, r): Sides, scope: &mut Scope) -> Expr {
        if op == BinaryOp::Add && self.texts_added(span, (l, r), scope) {
            return mistake(span);
        }
        let left = self.infer(l, None, scope);
        let right = self.infer(r, None, scope);
        if broken(&left, &right) {
            return mistake(span);
        }
        if op == BinaryOp::Add
            && let Some(list) = [&left, &right].into_iter().find(|x| matches!(x.ty.inner(), Type::List(_)))
        {
            self.list_addition(list);
            return mistake(span);
        }
        let text = |x: &Expr| matches!(x.ty.inner(), Type::Text | Type::Email | Type::Phone | Type::Url);
        if op == BinaryOp::Add && (text(&left) || text(&right)) {
            return self.text_addition(span, &[left.span, right.span]);
        }
        let none = |x: &Expr| *x.ty.inner() == Type::Never;
        if !none(&left) && !none(&right) && ArithOp::of(op, left.ty.inner(), right.ty.inner()).is_none() {
            return self.no_arithmetic(span, op, &left, &right);
        }
        let left = self.need_set(left, true, scope);
        let right = self.need_set(right, true, scope);
        if broken(&left, &right) {
            return mistake(span);
        }
        let Some((mut arith, left_ty, right_ty, mut ty)) = ArithOp::of(op, &left.ty, &right.ty) else {
            return mistake(span);
        };
        // `delivery_date - 1 day` is a date: the days are written out.
        if let tree::ExprKind::Literal(tree::Literal::Duration { seconds: 0, .. }) = &*bare(r).kind
            && let Some((days, date)) = arith.whole_days()
        {
            (arith, ty) = (days, date);
        }
        let args = vec![self.side(left, &left_ty), self.side(right, &right_ty)];
        node(ExprKind::Arith { op: arith, args }, ty, span)
    }

    pub(super) fn negation(
        &mut self,
        inner: &tree::Expr,
        span: Span,
        hint: Option<&Type>,
        scope: &mut Scope,
    ) -> Expr {
        // Where a `T?` or a list is wanted, what stands behind the minus is a `T` all the same.
        let x = self.infer(inner, hint.map(element), scope);
        let x = self.need_set(x, true, scope);
        let value = match &x.kind {
            ExprKind::Const(Value::Int(n)) => n.checked_neg().map(Value::Int),
            // A zero has no sign.
            ExprKind::Const(zero @ Value::Decimal(d)) if d.is_zero() => Some(zero.clone()),
            ExprKind::Const(zero @ Value::Money(m)) if m.amount.is_zero() => Some(zero.clone()),
            ExprKind::Const(Value::Decimal(d)) => Some(Value::Decimal(-*d)),
            ExprKind::Const(Value::Money(m)) => {
                Some(Value::Money(crate::value::Money { amount: -m.amount, currency: m.currency }))
            }
            _ => None,
        };
        if x.ty == Type::Error {
            return mistake(span);
        }
        if let Some(value) = value {
            return constant(value, x.ty, span);
        }
        let Some(op) = ArithOp::negation(&x.ty) else {
            let message = format!("{} has no opposite: it is {}", self.words(x.span), self.a(&x.ty));
            let help = (x.ty == Type::Bool)
                .then(|| self.short(x.span).map(|t| Advice::write(span, format!("not {t}"))))
                .flatten();
            return self.advise(Code::NoArithmetic, span, message, help);
        };
        let ty = x.ty.clone();
        node(ExprKind::Arith { op, args: vec![x] }, ty, span)
    }

    /// A chain of `+` in which a text is written: reported once, for the whole chain.
    fn texts_added(&mut self, span: Span, (left, right): Sides, scope: &mut Scope) -> bool {
        let mut parts = vec![right];
        let mut at = left;
        while let tree::ExprKind::Binary { op: BinaryOp::Add, left, right, .. } = &*at.kind {
            parts.push(right);
            at = left;
        }
        parts.push(at);
        parts.reverse();
        if !parts.iter().any(|p| matches!(&*bare(p).kind, tree::ExprKind::Text(_))) {
            return false;
        }
        let mut list = None;
        for part in &parts {
            let x = self.apart(scope, |checker, scope| checker.infer(part, None, scope));
            if matches!(x.ty.inner(), Type::List(_)) {
                list.get_or_insert(x);
            }
        }
        if let Some(list) = list {
            self.list_addition(&list);
            return true;
        }
        let spans: Vec<Span> = parts.iter().map(|p| p.span).collect();
        self.text_addition(span, &spans);
        true
    }

    /// `"Hello " + name` is `"Hello {name}"`.
    #[cold]
    fn text_addition(&mut self, span: Span, parts: &[Span]) -> Expr {
        let mut whole = Some(String::new());
        for part in parts {
            let piece = self.short(*part).map(|source| {
                match source.strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
                    Some(inner) if !source.starts_with("\"\"\"") => inner.to_string(),
                    _ => format!("{{{source}}}"),
                }
            });
            whole = whole.zip(piece).map(|(whole, piece)| whole + &piece);
        }
        let help = match whole {
            Some(text) => Advice::write(span, format!("\"{text}\"")),
            None => Advice::say("put the values into one text with `{…}`"),
        };
        self.advise(Code::TextAddition, span, "texts are not added: values stand inside them", Some(help))
    }

    /// `tags + ["new"]`
    #[cold]
    fn list_addition(&mut self, list: &Expr) {
        let message =
            format!("nothing is added to a list, and {} is {}", self.words(list.span), self.a(&list.ty));
        let help = match element(&list.ty) {
            Type::Text => "give the whole list: `[\"first\", \"second\"]`",
            _ => "give the whole list: `[first, second]`",
        };
        self.wrong(Code::NoArithmetic, list.span, message, Some(help.into()));
    }

    #[cold]
    fn no_arithmetic(&mut self, span: Span, op: BinaryOp, left: &Expr, right: &Expr) -> Expr {
        use Type::{Date, DateTime, Decimal, Duration, Int, Money};
        let (x, y) = (self.short(left.span).unwrap_or("…"), self.short(right.span).unwrap_or("…"));
        let sign = match op {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            _ => "/",
        };
        let mut help = None;
        match (&left.ty, &right.ty) {
            (Money(_), Money(_)) if op == BinaryOp::Mul => {
                let message = format!(
                    "two amounts cannot be multiplied: {} is money, and {} too",
                    self.words(left.span),
                    self.words(right.span)
                );
                let value = format!("{y}.value");
                let help = format!("write `{x} * {value}`");
                let help = Advice::write(right.span, value).saying(help).unsure(right.ty.is_optional());
                return self.advise(Code::NoArithmetic, span, message, Some(help));
            }
            (Money(_), Money(_)) => {
                self.currencies_differ(left, right);
                return mistake(span);
            }
            (Money(c), Int | Decimal) if is_const(right) => {
                let add = |c: Currency| {
                    let help = format!("write the currency: `{x} {sign} {y} {c}`");
                    Advice::write(right.span, format!("{y} {c}")).saying(help)
                };
                help = Some(match c.or(self.schema.currency) {
                    Some(c) => add(c),
                    None => self.with_currency(right.span, y, None),
                });
            }
            (Date | DateTime, Int) if is_const(right) && matches!(op, BinaryOp::Add | BinaryOp::Sub) => {
                let help_text = format!("write the unit: `{x} {sign} {y} days`");
                help = Some(match left.ty {
                    Date => Advice::write(right.span, format!("{y} days")).saying(help_text),
                    _ => Advice::say(help_text),
                });
            }
            (Date | DateTime, Int) if matches!(op, BinaryOp::Add | BinaryOp::Sub) => {
                help = Some(Advice::say(format!("say of what: `{x} {sign} {y} * 1 day`")));
            }
            (DateTime, Type::Time) if op == BinaryOp::Add => {
                help = Some(Advice::write(span, format!("date({x}) {sign} {y}")));
            }
            (Date, DateTime) if op == BinaryOp::Sub => {
                help = Some(Advice::write(span, format!("{x} {sign} date({y})")));
            }
            (DateTime, Date) if op == BinaryOp::Sub => {
                help = Some(Advice::write(span, format!("date({x}) {sign} {y}")));
            }
            (Duration, Date | DateTime) if op == BinaryOp::Add => {
                help = Some(Advice::write(span, format!("{y} + {x}")));
            }
            (Decimal, Duration) | (Duration, Decimal) if op == BinaryOp::Mul => {
                help = Some(Advice::say("multiply by a whole number, or divide: `1 day / 2`"));
            }
            _ => {}
        }
        let verb = match op {
            BinaryOp::Add => "added",
            BinaryOp::Sub => "subtracted from each other",
            BinaryOp::Mul => "multiplied",
            _ => "divided",
        };
        let message = format!("{} and {} cannot be {verb}", self.a(&left.ty), self.a(&right.ty));
        let diagnostic = Diagnostic::new(Code::NoArithmetic, left.span, message)
            .label(self.a(&left.ty))
            .also(right.span, self.a(&right.ty))
            .advised(help);
        self.report(diagnostic);
        mistake(span)
    }
}

fn is_equality(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Eq | BinaryOp::Ne)
}

/// Something that stands for a value and not for a test.
fn is_value(e: &tree::Expr) -> bool {
    match &*bare(e).kind {
        tree::ExprKind::Name(_) | tree::ExprKind::Text(_) => true,
        tree::ExprKind::Literal(literal) => !matches!(literal, tree::Literal::Bool(_)),
        _ => false,
    }
}

fn is_address(ty: &Type) -> bool {
    matches!(ty, Type::Email | Type::Phone | Type::Url)
}

/// Whether what the other side is should decide what a text means: not if the text has placeholders, for then
/// only the run could say whether it is an address.
pub(super) fn written_out(e: &tree::Expr, hint: &Type) -> bool {
    if !is_address(element(hint)) {
        return true;
    }
    match &*bare(e).kind {
        tree::ExprKind::Text(text) => text.parts.iter().all(|p| matches!(p, tree::TextPart::Literal { .. })),
        tree::ExprKind::List(items) => items.iter().all(|i| written_out(i, hint)),
        _ => true,
    }
}

/// Whether a text that is written out is an address of the type.
fn looks_like(e: &tree::Expr, ty: &Type) -> bool {
    let tree::ExprKind::Text(text) = &*bare(e).kind else { return true };
    match (&text.parts[..], ty) {
        ([tree::TextPart::Literal { text, .. }], Type::Email) => validate::is_email(text),
        ([tree::TextPart::Literal { text, .. }], Type::Phone) => validate::is_phone(text),
        ([tree::TextPart::Literal { text, .. }], Type::Url) => validate::is_url(text),
        ([], _) => false,
        _ => true,
    }
}

pub(super) fn is_const(x: &Expr) -> bool {
    matches!(x.kind, ExprKind::Const(_))
}
