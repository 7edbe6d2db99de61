//! Comparisons and tests: `==`, `<`, `in`, `contains`, `between`, `matches`, `is set`.

use super::super::Checker;
use super::super::scope::Scope;
use super::literals::element;
use super::operators::{Sides, boxed, broken, written_out};
use super::{bare, constant, mistake, node};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{Conversion, Expr, ExprKind, OrderOp};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{self, BinaryOp, IsTest, StageKind};
use crate::value::Value;
use crate::value::compare::is_ordered;

impl Checker<'_> {
    /// Both sides; a bare name of an enum, a stage or a pipeline means what the other side says.
    fn both(&mut self, (a, b): Sides, scope: &mut Scope) -> (Expr, Expr) {
        if let tree::ExprKind::Name(name) = &*bare(a).kind {
            let known = self.quiet_name(name, scope);
            let known = known.or_else(|| self.lost_value(b));
            let b = self.beside(b, known.as_ref(), scope);
            // Whatever else the name means: a value that the other side has comes first.
            let hint = match b.ty {
                Type::Error if !self.names_some_value(&name.text) => None,
                _ => Some(b.ty.inner()),
            };
            let a = self.infer(a, hint, scope);
            return (a, b);
        }
        let before = self.diagnostics.len();
        let a = self.infer(a, None, scope);
        // Beside a mistake of its own a name is looked at all the same.
        let hint = match &a.ty {
            Type::Error if self.diagnostics.len() > before => self.lost_value(b),
            ty => Some(ty.inner().clone()),
        };
        let b = self.beside(b, hint.as_ref(), scope);
        (a, b)
    }

    /// Beside a name that is not known, the name of some enum's value is no second mistake.
    fn lost_value(&self, e: &tree::Expr) -> Option<Type> {
        match &*bare(e).kind {
            tree::ExprKind::Name(name) if self.names_some_value(&name.text) => Some(Type::Error),
            _ => None,
        }
    }

    /// Whether a bare name could be a value where the right type is wanted.
    pub(super) fn names_some_value(&self, name: &str) -> bool {
        self.schema.enums.iter().any(|e| e.values.iter().any(|v| *v.name == *name))
            || self.stages.iter().any(|s| *s.name == *name)
    }

    /// Checks an expression of which another says what its bare names mean.
    pub(super) fn beside(&mut self, e: &tree::Expr, hint: Option<&Type>, scope: &mut Scope) -> Expr {
        self.infer(e, hint.filter(|h| written_out(e, h)), scope)
    }

    /// What a bare name means if nothing is wanted; `None` if nothing. Something with a mistake in its
    /// declaration is of the type [`Type::Error`].
    pub(in crate::check) fn quiet_name(&mut self, name: &tree::Name, scope: &mut Scope) -> Option<Type> {
        let before = self.diagnostics.len();
        let fields_read = scope.fields_read.len();
        let ty = self.chain(&[name], None, scope).ty;
        let unknown = self.diagnostics.len() > before;
        self.diagnostics.truncate(before);
        scope.fields_read.truncate(fields_read);
        (!unknown).then(|| ty.inner().clone())
    }

    pub(super) fn equality(&mut self, span: Span, negated: bool, sides: Sides, scope: &mut Scope) -> Expr {
        let (left, right) = self.both(sides, scope);
        if broken(&left, &right) {
            return mistake(span);
        }
        let common = match (left.ty.inner(), right.ty.inner()) {
            // A user is never a department, though both are recipients.
            (a, b) if a != b && of_one_kind(a) && of_one_kind(b) => None,
            (a, b) => self.common_type(a, b),
        };
        let Some(common) = common else {
            return self.incomparable(span, Some(negated), &left, &right, scope);
        };
        let left = boxed(self.side(left, &common));
        let right = boxed(self.side(right, &common));
        node(ExprKind::Equal { left, right, negated }, Type::Bool, span)
    }

    pub(super) fn ignoring_case(&mut self, span: Span, (left, right): Sides, scope: &mut Scope) -> Expr {
        let left = self.infer(left, None, scope);
        let right = self.infer(right, None, scope);
        let (left, right) = (self.as_text(left, true, scope), self.as_text(right, true, scope));
        if broken(&left, &right) {
            return mistake(span);
        }
        let kind = ExprKind::EqualIgnoreCase { left: boxed(left), right: boxed(right) };
        node(kind, Type::Bool, span)
    }

    /// A text, or with `optional` a `text?`.
    fn as_text(&mut self, x: Expr, optional: bool, scope: &mut Scope) -> Expr {
        let want = if optional && x.ty.is_optional() { Type::Text.optional() } else { Type::Text };
        self.convert(x, &want, scope)
    }

    pub(super) fn order(&mut self, span: Span, op: BinaryOp, sides: Sides, scope: &mut Scope) -> Expr {
        let op = match op {
            BinaryOp::Lt => OrderOp::Less,
            BinaryOp::Le => OrderOp::LessOrEqual,
            BinaryOp::Gt => OrderOp::Greater,
            _ => OrderOp::GreaterOrEqual,
        };
        let (left, right) = self.both(sides, scope);
        if broken(&left, &right) {
            return mistake(span);
        }
        let Some(common) = self.common_type(left.ty.inner(), right.ty.inner()) else {
            return self.incomparable(span, None, &left, &right, scope);
        };
        if common != Type::Never && !is_ordered(&common) {
            return self.unordered(span, &left);
        }
        let left = self.need_set(left, false, scope);
        let right = self.need_set(right, false, scope);
        if broken(&left, &right) {
            return mistake(span);
        }
        let (left, right) = (boxed(self.side(left, &common)), boxed(self.side(right, &common)));
        node(ExprKind::Order { op, left, right }, Type::Bool, span)
    }

    pub(super) fn between_test(
        &mut self,
        e: &tree::Expr,
        value: &tree::Expr,
        low: &tree::Expr,
        high: &tree::Expr,
        scope: &mut Scope,
    ) -> Expr {
        self.collecting(e.span, false, scope, |checker, scope| {
            let value = checker.infer(value, None, scope);
            let hint = value.ty.inner().clone();
            let mut all =
                [value, checker.beside(low, Some(&hint), scope), checker.beside(high, Some(&hint), scope)];
            if all.iter().any(|x| x.ty == Type::Error) {
                return mistake(e.span);
            }
            let mut common = all[0].ty.inner().clone();
            for side in &all[1..] {
                match checker.common_type(&common, side.ty.inner()) {
                    Some(ty) => common = ty,
                    None => {
                        let x = checker.incomparable(e.span, None, &all[0], side, scope);
                        // Both ends, or the value between them, may have to change.
                        if let Some(said) = checker.diagnostics.last_mut() {
                            said.fix.clear();
                        }
                        return x;
                    }
                }
            }
            if common != Type::Never && !is_ordered(&common) {
                return checker.unordered(e.span, &all[0]);
            }
            all = all.map(|x| checker.need_set(x, false, scope));
            if all.iter().any(|x| x.ty == Type::Error) {
                return mistake(e.span);
            }
            all = all.map(|x| checker.side(x, &common));
            let [value, low, high] = all.map(boxed);
            node(ExprKind::Between { value, low, high }, Type::Bool, e.span)
        })
    }

    pub(super) fn is_in(
        &mut self,
        span: Span,
        negated: bool,
        (value, list): Sides,
        scope: &mut Scope,
    ) -> Expr {
        let (value, list) = match &*bare(value).kind {
            tree::ExprKind::Name(name) => {
                let known = self.quiet_name(name, scope).map(Type::list);
                let known = known.or_else(|| self.lost_values(list));
                let list = self.beside(list, known.as_ref(), scope);
                let hint = match &list.ty {
                    Type::Error if !self.names_some_value(&name.text) => None,
                    ty => Some(element(ty)),
                };
                let value = self.infer(value, hint, scope);
                (value, list)
            }
            _ => {
                let before = self.diagnostics.len();
                let value = self.infer(value, None, scope);
                let hint = match &value.ty {
                    Type::Error if self.diagnostics.len() > before => self.lost_values(list),
                    ty => Some(ty.inner().clone().list()),
                };
                let list = self.beside(list, hint.as_ref(), scope);
                (value, list)
            }
        };
        let list = self.need_set(list, false, scope);
        self.in_list(span, negated, value, list)
    }

    fn lost_values(&self, list: &tree::Expr) -> Option<Type> {
        match &*bare(list).kind {
            tree::ExprKind::List(items) if items.iter().any(|i| self.lost_value(i).is_some()) => {
                Some(Type::Error.list())
            }
            _ => None,
        }
    }

    fn in_list(&mut self, span: Span, negated: bool, value: Expr, list: Expr) -> Expr {
        if broken(&value, &list) {
            return mistake(span);
        }
        let Type::List(of) = &list.ty else {
            let help = self.help_for_in(span, &value, &list, negated);
            let message = format!("`in` wants a list, and {} is {}", self.words(list.span), self.a(&list.ty));
            return self.advise(Code::NotAList, list.span, message, help);
        };
        let Some(common) = self.common_type(value.ty.inner(), of) else {
            let of = (**of).clone();
            return self.never_in(span, &value, &list, &of);
        };
        let list = boxed(self.side(list, &common.clone().list()));
        let value = boxed(self.side(value, &common));
        node(ExprKind::In { value, list, negated }, Type::Bool, span)
    }

    #[cold]
    fn help_for_in(&self, span: Span, value: &Expr, list: &Expr, negated: bool) -> Option<Advice> {
        let (x, y) = (self.short(value.span)?, self.short(list.span)?);
        let not = if negated { "not " } else { "" };
        let write = |text: String| Advice::write(span, text).unsure(value.ty.is_optional());
        Some(match (value.ty.inner(), &list.ty) {
            (Type::User, Type::Department) if negated => write(format!("{x}.department != {y}")),
            (Type::User, Type::Department) => write(format!("{x}.department == {y}")),
            (Type::User, Type::Role) => write(format!("{x}.roles {not}contains {y}")),
            (_, Type::Text | Type::Email | Type::Phone | Type::Url) => {
                write(format!("{y} {not}contains {x}"))
            }
            _ => {
                let fits = self.common_type(value.ty.inner(), &list.ty).is_some();
                Advice::write(span, format!("{x} {not}in [{y}]")).unsure(!fits)
            }
        })
    }

    fn never_in(&mut self, span: Span, value: &Expr, list: &Expr, of: &Type) -> Expr {
        if let (Type::Money(have), Type::Money(want)) = (of, value.ty.inner()) {
            self.wrong_currency(list, *have, *want);
            return mistake(span);
        }
        let several = self.help_for_several(value, list);
        let message = match several {
            Some(_) => {
                format!("one value is looked for in a list, and {} is a list too", self.words(value.span))
            }
            None => format!(
                "{} is never in {}: it is {}, and that is {}",
                self.words(value.span),
                self.words(list.span),
                self.a(value.ty.inner()),
                self.a(&list.ty)
            ),
        };
        let help = several
            .or_else(|| self.without_quotes(list, value.ty.inner()))
            .or_else(|| self.without_quotes(value, of))
            .or_else(|| match value.ty.inner() {
                Type::Enum(id) if *of == Type::Text => Some(Advice::say(self.listed_values(*id))),
                _ => None,
            })
            .or_else(|| self.help_for_elements(list, value.ty.inner()))
            .or_else(|| self.help_for_type(value, of));
        self.advise(Code::NotComparable, span, message, help)
    }

    /// `tags contains ["a", "b"]`: each of them is asked for.
    fn help_for_several(&self, value: &Expr, list: &Expr) -> Option<Advice> {
        let (Type::List(one), Type::List(other)) = (value.ty.inner(), list.ty.inner()) else { return None };
        let (x, y) = (self.short(value.span)?, self.short(list.span)?);
        (one == other).then(|| Advice::say(format!("ask for each of them: `{x}.any(x => {y} contains x)`")))
    }

    /// `amount in [5, 6]`: each element as the type of what is looked for.
    fn help_for_elements(&self, list: &Expr, wanted: &Type) -> Option<Advice> {
        let ExprKind::Const(Value::List(items)) = &list.kind else { return None };
        let written: Option<Vec<String>> = items
            .iter()
            .map(|item| match (item, wanted) {
                (Value::Int(n), Type::Money(Some(currency))) => Some(format!("{n} {currency}")),
                (Value::Decimal(n), Type::Money(Some(currency))) => Some(format!("{n} {currency}")),
                (Value::Int(n), Type::Text) => Some(format!("\"{n}\"")),
                _ => None,
            })
            .collect();
        // That the field should hold numbers is as likely.
        let unsure = *wanted == Type::Text;
        Some(Advice::write(list.span, format!("[{}]", written?.join(", "))).unsure(unsure))
    }

    pub(super) fn contains(
        &mut self,
        span: Span,
        negated: bool,
        (whole, part): Sides,
        scope: &mut Scope,
    ) -> Expr {
        // `[web, phone] contains source`: the other side says what bare names in the list mean.
        let of = match (&*bare(whole).kind, &*bare(part).kind) {
            (tree::ExprKind::List(_), tree::ExprKind::Name(name)) => self.quiet_name(name, scope),
            (tree::ExprKind::List(_), tree::ExprKind::Member { .. }) => {
                let before = self.diagnostics.len();
                let ty = self.apart(scope, |checker, scope| checker.infer(part, None, scope)).ty;
                self.diagnostics.truncate(before);
                Some(ty.inner().clone())
            }
            _ => None,
        };
        let of = of.filter(|of| *of != Type::Never).map(Type::list);
        let whole = self.beside(whole, of.as_ref(), scope);
        let whole = self.need_set(whole, false, scope);
        match &whole.ty {
            Type::List(of) => {
                let hint = (**of).clone();
                let part = self.beside(part, Some(&hint), scope);
                if part.ty != Type::Error && self.common_type(part.ty.inner(), &hint).is_none() {
                    return self.never_in(span, &part, &whole, &hint);
                }
                self.in_list(span, negated, part, whole)
            }
            Type::Text | Type::Email | Type::Phone | Type::Url => {
                let text = self.as_text(whole, false, scope);
                let part = self.text_part(part, scope);
                if broken(&text, &part) {
                    return mistake(span);
                }
                let kind = ExprKind::ContainsText { text: boxed(text), part: boxed(part), negated };
                node(kind, Type::Bool, span)
            }
            ty => {
                let is = self.a(ty);
                let broken = *ty == Type::Error;
                let value = self.short(whole.span).zip(self.example(ty));
                let help = value.map(|(x, y)| format!("compare it: `{x} == {y}`"));
                self.infer(part, None, scope);
                if broken {
                    return mistake(span);
                }
                let message =
                    format!("`contains` looks into texts and lists, and {} is {is}", self.words(whole.span));
                self.wrong(Code::WrongType, whole.span, message, help)
            }
        }
    }

    fn text_part(&mut self, part: &tree::Expr, scope: &mut Scope) -> Expr {
        let part = self.infer(part, None, scope);
        let part = self.need_set(part, false, scope);
        self.as_text(part, false, scope)
    }

    pub(super) fn text_ends(
        &mut self,
        span: Span,
        op: BinaryOp,
        (text, part): Sides,
        scope: &mut Scope,
    ) -> Expr {
        let text = self.text_part(text, scope);
        let part = self.text_part(part, scope);
        if broken(&text, &part) {
            return mistake(span);
        }
        let (text, part) = (boxed(text), boxed(part));
        let kind = match op {
            BinaryOp::StartsWith => ExprKind::StartsWith { text, part },
            _ => ExprKind::EndsWith { text, part },
        };
        node(kind, Type::Bool, span)
    }

    pub(super) fn matches_test(
        &mut self,
        e: &tree::Expr,
        value: &tree::Expr,
        regex: &tree::Regex,
        scope: &mut Scope,
    ) -> Expr {
        self.collecting(e.span, false, scope, |checker, scope| {
            let text = checker.text_part(value, scope);
            let good = checker.pattern_is_good(regex);
            if text.ty == Type::Error || !good {
                return mistake(e.span);
            }
            let kind = ExprKind::Matches { text: boxed(text), regex: regex.text.clone().into() };
            node(kind, Type::Bool, e.span)
        })
    }

    /// Whether a regular expression can be compiled; what is wrong is reported at its place.
    pub fn pattern_is_good(&mut self, regex: &tree::Regex) -> bool {
        let Err(error) = regex::Regex::new(&regex.text) else { return true };
        let (reason, help) = crate::check::limits::regex_mistake(&error);
        let message = format!("this pattern is not right: {reason}");
        self.report(Diagnostic::new(Code::BadPattern, regex.span, message).maybe_help(help));
        false
    }

    pub(super) fn is_test(
        &mut self,
        e: &tree::Expr,
        value: &tree::Expr,
        test: IsTest,
        scope: &mut Scope,
    ) -> Expr {
        let span = e.span;
        let x = self.infer(value, None, scope);
        if x.ty == Type::Error {
            return mistake(span);
        }
        match test {
            IsTest::Set | IsTest::NotSet => {
                let kind = match x.ty.inner() {
                    Type::Entity(entity) => {
                        self.reads_references = true;
                        let entity = *entity;
                        ExprKind::RefExists { base: boxed(x), entity }
                    }
                    _ => ExprKind::IsSet(boxed(maybe(x))),
                };
                negated(kind, test == IsTest::NotSet, span)
            }
            IsTest::Empty | IsTest::NotEmpty => {
                let kind = match x.ty.inner() {
                    Type::Text | Type::Email | Type::Phone | Type::Url | Type::List(_) => {
                        ExprKind::IsEmpty(boxed(x))
                    }
                    _ => ExprKind::IsEmpty(boxed(maybe(x))),
                };
                negated(kind, test == IsTest::NotEmpty, span)
            }
            _ => self.stage_test(x, test, span, scope),
        }
    }

    fn stage_test(&mut self, x: Expr, test: IsTest, span: Span, scope: &mut Scope) -> Expr {
        let (kinds, not) = match test {
            IsTest::Success => (vec![StageKind::Success], false),
            IsTest::NotSuccess => (vec![StageKind::Success], true),
            IsTest::Failure => (vec![StageKind::Failure], false),
            IsTest::NotFailure => (vec![StageKind::Failure], true),
            IsTest::NotFinal => (vec![StageKind::Success, StageKind::Failure], true),
            _ => (vec![StageKind::Success, StageKind::Failure], false),
        };
        let x = self.collecting(span, false, scope, |checker, scope| checker.need_set(x, false, scope));
        if !matches!(x.ty, Type::Stage(_) | Type::Error) {
            let message = format!(
                "only a stage is a success, a failure or final, and {} is {}",
                self.words(x.span),
                self.a(&x.ty)
            );
            let help = Some("write `stage is success`, `stage is failure` or `stage is final`".into());
            return self.wrong(Code::WrongType, x.span, message, help);
        }
        negated(ExprKind::StageIs { stage: boxed(x), kinds }, not, span)
    }
}

fn of_one_kind(ty: &Type) -> bool {
    matches!(ty, Type::User | Type::Department | Type::Role)
}

/// A `T` as the `T?` that tests of emptiness take.
fn maybe(x: Expr) -> Expr {
    if x.ty.is_optional() {
        return x;
    }
    let (ty, span) = (x.ty.clone().optional(), x.span);
    match x.kind {
        ExprKind::Const(value) => constant(value, ty, span),
        _ => node(ExprKind::Convert { to: Conversion::ToOptional, value: boxed(x) }, ty, span),
    }
}

fn negated(kind: ExprKind, negated: bool, span: Span) -> Expr {
    let test = node(kind, Type::Bool, span);
    if negated { node(ExprKind::Not(boxed(test)), Type::Bool, span) } else { test }
}
