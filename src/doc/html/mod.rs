//! The site: pages of HTML that open from a folder, without a network.

mod entries;
mod pages;
mod search;

use super::{Book, Place, comments};
use crate::sentences::{Piece, Point, Prose, Target};
use crate::value::*;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::BTreeMap;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("search.js");

pub const INDEX: &str = "index.html";
const RECORDS: &str = "records.html";
const EVENTS: &str = "events.html";
const ACTIONS: &str = "actions.html";
const PEOPLE: &str = "people.html";
const NAMES: &str = "names.html";
const EXAMPLES: &str = "examples.html";

/// The site, while it is made.
struct Site<'b> {
    book: &'b Book<'b>,
    /// The file of each pipeline, in their order.
    files: Vec<String>,
    pages: Vec<(String, &'static str)>,
    search: std::cell::RefCell<Vec<search::Found>>,
}

/// The files of a site: what each is called, and what is in it.
pub fn site(book: &Book) -> BTreeMap<String, String> {
    let mut site = Site { book, files: files(book), pages: Vec::new(), search: Vec::new().into() };
    let mut add = |there: bool, file: &str, title| {
        if there {
            site.pages.push((file.to_owned(), title));
        }
    };
    add(!book.entities.is_empty() || !book.enums.is_empty(), RECORDS, "Records");
    add(!book.events.is_empty(), EVENTS, "Events");
    add(!book.actions.is_empty(), ACTIONS, "Actions");
    add(!book.people.is_empty() || !book.calendars.is_empty(), PEOPLE, "People and hours");
    add(!book.constants.is_empty() || !book.functions.is_empty(), NAMES, "Names");
    add(!book.tests.is_empty(), EXAMPLES, "Examples");
    let mut out = BTreeMap::new();
    out.insert(INDEX.to_owned(), site.index());
    for (at, file) in site.files.iter().enumerate() {
        out.insert(file.clone(), site.pipeline(at));
    }
    for (file, title) in &site.pages {
        let body = match file.as_str() {
            RECORDS => site.records(),
            EVENTS => site.events(),
            ACTIONS => site.actions(),
            PEOPLE => site.people(),
            NAMES => site.names(),
            _ => site.examples(),
        };
        out.insert(file.clone(), site.page(file, title, body));
    }
    out.insert("style.css".into(), STYLE.into());
    out.insert("search.js".into(), search::script(SCRIPT, &site.search.borrow()));
    out
}

/// Files that no system takes for one another: small letters, and a number where two would be the same.
fn files(book: &Book) -> Vec<String> {
    let mut taken = BTreeMap::<String, usize>::new();
    let name = |name: &str| {
        let kept: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let kept = kept.to_ascii_lowercase();
        if kept.is_empty() { "pipeline".to_owned() } else { format!("pipeline-{kept}") }
    };
    let files = book.pipelines.iter().map(|part| {
        let name = name(&part.pipeline.name);
        let count = taken.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { format!("{name}.html") } else { format!("{name}-{count}.html") }
    });
    files.collect()
}

