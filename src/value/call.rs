//! What the built-in functions do.

use super::calendar::Hours;
use super::compare::{compare, equal};
use super::functions::Function;
use super::locale::Locale;
use super::ops::{self, minus, one_currency};
use super::print::{Labels, Printer};
use super::{CalendarId, Currency, Duration, Failure, FailureCode, Money, Text, Value, time};
use crate::schema::Schema;
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use siphasher::sip::SipHasher13;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What functions know of the world around them.
#[derive(Debug, Clone, Copy)]
pub struct Env<'a> {
    pub schema: &'a Schema,
    /// The pipeline's time zone.
    pub tz: Tz,
    /// The event's time.
    pub now: DateTime<Utc>,
    /// Of the record, as it is in `deal/D-1`: `D-1`.
    pub record_id: &'a str,
    /// The pipeline's hours; left out: always open.
    pub hours: Option<CalendarId>,
    /// How `format` writes numbers and dates; left out: the plain form.
    pub locale: Option<&'a Locale>,
}

/// The most bytes that a text may grow to by `replace` and `join`.
const LONGEST_TEXT: usize = 16 << 20;

/// Calls a function without `=>`. The arguments are those of the signature, defaults filled in.
pub fn call(function: Function, args: &[Value], env: &Env) -> Result<Value, Failure> {
    match (function, args) {
        (Function::Len, [Value::Text(text)]) => Ok(length(text.chars().count())),
        (Function::Lower, [Value::Text(text)]) => Ok(Value::Text(text.to_lowercase().into())),
        (Function::Upper, [Value::Text(text)]) => Ok(Value::Text(text.to_uppercase().into())),
        (Function::Trim, [Value::Text(text)]) => Ok(part(text, text.trim())),
        (Function::Replace, [Value::Text(text), Value::Text(old), Value::Text(new)]) => {
            replace(text, old, new)
        }
        (Function::Split, [Value::Text(text), Value::Text(by)]) => Ok(Value::List(split(text, by))),
        (Function::Left, [Value::Text(text), Value::Int(n)]) => {
            let end = char_offset(text, *n);
            Ok(part(text, &text[..end]))
        }
        (Function::Right, [Value::Text(text), Value::Int(n)]) => {
            let skipped = i64::try_from(text.chars().count()).unwrap_or(i64::MAX).saturating_sub((*n).max(0));
            let start = char_offset(text, skipped);
            Ok(part(text, &text[start..]))
        }
        (Function::Join, [Value::List(items), Value::Text(by)]) => join(items, by),

        (Function::Round, [Value::Decimal(number), Value::Int(digits)]) => {
            round(*number, *digits).map(Value::Decimal)
        }
        (Function::Round, [Value::Money(money), Value::Int(digits)]) => {
            Ok(Value::Money(Money { amount: round(money.amount, *digits)?, ..*money }))
        }
        (Function::Floor, [Value::Decimal(number)]) => whole(number.floor()),
        (Function::Floor, [Value::Money(money)]) => {
            Ok(Value::Money(Money { amount: money.amount.floor(), ..*money }))
        }
        (Function::Ceil, [Value::Decimal(number)]) => whole(number.ceil()),
        (Function::Ceil, [Value::Money(money)]) => {
            Ok(Value::Money(Money { amount: money.amount.ceil(), ..*money }))
        }
        (Function::Abs, [Value::Int(number)]) => {
            number.checked_abs().map(Value::Int).ok_or_else(|| Failure::overflow("number"))
        }
        (Function::Abs, [Value::Decimal(number)]) => Ok(Value::Decimal(absolute(*number))),
        (Function::Abs, [Value::Money(money)]) => {
            Ok(Value::Money(Money { amount: absolute(money.amount), ..*money }))
        }
        (Function::Min, [Value::List(items)]) => extreme(items, Ordering::Less),
        (Function::Max, [Value::List(items)]) => extreme(items, Ordering::Greater),
        (Function::Min, [a, b]) => Ok(if compare(b, a)? == Ordering::Less { b } else { a }.clone()),
        (Function::Max, [a, b]) => Ok(if compare(b, a)? == Ordering::Greater { b } else { a }.clone()),

        (Function::Count, [Value::List(items)]) => Ok(length(items.len())),
        (Function::First, [Value::List(items)]) => Ok(items.first().cloned().unwrap_or(Value::None)),
        (Function::Last, [Value::List(items)]) => Ok(items.last().cloned().unwrap_or(Value::None)),
        (Function::Sort, [Value::List(items)]) => sort_by(items, items),
        (Function::Unique, [Value::List(items)]) => Ok(unique(items)),
        (Function::Sum, [Value::List(items), zero]) => sum(items, zero),
        (Function::Pick, [Value::List(items)]) => pick(items, env.record_id),

        (Function::Date, [Value::DateTime(at)]) => Ok(Value::Date(time::local_date(*at, env.tz))),
        (Function::Time, [Value::DateTime(at)]) => Ok(Value::Time(time::to_local(*at, env.tz).time())),
        (Function::Year, [value]) => Ok(Value::Int(date(value, env)?.year().into())),
        (Function::Month, [value]) => Ok(Value::Int(date(value, env)?.month().into())),
        (Function::Day, [value]) => Ok(Value::Int(date(value, env)?.day().into())),
        (Function::Weekday, [value]) => {
            Ok(Value::Enum(date(value, env)?.weekday().num_days_from_monday() as u16))
        }
        (Function::Hour, [Value::DateTime(at)]) => Ok(Value::Int(time::to_local(*at, env.tz).hour().into())),
        (Function::Hour, [Value::Time(at)]) => Ok(Value::Int(at.hour().into())),
        (Function::DaysBetween, [a, b]) => Ok(Value::Int((date(b, env)? - date(a, env)?).num_days())),
        (Function::AddMonths, [Value::Date(date), Value::Int(n)]) => {
            time::add_months(*date, *n).map(Value::Date)
        }
        (Function::AddMonths, [Value::DateTime(at), Value::Int(n)]) => {
            let local = time::to_local(*at, env.tz);
            let moved = time::add_months(local.date(), *n)?;
            // Not moved is the instant itself, also where its local time comes twice.
            Ok(Value::DateTime(match moved == local.date() {
                true => *at,
                false => time::local_to_utc(moved.and_time(local.time()), env.tz),
            }))
        }
        (Function::AddWorkdays, [Value::Date(date), Value::Int(n), calendar]) => {
            hours(calendar, env)?.add_workdays(*date, *n).map(Value::Date)
        }
        (Function::AddWorkHours, [Value::DateTime(at), Value::Decimal(n), calendar]) => {
            hours(calendar, env)?.add_work_hours(*at, *n).map(Value::DateTime)
        }
        (Function::StartOfDay, [value]) => Ok(Value::DateTime(time::start_of_day(date(value, env)?, env.tz))),
        (Function::StartOfMonth, [value]) => {
            let date = date(value, env)?;
            let first = date.with_day(1).unwrap_or(date);
            Ok(match value {
                Value::Date(_) => Value::Date(first),
                _ => Value::DateTime(time::start_of_day(first, env.tz)),
            })
        }
        (Function::IsOpen, [calendar, Value::DateTime(at)]) => {
            Ok(Value::Bool(hours(calendar, env)?.is_open(*at)))
        }

        (Function::In, [Value::Money(money), Value::Text(code)]) => {
            let currency = Currency::parse(code).ok_or_else(Failure::wrong_type)?;
            ops::exchange(*money, currency, env.schema).map(Value::Money)
        }
        (Function::Currency, [Value::Money(money)]) => Ok(Value::Text(money.currency.code().into())),
        (Function::Value, [Value::Money(money)]) => Ok(Value::Decimal(money.amount)),

        (Function::Format, [value, Value::Text(pattern)]) => {
            let mut out = String::new();
            let printer =
                Printer { schema: env.schema, labels: Labels::default(), tz: env.tz, locale: env.locale };
            printer.format(value, pattern, &mut out)?;
            Ok(Value::Text(out.into()))
        }
        _ => Err(Failure::wrong_type()),
    }
}

