//! What a program written by hand for these rules keeps of a deal, reads of an event, and asks: typed, decoded by sonic-rs,
//! amounts as whole cents, dates as numbers. The conditions are functions that `build.rs` writes.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Web,
    Form,
    Callback,
    Phone,
    Email,
    Chat,
    Referral,
    Partner,
    Ads,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    Private,
    Small,
    Medium,
    Large,
    Public,
}

/// A day as the number 20260301.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i32);

#[derive(Debug, Clone)]
pub struct Deal {
    pub title: String,
    pub cents: i64,
    pub source: Source,
    pub segment: Segment,
    pub city: String,
    pub responsible: String,
    pub tags: Vec<String>,
    pub score: i64,
    pub due: Day,
    pub returning_customer: bool,
    pub comments: Option<String>,
}

/// The conditions.
#[allow(clippy::all, unused_parens, dead_code)]
pub mod conditions {
    use super::{Deal, Segment, Source};
    include!(concat!(env!("OUT_DIR"), "/conditions.rs"));
}

pub fn conditions(count: usize) -> &'static [fn(&Deal) -> bool] {
    match count {
        20 => &conditions::of_20::ALL,
        200 => &conditions::of_200::ALL,
        _ => &conditions::of_2000::ALL[..count],
    }
}

/// A text that is borrowed from the line wherever that can be.
#[derive(Debug, Default)]
pub struct Str<'a>(pub Cow<'a, str>);

#[derive(Debug)]
pub struct Cents(pub i64);

/// In milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub i64);

#[derive(Debug, serde::Deserialize)]
pub struct Event<'a> {
    #[serde(borrow)]
    pub specversion: Str<'a>,
    #[serde(borrow)]
    pub id: Str<'a>,
    #[serde(borrow)]
    pub source: Str<'a>,
    #[serde(borrow, rename = "type")]
    pub kind: Str<'a>,
    #[serde(borrow)]
    pub subject: Str<'a>,
    pub time: Instant,
    #[serde(borrow)]
    pub data: Data<'a>,
}

/// The members of all events, read in one go; each event looks at its own.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Data<'a> {
    #[serde(borrow)]
    pub title: Option<Str<'a>>,
    pub amount: Option<Cents>,
    pub source: Option<Source>,
    pub segment: Option<Segment>,
    #[serde(borrow)]
    pub city: Option<Str<'a>>,
    #[serde(borrow)]
    pub responsible: Option<Str<'a>>,
    #[serde(borrow)]
    pub tags: Option<Vec<Str<'a>>>,
    pub score: Option<i64>,
    pub due: Option<Day>,
    pub returning_customer: Option<bool>,
    #[serde(borrow)]
    pub comments: Option<Str<'a>>,
    #[serde(borrow)]
    pub template: Option<Str<'a>>,
    #[serde(borrow)]
    pub line: Option<Str<'a>>,
    #[serde(borrow)]
    pub channel: Option<Str<'a>>,
    #[serde(borrow)]
    pub form: Option<Str<'a>>,
    #[serde(borrow)]
    pub code: Option<Str<'a>>,
}

impl Data<'_> {
    /// The deal that the event creates; `None`: members are missing.
    pub fn deal(self) -> Option<Deal> {
        Some(Deal {
            title: self.title?.0.into_owned(),
            cents: self.amount?.0,
            source: self.source?,
            segment: self.segment?,
            city: self.city?.0.into_owned(),
            responsible: self.responsible?.0.into_owned(),
            tags: self.tags.unwrap_or_default().into_iter().map(|tag| tag.0.into_owned()).collect(),
            score: self.score?,
            due: self.due?,
            returning_customer: self.returning_customer.unwrap_or(false),
            comments: self.comments.map(|text| text.0.into_owned()),
        })
    }

    pub fn update(self, deal: &mut Deal) {
        fn become_text(field: &mut String, text: Option<Str<'_>>) {
            if let Some(text) = text {
                field.clear();
                field.push_str(&text.0);
            }
        }
        become_text(&mut deal.title, self.title);
        become_text(&mut deal.city, self.city);
        become_text(&mut deal.responsible, self.responsible);
        if self.comments.is_some() {
            become_text(deal.comments.get_or_insert_default(), self.comments);
        }
        if let Some(tags) = self.tags {
            deal.tags = tags.into_iter().map(|tag| tag.0.into_owned()).collect();
        }
        deal.cents = self.amount.map_or(deal.cents, |cents| cents.0);
        deal.source = self.source.unwrap_or(deal.source);
        deal.segment = self.segment.unwrap_or(deal.segment);
        deal.score = self.score.unwrap_or(deal.score);
        deal.due = self.due.unwrap_or(deal.due);
        deal.returning_customer = self.returning_customer.unwrap_or(deal.returning_customer);
    }
}

