//! From conditions of the model to formulas.

use super::super::is_test;
use super::key::{bare, key, slot_here};
use super::{Formula, Place, Point, Question, Reason, Test};
use crate::check::model_exprs;
use crate::model::{Expr, ExprKind, LocalId, OrderOp};
use crate::schema::Type;
use crate::value::functions::Function;
use crate::value::{Value, compare};

/// So many parts a condition may have, its functions written out: a longer one is left free.
const MOST_PARTS: usize = 2_000;
/// So deep the functions of a condition may lie in each other.
const MOST_LEVELS: usize = 24;
/// So many levels a condition may have, its functions written out.
const MOST_DEPTH: usize = 220;
/// So many entries of a list are compared one by one.
const MOST_ENTRIES: usize = 64;

/// The outcomes of a comparison by order: less, equal, greater, otherwise different.
const LESS: [Option<bool>; 4] = [Some(true), Some(false), Some(false), None];
const LESS_OR_EQUAL: [Option<bool>; 4] = [Some(true), Some(true), Some(false), None];
const GREATER: [Option<bool>; 4] = [Some(false), Some(false), Some(true), None];
const GREATER_OR_EQUAL: [Option<bool>; 4] = [Some(false), Some(true), Some(true), None];
const EQUAL: [Option<bool>; 4] = [Some(false), Some(true), Some(false), Some(false)];

/// Whether finding the value may fail: what is missing here cannot.
pub fn may_fail(e: &Expr) -> bool {
    let mut fails = false;
    model_exprs(e, |e| {
        fails |= match &e.kind {
            ExprKind::RefField { base, .. } => !matches!(bare(base).kind, ExprKind::This),
            ExprKind::Output(_) => !e.ty.is_optional(),
            // A failing condition inside is one of the whole.
            ExprKind::Arith { .. } | ExprKind::CallFn { .. } | ExprKind::ListOp { .. } => true,
            ExprKind::Call { function, .. } => !matches!(
                function,
                Function::Len
                    | Function::Lower
                    | Function::Upper
                    | Function::Trim
                    | Function::Count
                    | Function::First
                    | Function::Last
                    | Function::Date
                    | Function::Time
                    | Function::Weekday
                    | Function::Hour
                    | Function::Year
                    | Function::Month
                    | Function::Day
                    | Function::Currency
                    | Function::Value
            ),
            ExprKind::Text(_) => true,
            ExprKind::Convert { .. } => bare_changes(e),
            ExprKind::Order { left, right, .. } => mixed_money(left) || mixed_money(right),
            ExprKind::Between { value, .. } => mixed_money(value),
            _ => false,
        };
    });
    fails
}

/// A conversion that is more than another view of the same value.
fn bare_changes(e: &Expr) -> bool {
    matches!(bare(e).kind, ExprKind::Convert { .. })
}

/// An amount of which only the run knows the currency.
fn mixed_money(e: &Expr) -> bool {
    matches!(bare(e).ty.inner(), Type::Money(None))
}

