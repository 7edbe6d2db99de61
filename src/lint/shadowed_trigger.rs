//! `shadowed_trigger`: a trigger that never fires, because another above it does whenever it would.

use super::Program;
use super::reason::{Formula, Place, Reason};
use super::situation::{at_hand, condition, eligible, may_move, named, settings_hold};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{EventPattern, NamedEvent, Stage, Trigger};
use crate::value::{EventId, PipelineId};
use std::collections::HashMap;

/// So many triggers above one are compared with it; the nearest first.
const MOST_CANDIDATES: usize = 64;
/// So many comparisons, over all stages.
const MOST_COMPARISONS: usize = 128;

/// What triggers listen to, for looking up those above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Heard {
    Event(EventId),
    Silence(EventId),
    Change,
}

type Seat<'p> = (&'p Stage, &'p Trigger);

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    let mut above: HashMap<(PipelineId, Heard), Vec<Seat>> = HashMap::new();
    for (stage, trigger) in program.triggers().filter(|(_, t)| !t.disabled) {
        if let Some(by) = shadow(program, (stage, trigger), &above)
            && !program.is_bundled(trigger.span.file)
        {
            let mut diagnostic =
                Diagnostic::new(Code::ShadowedTrigger, trigger.span, "this trigger never fires")
                    .label("whenever it could, a trigger above it fires first");
            let mut elsewhere = false;
            let several = by.len() > 1;
            for (other_stage, other) in by.into_iter().take(4) {
                elsewhere |= other_stage.id != stage.id;
                diagnostic = diagnostic.also(other.span, "this one fires first");
            }
            found.push(diagnostic.help(match elsewhere {
                false if several => "delete it: the others lead to the same stage",
                false => "delete it: the other leads to the same stage",
                true if several => {
                    "say in the `when` of the others what they leave to this one, or delete this one"
                }
                true => "say in the `when` of the other what it leaves to this one, or delete this one",
            }));
        }
        let mut heard: Vec<Heard> = trigger.events.iter().map(heard).collect();
        heard.sort();
        heard.dedup();
        for key in heard {
            above.entry((stage.pipeline, key)).or_default().push((stage, trigger));
        }
    }
}

fn heard(pattern: &EventPattern) -> Heard {
    match pattern {
        EventPattern::Named(event) | EventPattern::Count { event, .. } => Heard::Event(event.event),
        EventPattern::Absence { event, .. } => Heard::Silence(event.event),
        EventPattern::Change { .. } | EventPattern::AnyChange => Heard::Change,
    }
}

/// The triggers that together always fire before it, if they do.
fn shadow<'p>(
    program: &Program<'p>,
    seat: Seat<'p>,
    above: &HashMap<(PipelineId, Heard), Vec<Seat<'p>>>,
) -> Option<Vec<Seat<'p>>> {
    let (stage, trigger) = seat;
    let mut comparisons = 0;
    let mut by: Vec<Seat> = Vec::new();
    for pattern in &trigger.events {
        let candidates = candidates(program, stage.pipeline, pattern, above);
        if candidates.is_empty() {
            return None;
        }
        let entity = program.pipeline(stage.pipeline).entity;
        let event = match pattern {
            EventPattern::Named(_) | EventPattern::Count { .. } => {
                Some(at_hand(program, pattern, &trigger.events)?)
            }
            _ => None,
        };
        let place = Place { entity: Some(entity), event };
        let mut reason = Reason::new(program.model);
        let when = condition(&mut reason, &trigger.when, &place);
        let settings = settings_of(program, &mut reason, pattern, &place);
        let fires = settings.and(when);
        let mut possible = false;
        // The nearest stage first: from there the fewest are eligible.
        for from in eligible(program, stage, trigger).rev() {
            comparisons += 1;
            if comparisons > MOST_COMPARISONS {
                return None;
            }
            let fires_here = reason.stands_in(entity, [from]).and(fires.clone());
            if reason.never(&fires_here) {
                continue;
            }
            possible = true;
            let first = candidates.iter().find(|(other_stage, other)| {
                comparisons += 1;
                comparisons <= MOST_COMPARISONS
                    && may_move(program.model, other_stage.id, other.backward, from)
                    && covers(program, &mut reason, other, pattern, trigger, &place)
                        .is_some_and(|other| reason.implies(&fires_here, &other))
            });
            let first = first?;
            if !by.iter().any(|(_, t)| t.id == first.1.id) {
                by.push(*first);
            }
        }
        // Its own condition is the reason that it never fires.
        if !possible {
            return None;
        }
    }
    (!by.is_empty()).then_some(by)
}

