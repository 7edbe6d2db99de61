//! Two versions of a program over the same events, beside each other: which records go another way, and which effects are
//! new, gone or different.
//!
//! Events are read once and given to both; timers fire in both in the order of their times. What both do alike is forgotten at
//! once, so that a long stream takes no more room than its records do.

mod tracks;

pub use tracks::{Example, Parted, Row};

use super::lane::Lane;
use super::lines::{Line, Lines};
use super::records::Known;
use crate::engine::effect::Effect;
use crate::engine::{Engine, Options};
use crate::event::decode::Decoded;
use crate::event::encode::Encoder;
use crate::event::{Event, EventBody, Rejection};
use crate::program::Program;
use crate::value::Text;
use crate::vm::Machine;
use chrono::{DateTime, TimeDelta, Utc};
use std::io::{self, BufRead};
use tracks::Tracks;

/// An event that only one of the versions takes.
#[derive(Debug, Clone)]
pub struct Refused {
    pub input: String,
    pub line: u64,
    /// Whether it is the new version that does not take it.
    pub by_new: bool,
    pub rejection: Rejection,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Report {
    pub events: u64,
    pub records: u64,
    /// Of the old version and of the new one.
    pub effects: [u64; 2],
    /// Events that neither takes.
    pub rejected: u64,
    /// Events that only the old version does not take, and only the new one.
    pub refused: [u64; 2],
    /// The first of them.
    pub refusals: Vec<Refused>,
    /// How many records go another way.
    pub parted: u64,
    /// The first of them.
    pub parted_records: Vec<Parted>,
    /// Where records would stand at the end, if that is another stage: from, to, how many.
    pub ends: Vec<(String, String, u64)>,
    /// What differs, by whoever asks for it.
    pub rows: Vec<Row>,
}

impl Report {
    pub fn is_empty(&self) -> bool {
        self.parted == 0 && self.rows.is_empty() && self.refused == [0, 0]
    }
}

/// Two runs under way.
pub struct Beside<'p> {
    /// Of each version.
    sides: [Lane<'p>; 2],
    tracks: Tracks<'p>,
    report: Report,
    examples: usize,
    ticked: Option<DateTime<Utc>>,
    buffers: [Vec<u8>; 2],
}

impl<'p> Beside<'p> {
    /// Of the old version and the new one. `names` are the programs by whose names effects are told and compared: those of
    /// the new version.
    pub fn new(
        machines: [&'p Machine; 2],
        names: [&'p Program; 2],
        options: &Options,
        examples: usize,
    ) -> Self {
        let side = |at: usize| Lane {
            encoder: Encoder::new(names[at]),
            ..Lane::new(Engine::new(machines[at], options.clone()), machines[at].program())
        };
        Beside {
            sides: [side(0), side(1)],
            tracks: Tracks::new(names, examples),
            report: Report::default(),
            examples,
            ticked: None,
            buffers: [Vec::new(), Vec::new()],
        }
    }

    /// Feeds one input to its end. `progress` is told how many bytes have been read.
    ///
    /// # Errors
    /// Those of reading.
    pub fn feed(
        &mut self,
        name: &str,
        input: &mut dyn BufRead,
        tick: Option<TimeDelta>,
        progress: &mut dyn FnMut(u64),
    ) -> io::Result<()> {
        let mut lines = Lines::new(input);
        while let Some((line, meter)) = lines.next_line()? {
            let number = meter.number();
            if number.is_multiple_of(4096) {
                progress(meter.read());
            }
            let text = match line {
                Line::Text(text) if text.trim().is_empty() => continue,
                Line::Text(text) => text,
                Line::NotUtf8(_) | Line::TooLong(_) => {
                    self.report.events += 1;
                    self.report.rejected += 1;
                    continue;
                }
            };
            self.report.events += 1;
            self.line(name, number, text);
            if let (Some(tick), Some(latest)) = (tick, self.latest()) {
                let last = *self.ticked.get_or_insert(latest);
                if latest - last >= tick {
                    self.ticked = Some(latest);
                    self.move_clock(latest);
                }
            }
        }
        Ok(())
    }

    /// Ends the stream: both clocks move to `until`, or to the latest time of an event.
    pub fn finish(mut self, until: Option<DateTime<Utc>>) -> Report {
        if let Some(to) = until.or(self.latest()) {
            self.move_clock(to);
        }
        self.tracks.finish(&mut self.report);
        self.report
    }

    fn latest(&self) -> Option<DateTime<Utc>> {
        self.sides[0].records.latest().max(self.sides[1].records.latest())
    }

    fn line(&mut self, name: &str, number: u64, text: &str) {
        let latest = self.latest();
        let mut refused: [Option<Rejection>; 2] = [None, None];
        let mut clock = None;
        for (at, (side, refused)) in self.sides.iter_mut().zip(&mut refused).enumerate() {
            let decoded = match side.decoder.decode(text) {
                Ok(Decoded::Event(event)) => event,
                Ok(Decoded::Skipped) => continue,
                Err(rejection) => {
                    *refused = Some(rejection);
                    continue;
                }
            };
            let mut event = decoded;
            if let (EventBody::Clock, Some(to)) = (&event.body, event.time) {
                clock = Some(to);
                continue;
            }
            // The same time in both, whatever one of them has not taken.
            event.time = event.time.or(latest);
            // The events name effects by the numbers that the old version gave them.
            if at == 1 && !answered(&mut event, &self.tracks, side.engine.program()) {
                continue;
            }
            if let Err(rejection) = side.apply(&event, Known::of(&event, None)) {
                *refused = Some(rejection);
            }
        }
        self.compare();
        match refused {
            [None, None] => {}
            [Some(_), Some(_)] => self.report.rejected += 1,
            [old, new] => {
                let by_new = new.is_some();
                self.report.refused[usize::from(by_new)] += 1;
                if let Some(rejection) = old.or(new)
                    && self.report.refusals.len() < self.examples
                {
                    let input = name.to_owned();
                    self.report.refusals.push(Refused { input, line: number, by_new, rejection });
                }
            }
        }
        if let Some(to) = clock {
            self.move_clock(to);
        }
    }

    /// A clock event: all timers that are due by then fire, in both versions in the order of their times.
    fn move_clock(&mut self, to: DateTime<Utc>) {
        self.sides.iter_mut().for_each(|side| side.records.move_clock(to));
        loop {
            let due = self.sides.iter().filter_map(|side| side.records.may_be_due()).min();
            let Some(due) = due.filter(|due| *due <= to) else { return };
            // One record after the other, in both.
            loop {
                let mut fired = false;
                for side in &mut self.sides {
                    fired |= side.fire_next_by(due, to).is_some();
                }
                self.compare();
                if !fired {
                    break;
                }
            }
        }
    }

    /// Compares what both have just done.
    fn compare(&mut self) {
        let [old, new] = &mut self.sides;
        for (side, count) in [&mut *old, &mut *new].into_iter().zip(&mut self.report.effects) {
            *count += side.effects.len() as u64;
        }
        let alike = old.effects.len() == new.effects.len()
            && old.effects.iter_mut().zip(&mut new.effects).all(|(before, now)| {
                self.buffers.iter_mut().for_each(Vec::clear);
                encode(&old.encoder, before, &mut self.buffers[0]);
                encode(&new.encoder, now, &mut self.buffers[1]);
                self.buffers[0] == self.buffers[1]
            });
        if alike {
            for (before, now) in old.effects.iter().zip(&new.effects) {
                self.tracks.both(before, now);
            }
            old.effects.clear();
            new.effects.clear();
            return;
        }
        let encoded = |side: &mut Lane<'_>| -> Vec<(Effect, Vec<u8>)> {
            let encoded = |mut effect: Effect| {
                let mut bytes = Vec::new();
                encode(&side.encoder, &mut effect, &mut bytes);
                (effect, bytes)
            };
            side.effects.drain(..).map(encoded).collect()
        };
        let (before, now) = (encoded(old), encoded(new));
        self.tracks.step(before, now);
    }
}

/// Writes an effect without its number: one effect more changes those of all that follow.
fn encode(encoder: &Encoder<'_>, effect: &mut Effect, out: &mut Vec<u8>) {
    let number = std::mem::take(&mut effect.number);
    encoder.encode(effect, out);
    effect.number = number;
}

/// Gives an event that answers an effect, or is its echo, the number which that has in the new version. False if the new
/// version has not asked for it: then there is nothing to be answered.
fn answered(event: &mut Event, tracks: &Tracks<'_>, program: &Program) -> bool {
    let Some(subject) = event.subject().cloned() else { return true };
    let Some(entity) = program.schema.entities.get(subject.entity.index()) else { return true };
    let own = format!("{}/{}/", entity.wire_name, subject.id);
    let renumber = |effect: &mut Text| -> bool {
        let number = effect.strip_prefix(&*own).and_then(|number| number.parse().ok());
        match number.map(|number| tracks.counterpart(&subject, number)) {
            None => true,
            Some(None) => false,
            Some(Some(number)) => {
                *effect = format!("{own}{number}").into();
                true
            }
        }
    };
    let known = match &mut event.body {
        EventBody::Completed { effect, .. } | EventBody::Failed { effect, .. } => renumber(effect),
        _ => true,
    };
    known && event.cause.as_mut().is_none_or(renumber)
}
