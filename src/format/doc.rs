//! A document that knows where its lines may break, and the printer that decides where they do, after Wadler
//! and Prettier: a group stays on one line if it fits, else all its own breaks become line breaks.
//!
//! Comments are the printer's own affair, so that no layout can lose one: whatever follows a comment goes to
//! a new line, be it planned there or not.

use std::borrow::Cow;

/// A piece of output. `hard`: it holds a break that must come, so no group around it fits on one line.
/// `tail`: it ends in a comment, so a break must follow.
#[derive(Debug)]
pub struct Doc<'t> {
    kind: Kind<'t>,
    hard: bool,
    tail: bool,
}

#[derive(Debug)]
enum Kind<'t> {
    Text(Cow<'t, str>),
    /// Several lines of which only the first is indented: the others stand as they are.
    Verbatim(&'t str),
    /// Block text: lines that hang below the one where it begins, the last one with its end.
    Block(Vec<&'t str>),
    /// A comma: it belongs before a comment that stands behind the word before it.
    Comma,
    Space,
    /// A break in a broken group, else a blank.
    Line,
    /// A break in a broken group, else nothing.
    SoftLine,
    HardLine,
    /// A break and an empty line.
    BlankLine,
    /// A comment behind something.
    Trailing(&'t str),
    /// A comment on a line of its own.
    Own(&'t str),
    Concat(Vec<Doc<'t>>),
    Indent(usize, Box<Doc<'t>>),
    Group(Box<Doc<'t>>),
    /// One thing in a broken group, another in a flat one.
    IfBroken(Box<Doc<'t>>, Box<Doc<'t>>),
}

fn simple(kind: Kind<'_>) -> Doc<'_> {
    Doc { kind, hard: false, tail: false }
}

fn hard(kind: Kind<'_>) -> Doc<'_> {
    Doc { kind, hard: true, tail: false }
}

pub fn text<'t>(text: impl Into<Cow<'t, str>>) -> Doc<'t> {
    simple(Kind::Text(text.into()))
}

pub fn nil<'t>() -> Doc<'t> {
    simple(Kind::Concat(Vec::new()))
}

pub fn verbatim(text: &str) -> Doc<'_> {
    hard(Kind::Verbatim(text))
}

pub fn block(lines: Vec<&str>) -> Doc<'_> {
    hard(Kind::Block(lines))
}

pub fn comma<'t>() -> Doc<'t> {
    simple(Kind::Comma)
}

pub fn space<'t>() -> Doc<'t> {
    simple(Kind::Space)
}

pub fn line<'t>() -> Doc<'t> {
    simple(Kind::Line)
}

pub fn soft_line<'t>() -> Doc<'t> {
    simple(Kind::SoftLine)
}

pub fn hard_line<'t>() -> Doc<'t> {
    hard(Kind::HardLine)
}

pub fn blank_line<'t>() -> Doc<'t> {
    hard(Kind::BlankLine)
}

pub fn trailing(comment: &str) -> Doc<'_> {
    Doc { kind: Kind::Trailing(comment), hard: false, tail: true }
}

pub fn own(comment: &str) -> Doc<'_> {
    hard(Kind::Own(comment))
}

pub fn concat(parts: Vec<Doc<'_>>) -> Doc<'_> {
    let mut broken = false;
    let mut tail = false;
    for part in &parts {
        if part.is_nil() {
            continue;
        }
        // A comma goes before the comment, and a break that must come is counted by itself.
        let follows = !matches!(part.kind, Kind::Comma);
        broken |= part.hard || (tail && follows);
        tail = part.tail || (tail && !follows);
    }
    Doc { kind: Kind::Concat(parts), hard: broken, tail }
}

pub fn indent(by: usize, inner: Doc<'_>) -> Doc<'_> {
    Doc { hard: inner.hard, tail: inner.tail, kind: Kind::Indent(by, Box::new(inner)) }
}

pub fn group(inner: Doc<'_>) -> Doc<'_> {
    Doc { hard: inner.hard, tail: inner.tail, kind: Kind::Group(Box::new(inner)) }
}

/// A group that is broken even if it fits.
pub fn broken_group(inner: Doc<'_>) -> Doc<'_> {
    Doc { hard: true, ..group(inner) }
}

pub fn if_broken<'t>(broken: Doc<'t>, flat: Doc<'t>) -> Doc<'t> {
    simple(Kind::IfBroken(Box::new(broken), Box::new(flat)))
}

impl Doc<'_> {
    pub fn is_nil(&self) -> bool {
        matches!(&self.kind, Kind::Concat(parts) if parts.is_empty())
    }

    /// Whether it ends in a comment.
    pub fn ends_in_comment(&self) -> bool {
        self.tail
    }
}

/// A line of output, and the comment behind it.
#[derive(Debug, Default)]
pub struct Line<'t> {
    pub indent: usize,
    pub text: String,
    pub comment: Option<&'t str>,
    /// Inside a text of several lines: nothing may be put behind it.
    pub verbatim: bool,
}

impl Line<'_> {
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.comment.is_none()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Flat,
    Broken,
}

/// How far what stands on a line of its own without having been planned there is moved in.
const CONTINUED: usize = 2;

struct Printer<'t> {
    width: usize,
    lines: Vec<Line<'t>>,
    /// Blanks that are written as soon as something follows.
    spaces: usize,
    /// What follows a comment goes to a new line, with this indentation.
    after_comment: Option<usize>,
}

/// How many columns a text takes, one for each character.
pub fn width_of(text: &str) -> usize {
    text.chars().count()
}

/// Lays a document out.
pub fn print<'t>(doc: &Doc<'t>, width: usize) -> Vec<Line<'t>> {
    let mut printer = Printer { width, lines: vec![Line::default()], spaces: 0, after_comment: None };
    let mut stack = vec![(0, Mode::Broken, doc)];
    while let Some((indent, mode, doc)) = stack.pop() {
        match &doc.kind {
            Kind::Text(text) => printer.text(text),
            Kind::Verbatim(text) => printer.lines_as_they_are(text),
            Kind::Block(lines) => printer.block(lines, indent),
            Kind::Comma => printer.comma(),
            Kind::Space => printer.spaces += 1,
            Kind::Line if mode == Mode::Flat => printer.spaces += 1,
            Kind::SoftLine if mode == Mode::Flat => {}
            Kind::Line | Kind::SoftLine | Kind::HardLine => printer.new_line(indent),
            Kind::BlankLine => {
                printer.new_line(0);
                printer.new_line(indent);
            }
            Kind::Trailing(comment) => printer.trailing(comment, indent),
            Kind::Own(comment) => printer.own(comment, indent),
            Kind::Concat(parts) => stack.extend(parts.iter().rev().map(|part| (indent, mode, part))),
            Kind::Indent(by, inner) => stack.push((indent + by, mode, inner)),
            Kind::Group(inner) => {
                let flat = !doc.hard && printer.fits(inner, &stack);
                stack.push((indent, if flat { Mode::Flat } else { Mode::Broken }, inner));
            }
            Kind::IfBroken(broken, flat) => {
                stack.push((indent, mode, if mode == Mode::Broken { broken } else { flat }));
            }
        }
    }
    printer.lines
}

impl<'t> Printer<'t> {
    fn last(&mut self) -> &mut Line<'t> {
        // There is always one: lines are only ever added.
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }

    fn new_line(&mut self, indent: usize) {
        self.lines.push(Line { indent, ..Line::default() });
        self.spaces = 0;
        self.after_comment = None;
    }

    /// Makes room for something that may not stand behind a comment.
    fn ready(&mut self) {
        if let Some(indent) = self.after_comment {
            self.new_line(indent);
        }
        let spaces = std::mem::take(&mut self.spaces);
        let last = self.last();
        if !last.text.is_empty() {
            last.text.extend(std::iter::repeat_n(' ', spaces));
        }
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.ready();
            self.last().text.push_str(text);
        }
    }

    fn comma(&mut self) {
        self.spaces = 0;
        // If the word before has a comment behind it: before that comment.
        if self.last().comment.is_none() {
            self.ready();
        }
        self.last().text.push(',');
    }

    fn lines_as_they_are(&mut self, text: &str) {
        for (n, line) in text.split('\n').enumerate() {
            if n == 0 {
                self.text(line);
            } else {
                self.last().verbatim = true;
                self.new_line(0);
                self.last().text.push_str(line);
            }
        }
    }

    fn block(&mut self, lines: &[&str], indent: usize) {
        for (n, line) in lines.iter().enumerate() {
            if n == 0 {
                self.text(line);
            } else {
                self.last().verbatim = true;
                self.new_line(if line.is_empty() { 0 } else { indent + CONTINUED });
                self.last().text.push_str(line);
            }
        }
    }

    fn trailing(&mut self, comment: &'t str, indent: usize) {
        if self.after_comment.is_some() {
            return self.own(comment, indent);
        }
        self.last().comment = Some(comment);
        self.after_comment = Some(indent + CONTINUED);
    }

    fn own(&mut self, comment: &'t str, indent: usize) {
        let at = match self.after_comment {
            Some(indent) => {
                self.new_line(indent);
                indent
            }
            None => {
                if !self.last().is_empty() {
                    self.new_line(indent + CONTINUED);
                }
                self.last().indent
            }
        };
        self.spaces = 0;
        self.last().text.push_str(comment);
        self.after_comment = Some(at);
    }

    /// Whether a document fits on the rest of the line, with what stands behind it up to the next break.
    fn fits(&mut self, doc: &Doc<'t>, behind: &[(usize, Mode, &Doc<'t>)]) -> bool {
        let used = match self.after_comment {
            Some(indent) => indent,
            None => {
                let spaces = self.spaces;
                let last = self.last();
                let blanks = if last.text.is_empty() { 0 } else { spaces };
                last.indent + width_of(&last.text) + blanks
            }
        };
        let Some(mut left) = self.width.checked_sub(used) else { return false };
        let mut behind = behind.iter().rev();
        let mut stack = vec![(Mode::Flat, doc)];
        loop {
            let (mode, doc) = match stack.pop() {
                Some(next) => next,
                None => match behind.next() {
                    Some((_, mode, doc)) => (*mode, *doc),
                    None => return true,
                },
            };
            let takes = match &doc.kind {
                Kind::Text(text) => width_of(text),
                Kind::Comma | Kind::Space => 1,
                Kind::Line if mode == Mode::Flat => 1,
                Kind::SoftLine if mode == Mode::Flat => 0,
                Kind::Line | Kind::SoftLine | Kind::HardLine | Kind::BlankLine => return true,
                Kind::Trailing(_) | Kind::Own(_) => return true,
                Kind::Verbatim(text) => {
                    return width_of(text.split('\n').next().unwrap_or_default()) <= left;
                }
                Kind::Block(lines) => return lines.first().map_or(0, |line| width_of(line)) <= left,
                Kind::Concat(parts) => {
                    stack.extend(parts.iter().rev().map(|part| (mode, part)));
                    0
                }
                Kind::Indent(_, inner) => {
                    stack.push((mode, inner));
                    0
                }
                Kind::Group(inner) => {
                    stack.push((if doc.hard { Mode::Broken } else { mode }, inner));
                    0
                }
                Kind::IfBroken(broken, flat) => {
                    stack.push((mode, if mode == Mode::Broken { broken } else { flat }));
                    0
                }
            };
            let Some(rest) = left.checked_sub(takes) else { return false };
            left = rest;
        }
    }
}
