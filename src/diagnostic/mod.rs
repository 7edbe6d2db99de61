//! What the compiler says to people: one way to make a diagnostic, from one catalogue of codes.
//!
//! Style: the message is one sentence in lower case without a full stop, with the user's own words in
//! backticks; a label says what stands at the place; the help is something that can be typed.

mod advice;
mod codes;
pub mod fix;
pub mod format;
pub mod levels;
mod render;
pub mod suggest;
mod window;

pub use advice::Advice;
pub use codes::{Code, Severity};
pub use render::{Rendered, render};

use crate::source::Span;

/// One thing that is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    /// That of the code, unless a warning is denied.
    pub severity: Severity,
    pub message: String,
    /// The first label is the place; others are "the other place".
    pub labels: Vec<Label>,
    /// What to type instead.
    pub help: Option<String>,
    /// The same as edits, where they are sure to be what was meant: all of them together mend this one
    /// mistake. Empty if only a person can decide.
    pub fix: Vec<Edit>,
    /// Whether its help mends all others that have the same one.
    pub shared: bool,
}

/// A change of the text: what stands at `span` becomes `text`. An empty span is an insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// A place in the text and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub message: Option<String>,
}

impl Diagnostic {
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: vec![Label { span, message: None }],
            help: None,
            fix: Vec::new(),
            shared: false,
        }
    }

    /// What to say under the place itself.
    pub fn label(mut self, message: impl Into<String>) -> Self {
        self.labels[0].message = Some(message.into());
        self
    }

    /// A second place.
    pub fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: Some(message.into()) });
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a help only if there is one (for did-you-mean).
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        if help.is_some() {
            self.help = help;
        }
        self
    }

    /// One edit of the sure correction: what stands at `span` becomes `text`.
    pub fn fix(mut self, span: Span, text: impl Into<String>) -> Self {
        self.fix.push(Edit { span, text: text.into() });
        self
    }

    /// What mends this mends all others that have the same help: only the first is shown.
    pub fn mended_with_others(mut self) -> Self {
        self.shared = true;
        self
    }

    pub fn span(&self) -> Span {
        self.labels[0].span
    }

    pub fn severity(&self) -> Severity {
        self.severity
    }
}

/// ``a` uses `b` uses `a``: a circle of names in a message, the middle of a long one left out.
pub fn circle<'n>(names: impl ExactSizeIterator<Item = &'n str>, verb: &str) -> String {
    const SHOWN: usize = 6;
    let count = names.len();
    let mut chain: Vec<String> = names.take(SHOWN).map(|n| format!("`{n}`")).collect();
    let first = chain.first().cloned().unwrap_or_default();
    if count > SHOWN {
        chain.push(format!("… {} more …", count - SHOWN));
    }
    chain.push(first);
    chain.join(&format!(" {verb} "))
}

/// Text from outside for one line of a terminal: what it would take for a command, or for an order to write from
/// right to left, is written out, as in `\u{1b}`.
pub fn escaped(text: &str) -> std::borrow::Cow<'_, str> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(hidden) {
        return text.into();
    }
    let mut out = String::new();
    for c in text.chars() {
        match hidden(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out.into()
}
