//! Formats of placeholders and of `format`: strftime for dates and times, spreadsheet patterns for numbers.
//!
//! A pattern for numbers and amounts is `#` and `0` for digits (`0` is always printed), a `,` among them for
//! groups of three, a `.` before the digits after the point, and around them literal text: signs and spaces
//! as they are, letters and digits in `"…"` or `'…'` or after `\`. A `%` prints the number in hundredths. An amount
//! is printed without its currency unless the pattern holds `¤`, which becomes the code. Rounded half to even.
//! With a locale `.` and `,` stand for its signs, and the names of months and days are those of its language.

use super::locale::{Locale, Signs};
use super::ops::minus;
use super::{Failure, FailureCode, Value};
use crate::schema::Type;
use chrono::format::{Fixed, Item, Numeric, StrftimeItems};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;
use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt::Write;

/// Whether a format is one for values of the type. The error says in a few words why not:
/// ``` `%H` is no part of a date ```.
pub fn check_format(ty: &Type, pattern: &str) -> Result<(), String> {
    if pattern.is_empty() {
        return Err("the format is empty".into());
    }
    // What a pattern prints depends on the kind of value alone, so any one shows whether it can.
    let sample = match ty {
        Type::Int | Type::Decimal => {
            return NumberPattern::parse(pattern).and_then(NumberPattern::without_currency);
        }
        Type::Money(_) => return NumberPattern::parse(pattern).map(drop),
        Type::Date => Value::Date(NaiveDate::default()),
        Type::Time => Value::Time(NaiveTime::default()),
        Type::DateTime => Value::DateTime(DateTime::<Utc>::default()),
        Type::Error => return Ok(()),
        _ => return Err("only numbers, amounts, dates and times have formats".into()),
    };
    write_time(&sample, pattern, Tz::UTC, None, &mut String::new())?;
    let items = StrftimeItems::new(pattern);
    if items.clone().all(|item| matches!(item, Item::Literal(_) | Item::Space(_))) {
        return Err(format!("nothing in `{pattern}` stands for a part of a {}", kind_of(&sample)));
    }
    Ok(())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Date(_) => "date",
        Value::Time(_) => "time",
        _ => "datetime",
    }
}

/// Appends the value written by the pattern; nothing, if it fails.
pub(super) fn format(
    value: &Value,
    pattern: &str,
    tz: Tz,
    locale: Option<&Locale>,
    out: &mut String,
) -> Result<(), Failure> {
    let length = out.len();
    let written = match value {
        Value::Int(number) => write_number(Decimal::from(*number), "", pattern, locale, out),
        Value::Decimal(number) => write_number(*number, "", pattern, locale, out),
        Value::Money(money) => write_number(money.amount, money.currency.code(), pattern, locale, out),
        Value::Date(_) | Value::Time(_) | Value::DateTime(_) => {
            write_time(value, pattern, tz, locale, out).map_err(bad_format)
        }
        _ => Err(Failure::wrong_type()),
    };
    if written.is_err() {
        out.truncate(length);
    }
    written
}

#[cold]
fn bad_format(reason: String) -> Failure {
    Failure::new(FailureCode::BadFormat, reason)
}

// --- dates and times -----------------------------------------------------------------------------

fn write_time(
    value: &Value,
    pattern: &str,
    tz: Tz,
    locale: Option<&Locale>,
    out: &mut String,
) -> Result<(), String> {
    let items = StrftimeItems::new(pattern);
    if items.clone().any(|item| matches!(item, Item::Error)) {
        return Err(blamed(value, pattern));
    }
    // What a date or a time does not have (`%H` of a date) shows when it is written, as an error.
    let written = match locale {
        None => write_items(value, items, tz, out),
        Some(locale) => write_items_for(value, items, tz, locale, out),
    };
    written.map_err(|_| blamed(value, pattern))
}

