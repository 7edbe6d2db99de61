//! The same rules through stagegate, through a program written by hand for just these rules, and through general engines:
//!
//! ```sh
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- conditions
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- stream --events 1000000
//! ```
//!
//! First all must give the same answers, and write the same effects byte for byte; only then they are measured, in turn, on
//! one core, by the time that this thread has had of the processor. What is printed are medians, as tables of Markdown.

mod engines;
mod host;
mod native;
#[path = "../../workload/through.rs"]
mod through;
#[path = "../../workload/mod.rs"]
mod workload;

use cpu_time::ThreadTime;
use engines::{Cel, Evalexpr, Native, Peer, Rhai, Vrl, Zen};
use host::Host;
use native::{Deal, Event};
use stagegate::value::Value;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use workload::deals::{Stream, What};
use workload::rules::{Listener, Rules, Size, holds};

const USAGE: &str = "usage: peers conditions [--rounds N] | peers stream [--events N] [--rounds N]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default: u64| -> Option<u64> {
        match args.iter().position(|arg| arg == name) {
            Some(at) => args.get(at + 1)?.parse().ok().filter(|number| *number > 0),
            None => Some(default),
        }
    };
    match (args.first().map(String::as_str), option("--events", 1_000_000), option("--rounds", 11)) {
        (Some("conditions"), _, Some(rounds)) => conditions(rounds as usize),
        (Some("stream"), Some(events), Some(rounds)) => streams(events, rounds as usize),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Something measured: what it is called, and how long it took in each round, in nanoseconds for each piece of work.
struct Measured {
    name: &'static str,
    times: Vec<f64>,
}

impl Measured {
    fn median(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }
}

/// How many deals the conditions are asked about.
const SAMPLES: usize = 1_000;

fn conditions(rounds: usize) {
    let all = Rules::new(Size::triggers(2_000)).triggers;
    println!("Nanoseconds for one condition of 4 to 6 terms, and how many times as long as stagegate:\n");
    let mut table = Table::new(&["conditions on one deal"]);
    for count in [10, 100, 1_000] {
        let measured = conditions_of(&all[..count], rounds);
        table.row(&format!("{count}"), &measured, |time| format!("{time:.1}"));
    }
    table.print();
}

/// Asks all conditions about all deals, so many times over, and counts those that hold.
type Pass<'a> = Box<dyn FnMut(usize) -> usize + 'a>;

fn conditions_of(triggers: &[Listener], rounds: usize) -> Vec<Measured> {
    let mut random = workload::Random(99);
    let samples: Vec<workload::deals::Deal> =
        (0..SAMPLES).map(|_| workload::deals::Deal::new(&mut random)).collect();
    let line = |(number, deal): (usize, &workload::deals::Deal)| {
        let mut line = String::new();
        let what = What::Created(deal.clone());
        workload::deals::Step { number: number as u64, deal: number as u64, time: 0, what }.line(&mut line);
        line
    };
    let lines: Vec<String> = samples.iter().enumerate().map(line).collect();
    let deals: Vec<Deal> = (lines.iter())
        .map(|line| {
            sonic_rs::from_str::<Event>(line).expect("it is an event").data.deal().expect("it is whole")
        })
        .collect();

    // The gate: all say what the conditions mean.
    let expected: Vec<bool> = (samples.iter())
        .flat_map(|deal| triggers.iter().map(move |trigger| holds(&trigger.when, deal)))
        .collect();
    let machine = through::machine(&program(triggers));
    let records = through::records(&machine, lines.iter().map(String::as_str));
    let mut own = through::Conditions::new(&machine);
    assert_eq!(own.count(), triggers.len());
    let mut given = Vec::new();
    for record in &records {
        own.prepare();
        (0..triggers.len()).for_each(|condition| given.push(own.holds(condition, record)));
    }
    if let Some(at) = (0..given.len()).find(|at| given[*at] != expected[*at]) {
        let (deal, condition) = (&lines[at / triggers.len()], &triggers[at % triggers.len()].when);
        panic!("stagegate answers {} to {condition:?} of {deal}", given[at]);
    }

    let mut passes: Vec<(&'static str, Pass)> = vec![
        ("stagegate", own_pass(own, &records)),
        native_pass(triggers, &deals, &expected),
        peer_pass::<Zen>(triggers, &deals, &expected),
        peer_pass::<Vrl>(triggers, &deals, &expected),
        peer_pass::<Cel>(triggers, &deals, &expected),
        peer_pass::<Rhai>(triggers, &deals, &expected),
        peer_pass::<Evalexpr>(triggers, &deals, &expected),
    ];
    // As often as takes some tenth of a second, so that the clock is exact enough.
    let often: Vec<usize> = (passes.iter_mut())
        .map(|(_, pass)| {
            let start = ThreadTime::now();
            black_box(pass(1));
            (0.08 / start.elapsed().as_secs_f64()).clamp(1.0, 10_000.0) as usize
        })
        .collect();
    let mut measured: Vec<Measured> =
        passes.iter().map(|(name, _)| Measured { name, times: Vec::new() }).collect();
    for _ in 0..rounds {
        for ((times, often), (_, pass)) in measured.iter_mut().zip(&often).zip(&mut passes) {
            let start = ThreadTime::now();
            black_box(pass(*often));
            let nanoseconds = start.elapsed().as_nanos() as f64;
            times.times.push(nanoseconds / (often * expected.len()) as f64);
        }
    }
    measured
}

/// A program with these triggers.
fn program(triggers: &[Listener]) -> String {
    Rules { triggers: triggers.to_vec(), rules: Vec::new() }.program()
}

fn own_pass<'a>(mut own: through::Conditions<'a>, records: &'a [Vec<Value>]) -> Pass<'a> {
    Box::new(move |often| {
        let mut count = 0;
        for record in (0..often).flat_map(|_| records) {
            own.prepare();
            count += (0..own.count()).filter(|condition| own.holds(*condition, record)).count();
        }
        count
    })
}

fn native_pass<'a>(triggers: &[Listener], deals: &'a [Deal], expected: &[bool]) -> (&'static str, Pass<'a>) {
    let functions = &native::conditions(2_000)[..triggers.len()];
    let given = deals.iter().flat_map(|deal| functions.iter().map(move |holds| holds(deal)));
    assert!(given.eq(expected.iter().copied()), "the functions in Rust answer otherwise");
    let pass = move |often| {
        let mut count = 0;
        for deal in (0..often).flat_map(|_| deals) {
            count += functions.iter().filter(|holds| holds(deal)).count();
        }
        count
    };
    (Native::NAME, Box::new(pass))
}

