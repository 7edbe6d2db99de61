//! Conditions: what has to be true, inline where it is short and as nested lists where it is not.

use super::values::peeled;
use super::words::{self, article};
use super::{Piece, Point, Prose, Scope, Speaker, Target};
use crate::model::{Expr, ExprKind, OrderOp};
use crate::schema::Type;
use crate::syntax::tree::StageKind;
use crate::value::functions::Function;
use crate::value::*;

/// A condition, `not` brought to its leaves.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cond {
    Leaf(Prose),
    All(Vec<Cond>),
    Any(Vec<Cond>),
}

/// How a condition is put into a sentence.
pub(super) enum Shape {
    /// `the amount is at least 5,000.00 EUR and the source is Web form`
    Inline(Prose),
    /// `all of this is true` and what.
    Listed(&'static str, Vec<Point>),
}

/// A longer condition is a list.
const LONGEST: usize = 150;

impl Cond {
    pub(super) fn shape(&self) -> Shape {
        let inline = self.inline(true);
        if self.depth() <= 2 && self.leaves() <= 3 && inline.len() <= LONGEST {
            return Shape::Inline(inline);
        }
        match self {
            Cond::Leaf(prose) => Shape::Inline(prose.clone()),
            Cond::All(parts) => Shape::Listed("all of this is true", parts.iter().map(Cond::point).collect()),
            Cond::Any(parts) => {
                Shape::Listed("at least one of these is true", parts.iter().map(Cond::point).collect())
            }
        }
    }

    fn point(&self) -> Point {
        match self.shape() {
            Shape::Inline(prose) => Point::new(prose),
            Shape::Listed(head, below) => {
                Point { text: Prose::text(format!("{head}:")), below, steps: false }
            }
        }
    }

    pub(super) fn inline(&self, top: bool) -> Prose {
        match self {
            Cond::Leaf(prose) => prose.clone(),
            Cond::All(parts) => {
                let inner = Prose::joined(parts.iter().map(|part| part.inline(false)).collect(), " and ");
                if top { inner } else { Prose::text("both ").with(inner) }
            }
            Cond::Any(parts) => {
                let inner = Prose::joined(parts.iter().map(|part| part.inline(false)).collect(), " or ");
                if top { inner } else { Prose::text("either ").with(inner) }
            }
        }
    }

    fn depth(&self) -> usize {
        match self {
            Cond::Leaf(_) => 0,
            Cond::All(parts) | Cond::Any(parts) => 1 + parts.iter().map(Cond::depth).max().unwrap_or(0),
        }
    }

    fn leaves(&self) -> usize {
        match self {
            Cond::Leaf(_) => 1,
            Cond::All(parts) | Cond::Any(parts) => parts.iter().map(Cond::leaves).sum(),
        }
    }

    fn join(all: bool, parts: [Cond; 2]) -> Cond {
        let mut flat = Vec::new();
        for part in parts {
            match (part, all) {
                (Cond::All(parts), true) | (Cond::Any(parts), false) => flat.extend(parts),
                (part, _) => flat.push(part),
            }
        }
        if all { Cond::All(flat) } else { Cond::Any(flat) }
    }
}

impl Speaker<'_> {
    /// A condition in one line, however long.
    pub(super) fn inline(&self, expr: &Expr, scope: Scope) -> Prose {
        self.cond(expr, false, scope).inline(true)
    }

