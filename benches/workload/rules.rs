//! Conditions, triggers and rules, as a business writes them, by the thousand.

use super::Random;
use super::deals::{CITIES, Deal, KINDS, SEGMENTS, SOURCES, STAGES, TAGS, VALUES, WORDS, day};
use std::fmt::{self, Display, Formatter, Write};

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// `amount >= 1250 EUR`, in cents
    AmountFrom(i64),
    AmountBelow(i64),
    AmountBetween(i64, i64),
    /// `source in [web, phone]`, by position in [`SOURCES`]
    SourceIn(Vec<usize>),
    SourceIsNot(usize),
    SegmentIn(Vec<usize>),
    SegmentIsNot(usize),
    TitleContains(usize),
    TitleLacks(usize),
    TitleStarts(usize),
    CityIs(usize),
    CityIsNot(usize),
    CityIn(Vec<usize>),
    Tagged(usize),
    NotTagged(usize),
    /// `due <= 2026-05-01`, in days after the first of March
    DueUntil(i32),
    DueAfter(i32),
    ScoreFrom(i64),
    ScoreBelow(i64),
    Returning(bool),
}

/// Clauses that must all hold, each of one term or of two of which one must hold.
pub type Condition = Vec<Vec<Term>>;

pub fn holds(condition: &Condition, deal: &Deal) -> bool {
    condition.iter().all(|clause| clause.iter().any(|term| term.holds(deal)))
}

impl Term {
    /// What the term means.
    pub fn holds(&self, deal: &Deal) -> bool {
        match self {
            Term::AmountFrom(cents) => deal.cents >= *cents,
            Term::AmountBelow(cents) => deal.cents < *cents,
            Term::AmountBetween(from, to) => (*from..=*to).contains(&deal.cents),
            Term::SourceIn(sources) => sources.contains(&deal.source),
            Term::SourceIsNot(source) => deal.source != *source,
            Term::SegmentIn(segments) => segments.contains(&deal.segment),
            Term::SegmentIsNot(segment) => deal.segment != *segment,
            Term::TitleContains(word) => deal.title.contains(WORDS[*word]),
            Term::TitleLacks(word) => !deal.title.contains(WORDS[*word]),
            Term::TitleStarts(word) => deal.title.starts_with(WORDS[*word]),
            Term::CityIs(city) => deal.city == *city,
            Term::CityIsNot(city) => deal.city != *city,
            Term::CityIn(cities) => cities.contains(&deal.city),
            Term::Tagged(tag) => deal.tags.contains(tag),
            Term::NotTagged(tag) => !deal.tags.contains(tag),
            Term::DueUntil(day) => deal.due <= *day,
            Term::DueAfter(day) => deal.due > *day,
            Term::ScoreFrom(score) => deal.score >= *score,
            Term::ScoreBelow(score) => deal.score < *score,
            Term::Returning(yes) => deal.returning == *yes,
        }
    }

    /// The field.
    fn about(&self) -> u64 {
        match self {
            Term::AmountFrom(_) | Term::AmountBelow(_) | Term::AmountBetween(..) => 0,
            Term::SourceIn(_) | Term::SourceIsNot(_) => 1,
            Term::SegmentIn(_) | Term::SegmentIsNot(_) => 2,
            Term::TitleContains(_) | Term::TitleLacks(_) | Term::TitleStarts(_) => 3,
            Term::CityIs(_) | Term::CityIsNot(_) | Term::CityIn(_) => 4,
            Term::Tagged(_) | Term::NotTagged(_) => 5,
            Term::DueUntil(_) | Term::DueAfter(_) => 6,
            Term::ScoreFrom(_) | Term::ScoreBelow(_) => 7,
            Term::Returning(_) => 8,
        }
    }
}

