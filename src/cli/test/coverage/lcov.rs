//! The form of lcov, which editors, CI servers and `genhtml` read: rules and triggers are its functions, and what may come
//! two ways its branches.

use crate::testing::coverage::{Coverage, FileCoverage, Item, Kind};
use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) fn tracefile(coverage: &Coverage) -> String {
    let mut out = String::new();
    for (name, file) in &coverage.files {
        record(name, file, &mut out);
    }
    out
}

// Writing to a string cannot fail.
fn record(name: &str, file: &FileCoverage, out: &mut String) {
    // A name with a line break would be two lines.
    let name = name.replace(['\n', '\r'], "?");
    let _ = writeln!(out, "TN:\nSF:{name}");
    let functions = functions(file);
    for (name, item) in &functions {
        let _ = writeln!(out, "FN:{},{name}", item.line);
    }
    for (name, item) in &functions {
        let _ = writeln!(out, "FNDA:{},{name}", item.counts[0]);
    }
    let hit = functions.iter().filter(|(_, item)| item.counts[0] > 0).count();
    let _ = writeln!(out, "FNF:{}\nFNH:{hit}", functions.len());

    let (mut found, mut hit) = (0, 0);
    for (line, block, branch, taken) in branches(file) {
        let shown = taken.map_or("-".to_owned(), |taken| taken.to_string());
        let _ = writeln!(out, "BRDA:{line},{block},{branch},{shown}");
        found += 1;
        hit += usize::from(taken.is_some_and(|taken| taken > 0));
    }
    let _ = writeln!(out, "BRF:{found}\nBRH:{hit}");

    let lines = lines(file);
    for (line, count) in &lines {
        let _ = writeln!(out, "DA:{line},{count}");
    }
    let hit = lines.values().filter(|count| **count > 0).count();
    let _ = writeln!(out, "LF:{}\nLH:{hit}\nend_of_record", lines.len());
}

/// Rules and triggers, each with a name of its own.
fn functions(file: &FileCoverage) -> Vec<(String, &Item)> {
    let mut functions: Vec<(String, &Item)> = Vec::new();
    for item in file.items.values() {
        let name = match item.kind {
            Kind::Rule => item.text.clone(),
            // A comma ends a field of this form.
            Kind::Trigger { .. } => format!("trigger {}", item.text).replace(',', ";"),
            _ => continue,
        };
        let known = functions.iter().any(|(other, _)| *other == name);
        functions.push((if known { format!("{name} (line {})", item.line) } else { name }, item));
    }
    functions
}

/// Line, block, branch, and how often it was taken: not at all known of what was never asked.
fn branches(file: &FileCoverage) -> Vec<(usize, usize, usize, Option<u64>)> {
    let mut branches = Vec::new();
    for (block, item) in file.items.values().enumerate() {
        let [first, second] = item.counts;
        match item.kind {
            Kind::Clause | Kind::Trigger { choosy: true } => {
                let asked = first + second > 0;
                branches.push((item.line, block, 0, asked.then_some(first)));
                branches.push((item.line, block, 1, asked.then_some(second)));
            }
            Kind::Branch(_) => branches.push((item.line, block, 0, Some(first))),
            _ => {}
        }
    }
    branches.sort_by_key(|(line, block, branch, _)| (*line, *block, *branch));
    branches
}

/// How often each line was come to; of several things in a line, the one that was come to most.
pub(super) fn lines(file: &FileCoverage) -> BTreeMap<usize, u64> {
    let mut lines = BTreeMap::new();
    // The way to a branch is told of its statement.
    for item in file.items.values().filter(|item| !matches!(item.kind, Kind::Branch(_))) {
        let count = lines.entry(item.line).or_insert(0);
        *count = item.reached().max(*count);
    }
    lines
}
