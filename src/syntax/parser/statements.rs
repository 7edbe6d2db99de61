//! The bodies of rules: blocks and statements, and the steps of tests.

use super::Rule;
use super::builder::{Builder, Node, row};
use super::expressions::binary_op;
use crate::source::Span;
use crate::syntax::tree::*;

impl Builder<'_> {
    pub fn block(&self, node: &Node) -> Block {
        let span = self.span(node);
        let statements = row(node.clone().into_inner().filter_map(|n| self.statement(&n)));
        Block { statements, span }
    }

    /// The block of an `else_block`.
    fn else_block(&self, node: &Node) -> Option<Block> {
        child(node, Rule::block).map(|b| self.block(&b))
    }

    /// The expression of an `at_most`, an `if_head`, a `when_clause` and the like.
    pub fn inner_expr(&self, node: &Node) -> Option<Expr> {
        child(node, Rule::expr).map(|e| self.expr(&e))
    }

    /// A statement; `None` for the braces and commas around it.
    pub fn statement(&self, node: &Node) -> Option<Stmt> {
        let inner = || node.clone().into_inner();
        let kind = match node.as_rule() {
            Rule::action_stmt => StmtKind::Action(self.action_call(&child(node, Rule::action_call)?)?),
            Rule::let_stmt => self.let_statement(node)?,
            Rule::set_stmt => {
                let assignments = inner().filter(|n| n.as_rule() == Rule::assignment);
                StmtKind::Set(row(assignments.filter_map(|n| self.assignment(&n))))
            }
            Rule::move_stmt => inner().find_map(|n| match n.as_rule() {
                Rule::path => Some(StmtKind::Move(MoveTarget::Stage(self.path(&n)))),
                Rule::hole => Some(StmtKind::Move(MoveTarget::Hole(self.token_span(&n)))),
                _ => None,
            })?,
            Rule::if_stmt => {
                let mut branches = Vec::new();
                let mut otherwise = None;
                for part in inner() {
                    match part.as_rule() {
                        Rule::if_branch => branches.push(self.if_branch(&part)?),
                        Rule::else_if => branches.push(self.if_branch(&child(&part, Rule::if_branch)?)?),
                        Rule::else_block => otherwise = self.else_block(&part),
                        _ => {}
                    }
                }
                branches.shrink_to_fit();
                StmtKind::If { branches, otherwise }
            }
            Rule::for_stmt => {
                let (name, list) = self.for_head(&child(node, Rule::for_head)?)?;
                let body = self.block(&child(node, Rule::block)?);
                StmtKind::For { name, list, body }
            }
            Rule::wait_stmt => StmtKind::Wait(self.inner_expr(node)?),
            Rule::wait_until => StmtKind::WaitUntil(self.inner_expr(node)?),
            Rule::wait_for => {
                let events = self.events(&child(node, Rule::events)?);
                let when = child(node, Rule::when_clause).and_then(|n| self.inner_expr(&n));
                let at_most = child(node, Rule::at_most).and_then(|n| self.inner_expr(&n));
                let otherwise = child(node, Rule::else_block).and_then(|n| self.else_block(&n));
                StmtKind::WaitFor { events, when, at_most, otherwise }
            }
            Rule::stop_stmt => StmtKind::Stop,
            _ => return None,
        };
        Some(Stmt { kind, span: self.span(node) })
    }

    fn let_statement(&self, node: &Node) -> Option<StmtKind> {
        let name = self.value_name(&child(node, Rule::name)?);
        let Some(action) = child(node, Rule::let_action) else {
            return Some(StmtKind::Let { name, value: self.inner_expr(node)? });
        };
        let call = self.action_call(&child(&action, Rule::action_call)?)?;
        let at_most = child(&action, Rule::at_most).and_then(|n| self.inner_expr(&n));
        let otherwise = child(&action, Rule::else_block).and_then(|n| self.else_block(&n));
        Some(StmtKind::LetAction { name, call, at_most, otherwise })
    }

    fn assignment(&self, node: &Node) -> Option<Assignment> {
        let field = self.name(&child(node, Rule::name)?);
        Some(Assignment { field, value: self.inner_expr(node)?, span: self.span(node) })
    }

    fn if_branch(&self, node: &Node) -> Option<(Expr, Block)> {
        let condition = self.inner_expr(&child(node, Rule::if_head)?)?;
        Some((condition, self.block(&child(node, Rule::block)?)))
    }

    pub fn for_head(&self, node: &Node) -> Option<(Name, Expr)> {
        Some((self.value_name(&child(node, Rule::name)?), self.inner_expr(node)?))
    }

    fn action_call(&self, node: &Node) -> Option<ActionCall> {
        let name = self.path(&child(node, Rule::path_value)?);
        let params = self.args(&child(node, Rule::args)?);
        Some(ActionCall { name, params, span: self.span(node) })
    }

    /// The `name: value` entries of an `args` or `event_settings`.
    pub fn args(&self, node: &Node) -> Vec<Arg> {
        row(node.clone().into_inner().filter(|n| n.as_rule() == Rule::arg).filter_map(|n| self.arg(&n)))
    }

    pub fn arg(&self, node: &Node) -> Option<Arg> {
        let name = self.name(&child(node, Rule::name)?);
        Some(Arg { name, value: self.inner_expr(node)?, span: self.span(node) })
    }

    // --- events ------------------------------------------------------------------------------------

    pub fn events(&self, node: &Node) -> Vec<EventPattern> {
        row(node.clone().into_inner().filter_map(|n| self.event_pattern(&n)))
    }

    fn event_pattern(&self, node: &Node) -> Option<EventPattern> {
        let span = self.span(node);
        let inner = || node.clone().into_inner();
        let kind = match node.as_rule() {
            Rule::named_event => EventPatternKind::Named(self.named_event(node)?),
            Rule::any_change => EventPatternKind::AnyChange,
            Rule::hole => EventPatternKind::Hole,
            Rule::change_event => {
                let fields = row(inner().filter(|n| n.as_rule() == Rule::name).map(|n| self.name(&n)));
                let side = |rule| {
                    let value = child(node, rule)?.into_inner().nth(1)?;
                    Some(self.small_value(&value))
                };
                EventPatternKind::Change { fields, from: side(Rule::change_from), to: side(Rule::change_to) }
            }
            Rule::count_event => {
                let number = child(node, Rule::integer)?;
                let count = self.integer(&number).map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX));
                EventPatternKind::Count {
                    count,
                    count_span: self.token_span(&number),
                    event: self.named_event(&child(node, Rule::named_event)?)?,
                    within: self.small_value(&inner().last()?),
                }
            }
            Rule::absence_event => EventPatternKind::Absence {
                event: self.named_event(&child(node, Rule::named_event)?)?,
                period: self.small_value(&inner().last()?),
            },
            _ => return None,
        };
        Some(EventPattern { kind, span })
    }

    fn named_event(&self, node: &Node) -> Option<NamedEvent> {
        let name = self.path(&child(node, Rule::path)?);
        let settings = child(node, Rule::event_settings).map_or_else(Vec::new, |n| self.args(&n));
        Some(NamedEvent { name, settings, span: self.span(node) })
    }

    // --- steps of tests ----------------------------------------------------------------------------

    pub fn step(&self, node: &Node) -> Option<Step> {
        let texts = || node.clone().into_inner().filter(|n| n.as_rule() == Rule::text);
        let text = || texts().next().map(|n| self.plain_text(&n));
        let path = || child(node, Rule::path).map(|n| self.path(&n));
        let args = || child(node, Rule::args).map_or_else(Vec::new, |n| self.args(&n));
        let kind = match node.as_rule() {
            Rule::given => {
                StepKind::Given { entity: self.name(&child(node, Rule::name)?), id: text()?, fields: args() }
            }
            Rule::at_step => StepKind::At(self.inner_expr(node)?),
            Rule::wait_step => StepKind::Wait(self.inner_expr(node)?),
            Rule::send => StepKind::Send { event: path()?, payload: args(), to: text()? },
            Rule::reply_with => StepKind::ReplyWith { action: path()?, outputs: args() },
            Rule::reply_fails => StepKind::ReplyFails { action: path()?, reason: text()? },
            Rule::expect_field => {
                let field = self.name(&child(node, Rule::name)?);
                let of = text()?;
                let (op, value) = self.expectation(node)?;
                StepKind::ExpectField { field, of, op, value }
            }
            Rule::expect_action => StepKind::ExpectAction {
                no: child(node, Rule::kw_no).map(|n| self.token_span(&n)),
                count: child(node, Rule::integer)
                    .and_then(|n| self.integer(&n))
                    .map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
                action: path()?,
                params: args(),
            },
            _ => return None,
        };
        Some(Step { kind, span: self.span(node) })
    }

    fn expectation(&self, node: &Node) -> Option<(ExpectOp, Expr)> {
        if let Some(test) = child(node, Rule::is_test) {
            let at: Span = self.span(&test);
            return Some((ExpectOp::Is(self.is_test(&test)), self.error_expr(at)));
        }
        let op = node.clone().into_inner().find_map(|n| binary_op(n.as_rule()))?;
        let value = self.expr(&child(node, Rule::sum)?);
        Some((ExpectOp::Binary(op), value))
    }
}

/// The first child made by a rule.
pub(super) fn child<'i>(node: &Node<'i>, rule: Rule) -> Option<Node<'i>> {
    node.clone().into_inner().find(|n| n.as_rule() == rule)
}
