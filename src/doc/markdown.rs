//! The same as one page of Markdown, as code hosts show it.

use super::{Book, DAYS, Entry, Place, RulePart, TriggerPart, comments};
use crate::sentences::{Piece, Point, Prose, Target};
use crate::syntax::tree::{self, PrincipalKind, StageKind};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// The first line of every page: what has it may be written again.
pub const MARK: &str = "<!-- Made by `stagegate doc`. -->";

/// The page.
pub fn page(book: &Book) -> String {
    // Once to know what the headings are called in links, once with the links.
    let mut first = Page {
        book,
        out: String::new(),
        anchors: BTreeMap::new(),
        seen: HashMap::new(),
        made: BTreeMap::new(),
    };
    first.write();
    let anchors = first.made;
    let mut second = Page { book, out: String::new(), anchors, seen: HashMap::new(), made: BTreeMap::new() };
    second.write();
    let mut out = second.out;
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

struct Page<'b> {
    book: &'b Book<'b>,
    out: String,
    /// What the headings are called.
    anchors: BTreeMap<Target, String>,
    /// How often each name of a heading has been used.
    seen: HashMap<String, usize>,
    made: BTreeMap<Target, String>,
}

/// Writing to a text cannot fail.
macro_rules! put {
    ($page:expr, $($arg:tt)*) => {{ let _ = write!($page.out, $($arg)*); }};
}

