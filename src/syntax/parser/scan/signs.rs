//! Operators and other signs, and those of other languages and keyboards.

use super::numbers::currency_of;
use super::{Bracket, Kind, Scanner};
use crate::diagnostic::{Code, Diagnostic};

/// Signs of the language, the long ones first.
const SIGNS: [&str; 18] =
    ["??", "==", "<=", ">=", "~=", "->", "..", "=", "<", ">", "+", "-", "*", "/", "?", ":", ",", "."];

/// Operators of other languages, and what is written here; the long ones first.
const FOREIGN: [(&str, &str); 22] = [
    ("===", "=="),
    ("!==", "!="),
    ("<=>", "=="),
    ("&&", "and"),
    ("||", "or"),
    ("<>", "!="),
    ("=<", "<="),
    ("=!", "!="),
    (":=", "="),
    ("::", ":"),
    ("++", "+ 1"),
    ("&", "and"),
    ("|", "or"),
    ("!", "not"),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("×", "*"),
    ("÷", "/"),
    ("−", "-"),
    ("–", "-"),
    ("→", "->"),
];

impl Scanner<'_> {
    /// An ASCII sign.
    pub(super) fn sign(&mut self) {
        let start = self.at;
        let rest = self.rest();
        // Where no value goes on, two minus signs are a comment of another language.
        let fresh = self
            .last()
            .is_none_or(|t| matches!(t.kind, Kind::Open(Bracket::Brace) | Kind::Close(Bracket::Brace)));
        let dashes = self.first && self.texts == 0 && fresh && rest.starts_with("-- ");
        if rest.starts_with("//") || rest.starts_with("/*") || dashes {
            self.foreign_comment();
            return;
        }
        if rest.starts_with("!=") && !rest.starts_with("!==") {
            self.nesting.run = 0;
            self.emit(Kind::Sign, start, start + 2);
            return;
        }
        if self.foreign_operator() {
            return;
        }
        if rest.starts_with("=>") {
            self.arrow_of_lambda();
            return;
        }
        if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            if *sign == "-" && !self.after_operand() {
                self.deeper(start, start + 1, |n| n.run += 1);
            } else {
                self.nesting.run = 0;
            }
            // A new value begins.
            if matches!(*sign, "=" | ":" | ",") {
                self.nesting.ifs = 0;
            }
            self.emit(Kind::Sign, start, start + sign.len());
            return;
        }
        match rest.chars().next() {
            Some('\'') => self.single_quotes('\''),
            Some(c) => self.foreign_character(c),
            None => self.at += 1,
        }
    }

    fn foreign_operator(&mut self) -> bool {
        let start = self.at;
        let rest = self.rest();
        let Some((sign, ours)) = FOREIGN.iter().find(|(s, _)| rest.starts_with(s)) else { return false };
        let (sign, ours) = (*sign, *ours);
        let end = start + sign.len();
        if sign == "|" && self.texts > 0 {
            self.report(
                Diagnostic::new(Code::ForeignOperator, self.span(start, end), "`|` means nothing here")
                    .label("a function is called")
                    .help("as in {title.upper()}; a format stands behind a colon: {amount: \"#,##0.00\"}"),
            );
            self.emit(Kind::Sign, start, end);
            return true;
        }
        let span = self.span(start, end);
        if sign == "&"
            && let Some(problem) = self.joined_texts(start)
        {
            self.report(problem);
            self.emit(Kind::Sign, start, end);
            return true;
        }
        let problem = Diagnostic::new(Code::ForeignOperator, span, format!("`{sign}` means nothing here"))
            .label(format!("this is written `{ours}`"))
            .help(ours);
        let sure = matches!(sign, "===" | "!==" | "&&" | "||" | "<>" | "=<" | "≤" | "≥" | "≠" | "×" | "÷");
        let wordy = ours.starts_with(|c: char| c.is_alphabetic());
        let blank = |byte: Option<&u8>| byte.is_none_or(|b| b.is_ascii_whitespace());
        let left = if wordy && !blank(self.bytes.get(start.wrapping_sub(1))) { " " } else { "" };
        let right = if wordy && !blank(self.bytes.get(end)) { " " } else { "" };
        self.report(if sure { problem.fix(span, format!("{left}{ours}{right}")) } else { problem });
        self.nesting.run = 0;
        self.emit(Kind::Sign, start, end);
        true
    }

    /// `"Task " & job.id`
    fn joined_texts(&self, at: usize) -> Option<Diagnostic> {
        let left = self.last().filter(|t| t.kind == Kind::Text && self.texts == 0)?;
        let written = self.slice(left);
        let blank = self.text[at + 1..].len() - self.text[at + 1..].trim_start_matches(' ').len();
        let from = at + 1 + blank;
        let mut end = self.word_end(from);
        while end > from && self.bytes.get(end) == Some(&b'.') && self.word_end(end + 1) > end + 1 {
            end = self.word_end(end + 1);
        }
        if end == from || self.bytes.get(end) == Some(&b'(') || written.starts_with("\"\"\"") {
            return None;
        }
        let ours = format!("{}{{{}}}\"", written.strip_suffix('"')?, &self.text[from..end]);
        let problem =
            Diagnostic::new(Code::ForeignOperator, self.span(at, at + 1), "texts are not joined by `&`")
                .label("a value stands in braces in the text itself")
                .help(ours.clone());
        // More of the same would be left over.
        let more = self.text[end..].trim_start_matches(' ').starts_with('&');
        Some(if more { problem } else { problem.fix(self.span(left.start as usize, end), ours) })
    }

    /// `x => …` stands behind `(` or `,`; elsewhere `>=` is meant.
    fn arrow_of_lambda(&mut self) {
        let start = self.at;
        let parameter = self.last().is_some_and(|t| t.kind == Kind::Word)
            && self.last_but_one().is_some_and(|t| matches!(self.slice(t), "(" | ","));
        if !parameter {
            self.report(
                Diagnostic::new(
                    Code::ForeignOperator,
                    self.span(start, start + 2),
                    "`=>` belongs into a call, as in any(x => x.amount > 5)",
                )
                .label("\"greater or equal\" is written `>=`")
                .help(">="),
            );
        }
        self.nesting.run = 0;
        self.emit(Kind::Sign, start, start + 2);
    }

    /// `20` before `%`, as a plain number: `0.2`.
    fn share_before(&self, percent: usize) -> Option<String> {
        let before = self.text[..percent].trim_end_matches(' ');
        let digits = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let number: rust_decimal::Decimal = before[before.len() - digits..].parse().ok()?;
        let share = number.checked_div(rust_decimal::Decimal::ONE_HUNDRED)?;
        Some(share.normalize().to_string())
    }

    /// `amount + 19` before `%`: `amount * 1.19`.
    fn with_share(&self, percent: usize) -> Option<String> {
        let share: rust_decimal::Decimal = self.share_before(percent)?.parse().ok()?;
        let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ' ');
        let before = self.text[..percent].trim_end_matches(number);
        let (rest, factor) = match before.strip_suffix('+') {
            Some(rest) => (rest, rust_decimal::Decimal::ONE.checked_add(share)?),
            None => (before.strip_suffix('-')?, rust_decimal::Decimal::ONE.checked_sub(share)?),
        };
        let rest = rest.trim_end_matches(' ');
        let name = |c: char| unicode_ident::is_xid_continue(c) || c == '.';
        let whole = &rest[rest.trim_end_matches(name).len()..];
        whole.starts_with(unicode_ident::is_xid_start).then(|| format!("{whole} * {}", factor.normalize()))
    }

    /// `closes > 3` before `%`, where `closes` is a date: `closes > today + 3 days`.
    fn share_of_a_day(&self, percent: usize) -> Option<String> {
        let number = |c: char| c.is_ascii_digit() || c == '.';
        let before = self.text[..percent].trim_end();
        let rest = before.trim_end_matches(number);
        let digits = before[rest.len()..].split('.').next().filter(|digits| !digits.is_empty())?;
        let rest = rest.trim_end();
        let subject = rest.trim_end_matches(['<', '>', '=', '!']);
        let sign = &rest[subject.len()..];
        let subject = subject.trim_end();
        let name = |c: char| unicode_ident::is_xid_continue(c) || c == '.';
        let path = &subject[subject.trim_end_matches(name).len()..];
        let field = path.rsplit('.').next().filter(|field| !field.is_empty() && !sign.is_empty())?;
        // What it is, the file says, or the library that declares it.
        let dated = |text: &str| {
            text.match_indices(field).any(|(at, _)| {
                let alone = text[..at].chars().next_back().is_none_or(|c| !unicode_ident::is_xid_continue(c));
                let ty = text[at + field.len()..].trim_start().strip_prefix(':').map(str::trim_start);
                alone && ty.is_some_and(|ty| ty.starts_with("date"))
            })
        };
        let own = matches!(field, "today" | "now" | "created_at" | "stage_entered_at");
        (own || dated(self.text) || crate::library::texts().any(dated))
            .then(|| format!("{path} {sign} today + {digits} days"))
    }

    fn foreign_comment(&mut self) {
        let start = self.at;
        let line_end = self.line_end();
        let end = match self.rest().starts_with("/*") {
            true => self.rest().find("*/").map_or(line_end, |n| start + n + 2),
            false => start + self.text[start..line_end].trim_end().len(),
        };
        let span = self.span(start, start + 2);
        let problem = Diagnostic::new(Code::UnknownCharacter, span, "comments begin with `#`")
            .label("this is a comment of another language")
            .help("#");
        let block = self.rest().starts_with("/*");
        self.report(if block { problem } else { problem.fix(span, "#") });
        self.at = end.max(start + 2);
    }

    /// `o'connor` as a name: the apostrophe of names is another character.
    pub(super) fn apostrophe(&mut self, start: usize, end: usize) -> bool {
        let Some(mark @ ('\'' | '’' | '‘' | '`' | '´')) = self.char_at(end) else { return false };
        let behind = end + mark.len_utf8();
        let word_end = self.word_end(behind);
        // A second mark means a text in single quotes.
        if word_end == behind || self.char_at(word_end) == Some(mark) {
            return false;
        }
        let (a, b) = (&self.text[start..end], &self.text[behind..word_end]);
        let short = match (a, b) {
            ("isn" | "aren" | "wasn" | "ain", "t") => "is not",
            ("doesn" | "don" | "didn", "t") => "not",
            _ => "",
        };
        if !short.is_empty() {
            let span = self.span(start, word_end);
            self.report(
                Diagnostic::new(
                    Code::UnknownKeyword,
                    span,
                    format!("`{a}{mark}{b}` is no word of the language"),
                )
                .label(format!("this is written `{short}`"))
                .help(short)
                .fix(span, short),
            );
            self.emit(Kind::Word, start, word_end);
            return true;
        }
        self.report(
            Diagnostic::new(
                Code::WrongName,
                self.span(start, word_end),
                format!("`{a}{mark}{b}` cannot be a name with this apostrophe"),
            )
            .label("the apostrophe of names is the letter ʼ (U+02BC)")
            .help(format!("{a}ʼ{b}")),
        );
        self.emit(Kind::Word, start, word_end);
        true
    }

    /// A text between marks that are no quotes here.
    fn single_quotes(&mut self, close: char) {
        let start = self.at;
        let open = self.char_at(start).unwrap_or('"');
        let inside = start + open.len_utf8();
        let line_end = self.line_end();
        let found = self.text[inside..line_end].char_indices().find(|(_, c)| *c == close || *c == '"');
        let (end, text) = match found {
            Some((n, c)) => (inside + n + c.len_utf8(), &self.text[inside..inside + n]),
            None => (inside, ""),
        };
        let help = if text.is_empty() { "\"…\"".to_owned() } else { format!("\"{text}\"") };
        let problem = Diagnostic::new(
            Code::WrongQuotes,
            self.span(start, inside),
            format!("a text stands between \" and \", not behind {open}"),
        )
        .label("another kind of quotation mark")
        .help(help.clone());
        let closed = found.is_some_and(|(_, c)| c == close) && !text.contains(['{', '}', '\\']);
        let sure = closed && !text.is_empty() && self.texts == 0;
        self.report(if sure { problem.fix(self.span(start, end), help) } else { problem });
        self.nesting.run = 0;
        self.emit(Kind::Text, start, end);
    }

    /// A character that is no part of the language.
    pub(super) fn foreign_character(&mut self, c: char) {
        let start = self.at;
        if let Some(code) = currency_of(c) {
            self.nesting.run = 0;
            return self.sign_before(c, code);
        }
        match c {
            '“' | '”' | '„' | '‟' | '″' => {
                return self.single_quotes(if c == '„' { '“' } else { '”' });
            }
            '«' => return self.single_quotes('»'),
            '»' => return self.single_quotes('«'),
            '‘' | '’' | '‚' => return self.single_quotes('’'),
            _ => {}
        }
        if self.foreign_operator() {
            return;
        }
        // A row of the same is one mistake.
        let more = self.rest().chars().take_while(|x| *x == c).count();
        let end = start + more * c.len_utf8();
        let span = self.span(start, end);
        if c == '#' {
            self.report(
                Diagnostic::new(
                    Code::CommentInPlaceholder,
                    span,
                    "a comment cannot stand inside a placeholder",
                )
                .label("a placeholder holds an expression alone")
                .help("write \\{ before the brace if the text itself is meant"),
            );
            self.at = end;
            return;
        }
        let problem = if c.is_whitespace() || c.is_control() || ('\u{200B}'..='\u{200F}').contains(&c) {
            Diagnostic::new(
                Code::UnknownCharacter,
                span,
                format!("an invisible character stands here (U+{:04X})", c as u32),
            )
            .label("between these two characters")
            .help("delete it; a plain blank does")
        } else {
            let problem = Diagnostic::new(Code::UnknownCharacter, span, format!("`{c}` means nothing here"));
            match c {
                ';' => problem
                    .label("nothing needs to stand between two statements")
                    .help("delete it")
                    .fix(span, ""),
                '%' => {
                    let share = self.share_before(start).unwrap_or_else(|| "0.1 for 10 %".to_owned());
                    if let Some(days) = self.share_of_a_day(start) {
                        self.report(
                            problem.label("a day has no share: it is compared with another day").help(days),
                        );
                        self.at = end;
                        return;
                    }
                    match self.with_share(start) {
                        Some(product) => problem.label("a share of something is a product").help(product),
                        None => problem.label("a share is a plain number").help(share),
                    }
                }
                '^' => problem.label("there is no power").help("write the product: a * a"),
                '@' => {
                    let of = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
                    let from = self.text[..start].trim_end_matches(of).len();
                    let behind = self.text[end..].trim_start_matches(of);
                    let to = self.text.len() - behind.len();
                    let to = from + self.text[from..to].trim_end_matches('.').len();
                    if from < start && to > end && self.texts == 0 {
                        let ours = format!("\"{}\"", &self.text[from..to]);
                        problem
                            .label("an e-mail address stands in quotes")
                            .help(ours.clone())
                            .fix(self.span(from, to), ours)
                    } else {
                        problem
                            .label("not part of the language")
                            .help("for an e-mail address use a text: \"…\"")
                    }
                }
                '\\' => problem.label("a backslash belongs into a text"),
                _ => problem.label("not part of the language"),
            }
        };
        self.report(problem);
        self.at = end;
    }
}
