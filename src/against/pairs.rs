//! Which part of the old version is which of the new one: by name, and where that is gone by what it says.

use super::Kind;
use super::meaning::{Compiled, Meanings, meanings};
use super::names::trigger_name;
use super::outline::{Outline, Part};
use super::{Key, renamed};
use crate::model::Model;
use similar::TextDiff;
use std::collections::{HashMap, HashSet};

/// From here on two texts are one that has been changed.
const ALIKE: f64 = 0.6;
/// So few words say nothing of what they belong to.
const FEW: usize = 6;
/// More texts than this are not compared with each other one by one.
const MANY: usize = 4096;

/// One version: what is declared, compiled and read.
pub(super) struct Side<'a> {
    pub outline: &'a Outline,
    pub model: &'a Model,
    /// As it was compiled.
    pub original: Compiled,
    /// With other names, perhaps.
    pub compiled: Compiled,
    pub meanings: Meanings,
}

/// What has been found.
pub(super) struct Pairs {
    /// By part of the old version.
    pub new_of: Vec<Option<usize>>,
    /// By part of the new version.
    pub old_of: Vec<Option<usize>>,
}

impl Pairs {
    fn join(&mut self, old: usize, new: usize) {
        self.new_of[old] = Some(new);
        self.old_of[new] = Some(old);
    }

    /// What has another name now: by its old key.
    pub fn names(&self, old: &Side<'_>, new: &Side<'_>) -> Vec<(Key, String)> {
        let parts = old.outline.parts.iter().zip(&self.new_of);
        let renamed = parts.filter_map(|(part, at)| {
            let now = &new.outline.parts[(*at)?];
            (now.name != part.name).then(|| (part.key.clone(), now.name.clone()))
        });
        renamed.collect()
    }
}

/// Pairs all parts. The old version is given the names of the new one on the way, so that what only follows a new name
/// has not changed.
pub(super) fn pair<'a>(old: &mut Side<'a>, new: &Side<'a>) -> Pairs {
    let pairs =
        Pairs { new_of: vec![None; old.outline.parts.len()], old_of: vec![None; new.outline.parts.len()] };
    let mut work = Work { old, new, pairs };
    use Kind::*;
    work.by_name(&[
        Library, Currency, Rates, Entity, Enum, Opaque, Event, Action, Person, Calendar, Constant, Function,
        Pipeline, Test,
    ]);
    for kind in [Entity, Enum, Opaque, Event, Action, Calendar, Pipeline] {
        work.by_text(kind, |_, _, _| true);
    }
    work.members(&[Field, Payload, Parameter, Output, Setting, Stage]);
    work.adopt();
    work.fields();
    work.stages();
    work.adopt();
    for kind in [Constant, Function] {
        work.by_meaning(kind);
    }
    work.by_text(Function, |_, _, _| true);
    work.adopt();
    work.triggers();
    work.rules();
    work.adopt();
    work.by_meaning(Test);
    work.by_text(Test, |_, _, _| true);
    work.pairs
}

struct Work<'w, 'a> {
    old: &'w mut Side<'a>,
    new: &'w Side<'a>,
    pairs: Pairs,
}

impl Work<'_, '_> {
    fn old_part(&self, at: usize) -> &Part {
        &self.old.outline.parts[at]
    }

    fn new_part(&self, at: usize) -> &Part {
        &self.new.outline.parts[at]
    }

    fn left_old(&self, kind: Kind) -> Vec<usize> {
        let parts = self.old.outline.parts.iter().enumerate();
        let left = parts.filter(|(at, part)| part.key.kind == kind && self.pairs.new_of[*at].is_none());
        left.map(|(at, _)| at).collect()
    }

    fn left_new(&self, kind: Kind) -> Vec<usize> {
        let parts = self.new.outline.parts.iter().enumerate();
        let left = parts.filter(|(at, part)| part.key.kind == kind && self.pairs.old_of[*at].is_none());
        left.map(|(at, _)| at).collect()
    }

    /// Pairs what has one key, the first of each.
    fn by_name(&mut self, kinds: &[Kind]) {
        let mut known: HashMap<&Key, Vec<usize>> = HashMap::new();
        for (at, part) in self.new.outline.parts.iter().enumerate().rev() {
            known.entry(&part.key).or_default().push(at);
        }
        for (at, part) in self.old.outline.parts.iter().enumerate() {
            if kinds.contains(&part.key.kind)
                && let Some(new) = known.get_mut(&part.key).and_then(Vec::pop)
            {
                self.pairs.join(at, new);
            }
        }
    }

