//! The lines of a scenario's events, and what is wrong in them at its place.

use crate::compiler::Foreign;
use crate::diagnostic::{Code, Diagnostic};
use crate::event::Rejection;
use crate::source::{FileId, Sources, Span};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The lines of one file. Its text stands in the sources with `�` for what is no UTF-8.
pub(super) struct Lines {
    pub file: FileId,
    text: Arc<str>,
    foreign: Option<Foreign>,
    /// Where in the text each line begins and ends, without its line break, and the first byte in it that is no UTF-8.
    lines: Vec<(u32, u32, Option<usize>)>,
}

/// One line.
pub(super) struct Line<'l> {
    file: FileId,
    start: u32,
    text: &'l str,
    not_utf8: Option<usize>,
}

/// A longer file is not for a scenario. In bytes.
const LONGEST: usize = 64 * 1024 * 1024;

impl Lines {
    pub fn read(name: &str, bytes: &[u8], sources: &mut Sources) -> Lines {
        let foreign = Foreign::of(bytes).filter(|foreign| *foreign != Foreign::Events);
        let bytes = if foreign.is_some() || bytes.len() > LONGEST { &[] } else { bytes };
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let (mut text, mut lines) = (String::with_capacity(bytes.len()), Vec::new());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let end = line.strip_suffix(b"\n").unwrap_or(line);
            let end = end.strip_suffix(b"\r").unwrap_or(end);
            let not_utf8 = std::str::from_utf8(end).err().map(|error| error.valid_up_to());
            let start = text.len();
            text.push_str(&String::from_utf8_lossy(end));
            lines.push((start as u32, text.len() as u32, not_utf8));
            text.push('\n');
        }
        let text: Arc<str> = text.into();
        let file = sources.add(name, None, text.clone());
        Lines { file, text, foreign, lines }
    }

    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines.iter().map(|(start, end, not_utf8)| Line {
            file: self.file,
            start: *start,
            text: &self.text[*start as usize..*end as usize],
            not_utf8: *not_utf8,
        })
    }

    /// What it is instead of a file of events.
    pub fn foreign(&self) -> Option<Diagnostic> {
        let message = match self.foreign? {
            Foreign::Compiled => "this is a compiled program, and no file of events".to_owned(),
            Foreign::Packed(form) => format!("this is packed with {form}, and no file of events"),
            Foreign::Utf16 => "this is written in UTF-16: save it as UTF-8".to_owned(),
            _ => "this is no text, and no file of events".to_owned(),
        };
        Some(Diagnostic::new(Code::ScenarioBroken, Span::new(self.file, 0, 0), message))
    }
}

impl<'l> Line<'l> {
    fn span(&self) -> Span {
        Span::new(self.file, self.start as usize, self.start as usize + self.text.len())
    }

    /// # Errors
    /// If it is no UTF-8.
    pub fn text(&self) -> Result<&'l str, Box<Diagnostic>> {
        let Some(at) = self.not_utf8 else { return Ok(self.text) };
        let mut span = Span::new(self.file, self.start as usize + at, self.start as usize + at);
        span.end += self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8) as u32;
        let message = "this line is not written in UTF-8";
        let diagnostic = Diagnostic::new(Code::ScenarioBroken, span, message);
        Err(Box::new(diagnostic.label("here").help("save the file with the encoding UTF-8")))
    }

    /// What is wrong with the event of this line.
    pub fn rejected(&self, rejection: &Rejection) -> Diagnostic {
        let place = match rejection.code {
            "not-json" => self.no_json(),
            _ => rejection.pointer.as_deref().and_then(|pointer| self.at(pointer)),
        };
        let span = place.unwrap_or_else(|| self.span());
        let diagnostic = Diagnostic::new(Code::ScenarioBroken, span, &*rejection.message);
        match &rejection.expected {
            Some(expected) => diagnostic.label(format!("expected {expected}")),
            None => diagnostic,
        }
    }

    /// Where the line stops being JSON.
    fn no_json(&self) -> Option<Span> {
        let error = serde_json::from_str::<serde::de::IgnoredAny>(self.text).err()?;
        let mut at = error.column().saturating_sub(1).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
        Some(Span::new(self.file, self.start as usize + at, self.start as usize + at + length))
    }

    /// Where the member stands that a JSON pointer names, or the last on the way that is there.
    fn at(&self, pointer: &str) -> Option<Span> {
        let mut here: &'l RawValue = serde_json::from_str(self.text).ok()?;
        for name in pointer.split('/').skip(1) {
            let name = name.replace("~1", "/").replace("~0", "~");
            let next = match here.get().as_bytes().first() {
                Some(b'[') => {
                    let items: Vec<&RawValue> = serde_json::from_str(here.get()).ok()?;
                    name.parse::<usize>().ok().and_then(|at| items.get(at).copied())
                }
                Some(b'{') => {
                    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(here.get()).ok()?;
                    members.get(&*name).copied()
                }
                _ => None,
            };
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        let within = (here.get().as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        let start = self.start as usize + within;
        Some(Span::new(self.file, start, start + here.get().len()))
    }
}
