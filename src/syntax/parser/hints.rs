//! What to say when the grammar refuses a piece: a mistake with a sentence of its own, if it is one, else
//! "expected this or that", in people's words.

use super::Rule;
use super::cut::{Piece, Place, STATEMENTS};
use super::friendly::{Friendly, friendly};
use super::recover::{PestError, Reader};
use super::scan::{Kind, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use pest::error::{ErrorVariant, InputLocation};

/// The place where a piece stopped making sense.
pub(super) struct Stop<'a> {
    pub reader: &'a Reader<'a>,
    pub piece: &'a Piece,
    pub place: Place,
    pub expected: Vec<Rule>,
    /// The tokens to look at: those of the file, or those inside placeholders.
    tokens: &'a [Token],
    /// The token that cannot stand there; past the piece at its end.
    pub at: usize,
    /// The end of the tokens that belong to the piece.
    end: usize,
}

impl Reader<'_> {
    pub fn explain(&self, error: &PestError, piece: &Piece, place: Place) {
        let Some((start, end)) = self.bytes(piece) else { return };
        // So many are never shown: this is no program.
        if self.errors.borrow().len() > 2 * super::scan::MAX_PROBLEMS {
            return;
        }
        let offset = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => start as usize + at,
        };
        let expected = match &error.variant {
            ErrorVariant::ParsingError { positives, .. } => positives.clone(),
            ErrorVariant::CustomError { .. } => Vec::new(),
        };
        // Inside of a text the tokens are those of its placeholders.
        let outer = &self.scan.tokens;
        let at = outer.partition_point(|t| (t.end as usize) <= offset);
        let in_text = outer.get(at).is_some_and(|t| t.kind == Kind::Text && (t.start as usize) < offset);
        let stop = if in_text {
            let tokens = &self.scan.inner;
            let at = tokens.partition_point(|t| (t.end as usize) <= offset);
            let last = outer.get(at).map_or(end, |t| t.end);
            let end = tokens.partition_point(|t| t.start < last.max(end));
            Stop { reader: self, piece, place, expected, tokens, at, end }
        } else {
            Stop {
                reader: self,
                piece,
                place,
                expected,
                tokens: outer,
                at: at.min(piece.end),
                end: piece.end,
            }
        };
        let problem = stop.special().unwrap_or_else(|| stop.general(offset, in_text));
        self.errors.borrow_mut().push(problem);
    }
}

