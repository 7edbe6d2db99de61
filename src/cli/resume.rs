//! `run --state`: a run that goes on where it stopped.

use super::exit::Failure;
use super::run::Input;
use crate::run::state::{Prepared, name_of};
use crate::run::{KeepError, Run, Start};
use crate::vm::Machine;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Refuses what cannot be a state file.
pub fn refuse(path: &Path, inputs: &[Input]) -> Result<(), Failure> {
    if path == Path::new("-") {
        return Err(Failure::usage("the state cannot be kept in standard input"));
    }
    if let Some(input) = inputs.iter().find(|input| super::input::same_file(Path::new(&input.name), path)) {
        return Err(Failure::usage(format!("{} is read in this run: keep the state elsewhere", input.name)));
    }
    Ok(())
}

/// Gives a run what was kept, finds the place in each input, and lets it be kept from now on. Whatever is wrong is found
/// before anything is changed.
pub fn resume<'p>(
    path: &Path,
    prepared: Prepared,
    output: &Option<PathBuf>,
    batch: Option<u64>,
    machine: &'p Machine,
    inputs: &mut [Input],
    run: &mut Run<'p>,
) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let failure =
        |e: &dyn std::fmt::Display| Failure::usage(format!("cannot use the state file {shown}: {e}"));
    let mut state = prepared.open(machine.program()).map_err(|e| failure(&e))?;
    let kept = state.load().map_err(|e| failure(&e))?;
    let mut names = HashSet::new();
    for input in inputs.iter_mut().filter(|input| input.length.is_some()) {
        let name = Path::new(&input.name);
        let read = |e: std::io::Error| Failure::read(name, &e);
        let key = name_of(name).map_err(read)?;
        if !names.insert(key.clone()) {
            return Err(Failure::usage(format!("{} can be read only once with --state", input.name)));
        }
        let position = state.position(&key).map_err(|e| failure(&e))?;
        let Some(start) = Start::find(&mut input.reader, position).map_err(read)? else {
            return Err(Failure::usage(format!(
                "{} is not the file of which the state file {shown} has read the first {} lines: put that one back, or \
                 give this one a name of its own",
                input.name, position.line
            )));
        };
        input.start = Some((key, start));
    }
    let mut output = state.output(output.as_deref()).map_err(|e| failure(&e))?;
    state.adopt(&kept.records, &mut output).map_err(|e| failure(&e))?;
    run.restore(kept);
    run.keep(
        batch,
        Box::new(move |keeping| {
            state.keep(keeping, &mut output).map_err(|why| match why {
                KeepError::State(why) => {
                    KeepError::State(format!("cannot use the state file {shown}: {why}"))
                }
                other => other,
            })
        }),
    );
    Ok(())
}
