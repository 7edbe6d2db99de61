//! What to say of a JSON value that is none of its type, to somebody who wrote or exported it: what it is, and what
//! most likely went wrong. Only looked at when an event is rejected.

use super::read::has_number_shape;
use super::scalar::{parse_date, parse_instant};
use super::{JsonError, JsonErrorCode};
use crate::diagnostic::suggest;
use crate::event::scan::Raw;
use crate::schema::{Schema, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::Currency;

impl JsonError {
    /// The whole in words, of the value of a member: `` `amount` cannot be the text "ten" ``.
    pub fn sentence(&self, member: &str) -> String {
        let mut place = format!("`{member}`");
        for part in self.pointer.split('/').skip(1) {
            place = match part.parse::<usize>() {
                Ok(item) => format!("item {} of {place}", item.saturating_add(1)),
                Err(_) if place.starts_with('`') => format!("{}.{part}`", place.trim_end_matches('`')),
                Err(_) => format!("`{part}` in {place}"),
            };
        }
        let what = match self.code {
            JsonErrorCode::Missing => return format!("{place} is missing"),
            _ => described(&self.found),
        };
        match &self.why {
            Some(why) => format!("{place} cannot be {what}: {why}"),
            None => format!("{place} cannot be {what}"),
        }
    }
}

/// A JSON text, perhaps cut, with the kind of value that it is.
pub fn described(json: &str) -> String {
    match json.bytes().next() {
        // A text that is cut lost its last quote.
        Some(b'"') if json.ends_with('…') => format!("the text {json}\""),
        Some(b'"') => format!("the text {json}"),
        Some(b'[') => format!("the list {json}"),
        Some(b'{') => format!("the object {json}"),
        Some(b'-' | b'0'..=b'9') => format!("the number {json}"),
        _ => json.to_owned(),
    }
}

/// What most likely went wrong, if that can be told.
pub(super) fn hint(raw: &str, ty: &Type, code: JsonErrorCode, schema: &Schema) -> Option<String> {
    let say = |words: &str| Some(words.to_owned());
    if code == JsonErrorCode::OutOfRange {
        return None;
    }
    let text = Raw::of(raw).string();
    if text.is_none() && raw.starts_with('"') {
        return say("it holds an escape that is no character");
    }
    let number = has_number_shape(raw);
    match (ty, text.as_deref()) {
        (Type::Optional(inner), _) => hint(raw, inner, code, schema),
        (Type::List(_), _) if !raw.starts_with('[') => say("even a single one stands in [ ]"),
        (_, None) if raw == "null" => say("a value is needed here"),
        (
            Type::Text
            | Type::Opaque(_)
            | Type::Email
            | Type::Phone
            | Type::Url
            | Type::Enum(_)
            | Type::User
            | Type::Department
            | Type::Role
            | Type::Recipient
            | Type::Entity(_),
            None,
        ) if !raw.starts_with(['[', '{']) => say("write it in quotes"),
        (Type::Int, Some(text)) if text.parse::<i64>().is_ok() => say("write it without quotes"),
        (Type::Int, None) if number => say("it is no whole number"),
        (Type::Int | Type::Decimal, Some(text)) if grouped(text) => say(PLAIN_DIGITS),
        (Type::Bool, Some("true" | "false")) => say("write it without quotes"),
        (Type::Bool, _) => say("write true or false"),
        (Type::Money(wanted), text) => money(text, *wanted, number, code),
        (Type::Date, Some(text)) => date(text),
        (Type::Time, Some(text)) if looks_like(text, "##:##") || looks_like(text, "##:##:##") => {
            say("there is no such time of day")
        }
        (Type::DateTime, Some(text)) => instant(text),
        (Type::DateTime, None) if number => say("a count of seconds is not read"),
        (Type::Duration, Some(text)) if text.starts_with('P') && text.contains('.') => {
            say("a second is the smallest part")
        }
        (Type::Duration, Some(text)) if years(text) => say("years and months are not always equally long"),
        (Type::Duration, None) if number => say("it has no unit"),
        (Type::Email, Some(text)) if text.contains(char::is_whitespace) => say("it holds white space"),
        (Type::Email, Some(_)) => say("one `@` with something on both sides is needed"),
        (Type::Url, Some(text)) if text.contains(char::is_whitespace) => say("it holds white space"),
        (Type::Url, Some(text)) if !text.contains("://") => say("it does not begin like https://"),
        (Type::Url, Some(_)) => say("it names no host"),
        (Type::File, Some(_)) => say("a file has a name and a url"),
        (Type::Enum(id), Some(text)) => {
            let values = &schema.enums.get(id.index())?.values;
            suggest::did_you_mean(text, values.iter().map(|value| &*value.name))
        }
        (Type::Entity(id), Some(text)) => {
            let wanted = &schema.entities.get(id.index())?.wire_name;
            match text.split_once('/') {
                None => Some(format!("write `{wanted}/` before the id")),
                Some((other, _)) if *other != **wanted => Some(format!("it is no {wanted}")),
                Some(_) => say("the id is missing"),
            }
        }
        (Type::User | Type::Department | Type::Role | Type::Recipient, Some("")) => say("it is empty"),
        (Type::User | Type::Department | Type::Role, Some(text)) => {
            Some(match schema.principal_named(text)?.kind {
                PrincipalKind::User => "that is a user".into(),
                PrincipalKind::Department => "that is a department".into(),
                PrincipalKind::Role => "that is a role".into(),
            })
        }
        _ => None,
    }
}

const PLAIN_DIGITS: &str = "write only digits and a decimal point, as 1234.50";

fn money(text: Option<&str>, wanted: Option<Currency>, number: bool, code: JsonErrorCode) -> Option<String> {
    if code == JsonErrorCode::NoRate {
        return wanted.map(|wanted| format!("the program has no rate to {wanted} for it"));
    }
    let Some(text) = text else { return number.then(|| "its currency is missing".to_owned()) };
    let code = |part: &str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let words: Vec<&str> = text.split_whitespace().collect();
    Some(match words[..] {
        [first, _, ..] if code(first) => "the currency comes after the amount".into(),
        [.., last] if code(last) && words.len() > 1 => {
            if grouped(&words[..words.len() - 1].join(" ")) {
                PLAIN_DIGITS.into()
            } else if Currency::parse(last).is_none() {
                match Currency::parse(&last.to_ascii_uppercase()) {
                    Some(known) => format!("the currency is written {known}"),
                    None => format!("there is no currency {last}"),
                }
            } else {
                return None;
            }
        }
        [one] if one.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-') => {
            "its currency is missing".into()
        }
        [one]
            if one.starts_with(|c: char| c.is_ascii_digit())
                && one.len() > 3
                && one.get(one.len() - 3..).is_some_and(code) =>
        {
            "a space stands before the currency".into()
        }
        _ => return None,
    })
}

