//! What is certain is never wrong: random conditions, asked of the search and of the machine over many records.

use super::{Answer, Origin, Place, Reason};
use crate::compiler;
use crate::lower::lower;
use crate::model::{Condition, Model};
use crate::schema::BUILTIN_FIELDS;
use crate::value::*;
use crate::vm::{Context, Machine, Scratch};
use chrono::{NaiveDate, TimeZone, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;

const FIELDS: &str = "a: int?, b: int, k: enum { x, y, z }, o: enum { u, v }?, f: bool, m: money in EUR, d: date, \
                      s: text, t: text?, g: int min 1 max 3, l: list of text";

/// A program with these conditions, each of a trigger of the second stage, its model and its machine.
fn program(conditions: &[String]) -> (Model, Machine) {
    let triggers: String =
        conditions.iter().map(|c| format!("    trigger on any change when {c}\n")).collect();
    let text = format!(
        "enum Colour {{ red, green }}\nconst THREE = 3\nfn big(r: R, n: int) -> bool = r.b > n\n\
         fn half(n: int) -> int = if n > 2 then 1 else 0\n\
         entity R {{ {FIELDS} }}\npipeline P for R {{\n  stage A {{ }}\n  stage B {{\n{triggers}  }}\n}}\n"
    );
    let loaded = compiler::load(&["t.rules".into()], &mut |_| Ok(text.clone().into_bytes()));
    let checked = compiler::check(&loaded);
    let model = checked.model.unwrap_or_else(|| panic!("{:#?}\n{text}", checked.diagnostics));
    let lowered = lower(&model, &loaded.sources).expect("what was checked can be compiled");
    (model, Machine::new(lowered).expect("what was compiled can run"))
}

fn condition(model: &Model, n: usize) -> &Condition {
    model.stages[1].triggers[n].when.as_ref().expect("every trigger has one")
}

/// Whether a condition holds; a failure is as good as false.
fn holds(machine: &Machine, n: usize, record: &[Value]) -> bool {
    let none = |_: EntityId, _: &str| None;
    let ctx = Context {
        record,
        entity: EntityId(0),
        event: None,
        old: None,
        output: &|_| None,
        lookup: &none,
        now: Utc.with_ymd_and_hms(2026, 3, 2, 10, 0, 0).unwrap(),
        pipeline: PipelineId(0),
        home: PipelineId(0),
    };
    let chunk = machine.program().trigger(TriggerId(n as u32)).when.expect("every trigger has one");
    machine.holds(&mut Scratch::default(), chunk, &ctx).unwrap_or(false)
}

fn record(n: [usize; 11]) -> Vec<Value> {
    let int = |n: usize| Value::Int(n as i64);
    let text = |n: usize| Value::Text(["", " ", "p", "P", "pq", "r"][n % 6].into());
    let maybe = |n: usize, value: Value| if n == 0 { Value::None } else { value };
    let mut values = vec![Value::Text("R-1".into()); BUILTIN_FIELDS];
    values[1] = Value::DateTime(Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap());
    values[2] = Value::Stage(StageId(n[0] as u16 % 2));
    values[3] = values[1].clone();
    let eur = Currency::parse("EUR").unwrap();
    let list: Vec<Value> = (0..n[10] % 3).map(text).collect();
    values.extend([
        maybe(n[0] % 6, int(n[0] % 6)),
        int(n[1] % 6),
        Value::Enum(n[2] as u16 % 3),
        maybe(n[3] % 3, Value::Enum(n[3] as u16 % 2)),
        Value::Bool(n[4] % 2 == 1),
        Value::Money(Money { amount: Decimal::new((n[5] % 12) as i64 * 5, 1), currency: eur }),
        Value::Date(NaiveDate::from_ymd_opt(2026, 3, 1 + n[6] as u32 % 5).unwrap()),
        text(n[7]),
        maybe(n[8] % 4, text(n[8])),
        int(1 + n[9] % 3),
        Value::List(list.into()),
    ]);
    values
}

/// The tests that conditions are made of.
fn test() -> impl Strategy<Value = String> {
    let op = prop_oneof![Just("<"), Just("<="), Just(">"), Just(">="), Just("=="), Just("!=")];
    let same = prop_oneof![Just("=="), Just("!=")];
    let text = prop_oneof![Just("\"\""), Just("\"p\""), Just("\"P\""), Just("\"pq\"")];
    let inside =
        prop_oneof![Just("~="), Just("contains"), Just("starts with"), Just("ends with"), Just("==")];
    prop_oneof![
        (op.clone(), 0..6).prop_map(|(op, n)| format!("b {op} {n}")),
        (op.clone(), 0..6).prop_map(|(op, n)| format!("{n} {op} b")),
        (op.clone(), 0..6).prop_map(|(op, n)| format!("(a is set and a {op} {n})")),
        (op.clone(), 0..6).prop_map(|(op, n)| format!("(a is not set or a {op} {n})")),
        (op.clone(), 0..6).prop_map(|(op, n)| format!("(a ?? 2) {op} {n}")),
        (op.clone(), 0..6).prop_map(|(op, n)| format!("(if f then b else g) {op} {n}")),
        (op.clone(), 0..5).prop_map(|(op, n)| format!("g {op} {n}")),
        (op.clone(), 0..6).prop_map(|(op, n)| format!("m {op} {n} EUR")),
        (op.clone(), 1..6).prop_map(|(op, n)| format!("d {op} 2026-03-0{n}")),
        (op.clone(), 0..3).prop_map(|(op, n)| format!("len(s) {op} {n}")),
        op.clone().prop_map(|op| format!("b {op} g")),
        op.clone().prop_map(|op| format!("g {op} b")),
        op.clone().prop_map(|op| format!("b {op} THREE")),
        op.clone().prop_map(|op| format!("10 / (b - 1) {op} 3")),
        (op, text.clone()).prop_map(|(op, t)| format!("s {op} {t}")),
        (0..4, 1..5).prop_map(|(a, b)| format!("b between {a} and {b}")),
        (0..4, 1..5).prop_map(|(a, b)| format!("a in [{a}, {b}]")),
        (0..4).prop_map(|a| format!("b not in [{a}, g]")),
        (0..5).prop_map(|n| format!("big(this, {n})")),
        (0..3).prop_map(|n| format!("half(b) == {n}")),
        (same.clone(), 0..6).prop_map(|(op, n)| format!("a {op} {n}")),
        (same.clone(), prop_oneof![Just("x"), Just("y"), Just("z")])
            .prop_map(|(op, k)| format!("k {op} {k}")),
        (same.clone(), prop_oneof![Just("u"), Just("v"), Just("none")])
            .prop_map(|(op, k)| format!("o {op} {k}")),
        (same.clone(), prop_oneof![Just("A"), Just("B")]).prop_map(|(op, k)| format!("stage {op} {k}")),
        (inside, text.clone()).prop_map(|(op, t)| format!("s {op} {t}")),
        text.clone().prop_map(|t| format!("t ~= {t}")),
        text.clone().prop_map(|t| format!("t in [{t}, \"r\"]")),
        text.clone().prop_map(|t| format!("l contains {t}")),
        text.prop_map(|t| format!("l.any(x => x == {t})")),
        (same, 0..6).prop_map(|(op, n)| format!("(b > {n}) {op} true")),
        prop_oneof![
            Just("a is set"),
            Just("t is empty"),
            Just("s is empty"),
            Just("s is not empty"),
            Just("o is not set"),
            Just("f"),
            Just("f == false"),
            Just("s matches /p/"),
            Just("l is empty"),
            Just("stage is final"),
            Just("k in [x, y]"),
            Just("a == b"),
            Just("a != g"),
            Just("t == s"),
            Just("true"),
        ]
        .prop_map(str::to_owned),
    ]
}

fn condition_text() -> impl Strategy<Value = String> {
    test().prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(if {a} then {b} else {c})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..Default::default() })]

    #[test]
    fn what_is_certain_is_never_wrong(
        conditions in proptest::collection::vec(condition_text(), 12),
        records in proptest::collection::vec(proptest::array::uniform11(0usize..60), 150),
    ) {
        let (model, machine) = program(&conditions);
        let place = Place { entity: Some(EntityId(0)), event: None };
        let mut reason = Reason::new(&model);
        let formulas: Vec<_> =
            (0..conditions.len()).map(|n| reason.formula(&condition(&model, n).expr, &place)).collect();
        let records: Vec<_> = records.into_iter().map(record).collect();
        let truth: Vec<Vec<bool>> =
            (0..conditions.len()).map(|n| records.iter().map(|r| holds(&machine, n, r)).collect()).collect();
        for (n, f) in formulas.iter().enumerate() {
            if reason.never(f) {
                prop_assert!(!truth[n].contains(&true), "never: {}", conditions[n]);
            }
            if reason.always(f) {
                prop_assert!(!truth[n].contains(&false), "always: {}", conditions[n]);
            }
            for (m, g) in formulas.iter().enumerate() {
                if reason.implies(f, g) {
                    for (r, (a, b)) in truth[n].iter().zip(&truth[m]).enumerate() {
                        prop_assert!(!a || *b, "{} implies {}: {:?}", conditions[n], conditions[m], records[r]);
                    }
                }
            }
            // A witness in which nothing is free is one, if its values are known.
            if let Answer::Yes(witness) = reason.possible(f) && !witness.free {
                let mut values = record([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
                let mut known = true;
                for id in witness.terms.keys() {
                    let value = witness.value(&reason, *id);
                    match (reason.term(*id).origin, value) {
                        (Origin::Field(field), Some(value)) => values[field.index()] = value,
                        (Origin::Stage, Some(value)) => values[2] = value,
                        _ => known = false,
                    }
                }
                if known {
                    prop_assert!(holds(&machine, n, &values), "witness of {}: {values:?}", conditions[n]);
                }
            }
        }
    }
}

/// What must be seen: an exact answer that is never given would be right as well.
#[test]
fn what_is_plain_is_seen() {
    let never = [
        "b > 5 and b < 3",
        "b > 2 and b < 3",
        "m > 5 EUR and m < 3 EUR",
        "d >= 2026-03-05 and d < 2026-03-05",
        "d > 2026-03-04 and d < 2026-03-05",
        "k == x and k == y",
        "k != x and k != y and k != z",
        "k in [x, y] and k == z",
        "a is not set and a == 3",
        "f and not f",
        "g > 3",
        "s == \"p\" and s is empty",
        "s == \"p\" and s ~= \"q\"",
        "b > g and b <= g",
        "big(this, 3) and b < 2",
        "half(b) == 2",
        "len(s) < 0",
        "hour(created_at) > 23",
        "stage == A and stage == B",
        "b between 5 and 3",
        "l contains \"p\" and l not contains \"p\"",
        "s contains \"p\" and not (s contains \"p\")",
        "THREE > 5",
        "(a ?? 0) > 3 and (a is not set or a < 2)",
        "10 / (b - 1) > 3 and 10 / (b - 1) < 3",
    ];
    let always = [
        "b > 5 or b <= 5",
        "b != 3 or b == 3",
        "k in [x, y, z]",
        "g >= 1 and g < 4",
        "a is set or a is not set",
        "a == none or a == 3 or a != 3",
        "o is not set or o == u or o == v",
        "m >= 5 EUR or m < 6 EUR",
        "not (f and not f)",
        "THREE == 3",
        "b == b",
        "(if f then 1 else 2) < 3",
    ];
    let open = [
        "b > 5 and b < 7",
        "m > 2 EUR and m < 3 EUR",
        "10 / (b - 1) > 3 or 10 / (b - 1) <= 3",
        "a != 3 and a != none",
        "s contains \"p\" and s starts with \"q\"",
        "g > 2",
        "l is empty and s is empty",
    ];
    let all: Vec<String> = never.iter().chain(&always).chain(&open).map(|c| c.to_string()).collect();
    let (model, _) = program(&all);
    let place = Place { entity: Some(EntityId(0)), event: None };
    let mut reason = Reason::new(&model);
    for (n, text) in all.iter().enumerate() {
        let f = reason.formula(&condition(&model, n).expr, &place);
        let found = (reason.never(&f), reason.always(&f));
        let expected = (never.contains(&text.as_str()), always.contains(&text.as_str()));
        assert_eq!(found, expected, "never, always: {text}");
    }
    let implied = [
        ("b > 5", "b > 3", true),
        ("b > 3", "b > 5", false),
        ("b >= 4", "b > 3", true),
        ("m >= 4 EUR", "m > 3 EUR", true),
        ("m > 3 EUR", "m >= 4 EUR", false),
        ("k == x", "k != y", true),
        ("a == 3", "a is set", true),
        ("a is set and a > 3", "a is set", true),
        ("f and b > 3", "f", true),
        ("f", "f and b > 3", false),
        ("s == \"pq\"", "s starts with \"p\"", true),
        ("s starts with \"pq\"", "s starts with \"p\"", false),
        ("b < g", "b != g", true),
        // The second may fail where the first does not.
        ("b > 3", "10 / (b - 1) > 3 or b > 3", false),
        ("b > 3", "b > 3 or 10 / (b - 1) > 3", true),
        ("l.any(x => x == \"p\")", "l.any(x => x == \"p\") or f", true),
    ];
    let all: Vec<String> = implied.iter().flat_map(|(a, b, _)| [a.to_string(), b.to_string()]).collect();
    let (model, _) = program(&all);
    let mut reason = Reason::new(&model);
    for (n, (a, b, expected)) in implied.iter().enumerate() {
        let first = reason.formula(&condition(&model, 2 * n).expr, &place);
        let second = reason.formula(&condition(&model, 2 * n + 1).expr, &place);
        assert_eq!(reason.implies(&first, &second), *expected, "{a} implies {b}");
    }
}
