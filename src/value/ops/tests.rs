use super::*;
use crate::schema::Schema;
use crate::value::Currency;
use crate::value::notation::{any_value, outcome, schema, value};
use proptest::prelude::*;

/// The type of a value in the notation.
fn type_of(value: &Value) -> Type {
    match value {
        Value::Int(_) => Type::Int,
        Value::Decimal(_) => Type::Decimal,
        Value::Money(money) => Type::Money(Some(money.currency)),
        Value::Text(_) => Type::Text,
        Value::Bool(_) => Type::Bool,
        Value::Date(_) => Type::Date,
        Value::Time(_) => Type::Time,
        Value::DateTime(_) => Type::DateTime,
        Value::Duration(_) => Type::Duration,
        _ => Type::Never,
    }
}

/// What a checker and a machine together make of it.
fn evaluated(left: &str, op: &str, right: &str, tz: Tz) -> String {
    let (left, right) = (value(left), value(right));
    let op = match op {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        _ => BinaryOp::Div,
    };
    let Some((arith_op, l, r, result)) = ArithOp::of(op, &type_of(&left), &type_of(&right)) else {
        return "no such arithmetic".into();
    };
    let convert = |value: Value, ty: &Type| {
        if type_of(&value) == *ty { value } else { int_to_decimal(&value).unwrap() }
    };
    let value = arith(arith_op, &convert(left, &l), &convert(right, &r), tz);
    if let Ok(value) = &value {
        assert_eq!(type_of(value), result);
    }
    outcome(value)
}

#[test]
fn numbers() {
    for (left, op, right, expected) in [
        ("int 2", "+", "int 3", "int 5"),
        ("int 9223372036854775807", "+", "int 1", "! overflow"),
        ("int -9223372036854775808", "-", "int 1", "! overflow"),
        ("int 4611686018427387904", "*", "int 2", "! overflow"),
        ("int 7", "/", "int 2", "decimal 3.5"),
        ("int 1", "/", "int 3", "decimal 0.3333333333333333333333333333"),
        ("int 2", "/", "int 3", "decimal 0.6666666666666666666666666667"),
        ("int 1", "/", "int 0", "! division-by-zero"),
        ("int 0", "/", "int 0", "! division-by-zero"),
        ("decimal 0.1", "+", "decimal 0.2", "decimal 0.3"),
        ("decimal 0.1", "+", "int 1", "decimal 1.1"),
        ("int 3", "*", "decimal 1.50", "decimal 4.50"),
        ("decimal 79228162514264337593543950335", "+", "int 1", "! overflow"),
        ("decimal 79228162514264337593543950335", "*", "decimal 2", "! overflow"),
        ("decimal 79228162514264337593543950335", "/", "decimal 0.1", "! overflow"),
        // Half to even, at the last digit.
        ("decimal 0.0000000000000000000000000001", "/", "int 2", "decimal 0"),
        ("decimal 0.0000000000000000000000000003", "/", "int 2", "decimal 0.0000000000000000000000000002"),
        ("text a", "+", "text b", "no such arithmetic"),
        ("int 1", "+", "text b", "no such arithmetic"),
        ("bool true", "+", "bool true", "no such arithmetic"),
    ] {
        assert_eq!(evaluated(left, op, right, Tz::UTC), expected, "{left} {op} {right}");
    }
}

#[test]
fn amounts() {
    for (left, op, right, expected) in [
        ("money 5 EUR", "+", "money 7.50 EUR", "money 12.50 EUR"),
        // They keep the digits they came with; only `*` and `/` round, half to even.
        ("money 0.001 EUR", "+", "money 1 EUR", "money 1.001 EUR"),
        ("money 1.005 EUR", "*", "int 1", "money 1.00 EUR"),
        ("money 1.015 EUR", "*", "int 1", "money 1.02 EUR"),
        ("int 2", "*", "money 1.005 EUR", "money 2.01 EUR"),
        ("decimal 0.22", "*", "money 99.99 EUR", "money 22.00 EUR"),
        ("money 100 EUR", "/", "int 3", "money 33.33 EUR"),
        ("money 100 JPY", "/", "int 3", "money 33 JPY"),
        ("money 5 JPY", "*", "decimal 0.5", "money 2 JPY"),
        ("money 1 KWD", "/", "int 3", "money 0.333 KWD"),
        ("money 1 EUR", "/", "int 0", "! division-by-zero"),
        ("money 10 EUR", "/", "money 4 EUR", "decimal 2.5"),
        ("money 10 EUR", "/", "money 0 EUR", "! division-by-zero"),
        ("money 10 EUR", "*", "money 2 EUR", "no such arithmetic"),
        ("money 10 EUR", "+", "money 2 USD", "no such arithmetic"),
        ("money 10 EUR", "+", "int 2", "no such arithmetic"),
        ("int 2", "/", "money 10 EUR", "no such arithmetic"),
        ("money 79228162514264337593543950335 EUR", "+", "money 1 EUR", "! overflow"),
    ] {
        assert_eq!(evaluated(left, op, right, Tz::UTC), expected, "{left} {op} {right}");
    }
}

