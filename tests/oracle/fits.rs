//! Whether a value is one of its type: what the checker promises of every result.

use stagegate::schema::{Schema, Type};
use stagegate::syntax::tree::PrincipalKind;
use stagegate::value::{Value, validate};

/// Whether the value is one of the type. `stages` is how many stages there are.
pub fn fits(value: &Value, ty: &Type, schema: &Schema, stages: usize) -> bool {
    match (value, ty) {
        (Value::None, Type::Optional(_)) => true,
        (value, Type::Optional(inner)) => fits(value, inner, schema, stages),
        (Value::Bool(_), Type::Bool)
        | (Value::Int(_), Type::Int)
        | (Value::Decimal(_), Type::Decimal)
        | (Value::Date(_), Type::Date)
        | (Value::Time(_), Type::Time)
        | (Value::DateTime(_), Type::DateTime)
        | (Value::Duration(_), Type::Duration)
        | (Value::File(_), Type::File) => true,
        (Value::Money(money), Type::Money(currency)) => currency.is_none_or(|c| c == money.currency),
        (Value::Text(_), Type::Text | Type::Opaque(_)) => true,
        (Value::Text(text), Type::Email) => validate::is_email(text),
        (Value::Text(text), Type::Phone) => validate::is_phone(text),
        (Value::Text(text), Type::Url) => validate::is_url(text),
        (Value::Enum(at), Type::Enum(id)) => usize::from(*at) < schema.enumeration(*id).values.len(),
        (Value::Stage(id), Type::Stage(_)) => id.index() < stages,
        (Value::Pipeline(_), Type::Pipeline(_)) => true,
        (Value::Principal(p), ty) => match p.kind {
            PrincipalKind::User => matches!(ty, Type::User | Type::Recipient),
            PrincipalKind::Department => matches!(ty, Type::Department | Type::Recipient),
            PrincipalKind::Role => matches!(ty, Type::Role | Type::Recipient),
        },
        (Value::Ref(_), Type::Entity(_)) => true,
        (Value::List(items), Type::List(element)) => items.iter().all(|i| fits(i, element, schema, stages)),
        _ => false,
    }
}
