//! Who could listen to an event while a record stands in a stage: triggers that could move it, rules that could start. Looked up
//! once for each stage that a record comes to, so that no event asks all of them.

use super::triggers::may_move;
use crate::program::{ChunkId, EventPattern, Program};
use crate::value::*;
use ahash::{HashMap, HashMapExt};

/// A trigger that could fire, or a rule that could start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// The number of the trigger or of the rule.
    pub number: u32,
    /// Which of its events it is.
    pub pattern: u16,
    listens: Listens,
    /// The condition of a trigger.
    pub when: Option<ChunkId>,
}

/// What is known of whether a candidate listens, before its settings are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listens {
    /// To every such event.
    Always,
    /// To every one that has the value by which the index knows it.
    IfFound,
    Perhaps,
}

/// The candidates of one stage, or the rules of one pipeline.
pub(super) struct Eligible {
    by_event: Vec<Candidates>,
    on_change: Candidates,
}

/// Those of one event, in program order.
#[derive(Default)]
pub(super) struct Candidates {
    all: Vec<Candidate>,
    index: Option<Box<Index>>,
}

/// Fewer candidates are gone through faster than looked up.
const WORTH_AN_INDEX: usize = 8;

/// Candidates by what they want of one member of the payload. The lists are in order, and hold the candidates themselves: those
/// of one list are asked one after the other, and lie together.
struct Index {
    slot: u16,
    texts: HashMap<Text, Vec<Listed>>,
    enums: HashMap<u16, Vec<Listed>>,
    /// Those that want nothing of it.
    others: Vec<Listed>,
}

#[derive(Clone, Copy)]
struct Listed {
    position: u32,
    candidate: Candidate,
}

/// One of the patterns of a trigger or a rule, by its number.
type PatternOf<'p> = &'p dyn Fn(u32, u16) -> Option<&'p EventPattern>;

impl Eligible {
    /// The triggers that could move a record that stands in the stage.
    pub fn triggers(program: &Program, stage: StageId) -> Eligible {
        let here = program.stage(stage);
        let pipeline = program.pipeline(here.pipeline);
        let pattern = |number, n: u16| program.trigger(TriggerId(number)).events.get(usize::from(n));
        let could = |candidates: &[(TriggerId, u16)], event: Option<EventId>| {
            let could = candidates.iter().filter_map(|(id, n)| {
                let trigger = program.trigger(*id);
                may_move(here, stage, program.stage(trigger.stage), trigger).ok()?;
                Some((id.0, *n, trigger.when))
            });
            Candidates::new(program, event, could, &pattern)
        };
        let by_event = pipeline.triggers_by_event.iter().zip(0..);
        Eligible {
            by_event: by_event.map(|(candidates, event)| could(candidates, Some(EventId(event)))).collect(),
            on_change: could(&pipeline.triggers_on_change, None),
        }
    }

    /// Those of the rules that could start.
    pub fn rules(program: &Program, rules: &[RuleId]) -> Eligible {
        let schema = &program.schema;
        let patterns: Vec<(u32, u16, &EventPattern)> = rules
            .iter()
            .flat_map(|id| program.rule(*id).on.iter().zip(0..).map(|(pattern, n)| (id.0, n, pattern)))
            .collect();
        let pattern = |number, n: u16| program.rule(RuleId(number)).on.get(usize::from(n));
        let could = |event: Option<EventId>| {
            let could = patterns.iter().filter(|(.., pattern)| match (pattern, event) {
                (EventPattern::Named(named) | EventPattern::Count { event: named, .. }, Some(event)) => {
                    schema.event_is(event, named.event)
                }
                (EventPattern::Change { .. } | EventPattern::AnyChange, None) => true,
                _ => false,
            });
            Candidates::new(program, event, could.map(|(number, n, _)| (*number, *n, None)), &pattern)
        };
        let events = 0..schema.events.len() as u16;
        Eligible {
            by_event: events.map(|event| could(Some(EventId(event)))).collect(),
            on_change: could(None),
        }
    }

    /// The candidates for an event, or for a change.
    pub fn of(&self, event: Option<EventId>) -> Option<&Candidates> {
        match event {
            Some(event) => self.by_event.get(event.index()),
            None => Some(&self.on_change),
        }
    }
}