/// The enabled triggers above that may hear what the pattern hears, the nearest first.
fn candidates<'p>(
    program: &Program<'p>,
    pipeline: PipelineId,
    pattern: &EventPattern,
    above: &HashMap<(PipelineId, Heard), Vec<Seat<'p>>>,
) -> Vec<Seat<'p>> {
    let of =
        |heard: Heard| above.get(&(pipeline, heard)).into_iter().flat_map(|all| all.iter().rev().copied());
    match heard(pattern) {
        Heard::Event(event) => {
            let mut all = Vec::new();
            let mut at = Some(event);
            while let Some(event) = at {
                all.extend(of(Heard::Event(event)).take(MOST_CANDIDATES));
                at = program.model.schema.event(event).parent;
            }
            all.sort_by_key(|(_, t)| std::cmp::Reverse(t.id));
            all.dedup_by_key(|(_, t)| t.id);
            all.truncate(MOST_CANDIDATES);
            all
        }
        other => of(other).take(MOST_CANDIDATES).collect(),
    }
}

fn settings_of(program: &Program, reason: &mut Reason, pattern: &EventPattern, place: &Place) -> Formula {
    match pattern {
        EventPattern::Named(event) | EventPattern::Count { event, .. } => {
            settings_hold(program, reason, event, place)
        }
        // Of silences and changes the settings are compared as they stand.
        _ => Formula::Known(true),
    }
}

/// When a trigger above fires on what matches the pattern of another, as far as that can be told.
fn covers(
    program: &Program,
    reason: &mut Reason,
    other: &Trigger,
    pattern: &EventPattern,
    trigger: &Trigger,
    place: &Place,
) -> Option<Formula> {
    let mut hears = Formula::Known(false);
    for theirs in &other.events {
        let heard = match (theirs, pattern) {
            (EventPattern::Named(theirs), EventPattern::Named(_) | EventPattern::Count { .. }) => {
                let event = place.event?;
                if !program.model.schema.event_is(event, theirs.event) {
                    continue;
                }
                settings_hold(program, reason, theirs, place)
            }
            (
                EventPattern::Count { count, event, within, .. },
                EventPattern::Count { count: n, event: e, within: w, .. },
            ) => Formula::Known(
                count == n && within == w && same(event, e) && other.backward == trigger.backward,
            ),
            (
                EventPattern::Absence { event, period, .. },
                EventPattern::Absence { event: e, period: p, .. },
            ) => Formula::Known(period == p && same(event, e)),
            (EventPattern::AnyChange, EventPattern::AnyChange | EventPattern::Change { .. }) => {
                Formula::Known(true)
            }
            (
                EventPattern::Change { fields, from, to },
                EventPattern::Change { fields: f, from: a, to: b },
            ) => Formula::Known(
                f.iter().all(|field| fields.contains(field))
                    && (from.is_none() || from == a)
                    && (to.is_none() || to == b),
            ),
            _ => continue,
        };
        hears = hears.or(heard);
    }
    if matches!(hears, Formula::Known(false)) {
        return None;
    }
    // Where it also listens to a kind of this event, `event.x` of that kind may be another.
    if let Some(event) = place.event
        && other
            .events
            .iter()
            .filter_map(named)
            .any(|e| e.event != event && program.model.schema.event_is(e.event, event))
    {
        return None;
    }
    let when = condition(reason, &other.when, place);
    Some(hears.and(when))
}

fn same(a: &NamedEvent, b: &NamedEvent) -> bool {
    a.event == b.event && a.settings == b.settings
}
