//! How pipelines, stages, triggers and rules stand.

use super::doc::*;
use super::layout::{Layout, STEP};
use super::words::Node;
use crate::syntax::Rule;

impl<'t> Layout<'t> {
    pub fn pipeline(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let [head, body @ ..] = nodes else { return nil() };
        let head = self.node(head);
        let gap = body.first().map_or_else(nil, |open| self.gap(&head, open));
        concat(vec![head, gap, self.body(body, is_tall)])
    }

    pub fn stage(&mut self, node: &Node<'t>) -> Doc<'t> {
        match node.kids.as_slice() {
            [head] => self.node(head),
            kids => self.pipeline(kids),
        }
    }

    /// The label, then each clause: on one line if all fit.
    pub fn trigger(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let on = nodes.iter().position(|node| node.rule == Rule::kw_on).unwrap_or(nodes.len());
        let first = nodes.iter().position(|node| clause_rank(node.rule) > 0).unwrap_or(nodes.len());
        let head = self.spaced(&nodes[..first]);
        let mut clauses: Vec<&[Node]> = Vec::new();
        let mut at = first;
        while at < nodes.len() {
            // `on` and its events are two parts.
            let to = if at == on { (at + 2).min(nodes.len()) } else { at + 1 };
            clauses.push(&nodes[at..to]);
            at = to;
        }
        clauses.sort_by_key(|clause| clause.first().map_or(0, |node| clause_rank(node.rule)));
        let mut parts = Vec::new();
        for clause in clauses {
            parts.push(line());
            parts.push(self.spaced(clause));
        }
        group(concat(vec![head, indent(STEP, concat(parts))]))
    }

    /// The head and the body. A head of several lines has its brace on a line of its own, so that one sees where the body
    /// begins.
    pub fn rule(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let [head, block] = nodes else { return self.spaced(nodes) };
        let first = head.kids.iter().position(|node| clause_rank(node.rule) > 0).unwrap_or(head.kids.len());
        let (words, clauses) = head.kids.split_at(first);
        let words = self.spaced(words);
        let mut clauses: Vec<&Node> = clauses.iter().collect();
        clauses.sort_by_key(|clause| clause_rank(clause.rule));
        let mut parts = Vec::new();
        for clause in clauses {
            parts.push(line());
            parts.push(self.node(clause));
        }
        let end = if parts.is_empty() { space() } else { line() };
        self.with_block(concat(vec![words, indent(STEP, concat(parts))]), end, block)
    }
}

/// What has an empty line above and below.
fn is_tall(node: &Node) -> bool {
    match node.rule {
        Rule::rule_decl => true,
        // Head, braces, and something in them.
        Rule::stage_decl => node.kids.len() > 3,
        _ => false,
    }
}

/// Where a clause stands in its rule or trigger; 0 if it is none.
fn clause_rank(rule: Rule) -> usize {
    match rule {
        Rule::on_clause | Rule::kw_on => 1,
        Rule::after_clause | Rule::at_clause => 2,
        Rule::during_clause => 3,
        Rule::when_clause => 4,
        Rule::once_clause | Rule::allow_backward => 5,
        Rule::overlap_clause | Rule::as_clause => 6,
        Rule::detached_clause => 7,
        _ => 0,
    }
}
