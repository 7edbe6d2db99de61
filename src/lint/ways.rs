//! From which stages a trigger may move a record, as far as its condition tells.

use super::Program;
use super::reason::Reason;
use super::situation::{asks_where, condition, eligible, of_patterns};
use crate::compiler::Loaded;
use crate::model::{Model, Stage, Trigger};
use crate::value::{StageId, TriggerId};
use std::collections::HashMap;

/// Beyond so many stages conditions are not asked.
const MOST_STAGES: usize = 200;

/// For each trigger the stages in which its condition can hold and from which it may move a record, in their order:
/// none is left out that is one.
pub fn ways(loaded: &Loaded, model: &Model) -> HashMap<TriggerId, Vec<StageId>> {
    let program = Program::new(loaded, model);
    program.triggers().map(|(stage, trigger)| (trigger.id, of(&program, stage, trigger))).collect()
}

fn of(program: &Program, stage: &Stage, trigger: &Trigger) -> Vec<StageId> {
    let mut all: Vec<StageId> = eligible(program, stage, trigger).collect();
    let asks = trigger.when.as_ref().is_some_and(|when| asks_where(&when.expr));
    if !asks || all.len() > MOST_STAGES {
        return all;
    }
    let pipeline = program.pipeline(stage.pipeline);
    let mut reason = Reason::new(program.model);
    let situations = of_patterns(program, pipeline, &trigger.events);
    let fires: Vec<_> = situations
        .iter()
        .map(|situation| {
            let settings = situation.settings(program, &mut reason);
            settings.and(condition(&mut reason, &trigger.when, &situation.place))
        })
        .collect();
    all.retain(|from| {
        let here = reason.stands_in(pipeline.entity, [*from]);
        fires.iter().any(|fires| !reason.never(&here.clone().and(fires.clone())))
    });
    all
}
