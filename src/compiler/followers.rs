//! What is not said, because it only follows from a mistake that is told elsewhere: names that stood in what could
//! not be read, values beside something broken, what a rule with a mistake would have bound.

use super::Loaded;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::{FileId, Span};
use crate::syntax::tree;
use std::collections::HashSet;

/// Names that were perhaps declared in what could not be read: that they are unknown is no news.
pub enum Lost<'s> {
    /// A file is missing: any name may have been in it.
    All,
    /// What the pieces that could not be read would have declared.
    Some(HashSet<&'s str>),
}

impl<'s> Lost<'s> {
    pub fn of(loaded: &'s Loaded) -> Self {
        use Code::{FileNotFound, FileUnreadable, UnknownLibrary, UseCycle};
        let missing =
            |d: &Diagnostic| matches!(d.code, FileNotFound | FileUnreadable | UnknownLibrary | UseCycle);
        if loaded.diagnostics.iter().any(missing) {
            return Lost::All;
        }
        Lost::Some(loaded.files.iter().flat_map(|file| &file.broken).map(|name| &*name.text).collect())
    }

    pub fn holds(&self, name: &str) -> bool {
        match self {
            Lost::All => true,
            Lost::Some(names) => names.contains(name),
        }
    }
}

/// Brackets that are never closed: what stands behind one may belong into it or not, so what is wrong there only because
/// of its place, or is not known there, may be right as soon as the bracket is closed.
pub struct Unclosed {
    open: Vec<Span>,
}

impl Unclosed {
    pub fn of(loaded: &Loaded) -> Self {
        let unclosed = loaded.diagnostics.iter().filter(|d| d.code == Code::UnclosedBracket);
        let open = unclosed.map(|d| {
            let open = d.span();
            // The second place is where it should have been closed.
            let end = d.labels.get(1).map_or(u32::MAX, |label| label.span.start);
            Span { end, ..open }
        });
        Unclosed { open: open.collect() }
    }

    pub fn holds(&self, diagnostic: &Diagnostic) -> bool {
        let placed = matches!(
            diagnostic.code,
            Code::Unreachable
                | Code::HiddenName
                | Code::MoveToOwnStage
                | Code::NoSuchOutput
                | Code::UnsetPlaceholder
        );
        let at = diagnostic.span();
        (placed || diagnostic.code.is_unknown_name())
            && self
                .open
                .iter()
                .any(|open| at.file == open.file && open.start < at.start && at.start < open.end)
    }
}

/// Where something could not be read: what is wrong beside it follows from that.
pub struct Spoiled {
    /// Where mistakes of syntax begin and end.
    begins: HashSet<(FileId, u32)>,
    ends: HashSet<(FileId, u32)>,
    /// The declarations that hold one.
    declarations: Vec<Span>,
    /// Whether one is in the line that says the currency of the program.
    currency: bool,
    /// Whether a pipeline, or a stage of one, could not be read.
    places: bool,
}

impl Spoiled {
    pub fn of(loaded: &Loaded) -> Self {
        let spans = || loaded.diagnostics.iter().map(Diagnostic::span);
        let mut declarations = Vec::new();
        for file in &loaded.files {
            let mut starts: Vec<u32> = spans().filter(|s| s.file == file.file).map(|s| s.start).collect();
            starts.sort_unstable();
            declarations.extend(file.items.iter().map(|item| item.span).filter(|span| {
                let first = starts.partition_point(|start| *start < span.start);
                starts.get(first).is_some_and(|start| *start <= span.end)
            }));
        }
        Spoiled {
            begins: spans().map(|s| (s.file, s.start)).collect(),
            ends: spans().map(|s| (s.file, s.end)).collect(),
            currency: spans().any(|s| {
                let before = &loaded.sources.file(s.file).text[..s.start as usize];
                let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
                line.split_whitespace().next() == Some("currency")
            }),
            declarations,
            places: spans().any(|s| may_hold_a_stage(loaded, s)),
        }
    }

    pub fn follows(&self, diagnostic: &Diagnostic) -> bool {
        // The stages of a pipeline may be what could not be read.
        if diagnostic.code == Code::EmptyDeclaration {
            let at = diagnostic.span();
            let holds = |s: &Span| s.file == at.file && s.start <= at.start && at.end <= s.end;
            return self.declarations.iter().any(holds);
        }
        // In a test what a pipeline would have declared, and the records that could not be read.
        let read = diagnostic.fix.is_empty();
        match diagnostic.code {
            Code::NothingToExpect if self.places => return true,
            Code::UnknownStage if self.places && read => return true,
            Code::UnknownRecord => {
                let at = diagnostic.span();
                let holds = |s: &Span| s.file == at.file && s.start <= at.start && at.end <= s.end;
                if self.declarations.iter().any(holds) {
                    return true;
                }
            }
            _ => {}
        }
        if diagnostic.code == Code::CurrencyMismatch && diagnostic.shared && self.currency {
            return true;
        }
        // `amount > 10%`: without the sign the number is another.
        diagnostic.code.is_about_types()
            && diagnostic.labels.iter().any(|label| {
                let Span { file, start, end } = label.span;
                let before =
                    [end, end.saturating_add(1)].iter().any(|end| self.begins.contains(&(file, *end)));
                before || self.ends.contains(&(file, start))
            })
    }
}

