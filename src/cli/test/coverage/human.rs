//! The table for the terminal, and what was never seen.

use crate::cli::input::Style;
use crate::cli::terminal::{self, Column, Screen};
use crate::testing::coverage::{Coverage, FileCoverage, Item, Kind, Share};
use std::fmt::Write;

const HEADS: [&str; 7] = ["stages", "triggers", "refused", "rules", "branches", "clauses", "all"];

/// One line of the table.
struct Row {
    name: String,
    /// Of a file, or a pipeline in it.
    indent: usize,
    shares: [Share; 6],
}

impl Row {
    fn of<'i>(name: &str, indent: usize, items: impl Iterator<Item = &'i Item>) -> Row {
        let mut shares = [Share::default(); 6];
        for item in items {
            let seen = |count: u64| Share { seen: usize::from(count > 0), all: 1 };
            match item.kind {
                Kind::Stage => shares[0].add(item.share()),
                Kind::Trigger { choosy } => {
                    shares[1].add(seen(item.counts[0]));
                    if choosy {
                        shares[2].add(seen(item.counts[1]));
                    }
                }
                Kind::Rule => shares[3].add(item.share()),
                Kind::Branch(_) => shares[4].add(item.share()),
                Kind::Clause => shares[5].add(item.share()),
                Kind::Statement => {}
            }
        }
        Row { name: name.to_owned(), indent, shares }
    }

    fn all(&self) -> Share {
        let mut all = Share::default();
        self.shares.iter().for_each(|share| all.add(*share));
        all
    }

    fn cells(&self) -> Vec<String> {
        let cell = |share: &Share| match share.all {
            0 => String::new(),
            all => format!("{}/{all}", share.seen),
        };
        let mut cells: Vec<String> = self.shares.iter().map(cell).collect();
        cells.push(self.all().percent());
        cells
    }
}

/// `broken`: whether some of the rules could not be looked at.
pub(super) fn table(coverage: &Coverage, broken: bool, style: Style) -> String {
    let paint = |text: &str, code: &str| Screen { color: style.color, width: style.width }.paint(code, text);
    let mut rows = Vec::new();
    for (name, file) in &coverage.files {
        rows.push(Row::of(name, 0, file.items.values()));
        let parts = parts(file);
        if parts.len() > 1 {
            for part in parts {
                let items = file.items.values().filter(|item| item.pipeline == part);
                rows.push(Row::of(part.as_deref().unwrap_or("functions"), 2, items));
            }
        }
    }
    rows.retain(|row| row.all().all > 0);
    if coverage.files.len() > 1 && rows.len() > 1 {
        rows.push(Row::of("in all", 0, coverage.files.values().flat_map(|file| file.items.values())));
    }
    let mut out = String::from("\n");
    if rows.is_empty() {
        // Of rules with errors nothing is known; that has been said.
        if coverage.files.is_empty() && broken {
            return String::new();
        }
        out.push_str(
            "there is nothing here of which tests could see something: no pipeline and no function\n",
        );
        return out;
    }
    // Columns of which nothing is said are left out.
    let used: Vec<usize> =
        (0..HEADS.len()).filter(|at| *at == 6 || rows.iter().any(|row| row.shares[*at].all > 0)).collect();
    let head: Vec<(String, Column)> = std::iter::once((paint("coverage", "1"), Column::Left))
        .chain(used.iter().map(|at| (paint(HEADS[*at], "1"), Column::Right)))
        .collect();
    let head: Vec<(&str, Column)> = head.iter().map(|(text, column)| (text.as_str(), *column)).collect();
    let cells = |row: &Row| {
        let cells = row.cells();
        let painted = used.iter().map(|at| {
            let share = if *at == 6 { row.all() } else { row.shares[*at] };
            paint(&cells[*at], if share.seen == share.all { "32" } else { "33" })
        });
        std::iter::once(format!("{}{}", " ".repeat(row.indent), row.name)).chain(painted).collect()
    };
    let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    out.push_str(&terminal::table(&head, &cells, style.width));
    never(coverage, &mut out, style, &paint);
    out
}

/// The parts of a file: its pipelines in order, then its functions, where there are any.
fn parts(file: &FileCoverage) -> Vec<Option<String>> {
    let mut parts: Vec<Option<String>> = Vec::new();
    let counted = file.items.values().filter(|item| item.share().all > 0);
    for item in counted {
        if !parts.contains(&item.pipeline) {
            parts.push(item.pipeline.clone());
        }
    }
    parts.sort_by_key(Option::is_none);
    parts
}

fn never(coverage: &Coverage, out: &mut String, style: Style, paint: &dyn Fn(&str, &str) -> String) {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (name, file) in &coverage.files {
        lines.extend(
            file.unseen().into_iter().map(|unseen| (format!("{name}:{}", unseen.line), unseen.words)),
        );
    }
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint("never seen in a test", "1"));
    let columns = [("", Column::Left), ("", Column::Left)];
    let cells: Vec<Vec<String>> = lines.into_iter().map(|(place, words)| vec![place, words]).collect();
    for line in terminal::table(&columns, &cells, style.width.saturating_sub(2)).lines() {
        let _ = writeln!(out, "  {line}");
    }
}
