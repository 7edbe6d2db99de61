//! JSON in: from the raw text of one value straight into a typed one.

use super::hint::hint;
use super::scalar::{parse_date, parse_decimal, parse_duration, parse_instant, parse_time};
use super::{JsonError, JsonErrorCode};
use crate::event::scan::{Raw, elements};
use crate::schema::{Schema, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::validate::{is_email, is_phone, is_url, shortened};
use crate::value::{Currency, File, Money, Principal, Text, Value, ops};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// Reads the JSON text of one value. `null` is `none` for an optional type, and an error for others.
pub fn parse(raw: &str, ty: &Type, schema: &Schema) -> Result<Value, JsonError> {
    read(Raw::of(raw.trim_ascii()), ty, schema)
}

/// As [`parse`], of a value that stands in a line that has been scanned.
pub(crate) fn read(raw: Raw<'_>, ty: &Type, schema: &Schema) -> Result<Value, JsonError> {
    match ty {
        Type::Optional(_) if raw.is_null() => Ok(Value::None),
        Type::Optional(inner) => Reader { raw, ty: inner, schema }.value(),
        _ => Reader { raw, ty, schema }.value(),
    }
}

struct Reader<'a> {
    raw: Raw<'a>,
    ty: &'a Type,
    schema: &'a Schema,
}

/// Two members of an object, as far as they are there. Of one that comes twice the last counts; others are passed over.
struct Two<'a>([Option<&'a RawValue>; 2]);

impl<'a> Two<'a> {
    fn of(raw: &'a str, names: [&'static str; 2]) -> Option<Two<'a>> {
        struct Members([&'static str; 2]);
        impl<'de> Visitor<'de> for Members {
            type Value = Two<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Two<'de>, A::Error> {
                let mut two = Two([None, None]);
                while let Some((name, value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    if let Some(at) = self.0.iter().position(|wanted| *wanted == name.0) {
                        two.0[at] = Some(value);
                    }
                }
                Ok(two)
            }
        }
        serde_json::Deserializer::from_str(raw).deserialize_map(Members(names)).ok()
    }
}

/// Borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Reader<'_> {
    fn value(&self) -> Result<Value, JsonError> {
        match self.ty {
            Type::Text | Type::Opaque(_) => Ok(Value::Text(self.text()?.into())),
            Type::Int => self.int(),
            Type::Decimal => self.decimal(),
            Type::Money(wanted) => self.money(*wanted),
            Type::Bool => match self.raw.other() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(self.wrong()),
            },
            Type::Date => self.parsed(parse_date).map(Value::Date),
            Type::Time => self.parsed(parse_time).map(Value::Time),
            Type::DateTime => self.parsed(parse_instant).map(Value::DateTime),
            Type::Duration => self.parsed(parse_duration).map(Value::Duration),
            Type::Email => self.checked(is_email),
            Type::Phone => self.checked(is_phone),
            Type::Url => self.checked(is_url),
            Type::File => self.file(),
            Type::User => self.principal(Some(PrincipalKind::User)),
            Type::Department => self.principal(Some(PrincipalKind::Department)),
            Type::Role => self.principal(Some(PrincipalKind::Role)),
            Type::Recipient => self.principal(None),
            Type::Enum(id) => {
                let name = self.text()?;
                let values = self.schema.enums.get(id.index()).map_or(&[][..], |declared| &declared.values);
                match values.iter().position(|value| *value.name == *name) {
                    Some(position) => Ok(Value::Enum(position as u16)),
                    None => Err(self.error(JsonErrorCode::UnknownName)),
                }
            }
            Type::Entity(id) => {
                let text = self.text()?;
                let entity = self.schema.entities.get(id.index());
                match (text.split_once('/'), entity) {
                    (Some((entity, _)), Some(wanted)) if *entity != *wanted.wire_name => {
                        Err(self.error(JsonErrorCode::UnknownName))
                    }
                    (Some((_, id)), Some(_)) if !id.is_empty() => Ok(Value::Ref(id.into())),
                    _ => Err(self.wrong()),
                }
            }
            Type::List(element) => self.list(element),
            Type::Optional(_) => read(self.raw, self.ty, self.schema),
            // Stages and pipelines are set by events of their own.
            Type::Stage(_) | Type::Pipeline(_) | Type::Never | Type::Error => Err(self.wrong()),
        }
    }

    /// The content of a JSON string.
    fn text(&self) -> Result<Cow<'_, str>, JsonError> {
        self.raw.string().ok_or_else(|| self.wrong())
    }

    fn parsed<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, JsonError> {
        parse(&self.text()?).ok_or_else(|| self.wrong())
    }

    fn checked(&self, is: impl FnOnce(&str) -> bool) -> Result<Value, JsonError> {
        let text = self.text()?;
        if is(&text) { Ok(Value::Text(text.into())) } else { Err(self.wrong()) }
    }

    fn int(&self) -> Result<Value, JsonError> {
        let raw = self.raw.other();
        if is_number(raw) {
            if let Ok(number) = raw.parse() {
                return Ok(Value::Int(number));
            }
            // `1e3` and `5.0` are whole numbers too.
            return match parse_decimal(raw) {
                Some(number) if !number.fract().is_zero() => Err(self.wrong()),
                number => match number.and_then(|number| number.to_i64()) {
                    Some(number) => Ok(Value::Int(number)),
                    None => Err(self.error(JsonErrorCode::OutOfRange)),
                },
            };
        }
        Err(self.wrong())
    }

    fn decimal(&self) -> Result<Value, JsonError> {
        if is_number(self.raw.other()) {
            return self.digits(self.raw.other()).map(Value::Decimal);
        }
        let text = self.text()?;
        if is_number(&text) { self.digits(&text).map(Value::Decimal) } else { Err(self.wrong()) }
    }

    /// A number that has the shape of one.
    fn digits(&self, text: &str) -> Result<Decimal, JsonError> {
        match parse_decimal(text) {
            Some(number) => Ok(number),
            None if has_number_shape(text) => Err(self.error(JsonErrorCode::OutOfRange)),
            None => Err(self.wrong()),
        }
    }

    fn money(&self, wanted: Option<Currency>) -> Result<Value, JsonError> {
        let money = if self.raw.other().starts_with('{') {
            let (amount, code) = self.members(["amount", "currency"])?;
            let amount = Reader { raw: Raw::of(amount), ty: &Type::Decimal, schema: self.schema };
            let Value::Decimal(amount) = amount.decimal().map_err(|error| error.inside("amount"))? else {
                return Err(self.wrong());
            };
            let code = Reader { raw: Raw::of(code), ty: &Type::Text, schema: self.schema };
            let unknown = |error| JsonError {
                expected: "currency code such as \"EUR\"".into(),
                ..JsonError::inside(error, "currency")
            };
            let name = code.text().map_err(unknown)?;
            let known = Currency::parse(&name);
            let currency = known.ok_or_else(|| unknown(code.error(JsonErrorCode::UnknownName)))?;
            Money { amount, currency }
        } else if is_number(self.raw.other()) {
            let Some(currency) = wanted else { return Err(self.wrong()) };
            Money { amount: self.digits(self.raw.other())?, currency }
        } else {
            let text = self.text()?;
            let Some(space) = text.bytes().position(|byte| byte == b' ') else { return Err(self.wrong()) };
            let (amount, code) = (&text[..space], &text[space + 1..]);
            let amount = self.digits(amount)?;
            let currency = Currency::parse(code).ok_or_else(|| self.error(JsonErrorCode::UnknownName))?;
            Money { amount, currency }
        };
        match wanted {
            Some(wanted) if wanted != money.currency => match ops::exchange(money, wanted, self.schema) {
                Ok(money) => Ok(Value::Money(money)),
                Err(failure) if failure.code == crate::value::FailureCode::NoRate => {
                    Err(self.error(JsonErrorCode::NoRate))
                }
                Err(_) => Err(self.error(JsonErrorCode::OutOfRange)),
            },
            _ => Ok(Value::Money(money)),
        }
    }

    fn file(&self) -> Result<Value, JsonError> {
        if !self.raw.other().starts_with('{') {
            return Err(self.wrong());
        }
        let (name, url) = self.members(["name", "url"])?;
        let name = Reader { raw: Raw::of(name), ty: &Type::Text, schema: self.schema };
        let name = name.text().map(Text::from).map_err(|error| error.inside("name"))?;
        let url = Reader { raw: Raw::of(url), ty: &Type::Url, schema: self.schema };
        let Value::Text(url) = url.checked(is_url).map_err(|error| error.inside("url"))? else {
            return Err(self.wrong());
        };
        Ok(Value::File(Arc::new(File { name, url })))
    }

    /// Two members that an object must have, as JSON text.
    fn members(&self, names: [&'static str; 2]) -> Result<(&str, &str), JsonError> {
        let Some(Two(members)) = Two::of(self.raw.other(), names) else { return Err(self.wrong()) };
        let missing = |at: usize| self.error(JsonErrorCode::Missing).inside(names[at]);
        let first = members[0].ok_or_else(|| missing(0))?;
        let second = members[1].ok_or_else(|| missing(1))?;
        Ok((first.get(), second.get()))
    }

    /// A user, department or role by name. One that is not declared is taken for what is wanted; a recipient
    /// for a user.
    fn principal(&self, wanted: Option<PrincipalKind>) -> Result<Value, JsonError> {
        let name = self.text()?;
        if name.is_empty() {
            return Err(self.wrong());
        }
        let principal = match self.schema.principal_named(&name) {
            Some(declared) if wanted.is_some_and(|wanted| wanted != declared.kind) => {
                return Err(self.wrong());
            }
            // The declared name is shared, not copied.
            Some(declared) => Principal { kind: declared.kind, name: declared.name.clone() },
            None => Principal { kind: wanted.unwrap_or(PrincipalKind::User), name: name.into() },
        };
        Ok(Value::Principal(principal))
    }

    fn list(&self, element: &Type) -> Result<Value, JsonError> {
        let mut values = Vec::new();
        let list = self.raw.other();
        let plain = elements(list, |raw| {
            values.push(Reader { raw, ty: element.inner(), schema: self.schema }.value().ok()?);
            Some(())
        });
        if plain.is_some() {
            return Ok(Value::List(values.into()));
        }
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(list) else { return Err(self.wrong()) };
        let mut values = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            // A list never holds `none`.
            let item = Reader { raw: Raw::of(item.get()), ty: element.inner(), schema: self.schema };
            values.push(item.value().map_err(|error| error.inside(at))?);
        }
        Ok(Value::List(values.into()))
    }

    #[cold]
    fn wrong(&self) -> JsonError {
        self.error(JsonErrorCode::WrongType)
    }

    #[cold]
    fn error(&self, code: JsonErrorCode) -> JsonError {
        let found = shortened(&self.raw.json()).into_owned();
        let why = hint(&self.raw.json(), self.ty, code, self.schema);
        JsonError { code, pointer: String::new(), expected: expected(self.ty, code, self.schema), found, why }
    }
}

