//! What a run did, in numbers.

use crate::diagnostic::escaped;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

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
    /// The text for people.
    pub fn text(&self, took: Duration) -> String {
        let mut out = String::new();
        let _ = write!(
            out,
            "{}, {}, {}, {} rejected, {} skipped",
            count(self.events, "event"),
            count(self.effects, "effect"),
            count(self.moves, "move"),
            grouped(self.rejected),
            grouped(self.skipped),
        );
        if self.duplicates > 0 {
            let _ = write!(out, ", {}", count(self.duplicates, "duplicate"));
        }
        let seconds = took.as_secs_f64();
        let speed = if seconds > 0.0 { self.events as f64 / seconds } else { 0.0 };
        let _ = writeln!(out, " in {seconds:.2} s ({} events/s)", grouped(speed as u64));
        for name in &self.unfinished {
            let _ = writeln!(
                out,
                "  the last line of {} has no end yet: it is left for the next run",
                escaped(name)
            );
        }
        for (title, counts) in [
            ("skipped, for the program does not know these types", &self.unknown_types),
            ("ignored, for the declarations do not have these members", &self.unknown_members),
        ] {
            if !counts.is_empty() {
                let _ = writeln!(out, "  {title}:");
                for (name, times) in counts {
                    let _ = writeln!(out, "    {} ({})", escaped(name), grouped(*times));
                }
            }
        }
        out
    }
}

fn count(n: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(n), if n == 1 { "" } else { "s" })
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
