//! The documentation of a program, for people who do not write rules: its pipelines in sentences, its records, events,
//! actions, people and tests, as a site of HTML pages or as Markdown.
//!
//! A [`Book`] gathers what is to be told; [`html`] and [`markdown`] lay it out.

pub mod comments;
pub mod html;
pub mod markdown;
mod types;
mod used;

use crate::compiler::Loaded;
use crate::diagnostic::Diagnostic;
#[cfg(feature = "graph")]
use crate::graph::Graph;
use crate::library;
use crate::model::{Model, Rule, Stage, Trigger};
use crate::sentences::{Point, Prose, RuleWords, Speaker, Target};
use crate::source::{FileId, Span};
use crate::syntax::tree::{self, ItemKind, PipelineMember, StageMember};
use crate::value::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is told of a program.
pub struct Book<'p> {
    pub title: String,
    /// The comment at the head of the program's file, as Markdown.
    pub intro: String,
    pub model: &'p Model,
    pub loaded: &'p Loaded,
    pub speaker: Speaker<'p>,
    pub pipelines: Vec<PipelinePart<'p>>,
    pub entities: Vec<Entry<'p, EntityId>>,
    pub enums: Vec<Entry<'p, EnumId>>,
    pub opaques: Vec<Entry<'p, OpaqueId>>,
    pub events: Vec<Entry<'p, EventId>>,
    pub actions: Vec<Entry<'p, ActionId>>,
    pub people: Vec<Entry<'p, PrincipalId>>,
    pub calendars: Vec<Entry<'p, CalendarId>>,
    pub functions: Vec<Entry<'p, FnId>>,
    pub constants: Vec<Constant<'p>>,
    pub tests: Vec<TestPart<'p>>,
    /// What the checker warns of, where it is of no rule or trigger.
    pub warnings: Vec<String>,
    /// What the bundled libraries have beside what is told: by library, kind and name.
    pub left: BTreeMap<(String, &'static str), Vec<String>>,
    used: BTreeMap<Target, BTreeSet<Place>>,
    #[cfg(feature = "graph")]
    graph: Graph,
}

/// Something that is declared and told of.
pub struct Entry<'p, Id> {
    pub id: Id,
    pub name: String,
    pub label: String,
    pub doc: Option<Arc<str>>,
    /// The fields as declared: of an entity those of `extend` too; the payload, parameters.
    pub fields: Vec<&'p tree::Field>,
    /// What an action gives back.
    pub outputs: Vec<&'p tree::Field>,
    /// The bundled library that it is of.
    pub library: Option<String>,
}

pub struct Constant<'p> {
    pub name: String,
    pub doc: Option<Arc<str>>,
    /// As it is written.
    pub value: &'p str,
}

pub struct PipelinePart<'p> {
    pub pipeline: &'p crate::model::Pipeline,
    pub doc: Option<Arc<str>>,
    pub stages: Vec<StagePart<'p>>,
    /// What holds in every stage.
    pub rules: Vec<RulePart<'p>>,
}

pub struct StagePart<'p> {
    pub stage: &'p Stage,
    pub doc: Option<Arc<str>>,
    pub triggers: Vec<TriggerPart<'p>>,
    pub rules: Vec<RulePart<'p>>,
    /// What rules move to it, in a sentence; `None` if none does.
    pub moved: Option<Prose>,
}

pub struct TriggerPart<'p> {
    pub trigger: &'p Trigger,
    pub doc: Option<Arc<str>>,
    pub point: Point,
    pub warnings: Vec<String>,
    /// `sales.rules:84`
    pub place: String,
}

pub struct RulePart<'p> {
    pub rule: &'p Rule,
    pub doc: Option<Arc<str>>,
    pub words: RuleWords,
    pub warnings: Vec<String>,
    pub place: String,
}

pub struct TestPart<'p> {
    pub name: &'p str,
    pub doc: Option<Arc<str>>,
    pub steps: Vec<Point>,
    pub place: String,
}

/// Where a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Trigger(TriggerId),
    Rule(RuleId),
}

