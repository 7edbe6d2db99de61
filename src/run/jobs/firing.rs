//! Timers that fire in several lanes, in the order in which they would in one.

use super::{FEW, Lane, Stopped, Surroundings};
use crate::run::records::Due;
use chrono::{DateTime, Utc};
use std::sync::atomic::Ordering;
use std::thread;

/// How many records' timers a lane fires before their effects are written.
const FIRED: usize = 4096;

/// What a lane has fired, and nobody has written yet.
#[derive(Default)]
struct Firing {
    bytes: Vec<u8>,
    fired: Vec<(Due, usize)>,
    /// How much of it has been written.
    at: usize,
    from: usize,
    over: bool,
}

impl Firing {
    /// Fires the timers of so many records.
    fn go_on(&mut self, lane: &mut Lane<'_>, to: DateTime<Utc>, most: usize) {
        (self.at, self.from) = (0, 0);
        self.bytes.clear();
        self.fired.clear();
        while self.fired.len() < most {
            let Some(due) = lane.fire_next_by(to, to) else {
                self.over = true;
                return;
            };
            lane.encode(&mut self.bytes, |_| ());
            self.fired.push((due, self.bytes.len()));
        }
    }

    fn next(&self) -> Option<&Due> {
        self.fired.get(self.at).map(|(due, _)| due)
    }

    fn is_empty(&self) -> bool {
        self.at == self.fired.len() && !self.over
    }
}

/// Fires the timers of all lanes in the order in which one lane would.
pub(super) fn move_clock(
    lanes: &mut [&mut Lane<'_>],
    to: DateTime<Utc>,
    around: &mut Surroundings<'_>,
) -> Result<(), Stopped> {
    lanes.iter_mut().for_each(|lane| lane.records.move_clock(to));
    let mut firing: Vec<Firing> = lanes.iter().map(|_| Firing::default()).collect();
    // Mostly there is little to do: that is done here.
    for (lane, firing) in lanes.iter_mut().zip(&mut firing) {
        firing.go_on(lane, to, FEW);
    }
    loop {
        while !firing.iter().any(Firing::is_empty) {
            let next = firing.iter_mut().filter(|firing| firing.next().is_some());
            let Some(first) = next.min_by(|a, b| a.next().cmp(&b.next())) else {
                return Ok(());
            };
            let end = first.fired[first.at].1;
            around.effects.write_all(&first.bytes[first.from..end]).map_err(Stopped::Write)?;
            (first.at, first.from) = (first.at + 1, end);
        }
        if around.interrupted.load(Ordering::Relaxed) {
            return Err(Stopped::Interrupted);
        }
        thread::scope(|scope| {
            for (lane, firing) in lanes.iter_mut().zip(&mut firing).filter(|(_, firing)| firing.is_empty()) {
                scope.spawn(move || firing.go_on(lane, to, FIRED));
            }
        });
    }
}
