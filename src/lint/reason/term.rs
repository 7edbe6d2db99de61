//! Terms: the values that conditions test, and what each can be.

use super::key::bare;
use super::{Reason, TermId};
use crate::model::{Expr, ExprKind};
use crate::schema::{Field, Limits, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::functions::Function;
use crate::value::*;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;

/// A value that is not known before the run.
#[derive(Debug, Clone)]
pub struct Term {
    pub ty: Type,
    pub optional: bool,
    /// Whether finding it may fail.
    pub may_fail: bool,
    /// All that it can be, where that is a few.
    pub domain: Option<Vec<Point>>,
    /// The least and the most that it can be.
    pub bounds: (Option<Decimal>, Option<Decimal>),
    pub origin: Origin,
}

/// What a term is, for whoever makes a record and an event of a witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Field(FieldId),
    /// A slot of the payload of the event at hand.
    Payload(u16),
    Old(FieldId),
    Stage,
    Other,
}

/// A value that others can be compared with. Within a term all are of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    Bool(bool),
    /// Numbers, and amounts of the currency that the term has.
    Number(Decimal),
    Text(Text),
    Date(NaiveDate),
    Time(NaiveTime),
    Instant(DateTime<Utc>),
    /// In seconds.
    Length(i128),
    Enum(u16),
    Stage(u16),
    Pipeline(u16),
    Principal(PrincipalKind, Text),
    /// How two values compare: 0 less, 1 equal, 2 greater, 3 otherwise different.
    Order(u8),
}

impl Point {
    /// A constant as something to compare a value of the type with; `None`: not in this way.
    pub fn of(value: &Value, ty: &Type) -> Option<Point> {
        Some(match value {
            Value::Bool(b) => Point::Bool(*b),
            Value::Int(n) => Point::Number(Decimal::from(*n)),
            Value::Decimal(d) => Point::Number(d.normalize()),
            Value::Money(money) => match ty.inner() {
                Type::Money(Some(currency)) if *currency == money.currency => {
                    Point::Number(money.amount.normalize())
                }
                _ => return None,
            },
            Value::Text(text) => Point::Text(text.clone()),
            Value::Ref(id) => Point::Text(id.clone()),
            Value::Date(date) => Point::Date(*date),
            Value::Time(time) => Point::Time(*time),
            Value::DateTime(instant) => Point::Instant(*instant),
            Value::Duration(duration) => Point::Length(duration.total_seconds()),
            Value::Enum(n) => Point::Enum(*n),
            Value::Stage(id) => Point::Stage(id.0),
            Value::Pipeline(id) => Point::Pipeline(id.0),
            Value::Principal(p) => Point::Principal(p.kind, p.name.clone()),
            Value::None | Value::File(_) | Value::List(_) => return None,
        })
    }

    /// The value again, of a term's type.
    pub fn value(&self, ty: &Type) -> Option<Value> {
        Some(match (self, ty.inner()) {
            (Point::Bool(b), _) => Value::Bool(*b),
            (Point::Number(n), Type::Int) => Value::Int(i64::try_from(*n).ok()?),
            (Point::Number(n), Type::Decimal) => Value::Decimal(*n),
            (Point::Number(n), Type::Money(Some(currency))) => {
                Value::Money(Money { amount: *n, currency: *currency })
            }
            (Point::Text(id), Type::Entity(_)) => Value::Ref(id.clone()),
            (Point::Text(text), _) => Value::Text(text.clone()),
            (Point::Date(date), _) => Value::Date(*date),
            (Point::Time(time), _) => Value::Time(*time),
            (Point::Instant(instant), _) => Value::DateTime(*instant),
            (Point::Length(seconds), _) => {
                let seconds = i64::try_from(*seconds).ok()?;
                Value::Duration(Duration { days: seconds / 86_400, seconds: seconds % 86_400 })
            }
            (Point::Enum(n), _) => Value::Enum(*n),
            (Point::Stage(id), _) => Value::Stage(StageId(*id)),
            (Point::Pipeline(id), _) => Value::Pipeline(PipelineId(*id)),
            (Point::Principal(kind, name), _) => {
                Value::Principal(Principal { kind: *kind, name: name.clone() })
            }
            (Point::Number(_) | Point::Order(_), _) => return None,
        })
    }
}

