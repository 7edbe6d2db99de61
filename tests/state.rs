//! A run over a state file: whatever stops it, the next one goes on as if nothing had happened.
#![cfg(feature = "state")]

#[path = "support/database.rs"]
mod database;
#[path = "support/folder.rs"]
mod folder;

use database::rows;
use folder::{Folder, stderr};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const RULES: &str = r#"
use crm
currency EUR
user anna "Anna"

pipeline Sales "Sales" for Deal {
  rule paid on invoice.paid overlap queue { wait 3 hours comment { text: "paid {event.invoice}" } }
  stage New "New" {
    rule welcome { notify { to: anna, text: "{title}: {amount}" } }
    rule chase after 2 days { comment { text: "still {stage}" } set probability = 10 }
    rule room {
      wait for invoice.paid at most 1 day else { comment { text: "nothing paid" } stop }
      comment { text: "room {event.invoice ?? "none"}" }
    }
  }
  stage Talk "Talk" {
    trigger on 2 invoice.paid within 3 days
    rule talk { comment { text: "talk" } wait 5 hours set probability = 50 }
  }
  stage Cold "Cold" {
    trigger on no invoice.paid for 4 days
  }
  success stage Won "Won" {
    trigger on invoice.paid(invoice: "I-7")
  }
}
"#;

