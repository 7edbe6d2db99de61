//! The changes of a program: a way through its text.

use super::reach::{Places, Reach};
use super::{Kind, Mutant, values};
use crate::compiler::Loaded;
use crate::library;
use crate::source::{FileId, Span};
use crate::syntax::tree::*;
use crate::testing::words;
use std::ops::Range;

/// All changes of the files that are the user's own, in the order of the text. `allowed` are the places where a change may
/// go unnoticed.
pub(super) fn mutants(loaded: &Loaded, places: &Places, allowed: &[(FileId, Range<usize>)]) -> Vec<Mutant> {
    let mut finder = Finder {
        loaded,
        places,
        allowed,
        owner: String::new(),
        reach: Reach::Always,
        pipeline: None,
        found: Vec::new(),
    };
    for file in &loaded.files {
        let source = loaded.sources.file(file.file);
        // What is bundled is nobody's own to test.
        if source.path.is_some() || library::named(&source.name).is_none() {
            file.items.iter().for_each(|item| finder.item(item));
        }
    }
    let mut found = finder.found;
    found.sort_by_key(|mutant| (mutant.span.file, mutant.span.start, mutant.span.end));
    found
}

struct Finder<'a> {
    loaded: &'a Loaded,
    places: &'a Places,
    allowed: &'a [(FileId, Range<usize>)],
    owner: String,
    reach: Reach,
    /// The pipeline at hand.
    pipeline: Option<&'a Pipeline>,
    found: Vec<Mutant>,
}

