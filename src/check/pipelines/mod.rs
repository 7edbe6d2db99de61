//! Pipelines: stages, triggers, rules and their statements, and the `test` blocks that speak of them.
//!
//! Rules are numbered, and what they bind for others is collected, before anything is checked: so a rule may
//! read what a stage further down binds. Only the type of a plain `let` is learned by checking; if one is read
//! before that, everything is checked once more with the types that are known by then.

mod actions;
mod events;
mod files;
mod flow;
mod limits;
pub(super) mod outputs;
mod rules;
mod stages;
mod statements;
mod test_blocks;
mod triggers;
pub(crate) mod walk;

use super::scope::{Facts, Scope};
use super::{Checker, RuleInfo};
use crate::diagnostic::{Code, Diagnostic};
use crate::model;
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree;
use crate::value::*;

/// How often everything is checked at most, for outputs that are read before their type is known.
const MOST_ROUNDS: usize = 8;

/// Where a trigger or a rule stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    pub pipeline: PipelineId,
    pub entity: EntityId,
    /// `None` for a rule that stands directly in its pipeline.
    pub stage: Option<StageId>,
}

/// The next rule's and trigger's number.
#[derive(Default)]
struct Numbers {
    rule: u32,
    trigger: u32,
}

impl Checker<'_> {
    /// Checks all pipelines. They and their stages have their numbers already, in the order of `items`.
    pub fn pipelines(&mut self, items: &[&tree::Item]) -> (Vec<model::Pipeline>, Vec<model::Stage>) {
        let trees: Vec<&tree::Pipeline> = items
            .iter()
            .filter_map(|item| match &item.kind {
                tree::ItemKind::Pipeline(pipeline) => Some(pipeline),
                _ => None,
            })
            .collect();
        self.number_rules(&trees);
        let before = self.diagnostics.len();
        let mut rounds = 0;
        loop {
            self.rule_names.read_unknown = false;
            let known = self.known_outputs();
            let (mut pipelines, mut stages) = (Vec::new(), Vec::new());
            let mut numbers = Numbers::default();
            for (i, tree) in trees.iter().enumerate() {
                let id = PipelineId(i as u16);
                if self.pipelines.get(id.index()).is_some() {
                    pipelines.push(self.pipeline(id, tree, &mut numbers, &mut stages));
                }
            }
            rounds += 1;
            if !self.rule_names.read_unknown {
                return (pipelines, stages);
            }
            if rounds == MOST_ROUNDS || self.known_outputs() == known {
                self.report_circles(before);
                return (pipelines, stages);
            }
            self.diagnostics.truncate(before);
        }
    }

    fn known_outputs(&self) -> usize {
        self.outputs.iter().filter(|o| o.known).count()
    }

    /// Outputs whose type could not be told in any round. Where there are other mistakes these are the cause.
    fn report_circles(&mut self, before: usize) {
        if self.diagnostics.len() > before {
            return;
        }
        let unknown: Vec<(String, Span)> = self
            .outputs
            .iter()
            .filter(|o| !o.known)
            .map(|o| (format!("{}.{}", o.rule_name, o.path), o.span))
            .collect();
        for (name, span) in unknown {
            let message = format!("the type of `{name}` cannot be told");
            self.report(
                Diagnostic::new(Code::OutputCircle, span, message)
                    .label("read by other stages, and computed from what they bind")
                    .help("keep the value in a field of the record: `set field = …`"),
            );
        }
    }

    fn pipeline(
        &mut self,
        id: PipelineId,
        tree: &tree::Pipeline,
        numbers: &mut Numbers,
        stages: &mut Vec<model::Stage>,
    ) -> model::Pipeline {
        let info = &self.pipelines[id.index()];
        let entity = info.entity;
        let mut pipeline = model::Pipeline {
            id,
            name: Text::from(tree.name.text.clone()),
            label: label_or_name(&tree.label, &tree.name),
            entity,
            timezone: info.timezone,
            hours: info.hours,
            locale: info.locale.clone(),
            stages: info.stages.clone(),
            rules: Vec::new(),
            span: tree.name.span,
        };
        let ids = pipeline.stages.clone();
        self.stage_order(tree);
        self.pipeline_rule_names(tree);
        let mut ids = ids.into_iter();
        let mut first = true;
        for member in &tree.members {
            match member {
                tree::PipelineMember::Stage(stage) => {
                    let Some(stage_id) = ids.next() else { continue };
                    let home = Home { pipeline: id, entity, stage: Some(stage_id) };
                    let made = self.stage(home, stage_id, stage, first, numbers);
                    stages.push(made);
                    first = false;
                }
                tree::PipelineMember::Rule(rule) => {
                    let home = Home { pipeline: id, entity, stage: None };
                    let rule_id = RuleId(numbers.rule);
                    numbers.rule += 1;
                    let made = self.rule(home, rule_id, rule, None);
                    pipeline.rules.push(made);
                }
            }
        }
        pipeline
    }

    /// Gives rules and triggers their numbers, in the order of the text, and collects what rules bind.
    fn number_rules(&mut self, trees: &[&tree::Pipeline]) {
        for (i, tree) in trees.iter().enumerate() {
            let id = PipelineId(i as u16);
            let Some(info) = self.pipelines.get(id.index()) else { continue };
            let mut stages = info.stages.clone().into_iter();
            for member in &tree.members {
                match member {
                    tree::PipelineMember::Stage(stage) => {
                        let Some(stage_id) = stages.next() else { continue };
                        for member in &stage.members {
                            match member {
                                tree::StageMember::Trigger(_) => self.trigger_count += 1,
                                tree::StageMember::Rule(rule) => self.number_rule(id, Some(stage_id), rule),
                            }
                        }
                    }
                    tree::PipelineMember::Rule(rule) => self.number_rule(id, None, rule),
                }
            }
        }
    }

    fn number_rule(&mut self, pipeline: PipelineId, stage: Option<StageId>, rule: &tree::Rule) {
        let id = RuleId(self.rules.len() as u32);
        let name = rule.name.text.clone();
        self.rules.push(RuleInfo {
            name: name.clone(),
            pipeline,
            stage,
            disabled: rule.disabled.is_some(),
            on: rule.clauses.iter().any(|c| matches!(c.kind, tree::ClauseKind::On(_))),
            span: rule.name.span,
        });
        let Some(stage) = stage else { return };
        self.rule_names.in_stage.entry((stage, name.clone())).or_insert(id);
        self.rule_names.in_pipeline.entry((pipeline, name)).or_default().push(id);
        self.collect_outputs(id, stage, rule);
    }

    /// Whether anything was reported since.
    pub(super) fn clean_since(&self, before: usize) -> bool {
        self.diagnostics.len() == before
    }

    /// The value of an expression that must be constant. What is wrong is reported.
    pub(super) fn constant_value(&mut self, e: &tree::Expr, want: &Type, scope: &mut Scope) -> Option<Value> {
        let before = self.diagnostics.len();
        scope.constant = true;
        let expr = self.expr(e, Some(want), scope);
        if expr.ty == Type::Error {
            return None;
        }
        match self.fold(&expr) {
            Some(Ok(value)) => return Some(value),
            Some(Err(failure)) => {
                let message = format!("this cannot be computed: {failure}");
                self.report(Diagnostic::new(Code::ConstantFails, e.span, message).label("has no value"));
            }
            None if self.clean_since(before) => {
                let message = "a constant is wanted here, and this is only known when the program runs";
                self.report(
                    Diagnostic::new(Code::NotConstant, e.span, message)
                        .label("needs a record, an event, the clock or a time zone"),
                );
            }
            None => {}
        }
        None
    }

    /// A condition that stands alone, and what is known where it holds.
    pub(super) fn lone_condition(&mut self, e: &tree::Expr, base: &Scope) -> (model::Condition, Facts) {
        let mut scope = base.clone();
        let expr = self.condition(e, &mut scope);
        let mut facts = base.facts.clone();
        facts.add_all(Checker::facts(&expr).0);
        (finish(expr, scope), facts)
    }
}

