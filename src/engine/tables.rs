//! What the engine works out once from a program, so that no event has to.

use super::eligible::Eligible;
use super::triggers::may_move;
use super::waiting::{Listener, Run};
use crate::program::instr::Instr;
use crate::program::{ChunkId, During, EventPattern, Program, Rule, Timing};
use crate::schema::Field;
use crate::value::*;
use regex::Regex;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Lookups made when a program is loaded.
pub(super) struct Tables {
    /// By entity: `deal.updated`.
    updated: Vec<String>,
    /// By stage: the outputs of its rules that others read, and those rules.
    outputs: Vec<Vec<OutputId>>,
    read_rules: Vec<Vec<RuleId>>,
    /// By rule: its outputs that others read.
    outputs_of_rule: HashMap<RuleId, Vec<OutputId>>,
    /// The patterns of `matches` limits, compiled.
    patterns: HashMap<Text, Regex>,
    /// By event: the places that count it, in program order.
    counting: Vec<Vec<Listener>>,
    /// By stage: the places that listen to silence there.
    silences: Vec<Vec<Listener>>,
    /// By rule: whether its code looks at the event that started it or that it waited for, and at the values before.
    looks: Vec<Looks>,
    /// By stage: the triggers that could fire there, and its rules that could start, once a record has come there.
    triggers: Vec<OnceLock<Eligible>>,
    rules_of_stages: Vec<OnceLock<Eligible>>,
    /// By pipeline.
    rules_of_pipelines: Vec<OnceLock<Eligible>>,
    /// By trigger and by rule: where it stands in the program.
    trigger_ranks: Vec<u32>,
    rule_ranks: Vec<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Looks {
    pub event: bool,
    pub old: bool,
}

/// A place that listens, looked up.
pub(super) struct Listening<'p> {
    pub pattern: Option<&'p EventPattern>,
    pub pipeline: PipelineId,
    /// Of a stage's `on` rule: it listens there alone.
    pub stage: Option<StageId>,
    /// Whether it may listen in a final stage.
    pub in_final_stages: bool,
}

impl Tables {
    pub fn new(program: &Program) -> Tables {
        let mut outputs = vec![Vec::new(); program.stages.len()];
        let mut read_rules: Vec<Vec<RuleId>> = vec![Vec::new(); program.stages.len()];
        let mut outputs_of_rule: HashMap<RuleId, Vec<OutputId>> = HashMap::new();
        for (i, output) in program.outputs.iter().enumerate().filter(|(_, output)| output.read) {
            let id = OutputId(i as u32);
            outputs_of_rule.entry(output.rule).or_default().push(id);
            if let Some(stage) = program.rule(output.rule).stage {
                outputs[stage.index()].push(id);
                if !read_rules[stage.index()].contains(&output.rule) {
                    read_rules[stage.index()].push(output.rule);
                }
            }
        }
        let schema = &program.schema;
        let limited = schema.entities.iter().flat_map(|entity| &entity.fields);
        let limited = limited.chain(schema.actions.iter().flat_map(|action| &action.params));
        let patterns = limited
            .filter_map(|field| field.limits.matches.clone())
            // The checker has compiled every one of them; the verifier again, for a program from a file.
            .filter_map(|pattern| Some((pattern.clone(), Regex::new(&pattern).ok()?)))
            .collect();
        let (trigger_ranks, rule_ranks) = ranks(program);
        let mut tables = Tables {
            updated: schema.entities.iter().map(|entity| format!("{}.updated", entity.wire_name)).collect(),
            outputs,
            read_rules,
            outputs_of_rule,
            patterns,
            counting: vec![Vec::new(); schema.events.len()],
            silences: vec![Vec::new(); program.stages.len()],
            looks: program.rules.iter().map(|rule| looks(program, rule)).collect(),
            triggers: program.stages.iter().map(|_| OnceLock::new()).collect(),
            rules_of_stages: program.stages.iter().map(|_| OnceLock::new()).collect(),
            rules_of_pipelines: program.pipelines.iter().map(|_| OnceLock::new()).collect(),
            trigger_ranks,
            rule_ranks,
        };
        tables.listen(program);
        tables
    }

