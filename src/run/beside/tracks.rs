//! What is known of each record of two runs: the stages it has gone through, and the effects that only one of them has had
//! so far.

use super::Report;
use crate::engine::effect::{Effect, EffectKind};
use crate::event::Subject;
use crate::program::Program;
use crate::testing::words::{details, headline};
use crate::value::*;
use chrono::{DateTime, SecondsFormat, Utc};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// So many stages of a record's way are remembered.
const LONGEST: usize = 32;
/// So many effects of a record wait for their counterpart, at most.
const WAITING: usize = 64;
/// Of so many effects of a record it is known which number they have in the other version.
const NUMBERED: usize = 256;

/// A record that goes another way.
#[derive(Debug, Clone)]
pub struct Parted {
    /// `deal/D-1`
    pub record: String,
    /// The stages, as far as they are remembered: an ellipsis stands for what has been left out.
    pub old: Vec<String>,
    pub new: Vec<String>,
}

/// What differs in the effects of one kind that one rule asks for.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// `rule Sales.New.welcome`, `stage Sales.Won`
    pub who: String,
    /// `notify`, `set`, `entered`, `fails`
    pub what: String,
    pub new: u64,
    pub gone: u64,
    pub different: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// An effect that differs.
#[derive(Debug, Clone)]
pub struct Example {
    pub record: String,
    pub time: DateTime<Utc>,
    /// The id of the event that brought it.
    pub event: String,
    /// What it says, line by line; of one that is in both versions only what differs.
    pub old: Option<Vec<String>>,
    pub new: Option<Vec<String>>,
}

/// A record's way through the stages.
#[derive(Default)]
struct Path {
    stages: VecDeque<u32>,
    cut: bool,
}

impl Path {
    fn push(&mut self, stage: u32) {
        if self.stages.len() == LONGEST {
            self.stages.pop_front();
            self.cut = true;
        }
        self.stages.push_back(stage);
    }

    fn last(&self) -> Option<u32> {
        self.stages.back().copied()
    }
}

/// An effect that only one version has had so far.
struct Lone {
    new: bool,
    effect: Effect,
    bytes: Vec<u8>,
    key: (String, String),
}

#[derive(Default)]
struct Track {
    /// The way that both have gone together.
    common: Path,
    /// What comes behind it in each.
    own: [Path; 2],
    lone: VecDeque<Lone>,
    /// Effects of the old version by their numbers, with those that they have in the new one, where these are others;
    /// `None`: it has no such effect.
    numbers: VecDeque<(u64, Option<u64>)>,
    /// When they parted, in the order of all records.
    parted: u64,
}

impl Track {
    fn has_parted(&self) -> bool {
        self.own.iter().any(|path| !path.stages.is_empty())
    }

    fn number(&mut self, old: u64, new: Option<u64>) {
        if new == Some(old) {
            return;
        }
        if self.numbers.len() == NUMBERED {
            self.numbers.pop_front();
        }
        self.numbers.push_back((old, new));
    }

    /// What both have gone by now belongs to the common way.
    fn join(&mut self) {
        while let (Some(old), Some(new)) = (self.own[0].stages.front(), self.own[1].stages.front())
            && old == new
            && !self.own.iter().any(|path| path.cut)
        {
            let stage = *old;
            self.common.push(stage);
            self.own.iter_mut().for_each(|path| {
                path.stages.pop_front();
            });
        }
    }
}

pub(super) struct Tracks<'p> {
    names: [&'p Program; 2],
    examples: usize,
    tracks: HashMap<(u32, Text), Track>,
    /// Names of stages and entities, each once.
    known: Vec<String>,
    numbers: HashMap<String, u32>,
    stages: [HashMap<StageId, u32>; 2],
    entities: [HashMap<EntityId, u32>; 2],
    rows: BTreeMap<(String, String), Row>,
    partings: u64,
}

