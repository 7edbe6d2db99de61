//! English: articles, plurals, names as words, numbers and days as people write them.

use crate::value::{Duration, Money};
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use rust_decimal::Decimal;

/// `delivery_date` as `delivery date`.
pub fn spaced(name: &str) -> String {
    name.replace('_', " ").trim().to_owned()
}

/// A label within a sentence: `Deal won` as `deal won`, but `QR code` as it is.
pub fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(_), Some(second)) if second.is_uppercase() || second == '.' || second.is_numeric() => {
            text.to_owned()
        }
        (Some(first), _) => first.to_lowercase().chain(letters).collect(),
        (None, _) => String::new(),
    }
}

pub fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// `a` or `an`, as the word is spoken.
pub fn article(word: &str) -> &'static str {
    let first = word.split([' ', '-']).next().unwrap_or_default();
    let capitals = first.chars().count() > 1 && first.chars().all(|c| c.is_uppercase() || c.is_numeric());
    let letter = first.chars().next().unwrap_or(' ');
    let vowel = match letter.to_ascii_lowercase() {
        // Letter by letter: an SMS, a QR code.
        'f' | 'h' | 'l' | 'm' | 'n' | 'r' | 's' | 'x' if capitals => true,
        'u' if capitals => false,
        'a' | 'e' | 'i' | 'o' => {
            !first.to_lowercase().starts_with("eu") && !first.to_lowercase().starts_with("one")
        }
        'u' => !["uni", "use", "usu", "util"].iter().any(|start| first.to_lowercase().starts_with(start)),
        'h' => ["hour", "honest", "heir"].iter().any(|start| first.to_lowercase().starts_with(start)),
        _ => false,
    };
    if vowel { "an" } else { "a" }
}

/// Whether a name is that of many: `replies`, not `status` or `address`.
pub fn plural(name: &str) -> bool {
    let last = name.rsplit([' ', '_']).next().unwrap_or_default().to_lowercase();
    last.ends_with('s') && last.len() > 3 && !["ss", "us", "is", "news"].iter().any(|end| last.ends_with(end))
}

/// `1 day`, `3 days`
pub fn counted(count: i64, unit: &str) -> String {
    format!("{} {unit}{}", grouped(&count.to_string()), if count == 1 { "" } else { "s" })
}

/// `2 hours 30 minutes`
pub fn duration(duration: Duration) -> String {
    let mut parts = Vec::new();
    if duration.days != 0 {
        parts.push(counted(duration.days, "day"));
    }
    let mut left = duration.seconds;
    for (seconds, unit) in [(3600, "hour"), (60, "minute"), (1, "second")] {
        let count = left / seconds;
        left %= seconds;
        if count != 0 {
            parts.push(counted(count, unit));
        }
    }
    if parts.is_empty() { "no time".to_owned() } else { parts.join(" ") }
}

/// `3 April 2026`
pub fn date(date: NaiveDate) -> String {
    format!("{} {} {}", date.day(), date.format("%B"), date.year())
}

pub fn time(time: NaiveTime) -> String {
    match time.second() {
        0 => time.format("%H:%M").to_string(),
        _ => time.format("%H:%M:%S").to_string(),
    }
}

/// `10,000.00 EUR`
pub fn money(money: &Money) -> String {
    let text = crate::value::print::money_text(money);
    match text.split_once(' ') {
        Some((digits, code)) => format!("{} {code}", grouped(digits)),
        None => text,
    }
}

pub fn number(number: Decimal) -> String {
    grouped(&number.normalize().to_string())
}

/// The digits before the point in groups of three.
pub fn grouped(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("−", digits),
        None => ("", digits),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (digits, String::new()),
    };
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{sign}{out}{fraction}")
}

/// `3rd`
pub fn ordinal(count: u32) -> String {
    let end = match (count % 100, count % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{count}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_english() {
        assert_eq!(article("invoice"), "an");
        assert_eq!(article("SMS"), "an");
        assert_eq!(article("QR code"), "a");
        assert_eq!(article("e-mail"), "an");
        assert_eq!(article("user"), "a");
        assert_eq!(article("hour"), "an");
        assert_eq!(article("European order"), "a");
        assert_eq!(lower_first("Deal won"), "deal won");
        assert_eq!(lower_first("QR code"), "QR code");
        assert!(plural("replies") && !plural("status") && !plural("delivery_address"));
        assert_eq!(grouped("-1234567.50"), "−1,234,567.50");
        assert_eq!(grouped("999"), "999");
        assert_eq!([1, 2, 3, 4, 11, 22].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "22nd"]);
    }
}
