//! Conditions in everyday words: `source is one of web, phone`, `has company`, `closes within 7 days`, and triggers and
//! rules that ask without listening.

use super::Rule;
use super::cut::Place;
use super::hints::Stop;
use super::scan::Kind;
use super::scan::numbers::unit_named;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Stop<'_> {
    pub fn asked(&self) -> Option<Diagnostic> {
        self.one_of_several()
            .or_else(|| self.a_day_to_come())
            .or_else(|| self.whether_there_is_one())
            .or_else(|| self.in_the_next_days())
            .or_else(|| self.condition_twice())
            .or_else(|| self.trigger_without_event())
    }

    /// `source is one of web, phone`, `source is web or phone`
    fn one_of_several(&self) -> Option<Diagnostic> {
        let not = self.word(-1) == "not" && self.word(-2) == "is";
        let is = if not { -2 } else { -1 };
        if self.word(is) != "is" || !self.expects(Rule::kw_empty) {
            return None;
        }
        let mut at = 0;
        let named = match (self.word(0), self.word(1)) {
            ("one" | "any", "of") => {
                at = 2;
                true
            }
            ("either" | "in", _) => {
                at = 1;
                true
            }
            _ => false,
        };
        let bracket = self.str(at) == "[";
        if bracket {
            let span = self.span(is, at - 1);
            let ours = if not { "not in" } else { "in" };
            let list = self.rest(at).split(']').next().unwrap_or_default();
            return Some(
                Diagnostic::new(Code::Syntax, span, format!("`{}` means nothing here", self.text(span)))
                    .label(format!("this is written `{ours}`"))
                    .help(format!("{} {ours} {list}]", self.word(is - 1)))
                    .fix(span, ours),
            );
        }
        let mut values = Vec::new();
        let last = loop {
            if !matches!(self.kind(at), Some(Kind::Word | Kind::Text | Kind::Number)) {
                return None;
            }
            let (value, end) = self.value_at(at);
            values.push(value);
            at = end + 1;
            match self.str(at) {
                "," if self.word(at + 1) == "or" => at += 2,
                "," | "or" => at += 1,
                _ => break end,
            }
        };
        // Behind the last one the condition is at its end, or goes on with another.
        let ends = self.token(at).is_none()
            || matches!(self.str(at), "and" | "{" | ")" | "}")
            || self.begins_line(at);
        if !ends || values.len() < 2 && !named {
            return None;
        }
        let span = self.span(is, last);
        // Of a single name the checker knows whether it is a list.
        if values.len() == 1 && self.word(0) == "in" {
            let ours = format!("{} {}", if not { "not in" } else { "in" }, values[0]);
            return Some(
                Diagnostic::new(Code::Syntax, span, format!("`{}` means nothing here", self.text(span)))
                    .label("`is` is not needed")
                    .help(format!("{} {ours}", self.word(is - 1)))
                    .fix(span, ours),
            );
        }
        let ours = format!("{} [{}]", if not { "not in" } else { "in" }, values.join(", "));
        Some(
            Diagnostic::new(Code::Syntax, span, format!("`{}` means nothing here", self.text(span)))
                .label("one of several is asked for with `in` and a list")
                .help(format!("{} {ours}", self.word(is - 1)))
                .fix(span, ours),
        )
    }

    fn begins_line(&self, distance: isize) -> bool {
        self.token(distance).is_some_and(|token| token.first)
    }

    /// `has company`, `no company`, `company exists`, `amount changed`, `closes is overdue`
    fn whether_there_is_one(&self) -> Option<Diagnostic> {
        if self.word(-1) == "is" && matches!(self.word(0), "overdue" | "late" | "expired" | "past") {
            let span = self.span(-1, 0);
            let subject = self.word(-2);
            return Some(
                Diagnostic::new(Code::Syntax, span, format!("`{}` means nothing here", self.text(span)))
                    .label("a day that is over is before `today`")
                    .help(format!("{subject} < today")),
            );
        }
        if let ("in", "the", "past" | "future") = (self.word(-2), self.word(-1), self.word(0)) {
            let span = self.span(-2, 0);
            let ours = if self.word(0) == "past" { "< today" } else { "> today" };
            let subject = self.word(-3);
            return Some(
                Diagnostic::new(Code::Syntax, span, format!("`{}` means nothing here", self.text(span)))
                    .label("a day is compared with `today`, a moment with `now`")
                    .help(format!("{subject} {ours}")),
            );
        }
        if !self.expects_operator() || self.word(0).is_empty() {
            return None;
        }
        // `title contains any of ["a", "b"]`
        if self.word(-2) == "contains"
            && matches!(self.word(-1), "any" | "one" | "either" | "all")
            && self.word(0) == "of"
            && self.str(1) == "["
        {
            let list = self.rest(1).split(']').next().unwrap_or_default();
            let (subject, asked) = (self.word(-3), if self.word(-1) == "all" { "all" } else { "any" });
            let ours = format!("{list}].{asked}(x => {subject} contains x)");
            let open = self.at + 1;
            let end = self.reader.after(open);
            let span = self.span(-3, 0).to(self.place_of(&(open..end))?);
            return Some(
                Diagnostic::new(
                    Code::Syntax,
                    self.span(-1, 0),
                    format!("`{}` means nothing here", self.text(self.span(-1, 0))),
                )
                .label("each of the list is asked for")
                .help(ours.clone())
                .fix(span, ours),
            );
        }
        let (before, word) = (self.word(-1), self.word(0));
        let lower = before.to_lowercase();
        let (span, ours, label) = match (lower.as_str(), word) {
            ("has" | "with" | "have", _) => {
                (self.span(-1, 0), format!("{word} is set"), "whether there is one")
            }
            ("no" | "without", _) => (self.span(-1, 0), format!("{word} is not set"), "whether there is one"),
            (_, "exists" | "present" | "filled") if !before.is_empty() => {
                (self.span(-1, 0), format!("{before} is set"), "whether there is one")
            }
            (_, "missing" | "absent") if !before.is_empty() => {
                (self.span(-1, 0), format!("{before} is not set"), "whether there is one")
            }
            (_, "changed" | "changes") if !before.is_empty() && self.str(-2) != "." => {
                let span = self.span(-1, 0);
                if before == "stage" {
                    return Some(self.stage_changes(span));
                }
                return Some(
                    Diagnostic::new(
                        Code::Syntax,
                        span,
                        "a change is no condition, but something that happens",
                    )
                    .label("it is listened to with `on`")
                    .help(format!("on change of {before}")),
                );
            }
            _ => return None,
        };
        let message = format!("`{}` is no condition of the language", self.text(span));
        Some(Diagnostic::new(Code::Syntax, span, message).label(label).help(ours.clone()).fix(span, ours))
    }

    /// `when stage changes`, `on stage change`
    pub fn stage_changes(&self, span: Span) -> Diagnostic {
        Diagnostic::new(Code::Syntax, span, "that a record comes to a stage is not listened to")
            .label("a rule runs whenever a record enters its stage")
            .help("put a rule without `on` into that stage")
    }

    /// `closes within 7 days`, `closes in next 7 days`
    fn in_the_next_days(&self) -> Option<Diagnostic> {
        let at = match (self.word(-2), self.word(-1), self.word(0)) {
            ("in" | "within", "next", _) => -2,
            (_, "in" | "within", _) if self.kind(0) == Some(Kind::Number) => -1,
            (_, _, "within") => 0,
            _ => return None,
        };
        let number = (at + 1..at + 4).find(|n| self.kind(*n) == Some(Kind::Number))?;
        let (unit, _) = unit_named(self.word(number + 1))?;
        let subject = self.word(at - 1);
        if subject.is_empty() || self.place == Place::Head && self.reader.member_word(self.piece) == "trigger"
        {
            return None;
        }
        let span = self.span(at, number + 1);
        let now = if matches!(unit, "day" | "week") { "today" } else { "now" };
        let ours = format!("between {now} and {now} + {} {}", self.str(number), self.word(number + 1));
        Some(
            Diagnostic::new(Code::Syntax, span, format!("`{}` means nothing here", self.text(span)))
                .label("from now on until then is written with `between`")
                .help(format!("{subject} {ours}"))
                .fix(span, ours),
        )
    }

    /// `when if amount > 5 EUR`
    fn condition_twice(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let at = self.piece.clone().find(|i| {
            scan.word(*i) == "if" && matches!(scan.word(i.wrapping_sub(1)), "when" | "if" | "and" | "or")
        })?;
        if self.token(0).is_some() || !self.expects(Rule::kw_then) || at == self.piece.start {
            return None;
        }
        let span = self.place_of(&(at..at + 1))?;
        let behind = self.place_of(&(at + 1..self.piece.end))?;
        Some(
            Diagnostic::new(Code::Syntax, span, format!("`if` is not needed behind `{}`", scan.word(at - 1)))
                .label("the condition follows at once")
                .help(format!("{} {}", scan.word(at - 1), self.text(behind)))
                .fix(span.to(behind.before()), ""),
        )
    }

    /// `next monday`, `end of month`
    fn a_day_to_come(&self) -> Option<Diagnostic> {
        let (first, second) = (self.word(-1).to_lowercase(), self.word(0).to_lowercase());
        if !self.expects_operator() && !self.expects(Rule::EOI) {
            return None;
        }
        let ours = match (first.as_str(), second.as_str()) {
            ("next" | "in", "week") => "today + 1 week",
            ("next", "month") => "add_months(today, 1)",
            ("next", "year") => "add_months(today, 12)",
            ("next", "day") => "today + 1 day",
            ("last", "week") => "today - 1 week",
            ("last", "month") => "add_months(today, -1)",
            ("last", "year") => "add_months(today, -12)",
            ("next" | "this" | "on" | "last", day) if WEEKDAYS.contains(&day) => "today + 7 days",
            _ => return None,
        };
        let span = self.span(-1, 0);
        let message = format!("`{}` is no date here", self.text(span));
        let weekday = WEEKDAYS.contains(&second.as_str());
        let problem = Diagnostic::new(Code::WrongDate, span, message).help(ours);
        Some(match weekday {
            true => problem.label("a day is counted from `today`, or written as in 2026-03-02"),
            false => problem.label("a day is counted from `today`").fix(span, ours),
        })
    }

    /// `trigger when amount > 5 EUR`
    fn trigger_without_event(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start + usize::from(self.opening() == "disabled");
        let at = from + 1 + usize::from(scan.kind(from + 1) == Some(Kind::Text));
        if scan.word(from) != "trigger"
            || !matches!(scan.word(at), "when" | "if")
            || self.token(0).is_some()
            || !self.expects(Rule::kw_on)
            || scan.word(at + 2) == "." && scan.kind(at + 4) != Some(Kind::Sign)
            || at + 1 >= self.piece.end
        {
            return None;
        }
        let condition = self.text(self.place_of(&(at + 1..self.piece.end))?);
        let span = self.place_of(&(at..at + 1))?;
        let event = match condition.contains('\n') {
            true => "on any change when …".to_owned(),
            false => format!("on any change when {condition}"),
        };
        Some(
            Diagnostic::new(Code::Syntax, span, "a trigger needs an event at which it looks")
                .label("the condition stands behind the event")
                .help(format!("trigger {event}"))
                .fix(span, "on any change when"),
        )
    }
}
