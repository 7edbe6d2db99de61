//! The tables that every state file has. Those of the entities follow from the program (see [`super::readable`]).

/// Names of tables that no entity's table may have.
pub const RESERVED: [&str; 13] = [
    "meta",
    "programs",
    "inputs",
    "outputs",
    "partitions",
    "records",
    "effects",
    "stages",
    "timers",
    "partitions_by_key",
    "stages_by_record",
    "timers_by_record",
    "timers_by_due",
];

pub const SCHEMA: &str = "
-- How far time has come, which program this belongs to.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- Every program that was used, compiled.
CREATE TABLE programs (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL, first_used TEXT NOT NULL);
-- How far each input has been read, and a hash of that part.
CREATE TABLE inputs (path TEXT PRIMARY KEY, bytes INTEGER NOT NULL, line INTEGER NOT NULL, hash TEXT NOT NULL);
-- How long each output is, and how it ends.
CREATE TABLE outputs (path TEXT PRIMARY KEY, length INTEGER NOT NULL, tail BLOB NOT NULL);
-- Partitions of several records: those with a `partitionkey`; without key that of all others, if references are read.
CREATE TABLE partitions (id INTEGER PRIMARY KEY, key TEXT, clock TEXT);
CREATE INDEX partitions_by_key ON partitions (key);
-- The exact state of each record, for the run itself.
CREATE TABLE records (record TEXT NOT NULL UNIQUE, partition INTEGER, clock TEXT, state BLOB NOT NULL);
-- Effects that are not yet known to be in the output.
CREATE TABLE effects (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, record TEXT NOT NULL, number INTEGER NOT NULL, json TEXT NOT NULL,
  output TEXT NOT NULL
);
-- Where each record has been, and what brought it there: trigger, rule or event. Without left_at it is there.
CREATE TABLE stages (
  record TEXT NOT NULL, pipeline TEXT NOT NULL, stage TEXT NOT NULL, entered_at TEXT NOT NULL, left_at TEXT,
  by TEXT NOT NULL, name TEXT, \"as\" TEXT
);
CREATE INDEX stages_by_record ON stages (record, left_at);
-- What is waiting: rules that have not begun, bodies that have, silences of triggers and rules.
CREATE TABLE timers (
  record TEXT NOT NULL, rule TEXT, since TEXT, due TEXT, waits_for TEXT NOT NULL, begun INTEGER NOT NULL
);
CREATE INDEX timers_by_record ON timers (record);
CREATE INDEX timers_by_due ON timers (due);
";
