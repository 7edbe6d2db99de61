use super::*;
use crate::schema::{Calendar, Type};
use crate::value::functions::{self, Filled, Given, Param};
use crate::value::notation::{any_value, outcome, schema, shown, value};
use proptest::prelude::*;

fn with_office() -> Schema {
    let time = |text: &str| text.parse().unwrap();
    let spans = vec![(time("09:00:00"), time("13:00:00")), (time("14:00:00"), time("18:00:00"))];
    let mut week: [Vec<_>; 7] = Default::default();
    week[..5].fill(spans);
    let office =
        Calendar { name: "Office".into(), label: "Office".into(), timezone: Tz::UTC, week, closed: vec![] };
    Schema { calendars: vec![office], ..schema() }
}

fn called_in(function: &str, args: &[&str], tz: Tz, hours: Option<CalendarId>) -> String {
    let schema = with_office();
    let now = "2026-03-02T10:00:00Z".parse().unwrap();
    let env = Env { schema: &schema, tz, now, record_id: "D-1", hours, locale: None };
    let args: Vec<Value> = args.iter().map(|arg| value(arg)).collect();
    outcome(call(functions::named(function).unwrap(), &args, &env))
}

fn called(function: &str, args: &[&str]) -> String {
    called_in(function, args, Tz::Europe__Rome, None)
}

#[test]
fn functions_of_texts() {
    for (function, args, expected) in [
        ("len", &["text Größe😀"][..], "int 6"),
        ("lower", &["text ÀB"], "text àb"),
        ("upper", &["text straße"], "text STRASSE"),
        ("trim", &["text  \t a b \u{a0}"], "text a b"),
        ("replace", &["text aaa", "text aa", "text b"], "text ba"),
        ("replace", &["text abc", "text ", "text x"], "text abc"),
        ("replace", &["text abc", "text z", "text x"], "text abc"),
        ("split", &["text a;b;;c", "text ;"], "[text a; text b; text ; text c]"),
        ("split", &["text ", "text ;"], "[text ]"),
        ("split", &["text é😀", "text "], "[text é; text 😀]"),
        ("left", &["text Größe", "int 3"], "text Grö"),
        ("left", &["text ab", "int 9"], "text ab"),
        ("left", &["text ab", "int -1"], "text "),
        ("right", &["text Größe", "int 3"], "text öße"),
        ("right", &["text ab", "int 9"], "text ab"),
        ("right", &["text ab", "int -1"], "text "),
        ("right", &["text ab", "int -9223372036854775808"], "text "),
        ("join", &["[text a; text b]", "text , "], "text a, b"),
        ("join", &["[]", "text , "], "text "),
    ] {
        assert_eq!(called(function, args), expected, "{function} {args:?}");
    }
}

#[test]
fn a_text_does_not_grow_beyond_measure() {
    let long = format!("text {}", "a".repeat(1 << 20));
    assert_eq!(called("replace", &[&long, "text a", &long]), "! too-large");
    let many = format!("[{}]", vec![long.as_str(); 17].join("; "));
    assert_eq!(called("join", &[&many, "text "]), "! too-large");
}

