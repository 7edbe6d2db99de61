//! Whether an event is one that a trigger or a rule listens to; counting events, and silences.

use super::Life;
use super::queue::Change;
use super::record::Place;
use super::waiting::{Happening, Listener, Silence};
use crate::program::{EventPattern, NamedEvent};
use crate::schema::Schema;
use crate::syntax::tree::StageKind;
use crate::value::time::add_duration;
use crate::value::*;
use crate::vm::EventView;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// Something that happened: an event from outside, or a change of fields.
#[derive(Clone, Copy)]
pub(super) struct Occasion<'e> {
    /// `None` for a change.
    pub event: Option<EventId>,
    pub name: &'e str,
    pub time: DateTime<Utc>,
    pub payload: &'e [Value],
    /// The fields that changed, with their values after it.
    pub changed: Option<&'e [(FieldId, Value)]>,
    /// All values before it.
    pub old: Option<&'e [Value]>,
    /// The places whose count of events this one completed.
    pub completed: &'e [Listener],
}

impl<'e> Occasion<'e> {
    pub fn of_change(change: &'e Change, name: &'e str) -> Self {
        Occasion {
            event: None,
            name,
            time: change.time,
            payload: &[],
            changed: Some(&change.changed),
            old: Some(&change.old),
            completed: &[],
        }
    }

    pub fn view(&self) -> EventView<'e> {
        EventView { event: self.event, name: self.name, time: self.time, payload: self.payload }
    }

    /// A copy to look at later.
    pub fn kept(&self, with_old: bool) -> Box<Happening> {
        Box::new(Happening {
            event: self.event,
            time: self.time,
            payload: self.payload.to_vec(),
            old: self.old.filter(|_| with_old).map(<[Value]>::to_vec),
        })
    }

    /// Whether this is what the pattern wants. The listener says whose count is asked.
    pub fn matches(&self, pattern: &EventPattern, schema: &Schema, listener: Listener) -> bool {
        match (pattern, self.changed) {
            (EventPattern::Named(named), _) => self.is(named, schema),
            (EventPattern::Count { .. }, _) => self.completed.contains(&listener),
            (EventPattern::AnyChange, Some(_)) => true,
            (EventPattern::Change { fields, from, to }, Some(changed)) => {
                changed.iter().any(|(field, after)| {
                    let before = self.old.and_then(|old| old.get(field.index()));
                    fields.contains(field)
                        && from.as_ref().is_none_or(|from| before == Some(from))
                        && to.as_ref().is_none_or(|to| after == to)
                })
            }
            // That something did not happen is a timer's affair.
            (EventPattern::Absence { .. }, _) | (_, None) => false,
        }
    }

    /// Whether this is the event, or a kind of it, with its settings.
    pub fn is(&self, named: &NamedEvent, schema: &Schema) -> bool {
        self.event.is_some_and(|event| schema.event_is(event, named.event)) && self.has_settings(named)
    }

    /// Whether each setting is met: by an equal member of the payload, or by one entry of a list in it.
    fn has_settings(&self, named: &NamedEvent) -> bool {
        named.settings.iter().all(|(slot, wanted)| match self.payload.get(usize::from(*slot)) {
            None | Some(Value::None) => false,
            Some(Value::List(items)) => items.iter().any(|item| wanted.contains(item)),
            Some(value) => wanted.contains(value),
        })
    }
}

/// Counts one more event at `now`; true if it is the last of `wanted` within the time. The count then starts anew.
pub(super) fn count(
    times: &mut Vec<DateTime<Utc>>,
    now: DateTime<Utc>,
    wanted: u32,
    within: Duration,
    tz: Tz,
) -> bool {
    // What is out of reach of this event is out of reach of all later ones.
    let reaches = |first: &DateTime<Utc>| add_duration(*first, within, tz).map_or(true, |end| now <= end);
    let old = times.iter().take_while(|first| !reaches(first)).count();
    times.drain(..old);
    times.push(now);
    let completed = times.len() >= wanted as usize;
    if completed {
        times.clear();
    }
    completed
}

impl<'a> Life<'a, '_> {
    /// Counts an event wherever events are counted, and begins silences anew. Gives the places whose count is complete.
    pub(super) fn count(&mut self, occasion: &Occasion<'_>, place: Place) -> Vec<Listener> {
        let mut completed = Vec::new();
        let Some(event) = occasion.event else { return completed };
        let program = self.program();
        let entity = self.record.subject.entity;
        let last = program.stage(place.stage).kind != StageKind::Normal;
        for listener in self.tables.counting(event) {
            let listening = self.tables.listening(program, *listener);
            let here = listening.pipeline == place.pipeline;
            if program.pipeline(listening.pipeline).entity != entity
                || listening.stage.is_some_and(|stage| stage != place.stage)
                || (last && !(here && listening.in_final_stages))
            {
                continue;
            }
            let Some(EventPattern::Count { count: wanted, event, within }) = listening.pattern else {
                continue;
            };
            if occasion.is(event, &program.schema) {
                let tz = program.pipeline(listening.pipeline).timezone;
                let now = self.now;
                let times = self.waiting().counts.entry(*listener).or_default();
                let complete = count(times, now, *wanted, *within, tz);
                if complete {
                    self.waiting().counts.remove(listener);
                    completed.push(*listener);
                }
            }
        }
        for listener in self.tables.silences_of_stage(place.stage) {
            let listening = self.tables.listening(program, *listener);
            if let Some(EventPattern::Absence { event: named, .. }) = listening.pattern
                && occasion.is(named, &program.schema)
            {
                self.begin_silence(*listener);
            }
        }
        completed
    }

    /// A record that has just entered a stage: what it counted before and nobody there listens to is forgotten.
    pub(super) fn begin_patterns(&mut self, from: Option<Place>, to: Place) {
        let program = self.program();
        if let Some(waiting) = &mut self.record.waiting {
            let last = program.stage(to.stage).kind != StageKind::Normal;
            let tables = self.tables;
            waiting.silences.clear();
            waiting.counts.retain(|listener, _| {
                let listening = tables.listening(program, *listener);
                let left = from.is_some_and(|from| listening.stage == Some(from.stage));
                !left && (!last || (listening.pipeline == to.pipeline && listening.in_final_stages))
            });
        }
        for listener in self.tables.silences_of_stage(to.stage) {
            self.begin_silence(*listener);
        }
    }

    fn begin_silence(&mut self, listener: Listener) {
        let program = self.program();
        let listening = self.tables.listening(program, listener);
        let Some(EventPattern::Absence { period, .. }) = listening.pattern else { return };
        let tz = program.pipeline(listening.pipeline).timezone;
        // A silence that would end beyond all calendars never does.
        let due = add_duration(self.now, *period, tz).ok();
        let cause = self.cause();
        let waiting = self.waiting();
        waiting.silences.retain(|silence| silence.listener != listener);
        waiting.silences.extend(due.map(|due| Silence { listener, due, cause }));
    }
}