impl Stop<'_> {
    // --- looking around ----------------------------------------------------------------------------

    /// The token at a distance from the wrong one, if it belongs to the piece.
    pub fn token(&self, distance: isize) -> Option<Token> {
        let index = self.at.checked_add_signed(distance)?;
        (index < self.end).then(|| self.tokens.get(index).copied()).flatten()
    }

    /// Whether what is wrong stands in a placeholder of a text.
    pub fn in_text(&self) -> bool {
        !std::ptr::eq(self.tokens.as_ptr(), self.reader.scan.tokens.as_ptr())
    }

    pub fn str(&self, distance: isize) -> &str {
        self.token(distance).map_or("", |t| self.reader.scan.str(&t))
    }

    pub fn kind(&self, distance: isize) -> Option<Kind> {
        self.token(distance).map(|t| t.kind)
    }

    /// The word at a distance, or nothing if it is none.
    pub fn word(&self, distance: isize) -> &str {
        if self.kind(distance) == Some(Kind::Word) { self.str(distance) } else { "" }
    }

    /// A mistake of syntax with a help that can be typed.
    pub fn say(
        &self,
        span: Span,
        message: impl Into<String>,
        label: &str,
        help: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(Code::Syntax, span, message).label(label.to_owned()).help(help)
    }

    pub fn span(&self, from: isize, to: isize) -> Span {
        let file = self.reader.file;
        match (self.token(from), self.token(to)) {
            (Some(a), Some(b)) => Span { file, start: a.start, end: b.end },
            (Some(a), None) | (None, Some(a)) => Span { file, start: a.start, end: a.end },
            (None, None) => {
                let end = self.reader.bytes(self.piece).map_or(0, |b| b.1);
                Span { file, start: end, end }
            }
        }
    }

    pub fn touches(&self, left: isize, right: isize) -> bool {
        match (self.token(left), self.token(right)) {
            (Some(a), Some(b)) => a.end == b.start,
            _ => false,
        }
    }

    pub fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    pub fn expects_shown(&self, shown: Friendly) -> bool {
        self.expected.iter().any(|r| friendly(*r) == shown)
    }

    pub fn expects_operator(&self) -> bool {
        self.expects_shown(Friendly::Operator)
    }

    pub fn expects_value(&self) -> bool {
        self.expects_shown(Friendly::Thing("a value"))
    }

    /// The first word of the piece.
    pub fn opening(&self) -> &str {
        self.reader.scan.word(self.piece.start)
    }

    pub fn text(&self, span: Span) -> &str {
        self.reader.scan.text.get(span.range()).unwrap_or_default()
    }

    /// The rest of the piece, from a token on.
    pub fn rest(&self, distance: isize) -> &str {
        let (_, end) = self.reader.bytes(self.piece).unwrap_or_default();
        let start = self.token(distance).map_or(end, |t| t.start);
        self.reader.scan.text.get(start as usize..end as usize).unwrap_or_default()
    }

    // --- all the rest ------------------------------------------------------------------------------

    fn general(&self, offset: usize, in_text: bool) -> Diagnostic {
        // A hole may stand nearly everywhere.
        let mut shown: Vec<Friendly> =
            self.expected.iter().filter(|r| **r != Rule::hole).map(|r| friendly(*r)).collect();
        shown.sort_unstable();
        shown.dedup();
        // "Nothing more" and "an operator" are always true, and rarely what was meant.
        let mut telling: Vec<Friendly> = shown
            .iter()
            .copied()
            .filter(|f| !matches!(f, Friendly::Operator | Friendly::Thing("nothing more" | "a blank")))
            .collect();
        telling.retain(|t| *t != Friendly::Sign("."));
        const TYPES: [Friendly; 4] = [
            Friendly::Thing("a name"),
            Friendly::Word("enum"),
            Friendly::Word("list"),
            Friendly::Word("money"),
        ];
        if TYPES.iter().all(|t| telling.contains(t)) {
            telling.retain(|t| !TYPES.contains(t));
            telling.insert(0, Friendly::Thing("a type"));
        }
        // What a value may begin with is said by "a value".
        if telling.contains(&Friendly::Thing("a value")) {
            let is_a_value = |t: &Friendly| {
                matches!(
                    t,
                    Friendly::Thing("a name" | "a text" | "a number" | "a date" | "a duration")
                        | Friendly::Word("true" | "false" | "none" | "if")
                        | Friendly::Sign("(" | "[")
                )
            };
            telling.retain(|t| !is_a_value(t));
        }
        // Behind any name a call could follow.
        if telling.len() > 1 && self.kind(-1) == Some(Kind::Word) {
            telling.retain(|t| *t != Friendly::Sign("("));
        }
        // `move` alone could also be an action, if there were one of that name.
        if self.place == Place::Statement && STATEMENTS.contains(&self.opening()) && telling.len() > 1 {
            telling.retain(|t| *t != Friendly::Sign("{") || self.at != self.piece.start + 1);
        }
        let complete = shown.contains(&Friendly::Thing("nothing more"));
        if complete {
            telling.retain(|t| *t != Friendly::Sign(","));
        }
        // What is to be typed, if there is no choice.
        let help = match (telling.as_slice(), self.kind(0)) {
            ([Friendly::Thing("a text")], Some(Kind::Word)) => Some(format!("\"{}\"", self.str(0))),
            ([Friendly::Thing("a name")], Some(Kind::Text)) => {
                Some(self.str(0).trim_matches('"').replace(' ', "_"))
            }
            ([Friendly::Word(text) | Friendly::Sign(text)], _) => Some((*text).to_owned()),
            _ => None,
        };
        let file = self.reader.file;
        let (span, found) = match self.token(0) {
            Some(token) => {
                let span = Span { file, start: token.start, end: token.end };
                let text = self.text(span);
                let short = if token.kind == Kind::Text { "a text".to_owned() } else { format!("`{text}`") };
                (span, short)
            }
            // Inside of a text, what closes the placeholder is no token.
            None if in_text => (Span::new(file, offset, offset + 1), "the end of the placeholder".to_owned()),
            None => {
                let end = self.reader.bytes(self.piece).map_or(offset, |b| b.1 as usize);
                (Span::new(file, end, end), String::new())
            }
        };
        if in_text && self.token(0).is_none_or(|t| t.start as usize > offset) {
            let span = Span::new(file, offset, offset + 1);
            let list = if telling.is_empty() { "an operator".to_owned() } else { list(&telling) };
            return Diagnostic::new(Code::Syntax, span, format!("expected {list} in this placeholder"))
                .label("here")
                .help("write \\{ if the brace itself is meant");
        }
        let at_end = self.token(0).is_none();
        if !at_end && (telling.is_empty() || (complete && telling.len() > 4)) {
            let message = format!("{found} cannot stand here");
            return Diagnostic::new(Code::Syntax, span, message).label(if complete {
                "what stands before this is complete"
            } else {
                "expected an operator before this"
            });
        }
        if at_end {
            let last = self.at.checked_sub(1).and_then(|i| self.tokens.get(i));
            let after = match last {
                Some(token) if token.kind == Kind::Text => " after this text".to_owned(),
                Some(token) => format!(" after `{}`", self.reader.scan.str(token)),
                None => String::new(),
            };
            let list = if telling.is_empty() { "an operator".to_owned() } else { list(&telling) };
            let message = format!("expected {list}{after}");
            return Diagnostic::new(Code::Syntax, span, message)
                .label("something is missing here")
                .maybe_help(help);
        }
        let message = format!("expected {}, found {found}", list(&telling));
        Diagnostic::new(Code::Syntax, span, message).label("not expected here").maybe_help(help)
    }
}

/// "a, b or c"
fn list(shown: &[Friendly]) -> String {
    // Many words of the language in a row read like noise: things first, then words.
    const MOST: usize = 6;
    let mut shown: Vec<String> = shown.iter().map(Friendly::to_string).collect();
    let more = shown.len() > MOST;
    shown.truncate(MOST);
    match shown.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some(_) if more => format!("{} …", shown.join(", ")),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
