//! What a decoder keeps from one line to the next: room for values, the minute of the last event, names that nobody declared.

use crate::event::words::shorten;
use crate::value::text::Texts;
use crate::value::{FieldId, Value, json};
use chrono::{DateTime, NaiveDate, Timelike, Utc};
use std::collections::BTreeMap;

/// What events that are over leave to the next ones, which then need not allocate.
#[derive(Default)]
pub(super) struct Spare {
    pub changes: Vec<Vec<(FieldId, Value)>>,
    pub texts: Texts,
    pub names: Names,
}

/// Names of members that no declaration knows.
#[derive(Default)]
pub(super) struct Names {
    /// One under construction.
    name: String,
    /// The line has not been read to its end.
    open: bool,
    /// It has been now.
    pub closed: bool,
    /// Those of a line that was open, each behind a line break: if it is read once more, they would count twice.
    waiting: String,
}

impl Names {
    /// Counts a name, or lets it wait: `invoice.paid.colour`.
    pub fn count(&mut self, counts: &mut BTreeMap<String, u64>, parts: &[&str]) {
        self.name.clear();
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                self.name.push('.');
            }
            self.name.push_str(part);
        }
        if self.open {
            self.waiting.push('\n');
            self.waiting.push_str(&self.name);
        } else {
            count(counts, &self.name);
        }
    }

    /// A line begins that has not been read to its end.
    pub fn open(&mut self) {
        (self.open, self.closed) = (true, false);
    }

    /// Counts the names, if the line has been read to its end and found `good`, and says whether that is so.
    pub fn close(&mut self, good: bool, counts: &mut BTreeMap<String, u64>) -> bool {
        self.open = false;
        self.closed &= good;
        if !self.waiting.is_empty() {
            let names = self.waiting.split('\n').skip(1);
            names.filter(|_| self.closed).for_each(|name| count(counts, name));
            self.waiting.clear();
        }
        self.closed
    }
}

/// The minute of the last event, and how it is written, up to the colon before the seconds: most events have it in common with the
/// one before.
#[derive(Default)]
pub(super) struct Minute {
    text: [u8; 17],
    date: NaiveDate,
    hour: u32,
    minute: u32,
}

impl Minute {
    /// `2026-03-02T10:00:00Z` or `2026-03-02T10:00:00.000Z`.
    pub fn instant(&mut self, text: &str) -> Option<DateTime<Utc>> {
        let (minute, rest) = text.as_bytes().split_first_chunk::<17>()?;
        let (second, milli) = match rest {
            [a, b, b'Z'] => ([b'0', *a, *b], [b'0'; 3]),
            [a, b, b'.', c, d, e, b'Z'] => ([b'0', *a, *b], [*c, *d, *e]),
            _ => return None,
        };
        if *minute != self.text {
            let time = json::parse_instant(text)?;
            // A leap second is read as the next minute's first.
            if second[1] < b'6' {
                let date = time.date_naive();
                *self = Minute { text: *minute, date, hour: time.hour(), minute: time.minute() };
            }
            return Some(time);
        }
        let [second, milli] = [second, milli].map(|digits| {
            let number = digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit.wrapping_sub(b'0')));
            digits.iter().all(u8::is_ascii_digit).then_some(number)
        });
        Some(self.date.and_hms_milli_opt(self.hour, self.minute, second?, milli?)?.and_utc())
    }
}

/// At most so many different unknown names are counted one by one; the rest together.
const UNKNOWN_NAMES: usize = 100;

pub(super) fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let name = shorten(name);
    if let Some(count) = counts.get_mut(&*name) {
        *count += 1;
        return;
    }
    let full = counts.len() >= UNKNOWN_NAMES;
    *counts.entry(if full { "(others)".to_owned() } else { name.into_owned() }).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The library's own reading is asked where this one has no answer.
    fn read(minute: &mut Minute, text: &str) -> Option<DateTime<Utc>> {
        minute.instant(text).or_else(|| json::parse_instant(text))
    }

    #[test]
    fn a_leap_second_is_not_taken_for_its_minute() {
        let mut minute = Minute::default();
        for text in [
            "2026-03-02T10:00:60Z",
            "2026-03-02T10:00:30Z",
            "2026-03-02T10:00:60Z",
            "2026-03-02T10:00:59.999Z",
        ] {
            assert_eq!(read(&mut minute, text), json::parse_instant(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_instant_is_the_same_whatever_came_before(
            texts in proptest::collection::vec(
                "(2026-03-0[12]|2026-02-29)[Tt ]1[02]:0[01]:([0-6][0-9]|[0-9]:|[+]1)(Z|[.]([0-9]{3}|[0-9]x[0-9])Z|[+]01:00)", 1..20)
        ) {
            let mut minute = Minute::default();
            for text in texts {
                prop_assert_eq!(read(&mut minute, &text), json::parse_instant(&text), "{}", text);
            }
        }
    }
}