fn write_items<'i>(
    value: &Value,
    items: impl Iterator<Item = Item<'i>> + Clone,
    tz: Tz,
    out: &mut String,
) -> std::fmt::Result {
    match value {
        Value::Date(date) => write!(out, "{}", date.format_with_items(items)),
        Value::Time(time) => write!(out, "{}", time.format_with_items(items)),
        Value::DateTime(at) => {
            write!(out, "{}", at.with_timezone(&tz).format_with_items(items))
        }
        _ => Err(std::fmt::Error),
    }
}

/// With the names and digits of a locale.
fn write_items_for<'i>(
    value: &Value,
    items: impl Iterator<Item = Item<'i>> + Clone,
    tz: Tz,
    locale: &Locale,
    out: &mut String,
) -> std::fmt::Result {
    // Beside a day the name of a month may have another form than alone.
    let alone = !items.clone().any(|item| matches!(item, Item::Numeric(Numeric::Day, _)));
    let (date, time) = match value {
        Value::Date(date) => (Some(*date), None),
        Value::Time(time) => (None, Some(*time)),
        Value::DateTime(at) => {
            let local = at.with_timezone(&tz).naive_local();
            (Some(local.date()), Some(local.time()))
        }
        _ => return Err(std::fmt::Error),
    };
    let (names, signs) = (locale.names(), locale.signs());
    let date = || date.ok_or(std::fmt::Error);
    let half = || time.map(|time| names.half(time.hour() >= 12)).ok_or(std::fmt::Error);
    for item in items {
        match item {
            Item::Fixed(Fixed::LongMonthName) => out.push_str(names.month(date()?, true, alone)),
            Item::Fixed(Fixed::ShortMonthName) => out.push_str(names.month(date()?, false, alone)),
            Item::Fixed(Fixed::LongWeekdayName) => {
                out.push_str(names.weekday(date()?.weekday(), true, alone))
            }
            Item::Fixed(Fixed::ShortWeekdayName) => {
                out.push_str(names.weekday(date()?.weekday(), false, alone))
            }
            Item::Fixed(Fixed::UpperAmPm) => out.push_str(half()?),
            Item::Fixed(Fixed::LowerAmPm) => out.push_str(&half()?.to_lowercase()),
            Item::Literal(text) | Item::Space(text) => out.push_str(text),
            item => {
                let mut part = String::new();
                write_items(value, std::iter::once(item), tz, &mut part)?;
                out.extend(part.chars().map(|c| signs.digit(c)));
            }
        }
    }
    Ok(())
}

/// The message for a pattern that cannot be printed: names the first `%…` that is to blame.
fn blamed(value: &Value, pattern: &str) -> String {
    let kind = kind_of(value);
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        rest = &rest[at..];
        // `%`, padding and dots and colons, then the letter.
        let letter = rest[1..].find(|c: char| !matches!(c, '-' | '_' | '0'..='9' | '.' | ':' | '#'));
        let end =
            letter.map_or(rest.len(), |at| at + 1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8));
        let part = &rest[..end];
        let items = StrftimeItems::new(part);
        let good = !items.clone().any(|item| matches!(item, Item::Error))
            && match value {
                Value::Date(date) => write!(String::new(), "{}", date.format_with_items(items)).is_ok(),
                Value::Time(time) => write!(String::new(), "{}", time.format_with_items(items)).is_ok(),
                _ => true,
            };
        if !good {
            return format!("`{part}` is no part of a {kind}");
        }
        rest = &rest[end..];
    }
    format!("`{pattern}` is no format of a {kind}")
}

// --- numbers -------------------------------------------------------------------------------------

#[derive(Debug, Default, PartialEq, Eq)]
struct NumberPattern {
    before: Vec<Piece>,
    after: Vec<Piece>,
    /// Digits before the point that are always printed.
    whole: usize,
    grouped: bool,
    /// The least and the most digits after the point.
    least: usize,
    most: usize,
    percent: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Literal(char),
    Currency,
}

