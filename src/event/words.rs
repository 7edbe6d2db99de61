//! Why a line is no event, in the words of who sent it.

use super::Rejection;
use super::envelope::ATTRIBUTES;
use crate::diagnostic::suggest;
use crate::schema::{Field, Schema};
use crate::value::json::described;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::BTreeMap;

impl Rejection {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Rejection { code, message: message.into(), pointer: None, expected: None }
    }

    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }
}

/// An instant, as `expected` says it.
pub(super) const INSTANT: &str = "a date and time with `Z` or an offset, as \"2026-03-02T10:00:00Z\"";

/// A line that is no JSON object.
pub(super) fn no_object(line: &str) -> Rejection {
    let line = line.trim_ascii();
    if let Err(error) = serde_json::from_str::<IgnoredAny>(line) {
        return not_json(line, &error);
    }
    let message = match line.bytes().next() {
        Some(b'[') => "this is a list: write one event a line, without [ ] around them".to_owned(),
        _ => format!("this is {}, and no event", described(&shorten(line))),
    };
    Rejection::new("not-an-event", message).expected("a CloudEvent, as {\"specversion\":\"1.0\",…}")
}

/// A line that begins like an object, and cannot be read.
pub(super) fn no_envelope(line: &str, error: &serde_json::Error) -> Rejection {
    if !error.is_data() {
        return not_json(line, error);
    }
    // All that can be wrong with the attributes before they are looked at is that one is there twice.
    let words = error.to_string();
    let name = words.split('`').nth(1).unwrap_or_default();
    Rejection::new("not-an-event", format!("the attribute `{name}` is there twice")).at(format!("/{name}"))
}

/// What is wrong with a text that is no JSON, in other words than the reader's.
fn not_json(line: &str, error: &serde_json::Error) -> Rejection {
    let mut place = error.column().saturating_sub(1).min(line.len());
    while !line.is_char_boundary(place) {
        place -= 1;
    }
    let found = line[place..].chars().next();
    let words = error.to_string();
    let is = |part: &str| words.contains(part);
    let what: Cow<str> = if error.is_eof() {
        "the line ends too early: an event is one whole line".into()
    } else if !line.trim_start().starts_with(['{', '[', '"']) {
        "an event begins with {".into()
    } else if is("key must be a string") && found == Some('\'') || is("expected value") && found == Some('\'')
    {
        "names and texts stand in \"double quotes\"".into()
    } else if is("key must be a string") {
        "the name of a member in \"double quotes\" is expected".into()
    } else if is("trailing comma") {
        "there is a comma too many".into()
    } else if is("trailing characters") {
        "something follows the end of the event: one event a line".into()
    } else if is("expected `:`") {
        "a colon is missing after the name of a member".into()
    } else if is("expected `,` or") {
        "a comma or a closing bracket is missing".into()
    } else if is("control character") {
        "a text holds a tab or another control character: write \\t, \\n or \\u0000".into()
    } else if is("invalid escape") {
        "no such escape: a backslash in a text is written \\\\".into()
    } else if is("surrogate") || is("unicode code point") {
        "an escape that is no character".into()
    } else if is("recursion limit") {
        "lists or objects are nested too deeply".into()
    } else if is("invalid number") || is("number out of range") {
        "a number is not written as JSON writes it, as 1234.50 or -5".into()
    } else {
        "a value is expected: a text in \"double quotes\", a number, true, false, null, a list or an object"
            .into()
    };
    let column = line[..place].chars().count() + 1;
    Rejection::new("not-json", format!("this is no JSON: {what}, at character {column}"))
}

/// Attributes that are not read.
const UNREAD: [&str; 3] = ["causesource", "datacontenttype", "dataschema"];

/// An attribute that must be there; `line` is looked through for a misspelt one.
pub(super) fn missing_attribute(line: &str, name: &str, what: &str) -> Rejection {
    let names = names(line);
    let known = |name: &&str| ATTRIBUTES.names.contains(name) || UNREAD.contains(name);
    let near = misspelt(name, names.iter().map(|n| &**n).filter(|n| !known(n)));
    let near = near.map_or(String::new(), |near| format!(", perhaps misspelt as `{near}`"));
    Rejection::new("not-an-event", format!("the attribute `{name}` is missing{near}"))
        .at(format!("/{name}"))
        .expected(what)
}

pub(super) fn missing_member(name: &str, what: &str) -> Rejection {
    Rejection::new("missing", format!("`{name}` is missing"))
        .at(format!("/data/{}", escape_pointer(name)))
        .expected(what)
}

/// Several members, none of which is there; what `data` has besides may be one of them, misspelt.
pub(super) fn missing_fields(missing: &[&Field], all: &[Field], data: &str, schema: &Schema) -> Rejection {
    let names = names(data);
    let unknown = || names.iter().map(|n| &**n).filter(|name| all.iter().all(|field| *field.name != **name));
    let mut listed = Vec::new();
    let mut near = Vec::new();
    for field in missing {
        listed.push(format!("`{}`", field.name));
        near.extend(misspelt(&field.name, unknown()).map(|near| format!("`{near}`")));
    }
    let (verb, expected) = match missing {
        [one] => ("is", Some(schema.type_name(&one.ty))),
        _ => ("are", None),
    };
    let near =
        if near.is_empty() { String::new() } else { format!(", perhaps misspelt as {}", near.join(", ")) };
    let first = missing.first().map_or("", |field| &field.name);
    let mut rejection = missing_member(first, "");
    rejection.message = format!("{} {verb} missing{near}", listed.join(", "));
    rejection.expected = expected;
    rejection
}

/// A name that most likely was meant to be the wanted one.
fn misspelt<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<Cow<'n, str>> {
    suggest::nearest(wanted, names).map(shorten)
}

/// The names of an object's members.
fn names(json: &str) -> Vec<String> {
    let members = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(json);
    members.map_or_else(|_| Vec::new(), |members| members.into_keys().collect())
}

/// The first characters of a text that came from outside, for a message.
pub(super) fn shorten(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(60) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// `~` and `/` in a name, as RFC 6901 writes them.
pub(super) fn escape_pointer(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}
