//! All records of a run, with the partitions they belong to, the partitions' clocks and the timers that are due.

use super::timers::{Timers, Which};
use crate::engine::effect::Effect;
use crate::engine::record::Slot;
use crate::engine::{Engine, Handled, View, dedup};
use crate::event::{Event, EventBody, Rejection, Subject};
use crate::program::Program;
use crate::value::*;
use ahash::RandomState;
use chrono::{DateTime, Utc};
use hashbrown::HashTable;
use std::collections::HashMap;

/// Records in memory.
pub struct Records {
    /// Their numbers, by subject, hashed with a key of this process's own: ids come from outside.
    numbers: HashTable<u32>,
    hasher: RandomState,
    /// By number; one that is deleted keeps its place.
    stored: Vec<Stored>,
    partitions: Vec<Partition>,
    /// Partitions that a `partitionkey` names.
    named: HashMap<Text, u32>,
    /// The partition of records without `partitionkey`, where the program reads references.
    shared: Option<u32>,
    /// Where clock events have brought every partition.
    clock: Option<DateTime<Utc>>,
    /// The latest time of an accepted event: what an event without `time` gets.
    latest: Option<DateTime<Utc>>,
    /// The timers of all records, for clock events.
    timers: Timers,
    /// The records that have changed since they were last kept, where anyone keeps them.
    touched: Option<Vec<u32>>,
    /// By entity: its place in the order of subjects.
    ranks: Vec<u16>,
    reads_references: bool,
}

/// What can be known of an event before its record is looked at.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    /// Its [hash](dedup::hash).
    hash: u128,
    /// The number that its record most likely has.
    likely: Option<u32>,
}

impl Known {
    pub fn of(event: &Event, likely: Option<u32>) -> Known {
        Known { hash: dedup::hash(event), likely }
    }
}

/// In the order in which it is laid out: what every event looks at stands together.
#[repr(C)]
pub(super) struct Stored {
    pub subject: Subject,
    pub slot: Slot,
    /// `None`: it is alone in one, with its clock here.
    partition: Option<u32>,
    clock: Option<DateTime<Utc>>,
    /// When the timers of all records, and those of its partition, have it next.
    pub queued: [Option<DateTime<Utc>>; 2],
    /// Whether it stands among those that have changed.
    touched: bool,
}

/// Timers that have fired together: in the order in which those of several records do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    at: Option<DateTime<Utc>>,
    /// The entity's place in the order of subjects.
    rank: u16,
    id: Text,
}

/// Where a record belongs, whatever the numbers of partitions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// Alone in a partition.
    Own,
    /// With all others without `partitionkey`, where the program reads references.
    Shared,
    /// With those of this `partitionkey`.
    Named(Text),
}

/// One that can hold several records.
struct Partition {
    clock: Option<DateTime<Utc>>,
    /// The `partitionkey`.
    key: Option<Text>,
    /// Those of its records.
    timers: Timers,
}

impl Records {
    pub fn new(program: &Program) -> Self {
        let entities = &program.schema.entities;
        let mut by_name: Vec<usize> = (0..entities.len()).collect();
        // As `deal/` and `dealer/` are ordered: the slash comes before all letters.
        by_name.sort_by_key(|entity| format!("{}/", entities[*entity].wire_name));
        let mut ranks = vec![0; entities.len()];
        for (rank, entity) in by_name.into_iter().enumerate() {
            ranks[entity] = rank as u16;
        }
        Records {
            numbers: HashTable::new(),
            hasher: RandomState::new(),
            stored: Vec::new(),
            partitions: Vec::new(),
            named: HashMap::new(),
            shared: None,
            clock: None,
            latest: None,
            timers: Timers::default(),
            touched: None,
            ranks,
            reads_references: program.reads_references,
        }
    }

    /// The latest time of an accepted event, if there was one.
    pub fn latest(&self) -> Option<DateTime<Utc>> {
        self.latest
    }

    /// That is the latest time of an event, of all that there were.
    pub(super) fn note_latest(&mut self, latest: Option<DateTime<Utc>>) {
        self.latest = self.latest.max(latest);
    }

    fn number(&self, subject: &Subject) -> Option<u32> {
        let is = |number: &u32| self.stored[*number as usize].subject == *subject;
        self.numbers.find(self.hash(subject.entity, &subject.id), is).copied()
    }

