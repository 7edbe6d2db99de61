//! The command line as a user meets it: stdout, stderr and the exit code of each command.

#[path = "support/folder.rs"]
mod folder;

use folder::{Folder, shown};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SMALL: &str = r#"
use crm
currency EUR
user anna "Anna"

pipeline Sales "Sales" for Deal {
  stage New "New" {
    rule welcome { notify { to: anna, text: "{title}: {amount}" } }
  }
  success stage Won "Won" {
    trigger on invoice.paid(invoice: "I-1")
  }
}
"#;

const EVENTS: &str = r#"{"specversion":"1.0","id":"1","source":"/t","type":"deal.created","subject":"deal/D-1","time":"2026-03-02T10:00:00Z","data":{"title":"Chairs","amount":"70.00 EUR","responsible":"anna"}}
{"specversion":"1.0","id":"2","source":"/t","type":"invoice.paid","subject":"deal/D-1","time":"2026-03-02T11:00:00Z","data":{"invoice":"I-1"}}
"#;

fn case() -> Folder {
    Folder::with(&[("small.rules", SMALL), ("events.jsonl", EVENTS)])
}

#[test]
fn every_command_explains_itself() {
    let case = case();
    for args in [
        &["--help"][..],
        &["help", "check"],
        &["help", "compile"],
        #[cfg(feature = "doc")]
        &["help", "doc"],
        &["help", "fmt"],
        &["help", "graph"],
        &["help", "run"],
        &["help", "explain"],
        &["help", "why"],
    ] {
        let output = case.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        insta::assert_snapshot!(
            format!("help-{}", args.last().expect("one").trim_start_matches('-')),
            shown(&output)
        );
    }
}

