//! The lines around the labels of a diagnostic, as they are drawn. Nothing else of the file is looked at, and
//! of a very long line only a piece: a program may be one line of a million characters.

use crate::source::{Position, SourceFile, Span};
use std::borrow::Cow;
use std::ops::Range;

/// A line of more bytes than this is cut.
const LONG: usize = 300;
/// What is kept of a long line on both sides of its labels, in characters.
const AROUND: usize = 60;
/// How far apart the labels of a long line may be to be kept, in bytes.
const WIDEST: usize = 1_000;
/// A label over more lines than this ends with its first line.
const TALLEST: usize = 24;

/// So many lines between two pieces are drawn too: a break would take as much room.
const GAP: usize = 4;

/// A piece of a file with its own offsets.
#[derive(Debug)]
pub(super) struct Window {
    name: String,
    text: String,
    /// From 0.
    first_line: usize,
    /// Where each label begins, and where that is in the file.
    starts: Vec<(usize, Position)>,
}

/// A line of the file, and what of it stands where in the window.
struct Line {
    /// In the file.
    start: usize,
    kept: Range<usize>,
    /// Where the kept piece begins in the window.
    at: usize,
}

impl Window {
    /// The window around the spans, and where these are in it.
    pub fn around(source: &SourceFile, spans: &[Span]) -> (Window, Vec<Range<usize>>) {
        let line_of = |offset: u32| source.line_of(offset as usize);
        // A label's first and last line, and its bytes.
        let labels: Vec<(usize, usize, Range<usize>)> = spans
            .iter()
            .map(|span| {
                let first = line_of(span.start);
                let last = line_of(span.end.saturating_sub(1).max(span.start));
                if last - first > TALLEST {
                    let end = source.line_range(first).end.max(span.start as usize);
                    (first, first, span.start as usize..end)
                } else {
                    (first, last, span.range())
                }
            })
            .collect();
        let first_line = labels.iter().map(|l| l.0).min().unwrap_or(0).saturating_sub(1);
        let last_line = labels.iter().map(|l| l.1).max().unwrap_or(0) + 1;
        let mut text = String::new();
        let mut lines = Vec::new();
        for number in first_line..=last_line.min(source.line_count().saturating_sub(1)) {
            let line = source.line_range(number);
            let near = labels.iter().any(|l| l.0 <= number + 1 + GAP && number <= l.1 + 1 + GAP);
            let kept = match near {
                true => kept(source, &line, &labels),
                // Far from every label: never drawn, and only counted.
                false => line.start..line.start,
            };
            if number > first_line {
                text.push('\n');
            }
            if near && kept.start > line.start {
                text.push('…');
            }
            lines.push(Line { start: line.start, at: text.len(), kept: kept.clone() });
            text.push_str(&visible(&source.text[kept.clone()]));
            if near && kept.end < line.end {
                text.push('…');
            }
        }
        if last_line + 1 < source.line_count() {
            text.push('\n');
        }
        let place = |offset: usize| {
            let i = lines.partition_point(|l| l.start <= offset).saturating_sub(1);
            lines.get(i).map_or(0, |l| l.at + offset.clamp(l.kept.start, l.kept.end) - l.kept.start)
        };
        let ranges: Vec<Range<usize>> =
            labels.iter().map(|(_, _, range)| place(range.start)..place(range.end)).collect();
        let starts = ranges.iter().zip(spans).map(|(r, s)| (r.start, source.position(s.start as usize)));
        let starts = starts.collect();
        (Window { name: source.name.clone(), text, first_line, starts }, ranges)
    }
}

/// What a terminal would take for a command, or for an order to write from right to left, made visible: each by a
/// character of as many bytes, so that all places stay.
fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| match c {
        '\t' => None,
        '\u{80}'..='\u{9f}' => Some('¿'),
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some('\u{fffd}'),
        c if c.is_control() => Some('?'),
        _ => None,
    };
    if text.chars().any(|c| hidden(c).is_some()) {
        text.chars().map(|c| hidden(c).unwrap_or(c)).collect()
    } else {
        text.into()
    }
}