#[test]
fn functions_of_numbers_and_amounts() {
    for (function, args, expected) in [
        ("round", &["decimal 2.5", "int 0"][..], "decimal 2"),
        ("round", &["decimal 3.5", "int 0"], "decimal 4"),
        ("round", &["decimal -2.5", "int 0"], "decimal -2"),
        ("round", &["decimal 2.345", "int 2"], "decimal 2.34"),
        ("round", &["decimal 2.5", "int 99"], "decimal 2.5"),
        ("round", &["decimal 1250", "int -2"], "decimal 1200"),
        ("round", &["decimal 1350", "int -2"], "decimal 1400"),
        ("round", &["decimal 1250.01", "int -2"], "decimal 1300"),
        ("round", &["decimal -1350", "int -2"], "decimal -1400"),
        ("round", &["decimal 49", "int -2"], "decimal 0"),
        ("round", &["decimal 79228162514264337593543950335", "int -1"], "! overflow"),
        ("round", &["decimal 79228162514264337593543950335", "int -28"], "! overflow"),
        (
            "round",
            &["decimal 72228162514264337593543950335", "int -28"],
            "decimal 70000000000000000000000000000",
        ),
        ("round", &["decimal 5", "int -9223372036854775808"], "decimal 0"),
        ("round", &["money 7.555 EUR", "int 2"], "money 7.56 EUR"),
        ("floor", &["decimal 2.7"], "int 2"),
        ("floor", &["decimal -2.1"], "int -3"),
        ("floor", &["decimal 1e20"], "! overflow"),
        ("floor", &["money -2.10 EUR"], "money -3.00 EUR"),
        ("ceil", &["decimal -0.5"], "int 0"),
        ("ceil", &["money 2.10 EUR"], "money 3.00 EUR"),
        ("abs", &["int -9223372036854775808"], "! overflow"),
        ("abs", &["decimal -1.5"], "decimal 1.5"),
        ("abs", &["money -5 EUR"], "money 5.00 EUR"),
        ("min", &["int 3", "int 2"], "int 2"),
        ("max", &["money 1 EUR", "money 2 USD"], "! currency-mismatch"),
        ("max", &["text a", "text b"], "text b"),
        ("in", &["money 100 USD", "text EUR"], "money 92.00 EUR"),
        ("in", &["money 100 EUR", "text USD"], "! no-rate"),
        ("currency", &["money 5 EUR"], "text EUR"),
        ("value", &["money 7.50 EUR"], "decimal 7.50"),
        ("format", &["decimal 1234.5", "text #,##0.00"], "text 1,234.50"),
        ("format", &["money 1234.5 EUR", "text ¤ 0"], "text EUR 1234"),
        ("format", &["datetime 2026-03-02T10:00:00Z", "text %H:%M"], "text 11:00"),
        ("format", &["date 2026-03-02", "text %H"], "! bad-format"),
        ("format", &["int 1", "text x"], "! bad-format"),
    ] {
        assert_eq!(called(function, args), expected, "{function} {args:?}");
    }
}

#[test]
fn functions_of_lists() {
    for (function, args, expected) in [
        ("count", &["[int 1; int 2]"][..], "int 2"),
        ("first", &["[int 1; int 2]"], "int 1"),
        ("first", &["[]"], "none"),
        ("last", &["[int 1; int 2]"], "int 2"),
        ("last", &["[]"], "none"),
        ("min", &["[int 3; int 1; int 2]"], "int 1"),
        ("max", &["[duration P1D; duration PT25H]"], "duration PT25H"),
        ("max", &["[]"], "none"),
        // The first of equal ones.
        ("max", &["[decimal 1.0; decimal 1.00]"], "decimal 1.0"),
        ("sort", &["[int 3; int 1; int 2]"], "[int 1; int 2; int 3]"),
        ("sort", &["[money 1 EUR; money 1 USD]"], "! currency-mismatch"),
        ("unique", &["[int 1; int 2; int 1]"], "[int 1; int 2]"),
        ("unique", &["[decimal 1.0; decimal 1.00]"], "[decimal 1.0]"),
        ("sum", &["[int 1; int 2]", "int 0"], "int 3"),
        ("sum", &["[]", "int 0"], "int 0"),
        ("sum", &["[]", "money 0 EUR"], "money 0.00 EUR"),
        ("sum", &["[]", "none"], "! no-currency"),
        ("sum", &["[money 1 EUR; money 2 USD]", "none"], "! currency-mismatch"),
        ("sum", &["[int 9223372036854775807; int 1]", "int 0"], "! overflow"),
        ("sum", &["[duration P1D; duration PT2H]", "duration PT0S"], "duration P1DT2H"),
        ("pick", &["[]"], "! empty-list"),
    ] {
        assert_eq!(called(function, args), expected, "{function} {args:?}");
    }
}

#[test]
fn sorting_by_keys_keeps_the_order_of_equal_ones() {
    let sorted = |items: &str, keys: &str| {
        let (Value::List(items), Value::List(keys)) = (value(items), value(keys)) else { panic!() };
        outcome(sort_by(&items, &keys))
    };
    assert_eq!(sorted("[text a; text b; text c]", "[int 2; int 1; int 2]"), "[text b; text a; text c]");
    assert_eq!(sorted("[text a; text b]", "[bool true; bool false]"), "! wrong-type");
}

#[test]
fn pick_is_stable_for_a_record() {
    // SipHash-1-3 with a zero key over the bytes of the id. Another implementation gives the same, for instance
    // `PYTHONHASHSEED=0 python3 -c "print(hash(b'D-1') % 2**64)"` (CPython 3.11 or later).
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    hasher.write(b"D-1");
    assert_eq!(hasher.finish(), 8_203_632_276_085_751_242);
    let schema = Schema::default();
    let picked = |id: &str| {
        let env = Env {
            schema: &schema,
            tz: Tz::UTC,
            now: DateTime::UNIX_EPOCH,
            record_id: id,
            hours: None,
            locale: None,
        };
        outcome(call(Function::Pick, &[value("[user anna; user ben; user carl]")], &env))
    };
    let all: Vec<String> = (1..=12).map(|n| picked(&format!("D-{n}")).replace("user ", "")).collect();
    assert_eq!(all.join(" "), "ben ben ben anna anna ben carl anna anna anna carl ben");
}

