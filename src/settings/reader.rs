//! Reading TOML: each value is asked for by its name, and what nobody has asked for is a mistake.

use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::{FileId, Sources, Span};
use crate::value::Duration;
use crate::value::time::in_range;
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use std::ops::RangeInclusive;
use toml::de::{DeTable, DeValue};

/// A file that is read.
pub struct Reader {
    file: FileId,
    pub diagnostics: Vec<Diagnostic>,
    /// The paths of all that has been asked for: `test.jobs`.
    pub known: Vec<String>,
    left: Vec<(Span, String, String)>,
}

/// A table of the file. One that is not there is empty.
pub struct Table<'t> {
    path: String,
    entries: Option<&'t DeTable<'t>>,
    asked: Vec<&'static str>,
}

/// A value at its place.
type Placed<T> = Option<(T, Span)>;

impl Reader {
    /// Reads a text with `read`, which is given the table of all; what it is about stands in `sources` then.
    pub fn read<T>(
        name: &str,
        text: &str,
        sources: &mut Sources,
        read: impl FnOnce(&mut Reader, Table<'_>) -> T,
    ) -> (T, Reader) {
        let file = sources.add(name, None, text);
        let mut reader = Reader { file, diagnostics: Vec::new(), known: Vec::new(), left: Vec::new() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span =
                error.span().map_or(Span::new(file, 0, 0), |span| Span::new(file, span.start, span.end));
            let message = format!("this is no TOML: {}", error.message());
            reader.diagnostics.push(Diagnostic::new(Code::SettingWrong, span, message));
        }
        // What is left of a broken file says nothing about the rest.
        let broken = !reader.diagnostics.is_empty();
        let entries = (!broken).then_some(table.get_ref());
        let given = read(&mut reader, Table { path: String::new(), entries, asked: Vec::new() });
        reader.unknown();
        reader.diagnostics.sort_by_key(|diagnostic| diagnostic.span().start);
        (given, reader)
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    fn bad(&mut self, span: Span, message: String, label: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(Code::SettingWrong, span, message).label(label));
    }

    /// A date and time of the other kind than is wanted, or none at all.
    fn bad_time(&mut self, span: Span, path: &str, wanted: &str, text: &str) {
        let date = text.get(..10).is_some_and(|date| date.parse::<chrono::NaiveDate>().is_ok());
        let behind = text.get(10..).unwrap_or_default();
        let offset = behind.contains(['Z', 'z', '+', '-']);
        let label = match (date, behind.is_empty(), offset) {
            (false, ..) => "this is no date and time",
            (true, true, _) => "this is a date without a time",
            (true, false, true) if wanted.contains("without") => "leave out what stands behind the time",
            (true, false, false) if !wanted.contains("without") => {
                "neither `Z` nor an offset stands behind it"
            }
            (true, false, _) => "there is no such time",
        };
        self.bad(span, format!("`{path}` must be {wanted}"), label);
    }

    /// A value of another kind than is wanted.
    fn wrong(&mut self, (value, span, path): (&DeValue<'_>, Span, &str), wanted: &str) {
        self.bad(span, format!("`{path}` must be {wanted}"), format!("this is {}", kind(value)));
    }

    fn asked<'t>(
        &mut self,
        table: &mut Table<'t>,
        key: &'static str,
    ) -> Option<(&'t DeValue<'t>, Span, String)> {
        let path = table.path_of(key);
        table.asked.push(key);
        if !self.known.contains(&path) {
            self.known.push(path.clone());
        }
        let (_, value) = table.entries?.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((value.get_ref(), self.span(value.span()), path))
    }

    /// A table within a table.
    pub fn table<'t>(&mut self, parent: &mut Table<'t>, key: &'static str) -> Table<'t> {
        let path = parent.path_of(key);
        let entries = match self.asked(parent, key) {
            Some((DeValue::Table(entries), ..)) => Some(entries),
            Some((value, span, path)) => {
                let wanted = format!("a table: write its settings below a line [{key}]");
                self.wrong((value, span, &path), &wanted);
                None
            }
            None => None,
        };
        Table { path, entries, asked: Vec::new() }
    }

    /// The tables of a list, `[[reply]]`, each with its place; without any, one that is empty is gone through all the same,
    /// so that what is asked of it is known.
    pub fn tables<'t>(
        &mut self,
        parent: &mut Table<'t>,
        key: &'static str,
    ) -> (Vec<(Table<'t>, Span)>, Table<'t>) {
        let path = parent.path_of(key);
        let none = Table { path: path.clone(), entries: None, asked: Vec::new() };
        let Some((value, span, path)) = self.asked(parent, key) else { return (Vec::new(), none) };
        let DeValue::Array(items) = value else {
            let wanted = format!("a list of tables: begin each with a line [[{key}]]");
            self.wrong((value, span, &path), &wanted);
            return (Vec::new(), none);
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            let span = self.span(item.span());
            match item.get_ref() {
                DeValue::Table(entries) => {
                    tables.push((
                        Table { path: path.clone(), entries: Some(entries), asked: Vec::new() },
                        span,
                    ));
                }
                value => self.wrong((value, span, &path), "a list of tables"),
            }
        }
        (tables, none)
    }

    pub fn text(&mut self, table: &mut Table<'_>, key: &'static str) -> Placed<String> {
        let (value, span, path) = self.asked(table, key)?;
        let Some(text) = value.as_str() else {
            self.wrong((value, span, &path), "a text, in quotation marks");
            return None;
        };
        Some((text.to_owned(), span))
    }

    /// A list of texts, each with its place.
    pub fn texts(&mut self, table: &mut Table<'_>, key: &'static str) -> Vec<(String, Span)> {
        let Some((value, span, path)) = self.asked(table, key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            self.wrong((value, span, &path), "a list of texts, as [\"unused\"]");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            let span = self.span(item.span());
            match item.get_ref().as_str() {
                Some(text) => texts.push((text.to_owned(), span)),
                None => self.wrong((item.get_ref(), span, &path), "a list of texts, as [\"unused\"]"),
            }
        }
        texts
    }

    /// One of some words.
    pub fn choice(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        words: &[&'static str],
    ) -> Placed<usize> {
        let path = table.path_of(key);
        let (text, span) = self.text(table, key)?;
        if let Some(at) = words.iter().position(|word| *word == text) {
            return Some((at, span));
        }
        let all: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let message = format!("`{path}` must be {}", all.join(" or "));
        let near = suggest::nearest(&text, words.iter().copied());
        let mut diagnostic = Diagnostic::new(Code::SettingWrong, span, message);
        if let Some(near) = near {
            diagnostic =
                diagnostic.help(format!("did you mean \"{near}\"?")).fix(span, format!("\"{near}\""));
        }
        self.diagnostics.push(diagnostic);
        None
    }

    pub fn number(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        range: RangeInclusive<u32>,
    ) -> Placed<u32> {
        let (value, span, path) = self.asked(table, key)?;
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(number) = value.as_integer() else {
            self.wrong((value, span, &path), &wanted);
            return None;
        };
        let read = u32::from_str_radix(number.as_str(), number.radix()).ok();
        let read = read.filter(|number| range.contains(number));
        if read.is_none() {
            self.bad(span, format!("`{path}` must be {wanted}"), format!("this is {}", number.as_str()));
        }
        Some((read?, span))
    }

    /// A percentage, with a fraction or without.
    pub fn percent(&mut self, table: &mut Table<'_>, key: &'static str) -> Placed<Decimal> {
        let (value, span, path) = self.asked(table, key)?;
        let wanted = "a number from 0 to 100";
        let (read, text) = match value {
            DeValue::Integer(number) => {
                let read = u32::from_str_radix(number.as_str(), number.radix()).ok();
                (read.map(Decimal::from), number.as_str())
            }
            DeValue::Float(number) => {
                let text = number.as_str();
                (text.parse().or_else(|_| Decimal::from_scientific(text)).ok(), text)
            }
            _ => {
                self.wrong((value, span, &path), wanted);
                return None;
            }
        };
        let read = read.filter(|number| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(number));
        if read.is_none() {
            self.bad(span, format!("`{path}` must be {wanted}"), format!("this is {text}"));
        }
        Some((read?, span))
    }

    /// A date and a time, as TOML writes them or as a text.
    fn instant_text(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        wanted: &str,
    ) -> Placed<(String, String)> {
        let (value, span, path) = self.asked(table, key)?;
        let text = match value {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) => text.trim().replacen(' ', "T", 1),
            _ => {
                self.wrong((value, span, &path), wanted);
                return None;
            }
        };
        Some(((text, path), span))
    }

    /// An instant, with `Z` or an offset.
    pub fn instant(&mut self, table: &mut Table<'_>, key: &'static str) -> Placed<DateTime<Utc>> {
        let wanted = "a date and time with `Z` or an offset, as 2026-03-02T10:00:00Z";
        let ((text, path), span) = self.instant_text(table, key, wanted)?;
        let short = |form| DateTime::parse_from_str(&text.replace('Z', "+00:00"), form).ok();
        let read = DateTime::parse_from_rfc3339(&text).ok().or_else(|| short("%Y-%m-%dT%H:%M%:z"));
        let read = read.map(|time| time.to_utc()).filter(in_range);
        if read.is_none() {
            self.bad_time(span, &path, wanted, &text);
        }
        Some((read?, span))
    }

    /// A date and a time of day, wherever that is.
    pub fn local(&mut self, table: &mut Table<'_>, key: &'static str) -> Placed<NaiveDateTime> {
        let wanted = "a date and time without an offset, as 2026-01-05T09:00:00";
        let ((text, path), span) = self.instant_text(table, key, wanted)?;
        let forms = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
        let read = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
        let read = read.filter(|time| in_range(&time.and_utc()));
        if read.is_none() {
            self.bad_time(span, &path, wanted, &text);
        }
        Some((read?, span))
    }

    /// `"30 days"`, `"1 hour 30 minutes"`, `"2h"`.
    pub fn duration(&mut self, table: &mut Table<'_>, key: &'static str) -> Placed<Duration> {
        let wanted = "a duration in quotation marks, as \"30 days\" or \"2 hours\"";
        let (value, span, path) = self.asked(table, key)?;
        let Some(text) = value.as_str() else {
            self.wrong((value, span, &path), wanted);
            return None;
        };
        let read = duration(text);
        if read.is_none() {
            let label = match text.trim().parse::<u64>() {
                Ok(_) => "its unit is missing",
                Err(_) => "this is no number with a unit: second, minute, hour, day or week",
            };
            self.bad(span, format!("`{path}` must be {wanted}"), label);
        }
        Some((read?, span))
    }

    pub fn timezone(&mut self, table: &mut Table<'_>, key: &'static str) -> Placed<Tz> {
        let path = table.path_of(key);
        let (text, span) = self.text(table, key)?;
        if let Ok(tz) = text.parse::<Tz>() {
            return Some((tz, span));
        }
        let message = format!("`{path}` must be the name of a time zone, as \"Europe/Berlin\"");
        let mut diagnostic =
            Diagnostic::new(Code::SettingWrong, span, message).label("there is no such time zone");
        if let Some(near) = suggest::nearest(&text, chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name())) {
            diagnostic =
                diagnostic.help(format!("did you mean \"{near}\"?")).fix(span, format!("\"{near}\""));
        }
        self.diagnostics.push(diagnostic);
        None
    }

