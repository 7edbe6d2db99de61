//! Which program a state file belongs to, and what has to happen before another one can go on with it.

use super::carry::{Carrier, Choices, Outlook, Row};
use super::output::Output;
use super::place::Place;
use super::readable::Readable;
use super::{
    Result, StateError, StateFile, check_form, confirm, connect, error, fits, keep_records, meta, parse,
    put_out, set_meta, unpack, what_runs,
};
use crate::engine::effect::Effect;
use crate::engine::record::Slot;
use crate::event::Subject;
use crate::event::encode::Encoder;
use crate::program::Program;
use crate::program::link::names::{Renamed, stage_path};
use crate::program::link::{Earlier, Linked, Part, link};
use crate::program::verify::verify;
use crate::run::records::{Home, Records};
use crate::value::{EntityId, Text};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a program cannot go on with a state file.
#[derive(Debug)]
pub enum VersionError {
    State(StateError),
    /// What is said with choices does not fit.
    Choices(Vec<String>),
    /// Something in it cannot be carried over.
    Refused(Outlook),
}

impl From<StateError> for VersionError {
    fn from(error: StateError) -> Self {
        VersionError::State(error)
    }
}

impl From<rusqlite::Error> for VersionError {
    fn from(error: rusqlite::Error) -> Self {
        VersionError::State(error.into())
    }
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionError::State(error) => error.fmt(f),
            VersionError::Choices(wrong) => {
                f.write_str("what is said about its version does not fit")?;
                wrong.iter().try_for_each(|line| write!(f, "\n  {line}"))
            }
            VersionError::Refused(outlook) => {
                f.write_str(
                    "it belongs to another version of the program, and not everything in it can be carried over; nothing \
                     has been changed",
                )?;
                outlook.refused.iter().try_for_each(|line| write!(f, "\n  {line}"))
            }
        }
    }
}

impl std::error::Error for VersionError {}

/// An earlier version, as the file names it.
#[derive(Serialize, Deserialize)]
struct Kept {
    hash: String,
    #[serde(default)]
    renamed: Renamed,
}

/// A state file, looked through with the eyes of a program. Nothing has been changed yet.
pub struct Prepared {
    path: PathBuf,
    /// What runs: the program, with what bodies of earlier versions need behind it.
    program: Arc<Program>,
    /// `None`: the file is still to be begun.
    found: Option<Found>,
    /// An empty file, open.
    empty: Option<Connection>,
    outlook: Outlook,
}

struct Found {
    connection: Connection,
    rows: Vec<Row>,
    change: Option<Change>,
}

/// Another version comes.
pub(super) struct Change {
    old: Linked,
    new: Vec<Part>,
    earlier: Vec<Earlier>,
    renamed: Renamed,
    /// The program as a file.
    bytes: Vec<u8>,
    cancelled: Vec<Effect>,
}