/// What is read from a JSON string.
macro_rules! from_text {
    ($type:ident, $expecting:literal, $parse:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: Error>(self, text: &str) -> Result<$type, E> {
                        $parse(text).map($type).ok_or_else(|| E::custom($expecting))
                    }
                }
                from.deserialize_str(Text)
            }
        }
    };
}

from_text!(Cents, "an amount such as 12.50 EUR", cents);
from_text!(Day, "a day such as 2026-03-01", |text: &str| day(text.as_bytes()));
from_text!(Instant, "an instant such as 2026-03-01T10:00:00Z", |text: &str| instant(text.as_bytes()));

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Str<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Text)
    }
}

fn cents(text: &str) -> Option<i64> {
    let number = text.strip_suffix(" EUR")?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let part = match part.as_bytes() {
        [] => 0,
        [a @ b'0'..=b'9'] => i64::from(a - b'0') * 10,
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => i64::from(a - b'0') * 10 + i64::from(b - b'0'),
        _ => return None,
    };
    let cents = whole.parse::<i64>().ok()?.checked_mul(100)?;
    cents.checked_add(if whole.starts_with('-') { -part } else { part })
}

fn digits(of: &[u8]) -> Option<i64> {
    of.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

fn day(text: &[u8]) -> Option<i32> {
    let &[_, _, _, _, b'-', _, _, b'-', _, _] = text else { return None };
    let (year, month, day) = (digits(&text[..4])?, digits(&text[5..7])?, digits(&text[8..])?);
    ((1..=12).contains(&month) && (1..=31).contains(&day))
        .then_some((year * 10_000 + month * 100 + day) as i32)
}

fn instant(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = i64::from(day(date)?);
    let (rest, fraction) = match rest {
        [b'T', rest @ .., b'Z'] if rest.len() == 8 => (rest, 0),
        [b'T', rest @ .., b'Z'] if rest.len() == 12 && rest[8] == b'.' => (&rest[..8], digits(&rest[9..])?),
        _ => return None,
    };
    let &[_, _, b':', _, _, b':', _, _] = rest else { return None };
    let (hour, minute, second) = (digits(&rest[..2])?, digits(&rest[3..5])?, digits(&rest[6..])?);
    let days = days_since_1970(date / 10_000, date / 100 % 100, date % 100);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction)
}

/// Howard Hinnant's `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl Instant {
    /// As effects write it: a fraction only if there is one.
    pub fn write(self, out: &mut Vec<u8>) {
        let (days, rest) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        // Howard Hinnant's `civil_from_days`.
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        padded(year, 4, out);
        for (sign, value, width) in [
            (b'-', month, 2),
            (b'-', day, 2),
            (b'T', rest / 3_600_000, 2),
            (b':', rest / 60_000 % 60, 2),
            (b':', rest / 1000 % 60, 2),
        ] {
            out.push(sign);
            padded(value, width, out);
        }
        if rest % 1000 != 0 {
            out.push(b'.');
            padded(rest % 1000, 3, out);
        }
        out.push(b'Z');
    }
}

impl Day {
    pub fn write(self, out: &mut Vec<u8>) {
        padded(i64::from(self.0 / 10_000), 4, out);
        out.push(b'-');
        padded(i64::from(self.0 / 100 % 100), 2, out);
        out.push(b'-');
        padded(i64::from(self.0 % 100), 2, out);
    }
}

pub fn padded(value: i64, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let (mut at, mut left) = (digits.len(), value.unsigned_abs());
    while left > 0 {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}
