//! Typed operations on values: arithmetic, and the questions that conditions ask.
//!
//! The machine and the constant folder call these; [`ArithOp::of`] is the one table of which arithmetic
//! there is, for the checker and the bytecode verifier alike.

use super::exact;
use super::time;
use super::{Duration, Failure, FailureCode, Money, Value};
use crate::schema::Type;
use crate::syntax::tree::BinaryOp;
use chrono_tz::Tz;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointNearestEven;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use serde::{Deserialize, Serialize};

/// One arithmetic operation on operands of known types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ArithOp {
    AddInt,
    SubInt,
    MulInt,
    AddDecimal,
    SubDecimal,
    MulDecimal,
    DivDecimal,
    AddMoney,
    SubMoney,
    MulMoneyDecimal,
    MulDecimalMoney,
    DivMoneyDecimal,
    /// Two amounts of one currency: a decimal.
    DivMoney,
    AddDuration,
    SubDuration,
    MulDurationInt,
    MulIntDuration,
    /// In exact seconds, a day as 24 hours, half to even.
    DivDurationDecimal,
    /// How many times the one fits into the other: a decimal.
    DivDuration,
    /// `date + time`: a datetime.
    DateAddTime,
    /// The datetime counted from the day's first moment.
    DateAddDuration,
    DateSubDuration,
    /// `date ± duration` of whole days written out: a date. See [`ArithOp::whole_days`].
    DateAddDays,
    DateSubDays,
    /// The days from the one date to the other, as a duration.
    SubDate,
    InstantAddDuration,
    InstantSubDuration,
    /// The exact seconds between two instants, as a duration.
    SubInstant,
    // Unary ones: only the first operand counts.
    NegInt,
    NegDecimal,
    NegMoney,
    NegDuration,
}

use ArithOp::*;

impl ArithOp {
    /// The operation that `left op right` is, the types both sides must be converted to, and the type of the
    /// result. Neither side optional. `None`: there is no such arithmetic.
    pub fn of(op: BinaryOp, left: &Type, right: &Type) -> Option<(ArithOp, Type, Type, Type)> {
        use BinaryOp::{Add, Div, Mul, Sub};
        let number = |ty: &Type| matches!(ty, Type::Int | Type::Decimal);
        let same = |arith: ArithOp, ty: Type| Some((arith, ty.clone(), ty.clone(), ty));
        match (left, right) {
            (Type::Int, Type::Int) if op != Div => match op {
                Add => same(AddInt, Type::Int),
                Sub => same(SubInt, Type::Int),
                Mul => same(MulInt, Type::Int),
                _ => None,
            },
            (l, r) if number(l) && number(r) => match op {
                Add => same(AddDecimal, Type::Decimal),
                Sub => same(SubDecimal, Type::Decimal),
                Mul => same(MulDecimal, Type::Decimal),
                Div => same(DivDecimal, Type::Decimal),
                _ => None,
            },
            // Both of one known currency, or both of one that only the run knows.
            (Type::Money(l), Type::Money(r)) if l == r => match op {
                Add => same(AddMoney, left.clone()),
                Sub => same(SubMoney, left.clone()),
                Div => Some((DivMoney, left.clone(), right.clone(), Type::Decimal)),
                _ => None,
            },
            (Type::Money(_), r) if number(r) => match op {
                Mul => Some((MulMoneyDecimal, left.clone(), Type::Decimal, left.clone())),
                Div => Some((DivMoneyDecimal, left.clone(), Type::Decimal, left.clone())),
                _ => None,
            },
            (l, Type::Money(_)) if number(l) && op == Mul => {
                Some((MulDecimalMoney, Type::Decimal, right.clone(), right.clone()))
            }
            (Type::Duration, Type::Duration) => match op {
                Add => same(AddDuration, Type::Duration),
                Sub => same(SubDuration, Type::Duration),
                Div => Some((DivDuration, Type::Duration, Type::Duration, Type::Decimal)),
                _ => None,
            },
            (Type::Duration, Type::Int) if op == Mul => {
                Some((MulDurationInt, Type::Duration, Type::Int, Type::Duration))
            }
            (Type::Int, Type::Duration) if op == Mul => {
                Some((MulIntDuration, Type::Int, Type::Duration, Type::Duration))
            }
            (Type::Duration, r) if number(r) && op == Div => {
                Some((DivDurationDecimal, Type::Duration, Type::Decimal, Type::Duration))
            }
            (Type::Date, Type::Time) if op == Add => {
                Some((DateAddTime, Type::Date, Type::Time, Type::DateTime))
            }
            (Type::Date, Type::Duration) => match op {
                Add => Some((DateAddDuration, Type::Date, Type::Duration, Type::DateTime)),
                Sub => Some((DateSubDuration, Type::Date, Type::Duration, Type::DateTime)),
                _ => None,
            },
            (Type::Date, Type::Date) if op == Sub => Some((SubDate, Type::Date, Type::Date, Type::Duration)),
            (Type::DateTime, Type::Duration) => match op {
                Add => Some((InstantAddDuration, Type::DateTime, Type::Duration, Type::DateTime)),
                Sub => Some((InstantSubDuration, Type::DateTime, Type::Duration, Type::DateTime)),
                _ => None,
            },
            (Type::DateTime, Type::DateTime) if op == Sub => {
                Some((SubInstant, Type::DateTime, Type::DateTime, Type::Duration))
            }
            _ => None,
        }
    }