impl Candidates {
    fn new(
        program: &Program,
        event: Option<EventId>,
        listed: impl Iterator<Item = (u32, u16, Option<ChunkId>)>,
        pattern: PatternOf<'_>,
    ) -> Candidates {
        let candidate = |(number, n, when)| {
            let listens = match (pattern(number, n), event) {
                (Some(EventPattern::Named(named)), Some(event))
                    if named.settings.is_empty() && program.schema.event_is(event, named.event) =>
                {
                    Listens::Always
                }
                _ => Listens::Perhaps,
            };
            Candidate { number, pattern: n, listens, when }
        };
        let mut all: Vec<Candidate> = listed.map(candidate).collect();
        let index = event.and_then(|event| Index::new(program, event, &mut all, pattern));
        Candidates { all, index: index.map(Box::new) }
    }

    /// Those that could listen to this payload.
    pub fn of(&self, payload: &[Value]) -> Chosen<'_> {
        let found = self.index.as_ref().and_then(|index| index.find(payload));
        Chosen { all: &self.all, found, at: 0 }
    }
}

/// Candidates in program order; with each, whether it listens for certain.
pub(super) struct Chosen<'a> {
    all: &'a [Candidate],
    /// Those that want the value, and those that want none. `None`: all of them.
    found: Option<(&'a [Listed], &'a [Listed])>,
    at: usize,
}

impl<'a> Iterator for Chosen<'a> {
    type Item = (&'a Candidate, bool);

    fn next(&mut self) -> Option<(&'a Candidate, bool)> {
        let Some((listed, others)) = &mut self.found else {
            let candidate = self.all.get(self.at)?;
            self.at += 1;
            return Some((candidate, candidate.listens == Listens::Always));
        };
        let from = match (listed.first(), others.first()) {
            (Some(a), Some(b)) if a.position < b.position => listed,
            (Some(_), None) => listed,
            (_, Some(_)) => others,
            (None, None) => return None,
        };
        let (Listed { candidate, .. }, rest) = from.split_first()?;
        *from = rest;
        Some((candidate, candidate.listens != Listens::Perhaps))
    }
}

impl Index {
    /// Over the member of which most candidates want a constant text or enum value, if those are many.
    fn new(
        program: &Program,
        event: EventId,
        all: &mut [Candidate],
        pattern: PatternOf<'_>,
    ) -> Option<Index> {
        let pattern = |candidate: &Candidate| pattern(candidate.number, candidate.pattern);
        let mut wanting: HashMap<u16, usize> = HashMap::new();
        for (slot, _) in all.iter().flat_map(|candidate| settings(pattern(candidate))) {
            *wanting.entry(*slot).or_default() += 1;
        }
        // Of equals the first member, so that it is always the same.
        let (slot, count) =
            wanting.into_iter().max_by_key(|(slot, count)| (*count, std::cmp::Reverse(*slot)))?;
        if count < WORTH_AN_INDEX {
            return None;
        }
        let mut index = Index { slot, texts: HashMap::new(), enums: HashMap::new(), others: Vec::new() };
        for (position, candidate) in (0..).zip(all) {
            let pattern = pattern(candidate);
            let settings = settings(pattern);
            let mut wanted = settings.iter().filter(|(at, _)| *at == slot);
            match (wanted.next(), wanted.next()) {
                (Some((_, values)), None) if values.iter().all(is_key) => {
                    if let (Some(EventPattern::Named(named)), [_]) = (pattern, settings)
                        && program.schema.event_is(event, named.event)
                    {
                        candidate.listens = Listens::IfFound;
                    }
                    for value in values {
                        index.add(value, Listed { position, candidate: *candidate });
                    }
                }
                _ => index.others.push(Listed { position, candidate: *candidate }),
            }
        }
        Some(index)
    }

    fn add(&mut self, value: &Value, listed: Listed) {
        let list = match value {
            Value::Text(text) => self.texts.entry(text.clone()).or_default(),
            Value::Enum(value) => self.enums.entry(*value).or_default(),
            _ => return,
        };
        if list.last().is_none_or(|last| last.position != listed.position) {
            list.push(listed);
        }
    }

    /// Those that want the value, and those that want none. `None`: the member is no single value, and all may listen.
    fn find(&self, payload: &[Value]) -> Option<(&[Listed], &[Listed])> {
        let listed = match payload.get(usize::from(self.slot)) {
            Some(Value::Text(text)) => self.texts.get(&**text),
            Some(Value::Enum(value)) => self.enums.get(value),
            Some(Value::None) | None => None,
            Some(_) => return None,
        };
        Some((listed.map_or(&[], Vec::as_slice), &self.others))
    }
}

fn is_key(value: &Value) -> bool {
    matches!(value, Value::Text(_) | Value::Enum(_))
}

/// What a pattern wants of the members of the payload.
fn settings(pattern: Option<&EventPattern>) -> &[(u16, Vec<Value>)] {
    match pattern {
        Some(EventPattern::Named(named)) => &named.settings,
        _ => &[],
    }
}
