//! `waits_in_final_stage`: a rule of a `success` or `failure` stage waits, although nothing is to follow there.

use super::{Program, statements};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Rule, StmtKind, TimingKind};
use crate::source::Span;
use crate::syntax::tree::StageKind;

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    for placed in program.rules() {
        let (rule, Some(stage)) = (placed.rule, placed.stage) else { continue };
        if stage.kind == StageKind::Normal || rule.disabled || program.is_bundled(rule.span.file) {
            continue;
        }
        let Some((span, label)) = wait(rule) else { continue };
        let message = format!("rule `{}` waits in the final stage `{}`", rule.name, stage.name);
        found.push(
            Diagnostic::new(Code::WaitsInFinalStage, span, message)
                .label(label)
                .help("a record has come to its end there: do it at once; or, if the wait is meant, write `# stagegate: allow(waits_in_final_stage)` above the rule"),
        );
    }
}

/// The first place where a rule waits.
fn wait(rule: &Rule) -> Option<(Span, &'static str)> {
    if let Some(timing) = &rule.timing {
        return Some(match timing.kind {
            TimingKind::After(_) => (timing.span, "it begins only when this time has passed"),
            TimingKind::At { .. } => (timing.span, "it begins only at this moment"),
        });
    }
    let mut first: Option<(Span, &'static str)> = None;
    statements(&rule.body.statements, &mut |statement| {
        let label = match statement.kind {
            StmtKind::Wait(_) | StmtKind::WaitUntil(_) => "it waits here",
            StmtKind::WaitFor { .. } => "it waits for an event here",
            _ => return,
        };
        if first.is_none_or(|(span, _)| statement.span.start < span.start) {
            first = Some((statement.span, label));
        }
    });
    first
}
