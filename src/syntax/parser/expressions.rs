//! Expressions: from the flat row of operands and operators that the grammar gives to a tree.

use super::builder::{Builder, Node, row};
use super::{MAX_DEPTH, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::*;
use pest::iterators::Pairs;
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::sync::LazyLock;

/// How tightly the operators bind, the loosest first.
static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let infix = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(infix(Rule::op_or))
        .op(infix(Rule::op_and))
        .op(Op::prefix(Rule::op_not))
        .op(infix(Rule::op_eq)
            | infix(Rule::op_ne)
            | infix(Rule::op_lt)
            | infix(Rule::op_le)
            | infix(Rule::op_gt)
            | infix(Rule::op_ge)
            | infix(Rule::op_like)
            | infix(Rule::op_in)
            | infix(Rule::op_not_in)
            | infix(Rule::op_contains)
            | infix(Rule::op_not_contains)
            | infix(Rule::op_starts_with)
            | infix(Rule::op_ends_with)
            | Op::postfix(Rule::is_test)
            | Op::postfix(Rule::between)
            | Op::postfix(Rule::matches))
        .op(infix(Rule::op_default))
        .op(infix(Rule::op_add) | infix(Rule::op_sub))
        .op(infix(Rule::op_mul) | infix(Rule::op_div))
        .op(Op::prefix(Rule::op_negate))
        .op(Op::postfix(Rule::member))
});

/// An expression and how deep its tree is: what comes after the parser walks trees recursively.
pub(super) struct Deep(pub Expr, pub u32);

/// Rows of more operands and operators than this are looked at before they are climbed.
const LONG: usize = 100;

/// The depth of what was refused: what stands on top of it is refused in silence.
const TOO_DEEP: u32 = 1 << 30;

