//! Types, limits and defaults in words: "an amount of money in EUR, may be empty".

use super::Book;
use super::used::types_inner;
use crate::schema::{Field, Type};
use crate::sentences::{Prose, Target};
use crate::value::Value;

impl Book<'_> {
    /// What a field holds.
    pub(super) fn holds(&self, field: &Field) -> Prose {
        let mut out = self.kind(&field.ty);
        let limits = &field.limits;
        let inner = field.ty.inner();
        let unit = match inner {
            Type::Text | Type::Email | Type::Phone | Type::Url => " letters",
            _ => "",
        };
        let number = |n: &rust_decimal::Decimal| n.normalize().to_string();
        match (&limits.min, &limits.max) {
            (Some(min), Some(max)) => out.put(&format!(", from {} to {}{unit}", number(min), number(max))),
            (Some(min), None) => out.put(&format!(", at least {}{unit}", number(min))),
            (None, Some(max)) => out.put(&format!(", at most {}{unit}", number(max))),
            (None, None) => {}
        }
        if let Some(pattern) = &limits.matches {
            out.put(", like ");
            out.push(Prose::code(&**pattern));
        }
        if field.ty.is_optional() || matches!(&field.default, Some(Value::List(items)) if items.is_empty()) {
            out.put(", may be empty");
        } else if let Some(default) = &field.default {
            let words = self.speaker.constant_value(default, &field.ty);
            out.put(", at first ");
            out.push(words);
        }
        out
    }

    fn kind(&self, ty: &Type) -> Prose {
        let schema = &self.model.schema;
        match ty.inner() {
            Type::List(element) => match element.inner() {
                Type::Text => Prose::text("several texts"),
                Type::Int | Type::Decimal => Prose::text("several numbers"),
                Type::Money(_) => Prose::text("several amounts"),
                Type::Date => Prose::text("several dates"),
                Type::File => Prose::text("several files"),
                Type::User => Prose::text("several colleagues"),
                Type::Department => Prose::text("several departments"),
                Type::Role => Prose::text("several roles"),
                Type::Recipient => Prose::text("several colleagues, departments or roles"),
                other => Prose::text("several: ").with(self.kind(other)),
            },
            Type::Text => Prose::text("text"),
            Type::Int => Prose::text("whole number"),
            Type::Decimal => Prose::text("number"),
            Type::Money(None) => Prose::text("amount of money"),
            Type::Money(Some(currency)) => Prose::text(format!("amount in {currency}")),
            Type::Bool => Prose::text("yes or no"),
            Type::Date => Prose::text("date"),
            Type::Time => Prose::text("time of day"),
            Type::DateTime => Prose::text("date and time"),
            Type::Duration => Prose::text("length of time"),
            Type::Email => Prose::text("e-mail address"),
            Type::Phone => Prose::text("phone number"),
            Type::Url => Prose::text("web address"),
            Type::File => Prose::text("file"),
            Type::User => Prose::text("colleague"),
            Type::Department => Prose::text("department"),
            Type::Role => Prose::text("role"),
            Type::Recipient => Prose::text("colleague, department or role"),
            Type::Enum(id) => {
                let def = schema.enumeration(*id);
                let labels: Vec<&str> = def.values.iter().map(|value| &*value.label).collect();
                let name = match labels.len() <= 4 || def.name.contains('.') {
                    true => labels.join(" / "),
                    false => def.name.to_string(),
                };
                Prose::name(name, Target::Enum(*id))
            }
            Type::Opaque(id) => Prose::name(&*schema.opaques[id.index()].label, Target::Opaque(*id)),
            Type::Entity(id) => Prose::name(&*schema.entity(*id).label, Target::Entity(*id)),
            Type::Stage(_) => Prose::text("stage"),
            Type::Pipeline(_) => Prose::text("pipeline"),
            ty @ (Type::Optional(_) | Type::Never | Type::Error) => {
                Prose::text(schema.type_name(types_inner(ty)))
            }
        }
    }
}
