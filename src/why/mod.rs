//! Why a record is where it is, and why a trigger or a rule did not run: what a watched engine noted, read with the text of
//! the rules at hand.
//!
//! `clauses` says what each part of a condition came to, `nearest` what would have had to be otherwise; `decision` puts
//! words to what was decided, `trace` writes it as lines of JSON, and `story` runs events for the sake of one record, and
//! `waited` says what came of its rules that waited.

pub mod clauses;
pub mod decision;
mod nearest;
pub mod story;
pub mod trace;
pub mod waited;
pub mod words;

use crate::model::{self, Expr, Model, Stmt, StmtKind};
use crate::program::sites::Sites;
use crate::program::{ChunkId, Program};
use crate::source::Sources;
use crate::value::*;
use std::collections::HashMap;

/// A program with its text.
pub struct Explainer<'a> {
    pub program: &'a Program,
    pub model: &'a Model,
    pub sources: &'a Sources,
    pub sites: &'a Sites,
    /// The conditions, by the chunk of their code.
    conditions: HashMap<ChunkId, (Owner, &'a Expr)>,
}

/// Whose condition it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Trigger(TriggerId),
    Rule(RuleId),
    /// Of a `wait for` in the body of the rule.
    Wait(RuleId),
}

impl<'a> Explainer<'a> {
    /// Of a program that was lowered with these sites from this model.
    pub fn new(
        program: &'a Program,
        model: &'a Model,
        sources: &'a Sources,
        sites: &'a Sites,
    ) -> Explainer<'a> {
        let mut conditions = HashMap::new();
        let mut waits = Vec::new();
        let stages = model.stages.iter();
        let rules = stages.clone().flat_map(|stage| &stage.rules);
        for rule in rules.chain(model.pipelines.iter().flat_map(|pipeline| &pipeline.rules)) {
            let compiled = program.rules.get(rule.id.0 as usize).and_then(|rule| rule.when);
            if let (Some(when), Some(chunk)) = (&rule.when, compiled) {
                conditions.insert(chunk, (Owner::Rule(rule.id), &when.expr));
            }
            waits_in(&rule.body.statements, rule, &mut waits);
        }
        for trigger in stages.flat_map(|stage| &stage.triggers) {
            let compiled = program.triggers.get(trigger.id.0 as usize).and_then(|trigger| trigger.when);
            if let (Some(when), Some(chunk)) = (&trigger.when, compiled) {
                conditions.insert(chunk, (Owner::Trigger(trigger.id), &when.expr));
            }
        }
        for chunk in program.code.waits.iter().filter_map(|wait| wait.when) {
            let own = waits.iter().find(|(_, when)| sites.of(chunk, when.span, &when.ty).is_some());
            if let Some((rule, when)) = own {
                conditions.insert(chunk, (Owner::Wait(*rule), *when));
            }
        }
        Explainer { program, model, sources, sites, conditions }
    }

    /// A condition by the chunk of its code: whose it is, and its text.
    pub fn condition(&self, chunk: ChunkId) -> Option<(Owner, &'a Expr)> {
        self.conditions.get(&chunk).copied()
    }
}

/// The conditions of all `wait for`s in a body.
fn waits_in<'m>(statements: &'m [Stmt], rule: &model::Rule, out: &mut Vec<(RuleId, &'m Expr)>) {
    for statement in statements {
        let blocks: Vec<&'m [Stmt]> = match &statement.kind {
            StmtKind::WaitFor { when, otherwise, .. } => {
                out.extend(when.as_ref().map(|when| (rule.id, when)));
                otherwise.iter().map(Vec::as_slice).collect()
            }
            StmtKind::If { branches, otherwise } => {
                let bodies = branches.iter().map(|(_, body)| body.as_slice());
                bodies.chain(otherwise.iter().map(Vec::as_slice)).collect()
            }
            StmtKind::For { body, .. } => vec![body],
            StmtKind::LetAction { otherwise, .. } => otherwise.iter().map(Vec::as_slice).collect(),
            _ => Vec::new(),
        };
        blocks.into_iter().for_each(|block| waits_in(block, rule, out));
    }
}
