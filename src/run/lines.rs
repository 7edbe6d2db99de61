//! Lines of an input, one at a time, with a bound on their length.

use crate::event::Rejection;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use std::io::{self, BufRead, Read};

/// Longer lines are rejected: a bound on what one line can cost. In bytes.
pub const MAX_LINE: usize = 64 * 1024 * 1024;

/// How much of a line that is too long is kept, to show it.
const KEPT: usize = 1024;

pub enum Line<'a> {
    Text(&'a str),
    NotUtf8(&'a [u8]),
    /// Its beginning.
    TooLong(&'a [u8]),
}

impl<'a> Line<'a> {
    pub fn of(bytes: &'a [u8], too_long: bool) -> Line<'a> {
        match (too_long, simdutf8::basic::from_utf8(bytes)) {
            (true, _) => Line::TooLong(bytes),
            (false, Ok(text)) => Line::Text(text),
            (false, Err(_)) => Line::NotUtf8(bytes),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_blank(&self) -> bool {
        matches!(self, Line::Text(text) if is_blank(text))
    }

    pub fn bytes(&self) -> &'a [u8] {
        match self {
            Line::Text(text) => text.as_bytes(),
            Line::NotUtf8(bytes) | Line::TooLong(bytes) => bytes,
        }
    }
}

/// Whether there is nothing in a line.
pub(super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// The text of a line.
///
/// # Errors
/// It has none.
pub fn readable<'a>(line: &Line<'a>) -> Result<&'a str, Rejection> {
    match line {
        Line::Text(text) => Ok(text),
        Line::NotUtf8(bytes) => {
            let at = std::str::from_utf8(bytes).err().map_or(0, |e| e.valid_up_to());
            Err(Rejection::new("not-utf8", format!("byte {} of this line is no UTF-8", at + 1)))
        }
        Line::TooLong(_) => {
            let limit = MAX_LINE / (1024 * 1024);
            Err(Rejection::new("too-long", format!("a line may be at most {limit} MiB long")))
        }
    }
}

/// How far an input has been read, and what that was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    pub bytes: u64,
    /// Whole lines.
    pub line: u64,
    /// A 128-bit SipHash-1-3 of all bytes read.
    pub hash: u128,
}

/// Where to begin to read an input whose position is kept.
#[derive(Debug, Clone)]
pub struct Start {
    bytes: u64,
    line: u64,
    hasher: SipHasher13,
}

impl Start {
    /// Reads the part of an input that has been read before; the reader stands behind it then. `None`: it is shorter, or
    /// something else.
    ///
    /// # Errors
    /// Those of reading.
    pub fn find(input: &mut dyn Read, position: Position) -> io::Result<Option<Start>> {
        let mut hasher = SipHasher13::new();
        let mut buffer = vec![0; 1 << 16];
        let mut left = position.bytes;
        while left > 0 {
            let want = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match input.read(&mut buffer[..want]) {
                Ok(0) => return Ok(None),
                Ok(read) => {
                    hasher.write(&buffer[..read]);
                    left -= read as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        let same = position.bytes == 0 || hasher.finish128().as_u128() == position.hash;
        Ok(same.then_some(Start { bytes: position.bytes, line: position.line, hasher }))
    }
}

/// Reads lines: those that are wholly at hand where they are, others into one buffer that is used again and again.
pub struct Lines<'i> {
    input: &'i mut dyn BufRead,
    buffer: Vec<u8>,
    /// How many bytes the input holds that have not been handed out.
    at_hand: usize,
    meter: Meter,
}

/// How far an input has been read.
#[derive(Default)]
pub struct Meter {
    number: u64,
    bytes_read: u64,
    /// Of all bytes read, where the position is kept.
    hasher: Option<SipHasher13>,
    /// Whether the last line had no line break at its end.
    open: bool,
}

impl Meter {
    /// How far it has been read; `None` if that is not kept.
    pub fn position(&self) -> Option<Position> {
        let hash = self.hasher.as_ref()?.finish128().as_u128();
        // What follows a line without end belongs to it.
        let line = self.number - u64::from(self.open);
        Some(Position { bytes: self.bytes_read, line, hash })
    }

    /// In bytes.
    pub fn read(&self) -> u64 {
        self.bytes_read
    }

    /// The number of the last line, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the last line has no end yet.
    pub fn open(&self) -> bool {
        self.open
    }

    fn bytes(&mut self, read: &[u8]) {
        self.bytes_read += read.len() as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.write(read);
        }
    }

    /// A line of a stretch, with its line break, counts as read.
    pub fn line(&mut self, line: &str) {
        self.bytes(line.as_bytes());
        self.number += 1;
    }
}

/// The first line of a stretch, with its line break, and what follows.
pub(super) fn first_line(stretch: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr(b'\n', stretch.as_bytes())?;
    stretch.split_at_checked(end + 1)
}

/// A line without its line break.
pub(super) fn without_break(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// So much is looked at of what is at hand. In bytes.
const STRETCH: usize = 1 << 16;

impl<'i> Lines<'i> {
    pub fn new(input: &'i mut dyn BufRead) -> Self {
        Lines { input, buffer: Vec::new(), at_hand: 0, meter: Meter::default() }
    }

    /// Goes on where the input was left; the reader stands there.
    pub fn from(input: &'i mut dyn BufRead, start: Start) -> Self {
        let Start { bytes, line, hasher } = start;
        let meter = Meter { number: line, bytes_read: bytes, hasher: Some(hasher), open: false };
        Lines { meter, ..Lines::new(input) }
    }

    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Whether more of the input is at hand, so that the next line most likely comes without waiting.
    pub fn has_more(&self) -> bool {
        self.at_hand > 0
    }

    /// Lines that are wholly at hand, with their line breaks, and the meter, to be told of each of them. They have to be
    /// [passed](Lines::pass) then. `None`: the next line has to be asked for by itself.
    ///
    /// # Errors
    /// Those of reading.
    pub fn stretch(&mut self) -> io::Result<Option<(&str, &mut Meter)>> {
        // The first line may begin with a byte order mark, and the next one may be what follows an open one.
        if self.at_hand == 0 || self.meter.number == 0 || self.meter.open {
            return Ok(None);
        }
        let chunk = self.input.fill_buf()?;
        let near = chunk.get(..chunk.len().min(STRETCH)).unwrap_or_default();
        let text = simdutf8::basic::from_utf8(near).unwrap_or_else(|_| {
            // What is at hand may end within a character.
            let good = std::str::from_utf8(near).map_or_else(|bad| bad.valid_up_to(), str::len);
            std::str::from_utf8(near.get(..good).unwrap_or_default()).unwrap_or_default()
        });
        let end = memchr::memrchr(b'\n', text.as_bytes());
        let whole = end.and_then(|end| text.get(..=end));
        Ok(whole.map(|whole| (whole, &mut self.meter)))
    }

    /// So many bytes of a stretch have been handled.
    pub fn pass(&mut self, bytes: usize) {
        self.at_hand -= bytes.min(self.at_hand);
        self.input.consume(bytes);
    }

    /// The next line without its line break, and how far the input has been read with it; `None` at the end.
    ///
    /// # Errors
    /// Those of reading.
    pub fn next_line(&mut self) -> io::Result<Option<(Line<'_>, &Meter)>> {
        self.buffer.clear();
        let (mut too_long, mut any) = (false, false);
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if chunk.is_empty() {
                self.at_hand = 0;
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if !too_long && self.buffer.len() + part.len() > MAX_LINE {
                too_long = true;
                self.buffer.truncate(KEPT);
            }
            let room = if too_long { KEPT - self.buffer.len().min(KEPT) } else { part.len() };
            self.buffer.extend_from_slice(&part[..room.min(part.len())]);
            let used = part.len() + usize::from(end.is_some());
            self.at_hand = chunk.len() - used;
            self.meter.bytes(&chunk[..used]);
            self.meter.open = end.is_none();
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.meter.number += 1;
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        // A byte order mark may open the first line.
        let bytes: &[u8] = match self.buffer.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if self.meter.number == 1 => rest,
            _ => &self.buffer,
        };
        Ok(Some((Line::of(bytes, too_long), &self.meter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8], capacity: usize) -> Vec<String> {
        let mut reader = io::BufReader::with_capacity(capacity, input);
        let mut lines = Lines::new(&mut reader);
        let mut out = Vec::new();
        while let Ok(Some((line, meter))) = lines.next_line() {
            let number = meter.number();
            let kind = match line {
                Line::Text(_) => "text",
                Line::NotUtf8(_) => "bytes",
                Line::TooLong(_) => "long",
            };
            out.push(format!("{number} {kind} {}", String::from_utf8_lossy(line.bytes())));
        }
        out
    }

    /// As [`all`], with those that are at hand where they are; and how many those were.
    fn at_once(input: &[u8], capacity: usize) -> (Vec<String>, u64, usize) {
        let mut reader = io::BufReader::with_capacity(capacity, input);
        let mut lines = Lines::new(&mut reader);
        let (mut out, mut at_hand) = (Vec::new(), 0);
        loop {
            if let Some((text, meter)) = lines.stretch().expect("memory can be read") {
                let (mut rest, length) = (text, text.len());
                while let Some((line, behind)) = first_line(rest) {
                    meter.line(line);
                    out.push(format!("{} text {}", meter.number(), without_break(line)));
                    (rest, at_hand) = (behind, at_hand + 1);
                }
                assert!(rest.is_empty());
                lines.pass(length);
                continue;
            }
            let Some((line, meter)) = lines.next_line().expect("memory can be read") else { break };
            let kind = if matches!(line, Line::Text(_)) { "text" } else { "bytes" };
            out.push(format!("{} {kind} {}", meter.number(), String::from_utf8_lossy(line.bytes())));
        }
        (out, lines.meter().read(), at_hand)
    }

    #[test]
    fn lines_end_at_any_line_break_and_at_the_end() {
        let input = b"\xEF\xBB\xBFone\r\n\ntwo\n\xff\nzw\xC3\xB6lf\r\nlast";
        let lines =
            ["1 text one", "2 text ", "3 text two", "4 bytes \u{fffd}", "5 text zw\u{f6}lf", "6 text last"];
        for capacity in 1..40 {
            assert_eq!(all(input, capacity), lines);
            let (found, read, at_hand) = at_once(input, capacity);
            assert_eq!((found, read), (lines.map(str::to_owned).to_vec(), input.len() as u64));
            // With all of the input at hand: what stands before the bytes that are no text, and what has an end behind them.
            assert!(at_hand == 3 || capacity < input.len(), "{at_hand} of {capacity}");
        }
        assert!(all(b"", 8).is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_and_the_next_one_is_read() {
        let mut input = vec![b'x'; MAX_LINE + 10];
        input.extend_from_slice(b"\nnext\n");
        let found = all(&input, 1 << 16);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("1 long xxx") && found[0].len() < 2 * KEPT);
        assert_eq!(found[1], "2 text next");
    }
}
