//! How expressions stand: broken before the operators that bind loosest.

use super::doc::*;
use super::layout::{Layout, STEP};
use super::words::Node;
use crate::syntax::Rule;

/// A part of an expression's row.
enum Piece<'t> {
    Operand(Doc<'t>),
    /// How tightly it binds, and what is written.
    Operator(usize, Doc<'t>),
    /// A question behind a value: `is set`.
    Test(Doc<'t>),
}

/// How tightly a comparison binds, and a question behind a value.
const COMPARISON: usize = 3;
/// The operators that bind tightest: `*` and `/`.
const TIGHTEST: usize = 6;

impl<'t> Layout<'t> {
    /// A row of operands and operators; `hangs`: what goes to further lines is moved in.
    pub fn expression(&mut self, node: &Node<'t>, hangs: bool) -> Doc<'t> {
        let mut pieces = Vec::new();
        let mut rest = node.kids.as_slice();
        while let Some(next) = rest.first() {
            if let Some(level) = binding(next.rule) {
                let operator = self.node(next);
                pieces.push(Piece::Operator(level, operator));
                rest = &rest[1..];
            } else if is_question(next.rule) {
                let test = self.node(next);
                pieces.push(Piece::Test(test));
                rest = &rest[1..];
            } else {
                let signs =
                    rest.iter().take_while(|n| matches!(n.rule, Rule::op_negate | Rule::op_not)).count();
                let members = rest.iter().skip(signs + 1).take_while(|n| n.rule == Rule::member).count();
                let (operand, after) = rest.split_at((signs + 1 + members).min(rest.len()));
                let operand = self.signed(operand, signs);
                pieces.push(Piece::Operand(operand));
                rest = after;
            }
        }
        row(pieces, 1, hangs)
    }

    /// An operand with its signs before it and its members behind it.
    fn signed(&mut self, nodes: &[Node<'t>], signs: usize) -> Doc<'t> {
        let (signs, rest) = nodes.split_at(signs.min(nodes.len()));
        let mut parts = Vec::new();
        for sign in signs {
            parts.push(self.word(sign));
            if sign.rule == Rule::op_not {
                parts.push(space());
            }
        }
        let [value, members @ ..] = rest else { return concat(parts) };
        parts.push(if value.rule == Rule::text { self.value_text(value) } else { self.node(value) });
        // A chain of several calls may break before each of them.
        let calls = members.iter().filter(|m| m.kids.len() > 2).count();
        let mut chain = Vec::new();
        for member in members {
            if calls > 1 && member.kids.len() > 2 {
                chain.push(soft_line());
            }
            chain.push(self.joined(&member.kids));
        }
        let chain = concat(chain);
        parts.push(if calls > 1 { indent(STEP, chain) } else { chain });
        group(concat(parts))
    }

    /// An operand of several words that is no row itself.
    pub fn operand(&mut self, node: &Node<'t>) -> Doc<'t> {
        match (node.rule, node.kids.as_slice()) {
            (Rule::call_or_name, kids) => self.joined(kids),
            (Rule::list_expr, kids) => self.brackets(kids),
            (Rule::paren_expr, [open, inner, close]) => {
                let open = self.word(open);
                let inner = self.expression(inner, false);
                let below = self.dangling(close, true);
                let end = if below.is_nil() { soft_line() } else { hard_line() };
                let close = self.word(close);
                group(concat(vec![open, indent(STEP, concat(vec![soft_line(), inner, below])), end, close]))
            }
            (Rule::if_expr, kids) => self.choice(kids, true),
            (_, kids) => self.spaced(kids),
        }
    }

    /// What follows `=`: on that line, or as a whole below it.
    pub fn assigned(&mut self, node: &Node<'t>) -> Doc<'t> {
        let value = match node.kids.as_slice() {
            [choice] if choice.rule == Rule::if_expr => self.choice(&choice.kids, false),
            _ => self.expression(node, false),
        };
        group(indent(STEP, concat(vec![line(), value])))
    }

    /// `if a then b else c`; `hangs`: what goes to further lines is moved in.
    fn choice(&mut self, kids: &[Node<'t>], hangs: bool) -> Doc<'t> {
        let mut lines = Vec::new();
        self.choices(kids, None, &mut lines);
        let mut lines = lines.into_iter();
        let first = lines.next().unwrap_or_else(nil);
        let mut rest = Vec::new();
        for choice in lines {
            rest.extend([line(), choice]);
        }
        let rest = concat(rest);
        group(concat(vec![first, if hangs { indent(STEP, rest) } else { rest }]))
    }

    /// `if a then b`, `else if c then d`, `else e`: each may stand on its own line.
    fn choices(&mut self, kids: &[Node<'t>], before: Option<Doc<'t>>, into: &mut Vec<Doc<'t>>) {
        let [word, condition, then, value, otherwise, other] = kids else {
            into.extend(before);
            into.push(self.spaced(kids));
            return;
        };
        let mut parts = Vec::new();
        if let Some(before) = before {
            parts.extend([before, space()]);
        }
        parts.push(self.word(word));
        parts.push(space());
        parts.push(self.node(condition));
        let then = self.word(then);
        let value = self.node(value);
        parts.push(indent(STEP, concat(vec![line(), then, space(), value])));
        into.push(group(concat(parts)));
        let otherwise = self.word(otherwise);
        match other.kids.as_slice() {
            [inner] if inner.rule == Rule::if_expr => self.choices(&inner.kids, Some(otherwise), into),
            _ => {
                let other = self.node(other);
                into.push(concat(vec![otherwise, space(), other]));
            }
        }
    }
}

/// Lays out a row from the operators that bind loosest down to those that bind tightest.
fn row(pieces: Vec<Piece<'_>>, level: usize, hangs: bool) -> Doc<'_> {
    if level > TIGHTEST {
        let docs = pieces.into_iter().map(|piece| match piece {
            Piece::Operand(doc) | Piece::Operator(_, doc) | Piece::Test(doc) => doc,
        });
        return concat(docs.collect());
    }
    let mut parts = vec![(None, Vec::new())];
    for piece in pieces {
        match piece {
            Piece::Operator(at, doc) if at == level => parts.push((Some((line(), doc)), Vec::new())),
            Piece::Test(doc) if level == COMPARISON => parts.push((Some((space(), doc)), Vec::new())),
            piece => {
                if let Some((_, part)) = parts.last_mut() {
                    part.push(piece);
                }
            }
        }
    }
    let mut parts = parts.into_iter();
    let first = parts.next().map_or_else(nil, |(_, part)| row(part, level + 1, hangs));
    let mut rest = Vec::new();
    for (operator, part) in parts {
        if let Some((gap, operator)) = operator {
            rest.extend([gap, operator]);
        }
        if !part.is_empty() {
            rest.extend([space(), row(part, level + 1, true)]);
        }
    }
    if rest.is_empty() {
        return first;
    }
    let rest = concat(rest);
    group(concat(vec![first, if hangs { indent(STEP, rest) } else { rest }]))
}

/// A question behind a value.
pub fn is_question(rule: Rule) -> bool {
    matches!(rule, Rule::is_test | Rule::between | Rule::matches)
}

/// How tightly an operator between two operands binds.
pub fn binding(rule: Rule) -> Option<usize> {
    Some(match rule {
        Rule::op_or => 1,
        Rule::op_and => 2,
        Rule::op_eq
        | Rule::op_ne
        | Rule::op_lt
        | Rule::op_le
        | Rule::op_gt
        | Rule::op_ge
        | Rule::op_like
        | Rule::op_in
        | Rule::op_not_in
        | Rule::op_contains
        | Rule::op_not_contains
        | Rule::op_starts_with
        | Rule::op_ends_with => COMPARISON,
        Rule::op_default => 4,
        Rule::op_add | Rule::op_sub => 5,
        Rule::op_mul | Rule::op_div => TIGHTEST,
        _ => return None,
    })
}
