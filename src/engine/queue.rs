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
    /// How many times something had begun to wait when it joined the queue: what begins later does not hear of it.
    pub joined: u64,
}

impl Life<'_, '_> {
    /// Handles an entry and all that it brings.
    pub(super) fn work_off(&mut self, first: Entry) {
        // Rules that started on creation or on a move may have joined the queue before: the event came first.
        self.entries += 1;
        self.work(first);
        self.drain();
    }

    /// Handles all that is in the queue.
    pub(super) fn drain(&mut self) {
        while let Some(entry) = self.buffers.queue.pop_front() {
            self.work(entry);
        }
    }

    fn work(&mut self, entry: Entry) {
        match entry {
            Entry::Input => {
                if let Some(occasion) = self.happened()
                    && !self.stopped
                {
                    self.handle(occasion, self.joined);
                }
            }
            Entry::Change(change) => {
                if !self.stopped {
                    let name = self.tables.updated_name(self.record.subject.entity);
                    self.handle(Occasion::of_change(&change, name), change.joined);
                }
                let mut old = change.old;
                old.clear();
                self.buffers.spare.push(old);
            }
        }
    }

    /// One entry: bodies that waited for it, rules that listen, those of the stage first, then triggers.
    fn handle(&mut self, occasion: Occasion<'_>, joined: u64) {
        let Some(place) = self.record.place else { return };
        let (visit, stay) = (self.record.visits, self.record.stays);
        let program = self.program();
        let completed = self.count(&occasion, place);
        let occasion = &Occasion { completed: &completed, ..occasion };
        if self.record.waiting.is_some() {
            self.resume_waiting(occasion, joined);
            if let Some(changed) = occasion.changed {
                self.move_timers(changed);
            }
        }
        let rules = &program.stage(place.stage).on_rules;
        self.start_listening(
            rules,
            |tables| tables.rules_of_stage(program, place.stage),
            occasion,
            |life| life.record.visits != visit,
        );
        // Like those of a stage: a pipeline that has been left starts nothing more.
        let rules = &program.pipeline(place.pipeline).on_rules;
        self.start_listening(
            rules,
            |tables| tables.rules_of_pipeline(program, place.pipeline),
            occasion,
            |life| life.record.stays != stay,
        );
        if self.record.visits == visit && !self.stopped {
            self.try_triggers(place, occasion);
        }
    }

    /// What rules `set` joins the end.
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
        let joined = self.record.waiting.as_ref().map_or(0, |waiting| waiting.steps);
        self.buffers.queue.push_back(Entry::Change(Change { joined, ..change }));
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
