//! The timeline of a scenario: what happened, in the order in which it happened, for people who look at the changes of
//! rules. Each instant of a record is a paragraph, each line stands for itself: a change of the rules changes the lines
//! that it concerns, and no others.

use crate::engine::effect::{Effect, EffectKind};
use crate::engine::record::Slot;
use crate::engine::trace::{SkipReason, Timed, Trace, TriggerOutcome};
use crate::engine::watch::Noted;
use crate::event::{Event, EventBody, Subject};
use crate::program::Program;
use crate::program::literal::{literal, stage_name};
use crate::run::Records;
use crate::schema::{FIELD_ID, Field, Type};
use crate::testing::words;
use crate::value::*;
use chrono::{DateTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use std::fmt::Write;

pub(super) struct Timeline<'p> {
    program: &'p Program,
    tz: Tz,
    /// In the order in which they came: the records' clocks need not go together.
    paragraphs: Vec<Paragraph>,
    /// The latest time so far.
    latest: DateTime<Utc>,
}

/// What happens to a record at an instant.
struct Paragraph {
    at: DateTime<Utc>,
    /// `None`: a line that stands alone.
    subject: Option<Subject>,
    text: String,
}

/// So wide is the column of the words that say what a line is about.
const WORD: usize = 9;

/// `Mon 2026-03-02 10:00`, with more digits and the offset where it would not be clear without.
pub(super) fn instant(at: DateTime<Utc>, tz: Tz) -> String {
    let here = at.with_timezone(&tz);
    let local: NaiveDateTime = here.naive_local();
    let form = match (at.timestamp_subsec_nanos(), at.timestamp() % 60) {
        (0, 0) => "%a %Y-%m-%d %H:%M",
        (0, _) => "%a %Y-%m-%d %H:%M:%S",
        _ => "%a %Y-%m-%d %H:%M:%S%.f",
    };
    let mut text = here.format(form).to_string();
    if matches!(tz.from_local_datetime(&local), chrono::LocalResult::Ambiguous(..)) {
        // Writing to a string cannot fail.
        let _ = write!(text, " {}", here.format("%:z"));
    }
    text
}

impl<'p> Timeline<'p> {
    pub fn new(program: &'p Program, tz: Tz) -> Timeline<'p> {
        Timeline { program, tz, paragraphs: Vec::new(), latest: DateTime::<Utc>::MIN_UTC }
    }

    /// All of it, by time; of one time, as it came.
    pub fn text(mut self, records: &Records) -> String {
        self.paragraphs.sort_by_key(|paragraph| paragraph.at);
        let mut out = String::new();
        let mut open: Option<(DateTime<Utc>, &Option<Subject>)> = None;
        for Paragraph { at, subject, text } in &self.paragraphs {
            if open != Some((*at, subject)) {
                if open.is_some() {
                    out.push('\n');
                }
                if let Some(subject) = subject {
                    let subject = words::subject(self.program, subject);
                    // Writing to a string cannot fail.
                    let _ = writeln!(out, "{}  {}", instant(*at, self.tz), one_line(&subject));
                }
                open = Some((*at, subject));
            }
            out.push_str(text);
        }
        if open.is_some() {
            out.push('\n');
        }
        self.end(records, &mut out);
        out
    }

    /// The line of an event that the program does not know stands alone.
    pub fn unknown_event(&mut self, name: &str) {
        let text = format!("{:WORD$}  {}, which the program does not know\n", "skipped", one_line(name));
        self.paragraphs.push(Paragraph { at: self.latest, subject: None, text });
    }

    /// What of an event's members nothing is done with.
    pub fn unknown_members<'n>(&mut self, event: &Event, names: impl Iterator<Item = &'n str>) {
        for name in names {
            let own = name.strip_prefix(&*event.name).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
            let line = format!("`{}`, which `{}` does not declare", one_line(own), event.name);
            self.line("ignored", &line);
        }
    }