    pub(super) fn cond(&self, expr: &Expr, negated: bool, scope: Scope) -> Cond {
        match &expr.kind {
            ExprKind::Not(inner) => self.cond(inner, !negated, scope),
            // That not both are so is that one of them is not.
            ExprKind::And(left, right) => {
                Cond::join(!negated, [self.cond(left, negated, scope), self.cond(right, negated, scope)])
            }
            ExprKind::Or(left, right) => {
                Cond::join(negated, [self.cond(left, negated, scope), self.cond(right, negated, scope)])
            }
            ExprKind::If { condition, then, otherwise } => {
                let yes =
                    Cond::join(true, [self.cond(condition, false, scope), self.cond(then, negated, scope)]);
                let no = Cond::join(
                    true,
                    [self.cond(condition, true, scope), self.cond(otherwise, negated, scope)],
                );
                Cond::join(false, [yes, no])
            }
            ExprKind::Convert { .. } if !std::ptr::eq(peeled(expr), expr) => {
                self.cond(peeled(expr), negated, scope)
            }
            ExprKind::Equal { left, right, negated: not } => {
                let (left, right) = (peeled(left), peeled(right));
                // `x == true` is `x`.
                for (side, other) in [(left, right), (right, left)] {
                    if let ExprKind::Const(Value::Bool(yes)) = side.kind
                        && !matches!(other.ty, Type::Optional(_))
                    {
                        return self.cond(other, negated ^ not ^ !yes, scope);
                    }
                }
                Cond::Leaf(self.equal(left, right, negated ^ not, scope))
            }
            _ => Cond::Leaf(self.leaf(expr, negated, scope)),
        }
    }

    /// Something of yes or no that has no parts.
    fn leaf(&self, expr: &Expr, negated: bool, scope: Scope) -> Prose {
        let value = |expr: &Expr| self.value(expr, scope);
        match &expr.kind {
            ExprKind::Const(Value::Bool(yes)) => {
                Prose::text(if *yes != negated { "in any case" } else { "never" })
            }
            ExprKind::EqualIgnoreCase { left, right } => {
                let verb = if negated { " is not " } else { " is " };
                value(left).say(verb).with(value(right)).say(" (in capitals or not)")
            }
            ExprKind::Order { op, left, right } => {
                let op = if negated { op.negated() } else { *op };
                let plural = if self.many(left, scope) { " are " } else { " is " };
                value(left).say(plural).say(order(op, peeled(left).ty.inner())).with(value(right))
            }
            ExprKind::Between { value: x, low, high } => {
                let ty = peeled(x).ty.inner();
                let (first, word, second) = match negated {
                    false => (OrderOp::GreaterOrEqual, " and ", OrderOp::LessOrEqual),
                    true => (OrderOp::Less, " or ", OrderOp::Greater),
                };
                let low = value(x).say(" is ").say(order(first, ty)).with(value(low));
                low.say(word).say(order(second, ty)).with(value(high))
            }
            ExprKind::In { value: x, list, negated: not } => self.member(x, list, negated ^ not, scope),
            ExprKind::ContainsText { text, part, negated: not } => {
                let verb = if negated ^ not { " does not contain " } else { " contains " };
                value(text).say(verb).with(value(part))
            }
            ExprKind::StartsWith { text, part } => {
                let verb = if negated { " does not start with " } else { " starts with " };
                value(text).say(verb).with(value(part))
            }
            ExprKind::EndsWith { text, part } => {
                let verb = if negated { " does not end with " } else { " ends with " };
                value(text).say(verb).with(value(part))
            }
            ExprKind::Matches { text, regex } => {
                let verb = if negated { " does not match the pattern " } else { " matches the pattern " };
                value(text).say(verb).with(Prose::code(&**regex))
            }
            ExprKind::IsSet(inner) => self.is_set(inner, negated, scope),
            ExprKind::IsEmpty(inner) => {
                let verb = if self.many(inner, scope) { " are " } else { " is " };
                value(inner).say(verb).say(if negated { "not empty" } else { "empty" })
            }
            ExprKind::RefExists { base, .. } => self.exists(base, negated, scope),
            ExprKind::StageIs { stage, kinds } => {
                let kind = match &kinds[..] {
                    [StageKind::Success] => "success",
                    [StageKind::Failure] => "failure",
                    [StageKind::Normal] => "open",
                    _ => "final",
                };
                let article = article(kind);
                match (&peeled(stage).kind, negated) {
                    (ExprKind::Stage, false) => {
                        self.record(scope.entity).say(&format!(" stands in {article} {kind} stage"))
                    }
                    (ExprKind::Stage, true) => {
                        self.record(scope.entity).say(&format!(" does not stand in {article} {kind} stage"))
                    }
                    (_, false) => value(stage).say(&format!(" is {article} {kind} stage")),
                    (_, true) => value(stage).say(&format!(" is not {article} {kind} stage")),
                }
            }
            ExprKind::Call { function: Function::IsOpen, args } => self.open(args, negated, scope),
            ExprKind::ListOp { function: function @ (Function::Any | Function::All), list, local, body } => {
                // That not every one is so is that one is not.
                let every = (*function == Function::All) != negated;
                let word = if every { "for every " } else { "for at least one " };
                let each = self.each(*local, scope);
                let those = Prose::text(word).with(each).say(" of ").with(value(list)).say(", ");
                those.with(self.cond(body, negated, scope).inline(true))
            }
            ExprKind::CallFn { function, args } => self.own_test(*function, args, negated, scope),
            // A field, a part of an event and the like: it says yes or no.
            ExprKind::Field(field) => self.yes(Prose::new().with(self.field(*field, scope).bare()), negated),
            ExprKind::RefField { base, entity, field } => {
                let name = self.field_name(*field, Scope { entity: Some(*entity), ..scope });
                let name = Prose::name(name, Target::Field(*entity, *field));
                self.yes(name.say(" of ").with(value(base)), negated)
            }
            ExprKind::Payload(_) => {
                let name: Vec<Piece> =
                    value(expr).0.into_iter().filter(|p| matches!(p, Piece::Name { .. })).collect();
                self.yes(Prose(name).say(" of the event"), negated)
            }
            _ => self.yes(value(expr), negated),
        }
    }

