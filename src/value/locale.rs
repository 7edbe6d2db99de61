//! Printing the way of a locale: what `locale "it"` in a pipeline chooses.
//!
//! The data is that of CLDR, compiled in with the feature `locale`; without it there are no locales, and a program
//! that names one is not run. Nothing here depends on the machine.

use crate::diagnostic::suggest;
use chrono::{Datelike, NaiveDate, Weekday};

#[cfg(feature = "locale")]
mod cldr;
#[cfg(feature = "locale")]
pub use cldr::{CLDR, Locale};

/// The version of the locale data: there is none.
#[cfg(not(feature = "locale"))]
pub const CLDR: Option<&str> = None;

/// A build without locales has no value of this type.
#[cfg(not(feature = "locale"))]
#[derive(Debug)]
pub enum Locale {}

#[cfg(not(feature = "locale"))]
impl Locale {
    pub fn new(_: &str) -> Option<Locale> {
        None
    }

    pub fn signs(&self) -> &Signs {
        match *self {}
    }

    pub fn names(&self) -> &Names {
        match *self {}
    }

    pub fn number(&self, _: &str) -> Option<String> {
        match *self {}
    }

    pub fn date(&self, _: NaiveDate) -> Option<String> {
        match *self {}
    }

    pub fn time(&self, _: chrono::NaiveTime) -> Option<String> {
        match *self {}
    }

    pub fn date_time(&self, _: chrono::NaiveDateTime) -> Option<String> {
        match *self {}
    }

    pub fn list(&self, _: &[String]) -> String {
        match *self {}
    }
}

/// What a number is written with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signs {
    pub point: String,
    pub group: String,
    /// Before and after a negative number.
    pub minus: (String, String),
    /// Other digits than `0` to `9`.
    pub digits: Option<[char; 10]>,
}

impl Signs {
    /// Without a locale.
    pub fn plain() -> Signs {
        Signs { point: ".".into(), group: ",".into(), minus: ("-".into(), String::new()), digits: None }
    }

    pub fn digit(&self, digit: char) -> char {
        let found = self.digits.as_ref().zip(digit.to_digit(10));
        found.and_then(|(digits, value)| digits.get(value as usize)).copied().unwrap_or(digit)
    }
}

/// The names of months and weekdays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// As they stand beside a day (`2 березня`), long and short, and alone (`березень`), long and short.
    months: [[String; 12]; 4],
    weekdays: [[String; 7]; 4],
    /// Before and after noon.
    halves: [String; 2],
}

impl Names {
    pub fn month(&self, date: NaiveDate, long: bool, alone: bool) -> &str {
        let names = &self.months[form(long, alone)];
        names.get(date.month0() as usize).map_or("", String::as_str)
    }

    pub fn weekday(&self, weekday: Weekday, long: bool, alone: bool) -> &str {
        let names = &self.weekdays[form(long, alone)];
        names.get(weekday.num_days_from_monday() as usize).map_or("", String::as_str)
    }

    /// `AM` or `PM`
    pub fn half(&self, afternoon: bool) -> &str {
        &self.halves[usize::from(afternoon)]
    }
}

fn form(long: bool, alone: bool) -> usize {
    usize::from(alone) * 2 + usize::from(!long)
}

/// Languages for suggestions, with their English names: those with data of which a mistake in typing is likely to be
/// one. All others of CLDR work too.
const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "arabic"),
    ("bg", "bulgarian"),
    ("bn", "bengali"),
    ("ca", "catalan"),
    ("cs", "czech"),
    ("da", "danish"),
    ("de", "german"),
    ("de-AT", ""),
    ("de-CH", ""),
    ("el", "greek"),
    ("en", "english"),
    ("en-GB", ""),
    ("en-US", ""),
    ("es", "spanish"),
    ("es-MX", ""),
    ("et", "estonian"),
    ("fa", "persian"),
    ("fi", "finnish"),
    ("fr", "french"),
    ("fr-CA", ""),
    ("fr-CH", ""),
    ("he", "hebrew"),
    ("hi", "hindi"),
    ("hr", "croatian"),
    ("hu", "hungarian"),
    ("id", "indonesian"),
    ("it", "italian"),
    ("it-CH", ""),
    ("ja", "japanese"),
    ("ka", "georgian"),
    ("kk", "kazakh"),
    ("ko", "korean"),
    ("lt", "lithuanian"),
    ("lv", "latvian"),
    ("nb", "norwegian"),
    ("nl", "dutch"),
    ("nl-BE", ""),
    ("pl", "polish"),
    ("pt", "portuguese"),
    ("pt-BR", ""),
    ("pt-PT", ""),
    ("ro", "romanian"),
    ("ru", "russian"),
    ("sk", "slovak"),
    ("sl", "slovenian"),
    ("sq", "albanian"),
    ("sr", "serbian"),
    ("sv", "swedish"),
    ("th", "thai"),
    ("tr", "turkish"),
    ("uk", "ukrainian"),
    ("vi", "vietnamese"),
    ("zh", "chinese"),
    ("zh-TW", ""),
];

/// Whether a text has the form of a locale's name: `it`, `de-CH`, `zh-Hant-TW`.
pub fn is_name(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The locale that was probably meant: `pt_PT`, `italian`, `de_ch`, `itt`.
pub fn meant(name: &str) -> Option<String> {
    let asked = name.trim().replace('_', "-").to_lowercase();
    let named = |known: &&(&str, &str)| known.0.to_lowercase() == asked;
    if let Some((code, _)) = LANGUAGES.iter().find(named).filter(|(code, _)| *code != name) {
        return Some((*code).to_owned());
    }
    let word = asked.split([' ', '-', '(', ',']).next().unwrap_or_default();
    let names = || LANGUAGES.iter().filter(|(_, english)| !english.is_empty());
    let called = |name: &str| names().find(|(_, english)| *english == name);
    let near = || called(suggest::nearest(word, names().map(|(_, english)| *english))?);
    if let Some((code, _)) = called(word).or_else(|| near().filter(|_| word.len() > 3)) {
        return Some((*code).to_owned());
    }
    // The codes of three letters, and `ita` or `ukr`, begin as the names do.
    if word.len() == 3
        && let Some((code, _)) = names().find(|(_, english)| english.starts_with(word))
    {
        return Some((*code).to_owned());
    }
    suggest::nearest(&asked, LANGUAGES.iter().map(|(code, _)| *code)).map(str::to_owned)
}

#[cfg(test)]
mod tests;
