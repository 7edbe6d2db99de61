//! What is said in other words: times and amounts of plain English, names in quotes that need none, and the
//! steps of tests as other tools write them.

use super::Rule;
use super::cut::Place;
use super::hints::Stop;
use super::scan::Kind;
use super::scan::numbers::unit_named;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

pub(super) fn number_named(word: &str) -> Option<&'static str> {
    let words = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let digits = ["2", "3", "4", "5", "6", "7", "8", "9", "10"];
    words.iter().position(|w| *w == word).map(|n| digits[n])
}

/// What a text says, if it could as well be a name.
fn name_in(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let name = |part: &str| {
        part.starts_with(unicode_ident::is_xid_start) && part.chars().all(unicode_ident::is_xid_continue)
    };
    inner.split('.').all(name).then_some(inner)
}

impl Stop<'_> {
    pub fn phrase(&self) -> Option<Diagnostic> {
        self.in_a_test()
            .or_else(|| self.event_of_habit())
            .or_else(|| self.quoted_name())
            .or_else(|| self.time_of_habit())
            .or_else(|| self.comparison_of_habit())
            .or_else(|| self.test_without_quotes())
            .or_else(|| self.sign_too_many())
            .or_else(|| self.choice_behind())
    }

    // --- triggers ----------------------------------------------------------------------------------

    /// `on 3 times call.missed`, `on three call.missed`
    fn event_of_habit(&self) -> Option<Diagnostic> {
        if self.word(-1) == "times" && self.kind(-2) == Some(Kind::Number) && self.expects(Rule::kw_within) {
            let (event, _) = self.value_at(0);
            let gone = Span { end: self.span(0, 0).start, ..self.span(-1, -1) };
            let help = format!("{} {event}", self.str(-2));
            let problem =
                self.say(self.span(-1, -1), "`times` is not needed here", "the number is enough", help);
            return Some(problem.fix(gone, ""));
        }
        if !self.expects(Rule::kw_or) && !self.expects(Rule::dot)
            || self.word(-2) != "on" && self.word(-2) != "for"
        {
            return None;
        }
        if let Some(digits) = number_named(self.word(-1)).filter(|_| !self.word(0).is_empty()) {
            let (event, _) = self.value_at(0);
            let span = self.span(-1, -1);
            let message = format!("`{}` is no number here", self.word(-1));
            return Some(
                self.say(span, message, "numbers are written in digits", format!("{digits} {event}"))
                    .fix(span, digits),
            );
        }
        None
    }

    /// `on "invoice.paid"`, `during "Office"`
    fn quoted_name(&self) -> Option<Diagnostic> {
        if self.kind(0) != Some(Kind::Text) {
            return None;
        }
        let (before, what) = match self.word(-1) {
            "on" | "for" | "or" if self.expects(Rule::named_event) || self.expects_event() => {
                ("on", "an event")
            }
            "during" => ("during", "a calendar"),
            _ => return None,
        };
        let name = name_in(self.str(0))?;
        let span = self.span(0, 0);
        let message = format!("{what} is named without quotes");
        Some(self.say(span, message, "a text", format!("{before} {name}")).fix(span, name))
    }

    fn expects_event(&self) -> bool {
        self.expects_shown(super::friendly::Friendly::Thing("an event"))
    }

    // --- times -------------------------------------------------------------------------------------

    /// `nach 3 days`, `at 1 day before closes`, `wait invoice.paid at most 4 days`
    fn time_of_habit(&self) -> Option<Diagnostic> {
        if matches!(self.word(0).to_lowercase().as_str(), "nach" | "dopo" | "après" | "después")
            && self.place == Place::Head
            && self.kind(1) == Some(Kind::Number)
        {
            let span = self.span(0, 0);
            let word = self.word(0);
            let (time, _) = self.value_at(1);
            return Some(
                Diagnostic::new(Code::UnknownKeyword, span, format!("`{word}` is no word of the language"))
                    .label("this is written `after`")
                    .help(format!("after {time}"))
                    .fix(span, "after"),
            );
        }
        if matches!(self.word(0), "before" | "after")
            && self.kind(-2) == Some(Kind::Number)
            && unit_named(self.word(-1)).is_some()
            && self.kind(1) == Some(Kind::Word)
            && self.expects_operator()
        {
            let sign = if self.word(0) == "before" { "-" } else { "+" };
            let (moment, end) = self.value_at(1);
            let unit = self.word(-1);
            let unit = if self.str(-2) == "1" { unit.trim_end_matches('s') } else { unit };
            let ours = format!("{moment} {sign} {} {unit}", self.str(-2));
            let ours = if self.word(-3) == "wait" { format!("until {ours}") } else { ours };
            let help = if self.word(-3) == "wait" { format!("wait {ours}") } else { ours.clone() };
            let span = self.span(-2, end);
            let message = format!("`{}` is no moment here", self.text(span));
            return Some(
                self.say(span, message, "a time is added to a moment, or taken from it", help)
                    .fix(span, ours),
            );
        }
        if matches!(self.place, Place::Statement)
            && self.opening() == "wait"
            && self.word(0) == "at"
            && self.word(1) == "most"
            && self.at > self.piece.start + 1
        {
            let token = self.reader.scan.tokens.get(self.piece.start)?;
            let wait = Span { file: self.reader.file, start: token.start, end: token.end };
            let event =
                self.text(Span { start: wait.end, end: self.span(0, 0).start, ..wait }).trim().to_owned();
            let rest = self.rest(0).lines().next().unwrap_or_default().trim().to_owned();
            let help = format!("wait for {event} {rest}");
            return Some(
                self.say(wait, "`for` is missing behind `wait`", "an event is waited `for`", help)
                    .fix(wait.after(), " for"),
            );
        }
        None
    }

    // --- conditions --------------------------------------------------------------------------------

    /// `amount more than 5 EUR`, `source not web`, `title like "%desk%"`
    fn comparison_of_habit(&self) -> Option<Diagnostic> {
        let subject = |at: isize| {
            let mut from = at;
            while self.str(from - 1) == "." && !self.word(from - 2).is_empty() {
                from -= 2;
            }
            self.text(self.span(from, at)).to_owned()
        };
        if self.word(-1) == "not" && self.expects(Rule::kw_in) && !self.word(-2).is_empty() {
            let text = matches!(self.kind(0), Some(Kind::Word | Kind::Text | Kind::Number));
            if !text
                || matches!(
                    self.word(0),
                    "in" | "contains" | "like" | "starts" | "ends" | "equal" | "set" | "empty"
                )
            {
                return None;
            }
            let (value, _) = self.value_at(0);
            let span = self.span(-1, -1);
            let help = format!("{} != {value}", subject(-2));
            return Some(
                self.say(span, "`not` compares nothing", "this is written `!=`", help).fix(span, "!="),
            );
        }
        if !self.expects_operator() || matches!(self.word(-1), "" | "is" | "not") {
            return None;
        }
        let than = self.word(1) == "than";
        let compared = match self.word(0) {
            "more" | "greater" | "bigger" | "larger" | "higher" if than => Some((">", 1)),
            "less" | "smaller" | "lower" | "fewer" if than => Some(("<", 1)),
            "above" | "over" if self.kind(1) == Some(Kind::Number) => Some((">", 0)),
            "below" | "under" if self.kind(1) == Some(Kind::Number) => Some(("<", 0)),
            _ => None,
        };
        if let Some((ours, end)) = compared {
            let (value, _) = self.value_at(end + 1);
            let span = self.span(0, end);
            let message = format!("`{}` means nothing here", self.text(span));
            let label = format!("this is written `{ours}`");
            let help = format!("{} {ours} {value}", subject(-1));
            return Some(self.say(span, message, &label, help).fix(span, ours));
        }
        if matches!(self.word(0).to_lowercase().as_str(), "like" | "ilike")
            && self.kind(1) == Some(Kind::Text)
        {
            let text = self.str(1).strip_prefix('"')?.strip_suffix('"')?;
            let inner = text.trim_matches('%');
            if inner.is_empty() || inner.contains('%') {
                return None;
            }
            let ours = match (text.starts_with('%'), text.ends_with('%')) {
                (true, false) => format!("ends with \"{inner}\""),
                (false, true) => format!("starts with \"{inner}\""),
                _ => format!("contains \"{inner}\""),
            };
            let span = self.span(0, 1);
            let problem = Diagnostic::new(
                Code::UnknownKeyword,
                self.span(0, 0),
                format!("`{}` is no word of the language here", self.word(0)),
            );
            let help = format!("{} {ours}", subject(-1));
            // Without regard to case.
            if self.word(0).eq_ignore_ascii_case("ilike") {
                let ours = ours.to_lowercase();
                return Some(
                    problem
                        .label("parts of a text are asked for in words")
                        .help(format!("{}.lower {ours}", subject(-1)))
                        .fix(self.span(-1, -1).after(), ".lower")
                        .fix(span, ours),
                );
            }
            return Some(problem.label("parts of a text are asked for in words").help(help).fix(span, ours));
        }
        None
    }

    /// `a if c else b`
    fn choice_behind(&self) -> Option<Diagnostic> {
        let at_if = self.word(0) == "if";
        let scan = self.reader.scan;
        let (from, otherwise) = if at_if && self.expects_operator() {
            let otherwise = (self.at..self.piece.end).find(|i| scan.word(*i) == "else")?;
            (self.at, otherwise)
        } else if self.opening() == "if"
            && self.word(0) == "else"
            && !scan.tokens.get(self.piece.start)?.first
        {
            // A statement seems to begin at the `if`.
            (self.piece.start, self.at)
        } else {
            return None;
        };
        let start = (from.saturating_sub(40)..from)
            .rev()
            .take_while(|i| !matches!(scan.word(*i), "{" | "}"))
            .find(|i| matches!(scan.word(*i), "=" | ":" | "(" | "[" | ","))
            .map(|i| i + 1)?;
        let slice = |a: usize, b: usize| -> Option<(Span, &str)> {
            let (start, end) = self.reader.bytes(&(a..b))?;
            let span = Span { file: self.reader.file, start, end };
            Some((span, self.text(span)))
        };
        let (_, then) = slice(start, from)?;
        let (_, condition) = slice(from + 1, otherwise)?;
        let line =
            self.rest((otherwise + 1) as isize - self.at as isize).lines().next().unwrap_or_default().trim();
        let value = line.trim_end_matches('}').trim_end();
        if value.is_empty() || condition.contains(['{', '\n']) {
            return None;
        }
        let (span, _) = slice(from, otherwise)?;
        let help = format!("if {condition} then {then} else {value}");
        Some(self.say(
            span,
            "the condition stands before the two values",
            "the first value belongs behind `then`",
            help,
        ))
    }

    // --- quotes and commas -------------------------------------------------------------------------

    /// `test quiet deals are lost {`
    fn test_without_quotes(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let word = self.opening();
        let from = self.piece.start + 1;
        let first = scan.tokens.get(from)?;
        if word != "test" || self.place != Place::Head || first.kind != Kind::Word || first.first {
            return None;
        }
        let mut end = from;
        while end + 1 < self.piece.end
            && !scan.tokens[end + 1].first
            && !matches!(scan.word(end + 1), "," | "{")
        {
            end += 1;
        }
        let span = Span { file: self.reader.file, start: first.start, end: scan.tokens.get(end)?.end };
        let written = self.text(span);
        if written.is_empty() || written.contains(['"', '\\', '{']) {
            return None;
        }
        let ours = format!("\"{written}\"");
        let label = "a text, which may have several words";
        let (message, help) = ("the name of a test stands in quotes", format!("test {ours}"));
        Some(self.say(span, message, label, help).fix(span, ours))
    }

    /// `n: int min 0, max 50`, `rule r when a > 5 EUR: {`
    fn sign_too_many(&self) -> Option<Diagnostic> {
        if self.place == Place::Field
            && self.str(0) == ","
            && matches!(self.word(1), "min" | "max" | "matches")
        {
            let span = self.span(0, 0);
            let (value, _) = self.value_at(2);
            let help = format!("{} {value}", self.word(1));
            return Some(
                self.say(span, "no comma stands between the limits of a field", "not needed", help)
                    .fix(span, ""),
            );
        }
        if self.place == Place::Head && self.str(0) == ":" && self.token(1).is_none() {
            let span = self.span(0, 0);
            let help = "{".to_owned();
            return Some(
                self.say(span, "`:` is not needed before `{`", "the brace is enough", help).fix(span, ""),
            );
        }
        None
    }

    // --- tests -------------------------------------------------------------------------------------

    /// The record that the file's test names: `deal` and `"D-1"`.
    pub fn given(&self) -> Option<(&str, &str)> {
        let scan = self.reader.scan;
        let at = (0..self.piece.start).rev().find(|i| {
            scan.word(*i) == "given"
                && scan.kind(i + 1) == Some(Kind::Word)
                && scan.kind(i + 2) == Some(Kind::Text)
        })?;
        Some((scan.word(at + 1), scan.word(at + 2)))
    }

    fn in_a_test(&self) -> Option<Diagnostic> {
        if self.place != Place::Step {
            return None;
        }
        let scan = self.reader.scan;
        let from = self.piece.start;
        let opening = self.opening();
        let first = scan.tokens.get(from)?;
        let first = Span { file: self.reader.file, start: first.start, end: first.end };
        let (entity, record) = self.given().unwrap_or(("deal", "\"D-1\""));
        let rest = scan.tokens.get(from + 1).map_or("", |t| {
            let (_, end) = self.reader.bytes(self.piece).unwrap_or_default();
            scan.text.get(t.start as usize..end as usize).unwrap_or_default()
        });
        let line = rest.lines().next().unwrap_or_default().trim();
        if self.at <= from {
            let no_step = |help: String| {
                let message = format!("`{opening}` is no step of a test");
                Diagnostic::new(Code::UnknownKeyword, first, message).help(help)
            };
            let updated = format!("{}.updated", entity.to_lowercase());
            return Some(match opening {
                "assert" | "verify" | "check" | "ensure" | "should" => {
                    no_step(format!("expect {line}")).label("this is written `expect`").fix(first, "expect")
                }
                "after" if scan.kind(from + 1) == Some(Kind::Number) => {
                    no_step(format!("wait {line}")).label("time goes by with `wait`").fix(first, "wait")
                }
                "set" if scan.word(from + 2) == "=" => {
                    let value = line.split_once('=').map_or("", |(_, v)| v).trim();
                    no_step(format!("send {updated} {{ {}: {value} }} to {record}", scan.word(from + 1)))
                        .label("what happens in a test comes from events")
                }
                "move" if scan.word(from + 1) == "to" => no_step(format!(
                    "send {}.moved {{ stage: {} }} to {record}",
                    entity.to_lowercase(),
                    scan.word(from + 2)
                ))
                .label("what happens in a test comes from events"),
                _ if scan.word(from + 1) == "{" => {
                    no_step(format!("expect {opening} {line}")).label("a test says which actions it expects")
                }
                _ => return None,
            });
        }
        if opening != "expect" {
            return None;
        }
        if self.word(-1) == "not" && self.at == from + 2 && !self.word(0).is_empty() {
            let span = self.span(-1, -1);
            let (action, _) = self.value_at(0);
            let help = format!("expect no {action}");
            return Some(
                self.say(span, "that nothing is done is expected with `no`", "this is written `no`", help)
                    .fix(span, "no"),
            );
        }
        if self.word(-1) == "at"
            && matches!(self.word(0), "least" | "most")
            && self.kind(1) == Some(Kind::Number)
        {
            let (action, _) = self.value_at(2);
            let span = self.span(-1, 1);
            let once = self.str(1) == "1" && self.word(0) == "least";
            let help =
                if once { format!("expect {action}") } else { format!("expect {} {action}", self.str(1)) };
            let problem = self.say(
                span,
                format!("`{}` cannot stand here", self.text(span)),
                "without a number, at least one is expected",
                help,
            );
            let gone = Span { end: self.span(2, 2).start, ..span };
            return Some(if once { problem.fix(gone, "") } else { problem });
        }
        if self.at == from + 2 && self.expects(Rule::kw_of) && self.kind(0) == Some(Kind::Sign) {
            let name = self.word(-1);
            let line = self.rest(0).lines().next().unwrap_or_default().trim();
            let help = format!("expect {name} of {record} {line}");
            return Some(
                self.say(
                    self.span(-1, -1),
                    "of which record is missing",
                    "a field is expected `of` a record",
                    help,
                )
                .fix(self.span(-1, -1).after(), format!(" of {record}")),
            );
        }
        if self.word(-1) == "of" && matches!(self.kind(0), Some(Kind::Word | Kind::Number)) {
            let mut end = 0;
            while self.touches(end, end + 1) && self.str(end + 1) != "," {
                end += 1;
            }
            let span = self.span(0, end);
            let ours = format!("\"{}\"", self.text(span));
            let line = self.rest(end + 1).lines().next().unwrap_or_default().trim().to_owned();
            let help = format!("expect {} of {ours} {line}", self.word(-2)).trim_end().to_owned();
            return Some(
                self.say(span, "the name of a record stands in quotes", "a text", help).fix(span, ours),
            );
        }
        if self.token(0).is_none() && self.kind(-1) == Some(Kind::Text) && self.word(-2) == "of" {
            let name = self.word(-3);
            let span = self.span(-3, -1);
            let help = format!("expect {name}");
            return Some(self.say(
                span,
                format!("what `{name}` should be is missing"),
                "for a field, a comparison such as `== 5` or `== true` follows",
                help,
            ));
        }
        None
    }
}
