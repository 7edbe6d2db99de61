//! Several values at once: fields that are set together, `set amount, title = 5 EUR, "x"`, and what an action is
//! given without its names, `notify { anna, "Hello" }`.

use super::cut::Place;
use super::hints::Stop;
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::library;
use crate::source::Span;

/// Parameters that a text is meant for, and those that people are.
const TEXTS: [&str; 6] = ["text", "title", "name", "subject", "message", "body"];
const PEOPLE: [&str; 3] = ["to", "members", "user"];

impl Stop<'_> {
    pub fn several(&self) -> Option<Diagnostic> {
        if self.in_text() {
            return None;
        }
        let set = self.place == Place::Statement && self.opening() == "set";
        let together = if set { self.fields_together().or_else(|| self.fields_in_a_row()) } else { None };
        together.or_else(|| self.given_without_names())
    }

    fn written(&self, from: usize, to: usize) -> &str {
        self.place_of(&(from..to)).map_or("", |span| self.text(span))
    }

    /// Where commas and the like stand between the tokens of a range, not inside of brackets.
    fn cuts(&self, from: usize, to: usize, cuts: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
        let (mut parts, mut start, mut at) = (Vec::new(), from, from);
        while at < to {
            if cuts(at) {
                parts.push((start, at));
                start = at + 1;
            }
            at = self.reader.after(at).max(at + 1);
        }
        parts.push((start, to.max(start)));
        parts
    }

    /// `set amount, title = 5 EUR, "x"`, `set (amount, title) = 5 EUR`
    fn fields_together(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start + 1;
        let end = self.piece.end;
        let paren = |at: usize| scan.kind(at) == Some(Kind::Open(Bracket::Paren));
        let mut at = from + usize::from(paren(from));
        let mut names = Vec::new();
        loop {
            if scan.kind(at) != Some(Kind::Word) || at >= end {
                return None;
            }
            names.push(scan.word(at));
            at += 1;
            if !matches!(scan.word(at), "," | "and" | "&") {
                break;
            }
            at += 1;
        }
        at += usize::from(paren(from));
        if names.len() < 2 || !matches!(scan.word(at), "=" | ":" | "to" | "==") || at + 1 >= end {
            return None;
        }
        let (mut first, mut last) = (at + 1, end);
        if paren(first) && self.reader.after(first) == end {
            (first, last) = (first + 1, end - 1);
        }
        let values = self.cuts(first, last, |i| matches!(scan.word(i), "," | "and" | "&"));
        let values: Vec<&str> = values.iter().map(|(a, b)| self.written(*a, *b)).collect();
        if values.iter().any(|v| v.contains(['\n', '{']) && !v.starts_with('"')) {
            return None;
        }
        let value = |n: usize| match values.len() {
            1 => values[0],
            len if len == names.len() => values[n],
            _ => "…",
        };
        let pairs: Vec<String> =
            names.iter().enumerate().map(|(n, name)| format!("{name} = {}", value(n))).collect();
        let ours = pairs.join(", ");
        let span = self.place_of(&(from..end))?;
        let targets = self.place_of(&(from..at))?;
        let problem =
            Diagnostic::new(Code::Syntax, targets, "each field is set with a sign and a value of its own")
                .label("several fields before one sign")
                .help(format!("set {ours}"));
        Some(if ours.contains('…') { problem } else { problem.fix(span, ours) })
    }

    /// `set amount = 5 EUR and title = "x"`, `set amount: 5 EUR, title: "x"`
    fn fields_in_a_row(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start + 1;
        let end = self.piece.end;
        let sign = |at: usize| matches!(scan.word(at), "=" | ":" | "to" | "==");
        let begins = |at: usize| scan.kind(at) == Some(Kind::Word) && sign(at + 1) && at + 2 < end;
        let parts = self.cuts(from, end, |i| matches!(scan.word(i), "," | "and" | "&") && begins(i + 1));
        if parts.len() < 2 || !parts.iter().all(|(a, _)| begins(*a)) {
            return None;
        }
        // `set vip = big and source == web` is one value, and a condition.
        let joined = parts.iter().skip(1).find(|(a, _)| scan.word(a - 1) != ",");
        let plain = |at: usize| {
            matches!(scan.kind(at), Some(Kind::Number | Kind::Text))
                || matches!(scan.word(at), "true" | "false" | "none" | "today" | "now")
        };
        if joined.is_some() && !parts.iter().all(|(a, _)| plain(a + 2) && scan.word(a + 1) != "==") {
            return None;
        }
        let pairs: Vec<String> =
            parts.iter().map(|(a, b)| format!("{} = {}", scan.word(*a), self.written(a + 2, *b))).collect();
        let ours = pairs.join(", ");
        if ours.contains(['\n', '{']) && !ours.contains('"') {
            return None;
        }
        let wrong = match joined {
            Some((a, _)) => a - 1,
            None => parts.iter().map(|(a, _)| a + 1).find(|at| scan.word(*at) != "=")?,
        };
        let place = self.place_of(&(wrong..wrong + 1))?;
        let span = self.place_of(&(from..end))?;
        let (message, label) = match joined {
            Some(_) => {
                ("fields that are set together stand between commas".to_owned(), "this is written `,`")
            }
            None => {
                let message = format!("expected `=`, found `{}`", scan.word(wrong));
                (message, "between a field and its value stands `=`")
            }
        };
        Some(
            Diagnostic::new(Code::Syntax, place, message)
                .label(label)
                .help(format!("set {ours}"))
                .fix(span, ours),
        )
    }

    /// What an action must be given: by the file, or by a library.
    fn params_of(&self, action: &str) -> Vec<&str> {
        let scan = self.reader.scan;
        let declared =
            (1..scan.tokens.len()).find(|i| scan.word(i - 1) == "action" && scan.word(*i) == action);
        let Some(declared) = declared else {
            return library::required(action).unwrap_or_default();
        };
        let Some(open) = (declared..declared + 4).find(|i| scan.word(*i) == "{") else { return Vec::new() };
        let close = self.reader.after(open);
        (open + 1..close).filter(|i| scan.word(i + 1) == ":").map(|i| scan.word(i)).collect()
    }

    /// `notify { anna, "Hello" }`
    fn given_without_names(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        if !matches!(self.place, Place::Statement | Place::Step) {
            return None;
        }
        // The braces around what is wrong, and the action before them.
        let open = (self.piece.start..self.at.min(self.piece.end))
            .rev()
            .find(|i| scan.kind(*i) == Some(Kind::Open(Bracket::Brace)) && self.reader.after(*i) > self.at)?;
        let mut first = open.checked_sub(1)?;
        if scan.kind(first) != Some(Kind::Word) || matches!(scan.word(first), "else" | "if") {
            return None;
        }
        while first > self.piece.start + 1 && scan.word(first - 1) == "." {
            first -= 2;
        }
        let action = self.written(first, open);
        let params = self.params_of(action);
        if params.is_empty() {
            return None;
        }
        let inside = self.reader.inside(open);
        let mut entries: Vec<(usize, usize)> = Vec::new();
        for (mut start, end) in self.cuts(inside.start, inside.end, |i| scan.word(i) == ",") {
            // `anna "Hello"`
            for at in start + 1..end {
                let text = scan.kind(at) == Some(Kind::Text) && scan.word(start + 1) != ":";
                let before = scan.word(at - 1);
                let operator = matches!(before, "+" | "and" | "or" | "??" | "then" | "else");
                if text && !operator && matches!(scan.kind(at - 1), Some(Kind::Word | Kind::Text)) {
                    entries.push((start, at));
                    start = at;
                }
            }
            if start < end {
                entries.push((start, end));
            }
        }
        let mut free = params.clone();
        let mut unnamed = false;
        for (at, _) in &entries {
            match scan.word(at + 1) {
                ":" => free.retain(|name| *name != scan.word(*at)),
                // Another sign, or none, stands behind a name.
                "=" | "==" | "=>" => return None,
                _ if params.contains(&scan.word(*at)) => return None,
                _ => unnamed = true,
            }
        }
        // `to: anna, bruno` is a list without its brackets.
        let list = entries.windows(2).any(|pair| {
            let [(a, b), (c, _)] = pair else { return false };
            let word = |at: usize| scan.kind(at) == Some(Kind::Word);
            scan.word(a + 1) == ":" && *b == a + 3 && word(a + 2) && word(*c) && scan.word(c + 1) != ":"
        });
        let json = entries.iter().any(|(at, _)| {
            scan.kind(*at) == Some(Kind::Text) && scan.word(at + 1) == ":" || scan.word(*at) == "{"
        });
        if !unnamed || list || json {
            return None;
        }
        let mut shown = Vec::new();
        let mut edits = Vec::new();
        let mut wrong: Option<Span> = None;
        for (at, end) in &entries {
            let value = self.written(*at, *end);
            if value.contains('\n') && !value.starts_with("\"\"\"") {
                return None;
            }
            if scan.word(at + 1) == ":" {
                shown.push(value.to_owned());
                continue;
            }
            let place = self.place_of(&(*at..*end))?;
            wrong = Some(wrong.unwrap_or(place));
            let text = scan.kind(*at) == Some(Kind::Text);
            let kind: &[&str] = if text { &TEXTS } else { &PEOPLE };
            let name = kind
                .iter()
                .find(|name| free.contains(name))
                .copied()
                .or_else(|| free.iter().find(|name| text && !PEOPLE.contains(name)).copied());
            let other = |name: &&&str| !TEXTS.contains(*name) && !PEOPLE.contains(*name);
            let number = scan.kind(*at) == Some(Kind::Number);
            let name = if number { free.iter().find(other).copied() } else { name };
            match name {
                Some(name) => {
                    free.retain(|free| *free != name);
                    shown.push(format!("{name}: {value}"));
                    edits.push((place.before(), format!("{name}: ")));
                }
                None => shown.push(format!("…: {value}")),
            }
        }
        let sure = free.is_empty() && !shown.iter().any(|entry| entry.starts_with('…'));
        shown.extend(free.iter().map(|name| format!("{name}: ?")));
        let problem = Diagnostic::new(Code::Syntax, wrong?, "what an action is given has a name")
            .label("the name is missing before this")
            .help(format!("{action} {{ {} }}", shown.join(", ")));
        Some(match sure {
            true => edits.into_iter().fold(problem, |problem, (span, text)| problem.fix(span, text)),
            false => problem,
        })
    }
}
