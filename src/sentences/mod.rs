//! A checked program in sentences: what a sales manager reads and signs off, instead of the rules themselves.
//!
//! A [`Speaker`] says each trigger, rule, condition, value and test in plain English. What it gives is [`Prose`] with the
//! names in it still known for what they are ([`Target`]), so that whoever shows it may link them.

mod conditions;
mod events;
mod functions;
mod prose;
mod rules;
mod statements;
mod tests;
mod triggers;
mod values;
mod words;

pub use prose::{Piece, Point, Prose};
pub use rules::RuleWords;
pub use words::spaced;

use crate::model::{Frame, Model, Rule};
use crate::source::Sources;
use crate::value::*;
use std::collections::{HashMap, HashSet};

/// What a name in a sentence is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    Entity(EntityId),
    Field(EntityId, FieldId),
    Enum(EnumId),
    Opaque(OpaqueId),
    Event(EventId),
    /// A member of an event's payload.
    Payload(EventId, u16),
    Action(ActionId),
    /// A user, department or role, by name.
    Principal(Text),
    Calendar(CalendarId),
    /// By name.
    Constant(String),
    Function(FnId),
    Pipeline(PipelineId),
    Stage(StageId),
    Rule(RuleId),
}

/// Says the pieces of one program.
pub struct Speaker<'m> {
    pub model: &'m Model,
    sources: &'m Sources,
    constants: HashSet<String>,
    rules: HashMap<RuleId, Home<'m>>,
}

/// Where a rule stands.
#[derive(Debug, Clone, Copy)]
pub struct Home<'m> {
    pub rule: &'m Rule,
    pub pipeline: PipelineId,
    /// `None`: in every stage of the pipeline.
    pub stage: Option<StageId>,
}

/// What is known at the place of an expression.
#[derive(Debug, Clone, Copy)]
struct Scope<'s> {
    frame: &'s Frame,
    /// The record that is spoken of.
    entity: Option<EntityId>,
    /// The pipeline around it.
    pipeline: Option<PipelineId>,
}

impl<'m> Speaker<'m> {
    /// `constants` are the names of the program's constants: where a value is written by one of them, its name leads there.
    pub fn new(model: &'m Model, sources: &'m Sources, constants: impl IntoIterator<Item = String>) -> Self {
        let mut rules = HashMap::new();
        for pipeline in &model.pipelines {
            for rule in &pipeline.rules {
                rules.insert(rule.id, Home { rule, pipeline: pipeline.id, stage: None });
            }
        }
        for stage in &model.stages {
            for rule in &stage.rules {
                rules.insert(rule.id, Home { rule, pipeline: stage.pipeline, stage: Some(stage.id) });
            }
        }
        Speaker { model, sources, constants: constants.into_iter().collect(), rules }
    }

    /// Where a rule stands.
    pub fn home(&self, rule: RuleId) -> Option<&Home<'m>> {
        self.rules.get(&rule)
    }

    /// `Deal won`, leading to the stage.
    pub fn stage(&self, id: StageId) -> Prose {
        let label = self.model.stages.get(id.index()).map_or("?", |stage| &stage.label);
        Prose::name(label, Target::Stage(id))
    }

    /// `the deal`, leading to the entity.
    fn record(&self, entity: Option<EntityId>) -> Prose {
        match entity.and_then(|id| Some((id, self.model.schema.entities.get(id.index())?))) {
            Some((id, entity)) => {
                Prose::text("the ").with(Prose::name(words::lower_first(&entity.label), Target::Entity(id)))
            }
            None => Prose::text("the record"),
        }
    }

    /// `a deal`
    fn a_record(&self, entity: EntityId) -> Prose {
        let label = self.model.schema.entities.get(entity.index()).map_or("record", |e| &e.label);
        let label = words::lower_first(label);
        let article = format!("{} ", words::article(&label));
        Prose::text(article).with(Prose::name(label, Target::Entity(entity)))
    }
}
