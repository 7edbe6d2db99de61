//! Diagnostics for people, drawn by miette.

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
    /// `None` where a line is too long to be drawn: the place is then told in the title.
    source: Option<miette::NamedSource<String>>,
    place: String,
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
        f.write_str(self.title.as_deref().unwrap_or(&self.diagnostic.message))?;
        if self.source.is_none() {
            write!(f, ", at {}", self.place)?;
        }
        Ok(())
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
        self.diagnostic.help.as_ref().map(|h| Box::new(h) as _)
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|s| s as &dyn miette::SourceCode)
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

/// Longer lines are not drawn: nobody could read the picture.
const MOST_COLUMNS: usize = 2_000;

/// The length of the longest line that a range touches, or that is drawn around it.
fn longest_line(text: &str, range: std::ops::Range<usize>) -> usize {
    let bytes = text.as_bytes();
    let line_start = |at: usize| bytes.iter().take(at).rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let line_end =
        |at: usize| bytes.iter().skip(at).position(|b| *b == b'\n').map_or(bytes.len(), |i| at + i);
    let start = line_start(line_start(range.start).saturating_sub(1));
    let end = line_end(line_end(range.end) + 1).min(bytes.len());
    bytes
        .get(start..end)
        .into_iter()
        .flat_map(|b| b.split(|b| *b == b'\n'))
        .map(<[u8]>::len)
        .max()
        .unwrap_or(0)
}

/// Draws one diagnostic with its source lines.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, how: Rendered) -> String {
    let main = diagnostic.span().file;
    let shown_in = |file, title: Option<String>| {
        let source = sources.file(file);
        let mut places = diagnostic.labels.iter().map(|l| l.span).filter(|s| s.file == file).peekable();
        let place = places.peek().map_or_else(String::new, |span| {
            let at = sources.position(*span);
            format!("{}:{}:{}", source.name, at.line, at.column)
        });
        let drawn = places.all(|span| longest_line(&source.text, span.range()) <= MOST_COLUMNS);
        Shown {
            diagnostic,
            source: drawn.then(|| miette::NamedSource::new(&source.name, source.text.to_string())),
            place,
            related: Vec::new(),
            labels: diagnostic
                .labels
                .iter()
                .filter(|l| l.span.file == file)
                .enumerate()
                // The place itself is the one in the head line, wherever it stands among the labels.
                .map(|(i, l)| match i {
                    0 => miette::LabeledSpan::new_primary_with_span(l.message.clone(), l.span.range()),
                    _ => miette::LabeledSpan::new_with_span(l.message.clone(), l.span.range()),
                })
                .collect(),
            title,
        }
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
    out
}
