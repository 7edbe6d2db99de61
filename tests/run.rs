//! Walks `tests/run`: each `.case` is a program and, after `--- events`, the events it is run over.
//!
//! The snapshot beside it shows each event, then what came of it: the effects as a user sees them, a rejection, or
//! why nothing happened. To keep cases short, what an event leaves out is filled in: `specversion`, an `id` by its
//! number (`e-1`, `e-2`, …), the `source` `/test`, and a `time` one minute after the event before.

use chrono::{DateTime, Utc};
use stagegate::compiler;
use stagegate::diagnostic::{Rendered, render};
use stagegate::engine::record::Slot;
use stagegate::engine::{Engine, Handled, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::event::encode::Encoder;
use stagegate::event::{Rejection, Subject};
use stagegate::program::Program;
use stagegate::run::Records;
use stagegate::vm::Machine;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run");

#[test]
fn cases() {
    let mut paths = Vec::new();
    collect(Path::new(FOLDER), &mut paths);
    if !cfg!(feature = "locale") {
        paths.retain(|path| !path.starts_with(Path::new(FOLDER).join("locale")));
    }
    paths.sort();
    assert!(paths.len() > 60, "the cases are there");
    let mut failed = Vec::new();
    for path in paths {
        let shown = path.strip_prefix(FOLDER).unwrap_or(&path).display().to_string();
        // Every case is looked at, also after one that fails.
        if std::panic::catch_unwind(|| check(&path)).is_err() {
            failed.push(shown);
        }
    }
    assert!(failed.is_empty(), "{} cases failed:\n{}", failed.len(), failed.join("\n"));
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of cases") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "case") {
            paths.push(path);
        }
    }
}

