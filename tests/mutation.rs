//! `stagegate test --mutate`: every kind of change, noticed and not, and what its users see.

#[path = "support/folder.rs"]
mod folder;

use folder::shown;
use stagegate::compiler;
use stagegate::testing::mutation::{self, Bench, Changes, Report, Tried, Verdict};
use stagegate::testing::{Clock, Guard, Suite, parallel};
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

const HEAD: &str = r#"currency EUR
entity Order "Order" {
  title: text = "Chairs"
  amount: money = 0 EUR
  count: int = 0
  note: text?
  due: datetime?
}
event form.submitted "A form" { form: text, page: text = "" }
event paid "Paid" {}
event answered "Answered" {}
action tell "Tell" { text: text, days: int = 0 }
action ask "Ask" { what: text } -> { answer: text }
user anna "Anna"
"#;

/// The report about a program of this text, behind the declarations above.
fn report(text: &str) -> (Report, stagegate::source::Sources) {
    let text = format!("{HEAD}{text}");
    let loaded = compiler::load(&["case.rules".into()], &mut |_| Ok(text.clone().into_bytes()));
    let checked = compiler::check(&loaded);
    let Some(model) = checked.model else { panic!("{:?} in\n{text}", checked.diagnostics) };
    let bench = Bench {
        loaded: &loaded,
        model: &model,
        clock: Clock::default(),
        jobs: parallel::cores(),
        scenarios: &[],
    };
    let report = mutation::run(&bench, |_| true, &Changes::default(), &|_, _| {}).expect("it compiles");
    for outcome in &report.outcomes {
        assert!(outcome.passed(), "{}: {:?} in\n{text}", outcome.name, outcome.failure);
    }
    (report, loaded.sources)
}

fn find<'r>(report: &'r Report, sources: &stagegate::source::Sources, old: &str, new: &str) -> &'r Tried {
    let is = |tried: &&Tried| sources.text(tried.mutant.span).trim() == old && tried.mutant.text == new;
    report.tried.iter().find(is).unwrap_or_else(|| {
        let all: Vec<_> =
            report.tried.iter().map(|tried| (sources.text(tried.mutant.span), &tried.mutant.text)).collect();
        panic!("no change from {old:?} to {new:?} in {all:#?}")
    })
}

/// A rule or trigger in a stage, what is changed in it and to what, a test that notices it and one that does not.
struct Case {
    kind: &'static str,
    stages: &'static str,
    old: &'static str,
    new: &'static str,
    noticed: &'static str,
    unnoticed: &'static str,
}

