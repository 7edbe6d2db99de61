//! All records of a run, with the partitions they belong to and the partitions' clocks.

use crate::engine::effect::Effect;
use crate::engine::record::Slot;
use crate::engine::{Engine, Handled};
use crate::event::{Event, EventBody, Rejection, Subject};
use crate::value::*;
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// Records in memory.
pub struct Records {
    records: HashMap<Subject, Stored>,
    /// The clock of each partition.
    clocks: Vec<Option<DateTime<Utc>>>,
    /// Partitions that a `partitionkey` names.
    named: HashMap<Text, u32>,
    /// The partition of records without `partitionkey`, where the program reads references.
    shared: Option<u32>,
    /// Where clock events have brought every partition.
    clock: Option<DateTime<Utc>>,
    /// The latest time of an accepted event: what an event without `time` gets.
    latest: Option<DateTime<Utc>>,
    reads_references: bool,
}

struct Stored {
    slot: Slot,
    partition: u32,
}

impl Records {
    pub fn new(reads_references: bool) -> Self {
        Records {
            records: HashMap::new(),
            clocks: Vec::new(),
            named: HashMap::new(),
            shared: None,
            clock: None,
            latest: None,
            reads_references,
        }
    }

    /// Gives the event to its record; appends its effects.
    ///
    /// # Errors
    /// A rejected event changes nothing, no clock either.
    pub fn apply(
        &mut self,
        engine: &mut Engine<'_>,
        event: &Event,
        effects: &mut Vec<Effect>,
    ) -> Result<Handled, Rejection> {
        let time = event.time.or(self.latest).ok_or_else(|| {
            Rejection::new("no-time", "the first event must say when it happened")
                .at("/time")
                .expected("a date and time with `Z` or an offset, as `2026-03-02T10:00:00Z`")
        })?;
        let Some(subject) = event.subject() else {
            self.clock = self.clock.max(Some(time));
            self.latest = self.latest.max(Some(time));
            return Ok(Handled::Applied);
        };
        let handled = match self.records.get_mut(subject) {
            Some(stored) => {
                let partition = stored.partition;
                let clock = latest(&[self.clocks[partition as usize], self.clock], time);
                let handled = if self.reads_references {
                    // While the engine works on the record, it can read the others.
                    let mut slot = std::mem::take(&mut stored.slot);
                    let handled = {
                        let lent = self.lend(Some(partition));
                        let view = shorter(|entity, id| lent(entity, id));
                        engine.apply(&mut slot, &view, event, clock, effects)
                    };
                    if let Some(stored) = self.records.get_mut(subject) {
                        stored.slot = slot;
                    }
                    handled?
                } else {
                    engine.apply(&mut stored.slot, &|_, _| None, event, clock, effects)?
                };
                if handled != Handled::Duplicate {
                    self.clocks[partition as usize] = Some(clock);
                }
                handled
            }
            None => {
                let partition = self.partition_of_new(event);
                let clock = partition.and_then(|p| self.clocks[p as usize]);
                let clock = latest(&[clock, self.clock], time);
                let mut slot = Slot::Absent;
                let handled = {
                    let lent = self.lend(partition);
                    let view = shorter(|entity, id| lent(entity, id));
                    engine.apply(&mut slot, &view, event, clock, effects)?
                };
                debug_assert!(matches!(event.body, EventBody::Created { .. }), "others are rejected");
                let partition = partition.unwrap_or_else(|| self.add_partition(event));
                self.clocks[partition as usize] = Some(clock);
                self.records.insert(subject.clone(), Stored { slot, partition });
                handled
            }
        };
        if handled != Handled::Duplicate {
            self.latest = self.latest.max(Some(time));
        }
        Ok(handled)
    }

    /// The partition in which a new record will be; `None`: one that is not there yet.
    fn partition_of_new(&self, event: &Event) -> Option<u32> {
        match &event.partition {
            Some(key) => self.named.get(key).copied(),
            None if self.reads_references => self.shared,
            None => None,
        }
    }

    fn add_partition(&mut self, event: &Event) -> u32 {
        let partition = self.clocks.len() as u32;
        self.clocks.push(None);
        match &event.partition {
            Some(key) => {
                self.named.insert(key.clone(), partition);
            }
            None if self.reads_references => self.shared = Some(partition),
            // A record alone in its partition: it is found through the record.
            None => {}
        }
        partition
    }

    /// Lends the records of the partition for reading.
    fn lend<'s>(&'s self, partition: Option<u32>) -> impl Fn(EntityId, &str) -> Option<&'s [Value]> {
        move |entity, id| {
            let stored = self.records.get(&Subject { entity, id: id.into() })?;
            stored.slot.values().filter(|_| Some(stored.partition) == partition)
        }
    }
}

/// Lets what is lent for the life of all records be lent for a shorter one.
fn shorter<'b, F: Fn(EntityId, &str) -> Option<&'b [Value]>>(lookup: F) -> F {
    lookup
}

fn latest(clocks: &[Option<DateTime<Utc>>], time: DateTime<Utc>) -> DateTime<Utc> {
    clocks.iter().flatten().copied().fold(time, DateTime::max)
}
