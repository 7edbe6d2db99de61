//! Life-cycle events: creation, changes from outside, moves by people; and why such events are rejected.

use super::Life;
use super::effect::{EffectKind, Mover};
use super::queue::Change;
use super::record::{Place, Record};
use super::remembered::Remembered;
use crate::diagnostic::suggest;
use crate::event::{Rejection, Subject};
use crate::program::Program;
use crate::schema::*;
use crate::value::*;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A record that has just been created and stands nowhere yet.
pub(super) fn new_record(
    program: &Program,
    subject: &Subject,
    fields: &[Value],
    clock: DateTime<Utc>,
) -> Record {
    let mut values = fields.to_vec();
    // A decoder fills all of them; a caller of our own making may not have.
    values.resize(program.schema.entity(subject.entity).fields.len().max(BUILTIN_FIELDS), Value::None);
    values[FIELD_ID.index()] = Value::Text(subject.id.clone());
    values[FIELD_CREATED_AT.index()] = Value::DateTime(clock);
    values[FIELD_STAGE.index()] = Value::None;
    values[FIELD_STAGE_ENTERED_AT.index()] = Value::DateTime(clock);
    Record {
        subject: subject.clone(),
        place: None,
        values,
        effects: 0,
        seen: Remembered::default(),
        outputs: BTreeMap::new(),
        failures: BTreeMap::new(),
        used: Vec::new(),
        simulated: BTreeMap::new(),
        clock,
        visits: 0,
        stays: 0,
        waiting: None,
    }
}

/// Where a `created` event puts its record; `None` if no pipeline is for the entity and none was asked for.
pub(super) fn first_place(
    program: &Program,
    subject: &Subject,
    pipeline: Option<PipelineId>,
    stage: Option<&str>,
) -> Result<Option<Place>, Rejection> {
    let first = |pipeline: PipelineId| program.pipeline(pipeline).stages.first().copied();
    match (pipeline, stage) {
        (Some(pipeline), stage) => {
            own_pipeline(program, subject, pipeline)?;
            let stage = match stage {
                Some(name) => Some(named(program, &[pipeline], name)?.stage),
                None => first(pipeline),
            };
            Ok(stage.map(|stage| Place { pipeline, stage }))
        }
        (None, Some(name)) => {
            let pipelines: Vec<PipelineId> = pipelines_of(program, subject.entity).collect();
            named(program, &pipelines, name).map(Some)
        }
        (None, None) => Ok(pipelines_of(program, subject.entity)
            .next()
            .and_then(|pipeline| Some(Place { pipeline, stage: first(pipeline)? }))),
    }
}

/// The stage that a `moved` event names: of the pipeline it names, else of the one in which the record stands,
/// else of another pipeline of the entity.
pub(super) fn target(
    program: &Program,
    record: &Record,
    pipeline: Option<PipelineId>,
    stage: &str,
) -> Result<StageId, Rejection> {
    if let Some(pipeline) = pipeline {
        own_pipeline(program, &record.subject, pipeline)?;
        return Ok(named(program, &[pipeline], stage)?.stage);
    }
    let here = record.place.map(|place| place.pipeline);
    let mut pipelines: Vec<PipelineId> = here.into_iter().collect();
    pipelines.extend(pipelines_of(program, record.subject.entity).filter(|p| Some(*p) != here));
    Ok(named(program, &pipelines, stage)?.stage)
}

fn pipelines_of(program: &Program, entity: EntityId) -> impl Iterator<Item = PipelineId> {
    let pipelines = program.pipelines.iter().enumerate();
    pipelines.filter(move |(_, p)| p.entity == entity).map(|(i, _)| PipelineId(i as u16))
}

fn own_pipeline(program: &Program, subject: &Subject, pipeline: PipelineId) -> Result<(), Rejection> {
    let wanted = program.pipeline(pipeline);
    if wanted.entity == subject.entity {
        return Ok(());
    }
    let entity = |id: EntityId| &program.schema.entity(id).name;
    Err(Rejection {
        code: "unknown-pipeline",
        message: format!(
            "the pipeline `{}` is for {}, and this is a {}",
            wanted.name,
            entity(wanted.entity),
            entity(subject.entity)
        ),
        pointer: Some("/data/pipeline".into()),
        expected: None,
    })
}