impl Builder<'_> {
    pub fn error_expr(&self, span: Span) -> Expr {
        make(ExprKind::Error, span)
    }

    /// An `expr` or `sum`.
    pub fn expr(&self, node: &Node) -> Expr {
        self.expr_deep(node).0
    }

    pub fn expr_deep(&self, node: &Node) -> Deep {
        self.operators(node.clone().into_inner(), || self.span(node))
    }

    fn operators(&self, mut row: Pairs<Rule>, span: impl std::ops::Fn() -> Span) -> Deep {
        let Some(first) = row.peek() else { return Deep(self.error_expr(span()), 1) };
        if row.len() == 1 {
            row.next();
            return self.primary(first);
        }
        if row.len() > LONG {
            return self.long_row(row.collect());
        }
        self.climb(row)
    }

    /// A long row is cut at its `or`, then at its `and`, which bind least: many alternatives are not nested.
    fn long_row(&self, mut row: Vec<Node>) -> Deep {
        for rule in [Rule::op_or, Rule::op_and] {
            if row.iter().any(|node| node.as_rule() == rule) {
                let mut signs = Vec::new();
                let mut parts = vec![Vec::new()];
                for node in row {
                    if node.as_rule() == rule {
                        signs.push(node);
                        parts.push(Vec::new());
                    } else if let Some(part) = parts.last_mut() {
                        part.push(node);
                    }
                }
                let parts = parts.into_iter().map(|part| Some(self.long_row(part))).collect::<Vec<_>>();
                return self.balanced(&mut { parts }, &signs);
            }
        }
        match (row.len(), row.pop()) {
            (1, Some(node)) => self.primary(node),
            (_, Some(last)) => {
                row.push(last);
                self.climb(row.into_iter())
            }
            (_, None) => Deep(self.error_expr(Span::new(self.file, self.base, self.base)), 1),
        }
    }

    /// Joins many parts with few levels; evaluated from left to right all the same.
    fn balanced(&self, parts: &mut [Option<Deep>], signs: &[Node]) -> Deep {
        let middle = parts.len() / 2;
        if middle == 0 {
            let nothing = || Deep(self.error_expr(Span::new(self.file, self.base, self.base)), 1);
            return parts.first_mut().and_then(Option::take).unwrap_or_else(nothing);
        }
        let (left, right) = parts.split_at_mut(middle);
        let Some((sign, behind)) = signs.get(middle - 1..).and_then(<[Node]>::split_first) else {
            return self.balanced(left, signs);
        };
        let left = self.balanced(left, &signs[..middle - 1]);
        let right = self.balanced(right, behind);
        self.infix(left, sign, right)
    }

    fn climb<'i>(&self, row: impl Iterator<Item = Node<'i>>) -> Deep {
        PRATT
            .map_primary(|node| self.primary(node))
            .map_prefix(|op, operand| self.prefix(&op, operand))
            .map_postfix(|operand, op| self.postfix(operand, &op))
            .map_infix(|left, op, right| self.infix(left, &op, right))
            .parse(row)
    }

    /// Puts a node on top of others; refuses what grows too deep.
    fn above(&self, kind: ExprKind, span: Span, depth: u32) -> Deep {
        if depth <= MAX_DEPTH {
            return Deep(make(kind, span), depth);
        }
        if depth < TOO_DEEP {
            self.report(
                Diagnostic::new(Code::TooDeep, span, "this expression is too deep")
                    .label(format!("more than {MAX_DEPTH} operators on top of each other"))
                    .help("cut it with `let`, or use `in [a, b, …]` for many alternatives"),
            );
        }
        Deep(self.error_expr(span), TOO_DEEP)
    }

    fn primary(&self, node: Node) -> Deep {
        match node.as_rule() {
            Rule::text => {
                let (text, depth) = self.text(&node);
                self.above(ExprKind::Text(text), self.token_span(&node), depth + 1)
            }
            Rule::call_or_name => self.call_or_name(&node),
            Rule::paren_expr => {
                let span = self.span(&node);
                match node.into_inner().find(|n| n.as_rule() == Rule::expr) {
                    Some(inner) => {
                        let Deep(inner, depth) = self.expr_deep(&inner);
                        self.above(ExprKind::Paren(inner), span, depth + 1)
                    }
                    None => Deep(self.error_expr(span), 1),
                }
            }
            Rule::list_expr => {
                let span = self.span(&node);
                let mut depth = 0;
                let items = row(node.into_inner().filter(|n| n.as_rule() == Rule::expr).map(|n| {
                    let Deep(item, d) = self.expr_deep(&n);
                    depth = depth.max(d);
                    item
                }));
                self.above(ExprKind::List(items), span, depth + 1)
            }
            Rule::if_expr => {
                let span = self.span(&node);
                let mut parts = node.into_inner().filter(|n| n.as_rule() == Rule::expr);
                match (parts.next(), parts.next(), parts.next()) {
                    (Some(condition), Some(then), Some(otherwise)) => {
                        let Deep(condition, a) = self.expr_deep(&condition);
                        let Deep(then, b) = self.expr_deep(&then);
                        let Deep(otherwise, c) = self.expr_deep(&otherwise);
                        let kind = ExprKind::If { condition, then, otherwise };
                        self.above(kind, span, a.max(b).max(c) + 1)
                    }
                    _ => Deep(self.error_expr(span), 1),
                }
            }
            Rule::hole => Deep(make(ExprKind::Hole, self.token_span(&node)), 1),
            _ => Deep(make(self.literal(&node), self.span(&node)), 1),
        }
    }

    fn call_or_name(&self, node: &Node) -> Deep {
        let span = self.span(node);
        let Some((name, args, depth)) = self.name_and_args(node) else {
            return Deep(self.error_expr(span), 1);
        };
        match args {
            Some(args) => self.above(ExprKind::Call { name, args }, span, depth + 1),
            None => Deep(make(ExprKind::Name(name), span), 1),
        }
    }

    fn name_and_args(&self, node: &Node) -> Option<(Name, Option<Vec<CallArg>>, u32)> {
        let (mut name, mut args, mut depth) = (None, None, 0);
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::name | Rule::plain_name => name = Some(self.name(&child)),
                Rule::call_args => {
                    let (list, d) = self.call_args(&child);
                    args = Some(list);
                    depth = d;
                }
                _ => {}
            }
        }
        Some((name?, args, depth))
    }

    fn call_args(&self, node: &Node) -> (Vec<CallArg>, u32) {
        let mut depth = 0;
        let mut args = Vec::new();
        for child in node.clone().into_inner() {
            let span = self.span(&child);
            let (mut name, mut value) = (None, None);
            let lambda = child.as_rule() == Rule::lambda;
            match child.as_rule() {
                Rule::expr => value = Some(self.expr_deep(&child)),
                Rule::arg | Rule::lambda => {
                    for part in child.into_inner() {
                        match part.as_rule() {
                            Rule::name if lambda => name = Some(self.value_name(&part)),
                            Rule::name => name = Some(self.name(&part)),
                            Rule::expr => value = Some(self.expr_deep(&part)),
                            _ => {}
                        }
                    }
                }
                _ => continue,
            }
            let Some(Deep(value, d)) = value else { continue };
            depth = depth.max(d);
            args.push(match name {
                Some(param) if lambda => {
                    CallArg { name: None, value: ArgValue::Lambda { param, body: value }, span }
                }
                name => CallArg { name, value: ArgValue::Expr(value), span },
            });
        }
        args.shrink_to_fit();
        (args, depth)
    }

    fn prefix(&self, op: &Node, Deep(operand, depth): Deep) -> Deep {
        let span = self.token_span(op).to(operand.span);
        match op.as_rule() {
            Rule::op_not => self.above(ExprKind::Not(operand), span, depth + 1),
            _ => {
                // The smallest whole number: without its sign it is one too big.
                let digits = self.source(operand.span).starts_with(|c: char| c.is_ascii_digit());
                if let ExprKind::Literal(Literal::Int(i64::MIN)) = *operand.kind
                    && digits
                {
                    return Deep(make(*operand.kind, span), depth);
                }
                let operand = self.no_bare_not(operand);
                self.above(ExprKind::Neg(operand), span, depth + 1)
            }
        }
    }

    fn postfix(&self, Deep(value, depth): Deep, op: &Node) -> Deep {
        let op_span = self.span(op);
        let span = value.span.to(op_span);
        let inner = || op.clone().into_inner();
        match op.as_rule() {
            Rule::member => {
                // `a is set.b`
                if let ExprKind::Is { .. } | ExprKind::Between { .. } | ExprKind::Matches { .. } = *value.kind
                    && let Some(error) = self.chained(&value, op_span)
                {
                    return error;
                }
                let Some((name, args, deeper)) = self.name_and_args(op) else {
                    return Deep(self.error_expr(span), 1);
                };
                let kind = match args {
                    Some(args) => ExprKind::MethodCall { base: value, name, args },
                    None => ExprKind::Member { base: value, name },
                };
                self.above(kind, span, depth.max(deeper) + 1)
            }
            Rule::is_test => {
                if let Some(error) = self.chained(&value, op_span) {
                    return error;
                }
                let test = self.is_test(op);
                self.above(ExprKind::Is { value, test, test_span: op_span }, span, depth + 1)
            }
            Rule::between => {
                if let Some(error) = self.chained(&value, op_span) {
                    return error;
                }
                let mut ends = inner().filter(|n| n.as_rule() == Rule::sum);
                match (ends.next(), ends.next()) {
                    (Some(low), Some(high)) => {
                        let Deep(low, a) = self.expr_deep(&low);
                        let Deep(high, b) = self.expr_deep(&high);
                        self.above(ExprKind::Between { value, low, high }, span, depth.max(a).max(b) + 1)
                    }
                    _ => Deep(self.error_expr(span), 1),
                }
            }
            _ => {
                if let Some(error) = self.chained(&value, op_span) {
                    return error;
                }
                match inner().find(|n| n.as_rule() == Rule::regex) {
                    Some(regex) => {
                        let regex = self.regex(&regex);
                        self.above(ExprKind::Matches { value, regex }, span, depth + 1)
                    }
                    None => Deep(self.error_expr(span), 1),
                }
            }
        }
    }

    fn infix(&self, Deep(left, a): Deep, op: &Node, Deep(right, b): Deep) -> Deep {
        let op_span = self.span(op);
        let span = left.span.to(right.span);
        let Some(op) = binary_op(op.as_rule()) else { return Deep(self.error_expr(span), 1) };
        if op.is_comparison()
            && let Some(error) = self.chain_of(&left, op, op_span, &right)
        {
            return error;
        }
        let right = if matches!(op, BinaryOp::Or | BinaryOp::And) { right } else { self.no_bare_not(right) };
        self.above(ExprKind::Binary { op, op_span, left, right }, span, a.max(b) + 1)
    }

    /// `a == not b` would have to guess.
    fn no_bare_not(&self, operand: Expr) -> Expr {
        if !matches!(*operand.kind, ExprKind::Not(_)) {
            return operand;
        }
        self.report(
            Diagnostic::new(
                Code::MisplacedNot,
                operand.span,
                "`not` binds less tightly than the operator before it",
            )
            .label("this needs parentheses")
            .help(format!("({})", self.source(operand.span))),
        );
        self.error_expr(operand.span)
    }

    fn chained(&self, left: &Expr, op_span: Span) -> Option<Deep> {
        if !is_comparison(left) {
            return None;
        }
        let span = left.span.to(op_span);
        self.report(
            Diagnostic::new(Code::ChainedComparison, span, "comparisons do not chain")
                .label("two comparisons in a row")
                .help("join them with `and`, or put one in parentheses"),
        );
        Some(Deep(self.error_expr(span), 1))
    }

    /// `1 < a < 5`
    fn chain_of(&self, left: &Expr, op: BinaryOp, op_span: Span, right: &Expr) -> Option<Deep> {
        if !is_comparison(left) {
            return None;
        }
        let span = left.span.to(right.span);
        let mut problem = Diagnostic::new(Code::ChainedComparison, span, "comparisons do not chain")
            .label("two comparisons in a row");
        if let ExprKind::Binary { op: first, left: low, right: middle, .. } = &*left.kind {
            let (low, middle, high) =
                (self.source(low.span), self.source(middle.span), self.source(right.span));
            use BinaryOp::*;
            problem = problem.help(match (first, op) {
                (Le, Le) => format!("{middle} between {low} and {high}"),
                (Ge, Ge) => format!("{middle} between {high} and {low}"),
                (Lt | Le, Lt | Le) => format!(
                    "{middle} between {low} and {high} (both ends included), or {} and {middle} {} {high}",
                    self.source(left.span),
                    self.source(op_span)
                ),
                _ => format!("{} and {middle} {} {high}", self.source(left.span), self.source(op_span)),
            });
        }
        self.report(problem);
        Some(Deep(self.error_expr(span), 1))
    }

    pub fn is_test(&self, node: &Node) -> IsTest {
        let mut not = false;
        let mut test = IsTest::Set;
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::kw_not => not = true,
                Rule::kw_set => test = if not { IsTest::NotSet } else { IsTest::Set },
                Rule::kw_empty => test = if not { IsTest::NotEmpty } else { IsTest::Empty },
                Rule::kw_success => test = if not { IsTest::NotSuccess } else { IsTest::Success },
                Rule::kw_failure => test = if not { IsTest::NotFailure } else { IsTest::Failure },
                Rule::kw_final => test = if not { IsTest::NotFinal } else { IsTest::Final },
                _ => {}
            }
        }
        test
    }

    pub fn regex(&self, node: &Node) -> Regex {
        let text = node.as_str();
        let inner = text.strip_prefix('/').and_then(|t| t.strip_suffix('/')).unwrap_or(text);
        Regex { text: inner.replace("\\/", "/").into(), span: self.token_span(node) }
    }

    // --- the small expressions of patterns: no operators -------------------------------------------

    /// What stands after `from` and `to` of a `change of`, and the length of a pattern.
    pub fn small_value(&self, node: &Node) -> Expr {
        match node.as_rule() {
            Rule::path_value | Rule::constant => self.path_expr(node),
            Rule::signed_number => {
                let span = self.span(node);
                match node.clone().into_inner().last() {
                    Some(number) => {
                        let operand = make(self.literal(&number), self.span(&number));
                        match *operand.kind {
                            ExprKind::Literal(Literal::Int(i64::MIN)) => make(*operand.kind, span),
                            _ => make(ExprKind::Neg(operand), span),
                        }
                    }
                    None => self.error_expr(span),
                }
            }
            _ => self.primary(node.clone()).0,
        }
    }

    fn path_expr(&self, node: &Node) -> Expr {
        let path = self.path(node);
        let span = path.span;
        let mut depth = 0;
        let mut whole: Option<Expr> = None;
        for name in path.parts {
            depth += 1;
            let here = whole.as_ref().map_or(name.span, |w| w.span.to(name.span));
            whole = Some(match whole {
                None => make(ExprKind::Name(name), here),
                Some(base) => {
                    let Deep(member, d) = self.above(ExprKind::Member { base, name }, here, depth);
                    depth = d;
                    member
                }
            });
        }
        whole.unwrap_or_else(|| self.error_expr(span))
    }
}