fn peer_pass<'a, P: Peer + 'a>(
    triggers: &[Listener],
    deals: &'a [Deal],
    expected: &[bool],
) -> (&'static str, Pass<'a>)
where
    P::Ready: 'a,
{
    let mut peer = P::new(triggers);
    let conditions = triggers.len();
    let mut ready: Vec<(&Deal, P::Ready)> = (deals.iter())
        .map(|deal| {
            let mut ready = None;
            peer.prepare(&mut ready, deal);
            (deal, ready.expect("it has been made"))
        })
        .collect();
    let mut at = 0;
    for (deal, ready) in &mut ready {
        for condition in 0..conditions {
            assert_eq!(
                peer.holds(condition, deal, ready),
                expected[at],
                "{}: {:?}",
                P::NAME,
                triggers[condition].when
            );
            at += 1;
        }
    }
    let pass = move |often| {
        let mut count = 0;
        for _ in 0..often {
            for (deal, ready) in &mut ready {
                count += (0..conditions).filter(|condition| peer.holds(*condition, deal, ready)).count();
            }
        }
        count
    };
    (P::NAME, Box::new(pass))
}

fn streams(events: u64, rounds: usize) {
    let text = Stream::events(events).text();
    println!(
        "Thousand events a second of {events} ({} MB, {} deals), and how many times as fast stagegate is:\n",
        text.len() / 1_000_000,
        events / 10
    );
    let mut table = Table::new(&["triggers", "moves"]);
    for count in [20, 200, 2_000] {
        let (moves, measured) = stream_of(count, &text, rounds);
        table.row(&format!("{count} | {moves}"), &measured, |time| format!("{:.0}", 1e6 / time));
    }
    table.print();
}

