//! Numbers, dates and times, and the many ways in which people write them elsewhere.

use super::{Bracket, Kind, Scanner, Token};
use crate::diagnostic::{Code, Diagnostic};
use rust_decimal::Decimal;

impl Scanner<'_> {
    pub(super) fn number(&mut self) {
        let start = self.at;
        self.nesting.run = 0;
        if self.foreign_date(start) || self.foreign_time(start) {
            return;
        }
        let end =
            self.date_end(start).or_else(|| self.clock_end(start)).unwrap_or_else(|| self.digits_end(start));
        let plain = self.bytes[start..end].iter().all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.'));
        if plain && self.grouped(start, end) {
            return;
        }
        let word_end = self.word_end(end);
        if word_end > end {
            self.glued(start, end, word_end);
            return;
        }
        if plain && (self.sign_behind(start, end) || self.thousands(start, end)) {
            return;
        }
        self.emit(Kind::Number, start, end);
        if plain {
            self.foreign_unit(start, end);
        }
    }

    fn all_digits(&self, start: usize, count: usize) -> bool {
        self.bytes.get(start..start + count).is_some_and(|b| b.iter().all(u8::is_ascii_digit))
    }

    fn is(&self, at: usize, byte: u8) -> bool {
        self.bytes.get(at) == Some(&byte)
    }

    fn digit_at(&self, at: usize) -> bool {
        self.bytes.get(at).is_some_and(u8::is_ascii_digit)
    }

    /// How many digits stand at `at`.
    fn count_digits(&self, at: usize) -> usize {
        self.bytes[at.min(self.bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count()
    }

    /// `2026-03-01`, with or without time and zone.
    fn date_end(&self, start: usize) -> Option<usize> {
        let day = self.all_digits(start, 4)
            && self.is(start + 4, b'-')
            && self.all_digits(start + 5, 2)
            && self.is(start + 7, b'-')
            && self.all_digits(start + 8, 2)
            && !self.digit_at(start + 10);
        if !day {
            return None;
        }
        let end = start + 10;
        let Some(clock) = self.is(end, b'T').then(|| self.clock_end(end + 1)).flatten() else {
            return Some(end);
        };
        if self.is(clock, b'Z') {
            return Some(clock + 1);
        }
        let zone = (self.is(clock, b'+') || self.is(clock, b'-'))
            && self.all_digits(clock + 1, 2)
            && self.is(clock + 3, b':')
            && self.all_digits(clock + 4, 2)
            && !self.digit_at(clock + 6);
        Some(if zone { clock + 6 } else { clock })
    }

    /// `09:00`, `09:00:30`, `09:00:30.5`
    fn clock_end(&self, start: usize) -> Option<usize> {
        if !(self.all_digits(start, 2) && self.is(start + 2, b':') && self.all_digits(start + 3, 2)) {
            return None;
        }
        let mut end = start + 5;
        if self.is(end, b':') && self.all_digits(end + 1, 2) {
            end += 3;
            let fraction = self.count_digits(end + 1);
            if self.is(end, b'.') && (1..=9).contains(&fraction) {
                end += 1 + fraction;
            }
        }
        (!self.digit_at(end)).then_some(end)
    }

    fn digits_end(&self, start: usize) -> usize {
        let run = |from: usize| {
            self.bytes[from..]
                .iter()
                .position(|b| !b.is_ascii_digit() && *b != b'_')
                .map_or(self.bytes.len(), |n| from + n)
        };
        let whole = run(start);
        if self.is(whole, b'.') && self.digit_at(whole + 1) { run(whole + 1) } else { whole }
    }

    fn wrong_number(
        &mut self,
        code: Code,
        start: usize,
        end: usize,
        message: String,
        label: &str,
        help: String,
    ) {
        // A help that names a choice, or the separators of another country, leaves something to decide.
        let half = self.text[start..end].ends_with(['m', 'M']);
        let sure =
            !help.contains([',', ';']) && code != Code::GroupedNumber && (code != Code::WrongTime || half);
        let span = self.span(start, end);
        let problem = Diagnostic::new(code, span, message).label(label).help(help.clone());
        self.report(if sure { problem.fix(span, help) } else { problem });
        self.emit(Kind::Number, start, end);
    }

    /// `01/03/2026`, `1.3.2026`, `2026/03/01`, `2026-3-1`
    fn foreign_date(&mut self, start: usize) -> bool {
        let a = self.count_digits(start);
        let Some(&separator) = self.bytes.get(start + a) else { return false };
        if !matches!(separator, b'/' | b'.' | b'-') {
            return false;
        }
        let b = self.count_digits(start + a + 1);
        let second = start + a + 1 + b;
        if !self.is(second, separator) {
            return false;
        }
        let c = self.count_digits(second + 1);
        let end = second + 1 + c;
        if self.digit_at(end) || self.is(end, separator) {
            return false;
        }
        let number = |from: usize, count: usize| self.text[from..from + count].parse::<u32>().unwrap_or(0);
        let shape = |x: usize| (1..=2).contains(&x);
        let (x, y, z) =
            (number(start, a.min(9)), number(start + a + 1, b.min(9)), number(second + 1, c.min(9)));
        let year = |y: u32| (1900..2200).contains(&y);
        let help = if shape(a) && shape(b) && c == 4 && year(z) {
            match (x, y) {
                _ if x > 31 || y > 31 || (x > 12 && y > 12) => return false,
                _ if x > 12 || x == y => format!("{z}-{y:02}-{x:02}"),
                _ if y > 12 => format!("{z}-{x:02}-{y:02}"),
                _ => format!("{z}-{y:02}-{x:02}, if the day stands first, or {z}-{x:02}-{y:02}"),
            }
        } else if a == 4 && shape(b) && shape(c) && year(x) && (separator != b'-' || b + c < 4) {
            if y > 12 || z > 31 {
                return false;
            }
            format!("{x}-{y:02}-{z:02}")
        } else {
            return false;
        };
        let message = format!("`{}` is no date here", &self.text[start..end]);
        self.wrong_number(
            Code::WrongDate,
            start,
            end,
            message,
            "a date is year-month-day with all its digits",
            help,
        );
        true
    }

    /// `9:00`, `9am`, `9:30 pm`
    fn foreign_time(&mut self, start: usize) -> bool {
        let hours = self.count_digits(start);
        if hours > 2 {
            return false;
        }
        let mut end = start + hours;
        let mut minutes = "00";
        if self.is(end, b':') && self.all_digits(end + 1, 2) && !self.digit_at(end + 3) {
            minutes = &self.text[end + 1..end + 3];
            end += 3;
        }
        let timed = end > start + hours;
        let Ok(mut hour) = self.text[start..start + hours].parse::<u32>() else { return false };
        let blank = self.bytes[end..].iter().take_while(|b| **b == b' ').count();
        let word = &self.text[end + blank..self.word_end(end + blank)];
        let half = word.to_ascii_lowercase();
        if matches!(half.as_str(), "am" | "pm") && hour <= 12 && !self.names_entry(end + blank + 2) {
            hour = hour % 12 + if half == "pm" { 12 } else { 0 };
            end += blank + 2;
        } else if !(timed && hours == 1) {
            return false;
        }
        let message = format!("`{}` is no time of day here", &self.text[start..end]);
        let help = format!("{hour:02}:{minutes}");
        self.wrong_number(
            Code::WrongTime,
            start,
            end,
            message,
            "a time has two digits for hours and minutes",
            help,
        );
        true
    }

    /// Whether a colon follows, so that the word before it is the name of an entry.
    fn names_entry(&self, at: usize) -> bool {
        self.text.get(at..).is_some_and(|t| t.trim_start().starts_with(':'))
    }

    /// `5,000 EUR`, `5.000,50`: separators of another country.
    fn grouped(&mut self, start: usize, first_end: usize) -> bool {
        let mut end = first_end;
        let mut last = 0;
        while self.is(end, b',') && self.digit_at(end + 1) {
            last = self.count_digits(end + 1);
            end += 1 + last;
            if self.is(end, b'.') && self.digit_at(end + 1) {
                end += 1 + self.count_digits(end + 1);
            }
        }
        if end == first_end {
            return false;
        }
        let rest = self.text[end..].trim_start_matches([' ', '\u{A0}']);
        let money = rest.get(..3).is_some_and(|c| c.bytes().all(|b| b.is_ascii_uppercase()));
        // In lists and calls the comma parts two values, unless a currency makes no sense of that.
        if !money && matches!(self.around(), Some(Bracket::Square | Bracket::Paren)) {
            return false;
        }
        let written = &self.text[start..end];
        let thousands = last == 3 && !self.text[start..first_end].contains('.');
        let plain = if thousands || written.rfind('.') > written.rfind(',') {
            written.replace(',', "")
        } else {
            // The last comma was the decimal point, all before it grouped the digits.
            match written.rsplit_once(',') {
                Some((whole, part)) => format!("{}.{part}", whole.replace(['.', ','], "")),
                None => written.to_owned(),
            }
        };
        let message = format!("`{written}` is no number here");
        let label = "digits are not grouped by commas or points; `_` may stand between them";
        self.wrong_number(Code::GroupedNumber, start, end, message, label, plain);
        true
    }

    /// `50.000 EUR`: fifty, or, for half of the world, fifty thousand.
    fn thousands(&mut self, start: usize, end: usize) -> bool {
        let written = &self.text[start..end];
        let Some((whole, part)) = written.split_once('.') else { return false };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let blank = self.text[end..].len() - self.text[end..].trim_start_matches([' ', '\t', '\u{A0}']).len();
        let word = &self.text[end + blank..self.word_end(end + blank)];
        let money = word.len() == 3 && word.bytes().all(|b| b.is_ascii_uppercase());
        // `0.500` can only be a half; some currencies have three digits behind the point.
        let three = matches!(word, "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND");
        if !money || three || part.len() != 3 || !digits(part) || !digits(whole) {
            return false;
        }
        if whole.len() > 3 || whole.starts_with('0') {
            return false;
        }
        // Four digits cannot be thousands.
        let small = match part.strip_suffix('0') {
            Some(two) => format!("{whole}.{two} {word}"),
            None => format!("{written}0 {word}"),
        };
        let message = format!("`{written} {word}` could mean two amounts");
        let help = format!("{whole}{part} {word}, or {small}");
        let label = "three digits behind a point: thousands, or a part of one?";
        self.wrong_number(Code::GroupedNumber, start, end, message, label, help);
        true
    }

    /// Whether a stage and its name stand before this on the line, and nothing but words: a label without quotes,
    /// which the grammar refuses as a whole.
    fn in_label(&self) -> bool {
        if self.texts > 0 || self.first {
            return false;
        }
        let from = self.tokens.iter().rposition(|t| t.first).unwrap_or(0);
        let line = self.tokens.get(from..).unwrap_or_default();
        let word = |at: usize| line.get(at).and_then(|t| self.text.get(t.start as usize..t.end as usize));
        let stage = line
            .iter()
            .take(2)
            .position(|t| self.text.get(t.start as usize..t.end as usize) == Some("stage"));
        let led = matches!((stage, word(0)), (Some(0), _) | (Some(1), Some("success" | "failure")));
        let plain = |t: &Token| matches!(t.kind, Kind::Word | Kind::Number);
        led && stage.is_some_and(|at| line.len() > at + 1) && line.iter().all(plain)
    }

    /// `5000EUR`, `3days`, `2nd`
    fn glued(&mut self, start: usize, end: usize, word_end: usize) {
        if self.in_label() {
            self.emit(Kind::Number, start, word_end);
            return;
        }
        let number = &self.text[start..end];
        let word = &self.text[end..word_end];
        let message = format!("`{number}{word}` is neither a number nor a name");
        let unit = unit_named(&word.to_lowercase());
        let code = word.len() == 3 && word.bytes().all(|b| b.is_ascii_alphabetic());
        let help = if let Some(unit) = unit {
            with_unit(number, unit)
        } else if word == "k" || word == "K" {
            match number
                .replace('_', "")
                .parse()
                .ok()
                .and_then(|n: Decimal| n.checked_mul(Decimal::ONE_THOUSAND))
            {
                Some(whole) if number.contains('.') => whole.normalize().to_string(),
                _ => format!("{number}_000"),
            }
        } else if code {
            format!("{number} {}", word.to_uppercase())
        } else if number.contains([':', '-']) {
            format!("{number} {word}")
        } else {
            format!("\"{number}{word}\" for a text; a name begins with a letter")
        };
        self.wrong_number(
            Code::GluedNumber,
            start,
            word_end,
            message,
            "a blank belongs behind the number",
            help,
        );
    }

    /// `5000€`
    fn sign_behind(&mut self, start: usize, end: usize) -> bool {
        let blank = self.bytes[end..].iter().take_while(|b| **b == b' ').count();
        let Some(sign) = self.char_at(end + blank) else { return false };
        let Some(code) = currency_of(sign) else { return false };
        let number = &self.text[start..end];
        let end = end + blank + sign.len_utf8();
        let message = format!("`{sign}` is no currency here");
        let help = format!("{number} {code}");
        self.wrong_number(
            Code::CurrencySign,
            start,
            end,
            message,
            "an amount ends with the code of its currency",
            help,
        );
        true
    }

    /// `€5000`
    pub(super) fn sign_before(&mut self, sign: char, code: &str) {
        let start = self.at;
        let digits = start + sign.len_utf8() + usize::from(self.is(start + sign.len_utf8(), b' '));
        if !self.digit_at(digits) {
            let declared = matches!(self.last_str(), "currency" | "rates" | "in");
            let end = start + sign.len_utf8();
            if declared {
                let word = self.last_str();
                self.report(
                    Diagnostic::new(
                        Code::CurrencySign,
                        self.span(start, end),
                        format!("`{sign}` is no currency here"),
                    )
                    .label("a currency is named by its code of three letters")
                    .help(format!("{word} {code}"))
                    .fix(self.span(start, end), code),
                );
                self.emit(Kind::Word, start, end);
                return;
            }
            self.report(
                Diagnostic::new(
                    Code::CurrencySign,
                    self.span(start, start + sign.len_utf8()),
                    format!("`{sign}` is no currency here"),
                )
                .label("an amount ends with the code of its currency")
                .help(format!("5000 {code}")),
            );
            self.emit(Kind::Sign, start, start + sign.len_utf8());
            return;
        }
        let mut end = self.digits_end(digits);
        while self.is(end, b',') && self.digit_at(end + 1) {
            end = self.digits_end(end + 1);
        }
        let number = self.text[digits..end].replace(',', "");
        let message = format!("`{sign}` is no currency here");
        let help = format!("{number} {code}");
        self.wrong_number(
            Code::CurrencySign,
            start,
            end,
            message,
            "an amount ends with the code of its currency",
            help,
        );
    }

    /// Behind a number: `1 month`, `1.5 hours`.
    fn foreign_unit(&mut self, start: usize, end: usize) {
        let blank = self.text[end..].len() - self.text[end..].trim_start_matches([' ', '\t', '\u{A0}']).len();
        let word_start = end + blank;
        let word_end = self.word_end(word_start);
        let (number, word) = (&self.text[start..end], &self.text[word_start..word_end]);
        let followed = self.text[word_end..].trim_start();
        if word.is_empty() || followed.starts_with([':', '.']) {
            return;
        }
        let months = match word {
            "month" | "months" => 1,
            "quarter" | "quarters" => 3,
            "year" | "years" => 12,
            _ => 0,
        };
        let span = self.span(start, word_end);
        if months > 0 {
            let unit = word.trim_end_matches('s');
            let count = number.parse::<u32>().map_or(1, |n| n.saturating_mul(months));
            let days = (count / 12).saturating_mul(365).saturating_add(count % 12 * 30);
            self.report(
                Diagnostic::new(
                    Code::WrongDuration,
                    span,
                    format!("a {unit} has no fixed length, so it is no duration"),
                )
                .label("durations go from seconds to weeks")
                .help(format!("{days} days, or, for a date some months later, add_months(today, {count})")),
            );
            self.emit(Kind::Word, word_start, word_end);
        } else if number.contains('.')
            && let Some(unit) = unit_named(word).filter(|u| word.starts_with(u.0))
        {
            self.report(
                Diagnostic::new(Code::WrongDuration, span, "a duration is made of whole numbers")
                    .label("this is a fraction")
                    .help(with_unit(number, unit)),
            );
            self.emit(Kind::Word, word_start, word_end);
        }
    }
}

/// A unit and its seconds, by all that people call it.
pub fn unit_named(word: &str) -> Option<(&'static str, i64)> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => ("second", 1),
        "min" | "mins" | "minute" | "minutes" => ("minute", 60),
        "h" | "hr" | "hrs" | "hour" | "hours" => ("hour", 3600),
        "d" | "day" | "days" => ("day", 86_400),
        "w" | "wk" | "wks" | "week" | "weeks" => ("week", 7 * 86_400),
        _ => return None,
    })
}

