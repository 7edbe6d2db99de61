//! What another version of the program makes of the records in a state file: by name.
//!
//! All is worked out before anything is written. What cannot be carried over is refused, with the number of records
//! concerned and what a person may say about it; then nothing of it happens.

mod choices;
mod fields;
mod record;
mod waiting;

use crate::engine::effect::Effect;
use crate::engine::record::Slot;
use crate::engine::tables::{all_listeners, silences_in};
use crate::engine::waiting::Listener;
use crate::event::Subject;
use crate::program::link::Linked;
use crate::program::link::names::{Names, stage_path};
use crate::program::listing::{event_text, fingerprint};
use crate::program::{During, EventPattern, Program, Rule, Timing};
use crate::run::records::Home;
use crate::value::*;
pub use choices::Choices;
pub(super) use choices::Resolved;
use chrono::{DateTime, Utc};
use fields::FieldOf;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A record of the file.
pub(super) struct Row {
    pub subject: Subject,
    pub slot: Slot,
    pub home: Home,
    pub clock: Option<DateTime<Utc>>,
}

/// What becomes of a state file under a program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outlook {
    /// Whether the program is the one that it belongs to.
    pub same: bool,
    /// Living records.
    pub records: usize,
    /// Bodies of rules that have begun and wait.
    pub bodies: usize,
    /// Why a run would refuse it, in sentences.
    pub refused: Vec<String>,
    /// What else happens.
    pub notes: Vec<String>,
}

/// Why a record cannot be carried over; in the order in which it is said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Problem {
    Entity(EntityId),
    Stage(StageId),
    FieldGone(EntityId, FieldId),
    FieldType(EntityId, FieldId, Option<Text>),
    /// A field without a value that must have one, of the new program.
    Required(EntityId, FieldId),
}

/// What happens to what waits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    /// A body goes on with the version in which it began.
    Goes(RuleId),
    /// When it is due is worked out anew.
    Anew(RuleId),
    /// A rule that waits is cancelled.
    Cancelled(RuleId, &'static str),
}

/// Whether a rule's clauses are what they were.
#[derive(Clone, Copy)]
struct Same {
    timing: bool,
    during: bool,
}

/// Carries records from one program to another.
pub(super) struct Carrier<'a> {
    old: &'a Linked,
    new: &'a Linked,
    names: Names,
    choices: &'a Resolved,
    /// By entity of the new program: where the values of its fields come from.
    fields: HashMap<EntityId, Vec<FieldOf>>,
    listeners: HashMap<Listener, Listener>,
    /// By stage of the new program: the silences that nobody listened to before.
    silences: HashMap<StageId, Vec<Listener>>,
    /// By rule of the old program.
    same: HashMap<RuleId, Same>,
    /// What begins by itself with the new version.
    version: Text,
    problems: BTreeMap<Problem, usize>,
    notes: BTreeMap<Note, usize>,
    /// Of the record at hand.
    noted: BTreeSet<Note>,
    /// Of rules that were cancelled, with the numbers of the old program.
    pub effects: Vec<Effect>,
    records: usize,
    bodies: usize,
}

impl<'a> Carrier<'a> {
    pub fn new(old: &'a Linked, new: &'a Linked, choices: &'a Resolved) -> Self {
        let names = Names::new(&old.program, &new.program, &choices.renamed);
        let version = new.parts.first().map_or("", |part| &part.hash);
        let listeners = listeners(&old.program, &new.program, &names);
        let fields = fields::plans(&old.program, &new.program, &names);
        Carrier {
            old,
            new,
            names,
            choices,
            fields,
            silences: new_silences(&new.program, &listeners),
            listeners,
            same: HashMap::new(),
            version: format!("version/{}", version.get(..12).unwrap_or(version)).into(),
            problems: BTreeMap::new(),
            notes: BTreeMap::new(),
            noted: BTreeSet::new(),
            effects: Vec::new(),
            records: 0,
            bodies: 0,
        }
    }

