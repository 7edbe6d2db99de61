//! What a rule knows of what has happened: `event.…`, the event at hand, and `old.…`, the record before a change.

use super::super::Checker;
use super::super::scope::{EventScope, EventSource, OldScope, Scope};
use super::names::Start;
use super::node;
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::ExprKind;
use crate::schema::Type;
use crate::syntax::tree::Name;
use crate::value::EventId;

impl Checker<'_> {
    pub(super) fn event_member(&mut self, chain: &[&Name], scope: &mut Scope) -> Start {
        let first = chain[0];
        let EventScope::Events { sources, optional } = scope.event.clone() else {
            let help = "`event` is known in a trigger, in a rule with `on`, and after `wait for`";
            let message = "there is no event here that `event` could speak of";
            self.report(Diagnostic::new(Code::NoEvent, first.span, message).help(help));
            return Start::Mistake;
        };
        let Some(second) = chain.get(1) else {
            let message = "`event` stands for all that the event brings";
            let help = self.event_help(&sources);
            self.report(Diagnostic::new(Code::NotAValue, first.span, message).maybe_help(help));
            return Start::Mistake;
        };
        let span = first.span.to(second.span);
        if sources.iter().any(|s| matches!(s, EventSource::Absence)) {
            let message = "`no … for …` comes when nothing has happened: there is no event then";
            let help = "write a field of the record itself, without `event`";
            self.report(Diagnostic::new(Code::NoEvent, span, message).help(help));
            return Start::Mistake;
        }
        let meta = match &*second.text {
            "type" => Some((ExprKind::EventType, Type::Text)),
            "time" => Some((ExprKind::EventTime, Type::DateTime)),
            _ => None,
        };
        let (kind, ty) = match meta {
            Some(meta) => meta,
            None => match self.payload_member(second, &sources) {
                Some(payload) => payload,
                None => return Start::Mistake,
            },
        };
        let ty = if optional { ty.optional() } else { ty };
        let x = node(kind, ty, span);
        Start::Is(self.narrowed(x, scope), 2)
    }

    fn event_help(&self, sources: &[EventSource]) -> Option<String> {
        let names: Vec<_> = sources
            .iter()
            .find_map(|s| match s {
                EventSource::Named(id) => Some(*id),
                _ => None,
            })
            .into_iter()
            .flat_map(|id| &self.schema.event(id).payload)
            .map(|f| format!("`event.{}`", f.name))
            .chain(["`event.time`".to_string()])
            .collect();
        Some(format!("write {}", names.join(" or ")))
    }

    /// `event.x` exists if all of the events have it, with one type.
    fn payload_member(&mut self, name: &Name, sources: &[EventSource]) -> Option<(ExprKind, Type)> {
        let mut slots: Vec<(EventId, u16)> = Vec::new();
        let mut ty: Option<Type> = None;
        let mut lacking: Vec<String> = Vec::new();
        for source in sources {
            let EventSource::Named(id) = source else {
                lacking.push("a change".into());
                continue;
            };
            let event = self.schema.event(*id);
            let Some(slot) = event.payload.iter().position(|f| *f.name == *name.text) else {
                lacking.push(format!("`{}`", event.name));
                continue;
            };
            let this = event.payload[slot].ty.clone();
            slots.push((*id, slot as u16));
            match &ty {
                None => ty = Some(this),
                Some(before) if before.inner() == this.inner() => {
                    if this.is_optional() {
                        ty = Some(this);
                    }
                }
                Some(Type::Error) => {}
                Some(before) => {
                    let message = format!(
                        "`event.{}` is {} for one of these events, and {} for `{}`",
                        name.text,
                        self.a(before),
                        self.a(&this),
                        event.name
                    );
                    self.report(Diagnostic::new(Code::UnknownMember, name.span, message));
                    return None;
                }
            }
        }
        if lacking.is_empty() {
            return ty.filter(|ty| *ty != Type::Error).map(|ty| (ExprKind::Payload(slots), ty));
        }
        let message = match (&lacking[..], slots.is_empty()) {
            ([one], _) if one == "a change" => format!("a change brings no `{}`", name.text),
            (_, true) => format!("{} has no `{}`", lacking.join(" and "), name.text),
            _ => format!(
                "`{}` is not in every event listened to here: {} lacks it",
                name.text,
                lacking.join(" and ")
            ),
        };
        let mut known: Vec<_> = Vec::new();
        for source in sources {
            if let EventSource::Named(id) = source {
                known.extend(self.schema.event(*id).payload.iter().map(|f| f.name.clone()));
            }
        }
        known.extend(["type".into(), "time".into()]);
        known.dedup();
        let only_changes = sources.iter().all(|s| matches!(s, EventSource::Change));
        let help = if !only_changes && !slots.is_empty() {
            Some(Advice::say("put the events into a rule or trigger of their own each"))
        } else if only_changes {
            Some(Advice::say(format!(
                "write `old.{0}` for the value before, `{0}` for the one now",
                name.text
            )))
        } else {
            Advice::near(name.span, &name.text, known.iter().map(|n| &**n)).or_else(|| {
                let known: Vec<_> = known.iter().map(|n| format!("`{n}`")).collect();
                Some(Advice::say(format!("it has {}", known.join(", "))))
            })
        };
        self.report(Diagnostic::new(Code::UnknownMember, name.span, message).advised(help));
        None
    }

    pub(super) fn old_member(&mut self, chain: &[&Name], scope: &mut Scope) -> Start {
        let first = chain[0];
        let (Some(entity), OldScope::Change | OldScope::OptionalChange) = (scope.entity, scope.old) else {
            let message = "there is no change here that `old` could speak of";
            let help = "`old` is known under `on change of …` and `on any change`";
            self.report(Diagnostic::new(Code::NoOld, first.span, message).help(help));
            return Start::Mistake;
        };
        let Some(second) = chain.get(1) else {
            let message = "`old` stands for all values before the change";
            let help = "write a field behind it: `old.responsible`";
            self.report(Diagnostic::new(Code::NotAValue, first.span, message).help(help));
            return Start::Mistake;
        };
        let Some(field) = self.field_named(entity, &second.text) else {
            self.unknown_field(entity, second);
            return Start::Mistake;
        };
        let ty = self.schema.entity(entity).fields[field.index()].ty.clone();
        let ty = if scope.old == OldScope::OptionalChange { ty.optional() } else { ty };
        let x = node(ExprKind::Old(field), ty, first.span.to(second.span));
        Start::Is(self.narrowed(x, scope), 2)
    }
}