const CASES: &[Case] = &[
    Case {
        kind: "comparison",
        stages: r#"stage A { rule r when amount >= 10 EUR { tell { text: "x" } } }"#,
        old: ">=",
        new: ">",
        noticed: r#"given order "1" { amount: 10 EUR } expect tell"#,
        unnoticed: r#"given order "1" { amount: 11 EUR } expect tell"#,
    },
    Case {
        kind: "comparison",
        stages: r#"stage A { rule r when note is set { tell { text: "x" } } }"#,
        old: "is set",
        new: "is not set",
        noticed: r#"given order "1" { note: "n" } expect tell"#,
        unnoticed: r#"given order "1" { note: "n" }"#,
    },
    Case {
        kind: "comparison",
        stages: r#"stage A { rule r when count between 2 and 5 { tell { text: "x" } } }"#,
        old: "count between 2 and 5",
        new: "(count > 2 and count <= 5)",
        noticed: r#"given order "1" { count: 2 } expect tell"#,
        unnoticed: r#"given order "1" { count: 5 } expect tell"#,
    },
    Case {
        kind: "comparison",
        stages: r#"stage A { rule r when title in ["a", "b"] { tell { text: "x" } } }"#,
        old: "in",
        new: "not in",
        noticed: r#"given order "1" { title: "b" } expect tell"#,
        unnoticed: r#"given order "1" { title: "b" } expect stage of "1" == A"#,
    },
    Case {
        kind: "and-or",
        stages: r#"stage A { rule r when count > 1 and amount > 1 EUR { tell { text: "x" } } }"#,
        old: "count > 1 and amount > 1 EUR",
        new: "(count > 1 or amount > 1 EUR)",
        noticed: r#"given order "1" { count: 2 } expect no tell given order "2" { count: 2, amount: 2 EUR } expect tell"#,
        unnoticed: r#"given order "1" { count: 2, amount: 2 EUR } expect tell"#,
    },
    Case {
        kind: "condition",
        stages: r#"stage A { rule r when count > 1 and amount > 1 EUR { tell { text: "x" } } }"#,
        old: "and amount > 1 EUR",
        new: "",
        noticed: r#"given order "1" { count: 2 } expect no tell given order "2" { count: 2, amount: 2 EUR } expect tell"#,
        unnoticed: r#"given order "1" { amount: 2 EUR } expect no tell given order "2" { count: 2, amount: 2 EUR } expect tell"#,
    },
    Case {
        kind: "condition",
        stages: r#"stage A { rule r when count > 1 { tell { text: "x" } } }"#,
        old: "when count > 1",
        new: "",
        noticed: r#"given order "1" {} expect no tell given order "2" { count: 3 } expect tell"#,
        unnoticed: r#"given order "2" { count: 3 } expect tell"#,
    },
    Case {
        kind: "negation",
        stages: r#"stage A { rule r when not (count > 1) { tell { text: "x" } } }"#,
        old: "not (count > 1)",
        new: "(count > 1)",
        noticed: r#"given order "1" {} expect tell"#,
        unnoticed: r#"given order "1" {} expect stage of "1" == A"#,
    },
    Case {
        kind: "stage",
        stages: r#"stage A { rule r { move to B } } stage B {} stage C {}"#,
        old: "B",
        new: "C",
        noticed: r#"given order "1" {} expect stage of "1" == B"#,
        unnoticed: r#"given order "1" {} expect stage of "1" != A"#,
    },
    Case {
        kind: "rule",
        stages: r#"stage A { rule r { tell { text: "x" } } }"#,
        old: "",
        new: "disabled ",
        noticed: r#"given order "1" {} expect tell"#,
        unnoticed: r#"given order "1" {} expect stage of "1" == A"#,
    },
    Case {
        kind: "trigger",
        stages: r#"stage A {} stage B { trigger on paid }"#,
        old: "",
        new: "disabled ",
        noticed: r#"given order "1" {} send paid {} to "1" expect stage of "1" == B"#,
        unnoticed: r#"given order "1" {} send paid {} to "1" expect no tell"#,
    },
    Case {
        kind: "statement",
        stages: r#"stage A { rule r { tell { text: "x" } set count = 7 } }"#,
        old: "set count = 7",
        new: "",
        noticed: r#"given order "1" {} expect count of "1" == 7"#,
        unnoticed: r#"given order "1" {} expect tell"#,
    },
    Case {
        kind: "duration",
        stages: r#"stage A { rule r after 3 days { tell { text: "x" } } }"#,
        old: "3 days",
        new: "1 day",
        noticed: r#"given order "1" {} wait 2 days expect no tell wait 1 day expect tell"#,
        unnoticed: r#"given order "1" {} wait 3 days expect tell"#,
    },
    Case {
        kind: "number",
        stages: r#"stage A { rule r { tell { text: "x", days: 7 } } }"#,
        old: "7",
        new: "14",
        noticed: r#"given order "1" {} expect tell { days: 7 }"#,
        unnoticed: r#"given order "1" {} expect tell { text: "x" }"#,
    },
    Case {
        kind: "number",
        stages: r#"stage A {} stage B { trigger on 3 paid within 1 day }"#,
        old: "3",
        new: "2",
        noticed: r#"given order "1" {} send paid {} to "1" send paid {} to "1" expect stage of "1" == A
          send paid {} to "1" expect stage of "1" == B"#,
        unnoticed: r#"given order "1" {} send paid {} to "1" send paid {} to "1" send paid {} to "1" expect stage of "1" == B"#,
    },
    Case {
        kind: "text",
        stages: r#"stage A { rule r { tell { text: "of {title}" } } }"#,
        old: r#""of {title}""#,
        new: r#""changed""#,
        noticed: r#"given order "1" {} expect tell { text: "of Chairs" }"#,
        unnoticed: r#"given order "1" {} expect tell"#,
    },
    Case {
        kind: "setting",
        stages: r#"stage A {} stage B { trigger on form.submitted(form: "f", page: "p") }"#,
        old: r#", page: "p""#,
        new: "",
        noticed: r#"given order "1" {} send form.submitted { form: "f", page: "q" } to "1" expect stage of "1" == A
          send form.submitted { form: "f", page: "p" } to "1" expect stage of "1" == B"#,
        unnoticed: r#"given order "1" {} send form.submitted { form: "f", page: "p" } to "1" expect stage of "1" == B"#,
    },
    Case {
        kind: "setting",
        stages: r#"stage A { rule r on paid once { tell { text: "x" } } }"#,
        old: "once",
        new: "",
        noticed: r#"given order "1" {} send paid {} to "1" expect tell send paid {} to "1" expect no tell"#,
        unnoticed: r#"given order "1" {} send paid {} to "1" expect tell"#,
    },
    Case {
        kind: "setting",
        stages: r#"stage A { rule back on paid { move to B } } stage B { trigger on answered allow backward }"#,
        old: "allow backward",
        new: "",
        noticed: r#"given order "1" { stage: C } send answered {} to "1" expect stage of "1" == B"#,
        unnoticed: r#"given order "1" {} send answered {} to "1" expect stage of "1" == B"#,
    },
    Case {
        kind: "setting",
        stages: r#"stage A {} stage B { trigger on paid or answered }"#,
        old: "or answered",
        new: "",
        noticed: r#"given order "1" {} send answered {} to "1" expect stage of "1" == B"#,
        unnoticed: r#"given order "1" {} send paid {} to "1" expect stage of "1" == B"#,
    },
];

