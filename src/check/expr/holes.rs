//! Holes: what is wanted at a `?`, and what in scope has it.

use super::super::scope::{EventScope, EventSource, LocalBinding, Scope};
use super::super::{Checker, ValueSymbol};
use super::mistake;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Expr;
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::PrincipalKind;

/// More than this nobody reads.
const SHOWN: usize = 12;

impl Checker<'_> {
    /// A hole as an expression.
    pub(super) fn value_hole(&mut self, span: Span, hint: Option<&Type>, scope: &Scope) -> Expr {
        let hint = hint.filter(|h| !matches!(h, Type::Error | Type::Never));
        let message = match hint {
            Some(want) => format!("{} goes here", self.a(want.inner())),
            None => "a value goes here".to_string(),
        };
        let fitting = self.fitting(hint, scope);
        let help = match fitting.len() {
            0 => None,
            n if n > SHOWN => {
                Some(format!("what fits: {}, and {} more", fitting[..SHOWN].join(", "), n - SHOWN))
            }
            _ => Some(format!("what fits: {}", fitting.join(", "))),
        };
        self.report(Diagnostic::new(Code::Hole, span, message).label("a hole").maybe_help(help));
        mistake(span)
    }

    /// What in scope could stand where a type is wanted, nearest first.
    fn fitting(&self, want: Option<&Type>, scope: &Scope) -> Vec<String> {
        let mut all: Vec<(String, Type)> = Vec::new();
        for local in scope.locals.iter().rev() {
            match &local.binding {
                LocalBinding::Value(id) => {
                    all.push((local.name.to_string(), scope.frame.locals[usize::from(id.0)].ty.clone()));
                }
                LocalBinding::Outputs(outputs) => {
                    for (name, id) in outputs {
                        let ty = scope.frame.locals[usize::from(id.0)].ty.clone();
                        all.push((format!("{}.{name}", local.name), ty));
                    }
                }
            }
        }
        if let EventScope::Events { sources, .. } = &scope.event
            && let [EventSource::Named(event)] = &sources[..]
        {
            let payload = &self.schema.event(*event).payload;
            all.extend(payload.iter().map(|f| (format!("event.{}", f.name), f.ty.clone())));
        }
        if let Some(entity) = scope.entity.filter(|_| !scope.constant) {
            let fields = &self.schema.entity(entity).fields;
            all.extend(fields.iter().map(|f| (f.name.to_string(), f.ty.clone())));
        }
        if let Some(Type::Enum(id)) = want.map(super::literals::element) {
            let values = &self.schema.enumeration(*id).values;
            all.extend(values.iter().map(|v| (v.name.to_string(), Type::Enum(*id))));
        }
        if let (Some(Type::Stage(entity)), Some(pipeline)) = (want.map(Type::inner), scope.pipeline)
            && let Some(pipeline) = self.pipelines.get(pipeline.index())
        {
            let stages = pipeline.stages.iter().filter_map(|s| self.stages.get(s.index()));
            all.extend(stages.map(|s| (s.name.to_string(), Type::Stage(*entity))));
        }
        let mut values: Vec<(String, Type)> = Vec::new();
        for (name, (symbol, _)) in &self.names.values {
            let ty = match symbol {
                ValueSymbol::Principal(id) => match self.schema.principal(*id).kind {
                    PrincipalKind::User => Type::User,
                    PrincipalKind::Department => Type::Department,
                    PrincipalKind::Role => Type::Role,
                },
                ValueSymbol::Constant(index) => match self.constants.get(*index as usize) {
                    Some(constant) => constant.ty.clone(),
                    None => continue,
                },
                ValueSymbol::Calendar(_) => continue,
            };
            values.push((name.to_string(), ty));
        }
        values.sort_by(|a, b| a.0.cmp(&b.0));
        all.extend(values);
        if scope.test {
            all.push(("\"offer.pdf\"".to_string(), Type::File));
        }
        if !scope.constant {
            all.extend([("today".to_string(), Type::Date), ("now".to_string(), Type::DateTime)]);
        }
        let Some(want) = want else {
            let listed = all.iter().filter(|(_, ty)| !matches!(ty, Type::Error | Type::File));
            return listed.map(|(name, ty)| format!("`{name}`: {}", self.schema.type_name(ty))).collect();
        };
        let fits = |ty: &Type| *ty != Type::Error && self.fits_hole(ty, want);
        let sure = all.iter().filter(|(_, ty)| fits(ty)).map(|(name, _)| format!("`{name}`"));
        let perhaps = all
            .iter()
            .filter(|(_, ty)| !fits(ty) && ty.is_optional() && fits(ty.inner()))
            .map(|(name, _)| format!("`{name}` (may be empty)"));
        sure.chain(perhaps).collect()
    }
}
