//! What was decided about one trigger or rule, in words.

use super::clauses::{Asked, Clause};
use super::nearest::nearest;
use super::waited::Waited;
use super::{Explainer, Owner, words};
use crate::engine::trace::{SkipReason, Trace, TriggerOutcome};
use crate::engine::watch::Noted;
use crate::event::{Event, EventBody};
use crate::program::literal::literal;
use crate::program::{ChunkId, EventPattern, NamedEvent, Timing};
use crate::source::Span;
use crate::syntax::tree::StageKind;
use crate::value::*;
use chrono_tz::Tz;
use std::collections::HashMap;

/// What was decided, with the condition that led to it.
pub struct Decision<'a> {
    pub noted: Noted,
    pub about: About,
    pub outcome: Outcome,
    /// Why, as a half sentence; for what happened as it should there may be none.
    pub reason: Option<String>,
    pub condition: Option<Condition<'a>>,
    /// What would have to be otherwise.
    pub nearest: Option<String>,
    /// Of a rule that waits: how that stands, where what happened afterwards is known.
    pub waited: Waited,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Trigger(TriggerId),
    Rule(RuleId),
    /// A `wait for` in the body of a rule.
    Wait(RuleId),
    /// The event itself.
    Event,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A trigger that moved the record, a rule that started, a `wait for` that has come to its end.
    Happened,
    /// One that did not.
    Refused,
    /// One whose condition could not be computed.
    Failed,
    Waits,
    Cancelled,
    /// An event that changed nothing.
    Ignored,
}

/// A condition that was asked.
pub struct Condition<'a> {
    pub chunk: ChunkId,
    pub span: Span,
    pub clauses: Vec<Clause<'a>>,
}

