//! Coverage: what the tests of a program have seen of it, and what they have not.
//!
//! `plan` finds everything that can be seen, `words` says what never was. What is counted and what a hundred per cent are
//! is told in `docs/testing.md`.

mod plan;
mod words;

pub use plan::Plan;
pub use words::Unseen;

use crate::engine::counts::Counts;
use crate::source::Sources;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was seen of the files of one or several programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By name.
    pub files: BTreeMap<String, FileCoverage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCoverage {
    pub text: Arc<str>,
    /// In the order of the text.
    pub items: BTreeMap<Key, Item>,
}

/// Where something stands, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    start: u32,
    kind: Kind,
    end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A record comes to it.
    Stage,
    /// It fires; one that chooses among events is also to refuse some.
    Trigger { choosy: bool },
    /// It runs.
    Rule,
    /// It is taken.
    Branch(Branch),
    /// It is true, and it is false.
    Clause,
    /// It runs; told of lines, but no part of what is counted.
    Statement,
}

/// A way that a body may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Branch {
    If,
    Else,
    /// The body of a `for`.
    Loop,
    /// A `let` of an action with an `else` is answered.
    Answer,
    /// … and is not.
    NoAnswer,
    /// A `wait for` hears what it waits for.
    Heard,
    /// … and does not in time.
    TooLong,
}

/// One thing that tests may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub start: u32,
    pub end: u32,
    /// From 1.
    pub line: usize,
    pub column: usize,
    pub kind: Kind,
    /// A path, a name or the text itself.
    pub text: String,
    /// Whose part it is: `rule \`Sales.New.chase\``.
    pub owner: Option<String>,
    /// Whether it stands in the body of that rule.
    pub in_body: bool,
    /// `None`: in a function.
    pub pipeline: Option<String>,
    pub stage: Option<String>,
    /// How often: for a trigger fired and refused, for a clause true and false.
    pub counts: [u64; 2],
}

impl Item {
    /// Which of the two counts are wanted.
    pub fn wanted(&self) -> &[u64] {
        match self.kind {
            Kind::Statement => &[],
            Kind::Clause | Kind::Trigger { choosy: true } => &self.counts,
            Kind::Stage | Kind::Trigger { choosy: false } | Kind::Rule | Kind::Branch(_) => &self.counts[..1],
        }
    }

    pub fn share(&self) -> Share {
        let wanted = self.wanted();
        Share { seen: wanted.iter().filter(|count| **count > 0).count(), all: wanted.len() }
    }

    /// How often the line was come to.
    pub fn reached(&self) -> u64 {
        match self.kind {
            Kind::Clause => self.counts[0] + self.counts[1],
            _ => self.counts[0],
        }
    }
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub seen: usize,
    pub all: usize,
}

impl Share {
    pub fn add(&mut self, other: Share) {
        self.seen += other.seen;
        self.all += other.all;
    }

    /// In tenths of a per cent, rounded down: only all is a hundred. Of nothing, all is seen.
    pub fn permille(self) -> usize {
        (self.seen * 1000).checked_div(self.all).unwrap_or(1000)
    }

    /// Exactly, whatever is shown of it.
    pub fn is_less_than(self, percent: Decimal) -> bool {
        Decimal::from(self.seen) * Decimal::ONE_HUNDRED < Decimal::from(self.all) * percent
    }

    /// `83.3 %`
    pub fn percent(self) -> String {
        let permille = self.permille();
        format!("{}.{} %", permille / 10, permille % 10)
    }
}

impl Coverage {
    /// What these counts come to.
    pub fn of(plan: &Plan, counts: &Counts, sources: &Sources) -> Coverage {
        let mut coverage = Coverage::default();
        for planned in &plan.planned {
            let source = sources.file(planned.file);
            let file = coverage.files.entry(source.name.clone());
            let file =
                file.or_insert_with(|| FileCoverage { text: source.text.clone(), items: BTreeMap::new() });
            let item = Item { counts: planned.counts(counts), ..planned.item.clone() };
            let key = Key { start: item.start, kind: item.kind, end: item.end };
            file.items.insert(key, item);
        }
        coverage
    }

    /// Adds what other tests have seen, of the same program or of one that shares files with it.
    pub fn add(&mut self, other: Coverage) {
        for (name, other) in other.files {
            match self.files.get_mut(&name) {
                None => {
                    self.files.insert(name, other);
                }
                Some(own) => {
                    for (key, item) in other.items {
                        match own.items.get_mut(&key) {
                            Some(own) => {
                                own.counts[0] += item.counts[0];
                                own.counts[1] += item.counts[1];
                            }
                            None => {
                                own.items.insert(key, item);
                            }
                        }
                    }
                }
            }
        }
    }

    pub fn share(&self) -> Share {
        let mut share = Share::default();
        self.files.values().for_each(|file| share.add(file.share()));
        share
    }
}

impl FileCoverage {
    pub fn share(&self) -> Share {
        let mut share = Share::default();
        self.items.values().for_each(|item| share.add(item.share()));
        share
    }
}
