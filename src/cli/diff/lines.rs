//! The small diff of what has changed.

use crate::against::{Entry, Way};
use similar::{ChangeTag, TextDiff};

/// Lines around a change that are shown too.
const CONTEXT: usize = 2;

/// A line of a diff, with its sign: `-`, `+` or a blank; `…` stands for lines that are left out.
pub(super) type Line = (char, String);

/// What has changed in the text of something; nothing of what only has another name.
pub(super) fn of(entry: &Entry) -> Vec<Line> {
    let text = |edition: &Option<crate::against::Edition>| {
        edition.as_ref().map(|edition| edition.text.clone()).unwrap_or_default()
    };
    match entry.way {
        Way::Renamed => Vec::new(),
        _ => between(&text(&entry.old), &text(&entry.new)),
    }
}

fn between(old: &str, new: &str) -> Vec<Line> {
    let changes = TextDiff::from_lines(old, new);
    let mut out: Vec<Line> = Vec::new();
    for group in changes.grouped_ops(CONTEXT) {
        if !out.is_empty() {
            out.push(('…', String::new()));
        }
        for change in group.iter().flat_map(|op| changes.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            out.push((sign, change.value().trim_end_matches('\n').to_owned()));
        }
    }
    out
}

/// The lines as one text.
pub(super) fn text(lines: &[Line]) -> String {
    lines.iter().map(|(sign, line)| format!("{}\n", format!("{sign} {line}").trim_end())).collect()
}
