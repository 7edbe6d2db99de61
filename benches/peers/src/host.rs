//! A host written by hand for the rules of the workload: records in a map, the clock, duplicates, triggers, effects with their
//! ids. What it writes is what stagegate writes, byte for byte. Who answers the conditions is left open.

use crate::engines::Peer;
use crate::native::{Deal, Event, Instant, padded};
use crate::workload::deals::{KINDS, STAGES};
use crate::workload::rules::Listener;
use ahash::{HashMap, HashMapExt, RandomState};
use std::io::{self, Write};

/// How many events a record remembers.
const REMEMBERED: usize = 16;

struct Record {
    deal: Deal,
    stage: usize,
    effects: u64,
    clock: Instant,
    seen: [u64; REMEMBERED],
    /// How many of those there are, and where the next one goes.
    count: usize,
    next: usize,
}

pub struct Host<P: Peer> {
    peer: P,
    ready: Option<P::Ready>,
    records: HashMap<String, Record>,
    /// By the kind of event: the triggers that want a value, by that; each with its stage, in the order of the program.
    triggers: Vec<HashMap<String, Vec<(usize, usize)>>>,
    hasher: RandomState,
    out: Vec<u8>,
    pub rejected: u64,
    pub duplicates: u64,
    pub moves: u64,
}

impl<P: Peer> Host<P> {
    pub fn new(peer: P, listeners: &[Listener]) -> Self {
        let mut triggers = vec![HashMap::<String, Vec<(usize, usize)>>::new(); KINDS.len()];
        for (number, listener) in listeners.iter().enumerate() {
            let value = format!("{} {}", KINDS[listener.kind].2, listener.value);
            triggers[listener.kind].entry(value).or_default().push((number, listener.stage));
        }
        Host {
            peer,
            ready: None,
            records: HashMap::new(),
            triggers,
            hasher: RandomState::with_seeds(1, 2, 3, 4),
            out: Vec::new(),
            rejected: 0,
            duplicates: 0,
            moves: 0,
        }
    }

    pub fn feed(&mut self, input: &[u8], effects: &mut dyn Write) -> io::Result<()> {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', input) {
            let line = &input[from..end];
            from = end + 1;
            if !line.is_empty() && self.line(line).is_none() {
                self.rejected += 1;
            }
            if self.out.len() >= 1 << 16 {
                effects.write_all(&self.out)?;
                self.out.clear();
            }
        }
        effects.write_all(&self.out)?;
        self.out.clear();
        effects.flush()
    }

    /// `None`: the event is rejected.
    fn line(&mut self, line: &[u8]) -> Option<()> {
        let event: Event = sonic_rs::from_slice(line).ok()?;
        let Event { specversion, id: cause, source, kind, subject, time, data } = event;
        if specversion.0 != "1.0" || cause.0.is_empty() || source.0.is_empty() {
            return None;
        }
        let id = subject.0.strip_prefix("deal/")?;
        let seen = self.hasher.hash_one((&*source.0, &*cause.0));
        if kind.0 == "deal.created" {
            if let Some(record) = self.records.get(id) {
                let twice = record.seen[..record.count].contains(&seen);
                self.duplicates += u64::from(twice);
                return twice.then_some(());
            }
            let mut record = Record {
                deal: data.deal()?,
                stage: 0,
                effects: 0,
                clock: time,
                seen: [0; REMEMBERED],
                count: 0,
                next: 0,
            };
            record.remember(seen);
            enter(&mut record, &mut self.out, &cause.0, &source.0, &subject.0, None);
            self.records.insert(id.to_owned(), record);
            return Some(());
        }
        let kind = match &*kind.0 {
            "deal.updated" => None,
            name => Some(KINDS.iter().position(|(kind, ..)| *kind == name)?),
        };
        let record = self.records.get_mut(id)?;
        if record.seen[..record.count].contains(&seen) {
            self.duplicates += 1;
            return Some(());
        }
        let value = match kind {
            None => {
                data.update(&mut record.deal);
                record.remember(seen);
                record.clock = record.clock.max(time);
                return Some(());
            }
            Some(0 | 1) => data.template?,
            Some(2) => data.line?,
            Some(3) => data.channel?,
            Some(4) => data.form?,
            Some(_) => data.code?,
        };
        record.remember(seen);
        record.clock = record.clock.max(time);
        // The last stage is final.
        if record.stage + 1 == STAGES.len() {
            return Some(());
        }
        let candidates = self.triggers[kind?].get(&*value.0);
        let mut fresh = false;
        for (number, stage) in candidates.into_iter().flatten() {
            if *stage <= record.stage {
                continue;
            }
            if !fresh {
                self.peer.prepare(&mut self.ready, &record.deal);
                fresh = true;
            }
            let holds = match &mut self.ready {
                Some(ready) => self.peer.holds(*number, &record.deal, ready),
                None => false,
            };
            if holds {
                let from = std::mem::replace(&mut record.stage, *stage);
                enter(record, &mut self.out, &cause.0, &source.0, &subject.0, Some((from, *number)));
                self.moves += 1;
                break;
            }
        }
        Some(())
    }
}