    /// The row of the same record under the new program; `None` if it cannot be carried over, or nobody asks for it.
    pub fn row(&mut self, row: Row) -> Option<Row> {
        let entity = self.names.entity(row.subject.entity);
        let subject = |entity| Subject { entity, id: row.subject.id.clone() };
        match row.slot {
            Slot::Living(record) => {
                self.records += 1;
                self.noted.clear();
                let Some(entity) = entity else {
                    self.problem(Problem::Entity(row.subject.entity));
                    return None;
                };
                let record = self.record(*record, subject(entity))?;
                Some(Row { subject: subject(entity), slot: Slot::Living(Box::new(record)), ..row })
            }
            // What is known of a deleted one of an entity that is gone stays in the file.
            other => entity.map(|entity| Row { subject: subject(entity), slot: other, ..row }),
        }
    }

    fn problem(&mut self, problem: Problem) {
        *self.problems.entry(problem).or_insert(0) += 1;
    }

    /// Bodies are counted by themselves, what else is said by records.
    fn note(&mut self, note: Note) {
        let again = !matches!(note, Note::Goes(_)) && !self.noted.insert(note.clone());
        if again {
            return;
        }
        *self.notes.entry(note).or_insert(0) += 1;
    }

    /// Whether the clauses of a rule that decide when it runs say what they said.
    fn same(&mut self, old: RuleId, new: RuleId) -> Same {
        let (before, now) = (&self.old.program, &self.new.program);
        *self.same.entry(old).or_insert_with(|| same(before, before.rule(old), now, now.rule(new)))
    }

    /// What has been found, in words.
    pub fn outlook(&self) -> Outlook {
        let mut refused: Vec<String> = Vec::new();
        for (problem, count) in &self.problems {
            refused.push(self.words(problem, *count));
        }
        let rule = |id: &RuleId| &self.old.program.rule(*id).path;
        let notes = self.notes.iter().map(|(note, count)| match note {
            Note::Goes(id) => {
                let goes = if *count == 1 {
                    "1 body goes on with the version it began with".to_owned()
                } else {
                    format!("{count} bodies go on with the version they began with")
                };
                format!("`{}`: {goes}", rule(id))
            }
            Note::Anew(id) => {
                format!("`{}`: when it is due is worked out anew, {}", rule(id), of_records(*count))
            }
            Note::Cancelled(id, why) => {
                format!("`{}` is cancelled, {}: {why}", rule(id), of_records(*count))
            }
        });
        Outlook { same: false, records: self.records, bodies: self.bodies, refused, notes: notes.collect() }
    }

    fn words(&self, problem: &Problem, count: usize) -> String {
        let (old, new) = (&self.old.program, &self.new.program);
        let field_of = |program: &Program, entity: EntityId, field: FieldId| {
            let entity = program.schema.entity(entity);
            let field = &entity.fields[field.index()];
            (entity.name.clone(), field.name.clone(), program.schema.type_name(&field.ty))
        };
        let (have, stand) = if count == 1 { ("has", "stands") } else { ("have", "stand") };
        let records = records(count);
        match problem {
            Problem::Entity(id) => {
                let entity = old.schema.entity(*id);
                format!(
                    "the entity `{}` is gone, and there {} {records} of it: put it back, or delete them before, by \
                     `{}.deleted`, with the version that knows them",
                    entity.name,
                    if count == 1 { "is" } else { "are" },
                    entity.wire_name
                )
            }
            Problem::Stage(id) => {
                let path = stage_path(old, *id);
                let to = self.choices.suggestion(old, *id, new, &self.names);
                format!(
                    "the stage `{path}` is gone, and {records} {stand} in it: say where with --map-stage {path}={to}"
                )
            }
            Problem::FieldGone(entity, field) => {
                let (entity, field, _) = field_of(old, *entity, *field);
                format!(
                    "the field `{field}` of `{entity}` is gone, and {records} {have} a value in it: put it back, or \
                     forget the values with --drop-field {entity}.{field}"
                )
            }
            Problem::FieldType(entity, field, member) => {
                let (name, field_name, before) = field_of(old, *entity, *field);
                let now = self.names.entity(*entity).zip(self.names.field(*entity, *field));
                let now = now.map_or(String::new(), |(entity, field)| field_of(new, entity, field).2);
                let what = match member {
                    Some(member) => format!("can no longer be `{member}`, and {records} {have} that"),
                    None => format!(
                        "was `{before}` and is `{now}` now, and {records} {have} a value that cannot become one"
                    ),
                };
                format!(
                    "the field `{field_name}` of `{name}` {what}: change that back, or forget these values with \
                     --drop-field {name}.{field_name}"
                )
            }
            Problem::Required(entity, field) => {
                let (entity, field, ty) = field_of(new, *entity, *field);
                format!(
                    "the field `{field}` of `{entity}` must have a value, and {records} {have} none: give it a default, \
                     `{field}: {ty} = …`, or make it optional, `{field}: {ty}?`"
                )
            }
        }
    }
}

