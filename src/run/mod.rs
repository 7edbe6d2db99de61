//! A run over a stream of events: records in memory, clocks of partitions, what is rejected, the summary.
//!
//! The engine below is a pure function over one record; everything that reads, writes or counts is here.

mod lines;
mod records;
mod summary;

pub use records::Records;
pub use summary::Summary;

use crate::engine::effect::{Effect, EffectKind};
use crate::engine::{Engine, Handled};
use crate::event::Rejection;
use crate::event::decode::{Decoded, Decoder};
use crate::event::encode::Encoder;
use crate::program::Program;
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
}

/// How often progress is told, in lines.
const PROGRESS_EVERY: u64 = 4096;

/// A run under way: several inputs may be fed one after the other.
pub struct Run<'p> {
    engine: Engine<'p>,
    encoder: Encoder<'p>,
    decoder: Decoder<'p>,
    records: Records,
    effects: Vec<Effect>,
    buffer: Vec<u8>,
    summary: Summary,
}

impl<'p> Run<'p> {
    pub fn new(engine: Engine<'p>, program: &'p Program) -> Self {
        Run {
            engine,
            encoder: Encoder::new(program),
            decoder: Decoder::new(program),
            records: Records::new(program.reads_references),
            effects: Vec::new(),
            buffer: Vec::new(),
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
                Ok(()) if self.buffer.is_empty() => {}
                Ok(()) => {
                    let written = around.effects.write_all(&self.buffer);
                    self.buffer.clear();
                    written.map_err(Stopped::Write)?;
                }
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

    /// Handles one line; its effects end up in the buffer, encoded.
    fn handle(&mut self, line: &Line<'_>) -> Result<(), Rejection> {
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
                return Ok(());
            }
        };
        match self.records.apply(&mut self.engine, &event, &mut self.effects)? {
            Handled::Duplicate => self.summary.duplicates += 1,
            Handled::Applied | Handled::Echo | Handled::Nothing => {}
        }
        for effect in self.effects.drain(..) {
            self.summary.effects += 1;
            if matches!(effect.kind, EffectKind::StageChanged { from: Some(_), .. }) {
                self.summary.moves += 1;
            }
            self.encoder.encode(&effect, &mut self.buffer);
            self.buffer.push(b'\n');
        }
        Ok(())
    }
}
