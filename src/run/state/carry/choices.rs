//! What a person says to do with what cannot be carried over by name.

use crate::diagnostic::suggest;
use crate::program::Program;
use crate::program::link::names::{Names, Renamed, stage_path};
use crate::value::*;
use std::collections::HashSet;

/// As given on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Where records go whose stage is gone: `Old` or `Pipeline.Old`, then the same of the new program.
    pub stages: Vec<(String, String)>,
    /// Fields whose values are forgotten where they cannot be carried over: `Entity.field`.
    pub dropped: Vec<String>,
}

/// The same, found in both programs.
#[derive(Debug, Default)]
pub struct Resolved {
    pub renamed: Renamed,
    dropped: HashSet<(EntityId, FieldId)>,
}

impl Choices {
    /// Finds what is named.
    ///
    /// # Errors
    /// What is not there, all of it.
    pub fn resolve(&self, old: &Program, new: &Program) -> Result<Resolved, Vec<String>> {
        let (mut resolved, mut wrong) = (Resolved::default(), Vec::new());
        for (from, to) in &self.stages {
            match stages(old, new, from, to) {
                Ok((from, to)) => {
                    if let Some(before) = resolved.renamed.insert(from.clone(), to.clone())
                        && before != to
                    {
                        wrong.push(format!("--map-stage says twice where the records in `{from}` go"));
                    }
                }
                Err(why) => wrong.push(format!("--map-stage {from}={to}: {why}")),
            }
        }
        for name in &self.dropped {
            match field(old, new, name) {
                Ok(found) => {
                    resolved.dropped.insert(found);
                }
                Err(why) => wrong.push(format!("--drop-field {name}: {why}")),
            }
        }
        if wrong.is_empty() { Ok(resolved) } else { Err(wrong) }
    }
}

impl Resolved {
    pub fn drops(&self, entity: EntityId, field: FieldId) -> bool {
        self.dropped.contains(&(entity, field))
    }

    /// What could be meant with a stage that is gone: a stage of the same pipeline that is new, if there is one.
    pub(super) fn suggestion(&self, old: &Program, gone: StageId, new: &Program, names: &Names) -> String {
        let before = old.stage(gone);
        let pipeline = names.pipeline(before.pipeline).or_else(|| {
            let entity = names.entity(old.pipeline(before.pipeline).entity)?;
            new.pipelines
                .iter()
                .position(|pipeline| pipeline.entity == entity)
                .map(|at| PipelineId(at as u16))
        });
        let Some(pipeline) = pipeline else { return "PIPELINE.STAGE".into() };
        let known: HashSet<StageId> = names.stages.iter().copied().flatten().collect();
        let stages = &new.pipeline(pipeline).stages;
        let fresh: Vec<StageId> = stages.iter().copied().filter(|stage| !known.contains(stage)).collect();
        let named: Vec<&str> = fresh.iter().map(|stage| &*new.stage(*stage).name).collect();
        let near = named.iter().position(|name| *name == &*before.name).or_else(|| {
            let near = suggest::nearest(&before.name, named.iter().copied())?;
            named.iter().position(|name| *name == near)
        });
        match (near, fresh.as_slice()) {
            (Some(at), _) => stage_path(new, fresh[at]),
            (None, [one]) => stage_path(new, *one),
            _ => format!("{}.STAGE", new.pipeline(pipeline).name),
        }
    }
}

/// All stages that are meant with `Stage` or `Pipeline.Stage`.
fn named(program: &Program, name: &str) -> Vec<StageId> {
    let all = (0..program.stages.len()).map(|at| StageId(at as u16));
    all.filter(|id| {
        if name.contains('.') { stage_path(program, *id) == name } else { *program.stage(*id).name == *name }
    })
    .collect()
}

fn unknown(program: &Program, name: &str, whose: &str) -> String {
    let paths: Vec<String> =
        (0..program.stages.len()).map(|at| stage_path(program, StageId(at as u16))).collect();
    let names: Vec<&str> = if name.contains('.') {
        paths.iter().map(String::as_str).collect()
    } else {
        program.stages.iter().map(|stage| &*stage.name).collect()
    };
    let way_out = suggest::did_you_mean(name, names.iter().copied()).unwrap_or_else(|| {
        format!("it has {}", paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", "))
    });
    format!("{whose} has no stage `{name}`: {way_out}")
}

