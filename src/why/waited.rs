//! What came of a rule that waited: known only when what happened afterwards is.

use super::decision::{About, Decision, Outcome};
use super::story::{Step, Story};
use super::{Explainer, words};
use crate::engine::record::Slot;
use crate::engine::trace::Trace;
use crate::engine::watch::Noted;
use crate::model::{Stmt, StmtKind};
use crate::syntax::tree::Overlap;
use crate::value::*;
use chrono::{DateTime, Utc};

/// How it stands with a rule that was noted to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// It has not run yet; or it is not known what came of it.
    ToRun,
    /// It runs, and waits in its body.
    Inside,
    /// It waits no more.
    Over,
}

impl Explainer<'_> {
    /// Puts down what came of a rule that waited at a step of the story.
    pub fn look_ahead(&self, decision: &mut Decision<'_>, step: &Step, story: &Story) {
        let (About::Rule(rule), Outcome::Waits) = (decision.about, decision.outcome) else { return };
        let Some(at) = story.steps.iter().position(|other| std::ptr::eq(other, step)) else { return };
        let Some(place) = step.noted.iter().position(|noted| *noted == decision.noted) else { return };
        let before = story.steps[..at].iter().flat_map(|step| &step.noted).chain(&step.noted[..place]);
        let after =
            step.noted[place + 1..].iter().chain(story.steps[at + 1..].iter().flat_map(|step| &step.noted));
        let inside = self.is_inside(rule, before, &step.noted[..place]);
        let came = came_of(rule, after, inside);
        let still = matches!(&story.slot, Slot::Living(record)
            if record.waiting.iter().any(|waiting| waiting.runs.iter().any(|run| run.rule == rule)));
        decision.waited = match (inside, came) {
            (_, Some(_)) => Waited::Over,
            (true, None) if still => Waited::Inside,
            (true, None) => Waited::Over,
            (false, None) => Waited::ToRun,
        };
        if let (Some((what, time)), Some(reason)) = (came, &mut decision.reason) {
            reason.push_str(&format!("; {what} at {}", words::time(time, self.tz(&decision.noted))));
        }
    }

    /// Whether the rule had begun when it was noted to wait.
    fn is_inside<'n>(
        &self,
        rule: RuleId,
        before: impl Iterator<Item = &'n Noted>,
        in_step: &[Noted],
    ) -> bool {
        if !self.waits_inside(rule) {
            return false;
        }
        let compiled = self.program.rule(rule);
        let at_once = compiled.timing.is_none()
            && compiled.during.is_none()
            && compiled.when_awaits.is_empty()
            && !compiled.then
            && compiled.overlap != Overlap::Queue;
        let started =
            |noted: &Noted| matches!(noted.trace, Trace::RuleStarted { rule: other } if other == rule);
        at_once
            || in_step.iter().any(started)
            || before.fold(false, |running, noted| match noted.trace {
                Trace::RuleStarted { rule: other } if other == rule => true,
                Trace::RuleCancelled { rule: other } | Trace::RuleFailed { rule: other, .. }
                    if other == rule =>
                {
                    false
                }
                _ => running,
            })
    }

    /// Whether a rule's body waits for anything.
    fn waits_inside(&self, rule: RuleId) -> bool {
        fn waits(statements: &[Stmt]) -> bool {
            statements.iter().any(|statement| match &statement.kind {
                StmtKind::Wait(_)
                | StmtKind::WaitUntil(_)
                | StmtKind::WaitFor { .. }
                | StmtKind::LetAction { .. } => true,
                StmtKind::If { branches, otherwise } => {
                    branches.iter().any(|(_, body)| waits(body))
                        || otherwise.as_ref().is_some_and(|body| waits(body))
                }
                StmtKind::For { body, .. } => waits(body),
                _ => false,
            })
        }
        let of_stages = self.model.stages.iter().flat_map(|stage| &stage.rules);
        let mut rules = of_stages.chain(self.model.pipelines.iter().flat_map(|pipeline| &pipeline.rules));
        rules.find(|other| other.id == rule).is_some_and(|rule| waits(&rule.body.statements))
    }
}

/// What was noted of the rule next, in words. What waits inside may be noted to start anew only later.
fn came_of<'n>(
    rule: RuleId,
    mut after: impl Iterator<Item = &'n Noted>,
    inside: bool,
) -> Option<(&'static str, DateTime<Utc>)> {
    after.find_map(|noted| {
        let (other, what) = match &noted.trace {
            Trace::RuleStarted { rule: other } => (other, Some("it ran").filter(|_| !inside)),
            Trace::RuleCancelled { rule: other } => (other, Some("it was cancelled")),
            Trace::RuleSkipped { rule: other, .. } => {
                (other, Some("it did not run then,").filter(|_| !inside))
            }
            Trace::RuleFailed { rule: other, .. } => (other, Some("it failed")),
            _ => return None,
        };
        (*other == rule).then(|| what.map(|what| (what, noted.time)))
    })?
}
