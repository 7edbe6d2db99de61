//! A run on several threads writes what a run on one writes: the same effects, rejections and counts in the same order,
//! whatever lines come.

#[path = "support/world.rs"]
mod world;

use proptest::prelude::*;
use stagegate::engine::{Engine, Options};
use stagegate::run::{OnError, Run, Summary, Surroundings};
use stagegate::vm::Machine;
use std::fmt::Write;
use std::io::BufReader;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use world::compile;

/// Records that wait, each for itself.
const ALONE: &str = r#"
use "base.rules"

pipeline Main "Main" for Card {
  rule own on 2 door.opened within 1 day { wait 3 hours say { text: "doors {stage}" } }
  stage Start "Start" {
    trigger on 3 bell.rang within 6 hours allow backward
    rule later after 3 hours { say { text: "later {score}" } set score = 7 }
  }
  stage Middle "Middle" {
    trigger on door.opened when score > 50
    trigger on no door.opened for 2 days
    rule waits {
      wait for bell.rang at most 1 day else { say { text: "late" } stop }
      say { text: "{event.bell}" }
    }
  }
  stage End "End" { rule last after 1 hour { say { text: "done {now: "%d %H:%M"}" } } }
}
"#;

/// Records that read each other.
const TOGETHER: &str = r#"
use "base.rules"

pipeline Cards "Cards" for Card {
  stage Start "Start" {
    rule later after 3 hours when box is set { say { text: "in {box.name}" } }
    rule doors on door.opened { say { text: "{if box is set then box.name else "-"}" } wait 1 hour move to End }
  }
  stage End "End" { rule last after 1 day { say { text: "last {if box is set then box.name else "-"}" } } }
}
pipeline Boxes "Boxes" for Box {
  stage Open "Open" { rule renamed on change of name after 1 hour { set size = big } }
}
"#;

static MACHINES: LazyLock<[Machine; 2]> =
    LazyLock::new(|| [ALONE, TOGETHER].map(|rules| Machine::new(compile(rules)).expect("it can run")));

/// All that a run tells.
#[derive(Debug, PartialEq)]
struct Told {
    effects: String,
    rejected: Vec<String>,
    ended: String,
    summary: Summary,
}

fn run(machine: &Machine, text: &str, jobs: usize, on_error: OnError, tick: Option<u32>) -> Told {
    let mut run = Run::new(Engine::new(machine, Options::default()), machine.program());
    run.split(jobs);
    let (mut effects, mut rejected) = (Vec::new(), Vec::new());
    let mut around = Surroundings {
        effects: &mut effects,
        rejected: &mut |line| {
            let text = String::from_utf8_lossy(line.text);
            rejected.push(format!("{}:{}: {} {text}", line.input, line.line, line.rejection.message));
            Ok(())
        },
        on_error,
        interrupted: &AtomicBool::new(false),
        idle: &AtomicBool::new(false),
        progress: &mut |_| {},
        tick: tick.map(|minutes| chrono::TimeDelta::minutes(i64::from(minutes))),
    };
    // Two inputs, of which the first is not all at hand at once.
    let half = text.match_indices('\n').nth(text.lines().count() / 2).map_or(0, |(at, _)| at + 1);
    let (first, second) = text.split_at(half);
    let mut ended = run.feed("first", &mut BufReader::with_capacity(600, first.as_bytes()), &mut around);
    if ended.is_ok() {
        ended = run.feed("second", &mut second.as_bytes(), &mut around);
    }
    if ended.is_ok() {
        ended = run.finish(None, &mut around);
    }
    let (ended, summary) = (format!("{ended:?}"), run.summary());
    Told { effects: String::from_utf8(effects).expect("text"), rejected, ended, summary }
}

/// One line: what happens, to which record, minutes since the line before, and what is odd about it.
type Step = (u8, u8, u16, u8);

