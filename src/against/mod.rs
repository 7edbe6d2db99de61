//! Two versions of a program: which rules, triggers and tests does a changed library or schema break, or make
//! mean something else?
//!
//! `declared` says what each version declares, as text that can be compared; `uses` what each rule, trigger and
//! test depends on, as far as it is checked; `names` what it depends on by name alone. A change counts if it is
//! reached from there, also by way of functions, constants and values of other rules.
//!
//! What itself has changed is told by `difference`: `outline` finds the pieces of both versions, `pairs` which of them belong
//! together, and `meaning` what each comes to when it is compiled.

mod declared;
mod difference;
mod meaning;
mod names;
mod outline;
mod pairs;
mod renamed;
mod uses;

pub use difference::{Difference, Edition, Entry, Way, Wrong, difference};

use crate::compiler::{self, Loaded};
use crate::diagnostic::levels::{Level, Levels, Which};
use crate::diagnostic::{Diagnostic, Severity};
use crate::lower;
use crate::model::Model;
use crate::source::Span;
use declared::Declared;
use meaning::Meanings;
use std::collections::{BTreeMap, HashSet, VecDeque};
use uses::Uses;

/// What kind of thing somebody depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Currency,
    Rates,
    Entity,
    Field,
    Enum,
    Opaque,
    Event,
    Payload,
    Action,
    Parameter,
    Output,
    Person,
    Calendar,
    Constant,
    Function,
    Stage,
    /// `timezone`, `hours` or `locale` of a pipeline.
    Setting,
    /// Whose values are read.
    Rule,
    /// `use crm`
    Library,
    Pipeline,
    Trigger,
    Test,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Currency => "currency",
            Kind::Rates => "rates",
            Kind::Entity => "entity",
            Kind::Field => "field",
            Kind::Enum => "enum",
            Kind::Opaque => "type",
            Kind::Event => "event",
            Kind::Payload => "payload",
            Kind::Action => "action",
            Kind::Parameter => "parameter",
            Kind::Output => "output",
            Kind::Person => "person",
            Kind::Calendar => "calendar",
            Kind::Constant => "constant",
            Kind::Function => "function",
            Kind::Stage => "stage",
            Kind::Setting => "setting",
            Kind::Rule => "rule",
            Kind::Library => "library",
            Kind::Pipeline => "pipeline",
            Kind::Trigger => "trigger",
            Kind::Test => "test",
        }
    }
}

/// Something that is declared: `Deal.amount`, `call.missed`, `LIMIT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub kind: Kind,
    pub name: String,
}

impl Key {
    fn new(kind: Kind, name: impl Into<String>) -> Self {
        Key { kind, name: name.into() }
    }
}

/// A dependency with the word for it: `reads`, `listens to`.
pub type Step = (&'static str, Key);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitKind {
    Rule,
    Trigger,
    Test,
}

/// A rule, a trigger or a test that is concerned.
#[derive(Debug)]
pub struct Unit {
    pub kind: UnitKind,
    /// `Sales.New.chase`; a trigger is named by its label or its number, a test by its text.
    pub name: String,
    /// In the new version.
    pub span: Span,
    pub changes: Vec<Change>,
    /// Why it does not check any more.
    pub errors: Vec<Diagnostic>,
}

/// What has changed below a rule, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub way: Vec<Step>,
    /// As declared in the old version; `None` if it is new.
    pub was: Option<String>,
    /// As declared in the new version; `None` if it is gone.
    pub is: Option<String>,
}

impl Change {
    /// ``calls `enough`, which reads `Deal.amount`, which was `money` and is now `decimal``
    pub fn words(&self) -> String {
        const LONG: usize = 70;
        let steps = self.way.iter().map(|(verb, key)| match key.kind {
            Kind::Rates => format!("{verb} exchange rates"),
            Kind::Currency => format!("{verb} `currency`"),
            _ => format!("{verb} `{}`", key.name),
        });
        let way = steps.collect::<Vec<_>>().join(", which ");
        let quoted = |text: &str| match text.is_empty() {
            true => "declared".to_owned(),
            false => format!("`{text}`"),
        };
        let kind = self.way.last().map(|(_, key)| key.kind);
        let how = match (&self.was, &self.is) {
            (None, _) => "is new".to_owned(),
            (Some(_), None) => "is gone".to_owned(),
            (Some(was), Some(is)) if kind == Some(Kind::Enum) => values(was, is),
            (Some(was), Some(is)) if was.chars().count().max(is.chars().count()) <= LONG && was != is => {
                format!("was {} and is now {}", quoted(was), quoted(is))
            }
            _ => "has changed".to_owned(),
        };
        match kind {
            Some(Kind::Rates) => format!("{way}, which have changed"),
            _ => format!("{way}, which {how}"),
        }
    }
}

