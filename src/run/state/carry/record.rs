//! One record under another version of the program.

use super::{Carrier, Note, Problem};
use crate::engine::effect::{Cause, Effect, EffectKind};
use crate::engine::record::{Place, Record};
use crate::event::Subject;
use crate::value::*;

/// What is needed of a record to say that one of its rules is cancelled.
pub(super) struct Teller {
    pub subject: Subject,
    pub place: Option<Place>,
    pub clock: chrono::DateTime<chrono::Utc>,
    pub effects: u64,
}

impl Carrier<'_> {
    pub(super) fn record(&mut self, record: Record, subject: Subject) -> Option<Record> {
        let before = record.subject.entity;
        let stage = record.place.map(|place| (place.stage, self.names.stage(place.stage)));
        let place = match stage {
            None => None,
            Some((_, Some(stage))) => Some(Place { pipeline: self.new.program.stage(stage).pipeline, stage }),
            Some((gone, None)) => {
                self.problem(Problem::Stage(gone));
                None
            }
        };
        let values = self.values(before, subject.entity, &record.values, place.map(|place| place.stage));
        if place.is_none() && record.place.is_some() {
            // What waits there is not spoken of before it is clear where it goes.
            let runs = record.waiting.iter().flat_map(|waiting| &waiting.runs);
            self.bodies += runs.filter(|run| run.frame.is_some()).count();
            return None;
        }
        let mut teller = Teller {
            subject: record.subject.clone(),
            place: record.place,
            clock: record.clock,
            effects: record.effects,
        };
        let waiting = self.waiting(&mut teller, record.waiting, place, subject.entity);
        let old = &self.old.program;
        let outputs = record.outputs.iter().filter_map(|(id, value)| {
            let ty = &old.outputs.get(id.index())?.ty;
            Some((self.names.output(*id)?, self.names.value(value, ty)?))
        });
        let outputs = outputs.collect();
        let failures = record
            .failures
            .into_iter()
            .filter_map(|(rule, why)| Some((self.names.rule(rule)?, why)))
            .collect();
        let mut used: Vec<RuleId> = record.used.iter().filter_map(|rule| self.names.rule(*rule)).collect();
        used.sort_unstable();
        used.dedup();
        let simulated = record.simulated.into_iter().filter_map(|(action, count)| {
            let name = &old.schema.actions.get(action.index())?.name;
            let here = self.new.program.schema.actions.iter().position(|action| action.name == *name)?;
            Some((ActionId(here as u16), count))
        });
        Some(Record {
            subject,
            place,
            values: values?,
            effects: teller.effects,
            seen: record.seen,
            outputs,
            failures,
            used,
            simulated: simulated.collect(),
            clock: record.clock,
            visits: record.visits,
            stays: record.stays,
            waiting,
        })
    }

    /// A rule that cannot go on.
    pub(super) fn cancel(
        &mut self,
        teller: &mut Teller,
        rule: RuleId,
        cause: Option<Cause>,
        reason: &'static str,
    ) {
        self.note(Note::Cancelled(rule, reason));
        let Some(place) = teller.place else { return };
        teller.effects += 1;
        self.effects.push(Effect {
            subject: teller.subject.clone(),
            number: teller.effects,
            pipeline: place.pipeline,
            time: teller.clock,
            cause: cause.unwrap_or_else(|| self.cause()),
            kind: EffectKind::RuleCancelled { rule, reason },
        });
    }

    /// What no event has brought, but the new version.
    pub(super) fn cause(&self) -> Cause {
        Cause { id: self.version.clone(), source: "/stagegate".into() }
    }
}
