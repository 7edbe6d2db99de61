//! A run over a stream of events: records in memory, clocks of partitions, what is rejected, the summary.
//!
//! The engine below is a pure function over one record; everything that reads, writes or counts is here.

mod lines;
mod records;
mod summary;
mod timers;

pub use records::Records;
pub use summary::Summary;

use crate::engine::effect::{Effect, EffectKind};
use crate::engine::{Engine, Handled};
use crate::event::decode::{Decoded, Decoder};
use crate::event::encode::Encoder;
use crate::event::{EventBody, Rejection};
use crate::program::Program;
use chrono::{DateTime, TimeDelta, Utc};
use lines::{Line, Lines};
use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};

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
}

/// What a run reads, writes and asks on its way.
pub struct Surroundings<'a> {
    pub effects: &'a mut dyn Write,
    /// Told each rejected line.
    pub rejected: &'a mut dyn FnMut(&Rejected<'_>) -> io::Result<()>,
    pub on_error: OnError,
    /// Asked between events.
    pub interrupted: &'a AtomicBool,
    /// True while the run may wait for input, with everything written out.
    pub idle: &'a AtomicBool,
    /// Told how many bytes of the input have been read, now and then.
    pub progress: &'a mut dyn FnMut(u64),
    /// Puts a clock event into the stream whenever its latest time has advanced that much.
    pub tick: Option<TimeDelta>,
}

/// How often progress is told, in lines.
const PROGRESS_EVERY: u64 = 4096;
/// How much a clock event may bring before it is written. In bytes.
const WRITE_EVERY: usize = 1 << 16;

/// A run under way: several inputs may be fed one after the other.
pub struct Run<'p> {
    engine: Engine<'p>,
    encoder: Encoder<'p>,
    decoder: Decoder<'p>,
    records: Records,
    effects: Vec<Effect>,
    buffer: Vec<u8>,
    /// The stream's time at the last tick.
    ticked: Option<DateTime<Utc>>,
    summary: Summary,
}

impl<'p> Run<'p> {
    pub fn new(engine: Engine<'p>, program: &'p Program) -> Self {
        Run {
            engine,
            encoder: Encoder::new(program),
            decoder: Decoder::new(program),
            records: Records::new(program),
            effects: Vec::new(),
            buffer: Vec::new(),
            ticked: None,
            summary: Summary::default(),
        }
    }

    /// The counts so far.
    pub fn summary(&self) -> Summary {
        Summary {
            unknown_types: self.decoder.unknown_types.clone(),
            unknown_members: self.decoder.unknown_members.clone(),
            ..self.summary.clone()
        }
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
        let result = self.feed_lines(name, input, around);
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
        let result = match until.or(self.records.latest()) {
            Some(to) => self.move_clock(to, around),
            None => Ok(()),
        };
        let flushed = around.effects.flush().map_err(Stopped::Write);
        result.and(flushed)
    }

    /// A clock event: all timers that are due by then fire.
    fn move_clock(&mut self, to: DateTime<Utc>, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        self.records.move_clock(to);
        while self.records.fire_next(&mut self.engine, to, &mut self.effects) {
            self.encode();
            if self.buffer.len() >= WRITE_EVERY {
                self.write(around)?;
                if around.interrupted.load(Ordering::Relaxed) {
                    return Err(Stopped::Interrupted);
                }
            }
        }
        self.write(around)
    }

    /// A clock event where the stream's time has advanced enough since the last.
    fn tick(&mut self, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        let (Some(tick), Some(latest)) = (around.tick, self.records.latest()) else { return Ok(()) };
        let last = *self.ticked.get_or_insert(latest);
        if latest - last >= tick {
            self.ticked = Some(latest);
            self.move_clock(latest, around)?;
        }
        Ok(())
    }

    fn write(&mut self, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = around.effects.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(Stopped::Write)
    }

    fn feed_lines(
        &mut self,
        name: &str,
        input: &mut dyn BufRead,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let mut lines = Lines::new(input);
        loop {
            if around.interrupted.load(Ordering::Relaxed) {
                return Err(Stopped::Interrupted);
            }
            let may_block = !lines.has_more();
            if may_block {
                around.effects.flush().map_err(Stopped::Write)?;
                around.idle.store(true, Ordering::SeqCst);
            }
            let line = lines.next_line();
            if may_block {
                around.idle.store(false, Ordering::SeqCst);
            }
            let Some((number, bytes_read, line)) = line.map_err(Stopped::Read)? else {
                (around.progress)(lines.bytes_read());
                return Ok(());
            };
            if number % PROGRESS_EVERY == 0 {
                (around.progress)(bytes_read);
            }
            if matches!(line, Line::Text(text) if text.trim().is_empty()) {
                continue;
            }
            self.summary.events += 1;
            match self.handle(&line) {
                Ok(None) => {
                    self.write(around)?;
                    self.tick(around)?;
                }
                Ok(Some(to)) => self.move_clock(to, around)?,
                Err(rejection) => {
                    self.summary.rejected += 1;
                    let rejected =
                        Rejected { input: name, line: number, rejection: &rejection, text: line.bytes() };
                    (around.rejected)(&rejected).map_err(Stopped::WriteRejected)?;
                    if around.on_error == OnError::Stop {
                        return Err(Stopped::Rejected);
                    }
                }
            }
        }
    }

    /// Handles one line; its effects end up in the buffer, encoded. Gives the time of a clock event, which is still to
    /// be handled.
    fn handle(&mut self, line: &Line<'_>) -> Result<Option<DateTime<Utc>>, Rejection> {
        let text = match line {
            Line::Text(text) => text,
            Line::NotUtf8(bytes) => {
                let at = std::str::from_utf8(bytes).err().map_or(0, |e| e.valid_up_to());
                return Err(Rejection::new("not-utf8", format!("byte {} of this line is no UTF-8", at + 1)));
            }
            Line::TooLong(_) => {
                let limit = lines::MAX_LINE / (1024 * 1024);
                return Err(Rejection::new("too-long", format!("a line may be at most {limit} MiB long")));
            }
        };
        let event = match self.decoder.decode(text)? {
            Decoded::Event(event) => event,
            Decoded::Skipped => {
                self.summary.skipped += 1;
                return Ok(None);
            }
        };
        if let (EventBody::Clock, Some(to)) = (&event.body, event.time) {
            return Ok(Some(to));
        }
        match self.records.apply(&mut self.engine, &event, &mut self.effects)? {
            Handled::Duplicate => self.summary.duplicates += 1,
            Handled::Applied | Handled::Echo | Handled::Nothing => {}
        }
        self.encode();
        Ok(None)
    }

    /// Counts the effects and writes them into the buffer.
    fn encode(&mut self) {
        for effect in self.effects.drain(..) {
            self.summary.effects += 1;
            if matches!(effect.kind, EffectKind::StageChanged { from: Some(_), .. }) {
                self.summary.moves += 1;
            }
            self.encoder.encode(&effect, &mut self.buffer);
            self.buffer.push(b'\n');
        }
    }
}