    fn hash(&self, entity: EntityId, id: &str) -> u64 {
        self.hasher.hash_one((entity.0, id))
    }

    /// The number that a record most likely has, found without looking at the record.
    pub fn likely(&self, entity: EntityId, id: &str) -> Option<u32> {
        self.numbers.find(self.hash(entity, id), |_| true).copied()
    }

    /// Reads a little of records that are needed next. What is far away in memory is fetched for all of them at the same time;
    /// asked for one after the other, each would be waited for.
    pub fn fetch(&self, numbers: impl Iterator<Item = u32> + Clone) {
        let stored = || numbers.clone().filter_map(|number| self.stored.get(number as usize));
        // Whether the result is needed is what the compiler must not know.
        std::hint::black_box(stored().map(|stored| stored.slot.touch()).sum::<usize>());
        std::hint::black_box(stored().map(|stored| stored.slot.touch_all()).sum::<usize>());
    }

    /// A place for a record that has none yet.
    fn add(&mut self, subject: Subject, slot: Slot, partition: Option<u32>) -> u32 {
        let (hash, number) = (self.hash(subject.entity, &subject.id), self.stored.len() as u32);
        self.stored.push(Stored { subject, slot, partition, clock: None, queued: [None; 2], touched: false });
        let subject = |number: u32| &self.stored[number as usize].subject;
        let hasher = |number: &u32| self.hasher.hash_one((subject(*number).entity.0, &*subject(*number).id));
        self.numbers.insert_unique(hash, number, hasher);
        number
    }

    /// What is known of a subject.
    pub fn slot(&self, subject: &Subject) -> Option<&Slot> {
        self.number(subject).map(|number| &self.stored[number as usize].slot)
    }

    /// All subjects of which something is known, in the order in which they came.
    pub fn slots(&self) -> impl Iterator<Item = (&Subject, &Slot)> {
        self.stored.iter().map(|stored| (&stored.subject, &stored.slot))
    }

    /// Gives the event to its record, after the timers of the partition that are due by then; appends the effects.
    ///
    /// # Errors
    /// A rejected event changes nothing, no clock either.
    pub fn apply(
        &mut self,
        engine: &mut Engine<'_>,
        event: &Event,
        effects: &mut Vec<Effect>,
    ) -> Result<Handled, Rejection> {
        self.apply_known(engine, event, Known::of(event, None), effects)
    }

