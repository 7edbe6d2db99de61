//! Writes rules and streams of events to measure with, always the same for one seed:
//!
//! ```sh
//! cargo run --release --example stream -- program 200 > flow.rules
//! cargo run --release --example stream -- events 1000000 > events.jsonl
//! stagegate run flow.rules events.jsonl --output effects.jsonl
//! ```
//!
//! `program TRIGGERS` is a pipeline of eight stages with so many triggers, each under a condition of four to six terms, and
//! three rules on entry in each stage. With `--live N` only N of the triggers ever fire, so that the moves stay equal while
//! the triggers become more; `--rules N` adds rules that listen to events. `events N [SEED]` is a stream for such programs:
//! a tenth of the events create a deal, or as many as `--deals N` says.
//!
//! `lines N` is a program of about so many lines, to check and to compile.
//!
//! For `benches/stream.rules`: `waiting N` creates N deals that wait three days for their reminder. `flow N [SEED]` are N
//! events of other deals, of which every tenth creates one, in the two days after that.

#[path = "../benches/rules/mod.rs"]
mod rules;
#[path = "../benches/workload/mod.rs"]
mod workload;

use std::io::{BufWriter, Write};
use std::process::ExitCode;
use workload::deals::Stream;
use workload::rules::{Rules, Size};
use workload::{Random, time};

const USAGE: &str = "usage: stream program TRIGGERS [SEED] [--live N] [--rules N]
       stream events N [SEED] [--deals N]
       stream lines N
       stream waiting N
       stream flow N [SEED]";

/// The words, without the options.
struct Arguments {
    words: Vec<String>,
    options: Vec<(String, u64)>,
}

impl Arguments {
    fn read() -> Option<Arguments> {
        let mut all = std::env::args().skip(1);
        let mut arguments = Arguments { words: Vec::new(), options: Vec::new() };
        while let Some(word) = all.next() {
            match word.strip_prefix("--") {
                Some(name) => arguments.options.push((name.to_owned(), all.next()?.parse().ok()?)),
                None => arguments.words.push(word),
            }
        }
        Some(arguments)
    }

    fn number(&self, at: usize) -> Option<u64> {
        self.words.get(at)?.parse().ok()
    }

    /// Nothing else may be asked for.
    fn only(&self, known: &[&str]) -> bool {
        self.words.len() <= 3
            && self.words.iter().skip(1).all(|word| word.parse::<u64>().is_ok())
            && self.options.iter().all(|(name, _)| known.contains(&&**name))
    }

    fn option(&self, name: &str) -> Option<u64> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

fn main() -> ExitCode {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = Arguments::read().and_then(|arguments| {
        let count = arguments.number(1)?;
        let seed = arguments.number(2).unwrap_or(1);
        match arguments.words.first()?.as_str() {
            "program" if arguments.only(&["live", "rules"]) => {
                let live = arguments.option("live").unwrap_or(count) as usize;
                let rules = arguments.option("rules").unwrap_or(0) as usize;
                let size = Size { triggers: count as usize, live, rules, seed };
                Some(out.write_all(Rules::new(size).program().as_bytes()))
            }
            "lines" if arguments.only(&[]) => Some(out.write_all(rules::program(count as usize).as_bytes())),
            "events" if arguments.only(&["deals"]) && count > 0 => {
                let deals = arguments.option("deals").unwrap_or(count / 10).max(1);
                Some(Stream { events: count, deals, seed }.write(&mut out))
            }
            "waiting" if arguments.only(&[]) => Some(waiting(&mut out, count)),
            "flow" if arguments.only(&[]) => Some(flow(&mut out, count, seed)),
            _ => None,
        }
    });
    let Some(written) = written else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("cannot write the events: {e}");
            ExitCode::from(2)
        }
    }
}

fn waiting(out: &mut impl Write, count: u64) -> std::io::Result<()> {
    for n in 0..count {
        // An hour for all of them.
        let time = time(3_600_000 * n / count);
        writeln!(
            out,
            r#"{{"specversion":"1.0","id":"w-{n}","source":"/crm","type":"deal.created","subject":"deal/W-{n}","time":"{time}","data":{{"title":"Waiting {n}","amount":"{}.00 EUR","responsible":"anna","pipeline":"Waiting"}}}}"#,
            n % 9_000 + 100
        )?;
    }
    Ok(())
}

fn flow(out: &mut impl Write, count: u64, seed: u64) -> std::io::Result<()> {
    let mut random = Random(seed);
    let deals = (count / 10).max(1);
    for n in 0..count {
        // From the second hour on.
        let time = time(3_600_000 + 172_800_000 * n / count);
        let head = |kind: &str, deal: u64| {
            format!(
                r#""specversion":"1.0","id":"e-{n}","source":"/crm","type":"{kind}","subject":"deal/D-{deal}","time":"{time}""#
            )
        };
        if n < deals {
            let amount = random.below(9_900) + 100;
            let data = format!(r#""title":"Deal {n}","amount":"{amount}.00 EUR","responsible":"anna""#);
            writeln!(out, r#"{{{},"data":{{{data},"pipeline":"Flow"}}}}"#, head("deal.created", n))?;
            continue;
        }
        let deal = random.below(deals);
        let (kind, data) = match random.below(6) {
            0 => ("document.viewed", r#""template":"Offer""#.to_owned()),
            1 => ("document.signed", r#""template":"Contract""#.to_owned()),
            2 => ("call.incoming", r#""line":"main","phone":"+49 30 1234567""#.to_owned()),
            3 => ("email.received", r#""from":"client@office.example","subject":"Hello""#.to_owned()),
            4 => ("invoice.paid", format!(r#""invoice":"I-{n}","amount":"{}.00 EUR""#, random.below(9_900))),
            _ => ("deal.updated", format!(r#""comments":"note {n}""#)),
        };
        writeln!(out, r#"{{{},"data":{{{data}}}}}"#, head(kind, deal))?;
    }
    Ok(())
}