fn make(kind: ExprKind, span: Span) -> Expr {
    Expr { kind: Box::new(kind), span }
}

fn is_comparison(expr: &Expr) -> bool {
    match &*expr.kind {
        ExprKind::Binary { op, .. } => op.is_comparison(),
        ExprKind::Is { .. } | ExprKind::Between { .. } | ExprKind::Matches { .. } => true,
        _ => false,
    }
}

pub(super) fn binary_op(rule: Rule) -> Option<BinaryOp> {
    Some(match rule {
        Rule::op_or => BinaryOp::Or,
        Rule::op_and => BinaryOp::And,
        Rule::op_eq => BinaryOp::Eq,
        Rule::op_ne => BinaryOp::Ne,
        Rule::op_lt => BinaryOp::Lt,
        Rule::op_le => BinaryOp::Le,
        Rule::op_gt => BinaryOp::Gt,
        Rule::op_ge => BinaryOp::Ge,
        Rule::op_like => BinaryOp::EqIgnoreCase,
        Rule::op_in => BinaryOp::In,
        Rule::op_not_in => BinaryOp::NotIn,
        Rule::op_contains => BinaryOp::Contains,
        Rule::op_not_contains => BinaryOp::NotContains,
        Rule::op_starts_with => BinaryOp::StartsWith,
        Rule::op_ends_with => BinaryOp::EndsWith,
        Rule::op_default => BinaryOp::Default,
        Rule::op_add => BinaryOp::Add,
        Rule::op_sub => BinaryOp::Sub,
        Rule::op_mul => BinaryOp::Mul,
        Rule::op_div => BinaryOp::Div,
        _ => return None,
    })
}