impl JsonError {
    /// Of a member or an element of the value at hand.
    fn inside(mut self, member: impl std::fmt::Display) -> JsonError {
        self.pointer = format!("/{member}{}", self.pointer);
        self
    }
}

/// Whether the text begins like a number.
fn is_number(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte == b'-' || byte.is_ascii_digit())
}

/// Whether a text is a number of any size.
pub(super) fn has_number_shape(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| is_number(raw.get()))
}

/// The type, and what it looks like where that is not plain.
fn expected(ty: &Type, code: JsonErrorCode, schema: &Schema) -> String {
    match (ty, code) {
        (Type::Int, JsonErrorCode::OutOfRange) => "int of 64 bits".into(),
        (Type::Decimal, JsonErrorCode::OutOfRange) => "decimal of at most 28 digits".into(),
        (Type::Money(_), JsonErrorCode::OutOfRange) => "amount of at most 28 digits".into(),
        (Type::Money(Some(currency)), JsonErrorCode::NoRate) => {
            format!("money in {currency}, or a currency with a rate")
        }
        (Type::Money(_), _) => format!("{} such as \"12.50 EUR\"", schema.type_name(ty)),
        (Type::Bool, _) => "bool: true or false".into(),
        (Type::Date, _) => "date such as \"2026-03-02\"".into(),
        (Type::Time, _) => "time such as \"10:00\"".into(),
        (Type::DateTime, _) => "datetime such as \"2026-03-02T10:00:00Z\"".into(),
        (Type::Duration, _) => "duration such as \"P3D\" or \"PT2H30M\"".into(),
        (Type::Email, _) => "email such as \"anna@example.com\"".into(),
        (Type::Phone, _) => "phone with at least three digits".into(),
        (Type::Url, _) => "url such as \"https://example.com\"".into(),
        (Type::File, _) => {
            "file such as {\"name\":\"offer.pdf\",\"url\":\"https://example.com/offer.pdf\"}".into()
        }
        (Type::Enum(id), _) => match schema.enums.get(id.index()) {
            Some(declared) => {
                let names: Vec<String> =
                    declared.values.iter().map(|value| format!("\"{}\"", value.name)).collect();
                format!("{}: {}", declared.name, names.join(", "))
            }
            None => "enum value".into(),
        },
        (Type::Entity(id), _) => match schema.entities.get(id.index()) {
            Some(entity) => format!("{} such as \"{}/1\"", entity.name, entity.wire_name),
            None => "reference".into(),
        },
        (Type::Optional(inner), _) => expected(inner, code, schema),
        (Type::List(_), _) => format!("{} in [ ]", schema.type_name(ty)),
        (Type::Opaque(id), _) if id.index() >= schema.opaques.len() => "text".into(),
        (Type::Stage(_) | Type::Pipeline(_), _) => "nothing: an event cannot set this".into(),
        _ => schema.type_name(ty),
    }
}
