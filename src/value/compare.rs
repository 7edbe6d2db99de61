//! Equality, order, and the questions about texts and lists.

use super::ops::one_currency;
use super::{Failure, Value};
use crate::schema::Type;
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// Whether values of the type stand in an order: what `<`, `between`, `min`, `max` and `sort` take.
pub fn is_ordered(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Int
            | Type::Decimal
            | Type::Money(_)
            | Type::Text
            | Type::Email
            | Type::Phone
            | Type::Url
            | Type::Date
            | Type::Time
            | Type::DateTime
            | Type::Duration
    )
}

/// The order of two values of one ordered type: texts by code point, durations with a day of 24 hours. Two
/// amounts of different currencies have none.
pub fn compare(left: &Value, right: &Value) -> Result<Ordering, Failure> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        (Value::Decimal(a), Value::Decimal(b)) => Ok(decimals(*a, *b)),
        (Value::Money(a), Value::Money(b)) => {
            one_currency(a, b)?;
            Ok(decimals(a.amount, b.amount))
        }
        // UTF-8 sorts as its code points do.
        (Value::Text(a), Value::Text(b)) => Ok(a.as_bytes().cmp(b.as_bytes())),
        (Value::Date(a), Value::Date(b)) => Ok(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Ok(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Ok(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Ok(a.total_seconds().cmp(&b.total_seconds())),
        _ => Err(Failure::wrong_type()),
    }
}

/// Of ten. Times the largest of these a number of 96 bits still is one of 127.
pub(crate) const POWERS: [i64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// The order of two decimals. Most have few digits after the point: then whole numbers of 128 bits are compared, which a
/// decimal, of 96 bits, does not do itself.
pub(crate) fn decimals(left: Decimal, right: Decimal) -> Ordering {
    let (a, b) = (left.scale(), right.scale());
    let scaled = |number: Decimal, power: i64| number.mantissa() * i128::from(power);
    let power = |by: u32| POWERS.get(by as usize).copied();
    match (power(b.saturating_sub(a)), power(a.saturating_sub(b))) {
        (Some(of_left), Some(of_right)) => scaled(left, of_left).cmp(&scaled(right, of_right)),
        _ => left.cmp(&right),
    }
}

/// `==`: `none` equals only `none`, numbers by value, money by value and currency, lists element by element.
pub fn equal(left: &Value, right: &Value) -> bool {
    left == right
}

/// `~=`: equal, or texts that are equal after every character has been put into lower case (Unicode, full
/// mapping, the final sigma like any other). Nothing is decomposed, and `ß` is not `ss`.
pub fn eq_ignore_case(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => text_eq_ignore_case(a, b),
        _ => left == right,
    }
}

/// As [`eq_ignore_case`], of texts.
pub fn text_eq_ignore_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { folded(a).eq(folded(b)) }
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c })
}

/// `text contains part`, and `list contains value`.
pub fn contains(container: &Value, part: &Value) -> bool {
    match (container, part) {
        (Value::Text(text), Value::Text(part)) => text.contains(&**part),
        (Value::List(items), value) => items.contains(value),
        _ => false,
    }
}

/// `value in list`.
pub fn is_in(value: &Value, list: &Value) -> bool {
    matches!(list, Value::List(items) if items.contains(value))
}

pub fn starts_with(text: &Value, part: &Value) -> bool {
    matches!((text, part), (Value::Text(text), Value::Text(part)) if text.starts_with(&**part))
}

pub fn ends_with(text: &Value, part: &Value) -> bool {
    matches!((text, part), (Value::Text(text), Value::Text(part)) if text.ends_with(&**part))
}

/// `is empty`: of `none`, of a text that is only white space, and of a list without elements.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::None => true,
        Value::Text(text) => text.chars().all(char::is_whitespace),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
