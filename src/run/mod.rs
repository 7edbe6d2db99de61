//! A run over a stream of events: records in memory, clocks of partitions, what is rejected, the summary.
//!
//! The engine below is a pure function over one record; everything that reads, writes or counts is here.

pub mod beside;
mod feed;
mod jobs;
mod kept;
mod lane;
mod lines;
mod records;
#[cfg(feature = "state")]
pub mod state;
mod summary;
mod timers;

pub use kept::{Batch, KeepError, Keeper, Keeping, Mover, Remembered, Visit};
pub(crate) use lines::{Line, Lines};
pub use lines::{Position, Start};
pub use records::{Home, Records};
pub use summary::{Summary, grouped};

use crate::engine::Engine;
use crate::engine::watch::Noted;
use crate::event::{Event, Rejection};
use crate::program::Program;
use chrono::{DateTime, TimeDelta, Utc};
use jobs::Jobs;
use kept::Kept;
use lane::Lane;
use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What to do with an event that is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Report it and go on.
    #[default]
    Skip,
    /// End the run.
    Stop,
}

/// A rejected line.
pub struct Rejected<'a> {
    /// The input's name, as given.
    pub input: &'a str,
    /// From 1.
    pub line: u64,
    pub rejection: &'a Rejection,
    /// The line itself, as it came (only its beginning, if it was too long to be read).
    pub text: &'a [u8],
}

/// Why a run ended before its input did.
#[derive(Debug)]
pub enum Stopped {
    /// Reading the input failed.
    Read(io::Error),
    /// Writing the effects failed.
    Write(io::Error),
    /// Writing the rejected lines failed.
    WriteRejected(io::Error),
    /// An event was rejected and the run was to stop at the first.
    Rejected,
    /// Someone asked to stop.
    Interrupted,
    /// Writing what was decided failed.
    Trace(io::Error),
    /// What the run remembers could not be kept: why.
    Keep(String),
}

/// What a run reads, writes and asks on its way.
pub struct Surroundings<'a> {
    pub effects: &'a mut dyn Write,
    /// Told each rejected line.
    pub rejected: &'a mut dyn FnMut(&Rejected<'_>) -> io::Result<()>,
    pub on_error: OnError,
    /// Asked between events, now and then.
    pub interrupted: &'a AtomicBool,
    /// True while the run may wait for input, with everything written out.
    pub idle: &'a AtomicBool,
    /// Told how many bytes of the input have been read, now and then.
    pub progress: &'a mut dyn FnMut(u64),
    /// Puts a clock event into the stream whenever its latest time has advanced that much.
    pub tick: Option<TimeDelta>,
}

/// How much a clock event may bring before it is written. In bytes.
const WRITE_EVERY: usize = 1 << 16;

/// Is given what was decided, with the event that brought it if it was no timer.
pub type Tracer<'p> = Box<dyn FnMut(Vec<Noted>, Option<&Event>) -> io::Result<()> + 'p>;

/// A run under way: several inputs may be fed one after the other.
pub struct Run<'p> {
    lane: Lane<'p>,
    /// Those of the other threads.
    jobs: Option<Jobs<'p>>,
    buffer: Vec<u8>,
    /// The stream's time at the last tick.
    ticked: Option<DateTime<Utc>>,
    /// The lines, and what is wrong with them.
    summary: Summary,
    kept: Option<Kept<'p>>,
    tracer: Option<Tracer<'p>>,
    /// Why it could not do its work.
    untraced: Option<io::Error>,
    /// A clock event that is under way.
    moving_to: Option<DateTime<Utc>>,
}

impl<'p> Run<'p> {
    pub fn new(engine: Engine<'p>, program: &'p Program) -> Self {
        Run {
            lane: Lane::writing(engine, program),
            jobs: None,
            buffer: Vec::new(),
            ticked: None,
            summary: Summary::default(),
            kept: None,
            tracer: None,
            untraced: None,
            moving_to: None,
        }
    }

    /// From now on `keeper` is given what happens, about once a second or, if that is given, at least every so many
    /// events. It writes the effects too: nothing is
    /// written to those of [`Surroundings`].
    pub fn keep(&mut self, every: Option<u64>, keeper: Keeper<'p>) {
        self.lane.records.note_touched();
        self.kept = Some(Kept::new(every, keeper));
    }

    /// From now on `tracer` is given all that the engine decides: one that watches.
    pub fn trace(&mut self, tracer: Tracer<'p>) {
        self.tracer = Some(tracer);
    }

    /// Hands on what was decided.
    fn traced(&mut self, event: Option<&Event>) {
        let Some(tracer) = &mut self.tracer else { return };
        let noted = self.lane.engine.take_noted();
        if !noted.is_empty()
            && self.untraced.is_none()
            && let Err(why) = tracer(noted, event)
        {
            self.untraced = Some(why);
        }
    }

    /// From now on works on so many threads, to the same effect. What can be worked on at once are partitions.
    ///
    /// Before the first event, and not together with [`Run::keep`], [`Run::trace`] or an engine that watches: they want
    /// to see one event after the other.
    pub fn split(&mut self, jobs: usize) {
        if jobs > 1 && self.kept.is_none() && self.tracer.is_none() {
            self.jobs = Some(Jobs::new(&self.lane, jobs));
        }
    }

    /// The latest time of an accepted event, if there was one.
    pub fn latest(&self) -> Option<DateTime<Utc>> {
        self.lane.records.latest()
    }

