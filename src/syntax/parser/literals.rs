//! Numbers, amounts, durations, dates and times, with their bounds.

use super::Rule;
use super::builder::{Builder, Node};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::*;
use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use rust_decimal::Decimal;

/// The most digits that a number may have.
const DIGITS: usize = 28;

/// Words behind which a `-` is the sign of a number.
const SIGNED: [&str; 18] = [
    "and", "or", "not", "if", "then", "else", "in", "contains", "with", "between", "from", "to", "min",
    "max", "when", "at", "after", "until",
];

impl Builder<'_> {
    /// A literal, or [`ExprKind::Error`] after saying what is wrong with it.
    pub fn literal(&self, node: &Node) -> ExprKind {
        let literal = match node.as_rule() {
            Rule::kw_true => Some(Literal::Bool(true)),
            Rule::kw_false => Some(Literal::Bool(false)),
            Rule::kw_none => Some(Literal::None),
            Rule::integer if self.is_smallest(node) => Some(Literal::Int(i64::MIN)),
            Rule::integer => self.integer(node).map(Literal::Int),
            Rule::decimal => self.decimal(node).map(Literal::Decimal),
            Rule::money => self.money(node),
            Rule::duration => self.duration(node),
            Rule::date => self.date(node).map(Literal::Date),
            Rule::time => self.time(node).map(Literal::Time),
            Rule::datetime => self.datetime(node),
            _ => None,
        };
        literal.map_or(ExprKind::Error, ExprKind::Literal)
    }

    /// The digits of the smallest whole number, right behind its sign.
    fn is_smallest(&self, node: &Node) -> bool {
        if node.as_str().replace('_', "") != "9223372036854775808" {
            return false;
        }
        let span = self.token_span(node).range();
        let called = self.text[span.end..].trim_start().starts_with('.');
        let Some(before) = self.text[..span.start].trim_end().strip_suffix('-') else { return false };
        let before = before.trim_end();
        let word = before.trim_end_matches(|c: char| c == '_' || c.is_alphanumeric());
        let word = &before[word.len()..];
        let operand = match before.chars().next_back() {
            Some(')' | ']' | '}' | '"' | '?') => true,
            _ => !word.is_empty() && !SIGNED.contains(&word),
        };
        !called && !operand
    }

    pub fn integer(&self, node: &Node) -> Option<i64> {
        let value = node.as_str().replace('_', "").parse().ok();
        if value.is_none() {
            self.report(
                Diagnostic::new(Code::NumberTooBig, self.token_span(node), "this whole number is too big")
                    .label("the largest is 9223372036854775807")
                    .help("for an identifier made of digits, use a text: \"…\""),
            );
        }
        value
    }

    /// The value of an `integer` or `decimal` token.
    pub fn decimal(&self, node: &Node) -> Option<Decimal> {
        let digits: String = node.as_str().chars().filter(|c| *c != '_').collect();
        let significant =
            digits.trim_start_matches(['0', '.']).bytes().filter(|b| b.is_ascii_digit()).count();
        let value = Decimal::from_str_exact(&digits).ok().filter(|_| significant <= DIGITS);
        if value.is_none() {
            self.report(
                Diagnostic::new(Code::NumberTooBig, self.token_span(node), "this number has too many digits")
                    .label(format!("a number has at most {DIGITS} digits")),
            );
        }
        value
    }

    fn money(&self, node: &Node) -> Option<Literal> {
        let (mut amount, mut currency) = (None, None);
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::currency_code => currency = Some((child.as_str().into(), self.token_span(&child))),
                _ => amount = self.decimal(&child),
            }
        }
        let (currency, currency_span) = currency?;
        Some(Literal::Money { amount: amount?, currency, currency_span })
    }

    fn duration(&self, node: &Node) -> Option<Literal> {
        let (mut days, mut seconds) = (Some(0i64), Some(0i64));
        let mut count = 0;
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::integer => count = self.integer(&child)?,
                _ => {
                    let (sum, unit) = match child.as_str().trim_end_matches('s') {
                        "week" => (&mut days, 7),
                        "day" => (&mut days, 1),
                        "hour" => (&mut seconds, 3600),
                        "minute" => (&mut seconds, 60),
                        _ => (&mut seconds, 1),
                    };
                    *sum = sum.and_then(|s| count.checked_mul(unit).and_then(|c| s.checked_add(c)));
                }
            }
        }
        // A hundred centuries: beyond it no date could be reached.
        let days = days.filter(|d| *d <= 3_652_425);
        let seconds = seconds.filter(|s| *s <= 3_652_425 * 86_400);
        match (days, seconds) {
            (Some(days), Some(seconds)) => Some(Literal::Duration { days, seconds }),
            _ => {
                self.report(
                    Diagnostic::new(Code::NumberTooBig, self.span(node), "this duration is too long")
                        .label("longer than ten thousand years"),
                );
                None
            }
        }
    }

    pub fn date(&self, node: &Node) -> Option<NaiveDate> {
        self.day(node.as_str(), self.token_span(node))
    }

    fn day(&self, text: &str, span: Span) -> Option<NaiveDate> {
        let number = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse().ok());
        let date = NaiveDate::from_ymd_opt(
            number(0..4).map_or(0, |y: u16| i32::from(y)),
            number(5..7).unwrap_or(0).into(),
            number(8..10).map_or(0, |d: u16| u32::from(d)),
        );
        if date.is_none() {
            self.report(
                Diagnostic::new(Code::BadDate, span, format!("there is no day `{text}`"))
                    .label("a date is year-month-day, as in 2026-03-01"),
            );
        }
        date
    }

    pub fn time(&self, node: &Node) -> Option<NaiveTime> {
        self.clock(node.as_str(), self.token_span(node))
    }

    fn clock(&self, text: &str, span: Span) -> Option<NaiveTime> {
        let format = match text.len() {
            5 => "%H:%M",
            8 => "%H:%M:%S",
            _ => "%H:%M:%S%.f",
        };
        // chrono takes second 60 for a leap second; records know none.
        let leap = text.get(6..8) == Some("60");
        let time = NaiveTime::parse_from_str(text, format).ok().filter(|_| !leap);
        if time.is_none() {
            self.report(
                Diagnostic::new(Code::BadDate, span, format!("there is no time of day `{text}`"))
                    .label("times go from 00:00 to 23:59:59"),
            );
        }
        time
    }

    /// The end of an opening: `24:00` is midnight.
    pub fn closing_time(&self, node: &Node) -> Option<NaiveTime> {
        if matches!(node.as_str(), "24:00" | "24:00:00") { Some(NaiveTime::MIN) } else { self.time(node) }
    }

    fn datetime(&self, node: &Node) -> Option<Literal> {
        let text = node.as_str();
        let span = self.token_span(node);
        let day = self.day(text.get(..10)?, span)?;
        let rest = text.get(11..)?;
        let (clock, zone) = match rest.find(['Z', '+', '-']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let local = NaiveDateTime::new(day, self.clock(clock, span)?);
        if zone.is_empty() {
            return Some(Literal::LocalDateTime(local));
        }
        let instant = offset(zone).and_then(|o| o.from_local_datetime(&local).single());
        if instant.is_none() {
            self.report(
                Diagnostic::new(Code::BadDate, span, format!("`{zone}` is no offset from UTC"))
                    .label("an offset has hours and minutes, as in +02:00"),
            );
        }
        Some(Literal::Instant(instant?.with_timezone(&Utc)))
    }
}

/// `Z`, `+02:00`
fn offset(zone: &str) -> Option<FixedOffset> {
    if zone == "Z" {
        return FixedOffset::east_opt(0);
    }
    let hours: i32 = zone.get(1..3)?.parse().ok()?;
    let minutes: i32 = zone.get(4..6)?.parse().ok()?;
    if minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    FixedOffset::east_opt(if zone.starts_with('-') { -seconds } else { seconds })
}