#[test]
fn functions_of_dates() {
    for (function, args, expected) in [
        // Rome is an hour ahead: it is the next day there.
        ("date", &["datetime 2026-03-02T23:30:00Z"][..], "date 2026-03-03"),
        ("time", &["datetime 2026-03-02T23:30:00Z"], "time 00:30:00"),
        ("year", &["datetime 2025-12-31T23:30:00Z"], "int 2026"),
        ("month", &["date 2026-03-02"], "int 3"),
        ("day", &["datetime 2026-03-02T23:30:00Z"], "int 3"),
        ("weekday", &["date 2026-03-02"], "enum 0"),
        ("weekday", &["date 2026-03-08"], "enum 6"),
        ("hour", &["datetime 2026-03-02T23:30:00Z"], "int 0"),
        ("hour", &["time 17:45"], "int 17"),
        ("days_between", &["date 2026-02-27", "date 2026-03-02"], "int 3"),
        ("days_between", &["date 2026-03-02", "date 2026-02-27"], "int -3"),
        ("days_between", &["datetime 2026-03-02T22:30:00Z", "datetime 2026-03-02T23:30:00Z"], "int 1"),
        ("days_between", &["date 2026-03-02", "datetime 2026-03-02T23:30:00Z"], "int 1"),
        ("add_months", &["date 2026-01-31", "int 1"], "date 2026-02-28"),
        // 10:00 stays 10:00 over the change to summer time.
        ("add_months", &["datetime 2026-03-02T09:00:00Z", "int 1"], "datetime 2026-04-02T08:00:00Z"),
        // The later 02:30 of two.
        ("add_months", &["datetime 2026-10-25T01:30:00Z", "int 0"], "datetime 2026-10-25T01:30:00Z"),
        ("add_months", &["date 2026-01-31", "int 9223372036854775807"], "! overflow"),
        ("start_of_day", &["datetime 2026-03-02T23:30:00Z"], "datetime 2026-03-02T23:00:00Z"),
        ("start_of_day", &["date 2026-03-02"], "datetime 2026-03-01T23:00:00Z"),
        ("start_of_month", &["date 2026-03-31"], "date 2026-03-01"),
        ("start_of_month", &["datetime 2026-03-31T10:00:00Z"], "datetime 2026-02-28T23:00:00Z"),
    ] {
        assert_eq!(called(function, args), expected, "{function} {args:?}");
    }
}

#[test]
fn working_time_by_a_calendar_the_pipelines_hours_or_always() {
    let office = Some(CalendarId(0));
    for (function, args, hours, expected) in [
        ("is_open", &["int 0", "datetime 2026-03-02T10:00:00Z"][..], None, "bool true"),
        ("is_open", &["int 0", "datetime 2026-03-02T13:30:00Z"], None, "bool false"),
        ("is_open", &["none", "datetime 2026-03-02T13:30:00Z"], None, "bool true"),
        ("is_open", &["none", "datetime 2026-03-02T13:30:00Z"], office, "bool false"),
        ("is_open", &["int 7", "datetime 2026-03-02T13:30:00Z"], None, "! wrong-type"),
        ("is_open", &["int -1", "datetime 2026-03-02T13:30:00Z"], None, "! wrong-type"),
        ("add_workdays", &["date 2026-03-06", "int 1", "int 0"], None, "date 2026-03-09"),
        ("add_workdays", &["date 2026-03-06", "int 1", "none"], None, "date 2026-03-07"),
        ("add_workdays", &["date 2026-03-06", "int 9223372036854775807", "none"], None, "! overflow"),
        (
            "add_work_hours",
            &["datetime 2026-03-02T10:00:00Z", "decimal 8", "none"],
            office,
            "datetime 2026-03-03T10:00:00Z",
        ),
        (
            "add_work_hours",
            &["datetime 2026-03-02T10:00:00Z", "decimal 8", "none"],
            None,
            "datetime 2026-03-02T18:00:00Z",
        ),
        ("add_work_hours", &["datetime 2026-03-02T10:00:00Z", "decimal 1e20", "none"], office, "! overflow"),
    ] {
        assert_eq!(called_in(function, args, Tz::UTC, hours), expected, "{function} {args:?}");
    }
}