impl<'a> Explainer<'a> {
    /// What was noted, decision by decision; each with the condition that was asked for it. `event` is what came, if it was
    /// no timer.
    pub fn decisions(&self, noted: Vec<Noted>, event: Option<&Event>) -> Vec<Decision<'a>> {
        let mut asked: HashMap<crate::event::Subject, Noted> = HashMap::new();
        let mut out = Vec::new();
        for noted in noted {
            if let Trace::Condition { .. } = noted.trace {
                if let Some(left) = asked.insert(noted.subject.clone(), noted) {
                    out.extend(self.condition_alone(left));
                }
                continue;
            }
            let chunk = |noted: &Noted| match &noted.trace {
                Trace::Condition { chunk, .. } => Some(*chunk),
                _ => None,
            };
            let own = asked.remove(&noted.subject);
            let own = match own {
                Some(before) if chunk(&before).is_some_and(|chunk| self.belongs(chunk, &noted.trace)) => {
                    Some(before)
                }
                Some(before) => {
                    out.extend(self.condition_alone(before));
                    None
                }
                None => None,
            };
            let happened = event.filter(|_| !noted.timer);
            out.extend(self.decision(noted, own, happened));
        }
        out.extend(asked.into_values().filter_map(|left| self.condition_alone(left)));
        out
    }

    fn belongs(&self, chunk: ChunkId, trace: &Trace) -> bool {
        let owner = self.condition(chunk).map(|(owner, _)| owner);
        owner
            == match trace {
                Trace::TriggerTried { trigger, .. } => Some(Owner::Trigger(*trigger)),
                Trace::RuleStarted { rule }
                | Trace::RuleSkipped { rule, .. }
                | Trace::RuleFailed { rule, .. } => Some(Owner::Rule(*rule)),
                Trace::WaitConditionFailed { rule, .. } => Some(Owner::Wait(*rule)),
                _ => None,
            }
    }

    pub(super) fn tz(&self, noted: &Noted) -> Tz {
        noted.place.map_or(Tz::UTC, |place| self.program.pipeline(place.pipeline).timezone)
    }

    fn asked<'v>(&self, values: &'v [(u32, Value)], failure: Option<&'v Failure>, tz: Tz) -> Asked<'a, 'v> {
        let Explainer { program, model, sources, sites, .. } = *self;
        Asked { program, model, sources, sites, values, failure, tz }
    }

    /// A condition that nothing is said about afterwards: of a `wait for`, or of a rule that fails with it.
    fn condition_alone(&self, noted: Noted) -> Option<Decision<'a>> {
        let Trace::Condition { chunk, values } = &noted.trace else { return None };
        let (owner, expr) = self.condition(*chunk)?;
        let asked = self.asked(values, None, self.tz(&noted));
        let value = asked.value(*chunk, expr);
        let failure = Failure::new(FailureCode::NotSet, "it cannot be computed");
        let asked = Asked { failure: value.is_none().then_some(&failure), ..asked };
        let clauses = asked.clauses(*chunk, expr);
        let (about, outcome, reason) = match (owner, value) {
            (Owner::Wait(rule), Some(Value::Bool(true))) => (About::Wait(rule), Outcome::Happened, None),
            (Owner::Wait(rule), _) => {
                (About::Wait(rule), Outcome::Refused, Some("the condition of its `wait for` is false"))
            }
            (Owner::Rule(rule), _) => {
                (About::Rule(rule), Outcome::Failed, Some("its condition cannot be computed"))
            }
            (Owner::Trigger(trigger), _) => {
                (About::Trigger(trigger), Outcome::Failed, Some("its condition cannot be computed"))
            }
        };
        let miss = (outcome == Outcome::Refused).then(|| nearest(&asked, *chunk, expr, "go on")).flatten();
        let condition = Some(Condition { chunk: *chunk, span: expr.span, clauses });
        let reason = reason.map(str::to_owned);
        Some(Decision { about, outcome, reason, condition, nearest: miss, waited: Waited::ToRun, noted })
    }

    fn decision(&self, noted: Noted, before: Option<Noted>, event: Option<&Event>) -> Option<Decision<'a>> {
        let tz = self.tz(&noted);
        let failure = match &noted.trace {
            Trace::TriggerTried { outcome: TriggerOutcome::ConditionFailed(failure), .. } => Some(failure),
            Trace::WaitConditionFailed { failure, .. } | Trace::RuleFailed { failure, .. } => Some(failure),
            _ => None,
        };
        let (about, outcome, reason, verb) = match &noted.trace {
            Trace::TriggerTried { trigger, outcome } => {
                let (what, reason) = self.trigger_outcome(*trigger, outcome, &noted, event);
                (About::Trigger(*trigger), what, reason, "fire")
            }
            Trace::RuleStarted { rule } => (About::Rule(*rule), Outcome::Happened, None, "run"),
            Trace::RuleSkipped { rule, why } => {
                let reason = match why {
                    SkipReason::ConditionFalse => "its condition is false".to_owned(),
                    SkipReason::UsedUp => "it runs `once`, and it has run for this record".to_owned(),
                    SkipReason::Passed => "its `at` had passed, and it says `else skip`".to_owned(),
                    SkipReason::UnderWay => {
                        "an earlier run of it was under way, and it says `overlap skip`".to_owned()
                    }
                };
                (About::Rule(*rule), Outcome::Refused, Some(reason), "run")
            }
            Trace::RuleWaits { rule, until } => {
                let reason = match until {
                    Some(until) => format!("it waits until {}", words::time(*until, tz)),
                    None => match &self.program.rule(*rule).timing {
                        Some(Timing::At { .. }) => "it waits for the fields that its `at` reads".to_owned(),
                        _ => "it waits for something to happen".to_owned(),
                    },
                };
                (About::Rule(*rule), Outcome::Waits, Some(reason), "run")
            }
            Trace::RuleCancelled { rule } => {
                let left = "the record left its stage, or a new run replaced it";
                (About::Rule(*rule), Outcome::Cancelled, Some(left.to_owned()), "run")
            }
            Trace::RuleFailed { rule, failure } => {
                let reason = match &before {
                    Some(_) => format!("its condition cannot be computed: {}", failure.message),
                    None => failure.message.clone(),
                };
                (About::Rule(*rule), Outcome::Failed, Some(reason), "run")
            }
            Trace::WaitConditionFailed { rule, failure } => {
                let reason =
                    format!("the condition of its `wait for` cannot be computed: {}", failure.message);
                (About::Wait(*rule), Outcome::Failed, Some(reason), "go on")
            }
            Trace::ActorUnknown { trigger, failure } => {
                let reason = format!("it moved the record in nobody's name: {}", failure.message);
                (About::Trigger(*trigger), Outcome::Happened, Some(reason), "fire")
            }
            Trace::Duplicate => {
                let reason = "the record has seen this event before".to_owned();
                (About::Event, Outcome::Ignored, Some(reason), "")
            }
            Trace::Echo => {
                let reason = "it is the echo of one of the record's own effects".to_owned();
                (About::Event, Outcome::Ignored, Some(reason), "")
            }
            Trace::OutcomeIgnored => {
                let reason = "nobody waits for this outcome of an action".to_owned();
                (About::Event, Outcome::Ignored, Some(reason), "")
            }
            Trace::Condition { .. } | Trace::Branches { .. } | Trace::TimerFired { .. } => return None,
        };
        let mut miss = None;
        let condition = before.and_then(|before| {
            let Trace::Condition { chunk, values } = &before.trace else { return None };
            let (_, expr) = self.condition(*chunk)?;
            let asked = self.asked(values, failure, tz);
            if outcome == Outcome::Refused {
                miss = nearest(&asked, *chunk, expr, verb);
            }
            let clauses = asked.clauses(*chunk, expr);
            Some(Condition { chunk: *chunk, span: expr.span, clauses })
        });
        if let Trace::TriggerTried { trigger, outcome } = &noted.trace {
            miss = miss.or_else(|| self.direction(*trigger, outcome));
        }
        Some(Decision { about, outcome, reason, condition, nearest: miss, waited: Waited::ToRun, noted })
    }

    fn trigger_outcome(
        &self,
        id: TriggerId,
        outcome: &TriggerOutcome,
        noted: &Noted,
        event: Option<&Event>,
    ) -> (Outcome, Option<String>) {
        let here = noted.place.map_or("", |place| &self.program.stage(place.stage).name);
        let trigger = self.program.trigger(id);
        let there = &self.program.stage(trigger.stage).name;
        let reason = match outcome {
            TriggerOutcome::Fired => return (Outcome::Happened, None),
            TriggerOutcome::SameStage => format!("the record stood in `{there}` already"),
            TriggerOutcome::EarlierStage => {
                format!("the record stood in `{here}`, and `{there}` is an earlier stage")
            }
            TriggerOutcome::FinalStage => {
                format!("the record stood in `{here}`, which is a final stage")
            }
            TriggerOutcome::OtherSettings => {
                let entity = noted.subject.entity;
                let listens = words::patterns(self.program, &trigger.events, entity);
                match event.and_then(|event| self.differs(&trigger.events, event)) {
                    Some(was) => format!("it listens to {listens}; {was}"),
                    None => {
                        let changes = |pattern| matches!(pattern, &EventPattern::Change { .. });
                        let was = match trigger.events.iter().all(changes) {
                            true => "this was another change",
                            false => "this was something else",
                        };
                        format!("it listens to {listens}, and {was}")
                    }
                }
            }
            TriggerOutcome::ConditionFalse => "its condition is false".to_owned(),
            TriggerOutcome::ConditionFailed(failure) => {
                let reason = format!("its condition cannot be computed: {}", failure.message);
                return (Outcome::Failed, Some(reason));
            }
        };
        (Outcome::Refused, Some(reason))
    }

    /// What would let a trigger move a record in this direction.
    fn direction(&self, id: TriggerId, outcome: &TriggerOutcome) -> Option<String> {
        let there = &self.program.stage(self.program.trigger(id).stage).name;
        match outcome {
            TriggerOutcome::EarlierStage => {
                Some(format!("would move it back to `{there}` with `allow backward`"))
            }
            TriggerOutcome::FinalStage => {
                let kind = self.program.stage(self.program.trigger(id).stage).kind;
                let back = if kind == StageKind::Normal { "back to" } else { "on to" };
                Some(format!("would move it {back} `{there}` with `allow backward`"))
            }
            _ => None,
        }
    }

    /// How the payload of an event differs from the settings that are wanted: `template was "Price list"`.
    pub fn differs(&self, patterns: &[EventPattern], event: &Event) -> Option<String> {
        let EventBody::Happened { event: id, payload, .. } = &event.body else { return None };
        let named = patterns.iter().filter_map(|pattern| match pattern {
            EventPattern::Named(named) | EventPattern::Count { event: named, .. } => Some(named),
            _ => None,
        });
        let named = named.filter(|named| self.program.schema.event_is(*id, named.event));
        named.filter_map(|named| self.setting_that_differs(named, payload)).next()
    }

    fn setting_that_differs(&self, named: &NamedEvent, payload: &[Value]) -> Option<String> {
        let fields = &self.program.schema.event(named.event).payload;
        named.settings.iter().find_map(|(slot, wanted)| {
            let (value, field) = (payload.get(usize::from(*slot))?, fields.get(usize::from(*slot))?);
            let met = match value {
                Value::List(items) => items.iter().any(|item| wanted.contains(item)),
                value => wanted.contains(value),
            };
            let is = match value {
                Value::None => "not set".to_owned(),
                value => literal(self.program, value, &field.ty),
            };
            (!met).then(|| format!("`{}` was {is}", field.name))
        })
    }

    /// What a decision is about: `rule Sales.Won.thank`.
    pub fn name(&self, about: About) -> String {
        match about {
            About::Trigger(id) => words::trigger(self.program, self.program.trigger(id)),
            About::Rule(id) => format!("rule {}", self.program.rule(id).path),
            About::Wait(id) => format!("a `wait for` of rule {}", self.program.rule(id).path),
            About::Event => "the event".to_owned(),
        }
    }

    /// Where it stands in the text.
    pub fn span(&self, about: About) -> Option<Span> {
        match about {
            About::Trigger(id) => Some(self.program.trigger(id).span),
            About::Rule(id) | About::Wait(id) => Some(self.program.rule(id).span),
            About::Event => None,
        }
    }
}
