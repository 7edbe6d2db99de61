//! JSON in: from the raw text of one value straight into a typed one.

use super::scalar::{parse_date, parse_decimal, parse_duration, parse_instant, parse_time};
use super::{JsonError, JsonErrorCode};
use crate::schema::{Schema, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::validate::{is_email, is_phone, is_url, shortened};
use crate::value::{Currency, File, Money, Principal, Text, Value, ops};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// Reads the JSON text of one value. `null` is `none` for an optional type, and an error for others.
pub fn parse(raw: &str, ty: &Type, schema: &Schema) -> Result<Value, JsonError> {
    let reader = Reader { raw: raw.trim_ascii(), ty, schema };
    match ty {
        Type::Optional(_) if reader.raw == "null" => Ok(Value::None),
        Type::Optional(inner) => Reader { ty: inner, ..reader }.value(),
        _ => reader.value(),
    }
}

struct Reader<'a> {
    raw: &'a str,
    ty: &'a Type,
    schema: &'a Schema,
}

#[derive(Deserialize)]
struct RawMoney<'a> {
    #[serde(borrow)]
    amount: &'a RawValue,
    #[serde(borrow)]
    currency: &'a RawValue,
}

#[derive(Deserialize)]
struct RawFile<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow)]
    url: &'a RawValue,
}

impl Reader<'_> {
    fn value(&self) -> Result<Value, JsonError> {
        match self.ty {
            Type::Text | Type::Opaque(_) => Ok(Value::Text(self.text()?.into())),
            Type::Int => self.int(),
            Type::Decimal => self.decimal(),
            Type::Money(wanted) => self.money(*wanted),
            Type::Bool => match self.raw {
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
            Type::Optional(_) => parse(self.raw, self.ty, self.schema),
            // Stages and pipelines are set by events of their own.
            Type::Stage(_) | Type::Pipeline(_) | Type::Never | Type::Error => Err(self.wrong()),
        }
    }

    /// The content of a JSON string.
    fn text(&self) -> Result<Cow<'_, str>, JsonError> {
        string(self.raw).ok_or_else(|| self.wrong())
    }

    fn parsed<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, JsonError> {
        parse(&self.text()?).ok_or_else(|| self.wrong())
    }

    fn checked(&self, is: impl FnOnce(&str) -> bool) -> Result<Value, JsonError> {
        let text = self.text()?;
        if is(&text) { Ok(Value::Text(text.into())) } else { Err(self.wrong()) }
    }

    fn int(&self) -> Result<Value, JsonError> {
        if is_number(self.raw) {
            if let Ok(number) = self.raw.parse() {
                return Ok(Value::Int(number));
            }
            // `1e3` and `5.0` are whole numbers too.
            return match parse_decimal(self.raw) {
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
        if is_number(self.raw) {
            return self.digits(self.raw).map(Value::Decimal);
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
        let money = if self.raw.starts_with('{') {
            let Ok(members) = serde_json::from_str::<RawMoney>(self.raw) else { return Err(self.wrong()) };
            let amount = Reader { raw: members.amount.get(), ty: &Type::Decimal, schema: self.schema };
            let Value::Decimal(amount) = amount.decimal().map_err(|error| error.inside("amount"))? else {
                return Err(self.wrong());
            };
            let code = Reader { raw: members.currency.get(), ty: &Type::Text, schema: self.schema };
            let code = code.text().map_err(|error| error.inside("currency"))?;
            let currency = Currency::parse(&code).ok_or_else(|| JsonError {
                code: JsonErrorCode::UnknownName,
                pointer: "/currency".into(),
                expected: "currency code such as \"EUR\"".into(),
                found: shortened(members.currency.get()).into_owned(),
            })?;
            Money { amount, currency }
        } else if is_number(self.raw) {
            let Some(currency) = wanted else { return Err(self.wrong()) };
            Money { amount: self.digits(self.raw)?, currency }
        } else {
            let text = self.text()?;
            let Some((amount, code)) = text.split_once(' ') else { return Err(self.wrong()) };
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
        if !self.raw.starts_with('{') {
            return Err(self.wrong());
        }
        let Ok(members) = serde_json::from_str::<RawFile>(self.raw) else { return Err(self.wrong()) };
        let member = |raw, name| {
            let reader = Reader { raw, ty: &Type::Text, schema: self.schema };
            reader.text().map(Text::from).map_err(|error| error.inside(name))
        };
        let name = member(members.name.get(), "name")?;
        let url = member(members.url.get(), "url")?;
        Ok(Value::File(Arc::new(File { name, url })))
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
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(self.raw) else { return Err(self.wrong()) };
        let mut values = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            // A list never holds `none`.
            let item = Reader { raw: item.get(), ty: element.inner(), schema: self.schema };
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
        let found = shortened(self.raw).into_owned();
        JsonError { code, pointer: String::new(), expected: expected(self.ty, code, self.schema), found }
    }
}

impl JsonError {
    /// Of a member or an element of the value at hand.
    fn inside(mut self, member: impl std::fmt::Display) -> JsonError {
        self.pointer = format!("/{member}{}", self.pointer);
        self
    }
}

/// The content of a JSON string; copied only where it holds escapes.
fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inside.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        Some(Cow::Borrowed(inside))
    } else {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    }
}

/// Whether the text begins like a number.
fn is_number(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte == b'-' || byte.is_ascii_digit())
}

/// Whether a text is a number of any size.
fn has_number_shape(text: &str) -> bool {
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
