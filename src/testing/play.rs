//! One test, step by step.

use super::{Guard, Outcome, words};
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::effect::{Effect, EffectKind};
use crate::engine::record::Slot;
use crate::engine::watch::Noted;
use crate::engine::{Engine, Options};
use crate::event::{Event, EventBody, Subject};
use crate::model::test::{Expected, Sent, Step, StepKind, Test};
use crate::program::literal::{literal, quoted};
use crate::program::sites::Sites;
use crate::program::{ChunkId, Program};
use crate::run::Records;
use crate::schema::{FIELD_ID, FIELD_STAGE};
use crate::source::Span;
use crate::value::time::{add_duration, local_to_utc};
use crate::value::*;
use crate::vm::{Context, Machine, Scratch};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use std::sync::Arc;

/// Where the clock of tests begins, if not on the fifth of January 2026 at nine in the zone of the pipeline.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    pub start: Option<NaiveDateTime>,
    /// The zone in which days are counted.
    pub timezone: Option<Tz>,
}

/// Plays a test from an empty world.
pub(super) fn play(
    machine: &Machine,
    test: &Test,
    conditions: &[Option<ChunkId>],
    clock: &Clock,
    sites: Option<&Arc<Sites>>,
    guard: Option<Guard>,
) -> Outcome {
    let mut play = Play::new(machine, test, clock);
    play.guard = guard;
    if let Some(sites) = sites {
        play.engine.count(sites.clone());
    }
    let mut failure = None;
    for (step, condition) in test.steps.iter().zip(conditions) {
        let before = play.effects.len();
        let done = play.step(step, *condition);
        // Of neighbouring `given`s the effects stay.
        play.work += play.effects.len().saturating_sub(before);
        if let Err(diagnostic) = done.and_then(|()| play.within_bounds(step)) {
            failure = Some(diagnostic);
            break;
        }
    }
    let failure = failure.or_else(|| play.unasked().err());
    let (expectations, counts) = (play.expectations, play.engine.take_counts());
    let (name, span, work) = (test.name.to_string(), test.span, play.work);
    Outcome { name, span, expectations, failure, counts, work }
}

/// What was decided at the step before an expectation that is not met.
pub(super) struct Refused {
    /// The number of the expectation.
    pub step: usize,
    pub noted: Vec<Noted>,
    /// The event of that step, if it was one.
    pub event: Option<Event>,
}

/// Plays a test once more and notes what is decided; `None` if it is met then.
pub(super) fn watched(
    machine: &Machine,
    test: &Test,
    conditions: &[Option<ChunkId>],
    clock: &Clock,
    sites: &Arc<Sites>,
) -> Option<Refused> {
    let mut play = Play::new(machine, test, clock);
    play.engine.watch(Some(sites.clone()), false);
    let mut steps = test.steps.iter().zip(conditions);
    let step = steps.position(|(step, condition)| play.step(step, *condition).is_err())?;
    Some(Refused { step, noted: play.engine.take_noted(), event: play.event })
}

type Done = Result<(), Box<Diagnostic>>;

/// A test under way.
struct Play<'p> {
    machine: &'p Machine,
    engine: Engine<'p>,
    records: Records,
    clock: DateTime<Utc>,
    tz: Tz,
    /// What came since `since`.
    effects: Vec<Effect>,
    /// The step that brought the effects; of neighbouring `given`s the first.
    since: Option<Since>,
    /// Answers that nobody has asked for yet.
    replies: Vec<(ActionId, Span)>,
    /// Events so far: each needs an id of its own.
    events: usize,
    expectations: usize,
    /// How much has happened.
    work: usize,
    guard: Option<Guard>,
    scratch: Scratch,
    /// The last event, if it came since `since`.
    event: Option<Event>,
}

#[derive(Clone, Copy)]
struct Since {
    span: Span,
    given: bool,
}