impl<'p> Book<'p> {
    /// Of a program without mistakes; `warnings` are those of its check.
    pub fn new(title: String, loaded: &'p Loaded, model: &'p Model, warnings: &[Diagnostic]) -> Self {
        let items = || loaded.files.iter().flat_map(|file| file.items.iter().map(|item| (file.file, item)));
        let constants: Vec<Constant> = items()
            .filter_map(|(_, item)| match &item.kind {
                ItemKind::Const { name, value } => Some(Constant {
                    name: name.text.to_string(),
                    doc: item.doc.clone(),
                    value: loaded.sources.text(value.span),
                }),
                _ => None,
            })
            .collect();
        let speaker = Speaker::new(model, &loaded.sources, constants.iter().map(|c| c.name.clone()));
        let mut book = Book {
            intro: loaded.roots.first().map(|root| intro(loaded, *root)).unwrap_or_default(),
            title,
            model,
            loaded,
            speaker,
            pipelines: Vec::new(),
            entities: Vec::new(),
            enums: Vec::new(),
            opaques: Vec::new(),
            events: Vec::new(),
            actions: Vec::new(),
            people: Vec::new(),
            calendars: Vec::new(),
            functions: Vec::new(),
            constants,
            tests: Vec::new(),
            warnings: Vec::new(),
            left: BTreeMap::new(),
            used: BTreeMap::new(),
            #[cfg(feature = "graph")]
            graph: Graph::with_short_names(loaded, model, warnings),
        };
        let mut warned = Warned::new(loaded, warnings);
        for (_, item) in items() {
            if let ItemKind::Pipeline(tree) = &item.kind {
                book.pipeline(tree, item.doc.clone(), &mut warned);
            }
        }
        for (_, item) in items() {
            let ItemKind::Test(tree) = &item.kind else { continue };
            let Some(test) = model.tests.iter().find(|test| test.span == tree.name.span) else { continue };
            let steps = book.speaker.test(test);
            book.tests.push(TestPart {
                name: &test.name,
                doc: item.doc.clone(),
                steps,
                place: book.place(item.span),
            });
        }
        book.count_uses();
        book.note_movers();
        items().for_each(|(file, item)| book.declared(file, item));
        book.inline_enums();
        book.warnings = warned.rest();
        book
    }

    /// A pipeline drawn, as an SVG that can stand in a page. `None` in a build that cannot draw.
    #[cfg(feature = "graph")]
    pub fn drawing(&self, part: &PipelinePart) -> Option<String> {
        self.graph.only(&part.pipeline.name).map(|graph| graph.to_svg())
    }

    /// A pipeline drawn: not in this build.
    #[cfg(not(feature = "graph"))]
    pub fn drawing(&self, _part: &PipelinePart) -> Option<String> {
        None
    }

    fn pipeline(&mut self, tree: &'p tree::Pipeline, doc: Option<Arc<str>>, warned: &mut Warned) {
        let Some(pipeline) = self.model.pipelines.iter().find(|p| *p.name == *tree.name.text) else { return };
        let mut part = PipelinePart { pipeline, doc, stages: Vec::new(), rules: Vec::new() };
        for member in &tree.members {
            match member {
                PipelineMember::Rule(rule) => {
                    part.rules.extend(self.rule(rule, &pipeline.rules, None, warned))
                }
                PipelineMember::Stage(tree) => {
                    let mut stages = pipeline.stages.iter().map(|id| &self.model.stages[id.index()]);
                    let Some(stage) = stages.find(|stage| *stage.name == *tree.name.text) else { continue };
                    let mut out = StagePart {
                        stage,
                        doc: tree.doc.clone(),
                        triggers: Vec::new(),
                        rules: Vec::new(),
                        moved: None,
                    };
                    let mut above = None;
                    for member in &tree.members {
                        match member {
                            StageMember::Trigger(tree) => {
                                let Some(trigger) = stage.triggers.get(out.triggers.len()) else { continue };
                                out.triggers.push(TriggerPart {
                                    trigger,
                                    doc: tree.doc.clone(),
                                    point: self.speaker.trigger(stage, trigger),
                                    warnings: warned.within(tree.span),
                                    place: self.place(tree.span),
                                });
                            }
                            StageMember::Rule(rule) => {
                                if let Some(rule) = self.rule(rule, &stage.rules, above, warned) {
                                    above = Some(rule.rule.id);
                                    out.rules.push(rule);
                                }
                            }
                        }
                    }
                    part.stages.push(out);
                }
            }
        }
        self.pipelines.push(part);
    }