impl NumberPattern {
    fn parse(pattern: &str) -> Result<NumberPattern, String> {
        let mut parsed = NumberPattern::default();
        // What the digits look like, and whether they are over.
        let mut digits = String::new();
        let mut over = false;
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let piece = match c {
                '#' | '0' | ',' | '.' if !over => {
                    digits.push(c);
                    continue;
                }
                '#' | '0' => return Err(format!("`{pattern}` has digits in two places")),
                '%' if parsed.percent => return Err(format!("`{pattern}` has two `%`")),
                '%' => {
                    parsed.percent = true;
                    Piece::Literal('%')
                }
                '¤' => Piece::Currency,
                '"' | '\'' => {
                    over |= !digits.is_empty();
                    let side = if over { &mut parsed.after } else { &mut parsed.before };
                    loop {
                        match chars.next() {
                            Some(end) if end == c => break,
                            Some(inner) => side.push(Piece::Literal(inner)),
                            None => return Err(format!("`{pattern}` has a quoted text without end")),
                        }
                    }
                    continue;
                }
                '\\' => match chars.next() {
                    Some(c) => Piece::Literal(c),
                    None => return Err(format!("`{pattern}` has nothing after its last `\\`")),
                },
                ';' | '@' | '*' | '_' | '?' => return Err(format!("`{c}` has no meaning in a number")),
                c if c.is_alphanumeric() => {
                    return Err(format!("`{c}` has no meaning in a number; text goes in quotes"));
                }
                c => Piece::Literal(c),
            };
            over |= !digits.is_empty();
            if over { parsed.after.push(piece) } else { parsed.before.push(piece) }
        }
        let shape = || format!("`{digits}` is no shape of a number; `#,##0.00` is one");
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(format!("`{pattern}` has no place for digits (`#` or `0`)"));
        }
        // `#` before `0` before the point, `0` before `#` after it, and each comma between two digits.
        let ordered = |text: &str, first: char, then: char| {
            text.trim_start_matches([first, ',']).chars().all(|c| c == then || c == ',')
        };
        let commas = whole.starts_with(',') || whole.ends_with(',') || whole.contains(",,");
        if commas
            || !ordered(whole, '#', '0')
            || !ordered(fraction, '0', '#')
            || fraction.contains([',', '.'])
        {
            return Err(shape());
        }
        parsed.grouped = whole.contains(',');
        parsed.whole = whole.matches('0').count();
        parsed.least = fraction.matches('0').count();
        parsed.most = fraction.len();
        Ok(parsed)
    }

    fn without_currency(self) -> Result<(), String> {
        if self.before.contains(&Piece::Currency) || self.after.contains(&Piece::Currency) {
            return Err("`¤` stands for a currency, and a number has none".into());
        }
        Ok(())
    }
}

fn write_number(
    number: Decimal,
    currency: &str,
    pattern: &str,
    locale: Option<&Locale>,
    out: &mut String,
) -> Result<(), Failure> {
    let plain;
    let signs = match locale {
        Some(locale) => locale.signs(),
        None => {
            plain = Signs::plain();
            &plain
        }
    };
    let pattern = NumberPattern::parse(pattern).map_err(bad_format)?;
    let number = if pattern.percent {
        number.checked_mul(Decimal::ONE_HUNDRED).ok_or_else(|| Failure::overflow("number"))?
    } else {
        number
    };
    let most = u32::try_from(pattern.most).unwrap_or(u32::MAX).min(28);
    let number = number.round_dp_with_strategy(most, RoundingStrategy::MidpointNearestEven).normalize();
    let negative = number.is_sign_negative() && !number.is_zero();
    let digits = if number.is_sign_negative() { minus(number) } else { number }.to_string();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    // `#.00` prints `.50`, but a number is never printed as nothing.
    let whole = if whole == "0" && (pattern.whole > 0 || pattern.least == 0 && fraction.is_empty()) {
        "0"
    } else {
        whole.trim_start_matches('0')
    };

    if negative {
        out.push_str(&signs.minus.0);
    }
    write_pieces(&pattern.before, currency, out);
    let places = whole.len().max(pattern.whole);
    for place in (0..places).rev() {
        out.push(signs.digit(if place < whole.len() {
            char::from(whole.as_bytes()[whole.len() - 1 - place])
        } else {
            '0'
        }));
        if pattern.grouped && place > 0 && place % 3 == 0 {
            out.push_str(&signs.group);
        }
    }
    if pattern.least > 0 || !fraction.is_empty() {
        out.push_str(&signs.point);
        let zeros = std::iter::repeat_n('0', pattern.least.saturating_sub(fraction.len()));
        out.extend(fraction.chars().chain(zeros).map(|digit| signs.digit(digit)));
    }
    write_pieces(&pattern.after, currency, out);
    if negative {
        out.push_str(&signs.minus.1);
    }
    Ok(())
}