/// Looks through a state file, if it is there, and works out how a program goes on with it.
///
/// # Errors
/// It cannot be read, another run is using it, it is damaged, or something in it cannot be carried over.
pub fn prepare(
    path: &Path,
    program: Program,
    choices: &Choices,
) -> std::result::Result<Prepared, VersionError> {
    let new = |empty: Option<Connection>, program: Program| {
        let outlook = Outlook { same: true, ..Outlook::default() };
        Prepared { path: path.to_owned(), program: Arc::new(program), found: None, empty, outlook }
    };
    if !path.exists() {
        return Ok(new(None, program));
    }
    let (connection, tables) = connect(path, false)?;
    if tables == 0 {
        return Ok(new(Some(connection), program));
    }
    check_form(&connection)?;
    let hash = what_runs(&program).to_string();
    let known = meta(&connection, "program")?.unwrap_or_default();
    let earlier = earlier(&connection)?;
    let too_large = |why: String| VersionError::State(error(why));
    if known != hash || !earlier.is_empty() {
        verify(&program).map_err(|e| error(format!("the program is damaged: {e}")))?;
    }
    let base = if known == hash { program.clone() } else { stored(&connection, &known)? };
    let old = link(base, &known, &earlier).map_err(too_large)?;
    let rows = rows(&connection, &old.program)?;
    let mut used = vec![false; old.parts.len()];
    let (mut records, mut bodies, mut older) = (0, 0, 0);
    for row in &rows {
        let Slot::Living(record) = &row.slot else { continue };
        records += 1;
        for run in record.waiting.iter().flat_map(|waiting| &waiting.runs) {
            let part = run.frame.as_ref().and_then(|frame| old.part_of(frame.chunk));
            if let Some(part) = part {
                used[part] = true;
                bodies += 1;
                older += usize::from(part > 0);
            }
        }
    }
    let still_needed = used.iter().skip(1).all(|used| *used);
    if known == hash && still_needed {
        let outlook = belongs(records, bodies, older);
        let found = Some(Found { connection, rows, change: None });
        return Ok(Prepared {
            path: path.to_owned(),
            program: Arc::new(old.program),
            found,
            empty: None,
            outlook,
        });
    }
    let same = known == hash;
    let choices = if same { &Choices::default() } else { choices };
    let resolved = choices.resolve(&old.program, &program).map_err(VersionError::Choices)?;
    // The versions that bodies still need, with all names that their stages have had since.
    let current =
        Earlier { hash: known, program: stored(&connection, &old.parts[0].hash)?, renamed: Renamed::new() };
    let needed = std::iter::once(current)
        .chain(earlier)
        .zip(&used)
        .filter(|(version, used)| **used && version.hash != hash);
    let earlier: Vec<Earlier> = needed
        .map(|(mut version, _)| {
            for at in 0..version.program.stages.len() {
                let before = stage_path(&version.program, crate::value::StageId(at as u16));
                let meanwhile = version.renamed.get(&before).unwrap_or(&before);
                if let Some(now) = resolved.renamed.get(meanwhile) {
                    version.renamed.insert(before, now.clone());
                }
            }
            version
        })
        .collect();
    let bytes = program.to_bytes().map_err(|e| error(e.to_string()))?;
    let new = link(program, &hash, &earlier).map_err(too_large)?;
    let mut carrier = Carrier::new(&old, &new, &resolved);
    let rows: Vec<Row> = rows.into_iter().filter_map(|row| carrier.row(row)).collect();
    let outlook = if same { belongs(records, bodies, older) } else { carrier.outlook() };
    if !outlook.refused.is_empty() {
        return Err(VersionError::Refused(outlook));
    }
    let cancelled = std::mem::take(&mut carrier.effects);
    drop(carrier);
    let change = Change { old, new: new.parts, earlier, renamed: resolved.renamed, bytes, cancelled };
    let found = Some(Found { connection, rows, change: Some(change) });
    Ok(Prepared { path: path.to_owned(), program: Arc::new(new.program), found, empty: None, outlook })
}

/// Of a file that belongs to the program.
fn belongs(records: usize, bodies: usize, older: usize) -> Outlook {
    let notes = match older {
        0 => Vec::new(),
        1 => vec!["1 body goes on with the earlier version it began with".to_owned()],
        _ => vec![format!("{older} bodies go on with the earlier versions they began with")],
    };
    Outlook { same: true, records, bodies, refused: Vec::new(), notes }
}

impl Prepared {
    /// What runs over it.
    pub fn program(&self) -> Arc<Program> {
        self.program.clone()
    }

    /// Whether there is nothing in it yet.
    pub fn is_new(&self) -> bool {
        self.found.is_none()
    }

    /// What will become of it.
    pub fn outlook(&self) -> &Outlook {
        &self.outlook
    }

    /// The state file for a run of [`Prepared::program`].
    ///
    /// # Errors
    /// It is new and cannot be made.
    pub fn open(self, program: &Program) -> Result<StateFile<'_>> {
        let readable = Readable::new(program);
        match self.found {
            Some(Found { connection, rows, change }) => {
                let place = Place::of(&connection);
                Ok(StateFile { connection, program, readable, output: String::new(), place, rows, change })
            }
            None => {
                let mut connection = match self.empty {
                    Some(connection) => connection,
                    None => match connect(&self.path, true)? {
                        (connection, 0) => connection,
                        _ => return Err(error("another run has just begun it")),
                    },
                };
                super::begin(&mut connection, program, &readable)?;
                super::sync_folder(&self.path);
                let (rows, change) = (Vec::new(), None);
                let place = Place::of(&connection);
                Ok(StateFile { connection, program, readable, output: String::new(), place, rows, change })
            }
        }
    }
}

/// A program that the file holds.
fn stored(connection: &Connection, hash: &str) -> Result<Program> {
    let bytes: Option<Vec<u8>> = connection
        .query_row("SELECT bytes FROM programs WHERE hash = ?1", [hash], |row| row.get(0))
        .optional()?;
    let bytes = bytes.ok_or_else(|| error("it is damaged: a version of its program is missing"))?;
    let program = Program::from_bytes(&bytes).map_err(|e| error(format!("of the program in it: {e}")))?;
    verify(&program).map_err(|e| error(format!("of the program in it: it is damaged: {e}")))?;
    Ok(program)
}

fn earlier(connection: &Connection) -> Result<Vec<Earlier>> {
    let Some(text) = meta(connection, "earlier")? else { return Ok(Vec::new()) };
    let kept: Vec<Kept> =
        serde_json::from_str(&text).map_err(|_| error("it is damaged: the versions of its program"))?;
    kept.into_iter()
        .map(|Kept { hash, renamed }| Ok(Earlier { program: stored(connection, &hash)?, hash, renamed }))
        .collect()
}

