//! Diagnostics for machines, logs and screen readers: one module for each format. The drawing for people at a
//! terminal is [`render`](super::render).

pub mod github;
pub mod json;
pub mod plain;
pub mod sarif;
pub mod short;

use super::{Code, Diagnostic, Severity};
use crate::source::{Sources, Span};
use serde::Serialize;

/// A diagnostic with its places resolved: it needs the sources no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `E0201`, or the name of a warning.
    pub code: &'static str,
    #[serde(serialize_with = "severity_name")]
    pub severity: Severity,
    pub message: String,
    pub help: Option<String>,
    /// The first is the place.
    pub labels: Vec<Label>,
    /// All of them together are one correction.
    pub fix: Vec<Edit>,
}

/// Lines and columns count from 1, columns in characters; the end is the first character behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// As given on the command line or in `use`; `crm` for the bundled library.
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    #[serde(flatten)]
    pub place: Place,
    pub message: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    #[serde(flatten)]
    pub place: Place,
    pub text: String,
}

impl Place {
    pub fn of(span: Span, sources: &Sources) -> Self {
        let file = sources.file(span.file);
        let (start, end) = (file.position(span.start as usize), file.position(span.end as usize));
        Place {
            file: file.name.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }

    /// The beginning of a file of which nothing is known.
    pub fn start_of(file: impl Into<String>) -> Self {
        Place { file: file.into(), line: 1, column: 1, end_line: 1, end_column: 1 }
    }
}

impl Finding {
    /// A file of which nothing could be read.
    pub fn unreadable(file: &str, message: &str) -> Self {
        Finding {
            code: Code::FileUnreadable.id(),
            severity: Severity::Error,
            message: message.to_owned(),
            help: None,
            labels: vec![Label { place: Place::start_of(file), message: None }],
            fix: Vec::new(),
        }
    }

    pub fn of(diagnostic: &Diagnostic, sources: &Sources) -> Self {
        let label = |label: &super::Label| Label {
            place: Place::of(label.span, sources),
            message: label.message.clone(),
        };
        let edit =
            |edit: &super::Edit| Edit { place: Place::of(edit.span, sources), text: edit.text.clone() };
        Finding {
            code: diagnostic.code.id(),
            severity: diagnostic.severity(),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            labels: diagnostic.labels.iter().map(label).collect(),
            fix: diagnostic.fix.iter().map(edit).collect(),
        }
    }
}

/// `error` or `warning`
pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn severity_name<S: serde::Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity_word(*severity))
}
