//! Entities, enums, opaque types, events and actions: from the tree to the schema. Limits and defaults
//! come later ([`super::limits`]), when the constants are known.

use super::names::{Declarations, MOST};
use super::types::label;
use super::words;
use super::{Checker, TypeSymbol};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::schema::{ActionDef, Entity, EventDef, Field, Limits, Opaque, Schema, Type};
use crate::source::Span;
use crate::syntax::tree::{self, TypeKind};
use crate::value::*;
use std::collections::HashMap;

/// Whose field it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    Entity(EntityId),
    Event(EventId),
    Params(ActionId),
    Outputs(ActionId),
}

/// A declared field, and where it went.
pub(super) struct Placed<'t> {
    pub owner: Owner,
    /// Its position among the owner's fields.
    pub index: usize,
    pub field: &'t tree::Field,
}

impl Checker<'_> {
    /// Fills the schema with everything that has fields. The result is what limits and defaults are still to
    /// be read of.
    pub(super) fn declare_types<'t>(&mut self, all: &Declarations<'t>) -> Vec<Placed<'t>> {
        self.schema.enums = Schema::builtin_enums();
        self.places.enum_values = vec![Vec::new(); self.schema.enums.len()];
        for (name, values) in &all.enums {
            self.declare_enum(&name.text, name.span, values);
        }
        for (name, text) in &all.opaques {
            self.schema
                .opaques
                .push(Opaque { name: name.text.clone().into(), label: label(*text, &name.text) });
        }
        // Entities may refer to each other: first all names, then the fields.
        for (i, entity) in all.entities.iter().enumerate() {
            self.schema.entities.push(Entity {
                name: entity.name.text.clone().into(),
                wire_name: entity.name.text.to_lowercase().into(),
                label: label(entity.label.as_ref(), &entity.name.text),
                fields: builtin_fields(EntityId(i as u16)),
            });
            self.places.fields.push(vec![entity.name.span; crate::schema::BUILTIN_FIELDS]);
        }
        let mut placed = Vec::new();
        let mut taken = vec![HashMap::new(); all.entities.len()];
        for (i, entity) in all.entities.iter().enumerate() {
            let id = EntityId(i as u16);
            if self.names.types.get(&entity.name.text).map(|(symbol, _)| *symbol)
                != Some(TypeSymbol::Entity(id))
            {
                self.lose_fields(&entity.fields);
            }
            self.entity_fields(id, &entity.fields, &mut taken[i], &mut placed);
        }
        for (name, fields) in &all.extensions {
            match self.resolve_entity(name) {
                Some(entity) => self.entity_fields(entity, fields, &mut taken[entity.index()], &mut placed),
                // What stands in it is looked at all the same.
                None => {
                    fields.iter().for_each(|f| drop(self.resolve_type_at(&f.ty, &name.text)));
                    self.lose_fields(fields);
                }
            }
        }
        for (i, event) in all.events.iter().enumerate() {
            self.event(EventId(i as u16), event, all.parents[i], &mut placed);
        }
        for (i, action) in all.actions.iter().enumerate() {
            self.action(ActionId(i as u16), action, &mut placed);
        }
        placed
    }

    /// Fields of an entity that cannot be found, or not by its name.
    fn lose_fields(&mut self, fields: &[tree::Field]) {
        for field in fields {
            self.lost.insert(field.name.text.clone());
            let mut ty = &field.ty;
            while let TypeKind::Optional(inner) | TypeKind::ListOf(inner) = &ty.kind {
                ty = inner;
            }
            if let TypeKind::Enum(values) = &ty.kind {
                self.lost.extend(values.iter().map(|v| v.name.text.clone()));
            }
        }
    }

    fn entity_fields<'t>(
        &mut self,
        id: EntityId,
        fields: &'t [tree::Field],
        taken: &mut HashMap<&'t str, Span>,
        placed: &mut Vec<Placed<'t>>,
    ) {
        let entity = self.schema.entity(id).name.clone();
        for field in fields {
            let name = &field.name;
            let ty = self.resolve_type_at(&field.ty, &format!("{entity}.{}", name.text));
            if let Some(why) = words::reserved_field(&name.text) {
                self.reserved(name.span, &name.text, why);
                continue;
            }
            if let Some(before) = taken.get(&*name.text) {
                let message = format!("`{entity}` has two fields `{}`", name.text);
                self.twice(name.span, *before, message, None);
                continue;
            }
            taken.insert(&name.text, name.span);
            let index = self.schema.entity(id).fields.len();
            if index >= MOST {
                self.too_many(name.span, "fields in an entity");
                return;
            }
            self.schema.entities[id.index()].fields.push(bare(&name.text, ty));
            self.places.fields[id.index()].push(name.span);
            placed.push(Placed { owner: Owner::Entity(id), index, field });
        }
    }

    fn event<'t>(
        &mut self,
        id: EventId,
        event: &'t tree::Event,
        parent: Option<EventId>,
        placed: &mut Vec<Placed<'t>>,
    ) {
        let name = event.name.text();
        let on = self.event_entities(event, parent);
        let (mut payload, mut places) = match parent {
            Some(parent) => {
                (self.schema.event(parent).payload.clone(), self.places.payloads[parent.index()].clone())
            }
            None => (Vec::new(), Vec::new()),
        };
        let mut taken: HashMap<Text, usize> =
            payload.iter().enumerate().map(|(i, f)| (f.name.clone(), i)).collect();
        let inherited = payload.len();
        for field in &event.payload {
            let member = &field.name;
            let ty = self.resolve_type_at(&field.ty, &format!("{name}.{}", member.text));
            if let Some(why) = words::reserved_payload(&member.text) {
                self.reserved(member.span, &member.text, why);
                continue;
            }
            if let Some(before) = taken.get(&*member.text) {
                let message = match event.parent.as_ref().filter(|_| *before < inherited) {
                    Some(parent) => {
                        format!("`{name}` has `{}` already: it is a `{}`", member.text, parent.text())
                    }
                    None => format!("`{name}` has two members `{}`", member.text),
                };
                self.twice(member.span, places[*before], message, None);
                continue;
            }
            let index = payload.len();
            if index >= MOST {
                self.too_many(member.span, "members in an event");
                break;
            }
            taken.insert(member.text.clone().into(), index);
            payload.push(bare(&member.text, ty));
            places.push(member.span);
            placed.push(Placed { owner: Owner::Event(id), index, field });
        }
        let label = label(event.label.as_ref(), &name);
        self.schema.events.push(EventDef { name: name.into(), label, parent, on, payload });
        self.places.payloads.push(places);
    }

    /// The entities an event may happen to: those after `on`, or those of its parent.
    fn event_entities(&mut self, event: &tree::Event, parent: Option<EventId>) -> Vec<EntityId> {
        let mut on: Vec<(EntityId, Span)> = Vec::new();
        for name in &event.on {
            let Some(entity) = self.resolve_entity(name) else { continue };
            match on.iter().find(|(e, _)| *e == entity) {
                Some((_, first)) => {
                    let message = format!("`{}` stands twice after `on`", name.text);
                    self.twice(name.span, *first, message, None);
                }
                None => on.push((entity, name.span)),
            }
        }
        let Some(parent) = parent else { return on.into_iter().map(|(e, _)| e).collect() };
        let allowed = self.schema.event(parent).on.clone();
        if on.is_empty() || allowed.is_empty() {
            return if on.is_empty() { allowed } else { on.into_iter().map(|(e, _)| e).collect() };
        }
        for (entity, span) in &on {
            if !allowed.contains(entity) {
                let parent = &self.schema.event(parent).name;
                let message = format!(
                    "`{}` cannot happen to `{}`, for `{parent}` cannot",
                    event.name.text(),
                    self.schema.entity(*entity).name
                );
                let only: Vec<&str> = allowed.iter().map(|e| &*self.schema.entity(*e).name).collect();
                let label = format!("`{parent}` happens to `{}` only", only.join("`, `"));
                let help = format!("take `{}` away", self.schema.entity(*entity).name);
                self.report(Diagnostic::new(Code::EventEntities, *span, message).label(label).help(help));
            }
        }
        on.into_iter().map(|(e, _)| e).filter(|e| allowed.contains(e)).collect()
    }

    fn action<'t>(&mut self, id: ActionId, action: &'t tree::ActionDecl, placed: &mut Vec<Placed<'t>>) {
        let name = action.name.text();
        let (params, places) = self.members(&name, "parameters", Owner::Params(id), &action.params, placed);
        let (outputs, _) = self.members(&name, "outputs", Owner::Outputs(id), &action.outputs, placed);
        let label = label(action.label.as_ref(), &name);
        self.schema.actions.push(ActionDef { name: name.into(), label, params, outputs });
        self.places.params.push(places);
    }

    fn members<'t>(
        &mut self,
        action: &str,
        what: &str,
        owner: Owner,
        fields: &'t [tree::Field],
        placed: &mut Vec<Placed<'t>>,
    ) -> (Vec<Field>, Vec<Span>) {
        let (mut members, mut places): (Vec<Field>, Vec<Span>) = Default::default();
        let mut taken: HashMap<&str, Span> = HashMap::new();
        for field in fields {
            let name = &field.name;
            let ty = self.resolve_type_at(&field.ty, &format!("{action}.{}", name.text));
            if let Some(before) = taken.insert(&name.text, name.span) {
                let message = format!("`{action}` has two {what} `{}`", name.text);
                self.twice(name.span, before, message, None);
                continue;
            }
            if members.len() >= MOST {
                self.too_many(name.span, &format!("{what} in an action"));
                break;
            }
            placed.push(Placed { owner, index: members.len(), field });
            members.push(bare(&name.text, ty));
            places.push(name.span);
        }
        (members, places)
    }

    /// The event of a path; a mistake is reported.
    pub fn resolve_event(&mut self, path: &tree::Path) -> Option<EventId> {
        let name = path.text();
        if let Some((id, _)) = self.names.events.get(name.as_str()) {
            return Some(*id);
        }
        let help = Advice::near(path.span, &name, self.names.events.keys().map(|k| &**k));
        let diagnostic =
            Diagnostic::new(Code::UnknownEvent, path.span, format!("there is no event `{name}`"));
        self.report(diagnostic.label("not declared anywhere").advised(help));
        None
    }
}

/// A field whose limits and default are not known yet.
fn bare(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, limits: Limits::default(), default: None }
}

/// What every record has.
fn builtin_fields(entity: EntityId) -> Vec<Field> {
    let types = [Type::Text, Type::DateTime, Type::Stage(entity), Type::DateTime];
    words::BUILTIN_FIELDS.iter().zip(types).map(|(name, ty)| bare(name, ty)).collect()
}