fn date(text: &str) -> Option<String> {
    Some(match text {
        _ if looks_like(text, "####-##-##") => "there is no such day".into(),
        _ if text.get(..10).and_then(parse_date).is_some() => "a date has no time of day".into(),
        _ if text.bytes().any(|byte| byte.is_ascii_digit()) => {
            "year, month and day are wanted, in this order".into()
        }
        _ => return None,
    })
}

fn instant(text: &str) -> Option<String> {
    Some(match text {
        _ if parse_instant(&format!("{text}Z")).is_some() => {
            "it lacks a `Z` or an offset such as +01:00".into()
        }
        _ if parse_date(text).is_some() => "it lacks the time of day".into(),
        _ if looks_like(text.get(..10)?, "####-##-##") => "there is no such day, time or offset".into(),
        _ => return None,
    })
}

/// Whether the text is made of digits with commas, spaces or apostrophes between them.
fn grouped(text: &str) -> bool {
    let digits = text.chars().any(|c| c.is_ascii_digit());
    let separated = text.contains([',', ' ', '\'', '’', '_', '\u{a0}', '\u{202f}']);
    digits && separated && !text.chars().any(char::is_alphabetic)
}

/// `P1Y`, `P3M`: what stands before the `T`.
fn years(text: &str) -> bool {
    let Some(text) = text.trim_start_matches(['-', '+']).strip_prefix('P') else { return false };
    text.split('T').next().is_some_and(|date| date.contains(['Y', 'M']))
}

/// Whether the text has digits where the form has `#`, and else the same.
fn looks_like(text: &str, form: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| if wanted == b'#' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}
