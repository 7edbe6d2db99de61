//! What to type instead: the help of a diagnostic, with the edits that do the same where they are sure.

use super::{Diagnostic, suggest};
use crate::source::Span;

/// A help, and the edits it stands for. Without edits only a person can decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    help: String,
    edits: Vec<(Span, String)>,
}

impl Advice {
    /// What stands at the span is surely meant as this text.
    pub fn write(span: Span, text: impl Into<String>) -> Self {
        let text = text.into();
        Advice { help: format!("write `{text}`"), edits: vec![(span, text)] }
    }

    /// Something to be said that no edit does.
    pub fn say(help: impl Into<String>) -> Self {
        Advice { help: help.into(), edits: Vec::new() }
    }

    /// The nearest of the known names, if one is near.
    pub fn near<'n>(span: Span, name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<Self> {
        let nearest = suggest::nearest(name, known)?;
        Some(Advice::say(format!("did you mean `{nearest}`?")).fixed(span, nearest))
    }

    /// One more edit of the same correction.
    pub fn fixed(mut self, span: Span, text: impl Into<String>) -> Self {
        self.edits.push((span, text.into()));
        self
    }

    /// The same edits in other words.
    pub fn saying(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Leaves it to a person, where something else would have to change too.
    pub fn unsure(mut self, unsure: bool) -> Self {
        if unsure {
            self.edits.clear();
        }
        self
    }
}

impl From<String> for Advice {
    fn from(help: String) -> Self {
        Advice::say(help)
    }
}

impl Diagnostic {
    /// Adds a help with its edits, if there is one.
    pub fn advised(mut self, advice: Option<Advice>) -> Self {
        if let Some(Advice { help, edits }) = advice {
            self.help = Some(help);
            for (span, text) in edits {
                self = self.fix(span, text);
            }
        }
        self
    }
}
