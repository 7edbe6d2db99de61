//! The outside of an event: its attributes, and the members of its payload, as JSON text.

use super::Rejection;
use super::scan::{self, Member};
use super::words::shorten;
use crate::value::json;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The attributes that are read, still as JSON text; `null` is as if they were left out.
#[derive(Default)]
pub(crate) struct Envelope<'a> {
    pub specversion: Option<&'a str>,
    pub id: Option<&'a str>,
    pub source: Option<&'a str>,
    pub name: Option<&'a str>,
    pub subject: Option<&'a str>,
    pub time: Option<&'a str>,
    pub partitionkey: Option<&'a str>,
    pub causeid: Option<&'a str>,
    pub data: Option<&'a str>,
    pub data_base64: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// Found by the scanner, with the members of `data`, if that is an object, appended to the others. `None`: serde is to read it.
    pub fn scan(line: &'a str, members: &mut Vec<Member>) -> Option<Envelope<'a>> {
        let mut envelope = Envelope::default();
        let mut seen = 0_u16;
        scan::envelope(line, members, |name, value| {
            let (attribute, bit) = match name {
                "specversion" => (&mut envelope.specversion, 1),
                "id" => (&mut envelope.id, 1 << 1),
                "source" => (&mut envelope.source, 1 << 2),
                "type" => (&mut envelope.name, 1 << 3),
                "subject" => (&mut envelope.subject, 1 << 4),
                "time" => (&mut envelope.time, 1 << 5),
                "partitionkey" => (&mut envelope.partitionkey, 1 << 6),
                "causeid" => (&mut envelope.causeid, 1 << 7),
                "data" => (&mut envelope.data, 1 << 8),
                "data_base64" => (&mut envelope.data_base64, 1 << 9),
                _ => return Some(()),
            };
            // One that comes twice is a mistake.
            if seen & bit != 0 {
                return None;
            }
            seen |= bit;
            *attribute = Some(value).filter(|value| *value != "null");
            Some(())
        })?;
        Some(envelope)
    }

    /// The same by serde, which can say what is wrong.
    pub fn read(line: &'a str) -> Result<Envelope<'a>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Raw<'a> {
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
        let raw: Raw<'a> = serde_json::from_str(line)?;
        let text = |raw: Option<&'a RawValue>| raw.map(RawValue::get);
        Ok(Envelope {
            specversion: text(raw.specversion),
            id: text(raw.id),
            source: text(raw.source),
            name: text(raw.name),
            subject: text(raw.subject),
            time: text(raw.time),
            partitionkey: text(raw.partitionkey),
            causeid: text(raw.causeid),
            data: text(raw.data),
            data_base64: text(raw.data_base64),
        })
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
    /// Calls `each` for every member, with its name and its JSON text.
    pub fn members(
        self,
        mut each: impl FnMut(&str, &'a str) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        match self.scanned {
            Some((line, members)) => {
                members.iter().try_for_each(|member| each(member.name(line), member.value(line)))
            }
            None => members(self.text, each),
        }
    }
}

/// Calls `each` for every member of a JSON object.
pub(super) fn members<'a>(
    data: &'a str,
    each: impl FnMut(&str, &'a str) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    struct Members<F> {
        each: F,
        rejection: Option<Rejection>,
    }
    impl<'de, F: FnMut(&str, &'de str) -> Result<(), Rejection>> Visitor<'de> for &mut Members<F> {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key_seed(NameSeed)? {
                let raw: &'de RawValue = map.next_value()?;
                if let Err(rejection) = (self.each)(&name, raw.get()) {
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

/// What stands in a JSON string without escapes. (That it is JSON is known.)
pub(super) fn plain_text(raw: &str) -> Option<&str> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    memchr::memchr(b'\\', inside.as_bytes()).is_none().then_some(inside)
}

/// A JSON string.
pub(crate) fn text<'a>(raw: &'a str, pointer: &str) -> Result<Cow<'a, str>, Rejection> {
    if let Some(plain) = plain_text(raw) {
        return Ok(Cow::Borrowed(plain));
    }
    let json = raw;
    serde_json::from_str::<String>(json).map(Cow::Owned).map_err(|_| {
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