    /// Any value, as JSON.
    pub fn json(&mut self, table: &mut Table<'_>, key: &'static str) -> Placed<serde_json::Value> {
        let (value, span, _) = self.asked(table, key)?;
        Some((json(value), span))
    }

    /// A mistake in what a value says, found by whoever asked for it.
    pub fn refuse(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// What has not been asked for in this table is a mistake.
    pub fn finish(&mut self, table: &Table<'_>) {
        for (name, _) in table.entries.into_iter().flat_map(|entries| entries.iter()) {
            if !table.asked.contains(&name.get_ref().as_ref()) {
                let span = self.span(name.span());
                self.left.push((span, table.path.clone(), name.get_ref().to_string()));
            }
        }
    }

    fn unknown(&mut self) {
        for (span, table, name) in std::mem::take(&mut self.left) {
            let split = |path: &'_ String| match path.rsplit_once('.') {
                Some((table, name)) => (table.to_owned(), name.to_owned()),
                None => (String::new(), path.clone()),
            };
            let known: Vec<(String, String)> = self.known.iter().map(split).collect();
            let here: Vec<&str> =
                known.iter().filter(|(of, _)| *of == table).map(|(_, name)| name.as_str()).collect();
            let place = if table.is_empty() { String::new() } else { format!(" in [{table}]") };
            let message = format!("there is no setting `{name}`{place}");
            let mut diagnostic = Diagnostic::new(Code::SettingUnknown, span, message);
            let alike = |other: &&(String, String)| other.1 == name.replace('_', "-") && other.0 != table;
            diagnostic = if let Some(near) = suggest::nearest(&name, here.iter().copied()) {
                diagnostic.help(format!("did you mean `{near}`?")).fix(span, near)
            } else if let Some((of, name)) = known.iter().find(alike) {
                let below =
                    if of.is_empty() { "above all tables".to_owned() } else { format!("below [{of}]") };
                diagnostic.help(format!("`{name}` stands {below}"))
            } else {
                let here: Vec<String> = here.iter().map(|name| format!("`{name}`")).collect();
                diagnostic.help(format!("what there is: {}", here.join(", ")))
            };
            self.diagnostics.push(diagnostic);
        }
    }
}