#[test]
fn amounts_whose_currencies_only_the_run_knows() {
    let unknown = Type::Money(None);
    let euro = Type::Money(Currency::parse("EUR"));
    let (add, ..) = ArithOp::of(BinaryOp::Add, &unknown, &unknown).unwrap();
    let both = |left, right| outcome(arith(add, &value(left), &value(right), Tz::UTC));
    assert_eq!(both("money 1 EUR", "money 2 EUR"), "money 3.00 EUR");
    assert_eq!(both("money 1 EUR", "money 2 USD"), "! currency-mismatch");
    assert_eq!(ArithOp::of(BinaryOp::Add, &unknown, &euro), None);
    assert_eq!(ArithOp::of(BinaryOp::Sub, &euro, &unknown), None);
}

#[test]
fn durations() {
    for (left, op, right, expected) in [
        ("duration P1DT2H", "+", "duration PT30M", "duration P1DT2H30M"),
        ("duration P1D", "-", "duration PT1H", "duration P1DT-1H"),
        ("duration P1DT1H", "*", "int 3", "duration P3DT3H"),
        ("int -2", "*", "duration P1DT1H", "duration P-2DT-2H"),
        ("duration P1D", "*", "decimal 1.5", "no such arithmetic"),
        // Divided, a day is 24 hours; to the second, half to even.
        ("duration P1D", "/", "int 2", "duration PT12H"),
        ("duration PT5S", "/", "int 2", "duration PT2S"),
        ("duration PT7S", "/", "decimal 2", "duration PT4S"),
        ("duration P1D", "/", "duration PT6H", "decimal 4"),
        ("duration PT1S", "/", "duration PT0S", "! division-by-zero"),
        ("duration P1D", "/", "int 0", "! division-by-zero"),
        ("duration P9223372036854775807D", "+", "duration P1D", "! overflow"),
        ("duration P9223372036854775807D", "/", "decimal 0.5", "! overflow"),
        ("duration P4611686018427387904D", "*", "int 2", "! overflow"),
        ("int 1", "/", "duration P1D", "no such arithmetic"),
    ] {
        assert_eq!(evaluated(left, op, right, Tz::UTC), expected, "{left} {op} {right}");
    }
}

#[test]
fn dates_and_times() {
    for (left, op, right, expected) in [
        ("date 2026-03-02", "+", "time 10:30", "datetime 2026-03-02T09:30:00Z"),
        ("date 2026-03-02", "-", "date 2026-02-27", "duration P3D"),
        ("date 2026-02-27", "-", "date 2026-03-02", "duration P-3D"),
        ("datetime 2026-03-02T10:00:00Z", "-", "datetime 2026-03-01T09:59:30Z", "duration PT24H30S"),
        ("datetime 2026-03-02T10:00:00.9Z", "-", "datetime 2026-03-02T10:00:00Z", "duration PT0S"),
        // A datetime from a date, counted from the day's first moment.
        ("date 2026-03-02", "+", "duration P1DT2H", "datetime 2026-03-03T01:00:00Z"),
        ("date 2026-03-02", "-", "duration PT1S", "datetime 2026-03-01T22:59:59Z"),
        ("date 9999-12-31", "+", "duration P1D", "! overflow"),
        ("date 0001-01-01", "-", "duration P1D", "! overflow"),
        ("datetime 2026-03-02T10:00:00Z", "+", "duration P9223372036854775807D", "! overflow"),
        ("datetime 2026-03-02T10:00:00Z", "-", "duration PT-9223372036854775807S", "! overflow"),
        ("datetime 2026-03-02T10:00:00Z", "-", "date 2026-03-02", "no such arithmetic"),
        ("date 2026-03-02", "+", "date 2026-03-02", "no such arithmetic"),
        ("date 2026-03-02", "+", "int 1", "no such arithmetic"),
        ("time 10:00", "+", "duration PT1H", "no such arithmetic"),
    ] {
        assert_eq!(evaluated(left, op, right, Tz::Europe__Rome), expected, "{left} {op} {right}");
    }
}

