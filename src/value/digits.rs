//! Numbers, dates and instants in their digits, without the machinery of formatting: every effect holds some.

use super::compare;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc};
use rust_decimal::Decimal;
use serde::Serializer;
use std::ops::Deref;

/// A short text of ASCII in place.
pub(crate) struct Digits {
    bytes: [u8; Digits::ROOM],
    /// Those before stand for nothing.
    from: usize,
}

impl Digits {
    /// The longest: a sign, 29 digits and a point, or an instant to the nanosecond.
    const ROOM: usize = 40;

    fn new() -> Digits {
        Digits { bytes: [b'0'; Digits::ROOM], from: Digits::ROOM }
    }

    /// Puts a byte in front. What has no room is lost: nothing here is that long.
    fn put(&mut self, byte: u8) {
        self.from = self.from.saturating_sub(1);
        self.bytes[self.from] = byte;
    }

    /// Puts several in front, as [`Digits::put`].
    fn put_all<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(from) = self.from.checked_sub(N)
            && let Some(place) = self.bytes.get_mut(from..self.from)
        {
            place.copy_from_slice(&bytes);
            self.from = from;
        }
    }

    /// Puts a number in front, with zeros up to so many digits.
    fn number(&mut self, number: u128, least: usize) {
        const WORD: u128 = 10_u128.pow(18);
        // Most fit into a machine's word, which divides much faster.
        if number < WORD {
            self.word(number as u64, least);
        } else {
            self.word((number % WORD) as u64, 18);
            self.number(number / WORD, least.saturating_sub(18));
        }
    }

    fn word(&mut self, mut number: u64, least: usize) {
        let enough = self.from.saturating_sub(least);
        while number >= 10 {
            self.put_all(two((number % 100) as u32));
            number /= 100;
        }
        if number > 0 {
            self.put(b'0' + number as u8);
        }
        while self.from > enough {
            self.put(b'0');
        }
    }

    fn date(&mut self, date: NaiveDate) {
        if let Ok(year @ 0..=9999) = u32::try_from(date.year()) {
            let ([a, b], [c, d]) = (two(year / 100), two(year % 100));
            let ([e, f], [g, h]) = (two(date.month()), two(date.day()));
            return self.put_all([a, b, c, d, b'-', e, f, b'-', g, h]);
        }
        self.number(u128::from(date.day()), 2);
        self.put(b'-');
        self.number(u128::from(date.month()), 2);
        self.put(b'-');
        self.number(u128::from(date.year().unsigned_abs()), 4);
        // The library's own form of years that no event has.
        if date.year() < 0 {
            self.put(b'-');
        } else if date.year() > 9999 {
            self.put(b'+');
        }
    }

    /// Seconds always, and three, six or nine digits behind them as it needs.
    fn time(&mut self, time: NaiveTime) {
        // A leap second counts on behind the 59th.
        let leap = time.nanosecond() / 1_000_000_000;
        let nano = time.nanosecond() % 1_000_000_000;
        if nano != 0 {
            let (number, digits) = match nano {
                n if n % 1_000_000 == 0 => (n / 1_000_000, 3),
                n if n % 1000 == 0 => (n / 1000, 6),
                n => (n, 9),
            };
            self.number(u128::from(number), digits);
            self.put(b'.');
        }
        let ([a, b], [c, d]) = (two(time.hour()), two(time.minute()));
        let [e, f] = two(time.second() + leap);
        self.put_all([a, b, b':', c, d, b':', e, f]);
    }
}

/// The digits of a number below a hundred.
fn two(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

impl Digits {
    /// The text, for where bytes are wanted.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.from..).unwrap_or_default()
    }
}

impl Deref for Digits {
    type Target = str;
    fn deref(&self) -> &str {
        // Only ASCII has been put there.
        std::str::from_utf8(&self.bytes[self.from..]).unwrap_or_default()
    }
}

/// `-17`
pub(crate) fn int(number: i64) -> Digits {
    let mut digits = Digits::new();
    digits.number(u128::from(number.unsigned_abs()), 1);
    if number < 0 {
        digits.put(b'-');
    }
    digits
}

/// `42`
pub(crate) fn count(number: u64) -> Digits {
    let mut digits = Digits::new();
    digits.number(u128::from(number), 1);
    digits
}

