//! What the engine works out once from a program, so that no event has to.

use crate::program::Program;
use crate::schema::Field;
use crate::value::*;
use regex::Regex;
use std::collections::HashMap;

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
        Tables {
            updated: schema.entities.iter().map(|entity| format!("{}.updated", entity.wire_name)).collect(),
            outputs,
            read_rules,
            outputs_of_rule,
            patterns,
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
}
