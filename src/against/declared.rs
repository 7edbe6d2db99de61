//! What a version declares, as text that can be compared.

use super::names::{expr_names, type_names};
use super::{Key, Kind, Step};
use crate::compiler::Loaded;
use crate::source::Span;
use crate::syntax::tree::{self, ItemKind, SettingValue};
use std::collections::BTreeMap;

/// A declaration: what it says, and what it depends on.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// Without comments and white space that means nothing.
    pub text: String,
    pub uses: Vec<Step>,
    /// Of a function or constant: where a mistake in it stands.
    pub span: Option<Span>,
}

#[derive(Debug, Default)]
pub(super) struct Declared {
    pub items: BTreeMap<Key, Item>,
}

impl Declared {
    pub fn of(loaded: &Loaded) -> Self {
        let mut declared = Declared::default();
        let mut parents: Vec<(String, String)> = Vec::new();
        for item in loaded.files.iter().flat_map(|file| &file.items) {
            if let ItemKind::Event(event) = &item.kind
                && let Some(parent) = &event.parent
            {
                parents.push((event.name.text(), parent.text()));
            }
            declared.item(item, loaded);
        }
        declared.kinds(&parents);
        declared
    }

    fn add(&mut self, kind: Kind, name: impl Into<String>, text: impl Into<String>, uses: Vec<Step>) {
        // Of a name that is declared twice the first counts, as for the checker.
        let item = Item { text: text.into(), uses, span: None };
        self.items.entry(Key::new(kind, name)).or_insert(item);
    }

    fn place(&mut self, kind: Kind, name: &str, span: Span) {
        if let Some(item) = self.items.get_mut(&Key::new(kind, name)) {
            item.span.get_or_insert(span);
        }
    }

    fn item(&mut self, item: &tree::Item, loaded: &Loaded) {
        match &item.kind {
            ItemKind::UseLibrary(_) | ItemKind::UseFile(_) | ItemKind::Test(_) => {}
            ItemKind::Currency(name) => self.add(Kind::Currency, "currency", &*name.text, Vec::new()),
            ItemKind::Rates { base, rates } => {
                let own: Vec<String> =
                    rates.iter().map(|(name, n)| format!("{}: {}", name.text, n.value)).collect();
                let text = format!("{} {{ {} }} ", base.text, own.join(", "));
                self.items.entry(Key::new(Kind::Rates, "rates")).or_default().text.push_str(&text);
            }
            ItemKind::Entity(entity) => {
                self.add(Kind::Entity, &*entity.name.text, "", Vec::new());
                self.fields(Kind::Field, &entity.name.text, &entity.fields, loaded);
            }
            ItemKind::Extend { entity, fields } => {
                self.fields(Kind::Field, &entity.text, fields, loaded);
            }
            ItemKind::Enum { name, values } => self.enumeration(&name.text, values),
            ItemKind::Opaque { name, .. } => self.add(Kind::Opaque, &*name.text, "", Vec::new()),
            ItemKind::Event(event) => {
                let name = event.name.text();
                let parent = event.parent.as_ref().map(|p| format!("is {} ", p.text())).unwrap_or_default();
                let mut on: Vec<&str> = event.on.iter().map(|name| &*name.text).collect();
                on.sort_unstable();
                let on = if on.is_empty() { String::new() } else { format!("on {}", on.join(", ")) };
                self.add(Kind::Event, &*name, format!("{parent}{on}").trim(), Vec::new());
                self.fields(Kind::Payload, &name, &event.payload, loaded);
            }
            ItemKind::Action(action) => {
                let name = action.name.text();
                self.add(Kind::Action, &*name, "", Vec::new());
                self.fields(Kind::Parameter, &name, &action.params, loaded);
                self.fields(Kind::Output, &name, &action.outputs, loaded);
            }
            ItemKind::Principal(principal) => {
                let mut uses = Vec::new();
                for entry in &principal.entries {
                    if let tree::PrincipalValue::Expr(e) = &entry.value {
                        uses.extend(expr_names(e));
                    }
                }
                self.add(Kind::Person, &*principal.name.text, plain(item.span, loaded), uses);
            }
            ItemKind::Calendar(calendar) => {
                self.add(Kind::Calendar, &*calendar.name.text, plain(item.span, loaded), Vec::new());
            }
            ItemKind::Const { name, value } => {
                self.add(Kind::Constant, &*name.text, plain(value.span, loaded), expr_names(value));
                self.place(Kind::Constant, &name.text, item.span);
            }
            ItemKind::Fn(function) => {
                let mut uses = expr_names(&function.body);
                let types = function.params.iter().map(|(_, ty)| ty).chain([&function.result]);
                uses.extend(types.flat_map(type_names));
                let span = Span { start: function.name.span.end, ..item.span };
                self.add(Kind::Function, &*function.name.text, plain(span, loaded), uses);
                self.place(Kind::Function, &function.name.text, item.span);
            }
            ItemKind::Pipeline(pipeline) => {
                for setting in &pipeline.settings {
                    let name = format!("{}.{}", pipeline.name.text, setting.name.text);
                    let (text, uses) = match &setting.value {
                        SettingValue::Text(text) => (text.text.to_string(), Vec::new()),
                        SettingValue::Name(name) => {
                            (name.text.to_string(), vec![("uses", Key::new(Kind::Calendar, &*name.text))])
                        }
                    };
                    self.add(Kind::Setting, name, text, uses);
                }
                for member in &pipeline.members {
                    let tree::PipelineMember::Stage(stage) = member else { continue };
                    let kind = match stage.kind {
                        tree::StageKind::Normal => "stage",
                        tree::StageKind::Success => "success stage",
                        tree::StageKind::Failure => "failure stage",
                    };
                    let name = format!("{}.{}", pipeline.name.text, stage.name.text);
                    self.add(Kind::Stage, name, kind, Vec::new());
                }
            }
        }
    }