impl Reason<'_> {
    /// The term of a key, made if it is new.
    pub(super) fn term_of(&mut self, key: String, make: impl FnOnce(&Self) -> Term) -> TermId {
        if let Some(id) = self.by_key.get(&key) {
            return *id;
        }
        let term = make(self);
        let id = TermId(self.terms.len() as u32);
        self.terms.push(term);
        self.by_key.insert(key, id);
        id
    }

    /// What an expression that is neither a constant nor a connection of others can be.
    pub(super) fn describe(&self, e: &Expr, place: &super::Place) -> Term {
        let ty = e.ty.inner().clone();
        let mut term = Term {
            optional: e.ty.is_optional(),
            may_fail: super::build::may_fail(e),
            domain: self.domain(&ty),
            bounds: (None, None),
            origin: Origin::Other,
            ty,
        };
        match &e.kind {
            ExprKind::Field(_) | ExprKind::RefField { .. } => {
                let own = match &e.kind {
                    ExprKind::Field(field) => Some(field),
                    ExprKind::RefField { base, field, .. } if matches!(bare(base).kind, ExprKind::This) => {
                        Some(field)
                    }
                    _ => None,
                };
                if let Some(field) = own {
                    term.origin = Origin::Field(*field);
                    term.bounds = self.limits_of(*field, place);
                }
            }
            ExprKind::Old(field) => {
                term.origin = Origin::Old(*field);
                term.bounds = self.limits_of(*field, place);
            }
            ExprKind::Payload(_) => {
                if let Some((event, slot)) = super::key::slot_here(self.schema, e, place) {
                    term.origin = Origin::Payload(slot);
                    if let Some(field) = self.schema.event(event).payload.get(usize::from(slot)) {
                        term.bounds = bounds(field);
                        term.optional = field.ty.is_optional();
                    }
                }
            }
            ExprKind::Stage => term.origin = Origin::Stage,
            ExprKind::Call { function, .. } => {
                let number = |n: i64| Some(Decimal::from(n));
                term.bounds = match function {
                    Function::Len | Function::Count => (number(0), None),
                    Function::Hour => (number(0), number(23)),
                    Function::Month => (number(1), number(12)),
                    Function::Day => (number(1), number(31)),
                    _ => (None, None),
                };
            }
            _ => {}
        }
        term
    }

    /// What the limits of a field say: events and rules keep them.
    fn limits_of(&self, field: FieldId, place: &super::Place) -> (Option<Decimal>, Option<Decimal>) {
        let field = place.entity.and_then(|e| self.schema.entity(e).fields.get(field.index()));
        field.map_or((None, None), bounds)
    }

    fn domain(&self, ty: &Type) -> Option<Vec<Point>> {
        Some(match ty {
            Type::Bool => vec![Point::Bool(false), Point::Bool(true)],
            Type::Enum(id) => {
                (0..self.schema.enumeration(*id).values.len()).map(|n| Point::Enum(n as u16)).collect()
            }
            // Of these there may be many; only those that are named matter.
            _ => return None,
        })
    }

    /// How two values compare, as a term of its own.
    pub(super) fn comparison_term(
        &mut self,
        key: String,
        ordered: bool,
        other: bool,
        may_fail: bool,
    ) -> TermId {
        self.term_of(key, |_| {
            let mut points = vec![Point::Order(1)];
            if ordered {
                points.extend([Point::Order(0), Point::Order(2)]);
            }
            if other || !ordered {
                points.push(Point::Order(3));
            }
            points.sort();
            Term {
                ty: Type::Never,
                optional: false,
                may_fail,
                domain: Some(points),
                bounds: (None, None),
                origin: Origin::Other,
            }
        })
    }

    /// Whether the value of the term is a whole number.
    pub(super) fn is_whole(term: &Term) -> bool {
        term.ty == Type::Int
    }
}

/// What the limits of a number say: events and rules keep them.
fn bounds(field: &Field) -> (Option<Decimal>, Option<Decimal>) {
    match (field.ty.inner(), &field.limits) {
        (Type::Int | Type::Decimal | Type::Money(Some(_)), Limits { min, max, .. }) => (*min, *max),
        _ => (None, None),
    }
}
