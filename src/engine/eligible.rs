//! Which triggers could move a record that stands in a stage, by event: looked up once for each stage that a record comes to.

use super::triggers::may_move;
use crate::program::{EventPattern, Program};
use crate::value::*;
use ahash::{HashMap, HashMapExt};

/// A trigger, and which of its events it is.
pub(super) type Candidate = (TriggerId, u16);

/// The candidates of one stage.
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

/// Candidates by what they want of one member of the payload. The lists hold positions, in order.
struct Index {
    slot: u16,
    texts: HashMap<Text, Vec<u32>>,
    enums: HashMap<u16, Vec<u32>>,
    /// Those that want nothing of it.
    others: Vec<u32>,
}

impl Eligible {
    pub fn new(program: &Program, stage: StageId) -> Eligible {
        let here = program.stage(stage);
        let pipeline = program.pipeline(here.pipeline);
        let eligible = |candidates: &[Candidate]| {
            let may = |(id, _): &&Candidate| {
                let trigger = program.trigger(*id);
                may_move(here, stage, program.stage(trigger.stage), trigger).is_ok()
            };
            candidates.iter().filter(may).copied().collect::<Vec<_>>()
        };
        let named = |candidates: &Vec<Candidate>| {
            let all = eligible(candidates);
            Candidates { index: Index::new(program, &all).map(Box::new), all }
        };
        Eligible {
            by_event: pipeline.triggers_by_event.iter().map(named).collect(),
            on_change: Candidates { all: eligible(&pipeline.triggers_on_change), index: None },
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
    /// Those that could listen to this payload: in program order, from the position on.
    pub fn next(&self, payload: &[Value], from: u32) -> Option<(u32, Candidate)> {
        let position = match self.index.as_ref().map(|index| index.next(payload, from)) {
            Some(Found::Position(position)) => position,
            Some(Found::Nothing) => return None,
            None | Some(Found::Unclear) => from,
        };
        self.all.get(position as usize).map(|candidate| (position, *candidate))
    }
}

enum Found {
    Position(u32),
    Nothing,
    /// The member is no single value: all may listen.
    Unclear,
}

impl Index {
    /// Over the member of which most candidates want a constant text or enum value, if those are many.
    fn new(program: &Program, all: &[Candidate]) -> Option<Index> {
        let mut wanting: HashMap<u16, usize> = HashMap::new();
        for (slot, _) in all.iter().flat_map(|candidate| settings(program, *candidate)) {
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
            let mut wanted = settings(program, *candidate).iter().filter(|(at, _)| *at == slot);
            match (wanted.next(), wanted.next()) {
                (Some((_, values)), None) if values.iter().all(is_key) => {
                    for value in values {
                        index.add(value, position);
                    }
                }
                _ => index.others.push(position),
            }
        }
        Some(index)
    }

    fn add(&mut self, value: &Value, position: u32) {
        let list = match value {
            Value::Text(text) => self.texts.entry(text.clone()).or_default(),
            Value::Enum(value) => self.enums.entry(*value).or_default(),
            _ => return,
        };
        if list.last() != Some(&position) {
            list.push(position);
        }
    }

    fn next(&self, payload: &[Value], from: u32) -> Found {
        let list = match payload.get(usize::from(self.slot)) {
            Some(Value::Text(text)) => self.texts.get(&**text),
            Some(Value::Enum(value)) => self.enums.get(value),
            Some(Value::None) | None => None,
            Some(_) => return Found::Unclear,
        };
        let after = |list: &[u32]| list.get(list.partition_point(|position| *position < from)).copied();
        match (list.and_then(|list| after(list)), after(&self.others)) {
            (Some(a), Some(b)) => Found::Position(a.min(b)),
            (Some(position), None) | (None, Some(position)) => Found::Position(position),
            (None, None) => Found::Nothing,
        }
    }
}

fn is_key(value: &Value) -> bool {
    matches!(value, Value::Text(_) | Value::Enum(_))
}

/// What the candidate wants of the members of the payload.
fn settings(program: &Program, (id, pattern): Candidate) -> &[(u16, Vec<Value>)] {
    match program.trigger(id).events.get(usize::from(pattern)) {
        Some(EventPattern::Named(named)) => &named.settings,
        _ => &[],
    }
}
