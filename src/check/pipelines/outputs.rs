//! What rules bind for others: `kickoff.room.id` within the stage, `Contract.kickoff.room.id` from elsewhere.

use super::listed;
use crate::check::scope::Scope;
use crate::check::walk::tree_exprs;
use crate::check::{Checker, OutputInfo};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{self, ExprKind};
use crate::schema::{BUILTIN_FIELDS, Type};
use crate::source::Span;
use crate::syntax::tree::{self, ClauseKind, StmtKind};
use crate::value::*;
use std::collections::HashMap;
use std::sync::Arc;

/// What a chain of names is, as an output of a rule.
pub enum OutputChain {
    /// Something else.
    NotOne,
    /// An output, and how many of the names it takes.
    Found { expr: model::Expr, used: usize },
    /// Reported.
    Mistake,
}

/// How an output is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// In the stage of its rule, by a rule below.
    Stage,
    /// Always optional, never waited for.
    Elsewhere,
}

/// A `let` of a rule that others may see.
struct Bound<'t> {
    name: &'t tree::Name,
    /// `None` for a plain `let`.
    action: Option<&'t tree::ActionCall>,
    optional: bool,
}

impl Checker<'_> {
    /// Collects what a rule of a stage binds: at the top of its body, and in branches there. A name that
    /// several branches bind is seen only if it is the same action in all of them.
    pub(super) fn collect_outputs(&mut self, rule: RuleId, stage: StageId, tree: &tree::Rule) {
        let conditional = tree
            .clauses
            .iter()
            .any(|c| matches!(c.kind, ClauseKind::On(_) | ClauseKind::When(_) | ClauseKind::Once));
        let mut bound = Vec::new();
        lets(&tree.body, conditional, &mut bound);
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, each) in bound.iter().enumerate() {
            by_name.entry(&each.name.text).or_default().push(i);
        }
        for (i, each) in bound.iter().enumerate() {
            let same = &by_name[&*each.name.text];
            if same.first() != Some(&i) {
                continue;
            }
            let action = each.action.map(|a| a.name.text());
            let one_action = same.iter().all(|&s| bound[s].action.map(|a| a.name.text()) == action);
            if same.len() > 1 && (action.is_none() || !one_action) {
                continue;
            }
            let found = action.as_ref().map(|a| self.names.actions.get(a.as_str()).map(|(id, _)| *id));
            match found {
                Some(Some(action)) => {
                    for output in self.schema.action(action).outputs.clone() {
                        let path = format!("{}.{}", each.name.text, output.name);
                        self.add_output(rule, stage, path, output.ty, true, each);
                    }
                }
                // Not known, which is said elsewhere.
                Some(None) => {
                    self.add_output(rule, stage, each.name.text.to_string(), Type::Error, true, each)
                }
                None => self.add_output(rule, stage, each.name.text.to_string(), Type::Error, false, each),
            }
        }
    }

    fn add_output(&mut self, rule: RuleId, stage: StageId, path: String, ty: Type, known: bool, of: &Bound) {
        let id = OutputId(self.outputs.len() as u32);
        let info = &self.rules[rule.index()];
        self.outputs.push(OutputInfo {
            rule,
            rule_name: info.name.clone(),
            stage,
            path: path.clone(),
            ty,
            known,
            optional: of.optional,
            on_rule: info.on,
            disabled: info.disabled,
            read: false,
            span: of.name.span,
        });
        self.rule_names.outputs.insert((rule, path.into()), id);
        self.rule_names.of_rule.entry(rule).or_default().push(id);
    }

    /// The output that a chain of names begins with. Asked only where the first name is nothing else.
    pub fn output_chain(&mut self, chain: &[&tree::Name], span: Span, scope: &mut Scope) -> OutputChain {
        let Some(first) = chain.first() else { return OutputChain::NotOne };
        if let Some(stage) = scope.stage
            && let Some(rule) = self.rule_in(stage, &first.text)
        {
            return self.read_output(rule, From::Stage, chain, 1, scope);
        }
        let Some(own) = scope.pipeline else { return OutputChain::NotOne };
        if let Some(second) = chain.get(1)
            && let Some(stage) = self.pipeline_stage(own, &first.text)
        {
            return match self.rule_in(stage, &second.text) {
                Some(rule) => {
                    let from = if scope.stage == Some(stage) { From::Stage } else { From::Elsewhere };
                    self.read_output(rule, from, chain, 2, scope)
                }
                None => self.unknown_rule(stage, second),
            };
        }
        if let [_, second, third, ..] = chain
            && let Some((pipeline, declared)) = self.names.pipelines.get(&first.text).copied()
        {
            return self.read_in_pipeline(pipeline, declared, [second, third], chain, scope);
        }
        // A rule's name alone may be meant for something else there.
        if chain.len() == 1 {
            return OutputChain::NotOne;
        }
        let elsewhere = self.rule_names.in_pipeline.get(&(own, first.text.clone()));
        match elsewhere.and_then(|rules| rules.first()).copied() {
            Some(rule) => self.output_elsewhere(rule, chain, span, scope),
            None => OutputChain::NotOne,
        }
    }

    fn rule_in(&self, stage: StageId, name: &Arc<str>) -> Option<RuleId> {
        self.rule_names.in_stage.get(&(stage, name.clone())).copied()
    }

    fn read_in_pipeline(
        &mut self,
        pipeline: PipelineId,
        declared: Span,
        [stage_name, rule_name]: [&tree::Name; 2],
        chain: &[&tree::Name],
        scope: &mut Scope,
    ) -> OutputChain {
        let Some(stage) = self.pipeline_stage(pipeline, &stage_name.text) else {
            let stages = self.pipelines[pipeline.index()].stages.iter();
            let stages: Vec<Arc<str>> = stages.map(|s| self.stages[s.index()].name.clone()).collect();
            let help = Advice::near(stage_name.span, &stage_name.text, stages.iter().map(|s| &**s));
            let message = format!("pipeline `{}` has no stage `{}`", chain[0].text, stage_name.text);
            self.report(
                Diagnostic::new(Code::UnknownStage, stage_name.span, message)
                    .label("no stage of this name")
                    .also(declared, "the pipeline")
                    .advised(help),
            );
            return OutputChain::Mistake;
        };
        let entity = self.pipelines[pipeline.index()].entity;
        if scope.entity != Some(entity) {
            let entity = &self.schema.entity(entity).name;
            let message =
                format!("pipeline `{}` is for `{entity}`: this record was never there", chain[0].text);
            self.report(
                Diagnostic::new(Code::OutputElsewhere, chain[0].span, message)
                    .label("a pipeline of another entity")
                    .also(declared, "declared here")
                    .help("read a rule of a pipeline that this record has been in"),
            );
            return OutputChain::Mistake;
        }
        match self.rule_in(stage, &rule_name.text) {
            Some(rule) => {
                let from = if scope.stage == Some(stage) { From::Stage } else { From::Elsewhere };
                self.read_output(rule, from, chain, 3, scope)
            }
            None => self.unknown_rule(stage, rule_name),
        }
    }

    fn unknown_rule(&mut self, stage: StageId, name: &tree::Name) -> OutputChain {
        let rules: Vec<&str> = self
            .rules
            .iter()
            .enumerate()
            .filter(|(i, r)| {
                r.stage == Some(stage) && self.rule_names.of_rule.contains_key(&RuleId(*i as u32))
            })
            .map(|(_, r)| &*r.name)
            .collect();
        let help = Advice::near(name.span, &name.text, rules.iter().copied()).or_else(|| match rules.len() {
            0 => None,
            _ => {
                let rules = listed(rules.iter().copied(), "and");
                Some(Advice::say(format!("those that bind something: {rules}")))
            }
        });
        let info = &self.stages[stage.index()];
        let message = format!("stage `{}` has no rule `{}`", info.name, name.text);
        let diagnostic = Diagnostic::new(Code::NoSuchOutput, name.span, message)
            .label("no rule of this name")
            .also(info.span, "the stage")
            .advised(help);
        self.report(diagnostic);
        OutputChain::Mistake
    }

    /// `skip`: how many of the names lead to the rule.
    fn read_output(
        &mut self,
        rule: RuleId,
        from: From,
        chain: &[&tree::Name],
        skip: usize,
        scope: &mut Scope,
    ) -> OutputChain {
        let Some((id, used)) = self.output_of(rule, &chain[skip..]) else {
            return self.no_such_output(rule, chain, skip);
        };
        let used = skip + used;
        let span = chain[0].span.to(chain[used - 1].span);
        if scope.constant {
            let message =
                "a constant is wanted here, and what a rule binds is only known when the program runs";
            self.report(Diagnostic::new(Code::NotConstant, span, message).label("an output of a rule"));
            return OutputChain::Mistake;
        }
        if let Some(reason) = self.not_readable(rule, from, scope) {
            let info = &self.rules[rule.index()];
            let message = format!("`{}` cannot be read here", self.sources.text(span));
            let (name, place) = (info.name.clone(), info.span);
            let (label, help) = match reason {
                NotReadable::Disabled => {
                    (format!("the rule `{name}` is disabled"), Some("take `disabled` away"))
                }
                NotReadable::Itself => {
                    ("the rule's own: a rule reads what it binds without its name in front".to_owned(), None)
                }
                NotReadable::Below => {
                    (format!("the rule `{name}` stands further down, and only rules above can be read"), None)
                }
            };
            let help = help.map(str::to_owned).or_else(|| match reason {
                NotReadable::Itself => {
                    let names: Vec<&str> = chain[skip..].iter().map(|n| &*n.text).collect();
                    Some(names.join("."))
                }
                _ => Some(format!("move `rule {name}` above this one")),
            });
            self.report(
                Diagnostic::new(Code::OutputNotReadable, span, message)
                    .label(label)
                    .also(place, "the rule")
                    .maybe_help(help),
            );
            return OutputChain::Mistake;
        }
        let info = &mut self.outputs[id.index()];
        info.read = true;
        if !info.known {
            self.rule_names.read_unknown = true;
            let kind = ExprKind::Const(Value::None);
            return OutputChain::Found { expr: model::Expr { kind, ty: Type::Error, span }, used };
        }
        let mut ty = info.ty.clone();
        if from == From::Elsewhere || info.optional {
            ty = ty.optional();
        }
        if from == From::Stage && !info.on_rule {
            scope.awaits.push(id);
        }
        OutputChain::Found { expr: model::Expr { kind: ExprKind::Output(id), ty, span }, used }
    }

    /// The output that names behind a rule lead to, and how many names that takes.
    fn output_of(&self, rule: RuleId, names: &[&tree::Name]) -> Option<(OutputId, usize)> {
        let first = names.first()?;
        if let Some(id) = self.rule_names.outputs.get(&(rule, first.text.clone())) {
            return Some((*id, 1));
        }
        let second = names.get(1)?;
        let path: Arc<str> = format!("{}.{}", first.text, second.text).into();
        self.rule_names.outputs.get(&(rule, path)).map(|id| (*id, 2))
    }

    fn not_readable(&self, rule: RuleId, from: From, scope: &Scope) -> Option<NotReadable> {
        if self.rules[rule.index()].disabled {
            return Some(NotReadable::Disabled);
        }
        match scope.rule {
            Some(own) if from == From::Stage && rule == own => Some(NotReadable::Itself),
            Some(own) if from == From::Stage && rule > own => Some(NotReadable::Below),
            _ => None,
        }
    }

    fn no_such_output(&mut self, rule: RuleId, chain: &[&tree::Name], skip: usize) -> OutputChain {
        let info = &self.rules[rule.index()];
        let prefix: Vec<&str> = chain[..skip].iter().map(|n| &*n.text).collect();
        let prefix = prefix.join(".");
        let paths: Vec<String> = self
            .rule_names
            .of_rule
            .get(&rule)
            .into_iter()
            .flatten()
            .map(|id| format!("{prefix}.{}", self.outputs[id.index()].path))
            .collect();
        let rest = chain[skip..].iter().take(2).map(|n| &*n.text).collect::<Vec<_>>().join(".");
        let (message, label) = if rest.is_empty() {
            (format!("`{prefix}` is a rule: say which of its results is meant"), "a rule".to_owned())
        } else if paths.is_empty() {
            (format!("rule `{}` binds nothing that others can read", info.name), "nothing to read".to_owned())
        } else {
            (format!("rule `{}` binds no `{rest}`", info.name), "not bound there".to_owned())
        };
        let span = chain[0].span.to(chain[chain.len().min(skip + 2) - 1].span);
        let help = match paths.is_empty() {
            true => Some(Advice::say("let answer = … { … }, at the top of that rule")),
            false => {
                let wanted = format!("{prefix}.{rest}");
                let binds = || format!("it binds {}", listed(paths.iter().map(|p| &**p), "and"));
                Advice::near(span, &wanted, paths.iter().map(|p| &**p)).or_else(|| Some(Advice::say(binds())))
            }
        };
        let diagnostic = Diagnostic::new(Code::NoSuchOutput, span, message)
            .label(label)
            .also(info.span, "the rule")
            .advised(help);
        self.report(diagnostic);
        OutputChain::Mistake
    }

    /// `kickoff.room.id` outside of the stage of `kickoff`: names both ways.
    fn output_elsewhere(
        &mut self,
        rule: RuleId,
        chain: &[&tree::Name],
        span: Span,
        scope: &Scope,
    ) -> OutputChain {
        let info = &self.rules[rule.index()];
        let Some(stage) = info.stage else { return OutputChain::NotOne };
        let stage = self.stages[stage.index()].name.clone();
        let (rule_name, place) = (info.name.clone(), info.span);
        let found = self.output_of(rule, &chain[1..]);
        let used = found.map_or(chain.len(), |(_, used)| used + 1);
        let path: Vec<&str> = chain[..used].iter().map(|n| &*n.text).collect();
        let path = path.join(".");
        let message = format!("`{path}` is known only in the stage `{stage}`");
        let keep = found.map(|(id, _)| {
            let output = &self.outputs[id.index()];
            let field = self.field_for(&output.ty, scope);
            let ty = self.schema.type_name(&output.ty.clone().optional());
            match field {
                Some(field) => {
                    format!("`set {field} = {}` in `{rule_name}`, and read `{field}`", output.path)
                }
                None => {
                    format!("a field of type `{ty}`, which `{rule_name}` sets: `set field = {}`", output.path)
                }
            }
        });
        let help = match keep {
            Some(keep) => format!("`{stage}.{path}`, which may be unset; or {keep}"),
            None => format!("`{stage}.{path}`, which may be unset"),
        };
        self.report(
            Diagnostic::new(Code::OutputElsewhere, span, message)
                .label("read from outside of that stage")
                .also(place, format!("a rule of `{stage}`"))
                .help(help),
        );
        OutputChain::Mistake
    }

    /// A field of the record that could keep a value of this type.
    fn field_for(&self, ty: &Type, scope: &Scope) -> Option<&str> {
        let fields = &self.schema.entity(scope.entity?).fields;
        // Of plain types there may be many, and none of them meant.
        let telling = matches!(ty.inner(), Type::Opaque(_) | Type::Entity(_));
        let mut fields = fields.iter().skip(BUILTIN_FIELDS).filter(|f| telling && f.ty.inner() == ty.inner());
        fields.next().map(|f| &*f.name)
    }

    /// The outputs that these expressions would wait for, without those that have been waited for.
    pub(super) fn awaited_by(
        &self,
        roots: &[&tree::Expr],
        scope: &Scope,
        done: &[OutputId],
    ) -> Vec<OutputId> {
        let mut found = Vec::new();
        let Some(stage) = scope.stage.filter(|_| !self.outputs.is_empty()) else { return found };
        for root in roots {
            tree_exprs(root, |e| {
                if let Some(id) = self.awaited(e, stage, scope)
                    && !done.contains(&id)
                    && !found.contains(&id)
                {
                    found.push(id);
                }
            });
        }
        found
    }

    /// The output that a chain of names (`kickoff.room.id`, to its end) waits for.
    fn awaited(&self, e: &tree::Expr, stage: StageId, scope: &Scope) -> Option<OutputId> {
        let mut names: Vec<&tree::Name> = Vec::new();
        let mut at = e;
        loop {
            match &*at.kind {
                // A pipeline, a stage, a rule, a name and an output.
                tree::ExprKind::Member { base, name } if names.len() < 5 => {
                    names.push(name);
                    at = base;
                }
                tree::ExprKind::Name(name) => {
                    names.push(name);
                    break;
                }
                _ => return None,
            }
        }
        names.reverse();
        let [first, second, ..] = &*names else { return None };
        if scope.local_named(&first.text).is_some() || self.names.values.contains_key(&first.text) {
            return None;
        }
        let fields = scope.entity.map(|e| &self.schema.entity(e).fields);
        if fields.is_some_and(|f| f.iter().any(|f| *f.name == *first.text)) {
            return None;
        }
        let own = &self.stages[stage.index()];
        let rest = if self.rule_in(stage, &first.text).is_some() {
            &names[..]
        } else if *first.text == *own.name {
            &names[1..]
        } else if *first.text == *self.pipelines[own.pipeline.index()].name && *second.text == *own.name {
            &names[2..]
        } else {
            return None;
        };
        let (rule, behind) = rest.split_first()?;
        let rule = self.rule_in(stage, &rule.text)?;
        if self.rules[rule.index()].on || scope.rule.is_some_and(|own| rule >= own) {
            return None;
        }
        self.output_of(rule, behind).map(|(id, _)| id)
    }
}

/// Why an output cannot be read although it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotReadable {
    Disabled,
    Itself,
    Below,
}

/// What a block binds, with what its branches bind. A loop's names are its own.
fn lets<'t>(block: &'t tree::Block, optional: bool, found: &mut Vec<Bound<'t>>) {
    for statement in &block.statements {
        match &statement.kind {
            StmtKind::Let { name, .. } => found.push(Bound { name, action: None, optional }),
            StmtKind::LetAction { name, call, otherwise, .. } => {
                let optional = optional || otherwise.is_some();
                found.push(Bound { name, action: Some(call), optional });
                otherwise.iter().for_each(|block| lets(block, true, found));
            }
            StmtKind::WaitFor { otherwise, .. } => {
                otherwise.iter().for_each(|block| lets(block, true, found))
            }
            StmtKind::If { branches, otherwise } => {
                branches.iter().for_each(|(_, block)| lets(block, true, found));
                otherwise.iter().for_each(|block| lets(block, true, found));
            }
            StmtKind::Action(_)
            | StmtKind::Set(_)
            | StmtKind::Move(_)
            | StmtKind::For { .. }
            | StmtKind::Wait(_)
            | StmtKind::WaitUntil(_)
            | StmtKind::Stop => {}
        }
    }
}
