//! Lines of a batch whose outside has been read, and the lanes to which they belong.

use super::{At, Batch, Lane};
use crate::event::Subject;
use crate::event::decode::instant;
use crate::event::envelope::{Attribute, Envelope, text};
use crate::event::scan::Raw;
use crate::run::lines::Line;
use crate::schema::Schema;
use ahash::RandomState;
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::collections::HashMap;

/// A line whose outside has been read.
pub(super) struct Sorted<'b> {
    pub line: Line<'b>,
    /// `None`: there is something wrong with it, and the lane finds out what.
    pub outside: Option<Envelope<'b>>,
    pub way: Way,
    /// Only where the clock ticks.
    pub time: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy)]
pub(super) enum Way {
    Blank,
    Clock,
    Lane(u32),
}

/// One thread's share of the lines of a batch.
pub(super) type Part<'b> = Vec<Sorted<'b>>;

/// Says which lane a record belongs to.
pub(super) struct Router {
    lanes: u64,
    hasher: RandomState,
    /// All records without `partitionkey` are in one partition.
    together: bool,
    /// There have been events with a `partitionkey`.
    keyed: bool,
    /// The lanes of records that a `partitionkey` has put elsewhere than their subject would.
    homes: HashMap<String, usize, RandomState>,
    /// The lanes of records that come in this stretch, if they do.
    created: HashMap<String, usize, RandomState>,
}

impl Router {
    pub fn new(lanes: usize, together: bool) -> Router {
        Router {
            lanes: lanes.max(1) as u64,
            hasher: RandomState::new(),
            together,
            keyed: false,
            homes: HashMap::default(),
            created: HashMap::default(),
        }
    }

    /// Reads the outsides of lines.
    pub fn sort<'b>(&self, batch: &'b Batch, lines: &'b [At], tick: bool, schema: &Schema) -> Part<'b> {
        let mut part = Vec::with_capacity(lines.len());
        for at in lines {
            let line = batch.line(at);
            let outside = match line {
                Line::Text(text) => Envelope::addressed(text).ok(),
                Line::NotUtf8(_) | Line::TooLong(_) => None,
            };
            let envelope = outside.as_ref();
            let way = match (envelope, &line) {
                (None, Line::Text(text)) if text.trim().is_empty() => Way::Blank,
                (None, _) => Way::Lane(0),
                (Some(envelope), _) if word(envelope.get(Attribute::Type)) == "stagegate.clock" => Way::Clock,
                (Some(envelope), _) => {
                    Way::Lane(self.lane_of(&word(envelope.get(Attribute::Subject))) as u32)
                }
            };
            let time = envelope
                .filter(|_| tick)
                .and_then(|envelope| instant(envelope.get(Attribute::Time)?, schema).ok()?);
            part.push(Sorted { line, outside, way, time });
        }
        part
    }

    /// Where a record belongs that no `partitionkey` has put elsewhere.
    fn lane_of(&self, subject: &str) -> usize {
        if self.together { 0 } else { self.lane_by_hash(subject) }
    }

    fn lane_by_hash(&self, text: &str) -> usize {
        (self.hasher.hash_one(text) % self.lanes) as usize
    }

    /// The lane of an event, which is `usual` where no `partitionkey` is in use. `None`: that cannot be known before
    /// everything before it is handled. `begun`: there is something before it.
    pub fn route(
        &mut self,
        envelope: &Envelope<'_>,
        usual: usize,
        lanes: &[&mut Lane<'_>],
        begun: bool,
    ) -> Option<usize> {
        if !self.keyed {
            if envelope.get(Attribute::Partitionkey).is_none() {
                return Some(usual);
            }
            if begun {
                return None;
            }
            self.keyed = true;
        }
        let subject = word(envelope.get(Attribute::Subject));
        if let Some(home) = self.homes.get(&*subject) {
            return Some(*home);
        }
        if lanes[usual].knows(&subject) {
            return Some(usual);
        }
        let coming = self.created.get(&*subject).copied();
        if !word(envelope.get(Attribute::Type)).ends_with(".created") {
            return Some(coming.unwrap_or(usual));
        }
        let home =
            envelope.get(Attribute::Partitionkey).map_or(usual, |key| self.lane_by_hash(&word(Some(key))));
        match coming {
            // The one before may be rejected, and this one not.
            Some(coming) if coming != home => None,
            Some(coming) => Some(coming),
            None => {
                self.created.insert(subject.into_owned(), home);
                Some(home)
            }
        }
    }

    /// Keeps where the records are that have come.
    pub fn settle(&mut self, lanes: &[&mut Lane<'_>]) {
        for (subject, home) in std::mem::take(&mut self.created) {
            if lanes[home].knows(&subject) {
                self.homes.insert(subject, home);
            }
        }
    }
}

impl Lane<'_> {
    /// Whether something is known of a subject, as it is written.
    fn knows(&self, subject: &str) -> bool {
        let Some((entity, id)) = subject.split_once('/') else { return false };
        let entity = self.decoder.entity(entity);
        entity.is_some_and(|entity| self.records.slot(&Subject { entity, id: id.into() }).is_some())
    }
}

/// An attribute as text; empty if it is none.
fn word(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(|raw| text(raw, "").ok()).unwrap_or_default()
}