/// The first stage of that name in these pipelines.
fn named(program: &Program, pipelines: &[PipelineId], name: &str) -> Result<Place, Rejection> {
    let all = || {
        let places = pipelines.iter().map(|p| (*p, program.pipeline(*p)));
        places.flat_map(|(pipeline, p)| p.stages.iter().map(move |stage| Place { pipeline, stage: *stage }))
    };
    let stage_name = |place: &Place| -> &str { &program.stage(place.stage).name };
    if let Some(place) = all().find(|place| stage_name(place) == name) {
        return Ok(place);
    }
    // Pipelines of one entity may have stages of one name.
    let mut names: Vec<&str> = Vec::new();
    for place in all() {
        let name = &*program.stage(place.stage).name;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let whose = match pipelines {
        [] => {
            return Err(Rejection {
                code: "unknown-stage",
                message: format!(
                    "there is no stage `{name}`: no pipeline of the program is for such records"
                ),
                pointer: Some("/data/stage".into()),
                expected: None,
            });
        }
        [one] => format!("the pipeline `{}`", program.pipeline(*one).name),
        _ => "no pipeline for such records".into(),
    };
    let has = if pipelines.len() == 1 { "has no stage" } else { "has a stage" };
    let way_out = suggest::did_you_mean(name, names.iter().copied()).unwrap_or_else(|| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("the stages are {}", names.join(", "))
    });
    Err(Rejection {
        code: "unknown-stage",
        message: format!("{whose} {has} `{name}`: {way_out}"),
        pointer: Some("/data/stage".into()),
        expected: None,
    })
}

fn shown(schema: &Schema, subject: &Subject) -> String {
    format!("{}/{}", schema.entity(subject.entity).wire_name, subject.id)
}

pub(super) fn exists(schema: &Schema, subject: &Subject) -> Rejection {
    let entity = &schema.entity(subject.entity).wire_name;
    about_subject(
        "exists",
        format!(
            "`{}` has been created before: `{entity}.updated` changes its fields, `{entity}.moved` its stage",
            shown(schema, subject)
        ),
    )
}

pub(super) fn deleted_subject(schema: &Schema, subject: &Subject) -> Rejection {
    let shown = shown(schema, subject);
    about_subject("deleted-subject", format!("`{shown}` has been deleted: a new record needs a new id"))
}

pub(super) fn unknown_subject(schema: &Schema, subject: &Subject) -> Rejection {
    let entity = &schema.entity(subject.entity).wire_name;
    about_subject(
        "unknown-subject",
        format!("`{}` was never created: its first event must be `{entity}.created`", shown(schema, subject)),
    )
}

fn about_subject(code: &'static str, message: String) -> Rejection {
    Rejection { code, message, pointer: Some("/subject".into()), expected: None }
}

impl Life<'_, '_> {
    /// The record enters its first stage. Creation is no move.
    pub(super) fn created(&mut self, place: Place) {
        self.stand(place);
        self.emit(EffectKind::StageChanged { from: None, to: place.stage, by: Mover::Event, actor: None });
        self.start_entry_rules(place.stage);
    }

    /// Gives fields their new values; equal ones are left as they are. `None` if nothing changed at all.
    pub(super) fn change<'v>(
        &mut self,
        new: impl Iterator<Item = (FieldId, &'v Value)>,
        time: DateTime<Utc>,
    ) -> Option<Change> {
        let mut change: Option<Change> = None;
        for (field, value) in new {
            // A field that does not exist cannot come from the decoder or the compiler.
            let Some(now) = self.record.values.get(field.index()) else { continue };
            if now == value {
                continue;
            }
            let change = change.get_or_insert_with(|| {
                let mut old = self.buffers.spare.pop().unwrap_or_default();
                old.extend_from_slice(&self.record.values);
                Change { changed: Vec::new(), old, time, joined: 0 }
            });
            change.changed.retain(|(f, _)| *f != field);
            if change.old[field.index()] != *value {
                change.changed.push((field, value.clone()));
            }
            self.record.values[field.index()] = value.clone();
        }
        change.filter(|change| !change.changed.is_empty())
    }
}