/// The scope of everything in a pipeline, before events and facts.
fn scope_in(home: Home, rule: Option<RuleId>) -> Scope {
    Scope {
        pipeline: Some(home.pipeline),
        entity: Some(home.entity),
        // A trigger is tried while the record stands elsewhere: it sees no rules of its stage.
        stage: if rule.is_some() { home.stage } else { None },
        rule,
        ..Scope::default()
    }
}

/// An expression that stands alone, with the variables of its scope.
fn finish(expr: model::Expr, mut scope: Scope) -> model::Condition {
    let awaits = take_awaits(&mut scope);
    model::Condition { expr, frame: scope.frame, awaits }
}

/// The outputs that were read since this was last asked, each once.
fn take_awaits(scope: &mut Scope) -> Vec<OutputId> {
    let mut awaits = std::mem::take(&mut scope.awaits);
    awaits.sort_unstable();
    awaits.dedup();
    awaits
}

fn label_or_name(label: &Option<tree::Str>, name: &tree::Name) -> Text {
    Text::from(label.as_ref().map_or_else(|| name.text.clone(), |l| l.text.clone()))
}

/// `a`, `b` and `c`
fn listed<'n>(names: impl IntoIterator<Item = &'n str>, word: &str) -> String {
    let names: Vec<String> = names.into_iter().map(|n| format!("`{n}`")).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {word} {last}", rest.join(", ")),
    }
}
