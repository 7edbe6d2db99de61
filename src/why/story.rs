//! The story of one record: all events of a stream are run, and what concerns the record is kept.

use super::{Explainer, words};
use crate::engine::effect::Effect;
use crate::engine::record::{Place, Slot};
use crate::engine::trace::Trace;
use crate::engine::watch::Noted;
use crate::engine::{Engine, Options};
use crate::event::decode::{Decoded, Decoder};
use crate::event::{Event, EventBody, Subject};
use crate::program::sites::Sites;
use crate::program::{EventPattern, NamedEvent, Program};
use crate::run::{Line, Lines, Records};
use crate::value::*;
use crate::vm::Machine;
use chrono::{DateTime, Utc};
use std::io::{self, BufRead};
use std::sync::Arc;

/// Something that concerned the record: an event about it, or a time that had come.
#[derive(Debug)]
pub struct Step {
    /// `None`: a timer.
    pub event: Option<Event>,
    pub time: DateTime<Utc>,
    /// Where it stood before.
    pub before: Option<Place>,
    pub noted: Vec<Noted>,
    pub effects: Vec<Effect>,
    /// Why the event was rejected, if it was.
    pub rejected: Option<String>,
}

/// What became of one record.
#[derive(Debug, Default)]
pub struct Story {
    pub steps: Vec<Step>,
    pub slot: Slot,
    /// Events of all records that were rejected.
    pub rejected: usize,
    /// About which record the event is that was asked for, if it is not this one.
    pub elsewhere: Option<String>,
}

/// A stream under way.
pub struct Teller<'p> {
    engine: Engine<'p>,
    records: Records,
    decoder: Decoder<'p>,
    program: &'p Program,
    subject: Subject,
    asked: Option<String>,
    story: Story,
    effects: Vec<Effect>,
}

impl<'p> Teller<'p> {
    /// Of this record; `asked` is the id of an event that is wanted.
    pub fn new(
        machine: &'p Machine,
        sites: Arc<Sites>,
        options: Options,
        subject: Subject,
        asked: Option<String>,
    ) -> Teller<'p> {
        let mut engine = Engine::new(machine, options);
        engine.watch(Some(sites), false);
        let program = machine.program();
        Teller {
            engine,
            records: Records::new(program),
            decoder: Decoder::new(program),
            program,
            subject,
            asked,
            story: Story::default(),
            effects: Vec::new(),
        }
    }

    /// Runs one input to its end.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read(&mut self, input: &mut dyn BufRead) -> io::Result<()> {
        let mut lines = Lines::new(input);
        while let Some((line, _)) = lines.next_line()? {
            match line {
                Line::Text(text) if text.trim().is_empty() => {}
                Line::Text(text) => self.line(text),
                Line::NotUtf8(_) | Line::TooLong(_) => self.story.rejected += 1,
            }
        }
        Ok(())
    }

    fn place(&self) -> Option<Place> {
        match self.records.slot(&self.subject) {
            Some(Slot::Living(record)) => record.place,
            _ => None,
        }
    }

    fn line(&mut self, text: &str) {
        let event = match self.decoder.decode(text.trim_end()) {
            Ok(Decoded::Event(event)) => event,
            Ok(Decoded::Skipped) => return,
            Err(_) => {
                self.story.rejected += 1;
                return;
            }
        };
        let before = self.place();
        let result = self.records.apply(&mut self.engine, &event, &mut self.effects);
        let rejected = result.err().map(|rejection| rejection.message);
        self.story.rejected += usize::from(rejected.is_some());
        let own = event.subject() == Some(&self.subject);
        if let Some(subject) = event.subject().filter(|_| !own)
            && self.asked.as_deref() == Some(&*event.id)
        {
            self.story.elsewhere = Some(crate::testing::words::subject(self.program, subject));
        }
        let time = event.time.or(self.records.latest()).unwrap_or_default();
        self.keep(own.then_some(event), time, before, rejected);
    }

    /// Keeps what concerns the record.
    fn keep(
        &mut self,
        event: Option<Event>,
        time: DateTime<Utc>,
        before: Option<Place>,
        rejected: Option<String>,
    ) {
        let mut noted = self.engine.take_noted();
        noted.retain(|noted| noted.subject == self.subject);
        let mut effects = std::mem::take(&mut self.effects);
        effects.retain(|effect| effect.subject == self.subject);
        let decided = noted.iter().any(|noted| !matches!(noted.trace, Trace::TimerFired { .. }));
        if event.is_some() || decided || !effects.is_empty() {
            let time = if event.is_some() { time } else { noted.first().map_or(time, |noted| noted.time) };
            self.story.steps.push(Step { event, time, before, noted, effects, rejected });
        }
    }

    /// Lets happen what is due by the end. `known` are the names of all records.
    pub fn finish(mut self, until: Option<DateTime<Utc>>) -> (Story, Vec<String>) {
        if let Some(to) = until.or(self.records.latest()) {
            self.records.move_clock(to);
            loop {
                let before = self.place();
                if !self.records.fire_next(&mut self.engine, to, &mut self.effects) {
                    break;
                }
                self.keep(None, to, before, None);
            }
        }
        let named = |(subject, _): (&Subject, &Slot)| crate::testing::words::subject(self.program, subject);
        let mut known: Vec<String> = self.records.slots().map(named).collect();
        known.sort();
        self.story.slot = self.records.slot(&self.subject).cloned().unwrap_or_default();
        (self.story, known)
    }
}

/// A trigger or a rule that somebody asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Trigger(TriggerId),
    Rule(RuleId),
}

