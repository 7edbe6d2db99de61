//! What a run hands to whoever keeps its progress: all that has happened since the last time.
//!
//! The run says what changed and how far it has read; a keeper writes effects, records and positions, all or nothing.

use super::lines::Position;
use super::records::Records;
use crate::engine::effect::{self, Effect, EffectKind};
use crate::event::Subject;
use crate::value::{RuleId, StageId, Text, TriggerId};
use chrono::{DateTime, Utc};
use std::io;
use std::time::{Duration, Instant};

/// Writes down what it is given.
pub type Keeper<'p> = Box<dyn FnMut(&Keeping<'_>) -> Result<(), KeepError> + 'p>;

/// Why nothing could be kept, or no effect written.
#[derive(Debug)]
pub enum KeepError {
    State(String),
    /// Kept, but the effects could not be written where they belong.
    Write(io::Error),
}

/// All that is to be kept.
pub struct Keeping<'a> {
    pub records: &'a Records,
    /// The records that have changed.
    pub touched: Vec<Subject>,
    pub batch: &'a Batch,
    /// The stream's time at the last tick.
    pub ticked: Option<DateTime<Utc>>,
    /// The time of a clock event that has not reached all records yet.
    pub moving_to: Option<DateTime<Utc>>,
    /// Nothing may follow for a while.
    pub settled: bool,
}

/// What was kept, to go on with.
pub struct Remembered {
    pub records: Records,
    /// The stream's time at the last tick.
    pub ticked: Option<DateTime<Utc>>,
    /// The time of a clock event that has not reached all records yet.
    pub moving_to: Option<DateTime<Utc>>,
}

/// What has happened.
#[derive(Debug, Default)]
pub struct Batch {
    /// The effects, each with its line break.
    pub bytes: Vec<u8>,
    pub visits: Vec<Visit>,
    /// How far inputs have been read, by the names under which that is kept.
    pub inputs: Vec<(String, Position)>,
}

/// A record came into a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    pub subject: Subject,
    pub stage: StageId,
    pub time: DateTime<Utc>,
    pub by: Mover,
    /// The acting user.
    pub actor: Option<Text>,
}

/// By what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mover {
    Trigger(TriggerId),
    Rule(RuleId),
    Event,
}

/// Effects wait until there are so many of them, at most. In bytes.
const KEEP_EVERY: usize = 1 << 25;
/// Nothing waits longer to be kept, as long as events come, unless keeping takes longer itself: then as long as that.
///
/// A record that changes several times meanwhile is kept once, so seldom and much is far cheaper than often and little;
/// and with so long a pause keeping takes at most as much time as everything else.
const KEEP_AFTER: Duration = Duration::from_secs(1);

/// The keeper, and what it has not been given yet.
pub(super) struct Kept<'p> {
    pub keeper: Keeper<'p>,
    /// At least every so many events, where anyone wants that.
    every: Option<u64>,
    count: u64,
    since: Instant,
    pause: Duration,
    pub batch: Batch,
}

impl<'p> Kept<'p> {
    pub fn new(every: Option<u64>, keeper: Keeper<'p>) -> Self {
        let since = Instant::now();
        Kept { keeper, every, count: 0, since, pause: KEEP_AFTER, batch: Batch::default() }
    }

    /// One more event, or one more record whose time has come.
    pub fn count(&mut self) {
        self.count += 1;
    }

    /// Whether it is time to keep what has happened; `more` has not been counted yet.
    pub fn is_full(&self, more: &[u8]) -> bool {
        self.every.is_some_and(|every| self.count >= every)
            || self.batch.bytes.len() + more.len() >= KEEP_EVERY
            || (self.count.is_multiple_of(64) && self.since.elapsed() >= self.pause)
    }

    /// An effect: one that moves its record is a visit.
    pub fn note(&mut self, effect: &Effect) {
        if let EffectKind::StageChanged { to, by, actor, .. } = &effect.kind {
            let by = match by {
                effect::Mover::Trigger(id) => Mover::Trigger(*id),
                effect::Mover::Rule(id) => Mover::Rule(*id),
                effect::Mover::Event => Mover::Event,
            };
            let (subject, actor) = (effect.subject.clone(), actor.clone());
            let visit = Visit { subject, stage: *to, time: effect.time, by, actor };
            self.batch.visits.push(visit);
        }
    }

    /// An input has been read so far.
    pub fn at(&mut self, key: &str, position: Position) {
        match self.batch.inputs.iter_mut().find(|(name, _)| name == key) {
            Some((_, before)) => *before = position,
            None => self.batch.inputs.push((key.to_owned(), position)),
        }
    }

    /// Everything has been given; that took some time.
    pub fn begin_anew(&mut self, took: Duration) {
        self.pause = took.max(KEEP_AFTER);
        self.batch.bytes.clear();
        self.batch.visits.clear();
        self.batch.inputs.clear();
        (self.count, self.since) = (0, Instant::now());
    }
}
