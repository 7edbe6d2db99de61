//! The tables for people: records with their fields, the stages they have been in, what is waiting.

use super::tables::RESERVED;
use super::{Result, show};
use crate::engine::record::Slot;
use crate::engine::waiting::{Listener, Run, State};
use crate::event::Subject;
use crate::event::scan::Raw;
use crate::program::{EventPattern, Program};
use crate::run::kept::{Mover, Visit};
use crate::schema::{BUILTIN_FIELDS, FIELD_CREATED_AT, FIELD_STAGE_ENTERED_AT, Field};
use crate::value::print::Names;
use crate::value::{RuleId, Value, digits, json};
use chrono::{DateTime, Utc};
use rusqlite::{CachedStatement, Statement, Transaction, params};
use std::collections::HashSet;

/// SQLite has no more columns in a table; fields beyond are only in the record's own state.
const COLUMNS: usize = 1_900;

/// Writes the tables of one program.
pub(super) struct Readable<'p> {
    program: &'p Program,
    names: Names,
    entities: Vec<Table>,
}

/// What records are written with.
pub(super) struct Statements<'t> {
    transaction: &'t Transaction<'t>,
    clear: CachedStatement<'t>,
    /// Some records waited for something when they were last kept: their rows go.
    timed: bool,
    timer: CachedStatement<'t>,
    /// By entity, when its first record comes: a program may have more of them than statements are kept.
    inserts: Vec<Option<CachedStatement<'t>>>,
    json: Vec<u8>,
}

/// An entity's.
struct Table {
    name: String,
    /// All columns, quoted.
    columns: Vec<String>,
    create: String,
    insert: String,
    /// These change nothing the second time.
    delete: String,
    /// A record that was created and deleted before it was first kept.
    deleted: String,
    fields: usize,
}

impl<'p> Readable<'p> {
    pub fn new(program: &'p Program) -> Self {
        let mut names: HashSet<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
        let entities = program.schema.entities.iter().map(|entity| {
            let name = quoted(&unused(&entity.wire_name, &mut names));
            let mut columns = HashSet::new();
            let builtin = ["id", "pipeline", "stage", "stage_entered_at", "created_at", "deleted"];
            let builtin = builtin.map(|name| quoted(&unused(name, &mut columns)));
            let fields: Vec<String> = entity.fields[BUILTIN_FIELDS.min(entity.fields.len())..]
                .iter()
                .take(COLUMNS)
                .map(|field| quoted(&unused(&field.name, &mut columns)))
                .collect();
            let own: String = fields.iter().map(|field| format!(", {field}")).collect();
            let marks: String = (0..fields.len()).map(|n| format!(", ?{}", builtin.len() + 1 + n)).collect();
            let id = &builtin[0];
            let columns = builtin.iter().cloned().chain(fields.iter().cloned()).collect();
            Table {
                columns,
                create: format!(
                    "CREATE TABLE {name} ({id} TEXT PRIMARY KEY, {}{own}) WITHOUT ROWID",
                    builtin[1..].join(", ")
                ),
                insert: format!("INSERT OR REPLACE INTO {name} VALUES (?1, ?2, ?3, ?4, ?5, ?6{marks})"),
                delete: format!(
                    "UPDATE {name} SET deleted = 1, stage = NULL, pipeline = NULL WHERE {id} = ?1 AND NOT deleted"
                ),
                deleted: format!("INSERT OR IGNORE INTO {name} ({id}, deleted) VALUES (?1, 1)"),
                fields: fields.len(),
                name,
            }
        });
        let entities = entities.collect();
        Readable { program, names: Names::of(program), entities }
    }

    pub fn create(&self, transaction: &Transaction<'_>) -> Result<()> {
        for table in &self.entities {
            transaction.execute_batch(&table.create)?;
        }
        Ok(())
    }

    /// The tables of another version in the place of those of this one before. Of deleted records stays what has a column.
    pub fn replace(&self, before: &Readable<'_>, transaction: &Transaction<'_>) -> Result<()> {
        let aside = |name: &str| name.replacen('"', "\"stagegate before: ", 1);
        for table in &before.entities {
            transaction.execute_batch(&format!(
                "ALTER TABLE {} RENAME TO {}",
                table.name,
                aside(&table.name)
            ))?;
        }
        self.create(transaction)?;
        for table in &before.entities {
            let from = aside(&table.name);
            if let Some(to) = self.entities.iter().find(|other| other.name == table.name) {
                let shared: Vec<&str> = to
                    .columns
                    .iter()
                    .filter(|name| table.columns.contains(name))
                    .map(|name| &**name)
                    .collect();
                let (shared, deleted) = (shared.join(", "), &to.columns[5]);
                transaction.execute_batch(&format!(
                    "INSERT INTO {} ({shared}) SELECT {shared} FROM {from} WHERE {deleted} = 1",
                    to.name
                ))?;
            }
            transaction.execute_batch(&format!("DROP TABLE {from}"))?;
        }
        Ok(())
    }

