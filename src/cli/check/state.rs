//! `check --state`: whether a run could go on with a state file.

use crate::cli::Result;
use crate::cli::exit::{self, Exit, Failure};
use crate::cli::input;
use crate::compiler;
use std::path::Path;

/// Says what a state file holds that the program does not know.
pub(super) fn compare(state: &Path, program: &Path) -> Result {
    let failure = |e: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot use the state file {}: {e}", state.display()))
    };
    let loaded = input::load(program)?;
    let Some(model) = compiler::check(&loaded).model else { return Ok(Exit::Findings) };
    let lowered = crate::lower::lower(&model, &loaded.sources)
        .map_err(|_| Failure::usage(format!("{} cannot be compiled", input::shown(program))))?;
    let found = crate::run::state::compare(state, &lowered).map_err(|e| failure(&e))?;
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let holds = format!(
        "{}: {}, {} under way",
        state.display(),
        count(found.records, "record", "records"),
        count(found.bodies, "body", "bodies")
    );
    if found.same {
        exit::say(&format!("{holds}; it belongs to this program\n"));
        return Ok(Exit::Clean);
    }
    exit::say(&format!("{holds}; it belongs to another version of the program, and a run refuses it\n"));
    for (what, records) in &found.vanished {
        exit::say(&format!("  {what} is gone: {}\n", count(*records, "record", "records")));
    }
    if found.vanished.is_empty() {
        exit::say("  nothing of what it holds is gone by name\n");
    }
    Ok(Exit::Findings)
}
