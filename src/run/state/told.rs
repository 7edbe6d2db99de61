//! What a state file tells people of one record: read from its tables, and nothing is changed.

use super::{APPLICATION_ID, Result, check_form, error, parse};
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;

/// What is kept of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub visits: Vec<Visit>,
    pub waits: Vec<Wait>,
    pub deleted: bool,
}

/// A stage in which it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub pipeline: String,
    pub stage: String,
    pub entered: Option<DateTime<Utc>>,
    pub left: Option<DateTime<Utc>>,
    /// `trigger`, `rule` or `event`
    pub by: String,
    /// The rule's path, the trigger's label.
    pub name: Option<String>,
    pub actor: Option<String>,
}

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    pub rule: Option<String>,
    pub due: Option<DateTime<Utc>>,
    /// In words.
    pub what: String,
    pub begun: bool,
}

/// What a state file holds of a record, `deal/D-1`; or the names of all that it holds.
///
/// # Errors
/// It cannot be read, a run is using it, or it is none.
pub fn told(path: &Path, record: &str) -> Result<std::result::Result<Told, Vec<String>>> {
    if !path.exists() {
        return Err(error("there is no such file"));
    }
    if path.is_dir() {
        return Err(error("it is a folder, not a file"));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Err(error("it is no state file"));
    }
    check_form(&connection)?;
    let known =
        connection.query_row("SELECT 1 FROM records WHERE record = ?1", [record], |_| Ok(())).optional()?;
    if known.is_none() {
        let mut all = connection.prepare("SELECT record FROM records ORDER BY record")?;
        let names = all.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        return Ok(Err(names));
    }
    let time = |text: Option<String>| text.as_deref().and_then(parse);
    let mut visits = connection.prepare(
        "SELECT pipeline, stage, entered_at, lead(entered_at) OVER (ORDER BY rowid), by, name, \"as\" FROM visits \
         WHERE record = ?1 ORDER BY rowid",
    )?;
    let visits = visits.query_map([record], |row| {
        let (Some(pipeline), Some(stage)) = (row.get(0)?, row.get(1)?) else { return Ok(None) };
        Ok(Some(Visit {
            pipeline,
            stage,
            entered: time(row.get(2)?),
            left: time(row.get(3)?),
            by: row.get(4)?,
            name: row.get(5)?,
            actor: row.get(6)?,
        }))
    })?;
    let mut visits = visits.collect::<rusqlite::Result<Vec<Option<Visit>>>>()?;
    // Its end stands there as a visit to nowhere.
    let deleted = matches!(visits.last(), Some(None));
    let visits: Vec<Visit> = visits.drain(..).flatten().collect();
    let mut waits = connection.prepare(
        "SELECT rule, due, waits_for, begun FROM timers WHERE record = ?1 ORDER BY due IS NULL, due, n",
    )?;
    let waits = waits.query_map([record], |row| {
        Ok(Wait { rule: row.get(0)?, due: time(row.get(1)?), what: row.get(2)?, begun: row.get(3)? })
    })?;
    let waits = waits.collect::<rusqlite::Result<Vec<Wait>>>()?;
    Ok(Ok(Told { visits, waits, deleted }))
}
