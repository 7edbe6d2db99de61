//! Timers: what a record does by itself when a time has come.

use super::Life;
use super::bodies::no_answer;
use super::effect::{Cause, EffectKind};
use super::trace::{Timed, Trace};
use super::waiting::{Listener, Phase, Run, State};
use crate::program::Timing;
use crate::value::*;
use chrono::{DateTime, Utc};

/// What a timer is for. In the order in which those fire that are due at the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Run { rank: u32, number: u64 },
    Silence { rank: u32, listener: Listener },
}

impl Timer {
    fn rank(self) -> (u32, u64) {
        match self {
            Timer::Run { rank, number } => (rank, number),
            Timer::Silence { rank, .. } => (rank, 0),
        }
    }
}

impl Life<'_, '_> {
    /// Fires all timers that are due now; `to` is where the clock is moving.
    pub(super) fn fire_due(&mut self, to: DateTime<Utc>) {
        while let Some(timer) = self.next_timer() {
            let limit = self.options.timers;
            let waiting = self.waiting();
            let fired = match waiting.fired {
                Some((towards, fired)) if towards == to => fired.saturating_add(1),
                _ => 1,
            };
            waiting.fired = Some((to, fired));
            if fired as usize > limit {
                return self.drop_timers(timer, to);
            }
            match timer {
                Timer::Run { number, .. } => {
                    if let Some(run) = self.take(number) {
                        self.cause = run.cause.clone();
                        self.note_timer(Timed::Rule(run.rule));
                        self.wake(run);
                    }
                }
                Timer::Silence { listener, .. } => {
                    self.cause = self.end_silence(listener);
                    self.note_timer(match listener {
                        Listener::Trigger(trigger, _) => Timed::Trigger(trigger),
                        Listener::Rule(rule, _) => Timed::Rule(rule),
                    });
                    match listener {
                        _ if self.stopped => {}
                        Listener::Trigger(trigger, _) => self.trigger_of_silence(trigger),
                        Listener::Rule(rule, _) => self.start(rule, None),
                    }
                }
            }
            self.settle();
            self.drain();
        }
    }

    /// Only whoever watches is told: it is no decision.
    fn note_timer(&mut self, of: Timed) {
        if self.watch.is_some() {
            self.note(|| Trace::TimerFired { of });
        }
    }

    /// The first of the timers due now: in program order, then in the order of starting.
    fn next_timer(&self) -> Option<Timer> {
        let waiting = self.record.waiting.as_ref()?;
        let runs =
            waiting.runs.iter().filter(|run| run.due().is_some_and(|due| due <= self.now)).map(|run| {
                let due = run.due();
                (due, Timer::Run { rank: self.tables.rank(Listener::Rule(run.rule, 0)), number: run.number })
            });
        let silences = waiting.silences.iter().filter(|silence| silence.due <= self.now).map(|silence| {
            let listener = silence.listener;
            (Some(silence.due), Timer::Silence { rank: self.tables.rank(listener), listener })
        });
        runs.chain(silences).min_by_key(|(due, timer)| (*due, timer.rank(), *timer)).map(|(_, timer)| timer)
    }

    fn end_silence(&mut self, listener: Listener) -> Option<Cause> {
        let silences = &mut self.waiting().silences;
        let at = silences.iter().position(|silence| silence.listener == listener)?;
        Some(silences.remove(at).cause)
    }

    /// The time of a run has come.
    fn wake(&mut self, mut run: Run) {
        if self.stopped && run.frame.is_none() {
            // The chain of this instant has been cut.
            return self.note(|| Trace::RuleCancelled { rule: run.rule });
        }
        match &mut run.state {
            State::Time(_) | State::Opening(_) => self.go(run, Phase::Opening, None),
            State::Event(waiting) => {
                let over = waiting.silences.iter().find(|(_, (due, _))| *due <= self.now).map(|(n, _)| *n);
                if let Some((_, cause)) = over.and_then(|n| waiting.silences.remove(&n)) {
                    self.cause = Some(cause);
                    if !self.wait_condition(&run, None) {
                        return self.waiting().insert(run);
                    }
                } else if let (Some(otherwise), Some(frame)) =
                    (self.wait_of(&run).map(|wait| wait.otherwise), &mut run.frame)
                {
                    frame.go_to(otherwise);
                }
                run.waits.push(None);
                self.go(run, Phase::Body, None);
            }
            State::Answer { .. } => self.unanswered(run, no_answer()),
            State::Anew { phase, .. } => {
                let phase = *phase;
                self.go(run, phase, None);
            }
            _ => self.go(run, Phase::Body, None),
        }
    }

    /// Fields have changed: the timers of rules that wait for an instant which reads them move.
    pub(super) fn move_timers(&mut self, changed: &[(FieldId, Value)]) {
        let program = self.program();
        let Some(waiting) = &self.record.waiting else { return };
        let concerned = waiting.runs.iter().filter(|run| {
            run.frame.is_none()
                && matches!(
                    run.state,
                    State::Time(_) | State::Opening(_) | State::Outputs { phase: Phase::Condition, .. }
                )
                && match &program.rule(run.rule).timing {
                    Some(Timing::At { fields, .. }) => {
                        changed.iter().any(|(field, _)| fields.contains(field))
                    }
                    _ => false,
                }
        });
        let concerned: Vec<u64> = concerned.map(|run| run.number).collect();
        for number in concerned {
            let Some(run) = self.take(number) else { continue };
            let kept = run.event.as_deref().map(|event| self.recall(event));
            let instant = self.instant(&run, kept.as_ref());
            let moves = match (&run.state, instant) {
                (_, Err(_)) => true,
                (State::Time(before), Ok(instant)) => *before != instant,
                // Its instant has come: only one that is still to come makes it wait again.
                (_, Ok(instant)) => instant.is_none_or(|instant| instant > self.now),
            };
            if moves {
                self.go(run, Phase::Timing, None);
            } else {
                self.waiting().insert(run);
            }
            self.settle();
        }
    }

    /// Timers that keep setting each other are stopped: all that are due on the way are dropped.
    fn drop_timers(&mut self, next: Timer, to: DateTime<Utc>) {
        self.cause = match next {
            Timer::Run { number, .. } => self.record.waiting.as_ref().and_then(|waiting| {
                let run = waiting.runs.get(waiting.position(number)?)?;
                run.cause.clone()
            }),
            Timer::Silence { listener, .. } => self.end_silence(listener),
        };
        let waiting = self.waiting();
        waiting.runs.retain(|run| run.due().is_none_or(|due| due > to));
        waiting.silences.retain(|silence| silence.due > to);
        let message = format!(
            "{} timers without an event in between: the next one and all that were due by then are dropped",
            self.options.timers
        );
        self.stopped = true;
        let chain = self.buffers.chain.clone();
        self.emit(EffectKind::LoopStopped { chain, message });
    }
}
