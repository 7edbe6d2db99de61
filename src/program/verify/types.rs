//! Which types go together, and which values a type has.

use super::{Check, Verifier, ensure, no};
use crate::schema::{Limits, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::Value;

/// Whether every value of `from` also is one of `to`, without any change.
pub(in crate::program) fn fits(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Error, _) | (_, Type::Error) => false,
        (Type::Never, _) => true,
        (Type::Optional(from), Type::Optional(to)) => fits(from, to),
        (from, Type::Optional(to)) => fits(from, to),
        (Type::List(from), Type::List(to)) => fits(from, to),
        (Type::Money(_), Type::Money(None)) => true,
        (Type::Email | Type::Phone | Type::Url, Type::Text) => true,
        (Type::User | Type::Department | Type::Role, Type::Recipient) => true,
        (from, to) => from == to,
    }
}

/// Whether values of the two, perhaps `none`, may be compared for equality.
pub(super) fn comparable(a: &Type, b: &Type) -> bool {
    match (a.inner(), b.inner()) {
        (Type::List(a), Type::List(b)) => comparable(a, b),
        (a, b) => {
            fits(a, b) || fits(b, a) || (is_text(a) && is_text(b)) || (is_principal(a) && is_principal(b))
        }
    }
}

/// Types whose values are held as texts.
pub(super) fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Email | Type::Phone | Type::Url | Type::Opaque(_))
}

pub(super) fn is_principal(ty: &Type) -> bool {
    matches!(ty, Type::User | Type::Department | Type::Role | Type::Recipient)
}

impl Verifier<'_> {
    /// Whether the type can stand in a program: all it names is there.
    pub(super) fn ty(&self, ty: &Type) -> Check {
        let schema = self.schema();
        let known = match ty {
            Type::Error => false,
            Type::Enum(id) => id.index() < schema.enums.len(),
            Type::Opaque(id) => id.index() < schema.opaques.len(),
            Type::Entity(id) | Type::Stage(id) | Type::Pipeline(id) => id.index() < schema.entities.len(),
            Type::List(inner) => return self.ty(inner),
            Type::Optional(inner) => {
                ensure(!inner.is_optional(), "a doubly optional type")?;
                return self.ty(inner);
            }
            _ => true,
        };
        ensure(known, "an unknown type")
    }

    /// Whether the value is one of the type.
    pub(super) fn value(&self, value: &Value, ty: &Type) -> Check {
        let fits = match (ty, value) {
            (Type::Optional(_), Value::None) => true,
            (Type::Optional(inner), value) => return self.value(value, inner),
            (Type::Bool, Value::Bool(_))
            | (Type::Int, Value::Int(_))
            | (Type::Decimal, Value::Decimal(_))
            | (Type::Date, Value::Date(_))
            | (Type::Time, Value::Time(_))
            | (Type::DateTime, Value::DateTime(_))
            | (Type::Duration, Value::Duration(_))
            | (Type::File, Value::File(_)) => true,
            (ty, Value::Text(_)) => is_text(ty),
            (Type::Money(None), Value::Money(_)) => true,
            (Type::Money(Some(currency)), Value::Money(money)) => money.currency == *currency,
            (Type::Enum(id), Value::Enum(value)) => {
                let values = self.schema().enums.get(id.index()).map_or(0, |def| def.values.len());
                usize::from(*value) < values
            }
            (Type::Entity(_), Value::Ref(_)) => true,
            (Type::Stage(entity), Value::Stage(stage)) => {
                self.pipeline(self.stage(*stage)?.pipeline)?.entity == *entity
            }
            (Type::Pipeline(entity), Value::Pipeline(pipeline)) => {
                self.pipeline(*pipeline)?.entity == *entity
            }
            (Type::User, Value::Principal(principal)) => principal.kind == PrincipalKind::User,
            (Type::Department, Value::Principal(principal)) => principal.kind == PrincipalKind::Department,
            (Type::Role, Value::Principal(principal)) => principal.kind == PrincipalKind::Role,
            (Type::Recipient, Value::Principal(_)) => true,
            (Type::List(element), Value::List(items)) => {
                return items.iter().try_for_each(|item| self.value(item, element));
            }
            _ => false,
        };
        ensure(fits, "a value that is none of its type")
    }

    pub(super) fn limits(&self, limits: &Limits) -> Check {
        match &limits.matches {
            Some(pattern) => self.regex(pattern),
            None => Ok(()),
        }
    }

    pub(super) fn regex(&self, pattern: &str) -> Check {
        if regex::Regex::new(pattern).is_err() {
            return no("a pattern after `matches` that is none");
        }
        Ok(())
    }
}
