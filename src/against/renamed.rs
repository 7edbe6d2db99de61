//! A program under other names: what it does is the same.

use super::meaning::Compiled;
use super::{Key, Kind};
use crate::program::Program;
use crate::value::*;
use std::collections::HashMap;

/// A program with other names for some of what it declares, each given by its whole old name.
pub(super) fn renamed(original: &Compiled, names: &[(Key, String)]) -> Compiled {
    let names: HashMap<(Kind, &str), &str> =
        names.iter().map(|(key, name)| ((key.kind, &*key.name), &**name)).collect();
    let name = |kind: Kind, path: &str| names.get(&(kind, path)).map(|name| Text::from(*name));
    let before = &original.program;
    let mut program: Program = before.clone();
    let schema = &mut program.schema;
    let put = |place: &mut Text, kind: Kind, path: &str| {
        if let Some(name) = name(kind, path) {
            *place = name;
        }
    };
    for (entity, was) in schema.entities.iter_mut().zip(&before.schema.entities) {
        put(&mut entity.name, Kind::Entity, &was.name);
        if entity.name != was.name {
            entity.wire_name = entity.name.to_lowercase().into();
        }
        for (field, old) in entity.fields.iter_mut().zip(&was.fields) {
            put(&mut field.name, Kind::Field, &format!("{}.{}", was.name, old.name));
        }
    }
    for def in &mut schema.enums {
        let path = def.name.to_string();
        put(&mut def.name, Kind::Enum, &path);
        // One that is written at its place has the name of that.
        if let Some((of, field)) = path.rsplit_once('.') {
            for (kind, whole) in [
                (Kind::Field, Kind::Entity),
                (Kind::Payload, Kind::Event),
                (Kind::Parameter, Kind::Action),
                (Kind::Output, Kind::Action),
            ] {
                let (of_now, field_now) = (name(whole, of), name(kind, &path));
                if of_now.is_some() || field_now.is_some() {
                    let of = of_now.as_deref().unwrap_or(of).to_owned();
                    def.name = format!("{of}.{}", field_now.as_deref().unwrap_or(field)).into();
                }
            }
        }
    }
    for opaque in &mut schema.opaques {
        let path = opaque.name.to_string();
        put(&mut opaque.name, Kind::Opaque, &path);
    }
    for (event, was) in schema.events.iter_mut().zip(&before.schema.events) {
        put(&mut event.name, Kind::Event, &was.name);
        for (slot, field) in event.payload.iter_mut().enumerate() {
            // What it has from another event is declared there.
            let mut of = was;
            while let Some(parent) = of.parent.map(|id| before.schema.event(id)) {
                if slot >= parent.payload.len() {
                    break;
                }
                of = parent;
            }
            let path = format!("{}.{}", of.name, field.name);
            put(&mut field.name, Kind::Payload, &path);
        }
    }
    for (action, was) in schema.actions.iter_mut().zip(&before.schema.actions) {
        put(&mut action.name, Kind::Action, &was.name);
        for (kind, fields) in [(Kind::Parameter, &mut action.params), (Kind::Output, &mut action.outputs)] {
            for field in fields {
                let path = format!("{}.{}", was.name, field.name);
                put(&mut field.name, kind, &path);
            }
        }
    }
    for calendar in &mut schema.calendars {
        let path = calendar.name.to_string();
        put(&mut calendar.name, Kind::Calendar, &path);
    }
    for function in &mut program.code.functions {
        let path = function.name.to_string();
        put(&mut function.name, Kind::Function, &path);
    }
    for pipeline in &mut program.pipelines {
        let path = pipeline.name.to_string();
        put(&mut pipeline.name, Kind::Pipeline, &path);
    }
    for stage in &mut program.stages {
        let path = format!("{}.{}", before.pipeline(stage.pipeline).name, stage.name);
        put(&mut stage.name, Kind::Stage, &path);
    }
    for rule in &mut program.rules {
        let path = rule.path.to_string();
        put(&mut rule.name, Kind::Rule, &path);
        let pipeline = &program.pipelines[rule.pipeline.index()].name;
        rule.path = match rule.stage {
            Some(stage) => format!("{pipeline}.{}.{}", program.stages[stage.index()].name, rule.name).into(),
            None => format!("{pipeline}.{}", rule.name).into(),
        };
    }
    Compiled { program, expectations: original.expectations.clone() }
}
