//! Which tests come to the place of a change: the others need not be run.

use crate::engine::counts::Counts;
use crate::model::{Model, Stmt, StmtKind};
use crate::program::{ChunkId, Program};
use crate::source::Span;
use crate::value::*;
use std::collections::HashMap;

/// When a change can matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nothing is known: always.
    Always,
    /// A record has been in the pipeline.
    Pipeline(PipelineId),
    /// The trigger was tried.
    Trigger(TriggerId),
    /// Something was decided about the rule.
    Rule(RuleId),
    /// The code began.
    Chunk(ChunkId),
    /// The statement began.
    Statement(ChunkId, u32),
}

impl Reach {
    pub fn by(self, counts: &Counts, program: &Program) -> bool {
        match self {
            Reach::Always => true,
            Reach::Pipeline(id) => {
                let pipeline = program.pipelines.get(id.index());
                pipeline
                    .is_some_and(|pipeline| pipeline.stages.iter().any(|stage| counts.entered(*stage) > 0))
            }
            Reach::Trigger(id) => counts.fired(id) + counts.refused(id) > 0,
            Reach::Rule(id) => counts.touched(id) > 0,
            Reach::Chunk(chunk) => counts.code.ran(chunk, 0) > 0,
            Reach::Statement(chunk, pc) => counts.code.ran(chunk, pc) > 0,
        }
    }
}

/// Where the pieces of the text are in the program.
pub(super) struct Places {
    pub pipelines: HashMap<Span, PipelineId>,
    pub triggers: HashMap<Span, TriggerId>,
    /// By the span of the name.
    pub rules: HashMap<Span, RuleId>,
    pub functions: HashMap<String, ChunkId>,
    statements: HashMap<Span, (ChunkId, u32)>,
}

impl Places {
    pub fn new(model: &Model, program: &Program) -> Places {
        let mut places = Places {
            pipelines: model.pipelines.iter().map(|pipeline| (pipeline.span, pipeline.id)).collect(),
            triggers: HashMap::new(),
            rules: HashMap::new(),
            functions: HashMap::new(),
            statements: HashMap::new(),
        };
        for (function, compiled) in model.functions.iter().zip(&program.code.functions) {
            places.functions.insert(function.name.to_string(), compiled.chunk);
        }
        let of_pipelines = model.pipelines.iter().flat_map(|pipeline| &pipeline.rules);
        for rule in model.stages.iter().flat_map(|stage| &stage.rules).chain(of_pipelines) {
            places.rules.insert(rule.span, rule.id);
            if let Some(compiled) = program.rules.get(rule.id.0 as usize) {
                places.block(&rule.body.statements, compiled.body, program);
            }
        }
        for trigger in model.stages.iter().flat_map(|stage| &stage.triggers) {
            places.triggers.insert(trigger.span, trigger.id);
        }
        places
    }

    fn block(&mut self, statements: &[Stmt], chunk: ChunkId, program: &Program) {
        let numbers = program.code.chunks.get(chunk.0 as usize).map_or(&[][..], |chunk| &chunk.statements);
        for statement in statements {
            if let Some((pc, _)) = numbers.iter().find(|(_, number)| *number == statement.number) {
                self.statements.insert(statement.span, (chunk, *pc));
            }
            match &statement.kind {
                StmtKind::If { branches, otherwise } => {
                    branches.iter().for_each(|(_, block)| self.block(block, chunk, program));
                    otherwise.iter().for_each(|block| self.block(block, chunk, program));
                }
                StmtKind::For { body, .. } => self.block(body, chunk, program),
                StmtKind::LetAction { otherwise, .. } | StmtKind::WaitFor { otherwise, .. } => {
                    otherwise.iter().for_each(|block| self.block(block, chunk, program));
                }
                _ => {}
            }
        }
    }

    /// Of a statement, if it has code of its own.
    pub fn statement(&self, span: Span) -> Option<Reach> {
        self.statements.get(&span).map(|(chunk, pc)| Reach::Statement(*chunk, *pc))
    }
}