/// As the language writes it.
impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = |positions: &[usize], of: &[&str]| -> String {
            positions.iter().map(|at| of[*at]).collect::<Vec<_>>().join(", ")
        };
        match self {
            Term::AmountFrom(cents) => write!(f, "amount >= {}", Euro(*cents)),
            Term::AmountBelow(cents) => write!(f, "amount < {}", Euro(*cents)),
            Term::AmountBetween(from, to) => write!(f, "amount between {} and {}", Euro(*from), Euro(*to)),
            Term::SourceIn(sources) => write!(f, "source in [{}]", names(sources, &SOURCES)),
            Term::SourceIsNot(source) => write!(f, "source != {}", SOURCES[*source]),
            Term::SegmentIn(segments) => write!(f, "segment in [{}]", names(segments, &SEGMENTS)),
            Term::SegmentIsNot(segment) => write!(f, "segment != {}", SEGMENTS[*segment]),
            Term::TitleContains(word) => write!(f, "title contains \"{}\"", WORDS[*word]),
            Term::TitleLacks(word) => write!(f, "title not contains \"{}\"", WORDS[*word]),
            Term::TitleStarts(word) => write!(f, "title starts with \"{}\"", WORDS[*word]),
            Term::CityIs(city) => write!(f, "city == \"{}\"", CITIES[*city]),
            Term::CityIsNot(city) => write!(f, "city != \"{}\"", CITIES[*city]),
            Term::CityIn(cities) => {
                let cities: Vec<String> = cities.iter().map(|at| format!("{:?}", CITIES[*at])).collect();
                write!(f, "city in [{}]", cities.join(", "))
            }
            Term::Tagged(tag) => write!(f, "tags contains \"{}\"", TAGS[*tag]),
            Term::NotTagged(tag) => write!(f, "tags not contains \"{}\"", TAGS[*tag]),
            Term::DueUntil(after) => write!(f, "due <= {}", day(*after)),
            Term::DueAfter(after) => write!(f, "due > {}", day(*after)),
            Term::ScoreFrom(score) => write!(f, "score >= {score}"),
            Term::ScoreBelow(score) => write!(f, "score < {score}"),
            Term::Returning(true) => write!(f, "returning_customer"),
            Term::Returning(false) => write!(f, "not returning_customer"),
        }
    }
}

struct Euro(i64);

impl Display for Euro {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 % 100 {
            0 => write!(f, "{} EUR", self.0 / 100),
            cents => write!(f, "{}.{cents:02} EUR", self.0 / 100),
        }
    }
}

/// As the language writes it.
pub fn text(condition: &Condition) -> String {
    let clause = |clause: &Vec<Term>| match &clause[..] {
        [term] => term.to_string(),
        terms => format!("({})", terms.iter().map(Term::to_string).collect::<Vec<_>>().join(" or ")),
    };
    condition.iter().map(clause).collect::<Vec<_>>().join(" and ")
}

/// Four to six terms, each about another field, of which most hold for most deals: about two in five conditions hold.
pub fn condition(random: &mut Random) -> Condition {
    let clauses = random.some(&[0, 1, 2, 3, 4, 5, 6, 7], 4);
    let mut condition: Condition = Vec::new();
    for about in clauses {
        condition.push(vec![likely(about, random)]);
    }
    // Which comes first is the author's taste.
    for at in (1..condition.len()).rev() {
        condition.swap(at, random.index(at + 1));
    }
    // Up to two clauses leave a choice; nobody asks about one thing twice.
    let count = random.index(3);
    for at in random.some(&[0, 1, 2, 3], count) {
        let unlikely = unlikely(random);
        if condition.iter().flatten().all(|term| term.about() != unlikely.about()) {
            condition[at].insert(0, unlikely);
        }
    }
    condition
}

fn likely(about: u64, random: &mut Random) -> Term {
    match (about, random.below(3)) {
        (0, 0) => Term::AmountFrom(5_000 * (4 + random.below(50) as i64)),
        (0, 1) => Term::AmountBelow(5_000 * (140 + random.below(60) as i64)),
        (0, _) => {
            let from = 5_000 * (4 + random.below(30) as i64);
            Term::AmountBetween(from, from + 12_345 * (50 + random.below(10) as i64))
        }
        (1, 0) => Term::SourceIsNot(random.index(SOURCES.len())),
        (1, _) => Term::SourceIn(random.some(&positions(&SOURCES), 6)),
        (2, 0) => Term::SegmentIsNot(random.index(SEGMENTS.len())),
        (2, _) => Term::SegmentIn(random.some(&positions(&SEGMENTS), 4)),
        (3, _) => Term::TitleLacks(random.index(WORDS.len())),
        (4, 0) => Term::CityIn(random.some(&positions(&CITIES), 9)),
        (4, _) => Term::CityIsNot(random.index(CITIES.len())),
        (5, _) => Term::NotTagged(random.index(TAGS.len())),
        (6, 0) => Term::DueAfter(5 + random.below(30) as i32),
        (6, _) => Term::DueUntil(80 + random.below(35) as i32),
        (_, 0) => Term::ScoreBelow(75 + random.below(20) as i64),
        (_, _) => Term::ScoreFrom(5 + random.below(20) as i64),
    }
}