#[test]
fn each_kind_of_change_is_noticed_by_a_test_that_looks_and_not_by_one_that_does_not() {
    for case in CASES {
        for (steps, verdict) in
            [(case.noticed, Verdict::Noticed("t".into())), (case.unnoticed, Verdict::Unnoticed)]
        {
            let more = if case.stages.contains("allow backward") { "stage C {}" } else { "" };
            let pipeline = format!("pipeline P for Order {{ {} {more} }}", case.stages);
            let (report, sources) = report(&format!("{pipeline}\ntest \"t\" {{ {steps} }}\n"));
            let tried = find(&report, &sources, case.old, case.new);
            assert_eq!(tried.mutant.kind.word(), case.kind);
            assert_eq!(tried.verdict, verdict, "{:?} -> {:?} in {pipeline} with {steps}", case.old, case.new);
        }
    }
    // The cases name every kind.
    let mut kinds: Vec<&str> = CASES.iter().map(|case| case.kind).collect();
    kinds.dedup();
    assert_eq!(kinds.len(), 12, "{kinds:?}");
}

#[test]
fn what_does_not_end_is_noticed() {
    let text = r#"
pipeline P for Order {
  stage Ping { rule go after 1 second when count < 3 { set count = count + 1 move to Pong } }
  stage Pong { rule back after 1 second { move to Ping } }
}
test "it ends" {
  given order "1" {}
  wait 3000 days
}
"#;
    let (report, sources) = report(text);
    // Without its condition, it goes to and fro for three thousand days.
    let verdict = &find(&report, &sources, "when count < 3", "").verdict;
    assert_eq!(*verdict, Verdict::Noticed("it ends".into()));
    let verdict = &find(&report, &sources, "3", "6").verdict;
    assert_eq!(*verdict, Verdict::Unnoticed);
}