    /// As [`Records::apply`], where something is known of the event.
    ///
    /// # Errors
    /// As [`Records::apply`].
    pub(super) fn apply_known(
        &mut self,
        engine: &mut Engine<'_>,
        event: &Event,
        Known { hash, likely }: Known,
        effects: &mut Vec<Effect>,
    ) -> Result<Handled, Rejection> {
        let time = event.time.or(self.latest).ok_or_else(|| {
            Rejection::new("no-time", "the first event must say when it happened")
                .at("/time")
                .expected("a date and time with `Z` or an offset, as `2026-03-02T10:00:00Z`")
        })?;
        let Some(subject) = event.subject() else {
            self.move_clock(time);
            while self.fire_next(engine, time, effects) {}
            return Ok(Handled::Applied);
        };
        let is = |number: &u32| self.stored.get(*number as usize).is_some_and(|s| s.subject == *subject);
        let known = likely.filter(is).or_else(|| self.number(subject));
        let (partition, own, slot) = match known.map(|number| &self.stored[number as usize]) {
            Some(stored) => (stored.partition, stored.clock, &stored.slot),
            None => (self.partition_of_new(event), None, &Slot::Absent),
        };
        let clock = partition.map_or(own, |p| self.partitions[p as usize].clock);
        let clock = latest(&[clock, self.clock], time);
        // The timers of a record alone in its partition are fired by the engine itself.
        let shared = partition.filter(|p| self.partitions[*p as usize].timers.may_be_due(clock));
        if let Some(shared) = shared {
            if !engine.check(slot, event)? {
                return Ok(Handled::Duplicate);
            }
            while let Some(due) = self.next_due(Which::Partition(shared), clock) {
                self.fire(engine, due, clock, effects);
            }
        }
        let (number, handled) = match known {
            Some(number) => {
                let apply = |slot: &mut Slot, view: View<'_>| {
                    engine.apply_hashed(slot, view, (event, hash), clock, effects, None)
                };
                (number, self.lend(number, apply)?)
            }
            None => {
                let mut slot = Slot::Absent;
                let handled = {
                    let lent = self.lent(partition);
                    let view = shorter(|entity, id| lent(entity, id));
                    engine.apply_hashed(&mut slot, &view, (event, hash), clock, effects, None)?
                };
                debug_assert!(matches!(event.body, EventBody::Created { .. }), "others are rejected");
                let partition = partition.or_else(|| self.add_partition(event));
                (self.add(subject.clone(), slot, partition), handled)
            }
        };
        if handled != Handled::Duplicate {
            *self.partition_clock(number) = Some(clock);
            self.latest = self.latest.max(Some(time));
            self.queue(number);
        }
        Ok(handled)
    }

    /// A clock event: every partition's clock moves. Its timers are fired by [`Records::fire_next`].
    pub fn move_clock(&mut self, to: DateTime<Utc>) {
        self.clock = self.clock.max(Some(to));
        self.latest = self.latest.max(Some(to));
    }

    /// Before this instant nothing is due; `None`: nothing is at all.
    pub fn may_be_due(&self) -> Option<DateTime<Utc>> {
        self.timers.may_be_due_at()
    }

    /// Fires the timers of the record that is next, by due time and then by subject, all of one instant, if that is
    /// not after `to`; appends the effects. False if there is none.
    pub fn fire_next(
        &mut self,
        engine: &mut Engine<'_>,
        to: DateTime<Utc>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        self.fire_next_by(engine, to, to, effects).is_some()
    }

    /// As [`Records::fire_next`], if that is due by `bound`, which is not after `to`. Says whose timers they were, and of
    /// when.
    pub(super) fn fire_next_by(
        &mut self,
        engine: &mut Engine<'_>,
        bound: DateTime<Utc>,
        to: DateTime<Utc>,
        effects: &mut Vec<Effect>,
    ) -> Option<Due> {
        let number = self.next_due(Which::All, bound)?;
        let Stored { subject, slot, .. } = &self.stored[number as usize];
        let due = Due { at: slot.due(), rank: self.ranks[subject.entity.index()], id: subject.id.clone() };
        self.fire(engine, number, to, effects);
        Some(due)
    }

    fn fire(&mut self, engine: &mut Engine<'_>, number: u32, to: DateTime<Utc>, effects: &mut Vec<Effect>) {
        self.lend(number, |slot, view| engine.fire(slot, view, to, effects));
        self.queue(number);
    }

    /// Takes out the next record with a timer that is due.
    fn next_due(&mut self, which: Which, to: DateTime<Utc>) -> Option<u32> {
        let timers = match which {
            Which::All => &mut self.timers,
            Which::Partition(partition) => &mut self.partitions[partition as usize].timers,
        };
        timers.next(which, to, &mut self.stored)
    }

    /// Notes when a record has something to do.
    fn queue(&mut self, number: u32) {
        let stored = &mut self.stored[number as usize];
        if let Some(touched) = &mut self.touched
            && !std::mem::replace(&mut stored.touched, true)
        {
            touched.push(number);
        }
        let Some(due) = stored.slot.due() else { return };
        let (rank, partition) = (self.ranks[stored.subject.entity.index()], stored.partition);
        let mut full = self.timers.add(Which::All, due, rank, number, stored);
        if let Some(partition) = partition {
            let timers = &mut self.partitions[partition as usize].timers;
            full |= timers.add(Which::Partition(partition), due, rank, number, stored);
        }
        if full {
            self.timers.tidy(Which::All, &self.stored);
            for (partition, number) in self.partitions.iter_mut().zip(0..) {
                partition.timers.tidy(Which::Partition(number), &self.stored);
            }
        }
    }

    /// The clock of a record's partition.
    fn partition_clock(&mut self, number: u32) -> &mut Option<DateTime<Utc>> {
        let stored = &mut self.stored[number as usize];
        match stored.partition {
            Some(partition) => &mut self.partitions[partition as usize].clock,
            None => &mut stored.clock,
        }
    }

    /// The partition in which a new record will be; `None`: it will be alone, or that partition is not there yet.
    fn partition_of_new(&self, event: &Event) -> Option<u32> {
        match &event.partition {
            Some(key) => self.named.get(key).copied(),
            None if self.reads_references => self.shared,
            None => None,
        }
    }

    fn add_partition(&mut self, event: &Event) -> Option<u32> {
        self.add_home(match &event.partition {
            Some(key) => Home::Named(key.clone()),
            None if self.reads_references => Home::Shared,
            None => Home::Own,
        })
    }

    fn add_home(&mut self, home: Home) -> Option<u32> {
        let partition = self.partitions.len() as u32;
        let key = match home {
            Home::Named(key) => {
                self.named.insert(key.clone(), partition);
                Some(key)
            }
            Home::Shared => {
                self.shared = Some(partition);
                None
            }
            Home::Own => return None,
        };
        self.partitions.push(Partition { clock: None, key, timers: Timers::default() });
        Some(partition)
    }

    /// From now on notes which records change.
    pub fn note_touched(&mut self) {
        self.touched.get_or_insert_default();
    }

    /// The records that have changed since this was last asked.
    pub fn take_touched(&mut self) -> Vec<Subject> {
        let touched = self.touched.as_mut().map(std::mem::take).unwrap_or_default();
        let subject = |number: u32| {
            let stored = &mut self.stored[number as usize];
            stored.touched = false;
            stored.subject.clone()
        };
        touched.into_iter().map(subject).collect()
    }

    /// What is known of a subject, where its record belongs, and its partition's clock.
    pub fn at_home(&self, subject: &Subject) -> Option<(&Slot, Home, Option<DateTime<Utc>>)> {
        let stored = &self.stored[self.number(subject)? as usize];
        let Some(partition) = stored.partition else { return Some((&stored.slot, Home::Own, stored.clock)) };
        let partition = self.partitions.get(partition as usize)?;
        let home = partition.key.clone().map_or(Home::Shared, Home::Named);
        Some((&stored.slot, home, partition.clock))
    }

    /// Where clock events have brought every partition.
    pub fn clock(&self) -> Option<DateTime<Utc>> {
        self.clock
    }

    /// Puts back what was kept: the clock of all, and the latest time of an event.
    pub fn restore_clocks(&mut self, clock: Option<DateTime<Utc>>, latest: Option<DateTime<Utc>>) {
        (self.clock, self.latest) = (clock, latest);
    }

    /// Puts back a record that was kept, with its partition's clock.
    pub fn restore(&mut self, subject: Subject, slot: Slot, home: Home, clock: Option<DateTime<Utc>>) {
        let home = if home == Home::Own && self.reads_references { Home::Shared } else { home };
        let known = match &home {
            Home::Own => None,
            Home::Shared => self.shared,
            Home::Named(key) => self.named.get(key).copied(),
        };
        let partition = known.or_else(|| self.add_home(home));
        let number = match self.number(&subject) {
            Some(number) => {
                let stored = &mut self.stored[number as usize];
                (stored.slot, stored.partition) = (slot, partition);
                number
            }
            None => self.add(subject, slot, partition),
        };
        let of_partition = self.partition_clock(number);
        *of_partition = clock.max(*of_partition);
        // What has just been read need not be kept again.
        self.stored[number as usize].touched = true;
        self.queue(number);
        self.stored[number as usize].touched = false;
    }

    /// Works on a record; it can read the others of its partition.
    fn lend<T>(&mut self, number: u32, work: impl FnOnce(&mut Slot, View<'_>) -> T) -> T {
        let stored = &mut self.stored[number as usize];
        if !self.reads_references {
            return work(&mut stored.slot, &|_, _| None);
        }
        let partition = stored.partition;
        let mut slot = std::mem::take(&mut stored.slot);
        let result = {
            let lent = self.lent(partition);
            let view = shorter(|entity, id| lent(entity, id));
            work(&mut slot, &view)
        };
        self.stored[number as usize].slot = slot;
        result
    }

    /// Lends the records of the partition for reading.
    fn lent<'s>(&'s self, partition: Option<u32>) -> impl Fn(EntityId, &str) -> Option<&'s [Value]> {
        move |entity, id| {
            let stored = &self.stored[self.number(&Subject { entity, id: id.into() })? as usize];
            stored.slot.values().filter(|_| partition.is_some() && stored.partition == partition)
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
