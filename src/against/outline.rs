//! What a program of one's own declares, piece by piece: where each stands, and its text as `fmt` writes it, without
//! comments.

use super::names::trigger_name;
use super::{Key, Kind};
use crate::compiler::Loaded;
use crate::format;
use crate::library;
use crate::source::{FileId, Span};
use crate::syntax::parse;
use crate::syntax::tree::{self, Comment, File, ItemKind, PipelineMember, StageKind, StageMember};

/// Something that is declared.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub key: Key,
    /// The part in which it stands, by number.
    pub parent: Option<usize>,
    /// The name without those above it, the label of a trigger; empty where there is none.
    pub name: String,
    /// What is shown of it.
    pub place: Span,
    /// All of it.
    pub text: String,
    /// Without what stands in it and is a part of its own.
    pub own: String,
}

#[derive(Debug, Default)]
pub(super) struct Outline {
    /// In the order of the text, each behind the one in which it stands.
    pub parts: Vec<Part>,
}

impl Outline {
    pub fn of(loaded: &Loaded) -> Outline {
        let mut outline = Outline::default();
        for file in &loaded.files {
            let source = loaded.sources.file(file.file);
            // What is bundled is nobody's own to change.
            if source.path.is_none() && library::named(&source.name).is_some() {
                continue;
            }
            outline.file(file, &source.text);
        }
        outline
    }

    fn file(&mut self, file: &File, text: &str) {
        let raw = walk(file);
        // The same pieces stand in the formatted text, in the same order.
        let formatted = format::format(text).ok().map(|text| {
            let tree = parse(FileId(0), &text).0;
            (walk(&tree), tree, text)
        });
        let formatted = formatted.filter(|(again, ..)| {
            again.len() == raw.len() && again.iter().zip(&raw).all(|(a, b)| a.key == b.key)
        });
        let first = self.parts.len();
        for (at, piece) in raw.into_iter().enumerate() {
            let [whole, own] = match &formatted {
                Some((pieces, tree, text)) => {
                    [pieces[at].whole, pieces[at].own].map(|span| cut(text, &tree.comments, span))
                }
                None => [piece.whole, piece.own].map(|span| cut(text, &file.comments, span)),
            };
            self.parts.push(Part {
                key: piece.key,
                parent: piece.parent.map(|parent| first + parent),
                name: piece.name,
                place: piece.place,
                text: whole,
                own,
            });
        }
    }
}

/// A piece of a tree.
struct Piece {
    key: Key,
    parent: Option<usize>,
    name: String,
    place: Span,
    whole: Span,
    own: Span,
}

fn walk(file: &File) -> Vec<Piece> {
    let mut walk = Walk { pieces: Vec::new() };
    file.items.iter().for_each(|item| walk.item(item));
    walk.pieces
}

struct Walk {
    pieces: Vec<Piece>,
}

impl Walk {
    fn add(&mut self, kind: Kind, path: &str, name: &str, place: Span, whole: Span) -> usize {
        let key = Key::new(kind, path);
        self.pieces.push(Piece { key, parent: None, name: name.to_owned(), place, whole, own: whole });
        self.pieces.len() - 1
    }

    /// Sets what is said of it alone: up to the end of a span.
    fn head(&mut self, piece: usize, end: Span) {
        self.pieces[piece].own.end = end.end;
    }

    fn item(&mut self, item: &tree::Item) {
        let whole = item.span;
        let label = |label: &Option<tree::Str>, otherwise: Span| label.as_ref().map_or(otherwise, |l| l.span);
        match &item.kind {
            ItemKind::UseLibrary(name) => {
                self.add(Kind::Library, &name.text, &name.text, name.span, whole);
            }
            // What it brings in is looked at by itself.
            ItemKind::UseFile(_) => {}
            ItemKind::Currency(name) => {
                self.add(Kind::Currency, "currency", &name.text, name.span, whole);
            }
            ItemKind::Rates { base, .. } => {
                self.add(Kind::Rates, "rates", &base.text, base.span, whole);
            }
            ItemKind::Entity(entity) => {
                let name = &entity.name;
                let at = self.add(Kind::Entity, &name.text, &name.text, name.span, whole);
                self.head(at, label(&entity.label, name.span));
                self.fields(Kind::Field, &name.text, Some(at), &entity.fields);
            }
            ItemKind::Extend { entity, fields } => self.fields(Kind::Field, &entity.text, None, fields),
            ItemKind::Enum { name, .. } => {
                self.add(Kind::Enum, &name.text, &name.text, name.span, whole);
            }
            ItemKind::Opaque { name, .. } => {
                self.add(Kind::Opaque, &name.text, &name.text, name.span, whole);
            }
            ItemKind::Event(event) => {
                let name = event.name.text();
                let at = self.add(Kind::Event, &name, &name, event.name.span, whole);
                let mut end = label(&event.label, event.name.span);
                end = event.parent.as_ref().map_or(end, |parent| parent.span);
                end = event.on.last().map_or(end, |on| on.span);
                self.head(at, end);
                self.fields(Kind::Payload, &name, Some(at), &event.payload);
            }
            ItemKind::Action(action) => {
                let name = action.name.text();
                let at = self.add(Kind::Action, &name, &name, action.name.span, whole);
                self.head(at, label(&action.label, action.name.span));
                self.fields(Kind::Parameter, &name, Some(at), &action.params);
                self.fields(Kind::Output, &name, Some(at), &action.outputs);
            }
            ItemKind::Principal(person) => {
                self.add(Kind::Person, &person.name.text, &person.name.text, person.name.span, whole);
            }
            ItemKind::Calendar(calendar) => {
                let name = &calendar.name;
                self.add(Kind::Calendar, &name.text, &name.text, name.span, whole);
            }
            ItemKind::Const { name, .. } => {
                self.add(Kind::Constant, &name.text, &name.text, name.span, whole);
            }
            ItemKind::Fn(function) => {
                let name = &function.name;
                self.add(Kind::Function, &name.text, &name.text, name.span, whole);
            }
            ItemKind::Pipeline(pipeline) => self.pipeline(pipeline, whole),
            ItemKind::Test(test) => {
                self.add(Kind::Test, &test.name.text, &test.name.text, test.name.span, whole);
            }
        }
    }