    fn yes(&self, what: Prose, negated: bool) -> Prose {
        what.say(if negated { " is no" } else { " is yes" })
    }

    /// `the source is Web form`; `the deal stands in Won`
    fn equal(&self, left: &Expr, right: &Expr, negated: bool, scope: Scope) -> Prose {
        for (side, other) in [(left, right), (right, left)] {
            if let (ExprKind::Stage, ExprKind::Const(Value::Stage(stage))) = (&side.kind, &other.kind) {
                let verb = if negated { " does not stand in " } else { " stands in " };
                return self.record(scope.entity).say(verb).with(self.stage(*stage));
            }
            if let (ExprKind::Pipeline, ExprKind::Const(Value::Pipeline(_))) = (&side.kind, &other.kind) {
                let verb = if negated { " is not in " } else { " is in " };
                return self.record(scope.entity).say(verb).with(self.value(other, scope));
            }
            if let ExprKind::Const(Value::None) = side.kind {
                return self.is_set(other, !negated, scope);
            }
        }
        let verb = match (self.many(left, scope), negated) {
            (false, false) => " is ",
            (false, true) => " is not ",
            (true, false) => " are ",
            (true, true) => " are not ",
        };
        self.value(left, scope).say(verb).with(self.value(right, scope))
    }

    fn member(&self, x: &Expr, list: &Expr, negated: bool, scope: Scope) -> Prose {
        let list = peeled(list);
        let options: Option<Vec<Prose>> = match &list.kind {
            ExprKind::List(items) => Some(items.iter().map(|item| self.value(item, scope)).collect()),
            ExprKind::Const(Value::List(items)) => {
                let element = match list.ty.inner() {
                    Type::List(element) => element,
                    ty => ty,
                };
                Some(items.iter().map(|item| self.constant(item, element, scope)).collect())
            }
            _ => None,
        };
        match options {
            Some(options) if options.is_empty() => Prose::text(if negated { "in any case" } else { "never" }),
            Some(options) => {
                let single = options.len() == 1;
                let stands = matches!(peeled(x).kind, ExprKind::Stage);
                let subject = if stands { self.record(scope.entity) } else { self.value(x, scope) };
                let verb = match (stands, negated) {
                    (true, false) => " stands in ",
                    (true, true) if single => " does not stand in ",
                    (true, true) => " stands in none of ",
                    (false, false) => " is ",
                    (false, true) if single => " is not ",
                    (false, true) => " is none of ",
                };
                let last = if negated { "and" } else { "or" };
                subject.say(verb).with(Prose::listed(options, last))
            }
            None => {
                let many = self.many(list, scope);
                let verb = match (many, negated) {
                    (false, false) => " contains ",
                    (false, true) => " does not contain ",
                    (true, false) => " include ",
                    (true, true) => " do not include ",
                };
                self.value(list, scope).say(verb).with(self.value(x, scope))
            }
        }
    }

