//! Writes a long stream of events for `benches/stream.rules`, always the same for one seed:
//!
//! ```sh
//! cargo run --release --example stream -- waiting 1000000 > waiting.jsonl
//! cargo run --release --example stream -- flow 1000000 > flow.jsonl
//! ```
//!
//! `waiting N` creates N deals that wait three days for their reminder. `flow N [SEED]` are N events of other deals,
//! of which every tenth creates one, in the two days after that.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| args.get(at).and_then(|text| text.parse::<u64>().ok());
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = match (args.first().map(String::as_str), number(1)) {
        (Some("waiting"), Some(count)) => waiting(&mut out, count),
        (Some("flow"), Some(count)) => flow(&mut out, count, number(2).unwrap_or(1)),
        _ => {
            eprintln!("usage: stream waiting N | stream flow N [SEED]");
            return ExitCode::from(2);
        }
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

/// So many milliseconds after the first of March.
fn time(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (day, second) = (1 + seconds / 86_400, seconds % 86_400);
    format!("2026-03-{day:02}T{:02}:{:02}:{:02}.{rest:03}Z", second / 3600, second / 60 % 60, second % 60)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