/// How the values of an enum differ.
fn values(was: &str, is: &str) -> String {
    let list = |text: &str| -> Vec<String> { text.split(", ").map(str::to_owned).collect() };
    let (was, is) = (list(was), list(is));
    let name = |value: &String| value.split(' ').next().unwrap_or_default().to_owned();
    let (old, new): (Vec<String>, Vec<String>) =
        (was.iter().map(name).collect(), is.iter().map(name).collect());
    let quoted = |names: Vec<&String>| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let gone = quoted(old.iter().filter(|n| !new.contains(n)).collect());
    let more = quoted(new.iter().filter(|n| !old.contains(n)).collect());
    match (gone.is_empty(), more.is_empty()) {
        (false, true) => format!("no longer has {gone}"),
        (true, false) => format!("now has {more} too"),
        (false, false) => format!("no longer has {gone}, but {more}"),
        (true, true) if old != new => "has its values in another order".into(),
        (true, true) => "has other labels".into(),
    }
}

/// What came out.
#[derive(Debug)]
pub struct Comparison {
    /// Those concerned, by file and place.
    pub units: Vec<Unit>,
    /// How many rules, triggers and tests the new version has.
    pub of: usize,
    /// Errors of the new version that stand in none of them.
    pub other_errors: Vec<Diagnostic>,
}

/// Compares two versions of a program.
///
/// # Errors
/// What is wrong in the old version: it must be without errors, to tell what its rules mean.
pub fn compare(old: &Loaded, new: &Loaded) -> Result<Comparison, Vec<Diagnostic>> {
    let levels = Levels(vec![(Which::All, Level::Allow)]);
    let checked_old = compiler::check_with(old, &levels);
    let Some(old_model) = checked_old.model else { return Err(checked_old.diagnostics) };
    let checked_new = compiler::check_with(new, &levels);
    let errors = checked_new.diagnostics.iter().filter(|d| d.severity() == Severity::Error);
    let errors = errors.cloned().collect();
    let old = Version::new(old, Some((&old_model, meanings_of(&old_model, old))));
    let model = checked_new.model.as_ref();
    let new = Version::new(new, model.map(|model| (model, meanings_of(model, new))));
    Ok(compared(&old, &new, errors))
}

/// What everything comes to when it is compiled; nothing of what cannot be.
fn meanings_of(model: &Model, loaded: &Loaded) -> Meanings {
    let lowered = lower::lower_folded(model, &loaded.sources);
    lowered.map_or(Meanings::new(), |(program, tests)| {
        meaning::meanings(&meaning::Compiled::new(program, tests), model)
    })
}

/// Compares two versions that have been taken apart, the new one with these errors.
fn compared(old: &Version, new_version: &Version, mut other_errors: Vec<Diagnostic>) -> Comparison {
    let mut units = Vec::new();
    let mut told: Vec<Diagnostic> = Vec::new();
    for (unit, place) in &new_version.names.units {
        let mut own: Vec<Diagnostic> =
            other_errors.iter().filter(|d| inside(d, place.whole)).cloned().collect();
        told.extend(own.iter().cloned());
        // What is new has no old meaning.
        let Some(before) = old.names.units.get(unit) else { continue };
        let (changes, reached) = changes(unit, old, new_version, before.text == place.text);
        // A function or constant that no longer checks takes with it whoever needs it.
        for key in reached.iter().filter(|key| matches!(key.kind, Kind::Function | Kind::Constant)) {
            let span = new_version.declared.items.get(key).and_then(|item| item.span);
            let wrong = other_errors.iter().filter(|d| span.is_some_and(|span| inside(d, span)));
            own.extend(wrong.cloned());
        }
        own.sort_by_key(|d| (d.span().file, d.span().start));
        told.extend(own.iter().cloned());
        if !own.is_empty() || !changes.is_empty() {
            units.push(Unit { kind: unit.0, name: unit.1.clone(), span: place.name, changes, errors: own });
        }
    }
    other_errors.retain(|d| !told.contains(d));
    units.sort_by_key(|unit| (unit.span.file, unit.span.start));
    Comparison { units, of: new_version.names.units.len(), other_errors }
}

/// Whether a diagnostic stands in a piece of the text.
fn inside(diagnostic: &Diagnostic, whole: Span) -> bool {
    let span = diagnostic.span();
    span.file == whole.file && whole.start <= span.start && span.end <= whole.end
}

/// How a rule, trigger or test is found again.
type UnitKey = (UnitKind, String);

/// One version, taken apart.
struct Version {
    declared: Declared,
    names: names::Names,
    uses: Option<Uses>,
    /// Of a version without errors.
    meanings: Meanings,
}

