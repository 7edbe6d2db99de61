//! Whether an event is one that a trigger or a rule listens to.

use super::queue::Change;
use crate::program::{EventPattern, NamedEvent};
use crate::schema::Schema;
use crate::value::*;
use crate::vm::EventView;
use chrono::{DateTime, Utc};

/// Something that happened: an event from outside, or a change of fields.
#[derive(Clone, Copy)]
pub(super) struct Occasion<'e> {
    /// `None` for a change.
    pub event: Option<EventId>,
    pub name: &'e str,
    pub time: DateTime<Utc>,
    pub payload: &'e [Value],
    pub change: Option<&'e Change>,
}

impl<'e> Occasion<'e> {
    pub fn view(&self) -> EventView<'e> {
        EventView { event: self.event, name: self.name, time: self.time, payload: self.payload }
    }

    pub fn old(&self) -> Option<&'e [Value]> {
        self.change.map(|change| &*change.old)
    }

    /// Whether this is what the pattern wants.
    pub fn matches(&self, pattern: &EventPattern, schema: &Schema) -> bool {
        match (pattern, self.event, self.change) {
            (EventPattern::Named(named), Some(event), _) => {
                schema.event_is(event, named.event) && self.has_settings(named)
            }
            (EventPattern::AnyChange, _, Some(_)) => true,
            (EventPattern::Change { fields, from, to }, _, Some(change)) => {
                change.changed.iter().any(|(field, after)| {
                    fields.contains(field)
                        && from.as_ref().is_none_or(|from| change.old.get(field.index()) == Some(from))
                        && to.as_ref().is_none_or(|to| after == to)
                })
            }
            // Patterns over time are counted by timers, which this version does not have: the compiler
            // refuses them.
            _ => false,
        }
    }

    /// Whether each setting is met: by an equal member of the payload, or by one entry of a list in it.
    pub fn has_settings(&self, named: &NamedEvent) -> bool {
        named.settings.iter().all(|(slot, wanted)| match self.payload.get(usize::from(*slot)) {
            None | Some(Value::None) => false,
            Some(Value::List(items)) => items.iter().any(|item| wanted.contains(item)),
            Some(value) => wanted.contains(value),
        })
    }
}