    /// Puts back what was kept: the records, and how far time had come.
    pub fn restore(&mut self, kept: Remembered) {
        let Remembered { records, ticked, moving_to } = kept;
        (self.lane.records, self.ticked, self.moving_to) = (records, ticked, moving_to);
        if self.kept.is_some() {
            self.lane.records.note_touched();
        }
    }

    /// Ends a clock event at which an earlier run was stopped: before anything else.
    ///
    /// # Errors
    /// Those of writing, or that someone asked to stop.
    pub fn go_on(&mut self, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        match self.moving_to {
            Some(to) => {
                let result = self.move_clock(to, around);
                result.and(self.commit(true))
            }
            None => Ok(()),
        }
    }

    /// Gives the keeper all that has happened since; `settled` if nothing may follow for a while.
    fn commit(&mut self, settled: bool) -> Result<(), Stopped> {
        let Some(kept) = &mut self.kept else { return Ok(()) };
        let touched = self.lane.records.take_touched();
        let (records, ticked, moving_to) = (&self.lane.records, self.ticked, self.moving_to);
        let batch = &kept.batch;
        let begun = Instant::now();
        let given = (kept.keeper)(&Keeping { records, touched, batch, ticked, moving_to, settled });
        kept.begin_anew(begun.elapsed());
        given.map_err(|why| match why {
            KeepError::State(why) => Stopped::Keep(why),
            KeepError::Write(why) => Stopped::Write(why),
        })
    }

    /// Ends what an error ended: what has happened is kept all the same, where it can be.
    fn settle(&mut self, result: Result<(), Stopped>) -> Result<(), Stopped> {
        match result {
            // Nothing may be kept behind what could not be.
            Err(Stopped::Keep(_) | Stopped::Write(_)) => result,
            _ => match self.commit(true) {
                Err(why) if result.is_ok() => Err(why),
                _ => result,
            },
        }
    }

    /// The counts so far.
    pub fn summary(&self) -> Summary {
        let mut summary = self.summary.clone();
        summary.add(self.lane.summary());
        for lane in self.jobs.iter().flat_map(Jobs::lanes) {
            summary.add(lane.summary());
        }
        summary
    }

    /// Feeds one input to its end.
    ///
    /// # Errors
    /// Whatever ends the run early; the effects of the events before are written out all the same, where
    /// they can be.
    pub fn feed(
        &mut self,
        name: &str,
        input: &mut dyn BufRead,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        self.feed_from(name, None, input, around)
    }

    /// As [`Run::feed`], of an input whose position is kept under a name of its own; the reader stands at the start.
    ///
    /// # Errors
    /// As [`Run::feed`].
    pub fn feed_from(
        &mut self,
        name: &str,
        start: Option<(&str, Start)>,
        input: &mut dyn BufRead,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let result = match &mut self.jobs {
            Some(jobs) => {
                let own = (&mut self.summary, &mut self.ticked);
                jobs.feed(&mut self.lane, own, (name, input), around)
            }
            None => self.feed_lines(name, start, input, around),
        };
        let result = self.settle(result);
        let flushed = around.effects.flush().map_err(Stopped::Write);
        result.and(flushed)
    }

    /// Ends a finite stream: a clock event at `until`, or at the latest time of an accepted event.
    ///
    /// # Errors
    /// Those of writing, or that someone asked to stop.
    pub fn finish(
        &mut self,
        until: Option<DateTime<Utc>>,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let result = match until.or(self.lane.records.latest()) {
            Some(to) => self.move_clock(to, around),
            None => Ok(()),
        };
        let result = self.settle(result);
        let flushed = around.effects.flush().map_err(Stopped::Write);
        result.and(flushed)
    }

    /// A clock event: all timers that are due by then fire.
    fn move_clock(&mut self, to: DateTime<Utc>, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        if let Some(jobs) = &mut self.jobs {
            return jobs.move_clock(&mut self.lane, to, around);
        }
        self.lane.records.move_clock(to);
        self.moving_to = Some(to);
        while self.lane.fire_next_by(to, to).is_some() {
            self.encode();
            self.traced(None);
            if let Some(kept) = &mut self.kept {
                kept.count();
            }
            let full = match &self.kept {
                Some(kept) => kept.is_full(&self.buffer),
                None => self.buffer.len() >= WRITE_EVERY,
            };
            if full {
                self.write(around)?;
                self.commit(false)?;
                if around.interrupted.load(Ordering::Relaxed) {
                    return Err(Stopped::Interrupted);
                }
            }
        }
        self.moving_to = None;
        self.write(around)
    }

    /// A clock event where the stream's time has advanced enough since the last.
    fn tick(&mut self, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        let (Some(tick), Some(latest)) = (around.tick, self.lane.records.latest()) else { return Ok(()) };
        let last = *self.ticked.get_or_insert(latest);
        if latest - last >= tick {
            self.ticked = Some(latest);
            self.move_clock(latest, around)?;
        }
        Ok(())
    }

    fn write(&mut self, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        if let Some(why) = self.untraced.take() {
            return Err(Stopped::Trace(why));
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        if let Some(kept) = &mut self.kept {
            kept.batch.bytes.append(&mut self.buffer);
            return Ok(());
        }
        let written = around.effects.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(Stopped::Write)
    }

    /// Writes the effects into the buffer.
    fn encode(&mut self) {
        let kept = &mut self.kept;
        self.lane.encode(&mut self.buffer, |effect| {
            if let Some(kept) = kept {
                kept.note(effect);
            }
        });
    }
}
