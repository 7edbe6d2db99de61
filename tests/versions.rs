//! Another version of a program over a state file: what is carried over, what is refused, and which bodies go on as they
//! began.
#![cfg(feature = "state")]

#[path = "support/database.rs"]
mod database;
#[path = "support/folder.rs"]
mod folder;

use database::rows;
use folder::Folder;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A case: a folder with a state file, and versions of a program that run over it one after the other.
struct Case {
    folder: Folder,
    events: std::cell::RefCell<String>,
}

const HEAD: &str = r#"
# stagegate: allow(unused)
use crm
currency EUR
user anna "Anna"
enum Origin { web "Web", fax "Fax", shop "Shop" }
type Tag "Tag"
event bell.rang "Bell" on Deal { note: text? }
"#;

impl Case {
    fn new() -> Self {
        Case { folder: Folder::new(), events: Default::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    fn output(&self) -> String {
        std::fs::read_to_string(self.path("out.jsonl")).unwrap_or_default()
    }

    /// `D-1 12:00 deal.created {…}`, of March 2026; the day may stand before the time: `3T12:00`.
    fn send(&self, lines: &[&str]) {
        let mut events = self.events.borrow_mut();
        for line in lines {
            let mut parts = line.splitn(4, ' ');
            let mut next = || parts.next().unwrap_or_default();
            let (record, time, kind, data) = (next(), next(), next(), next());
            let (day, time) = time.split_once('T').unwrap_or(("2", time));
            let number = events.lines().count();
            let data = if data.is_empty() { "{}" } else { data };
            let data = data.replacen(r#"{"title""#, r#"{"responsible":"anna","title""#, 1);
            let subject =
                if record == "-" { String::new() } else { format!(r#""subject":"deal/{record}","#) };
            let _ = writeln!(
                events,
                r#"{{"specversion":"1.0","id":"{number}","source":"/t","type":"{kind}",{subject}"time":"2026-03-{day:0>2}T{time}:00Z","data":{data}}}"#
            );
        }
        std::fs::write(self.path("events.jsonl"), &*events).expect("a file");
    }

    fn program(&self, rules: &str) {
        std::fs::write(self.path("sales.rules"), format!("{HEAD}{rules}")).expect("a file");
    }

    fn run_with(&self, rules: &str, more: &[&str]) -> Output {
        self.program(rules);
        let mut args = vec!["run", "sales.rules", "events.jsonl", "--state", "sales.db", "-o", "out.jsonl"];
        args.extend(more);
        self.folder.run(&args)
    }

    fn check_with(&self, rules: &str, more: &[&str]) -> Output {
        self.program(rules);
        let mut args = vec!["check", "sales.rules", "--state", "sales.db"];
        args.extend(more);
        self.folder.run(&args)
    }

    /// Runs what must work; gives what was said and the effects that it brought.
    fn run(&self, rules: &str, more: &[&str]) -> String {
        let before = self.output();
        let output = self.run_with(rules, more);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let after = self.output();
        assert!(!said(&output).contains("rejected"), "{}", said(&output));
        let new = after.strip_prefix(&*before).expect("the output is continued");
        format!("{}{}", said(&output), effects(new))
    }

    /// What `check` says, then what the run says; nothing may have changed if that refuses.
    fn both(&self, rules: &str, more: &[&str]) -> String {
        let before = std::fs::read(self.path("sales.db")).expect("a file");
        let check = self.check_with(rules, more);
        let mut text = format!("check: {}{}", code(&check), said(&check));
        assert_eq!(tables(&self.path("sales.db")), tables_of(&before), "check changes nothing");
        let output = self.output();
        let run = self.run_with(rules, more);
        let _ = write!(text, "run: {}{}", code(&run), said(&run));
        assert_eq!(check.status.success(), run.status.success(), "{text}");
        if !run.status.success() {
            assert_eq!(tables(&self.path("sales.db")), tables_of(&before), "a refusal changes nothing");
            assert_eq!(self.output(), output);
        }
        text + &effects(&self.output()[output.len()..])
    }

    fn query(&self, sql: &str) -> String {
        let connection = rusqlite::Connection::open(self.path("sales.db")).expect("a database");
        rows(&connection, sql)
    }
}

fn code(output: &Output) -> String {
    format!("exit {}\n", output.status.code().unwrap_or(-1))
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines =
        text.lines().filter(|line| !line.starts_with("no errors in") && !line.contains(" rejected, "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Effects in short.
fn effects(lines: &str) -> String {
    let mut text = String::new();
    for line in lines.lines() {
        let effect: serde_json::Value = serde_json::from_str(line).expect("an effect");
        let word = |key: &str| effect[key].as_str().unwrap_or_default().to_owned();
        let kind = word("type").replace("stagegate.", "");
        let _ = writeln!(text, "{} {} {kind} {}", &word("time")[8..16], word("id"), effect["data"]);
    }
    text
}

/// All that stands in a state file.
fn tables(path: &std::path::Path) -> String {
    let connection = rusqlite::Connection::open(path).expect("a database");
    let names = rows(&connection, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    names
        .lines()
        .map(|name| format!("{name}\n{}", rows(&connection, &format!("SELECT * FROM \"{name}\""))))
        .collect()
}

fn tables_of(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("copy.db");
    std::fs::write(&path, bytes).expect("a file");
    tables(&path)
}

const FIRST: &str = r#"
extend Deal { origin: Origin?, notes: text?, weight: int?, tag: Tag? }
pipeline Sales "Sales" for Deal {
  stage New "New" {
    rule welcome { comment { text: "welcome {title}" } wait 2 days comment { text: "first: {origin ?? "unknown"}" } }
    rule chase after 3 days { comment { text: "chase" } }
  }
  stage Talk "Talk" {
    trigger on 2 bell.rang within 5 days
    trigger on no bell.rang for 10 days
    rule listen { wait for bell.rang comment { text: "heard {event.note ?? "nothing"}" } }
    then rule after_listen { comment { text: "after" } }
    rule once_only once { comment { text: "once" } }
  }
  success stage Won "Won" { trigger on invoice.paid }
}
"#;

/// Two records in New, one in Talk, all with bodies that wait.
fn begun() -> Case {
    let case = Case::new();
    case.send(&[
        r#"D-1 08:00 deal.created {"title":"One","amount":"1 EUR","origin":"web","notes":"old","weight":3}"#,
        r#"D-2 08:00 deal.created {"title":"Two","amount":"2 EUR","origin":"fax"}"#,
        r#"D-3 08:00 deal.created {"title":"Three","amount":"3 EUR"}"#,
        "D-3 09:00 deal.moved {\"stage\":\"Talk\"}",
    ]);
    case.run(FIRST, &[]);
    case
}

#[test]
fn a_stage_that_is_gone_needs_a_word() {
    let case = begun();
    let second = FIRST.replace("stage Talk \"Talk\"", "stage Speak \"Speak\"");
    let mut text = String::new();
    for more in [
        &[][..],
        &["--map-stage", "Tolk=Speak"],
        &["--map-stage", "Talk=Speek"],
        &["--map-stage", "New=Speak"],
        &["--map-stage", "Talk"],
        &["--map-stage", "Talk=Speak", "--map-stage", "Talk=New"],
        &["--map-stage", "Talk=Speak"],
        // The same command once more.
        &["--map-stage", "Talk=Speak"],
    ] {
        let _ = writeln!(text, "--- {more:?}\n{}", case.both(&second, more));
    }
    case.send(&["D-3 3T08:00 bell.rang {\"note\":\"ding\"}", "- 4T08:00 stagegate.clock"]);
    let _ = writeln!(text, "--- then\n{}", case.run(&second, &[]));
    text += &case.query("SELECT record, stage, left_at FROM stages ORDER BY record, entered_at");
    text += &case.query("SELECT id, stage FROM deal ORDER BY id");
    insta::assert_snapshot!(text);
}

#[test]
fn what_waits_belongs_to_the_new_version_and_what_has_begun_to_the_old_one() {
    let case = begun();
    // The body of `welcome` says other things, `chase` comes sooner and says others.
    let second = FIRST.replace("welcome {title}", "hello {title}").replace("first: ", "second: ").replace(
        "after 3 days { comment { text: \"chase\" } }",
        "after 1 day { comment { text: \"hurry\" } }",
    );
    let mut text = case.both(&second, &[]);
    text += &case.query("SELECT record, rule, due, waits_for, begun FROM timers ORDER BY record, rule");
    case.send(&[
        r#"D-4 08:30 deal.created {"title":"Four","amount":"4 EUR","origin":"shop"}"#,
        "- 5T12:00 stagegate.clock",
    ]);
    let _ = writeln!(text, "--- time passes\n{}", case.run(&second, &[]));
    // Nothing of the first version is needed any more.
    let _ = writeln!(text, "programs: {}", case.query("SELECT count(*) FROM programs"));
    case.send(&["D-3 6T08:00 bell.rang"]);
    case.run(&second, &[]);
    case.run(&second, &[]);
    let _ = writeln!(text, "programs: {}", case.query("SELECT count(*) FROM programs"));
    insta::assert_snapshot!(text);
}

#[test]
fn a_rule_that_is_gone_is_cancelled_and_its_body_ends_as_it_began() {
    let case = begun();
    let second = FIRST
        .replace("rule chase after 3 days { comment { text: \"chase\" } }", "")
        .replace("rule welcome {", "rule other {")
        .replace("rule listen { wait for bell.rang comment", "rule hear { wait for bell.rang comment");
    let mut text = case.both(&second, &[]);
    text += &case.query("SELECT record, rule, due, waits_for, begun FROM timers ORDER BY record, rule");
    case.send(&[
        "D-3 4T08:30 bell.rang {\"note\":\"ding\"}",
        "D-1 4T09:00 deal.moved {\"stage\":\"Won\"}",
        "- 9T08:00 stagegate.clock",
    ]);
    let _ = writeln!(text, "--- then\n{}", case.run(&second, &[]));
    insta::assert_snapshot!(text);
}

#[test]
fn fields_come_and_go_and_change() {
    let case = begun();
    let mut text = String::new();
    let extended =
        |fields: &str| FIRST.replace("origin: Origin?, notes: text?, weight: int?, tag: Tag?", fields);
    for (what, rules, more) in [
        (
            "one more",
            extended("origin: Origin?, notes: text?, weight: int?, tag: Tag?, extra: text = \"x\""),
            &[][..],
        ),
        (
            "gone, without values",
            extended("origin: Origin?, notes: text?, weight: int?, extra: text = \"x\""),
            &[],
        ),
        ("gone, with values", extended("origin: Origin?, weight: int?"), &[]),
        ("nothing to forget", extended("origin: Origin?, weight: int?"), &["--drop-field", "Deal.noets"]),
        ("it stays", extended("origin: Origin?, weight: int?"), &["--drop-field", "Deal.weight"]),
        (
            "forgotten",
            extended("origin: Origin?, weight: int?"),
            &["--drop-field", "Deal.notes", "--drop-field", "Deal.extra"],
        ),
        ("wider", extended("origin: Origin?, weight: decimal?"), &[]),
        ("another type", extended("origin: Origin?, weight: text?"), &[]),
        ("required", extended("origin: Origin?, weight: decimal?, region: text"), &[]),
        ("required now", extended("origin: Origin, weight: decimal?"), &[]),
        ("a default", extended("origin: Origin = shop, weight: list of decimal?"), &[]),
    ] {
        let _ = writeln!(text, "--- {what}\n{}", case.both(&rules, more));
    }
    text += &case.query("SELECT id, origin, weight FROM deal ORDER BY id");
    insta::assert_snapshot!(text);
}

#[test]
fn a_value_of_an_enum_that_is_gone() {
    let case = begun();
    let two = HEAD.replace("fax \"Fax\", ", "");
    let rules = FIRST.to_owned();
    let program =
        |head: &str| std::fs::write(case.path("sales.rules"), format!("{head}{rules}")).expect("a file");
    let state = ["--state", "sales.db"];
    let run = |more: &[&str]| {
        program(&two);
        let mut args = vec!["run", "sales.rules", "events.jsonl", "-o", "out.jsonl"];
        args.extend(state.iter().chain(more));
        case.folder.run(&args)
    };
    let mut text = said(&run(&[]));
    let _ = writeln!(text, "---\n{}", said(&run(&["--drop-field", "Deal.origin"])));
    text += &case.query("SELECT id, origin FROM deal ORDER BY id");
    insta::assert_snapshot!(text);
}

/// There and back again: bodies of both versions are under way.
#[test]
fn there_and_back_again() {
    let case = begun();
    let second = FIRST
        .replace("first: ", "second: ")
        .replace("notes: text?, ", "")
        .replace("{event.note ?? \"nothing\"}", "something");
    let mut text = case.both(&second, &["--drop-field", "Deal.notes"]);
    case.send(&[
        r#"D-5 12:00 deal.created {"title":"Five","amount":"5 EUR","origin":"shop"}"#,
        "D-5 13:00 deal.moved {\"stage\":\"Talk\"}",
        r#"D-6 14:00 deal.created {"title":"Six","amount":"6 EUR","origin":"shop"}"#,
    ]);
    let _ = writeln!(text, "--- new ones\n{}", case.run(&second, &[]));
    let _ = writeln!(text, "--- back\n{}", case.both(FIRST, &[]));
    case.send(&[
        "D-3 4T08:00 bell.rang {\"note\":\"a\"}",
        "D-5 4T08:00 bell.rang {\"note\":\"b\"}",
        "- 4T20:00 stagegate.clock",
    ]);
    let _ = writeln!(text, "--- all go on\n{}", case.run(FIRST, &[]));
    text += &case.query("SELECT count(*) FROM programs");
    insta::assert_snapshot!(text);
}

/// What a body needs may be gone: it fails when it comes to that.
#[test]
fn a_body_that_needs_what_is_gone_fails() {
    let case = Case::new();
    let first = r#"
extend Deal { notes: text? }
pipeline Sales "Sales" for Deal {
  stage New "New" {
    rule reads { wait 1 day comment { text: "so far" } comment { text: "{notes ?? "none"}" } }
    rule moves { wait 1 day move to Old }
    rule hears { wait for change of notes at most 2 days else { comment { text: "never" } stop } comment { text: "heard" } }
  }
  stage Old "Old" { }
  success stage Won "Won" { trigger on invoice.paid }
}
"#;
    let second = r#"
pipeline Sales "Sales" for Deal {
  stage New "New" { rule reads { comment { text: "other" } } }
  success stage Won "Won" { trigger on invoice.paid }
}
"#;
    case.send(&[r#"D-1 08:00 deal.created {"title":"One","amount":"1 EUR"}"#]);
    case.run(first, &[]);
    let mut text = case.both(second, &[]);
    case.send(&["- 5T08:00 stagegate.clock"]);
    let _ = writeln!(text, "--- time passes\n{}", case.run(second, &[]));
    insta::assert_snapshot!(text);
}

/// Patterns over time are found by what they listen to.
#[test]
fn counts_and_silences_go_on() {
    let case = begun();
    case.send(&["D-1 10:00 bell.rang", "D-2 2T10:00 bell.rang"]);
    case.run(FIRST, &[]);
    let second = FIRST
        .replace(
            "trigger on 2 bell.rang within 5 days",
            "trigger \"x\" on invoice.paid\n    trigger on 3 bell.rang within 9 days",
        )
        .replace("for 10 days", "for 6 days");
    let mut text = case.both(&second, &[]);
    case.send(&["D-1 3T10:00 bell.rang", "D-1 3T11:00 bell.rang", "- 9T12:00 stagegate.clock"]);
    let _ = writeln!(text, "--- then\n{}", case.run(&second, &[]));
    insta::assert_snapshot!(text);
}

#[test]
fn compiled_programs_and_other_forms() {
    let case = begun();
    case.program(&FIRST.replace("first: ", "second: "));
    case.folder.run(&["compile", "sales.rules", "-o", "sales.stagegate"]);
    let mut text = said(&case.folder.run(&["check", "sales.stagegate", "--state", "sales.db"]));
    case.program(&FIRST.replace("stage Talk \"Talk\"", "stage Speak \"Speak\""));
    case.folder.run(&["compile", "sales.rules", "-o", "sales.stagegate"]);
    text += &said(&case.folder.run(&["check", "sales.stagegate", "--state", "sales.db"]));
    let connection = rusqlite::Connection::open(case.path("sales.db")).expect("a database");
    connection.execute("UPDATE meta SET value = '7' WHERE key = 'format'", []).expect("a form");
    drop(connection);
    text += &said(&case.folder.run(&["check", "sales.stagegate", "--state", "sales.db"]));
    text += &said(&case.folder.run(&["check", "sales.rules", "--state", "no.db"]));
    insta::assert_snapshot!(text);
}

/// Killed at any moment, also while the new version comes: in the end the output is what it would have been.
#[test]
fn a_kill_while_a_version_comes_loses_nothing() {
    let second =
        FIRST.replace("rule chase after 3 days", "rule other after 3 days").replace("first: ", "second: ");
    let case = begun_with(300);
    let command =
        ["run", "sales.rules", "events.jsonl", "--state", "sales.db", "-o", "out.jsonl", "--batch", "10"];
    let copy = |from: &str, to: &str| {
        for name in ["sales.db", "out.jsonl"] {
            std::fs::copy(case.path(&format!("{from}{name}")), case.path(&format!("{to}{name}")))
                .expect("a copy");
        }
    };
    copy("", "begin-");
    case.send(&["- 6T08:00 stagegate.clock"]);
    case.program(&second);
    assert_eq!(case.folder.run(&command).status.code(), Some(0));
    let whole = case.output();
    assert!(whole.contains("rule.cancelled") && whole.contains("first: "));
    let (mut kills, mut random) = (0, 0x2545_F491_4F6C_DD1D_u64);
    for round in 0..12 {
        copy("begin-", "");
        let _ = std::fs::remove_file(case.path("sales.db-wal"));
        for _ in 0..8 {
            let mut child = Command::new(env!("CARGO_BIN_EXE_stagegate"))
                .args(command)
                .current_dir(case.folder.root())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the command starts");
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            std::thread::sleep(std::time::Duration::from_micros(random % 120_000));
            if child.try_wait().expect("a child").is_none() {
                child.kill().expect("it can be killed");
                kills += 1;
            }
            child.wait().expect("it ends");
        }
        assert_eq!(case.folder.run(&command).status.code(), Some(0));
        assert!(case.output() == whole, "round {round}, after {kills} kills");
    }
}

fn begun_with(records: usize) -> Case {
    let case = Case::new();
    let lines: Vec<String> = (0..records)
        .map(|n| format!(r#"R-{n} 08:00 deal.created {{"title":"R{n}","amount":"1 EUR","origin":"web"}}"#))
        .collect();
    case.send(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    case.run(FIRST, &[]);
    case
}

/// Any program can be put behind any other, whatever they have in common: what comes out is sound.
#[test]
fn every_program_goes_behind_every_other() {
    use stagegate::program::link::{Earlier, link};
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["sales/sales.rules", "support/support.rules", "leads/leads.rules", "orders/orders.rules"];
    let mut texts: Vec<(String, PathBuf)> =
        files.iter().map(|name| ((*name).to_owned(), root.join("examples").join(name))).collect();
    for rules in [FIRST, &FIRST.replace("int?", "list of int").replace("notes: text?", "notes: Origin = web")]
    {
        let folder = tempfile::tempdir().expect("a folder").keep();
        std::fs::write(folder.join("own.rules"), format!("{HEAD}{rules}")).expect("a file");
        texts.push(("own".into(), folder.join("own.rules")));
    }
    let programs: Vec<(String, stagegate::program::Program)> = texts
        .into_iter()
        .map(|(name, path)| {
            let loaded = stagegate::compiler::load(&[path], &mut |path| std::fs::read(path));
            let checked = stagegate::compiler::check(&loaded);
            let said: Vec<&str> = checked.diagnostics.iter().map(|d| &*d.message).collect();
            let model = checked.model.unwrap_or_else(|| panic!("{name}: {said:?}"));
            (name, stagegate::lower::lower(&model, &loaded.sources).expect("it can be compiled"))
        })
        .collect();
    let earlier = |n: usize| Earlier {
        hash: n.to_string(),
        program: programs[n].1.clone(),
        renamed: Default::default(),
    };
    for (name, base) in &programs {
        for n in 0..programs.len() {
            for other in [None, Some((n + 1) % programs.len())] {
                let behind: Vec<Earlier> = std::iter::once(n).chain(other).map(earlier).collect();
                let linked = link(base.clone(), "base", &behind).expect("it is not too large");
                let sound = stagegate::program::verify::verify(&linked.program);
                assert_eq!(sound, Ok(()), "{} behind {name}", programs[n].0);
                assert_eq!(linked.parts.len(), 1 + behind.len());
            }
        }
    }
}
