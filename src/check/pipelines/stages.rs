//! Stages: their order, and what stands in them.

use super::{Home, Numbers, label_or_name};
use crate::check::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::model;
use crate::source::Span;
use crate::syntax::tree::{self, StageKind};
use crate::value::*;
use std::collections::HashMap;

impl Checker<'_> {
    /// Final stages stand last.
    pub(super) fn stage_order(&mut self, tree: &tree::Pipeline) {
        let stages = tree.members.iter().filter_map(|m| match m {
            tree::PipelineMember::Stage(stage) => Some(stage),
            tree::PipelineMember::Rule(_) => None,
        });
        let mut last_final: Option<&tree::Stage> = None;
        for stage in stages {
            match (stage.kind, last_final) {
                (StageKind::Normal, Some(before)) => {
                    let message = format!(
                        "stage `{}` stands after the final stage `{}`",
                        stage.name.text, before.name.text
                    );
                    self.report(
                        Diagnostic::new(Code::StageAfterFinal, stage.name.span, message)
                            .label("stands too late")
                            .also(before.name.span, "a final stage")
                            .help(format!("move `stage {}` above the final stages", stage.name.text)),
                    );
                }
                (StageKind::Normal, None) => {}
                (StageKind::Success | StageKind::Failure, _) => last_final = Some(stage),
            }
        }
    }

    /// The rules that stand directly in a pipeline have names of their own.
    pub(super) fn pipeline_rule_names(&mut self, tree: &tree::Pipeline) {
        self.unique_rules(
            "pipeline",
            tree.members.iter().filter_map(|m| match m {
                tree::PipelineMember::Rule(rule) => Some(rule),
                tree::PipelineMember::Stage(_) => None,
            }),
        );
    }

    fn unique_rules<'t>(&mut self, place: &str, rules: impl Iterator<Item = &'t tree::Rule>) {
        let mut first: HashMap<&str, Span> = HashMap::new();
        for rule in rules {
            if let Some(before) = first.insert(&rule.name.text, rule.name.span) {
                let message = format!("rule `{}` is declared twice in one {place}", rule.name.text);
                self.twice(rule.name.span, before, message, None);
            }
        }
    }

    pub(super) fn stage(
        &mut self,
        home: Home,
        id: StageId,
        tree: &tree::Stage,
        first: bool,
        numbers: &mut Numbers,
    ) -> model::Stage {
        let triggers = tree.members.iter().filter(|m| matches!(m, tree::StageMember::Trigger(_))).count();
        let mut stage = model::Stage {
            id,
            pipeline: home.pipeline,
            kind: tree.kind,
            name: Text::from(tree.name.text.clone()),
            label: label_or_name(&tree.label, &tree.name),
            triggers: Vec::with_capacity(triggers),
            rules: Vec::with_capacity(tree.members.len() - triggers),
            span: tree.name.span,
        };
        self.unique_rules(
            "stage",
            tree.members.iter().filter_map(|m| match m {
                tree::StageMember::Rule(rule) => Some(rule),
                tree::StageMember::Trigger(_) => None,
            }),
        );
        let mut above: Option<&tree::Rule> = None;
        for member in &tree.members {
            match member {
                tree::StageMember::Trigger(trigger) => {
                    let trigger_id = TriggerId(numbers.trigger);
                    numbers.trigger += 1;
                    let before = self.diagnostics.len();
                    stage.triggers.push(self.trigger(home, trigger_id, trigger));
                    // What cannot be listened to is another mistake, and the first to be mended.
                    let unheard =
                        |d: &Diagnostic| matches!(d.code, Code::UnknownEvent | Code::LifeCycleEvent);
                    let unheard = self.diagnostics.iter().skip(before).any(unheard);
                    if first && trigger.backward.is_none() && !unheard {
                        self.never_fires(tree, trigger);
                    }
                }
                tree::StageMember::Rule(rule) => {
                    let rule_id = RuleId(numbers.rule);
                    numbers.rule += 1;
                    stage.rules.push(self.rule(home, rule_id, rule, above));
                    above = Some(rule);
                }
            }
        }
        stage
    }

    fn never_fires(&mut self, stage: &tree::Stage, trigger: &tree::Trigger) {
        let message = format!("this trigger can never fire: `{}` is the first stage", stage.name.text);
        self.report(
            Diagnostic::new(Code::NeverFires, trigger.span, message)
                .label("moves records forward only, and none stands before the first stage")
                .also(stage.name.span, "the first stage")
                .help("add `allow backward` to bring records back here"),
        );
    }
}