#[test]
fn a_guard_ends_a_test() {
    let text = format!(
        "{HEAD}pipeline P for Order {{\n  stage A {{ rule r after 1 second {{ move to B }} }}\n  stage B {{ rule r after 1 second \
         {{ move to A }} }}\n}}\ntest \"t\" {{\n  given order \"1\" {{}}\n  wait 1 minute\n}}\n"
    );
    let loaded = compiler::load(&["case.rules".into()], &mut |_| Ok(text.clone().into_bytes()));
    let model = compiler::check(&loaded).model.expect("no errors");
    let suite = Suite::new(&model, &loaded.sources).expect("a suite");
    let until = Instant::now() + Duration::from_secs(600);
    assert!(suite.guarded(0, Guard { work: 1000, until }).expect("a test").passed());
    assert!(!suite.guarded(0, Guard { work: 20, until }).expect("a test").passed());
    assert!(suite.guarded(1, Guard { work: 20, until }).is_none());
}

/// A change whose place no test comes to is not run: the others must be the same when all tests are.
#[test]
fn what_no_test_runs_is_said_once() {
    let text = r#"
pipeline P for Order {
  stage A {
    rule runs when count > 0 {
      if count > 100 {
        tell { text: "many" }
      }
      tell { text: "some" }
    }
    rule never when count > 100 and amount > 5 EUR {
      tell { text: "x" }
    }
  }
  stage B { trigger "Never" on paid when count > 100 }
}
fn nobody(o: Order) -> bool = o.count > 5 and o.count < 9
test "t" {
  given order "1" { count: 5 }
  expect tell { text: "some" }
}
"#;
    let (report, sources) = report(text);
    let mut changes = Changes::default();
    changes.add(report.clone(), &sources);
    let idle: Vec<(&str, usize)> =
        changes.idle().into_iter().map(|(_, first, count)| (&*first.owner, count)).collect();
    assert_eq!(
        idle,
        [("rule `P.A.never`", 14), ("trigger \"Never\" to `P.B`", 6), ("function `nobody`", 11)]
    );
    assert_eq!(find(&report, &sources, "\"many\"", "\"changed\"").verdict, Verdict::Unreached);
    assert_eq!(find(&report, &sources, "\"some\"", "\"changed\"").verdict, Verdict::Noticed("t".into()));
}

#[test]
fn a_comment_allows_a_change() {
    let text = r#"
pipeline P for Order {
  stage A {
    # stagegate: allow(mutant)
    rule allowed {
      tell { text: "x" }
    }
    rule partly {
      tell { text: "y" } # stagegate: allow(mutant)
      tell { text: "z" }
    }
  }
}
test "t" {
  given order "1" {}
}
"#;
    let (report, sources) = report(text);
    let verdicts: Vec<(&str, &Verdict)> =
        report.tried.iter().map(|tried| (sources.text(tried.mutant.span), &tried.verdict)).collect();
    for (text, verdict) in verdicts {
        let wanted = match text {
            "" | "tell { text: \"z\" }" | "\"z\"" => continue,
            _ => Verdict::Allowed,
        };
        assert_eq!(*verdict, wanted, "{text}");
    }
    assert_eq!(find(&report, &sources, "\"z\"", "\"changed\"").verdict, Verdict::Unnoticed);
}

// --- as it is seen ---

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mutation"))
}

fn test(args: &[&str]) -> Output {
    folder::run(folder(), &[&["test"], args].concat())
}

#[test]
fn the_list_says_what_was_not_noticed() {
    insta::assert_snapshot!("list", shown(&test(&["shop.rules", "--mutate"])));
}

#[test]
fn a_program_whose_changes_are_noticed_is_clean() {
    insta::assert_snapshot!("clean", shown(&test(&["clean.rules", "--mutate"])));
}

