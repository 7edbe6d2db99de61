//! Programs over the small world of cards, bells and rooms that `tests/run/base.rules` declares.

use stagegate::compiler;
use stagegate::program::Program;
use std::path::{Path, PathBuf};

/// A program without mistakes; it may use the files of `tests/run`.
pub fn compile(rules: &str) -> Program {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run"));
    let loaded = compiler::load(&[PathBuf::from("case.rules")], &mut |asked| {
        if asked == Path::new("case.rules") {
            Ok(rules.as_bytes().to_vec())
        } else {
            std::fs::read(folder.join(asked))
        }
    });
    let checked = compiler::check(&loaded);
    let messages: Vec<&str> = checked.diagnostics.iter().map(|d| &*d.message).collect();
    let model = checked.model.unwrap_or_else(|| panic!("{messages:?}"));
    stagegate::lower::lower(&model, &loaded.sources).expect("it can be compiled")
}
