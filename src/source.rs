//! Source files, spans and lines: where every later message points.
//!
//! A [`Sources`] owns the text of all files of one program; a [`Span`] is a byte range in one of
//! them, small enough to copy into every node of the tree.

use std::path::PathBuf;
use std::sync::Arc;

/// Which file of a [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct FileId(pub u32);

/// A range of bytes in one file: `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Span { file, start: start as u32, end: end as u32 }
    }

    /// The smallest span that holds both; both must be of one file.
    pub fn to(self, other: Span) -> Span {
        debug_assert_eq!(self.file, other.file);
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// An empty span at this one's start.
    pub fn before(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// An empty span at this one's end.
    pub fn after(self) -> Span {
        Span { start: self.end, ..self }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One file of a program.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// As shown to people: the path as given, or `crm` for the bundled library.
    pub name: String,
    /// Where relative `use "…"` paths start from; `None` for the bundled library and standard input.
    pub path: Option<PathBuf>,
    pub text: Arc<str>,
    /// Byte offset of the start of each line.
    lines: Vec<u32>,
}

/// A place as people count it: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl SourceFile {
    /// The line in which a byte stands, from 0.
    pub fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|&start| start as usize <= offset).saturating_sub(1)
    }

    /// The bytes of a line, counted from 0, without its end; beyond the last line nothing.
    pub fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let start = self.lines.get(line).map_or(self.text.len(), |&s| s as usize);
        let Some(next) = self.lines.get(line + 1) else { return start..self.text.len() };
        let text = &self.text[start..*next as usize];
        let text = text.strip_suffix('\n').unwrap_or(text);
        start..start + text.strip_suffix('\r').unwrap_or(text).len()
    }

    /// How many lines there are: at least one.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_of(offset);
        let start = self.lines[line] as usize;
        let end = offset.clamp(start, self.text.len());
        Position { line: line + 1, column: self.text[start..end].chars().count() + 1 }
    }
}

/// All files of one program, in the order in which they were brought in.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    pub fn add(
        &mut self,
        name: impl Into<String>,
        path: Option<PathBuf>,
        text: impl Into<Arc<str>>,
    ) -> FileId {
        let text = text.into();
        let bytes = text.as_bytes();
        // A line ends with LF, with CR LF, or with CR alone, as on old machines and in some exports.
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes);
        let ends = ends.filter(|at| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'));
        let lines = std::iter::once(0).chain(ends.map(|at| at as u32 + 1)).collect();
        self.files.push(SourceFile { name: name.into(), path, text, lines });
        FileId(self.files.len() as u32 - 1)
    }

    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }

    /// The same files, but for one that has another text.
    pub fn with_text(&self, id: FileId, text: impl Into<Arc<str>>) -> Sources {
        let mut alone = Sources::default();
        let SourceFile { name, path, .. } = self.file(id);
        alone.add(name.clone(), path.clone(), text);
        let mut files = self.files.clone();
        if let (Some(place), Some(file)) = (files.get_mut(id.0 as usize), alone.files.pop()) {
            *place = file;
        }
        Sources { files }
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        &self.file(span.file).text[span.range()]
    }

    /// The texts of the file before and behind a span.
    pub fn around(&self, span: Span) -> (&str, &str) {
        let text = &self.file(span.file).text;
        let range = span.range();
        (text.get(..range.start).unwrap_or_default(), text.get(range.end..).unwrap_or_default())
    }

    pub fn position(&self, span: Span) -> Position {
        self.file(span.file).position(span.start as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        let mut sources = Sources::default();
        let text = "a\nbé\r\nc\r\rd\n\re\r";
        let file = sources.add("x", None, text);
        let file = sources.file(file);
        let lines: Vec<&str> = (0..file.line_count()).map(|line| &text[file.line_range(line)]).collect();
        assert_eq!(lines, ["a", "bé", "c", "", "d", "", "e", ""]);
        let place = |offset| {
            let Position { line, column } = file.position(offset);
            (line, column)
        };
        assert_eq!(place(text.find('c').unwrap_or_default()), (3, 1));
        assert_eq!(place(text.find('d').unwrap_or_default()), (5, 1));
        assert_eq!(place(text.find('e').unwrap_or_default()), (7, 1));
        assert_eq!(place(text.len()), (8, 1));
        // The break itself is the end of its line.
        assert_eq!(place(text.find("\r\n").unwrap_or_default()), (2, 3));
    }
}
