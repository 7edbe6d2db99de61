//! Where pieces of a file begin and end, told from the scanner's tokens alone.

use super::builder::nfc;
use super::recover::Reader;
use super::repeated::LOOPS;
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::Span;
use crate::syntax::tree::Name;

/// A range of tokens.
pub(super) type Piece = std::ops::Range<usize>;

/// What was to be read when something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Declaration,
    Head,
    Field,
    Entry,
    EnumValue,
    Calendar,
    PipelineMember,
    StageMember,
    Statement,
    Step,
}

pub(super) const DECLARATIONS: [&str; 17] = [
    "pipeline",
    "entity",
    "extend",
    "enum",
    "event",
    "action",
    "user",
    "department",
    "role",
    "calendar",
    "rates",
    "test",
    "use",
    "currency",
    "const",
    "fn",
    "type",
];
pub(super) const MEMBERS: [&str; 8] =
    ["stage", "rule", "trigger", "disabled", "success", "failure", "timezone", "locale"];
pub(super) const STATEMENTS: [&str; 7] = ["let", "set", "move", "if", "for", "wait", "stop"];
pub(super) const STEPS: [&str; 6] = ["given", "at", "wait", "send", "reply", "expect"];

/// What other tools call the steps of a test.
const OTHER_STEPS: [&str; 8] = ["assert", "verify", "check", "ensure", "should", "set", "move", "update"];

/// Words after which something more of the same piece must come.
const UNFINISHED: [&str; 19] = [
    "is", "on", "for", "if", "then", "else", "and", "or", "not", "in", "of", "contains", "with", "between",
    "matches", "from", "to", "as", "when",
];
/// Words that go on with a statement at the start of a line.
const CONTINUING: [&str; 26] = [
    "and", "or", "not", "in", "is", "contains", "starts", "ends", "matches", "between", "then", "else", "at",
    "when", "on", "allow", "as", "after", "during", "from", "to", "once", "overlap", "detached", "within",
    "for",
];

impl<'a> Reader<'a> {
    // --- tokens and brackets -----------------------------------------------------------------------

    /// The bytes of a piece, unless it is empty.
    pub fn bytes(&self, piece: &Piece) -> Option<(u32, u32)> {
        let first = self.scan.tokens.get(piece.start)?;
        let last = self.scan.tokens.get(piece.end.checked_sub(1)?)?;
        (piece.start < piece.end).then_some((first.start, last.end))
    }