fn check(path: &Path) {
    let case = std::fs::read_to_string(path).expect("a case is UTF-8");
    let (rules, events) = case.split_once("\n--- events").expect("a case has `--- events`");
    let (how, events) = events.split_once('\n').expect("events follow");
    let simulate = match how {
        "" => true,
        " and answers" => false,
        _ => panic!("{}: `--- events` or `--- events and answers`", path.display()),
    };
    let options = Options { simulate, ..Options::default() };
    let program = compile(rules).unwrap_or_else(|errors| panic!("{}:\n{errors}", path.display()));
    // What runs is what a file would hold.
    let bytes = program.to_bytes().expect("a program can be saved");
    let program = Program::from_bytes(&bytes).expect("a program that was saved can be loaded");
    let machine = Machine::new(program).expect("a program that has just been compiled can run");
    let shown = run(&machine, events, &options);
    saved_between_events(&machine, events, &options);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(path.parent().expect("a folder"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_input_file(path);
    let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

/// Compiles the rules; what they bring in with `use` stands in the folder of all cases.
fn compile(rules: &str) -> Result<Program, String> {
    let loaded = compiler::load(&[PathBuf::from("case.rules")], &mut |asked| {
        if asked == Path::new("case.rules") {
            Ok(rules.as_bytes().to_vec())
        } else {
            std::fs::read(Path::new(FOLDER).join(asked))
        }
    });
    let drawn = |diagnostics: &[stagegate::diagnostic::Diagnostic]| {
        let style = Rendered { color: false, width: 100 };
        diagnostics.iter().map(|d| render(d, &loaded.sources, style)).collect::<String>()
    };
    let checked = compiler::check(&loaded);
    let model = checked.model.ok_or_else(|| drawn(&checked.diagnostics))?;
    stagegate::lower::lower(&model, &loaded.sources).map_err(|diagnostics| drawn(&diagnostics))
}

fn run(machine: &Machine, events: &str, options: &Options) -> String {
    let program = machine.program();
    let mut engine = Engine::new(machine, options.clone());
    let mut decoder = Decoder::new(program);
    let encoder = Encoder::new(program);
    let mut records = Records::new(program);
    let mut shown = String::new();
    for (number, line) in events.lines().enumerate() {
        writeln!(shown, "> {line}").expect("writing to a text");
        let mut effects = Vec::new();
        let outcome = match decoder.decode(&completed(line, number)) {
            Ok(Decoded::Event(event)) => records.apply(&mut engine, &event, &mut effects),
            Ok(Decoded::Skipped) => {
                shown.push_str("  skipped: the program does not know this type\n\n");
                continue;
            }
            Err(rejection) => Err(rejection),
        };
        match outcome {
            Err(Rejection { code, message, pointer, expected }) => {
                assert!(effects.is_empty(), "a rejected event brings no effect");
                write!(shown, "  rejected: {code}: {message}").expect("writing to a text");
                for (what, value) in [("at", pointer), ("expected", expected)] {
                    if let Some(value) = value {
                        write!(shown, " [{what}: {value}]").expect("writing to a text");
                    }
                }
                shown.push('\n');
            }
            Ok(Handled::Duplicate) => shown.push_str("  dropped: seen before\n"),
            Ok(Handled::Echo) => shown.push_str("  an echo\n"),
            Ok(Handled::Applied | Handled::Nothing) if effects.is_empty() => shown.push_str("  nothing\n"),
            Ok(Handled::Applied | Handled::Nothing) => {
                // Of a long chain its ends say all.
                let hidden = if effects.len() > 80 { 5..effects.len() - 5 } else { 0..0 };
                for (number, effect) in effects.iter().enumerate() {
                    if hidden.contains(&number) {
                        if number == hidden.start {
                            writeln!(shown, "  ({} more)", hidden.len()).expect("writing to a text");
                        }
                        continue;
                    }
                    let mut line = Vec::new();
                    encoder.encode(effect, &mut line);
                    writeln!(shown, "{}", String::from_utf8(line).expect("JSON is UTF-8"))
                        .expect("writing to a text");
                }
            }
        }
        shown.push('\n');
    }
    shown
}

/// Records that are saved and loaded between any two steps bring the same effects: before every event, and before the
/// timers of every instant.
fn saved_between_events(machine: &Machine, events: &str, options: &Options) {
    let program = machine.program();
    let (mut straight, mut saving) =
        (Engine::new(machine, options.clone()), Engine::new(machine, options.clone()));
    let mut decoder = Decoder::new(program);
    let mut slots: BTreeMap<Subject, Slot> = BTreeMap::new();
    let mut clock = DateTime::<Utc>::MIN_UTC;
    for (number, line) in events.lines().enumerate() {
        let Ok(Decoded::Event(event)) = decoder.decode(&completed(line, number)) else { continue };
        let subjects: Vec<Subject> = match event.subject() {
            Some(subject) => vec![subject.clone()],
            None => slots.keys().cloned().collect(),
        };
        clock = clock.max(event.time.unwrap_or(clock));
        for subject in subjects {
            let mut slot = slots.remove(&subject).unwrap_or_default();
            let mut loaded = saved_and_loaded(&slot);
            let view = |entity, id: &str| slots.get(&Subject { entity, id: id.into() })?.values();
            let (mut effects, mut effects_of_loaded) = (Vec::new(), Vec::new());
            // The timers of one go on without a break, those of the other are saved in between.
            if straight.check(&slot, &event) == Ok(true) {
                while saving.fire(&mut loaded, &view, clock, &mut effects_of_loaded) {
                    loaded = saved_and_loaded(&loaded);
                }
            }
            let handled = straight.apply(&mut slot, &view, &event, clock, &mut effects);
            let handled_by_loaded = saving.apply(&mut loaded, &view, &event, clock, &mut effects_of_loaded);
            assert_eq!(handled, handled_by_loaded);
            assert_eq!(effects, effects_of_loaded);
            assert_eq!(slot, loaded);
            slots.insert(subject, slot);
        }
    }
}

fn saved_and_loaded(slot: &Slot) -> Slot {
    let bytes = postcard::to_stdvec(slot).expect("a record can be saved");
    let loaded = postcard::from_bytes(&bytes).expect("a saved record can be loaded");
    assert_eq!(*slot, loaded);
    loaded
}

/// An event with what it leaves out.
fn completed(line: &str, number: usize) -> String {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(line) else { return line.to_string() };
    let mut front = String::from("{");
    for (name, value) in [
        ("specversion", "1.0".to_string()),
        ("id", format!("e-{}", number + 1)),
        ("source", "/test".to_string()),
        ("time", format!("2026-03-02T{:02}:{:02}:00Z", 10 + number / 60, number % 60)),
    ] {
        if !members.contains_key(name) {
            write!(front, "\"{name}\":\"{value}\",").expect("writing to a text");
        }
    }
    // The rest stands as it was written: digits, order and all.
    line.replacen('{', &front, 1)
}

/// Asked for, the engine says what it tried and why nothing came of it.
#[test]
fn the_trace_says_what_did_not_happen() {
    use stagegate::engine::trace::{SkipReason, Trace, TriggerOutcome};
    use stagegate::value::{FailureCode, RuleId, TriggerId};

    let rules = r#"
use "base.rules"
pipeline Main "Main" for Card {
  stage Start "Start" {
    trigger on bell.rang allow backward
    rule never when score > 5 { say { text: "never" } }
    rule once_only once on bell.rang { say { text: "once" } }
  }
  stage A "A" { trigger on bell.rang(bell: "back") or door.opened }
  stage B "B" { trigger on bell.rang when 1 / score > 1 }
  stage C "C" { trigger on bell.rang when score > 1 }
  success stage D "D" { trigger on door.opened }
}
"#;
    let program = compile(rules).unwrap_or_else(|errors| panic!("{errors}"));
    let machine = Machine::new(program).expect("it can run");
    let mut engine = Engine::new(&machine, Options::default());
    let mut decoder = Decoder::new(machine.program());
    let mut slot = Slot::Absent;
    let mut traced = |line: &str, number| {
        let Ok(Decoded::Event(event)) = decoder.decode(&completed(line, number)) else { panic!("{line}") };
        let (mut effects, mut trace) = (Vec::new(), Vec::new());
        let clock = event.time.expect("it has been filled in");
        let handled =
            engine.apply_traced(&mut slot, &|_, _| None, &event, clock, &mut effects, Some(&mut trace));
        assert!(handled.is_ok());
        trace
    };
    let tried = |trigger, outcome| Trace::TriggerTried { trigger: TriggerId(trigger), outcome };

    let created = traced(r#"{"type":"card.created","subject":"card/C-1"}"#, 0);
    assert_eq!(created, [Trace::RuleSkipped { rule: RuleId(0), why: SkipReason::ConditionFalse }]);
    let ring = r#"{"type":"bell.rang","subject":"card/C-1"}"#;
    let [started, same, settings, failed, lower] = traced(ring, 1).try_into().expect("five things");
    assert_eq!(started, Trace::RuleStarted { rule: RuleId(1) });
    assert_eq!(same, tried(0, TriggerOutcome::SameStage));
    assert_eq!(settings, tried(1, TriggerOutcome::OtherSettings));
    let Trace::TriggerTried { outcome: TriggerOutcome::ConditionFailed(failure), .. } = failed else {
        panic!("{failed:?}")
    };
    assert_eq!(failure.code, FailureCode::DivisionByZero);
    assert_eq!(lower, tried(3, TriggerOutcome::ConditionFalse));
    assert_eq!(traced(ring, 1), [Trace::Duplicate]);
    assert_eq!(traced(ring, 2)[0], Trace::RuleSkipped { rule: RuleId(1), why: SkipReason::UsedUp });
    let outcome =
        r#"{"type":"action.failed","subject":"card/C-1","data":{"action":"card/C-1/2","reason":"no"}}"#;
    assert_eq!(traced(outcome, 3), [Trace::OutcomeIgnored]);
    assert_eq!(
        traced(r#"{"type":"bell.rang","subject":"card/C-1","causeid":"card/C-1/1"}"#, 4),
        [Trace::Echo]
    );
    let door = r#"{"type":"door.opened","subject":"card/C-1"}"#;
    assert_eq!(traced(door, 5), [tried(1, TriggerOutcome::Fired)]);
    assert_eq!(traced(door, 6), [tried(1, TriggerOutcome::SameStage), tried(4, TriggerOutcome::Fired)]);
    assert_eq!(traced(door, 7), [tried(1, TriggerOutcome::FinalStage), tried(4, TriggerOutcome::SameStage)]);
    let back = traced(ring, 8);
    assert_eq!(back[0], tried(0, TriggerOutcome::Fired), "{back:?}");
}
