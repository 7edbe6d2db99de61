//! Dates, shares and labels as they are spoken: `3 April 2026`, `20 percent`, a label without its quotes.

use super::cut::Place;
use super::hints::Stop;
use super::scan::Kind;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use rust_decimal::Decimal;

/// The months, as they begin in the languages of those who write rules.
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "gennaio", "janvier", "enero"],
    &["february", "februar", "febbraio", "février", "febrero"],
    &["march", "märz", "marzo", "mars"],
    &["april", "aprile", "avril", "abril"],
    &["may", "mai", "maggio", "mayo"],
    &["june", "juni", "giugno", "juin", "junio"],
    &["july", "juli", "luglio", "juillet", "julio"],
    &["august", "agosto", "août"],
    &["september", "settembre", "septembre", "septiembre", "sept"],
    &["october", "oktober", "ottobre", "octobre", "octubre"],
    &["november", "novembre", "noviembre"],
    &["december", "dezember", "dicembre", "décembre", "diciembre"],
];

/// The number of a month, by its name or the first three letters of it.
fn month(word: &str) -> Option<usize> {
    let word = word.to_lowercase();
    let is = |name: &&str| *name == word || word.chars().count() == 3 && name.starts_with(&word);
    MONTHS.iter().position(|names| names.iter().any(is)).map(|n| n + 1)
}