    /// What `date ± duration` becomes where the duration is written out and of whole days
    /// (`delivery_date - 1 day`): a date. `None` for every other operation.
    pub fn whole_days(self) -> Option<(ArithOp, Type)> {
        match self {
            DateAddDuration => Some((DateAddDays, Type::Date)),
            DateSubDuration => Some((DateSubDays, Type::Date)),
            _ => None,
        }
    }

    /// The operation that `-x` is; the result has the operand's type.
    pub fn negation(ty: &Type) -> Option<ArithOp> {
        match ty {
            Type::Int => Some(NegInt),
            Type::Decimal => Some(NegDecimal),
            Type::Money(_) => Some(NegMoney),
            Type::Duration => Some(NegDuration),
            _ => None,
        }
    }

    pub fn is_unary(self) -> bool {
        matches!(self, NegInt | NegDecimal | NegMoney | NegDuration)
    }

    /// The type of the result for operands that have been converted, `None` if the operation does not take
    /// them. For a unary one the right type is not looked at.
    pub fn result(self, left: &Type, right: &Type) -> Option<Type> {
        if self.is_unary() {
            return (ArithOp::negation(left) == Some(self)).then(|| left.clone());
        }
        [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div].into_iter().find_map(|op| {
            let (arith, l, r, result) = ArithOp::of(op, left, right)?;
            if l != *left || r != *right {
                None
            } else if arith == self {
                Some(result)
            } else {
                arith.whole_days().filter(|(days, _)| *days == self).map(|(_, ty)| ty)
            }
        })
    }
}

