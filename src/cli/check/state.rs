//! `check --state`: what a run would do with a state file; and programs that have been compiled before.

use super::Args;
use crate::cli::Result;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{input, versions};
use crate::compiler;
use crate::compiler::Foreign;
use crate::program::Program;
use crate::program::file::LoadError;
use crate::program::verify::verify;
use std::path::Path;

/// Says what a run would do with a state file.
pub fn compare(args: &Args, state: &Path, program: &Path) -> Result {
    let program = match compiled(program) {
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

/// A program that has been compiled before, proven; `None` for text.
pub fn compiled(path: &Path) -> Option<std::result::Result<Program, Failure>> {
    // Standard input can be read only once, and is text.
    let bytes = if path == Path::new("-") { return None } else { input::read(path) };
    let named = path.extension().is_some_and(|extension| extension == "stagegate");
    let holds = bytes.as_ref().is_ok_and(|bytes| Foreign::of(bytes) == Some(Foreign::Compiled));
    if !named && !holds {
        return None;
    }
    Some(bytes.map_err(|e| Failure::read(path, &e)).and_then(|bytes| {
        let cannot = |e: LoadError| Failure::usage(format!("cannot use {}: {e}", path.display()));
        let program = Program::from_bytes(&bytes).map_err(cannot)?;
        verify(&program).map_err(|e| cannot(LoadError::Refused(e)))?;
        Ok(program)
    }))
}