impl Page<'_> {
    fn write(&mut self) {
        let book = self.book;
        put!(self, "{MARK}\n\n");
        self.heading(1, &book.title, None);
        if !book.intro.is_empty() {
            put!(self, "{}\n\n", comments::to_markdown(&book.intro));
        }
        for part in &book.pipelines {
            let pipeline = part.pipeline;
            self.heading(2, &pipeline.label, Some(Target::Pipeline(pipeline.id)));
            self.doc(part.doc.as_deref());
            let mut way = String::new();
            for (stage, before) in
                part.stages.iter().zip(std::iter::once(None).chain(part.stages.iter().map(Some)))
            {
                let last = |kind| kind != StageKind::Normal;
                way.push_str(match before {
                    None => "",
                    // Nothing goes from one end to another.
                    Some(before) if last(before.stage.kind) && last(stage.stage.kind) => " or ",
                    Some(_) => " → ",
                });
                way.push_str(&self.prose(&book.speaker.stage(stage.stage.id)));
            }
            put!(self, "{way}\n\n");
            for stage in &part.stages {
                self.heading(3, &stage.stage.label, Some(Target::Stage(stage.stage.id)));
                match stage.stage.kind {
                    StageKind::Normal => {}
                    StageKind::Success => put!(self, "A final stage: a success.\n\n"),
                    StageKind::Failure => put!(self, "A final stage: a failure.\n\n"),
                }
                self.doc(stage.doc.as_deref());
                if !stage.triggers.is_empty() || stage.moved.is_some() {
                    put!(self, "How it gets here:\n\n");
                    if let Some(moved) = &stage.moved {
                        put!(self, "- {}\n", self.prose(moved));
                    }
                    stage.triggers.iter().for_each(|trigger| self.trigger(trigger));
                    self.gap();
                }
                if !stage.rules.is_empty() {
                    put!(self, "What happens then:\n\n");
                    stage.rules.iter().for_each(|rule| self.rule(rule));
                }
                if stage.triggers.is_empty() && stage.rules.is_empty() {
                    put!(self, "Nothing happens here.\n");
                }
                self.gap();
            }
            if !part.rules.is_empty() {
                self.heading(3, "In every stage", None);
                part.rules.iter().for_each(|rule| self.rule(rule));
                self.gap();
            }
        }
        if !book.pipelines.is_empty() {
            self.heading(2, "How to read this", None);
            super::LEGEND.iter().for_each(|line| put!(self, "- {line}\n"));
            put!(self, "- In a text that is sent, ‹this› is filled in from the record.\n\n");
        }
        if !book.tests.is_empty() {
            self.heading(2, "Examples", None);
        }
        for test in &book.tests {
            put!(self, "**{}**\n\n", escaped(test.name));
            self.doc(test.doc.as_deref());
            test.steps.iter().for_each(|step| self.point(step, "-", 0));
            self.gap();
        }
        self.entities();
        self.values();
        self.events();
        self.actions();
        self.names();
        self.people();
        if !book.warnings.is_empty() {
            self.heading(2, "Worth a look", None);
            book.warnings.iter().for_each(|warning| put!(self, "- {warning}\n"));
            self.gap();
        }
    }

    fn heading(&mut self, level: usize, text: &str, target: Option<Target>) {
        let text = text.replace(['\n', '\r'], " ");
        put!(self, "{} {}\n\n", "#".repeat(level), escaped(&text));
        self.anchor(&text, target);
    }

    /// Notes what a heading is called in a link.
    fn anchor(&mut self, text: &str, target: Option<Target>) {
        let kept = text.to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = self.seen.entry(slug.clone()).or_insert(0);
        let name = if *count == 0 { slug } else { format!("{slug}-{count}") };
        *count += 1;
        if let Some(target) = target {
            self.made.insert(target, name);
        }
    }

    /// An empty line, unless there is one.
    fn gap(&mut self) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn doc(&mut self, doc: Option<&str>) {
        if let Some(doc) = doc.filter(|doc| !doc.trim().is_empty()) {
            put!(self, "{}\n\n", comments::to_markdown(doc.trim()));
        }
    }

    fn trigger(&mut self, part: &TriggerPart) {
        let label = part
            .trigger
            .label
            .as_deref()
            .map(|label| format!("**{}.** ", escaped(label)))
            .unwrap_or_default();
        let off = if part.trigger.disabled { "(Switched off.) " } else { "" };
        let text = self.prose(&part.point.text);
        put!(self, "- {label}{off}{text}\n");
        part.point.below.iter().for_each(|point| self.point(point, "-", 1));
        self.beside(part.doc.as_deref(), &[], &part.warnings);
    }

    fn rule(&mut self, part: &RulePart) {
        let label = part.rule.label.as_deref().unwrap_or(&part.rule.name);
        let off = if part.rule.disabled { "(Switched off.) " } else { "" };
        let point = &part.words.point;
        let text = self.prose(&point.text);
        put!(self, "- **{}.** {off}{text}\n", escaped(label));
        for (at, below) in point.below.iter().enumerate() {
            let mark = if point.steps { format!("{}.", at + 1) } else { "-".to_owned() };
            self.point(below, &mark, 1);
        }
        let notes: Vec<String> = part.words.notes.iter().map(|note| self.prose(note)).collect();
        self.beside(part.doc.as_deref(), &notes, &part.warnings);
    }

    /// What stands below a rule or trigger beside what it does.
    fn beside(&mut self, doc: Option<&str>, notes: &[String], warnings: &[String]) {
        for note in notes {
            put!(self, "\n  {note}\n");
        }
        if let Some(doc) = doc {
            let doc = comments::to_markdown(doc.trim()).replace('\n', "\n  ");
            put!(self, "\n  {doc}\n");
        }
        for warning in warnings {
            put!(self, "\n  ⚠ {warning}\n");
        }
    }

    fn point(&mut self, point: &Point, mark: &str, depth: usize) {
        let indent = "   ".repeat(depth);
        let text = self.prose(&point.text);
        put!(self, "{indent}{mark} {}\n", text.replace('\n', &format!("  \n{indent}   ")));
        for (at, below) in point.below.iter().enumerate() {
            let mark = if point.steps { format!("{}.", at + 1) } else { "-".to_owned() };
            self.point(below, &mark, depth + 1);
        }
    }

    /// A sentence: what has a heading of its own is linked.
    fn prose(&self, prose: &Prose) -> String {
        let mut out = String::new();
        self.push_prose(prose, &mut out);
        out
    }

    fn push_prose(&self, prose: &Prose, out: &mut String) {
        for piece in &prose.0 {
            let start = out.is_empty();
            match piece {
                Piece::Text(text) => out.push_str(&escaped_at(text, start)),
                Piece::Name { text, target } => match self.anchors.get(target) {
                    Some(anchor) if linked(target) => {
                        out.push_str(&format!("[{}](#{anchor})", escaped_at(text, false)));
                    }
                    _ => out.push_str(&escaped_at(text, start)),
                },
                Piece::Own(name) => out.push_str(&format!("*{}*", escaped_at(name, false))),
                Piece::Quote(inner) => {
                    out.push('“');
                    self.push_prose(inner, out);
                    out.push('”');
                }
                Piece::Blank(inner) => {
                    out.push('‹');
                    self.push_prose(inner, out);
                    out.push('›');
                }
                Piece::Code(code) => out.push_str(&code_span(code)),
            }
        }
    }

    fn entities(&mut self) {
        let book = self.book;
        if book.entities.is_empty() {
            return;
        }
        self.heading(2, "Records", None);
        put!(
            self,
            "Every record also has `id`, `created_at`, `stage` and `stage_entered_at`, which are read only.\n\n"
        );
        for entry in &book.entities {
            self.entry(entry, Target::Entity(entry.id));
            self.table("field", &entry.fields);
        }
    }

    fn values(&mut self) {
        let book = self.book;
        // Those that stand in a field are told there.
        let declared: Vec<_> = book.enums.iter().filter(|entry| !entry.name.contains('.')).collect();
        if declared.is_empty() && book.opaques.is_empty() {
            return;
        }
        self.heading(2, "Lists of values", None);
        for entry in declared {
            let values = &book.model.schema.enumeration(entry.id).values;
            let values = values.iter().map(|value| match value.label == value.name {
                true => format!("`{}`", value.name),
                false => format!("`{}` ({})", value.name, escaped(&value.label)),
            });
            let values = values.collect::<Vec<_>>().join(", ");
            let doc = entry.doc.as_deref().map(comments::to_markdown_cell).unwrap_or_default();
            put!(self, "**`{}`** {doc}\n{values}\n\n", entry.name);
        }
        for entry in &book.opaques {
            let doc = entry.doc.as_deref().map(comments::to_markdown_cell).unwrap_or_default();
            put!(self, "**`{}`** ({}) {doc}\n\n", entry.name, escaped(&entry.label));
        }
    }

    fn events(&mut self) {
        let (book, schema) = (self.book, &self.book.model.schema);
        if book.events.is_empty() {
            return;
        }
        self.heading(2, "Events", None);
        for entry in &book.events {
            self.entry(entry, Target::Event(entry.id));
            let event = schema.event(entry.id);
            let mut about = Vec::new();
            if let Some(parent) = event.parent {
                about.push(format!("It is also `{}`, and has its payload.", schema.event(parent).name));
            }
            if !event.on.is_empty() {
                let on: Vec<String> =
                    event.on.iter().map(|id| format!("`{}`", schema.entity(*id).name)).collect();
                about.push(format!("It happens to {}.", on.join(", ")));
            }
            if !about.is_empty() {
                put!(self, "{}\n\n", about.join(" "));
            }
            self.table("payload", &entry.fields);
            self.used_by(&Target::Event(entry.id));
        }
    }

    fn actions(&mut self) {
        let book = self.book;
        if book.actions.is_empty() {
            return;
        }
        self.heading(2, "Actions", None);
        for entry in &book.actions {
            self.entry(entry, Target::Action(entry.id));
            self.table("parameter", &entry.fields);
            self.table("output", &entry.outputs);
            self.used_by(&Target::Action(entry.id));
        }
    }

    fn entry<Id>(&mut self, entry: &Entry<Id>, target: Target) {
        self.heading(3, &entry.name, Some(target));
        match entry.doc.as_deref().filter(|doc| !doc.trim().is_empty()) {
            Some(doc) => self.doc(Some(doc)),
            None if entry.label != entry.name => put!(self, "{}.\n\n", escaped(&entry.label)),
            None => {}
        }
    }

    /// The rules and triggers that name it, each place once.
    fn used_by(&mut self, target: &Target) {
        let book = self.book;
        let mut stages = Vec::new();
        for place in book.uses(target) {
            let stage = match place {
                Place::Rule(id) => book.speaker.home(id).and_then(|home| home.stage),
                Place::Trigger(id) => {
                    let mut all = book.model.stages.iter();
                    all.find(|stage| stage.triggers.iter().any(|t| t.id == id)).map(|stage| stage.id)
                }
            };
            if !stages.contains(&stage) {
                stages.push(stage);
            }
        }
        if stages.is_empty() {
            return;
        }
        let names: Vec<String> = stages
            .into_iter()
            .map(|stage| match stage {
                Some(id) => self.prose(&book.speaker.stage(id)),
                None => "every stage".to_owned(),
            })
            .collect();
        put!(self, "Used in {}.\n\n", names.join(", "));
    }

    fn table(&mut self, head: &str, declared: &[&tree::Field]) {
        if declared.is_empty() {
            return;
        }
        put!(self, "| {head} | type | |\n| --- | --- | --- |\n");
        for field in declared {
            let whole = self.book.loaded.sources.text(field.span);
            let ty = whole.split_once(':').map_or("", |(_, ty)| ty.trim());
            let ty = ty.split_whitespace().collect::<Vec<_>>().join(" ");
            let doc = field.doc.as_deref().map(comments::to_markdown_cell).unwrap_or_default();
            put!(self, "| `{}` | {} | {doc} |\n", field.name.text, code_span(&ty).replace('|', "\\|"));
        }
        self.gap();
    }

    fn names(&mut self) {
        let book = self.book;
        if !book.constants.is_empty() {
            self.heading(2, "Constants", None);
            for constant in &book.constants {
                let doc = constant.doc.as_deref().map(comments::to_markdown_cell).unwrap_or_default();
                let value = constant.value.split_whitespace().collect::<Vec<_>>().join(" ");
                put!(self, "- **`{}`** is {}. {doc}\n", constant.name, code_span(&value));
            }
            self.gap();
        }
        if !book.functions.is_empty() {
            self.heading(2, "Definitions", None);
            for entry in &book.functions {
                self.heading(3, &entry.name, Some(Target::Function(entry.id)));
                self.doc(entry.doc.as_deref());
                let function = &book.model.functions[entry.id.0 as usize];
                self.point(&book.speaker.function(function), "-", 0);
                self.gap();
            }
        }
    }

    fn people(&mut self) {
        let (book, schema) = (self.book, &self.book.model.schema);
        if !book.people.is_empty() {
            self.heading(2, "People", None);
        }
        for entry in &book.people {
            let who = schema.principal(entry.id);
            let mut about = vec![match who.kind {
                PrincipalKind::User => "a colleague".to_owned(),
                PrincipalKind::Department => "a department".to_owned(),
                PrincipalKind::Role => "a role".to_owned(),
            }];
            about.extend(who.department.map(|of| format!("of {}", escaped(&schema.principal(of).label))));
            about.extend(
                who.hours.map(|hours| format!("at work in {}", self.prose(&book.speaker.calendar(hours)))),
            );
            let doc = entry.doc.as_deref().map(comments::to_markdown_cell).unwrap_or_default();
            put!(self, "- **{}** (`{}`), {}. {doc}\n", escaped(&entry.label), entry.name, about.join(", "));
        }
        if !book.people.is_empty() {
            self.gap();
        }
        if !book.calendars.is_empty() {
            self.heading(2, "Working time", None);
        }
        for entry in &book.calendars {
            self.heading(3, &entry.label, Some(Target::Calendar(entry.id)));
            self.doc(entry.doc.as_deref());
            let Some(calendar) = schema.calendars.get(entry.id.index()) else { continue };
            put!(self, "| day | open |\n| --- | --- |\n");
            for (day, spans) in DAYS.iter().zip(&calendar.week) {
                put!(self, "| {day} | {} |\n", super::hours(spans));
            }
            self.gap();
            if !calendar.closed.is_empty() {
                put!(self, "Closed: {}.\n\n", super::days(&calendar.closed));
            }
            put!(self, "Times of {}.\n\n", calendar.timezone.name().replace('_', " "));
        }
    }
}

