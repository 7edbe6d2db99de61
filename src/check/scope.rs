//! What an expression can see: locals, the record, the event at hand, and what is known to be set.

use crate::model::{self, Frame, Local, LocalId};
use crate::schema::Type;
use crate::source::Span;
use crate::value::*;
use std::sync::Arc;

/// The surroundings of an expression. A body has one, that statements change as they go.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The pipeline around, if any: its entity's fields are in scope by their bare names.
    pub pipeline: Option<PipelineId>,
    /// Whose fields are in scope (also in a `test`, where there is no pipeline).
    pub entity: Option<EntityId>,
    /// The stage around: its rules are in scope before a dot.
    pub stage: Option<StageId>,
    /// The rule around: only rules of the stage with a smaller number can be read.
    pub rule: Option<RuleId>,
    /// What `event` means here.
    pub event: EventScope,
    /// What `old` means here.
    pub old: OldScope,
    /// All variables of the frame, also those out of sight.
    pub frame: Frame,
    /// Those in sight, innermost last.
    pub locals: Vec<LocalName>,
    /// What is known to be set here.
    pub facts: Facts,
    /// Outputs of rules above that were read since this was last cleared: the statement or condition
    /// awaits them.
    pub awaits: Vec<OutputId>,
    /// Fields of the record that were read since this was last cleared (for `at`).
    pub fields_read: Vec<FieldId>,
    /// A condition on the way here has a mistake: what it would have tested may be set or not.
    pub untold: bool,
    /// A constant is wanted: no fields, no event, no `now`.
    pub constant: bool,
    /// A step of a test: there a text stands for a file.
    pub test: bool,
    /// In a test (`closes < today`): what it reads that may be unset. Said in one diagnostic at its end.
    pub unset: Option<Vec<Unset>>,
    /// In `at`: the optional values that are read as they are; while one is unset the rule waits for it.
    pub waits_for: Option<Vec<model::Expr>>,
}

/// An optional value that is used without having been tested.
#[derive(Debug, Clone)]
pub struct Unset {
    pub span: Span,
    pub ty: Type,
}

/// A local name in sight.
#[derive(Debug, Clone)]
pub struct LocalName {
    pub name: Arc<str>,
    pub span: Span,
    pub binding: LocalBinding,
}

#[derive(Debug, Clone)]
pub enum LocalBinding {
    /// `let x = expression`, a loop's or a lambda's variable, a parameter.
    Value(LocalId),
    /// `let room = create_chat { … }`: the outputs by name, `room.id`; `optional` after an `else` that goes on.
    Outputs(Vec<(Arc<str>, LocalId)>),
}

/// What `event` is.
#[derive(Debug, Clone, Default)]
pub enum EventScope {
    /// No event here; the text says why and what to do, for the error.
    #[default]
    None,
    /// `what` names the events for errors; with a change or a `no …` among them some have no payload.
    Events { sources: Vec<EventSource>, optional: bool },
}

#[derive(Debug, Clone)]
pub enum EventSource {
    Named(EventId),
    Change,
    /// `no … for`: no event at all.
    Absence,
}

/// What `old` is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OldScope {
    #[default]
    None,
    /// Every event listened to is a change.
    Change,
    /// Optional after an `else` that goes on, or where one of several events is a change.
    OptionalChange,
}

/// Paths that are known to be set: `company`, then `company.email`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    set: Vec<Place>,
    /// What was known until the record could have changed, and where that was: for the help.
    lost: Vec<(Place, Span)>,
}

/// A place that a test can speak of: a root and fields of references from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub root: Root,
    pub fields: Vec<FieldId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    Field(FieldId),
    Local(LocalId),
    /// A member of the payload.
    Payload(Arc<str>),
    Old(FieldId),
    Output(OutputId),
    /// Another pure expression about a principal: `responsible.email` has the root's place and this name.
    Property(Box<Place>, Arc<str>),
}

impl Facts {
    pub fn holds(&self, place: &Place) -> bool {
        self.set.contains(place)
    }

    pub fn add(&mut self, place: Place) {
        if !self.holds(&place) {
            self.lost.retain(|(lost, _)| *lost != place);
            self.set.push(place);
        }
    }

