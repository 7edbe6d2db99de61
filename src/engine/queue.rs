//! The queue of what one event brings, first in first out, and the guard against endless chains.

use super::Life;
use super::effect::EffectKind;
use super::patterns::Occasion;
use crate::value::*;
use chrono::{DateTime, Utc};

/// Something that is still to be handled.
#[derive(Debug)]
pub(super) enum Entry {
    /// The event from outside.
    Input,
    /// Fields that an `updated` or a `set` changed.
    Change(Change),
}

/// A change of fields, as it was when it happened: the record may change again before it is handled.
#[derive(Debug)]
pub(super) struct Change {
    /// The fields that changed, with their values after it.
    pub changed: Vec<(FieldId, Value)>,
    /// All values before it.
    pub old: Vec<Value>,
    /// When it happened: what its event says, or the clock when a rule made it.
    pub time: DateTime<Utc>,
}

impl Life<'_, '_> {
    /// Handles an entry and all that it brings.
    pub(super) fn work_off(&mut self, first: Entry) {
        // Rules that started on creation or on a move may have joined before: the event came first.
        self.entries += 1;
        self.buffers.queue.push_front(first);
        while let Some(entry) = self.buffers.queue.pop_front() {
            match entry {
                Entry::Input => {
                    if let Some(occasion) = self.input()
                        && !self.stopped
                    {
                        self.handle(&occasion);
                    }
                }
                Entry::Change(change) => {
                    if !self.stopped {
                        self.handle_change(&change);
                    }
                    let mut old = change.old;
                    old.clear();
                    self.buffers.spare.push(old);
                }
            }
        }
    }

    fn handle_change(&mut self, change: &Change) {
        let name = self.tables.updated_name(self.record.subject.entity);
        self.handle(&Occasion { event: None, name, time: change.time, payload: &[], change: Some(change) });
    }

    /// One entry: rules that listen, those of the stage first, then triggers.
    fn handle(&mut self, occasion: &Occasion<'_>) {
        let Some(place) = self.record.place else { return };
        let (visit, stay) = (self.visit, self.stay);
        let program = self.program();
        // Here the bodies that waited for this event when it joined the queue will go on first.
        for rule in &program.stage(place.stage).on_rules {
            if self.visit != visit || self.stopped {
                break;
            }
            self.start_if_listening(*rule, occasion);
        }
        for rule in &program.pipeline(place.pipeline).on_rules {
            // Like those of a stage: a pipeline that has been left starts nothing more.
            if self.stay != stay || self.stopped {
                break;
            }
            self.start_if_listening(*rule, occasion);
        }
        if self.visit == visit && !self.stopped {
            self.try_triggers(place, occasion);
        }
    }

    /// What a rule `set` joins the end.
    pub(super) fn join(&mut self, change: Change) {
        if self.stopped {
            return;
        }
        if self.entries >= self.options.queue {
            let message = format!(
                "{} changes of fields in a row: the next one is made, but nothing hears of it, and all that was to follow is dropped",
                self.options.queue
            );
            return self.cut(message);
        }
        self.entries += 1;
        self.buffers.queue.push_back(Entry::Change(change));
    }

    /// Stops an endless chain: nothing that has not started starts any more.
    pub(super) fn cut(&mut self, message: String) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        let chain = self.buffers.chain.clone();
        self.emit(EffectKind::LoopStopped { chain, message });
    }
}
