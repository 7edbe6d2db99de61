//! Which record has something to do next.
//!
//! A heap that is put right late: an entry says that a record has nothing to do before that time. A timer that only ever
//! moves into the future, as most do, then costs nothing until its first time has come.

use super::records::Stored;
use crate::value::Text;
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Whose timers.
#[derive(Clone, Copy)]
pub(super) enum Which {
    All,
    Partition(u32),
}

impl Which {
    fn index(self) -> usize {
        match self {
            Which::All => 0,
            Which::Partition(_) => 1,
        }
    }
}

/// By due time, then by subject (an entity's place in the order of names, then the id); the number of the record behind.
type Entry = (DateTime<Utc>, u16, Text, u32);

/// The timers, as far as anyone has to look at them.
#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    /// When to throw out entries that are no longer true.
    limit: usize,
}

/// A heap of this size is left alone.
const SMALL: usize = 1024;

impl Timers {
    /// Whether a timer may be due; no is certain.
    pub fn may_be_due(&self, to: DateTime<Utc>) -> bool {
        self.heap.peek().is_some_and(|Reverse((due, ..))| *due <= to)
    }

    /// Before this nothing is due.
    pub fn may_be_due_at(&self) -> Option<DateTime<Utc>> {
        self.heap.peek().map(|Reverse((due, ..))| *due)
    }

    /// Notes that a record has something to do; true if the heap wants tidying.
    pub fn add(
        &mut self,
        which: Which,
        due: DateTime<Utc>,
        rank: u16,
        number: u32,
        stored: &mut Stored,
    ) -> bool {
        let queued = &mut stored.queued[which.index()];
        if queued.is_none_or(|queued| due < queued) {
            *queued = Some(due);
            self.heap.push(Reverse((due, rank, stored.subject.id.clone(), number)));
        }
        self.heap.len() > self.limit.max(SMALL)
    }

    /// Throws out entries that have been replaced by earlier ones.
    pub fn tidy(&mut self, which: Which, records: &[Stored]) {
        if self.heap.len() > self.limit.max(SMALL) {
            self.heap.retain(|Reverse((due, _, _, number))| {
                records.get(*number as usize).is_some_and(|stored| stored.queued[which.index()] == Some(*due))
            });
            self.limit = 2 * self.heap.len();
        }
    }

    /// Takes out the record that is next, if it is due by `to`.
    pub fn next(&mut self, which: Which, to: DateTime<Utc>, records: &mut [Stored]) -> Option<u32> {
        loop {
            self.heap.peek().filter(|Reverse((due, ..))| *due <= to)?;
            let Reverse((due, rank, subject, number)) = self.heap.pop()?;
            let Some(stored) = records.get_mut(number as usize) else { continue };
            let queued = &mut stored.queued[which.index()];
            if *queued != Some(due) {
                continue;
            }
            *queued = None;
            match stored.slot.due() {
                Some(now) if now <= due => return Some(number),
                Some(later) => {
                    *queued = Some(later);
                    self.heap.push(Reverse((later, rank, subject, number)));
                }
                None => {}
            }
        }
    }
}
