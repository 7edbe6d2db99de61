//! Snapshot scenarios: a file of events is played through a program, and what happens is written as a timeline for
//! people, to be compared with the one that somebody has looked at.
//!
//! `timeline` writes it, `events` reads the file of events and says at its place what cannot be read, `settings` reads
//! what a scenario wants otherwise.

mod events;
pub mod settings;
mod timeline;

pub use settings::Settings;

/// How the names of files with the settings of a scenario end.
pub const SETTINGS: &str = ".scenario.toml";

use crate::diagnostic::{Code, Diagnostic};
use crate::engine::counts::Counts;
use crate::engine::{Engine, Options};
use crate::event::decode::{Decoded, Decoder};
use crate::event::{Event, EventBody};
use crate::program::Program;
use crate::program::sites::Sites;
use crate::run::Records;
use crate::source::{Sources, Span};
use crate::testing::Guard;
use crate::value::time::{add_duration, in_range};
use crate::value::*;
use crate::vm::Machine;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use events::{Line, Lines};
use std::sync::Arc;
use timeline::Timeline;

/// A file of events, and how it wants to be run.
pub struct Scenario {
    /// As people call it: `tests/chase`.
    pub name: String,
    /// The texts of its files, for what is said about them.
    pub sources: Sources,
    lines: Lines,
    pub settings: Settings,
}

/// What came of a scenario.
#[derive(Debug, Default)]
pub struct Played {
    /// What happened, for people: without the head of a snapshot.
    pub timeline: String,
    /// What in its files cannot be used: the timeline is not to be relied on then.
    pub problems: Vec<Diagnostic>,
    /// How often everything happened, if that was wanted.
    pub counts: Counts,
    /// How much happened: effects, and times that had come.
    pub work: usize,
}

/// More lines that cannot be read are not told of.
const MOST_PROBLEMS: usize = 10;

impl Scenario {
    /// Of the bytes of a file of events, which people know as `file`.
    pub fn new(name: impl Into<String>, file: &str, bytes: &[u8]) -> Scenario {
        let mut sources = Sources::default();
        let lines = Lines::read(file, bytes, &mut sources);
        Scenario { name: name.into(), sources, lines, settings: Settings::default() }
    }

    /// The whole file of events.
    pub fn place(&self) -> Span {
        Span::new(self.lines.file, 0, 0)
    }

    /// Plays it from an empty world; with sites (those of the machine's program) it is counted how often everything happens.
    pub fn play(&self, machine: &Machine, sites: Option<&Arc<Sites>>) -> Played {
        if let Some(problem) = self.lines.foreign() {
            return Played { problems: vec![problem], ..Played::default() };
        }
        let mut engine = self.engine(machine);
        engine.watch(None, false);
        let (play, problems) = self.through(engine, None);
        let counts = match sites {
            Some(sites) => {
                // What counts notes nothing.
                let mut engine = self.engine(machine);
                engine.count(sites.clone());
                self.through(engine, None).0.engine.take_counts()
            }
            None => Counts::default(),
        };
        Played { timeline: play.timeline.text(&play.records), problems, counts, work: play.work }
    }

    /// Plays it through another program than the one of its snapshot; `None` if it does more than it may.
    pub fn guarded(&self, machine: &Machine, guard: Guard) -> Option<String> {
        let mut engine = self.engine(machine);
        engine.watch(None, false);
        let (play, problems) = self.through(engine, Some(guard));
        let within = problems.is_empty() && !play.is_too_much();
        within.then(|| play.timeline.text(&play.records))
    }