    pub fn add_all(&mut self, places: impl IntoIterator<Item = Place>) {
        places.into_iter().for_each(|p| self.add(p));
    }

    /// The record may have changed at this place: only what was bound by `let` stays known (and not what is
    /// read through a reference from there), and what the event brought.
    /// `lasts` says which outputs of rules stay as they are.
    pub fn forget_record(&mut self, at: Span, lasts: impl Fn(OutputId) -> bool) {
        let changes = |p: &Place| p.speaks_of_record() || p.output().is_some_and(|id| !lasts(id));
        let (lost, kept) = std::mem::take(&mut self.set).into_iter().partition(changes);
        self.set = kept;
        self.lost.extend(lost.into_iter().map(|place: Place| (place, at)));
    }

    /// Where it was forgotten that a place is set, because the record could have changed.
    pub fn lost_at(&self, place: &Place) -> Option<Span> {
        self.lost.iter().rev().find(|(lost, _)| lost == place).map(|(_, at)| *at)
    }

    /// A field was set to something that may be `none`.
    pub fn forget_field(&mut self, field: FieldId) {
        self.set.retain(|p| p.field() != Some(field));
        self.lost.retain(|(p, _)| p.field() != Some(field));
    }

    /// Another event is at hand.
    pub fn forget_event(&mut self) {
        self.set.retain(|p| !p.speaks_of_event());
    }

    /// The event is again the one of `before`, and so is what is known of it.
    pub fn restore_event(&mut self, before: &Facts) {
        self.forget_event();
        self.add_all(before.set.iter().filter(|p| p.speaks_of_event()).cloned());
    }

    /// What is known on both of two ways that meet.
    pub fn meet(&mut self, other: &Facts) {
        self.set.retain(|p| other.holds(p));
        for lost in &other.lost {
            if !self.lost.contains(lost) {
                self.lost.push(lost.clone());
            }
        }
    }
}

impl Place {
    fn speaks_of_record(&self) -> bool {
        !self.fields.is_empty()
            || match &self.root {
                Root::Field(_) => true,
                Root::Property(of, _) => of.speaks_of_record(),
                Root::Local(_) | Root::Payload(_) | Root::Old(_) | Root::Output(_) => false,
            }
    }

    fn speaks_of_event(&self) -> bool {
        match &self.root {
            Root::Payload(_) | Root::Old(_) => true,
            Root::Property(of, _) => of.speaks_of_event(),
            _ => false,
        }
    }

    /// The output of a rule that this begins with.
    fn output(&self) -> Option<OutputId> {
        match &self.root {
            Root::Output(id) => Some(*id),
            Root::Property(of, _) => of.output(),
            _ => None,
        }
    }

    /// The field of the record that this begins with.
    fn field(&self) -> Option<FieldId> {
        match &self.root {
            Root::Field(f) => Some(*f),
            Root::Property(of, _) => of.field(),
            _ => None,
        }
    }
}

impl Scope {
    /// Makes a new variable, not yet in sight.
    pub fn new_local(&mut self, name: &Arc<str>, ty: Type) -> LocalId {
        let id = LocalId(u16::try_from(self.frame.locals.len()).unwrap_or(u16::MAX));
        // Beyond what ids can count all are one, of which nothing is said. The frame is then reported as too full.
        match self.frame.locals.get_mut(usize::from(id.0)) {
            Some(last) => last.ty = Type::Error,
            None => self.frame.locals.push(Local { name: name.clone(), ty }),
        }
        id
    }

    pub fn local_named(&self, name: &str) -> Option<&LocalName> {
        self.locals.iter().rev().find(|l| &*l.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_names_than_ids_can_count_are_never_taken_for_others() {
        let (mut scope, name) = (Scope::default(), Arc::from("x"));
        let most = usize::from(u16::MAX);
        for n in 0..=most {
            assert_eq!(usize::from(scope.new_local(&name, Type::Int).0), n);
        }
        for _ in 0..3 {
            let id = scope.new_local(&name, Type::Text);
            assert_eq!(scope.frame.locals[usize::from(id.0)].ty, Type::Error);
        }
        // What the checker reports as too many.
        assert!(scope.frame.locals.len() > super::super::names::MOST);
        assert_eq!(scope.frame.locals[0].ty, Type::Int);
    }
}
