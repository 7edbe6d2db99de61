//! What a record waits for, under another version of the program.
//!
//! What has not begun its body belongs to the new version, found by its name; a body goes on with the version in which
//! it began.

use super::record::Teller;
use super::{Carrier, Note};
use crate::engine::record::Place;
use crate::engine::waiting::{ForEvent, Happening, Listener, Phase, Run, Silence, State, Waiting};
use crate::program::link::Part;
use crate::program::{CallId, ChunkId, EventPattern, Program, WaitForId};
use crate::syntax::tree::Overlap;
use crate::value::time::add_duration;
use crate::value::*;
use crate::vm::Frame;
use chrono::{DateTime, Utc};
use std::ops::Range;

const GONE: &str = "it is gone from the program, or disabled";
const EVENT_GONE: &str = "the event that started it is gone from the program, or what it reads of that";
const VALUE_GONE: &str = "its body has begun, and holds a value that is gone from the program";

impl Carrier<'_> {
    pub(super) fn waiting(
        &mut self,
        teller: &mut Teller,
        waiting: Option<Box<Waiting>>,
        place: Option<Place>,
        now: EntityId,
    ) -> Option<Box<Waiting>> {
        let mut waiting = waiting.unwrap_or_default();
        let runs = std::mem::take(&mut waiting.runs);
        for run in runs {
            self.bodies += usize::from(run.frame.is_some());
            let (rule, cause) = (run.rule, run.cause.clone());
            match self.run(run, teller, now) {
                Ok(run) => waiting.runs.push(run),
                Err(why) => self.cancel(teller, rule, cause, why),
            }
        }
        unblock(&mut waiting.runs, &self.new.program, teller.clock);
        let counts = std::mem::take(&mut waiting.counts);
        waiting.counts = counts
            .into_iter()
            .filter_map(|(place, times)| Some((*self.listeners.get(&place)?, times)))
            .collect();
        let silences = std::mem::take(&mut waiting.silences);
        waiting.silences = silences.into_iter().filter_map(|silence| self.silence(silence)).collect();
        if let Some(place) = place {
            self.new_silences(&mut waiting.silences, place, teller.clock);
        }
        waiting.fired = None;
        waiting.due = waiting.earliest();
        (!waiting.is_empty()).then_some(waiting)
    }

    fn run(&mut self, run: Run, teller: &Teller, now: EntityId) -> Result<Run, &'static str> {
        let before = teller.subject.entity;
        let rule = self.names.rule(run.rule).ok_or(GONE)?;
        let anew = |phase| State::Anew { at: teller.clock, phase };
        let event = run.event.as_deref().map(|event| self.happening(event, before, now));
        let Some(frame) = run.frame else {
            if self.new.program.rule(rule).disabled {
                return Err(GONE);
            }
            let event = event.map(|found| found.ok_or(EVENT_GONE)).transpose()?;
            let same = self.same(run.rule, rule);
            let state = match run.state {
                State::Predecessor | State::Queue | State::Anew { .. } => run.state,
                State::Time(due) if same.timing => State::Time(due),
                State::Opening(due) if same.during => State::Opening(due),
                State::Opening(_) => anew(Phase::Opening),
                State::Outputs { outputs, phase } => match self.outputs(&outputs) {
                    Some(outputs) if phase != Phase::Timing || same.timing => {
                        State::Outputs { outputs, phase }
                    }
                    _ => anew(phase),
                },
                _ => anew(Phase::Timing),
            };
            if matches!(state, State::Anew { .. }) {
                self.note(Note::Anew(run.rule));
            }
            return Ok(Run { rule, state, event: event.map(Box::new), ..run });
        };
        let part = self.old.part_of(frame.chunk).map(|at| &self.old.parts[at]).ok_or(GONE)?;
        let here = self.new.part(&part.hash).ok_or(GONE)?;
        let frame = self.frame(frame, part, here).ok_or(VALUE_GONE)?;
        let state = match run.state {
            State::Event(wait) => {
                let id = WaitForId(moved(wait.wait.0, &part.waits, &here.waits).ok_or(GONE)?);
                State::Event(ForEvent { wait: id, ..wait })
            }
            State::Answer { call, effect, until } => {
                let call = CallId(moved(call.0, &part.calls, &here.calls).ok_or(GONE)?);
                State::Answer { call, effect, until }
            }
            State::Outputs { outputs, phase } => match self.outputs(&outputs) {
                Some(outputs) => State::Outputs { outputs, phase },
                None => anew(phase),
            },
            other => other,
        };
        let waits = run.waits.iter();
        let waits = waits.map(|wait| {
            let happening = self.happening(wait.as_deref()?, before, now);
            happening.map(Box::new)
        });
        let waits = waits.collect();
        if self.new.part_of(frame.chunk) != Some(0) {
            self.note(Note::Goes(run.rule));
        }
        let event = event.flatten().map(Box::new);
        Ok(Run { rule, state, waits, event, frame: Some(frame), ..run })
    }

    fn frame(&self, frame: Frame, part: &Part, here: &Part) -> Option<Frame> {
        let chunk = self.old.program.code.chunks.get(frame.chunk.0 as usize)?;
        let registers = frame.registers.iter().zip(&chunk.registers);
        let registers = registers.map(|(value, ty)| self.names.value(value, ty)).collect::<Option<_>>()?;
        let chunk = ChunkId(moved(frame.chunk.0, &part.chunks, &here.chunks)?);
        Some(Frame { chunk, registers, ..frame })
    }

    fn outputs(&self, outputs: &[OutputId]) -> Option<Vec<OutputId>> {
        outputs.iter().map(|output| self.names.output(*output)).collect()
    }

    /// An event that was kept; `None` if it is gone, or a member that it must have.
    fn happening(&self, kept: &Happening, before: EntityId, now: EntityId) -> Option<Happening> {
        let (old, new) = (&self.old.program, &self.new.program);
        let old_values = kept.old.as_ref().map(|values| self.old_values(before, now, values));
        let Some(event) = kept.event else {
            return Some(Happening { old: old_values, ..kept.clone() });
        };
        let here = self.names.event(event)?;
        let was = &old.schema.event(event).payload;
        let payload = new.schema.event(here).payload.iter().enumerate().map(|(slot, field)| {
            let before = (0..was.len()).find(|at| self.names.slot(event, *at as u16) == Some(slot as u16));
            let value = before.and_then(|at| {
                self.names.convert(old, new, kept.payload.get(at)?, &was.get(at)?.ty, &field.ty)
            });
            let unset = field.ty.is_optional().then_some(Value::None);
            value.or_else(|| field.default.clone()).or(unset)
        });
        let payload = payload.collect::<Option<Vec<Value>>>()?;
        Some(Happening { event: Some(here), time: kept.time, payload, old: old_values })
    }

    /// A silence goes on from where it began, for as long as the new version says.
    fn silence(&self, silence: Silence) -> Option<Silence> {
        let listener = *self.listeners.get(&silence.listener)?;
        let (from, from_zone) = period(&self.old.program, silence.listener)?;
        let (to, to_zone) = period(&self.new.program, listener)?;
        if (from.days, from.seconds, from_zone) == (to.days, to.seconds, to_zone) {
            return Some(Silence { listener, ..silence });
        }
        let back = Duration { days: -from.days, seconds: -from.seconds };
        let began = add_duration(silence.due, back, from_zone).ok()?;
        Some(Silence { listener, due: add_duration(began, to, to_zone).ok()?, ..silence })
    }

    /// A silence that nobody listened to before begins with the new version.
    fn new_silences(&self, silences: &mut Vec<Silence>, place: Place, clock: DateTime<Utc>) {
        let new = &self.new.program;
        for listener in self.silences.get(&place.stage).into_iter().flatten() {
            let due =
                period(new, *listener).and_then(|(period, zone)| add_duration(clock, period, zone).ok());
            silences.extend(due.map(|due| Silence { listener: *listener, due, cause: self.cause() }));
        }
    }
}