    fn engine<'m>(&self, machine: &'m Machine) -> Engine<'m> {
        Engine::new(machine, Options { simulate: self.settings.simulate(), ..Options::default() })
    }

    /// All events, and what happens until the end.
    fn through<'m>(&self, engine: Engine<'m>, guard: Option<Guard>) -> (Play<'m>, Vec<Diagnostic>) {
        let program = engine.machine().program();
        let mut play = Play {
            engine,
            records: Records::new(program),
            decoder: Decoder::new(program),
            timeline: Timeline::new(program, self.timezone(program)),
            effects: Vec::new(),
            ticked: None,
            tick: self.settings.tick,
            work: 0,
            guard,
        };
        let mut problems = Vec::new();
        let replies = self.settings.replies(program, &mut problems);
        for reply in &replies {
            play.engine.reply(reply.action, reply.answer.clone());
        }
        let broken = problems.len();
        for line in self.lines.iter() {
            if let Err(problem) = play.line(&line) {
                problems.push(*problem);
                if problems.len() - broken == MOST_PROBLEMS {
                    break;
                }
            }
        }
        match self.end(&play.records, program) {
            Ok(Some(to)) => play.move_clock(to),
            Ok(None) => {}
            Err(problem) => problems.push(*problem),
        }
        for (place, reply) in replies.iter().enumerate() {
            let later = replies[place..].iter().filter(|other| other.action == reply.action).count();
            if problems.is_empty() && play.engine.open_replies(reply.action) >= later {
                let action = &program.schema.action(reply.action).name;
                let message = format!("nothing asked for this answer of `{action}`");
                let label = format!("no `let … = {action} {{ … }}` ran");
                problems.push(Diagnostic::new(Code::ScenarioBroken, reply.span, message).label(label));
            }
        }
        (play, problems)
    }

    /// The zone of the times in the timeline.
    pub fn timezone(&self, program: &Program) -> Tz {
        let own = program.pipelines.first().map(|pipeline| pipeline.timezone);
        self.settings.timezone.or(own).unwrap_or(Tz::UTC)
    }

    /// Up to when the clock goes on.
    fn end(&self, records: &Records, program: &Program) -> Result<Option<DateTime<Utc>>, Box<Diagnostic>> {
        let Some(latest) = records.latest() else { return Ok(self.settings.until.map(|(until, _)| until)) };
        let at = |span: &Option<Span>| span.unwrap_or_else(|| self.place());
        if let Some((until, span)) = &self.settings.until {
            if *until < latest && span.is_some() {
                let message = "this is before the latest event of the scenario";
                let label = timeline::instant(latest, self.timezone(program));
                let diagnostic = Diagnostic::new(Code::SettingWrong, at(span), message);
                return Err(Box::new(diagnostic.label(format!("the latest event comes at {label}"))));
            }
            return Ok(Some(latest.max(*until)));
        }
        let Some((wait, span)) = &self.settings.wait else { return Ok(Some(latest)) };
        match add_duration(latest, *wait, self.timezone(program)) {
            Ok(until) if in_range(&until) => Ok(Some(until)),
            _ => {
                let message = "the clock cannot go so far";
                Err(Box::new(Diagnostic::new(Code::SettingWrong, at(span), message).label("too long")))
            }
        }
    }
}

/// A scenario under way.
struct Play<'p> {
    engine: Engine<'p>,
    records: Records,
    decoder: Decoder<'p>,
    timeline: Timeline<'p>,
    effects: Vec<crate::engine::effect::Effect>,
    tick: Option<Duration>,
    ticked: Option<DateTime<Utc>>,
    work: usize,
    guard: Option<Guard>,
}

impl Play<'_> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), Box<Diagnostic>> {
        let text = line.text()?;
        if text.trim().is_empty() {
            return Ok(());
        }
        let event = match self.decoder.decode(text) {
            Ok(Decoded::Event(event)) => event,
            Ok(Decoded::Skipped) => {
                let unknown = std::mem::take(&mut self.decoder.unknown_types);
                for name in unknown.keys() {
                    self.timeline.unknown_event(name);
                }
                return Ok(());
            }
            Err(rejection) => return Err(Box::new(line.rejected(&rejection))),
        };
        let unknown = std::mem::take(&mut self.decoder.unknown_members);
        if let (EventBody::Clock, Some(to)) = (&event.body, event.time) {
            self.move_clock(to);
            return Ok(());
        }
        let applied = self.records.apply(&mut self.engine, &event, &mut self.effects);
        if let Err(rejection) = &applied
            && rejection.code == "no-time"
        {
            return Err(Box::new(line.rejected(rejection)));
        }
        self.step(Some(&event), applied.err().map(|rejection| rejection.message));
        self.timeline.unknown_members(&event, unknown.keys().map(String::as_str));
        self.tick();
        Ok(())
    }

    fn move_clock(&mut self, to: DateTime<Utc>) {
        self.records.move_clock(to);
        while self.records.fire_next(&mut self.engine, to, &mut self.effects) {
            self.step(None, None);
            if self.is_too_much() {
                return;
            }
        }
    }

    /// Whether more has happened than may.
    fn is_too_much(&self) -> bool {
        self.guard.is_some_and(|guard| {
            let often = self.work.is_multiple_of(16);
            self.work > guard.work || (often && std::time::Instant::now() > guard.until)
        })
    }

    /// A clock event where the time of the events has advanced enough since the last.
    fn tick(&mut self) {
        let (Some(tick), Some(latest)) = (self.tick, self.records.latest()) else { return };
        let last = *self.ticked.get_or_insert(latest);
        if add_duration(last, tick, Tz::UTC).is_ok_and(|next| latest >= next) {
            self.ticked = Some(latest);
            self.move_clock(latest);
        }
    }

    fn step(&mut self, event: Option<&Event>, rejected: Option<String>) {
        self.work += 1 + self.effects.len();
        let noted = self.engine.take_noted();
        let event = event.map(|event| (event, event.time.or(self.records.latest()).unwrap_or_default()));
        self.timeline.step(event, rejected.as_deref(), &noted, &self.effects);
        self.effects.clear();
    }
}
