//! What events did: how often records went each way, and how long they had stood where they came from.

use super::{By, Counted, Graph};
use crate::engine::effect::{Effect, EffectKind, Mover};
use crate::engine::trace::Trace;
use crate::engine::{Engine, Options};
use crate::event::Subject;
use crate::event::decode::{Decoded, Decoder};
use crate::program::Program;
use crate::run::{Line, Lines, Records};
use crate::value::{RuleId, StageId};
use crate::vm::Machine;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::io::{self, BufRead};

/// What went over one trigger, or a rule's `move`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passage {
    pub count: u64,
    /// How long records had stood where they came from: the median, in seconds.
    pub median: Option<i64>,
    /// From which stages, and how often, in their order.
    pub from: Vec<(String, u64)>,
}

/// What stood in one stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stay {
    /// How often a record came.
    pub entered: u64,
    /// How many stand there at the end.
    pub standing: u64,
    /// How many were put there by hand or by `created`, not by a trigger or a rule.
    pub by_hand: u64,
    /// How long those that left had stayed: the median, in seconds.
    pub median: Option<i64>,
}

/// What a stream of events did.
#[derive(Debug, Default)]
pub struct Traffic {
    /// By what moved, and to which stage: where it came from, and how long the record had stood there.
    moves: HashMap<(By, StageId), Vec<(StageId, i64)>>,
    stays: HashMap<StageId, Stay>,
    stayed: HashMap<StageId, Vec<i64>>,
    runs: HashMap<RuleId, u64>,
    standing: HashMap<Subject, (StageId, DateTime<Utc>)>,
    events: u64,
    rejected: u64,
    records: u64,
}

impl Traffic {
    /// Runs events, one input after the other, and what is due by their end.
    ///
    /// # Errors
    /// Those of reading, with the number of the input.
    pub fn of(
        machine: &Machine,
        options: Options,
        inputs: &mut [&mut dyn BufRead],
    ) -> Result<Traffic, (usize, io::Error)> {
        let mut traffic = Traffic::default();
        let program = machine.program();
        let mut engine = Engine::new(machine, options);
        engine.watch(None, false);
        let (mut records, mut decoder) = (Records::new(program), Decoder::new(program));
        let mut effects = Vec::new();
        for (number, input) in inputs.iter_mut().enumerate() {
            let mut lines = Lines::new(*input);
            while let Some((line, _)) = lines.next_line().map_err(|e| (number, e))? {
                let Line::Text(text) = line else {
                    traffic.rejected += 1;
                    continue;
                };
                if text.trim().is_empty() {
                    continue;
                }
                match decoder.decode(text) {
                    Ok(Decoded::Event(event)) => match records.apply(&mut engine, &event, &mut effects) {
                        Ok(_) => traffic.events += 1,
                        Err(_) => traffic.rejected += 1,
                    },
                    Ok(Decoded::Skipped) => traffic.events += 1,
                    Err(_) => traffic.rejected += 1,
                }
                traffic.take(&mut engine, &mut effects);
            }
        }
        if let Some(to) = records.latest() {
            records.move_clock(to);
            while records.fire_next(&mut engine, to, &mut effects) {
                traffic.take(&mut engine, &mut effects);
            }
        }
        traffic.finish(program, &records);
        Ok(traffic)
    }

    fn take(&mut self, engine: &mut Engine<'_>, effects: &mut Vec<Effect>) {
        for noted in engine.take_noted() {
            if let Trace::RuleStarted { rule } = noted.trace {
                *self.runs.entry(rule).or_default() += 1;
            }
        }
        for effect in effects.drain(..) {
            let EffectKind::StageChanged { from, to, by, .. } = effect.kind else { continue };
            let before = self.standing.insert(effect.subject, (to, effect.time));
            if from.is_none() {
                self.records += 1;
            }
            // A record that is not known to have entered came from elsewhere.
            let waited = before.filter(|(stage, _)| Some(*stage) == from);
            if let Some((stage, since)) = waited {
                let seconds = effect.time.signed_duration_since(since).num_seconds().max(0);
                self.stayed.entry(stage).or_default().push(seconds);
                let by = match by {
                    Mover::Trigger(id) => Some(By::Trigger(id)),
                    Mover::Rule(id) => Some(By::Rule(id)),
                    Mover::Event => None,
                };
                if let Some(by) = by {
                    self.moves.entry((by, to)).or_default().push((stage, seconds));
                }
            }
            let stay = self.stays.entry(to).or_default();
            stay.entered += 1;
            stay.by_hand += u64::from(by == Mover::Event);
        }
    }

    fn finish(&mut self, program: &Program, records: &Records) {
        for (_, slot) in records.slots() {
            if let crate::engine::record::Slot::Living(record) = slot
                && let Some(place) = record.place
                && program.stages.get(place.stage.index()).is_some()
            {
                self.stays.entry(place.stage).or_default().standing += 1;
            }
        }
        for (stage, stayed) in &mut self.stayed {
            self.stays.entry(*stage).or_default().median = median(stayed);
        }
    }

    /// The events that were read, and those that were not.
    pub fn counted(&self) -> Counted {
        Counted { events: self.events, rejected: self.rejected, records: self.records }
    }

    pub(super) fn write_on(&self, graph: &mut Graph) {
        graph.counted = Some(self.counted());
        for pipeline in &mut graph.pipelines {
            for stage in &mut pipeline.stages {
                stage.stay = Some(self.stays.get(&stage.id).copied().unwrap_or_default());
            }
            let rules = pipeline.stages.iter_mut().flat_map(|stage| &mut stage.rules);
            for rule in rules.chain(&mut pipeline.rules) {
                rule.runs = Some(self.runs.get(&rule.id).copied().unwrap_or_default());
            }
            let names: Vec<(StageId, String)> =
                pipeline.stages.iter().map(|stage| (stage.id, stage.label.clone())).collect();
            for cause in pipeline.arrows.iter_mut().flat_map(|arrow| &mut arrow.causes) {
                let went = self.moves.get(&(cause.by, cause.to)).map(Vec::as_slice).unwrap_or_default();
                let from = names.iter().map(|(id, name)| {
                    (name.clone(), went.iter().filter(|(stage, _)| stage == id).count() as u64)
                });
                let mut waited: Vec<i64> = went.iter().map(|(_, seconds)| *seconds).collect();
                cause.passage = Some(Passage {
                    count: went.len() as u64,
                    median: median(&mut waited),
                    from: from.filter(|(_, count)| *count > 0).collect(),
                });
            }
        }
    }
}

/// Of an even number the mean of the two in the middle.
fn median(all: &mut [i64]) -> Option<i64> {
    all.sort_unstable();
    let upper = *all.get(all.len() / 2)?;
    match all.len() % 2 {
        0 => {
            let lower = *all.get(all.len() / 2 - 1)?;
            Some(lower + (upper - lower) / 2)
        }
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [7]), Some(7));
        assert_eq!(median(&mut [9, 1]), Some(5));
        assert_eq!(median(&mut [3, 100, 1]), Some(3));
        assert_eq!(median(&mut [i64::MAX, i64::MAX]), Some(i64::MAX));
    }
}
