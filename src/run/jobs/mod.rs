//! A run on several threads, which writes what a run on one writes.
//!
//! Records of different partitions know nothing of each other, so each partition belongs to one lane, and each lane has a
//! thread. Lines are read in batches. First the lanes share the lines of a batch among them and find out where each
//! belongs; then each lane handles its own, in their order; what they bring is put together in the order of the lines. While
//! lanes work, the batch before is written and the next one is read.
//!
//! Some lines concern all lanes: a clock event, one that lets the clock tick, one without a time after others (it happened
//! when the latest of them did). There a batch is cut: everything before is handled, then that line.

mod firing;
mod router;

use super::lane::{AHEAD, Holds, Lane, Ready};
use super::lines::{Line, Lines, first_line, readable, without_break};
use super::summary::Summary;
use super::{OnError, Rejected, Stopped, Surroundings};
use crate::engine::Engine;
use crate::event::decode::Decoded;
use crate::event::envelope::Attribute;
use crate::event::{EventBody, Rejection};
use chrono::{DateTime, Utc};
use firing::move_clock;
use router::{Part, Router, Sorted, Way};
use std::io;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::thread;

/// A batch is full with so much text. In bytes: many times the work of starting threads, and little to wait for.
const BATCH: usize = 2 << 20;
/// Fewer lines are not worth threads.
const FEW: usize = 64;

/// The lanes of the other threads, and which lane a record belongs to.
pub(super) struct Jobs<'p> {
    more: Vec<Lane<'p>>,
    router: Router,
}

/// Lines that have been read, and are still to be handled or written.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    lines: Vec<At>,
}

/// Where a line stands in its batch.
struct At {
    number: u64,
    bytes: Range<usize>,
    too_long: bool,
}

/// What a lane has made of its lines.
#[derive(Default)]
struct Out {
    bytes: Vec<u8>,
    /// Of lines that brought anything.
    done: Vec<Done>,
}

struct Done {
    line: usize,
    /// Where its effects end.
    end: usize,
    rejection: Option<Box<Rejection>>,
}

/// Why a stretch of lines ends where it does.
enum Cut {
    /// The batch is over.
    End,
    /// The next line has to wait for what is before it.
    Before,
    /// The clock may tick now.
    Tick,
    /// The next line is a clock event.
    Clock,
}

impl<'p> Jobs<'p> {
    pub fn new(lane: &Lane<'p>, jobs: usize) -> Jobs<'p> {
        let engine = &lane.engine;
        let machine = engine.machine();
        let more = (1..jobs)
            .map(|_| Lane::writing(Engine::new(machine, engine.options().clone()), machine.program()))
            .collect();
        let router = Router::new(jobs, machine.program().reads_references);
        Jobs { more, router }
    }

    pub fn lanes(&self) -> impl Iterator<Item = &Lane<'p>> {
        self.more.iter()
    }

    /// Feeds one input to its end.
    pub fn feed(
        &mut self,
        lane: &mut Lane<'p>,
        own: (&mut Summary, &mut Option<DateTime<Utc>>),
        (name, input): (&str, &mut dyn io::BufRead),
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let lanes = std::iter::once(lane).chain(&mut self.more).collect();
        let (summary, ticked) = own;
        let output = Output { summary, name, around };
        let mut feed = Feed { lanes, router: &mut self.router, ticked, output };
        feed.all(&mut Lines::new(input))
    }

    /// All timers fire that are due by then, in the order of their times.
    pub fn move_clock(
        &mut self,
        lane: &mut Lane<'p>,
        to: DateTime<Utc>,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let mut lanes: Vec<&mut Lane<'p>> = std::iter::once(lane).chain(&mut self.more).collect();
        move_clock(&mut lanes, to, around)
    }
}

/// One input being read.
struct Feed<'a, 'p, 's> {
    lanes: Vec<&'a mut Lane<'p>>,
    router: &'a mut Router,
    ticked: &'a mut Option<DateTime<Utc>>,
    output: Output<'a, 's>,
}