    /// Pairs members of paired parts by their names in there.
    fn members(&mut self, kinds: &[Kind]) {
        let mut known: HashMap<(Kind, Option<usize>, &str), usize> = HashMap::new();
        for (at, part) in self.new.outline.parts.iter().enumerate() {
            // What stands alone, as in an `extend`, by its whole name.
            let name = if part.parent.is_some() { &part.name } else { &part.key.name };
            known.entry((part.key.kind, part.parent, name)).or_insert(at);
        }
        let mut taken = HashSet::new();
        let mut found = Vec::new();
        for (at, part) in self.old.outline.parts.iter().enumerate() {
            if !kinds.contains(&part.key.kind) {
                continue;
            }
            let own = |parent: usize| self.pairs.new_of[parent];
            let name = if part.parent.is_some() { &part.name } else { &part.key.name };
            let parent = match part.parent {
                None => Some(None),
                Some(parent) => own(parent).map(Some),
            };
            let new = parent.and_then(|parent| known.get(&(part.key.kind, parent, name)).copied());
            found.extend(new.filter(|new| taken.insert(*new)).map(|new| (at, new)));
        }
        for (at, new) in found {
            self.pairs.join(at, new);
        }
        // A field that has moved from an entity into an `extend`, or back.
        self.left(kinds);
    }

    fn left(&mut self, kinds: &[Kind]) {
        for kind in kinds {
            let left = self.left_new(*kind);
            for at in self.left_old(*kind) {
                let key = &self.old_part(at).key;
                let free = left
                    .iter()
                    .find(|new| self.new_part(**new).key == *key && self.pairs.old_of[**new].is_none());
                if let Some(new) = free.copied() {
                    self.pairs.join(at, new);
                }
            }
        }
    }

