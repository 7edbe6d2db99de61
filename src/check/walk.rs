//! Ways through expressions of the tree.

use crate::syntax::tree;

/// Visits an expression of the tree and everything in it. Without recursion: a sum may be very long.
pub(super) fn tree_exprs<'t>(root: &'t tree::Expr, mut visit: impl FnMut(&'t tree::Expr)) {
    use tree::ExprKind::*;
    let mut open = vec![root];
    while let Some(e) = open.pop() {
        visit(e);
        match &*e.kind {
            Literal(_) | Name(_) | Hole | Error => {}
            Text(text) => open.extend(text.parts.iter().filter_map(|p| match p {
                tree::TextPart::Placeholder { value, .. } => Some(value),
                tree::TextPart::Literal { .. } => None,
            })),
            List(items) => open.extend(items),
            Member { base, .. } => open.push(base),
            Call { args, .. } => open.extend(args.iter().map(argument)),
            MethodCall { base, args, .. } => {
                open.push(base);
                open.extend(args.iter().map(argument));
            }
            Not(inner) | Neg(inner) | Paren(inner) => open.push(inner),
            Binary { left, right, .. } => open.extend([left, right]),
            Between { value, low, high } => open.extend([value, low, high]),
            Matches { value, .. } | Is { value, .. } => open.push(value),
            If { condition, then, otherwise } => open.extend([condition, then, otherwise]),
        }
    }
}

fn argument(arg: &tree::CallArg) -> &tree::Expr {
    match &arg.value {
        tree::ArgValue::Expr(e) => e,
        tree::ArgValue::Lambda { body, .. } => body,
    }
}
