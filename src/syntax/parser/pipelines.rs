//! Pipelines, stages, triggers, and the heads of rules.

use super::Rule;
use super::builder::{Builder, Node, row};
use super::statements::child;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree;
use crate::syntax::tree::*;

/// `pipeline Sales "Sales" for Deal`
pub(super) struct PipelineHead {
    pub name: Name,
    pub label: Option<Str>,
    pub entity: Name,
}

/// `success stage Won "Won"`
pub(super) struct StageHead {
    pub kind: StageKind,
    pub name: Name,
    pub label: Option<Str>,
}

/// All of a rule but its body.
pub(super) struct RuleHead {
    pub disabled: Option<Span>,
    pub then: Option<Span>,
    pub name: Name,
    pub label: Option<Str>,
    pub clauses: Vec<Clause>,
}

/// What may stand in a pipeline.
pub(super) enum PipelinePart {
    Setting(Setting),
    Member(PipelineMember),
}

impl Builder<'_> {
    pub fn pipeline(&self, node: &Node) -> Option<Pipeline> {
        let PipelineHead { name, label, entity } = self.pipeline_head(&child(node, Rule::pipeline_head)?)?;
        let (mut settings, mut members) = (Vec::new(), Vec::new());
        for part in node.clone().into_inner() {
            match self.pipeline_part(&part) {
                Some(PipelinePart::Setting(setting)) => settings.push(setting),
                Some(PipelinePart::Member(member)) => members.push(member),
                None => {}
            }
        }
        members.shrink_to_fit();
        Some(Pipeline { name, label, entity, settings, members })
    }

    pub fn pipeline_head(&self, node: &Node) -> Option<PipelineHead> {
        let mut names = node.clone().into_inner().filter(|n| n.as_rule() == Rule::name);
        let name = self.name(&names.next()?);
        let entity = self.name(&names.next()?);
        Some(PipelineHead { name, label: self.label(node), entity })
    }

    pub fn pipeline_part(&self, node: &Node) -> Option<PipelinePart> {
        Some(match node.as_rule() {
            Rule::stage_decl => PipelinePart::Member(PipelineMember::Stage(self.stage(node)?)),
            Rule::rule_decl => PipelinePart::Member(PipelineMember::Rule(self.rule(node)?)),
            Rule::setting => PipelinePart::Setting(self.setting(node)?),
            _ => return None,
        })
    }

    fn setting(&self, node: &Node) -> Option<Setting> {
        let mut inner = node.clone().into_inner();
        let word = inner.next()?;
        let value = inner.next()?;
        let value = match value.as_rule() {
            Rule::text => SettingValue::Text(self.plain_text(&value)),
            _ => SettingValue::Name(self.name(&value)),
        };
        Some(Setting { name: self.name(&word), value, span: self.span(node) })
    }

    pub fn stage(&self, node: &Node) -> Option<Stage> {
        let StageHead { kind, name, label } = self.stage_head(&child(node, Rule::stage_head)?)?;
        let members = row(node.clone().into_inner().filter_map(|n| self.stage_member(&n)));
        Some(Stage { kind, name, label, members, doc: self.doc(node), span: self.span(node) })
    }

    pub fn stage_head(&self, node: &Node) -> Option<StageHead> {
        let kind = match node.clone().into_inner().next()?.as_rule() {
            Rule::kw_success => StageKind::Success,
            Rule::kw_failure => StageKind::Failure,
            _ => StageKind::Normal,
        };
        Some(StageHead { kind, name: self.name(&child(node, Rule::name)?), label: self.label(node) })
    }

    pub fn stage_member(&self, node: &Node) -> Option<StageMember> {
        match node.as_rule() {
            Rule::trigger_decl => self.trigger(node).map(StageMember::Trigger),
            Rule::rule_decl => self.rule(node).map(StageMember::Rule),
            _ => None,
        }
    }

    fn trigger(&self, node: &Node) -> Option<Trigger> {
        let mut trigger = Trigger {
            disabled: None,
            label: self.label(node),
            events: self.events(&child(node, Rule::events)?),
            when: None,
            backward: None,
            actor: None,
            doc: self.doc(node),
            span: self.span(node),
        };
        for part in node.clone().into_inner() {
            let twice = match part.as_rule() {
                Rule::kw_disabled => {
                    trigger.disabled = Some(self.token_span(&part));
                    false
                }
                Rule::when_clause => {
                    let condition = self.inner_expr(&part);
                    let twice = trigger.when.is_some();
                    trigger.when = trigger.when.or(condition);
                    twice
                }
                Rule::allow_backward => trigger.backward.replace(self.span(&part)).is_some(),
                Rule::as_clause => {
                    let path = child(&part, Rule::path).map(|p| self.path(&p));
                    let twice = trigger.actor.is_some();
                    trigger.actor = trigger.actor.or(path);
                    twice
                }
                _ => false,
            };
            if twice {
                let span = self.span(&part);
                let word = match part.as_rule() {
                    Rule::when_clause => "when",
                    Rule::allow_backward => "allow backward",
                    _ => "as",
                };
                let problem =
                    Diagnostic::new(Code::ClauseTwice, span, format!("this trigger has two `{word}`"))
                        .label("the second one");
                self.report(if word == "when" {
                    problem.help("join the conditions with `and`")
                } else {
                    problem
                });
            }
        }
        Some(trigger)
    }

    fn rule(&self, node: &Node) -> Option<tree::Rule> {
        let head = self.rule_head(&child(node, Rule::rule_head)?)?;
        let body = self.block(&child(node, Rule::block)?);
        Some(head.with_body(body, self.doc(node), self.span(node)))
    }

    pub fn rule_head(&self, node: &Node) -> Option<RuleHead> {
        let word = |rule| child(node, rule).map(|n| self.token_span(&n));
        Some(RuleHead {
            disabled: word(Rule::kw_disabled),
            then: word(Rule::kw_then),
            name: self.name(&child(node, Rule::name)?),
            label: self.label(node),
            clauses: row(node.clone().into_inner().filter_map(|n| self.clause(&n))),
        })
    }

    /// `at closes - 1 day or skip`, where `else skip` is meant.
    fn or_skip(&self, instant: &Expr) -> Option<(Expr, Span)> {
        let ExprKind::Binary { op: BinaryOp::Or, op_span, left, right } = &*instant.kind else { return None };
        let ExprKind::Name(name) = &*right.kind else { return None };
        if &*name.text != "skip" {
            return None;
        }
        self.report(
            Diagnostic::new(Code::Syntax, *op_span, "what is too late is skipped by `else skip`")
                .label("this is written `else`")
                .help("else skip")
                .fix(*op_span, "else"),
        );
        Some((left.clone(), op_span.to(right.span)))
    }

    fn clause(&self, node: &Node) -> Option<Clause> {
        let kind = match node.as_rule() {
            Rule::when_clause => ClauseKind::When(self.inner_expr(node)?),
            Rule::on_clause => ClauseKind::On(self.events(&child(node, Rule::events)?)),
            Rule::after_clause => ClauseKind::After(self.inner_expr(node)?),
            Rule::at_clause => {
                let instant = self.inner_expr(node)?;
                let else_skip = child(node, Rule::else_skip).map(|n| self.span(&n));
                match self.or_skip(&instant) {
                    Some((instant, skip)) => ClauseKind::At { instant, else_skip: else_skip.or(Some(skip)) },
                    None => ClauseKind::At { instant, else_skip },
                }
            }
            Rule::during_clause => ClauseKind::During(match child(node, Rule::hours_of) {
                Some(hours) => During::HoursOf(self.inner_expr(&hours)?),
                None => During::Calendar(self.name(&child(node, Rule::name)?)),
            }),
            Rule::once_clause => ClauseKind::Once,
            Rule::overlap_clause => ClauseKind::Overlap(match node.clone().into_inner().last()?.as_rule() {
                Rule::kw_skip => Overlap::Skip,
                Rule::kw_restart => Overlap::Restart,
                Rule::kw_queue => Overlap::Queue,
                _ => Overlap::Parallel,
            }),
            Rule::detached_clause => ClauseKind::Detached,
            _ => return None,
        };
        Some(Clause { kind, span: self.span(node) })
    }

    /// The text among a node's children, if it has one.
    pub fn label(&self, node: &Node) -> Option<Str> {
        child(node, Rule::text).map(|n| self.plain_text(&n))
    }
}

impl RuleHead {
    pub fn with_body(self, body: Block, doc: Option<std::sync::Arc<str>>, span: Span) -> tree::Rule {
        let RuleHead { disabled, then, name, label, clauses } = self;
        tree::Rule { disabled, then, name, label, clauses, body, doc, span }
    }
}