    /// `the delivery date is filled in`
    fn is_set(&self, inner: &Expr, negated: bool, scope: Scope) -> Prose {
        let inner = peeled(inner);
        let verb = if self.many(inner, scope) { " are " } else { " is " };
        let not = if negated { "not " } else { "" };
        let word = match &inner.kind {
            ExprKind::Field(_) | ExprKind::RefField { .. } | ExprKind::Old(_) => "filled in",
            ExprKind::Payload(_) => "given",
            _ => "known",
        };
        self.value(inner, scope).say(verb).say(not).say(word)
    }

    /// `there is a contact`
    fn exists(&self, base: &Expr, negated: bool, scope: Scope) -> Prose {
        let base = peeled(base);
        match &base.kind {
            ExprKind::Field(_) => {
                let name = self.value(base, scope).bare();
                let word = match negated {
                    true => "no".to_owned(),
                    false => article(&name.plain()).to_owned(),
                };
                Prose::text(format!("there is {word} ")).with(name)
            }
            _ => self.value(base, scope).say(if negated { " is not known" } else { " is known" }),
        }
    }

    /// Whether something is spoken of as many.
    fn many(&self, expr: &Expr, scope: Scope) -> bool {
        let expr = peeled(expr);
        match &expr.kind {
            ExprKind::Field(field) | ExprKind::Old(field) => words::plural(&self.field_name(*field, scope)),
            ExprKind::RefField { entity, field, .. } => {
                words::plural(&self.field_name(*field, Scope { entity: Some(*entity), ..scope }))
            }
            ExprKind::Payload(_) => words::plural(&self.value(expr, scope).plain()),
            ExprKind::Local(_) => matches!(expr.ty.inner(), Type::List(_)),
            _ => false,
        }
    }
}

/// The words of an order, for values of a type.
fn order(op: OrderOp, ty: &Type) -> &'static str {
    match ty {
        Type::Date => match op {
            OrderOp::Less => "before ",
            OrderOp::LessOrEqual => "on or before ",
            OrderOp::Greater => "after ",
            OrderOp::GreaterOrEqual => "on or after ",
        },
        Type::DateTime | Type::Time => match op {
            OrderOp::Less => "before ",
            OrderOp::LessOrEqual => "at or before ",
            OrderOp::Greater => "after ",
            OrderOp::GreaterOrEqual => "at or after ",
        },
        Type::Duration => match op {
            OrderOp::Less => "shorter than ",
            OrderOp::LessOrEqual => "at most ",
            OrderOp::Greater => "longer than ",
            OrderOp::GreaterOrEqual => "at least ",
        },
        Type::Text | Type::Email | Type::Phone | Type::Url | Type::Enum(_) => match op {
            OrderOp::Less => "before, in order, ",
            OrderOp::LessOrEqual => "not after, in order, ",
            OrderOp::Greater => "after, in order, ",
            OrderOp::GreaterOrEqual => "not before, in order, ",
        },
        _ => match op {
            OrderOp::Less => "less than ",
            OrderOp::LessOrEqual => "at most ",
            OrderOp::Greater => "more than ",
            OrderOp::GreaterOrEqual => "at least ",
        },
    }
}