#[test]
fn wrong_usage_is_2_and_says_what_to_do() {
    let case = case();
    for args in [&["chekc"][..], &["run"], &["run", "small.rules", "--on-eror", "stop"], &["diff"]] {
        let output = case.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
    insta::assert_snapshot!(case.shown(&["chekc"]));
}

#[test]
fn a_clean_program_checks_with_0() {
    insta::assert_snapshot!(case().shown(&["check", "small.rules"]), @r"
    exit 0
    --- stdout
    --- stderr
    no errors in small.rules
    ");
}

#[test]
fn a_program_with_mistakes_checks_with_1() {
    let case = case();
    case.file("bad.rules", SMALL.replace("title", "titel").replace("anna, text", "ana, text"));
    insta::assert_snapshot!(case.shown(&["check", "bad.rules"]));
}

#[test]
fn a_folder_is_checked_with_each_file_that_no_other_brings_in() {
    let case = case();
    case.file("lib/people.rules", "user bob \"Bob\"\n");
    case.file("lib/main.rules", SMALL.replace("use crm", "use crm\nuse \"people.rules\""));
    insta::assert_snapshot!(case.shown(&["check", "lib"]));
    // Who names the folder is told the file in which it is, whichever brings that in.
    case.file("lib/people.rules", "user bob \"Bob\" {\n  phne: \"1\"\n  phone: 5 EUR\n}\n");
    insta::assert_snapshot!("an-error-in-a-file-that-another-brings-in", case.shown(&["check", "lib"]));
    case.file("empty/readme.txt", "");
    insta::assert_snapshot!(case.shown(&["check", "empty"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: there is no .rules file in empty
    ");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let case = case();
    case.file("bytes.rules", b"use crm\nuser \xff");
    case.file("empty.rules", "");
    for (name, args) in [
        ("missing-program", &["check", "nothere.rules"][..]),
        ("missing-events", &["run", "small.rules", "nothere.jsonl"]),
        ("a-folder-as-program", &["run", ".", "events.jsonl"]),
        ("a-folder-as-events", &["run", "small.rules", "."]),
        ("no-utf8", &["check", "bytes.rules"]),
        ("an-empty-program", &["check", "empty.rules"]),
        ("stdin-twice", &["run", "-", "-"]),
    ] {
        insta::assert_snapshot!(name, case.shown(args));
    }
}

#[test]
fn a_file_of_another_kind_is_called_what_it_is() {
    let case = case();
    assert_eq!(case.run(&["compile", "small.rules", "-o", "small.bin"]).status.code(), Some(0));
    // A compiled program runs under any name.
    let wanted = case.run(&["run", "small.rules", "events.jsonl"]);
    let output = case.run(&["run", "small.bin", "events.jsonl"]);
    assert_eq!((output.status.code(), &output.stdout), (Some(0), &wanted.stdout));
    let program = std::fs::read(case.root().join("small.bin")).expect("a program");
    let output = case.with_stdin(&["run", "-", "events.jsonl"], &program);
    assert_eq!((output.status.code(), &output.stdout), (Some(0), &wanted.stdout));
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    case.file("marked.rules", [&[0xff, 0xfe][..], &wide(SMALL)].concat());
    case.file("wide.rules", wide(SMALL));
    case.file(
        "latin.rules",
        SMALL.as_bytes().split_at(20).0.iter().copied().chain(*b"\n# caf\xe9\n").collect::<Vec<_>>(),
    );
    case.file("packed.rules", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03K\xcb");
    case.file("packed.jsonl", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03K\xcb");
    case.file("wide.jsonl", wide(EVENTS));
    case.file("not.stagegate", SMALL);
    case.file("uses.rules", "use \"small.bin\"\n");
    std::fs::create_dir(case.root().join("folder.rules")).expect("a folder");
    let mut all = String::new();
    for args in [
        &["check", "small.bin"][..],
        &["check", "uses.rules"],
        &["run", "events.jsonl", "small.rules"],
        &["run", "small.rules", "small.rules"],
        &["run", "small.rules", "small.bin"],
        &["run", "not.stagegate", "events.jsonl"],
        &["check", "marked.rules"],
        &["check", "wide.rules"],
        &["check", "latin.rules"],
        &["check", "packed.rules"],
        &["check", "folder.rules/x.rules"],
        &["run", "folder.rules", "events.jsonl"],
        &["run", "small.rules", "packed.jsonl"],
        &["run", "small.rules", "wide.jsonl"],
    ] {
        let output = case.run(args);
        assert!(output.stdout.is_empty(), "{args:?}");
        all.push_str(&format!("$ stagegate {}\n{}\n", args.join(" "), shown(&output)));
    }
    insta::assert_snapshot!(all);
}

#[cfg(unix)]
#[test]
fn a_folder_says_which_of_its_files_cannot_be_read() {
    use std::os::unix::fs::symlink;
    let case = case();
    case.file("lib/good.rules", SMALL);
    std::fs::create_dir(case.root().join("lib/sub")).expect("a folder");
    let link = |from: &str, to: &str| symlink(from, case.root().join(to)).expect("a link");
    link("nowhere.rules", "lib/broken.rules");
    link("loop.rules", "lib/loop.rules");
    link("sub", "lib/folder.rules");
    let made = Command::new("mkfifo").arg(case.root().join("lib/pipe.rules")).status();
    assert!(made.expect("mkfifo").success());
    insta::assert_snapshot!(case.shown(&["check", "lib"]));
}

#[test]
fn a_run_writes_effects_to_stdout_and_its_summary_to_stderr() {
    insta::assert_snapshot!(case().shown(&["run", "small.rules", "events.jsonl"]));
}

#[test]
fn effects_are_the_same_from_text_from_a_compiled_program_and_from_a_pipe() {
    let case = case();
    let text = case.run(&["run", "small.rules", "events.jsonl"]).stdout;
    assert_eq!(case.run(&["compile", "small.rules"]).status.code(), Some(0));
    assert_eq!(case.run(&["run", "small.stagegate", "events.jsonl"]).stdout, text);
    assert_eq!(case.with_stdin(&["run", "small.stagegate", "-"], EVENTS.as_bytes()).stdout, text);
    assert_eq!(case.with_stdin(&["run", "small.stagegate"], EVENTS.as_bytes()).stdout, text);
    assert_eq!(case.with_stdin(&["run", "-", "events.jsonl"], SMALL.as_bytes()).stdout, text);
    let quiet = case.run(&["run", "-q", "small.rules", "events.jsonl", "-o", "out.jsonl"]);
    assert_eq!(shown(&quiet), "exit 0\n--- stdout\n--- stderr\n");
    assert_eq!(case.read("out.jsonl").into_bytes(), text);
}

#[test]
fn rejected_events_go_to_stderr_or_to_a_file_and_nothing_else_is_touched() {
    let case = case();
    let mut lines = Vec::new();
    for (i, good) in EVENTS.lines().enumerate() {
        lines.push(format!("{{broken {i}"));
        lines.push(good.to_owned());
    }
    lines.push(
        EVENTS.lines().next().expect("one").replace("70.00 EUR", "70.00 USD").replace("\"1\"", "\"3\""),
    );
    lines.push(r#"{"specversion":"1.0","id":"9","source":"/t","type":"weather.changed","subject":"deal/D-1","data":{}}"#.into());
    case.file("mixed.jsonl", lines.join("\n"));
    let good = case.run(&["run", "small.rules", "events.jsonl"]).stdout;
    let mixed = case.run(&["run", "small.rules", "mixed.jsonl"]);
    assert_eq!(mixed.stdout, good);
    insta::assert_snapshot!("rejected-to-stderr", shown(&mixed));
    let filed = case.run(&["run", "small.rules", "mixed.jsonl", "--rejected", "bad.jsonl"]);
    assert_eq!(filed.stdout, good);
    insta::assert_snapshot!(
        "rejected-to-a-file",
        format!("{}--- bad.jsonl\n{}", shown(&filed), case.read("bad.jsonl"))
    );
    let stopped = case.run(&["run", "small.rules", "mixed.jsonl", "--on-error", "stop"]);
    assert_eq!(stopped.status.code(), Some(1));
    assert!(stopped.stdout.is_empty());
}

#[test]
fn a_compiled_file_that_is_damaged_is_refused() {
    let case = case();
    case.run(&["compile", "small.rules"]);
    let whole = std::fs::read(case.root().join("small.stagegate")).expect("a file");
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    case.file("flipped.stagegate", &flipped);
    case.file("short.stagegate", &whole[..whole.len() / 2]);
    case.file("text.stagegate", SMALL);
    case.file("nothing.stagegate", "");
    for name in ["flipped", "short", "text", "nothing"] {
        insta::assert_snapshot!(
            format!("damaged-{name}"),
            case.shown(&["run", &format!("{name}.stagegate"), "events.jsonl"])
        );
    }
}

#[test]
fn what_is_read_is_never_overwritten() {
    let case = case();
    for args in [
        &["run", "small.rules", "events.jsonl", "-o", "events.jsonl"][..],
        &["run", "small.rules", "events.jsonl", "-o", "./small.rules"],
        &["run", "small.rules", "events.jsonl", "--rejected", "events.jsonl"],
        &["run", "small.rules", "events.jsonl", "-o", "x", "--rejected", "x"],
        &["compile", "small.rules", "-o", "small.rules"],
    ] {
        let output = case.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(case.read("small.rules"), SMALL);
        assert_eq!(case.read("events.jsonl"), EVENTS);
    }
}

#[cfg(unix)]
#[test]
fn what_is_read_by_another_name_is_never_overwritten_either() {
    let case = case();
    case.file("people.rules", "user bob \"Bob\"\n");
    case.file("two.rules", SMALL.replace("use crm", "use crm\nuse \"people.rules\""));
    let path = |name: &str| case.path(name);
    std::fs::hard_link(path("events.jsonl"), path("hard.jsonl")).expect("a link");
    for args in [
        &["run", "two.rules", "events.jsonl", "-o", "people.rules"][..],
        &["run", "two.rules", "events.jsonl", "--rejected", "people.rules"],
        &["compile", "two.rules", "-o", "people.rules"],
        &["run", "two.rules", "events.jsonl", "-o", "hard.jsonl"],
        &["run", "two.rules", "events.jsonl", "-o", "x", "--rejected", "./x"],
        &["run", "two.rules", "-", "-o", "events.jsonl"],
    ] {
        let stdin = std::fs::File::open(path("events.jsonl")).expect("events");
        let output = case.command(args).stdin(stdin).output().expect("the command starts");
        assert_eq!(output.status.code(), Some(2), "{args:?} {}", shown(&output));
        assert_eq!(case.read("people.rules"), "user bob \"Bob\"\n");
        assert_eq!(case.read("events.jsonl"), EVENTS);
    }
    case.file("old.jsonl", "old\n");
    let output =
        case.run(&["run", "small.rules", "events.jsonl", "-o", "old.jsonl", "--rejected", "no/where"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(case.read("old.jsonl"), "old\n");
}

#[test]
fn an_old_output_stays_when_the_program_or_the_events_are_wrong() {
    let case = case();
    case.file("out.jsonl", "old\n");
    case.file("bad.rules", "pipeline");
    for args in [
        &["run", "bad.rules", "events.jsonl", "-o", "out.jsonl"][..],
        &["run", "small.rules", "nothere.jsonl", "-o", "out.jsonl"],
        &["compile", "bad.rules", "-o", "out.jsonl"],
    ] {
        assert_ne!(case.run(args).status.code(), Some(0), "{args:?}");
        assert_eq!(case.read("out.jsonl"), "old\n");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_is_2() {
    let case = case();
    let full = case.shown(&["run", "small.rules", "events.jsonl", "-o", "/dev/full"]);
    insta::assert_snapshot!("full-effects", full);
    case.file("bad.jsonl", "{broken\n");
    let full = case.shown(&["run", "small.rules", "bad.jsonl", "--rejected", "/dev/full"]);
    insta::assert_snapshot!("full-rejected", full);
    let full = case.shown(&["compile", "small.rules", "-o", "/dev/full"]);
    insta::assert_snapshot!("full-compiled", full);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let case = case();
    let created = EVENTS.lines().next().expect("one");
    let many: String = (0..20_000).map(|i| created.replace("D-1", &format!("D-{i}")) + "\n").collect();
    case.file("many.jsonl", many);
    let mut child = case
        .command(&["run", "small.rules", "many.jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(shown(&output), "exit 141\n--- stdout\n--- stderr\n");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_run_between_two_events() {
    let case = case();
    let mut child = case
        .command(&["run", "small.rules", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(EVENTS.as_bytes()).expect("written");
    // The effects of what came are written before the run waits for more.
    let mut stdout = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut first).expect("a line");
    assert!(first.contains("stagegate.stage.changed"), "{first}");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(kill.success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    drop(stdin);
}

#[test]
fn bad_input_of_any_size_gives_an_error_and_no_panic() {
    let case = case();
    let ten_megabytes = "# nothing but comments\n".repeat(10 * 1024 * 1024 / 23);
    let parentheses =
        SMALL.replace("amount}", &format!("{}amount{}}}", "(".repeat(5_000), ")".repeat(5_000)));
    for (name, text) in [
        ("big", ten_megabytes.into_bytes()),
        ("parentheses", parentheses.into_bytes()),
        ("noise", (0..100_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()),
        ("zeros", vec![0; 100_000]),
        ("circle", b"use \"circle.rules\"\n".to_vec()),
        ("missing", b"use \"nothere.rules\"\n".to_vec()),
    ] {
        case.file(&format!("{name}.rules"), &text);
        let output = case.run(&["check", &format!("{name}.rules")]);
        let code = output.status.code();
        assert!(matches!(code, Some(0..=2)), "{name}: {code:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked"), "{name}: {said}");
        assert!(!said.is_empty(), "{name}");
    }
    let long = format!("{{\"specversion\":\"1.0\",\"id\":\"{}", "x".repeat(1_000_000));
    let deep = format!(
        r#"{{"specversion":"1.0","id":"1","source":"/t","type":"invoice.paid","subject":"deal/D-1","time":"2026-03-02T10:00:00Z","data":{{"x":{}1{}}}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    // The attributes in the order of their declaration, as an array: no event.
    let array =
        r#"["1.0","7","/t","invoice.paid","deal/D-1","2026-03-02T10:30:00Z",null,null,{"invoice":"I-1"}]"#;
    case.file("odd.jsonl", format!("{long}\n{EVENTS}\n{deep}\nnull\n[]\n\"x\"\n{{}}\n\u{0}\n{array}\n"));
    let output = case.run(&["run", "small.rules", "odd.jsonl"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, case.run(&["run", "small.rules", "events.jsonl"]).stdout);
}

#[test]
fn the_examples_check_and_run_without_a_rejected_event() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let case = case();
    for name in ["sales", "leads", "orders", "support"] {
        let folder = examples.join(name);
        let check = case.run(&["check", &folder.display().to_string()]);
        assert_eq!(check.status.code(), Some(0), "{}", shown(&check));
        let rules = folder.join(format!("{name}.rules")).display().to_string();
        let events = folder.join("events.jsonl").display().to_string();
        let run = case.run(&["run", &rules, &events]);
        assert_eq!(run.status.code(), Some(0), "{}", shown(&run));
        insta::assert_snapshot!(format!("example-{name}"), shown(&run));
    }
}

const WAITING: &str = r#"
use crm
currency EUR
user anna "Anna"

pipeline Sales "Sales" for Deal {
  stage New "New" {
    rule open { let room = create_chat { name: title, members: [anna, responsible] } at most 2 hours else { stop } comment { text: "{room.id}" } }
    rule day after 1 day { comment { text: "{now}" } }
  }
}
"#;

/// Texts of the comments and the times at which they were asked for.
fn comments(output: &Output) -> Vec<String> {
    assert_eq!(output.status.code(), Some(0), "{}", shown(output));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let effects = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    effects
        .filter(|effect| effect["data"]["action"] == "comment")
        .map(|effect| format!("{} {}", effect["time"], effect["data"]["params"]["text"]).replace('"', ""))
        .collect()
}

#[test]
fn time_moves_with_the_events_and_to_until_at_the_end() {
    let case = case();
    case.file("waiting.rules", WAITING);
    let made_up = "2026-03-02T10:00:00Z D-1/create_chat/1";
    let run = |more: &[&str]| {
        let mut args = vec!["run", "waiting.rules", "events.jsonl"];
        args.extend(more);
        comments(&case.run(&args))
    };
    assert_eq!(run(&[]), [made_up]);
    assert_eq!(run(&["--until", "2026-03-03T10:59:59+01:00"]), [made_up]);
    let day = "2026-03-03T10:00:00Z 2026-03-03 10:00";
    assert_eq!(run(&["--until", "2026-03-03T11:00:00+01:00"]), [made_up, day]);
    // A clock event in the stream, and one more file after it.
    let clock = r#"{"type":"stagegate.clock","time":"2026-03-05T00:00:00Z"}"#;
    case.file("clock.jsonl", clock);
    assert_eq!(run(&["clock.jsonl"]), [made_up, day]);
}

#[test]
fn the_outcomes_of_actions_come_from_the_events() {
    let case = case();
    case.file("waiting.rules", WAITING);
    let answer = r#"{"specversion":"1.0","id":"3","source":"/chats","type":"action.completed","subject":"deal/D-1","time":"2026-03-02T11:30:00Z","data":{"action":"deal/D-1/2","outputs":{"id":"room-7"}}}"#;
    let late = answer.replace("11:30", "12:30");
    for (answer, expected) in [(answer, &["2026-03-02T11:30:00Z room-7"][..]), (&late, &[][..])] {
        case.file("answers.jsonl", answer);
        let output =
            case.run(&["run", "waiting.rules", "events.jsonl", "answers.jsonl", "--actions", "events"]);
        assert_eq!(comments(&output), expected);
    }
    case.file("answers.jsonl", answer.replace(r#""id":"room-7""#, r#""id":7"#));
    let output = case.run(&["run", "waiting.rules", "events.jsonl", "answers.jsonl", "--actions", "events"]);
    assert!(
        shown(&output).contains("rejected (wrong-type): `id` cannot be the number 7: write it in quotes; expected: chat (/data/outputs/id)"),
        "{}",
        shown(&output)
    );
}

#[test]
fn a_tick_lets_time_pass_for_records_that_nothing_happens_to() {
    let case = case();
    case.file("waiting.rules", WAITING);
    let other = |day: u32| {
        format!(
            r#"{{"specversion":"1.0","id":"{day}","source":"/u","type":"deal.created","subject":"deal/X-{day}","time":"2026-03-{day:02}T12:00:00Z","data":{{"title":"Other","amount":"70.00 EUR","responsible":"anna"}}}}
"#
        )
    };
    case.file("others.jsonl", (3..6).map(other).collect::<String>());
    let order = |more: &[&str]| {
        let mut args = vec!["run", "waiting.rules", "events.jsonl", "others.jsonl"];
        args.extend(more);
        comments(&case.run(&args))
            .into_iter()
            .filter(|line| !line.contains("create_chat"))
            .collect::<Vec<_>>()
    };
    let days = [
        "2026-03-03T10:00:00Z 2026-03-03 10:00",
        "2026-03-04T12:00:00Z 2026-03-04 12:00",
        "2026-03-05T12:00:00Z 2026-03-05 12:00",
    ];
    assert_eq!(order(&[]), days);
    assert_eq!(order(&["--tick", "1d"]), days);
    let ids = |more: &[&str]| {
        let mut args = vec!["run", "waiting.rules", "events.jsonl", "others.jsonl"];
        args.extend(more);
        let out = String::from_utf8_lossy(&case.run(&args).stdout).into_owned();
        let lines = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        lines.map(|effect| effect["id"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    // Without a tick the timers of the others wait for the end; with one they come in between.
    let at = |ids: &[String], id: &str| ids.iter().position(|found| found == id).expect("it is there");
    let (without, with) = (ids(&[]), ids(&["--tick", "1d"]));
    assert!(at(&without, "deal/D-1/4") > at(&without, "deal/X-5/1"), "{without:?}");
    assert!(at(&with, "deal/D-1/4") < at(&with, "deal/X-4/1"), "{with:?}");
    for wrong in ["1", "h", "0h", "-1h", "1 hour"] {
        let output = case.run(&["run", "waiting.rules", "events.jsonl", &format!("--tick={wrong}")]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
    insta::assert_snapshot!(case.shown(&["run", "waiting.rules", "events.jsonl", "--until", "tomorrow"]));
}

/// Times and durations that cannot be, or are not meant: each is said.
#[test]
fn times_that_cannot_be_are_said() {
    let case = case();
    let mut said = String::new();
    for args in [
        &["--until", "tomorrow"][..],
        &["--until", "2026-03-05"],
        &["--until", "2026-03-05T10:00"],
        &["--until", "-1"],
        &["--until", "9999-12-31T23:59:59-05:00"],
        &["--until", "2020-01-01T00:00:00+01:00"],
        &["--tick", "0s"],
        &["--tick", "-1h"],
        &["--tick", "1y"],
        &["--tick", "99999999999s"],
    ] {
        let output = case.run(&[&["run", "small.rules", "events.jsonl"], args].concat());
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find(|line| line.starts_with("error") || line.starts_with("note"));
        said.push_str(&format!(
            "{}: {:?}\n  {}\n",
            args.join(" "),
            output.status.code(),
            line.unwrap_or(&text)
        ));
    }
    // Any time zone will do.
    let moved = |until| case.run(&["run", "-q", "small.rules", "events.jsonl", "--until", until]).stdout;
    assert_eq!(moved("2026-06-01T00:00:00Z"), moved("2026-06-01T09:00:00+09:00"));
    insta::assert_snapshot!(said);
}

#[test]
fn without_a_path_it_is_this_folder() {
    let case = Folder::with(&[("small.rules", SMALL), ("deep/other.rules", SMALL)]);
    let said = |args: &[&str]| {
        let output = case.run(args);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(said(&["check"]), (Some(0), "no errors in 2 programs\n".to_owned()));
    case.file("deep/other.rules", "  currency   EUR\n");
    let (code, _) = said(&["fmt", "--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(said(&["fmt"]).0, Some(0));
    let now = std::fs::read_to_string(case.root().join("deep/other.rules")).expect("a file");
    assert_eq!(now, "currency EUR\n");
    // Standard input is asked for.
    assert_eq!(said(&["fmt", "--stdin"]).0, Some(0));
}

#[test]
fn a_missing_folder_is_named_where_a_file_is_to_be_written() {
    let case = case();
    for args in
        [&["compile", "small.rules", "-o", "no/x"][..], &["run", "small.rules", "events.jsonl", "-o", "no/x"]]
    {
        let output = case.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(said, "error: cannot write no/x: there is no folder no\n");
    }
}

#[test]
fn what_to_type_for_dedup_is_said() {
    let case = case();
    for wrong in ["x", "-1", "65537"] {
        let output = case.run(&["run", &format!("--dedup={wrong}"), "small.rules", "events.jsonl"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("write a whole number from 0 to 65536, such as 16"), "{said}");
    }
}

#[test]
fn what_a_terminal_would_obey_is_written_out() {
    let case = case();
    let event = |kind: &str| {
        format!(
            "{{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/t\",\"time\":\"2026-03-02T10:00:00Z\",\"type\":\"{kind}\",\
             \"subject\":\"deal/D\\u001b[31m\",\"data\":{{}}}}\n"
        )
    };
    case.file("odd.jsonl", event("deal.updated") + &event("un\\u001b[2Jknown"));
    let output = case.run(&["run", "small.rules", "odd.jsonl"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains('\u{1b}'), "{said:?}");
    assert!(
        said.contains("`deal/D\\u{1b}[31m` was never created") && said.contains("un\\u{1b}[2Jknown  1"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn rules_and_events_may_come_through_a_named_pipe() {
    let case = case();
    for (name, text) in [("rules.pipe", SMALL), ("events.pipe", EVENTS)] {
        let made = Command::new("mkfifo").arg(case.path(name)).status().expect("mkfifo");
        assert!(made.success());
        let path = case.path(name);
        std::thread::spawn(move || std::fs::write(path, text));
    }
    let piped = case.run(&["run", "rules.pipe", "events.pipe"]);
    let plain = case.run(&["run", "small.rules", "events.jsonl"]);
    assert_eq!(String::from_utf8_lossy(&piped.stdout), String::from_utf8_lossy(&plain.stdout));
    assert_eq!(piped.status.code(), Some(0));
}

#[test]
fn shells_and_manuals_know_the_commands() {
    let case = case();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = case.run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(script.contains("explain") && script.contains("until"), "{shell}: {script}");
    }
    for page in [&["man"][..], &["man", "run"]] {
        let output = case.run(page);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.starts_with(".ie") || text.contains(".TH stagegate"), "{text}");
        assert!(
            text.contains(if page.len() == 1 { "explain" } else { "partition" }) || text.contains("until")
        );
    }
    insta::assert_snapshot!("man-of-nothing", case.shown(&["man", "rnu"]));
    let version = case.shown(&["--version"]);
    assert!(version.contains("(language 1)"), "{version}");
}

#[test]
fn threads_change_nothing_and_go_with_no_state_and_no_trace() {
    let case = case();
    let one = case.run(&["run", "small.rules", "events.jsonl", "--quiet"]);
    let two = case.run(&["run", "small.rules", "events.jsonl", "--quiet", "--jobs", "2"]);
    assert_eq!((one.status.code(), one.stdout), (two.status.code(), two.stdout));
    #[cfg(feature = "state")]
    let kept = case.shown(&["run", "small.rules", "events.jsonl", "--jobs", "2", "--state", "s.db"]);
    #[cfg(feature = "state")]
    insta::assert_snapshot!("jobs-and-state", kept);
    insta::assert_snapshot!("jobs-none", case.shown(&["run", "small.rules", "events.jsonl", "--jobs", "0"]));
}
