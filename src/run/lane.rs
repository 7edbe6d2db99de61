//! What handles events one after the other: a decoder, an engine, the records, an encoder.

use super::records::{Due, Records};
use super::summary::Summary;
use crate::engine::effect::{Effect, EffectKind};
use crate::engine::{Engine, Handled};
use crate::event::decode::Decoder;
use crate::event::encode::Encoder;
use crate::event::{Event, Rejection};
use crate::program::Program;
use chrono::{DateTime, Utc};

/// A run on one thread has one lane; one on several has one for each of them, with the records that are its own.
pub(super) struct Lane<'p> {
    pub engine: Engine<'p>,
    pub decoder: Decoder<'p>,
    pub records: Records,
    pub encoder: Encoder<'p>,
    pub effects: Vec<Effect>,
    /// Without lines and what is wrong with them: only whoever reads knows those.
    pub summary: Summary,
}

impl<'p> Lane<'p> {
    pub fn new(engine: Engine<'p>, program: &'p Program) -> Lane<'p> {
        Lane {
            engine,
            decoder: Decoder::new(program),
            records: Records::new(program),
            encoder: Encoder::new(program),
            effects: Vec::new(),
            summary: Summary::default(),
        }
    }

    /// Gives an event to its record.
    ///
    /// # Errors
    /// Why its record cannot take it.
    pub fn apply(&mut self, event: &Event) -> Result<(), Rejection> {
        match self.records.apply(&mut self.engine, event, &mut self.effects)? {
            Handled::Duplicate => self.summary.duplicates += 1,
            Handled::Applied | Handled::Echo | Handled::Nothing => {}
        }
        Ok(())
    }

    /// Fires what is due next in one record by `bound`, which is not after `to`. Says whose timers they were.
    pub fn fire_next_by(&mut self, bound: DateTime<Utc>, to: DateTime<Utc>) -> Option<Due> {
        self.records.fire_next_by(&mut self.engine, bound, to, &mut self.effects)
    }

    /// Writes the effects, a line each, and counts them; `note` is given each of them then.
    pub fn encode(&mut self, out: &mut Vec<u8>, mut note: impl FnMut(Effect)) {
        self.encoder.encode_lines(&self.effects, out);
        for effect in self.effects.drain(..) {
            self.summary.effects += 1;
            if matches!(effect.kind, EffectKind::StageChanged { from: Some(_), .. }) {
                self.summary.moves += 1;
            }
            note(effect);
        }
    }

    /// The counts, with the names that the decoder has met and the program does not know.
    pub fn summary(&self) -> Summary {
        Summary {
            unknown_types: self.decoder.unknown_types.clone(),
            unknown_members: self.decoder.unknown_members.clone(),
            ..self.summary.clone()
        }
    }
}
