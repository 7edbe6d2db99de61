//! `# stagegate: allow(name, name2)`: warnings that the text itself allows, over one declaration or statement,
//! behind its first line, or at the head of a file for all of it.

use super::Loaded;
use crate::diagnostic::levels::Which;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::tree::{Block, Comment, Field, File, ItemKind, PipelineMember, StageMember, StmtKind};
use std::collections::BTreeMap;
use std::ops::Range;

/// What the comments of a program allow, and what is wrong with them.
#[derive(Default)]
pub(super) struct Allowed {
    places: Vec<(FileId, Range<usize>, Which)>,
    pub diagnostics: Vec<Diagnostic>,
    /// Where a change of the rules may go unnoticed by the tests: `allow(mutant)`.
    pub mutants: Vec<(FileId, Range<usize>)>,
}

impl Allowed {
    /// Whether a warning stands where it is allowed.
    pub fn holds(&self, diagnostic: &Diagnostic) -> bool {
        let span = diagnostic.span();
        self.places.iter().any(|(file, range, which)| {
            *file == span.file
                && (range.start..=range.end).contains(&(span.start as usize))
                && (*which == Which::All || *which == Which::One(diagnostic.code))
        })
    }
}

/// No warning, but what `test --mutate` need not say.
const MUTANT: &str = "mutant";
const EXAMPLE: &str = "# stagegate: allow(unused)";

pub(super) fn read(loaded: &Loaded) -> Allowed {
    let mut allowed = Allowed::default();
    for file in &loaded.files {
        let source = loaded.sources.file(file.file);
        // Where the pieces stand is only looked up in files that need it.
        let mut starts: Option<BTreeMap<usize, usize>> = None;
        for comment in file.comments.iter().filter(|c| !c.doc) {
            let text = &source.text[comment.span.range()];
            let Some(rest) = text.trim_start_matches('#').trim_start().strip_prefix("stagegate:") else {
                continue;
            };
            let starts = starts.get_or_insert_with(|| pieces(file));
            allowed.comment(comment, rest, file, source, starts, broken(loaded, file.file));
        }
    }
    allowed
}

/// Whether a file has pieces that could not be read: a comment over one of these stands over something.
fn broken(loaded: &Loaded, file: FileId) -> bool {
    loaded.diagnostics.iter().any(|d| d.span().file == file)
}

impl Allowed {
    fn comment(
        &mut self,
        comment: &Comment,
        rest: &str,
        file: &File,
        source: &SourceFile,
        starts: &BTreeMap<usize, usize>,
        broken: bool,
    ) {
        // A span of what is a part of the comment's text.
        let end = comment.span.end as usize;
        let rest = rest.trim_end();
        let offset = end - source.text[comment.span.range()].len()
            + source.text[comment.span.range()].find(rest).unwrap_or(0);
        let word = rest.trim_start();
        let word = &word[..word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len())];
        let behind = rest.trim_start()[word.len()..].trim_start();
        let names = behind.strip_prefix('(').and_then(|names| names.strip_suffix(')'));
        let (Some(names), "allow") = (names, word) else {
            // A sentence about Stagegate is no order to it.
            if behind.starts_with('(') || word == "allow" || suggest::nearest(word, ["allow"]).is_some() {
                let message = "this comment speaks to stagegate, and is not understood";
                let diagnostic = Diagnostic::new(Code::MisplacedAllow, comment.span, message);
                self.diagnostics.push(diagnostic.label("only `allow(…)` is known").help(EXAMPLE));
            }
            return;
        };
        let Some(place) = place(comment, file, source, starts) else {
            if !broken {
                let message = "this `allow` stands over no declaration and no statement";
                let diagnostic = Diagnostic::new(Code::MisplacedAllow, comment.span, message);
                self.diagnostics.push(
                    diagnostic
                        .label("nothing follows that it could be about")
                        .help("put it on the line above what it is about, or at the head of the file"),
                );
            }
            return;
        };
        let mut at = offset + (names.as_ptr() as usize - rest.as_ptr() as usize);
        for piece in names.split(',') {
            let name = piece.trim();
            let start = at + (piece.len() - piece.trim_start().len());
            at += piece.len() + 1;
            let span = Span::new(file.file, start, start + name.len());
            if name == MUTANT {
                self.mutants.push((file.file, place.clone()));
                continue;
            }
            match Which::named(name) {
                Ok(which) => self.places.push((file.file, place.clone(), which)),
                Err(_) if name.is_empty() => {
                    let diagnostic =
                        Diagnostic::new(Code::MisplacedAllow, comment.span, "a name is missing here");
                    self.diagnostics.push(diagnostic.label("say which warning").help(EXAMPLE));
                }
                Err(_) if Code::named(name).is_some() => {
                    let message = format!("`{name}` is an error, and an error cannot be allowed");
                    self.diagnostics.push(Diagnostic::new(Code::UnknownWarning, span, message));
                }
                Err(_) => {
                    let message = format!("there is no warning `{name}`");
                    let mut diagnostic = Diagnostic::new(Code::UnknownWarning, span, message);
                    diagnostic = match suggest::nearest(name, Code::warnings().map(Code::id).chain([MUTANT]))
                    {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(span, near),
                        None => diagnostic.help("`stagegate explain` lists the names of all warnings"),
                    };
                    self.diagnostics.push(diagnostic);
                }
            }
        }
    }
}