    /// Fills the tables of patterns over time.
    fn listen(&mut self, program: &Program) {
        for (listener, pattern) in all_listeners(program) {
            match pattern {
                EventPattern::Count { event: named, .. } => {
                    for (event, listeners) in self.counting.iter_mut().enumerate() {
                        if program.schema.event_is(EventId(event as u16), named.event) {
                            listeners.push(listener);
                        }
                    }
                }
                EventPattern::Absence { .. } => {
                    for (stage, listeners) in self.silences.iter_mut().enumerate() {
                        if listens_in(program, listener, StageId(stage as u16)) {
                            listeners.push(listener);
                        }
                    }
                }
                EventPattern::Named(_) | EventPattern::Change { .. } | EventPattern::AnyChange => {}
            }
        }
    }

    /// The event that a change of fields is: `deal.updated`.
    pub fn updated_name(&self, entity: EntityId) -> &str {
        &self.updated[entity.index()]
    }

    pub fn outputs_of_stage(&self, stage: StageId) -> &[OutputId] {
        &self.outputs[stage.index()]
    }

    pub fn read_rules_of_stage(&self, stage: StageId) -> &[RuleId] {
        &self.read_rules[stage.index()]
    }

    /// The outputs of a rule that others read.
    pub fn outputs_of_rule(&self, rule: RuleId) -> &[OutputId] {
        self.outputs_of_rule.get(&rule).map_or(&[], Vec::as_slice)
    }

    /// The pattern of a field's or parameter's limit.
    pub fn pattern(&self, field: &Field) -> Option<&Regex> {
        self.patterns.get(field.limits.matches.as_ref()?)
    }

    /// The triggers that could move a record that stands in a stage.
    pub fn triggers(&self, program: &Program, stage: StageId) -> &Eligible {
        self.triggers[stage.index()].get_or_init(|| Eligible::triggers(program, stage))
    }

    /// The rules of a stage that listen.
    pub fn rules_of_stage(&self, program: &Program, stage: StageId) -> &Eligible {
        let rules = &program.stage(stage).on_rules;
        self.rules_of_stages[stage.index()].get_or_init(|| Eligible::rules(program, rules))
    }

    /// The rules of a pipeline that listen in all of its stages.
    pub fn rules_of_pipeline(&self, program: &Program, pipeline: PipelineId) -> &Eligible {
        let rules = &program.pipeline(pipeline).on_rules;
        self.rules_of_pipelines[pipeline.index()].get_or_init(|| Eligible::rules(program, rules))
    }

    /// The places that count the event.
    pub fn counting(&self, event: EventId) -> &[Listener] {
        self.counting.get(event.index()).map_or(&[], Vec::as_slice)
    }

    /// The places that listen to silence in a stage.
    pub fn silences_of_stage(&self, stage: StageId) -> &[Listener] {
        &self.silences[stage.index()]
    }

    pub fn looks(&self, program: &Program, run: &Run) -> Looks {
        let of_rule = self.looks.get(run.rule.index()).copied().unwrap_or_default();
        match &run.frame {
            // A body of an earlier version of the program.
            Some(frame)
                if program.rules.get(run.rule.index()).is_some_and(|rule| rule.body != frame.chunk) =>
            {
                looks_of(program, [frame.chunk])
            }
            _ => of_rule,
        }
    }

    /// Where a listener stands in the program.
    pub fn rank(&self, listener: Listener) -> u32 {
        let rank = match listener {
            Listener::Trigger(trigger, _) => self.trigger_ranks.get(trigger.index()),
            Listener::Rule(rule, _) => self.rule_ranks.get(rule.index()),
        };
        rank.copied().unwrap_or(u32::MAX)
    }

    pub fn listening<'p>(&self, program: &'p Program, listener: Listener) -> Listening<'p> {
        match listener {
            Listener::Trigger(id, n) => {
                let trigger = program.trigger(id);
                Listening {
                    pattern: trigger.events.get(usize::from(n)),
                    pipeline: program.stage(trigger.stage).pipeline,
                    stage: None,
                    in_final_stages: trigger.backward,
                }
            }
            Listener::Rule(id, n) => {
                let rule = program.rule(id);
                Listening {
                    pattern: rule.on.get(usize::from(n)),
                    pipeline: rule.pipeline,
                    stage: rule.stage,
                    in_final_stages: true,
                }
            }
        }
    }
}