impl Stop<'_> {
    pub fn spoken(&self) -> Option<Diagnostic> {
        self.date_in_words()
            .or_else(|| self.day_without_its_year())
            .or_else(|| self.share_in_words())
            .or_else(|| self.time_ago())
            .or_else(|| self.working_days())
            .or_else(|| self.currency_in_placeholder())
            .or_else(|| self.required_or_optional())
            .or_else(|| self.kind_behind_stage())
            .or_else(|| self.rule_outside())
    }

    /// `closed 25.12`
    fn day_without_its_year(&self) -> Option<Diagnostic> {
        let (day, month) = self.str(0).split_once('.')?;
        let (day, month) = (day.parse().ok()?, month.parse().ok()?);
        let example = chrono::NaiveDate::from_ymd_opt(2028, month, day)?;
        if self.place != Place::Calendar || self.kind(0) != Some(Kind::Number) || self.opening() != "closed" {
            return None;
        }
        let span = self.span(0, 0);
        Some(
            Diagnostic::new(Code::WrongDate, span, format!("`{}` is no date here", self.text(span)))
                .label("a date is year-month-day, with its year")
                .help(format!("write the year too, as in {example}")),
        )
    }

    /// `created > 30 days ago`
    fn time_ago(&self) -> Option<Diagnostic> {
        let unit = super::scan::numbers::unit_named(self.word(-1));
        if self.word(0) != "ago" || self.kind(-2) != Some(Kind::Number) || unit.is_none() {
            return None;
        }
        let span = self.span(-2, 0);
        let ours = format!("now - {} {}", self.str(-2), self.word(-1));
        Some(
            Diagnostic::new(Code::WrongDuration, span, "a time in the past is counted back from now")
                .label("`ago` is no word of the language")
                .help(ours.clone())
                .fix(span, ours),
        )
    }

    /// `wait 2 workdays`
    fn working_days(&self) -> Option<Diagnostic> {
        let word = self.word(0).to_lowercase();
        let two = matches!(word.as_str(), "working" | "business") && self.word(1).starts_with("day");
        let one = matches!(word.as_str(), "workday" | "workdays" | "weekdays" | "werktage" | "arbeitstage");
        if !(one || two) || self.kind(-1) != Some(Kind::Number) {
            return None;
        }
        let span = self.span(-1, isize::from(two));
        let scan = self.reader.scan;
        let calendar = (1..scan.tokens.len()).find(|i| {
            scan.word(i - 1) == "calendar" && scan.kind(*i) == Some(Kind::Word) && scan.word(i + 1) != ":"
        });
        let calendar = calendar.map_or("Office", |at| scan.word(at));
        let ours = format!("add_workdays(today, {}, {calendar})", self.str(-1));
        let help = match self.word(-2) {
            "wait" => format!("wait until {ours}"),
            "after" => format!("at {ours}"),
            _ => ours,
        };
        let problem =
            Diagnostic::new(Code::WrongDuration, span, format!("`{}` is no duration", self.text(span)))
                .label("working days are counted from a day on")
                .help(help);
        Some(problem)
    }

    /// `"{amount EUR}"`
    fn currency_in_placeholder(&self) -> Option<Diagnostic> {
        let code = self.word(0);
        let plain = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        if !plain
            || self.word(-1).is_empty()
            || !self.expects(super::Rule::colon)
            || !self.expects(super::Rule::brace_close)
        {
            return None;
        }
        let span = self.span(0, 0);
        let gone = Span { start: self.span(-1, -1).end, ..span };
        Some(
            Diagnostic::new(Code::Syntax, span, format!("`{code}` is not needed here"))
                .label("an amount is printed with its currency")
                .help(format!("{{{}}}", self.word(-1)))
                .fix(gone, ""),
        )
    }

    /// `due: date required`, `due: date optional`
    fn required_or_optional(&self) -> Option<Diagnostic> {
        let word = self.word(0).to_lowercase();
        if self.place != Place::Field || self.word(-1).is_empty() || !self.expects(super::Rule::question) {
            return None;
        }
        let span = self.span(0, 0);
        let whole = Span { start: self.span(-1, -1).end, ..span };
        let (ty, written) = (self.word(-1), self.word(0));
        Some(match word.as_str() {
            "required" | "mandatory" | "obligatory" => {
                Diagnostic::new(Code::Syntax, span, format!("`{written}` is not needed here"))
                    .label("a field is always filled, unless its type ends with `?`")
                    .help(ty.to_owned())
                    .fix(whole, "")
            }
            "optional" | "nullable" => {
                Diagnostic::new(Code::Syntax, span, format!("`{written}` is written `?`"))
                    .label("behind the type")
                    .help(format!("{ty}?"))
                    .fix(whole, "?")
            }
            _ => return None,
        })
    }

    /// `stage Won success { … }`
    fn kind_behind_stage(&self) -> Option<Diagnostic> {
        let kind = self.word(0);
        let ends = self.token(1).is_none() || self.str(1) == "{";
        if !matches!(kind, "success" | "failure") || self.word(-2) != "stage" || !ends {
            return None;
        }
        let (span, name) = (self.span(0, 0), self.word(-1));
        let gone = Span { start: self.span(-1, -1).end, ..span };
        Some(
            Diagnostic::new(Code::Syntax, span, format!("`{kind}` stands before `stage`"))
                .label("not behind the name")
                .help(format!("{kind} stage {name}"))
                .fix(self.span(-2, -2).before(), format!("{kind} "))
                .fix(gone, ""),
        )
    }

    /// `WHEN deal created`, as a line of its own
    fn rule_outside(&self) -> Option<Diagnostic> {
        let word = self.word(0).to_lowercase();
        let begins = self.token(0).is_some_and(|token| token.first);
        let outside = matches!(self.place, Place::Declaration | Place::Head)
            && (self.at == self.piece.start || !matches!(self.opening(), "pipeline" | "rule" | "stage"));
        let says = matches!(word.as_str(), "when" | "whenever" | "if" | "then" | "every");
        if !begins || !outside || !says || self.reader.member_word(self.piece) == "rule" {
            return None;
        }
        let span = self.span(0, 0);
        Some(
            Diagnostic::new(Code::WrongPlace, span, format!("`{}` cannot stand here", self.word(0)))
                .label("what is to be done stands in a rule, in a stage of a pipeline")
                .help("pipeline Name for Entity { stage New { rule name on … when … { … } } }"),
        )
    }

    fn number_at(&self, distance: isize, digits: std::ops::RangeInclusive<usize>) -> Option<&str> {
        let text = self.str(distance);
        let plain = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        (self.kind(distance) == Some(Kind::Number) && plain).then_some(text)
    }

    /// `3 April 2026`, `3. April 2026`, `April 3, 2026`
    fn date_in_words(&self) -> Option<Diagnostic> {
        (-3..=2).find_map(|at| self.date_around(at, month(self.word(at))?))
    }

    /// The date in which the name of a month stands at a distance.
    fn date_around(&self, at: isize, month: usize) -> Option<Diagnostic> {
        let comma = |at: isize| isize::from(self.str(at) == ",");
        let dot = isize::from(self.str(at - 1) == ".");
        let (from, day, to) = match self.number_at(at - 1 - dot, 1..=2) {
            Some(day) => (at - 1 - dot, day, at + 1 + comma(at + 1)),
            None => (at, self.number_at(at + 1, 1..=2)?, at + 2 + comma(at + 2)),
        };
        let year = self.number_at(to, 4..=4)?;
        let date =
            chrono::NaiveDate::from_ymd_opt(year.parse().ok()?, month as u32, day.parse().ok()?)?.to_string();
        // Only if what is wrong stands in it.
        let span = self.span(from, to);
        let wrong = self.span(0, 0);
        if wrong.end < span.start || wrong.start > span.end {
            return None;
        }
        let message = format!("`{}` is no date here", self.text(span));
        Some(
            Diagnostic::new(Code::WrongDate, span, message)
                .label("a date is year-month-day with all its digits")
                .help(date.clone())
                .fix(span, date),
        )
    }

    /// `20 percent`
    fn share_in_words(&self) -> Option<Diagnostic> {
        let word = self.word(0).to_lowercase();
        if self.kind(-1) != Some(Kind::Number)
            || !matches!(word.as_str(), "percent" | "percents" | "pct" | "prozent" | "percento" | "por")
        {
            return None;
        }
        let number: Decimal = self.str(-1).replace('_', "").parse().ok()?;
        let share = number.checked_div(Decimal::ONE_HUNDRED)?.normalize().to_string();
        let message = format!("`{}` means nothing here", self.word(0));
        Some(
            Diagnostic::new(Code::UnknownCharacter, self.span(0, 0), message)
                .label("a share is a plain number")
                .help(share),
        )
    }

    /// `stage New Request { … }`, `stage Big 10k EUR { … }`, `stage Contract Details "The contract" { … }`
    pub fn name_of_two_words(&self) -> Option<Diagnostic> {
        let word = self.reader.member_word(self.piece);
        let kinds = ["stage", "rule", "pipeline", "entity", "user", "department", "role", "calendar"];
        let bare = word == "stage" && self.place == Place::PipelineMember;
        let part = |at: isize| match self.kind(at) {
            Some(Kind::Word) => self.str(at),
            Some(Kind::Number) if word == "stage" => self.str(at),
            _ => "",
        };
        if self.place != Place::Head && !bare
            || !kinds.contains(&word)
            || part(0).is_empty()
            || self.word(-2) != word
            || !(self.expects(super::Rule::text) || self.expects(super::Rule::quote))
        {
            return None;
        }
        let mut words = vec![self.word(-1)];
        let mut end = 0;
        let clauses = ["on", "after", "at", "during", "when", "once", "overlap", "detached"];
        let clause = |at: isize| word == "rule" && clauses.contains(&self.word(at));
        while !part(end).is_empty() && self.word(end) != "for" && !clause(end) {
            words.push(part(end));
            end += 1;
        }
        let labelled = self.kind(end) == Some(Kind::Text);
        // A clause of a rule that is misspelt is no part of its name.
        if !labelled && self.token(end).is_some() && self.word(end) != "for" && !clause(end)
            || words.len() > 6
        {
            return None;
        }
        if word == "rule" && crate::diagnostic::suggest::nearest(self.word(0), clauses).is_some() {
            return None;
        }
        let span = self.span(-1, end - 1);
        if labelled {
            // The label is there: the words before it are one name.
            let lower = !matches!(word, "stage" | "pipeline" | "entity" | "calendar");
            let name = super::mistakes::name_from(self.text(span), lower);
            let label = self.str(end);
            return Some(
                Diagnostic::new(Code::WrongName, span, "a name is one word")
                    .label("these are several")
                    .help(format!("{word} {name} {label}"))
                    .fix(span, name),
            );
        }
        // The first word is the name; a single word behind it is no label of its own.
        let name = words[0];
        let whole = Span { start: self.span(0, 0).start, ..self.span(0, end - 1) };
        let label = if words.len() > 2 { self.text(whole) } else { self.text(span) };
        let ours = format!("{name} \"{label}\"");
        Some(
            Diagnostic::new(Code::WrongName, span, "a name is one word, and a label needs quotes")
                .label("the label stands behind the name, in quotes")
                .help(format!("{word} {ours}"))
                .fix(span, ours),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_told_by_their_names_and_by_three_letters() {
        assert_eq!(month("April"), Some(4));
        assert_eq!(month("apr"), Some(4));
        assert_eq!(month("März"), Some(3));
        assert_eq!(month("dic"), Some(12));
        assert_eq!(month("Mon"), None);
        assert_eq!(month("days"), None);
    }
}