/// `sort` with `=>`: the elements in the order of their keys, equal ones as they stood.
pub fn sort_by(items: &[Value], keys: &[Value]) -> Result<Value, Failure> {
    let mut order: Vec<(&Value, &Value)> = keys.iter().zip(items).collect();
    // Keys without an order (amounts of two currencies) cannot be seen from the sorting: all are compared first.
    for pair in keys.windows(2) {
        compare(&pair[0], &pair[1])?;
    }
    order.sort_by(|(a, _), (b, _)| compare(a, b).unwrap_or(Ordering::Equal));
    Ok(Value::List(order.into_iter().map(|(_, item)| item.clone()).collect()))
}

/// The whole text without copying it, where the part is all of it.
fn part(text: &Text, part: &str) -> Value {
    Value::Text(if part.len() == text.len() { text.clone() } else { part.into() })
}

fn length(length: usize) -> Value {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

/// Where the character number `n` begins, or the end.
fn char_offset(text: &str, n: i64) -> usize {
    let n = usize::try_from(n.max(0)).unwrap_or(usize::MAX);
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

fn replace(text: &Text, old: &str, new: &str) -> Result<Value, Failure> {
    if old.is_empty() {
        return Ok(Value::Text(text.clone()));
    }
    let found = text.matches(old).count();
    if found == 0 {
        return Ok(Value::Text(text.clone()));
    }
    if found.saturating_mul(new.len().saturating_sub(old.len())).saturating_add(text.len()) > LONGEST_TEXT {
        return Err(too_large("text"));
    }
    Ok(Value::Text(text.replace(old, new).into()))
}

fn split(text: &str, by: &str) -> Arc<[Value]> {
    let piece = |piece: &str| Value::Text(piece.into());
    if by.is_empty() {
        let mut buffer = [0; 4];
        text.chars().map(|c| piece(c.encode_utf8(&mut buffer))).collect()
    } else {
        text.split(by).map(piece).collect()
    }
}

fn join(items: &[Value], by: &str) -> Result<Value, Failure> {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        let Value::Text(text) = item else { return Err(Failure::wrong_type()) };
        if out.len() + by.len() + text.len() > LONGEST_TEXT {
            return Err(too_large("text"));
        }
        if at > 0 {
            out.push_str(by);
        }
        out.push_str(text);
    }
    Ok(Value::Text(out.into()))
}

/// Half to even; a negative number of digits rounds to tens, hundreds and so on.
fn round(number: Decimal, digits: i64) -> Result<Decimal, Failure> {
    if let Ok(digits) = u32::try_from(digits) {
        return Ok(number.round_dp_with_strategy(digits.min(28), RoundingStrategy::MidpointNearestEven));
    }
    // No unit as large as 10^29 is a decimal, and next to it every one counts as nothing.
    let power = digits.unsigned_abs();
    if power > 28 {
        return Ok(Decimal::ZERO);
    }
    let overflow = || Failure::overflow("number");
    let unit = Decimal::try_from_i128_with_scale(10_i128.pow(power as u32), 0).map_err(|_| overflow())?;
    let rest = number.checked_rem(unit).ok_or_else(overflow)?;
    let below = number.checked_sub(rest).ok_or_else(overflow)?;
    // By the rest, which is exact, and not by dividing, which might round by itself.
    let up = match absolute(rest).cmp(&(unit / Decimal::TWO)) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => {
            let units = below.checked_div(unit).ok_or_else(overflow)?;
            !units.checked_rem(Decimal::TWO).ok_or_else(overflow)?.is_zero()
        }
    };
    let rounded = match (up, number.is_sign_negative()) {
        (false, _) => Some(below),
        (true, false) => below.checked_add(unit),
        (true, true) => below.checked_sub(unit),
    };
    rounded.map(|rounded| rounded.trunc()).ok_or_else(overflow)
}