impl Reason<'_> {
    /// The formula of a condition that is evaluated at a place.
    pub fn formula(&mut self, e: &Expr, place: &Place) -> Formula {
        let mut parts = 0;
        let mut calls = false;
        model_exprs(e, |e| {
            parts += 1;
            calls |= matches!(e.kind, ExprKind::CallFn { .. });
        });
        if parts > MOST_PARTS {
            return self.free(e, place);
        }
        if calls {
            let mut left = MOST_PARTS - parts;
            let written_out = self.inline(e, &[], (0, 0), &mut left);
            return self.build(&written_out.unwrap_or_else(|| e.clone()), place);
        }
        self.build(e, place)
    }

    fn build(&mut self, e: &Expr, place: &Place) -> Formula {
        match &e.kind {
            ExprKind::Const(Value::Bool(b)) => Formula::Known(*b),
            ExprKind::Not(x) => self.build(x, place).not(),
            ExprKind::And(a, b) => {
                let a = self.build(a, place);
                a.and(self.build(b, place))
            }
            ExprKind::Or(a, b) => {
                let a = self.build(a, place);
                a.or(self.build(b, place))
            }
            ExprKind::If { condition, then, otherwise } => {
                let condition = self.build(condition, place);
                let then = self.build(then, place);
                let otherwise = self.build(otherwise, place);
                Formula::choose(condition, then, otherwise)
            }
            ExprKind::Default { left, right } => {
                let set = self.is_set(left, place);
                let value = self.truth(left, place);
                let right = self.build(right, place);
                Formula::choose(set, value, right)
            }
            ExprKind::Equal { left, right, negated } => {
                let f = self.equal(left, right, place);
                if *negated { f.not() } else { f }
            }
            ExprKind::Order { op, left, right } => self.order(*op, left, right, place),
            ExprKind::Between { value, low, high } => {
                let low = self.order(OrderOp::LessOrEqual, low, value, place);
                low.and(self.order(OrderOp::LessOrEqual, value, high, place))
            }
            ExprKind::In { value, list, negated } => {
                let f = self.is_in(e, value, list, place);
                if *negated { f.not() } else { f }
            }
            ExprKind::IsSet(x) => self.is_set(x, place),
            ExprKind::IsEmpty(x) => match x.ty.inner() {
                Type::Text | Type::Email | Type::Phone | Type::Url | Type::List(_) => {
                    self.ask(e, x, Question::IsEmpty, place)
                }
                _ => self.is_set(x, place).not(),
            },
            ExprKind::EqualIgnoreCase { left, right } => match (&bare(left).kind, &bare(right).kind) {
                (_, ExprKind::Const(Value::Text(text))) => {
                    self.ask(e, left, Question::IgnoringCase(text.clone()), place)
                }
                (ExprKind::Const(Value::Text(text)), _) => {
                    self.ask(e, right, Question::IgnoringCase(text.clone()), place)
                }
                _ => self.free(e, place),
            },
            ExprKind::ContainsText { text, part, negated } => {
                let f = match &bare(part).kind {
                    ExprKind::Const(Value::Text(part)) => {
                        self.ask(e, text, Question::Contains(part.clone()), place)
                    }
                    _ => return self.free(e, place),
                };
                // The question is that of the test without its `not`.
                if *negated { f.not() } else { f }
            }
            ExprKind::StartsWith { text, part } => match &bare(part).kind {
                ExprKind::Const(Value::Text(part)) => {
                    self.ask(e, text, Question::Starts(part.clone()), place)
                }
                _ => self.free(e, place),
            },
            ExprKind::EndsWith { text, part } => match &bare(part).kind {
                ExprKind::Const(Value::Text(part)) => self.ask(e, text, Question::Ends(part.clone()), place),
                _ => self.free(e, place),
            },
            ExprKind::Matches { text, .. } => self.ask(e, text, Question::Other, place),
            ExprKind::StageIs { stage, kinds } => match &bare(stage).kind {
                ExprKind::Const(Value::Stage(id)) => {
                    Formula::Known(kinds.contains(&self.model.stages[id.index()].kind))
                }
                _ if is_term(stage) => {
                    let atom = self.atom(key(self.schema, e, place));
                    self.test(stage, Test::IsOfKind(kinds.clone(), atom), place)
                }
                _ => self.free(e, place),
            },
            ExprKind::Convert { .. } => {
                let inside = bare(e);
                match inside.kind {
                    ExprKind::Convert { .. } => self.free(e, place),
                    _ => self.truth(inside, place),
                }
            }
            ExprKind::Field(_)
            | ExprKind::Local(_)
            | ExprKind::RefField { .. }
            | ExprKind::Payload(_)
            | ExprKind::Old(_)
            | ExprKind::Output(_) => self.truth(e, place),
            _ => self.free(e, place),
        }
    }

    /// Whether a value of type `bool` or `bool?` is `true`.
    fn truth(&mut self, e: &Expr, place: &Place) -> Formula {
        let e = bare(e);
        match &e.kind {
            ExprKind::Const(Value::None) => Formula::Known(false),
            ExprKind::Field(_)
            | ExprKind::Local(_)
            | ExprKind::RefField { .. }
            | ExprKind::Payload(_)
            | ExprKind::Old(_)
            | ExprKind::Output(_)
            | ExprKind::Call { .. } => self.test(e, Test::OneOf(vec![Point::Bool(true)]), place),
            _ if e.ty.is_optional() => self.free(e, place),
            _ => self.build(e, place),
        }
    }

    /// True or false, and nothing else is known of it.
    fn free(&mut self, e: &Expr, place: &Place) -> Formula {
        let atom = self.atom(key(self.schema, e, place));
        Formula::Free { atom, may_fail: may_fail(e) }
    }

    /// A test of a term.
    fn test(&mut self, e: &Expr, test: Test, place: &Place) -> Formula {
        let e = bare(e);
        if matches!(e.kind, ExprKind::Payload(_))
            && place.event.is_some()
            && slot_here(self.schema, e, place).is_none()
        {
            // This event does not have it.
            return match test {
                Test::IsSet | Test::OneOf(_) | Test::Asks(Question::IgnoringCase(_), _) => {
                    Formula::Known(false)
                }
                Test::Asks(Question::IsEmpty, _) => Formula::Known(true),
                _ => Formula::Fails,
            };
        }
        let key = key(self.schema, e, place);
        let id = self.term_of(key, |reason| reason.describe(e, place));
        let term = self.term(id);
        match test {
            Test::IsSet if !term.optional && !term.may_fail => Formula::Known(true),
            test => Formula::Test(id, test),
        }
    }

    fn is_set(&mut self, e: &Expr, place: &Place) -> Formula {
        let e = bare(e);
        match &e.kind {
            ExprKind::Const(value) => Formula::Known(*value != Value::None),
            ExprKind::Default { left, right } => {
                let left = self.is_set(left, place);
                left.or(self.is_set(right, place))
            }
            ExprKind::If { condition, then, otherwise } => {
                let condition = self.build(condition, place);
                let then = self.is_set(then, place);
                Formula::choose(condition, then, self.is_set(otherwise, place))
            }
            _ => self.test(e, Test::IsSet, place),
        }
    }

    fn ask(&mut self, whole: &Expr, e: &Expr, question: Question, place: &Place) -> Formula {
        let e = bare(e);
        if !is_term(e) {
            return self.free(whole, place);
        }
        // With and without `not` it is one question.
        let atom = self.atom(format!("{question:?} {} {}", matches_key(whole), key(self.schema, e, place)));
        self.test(e, Test::Asks(question, atom), place)
    }

    fn is_in(&mut self, whole: &Expr, value: &Expr, list: &Expr, place: &Place) -> Formula {
        match &bare(list).kind {
            ExprKind::Const(Value::List(items)) => {
                let mut f = Formula::Known(false);
                let (x, ty) = (bare(value), bare(value).ty.clone());
                if is_term(x)
                    && let Some(points) = items.iter().map(|v| Point::of(v, &ty)).collect::<Option<Vec<_>>>()
                {
                    return self.test(x, Test::OneOf(points), place);
                }
                if items.len() > MOST_ENTRIES {
                    return self.free(whole, place);
                }
                for item in items.iter() {
                    let item = Expr { kind: ExprKind::Const(item.clone()), ty: ty.clone(), span: list.span };
                    f = f.or(self.equal(value, &item, place));
                }
                f
            }
            ExprKind::List(items) if items.len() <= MOST_ENTRIES => {
                let mut f = Formula::Known(false);
                for item in items {
                    f = f.or(self.equal(value, item, place));
                }
                // All entries are computed before any is compared.
                if items.iter().any(may_fail) { self.free(whole, place) } else { f }
            }
            _ => {
                // With and without `not` it is one question.
                let (value, list) = (key(self.schema, value, place), key(self.schema, list, place));
                let atom = self.atom(format!("in {value} {list}"));
                Formula::Free { atom, may_fail: may_fail(whole) }
            }
        }
    }

    /// Splits a value that is one of two: `x ?? y`, `if c then x else y`.
    fn split(
        &mut self,
        e: &Expr,
        place: &Place,
        then: &mut dyn FnMut(&mut Self, &Expr) -> Formula,
    ) -> Option<Formula> {
        match &bare(e).kind {
            ExprKind::Default { left, right } => {
                let set = self.is_set(left, place);
                let a = then(self, left);
                let b = then(self, right);
                Some(Formula::choose(set, a, b))
            }
            ExprKind::If { condition, then: yes, otherwise } => {
                let condition = self.build(condition, place);
                let a = then(self, yes);
                let b = then(self, otherwise);
                Some(Formula::choose(condition, a, b))
            }
            _ => None,
        }
    }

    fn equal(&mut self, left: &Expr, right: &Expr, place: &Place) -> Formula {
        let (a, b) = (bare(left), bare(right));
        if let (ExprKind::Const(x), ExprKind::Const(y)) = (&a.kind, &b.kind) {
            return match (Point::of(x, &a.ty), Point::of(y, &b.ty)) {
                (Some(x), Some(y)) => Formula::Known(x == y),
                _ => Formula::Known(compare::equal(x, y)),
            };
        }
        if let Some(f) = self.split(a, place, &mut |reason, a| reason.equal(a, b, place)) {
            return f;
        }
        if let Some(f) = self.split(b, place, &mut |reason, b| reason.equal(a, b, place)) {
            return f;
        }
        let (x, constant) = match (&a.kind, &b.kind) {
            (ExprKind::Const(value), _) => (b, Some(value)),
            (_, ExprKind::Const(value)) => (a, Some(value)),
            _ => (a, None),
        };
        if let Some(value) = constant {
            return match (value, Point::of(value, &x.ty)) {
                (Value::None, _) => self.is_set(x, place).not(),
                (Value::Bool(b), _) if !is_term(x) && !x.ty.is_optional() => {
                    let f = self.build(x, place);
                    if *b { f } else { f.not() }
                }
                (_, Some(point)) if is_term(x) => self.test(x, Test::OneOf(vec![point]), place),
                _ => self.equality_atom(a, b, place),
            };
        }
        if !is_term(a) || !is_term(b) {
            return self.equality_atom(a, b, place);
        }
        self.compared(EQUAL, a, b, place)
    }

    /// An equality of which nothing more is known; with and without `not` it is one.
    fn equality_atom(&mut self, a: &Expr, b: &Expr, place: &Place) -> Formula {
        let (fails, mut keys) =
            (may_fail(a) || may_fail(b), [key(self.schema, a, place), key(self.schema, b, place)]);
        keys.sort();
        let atom = self.atom(format!("same {} {}", keys[0], keys[1]));
        Formula::Free { atom, may_fail: fails }
    }

    fn order(&mut self, op: OrderOp, left: &Expr, right: &Expr, place: &Place) -> Formula {
        let (a, b) = (bare(left), bare(right));
        if let Some(f) = self.split(a, place, &mut |reason, a| reason.order(op, a, b, place)) {
            return f;
        }
        if let Some(f) = self.split(b, place, &mut |reason, b| reason.order(op, a, b, place)) {
            return f;
        }
        let constant = |e: &Expr, of: &Expr| match &e.kind {
            ExprKind::Const(value) => Point::of(value, &of.ty),
            _ => None,
        };
        match (constant(a, b), constant(b, a)) {
            (Some(x), Some(y)) => {
                return Formula::Known(match op {
                    OrderOp::Less => x < y,
                    OrderOp::LessOrEqual => x <= y,
                    OrderOp::Greater => x > y,
                    OrderOp::GreaterOrEqual => x >= y,
                });
            }
            (None, Some(point)) if is_term(a) => return self.beside(op, a, point, place),
            (Some(point), None) if is_term(b) => return self.beside(op.mirrored(), b, point, place),
            _ => {}
        }
        let outcomes = match op {
            OrderOp::Less => LESS,
            OrderOp::LessOrEqual => LESS_OR_EQUAL,
            OrderOp::Greater => GREATER,
            OrderOp::GreaterOrEqual => GREATER_OR_EQUAL,
        };
        self.compared(outcomes, a, b, place)
    }

    /// A term beside a constant.
    fn beside(&mut self, op: OrderOp, e: &Expr, point: Point, place: &Place) -> Formula {
        match op {
            OrderOp::Less => self.test(e, Test::Less(point), place),
            OrderOp::Greater => self.test(e, Test::Greater(point), place),
            OrderOp::LessOrEqual => self.test(e, Test::Greater(point), place).not(),
            OrderOp::GreaterOrEqual => self.test(e, Test::Less(point), place).not(),
        }
    }

    /// Two values that are both not known before the run.
    fn compared(&mut self, outcomes: [Option<bool>; 4], a: &Expr, b: &Expr, place: &Place) -> Formula {
        let (mut left, mut right) = (key(self.schema, a, place), key(self.schema, b, place));
        let fails = may_fail(a) || may_fail(b);
        let other = a.ty.is_optional() || b.ty.is_optional() || mixed_money(a) || mixed_money(b);
        if left == right && !fails && !other {
            return Formula::Known(outcomes[1] == Some(true));
        }
        let mut outcomes = outcomes;
        if left > right {
            std::mem::swap(&mut left, &mut right);
            outcomes.swap(0, 2);
        }
        // Amounts of two currencies are not equal, and to order them fails.
        let ordered = compare::is_ordered(a.ty.inner());
        let id = self.comparison_term(format!("compare {left} {right}"), ordered, other, fails);
        Formula::Test(id, Test::Compared(outcomes))
    }

    /// The expression with the functions of the program written out. `None`: that is too long.
    fn inline(
        &self,
        e: &Expr,
        bound: &[(LocalId, Expr)],
        (level, depth): (usize, usize),
        left: &mut usize,
    ) -> Option<Expr> {
        use ExprKind::*;
        *left = left.checked_sub(1)?;
        if depth > MOST_DEPTH {
            return None;
        }
        let mut again = |e: &Expr| self.inline(e, bound, (level, depth + 1), left);
        let mut boxed = |e: &Expr| again(e).map(Box::new);
        let kind = match &e.kind {
            Local(id) => match bound.iter().find(|(local, _)| local == id) {
                Some((_, value)) => return Some(value.clone()),
                None => e.kind.clone(),
            },
            CallFn { function, args } => {
                let def = self.model.functions.get(function.index())?;
                let args = args.iter().map(&mut again).collect::<Option<Vec<_>>>()?;
                // Variables of a `=>` would get between those of others; an argument that fails is no value.
                let simple = |e: &Expr| {
                    let mut simple = true;
                    model_exprs(e, |e| simple &= !matches!(e.kind, ListOp { .. }));
                    simple
                };
                let fails = args.iter().any(may_fail);
                if level >= MOST_LEVELS || fails || !simple(&def.body) || !args.iter().all(simple) {
                    CallFn { function: *function, args }
                } else {
                    let bound: Vec<_> = def.params.iter().copied().zip(args).collect();
                    return self.inline(&def.body, &bound, (level + 1, depth + 1), left);
                }
            }
            RefField { base, entity, field } => {
                RefField { base: boxed(base)?, entity: *entity, field: *field }
            }
            RefExists { base, entity } => RefExists { base: boxed(base)?, entity: *entity },
            PrincipalField { base, field } => PrincipalField { base: boxed(base)?, field: *field },
            FileName(x) => FileName(boxed(x)?),
            FileUrl(x) => FileUrl(boxed(x)?),
            List(items) => List(items.iter().map(again).collect::<Option<_>>()?),
            Not(x) => Not(boxed(x)?),
            IsSet(x) => IsSet(boxed(x)?),
            IsEmpty(x) => IsEmpty(boxed(x)?),
            And(a, b) => And(boxed(a)?, boxed(b)?),
            Or(a, b) => Or(boxed(a)?, boxed(b)?),
            If { condition, then, otherwise } => {
                If { condition: boxed(condition)?, then: boxed(then)?, otherwise: boxed(otherwise)? }
            }
            Equal { left, right, negated } => {
                Equal { left: boxed(left)?, right: boxed(right)?, negated: *negated }
            }
            EqualIgnoreCase { left, right } => EqualIgnoreCase { left: boxed(left)?, right: boxed(right)? },
            Order { op, left, right } => Order { op: *op, left: boxed(left)?, right: boxed(right)? },
            Between { value, low, high } => {
                Between { value: boxed(value)?, low: boxed(low)?, high: boxed(high)? }
            }
            In { value, list, negated } => In { value: boxed(value)?, list: boxed(list)?, negated: *negated },
            ContainsText { text, part, negated } => {
                ContainsText { text: boxed(text)?, part: boxed(part)?, negated: *negated }
            }
            StartsWith { text, part } => StartsWith { text: boxed(text)?, part: boxed(part)? },
            EndsWith { text, part } => EndsWith { text: boxed(text)?, part: boxed(part)? },
            Matches { text, regex } => Matches { text: boxed(text)?, regex: regex.clone() },
            StageIs { stage, kinds } => StageIs { stage: boxed(stage)?, kinds: kinds.clone() },
            Default { left, right } => Default { left: boxed(left)?, right: boxed(right)? },
            Arith { op, args } => Arith { op: *op, args: args.iter().map(again).collect::<Option<_>>()? },
            Convert { to, value } => Convert { to: *to, value: boxed(value)? },
            Call { function, args } => {
                Call { function: *function, args: args.iter().map(again).collect::<Option<_>>()? }
            }
            ListOp { function, list, local, body } => {
                ListOp { function: *function, list: boxed(list)?, local: *local, body: boxed(body)? }
            }
            // Their parts are not looked into, so a variable in them must not be another's.
            Text(_) if !bound.is_empty() => {
                let mut reads = false;
                model_exprs(e, |e| reads |= matches!(e.kind, Local(_)));
                if reads {
                    return None;
                }
                e.kind.clone()
            }
            _ => e.kind.clone(),
        };
        Some(Expr { kind, ty: e.ty.clone(), span: e.span })
    }
}

/// Of questions that are not asked by a text: which it is.
fn matches_key(whole: &Expr) -> &str {
    match &whole.kind {
        ExprKind::Matches { regex, .. } => regex,
        _ => "",
    }
}

/// Whether it is a value by itself, and not made of others by a choice or a condition.
fn is_term(e: &Expr) -> bool {
    let e = bare(e);
    let made = matches!(
        e.kind,
        ExprKind::Const(_)
            | ExprKind::Default { .. }
            | ExprKind::If { .. }
            | ExprKind::Matches { .. }
            | ExprKind::RefExists { .. }
            | ExprKind::This
    );
    !made && !is_test(e)
}
