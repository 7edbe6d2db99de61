//! Tests only: values in one line of text, and any value for property tests.
//!
//! `int 5`, `decimal 2.50`, `money 5 EUR`, `text abc`, `date 2026-03-02`, `time 10:00`,
//! `datetime 2026-03-02T10:00:00Z`, `duration P1DT2H`, `bool true`, `user anna`, `none`, `[int 1; int 2]`.

use super::failure::Failure;
use super::json;
use super::print::{Labels, money_text};
use super::{Currency, Duration, File, Money, PipelineId, Principal, StageId, Value};
use crate::schema::{Entity, Enum, EnumValue, Field, Opaque, PrincipalDef, Rates, Schema, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::{EntityId, EnumId, OpaqueId};
use chrono::{DateTime, NaiveDate, NaiveTime};
use proptest::prelude::*;
use rust_decimal::Decimal;

pub(super) fn value(text: &str) -> Value {
    if text == "none" {
        return Value::None;
    }
    if let Some(items) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return Value::List(items.split("; ").filter(|item| !item.is_empty()).map(value).collect());
    }
    let (ty, text) = text.split_once(' ').unwrap_or((text, ""));
    let quoted = || serde_json::to_string(text).unwrap();
    let (ty, raw) = match ty {
        "int" => (Type::Int, text.to_owned()),
        "bool" => (Type::Bool, text.to_owned()),
        "decimal" => (Type::Decimal, text.to_owned()),
        "money" => (Type::Money(None), quoted()),
        "text" => (Type::Text, quoted()),
        "date" => (Type::Date, quoted()),
        "time" => (Type::Time, quoted()),
        "datetime" => (Type::DateTime, quoted()),
        "duration" => (Type::Duration, quoted()),
        "user" => (Type::User, quoted()),
        "department" => (Type::Department, quoted()),
        "enum" => return Value::Enum(text.parse().unwrap()),
        _ => panic!("no notation: {ty}"),
    };
    json::parse(&raw, &ty, &Schema::default()).unwrap()
}

pub(super) fn shown(value: &Value) -> String {
    let json = |ty: &str| {
        let mut out = Vec::new();
        json::write(value, &Type::Never, &Schema::default(), Labels::default(), &mut out);
        format!("{ty} {}", String::from_utf8(out).unwrap().trim_matches('"'))
    };
    match value {
        Value::None => "none".into(),
        Value::Bool(value) => format!("bool {value}"),
        Value::Int(number) => format!("int {number}"),
        // With the digits it carries.
        Value::Decimal(number) => format!("decimal {number}"),
        Value::Money(money) => format!("money {}", money_text(money)),
        Value::Text(text) => format!("text {text}"),
        Value::Date(_) => json("date"),
        Value::Time(_) => json("time"),
        Value::DateTime(_) => json("datetime"),
        Value::Duration(_) => json("duration"),
        Value::Principal(principal) => format!("user {}", principal.name),
        Value::Enum(position) => format!("enum {position}"),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join("; ")),
        other => format!("{other:?}"),
    }
}

/// The value, or `! code`.
pub(super) fn outcome(result: Result<Value, Failure>) -> String {
    match result {
        Ok(value) => shown(&value),
        Err(failure) => format!("! {}", failure.code.id()),
    }
}

/// One of everything that a type can name.
pub(super) fn schema() -> Schema {
    let currency = |code| Currency::parse(code).unwrap();
    let mut enums = Schema::builtin_enums();
    let source = |name: &str, label: &str| EnumValue { name: name.into(), label: label.into() };
    enums.push(Enum {
        name: "Source".into(),
        values: vec![source("web", "Web site"), source("phone", "Phone")],
    });
    let principal = |kind, name: &str| PrincipalDef {
        kind,
        name: name.into(),
        label: name.to_uppercase().into(),
        email: None,
        phone: None,
        department: None,
        roles: vec![],
        hours: None,
        away: vec![],
    };
    Schema {
        currency: Some(currency("EUR")),
        rates: vec![Rates {
            base: currency("EUR"),
            rates: vec![
                (currency("USD"), "0.92".parse().unwrap()),
                (currency("JPY"), "0.0061".parse().unwrap()),
            ],
        }],
        entities: vec![Entity {
            name: "Company".into(),
            wire_name: "company".into(),
            label: "Company".into(),
            fields: Vec::<Field>::new(),
        }],
        enums,
        opaques: vec![Opaque { name: "chat".into(), label: "Chat".into() }],
        principals: vec![
            principal(PrincipalKind::User, "anna"),
            principal(PrincipalKind::Department, "sales"),
            principal(PrincipalKind::Role, "closer"),
        ]
        .into(),
        ..Schema::default()
    }
}