    /// What an event brought, or a timer: in the order in which it came.
    pub fn step(
        &mut self,
        event: Option<(&Event, DateTime<Utc>)>,
        rejected: Option<&str>,
        noted: &[Noted],
        effects: &[Effect],
    ) {
        let (mut noted, mut effects) = (noted.iter().peekable(), effects.iter().peekable());
        let mut event = event;
        let mut current: Option<&Subject> = None;
        loop {
            let effect_first = match (noted.peek(), effects.peek()) {
                (None, None) => break,
                (None, Some(_)) => true,
                (Some(_), None) => false,
                (Some(noted), Some(effect)) if noted.subject == effect.subject => {
                    effect.number <= noted.effects
                }
                // Whatever a record does by itself begins with the timer that brought it.
                (Some(_), Some(effect)) => current == Some(&effect.subject),
            };
            if effect_first {
                let Some(effect) = effects.next() else { break };
                if let Some((own, at)) = event
                    && own.subject() == Some(&effect.subject)
                    && (&own.id, &own.source) == (&effect.cause.id, &effect.cause.source)
                {
                    self.event(own, at.max(effect.time), rejected);
                    event = None;
                }
                current = Some(&effect.subject);
                self.begin(effect.time, &effect.subject);
                self.effect(effect);
            } else {
                let Some(noted) = noted.next() else { break };
                if let Some((own, at)) = event
                    && !noted.timer
                {
                    self.event(own, at.max(noted.time), rejected);
                    event = None;
                }
                current = Some(&noted.subject);
                self.noted(noted);
            }
        }
        if let Some((own, at)) = event {
            self.event(own, at, rejected);
        }
    }

