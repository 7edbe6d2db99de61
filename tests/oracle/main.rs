//! What programs compute, found out twice: by the machine, from the compiled and reloaded program, and by
//! a plain evaluator that walks the checked expressions. Tables say what should come out; generated
//! programs find what no table thought of.

mod compile;
mod evaluator;
mod fits;
mod generate;
mod interpreter;
mod table;
mod world;

use compile::{Compiled, compile};
use evaluator::Labelled;
use fits::fits;
use generate::{Happening, Tape};
use interpreter::Step;
use proptest::prelude::*;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use stagegate::schema::Type;
use stagegate::value::{FailureCode, Value};
use stagegate::vm::Scratch;
use stagegate::vm::conditions::Subject;
use world::Fixture;

#[test]
fn expressions_come_to_what_the_tables_say() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/expressions");
    let mut rows = Vec::new();
    let files = std::fs::read_dir(folder).expect("tests/expressions").map(|f| f.expect("a file").path());
    let mut files: Vec<_> = files.filter(|f| f.extension().is_some_and(|e| e == "txt")).collect();
    files.sort();
    for file in files {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        rows.extend(table::read(&name, &std::fs::read_to_string(&file).expect("a table")));
    }
    assert!(rows.len() > 300, "only {} rows were found", rows.len());
    report(table::run(rows));
}

#[test]
fn examples_of_the_functions_come_to_what_they_say_in_every_form() {
    report(table::run(table::examples()));
}

fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{} of them are wrong:\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

/// How many programs are tried, unless `PROPTEST_CASES` says so.
const CASES: u32 = 256;

#[test]
fn generated_programs_come_to_the_same_by_machine_and_by_evaluator() {
    let mut config =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 1000, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let mut runner = TestRunner::new(config);
    let tape = |length| proptest::collection::vec(any::<u16>(), 0..length);
    let fixture = Fixture::load();
    let result = runner.run(&(tape(1600), tape(3000)), |(program, worlds)| {
        agree(&program, &worlds, &fixture).map_err(TestCaseError::fail)
    });
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
    result.expect("programs to try");
}

#[test]
fn generated_programs_do_not_differ_from_their_formatted_selves() {
    let config = ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&proptest::collection::vec(any::<u16>(), 0..1600), |program| {
        let program = generate::bodies::program(Tape::new(&program));
        let load = |text: &str| {
            let bytes = text.as_bytes().to_vec();
            stagegate::compiler::load(&["test.rules".into()], &mut |_| Ok(bytes.clone()))
        };
        let differ = |new: &str| stagegate::against::difference(&load(&program.text), &load(new));
        let formatted = stagegate::format::format(&program.text).expect("it has no mistakes");
        let same = differ(&formatted).expect("it has no errors");
        prop_assert!(same.is_empty(), "{:#?}\n{}", same.entries, program.written);
        Ok(())
    });
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
    result.expect("programs to try");
}

/// Makes a program and runs its rules in two worlds each.
fn agree(program: &[u16], worlds: &[u16], fixture: &Fixture) -> Result<(), String> {
    let program = generate::bodies::program(Tape::new(program));
    let mut tape = Tape::new(worlds);
    let rules = &program.written;
    let of = compile(&program.text).map_err(|refused| format!("refused:\n{}\n{rules}", refused.shown))?;
    let labels = Labelled::of(&of.model);
    for round in 0..2 {
        // Every other action fails; in the second round all succeed.
        let fails = move |count: usize| round == 0 && count.is_multiple_of(2);
        let mut outputs = std::collections::HashMap::new();
        for (name, happening) in &program.rules {
            let rule = table::rule(&of, name);
            let mut world = tape.world(&of, fixture, program.pipeline, *happening);
            world.outputs = std::mem::take(&mut outputs);
            let mut walked = world.clone();
            let steps = interpreter::walk(&of, &labels, rule, &mut walked, &fails);
            let run = interpreter::run(&of, of.machine.program().rule(rule.id).body, &mut world, &fails);
            if run != steps {
                return Err(format!(
                    "`{name}` is\n{run:#?}\nby the machine, and\n{steps:#?}\nby the evaluator:\n{rules}"
                ));
            }
            unsound(&of, &steps)
                .map_or(Ok(()), |what| Err(format!("`{name}`: {what}\n{steps:#?}\n{rules}")))?;
            outputs = world.outputs;
        }
    }
    Ok(())
}