    fn fields(&mut self, kind: Kind, of: &str, parent: Option<usize>, fields: &[tree::Field]) {
        for field in fields {
            let path = format!("{of}.{}", field.name.text);
            let at = self.add(kind, &path, &field.name.text, field.name.span, field.span);
            self.pieces[at].parent = parent;
        }
    }

    fn pipeline(&mut self, pipeline: &tree::Pipeline, whole: Span) {
        let name = &pipeline.name;
        let top = self.add(Kind::Pipeline, &name.text, &name.text, name.span, whole);
        self.head(top, pipeline.entity.span);
        for setting in &pipeline.settings {
            let path = format!("{}.{}", name.text, setting.name.text);
            let at = self.add(Kind::Setting, &path, &setting.name.text, setting.name.span, setting.span);
            self.pieces[at].parent = Some(top);
        }
        for member in &pipeline.members {
            match member {
                PipelineMember::Rule(rule) => self.rule(&name.text, top, rule),
                PipelineMember::Stage(stage) => self.stage(&name.text, top, stage),
            }
        }
    }

    fn stage(&mut self, pipeline: &str, parent: usize, stage: &tree::Stage) {
        let path = format!("{pipeline}.{}", stage.name.text);
        let at = self.add(Kind::Stage, &path, &stage.name.text, stage.name.span, stage.span);
        self.pieces[at].parent = Some(parent);
        self.head(at, stage.label.as_ref().map_or(stage.name.span, |label| label.span));
        let mut number = 0;
        for member in &stage.members {
            match member {
                StageMember::Rule(rule) => self.rule(&path, at, rule),
                StageMember::Trigger(trigger) => {
                    number += 1;
                    let label = trigger.label.as_ref().map(|label| &*label.text);
                    let name = trigger_name(&path, label, number);
                    let span = trigger.span;
                    let of = self.add(Kind::Trigger, &name, label.unwrap_or_default(), span, span);
                    self.pieces[of].parent = Some(at);
                }
            }
        }
    }

    fn rule(&mut self, path: &str, parent: usize, rule: &tree::Rule) {
        let path = format!("{path}.{}", rule.name.text);
        let at = self.add(Kind::Rule, &path, &rule.name.text, rule.name.span, rule.span);
        self.pieces[at].parent = Some(parent);
    }
}

/// The kind of a stage as it is written.
pub(super) fn stage_kind(kind: StageKind) -> &'static str {
    match kind {
        StageKind::Normal => "stage",
        StageKind::Success => "success stage",
        StageKind::Failure => "failure stage",
    }
}

/// A piece of a text without comments and empty lines, moved to the left.
fn cut(text: &str, comments: &[Comment], span: Span) -> String {
    let first = comments.partition_point(|comment| comment.span.start < span.start);
    let mut kept = String::new();
    let mut at = span.start as usize;
    for comment in comments[first..].iter().take_while(|comment| comment.span.end <= span.end) {
        kept.push_str(text.get(at..comment.span.start as usize).unwrap_or_default());
        at = comment.span.end as usize;
    }
    kept.push_str(text.get(at..span.end as usize).unwrap_or_default());
    let line = text.get(..span.start as usize).and_then(|before| before.rsplit('\n').next());
    let indent = line.map_or(0, |line| line.len() - line.trim_start().len());
    let mut out = String::new();
    for (number, line) in kept.lines().enumerate() {
        let blanks = line.len() - line.trim_start().len();
        let line = if number == 0 { line } else { &line[indent.min(blanks)..] };
        if !line.trim().is_empty() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}
