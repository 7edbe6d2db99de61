//! What differs, for programs.

use super::{All, Compared, lines};
use crate::against::{Edition, Entry};
use crate::cli::check::against::unit_json;
use crate::diagnostic::format::Place;
use crate::run::beside::Report;
use crate::source::Sources;
use chrono::SecondsFormat;
use serde_json::{Value, json};

pub(super) fn text(all: &All) -> String {
    let value = json!({
        "same": all.is_empty(),
        "new_programs": all.new,
        "gone_programs": all.gone,
        "programs": all.compared.iter().map(program).collect::<Vec<_>>(),
    });
    // Texts and numbers only: this cannot fail.
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

fn program(compared: &Compared) -> Value {
    let [old, new] = &compared.names;
    let difference = &compared.difference;
    let entries = difference.entries.iter().map(|entry| change(entry, &compared.sources));
    let reached = difference.reached.iter().map(|unit| unit_json(unit, &compared.sources[1]));
    json!({
        "old": old,
        "new": new,
        "changes": entries.collect::<Vec<_>>(),
        "reached": reached.collect::<Vec<_>>(),
        "events": compared.events.as_ref().map(events),
    })
}

fn change(entry: &Entry, sources: &[Sources; 2]) -> Value {
    let edition = |edition: &Option<Edition>, sources: &Sources| {
        edition.as_ref().map(|edition| {
            let place = Place::of(edition.place, sources);
            json!({
                "name": edition.name,
                "file": place.file,
                "line": place.line,
                "column": place.column,
                "end_line": place.end_line,
                "end_column": place.end_column,
                "text": edition.text,
            })
        })
    };
    json!({
        "kind": entry.kind.name(),
        "way": entry.way.name(),
        "renamed": entry.is_renamed(),
        "old": edition(&entry.old, &sources[0]),
        "new": edition(&entry.new, &sources[1]),
        "diff": lines::text(&lines::of(entry)),
    })
}

fn events(report: &Report) -> Value {
    let parted = report.parted_records.iter();
    let parted = parted.map(|p| json!({ "record": p.record, "old": p.old, "new": p.new }));
    let ends = report.ends.iter().map(|(from, to, n)| json!({ "old": from, "new": to, "records": n }));
    let rows = report.rows.iter().map(|row| {
        let examples = row.examples.iter().map(|example| {
            json!({
                "record": example.record,
                "time": example.time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
                "event": example.event,
                "old": example.old,
                "new": example.new,
            })
        });
        json!({
            "by": row.who,
            "what": row.what,
            "new": row.new,
            "gone": row.gone,
            "different": row.different,
            "examples": examples.collect::<Vec<_>>(),
        })
    });
    let refusals = report.refusals.iter().map(|refusal| {
        json!({
            "input": refusal.input,
            "line": refusal.line,
            "by": if refusal.by_new { "new" } else { "old" },
            "code": refusal.rejection.code,
            "message": refusal.rejection.message,
        })
    });
    json!({
        "events": report.events,
        "records": report.records,
        "effects": { "old": report.effects[0], "new": report.effects[1] },
        "rejected_by_both": report.rejected,
        "rejected_by_old": report.refused[0],
        "rejected_by_new": report.refused[1],
        "rejections": refusals.collect::<Vec<_>>(),
        "records_another_way": report.parted,
        "ways": parted.collect::<Vec<_>>(),
        "ends": ends.collect::<Vec<_>>(),
        "effects_that_differ": rows.collect::<Vec<_>>(),
    })
}
