//! Where the values of fields come from.

use super::{Carrier, Problem};
use crate::program::Program;
use crate::program::link::names::Names;
use crate::schema::{BUILTIN_FIELDS, FIELD_STAGE, Type};
use crate::value::*;
use std::collections::HashMap;

/// A field of the new program.
pub(super) struct FieldOf {
    /// The one of this name before.
    before: Option<FieldId>,
    /// What one without a value gets.
    otherwise: Option<Value>,
}

/// By entity of the new program.
pub(super) fn plans(old: &Program, new: &Program, names: &Names) -> HashMap<EntityId, Vec<FieldOf>> {
    let entities = (0..old.schema.entities.len()).map(|at| EntityId(at as u16));
    let both = entities.filter_map(|entity| Some((entity, names.entity(entity)?)));
    let plan = |before: EntityId, now: EntityId| {
        let fields = new.schema.entity(now).fields.iter().enumerate();
        fields
            .map(|(at, field)| {
                let known = (0..old.schema.entity(before).fields.len()).map(|at| FieldId(at as u16));
                let before =
                    known.into_iter().find(|id| names.field(before, *id) == Some(FieldId(at as u16)));
                let unset = field.ty.is_optional().then_some(Value::None);
                FieldOf { before, otherwise: field.default.clone().or(unset) }
            })
            .collect()
    };
    both.map(|(before, now)| (now, plan(before, now))).collect()
}

impl Carrier<'_> {
    /// All values of a record; `None` if some cannot be carried over.
    pub(super) fn values(
        &mut self,
        before: EntityId,
        now: EntityId,
        values: &[Value],
        stage: Option<StageId>,
    ) -> Option<Vec<Value>> {
        let (old, new) = (&self.old.program, &self.new.program);
        let (was, is) = (&old.schema.entity(before).fields, &new.schema.entity(now).fields);
        let mut problems = Vec::new();
        let mut carried = Vec::with_capacity(is.len());
        for (at, (field, plan)) in is.iter().zip(self.fields.get(&now)?).enumerate() {
            if at < BUILTIN_FIELDS {
                let value = if at == FIELD_STAGE.index() {
                    stage.map_or(Value::None, Value::Stage)
                } else {
                    values.get(at).cloned().unwrap_or(Value::None)
                };
                carried.push(value);
                continue;
            }
            let value =
                plan.before.and_then(|id| Some((id, values.get(id.index())?, &was.get(id.index())?.ty)));
            let converted =
                value.and_then(|(_, value, ty)| self.names.convert(old, new, value, ty, &field.ty));
            let lost = value.filter(|(id, value, _)| {
                converted.is_none() && **value != Value::None && !self.choices.drops(before, *id)
            });
            if let Some((id, value, ty)) = lost {
                problems.push(Problem::FieldType(before, id, self.member(value, ty, &field.ty)));
                continue;
            }
            match converted.or_else(|| plan.otherwise.clone()) {
                Some(value) => carried.push(value),
                None => problems.push(Problem::Required(now, FieldId(at as u16))),
            }
        }
        for (at, value) in values.iter().enumerate().skip(BUILTIN_FIELDS) {
            let id = FieldId(at as u16);
            if *value != Value::None
                && self.names.field(before, id).is_none()
                && !self.choices.drops(before, id)
            {
                problems.push(Problem::FieldGone(before, id));
            }
        }
        let whole = problems.is_empty();
        problems.into_iter().for_each(|problem| self.problem(problem));
        whole.then_some(carried)
    }

    /// All values as they were before a change: what cannot be carried over is unset there.
    pub(super) fn old_values(&self, before: EntityId, now: EntityId, values: &[Value]) -> Vec<Value> {
        let (old, new) = (&self.old.program, &self.new.program);
        let (was, is) = (&old.schema.entity(before).fields, &new.schema.entity(now).fields);
        let plans = self.fields.get(&now).map_or(&[][..], Vec::as_slice);
        let values = is.iter().zip(plans).map(|(field, plan)| {
            let value = plan.before.and_then(|id| Some((values.get(id.index())?, &was.get(id.index())?.ty)));
            let value = value.and_then(|(value, ty)| self.names.convert(old, new, value, ty, &field.ty));
            value.or_else(|| plan.otherwise.clone()).unwrap_or(Value::None)
        });
        values.collect()
    }

    /// The value of an enum that is no longer one.
    fn member(&self, value: &Value, ty: &Type, now: &Type) -> Option<Text> {
        match (value, ty.inner(), now.inner()) {
            (Value::Enum(n), Type::Enum(id), Type::Enum(_)) => {
                let def = self.old.program.schema.enums.get(id.index())?;
                Some(def.values.get(usize::from(*n))?.name.clone())
            }
            (Value::List(items), Type::List(element), Type::List(now)) => items.iter().find_map(|item| {
                let lost = self.names.value(item, element).is_none();
                if lost { self.member(item, element, now) } else { None }
            }),
            _ => None,
        }
    }
}
