//! `unreachable_stage`: a stage in the middle to which no trigger and no `move` leads.

use super::{Program, statements};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::StmtKind;
use crate::syntax::tree::StageKind;
use crate::value::StageId;
use std::collections::HashSet;

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    let mut moved_to: HashSet<StageId> = HashSet::new();
    for placed in program.rules().filter(|p| !p.rule.disabled) {
        statements(&placed.rule.body.statements, &mut |statement| {
            if let StmtKind::Move(stage) = statement.kind {
                moved_to.insert(stage);
            }
        });
    }
    for pipeline in &program.model.pipelines {
        for id in pipeline.stages.iter().skip(1) {
            let stage = program.stage(*id);
            if stage.kind != StageKind::Normal
                || moved_to.contains(id)
                || stage.triggers.iter().any(|t| !t.disabled)
                || program.is_bundled(stage.span.file)
            {
                continue;
            }
            let disabled = stage.triggers.iter().find(|t| t.disabled);
            let message = format!("no trigger and no `move` brings a record to stage `{}`", stage.name);
            let diagnostic = Diagnostic::new(Code::UnreachableStage, stage.span, message)
                .label("only people and `created` events can bring a record here");
            found.push(match disabled {
                Some(trigger) => diagnostic
                    .also(trigger.span, "this trigger is disabled")
                    .help("take `disabled` away from its trigger"),
                None => diagnostic
                    .help(format!("write `trigger on …` in it, or `move to {}` in a rule", stage.name)),
            });
        }
    }
}
