//! Brackets that do not match: which one is missing is read from the indentation.

use super::{Bracket, Kind, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// A bracket that is never closed.
pub fn unclosed(span: Span, bracket: &str) -> Diagnostic {
    let close = match bracket {
        "{" => "}",
        "(" => ")",
        _ => "]",
    };
    Diagnostic::new(Code::UnclosedBracket, span, format!("this `{bracket}` is never closed"))
        .label("it opens here")
        .help(close)
}

/// A bracket that closes nothing.
pub fn stray(span: Span, bracket: &str) -> Diagnostic {
    Diagnostic::new(Code::StrayBracket, span, format!("this `{bracket}` closes nothing"))
        .label("nothing is open here that it could close")
        .help("take it away, or open what it should close")
}

/// Pairs the brackets of a file in which they do not match, and says which are wrong.
pub fn repair(file: FileId, text: &str, tokens: &mut [Token], problems: &mut Vec<Diagnostic>) {
    let mut repair = Repair { file, text, tokens, problems, open: Vec::new(), indent: 0 };
    for index in 0..repair.tokens.len() {
        repair.token(index);
    }
    let end = repair.tokens.len();
    while !repair.open.is_empty() {
        repair.give_up_top(end);
    }
}

struct Repair<'a> {
    file: FileId,
    text: &'a str,
    tokens: &'a mut [Token],
    problems: &'a mut Vec<Diagnostic>,
    open: Vec<Open>,
    /// Of the line that we are in.
    indent: usize,
}

struct Open {
    token: usize,
    bracket: Bracket,
    /// Of the line it stands in.
    indent: usize,
}

impl Repair<'_> {
    fn token(&mut self, index: usize) {
        let token = self.tokens[index];
        if token.first {
            let line = self.text[..token.start as usize].rfind('\n').map_or(0, |n| n + 1);
            self.indent = token.start as usize - line;
            if token.kind == Kind::Word && self.begins_member(index) {
                // What stands at this margin, or right of it, has ended.
                while self.open.last().is_some_and(|o| o.indent >= self.indent) {
                    self.give_up_top(index);
                }
            }
        }
        match token.kind {
            Kind::Open(bracket) => self.open.push(Open { token: index, bracket, indent: self.indent }),
            Kind::Close(bracket) => self.close(index, bracket),
            _ => {}
        }
    }

    fn close(&mut self, index: usize, bracket: Bracket) {
        let here = |o: &Open| o.bracket == bracket;
        // Only braces reach over other brackets: `( … }` forgot the `)`.
        let reach = match bracket {
            Bracket::Brace => self.open.iter().rposition(here),
            _ => self.open.last().filter(|o| here(o)).map(|_| self.open.len() - 1),
        };
        let Some(mut target) = reach else {
            let span = self.span(index);
            let shown = &self.text[span.range()];
            self.problems.push(stray(span, shown));
            return;
        };
        // A brace at the margin of an outer one closes that.
        if bracket == Bracket::Brace
            && self.tokens[index].first
            && self.open[target].indent > self.indent
            && let Some(outer) = self.open[..target].iter().rposition(|o| here(o) && o.indent == self.indent)
        {
            target = outer;
        }
        while self.open.len() > target + 1 {
            self.give_up_top(index);
        }
        if let Some(open) = self.open.pop() {
            self.tokens[open.token].partner = index as u32;
        }
    }

    /// The innermost open bracket ends before token `index`, without having been closed.
    fn give_up_top(&mut self, index: usize) {
        let Some(open) = self.open.pop() else { return };
        self.tokens[open.token].partner = index as u32;
        let span = self.span(open.token);
        let mut problem = unclosed(span, &self.text[span.range()]);
        if open.bracket == Bracket::Brace && index < self.tokens.len() {
            problem = problem.also(self.span(index), "and should be closed before this");
        }
        self.problems.push(problem);
    }

    fn span(&self, index: usize) -> Span {
        let token = self.tokens[index];
        Span { file: self.file, start: token.start, end: token.end }
    }

    /// `stage New`, `rule x`, `entity Deal`: a word that begins a declaration, with a name or text behind.
    fn begins_member(&self, index: usize) -> bool {
        let word = |i: usize| {
            self.tokens
                .get(i)
                .map_or("", |t| self.text.get(t.start as usize..t.end as usize).unwrap_or_default())
        };
        let kind = |i: usize| self.tokens.get(i).map(|t| t.kind);
        let mut at = index;
        while matches!(word(at), "disabled" | "then" | "success" | "failure") {
            at += 1;
        }
        let named = kind(at + 1) == Some(Kind::Word);
        match word(at) {
            "stage" | "rule" | "pipeline" | "entity" | "extend" | "enum" | "event" | "action" | "user"
            | "department" | "role" | "calendar" | "const" | "fn" | "type" | "use" | "currency" | "rates" => {
                named
            }
            "trigger" => named || kind(at + 1) == Some(Kind::Text),
            "test" => kind(at + 1) == Some(Kind::Text),
            _ => false,
        }
    }
}