/// All records, by the numbers of a program.
fn rows(connection: &Connection, program: &Program) -> Result<Vec<Row>> {
    let mut statement = connection.prepare(
        "SELECT r.record, r.state, r.clock, p.key, p.id IS NOT NULL, p.clock \
         FROM records r LEFT JOIN partitions p ON p.id = r.partition ORDER BY r.record",
    )?;
    let mut found = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let name: String = row.get(0)?;
        let damaged = || error(format!("what it holds of {name} is damaged"));
        let slot = unpack(row.get_ref(1)?.as_blob().map_err(|_| damaged())?).ok_or_else(damaged)?;
        let Some(subject) = subject(program, &name) else {
            // A deleted one of an entity that is gone: its number is never given again.
            if matches!(slot, Slot::Deleted(_)) {
                continue;
            }
            return Err(damaged());
        };
        if !fits(&slot, &subject, program) {
            return Err(damaged());
        }
        let shared: bool = row.get(4)?;
        let (home, clock) = if shared {
            let key: Option<String> = row.get(3)?;
            (key.map_or(Home::Shared, |key| Home::Named(Text::from(&*key))), row.get::<_, Option<String>>(5)?)
        } else {
            (Home::Own, row.get(2)?)
        };
        let clock = clock.map(|clock| parse(&clock).ok_or_else(damaged)).transpose()?;
        rows.push(Row { subject, slot, home, clock });
    }
    Ok(rows)
}

fn subject(program: &Program, name: &str) -> Option<Subject> {
    let (entity, id) = name.split_once('/')?;
    let entity = program.schema.entities.iter().position(|e| &*e.wire_name == entity)?;
    Some(Subject { entity: EntityId(u16::try_from(entity).ok()?), id: id.into() })
}

impl StateFile<'_> {
    /// Makes the file that of another version, if that is what it was opened with: all in one transaction. Rules that
    /// are gone are cancelled, and their effects written.
    ///
    /// # Errors
    /// Those of writing; then nothing of it has been kept, or all but the effects' output.
    pub fn adopt(&mut self, records: &Records, output: &mut Output) -> Result<()> {
        let Some(change) = self.change.take() else { return Ok(()) };
        let encoder = Encoder::new(&change.old.program);
        let before = Readable::new(&change.old.program);
        let mut lines = Vec::new();
        let transaction = self.connection.transaction()?;
        confirm(&transaction, &self.output, output, true)?;
        for effect in &change.cancelled {
            let mut line = Vec::new();
            encoder.encode(effect, &mut line);
            lines.extend_from_slice(&line);
            lines.push(b'\n');
        }
        put_out(&transaction, &self.output, &lines)?;
        self.readable.replace(&before, &transaction)?;
        keep_records(&transaction, &self.readable, records, records.slots().map(|(subject, _)| subject))?;
        for (from, to) in &change.renamed {
            let (Some(from), Some(to)) = (from.split_once('.'), to.split_once('.')) else { continue };
            transaction.execute(
                "UPDATE visits SET pipeline = ?3, stage = ?4 WHERE pipeline = ?1 AND stage = ?2 \
                 AND rowid IN (SELECT max(rowid) FROM visits GROUP BY record)",
                [from.0, from.1, to.0, to.1],
            )?;
        }
        keep_versions(&transaction, &change)?;
        transaction.commit()?;
        output.write(&lines).map_err(|e| error(format!("the effects cannot be written: {e}")))?;
        if !lines.is_empty() {
            self.confirm(output, true)?;
        }
        Ok(())
    }
}

fn keep_versions(transaction: &Transaction<'_>, change: &Change) -> Result<()> {
    let hash = change.new.first().map_or("", |part| &part.hash);
    set_meta(transaction, "program", hash)?;
    transaction.execute(
        "INSERT OR IGNORE INTO programs (hash, bytes, first_used) VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
        params![hash, change.bytes],
    )?;
    let earlier = change.earlier.iter();
    let kept: Vec<Kept> =
        earlier.map(|v| Kept { hash: v.hash.clone(), renamed: v.renamed.clone() }).collect();
    let text = serde_json::to_string(&kept).map_err(|e| error(e.to_string()))?;
    set_meta(transaction, "earlier", &text)?;
    let mut statement = transaction.prepare("SELECT hash FROM programs")?;
    let known: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<std::result::Result<_, _>>()?;
    for other in known {
        if !change.new.iter().any(|part| part.hash == other) {
            transaction.execute("DELETE FROM programs WHERE hash = ?1", [other])?;
        }
    }
    Ok(())
}
