//! What the compiler makes of programs without mistakes: every program under `tests/compile` with the snapshot beside
//! it, a listing.

use stagegate::compiler;
use stagegate::diagnostic::{Diagnostic, Rendered, render};
use stagegate::lower::lower;
use stagegate::model::{Local, Model};
use stagegate::program::Program;
use stagegate::program::file::{LoadError, MAGIC};
use stagegate::program::listing::listing;
use stagegate::program::verify::verify;
use stagegate::schema::Type;
use stagegate::source::Sources;
use stagegate::vm::Machine;
use std::fs;
use std::path::{Path, PathBuf};

fn model(path: &Path) -> (Model, Sources) {
    let folder = path.parent().unwrap();
    let root = PathBuf::from(path.file_name().unwrap());
    let loaded = compiler::load(&[root], &mut |path| fs::read(folder.join(path)));
    let checked = compiler::check(&loaded);
    let how = Rendered { color: false, width: 100 };
    let said: String = checked.diagnostics.iter().map(|d| render(d, &loaded.sources, how)).collect();
    (checked.model.unwrap_or_else(|| panic!("{}: {said}", path.display())), loaded.sources)
}

fn compiled(path: &str) -> Program {
    let (model, sources) = model(Path::new(path));
    lower(&model, &sources).unwrap()
}

fn drawn(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let how = Rendered { color: false, width: 80 };
    diagnostics.iter().map(|d| render(d, sources, how)).collect::<Vec<_>>().join("\n")
}

fn assert_as_said(name: &str, said: String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, said));
}

#[test]
fn every_program_is_compiled_as_its_snapshot_says() {
    let mut entries: Vec<PathBuf> =
        fs::read_dir("tests/compile").unwrap().map(|e| e.unwrap().path()).collect();
    entries.retain(|path| path.extension().is_some_and(|e| e == "rules"));
    entries.sort();
    assert!(!entries.is_empty());
    if !cfg!(feature = "locale") {
        entries.retain(|path| !path.ends_with("a-locale.rules"));
    }
    for path in entries {
        let (model, sources) = model(&path);
        let said = match lower(&model, &sources) {
            Ok(program) => {
                verify(&program).unwrap();
                // The hash and the versions of the build's data change with their crates.
                listing(&program).lines().skip(2).map(|line| format!("{line}\n")).collect()
            }
            Err(diagnostics) => drawn(&diagnostics, &sources),
        };
        assert_as_said(&path.file_stem().unwrap().to_string_lossy(), said);
    }
}

#[test]
fn a_body_with_more_variables_than_fit_is_refused() {
    let (mut model, sources) = model(Path::new("tests/compile/bodies.rules"));
    let local = Local { name: "x".into(), ty: Type::Int };
    model.stages[0].rules[0].body.frame.locals.resize(70_000, local);
    let diagnostics = lower(&model, &sources).unwrap_err();
    assert_as_said("a-body-with-more-variables-than-fit", drawn(&diagnostics, &sources));
}

#[test]
fn every_example_is_the_same_program_after_a_round_trip_through_its_file() {
    for example in ["leads", "orders", "sales", "support"] {
        let program = compiled(&format!("examples/{example}/{example}.rules"));
        let bytes = program.to_bytes().unwrap();
        let again = Program::from_bytes(&bytes).unwrap();
        assert_eq!(again, program, "{example}");
        assert_eq!(again.hash(), program.hash());
        assert_eq!(again.to_bytes().unwrap(), bytes);
        Machine::new(again).unwrap_or_else(|e| panic!("{example}: {e}"));
    }
}

/// The build without locales says so with the place, and refuses what another build has compiled.
#[cfg(not(feature = "locale"))]
#[test]
fn a_build_without_locales_refuses_them() {
    let (model, sources) = model(Path::new("tests/compile/a-locale.rules"));
    let diagnostics = lower(&model, &sources).unwrap_err();
    assert_as_said("a-locale-in-a-build-without", drawn(&diagnostics, &sources));
    let mut program = compiled("tests/compile/bodies.rules");
    program.pipelines[0].locale = Some("it".into());
    let refused = Machine::new(program).err().unwrap().to_string();
    assert!(refused.ends_with("and this build of stagegate has no locales"), "{refused}");
}

#[cfg(feature = "locale")]
#[test]
fn a_program_for_a_locale_without_data_is_refused() {
    let mut program = compiled("tests/compile/bodies.rules");
    program.pipelines[0].locale = Some("xx".into());
    let refused = Machine::new(program).err().unwrap().to_string();
    assert!(refused.contains("prints for the locale `xx`, which the locale data of this build"), "{refused}");
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    let once = compiled("examples/sales/sales.rules").to_bytes().unwrap();
    assert!(once == compiled("examples/sales/sales.rules").to_bytes().unwrap());
}

#[test]
fn a_file_that_is_no_whole_program_is_refused_with_the_reason() {
    let bytes = compiled("tests/compile/bodies.rules").to_bytes().unwrap();
    let refused = |bytes: &[u8]| Program::from_bytes(bytes).unwrap_err();
    assert_eq!(refused(b""), LoadError::NotAProgram);
    assert_eq!(refused(b"use crm"), LoadError::NotAProgram);
    assert_eq!(refused(&MAGIC[..4]), LoadError::Truncated);
    // A copy that made every line break a single character.
    let copied: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\r').collect();
    assert_eq!(refused(&copied), LoadError::NotAProgram);
    for length in [8, 11, 12, 20, 51, 52, 100, bytes.len() - 1] {
        assert_eq!(refused(&bytes[..length]), LoadError::Truncated, "{length}");
    }
    let mut changed = bytes.clone();
    changed.push(0);
    assert!(refused(&changed).to_string().contains("more behind its end"));
    changed.pop();
    changed[8] = 9;
    assert_eq!(refused(&changed), LoadError::OtherVersion(9));
    assert!(refused(&changed).to_string().contains("newer version"));
    changed[8] = 0;
    assert!(refused(&changed).to_string().contains("older version"));
    for place in 52..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(refused(&changed).to_string().contains("hash"), "{place}");
    }
}