#[test]
fn what_cannot_be_changed_is_said() {
    let mut said = String::new();
    for case in [
        &["failing.rules", "--mutate"][..],
        &["no-tests.rules", "--mutate"],
        &["clean.rules", "--mutate", "--filter", "nothing of that name"],
        &["clean.rules", "no-tests.rules", "--mutate", "--filter", "nothing of that name"],
        &["clean.rules", "--mutate", "--format", "junit"],
        &["clean.rules", "--mutate", "--coverage"],
        &["no-such.rules", "--mutate"],
    ] {
        said.push_str(&format!("$ stagegate test {}\n{}\n", case.join(" "), shown(&test(case))));
    }
    insta::assert_snapshot!("refused", said);
}

#[test]
fn json_holds_every_change() {
    let output = test(&["shop.rules", "--mutate", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let program: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let changes = program["changes"].as_array().expect("changes");
    let text = std::fs::read_to_string(folder().join("shop.rules")).expect("a file");
    for change in changes {
        let line = text.lines().nth(change["line"].as_u64().expect("a line") as usize - 1).expect("a line");
        let before = change["before"].as_str().expect("a line").trim_end_matches(" …");
        assert_eq!(line.trim(), before.trim());
        assert_eq!(change["status"] == "noticed", change["test"].is_string(), "{change}");
    }
    let count = |status: &[&str]| {
        let is = |change: &&serde_json::Value| status.iter().any(|status| change["status"] == *status);
        changes.iter().filter(is).count()
    };
    assert_eq!(program["noticed"], count(&["noticed"]));
    assert_eq!(program["unnoticed"], count(&["unnoticed", "unreached"]));
    assert_eq!(program["not_tried"], count(&["not-tried"]));
    assert_eq!(program["allowed"], count(&["allowed"]));
    assert_eq!(program["invalid"], count(&["invalid"]));
    insta::assert_snapshot!("first-of-json", serde_json::to_string_pretty(&changes[0]).expect("JSON"));
}

/// Rules whose tests are in two files: what the tests of one notice is noticed.
#[test]
fn the_tests_of_several_programs_count_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write(
        "cards.rules",
        "entity Card { title: text }\naction tell { text: text }\npipeline P for Card {\n  stage A {\n    rule one when title == \
         \"1\" {\n      tell { text: \"one\" }\n    }\n    rule two when title == \"2\" {\n      tell { text: \"two\" }\n    \
         }\n  }\n}\n",
    );
    let tests = |n: &str, text: &str| {
        format!(
            "use \"cards.rules\"\ntest \"{n}\" {{\n  given card \"1\" {{ title: \"{n}\" }}\n  expect 1 tell {{ text: \
             \"{text}\" }}\n}}\n"
        )
    };
    write("a.rules", &tests("1", "one"));
    write("b.rules", &tests("2", "two"));
    let said = |args: &[&str]| shown(&folder::run(folder.path(), &[&["test", "--mutate"], args].concat()));
    insta::assert_snapshot!("together", said(&[]));
    insta::assert_snapshot!("alone", said(&["a.rules"]));
}

/// A scenario notices what it looks at, as a test does; one that goes another way than its snapshot is no measure.
#[test]
fn scenarios_notice_too() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("tests")).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write(
        "cards.rules",
        "entity Card { title: text }\naction tell { text: text }\npipeline P for Card {\n  stage A {\n    rule one when title == \
         \"1\" {\n      tell { text: \"one\" }\n    }\n    rule later after 2 days {\n      tell { text: \"late\" }\n    \
         }\n  }\n}\n",
    );
    let event = r#"{"specversion":"1.0","id":"1","source":"/x","type":"card.created","subject":"card/1","time":"2026-03-02T09:00:00Z","data":{"title":"1"}}"#;
    write("tests/one.events.jsonl", &format!("{event}\n"));
    let said = |args: &[&str]| shown(&folder::run(folder.path(), &[&["test"], args].concat()));
    let mut all = format!("$ stagegate test --mutate\n{}\n", said(&["--mutate"]));
    said(&["--accept"]);
    all.push_str(&format!("$ stagegate test --accept; stagegate test --mutate\n{}\n", said(&["--mutate"])));
    insta::assert_snapshot!("scenarios", all);
}
