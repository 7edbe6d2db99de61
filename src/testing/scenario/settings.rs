//! What a scenario wants otherwise: read from the file `NAME.scenario.toml` beside it.

use super::Scenario;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::event::decode::outputs;
use crate::program::Program;
use crate::schema::Type;
use crate::settings::{Library, Reader, library};
use crate::source::{Sources, Span};
use crate::value::*;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// How a scenario is run. All of it may be left out.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What it shows, in a sentence or two.
    pub about: Option<String>,
    /// Up to when the clock goes on after the last event, and where that is written.
    pub until: Option<(DateTime<Utc>, Option<Span>)>,
    /// How long it goes on, if not `until`.
    pub wait: Option<(Duration, Option<Span>)>,
    /// Lets time pass for all records whenever the events have advanced that much.
    pub tick: Option<Duration>,
    /// Whether answers of actions come from events of the file alone.
    pub answers_in_events: bool,
    /// The zone of the times in the timeline.
    pub timezone: Option<Tz>,
    replies: Vec<Given>,
}

/// An answer as it is written.
#[derive(Debug, Clone)]
struct Given {
    action: (String, Span),
    answer: Result<(serde_json::Value, Span), String>,
}

/// An answer that stands ready.
pub(super) struct Reply {
    pub action: ActionId,
    /// The outputs in the order of the declaration, or why it fails.
    pub answer: Result<Vec<Value>, Text>,
    pub span: Span,
}

impl Settings {
    /// Those of a library, for scenarios that say nothing else.
    pub fn of(library: &Library) -> Settings {
        Settings {
            until: library.test.until.map(|until| (until, None)),
            wait: library.test.wait.map(|wait| (wait, None)),
            timezone: library.test.timezone,
            ..Settings::default()
        }
    }

    /// The paths of all settings: `reply.action`.
    pub fn known() -> Vec<String> {
        taken("", "", &mut Sources::default(), &Settings::default()).1.known
    }

    pub(super) fn simulate(&self) -> bool {
        !self.answers_in_events
    }

    /// The answers for the actions of this program.
    pub(super) fn replies(&self, program: &Program, problems: &mut Vec<Diagnostic>) -> Vec<Reply> {
        let mut replies = Vec::new();
        for Given { action: (name, span), answer } in &self.replies {
            let actions = &program.schema.actions;
            // Of two of one name the first is the program's own.
            let Some(at) = actions.iter().position(|action| *action.name == **name) else {
                let message = format!("there is no action `{name}`");
                let near = suggest::nearest(name, actions.iter().map(|action| &*action.name));
                let mut diagnostic = Diagnostic::new(Code::SettingWrong, *span, message);
                if let Some(near) = near {
                    diagnostic = diagnostic
                        .help(format!("did you mean \"{near}\"?"))
                        .fix(*span, format!("\"{near}\""));
                }
                problems.push(diagnostic);
                continue;
            };
            let action = ActionId(at as u16);
            let answer = match answer {
                Err(reason) => Err(reason.as_str().into()),
                Ok((with, place)) => {
                    match outputs(program, action, &with_files(program, action, with).to_string()) {
                        Ok(values) => Ok(values),
                        Err(rejection) => {
                            let expected = rejection.expected.map(|expected| format!("expected {expected}"));
                            let mut diagnostic =
                                Diagnostic::new(Code::SettingWrong, *place, rejection.message);
                            diagnostic.labels[0].message = expected;
                            problems.push(diagnostic);
                            continue;
                        }
                    }
                }
            };
            replies.push(Reply { action, answer, span: *span });
        }
        replies
    }
}

/// The outputs of an answer, with files in the place of texts that stand for them.
fn with_files(program: &Program, action: ActionId, with: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    let file = |value: &mut Json| {
        if let Json::String(text) = value {
            let File { name, url } = File::meant(text);
            *value = serde_json::json!({ "name": *name, "url": *url });
        }
    };
    let mut with = with.clone();
    for output in &program.schema.action(action).outputs {
        match (output.ty.inner(), with.get_mut(&*output.name)) {
            (Type::File, Some(value)) => file(value),
            (Type::List(of), Some(Json::Array(items))) if **of == Type::File => {
                items.iter_mut().for_each(file);
            }
            _ => {}
        }
    }
    with
}