impl<'p> Play<'p> {
    fn new(machine: &'p Machine, test: &Test, clock: &Clock) -> Play<'p> {
        let program = machine.program();
        let tz = clock.timezone.unwrap_or_else(|| timezone(program, test));
        // Monday, the fifth of January 2026, at nine: for the pipeline of the first record.
        let otherwise = || NaiveDate::from_ymd_opt(2026, 1, 5).and_then(|day| day.and_hms_opt(9, 0, 0));
        let start = clock.start.or_else(otherwise);
        let clock = start.map_or(DateTime::UNIX_EPOCH, |start| local_to_utc(start, tz));
        Play {
            machine,
            engine: Engine::new(machine, Options::default()),
            records: Records::new(program),
            clock,
            tz,
            effects: Vec::new(),
            since: None,
            replies: Vec::new(),
            events: 0,
            expectations: 0,
            work: 0,
            guard: None,
            scratch: Scratch::default(),
            event: None,
        }
    }

    fn program(&self) -> &'p Program {
        self.machine.program()
    }

    fn step(&mut self, step: &Step, condition: Option<ChunkId>) -> Done {
        match &step.kind {
            StepKind::Given { subject, fields, pipeline, stage } => {
                self.begin(step, true);
                let program = self.program();
                let declared = &program.schema.entity(subject.entity).fields;
                let default = |field: &crate::schema::Field| field.default.clone().unwrap_or(Value::None);
                let mut values: Vec<Value> = declared.iter().map(default).collect();
                for (field, value) in fields {
                    if let Some(place) = values.get_mut(field.index()) {
                        *place = value.clone();
                    }
                }
                if let Some(place) = values.get_mut(FIELD_ID.index()) {
                    *place = Value::Text(subject.id.clone());
                }
                let (subject, pipeline, stage) = (subject.clone(), *pipeline, stage.clone());
                let wire = &program.schema.entity(subject.entity).wire_name;
                let name = format!("{wire}.created");
                self.happen(step, name, EventBody::Created { subject, fields: values, pipeline, stage })
            }
            StepKind::At(at) => {
                // Before anything has happened the clock may stand anywhere.
                if self.events > 0 && *at < self.clock {
                    let now = words_of_time(self.clock, self.tz);
                    return Err(failed(
                        Code::StepFailed,
                        step.span,
                        "time cannot go back in a test".to_owned(),
                        format!("it is {now} already"),
                    ));
                }
                self.begin(step, false);
                let nothing_yet = self.events == 0;
                self.clock = *at;
                if !nothing_yet {
                    self.pass();
                }
                Ok(())
            }
            StepKind::Wait(duration) => {
                self.begin(step, false);
                let to = add_duration(self.clock, *duration, self.tz).map_err(|failure| {
                    let message = format!("the clock cannot go so far: {failure}");
                    failed(Code::StepFailed, step.span, message, "too long".to_owned())
                })?;
                self.clock = to;
                self.pass();
                Ok(())
            }
            StepKind::Send { subject, sent } => {
                self.begin(step, false);
                let subject = subject.clone();
                let wire = &self.program().schema.entity(subject.entity).wire_name;
                let (name, body) = match sent {
                    Sent::Happened { event, payload } => {
                        let name = self.program().schema.event(*event).name.to_string();
                        (name, EventBody::Happened { subject, event: *event, payload: payload.clone() })
                    }
                    Sent::Updated(changes) => {
                        (format!("{wire}.updated"), EventBody::Updated { subject, changes: changes.clone() })
                    }
                    Sent::Moved { pipeline, stage } => {
                        let (pipeline, stage) = (*pipeline, stage.clone());
                        (format!("{wire}.moved"), EventBody::Moved { subject, pipeline, stage })
                    }
                    Sent::Deleted => (format!("{wire}.deleted"), EventBody::Deleted { subject }),
                };
                self.happen(step, name, body)
            }
            StepKind::Reply { action, answer } => {
                self.replies.push((*action, step.span));
                self.engine.reply(*action, answer.clone());
                Ok(())
            }
            StepKind::ExpectField { subject, field, expected } => {
                self.look();
                self.expect_field(step, subject, field, expected, condition)
            }
            StepKind::ExpectAction { no, count, action, params } => {
                self.look();
                self.expect_action(step, *no, *count, *action, params)
            }
        }
    }

