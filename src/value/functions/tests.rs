use super::*;
use crate::schema::{Type, WEEKDAY_ENUM};
use crate::value::{Currency as Code, EnumId};
use proptest::prelude::*;

#[test]
fn the_table_is_in_the_order_of_the_functions() {
    for function in all() {
        let entry = function.entry();
        assert_eq!(entry.function, function);
        assert_eq!(named(function.name()), Some(function));
        assert!(!entry.examples.is_empty(), "{} has no example", entry.name);
        assert!(entry.usage.starts_with(&format!("{}(", entry.name)), "{}", entry.usage);
        assert!(entry.doc.ends_with('.'), "{}", entry.doc);
        let optional_last = entry.slots.iter().skip_while(|slot| slot.required).all(|slot| !slot.required);
        assert!(optional_last || function == Function::IsOpen, "{}", entry.name);
    }
    assert_eq!(all().count(), 44);
    assert_eq!(named("median"), None);
}

#[test]
fn arguments_find_their_slots() {
    let bind = |function: Function, names: &[Option<&str>]| function.bind(names);
    assert_eq!(bind(Function::Round, &[None]), Ok(vec![Some(0), None]));
    assert_eq!(bind(Function::Round, &[None, Some("digits")]), Ok(vec![Some(0), Some(1)]));
    assert_eq!(bind(Function::Round, &[Some("digits"), Some("x")]), Ok(vec![Some(1), Some(0)]));
    assert_eq!(bind(Function::IsOpen, &[Some("at")]), Ok(vec![None, Some(0)]));
    assert_eq!(bind(Function::IsOpen, &[]), Ok(vec![None, None]));
    assert_eq!(bind(Function::Sum, &[None, None]), Err(SignatureError::TooMany { arg: 1, at_most: 1 }));
    assert_eq!(bind(Function::Replace, &[None]), Err(SignatureError::Missing { names: vec!["old", "new"] }));
    assert_eq!(bind(Function::Round, &[None, Some("places")]), Err(SignatureError::UnknownName { arg: 1 }));
    assert_eq!(bind(Function::Round, &[None, Some("x")]), Err(SignatureError::Twice { arg: 1, name: "x" }));
    assert_eq!(bind(Function::Round, &[Some("x"), None]), Err(SignatureError::AfterNamed { arg: 1 }));
}

