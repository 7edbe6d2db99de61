//! Limits and defaults of fields, payloads, parameters and outputs: constants, read once those are known.

use super::Checker;
use super::helps::Broken;
use super::schema::{Owner, Placed};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema::{Field, Limits, Type};
use crate::source::Span;
use crate::syntax::tree;
use crate::value::limits::check_limits;
use crate::value::*;
use rust_decimal::Decimal;

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// Of a text in characters, of a list in entries.
    Length,
    Whole,
    Number,
    Amount,
}

impl Checker<'_> {
    pub(super) fn limits_and_defaults(&mut self, placed: &[Placed]) {
        for place in placed {
            let ty = self.placed_field(place).ty.clone();
            let (limits, pattern) = self.limits(place.field, &ty);
            let default =
                place.field.default.as_ref().and_then(|e| self.default(e, &ty, &limits, pattern.as_ref()));
            let field = self.placed_field(place);
            field.limits = limits;
            field.default = default;
        }
        // What an event has from its parent was copied before the limits were known. Parents come first.
        for id in 0..self.schema.events.len() {
            let Some(parent) = self.schema.events[id].parent else { continue };
            let inherited = self.schema.event(parent).payload.clone();
            self.schema.events[id].payload[..inherited.len()].clone_from_slice(&inherited);
        }
    }

    fn placed_field(&mut self, place: &Placed) -> &mut Field {
        let fields = match place.owner {
            Owner::Entity(id) => &mut self.schema.entities[id.index()].fields,
            Owner::Event(id) => &mut self.schema.events[id.index()].payload,
            Owner::Params(id) => &mut self.schema.actions[id.index()].params,
            Owner::Outputs(id) => &mut self.schema.actions[id.index()].outputs,
        };
        &mut fields[place.index]
    }

    fn limits(&mut self, field: &tree::Field, ty: &Type) -> (Limits, Option<regex::Regex>) {
        let (mut limits, mut pattern) = (Limits::default(), None);
        let (mut min, mut max, mut matches): (Option<Span>, Option<Span>, Option<Span>) = Default::default();
        for limit in &field.limits {
            let (word, span, before) = match limit {
                tree::Limit::Min(_, span) => ("min", *span, &mut min),
                tree::Limit::Max(_, span) => ("max", *span, &mut max),
                tree::Limit::Matches(_, span) => ("matches", *span, &mut matches),
            };
            if let Some(first) = before.replace(span) {
                self.twice(span, first, format!("`{}` has two limits `{word}`", field.name.text), None);
                continue;
            }
            if *ty == Type::Error {
                continue;
            }
            match limit {
                tree::Limit::Min(value, _) => limits.min = self.bound(value, span, word, ty),
                tree::Limit::Max(value, _) => limits.max = self.bound(value, span, word, ty),
                tree::Limit::Matches(regex, _) => {
                    pattern = self.pattern(regex, span, ty);
                    limits.matches = pattern.as_ref().map(|_| regex.text.clone().into());
                }
            }
        }
        if let (Some(least), Some(most), Some(min), Some(max)) = (limits.min, limits.max, min, max)
            && least > most
        {
            let message = format!("nothing is both at least {least} and at most {most}");
            let diagnostic =
                Diagnostic::new(Code::BadLimit, min, message).label("more than the most allowed");
            let help = format!("min {} max {}", most.normalize(), least.normalize());
            self.report(diagnostic.also(max, "less than the least allowed").help(help));
            limits = Limits::default();
        }
        (limits, pattern)
    }

    fn bound(&mut self, value: &tree::Expr, span: Span, word: &str, ty: &Type) -> Option<Decimal> {
        let Some(measure) = measure(ty) else {
            let name = self.schema.type_name(ty.inner());
            let message = format!("`{word}` is no limit of the type `{name}`");
            let diagnostic = Diagnostic::new(Code::LimitNotAllowed, span, message);
            let help = format!("take `{}` away", self.sources.text(span));
            self.report(diagnostic.label("texts, lists, numbers and amounts have one").help(help));
            return None;
        };
        let (found, value_of) = self.constant(value, None)?;
        let number = match (&value_of, measure) {
            (Value::Int(number), _) => Decimal::from(*number),
            (Value::Decimal(number), Measure::Number | Measure::Amount) => *number,
            (Value::Money(money), Measure::Amount) if found == *ty.inner() => money.amount,
            _ => {
                let wanted = match measure {
                    Measure::Length => "a length is a whole number",
                    Measure::Whole => "an `int` is limited by a whole number",
                    Measure::Number => "a `decimal` is limited by a number",
                    Measure::Amount => "an amount is limited by a number, or by an amount of its currency",
                };
                let message = format!("{wanted}, and this is a `{}`", self.schema.type_name(&found));
                let example = match measure {
                    Measure::Length | Measure::Whole => format!("{word} 5"),
                    Measure::Number => format!("{word} 1.5"),
                    Measure::Amount => format!("{word} 100"),
                };
                let diagnostic = Diagnostic::new(Code::BadLimit, value.span, message);
                self.report(diagnostic.label("not possible here").help(example));
                return None;
            }
        };
        if measure == Measure::Length && number.is_sign_negative() && !number.is_zero() {
            let diagnostic = Diagnostic::new(Code::BadLimit, value.span, "a length is never negative");
            self.report(diagnostic.label("less than nothing").help(format!("{word} 0")));
            return None;
        }
        Some(number)
    }

    fn pattern(&mut self, regex: &tree::Regex, span: Span, ty: &Type) -> Option<regex::Regex> {
        if !matches!(ty.inner(), Type::Text | Type::Email | Type::Phone | Type::Url) {
            let message =
                format!("`matches` is no limit of the type `{}`", self.schema.type_name(ty.inner()));
            let help = format!("take `{}` away", self.sources.text(span));
            let diagnostic = Diagnostic::new(Code::LimitNotAllowed, span, message);
            self.report(diagnostic.label("only texts have one").help(help));
            return None;
        }
        match regex::Regex::new(&regex.text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let (mistake, help) = regex_mistake(&error);
                let message = format!("this pattern is not right: {mistake}");
                self.report(Diagnostic::new(Code::BadLimit, regex.span, message).maybe_help(help));
                None
            }
        }
    }

    fn default(
        &mut self,
        e: &tree::Expr,
        ty: &Type,
        limits: &Limits,
        pattern: Option<&regex::Regex>,
    ) -> Option<Value> {
        // A field without a good type: nothing can be said of its default.
        if *ty == Type::Error {
            return None;
        }
        let (_, value) = self.constant(e, Some(ty))?;
        if let Err(failure) = check_limits(&value, ty, limits, pattern) {
            let message = format!("the default breaks the limits: {failure}");
            let help = Broken::of(&value).and_then(|broken| self.help_for_limit(&broken, ty, limits));
            let diagnostic = Diagnostic::new(Code::DefaultBreaksLimit, e.span, message);
            self.report(diagnostic.label("the default").maybe_help(help));
            return None;
        }
        // Unset is what a missing optional one is anyway.
        (value != Value::None).then_some(value)
    }
}