fn write_pieces(pieces: &[Piece], currency: &str, out: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Literal(c) => out.push(*c),
            Piece::Currency => out.push_str(currency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Currency, Money};
    use proptest::prelude::*;

    fn formatted(value: Value, pattern: &str) -> String {
        let mut out = String::from(">");
        match format(&value, pattern, Tz::Europe__Rome, None, &mut out) {
            Ok(()) => out[1..].to_owned(),
            Err(failure) => {
                assert_eq!(out, ">", "nothing is written by a format that fails");
                format!("{}: {}", failure.code.id(), failure.message)
            }
        }
    }

    #[test]
    fn numbers() {
        for (number, pattern, expected) in [
            ("1234567.891", "#,##0.00", "1,234,567.89"),
            ("0.5", "#,##0.00", "0.50"),
            ("-1234.5", "#,##0", "-1,234"),
            ("-1235.5", "#,##0", "-1,236"),
            ("999.995", "#,##0.00", "1,000.00"),
            ("1234", "0", "1234"),
            ("7", "000", "007"),
            ("7", "0,000", "0,007"),
            ("2.5", "0", "2"),
            ("3.5", "0", "4"),
            ("2.10", "0.##", "2.1"),
            ("2", "0.##", "2"),
            ("2", "0.0#", "2.0"),
            ("0.5", "#.00", ".50"),
            ("0", "#", "0"),
            ("0", "#.##", "0"),
            ("0", "#.00", ".00"),
            ("-0.001", "0.00", "0.00"),
            ("0.256", "0%", "26%"),
            ("0.2565", "0.0 %", "25.6 %"),
            ("12", "0 \"pcs\"", "12 pcs"),
            ("12", "'No. '0", "No. 12"),
            ("12", "\\#0", "#12"),
            ("12", "(0)", "(12)"),
            ("-12", "$0.00", "-$12.00"),
            ("79228162514264337593543950335", "#,##0", "79,228,162,514,264,337,593,543,950,335"),
            ("79228162514264337593543950335", "0%", "overflow: the number is too large"),
        ] {
            assert_eq!(
                formatted(Value::Decimal(number.parse().unwrap()), pattern),
                expected,
                "{number} {pattern}"
            );
        }
        assert_eq!(formatted(Value::Int(-1234), "#,##0.0"), "-1,234.0");
    }

    #[test]
    fn amounts_show_their_currency_only_where_the_pattern_asks() {
        let money = Value::Money(Money {
            amount: "1234.5".parse().unwrap(),
            currency: Currency::parse("EUR").unwrap(),
        });
        assert_eq!(formatted(money.clone(), "#,##0.00"), "1,234.50");
        assert_eq!(formatted(money.clone(), "#,##0.00 ¤"), "1,234.50 EUR");
        assert_eq!(formatted(money, "¤ 0"), "EUR 1234");
    }

    #[test]
    fn patterns_that_are_none_are_found_before_the_run() {
        for (ty, pattern, expected) in [
            (Type::Int, "", "the format is empty"),
            (Type::Int, "abc", "`a` has no meaning in a number; text goes in quotes"),
            (Type::Int, "  ", "`  ` has no place for digits (`#` or `0`)"),
            (Type::Int, "0 0", "`0 0` has digits in two places"),
            (Type::Int, "0#", "`0#` is no shape of a number; `#,##0.00` is one"),
            (Type::Int, "0.#0", "`0.#0` is no shape of a number; `#,##0.00` is one"),
            (Type::Int, "#,##0,", "`#,##0,` is no shape of a number; `#,##0.00` is one"),
            (Type::Int, "0.0.0", "`0.0.0` is no shape of a number; `#,##0.00` is one"),
            (Type::Int, "0.0,0", "`0.0,0` is no shape of a number; `#,##0.00` is one"),
            (Type::Int, ".", "`.` has no place for digits (`#` or `0`)"),
            (Type::Int, "0\"x", "`0\"x` has a quoted text without end"),
            (Type::Int, "0\\", "`0\\` has nothing after its last `\\`"),
            (Type::Int, "0;(0)", "`;` has no meaning in a number"),
            (Type::Int, "0%%", "`0%%` has two `%`"),
            (Type::Decimal, "0 ¤", "`¤` stands for a currency, and a number has none"),
            (Type::Date, "%d.%H", "`%H` is no part of a date"),
            (Type::Date, "%Q", "`%Q` is no part of a date"),
            (Type::Date, "%d %", "`%` is no part of a date"),
            (Type::Time, "%H:%M %Y", "`%Y` is no part of a time"),
            (Type::DateTime, "%!", "`%!` is no part of a datetime"),
            (Type::Text, "0", "only numbers, amounts, dates and times have formats"),
        ] {
            assert_eq!(check_format(&ty, pattern), Err(expected.to_owned()), "{pattern}");
        }
        for (ty, pattern) in [
            (Type::Money(None), "#,##0.00 ¤"),
            (Type::Date, "%A, %-d %B %Y"),
            (Type::Time, "%H:%M:%S%.3f"),
            (Type::DateTime, "%Y-%m-%dT%H:%M:%S%:z"),
            (Type::DateTime, "100%% %Z"),
        ] {
            assert_eq!(check_format(&ty, pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn dates_and_times() {
        let at: DateTime<Utc> = "2026-03-02T10:05:00Z".parse().unwrap();
        for (value, pattern, expected) in [
            (Value::Date(at.date_naive()), "%d.%m.%Y", "02.03.2026"),
            (Value::Date(at.date_naive()), "%A, %-d %B", "Monday, 2 March"),
            (Value::Time(at.time()), "%H h %M", "10 h 05"),
            // In the time zone of the pipeline.
            (Value::DateTime(at), "%d/%m %H:%M %Z", "02/03 11:05 CET"),
            (Value::DateTime(at), "%H:%M%:z", "11:05+01:00"),
            (Value::Date(at.date_naive()), "%H", "bad-format: `%H` is no part of a date"),
            (Value::Bool(true), "0", "wrong-type: a value has another type than the program says"),
        ] {
            assert_eq!(formatted(value, pattern), expected, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn what_the_check_lets_through_can_be_printed(pattern in "[#0,.% ¤\"'a%dHMYZ:-]{0,10}") {
            let at: DateTime<Utc> = "2026-03-02T10:05:00Z".parse().unwrap();
            for (ty, value) in [
                (Type::Int, Value::Int(1234)),
                (Type::Date, Value::Date(at.date_naive())),
                (Type::Time, Value::Time(at.time())),
                (Type::DateTime, Value::DateTime(at)),
            ] {
                let checked = check_format(&ty, &pattern);
                let mut out = String::new();
                let written = format(&value, &pattern, Tz::Europe__Rome, None, &mut out);
                if checked.is_ok() {
                    prop_assert_eq!(written, Ok(()));
                }
            }
        }
    }
}