    /// A step that does something: what came before it is no longer looked at. Neighbouring `given`s are one step.
    fn begin(&mut self, step: &Step, given: bool) {
        if given && self.since.is_some_and(|since| since.given) {
            return;
        }
        self.effects.clear();
        self.engine.take_noted();
        self.event = None;
        self.since = Some(Since { span: step.span, given });
    }

    /// An expectation looks at what has come: a `given` behind it is no neighbour of one before it.
    fn look(&mut self) {
        self.expectations += 1;
        if let Some(since) = &mut self.since {
            since.given = false;
        }
    }

    fn happen(&mut self, step: &Step, name: String, body: EventBody) -> Done {
        self.events += 1;
        let event = Event {
            id: format!("step-{}", self.events).into(),
            source: "/test".into(),
            name: name.into(),
            time: Some(self.clock),
            partition: None,
            cause: None,
            body,
        };
        let applied = self.records.apply(&mut self.engine, &event, &mut self.effects);
        self.event = Some(event);
        match applied {
            Ok(_) => Ok(()),
            Err(rejection) => Err(failed(
                Code::StepFailed,
                step.span,
                format!("this event is rejected: {}", rejection.message),
                rejection.code.to_owned(),
            )),
        }
    }

    /// Fires what is due by the clock.
    fn pass(&mut self) {
        self.records.move_clock(self.clock);
        while self.records.fire_next(&mut self.engine, self.clock, &mut self.effects) {
            self.work += 1;
            if self.is_too_much() {
                return;
            }
        }
    }

    /// Whether more has happened than may.
    fn is_too_much(&self) -> bool {
        self.guard.is_some_and(|guard| {
            let often = self.work.is_multiple_of(64);
            self.work + self.effects.len() > guard.work || (often && std::time::Instant::now() > guard.until)
        })
    }

    fn within_bounds(&self, step: &Step) -> Done {
        let late = self.guard.is_some_and(|guard| std::time::Instant::now() > guard.until);
        if !late && !self.is_too_much() {
            return Ok(());
        }
        let message = "this does not come to an end".to_owned();
        Err(failed(Code::StepFailed, step.span, message, format!("{} things have happened", self.work)))
    }

    /// A reply that no action has asked for tells of a test that does not test what it seems to.
    fn unasked(&self) -> Done {
        for (action, span) in self.replies.iter().rev() {
            let open = self.engine.open_replies(*action);
            let later = self.replies.iter().rev().take_while(|(_, other)| other != span);
            if later.filter(|(other, _)| other == action).count() < open {
                let name = &self.program().schema.action(*action).name;
                return Err(failed(
                    Code::ExpectationFailed,
                    *span,
                    format!("nothing asked for this answer of `{name}`"),
                    format!("no `let … = {name} {{ … }}` ran after this"),
                ));
            }
        }
        Ok(())
    }

