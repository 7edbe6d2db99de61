//! A way through the expressions of the model.

use crate::model::{self, ExprKind, TextPart};

/// Visits an expression of the model and everything in it.
pub fn model_exprs<'m>(root: &'m model::Expr, mut visit: impl FnMut(&'m model::Expr)) {
    let mut open = vec![root];
    while let Some(e) = open.pop() {
        visit(e);
        model_children(e, &mut open);
    }
}

/// Adds the expressions directly in this one.
pub fn model_children<'m>(e: &'m model::Expr, open: &mut Vec<&'m model::Expr>) {
    use ExprKind::*;
    match &e.kind {
        Const(_) | Local(_) | Field(_) | This | Payload(_) | EventType | EventTime | Old(_) | Output(_)
        | Now | Today | Stage | Pipeline => {}
        RefField { base, .. } | RefExists { base, .. } | PrincipalField { base, .. } => open.push(base),
        FileName(x) | FileUrl(x) | Not(x) | IsSet(x) | IsEmpty(x) => open.push(x),
        Text(parts) => {
            for part in parts {
                if let TextPart::Placeholder { value, default, .. } = part {
                    open.push(value);
                    open.extend(default.as_deref());
                }
            }
        }
        List(items) => open.extend(items),
        And(a, b) | Or(a, b) => open.extend([&**a, &**b]),
        If { condition, then, otherwise } => open.extend([&**condition, &**then, &**otherwise]),
        Equal { left, right, .. }
        | EqualIgnoreCase { left, right }
        | Order { left, right, .. }
        | Default { left, right } => open.extend([&**left, &**right]),
        Between { value, low, high } => open.extend([&**value, &**low, &**high]),
        In { value, list, .. } => open.extend([&**value, &**list]),
        ContainsText { text, part, .. } | StartsWith { text, part } | EndsWith { text, part } => {
            open.extend([&**text, &**part]);
        }
        Matches { text, .. } => open.push(text),
        StageIs { stage, .. } => open.push(stage),
        Arith { args, .. } | Call { args, .. } | CallFn { args, .. } => open.extend(args),
        Convert { value, .. } => open.push(value),
        ListOp { list, body, .. } => open.extend([&**list, &**body]),
    }
}