#[test]
fn whole_days_from_a_date_are_a_date() {
    let whole_days = |op, date: &str, duration: &str| {
        let (op, _, _, _) = ArithOp::of(op, &Type::Date, &Type::Duration).unwrap();
        let (op, ty) = op.whole_days().unwrap();
        assert_eq!(ty, Type::Date);
        outcome(arith(op, &value(date), &value(duration), Tz::Europe__Rome))
    };
    assert_eq!(whole_days(BinaryOp::Add, "date 2026-03-28", "duration P2D"), "date 2026-03-30");
    assert_eq!(whole_days(BinaryOp::Sub, "date 2026-03-01", "duration P1W"), "date 2026-02-22");
    // `24 hours` is as whole a day as `1 day`.
    assert_eq!(whole_days(BinaryOp::Add, "date 2026-03-28", "duration PT24H"), "date 2026-03-29");
    assert_eq!(whole_days(BinaryOp::Add, "date 9999-12-31", "duration P1D"), "! overflow");
    assert_eq!(whole_days(BinaryOp::Sub, "date 2026-03-01", "duration P-9223372036854775808D"), "! overflow");
}

#[test]
fn clock_changes_in_rome_and_new_york() {
    use Tz::{America__New_York as NEW_YORK, Europe__Rome as ROME};
    for (tz, left, right, expected) in [
        // Rome goes to summer time on 29 March 2026, 02:00 → 03:00 (01:00 UTC). Days keep the hour…
        (ROME, "datetime 2026-03-28T09:00:00Z", "duration P1D", "datetime 2026-03-29T08:00:00Z"),
        (ROME, "datetime 2026-03-28T09:00:00Z", "duration P3D", "datetime 2026-03-31T08:00:00Z"),
        // … hours are exact …
        (ROME, "datetime 2026-03-28T09:00:00Z", "duration PT24H", "datetime 2026-03-29T09:00:00Z"),
        // … 02:30 does not exist: the next that does is 03:00 …
        (ROME, "datetime 2026-03-28T01:30:00Z", "duration P1D", "datetime 2026-03-29T01:00:00Z"),
        // … and seconds are counted from there.
        (ROME, "datetime 2026-03-28T01:30:00Z", "duration P1DT1H", "datetime 2026-03-29T02:00:00Z"),
        // Back on 25 October, 03:00 → 02:00 (01:00 UTC): of 02:30 the earlier.
        (ROME, "datetime 2026-10-24T00:30:00Z", "duration P1D", "datetime 2026-10-25T00:30:00Z"),
        (ROME, "datetime 2026-10-24T08:00:00Z", "duration P1D", "datetime 2026-10-25T09:00:00Z"),
        // The later 02:30 stays what it is if no day is added.
        (ROME, "datetime 2026-10-25T01:30:00Z", "duration PT0S", "datetime 2026-10-25T01:30:00Z"),
        (ROME, "datetime 2026-10-25T01:30:00Z", "duration PT1H", "datetime 2026-10-25T02:30:00Z"),
        // New York: 8 March 2026, 02:00 → 03:00 (07:00 UTC) …
        (NEW_YORK, "datetime 2026-03-07T15:00:00Z", "duration P1D", "datetime 2026-03-08T14:00:00Z"),
        (NEW_YORK, "datetime 2026-03-07T07:30:00Z", "duration P1D", "datetime 2026-03-08T07:00:00Z"),
        // … and 1 November, 02:00 → 01:00 (06:00 UTC).
        (NEW_YORK, "datetime 2026-10-31T05:30:00Z", "duration P1D", "datetime 2026-11-01T05:30:00Z"),
        (NEW_YORK, "datetime 2026-10-31T14:00:00Z", "duration P1D", "datetime 2026-11-01T15:00:00Z"),
    ] {
        assert_eq!(evaluated(left, "+", right, tz), expected, "{tz}: {left} + {right}");
    }
    for (left, right, expected) in [
        ("datetime 2026-03-29T08:00:00Z", "duration P1D", "datetime 2026-03-28T09:00:00Z"),
        ("datetime 2026-03-30T00:30:00Z", "duration P1D", "datetime 2026-03-29T01:00:00Z"),
        ("datetime 2026-10-26T01:30:00Z", "duration P1D", "datetime 2026-10-25T00:30:00Z"),
    ] {
        assert_eq!(evaluated(left, "-", right, ROME), expected, "{left} - {right}");
    }
}

