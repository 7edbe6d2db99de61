//! The limits of fields and parameters: `min`, `max`, `matches`.

use super::validate::shortened;
use super::{Failure, FailureCode, Value};
use crate::schema::{Limits, Type};
use crate::syntax::tree::PrincipalKind;
use rust_decimal::Decimal;

/// Whether a value keeps the limits of its field or parameter. `pattern` is `limits.matches`, compiled by the
/// caller once. The message names no field: the caller knows it, and may put it in front with a colon.
///
/// `none` keeps every limit. In a list a department or a role counts as more than one for `min`.
pub fn check_limits(
    value: &Value,
    ty: &Type,
    limits: &Limits,
    pattern: Option<&regex::Regex>,
) -> Result<(), Failure> {
    if limits.min.is_none() && limits.max.is_none() && pattern.is_none() {
        return Ok(());
    }
    match value {
        Value::Int(number) => range(Decimal::from(*number), limits),
        Value::Decimal(number) => range(*number, limits),
        Value::Money(money) => range(money.amount, limits),
        Value::Text(text) => {
            if limits.min.is_some() || limits.max.is_some() {
                let length = text.chars().count();
                count(length, length, limits, "character", "characters")?;
            }
            match pattern {
                Some(pattern) if !pattern.is_match(text) => {
                    let message = format!("`{}` does not match /{pattern}/", shortened(text));
                    Err(Failure::new(FailureCode::Limit, message))
                }
                _ => Ok(()),
            }
        }
        Value::List(items) => {
            let people = match ty.inner() {
                Type::List(element) => matches!(**element, Type::Recipient | Type::Department | Type::Role),
                _ => false,
            };
            let groups =
                |value: &&Value| matches!(value, Value::Principal(p) if p.kind != PrincipalKind::User);
            let at_least = items.len() + if people { items.iter().filter(groups).count() } else { 0 };
            count(items.len(), at_least, limits, "entry", "entries")
        }
        _ => Ok(()),
    }
}

fn range(number: Decimal, limits: &Limits) -> Result<(), Failure> {
    match (limits.min, limits.max) {
        (Some(min), _) if number < min => {
            Err(limit(format!("{} is less than the least allowed, {}", number.normalize(), min.normalize())))
        }
        (_, Some(max)) if number > max => {
            Err(limit(format!("{} is more than the most allowed, {}", number.normalize(), max.normalize())))
        }
        _ => Ok(()),
    }
}

fn count(length: usize, at_least: usize, limits: &Limits, one: &str, many: &str) -> Result<(), Failure> {
    let noun = if length == 1 { one } else { many };
    match (limits.min, limits.max) {
        (Some(min), _) if Decimal::from(at_least) < min => {
            Err(limit(format!("{length} {noun}, but at least {} are needed", min.normalize())))
        }
        (_, Some(max)) if Decimal::from(length) > max => {
            Err(limit(format!("{length} {noun}, but at most {} are allowed", max.normalize())))
        }
        _ => Ok(()),
    }
}

fn limit(message: String) -> Failure {
    Failure::new(FailureCode::Limit, message)
}

#[cfg(test)]
mod tests;
