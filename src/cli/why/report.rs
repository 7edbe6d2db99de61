//! What has been found out about a record, for people and for machines.

use crate::cli::input::Style;
use crate::engine::effect::{Effect, EffectKind};
use crate::engine::record::Slot;
use crate::engine::waiting::{Listener, State};
use crate::event::Subject;
use crate::source::Span;
use crate::testing::words::headline;
use crate::why::clauses::{Clause, Truth};
use crate::why::decision::{About, Decision, Outcome};
use crate::why::story::{Step, Story, Wanted};
use crate::why::waited::Waited;
use crate::why::{Explainer, words};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value as Json, json};
use std::fmt::Write;

pub(super) struct Report<'a> {
    explainer: &'a Explainer<'a>,
    record: &'a str,
    subject: &'a Subject,
    slot: Slot,
    tz: Tz,
    /// How it came there.
    story: Vec<Line>,
    sections: Vec<Section<'a>>,
}

/// A line of the story.
struct Line {
    time: DateTime<Utc>,
    what: String,
    by: String,
}

/// What is said about one event, or one trigger or rule.
struct Section<'a> {
    title: String,
    decisions: Vec<Decision<'a>>,
    /// What is said where nothing was decided.
    otherwise: Option<String>,
}

impl<'a> Report<'a> {
    pub fn new(
        explainer: &'a Explainer<'a>,
        record: &'a str,
        subject: &'a Subject,
        story: Story,
        event: Option<&str>,
        wanted: Option<Vec<Wanted>>,
    ) -> Report<'a> {
        let program = explainer.program;
        let home = story.steps.iter().rev().find_map(|step| step.before.map(|place| place.pipeline));
        let home = match &story.slot {
            Slot::Living(record) => record.place.map(|place| place.pipeline).or(home),
            _ => home,
        };
        let tz = home.map_or(Tz::UTC, |pipeline| program.pipeline(pipeline).timezone);
        let lines = story.steps.iter().flat_map(|step| step.effects.iter().map(move |effect| (step, effect)));
        let lines = lines.filter(|(_, effect)| is_told(effect)).map(|(step, effect)| Line {
            time: effect.time,
            what: headline(program, effect),
            by: brought_by(step, effect),
        });
        let lines = lines.collect();
        let mut sections = match wanted {
            Some(wanted) => {
                let section = |wanted: Wanted| about(explainer, &story, wanted, event, subject);
                wanted.into_iter().map(section).collect()
            }
            None => vec![at_event(explainer, &story, event, tz)],
        };
        sections.retain(|section: &Section<'_>| !section.decisions.is_empty() || section.otherwise.is_some());
        Report { explainer, record, subject, slot: story.slot, tz, story: lines, sections }
    }

    /// What the record waits for, with what follows and when.
    fn waits(&self) -> Vec<(String, String, Option<DateTime<Utc>>)> {
        let program = self.explainer.program;
        let Slot::Living(record) = &self.slot else { return Vec::new() };
        let Some(waiting) = &record.waiting else { return Vec::new() };
        let mut waits = Vec::new();
        for run in &waiting.runs {
            let what = match &run.state {
                State::Predecessor => "waits for the end of the rule above".to_owned(),
                State::Queue => "waits for the end of its run before".to_owned(),
                State::Time(None) => "waits for the fields that its `at` reads".to_owned(),
                State::Time(Some(_)) | State::Until(_) | State::Anew { .. } | State::Going => {
                    "waits".to_owned()
                }
                State::Opening(_) => "waits for the next opening".to_owned(),
                State::Outputs { .. } => "waits for what a rule above binds".to_owned(),
                State::Event(wait) => match program.code.waits.get(wait.wait.0 as usize) {
                    Some(wait) => {
                        let events = words::patterns(program, &wait.events, self.subject.entity);
                        format!("waits for {events}")
                    }
                    None => "waits for an event".to_owned(),
                },
                State::Answer { .. } => "waits for the answer of an action".to_owned(),
            };
            waits.push((format!("rule {}", program.rule(run.rule).path), what, run.due()));
        }
        for silence in &waiting.silences {
            let (name, pattern) = match silence.listener {
                Listener::Trigger(id, n) => {
                    let trigger = program.trigger(id);
                    (words::trigger(program, trigger), trigger.events.get(usize::from(n)))
                }
                Listener::Rule(id, n) => {
                    let rule = program.rule(id);
                    (format!("rule {}", rule.path), rule.on.get(usize::from(n)))
                }
            };
            let what = pattern.map(|pattern| words::pattern(program, pattern, self.subject.entity));
            let what = format!("listens to {}", what.unwrap_or_default());
            waits.push((name, what, Some(silence.due)));
        }
        waits
    }