impl Site<'_> {
    fn page(&self, file: &str, title: &str, body: Markup) -> String {
        let book = self.book;
        let whole = if file == INDEX { book.title.clone() } else { format!("{title} – {}", book.title) };
        let current = |other: &str| (other == file).then_some("page");
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="generator" content="stagegate";
                    title { (whole) }
                    link rel="stylesheet" href="style.css";
                }
                body {
                    a.skip href="#main" { "To the text" }
                    header.top {
                        a.home href=(INDEX) aria-current=[current(INDEX)] { (book.title) }
                        div.search role="search" {
                            input #search type="search" placeholder="Search" aria-label="Search" aria-controls="found" autocomplete="off" spellcheck="false";
                            kbd { "/" }
                            ol #found hidden {}
                        }
                    }
                    div.columns {
                        nav.side aria-label="Pages" {
                            @if !self.files.is_empty() {
                                h2 { "Pipelines" }
                                ul {
                                    @for (part, other) in book.pipelines.iter().zip(&self.files) {
                                        li { a href=(other) aria-current=[current(other)] { (part.pipeline.label) } }
                                    }
                                }
                            }
                            @if !self.pages.is_empty() {
                                h2 { "Reference" }
                                ul {
                                    @for (other, title) in &self.pages {
                                        li { a href=(other) aria-current=[current(other)] { (title) } }
                                    }
                                }
                            }
                        }
                        main #main { (body) }
                    }
                    noscript { p.none { "The search needs JavaScript; everything else works without." } }
                    script src="search.js" {}
                }
            }
        };
        page.into_string()
    }

    /// Notes something for the search.
    fn found(&self, title: impl Into<String>, kind: &str, href: String, text: impl Into<String>) {
        let entry = search::Found { title: title.into(), kind: kind.to_owned(), href, text: text.into() };
        self.search.borrow_mut().push(entry);
    }

    // --- links ---------------------------------------------------------------------------------------

    /// Where something is explained; `None` if it is not.
    fn href(&self, target: &Target) -> Option<String> {
        let schema = &self.book.model.schema;
        let book = self.book;
        let (file, id) = match target {
            Target::Entity(id) => {
                let entry = book.entities.iter().find(|entry| entry.id == *id)?;
                (RECORDS, entity_id(&entry.name))
            }
            Target::Field(entity, field) => {
                let entry = book.entities.iter().find(|entry| entry.id == *entity)?;
                let field = schema.entity(*entity).fields.get(field.index())?;
                // Those that every record has stand nowhere.
                if !entry.fields.iter().any(|known| *known.name.text == *field.name) {
                    return Some(format!("{RECORDS}#{}", escaped(&entity_id(&entry.name))));
                }
                (RECORDS, field_id(&entity_id(&entry.name), &field.name))
            }
            Target::Enum(id) => {
                let entry = book.enums.iter().find(|entry| entry.id == *id)?;
                (RECORDS, format!("values-{}", entry.name))
            }
            Target::Opaque(id) => {
                let entry = book.opaques.iter().find(|entry| entry.id == *id)?;
                (RECORDS, format!("kind-{}", entry.name))
            }
            Target::Event(id) => {
                let entry = book.events.iter().find(|entry| entry.id == *id)?;
                (EVENTS, event_id(&entry.name))
            }
            Target::Payload(id, slot) => {
                let field = schema.events.get(id.index())?.payload.get(usize::from(*slot))?;
                // What it has of the event that it is a kind of stands there.
                let mut of = Some(*id);
                while let Some(event) = of {
                    let entry = book.events.iter().find(|entry| entry.id == event);
                    if let Some(entry) = entry
                        && entry.fields.iter().any(|known| *known.name.text == *field.name)
                    {
                        return Some(format!(
                            "{EVENTS}#{}",
                            escaped(&field_id(&event_id(&entry.name), &field.name))
                        ));
                    }
                    of = schema.event(event).parent;
                }
                return None;
            }
            Target::Action(id) => {
                let entry = book.actions.iter().find(|entry| entry.id == *id)?;
                (ACTIONS, action_id(&entry.name))
            }
            Target::Principal(name) => {
                let entry = book.people.iter().find(|entry| *entry.name == **name)?;
                (PEOPLE, format!("who-{}", entry.name))
            }
            Target::Calendar(id) => {
                let entry = book.calendars.iter().find(|entry| entry.id == *id)?;
                (PEOPLE, format!("calendar-{}", entry.name))
            }
            Target::Constant(name) => {
                let constant = book.constants.iter().find(|constant| constant.name == *name)?;
                (NAMES, format!("constant-{}", constant.name))
            }
            Target::Function(id) => {
                let entry = book.functions.iter().find(|entry| entry.id == *id)?;
                (NAMES, format!("function-{}", entry.name))
            }
            Target::Pipeline(id) => {
                let at = book.pipelines.iter().position(|part| part.pipeline.id == *id)?;
                return self.files.get(at).cloned();
            }
            Target::Stage(id) => {
                let stage = book.model.stages.get(id.index())?;
                let at = book.pipelines.iter().position(|part| part.pipeline.id == stage.pipeline)?;
                return Some(format!("{}#{}", self.files.get(at)?, escaped(&stage_id(&stage.name))));
            }
            Target::Rule(id) => {
                let home = book.speaker.home(*id)?;
                let at = book.pipelines.iter().position(|part| part.pipeline.id == home.pipeline)?;
                return Some(format!("{}#{}", self.files.get(at)?, rule_id(*id)));
            }
        };
        Some(format!("{file}#{}", escaped(&id)))
    }

    // --- sentences -----------------------------------------------------------------------------------

    fn prose(&self, prose: &Prose) -> Markup {
        html! { @for piece in &prose.0 { (self.piece(piece)) } }
    }

    fn piece(&self, piece: &Piece) -> Markup {
        match piece {
            Piece::Text(text) => html! { (text) },
            Piece::Name { text, target } => match self.href(target) {
                Some(href) => html! { a class=(class(target)) href=(href) { (text) } },
                None => html! { span class=(class(target)) { (text) } },
            },
            Piece::Own(name) => html! { i { (name) } },
            Piece::Quote(inner) => html! { q { (self.prose(inner)) } },
            Piece::Blank(inner) => html! { span.blank { (self.prose(inner)) } },
            Piece::Code(code) => html! { code { (code) } },
        }
    }

    fn points(&self, points: &[Point], steps: bool) -> Markup {
        let items = html! {
            @for point in points {
                li { (self.point(point)) }
            }
        };
        match (points.is_empty(), steps) {
            (true, _) => html! {},
            (false, true) => html! { ol.steps { (items) } },
            (false, false) => html! { ul.points { (items) } },
        }
    }

    /// A point and what is below it.
    fn point(&self, point: &Point) -> Markup {
        html! {
            span.say { (self.prose(&point.text)) }
            (self.points(&point.below, point.steps))
        }
    }

    // --- parts of pages ------------------------------------------------------------------------------

    fn doc(&self, doc: Option<&str>) -> Markup {
        match doc {
            Some(doc) if !doc.trim().is_empty() => {
                html! { div.doc { (PreEscaped(comments::to_html(doc, 3))) } }
            }
            _ => html! {},
        }
    }

    fn warnings(&self, warnings: &[String]) -> Markup {
        html! {
            @for warning in warnings {
                p.warning { span.mark aria-hidden="true" { "!" } " " (self.marked(warning)) }
            }
        }
    }

    /// A message, the names in backticks in it as code.
    fn marked(&self, message: &str) -> Markup {
        html! {
            @for (at, part) in message.split('`').enumerate() {
                @if at % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }

    /// The rules and triggers that name something.
    fn used_by(&self, target: &Target) -> Markup {
        let places: Vec<(String, String)> =
            self.book.uses(target).filter_map(|place| self.place(place)).collect();
        html! {
            @if !places.is_empty() {
                p.used { "Used by "
                    @for (at, (label, href)) in places.iter().enumerate() {
                        @if at > 0 { ", " }
                        a href=(href) { (label) }
                    }
                }
            }
        }
    }

    /// A rule or trigger: what it is called, and where it stands.
    fn place(&self, place: Place) -> Option<(String, String)> {
        let book = self.book;
        match place {
            Place::Rule(id) => {
                let rule = book.speaker.home(id)?.rule;
                let label = rule.label.as_deref().unwrap_or(&rule.name);
                Some((label.to_owned(), self.href(&Target::Rule(id))?))
            }
            Place::Trigger(id) => {
                for (at, part) in book.pipelines.iter().enumerate() {
                    for stage in &part.stages {
                        if let Some(found) = stage.triggers.iter().find(|t| t.trigger.id == id) {
                            let label = match &found.trigger.label {
                                Some(label) => label.to_string(),
                                None => format!("way to {}", stage.stage.label),
                            };
                            return Some((label, format!("{}#{}", self.files.get(at)?, trigger_id(id))));
                        }
                    }
                }
                None
            }
        }
    }
}

fn entity_id(name: &str) -> String {
    format!("record-{name}")
}

fn event_id(name: &str) -> String {
    format!("event-{name}")
}

fn action_id(name: &str) -> String {
    format!("action-{name}")
}

fn field_id(of: &str, name: &str) -> String {
    format!("{of}-{name}")
}

fn stage_id(name: &str) -> String {
    format!("stage-{name}")
}

fn rule_id(id: RuleId) -> String {
    format!("rule-{}", id.0)
}

fn trigger_id(id: TriggerId) -> String {
    format!("trigger-{}", id.0)
}

/// An id in an address: what is no ASCII letter, digit or `-._` is written as its bytes.
fn escaped(id: &str) -> String {
    let mut out = String::new();
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What kind of name it is, for its looks.
fn class(target: &Target) -> &'static str {
    match target {
        Target::Entity(_) => "n record",
        Target::Field(..) | Target::Payload(..) => "n field",
        Target::Enum(_) | Target::Constant(_) => "n value",
        Target::Opaque(_) => "n kind",
        Target::Event(_) => "n event",
        Target::Action(_) => "n action",
        Target::Principal(_) => "n who",
        Target::Calendar(_) => "n hours",
        Target::Function(_) => "n function",
        Target::Pipeline(_) => "n pipeline",
        Target::Stage(_) => "n stage",
        Target::Rule(_) => "n rule",
    }
}
