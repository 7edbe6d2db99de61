use super::*;

#[test]
fn names_of_locales() {
    for (name, expected) in [
        ("it", true),
        ("de-CH", true),
        ("zh-Hant-TW", true),
        ("ar-u-nu-latn", true),
        ("pt_PT", false),
        ("italian", false),
        ("i", false),
        ("", false),
        ("it-", false),
        ("it IT", false),
    ] {
        assert_eq!(is_name(name), expected, "{name}");
    }
}

#[test]
fn what_was_probably_meant() {
    for (name, expected) in [
        ("pt_PT", Some("pt-PT")),
        ("pt-pt", Some("pt-PT")),
        ("italian", Some("it")),
        ("Italian language", Some("it")),
        ("Ukranian", Some("uk")),
        ("ukr", Some("uk")),
        ("german (Austria)", Some("de")),
        ("itt", Some("it")),
        ("xx", None),
        ("", None),
        ("something else", None),
    ] {
        assert_eq!(meant(name).as_deref(), expected, "{name}");
    }
}

#[cfg(feature = "locale")]
mod printing {
    use super::super::*;
    use crate::schema::{Schema, Type};
    use crate::value::print::{Labels, Printer};
    use crate::value::{Currency, Money, Value};
    use chrono_tz::Tz;
    use std::fmt::Write;

    const LOCALES: &[&str] = &["en", "en-GB", "it", "de", "de-CH", "pt", "pt-PT", "uk", "hi", "ar-EG"];

    fn money(amount: &str, currency: &str) -> Value {
        Value::Money(Money { amount: amount.parse().unwrap(), currency: Currency::parse(currency).unwrap() })
    }

    /// Spaces that do not break are told apart from those that do.
    fn visible(text: &str) -> String {
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '\u{a0}' => out.push('⍽'),
                '\u{202f}' => out.push('·'),
                c if c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}') => {
                    let _ = write!(out, "<{:x}>", c as u32);
                }
                c => out.push(c),
            }
        }
        out
    }

    #[test]
    fn values_and_formats() {
        let schema = Schema::default();
        let date: NaiveDate = "2026-03-02".parse().unwrap();
        let may: NaiveDate = "2026-05-23".parse().unwrap();
        let at = "2026-03-02T14:05:00Z".parse().unwrap();
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        let texts =
            |items: &[&str]| Value::List(items.iter().map(|text| Value::Text((*text).into())).collect());
        let cases = [
            (Value::Int(1234), None),
            (Value::Int(-1_234_567), None),
            (decimal("0.5"), None),
            (decimal("-0.0000000000001"), None),
            (decimal("1234567.891"), None),
            (decimal("79228162514264337593543950335"), None),
            (money("7000", "EUR"), None),
            (money("-1234567.5", "EUR"), None),
            (money("7000", "JPY"), None),
            (money("79228162514264337593543950335", "KWD"), None),
            (Value::Date(date), None),
            (Value::Date(may), None),
            (Value::Time("09:05:59".parse().unwrap()), None),
            (Value::DateTime(at), None),
            (Value::Bool(true), None),
            (Value::Duration(crate::value::Duration { days: 2, seconds: 10_800 }), None),
            (texts(&[]), None),
            (texts(&["a"]), None),
            (texts(&["a", "b"]), None),
            (texts(&["a", "b", "c"]), None),
            (Value::List([money("1", "EUR"), money("2000", "EUR")].into()), None),
            (Value::Date(date), Some("%A, %-d %B %Y")),
            (Value::Date(date), Some("%B %Y")),
            (Value::Date(date), Some("%a %d %b %y")),
            (Value::DateTime(at), Some("%d/%m %I:%M %p %Z")),
            (Value::Time("09:05".parse().unwrap()), Some("%l:%M %P")),
            (decimal("1234567.891"), Some("#,##0.00")),
            (decimal("-1234.5"), Some("#,##0.0")),
            (decimal("0.256"), Some("0.0 %")),
            (money("1234.5", "EUR"), Some("#,##0.00 ¤")),
        ];
        let mut table = String::new();
        for name in LOCALES {
            let locale = Locale::new(name).unwrap();
            let labels = Labels::default();
            let printer = Printer { schema: &schema, labels, tz: Tz::Europe__Rome, locale: Some(&locale) };
            let _ = writeln!(table, "{name}");
            for (value, format) in &cases {
                let ty = match value {
                    Value::List(_) => Type::Text.list(),
                    _ => Type::Text,
                };
                let mut out = String::new();
                match format {
                    Some(format) => printer.format(value, format, &mut out).unwrap(),
                    None => printer.print(value, &ty, &mut out),
                }
                let format = format.unwrap_or_default();
                let _ = writeln!(table, "  {format:<18}{}", visible(&out));
            }
            table.push('\n');
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn formats_that_fail_fail_with_a_locale_too() {
        let schema = Schema::default();
        let locale = Locale::new("it").unwrap();
        let labels = Labels::default();
        let printer = Printer { schema: &schema, labels, tz: Tz::UTC, locale: Some(&locale) };
        for (value, format) in [
            (Value::Date(NaiveDate::default()), "%H"),
            (Value::Date(NaiveDate::default()), "%p"),
            (Value::Time("09:05".parse().unwrap()), "%B"),
            (Value::Time("09:05".parse().unwrap()), "%A"),
            (Value::Int(1), "abc"),
            (Value::Text("x".into()), "0"),
        ] {
            let mut out = String::from(">");
            assert!(printer.format(&value, format, &mut out).is_err(), "{format}");
            assert_eq!(out, ">");
        }
    }

    /// Years beyond those of the library's calendar still print, and none panics.
    #[test]
    fn the_ends_of_time_print() {
        let schema = Schema::default();
        let locale = Locale::new("uk").unwrap();
        let labels = Labels::default();
        let printer = Printer { schema: &schema, labels, tz: Tz::UTC, locale: Some(&locale) };
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            let mut out = String::new();
            printer.print(&Value::Date(date), &Type::Date, &mut out);
            assert!(!out.is_empty());
        }
    }

    #[test]
    fn languages_without_data_are_none() {
        for name in ["xx", "xx-IT", "und", "tlh", "", "it_IT", "-", "italian language", "\u{0}"] {
            assert!(Locale::new(name).is_none(), "{name}");
        }
        for (name, _) in LANGUAGES {
            assert!(Locale::new(name).is_some(), "{name}");
        }
        // A country that the data does not know is that of the language.
        assert_eq!(Locale::new("it-ZZ").unwrap().names(), Locale::new("it").unwrap().names());
    }

    #[test]
    fn machines_may_move_between_threads() {
        fn moves<T: Send + Sync>() {}
        moves::<Locale>();
        moves::<crate::vm::Machine>();
    }
}
