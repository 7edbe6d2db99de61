//! What is done several times, and by turns: `repeat 3 times { … }`, `for i in 1..3 { … }`, `round robin [anna, bob]`.
//! The language goes through lists, and shares work out with `pick`.

use super::cut::{Piece, Place};
use super::hints::Stop;
use super::phrases::number_named;
use super::scan::numbers::unit_named;
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Words by which other languages begin a loop.
pub(super) const LOOPS: [&str; 7] = ["repeat", "loop", "while", "until", "foreach", "do", "every"];

/// A longer list is not written out.
const MOST: u32 = 12;

/// `[1, 2, 3]`
fn numbers(from: u32, to: u32) -> Option<String> {
    let all: Vec<String> = (from..=to).take(MOST as usize + 1).map(|n| n.to_string()).collect();
    (1..=MOST as usize).contains(&all.len()).then(|| format!("[{}]", all.join(", ")))
}

impl Stop<'_> {
    pub fn repeated(&self) -> Option<Diagnostic> {
        if self.in_text() {
            return None;
        }
        let looped = match (self.place, self.opening()) {
            (Place::Statement, _) => self.repetition(),
            (Place::Head, "for") => self.counted(),
            _ => None,
        };
        looped.or_else(|| self.by_turns())
    }

    fn said(&self, from: usize, to: usize) -> &str {
        self.place_of(&(from..to)).map_or("", |span| self.text(span))
    }

    /// How often and how far apart, as said in `3 times every 2 days`; `None` if it is said otherwise.
    fn how_often(&self, head: Piece) -> Option<(Option<u32>, Option<String>)> {
        let scan = self.reader.scan;
        let mut at = head.start;
        let mut count = None;
        let digits = number_named(scan.word(at)).unwrap_or_else(|| scan.word(at));
        if let Ok(n) = digits.parse::<u32>()
            && unit_named(scan.word(at + 1)).is_none()
        {
            count = Some(n);
            at += 1;
            at += usize::from(matches!(scan.word(at), "times" | "time" | "x"));
        }
        let mut apart = None;
        if matches!(scan.word(at), "every" | "each") || at == head.start && self.opening() == "every" {
            at += usize::from(matches!(scan.word(at), "every" | "each"));
            let one = scan.kind(at) == Some(Kind::Word);
            let number = if one { "1" } else { scan.word(at) };
            at += usize::from(!one);
            let (unit, _) = unit_named(scan.word(at))?;
            apart = Some(format!("{number} {unit}{}", if number == "1" { "" } else { "s" }));
            at += 1;
        }
        (at == head.end && (count.is_some() || apart.is_some())).then_some((count, apart))
    }

    /// `repeat 3 times { … }`, `3 times { … }`, `while amount > 5 EUR { … }`
    fn repetition(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let word = self.opening();
        let counted = scan.kind(from) == Some(Kind::Number) && matches!(scan.word(from + 1), "times" | "x");
        if matches!(word, "switch" | "match" | "case" | "select")
            && scan.kind(from + 1) == Some(Kind::Word)
            && scan.word(from + 2) == "{"
        {
            let subject = scan.word(from + 1);
            let first = self.place_of(&(from..from + 1))?;
            let message = format!("`{word}` is no word of the language here");
            return Some(
                Diagnostic::new(Code::UnknownKeyword, first, message)
                    .label("cases are told apart by `if` and `else if`")
                    .help(format!("if {subject} == ? {{ … }} else if {subject} == ? {{ … }}")),
            );
        }
        if !LOOPS.contains(&word) && !counted {
            return None;
        }
        let open = self.reader.first_brace(self.piece)?;
        let close = self.reader.after(open).checked_sub(1)?;
        let mut head = from + usize::from(!counted)..open;
        let parens = scan.kind(head.start) == Some(Kind::Open(Bracket::Paren))
            && self.reader.after(head.start) == head.end;
        if parens {
            head = head.start + 1..head.end - 1;
        }
        let whole = self.place_of(&(from..open))?;
        let inner = self.place_of(&self.reader.inside(open)).map_or("", |span| self.text(span));
        let inner = if inner.contains('\n') || inner.len() > 70 { "…" } else { inner.trim() };
        let problem = |span: Span| {
            let message = format!("`{}` is no word of the language here", self.text(span));
            Diagnostic::new(Code::UnknownKeyword, span, message)
        };
        let first = self.place_of(&(from..from + 1 + usize::from(counted)))?;
        // `foreach x in list`
        if scan.word(head.start + 1) == "in" {
            let list = self.said(head.start, head.end);
            return Some(
                problem(first)
                    .label("this is written `for`")
                    .help(format!("for {list}"))
                    .fix(whole, format!("for {list} ").trim_end().to_owned()),
            );
        }
        if let Some((count, apart)) = self.how_often(head.clone()) {
            let name = ["n", "i", "turn"].into_iter().find(|name| !self.names(name))?;
            let list = numbers(1, count.unwrap_or(3)).unwrap_or_else(|| "[1, 2, 3]".to_owned());
            let ours = format!("for {name} in {list}");
            let wait = apart.as_ref().map_or(String::new(), |time| format!(" wait {time}"));
            let label = match count {
                Some(_) => "what is done several times goes through a list",
                None => "nothing goes on for ever: a list says how often",
            };
            let problem = problem(first).label(label).help(format!("{ours} {{ {inner}{wait} }}"));
            let close = scan.tokens.get(close)?;
            let close = Span { start: close.start, end: close.end, ..whole };
            let written_out = count.is_some_and(|n| (1..=MOST).contains(&n));
            return Some(match written_out {
                true if apart.is_none() => problem.fix(whole, ours),
                true => problem.fix(whole, ours).fix(close.before(), format!("{} ", wait.trim_start())),
                false => problem,
            });
        }
        let asks =
            if matches!(scan.word(head.start), "until" | "while") { head.start + 1 } else { head.start };
        let asking = if asks > head.start { scan.word(head.start) } else { word };
        let condition = self.said(asks, head.end);
        if condition.contains('\n') || condition.is_empty() && word == "do" {
            return None;
        }
        let (label, help) = match asking {
            _ if condition.is_empty() => (
                "what is done several times goes through a list",
                format!("for n in [1, 2, 3] {{ {inner} }}"),
            ),
            "until" => (
                "a rule does not look again and again: it waits until something changes",
                format!("wait for any change when {condition}"),
            ),
            "while" => (
                "nothing goes on for ever: a list says how often, and `if` when",
                format!("for n in [1, 2, 3] {{ if {condition} {{ {inner} }} }}"),
            ),
            _ => return None,
        };
        Some(problem(first).label(label).help(help))
    }

    /// Whether any word of the file is this one.
    fn names(&self, name: &str) -> bool {
        (0..self.reader.scan.tokens.len()).any(|i| self.reader.scan.word(i) == name)
    }

    /// `for 3 times`, `for i in 1..3`, `for (f in files)`, as heads of a loop
    fn counted(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let end = self.piece.end;
        let syntax = |span, message: String| Diagnostic::new(Code::Syntax, span, message);
        if let Some((Some(count), None)) = self.how_often(from + 1..end) {
            let name = ["n", "i", "turn"].into_iter().find(|name| !self.names(name))?;
            let span = self.place_of(&(from + 1..end))?;
            let ours = format!("{name} in {}", numbers(1, count).unwrap_or_else(|| "[1, 2, 3]".to_owned()));
            let problem = syntax(span, format!("`{}` is no list", self.text(span)))
                .label("`for` goes through a list, and gives each of its values a name")
                .help(format!("for {ours}"));
            return Some(if (1..=MOST).contains(&count) { problem.fix(span, ours) } else { problem });
        }
        if scan.kind(from + 1) == Some(Kind::Open(Bracket::Paren)) {
            let inner = self.said(from + 2, end.saturating_sub(1));
            let close = scan.kind(end.checked_sub(1)?) == Some(Kind::Close(Bracket::Paren));
            let span = self.place_of(&(from + 1..end))?;
            let listed = scan.word(from + 3) == "in" && close;
            let problem = syntax(span, "`for` goes through a list, without brackets".to_owned())
                .label("a name, `in`, and a list");
            return Some(match listed {
                true => problem.help(format!("for {inner}")).fix(span, inner.to_owned()),
                false => problem.help("for n in [1, 2, 3]"),
            });
        }
        let sign = matches!(scan.word(from + 4), ".." | "..." | "to" | "-" | ":" | "until");
        let number = |at: usize| scan.word(at).parse::<u32>().ok();
        let named =
            scan.kind(from + 1) == Some(Kind::Word) && matches!(scan.word(from + 2), "in" | "=" | "from");
        if named && sign && end == from + 6 {
            let (name, span) = (scan.word(from + 1), self.place_of(&(from + 2..end))?);
            let list = numbers(number(from + 3)?, number(from + 5)?);
            let shown = list.clone().unwrap_or_else(|| "[1, 2, 3]".to_owned());
            let problem = syntax(span, format!("`{}` is no list", self.said(from + 3, end)))
                .label("the values of a list stand in it one by one")
                .help(format!("for {name} in {shown}"));
            return Some(if list.is_some() { problem.fix(span, format!("in {shown}")) } else { problem });
        }
        None
    }

    /// `round robin [anna, bob]`, `random [anna, bob]`
    fn by_turns(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let (from, mut at) = self.piece.clone().find_map(|i| {
            let word = scan.word(i).to_lowercase();
            let two = usize::from(scan.word(i + 1) == "-") + 1;
            match word.as_str() {
                "round" if scan.word(i + two).eq_ignore_ascii_case("robin") => Some((i, i + two + 1)),
                "round_robin" | "roundrobin" | "random" | "rotate" | "randomly" | "rotation"
                    if matches!(scan.kind(i + 1), Some(Kind::Word | Kind::Open(_)))
                        && scan.word(i + 1) != "{" =>
                {
                    Some((i, i + 1))
                }
                _ => None,
            }
        })?;
        // Of what is wrong elsewhere something else is to be said.
        if self.at < from.saturating_sub(2) || self.at > at {
            return None;
        }
        at += usize::from(matches!(
            scan.word(at),
            "of" | "between" | "among" | "from" | "over" | "in" | "to" | "one" | "user"
        ));
        let paren = scan.kind(at) == Some(Kind::Open(Bracket::Paren));
        let (start, mut end) = if paren { (at + 1, self.reader.after(at)) } else { (at, at) };
        let list = match scan.kind(start) {
            Some(Kind::Open(Bracket::Square)) => {
                let stop = self.reader.after(start);
                end = end.max(stop);
                self.said(start, stop).to_owned()
            }
            _ => {
                let mut names = Vec::new();
                let mut next = start;
                while scan.kind(next) == Some(Kind::Word) && next < self.piece.end {
                    names.push(scan.word(next));
                    next += 1;
                    end = end.max(next);
                    if !matches!(scan.word(next), "," | "and" | "or") || scan.word(next + 2) == ":" {
                        break;
                    }
                    next += 1;
                }
                // A department is no list of its people.
                if names.len() < 2 { self.people() } else { format!("[{}]", names.join(", ")) }
            }
        };
        let turn = self.place_of(&(from..at.max(from + 1)))?;
        let turn = self.text(turn).trim_end_matches(['(', '[', ' ']).to_owned();
        let assigned = matches!(self.opening(), "assign" | "give" | "distribute");
        let (span, ours) = match assigned {
            true => (
                self.place_of(&(self.piece.start..end.max(from + 1)))?,
                format!("set responsible = {list}.pick"),
            ),
            false => (self.place_of(&(from..end.max(from + 1)))?, format!("{list}.pick")),
        };
        let help = match self.opening() {
            "set" if scan.word(self.piece.start + 2) == "=" => {
                format!("set {} = {ours}", scan.word(self.piece.start + 1))
            }
            _ => ours.clone(),
        };
        let problem =
            Diagnostic::new(Code::UnknownKeyword, span, format!("`{turn}` is no word of the language here"))
                .label("work is shared out with `pick`: each record gets one of the list, always the same")
                .help(help);
        Some(if list.contains('…') { problem } else { problem.fix(span, ours) })
    }

    /// The users that the file declares, as a list.
    fn people(&self) -> String {
        let scan = self.reader.scan;
        let people: Vec<&str> = (1..scan.tokens.len())
            .filter(|i| scan.word(i - 1) == "user" && scan.kind(i + 1) == Some(Kind::Text))
            .map(|i| scan.word(i))
            .filter(|name| name.starts_with(unicode_ident::is_xid_start))
            .take(3)
            .collect();
        if people.len() < 2 { "[first_user, …]".to_owned() } else { format!("[{}]", people.join(", ")) }
    }
}