impl Record {
    fn remember(&mut self, seen: u64) {
        self.seen[self.next] = seen;
        self.next = (self.next + 1) % REMEMBERED;
        self.count = (self.count + 1).min(REMEMBERED);
    }
}

/// The deal has come to its stage: that is written, and what the rules there ask for.
fn enter(
    record: &mut Record,
    out: &mut Vec<u8>,
    cause: &str,
    source: &str,
    subject: &str,
    by: Option<(usize, usize)>,
) {
    let stage = STAGES[record.stage];
    head(record, out, cause, source, subject, "stage.changed");
    out.extend_from_slice(b"\"pipeline\":\"Flow\",\"from\":");
    match by {
        Some((from, _)) => {
            out.push(b'"');
            out.extend_from_slice(STAGES[from].as_bytes());
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"to\":\"");
    out.extend_from_slice(stage.as_bytes());
    match by {
        Some((_, trigger)) => {
            out.extend_from_slice(b"\",\"by\":\"trigger\",\"trigger\":\"T");
            padded(trigger as i64, 1, out);
            out.extend_from_slice(b"\",\"as\":\"");
            escaped(&record.deal.responsible, out);
            out.extend_from_slice(b"\"}}\n");
        }
        None => out.extend_from_slice(b"\",\"by\":\"event\"}}\n"),
    }

    head(record, out, cause, source, subject, "action.requested");
    out.extend_from_slice(b"\"action\":\"notify\",\"rule\":\"Flow.");
    out.extend_from_slice(stage.as_bytes());
    out.extend_from_slice(b".tell\",\"params\":{\"text\":\"");
    escaped(&record.deal.title, out);
    out.extend_from_slice(b" is in ");
    out.extend_from_slice(stage.as_bytes());
    out.extend_from_slice(b": ");
    amount(record.deal.cents, out);
    out.extend_from_slice(b"\",\"to\":[\"sales\"]}}}\n");

    head(record, out, cause, source, subject, "action.requested");
    out.extend_from_slice(b"\"action\":\"comment\",\"rule\":\"Flow.");
    out.extend_from_slice(stage.as_bytes());
    out.extend_from_slice(b".note\",\"params\":{\"text\":\"");
    let responsible = match &*record.deal.responsible {
        "anna" => "Anna Berg",
        "boris" => "Boris Volkov",
        "chiara" => "Chiara Conti",
        other => other,
    };
    escaped(responsible, out);
    out.extend_from_slice(b" looks after ");
    escaped(&record.deal.title, out);
    out.extend_from_slice(b" from ");
    escaped(&record.deal.city, out);
    out.extend_from_slice(b"\"}}}\n");

    head(record, out, cause, source, subject, "action.requested");
    out.extend_from_slice(b"\"action\":\"message_user\",\"rule\":\"Flow.");
    out.extend_from_slice(stage.as_bytes());
    out.extend_from_slice(b".call\",\"params\":{\"to\":[\"");
    escaped(&record.deal.responsible, out);
    out.extend_from_slice(b"\"],\"kind\":\"message\",\"text\":\"Please call about ");
    escaped(&record.deal.title, out);
    out.extend_from_slice(b", ");
    amount(record.deal.cents, out);
    out.extend_from_slice(b", due ");
    record.deal.due.write(out);
    out.extend_from_slice(b"\"}}}\n");
}

fn head(record: &mut Record, out: &mut Vec<u8>, cause: &str, source: &str, subject: &str, kind: &str) {
    record.effects += 1;
    out.extend_from_slice(b"{\"specversion\":\"1.0\",\"id\":\"");
    escaped(subject, out);
    out.push(b'/');
    padded(record.effects as i64, 1, out);
    out.extend_from_slice(b"\",\"source\":\"/stagegate/Flow\",\"type\":\"stagegate.");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"subject\":\"");
    escaped(subject, out);
    out.extend_from_slice(b"\",\"time\":\"");
    record.clock.write(out);
    out.extend_from_slice(b"\",\"causeid\":\"");
    escaped(cause, out);
    out.extend_from_slice(b"\",\"causesource\":\"");
    escaped(source, out);
    out.extend_from_slice(b"\",\"data\":{");
}

fn amount(cents: i64, out: &mut Vec<u8>) {
    if cents < 0 {
        out.push(b'-');
    }
    padded((cents / 100).abs(), 1, out);
    out.push(b'.');
    padded((cents % 100).abs(), 2, out);
    out.extend_from_slice(b" EUR");
}

/// The inside of a JSON string.
fn escaped(text: &str, out: &mut Vec<u8>) {
    let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    if !text.as_bytes().iter().any(special) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
}
