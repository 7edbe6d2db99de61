//! Everything that can be wrong with what a command reads and writes: each says so in words, with an honest exit code, and
//! none panics.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const RULES: &str = "currency EUR\nconst HELLO = \"A visit\"\nentity Visit { title: text }\naction tell { text: text }\npipeline Visits for Visit {\n  stage New {\n    rule welcome {\n      tell { text: \"{HELLO}: {title}\" }\n    }\n  }\n}\n\ntest \"a visit\" {\n  given visit \"V-1\" { title: \"x\" }\n  expect tell\n}\n";

const EVENTS: &str = r#"{"specversion":"1.0","id":"1","source":"/t","type":"visit.created","subject":"visit/V-1","time":"2026-03-02T10:00:00Z","data":{"title":"Ann"}}
"#;

/// Every way in which a command reads a file: `@` is that file.
const READS: &[&str] = &[
    "check @",
    "check --fix @",
    "check --format json @",
    "check good.rules --against @",
    "check @ --against good.rules",
    "compile @ -o out.stagegate",
    "compile @ --emit asm",
    "run @ good.jsonl",
    "run good.rules @",
    "fmt @",
    "fmt --check @",
    "test @",
    "why @ good.jsonl --record visit/V-1",
    "why good.rules @ --record visit/V-1",
    "diff @ good.rules",
    "diff good.rules @",
    "diff good.rules good.rules --events @",
];

/// Everything that writes to standard output.
const WRITES: &[&str] = &[
    "--help",
    "--version",
    "help run",
    "run --help",
    "explain",
    "explain E0201",
    "check --format json wrong.rules",
    "check --format sarif good.rules",
    "check good.rules --against other.rules",
    "check --diff wrong.rules",
    "compile good.rules --emit asm",
    "run good.rules good.jsonl",
    "run --quiet good.rules good.jsonl",
    "fmt -",
    "fmt --check loose.rules",
    "test good.rules",
    "test --format json good.rules",
    "test --format junit good.rules",
    "why good.rules good.jsonl --record visit/V-1",
    "why good.rules good.jsonl --record visit/V-1 --format json",
    "completions bash",
    "completions zsh",
    "completions fish",
    "completions elvish",
    "completions powershell",
    "man",
    "man diff",
    "diff other.rules good.rules",
    "diff other.rules good.rules --format json",
    "diff other.rules good.rules --format markdown --events good.jsonl",
];

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).expect("a file");
    write("good.rules", RULES.as_bytes());
    write("other.rules", RULES.replace("\"A visit\"", "\"Here is\"").as_bytes());
    write("loose.rules", RULES.replace("  ", " ").as_bytes());
    write(
        "wrong.rules",
        RULES.replace("pipeline Visits", "# stagegate: allow(unusedd)\npipeline Visits").as_bytes(),
    );
    write("good.jsonl", EVENTS.as_bytes());
    write("latin.file", b"entity Caf\xe9 { title: text }\n");
    write("empty.file", b"");
    write("zeros.file", &[0; 5000]);
    write("secret.file", RULES.as_bytes());
    fs::create_dir(folder.path().join("folder.file")).expect("a folder");
    fs::set_permissions(folder.path().join("secret.file"), Permissions::from_mode(0o000)).expect("a file");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("a folder");
    folder
}

