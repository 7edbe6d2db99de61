//! The nearest miss: what would have to be otherwise for a condition to hold.

use super::clauses::{Asked, plain};
use crate::model::{Expr, ExprKind, OrderOp};
use crate::program::ChunkId;
use crate::schema::Type;
use crate::value::*;

/// What would have to be: `` `amount` were at least 5000 EUR``, and what is instead: `it is 4990 EUR`.
#[derive(Debug, Clone, PartialEq)]
struct Miss {
    wanted: String,
    is: Option<String>,
}

/// All that is missing, together.
type Way = Vec<Miss>;

/// More ways than this help nobody.
const WAYS: usize = 4;
/// Nor do more things that are missing at once.
const TOGETHER: usize = 4;

/// ``would run if `amount` were at least 5000 EUR; it is 4990 EUR``, for a condition that came to false.
pub fn nearest(asked: &Asked<'_, '_>, chunk: ChunkId, expr: &Expr, verb: &str) -> Option<String> {
    let ways = ways(asked, chunk, expr, true, true);
    // The fewer things are missing, the nearer it was.
    let fewest = ways.iter().map(Vec::len).min()?;
    let near: Vec<&Way> = ways.iter().filter(|way| way.len() == fewest).collect();
    if fewest == 0 || fewest > TOGETHER || near.len() > WAYS {
        return None;
    }
    let text = match near.as_slice() {
        [way] if way.len() == 1 => match &way[0] {
            Miss { wanted, is: Some(is) } => format!("{wanted}; {is}"),
            Miss { wanted, is: None } => wanted.clone(),
        },
        ways => {
            let miss = |miss: &Miss| match &miss.is {
                Some(is) => format!("{} ({is})", miss.wanted),
                None => miss.wanted.clone(),
            };
            let way = |way: &&Way| way.iter().map(miss).collect::<Vec<_>>().join(" and ");
            ways.iter().map(way).collect::<Vec<_>>().join(", or if ")
        }
    };
    Some(format!("would {verb} if {text}"))
}

/// The ways in which an expression would come to `wanted`. One in which nothing is missing: it does already.
fn ways(asked: &Asked<'_, '_>, chunk: ChunkId, expr: &Expr, wanted: bool, reached: bool) -> Vec<Way> {
    let expr = plain(expr);
    let parts = |expr: &Expr| matches!(expr.kind, ExprKind::And(..) | ExprKind::Or(..));
    match &expr.kind {
        ExprKind::Not(inner) if reached || parts(inner) => ways(asked, chunk, inner, !wanted, reached),
        ExprKind::And(left, right) | ExprKind::Or(left, right) => {
            let and = matches!(expr.kind, ExprKind::And(..));
            let first = ways(asked, chunk, left, wanted, reached);
            let second =
                ways(asked, chunk, right, wanted, reached && came_to(asked, chunk, left) == Some(and));
            if and == wanted {
                let pairs = first.iter().flat_map(|a| second.iter().map(|b| [a.clone(), b.clone()].concat()));
                pairs.take(WAYS * WAYS).collect()
            } else {
                first.into_iter().chain(second).take(WAYS * WAYS).collect()
            }
        }
        _ if !reached => {
            let verb = if wanted { "held" } else { "did not hold" };
            let wanted = format!("`{}` {verb}", asked.text(expr.span));
            vec![vec![Miss { wanted, is: Some("it was not asked".to_owned()) }]]
        }
        _ if came_to(asked, chunk, expr) == Some(wanted) => vec![vec![]],
        ExprKind::CallFn { function, .. } => {
            let function = asked.model.functions.get(function.index());
            let compiled = function.and_then(|_| asked.program.code.functions.get(id_of(expr)?.index()));
            let inside = match (function, compiled) {
                (Some(function), Some(compiled)) if asked.value(compiled.chunk, &function.body).is_some() => {
                    ways(asked, compiled.chunk, &function.body, wanted, true)
                }
                _ => Vec::new(),
            };
            if inside.is_empty() { vec![vec![leaf(asked, chunk, expr, wanted)]] } else { inside }
        }
        _ => vec![vec![leaf(asked, chunk, expr, wanted)]],
    }
}

fn id_of(expr: &Expr) -> Option<FnId> {
    match &expr.kind {
        ExprKind::CallFn { function, .. } => Some(*function),
        _ => None,
    }
}

/// What an expression came to, also of one that leaves no value behind.
fn came_to(asked: &Asked<'_, '_>, chunk: ChunkId, expr: &Expr) -> Option<bool> {
    match asked.value(chunk, expr) {
        Some(Value::Bool(value)) => Some(value),
        Some(_) => None,
        None => match &expr.kind {
            ExprKind::And(left, right) => match came_to(asked, chunk, left)? {
                false => Some(false),
                true => came_to(asked, chunk, right),
            },
            ExprKind::Or(left, right) => match came_to(asked, chunk, left)? {
                true => Some(true),
                false => came_to(asked, chunk, right),
            },
            ExprKind::Not(inner) => came_to(asked, chunk, inner).map(|value| !value),
            _ => None,
        },
    }
}