fn records(count: usize) -> String {
    format!("{count} {}", if count == 1 { "record" } else { "records" })
}

fn of_records(count: usize) -> String {
    format!("in {}", records(count))
}

fn same(before: &Program, old: &Rule, now: &Program, new: &Rule) -> Same {
    let (from, to) = (before.pipeline(old.pipeline), now.pipeline(new.pipeline));
    let zone = from.timezone == to.timezone;
    let alike = |a, b| fingerprint(before, a) == fingerprint(now, b);
    let timing = match (&old.timing, &new.timing) {
        (None, None) => true,
        (Some(Timing::After { delay: a, .. }), Some(Timing::After { delay: b, .. })) => alike(*a, *b),
        (
            Some(Timing::At { instant: a, else_skip: x, .. }),
            Some(Timing::At { instant: b, else_skip: y, .. }),
        ) => x == y && alike(*a, *b),
        _ => false,
    };
    let calendar = |program: &Program, id: Option<CalendarId>| {
        id.and_then(|id| program.schema.calendars.get(id.index()).cloned())
    };
    let during = match (&old.during, &new.during) {
        (None, None) => true,
        (Some(During::Calendar(a)), Some(During::Calendar(b))) => {
            calendar(before, Some(*a)) == calendar(now, Some(*b))
        }
        (Some(During::HoursOf(a)), Some(During::HoursOf(b))) => {
            alike(*a, *b)
                && before.schema.principals == now.schema.principals
                && before.schema.calendars == now.schema.calendars
                && calendar(before, from.hours) == calendar(now, to.hours)
        }
        _ => false,
    };
    Same { timing: zone && timing, during: zone && during }
}

fn new_silences(new: &Program, known: &HashMap<Listener, Listener>) -> HashMap<StageId, Vec<Listener>> {
    let known: HashSet<Listener> = known.values().copied().collect();
    let stages = (0..new.stages.len()).map(|at| StageId(at as u16));
    let fresh = |stage| {
        let all = silences_in(new, stage).into_iter();
        all.filter(|listener| !known.contains(listener)).collect()
    };
    stages.map(|stage| (stage, fresh(stage))).collect()
}

/// Places that count or wait for silence, by what they belong to and what they listen to.
fn listeners(old: &Program, new: &Program, names: &Names) -> HashMap<Listener, Listener> {
    let place = |program: &Program,
                 listener: Listener,
                 stages: &dyn Fn(StageId) -> Option<StageId>,
                 rules: &dyn Fn(RuleId) -> Option<RuleId>| {
        Some(match listener {
            Listener::Trigger(id, _) => ('t', stages(program.trigger(id).stage)?.0.into()),
            Listener::Rule(id, _) => ('r', rules(id)?.0),
        })
    };
    let keys = |program: &Program,
                stages: &dyn Fn(StageId) -> Option<StageId>,
                rules: &dyn Fn(RuleId) -> Option<RuleId>| {
        let mut counted: HashMap<((char, u32), char, String), usize> = HashMap::new();
        let mut found = Vec::new();
        for (listener, pattern) in all_listeners(program) {
            let (kind, event) = match pattern {
                EventPattern::Count { event, .. } => ('n', event),
                EventPattern::Absence { event, .. } => ('0', event),
                EventPattern::Named(_) | EventPattern::Change { .. } | EventPattern::AnyChange => continue,
            };
            let Some(place) = place(program, listener, stages, rules) else { continue };
            let key = (place, kind, event_text(program, event));
            let nth = counted.entry(key.clone()).or_insert(0);
            *nth += 1;
            found.push(((key, *nth), listener));
        }
        found
    };
    let now: HashMap<_, _> = keys(new, &Some, &Some).into_iter().collect();
    let before = keys(old, &|stage| names.stage(stage), &|rule| names.rule(rule));
    before.into_iter().filter_map(|(key, listener)| Some((listener, *now.get(&key)?))).collect()
}
