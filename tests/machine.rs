//! What bounds the work of a program, and where a body says that it stopped.

use chrono::{DateTime, Utc};
use stagegate::compiler;
use stagegate::lower::lower;
use stagegate::schema::BUILTIN_FIELDS;
use stagegate::value::*;
use stagegate::vm::{Context, Exit, FUEL, Machine, Scratch};

/// A deal that has reached `S`, where the condition and the body of the only rule are tried.
const AROUND: &str = r#"
    entity Deal { title: text = "abc", count: int = 3, numbers: list of int = [1, 2, 3], note: text? }
    action tell { text: text }
    pipeline P for Deal { timezone "UTC" stage S { RULE } }
"#;

fn machine(declarations: &str, rule: &str) -> Machine {
    let text = format!("{declarations}\n{}", AROUND.replace("RULE", rule));
    let loaded = compiler::load(&["p.rules".into()], &mut |_| Ok(text.clone().into_bytes()));
    let checked = compiler::check(&loaded);
    let model = checked.model.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    // A tenth of what is allowed is enough to see that it ends.
    Machine::new(lower(&model, &loaded.sources).unwrap()).unwrap().with_fuel(FUEL / 10)
}

fn with_context<T>(machine: &Machine, numbers: usize, then: impl FnOnce(&Context) -> T) -> T {
    let now: DateTime<Utc> = "2026-03-02T10:00:00Z".parse().unwrap();
    let mut record =
        vec![Value::Text("D-1".into()), Value::DateTime(now), Value::Stage(StageId(0)), Value::DateTime(now)];
    assert_eq!(record.len(), BUILTIN_FIELDS);
    let fields = &machine.program().schema.entities[0].fields;
    record.extend(fields[BUILTIN_FIELDS..].iter().map(|field| field.default.clone().unwrap_or(Value::None)));
    record[BUILTIN_FIELDS + 2] = Value::List((0..numbers as i64).map(Value::Int).collect());
    let context = Context {
        record: &record,
        entity: EntityId(0),
        event: None,
        old: None,
        output: &|_| None,
        lookup: &|_, _| None,
        now,
        pipeline: PipelineId(0),
        home: PipelineId(0),
    };
    then(&context)
}

fn condition(declarations: &str, condition: &str) -> Result<bool, Failure> {
    let machine = machine(declarations, &format!("rule r when {condition} {{ tell {{ text: \"x\" }} }}"));
    let when = machine.program().rules[0].when.unwrap();
    with_context(&machine, 3, |context| machine.holds(&mut Scratch::default(), when, context))
}

/// The texts that a body tells, and how it ended, with the number of the statement at which it did.
fn body(declarations: &str, statements: &str, numbers: usize) -> (Vec<Value>, Exit, u32) {
    let machine = machine(declarations, &format!("rule r {{ {statements} }}"));
    let program = machine.program();
    let mut frame = machine.begin(program.rules[0].body, None);
    let mut scratch = Scratch::default();
    let mut told = Vec::new();
    with_context(&machine, numbers, |context| {
        loop {
            match machine.resume(&mut scratch, &mut frame, context) {
                Exit::Action(call) => {
                    let (_, text) = program.code.calls[call.0 as usize].params[0];
                    told.push(frame.get(text).clone());
                }
                exit => return (told, exit, frame.statement(program)),
            }
        }
    })
}

fn failure(exit: Exit) -> FailureCode {
    match exit {
        Exit::Failed(failure) => failure.code,
        other => panic!("{other:?}"),
    }
}

/// `f0` and 60 functions that each call the one before twice.
fn doubling(first: &str, param: &str, again: &str) -> String {
    let mut text = first.to_owned();
    for n in 1..=60 {
        let call = |inner: &str| format!("f{}({inner})", n - 1);
        let body = again.replace("TWICE", &call(&call("x"))).replace("CALL", &call("x"));
        text.push_str(&format!("\nfn f{n}(x: {param}) -> {param} = {body}"));
    }
    text
}

