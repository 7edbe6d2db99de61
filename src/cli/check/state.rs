//! `check --state`: what a run would do with a state file; and programs that have been compiled before.

use super::Args;
use crate::cli::Result;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{input, versions};
use crate::compiler;
use std::path::Path;

/// Says what a run would do with a state file.
pub fn compare(args: &Args, state: &Path, program: &Path) -> Result {
    let program = match super::compiled(program) {
        Some(program) => program?,
        None => {
            let loaded = input::load(program)?;
            let Some(model) = compiler::check(&loaded).model else { return Ok(Exit::Findings) };
            crate::lower::lower(&model, &loaded.sources)
                .map_err(|_| Failure::usage(format!("{} cannot be compiled", input::shown(program))))?
        }
    };
    let refused = versions::compare(state, program, &args.versions)?;
    Ok(if refused { Exit::Findings } else { Exit::Clean })
}
