//! The changes of several programs together: a file that some of them share is tested by all of their tests.

use super::{Kind, Lines, Report, Verdict};
use crate::source::Sources;
use std::collections::BTreeMap;

/// A change by its place: the file, where it begins and ends, and what is put there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub file: String,
    start: u32,
    end: u32,
    pub new: String,
}

/// One change and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub kind: Kind,
    pub line: usize,
    pub column: usize,
    pub owner: String,
    pub old: String,
    pub lines: Lines,
    pub verdict: Verdict,
}

/// All changes, in the order of the text.
#[derive(Debug, Default)]
pub struct Changes {
    pub all: BTreeMap<Key, Change>,
}

impl Key {
    pub fn of(mutant: &super::Mutant, sources: &Sources) -> Key {
        let super::Mutant { span, text, .. } = mutant;
        let file = sources.file(span.file).name.clone();
        Key { file, start: span.start, end: span.end, new: text.clone() }
    }
}

impl Changes {
    /// Adds those of a program. What the tests of one notice is noticed.
    pub fn add(&mut self, report: Report, sources: &Sources) {
        for tried in report.tried {
            let key = Key::of(&tried.mutant, sources);
            if let Some(known) = self.all.get_mut(&key) {
                if known.verdict.rank() < tried.verdict.rank() {
                    known.verdict = tried.verdict;
                }
                continue;
            }
            let position = sources.position(tried.mutant.span);
            let change = Change {
                kind: tried.mutant.kind,
                line: position.line,
                column: position.column,
                lines: tried.mutant.lines(sources),
                old: sources.text(tried.mutant.span).to_owned(),
                owner: tried.mutant.owner,
                verdict: tried.verdict,
            };
            self.all.insert(key, change);
        }
    }

    /// Whether the change has been noticed already.
    pub fn noticed(&self, key: &Key) -> Option<&str> {
        match &self.all.get(key)?.verdict {
            Verdict::Noticed(test) => Some(test),
            _ => None,
        }
    }

    pub fn count(&self, is: impl Fn(&Verdict) -> bool) -> usize {
        self.all.values().filter(|change| is(&change.verdict)).count()
    }

    /// What no test runs, in the order of the text: the first of its changes, and how many there are.
    pub fn idle(&self) -> Vec<(&Key, &Change, usize)> {
        let mut idle: Vec<(&Key, &Change, usize)> = Vec::new();
        for (key, change) in self.all.iter().filter(|(_, change)| change.verdict == Verdict::Idle) {
            match idle
                .iter_mut()
                .find(|(other, first, _)| first.owner == change.owner && other.file == key.file)
            {
                Some((_, _, count)) => *count += 1,
                None => idle.push((key, change, 1)),
            }
        }
        idle
    }
}

impl Verdict {
    /// Whether it tells of something that is not tested.
    pub fn is_missed(&self) -> bool {
        matches!(self, Verdict::Unnoticed | Verdict::Unreached | Verdict::Idle)
    }

    /// Of two programs the higher one counts.
    fn rank(&self) -> u8 {
        match self {
            // What was not tried may be no program either.
            Verdict::Idle => 0,
            Verdict::Invalid => 1,
            Verdict::Unreached => 2,
            Verdict::Unnoticed => 3,
            Verdict::Allowed => 4,
            Verdict::Noticed(_) => 5,
        }
    }
}
