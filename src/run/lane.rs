//! What handles events one after the other: a decoder, an engine, the records, an encoder.

use super::records::{Due, Known, Records};
use super::summary::Summary;
use crate::engine::effect::{Effect, EffectKind};
use crate::engine::{Engine, Handled};
use crate::event::decode::{Decoder, Held};
use crate::event::encode::Encoder;
use crate::event::envelope::Envelope;
use crate::event::{Event, Rejection};
use crate::program::Program;
use chrono::{DateTime, Utc};

/// So many lines are read, then decoded, then handled, then what they bring is written: each step has its code in the nearest
/// cache for all of them, and what is far away in memory is fetched for all of them at once.
pub(super) const AHEAD: usize = 32;

/// Lines that have been decoded before the first of them is handled. The room of those that are over is used again.
pub(super) type Ahead = Box<[Ready; AHEAD]>;

/// A line that has been decoded.
#[derive(Default)]
pub(super) struct Ready {
    pub holds: Holds,
    /// Of the event, if it holds one.
    pub event: Event,
    pub known: Known,
}

/// What a line holds.
#[derive(Default)]
pub(super) enum Holds {
    Event,
    /// An event of a type the program does not know.
    #[default]
    Skipped,
    Wrong(Box<Rejection>),
}

impl Holds {
    fn of(decoded: Result<Held, Rejection>) -> Holds {
        match decoded {
            Ok(Held::Event) => Holds::Event,
            Ok(Held::Skipped) => Holds::Skipped,
            Err(rejection) => Holds::Wrong(Box::new(rejection)),
        }
    }
}

/// A run on one thread has one lane; one on several has one for each of them, with the records that are its own.
pub(super) struct Lane<'p> {
    pub engine: Engine<'p>,
    pub decoder: Decoder<'p>,
    pub records: Records,
    pub encoder: Encoder<'p>,
    pub effects: Vec<Effect>,
    pub(super) room: Option<Ahead>,
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
            room: None,
            summary: Summary::default(),
        }
    }

    /// One whose effects are written, and not looked at.
    pub fn writing(mut engine: Engine<'p>, program: &'p Program) -> Lane<'p> {
        engine.write_params();
        Lane::new(engine, program)
    }

    /// Room for lines that are decoded; [`Lane::done`] takes it back.
    pub fn room(&mut self) -> Ahead {
        self.room.take().unwrap_or_default()
    }

    pub fn done(&mut self, ahead: Ahead) {
        self.room = Some(ahead);
    }

    /// Decodes lines in their order, and fetches their records. Their outsides have been read; one without is read anew, for
    /// what is wrong with it. Not more than [`AHEAD`] lines.
    pub fn prepare<'h, 'l: 'h>(
        &mut self,
        lines: impl Iterator<Item = (&'l str, Option<&'h Envelope<'l>>)> + Clone,
        ahead: &mut Ahead,
    ) {
        let (mut abouts, mut likely) = ([None; AHEAD], [None; AHEAD]);
        for ((about, likely), (_, outside)) in abouts.iter_mut().zip(&mut likely).zip(lines.clone()) {
            *about = outside.and_then(|outside| self.decoder.about(outside));
            *likely = about.and_then(|(entity, id)| self.records.likely(entity, id));
        }
        self.records.fetch(likely.iter().flatten().copied());
        for ((ready, (about, likely)), (line, outside)) in
            ahead.iter_mut().zip(abouts.into_iter().zip(likely)).zip(lines)
        {
            let Some(outside) = outside else {
                self.prepare_one(Ok(line), ready);
                continue;
            };
            ready.holds = Holds::of(self.decoder.event(line, outside, about, &mut ready.event));
            if let Holds::Event = ready.holds {
                ready.known = Known::of(&ready.event, likely);
            }
        }
    }

    /// Decodes a line by itself.
    pub fn prepare_one(&mut self, line: Result<&str, Rejection>, ready: &mut Ready) {
        let outside = line.and_then(|line| Ok((line, Envelope::begun(line)?)));
        ready.holds = Holds::of(outside.and_then(|(line, outside)| {
            let about = self.decoder.about(&outside);
            self.decoder.event(line, &outside, about, &mut ready.event)
        }));
        if let Holds::Event = ready.holds {
            ready.known = Known::of(&ready.event, None);
        }
    }

    /// Gives an event to its record.
    ///
    /// # Errors
    /// Why its record cannot take it.
    pub fn apply(&mut self, event: &Event, known: Known) -> Result<(), Rejection> {
        match self.records.apply_known(&mut self.engine, event, known, &mut self.effects)? {
            Handled::Duplicate => self.summary.duplicates += 1,
            Handled::Applied | Handled::Echo | Handled::Nothing => {}
        }
        Ok(())
    }

    /// Fires what is due next in one record by `bound`, which is not after `to`. Says whose timers they were.
    pub fn fire_next_by(&mut self, bound: DateTime<Utc>, to: DateTime<Utc>) -> Option<Due> {
        self.records.fire_next_by(&mut self.engine, bound, to, &mut self.effects)
    }

    /// Writes the effects, a line each, and counts them; `note` is shown each of them then.
    pub fn encode(&mut self, out: &mut Vec<u8>, note: impl FnMut(&Effect)) {
        self.encoder.encode_lines(&self.effects, self.engine.written(), out);
        self.count_effects(note);
    }

    /// Counts the effects, which have been written.
    pub fn count_effects(&mut self, mut note: impl FnMut(&Effect)) {
        for effect in self.effects.drain(..) {
            self.summary.effects += 1;
            if matches!(effect.kind, EffectKind::StageChanged { from: Some(_), .. }) {
                self.summary.moves += 1;
            }
            note(&effect);
            self.engine.recycle(effect);
        }
        self.engine.forget_written();
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
