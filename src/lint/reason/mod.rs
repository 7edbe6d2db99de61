//! What can be told of conditions without running them: whether one can hold, and whether one holds wherever
//! another does.
//!
//! A condition becomes a [`Formula`] over terms: values that are not known before the run, as a field, a member of
//! the payload, or `len(title)`. The constants that a term is compared with cut its values into regions in which
//! every test of it has one answer; what cannot be cut so is free to be either. So "it cannot hold" is certain,
//! whatever else there is; "it can" is certain only where nothing was left free. Like the run, a formula has three
//! outcomes: true, false, and a failure.

mod build;
mod key;
mod plain;
mod solve;
mod term;
#[cfg(test)]
mod tests;

pub use build::may_fail;
pub use plain::is_open;
pub use solve::{Answer, Witness};
pub use term::{Origin, Point, Term};

use crate::model::{Expr, ExprKind, Model};
use crate::schema::{Schema, Type};
use crate::source::{FileId, Span};
use crate::syntax::tree::StageKind;
use crate::value::{EntityId, EventId, PipelineId, StageId};
use std::collections::HashMap;

/// A condition of which only the structure is left.
#[derive(Debug, Clone)]
pub enum Formula {
    Known(bool),
    Fails,
    Test(TermId, Test),
    /// True or false, nobody knows which, but the same at every place.
    Free {
        atom: u32,
        may_fail: bool,
    },
    Not(Box<Formula>),
    And(Box<Formula>, Box<Formula>),
    Or(Box<Formula>, Box<Formula>),
    If(Box<Formula>, Box<Formula>, Box<Formula>),
    /// Whether the inside is true: a failure is as good as false.
    Holds(Box<Formula>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TermId(u32);

/// A question about one value.
#[derive(Debug, Clone)]
pub enum Test {
    IsSet,
    /// Of `none` it is false.
    OneOf(Vec<Point>),
    /// Of `none` they fail.
    Less(Point),
    Greater(Point),
    /// A question that only the value itself answers.
    Asks(Question, u32),
    /// Whether a stage is of one of these kinds.
    IsOfKind(Vec<StageKind>, u32),
    /// Of two values: the outcome if the first is less, equal, greater, or otherwise different.
    Compared([Option<bool>; 4]),
}

/// What is asked of a text or a list.
#[derive(Debug, Clone)]
pub enum Question {
    IsEmpty,
    IgnoringCase(crate::value::Text),
    Contains(crate::value::Text),
    Starts(crate::value::Text),
    Ends(crate::value::Text),
    /// Not asked before the run.
    Other,
}

/// What is known of the place where a condition is evaluated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    /// Whose fields are meant by their bare names.
    pub entity: Option<EntityId>,
    /// The event at hand, as it is listened to.
    pub event: Option<EventId>,
}

/// The terms of formulas that are compared with each other. All are of one moment: one record, one event.
pub struct Reason<'m> {
    model: &'m Model,
    schema: &'m Schema,
    terms: Vec<Term>,
    by_key: HashMap<String, TermId>,
    atoms: HashMap<String, u32>,
}

impl<'m> Reason<'m> {
    pub fn new(model: &'m Model) -> Self {
        Reason {
            model,
            schema: &model.schema,
            terms: Vec::new(),
            by_key: HashMap::new(),
            atoms: HashMap::new(),
        }
    }

    pub fn term(&self, id: TermId) -> &Term {
        &self.terms[id.0 as usize]
    }

    fn atom(&mut self, key: String) -> u32 {
        let next = self.atoms.len() as u32;
        *self.atoms.entry(key).or_insert(next)
    }
}

impl Formula {
    pub fn not(self) -> Formula {
        match self {
            Formula::Known(b) => Formula::Known(!b),
            Formula::Not(inner) => *inner,
            other => Formula::Not(Box::new(other)),
        }
    }

    pub fn and(self, other: Formula) -> Formula {
        match (self, other) {
            (Formula::Known(true), f) => f,
            (Formula::Known(false), _) => Formula::Known(false),
            (a, b) => Formula::And(Box::new(a), Box::new(b)),
        }
    }

    pub fn or(self, other: Formula) -> Formula {
        match (self, other) {
            (Formula::Known(false), f) => f,
            (Formula::Known(true), _) => Formula::Known(true),
            (a, b) => Formula::Or(Box::new(a), Box::new(b)),
        }
    }

    pub fn choose(condition: Formula, then: Formula, otherwise: Formula) -> Formula {
        match condition {
            Formula::Known(true) => then,
            Formula::Known(false) => otherwise,
            c => Formula::If(Box::new(c), Box::new(then), Box::new(otherwise)),
        }
    }

    pub fn holds(self) -> Formula {
        match self {
            Formula::Known(b) => Formula::Known(b),
            Formula::Fails => Formula::Known(false),
            other => Formula::Holds(Box::new(other)),
        }
    }

    /// Visits every part.
    fn visit(&self, visit: &mut dyn FnMut(&Formula)) {
        let mut open = vec![self];
        while let Some(f) = open.pop() {
            visit(f);
            match f {
                Formula::Not(a) | Formula::Holds(a) => open.push(a),
                Formula::And(a, b) | Formula::Or(a, b) => open.extend([&**a, &**b]),
                Formula::If(a, b, c) => open.extend([&**a, &**b, &**c]),
                Formula::Known(_) | Formula::Fails | Formula::Test(..) | Formula::Free { .. } => {}
            }
        }
    }
}

impl Reason<'_> {
    /// That the record stands in one of these stages.
    pub fn stands_in(&mut self, entity: EntityId, stages: impl IntoIterator<Item = StageId>) -> Formula {
        let points = stages.into_iter().map(|id| Point::Stage(id.0)).collect();
        self.test_of_place(ExprKind::Stage, Type::Stage(entity), points)
    }

    /// That the record stands in the pipeline.
    pub fn goes_through(&mut self, entity: EntityId, pipeline: PipelineId) -> Formula {
        self.test_of_place(ExprKind::Pipeline, Type::Pipeline(entity), vec![Point::Pipeline(pipeline.0)])
    }

    fn test_of_place(&mut self, kind: ExprKind, ty: Type, points: Vec<Point>) -> Formula {
        let e = Expr { kind, ty, span: Span { file: FileId(0), start: 0, end: 0 } };
        let place = Place::default();
        let id = self.term_of(key::key(self.schema, &e, &place), |reason| reason.describe(&e, &place));
        Formula::Test(id, Test::OneOf(points))
    }

    /// Whether it can never be true.
    pub fn never(&self, f: &Formula) -> bool {
        matches!(self.possible(f), Answer::No)
    }

    /// Whether it is always true, without ever failing.
    #[cfg(test)]
    pub fn always(&self, f: &Formula) -> bool {
        self.never(&f.clone().holds().not())
    }

    /// Whether the second holds wherever the first does.
    pub fn implies(&self, a: &Formula, b: &Formula) -> bool {
        self.never(&a.clone().holds().and(b.clone().holds().not()))
    }
}