/// A stream in time order over some records.
fn events(count: usize) -> String {
    let mut out = String::new();
    let begin = chrono::DateTime::parse_from_rfc3339("2026-03-02T10:00:00Z").expect("a time");
    let records = count / 8 + 1;
    for n in 0..count {
        let time = (begin + chrono::TimeDelta::minutes(17 * n as i64)).to_rfc3339();
        let (record, kind, data) = if n < records {
            let data = format!(r#""title":"Deal {n}","amount":"{n}.00 EUR","responsible":"anna""#);
            (n, "deal.created", data)
        } else {
            ((n * 7919) % records, "invoice.paid", format!(r#""invoice":"I-{}""#, n % 11))
        };
        let _ = writeln!(
            out,
            r#"{{"specversion":"1.0","id":"{n}","source":"/t","type":"{kind}","subject":"deal/D-{record}","time":"{time}","data":{{{data}}}}}"#
        );
    }
    out
}

/// A folder with a program and events.
struct Case(Folder);

impl std::ops::Deref for Case {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Case {
    fn new(count: usize) -> Self {
        Case(Folder::with(&[("sales.rules", RULES), ("events.jsonl", &events(count))]))
    }

    fn good(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        stderr(&output)
    }

    /// Runs what must not work: exit code 2 and what was said.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        let folder = self.root().canonicalize().expect("a folder");
        let said = stderr(&output)
            .replace(&folder.display().to_string(), "FOLDER")
            .replace(&self.root().display().to_string(), "FOLDER");
        regex::Regex::new("[0-9a-f]{12}").expect("a pattern").replace_all(&said, "HASH").into_owned()
    }

    /// The effects of a run without a state file.
    fn whole(&self) -> String {
        self.good(&["run", "sales.rules", "events.jsonl", "-o", "whole.jsonl"]);
        self.read("whole.jsonl")
    }
}

const STATE: [&str; 7] = ["run", "sales.rules", "events.jsonl", "--state", "sales.db", "-o", "out.jsonl"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    STATE.iter().copied().chain(more.iter().copied()).collect()
}

/// Each record's effects, in their order.
fn by_record(effects: &str) -> std::collections::BTreeMap<String, Vec<&str>> {
    let mut out: std::collections::BTreeMap<String, Vec<&str>> = Default::default();
    for line in effects.lines() {
        let json: serde_json::Value = serde_json::from_str(line).expect("an effect");
        out.entry(json["subject"].to_string()).or_default().push(line);
    }
    out
}

/// The names of the columns, and the rows.
fn query(path: &Path, sql: &str) -> String {
    let connection = rusqlite::Connection::open(path).expect("a database");
    let names = connection.prepare(sql).expect("a query").column_names().join(" | ");
    format!("{names}\n{}", rows(&connection, sql))
}

#[test]
fn a_run_with_a_state_file_gives_the_effects_of_one_without() {
    let case = Case::new(400);
    let whole = case.whole();
    case.good(&with(&[]));
    assert_eq!(case.read("out.jsonl"), whole);
    // Once more brings nothing: everything has been read, and has happened.
    let said = case.good(&with(&[]));
    assert!(said.starts_with("0 events, 0 effects"), "{said}");
    assert_eq!(case.read("out.jsonl"), whole);
    for batch in ["1", "7"] {
        let db = format!("{batch}.db");
        let out = format!("{batch}.jsonl");
        case.good(&["run", "sales.rules", "events.jsonl", "--state", &db, "-o", &out, "--batch", batch]);
        assert_eq!(case.read(&out), whole);
    }
}

#[test]
fn a_file_that_grows_is_read_on_and_several_are() {
    let case = Case::new(120);
    let all = case.read("events.jsonl");
    let whole = case.whole();
    let lines: Vec<&str> = all.split_inclusive('\n').collect();
    case.file("events.jsonl", "");
    for part in lines.chunks(17) {
        let text = case.read("events.jsonl") + &part.concat();
        case.file("events.jsonl", text);
        case.good(&with(&[]));
    }
    assert_eq!(by_record(&case.read("out.jsonl")), by_record(&whole));
    // As files of their own, one after the other.
    for (n, part) in lines.chunks(50).enumerate() {
        let name = format!("part{n}.jsonl");
        case.file(&name, part.concat());
        case.good(&["run", "sales.rules", &name, "--state", "parts.db", "-o", "parts.jsonl"]);
    }
    assert_eq!(by_record(&case.read("parts.jsonl")), by_record(&whole));
}

#[test]
fn a_line_that_is_half_written_waits_for_its_end() {
    let case = Case::new(60);
    let whole = case.whole();
    let all = case.read("events.jsonl");
    for cut in [1, all.len() / 3, all.len() / 2 + 5, all.len() - 2, all.len() - 1] {
        case.file("events.jsonl", &all[..cut]);
        let said = case.good(&with(&[]));
        assert!(!said.contains("(not-json)"), "{said}");
    }
    case.file("events.jsonl", &all);
    case.good(&with(&[]));
    assert_eq!(by_record(&case.read("out.jsonl")), by_record(&whole));
}

fn start(case: &Case, args: &[&str]) -> Child {
    case.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts")
}

/// At least fifty times a run is killed at some moment; what the last one leaves is what one that was never killed gives.
#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let case = Case::new(3_000);
    let whole = case.whole();
    let args = with(&["--batch", "20"]);
    let (mut kills, mut random, mut rounds) = (0, 0x2545_F491_4F6C_DD1D_u64, 0);
    while kills < 50 {
        rounds += 1;
        for name in ["sales.db", "sales.db-wal", "out.jsonl"] {
            let _ = std::fs::remove_file(case.path(name));
        }
        loop {
            let mut child = start(&case, &args);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            std::thread::sleep(Duration::from_micros(random % 90_000));
            match child.try_wait().expect("a child") {
                Some(status) => {
                    assert_eq!(status.code(), Some(0));
                    break;
                }
                None => {
                    child.kill().expect("it can be killed");
                    child.wait().expect("it ends");
                    kills += 1;
                }
            }
            if kills >= 60 {
                case.good(&args);
                break;
            }
        }
        assert!(case.read("out.jsonl") == whole, "after {kills} kills in {rounds} rounds the effects differ");
    }
}

#[test]
fn what_is_only_half_in_the_output_is_written_again() {
    let case = Case::new(200);
    let whole = case.whole();
    case.good(&with(&[]));
    // As a kill between the commit and the writing leaves it.
    let cut = whole.lines().take(whole.lines().count() - 3).map(|line| line.len() + 1).sum::<usize>();
    for half in [cut, cut + 20, whole.len() - 1] {
        {
            let connection = rusqlite::Connection::open(case.path("sales.db")).expect("a database");
            let insert = "INSERT INTO outbox (output, lines) VALUES ((SELECT path FROM outputs), ?1)";
            connection.execute(insert, [&whole[cut..]]).expect("effects");
            let tail = &whole.as_bytes()[cut - 256..cut];
            connection
                .execute("UPDATE outputs SET length = ?1, tail = ?2", (cut as i64, tail))
                .expect("a length");
        }
        case.file("out.jsonl", &whole[..half]);
        case.good(&with(&[]));
        assert_eq!(case.read("out.jsonl"), whole);
    }
}

#[test]
fn one_run_at_a_time() {
    let case = Case::new(20);
    let args = ["run", "sales.rules", "-", "--state", "sales.db", "-o", "out.jsonl"];
    let mut first = case
        .command(&args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut stdin = first.stdin.take().expect("a pipe");
    stdin.write_all(case.read("events.jsonl").as_bytes()).expect("a pipe");
    // What is read is kept before more is waited for.
    while !std::fs::metadata(case.path("out.jsonl")).is_ok_and(|out| out.len() > 0) {
        std::thread::sleep(Duration::from_millis(5));
    }
    insta::assert_snapshot!(case.refused(&STATE));
    drop(stdin);
    assert!(first.wait().expect("it ends").success());
    // Its whole input is read again, by what a record remembers: nothing happens twice.
    case.good(&with(&[]));
}

#[test]
fn what_cannot_be_used_is_said_and_touched_by_nobody() {
    let case = Case::new(100);
    let whole = case.whole();
    case.good(&with(&[]));
    let good = std::fs::read(case.path("sales.db")).expect("a file");
    let mut said = String::new();
    let mut refused = |what: &str, args: &[&str]| {
        let _ = writeln!(said, "{what}\n  {}", case.refused(args).trim_end().replace('\n', "\n  "));
    };

    case.file(
        "sales.db",
        b"no database at all, but long enough to be taken for one, if only at the very first sight",
    );
    refused("no database", &STATE);
    let mut bytes = good.clone();
    for at in (4096..bytes.len()).step_by(512) {
        bytes[at..at + 64].fill(0xA5);
    }
    case.file("sales.db", &bytes);
    refused("damaged", &STATE);
    case.file("sales.db", &good[..good.len() / 2]);
    refused("cut off", &STATE);
    case.file("sales.db", &good);
    let other = rusqlite::Connection::open(case.path("other.db")).expect("a database");
    other.execute_batch("CREATE TABLE t (x)").expect("a table");
    drop(other);
    refused(
        "another database",
        &["run", "sales.rules", "events.jsonl", "--state", "other.db", "-o", "o.jsonl"],
    );
    refused("a folder", &["run", "sales.rules", "events.jsonl", "--state", ".", "-o", "o.jsonl"]);
    refused("no folder", &["run", "sales.rules", "events.jsonl", "--state", "no/sales.db", "-o", "o.jsonl"]);
    refused(
        "other output there",
        &["run", "sales.rules", "events.jsonl", "--state", "new.db", "-o", "out.jsonl"],
    );
    refused("same file", &["run", "sales.rules", "events.jsonl", "--state", "sales.db", "-o", "sales.db"]);
    refused(
        "twice",
        &["run", "sales.rules", "events.jsonl", "events.jsonl", "--state", "sales.db", "-o", "out.jsonl"],
    );
    refused("events as state", &["run", "sales.rules", "events.jsonl", "--state", "events.jsonl"]);

    case.file("out.jsonl", &whole[..whole.len() - 10]);
    refused("output cut off", &STATE);
    case.file("out.jsonl", whole.clone() + "mine\n");
    refused("output written to", &STATE);
    case.file("out.jsonl", format!("{}{}\n", &whole[..whole.len() - 9], "x".repeat(8)));
    refused("output changed", &STATE);
    std::fs::remove_file(case.path("out.jsonl")).expect("a file");
    refused("output gone", &STATE);
    case.file("out.jsonl", &whole);

    let events = case.read("events.jsonl");
    case.file("events.jsonl", events.replace("Deal 3", "Deal 4"));
    refused("other events", &STATE);
    case.file("events.jsonl", &events[..events.len() / 2]);
    refused("fewer events", &STATE);
    case.file("events.jsonl", &events);

    case.file("sales.rules", RULES.replace("stage Talk", "stage Speak"));
    refused("another program", &STATE);
    // What changes nothing is no other program.
    case.file("sales.rules", format!("# a comment\n\n{}", RULES.replace("  rule", "      rule")));
    case.good(&with(&[]));
    assert_eq!(case.read("out.jsonl"), whole);
    insta::assert_snapshot!(said);
}

/// A limit on how large files may grow is what a full disk is.
#[test]
#[cfg(unix)]
fn a_full_disk_loses_nothing() {
    let case = Case::new(2_000);
    let whole = case.whole();
    let mut failed = 0;
    // In blocks of 512 or 1024 bytes, as the shell likes.
    for limit in [4, 40, 120, 200, 300, 400, 600, 900, 1_300] {
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_stagegate")])
            .args(with(&["--batch", "50"]))
            .current_dir(case.root())
            .output()
            .expect("a shell");
        if !output.status.success() {
            failed += 1;
            assert_eq!(output.status.code(), Some(2), "{limit}: {}", stderr(&output));
            assert!(stderr(&output).contains("error: cannot "), "{limit}: {}", stderr(&output));
        }
    }
    assert!(failed >= 3, "{failed}");
    case.good(&with(&[]));
    assert!(case.read("out.jsonl") == whole);
}

/// Whoever may write everything is kept from it by a file system that can only be read: everybody has one.
#[test]
#[cfg(target_os = "linux")]
fn a_file_that_can_only_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::new(20);
    let whole = case.whole();
    case.good(&with(&[]));
    let path = case.path("sales.db");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("permissions");
    let superuser = std::fs::File::options().write(true).open(&path).is_ok();
    let said = if superuser {
        // In a space of its own, where the folder can only be read.
        let output = Command::new("unshare")
            .args([
                "--mount",
                "sh",
                "-c",
                "mount --bind . . && mount -o remount,bind,ro . && cd \"$PWD\" && exec \"$0\" \"$@\"",
            ])
            .arg(env!("CARGO_BIN_EXE_stagegate"))
            .args(STATE)
            .current_dir(case.root())
            .output();
        match output {
            Ok(output) if stderr(&output).starts_with("error: ") => {
                assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
                stderr(&output)
            }
            // A closed-off machine: a file of the system's own that nobody can write.
            _ => case.refused(&["run", "sales.rules", "events.jsonl", "--state", "/proc/version"]),
        }
    } else {
        case.refused(&STATE)
    };
    assert!(said.starts_with("error: cannot use the state file "), "{said}");
    assert!(said.contains("it can only be read") || said.contains("cannot be opened"), "{said}");
    assert_eq!(case.read("out.jsonl"), whole);
}

#[test]
fn people_can_query_it() {
    let case = Case::new(40);
    let events = case.read("events.jsonl")
        + r#"{"specversion":"1.0","type":"deal.deleted","subject":"deal/D-3","source":"/t","id":"x","time":"2026-03-03T12:00:00Z"}"#
        + "\n";
    case.file("events.jsonl", events);
    case.good(&with(&[]));
    let db = case.path("sales.db");
    let mut shown = String::new();
    for sql in [
        "SELECT id, pipeline, stage, stage_entered_at, deleted, title, amount, probability, responsible FROM deal ORDER BY id",
        "SELECT * FROM stages ORDER BY record, entered_at",
        "SELECT * FROM timers ORDER BY due IS NULL, due, record, rule LIMIT 14",
        "SELECT count(*) AS effects FROM effects",
        "SELECT key, value FROM meta WHERE key <> 'program'",
        "SELECT bytes > 0 AS some, line, length(hash) AS hash FROM inputs",
        "SELECT count(*) AS programs FROM programs",
    ] {
        let _ = writeln!(shown, "{sql}\n{}", query(&db, sql));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn effects_on_standard_output_come_at_least_once() {
    let case = Case::new(50);
    let whole = case.whole();
    let args = ["run", "sales.rules", "events.jsonl", "--state", "sales.db"];
    let first = case.run(&args);
    assert_eq!(String::from_utf8_lossy(&first.stdout), whole);
    assert!(case.run(&args).stdout.is_empty());
}

#[test]
fn a_rejected_line_that_ends_the_run_is_read_again() {
    let case = Case::new(30);
    let events = case.read("events.jsonl");
    let lines: Vec<&str> = events.lines().collect();
    let broken = format!("{}\n{{}}\n{}\n", lines[..10].join("\n"), lines[10..].join("\n"));
    case.file("events.jsonl", broken);
    let args = with(&["--on-error", "stop", "--rejected", "bad.jsonl"]);
    for _ in 0..2 {
        assert_eq!(case.run(&args).status.code(), Some(1));
    }
    assert_eq!(case.read("bad.jsonl").lines().count(), 2);
    // It has not been read, so it can be put right.
    case.file("events.jsonl", &events);
    case.good(&args);
    assert_eq!(by_record(&case.read("out.jsonl")), by_record(&case.whole()));
}

#[test]
fn check_says_what_another_program_does_not_know() {
    let case = Case::new(60);
    case.good(&with(&[]));
    let check = ["check", "sales.rules", "--state", "sales.db"];
    let mut said = case.good(&check);
    let other = RULES.replace("Talk", "Speak").replace("rule paid", "rule payed");
    case.file("sales.rules", other);
    let output = case.run(&check);
    assert_eq!(output.status.code(), Some(1));
    said += &stderr(&output);
    case.file("sales.rules", RULES);
    case.good(&with(&[]));
    insta::assert_snapshot!(said);
}

/// Whoever reads only one file of two first, or the other, goes on with each from its own place.
#[test]
fn files_may_come_in_another_order() {
    let case = Case::new(160);
    let all = case.read("events.jsonl");
    let even = |line: &&str| {
        let json: serde_json::Value = serde_json::from_str(line).expect("an event");
        let subject = json["subject"].as_str().expect("a subject");
        subject.ends_with(['0', '2', '4', '6', '8'])
    };
    let (first, second): (Vec<&str>, Vec<&str>) = all.split_inclusive('\n').partition(even);
    let run = |order: [&str; 2], more: &[&str]| {
        let args = [&["run", "sales.rules", order[0], order[1]], more].concat();
        case.good(&args)
    };
    let state = ["--state", "two.db", "-o", "two.jsonl"];
    // What stands in the first half of both happened before the rest of both.
    let half = |lines: &[&str]| lines[..lines.len() / 2].concat();
    case.file("a.jsonl", half(&first));
    case.file("b.jsonl", half(&second));
    run(["a.jsonl", "b.jsonl"], &state);
    case.file("a.jsonl", first.concat());
    case.file("b.jsonl", second.concat());
    let said = run(["b.jsonl", "a.jsonl"], &state);
    let rest = first.len() + second.len() - first.len() / 2 - second.len() / 2;
    assert!(said.starts_with(&format!("{rest} events")), "{said}");
    assert!(run(["a.jsonl", "b.jsonl"], &state).starts_with("0 events, 0 effects"));
    assert_eq!(by_record(&case.read("two.jsonl")), by_record(&case.whole()));
}

/// What comes on standard input has no place to go on from; the records are the same.
#[test]
fn standard_input_goes_on_with_the_same_records() {
    let case = Case::new(120);
    let all = case.read("events.jsonl");
    let args = ["run", "sales.rules", "-", "--state", "pipe.db", "-o", "pipe.jsonl"];
    for part in all.split_inclusive('\n').collect::<Vec<_>>().chunks(50) {
        let mut run =
            case.command(&args).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        run.stdin.take().expect("a pipe").write_all(part.concat().as_bytes()).expect("a pipe");
        assert!(run.wait().expect("it ends").success());
    }
    assert_eq!(by_record(&case.read("pipe.jsonl")), by_record(&case.whole()));
    // The last lines once more: a record knows its last events.
    let last: String = all.split_inclusive('\n').skip(110).collect();
    let mut run =
        case.command(&args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    run.stdin.take().expect("a pipe").write_all(last.as_bytes()).expect("a pipe");
    let said = stderr(&run.wait_with_output().expect("it ends"));
    assert!(said.starts_with("10 events, 0 effects") && said.contains("10 duplicates"), "{said}");
}

/// A state file that somebody removes under a run would be lost without a word at its end.
#[test]
#[cfg(unix)]
fn a_state_file_that_is_removed_under_the_run_ends_it() {
    let case = Case::new(60);
    let all = case.read("events.jsonl");
    let lines: Vec<&str> = all.split_inclusive('\n').collect();
    let args = ["run", "sales.rules", "-", "--state", "sales.db", "-o", "out.jsonl"];
    let mut run =
        case.command(&args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = run.stdin.take().expect("a pipe");
    stdin.write_all(lines[..30].concat().as_bytes()).expect("a pipe");
    while !std::fs::metadata(case.path("out.jsonl")).is_ok_and(|out| out.len() > 0) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::remove_file(case.path("sales.db")).expect("a file");
    stdin.write_all(lines[30..].concat().as_bytes()).expect("a pipe");
    drop(stdin);
    let output = run.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("it was removed or replaced while this run used it"),
        "{}",
        stderr(&output)
    );
}
