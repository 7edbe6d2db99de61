//! Mutation: the rules are changed, one small change at a time, and the tests are run again. A change that no test notices
//! shows what is not tested.
//!
//! `find` goes through the text and finds the changes, `values` those of written-out values, `reach` tells which tests come
//! to the place of one, and `run` tries them; `changes` puts those of several
//! programs together. What is changed, and how, is told in `docs/testing.md`.

mod changes;
mod find;
mod reach;
mod run;
mod values;

pub use changes::{Change, Changes, Key};
pub use run::{Bench, Progress, Report, Tried, Verdict, run};

use crate::source::{Sources, Span};
use reach::Reach;

/// One change of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutant {
    pub kind: Kind,
    /// What is taken away.
    pub span: Span,
    /// What is put there.
    pub text: String,
    /// In whose text: `rule \`Sales.New.chase\``.
    pub owner: String,
    /// Whether it may be left alone: so says a comment.
    pub allowed: bool,
    reach: Reach,
}

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Comparison,
    AndOr,
    Negation,
    /// A condition, or a part of one, is left out.
    Condition,
    Stage,
    Rule,
    Trigger,
    Statement,
    Duration,
    Number,
    Text,
    /// What an event must be to count, or the way in which a rule runs.
    Setting,
}

impl Kind {
    /// The word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Comparison => "comparison",
            Kind::AndOr => "and-or",
            Kind::Negation => "negation",
            Kind::Condition => "condition",
            Kind::Stage => "stage",
            Kind::Rule => "rule",
            Kind::Trigger => "trigger",
            Kind::Statement => "statement",
            Kind::Duration => "duration",
            Kind::Number => "number",
            Kind::Text => "text",
            Kind::Setting => "setting",
        }
    }
}

/// A line of the text before and after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    pub before: String,
    /// Empty: nothing is left of it.
    pub after: String,
}

impl Mutant {
    /// The first line that it changes, as it was and as it is then.
    pub fn lines(&self, sources: &Sources) -> Lines {
        let file = sources.file(self.span.file);
        let (start, end) = (self.span.start as usize, self.span.end as usize);
        let first = file.line_range(file.line_of(start));
        let last = file.line_range(file.line_of(end.max(start)));
        let several = last.start > first.start;
        let (ahead, behind) = (&file.text[first.start..start], &file.text[end..last.end.max(end)]);
        let mut before = file.text[first.clone()].trim().to_owned();
        if several {
            before.push_str(" …");
        }
        // What was left out leaves no two spaces behind.
        let behind = match self.text.is_empty() && ahead.ends_with(char::is_whitespace) {
            true => behind.trim_start(),
            false => behind,
        };
        let after = format!("{ahead}{}{behind}", self.text);
        let mut after = after.trim().to_owned();
        if let Some((line, _)) = after.split_once('\n') {
            after = format!("{} …", line.trim_end());
        }
        Lines { before, after }
    }
}