/// What `min` and `max` of a type are about.
fn measure(ty: &Type) -> Option<Measure> {
    match ty.inner() {
        Type::Text | Type::Email | Type::Phone | Type::Url | Type::List(_) => Some(Measure::Length),
        Type::Int => Some(Measure::Whole),
        Type::Decimal => Some(Measure::Number),
        Type::Money(_) => Some(Measure::Amount),
        _ => None,
    }
}

/// What is wrong with the pattern behind `matches`, in one phrase, and what to write.
pub(super) fn regex_mistake(error: &regex::Error) -> (String, Option<String>) {
    if let regex::Error::CompiledTooBig(_) = error {
        return ("it is too large".into(), Some("write a shorter one".into()));
    }
    // The last line of the picture that the library draws says what is wrong.
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last).trim_end_matches('.').to_lowercase();
    let known = [
        (
            "unclosed group",
            "a `(` is not closed",
            r"close it with `)`, or write `\(` for the character itself",
        ),
        ("unopened group", "a `)` closes nothing", r"take it away, or write `\)` for the character itself"),
        (
            "unclosed character class",
            "a `[` is not closed",
            r"close it with `]`, or write `\[` for the character itself",
        ),
        (
            "repetition operator missing",
            "nothing stands before a `*`, `+` or `?` to be repeated",
            r"write `.*` for any text, or `\*`, `\+`, `\?` for the character itself",
        ),
        (
            "unrecognized escape",
            "a `\\` stands before a letter that means nothing with it",
            r"write `\\` for the character itself",
        ),
        ("incomplete escape", "a `\\` stands at the end", r"write `\\` for the character itself"),
        ("look-around", "`(?=`, `(?!` and `(?<` are not known here", "join two tests with `and`"),
        ("backreferences", "what was found before cannot be asked for again", "write the text itself"),
    ];
    match known.iter().find(|(theirs, ..)| reason.starts_with(theirs)) {
        Some((_, reason, help)) => ((*reason).into(), Some((*help).into())),
        None => (reason, None),
    }
}
