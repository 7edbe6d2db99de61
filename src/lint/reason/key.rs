//! What an expression is known by: two with one key have one value wherever both are evaluated at one moment.

use super::Place;
use crate::model::{Conversion, Expr, ExprKind, TextPart};
use crate::schema::Schema;
use crate::value::EventId;
use std::fmt::Write;

/// The key of an expression.
pub fn key(schema: &Schema, e: &Expr, place: &Place) -> String {
    let mut out = String::new();
    write_key(schema, e, place, &mut out);
    out
}

/// The slot of the payload that `event.x` is for the event at hand, and that event.
pub fn slot_here(schema: &Schema, e: &Expr, place: &Place) -> Option<(EventId, u16)> {
    let (ExprKind::Payload(entries), Some(event)) = (&e.kind, place.event) else { return None };
    let (_, slot) = entries.iter().find(|(id, _)| schema.event_is(event, *id))?;
    Some((event, *slot))
}

/// The expression without the conversions that change no value.
pub fn bare(e: &Expr) -> &Expr {
    use Conversion::{IntToDecimal, Narrow, ToOptional, Widen};
    let mut e = e;
    while let ExprKind::Convert { to: Narrow | ToOptional | Widen | IntToDecimal, value } = &e.kind {
        e = value;
    }
    e
}

fn write_key(schema: &Schema, e: &Expr, place: &Place, out: &mut String) {
    use ExprKind::*;
    let e = bare(e);
    let many = |word: &str, parts: &[&Expr], more: &dyn std::fmt::Debug, out: &mut String| {
        // Writing to a text cannot fail.
        let _ = write!(out, "{word}({more:?}");
        for part in parts {
            out.push(' ');
            write_key(schema, part, place, out);
        }
        out.push(')');
    };
    match &e.kind {
        Const(value) => many("const", &[], value, out),
        Local(id) => many("local", &[], id, out),
        Field(id) => many("field", &[], id, out),
        This => out.push_str("this"),
        RefField { base, entity, field } => match bare(base).kind {
            This => many("field", &[], field, out),
            _ => many("ref", &[base], &(entity, field), out),
        },
        RefExists { base, entity } => many("exists", &[base], entity, out),
        Payload(entries) => match slot_here(schema, e, place) {
            Some(here) => many("payload", &[], &here, out),
            None => many("payloads", &[], entries, out),
        },
        EventType => out.push_str("type"),
        EventTime => out.push_str("time"),
        Old(field) => many("old", &[], field, out),
        Output(id) => many("output", &[], id, out),
        Now => out.push_str("now"),
        Today => out.push_str("today"),
        Stage => out.push_str("stage"),
        Pipeline => out.push_str("pipeline"),
        PrincipalField { base, field } => many("principal", &[base], field, out),
        FileName(x) => many("file", &[x], &"name", out),
        FileUrl(x) => many("file", &[x], &"url", out),
        Text(parts) => {
            out.push_str("text(");
            for part in parts {
                match part {
                    TextPart::Literal(text) => many("literal", &[], text, out),
                    TextPart::Placeholder { value, format, default } => match default {
                        Some(default) => many("hole", &[value, default], format, out),
                        None => many("hole", &[value], format, out),
                    },
                }
            }
            out.push(')');
        }
        List(items) => many("list", &items.iter().collect::<Vec<_>>(), &(), out),
        Not(x) => many("not", &[x], &(), out),
        And(a, b) => many("and", &[a, b], &(), out),
        Or(a, b) => many("or", &[a, b], &(), out),
        If { condition, then, otherwise } => many("if", &[condition, then, otherwise], &(), out),
        Equal { left, right, negated } => many("equal", &[left, right], negated, out),
        EqualIgnoreCase { left, right } => many("like", &[left, right], &(), out),
        Order { op, left, right } => many("order", &[left, right], op, out),
        Between { value, low, high } => many("between", &[value, low, high], &(), out),
        In { value, list, negated } => many("in", &[value, list], negated, out),
        ContainsText { text, part, negated } => many("contains", &[text, part], negated, out),
        StartsWith { text, part } => many("starts", &[text, part], &(), out),
        EndsWith { text, part } => many("ends", &[text, part], &(), out),
        Matches { text, regex } => many("matches", &[text], regex, out),
        IsSet(x) => many("set", &[x], &(), out),
        IsEmpty(x) => many("empty", &[x], &(), out),
        StageIs { stage, kinds } => many("is", &[stage], kinds, out),
        Default { left, right } => many("default", &[left, right], &(), out),
        Arith { op, args } => many("arith", &args.iter().collect::<Vec<_>>(), op, out),
        Convert { to, value } => many("convert", &[value], to, out),
        Call { function, args } => many("call", &args.iter().collect::<Vec<_>>(), function, out),
        ListOp { function, list, local, body } => many("each", &[list, body], &(function, local), out),
        CallFn { function, args } => many("fn", &args.iter().collect::<Vec<_>>(), function, out),
    }
}
