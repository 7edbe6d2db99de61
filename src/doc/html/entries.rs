//! The pages of reference: records, events, actions, people, names.

use super::{
    ACTIONS, EVENTS, NAMES, PEOPLE, RECORDS, Site, action_id, entity_id, escaped, event_id, field_id,
};
use crate::doc::{DAYS, Entry, comments, days, hours};
use crate::schema::Field;
use crate::sentences::{Prose, Target, spaced};
use crate::syntax::tree;
use crate::syntax::tree::PrincipalKind;
use crate::value::{EntityId, FieldId};
use maud::{Markup, PreEscaped, html};

impl Site<'_> {
    pub(super) fn records(&self) -> Markup {
        let (book, schema) = (self.book, &self.book.model.schema);
        html! {
            h1 { "Records" }
            @for entry in &book.entities {
                @let id = entity_id(&entry.name);
                @let of = |at: usize| Some(Target::Field(entry.id, FieldId(at as u16)));
                (self.headed(&entry.label, &entry.name, &id, RECORDS, "record", entry.doc.as_deref(), entry.library.as_deref(), html! {
                    (self.lives(entry.id))
                    (self.fields("field", &id, &entry.fields, &schema.entity(entry.id).fields, &of))
                }))
            }
            @if !book.enums.is_empty() { h1 { "Lists of values" } }
            @for entry in &book.enums {
                @let id = format!("values-{}", entry.name);
                @let name = entry.name.replace('.', ": ");
                (self.headed(&spaced(&name), &entry.name, &id, RECORDS, "list", entry.doc.as_deref(), entry.library.as_deref(), html! {
                    ul.values {
                        @for value in &schema.enumeration(entry.id).values {
                            li { (value.label) " " code { (value.name) } (self.value_doc(&entry.name, &value.name)) }
                        }
                    }
                }))
            }
            @for entry in &book.opaques {
                @let id = format!("kind-{}", entry.name);
                (self.headed(&entry.label, &entry.name, &id, RECORDS, "kind", entry.doc.as_deref(), entry.library.as_deref(), html! {}))
            }
        }
    }

    fn value_doc(&self, of: &str, name: &str) -> Markup {
        let items = self.book.loaded.files.iter().flat_map(|file| &file.items);
        let doc = items.into_iter().find_map(|item| match &item.kind {
            tree::ItemKind::Enum { name: known, values } if *known.text == *of => {
                values.iter().find(|value| *value.name.text == *name)?.doc.clone()
            }
            _ => None,
        });
        html! { @if let Some(doc) = doc { " " span.quiet { (PreEscaped(comments::to_inline_html(&doc))) } } }
    }

    pub(super) fn events(&self) -> Markup {
        let (book, schema) = (self.book, &self.book.model.schema);
        html! {
            h1 { "Events" }
            p.quiet { "What may happen to a record." }
            @for entry in &book.events {
                @let id = event_id(&entry.name);
                @let event = schema.event(entry.id);
                @let own = event.payload.len().saturating_sub(entry.fields.len());
                (self.entry(entry, &id, EVENTS, "event", Target::Event(entry.id), html! {
                    @if let Some(parent) = event.parent {
                        p { "It is also: " (self.named(Target::Event(parent), &schema.event(parent).label)) ", and has what that has." }
                    }
                    @if !event.on.is_empty() {
                        p { "It happens to: " @for (at, of) in event.on.iter().enumerate() { @if at > 0 { ", " } (self.named(Target::Entity(*of), &schema.entity(*of).label)) } "." }
                    }
                    (self.fields("comes with", &id, &entry.fields, &event.payload[own..], &|at| Some(Target::Payload(entry.id, (at + own) as u16))))
                }))
            }
        }
    }

    pub(super) fn actions(&self) -> Markup {
        let (book, schema) = (self.book, &self.book.model.schema);
        html! {
            h1 { "Actions" }
            p.quiet { "What rules ask the outside world to do." }
            @for entry in &book.actions {
                @let id = action_id(&entry.name);
                @let action = schema.action(entry.id);
                (self.entry(entry, &id, ACTIONS, "action", Target::Action(entry.id), html! {
                    (self.fields("is told", &id, &entry.fields, &action.params, &|_| None))
                    (self.fields("gives back", &format!("{id}-gives"), &entry.outputs, &action.outputs, &|_| None))
                }))
            }
        }
    }

    pub(super) fn people(&self) -> Markup {
        let (book, schema) = (self.book, &self.book.model.schema);
        html! {
            @for (kind, title) in [(PrincipalKind::Department, "Departments"), (PrincipalKind::Role, "Roles"), (PrincipalKind::User, "People")] {
                @let of_kind: Vec<_> = book.people.iter().filter(|entry| schema.principal(entry.id).kind == kind).collect();
                @if !of_kind.is_empty() {
                    h1 { (title) }
                    @for entry in of_kind {
                        @let who = schema.principal(entry.id);
                        @let target = Target::Principal(who.name.clone());
                        (self.entry(entry, &format!("who-{}", entry.name), PEOPLE, "person", target, html! {
                            dl {
                                @if let Some(email) = &who.email { dt { "E-mail" } dd { (email) } }
                                @if let Some(phone) = &who.phone { dt { "Phone" } dd { (phone) } }
                                @if let Some(of) = who.department { dt { "Department" } dd { (self.who(of)) } }
                                @if !who.roles.is_empty() {
                                    dt { "Roles" }
                                    dd { @for (at, role) in who.roles.iter().enumerate() { @if at > 0 { ", " } (self.who(*role)) } }
                                }
                                @if let Some(hours) = who.hours { dt { "Hours" } dd { (self.prose(&book.speaker.calendar(hours))) } }
                                @if !who.away.is_empty() { dt { "Away" } dd { (days(&who.away)) } }
                            }
                        }))
                    }
                }
            }
            @if !book.calendars.is_empty() { h1 { "Working time" } }
            @for entry in &book.calendars {
                @let calendar = schema.calendars.get(entry.id.index());
                (self.entry(entry, &format!("calendar-{}", entry.name), PEOPLE, "calendar", Target::Calendar(entry.id), html! {
                    @if let Some(calendar) = calendar {
                        table.week {
                            tbody {
                                @for (day, spans) in DAYS.iter().zip(&calendar.week) {
                                    tr { th scope="row" { (day) } td { (hours(spans)) } }
                                }
                            }
                        }
                        @if !calendar.closed.is_empty() { p { "Closed: " (days(&calendar.closed)) "." } }
                        p.quiet { "Times of " (calendar.timezone.name().replace('_', " ")) }
                    }
                }))
            }
        }
    }

    fn who(&self, id: crate::value::PrincipalId) -> Markup {
        let who = self.book.model.schema.principal(id);
        self.named(Target::Principal(who.name.clone()), &who.label)
    }

    fn named(&self, target: Target, label: &str) -> Markup {
        self.prose(&Prose::name(label, target))
    }

    pub(super) fn names(&self) -> Markup {
        let book = self.book;
        html! {
            @if !book.constants.is_empty() {
                h1 { "Constants" }
                p.quiet { "Values that may change one day, each in one place." }
            }
            @for constant in &book.constants {
                @let id = format!("constant-{}", constant.name);
                (self.headed(&spaced(&constant.name).to_lowercase(), &constant.name, &id, NAMES, "constant", constant.doc.as_deref(), None, html! {
                    p { code.value { (constant.value) } }
                    (self.used_by(&Target::Constant(constant.name.clone())))
                }))
            }
            @if !book.functions.is_empty() {
                h1 { "Definitions" }
                p.quiet { "What words such as these mean in the rules." }
            }
            @for entry in &book.functions {
                @let function = &book.model.functions[entry.id.0 as usize];
                (self.entry(entry, &format!("function-{}", entry.name), NAMES, "definition", Target::Function(entry.id), html! {
                    div.words { (self.point(&book.speaker.function(function))) }
                }))
            }
        }
    }

    fn entry<Id>(
        &self,
        entry: &Entry<Id>,
        id: &str,
        file: &str,
        kind: &str,
        target: Target,
        body: Markup,
    ) -> Markup {
        let body = html! { (body) (self.used_by(&target)) };
        self.headed(
            &entry.label,
            &entry.name,
            id,
            file,
            kind,
            entry.doc.as_deref(),
            entry.library.as_deref(),
            body,
        )
    }

    #[allow(clippy::too_many_arguments)]
    fn headed(
        &self,
        label: &str,
        name: &str,
        id: &str,
        file: &str,
        kind: &str,
        doc: Option<&str>,
        library: Option<&str>,
        body: Markup,
    ) -> Markup {
        self.found(
            label,
            kind,
            format!("{file}#{}", escaped(id)),
            format!("{name} {}", doc.unwrap_or_default()),
        );
        html! {
            article.entry id=(id) {
                h2 {
                    (label)
                    @if label != name { " " code { (name) } }
                    @if let Some(library) = library { " " span.at { "library " (library) } }
                }
                (self.doc(doc))
                (body)
            }
        }
    }

    /// The pipelines that a kind of record goes through.
    fn lives(&self, entity: EntityId) -> Markup {
        let parts =
            self.book.pipelines.iter().zip(&self.files).filter(|(part, _)| part.pipeline.entity == entity);
        let parts: Vec<_> = parts.collect();
        html! {
            @if !parts.is_empty() {
                p { "Goes through " @for (at, (part, file)) in parts.iter().enumerate() { @if at > 0 { ", " } a href=(file) { (part.pipeline.label) } } "." }
            }
        }
    }

    /// A table of fields; `target` is what each is in sentences, by its place.
    fn fields(
        &self,
        head: &str,
        of: &str,
        declared: &[&tree::Field],
        fields: &[Field],
        target: &dyn Fn(usize) -> Option<Target>,
    ) -> Markup {
        html! {
            @if !declared.is_empty() {
                div.wide { table.fields {
                    thead { tr { th { (head) } th { "holds" } th { span.none { "what it is" } } } }
                    tbody {
                        @for known in declared {
                            @let at = fields.iter().position(|field| *field.name == *known.name.text);
                            @let () = self.found_field(of, known, at.and_then(target));
                            tr id=(field_id(of, &known.name.text)) {
                                th scope="row" { code { (known.name.text) } }
                                td { @if let Some(at) = at { (self.prose(&self.book.holds(&fields[at]))) } }
                                td {
                                    @if let Some(doc) = &known.doc { (PreEscaped(comments::to_inline_html(doc))) }
                                    @if let Some(target) = at.and_then(target) { (self.used_in(&target)) }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }

    /// Fields and what comes with events are found too; what actions are told is not looked for.
    fn found_field(&self, of: &str, field: &tree::Field, target: Option<Target>) {
        if let Some(href) = target.and_then(|target| self.href(&target)) {
            let of = of.split_once('-').map_or(of, |(_, name)| name);
            let doc = field.doc.as_deref().unwrap_or_default();
            self.found(
                spaced(&field.name.text),
                &format!("of {of}"),
                href,
                format!("{} {doc}", field.name.text),
            );
        }
    }

    /// As [`Site::used_by`], folded: for a line of a table.
    fn used_in(&self, target: &Target) -> Markup {
        let count = self.book.uses(target).count();
        html! {
            @if count > 0 {
                details.uses {
                    summary { "used " @match count { 1 => "once", 2 => "twice", n => { (n) " times" } } }
                    (self.used_by(target))
                }
            }
        }
    }
}