fn several(program: &Program, name: &str, found: &[StageId], whose: &str) -> String {
    let paths: Vec<String> = found.iter().map(|id| format!("`{}`", stage_path(program, *id))).collect();
    format!("{whose} has several stages `{name}`: write {}", paths.join(" or "))
}

fn stages(old: &Program, new: &Program, from: &str, to: &str) -> Result<(String, String), String> {
    let (file, program) = ("the version in the state file", "the program");
    let found = named(old, from);
    // Of several, the ones that are still there are not meant.
    let paths: HashSet<String> =
        (0..new.stages.len()).map(|at| stage_path(new, StageId(at as u16))).collect();
    let gone: Vec<StageId> =
        found.iter().copied().filter(|id| !paths.contains(&stage_path(old, *id))).collect();
    let source = match (found.as_slice(), gone.as_slice()) {
        ([], _) => return Err(unknown(old, from, file)),
        (_, [one]) => *one,
        (_, []) => {
            return Err(format!(
                "`{from}` is still a stage of the program: only one that is gone can be mapped"
            ));
        }
        (_, several_gone) => return Err(several(old, from, several_gone, file)),
    };
    let before = old.pipeline(old.stage(source).pipeline);
    let mut targets = named(new, to);
    if targets.len() > 1 {
        let same: Vec<StageId> = targets
            .iter()
            .copied()
            .filter(|id| new.pipeline(new.stage(*id).pipeline).name == before.name)
            .collect();
        targets = if same.len() == 1 { same } else { targets };
    }
    let target = match targets.as_slice() {
        [] => return Err(unknown(new, to, program)),
        [one] => *one,
        several_found => return Err(several(new, to, several_found, program)),
    };
    let entity = &old.schema.entity(before.entity);
    let goal = new.schema.entity(new.pipeline(new.stage(target).pipeline).entity);
    if entity.wire_name != goal.wire_name {
        return Err(format!("`{from}` is a stage of `{}`, and `{to}` one of `{}`", entity.name, goal.name));
    }
    Ok((stage_path(old, source), stage_path(new, target)))
}

fn field(old: &Program, new: &Program, name: &str) -> Result<(EntityId, FieldId), String> {
    let Some((entity, field)) = name.split_once('.') else {
        return Err("write the entity and the field, as Deal.notes".into());
    };
    let entities = &old.schema.entities;
    let Some(at) = entities.iter().position(|known| *known.name == *entity) else {
        let way_out = suggest::did_you_mean(entity, entities.iter().map(|known| &*known.name));
        let way_out = way_out.map_or(String::new(), |way_out| format!(": {way_out}"));
        return Err(format!("the version in the state file has no entity `{entity}`{way_out}"));
    };
    let fields = &entities[at].fields;
    let Some(number) = fields.iter().position(|known| *known.name == *field) else {
        let way_out = suggest::did_you_mean(field, fields.iter().map(|known| &*known.name));
        let way_out = way_out.map_or(String::new(), |way_out| format!(": {way_out}"));
        return Err(format!("`{entity}` has no field `{field}` in the version of the state file{way_out}"));
    };
    let id = (EntityId(at as u16), FieldId(number as u16));
    let names = Names::new(old, new, &Renamed::new());
    let still = names.entity(id.0).zip(names.field(id.0, id.1));
    if let Some((entity, here)) = still
        && names.ty(&fields[number].ty).is_some_and(|ty| {
            ty == new.schema.entity(entity).fields[here.index()].ty
                && all_members(&names, &fields[number].ty, &ty)
        })
    {
        return Err("it is still there, and of the same type: its values stay".into());
    }
    Ok(id)
}

/// Whether every value of the type is still one.
fn all_members(names: &Names, before: &crate::schema::Type, now: &crate::schema::Type) -> bool {
    use crate::schema::Type;
    match (before, now) {
        (Type::Enum(id), Type::Enum(_)) => {
            names.members.get(id.index()).is_none_or(|members| members.iter().all(Option::is_some))
        }
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => all_members(names, a, b),
        _ => true,
    }
}
