//! Events, moments and clauses as they are said: `on change of amount > 5 EUR`, `deadline: in 3 days`, `older than 30
//! days`, and what is written behind the braces of an action.

use super::Rule;
use super::cut::Place;
use super::hints::Stop;
use super::scan::numbers::{unit_named, with_unit};
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

impl Stop<'_> {
    pub fn clause(&self) -> Option<Diagnostic> {
        if self.in_text() {
            return None;
        }
        self.change_with_condition()
            .or_else(|| self.event_said())
            .or_else(|| self.moment_said())
            .or_else(|| self.behind_action())
            .or_else(|| self.condition_behind())
            .or_else(|| self.hours_of_the_clock())
            .or_else(|| self.change_to_several())
            .or_else(|| self.age())
    }

    fn clause_problem(&self, span: Span, message: impl Into<String>, label: &str) -> Diagnostic {
        Diagnostic::new(Code::Syntax, span, message).label(label.to_owned())
    }

    /// `on change of amount > 5 EUR`, `on change of amount to > 5 EUR`, `on any change of amount`
    fn change_with_condition(&self) -> Option<Diagnostic> {
        if (self.word(-2), self.word(-1), self.word(0)) == ("any", "change", "of") {
            let span = self.span(-2, -2);
            let gone = Span { end: self.span(-1, -1).start, ..span };
            let help = format!("change of {}", self.word(1));
            return Some(
                self.clause_problem(span, "`any` is not needed here", "the field is named behind `of`")
                    .help(help)
                    .fix(gone, ""),
            );
        }
        if !matches!(self.str(0), ">" | "<" | ">=" | "<=" | "==" | "!=") {
            return None;
        }
        let to = isize::from(self.word(-1) == "to");
        let field = self.word(-1 - to);
        if (self.word(-3 - to), self.word(-2 - to)) != ("change", "of") || field.is_empty() {
            return None;
        }
        let (value, _) = self.value_at(1);
        let sign = self.span(0, 0);
        let start = self.span(-1 - to, -1 - to).end;
        let help = format!("change of {field} when {field} {} {value}", self.str(0));
        Some(
            self.clause_problem(sign, "what must hold besides stands behind `when`", "this compares")
                .help(help)
                .fix(Span { start, end: sign.start, ..sign }, format!(" when {field} ")),
        )
    }

    /// `on not email.received for 3 days`, `on invoice.paid(amount > 5 EUR)`
    fn event_said(&self) -> Option<Diagnostic> {
        if self.word(-1) == "not" && matches!(self.word(-2), "on" | "or" | "for") && self.str(1) == "." {
            let span = self.span(-1, -1);
            let (event, _) = self.value_at(0);
            return Some(
                self.clause_problem(
                    span,
                    "that nothing happens is listened to with `no`",
                    "this is written `no`",
                )
                .help(format!("no {event}"))
                .fix(span, "no"),
            );
        }
        let compares = matches!(self.str(0), ">" | "<" | ">=" | "<=" | "==" | "!=" | "=");
        if compares && self.str(-2) == "(" && self.expects(Rule::colon) && !self.word(-3).is_empty() {
            let (value, _) = self.value_at(1);
            let sign = if self.str(0) == "=" { "==" } else { self.str(0) };
            let span = self.span(-1, 0);
            return Some(
                self.clause_problem(
                    span,
                    "in these brackets a name is given its value",
                    "what else must hold stands behind `when`",
                )
                .help(format!("when {} {sign} {value}", self.word(-1))),
            );
        }
        let moves = self.word(0) == "move" && self.word(1) == "to" || matches!(self.str(0), "->" | "=>");
        if moves && self.reader.member_word(self.piece) == "trigger" && self.at > self.piece.start + 2 {
            let last = if self.word(0) == "move" { 2 } else { 1 };
            let span = self.span(0, last);
            let stage = self.word(last);
            let said = self.place_of(&(self.piece.start..self.at)).map_or("", |span| self.text(span));
            return Some(
                self.clause_problem(
                    span,
                    "a trigger stands in the stage to which it moves the record",
                    "where it leads is not said here",
                )
                .help(format!("stage {stage} {{ {said} }}")),
            );
        }
        None
    }

    /// `in 3 days`, `3 days from now`, `today at 10:00`, `tomorrow 10:00`, `wait till today`
    fn moment_said(&self) -> Option<Diagnostic> {
        let clock = |at: isize| self.kind(at) == Some(Kind::Number) && self.str(at).contains(':');
        let day = |word: &str| match word {
            "today" => Some("today"),
            "tomorrow" => Some("today + 1 day"),
            _ => None,
        };
        let (span, ours) = if self.word(-1) == "in"
            && matches!(self.str(-2), ":" | "=" | "at" | "until")
            && self.kind(0) == Some(Kind::Number)
        {
            let unit = unit_named(self.word(1))?;
            (self.span(-1, 1), format!("now + {}", with_unit(self.str(0), unit)))
        } else if self.str(0) == "+"
            && self.str(-1) == ":"
            && let Some(unit) = unit_named(self.word(2))
        {
            (self.span(0, 2), format!("now + {}", with_unit(self.str(1), unit)))
        } else if self.word(-1) == "from" && self.word(0) == "now" && self.kind(-3) == Some(Kind::Number) {
            let unit = unit_named(self.word(-2))?;
            (self.span(-3, 0), format!("now + {}", with_unit(self.str(-3), unit)))
        } else if clock(0) && self.word(-1) == "at" {
            (self.span(-2, 0), format!("{} + {}", day(self.word(-2))?, self.str(0)))
        } else if clock(0) {
            (self.span(-1, 0), format!("{} + {}", day(self.word(-1))?, self.str(0)))
        } else if self.word(-1) == "till" && self.place == Place::Statement && self.opening() == "wait" {
            let span = self.span(-1, -1);
            let (moment, _) = self.value_at(0);
            return Some(
                Diagnostic::new(Code::UnknownKeyword, span, "`till` is no word of the language here")
                    .label("this is written `until`")
                    .help(format!("wait until {moment}"))
                    .fix(span, "until"),
            );
        } else if (self.word(-1), self.word(0), self.word(1)) == ("end", "of", "month") {
            (self.span(-1, 1), "add_months(start_of_month(today), 1) - 1 day".to_owned())
        } else {
            return None;
        };
        let message = format!("`{}` is no moment here", self.text(span));
        Some(
            self.clause_problem(span, message, "a time is added to a moment")
                .help(ours.clone())
                .fix(span, ours),
        )
    }

    /// `notify { … } after 3 days`
    fn behind_action(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let first = scan.tokens.get(from)?;
        if self.place != Place::Statement || self.opening() != "after" || first.first || self.at != from + 1 {
            return None;
        }
        let time = unit_named(self.word(1)).map(|unit| with_unit(self.str(0), unit))?;
        let span = self.place_of(&(from..from + 3))?;
        Some(
            self.clause_problem(
                span,
                "what comes later stands behind a `wait`",
                "an action is asked for at once",
            )
            .help(format!("wait {time}, on a line before the action")),
        )
    }

    /// `notify { … } if amount > 5 EUR`
    fn condition_behind(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let behind = !scan.tokens.get(from)?.first
            && scan.kind(from.checked_sub(1)?) == Some(Kind::Close(Bracket::Brace));
        if self.place != Place::Statement || self.opening() != "if" || !behind || self.at <= from + 1 {
            return None;
        }
        let condition = self.text(self.place_of(&(from + 1..self.at))?).to_owned();
        let span = self.place_of(&(from..from + 1))?;
        Some(
            self.clause_problem(
                span,
                "a condition stands before what it is for",
                "an action ends with its `}`",
            )
            .help(format!("if {condition} {{ … }}, with the action between the braces")),
        )
    }

    /// `during 09:00-18:00`
    fn hours_of_the_clock(&self) -> Option<Diagnostic> {
        if self.word(-1) != "during" || self.kind(0) != Some(Kind::Number) || !self.str(0).contains(':') {
            return None;
        }
        let last = if self.str(1) == "-" || self.word(1) == "to" { 2 } else { 0 };
        let span = self.span(0, last);
        let hours = match last {
            0 => self.str(0).to_owned(),
            _ => format!("{}-{}", self.str(0), self.str(2)),
        };
        Some(
            self.clause_problem(span, "hours stand in a calendar, which has a name", "no name of a calendar")
                .help(format!("during Office, and at the top: calendar Office {{ mon..fri {hours} }}")),
        )
    }

    /// `change of source to "web" or "phone"`
    fn change_to_several(&self) -> Option<Diagnostic> {
        let field = self.word(-4);
        let before = [self.word(-6), self.word(-5), self.word(-3), self.word(-1)];
        if before != ["change", "of", "to", "or"] || field.is_empty() || self.kind(0) != Some(Kind::Text) {
            return None;
        }
        let (first, _) = self.value_at(-2);
        let (second, end) = self.value_at(0);
        let span = self.span(-3, end);
        let ours = format!("when {field} in [{first}, {second}]");
        Some(
            self.clause_problem(span, "a change is to one value, or to any", "these are several")
                .help(format!("change of {field} {ours}"))
                .fix(span, ours),
        )
    }

    /// `created_at older than 30 days`
    fn age(&self) -> Option<Diagnostic> {
        if !self.expects_operator() || self.word(1) != "than" || self.kind(2) != Some(Kind::Number) {
            return None;
        }
        let sign = match self.word(0) {
            "older" | "earlier" => "<",
            "newer" | "younger" | "later" => ">",
            _ => return None,
        };
        let time = with_unit(self.str(2), unit_named(self.word(3))?);
        let span = self.span(0, 3);
        let ours = format!("{sign} now - {time}");
        let message = format!("`{}` means nothing here", self.text(span));
        Some(
            self.clause_problem(span, message, "a moment is compared with another one")
                .help(format!("{} {ours}", self.word(-1)))
                .fix(span, ours),
        )
    }
}
