//! What a run did, said at its end.

use super::terminal::{Column, table};
use crate::diagnostic::escaped;
use crate::run::{Summary, grouped};
use std::fmt::Write;
use std::time::Duration;

/// The text for people, in lines no longer than `width` where something is listed.
pub(super) fn text(summary: &Summary, took: Duration, width: usize) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{}, {}, {}, {} rejected, {} skipped",
        count(summary.events, "event"),
        count(summary.effects, "effect"),
        count(summary.moves, "move"),
        grouped(summary.rejected),
        grouped(summary.skipped),
    );
    if summary.duplicates > 0 {
        let _ = write!(out, ", {}", count(summary.duplicates, "duplicate"));
    }
    let seconds = took.as_secs_f64();
    let speed = if seconds > 0.0 { summary.events as f64 / seconds } else { 0.0 };
    let _ = writeln!(out, " in {seconds:.2} s ({} events/s)", grouped(speed as u64));
    for name in &summary.unfinished {
        let _ =
            writeln!(out, "  the last line of {} has no end yet: it is left for the next run", escaped(name));
    }
    for (title, counts) in [
        ("skipped, for the program does not know these types", &summary.unknown_types),
        ("ignored, for the declarations do not have these members", &summary.unknown_members),
    ] {
        if counts.is_empty() {
            continue;
        }
        let _ = writeln!(out, "  {title}:");
        let rows: Vec<Vec<String>> =
            counts.iter().map(|(name, times)| vec![escaped(name).into_owned(), grouped(*times)]).collect();
        let columns = [("", Column::Left), ("", Column::Right)];
        for line in table(&columns, &rows, width.saturating_sub(4)).lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}

fn count(n: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(n), if n == 1 { "" } else { "s" })
}