    fn expect_field(
        &mut self,
        step: &Step,
        subject: &Subject,
        field: &Text,
        expected: &Expected,
        condition: Option<ChunkId>,
    ) -> Done {
        let program = self.program();
        let Some(Slot::Living(record)) = self.records.slot(subject) else {
            let id = words::subject(program, subject);
            let diagnostic = self.unmet(step, format!("`{id}` is no longer there"), "deleted".to_owned());
            return Err(diagnostic);
        };
        let place = record.place;
        let met = match (expected, condition) {
            (Expected::Stage { name, equal }, _) => {
                let here = place.map(|place| &program.stage(place.stage).name);
                Ok((here == Some(name)) == *equal)
            }
            (Expected::Pipeline { id, equal }, _) => {
                Ok((place.map(|place| place.pipeline) == Some(*id)) == *equal)
            }
            (Expected::Holds(_), Some(chunk)) => {
                let records = &self.records;
                let lookup = |entity: EntityId, id: &str| {
                    records.slot(&Subject { entity, id: id.into() }).and_then(Slot::values)
                };
                let home = place.map_or(PipelineId(0), |place| place.pipeline);
                let context = Context {
                    record: &record.values,
                    entity: subject.entity,
                    event: None,
                    old: None,
                    output: &|_| None,
                    lookup: &lookup,
                    now: self.clock,
                    pipeline: home,
                    home,
                };
                self.machine.holds(&mut self.scratch, chunk, &context)
            }
            // Every condition has been compiled.
            (Expected::Holds(_), None) => Ok(true),
        };
        if met == Ok(true) {
            return Ok(());
        }
        let declared = &program.schema.entity(subject.entity).fields;
        let is = match (&**field, declared.iter().position(|f| f.name == *field)) {
            ("pipeline", _) => place.map(|place| program.pipeline(place.pipeline).name.to_string()),
            (_, Some(at)) if at == FIELD_STAGE.index() => {
                place.map(|place| program.stage(place.stage).name.to_string())
            }
            (_, Some(at)) => match record.values.get(at) {
                Some(Value::None) | None => Some("not set".to_owned()),
                Some(value) => Some(literal(program, value, &declared[at].ty)),
            },
            (_, None) => None,
        };
        let is = is.unwrap_or_else(|| "not set".to_owned());
        let message = format!("`{field}` of {} is not as expected", quoted(&subject.id));
        let label = match &met {
            Err(failure) if failure.code != FailureCode::NotSet => {
                format!("it is {is}, and this cannot be compared: {failure}")
            }
            _ => format!("it is {is}"),
        };
        Err(self.unmet(step, message, label))
    }

    fn expect_action(
        &mut self,
        step: &Step,
        no: bool,
        count: Option<u32>,
        action: ActionId,
        params: &[(u16, Value)],
    ) -> Done {
        let asked = self.effects.iter().filter_map(|effect| match &effect.kind {
            EffectKind::ActionRequested { action: asked, params: given, .. } if *asked == action => {
                let given = |number: u16| {
                    let value = given.values().iter().find(|(n, _)| *n == number).map(|(_, value)| value);
                    value.unwrap_or(&Value::None)
                };
                let other = params.iter().filter(|(number, value)| !as_expected(given(*number), value));
                Some((effect, other.map(|(number, value)| (*number, value)).collect::<Vec<_>>()))
            }
            _ => None,
        });
        let asked: Vec<(&Effect, Vec<(u16, &Value)>)> = asked.collect();
        let matching = asked.iter().filter(|(_, other)| other.is_empty()).count();
        let met = match (no, count) {
            (true, _) => matching == 0,
            (false, Some(wanted)) => matching == wanted as usize,
            (false, None) => matching > 0,
        };
        if met {
            return Ok(());
        }
        let program = self.program();
        let name = &program.schema.action(action).name;
        let came = |n: usize| match n {
            0 => "none came".to_owned(),
            1 => "1 came".to_owned(),
            n => format!("{n} came"),
        };
        let like_this = if params.is_empty() { "" } else { " like this" };
        let (message, label) = match (no, count) {
            (true, _) => (format!("`{name}`{like_this} was not expected"), came(matching)),
            (false, Some(wanted)) => {
                let were = if wanted == 1 { "was" } else { "were" };
                (format!("{wanted} `{name}`{like_this} {were} expected"), came(matching))
            }
            (false, None) if asked.is_empty() => (format!("`{name}` was expected"), came(0)),
            (false, None) => (
                format!("`{name}` like this was expected"),
                format!("{}, but with other values", came(asked.len())),
            ),
        };
        let mut diagnostic = self.unmet(step, message, label);
        let nearest = asked.iter().filter(|(_, other)| !other.is_empty() && !no);
        if let Some((effect, other)) = nearest.min_by_key(|(_, other)| other.len()) {
            diagnostic.help = Some(self.nearest(effect, action, other));
        } else if no && let Some((effect, _)) = asked.iter().find(|(_, other)| other.is_empty()) {
            let mut lines = vec![format!("it came from here: {}", words::headline(program, effect))];
            lines.extend(words::details(program, effect).into_iter().map(|line| format!("  {line}")));
            diagnostic.help = Some(lines.join("\n"));
        }
        Err(diagnostic)
    }