#[test]
fn conditions_hold_the_same_with_and_without_the_interpreter() {
    let config = ProptestConfig { failure_persistence: None, cases: CASES, ..ProptestConfig::default() };
    let tape = |length| proptest::collection::vec(any::<u16>(), 0..length);
    let fixture = Fixture::load();
    let (mut asked, mut plain) = (0, 0);
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for _ in 0..CASES {
        let tapes = (tape(1600), tape(3000)).new_tree(&mut runner).expect("tapes").current();
        let program = generate::bodies::conditions(Tape::new(&tapes.0));
        let of = compile(&program.text)
            .unwrap_or_else(|refused| panic!("refused:\n{}\n{}", refused.shown, program.written));
        let mut tape = Tape::new(&tapes.1);
        let mut scratch = Scratch::default();
        for happening in [Happening::Nothing, Happening::Form, Happening::Note, Happening::Change] {
            let world = tape.world(&of, &fixture, program.pipeline, happening);
            // Twice: answers that are kept must be the same.
            scratch.forget();
            for (name, _) in program.rules.iter().filter(|(_, of)| *of == happening).cycle().take(16) {
                let when = of.machine.program().rule(table::rule(&of, name).id).when.expect("a condition");
                let (by_interpreter, plainly) = world.with(|at| {
                    let subject = Subject { record: at.record, event: at.event, old: at.old };
                    let plainly = of.machine.holds_plainly(&mut scratch, when, subject);
                    (of.machine.evaluate(&mut Scratch::default(), when, &at), plainly)
                });
                asked += 1;
                if let Some(holds) = plainly {
                    plain += 1;
                    let written = &program.written;
                    assert_eq!(
                        by_interpreter,
                        Ok(Value::Bool(holds)),
                        "`{name}` of\n{written}\nin {world:#?}"
                    );
                }
            }
        }
    }
    // It must be a way for many of them, or this shows nothing.
    assert!(plain * 4 > asked, "{plain} of {asked}");
}

/// What a checked program must never come to: a failure of a broken program, a value of another type.
fn unsound(of: &Compiled, steps: &[Step]) -> Option<String> {
    let model = &of.model;
    let holds = |value: &Value, ty: &Type| fits(value, ty, &model.schema, model.stages.len());
    let deal = model.schema.entity(of.entity("Deal"));
    steps.iter().find_map(|step| {
        let (value, ty) = match step {
            Step::Failed(FailureCode::WrongType | FailureCode::TooMuchWork) => {
                return Some("a broken program".into());
            }
            Step::Publish(output, value) => vec![(value, &model.outputs[output.index()].ty)],
            Step::Set(fields) => fields.iter().map(|(f, v)| (v, &deal.fields[f.index()].ty)).collect(),
            Step::Ask { action, params, .. } => {
                let wanted = &model.schema.action(*action).params;
                params.iter().map(|(p, v)| (v, &wanted[usize::from(*p)].ty)).collect()
            }
            _ => Vec::new(),
        }
        .into_iter()
        .find(|(value, ty)| !holds(value, ty))?;
        Some(format!("{value:?} is no {ty:?}"))
    })
}

#[test]
fn what_a_rule_did_not_bind_is_a_failure_even_where_none_may_stand() {
    let rules = "rule broken { let x = 1 / ZERO }\nrule reader { notify { text: \"a\", rate: broken.x } }\n# in Sales";
    let program = include_str!("../expressions/fixture.rules").replace("# in Sales", rules);
    let of = compile(&program).unwrap_or_else(|refused| panic!("{}", refused.shown));
    let mut world = Fixture::load().world(&of, "Sales", "full", &serde_json::Value::Null);
    let body = of.machine.program().rule(table::rule(&of, "reader").id).body;
    let steps = interpreter::run(&of, body, &mut world, &|_| false);
    assert!(matches!(steps[..], [Step::Await(_), Step::Failed(FailureCode::NotSet)]), "{steps:#?}");
}
