//! `constant_condition`: a condition, or a part of one, that is always true or never.

use super::reason::{Formula, Place, Reason, is_open};
use super::situation::{self, Situation, asks_where, eligible, standing};
use super::{Placed, Program, blocks, is_test};
use crate::check::model_exprs;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{ActionCall, Condition, DuringKind, Expr, ExprKind, Stmt, StmtKind, TimingKind};
use crate::schema::Type;
use crate::value::{FnId, Value};
use std::collections::HashSet;

/// Of a condition with more parts only the whole and the single tests are looked at.
const MOST_PARTS: usize = 300;

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    // Where a function is always the same, its callers are not the ones to mend.
    let mut odd: HashSet<FnId> = HashSet::new();
    for (at, function) in program.model.functions.iter().enumerate() {
        let nowhere = [Situation { place: Place::default(), pattern: None }];
        let before = found.len();
        Judge::new(program, &nowhere, &odd, found).value(&function.body);
        let says_so = found.len() > before;
        if says_so || matches!(function.body.kind, ExprKind::Const(_)) {
            odd.insert(FnId(at as u32));
        }
    }
    let odd = &odd;
    for (stage, trigger) in program.triggers().filter(|(_, t)| !t.disabled) {
        let Some(when) = &trigger.when else { continue };
        let pipeline = program.pipeline(stage.pipeline);
        let situations = situation::of_patterns(program, pipeline, &trigger.events);
        let mut judge = Judge::new(program, &situations, odd, found);
        judge.known =
            Box::new(move |reason| reason.stands_in(pipeline.entity, eligible(program, stage, trigger)));
        judge.condition(&when.expr, &format!("trigger of stage `{}`", stage.name));
    }
    for placed in program.rules().filter(|p| !p.rule.disabled) {
        rule(program, placed, odd, found);
    }
}

fn rule(program: &Program, placed: Placed, odd: &HashSet<FnId>, found: &mut Vec<Diagnostic>) {
    let Placed { rule, pipeline, stage } = placed;
    let what = format!("rule `{}`", rule.name);
    let here = [Situation { place: Place { entity: Some(pipeline.entity), event: None }, pattern: None }];
    let judge = |situations: &[Situation], found: &mut Vec<Diagnostic>, run: &mut dyn FnMut(&mut Judge)| {
        let mut judge = Judge::new(program, situations, odd, found);
        judge.known = Box::new(move |reason| standing(reason, pipeline, stage, rule));
        run(&mut judge);
    };
    if let Some(when) = &rule.when {
        let situations = situation::of_patterns(program, pipeline, &rule.on);
        judge(&situations, found, &mut |judge| {
            judge.condition(&when.expr, &what);
        });
    }
    let timing: Option<&Condition> = rule.timing.as_ref().map(|timing| match &timing.kind {
        TimingKind::After(condition) | TimingKind::At { instant: condition, .. } => condition,
    });
    let during = rule.during.as_ref().and_then(|during| match &during.kind {
        DuringKind::HoursOf(condition) => Some(condition),
        DuringKind::Calendar(_) => None,
    });
    judge(&here, found, &mut |judge| {
        for condition in timing.into_iter().chain(during) {
            judge.value(&condition.expr);
        }
    });
    let mut open: Vec<&Stmt> = rule.body.statements.iter().collect();
    while let Some(statement) = open.pop() {
        open.extend(blocks(statement).into_iter().flatten());
        if let StmtKind::WaitFor { events, when: Some(when), .. } = &statement.kind {
            let situations = situation::of_patterns(program, pipeline, events);
            judge(&situations, found, &mut |judge| {
                judge.condition(when, "wait");
            });
        }
        judge(&here, found, &mut |judge| judge.statement(statement));
    }
}

/// Asks of conditions that are all evaluated in the same situations.
struct Judge<'j, 'p> {
    program: &'j Program<'p>,
    situations: &'j [Situation<'j>],
    /// What is known of the record, whatever the situation.
    known: Box<dyn Fn(&mut Reason) -> Formula + 'j>,
    /// Functions in which something has been found.
    odd: &'j HashSet<FnId>,
    found: &'j mut Vec<Diagnostic>,
}

