//! Rules: which clauses go together, when a rule runs, and its body.

use super::statements::Body;
use super::walk::model_exprs;
use super::{Home, finish, scope_in};
use crate::check::scope::Scope;
use crate::check::{Checker, ValueSymbol};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{self, Conversion, ExprKind};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{self, ClauseKind, Overlap, PrincipalKind};
use crate::value::*;
use std::collections::HashSet;

/// The clauses of a rule, each once.
#[derive(Default)]
struct Clauses<'t> {
    on: Option<(&'t [tree::EventPattern], Span)>,
    after: Option<(&'t tree::Expr, Span)>,
    at: Option<(&'t tree::Expr, bool, Span)>,
    during: Option<(&'t tree::During, Span)>,
    when: Option<(&'t tree::Expr, Span)>,
    once: Option<Span>,
    overlap: Option<(Overlap, Span)>,
    detached: Option<Span>,
}

impl Checker<'_> {
    /// `above`: the rule above in the same stage.
    pub(super) fn rule(
        &mut self,
        home: Home,
        id: RuleId,
        tree: &tree::Rule,
        above: Option<&tree::Rule>,
    ) -> model::Rule {
        let clauses = self.clauses(tree);
        self.clauses_together(home, tree, &clauses, above);
        let mut base = scope_in(home, Some(id));
        let mut on = Vec::new();
        if let Some((patterns, _)) = clauses.on {
            let listened = self.listen(patterns, home);
            on = listened.patterns;
            base.event = listened.event;
            base.old = listened.old;
        }
        let mut timing = clauses.after.map(|(e, span)| {
            let mut scope = base.clone();
            let expr = self.expr(e, Some(&Type::Duration), &mut scope);
            model::Timing { kind: model::TimingKind::After(finish(expr, scope)), span }
        });
        if let Some((e, else_skip, span)) = clauses.at {
            let (instant, fields) = self.at(e, &base);
            timing.get_or_insert(model::Timing {
                kind: model::TimingKind::At { instant, fields, else_skip },
                span,
            });
        }
        // The opening is found before the condition is asked.
        let during = clauses
            .during
            .and_then(|(during, span)| self.during(during, &base).map(|kind| model::During { kind, span }));
        let mut inside = base.clone();
        let when = clauses.when.map(|(e, _)| {
            let (condition, facts) = self.lone_condition(e, &base);
            inside.facts = facts;
            condition
        });
        let mut body = Body::new(home, id);
        // What the clauses waited for is there when the body begins.
        body.awaited.extend(when.iter().flat_map(|c| c.awaits.iter().copied()));
        let (statements, _) = self.block(&tree.body, &mut inside, &mut body);
        model::Rule {
            id,
            name: Text::from(tree.name.text.clone()),
            label: tree.label.as_ref().map(|l| Text::from(l.text.clone())),
            disabled: tree.disabled.is_some(),
            then: tree.then.is_some(),
            on,
            timing: timing.map(Box::new),
            during: during.map(Box::new),
            when,
            once: clauses.once.is_some(),
            overlap: clauses.overlap.map_or(Overlap::Parallel, |(mode, _)| mode),
            detached: clauses.detached.is_some(),
            body: model::Body { statements, frame: inside.frame },
            span: tree.name.span,
        }
    }

    /// Sorts the clauses; one that stands twice is a mistake, and the first counts.
    fn clauses<'t>(&mut self, tree: &'t tree::Rule) -> Clauses<'t> {
        let mut all = Clauses::default();
        for clause in &tree.clauses {
            let span = clause.span;
            let (word, before) = match &clause.kind {
                ClauseKind::On(events) => ("on", put(&mut all.on, (&**events, span), |c| c.1)),
                ClauseKind::After(e) => ("after", put(&mut all.after, (e, span), |c| c.1)),
                ClauseKind::At { instant, else_skip } => {
                    ("at", put(&mut all.at, (instant, else_skip.is_some(), span), |c| c.2))
                }
                ClauseKind::During(during) => ("during", put(&mut all.during, (during, span), |c| c.1)),
                ClauseKind::When(e) => ("when", put(&mut all.when, (e, span), |c| c.1)),
                ClauseKind::Once => ("once", put(&mut all.once, span, |c| *c)),
                ClauseKind::Overlap(mode) => ("overlap", put(&mut all.overlap, (*mode, span), |c| c.1)),
                ClauseKind::Detached => ("detached", put(&mut all.detached, span, |c| *c)),
            };
            let Some(before) = before else { continue };
            let help = match word {
                "on" => "join the events with `or`",
                "when" => "join the conditions with `and`",
                _ => "take one of them away",
            };
            let message = format!("rule `{}` has `{word}` twice", tree.name.text);
            self.report(
                Diagnostic::new(Code::ClauseTwice, span, message)
                    .label("again here")
                    .also(before, "first here")
                    .help(help),
            );
        }
        all
    }

    fn clauses_together(
        &mut self,
        home: Home,
        tree: &tree::Rule,
        clauses: &Clauses,
        above: Option<&tree::Rule>,
    ) {
        let name = &tree.name.text;
        if let (Some((_, after)), Some((_, _, at))) = (clauses.after, clauses.at) {
            self.report(
                Diagnostic::new(Code::AfterAndAt, at, format!("rule `{name}` has both `after` and `at`"))
                    .label("an instant")
                    .also(after, "a time from entry or event")
                    .help("keep one of them"),
            );
        }
        if let Some(span) = tree.then {
            let found = match (home.stage, above) {
                (None, _) => Some("a rule of the whole pipeline has no rule above"),
                (Some(_), None) => Some("there is no rule above in this stage"),
                _ => None,
            };
            if let Some(label) = found {
                let message = format!("`then rule {name}` has nothing to come after");
                self.report(
                    Diagnostic::new(Code::ThenWithoutRule, span, message)
                        .label(label)
                        .help(format!("rule {name}")),
                );
            } else if let Some((_, on)) = clauses.on {
                let message = format!("`then rule {name}` starts after the rule above, not with an event");
                self.report(
                    Diagnostic::new(Code::ThenWithOn, on, message)
                        .label("an event of its own")
                        .also(span, "starts when the rule above has ended")
                        .help("take `on …` or `then` away"),
                );
            } else if let Some(above) = above
                && let Some(on) = above.clauses.iter().find(|c| matches!(c.kind, ClauseKind::On(_)))
            {
                let message = format!(
                    "`then rule {name}` cannot follow `{}`, which runs with each event",
                    above.name.text
                );
                self.report(
                    Diagnostic::new(Code::ThenWithOn, span, message)
                        .label("follows the rule above")
                        .also(on.span, "makes the rule above run again and again")
                        .help(format!("put the statements of `{name}` at the end of `{}`", above.name.text)),
                );
            }
        }
        // A `then` there has been refused already.
        if home.stage.is_none() && clauses.on.is_none() && tree.then.is_none() {
            let message = format!("rule `{name}` of the whole pipeline needs an event");
            self.report(
                Diagnostic::new(Code::PipelineRuleWithoutOn, tree.name.span, message)
                    .label("no stage is entered here")
                    .help("add `on any change`, or put the rule into a stage"),
            );
        }
        if let (Some((_, span)), None) = (clauses.overlap, clauses.on) {
            self.report(
                Diagnostic::new(Code::OverlapWithoutOn, span, "`overlap` is for rules with `on`")
                    .label(format!("`{name}` runs once for each entry, and never overlaps"))
                    .help("take `overlap` away"),
            );
        }
    }

    /// `at delivery_date - 1 day`: the instant, `none` while an optional field is unset, and its fields.
    fn at(&mut self, e: &tree::Expr, base: &Scope) -> (model::Condition, Vec<FieldId>) {
        let mut scope = base.clone();
        scope.waits_for = Some(Vec::new());
        let expr = self.expr(e, None, &mut scope);
        let expr = self.instant(expr, true);
        let fields = self.at_reads(&expr);
        let mut instant = expr;
        if let Some(waits_for) = scope.waits_for.take().filter(|w| !w.is_empty()) {
            instant = while_set(instant, waits_for);
        }
        (finish(instant, scope), fields)
    }

    /// An expression as a datetime; a date is its first moment. `unset`: whether it may be unset.
    pub(super) fn instant(&mut self, expr: model::Expr, unset: bool) -> model::Expr {
        let span = expr.span;
        let to = |expr: model::Expr, ty| {
            let value = Box::new(expr);
            model::Expr { kind: ExprKind::Convert { to: Conversion::DateToInstant, value }, ty, span }
        };
        match &expr.ty {
            Type::Error | Type::DateTime => expr,
            Type::Date => to(expr, Type::DateTime),
            Type::Optional(inner) if unset && **inner == Type::DateTime => expr,
            Type::Optional(inner) if unset && **inner == Type::Date => to(expr, Type::DateTime.optional()),
            ty => {
                let what = self.a(ty);
                let optional = matches!(ty.inner(), Type::Date | Type::DateTime) && ty.is_optional();
                let (message, help) = if optional {
                    let text = self.sources.text(span);
                    ("this moment may be unset".to_owned(), format!("if {text} is set {{ … }}"))
                } else if *ty == Type::Duration {
                    let text = self.sources.text(span);
                    ("a moment is wanted here, not a duration".to_owned(), format!("now + {text}"))
                } else if *ty == Type::Time {
                    let text = self.sources.text(span);
                    ("a time needs its day here".to_owned(), format!("today + {text}"))
                } else if *ty == Type::Bool && self.waits_until(span) {
                    let text = self.sources.text(span);
                    (
                        "`wait until` waits for a moment, not for a condition".to_owned(),
                        format!("wait for any change when {text}"),
                    )
                } else {
                    ("a date or a datetime is wanted here".to_owned(), "such as `now + 1 day`".to_owned())
                };
                self.report(Diagnostic::new(Code::BadInstant, span, message).label(what).help(help));
                model::Expr { ty: Type::Error, ..expr }
            }
        }
    }

    /// Whether `wait until` stands before a place.
    fn waits_until(&self, place: Span) -> bool {
        let (before, _) = self.sources.around(place);
        before.trim_end().strip_suffix("until").is_some_and(|rest| rest.trim_end().ends_with("wait"))
    }

    /// The fields of the record that an instant reads. What else may change is not allowed there: nothing
    /// would move the timer.
    fn at_reads(&mut self, expr: &model::Expr) -> Vec<FieldId> {
        let Reads { mut fields, mut foreign } = Reads::of(expr, &self.functions);
        foreign.sort_by_key(|(span, _)| (span.start, span.end));
        foreign.dedup_by_key(|(span, _)| *span);
        fields.sort_unstable();
        fields.dedup();
        for (span, what) in foreign {
            let message = format!("`at` cannot read {what}");
            self.report(
                Diagnostic::new(Code::AtReads, span, message)
                    .label("a change to it would not move the timer")
                    .help("keep the value in a field of the record: `set field = …`"),
            );
        }
        fields
    }

    fn during(&mut self, during: &tree::During, base: &Scope) -> Option<model::DuringKind> {
        match during {
            tree::During::Calendar(name) => match self.names.values.get(&name.text).copied() {
                Some((ValueSymbol::Calendar(id), _)) => Some(model::DuringKind::Calendar(id)),
                other => {
                    let is_user_field = base.entity.is_some_and(|e| {
                        let fields = &self.schema.entity(e).fields;
                        fields.iter().any(|f| *f.name == *name.text && *f.ty.inner() == Type::User)
                    });
                    let is_user = match other {
                        Some((ValueSymbol::Principal(id), _)) => {
                            self.schema.principal(id).kind == PrincipalKind::User
                        }
                        _ => is_user_field,
                    };
                    let calendars = self.schema.calendars.iter().map(|c| &*c.name);
                    let help = if is_user {
                        let help = format!("during hours of {}", name.text);
                        Some(Advice::write(name.span, format!("hours of {}", name.text)).saying(help))
                    } else {
                        Advice::near(name.span, &name.text, calendars)
                    };
                    let message = format!("there is no calendar `{}`", name.text);
                    let label = match (is_user, other) {
                        (true, _) => "a user",
                        (false, Some(_)) => "something else",
                        (false, None) => "not declared anywhere",
                    };
                    let help = help.unwrap_or_else(|| {
                        Advice::say(format!("calendar {} {{ mon..fri 09:00-18:00 }}", name.text))
                    });
                    self.report(
                        Diagnostic::new(Code::UnknownCalendar, name.span, message)
                            .label(label)
                            .advised(Some(help)),
                    );
                    None
                }
            },
            tree::During::HoursOf(e) => {
                if let tree::ExprKind::Name(name) = &*e.kind
                    && let Some((ValueSymbol::Calendar(_), _)) = self.names.values.get(&name.text)
                {
                    let message = format!("`{}` is a calendar, and no user with hours", name.text);
                    self.report(
                        Diagnostic::new(Code::BadDuring, e.span, message)
                            .label("a calendar")
                            .help(format!("during {}", name.text)),
                    );
                    return None;
                }
                let mut scope = base.clone();
                let expr = self.expr(e, None, &mut scope);
                if expr.ty == Type::Error {
                    return None;
                }
                if *expr.ty.inner() != Type::User {
                    let what = self.a(&expr.ty);
                    let calendar = self.schema.calendars.first().map(|c| format!("during {}", c.name));
                    self.report(
                        Diagnostic::new(Code::BadDuring, e.span, "only users have hours")
                            .label(what)
                            .maybe_help(calendar),
                    );
                    return None;
                }
                Some(model::DuringKind::HoursOf(finish(expr, scope)))
            }
        }
    }
}

/// Keeps the first; gives back where it stands if there is one already.
fn put<T>(slot: &mut Option<T>, clause: T, span: impl Fn(&T) -> Span) -> Option<Span> {
    match slot {
        Some(first) => Some(span(first)),
        None => {
            *slot = Some(clause);
            None
        }
    }
}

/// `if a is set and b is set then instant else none`
fn while_set(instant: model::Expr, waits_for: Vec<model::Expr>) -> model::Expr {
    let span = instant.span;
    let ty = Type::DateTime.optional();
    let expr = |kind, ty: &Type| model::Expr { kind, ty: ty.clone(), span };
    let tests = waits_for.into_iter().map(|e| expr(ExprKind::IsSet(Box::new(e)), &Type::Bool));
    let all = tests.reduce(|a, b| expr(ExprKind::And(Box::new(a), Box::new(b)), &Type::Bool));
    let Some(all) = all.filter(|_| instant.ty != Type::Error) else { return instant };
    let then = if instant.ty.is_optional() {
        instant
    } else {
        expr(ExprKind::Convert { to: Conversion::ToOptional, value: Box::new(instant) }, &ty)
    };
    let otherwise = Box::new(expr(ExprKind::Const(Value::None), &ty));
    expr(ExprKind::If { condition: Box::new(all), then: Box::new(then), otherwise }, &ty)
}

/// What an instant reads, also through functions that take the record.
#[derive(Default)]
struct Reads {
    fields: Vec<FieldId>,
    /// What `at` may not read, with its name.
    foreign: Vec<(Span, &'static str)>,
}

impl Reads {
    fn of(root: &model::Expr, functions: &[model::FnDef]) -> Reads {
        let mut reads = Reads::default();
        // What to look into, the variables that are the record itself there, and, inside of a function, the
        // place of the call in the rule.
        let mut open: Vec<(&model::Expr, Vec<model::LocalId>, Option<Span>)> = vec![(root, Vec::new(), None)];
        let mut seen: HashSet<(FnId, Vec<model::LocalId>)> = HashSet::new();
        while let Some((expr, records, call)) = open.pop() {
            let is_record = |e: &model::Expr| match &e.kind {
                ExprKind::This => true,
                ExprKind::Local(local) => records.contains(local),
                _ => false,
            };
            model_exprs(expr, |e| {
                let span = call.unwrap_or(e.span);
                match &e.kind {
                    ExprKind::Field(field) => reads.fields.push(*field),
                    ExprKind::RefField { base, field, .. } if is_record(base) => reads.fields.push(*field),
                    ExprKind::RefField { .. } => reads.foreign.push((span, "a field of another record")),
                    ExprKind::RefExists { .. } => {
                        reads.foreign.push((span, "whether another record is there"))
                    }
                    ExprKind::Old(_) => reads.foreign.push((span, "what a field was before")),
                    ExprKind::CallFn { function, args } => {
                        let Some(def) = functions.get(function.index()) else { return };
                        let params = args.iter().zip(&def.params);
                        let params: Vec<_> = params.filter(|(a, _)| is_record(a)).map(|(_, p)| *p).collect();
                        if seen.insert((*function, params.clone())) {
                            open.push((&def.body, params, Some(span)));
                        }
                    }
                    _ => {}
                }
            });
        }
        reads
    }
}
