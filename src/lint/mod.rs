//! Warnings: what is not wrong, but surely not meant.
//!
//! They are made from a program without errors, one file each. A warning is only given where it is certain: a
//! question has three answers (certain, certainly not, cannot be told), and only the first is said.

mod confusable_name;
mod constant_condition;
mod disabled_code;
mod move_cycle;
mod never_starts;
mod reason;
mod shadowed_name;
mod shadowed_trigger;
mod situation;
mod trial;
mod unreachable_stage;
mod unused;
mod waits_in_final_stage;
mod ways;
mod words;
mod write_conflict;

pub use ways::ways;

use crate::compiler::Loaded;
use crate::diagnostic::Diagnostic;
use crate::library;
use crate::model::{Expr, ExprKind, Model, Pipeline, Rule, Stage, Stmt, StmtKind, Trigger};
use crate::source::{FileId, Sources, Span};
use crate::syntax::tree::{self, ItemKind};
use crate::value::{PipelineId, StageId};

/// All warnings of a program without errors, in no particular order.
pub fn warnings(loaded: &Loaded, model: &Model) -> Vec<Diagnostic> {
    let program = Program::new(loaded, model);
    let mut found = Vec::new();
    constant_condition::check(&program, &mut found);
    confusable_name::check(&program, &mut found);
    disabled_code::check(&program, &mut found);
    never_starts::check(&program, &mut found);
    shadowed_name::check(&program, &mut found);
    shadowed_trigger::check(&program, &mut found);
    unreachable_stage::check(&program, &mut found);
    unused::check(&program, &mut found);
    waits_in_final_stage::check(&program, &mut found);
    let mut trial = None;
    move_cycle::check(&program, &mut trial, &mut found);
    write_conflict::check(&program, &mut trial, &mut found);
    found
}

/// The checked program and its text.
struct Program<'p> {
    loaded: &'p Loaded,
    model: &'p Model,
    sources: &'p Sources,
}

/// A rule and where it stands.
#[derive(Clone, Copy)]
struct Placed<'p> {
    rule: &'p Rule,
    pipeline: &'p Pipeline,
    /// `None` for a rule that stands directly in its pipeline.
    stage: Option<&'p Stage>,
}

impl<'p> Program<'p> {
    fn new(loaded: &'p Loaded, model: &'p Model) -> Self {
        Program { loaded, model, sources: &loaded.sources }
    }

    fn text(&self, span: Span) -> &'p str {
        self.sources.text(span)
    }

    /// Whether the file is one of those that come with stagegate: nobody can change it.
    fn is_bundled(&self, file: FileId) -> bool {
        let source = self.sources.file(file);
        source.path.is_none() && library::named(&source.name).is_some()
    }

    fn items(&self) -> impl Iterator<Item = &'p tree::Item> {
        self.loaded.files.iter().flat_map(|file| &file.items)
    }

    fn pipeline_trees(&self) -> impl Iterator<Item = &'p tree::Pipeline> {
        self.items().filter_map(|item| match &item.kind {
            ItemKind::Pipeline(pipeline) => Some(pipeline),
            _ => None,
        })
    }

    /// Every rule of the text: those of stages and of pipelines.
    fn rule_trees(&self) -> impl Iterator<Item = &'p tree::Rule> {
        self.pipeline_trees().flat_map(|p| &p.members).flat_map(|member| {
            let (own, in_stage): (Option<&tree::Rule>, &[tree::StageMember]) = match member {
                tree::PipelineMember::Rule(rule) => (Some(rule), &[]),
                tree::PipelineMember::Stage(stage) => (None, &stage.members),
            };
            own.into_iter().chain(in_stage.iter().filter_map(|member| match member {
                tree::StageMember::Rule(rule) => Some(rule),
                tree::StageMember::Trigger(_) => None,
            }))
        })
    }

    /// Every trigger of the text, in the order of their numbers.
    fn trigger_trees(&self) -> impl Iterator<Item = &'p tree::Trigger> {
        self.pipeline_trees().flat_map(|p| &p.members).flat_map(|member| {
            let members: &[tree::StageMember] = match member {
                tree::PipelineMember::Rule(_) => &[],
                tree::PipelineMember::Stage(stage) => &stage.members,
            };
            members.iter().filter_map(|member| match member {
                tree::StageMember::Trigger(trigger) => Some(trigger),
                tree::StageMember::Rule(_) => None,
            })
        })
    }

    fn pipeline(&self, id: PipelineId) -> &'p Pipeline {
        &self.model.pipelines[id.index()]
    }

    fn stage(&self, id: StageId) -> &'p Stage {
        &self.model.stages[id.index()]
    }

    fn triggers(&self) -> impl Iterator<Item = (&'p Stage, &'p Trigger)> {
        self.model.stages.iter().flat_map(|stage| stage.triggers.iter().map(move |t| (stage, t)))
    }

    fn rules(&self) -> impl Iterator<Item = Placed<'p>> {
        let model = self.model;
        let of_stages = model.stages.iter().flat_map(move |stage| {
            let pipeline = &model.pipelines[stage.pipeline.index()];
            stage.rules.iter().map(move |rule| Placed { rule, pipeline, stage: Some(stage) })
        });
        let of_pipelines = model.pipelines.iter().flat_map(|pipeline| {
            pipeline.rules.iter().map(move |rule| Placed { rule, pipeline, stage: None })
        });
        of_stages.chain(of_pipelines)
    }
}

