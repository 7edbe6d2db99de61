//! A light scanner that runs before the grammar: it finds where declarations and statements begin, says
//! what is wrong with single tokens in words of their own, and counts how deep things are nested before
//! anything recurses.
//!
//! It knows just enough: texts with nested placeholders, block text, comments, numbers and dates,
//! regular expressions after `matches`, and brackets.

mod brackets;
pub mod numbers;
mod outline;
mod signs;
mod texts;

use super::MAX_DEPTH;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::syntax::tree::Comment;

/// The most branches of one `if … else if …`.
const MAX_BRANCHES: u32 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bracket {
    Brace,
    Paren,
    Square,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    /// All that begins with a digit.
    Number,
    Text,
    Regex,
    Open(Bracket),
    Close(Bracket),
    Sign,
}

#[derive(Debug, Clone, Copy)]
pub struct Token {
    pub kind: Kind,
    /// The first of its line.
    pub first: bool,
    pub start: u32,
    pub end: u32,
    /// Of an opening bracket: the index of its closing one, or, if that is missing, of the token before
    /// which it should stand. Of others: their own index.
    pub partner: u32,
}

/// After so many mistakes nobody reads on: the file is something else.
pub const MAX_PROBLEMS: usize = 200;

/// A bracket that is one too many, or of the wrong kind.
pub struct Misfit {
    pub problem: Diagnostic,
    /// What should stand in its place.
    pub right: u8,
}

/// What the scanner knows of a file.
pub struct Scan<'t> {
    pub text: &'t str,
    /// Tokens outside of texts.
    pub tokens: Vec<Token>,
    /// Tokens inside placeholders, in order.
    pub inner: Vec<Token>,
    pub comments: Vec<Comment>,
    pub problems: Vec<Diagnostic>,
    /// Brackets that do not fit, of which it is known what should stand there. They are among the problems too.
    pub misfits: Vec<Misfit>,
    /// Where the problems are, ascending: a piece that holds one is not given to the grammar.
    spots: Vec<u32>,
    /// The same for ranges that are nested too deep.
    deep: Vec<(u32, u32)>,
}

impl<'t> Scan<'t> {
    pub fn new(file: FileId, text: &'t str) -> Scan<'t> {
        let mut scanner = Scanner {
            file,
            text,
            bytes: text.as_bytes(),
            at: 0,
            first: true,
            tokens: Vec::with_capacity(text.len() / 6),
            inner: Vec::new(),
            comments: Vec::new(),
            problems: Vec::new(),
            frames: Vec::new(),
            texts: 0,
            nesting: Nesting::default(),
            too_deep: None,
            deep: Vec::new(),
            balanced: true,
        };
        scanner.run();
        let Scanner { mut tokens, inner, comments, mut problems, balanced, deep, .. } = scanner;
        let mut misfits = Vec::new();
        if !balanced {
            misfits = brackets::repair(file, text, &mut tokens, &mut problems);
        }
        let mut spots: Vec<u32> = problems.iter().map(|p| p.span().start).collect();
        spots.sort_unstable();
        Scan { text, tokens, inner, comments, problems, misfits, spots, deep }
    }

    /// Whether something was already said of a place in this range of bytes.
    pub fn is_spoiled(&self, start: u32, end: u32) -> bool {
        let next = self.spots.partition_point(|s| *s < start);
        self.spots.get(next).is_some_and(|s| *s < end)
            || self.deep.iter().any(|(from, to)| start < *to && *from < end)
    }

    pub fn str(&self, token: &Token) -> &'t str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    /// The text of a token outside of texts, or nothing.
    pub fn word(&self, index: usize) -> &'t str {
        self.tokens.get(index).map_or("", |t| self.str(t))
    }

    pub fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|t| t.kind)
    }
}

/// What is open.
enum Frame {
    Bracket {
        bracket: Bracket,
        start: usize,
        /// The index of its token, outside of texts.
        token: Option<usize>,
        outer: Nesting,
    },
    Text {
        start: usize,
        block: bool,
        /// Braces that were reported as meant literally.
        literal_braces: u32,
    },
    Placeholder {
        start: usize,
        outer: Nesting,
    },
}

