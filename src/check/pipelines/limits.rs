//! Limits that a value of the program must break: said before any record is touched.

use crate::check::Checker;
use crate::check::helps::Broken;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{self, Conversion, ExprKind, TextPart};
use crate::schema::{Limits, Type};
use crate::source::Span;
use crate::value::limits::check_limits;
use crate::value::*;
use rust_decimal::Decimal;

impl Checker<'_> {
    /// Reports a value that breaks the limits whatever the run brings. `what` names the field or parameter,
    /// `place` is where it is declared.
    pub(super) fn check_value_limits(
        &mut self,
        what: &str,
        ty: &Type,
        limits: &Limits,
        value: &model::Expr,
        place: Option<Span>,
    ) {
        if *limits == Limits::default() || value.ty == Type::Error {
            return;
        }
        let broken = match self.fold(value) {
            Some(Ok(value)) => {
                let pattern = limits.matches.as_ref().and_then(|p| regex::Regex::new(p).ok());
                let failure = check_limits(&value, ty, limits, pattern.as_ref()).err();
                failure.map(|f| (f.message, Broken::of(&value)))
            }
            // An error of its own, which only the run could have.
            Some(Err(_)) => None,
            None => partly_known(value, limits),
        };
        let Some((why, broken)) = broken else { return };
        let help = broken.and_then(|broken| self.help_for_limit(&broken, ty, limits));
        let mut diagnostic =
            Diagnostic::new(Code::BreaksLimit, value.span, format!("{what} breaks its limit")).label(why);
        if let Some(place) = place.filter(|place| self.is_own(*place)) {
            diagnostic = diagnostic.also(place, shown(limits));
        }
        self.report(diagnostic.maybe_help(help));
    }
}

/// `limited to max 200`
fn shown(limits: &Limits) -> String {
    let mut parts = Vec::new();
    if let Some(min) = limits.min {
        parts.push(format!("`min {}`", min.normalize()));
    }
    if let Some(max) = limits.max {
        parts.push(format!("`max {}`", max.normalize()));
    }
    if let Some(pattern) = &limits.matches {
        parts.push(format!("`matches /{pattern}/`"));
    }
    format!("limited by {}", parts.join(" and "))
}

/// What is broken by the parts that are known: those of a template, the number of entries of a list.
fn partly_known(value: &model::Expr, limits: &Limits) -> Option<(String, Option<Broken>)> {
    match &value.kind {
        ExprKind::Text(parts) => {
            let fixed: usize = parts.iter().map(fixed_length).sum();
            let max = limits.max.filter(|max| Decimal::from(fixed) > *max)?;
            let why = format!(
                "{fixed} characters without its placeholders, but at most {} are allowed",
                max.normalize()
            );
            Some((why, Some(Broken::Characters(fixed))))
        }
        ExprKind::List(items) => {
            let at_least: usize = items.iter().map(|item| if may_be_many(item) { 2 } else { 1 }).sum();
            entries(items.len(), at_least, limits)
        }
        ExprKind::Convert { to: Conversion::ToList, value } => {
            entries(1, if may_be_many(value) { 2 } else { 1 }, limits)
        }
        ExprKind::Convert { value, .. } => partly_known(value, limits),
        _ => None,
    }
}

fn entries(count: usize, at_least: usize, limits: &Limits) -> Option<(String, Option<Broken>)> {
    let broken = Some(Broken::Entries { count, at_least });
    let noun = if count == 1 { "entry" } else { "entries" };
    match (limits.min, limits.max) {
        (Some(min), _) if Decimal::from(at_least) < min => {
            Some((format!("{count} {noun}, but at least {} are needed", min.normalize()), broken))
        }
        (_, Some(max)) if Decimal::from(count) > max => {
            Some((format!("{count} {noun}, but at most {} are allowed", max.normalize()), broken))
        }
        _ => None,
    }
}

fn fixed_length(part: &TextPart) -> usize {
    match part {
        TextPart::Literal(text) => text.chars().count(),
        TextPart::Placeholder { value, format: None, .. } => match &value.kind {
            ExprKind::Const(Value::Text(text)) => text.chars().count(),
            _ => 0,
        },
        TextPart::Placeholder { .. } => 0,
    }
}

/// Whether an entry of a list may stand for more than one: a department, a role, or a recipient of which
/// only the run knows what it is.
fn may_be_many(item: &model::Expr) -> bool {
    match &item.kind {
        ExprKind::Convert { to: Conversion::Widen, value } => may_be_many(value),
        ExprKind::Const(Value::Principal(principal)) => {
            principal.kind != crate::syntax::tree::PrincipalKind::User
        }
        _ => matches!(item.ty.inner(), Type::Department | Type::Role | Type::Recipient),
    }
}
