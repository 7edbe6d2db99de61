//! Event patterns, after `on` and `wait for`: which events, with which settings, and what `event` and `old`
//! then are.

use super::{Home, listed, scope_in};
use crate::check::scope::{EventScope, EventSource, OldScope};
use crate::check::{Checker, ValueSymbol, words};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::library;
use crate::model;
use crate::schema::{BUILTIN_FIELDS, Type};
use crate::source::Span;
use crate::syntax::tree;
use crate::value::*;
use std::collections::HashMap;

/// How many events may be counted: `3 call.missed within 1 hour`.
const COUNTS: std::ops::RangeInclusive<u32> = 2..=100;

/// What a list of patterns comes to.
pub(super) struct Listened {
    /// Those without mistakes.
    pub patterns: Vec<model::EventPattern>,
    pub event: EventScope,
    pub old: OldScope,
}

impl Checker<'_> {
    pub(super) fn listen(&mut self, patterns: &[tree::EventPattern], home: Home) -> Listened {
        let mut made = Vec::with_capacity(patterns.len());
        let mut sources = Vec::with_capacity(patterns.len());
        let mut mistaken = false;
        for pattern in patterns {
            match self.event_pattern(pattern, home) {
                Some(pattern) => {
                    sources.push(match &pattern {
                        model::EventPattern::Named(named) => EventSource::Named(named.event),
                        model::EventPattern::Count { event, .. } => EventSource::Named(event.event),
                        model::EventPattern::Absence { .. } => EventSource::Absence,
                        model::EventPattern::Change { .. } | model::EventPattern::AnyChange => {
                            EventSource::Change
                        }
                    });
                    made.push(pattern);
                }
                None => mistaken = true,
            }
        }
        let is_change = |p: &tree::EventPattern| {
            matches!(p.kind, tree::EventPatternKind::Change { .. } | tree::EventPatternKind::AnyChange)
        };
        let old = if patterns.iter().all(is_change) {
            OldScope::Change
        } else if patterns.iter().any(is_change) {
            OldScope::OptionalChange
        } else {
            OldScope::None
        };
        // Where one event is not known nothing can be said of `event` and `old`: this silences the rest.
        if mistaken {
            sources.clear();
        }
        let old = if mistaken { OldScope::Change } else { old };
        Listened { patterns: made, event: EventScope::Events { sources, optional: false }, old }
    }

    /// `None`: a mistake, which has been reported.
    fn event_pattern(&mut self, tree: &tree::EventPattern, home: Home) -> Option<model::EventPattern> {
        match &tree.kind {
            tree::EventPatternKind::Named(named) => self.named(named, home).map(model::EventPattern::Named),
            tree::EventPatternKind::Change { fields, from, to } => {
                self.change(fields, from.as_ref(), to.as_ref(), home)
            }
            tree::EventPatternKind::AnyChange => Some(model::EventPattern::AnyChange),
            tree::EventPatternKind::Count { count, count_span, event, within } => {
                let counted = COUNTS.contains(count);
                if !counted {
                    let (message, help) = if *count < 2 {
                        ("one event is not counted".to_owned(), self.text_of(event.span))
                    } else {
                        (
                            format!("at most {} events can be counted", COUNTS.end()),
                            format!("{} {}", COUNTS.end(), self.text_of(event.span)),
                        )
                    };
                    self.report(
                        Diagnostic::new(Code::BadCount, *count_span, message)
                            .label(format!("between {} and {}", COUNTS.start(), COUNTS.end()))
                            .help(help),
                    );
                }
                let event = self.named(event, home);
                let within = self.period(within, home);
                let (event, within) = (event?, within?);
                counted.then_some(model::EventPattern::Count {
                    count: *count,
                    event,
                    within,
                    span: tree.span,
                })
            }
            tree::EventPatternKind::Absence { event, period } => {
                let event = self.named(event, home);
                let period = self.period(period, home);
                Some(model::EventPattern::Absence { event: event?, period: period?, span: tree.span })
            }
            tree::EventPatternKind::Hole => {
                self.event_hole(tree.span, home);
                None
            }
        }
    }

    fn text_of(&self, span: Span) -> String {
        self.sources.text(span).to_owned()
    }

    fn event_hole(&mut self, span: Span, home: Home) {
        let mut possible: Vec<&str> = (0..self.schema.events.len())
            .filter(|&i| self.schema.event_on(EventId(i as u16), home.entity))
            .map(|i| &*self.schema.events[i].name)
            .collect();
        possible.sort_unstable();
        let entity = &self.schema.entity(home.entity).name;
        let message = if possible.is_empty() {
            "an event is wanted here".to_owned()
        } else {
            format!("an event is wanted here: {}", listed(possible, "or"))
        };
        let label = format!("what may happen to a `{entity}`");
        self.report(
            Diagnostic::new(Code::Hole, span, message)
                .label(label)
                .help("a named event, `change of field` or `any change`"),
        );
    }

    /// `within 1 hour`, `for 30 days`: a constant, and more than nothing.
    fn period(&mut self, e: &tree::Expr, home: Home) -> Option<Duration> {
        let Some(Value::Duration(duration)) = self.constant_in(e, &Type::Duration, home) else { return None };
        if duration.total_seconds() > 0 {
            return Some(duration);
        }
        self.report(
            Diagnostic::new(Code::BadPeriod, e.span, "this time is not longer than nothing")
                .label("must be positive")
                .help("a duration such as `1 hour`"),
        );
        None
    }

    /// A constant in a pipeline: a datetime without zone is one of the pipeline.
    pub(super) fn constant_in(&mut self, e: &tree::Expr, want: &Type, home: Home) -> Option<Value> {
        let mut scope = scope_in(home, None);
        scope.constant = true;
        self.constant_value(e, want, &mut scope)
    }

    fn named(&mut self, named: &tree::NamedEvent, home: Home) -> Option<model::NamedEvent> {
        let name = named.name.text();
        let Some((event, declared)) = self.names.events.get(name.as_str()).copied() else {
            self.unknown_event(&named.name, &name, home);
            return None;
        };
        self.possible_event(event, declared, named.name.span, home.entity);
        let mut settings = Vec::new();
        let mut given: HashMap<&str, Span> = HashMap::new();
        for arg in &named.settings {
            if let Some(before) = given.insert(&arg.name.text, arg.name.span) {
                self.given_twice("setting", &arg.name, before);
                continue;
            }
            let payload = &self.schema.event(event).payload;
            let Some(slot) = payload.iter().position(|f| f.name == arg.name.text.clone().into()) else {
                self.unknown_setting(arg, event, declared);
                continue;
            };
            let ty = payload[slot].ty.clone();
            if matches!(*unparen(&arg.value).kind, tree::ExprKind::Literal(tree::Literal::None)) {
                self.none_setting(arg, ty.is_optional());
            } else if let Some(values) = self.setting(&arg.value, &ty, home) {
                settings.push((slot as u16, values));
            }
        }
        Some(model::NamedEvent { event, settings })
    }

    /// An event that its declaration keeps from this entity.
    pub(super) fn possible_event(&mut self, event: EventId, declared: Span, span: Span, entity: EntityId) {
        if self.schema.event_on(event, entity) {
            return;
        }
        let def = self.schema.event(event);
        let on = listed(def.on.iter().map(|e| &*self.schema.entity(*e).name), "or");
        let entity = &self.schema.entity(entity).name;
        let message = format!("`{}` cannot happen to a `{entity}`", def.name);
        let mut diagnostic =
            Diagnostic::new(Code::EventNotOnEntity, span, message).label(format!("happens only to {on}"));
        if self.is_own(declared) {
            let help = format!("add `{entity}` after `on` in the event's declaration");
            diagnostic = diagnostic.also(declared, "declared here").help(help);
        }
        self.report(diagnostic);
    }

    fn unknown_event(&mut self, path: &tree::Path, name: &str, home: Home) {
        let wire = &self.schema.entity(home.entity).wire_name;
        // `created`, as in other tools
        let by_itself = self.happens_by_itself(name).or_else(|| match name.contains('.') {
            true => None,
            false => self.happens_by_itself(&format!("{wire}.{name}")),
        });
        if let Some((why, help)) = by_itself {
            let message = format!("`{name}` is not listened to by name");
            self.report(Diagnostic::new(Code::LifeCycleEvent, path.span, message).label(why).help(help));
            return;
        }
        let entity = self.schema.entity(home.entity);
        let is_field = |f: &crate::schema::Field| *f.name == *name;
        let help = if entity.fields.iter().skip(BUILTIN_FIELDS).any(is_field) {
            Advice::write(path.span, format!("change of {name}")).saying(format!("change of {name}"))
        } else if let Some(library) = library::that_declares("event", name) {
            let diagnostic =
                Diagnostic::new(Code::UnknownEvent, path.span, format!("there is no event `{name}`"));
            self.forgotten_library(library, diagnostic.label("not declared anywhere"));
            return;
        } else {
            let known = || self.names.events.keys().map(|k| &**k);
            Advice::near(path.span, name, known())
                .or_else(|| last_part(path.span, name, known()))
                .or_else(|| {
                    // `reply`, `payment`: what people call it.
                    let event = library::event_called(&name.split('.').collect::<Vec<_>>())?;
                    self.names
                        .events
                        .contains_key(event)
                        .then(|| Advice::say(format!("did you mean `{event}`?")))
                })
                .unwrap_or_else(|| match name {
                    "enter" | "entry" | "entered" | "enters" | "start" | "begin" => {
                        Advice::say("leave it out: without `on`, a rule runs when a record enters its stage")
                    }
                    "exit" | "leave" | "left" | "exited" => Advice::say(
                        "put a rule without `on` into the stages that follow: it runs on entering",
                    ),
                    _ => Advice::say(format!("event {name} {{ }}")),
                })
        };
        self.report(
            Diagnostic::new(Code::UnknownEvent, path.span, format!("there is no event `{name}`"))
                .label("not declared anywhere")
                .advised(Some(help)),
        );
    }

    /// For a life-cycle or outcome event: what it is, and how rules learn of it instead.
    pub(super) fn happens_by_itself(&self, name: &str) -> Option<(String, String)> {
        let (subject, what) = name.rsplit_once('.')?;
        let answer = match (subject, what) {
            ("action", "completed") => Some(("let answer = … { … }", "the answer to an action")),
            ("action", "failed") => Some(("let answer = … { … } else { … }", "the answer to an action")),
            ("stagegate", _) => Some(("wait 1 day", "the engine's own")),
            _ => None,
        };
        if let Some((help, why)) = answer {
            return Some((why.into(), help.into()));
        }
        let entity = self.schema.entities.iter().find(|e| *e.wire_name == *subject)?;
        words::LIFE_CYCLE.contains(&what).then_some(())?;
        let help = match what {
            "updated" => {
                let field = entity.fields.get(BUILTIN_FIELDS).map_or("field", |f| &*f.name);
                format!("change of {field}")
            }
            "created" => {
                "put a rule without `on` into the first stage: it runs when a record is created".into()
            }
            "moved" => "put a rule without `on` into the stage: it runs when a record enters".into(),
            _ => "nothing can run for a record that is gone".into(),
        };
        Some((format!("part of the life of {} `{}`", article(&entity.name), entity.name), help))
    }

    fn unknown_setting(&mut self, arg: &tree::Arg, event: EventId, declared: Span) {
        let def = self.schema.event(event);
        let known: Vec<&str> = def.payload.iter().map(|f| &*f.name).collect();
        let help = Advice::near(arg.name.span, &arg.name.text, known.iter().copied());
        let help = help
            .or_else(|| (!known.is_empty()).then(|| Advice::say(format!("it has {}", listed(known, "and")))));
        let message = format!("`{}` has no `{}`", def.name, arg.name.text);
        let mut diagnostic = Diagnostic::new(Code::UnknownSetting, arg.name.span, message)
            .label("nothing that this event brings")
            .advised(help);
        if self.is_own(declared) {
            diagnostic = diagnostic.also(declared, "declared here");
        }
        self.report(diagnostic);
    }

    fn none_setting(&mut self, arg: &tree::Arg, optional: bool) {
        let name = &arg.name.text;
        let help =
            if optional { format!("when event.{name} is not set") } else { "leave the setting out".into() };
        self.report(
            Diagnostic::new(Code::EmptySetting, arg.value.span, "no setting matches an unset value")
                .label("no event would ever match")
                .help(help),
        );
    }

    /// The values of a setting: one, or those of a list. `ty` is that of the member of the payload.
    fn setting(&mut self, e: &tree::Expr, ty: &Type, home: Home) -> Option<Vec<Value>> {
        let want = match ty.inner() {
            Type::List(element) => (**element).clone(),
            other => other.clone(),
        };
        match &*unparen(e).kind {
            tree::ExprKind::List(items) if items.is_empty() => {
                self.report(
                    Diagnostic::new(Code::EmptySetting, e.span, "nothing is in an empty list")
                        .label("no event would ever match")
                        .help("leave the setting out to match every value"),
                );
                None
            }
            tree::ExprKind::List(items) => {
                items.iter().map(|item| self.constant_in(item, &want, home)).collect()
            }
            tree::ExprKind::Name(name) if self.is_list_constant(&name.text) => {
                match self.constant_in(e, &want.list(), home)? {
                    Value::List(values) => Some(values.to_vec()),
                    single => Some(vec![single]),
                }
            }
            _ => Some(vec![self.constant_in(e, &want, home)?]),
        }
    }

    fn is_list_constant(&self, name: &str) -> bool {
        match self.names.values.get(name) {
            Some((ValueSymbol::Constant(i), _)) => {
                self.constants.get(*i as usize).is_some_and(|c| matches!(c.ty, Type::List(_)))
            }
            _ => false,
        }
    }

    fn change(
        &mut self,
        names: &[tree::Name],
        from: Option<&tree::Expr>,
        to: Option<&tree::Expr>,
        home: Home,
    ) -> Option<model::EventPattern> {
        let mut fields = Vec::with_capacity(names.len());
        let mut given: HashMap<&str, Span> = HashMap::new();
        let mut good = true;
        for name in names {
            if let Some(before) = given.insert(&name.text, name.span) {
                self.given_twice("field", name, before);
                continue;
            }
            match self.field_of(home.entity, name) {
                Some(field) if field.index() < BUILTIN_FIELDS => {
                    self.not_watchable(name);
                    good = false;
                }
                Some(field) => fields.push(field),
                None => good = false,
            }
        }
        if let (Some(value), [_, second, ..]) = (from.or(to), names) {
            let message = "`from` and `to` speak of one field, and here are several";
            let each: Vec<String> = names.iter().map(|n| format!("change of {} …", n.text)).collect();
            self.report(
                Diagnostic::new(Code::ChangeOfSeveral, value.span, message)
                    .label("of which field is this the value?")
                    .also(second.span, "a second field")
                    .help(each.join(" or ")),
            );
            return None;
        }
        if !good {
            return None;
        }
        let ty = fields.first().map(|f| self.schema.entity(home.entity).fields[f.index()].ty.clone())?;
        let mut value = |e: Option<&tree::Expr>| match e {
            Some(e) => self.constant_in(e, &ty, home).map(Some),
            None => Some(None),
        };
        let (before, after) = (value(from), value(to));
        let (before, after) = (before?, after?);
        if let (Some(a), Some(b), Some(to)) = (&before, &after, to)
            && crate::value::compare::equal(a, b)
        {
            self.report(
                Diagnostic::new(Code::ChangeToItself, to.span, "a change to the same value is no change")
                    .label("this event would never happen")
                    .help(format!("change of {}", names.first().map_or("field", |n| &n.text))),
            );
            return None;
        }
        Some(model::EventPattern::Change { fields, from: before, to: after })
    }

    /// A field of an entity; a mistake is reported.
    pub(super) fn field_of(&mut self, entity: EntityId, name: &tree::Name) -> Option<FieldId> {
        let found = self.field_named(entity, &name.text);
        if found.is_none() {
            self.no_such_field(entity, name, "text?");
        }
        found
    }

    /// `ty`: what the field would be declared as.
    pub(super) fn no_such_field(&mut self, entity: EntityId, name: &tree::Name, ty: &str) {
        let def = self.schema.entity(entity);
        let help = Advice::near(name.span, &name.text, def.fields.iter().map(|f| &*f.name));
        let help =
            help.unwrap_or_else(|| Advice::say(format!("extend {} {{ {}: {ty} }}", def.name, name.text)));
        let message = format!("`{}` has no field `{}`", def.name, name.text);
        self.report(
            Diagnostic::new(Code::UnknownMember, name.span, message)
                .label("no field of this name")
                .advised(Some(help)),
        );
    }

    fn not_watchable(&mut self, name: &tree::Name) {
        let (why, help) = match &*name.text {
            "stage" | "stage_entered_at" => (
                "a move is no change",
                Some("put a rule without `on` into the stage: it runs when a record enters"),
            ),
            "id" | "created_at" => ("never changes", Some("write `any change`, or a field that can change")),
            _ => ("never changes", None),
        };
        let message = format!("`{}` cannot be watched", name.text);
        self.report(
            Diagnostic::new(Code::NotWatchable, name.span, message)
                .label(why)
                .maybe_help(help.map(Into::into)),
        );
    }

    /// A setting, parameter or field that stands a second time in one list.
    pub(super) fn given_twice(&mut self, what: &str, name: &tree::Name, before: Span) {
        let message = format!("{what} `{}` stands here twice", name.text);
        self.report(
            Diagnostic::new(Code::GivenTwice, name.span, message)
                .label("again here")
                .also(before, "first here")
                .help(format!("take one `{}` away", name.text)),
        );
    }
}

/// The expression without parentheses around it.
pub(super) fn unparen(e: &tree::Expr) -> &tree::Expr {
    let mut e = e;
    while let tree::ExprKind::Paren(inner) = &*e.kind {
        e = inner;
    }
    e
}

/// `signed`: the known events of which it is the last part.
fn last_part<'n>(span: Span, name: &str, known: impl Iterator<Item = &'n str>) -> Option<Advice> {
    let ends = |event: &&str| event.rsplit_once('.').is_some_and(|(_, last)| last == name);
    let mut all: Vec<&str> = known.filter(ends).collect();
    all.sort_unstable();
    match all[..] {
        [only] => Some(Advice::write(span, only).saying(format!("did you mean `{only}`?"))),
        [first, second] => Some(Advice::say(format!("write `{first}` or `{second}`"))),
        [first, second, ..] => Some(Advice::say(format!("write `{first}`, `{second}` or the like"))),
        [] => None,
    }
}

fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "an" } else { "a" }
}
