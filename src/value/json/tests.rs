use super::*;
use crate::schema::Type;
use crate::value::notation::{schema, shown, typed};
use crate::value::print::Labels;
use crate::value::{Currency, EntityId, EnumId, OpaqueId, PipelineId, StageId, Value};
use proptest::prelude::*;

fn read(raw: &str, ty: &Type) -> String {
    match parse(raw, ty, &schema()) {
        Ok(value) => shown(&value),
        Err(error) => {
            format!("{} at \"{}\": {}, not {}", error.code.id(), error.pointer, error.expected, error.found)
        }
    }
}

fn written(value: &Value, ty: &Type) -> String {
    let mut out = Vec::new();
    let (stages, pipelines) = (["New".into(), "Won".into()], ["Sales".into()]);
    write(value, ty, &schema(), Labels { stages: &stages, pipelines: &pipelines }, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn numbers_are_read_exactly() {
    for (raw, expected) in [
        ("12.50", "decimal 12.50"),
        ("\"12.50\"", "decimal 12.50"),
        ("-0.1", "decimal -0.1"),
        ("0", "decimal 0"),
        ("-0.00", "decimal 0.00"),
        ("1e3", "decimal 1000"),
        ("1.50E+3", "decimal 1500"),
        ("12e-3", "decimal 0.012"),
        ("1e-28", "decimal 0.0000000000000000000000000001"),
        (
            "0.1000000000000000055511151231257827",
            "out-of-range at \"\": decimal of at most 28 digits, not 0.1000000000000000055511151231257827",
        ),
        ("9007199254740993.0000001", "decimal 9007199254740993.0000001"),
        ("79228162514264337593543950335", "decimal 79228162514264337593543950335"),
        (
            "79228162514264337593543950336",
            "out-of-range at \"\": decimal of at most 28 digits, not 79228162514264337593543950336",
        ),
        ("1.0000000000000000000000000000000000000000", "decimal 1.0000000000000000000000000000"),
        ("0e999999999999", "decimal 0"),
        ("1e999999999999", "out-of-range at \"\": decimal of at most 28 digits, not 1e999999999999"),
        ("1e-29", "out-of-range at \"\": decimal of at most 28 digits, not 1e-29"),
        ("\"\"", "wrong-type at \"\": decimal, not \"\""),
        ("\"1.\"", "wrong-type at \"\": decimal, not \"1.\""),
        ("\".5\"", "wrong-type at \"\": decimal, not \".5\""),
        ("\"1 000\"", "wrong-type at \"\": decimal, not \"1 000\""),
        ("\"1,5\"", "wrong-type at \"\": decimal, not \"1,5\""),
        ("\"+1\"", "wrong-type at \"\": decimal, not \"+1\""),
        ("\"NaN\"", "wrong-type at \"\": decimal, not \"NaN\""),
        ("true", "wrong-type at \"\": decimal, not true"),
        ("null", "wrong-type at \"\": decimal, not null"),
    ] {
        assert_eq!(read(raw, &Type::Decimal), expected, "{raw}");
    }
    for (raw, expected) in [
        ("42", "int 42"),
        (" -9223372036854775808 ", "int -9223372036854775808"),
        ("9223372036854775808", "out-of-range at \"\": int of 64 bits, not 9223372036854775808"),
        ("1e3", "int 1000"),
        ("5.0", "int 5"),
        ("5.5", "wrong-type at \"\": int, not 5.5"),
        ("1e99", "out-of-range at \"\": int of 64 bits, not 1e99"),
        ("\"5\"", "wrong-type at \"\": int, not \"5\""),
    ] {
        assert_eq!(read(raw, &Type::Int), expected, "{raw}");
    }
}

#[test]
fn money_has_three_forms() {
    let euro = Type::Money(Currency::parse("EUR"));
    for (raw, ty, expected) in [
        (r#"{"amount":"12.50","currency":"EUR"}"#, &Type::Money(None), "money 12.50 EUR"),
        (r#"{"currency":"EUR","amount":12.50,"note":[1]}"#, &Type::Money(None), "money 12.50 EUR"),
        (r#""12.50 EUR""#, &Type::Money(None), "money 12.50 EUR"),
        (r#""1e3 JPY""#, &Type::Money(None), "money 1000 JPY"),
        ("12.5", &euro, "money 12.50 EUR"),
        ("12.5", &Type::Money(None), r#"wrong-type at "": money such as "12.50 EUR", not 12.5"#),
        (r#""12.5""#, &euro, r#"wrong-type at "": money in EUR such as "12.50 EUR", not "12.5""#),
        (r#""EUR 12.5""#, &euro, r#"wrong-type at "": money in EUR such as "12.50 EUR", not "EUR 12.5""#),
        (r#""12.5 eur""#, &euro, r#"unknown-name at "": money in EUR such as "12.50 EUR", not "12.5 eur""#),
        (
            r#"["12.50","EUR"]"#,
            &euro,
            r#"wrong-type at "": money in EUR such as "12.50 EUR", not ["12.50","EUR"]"#,
        ),
        (
            r#"{"amount":"12.50"}"#,
            &euro,
            r#"missing at "/currency": money in EUR such as "12.50 EUR", not {"amount":"12.50"}"#,
        ),
        (r#"{"amount":"x","currency":"EUR"}"#, &euro, r#"wrong-type at "/amount": decimal, not "x""#),
        (
            r#"{"amount":1,"currency":null}"#,
            &euro,
            r#"wrong-type at "/currency": currency code such as "EUR", not null"#,
        ),
        (
            r#"{"amount":1,"currency":"XXX"}"#,
            &euro,
            r#"unknown-name at "/currency": currency code such as "EUR", not "XXX""#,
        ),
        // Another currency than the field's needs a rate.
        (r#""100 USD""#, &euro, "money 92.00 EUR"),
        (r#""100 GBP""#, &euro, r#"no-rate at "": money in EUR, or a currency with a rate, not "100 GBP""#),
    ] {
        assert_eq!(read(raw, ty), expected, "{raw}");
    }
}

#[test]
fn dates_times_and_durations() {
    for (raw, ty, expected) in [
        ("2026-03-02", Type::Date, "date 2026-03-02"),
        ("2026-02-29", Type::Date, r#"wrong-type at "": date such as "2026-03-02", not "2026-02-29""#),
        ("2026-3-2", Type::Date, r#"wrong-type at "": date such as "2026-03-02", not "2026-3-2""#),
        ("0000-01-01", Type::Date, r#"wrong-type at "": date such as "2026-03-02", not "0000-01-01""#),
        ("10:00", Type::Time, "time 10:00:00"),
        ("10:00:30.5", Type::Time, "time 10:00:30.500"),
        ("24:00", Type::Time, r#"wrong-type at "": time such as "10:00", not "24:00""#),
        ("10", Type::Time, r#"wrong-type at "": time such as "10:00", not "10""#),
        ("2026-03-02T10:00:00Z", Type::DateTime, "datetime 2026-03-02T10:00:00Z"),
        ("2026-03-02T10:00Z", Type::DateTime, "datetime 2026-03-02T10:00:00Z"),
        ("2026-03-02t10:00:00.25+01:00", Type::DateTime, "datetime 2026-03-02T09:00:00.250Z"),
        ("2026-03-02 10:00:00-0530", Type::DateTime, "datetime 2026-03-02T15:30:00Z"),
        ("2026-03-02T10:00:00+01", Type::DateTime, "datetime 2026-03-02T09:00:00Z"),
        ("2026-12-31T23:59:60Z", Type::DateTime, "datetime 2027-01-01T00:00:00Z"),
        (
            "9999-12-31T23:59:59-01:00",
            Type::DateTime,
            r#"wrong-type at "": datetime such as "2026-03-02T10:00:00Z", not "9999-12-31T23:59:59-01:00""#,
        ),
        (
            "2026-03-02T10:00:00",
            Type::DateTime,
            r#"wrong-type at "": datetime such as "2026-03-02T10:00:00Z", not "2026-03-02T10:00:00""#,
        ),
        (
            "2026-03-02",
            Type::DateTime,
            r#"wrong-type at "": datetime such as "2026-03-02T10:00:00Z", not "2026-03-02""#,
        ),
        (
            "2026-03-0€T10:00Z",
            Type::DateTime,
            r#"wrong-type at "": datetime such as "2026-03-02T10:00:00Z", not "2026-03-0€T10:00Z""#,
        ),
        ("P3D", Type::Duration, "duration P3D"),
        ("PT2H30M", Type::Duration, "duration PT2H30M"),
        ("P1W", Type::Duration, "duration P7D"),
        ("P1W1DT1H1M1S", Type::Duration, "duration P8DT1H1M1S"),
        ("PT48H", Type::Duration, "duration PT48H"),
        ("-P1DT2H", Type::Duration, "duration P-1DT-2H"),
        ("P1DT-2H", Type::Duration, "duration P1DT-2H"),
        ("PT0S", Type::Duration, "duration PT0S"),
        ("P1M", Type::Duration, r#"wrong-type at "": duration such as "P3D" or "PT2H30M", not "P1M""#),
        ("P1Y", Type::Duration, r#"wrong-type at "": duration such as "P3D" or "PT2H30M", not "P1Y""#),
        ("P", Type::Duration, r#"wrong-type at "": duration such as "P3D" or "PT2H30M", not "P""#),
        ("P1DT", Type::Duration, r#"wrong-type at "": duration such as "P3D" or "PT2H30M", not "P1DT""#),
        ("PT1S1H", Type::Duration, r#"wrong-type at "": duration such as "P3D" or "PT2H30M", not "PT1S1H""#),
        ("PT0.5S", Type::Duration, r#"wrong-type at "": duration such as "P3D" or "PT2H30M", not "PT0.5S""#),
        (
            "P99999999999999999999D",
            Type::Duration,
            r#"wrong-type at "": duration such as "P3D" or "PT2H30M", not "P99999999999999999999D""#,
        ),
        ("3 days", Type::Duration, r#"wrong-type at "": duration such as "P3D" or "PT2H30M", not "3 days""#),
    ] {
        assert_eq!(read(&format!("\"{raw}\""), &ty), expected, "{raw}");
    }
}

#[test]
fn texts_names_references_files_and_lists() {
    let (source, chat, company) =
        (Type::Enum(EnumId(1)), Type::Opaque(OpaqueId(0)), Type::Entity(EntityId(0)));
    for (raw, ty, expected) in [
        (r#""a \"b\" \u00e9\n""#, Type::Text, "text a \"b\" é\n"),
        ("5", Type::Text, r#"wrong-type at "": text, not 5"#),
        (r#""a""b""#, Type::Text, r#"wrong-type at "": text, not "a""b""#),
        ("\"", Type::Text, "wrong-type at \"\": text, not \""),
        (r#""c-1""#, chat.clone(), "text c-1"),
        ("7", chat, r#"wrong-type at "": chat, not 7"#),
        ("true", Type::Bool, "bool true"),
        ("1", Type::Bool, r#"wrong-type at "": bool: true or false, not 1"#),
        (r#""phone""#, source.clone(), "enum 1"),
        (r#""Phone""#, source, r#"unknown-name at "": Source: "web", "phone", not "Phone""#),
        (r#""company/C-7""#, company.clone(), "Ref(\"C-7\")"),
        (r#""company/a/b""#, company.clone(), "Ref(\"a/b\")"),
        (
            r#""deal/C-7""#,
            company.clone(),
            r#"unknown-name at "": Company such as "company/1", not "deal/C-7""#,
        ),
        (
            r#""company/""#,
            company.clone(),
            r#"wrong-type at "": Company such as "company/1", not "company/""#,
        ),
        (r#""C-7""#, company, r#"wrong-type at "": Company such as "company/1", not "C-7""#),
        (r#""anna""#, Type::User, "user anna"),
        (r#""nobody""#, Type::User, "user nobody"),
        (r#""sales""#, Type::User, r#"wrong-type at "": user, not "sales""#),
        (r#""sales""#, Type::Recipient, "user sales"),
        (r#""""#, Type::Recipient, r#"wrong-type at "": recipient, not """#),
        (r#""a@b.c""#, Type::Email, "text a@b.c"),
        (r#""a.b.c""#, Type::Email, r#"wrong-type at "": email such as "anna@example.com", not "a.b.c""#),
        (r#""12""#, Type::Phone, r#"wrong-type at "": phone with at least three digits, not "12""#),
        (r#""x""#, Type::Url, r#"wrong-type at "": url such as "https://example.com", not "x""#),
        (r#"{"name":"a","url":"s3://b/c"}"#, Type::File, r#"File(File { name: "a", url: "s3://b/c" })"#),
        // Of a member that comes twice the last counts.
        (
            r#"{"url":"b","name":"a","x":[],"\u0075rl":"https://c"}"#,
            Type::File,
            r#"File(File { name: "a", url: "https://c" })"#,
        ),
        (
            r#"{"name":"a","url":"b"}"#,
            Type::File,
            r#"wrong-type at "/url": url such as "https://example.com", not "b""#,
        ),
        (
            r#"{"name":"a","url":"file:///b"}"#,
            Type::File,
            r#"wrong-type at "/url": url such as "https://example.com", not "file:///b""#,
        ),
        (
            r#"{"name":"a","url":1}"#,
            Type::File,
            r#"wrong-type at "/url": url such as "https://example.com", not 1"#,
        ),
        ("[]", Type::Int.list(), "[]"),
        ("[1, 2]", Type::Int.list(), "[int 1; int 2]"),
        ("[1, \"x\"]", Type::Int.list(), r#"wrong-type at "/1": int, not "x""#),
        (
            r#"[{"amount":true,"currency":"EUR"}]"#,
            Type::Money(None).list(),
            r#"wrong-type at "/0/amount": decimal, not true"#,
        ),
        ("[1, null]", Type::Int.list(), r#"wrong-type at "/1": int, not null"#),
        ("1", Type::Int.list(), r#"wrong-type at "": list of int in [ ], not 1"#),
        ("null", Type::Int.list().optional(), "none"),
        ("3", Type::Int.optional(), "int 3"),
        (
            "\"New\"",
            Type::Stage(EntityId(0)),
            r#"wrong-type at "": nothing: an event cannot set this, not "New""#,
        ),
    ] {
        assert_eq!(read(raw, &ty), expected, "{raw}");
    }
}

#[test]
fn the_declared_kind_of_a_recipient_counts() {
    use crate::syntax::tree::PrincipalKind;
    let kind = |raw| match parse(raw, &Type::Recipient, &schema()) {
        Ok(Value::Principal(principal)) => principal.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind("\"closer\""), PrincipalKind::Role);
    assert_eq!(kind("\"sales\""), PrincipalKind::Department);
    assert_eq!(kind("\"someone\""), PrincipalKind::User);
}

#[test]
fn values_are_written_as_in_effects() {
    use crate::value::notation::value;
    for (value, ty, expected) in [
        (value("money 7000 EUR"), Type::Money(None), r#""7000.00 EUR""#),
        (value("money 7000.1250 EUR"), Type::Money(None), r#""7000.125 EUR""#),
        (value("decimal 2.50"), Type::Decimal, r#""2.5""#),
        (value("int 42"), Type::Int, "42"),
        (value("bool true"), Type::Bool, "true"),
        (value("datetime 2026-03-02T11:00:00+01:00"), Type::DateTime, r#""2026-03-02T10:00:00Z""#),
        (value("datetime 2026-03-02T10:00:00.25Z"), Type::DateTime, r#""2026-03-02T10:00:00.250Z""#),
        (value("date 2026-03-02"), Type::Date, r#""2026-03-02""#),
        (value("time 10:00"), Type::Time, r#""10:00:00""#),
        (value("duration P1DT90M"), Type::Duration, r#""P1DT1H30M""#),
        (value("duration PT0S"), Type::Duration, r#""PT0S""#),
        (value("text a\"b\n"), Type::Text, r#""a\"b\n""#),
        (value("department sales"), Type::Recipient, r#""sales""#),
        (Value::Enum(0), Type::Enum(EnumId(1)), r#""web""#),
        (Value::Stage(StageId(1)), Type::Text, r#""Won""#),
        (Value::Pipeline(PipelineId(0)), Type::Text, r#""Sales""#),
        (Value::Ref("C\"7".into()), Type::Entity(EntityId(0)).optional(), r#""company/C\"7""#),
        (value("[text a; text b]"), Type::Text.list(), r#"["a","b"]"#),
        (Value::None, Type::Text.optional(), "null"),
    ] {
        assert_eq!(written(&value, &ty), expected, "{value:?}");
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_as_the_same((ty, value) in typed()) {
        let json = written(&value, &ty);
        serde_json::from_str::<&serde_json::value::RawValue>(&json).unwrap();
        prop_assert_eq!(parse(&json, &ty, &schema()), Ok(value), "{}", json);
    }

    #[test]
    fn nothing_panics_on_any_text((ty, _) in typed(), raw in "[\\[\\]{}\",:0-9eE.+\\-PTDHMSWZ a/€]{0,16}") {
        let _ = parse(&raw, &ty, &schema());
        let _ = parse(&format!("\"{raw}\""), &ty, &schema());
        let _ = (parse_decimal(&raw), parse_instant(&raw), parse_duration(&raw));
    }
}

proptest! {
    /// The short way gives what the long one does, digits and all.
    #[test]
    fn plain_decimals_are_those_of_the_long_way(text in "-?[0-9]{0,20}(\\.[0-9]{0,8})?") {
        if let Some(plain) = super::scalar::plain_decimal(text.as_bytes()) {
            let long = super::scalar::any_decimal(text.as_bytes());
            prop_assert_eq!(long.map(|long| (long, long.scale())), Some((plain, plain.scale())), "{}", text);
        }
    }
}