/// What each function makes of types, as text: `params → result`, or what is wrong.
fn signed(function: Function, given: &[Given]) -> String {
    let schema = crate::value::notation::schema();
    let name = |ty: &Type| schema.type_name(ty);
    match function.signature(given) {
        Ok(signature) => {
            let params: Vec<String> = signature
                .params
                .iter()
                .map(|param| match param {
                    Param::Value(ty) => name(ty),
                    Param::Lambda(ty) => format!("=> {}", name(ty)),
                    Param::Calendar => "calendar".into(),
                    Param::Currency => "currency".into(),
                    Param::Filled(Filled::Constant(value, _)) => {
                        format!("= {}", crate::value::notation::shown(value))
                    }
                    Param::Filled(Filled::Now) => "= now".into(),
                    Param::Filled(Filled::Hours) => "= hours".into(),
                    Param::Absent => "-".into(),
                })
                .collect();
            format!("{} → {}", params.join(", "), name(&signature.result))
        }
        Err(SignatureError::Wanted { slot, expected }) => format!("{slot}: {expected}"),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn signatures() {
    use Function::*;
    use Given::{Lambda, Nothing, Value as V};
    let euro = Type::Money(Code::parse("EUR"));
    let dollar = Type::Money(Code::parse("USD"));
    let money = Type::Money(None);
    let list = |ty: Type| ty.list();
    let (ints, never, texts) = (list(Type::Int), list(Type::Never), list(Type::Text));
    let source = Type::Enum(EnumId(1));
    let opt = Type::Text.optional();
    for (function, given, expected) in [
        (Len, &[V(&Type::Email)][..], "text → int"),
        (Len, &[V(&opt)], "Optional { slot: 0 }"),
        (Len, &[V(&ints)], "0: a text"),
        (Left, &[V(&Type::Text), V(&Type::Decimal)], "1: a whole number"),
        (Split, &[V(&Type::Text), V(&Type::Text)], "text, text → list of text"),
        (Join, &[V(&list(Type::Email)), V(&Type::Text)], "list of text, text → text"),
        (Join, &[V(&ints), V(&Type::Text)], "0: a list of texts"),
        (Round, &[V(&Type::Int), Nothing], "decimal, = int 0 → decimal"),
        (Round, &[V(&euro), V(&Type::Int)], "money in EUR, int → money in EUR"),
        (Floor, &[V(&Type::Decimal)], "decimal → int"),
        (Ceil, &[V(&money)], "money → money"),
        (Abs, &[V(&Type::Int)], "int → int"),
        (Abs, &[V(&Type::Text)], "0: a number or an amount"),
        (Min, &[V(&Type::Int), V(&Type::Decimal)], "decimal, decimal → decimal"),
        (Min, &[V(&euro), V(&euro)], "money in EUR, money in EUR → money in EUR"),
        (Max, &[V(&euro), V(&dollar)], "Different { slot: 1 }"),
        (Max, &[V(&Type::Date), V(&Type::Date)], "date, date → date"),
        (
            Max,
            &[V(&Type::Bool), V(&Type::Bool)],
            "0: something that stands in an order: a number, an amount, a text or a time",
        ),
        (Min, &[V(&ints), Nothing], "list of int, - → int?"),
        (Min, &[V(&list(source.clone())), Nothing], "0: a list of things that stand in an order"),
        (Min, &[V(&Type::Int), Nothing], "0: a list, or one of two things to compare"),
        (Count, &[V(&never)], "list of nothing → int"),
        (First, &[V(&texts)], "list of text → text?"),
        (Any, &[V(&ints), Lambda(&Type::Bool)], "list of int, => bool → bool"),
        (All, &[V(&ints), Lambda(&Type::Int)], "1: a condition"),
        (Filter, &[V(&texts), Lambda(&Type::Bool)], "list of text, => bool → list of text"),
        (Map, &[V(&texts), Lambda(&Type::Int)], "list of text, => int → list of int"),
        (Map, &[V(&texts), Lambda(&opt)], "Optional { slot: 1 }"),
        (Sort, &[V(&texts), Nothing], "list of text, - → list of text"),
        (Sort, &[V(&list(source.clone())), Lambda(&Type::Int)], "list of Source, => int → list of Source"),
        (
            Sort,
            &[V(&texts), Lambda(&source)],
            "1: a key that stands in an order: a number, an amount, a text or a time",
        ),
        (Sum, &[V(&ints)], "list of int, = int 0 → int"),
        (Sum, &[V(&list(euro.clone()))], "list of money in EUR, = money 0.00 EUR → money in EUR"),
        (Sum, &[V(&list(money.clone()))], "list of money, = none → money"),
        (Sum, &[V(&list(Type::Duration))], "list of duration, = duration PT0S → duration"),
        (Sum, &[V(&never)], "list of nothing, = int 0 → int"),
        (Sum, &[V(&texts)], "0: a list of numbers, amounts or durations"),
        (Pick, &[V(&list(Type::User))], "list of user → user"),
        (Weekday, &[V(&Type::Date)], "date → weekday"),
        (Hour, &[V(&Type::Time)], "time → int"),
        (Hour, &[V(&Type::Date)], "0: a datetime or a time"),
        (DaysBetween, &[V(&Type::Date), V(&Type::DateTime)], "date, datetime → int"),
        (AddMonths, &[V(&Type::DateTime), V(&Type::Int)], "datetime, int → datetime"),
        (AddWorkdays, &[V(&Type::Date), V(&Type::Int), Nothing], "date, int, = hours → date"),
        (AddWorkdays, &[V(&Type::DateTime), V(&Type::Int), Nothing], "0: a date"),
        (
            AddWorkHours,
            &[V(&Type::DateTime), V(&Type::Int), Given::Calendar],
            "datetime, decimal, calendar → datetime",
        ),
        (StartOfMonth, &[V(&Type::Date)], "date → date"),
        (StartOfDay, &[V(&Type::Date)], "date → datetime"),
        (IsOpen, &[Nothing, Nothing], "= hours, = now → bool"),
        (IsOpen, &[Given::Calendar, V(&Type::DateTime)], "calendar, datetime → bool"),
        (
            In,
            &[V(&dollar), Given::Currency(Code::parse("EUR").unwrap())],
            "money in USD, currency → money in EUR",
        ),
        (Currency, &[V(&Type::Int)], "0: an amount of money"),
        (Format, &[V(&Type::Date), V(&Type::Text)], "date, text → text"),
        (Format, &[V(&Type::Bool), V(&Type::Text)], "0: a number, an amount, a date or a time"),
        // What has been reported already is not reported again.
        (Len, &[V(&Type::Error)], "text → int"),
        (Min, &[V(&Type::Error), V(&Type::Int)], "int, int → int"),
        (Count, &[V(&Type::Error)], "list of unknown → int"),
    ] {
        assert_eq!(signed(function, given), expected, "{function:?}");
    }
    assert_eq!(Function::Weekday.signature(&[V(&Type::DateTime)]).unwrap().result, Type::Enum(WEEKDAY_ENUM));
}

#[test]
fn the_verifier_accepts_what_a_signature_gives_and_nothing_else() {
    let euro = Type::Money(Code::parse("EUR"));
    let ints = Type::Int.list();
    for (function, args, result, expected) in [
        (Function::Len, &[Type::Text][..], Type::Int, true),
        (Function::Len, &[Type::Email], Type::Int, false),
        (Function::Len, &[], Type::Int, false),
        (Function::Len, &[Type::Text, Type::Text], Type::Int, false),
        (Function::Len, &[Type::Text], Type::Text, false),
        (Function::Round, &[Type::Decimal, Type::Int], Type::Decimal, true),
        (Function::Round, &[Type::Decimal], Type::Decimal, false),
        (Function::Min, &[Type::Int, Type::Int], Type::Int, true),
        (Function::Min, &[Type::Int, Type::Decimal], Type::Decimal, false),
        (Function::Min, std::slice::from_ref(&ints), Type::Int.optional(), true),
        (Function::Sum, &[ints.clone(), Type::Int.optional()], Type::Int, true),
        (Function::Sum, std::slice::from_ref(&ints), Type::Int, false),
        (Function::Sort, std::slice::from_ref(&ints), ints.clone(), true),
        (Function::Any, std::slice::from_ref(&ints), Type::Bool, false),
        (Function::IsOpen, &[calendar_type(), Type::DateTime], Type::Bool, true),
        (Function::IsOpen, &[Type::DateTime], Type::Bool, false),
        (Function::AddWorkdays, &[Type::Date, Type::Int, calendar_type()], Type::Date, true),
        (Function::In, &[Type::Money(None), Type::Text], euro.clone(), true),
        (Function::In, &[Type::Money(None), Type::Text], Type::Money(None), false),
    ] {
        assert_eq!(function.accepts(args, &result), expected, "{function:?} {args:?}");
    }
}

fn types() -> impl Strategy<Value = Type> {
    let one = prop_oneof![
        Just(Type::Text),
        Just(Type::Int),
        Just(Type::Decimal),
        Just(Type::Money(None)),
        Just(Type::Money(Code::parse("EUR"))),
        Just(Type::Bool),
        Just(Type::Date),
        Just(Type::DateTime),
        Just(Type::Duration),
        Just(Type::Error),
        Just(Type::Never),
    ];
    (one, 0..3).prop_map(|(ty, form)| match form {
        0 => ty,
        1 => ty.list(),
        _ => ty.optional(),
    })
}

proptest! {
    #[test]
    fn every_signature_is_accepted_by_the_verifier(types in proptest::collection::vec(types(), 3), given in 0_usize..4) {
        for function in all() {
            let given: Vec<Given> = function.slots().iter().zip(&types).enumerate().map(|(at, (slot, ty))| match slot.kind {
                _ if at >= given => Given::Nothing,
                SlotKind::Value | SlotKind::Hidden => Given::Value(ty),
                SlotKind::Lambda => Given::Lambda(ty),
                SlotKind::Calendar => Given::Calendar,
                SlotKind::Currency => Given::Currency(Code::parse("EUR").unwrap()),
            }).collect();
            let Ok(signature) = function.signature(&given) else { continue };
            if signature.params.iter().any(|param| matches!(param, Param::Lambda(_))) || types.contains(&Type::Error) {
                continue;
            }
            let args: Vec<Type> = signature.params.iter().filter_map(Param::ty).collect();
            prop_assert!(function.accepts(&args, &signature.result), "{:?} {:?}", function, args);
        }
    }
}