    fn fields(&mut self, kind: Kind, of: &str, fields: &[tree::Field], loaded: &Loaded) {
        for field in fields {
            let mut uses: Vec<Step> = type_names(&field.ty).collect();
            for limit in &field.limits {
                match limit {
                    tree::Limit::Min(e, _) | tree::Limit::Max(e, _) => uses.extend(expr_names(e)),
                    tree::Limit::Matches(..) => {}
                }
            }
            uses.extend(field.default.iter().flat_map(expr_names));
            let mut text = plain(Span { start: field.ty.span.start, ..field.span }, loaded);
            let name = format!("{of}.{}", field.name.text);
            if let Some(values) = inline_enum(&field.ty) {
                // The values are compared by themselves.
                if let Some((before, rest)) = text.split_once('{')
                    && let Some((_, after)) = rest.split_once('}')
                {
                    text = format!("{}{after}", before.trim_end());
                }
                self.enumeration(&name, values);
                uses.push(("is of the type", Key::new(Kind::Enum, &*name)));
            }
            self.add(kind, name, text, uses);
        }
    }

    fn enumeration(&mut self, name: &str, values: &[tree::EnumValue]) {
        let value = |value: &tree::EnumValue| match &value.label {
            // A comma in a label would look like the next value.
            Some(label) => format!("{} \"{}\"", value.name.text, label.text.replace(", ", ",")),
            None => value.name.text.to_string(),
        };
        let values: Vec<String> = values.iter().map(value).collect();
        self.add(Kind::Enum, name, values.join(", "), Vec::new());
    }

    /// Who listens to an event hears its kinds too.
    fn kinds(&mut self, parents: &[(String, String)]) {
        let parent_of = |name: &str| parents.iter().find(|(child, _)| child == name).map(|(_, p)| p.clone());
        let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (child, _) in parents {
            let (mut at, mut steps) = (parent_of(child), 0);
            while let Some(parent) = at.filter(|_| steps < 64) {
                kinds.entry(parent.clone()).or_default().push(child.clone());
                (at, steps) = (parent_of(&parent), steps + 1);
            }
        }
        for (event, mut of) in kinds {
            of.sort();
            if let Some(item) = self.items.get_mut(&Key::new(Kind::Event, event)) {
                let text = format!("{} with the kinds {}", item.text, of.join(", "));
                item.text = text.trim().to_owned();
            }
        }
    }
}

fn inline_enum(ty: &tree::TypeExpr) -> Option<&[tree::EnumValue]> {
    match &ty.kind {
        tree::TypeKind::Enum(values) => Some(values),
        tree::TypeKind::ListOf(inner) | tree::TypeKind::Optional(inner) => inline_enum(inner),
        tree::TypeKind::Name(_) | tree::TypeKind::MoneyIn(_) => None,
    }
}

/// A piece of a file without comments, its white space made single blanks.
pub(super) fn plain(span: Span, loaded: &Loaded) -> String {
    let text = &loaded.sources.file(span.file).text;
    let file = loaded.files.iter().find(|file| file.file == span.file);
    let comments = file.map_or(&[][..], |file| &file.comments);
    let first = comments.partition_point(|c| c.span.start < span.start);
    let mut out = String::new();
    let mut at = span.start as usize;
    for comment in comments[first..].iter().take_while(|c| c.span.end <= span.end) {
        out.push_str(text.get(at..comment.span.start as usize).unwrap_or_default());
        at = comment.span.end as usize;
    }
    out.push_str(text.get(at..span.end as usize).unwrap_or_default());
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