impl<'a> Finder<'a> {
    fn text(&self, span: Span) -> &'a str {
        self.loaded.sources.text(span)
    }

    /// The text of the file before a place.
    fn before(&self, span: Span) -> &'a str {
        &self.loaded.sources.file(span.file).text[..span.start as usize]
    }

    fn push(&mut self, kind: Kind, span: Span, text: impl Into<String>) {
        self.push_where(kind, span, text, self.reach);
    }

    fn push_where(&mut self, kind: Kind, span: Span, text: impl Into<String>, reach: Reach) {
        let written = self.text(span);
        let end = span.end - (written.len() - written.trim_end().len()) as u32;
        let span = Span { end, ..span };
        let holds = |(file, range): &(FileId, Range<usize>)| {
            *file == span.file && range.start <= span.start as usize && span.end as usize <= range.end
        };
        let allowed = self.allowed.iter().any(holds);
        self.found.push(Mutant { kind, span, text: text.into(), owner: self.owner.clone(), allowed, reach });
    }

    /// From the word that stands directly before this to its end: `when amount > 5`.
    fn with_word(&self, word: &str, span: Span) -> Option<Span> {
        let before = self.before(span).trim_end();
        let start = before.strip_suffix(word)?.len();
        Some(Span { start: start as u32, ..span })
    }

    /// Leaves out one of several pieces with what separates them.
    fn without_one(&mut self, kind: Kind, spans: &[Span], reach: Reach) {
        if spans.len() < 2 {
            return;
        }
        for (at, span) in spans.iter().enumerate() {
            let whole = match (at.checked_sub(1).and_then(|before| spans.get(before)), spans.get(at + 1)) {
                (Some(before), _) => Span { start: before.end, ..*span },
                (None, Some(next)) => Span { end: next.start, ..*span },
                (None, None) => continue,
            };
            self.found_exactly(kind, whole, reach);
        }
    }

    /// As `push` of nothing, with the white space at the end.
    fn found_exactly(&mut self, kind: Kind, span: Span, reach: Reach) {
        self.push_where(kind, span, "", reach);
        if let Some(last) = self.found.last_mut() {
            last.span = span;
        }
    }

    // --- declarations ---

    fn item(&mut self, item: &'a Item) {
        match &item.kind {
            ItemKind::Const { name, value } => {
                self.owner = format!("constant `{}`", name.text);
                self.reach = Reach::Always;
                self.expr(value);
            }
            ItemKind::Fn(function) => {
                self.owner = format!("function `{}`", function.name.text);
                let chunk = self.places.functions.get(&*function.name.text);
                self.reach = chunk.map_or(Reach::Always, |chunk| Reach::Chunk(*chunk));
                self.expr(&function.body);
            }
            ItemKind::Pipeline(pipeline) => self.pipeline(pipeline),
            _ => {}
        }
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline) {
        self.pipeline = Some(pipeline);
        self.owner = format!("pipeline `{}`", pipeline.name.text);
        self.reach = self.whole_pipeline();
        for setting in &pipeline.settings {
            self.push(Kind::Setting, setting.span, "");
        }
        for member in &pipeline.members {
            match member {
                PipelineMember::Rule(rule) => self.rule(rule, None),
                PipelineMember::Stage(stage) => {
                    for member in &stage.members {
                        match member {
                            StageMember::Trigger(trigger) => self.trigger(trigger, stage),
                            StageMember::Rule(rule) => self.rule(rule, Some(stage)),
                        }
                    }
                }
            }
        }
    }

    fn whole_pipeline(&self) -> Reach {
        let id = self.pipeline.and_then(|pipeline| self.places.pipelines.get(&pipeline.name.span));
        id.map_or(Reach::Always, |id| Reach::Pipeline(*id))
    }

    fn pipeline_name(&self) -> &'a str {
        self.pipeline.map_or("", |pipeline| &pipeline.name.text)
    }

    fn trigger(&mut self, trigger: &'a Trigger, stage: &'a Stage) {
        if trigger.disabled.is_some() {
            return;
        }
        let name = words::trigger(trigger.label.as_ref().map(|label| &*label.text), self.text(trigger.span));
        self.owner = format!("trigger {name} to `{}.{}`", self.pipeline_name(), stage.name.text);
        let id = self.places.triggers.get(&trigger.span);
        self.reach = id.map_or(Reach::Always, |id| Reach::Trigger(*id));
        self.push(Kind::Trigger, trigger.span.before(), "disabled ");
        self.patterns(&trigger.events, self.reach);
        if let Some(when) = &trigger.when {
            self.when(when);
        }
        if let Some(backward) = trigger.backward {
            self.push(Kind::Setting, backward, "");
        }
        if let Some(actor) = &trigger.actor
            && let Some(span) = self.with_word("as", actor.span)
        {
            self.push(Kind::Setting, span, "");
        }
    }

    /// A condition as a whole is left out, and changed.
    fn when(&mut self, when: &'a Expr) {
        if let Some(span) = self.with_word("when", when.span) {
            self.push(Kind::Condition, span, "");
        }
        self.expr(when);
    }

    /// What is listened to. `heard`: when it is asked whether an event is what is wanted.
    fn patterns(&mut self, patterns: &'a [EventPattern], heard: Reach) {
        let spans: Vec<Span> = patterns.iter().map(|pattern| pattern.span).collect();
        let outer = std::mem::replace(&mut self.reach, heard);
        self.without_one(Kind::Setting, &spans, heard);
        for pattern in patterns {
            match &pattern.kind {
                EventPatternKind::Named(event) => self.named(event),
                EventPatternKind::Change { fields, from, to } => {
                    let spans: Vec<Span> = fields.iter().map(|field| field.span).collect();
                    self.without_one(Kind::Setting, &spans, heard);
                    for (word, value) in [("from", from), ("to", to)] {
                        let Some(value) = value else { continue };
                        if let Some(span) = self.with_word(word, value.span) {
                            self.push(Kind::Setting, span, "");
                        }
                        self.expr(value);
                    }
                }
                EventPatternKind::Count { count, count_span, event, within } => {
                    // What is counted before it is enough is told nobody.
                    self.reach = self.whole_pipeline();
                    for other in [count.saturating_add(1), count.saturating_sub(1)] {
                        self.push(Kind::Number, *count_span, other.to_string());
                    }
                    self.named(event);
                    self.expr(within);
                    self.reach = heard;
                }
                EventPatternKind::Absence { event, period } => {
                    self.reach = self.whole_pipeline();
                    self.named(event);
                    self.expr(period);
                    self.reach = heard;
                }
                EventPatternKind::AnyChange | EventPatternKind::Hole => {}
            }
        }
        self.reach = outer;
    }

    fn named(&mut self, event: &'a NamedEvent) {
        match event.settings.as_slice() {
            [] => {}
            [only] => {
                let name = self.text(event.name.span);
                self.push(Kind::Setting, event.span, name);
                self.expr(&only.value);
            }
            several => {
                let spans: Vec<Span> = several.iter().map(|setting| setting.span).collect();
                self.without_one(Kind::Setting, &spans, self.reach);
                several.iter().for_each(|setting| self.expr(&setting.value));
            }
        }
    }

    fn rule(&mut self, rule: &'a Rule, stage: Option<&'a Stage>) {
        if rule.disabled.is_some() {
            return;
        }
        let pipeline = self.pipeline_name();
        self.owner = match stage {
            Some(stage) => format!("rule `{pipeline}.{}.{}`", stage.name.text, rule.name.text),
            None => format!("rule `{pipeline}.{}`", rule.name.text),
        };
        let id = self.places.rules.get(&rule.name.span);
        let own = id.map_or(Reach::Always, |id| Reach::Rule(*id));
        self.reach = own;
        self.push(Kind::Rule, rule.span.before(), "disabled ");
        if let Some(then) = rule.then {
            self.push(Kind::Setting, then, "");
        }
        for clause in &rule.clauses {
            match &clause.kind {
                ClauseKind::On(patterns) => self.patterns(patterns, self.whole_pipeline()),
                ClauseKind::After(delay) => self.expr(delay),
                ClauseKind::At { instant, else_skip } => {
                    self.expr(instant);
                    if let Some(skip) = else_skip {
                        self.push(Kind::Setting, *skip, "");
                    }
                }
                ClauseKind::When(when) => self.when(when),
                ClauseKind::During(_) | ClauseKind::Once | ClauseKind::Overlap(_) | ClauseKind::Detached => {
                    self.push(Kind::Setting, clause.span, "")
                }
            }
        }
        // To leave out the only statement is to switch the rule off.
        let only = rule.body.statements.len() == 1;
        self.block(&rule.body, only);
        self.reach = own;
    }

    // --- bodies ---

    fn block(&mut self, block: &'a Block, keep: bool) {
        for statement in &block.statements {
            let outer = self.reach;
            self.reach = self.places.statement(statement.span).unwrap_or(outer);
            if !keep {
                self.push(Kind::Statement, statement.span, "");
            }
            self.statement(statement);
            self.reach = outer;
        }
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match &statement.kind {
            StmtKind::Action(call) => self.call(call),
            StmtKind::LetAction { call, at_most, otherwise, .. } => {
                self.call(call);
                at_most.iter().for_each(|value| self.expr(value));
                otherwise.iter().for_each(|block| self.block(block, false));
            }
            StmtKind::Let { value, .. } => self.expr(value),
            StmtKind::Set(fields) => {
                let spans: Vec<Span> = fields.iter().map(|field| field.span).collect();
                self.without_one(Kind::Statement, &spans, self.reach);
                fields.iter().for_each(|field| self.expr(&field.value));
            }
            StmtKind::Move(target) => self.target(target),
            StmtKind::If { branches, otherwise } => {
                for (condition, block) in branches {
                    self.not(condition);
                    self.expr(condition);
                    self.block(block, false);
                }
                otherwise.iter().for_each(|block| self.block(block, false));
            }
            StmtKind::For { list, body, .. } => {
                self.expr(list);
                // A loop without anything in it is one that is left out.
                self.block(body, body.statements.len() == 1);
            }
            StmtKind::Wait(value) | StmtKind::WaitUntil(value) => self.expr(value),
            StmtKind::WaitFor { events, when, at_most, otherwise } => {
                self.patterns(events, self.reach);
                if let Some(when) = when {
                    self.when(when);
                }
                at_most.iter().for_each(|value| self.expr(value));
                otherwise.iter().for_each(|block| self.block(block, false));
            }
            StmtKind::Stop => {}
        }
    }

    fn call(&mut self, call: &'a ActionCall) {
        call.params.iter().for_each(|param| self.expr(&param.value));
    }

    /// Another stage of the same pipeline: the next one, or the one before the last.
    fn target(&mut self, target: &'a MoveTarget) {
        let MoveTarget::Stage(path) = target else { return };
        let Some(stage) = path.parts.last() else { return };
        let named = path.parts.len().checked_sub(2).and_then(|at| path.parts.get(at));
        let of = |name: &Name| {
            let items = self.loaded.files.iter().flat_map(|file| &file.items);
            let mut pipelines = items.filter_map(|item| match &item.kind {
                ItemKind::Pipeline(pipeline) => Some(pipeline),
                _ => None,
            });
            pipelines.find(|pipeline| pipeline.name.text == name.text)
        };
        let Some(pipeline) = named.map_or(self.pipeline, of) else { return };
        let stages = pipeline.members.iter().filter_map(|member| match member {
            PipelineMember::Stage(stage) => Some(&*stage.name.text),
            PipelineMember::Rule(_) => None,
        });
        let stages: Vec<&str> = stages.collect();
        let Some(at) = stages.iter().position(|name| *name == &*stage.text) else { return };
        let other = stages.get(at + 1).or_else(|| stages.get(at.checked_sub(1)?));
        if let Some(other) = other {
            self.push(Kind::Stage, stage.span, *other);
        }
    }

    // --- expressions ---

    /// A condition is turned round.
    fn not(&mut self, condition: &'a Expr) {
        // That of a comparison is turned round below.
        let simple = match &*condition.kind {
            ExprKind::Binary { op, .. } => !op.is_comparison(),
            ExprKind::Is { .. } | ExprKind::Not(_) => false,
            _ => true,
        };
        if simple {
            let text = self.text(condition.span);
            self.push(Kind::Negation, condition.span, format!("not ({})", text.trim_end()));
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        let span = expr.span;
        match &*expr.kind {
            ExprKind::Literal(literal) => {
                for (kind, text) in values::literal(literal) {
                    self.push(kind, span, text);
                }
            }
            ExprKind::Text(text) => {
                self.push(Kind::Text, span, values::text(text));
                for part in &text.parts {
                    if let TextPart::Placeholder { value, .. } = part {
                        self.expr(value);
                    }
                }
            }
            ExprKind::List(items) => {
                let spans: Vec<Span> = items.iter().map(|item| item.span).collect();
                self.without_one(Kind::Setting, &spans, self.reach);
                items.iter().for_each(|item| self.expr(item));
            }
            ExprKind::Member { base, .. } => self.expr(base),
            ExprKind::Call { args, .. } => self.args(args),
            ExprKind::MethodCall { base, args, .. } => {
                self.expr(base);
                self.args(args);
            }
            ExprKind::Not(inner) => {
                let text = self.text(inner.span).trim_end().to_owned();
                self.push(Kind::Negation, span, text);
                self.expr(inner);
            }
            ExprKind::Neg(inner) | ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Binary { op, op_span, left, right } => {
                self.binary(span, *op, *op_span, left, right);
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Between { value, low, high } => {
                let [v, l, h] = [value, low, high].map(|part| self.text(part.span).trim_end());
                self.push(Kind::Comparison, span, format!("({v} > {l} and {v} <= {h})"));
                self.push(Kind::Comparison, span, format!("({v} >= {l} and {v} < {h})"));
                [value, low, high].into_iter().for_each(|part| self.expr(part));
            }
            ExprKind::Matches { value, .. } => {
                self.push(Kind::Negation, span, format!("not ({})", self.text(span).trim_end()));
                self.expr(value);
            }
            ExprKind::Is { value, test, test_span } => {
                if self.text(*test_span).starts_with("is") {
                    self.push(Kind::Comparison, *test_span, opposite(*test));
                }
                self.expr(value);
            }
            ExprKind::If { condition, then, otherwise } => {
                self.not(condition);
                [condition, then, otherwise].into_iter().for_each(|part| self.expr(part));
            }
            ExprKind::Name(_) | ExprKind::Hole | ExprKind::Error => {}
        }
    }

    fn args(&mut self, args: &'a [CallArg]) {
        for arg in args {
            match &arg.value {
                ArgValue::Expr(value) | ArgValue::Lambda { body: value, .. } => self.expr(value),
            }
        }
    }

    fn binary(&mut self, span: Span, op: BinaryOp, op_span: Span, left: &'a Expr, right: &'a Expr) {
        use BinaryOp::*;
        let others: &[&str] = match op {
            Eq => &["!="],
            Ne => &["=="],
            Lt => &["<=", ">="],
            Le => &["<", ">"],
            Gt => &[">=", "<="],
            Ge => &[">", "<"],
            EqIgnoreCase => &["!="],
            In => &["not in"],
            NotIn => &["in"],
            Contains => &["not contains"],
            NotContains => &["contains"],
            StartsWith | EndsWith => &["contains"],
            Add => &["-"],
            Sub => &["+"],
            Mul => &["/"],
            Div => &["*"],
            And | Or => {
                let word = if op == And { "or" } else { "and" };
                let is = |part: &Expr| matches!(*part.kind, ExprKind::Binary { op: And | Or, .. });
                let [l, r] = [left, right].map(|part| {
                    let text = self.text(part.span).trim_end();
                    if is(part) { format!("({text})") } else { text.to_owned() }
                });
                // With brackets, it means the same among others.
                self.push(Kind::AndOr, span, format!("({l} {word} {r})"));
                // Each side is left out with the word.
                let without_left = Span { end: right.span.start, ..left.span };
                let end = left.span.start + self.text(left.span).trim_end().len() as u32;
                let without_right = Span { start: end, ..right.span };
                self.found_exactly(Kind::Condition, without_left, self.reach);
                self.push(Kind::Condition, without_right, "");
                &[]
            }
            Default => &[],
        };
        let kind = match op {
            Add | Sub | Mul | Div => Kind::Number,
            _ => Kind::Comparison,
        };
        for other in others {
            self.push(kind, op_span, *other);
        }
    }
}

fn opposite(test: IsTest) -> &'static str {
    match test {
        IsTest::Set => "is not set",
        IsTest::NotSet => "is set",
        IsTest::Empty => "is not empty",
        IsTest::NotEmpty => "is empty",
        IsTest::Success => "is not success",
        IsTest::NotSuccess => "is success",
        IsTest::Failure => "is not failure",
        IsTest::NotFailure => "is failure",
        IsTest::Final => "is not final",
        IsTest::NotFinal => "is final",
    }
}