    /// Pairs what comes to the same, if it is the only one in both versions.
    fn by_meaning(&mut self, kind: Kind) {
        let (old, new) = (self.left_old(kind), self.left_new(kind));
        let group = |all: Vec<(usize, Option<String>)>| {
            let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
            for (at, meaning) in all {
                if let Some(meaning) = meaning {
                    groups.entry(meaning).or_default().push(at);
                }
            }
            groups
        };
        let before = group(old.into_iter().map(|at| (at, self.meaning_of_old(at).cloned())).collect());
        let mut now = group(new.into_iter().map(|at| (at, self.meaning_of_new(at).cloned())).collect());
        let mut found: Vec<(usize, usize)> = before
            .into_iter()
            .filter_map(|(meaning, old)| match (&old[..], &now.remove(&meaning)?[..]) {
                ([old], [new]) => Some((*old, *new)),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        for (old, new) in found {
            self.pairs.join(old, new);
        }
    }

    /// Pairs what says nearly the same, the nearest first.
    fn by_text(&mut self, kind: Kind, fits: impl Fn(&Self, usize, usize) -> bool) {
        let (old, new) = (self.left_old(kind), self.left_new(kind));
        if old.len().saturating_mul(new.len()) > MANY {
            return;
        }
        let mut found: Vec<(f64, usize, usize)> = Vec::new();
        for old in &old {
            for new in new.iter().filter(|new| fits(self, *old, **new)) {
                let score = alike(self.old_part(*old), self.new_part(*new));
                if score >= ALIKE {
                    found.push((score, *old, *new));
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (_, old, new) in found {
            if self.pairs.new_of[old].is_none() && self.pairs.old_of[new].is_none() {
                self.pairs.join(old, new);
            }
        }
    }

    /// Members that are left over: one of the same meaning in the same place, or with nearly the same name.
    fn fields(&mut self) {
        for kind in [Kind::Field, Kind::Payload, Kind::Parameter, Kind::Output] {
            let (old, new) = (self.left_old(kind), self.left_new(kind));
            let fits = |old: usize, new: usize| {
                let (before, now) = (self.old_part(old), self.new_part(new));
                let same_parent = match (before.parent, now.parent) {
                    (Some(old), Some(new)) => self.pairs.new_of[old] == Some(new),
                    _ => false,
                };
                let near = strsim::normalized_damerau_levenshtein(&before.name, &now.name) >= ALIKE;
                same_parent
                    && self.meaning_of_old(old).is_some()
                    && self.meaning_of_old(old) == self.meaning_of_new(new)
                    && (near || place(self.old.outline, old) == place(self.new.outline, new))
            };
            let found: Vec<(usize, usize)> = old
                .iter()
                .filter_map(|before| {
                    let mut fitting = new.iter().filter(|now| fits(*before, **now));
                    let only = fitting.next().filter(|_| fitting.next().is_none())?;
                    let back = old.iter().filter(|other| fits(**other, *only)).count();
                    (back == 1).then_some((*before, *only))
                })
                .collect();
            for (old, new) in found {
                self.pairs.join(old, new);
            }
        }
    }

    fn stages(&mut self) {
        let fits = |work: &Self, old: usize, new: usize| {
            let parent = work.old_part(old).parent.and_then(|parent| work.pairs.new_of[parent]);
            parent.is_some() && parent == work.new_part(new).parent
        };
        // The label says it best.
        let labelled = |work: &Self, old: usize, new: usize| {
            let meaning = work.meaning_of_old(old);
            fits(work, old, new) && meaning.is_some() && meaning == work.meaning_of_new(new)
        };
        for old in self.left_old(Kind::Stage) {
            let new = self.left_new(Kind::Stage);
            let mut fitting = new.into_iter().filter(|new| labelled(self, old, *new));
            if let (Some(new), None) = (fitting.next(), fitting.next()) {
                self.pairs.join(old, new);
            }
        }
        self.by_text(Kind::Stage, fits);
        // One that says little: at the same place, where nothing else was put.
        let (old, new) = (self.left_old(Kind::Stage), self.left_new(Kind::Stage));
        for at in &old {
            let same = |new: &&usize| {
                fits(self, *at, **new) && place(self.old.outline, *at) == place(self.new.outline, **new)
            };
            let Some(found) = new.iter().find(same).copied() else { continue };
            let little = |part: &Part| words(&part.text) < 2 * FEW;
            if little(self.old_part(*at))
                && little(self.new_part(found))
                && self.pairs.old_of[found].is_none()
            {
                self.pairs.join(*at, found);
            }
        }
    }

    /// Triggers: in their stage by label, by meaning and by text; then in other stages.
    fn triggers(&mut self) {
        self.in_the_same_stage(|old, new| !old.name.is_empty() && old.name == new.name);
        self.same_meaning_in_the_same_stage(Kind::Trigger);
        let stage = |work: &Self, old: usize, new: usize| work.same_stage(old, new);
        self.by_text(Kind::Trigger, stage);
        self.by_meaning(Kind::Trigger);
        self.by_text(Kind::Trigger, |work, old, new| {
            words(&work.old_part(old).text).min(words(&work.new_part(new).text)) >= 2 * FEW
        });
        // Of the same number, with nothing else to go by.
        let left = self.left_new(Kind::Trigger);
        for at in self.left_old(Kind::Trigger) {
            let unnamed = |part: &Part| part.name.is_empty();
            let new = left.iter().copied().find(|new| {
                self.same_stage(at, *new)
                    && self.pairs.old_of[*new].is_none()
                    && unnamed(self.old_part(at))
                    && unnamed(self.new_part(*new))
                    && place(self.old.outline, at) == place(self.new.outline, *new)
            });
            if let Some(new) = new {
                self.pairs.join(at, new);
            }
        }
    }

    fn rules(&mut self) {
        let new = self.left_new(Kind::Rule);
        // In its stage; else in another one of the pipeline, if there is no doubt which.
        for same_stage in [true, false] {
            for at in self.left_old(Kind::Rule) {
                let fits = |new: &&usize| {
                    self.pairs.old_of[**new].is_none()
                        && self.old_part(at).name == self.new_part(**new).name
                        && if same_stage { self.same_stage(at, **new) } else { self.same_pipeline(at, **new) }
                };
                let mut fitting = new.iter().filter(fits);
                if let (Some(new), None) = (fitting.next().copied(), fitting.next()) {
                    self.pairs.join(at, new);
                }
            }
        }
        self.same_meaning_in_the_same_stage(Kind::Rule);
        self.by_meaning(Kind::Rule);
        self.by_text(Kind::Rule, |work, old, new| work.same_pipeline(old, new));
    }

    fn in_the_same_stage(&mut self, fits: impl Fn(&Part, &Part) -> bool) {
        let new = self.left_new(Kind::Trigger);
        for at in self.left_old(Kind::Trigger) {
            let found = new.iter().copied().find(|new| {
                self.pairs.old_of[*new].is_none()
                    && self.same_stage(at, *new)
                    && fits(self.old_part(at), self.new_part(*new))
            });
            if let Some(new) = found {
                self.pairs.join(at, new);
            }
        }
    }

    fn same_meaning_in_the_same_stage(&mut self, kind: Kind) {
        let new = self.left_new(kind);
        for at in self.left_old(kind) {
            let found = new.iter().copied().find(|new| {
                self.pairs.old_of[*new].is_none()
                    && self.same_stage(at, *new)
                    && self.meaning_of_old(at).is_some()
                    && self.meaning_of_old(at) == self.meaning_of_new(*new)
            });
            if let Some(new) = found {
                self.pairs.join(at, new);
            }
        }
    }

    fn same_stage(&self, old: usize, new: usize) -> bool {
        let (old, new) = (self.old_part(old).parent, self.new_part(new).parent);
        old.is_some_and(|old| new.is_some() && self.pairs.new_of[old] == new)
    }

    fn same_pipeline(&self, old: usize, new: usize) -> bool {
        let top = |outline: &Outline, mut at: usize| {
            while let Some(parent) = outline.parts[at].parent {
                at = parent;
            }
            at
        };
        self.pairs.new_of[top(self.old.outline, old)] == Some(top(self.new.outline, new))
    }

    /// The key of an old part in the old program, as that has been renamed so far.
    fn now(&self, at: usize) -> Key {
        let part = self.old_part(at);
        let new = self.pairs.new_of[at].map(|new| self.new_part(new));
        let above = part.parent.map(|parent| self.now(parent).name);
        let name = match part.key.kind {
            Kind::Trigger => {
                let stage = above.unwrap_or_default();
                let number = place(self.old.outline, at) + 1;
                let label = Some(&*part.name).filter(|name| !name.is_empty());
                return Key::new(Kind::Trigger, trigger_name(&stage, label, number));
            }
            // In the program these have no other names.
            Kind::Test | Kind::Person | Kind::Constant | Kind::Currency | Kind::Rates | Kind::Setting => {
                &part.name
            }
            _ => new.map_or(&part.name, |new| &new.name),
        };
        match (above, part.key.kind) {
            (Some(above), _) => Key::new(part.key.kind, format!("{above}.{name}")),
            (None, Kind::Currency | Kind::Rates) => part.key.clone(),
            (None, Kind::Field) => {
                let entity = part.key.name.rsplit_once('.').map_or("", |(entity, _)| entity);
                let of = Key::new(Kind::Entity, entity);
                let known = self.old.outline.parts.iter().position(|part| part.key == of);
                let entity = known.map_or(entity.to_owned(), |known| self.now(known).name);
                Key::new(Kind::Field, format!("{entity}.{name}"))
            }
            (None, _) => Key::new(part.key.kind, &**name),
        }
    }

    pub fn meaning_of_old(&self, at: usize) -> Option<&String> {
        self.old.meanings.get(&self.now(at))
    }

    fn meaning_of_new(&self, at: usize) -> Option<&String> {
        self.new.meanings.get(&self.new_part(at).key)
    }

    /// Gives the old program the names of the new one.
    fn adopt(&mut self) {
        let names = self.pairs.names(self.old, self.new);
        if !names.is_empty() {
            self.old.compiled = renamed::renamed(&self.old.original, &names);
            self.old.meanings = meanings(&self.old.compiled, self.old.model);
        }
    }
}

/// The meanings of all old parts, as they are told by the names of the new version.
pub(super) fn old_meanings<'a>(
    old: &mut Side<'a>,
    new: &Side<'a>,
    pairs: Pairs,
) -> (Vec<Option<String>>, Pairs) {
    let work = Work { old, new, pairs };
    let all = (0..work.old.outline.parts.len()).map(|at| work.meaning_of_old(at).cloned()).collect();
    (all, work.pairs)
}

/// The number of a part among those of its kind in the same place, from 0.
fn place(outline: &Outline, at: usize) -> usize {
    let part = &outline.parts[at];
    let before = outline.parts[..at].iter();
    before.filter(|other| other.parent == part.parent && other.key.kind == part.key.kind).count()
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// How much two parts are alike, from 0 to 1.
fn alike(old: &Part, new: &Part) -> f64 {
    let [before, now] = [old, new].map(|part| match part.name.is_empty() {
        true => part.text.clone(),
        false => part.text.replacen(&part.name, "", 1),
    });
    if words(&before).min(words(&now)) < FEW {
        return strsim::normalized_damerau_levenshtein(&old.name, &new.name);
    }
    f64::from(TextDiff::from_words(&before, &now).ratio())
}