    pub fn human(&self, style: Style) -> String {
        let program = self.explainer.program;
        let mut out = String::new();
        let bold = |text: &str| paint(style, text, "1");
        // Writing to a string cannot fail.
        let stands = match &self.slot {
            Slot::Living(record) => match record.place {
                Some(place) => {
                    let since = record.values.get(crate::schema::FIELD_STAGE_ENTERED_AT.index());
                    let since = match since {
                        Some(crate::value::Value::DateTime(at)) => {
                            format!(" since {}", words::time(*at, self.tz))
                        }
                        _ => String::new(),
                    };
                    let stage = crate::program::literal::stage_name(program, place.stage);
                    format!("stands in {stage}{since}")
                }
                None => "is in no pipeline: no rule is for it".to_owned(),
            },
            _ => "has been deleted".to_owned(),
        };
        let _ = writeln!(out, "{} {stands} ({})", bold(self.record), self.tz);
        if !self.story.is_empty() {
            let _ = writeln!(out, "\n{}", bold("how it came there"));
            let width = self.story.iter().map(|line| line.what.chars().count()).max().unwrap_or(0).min(80);
            for line in &self.story {
                let time = words::time(line.time, self.tz);
                let _ = writeln!(out, "  {time}  {:width$}  {}", line.what, paint(style, &line.by, "2"));
            }
        }
        let waits = self.waits();
        if !waits.is_empty() {
            let _ = writeln!(out, "\n{}", bold("what it waits for"));
            for (name, what, due) in waits {
                let until =
                    due.map(|due| format!(" until {}", words::time(due, self.tz))).unwrap_or_default();
                let _ = writeln!(out, "  {name} {what}{until}");
            }
        }
        if let Slot::Living(record) = &self.slot
            && let Some(place) = record.place
        {
            let ways = self.explainer.ways_on(place, self.subject.entity);
            if !ways.is_empty() {
                let _ = writeln!(out, "\n{}", bold("what could move it on"));
                for (id, listens) in ways {
                    let name = words::trigger(program, program.trigger(id));
                    let when = if program.trigger(id).when.is_some() { ", under a condition" } else { "" };
                    let _ = writeln!(out, "  {name}: {listens}{when}");
                }
            }
        }
        for section in &self.sections {
            let _ = writeln!(out, "\n{}", bold(&section.title));
            if let Some(text) = &section.otherwise {
                let _ = writeln!(out, "  {text}");
            }
            for decision in &section.decisions {
                self.decision(&mut out, decision, style);
            }
        }
        out
    }

    fn decision(&self, out: &mut String, decision: &Decision<'_>, style: Style) {
        let mut verdict = verdict(decision).to_owned();
        let color = match decision.outcome {
            Outcome::Happened => "32",
            Outcome::Refused | Outcome::Failed => "31",
            Outcome::Waits | Outcome::Cancelled | Outcome::Ignored => "33",
        };
        verdict = paint(style, &verdict, color);
        let name = self.explainer.name(decision.about);
        let reason = match (&decision.reason, decision.waited) {
            (None, _) => String::new(),
            (Some(reason), Waited::ToRun) => format!(": {reason}"),
            (Some(reason), _) => format!(" {}", reason.strip_prefix("it waits ").unwrap_or(reason)),
        };
        let place = self.explainer.span(decision.about).map(|span| {
            let file = self.explainer.sources.file(span.file);
            format!("  ({}:{})", file.name, file.position(span.start as usize).line)
        });
        let place = paint(style, &place.unwrap_or_default(), "2");
        let _ = writeln!(out, "  {name} {verdict}{reason}{place}");
        if let Some(condition) = &decision.condition {
            let mut clauses: Vec<&Clause<'_>> = Vec::new();
            flatten(&condition.clauses, &mut clauses);
            self.clauses(out, &clauses, style);
        }
        if let Some(nearest) = &decision.nearest {
            let _ = writeln!(out, "    = {nearest}");
        }
    }

