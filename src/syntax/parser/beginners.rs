//! Mistakes of people who write their first rules: what would be said so on paper, or in a spreadsheet.

use super::Rule;
use super::cut::Place;
use super::hints::Stop;
use super::scan::numbers::unit_named;
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Stop<'_> {
    pub fn beginner(&self) -> Option<Diagnostic> {
        self.list_without_brackets()
            .or_else(|| self.choice_as_call())
            .or_else(|| self.colon_too_many())
            .or_else(|| self.zone_without_quotes())
            .or_else(|| self.unit_of_another_language())
            .or_else(|| self.digits_in_groups())
            .or_else(|| self.trigger_with_braces())
            .or_else(|| self.field_changed())
            .or_else(|| self.value_without_its_name())
            .or_else(|| self.phone_without_quotes())
    }

    fn mistake(&self, span: Span, message: String, label: &str, help: String) -> Option<Diagnostic> {
        Some(Diagnostic::new(Code::Syntax, span, message).label(label).help(help))
    }

    /// `to: anna, bruno`
    fn list_without_brackets(&self) -> Option<Diagnostic> {
        if self.expected != [Rule::colon] || self.word(-1).is_empty() || self.str(-2) != "," {
            return None;
        }
        let goes_on = matches!(self.str(0), "," | "}");
        if !goes_on && (self.word(0).is_empty() || self.str(1) != ":") {
            return None;
        }
        let mut first = -1;
        while self.str(first - 1) == "," && !self.word(first - 2).is_empty() {
            first -= 2;
        }
        if first > -3 || self.str(first - 1) != ":" {
            return None;
        }
        let mut last = -1;
        while self.str(last + 1) == "," && !self.word(last + 2).is_empty() && self.str(last + 3) != ":" {
            last += 2;
        }
        let span = self.span(first, last);
        let list = format!("[{}]", self.text(span));
        let message = "several values stand between `[` and `]`".to_owned();
        let problem = self.mistake(span, message, "a list without its brackets", list.clone())?;
        Some(problem.fix(span, list))
    }

    /// `if(amount > 5 EUR, "a", "b")`
    fn choice_as_call(&self) -> Option<Diagnostic> {
        if self.str(0) != "," || !self.expects(Rule::paren_close) {
            return None;
        }
        let (mut open, mut depth) = (-1, 0);
        loop {
            match self.kind(open)? {
                Kind::Close(_) => depth += 1,
                Kind::Open(_) if depth == 0 => break,
                Kind::Open(_) => depth -= 1,
                _ => {}
            }
            open -= 1;
        }
        if self.word(open - 1) != "if" {
            return None;
        }
        // The commas and the end of the call.
        let (mut at, mut cuts) = (0, Vec::new());
        loop {
            match self.kind(at)? {
                Kind::Open(_) => depth += 1,
                Kind::Close(_) if depth == 0 => break,
                Kind::Close(_) => depth -= 1,
                _ if depth == 0 && self.str(at) == "," => cuts.push(at),
                _ => {}
            }
            at += 1;
        }
        let [first, second] = cuts[..] else { return None };
        let part = |from: isize, to: isize| self.text(self.span(from, to)).to_owned();
        let choice = format!(
            "if {} then {} else {}",
            part(open + 1, first - 1),
            part(first + 1, second - 1),
            part(second + 1, at - 1)
        );
        let span = self.span(open - 1, at);
        let message = "a choice between two values is written in words".to_owned();
        let problem = self.mistake(span, message, "not by a call", choice.clone())?;
        Some(problem.fix(span, choice))
    }

    /// `timezone: "Europe/Rome"`, `fri: 09:00-12:00`
    fn colon_too_many(&self) -> Option<Diagnostic> {
        let word = self.word(-1);
        let setting = matches!(word, "timezone" | "hours" | "locale" | "closed");
        if self.str(0) != ":" || !setting && !WEEKDAYS.contains(&word) || self.place == Place::Field {
            return None;
        }
        let span = self.span(0, 0);
        let message = format!("no `:` stands behind `{word}`");
        let (value, _) = self.value_at(1);
        let help = if value.is_empty() { "delete it".to_owned() } else { format!("{word} {value}") };
        let problem = self.mistake(span, message, "take it away", help)?;
        Some(problem.fix(span, ""))
    }

    /// `timezone Europe/Rome`
    fn zone_without_quotes(&self) -> Option<Diagnostic> {
        let first = match (self.word(-2), self.word(-1)) {
            ("timezone", _) if self.str(0) == "/" => -1,
            (_, "timezone") if self.str(1) == "/" && !self.word(0).is_empty() => 0,
            _ => return None,
        };
        let mut last = first + 2;
        while self.str(last + 1) == "/" && !self.word(last + 2).is_empty() {
            last += 2;
        }
        let span = self.span(first, last);
        let zone = format!("\"{}\"", self.text(span));
        let message = "the name of a time zone stands in quotes".to_owned();
        let problem = self.mistake(span, message, "without quotes", format!("timezone {zone}"))?;
        Some(problem.fix(span, zone))
    }

    /// `wait 3 giorni`
    fn unit_of_another_language(&self) -> Option<Diagnostic> {
        let word = self.word(0);
        if word.is_empty() || self.kind(-1) != Some(Kind::Number) || !self.expects(Rule::time_unit) {
            return None;
        }
        let unit = match word.to_lowercase().as_str() {
            "giorno" | "giorni" | "tag" | "tage" | "tagen" | "dias" | "día" | "días" | "jour" | "jours"
            | "d" => "days",
            "ora" | "ore" | "stunde" | "stunden" | "hora" | "horas" | "heure" | "heures" | "h" | "hrs"
            | "hr" => "hours",
            "minuto" | "minuti" | "minuten" | "minutos" | "min" | "mins" => "minutes",
            "settimana" | "settimane" | "woche" | "wochen" | "semana" | "semanas" | "semaine"
            | "semaines" => "weeks",
            "secondo" | "secondi" | "sekunde" | "sekunden" | "sec" | "secs" => "seconds",
            _ => return None,
        };
        if unit_named(word).is_some() {
            return None;
        }
        let unit = if self.str(-1) == "1" { &unit[..unit.len() - 1] } else { unit };
        let span = self.span(0, 0);
        let problem = Diagnostic::new(Code::WrongDuration, span, format!("`{word}` is no unit of time here"))
            .label(format!("this is written `{unit}`"))
            .help(format!("{} {unit}", self.str(-1)));
        Some(problem.fix(span, unit))
    }

    /// `10 000 EUR`
    fn digits_in_groups(&self) -> Option<Diagnostic> {
        let digits = |text: &str, most: usize| {
            !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit())
        };
        if self.kind(0) != Some(Kind::Number) || !digits(self.str(-1), 3) {
            return None;
        }
        let mut last = -1;
        while self.kind(last + 1) == Some(Kind::Number)
            && self.str(last + 1).len() == 3
            && digits(self.str(last + 1), 3)
        {
            last += 1;
        }
        if last < 0 {
            return None;
        }
        let span = self.span(-1, last);
        let written = self.text(span);
        let whole: String = written.chars().filter(char::is_ascii_digit).collect();
        let problem = Diagnostic::new(Code::Syntax, span, format!("`{written}` is no number here"))
            .label("digits are not grouped by blanks; `_` may stand between them")
            .help(whole.clone());
        Some(problem.fix(span, whole))
    }

    /// `trigger on call.missed { … }`
    fn trigger_with_braces(&self) -> Option<Diagnostic> {
        let trigger = matches!(self.opening(), "trigger" | "disabled");
        if !trigger || self.kind(0) != Some(Kind::Open(Bracket::Brace)) || !self.expects(Rule::kw_allow) {
            return None;
        }
        self.mistake(
            self.span(0, 0),
            "a trigger has no braces".to_owned(),
            "a trigger moves the record, and a rule of the stage says what happens then",
            "rule name { … }".to_owned(),
        )
    }

    /// `on amount changed`
    fn field_changed(&self) -> Option<Diagnostic> {
        if !matches!(self.word(0), "changed" | "changes" | "change" | "modified" | "updated")
            || self.word(-1).is_empty()
            || !matches!(self.word(-2), "on" | "or" | "for")
        {
            return None;
        }
        let span = self.span(-1, 0);
        if self.word(-1) == "stage" {
            return Some(self.stage_changes(span));
        }
        let help = format!("change of {}", self.word(-1));
        let message = format!("`{}` cannot stand here", self.word(0));
        let problem = self.mistake(span, message, "the change is named first", help.clone())?;
        Some(problem.fix(span, help))
    }

    /// `on document.viewed("Offer")`
    fn value_without_its_name(&self) -> Option<Diagnostic> {
        let listens =
            matches!(self.opening(), "trigger" | "disabled") || self.word(-3) == "on" || self.str(-3) == ".";
        if !listens
            || self.kind(0) != Some(Kind::Text)
            || self.str(-1) != "("
            || !self.expects(Rule::paren_close)
        {
            return None;
        }
        let span = self.span(0, 0);
        self.mistake(
            span,
            "what is chosen here has a name".to_owned(),
            "the name is missing before this",
            format!("template: {0}, line: {0} or form: {0}, as the event calls it", self.text(span)),
        )
    }

    /// `phone: +49 30 123456`
    fn phone_without_quotes(&self) -> Option<Diagnostic> {
        if self.str(0) != "+" || self.kind(1) != Some(Kind::Number) || self.str(-1) != ":" {
            return None;
        }
        let mut last = 1;
        while self.kind(last + 1) == Some(Kind::Number) {
            last += 1;
        }
        let span = self.span(0, last);
        let number = format!("\"{}\"", self.text(span));
        let message = "a telephone number stands in quotes".to_owned();
        let problem = self.mistake(span, message, "without quotes", number.clone())?;
        Some(problem.fix(span, number))
    }
}