#[test]
fn negation() {
    for (operand, expected) in [
        ("int 5", "int -5"),
        ("int -9223372036854775808", "! overflow"),
        ("decimal -2.5", "decimal 2.5"),
        ("decimal 0", "decimal 0"),
        ("money 5 EUR", "money -5.00 EUR"),
        ("duration P1DT-2H", "duration P-1DT2H"),
        ("duration P-9223372036854775808D", "! overflow"),
    ] {
        let operand = value(operand);
        let op = ArithOp::negation(&type_of(&operand)).unwrap();
        assert_eq!(op.result(&type_of(&operand), &Type::Never), Some(type_of(&operand)));
        assert_eq!(outcome(arith(op, &operand, &Value::None, Tz::UTC)), expected, "{operand:?}");
    }
    assert_eq!(ArithOp::negation(&Type::Text), None);
}

#[test]
fn exchange_by_the_written_rates() {
    let schema = schema();
    let exchanged = |from: &str, to: &str| {
        let Value::Money(money) = value(from) else { panic!() };
        outcome(exchange(money, Currency::parse(to).unwrap(), &schema).map(Value::Money))
    };
    assert_eq!(exchanged("money 100 USD", "EUR"), "money 92.00 EUR");
    assert_eq!(exchanged("money 0.125 USD", "EUR"), "money 0.12 EUR");
    assert_eq!(exchanged("money 1000 JPY", "EUR"), "money 6.10 EUR");
    // What is in that currency already keeps its digits.
    assert_eq!(exchanged("money 1.005 EUR", "EUR"), "money 1.005 EUR");
    // No inverse of a rate, and no way over a third currency.
    assert_eq!(exchanged("money 92 EUR", "USD"), "! no-rate");
    assert_eq!(exchanged("money 92 JPY", "USD"), "! no-rate");
    assert_eq!(
        exchanged("money 79228162514264337593543950335 USD", "EUR"),
        "money 72889909513123190586060434308.00 EUR"
    );
}

#[test]
fn the_verifier_knows_each_operation_by_the_types_it_takes() {
    let types =
        [Type::Int, Type::Decimal, Type::Money(None), Type::Date, Type::Time, Type::DateTime, Type::Duration];
    let mut known = 0;
    for op in [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div] {
        for left in &types {
            for right in &types {
                let Some((arith, l, r, result)) = ArithOp::of(op, left, right) else { continue };
                assert_eq!(arith.result(&l, &r), Some(result), "{arith:?}");
                assert_eq!(arith.result(&Type::Text, &r), None);
                known += 1;
                if let Some((days, ty)) = arith.whole_days() {
                    assert_eq!(days.result(&l, &r), Some(ty));
                }
            }
        }
    }
    assert_eq!(known, 39);
    assert_eq!(AddInt.result(&Type::Decimal, &Type::Decimal), None);
    assert_eq!(ArithOp::of(BinaryOp::And, &Type::Int, &Type::Int), None);
}

const ALL: &[ArithOp] = &[
    AddInt,
    SubInt,
    MulInt,
    AddDecimal,
    SubDecimal,
    MulDecimal,
    DivDecimal,
    AddMoney,
    SubMoney,
    MulMoneyDecimal,
    MulDecimalMoney,
    DivMoneyDecimal,
    DivMoney,
    AddDuration,
    SubDuration,
    MulDurationInt,
    MulIntDuration,
    DivDurationDecimal,
    DivDuration,
    DateAddTime,
    DateAddDuration,
    DateSubDuration,
    DateAddDays,
    DateSubDays,
    SubDate,
    InstantAddDuration,
    InstantSubDuration,
    SubInstant,
    NegInt,
    NegDecimal,
    NegMoney,
    NegDuration,
];

proptest! {
    #[test]
    fn no_operation_panics_on_any_values(left in any_value(), right in any_value(), zone in 0_usize..600) {
        let tz = chrono_tz::TZ_VARIANTS[zone % chrono_tz::TZ_VARIANTS.len()];
        for op in ALL {
            let _ = arith(*op, &left, &right, tz);
        }
        let _ = int_to_decimal(&left);
        if let Value::Money(money) = left {
            let _ = exchange(money, Currency::parse("EUR").unwrap(), &Schema::default());
        }
    }
}
