//! Time is an input: however a stream of events is cut into runs or split by record, and however often records are saved
//! and loaded on the way, each record's effects stay the same.

#[path = "support/world.rs"]
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use stagegate::engine::record::Slot;
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::event::encode::Encoder;
use stagegate::event::{Event, Subject};
use stagegate::run::Records;
use stagegate::vm::Machine;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;
use world::compile;

/// Everything that waits, in one program.
const RULES: &str = r#"
use "base.rules"

extend Card {
  meet: datetime?
}

calendar Office {
  timezone "Europe/Rome"
  mon..fri 09:00-13:00, 14:00-18:00
  closed 2026-03-25
}

user busy "Busy" { hours: Office, away: 2026-03-26 }

pipeline Main "Main" for Card {
  timezone "Europe/Rome"

  rule own on 2 door.opened within 1 day overlap queue { wait 3 hours say { text: "doors {stage}" } }
  rule quiet on no bell.rang for 2 days { say { text: "quiet in {stage}" } }

  stage Start "Start" {
    trigger on 3 bell.rang(bell: "back") within 6 hours allow backward
    rule remind at meet - 1 hour during Office when score < 90 { say { text: "meet {now: "%d %H:%M"}" } }
    rule opens {
      let r = open_room { name: "R" } at most 5 hours else { say { text: "no room" } stop }
      set room = r.id
    }
    then rule after_room after 2 hours once { say { text: "{opens.r.id ?? "none"}" } }
    rule reads { say { text: "{opens.r.id ?? "nothing"}" } }
    rule rings on bell.rang after 30 minutes overlap restart { say { text: "{event.bell} rang" } }
    rule stays detached { wait 4 days set step = step + 1 }
  }
  stage Middle "Middle" {
    trigger on door.opened when score > 50
    trigger on no door.opened for 3 days
    rule hours during hours of owner { say { text: "in hours" } wait 10 hours set score = 10 }
    rule waits {
      for tag in tags {
        wait for bell.rang or change of score when score != 7 at most 1 day else { say { text: "late {tag}" } }
        say { text: "{tag} {event.type ?? "none"}" }
      }
    }
    rule moves on change of step when step > 2 after 1 hour { move to Start }
  }
  success stage End "End" {
    trigger on change of score to 99
    rule last after 1 week { say { text: "done" } }
  }
}
"#;

static MACHINE: LazyLock<Machine> = LazyLock::new(|| Machine::new(compile(RULES)).expect("it can run"));

