//! Whole sentences without drawing and colour, for screen readers and logs.

use super::{Finding, Place, severity_word};
use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use std::fmt::Write;

/// Of a longer line a piece is said, in characters.
const LONG: usize = 160;

pub fn paragraph(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let finding = Finding::of(diagnostic, sources);
    let mut out = String::new();
    let mut labels = finding.labels.iter().zip(&diagnostic.labels);
    // Writing to a text cannot fail.
    if let Some((label, at)) = labels.next() {
        let kind = sentence(severity_word(finding.severity), false);
        let _ = writeln!(out, "{kind} {} in {}.", finding.code, words(&label.place));
        let _ = writeln!(out, "{}", sentence(&finding.message, true));
        let source = sources.file(at.span.file);
        let line = &source.text[source.line_range(label.place.line - 1)];
        if !line.trim().is_empty() {
            let _ = writeln!(out, "The line reads: {}", around(line, label.place.column - 1));
        }
        let marked = sources.text(at.span);
        if let Some(message) = &label.message {
            if marked.trim().is_empty() || marked.contains('\n') || marked.chars().count() > LONG {
                let _ = writeln!(out, "About this place: {}", sentence(message, true));
            } else {
                let _ = writeln!(out, "About `{marked}`: {}", sentence(message, true));
            }
        } else if !marked.trim().is_empty() && !marked.contains('\n') && marked.chars().count() <= LONG {
            let _ = writeln!(out, "The place is: {marked}");
        }
    }
    for (label, at) in labels {
        let message = sentence(label.message.as_deref().unwrap_or("this belongs to it"), true);
        let _ = writeln!(out, "See also {}. {message}", words(&label.place));
        let source = sources.file(at.span.file);
        let line = &source.text[source.line_range(label.place.line - 1)];
        if !line.trim().is_empty() {
            let _ = writeln!(out, "That line reads: {}", around(line, label.place.column - 1));
        }
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(out, "Help: {help}");
    }
    out
}

fn words(place: &Place) -> String {
    format!("{}, line {}, column {}", place.file, place.line, place.column)
}

/// With a capital letter, and with a full stop if it has no end of its own.
fn sentence(text: &str, whole: bool) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if whole && !text.ends_with(['.', '?', '!', ':']) { "." } else { "" };
    format!("{first}{}{stop}", letters.as_str())
}

/// A line, or of a long one what stands around a column.
fn around(line: &str, column: usize) -> String {
    let line = line.trim_end();
    if line.chars().count() <= LONG {
        return line.trim_start().to_owned();
    }
    let from = column.saturating_sub(LONG / 2);
    let piece: String = line.chars().skip(from).take(LONG).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if line.chars().count() > from + LONG { "…" } else { "" };
    format!("{before}{}{after}", piece.trim())
}
