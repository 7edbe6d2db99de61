//! The outside of an event: its attributes, and the members of its payload, as JSON text.

use super::Rejection;
use super::scan::{self, Key, Member, Raw};
use super::words::shorten;
use crate::value::json;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An attribute that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Specversion,
    Id,
    Source,
    Type,
    Subject,
    Time,
    Partitionkey,
    Causeid,
    Data,
    DataBase64,
}

/// By attribute, in the order in which most senders write them.
const KEYS: [Key; 10] = [
    Key::new("specversion"),
    Key::new("id"),
    Key::new("source"),
    Key::new("type"),
    Key::new("subject"),
    Key::new("time"),
    Key::new("partitionkey"),
    Key::new("causeid"),
    Key::new("data"),
    Key::new("data_base64"),
];

/// The attributes, still as JSON text; `null` is as if they were left out.
#[derive(Default)]
pub(crate) struct Envelope<'a>([Option<Raw<'a>>; KEYS.len()]);

impl<'a> Envelope<'a> {
    #[inline]
    pub fn get(&self, attribute: Attribute) -> Option<Raw<'a>> {
        self.0[attribute as usize]
    }

    /// Found by the scanner, with the members of `data`, if that is an object, appended to the others. `None`: serde is to read it.
    pub fn scan(line: &'a str, members: &mut Vec<Member>) -> Option<Envelope<'a>> {
        let mut envelope = Envelope::default();
        let mut seen = 0_u16;
        scan::envelope(line, &KEYS, members, |_, known, value| {
            let Some(known) = known else { return Some(()) };
            // One that comes twice is a mistake.
            if seen & (1 << known) != 0 {
                return None;
            }
            seen |= 1 << known;
            envelope.0[known] = Some(value).filter(|value| !value.is_null());
            Some(())
        })?;
        Some(envelope)
    }

    /// The same by serde, which can say what is wrong.
    pub fn read(line: &'a str) -> Result<Envelope<'a>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Read<'a> {
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
        let raw: Read<'a> = serde_json::from_str(line)?;
        let attributes = [
            raw.specversion,
            raw.id,
            raw.source,
            raw.name,
            raw.subject,
            raw.time,
            raw.partitionkey,
            raw.causeid,
            raw.data,
            raw.data_base64,
        ];
        Ok(Envelope(attributes.map(|raw| raw.map(|raw| Raw::of(raw.get())))))
    }
}

/// The payload of an event, as JSON text.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    pub text: &'a str,
    /// The line with its members, where the scanner has found them.
    pub scanned: Option<(&'a str, &'a [Member])>,
}

impl<'a> Data<'a> {
    /// Calls `each` for every member, with its place, its name and its JSON text.
    pub fn members(
        self,
        mut each: impl FnMut(usize, &str, Raw<'a>) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        match self.scanned {
            Some((line, members)) => {
                let mut members = members.iter().enumerate();
                members.try_for_each(|(place, member)| each(place, member.name(line), member.value(line)))
            }
            None => {
                let mut places = 0..;
                members(self.text, |name, raw| each(places.next().unwrap_or(usize::MAX), name, raw))
            }
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
        None => escaped(raw.json, pointer).map(Cow::Owned),
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