/// What a comment is about: the piece that begins on its line or after it, or the whole file.
fn place(
    comment: &Comment,
    file: &File,
    source: &SourceFile,
    starts: &BTreeMap<usize, usize>,
) -> Option<Range<usize>> {
    let own = comment.span.range();
    if file.items.first().is_none_or(|item| own.end <= item.span.start as usize) {
        return Some(0..source.text.len());
    }
    let line = source.line_range(source.line_of(own.start));
    if !source.text[line.start..own.start].trim().is_empty() {
        let (start, end) = starts.range(line.start..own.start).next()?;
        return Some(*start..*end);
    }
    // What stands between is white space and further comments.
    let mut at = own.end;
    for next in file.comments.iter().filter(|c| c.span.start as usize >= own.end) {
        if !source.text[at..next.span.start as usize].trim().is_empty() {
            break;
        }
        at = next.span.end as usize;
    }
    let at = at + source.text[at..].len() - source.text[at..].trim_start().len();
    starts.get(&at).map(|end| at..*end)
}

/// Where each piece begins and ends; of several that begin at one place the longest.
fn pieces(file: &File) -> BTreeMap<usize, usize> {
    let mut found = BTreeMap::new();
    let mut add = |span: Span| {
        let end = found.entry(span.start as usize).or_insert(0);
        *end = (*end).max(span.end as usize);
    };
    let mut blocks: Vec<&Block> = Vec::new();
    for item in &file.items {
        add(item.span);
        let fields: &[&[Field]] = match &item.kind {
            ItemKind::Entity(entity) => &[&entity.fields],
            ItemKind::Extend { fields, .. } => &[fields],
            ItemKind::Event(event) => &[&event.payload],
            ItemKind::Action(action) => &[&action.params, &action.outputs],
            ItemKind::Enum { values, .. } => {
                values.iter().for_each(|value| add(value.name.span));
                &[]
            }
            _ => &[],
        };
        fields.iter().flat_map(|fields| fields.iter()).for_each(|field| add(field.span));
        let ItemKind::Pipeline(pipeline) = &item.kind else { continue };
        pipeline.settings.iter().for_each(|setting| add(setting.span));
        for member in &pipeline.members {
            match member {
                PipelineMember::Rule(rule) => {
                    add(rule.span);
                    blocks.push(&rule.body);
                }
                PipelineMember::Stage(stage) => {
                    add(stage.span);
                    for member in &stage.members {
                        match member {
                            StageMember::Trigger(trigger) => add(trigger.span),
                            StageMember::Rule(rule) => {
                                add(rule.span);
                                blocks.push(&rule.body);
                            }
                        }
                    }
                }
            }
        }
    }
    while let Some(block) = blocks.pop() {
        for statement in &block.statements {
            add(statement.span);
            match &statement.kind {
                StmtKind::If { branches, otherwise } => {
                    blocks.extend(branches.iter().map(|(_, block)| block).chain(otherwise));
                }
                StmtKind::For { body, .. } => blocks.push(body),
                StmtKind::LetAction { otherwise, .. } | StmtKind::WaitFor { otherwise, .. } => {
                    blocks.extend(otherwise);
                }
                _ => {}
            }
        }
    }
    found
}
