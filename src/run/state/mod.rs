//! The state file: all that a run must remember to go on where it stopped, in SQLite.
//!
//! Its tables are for people to query; what the engine goes on with is the exact state of each record, one blob in
//! `records`. Effects, records and positions are written in one transaction; only then the effects go to their output
//! (see [`output`]).

mod carry;
pub mod output;
mod place;
mod readable;
mod tables;
mod told;
mod versions;

use super::kept::{KeepError, Keeping, Remembered};
pub use carry::{Choices, Outlook};
pub use told::{Told, Wait, told};
pub use versions::{Prepared, VersionError, prepare};

use super::lines::Position;
use super::records::{Home, Records};
use crate::engine::record::Slot;
use crate::event::Subject;
use crate::program::Program;
use crate::program::file::ProgramHash;
use crate::value::{Text, digits};
use chrono::{DateTime, Utc};
use output::Output;
use place::Place;
use readable::Readable;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, params};
use siphasher::sip128::{Hasher128, SipHasher13};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

/// The version of the tables and of the engine's state in them.
pub const FORMAT_VERSION: u32 = 1;
/// What SQLite files of this kind say of themselves: `SGst`.
const APPLICATION_ID: i32 = 0x5347_7374;

/// How much of the file is held in memory. In KiB.
const CACHE: i64 = 1 << 16;
/// How large the pieces are in which a new file is written, and how much is written beside a file before it goes there.
const PAGE: i64 = 1 << 14;
const CHECKPOINT: i64 = 1 << 26;

/// Why a state file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateError(pub String);

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StateError {}

impl From<rusqlite::Error> for StateError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        let words = match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another run is using it: wait until that has ended, or end it"
            }
            Some(ErrorCode::NotADatabase) => "it is damaged, or no state file",
            Some(ErrorCode::DatabaseCorrupt) => "it is damaged",
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "it can only be read",
            Some(ErrorCode::DiskFull) => "the disk is full",
            Some(ErrorCode::CannotOpen) => "it cannot be opened, or its folder cannot be written",
            Some(ErrorCode::SystemIoFailure) => {
                "reading or writing it failed: the disk is full or failing, or files may not grow further"
            }
            _ => return StateError(error.to_string()),
        };
        StateError(words.into())
    }
}

fn error(message: impl Into<String>) -> StateError {
    StateError(message.into())
}

type Result<T> = std::result::Result<T, StateError>;

/// A state file, open, and locked for all others.
pub struct StateFile<'p> {
    connection: Connection,
    program: &'p Program,
    readable: Readable<'p>,
    /// By what name effects are kept until they are known to be written.
    output: String,
    place: Place,
    /// The records, until they are loaded.
    rows: Vec<carry::Row>,
    /// Another version of the program comes.
    change: Option<versions::Change>,
}