    /// Says of each stage which rules move a record there.
    fn note_movers(&mut self) {
        let mut said = Vec::new();
        for stage in self.pipelines.iter().flat_map(|part| &part.stages) {
            let rules = self.movers(stage.stage.id);
            let named = |id: &RuleId| {
                let name = self.speaker.rule_name(*id);
                match self.speaker.home(*id).and_then(|home| home.stage) {
                    Some(from) => name.say(" of ").with(self.speaker.stage(from)),
                    None => name,
                }
            };
            let names: Vec<Prose> = rules.iter().map(named).collect();
            let text = match names.len() {
                0 => None,
                1 => Some("The rule "),
                _ => Some("The rules "),
            };
            let verb = if names.len() == 1 { " moves it here." } else { " move it here." };
            said.push(text.map(|text| Prose::text(text).with(Prose::listed(names, "and")).say(verb)));
        }
        let stages = self.pipelines.iter_mut().flat_map(|part| &mut part.stages);
        stages.zip(said).for_each(|(stage, said)| stage.moved = said);
    }

    fn rule(
        &self,
        tree: &tree::Rule,
        rules: &'p [Rule],
        above: Option<RuleId>,
        warned: &mut Warned,
    ) -> Option<RulePart<'p>> {
        let rule = rules.iter().find(|rule| *rule.name == *tree.name.text)?;
        Some(RulePart {
            rule,
            doc: tree.doc.clone(),
            words: self.speaker.rule(rule.id, above)?,
            warnings: warned.within(tree.span),
            place: self.place(tree.span),
        })
    }

    /// `sales.rules:84`
    fn place(&self, span: Span) -> String {
        let file = self.loaded.sources.file(span.file);
        let name = file.name.rsplit(['/', '\\']).next().unwrap_or(&file.name);
        format!("{name}:{}", file.position(span.start as usize).line)
    }

    /// The library that a file is, if it is a bundled one and not what the book is about.
    fn library_of(&self, file: FileId) -> Option<String> {
        let source = self.loaded.sources.file(file);
        let bundled = source.path.is_none() && library::named(&source.name).is_some();
        (bundled && !self.loaded.roots.contains(&file)).then(|| source.name.clone())
    }

    fn declared(&mut self, file: FileId, item: &'p tree::Item) {
        let library = self.library_of(file);
        let schema = &self.model.schema;
        let entry = |name: &str, label: &Text| (name.to_owned(), label.to_string(), item.doc.clone());
        /// Adds an entry, unless it is of a library and used by nobody.
        macro_rules! add {
            ($list:ident, $kind:literal, $target:expr, $id:expr, $words:expr, $fields:expr, $outputs:expr) => {{
                let (name, label, doc) = $words;
                match &library {
                    Some(library) if !self.is_told(&$target) => {
                        self.left.entry((library.clone(), $kind)).or_default().push(name);
                    }
                    _ => self.$list.push(Entry {
                        id: $id,
                        name,
                        label,
                        doc,
                        fields: $fields,
                        outputs: $outputs,
                        library: library.clone(),
                    }),
                }
            }};
        }
        match &item.kind {
            ItemKind::Entity(tree) => {
                let Some(at) = schema.entities.iter().position(|e| *e.name == *tree.name.text) else {
                    return;
                };
                let id = EntityId(at as u16);
                let extended = |item: &'p tree::Item| match &item.kind {
                    ItemKind::Extend { entity, fields } if entity.text == tree.name.text => &fields[..],
                    _ => &[],
                };
                let items = self.loaded.files.iter().flat_map(|file| &file.items);
                let fields: Vec<_> = tree.fields.iter().chain(items.flat_map(extended)).collect();
                add!(
                    entities,
                    "Records",
                    Target::Entity(id),
                    id,
                    entry(&tree.name.text, &schema.entities[at].label),
                    fields,
                    Vec::new()
                );
            }
            ItemKind::Enum { name, .. } => {
                let Some(at) = schema.enums.iter().position(|e| *e.name == *name.text) else { return };
                let id = EnumId(at as u16);
                add!(
                    enums,
                    "Lists of values",
                    Target::Enum(id),
                    id,
                    entry(&name.text, &schema.enums[at].name),
                    Vec::new(),
                    Vec::new()
                );
            }
            ItemKind::Opaque { name, .. } => {
                let Some(at) = schema.opaques.iter().position(|o| *o.name == *name.text) else { return };
                let id = OpaqueId(at as u16);
                add!(
                    opaques,
                    "Kinds of things",
                    Target::Opaque(id),
                    id,
                    entry(&name.text, &schema.opaques[at].label),
                    Vec::new(),
                    Vec::new()
                );
            }
            ItemKind::Event(tree) => {
                let name = tree.name.text();
                let Some(at) = schema.events.iter().position(|e| *e.name == *name) else { return };
                let id = EventId(at as u16);
                add!(
                    events,
                    "Events",
                    Target::Event(id),
                    id,
                    entry(&name, &schema.events[at].label),
                    tree.payload.iter().collect(),
                    Vec::new()
                );
            }
            ItemKind::Action(tree) => {
                let name = tree.name.text();
                let Some(at) = schema.actions.iter().position(|a| *a.name == *name) else { return };
                let id = ActionId(at as u16);
                let (params, outputs) = (tree.params.iter().collect(), tree.outputs.iter().collect());
                add!(
                    actions,
                    "Actions",
                    Target::Action(id),
                    id,
                    entry(&name, &schema.actions[at].label),
                    params,
                    outputs
                );
            }
            ItemKind::Principal(tree) => {
                let Some(at) = schema.principals.iter().position(|p| *p.name == *tree.name.text) else {
                    return;
                };
                let id = PrincipalId(at as u16);
                let label = &schema.principals[at].label;
                add!(
                    people,
                    "People",
                    Target::Principal(schema.principals[at].name.clone()),
                    id,
                    entry(&tree.name.text, label),
                    Vec::new(),
                    Vec::new()
                );
            }
            ItemKind::Calendar(tree) => {
                let Some(at) = schema.calendars.iter().position(|c| *c.name == *tree.name.text) else {
                    return;
                };
                let id = CalendarId(at as u16);
                add!(
                    calendars,
                    "Calendars",
                    Target::Calendar(id),
                    id,
                    entry(&tree.name.text, &schema.calendars[at].label),
                    Vec::new(),
                    Vec::new()
                );
            }
            ItemKind::Fn(tree) => {
                let functions = &self.model.functions;
                let Some(at) = functions.iter().position(|f| *f.name == *tree.name.text) else { return };
                let id = FnId(at as u32);
                let label: Text = Text::from(crate::sentences::spaced(&tree.name.text));
                add!(
                    functions,
                    "Functions",
                    Target::Function(id),
                    id,
                    entry(&tree.name.text, &label),
                    Vec::new(),
                    Vec::new()
                );
            }
            ItemKind::UseLibrary(_)
            | ItemKind::UseFile(_)
            | ItemKind::Currency(_)
            | ItemKind::Rates { .. }
            | ItemKind::Extend { .. }
            | ItemKind::Const { .. }
            | ItemKind::Pipeline(_)
            | ItemKind::Test(_) => {}
        }
    }

    /// The lists of values that stand in a field: those that a sentence names.
    fn inline_enums(&mut self) {
        for (at, def) in self.model.schema.enums.iter().enumerate() {
            let id = EnumId(at as u16);
            let known = self.enums.iter().any(|entry| entry.id == id);
            if known || !self.used.contains_key(&Target::Enum(id)) && !self.shows(id) {
                continue;
            }
            self.enums.push(Entry {
                id,
                name: def.name.to_string(),
                label: def.name.to_string(),
                doc: None,
                fields: Vec::new(),
                outputs: Vec::new(),
                library: None,
            });
        }
    }

    /// Whether a field that is told of has this type, written in it.
    fn shows(&self, id: EnumId) -> bool {
        let owner = self.model.schema.enumeration(id).name.split_once('.').map(|(owner, _)| owner.to_owned());
        let Some(owner) = owner else { return false };
        self.entities.iter().any(|entry| entry.name == owner)
            || self.actions.iter().any(|entry| entry.name == owner)
    }

    pub fn pipeline_of(&self, id: PipelineId) -> Option<&PipelinePart<'p>> {
        self.pipelines.iter().find(|part| part.pipeline.id == id)
    }
}

