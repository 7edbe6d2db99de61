//! Numbers, instants, times and durations from their digits: exactly, and without another library's leniency.

use crate::value::Duration;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;

/// A decimal exactly from its digits, in JSON's grammar of numbers: `-12.50`, `1e3`. `None` if it is no
/// number, or has more digits than a decimal holds.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    plain_decimal(text.as_bytes()).or_else(|| any_decimal(text.as_bytes()))
}

/// Few digits, with or without a point among them: almost all numbers.
pub(super) fn plain_decimal(bytes: &[u8]) -> Option<Decimal> {
    // As many digits as an `i64` holds for certain.
    if bytes.len() > 18 {
        return None;
    }
    let (mut mantissa, mut point) = (0_i64, None);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + i64::from(byte - b'0'),
            b'.' if at > 0 && point.is_none() => point = Some(at + 1),
            _ => return None,
        }
    }
    let behind = point.map_or(0, |point| bytes.len() - point);
    let nothing = bytes.is_empty() || point == Some(bytes.len());
    (!nothing).then(|| Decimal::new(mantissa, behind as u32))
}

pub(super) fn any_decimal(bytes: &[u8]) -> Option<Decimal> {
    let (negative, bytes) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, bytes),
    };
    let mut mantissa: i128 = 0;
    // How far the point has to move to the left; zeros that may turn out to be the last are held back.
    let (mut scale, mut zeros): (i64, u32) = (0, 0);
    let (mut point, mut digits, mut exponent) = (false, 0_usize, 0_i64);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' => {
                let digit = i128::from(byte - b'0');
                digits += 1;
                scale += i64::from(point);
                if digit == 0 && point {
                    zeros = zeros.saturating_add(1);
                } else {
                    mantissa = mantissa.checked_mul(if mantissa == 0 { 1 } else { power(zeros)? })?;
                    mantissa = mantissa.checked_mul(10)?.checked_add(digit)?;
                    zeros = 0;
                }
            }
            b'.' if !point && digits > 0 && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => point = true,
            b'e' | b'E' if digits > 0 => {
                exponent = parse_exponent(&bytes[at + 1..])?;
                break;
            }
            _ => return None,
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    // The zeros at the end of the digits after the point are kept as far as there is room: `7000.00`.
    scale -= i64::from(zeros);
    let mut scale = scale.saturating_sub(exponent);
    if mantissa == 0 {
        let shown = (scale + i64::from(zeros)).clamp(0, 28);
        return Decimal::try_from_i128_with_scale(0, shown as u32).ok();
    }
    while zeros > 0 && scale < 28 {
        match mantissa.checked_mul(10).filter(|longer| Decimal::try_from_i128_with_scale(*longer, 0).is_ok())
        {
            Some(longer) => (mantissa, scale, zeros) = (longer, scale + 1, zeros - 1),
            None => break,
        }
    }
    while scale > 28 && mantissa % 10 == 0 {
        (mantissa, scale) = (mantissa / 10, scale - 1);
    }
    if scale < 0 {
        mantissa = mantissa.checked_mul(power(u32::try_from(-scale).ok()?)?)?;
        scale = 0;
    }
    let mantissa = if negative { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(mantissa, u32::try_from(scale).ok()?).ok()
}

fn power(zeros: u32) -> Option<i128> {
    10_i128.checked_pow(zeros)
}

/// The digits after `e`; what is beyond every decimal anyway is cut off.
fn parse_exponent(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let exponent =
        digits.iter().fold(0_i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(100_000_000));
    Some(if negative { -exponent } else { exponent })
}

/// `2026-03-02`, in the years 1 to 9999.
pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(&bytes[..4])?, number(&bytes[5..7])?, number(&bytes[8..])?);
    if year == 0 { None } else { NaiveDate::from_ymd_opt(year as i32, month, day) }
}

/// `10:00`, `10:00:30`, `10:00:30.5`.
pub(super) fn parse_time(text: &str) -> Option<NaiveTime> {
    let (time, leap) = clock(text.as_bytes())?;
    if leap { None } else { Some(time) }
}

