//! What differs, for a pull request.

use super::{All, Compared, count, lines, title, way};
use crate::cli::diff::human::{example_lines, occasion, places, refused};
use crate::diagnostic::format::Place;
use crate::run::beside::Report;
use std::fmt::Write;

pub(super) fn text(all: &All, brief: bool) -> String {
    let mut out = String::new();
    if all.is_empty() {
        out.push_str("Both versions of the rules mean the same.\n");
    }
    for (word, names) in [("gone", &all.gone), ("new", &all.new)] {
        for name in names {
            let _ = writeln!(out, "- **{word}** program {}", code(name));
        }
    }
    for compared in all.compared.iter().filter(|compared| !compared.is_empty()) {
        program(compared, brief, &mut out);
    }
    out
}

/// As code in a line, whatever marks it holds.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let marks = "`".repeat(longest + 1);
    let text = text.replace('\n', " ");
    match text.starts_with('`') || text.ends_with('`') {
        true => format!("{marks} {text} {marks}"),
        false => format!("{marks}{text}{marks}"),
    }
}

/// As code in a cell of a table.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// As a summary that is opened by a click: HTML.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn diff(lines: &[lines::Line], out: &mut String) {
    let text = lines::text(lines);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(out, "{fence}diff\n{text}{fence}");
}

fn program(compared: &Compared, brief: bool, out: &mut String) {
    let [old, new] = &compared.names;
    let _ = writeln!(out, "### {} → {}\n", code(old), code(new));
    for entry in &compared.difference.entries {
        let (way, name) = (entry.way.name(), title(entry));
        let place = places(entry, &compared.sources);
        let lines = lines::of(entry);
        if brief || lines.is_empty() {
            let _ = writeln!(out, "- **{way}** {} ({place})\n", code(&name));
            continue;
        }
        let name = html(&name);
        let _ = writeln!(
            out,
            "<details><summary><b>{way}</b> <code>{name}</code></summary>\n\n{}\n",
            html(&place)
        );
        diff(&lines, out);
        out.push_str("\n</details>\n\n");
    }
    if !compared.difference.reached.is_empty() {
        out.push_str("**Not touched, but may mean something else**\n\n");
        for unit in &compared.difference.reached {
            let place = Place::of(unit.span, &compared.sources[1]);
            let ways: Vec<String> =
                unit.changes.iter().map(|change| format!("it {}", change.words())).collect();
            let name = code(&unit.name);
            let _ = writeln!(out, "- {name} ({}:{}): {}", place.file, place.line, ways.join("; "));
        }
        out.push('\n');
    }
    if let Some(report) = &compared.events {
        events(report, out);
    }
}

fn events(report: &Report, out: &mut String) {
    let over = format!("{} of {}", count(report.events, "event"), count(report.records, "record"));
    if report.is_empty() {
        let _ = writeln!(out, "With {over} both versions do the same.\n");
        return;
    }
    let _ = writeln!(out, "#### With {over}\n");
    if report.parted > 0 {
        let _ = writeln!(out, "**{} would go another way**\n", count(report.parted, "record"));
        let _ = writeln!(out, "| record | was | would be |\n| --- | --- | --- |");
        for parted in &report.parted_records {
            let (record, old, new) = (cell(&parted.record), cell(&way(&parted.old)), cell(&way(&parted.new)));
            let _ = writeln!(out, "| {record} | {old} | {new} |");
        }
        out.push('\n');
    }
    if !report.ends.is_empty() {
        let _ = writeln!(out, "| stood at the end in | would stand in | records |\n| --- | --- | ---: |");
        for (from, to, n) in &report.ends {
            let _ = writeln!(out, "| {} | {} | {} |", cell(from), cell(to), crate::run::grouped(*n));
        }
        out.push('\n');
    }
    if !report.rows.is_empty() {
        out.push_str(
            "**Effects**\n\n| by | what | new | gone | different |\n| --- | --- | ---: | ---: | ---: |\n",
        );
        for row in &report.rows {
            let [new, gone, different] = [row.new, row.gone, row.different].map(crate::run::grouped);
            let _ =
                writeln!(out, "| {} | {} | {new} | {gone} | {different} |", cell(&row.who), cell(&row.what));
        }
        out.push('\n');
        for row in report.rows.iter().filter(|row| !row.examples.is_empty()) {
            let title = html(&format!("{}, {}", row.who, row.what));
            let _ = writeln!(out, "<details><summary><code>{title}</code>: examples</summary>\n");
            for example in &row.examples {
                let _ = writeln!(out, "{}\n", code(&occasion(example)));
                diff(&example_lines(example), out);
                out.push('\n');
            }
            out.push_str("</details>\n\n");
        }
    }
    if report.refused != [0, 0] {
        let _ = writeln!(out, "**{}**\n", refused(report).trim_end_matches(':'));
        for refusal in &report.refusals {
            let by = if refusal.by_new { "new" } else { "old" };
            let (place, why) =
                (code(&format!("{}:{}", refusal.input, refusal.line)), &refusal.rejection.message);
            let _ = writeln!(out, "- {place}, rejected by the {by} version: {}", html(why));
        }
        out.push('\n');
    }
}