#[test]
fn a_long_list_is_made_unique_like_a_short_one() {
    let long: Vec<Value> =
        (0..100).map(|n| Value::Decimal(Decimal::new(n % 7 * 10, u32::from(n % 2 == 0)))).collect();
    let Value::List(kept) = unique(&long) else { panic!() };
    let slowly = long.iter().enumerate().filter(|(at, item)| !long[..*at].contains(item));
    assert_eq!(kept.to_vec(), slowly.map(|(_, item)| item.clone()).collect::<Vec<_>>());
}

proptest! {
    #[test]
    fn no_function_panics_on_any_values(
        args in proptest::collection::vec(any_value(), 0..4),
        lists in any::<bool>(),
        zone in 0_usize..600,
    ) {
        let schema = with_office();
        let tz = chrono_tz::TZ_VARIANTS[zone % chrono_tz::TZ_VARIANTS.len()];
        let env = Env { schema: &schema, tz, now: DateTime::UNIX_EPOCH, record_id: "D-1", hours: Some(CalendarId(0)), locale: None };
        let args = if lists { vec![Value::List(args.into())] } else { args };
        for function in functions::all() {
            let _ = call(function, &args, &env);
        }
        let mut out = String::new();
        let printer = Printer { schema: &schema, labels: Labels::default(), tz, locale: None };
        for arg in &args {
            printer.print(arg, &Type::Never, &mut out);
            crate::value::json::write(arg, &Type::Never, &schema, Labels::default(), &mut Vec::new());
        }
    }

    #[test]
    fn what_a_function_gives_is_of_the_type_its_signature_says(
        typed in proptest::collection::vec(crate::value::notation::typed(), 3),
    ) {
        let schema = with_office();
        let now = "2026-03-02T10:00:00Z".parse().unwrap();
        let env = Env { schema: &schema, tz: Tz::Europe__Rome, now, record_id: "D-1", hours: None, locale: None };
        for function in functions::all() {
            let slots = function.slots();
            let given: Vec<Given> = slots.iter().zip(&typed).map(|(slot, (ty, _))| match slot.kind {
                functions::SlotKind::Value => Given::Value(ty),
                functions::SlotKind::Currency => Given::Currency(Currency::parse("EUR").unwrap()),
                _ => Given::Nothing,
            }).collect();
            let Ok(signature) = function.signature(&given) else { continue };
            let mut args = Vec::new();
            for (at, param) in signature.params.iter().enumerate() {
                match param {
                    Param::Value(Type::Decimal) => args.push(match &typed[at].1 {
                        Value::Int(number) => Value::Decimal((*number).into()),
                        other => other.clone(),
                    }),
                    Param::Value(_) => args.push(typed[at].1.clone()),
                    Param::Currency => args.push(Value::Text("EUR".into())),
                    Param::Filled(Filled::Constant(value, _)) => args.push(value.clone()),
                    Param::Filled(Filled::Now) => args.push(Value::DateTime(now)),
                    Param::Calendar | Param::Filled(Filled::Hours) => args.push(Value::None),
                    Param::Lambda(_) | Param::Absent => {}
                }
            }
            match call(function, &args, &env) {
                Ok(result) => prop_assert!(has_type(&result, &signature.result), "{:?} gave {}", function, shown(&result)),
                Err(failure) => prop_assert_ne!(failure.code, FailureCode::WrongType, "{:?} {:?}", function, args),
            }
        }
    }
}

fn has_type(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (Value::None, Type::Optional(_)) => true,
        (value, Type::Optional(inner)) => has_type(value, inner),
        (Value::List(items), Type::List(element)) => items.iter().all(|item| has_type(item, element)),
        (Value::Money(money), Type::Money(wanted)) => wanted.is_none_or(|wanted| wanted == money.currency),
        (Value::Enum(position), Type::Enum(_)) => *position < 7,
        (value, ty) => matches!(
            (value, ty),
            (Value::Bool(_), Type::Bool)
                | (Value::Int(_), Type::Int)
                | (Value::Decimal(_), Type::Decimal)
                | (Value::Text(_), Type::Text | Type::Opaque(_))
                | (Value::Date(_), Type::Date)
                | (Value::Time(_), Type::Time)
                | (Value::DateTime(_), Type::DateTime)
                | (Value::Duration(_), Type::Duration)
        ),
    }
}
