//! Text with names in it that lead somewhere, and lists of such.

use super::Target;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    Text(String),
    /// A name that leads to where it is explained.
    Name {
        text: String,
        target: Target,
    },
    /// A name of the rule's own, that is explained nowhere else.
    Own(String),
    /// A text that is sent or compared, as it is.
    Quote(Prose),
    /// What is filled in in a text.
    Blank(Prose),
    /// What has no better words than its own: a pattern.
    Code(String),
}

/// A sentence, or a part of one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prose(pub Vec<Piece>);

/// A sentence with what belongs below it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Point {
    pub text: Prose,
    pub below: Vec<Point>,
    /// Whether what is below happens one after the other.
    pub steps: bool,
}

impl Prose {
    pub fn new() -> Self {
        Prose::default()
    }

    pub fn text(text: impl Into<String>) -> Self {
        Prose(vec![Piece::Text(text.into())])
    }

    pub fn name(text: impl Into<String>, target: Target) -> Self {
        Prose(vec![Piece::Name { text: text.into(), target }])
    }

    pub fn own(name: impl Into<String>) -> Self {
        Prose(vec![Piece::Own(name.into())])
    }

    pub fn quote(text: impl Into<String>) -> Self {
        Prose(vec![Piece::Quote(Prose::text(text))])
    }

    pub fn code(text: impl Into<String>) -> Self {
        Prose(vec![Piece::Code(text.into())])
    }

    pub fn with(mut self, other: Prose) -> Self {
        self.push(other);
        self
    }

    pub fn say(mut self, text: &str) -> Self {
        self.put(text);
        self
    }

    /// Appends a text; neighbouring texts are one piece.
    pub fn put(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    pub fn push(&mut self, other: Prose) {
        for piece in other.0 {
            match piece {
                Piece::Text(text) => self.put(&text),
                piece => self.0.push(piece),
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `a, b and c`
    pub fn listed(items: Vec<Prose>, last: &str) -> Prose {
        let count = items.len();
        let mut out = Prose::new();
        for (at, item) in items.into_iter().enumerate() {
            match at {
                0 => {}
                at if at + 1 == count => out.put(&format!(" {last} ")),
                _ => out.put(", "),
            }
            out.push(item);
        }
        out
    }

    pub fn joined(items: Vec<Prose>, between: &str) -> Prose {
        let mut out = Prose::new();
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.put(between);
            }
            out.push(item);
        }
        out
    }

    /// Without an article in front.
    pub fn bare(mut self) -> Prose {
        if let Some(Piece::Text(first)) = self.0.first_mut()
            && let Some(rest) = first.strip_prefix("the ")
        {
            *first = rest.to_owned();
        }
        self
    }

    /// With a capital letter in front, if it begins with a word of ours.
    pub fn capital(mut self) -> Prose {
        if let Some(Piece::Text(text) | Piece::Name { text, .. }) = self.0.first_mut() {
            *text = match text.strip_prefix('(') {
                Some(inner) => format!("({}", super::words::upper_first(inner)),
                None => super::words::upper_first(text),
            };
        }
        self
    }

    /// How long it is, in characters.
    pub fn len(&self) -> usize {
        self.plain().chars().count()
    }

    /// Whether a text in it goes over several lines.
    pub fn has_lines(&self) -> bool {
        self.0.iter().any(|piece| match piece {
            Piece::Text(text) => text.contains('\n'),
            Piece::Quote(inner) | Piece::Blank(inner) => inner.has_lines(),
            Piece::Name { .. } | Piece::Own(_) | Piece::Code(_) => false,
        })
    }

    /// As text alone.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        self.write_plain(&mut out);
        out
    }

    fn write_plain(&self, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) | Piece::Name { text, .. } | Piece::Own(text) => out.push_str(text),
                Piece::Quote(inner) => {
                    out.push('“');
                    inner.write_plain(out);
                    out.push('”');
                }
                Piece::Blank(inner) => {
                    out.push('‹');
                    inner.write_plain(out);
                    out.push('›');
                }
                Piece::Code(code) => {
                    out.push('`');
                    out.push_str(code);
                    out.push('`');
                }
            }
        }
    }

    /// Every name in it.
    pub fn targets(&self, found: &mut Vec<Target>) {
        for piece in &self.0 {
            match piece {
                Piece::Name { target, .. } => found.push(target.clone()),
                Piece::Quote(inner) | Piece::Blank(inner) => inner.targets(found),
                Piece::Text(_) | Piece::Own(_) | Piece::Code(_) => {}
            }
        }
    }
}

impl Point {
    pub fn new(text: Prose) -> Self {
        Point { text, ..Point::default() }
    }

    pub fn steps(text: Prose, below: Vec<Point>) -> Self {
        Point { text, below, steps: true }
    }

    /// Every name in it and below.
    pub fn targets(&self, found: &mut Vec<Target>) {
        self.text.targets(found);
        self.below.iter().for_each(|point| point.targets(found));
    }

    /// As text alone, each point on a line of its own.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        self.write_plain(0, &mut out);
        out
    }

    fn write_plain(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let text = self.text.plain().replace('\n', &format!("\n{indent}  "));
        out.push_str(&format!("{indent}- {text}\n"));
        self.below.iter().for_each(|point| point.write_plain(depth + 1, out));
    }
}
