//! Everything in a program that tests may see, and where its count is to be read.

use super::{Branch, Item, Kind};
use crate::check::{model_children, model_exprs};
use crate::compiler::Loaded;
use crate::diagnostic::Code;
use crate::engine::counts::Counts;
use crate::library;
use crate::lint;
use crate::model::{self, DuringKind, Expr, ExprKind, Model, Rule, Stmt, StmtKind, TimingKind};
use crate::program::instr::Instr;
use crate::program::sites::Sites;
use crate::program::{ChunkId, Program};
use crate::schema::Type;
use crate::source::{FileId, Span};
use crate::testing::words::{self, short};
use crate::value::*;
use std::collections::HashSet;

/// All that can be seen of one program, in no particular order.
pub struct Plan {
    pub(super) planned: Vec<Planned>,
}

pub(super) struct Planned {
    pub file: FileId,
    pub item: Item,
    pub read: Read,
}

/// Where a count is found.
pub(super) enum Read {
    Stage(StageId),
    Trigger(TriggerId),
    Rule(RuleId),
    Ran(ChunkId, u32),
    /// By the number of the site.
    Came(u32),
    /// As above, of what is asked whether it is set.
    IsSet(u32),
}

impl Planned {
    pub fn counts(&self, counts: &Counts) -> [u64; 2] {
        match self.read {
            Read::Stage(stage) => [counts.entered(stage), 0],
            Read::Trigger(trigger) => [counts.fired(trigger), counts.refused(trigger)],
            Read::Rule(rule) => [counts.started(rule), 0],
            Read::Ran(chunk, pc) => [counts.code.ran(chunk, pc), 0],
            Read::Came(site) => {
                let came = counts.code.came(site);
                [came.set, came.no]
            }
            Read::IsSet(site) => {
                let came = counts.code.came(site);
                [came.set + came.no, came.unset]
            }
        }
    }
}

impl Plan {
    /// Of a program that was lowered from this model with these sites.
    pub fn new(loaded: &Loaded, model: &Model, program: &Program, sites: &Sites) -> Plan {
        // What is always the same cannot be seen both ways.
        let warnings = lint::warnings(loaded, model);
        let constant = warnings.iter().filter(|d| d.code == Code::ConstantCondition);
        let constant = constant.map(|d| (d.span().file, d.span().start, d.span().end)).collect();
        let mut planner =
            Planner { loaded, model, program, sites, constant, set: HashSet::new(), planned: Vec::new() };
        planner.program();
        Plan { planned: planner.planned }
    }
}

struct Planner<'a> {
    loaded: &'a Loaded,
    model: &'a Model,
    program: &'a Program,
    sites: &'a Sites,
    constant: HashSet<(FileId, u32, u32)>,
    /// Fields that are set whenever the condition at hand is asked.
    set: HashSet<FieldId>,
    planned: Vec<Planned>,
}

/// In what something stands.
#[derive(Clone, Copy)]
struct Within<'w> {
    pipeline: Option<&'w str>,
    stage: Option<&'w str>,
    /// `rule \`Sales.New.chase\``
    owner: &'w str,
    chunk: ChunkId,
    /// Whether this is the body of a rule, and not what decides whether it runs.
    body: bool,
}