impl<'p> StateFile<'p> {
    /// Opens a state file, or begins one. Nothing is changed in one that cannot be used.
    ///
    /// # Errors
    /// It cannot be read or written, another run is using it, it is damaged, or it belongs to another program.
    pub fn open(path: &Path, program: &'p Program) -> Result<StateFile<'p>> {
        let prepared =
            prepare(path, program.clone(), &Choices::default()).map_err(|e| error(e.to_string()))?;
        if *prepared.program() != *program || !prepared.outlook().same {
            return Err(error("it belongs to another version of the program: see `prepare`"));
        }
        prepared.open(program)
    }

    /// Puts back all that was kept: the records, the stream's time at the last tick, and the time of a clock event that
    /// was under way.
    ///
    /// # Errors
    /// The file cannot be read, or what it holds is damaged.
    pub fn load(&mut self) -> Result<Remembered> {
        let mut records = Records::new(self.program);
        records.restore_clocks(self.instant("clock")?, self.instant("latest")?);
        for carry::Row { subject, slot, home, clock } in std::mem::take(&mut self.rows) {
            records.restore(subject, slot, home, clock);
        }
        let (ticked, moving_to) = (self.instant("ticked")?, self.instant("moving_to")?);
        Ok(Remembered { records, ticked, moving_to })
    }

    fn instant(&self, key: &str) -> Result<Option<DateTime<Utc>>> {
        let text = meta(&self.connection, key)?.filter(|text| !text.is_empty());
        text.map(|text| parse(&text).ok_or_else(|| error("the times in it are damaged"))).transpose()
    }

    /// How far an input has been read.
    ///
    /// # Errors
    /// Those of reading.
    pub fn position(&self, key: &str) -> Result<Position> {
        let mut statement =
            self.connection.prepare_cached("SELECT bytes, line, hash FROM inputs WHERE path = ?1")?;
        let found = statement
            .query_row([key], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        let Some((bytes, line, hash)) = found else { return Ok(Position::default()) };
        match (u64::try_from(bytes), u64::try_from(line), u128::from_str_radix(&hash, 16)) {
            (Ok(bytes), Ok(line), Ok(hash)) => Ok(Position { bytes, line, hash }),
            _ => Err(error("the positions in it are damaged")),
        }
    }

    /// Readies where effects go: what an earlier run may have left half written is put right.
    ///
    /// # Errors
    /// The file is not the one that was written, or cannot be.
    pub fn output(&mut self, path: Option<&Path>) -> Result<Output> {
        let key = path.map_or(Ok("-".to_owned()), |path| name_of(path).map_err(|e| error(e.to_string())))?;
        let mut lines = Vec::new();
        {
            let mut statement = self.connection.prepare("SELECT output, lines FROM outbox ORDER BY rowid")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (other, text): (String, &str) =
                    (row.get(0)?, row.get_ref(1)?.as_str().map_err(|_| error("it is damaged"))?);
                if other != key {
                    let other = if other == "-" { "standard output".into() } else { other };
                    return Err(error(format!(
                        "{} effects are not yet known to be in {other}: write there once more",
                        text.lines().count()
                    )));
                }
                lines.extend_from_slice(text.as_bytes());
            }
        }
        let known = self
            .connection
            .query_row("SELECT length, tail FROM outputs WHERE path = ?1", [&key], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let known = known.map(|(length, tail)| (u64::try_from(length).unwrap_or(0), tail));
        if known.is_none() {
            Output::check_new(path)?;
        }
        let (length, tail) = known.unwrap_or_default();
        if let Some(path) = path {
            output::check(path, length, &tail, &lines)?;
        }
        self.output = key;
        // Before the file is made: an own one must not be taken for somebody else's.
        self.confirm(&Output::of(length, tail.clone()), false)?;
        let mut output = Output::open(path, length, tail)?;
        output.write(&lines).map_err(|e| error(format!("the effects cannot be written: {e}")))?;
        self.confirm(&output, true)?;
        Ok(output)
    }

    /// Notes that all effects are where they belong.
    fn confirm(&mut self, output: &Output, written: bool) -> Result<()> {
        let transaction = self.connection.transaction()?;
        confirm(&transaction, &self.output, output, written)?;
        Ok(transaction.commit()?)
    }

    /// Keeps what has happened, then writes the effects.
    ///
    /// # Errors
    /// Those of writing; then nothing of it has been kept, or all but the effects' output.
    pub fn keep(&mut self, keeping: &Keeping<'_>, output: &mut Output) -> std::result::Result<(), KeepError> {
        self.commit(keeping, output).map_err(|e| KeepError::State(e.0))?;
        output.write(&keeping.batch.bytes).map_err(KeepError::Write)?;
        if keeping.settled && !keeping.batch.bytes.is_empty() {
            self.confirm(output, true).map_err(|e| KeepError::State(e.0))?;
        }
        Ok(())
    }

    fn commit(&mut self, keeping: &Keeping<'_>, output: &Output) -> Result<()> {
        self.place.check()?;
        let batch = keeping.batch;
        let transaction = self.connection.transaction()?;
        confirm(&transaction, &self.output, output, true)?;
        put_out(&transaction, &self.output, &batch.bytes)?;
        self.readable.visits(&transaction, &batch.visits)?;
        keep_records(&transaction, &self.readable, keeping.records, keeping.touched.iter())?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO inputs (path, bytes, line, hash) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for (path, position) in &batch.inputs {
                let (bytes, line) = (position.bytes as i64, position.line as i64);
                insert.execute(params![path, bytes, line, format!("{:032x}", position.hash)])?;
            }
        }
        for (key, value) in [
            ("clock", keeping.records.clock()),
            ("latest", keeping.records.latest()),
            ("ticked", keeping.ticked),
            ("moving_to", keeping.moving_to),
        ] {
            set_meta(&transaction, key, &value.map(show).unwrap_or_default())?;
        }
        Ok(transaction.commit()?)
    }
}

fn meta(connection: &Connection, key: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

fn check_form(connection: &Connection) -> Result<()> {
    let format = meta(connection, "format")?.and_then(|format| format.parse::<u32>().ok());
    if format != Some(FORMAT_VERSION) {
        let of = format.map_or("another version of stagegate".into(), |format| {
            format!("another version of stagegate (its form is {format}, this version's is {FORMAT_VERSION})")
        });
        return Err(error(format!("it was written by {of}")));
    }
    Ok(())
}

/// Opens a database and keeps all others out; gives how many tables it has.
fn connect(path: &Path, create: bool) -> Result<(Connection, i64)> {
    if path.is_dir() {
        return Err(error("it is a folder, not a file"));
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    // Before the first reading: then nobody else comes in between, as long as this is open.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    if connection.is_readonly("main")? {
        return Err(error("it can only be read"));
    }
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if tables > 0 && id != APPLICATION_ID {
        return Err(error("it is a database, but no state file"));
    }
    if tables == 0 {
        connection.pragma_update(None, "page_size", PAGE)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    // What one batch changes should fit, or it is written twice. In KiB.
    connection.pragma_update(None, "cache_size", -CACHE)?;
    // In pages; those of a file from before are smaller.
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT / page.max(1))?;
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
    let sound: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if sound != "ok" {
        return Err(error("it is damaged"));
    }
    Ok((connection, tables))
}

/// Makes the tables.
fn begin(connection: &mut Connection, program: &Program, readable: &Readable<'_>) -> Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(tables::SCHEMA)?;
    readable.create(&transaction)?;
    set_meta(&transaction, "format", &FORMAT_VERSION.to_string())?;
    let hash = what_runs(program).to_string();
    set_meta(&transaction, "program", &hash)?;
    let bytes = program.to_bytes().map_err(|e| error(e.to_string()))?;
    transaction.execute(
        "INSERT INTO programs (hash, bytes, first_used) VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
        params![hash, bytes],
    )?;
    Ok(transaction.commit()?)
}

fn set_meta(transaction: &Transaction<'_>, key: &str, value: &str) -> Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?;
    insert.execute([key, value])?;
    Ok(())
}

/// Notes how long the output is; `written`: with all effects kept so far.
fn confirm(transaction: &Transaction<'_>, name: &str, output: &Output, written: bool) -> Result<()> {
    if written {
        transaction.prepare_cached("DELETE FROM outbox")?.execute([])?;
    }
    let mut insert = transaction
        .prepare_cached("INSERT OR REPLACE INTO outputs (path, length, tail) VALUES (?1, ?2, ?3)")?;
    insert.execute(params![name, i64::try_from(output.length()).unwrap_or(i64::MAX), output.tail()])?;
    Ok(())
}

/// Keeps a partition of several records and its clock, once; gives its number.
fn partition(
    transaction: &Transaction<'_>,
    kept: &mut HashMap<Option<Text>, i64>,
    key: Option<Text>,
    clock: Option<DateTime<Utc>>,
) -> Result<i64> {
    if let Some(id) = kept.get(&key) {
        return Ok(*id);
    }
    let clock = clock.map(show);
    let mut find = transaction.prepare_cached("SELECT id FROM partitions WHERE key IS ?1")?;
    let id: Option<i64> = find.query_row([key.as_deref()], |row| row.get(0)).optional()?;
    let id = match id {
        Some(id) => {
            let mut update = transaction.prepare_cached("UPDATE partitions SET clock = ?2 WHERE id = ?1")?;
            update.execute(params![id, clock])?;
            id
        }
        None => {
            let mut insert =
                transaction.prepare_cached("INSERT INTO partitions (key, clock) VALUES (?1, ?2)")?;
            insert.execute(params![key.as_deref(), clock])?;
            transaction.last_insert_rowid()
        }
    };
    kept.insert(key, id);
    Ok(id)
}

/// Keeps records as they stand now.
fn keep_records<'s>(
    transaction: &Transaction<'_>,
    readable: &Readable<'_>,
    records: &Records,
    subjects: impl Iterator<Item = &'s Subject>,
) -> Result<()> {
    // In the order of the tables: what lies side by side is written once.
    let mut subjects: Vec<(String, &Subject)> =
        subjects.map(|subject| (readable.subject(subject), subject)).collect();
    subjects.sort_unstable();
    let mut partitions = HashMap::new();
    let mut statements = readable.statements(transaction)?;
    let mut keep = transaction.prepare_cached(
        "INSERT OR REPLACE INTO records (record, partition, clock, state) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut state = Vec::new();
    for (name, subject) in &subjects {
        let Some((slot, home, clock)) = records.at_home(subject) else { continue };
        let (partition, own) = match home {
            Home::Own => (None, clock.map(digits::instant)),
            Home::Shared => (Some(partition(transaction, &mut partitions, None, clock)?), None),
            Home::Named(key) => (Some(partition(transaction, &mut partitions, Some(key), clock)?), None),
        };
        state = pack(slot, state).ok_or_else(|| error(format!("{name} cannot be kept")))?;
        keep.execute(params![name, partition, own.as_deref(), state])?;
        readable.record(&mut statements, subject, name, slot, clock)?;
    }
    Ok(())
}

/// Keeps effects until they are known to be in their output.
fn put_out(transaction: &Transaction<'_>, output: &str, lines: &[u8]) -> Result<()> {
    if !lines.is_empty() {
        let mut insert = transaction.prepare_cached("INSERT INTO outbox (output, lines) VALUES (?1, ?2)")?;
        // They are taken for UTF-8 without being read; whoever reads them back looks.
        insert.execute(params![output, ToSqlOutput::Borrowed(ValueRef::Text(lines))])?;
    }
    Ok(())
}

/// The exact state of a record, in the room of another one: the version of its form, a checksum, and the state itself.
fn pack(slot: &Slot, mut room: Vec<u8>) -> Option<Vec<u8>> {
    const HEAD: usize = 20;
    room.clear();
    room.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    room.resize(HEAD, 0);
    let mut bytes = postcard::to_extend(slot, room).ok()?;
    let sum = checksum(&bytes[HEAD..]);
    bytes[4..HEAD].copy_from_slice(&sum);
    Some(bytes)
}

fn unpack(bytes: &[u8]) -> Option<Slot> {
    let (version, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, state) = rest.split_first_chunk::<16>()?;
    if u32::from_le_bytes(*version) != FORMAT_VERSION || *sum != checksum(state) {
        return None;
    }
    match postcard::take_from_bytes::<Slot>(state) {
        Ok((slot, [])) => Some(slot),
        _ => None,
    }
}

fn checksum(state: &[u8]) -> [u8; 16] {
    let mut hasher = SipHasher13::new();
    hasher.write(state);
    hasher.finish128().as_u128().to_le_bytes()
}

/// Whether a record is one of the program: every number in it names something.
fn fits(slot: &Slot, subject: &Subject, program: &Program) -> bool {
    let Slot::Living(record) = slot else { return true };
    let Some(entity) = program.schema.entities.get(subject.entity.index()) else { return false };
    let rule = |rule: crate::value::RuleId| rule.index() < program.rules.len();
    let place = record.place.is_none_or(|place| {
        program.stages.get(place.stage.index()).is_some_and(|stage| stage.pipeline == place.pipeline)
    });
    let runs = record.waiting.as_ref().is_none_or(|waiting| {
        waiting.runs.iter().all(|run| {
            let frame = run.frame.as_ref().is_none_or(|frame| {
                program.code.chunks.get(frame.chunk.0 as usize).is_some_and(|chunk| {
                    frame.registers.len() == chunk.registers.len() && (frame.pc as usize) < chunk.code.len()
                })
            });
            rule(run.rule) && frame
        })
    });
    record.subject == *subject && record.values.len() == entity.fields.len() && place && runs
}

/// Names what runs: the program without what only says where it stands in its text.
pub fn what_runs(program: &Program) -> ProgramHash {
    let mut program = program.clone();
    program.files.clear();
    let nowhere = crate::source::Span::new(crate::source::FileId(0), 0, 0);
    for trigger in &mut program.triggers {
        trigger.span = nowhere;
    }
    for rule in &mut program.rules {
        rule.span = nowhere;
    }
    for chunk in &mut program.code.chunks {
        chunk.spans.clear();
    }
    program.hash()
}

/// A file that has just been made is only safe when its name is on the disk too. Where folders cannot be written down by
/// themselves, they need not be.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// The name under which an input or output is kept.
///
/// # Errors
/// The folder is not there.
pub fn name_of(path: &Path) -> std::io::Result<String> {
    let whole = match path.canonicalize() {
        Ok(whole) => whole,
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
            path.file_name().map_or(folder.clone(), |name| folder.join(name))
        }
    };
    Ok(shown(whole))
}

fn shown(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap_or_else(|path| format!("{path:?}"))
}

/// Exactly, to the last digit.
fn show(time: DateTime<Utc>) -> String {
    digits::instant(time).to_owned()
}

fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}