impl Explainer<'_> {
    /// Those that a person means by a name: a rule's, with its stage and pipeline or without; a label; a stage, for its
    /// triggers. Else the names that there are.
    ///
    /// # Errors
    /// All names, if it is none of them.
    pub fn named(&self, name: &str) -> Result<Vec<Wanted>, Vec<String>> {
        let program = self.program;
        let (mut found, mut names) = (Vec::new(), Vec::new());
        for (rule, number) in program.rules.iter().zip(0..) {
            let short = rule.path.split_once('.').map_or("", |(_, rest)| rest);
            if [&*rule.name, &*rule.path, short].contains(&name) || rule.label.as_deref() == Some(name) {
                found.push(Wanted::Rule(RuleId(number)));
            }
            names.extend([rule.name.to_string(), rule.path.to_string()]);
            names.extend(rule.label.iter().map(|label| label.to_string()));
        }
        for (trigger, number) in program.triggers.iter().zip(0..) {
            let stage = program.stage(trigger.stage);
            let path = crate::program::literal::stage_name(program, trigger.stage);
            if trigger.label.as_deref() == Some(name) || &*stage.name == name || path == name {
                found.push(Wanted::Trigger(TriggerId(number)));
            }
            names.extend(trigger.label.iter().map(|label| label.to_string()));
            names.push(stage.name.to_string());
        }
        if found.is_empty() { Err(names) } else { Ok(found) }
    }

    /// Why nothing was ever decided about a trigger or a rule.
    pub fn never(&self, wanted: Wanted, story: &Story, entity: EntityId) -> String {
        let program = self.program;
        let (patterns, stage, pipeline, disabled) = match wanted {
            Wanted::Trigger(id) => {
                let trigger = program.trigger(id);
                (&trigger.events, None, program.stage(trigger.stage).pipeline, trigger.disabled)
            }
            Wanted::Rule(id) => {
                let rule = program.rule(id);
                (&rule.on, rule.stage, rule.pipeline, rule.disabled)
            }
        };
        let home = program.pipeline(pipeline);
        if disabled {
            return "it is switched off: `disabled`".to_owned();
        }
        if home.entity != entity {
            let [own, other] = [home.entity, entity].map(|id| &program.schema.entity(id).name);
            return format!("it is for records of `{own}`, and this is one of `{other}`");
        }
        let stood = |place: &Option<Place>| place.is_some_and(|place| stage.is_none_or(|s| s == place.stage));
        let entered = story.steps.iter().any(|step| stood(&step.before)) || {
            matches!(&story.slot, Slot::Living(record) if stood(&record.place))
        };
        if let Some(stage) = stage.filter(|_| !entered) {
            let name = &program.stage(stage).name;
            return format!("the record has never been in `{name}`");
        }
        if patterns.is_empty() {
            return "a rule above it moved the record on, or the chain of moves was cut".to_owned();
        }
        let listens = words::patterns(program, patterns, entity);
        let absence = |pattern: &EventPattern| matches!(pattern, EventPattern::Absence { .. });
        let silence = patterns.iter().all(absence);
        // What was not to come has not kept another event from being heard.
        let heard_for = || patterns.iter().filter(|pattern| silence || !absence(pattern));
        // An event of that kind, which was another in what is asked of it.
        let hears = |step: &&Step| {
            let Some(EventBody::Happened { event, .. }) = step.event.as_ref().map(|event| &event.body) else {
                return false;
            };
            heard_for().filter_map(named).any(|named| program.schema.event_is(*event, named.event))
        };
        let heard: Vec<&Step> = story.steps.iter().filter(hears).collect();
        let here = heard.iter().rev().find(|step| stood(&step.before));
        match (here.or(heard.last()), here) {
            (Some(step), Some(_)) if silence => {
                let name = step.event.as_ref().map_or("", |event| &event.name);
                format!("it listens to {listens}; `{name}` came before that time was over")
            }
            _ if silence => format!("it listens to {listens}, and that time has not passed"),
            (None, _) => format!("it listens to {listens}, and none has come"),
            (Some(step), Some(_)) => {
                let event = step.event.as_ref();
                let was = event.and_then(|event| self.differs(patterns, event));
                let was = was.unwrap_or_else(|| "that did not complete it".to_owned());
                let name = event.map_or("", |event| &event.name);
                format!("it listens to {listens}; `{name}` came, but {was}")
            }
            (Some(step), None) => {
                let place = step.before.map_or("nowhere".to_owned(), |place| {
                    format!("in `{}`", program.stage(place.stage).name)
                });
                format!("it listens to {listens}, which came when the record stood {place}")
            }
        }
    }

    /// Triggers that could move a record on from where it stands, and what each listens to.
    pub fn ways_on(&self, place: Place, entity: EntityId) -> Vec<(TriggerId, String)> {
        let program = self.program;
        let here = program.stage(place.stage);
        let normal = here.kind == crate::syntax::tree::StageKind::Normal;
        let of_pipeline = program.triggers.iter().zip(0..).filter(|(trigger, _)| {
            let there = program.stage(trigger.stage);
            !trigger.disabled
                && there.pipeline == place.pipeline
                && trigger.stage != place.stage
                && (trigger.backward || (normal && there.order > here.order))
        });
        of_pipeline
            .map(|(trigger, id)| (TriggerId(id), words::patterns(program, &trigger.events, entity)))
            .collect()
    }
}

fn named(pattern: &EventPattern) -> Option<&NamedEvent> {
    match pattern {
        EventPattern::Named(named)
        | EventPattern::Count { event: named, .. }
        | EventPattern::Absence { event: named, .. } => Some(named),
        EventPattern::Change { .. } | EventPattern::AnyChange => None,
    }
}
