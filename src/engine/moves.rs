//! Moves: a record leaves its stage, enters another, and the rules there start.

use super::Life;
use super::effect::{EffectKind, Mover};
use super::record::Place;
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
        self.visit += 1;
        if self.record.place.is_none_or(|before| before.pipeline != place.pipeline) {
            self.stay += 1;
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
    }
}