impl<'a> Planner<'a> {
    fn program(&mut self) {
        let model = self.model;
        for pipeline in &model.pipelines {
            let name = pipeline.name.as_ref();
            for stage in pipeline.stages.iter().filter_map(|id| model.stages.get(id.index())) {
                let path = format!("{name}.{}", stage.name);
                self.add(
                    stage.span,
                    Kind::Stage,
                    path,
                    None,
                    Some(name),
                    Some(&stage.name),
                    Read::Stage(stage.id),
                );
                for trigger in stage.triggers.iter().filter(|trigger| !trigger.disabled) {
                    self.trigger(trigger, name, &stage.name);
                }
                for rule in stage.rules.iter().filter(|rule| !rule.disabled) {
                    self.rule(rule, name, Some(&stage.name));
                }
            }
            for rule in pipeline.rules.iter().filter(|rule| !rule.disabled) {
                self.rule(rule, name, None);
            }
        }
        for (function, compiled) in model.functions.iter().zip(&self.program.code.functions) {
            let owner = format!("function `{}`", function.name);
            let (pipeline, stage, chunk) = (None, None, compiled.chunk);
            let within = Within { pipeline, stage, owner: &owner, chunk, body: false };
            self.whole(within, &function.body);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is one column of what is told")]
    fn add(
        &mut self,
        span: Span,
        kind: Kind,
        text: String,
        owner: Option<(&str, bool)>,
        pipeline: Option<&str>,
        stage: Option<&str>,
        read: Read,
    ) {
        let source = self.loaded.sources.file(span.file);
        // What is bundled is nobody's own to test.
        if source.path.is_none() && library::named(&source.name).is_some() {
            return;
        }
        let position = source.position(span.start as usize);
        let item = Item {
            start: span.start,
            end: span.end,
            line: position.line,
            column: position.column,
            kind,
            text,
            owner: owner.map(|(owner, _)| owner.to_owned()),
            in_body: owner.is_some_and(|(_, body)| body),
            pipeline: pipeline.map(str::to_owned),
            stage: stage.map(str::to_owned),
            counts: [0, 0],
        };
        self.planned.push(Planned { file: span.file, item, read });
    }

    fn text(&self, span: Span) -> String {
        let text = self.loaded.sources.text(span);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn trigger(&mut self, trigger: &'a model::Trigger, pipeline: &str, stage: &str) {
        let Some(compiled) = self.program.triggers.get(trigger.id.0 as usize) else { return };
        let text = self.loaded.sources.text(trigger.span);
        let name = words::trigger(trigger.label.as_deref(), text);
        let choosy = |pattern: &model::EventPattern| match pattern {
            model::EventPattern::Named(event) => !event.settings.is_empty(),
            model::EventPattern::Change { .. } | model::EventPattern::Count { .. } => true,
            model::EventPattern::AnyChange | model::EventPattern::Absence { .. } => false,
        };
        let choosy = trigger.when.is_some() || trigger.events.iter().all(choosy);
        let text = format!("{name} to `{pipeline}.{stage}`");
        let owner = format!("trigger {text}");
        let at = Span { end: trigger.span.start, ..trigger.span };
        let kind = Kind::Trigger { choosy };
        self.add(at, kind, text, None, Some(pipeline), Some(stage), Read::Trigger(trigger.id));
        let within =
            |chunk| Within { pipeline: Some(pipeline), stage: None, owner: &owner, chunk, body: false };
        if let (Some(when), Some(chunk)) = (&trigger.when, compiled.when) {
            self.clauses(within(chunk), &when.expr);
        }
        if let (Some(actor), Some(chunk)) = (&trigger.actor, compiled.actor) {
            self.inside(within(chunk), &actor.expr);
        }
    }

    fn rule(&mut self, rule: &'a Rule, pipeline: &str, stage: Option<&str>) {
        let Some(compiled) = self.program.rules.get(rule.id.0 as usize) else { return };
        let path = compiled.path.to_string();
        let owner = format!("rule `{path}`");
        self.add(
            rule.span,
            Kind::Rule,
            path,
            Some((&owner, false)),
            Some(pipeline),
            stage,
            Read::Rule(rule.id),
        );
        let within = |chunk, body| Within { pipeline: Some(pipeline), stage, owner: &owner, chunk, body };
        if let (Some(when), Some(chunk)) = (&rule.when, compiled.when) {
            if let Some(TimingKind::At { instant, .. }) = rule.timing.as_ref().map(|timing| &timing.kind)
                && when.awaits.is_empty()
            {
                // The rule waits until they are.
                needed(&instant.expr, &mut self.set);
            }
            self.clauses(within(chunk, false), &when.expr);
            self.set.clear();
        }
        use crate::program::{During, Timing};
        match (rule.timing.as_ref().map(|timing| &timing.kind), &compiled.timing) {
            (Some(TimingKind::After(e)), Some(Timing::After { delay: chunk, .. }))
            | (Some(TimingKind::At { instant: e, .. }), Some(Timing::At { instant: chunk, .. })) => {
                self.inside(within(*chunk, false), &e.expr);
            }
            _ => {}
        }
        if let Some(model::During { kind: DuringKind::HoursOf(user), .. }) = rule.during.as_deref()
            && let Some(During::HoursOf(chunk)) = compiled.during
        {
            self.inside(within(chunk, false), &user.expr);
        }
        self.block(within(compiled.body, true), &rule.body.statements);
    }

    // --- bodies ---

    fn block(&mut self, within: Within<'_>, statements: &'a [Stmt]) {
        for statement in statements {
            self.statement(within, statement);
        }
    }

    /// The first instruction of a statement.
    fn first(&self, chunk: ChunkId, statement: &Stmt) -> Option<u32> {
        let chunk = self.program.code.chunks.get(chunk.0 as usize)?;
        chunk.statements.iter().find(|(_, number)| *number == statement.number).map(|(pc, _)| *pc)
    }

    /// The instruction of a statement at which the body waits, with its place.
    fn asks(&self, chunk: ChunkId, statement: &Stmt) -> Option<(u32, Instr)> {
        let chunk = self.program.code.chunks.get(chunk.0 as usize)?;
        let code = chunk.code.iter().zip(0..);
        let mut asks =
            code.filter(|(instr, _)| matches!(instr, Instr::WaitFor { .. } | Instr::Action { .. }));
        asks.find(|(_, pc)| chunk.statement(*pc) == statement.number).map(|(instr, pc)| (pc, *instr))
    }

    fn branch(&mut self, within: Within<'_>, branch: Branch, text: String, block: &'a [Stmt]) {
        let Some(first) = block.first() else { return };
        if let Some(pc) = self.first(within.chunk, first) {
            self.add_within(within, first.span, Kind::Branch(branch), text, Read::Ran(within.chunk, pc));
        }
        self.block(within, block);
    }

    fn add_within(&mut self, within: Within<'_>, span: Span, kind: Kind, text: String, read: Read) {
        let owner = Some((within.owner, within.body));
        self.add(span, kind, text, owner, within.pipeline, within.stage, read);
    }

    fn statement(&mut self, within: Within<'_>, statement: &'a Stmt) {
        let span = statement.span;
        let chunk = within.chunk;
        if let Some(pc) = self.first(chunk, statement) {
            self.add_within(within, span, Kind::Statement, String::new(), Read::Ran(chunk, pc));
        }
        match &statement.kind {
            StmtKind::Action(call) => call.params.iter().for_each(|(_, value)| self.inside(within, value)),
            StmtKind::LetAction { call, at_most, otherwise, .. } => {
                let values = call.params.iter().map(|(_, value)| value);
                values.chain(at_most).for_each(|value| self.inside(within, value));
                if let Some(otherwise) = otherwise {
                    let text = self.head(span);
                    if let Some((pc, _)) = self.asks(chunk, statement) {
                        let kind = Kind::Branch(Branch::Answer);
                        self.add_within(within, span, kind, text.clone(), Read::Ran(chunk, pc + 1));
                    }
                    self.branch(within, Branch::NoAnswer, text, otherwise);
                }
            }
            StmtKind::Let { value, .. } => self.inside(within, value),
            StmtKind::Set(fields) => fields.iter().for_each(|(_, value)| self.inside(within, value)),
            StmtKind::If { branches, otherwise } => {
                for (condition, block) in branches {
                    self.clauses(within, condition);
                    let text = short(&self.text(condition.span));
                    self.branch(within, Branch::If, text, block);
                }
                if let (Some(otherwise), Some((condition, _))) = (otherwise, branches.last()) {
                    let text = short(&self.text(condition.span));
                    self.branch(within, Branch::Else, text, otherwise);
                }
            }
            StmtKind::For { list, body, .. } => {
                self.inside(within, list);
                let text = self.head(span);
                self.branch(within, Branch::Loop, text, body);
            }
            StmtKind::Wait(value) | StmtKind::WaitUntil(value) => self.inside(within, value),
            StmtKind::WaitFor { when, at_most, otherwise, .. } => {
                at_most.iter().for_each(|value| self.inside(within, value));
                let asks = self.asks(chunk, statement);
                if let (Some(when), Some((_, Instr::WaitFor { wait }))) = (when, asks)
                    && let Some(wait) = self.program.code.waits.get(wait.0 as usize)
                    && let Some(asked) = wait.when
                {
                    self.clauses(Within { chunk: asked, ..within }, when);
                }
                let text = self.head(span);
                // Without an `else` it goes on at the same place when the time is over.
                if let Some((pc, _)) = asks.filter(|_| otherwise.is_some() || at_most.is_none()) {
                    let kind = Kind::Branch(Branch::Heard);
                    self.add_within(within, span, kind, text.clone(), Read::Ran(chunk, pc + 1));
                }
                if let Some(otherwise) = otherwise {
                    self.branch(within, Branch::TooLong, text, otherwise);
                }
            }
            StmtKind::Move(_) | StmtKind::Stop => {}
        }
    }

    /// The beginning of a statement, up to its braces.
    fn head(&self, span: Span) -> String {
        let text = self.text(span);
        let end = text.find(" {").unwrap_or(text.len());
        let text = &text[..end];
        short(text.strip_suffix(" else").unwrap_or(text))
    }

    // --- expressions ---

    /// An expression that stands alone: a condition if it is true or false.
    fn whole(&mut self, within: Within<'_>, expr: &'a Expr) {
        if expr.ty == Type::Bool { self.clauses(within, expr) } else { self.inside(within, expr) }
    }

    /// The clauses of a condition: what stands between `and`, `or` and `not`.
    fn clauses(&mut self, within: Within<'_>, expr: &'a Expr) {
        let span = expr.span;
        if self.constant.contains(&(span.file, span.start, span.end)) {
            return;
        }
        match &expr.kind {
            ExprKind::And(left, right) | ExprKind::Or(left, right) => {
                self.clauses(within, left);
                self.clauses(within, right);
            }
            ExprKind::Not(inner) => self.clauses(within, inner),
            ExprKind::Convert { value, .. } if value.ty == Type::Bool => self.clauses(within, value),
            ExprKind::If { condition, then, otherwise } => {
                let parts =
                    if written(expr, condition) { &[condition, then, otherwise][..] } else { &[then] };
                parts.iter().for_each(|part| self.clauses(within, part));
            }
            ExprKind::IsSet(inner) if matches!(inner.kind, ExprKind::Field(f) if self.set.contains(&f)) => {}
            _ => {
                if let Some(read) = self.site(within.chunk, expr).filter(|_| self.varies(expr)) {
                    let text = short(&self.text(span));
                    self.add_within(within, span, Kind::Clause, text, read);
                }
                self.inside(within, expr);
            }
        }
    }

    /// Where the value of a clause can be seen.
    fn site(&self, chunk: ChunkId, expr: &Expr) -> Option<Read> {
        if let Some(site) = self.sites.of(chunk, expr.span, &expr.ty) {
            return Some(Read::Came(site));
        }
        match &expr.kind {
            ExprKind::IsSet(inner) => self.sites.of(chunk, inner.span, &inner.ty).map(Read::IsSet),
            _ => None,
        }
    }

    /// The conditions within an expression: of `if … then … else …`, of `=>`, and those whose value is used.
    fn inside(&mut self, within: Within<'_>, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::If { condition, then, otherwise } => {
                if written(expr, condition) {
                    self.clauses(within, condition);
                }
                self.inside(within, then);
                self.inside(within, otherwise);
            }
            ExprKind::And(..) | ExprKind::Or(..) => self.clauses(within, expr),
            ExprKind::ListOp { list, body, .. } => {
                self.inside(within, list);
                self.whole(within, body);
            }
            _ => {
                let mut parts = Vec::new();
                model_children(expr, &mut parts);
                parts.into_iter().for_each(|part| self.inside(within, part));
            }
        }
    }

    /// Whether an expression can come to different values: it reads something.
    fn varies(&self, expr: &Expr) -> bool {
        let mut varies = false;
        model_exprs(expr, |part| {
            varies |= match &part.kind {
                ExprKind::Local(_)
                | ExprKind::Field(_)
                | ExprKind::This
                | ExprKind::RefExists { .. }
                | ExprKind::Payload(_)
                | ExprKind::EventType
                | ExprKind::EventTime
                | ExprKind::Old(_)
                | ExprKind::Output(_)
                | ExprKind::Now
                | ExprKind::Today
                | ExprKind::Stage
                | ExprKind::Pipeline => true,
                ExprKind::CallFn { function, .. } => {
                    let function = self.model.functions.get(function.index());
                    function.is_some_and(|function| self.varies(&function.body))
                }
                _ => false,
            }
        });
        varies
    }
}

/// Whether the author wrote the question of an `if`, not the checker around a value that may be unset.
fn written(whole: &Expr, condition: &Expr) -> bool {
    condition.span != whole.span
}

/// The fields without which an instant is not known.
fn needed(instant: &Expr, out: &mut HashSet<FieldId>) {
    match &instant.kind {
        ExprKind::Field(field) => {
            out.insert(*field);
        }
        ExprKind::Convert { value, .. } => needed(value, out),
        ExprKind::If { condition, .. } if !written(instant, condition) => {
            let mut open = vec![&**condition];
            while let Some(part) = open.pop() {
                match &part.kind {
                    ExprKind::And(left, right) => open.extend([&**left, &**right]),
                    ExprKind::IsSet(inner) => {
                        if let ExprKind::Field(field) = inner.kind {
                            out.insert(field);
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}
