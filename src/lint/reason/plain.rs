//! Conditions of which a glance tells that they can be true and can be false: most are a few tests, each of another
//! field. They need no search.

use super::key::bare;
use crate::model::{Expr, ExprKind, PrincipalField};
use crate::schema::{BUILTIN_FIELDS, Limits, Schema, Type};
use crate::value::{EntityId, FieldId, Value};

/// What is tested: a field, or a property of the user in it.
type Tested = (FieldId, Option<PrincipalField>);

/// Whether every test of a condition can come out either way, whatever the others do: then so can the whole, and
/// everything in it.
pub fn is_open(schema: &Schema, entity: Option<EntityId>, e: &Expr) -> bool {
    entity.is_some_and(|entity| open(schema, entity, e, &mut Vec::new()))
}

fn open(schema: &Schema, entity: EntityId, e: &Expr, tested: &mut Vec<Tested>) -> bool {
    /// A longer one is left to the search.
    const MOST: usize = 12;
    let mut test = |value: &Expr, may: &dyn Fn(&Expr) -> bool| {
        let value = bare(value);
        let what = match &value.kind {
            ExprKind::Field(field) => (*field, None),
            ExprKind::PrincipalField { base, field } => match &bare(base).kind {
                ExprKind::Field(of) => (*of, Some(*field)),
                _ => return false,
            },
            _ => return false,
        };
        let unlimited = || {
            let field = schema.entity(entity).fields.get(what.0.index());
            what.1.is_some() || field.is_some_and(|field| field.limits == Limits::default())
        };
        let new = !tested.contains(&what) && tested.len() < MOST;
        tested.push(what);
        new && what.0.index() >= BUILTIN_FIELDS && unlimited() && may(value)
    };
    match &e.kind {
        ExprKind::And(a, b) | ExprKind::Or(a, b) => {
            open(schema, entity, a, tested) && open(schema, entity, b, tested)
        }
        ExprKind::Field(_) => test(e, &|value| value.ty == Type::Bool),
        ExprKind::Not(x) => open(schema, entity, x, tested),
        ExprKind::IsSet(x) => test(x, &|value| value.ty.is_optional()),
        ExprKind::Order { left, right, .. } => match (&bare(left).kind, &bare(right).kind) {
            (_, ExprKind::Const(constant)) => test(left, &|value| ordered(value, constant)),
            (ExprKind::Const(constant), _) => test(right, &|value| ordered(value, constant)),
            _ => false,
        },
        ExprKind::Equal { left, right, .. } => match (&bare(left).kind, &bare(right).kind) {
            (_, ExprKind::Const(constant)) => test(left, &|value| may_equal(schema, value, constant)),
            (ExprKind::Const(constant), _) => test(right, &|value| may_equal(schema, value, constant)),
            _ => false,
        },
        ExprKind::StartsWith { text, part }
        | ExprKind::EndsWith { text, part }
        | ExprKind::ContainsText { text, part, .. } => match &bare(part).kind {
            ExprKind::Const(Value::Text(part)) if !part.is_empty() => {
                test(text, &|value| value.ty == Type::Text)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether there are values on both sides of a constant.
fn ordered(value: &Expr, constant: &Value) -> bool {
    match (&value.ty, constant) {
        (Type::Money(Some(currency)), Value::Money(money)) => *currency == money.currency,
        (Type::Int, Value::Int(_))
        | (Type::Decimal, Value::Int(_) | Value::Decimal(_))
        | (Type::Date, Value::Date(_))
        | (Type::DateTime, Value::DateTime(_)) => true,
        _ => false,
    }
}

/// Whether the value can be this constant, and can be something else.
fn may_equal(schema: &Schema, value: &Expr, constant: &Value) -> bool {
    match (value.ty.inner(), constant) {
        (Type::Enum(id), Value::Enum(_)) => schema.enumeration(*id).values.len() > 1,
        (Type::User | Type::Department | Type::Role, Value::Principal(_))
        | (Type::Text, Value::Text(_))
        | (Type::Bool, Value::Bool(_)) => true,
        _ => ordered(value, constant),
    }
}