impl Scenario {
    /// Takes the settings from the text of a file that people know as `file`; what it leaves out is as in `otherwise`.
    ///
    /// # Errors
    /// All that is wrong in it, at its place.
    pub fn configure(&mut self, file: &str, text: &str, otherwise: &Settings) -> Result<(), Vec<Diagnostic>> {
        let (settings, reader) = taken(file, text, &mut self.sources, otherwise);
        self.settings = settings;
        if reader.diagnostics.is_empty() { Ok(()) } else { Err(reader.diagnostics) }
    }
}

fn taken(file: &str, text: &str, sources: &mut Sources, otherwise: &Settings) -> (Settings, Reader) {
    Reader::read(file, text, sources, |reader, mut all| {
        let about = reader.text(&mut all, "about").map(|(about, _)| about);
        let until = reader.instant(&mut all, "until").map(|(until, span)| (until, Some(span)));
        let wait = reader.duration(&mut all, "wait").map(|(wait, span)| (wait, Some(span)));
        if let (Some((_, Some(until))), Some((_, Some(wait)))) = (&until, &wait) {
            reader.refuse(library::either(*until, *wait));
        }
        let tick = reader.duration(&mut all, "tick").and_then(|(tick, span)| {
            let some = tick.days > 0 || tick.seconds > 0;
            if !some {
                let message = "`tick` must be some time, or left out";
                reader.refuse(Diagnostic::new(Code::SettingWrong, span, message));
            }
            some.then_some(tick)
        });
        let answers = reader.choice(&mut all, "actions", &["simulate", "events"]);
        let timezone = reader.timezone(&mut all, "timezone").map(|(tz, _)| tz);
        let (tables, mut none) = reader.tables(&mut all, "reply");
        reader.text(&mut none, "to");
        reader.json(&mut none, "with");
        reader.text(&mut none, "fails");
        let mut replies = Vec::new();
        for (mut table, span) in tables {
            let to = reader.text(&mut table, "to");
            let with = reader.json(&mut table, "with");
            let fails = reader.text(&mut table, "fails");
            reader.finish(&table);
            let help = "write `to = \"create_chat\"` and `with = { id = \"c\" }`, or `fails = \"no answer\"`";
            let answer = match (with, fails) {
                (Some((with, place)), None) if with.is_object() => Ok((with, place)),
                (Some((_, place)), None) => {
                    let message = "`reply.with` must be a table of outputs, as { id = \"c\" }";
                    reader.refuse(Diagnostic::new(Code::SettingWrong, place, message));
                    continue;
                }
                (None, Some((reason, _))) => Err(reason),
                (None, None) => Ok((serde_json::json!({}), span)),
                (Some(_), Some((_, place))) => {
                    let message = "an answer comes with outputs, or fails";
                    reader.refuse(Diagnostic::new(Code::SettingWrong, place, message).help(help));
                    continue;
                }
            };
            match to {
                Some(action) => replies.push(Given { action, answer }),
                None => {
                    let message = "this answer does not say of which action";
                    reader.refuse(Diagnostic::new(Code::SettingWrong, span, message).help(help));
                }
            }
        }
        if let (Some((1, span)), false) = (&answers, replies.is_empty()) {
            let message = "with `actions = \"events\"` all answers come from the events";
            let diagnostic = Diagnostic::new(Code::SettingWrong, *span, message);
            reader.refuse(diagnostic.help("leave out `actions`, or each [[reply]]"));
        }
        reader.finish(&all);
        let own_end = until.is_some() || wait.is_some();
        Settings {
            about,
            until: if own_end { until } else { otherwise.until },
            wait: if own_end { wait } else { otherwise.wait },
            tick: tick.or(otherwise.tick),
            answers_in_events: answers.map_or(otherwise.answers_in_events, |(at, _)| at == 1),
            timezone: timezone.or(otherwise.timezone),
            replies,
        }
    })
}
