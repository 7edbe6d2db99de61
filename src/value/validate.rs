//! What counts as an e-mail address, a phone number, a URL: looser than the standards, for a rejected
//! event is worse than an odd number.

use super::{Failure, FailureCode};

/// One `@` with something on both sides, and no white space.
pub fn is_email(text: &str) -> bool {
    match text.split_once('@') {
        Some((name, host)) => {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
        }
        None => false,
    }
}

/// At least three digits, whatever stands between them.
pub fn is_phone(text: &str) -> bool {
    // Digits of other scripts count too; they are rare.
    text.bytes().filter(u8::is_ascii_digit).count() >= 3
        || text.chars().filter(|c| c.is_numeric()).take(3).count() == 3
}

/// A scheme, `://` and a host, and no white space.
pub fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let mut scheme = scheme.bytes();
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or("") };
    scheme.next().is_some_and(|b| b.is_ascii_alphabetic())
        && scheme.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !host.is_empty()
        && !text.contains(char::is_whitespace)
}

pub fn email(text: &str) -> Result<(), Failure> {
    check(is_email(text), FailureCode::BadEmail, text, "e-mail address")
}

pub fn phone(text: &str) -> Result<(), Failure> {
    check(is_phone(text), FailureCode::BadPhone, text, "phone number")
}

pub fn url(text: &str) -> Result<(), Failure> {
    check(is_url(text), FailureCode::BadUrl, text, "URL")
}

fn check(good: bool, code: FailureCode, text: &str, what: &str) -> Result<(), Failure> {
    if good { Ok(()) } else { Err(Failure::new(code, format!("`{}` is no {what}", shortened(text)))) }
}

/// At most 60 characters of a text, for messages.
pub(super) fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests;
