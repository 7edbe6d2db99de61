//! Moves: a record leaves its stage, which cancels what waits there, enters another, and the rules there start.

use super::Life;
use super::effect::{EffectKind, Mover};
use super::record::Place;
use super::trace::Trace;
use super::waiting::State;
use crate::schema::{FIELD_STAGE, FIELD_STAGE_ENTERED_AT};
use crate::value::*;

impl Life<'_, '_> {
    /// Moves the record at once. To the stage in which it stands is no move.
    pub(super) fn enter(&mut self, to: StageId, by: Mover, actor: Option<Text>) {
        if self.stopped {
            return;
        }
        let from = self.record.place;
        if from.is_some_and(|place| place.stage == to) {
            return;
        }
        if self.buffers.chain.len() >= self.options.moves {
            let name = &self.program().stage(to).name;
            let message = format!(
                "{} moves in a row: the one to `{name}` and all that was to follow is dropped",
                self.options.moves
            );
            return self.cut(message);
        }
        self.buffers.chain.push(to);
        self.stand(Place { pipeline: self.program().stage(to).pipeline, stage: to });
        self.emit(EffectKind::StageChanged { from: from.map(|place| place.stage), to, by, actor });
        self.start_entry_rules(to);
    }

    /// Puts the record into a stage, and forgets what its rules bound on the last visit.
    pub(super) fn stand(&mut self, place: Place) {
        let from = self.record.place;
        if let Some(from) = from {
            self.leave(from, place);
        }
        if let Some(counts) = self.watch.as_mut().and_then(|watch| watch.counts.as_mut()) {
            counts.enter(place.stage);
        }
        self.record.visits += 1;
        if from.is_none_or(|from| from.pipeline != place.pipeline) {
            self.record.stays += 1;
        }
        self.record.place = Some(place);
        self.record.values[FIELD_STAGE.index()] = Value::Stage(place.stage);
        self.record.values[FIELD_STAGE_ENTERED_AT.index()] = Value::DateTime(self.now);
        for output in self.tables.outputs_of_stage(place.stage) {
            self.record.outputs.remove(output);
        }
        for rule in self.tables.read_rules_of_stage(place.stage) {
            self.record.failures.remove(rule);
        }
        self.begin_patterns(from, place);
    }

    /// Cancels the rules under way of the stage, and of the pipeline if that is left too.
    fn leave(&mut self, from: Place, to: Place) {
        let program = self.program();
        let Some(waiting) = &mut self.record.waiting else { return };
        let mut cancelled = Vec::new();
        waiting.runs.retain(|run| {
            let rule = program.rule(run.rule);
            let left = match rule.stage {
                Some(stage) => stage == from.stage,
                None => rule.pipeline == from.pipeline && to.pipeline != from.pipeline,
            };
            // What waits for the end of the rule above has not started.
            let stays = !left || (rule.detached && run.state != State::Predecessor);
            if !stays {
                cancelled.push(run.rule);
            }
            stays
        });
        for rule in cancelled {
            self.note(|| Trace::RuleCancelled { rule });
        }
    }
}