/// A clause that would have to come to the other value.
fn leaf(asked: &Asked<'_, '_>, chunk: ChunkId, expr: &Expr, wanted: bool) -> Miss {
    let text = |expr: &Expr| asked.text(plain(expr).span);
    let constant = |expr: &Expr| matches!(plain(expr).kind, ExprKind::Const(_) | ExprKind::List(_));
    let is = |expr: &Expr| {
        let value = asked.value(chunk, expr)?;
        Some(format!("it is {}", asked.shown(&value, expr)))
    };
    // A constant by its value, another side by its name and value.
    let side = |expr: &Expr| match asked.value(chunk, expr) {
        Some(value) if constant(expr) => asked.shown(&value, expr),
        Some(value) => format!("`{}` ({})", text(expr), asked.shown(&value, expr)),
        None => format!("`{}`", text(expr)),
    };
    let about = |subject: &Expr, verb: &str, object: String| Miss {
        wanted: format!("`{}` {verb} {object}", text(subject)),
        is: is(subject),
    };
    let verb = |yes: &'static str, no: &'static str| if wanted { yes } else { no };
    match &expr.kind {
        ExprKind::Order { op, left, right } => {
            let (subject, object, op) = if constant(left) && !constant(right) {
                (right, left, op.mirrored())
            } else {
                (left, right, *op)
            };
            let op = if wanted { op } else { op.negated() };
            about(subject, &format!("were {}", order(op, &subject.ty)), side(object))
        }
        ExprKind::Equal { left, right, negated } => {
            let (subject, object) = if constant(left) { (right, left) } else { (left, right) };
            if asked.value(chunk, object) == Some(Value::None) {
                let were = if wanted != *negated { "were not set" } else { "were set" };
                return Miss { wanted: format!("`{}` {were}", text(subject)), is: is(subject) };
            }
            let were = if wanted != *negated { "were" } else { "were anything but" };
            about(subject, were, side(object))
        }
        ExprKind::EqualIgnoreCase { left, right } => {
            let (subject, object) = if constant(left) { (right, left) } else { (left, right) };
            about(subject, verb("were, in any case,", "were anything but"), side(object))
        }
        ExprKind::Between { value, low, high } => about(
            value,
            verb("were between", "were not between"),
            format!("{} and {}", side(low), side(high)),
        ),
        ExprKind::In { value, list, negated } if constant(list) => {
            let were = if wanted != *negated { "were one of" } else { "were none of" };
            about(value, were, side(list))
        }
        ExprKind::In { value, list, negated } => {
            let contained = if wanted != *negated { "contained" } else { "did not contain" };
            about(list, contained, side(value))
        }
        ExprKind::ContainsText { text, part, negated } => {
            let contained = if wanted != *negated { "contained" } else { "did not contain" };
            about(text, contained, side(part))
        }
        ExprKind::StartsWith { text, part } => {
            about(text, verb("began with", "did not begin with"), side(part))
        }
        ExprKind::EndsWith { text, part } => about(text, verb("ended with", "did not end with"), side(part)),
        ExprKind::IsSet(inner) | ExprKind::RefExists { base: inner, .. } => {
            let wanted_set = format!("`{}` were {}", text(inner), verb("set", "not set"));
            Miss { wanted: wanted_set, is: if wanted { None } else { is(inner) } }
        }
        ExprKind::IsEmpty(inner) => {
            Miss { wanted: format!("`{}` were {}", text(inner), verb("empty", "not empty")), is: is(inner) }
        }
        ExprKind::Field(_) | ExprKind::RefField { .. } | ExprKind::Payload(_) | ExprKind::Old(_) => {
            Miss { wanted: format!("`{}` were {wanted}", text(expr)), is: is(expr) }
        }
        _ => Miss { wanted: format!("`{}` {}", text(expr), verb("held", "did not hold")), is: None },
    }
}

fn order(op: OrderOp, ty: &Type) -> &'static str {
    let time = matches!(ty.inner(), Type::Date | Type::DateTime | Type::Time);
    match (op, time) {
        (OrderOp::Less, false) => "less than",
        (OrderOp::LessOrEqual, false) => "at most",
        (OrderOp::Greater, false) => "more than",
        (OrderOp::GreaterOrEqual, false) => "at least",
        (OrderOp::Less, true) => "before",
        (OrderOp::LessOrEqual, true) => "at the latest",
        (OrderOp::Greater, true) => "after",
        (OrderOp::GreaterOrEqual, true) => "at the earliest",
    }
}
