//! What the language has and this build of Stagegate does not: locales, if it was built without the feature `locale`.
//!
//! The checker accepts them. Here each use is reported with its place.

use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Model, Pipeline};
use crate::source::{Sources, Span};
use crate::value::locale;

pub(super) fn not_in_this_build(model: &Model, sources: &Sources) -> Vec<Diagnostic> {
    if locale::CLDR.is_some() {
        return Vec::new();
    }
    let missing = Missing { sources };
    model.pipelines.iter().filter_map(|pipeline| missing.pipeline(pipeline)).collect()
}

struct Missing<'a> {
    sources: &'a Sources,
}

impl Missing<'_> {
    fn pipeline(&self, pipeline: &Pipeline) -> Option<Diagnostic> {
        pipeline.locale.as_ref()?;
        let span = self.setting(pipeline.span, "locale");
        let message = "this build of stagegate has no locales";
        let help = "leave `locale` out: values then print in the plain form, `7000.00 EUR` and `2026-03-02`";
        Some(
            Diagnostic::new(Code::NoLocales, span, message)
                .label("prints numbers and dates the way of a country")
                .help(help),
        )
    }

    /// The place of a setting of a pipeline with a text as its value.
    fn setting(&self, pipeline: Span, word: &str) -> Span {
        let text = self.text(pipeline);
        let braces = text.get(pipeline.end as usize..).and_then(|rest| rest.find('{')).unwrap_or(0);
        let mut words = words_after(text, pipeline.end as usize + braces + 1);
        let found = words.find(|found| {
            found.text == word && text[found.start + word.len()..].trim_start().starts_with('"')
        });
        found.map_or(pipeline, |found| Span::new(pipeline.file, found.start, found.start + word.len()))
    }

    fn text(&self, span: Span) -> &str {
        &self.sources.file(span.file).text
    }
}

/// The words of a text from a place on, without those in texts, comments and regular expressions.
struct Words<'a> {
    text: &'a str,
    at: usize,
    after_matches: bool,
}

struct Word<'a> {
    text: &'a str,
    start: usize,
}

fn words_after(text: &str, at: usize) -> Words<'_> {
    Words { text, at, after_matches: false }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let c = rest.chars().next()?;
            let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
            match c {
                '#' => self.at += rest.find('\n').unwrap_or(rest.len()),
                '"' => self.at += 1 + closing(&rest[1..], '"'),
                '/' if self.after_matches => self.at += 1 + closing(&rest[1..], '/'),
                c if part_of_word(c) => {
                    let word = &rest[..rest.find(|c| !part_of_word(c)).unwrap_or(rest.len())];
                    let start = self.at;
                    self.at += word.len();
                    self.after_matches = word == "matches";
                    return Some(Word { text: word, start });
                }
                c => self.at += c.len_utf8(),
            }
            self.after_matches &= c.is_whitespace();
        }
    }
}

/// How many bytes up to the mark that closes a text, itself counted.
fn closing(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            c if c == mark && !escaped => return at + c.len_utf8(),
            c => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}