    /// The clauses under their lines of the text, each with what it came to.
    fn clauses(&self, out: &mut String, clauses: &[&Clause<'_>], style: Style) {
        let line_of = |span: Span| self.explainer.sources.file(span.file).line_of(span.start as usize);
        let width =
            clauses.iter().map(|clause| (line_of(clause.span) + 1).to_string().len()).max().unwrap_or(1);
        let mut shown = None;
        for clause in clauses {
            let file = self.explainer.sources.file(clause.span.file);
            let line = line_of(clause.span);
            let range = file.line_range(line);
            let text = &file.text[range.clone()];
            let indent = text.len() - text.trim_start().len();
            if shown != Some((clause.span.file, line)) {
                shown = Some((clause.span.file, line));
                let _ = writeln!(out, "    {:>width$} | {}", line + 1, text.trim().replace('\t', " "));
            }
            let start = (clause.span.start as usize).max(range.start + indent).min(range.end);
            let end = (clause.span.end as usize).clamp(start, range.end);
            let before = file.text[range.start + indent..start].chars().count();
            let marks = file.text[start..end].chars().count().max(1);
            let (word, color) = match &clause.truth {
                Truth::True => ("true".to_owned(), "32"),
                Truth::False => ("false".to_owned(), "31"),
                Truth::NotReached => ("not reached".to_owned(), "2"),
                Truth::Unset => ("unset".to_owned(), "33"),
                Truth::Failed(why) => (format!("failed: {why}"), "31"),
            };
            let values: Vec<String> = clause
                .operands
                .iter()
                .map(|operand| format!("`{}` is {}", operand.text, operand.value))
                .collect();
            let values = if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
            let marks = paint(style, &format!("{} {word}", "^".repeat(marks)), color);
            let _ = writeln!(out, "    {:>width$} | {}{marks}{values}", "", " ".repeat(before));
        }
    }

    pub fn json(&self) -> String {
        let program = self.explainer.program;
        let instant = |at: &DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        let place = match &self.slot {
            Slot::Living(record) => record.place,
            _ => None,
        };
        let story: Vec<Json> = self
            .story
            .iter()
            .map(|line| json!({"time": instant(&line.time), "what": line.what, "by": line.by}))
            .collect();
        let waits: Vec<Json> = self
            .waits()
            .iter()
            .map(|(name, what, due)| json!({"name": name, "what": what, "until": due.as_ref().map(instant)}))
            .collect();
        let sections: Vec<Json> = self
            .sections
            .iter()
            .map(|section| {
                let decisions = section.decisions.iter();
                let decisions = decisions.map(|decision| self.explainer.line(decision));
                let decisions: Vec<Json> =
                    decisions.filter_map(|line| serde_json::from_str(&line).ok()).collect();
                json!({"about": section.title, "decisions": decisions, "otherwise": section.otherwise})
            })
            .collect();
        let ways = place.map(|place| self.explainer.ways_on(place, self.subject.entity)).unwrap_or_default();
        let ways: Vec<Json> = ways
            .iter()
            .map(|(id, listens)| {
                json!({"name": words::trigger(program, program.trigger(*id)), "listens": listens})
            })
            .collect();
        let report = json!({
            "record": self.record,
            "deleted": matches!(self.slot, Slot::Deleted(_)),
            "stage": place.map(|place| crate::program::literal::stage_name(program, place.stage)),
            "story": story,
            "waits": waits,
            "could_move_it": ways,
            "why": sections,
        });
        // It holds nothing that JSON cannot.
        let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn paint(style: Style, text: &str, code: &str) -> String {
    if style.color && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Those of functions behind the question to them.
fn flatten<'c>(clauses: &'c [Clause<'c>], out: &mut Vec<&'c Clause<'c>>) {
    for clause in clauses {
        out.push(clause);
        flatten(&clause.inside, out);
    }
}

/// What belongs into the story of a record: not what its rules asked for.
fn is_told(effect: &Effect) -> bool {
    !matches!(effect.kind, EffectKind::ActionRequested { .. } | EffectKind::FieldsChanged { .. })
}

fn brought_by(step: &Step, effect: &Effect) -> String {
    match &step.event {
        Some(event) if event.id == effect.cause.id => format!("{} {}", event.name, event.id),
        _ => format!("its time had come, set by {}", effect.cause.id),
    }
}

fn verdict(decision: &Decision<'_>) -> &'static str {
    match (decision.about, decision.outcome) {
        (About::Trigger(_), Outcome::Happened) => "fired",
        (About::Trigger(_), _) => "did not fire",
        (About::Rule(_), Outcome::Happened) => "ran",
        (About::Rule(_), Outcome::Waits) => match decision.waited {
            Waited::ToRun => "did not run yet",
            Waited::Inside => "waits",
            Waited::Over => "waited",
        },
        (About::Rule(_), Outcome::Failed) if decision.condition.is_none() => "failed",
        (About::Rule(_), Outcome::Cancelled) => "was cancelled",
        (About::Rule(_), _) => "did not run",
        (About::Wait(_), Outcome::Happened) => "came to its end",
        (About::Wait(_), _) => "went on waiting",
        (About::Event, _) => "changed nothing",
    }
}

/// What was decided at the last event about the record, or at the one with this id.
fn at_event<'a>(explainer: &Explainer<'a>, story: &Story, id: Option<&str>, tz: Tz) -> Section<'a> {
    let mut steps = story.steps.iter().rev().filter_map(|step| Some((step, step.event.as_ref()?)));
    let found = match id {
        Some(id) => {
            // One that came twice changed something the first time.
            let mut all = story.steps.iter().filter_map(|step| Some((step, step.event.as_ref()?)));
            all.find(|(_, event)| &*event.id == id)
        }
        None => steps.next(),
    };
    let Some((step, event)) = found else {
        return Section { title: String::new(), decisions: Vec::new(), otherwise: None };
    };
    let last = if id.is_none() { "its last event, " } else { "" };
    let title = format!("at {last}{} {} of {}", event.name, event.id, words::time(step.time, tz));
    let noted = step.noted.iter().filter(|noted| !noted.timer).cloned().collect();
    let mut decisions = explainer.decisions(noted, Some(event));
    decisions.iter_mut().for_each(|decision| explainer.look_ahead(decision, step, story));
    let otherwise = match &step.rejected {
        Some(why) => Some(format!("it was rejected: {why}")),
        None if decisions.is_empty() => Some("nothing listens to it where the record stood".to_owned()),
        None => None,
    };
    Section { title, decisions, otherwise }
}

/// What was decided about a trigger or a rule: the last time, or at the event with this id.
fn about<'a>(
    explainer: &Explainer<'a>,
    story: &Story,
    wanted: Wanted,
    id: Option<&str>,
    subject: &Subject,
) -> Section<'a> {
    let own = |about: About| match (about, wanted) {
        (About::Trigger(a), Wanted::Trigger(b)) => a == b,
        (About::Rule(a) | About::Wait(a), Wanted::Rule(b)) => a == b,
        _ => false,
    };
    let name = explainer.name(match wanted {
        Wanted::Trigger(id) => About::Trigger(id),
        Wanted::Rule(id) => About::Rule(id),
    });
    let mut all: Vec<Decision<'a>> = Vec::new();
    for step in &story.steps {
        let event = step.event.as_ref();
        if id.is_none_or(|id| event.is_some_and(|event| &*event.id == id)) {
            let mut decisions = explainer.decisions(step.noted.clone(), event);
            decisions.iter_mut().for_each(|decision| explainer.look_ahead(decision, step, story));
            all.extend(decisions.into_iter().filter(|decision| own(decision.about)));
        }
    }
    let otherwise = match (all.is_empty(), id) {
        (false, _) => None,
        (true, None) => Some(format!("it did not run: {}", explainer.never(wanted, story, subject.entity))),
        (true, Some(id)) => Some(format!(
            "nothing was decided about it at `{id}`: it does not listen to that where the record stood"
        )),
    };
    let times = all.len();
    // The last decisions tell most, those that belong together by the event that brought them.
    let last = all.last().map(|decision| (decision.noted.time, decision.noted.cause.clone()));
    let decisions: Vec<Decision<'a>> = all
        .into_iter()
        .filter(|decision| last.as_ref() == Some(&(decision.noted.time, decision.noted.cause.clone())))
        .collect();
    let title = match decisions.first() {
        None => name,
        Some(decision) => {
            let noted = &decision.noted;
            let tz = noted.place.map_or(Tz::UTC, |p| explainer.program.pipeline(p.pipeline).timezone);
            let more = times - decisions.len();
            let before = match more {
                0 => String::new(),
                1 => ", after one decision before".to_owned(),
                n => format!(", after {n} decisions before"),
            };
            let by = if noted.timer { "a time had come, set by " } else { "" };
            format!("{name}, at {} ({by}{}){before}", words::time(noted.time, tz), noted.cause.id)
        }
    };
    Section { title, decisions, otherwise }
}