impl<'p> Tracks<'p> {
    pub fn new(names: [&'p Program; 2], examples: usize) -> Self {
        let mut tracks = Tracks {
            names,
            examples,
            tracks: HashMap::new(),
            known: Vec::new(),
            numbers: HashMap::new(),
            stages: Default::default(),
            entities: Default::default(),
            rows: BTreeMap::new(),
            partings: 0,
        };
        for (at, program) in names.into_iter().enumerate() {
            for (id, stage) in (0..).map(StageId).zip(&program.stages) {
                let name = format!("{}.{}", program.pipeline(stage.pipeline).name, stage.name);
                let number = tracks.number(name);
                tracks.stages[at].insert(id, number);
            }
            for (id, entity) in (0..).map(EntityId).zip(&program.schema.entities) {
                let number = tracks.number(entity.wire_name.to_string());
                tracks.entities[at].insert(id, number);
            }
        }
        tracks
    }

    fn number(&mut self, name: String) -> u32 {
        let next = self.known.len() as u32;
        *self.numbers.entry(name).or_insert_with_key(|name| {
            self.known.push(name.clone());
            next
        })
    }

    fn place(&self, side: usize, effect: &Effect) -> (u32, Text) {
        let entity = self.entities[side].get(&effect.subject.entity).copied().unwrap_or_default();
        (entity, effect.subject.id.clone())
    }

    fn track(&mut self, side: usize, effect: &Effect) -> &mut Track {
        let place = self.place(side, effect);
        self.tracks.entry(place).or_default()
    }

    fn stage(&self, side: usize, effect: &Effect) -> Option<u32> {
        match &effect.kind {
            EffectKind::StageChanged { to, .. } => self.stages[side].get(to).copied(),
            _ => None,
        }
    }

    /// An effect that both versions have.
    pub fn both(&mut self, effect: &Effect, new: &Effect) {
        if effect.number != new.number {
            self.track(0, effect).number(effect.number, Some(new.number));
        }
        let Some(stage) = self.stage(0, effect) else { return };
        let track = self.track(0, effect);
        if track.has_parted() {
            track.own.iter_mut().for_each(|path| path.push(stage));
            track.join();
        } else {
            track.common.push(stage);
        }
    }

    /// The number that an effect of the old version has in the new one, of a record by the numbers of that; `None`: it has
    /// no such effect so far.
    pub fn counterpart(&self, subject: &Subject, number: u64) -> Option<u64> {
        let entity = self.entities[1].get(&subject.entity).copied().unwrap_or_default();
        let Some(track) = self.tracks.get(&(entity, subject.id.clone())) else { return Some(number) };
        if track.lone.iter().any(|lone| !lone.new && lone.effect.number == number) {
            return None;
        }
        // The last word counts: what was asked for later in one of them.
        let known = track.numbers.iter().rev().find(|(old, _)| *old == number);
        known.map_or(Some(number), |(_, new)| *new)
    }

    /// What both versions have done at one event, where that is not the same.
    pub fn step(&mut self, old: Vec<(Effect, Vec<u8>)>, new: Vec<(Effect, Vec<u8>)>) {
        // Each side's moves in their order.
        for (side, effects) in [&old, &new].into_iter().enumerate() {
            for (effect, _) in effects {
                if let Some(stage) = self.stage(side, effect) {
                    self.track(side, effect).own[side].push(stage);
                }
            }
        }
        for (side, effects) in [&old, &new].into_iter().enumerate() {
            for (effect, _) in
                effects.iter().filter(|(e, _)| matches!(e.kind, EffectKind::StageChanged { .. }))
            {
                let next = self.partings + 1;
                let track = self.track(side, effect);
                track.join();
                if track.has_parted() && track.parted == 0 {
                    track.parted = next;
                    self.partings = next;
                }
            }
        }
        let mut touched: Vec<(u32, Text)> = Vec::new();
        for (side, effects) in [old, new].into_iter().enumerate() {
            for (effect, bytes) in effects {
                let key = self.key(side, &effect);
                touched.push(self.place(side, &effect));
                let track = self.track(side, &effect);
                let is_new = side == 1;
                let same = track.lone.iter().position(|lone| lone.new != is_new && lone.bytes == bytes);
                match same {
                    Some(at) => {
                        if let Some(other) = track.lone.remove(at) {
                            let (old, new) =
                                if is_new { (&other.effect, &effect) } else { (&effect, &other.effect) };
                            track.number(old.number, Some(new.number));
                        }
                    }
                    None => {
                        let full = track.lone.len() >= WAITING;
                        let first = if full { track.lone.pop_front() } else { None };
                        track.lone.push_back(Lone { new: is_new, effect, bytes, key });
                        if let Some(first) = first {
                            self.settle(first);
                        }
                    }
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        touched.iter().for_each(|place| self.pair_at_once(place));
    }

    /// What stands for the same thing at the same event and time is one effect that is different.
    fn pair_at_once(&mut self, place: &(u32, Text)) {
        let Some(track) = self.tracks.get_mut(place) else { return };
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(one) = track.lone.get(at) {
            let other = track.lone.iter().position(|other| {
                other.new != one.new
                    && other.key == one.key
                    && other.effect.time == one.effect.time
                    && other.effect.cause == one.effect.cause
            });
            let Some(other) = other else {
                at += 1;
                continue;
            };
            // The other stands behind it: those before have been looked at.
            let pair = (track.lone.remove(other), track.lone.remove(at));
            if let (Some(b), Some(a)) = pair {
                found.push((a, b));
            }
        }
        for (a, b) in found {
            self.different(a, b);
        }
    }

    /// An effect that has waited long enough: its counterpart is the next of its kind, if there is one.
    fn settle(&mut self, lone: Lone) {
        let track = self.track(usize::from(lone.new), &lone.effect);
        let other = track.lone.iter().position(|other| other.new != lone.new && other.key == lone.key);
        let other = other.and_then(|at| track.lone.remove(at));
        match other {
            Some(other) => self.different(lone, other),
            None => {
                let side = usize::from(lone.new);
                if !lone.new {
                    self.track(0, &lone.effect).number(lone.effect.number, None);
                }
                let mut lines = details(self.names[side], &lone.effect);
                // What it is and who asks for it is said above already; of these it says more.
                let short = matches!(
                    lone.effect.kind,
                    EffectKind::ActionRequested { .. } | EffectKind::FieldsChanged { .. }
                );
                if !short || lines.is_empty() {
                    lines.insert(0, headline(self.names[side], &lone.effect));
                }
                let example = self.example(&lone, lines);
                let examples = self.examples;
                let row = self.row(&lone.key);
                if lone.new {
                    row.new += 1;
                } else {
                    row.gone += 1;
                }
                if row.examples.len() < examples {
                    row.examples.push(example);
                }
            }
        }
    }

    fn row(&mut self, key: &(String, String)) -> &mut Row {
        self.rows.entry(key.clone()).or_insert_with(|| Row {
            who: key.0.clone(),
            what: key.1.clone(),
            ..Row::default()
        })
    }

    fn example(&self, lone: &Lone, lines: Vec<String>) -> Example {
        let side = usize::from(lone.new);
        let (old, new) = if lone.new { (None, Some(lines)) } else { (Some(lines), None) };
        Example {
            record: crate::testing::words::subject(self.names[side], &lone.effect.subject),
            time: lone.effect.time,
            event: lone.effect.cause.id.to_string(),
            old,
            new,
        }
    }

    fn different(&mut self, a: Lone, b: Lone) {
        let (old, new) = if a.new { (b, a) } else { (a, b) };
        self.track(0, &old.effect).number(old.effect.number, Some(new.effect.number));
        let words = |side: usize, lone: &Lone| {
            let mut lines = vec![headline(self.names[side], &lone.effect)];
            lines.push(format!("at {}", lone.effect.time.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
            lines.extend(details(self.names[side], &lone.effect));
            lines
        };
        let (before, now) = (words(0, &old), words(1, &new));
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|line| !those.contains(line)).cloned().collect()
        };
        let (before, now) = (only(&before, &now), only(&now, &before));
        let example = Example { old: Some(before), ..self.example(&new, now) };
        let examples = self.examples;
        let row = self.row(&old.key);
        row.different += 1;
        if row.examples.len() < examples {
            row.examples.push(example);
        }
    }

    /// Who asks for an effect, and for what.
    fn key(&self, side: usize, effect: &Effect) -> (String, String) {
        let program = self.names[side];
        let rule = |id: &RuleId| format!("rule {}", program.rule(*id).path);
        match &effect.kind {
            EffectKind::StageChanged { to, .. } => {
                let stage = program.stage(*to);
                let name = format!("stage {}.{}", program.pipeline(stage.pipeline).name, stage.name);
                (name, "entered".to_owned())
            }
            EffectKind::FieldsChanged { rule: id, .. } => (rule(id), "set".to_owned()),
            EffectKind::ActionRequested { rule: id, action, .. } => {
                (rule(id), program.schema.action(*action).name.to_string())
            }
            EffectKind::ActionRefused { rule: id, action, .. } => {
                (rule(id), format!("{} refused", program.schema.action(*action).name))
            }
            EffectKind::RuleFailed { rule: id, .. } => (rule(id), "fails".to_owned()),
            EffectKind::RuleCancelled { rule: id, .. } => (rule(id), "cancelled".to_owned()),
            EffectKind::LoopStopped { .. } => ("loop".to_owned(), "stopped".to_owned()),
        }
    }

    /// Ends it: what still waits has no counterpart at the same time.
    pub fn finish(mut self, report: &mut Report) {
        let mut waiting: Vec<(u32, Text)> = self
            .tracks
            .iter()
            .filter(|(_, track)| !track.lone.is_empty())
            .map(|(key, _)| key.clone())
            .collect();
        waiting.sort();
        for key in waiting {
            while let Some(lone) = self.tracks.get_mut(&key).and_then(|track| track.lone.pop_front()) {
                self.settle(lone);
            }
        }
        report.records = self.tracks.len() as u64;
        let mut parted: Vec<(&(u32, Text), &Track)> =
            self.tracks.iter().filter(|(_, track)| track.has_parted()).collect();
        parted.sort_by(|a, b| (a.1.parted, a.0).cmp(&(b.1.parted, b.0)));
        report.parted = parted.len() as u64;
        let name = |stage: Option<u32>| stage.and_then(|stage| self.known.get(stage as usize)).cloned();
        let mut ends: BTreeMap<(String, String), u64> = BTreeMap::new();
        for (_, track) in &parted {
            let end = |side: usize| name(track.own[side].last().or(track.common.last())).unwrap_or_default();
            if end(0) != end(1) {
                *ends.entry((end(0), end(1))).or_insert(0) += 1;
            }
        }
        report.ends = ends.into_iter().map(|((from, to), count)| (from, to, count)).collect();
        report.ends.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
        for ((entity, id), track) in parted.into_iter().take(self.examples) {
            let way = |side: usize| {
                let own = &track.own[side];
                let cut = own.cut || track.common.cut;
                let common: &VecDeque<u32> = &track.common.stages;
                let shown = common.iter().filter(|_| !own.cut).chain(&own.stages);
                let stages = shown.filter_map(|stage| name(Some(*stage)));
                cut.then(|| "…".to_owned()).into_iter().chain(stages).collect()
            };
            let record = format!("{}/{id}", self.known.get(*entity as usize).map_or("", |name| name));
            report.parted_records.push(Parted { record, old: way(0), new: way(1) });
        }
        report.rows = self.rows.into_values().collect();
    }
}