    /// The effect that comes nearest, and how its values differ.
    fn nearest(&self, effect: &Effect, action: ActionId, other: &[(u16, &Value)]) -> String {
        let program = self.program();
        let EffectKind::ActionRequested { params, .. } = &effect.kind else { return String::new() };
        let mut lines = vec![format!("the nearest is {}", words::headline(program, effect))];
        for (number, wanted) in other {
            let Some(param) = program.schema.action(action).params.get(usize::from(*number)) else {
                continue;
            };
            let is = params.values().iter().find(|(n, _)| n == number).map(|(_, value)| value);
            let is = is.map_or("not set".to_owned(), |value| literal(program, value, &param.ty));
            lines.push(format!("  {} is       {is}", param.name));
            lines.push(format!(
                "  {} expected {}",
                " ".repeat(param.name.chars().count()),
                literal(program, wanted, &param.ty)
            ));
        }
        lines.join("\n")
    }

    /// An expectation that is not met, with what came instead.
    fn unmet(&self, step: &Step, message: String, label: String) -> Box<Diagnostic> {
        let mut diagnostic = failed(Code::ExpectationFailed, step.span, message, label);
        let Some(since) = self.since else { return diagnostic };
        const SHOWN: usize = 8;
        let program = self.program();
        let several = self.effects.iter().any(|effect| effect.subject != self.effects[0].subject);
        let mut came: Vec<String> = (self.effects.iter().take(SHOWN))
            .map(|effect| match several {
                true => {
                    format!(
                        "{}: {}",
                        words::subject(program, &effect.subject),
                        words::headline(program, effect)
                    )
                }
                false => words::headline(program, effect),
            })
            .collect();
        match self.effects.len() {
            0 => came.push("brought nothing".to_owned()),
            n if n > SHOWN => came.push(format!("… and {} more", n - SHOWN)),
            _ => {}
        }
        diagnostic.labels.push(crate::diagnostic::Label { span: since.span, message: Some(came.join("\n")) });
        diagnostic
    }
}

/// Whether a value is the expected one. Files are told apart by what the test says of them.
fn as_expected(value: &Value, expected: &Value) -> bool {
    match (value, expected) {
        (Value::File(file), Value::File(expected)) => file.is_expected(expected),
        (Value::List(items), Value::List(expected)) if matches!(expected.first(), Some(Value::File(_))) => {
            items.len() == expected.len()
                && items.iter().zip(expected.iter()).all(|(item, expected)| as_expected(item, expected))
        }
        _ => compare::equal(value, expected),
    }
}

fn failed(code: Code, span: Span, message: String, label: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(code, span, message).label(label))
}

/// The zone in which a test's days are counted: of the pipeline in which its first record is created.
fn timezone(program: &Program, test: &Test) -> Tz {
    let first = test.steps.iter().find_map(|step| match &step.kind {
        StepKind::Given { subject, pipeline, stage, .. } => {
            let of_entity = || {
                let own = |pipeline: &&crate::program::Pipeline| pipeline.entity == subject.entity;
                let has = |pipeline: &&crate::program::Pipeline| {
                    let mut names = pipeline.stages.iter().map(|stage| &program.stage(*stage).name);
                    stage.as_ref().is_none_or(|stage| names.any(|name| name == stage))
                };
                program.pipelines.iter().find(|pipeline| own(pipeline) && has(pipeline))
            };
            pipeline.map(|id| program.pipeline(id)).or_else(of_entity)
        }
        _ => None,
    });
    first.or(program.pipelines.first()).map_or(Tz::UTC, |pipeline| pipeline.timezone)
}

fn words_of_time(at: DateTime<Utc>, tz: Tz) -> String {
    at.with_timezone(&tz).format("%Y-%m-%d %H:%M").to_string()
}
