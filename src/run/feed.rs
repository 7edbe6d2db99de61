//! How a run is fed the lines of an input: those that are at hand a few at a time, others one by one.

use super::lane::{AHEAD, Ready};
use super::lines::{Lines, Meter, Start, first_line, is_blank, readable, without_break};
use super::records::Known;
use super::{OnError, Rejected, Run, Stopped, Surroundings};
use crate::event::decode::Decoded;
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
            let decoded = readable(&line).and_then(|text| self.lane.decoder.decode(text));
            // Whoever writes the input has not come to the line's end.
            if let Err(rejection) = &decoded
                && key.is_some()
                && meter.open()
                && matches!(rejection.code, "not-json" | "not-utf8")
            {
                self.summary.unfinished.push(name.to_owned());
                return Ok(());
            }
            let known = match &decoded {
                Ok(Decoded::Event(event)) => Known::of(event, None),
                _ => Known::default(),
            };
            let ready = Ready { decoded, known };
            let fed = self.feed_line(source, meter, line.bytes(), &ready, around);
            self.written(fed, around)?;
            if let Ok(Decoded::Event(event)) = ready.decoded {
                self.lane.decoder.recycle(event);
            }
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
        while !text.is_empty() {
            if around.interrupted.load(Ordering::Relaxed) {
                return Err(Stopped::Interrupted);
            }
            let mut lines = [""; AHEAD];
            for line in &mut lines[..most] {
                (*line, text) = first_line(text).unwrap_or((text, ""));
            }
            let mut outsides = [const { None }; AHEAD];
            for (outside, line) in outsides.iter_mut().zip(lines).filter(|(_, line)| !line.is_empty()) {
                *outside = Some(Envelope::begun(without_break(line)));
            }
            let read = outsides.iter().map(|outside| outside.as_ref()?.as_ref().ok());
            let mut ahead = self.lane.prepare(lines.iter().map(|line| without_break(line)).zip(read));
            for (ready, outside) in ahead.iter_mut().zip(&outsides) {
                if let Some(Err(rejection)) = outside {
                    *ready = Some(Ready { decoded: Err(rejection.clone()), known: Known::default() });
                }
            }
            let mut fed = Ok(());
            for (whole, ready) in lines.iter().zip(&ahead) {
                let Some(ready) = ready else { break };
                meter.line(whole);
                let line = without_break(whole);
                if ready.decoded.is_err() && is_blank(line) {
                    self.passed(source, meter, around);
                    continue;
                }
                fed = self.feed_line(source, meter, line.as_bytes(), ready, around);
                if fed.is_err() {
                    break;
                }
            }
            self.written(fed, around)?;
            self.lane.recycle(ahead);
        }
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
        let handled = match &ready.decoded {
            Ok(Decoded::Event(event)) => self.handle(event, ready.known),
            Ok(Decoded::Skipped) => {
                self.lane.summary.skipped += 1;
                Ok(None)
            }
            Err(rejection) => Err(rejection.clone()),
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