    /// `deal/D-1`
    pub fn subject(&self, subject: &Subject) -> String {
        let entity = self.program.schema.entities.get(subject.entity.index());
        format!("{}/{}", entity.map_or("", |entity| &entity.wire_name), subject.id)
    }

    /// Records came into stages.
    pub fn visits(&self, transaction: &Transaction<'_>, visits: &[Visit]) -> Result<()> {
        let mut enter = transaction.prepare_cached(
            "INSERT INTO visits (record, pipeline, stage, entered_at, by, name, \"as\") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for visit in visits {
            let (by, name) = match visit.by {
                Mover::Trigger(id) => ("trigger", self.program.trigger(id).label.as_deref()),
                Mover::Rule(id) => ("rule", Some(&*self.program.rule(id).path)),
                Mover::Event => ("event", None),
            };
            let stage = self.program.stage(visit.stage);
            enter.execute(params![
                self.subject(&visit.subject),
                &*self.program.pipeline(stage.pipeline).name,
                &*stage.name,
                &*digits::instant(visit.time),
                by,
                name,
                visit.actor.as_deref()
            ])?;
        }
        Ok(())
    }

    /// Makes ready what records are written with.
    pub fn statements<'t>(&self, transaction: &'t Transaction<'_>) -> Result<Statements<'t>> {
        let timed = transaction.query_row("SELECT EXISTS (SELECT 1 FROM timers)", [], |row| row.get(0))?;
        Ok(Statements {
            transaction,
            clear: transaction.prepare_cached("DELETE FROM timers WHERE record = ?1")?,
            timed,
            timer: transaction.prepare_cached(
                "INSERT INTO timers (record, n, rule, since, due, waits_for, begun) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            inserts: self.entities.iter().map(|_| None).collect(),
            json: Vec::new(),
        })
    }

    /// The record as it stands now, and its partition's clock. Each record once for the same statements.
    pub fn record(
        &self,
        statements: &mut Statements<'_>,
        subject: &Subject,
        name: &str,
        slot: &Slot,
        clock: Option<DateTime<Utc>>,
    ) -> Result<()> {
        let transaction = statements.transaction;
        if statements.timed {
            statements.clear.execute([name])?;
        }
        let Some(table) = self.entities.get(subject.entity.index()) else { return Ok(()) };
        let record = match slot {
            Slot::Absent => return Ok(()),
            Slot::Living(record) => record,
            Slot::Deleted(_) => {
                let mut gone = transaction.prepare_cached(&table.delete)?.execute([&*subject.id])?;
                if gone == 0 {
                    gone = transaction.prepare_cached(&table.deleted)?.execute([&*subject.id])?;
                }
                if let Some(clock) = clock.filter(|_| gone > 0) {
                    let mut leave = transaction.prepare_cached(
                        "INSERT INTO visits (record, entered_at, by) VALUES (?1, ?2, 'event')",
                    )?;
                    leave.execute([name, &show(clock)])?;
                }
                return Ok(());
            }
        };
        let fields = &self.program.schema.entity(subject.entity).fields;
        let place = record.place;
        let Some(insert) = statements.inserts.get_mut(subject.entity.index()) else { return Ok(()) };
        let insert = match insert {
            Some(insert) => insert,
            none => none.insert(transaction.prepare_cached(&table.insert)?),
        };
        insert.raw_bind_parameter(1, &*subject.id)?;
        insert.raw_bind_parameter(2, place.map(|place| &*self.program.pipeline(place.pipeline).name))?;
        insert.raw_bind_parameter(3, place.map(|place| &*self.program.stage(place.stage).name))?;
        for (at, field) in [(4, FIELD_STAGE_ENTERED_AT), (5, FIELD_CREATED_AT)] {
            let time = match record.values.get(field.index()) {
                Some(Value::DateTime(time)) => Some(digits::instant(*time)),
                _ => None,
            };
            insert.raw_bind_parameter(at, time.as_deref())?;
        }
        insert.raw_bind_parameter(6, false)?;
        let own = fields.iter().zip(&record.values).skip(BUILTIN_FIELDS).take(table.fields);
        for (at, (field, value)) in (7..).zip(own) {
            self.bind(insert, at, value, field, &mut statements.json)?;
        }
        insert.raw_execute()?;
        let Some(waiting) = &record.waiting else { return Ok(()) };
        let insert = &mut statements.timer;
        let mut number = 0..;
        for run in &waiting.runs {
            insert.execute(params![
                name,
                number.next(),
                &*self.program.rule(run.rule).path,
                show(run.since),
                run.due().map(show),
                self.waits_for(run),
                run.frame.is_some()
            ])?;
        }
        for silence in &waiting.silences {
            let rule = match silence.listener {
                Listener::Rule(rule, _) => Some(&*self.program.rule(rule).path),
                Listener::Trigger(..) => None,
            };
            let what = match silence.listener {
                Listener::Rule(rule, n) => self.program.rule(rule).on.get(usize::from(n)),
                Listener::Trigger(trigger, n) => self.program.trigger(trigger).events.get(usize::from(n)),
            };
            let what = what.map_or("silence".into(), |pattern| self.pattern(pattern));
            let what = match silence.listener {
                Listener::Rule(..) => what,
                Listener::Trigger(trigger, _) => {
                    let stage = self.program.stage(self.program.trigger(trigger).stage);
                    format!("{what}, to move to {}", stage.name)
                }
            };
            let since = None::<String>;
            insert.execute(params![name, number.next(), rule, since, show(silence.due), what, false])?;
        }
        Ok(())
    }

    /// As in effects, but numbers and texts as the database's own. `json` is room.
    fn bind(
        &self,
        insert: &mut Statement<'_>,
        at: usize,
        value: &Value,
        field: &Field,
        json: &mut Vec<u8>,
    ) -> Result<()> {
        match value {
            Value::None => insert.raw_bind_parameter(at, None::<bool>)?,
            Value::Bool(value) => insert.raw_bind_parameter(at, value)?,
            Value::Int(value) => insert.raw_bind_parameter(at, value)?,
            Value::Text(text) => insert.raw_bind_parameter(at, &**text)?,
            _ => {
                json.clear();
                let labels = self.names.labels();
                json::write(value, &field.ty, &self.program.schema, labels, json);
                let text = Raw::of(std::str::from_utf8(json).unwrap_or_default());
                match text.string() {
                    Some(text) => insert.raw_bind_parameter(at, &*text)?,
                    None => insert.raw_bind_parameter(at, text.other())?,
                }
            }
        }
        Ok(())
    }

    fn waits_for(&self, run: &Run) -> String {
        let program = self.program;
        match &run.state {
            State::Going => "nothing".into(),
            State::Predecessor => "the end of the rule above".into(),
            State::Queue => "the end of its run before".into(),
            State::Time(Some(_)) | State::Until(_) => "its time".into(),
            State::Time(None) => "a field that `at` reads".into(),
            State::Anew { .. } => "being asked anew, by another version of the program".into(),
            State::Opening(_) => "the next opening".into(),
            State::Outputs { outputs, .. } => {
                let names = outputs.iter().filter_map(|output| {
                    let output = program.outputs.get(output.index())?;
                    Some(format!("{}.{}", self.rule(output.rule), output.path))
                });
                format!("output {}", names.collect::<Vec<_>>().join(", "))
            }
            State::Event(wait) => {
                let events = program.code.waits.get(wait.wait.0 as usize).map(|wait| &wait.events[..]);
                let events = events.unwrap_or_default().iter().map(|pattern| self.pattern(pattern));
                events.collect::<Vec<_>>().join(" or ")
            }
            State::Answer { call, effect, .. } => {
                let call = program.code.calls.get(call.0 as usize);
                let action = call.map_or("action", |call| &program.schema.action(call.action).name);
                format!("answer of {action}, effect {effect}")
            }
        }
    }

    fn rule(&self, rule: RuleId) -> &str {
        self.program.rules.get(rule.index()).map_or("", |rule| &rule.path)
    }

    fn pattern(&self, pattern: &EventPattern) -> String {
        let event = |event: &crate::program::NamedEvent| {
            self.program.schema.events.get(event.event.index()).map_or(String::new(), |e| e.name.to_string())
        };
        match pattern {
            EventPattern::Named(named) => event(named),
            EventPattern::Change { .. } | EventPattern::AnyChange => "a change".into(),
            EventPattern::Count { count, event: named, .. } => format!("{count} {}", event(named)),
            EventPattern::Absence { event: named, .. } => format!("no {}", event(named)),
        }
    }
}

/// A name that is not taken yet, whatever its case.
fn unused(name: &str, taken: &mut HashSet<String>) -> String {
    let mut name = name.to_owned();
    // SQLite keeps names like these for itself.
    if name.to_lowercase().starts_with("sqlite_") {
        name.insert(0, '_');
    }
    while !taken.insert(name.to_lowercase()) {
        name.push('_');
    }
    name
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