/// The comment at the head of a file, as Markdown: its indented lines are shown as they are.
fn intro(loaded: &Loaded, root: FileId) -> String {
    let Some(file) = loaded.files.iter().find(|file| file.file == root) else { return String::new() };
    let source = loaded.sources.file(root);
    let mut out = String::new();
    for (line, comment) in file.comments.iter().enumerate() {
        let at = source.line_of(comment.span.start as usize);
        if comment.doc || at != line {
            break;
        }
        let text = loaded.sources.text(comment.span);
        let text = text.strip_prefix('#').unwrap_or(text);
        let text = text.strip_prefix(' ').unwrap_or(text);
        out.push_str(text.trim_end());
        out.push('\n');
    }
    as_written(&out)
}

/// Sets lines that are indented, and are of no list and no fenced block, apart as they are.
fn as_written(text: &str) -> String {
    let (mut out, mut apart, mut fenced, mut in_list) = (String::new(), false, false, false);
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        let inner = line.trim_start();
        let numbered = inner.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = numbered.len() < inner.len() && numbered.starts_with(['.', ')']);
        let item = inner.starts_with(['-', '*', '+', '|', '>']) || numbered;
        in_list = item || in_list && line.starts_with(' ');
        let indented = line.starts_with("  ") && !in_list && !fenced && !fence;
        if indented != apart {
            out.push('\n');
        }
        apart = indented;
        out.push_str(if indented { "    " } else { "" });
        out.push_str(if indented { inner } else { line });
        out.push('\n');
    }
    out.trim().to_owned()
}