/// Does the operation. `right` is not looked at by a unary one; `tz` only by dates and times.
pub fn arith(op: ArithOp, left: &Value, right: &Value, tz: Tz) -> Result<Value, Failure> {
    match (op, left, right) {
        (AddInt, Value::Int(a), Value::Int(b)) => int(a.checked_add(*b)),
        (SubInt, Value::Int(a), Value::Int(b)) => int(a.checked_sub(*b)),
        (MulInt, Value::Int(a), Value::Int(b)) => int(a.checked_mul(*b)),
        (NegInt, Value::Int(a), _) => int(a.checked_neg()),
        (AddDecimal, Value::Decimal(a), Value::Decimal(b)) => decimal(a.checked_add(*b)),
        (SubDecimal, Value::Decimal(a), Value::Decimal(b)) => decimal(a.checked_sub(*b)),
        (MulDecimal, Value::Decimal(a), Value::Decimal(b)) => decimal(a.checked_mul(*b)),
        (DivDecimal, Value::Decimal(a), Value::Decimal(b)) => divide(*a, *b).map(Value::Decimal),
        (NegDecimal, Value::Decimal(a), _) => Ok(Value::Decimal(minus(*a))),
        (AddMoney, Value::Money(a), Value::Money(b)) => {
            one_currency(a, b)?;
            money(a.amount.checked_add(b.amount), a)
        }
        (SubMoney, Value::Money(a), Value::Money(b)) => {
            one_currency(a, b)?;
            money(a.amount.checked_sub(b.amount), a)
        }
        (MulMoneyDecimal, Value::Money(a), Value::Decimal(b))
        | (MulDecimalMoney, Value::Decimal(b), Value::Money(a)) => {
            money(exact::multiply(a.amount, *b, a.currency.digits()), a)
        }
        (DivMoneyDecimal, Value::Money(a), Value::Decimal(b)) => {
            money(Some(to_digits(divide(a.amount, *b)?, a)), a)
        }
        (DivMoney, Value::Money(a), Value::Money(b)) => {
            one_currency(a, b)?;
            divide(a.amount, b.amount).map(Value::Decimal)
        }
        (NegMoney, Value::Money(a), _) => money(Some(minus(a.amount)), a),
        (AddDuration, Value::Duration(a), Value::Duration(b)) => {
            duration(a.days.checked_add(b.days), a.seconds.checked_add(b.seconds))
        }
        (SubDuration, Value::Duration(a), Value::Duration(b)) => {
            duration(a.days.checked_sub(b.days), a.seconds.checked_sub(b.seconds))
        }
        (MulDurationInt, Value::Duration(a), Value::Int(n))
        | (MulIntDuration, Value::Int(n), Value::Duration(a)) => {
            duration(a.days.checked_mul(*n), a.seconds.checked_mul(*n))
        }
        (DivDurationDecimal, Value::Duration(a), Value::Decimal(b)) => {
            let seconds = divide(seconds(*a)?, *b)?.round_dp_with_strategy(0, MidpointNearestEven);
            duration(Some(0), seconds.to_i64())
        }
        (DivDuration, Value::Duration(a), Value::Duration(b)) => {
            divide(seconds(*a)?, seconds(*b)?).map(Value::Decimal)
        }
        (NegDuration, Value::Duration(a), _) => time::negate(*a).map(Value::Duration),
        (DateAddTime, Value::Date(date), Value::Time(at)) => {
            Ok(Value::DateTime(time::local_to_utc(date.and_time(*at), tz)))
        }
        (DateAddDuration, Value::Date(date), Value::Duration(d)) => {
            time::add_to_date(*date, *d, tz).map(Value::DateTime)
        }
        (DateSubDuration, Value::Date(date), Value::Duration(d)) => {
            time::add_to_date(*date, time::negate(*d)?, tz).map(Value::DateTime)
        }
        (DateAddDays, Value::Date(date), Value::Duration(d)) => add_whole_days(*date, *d),
        (DateSubDays, Value::Date(date), Value::Duration(d)) => add_whole_days(*date, time::negate(*d)?),
        (SubDate, Value::Date(a), Value::Date(b)) => {
            Ok(Value::Duration(Duration { days: (*a - *b).num_days(), seconds: 0 }))
        }
        (InstantAddDuration, Value::DateTime(at), Value::Duration(d)) => {
            time::add_duration(*at, *d, tz).map(Value::DateTime)
        }
        (InstantSubDuration, Value::DateTime(at), Value::Duration(d)) => {
            time::add_duration(*at, time::negate(*d)?, tz).map(Value::DateTime)
        }
        (SubInstant, Value::DateTime(a), Value::DateTime(b)) => {
            Ok(Value::Duration(Duration { days: 0, seconds: (*a - *b).num_seconds() }))
        }
        _ => Err(Failure::wrong_type()),
    }
}

