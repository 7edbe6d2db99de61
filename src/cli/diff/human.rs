//! What differs, for people at a terminal.

use super::{All, Compared, count, lines, title, way};
use crate::against::{Edition, Entry, Way};
use crate::cli::check::against::unit_text;
use crate::cli::input;
use crate::cli::terminal::{Column, Screen, table};
use crate::diagnostic::escaped;
use crate::diagnostic::format::Place;
use crate::run::beside::{Example, Report};
use crate::source::Sources;
use chrono::SecondsFormat;
use std::fmt::Write;
use std::path::Path;

pub(super) fn text(all: &All, brief: bool, screen: Screen) -> String {
    let mut out = String::new();
    let several = all.compared.len() + all.gone.len() + all.new.len() > 1;
    for (way, names) in [(Way::Gone, &all.gone), (Way::New, &all.new)] {
        for name in names {
            let _ = writeln!(out, "{} program {name}\n", word(way, screen));
        }
    }
    for compared in all.compared.iter().filter(|compared| !compared.is_empty()) {
        if several {
            let [old, new] = &compared.names;
            let _ = writeln!(out, "{}\n", screen.paint("1", &format!("{old} -> {new}")));
        }
        program(compared, brief, screen, &mut out);
    }
    // The last blank line parts nothing.
    out.truncate(out.trim_end_matches('\n').len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn word(way: Way, screen: Screen) -> String {
    let color = match way {
        Way::Gone => "31",
        Way::New => "32",
        Way::Changed => "33",
        Way::Renamed | Way::Reordered => "36",
    };
    screen.paint(color, way.name())
}

fn program(compared: &Compared, brief: bool, screen: Screen, out: &mut String) {
    for entry in &compared.difference.entries {
        let name = screen.paint("1", &title(entry));
        let _ = writeln!(out, "{} {name}", word(entry.way, screen));
        let _ = writeln!(out, "    {}", screen.paint("2", &places(entry, &compared.sources)));
        if !brief {
            diff(&lines::of(entry), "    ", screen, out);
        }
        out.push('\n');
    }
    if !compared.difference.reached.is_empty() {
        let _ = writeln!(out, "{}", screen.paint("1", "Not touched, but may mean something else:"));
        for unit in &compared.difference.reached {
            out.push_str(&unit_text(unit, &compared.sources[1]));
        }
        out.push('\n');
    }
    if let Some(report) = &compared.events {
        events(report, screen, out);
    }
}

/// `old.rules:8:10 -> new.rules:9:10`
pub(super) fn places(entry: &Entry, sources: &[Sources; 2]) -> String {
    let place = |edition: &Option<Edition>, sources: &Sources| {
        let edition = edition.as_ref()?;
        let place = Place::of(edition.place, sources);
        Some(format!("{}:{}:{}", place.file, place.line, place.column))
    };
    let both = [place(&entry.old, &sources[0]), place(&entry.new, &sources[1])];
    both.into_iter().flatten().collect::<Vec<_>>().join(" -> ")
}

fn diff(lines: &[lines::Line], indent: &str, screen: Screen, out: &mut String) {
    for (sign, line) in lines {
        let line = format!("{sign} {}", escaped(line));
        let color = match sign {
            '-' => "31",
            '+' => "32",
            _ => "2",
        };
        let _ = writeln!(out, "{indent}{}", screen.paint(color, line.trim_end()));
    }
}

fn events(report: &Report, screen: Screen, out: &mut String) {
    if report.parted > 0 {
        let heading = format!("{} would go another way:", count(report.parted, "record"));
        let _ = writeln!(out, "{}", screen.paint("1", &heading));
        for parted in &report.parted_records {
            let _ = writeln!(out, "  {}", escaped(&parted.record));
            let _ = writeln!(out, "    {}", screen.paint("31", &format!("- {}", way(&parted.old))));
            let _ = writeln!(out, "    {}", screen.paint("32", &format!("+ {}", way(&parted.new))));
        }
        more(report.parted - report.parted_records.len() as u64, "  ", out);
        out.push('\n');
    }
    if !report.ends.is_empty() {
        let _ = writeln!(out, "{}", screen.paint("1", "Where records would stand at the end:"));
        let stage = |stage: &String| if stage.is_empty() { "not there".to_owned() } else { stage.clone() };
        let rows = report.ends.iter();
        let rows: Vec<Vec<String>> =
            rows.map(|(from, to, n)| vec![stage(from), stage(to), crate::run::grouped(*n)]).collect();
        let columns = [("was", Column::Left), ("would be", Column::Left), ("records", Column::Right)];
        indented(&table(&columns, &rows, screen.width.saturating_sub(2)), out);
        out.push('\n');
    }
    if !report.rows.is_empty() {
        let _ = writeln!(out, "{}", screen.paint("1", "Effects that would be new, gone or different:"));
        let rows: Vec<Vec<String>> = report
            .rows
            .iter()
            .map(|row| {
                let numbers = [row.new, row.gone, row.different].map(crate::run::grouped);
                [row.who.clone(), row.what.clone()].into_iter().chain(numbers).collect()
            })
            .collect();
        let columns = [
            ("by", Column::Left),
            ("what", Column::Left),
            ("new", Column::Right),
            ("gone", Column::Right),
            ("different", Column::Right),
        ];
        indented(&table(&columns, &rows, screen.width.saturating_sub(2)), out);
        out.push('\n');
        for row in report.rows.iter().filter(|row| !row.examples.is_empty()) {
            let _ = writeln!(out, "{}", screen.paint("1", &format!("{}, {}:", row.who, row.what)));
            for example in &row.examples {
                let _ = writeln!(out, "  {}", occasion(example));
                diff(&example_lines(example), "    ", screen, out);
            }
            let all = row.new + row.gone + row.different;
            more(all - row.examples.len() as u64, "  ", out);
            out.push('\n');
        }
    }
    if report.refused != [0, 0] {
        let _ = writeln!(out, "{}", screen.paint("1", &refused(report)));
        for refusal in &report.refusals {
            let by = if refusal.by_new { "new" } else { "old" };
            let (place, why) = (escaped(&refusal.input), escaped(&refusal.rejection.message));
            let _ = writeln!(out, "  {place}:{}: rejected by the {by} version: {why}", refusal.line);
        }
        let all: u64 = report.refused.iter().sum();
        more(all - report.refusals.len() as u64, "  ", out);
        out.push('\n');
    }
}

/// `2 events that were taken would be rejected, and 1 that was rejected would be taken:`
pub(super) fn refused(report: &Report) -> String {
    let [old, new] = report.refused;
    let were = |n: u64| if n == 1 { "was" } else { "were" };
    let lost = || format!("{} that {} taken would be rejected", count(new, "event"), were(new));
    let won = || format!("{} that {} rejected would be taken", count(old, "event"), were(old));
    match (old, new) {
        (0, _) => format!("{}:", lost()),
        (_, 0) => format!("{}:", won()),
        _ => format!("{}, and {}:", lost(), won()),
    }
}

/// `deal/D-1 at 2026-03-02T09:00:00Z, by the event crm-1004`
pub(super) fn occasion(example: &Example) -> String {
    let time = example.time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    format!("{} at {time}, by the event {}", escaped(&example.record), escaped(&example.event))
}

pub(super) fn example_lines(example: &Example) -> Vec<lines::Line> {
    let side = |sign: char, lines: &Option<Vec<String>>| -> Vec<lines::Line> {
        lines.iter().flatten().map(|line| (sign, line.clone())).collect()
    };
    let mut all = side('-', &example.old);
    all.extend(side('+', &example.new));
    all
}

fn more(n: u64, indent: &str, out: &mut String) {
    if n > 0 {
        let _ = writeln!(out, "{indent}… and {} more: `--examples N` shows them", crate::run::grouped(n));
    }
}

fn indented(text: &str, out: &mut String) {
    for line in text.lines() {
        let _ = writeln!(out, "  {line}");
    }
}

/// The closing words, for stderr.
pub(super) fn summary(all: &All, old: &Path, new: &Path) -> String {
    let mut words = Vec::new();
    let entries = all.compared.iter().flat_map(|compared| &compared.difference.entries);
    let programs = (all.gone.len(), all.new.len());
    for way in [Way::New, Way::Gone, Way::Renamed, Way::Changed, Way::Reordered] {
        let mut n = entries.clone().filter(|entry| entry.way == way).count();
        n += match way {
            Way::New => programs.1,
            Way::Gone => programs.0,
            _ => 0,
        };
        if n > 0 {
            words.push(format!("{n} {}", way.name()));
        }
    }
    let reached: usize = all.compared.iter().map(|compared| compared.difference.reached.len()).sum();
    if reached > 0 {
        words.push(format!("{reached} not touched but perhaps concerned"));
    }
    let mut text = match words.is_empty() {
        true => format!("{} and {} mean the same\n", input::shown(old), input::shown(new)),
        false => format!("{}\n", words.join(", ")),
    };
    let reports = all.compared.iter().filter_map(|compared| compared.events.as_ref());
    // Of nothing, nothing is said.
    for report in reports.filter(|report| report.events > report.rejected || !report.is_empty()) {
        let mut over = format!("{} of {}", count(report.events, "event"), count(report.records, "record"));
        if report.rejected > 0 {
            let _ = write!(over, " ({} rejected by both)", crate::run::grouped(report.rejected));
        }
        let differing: u64 = report.rows.iter().map(|row| row.new + row.gone + row.different).sum();
        let parted = report.parted;
        let _ = match report.is_empty() {
            true => writeln!(text, "with {over} both do the same"),
            false => writeln!(
                text,
                "with {over}: {} would go another way, {} would differ",
                count(parted, "record"),
                count(differing, "effect")
            ),
        };
    }
    text
}