/// `1.5` hours as `1 hour 30 minutes`
pub fn with_unit(number: &str, (unit, length): (&str, i64)) -> String {
    let plural = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let number: String = number.chars().filter(|c| *c != '_').collect();
    if let Ok(whole) = number.parse::<i64>() {
        return plural(whole, unit);
    }
    let seconds = Decimal::from_str_exact(&number)
        .ok()
        .and_then(|n| n.checked_mul(Decimal::from(length)))
        .and_then(|n| i64::try_from(n.round()).ok());
    let Some(mut seconds) = seconds else { return plural(1, unit) };
    let mut parts = Vec::new();
    for (name, size) in [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)] {
        if seconds >= size {
            parts.push(plural(seconds / size, name));
            seconds %= size;
        }
    }
    if parts.is_empty() { plural(0, unit) } else { parts.join(" ") }
}

/// The code behind a sign.
pub fn currency_of(sign: char) -> Option<&'static str> {
    Some(match sign {
        '€' => "EUR",
        '$' => "USD",
        '£' => "GBP",
        '¥' => "JPY",
        '₴' => "UAH",
        '₽' => "RUB",
        '₹' => "INR",
        '₺' => "TRY",
        '₪' => "ILS",
        '₩' => "KRW",
        _ => return None,
    })
}
