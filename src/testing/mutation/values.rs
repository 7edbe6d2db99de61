//! Changes of values that are written out: numbers, amounts, times, texts.

use super::Kind;
use crate::syntax::tree::{Literal, TextLit, TextPart};
use chrono::{NaiveTime, TimeDelta};
use rust_decimal::Decimal;

/// What may stand there instead: twice as much, and half of it.
pub(super) fn literal(literal: &Literal) -> Vec<(Kind, String)> {
    let number = |text: String| (Kind::Number, text);
    match literal {
        Literal::Int(n) => integers(*n).into_iter().map(|n| number(n.to_string())).collect(),
        Literal::Decimal(n) => decimals(*n).into_iter().map(number).collect(),
        Literal::Money { amount, currency, .. } => {
            let amounts = decimals(*amount).into_iter();
            amounts.map(|amount| number(format!("{amount} {currency}"))).collect()
        }
        Literal::Duration { days, seconds } => durations(*days, *seconds),
        Literal::Bool(value) => vec![(Kind::Negation, (!value).to_string())],
        Literal::Date(date) => date.succ_opt().map(|date| number(date.to_string())).into_iter().collect(),
        Literal::Time(time) => vec![number(later(*time).format("%H:%M").to_string())],
        Literal::LocalDateTime(_) | Literal::Instant(_) | Literal::None => Vec::new(),
    }
}

fn integers(n: i64) -> Vec<i64> {
    match n {
        0 => vec![1],
        1 => vec![2, 0],
        n => n.checked_mul(2).into_iter().chain([n / 2]).collect(),
    }
}

fn decimals(n: Decimal) -> Vec<String> {
    if n.is_zero() {
        return vec!["1".to_owned()];
    }
    let both = [n.checked_mul(Decimal::TWO), n.checked_div(Decimal::TWO)];
    both.into_iter().flatten().map(|n| n.normalize().to_string()).collect()
}

fn later(time: NaiveTime) -> NaiveTime {
    time.overflowing_add_signed(TimeDelta::hours(1)).0
}

fn durations(days: i64, seconds: i64) -> Vec<(Kind, String)> {
    let mut all = Vec::new();
    if let (Some(days), Some(seconds)) = (days.checked_mul(2), seconds.checked_mul(2)) {
        all.push(duration(days, seconds));
    }
    // Half of an odd number of days is a number of days and twelve hours, which another time zone may count otherwise:
    // only one day is halved in hours.
    match days {
        1 => all.push(duration(0, (86_400 + seconds) / 2)),
        days => all.push(duration(days / 2, seconds / 2)),
    }
    all.retain(|text| !text.is_empty());
    all.into_iter().map(|text| (Kind::Duration, text)).collect()
}

/// `2 days 3 hours`, nothing for no time at all.
fn duration(days: i64, seconds: i64) -> String {
    let units =
        [(days, "day"), (seconds / 3600, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")];
    let parts = units.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> =
        parts.map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" })).collect();
    parts.join(" ")
}

/// A text that is not the one that stands there.
pub(super) fn text(text: &TextLit) -> String {
    let is =
        |wanted: &str| matches!(text.parts.as_slice(), [TextPart::Literal { text, .. }] if **text == *wanted);
    let other = if is("changed") { "other" } else { "changed" };
    format!("\"{other}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_doubled_and_halved() {
        let all = |value: &Literal| literal(value).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        let days = |days, seconds| Literal::Duration { days, seconds };
        assert_eq!(all(&Literal::Int(5)), ["10", "2"]);
        assert_eq!(all(&Literal::Int(1)), ["2", "0"]);
        assert_eq!(all(&Literal::Int(0)), ["1"]);
        assert_eq!(all(&Literal::Int(i64::MAX)), [(i64::MAX / 2).to_string()]);
        assert_eq!(all(&Literal::Decimal(Decimal::new(15, 1))), ["3", "0.75"]);
        assert_eq!(all(&days(3, 0)), ["6 days", "1 day"]);
        assert_eq!(all(&days(1, 0)), ["2 days", "12 hours"]);
        assert_eq!(all(&days(0, 3600)), ["2 hours", "30 minutes"]);
        assert_eq!(all(&days(2, 5400)), ["4 days 3 hours", "1 day 45 minutes"]);
        assert_eq!(all(&days(0, 1)), ["2 seconds"]);
        assert_eq!(all(&days(0, 0)), Vec::<String>::new());
        assert_eq!(all(&Literal::Bool(true)), ["false"]);
        assert_eq!(all(&Literal::Time(NaiveTime::from_hms_opt(23, 30, 0).expect("a time"))), ["00:30"]);
    }
}
