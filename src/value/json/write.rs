//! JSON out: the values in effects.

use super::plain;
use crate::schema::{Schema, Type};
use crate::value::print::{Labels, amount_digits};
use crate::value::{Duration, Text, Value, digits};
use rust_decimal::Decimal;
use std::io::Write;

/// Appends the JSON of a value, as in effects. `names` are those of stages and pipelines; `none` is null.
pub fn write(value: &Value, ty: &Type, schema: &Schema, names: Labels, out: &mut Vec<u8>) {
    match value {
        Value::None => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Int(number) => out.extend_from_slice(digits::int(*number).as_bytes()),
        // A string: many readers would take a number for a float.
        Value::Decimal(number) => {
            let number = if number.is_zero() { Decimal::ZERO } else { number.normalize() };
            quoted(out, &digits::decimal(number, 0));
        }
        Value::Money(money) => {
            out.push(b'"');
            out.extend_from_slice(amount_digits(money.amount, money.currency).as_bytes());
            out.push(b' ');
            out.extend_from_slice(money.currency.code().as_bytes());
            out.push(b'"');
        }
        Value::Text(text) => string(out, text),
        Value::Date(date) => quoted(out, &digits::date(*date)),
        Value::Time(time) => quoted(out, &digits::time(*time)),
        Value::DateTime(at) => quoted(out, &digits::instant(*at)),
        Value::Duration(duration) => {
            out.push(b'"');
            put(out, Iso(*duration));
            out.push(b'"');
        }
        Value::Enum(position) => {
            let values = match ty.inner() {
                Type::Enum(id) => schema.enums.get(id.index()),
                _ => None,
            };
            let value = values.and_then(|values| values.values.get(usize::from(*position)));
            name(out, value.map(|value| &value.name), *position);
        }
        Value::Stage(id) => name(out, names.stages.get(id.index()), id.0),
        Value::Pipeline(id) => name(out, names.pipelines.get(id.index()), id.0),
        Value::Principal(principal) => string(out, &principal.name),
        Value::Ref(id) => {
            let entity = match ty.inner() {
                Type::Entity(id) => schema.entities.get(id.index()),
                _ => None,
            };
            match entity {
                Some(entity) => {
                    out.push(b'"');
                    plain::inside(&entity.wire_name, out);
                    out.push(b'/');
                    plain::inside(id, out);
                    out.push(b'"');
                }
                None => string(out, id),
            }
        }
        Value::File(file) => {
            out.extend_from_slice(b"{\"name\":");
            string(out, &file.name);
            out.extend_from_slice(b",\"url\":");
            string(out, &file.url);
            out.push(b'}');
        }
        Value::List(items) => {
            let element = match ty.inner() {
                Type::List(element) => element,
                _ => &Type::Never,
            };
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, element, schema, names, out);
            }
            out.push(b']');
        }
    }
}

/// Writing to memory does not fail.
fn put(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    let _ = write!(out, "{value}");
}

/// What needs no escapes.
fn quoted(out: &mut Vec<u8>, digits: &str) {
    out.push(b'"');
    out.extend_from_slice(digits.as_bytes());
    out.push(b'"');
}

fn string(out: &mut Vec<u8>, text: &str) {
    plain::string(text, out);
}

fn name(out: &mut Vec<u8>, name: Option<&Text>, id: u16) {
    match name {
        Some(name) => string(out, name),
        None => put(out, id),
    }
}

/// A duration in ISO 8601, days and seconds kept apart; a sign before each number, for they may differ.
struct Iso(Duration);

impl std::fmt::Display for Iso {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Duration { days, seconds } = self.0;
        f.write_str("P")?;
        if days != 0 {
            write!(f, "{days}D")?;
        }
        if seconds != 0 || days == 0 {
            f.write_str("T")?;
        }
        // The remainder has the sign of the whole.
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours != 0 {
            write!(f, "{hours}H")?;
        }
        if minutes != 0 {
            write!(f, "{minutes}M")?;
        }
        if rest != 0 || (seconds == 0 && days == 0) {
            write!(f, "{rest}S")?;
        }
        Ok(())
    }
}