/// What is drawn of a line.
fn kept(source: &SourceFile, line: &Range<usize>, labels: &[(usize, usize, Range<usize>)]) -> Range<usize> {
    if line.len() <= LONG {
        return line.clone();
    }
    let text = &source.text[line.clone()];
    let on_line = labels.iter().map(|l| &l.2).filter(|l| l.start <= line.end && line.start <= l.end);
    let (mut from, mut to) = (usize::MAX, 0);
    for label in on_line {
        from = from.min(label.start.max(line.start) - line.start);
        to = to.max(label.end.min(line.end) - line.start);
    }
    if from > to {
        (from, to) = (0, 0);
    }
    let mut to = to.min(from + WIDEST);
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    let from = text[..from].char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
    let to = text[to..].char_indices().nth(AROUND).map_or(text.len(), |(at, _)| to + at);
    line.start + from..line.start + to
}

impl miette::SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let read = self.text.read_span(span, before, after)?;
        let (mut line, mut column) = (read.line() + self.first_line, read.column());
        // Asked for a label alone: for its place in the head line.
        let start = self.starts.iter().find(|(at, _)| *at == span.offset()).filter(|_| before + after == 0);
        if let Some((_, position)) = start {
            (line, column) = (position.line - 1, position.column - 1);
        }
        // How far the piece reaches: what begins there or before is drawn together with it. (What miette counts
        // itself begins with the text, not with the piece.)
        let drawn = read.data().iter().filter(|b| **b == b'\n').count();
        let (data, span, lines) = (read.data(), *read.span(), drawn + GAP);
        let name = self.name.clone();
        Ok(Box::new(miette::MietteSpanContents::new_named(name, data, span, line, column, lines)))
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Code, Diagnostic, Rendered, render};
    use crate::source::{Sources, Span};

    fn drawn(text: &str, from: usize, to: usize) -> String {
        let mut sources = Sources::default();
        let file = sources.add("x.rules", None, text);
        let diagnostic = Diagnostic::new(Code::Syntax, Span::new(file, from, to), "wrong").label("here");
        render(&diagnostic, &sources, Rendered { color: false, width: 80 })
    }

    #[test]
    fn of_a_very_long_line_a_piece_is_drawn() {
        let text = format!("a\n{}é BAD é{}\nb", "x, ".repeat(300_000), "y ".repeat(300_000));
        let at = text.find("BAD").unwrap_or_default();
        let drawn = drawn(&text, at, at + 3);
        assert!(drawn.contains("x.rules:2:900003]"), "{drawn}");
        assert!(drawn.contains("BAD") && drawn.len() < 2_000, "{drawn}");
    }

    #[test]
    fn a_label_over_a_long_line_or_many_lines_is_cut() {
        let text = "z".repeat(1_000_000);
        assert!(drawn(&text, 0, text.len()).len() < 20_000);
        let text = "line\n".repeat(100_000);
        assert!(drawn(&text, 0, text.len()).len() < 2_000);
        assert!(drawn(&text, text.len(), text.len()).contains("x.rules:100001:1]"));
        assert!(drawn("", 0, 0).contains("x.rules:1:1]"));
    }

    /// Under which characters the markers stand, and the line itself.
    fn marked(text: &str, what: &str) -> String {
        let at = text.find(what).unwrap_or_default();
        let drawn = drawn(text, at, at + what.len());
        let lines: Vec<&str> = drawn.lines().collect();
        let line = lines.iter().position(|line| line.contains('─') && line.contains('·')).unwrap_or_default();
        let line = line.max(1);
        format!("{}\n{}\n", lines[line - 1], lines[line])
    }

    #[test]
    fn markers_stand_under_what_they_mark() {
        let mut shown = String::new();
        for text in [
            "stage BAD x",
            "\tstage\tBAD x",
            "stage \"東京支店\" BAD x",
            "stage \"cafe\u{301}\" BAD x",
            "stage \"👍🏽 👨‍👩‍👧\" BAD x",
            "stage \"שלום\" BAD x",
            "stage \"a\u{202e}b\" BAD x",
            "stage \"\u{1b}[2J\0\u{7f}\u{85}\" BAD x",
            "stage A\rstage BAD x\rstage C",
            "stage A\r\nstage BAD x\r\nstage C",
        ] {
            shown.push_str(&marked(text, "BAD"));
        }
        shown.push_str(&marked("stage \"BAD東京\"", "東京"));
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn of_a_line_of_ten_thousand_characters_what_is_around_the_place_is_shown() {
        let text = format!("{}BAD{}", "東 ".repeat(5_000), "x\t".repeat(5_000));
        let drawn =
            drawn(&text, text.find("BAD").unwrap_or_default(), text.find("BAD").unwrap_or_default() + 3);
        assert!(drawn.lines().count() < 10 && drawn.contains("x.rules:1:10001]"), "{drawn}");
        assert!(drawn.contains("東 BADx"), "{drawn}");
    }
}
