//! Diagnostics for people, drawn by miette.

use super::window::Window;
use super::{Diagnostic, Severity};
use crate::source::Sources;

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct Rendered {
    pub color: bool,
    pub width: usize,
}

struct Shown<'a> {
    diagnostic: &'a Diagnostic,
    source: Window,
    related: Vec<Shown<'a>>,
    labels: Vec<miette::LabeledSpan>,
    /// A second place in another file is drawn below, under this text instead of the message.
    title: Option<String>,
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.diagnostic.message)
    }
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.title.as_deref().unwrap_or(&self.diagnostic.message))
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn std::fmt::Display + 'b>> {
        self.title.is_none().then(|| Box::new(self.diagnostic.code.id()) as _)
    }
    fn severity(&self) -> Option<miette::Severity> {
        Some(match (&self.title, self.diagnostic.severity()) {
            (Some(_), _) => miette::Severity::Advice,
            (None, Severity::Error) => miette::Severity::Error,
            (None, Severity::Warning) => miette::Severity::Warning,
        })
    }
    fn help<'b>(&'b self) -> Option<Box<dyn std::fmt::Display + 'b>> {
        if self.title.is_some() {
            return None;
        }
        self.diagnostic.help.as_ref().map(|help| match split(help) {
            (help, "") => Box::new(help) as Box<dyn std::fmt::Display>,
            (help, _) => Box::new(format!("{help}\n{STANDS_FOR}")) as _,
        })
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn miette::Diagnostic> + 'b>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|r| r as &dyn miette::Diagnostic)))
    }
}

/// Draws one diagnostic with its source lines.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, how: Rendered) -> String {
    let main = diagnostic.span().file;
    let shown_in = |file, title: Option<String>| {
        let here: Vec<_> = diagnostic.labels.iter().filter(|l| l.span.file == file).collect();
        let spans: Vec<_> = here.iter().map(|l| l.span).collect();
        let (source, ranges) = Window::around(sources.file(file), &spans);
        let labels = here.iter().zip(ranges).enumerate().map(|(i, (label, range))| match i {
            // The place itself is the one in the head line, wherever it stands among the labels.
            0 => miette::LabeledSpan::new_primary_with_span(label.message.clone(), range),
            _ => miette::LabeledSpan::new_with_span(label.message.clone(), range),
        });
        Shown { diagnostic, source, related: Vec::new(), labels: labels.collect(), title }
    };
    let mut shown = shown_in(main, None);
    let mut elsewhere: Vec<_> =
        diagnostic.labels.iter().map(|l| l.span.file).filter(|f| *f != main).collect();
    elsewhere.dedup();
    shown.related = elsewhere.into_iter().map(|f| shown_in(f, Some("the other place".into()))).collect();
    let theme =
        if how.color { miette::GraphicalTheme::unicode() } else { miette::GraphicalTheme::unicode_nocolor() };
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(how.width).with_links(false);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = handler.render_report(&mut out, &shown);
    let lines = diagnostic.help.as_deref().map_or("", |help| split(help).1);
    if lines.is_empty() {
        return out;
    }
    let put_in = |line: &str| if line.trim() == STANDS_FOR { lines.to_owned() } else { line.to_owned() };
    out.lines().map(|line| put_in(line) + "\n").collect()
}

/// What is drawn in place of lines that are to be copied, until they are put in.
const STANDS_FOR: &str = "\u{FFFC}";

/// A help, and the lines at its end that are events. These are not wrapped or indented: they are there to be copied.
fn split(help: &str) -> (&str, &str) {
    match help.find("\n{\"") {
        Some(at) => (&help[..at], &help[at + 1..]),
        None => (help, ""),
    }
}
