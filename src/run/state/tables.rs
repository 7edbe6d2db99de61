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
    "outbox",
    "visits",
    "visits_by_record",
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
CREATE TABLE records (record TEXT PRIMARY KEY, partition INTEGER, clock TEXT, state BLOB NOT NULL) WITHOUT ROWID;
-- The lines of effects that are not yet known to be in the output.
CREATE TABLE outbox (output TEXT NOT NULL, lines TEXT NOT NULL);
-- One by one.
CREATE VIEW effects AS
  SELECT json_extract(line.value, '$.id') AS id, json_extract(line.value, '$.subject') AS record,
    CAST(substr(json_extract(line.value, '$.id'), length(json_extract(line.value, '$.subject')) + 2) AS INTEGER) AS number,
    line.value AS json, outbox.output AS output
  FROM outbox, json_each('[' || replace(rtrim(outbox.lines, char(10)), char(10), ',') || ']') AS line;
-- Every coming of a record into a stage, and what brought it there: trigger, rule or event. Without stage it was deleted.
CREATE TABLE visits (
  record TEXT NOT NULL, pipeline TEXT, stage TEXT, entered_at TEXT NOT NULL, by TEXT NOT NULL, name TEXT, \"as\" TEXT
);
CREATE INDEX visits_by_record ON visits (record);
-- Where each record has been. Without left_at it is there.
CREATE VIEW stages AS
  SELECT record, pipeline, stage, entered_at, left_at, by, name, \"as\" FROM (
    SELECT *, lead(entered_at) OVER (PARTITION BY record ORDER BY rowid) AS left_at FROM visits
  ) WHERE stage IS NOT NULL;
-- What is waiting: rules that have not begun, bodies that have, silences of triggers and rules.
CREATE TABLE timers (
  record TEXT NOT NULL, n INTEGER NOT NULL, rule TEXT, since TEXT, due TEXT, waits_for TEXT NOT NULL,
  begun INTEGER NOT NULL, PRIMARY KEY (record, n)
) WITHOUT ROWID;
";