fn stream_of(count: usize, text: &str, rounds: usize) -> (u64, Vec<Measured>) {
    let triggers = Rules::new(Size::triggers(count)).triggers;
    let machine = through::machine(&program(&triggers));
    // The gate: the same effects, byte for byte.
    let mut expected = Vec::new();
    let moves = through::feed(&mut through::run(&machine), text.as_bytes(), &mut expected).moves;
    same_effects::<Native>(&triggers, text, &expected);
    same_effects::<Zen>(&triggers, text, &expected);
    same_effects::<Vrl>(&triggers, text, &expected);
    same_effects::<Cel>(&triggers, text, &expected);
    drop(expected);

    let lines = text.lines().count() as f64;
    let mut all: Vec<(&'static str, Box<dyn FnMut() -> f64 + '_>)> = vec![
        (
            "stagegate",
            Box::new(|| {
                // Beginning and giving back all records is not timed, nor is it with those by hand.
                let mut run = through::run(&machine);
                timed(|| through::feed(&mut run, text.as_bytes(), &mut Nowhere(0)).moves)
            }),
        ),
        by_hand::<Native>(&triggers, text),
        by_hand::<Zen>(&triggers, text),
        by_hand::<Vrl>(&triggers, text),
        by_hand::<Cel>(&triggers, text),
    ];
    let mut measured: Vec<Measured> =
        all.iter().map(|(name, _)| Measured { name, times: Vec::new() }).collect();
    for _ in 0..rounds {
        for (measured, (_, run)) in measured.iter_mut().zip(&mut all) {
            measured.times.push(run() / lines);
        }
    }
    (moves, measured)
}

fn same_effects<P: Peer>(triggers: &[Listener], text: &str, expected: &[u8]) {
    let mut host = Host::new(P::new(triggers), triggers);
    let mut given = Vec::new();
    host.feed(text.as_bytes(), &mut given).expect("memory can be written");
    assert_eq!(host.rejected, 0, "{}", P::NAME);
    if given != expected {
        let mut pairs = given.split(|byte| *byte == b'\n').zip(expected.split(|byte| *byte == b'\n'));
        let (ours, theirs) = pairs.find(|(a, b)| a != b).unwrap_or_default();
        let shown = [ours, theirs].map(String::from_utf8_lossy);
        panic!("{} writes\n{}\nwhere stagegate writes\n{}", P::NAME, shown[0], shown[1]);
    }
}

fn by_hand<'a, P: Peer>(
    triggers: &'a [Listener],
    text: &'a str,
) -> (&'static str, Box<dyn FnMut() -> f64 + 'a>) {
    let run = || {
        let mut host = Host::new(P::new(triggers), triggers);
        timed(|| host.feed(text.as_bytes(), &mut Nowhere(0)).expect("it is thrown away"))
    };
    (P::NAME, Box::new(run))
}

/// In nanoseconds.
fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let start = ThreadTime::now();
    black_box(work());
    start.elapsed().as_nanos() as f64
}

/// Where effects go while it is measured; nothing can be left out, for all bytes are counted.
struct Nowhere(u64);

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Table {
    first: String,
    lines: Vec<String>,
    names: Vec<&'static str>,
}

impl Table {
    fn new(first: &[&str]) -> Table {
        Table { first: first.join(" | "), lines: Vec::new(), names: Vec::new() }
    }

    /// The first of those measured is stagegate.
    fn row(&mut self, first: &str, measured: &[Measured], number: impl Fn(f64) -> String) {
        let own = measured[0].median();
        let cells = measured.iter().enumerate().map(|(at, measured)| {
            let time = measured.median();
            if at == 0 { number(time) } else { format!("{} ({:.2} ×)", number(time), time / own) }
        });
        self.lines.push(format!("| {first} | {} |", cells.collect::<Vec<_>>().join(" | ")));
        self.names = measured.iter().map(|measured| measured.name).collect();
    }

    fn print(&self) {
        let columns = self.first.split('|').count() + self.names.len();
        println!("| {} | {} |", self.first, self.names.join(" | "));
        println!("|{}", " --- |".repeat(columns));
        self.lines.iter().for_each(|line| println!("{line}"));
        println!();
    }
}
