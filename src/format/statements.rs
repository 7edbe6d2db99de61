//! How statements stand.

use super::doc::*;
use super::layout::{Layout, STEP};
use super::words::Node;
use crate::syntax::Rule;

impl<'t> Layout<'t> {
    /// Statements in braces, each on its own line.
    pub fn block(&mut self, node: &Node<'t>) -> Doc<'t> {
        self.body(&node.kids, |_| false)
    }

    /// A head and its block, of which the brace goes to a line of its own if the head takes several: `end` is
    /// what stands before it.
    pub fn with_block(&mut self, head: Doc<'t>, end: Doc<'t>, block: &Node<'t>) -> Doc<'t> {
        let [open, rest @ ..] = block.kids.as_slice() else { return head };
        // The brace counts to the head's line, the rest of the block does not.
        let brace = self.word(open);
        let inside = self.after_brace(&brace, rest);
        concat(vec![group(concat(vec![head, end, brace])), inside])
    }

    /// `set a = 1, b = 2`
    pub fn set(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let [set, changes @ ..] = nodes else { return nil() };
        let set = self.word(set);
        let mut parts = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            if at > 0 {
                parts.extend([comma(), line()]);
            }
            parts.push(self.node(change));
        }
        // Below each other: as far in as the word is long.
        group(concat(vec![set, space(), indent("set ".len(), concat(parts))]))
    }

    pub fn if_statement(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let mut parts: Vec<Doc> = Vec::new();
        for node in nodes {
            if let Some(before) = parts.last() {
                parts.push(self.gap(before, node));
            }
            parts.push(match (node.rule, node.kids.as_slice()) {
                (Rule::if_branch, [head, block]) => {
                    let head = self.node(head);
                    self.with_block(head, line(), block)
                }
                (Rule::else_if, [word, branch]) => match branch.kids.as_slice() {
                    [head, block] => {
                        let word = self.word(word);
                        let head = self.node(head);
                        self.with_block(concat(vec![word, space(), head]), line(), block)
                    }
                    _ => self.node(node),
                },
                _ => self.node(node),
            });
        }
        concat(parts)
    }

    pub fn for_statement(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let [head, block] = nodes else { return self.spaced(nodes) };
        let head = self.node(head);
        self.with_block(head, line(), block)
    }

    /// `wait for a.b when c at most 4 days else { … }`
    pub fn wait_for(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let clauses = nodes.iter().position(|n| matches!(n.rule, Rule::when_clause | Rule::at_most));
        let (words, rest) = nodes.split_at(clauses.unwrap_or(nodes.len()));
        let words = self.spaced(words);
        let (clauses, otherwise) = match rest {
            [clauses @ .., otherwise] if otherwise.rule == Rule::else_block => (clauses, Some(otherwise)),
            clauses => (clauses, None),
        };
        let mut parts = Vec::new();
        for clause in clauses {
            parts.push(line());
            parts.push(self.node(clause));
        }
        let head = concat(vec![words, indent(STEP, concat(parts))]);
        let Some([word, block]) = otherwise.map(|node| node.kids.as_slice()) else { return group(head) };
        let word = self.word(word);
        let head = group(concat(vec![head, line(), word]));
        let gap = self.gap(&head, block);
        let block = self.node(block);
        concat(vec![head, gap, block])
    }
}