    fn word(&self, index: usize) -> &'a str {
        match self.scan.kind(index) {
            Some(Kind::Word) => self.scan.word(index),
            _ => "",
        }
    }

    fn kind(&self, index: usize) -> Option<Kind> {
        self.scan.kind(index)
    }

    fn is_first(&self, index: usize) -> bool {
        self.scan.tokens.get(index).is_some_and(|t| t.first)
    }

    fn is_named(&self, index: usize) -> bool {
        matches!(self.kind(index + 1), Some(Kind::Word | Kind::Text))
    }

    /// The token behind this one, or behind the bracket that opens here.
    pub fn after(&self, index: usize) -> usize {
        let Some(token) = self.scan.tokens.get(index) else { return index + 1 };
        let Kind::Open(bracket) = token.kind else { return index + 1 };
        let partner = token.partner as usize;
        let closed = self.kind(partner) == Some(Kind::Close(bracket));
        if closed { partner + 1 } else { partner.max(index + 1) }
    }

    /// What stands in the bracket that opens here.
    pub fn inside(&self, open: usize) -> Piece {
        let partner = self.scan.tokens.get(open).map_or(open + 1, |t| t.partner as usize);
        open + 1..partner.max(open + 1)
    }

    pub fn first_brace(&self, piece: &Piece) -> Option<usize> {
        piece.clone().find(|i| self.kind(*i) == Some(Kind::Open(Bracket::Brace)) && !self.opens_set(*i))
    }

    /// Head, inside of the braces, and what stands behind them.
    pub fn split(&self, piece: &Piece) -> Option<(Piece, Piece, Piece)> {
        let open = self.first_brace(piece)?;
        let rest = self.after(open).min(piece.end)..piece.end;
        Some((piece.start..open, self.inside(open), rest))
    }

    /// Whether the words before a name belong to what follows it.
    pub fn member_word(&self, piece: &Piece) -> &'a str {
        let mut at = piece.start;
        while matches!(self.word(at), "disabled" | "then" | "success" | "failure") && at + 1 < piece.end {
            at += 1;
        }
        self.word(at)
    }

    /// Cuts a body where `starts(token, start of the piece so far)` says so. Commas between pieces go.
    fn cut(&self, body: &Piece, starts: impl Fn(usize, usize) -> bool) -> Vec<Piece> {
        let mut pieces = self.pieces(body, starts);
        for piece in &mut pieces {
            while piece.end > piece.start && self.scan.word(piece.end - 1) == "," {
                piece.end -= 1;
            }
            while piece.end > piece.start && self.scan.word(piece.start) == "," {
                piece.start += 1;
            }
        }
        pieces.retain(|p| !p.is_empty());
        pieces
    }

    fn pieces(&self, body: &Piece, starts: impl Fn(usize, usize) -> bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut from = body.start;
        let mut at = body.start;
        while at < body.end {
            if at > from && starts(at, from) {
                pieces.push(from..at);
                from = at;
            }
            at = self.after(at);
        }
        pieces.push(from..body.end);
        pieces.retain(|p| !p.is_empty());
        pieces
    }

    /// Nothing that could go on stands before this token: it is the first of a line or behind a brace.
    fn is_fresh(&self, index: usize) -> bool {
        let before = index.wrapping_sub(1);
        self.kind(before) == Some(Kind::Close(Bracket::Brace))
            || self.scan.word(before) == ","
            || self.is_first(index) && !self.is_unfinished(before)
    }

    /// `due-date`: one name, as far as its writer is concerned.
    fn is_hyphened(&self, index: usize) -> bool {
        let end = |i: usize| self.scan.tokens.get(i).map_or(0, |t| t.end);
        let start = |i: usize| self.scan.tokens.get(i).map_or(0, |t| t.start);
        index > 1
            && self.scan.word(index - 1) == "-"
            && self.kind(index - 2) == Some(Kind::Word)
            && end(index - 1) == start(index)
            && end(index - 2) == start(index - 1)
    }

    pub fn is_unfinished(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(Kind::Word) => UNFINISHED.contains(&self.word(index)),
            Some(Kind::Sign) => self.scan.word(index) != "?",
            Some(Kind::Open(_)) => true,
            _ => false,
        }
    }

    /// A word that is nearly one of these, where it could stand.
    fn is_nearly(&self, index: usize, known: &[&str]) -> bool {
        let word = self.word(index);
        // `ends with` goes on with the line before, however much it looks like `enum` or `send`.
        word.len() >= 4
            && !CONTINUING.contains(&word)
            && self.is_first(index)
            && self.is_named(index)
            && suggest::nearest(word, known.iter().copied()).is_some()
    }

    // --- declarations ------------------------------------------------------------------------------

    /// The declarations of the file.
    pub fn declarations(&self) -> Vec<Piece> {
        // No comma stands between declarations.
        let whole = 0..self.scan.tokens.len();
        self.pieces(&whole, |at, from| self.starts_declaration(at, from))
    }

    fn starts_declaration(&self, at: usize, from: usize) -> bool {
        let opening = self.word(from);
        // Braces end what has them; only the types of a function may hold some.
        if opening != "fn"
            && self.kind(at - 1) == Some(Kind::Close(Bracket::Brace))
            && self.scan.word(at) != "->"
        {
            return true;
        }
        let word = self.word(at);
        if word.is_empty() {
            return false;
        }
        let known = DECLARATIONS.contains(&word);
        let named = match word {
            "use" => self.is_named(at),
            "currency" if self.is_first(at) => {
                self.is_named(at) || matches!(self.scan.word(at + 1), "=" | ":" | "==")
            }
            "test" => self.kind(at + 1) == Some(Kind::Text),
            _ => self.kind(at + 1) == Some(Kind::Word),
        };
        if !(known && named || !known && self.is_nearly(at, &DECLARATIONS)) {
            return false;
        }
        // The name of what is being declared may be any word.
        let declares = DECLARATIONS.contains(&opening);
        if declares && at == from + 1 {
            return false;
        }
        declares && at == from + 2 && self.kind(at - 1) == Some(Kind::Word) || !self.is_unfinished(at - 1)
    }

    /// Cuts a broken declaration where another one begins at the same margin, whatever is missing before.
    pub fn at_margins(&self, piece: &Piece) -> Vec<Piece> {
        let margin = |index: usize| {
            let start = self.scan.tokens.get(index).map_or(0, |t| t.start as usize);
            start - memchr::memrchr2(b'\n', b'\r', &self.scan.text.as_bytes()[..start]).map_or(0, |n| n + 1)
        };
        let left = margin(piece.start);
        self.pieces(piece, |at, _| {
            self.is_first(at)
                && DECLARATIONS.contains(&self.word(at))
                && (self.is_named(at) || self.is_first(at + 1))
                && margin(at) <= left
        })
    }

    /// A word, or the one of the language that it is nearly.
    pub fn meant(&self, word: &'a str, known: &[&'static str]) -> &'a str {
        let other = [&MEMBERS[..], &STATEMENTS, &DECLARATIONS].iter().any(|list| list.contains(&word));
        if other || word.len() < 4 {
            return word;
        }
        suggest::nearest(word, known.iter().copied()).unwrap_or(word)
    }

    /// Fields and other `name: …` entries.
    pub fn entries(&self, body: &Piece) -> Vec<Piece> {
        self.cut(body, |at, _| {
            !self.word(at).is_empty()
                && !self.is_hyphened(at)
                && (self.scan.word(at + 1) == ":" || self.is_fresh(at))
        })
    }

    pub fn field_pieces(&self, body: &Piece) -> Vec<Piece> {
        self.cut(body, |at, _| {
            !self.word(at).is_empty()
                && !self.is_hyphened(at)
                && (self.scan.word(at + 1) == ":"
                    || self.is_fresh(at) && !matches!(self.word(at), "min" | "max" | "matches" | "of" | "in"))
        })
    }

    pub fn enum_values(&self, body: &Piece) -> Vec<Piece> {
        self.cut(body, |at, _| !self.word(at).is_empty())
    }

    pub fn calendar_entries(&self, body: &Piece) -> Vec<Piece> {
        self.cut(body, |at, _| {
            let word = self.word(at);
            let spans = matches!(self.scan.word(at - 1), "," | "..");
            !word.is_empty() && !spans && (self.is_fresh(at) || matches!(word, "timezone" | "closed"))
        })
    }

    // --- pipelines ---------------------------------------------------------------------------------

    pub fn pipeline_members(&self, body: &Piece) -> Vec<Piece> {
        self.cut(body, |at, from| self.starts_member(at, from, &["stage", "timezone", "locale", "hours"]))
    }

    pub fn stage_members(&self, body: &Piece) -> Vec<Piece> {
        self.cut(body, |at, from| self.starts_member(at, from, &["stage"]))
    }

    fn starts_member(&self, at: usize, from: usize, more: &[&str]) -> bool {
        // A rule or a stage ends with its braces.
        if self.kind(at - 1) == Some(Kind::Close(Bracket::Brace)) && !self.closes_set(at - 1) {
            return self.scan.word(at) != "else";
        }
        let word = self.word(at);
        // `disabled`, `then` and the like belong to the word behind them.
        let modified =
            (from..at).all(|i| matches!(self.word(i), "disabled" | "then" | "success" | "failure"));
        if word.is_empty() || modified {
            return false;
        }
        // At the start of a line these begin something new, whatever is missing before.
        if self.is_first(at) && matches!(word, "rule" | "trigger" | "stage") && self.is_named(at) {
            return true;
        }
        if !(self.is_fresh(at) || self.kind(at - 1) == Some(Kind::Text)) {
            return false;
        }
        let known =
            matches!(word, "rule" | "trigger" | "disabled" | "success" | "failure") || more.contains(&word);
        let then = word == "then" && self.word(at + 1) == "rule";
        known && self.is_named(at) || then || self.is_first(at) && !CONTINUING.contains(&word)
    }

    pub fn statements(&self, body: &Piece) -> Vec<Piece> {
        self.cut(body, |at, from| self.starts_statement(at, from))
    }

    fn starts_statement(&self, at: usize, from: usize) -> bool {
        let word = self.word(at);
        if word.is_empty() {
            return false;
        }
        let before = at - 1;
        let next = self.scan.word(at + 1);
        let shaped = match word {
            "let" | "set" => self.kind(at + 1) == Some(Kind::Word) && self.scan.word(at + 2) == "=",
            "move" => next == "to",
            "wait" => matches!(next, "for" | "until") || self.kind(at + 1) == Some(Kind::Number),
            "stop" => !matches!(next, "." | ":"),
            "for" => self.scan.word(at + 2) == "in",
            _ => false,
        };
        if shaped && self.is_first(at) {
            return true;
        }
        if self.is_unfinished(before) && self.scan.word(before) != "," {
            return false;
        }
        let behind_brace = self.kind(before) == Some(Kind::Close(Bracket::Brace)) && !self.closes_set(before);
        match word {
            "else" => return false,
            _ if behind_brace && self.word(from) == "if" && self.is_else(at) => return false,
            "let" | "set" | "move" | "wait" if shaped => return true,
            "at" if behind_brace && next == "most" => return false,
            _ => {}
        }
        if behind_brace {
            return true;
        }
        // `wait for invoice.paid timeout 3 days { … }`
        if self.kind(before) == Some(Kind::Number) && super::scan::numbers::unit_named(word).is_some() {
            return false;
        }
        let head =
            (matches!(self.word(from), "if" | "for") || self.is_loop(from, at)) && self.in_head(from, at);
        if STATEMENTS.contains(&word) && self.is_fresh(at) {
            return next != "{" || word == "stop";
        }
        // No value holds a brace, so this one belongs to a statement of its own.
        let alone = at == from + 1 && self.word(from) != "stop"
            || matches!(self.word(before), "rule" | "stage" | "trigger");
        if !head && !alone && self.scan.word(before) != "." && (word == "if" || self.is_action(at)) {
            return true;
        }
        !head && self.is_fresh(at) && (self.is_action(at) || self.is_first(at) && !CONTINUING.contains(&word))
    }

    /// `repeat 3 times {`, `3 times {`: a loop of another language, up to a token on its line.
    fn is_loop(&self, from: usize, to: usize) -> bool {
        let counted =
            self.kind(from) == Some(Kind::Number) && matches!(self.scan.word(from + 1), "times" | "x");
        let word = (LOOPS.contains(&self.word(from))
            || matches!(self.word(from), "switch" | "match" | "select"))
            && !matches!(self.scan.word(from + 1), "{" | "." | ":" | "=");
        (counted || word) && !(from + 1..=to).any(|i| self.is_first(i))
    }

    /// Whether no brace has opened since an `if`, or the `else` of it.
    fn in_head(&self, from: usize, to: usize) -> bool {
        let (mut at, mut head) = (from, true);
        while at < to {
            if self.kind(at) == Some(Kind::Open(Bracket::Brace)) && !self.opens_set(at) {
                head = false;
            } else if self.is_else(at) {
                head = true;
            }
            at = self.after(at);
        }
        head
    }

    /// `sms {`, `app.signflow.send {`
    fn is_action(&self, at: usize) -> bool {
        let mut at = at + 1;
        while self.scan.word(at) == "." && self.kind(at + 1) == Some(Kind::Word) {
            at += 2;
        }
        self.kind(at) == Some(Kind::Open(Bracket::Brace))
    }

    pub fn steps(&self, body: &Piece) -> Vec<Piece> {
        self.cut(body, |at, _| {
            let word = self.word(at);
            let known = STEPS.contains(&word);
            let shaped = matches!(self.kind(at + 1), Some(Kind::Word | Kind::Number | Kind::Text));
            let behind = self.kind(at - 1);
            let fresh =
                self.is_fresh(at) || matches!(behind, Some(Kind::Text | Kind::Number | Kind::Close(_)));
            let comma = self.scan.word(at - 1) == ",";
            if behind == Some(Kind::Close(Bracket::Brace)) {
                return !matches!(word, "" | "to" | "with");
            }
            let other = OTHER_STEPS.contains(&word) && self.is_named(at)
                || !known && !word.is_empty() && self.scan.word(at + 1) == "{" && !self.is_unfinished(at - 1);
            let other = other || word == "after" && self.kind(at + 1) == Some(Kind::Number);
            other && self.is_first(at)
                || known && shaped && fresh && (comma || !self.is_unfinished(at - 1))
                || !known && self.is_first(at) && self.is_nearly(at, &STEPS)
        })
    }

    // --- what is lost ------------------------------------------------------------------------------

    /// Reports what stands behind the end of something.
    pub fn refuse(&self, rest: &Piece) {
        let Some((start, end)) = self.bytes(rest) else { return };
        if self.scan.is_spoiled(start, end) {
            return;
        }
        let Some(token) = self.scan.tokens.get(rest.start) else { return };
        let span = Span { file: self.file, start: token.start, end: token.end };
        self.errors.borrow_mut().push(
            Diagnostic::new(Code::Syntax, span, format!("`{}` cannot stand here", self.scan.str(token)))
                .label("what stands before this is complete"),
        );
    }

    /// Keeps the names that a piece would have declared, so that nobody misses them.
    pub fn lose(&self, piece: &Piece) {
        let mut broken = self.broken.borrow_mut();
        for index in piece.clone() {
            let declared = index > piece.start
                && matches!(
                    self.word(index - 1),
                    "entity"
                        | "enum"
                        | "type"
                        | "event"
                        | "action"
                        | "user"
                        | "department"
                        | "role"
                        | "calendar"
                        | "const"
                        | "fn"
                        | "pipeline"
                        | "stage"
                        | "rule"
                        | "let"
                        | "var"
                        | "val"
                        | "for"
                );
            let entry = self.scan.word(index + 1) == ":";
            if self.word(index).is_empty() || !(declared || entry || index == piece.start) {
                continue;
            }
            let mut end = index;
            while self.scan.word(end + 1) == "."
                && self.kind(end + 2) == Some(Kind::Word)
                && end + 2 < piece.end
            {
                end += 2;
            }
            if let Some((start, end)) = self.bytes(&(index..end + 1)) {
                let text = self.scan.text.get(start as usize..end as usize).unwrap_or_default();
                broken.push(Name { text: nfc(text), span: Span { file: self.file, start, end } });
            }
        }
    }
}