fn command(folder: &TempDir, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stagegate"));
    command.args(line.split(' ')).current_dir(folder.path()).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// No panic, no silence.
fn honest(line: &str, output: &Output) -> i32 {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code().unwrap_or_else(|| panic!("{line}: killed\n{err}"));
    assert!(!err.contains("panicked") && !err.contains("RUST_BACKTRACE"), "{line}: {err}");
    assert!([0, 1, 2, 141].contains(&code), "{line}: {code}\n{err}");
    assert!(code == 0 || code == 141 || !err.is_empty() || !out.is_empty(), "{line}: it says nothing");
    code
}

/// Whoever is no administrator, if the test is run by one.
fn as_nobody(command: &mut Command) {
    // An administrator may read everything.
    let root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    if root {
        command.uid(65534).gid(65534);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_said() {
    let folder = folder();
    for what in ["missing", "folder", "latin", "empty", "zeros", "secret"] {
        let mut shown = String::new();
        for line in READS {
            let line = line.replace('@', &format!("{what}.file"));
            let mut command = command(&folder, &line);
            if what == "secret" {
                as_nobody(&mut command);
            }
            let output = match command.output() {
                Ok(output) => output,
                // Where nobody else may run what is being tested, this cannot be.
                Err(error) => {
                    assert_eq!(what, "secret", "{error}");
                    return;
                }
            };
            let code = honest(&line, &output);
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            // Effects are told elsewhere, and the counts of a run have a time.
            let err: String =
                err.lines().filter(|l| !l.contains(" events/s)")).map(|l| format!("  {l}\n")).collect();
            let out: String = match line.starts_with("compile") || line.starts_with("run") {
                true => String::new(),
                false => out.lines().map(|l| format!("  > {l}\n")).collect(),
            };
            let _ = write!(shown, "$ stagegate {line}\n  exit {code}\n{out}{err}");
            if what == "missing"
                || what == "folder" && !line.contains("folder.file --fix")
                || what == "secret"
            {
                assert_eq!(code, 2, "{line}: {err}");
            }
        }
        insta::assert_snapshot!(format!("trouble-{what}"), shown);
    }
}

#[test]
fn a_full_disk_is_said_by_every_command() {
    let folder = folder();
    for line in WRITES {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = command(&folder, line);
        if *line == "fmt -" {
            command.stdin(File::open(folder.path().join("good.rules")).expect("a file"));
        }
        let output = command.stdout(full).output().expect("the command starts");
        let code = honest(line, &output);
        let err = text(&output.stderr);
        assert_eq!(code, 2, "{line}: {err}");
        assert!(err.contains("error: cannot write to standard output: the disk is full"), "{line}: {err}");
    }
    for line in [
        "run good.rules good.jsonl -o /dev/full",
        "run good.rules good.jsonl --trace /dev/full",
        "compile good.rules -o /dev/full",
        "run good.rules good.jsonl good.jsonl --rejected /dev/full",
    ] {
        let output = command(&folder, line).output().expect("the command starts");
        let code = honest(line, &output);
        let err = text(&output.stderr);
        // The same event again is no rejected one: nothing is written then.
        let written = !line.contains("--rejected");
        assert_eq!(code, if written { 2 } else { 0 }, "{line}: {err}");
        assert!(!written || err.contains("the disk is full"), "{line}: {err}");
    }
    // Where nobody hears what is said, the result is the same.
    let full = || File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = command(&folder, "run good.rules good.jsonl").stderr(full()).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0));
    assert!(!output.stdout.is_empty());
}

#[test]
fn a_reader_that_goes_away_is_no_mistake_of_any_command() {
    let folder = folder();
    for line in WRITES {
        let mut command = command(&folder, line);
        if *line == "fmt -" {
            command.stdin(File::open(folder.path().join("good.rules")).expect("a file"));
        }
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = command.stdout(writer).stderr(Stdio::piped()).output().expect("the command starts");
        let code = honest(line, &output);
        assert_eq!(code, 141, "{line}: {}", text(&output.stderr));
        assert!(!text(&output.stderr).contains("error"), "{line}: {}", text(&output.stderr));
    }
}

#[test]
fn a_place_that_may_not_be_written_is_said() {
    let folder = folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("a folder");
    fs::write(closed.join("loose.rules"), RULES.replace("  ", " ")).expect("a file");
    fs::write(closed.join("wrong.rules"), fs::read(folder.path().join("wrong.rules")).expect("a file"))
        .expect("a file");
    for file in ["loose.rules", "wrong.rules"] {
        fs::set_permissions(closed.join(file), Permissions::from_mode(0o444)).expect("a file");
    }
    fs::set_permissions(&closed, Permissions::from_mode(0o555)).expect("a folder");
    let mut shown = String::new();
    for line in [
        "new closed/shop",
        "fmt closed/loose.rules",
        "check --fix closed/wrong.rules",
        "compile good.rules -o closed/out.stagegate",
        "run good.rules good.jsonl -o closed/out.jsonl",
        "run good.rules good.jsonl --rejected closed/out.jsonl",
        "run good.rules good.jsonl --trace closed/out.jsonl",
        "run good.rules good.jsonl -o nowhere/out.jsonl",
        "compile good.rules -o nowhere/out.stagegate",
    ] {
        let mut command = command(&folder, line);
        as_nobody(&mut command);
        let Ok(output) = command.output() else { return };
        let code = honest(line, &output);
        assert_eq!(code, 2, "{line}: {}", text(&output.stderr));
        let _ = writeln!(
            shown,
            "$ stagegate {line}\n  {}",
            text(&output.stderr).trim_end().replace('\n', "\n  ")
        );
    }
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).expect("a folder");
    insta::assert_snapshot!("trouble-closed", shown);
}
