//! Unified diffs of two texts.

use similar::{ChangeTag, TextDiff};
use std::fmt::Write;

/// A diff that `patch` and `git apply` take, with names for both sides.
pub(super) fn diff([old_name, new_name]: [&str; 2], [old, new]: [&str; 2], colored: bool) -> String {
    let paint = |code: &str, text: &str| {
        if colored { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let changes = TextDiff::from_lines(old, new);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", paint("1", &format!("--- {old_name}")));
    let _ = writeln!(out, "{}", paint("1", &format!("+++ {new_name}")));
    for hunk in changes.unified_diff().context_radius(3).iter_hunks() {
        let _ = writeln!(out, "{}", paint("36", hunk.header().to_string().trim_end()));
        for change in hunk.iter_changes() {
            let (sign, code) = match change.tag() {
                ChangeTag::Delete => ('-', "31"),
                ChangeTag::Insert => ('+', "32"),
                ChangeTag::Equal => (' ', ""),
            };
            let line = change.value();
            let line = format!("{sign}{}", line.strip_suffix('\n').unwrap_or(line));
            out.push_str(&if code.is_empty() { line } else { paint(code, &line) });
            out.push('\n');
            if change.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}
