//! Corrections put into the text: which of them go together, and what comes out.

use super::{Diagnostic, Edit};
use crate::source::{FileId, Sources};

/// The corrections that do not touch each other, the first in the text first. `may` says which files may be changed.
pub fn together<'d>(diagnostics: &'d [Diagnostic], may: &dyn Fn(FileId) -> bool) -> Vec<&'d Diagnostic> {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut chosen = Vec::new();
    for diagnostic in diagnostics.iter().filter(|d| !d.fix.is_empty()) {
        let free =
            diagnostic.fix.iter().all(|edit| may(edit.span.file) && !taken.iter().any(|t| touch(t, edit)));
        if free {
            taken.extend(&diagnostic.fix);
            chosen.push(diagnostic);
        }
    }
    chosen
}

/// Whether two edits change the same text, or insert at one place.
fn touch(a: &Edit, b: &Edit) -> bool {
    a.span.file == b.span.file && a.span.start <= b.span.end && b.span.start <= a.span.end
}

/// The text of a file with the edits that are of it. `None` if they cannot be made: where they overlap, or do
/// not lie in the text.
pub fn apply<'d>(
    file: FileId,
    sources: &Sources,
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
) -> Option<String> {
    let text = &*sources.file(file).text;
    let edits = diagnostics.into_iter().flat_map(|d| &d.fix);
    let mut edits: Vec<&Edit> = edits.filter(|edit| edit.span.file == file).collect();
    // Stable: of several insertions at one place the first stays first.
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let windows = text.contains("\r\n");
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start as usize)?);
        match windows {
            true => out.push_str(&edit.text.replace("\r\n", "\n").replace('\n', "\r\n")),
            false => out.push_str(&edit.text),
        }
        at = edit.span.end as usize;
        text.get(edit.span.range())?;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// What an edit does, in words: `` `=` is now `==` ``.
pub fn words(edit: &Edit, sources: &Sources) -> String {
    let old = quoted(sources.text(edit.span));
    let new = quoted(&edit.text);
    match (old, new) {
        (None, None) => "white space is changed".into(),
        (None, Some(new)) => format!("{new} is added"),
        (Some(old), None) => format!("{old} is taken away"),
        (Some(old), Some(new)) => format!("{old} is now {new}"),
    }
}

/// A piece of text in backticks, a long one cut; nothing of white space.
fn quoted(text: &str) -> Option<String> {
    const LONG: usize = 60;
    let text = text.trim();
    let first = text.lines().next()?;
    let cut: String = first.chars().take(LONG).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    Some(format!("`{cut}{more}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::Span;

    #[test]
    fn corrections_that_touch_wait_for_the_next_round() {
        let mut sources = Sources::default();
        let file = sources.add("a", None, "one two\r\nthree");
        let wrong = |from: usize, to: usize, text: &str| {
            let span = Span::new(file, from, to);
            Diagnostic::new(Code::Syntax, span, "wrong").fix(span, text)
        };
        let all = [wrong(0, 3, "1"), wrong(3, 3, "!"), wrong(4, 7, "a\nb"), wrong(9, 9, "X")];
        let chosen = together(&all, &|_| true);
        assert_eq!(chosen.len(), 3);
        assert_eq!(apply(file, &sources, chosen).as_deref(), Some("1 a\r\nb\r\nXthree"));
        assert_eq!(apply(file, &sources, [&wrong(0, 5, ""), &wrong(2, 6, "")]), None);
        assert_eq!(apply(file, &sources, [&wrong(0, 99, "")]), None);
        assert!(together(&all, &|_| false).is_empty());
        let said: Vec<String> = all.iter().map(|d| words(&d.fix[0], &sources)).collect();
        assert_eq!(said, ["`one` is now `1`", "`!` is added", "`two` is now `a…`", "`X` is added"]);
    }
}