impl Table<'_> {
    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub fn is_there(&self) -> bool {
        self.entries.is_some()
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn json(value: &DeValue<'_>) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Json::from(number),
            Err(_) => Json::String(number.as_str().to_owned()),
        },
        // A decimal is exact as a text, and no number in between is.
        DeValue::Float(number) => Json::String(number.as_str().to_owned()),
        DeValue::Boolean(value) => Json::Bool(*value),
        DeValue::Datetime(time) => Json::String(time.to_string()),
        DeValue::Array(items) => Json::Array(items.iter().map(|item| json(item.get_ref())).collect()),
        DeValue::Table(table) => {
            let members =
                table.iter().map(|(name, value)| (name.get_ref().to_string(), json(value.get_ref())));
            Json::Object(members.collect())
        }
    }
}

/// Numbers with their units, one after the other.
fn duration(text: &str) -> Option<Duration> {
    let mut sum = Duration { days: 0, seconds: 0 };
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: i64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (days, seconds) = match &rest[..letters] {
            "second" | "seconds" | "s" => (0, 1),
            "minute" | "minutes" | "m" => (0, 60),
            "hour" | "hours" | "h" => (0, 3_600),
            "day" | "days" | "d" => (1, 0),
            "week" | "weeks" | "w" => (7, 0),
            _ => return None,
        };
        sum.days = sum.days.checked_add(number.checked_mul(days)?)?;
        sum.seconds = sum.seconds.checked_add(number.checked_mul(seconds)?)?;
        rest = rest[letters..].trim_start();
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let read = |text| duration(text).map(|d| (d.days, d.seconds));
        assert_eq!(read("30 days"), Some((30, 0)));
        assert_eq!(read("2 weeks 1 day"), Some((15, 0)));
        assert_eq!(read("1h30m"), Some((0, 5_400)));
        assert_eq!(read("1 hour 90 seconds"), Some((0, 3_690)));
        for wrong in
            ["", "days", "3", "3 months", "3 days and", "-1 day", "9999999999999999999 weeks", "1.5 h"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