/// Visits every statement, those of inner blocks too.
pub(crate) fn statements<'m>(block: &'m [Stmt], visit: &mut dyn FnMut(&'m Stmt)) {
    for statement in block {
        visit(statement);
        for inner in blocks(statement) {
            statements(inner, visit);
        }
    }
}

/// The blocks directly inside of a statement.
fn blocks(statement: &Stmt) -> Vec<&[Stmt]> {
    match &statement.kind {
        StmtKind::LetAction { otherwise, .. } | StmtKind::WaitFor { otherwise, .. } => {
            otherwise.iter().map(Vec::as_slice).collect()
        }
        StmtKind::If { branches, otherwise } => {
            branches.iter().map(|(_, b)| b.as_slice()).chain(otherwise.iter().map(Vec::as_slice)).collect()
        }
        StmtKind::For { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

/// The expressions of a statement, without those of its inner blocks.
fn expressions(statement: &Stmt) -> Vec<&Expr> {
    match &statement.kind {
        StmtKind::Action(call) => call.params.iter().map(|(_, e)| e).collect(),
        StmtKind::LetAction { call, at_most, .. } => {
            call.params.iter().map(|(_, e)| e).chain(at_most).collect()
        }
        StmtKind::Let { value, .. } | StmtKind::Wait(value) | StmtKind::WaitUntil(value) => vec![value],
        StmtKind::Set(fields) => fields.iter().map(|(_, e)| e).collect(),
        StmtKind::If { branches, .. } => branches.iter().map(|(e, _)| e).collect(),
        StmtKind::For { list, .. } => vec![list],
        StmtKind::WaitFor { when, at_most, .. } => when.iter().chain(at_most).collect(),
        StmtKind::Move(_) | StmtKind::Stop => Vec::new(),
    }
}

/// The blocks directly inside of a statement of the text.
fn tree_blocks(statement: &tree::Stmt) -> Vec<&tree::Block> {
    use tree::StmtKind::*;
    match &statement.kind {
        LetAction { otherwise, .. } | WaitFor { otherwise, .. } => otherwise.iter().collect(),
        If { branches, otherwise } => branches.iter().map(|(_, b)| b).chain(otherwise).collect(),
        For { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

/// Whether it is a question, and not a value that is `true` or `false` anyhow.
fn is_test(e: &Expr) -> bool {
    matches!(
        e.kind,
        ExprKind::Not(_)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Equal { .. }
            | ExprKind::EqualIgnoreCase { .. }
            | ExprKind::Order { .. }
            | ExprKind::Between { .. }
            | ExprKind::In { .. }
            | ExprKind::ContainsText { .. }
            | ExprKind::StartsWith { .. }
            | ExprKind::EndsWith { .. }
            | ExprKind::IsSet(_)
            | ExprKind::IsEmpty(_)
            | ExprKind::StageIs { .. }
    )
}
