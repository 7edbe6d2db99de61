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
            .position(|b| matches!(b, b'"' | b'\\' | b'{' | b'}' | b'\n' | b'\r'))
            .unwrap_or(self.bytes.len() - at);
        self.at += plain;
        let at = self.at;
        match self.bytes.get(at) {
            None => {}
            Some(b'\\') => {
                self.at += 1;
                match self.bytes.get(self.at) {
                    Some(b'\n' | b'\r') | None => {}
                    // `\u{…}`: its braces are no placeholder.
                    Some(b'u') => {
                        let rest = &self.text[self.at + 1..];
                        let end = rest.find(['}', '"', '\n', '\r']).filter(|n| rest[*n..].starts_with('}'));
                        self.at += 1 + end.filter(|_| rest.starts_with('{')).map_or(0, |n| n + 1);
                    }
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
            Some(b'\n' | b'\r') if block => {
                self.at += 1;
                self.first = true;
            }
            Some(b'\n' | b'\r') => {
                self.breaks_text();
            }
            Some(b'}') => self.lone_brace(),
            _ => self.open_placeholder(),
        }
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
        if inside.starts_with('{')
            && let Some(end) = self.json_end(at)
        {
            let name = self.text[at..end].trim_matches(['{', '}']).trim();
            let help = format!("{{{name}}}");
            let span = self.span(at, end);
            let problem = Diagnostic::new(Code::JsonBraces, span, "a placeholder has one pair of braces")
                .label("two pairs stand here")
                .help(help.clone());
            let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "._".contains(c));
            self.report(if plain { problem.fix(span, help) } else { problem });
            self.at = end;
            return;
        }
        if looks_like_json(inside) {
            let block = matches!(self.frames.last(), Some(Frame::Text { block: true, .. }));
            let quoted = inside.starts_with('"');
            let help = if quoted && !block {
                "write \\{ and \\\" in this text, or put the JSON between `\"\"\"` with \\{ and \\}"
            } else if inside.starts_with(['"', '\\']) {
                "\\{"
            } else {
                "write \\{ for the brace itself; a format stands in quotes, as in {amount: \"#,##0.00\"}"
            };
            self.report(
                Diagnostic::new(
                    Code::JsonBraces,
                    self.span(at, at + 1),
                    "this brace looks like JSON, not like a placeholder",
                )
                .label("in a text, `{` begins a placeholder")
                .help(help),
            );
            // The quotes of JSON would end this text: read on behind all of it.
            if quoted
                && !block
                && let Some(end) = self.json_end(at)
            {
                self.at = end;
                return;
            }
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

    /// Behind the brace that closes the one at `start`, on the same line.
    fn json_end(&self, start: usize) -> Option<usize> {
        let mut open = 0;
        for (n, byte) in self.bytes[start..self.line_end()].iter().enumerate() {
            match byte {
                b'{' => open += 1,
                b'}' => open -= 1,
                _ => continue,
            }
            if open == 0 {
                return Some(start + n + 1);
            }
        }
        None
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
        let too_deep = self.too_deep.is_some();
        if let Some(outer) = outer {
            self.leave(outer);
        }
        let placeholder = torn.iter().find_map(|f| match f {
            Frame::Placeholder { start, .. } => Some(*start),
            _ => None,
        });
        // `rule a "Label {`: the brace is that of the rule, and only the quote is missing.
        let brace = placeholder.filter(|open| !block && self.text[open + 1..line_end].trim().is_empty());
        let placeholder = placeholder.filter(|_| brace.is_none());
        let end = match (placeholder, torn.get(2)) {
            // `"Hello {name"`: the quote inside the placeholder was meant to end the text.
            // (Where things are nested too deep, reading the line again and again would take too long.)
            (Some(_), Some(Frame::Text { start: inner, block: false, .. })) if !too_deep => inner + 1,
            (Some(_), _) => line_end,
            (None, _) if block => line_end,
            (None, _) => brace.unwrap_or_else(|| self.before_closers(start, line_end)),
        };
        if !block && let Some(brace) = self.label_before_block(start, line_end) {
            self.torn_label(start, brace);
            return;
        }
        if !block
            && placeholder.is_none()
            && self.text[start + 1..end.max(start + 1)].trim().is_empty()
            && self.opening_quote_missing(start, None)
        {
            return;
        }
        let end = start + self.text[start..end].trim_end().len();
        // What was said of braces in it was said of code.
        self.problems.retain(|p| p.code != Code::LoneBrace || (p.span().start as usize) < start);
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

    /// `stage Offer "Offer sent {`: the brace that was to open the block behind a label whose quote is missing.
    fn label_before_block(&self, start: usize, line_end: usize) -> Option<usize> {
        let line_start = self.text[..start].rfind(['\n', '\r']).map_or(0, |n| n + 1);
        let line = self.text[line_start..start].trim_start();
        let word = line.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let labelled = [
            "stage",
            "success",
            "failure",
            "rule",
            "disabled",
            "then",
            "pipeline",
            "test",
            "user",
            "department",
            "role",
            "calendar",
            "entity",
            "event",
            "action",
        ];
        // A brace of this line would make what follows its inside.
        if !labelled.contains(&word) || line.contains(['{', '(', '[']) {
            return None;
        }
        let text = &self.text[start + 1..line_end];
        let free = |n: usize| {
            let (before, after) = (&text[..n], &text[n + 1..]);
            before.ends_with([' ', '\t'])
                && (after.trim().is_empty()
                    || after.starts_with([' ', '}'])
                    || after.trim_start().starts_with('#'))
        };
        text.match_indices('{').map(|(n, _)| n).find(|n| free(*n)).map(|n| start + 1 + n)
    }

    /// Reports and ends a label before the brace of its block, and reads on there.
    fn torn_label(&mut self, start: usize, brace: usize) {
        self.problems.retain(|p| (p.span().start as usize) < start);
        self.inner.retain(|t| (t.start as usize) < start);
        if self.text[start + 1..brace].trim().is_empty() && self.opening_quote_missing(start, Some(brace)) {
            return;
        }
        let end = start + self.text[start..brace].trim_end().len();
        let label = self.text[start..end].to_owned();
        let span = self.span(start, end);
        let problem = Diagnostic::new(Code::UnclosedText, span, "this text is not closed")
            .label("a label ends with a quote, before the `{`")
            .help(format!("{label}\""));
        // In the label of a rule its clauses may be hidden.
        let clauses = [" when ", " on ", " after ", " at ", " for ", " during "];
        let sure = !clauses.iter().any(|clause| label.contains(clause));
        self.report(if sure { problem.fix(span.after(), "\"") } else { problem });
        self.emit(Kind::Text, start, end.max(start + 1));
    }

    /// `stage Offer Offer sent" {`, `text: Nobody came" }`: a quote that closes what was never opened.
    fn opening_quote_missing(&mut self, quote: usize, block: Option<usize>) -> bool {
        if self.texts > 0 {
            return false;
        }
        let mut from = self.tokens.len();
        while from > 0 {
            let token = self.tokens[from - 1];
            let word = matches!(token.kind, Kind::Word | Kind::Number)
                || matches!(self.slice(token), "," | "." | "-" | "?");
            if !word {
                break;
            }
            from -= 1;
            if token.first {
                break;
            }
        }
        let starts_line = self.tokens.get(from).is_some_and(|t| t.first);
        match block {
            // The word that declares, and the name, stand before the label.
            Some(_) if starts_line => {
                let head = ["disabled", "then", "success", "failure"];
                while self.tokens.get(from).is_some_and(|t| head.contains(&self.slice(*t))) {
                    from += 1;
                }
                let named = self.tokens.get(from).is_some_and(|t| self.slice(*t) != "test");
                from += 1 + usize::from(named);
            }
            None if from > 0 && self.slice(self.tokens[from - 1]) == ":" && !starts_line => {}
            _ => return false,
        }
        let Some(first) = self.tokens.get(from).copied() else { return false };
        let start = first.start as usize;
        let ours = format!("\"{}\"", self.text[start..quote].trim_end());
        let span = self.span(start, quote + 1);
        self.tokens.truncate(from);
        self.problems.retain(|p| (p.span().start as usize) < start);
        self.report(
            Diagnostic::new(Code::UnclosedText, span, "the opening quote of this text is missing")
                .label("a text begins with a quote, too")
                .help(ours.clone())
                .fix(span, ours),
        );
        self.first = first.first;
        self.emit(Kind::Text, start, quote + 1);
        true
    }

    /// The quote is missing before the brackets at the end of the line that belong to the line's own.
    fn before_closers(&self, start: usize, line_end: usize) -> usize {
        let line_start = self.text[..start].rfind(['\n', '\r']).map_or(0, |n| n + 1);
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
                .match_indices(['\n', '\r'])
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
        None if !inside.starts_with(unicode_ident::is_xid_start) => return false,
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
