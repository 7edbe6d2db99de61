//! Text literals: escapes, placeholders, and the indentation of block text.

use super::Rule;
use super::builder::{Builder, Node};
use super::expressions::Deep;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::*;

/// A piece of a text as it stands in the source.
enum Piece<'i> {
    /// As written; may hold line breaks.
    Raw(&'i str, Span),
    Escape(Option<char>, Span),
    Placeholder(Node<'i>),
}

impl Builder<'_> {
    /// A text where placeholders make no sense: a label, a path, a format, a test's name.
    pub fn plain_text(&self, node: &Node) -> Str {
        let span = self.token_span(node);
        let (_, pieces) = self.pieces(node);
        let mut text = String::new();
        for piece in &pieces {
            match piece {
                Piece::Raw(raw, _) => text.push_str(raw),
                Piece::Escape(resolved, _) => text.extend(*resolved),
                Piece::Placeholder(inner) => {
                    let at = self.token_span(inner);
                    text.push_str(inner.as_str());
                    self.report(
                        Diagnostic::new(
                            Code::PlaceholderNotAllowed,
                            at,
                            "a placeholder cannot stand in this text",
                        )
                        .label("this text is fixed when the program is compiled")
                        .help(format!(
                            "for the braces themselves write \\{{{}\\}}",
                            inner.as_str().trim_start_matches('{').trim_end_matches('}')
                        )),
                    );
                }
            }
        }
        if node.as_str().starts_with("\"\"\"") {
            text = text.trim().to_owned();
        }
        Str { text: super::builder::nfc_text(text), span }
    }

    /// A text with placeholders.
    pub fn text(&self, node: &Node) -> (TextLit, u32) {
        let (block, mut pieces) = self.pieces(node);
        let lines = if block { strip_block(&mut pieces) } else { Vec::new() };
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut at: Option<Span> = None;
        let mut depth = 0;
        let mut lines = lines.into_iter();
        for piece in pieces {
            match piece {
                Piece::Raw(raw, span) => {
                    at = Some(at.map_or(span, |a| a.to(span)));
                    match lines.next() {
                        Some(stripped) => literal.push_str(&stripped),
                        None => literal.push_str(raw),
                    }
                }
                Piece::Escape(resolved, span) => {
                    at = Some(at.map_or(span, |a| a.to(span)));
                    literal.extend(resolved);
                }
                Piece::Placeholder(inner) => {
                    flush(&mut parts, &mut literal, &mut at);
                    let (part, deep) = self.placeholder(&inner);
                    depth = depth.max(deep);
                    parts.push(part);
                }
            }
        }
        flush(&mut parts, &mut literal, &mut at);
        parts.shrink_to_fit();
        (TextLit { block, parts }, depth)
    }

    fn placeholder(&self, node: &Node) -> (TextPart, u32) {
        let span = self.span(node);
        let mut value = None;
        let mut format = None;
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::expr => value = Some(self.expr_deep(&child)),
                Rule::text => format = Some(self.plain_text(&child)),
                _ => {}
            }
        }
        let Deep(value, depth) = value.unwrap_or_else(|| Deep(self.error_expr(span), 1));
        if let (ExprKind::Text(_), Some(_)) = (&*value.kind, &format) {
            self.report(
                Diagnostic::new(
                    Code::JsonBraces,
                    span,
                    "these braces look like JSON, not like a placeholder",
                )
                .label("in a text, `{` begins a placeholder")
                .help("write \\{ and \\} for the braces themselves"),
            );
        }
        (TextPart::Placeholder { value, format, span }, depth)
    }

    fn pieces<'i>(&self, node: &Node<'i>) -> (bool, Vec<Piece<'i>>) {
        let mut block = false;
        let mut pieces = Vec::new();
        for child in node.clone().into_inner() {
            let span = self.token_span(&child);
            match child.as_rule() {
                Rule::block_quote => block = true,
                Rule::text_chars | Rule::block_chars => pieces.push(Piece::Raw(child.as_str(), span)),
                Rule::escape => pieces.push(Piece::Escape(self.escape(child.as_str(), span), span)),
                Rule::placeholder => pieces.push(Piece::Placeholder(child)),
                _ => {}
            }
        }
        (block, pieces)
    }

    /// What an escape stands for.
    fn escape(&self, text: &str, span: Span) -> Option<char> {
        let rest = text.strip_prefix('\\').unwrap_or(text);
        let resolved = match rest {
            "\"" => Some('"'),
            "\\" => Some('\\'),
            "n" => Some('\n'),
            "t" => Some('\t'),
            "{" => Some('{'),
            "}" => Some('}'),
            _ => rest
                .strip_prefix("u{")
                .and_then(|r| r.strip_suffix('}'))
                .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                .and_then(char::from_u32),
        };
        if resolved.is_none() {
            let problem = Diagnostic::new(
                Code::BadEscape,
                span,
                format!(
                    "`{}` means nothing in a text",
                    text.escape_debug().to_string().replace("\\\\", "\\")
                ),
            )
            .label("not one of \\\" \\\\ \\n \\t \\{ \\} \\u{1F600}");
            self.report(if rest.starts_with('u') {
                problem.help("a character by its number is written \\u{1F600}")
            } else {
                problem.help(format!("for the backslash itself write \\{}", text))
            });
        }
        resolved
    }
}