fn lines(steps: &[Step]) -> String {
    let mut time: chrono::DateTime<chrono::Utc> = "2026-03-20T08:00:00Z".parse().expect("a time");
    let mut text = String::new();
    for (n, (what, record, after, odd)) in steps.iter().enumerate() {
        time += chrono::TimeDelta::minutes(i64::from(*after));
        let card = format!("card/{}", record % 12);
        let shelf = format!("box/{}", record % 4);
        let (subject, kind, data) = match what % 10 {
            0 | 1 => (card, "card.created", format!(r#""box":"box/{}""#, record % 4)),
            2 => (card, "bell.rang", String::new()),
            3 | 4 => (card, "door.opened", String::new()),
            5 => (card, "card.updated", format!(r#""score":{}"#, n % 120)),
            6 => (shelf, "box.created", format!(r#""name":"B{n}""#)),
            7 => (shelf, "box.updated", format!(r#""name":"N{n}","colour":1"#)),
            8 => (card, "card.moved", r#""stage":"Start""#.into()),
            _ if *odd > 30 => (card, "card.deleted", String::new()),
            _ => (String::new(), "stagegate.clock", String::new()),
        };
        let id = if *odd == 1 { n / 2 } else { n };
        let time = if *odd == 2 { String::new() } else { format!(r#""time":"{}","#, time.to_rfc3339()) };
        let subject = if subject.is_empty() { subject } else { format!(r#""subject":"{subject}","#) };
        let key = match odd {
            3..=8 => format!(r#""partitionkey":"p{}","#, odd % 3),
            _ => String::new(),
        };
        match odd {
            9 => text.push_str("   \n"),
            10 => text.push_str("{\"specversion\":\n"),
            11 => text.push_str("{\"type\":\"stagegate.clock\"}\n"),
            12 => text.push_str("{\"type\":\"nobody.knows\"}\n"),
            13 => text.push_str("[1, 2]\n"),
            _ => {
                // An escape in a name is read by serde.
                let name = if *odd == 14 { "specver\\u0073ion" } else { "specversion" };
                // A payload that comes twice, of which one thread reads less than several.
                let data = match odd {
                    15 => r#"5,"data":{"odd":"\\n"}"#.to_owned(),
                    16 => format!(r#"{{"odd":"\\n"}},"data":{{{data}}}"#),
                    _ => format!("{{{data}}}"),
                };
                let _ = writeln!(
                    text,
                    r#"{{"{name}":"1.0","id":"e-{id}","source":"/t",{time}{subject}{key}"type":"{kind}","data":{data}}}"#
                );
            }
        }
    }
    text
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![4 => 0..40u16, 1 => 0..2000u16];
    (any::<u8>(), any::<u8>(), after, 0..60u8)
}

/// Of what is odd, only what does not cut a batch.
fn plain_step() -> impl Strategy<Value = Step> {
    (0..9u8, any::<u8>(), 0..3u16, prop_oneof![Just(0u8), Just(1), Just(9), Just(10), Just(20)])
}

fn check(text: &str, jobs: usize, on_error: OnError, tick: Option<u32>) -> Result<(), TestCaseError> {
    for machine in &*MACHINES {
        let one = run(machine, text, 1, on_error, tick);
        prop_assert_eq!(run(machine, text, jobs, on_error, tick), one);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn threads_change_nothing(
        steps in proptest::collection::vec(step(), 0..200),
        jobs in 2..5usize,
        stop in any::<bool>(),
        tick in proptest::option::of(30..600u32),
    ) {
        check(&lines(&steps), jobs, if stop { OnError::Stop } else { OnError::Skip }, tick)?;
    }

    #[test]
    fn threads_change_nothing_of_long_batches(
        steps in proptest::collection::vec(plain_step(), 300..900),
        jobs in 2..5usize,
    ) {
        check(&lines(&steps), jobs, OnError::Skip, None)?;
    }
}

#[test]
fn timers_of_many_records_fire_in_their_order() {
    let mut steps: Vec<Step> = Vec::new();
    for n in 0..3000u32 {
        steps.push((0, 0, u16::from(n % 50 == 0), 20));
    }
    let mut text = lines(&steps);
    for n in (0..3000).rev() {
        text = text.replacen("card/0", &format!("card/x{n}"), 1);
    }
    text.push_str("{\"type\":\"stagegate.clock\",\"time\":\"2026-04-20T08:00:00Z\"}\n");
    let one = run(&MACHINES[0], &text, 1, OnError::Skip, None);
    assert!(one.effects.lines().count() > 3000);
    assert_eq!(run(&MACHINES[0], &text, 3, OnError::Skip, None), one);
}