/// One event, without its time and number.
#[derive(Debug, Clone)]
struct Step {
    record: u8,
    /// Minutes since the event before.
    after: u32,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Bell(bool),
    Door,
    Score(u8),
    Meet(Option<i64>),
    Tags,
    Owner,
    Moved(&'static str),
    Completed(u8, bool),
    Failed(u8),
    Clock,
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        5 => any::<bool>().prop_map(What::Bell),
        3 => Just(What::Door),
        3 => prop_oneof![Just(7u8), Just(60), Just(99), 0..=100u8].prop_map(What::Score),
        3 => proptest::option::of(-600..9000i64).prop_map(What::Meet),
        1 => Just(What::Tags),
        1 => Just(What::Owner),
        3 => prop_oneof![Just("Start"), Just("Middle"), Just("End")].prop_map(What::Moved),
        2 => (1..12u8, any::<bool>()).prop_map(|(effect, good)| What::Completed(effect, good)),
        1 => (1..12u8).prop_map(What::Failed),
        1 => Just(What::Clock),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![3 => 0..90u32, 2 => 0..2000u32, 1 => 0..9000u32];
    let step = (0..3u8, after, what()).prop_map(|(record, after, what)| Step { record, after, what });
    proptest::collection::vec(step, 1..25)
}

/// The events as lines, three new records first.
fn lines(steps: &[Step]) -> Vec<String> {
    let mut time: DateTime<Utc> = "2026-03-20T08:00:00Z".parse().expect("a time");
    let mut lines = Vec::new();
    let mut line = |subject: Option<u8>, time: DateTime<Utc>, kind: &str, data: String| {
        let number = lines.len();
        let subject = subject.map_or(String::new(), |id| format!(r#""subject":"card/{id}","#));
        let time = time.to_rfc3339();
        lines.push(format!(
            r#"{{"specversion":"1.0","id":"e-{number}","source":"/t","time":"{time}",{subject}"type":"{kind}","data":{{{data}}}}}"#
        ));
    };
    for record in 0..3 {
        line(Some(record), time, "card.created", r#""tags":["a","b"]"#.into());
    }
    for Step { record, after, what } in steps {
        time += TimeDelta::minutes(i64::from(*after));
        let (kind, data) = match what {
            What::Bell(back) => {
                ("bell.rang", format!(r#""bell":"{}""#, if *back { "back" } else { "front" }))
            }
            What::Door => ("door.opened", String::new()),
            What::Score(score) => ("card.updated", format!(r#""score":{score}"#)),
            What::Meet(None) => ("card.updated", r#""meet":null"#.into()),
            What::Meet(Some(minutes)) => {
                let meet = time + TimeDelta::minutes(*minutes);
                ("card.updated", format!(r#""meet":"{}""#, meet.to_rfc3339()))
            }
            What::Tags => ("card.updated", r#""tags":["x","y","z"]"#.into()),
            What::Owner => ("card.updated", r#""owner":"busy""#.into()),
            What::Moved(stage) => ("card.moved", format!(r#""stage":"{stage}""#)),
            What::Completed(effect, true) => (
                "action.completed",
                format!(r#""action":"card/{record}/{effect}","outputs":{{"id":"r","url":"https://a.b"}}"#),
            ),
            What::Completed(effect, false) => {
                ("action.completed", format!(r#""action":"card/{record}/{effect}","outputs":{{"id":5}}"#))
            }
            What::Failed(effect) => {
                ("action.failed", format!(r#""action":"card/{record}/{effect}","reason":"no""#))
            }
            What::Clock => ("stagegate.clock", String::new()),
        };
        let subject = (!matches!(what, What::Clock)).then_some(*record);
        line(subject, time, kind, data);
    }
    line(None, time + TimeDelta::weeks(3), "stagegate.clock", String::new());
    lines
}

fn options(simulate: bool) -> Options {
    Options { simulate, ..Options::default() }
}

fn decode(line: &str) -> Event {
    match Decoder::new(MACHINE.program()).decode(line) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("{line}: {other:?}"),
    }
}

/// The effects of a stream, each record's as text.
fn whole(events: &[Event], simulate: bool) -> BTreeMap<Subject, String> {
    let mut engine = Engine::new(&MACHINE, options(simulate));
    let mut records = Records::new(MACHINE.program());
    let mut shown = BTreeMap::new();
    for event in events {
        let mut effects = Vec::new();
        // A rejected event brings nothing.
        let _ = records.apply(&mut engine, event, &mut effects);
        show(&effects, &mut shown);
    }
    shown
}

fn show(effects: &[stagegate::engine::effect::Effect], shown: &mut BTreeMap<Subject, String>) {
    let encoder = Encoder::new(MACHINE.program());
    for effect in effects {
        let mut line = Vec::new();
        encoder.encode(effect, &mut line);
        let of_record = shown.entry(effect.subject.clone()).or_default();
        writeln!(of_record, "{}", String::from_utf8_lossy(&line)).expect("writing to a text");
    }
}

/// One record by itself, saved and loaded before every event and every timer.
fn alone(events: &[Event], subject: &Subject, simulate: bool) -> String {
    let mut slot = Slot::Absent;
    let mut shown = BTreeMap::new();
    let mut clock = DateTime::<Utc>::MIN_UTC;
    let saved = |slot: &Slot| -> Slot {
        let bytes = postcard::to_stdvec(slot).expect("a record can be saved");
        postcard::from_bytes(&bytes).expect("a saved record can be loaded")
    };
    for event in events.iter().filter(|event| event.subject().is_none_or(|s| s == subject)) {
        let mut engine = Engine::new(&MACHINE, options(simulate));
        let time = event.time.expect("every event has one");
        let mut effects = Vec::new();
        slot = saved(&slot);
        if engine.check(&slot, event).unwrap_or(false) {
            clock = clock.max(time);
            while engine.fire(&mut slot, &|_, _| None, clock, &mut effects) {
                slot = saved(&slot);
            }
        }
        let _ = engine.apply(&mut slot, &|_, _| None, event, clock.max(time), &mut effects);
        show(&effects, &mut shown);
    }
    shown.remove(subject).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A record taken out of the stream, and saved and loaded at every step, gives the effects that it gives in it.
    #[test]
    fn each_record_has_its_own_time(steps in steps(), simulate in any::<bool>()) {
        let events: Vec<Event> = lines(&steps).iter().map(|line| decode(line)).collect();
        let whole = whole(&events, simulate);
        for (subject, effects) in &whole {
            let alone = alone(&events, subject, simulate);
            prop_assert_eq!(effects, &alone);
        }
    }

    /// Clock events in between change when effects come out, but none of them: each timer fires at its own time.
    #[test]
    fn clock_events_in_between_change_nothing(steps in steps(), simulate in any::<bool>()) {
        let events: Vec<Event> = lines(&steps).iter().map(|line| decode(line)).collect();
        let mut ticking = Vec::new();
        for event in &events {
            let mut tick = decode(r#"{"type":"stagegate.clock","time":"2026-03-20T08:00:00Z"}"#);
            tick.time = event.time;
            ticking.push(tick);
            ticking.push(event.clone());
        }
        prop_assert_eq!(whole(&events, simulate), whole(&ticking, simulate));
    }

    /// The next timer that a record knows is never in its past, and what waits for nothing keeps nothing.
    #[test]
    fn timers_are_in_the_future(steps in steps()) {
        let mut engine = Engine::new(&MACHINE, options(true));
        let mut records = Records::new(MACHINE.program());
        for line in lines(&steps) {
            let event = decode(&line);
            let mut effects = Vec::new();
            let _ = records.apply(&mut engine, &event, &mut effects);
            let Some(Slot::Living(record)) = event.subject().and_then(|subject| records.slot(subject)) else { continue };
            prop_assert!(record.due().is_none_or(|due| due > record.clock));
            prop_assert!(record.waiting.as_ref().is_none_or(|waiting| !waiting.is_empty()));
        }
    }
}

/// Over a state file.
#[cfg(feature = "state")]
mod over_a_state_file {
    use super::*;
    use stagegate::program::Program;
    use stagegate::run::state::{Choices, StateFile, prepare};
    use stagegate::run::{OnError, Run, Start, Surroundings};
    use std::sync::atomic::AtomicBool;

    /// Runs the stream as far as it is there by now; with a state file, from where the last run stopped.
    fn part(text: &str, simulate: bool, batch: u64, state: Option<(&Path, &Path)>) -> Vec<u8> {
        let mut effects = Vec::new();
        let mut run = Run::new(Engine::new(&MACHINE, options(simulate)), MACHINE.program());
        let mut input = text.as_bytes();
        let mut start = None;
        if let Some((state, output)) = state {
            let mut state = StateFile::open(state, MACHINE.program()).expect("a state file");
            let kept = state.load().expect("it can be loaded");
            let position = state.position("events").expect("a position");
            start = Start::find(&mut input, position).expect("a text");
            assert!(start.is_some());
            let mut output = state.output(Some(output)).expect("an output");
            run.restore(kept);
            run.keep(Some(batch), Box::new(move |keeping| state.keep(keeping, &mut output)));
        }
        let (interrupted, idle) = (AtomicBool::new(false), AtomicBool::new(false));
        let mut around = Surroundings {
            effects: &mut effects,
            rejected: &mut |_| Ok(()),
            on_error: OnError::Skip,
            interrupted: &interrupted,
            idle: &idle,
            progress: &mut |_| {},
            tick: None,
        };
        run.go_on(&mut around).expect("it goes on");
        run.feed_from("events", start.map(|start| ("events", start)), &mut input, &mut around)
            .expect("it reads");
        run.finish(None, &mut around).expect("it ends");
        drop(run);
        effects
    }

    /// Each record's effects, in their order.
    fn by_record(effects: &[u8]) -> BTreeMap<String, Vec<String>> {
        let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in String::from_utf8_lossy(effects).lines() {
            let json: serde_json::Value = serde_json::from_str(line).expect("an effect");
            out.entry(json["subject"].to_string()).or_default().push(line.to_owned());
        }
        out
    }

    /// The same program with more in it, which concerns none of the records: every number in it is another one.
    static WIDER: LazyLock<Program> = LazyLock::new(|| {
        let rules = RULES
            .replace("extend Card {", "enum Zone { north, south }\nentity Alien \"Alien\" { zone: Zone? }\nextend Card { spare: Zone?")
            .replace("pipeline Main", "event alien.seen \"Seen\" { zone: Zone? }\n\npipeline Aliens \"Aliens\" for Alien {\n  rule seen on 2 alien.seen within 1 day { wait 1 day say { text: \"seen\" } }\n  stage Far \"Far\" { rule far after 1 day { say { text: \"far\" } } }\n  stage Near \"Near\" { trigger on no alien.seen for 1 day }\n}\n\npipeline Main")
            .replace("  stage Start \"Start\" {", "  stage Start \"Start\" {\n    trigger on 9 alien.seen(zone: south) within 1 day allow backward\n    disabled rule idle after 1 day { say { text: \"idle\" } }\n");
        compile(&rules)
    });

    /// As [`part`], with a program of which the state file may know another version.
    fn with_version(program: &Program, text: &str, simulate: bool, state: &Path, output: &Path) {
        let prepared = prepare(state, program.clone(), &Choices::default()).expect("it can be carried over");
        let machine = Machine::new(prepared.program()).expect("it can run");
        let mut state = prepared.open(machine.program()).expect("a state file");
        let mut run = Run::new(Engine::new(&machine, options(simulate)), machine.program());
        let mut input = text.as_bytes();
        let kept = state.load().expect("it can be loaded");
        let position = state.position("events").expect("a position");
        let start = Start::find(&mut input, position).expect("a text").expect("the same text");
        let mut output = state.output(Some(output)).expect("an output");
        state.adopt(&kept.records, &mut output).expect("it can be adopted");
        run.restore(kept);
        run.keep(Some(100), Box::new(move |keeping| state.keep(keeping, &mut output)));
        let (interrupted, idle) = (AtomicBool::new(false), AtomicBool::new(false));
        let mut around = Surroundings {
            effects: &mut std::io::sink(),
            rejected: &mut |_| Ok(()),
            on_error: OnError::Skip,
            interrupted: &interrupted,
            idle: &idle,
            progress: &mut |_| {},
            tick: None,
        };
        run.go_on(&mut around).expect("it goes on");
        run.feed_from("events", Some(("events", start)), &mut input, &mut around).expect("it reads");
        run.finish(None, &mut around).expect("it ends");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

        /// A stream, cut at every point into two runs over a state file, and into one run for each event, gives each
        /// record the effects of the whole.
        #[test]
        fn a_stream_can_be_cut_anywhere(steps in steps(), simulate in any::<bool>(), batch in 1..9u64) {
            let lines: Vec<String> = lines(&steps).into_iter().map(|line| line + "\n").collect();
            let all = lines.concat();
            let whole = by_record(&part(&all, simulate, 1, None));
            let cuts = (1..lines.len()).map(|cut| vec![cut]).chain([(1..lines.len()).collect()]);
            for cuts in cuts {
                let folder = tempfile::tempdir().expect("a folder");
                let (state, output) = (folder.path().join("state.db"), folder.path().join("out.jsonl"));
                for end in cuts.iter().copied().chain([lines.len()]) {
                    part(&lines[..end].concat(), simulate, batch, Some((&state, &output)));
                }
                let found = by_record(&std::fs::read(&output).unwrap_or_default());
                prop_assert_eq!(&found, &whole, "cut at {:?}", cuts);
            }
        }

        /// A version with more in it comes and goes at every point: each record has the effects of the one version.
        #[test]
        fn what_is_added_changes_nothing(steps in steps(), simulate in any::<bool>()) {
            let lines: Vec<String> = lines(&steps).into_iter().map(|line| line + "\n").collect();
            let whole = by_record(&part(&lines.concat(), simulate, 1, None));
            let folder = tempfile::tempdir().expect("a folder");
            let (state, output) = (folder.path().join("state.db"), folder.path().join("out.jsonl"));
            for end in 1..=lines.len() {
                let program = if end % 2 == 0 { &WIDER } else { MACHINE.program() };
                with_version(program, &lines[..end].concat(), simulate, &state, &output);
            }
            let found = by_record(&std::fs::read(&output).unwrap_or_default());
            prop_assert_eq!(&found, &whole);
        }
    }
}

/// Records that read each other.
mod shared {
    use super::*;

    const SHARED: &str = r#"
use "base.rules"

pipeline Cards "Cards" for Card {
  rule doors on 2 door.opened within 1 day { say { text: "doors {if box is set then box.name else "-"}" } }
  stage Start "Start" {
    rule later after 3 hours when box is set { say { text: "in {box.name}" } set score = score + 1 }
    rule waits {
      wait for bell.rang at most 5 hours else { say { text: "{if box is set then box.name else "none"}" } stop }
      say { text: "{event.bell} {if box is set then box.name else "none"}" }
      wait 90 minutes
      move to End
    }
  }
  stage End "End" { rule last after 1 day { say { text: "last {if box is set then box.name else "-"}" } } }
}
pipeline Boxes "Boxes" for Box {
  stage Open "Open" { rule renamed on change of name after 1 hour { set size = big } }
}
"#;

    static SHARED_MACHINE: LazyLock<Machine> =
        LazyLock::new(|| Machine::new(compile(SHARED)).expect("it can run"));

    fn lines(steps: &[(u8, u32, u8)]) -> Vec<String> {
        let mut time: DateTime<Utc> = "2026-03-20T08:00:00Z".parse().expect("a time");
        let mut lines = Vec::new();
        // The third of each kind is in a partition of its own.
        let mut line = |time: DateTime<Utc>, subject: String, key: &str, kind: &str, data: String| {
            let number = lines.len();
            let subject = if subject.is_empty() { subject } else { format!(r#""subject":"{subject}","#) };
            let time = time.to_rfc3339();
            lines.push(format!(
                r#"{{"specversion":"1.0","id":"e-{number}","source":"/t","time":"{time}",{subject}{key}"type":"{kind}","data":{{{data}}}}}"#
            ));
        };
        for n in 0..3 {
            let key = if n == 2 { r#""partitionkey":"p","# } else { "" };
            line(time, format!("box/{n}"), key, "box.created", format!(r#""name":"B{n}""#));
            line(time, format!("card/{n}"), key, "card.created", format!(r#""box":"box/{n}""#));
        }
        for (n, (record, after, what)) in steps.iter().enumerate() {
            time += TimeDelta::minutes(i64::from(*after));
            let (card, shelf) = (format!("card/{}", record % 3), format!("box/{}", record % 3));
            match what {
                0 => line(time, card, "", "bell.rang", String::new()),
                1 => line(time, card, "", "door.opened", String::new()),
                2 => line(time, shelf, "", "box.updated", format!(r#""name":"N{n}""#)),
                3 => line(time, card, "", "card.updated", format!(r#""box":"box/{}""#, (record + 1) % 3)),
                4 => line(time, shelf, "", "box.deleted", String::new()),
                5 => line(time, card, "", "card.moved", r#""stage":"Start""#.into()),
                _ => line(time, String::new(), "", "stagegate.clock", String::new()),
            }
        }
        line(time + TimeDelta::weeks(2), String::new(), "", "stagegate.clock", String::new());
        lines
    }

    /// All that is known of the records, written down and read again, in any order.
    fn reloaded(records: &Records) -> Records {
        let mut again = Records::new(SHARED_MACHINE.program());
        again.restore_clocks(records.clock(), records.latest());
        for (subject, slot) in records.slots() {
            let bytes = postcard::to_stdvec(slot).expect("a record can be saved");
            let slot = postcard::from_bytes(&bytes).expect("a saved record can be loaded");
            let (_, home, clock) = records.at_home(subject).expect("a home");
            again.restore(subject.clone(), slot, home, clock);
        }
        again
    }

    /// The effects of each event.
    fn effects(lines: &[String], reload: impl Fn(usize) -> bool) -> Vec<String> {
        let mut engine = Engine::new(&SHARED_MACHINE, options(true));
        let mut decoder = Decoder::new(SHARED_MACHINE.program());
        let encoder = Encoder::new(SHARED_MACHINE.program());
        let mut records = Records::new(SHARED_MACHINE.program());
        let all = lines.iter().enumerate().map(|(n, line)| {
            if reload(n) {
                records = reloaded(&records);
            }
            let Ok(Decoded::Event(event)) = decoder.decode(line) else { panic!("{line}") };
            let mut effects = Vec::new();
            let handled = records.apply(&mut engine, &event, &mut effects);
            let mut shown = format!("{handled:?}\n").into_bytes();
            for effect in &effects {
                encoder.encode(effect, &mut shown);
                shown.push(b'\n');
            }
            String::from_utf8_lossy(&shown).into_owned()
        });
        all.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        /// Records that share partitions and read each other give the same effects in the same order, wherever they are
        /// saved and loaded on the way.
        #[test]
        fn records_that_read_each_other_can_be_saved_anywhere(
            steps in proptest::collection::vec((0..3u8, prop_oneof![0..90u32, 0..2000u32], 0..7u8), 1..20),
        ) {
            let lines = lines(&steps);
            let straight = effects(&lines, |_| false);
            prop_assert_eq!(&straight, &effects(&lines, |_| true));
            for at in 1..lines.len() {
                prop_assert_eq!(&straight, &effects(&lines, |n| n == at));
            }
        }
    }
}
