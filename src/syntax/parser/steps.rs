//! Steps of tests as they are said: `expect deal "D-1" amount == 5 EUR`, `send invoice.paid to deal "D-1"`, `move "D-1" to
//! Won`, and moments of which a part is missing.

use super::cut::Place;
use super::hints::Stop;
use super::scan::Kind;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// `2026-03-01`
fn is_day(text: &str) -> bool {
    text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-'
}

/// `10:00`
fn is_clock(text: &str) -> bool {
    text.len() >= 5 && text.as_bytes()[2] == b':' && text.bytes().all(|b| b.is_ascii_digit() || b == b':')
}

/// A moment with its time and zone, of one that lacks them.
pub(super) fn whole_moment(written: &str) -> String {
    let joined = written.replacen(' ', "T", 1);
    match (is_day(written), joined.get(10..)) {
        (true, _) => format!("{written}T00:00Z"),
        (_, Some(time)) if joined.get(..10).is_some_and(is_day) && time.get(1..).is_some_and(is_clock) => {
            format!("{joined}Z")
        }
        _ => written.to_owned(),
    }
}

impl Stop<'_> {
    pub fn step_of_habit(&self) -> Option<Diagnostic> {
        if self.in_text() {
            return None;
        }
        let step = if self.place == Place::Step {
            self.comparison_in_words()
                .or_else(|| self.kind_before_record())
                .or_else(|| self.braces_of_steps())
                .or_else(|| self.change_as_step())
                .or_else(|| self.move_as_step())
                .or_else(|| self.said_behind_action())
        } else {
            None
        };
        step.or_else(|| self.day_and_time())
    }

    fn tokens_said(&self, from: usize, to: usize) -> &str {
        self.place_of(&(from..to)).map_or("", |span| self.text(span))
    }

    /// The end of the line on which a token stands, or of the piece.
    fn line_end(&self, from: usize) -> usize {
        let scan = self.reader.scan;
        (from + 1..self.piece.end)
            .find(|i| scan.tokens.get(*i).is_some_and(|t| t.first))
            .unwrap_or(self.piece.end)
    }

    /// `expect deal "D-1" amount == 5 EUR`, `expect the amount of "D-1" to be 5 EUR`
    fn comparison_in_words(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        if self.opening() != "expect" {
            return None;
        }
        let end = self.line_end(from);
        let text = |at: usize| at < end && scan.kind(at) == Some(Kind::Text);
        let word = |at: usize| if at < end && scan.kind(at) == Some(Kind::Word) { scan.word(at) } else { "" };
        let (entity, given) = self.given().unwrap_or(("deal", "\"D-1\""));
        let the = |at: usize| usize::from(matches!(word(at), "the" | "that"));
        let mut at = from + 1;
        at += the(at);
        let (field, record, behind);
        if word(at + 1) == "of" {
            let mut of = at + 2;
            of += the(of);
            of += usize::from(!word(of).is_empty() && text(of + 1));
            if !text(of) {
                return None;
            }
            (field, record, behind) = (word(at), scan.word(of), of + 1);
        } else {
            let named = !word(at).is_empty() && text(at + 1);
            let only = word(at).eq_ignore_ascii_case(entity) && scan.word(at + 1) == ".";
            let mut next = at + usize::from(named || only);
            record = if text(next) { scan.word(next) } else { given };
            if !text(next) && !only {
                return None;
            }
            next += usize::from(text(next));
            next += usize::from(matches!(scan.word(next), "." | "has" | "'s"));
            let stage = matches!(word(next), "is" | "stands") && matches!(word(next + 1), "in" | "at")
                || matches!(word(next), "in" | "at" | "moves" | "reaches");
            if stage {
                let mut to = next + 1;
                while matches!(word(to), "in" | "at" | "to" | "the" | "stage") {
                    to += 1;
                }
                if word(to).is_empty() || to + 1 != end {
                    return None;
                }
                let span = self.place_of(&(from + 1..end))?;
                let ours = format!("stage of {record} == {}", word(to));
                return Some(
                    self.say(
                        span,
                        format!("`{}` cannot be expected", self.text(span)),
                        "where a record stands is its field `stage`",
                        format!("expect {ours}"),
                    )
                    .fix(span, ours),
                );
            }
            (field, behind) = (word(next), next + 1);
        }
        if field.is_empty() || matches!(field, "is" | "of" | "to") {
            return None;
        }
        // The words of the comparison.
        let mut value = behind;
        while matches!(
            word(value),
            "to" | "be" | "should" | "is" | "shall" | "must" | "equal" | "equals" | "now"
        ) {
            value += 1;
        }
        let said = value > behind;
        let not = said && word(value) == "not";
        value += usize::from(not);
        let sign = match scan.word(value) {
            "=" => Some("=="),
            _ if said && not => Some("!="),
            "set" | "empty" | "success" | "failure" | "final" => None,
            _ if said => Some("=="),
            _ => None,
        };
        let value = value + usize::from(scan.word(value) == "=");
        if value >= end {
            return None;
        }
        let ours = match sign {
            Some(sign) => format!("{field} of {record} {sign} {}", self.tokens_said(value, end)),
            None => format!("{field} of {record} {}", self.tokens_said(behind, end)),
        };
        let span = self.place_of(&(from + 1..end))?;
        if self.text(span) == ours || ours.contains('{') {
            return None;
        }
        let only_sign = scan.word(behind) == "=" && scan.word(at + 1) == "of" && text(at + 2);
        if only_sign {
            return None;
        }
        // What is wrong is what stands before the comparison, or its words.
        let head = self.place_of(&(from + 1..value))?;
        Some(
            self.say(
                head,
                "a field is expected `of` a record, and compared",
                "this is written in another order",
                format!("expect {ours}"),
            )
            .fix(span, ours),
        )
    }

    /// `send invoice.paid to deal "D-1"`
    fn kind_before_record(&self) -> Option<Diagnostic> {
        if self.word(-1) != "to" || self.word(0).is_empty() || self.opening() != "send" {
            return None;
        }
        if self.kind(1) != Some(Kind::Text) {
            let mut end = 0;
            while self.touches(end, end + 1) {
                end += 1;
            }
            let span = self.span(0, end);
            let ours = format!("\"{}\"", self.text(span));
            let line = self.place_of(&(self.piece.start..self.at))?;
            let help = format!("{} {ours}", self.text(line));
            return Some(
                self.say(span, "the name of a record stands in quotes", "a text", help).fix(span, ours),
            );
        }
        let line = self.place_of(&(self.piece.start..self.at))?;
        let span = self.span(0, 0);
        let gone = Span { end: self.span(1, 1).start, ..span };
        Some(
            self.say(
                span,
                "the name of the record is enough",
                "not needed: `given` says what it is",
                format!("{} {}", self.text(line), self.str(1)),
            )
            .fix(gone, ""),
        )
    }

    /// What stands in brackets, and how to say that it stands in braces.
    fn braced(&self, open: usize) -> Option<(String, impl Fn(&str, String) -> Diagnostic)> {
        let close = self.reader.after(open).checked_sub(1)?;
        let (first, last) = (self.place_of(&(open..open + 1))?, self.place_of(&(close..close + 1))?);
        let inner = self.text(Span { start: first.end, end: last.start, ..first }).trim().to_owned();
        let blank = if self.touches(-1, 0) { " " } else { "" };
        let written = move |message: &str, help: String| {
            let problem = self.say(first, message, "not in these", help);
            problem.fix(first, format!("{blank}{{ ")).fix(last, " }")
        };
        Some((inner, written))
    }

    /// `send invoice.paid(invoice: "I-1") to "D-1"`, `reply to notify { id: "x" }`, `given deal { … }`
    fn braces_of_steps(&self) -> Option<Diagnostic> {
        let open = self.at;
        match (self.opening(), self.str(0)) {
            ("send", "(") => {
                let (inner, written) = self.braced(open)?;
                Some(written("what an event brings stands in braces", format!("{{ {inner} }}")))
            }
            ("reply", "{") => {
                let before = self.place_of(&(self.piece.start..open))?;
                let inner = self.rest(0).lines().next().unwrap_or_default().trim();
                Some(
                    self.say(
                        self.span(0, 0),
                        "`with` is missing before `{`",
                        "what is answered stands behind `with`",
                        format!("{} with {inner}", self.text(before)),
                    )
                    .fix(self.span(0, 0).before(), "with "),
                )
            }
            // `expect notify(to: anna)`
            ("expect", "(") if !self.word(-1).is_empty() => {
                let (inner, written) = self.braced(open)?;
                let help = format!("expect {} {{ {inner} }}", self.word(-1));
                Some(written("with what an action is expected stands in braces", help))
            }
            // `expect exactly 1 notify`
            ("expect", _)
                if matches!(self.word(-1), "exactly" | "only") && self.kind(0) == Some(Kind::Number) =>
            {
                let span = self.span(-1, -1);
                let gone = Span { end: self.span(0, 0).start, ..span };
                let message = format!("`{}` is not needed here", self.word(-1));
                let help = format!("expect {} {}", self.str(0), self.word(1));
                Some(self.say(span, message, "the number says how often", help).fix(gone, ""))
            }
            // `given a deal "D-2" { … }`
            ("given", _)
                if matches!(self.word(-1), "a" | "an" | "the") && self.kind(1) == Some(Kind::Text) =>
            {
                let span = self.span(-1, -1);
                let gone = Span { end: self.span(0, 0).start, ..span };
                let message = format!("`{}` is not needed here", self.word(-1));
                let help = format!("given {} {}", self.word(0), self.str(1));
                Some(self.say(span, message, "the kind of the record is enough", help).fix(gone, ""))
            }
            // `given "D-2" { … }`
            ("given", _) if self.kind(0) == Some(Kind::Text) && self.word(-1) == "given" => {
                let entity = self.given().map_or("deal", |(entity, _)| entity);
                let help = format!("given {entity} {}", self.str(0));
                Some(
                    self.say(self.span(0, 0), "what kind of record this is, is missing", "its name", help)
                        .fix(self.span(0, 0).before(), format!("{entity} ")),
                )
            }
            ("given", "{") if !self.word(-1).is_empty() && self.word(-2) == "given" => {
                let kind = self.word(-1);
                let name = format!(
                    "\"{}-1\"",
                    kind.chars().take(1).flat_map(char::to_uppercase).collect::<String>()
                );
                let inner = self.rest(0).lines().next().unwrap_or_default().trim();
                Some(self.say(
                    self.span(0, 0),
                    "a record needs a name, by which the steps speak of it",
                    "a text belongs before this",
                    format!("given {kind} {name} {inner}"),
                ))
            }
            _ => None,
        }
    }

    /// `set amount of "D-1" = 7 EUR`, `update deal "D-1" { amount: 7 EUR }`
    fn change_as_step(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let entity = self.given().map_or("deal", |(entity, _)| entity).to_lowercase();
        let end = self.line_end(from);
        let (span, fields, record) = if matches!(self.opening(), "set" | "update" | "change")
            && scan.word(from + 2) == "of"
            && scan.kind(from + 3) == Some(Kind::Text)
            && matches!(scan.word(from + 4), "=" | "to")
            && from + 5 < end
        {
            let fields = format!("{{ {}: {} }}", scan.word(from + 1), self.tokens_said(from + 5, end));
            (self.place_of(&(from..end))?, fields, scan.word(from + 3))
        } else if matches!(self.opening(), "update" | "change" | "edit") {
            let text = (from + 1..from + 3).find(|i| scan.kind(*i) == Some(Kind::Text))?;
            let open = text + 1;
            let close = self.reader.after(open);
            if scan.word(open) != "{" || close > self.piece.end {
                return None;
            }
            (self.place_of(&(from..close))?, self.tokens_said(open, close).to_owned(), scan.word(text))
        } else {
            return None;
        };
        let ours = format!("send {entity}.updated {fields} to {record}");
        let message = format!("`{}` is no step of a test", self.opening());
        Some(
            self.say(span, message, "what happens in a test comes from events", ours.clone()).fix(span, ours),
        )
    }

    /// `move "D-1" to Won`
    fn move_as_step(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let to = (from + 1..self.line_end(from)).find(|i| scan.word(*i) == "to")?;
        let record = scan.word(to - 1);
        if self.opening() != "move" || scan.kind(to - 1) != Some(Kind::Text) {
            return None;
        }
        let at = to + 1 + usize::from(scan.word(to + 1) == "stage");
        let stage = scan.word(at);
        if scan.kind(at) != Some(Kind::Word) {
            return None;
        }
        let entity = self.given().map_or("deal", |(entity, _)| entity).to_lowercase();
        let span = self.place_of(&(from..at + 1))?;
        let ours = format!("send {entity}.moved {{ stage: {stage} }} to {record}");
        Some(
            self.say(
                span,
                "`move` is no step of a test",
                "what happens in a test comes from events",
                ours.clone(),
            )
            .fix(span, ours),
        )
    }

    /// `expect sms sent`, `expect no notify to anna`, `expect sms { … } to "D-1"`
    fn said_behind_action(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        if self.opening() != "expect" {
            return None;
        }
        let end = self.line_end(from);
        let number = scan.kind(from + 1) == Some(Kind::Number);
        let first = from + 1 + usize::from(number || scan.word(from + 1) == "no");
        let mut path = first + 1;
        while scan.word(path) == "." {
            path += 2;
        }
        const WORDS: [&str; 13] = [
            "was", "were", "is", "to", "be", "been", "has", "sent", "called", "made", "done", "created",
            "happened",
        ];
        let action = self.place_of(&(from..path))?;
        // `expect stage Won`
        if scan.word(first) == "stage"
            && first == from + 1
            && scan.kind(path) == Some(Kind::Word)
            && path + 1 == end
        {
            let record = self.given().map_or("\"D-1\"", |(_, record)| record);
            let span = self.place_of(&(first..end))?;
            let ours = format!("stage of {record} == {}", scan.word(path));
            return Some(
                self.say(
                    span,
                    "of which record is missing",
                    "where a record stands is its field `stage`",
                    format!("expect {ours}"),
                )
                .fix(span, ours),
            );
        }
        let often = match scan.word(path) {
            "once" => Some("1"),
            "twice" => Some("2"),
            _ if scan.word(path + 1) == "times" => Some(scan.word(path)),
            _ => None,
        };
        if let Some(often) = often.filter(|_| first == from + 1 && path < end && end <= path + 2) {
            let span = self.place_of(&(path..end))?;
            let ours = format!("{often} {}", self.tokens_said(first, path));
            return Some(
                self.say(
                    span,
                    format!("`{}` cannot stand here", self.text(span)),
                    "how often stands before the action, as a number",
                    format!("expect {ours}"),
                )
                .fix(self.place_of(&(first..end))?, ours),
            );
        }
        let verbs = path < end && (path..end).all(|i| WORDS.contains(&scan.word(i)));
        if scan.kind(first) == Some(Kind::Word) && verbs {
            let span = self.place_of(&(path..end))?;
            let gone = Span { start: action.end, ..span };
            return Some(
                self.say(
                    span,
                    format!("`{}` is not needed here", self.text(span)),
                    "that an action was asked for is all that is expected",
                    self.text(action),
                )
                .fix(gone, ""),
            );
        }
        let recipient = scan.word(path) == "to" && scan.kind(path + 1) == Some(Kind::Word) && path + 2 == end;
        if recipient && first > from + 1 {
            let span = self.place_of(&(path..end))?;
            let ours = format!("{{ to: {} }}", scan.word(path + 1));
            return Some(
                self.say(
                    span,
                    "with what an action is expected stands in braces",
                    "each with its name",
                    format!("{} {ours}", self.text(action)),
                )
                .fix(span, ours),
            );
        }
        let behind_brace = self.str(-1) == "}" || self.at == path;
        if matches!(self.word(0), "to" | "for" | "of" | "on")
            && (self.kind(1) == Some(Kind::Text) || self.kind(2) == Some(Kind::Text))
            && behind_brace
        {
            let last = if self.kind(1) == Some(Kind::Text) { 1 } else { 2 };
            let span = self.span(0, last);
            let before = self.place_of(&(from..self.at))?;
            let gone = Span { start: before.end, ..span };
            let help = self.text(before);
            let help = if help.contains('\n') { "expect …" } else { help };
            return Some(
                self.say(
                    span,
                    format!("`{}` cannot stand here", self.text(span)),
                    "an action is expected of all records together, since the step before",
                    help,
                )
                .fix(gone, ""),
            );
        }
        None
    }

    /// `wait until 2026-03-01 10:00`
    fn day_and_time(&self) -> Option<Diagnostic> {
        if !is_day(self.str(-1)) || !is_clock(self.str(0)) {
            return None;
        }
        let span = self.span(-1, 0);
        let zone = if self.place == Place::Step { "Z" } else { "" };
        let ours = format!("{}T{}{zone}", self.str(-1), self.str(0));
        let message = format!("`{}` is no moment here", self.text(span));
        Some(
            Diagnostic::new(Code::WrongDate, span, message)
                .label("between a day and its time stands `T`")
                .help(ours.clone())
                .fix(span, ours),
        )
    }
}