/// How deep we are: by brackets around us, and by what needs no brackets to nest.
#[derive(Debug, Clone, Copy, Default)]
struct Nesting {
    outside: u32,
    /// Prefix operators, or `list of`, in a row.
    run: u32,
    /// `if` in the branch of an `if`.
    ifs: u32,
    branches: u32,
}

struct Scanner<'t> {
    file: FileId,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// No token has been seen on this line.
    first: bool,
    tokens: Vec<Token>,
    inner: Vec<Token>,
    comments: Vec<Comment>,
    problems: Vec<Diagnostic>,
    frames: Vec<Frame>,
    /// How many of the frames are texts.
    texts: usize,
    nesting: Nesting,
    /// Where things became nested too deep: said once for each outermost bracket.
    too_deep: Option<usize>,
    /// From there to the end of that bracket nothing is given to the grammar, which recurses.
    deep: Vec<(u32, u32)>,
    balanced: bool,
}

impl<'t> Scanner<'t> {
    fn run(&mut self) {
        while self.at < self.bytes.len() && self.problems.len() < MAX_PROBLEMS {
            match self.frames.last() {
                Some(Frame::Text { .. }) => self.text_part(),
                _ => self.code_part(),
            }
            if self.at >= self.bytes.len() {
                self.end_of_input();
            }
        }
        if self.frames.iter().any(|f| matches!(f, Frame::Bracket { .. })) {
            self.balanced = false;
        }
        self.end_deep();
    }

    fn code_part(&mut self) {
        let start = self.at;
        let byte = self.bytes[start];
        match byte {
            b' ' | b'\t' => self.at += 1,
            // A `\r` alone ended the lines of old machines.
            b'\n' | b'\r' => {
                if self.texts > 0 && self.breaks_text() {
                    return;
                }
                self.at += 1;
                self.first = true;
            }
            b'#' if self.texts == 0 => {
                let end = self.line_end();
                let text = &self.text[start..end];
                let end = start + text.trim_end_matches('\r').len();
                let doc = text.starts_with("##") && !text.starts_with("###");
                self.comments.push(Comment { span: Span::new(self.file, start, end), doc });
                self.at = end;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            b'"' => self.open_text(),
            b'{' => self.open(Bracket::Brace),
            b'(' => self.open(Bracket::Paren),
            b'[' => self.open(Bracket::Square),
            b'}' => self.close(Bracket::Brace),
            b')' => self.close(Bracket::Paren),
            b']' => self.close(Bracket::Square),
            0..=0x7f => self.sign(),
            _ => match self.char_at(start) {
                Some('\u{A0}' | '\u{FEFF}' | '\u{202F}') => self.at += char_len(self.text, start),
                Some(c) if unicode_ident::is_xid_start(c) => self.word(),
                Some(c) => self.foreign_character(c),
                None => self.at += 1,
            },
        }
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..).and_then(|t| t.chars().next())
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The end of the line that we are in, before its break.
    fn line_end(&self) -> usize {
        self.bytes[self.at..].iter().position(|b| is_break(*b)).map_or(self.bytes.len(), |n| self.at + n)
    }

    /// Where the word that begins at `start` ends; `start` itself if none does.
    fn word_end(&self, start: usize) -> usize {
        let mut end = start;
        while let Some(&b) = self.bytes.get(end) {
            if b.is_ascii_alphanumeric() || b == b'_' {
                end += 1;
            } else if b < 0x80 {
                break;
            } else {
                match self.char_at(end) {
                    Some(c) if unicode_ident::is_xid_continue(c) => end += c.len_utf8(),
                    _ => break,
                }
            }
        }
        end
    }

    fn emit(&mut self, kind: Kind, start: usize, end: usize) {
        if self.frames.is_empty() && self.nesting.run + self.nesting.ifs == 0 {
            self.end_deep();
        }
        let list = if self.texts == 0 { &mut self.tokens } else { &mut self.inner };
        let partner = list.len() as u32;
        list.push(Token { kind, first: self.first, start: start as u32, end: end as u32, partner });
        self.first = false;
        self.at = end;
    }

    /// The last token of the list that is being filled.
    fn last(&self) -> Option<Token> {
        if self.texts == 0 { self.tokens.last().copied() } else { self.inner.last().copied() }
    }

    fn last_str(&self) -> &'t str {
        self.last().map_or("", |t| self.slice(t))
    }