/// Where goes what comes out.
struct Output<'a, 's> {
    summary: &'a mut Summary,
    /// Of the input.
    name: &'a str,
    around: &'a mut Surroundings<'s>,
}

impl Feed<'_, '_, '_> {
    fn all(&mut self, lines: &mut Lines<'_>) -> Result<(), Stopped> {
        let mut next = Batch::default();
        let mut failed = None;
        let mut written: Option<(Batch, Vec<Out>)> = None;
        loop {
            if next.lines.is_empty() {
                // Nothing more is at hand: it may take a while.
                if let Some((batch, outs)) = written.take() {
                    self.output.write(&batch, &outs)?;
                }
                self.output.around.effects.flush().map_err(Stopped::Write)?;
                self.stop_if_asked()?;
                if let Some(why) = failed.take() {
                    return Err(Stopped::Read(why));
                }
                self.output.around.idle.store(true, Ordering::SeqCst);
                failed = next.read(lines, true).err();
                self.output.around.idle.store(false, Ordering::SeqCst);
                if next.lines.is_empty() && failed.is_none() {
                    (self.output.around.progress)(lines.meter().read());
                    return Ok(());
                }
                continue;
            }
            self.stop_if_asked()?;
            (self.output.around.progress)(lines.meter().read());
            let batch = std::mem::take(&mut next);
            let tick = self.output.around.tick.is_some();
            let size = batch.lines.len().div_ceil(self.lanes.len());
            let router = &*self.router;
            let schema = &self.lanes[0].engine.program().schema;
            let sort = |lines| router.sort(&batch, lines, tick, schema);
            let shares = batch.lines.chunks(size);
            let output = &mut self.output;
            let mut write = || written.take().map_or(Ok(()), |(batch, outs)| output.write(&batch, &outs));
            let (mut parts, wrote): (Vec<Part<'_>>, _) = if batch.lines.len() < FEW {
                (shares.map(sort).collect(), write())
            } else {
                thread::scope(|scope| {
                    let threads: Vec<_> = shares.map(|share| scope.spawn(move || sort(share))).collect();
                    let wrote = write();
                    (threads.into_iter().map(joined).collect(), wrote)
                })
            };
            wrote?;
            let mut from = 0;
            while from < batch.lines.len() {
                let (to, orders, cut) = self.stretch(&mut parts, size, from);
                let last = matches!(cut, Cut::End);
                let ahead = if last { Some((&mut next, &mut *lines)) } else { None };
                let (outs, read) = self.work(&parts, size, &orders, ahead);
                failed = failed.or(read.err());
                self.settle();
                if last {
                    drop(parts);
                    written = Some((batch, outs));
                    break;
                }
                self.output.write(&batch, &outs)?;
                from = to;
                match cut {
                    Cut::Clock => {
                        self.clock(&batch, from)?;
                        self.tick()?;
                        from += 1;
                    }
                    Cut::Tick => self.tick()?,
                    Cut::Before | Cut::End => {}
                }
            }
        }
    }

    fn stop_if_asked(&self) -> Result<(), Stopped> {
        if self.output.around.interrupted.load(Ordering::Relaxed) {
            return Err(Stopped::Interrupted);
        }
        Ok(())
    }

    /// The lines from here on that can be handled at once, by lane; where they end, and why.
    fn stretch(&mut self, parts: &mut [Part<'_>], size: usize, from: usize) -> (usize, Vec<Vec<usize>>, Cut) {
        let mut orders = vec![Vec::new(); self.lanes.len()];
        let due = match (self.output.around.tick, *self.ticked) {
            (Some(tick), Some(ticked)) => Some(ticked + tick),
            // The first event that is accepted sets the time from which it ticks.
            (Some(_), None) => Some(DateTime::<Utc>::MIN_UTC),
            (None, _) => None,
        };
        let mut timed = false;
        let all = parts.iter().map(Vec::len).sum();
        for at in from..all {
            let Sorted { outside, way, time, .. } = &mut parts[at / size][at % size];
            let lane = match *way {
                Way::Blank => continue,
                Way::Clock => return (at, orders, Cut::Clock),
                Way::Lane(lane) => lane,
            };
            let mut lane = lane as usize;
            if let Some(envelope) = outside {
                if envelope.get(Attribute::Time).is_none() && timed {
                    return (at, orders, Cut::Before);
                }
                match self.router.route(envelope, lane, &self.lanes, at > from) {
                    Some(found) => lane = found,
                    None => return (at, orders, Cut::Before),
                }
                timed |= envelope.get(Attribute::Time).is_some();
            }
            *way = Way::Lane(lane as u32);
            orders[lane].push(at);
            self.output.summary.events += 1;
            if due.is_some_and(|due| time.is_some_and(|time| time >= due)) {
                return (at + 1, orders, Cut::Tick);
            }
            // One that is rejected must be the last that was handled.
            if self.output.around.on_error == OnError::Stop {
                return (at + 1, orders, Cut::Before);
            }
        }
        (all, orders, Cut::End)
    }

    /// Lets each lane handle its lines; meanwhile reads ahead.
    fn work(
        &mut self,
        parts: &[Part<'_>],
        size: usize,
        orders: &[Vec<usize>],
        ahead: Option<(&mut Batch, &mut Lines<'_>)>,
    ) -> (Vec<Out>, io::Result<()>) {
        let read = |ahead: Option<(&mut Batch, &mut Lines<'_>)>| match ahead {
            Some((next, lines)) => next.read(lines, false),
            None => Ok(()),
        };
        let lanes = self.lanes.iter_mut().zip(orders);
        if orders.iter().map(Vec::len).sum::<usize>() < FEW {
            let outs = lanes.map(|(lane, order)| lane.handle_all(parts, size, order)).collect();
            return (outs, read(ahead));
        }
        thread::scope(|scope| {
            let threads: Vec<_> =
                lanes.map(|(lane, order)| scope.spawn(move || lane.handle_all(parts, size, order))).collect();
            let read = read(ahead);
            (threads.into_iter().map(joined).collect(), read)
        })
    }

    /// The latest time of an event is the same for all lanes again; so are the homes of new records.
    fn settle(&mut self) {
        let latest = self.lanes.iter().filter_map(|lane| lane.records.latest()).max();
        self.lanes.iter_mut().for_each(|lane| lane.records.note_latest(latest));
        self.router.settle(&self.lanes);
    }

    fn clock(&mut self, batch: &Batch, line: usize) -> Result<(), Stopped> {
        self.output.summary.events += 1;
        let decoder = &mut self.lanes[0].decoder;
        match readable(&batch.line(&batch.lines[line])).and_then(|text| decoder.decode(text)) {
            Ok(Decoded::Event(event)) => {
                let to = event.time.filter(|_| event.body == EventBody::Clock);
                to.map_or(Ok(()), |to| move_clock(&mut self.lanes, to, self.output.around))
            }
            Ok(Decoded::Skipped) => Ok(()),
            Err(rejection) => self.output.reject(batch, line, &rejection),
        }
    }

    fn tick(&mut self) -> Result<(), Stopped> {
        let (Some(tick), Some(latest)) = (self.output.around.tick, self.lanes[0].records.latest()) else {
            return Ok(());
        };
        let last = *self.ticked.get_or_insert(latest);
        if latest - last >= tick {
            *self.ticked = Some(latest);
            move_clock(&mut self.lanes, latest, self.output.around)?;
        }
        Ok(())
    }
}

impl Output<'_, '_> {
    /// Writes what the lanes have made of a batch, in the order of its lines.
    fn write(&mut self, batch: &Batch, outs: &[Out]) -> Result<(), Stopped> {
        let mut at = vec![(0, 0); outs.len()];
        loop {
            let next = |lane: &usize| outs[*lane].done.get(at[*lane].0).map(|done| done.line);
            let Some(lane) = (0..outs.len()).filter(|lane| next(lane).is_some()).min_by_key(next) else {
                return Ok(());
            };
            let (nth, from) = at[lane];
            let Done { line, end, rejection } = &outs[lane].done[nth];
            at[lane] = (nth + 1, *end);
            self.around.effects.write_all(&outs[lane].bytes[from..*end]).map_err(Stopped::Write)?;
            if let Some(rejection) = rejection {
                self.reject(batch, *line, rejection)?;
            }
        }
    }

    fn reject(&mut self, batch: &Batch, line: usize, rejection: &Rejection) -> Result<(), Stopped> {
        self.summary.rejected += 1;
        let at = &batch.lines[line];
        let text = &batch.bytes[at.bytes.clone()];
        let rejected = Rejected { input: self.name, line: at.number, rejection, text };
        (self.around.rejected)(&rejected).map_err(Stopped::WriteRejected)?;
        match self.around.on_error {
            OnError::Stop => Err(Stopped::Rejected),
            OnError::Skip => Ok(()),
        }
    }
}

/// What a thread gives; if it panics, so does this one.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Batch {
    /// Reads until it is full; without waiting, as long as there is something at hand.
    fn read(&mut self, lines: &mut Lines<'_>, wait: bool) -> io::Result<()> {
        while self.bytes.len() < BATCH && (lines.has_more() || (wait && self.lines.is_empty())) {
            let from = self.bytes.len();
            if let Some((text, meter)) = lines.stretch()? {
                let (mut rest, length) = (text, text.len());
                while let Some((line, behind)) = first_line(rest) {
                    let at = from + length - rest.len();
                    meter.line(line);
                    let bytes = at..at + without_break(line).len();
                    self.lines.push(At { number: meter.number(), bytes, too_long: false });
                    rest = behind;
                }
                self.bytes.extend_from_slice(text.as_bytes());
                lines.pass(length);
                continue;
            }
            let Some((line, meter)) = lines.next_line()? else { break };
            self.bytes.extend_from_slice(line.bytes());
            let too_long = matches!(line, Line::TooLong(_));
            self.lines.push(At { number: meter.number(), bytes: from..self.bytes.len(), too_long });
        }
        Ok(())
    }

    fn line(&self, at: &At) -> Line<'_> {
        Line::of(&self.bytes[at.bytes.clone()], at.too_long)
    }
}