fn whole(number: Decimal) -> Result<Value, Failure> {
    number.to_i64().map(Value::Int).ok_or_else(|| Failure::overflow("number"))
}

fn absolute(number: Decimal) -> Decimal {
    if number.is_sign_negative() { minus(number) } else { number }
}

/// The first of the smallest or largest elements; `none` of an empty list.
fn extreme(items: &[Value], wanted: Ordering) -> Result<Value, Failure> {
    let Some((first, rest)) = items.split_first() else { return Ok(Value::None) };
    let mut best = first;
    for item in rest {
        if compare(item, best)? == wanted {
            best = item;
        }
    }
    Ok(best.clone())
}

fn sum(items: &[Value], zero: &Value) -> Result<Value, Failure> {
    let Some((first, rest)) = items.split_first() else {
        return match zero {
            Value::None => {
                Err(Failure::new(FailureCode::NoCurrency, "the sum of no amounts has no currency"))
            }
            zero => Ok(zero.clone()),
        };
    };
    rest.iter().try_fold(first.clone(), |sum, item| match (&sum, item) {
        (Value::Int(a), Value::Int(b)) => {
            a.checked_add(*b).map(Value::Int).ok_or_else(|| Failure::overflow("sum"))
        }
        (Value::Decimal(a), Value::Decimal(b)) => {
            a.checked_add(*b).map(Value::Decimal).ok_or_else(|| Failure::overflow("sum"))
        }
        (Value::Money(a), Value::Money(b)) => {
            one_currency(a, b)?;
            let amount = a.amount.checked_add(b.amount).ok_or_else(|| Failure::overflow("sum"))?;
            Ok(Value::Money(Money { amount, ..*a }))
        }
        (Value::Duration(a), Value::Duration(b)) => {
            match (a.days.checked_add(b.days), a.seconds.checked_add(b.seconds)) {
                (Some(days), Some(seconds)) => Ok(Value::Duration(Duration { days, seconds })),
                _ => Err(Failure::overflow("sum")),
            }
        }
        _ => Err(Failure::wrong_type()),
    })
}

