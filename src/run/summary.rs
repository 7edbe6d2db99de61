//! What a run did, in numbers.

use std::collections::BTreeMap;

/// The counts of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines that are not empty.
    pub events: u64,
    pub effects: u64,
    /// Changes of stage, without the first of each record.
    pub moves: u64,
    pub rejected: u64,
    /// Events of types the program does not know.
    pub skipped: u64,
    /// Events that a record had seen before.
    pub duplicates: u64,
    /// Inputs whose last line has no end yet and was left for the next run.
    pub unfinished: Vec<String>,
    pub unknown_types: BTreeMap<String, u64>,
    pub unknown_members: BTreeMap<String, u64>,
}

impl Summary {
    /// Adds what another lane of the same run did.
    pub(super) fn add(&mut self, more: Summary) {
        self.events += more.events;
        self.effects += more.effects;
        self.moves += more.moves;
        self.rejected += more.rejected;
        self.skipped += more.skipped;
        self.duplicates += more.duplicates;
        self.unfinished.extend(more.unfinished);
        for (counts, more) in
            [(&mut self.unknown_types, more.unknown_types), (&mut self.unknown_members, more.unknown_members)]
        {
            for (name, times) in more {
                *counts.entry(name).or_default() += times;
            }
        }
    }
}

/// `1,234,567`
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
