//! `shadowed_name`: a field hides a user, department, role, calendar or constant of the same name: in the
//! pipelines of its entity the bare name is the field.

use super::Program;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{ItemKind, Name, PrincipalKind};
use crate::value::EntityId;
use std::collections::{BTreeSet, HashMap, HashSet};

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    // Only where there is a pipeline are fields known by their bare names.
    let entities: BTreeSet<EntityId> = program.model.pipelines.iter().map(|p| p.entity).collect();
    let names: HashSet<&str> = entities.iter().map(|id| &*program.model.schema.entity(*id).name).collect();
    let mut values: HashMap<&str, (&'static str, Span)> = HashMap::new();
    for item in program.items() {
        let (what, name): (_, &Name) = match &item.kind {
            ItemKind::Principal(p) => match p.kind {
                PrincipalKind::User => ("user", &p.name),
                PrincipalKind::Department => ("department", &p.name),
                PrincipalKind::Role => ("role", &p.name),
            },
            ItemKind::Calendar(calendar) => ("calendar", &calendar.name),
            ItemKind::Const { name, .. } => ("constant", name),
            _ => continue,
        };
        values.insert(&name.text, (what, name.span));
    }
    for item in program.items() {
        let (entity, fields) = match &item.kind {
            ItemKind::Entity(entity) => (&entity.name, &entity.fields),
            ItemKind::Extend { entity, fields } => (entity, fields),
            _ => continue,
        };
        if !names.contains(&*entity.text) {
            continue;
        }
        for field in fields {
            let name = &field.name;
            let Some((what, place)) = values.get(&*name.text).copied() else { continue };
            let field_says = format!("`{}` is this field in every pipeline for {}", name.text, entity.text);
            let value_says = format!("an expression there cannot name this {what}");
            // The place is what can be renamed: the library's names stay.
            let (first, second) = match program.is_bundled(name.span.file) {
                true => ((place, value_says), (name.span, field_says)),
                false => ((name.span, field_says), (place, value_says)),
            };
            let message =
                format!("the field `{}` of {} hides the {what} `{}`", name.text, entity.text, name.text);
            found.push(
                Diagnostic::new(Code::ShadowedName, first.0, message)
                    .label(first.1)
                    .also(second.0, second.1)
                    .help(other_name(what, &name.text)),
            );
        }
    }
}

/// A name that is surely free of the field.
fn other_name(what: &str, name: &str) -> String {
    match what {
        "constant" => format!("give one of them another name: `const {name}_VALUE = …`"),
        _ => format!("give one of them another name: `{what} {name}_{what}`"),
    }
}