/// The implied conversion of numbers.
pub fn int_to_decimal(value: &Value) -> Result<Value, Failure> {
    match value {
        Value::Int(number) => Ok(Value::Decimal(Decimal::from(*number))),
        _ => Err(Failure::wrong_type()),
    }
}

/// An amount in another currency by the fixed rates of the program, rounded half to even to that currency's
/// digits. Only a rate that is written down is used: neither its inverse nor a way over a third currency.
pub fn exchange(money: Money, to: super::Currency, schema: &crate::schema::Schema) -> Result<Money, Failure> {
    if money.currency == to {
        return Ok(money);
    }
    let rate = schema
        .rates
        .iter()
        .filter(|rates| rates.base == to)
        .flat_map(|rates| &rates.rates)
        .find(|(currency, _)| *currency == money.currency);
    let Some((_, rate)) = rate else {
        let message = format!("there is no rate from {} to {to}", money.currency);
        return Err(Failure::new(FailureCode::NoRate, message));
    };
    let amount = exact::multiply(money.amount, *rate, to.digits());
    let amount = amount.ok_or_else(|| Failure::overflow("amount"))?;
    Ok(Money { amount, currency: to })
}

/// Fails if the two are of different currencies.
pub fn one_currency(a: &Money, b: &Money) -> Result<(), Failure> {
    if a.currency == b.currency {
        return Ok(());
    }
    let message = format!("amounts in {} and {} do not go together", a.currency, b.currency);
    Err(Failure::new(FailureCode::CurrencyMismatch, message))
}

/// 28 digits, half to even.
pub(super) fn divide(a: Decimal, b: Decimal) -> Result<Decimal, Failure> {
    if b.is_zero() {
        return Err(Failure::new(FailureCode::DivisionByZero, "division by zero"));
    }
    // Normalized: division leaves zeros at the end, as chance will have it.
    a.checked_div(b).map(|quotient| quotient.normalize()).ok_or_else(|| Failure::overflow("number"))
}

/// A zero has no sign.
pub(super) fn minus(number: Decimal) -> Decimal {
    if number.is_zero() { number } else { -number }
}

fn to_digits(amount: Decimal, of: &Money) -> Decimal {
    amount.round_dp_with_strategy(of.currency.digits(), MidpointNearestEven)
}

fn int(result: Option<i64>) -> Result<Value, Failure> {
    result.map(Value::Int).ok_or_else(|| Failure::overflow("number"))
}

fn decimal(result: Option<Decimal>) -> Result<Value, Failure> {
    result.map(Value::Decimal).ok_or_else(|| Failure::overflow("number"))
}

fn money(amount: Option<Decimal>, of: &Money) -> Result<Value, Failure> {
    let amount = amount.ok_or_else(|| Failure::overflow("amount"))?;
    Ok(Value::Money(Money { amount, currency: of.currency }))
}

fn duration(days: Option<i64>, seconds: Option<i64>) -> Result<Value, Failure> {
    match (days, seconds) {
        (Some(days), Some(seconds)) => Ok(Value::Duration(Duration { days, seconds })),
        _ => Err(Failure::overflow("duration")),
    }
}

fn seconds(duration: Duration) -> Result<Decimal, Failure> {
    Decimal::from_i128(duration.total_seconds()).ok_or_else(|| Failure::overflow("duration"))
}

fn add_whole_days(date: chrono::NaiveDate, duration: Duration) -> Result<Value, Failure> {
    let days = duration.total_seconds().div_euclid(i128::from(time::SECONDS_PER_DAY));
    let days = i64::try_from(days).map_err(|_| Failure::overflow("duration"))?;
    time::add_days(date, days).map(Value::Date)
}

#[cfg(test)]
mod tests;
