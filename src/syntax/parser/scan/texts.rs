//! Texts and their placeholders, and what can go wrong with their ends.

use super::{Bracket, Frame, Kind, Scanner, char_len};
use crate::diagnostic::{Code, Diagnostic};

impl Scanner<'_> {
    pub(super) fn open_text(&mut self) {
        let start = self.at;
        let block = self.rest().starts_with("\"\"\"");
        self.frames.push(Frame::Text { start, block, literal_braces: 0 });
        self.nesting.run = 0;
        self.texts += 1;
        self.at += if block { 3 } else { 1 };
    }

    /// Ends the innermost text at `end` (after the closing quotes).
    fn end_text(&mut self, end: usize) {
        if let Some(Frame::Text { start, .. }) = self.frames.pop() {
            self.texts -= 1;
            self.emit(Kind::Text, start, end);
        }
        self.at = end;
    }

    /// One step inside a text.
    pub(super) fn text_part(&mut self) {
        let Some(Frame::Text { block, .. }) = self.frames.last() else { return };
        let block = *block;
        let at = self.at;
        // Most of a text means itself.
        let plain = self.bytes[at..]
            .iter()
            .position(|b| matches!(b, b'"' | b'\\' | b'{' | b'}' | b'\n'))
            .unwrap_or(self.bytes.len() - at);
        self.at += plain;
        let at = self.at;
        match self.bytes.get(at) {
            None => {}
            Some(b'\\') => {
                self.at += 1;
                match self.bytes.get(self.at) {
                    Some(b'\n') | None => {}
                    // `\u{…}`: its braces are no placeholder.
                    Some(b'u') if self.bytes.get(self.at + 1) == Some(&b'{') => self.unicode_escape(),
                    Some(_) => self.at += char_len(self.text, self.at),
                }
            }
            Some(b'"') if !block => self.end_text(at + 1),
            Some(b'"') => {
                if self.rest().starts_with("\"\"\"") {
                    self.end_text(at + 3);
                } else {
                    self.at += 1;
                }
            }
            Some(b'\n') if block => {
                self.at += 1;
                self.first = true;
            }
            Some(b'\n') => {
                self.breaks_text();
            }
            Some(b'}') => self.lone_brace(),
            _ => self.open_placeholder(),
        }
    }

    /// `\u{1F600}`; the grammar takes up to six digits.
    fn unicode_escape(&mut self) {
        let start = self.at - 1;
        let digits = self.bytes[self.at + 2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let end = self.at + 2 + digits;
        if (1..=6).contains(&digits) && self.bytes.get(end) == Some(&b'}') {
            self.at = end + 1;
            return;
        }
        // Without the closing brace, or with something else in it.
        let close = self.text[end..].find(['}', '"', '\n']).map_or(end, |n| end + n);
        let close = if self.bytes.get(close) == Some(&b'}') { close + 1 } else { close };
        self.report(
            Diagnostic::new(
                Code::BadEscape,
                self.span(start, close),
                format!("`{}` names no character", &self.text[start..close]),
            )
            .label("one to six hexadecimal digits belong between the braces")
            .help("\\u{1F600}"),
        );
        self.at = close;
    }

    fn lone_brace(&mut self) {
        let at = self.at;
        self.at += 1;
        if let Some(Frame::Text { literal_braces, .. }) = self.frames.last_mut()
            && *literal_braces > 0
        {
            *literal_braces -= 1;
            return;
        }
        self.report(
            Diagnostic::new(Code::LoneBrace, self.span(at, at + 1), "this `}` closes no placeholder")
                .label("in a text, braces hold placeholders")
                .help("\\}"),
        );
    }

    fn open_placeholder(&mut self) {
        let at = self.at;
        let rest = &self.text[at + 1..];
        let inside = rest.trim_start();
        if inside.starts_with('}') {
            let end = at + 1 + (rest.len() - inside.len()) + 1;
            self.report(
                Diagnostic::new(Code::EmptyPlaceholder, self.span(at, end), "this placeholder is empty")
                    .label("nothing stands between the braces")
                    .help("name what to print, as in {title}, or write \\{\\} for the braces themselves"),
            );
            self.at = end;
            return;
        }
        if looks_like_json(inside) {
            self.report(
                Diagnostic::new(
                    Code::JsonBraces,
                    self.span(at, at + 1),
                    "this brace looks like JSON, not like a placeholder",
                )
                .label("in a text, `{` begins a placeholder")
                .help("\\{"),
            );
            if let Some(Frame::Text { literal_braces, .. }) = self.frames.last_mut() {
                *literal_braces += 1;
            }
            self.at += 1;
            return;
        }
        let outer = self.enter(at, at + 1);
        self.frames.push(Frame::Placeholder { start: at, outer });
        self.at += 1;
    }

    /// At a line break: whether it tears a short text apart, which is reported and ended.
    pub(super) fn breaks_text(&mut self) -> bool {
        let short = |f: &Frame| matches!(f, Frame::Text { block: false, .. });
        let Some(outermost) = self.frames.iter().position(short) else { return false };
        self.tear(outermost);
        true
    }

    /// Reports and ends everything from a frame that is a text on.
    fn tear(&mut self, outermost: usize) {
        let line_end = self.at;
        let torn: Vec<Frame> = self.frames.drain(outermost..).collect();
        let Some(Frame::Text { start, block, .. }) = torn.first() else { return };
        let (start, block) = (*start, *block);
        // The text is no longer open, nor is what it held.
        self.texts -= torn.iter().filter(|f| matches!(f, Frame::Text { .. })).count();
        let outer = torn.iter().find_map(|f| match f {
            Frame::Placeholder { outer, .. } => Some(*outer),
            _ => None,
        });
        let too_deep = self.too_deep;
        if let Some(outer) = outer {
            self.leave(outer);
        }
        let placeholder = torn.iter().find_map(|f| match f {
            Frame::Placeholder { start, .. } => Some(*start),
            _ => None,
        });
        let end = match (placeholder, torn.get(2)) {
            // `"Hello {name"`: the quote inside the placeholder was meant to end the text.
            // (Where things are nested too deep, reading the line again and again would take too long.)
            (Some(_), Some(Frame::Text { start: inner, block: false, .. })) if !too_deep => inner + 1,
            (Some(_), _) => line_end,
            (None, _) if block => line_end,
            (None, _) => self.before_closers(start, line_end),
        };
        let end = start + self.text[start..end].trim_end().len();
        let problem = match placeholder {
            Some(open) => Diagnostic::new(
                Code::UnclosedPlaceholder,
                self.span(open, open + 1),
                "this placeholder is not closed",
            )
            .label("it begins here")
            .help("close it with `}`, or write \\{ for the brace itself"),
            None => {
                let (shown, help) = if block {
                    (start + 3, "\"\"\"")
                } else {
                    (end, "close it with `\"`; a text of several lines stands between `\"\"\"`")
                };
                Diagnostic::new(Code::UnclosedText, self.span(start, shown), "this text is not closed")
                    .label(if block { "the end of the file comes first" } else { "the line ends first" })
                    .help(help)
            }
        };
        self.report(problem);
        self.emit(Kind::Text, start, end.max(start + 1));
    }

    /// The quote is missing before the brackets at the end of the line that belong to the line's own.
    fn before_closers(&self, start: usize, line_end: usize) -> usize {
        let line_start = self.text[..start].rfind('\n').map_or(0, |n| n + 1);
        let mut end = line_end;
        for frame in self.frames.iter().rev() {
            let Frame::Bracket { bracket, start: open, .. } = frame else { break };
            let close = match bracket {
                Bracket::Brace => '}',
                Bracket::Paren => ')',
                Bracket::Square => ']',
            };
            let before = self.text[start..end].trim_end();
            if *open < line_start || !before.ends_with(close) || before.len() <= 1 {
                break;
            }
            end = start + before.len() - 1;
        }
        end
    }

    /// The file ends inside of a text.
    pub(super) fn end_of_input(&mut self) {
        let Some(outermost) = self.frames.iter().position(|f| matches!(f, Frame::Text { .. })) else {
            return;
        };
        if let Some(Frame::Text { start, block: true, .. }) = self.frames.get(outermost) {
            // Read on where the left margin shows a declaration or a closing brace again.
            let start = *start;
            let margin = self.text[start..]
                .match_indices('\n')
                .map(|(n, _)| start + n)
                .find(|n| self.bytes.get(n + 1).is_some_and(|b| b.is_ascii_lowercase() || *b == b'}'));
            self.at = margin.unwrap_or(self.bytes.len());
        }
        self.tear(outermost);
    }
}

/// `{"name": 1`, `{ color: red`, `{\"name\"`: a format behind a colon would be a text.
fn looks_like_json(inside: &str) -> bool {
    if inside.starts_with("\\\"") {
        return true;
    }
    let after = match inside.strip_prefix('"') {
        Some(text) => match text.split_once('"') {
            Some((name, after)) if !name.contains(['\n', '{']) => after,
            _ => return false,
        },
        None => inside.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')),
    };
    if after.len() == inside.len() {
        return false;
    }
    match after.trim_start().strip_prefix(':') {
        Some(value) => !value.trim_start().starts_with('"'),
        None => false,
    }
}
