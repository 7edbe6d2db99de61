//! Warnings: every program under `tests/lint` with the snapshot beside it. A folder with a `main.rules` is one
//! program of several files. What is not in the snapshot is not warned of: near misses stand among the programs.

#[path = "support/corpus.rs"]
mod corpus;

use corpus::{cases, in_folder, load};
use stagegate::compiler::{self, Checked, Loaded};
use stagegate::diagnostic::{Code, Rendered, Severity, render};
use stagegate::engine::effect::EffectKind;
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::run::Records;
use stagegate::vm::Machine;
use std::path::Path;

fn checked(main: &Path) -> (Loaded, Checked) {
    let loaded = load(main);
    let checked = compiler::check(&loaded);
    (loaded, checked)
}

#[test]
fn every_program_is_warned_of_as_its_snapshot_says() {
    let mut found = Vec::new();
    cases(Path::new("tests/lint"), &mut found);
    for (main, folder, name) in found {
        let (loaded, checked) = checked(&main);
        let how = Rendered { color: false, width: 80 };
        let drawn: Vec<_> = checked.diagnostics.iter().map(|d| render(d, &loaded.sources, how)).collect();
        let said = if drawn.is_empty() { "no diagnostics".into() } else { drawn.join("\n") };
        assert!(checked.model.is_some(), "{} has errors:\n{said}", main.display());
        in_folder(&folder).bind(|| insta::assert_snapshot!(name, said));
        // Each folder shows one warning: what else there is to say of its programs is a mistake in them. What is
        // disabled says so wherever it stands.
        let shown = folder.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(code) = Code::named(&shown) {
            for diagnostic in checked.diagnostics.iter().filter(|d| d.code != Code::DisabledCode) {
                assert_eq!(diagnostic.code, code, "{}: {}", main.display(), diagnostic.message);
            }
        }
    }
}

#[test]
fn warnings_have_names_and_errors_have_numbers() {
    for code in Code::ALL {
        let numbered = code.id().starts_with('E');
        assert_eq!(numbered, code.severity() == Severity::Error, "{}", code.id());
        assert_eq!(Code::named(code.id()), Some(*code));
    }
    assert!(Code::warnings().all(|code| code.id().chars().all(|c| c.is_ascii_lowercase() || c == '_')));
}

/// The events in a help, as a person would copy them.
fn events_in(help: &str) -> Vec<&str> {
    help.lines().filter(|line| line.starts_with('{')).collect()
}

/// What a warning shows as an example happens as it says.
#[test]
fn both_rules_of_a_write_conflict_run_on_its_example() {
    let mut found = Vec::new();
    cases(Path::new("tests/lint/write_conflict"), &mut found);
    let mut examples = 0;
    for (main, ..) in found {
        let (loaded, checked) = checked(&main);
        let model = checked.model.expect("warnings are of programs without errors");
        let program = stagegate::lower::lower(&model, &loaded.sources).expect("it can be compiled");
        let machine = Machine::new(program).expect("it can run");
        for diagnostic in checked.diagnostics.iter().filter(|d| d.code == Code::WriteConflict) {
            let help = diagnostic.help.as_deref().unwrap_or_default();
            let mut decoder = Decoder::new(machine.program());
            let mut engine = Engine::new(&machine, Options::default());
            let mut records = Records::new(machine.program());
            let mut effects = Vec::new();
            for line in events_in(help) {
                effects.clear();
                let event = match decoder.decode(line) {
                    Ok(Decoded::Event(event)) => event,
                    other => panic!("{line}: {other:?}"),
                };
                records.apply(&mut engine, &event, &mut effects).expect("the event is taken");
            }
            // On the last event each of the two rules in the message writes the field in it.
            let quoted: Vec<&str> = diagnostic.message.split('`').skip(1).step_by(2).collect();
            for rule in &quoted[..2] {
                let wrote = effects.iter().any(|effect| match &effect.kind {
                    EffectKind::FieldsChanged { rule: id, changes } => {
                        let by = &machine.program().rule(*id).name;
                        let fields = &machine.program().schema.entity(effect.subject.entity).fields;
                        **by == **rule
                            && changes.iter().any(|(field, ..)| *fields[field.index()].name == *quoted[2])
                    }
                    _ => false,
                });
                assert!(wrote, "{rule} does not write on\n{help}\n{effects:#?}");
            }
            examples += 1;
        }
    }
    assert!(examples >= 5, "only {examples} examples");
}
