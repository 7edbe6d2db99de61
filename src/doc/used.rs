//! Who uses what: which rules and triggers name an event, an action, a field.

use super::{Book, Place};
use crate::model::{Stmt, StmtKind};
use crate::sentences::Target;
use crate::value::*;

impl Book<'_> {
    pub(super) fn count_uses(&mut self) {
        let mut found = Vec::new();
        for pipeline in &self.pipelines {
            for stage in &pipeline.stages {
                for trigger in &stage.triggers {
                    let mut targets = Vec::new();
                    trigger.point.targets(&mut targets);
                    found.extend(
                        targets.into_iter().map(|target| (target, Place::Trigger(trigger.trigger.id))),
                    );
                }
            }
            let rules = pipeline.stages.iter().flat_map(|stage| &stage.rules).chain(&pipeline.rules);
            for rule in rules {
                let mut targets = Vec::new();
                rule.words.targets(&mut targets);
                found.extend(targets.into_iter().map(|target| (target, Place::Rule(rule.rule.id))));
            }
        }
        for (target, place) in found {
            self.used.entry(target).or_default().insert(place);
        }
    }

    /// Who names it.
    pub fn uses(&self, target: &Target) -> impl Iterator<Item = Place> + '_ {
        self.used.get(target).into_iter().flatten().copied()
    }

    /// The rules that move a record to a stage.
    pub fn movers(&self, stage: StageId) -> Vec<RuleId> {
        let parts = self.pipelines.iter();
        let rules =
            parts.flat_map(|part| part.stages.iter().flat_map(|stage| &stage.rules).chain(&part.rules));
        let moving = rules.filter(|part| moves_to(&part.rule.body.statements, stage));
        moving.map(|part| part.rule.id).collect()
    }

    /// Whether something of a library is told of in the book: because it is named, or has a part that is.
    pub(super) fn is_told(&self, target: &Target) -> bool {
        let named = |wanted: &dyn Fn(&Target) -> bool| self.used.keys().any(wanted);
        match target {
            Target::Entity(id) => {
                let has_pipeline = self.model.pipelines.iter().any(|pipeline| pipeline.entity == *id);
                let extended =
                    self.loaded.files.iter().flat_map(|file| &file.items).any(|item| match &item.kind {
                        crate::syntax::tree::ItemKind::Extend { entity, .. } => {
                            *entity.text == *self.model.schema.entity(*id).name
                        }
                        _ => false,
                    });
                has_pipeline
                    || extended
                    || named(&|t| matches!(t, Target::Entity(e) | Target::Field(e, _) if e == id))
            }
            Target::Event(id) => {
                // Whoever reads of an event reads of what it is a kind of.
                let parent_of = |other: &EventId| self.model.schema.event_is(*other, *id);
                named(&|t| matches!(t, Target::Event(e) | Target::Payload(e, _) if parent_of(e)))
            }
            Target::Enum(id) => {
                let ty = crate::schema::Type::Enum(*id);
                let schema = &self.model.schema;
                let of_entity = schema.entities.iter().enumerate().any(|(at, entity)| {
                    entity.fields.iter().any(|field| *types_inner(&field.ty) == ty)
                        && self.is_told(&Target::Entity(EntityId(at as u16)))
                });
                let of_action = schema.actions.iter().enumerate().any(|(at, action)| {
                    action.params.iter().chain(&action.outputs).any(|field| *types_inner(&field.ty) == ty)
                        && self.is_told(&Target::Action(ActionId(at as u16)))
                });
                self.used.contains_key(target) || of_entity || of_action
            }
            Target::Opaque(_) => true,
            _ => self.used.contains_key(target),
        }
    }
}

/// Whether any of the statements, or of those within them, is a move to the stage.
fn moves_to(statements: &[Stmt], stage: StageId) -> bool {
    let within = |block: &Option<Vec<Stmt>>| block.as_ref().is_some_and(|block| moves_to(block, stage));
    statements.iter().any(|statement| match &statement.kind {
        StmtKind::Move(to) => *to == stage,
        StmtKind::LetAction { otherwise, .. } | StmtKind::WaitFor { otherwise, .. } => within(otherwise),
        StmtKind::If { branches, otherwise } => {
            branches.iter().any(|(_, body)| moves_to(body, stage)) || within(otherwise)
        }
        StmtKind::For { body, .. } => moves_to(body, stage),
        StmtKind::Action(_)
        | StmtKind::Let { .. }
        | StmtKind::Set(_)
        | StmtKind::Wait(_)
        | StmtKind::WaitUntil(_)
        | StmtKind::Stop => false,
    })
}

/// A type without `?` and `list of`.
pub(super) fn types_inner(ty: &crate::schema::Type) -> &crate::schema::Type {
    match ty.inner() {
        crate::schema::Type::List(element) => types_inner(element),
        ty => ty,
    }
}
