//! What is new, gone, renamed, moved or changed between two versions of a program.

use super::meaning::Compiled;
use super::outline::{Outline, Part};
use super::pairs::{Pairs, Side, old_meanings, pair};
use super::{Kind, Unit, Version, compared, renamed};
use crate::compiler::{self, Loaded};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::levels::{Level, Levels, Which};
use crate::lower;
use crate::model::Model;
use crate::program::Program;
use crate::source::Span;
use std::collections::HashMap;

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    Gone,
    New,
    /// It says the same under another name, or in another place.
    Renamed,
    /// It says something else.
    Changed,
    /// What stands in it is the same, in another order, where the order means something.
    Reordered,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Way::Gone => "gone",
            Way::New => "new",
            Way::Renamed => "renamed",
            Way::Changed => "changed",
            Way::Reordered => "reordered",
        }
    }
}

/// Something that differs, as one of the versions has it.
#[derive(Debug, Clone)]
pub struct Edition {
    /// `Sales.New.chase`
    pub name: String,
    pub place: Span,
    /// As it is written in the one style, without comments; of what is reordered the names, each in a line.
    pub text: String,
}

/// Something that differs.
#[derive(Debug, Clone)]
pub struct Entry {
    pub kind: Kind,
    pub way: Way,
    pub old: Option<Edition>,
    pub new: Option<Edition>,
}

impl Entry {
    /// Whether it has another name, or stands elsewhere, whatever else is different.
    pub fn is_renamed(&self) -> bool {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => old.name != new.name,
            _ => false,
        }
    }
}

/// What differs between two versions.
#[derive(Debug)]
pub struct Difference {
    /// In the order of the new version, what is gone where it stood in the old one.
    pub entries: Vec<Entry>,
    /// Rules, triggers and tests that nobody has touched, and that may mean something else.
    pub reached: Vec<Unit>,
    /// Both programs; the old one also by the names that everything has in the new one.
    pub old: Program,
    pub old_renamed: Program,
    pub new: Program,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.reached.is_empty()
    }
}

/// Which of two versions cannot be compared, and why.
#[derive(Debug)]
pub enum Wrong {
    Old(Vec<Diagnostic>),
    New(Vec<Diagnostic>),
}

/// Compares two versions of a program, both without errors.
///
/// # Errors
/// What is wrong in one of them.
pub fn difference(old: &Loaded, new: &Loaded) -> Result<Difference, Wrong> {
    let old_compiled = compile(old).map_err(Wrong::Old)?;
    let new_compiled = compile(new).map_err(Wrong::New)?;
    let (old_model, new_model) = (&old_compiled.model, &new_compiled.model);
    let outlines = [Outline::of(old), Outline::of(new)];
    let mut before = side(&outlines[0], old_model, old_compiled.folded);
    let now = side(&outlines[1], new_model, new_compiled.folded);
    let versions = [
        Version::new(old, Some((old_model, before.meanings.clone()))),
        Version::new(new, Some((new_model, now.meanings.clone()))),
    ];
    let pairs = pair(&mut before, &now);
    let (meanings, pairs) = old_meanings(&mut before, &now, pairs);
    let names = pairs.names(&before, &now);
    // The effects of the old version, told by the names of the new one.
    let original = Compiled { program: old_compiled.program.clone(), expectations: Vec::new() };
    let mut old_renamed = renamed::renamed(&original, &names).program;
    for (before, now) in outlines[0].parts.iter().zip(&pairs.new_of) {
        // A rule that stands in another stage now is named by that.
        let moved = now.map(|now| &outlines[1].parts[now]).filter(|now| now.key.kind == Kind::Rule);
        let at = original.program.rules.iter().position(|rule| *rule.path == *before.key.name);
        if let (Some(moved), Some(at), Kind::Rule) = (moved, at, before.key.kind) {
            old_renamed.rules[at].path = moved.key.name.as_str().into();
        }
    }
    let entries = Entries { old: &before, new: &now, pairs, meanings }.all();
    let mut reached = compared(&versions[0], &versions[1], Vec::new()).units;
    let touched = |unit: &Unit| {
        entries
            .iter()
            .filter(|entry| entry.way == Way::Changed || entry.way == Way::New)
            .any(|entry| entry.new.as_ref().is_some_and(|version| version.place == unit.span))
    };
    reached.retain(|unit| !touched(unit));
    Ok(Difference { entries, reached, old_renamed, old: old_compiled.program, new: new_compiled.program })
}

/// A version, as it runs and as it is compared.
struct Whole {
    model: Model,
    program: Program,
    folded: Compiled,
}

fn compile(loaded: &Loaded) -> Result<Whole, Vec<Diagnostic>> {
    let checked = compiler::check_with(loaded, &Levels(vec![(Which::All, Level::Allow)]));
    let Some(model) = checked.model else { return Err(checked.diagnostics) };
    let program = lower::lower(&model, &loaded.sources)?;
    let (folded, tests) = lower::lower_folded(&model, &loaded.sources)?;
    Ok(Whole { model, program, folded: Compiled::new(folded, tests) })
}

fn side<'a>(outline: &'a Outline, model: &'a Model, compiled: Compiled) -> Side<'a> {
    let meanings = super::meaning::meanings(&compiled, model);
    Side { outline, model, original: compiled.clone(), compiled, meanings }
}

