//! What a state file holds that another version of its program does not know.

use super::readable::Readable;
use super::{Result, StateFile, connect, error, what_runs};
use crate::engine::record::Slot;
use crate::program::Program;
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A state file, seen with the eyes of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Whether the program is the one that it belongs to.
    pub same: bool,
    /// Living records.
    pub records: usize,
    /// Bodies of rules that have begun and wait.
    pub bodies: usize,
    /// What has vanished, and how many records that concerns: only what concerns any.
    pub vanished: Vec<(String, usize)>,
}

/// Compares a state file with a program. Nothing is changed.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn compare(path: &Path, program: &Program) -> Result<Comparison> {
    if !path.exists() {
        return Err(error("there is no such file"));
    }
    let (connection, tables) = connect(path, false)?;
    if tables == 0 {
        return Err(error("it is empty"));
    }
    let own = "SELECT bytes FROM programs JOIN meta ON meta.key = 'program' AND meta.value = programs.hash";
    let bytes: Vec<u8> = connection.query_row(own, [], |row| row.get(0))?;
    let old = Program::from_bytes(&bytes).map_err(|e| error(format!("of the program in it: {e}")))?;
    let state = StateFile { connection, readable: Readable::new(&old), program: &old, output: String::new() };
    state.check_form()?;
    let kept = state.load()?;
    let same = what_runs(program) == what_runs(&old);
    let (mut records, mut bodies, mut vanished) = (0, 0, BTreeMap::new());
    for (subject, slot) in kept.records.slots() {
        let Slot::Living(record) = slot else { continue };
        records += 1;
        let mut gone = Vec::new();
        let entity = old.schema.entity(subject.entity);
        let now = program.schema.entities.iter().find(|other| other.wire_name == entity.wire_name);
        match now {
            None => gone.push(format!("entity `{}`", entity.name)),
            Some(now) => {
                for (field, value) in entity.fields.iter().zip(&record.values) {
                    if *value != Value::None && !now.fields.iter().any(|other| other.name == field.name) {
                        gone.push(format!("field `{}` of `{}`", field.name, entity.name));
                    }
                }
            }
        }
        if let Some(place) = record.place {
            let (pipeline, stage) = (old.pipeline(place.pipeline), old.stage(place.stage));
            let found = program.pipelines.iter().find(|other| other.name == pipeline.name);
            match found {
                None => gone.push(format!("pipeline `{}`", pipeline.name)),
                Some(found) if !found.stages.iter().any(|id| program.stage(*id).name == stage.name) => {
                    gone.push(format!("stage `{}.{}`", pipeline.name, stage.name));
                }
                Some(_) => {}
            }
        }
        let runs = record.waiting.as_ref().map(|waiting| &waiting.runs[..]).unwrap_or_default();
        for run in runs {
            bodies += usize::from(run.frame.is_some());
            let rule = &old.rule(run.rule).path;
            if !program.rules.iter().any(|other| other.path == *rule) {
                gone.push(format!("rule `{rule}`"));
            }
        }
        gone.sort();
        gone.dedup();
        for what in gone {
            *vanished.entry(what).or_insert(0) += 1;
        }
    }
    Ok(Comparison { same, records, bodies, vanished: vanished.into_iter().collect() })
}
