//! Collects every declared name by kind, gives each declaration its number, and reports names that are
//! declared twice or that mean something else already.
//!
//! A declaration with a mistake in its name gets a number all the same: what it holds is then checked too.

use super::types::{self, BUILTIN_ENUMS};
use super::words;
use super::{Checker, TypeSymbol, ValueSymbol};
use crate::diagnostic::{self, Advice, Code, Diagnostic};
use crate::library;
use crate::schema::WEEKDAY_ENUM;
use crate::source::{FileId, Span};
use crate::syntax::tree::{self, *};
use crate::value::*;
use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::Arc;

/// The declarations of a program by kind; in each list the position is the number.
#[derive(Default)]
pub struct Declarations<'t> {
    pub currencies: Vec<&'t Name>,
    pub rates: Vec<(&'t Name, &'t [(Name, Number)])>,
    pub entities: Vec<&'t Entity>,
    pub extensions: Vec<(&'t Name, &'t [Field])>,
    pub enums: Vec<(&'t Name, &'t [EnumValue])>,
    pub opaques: Vec<(&'t Name, Option<&'t Str>)>,
    /// Parents before their children.
    pub events: Vec<&'t Event>,
    /// By [`EventId`]: the parent, with its name in the text.
    pub parents: Vec<Option<EventId>>,
    pub actions: Vec<&'t ActionDecl>,
    pub principals: Vec<&'t tree::Principal>,
    pub calendars: Vec<&'t Calendar>,
    pub constants: Vec<(&'t Name, &'t Expr)>,
    pub functions: Vec<&'t Fn>,
    pub pipelines: Vec<(&'t Item, &'t Pipeline)>,
    pub tests: Vec<&'t Test>,
    /// By file: its place in the order of `use`.
    ranks: HashMap<FileId, usize>,
}

/// Of each kind a program can hold so many: ids are 16 bits wide.
pub const MOST: usize = u16::MAX as usize;

/// So many events can be kinds of each other in one line.
const MOST_GENERATIONS: usize = 64;

const ENGINE_NAMES: &str = "names that begin with `stagegate.` are the engine's own";

impl<'t> Declarations<'t> {
    /// Sorts the items by kind. Events are not yet in their final order.
    fn sort(items: impl Iterator<Item = &'t Item>) -> Self {
        let mut all = Declarations::default();
        for item in items {
            let next = all.ranks.len();
            all.ranks.entry(item.span.file).or_insert(next);
            match &item.kind {
                ItemKind::UseLibrary(_) | ItemKind::UseFile(_) => {}
                ItemKind::Currency(name) => all.currencies.push(name),
                ItemKind::Rates { base, rates } => all.rates.push((base, rates)),
                ItemKind::Entity(entity) => all.entities.push(entity),
                ItemKind::Extend { entity, fields } => all.extensions.push((entity, fields)),
                ItemKind::Enum { name, values } => all.enums.push((name, values)),
                ItemKind::Opaque { name, label } => all.opaques.push((name, label.as_ref())),
                ItemKind::Event(event) => all.events.push(event),
                ItemKind::Action(action) => all.actions.push(action),
                ItemKind::Principal(principal) => all.principals.push(principal),
                ItemKind::Calendar(calendar) => all.calendars.push(calendar),
                ItemKind::Const { name, value } => all.constants.push((name, value)),
                ItemKind::Fn(function) => all.functions.push(function),
                ItemKind::Pipeline(pipeline) => all.pipelines.push((item, pipeline)),
                ItemKind::Test(test) => all.tests.push(test),
            }
        }
        all
    }

    /// Where a place stands in the program: files in the order of `use`.
    fn order(&self, span: Span) -> (usize, u32) {
        (self.ranks.get(&span.file).copied().unwrap_or(usize::MAX), span.start)
    }

    /// All declared types in the order of the program.
    fn types(&self) -> Vec<(&'t Name, TypeSymbol)> {
        let entities = self.entities.iter().enumerate();
        let entities = entities.map(|(i, e)| (&e.name, TypeSymbol::Entity(EntityId(i as u16))));
        let enums = self.enums.iter().enumerate();
        let enums = enums.map(|(i, e)| (e.0, TypeSymbol::Enum(EnumId((i + BUILTIN_ENUMS) as u16))));
        let opaques = self.opaques.iter().enumerate();
        let opaques = opaques.map(|(i, o)| (o.0, TypeSymbol::Opaque(OpaqueId(i as u16))));
        let mut types: Vec<_> = entities.chain(enums).chain(opaques).collect();
        types.sort_by_key(|(name, _)| self.order(name.span));
        types
    }
}