fn decimals() -> impl Strategy<Value = Decimal> {
    let parts = prop_oneof![
        Just(Decimal::MAX),
        Just(Decimal::MIN),
        Just(Decimal::ZERO),
        Just(Decimal::new(-0, 5)),
        (any::<i64>(), 0_u32..=28).prop_map(|(digits, scale)| Decimal::new(digits, scale)),
        (-(1_i128 << 96) + 1..1_i128 << 96, 0_u32..=28)
            .prop_map(|(digits, scale)| Decimal::from_i128_with_scale(digits, scale)),
        (-1000_i64..1000, 0_u32..=3).prop_map(|(digits, scale)| Decimal::new(digits, scale)),
    ];
    parts.boxed()
}

fn ints() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), -100_i64..100, any::<i64>()]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![".{0,6}", "[ab ,]{0,6}", Just("\u{0}\"\\/\u{2028}😀ΣςİSS".to_owned())]
}

/// Values of every type, the extremes among them, each with its type in [`schema`].
pub(super) fn typed() -> impl Strategy<Value = (Type, Value)> {
    let currency = prop_oneof![Just("EUR"), Just("JPY"), Just("KWD")];
    let date = (1_i32..=9999, 1_u32..=365).prop_map(|(year, day)| NaiveDate::from_yo_opt(year, day).unwrap());
    let time = (0_u32..86_400, prop_oneof![Just(0_u32), Just(500_000_000), 0_u32..1_000_000_000])
        .prop_map(|(second, nano)| NaiveTime::from_num_seconds_from_midnight_opt(second, nano).unwrap());
    let instant = (-62_135_596_800_i64..253_402_300_800, prop_oneof![Just(0_u32), 0_u32..1_000_000_000])
        .prop_map(|(second, nano)| DateTime::from_timestamp(second, nano).unwrap());
    let principal = |kind, name: &str| Value::Principal(Principal { kind, name: name.into() });
    let one = prop_oneof![
        any::<bool>().prop_map(|value| (Type::Bool, Value::Bool(value))),
        ints().prop_map(|number| (Type::Int, Value::Int(number))),
        decimals().prop_map(|number| (Type::Decimal, Value::Decimal(number))),
        (decimals(), currency).prop_map(|(amount, code)| {
            let currency = Currency::parse(code).unwrap();
            (Type::Money(Some(currency)), Value::Money(Money { amount, currency }))
        }),
        texts().prop_map(|text| (Type::Text, Value::Text(text.into()))),
        texts().prop_map(|text| (Type::Opaque(OpaqueId(0)), Value::Text(text.into()))),
        date.prop_map(|date| (Type::Date, Value::Date(date))),
        time.prop_map(|time| (Type::Time, Value::Time(time))),
        instant.prop_map(|at| (Type::DateTime, Value::DateTime(at))),
        (ints(), ints())
            .prop_map(|(days, seconds)| (Type::Duration, Value::Duration(Duration { days, seconds }))),
        (0_u16..2).prop_map(|position| (Type::Enum(EnumId(1)), Value::Enum(position))),
        "[^/]{1,3}/?.?".prop_map(|id| (Type::Entity(EntityId(0)), Value::Ref(id.into()))),
        Just((Type::User, principal(PrincipalKind::User, "unknown"))),
        Just((Type::Recipient, principal(PrincipalKind::Department, "sales"))),
        (texts(), "https://[a-z]{1,3}/[^\\s]{0,3}").prop_map(|(name, url)| {
            (Type::File, Value::File(File { name: name.into(), url: url.into() }.into()))
        }),
    ];
    let list = proptest::collection::vec(ints(), 0..4)
        .prop_map(|items| (Type::Int.list(), Value::List(items.into_iter().map(Value::Int).collect())));
    prop_oneof![8 => one, 1 => list, 1 => Just((Type::Text.optional(), Value::None))]
}

/// Values that no event brings, for what must never panic.
pub(super) fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => typed().prop_map(|(_, value)| value),
        1 => prop_oneof![
            Just(Value::Date(NaiveDate::MAX)),
            Just(Value::Date(NaiveDate::MIN)),
            Just(Value::DateTime(DateTime::<chrono::Utc>::MAX_UTC)),
            Just(Value::DateTime(DateTime::<chrono::Utc>::MIN_UTC)),
            Just(Value::Enum(u16::MAX)),
            Just(Value::Stage(StageId(u16::MAX))),
            Just(Value::Pipeline(PipelineId(7))),
        ],
    ]
}