/// Whether what could not be read at a place may have been a pipeline, or a stage.
fn may_hold_a_stage(loaded: &Loaded, at: Span) -> bool {
    const OTHERS: [&str; 18] = [
        "use",
        "currency",
        "rates",
        "entity",
        "extend",
        "enum",
        "type",
        "event",
        "action",
        "user",
        "department",
        "role",
        "calendar",
        "const",
        "fn",
        "test",
        "rule",
        "on",
    ];
    let holds = |s: Span| s.file == at.file && s.start <= at.start && at.start < s.end;
    let Some(file) = loaded.files.iter().find(|f| f.file == at.file) else { return true };
    match file.items.iter().find(|item| holds(item.span)).map(|item| &item.kind) {
        // Within a stage that was read, it is something else.
        Some(tree::ItemKind::Pipeline(pipeline)) => !pipeline.members.iter().any(|member| match member {
            tree::PipelineMember::Stage(stage) => holds(stage.span) && at.start > stage.name.span.end,
            tree::PipelineMember::Rule(rule) => holds(rule.span),
        }),
        Some(_) => false,
        None => {
            let text = &loaded.sources.file(at.file).text;
            let before = text.get(..at.start as usize).unwrap_or_default();
            let line = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
            let first = text[line..].split_whitespace().next().unwrap_or_default();
            !OTHERS.contains(&first)
        }
    }
}

/// Takes away what follows from a mistake in a rule: what it binds is not known then, and what its condition
/// tests is not known to be set.
pub fn without_followers(loaded: &Loaded, diagnostics: &mut Vec<Diagnostic>) {
    let follows = |code| matches!(code, Code::NoSuchOutput | Code::MayBeEmpty | Code::UnsetPlaceholder);
    if !diagnostics.iter().any(|d| follows(d.code)) {
        return;
    }
    let mut mistakes: Vec<(FileId, u32)> = diagnostics
        .iter()
        .filter(|d| d.severity() == Severity::Error && !follows(d.code))
        .map(|d| (d.span().file, d.span().start))
        .collect();
    mistakes.sort_unstable();
    let mistaken = |span: Span| {
        let first = mistakes.partition_point(|place| *place < (span.file, span.start));
        mistakes.get(first).is_some_and(|place| *place < (span.file, span.end))
    };
    let items = loaded.files.iter().flat_map(|file| &file.items);
    let mut rules: Vec<&tree::Rule> = Vec::new();
    for item in items {
        let tree::ItemKind::Pipeline(pipeline) = &item.kind else { continue };
        for member in &pipeline.members {
            match member {
                tree::PipelineMember::Rule(rule) => rules.push(rule),
                tree::PipelineMember::Stage(stage) => {
                    rules.extend(stage.members.iter().filter_map(|m| match m {
                        tree::StageMember::Rule(rule) => Some(rule),
                        tree::StageMember::Trigger(_) => None,
                    }))
                }
            }
        }
    }
    rules.sort_by_key(|rule| (rule.span.file, rule.span.start));
    let rule_at = |span: Span| {
        let behind = rules.partition_point(|r| (r.span.file, r.span.start) <= (span.file, span.start));
        let rule = *rules.get(behind.checked_sub(1)?)?;
        (rule.span.file == span.file && span.start < rule.span.end).then_some(rule)
    };
    diagnostics.retain(|d| match d.code {
        // The second place is the rule that is read.
        Code::NoSuchOutput => {
            !d.labels.get(1).and_then(|l| rule_at(l.span)).is_some_and(|rule| mistaken(rule.span))
        }
        Code::MayBeEmpty | Code::UnsetPlaceholder => {
            let value = loaded.sources.text(d.span());
            let tests = |clause: &tree::Clause| {
                matches!(clause.kind, tree::ClauseKind::When(_))
                    && mistaken(clause.span)
                    && loaded.sources.text(clause.span).contains(value)
            };
            !rule_at(d.span()).is_some_and(|rule| rule.clauses.iter().any(tests))
        }
        _ => true,
    });
}
