//! What a test tells: places that are known to be set, and what to say where one is used untested.

use super::super::Checker;
use super::super::pipelines::walk::model_exprs;
use super::super::scope::{Place, Root, Scope, Unset};
use super::{mistake, node};
use crate::diagnostic::{Advice, Code, Diagnostic, Label};
use crate::model::{Conversion, Expr, ExprKind};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree;
use crate::value::Value;

impl Checker<'_> {
    /// What is known to be set where the expression is true, and where it is false.
    pub fn facts(e: &Expr) -> (Vec<Place>, Vec<Place>) {
        match &e.kind {
            ExprKind::Not(inner) => {
                let (yes, no) = Self::facts(inner);
                (no, yes)
            }
            ExprKind::And(a, b) => {
                let ((a_yes, a_no), (b_yes, b_no)) = (Self::facts(a), Self::facts(b));
                (union(a_yes, b_yes), intersection(a_no, &b_no))
            }
            ExprKind::Or(a, b) => {
                let ((a_yes, a_no), (b_yes, b_no)) = (Self::facts(a), Self::facts(b));
                (intersection(a_yes, &b_yes), union(a_no, b_no))
            }
            ExprKind::If { condition, then, otherwise } => {
                let ((yes, no), (t_yes, t_no), (e_yes, e_no)) =
                    (Self::facts(condition), Self::facts(then), Self::facts(otherwise));
                (
                    intersection(union(yes.clone(), t_yes), &union(no.clone(), e_yes)),
                    intersection(union(yes, t_no), &union(no, e_no)),
                )
            }
            ExprKind::IsSet(x) | ExprKind::RefExists { base: x, .. } => (Self::tested(x), Vec::new()),
            ExprKind::IsEmpty(x) => (Vec::new(), Self::tested(x)),
            ExprKind::Equal { left, right, negated } => {
                let mut same = Vec::new();
                let mut different = Vec::new();
                for (x, other) in [(left, right), (right, left)] {
                    if is_none(other) {
                        different.extend(Self::tested(x));
                    } else if !other.ty.is_optional() {
                        same.extend(Self::tested(x));
                    }
                }
                if *negated { (different, same) } else { (same, different) }
            }
            ExprKind::EqualIgnoreCase { left, right } => {
                let mut same = Vec::new();
                for (x, other) in [(left, right), (right, left)] {
                    if !other.ty.is_optional() {
                        same.extend(Self::tested(x));
                    }
                }
                (same, Vec::new())
            }
            // A list never holds `none`.
            ExprKind::In { value, negated, .. } => {
                let set = Self::tested(value);
                if *negated { (Vec::new(), set) } else { (set, Vec::new()) }
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// The place of an expression, and those on the way to it: `company.email` is set only if `company` is.
    fn tested(e: &Expr) -> Vec<Place> {
        let mut places = Vec::new();
        let Some(mut place) = Self::place(e) else { return places };
        loop {
            places.push(place.clone());
            if place.fields.pop().is_some() {
                continue;
            }
            match place.root {
                Root::Property(of, _) => place = *of,
                _ => return places,
            }
        }
    }

    /// The place that an expression reads, if a test can speak of it.
    pub fn place(e: &Expr) -> Option<Place> {
        let root = match &e.kind {
            ExprKind::Field(f) => Root::Field(*f),
            ExprKind::Local(l) => Root::Local(*l),
            ExprKind::Old(f) => Root::Old(*f),
            ExprKind::Output(o) => Root::Output(*o),
            ExprKind::Payload(slots) => {
                // The first of the events and the member's slot there say which member it is.
                let (event, slot) = slots.first()?;
                Root::Payload(format!("{}.{slot}", event.0).into())
            }
            ExprKind::RefField { base, field, .. } => {
                let mut place = Self::place(base)?;
                place.fields.push(*field);
                return Some(place);
            }
            ExprKind::PrincipalField { base, field } => {
                Root::Property(Box::new(Self::place(base)?), field.name().into())
            }
            ExprKind::FileName(base) => Root::Property(Box::new(Self::place(base)?), "name".into()),
            ExprKind::FileUrl(base) => Root::Property(Box::new(Self::place(base)?), "url".into()),
            ExprKind::Convert {
                to: Conversion::Narrow | Conversion::ToOptional | Conversion::Widen | Conversion::IntToDecimal,
                value,
            } => return Self::place(value),
            _ => return None,
        };
        Some(Place { root, fields: Vec::new() })
    }

    /// The expression without its question mark, if it is known to be set here.
    pub(super) fn narrowed(&self, x: Expr, scope: &Scope) -> Expr {
        if x.ty.is_optional() && Self::place(&x).is_some_and(|place| scope.facts.holds(&place)) {
            narrow(x)
        } else {
            x
        }
    }

    /// Checks with more places known to be set.
    pub(super) fn knowing<T>(
        &mut self,
        places: Vec<Place>,
        scope: &mut Scope,
        check: impl FnOnce(&mut Self, &mut Scope) -> T,
    ) -> T {
        if places.is_empty() {
            return check(self, scope);
        }
        let before = scope.facts.clone();
        scope.facts.add_all(places);
        let result = check(self, scope);
        scope.facts = before;
        result
    }

    /// Checks what a condition decides of. If the condition has a mistake, nobody knows what it would have tested.
    pub(in crate::check) fn after_condition<T>(
        &mut self,
        condition: &Expr,
        scope: &mut Scope,
        check: impl FnOnce(&mut Self, &mut Scope) -> T,
    ) -> T {
        let before = scope.untold;
        scope.untold |= condition.ty == Type::Error;
        let result = check(self, scope);
        scope.untold = before;
        result
    }

    /// A test: what stands between `and`, `or`, `not`. Gives a bool. What it reads that may be unset is said in
    /// one sentence, with the test as it should be. `inside_not`: it stands behind `not` without parentheses.
    pub(super) fn single_test(&mut self, e: &tree::Expr, inside_not: bool, scope: &mut Scope) -> Expr {
        self.collecting(e.span, inside_not, scope, |checker, scope| {
            let x = checker.infer(e, Some(&Type::Bool), scope);
            if x.ty == Type::Bool.optional() {
                return checker.unset_condition(x, scope);
            }
            checker.convert(x, &Type::Bool, scope)
        })
    }

    /// Checks what is a test, wherever it stands.
    pub(super) fn collecting(
        &mut self,
        span: Span,
        inside_not: bool,
        scope: &mut Scope,
        check: impl FnOnce(&mut Self, &mut Scope) -> Expr,
    ) -> Expr {
        if scope.unset.is_some() {
            return check(self, scope);
        }
        scope.unset = Some(Vec::new());
        let x = check(self, scope);
        let unset = scope.unset.take().unwrap_or_default();
        if !unset.is_empty() {
            self.unset_in_test(span, inside_not, &unset);
        }
        x
    }

    /// Checks a part in which the test around cannot help: a lambda's body, a placeholder, a condition.
    pub(super) fn apart<T>(
        &mut self,
        scope: &mut Scope,
        check: impl FnOnce(&mut Self, &mut Scope) -> T,
    ) -> T {
        let outer = (scope.unset.take(), scope.waits_for.take());
        let result = check(self, scope);
        (scope.unset, scope.waits_for) = outer;
        result
    }

    /// The value of something that must be set here. Untested it is reported, and taken as if it were.
    /// `operand`: a `??` after it needs parentheses.
    pub(super) fn need_set(&mut self, x: Expr, operand: bool, scope: &mut Scope) -> Expr {
        let Type::Optional(inner) = &x.ty else { return x };
        if **inner == Type::Never {
            let message = "`none` cannot stand here: a value is needed";
            return self.wrong(Code::WrongType, x.span, message, None);
        }
        let ty = (**inner).clone();
        // What a condition with a mistake would have told is not known.
        if scope.untold {
            return narrow(x);
        }
        let is_place = Self::place(&x).is_some();
        if let Some(waits_for) = &mut scope.waits_for
            && !reads_local(&x)
        {
            waits_for.push(x.clone());
        } else if is_place && let Some(unset) = &mut scope.unset {
            unset.push(Unset { span: x.span, ty });
        } else {
            let lost = Self::place(&x).and_then(|p| scope.facts.lost_at(&p));
            self.unset_value(&x, is_place, operand, scope, lost);
        }
        narrow(x)
    }

    #[cold]
    fn unset_value(&mut self, x: &Expr, is_place: bool, operand: bool, scope: &Scope, lost: Option<Span>) {
        let in_rule = scope.rule.is_some();
        let ty = x.ty.inner();
        let message = format!("{} may be empty here", self.words(x.span));
        let mut helps = Vec::new();
        if let Some(text) = self.short(x.span) {
            if let Some(default) = self.default_text(ty) {
                let with_default = format!("{text} ?? {default}");
                helps.push(match operand {
                    true => format!("write `({with_default})`"),
                    false => format!("write `{with_default}`"),
                });
            }
            if is_place {
                let verb = if helps.is_empty() { "test" } else { "or test" };
                helps.push(match in_rule {
                    true => format!("{verb} it first: `if {text} is set {{ … }}`"),
                    false => format!("{verb} it first: `if {text} is set then … else …`"),
                });
            }
        }
        let help = (!helps.is_empty()).then(|| helps.join(", "));
        let label = self.a(&x.ty);
        let diagnostic = Diagnostic::new(Code::MayBeEmpty, x.span, message).label(label).maybe_help(help);
        let diagnostic = self.forgotten(diagnostic, x.span, lost, scope);
        self.report(diagnostic);
    }

    /// Where something was tested, but the record could have changed since: says so, and how to keep it.
    pub(super) fn forgotten(
        &self,
        diagnostic: Diagnostic,
        span: Span,
        lost: Option<Span>,
        scope: &Scope,
    ) -> Diagnostic {
        let (Some(lost), Some(text)) = (lost, self.short(span)) else { return diagnostic };
        let name = self.free_name(text.rsplit('.').next().unwrap_or(text), scope);
        let diagnostic =
            diagnostic.help(format!("write `let {name} = {text}` before that, and use `{name}` here"));
        match lost == span {
            true => diagnostic,
            false => diagnostic.also(lost, "it was tested, but here the record may change"),
        }
    }

    /// A `bool?` as a condition.
    #[cold]
    fn unset_condition(&mut self, x: Expr, scope: &mut Scope) -> Expr {
        if scope.waits_for.is_some() || scope.untold {
            return self.need_set(x, false, scope);
        }
        let message = format!("{} may be empty here", self.words(x.span));
        let help = self.short(x.span).map(|text| match Self::place(&x) {
            Some(_) => Advice::write(x.span, format!("{text} == true")),
            None => Advice::write(x.span, format!("(({text}) ?? false)")),
        });
        let label = "neither true nor false while it is empty";
        self.report(Diagnostic::new(Code::MayBeEmpty, x.span, message).label(label).advised(help));
        mistake(x.span)
    }

    /// The commonest mistake of all: `delivery_date < today`, where there may be no delivery date.
    #[cold]
    fn unset_in_test(&mut self, test: Span, inside_not: bool, unset: &[Unset]) {
        let mut names: Vec<String> = Vec::new();
        let mut labels = Vec::new();
        for each in unset {
            let text = self.sources.text(each.span).trim().to_string();
            if !names.contains(&text) {
                names.push(text);
                let what = self.a(&each.ty.clone().optional());
                labels.push(Label { span: each.span, message: Some(what) });
            }
        }
        let quoted: Vec<_> = names.iter().map(|n| format!("`{n}`")).collect();
        let message = format!("{} may be empty here", quoted.join(" and "));
        let tested: Vec<_> = names.iter().map(|n| format!("{n} is set")).collect();
        let tested = tested.join(" and ");
        let text = self.sources.text(test).trim();
        let before = Span { end: test.start, ..test };
        let after = Span { start: test.end, ..test };
        let help = match text.contains('\n') {
            false if inside_not => Advice::write(test, format!("({tested} and {text})")),
            false => Advice::write(test, format!("{tested} and {text}")),
            true if inside_not => {
                Advice::say(format!("write `({tested} and` in front of it, and `)` behind"))
                    .fixed(before, format!("({tested} and "))
                    .fixed(after, ")")
            }
            true => Advice::say(format!("write `{tested} and` in front of it"))
                .fixed(before, format!("{tested} and ")),
        };
        let mut diagnostic = Diagnostic::new(Code::MayBeEmpty, unset[0].span, message).advised(Some(help));
        diagnostic.labels = labels;
        self.report(diagnostic);
    }

    /// What one could write behind `??` for a type.
    pub(super) fn default_text(&self, ty: &Type) -> Option<String> {
        Some(match ty {
            Type::Text => "\"\"".into(),
            Type::Int | Type::Decimal => "0".into(),
            Type::Money(Some(currency)) => format!("0 {currency}"),
            Type::Bool => "false".into(),
            Type::Date => "today".into(),
            Type::DateTime => "now".into(),
            Type::Duration => "0 days".into(),
            Type::List(_) => "[]".into(),
            Type::Enum(id) => self.schema.enumeration(*id).values.first()?.name.to_string(),
            _ => return None,
        })
    }
}

/// A `T?` that is known to be set, as a `T`.
pub(super) fn narrow(x: Expr) -> Expr {
    let (ty, span) = (x.ty.inner().clone(), x.span);
    node(ExprKind::Convert { to: Conversion::Narrow, value: Box::new(x) }, ty, span)
}

/// Whether a value is known only inside of a `=>`.
fn reads_local(x: &Expr) -> bool {
    let mut found = false;
    model_exprs(x, |e| found |= matches!(e.kind, ExprKind::Local(_)));
    found
}

fn is_none(x: &Expr) -> bool {
    matches!(x.kind, ExprKind::Const(Value::None))
}

fn union(mut a: Vec<Place>, b: Vec<Place>) -> Vec<Place> {
    for place in b {
        if !a.contains(&place) {
            a.push(place);
        }
    }
    a
}

fn intersection(mut a: Vec<Place>, b: &[Place]) -> Vec<Place> {
    a.retain(|place| b.contains(place));
    a
}