/// What a condition always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Constant {
    Always,
    Never,
}

impl<'j, 'p> Judge<'j, 'p> {
    fn new(
        program: &'j Program<'p>,
        situations: &'j [Situation<'j>],
        odd: &'j HashSet<FnId>,
        found: &'j mut Vec<Diagnostic>,
    ) -> Self {
        Judge { program, situations, known: Box::new(|_| Formula::Known(true)), odd, found }
    }

    fn statement(&mut self, statement: &Stmt) {
        let call = |judge: &mut Self, call: &ActionCall| {
            for (_, value) in &call.params {
                judge.value(value);
            }
        };
        match &statement.kind {
            StmtKind::Action(action) => call(self, action),
            StmtKind::LetAction { call: action, at_most, .. } => {
                call(self, action);
                at_most.iter().for_each(|e| self.value(e));
            }
            StmtKind::Let { value, .. } | StmtKind::Wait(value) | StmtKind::WaitUntil(value) => {
                self.value(value)
            }
            StmtKind::Set(fields) => fields.iter().for_each(|(_, value)| self.value(value)),
            StmtKind::If { branches, .. } => {
                let mut above: Vec<&Expr> = Vec::new();
                for (condition, _) in branches {
                    if !self.condition(condition, "branch") && !above.is_empty() {
                        self.behind(condition, &above);
                    }
                    above.push(condition);
                }
            }
            StmtKind::For { list, .. } => self.value(list),
            StmtKind::WaitFor { at_most, .. } => at_most.iter().for_each(|e| self.value(e)),
            StmtKind::Move(_) | StmtKind::Stop => {}
        }
    }

    /// A condition, and the conditions in it. Says whether anything was found.
    fn condition(&mut self, e: &Expr, what: &str) -> bool {
        let before = self.found.len();
        let parts = {
            let mut parts = 0;
            model_exprs(e, |_| parts += 1);
            parts
        };
        self.part(e, Some(what), parts <= MOST_PARTS);
        self.inside(e);
        self.found.len() > before
    }

    /// The conditions inside of a value.
    fn value(&mut self, e: &Expr) {
        if e.ty == Type::Bool && is_test(e) {
            self.part(e, None, true);
        }
        self.inside(e);
    }

    /// Conditions that stand inside of values: of `if … then … else`, and of what is asked of each entry of a list.
    fn inside(&mut self, e: &Expr) {
        let mut inner: Vec<&Expr> = Vec::new();
        model_exprs(e, |e| match &e.kind {
            ExprKind::If { condition, .. } if e.ty != Type::Bool => inner.push(condition),
            ExprKind::ListOp { body, .. } if body.ty == Type::Bool => inner.push(body),
            _ => {}
        });
        for condition in inner {
            self.part(condition, Some("choice"), true);
        }
    }

    /// Reports the innermost parts that are constant. Says whether there is one.
    fn part(&mut self, e: &Expr, whole: Option<&str>, thorough: bool) -> bool {
        let entity = self.situations.first().and_then(|situation| situation.place.entity);
        if is_open(&self.program.model.schema, entity, e) {
            return false;
        }
        let below = match &e.kind {
            ExprKind::And(a, b) | ExprKind::Or(a, b) => {
                let a = self.part(a, None, thorough);
                self.part(b, None, thorough) | a
            }
            // The `not` of `is not set` belongs to the test.
            ExprKind::Not(x) => x.span != e.span && self.part(x, None, thorough),
            ExprKind::If { condition, then, otherwise } => {
                let c = self.part(condition, None, thorough);
                let t = is_test(then) && self.part(then, None, thorough);
                let o = is_test(otherwise) && self.part(otherwise, None, thorough);
                c | t | o
            }
            ExprKind::CallFn { function, .. } => self.odd.contains(function),
            _ => false,
        };
        let joined = matches!(e.kind, ExprKind::And(..) | ExprKind::Or(..));
        if below || joined && !thorough && whole.is_none() || self.program.is_bundled(e.span.file) {
            return below;
        }
        let Some(constant) = self.constant(e, &[]) else { return false };
        self.report(e, constant, whole);
        true
    }

    fn constant(&self, e: &Expr, above: &[&Expr]) -> Option<Constant> {
        let (mut always, mut never) = (true, true);
        for situation in self.situations {
            let mut reason = Reason::new(self.program.model);
            let f = reason.formula(e, &situation.place);
            // Most conditions are one test of one field: nothing to ask.
            let here = match asks_where(e) || above.iter().any(|e| asks_where(e)) {
                true => (self.known)(&mut reason),
                false => Formula::Known(true),
            };
            let mut known = here.and(situation.settings(self.program, &mut reason));
            for above in above {
                known = known.and(reason.formula(above, &situation.place).not());
            }
            if reason.never(&known) {
                // This never comes up at all, and something else is the reason.
                return None;
            }
            never &= reason.never(&known.clone().and(f.clone()));
            always &= !never && reason.never(&known.and(f.holds().not()));
            if !always && !never {
                return None;
            }
        }
        if never { Some(Constant::Never) } else { always.then_some(Constant::Always) }
    }

    /// The condition of an `else if`, of which those above may have taken all.
    fn behind(&mut self, e: &Expr, above: &[&Expr]) {
        if self.constant(e, above) != Some(Constant::Never) || self.program.is_bundled(e.span.file) {
            return;
        }
        let message = format!("{} is never true behind what is asked above", self.quoted(e));
        let mut diagnostic = Diagnostic::new(Code::ConstantCondition, e.span, message)
            .label("whenever this is true, a branch above was taken already")
            .help("ask for the narrower condition first");
        for above in above.iter().take(3) {
            diagnostic = diagnostic.also(above.span, "asked before");
        }
        self.found.push(diagnostic);
    }

    fn quoted(&self, e: &Expr) -> String {
        let text = self.program.text(e.span).trim();
        match text.contains('\n') || text.chars().count() > 70 {
            true => "this condition".into(),
            false => format!("`{text}`"),
        }
    }

    fn report(&mut self, e: &Expr, constant: Constant, whole: Option<&str>) {
        let is = match constant {
            Constant::Always => "always true",
            Constant::Never => "never true",
        };
        let other = self.other(e);
        let (label, help) = match (&e.kind, constant) {
            (ExprKind::And(..), Constant::Never) => (
                "the two sides exclude each other".to_owned(),
                match other {
                    Some(other) => format!("if one of them is enough, write `{other}`"),
                    None => "leave one of them out".to_owned(),
                },
            ),
            (ExprKind::Or(..), Constant::Always) => (
                "one of the two sides is always true".to_owned(),
                match other {
                    Some(other) => format!("if both must hold, write `{other}`"),
                    None => "leave it out, or ask for something else".to_owned(),
                },
            ),
            (ExprKind::Between { value, low, high }, Constant::Never) if self.turned(e).is_some() => (
                "the greater one stands first".to_owned(),
                format!(
                    "write `{} between {} and {}`",
                    self.program.text(value.span),
                    self.program.text(high.span),
                    self.program.text(low.span)
                ),
            ),
            (_, constant) => {
                let label = match (self.why(e), constant) {
                    (Some(why), _) => why,
                    (None, Constant::Always) => "nothing that can happen here makes it false".into(),
                    (None, Constant::Never) => "nothing that can happen here makes it true".into(),
                };
                let help = match (constant, whole) {
                    (Constant::Always, Some("branch")) => {
                        "leave the `if` out, or ask for something else".into()
                    }
                    (Constant::Always, Some("choice") | None) => {
                        "leave it out, or ask for something else".into()
                    }
                    (Constant::Always, Some(_)) => "leave the `when` out, or ask for something else".into(),
                    (Constant::Never, Some("branch" | "choice" | "wait") | None) => {
                        "ask for something else".into()
                    }
                    (Constant::Never, Some(what)) => format!("ask for something else, or delete this {what}"),
                };
                (label, help)
            }
        };
        let message = format!("{} is {is}", self.quoted(e));
        let mut diagnostic =
            Diagnostic::new(Code::ConstantCondition, e.span, message).label(label).help(help);
        if let (ExprKind::Between { low, high, .. }, Some(_)) = (&e.kind, self.turned(e)) {
            diagnostic = diagnostic
                .fix(low.span, self.program.text(high.span))
                .fix(high.span, self.program.text(low.span));
        }
        self.found.push(diagnostic);
    }

    /// The same two sides joined the other way, if that may be true and may be false.
    fn other(&self, e: &Expr) -> Option<String> {
        let (a, b, word, kind) = match &e.kind {
            ExprKind::And(a, b) => (a, b, "or", ExprKind::Or(a.clone(), b.clone())),
            ExprKind::Or(a, b) => (a, b, "and", ExprKind::And(a.clone(), b.clone())),
            _ => return None,
        };
        let joined = Expr { kind, ty: Type::Bool, span: e.span };
        if self.constant(&joined, &[]).is_some() {
            return None;
        }
        let side = |e: &Expr| {
            let text = self.program.text(e.span).trim();
            let loose = word == "and" && matches!(e.kind, ExprKind::Or(..) | ExprKind::If { .. });
            let text = if loose { format!("({text})") } else { text.to_owned() };
            (!text.contains('\n')).then_some(text)
        };
        Some(format!("{} {word} {}", side(a)?, side(b)?))
    }

    /// `between` two numbers of which the greater stands first.
    fn turned(&self, e: &Expr) -> Option<()> {
        let ExprKind::Between { value, low, high } = &e.kind else { return None };
        let both = |kind: &ExprKind| matches!(kind, ExprKind::Const(_));
        if !both(&low.kind) || !both(&high.kind) {
            return None;
        }
        let (low, high) = (high.clone(), low.clone());
        let kind = ExprKind::Between { value: value.clone(), low, high };
        self.constant(&Expr { kind, ty: Type::Bool, span: e.span }, &[]).is_none().then_some(())
    }

    /// Why a single test is constant, where that is easily said.
    fn why(&self, e: &Expr) -> Option<String> {
        let schema = &self.program.model.schema;
        let (mut field, mut stage, mut unknown) = (None, false, 0);
        model_exprs(e, |e| match &e.kind {
            ExprKind::Field(id) => field = Some((*id, unknown += 1).0),
            ExprKind::Stage => (stage, unknown) = (true, unknown + 1),
            ExprKind::Const(_) | ExprKind::Convert { .. } | ExprKind::Order { .. } => {}
            ExprKind::Equal { .. } | ExprKind::Between { .. } | ExprKind::StageIs { .. } => {}
            ExprKind::In { .. } | ExprKind::List(_) | ExprKind::Not(_) => {}
            _ => unknown += 2,
        });
        if unknown == 0 {
            return Some(match &e.kind {
                ExprKind::Const(Value::Bool(b)) => format!("this is `{b}`, whatever happens"),
                _ => "both sides are known before anything happens".into(),
            });
        }
        if unknown > 1 {
            return None;
        }
        if stage {
            return Some("the record can only stand where this has one answer".into());
        }
        let entity = self.situations.first()?.place.entity?;
        let field = schema.entity(entity).fields.get(field?.index())?;
        Some(match (field.limits.min, field.limits.max) {
            (Some(min), Some(max)) => format!("`{}` is declared `min {min} max {max}`", field.name),
            (Some(min), None) => format!("`{}` is declared `min {min}`", field.name),
            (None, Some(max)) => format!("`{}` is declared `max {max}`", field.name),
            (None, None) => return None,
        })
    }
}
