//! Writes the conditions of the workload as functions in Rust: what somebody who programs their rules by hand would write.

#[path = "../workload/mod.rs"]
mod workload;

use std::fmt::Write;
use std::path::Path;
use workload::deals::{CITIES, SEGMENTS, SOURCES, TAGS, WORDS, day};
use workload::rules::{Rules, Size, Term};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../workload");
    let mut out = String::new();
    for count in [20, 200, 2000] {
        let triggers = Rules::new(Size::triggers(count)).triggers;
        writeln!(out, "pub mod of_{count} {{\n    use super::*;").unwrap();
        for (number, trigger) in triggers.iter().enumerate() {
            let clauses = trigger.when.iter().map(|clause| {
                let terms: Vec<String> = clause.iter().map(term).collect();
                format!("({})", terms.join(" || "))
            });
            let all = clauses.collect::<Vec<_>>().join(" && ");
            writeln!(out, "    fn t{number}(d: &Deal) -> bool {{ {all} }}").unwrap();
        }
        let all = (0..count).map(|number| format!("t{number}")).collect::<Vec<_>>().join(", ");
        writeln!(out, "    pub static ALL: [fn(&Deal) -> bool; {count}] = [{all}];\n}}").unwrap();
    }
    let to = std::env::var_os("OUT_DIR").expect("cargo says where to");
    std::fs::write(Path::new(&to).join("conditions.rs"), out).expect("it can be written");
}

fn term(term: &Term) -> String {
    let variants = |kind: &str, positions: &[usize], names: &[&str]| -> String {
        let one = |at: &usize| format!("{kind}::{}", capital(names[*at]));
        positions.iter().map(one).collect::<Vec<_>>().join(" | ")
    };
    match term {
        Term::AmountFrom(cents) => format!("d.cents >= {cents}"),
        Term::AmountBelow(cents) => format!("d.cents < {cents}"),
        Term::AmountBetween(from, to) => format!("(d.cents >= {from} && d.cents <= {to})"),
        Term::SourceIn(all) => format!("matches!(d.source, {})", variants("Source", all, &SOURCES)),
        Term::SourceIsNot(one) => format!("d.source != Source::{}", capital(SOURCES[*one])),
        Term::SegmentIn(all) => format!("matches!(d.segment, {})", variants("Segment", all, &SEGMENTS)),
        Term::SegmentIsNot(one) => format!("d.segment != Segment::{}", capital(SEGMENTS[*one])),
        Term::TitleContains(word) => format!("d.title.contains({:?})", WORDS[*word]),
        Term::TitleLacks(word) => format!("!d.title.contains({:?})", WORDS[*word]),
        Term::TitleStarts(word) => format!("d.title.starts_with({:?})", WORDS[*word]),
        Term::CityIs(city) => format!("d.city == {:?}", CITIES[*city]),
        Term::CityIsNot(city) => format!("d.city != {:?}", CITIES[*city]),
        Term::CityIn(all) => {
            let all: Vec<String> = all.iter().map(|at| format!("{:?}", CITIES[*at])).collect();
            format!("matches!(&*d.city, {})", all.join(" | "))
        }
        Term::Tagged(tag) => format!("d.tags.iter().any(|tag| tag == {:?})", TAGS[*tag]),
        Term::NotTagged(tag) => format!("!d.tags.iter().any(|tag| tag == {:?})", TAGS[*tag]),
        Term::DueUntil(after) => format!("d.due.0 <= {}", number(*after)),
        Term::DueAfter(after) => format!("d.due.0 > {}", number(*after)),
        Term::ScoreFrom(score) => format!("d.score >= {score}"),
        Term::ScoreBelow(score) => format!("d.score < {score}"),
        Term::Returning(true) => "d.returning_customer".to_owned(),
        Term::Returning(false) => "!d.returning_customer".to_owned(),
    }
}

/// A day as the number 20260301.
fn number(after: i32) -> String {
    day(after).replace('-', "")
}

fn capital(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}