/// Whether a name is linked: those that every line is full of are not.
fn linked(target: &Target) -> bool {
    matches!(
        target,
        Target::Stage(_)
            | Target::Pipeline(_)
            | Target::Event(_)
            | Target::Action(_)
            | Target::Function(_)
            | Target::Calendar(_)
    )
}

/// Text as it is, whatever it would mean in Markdown.
fn escaped(text: &str) -> String {
    escaped_at(text, true)
}

/// As [`escaped`]; whether the text begins a line.
fn escaped_at(text: &str, mut start: bool) -> String {
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' if text[at + 1..].starts_with(|c: char| c == '#' || c.is_ascii_alphabetic()) => {
                out.push_str("&amp;");
            }
            '\\' | '`' | '*' | '[' | ']' | '|' => out.extend(['\\', c]),
            // Within a word it means nothing.
            '_' if !text[..at].ends_with(char::is_alphanumeric)
                || !text[at + 1..].starts_with(char::is_alphanumeric) =>
            {
                out.push_str("\\_");
            }
            '#' | '>' | '+' if start => out.extend(['\\', c]),
            '-' if start && text[at + 1..].starts_with([' ', '-']) => out.push_str("\\-"),
            c => out.push(c),
        }
        start = c == '\n' || start && c == ' ';
    }
    out
}

/// A code span, whatever backticks are in it.
fn code_span(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    match longest {
        0 => format!("{fence}{code}{fence}"),
        _ => format!("{fence} {code} {fence}"),
    }
}
