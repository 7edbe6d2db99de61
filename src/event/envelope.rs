//! The outside of an event: its attributes, and the members of its payload, as JSON text.

use super::Rejection;
use super::scan::{self, Key, Raw, Span, Wanted};
use super::words::{no_envelope, no_object, shorten};
use crate::value::json;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::LazyLock;

/// An attribute that is read: its place in [`ATTRIBUTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Specversion,
    Id,
    Source,
    Type,
    Subject,
    Time,
    Data,
    Partitionkey,
    Causeid,
    DataBase64,
}

pub(super) static ATTRIBUTES: Wanted<10> = Wanted::new(
    [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "data",
        "partitionkey",
        "causeid",
        "data_base64",
    ],
    Attribute::Data as usize,
);

/// The attributes, still as JSON text; `null` is as if they were left out.
pub(crate) struct Envelope<'a> {
    line: &'a str,
    attributes: [Span; 10],
    /// How far the line has been read.
    read: Read,
}

/// How far a line has been read.
#[derive(Clone, Copy)]
enum Read {
    /// By the scanner up to its payload, which begins here.
    Open(usize),
    Scanned,
    BySerde,
}

impl<'a> Envelope<'a> {
    #[inline]
    pub fn get(&self, attribute: Attribute) -> Option<Raw<'a>> {
        self.attributes[attribute as usize].raw(self.line)
    }

    /// The outside of a line.
    ///
    /// # Errors
    /// The line is no JSON, or no object.
    pub fn of(line: &'a str) -> Result<Envelope<'a>, Rejection> {
        Envelope::scanned(line, false)
    }

    /// As [`Envelope::of`], but perhaps only up to the payload, behind which mostly nothing comes.
    ///
    /// # Errors
    /// As [`Envelope::of`].
    #[inline]
    pub fn begun(line: &'a str) -> Result<Envelope<'a>, Rejection> {
        Envelope::scanned(line, true)
    }

    /// As [`Envelope::begun`], with all attributes by which events are told apart and sent to their places: what lies behind the
    /// payload is looked at more closely only if one of them may be there.
    ///
    /// # Errors
    /// As [`Envelope::of`].
    pub fn addressed(line: &'a str) -> Result<Envelope<'a>, Rejection> {
        static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("partitionkey"));
        let envelope = Envelope::begun(line)?;
        let Read::Open(at) = envelope.read else { return Ok(envelope) };
        let rest = line.as_bytes().get(at..).unwrap_or_default();
        // A name may be written with escapes.
        let may_be_there = KEY.find(rest).is_some() || memchr::memchr(b'\\', rest).is_some();
        let has = |attribute| envelope.get(attribute).is_some();
        let complete = has(Attribute::Type) && has(Attribute::Subject) && has(Attribute::Time);
        if complete && !may_be_there { Ok(envelope) } else { Envelope::of(line) }
    }

    #[inline(always)]
    fn scanned(line: &'a str, open: bool) -> Result<Envelope<'a>, Rejection> {
        let mut envelope = Envelope { line, attributes: [Span::default(); 10], read: Read::Scanned };
        match scan::attributes(line, &ATTRIBUTES, open, &mut envelope.attributes) {
            Some(at) => {
                envelope.read = at.map_or(Read::Scanned, Read::Open);
                Ok(envelope)
            }
            None => Envelope::unusual(line),
        }
    }

    /// One that the scanner does not take.
    #[cold]
    fn unusual(line: &'a str) -> Result<Envelope<'a>, Rejection> {
        if !line.trim_start().starts_with('{') {
            // An array of the attributes would be read like an object.
            return Err(no_object(line));
        }
        if u32::try_from(line.len()).is_err() {
            return Err(Rejection::new("too-long", "a line may be at most 4 GiB long"));
        }
        Envelope::read(line).map_err(|error| no_envelope(line, &error))
    }

    /// Whether the payload, and what follows, has still to be looked at: it may not even be JSON.
    pub fn is_open(&self) -> bool {
        matches!(self.read, Read::Open(_))
    }

    /// The payload, if there is one.
    pub(super) fn data(&self) -> Option<Data<'a>> {
        if let Read::Open(at) = self.read {
            return Some(Data::Open(self.line.get(at..).unwrap_or_default()));
        }
        let data = self.get(Attribute::Data)?;
        Some(match self.read {
            Read::Scanned if data.other().starts_with('{') => Data::Scanned(data.other()),
            _ => Data::Raw(data.json()),
        })
    }

    /// The same by serde, which can say what is wrong.
    fn read(line: &'a str) -> Result<Envelope<'a>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Attributes<'a> {
            #[serde(borrow, default)]
            specversion: Option<&'a RawValue>,
            #[serde(borrow, default)]
            id: Option<&'a RawValue>,
            #[serde(borrow, default)]
            source: Option<&'a RawValue>,
            #[serde(borrow, default, rename = "type")]
            name: Option<&'a RawValue>,
            #[serde(borrow, default)]
            subject: Option<&'a RawValue>,
            #[serde(borrow, default)]
            time: Option<&'a RawValue>,
            #[serde(borrow, default)]
            partitionkey: Option<&'a RawValue>,
            #[serde(borrow, default)]
            causeid: Option<&'a RawValue>,
            #[serde(borrow, default)]
            data: Option<&'a RawValue>,
            #[serde(borrow, default)]
            data_base64: Option<&'a RawValue>,
        }
        let raw: Attributes<'a> = serde_json::from_str(line)?;
        let attributes = [
            raw.specversion,
            raw.id,
            raw.source,
            raw.name,
            raw.subject,
            raw.time,
            raw.data,
            raw.partitionkey,
            raw.causeid,
            raw.data_base64,
        ];
        let span =
            |raw: Option<&'a RawValue>| raw.map(|raw| Span::of(Raw::of(raw.get()), line)).unwrap_or_default();
        Ok(Envelope { line, attributes: attributes.map(span), read: Read::BySerde })
    }
}

/// The payload of an event, as JSON text.
pub(super) enum Data<'a> {
    /// An object with which the rest of the line begins, if it is one.
    Open(&'a str),
    /// An object that the scanner has read.
    Scanned(&'a str),
    /// Whatever it is.
    Raw(Cow<'a, str>),
}

/// The members of a payload, one after the other.
pub(super) enum Members<'a> {
    Scanned(scan::Members<'a>),
    Read { all: Vec<(String, Raw<'a>)>, at: usize },
}

impl Data<'_> {
    /// Its text, to say what is wrong with it; empty for one that is open, whose line is read as a whole before anything is
    /// said.
    pub fn json(&self) -> &str {
        match self {
            Data::Open(_) => "",
            Data::Scanned(json) => json,
            Data::Raw(json) => json,
        }
    }

    /// # Errors
    /// It is no object.
    pub fn members(&self) -> Result<Members<'_>, Rejection> {
        match self {
            Data::Open(json) | Data::Scanned(json) => Ok(Members::Scanned(scan::Members::of(json))),
            Data::Raw(json) => {
                let mut all = Vec::new();
                members(json, |name, raw| {
                    all.push((name.to_owned(), raw));
                    Ok(())
                })?;
                Ok(Members::Read { all, at: 0 })
            }
        }
    }
}

impl<'a> Members<'a> {
    /// The next one: its name, and its value. No name: it is the one that was expected.
    #[inline]
    pub fn next(&mut self, expected: Option<&Key>) -> Option<(Option<&str>, Raw<'a>)> {
        match self {
            Members::Scanned(members) => members.next(expected),
            Members::Read { all, at } => {
                let (name, raw) = all.get(*at)?;
                *at += 1;
                Some((Some(name), *raw))
            }
        }
    }

    /// Of a payload that is open: whether it was an object, and the last of the line.
    pub fn end_the_line(&mut self) -> bool {
        match self {
            Members::Scanned(members) => members.end_the_line(),
            Members::Read { .. } => false,
        }
    }
}

/// Calls `each` for every member of a JSON object.
pub(super) fn members<'a>(
    data: &'a str,
    each: impl FnMut(&str, Raw<'a>) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    struct Members<F> {
        each: F,
        rejection: Option<Rejection>,
    }
    impl<'de, F: FnMut(&str, Raw<'de>) -> Result<(), Rejection>> Visitor<'de> for &mut Members<F> {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key_seed(NameSeed)? {
                let raw: &'de RawValue = map.next_value()?;
                if let Err(rejection) = (self.each)(&name, Raw::of(raw.get())) {
                    self.rejection = Some(rejection);
                    return Err(serde::de::Error::custom("rejected"));
                }
            }
            Ok(())
        }
    }
    let mut members = Members { each, rejection: None };
    let mut json = serde_json::Deserializer::from_str(data);
    let result = json.deserialize_map(&mut members);
    match (members.rejection, result) {
        (Some(rejection), _) => Err(rejection),
        (None, Ok(())) => Ok(()),
        // That it is JSON is known; a name that is no text of characters is left.
        (None, Err(error)) if error.is_data() => {
            let found = json::described(&shorten(data));
            Err(Rejection::new("wrong-type", format!("`data` cannot be {found}"))
                .at("/data")
                .expected("an object, as {\"title\":\"Chairs\"}"))
        }
        (None, Err(_)) => {
            Err(Rejection::new("wrong-type", "a name in `data` holds an escape that is no character")
                .at("/data"))
        }
    }
}

/// A key, borrowed where it has no escapes.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;
    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(name))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(name.to_owned()))
            }
        }
        from.deserialize_str(Name)
    }
}

/// A JSON string.
#[inline]
pub(crate) fn text<'a>(raw: Raw<'a>, pointer: &str) -> Result<Cow<'a, str>, Rejection> {
    match raw.plain() {
        Some(plain) => Ok(Cow::Borrowed(plain)),
        None => escaped(raw.other(), pointer).map(Cow::Owned),
    }
}

#[cold]
fn escaped(json: &str, pointer: &str) -> Result<String, Rejection> {
    serde_json::from_str(json).map_err(|_| {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        let why = match json.bytes().next() {
            Some(b'"') => ": it holds an escape that is no character",
            Some(b'[' | b'{') => "",
            _ => ": write it in quotes",
        };
        let found = json::described(&shorten(json));
        Rejection::new("wrong-type", format!("`{name}` cannot be {found}{why}")).at(pointer).expected("text")
    })
}
