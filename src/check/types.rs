//! Types as they are written, to types as the program knows them.

use super::names::Declarations;
use super::words;
use super::{Checker, TypeSymbol};
use crate::diagnostic::{Advice, Code, Diagnostic, suggest};
use crate::library;
use crate::schema::{self, Type};
use crate::source::Span;
use crate::syntax::tree::{self, TypeExpr, TypeKind};
use crate::value::*;

/// How many enums the language has: declared ones are numbered after them.
pub const BUILTIN_ENUMS: usize = 1;

impl Checker<'_> {
    /// The type that is meant. A mistake is reported and gives [`Type::Error`].
    pub fn resolve_type(&mut self, ty: &TypeExpr) -> Type {
        self.resolve_type_at(ty, "enum")
    }

    /// As [`Checker::resolve_type`]; an enum written out here is named after the place: `add_to_chat.history`.
    pub(super) fn resolve_type_at(&mut self, ty: &TypeExpr, place: &str) -> Type {
        match &ty.kind {
            TypeKind::Name(name) => self.named_type(name),
            TypeKind::MoneyIn(code) => match self.currency(code) {
                Some(currency) => Type::Money(Some(currency)),
                None => Type::Error,
            },
            TypeKind::Enum(values) => {
                let id = EnumId(self.schema.enums.len() as u16);
                self.declare_enum(place, ty.span, values);
                Type::Enum(id)
            }
            TypeKind::ListOf(element) => {
                let resolved = self.resolve_type_at(element, place);
                // `list of text?` is an optional list: the parser never puts the mark inside.
                if resolved == Type::Error { Type::Error } else { resolved.list() }
            }
            TypeKind::Optional(inner) => self.resolve_type_at(inner, place).optional(),
        }
    }

    fn named_type(&mut self, name: &tree::Name) -> Type {
        match &*name.text {
            "text" => Type::Text,
            "int" => Type::Int,
            "decimal" => Type::Decimal,
            "money" => Type::Money(self.schema.currency),
            "bool" => Type::Bool,
            "date" => Type::Date,
            "time" => Type::Time,
            "datetime" => Type::DateTime,
            "duration" => Type::Duration,
            "email" => Type::Email,
            "phone" => Type::Phone,
            "url" => Type::Url,
            "file" => Type::File,
            "user" => Type::User,
            "department" => Type::Department,
            "role" => Type::Role,
            "recipient" => Type::Recipient,
            text => match self.names.types.get(text).copied() {
                Some((TypeSymbol::Entity(id), _)) => Type::Entity(id),
                Some((TypeSymbol::Enum(id), _)) => Type::Enum(id),
                Some((TypeSymbol::Opaque(id), _)) => Type::Opaque(id),
                None => {
                    let diagnostic =
                        Diagnostic::new(Code::UnknownType, name.span, format!("there is no type `{text}`"))
                            .label("not declared, and no type of the language");
                    let in_library =
                        ["entity", "enum", "type"].iter().find_map(|word| library::that_declares(word, text));
                    if let Some(library) = in_library {
                        self.forgotten_library(library, diagnostic);
                        return Type::Error;
                    }
                    // Looking for what was meant takes time: not for thousands of mistakes.
                    let help = if self.diagnostics.len() < 500 { self.type_help(name) } else { None };
                    let help = help.unwrap_or_else(|| {
                        Advice::say(format!(
                            "write `text` for any text, or declare it: `enum {text} {{ first, second }}`"
                        ))
                    });
                    self.report(diagnostic.advised(Some(help)));
                    Type::Error
                }
            },
        }
    }

    /// What was probably meant by a type that does not exist.
    fn type_help(&self, written: &tree::Name) -> Option<Advice> {
        let name = &*written.text;
        if crate::value::Currency::parse(name).is_some() {
            return Some(Advice::write(written.span, format!("money in {name}")));
        }
        let habit = match name.to_lowercase().as_str() {
            "string" | "str" | "varchar" | "char" | "uuid" | "guid" => "text",
            "number" | "numeric" | "num" | "float" | "double" | "real" => {
                let help = "write `int` for whole numbers, `decimal` for others, `money` for amounts";
                return Some(Advice::say(help));
            }
            "integer" | "long" | "short" | "int64" | "int32" | "uint" => "int",
            "boolean" | "flag" | "yesno" => "bool",
            "array" | "list" | "vec" | "set" | "seq" => {
                return Some(Advice::say("write `list of text`, with the type of the elements"));
            }
            "timestamp" | "instant" | "moment" => "datetime",
            "checkbox" | "toggle" => "bool",
            "interval" | "timespan" | "period" => "duration",
            "currency" | "amount" | "price" => "money",
            "person" | "employee" | "people" => "user",
            "mail" | "e_mail" => "email",
            "tel" | "telephone" => "phone",
            "link" | "uri" | "website" => "url",
            "attachment" | "image" | "document" => "file",
            _ => "",
        };
        let near = Advice::near(written.span, name, self.near_type_names(name));
        // A near name of one's own is a better guess than a habit from elsewhere, a type of the language not.
        let own = near
            .as_ref()
            .filter(|_| habit.is_empty() || suggest::nearest(name, self.own_type_names()).is_some());
        match own {
            Some(near) => Some(near.clone()),
            None if !habit.is_empty() => Some(Advice::write(written.span, habit)),
            None => None,
        }
    }

    fn own_type_names(&self) -> impl Iterator<Item = &str> {
        self.names.types.keys().map(|k| &**k).filter(|k| !words::TYPES.contains(k))
    }

    fn near_type_names<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n str> {
        // The types of the language are short: only one that begins alike is near.
        let alike = move |t: &&str| t.chars().next() == name.to_lowercase().chars().next();
        words::TYPES.iter().copied().filter(alike).chain(self.own_type_names())
    }

    /// The entity of a name; a mistake is reported.
    pub fn resolve_entity(&mut self, name: &tree::Name) -> Option<EntityId> {
        let (what, span) = match self.names.types.get(&name.text).copied() {
            Some((TypeSymbol::Entity(id), _)) => return Some(id),
            Some((TypeSymbol::Enum(_), span)) => ("an enum", span),
            Some((TypeSymbol::Opaque(_), span)) => ("a type", span),
            None => {
                let message = format!("there is no entity `{}`", name.text);
                let diagnostic =
                    Diagnostic::new(Code::UnknownEntity, name.span, message).label("not declared anywhere");
                if let Some(library) = library::that_declares("entity", &name.text) {
                    self.forgotten_library(library, diagnostic);
                    return None;
                }
                let entities = self.schema.entities.iter().map(|e| &*e.name);
                let help = Advice::near(name.span, &name.text, entities).unwrap_or_else(|| {
                    Advice::say(format!("declare it: `entity {} {{ title: text }}`", name.text))
                });
                self.report(diagnostic.advised(Some(help)));
                return None;
            }
        };
        let message = format!("`{}` is {what}, and an entity is wanted here", name.text);
        let mut diagnostic = Diagnostic::new(Code::WrongKind, name.span, message).label("no entity");
        if !words::TYPES.contains(&&*name.text) {
            diagnostic = diagnostic.also(span, "declared here");
        }
        let entities = self.schema.entities.iter().map(|e| format!("`{}`", e.name)).take(12);
        let entities = entities.collect::<Vec<_>>().join(", ");
        let help = (!entities.is_empty()).then(|| format!("one of {entities}"));
        self.report(diagnostic.maybe_help(help));
        None
    }

    /// The currency of a code; a mistake is reported.
    pub fn currency(&mut self, code: &tree::Name) -> Option<Currency> {
        let found = Currency::parse(&code.text);
        if found.is_none() {
            let upper = code.text.to_uppercase();
            let help = match Currency::parse(&upper) {
                Some(currency) => Some(Advice::write(code.span, currency.to_string())),
                None => Advice::near(code.span, &code.text, Currency::codes()),
            };
            let message = format!("there is no currency `{}`", code.text);
            let diagnostic = Diagnostic::new(Code::UnknownCurrency, code.span, message)
                .label("not the code of a currency")
                .advised(help.or_else(|| {
                    Some(Advice::say("write a code of three letters, such as `EUR`, `USD` or `GBP`"))
                }));
            self.report(diagnostic);
        }
        found
    }

    /// Adds an enum to the schema, checking its values.
    pub(super) fn declare_enum(&mut self, name: &str, span: Span, values: &[tree::EnumValue]) {
        if values.is_empty() {
            let message = format!("the enum `{name}` has no values");
            let diagnostic = Diagnostic::new(Code::EmptyDeclaration, span, message);
            self.report(diagnostic.label("nothing between the braces").help("enum { low, high }"));
        }
        self.unique("value", values.iter().map(|v| &v.name));
        for value in values {
            if let Some(why) = words::reserved_enum_value(&value.name.text) {
                self.reserved(value.name.span, &value.name.text, why);
            }
        }
        let values = match values.get(super::names::MOST) {
            Some(value) => {
                self.too_many(value.name.span, "values in an enum");
                &values[..super::names::MOST]
            }
            None => values,
        };
        self.places.enum_values.push(values.iter().map(|v| v.name.span).collect());
        let values = values.iter().map(|v| schema::EnumValue {
            name: v.name.text.clone().into(),
            label: label(v.label.as_ref(), &v.name.text),
        });
        self.schema.enums.push(schema::Enum { name: name.into(), values: values.collect() });
    }
}

/// The label of a declaration: its name, if it has none.
pub(super) fn label(label: Option<&tree::Str>, name: &str) -> Text {
    label.map_or_else(|| name.into(), |l| l.text.clone().into())
}

/// The places of all enums that are written out as a type.
pub(super) fn inline_enums(all: &Declarations) -> Vec<Span> {
    let fields = (all.entities.iter().map(|e| &e.fields[..]))
        .chain(all.extensions.iter().map(|e| e.1))
        .chain(all.events.iter().map(|e| &e.payload[..]))
        .chain(all.actions.iter().flat_map(|a| [&a.params[..], &a.outputs[..]]))
        .flatten()
        .map(|f| &f.ty);
    let functions = all.functions.iter().flat_map(|f| f.params.iter().map(|p| &p.1).chain([&f.result]));
    fields.chain(functions).filter_map(inline_enum).collect()
}

fn inline_enum(ty: &TypeExpr) -> Option<Span> {
    match &ty.kind {
        TypeKind::Enum(_) => Some(ty.span),
        TypeKind::ListOf(inner) | TypeKind::Optional(inner) => inline_enum(inner),
        TypeKind::Name(_) | TypeKind::MoneyIn(_) => None,
    }
}