impl Checker<'_> {
    /// The first pass. `None`: there is more of something than ids can count, which has been reported.
    pub fn collect_names<'t>(&mut self, items: impl Iterator<Item = &'t Item>) -> Option<Declarations<'t>> {
        let mut all = Declarations::sort(items);
        if !self.fits(&all) {
            return None;
        }
        self.type_names(&all);
        self.event_names(&mut all);
        self.action_names(&all);
        self.value_names(&all);
        self.function_names(&all);
        Some(all)
    }

    fn fits(&mut self, all: &Declarations) -> bool {
        let inline = types::inline_enums(all);
        let stages = all.pipelines.iter().flat_map(|p| &p.1.members);
        let stages = stages.filter_map(|m| match m {
            PipelineMember::Stage(stage) => Some(stage.name.span),
            PipelineMember::Rule(_) => None,
        });
        let counted: [(&str, Vec<Span>); 10] = [
            ("entities", all.entities.iter().map(|e| e.name.span).collect()),
            ("enums", all.enums.iter().map(|e| e.0.span).chain(inline).collect()),
            ("types", all.opaques.iter().map(|o| o.0.span).collect()),
            ("events", all.events.iter().map(|e| e.name.span).collect()),
            ("actions", all.actions.iter().map(|a| a.name.span).collect()),
            ("users, departments and roles", all.principals.iter().map(|p| p.name.span).collect()),
            ("calendars", all.calendars.iter().map(|c| c.name.span).collect()),
            ("functions", all.functions.iter().map(|f| f.name.span).collect()),
            ("pipelines", all.pipelines.iter().map(|p| p.1.name.span).collect()),
            ("stages", stages.collect()),
        ];
        let before = self.diagnostics.len();
        for (what, spans) in counted {
            // Some numbers below the most are kept for what is built in.
            if let Some(span) = spans.get(MOST - 16) {
                self.too_many(*span, what);
            }
        }
        self.diagnostics.len() == before
    }

    /// Reports that a place is beyond what ids can count.
    pub(super) fn too_many(&mut self, span: Span, what: &str) {
        let message = format!("a program cannot have more than 65,000 {what}");
        self.report(Diagnostic::new(Code::TooMany, span, message).label("one too many"));
    }

    fn type_names(&mut self, all: &Declarations) {
        let mut names = std::mem::take(&mut self.names.types);
        let nowhere = Span::new(FileId(0), 0, 0);
        names.insert("weekday".into(), (TypeSymbol::Enum(WEEKDAY_ENUM), nowhere));
        for (name, symbol) in all.types() {
            if words::TYPES.contains(&&*name.text) {
                self.reserved(name.span, &name.text, format!("`{}` is a type of the language", name.text));
                continue;
            }
            let first = match names.entry(name.text.clone()) {
                MapEntry::Vacant(free) => {
                    free.insert((symbol, name.span));
                    continue;
                }
                MapEntry::Occupied(taken) => *taken.get(),
            };
            let noun = |symbol| match symbol {
                TypeSymbol::Entity(_) => "an entity",
                TypeSymbol::Enum(_) => "an enum",
                TypeSymbol::Opaque(_) => "a type",
            };
            let message = if noun(first.0) == noun(symbol) {
                let noun = noun(symbol).split_once(' ').map_or("type", |(_, noun)| noun);
                format!("{noun} `{}` is declared twice", name.text)
            } else {
                format!("`{}` is {} and cannot be {} too", name.text, noun(first.0), noun(symbol))
            };
            let help = matches!((first.0, symbol), (TypeSymbol::Entity(_), TypeSymbol::Entity(_)))
                .then(|| format!("extend {} {{ … }}", name.text));
            self.twice(name.span, first.1, message, help);
        }
        // The name in events is the lower-case one.
        let mut wire: HashMap<String, &Name> = HashMap::new();
        for entity in &all.entities {
            let lower = entity.name.text.to_lowercase();
            if lower == "stagegate" {
                self.reserved(entity.name.span, &entity.name.text, ENGINE_NAMES.into());
            }
            match wire.entry(lower) {
                MapEntry::Vacant(free) => {
                    free.insert(&entity.name);
                }
                MapEntry::Occupied(first) if first.get().text != entity.name.text => {
                    let message = format!(
                        "the entities `{}` and `{}` are both `{}` in events",
                        first.get().text,
                        entity.name.text,
                        first.key()
                    );
                    self.twice(entity.name.span, first.get().span, message, None);
                }
                MapEntry::Occupied(_) => {}
            }
        }
        self.names.types = names;
    }

    fn event_names<'t>(&mut self, all: &mut Declarations<'t>) {
        // First by position in the text, then by number.
        let mut first: HashMap<String, usize> = HashMap::new();
        for (i, event) in all.events.iter().enumerate() {
            let name = event.name.text();
            self.life_cycle_name(&event.name, &name, all);
            match first.entry(name) {
                MapEntry::Vacant(free) => {
                    free.insert(i);
                }
                MapEntry::Occupied(taken) => {
                    let message = format!("event `{}` is declared twice", taken.key());
                    let before = all.events[*taken.get()].name.span;
                    self.twice(event.name.span, before, message, None);
                }
            }
        }
        let mut parents: Vec<Option<usize>> = Vec::with_capacity(all.events.len());
        for event in &all.events {
            let parent = event.parent.as_ref().and_then(|parent| {
                let name = parent.text();
                let found = first.get(&name).copied();
                if found.is_none() {
                    let message = format!("there is no event `{name}`");
                    let diagnostic = Diagnostic::new(Code::UnknownEvent, parent.span, message)
                        .label("not declared anywhere");
                    match library::that_declares("event", &name) {
                        Some(library) => self.forgotten_library(library, diagnostic),
                        None => {
                            let help = Advice::near(parent.span, &name, first.keys().map(String::as_str));
                            let help = help.unwrap_or_else(|| Advice::say(format!("event {name} {{ }}")));
                            self.report(diagnostic.advised(Some(help)));
                        }
                    }
                }
                found
            });
            parents.push(parent);
        }
        self.cut_event_cycles(&all.events, &mut parents);
        let depths = self.generations(&all.events, &mut parents);
        let mut order: Vec<usize> = (0..all.events.len()).collect();
        order.sort_by_key(|&i| depths[i]);
        let mut number = vec![EventId(0); order.len()];
        for (id, &i) in order.iter().enumerate() {
            number[i] = EventId(id as u16);
        }
        all.parents = order.iter().map(|&i| parents[i].map(|p| number[p])).collect();
        all.events = order.iter().map(|&i| all.events[i]).collect();
        // Of two of one name the one first in the text counts.
        self.names.events = first
            .into_iter()
            .map(|(name, i)| (Arc::from(name), (number[i], all.events[number[i].index()].name.span)))
            .collect();
    }

    /// Reports an event that has the name of something that happens by itself.
    fn life_cycle_name(&mut self, path: &Path, name: &str, all: &Declarations) {
        let Some((entity, what)) = name.rsplit_once('.') else { return };
        if name == "action.completed" || name == "action.failed" {
            return self.reserved(
                path.span,
                name,
                format!("`{name}` is how the outside world answers an action"),
            );
        }
        if name.starts_with("stagegate.") {
            return self.reserved(path.span, name, ENGINE_NAMES.into());
        }
        let entity = all.entities.iter().find(|e| e.name.text.to_lowercase() == entity);
        let Some(entity) = entity.filter(|_| words::LIFE_CYCLE.contains(&what)) else { return };
        let (entity, place) = (&entity.name.text, entity.name.span);
        let why = format!("`{name}` happens by itself when a record of `{entity}` is {what}");
        let diagnostic = if all.order(place) < all.order(path.span) {
            let message = format!("the name `{name}` cannot be given here");
            Diagnostic::new(Code::ReservedName, path.span, message)
                .label(why)
                .also(place, "the entity")
                .help(format!("choose another name: `{name}_by_hand`"))
        } else {
            // An entity of one's own may come too near to an event of the library.
            let message = format!("the name `{entity}` cannot be given here");
            let other = "and another event has this name";
            Diagnostic::new(Code::ReservedName, place, message)
                .label(why)
                .also(path.span, other)
                .help(format!("choose another name: `Our{entity}`"))
        };
        self.report(diagnostic);
    }

    /// An event in a circle of `is` loses its parent.
    fn cut_event_cycles(&mut self, events: &[&Event], parents: &mut [Option<usize>]) {
        // The walk on which an event was first seen; 0: not yet.
        let mut seen = vec![0usize; events.len()];
        for start in 0..events.len() {
            let mut at = Some(start);
            while let Some(i) = at {
                if seen[i] == 0 {
                    seen[i] = start + 1;
                    at = parents[i];
                    continue;
                }
                if seen[i] == start + 1 {
                    self.report_event_cycle(events, parents, i);
                }
                break;
            }
        }
    }

    fn report_event_cycle(&mut self, events: &[&Event], parents: &mut [Option<usize>], start: usize) {
        let mut circle = vec![start];
        while let Some(next) = parents[circle[circle.len() - 1]].filter(|&next| next != start) {
            circle.push(next);
        }
        // Told from the event that stands first in the program.
        let first = circle.iter().enumerate().min_by_key(|(_, e)| **e).map_or(0, |(i, _)| i);
        circle.rotate_left(first);
        let names: Vec<String> = circle.iter().map(|&e| events[e].name.text()).collect();
        let message = if names.len() == 1 {
            format!("event `{}` cannot be a kind of itself", names[0])
        } else {
            let chain = diagnostic::circle(names.iter().map(String::as_str), "is");
            format!("these events are kinds of each other in a circle: {chain}")
        };
        let place = |e: usize| events[e].parent.as_ref().map_or(events[e].name.span, |p| p.span);
        let mut diagnostic = Diagnostic::new(Code::EventCycle, place(circle[0]), message)
            .help("take `is …` away from one of them");
        if circle.len() > 1 {
            diagnostic = diagnostic.label("the circle begins here");
        }
        for &e in circle.iter().skip(1).take(5) {
            diagnostic = diagnostic.also(place(e), "and goes on here");
        }
        self.report(diagnostic);
        for e in circle {
            parents[e] = None;
        }
    }

    /// How many ancestors each event has.
    fn generations(&mut self, events: &[&Event], parents: &mut [Option<usize>]) -> Vec<usize> {
        let mut depths: Vec<Option<usize>> = vec![None; events.len()];
        for start in 0..events.len() {
            let mut line = Vec::new();
            let mut at = Some(start);
            while let Some(i) = at.filter(|&i| depths[i].is_none()) {
                line.push(i);
                at = parents[i];
            }
            for i in line.into_iter().rev() {
                let depth = parents[i].and_then(|p| depths[p]).map_or(0, |d| d + 1);
                if depth > MOST_GENERATIONS {
                    let message =
                        format!("an event cannot be a kind of a kind … more than {MOST_GENERATIONS} times");
                    let span = events[i].parent.as_ref().map_or(events[i].name.span, |p| p.span);
                    let diagnostic = Diagnostic::new(Code::TooMany, span, message);
                    self.report(diagnostic.help("make it a kind of an event further up"));
                    parents[i] = None;
                    depths[i] = Some(0);
                } else {
                    depths[i] = Some(depth);
                }
            }
        }
        depths.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn action_names(&mut self, all: &Declarations) {
        for (i, action) in all.actions.iter().enumerate() {
            let name = action.name.text();
            let symbol = (ActionId(i as u16), action.name.span);
            if let Some(first) = insert_new(&mut self.names.actions, Arc::from(name.as_str()), symbol) {
                self.twice(action.name.span, first.1, format!("action `{name}` is declared twice"), None);
            }
        }
    }

    fn value_names(&mut self, all: &Declarations) {
        let principals = all.principals.iter().enumerate().map(|(i, p)| {
            let noun = match p.kind {
                PrincipalKind::User => "user",
                PrincipalKind::Department => "department",
                PrincipalKind::Role => "role",
            };
            (&p.name, ValueSymbol::Principal(PrincipalId(i as u16)), noun)
        });
        let calendars = all.calendars.iter().enumerate();
        let calendars =
            calendars.map(|(i, c)| (&c.name, ValueSymbol::Calendar(CalendarId(i as u16)), "calendar"));
        let constants = all.constants.iter().enumerate();
        let constants = constants.map(|(i, c)| (c.0, ValueSymbol::Constant(i as u32), "constant"));
        let mut declared: Vec<_> = principals.chain(calendars).chain(constants).collect();
        // So that of two the second is the one that is wrong.
        declared.sort_by_key(|(name, ..)| all.order(name.span));
        let mut nouns: HashMap<Arc<str>, &str> = HashMap::new();
        for (name, symbol, noun) in declared {
            if let Some(why) = words::reserved_value(&name.text) {
                self.reserved(name.span, &name.text, why);
                continue;
            }
            if let Some(first) = insert_new(&mut self.names.values, name.text.clone(), (symbol, name.span)) {
                let before = nouns.get(&name.text).copied().unwrap_or(noun);
                let message = if before == noun {
                    format!("{noun} `{}` is declared twice", name.text)
                } else {
                    format!("`{}` is a {before} and cannot be a {noun} too", name.text)
                };
                self.twice(name.span, first.1, message, None);
            } else {
                nouns.insert(name.text.clone(), noun);
            }
        }
    }

    fn function_names(&mut self, all: &Declarations) {
        for (i, function) in all.functions.iter().enumerate() {
            let name = &function.name;
            let why = words::reserved_value(&name.text).or_else(|| {
                let builtin = crate::value::functions::named(&name.text).is_some();
                builtin.then(|| format!("`{}` is a function of the language", name.text))
            });
            if let Some(why) = why {
                self.reserved(name.span, &name.text, why);
                continue;
            }
            if let Some((symbol, span)) = self.names.types.get(&name.text).copied()
                && !matches!(symbol, TypeSymbol::Enum(_))
            {
                let message = format!("`{}(…)` already makes a value of the type `{}`", name.text, name.text);
                self.twice(name.span, span, message, None);
                continue;
            }
            let symbol = (FnId(i as u32), name.span);
            if let Some(first) = insert_new(&mut self.names.functions, name.text.clone(), symbol) {
                self.twice(name.span, first.1, format!("function `{}` is declared twice", name.text), None);
            }
        }
    }

    /// Reports a name that is declared again.
    pub(super) fn twice(&mut self, again: Span, first: Span, message: String, help: Option<String>) {
        let diagnostic = Diagnostic::new(Code::DuplicateName, again, message)
            .label("declared again here")
            .also(first, "first declared here");
        let name = self.sources.text(again);
        let help = help.unwrap_or_else(|| {
            if [" has two ", " given twice"].iter().any(|two| diagnostic.message.contains(two))
                || diagnostic.message.contains(" twice after ")
            {
                "take one of them away".to_owned()
            } else if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.') {
                format!("take one of them away, or give it another name, such as `{name}_2`")
            } else {
                "take one of them away, or give it another name".to_owned()
            }
        });
        self.report(diagnostic.help(help));
    }

    /// Reports a name that means something else already.
    pub(super) fn reserved(&mut self, span: Span, name: &str, why: String) {
        let message = format!("the name `{name}` cannot be given here");
        let other = match name.split_once('.') {
            None => format!("{name}_value"),
            Some((_, rest)) => format!("app.{rest}"),
        };
        let help = format!("choose another name: `{other}`");
        self.report(Diagnostic::new(Code::ReservedName, span, message).label(why).help(help));
    }

    /// Reports names that stand twice in one list: fields, values, parameters.
    pub(super) fn unique<'n>(&mut self, what: &str, names: impl Iterator<Item = &'n Name>) {
        let mut first: HashMap<&str, Span> = HashMap::new();
        for name in names {
            match first.entry(&name.text) {
                MapEntry::Vacant(free) => {
                    free.insert(name.span);
                }
                MapEntry::Occupied(taken) => {
                    let message = format!("{what} `{}` is declared twice", name.text);
                    self.twice(name.span, *taken.get(), message, None);
                }
            }
        }
    }
}

/// Inserts a name that is not there yet; otherwise gives back what is.
fn insert_new<T: Copy>(
    names: &mut HashMap<Arc<str>, (T, Span)>,
    name: Arc<str>,
    symbol: (T, Span),
) -> Option<(T, Span)> {
    match names.entry(name) {
        MapEntry::Vacant(free) => {
            free.insert(symbol);
            None
        }
        MapEntry::Occupied(taken) => Some(*taken.get()),
    }
}
