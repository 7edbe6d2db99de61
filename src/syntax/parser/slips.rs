//! Slips that would be followed by many other mistakes: a broken `use`, a label without quotes, a list in
//! braces. Each is said once, with the edit that mends it, and read on as if it had been.

use super::Rule;
use super::builder::nfc;
use super::cut::{DECLARATIONS, Piece, Place};
use super::hints::Stop;
use super::recover::Reader;
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::Span;
use crate::syntax::tree::{Item, ItemKind, Name, Str};

fn colon_for_brace(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::Syntax, span, format!("{what} in braces, not behind a colon"))
        .label("`{` here, and `}` behind the last statement")
        .help("{ … }")
}

/// What `elif` and the like mean.
fn other_else(word: &str) -> Option<&'static str> {
    match word {
        "elif" | "elsif" | "elseif" => Some("else if"),
        "otherwise" | "sonst" | "altrimenti" | "sinon" => Some("else"),
        _ => None,
    }
}

impl<'a> Reader<'a> {
    /// `us crm`, `import crm`, `use people.rules`: what was to be brought in is brought in.
    pub fn meant_use(&self, piece: &Piece) -> Option<Item> {
        let word = self.scan.word(piece.start);
        let other = ["import", "include", "require", "using", "load", "uses"].contains(&word);
        let keyword = word == "use";
        if !keyword
            && !other
            && (word.len() < 2 || DECLARATIONS.contains(&word) || suggest::nearest(word, ["use"]).is_none())
        {
            return None;
        }
        let tokens = self.scan.tokens.get(piece.clone())?;
        let (first, value) = (tokens.first()?, tokens.get(1)?);
        let last = tokens.last()?;
        if tokens[1..].iter().any(|t| t.first) {
            return None;
        }
        let file = self.file;
        let span = Span { file, start: value.start, end: last.end };
        let written = self.scan.text.get(span.range())?;
        let (kind, ours) = match value.kind {
            Kind::Text if tokens.len() == 2 && !keyword => {
                let inner = written.trim_matches('"');
                if inner.is_empty() || inner.contains(['{', '\\']) {
                    return None;
                }
                (ItemKind::UseFile(Str { text: inner.into(), span }), written.to_owned())
            }
            Kind::Word if tokens.len() == 2 && !keyword => {
                (ItemKind::UseLibrary(Name { text: nfc(written), span }), written.to_owned())
            }
            Kind::Word | Kind::Sign
                if tokens.len() > 2
                    && (written.ends_with(".rules") || written.contains('/'))
                    && !written.contains([' ', '\t', '"', '=', ':', '{', '\\']) =>
            {
                (ItemKind::UseFile(Str { text: written.into(), span }), format!("\"{written}\""))
            }
            _ => return None,
        };
        let (start, end) = self.bytes(piece)?;
        let whole = Span { file, start, end };
        let word_span = Span { file, start: first.start, end: first.end };
        let help = format!("use {ours}");
        let problem = match keyword {
            true => Diagnostic::new(
                Code::Syntax,
                span,
                format!("the name of a file stands in quotes: `{written}`"),
            )
            .label("a name without quotes is that of a library")
            .help(help)
            .fix(span, ours),
            false => Diagnostic::new(
                Code::UnknownKeyword,
                word_span,
                format!("`{word}` is no word of the language here"),
            )
            .label("other files and libraries are brought in by `use`")
            .help(help.clone())
            .fix(whole, help),
        };
        self.errors.borrow_mut().push(problem);
        Some(Item { kind, doc: None, span: whole })
    }

    /// Whether a brace holds the values of a list, as in `source in {web, form}`.
    pub fn opens_set(&self, open: usize) -> bool {
        let before = open.wrapping_sub(1);
        self.scan.kind(open) == Some(Kind::Open(Bracket::Brace))
            && self.scan.kind(before) == Some(Kind::Word)
            && self.scan.word(before) == "in"
            && self.inside(open).clone().all(|i| !matches!(self.scan.kind(i), Some(Kind::Open(_))))
            && self.inside(open).clone().all(|i| self.scan.word(i) != ":")
    }

    pub fn closes_set(&self, close: usize) -> bool {
        self.scan.kind(close) == Some(Kind::Close(Bracket::Brace))
            && (0..close)
                .rev()
                .take(200)
                .find(|i| self.scan.kind(*i) == Some(Kind::Open(Bracket::Brace)))
                .is_some_and(|i| self.scan.tokens[i].partner as usize == close && self.opens_set(i))
    }