struct Entries<'s, 'a> {
    old: &'s Side<'a>,
    new: &'s Side<'a>,
    pairs: Pairs,
    /// By part of the old version.
    meanings: Vec<Option<String>>,
}

impl Entries<'_, '_> {
    fn all(&self) -> Vec<Entry> {
        let (old, new) = (&self.old.outline.parts, &self.new.outline.parts);
        // Each with where it belongs: its place in the new version, and then in the old one.
        let mut found: Vec<((usize, usize), Entry)> = Vec::new();
        for (at, part) in new.iter().enumerate() {
            match self.pairs.old_of[at] {
                Some(before) => {
                    found.extend(self.changed(before, at).map(|entry| ((at + 1, 0), entry)));
                }
                None if part.parent.is_some_and(|parent| self.pairs.old_of[parent].is_none()) => {}
                None => found.push((
                    (at + 1, 0),
                    Entry { kind: part.key.kind, way: Way::New, old: None, new: Some(whole(part)) },
                )),
            }
        }
        let mut last = 0;
        for (at, part) in old.iter().enumerate() {
            match self.pairs.new_of[at] {
                Some(now) => last = now + 1,
                None if part.parent.is_some_and(|parent| self.pairs.new_of[parent].is_none()) => {}
                None => found.push((
                    (last, at + 1),
                    Entry { kind: part.key.kind, way: Way::Gone, old: Some(whole(part)), new: None },
                )),
            }
        }
        found.extend(self.reordered());
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, entry)| entry).collect()
    }

    /// A part that is in both versions, if it differs.
    fn changed(&self, old: usize, new: usize) -> Option<Entry> {
        let (before, now) = (&self.old.outline.parts[old], &self.new.outline.parts[new]);
        let meanings = (self.meanings[old].as_ref(), self.new.meanings.get(&now.key));
        // What it is made of may have changed all the same: then that is told.
        let same_meaning = matches!(meanings, (Some(old), Some(new)) if old == new);
        let same = same_meaning || before.own == now.own || only_named_otherwise(before, now);
        let way = match same {
            false => Way::Changed,
            true if self.has_moved(old, new) => Way::Renamed,
            true => return None,
        };
        Some(Entry { kind: now.key.kind, way, old: Some(own(before)), new: Some(own(now)) })
    }

    /// Whether it has another name, or stands in another place: not if only what it stands in is called otherwise.
    fn has_moved(&self, old: usize, new: usize) -> bool {
        let (before, now) = (&self.old.outline.parts[old], &self.new.outline.parts[new]);
        let parent = before.parent.and_then(|parent| self.pairs.new_of[parent]);
        // An `extend` and the entity itself are one place.
        let moved = before.parent.is_some() && now.parent.is_some() && parent != now.parent;
        match before.key.kind {
            Kind::Currency | Kind::Rates => false,
            _ => before.name != now.name || moved,
        }
    }

    /// What stands in another order than before.
    fn reordered(&self) -> Vec<((usize, usize), Entry)> {
        let (old, new) = (&self.old.outline.parts, &self.new.outline.parts);
        let mut groups: HashMap<(usize, Kind), Vec<(usize, usize)>> = HashMap::new();
        for (at, part) in new.iter().enumerate() {
            let ordered = matches!(part.key.kind, Kind::Stage | Kind::Rule | Kind::Trigger);
            let (Some(parent), Some(before), true) = (part.parent, self.pairs.old_of[at], ordered) else {
                continue;
            };
            // What came from elsewhere is told by itself.
            if old[before].parent.and_then(|parent| self.pairs.new_of[parent]) == Some(parent) {
                groups.entry((parent, part.key.kind)).or_default().push((before, at));
            }
        }
        let disordered = groups.into_iter().filter(|(_, pairs)| !pairs.is_sorted());
        let entry = |((parent, kind), pairs): ((usize, Kind), Vec<(usize, usize)>)| {
            let before = self.pairs.old_of[parent].map(|before| &old[before])?;
            let mut sorted = pairs.clone();
            sorted.sort_unstable();
            // Under the names of now: those that are new are told by themselves.
            let list = |pairs: &[(usize, usize)]| -> String {
                pairs.iter().map(|(_, at)| format!("{}\n", title(&new[*at]))).collect()
            };
            let version =
                |part: &Part, text: String| Edition { name: part.key.name.clone(), place: part.place, text };
            Some((
                (parent + 1, 0),
                Entry {
                    kind,
                    way: Way::Reordered,
                    old: Some(version(before, list(&sorted))),
                    new: Some(version(&new[parent], list(&pairs))),
                },
            ))
        };
        disordered.filter_map(entry).collect()
    }
}

/// Whether the texts are the same but for the name: what has no label is called by that.
fn only_named_otherwise(old: &Part, new: &Part) -> bool {
    old.name != new.name && !old.name.is_empty() && old.own.replacen(&old.name, &new.name, 1) == new.own
}

/// The first line of a part, short enough to stand in a list.
fn title(part: &Part) -> String {
    match part.key.kind {
        Kind::Trigger => {
            let line = part.text.lines().next().unwrap_or_default();
            line.trim_end_matches('{').trim_end().to_owned()
        }
        _ => part.name.clone(),
    }
}

fn own(part: &Part) -> Edition {
    Edition { name: part.key.name.clone(), place: part.place, text: part.own.clone() }
}

fn whole(part: &Part) -> Edition {
    Edition { name: part.key.name.clone(), place: part.place, text: part.text.clone() }
}