#[test]
fn functions_that_call_each_other_without_measure_are_stopped() {
    let functions = doubling("fn f0(x: int) -> int = x", "int", "CALL + CALL");
    assert_eq!(condition(&functions, "f60(1) > 0").unwrap_err().code, FailureCode::TooMuchWork);
    assert_eq!(condition(&functions, "f10(1) == 1024"), Ok(true));
}

#[test]
fn texts_that_grow_without_measure_are_stopped() {
    let functions = doubling(r#"fn f0(x: text) -> text = "{x}{x}""#, "text", "TWICE");
    assert_eq!(condition(&functions, "f60(title) is empty").unwrap_err().code, FailureCode::TooLarge);
    let functions = doubling(r#"fn f0(x: text) -> text = replace(x, "a", "aaaaaaaaaa")"#, "text", "TWICE");
    assert_eq!(condition(&functions, "f60(title) is empty").unwrap_err().code, FailureCode::TooLarge);
}

#[test]
fn loops_in_loops_with_effects_are_stopped() {
    let (told, exit, statement) = body(
        "",
        r#"for a in numbers { for b in numbers { for c in numbers { tell { text: "{a} {b} {c}" } } } }"#,
        1_000,
    );
    assert_eq!(failure(exit), FailureCode::TooMuchWork);
    assert_eq!(statement, 4);
    assert!((500..2_000).contains(&told.len()), "{}", told.len());
}

#[test]
fn loops_in_loops_without_effects_are_stopped() {
    let condition = "numbers.all(a => numbers.all(b => numbers.all(c => a + b + c >= 0)))";
    let rule = format!("rule r when {condition} {{ tell {{ text: \"x\" }} }}");
    let machine = machine("", &rule);
    let when = machine.program().rules[0].when.unwrap();
    let mut scratch = Scratch::default();
    let mut holds =
        |numbers| with_context(&machine, numbers, |context| machine.holds(&mut scratch, when, context));
    assert_eq!(holds(1_000).unwrap_err().code, FailureCode::TooMuchWork);
    // What a failure left behind does not matter to the next evaluation.
    assert_eq!(holds(10), Ok(true));
}

#[test]
fn a_body_says_at_which_statement_it_failed() {
    let statements = r#"
        tell { text: "one" }
        for n in numbers {
          if n > 1 { tell { text: "{10 / (n - 2)}" } } else { tell { text: "low {n}" } }
          let x = n + 1
          tell { text: "{x}" }
        }
        tell { text: "never" }
    "#;
    let (told, exit, statement) = body("", statements, 5);
    assert_eq!(failure(exit), FailureCode::DivisionByZero);
    assert_eq!(statement, 4);
    let told: Vec<String> = told.iter().map(|text| format!("{text:?}")).collect();
    assert_eq!(told.join(" "), r#"Text("one") Text("low 0") Text("1") Text("low 1") Text("2")"#);
}

#[test]
fn a_failure_in_a_function_is_that_of_the_statement_that_calls_it() {
    let functions = "fn inverse(n: int) -> decimal = 1 / n\nfn twice(n: int) -> decimal = inverse(n) * 2";
    let statements = r#"tell { text: "{twice(4)}" } tell { text: "{twice(count - 3)}" }"#;
    let (told, exit, statement) = body(functions, statements, 3);
    assert_eq!(told, [Value::Text("0.5".into())]);
    assert_eq!(failure(exit), FailureCode::DivisionByZero);
    assert_eq!(statement, 2);
}

#[test]
fn what_is_not_asked_for_is_not_computed() {
    assert_eq!(condition("", "count == 3 or 1 / (count - 3) > 0"), Ok(true));
    assert_eq!(condition("", "count == 4 and 1 / (count - 3) > 0"), Ok(false));
    assert_eq!(condition("", "numbers.any(n => n == 0 or 1 / n > 5)"), Ok(true));
    assert_eq!(condition("", "(if count == 3 then 1 else 1 / (count - 3)) == 1"), Ok(true));
    assert_eq!(condition("", "1 / (count - 3) > 0").unwrap_err().code, FailureCode::DivisionByZero);
}
