//! Code of earlier versions of a program, made to run in this one.
//!
//! Bodies of rules that have begun go on with the version they began with. So that one machine runs everything over
//! records of one form, all code of the earlier versions is appended to the program, with every number in it replaced by
//! that of the same name here. What has no counterpart becomes a ghost: a rule that never starts, an action, an event, an
//! enum. An instruction that needs a field or a stage that is gone, or of another type, is replaced by one that fails.
//! Positions inside the code stay what they were. The same versions in the same order always give the same program.

mod code;
pub mod names;

use super::{Code, Output, Program, Rule};
use crate::program::EventPattern;
use crate::schema::{ActionDef, Enum, EventDef, Field};
use crate::source::{FileId, Span};
use crate::value::*;
use code::Linker;
use names::{Names, Renamed, stage_path};
use std::ops::Range;

/// An earlier version that bodies still go on with.
#[derive(Debug, Clone)]
pub struct Earlier {
    pub hash: String,
    pub program: Program,
    /// Its stages that have another name by now.
    pub renamed: Renamed,
}

/// A program with the code of earlier versions behind its own.
#[derive(Debug, Clone)]
pub struct Linked {
    pub program: Program,
    /// Where the code of each version stands, this one's first.
    pub parts: Vec<Part>,
}

/// The code of one version.
#[derive(Debug, Clone)]
pub struct Part {
    pub hash: String,
    pub chunks: Range<u32>,
    pub calls: Range<u32>,
    pub waits: Range<u32>,
}

impl Linked {
    /// The version in whose code this piece stands.
    pub fn part_of(&self, chunk: super::ChunkId) -> Option<usize> {
        self.parts.iter().position(|part| part.chunks.contains(&chunk.0))
    }

    pub fn part(&self, hash: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.hash == hash)
    }
}

/// Puts the code of earlier versions behind that of a program.
///
/// # Errors
/// Together they are too large.
pub fn link(base: Program, hash: &str, earlier: &[Earlier]) -> Result<Linked, String> {
    let begin = Sizes::of(&Code::default());
    let mut parts = vec![begin.part(hash, Sizes::of(&base.code))];
    let mut out = base;
    for version in earlier {
        let before = Sizes::of(&out.code);
        if out.pipelines.is_empty() {
            // Then no record stands anywhere, and nothing of it is under way.
            parts.push(before.part(&version.hash, before));
            continue;
        }
        let mut names = Names::new(&version.program, &out, &version.renamed);
        ghosts(&version.program, &mut out, &mut names)?;
        let actions = actions(&version.program, &mut out, &names)?;
        rules(&version.program, &mut out, &mut names, before.chunks);
        outputs(&version.program, &mut out, &mut names);
        Linker::new(&version.program, &mut out, &names, actions).link()?;
        out.reads_references |= version.program.reads_references;
        parts.push(before.part(&version.hash, Sizes::of(&out.code)));
    }
    Ok(Linked { program: out, parts })
}

/// How much code there is.
#[derive(Clone, Copy)]
struct Sizes {
    chunks: u32,
    calls: u32,
    waits: u32,
}

impl Sizes {
    fn of(code: &Code) -> Sizes {
        Sizes {
            chunks: code.chunks.len() as u32,
            calls: code.calls.len() as u32,
            waits: code.waits.len() as u32,
        }
    }

    fn part(self, hash: &str, end: Sizes) -> Part {
        Part {
            hash: hash.to_owned(),
            chunks: self.chunks..end.chunks,
            calls: self.calls..end.calls,
            waits: self.waits..end.waits,
        }
    }
}

fn number(length: usize) -> Result<u16, String> {
    u16::try_from(length).map_err(|_| "together with earlier versions it is too large".to_owned())
}