    /// `rule r when amount > 5 EUR:`, with the body on the next lines: where the colon stands.
    pub fn colon_for_brace(&self, head: &Piece) -> Option<usize> {
        let mut at = head.start;
        while at < head.end {
            if self.scan.word(at) == ":" && self.scan.tokens.get(at + 1).is_some_and(|t| t.first) {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    pub fn say_colon_for_brace(&self, colon: usize, what: &str) {
        let Some(token) = self.scan.tokens.get(colon) else { return };
        let span = Span { file: self.file, start: token.start, end: token.end };
        self.errors.borrow_mut().push(colon_for_brace(span, what));
    }

    /// `if amount > 5 EUR:`, or `if amount > 5 EUR` alone, with an action on the next line whose brace closes the
    /// head: says so.
    pub fn body_without_braces(&self, head: &Piece) -> bool {
        if let Some(colon) = self.colon_for_brace(head) {
            self.say_colon_for_brace(colon, "what is then done stands");
            return true;
        }
        // The action's name begins the line, and what stands before it is complete.
        let Some(mut name) = head.end.checked_sub(1) else { return false };
        while name > head.start + 1 && self.scan.word(name - 1) == "." {
            name -= 2;
        }
        let first = self.scan.tokens.get(name).is_some_and(|t| t.first);
        if name <= head.start
            || self.scan.kind(name) != Some(Kind::Word)
            || !first
            || self.is_unfinished(name - 1) && self.scan.word(name - 1) != "else"
        {
            return false;
        }
        let Some(before) = self.scan.tokens.get(name - 1) else { return false };
        let span = Span { file: self.file, start: before.end, end: before.end };
        self.errors.borrow_mut().push(
            Diagnostic::new(Code::Syntax, span, "what is then done stands in braces")
                .label("`{` here, and `}` behind the last statement")
                .help("{ … }"),
        );
        true
    }

    /// `if amount > 5 EUR then stop`: says so.
    pub fn then_for_braces(&self, piece: &Piece) -> bool {
        let mut at = piece.start + 1;
        while at < piece.end && !matches!(self.scan.word(at), "then" | "else") {
            if self.scan.kind(at) == Some(Kind::Open(Bracket::Brace)) {
                return false;
            }
            at = self.after(at);
        }
        let behind = at + 1;
        let opens = self.scan.kind(behind) == Some(Kind::Open(Bracket::Brace)) && behind < piece.end;
        if at >= piece.end || self.scan.word(at) != "then" || opens {
            return false;
        }
        let place = |from: usize, to: usize| {
            let (start, end) = self.bytes(&(from..to)).unwrap_or_default();
            Span { file: self.file, start, end }
        };
        let text = |span: Span| self.scan.text.get(span.range()).unwrap_or_default();
        let mut otherwise = behind;
        while otherwise < piece.end && self.scan.word(otherwise) != "else" {
            otherwise = self.after(otherwise);
        }
        let (condition, done) = (text(place(piece.start, at)), text(place(behind, otherwise.min(piece.end))));
        let then = place(at, behind);
        let problem = Diagnostic::new(Code::Syntax, then, "what is then done stands in braces")
            .label("`{` here, and `}` behind the last statement");
        let short = !done.is_empty() && !done.contains(['\n', '\r']);
        let problem = match short && otherwise >= piece.end {
            true => problem
                .help(format!("{condition} {{ {done} }}"))
                .fix(then, "{")
                .fix(place(piece.end - 1, piece.end).after(), " }"),
            false if short && otherwise + 1 < piece.end => {
                let other = text(place(otherwise + 1, piece.end));
                match other.starts_with('{') || other.contains(['\n', '\r']) {
                    true => problem.help(format!("{condition} {{ {done} }} else {{ … }}")),
                    false => problem.help(format!("{condition} {{ {done} }} else {{ {other} }}")),
                }
            }
            false => problem.help(format!("{condition} {{ … }}")),
        };
        self.errors.borrow_mut().push(problem);
        true
    }

    /// Whether a word goes on with an `if`: `else`, or what other languages call so.
    pub fn is_else(&self, index: usize) -> bool {
        let word = self.scan.word(index);
        let brace = self.scan.kind(index + 1) == Some(Kind::Open(Bracket::Brace));
        word == "else" || other_else(word).is_some_and(|ours| (ours == "else") == brace)
    }

    /// Says what `elif` and the like are called here.
    pub fn say_other_else(&self, index: usize) -> Option<&'static str> {
        let word = self.scan.word(index);
        let ours = other_else(word)?;
        let token = self.scan.tokens.get(index)?;
        let span = Span { file: self.file, start: token.start, end: token.end };
        self.errors.borrow_mut().push(
            Diagnostic::new(Code::UnknownKeyword, span, format!("`{word}` is no word of the language here"))
                .label(format!("this is written `{ours}`"))
                .help(ours)
                .fix(span, ours),
        );
        Some(ours)
    }
}

impl Stop<'_> {
    pub fn slip(&self) -> Option<Diagnostic> {
        self.body_behind_colon()
            .or_else(|| self.declared_by_another_word())
            .or_else(|| self.list_in_braces())
            .or_else(|| self.values_without_brackets())
            .or_else(|| self.hours_alone())
    }

    /// `for x in items:`, with statements on the next lines
    fn body_behind_colon(&self) -> Option<Diagnostic> {
        let ends =
            self.str(0) == ":" && (self.opening() == "if" || self.token(1).is_none_or(|next| next.first));
        // `if amount > 5 EUR: stop`
        let unit = self.kind(-2) == Some(Kind::Number) && self.str(0) == ":" && self.opening() == "if";
        if !ends
            || !matches!(self.opening(), "if" | "for")
            || !self.expects(Rule::brace_open) && !self.expects_operator() && !unit
        {
            return None;
        }
        let problem = colon_for_brace(self.span(0, 0), "what is then done stands");
        let line = self.rest(1).lines().next().unwrap_or_default().trim();
        let same = self.token(1).is_some_and(|next| !next.first) && !line.contains(['{', '}']);
        Some(match same {
            true => problem.help(format!("{{ {line} }}")),
            false => problem,
        })
    }

    /// `var job = …`, and `const x = 5` among statements
    fn declared_by_another_word(&self) -> Option<Diagnostic> {
        let word = self.opening();
        let scan = self.reader.scan;
        let (name, sign) = (scan.word(self.piece.start + 1), scan.word(self.piece.start + 2));
        if self.place != Place::Statement
            || !matches!(word, "var" | "val" | "const" | "dim" | "local" | "def")
            || sign != "="
            || scan.kind(self.piece.start + 1) != Some(Kind::Word)
        {
            return None;
        }
        let token = scan.tokens.get(self.piece.start)?;
        let span = Span { file: self.reader.file, start: token.start, end: token.end };
        let value = scan.tokens.get(self.piece.start + 3).map_or("", |t| {
            let text = scan.text.get(t.start as usize..).unwrap_or_default();
            text.lines().next().unwrap_or_default().trim()
        });
        Some(
            Diagnostic::new(Code::UnknownKeyword, span, format!("`{word}` is no word of the language here"))
                .label("local names are made by `let`")
                .help(format!("let {name} = {value}").trim())
                .fix(span, "let"),
        )
    }

    /// `source in {web, form}`
    fn list_in_braces(&self) -> Option<Diagnostic> {
        let open = self.piece.clone().find(|i| self.reader.opens_set(*i))?;
        if self.word(-1) != "in" || self.token(0)?.start != self.reader.scan.tokens.get(open)?.start {
            return None;
        }
        let close = self.reader.after(open).checked_sub(1)?;
        let bracket = |index: usize| {
            let token = self.reader.scan.tokens.get(index)?;
            Some(Span { file: self.reader.file, start: token.start, end: token.end })
        };
        let (open, close) = (bracket(open)?, bracket(close)?);
        let inner = self.text(Span { file: open.file, start: open.end, end: close.start }).trim().to_owned();
        Some(
            Diagnostic::new(Code::Syntax, open, "the values of a list stand in `[` and `]`")
                .label("not in these brackets")
                .help(format!("[{inner}]"))
                .fix(open, "[")
                .fix(close, "]"),
        )
    }

    /// `source in web, form`
    fn values_without_brackets(&self) -> Option<Diagnostic> {
        let mut first = -1;
        while self.str(first - 1) == "." {
            first -= 2;
        }
        if self.str(0) != "," || self.word(first - 1) != "in" || !self.expects_operator() {
            return None;
        }
        let mut last = -1;
        while self.str(last + 1) == ","
            && matches!(self.kind(last + 2), Some(Kind::Word | Kind::Text | Kind::Number))
        {
            if self.str(last + 3) == ":" || self.str(last + 3) == "=" {
                break;
            }
            (_, last) = self.value_at(last + 2);
        }
        if last < 0 {
            return None;
        }
        let span = self.span(first, last);
        let ours = format!("[{}]", self.text(span));
        let subject = self.word(first - 2);
        let not = if subject == "not" { self.word(first - 3) } else { "" };
        let help = match not {
            "" => format!("{subject} in {ours}"),
            subject => format!("{subject} not in {ours}"),
        };
        Some(
            Diagnostic::new(Code::Syntax, span, "several values are a list, which stands in `[` and `]`")
                .label("without its brackets")
                .help(help)
                .fix(span, ours),
        )
    }

    /// `mon..fri 9-17`
    fn hours_alone(&self) -> Option<Diagnostic> {
        if self.place != Place::Calendar {
            return None;
        }
        let time = |text: &str| {
            let (hour, minute) = text.split_once(['.', ':']).unwrap_or((text, "00"));
            let digits = |part: &str, most: u8| part.parse::<u8>().ok().filter(|n| *n <= most);
            let (hour, minute) = (digits(hour, 24)?, digits(minute, 59).filter(|_| minute.len() == 2)?);
            Some(format!("{hour:02}:{minute:02}"))
        };
        // The first of the two may be written as it should, and what stands between them.
        let between = |at: isize| matches!(self.str(at), "-" | "to" | "bis");
        let from = (-2..=0).find(|from| between(from + 1))?;
        let right = |text: &str| text.len() == 5 && text.contains(':');
        if self.kind(from) != Some(Kind::Number)
            || self.kind(from + 2) != Some(Kind::Number)
            || right(self.str(from)) && right(self.str(from + 2)) && self.str(from + 1) == "-"
        {
            return None;
        }
        let span = self.span(from, from + 2);
        let ours = format!("{}-{}", time(self.str(from))?, time(self.str(from + 2))?);
        Some(
            Diagnostic::new(Code::WrongTime, span, format!("`{}` are no hours here", self.text(span)))
                .label("a time has two digits for hours and minutes")
                .help(ours.clone())
                .fix(span, ours),
        )
    }
}