/// The same piece of code elsewhere.
fn moved(number: u32, from: &Range<u32>, to: &Range<u32>) -> Option<u32> {
    number.checked_sub(from.start)?.checked_add(to.start).filter(|number| to.contains(number))
}

fn period(program: &Program, listener: Listener) -> Option<(Duration, chrono_tz::Tz)> {
    let (pattern, pipeline) = match listener {
        Listener::Trigger(id, n) => {
            let trigger = program.trigger(id);
            (trigger.events.get(usize::from(n))?, program.stage(trigger.stage).pipeline)
        }
        Listener::Rule(id, n) => (program.rule(id).on.get(usize::from(n))?, program.rule(id).pipeline),
    };
    match pattern {
        EventPattern::Absence { period, .. } => Some((*period, program.pipeline(pipeline).timezone)),
        _ => None,
    }
}

/// What waited for another rule that no longer is in its way goes on at the next opportunity.
fn unblock(runs: &mut [Run], program: &Program, clock: DateTime<Utc>) {
    let under_way: Vec<(RuleId, u32)> = runs.iter().map(|run| (run.rule, run.visit)).collect();
    for (at, run) in runs.iter_mut().enumerate() {
        let rule = program.rule(run.rule);
        let phase = match &run.state {
            State::Predecessor => {
                let above = run.rule.0.checked_sub(1).map(RuleId);
                let above = above.filter(|above| program.rule(*above).stage == rule.stage);
                let waits = rule.then && above.is_some_and(|above| under_way.contains(&(above, run.visit)));
                run.since = if waits { run.since } else { clock };
                (!waits).then_some(Phase::Timing)
            }
            State::Queue => {
                let waits = rule.overlap == Overlap::Queue
                    && under_way[..at].iter().any(|(other, _)| *other == run.rule);
                (!waits).then_some(Phase::Timing)
            }
            State::Outputs { outputs, phase } => {
                let waits =
                    outputs.iter().filter_map(|output| program.outputs.get(output.index())).any(|output| {
                        program.rule(output.rule).on.is_empty()
                            && under_way.contains(&(output.rule, run.visit))
                    });
                (!waits).then_some(*phase)
            }
            _ => None,
        };
        if let Some(phase) = phase {
            run.state = State::Anew { at: clock, phase };
        }
    }
}