/// The places that listen to silence while a record stands in the stage.
#[cfg(feature = "state")]
pub(crate) fn silences_in(program: &Program, stage: StageId) -> Vec<Listener> {
    let silences =
        all_listeners(program).filter(|(_, pattern)| matches!(pattern, EventPattern::Absence { .. }));
    silences.map(|(listener, _)| listener).filter(|listener| listens_in(program, *listener, stage)).collect()
}

/// Every pattern that triggers and `on` rules listen to, those of triggers first.
pub(crate) fn all_listeners(program: &Program) -> impl Iterator<Item = (Listener, &EventPattern)> {
    let triggers = program.triggers.iter().enumerate().filter(|(_, trigger)| !trigger.disabled);
    let triggers = triggers.flat_map(|(id, trigger)| {
        let patterns = trigger.events.iter().enumerate();
        patterns.map(move |(n, pattern)| (Listener::Trigger(TriggerId(id as u32), n as u16), pattern))
    });
    let rules = program.rules.iter().enumerate().filter(|(_, rule)| !rule.disabled);
    let rules = rules.flat_map(|(id, rule)| {
        let patterns = rule.on.iter().enumerate();
        patterns.map(move |(n, pattern)| (Listener::Rule(RuleId(id as u32), n as u16), pattern))
    });
    triggers.chain(rules)
}

/// Whether the listener could do anything while a record stands in the stage.
fn listens_in(program: &Program, listener: Listener, stage: StageId) -> bool {
    let here = program.stage(stage);
    match listener {
        Listener::Trigger(id, _) => {
            let trigger = program.trigger(id);
            let there = program.stage(trigger.stage);
            there.pipeline == here.pipeline && may_move(here, stage, there, trigger).is_ok()
        }
        Listener::Rule(id, _) => {
            let rule = program.rule(id);
            rule.pipeline == here.pipeline && rule.stage.is_none_or(|own| own == stage)
        }
    }
}

/// The order of triggers and rules in the program: by pipeline, then by place in its text.
fn ranks(program: &Program) -> (Vec<u32>, Vec<u32>) {
    let triggers = program.triggers.iter().enumerate();
    let triggers = triggers.map(|(id, trigger)| {
        let pipeline = program.stage(trigger.stage).pipeline;
        (pipeline, trigger.span.start, 0, id)
    });
    let rules = program.rules.iter().enumerate();
    let rules = rules.map(|(id, rule)| (rule.pipeline, rule.span.start, 1, id));
    let mut all: Vec<(PipelineId, u32, u8, usize)> = triggers.chain(rules).collect();
    all.sort_unstable();
    let mut ranks = (vec![0; program.triggers.len()], vec![0; program.rules.len()]);
    for (rank, (_, _, kind, id)) in all.into_iter().enumerate() {
        let of_kind = if kind == 0 { &mut ranks.0 } else { &mut ranks.1 };
        of_kind[id] = rank as u32;
    }
    ranks
}

fn looks(program: &Program, rule: &Rule) -> Looks {
    let timing = rule.timing.as_ref().map(|timing| match timing {
        Timing::After { delay, .. } => *delay,
        Timing::At { instant, .. } => *instant,
    });
    let during = match &rule.during {
        Some(During::HoursOf(user)) => Some(*user),
        Some(During::Calendar(_)) | None => None,
    };
    looks_of(program, timing.into_iter().chain(during).chain(rule.when).chain([rule.body]))
}

fn looks_of(program: &Program, chunks: impl IntoIterator<Item = ChunkId>) -> Looks {
    let mut looks = Looks::default();
    let code = |chunk: ChunkId| program.code.chunks.get(chunk.0 as usize).into_iter().flat_map(|c| &c.code);
    for instr in chunks.into_iter().flat_map(code) {
        match instr {
            Instr::Payload { .. }
            | Instr::PayloadAny { .. }
            | Instr::EventType { .. }
            | Instr::EventTime { .. } => looks.event = true,
            Instr::Old { .. } => (looks.event, looks.old) = (true, true),
            _ => {}
        }
    }
    looks
}