impl Lane<'_> {
    /// Handles lines, all of them its own.
    fn handle_all(&mut self, parts: &[Part<'_>], size: usize, order: &[usize]) -> Out {
        let mut out = Out::default();
        let mut ahead = self.room();
        for order in order.chunks(AHEAD) {
            let sorted = |at: usize| &parts[at / size][at % size];
            let outside = |at: &usize| match &sorted(*at).line {
                Line::Text(text) => (*text, sorted(*at).outside.as_ref()),
                Line::NotUtf8(_) | Line::TooLong(_) => ("", None),
            };
            self.prepare(order.iter().map(outside), &mut ahead);
            for (at, ready) in order.iter().zip(ahead.iter_mut()) {
                if let Err(rejection) = readable(&sorted(*at).line) {
                    ready.holds = Holds::Wrong(Box::new(rejection));
                }
            }
            let mut made = [const { (0, None) }; AHEAD];
            for (ready, made) in ahead.iter().take(order.len()).zip(&mut made) {
                let rejection = self.handle(ready).err();
                *made = (self.effects.len(), rejection.map(Box::new));
            }
            let mut from = 0;
            for (at, (to, rejection)) in order.iter().zip(made) {
                if to > from || rejection.is_some() {
                    self.encoder.encode_lines(&self.effects[from..to], self.engine.written(), &mut out.bytes);
                    out.done.push(Done { line: *at, end: out.bytes.len(), rejection });
                    from = to;
                }
            }
            self.count_effects(|_| ());
        }
        self.done(ahead);
        out
    }

    fn handle(&mut self, ready: &Ready) -> Result<(), Rejection> {
        match &ready.holds {
            Holds::Event => self.apply(&ready.event, ready.known),
            Holds::Skipped => {
                self.summary.skipped += 1;
                Ok(())
            }
            Holds::Wrong(rejection) => Err((**rejection).clone()),
        }
    }
}