    /// Opens the paragraph of this instant of a record.
    fn begin(&mut self, at: DateTime<Utc>, subject: &Subject) {
        self.latest = self.latest.max(at);
        let last = self.paragraphs.last();
        if last.is_none_or(|last| last.at != at || last.subject.as_ref() != Some(subject)) {
            self.paragraphs.push(Paragraph { at, subject: Some(subject.clone()), text: String::new() });
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        if let Some(last) = self.paragraphs.last_mut() {
            // Writing to a string cannot fail.
            let _ = last.text.write_fmt(text);
        }
    }

    fn line(&mut self, word: &str, text: &str) {
        self.write(format_args!("  {word:WORD$}  {}\n", one_line(text)));
    }

    /// Names with their values, aligned.
    fn values(&mut self, values: &[(String, String)]) {
        let width = values.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 1;
        for (name, value) in values {
            let indent = WORD + 6;
            let name = format!("{name}:");
            let mut lines = value.split('\n');
            let first = lines.next().unwrap_or_default();
            self.write(format_args!("{:indent$}{name:width$} {first}\n", ""));
            for line in lines {
                let inner = if line.is_empty() { 0 } else { indent + 2 };
                self.write(format_args!("{:inner$}{line}\n", ""));
            }
        }
    }

    fn event(&mut self, event: &Event, at: DateTime<Utc>, rejected: Option<&str>) {
        let Some(subject) = event.subject() else { return };
        self.begin(at, subject);
        match rejected {
            None => self.line("event", &event.name),
            Some(why) => {
                self.line("event", &event.name);
                self.line("rejected", why);
                return;
            }
        }
        let schema = &self.program.schema;
        let fields = &schema.entity(subject.entity).fields;
        let text = |value: &str| words_of(self, &Value::Text(value.into()), &Type::Text);
        let values: Vec<(String, String)> = match &event.body {
            EventBody::Created { fields: values, pipeline, stage, .. } => {
                let pipeline =
                    pipeline.map(|id| ("pipeline".to_owned(), self.program.pipeline(id).name.to_string()));
                let stage = stage.as_ref().map(|stage| ("stage".to_owned(), stage.to_string()));
                let given = fields.iter().zip(values).filter(|(field, value)| {
                    **value != Value::None
                        && field.default.as_ref() != Some(value)
                        && fields.get(FIELD_ID.index()).is_none_or(|id| id.name != field.name)
                });
                let given = given.map(|(field, value)| self.named(field, value));
                pipeline.into_iter().chain(stage).chain(given).collect()
            }
            EventBody::Updated { changes, .. } => {
                let named = |(id, value): &(FieldId, Value)| Some(self.named(fields.get(id.index())?, value));
                changes.iter().filter_map(named).collect()
            }
            EventBody::Happened { event, payload, .. } => {
                let payload = schema.event(*event).payload.iter().zip(payload);
                let given = payload
                    .filter(|(field, value)| **value != Value::None && field.default.as_ref() != Some(value));
                given.map(|(field, value)| self.named(field, value)).collect()
            }
            EventBody::Moved { pipeline, stage, .. } => {
                let pipeline =
                    pipeline.map(|id| ("pipeline".to_owned(), self.program.pipeline(id).name.to_string()));
                pipeline.into_iter().chain([("stage".to_owned(), stage.to_string())]).collect()
            }
            EventBody::Completed { effect, outputs, .. } => {
                vec![
                    ("action".to_owned(), text(effect)),
                    ("outputs".to_owned(), one_line(outputs).into_owned()),
                ]
            }
            EventBody::Failed { effect, reason, .. } => {
                vec![("action".to_owned(), text(effect)), ("reason".to_owned(), text(reason))]
            }
            EventBody::Deleted { .. } | EventBody::Clock => Vec::new(),
        };
        self.values(&values);
    }

    fn named(&self, field: &Field, value: &Value) -> (String, String) {
        (field.name.to_string(), words_of(self, value, &field.ty))
    }

    /// As [`literal`], with times as the clock in the zone of the timeline shows them.
    fn literal(&self, value: &Value, ty: &Type) -> String {
        let Value::DateTime(at) = value else { return literal(self.program, value, ty) };
        let form = match (at.timestamp_subsec_nanos(), at.timestamp() % 60) {
            (0, 0) => "%Y-%m-%dT%H:%M",
            (0, _) => "%Y-%m-%dT%H:%M:%S",
            _ => "%Y-%m-%dT%H:%M:%S%.f",
        };
        let here = at.with_timezone(&self.tz);
        // Long ago there were offsets with seconds, which cannot be written.
        match here.offset().fix().local_minus_utc() {
            offset if offset % 60 != 0 => at.format(&format!("{form}Z")).to_string(),
            0 => here.format(&format!("{form}Z")).to_string(),
            _ => here.format(&format!("{form}%:z")).to_string(),
        }
    }

    fn effect(&mut self, effect: &Effect) {
        let program = self.program;
        let headline = words::headline(program, effect);
        let said = |prefix: &str| headline.strip_prefix(prefix).unwrap_or(&headline).to_owned();
        let (word, text) = match &effect.kind {
            EffectKind::StageChanged { from: None, .. } => ("begins", said("enters ")),
            EffectKind::StageChanged { .. } => ("move", headline.clone()),
            EffectKind::FieldsChanged { .. } => ("set", said("set, ")),
            EffectKind::ActionRequested { .. } => ("action", headline.clone()),
            EffectKind::ActionRefused { .. } => ("refused", said("refused, ")),
            EffectKind::RuleFailed { .. } => ("failed", said("failed, ")),
            EffectKind::RuleCancelled { .. } => ("cancelled", said("cancelled, ")),
            EffectKind::LoopStopped { .. } => ("stopped", said("loop stopped: ")),
        };
        self.line(word, &text);
        let values: Vec<(String, String)> = match &effect.kind {
            EffectKind::ActionRequested { action, params, .. } => {
                let declared = &program.schema.action(*action).params;
                let set = params.values().iter().filter(|(_, value)| *value != Value::None);
                set.filter_map(|(number, value)| Some(self.named(declared.get(usize::from(*number))?, value)))
                    .collect()
            }
            EffectKind::FieldsChanged { changes, .. } => {
                let fields = &program.schema.entity(effect.subject.entity).fields;
                let change = |(id, before, after): &(FieldId, Value, Value)| {
                    let field = fields.get(id.index())?;
                    let [before, after] = [before, after].map(|value| self.literal(value, &field.ty));
                    Some((field.name.to_string(), one_line(&format!("{before} -> {after}")).into_owned()))
                };
                changes.iter().filter_map(change).collect()
            }
            EffectKind::ActionRefused { action, .. } => {
                vec![("action".to_owned(), program.schema.action(*action).name.to_string())]
            }
            EffectKind::LoopStopped { chain, .. } => {
                let chain: Vec<String> = chain.iter().map(|stage| stage_name(program, *stage)).collect();
                let all = if chain.is_empty() { "none".to_owned() } else { chain.join(" -> ") };
                vec![("moves".to_owned(), all)]
            }
            _ => Vec::new(),
        };
        self.values(&values);
    }

    /// What was decided, where no effect says it.
    fn noted(&mut self, noted: &Noted) {
        let program = self.program;
        let rule = |id: RuleId| format!("rule {}", program.rule(id).path);
        let trigger = |id: TriggerId| crate::why::words::trigger(program, program.trigger(id));
        let (word, text) = match &noted.trace {
            Trace::TimerFired { of: Timed::Rule(id) } => ("timer", rule(*id)),
            Trace::TimerFired { of: Timed::Trigger(id) } => ("timer", trigger(*id)),
            Trace::RuleWaits { rule: id, until: Some(until) } => {
                ("waits", format!("{} until {}", rule(*id), instant(*until, self.tz)))
            }
            Trace::RuleWaits { rule: id, until: None } => ("waits", rule(*id)),
            Trace::RuleCancelled { rule: id } => ("cancelled", rule(*id)),
            Trace::RuleSkipped { rule: id, why } => {
                let why = match why {
                    SkipReason::ConditionFalse => "its condition is false",
                    SkipReason::UsedUp => "it runs `once`, and has run",
                    SkipReason::Passed => "its time has passed",
                    SkipReason::UnderWay => "an earlier run is under way",
                };
                ("not run", format!("{}: {why}", rule(*id)))
            }
            Trace::TriggerTried { trigger: id, outcome } => {
                let why = match outcome {
                    TriggerOutcome::ConditionFalse => "its condition is false".to_owned(),
                    TriggerOutcome::ConditionFailed(failure) => {
                        format!("its condition cannot be computed: {}", failure.message)
                    }
                    TriggerOutcome::FinalStage => "the record stands in a final stage".to_owned(),
                    TriggerOutcome::EarlierStage => "its stage is an earlier one".to_owned(),
                    TriggerOutcome::Fired | TriggerOutcome::SameStage | TriggerOutcome::OtherSettings => {
                        return;
                    }
                };
                ("no move", format!("{}: {why}", trigger(*id)))
            }
            Trace::WaitConditionFailed { rule: id, failure } => {
                let text = "the condition of its `wait for` cannot be computed";
                ("failed", format!("{}: {text}: {}", rule(*id), failure.message))
            }
            Trace::ActorUnknown { trigger: id, failure } => {
                ("failed", format!("{}: its `as` cannot be computed: {}", trigger(*id), failure.message))
            }
            Trace::Duplicate => ("ignored", "the record has seen this event before".to_owned()),
            Trace::Echo => ("ignored", "this is the echo of one of the record's own effects".to_owned()),
            Trace::OutcomeIgnored => ("ignored", "nothing waits for this answer".to_owned()),
            // Effects say it.
            Trace::RuleStarted { .. }
            | Trace::RuleFailed { .. }
            | Trace::Condition { .. }
            | Trace::Branches { .. } => return,
        };
        self.begin(noted.time, &noted.subject);
        self.line(word, &text);
    }

    /// Where all records stand.
    fn end(&self, records: &Records, out: &mut String) {
        let mut lines: Vec<(String, String)> = Vec::new();
        for (subject, slot) in records.slots() {
            let place = match slot {
                Slot::Absent => continue,
                Slot::Deleted(_) => "deleted".to_owned(),
                Slot::Living(record) => match record.place {
                    Some(place) => stage_name(self.program, place.stage),
                    None => "in no pipeline".to_owned(),
                },
            };
            lines.push((one_line(&words::subject(self.program, subject)).into_owned(), place));
        }
        let at = records.latest().map(|at| format!("{}  ", instant(at, self.tz))).unwrap_or_default();
        let _ = writeln!(out, "{at}the end");
        lines.sort();
        let width = lines.iter().map(|(subject, _)| subject.chars().count()).max().unwrap_or(0);
        for (subject, place) in lines {
            let _ = writeln!(out, "  {subject:width$}  {place}");
        }
    }
}

/// A value as it is written in rules; a text of several lines as such.
fn words_of(timeline: &Timeline<'_>, value: &Value, ty: &Type) -> String {
    match (value, ty.inner()) {
        (Value::Text(text), ty) if text.contains('\n') && !matches!(ty, Type::Opaque(_)) => {
            let lines = text.split('\n').map(|line| {
                let shown = one_line(line).replace("\"\"\"", "\\\"\"\"");
                // A space at the end is seen by nobody, and lost by many an editor.
                match shown.strip_suffix(' ') {
                    Some(start) => format!("{start}\\u{{20}}"),
                    None => shown,
                }
            });
            let lines: Vec<String> = lines.collect();
            format!("\"\"\"\n{}\n\"\"\"", lines.join("\n"))
        }
        _ => one_line(&timeline.literal(value, ty)).into_owned(),
    }
}

/// Text from outside must not break lines, or be taken by a terminal for a command.
fn one_line(text: &str) -> std::borrow::Cow<'_, str> {
    crate::diagnostic::escaped(text)
}