/// Types and events that are gone: they go on living for the old code.
fn ghosts(old: &Program, out: &mut Program, names: &mut Names) -> Result<(), String> {
    for (at, opaque) in old.schema.opaques.iter().enumerate() {
        if names.opaques[at].is_none() {
            names.opaques[at] = Some(OpaqueId(number(out.schema.opaques.len())?));
            out.schema.opaques.push(opaque.clone());
        }
    }
    for (at, def) in old.schema.enums.iter().enumerate() {
        if names.enums[at].is_none() {
            names.enums[at] = Some(EnumId(number(out.schema.enums.len())?));
            names.members[at] = (0..def.values.len()).map(|n| Some(n as u16)).collect();
            out.schema.enums.push(Enum { name: def.name.clone(), values: def.values.clone() });
        }
    }
    for (at, def) in old.schema.events.iter().enumerate() {
        if names.events[at].is_some() {
            continue;
        }
        let Some(payload) = fields(&def.payload, names) else { continue };
        let parent = def.parent.and_then(|parent| names.event(parent)).filter(|parent| {
            let inherited = &out.schema.event(*parent).payload;
            inherited.len() <= payload.len()
                && inherited.iter().zip(&payload).all(|(a, b)| a.ty == b.ty && a.name == b.name)
        });
        names.events[at] = Some(EventId(number(out.schema.events.len())?));
        names.slots[at] = (0..payload.len()).map(|n| Some(n as u16)).collect();
        out.schema.events.push(EventDef {
            name: def.name.clone(),
            label: def.label.clone(),
            parent,
            on: def.on.iter().filter_map(|entity| names.entity(*entity)).collect(),
            payload,
        });
        let ghost = EventId((out.schema.events.len() - 1) as u16);
        for pipeline in &mut out.pipelines {
            // A kind of an event that is still there is heard by those who listen to that.
            let heard = parent.and_then(|parent| pipeline.triggers_by_event.get(parent.index()).cloned());
            pipeline.triggers_by_event.push(heard.unwrap_or_default());
        }
        debug_assert_eq!(names.events[at], Some(ghost));
    }
    Ok(())
}

fn fields(old: &[Field], names: &Names) -> Option<Vec<Field>> {
    old.iter()
        .map(|field| {
            Some(Field {
                name: field.name.clone(),
                ty: names.ty(&field.ty)?,
                limits: field.limits.clone(),
                default: field.default.as_ref().and_then(|value| names.value(value, &field.ty)),
            })
        })
        .collect()
}

/// An old body asks for an action as it was.
fn actions(old: &Program, out: &mut Program, names: &Names) -> Result<Vec<Option<ActionId>>, String> {
    let mut found = Vec::with_capacity(old.schema.actions.len());
    for action in &old.schema.actions {
        let (Some(params), Some(outputs)) = (fields(&action.params, names), fields(&action.outputs, names))
        else {
            found.push(None);
            continue;
        };
        let alike = |a: &[Field], b: &[Field]| {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| a.name == b.name && a.ty == b.ty && a.limits == b.limits)
        };
        let same = out.schema.actions.iter().position(|other| {
            other.name == action.name && alike(&other.params, &params) && alike(&other.outputs, &outputs)
        });
        let id = match same {
            Some(at) => at,
            None => {
                let (name, label) = (action.name.clone(), action.label.clone());
                out.schema.actions.push(ActionDef { name, label, params, outputs });
                out.schema.actions.len() - 1
            }
        };
        found.push(Some(ActionId(number(id)?)));
    }
    Ok(found)
}

/// Rules that are gone: they never start, but their bodies have a name, a stage to leave and a place in the order.
fn rules(old: &Program, out: &mut Program, names: &mut Names, chunks: u32) {
    for (at, rule) in old.rules.iter().enumerate() {
        if names.rules[at].is_some() {
            continue;
        }
        let pipeline = names.pipeline(rule.pipeline).unwrap_or(PipelineId(0));
        let stage = rule.stage.and_then(|stage| names.stage(stage));
        let stage = stage.filter(|stage| out.stage(*stage).pipeline == pipeline);
        let path = match stage {
            Some(stage) => format!("{}.{}", stage_path(out, stage), rule.name).into(),
            None => rule.path.clone(),
        };
        names.rules[at] = Some(RuleId(out.rules.len() as u32));
        out.rules.push(Rule {
            name: rule.name.clone(),
            label: rule.label.clone(),
            path,
            pipeline,
            stage,
            disabled: true,
            then: false,
            on: if stage.is_none() { vec![EventPattern::AnyChange] } else { Vec::new() },
            timing: None,
            during: None,
            when: None,
            when_awaits: Vec::new(),
            once: false,
            overlap: rule.overlap,
            detached: rule.detached,
            body: super::ChunkId(chunks + rule.body.0),
            // Behind all others in the order of timers.
            span: Span { file: FileId(0), start: u32::MAX, end: u32::MAX },
        });
    }
}

/// What bodies of an earlier version bind for each other.
fn outputs(old: &Program, out: &mut Program, names: &mut Names) {
    for (at, output) in old.outputs.iter().enumerate() {
        if let Some(known) = names.output(OutputId(at as u32)) {
            out.outputs[known.index()].read |= output.read;
            continue;
        }
        let (Some(rule), Some(ty)) = (names.rule(output.rule), names.ty(&output.ty)) else { continue };
        let known = out.outputs.iter().position(|o| o.rule == rule && o.path == output.path && o.ty == ty);
        names.outputs[at] = Some(match known {
            Some(known) => {
                out.outputs[known].read |= output.read;
                OutputId(known as u32)
            }
            None => {
                out.outputs.push(Output { rule, path: output.path.clone(), ty, read: output.read });
                OutputId((out.outputs.len() - 1) as u32)
            }
        });
    }
}