/// By the hash of the record's id alone: the same record always gets the same place in a list of one length.
fn pick(items: &[Value], record_id: &str) -> Result<Value, Failure> {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    hasher.write(record_id.as_bytes());
    let at = hasher.finish().checked_rem(items.len() as u64);
    match at.and_then(|at| items.get(at as usize)) {
        Some(item) => Ok(item.clone()),
        None => Err(Failure::new(FailureCode::EmptyList, "there is nothing to pick from in an empty list")),
    }
}

/// The elements without those equal to an earlier one.
fn unique(items: &[Value]) -> Value {
    // Most lists are short; a long one must not cost its length squared.
    if items.len() <= 16 {
        let first = |at: usize| !items[..at].iter().any(|earlier| equal(earlier, &items[at]));
        return Value::List((0..items.len()).filter(|at| first(*at)).map(|at| items[at].clone()).collect());
    }
    let mut seen: HashMap<u64, Vec<&Value>> = HashMap::with_capacity(items.len());
    let mut kept = Vec::new();
    for item in items {
        let mut hasher = SipHasher13::new_with_keys(0, 0);
        hash(item, &mut hasher);
        let alike = seen.entry(hasher.finish()).or_default();
        if !alike.iter().any(|earlier| equal(earlier, item)) {
            alike.push(item);
            kept.push(item.clone());
        }
    }
    Value::List(kept.into())
}

/// Equal values have equal hashes.
fn hash(value: &Value, hasher: &mut SipHasher13) {
    match value {
        Value::None => {}
        Value::Bool(value) => value.hash(hasher),
        Value::Int(value) => value.hash(hasher),
        Value::Decimal(value) => value.hash(hasher),
        Value::Money(value) => value.hash(hasher),
        Value::Text(value) | Value::Ref(value) => value.hash(hasher),
        Value::Date(value) => value.hash(hasher),
        Value::Time(value) => value.hash(hasher),
        Value::DateTime(value) => value.hash(hasher),
        Value::Duration(value) => value.hash(hasher),
        Value::Enum(value) => value.hash(hasher),
        Value::Stage(value) => value.hash(hasher),
        Value::Pipeline(value) => value.hash(hasher),
        Value::Principal(value) => value.hash(hasher),
        Value::File(value) => value.hash(hasher),
        Value::List(items) => items.iter().for_each(|item| hash(item, hasher)),
    }
}

/// The date, or that of the instant in the pipeline's time zone.
fn date(value: &Value, env: &Env) -> Result<NaiveDate, Failure> {
    match value {
        Value::Date(date) => Ok(*date),
        Value::DateTime(at) => Ok(time::local_date(*at, env.tz)),
        _ => Err(Failure::wrong_type()),
    }
}

/// The hours of a calendar argument: its number, or `none` for the pipeline's hours.
fn hours<'a>(calendar: &Value, env: &Env<'a>) -> Result<Hours<'a>, Failure> {
    let id = match calendar {
        Value::None => match env.hours {
            None => return Ok(Hours { calendar: None, away: &[], tz: env.tz }),
            Some(id) => id.index(),
        },
        Value::Int(id) => usize::try_from(*id).map_err(|_| Failure::wrong_type())?,
        _ => return Err(Failure::wrong_type()),
    };
    let calendar = env.schema.calendars.get(id).ok_or_else(Failure::wrong_type)?;
    Ok(Hours { calendar: Some(calendar), away: &[], tz: env.tz })
}

#[cold]
fn too_large(what: &str) -> Failure {
    Failure::new(FailureCode::TooLarge, format!("the {what} grows too large"))
}

#[cfg(test)]
mod tests;