/// The warnings of a check that have not been given out yet.
struct Warned {
    all: Vec<(Span, String)>,
}

impl Warned {
    fn new(loaded: &Loaded, warnings: &[Diagnostic]) -> Self {
        let known = |span: Span| loaded.sources.files().any(|(id, _)| id == span.file);
        let all = warnings.iter().filter(|d| known(d.span()));
        Warned { all: all.map(|d| (d.span(), format!("{} ({})", d.message, d.code.id()))).collect() }
    }

    fn within(&mut self, around: Span) -> Vec<String> {
        let holds =
            |span: &Span| span.file == around.file && around.start <= span.start && span.end <= around.end;
        let found = self.all.extract_if(.., |(span, _)| holds(span)).map(|(_, message)| message);
        found.collect()
    }

    fn rest(self) -> Vec<String> {
        self.all.into_iter().map(|(_, message)| message).collect()
    }
}

/// How to read the sentences, as Markdown.
const LEGEND: &[&str] = &[
    "A record stands in one **stage** at a time. What is said under *How it gets here* moves it there; for one event, only the \
     first that holds does.",
    "What is said under *What happens then* is done when a record enters the stage. Rules do not wait for each other. Once \
     the record leaves the stage, what has not been begun is not done any more.",
];

/// Monday to Sunday.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// `09:00–13:00, 14:00–18:00`
fn hours(spans: &[(chrono::NaiveTime, chrono::NaiveTime)]) -> String {
    if spans.is_empty() {
        return "closed".to_owned();
    }
    let span = |(from, to): &(chrono::NaiveTime, chrono::NaiveTime)| {
        format!("{}–{}", from.format("%H:%M"), to.format("%H:%M"))
    };
    spans.iter().map(span).collect::<Vec<_>>().join(", ")
}

/// `3 April 2026, 3 August 2026 to 14 August 2026`
fn days(spans: &[(chrono::NaiveDate, chrono::NaiveDate)]) -> String {
    let day = |date: &chrono::NaiveDate| date.format("%-d %B %Y").to_string();
    let span = |(from, to): &(chrono::NaiveDate, chrono::NaiveDate)| match from == to {
        true => day(from),
        false => format!("{} to {}", day(from), day(to)),
    };
    spans.iter().map(span).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_file_keeps_its_layout() {
        let head = "Two pipelines:\n  Intake   for a Lead\n  Nurture  for a Lead\nThey share.\n\n- one\n  goes on\n1. two\n   goes on\n\n```rules\n  x\n```\n";
        let shown = "Two pipelines:\n\n    Intake   for a Lead\n    Nurture  for a Lead\n\nThey share.\n\n- one\n  goes on\n1. two\n   goes on\n\n```rules\n  x\n```";
        assert_eq!(as_written(head), shown);
    }
}