fn unlikely(random: &mut Random) -> Term {
    match random.below(6) {
        0 => Term::TitleContains(random.index(WORDS.len())),
        1 => Term::TitleStarts(random.index(WORDS.len())),
        2 => Term::CityIs(random.index(CITIES.len())),
        3 => Term::Returning(random.below(2) == 0),
        _ => Term::Tagged(random.index(TAGS.len())),
    }
}

fn positions(of: &[&str]) -> Vec<usize> {
    (0..of.len()).collect()
}

/// What listens to one kind of event with one value in it, under a condition.
#[derive(Debug, Clone)]
pub struct Listener {
    /// By position in [`STAGES`]: where a trigger moves to, or where a rule is in force.
    pub stage: usize,
    /// By position in [`KINDS`].
    pub kind: usize,
    pub value: u64,
    pub when: Condition,
}

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub triggers: usize,
    /// Only so many triggers ever fire: with 20 of them and any number of others the moves are always the same.
    pub live: usize,
    /// Rules beside the three on each entry. They listen to events, and never act.
    pub rules: usize,
    pub seed: u64,
}

impl Size {
    pub fn triggers(triggers: usize) -> Size {
        Size { triggers, live: triggers, rules: 0, seed: 1 }
    }
}

/// The triggers and rules of a program.
pub struct Rules {
    /// In the order of the program.
    pub triggers: Vec<Listener>,
    pub rules: Vec<Listener>,
}

impl Rules {
    pub fn new(size: Size) -> Rules {
        let mut random = Random(size.seed);
        // The live ones first: they are the same whatever the others are.
        let mut triggers: Vec<Listener> = (0..size.triggers)
            .map(|number| {
                // The first stage is where deals begin: nothing moves them there.
                let stage = 1 + number % (STAGES.len() - 1);
                listener(stage, number < size.live, &mut random)
            })
            .collect();
        triggers.sort_by_key(|trigger| trigger.stage);
        let mut random = Random(size.seed + 1);
        let rules =
            (0..size.rules).map(|number| listener(number % STAGES.len(), false, &mut random)).collect();
        Rules { triggers, rules }
    }

    /// The program.
    pub fn program(&self) -> String {
        let mut out = String::from(HEAD);
        for (number, stage) in STAGES.iter().enumerate() {
            let kind = if number + 1 == STAGES.len() { "success stage" } else { "stage" };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "\n  {kind} {stage} \"{stage}\" {{");
            for (at, trigger) in
                self.triggers.iter().enumerate().filter(|(_, trigger)| trigger.stage == number)
            {
                let _ = writeln!(out, "    trigger \"T{at}\"{}\n", listens(trigger));
            }
            out.push_str(ENTRY);
            for (at, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.stage == number) {
                let _ = writeln!(
                    out,
                    "\n    rule r{at}{} {{\n      comment {{ text: \"{{title}}: {{amount}}\" }}\n    }}",
                    listens(rule)
                );
            }
            out.push_str("  }\n");
        }
        out.push_str("}\n");
        out
    }
}

fn listens(listener: &Listener) -> String {
    let (kind, member, name) = KINDS[listener.kind];
    let value = listener.value;
    format!("\n      on {kind}({member}: \"{name} {value}\")\n      when {}", text(&listener.when))
}

fn listener(stage: usize, live: bool, random: &mut Random) -> Listener {
    let (kind, value) = (random.index(KINDS.len()), random.below(VALUES));
    let mut when = condition(random);
    if !live {
        // No deal is worth that much. Nobody can know before the deals come.
        let too_much = Term::AmountFrom(100_000_000);
        when.retain(|clause| clause.iter().all(|term| term.about() != too_much.about()));
        when.truncate(3);
        let at = random.index(when.len() + 1);
        when.insert(at, vec![too_much]);
    }
    Listener { stage, kind, value, when }
}

const HEAD: &str = r#"# Made by `cargo run --example stream -- program`.

use crm
currency EUR

user anna "Anna Berg"
user boris "Boris Volkov"
user chiara "Chiara Conti"
department sales "Sales"

enum Segment {
  private "Private"
  small "Small business"
  medium "Medium business"
  large "Large business"
  public "Public sector"
}

extend Deal {
  city: text
  segment: Segment
  score: int
  due: date
}

pipeline Flow "Flow" for Deal {"#;

const ENTRY: &str = r#"    rule tell {
      notify { to: sales, text: "{title} is in {stage}: {amount}" }
    }

    rule note {
      comment { text: "{responsible} looks after {title} from {city}" }
    }

    rule call {
      message_user { to: responsible, text: "Please call about {title}, {amount}, due {due}" }
    }
"#;
