//! How declarations stand: `entity`, `event`, `action`, people, calendars, and the small ones of one line.

use super::doc::*;
use super::layout::{Entries, Layout, STEP};
use super::words::Node;
use crate::syntax::Rule;

impl<'t> Layout<'t> {
    /// A declaration at the top of a file.
    pub fn declaration(&mut self, node: &Node<'t>) -> Doc<'t> {
        let kids = node.kids.as_slice();
        match node.rule {
            Rule::pipeline_decl => self.pipeline(kids),
            Rule::test_decl => self.headed(kids, |layout, body| layout.body(body, |_| false)),
            Rule::calendar_decl => self.headed(kids, |layout, body| layout.body(body, |_| false)),
            Rule::rates_decl => self.headed(kids, |layout, body| layout.braces(body, Entries::Plain)),
            Rule::fn_decl => self.function(kids),
            _ => self.node(node),
        }
    }

    /// A head, and a body of which the words stand beside it.
    fn headed(
        &mut self,
        nodes: &[Node<'t>],
        body: impl FnOnce(&mut Self, &[Node<'t>]) -> Doc<'t>,
    ) -> Doc<'t> {
        let [head, rest @ ..] = nodes else { return nil() };
        let head = self.node(head);
        let gap = rest.first().map_or_else(nil, |open| self.gap(&head, open));
        concat(vec![head, gap, body(self, rest)])
    }

    /// `fn big(d: Deal) -> bool = d.amount >= LIMIT`
    fn function(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let params = nodes.iter().position(|node| node.rule == Rule::fn_params).unwrap_or(nodes.len());
        let value = nodes.iter().position(|node| node.rule == Rule::assign).unwrap_or(nodes.len());
        let head = self.spaced(&nodes[..params]);
        let result = self.spaced(&nodes[params.min(value)..value]);
        let value = self.spaced(&nodes[value..]);
        concat(vec![head, result, space(), value])
    }

    /// `title: text min 1 = "New"`, `d: Deal`
    pub fn field(&mut self, node: &Node<'t>) -> Doc<'t> {
        let [name, colon, rest @ ..] = node.kids.as_slice() else { return self.spaced(&node.kids) };
        let name = self.word(name);
        let colon = self.word(colon);
        concat(vec![name, colon, space(), self.spaced(rest)])
    }

    /// `mon..fri, sun 09:00-13:00, 14:00-18:00`
    pub fn opening(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let days = nodes.iter().take_while(|node| node.rule == Rule::weekday_span).count();
        let (days, hours) = nodes.split_at(days);
        let days = self.filled(days);
        concat(vec![days, space(), self.filled(hours)])
    }

    /// `on a.b or c.d`
    pub fn alternatives(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let [first, rest @ ..] = nodes else { return nil() };
        let first = self.node(first);
        let mut others = Vec::new();
        for node in rest {
            others.push(if node.rule == Rule::kw_or { line() } else { space() });
            others.push(self.node(node));
        }
        group(concat(vec![first, indent(STEP, concat(others))]))
    }

    /// `change of amount, title from 1 to 2`
    pub fn change(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let mut parts = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let is_name = |node: &Node| node.rule == Rule::name;
            if at > 0 && is_name(node) && is_name(&nodes[at - 1]) {
                parts.push(comma());
            }
            if at > 0 {
                parts.push(space());
            }
            parts.push(self.node(node));
        }
        concat(parts)
    }
}
