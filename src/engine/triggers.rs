//! Triggers: at most one fires for an event, the first that is eligible and whose condition holds.

use super::Life;
use super::effect::Mover;
use super::patterns::Occasion;
use super::record::Place;
use super::trace::{Trace, TriggerOutcome};
use super::waiting::Listener;
use crate::program::{Stage, Trigger};
use crate::syntax::tree::StageKind;
use crate::value::*;

impl Life<'_, '_> {
    pub(super) fn try_triggers(&mut self, place: Place, occasion: &Occasion<'_>) {
        if self.watch.is_some() || self.trace.is_some() {
            self.try_all(place, occasion);
        } else {
            self.try_eligible(place, occasion);
        }
    }

    /// Tries those that could fire: nobody wants to know why the others do not.
    fn try_eligible(&mut self, place: Place, occasion: &Occasion<'_>) {
        let (program, tables) = (self.program(), self.tables);
        let Some(candidates) = tables.triggers(program, place.stage).of(occasion.event) else { return };
        self.buffers.scratch.forget();
        let mut asked = None;
        for (candidate, certain) in candidates.of(occasion.payload) {
            let id = TriggerId(candidate.number);
            // One that listens to the event twice is asked once.
            if asked == Some(id) {
                continue;
            }
            let pattern = usize::from(candidate.pattern);
            let listens = certain
                || program.trigger(id).events.get(pattern).is_some_and(|pattern| {
                    occasion.matches(pattern, &program.schema, Listener::Trigger(id, candidate.pattern))
                });
            if !listens {
                continue;
            }
            asked = Some(id);
            // One whose condition fails does not fire, as if it were false.
            if self.still_holds(candidate.when, Some(occasion)) == Ok(true) {
                self.tried(id, TriggerOutcome::Fired, Some(occasion));
                return;
            }
        }
    }

    fn try_all(&mut self, place: Place, occasion: &Occasion<'_>) {
        let program = self.program();
        let pipeline = program.pipeline(place.pipeline);
        let candidates = match occasion.event {
            Some(event) => match pipeline.triggers_by_event.get(event.index()) {
                Some(candidates) => candidates,
                None => return,
            },
            None => &pipeline.triggers_on_change,
        };
        let here = program.stage(place.stage);
        self.buffers.scratch.forget();
        let mut asked = None;
        for (id, pattern) in candidates {
            // One that listens to the event twice is asked once.
            if asked == Some(*id) {
                continue;
            }
            let trigger = program.trigger(*id);
            let listener = Listener::Trigger(*id, *pattern);
            let pattern = trigger.events.get(usize::from(*pattern));
            // Where a record may go is said only of a trigger that means this event.
            let outcome =
                if !pattern.is_some_and(|pattern| occasion.matches(pattern, &program.schema, listener)) {
                    TriggerOutcome::OtherSettings
                } else {
                    asked = Some(*id);
                    match may_move(here, place.stage, program.stage(trigger.stage), trigger) {
                        Err(why) => why,
                        Ok(()) => self.try_condition(trigger, Some(occasion)),
                    }
                };
            if self.tried(*id, outcome, Some(occasion)) {
                return;
            }
        }
    }

    /// A silence that a trigger listens to has lasted.
    pub(super) fn trigger_of_silence(&mut self, id: TriggerId) {
        let program = self.program();
        let Some(place) = self.record.place else { return };
        let trigger = program.trigger(id);
        let here = program.stage(place.stage);
        self.buffers.scratch.forget();
        let outcome = match may_move(here, place.stage, program.stage(trigger.stage), trigger) {
            Ok(()) => self.try_condition(trigger, None),
            Err(why) => why,
        };
        self.tried(id, outcome, None);
    }

    /// Nothing has changed since the last one was asked.
    fn try_condition(&mut self, trigger: &Trigger, occasion: Option<&Occasion<'_>>) -> TriggerOutcome {
        match self.still_holds(trigger.when, occasion) {
            Ok(true) => TriggerOutcome::Fired,
            Ok(false) => TriggerOutcome::ConditionFalse,
            Err(failure) => TriggerOutcome::ConditionFailed(failure),
        }
    }

    /// Moves the record if the trigger fires, and says whether it does.
    fn tried(&mut self, id: TriggerId, outcome: TriggerOutcome, occasion: Option<&Occasion<'_>>) -> bool {
        let fired = outcome == TriggerOutcome::Fired;
        self.note(|| Trace::TriggerTried { trigger: id, outcome });
        if fired {
            let trigger = self.program().trigger(id);
            let actor = self.actor(id, trigger, occasion);
            self.enter(trigger.stage, Mover::Trigger(id), actor);
        }
        fired
    }

    /// In whose name the move is recorded.
    fn actor(&mut self, id: TriggerId, trigger: &Trigger, occasion: Option<&Occasion<'_>>) -> Option<Text> {
        match self.evaluate(trigger.actor?, self.now, occasion) {
            Ok(Value::Principal(user)) => Some(user.name),
            Ok(_) => None,
            Err(failure) => {
                self.note(|| Trace::ActorUnknown { trigger: id, failure });
                None
            }
        }
    }
}

/// Whether the trigger may move a record that stands `here`.
pub(super) fn may_move(
    here: &Stage,
    current: StageId,
    there: &Stage,
    trigger: &Trigger,
) -> Result<(), TriggerOutcome> {
    if trigger.stage == current {
        Err(TriggerOutcome::SameStage)
    } else if trigger.backward {
        Ok(())
    } else if here.kind != StageKind::Normal {
        Err(TriggerOutcome::FinalStage)
    } else if there.order <= here.order {
        Err(TriggerOutcome::EarlierStage)
    } else {
        Ok(())
    }
}