impl Version {
    fn new(loaded: &Loaded, checked: Option<(&Model, Meanings)>) -> Self {
        let (uses, meanings) = checked.map(|(model, meanings)| (Uses::of(model), meanings)).unzip();
        Version {
            declared: Declared::of(loaded),
            names: names::Names::of(loaded),
            uses,
            meanings: meanings.unwrap_or_default(),
        }
    }

    /// What a rule, trigger or test depends on directly; of a version with errors only what it names.
    fn of_unit(&self, unit: &UnitKey) -> Vec<Step> {
        let by_name = self.names.units.get(unit).into_iter().flat_map(|place| &place.uses);
        let resolved = self.uses.as_ref().and_then(|uses| uses.units.get(unit)).into_iter().flatten();
        resolved.chain(by_name.filter(|(_, key)| self.knows(key))).cloned().collect()
    }

    /// What a declaration depends on.
    fn of_key(&self, key: &Key) -> Vec<Step> {
        let declared = self.declared.items.get(key).into_iter().flat_map(|item| &item.uses);
        let resolved = self.uses.as_ref().and_then(|uses| uses.keys.get(key)).into_iter().flatten();
        declared.filter(|(_, key)| self.knows(key)).chain(resolved).cloned().collect()
    }

    fn knows(&self, key: &Key) -> bool {
        self.declared.items.contains_key(key)
    }
}

/// Whether what is written differently comes to the same: `60 minutes` and `1 hour`.
fn same_value(key: &Key, old: &Version, new: &Version) -> bool {
    let by_value = matches!(
        key.kind,
        Kind::Field
            | Kind::Payload
            | Kind::Parameter
            | Kind::Output
            | Kind::Person
            | Kind::Calendar
            | Kind::Constant
            | Kind::Function
            | Kind::Rates
    );
    let (was, is) = (old.meanings.get(key), new.meanings.get(key));
    by_value && was.is_some() && was == is
}

/// Whatever has changed and is reached from a rule, trigger or test, by the shortest way; and all that is reached.
fn changes(unit: &UnitKey, old: &Version, new: &Version, same_text: bool) -> (Vec<Change>, HashSet<Key>) {
    let (before, after) = (old.of_unit(unit), new.of_unit(unit));
    // Of a rule that has been rewritten only what it uses now counts.
    let first: Vec<Step> = match (&new.uses, same_text) {
        (_, true) => before.into_iter().chain(after).collect(),
        (Some(_), false) => after.into_iter().filter(|(_, key)| old.knows(key)).collect(),
        (None, false) => {
            let text = new.names.units.get(unit).map_or("", |place| &place.text);
            let last = |key: &Key| key.name.rsplit('.').next().unwrap_or_default().to_owned();
            before.into_iter().filter(|(_, key)| text.contains(&last(key))).collect()
        }
    };
    let mut found: BTreeMap<Key, Change> = BTreeMap::new();
    let mut seen: HashSet<Key> = HashSet::new();
    let mut open: VecDeque<Vec<Step>> = first.into_iter().map(|step| vec![step]).collect();
    while let Some(way) = open.pop_front() {
        let Some((_, key)) = way.last() else { continue };
        if !seen.insert(key.clone()) {
            continue;
        }
        let (was, is) = (old.declared.items.get(key), new.declared.items.get(key));
        let same = was.map(|item| &item.text) == is.map(|item| &item.text);
        let same_value = same_value(key, old, new);
        // What a constant is made of does not matter as long as it comes to the same.
        if key.kind == Kind::Constant && same_value {
            continue;
        }
        if !same && !same_value {
            let text = |item: &declared::Item| item.text.clone();
            let change = Change { way: way.clone(), was: was.map(text), is: is.map(text) };
            found.insert(key.clone(), change);
            continue;
        }
        for step in old.of_key(key).into_iter().chain(new.of_key(key)) {
            let mut longer = way.clone();
            longer.push(step);
            open.push_back(longer);
        }
    }
    // An entity that is gone is not told again with each of its fields.
    let gone: Vec<String> = found
        .iter()
        .filter(|(key, change)| {
            matches!(key.kind, Kind::Entity | Kind::Event | Kind::Action) && change.is.is_none()
        })
        .map(|(key, _)| format!("{}.", key.name))
        .collect();
    let part = |key: &Key| {
        matches!(key.kind, Kind::Field | Kind::Payload | Kind::Parameter | Kind::Output)
            && gone.iter().any(|whole| key.name.starts_with(whole))
    };
    (found.into_iter().filter(|(key, _)| !part(key)).map(|(_, change)| change).collect(), seen)
}
