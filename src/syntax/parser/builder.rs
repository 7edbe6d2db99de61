//! What all parts of the tree builder share: spans, names, paths, plain texts, doc comments, errors.

use super::Rule;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::syntax::tree::*;
use pest::iterators::Pair;
use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;
use unicode_normalization::{UnicodeNormalization, is_nfc};

pub(super) type Node<'i> = Pair<'i, Rule>;

/// Turns what pest found in one piece of a file into the tree.
///
/// Functions that give an `Option` give `None` only where the grammar would have refused the text.
pub(super) struct Builder<'a> {
    pub file: FileId,
    /// The whole file.
    pub text: &'a str,
    /// Where the piece that is being built begins in the file: pest counts from there.
    pub base: usize,
    /// All comments of the file.
    pub comments: &'a [Comment],
    pub errors: &'a RefCell<Vec<Diagnostic>>,
    pub words: &'a Words,
}

/// The names of a file, each kept once however often it stands there.
#[derive(Default)]
pub(super) struct Words(RefCell<HashSet<Arc<str>, ahash::RandomState>>);

impl Words {
    /// In NFC; nearly all names are ASCII, which is.
    fn word(&self, text: &str) -> Arc<str> {
        let mut known = self.0.borrow_mut();
        if let Some(word) = known.get(text) {
            return word.clone();
        }
        let word = nfc(text);
        known.insert(word.clone());
        word
    }
}

/// As many places as there are things: most rows are short, and a list that grows keeps room for more.
pub(super) fn row<T>(things: impl Iterator<Item = T>) -> Vec<T> {
    let mut row: Vec<T> = things.collect();
    row.shrink_to_fit();
    row
}

impl<'a> Builder<'a> {
    /// The place of a node, without the white space that pest counts to it.
    pub fn span(&self, node: &Node) -> Span {
        let start = node.as_span().start();
        let mut last = node.clone().into_inner();
        let mut end = node.as_span().end();
        while let Some(child) = last.next_back() {
            end = child.as_span().end();
            last = child.into_inner();
        }
        Span::new(self.file, self.base + start, self.base + end)
    }

    /// The place of a token, which holds no other.
    pub fn token_span(&self, node: &Node) -> Span {
        let span = node.as_span();
        Span::new(self.file, self.base + span.start(), self.base + span.end())
    }

    pub fn source(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    pub fn report(&self, diagnostic: Diagnostic) {
        self.errors.borrow_mut().push(diagnostic);
    }

    pub fn name(&self, node: &Node) -> Name {
        Name { text: self.words.word(node.as_str()), span: self.token_span(node) }
    }

    /// A name that could never be read where a value stands.
    pub fn value_name(&self, node: &Node) -> Name {
        let name = self.name(node);
        if super::RESERVED.contains(&&*name.text) {
            self.report(
                Diagnostic::new(
                    Code::WordAsName,
                    name.span,
                    format!("`{}` is a word of the language and cannot name a value", name.text),
                )
                .label("this word is reserved")
                .help(format!("{}_value", name.text)),
            );
        }
        name
    }

    /// A `path`, or a `path_value` or `constant` around it.
    pub fn path(&self, node: &Node) -> Path {
        let mut parts = Vec::with_capacity(2);
        self.collect_names(node, &mut parts);
        parts.shrink_to_fit();
        let span = match (parts.first(), parts.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => self.token_span(node),
        };
        Path { parts, span }
    }

    fn collect_names(&self, node: &Node, parts: &mut Vec<Name>) {
        for child in node.clone().into_inner() {
            match child.as_rule() {
                Rule::name | Rule::plain_name => parts.push(self.name(&child)),
                Rule::path => self.collect_names(&child, parts),
                _ => {}
            }
        }
    }

    /// The `##` lines directly above the node.
    pub fn doc(&self, node: &Node) -> Option<Arc<str>> {
        doc_above(self.text, self.comments, self.base + node.as_span().start())
    }
}

/// In NFC; nearly all names are ASCII, which is.
pub(super) fn nfc(text: &str) -> Arc<str> {
    if text.is_ascii() || is_nfc(text) { text.into() } else { text.nfc().collect::<String>().into() }
}

pub(super) fn nfc_text(text: String) -> Arc<str> {
    nfc(&text)
}

/// The lines of doc comment that end on the line above `start`, joined, without their marks.
pub(super) fn doc_above(text: &str, comments: &[Comment], start: usize) -> Option<Arc<str>> {
    let mut below = start;
    let mut lines: Vec<&str> = Vec::new();
    let known = comments.partition_point(|c| c.span.end as usize <= start);
    for comment in comments[..known].iter().rev() {
        let range = comment.span.range();
        let between = text.get(range.end..below)?;
        let joined = matches!(between.trim_matches([' ', '\t', '\u{A0}', '\u{FEFF}']), "\n" | "\r\n" | "\r");
        let line_start = text[..range.start].rfind(['\n', '\r']).map_or(0, |i| i + 1);
        if !comment.doc || !joined || !is_blank(&text[line_start..range.start]) {
            break;
        }
        let line = text[range.clone()].trim_start_matches('#');
        lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
        below = range.start;
    }
    lines.reverse();
    let doc = lines.join("\n");
    let doc = doc.trim_matches('\n');
    (!doc.is_empty()).then(|| doc.into())
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == '\u{FEFF}')
}