    fn last_but_one(&self) -> Option<Token> {
        let list = if self.texts == 0 { &self.tokens } else { &self.inner };
        list.len().checked_sub(2).and_then(|i| list.get(i)).copied()
    }

    fn slice(&self, token: Token) -> &'t str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
        if self.problems.len() == MAX_PROBLEMS {
            // This is no program: what comes is neither read nor reported.
            self.deep.push((self.at as u32, u32::MAX));
        }
    }

    // --- words and depth ---------------------------------------------------------------------------

    fn word(&mut self) {
        let start = self.at;
        let end = self.word_end(start);
        let word = &self.text[start..end];
        let before = self.last_str();
        match word {
            "not" => self.deeper(start, end, |n| n.run += 1),
            "list" => {}
            "of" if before == "list" => self.deeper(start, end, |n| n.run += 1),
            "if" => self.seen_if(start, end),
            _ => self.nesting.run = 0,
        }
        if self.apostrophe(start, end) {
            return;
        }
        let regex = word == "matches" && self.after_operand();
        self.emit(Kind::Word, start, end);
        if regex {
            self.regex();
        }
    }

    /// `if` nests without brackets only behind `else`, `then`, `if` and operators.
    fn seen_if(&mut self, start: usize, end: usize) {
        let last = self.last();
        let before = self.last_str();
        let statement_branch =
            before == "else" && self.last_but_one().is_some_and(|t| t.kind == Kind::Close(Bracket::Brace));
        self.nesting.run = 0;
        if statement_branch {
            self.nesting.branches += 1;
            if self.nesting.branches > MAX_BRANCHES && self.too_deep.is_none() {
                self.too_deep = Some(start);
                self.report(
                    Diagnostic::new(Code::TooDeep, self.span(start, end), "this `if` has too many branches")
                        .label(format!("more than {MAX_BRANCHES}")),
                );
            }
            return;
        }
        self.nesting.branches = 0;
        let nested = matches!(before, "else" | "then" | "if" | "and" | "or" | "not")
            || last.is_some_and(|t| t.kind == Kind::Sign && !matches!(before, "=" | "," | ":" | "=>" | "?"));
        if nested {
            self.deeper(start, end, |n| n.ifs += 1);
        } else {
            self.nesting.ifs = 0;
        }
    }

    /// Counts one level more, and refuses the one too many.
    fn deeper(&mut self, start: usize, end: usize, count: impl FnOnce(&mut Nesting)) {
        count(&mut self.nesting);
        let Nesting { outside, run, ifs, .. } = self.nesting;
        if outside + run + ifs > MAX_DEPTH && self.too_deep.is_none() {
            self.too_deep = Some(start);
            let span = self.span(start, end);
            self.report(
                Diagnostic::new(Code::TooDeep, span, "this is nested too deep")
                    .label(format!("more than {MAX_DEPTH} levels inside each other"))
                    .help("name a part of it with `let`, `const` or `fn`"),
            );
        }
    }

    fn end_deep(&mut self) {
        if let Some(from) = self.too_deep.take() {
            self.deep.push((from as u32, self.at.max(from + 1) as u32));
        }
    }

    /// Enters a bracket or a placeholder; gives what to return to.
    fn enter(&mut self, start: usize, end: usize) -> Nesting {
        let outer = self.nesting;
        self.nesting = Nesting { outside: outer.outside + outer.run + outer.ifs, ..Nesting::default() };
        self.deeper(start, end, |n| n.outside += 1);
        outer
    }

    fn leave(&mut self, outer: Nesting) {
        self.nesting = Nesting { run: 0, ..outer };
        if self.frames.is_empty() {
            self.end_deep();
        }
    }

    // --- brackets ----------------------------------------------------------------------------------

    fn open(&mut self, bracket: Bracket) {
        let start = self.at;
        if bracket == Bracket::Brace {
            self.nesting.ifs = 0;
        }
        let outer = self.enter(start, start + 1);
        let token = (self.texts == 0).then_some(self.tokens.len());
        self.emit(Kind::Open(bracket), start, start + 1);
        self.frames.push(Frame::Bracket { bracket, start, token, outer });
    }

    fn close(&mut self, bracket: Bracket) {
        let start = self.at;
        match self.frames.last() {
            Some(Frame::Bracket { bracket: open, token, outer, .. }) if *open == bracket => {
                let (token, outer) = (*token, *outer);
                self.frames.pop();
                self.leave(outer);
                if let Some(token) = token {
                    let partner = self.tokens.len() as u32;
                    self.tokens[token].partner = partner;
                }
                self.emit(Kind::Close(bracket), start, start + 1);
            }
            Some(Frame::Placeholder { outer, .. }) if bracket == Bracket::Brace => {
                let outer = *outer;
                self.frames.pop();
                self.leave(outer);
                self.at = start + 1;
            }
            _ if self.texts > 0 => self.close_inside_placeholder(bracket),
            _ => {
                self.balanced = false;
                self.emit(Kind::Close(bracket), start, start + 1);
            }
        }
    }

    /// A closing bracket of another kind, inside a placeholder.
    fn close_inside_placeholder(&mut self, bracket: Bracket) {
        let start = self.at;
        match self.frames.last() {
            Some(Frame::Bracket { start: open, outer, .. }) if bracket == Bracket::Brace => {
                // The placeholder ends here; what it opened stays open.
                let (open, outer) = (*open, *outer);
                self.frames.pop();
                self.leave(outer);
                let problem = brackets::unclosed(self.span(open, open + 1), &self.text[open..=open]);
                self.report(problem);
            }
            _ => {
                let problem = brackets::stray(self.span(start, start + 1), &self.text[start..=start]);
                self.report(problem);
                self.at = start + 1;
            }
        }
    }

    /// The bracket around us, if we are in one.
    fn around(&self) -> Option<Bracket> {
        match self.frames.last() {
            Some(Frame::Bracket { bracket, .. }) => Some(*bracket),
            _ => None,
        }
    }

    /// Whether the last token ends a value or a type, so that an operator can follow.
    fn after_operand(&self) -> bool {
        let Some(last) = self.last() else { return false };
        match last.kind {
            Kind::Word => !matches!(
                self.slice(last),
                "and"
                    | "or"
                    | "not"
                    | "if"
                    | "then"
                    | "else"
                    | "when"
                    | "in"
                    | "contains"
                    | "with"
                    | "between"
            ),
            Kind::Number | Kind::Text | Kind::Regex | Kind::Close(_) => true,
            Kind::Open(_) => false,
            Kind::Sign => self.slice(last) == "?",
        }
    }

    /// After `matches`: `/…/`, where a slash in `[…]` or behind a backslash does not end it.
    fn regex(&mut self) {
        let blank = self.rest().len() - self.rest().trim_start().len();
        let start = self.at + blank;
        if self.bytes.get(start) != Some(&b'/') {
            return;
        }
        let mut end = start + 1;
        let mut class = false;
        loop {
            match self.bytes.get(end) {
                None | Some(b'\n' | b'\r') => break,
                Some(b'\\') if self.bytes.get(end + 1).is_some_and(|b| !is_break(*b)) => end += 1,
                Some(b'[') if !class => {
                    class = true;
                    // A `]` that comes first is one of the characters.
                    if self.bytes.get(end + 1) == Some(&b'^') {
                        end += 1;
                    }
                    if self.bytes.get(end + 1) == Some(&b']') {
                        end += 1;
                    }
                }
                Some(b']') => class = false,
                Some(b'/') if !class => {
                    self.emit(Kind::Regex, start, end + 1);
                    return;
                }
                _ => {}
            }
            end += 1;
        }
        let end = start + self.text[start..end.min(self.text.len())].trim_end().len();
        self.report(
            Diagnostic::new(
                Code::UnclosedRegex,
                self.span(start, end),
                "this regular expression is not closed on its line",
            )
            .label("it begins here")
            .help("/…/, where `/` itself is written \\/"),
        );
        self.emit(Kind::Regex, start, end);
    }
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn char_len(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8)
}