fn flush(parts: &mut Vec<TextPart>, literal: &mut String, at: &mut Option<Span>) {
    if let Some(span) = at.take() {
        let text = std::mem::take(literal);
        if !text.is_empty() {
            parts.push(TextPart::Literal { text: text.into(), span });
        }
    }
}

/// Block text: drops the break after the opening quotes, the last line's indentation with its break,
/// and the indentation that all lines share. Gives the new text of each raw piece, in order.
fn strip_block(pieces: &mut Vec<Piece>) -> Vec<String> {
    // Breaks are `\n` whatever the file uses, so that a checkout changes no text.
    let mut raws: Vec<Option<String>> = pieces
        .iter()
        .map(|p| match p {
            Piece::Raw(raw, _) => Some(raw.replace("\r\n", "\n").replace('\r', "\n")),
            _ => None,
        })
        .collect();
    // The opening line, if it is blank.
    let mut first_counts = false;
    if let Some(Some(first)) = raws.first_mut()
        && let Some(end) = first.find('\n')
        && first[..end].trim().is_empty()
    {
        first.replace_range(..=end, "");
        first_counts = true;
    }
    // The closing line, if it is blank.
    if let Some(Some(last)) = raws.last_mut() {
        match last.rfind('\n') {
            Some(start) if last[start..].trim().is_empty() => last.truncate(start),
            None if first_counts && pieces.len() == 1 && last.trim().is_empty() => last.clear(),
            _ => {}
        }
    }
    // The indentation that all lines share: blank lines do not count.
    let mut common: Option<String> = None;
    let mut line_start = first_counts;
    for (index, raw) in raws.iter().enumerate() {
        let Some(raw) = raw else {
            // A placeholder or an escape at the very start of a line has no indentation.
            if line_start {
                common = Some(String::new());
            }
            line_start = false;
            continue;
        };
        let followed = index + 1 < raws.len();
        for (n, line) in raw.split('\n').enumerate() {
            if n > 0 || line_start {
                let blank: String = line.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
                let ends_piece = n == raw.matches('\n').count();
                if blank.len() < line.len() || (ends_piece && followed) {
                    common = Some(match common {
                        None => blank,
                        Some(so_far) => shared_prefix(&so_far, &blank),
                    });
                }
            }
        }
        line_start = raw.ends_with('\n') || (line_start && raw.is_empty());
    }
    let common = common.unwrap_or_default();
    let mut out = Vec::new();
    let mut line_start = first_counts;
    for raw in &raws {
        let Some(raw) = raw else {
            line_start = false;
            continue;
        };
        let mut text = String::with_capacity(raw.len());
        for (n, line) in raw.split('\n').enumerate() {
            if n > 0 {
                text.push('\n');
            }
            if n > 0 || line_start {
                let cut = shared_prefix(&common, line).len();
                text.push_str(&line[cut..]);
            } else {
                text.push_str(line);
            }
        }
        line_start = raw.ends_with('\n') || (line_start && raw.is_empty());
        out.push(text);
    }
    out
}

/// The blanks at the start that both have; both sides are cut between ASCII characters.
fn shared_prefix(a: &str, b: &str) -> String {
    a.bytes()
        .zip(b.bytes())
        .take_while(|(x, y)| x == y && x.is_ascii_whitespace())
        .map(|(x, _)| x as char)
        .collect()
}
