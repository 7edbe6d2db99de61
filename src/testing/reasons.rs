//! Why an expectation is not met: what was tried, and refused, of the rules and triggers that would have met it.

use super::{Clock, Outcome, play};
use crate::diagnostic::Code;
use crate::lower;
use crate::model::test::{Expected, StepKind};
use crate::model::{Model, Stmt, StmtKind};
use crate::program::Program;
use crate::source::Sources;
use crate::value::*;
use crate::vm::Machine;
use crate::why::Explainer;
use crate::why::decision::{About, Decision, Outcome as Decided};
use std::sync::Arc;

/// Of more that was refused the first tells enough.
const SHOWN: usize = 2;

/// Plays the failed tests again, watched, and puts down why what was expected did not come.
pub fn add(outcomes: &mut [Outcome], model: &Model, sources: &Sources, clock: &Clock) {
    let unmet =
        |outcome: &Outcome| outcome.failure.as_ref().is_some_and(|f| f.code == Code::ExpectationFailed);
    if !outcomes.iter().any(unmet) {
        return;
    }
    // What has just been compiled without sites can be compiled with them.
    let Ok((program, conditions, sites)) = lower::lower_tests_observed(model, sources) else { return };
    let Ok(machine) = Machine::new(program) else { return };
    let sites = Arc::new(sites);
    let explainer = Explainer::new(machine.program(), model, sources, &sites);
    for outcome in outcomes.iter_mut().filter(|outcome| unmet(outcome)) {
        let mut tests = model.tests.iter().zip(&conditions);
        let Some((test, conditions)) = tests.find(|(test, _)| test.span == outcome.span) else { continue };
        let Some(refused) = play::watched(&machine, test, conditions, clock, &sites) else { continue };
        let (Some(step), Some(failure)) = (test.steps.get(refused.step), &mut outcome.failure) else {
            continue;
        };
        let program = machine.program();
        let concerned = |about: About| match (about, &step.kind) {
            (About::Rule(rule), StepKind::ExpectAction { no: false, action, .. }) => {
                asks_for(model, rule, *action)
            }
            (About::Trigger(trigger), StepKind::ExpectField { expected, .. }) => {
                leads_to(program, trigger, expected)
            }
            _ => false,
        };
        let of_subject = |decision: &Decision<'_>| match &step.kind {
            StepKind::ExpectField { subject, .. } => decision.noted.subject == *subject,
            _ => true,
        };
        let decisions = explainer.decisions(refused.noted, refused.event.as_ref());
        let lines: Vec<String> = decisions
            .iter()
            .filter(|decision| matches!(decision.outcome, Decided::Refused | Decided::Failed))
            .filter(|decision| concerned(decision.about) && of_subject(decision))
            .map(|decision| told(&explainer, decision))
            .take(SHOWN)
            .collect();
        if !lines.is_empty() {
            let help = failure.help.take().into_iter().chain(lines);
            failure.help = Some(help.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// ``rule Sales.Won.cheer did not run: its condition is false``, and what would have had to be otherwise.
fn told(explainer: &Explainer<'_>, decision: &Decision<'_>) -> String {
    let name = explainer.name(decision.about);
    let did = if matches!(decision.about, About::Trigger(_)) { "fire" } else { "run" };
    let reason = decision.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let nearest = decision.nearest.as_ref().map(|nearest| format!("\n  it {nearest}")).unwrap_or_default();
    format!("{name} did not {did}{reason}{nearest}")
}

/// Whether a trigger brings a record into the stage that is expected.
fn leads_to(program: &Program, trigger: TriggerId, expected: &Expected) -> bool {
    matches!(expected, Expected::Stage { name, equal: true }
        if program.stage(program.trigger(trigger).stage).name == *name)
}

/// Whether a rule's body has this action.
fn asks_for(model: &Model, rule: RuleId, wanted: ActionId) -> bool {
    fn asks(statements: &[Stmt], wanted: ActionId) -> bool {
        statements.iter().any(|statement| match &statement.kind {
            StmtKind::Action(call) => call.action == wanted,
            StmtKind::LetAction { call, otherwise, .. } => {
                call.action == wanted || otherwise.as_ref().is_some_and(|body| asks(body, wanted))
            }
            StmtKind::If { branches, otherwise } => {
                branches.iter().any(|(_, body)| asks(body, wanted))
                    || otherwise.as_ref().is_some_and(|body| asks(body, wanted))
            }
            StmtKind::For { body, .. } => asks(body, wanted),
            StmtKind::WaitFor { otherwise, .. } => otherwise.as_ref().is_some_and(|body| asks(body, wanted)),
            _ => false,
        })
    }
    let of_stages = model.stages.iter().flat_map(|stage| &stage.rules);
    let mut rules = of_stages.chain(model.pipelines.iter().flat_map(|pipeline| &pipeline.rules));
    rules.find(|other| other.id == rule).is_some_and(|rule| asks(&rule.body.statements, wanted))
}
