//! How a run is fed the lines of an input: those that are at hand a few at a time, others one by one.

use super::lane::{AHEAD, Holds, Ready};
use super::lines::{Lines, Meter, Start, first_line, is_blank, readable, without_break};
use super::records::Known;
use super::{OnError, Rejected, Run, Stopped, Surroundings};
use crate::event::envelope::Envelope;
use crate::event::{Event, EventBody, Rejection};
use chrono::{DateTime, Utc};
use std::io::BufRead;
use std::sync::atomic::Ordering;

/// How often progress is told, in lines.
const PROGRESS_EVERY: u64 = 4096;

/// Where lines come from: the input's name, and the one under which its position is kept.
#[derive(Clone, Copy)]
struct Source<'a> {
    name: &'a str,
    key: Option<&'a str>,
}

impl Run<'_> {
    pub(super) fn feed_lines(
        &mut self,
        name: &str,
        start: Option<(&str, Start)>,
        input: &mut dyn BufRead,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let (key, mut lines) = match start {
            Some((key, start)) => (Some(key), Lines::from(input, start)),
            None => (None, Lines::new(input)),
        };
        let source = Source { name, key };
        let mut ready = Ready::default();
        loop {
            if around.interrupted.load(Ordering::Relaxed) {
                return Err(Stopped::Interrupted);
            }
            if let Some((text, meter)) = lines.stretch().map_err(Stopped::Read)? {
                let length = text.len();
                self.feed_stretch(source, text, meter, around)?;
                lines.pass(length);
                continue;
            }
            let may_block = !lines.has_more();
            if may_block {
                if key.is_none() {
                    self.commit(true)?;
                }
                around.effects.flush().map_err(Stopped::Write)?;
                // Of an input whose position is kept not everything has been written out.
                around.idle.store(key.is_none(), Ordering::SeqCst);
            }
            let line = lines.next_line();
            if may_block {
                around.idle.store(false, Ordering::SeqCst);
            }
            let Some((line, meter)) = line.map_err(Stopped::Read)? else {
                (around.progress)(lines.meter().read());
                return Ok(());
            };
            if line.is_blank() {
                self.passed(source, meter, around);
                continue;
            }
            self.lane.prepare_one(readable(&line), &mut ready);
            // Whoever writes the input has not come to the line's end.
            if let Holds::Wrong(rejection) = &ready.holds
                && key.is_some()
                && meter.open()
                && matches!(rejection.code, "not-json" | "not-utf8")
            {
                self.summary.unfinished.push(name.to_owned());
                return Ok(());
            }
            let fed = self.feed_line(source, meter, line.bytes(), &ready, around);
            self.written(fed, around)?;
        }
    }

    /// Feeds lines that are wholly at hand.
    fn feed_stretch(
        &mut self,
        source: Source<'_>,
        mut text: &str,
        meter: &mut Meter,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        // What is counted of lines that are decoded but not handled any more would be too much.
        let most = if around.on_error == OnError::Stop { 1 } else { AHEAD };
        let mut ahead = self.lane.room();
        while !text.is_empty() {
            if around.interrupted.load(Ordering::Relaxed) {
                return Err(Stopped::Interrupted);
            }
            let (mut lines, mut count) = ([""; AHEAD], 0);
            while count < most && !text.is_empty() {
                (lines[count], text) = first_line(text).unwrap_or((text, ""));
                count += 1;
            }
            let (lines, ahead) = (&lines[..count], &mut ahead);
            let outsides: [_; AHEAD] = std::array::from_fn(|at| {
                let line = lines.get(at).map(|line| without_break(line));
                line.and_then(|line| Envelope::begun(line).ok())
            });
            let read = outsides.iter().map(Option::as_ref);
            self.lane.prepare(lines.iter().map(|line| without_break(line)).zip(read), ahead);
            let mut fed = Ok(());
            for (whole, ready) in lines.iter().zip(ahead.iter()) {
                meter.line(whole);
                let line = without_break(whole);
                if matches!(ready.holds, Holds::Wrong(_)) && is_blank(line) {
                    self.passed(source, meter, around);
                    continue;
                }
                fed = self.feed_line(source, meter, line.as_bytes(), ready, around);
                if fed.is_err() {
                    break;
                }
            }
            self.written(fed, around)?;
        }
        self.lane.done(ahead);
        Ok(())
    }

    /// A line has been read.
    fn passed(&mut self, source: Source<'_>, meter: &Meter, around: &mut Surroundings<'_>) {
        if meter.number().is_multiple_of(PROGRESS_EVERY) {
            (around.progress)(meter.read());
        }
        if let (Some(kept), Some(key)) = (&mut self.kept, source.key)
            && let Some(position) = meter.position()
        {
            kept.at(key, position);
        }
    }

    /// Handles what a line holds.
    fn feed_line(
        &mut self,
        source: Source<'_>,
        meter: &Meter,
        line: &[u8],
        ready: &Ready,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        self.summary.events += 1;
        let handled = match &ready.holds {
            Holds::Event => self.handle(&ready.event, ready.known),
            Holds::Skipped => {
                self.lane.summary.skipped += 1;
                Ok(None)
            }
            Holds::Wrong(rejection) => Err((**rejection).clone()),
        };
        match handled {
            Ok(to) => {
                self.passed(source, meter, around);
                if let Some(to) = to {
                    self.move_clock(to, around)?;
                }
                self.tick(around)?;
            }
            Err(rejection) => {
                self.summary.rejected += 1;
                let (name, number) = (source.name, meter.number());
                let rejected = Rejected { input: name, line: number, rejection: &rejection, text: line };
                (around.rejected)(&rejected).map_err(Stopped::WriteRejected)?;
                // The line at which a run ends is read again by the next one.
                if around.on_error == OnError::Stop {
                    return Err(Stopped::Rejected);
                }
                self.passed(source, meter, around);
            }
        }
        if let Some(kept) = &mut self.kept {
            kept.count();
            if kept.is_full(&[]) {
                self.encode();
                self.write(around)?;
                self.commit(false)?;
            }
        }
        Ok(())
    }

    /// Handles an event. Gives the time of a clock event, which is still to be handled.
    fn handle(&mut self, event: &Event, known: Known) -> Result<Option<DateTime<Utc>>, Rejection> {
        if let (EventBody::Clock, Some(to)) = (&event.body, event.time) {
            return Ok(Some(to));
        }
        let applied = self.lane.apply(event, known);
        self.traced(Some(event));
        applied.map(|()| None)
    }

    /// Writes what lines have brought that have been fed so far, whatever became of the last.
    fn written(&mut self, fed: Result<(), Stopped>, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        self.encode();
        let written = self.write(around);
        fed.and(written)
    }
}