/// A decimal with the digits that it carries, and zeros up to so many behind the point; no sign before nothing: `-0.50`.
pub(crate) fn decimal(number: Decimal, least: u32) -> Digits {
    let mut digits = Digits::new();
    let scale = number.scale();
    for _ in scale..least {
        digits.put(b'0');
    }
    let mantissa = number.mantissa();
    let whole = mantissa.unsigned_abs();
    let before = match (u64::try_from(whole), compare::POWERS.get(scale as usize)) {
        (_, Some(1)) => whole,
        // A machine's word divides much faster.
        (Ok(whole), Some(power)) => {
            let power = power.unsigned_abs();
            digits.word(whole % power, scale as usize);
            u128::from(whole / power)
        }
        _ => {
            let power = 10_u128.pow(scale);
            digits.number(whole % power, scale as usize);
            whole / power
        }
    };
    if scale.max(least) > 0 {
        digits.put(b'.');
    }
    digits.number(before, 1);
    if mantissa < 0 {
        digits.put(b'-');
    }
    digits
}

/// `2026-03-02`
pub(crate) fn date(date: NaiveDate) -> Digits {
    let mut digits = Digits::new();
    digits.date(date);
    digits
}

/// `10:00:00`, `10:00:00.250`
pub(crate) fn time(time: NaiveTime) -> Digits {
    let mut digits = Digits::new();
    digits.time(time);
    digits
}

/// `2026-03-02T10:00:00Z`
pub(crate) fn instant(at: DateTime<Utc>) -> Digits {
    let mut digits = Digits::new();
    digits.put(b'Z');
    digits.time(at.naive_utc().time());
    digits.put(b'T');
    digits.date(at.naive_utc().date());
    digits
}

/// Writes an instant down as the library does.
pub(crate) fn serialize_instant<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&instant(*at))
}

/// As [`serialize_instant`], a date.
pub(crate) fn serialize_date<S: Serializer>(on: &NaiveDate, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&date(*on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use chrono::SecondsFormat;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_libraries(
            mantissa in prop_oneof![any::<i64>().prop_map(i128::from), -(1_i128 << 95)..(1_i128 << 95)],
            scale in 0_u32..=28, seconds in -62_135_596_800_i64..=253_402_300_799, part in 0_u32..1000, unit in 0_u32..3,
        ) {
            let number = Decimal::from_i128_with_scale(mantissa, scale);
            prop_assert_eq!(&*decimal(number, 0), number.to_string());
            let padded = match scale {
                0 => format!("{number}.00"),
                1 => format!("{number}0"),
                _ => number.to_string(),
            };
            prop_assert_eq!(&*decimal(number, 2), padded);
            prop_assert_eq!(&*int(seconds), seconds.to_string());
            prop_assert_eq!(&*count(seconds.unsigned_abs()), seconds.unsigned_abs().to_string());
            let nanos = part * 1000_u32.pow(unit);
            let at = DateTime::from_timestamp(seconds, nanos).unwrap();
            prop_assert_eq!(&*instant(at), at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
            prop_assert_eq!(&*date(at.date_naive()), at.date_naive().to_string());
            prop_assert_eq!(&*time(at.time()), at.time().to_string());
            let written = postcard::to_stdvec(&(at, at.date_naive())).unwrap();
            let values = (Value::DateTime(at), Value::Date(at.date_naive()));
            let bytes = [&values.0, &values.1].map(|value| postcard::to_stdvec(value).unwrap()[1..].to_vec());
            prop_assert_eq!(bytes.concat(), written);
        }
    }

    #[test]
    fn the_ends_of_the_ranges() {
        for number in [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::new(5, 28), Decimal::new(-5, 1)] {
            assert_eq!(&*decimal(number, 0), number.to_string());
        }
        assert_eq!(&*int(i64::MIN), "-9223372036854775808");
        assert_eq!(&*count(u64::MAX), "18446744073709551615");
        assert_eq!(&*decimal(Decimal::new(-7, 0), 3), "-7.000");
        for on in [NaiveDate::MIN, NaiveDate::MAX, NaiveDate::default()] {
            assert_eq!(&*date(on), on.to_string());
        }
    }
}
