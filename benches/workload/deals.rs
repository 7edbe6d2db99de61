//! Deals, and what happens to them.

use super::{Random, time};
use std::fmt::Write as _;
use std::io::{self, Write};

pub const STAGES: [&str; 8] = ["New", "Talk", "Offer", "Terms", "Contract", "Delivery", "Payment", "Won"];
pub const SOURCES: [&str; 8] = ["web", "form", "callback", "phone", "email", "chat", "referral", "partner"];
pub const SEGMENTS: [&str; 5] = ["private", "small", "medium", "large", "public"];
pub const USERS: [&str; 3] = ["anna", "boris", "chiara"];
pub const CITIES: [&str; 12] = [
    "Rome", "Milan", "Naples", "Turin", "Palermo", "Genoa", "Bologna", "Florence", "Bari", "Catania",
    "Venice", "Verona",
];
pub const TAGS: [&str; 12] = [
    "vip", "urgent", "net30", "export", "fair", "retail", "repeat", "press", "green", "rush", "fragile",
    "large",
];
/// None is a part of another.
pub const WORDS: [&str; 16] = [
    "Desks", "Chairs", "Lamps", "Shelves", "Sofas", "Tables", "Beds", "Doors", "Windows", "Kitchens",
    "Carpets", "Mirrors", "Stools", "Benches", "Racks", "Screens",
];

/// What happens: the event, the member that rules name, and how its values begin.
pub const KINDS: [(&str, &str, &str); 6] = [
    ("document.viewed", "template", "Offer"),
    ("document.signed", "template", "Contract"),
    ("call.incoming", "line", "Line"),
    ("channel.message", "channel", "Channel"),
    ("form.submitted", "form", "Form"),
    ("webhook.received", "code", "Code"),
];
/// How many values the member has.
pub const VALUES: u64 = 40;

/// A deal; names by their position in the lists above.
#[derive(Debug, Clone)]
pub struct Deal {
    pub title: String,
    pub cents: i64,
    pub source: usize,
    pub segment: usize,
    pub city: usize,
    pub responsible: usize,
    pub tags: Vec<usize>,
    pub score: i64,
    /// In days after the first of March.
    pub due: i32,
    pub returning: bool,
}

impl Deal {
    pub fn new(random: &mut Random) -> Deal {
        let words = random.some(&WORDS, 2);
        let tags = 1 + random.index(3);
        Deal {
            title: format!("{} {} and {}", 1 + random.below(90), words[0], words[1]),
            cents: 10_000 + random.below(990_000) as i64,
            source: random.index(SOURCES.len()),
            segment: random.index(SEGMENTS.len()),
            city: random.index(CITIES.len()),
            responsible: random.index(USERS.len()),
            tags: random.some(&(0..TAGS.len()).collect::<Vec<_>>(), tags),
            score: random.below(100) as i64,
            due: random.below(120) as i32,
            returning: random.below(4) == 0,
        }
    }

    /// As `data` of the event that creates it.
    pub fn data(&self) -> String {
        format!(
            r#"{{"title":"{}","amount":"{}","source":"{}","responsible":"{}","city":"{}","segment":"{}","score":{},"due":"{}","returning_customer":{},"tags":[{}]}}"#,
            self.title,
            euro(self.cents),
            SOURCES[self.source],
            USERS[self.responsible],
            CITIES[self.city],
            SEGMENTS[self.segment],
            self.score,
            day(self.due),
            self.returning,
            self.tags.iter().map(|tag| format!("\"{}\"", TAGS[*tag])).collect::<Vec<_>>().join(",")
        )
    }
}

pub fn euro(cents: i64) -> String {
    format!("{}.{:02} EUR", cents / 100, cents % 100)
}

/// So many days after the first of March.
pub fn day(after: i32) -> String {
    let (mut month, mut day) = (3, after + 1);
    for length in [31, 30, 31, 30, 31] {
        if day <= length {
            break;
        }
        (month, day) = (month + 1, day - length);
    }
    format!("2026-{month:02}-{day:02}")
}

/// One event of the stream.
#[derive(Debug, Clone)]
pub struct Step {
    /// A step that comes twice has the number it had.
    pub number: u64,
    pub deal: u64,
    /// In milliseconds after the first of March.
    pub time: u64,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Created(Deal),
    /// Of this amount, with a comment.
    Updated(i64),
    /// By position in [`KINDS`], and which of its values.
    Happened(usize, u64),
}

/// How long a stream, about how many deals.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    pub events: u64,
    pub deals: u64,
    pub seed: u64,
}

impl Stream {
    /// A tenth of the events create a deal.
    pub fn events(events: u64) -> Stream {
        Stream { events, deals: (events / 10).max(1), seed: 1 }
    }

    /// The steps, as they are sent: one in 64 comes late, and one in 64 a second time, somewhat later.
    pub fn steps(self) -> impl Iterator<Item = Step> {
        let mut random = Random(self.seed);
        let mut created = 0;
        let mut recent: Vec<Step> = Vec::new();
        (0..self.events).map(move |number| {
            // Deals come as the stream goes on.
            let step = if created < self.deals && number * self.deals / self.events >= created {
                created += 1;
                let what = What::Created(Deal::new(&mut random));
                Step { number, deal: created - 1, time: self.time(number), what }
            } else if random.below(64) == 0 && recent.len() == 8 {
                recent[0].clone()
            } else {
                let late = if random.below(64) == 0 { 90_000 } else { 0 };
                let what = match random.below(8) {
                    0 => What::Updated(10_000 + random.below(990_000) as i64),
                    _ => What::Happened(random.index(KINDS.len()), random.below(VALUES)),
                };
                let deal = random.below(created);
                Step { number, deal, time: self.time(number).saturating_sub(late), what }
            };
            if recent.len() == 8 {
                recent.remove(0);
            }
            recent.push(step.clone());
            step
        })
    }

    /// Two days for all of them.
    fn time(self, number: u64) -> u64 {
        3_600_000 + 172_800_000 * number / self.events
    }

    /// As lines of JSON.
    pub fn write(self, out: &mut impl Write) -> io::Result<()> {
        let mut line = String::new();
        for step in self.steps() {
            line.clear();
            step.line(&mut line);
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    /// As lines of JSON.
    pub fn text(self) -> String {
        let mut out = String::new();
        self.steps().for_each(|step| step.line(&mut out));
        out
    }
}

impl Step {
    pub fn line(&self, out: &mut String) {
        let (kind, data) = match &self.what {
            What::Created(deal) => ("deal.created", deal.data()),
            What::Updated(cents) => (
                "deal.updated",
                format!(r#"{{"amount":"{}","comments":"Note {}"}}"#, euro(*cents), self.number),
            ),
            What::Happened(kind, value) => {
                let (name, member, begins) = KINDS[*kind];
                let more = match *kind {
                    0 | 1 => format!(r#","document":"D-{}""#, self.number),
                    2 => r#","phone":"+39 06 5550123""#.to_owned(),
                    3 => format!(r#","text":"Hello, again {}""#, self.number),
                    _ => String::new(),
                };
                (name, format!(r#"{{"{member}":"{begins} {value}"{more}}}"#))
            }
        };
        let Step { number, deal, .. } = self;
        let time = time(self.time);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            r#"{{"specversion":"1.0","id":"e-{number}","source":"/crm","type":"{kind}","subject":"deal/D-{deal}","time":"{time}","data":{data}}}"#
        );
    }
}