/// RFC 3339, and the forms of ISO 8601 next to it: without seconds, with `+0100` or `+01`. Always with `Z` or
/// an offset. A leap second counts as the second after it.
pub fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    if let Some(instant) = plain_instant(text.as_bytes()) {
        return Some(instant);
    }
    let date = parse_date(text.get(..10)?)?;
    let rest = text.get(10..)?.strip_prefix(['T', 't', ' '])?;
    let (clock_text, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(clock_text) => (clock_text, 0),
        None => {
            let at = rest.rfind(['+', '-'])?;
            (&rest[..at], parse_offset(rest.get(at..)?)?)
        }
    };
    let (time, leap) = clock(clock_text.as_bytes())?;
    let local = date.and_time(time).checked_sub_signed(TimeDelta::try_seconds(offset - i64::from(leap))?)?;
    // An offset may carry it over the first or the last moment.
    let years = NaiveDate::from_ymd_opt(1, 1, 1)?..=NaiveDate::from_ymd_opt(9999, 12, 31)?;
    years.contains(&local.date()).then(|| local.and_utc())
}

/// The forms in which almost all come, `2026-03-02T10:00:00Z` and `2026-03-02T10:00:00.000Z`, read without looking at
/// anything twice.
fn plain_instant(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let (bytes, rest) = bytes.split_first_chunk::<19>()?;
    if [bytes[4], bytes[7], bytes[10], bytes[13], bytes[16]] != *b"--T::" {
        return None;
    }
    let [a, b, c] = match rest {
        b"Z" => *b"000",
        [b'.', a, b, c, b'Z'] => [*a, *b, *c],
        _ => return None,
    };
    // All are computed with, and only then asked whether they were digits.
    let mut most = 0;
    let mut of = |byte: u8| {
        let digit = byte.wrapping_sub(b'0');
        most = digit.max(most);
        u32::from(digit)
    };
    let mut two = |at: usize| of(bytes[at]) * 10 + of(bytes[at + 1]);
    let (century, year, month, day) = (two(0), two(2), two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    let milli = of(a) * 100 + of(b) * 10 + of(c);
    if most > 9 {
        return None;
    }
    let year = (century * 100 + year) as i32;
    let date = NaiveDate::from_ymd_opt(year, month, day).filter(|_| year > 0)?;
    Some(date.and_hms_milli_opt(hour, minute, second, milli)?.and_utc())
}

/// The time, and whether its second was the 61st (the time is then that of the 60th).
fn clock(bytes: &[u8]) -> Option<(NaiveTime, bool)> {
    let (hour, minute) = (number(bytes.get(..2)?)?, number(bytes.get(3..5)?)?);
    if bytes[2] != b':' {
        return None;
    }
    let (second, nano) = match bytes.get(5..) {
        Some([]) | None => (0, 0),
        Some([b':', rest @ ..]) => {
            let second = number(rest.get(..2)?)?;
            match &rest[2..] {
                [] => (second, 0),
                [b'.' | b',', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
                    // Nanoseconds; what is finer is cut off.
                    let nano = (0..9)
                        .fold(0, |nano, at| nano * 10 + digits.get(at).map_or(0, |d| u32::from(d - b'0')));
                    (second, nano)
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    let leap = second == 60;
    Some((NaiveTime::from_hms_nano_opt(hour, minute, second - u32::from(leap), nano)?, leap))
}

/// `+01:00`, `+0100`, `+01`, in seconds.
fn parse_offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().split_first()? {
        (b'+', digits) => (1, digits),
        (b'-', digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [h1, h2] => (number(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (number(&[*h1, *h2])?, number(&[*m1, *m2])?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// A few digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

/// An ISO 8601 duration of weeks and smaller, in whole seconds: `P3D`, `PT2H30M`, `P1W`. A sign may stand before
/// the whole or before each number. Years and months are no durations.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = parse_parts(date, sign, &[('W', 7), ('D', 1)])?;
    let seconds = parse_parts(time, sign, &[('H', 3600), ('M', 60), ('S', 1)])?;
    Some(Duration { days, seconds })
}

/// Numbers, each with one of the letters, in their order.
fn parse_parts(mut text: &str, sign: i64, units: &[(char, i64)]) -> Option<i64> {
    let mut units = units.iter();
    let mut sum = 0_i64;
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_uppercase())?;
        let (digits, letter) = (&text[..end], text[end..].chars().next()?);
        let (_, unit) = units.find(|(unit, _)| *unit == letter)?;
        let first = digits.strip_prefix(['-', '+']).unwrap_or(digits).as_bytes().first()?;
        if !first.is_ascii_digit() {
            return None;
        }
        // As a wide number: the least of all is its negation's opposite.
        let count = i128::from(sign) * digits.parse::<i128>().ok()?;
        sum = sum.checked_add(i64::try_from(count.checked_mul(i128::from(*unit))?).ok()?)?;
        text = &text[end + 1..];
    }
    Some(sum)
}
