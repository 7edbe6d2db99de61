//! The words of a file as the grammar groups them, and the comments and empty lines between them.
//!
//! Commas are no words here: where they may be left out the layout decides whether they stand, and elsewhere
//! it puts them. A comment belongs to the word before it if it stands on that word's line, else to the word
//! below it.

use crate::syntax::Rule;
use crate::syntax::tree::Comment;
use pest::iterators::Pair;
use std::collections::HashMap;

/// A word of the file, or a part made of words.
#[derive(Debug)]
pub struct Node<'t> {
    pub rule: Rule,
    /// Of a word its text.
    pub text: &'t str,
    pub start: usize,
    pub kids: Vec<Node<'t>>,
    /// A text with a placeholder of several lines.
    pub rough: bool,
}

impl<'t> Node<'t> {
    pub fn new(pair: Pair<'t, Rule>) -> Node<'t> {
        let rule = pair.as_rule();
        let (text, start) = (pair.as_str(), pair.as_span().start());
        let mut kids = pair.into_inner();
        if rule == Rule::text {
            // What is inside a text is left alone.
            let rough = kids.any(|kid| kid.as_rule() == Rule::placeholder && kid.as_str().contains('\n'));
            return Node { rule, text, start, kids: Vec::new(), rough };
        }
        let kids = kids.filter(|kid| kid.as_rule() != Rule::comma).map(Node::new).collect();
        Node { rule, text, start, kids, rough: false }
    }

    pub fn first(&self) -> &Node<'t> {
        self.kids.first().map_or(self, Node::first)
    }

    pub fn last(&self) -> &Node<'t> {
        self.kids.last().map_or(self, Node::last)
    }

    pub fn end(&self) -> usize {
        let last = self.last();
        last.start + last.text.len()
    }

    fn words<'n>(&'n self, into: &mut Vec<&'n Node<'t>>) {
        if self.kids.is_empty() {
            into.push(self);
        }
        for kid in &self.kids {
            kid.words(into);
        }
    }
}

/// What stands around a word and is no word.
#[derive(Debug, Default)]
pub struct Around<'t> {
    /// Comments above the word, each with whether an empty line stands above it.
    pub above: Vec<(bool, &'t str)>,
    /// An empty line directly above the word.
    pub blank: bool,
    /// The comment behind the word.
    pub behind: Option<&'t str>,
}

/// Finds what stands around each word, by the place where the word begins.
pub fn around<'t>(text: &'t str, program: &Node<'t>, comments: &[Comment]) -> HashMap<usize, Around<'t>> {
    let mut words = Vec::new();
    program.words(&mut words);
    let mut found: HashMap<usize, Around> = HashMap::new();
    let mut comments = comments.iter().map(|comment| comment.span.range()).peekable();
    // The end of the word before, and where that word begins.
    let mut before: Option<(usize, usize)> = None;
    for word in words {
        let mut at = before.map_or(0, |(_, end)| end);
        let mut here = Around::default();
        // A comma between `## …` and what is below keeps them apart, and so does one before it on its line: it
        // documents nothing, nor may it when the comma is gone.
        let mut apart = false;
        while let Some(comment) = comments.next_if(|comment| comment.start < word.start) {
            let Some(gap) = text.get(at..comment.start) else { continue };
            let line = text[comment.clone()].trim_end();
            // Behind a comma it stands on the line of what the comma ends.
            let same_line = before.is_some() && !gap.rsplit(',').next().unwrap_or_default().contains('\n');
            match before {
                Some((owner, _)) if same_line && here.above.is_empty() && !behind(&found, owner) => {
                    found.entry(owner).or_default().behind = Some(line);
                }
                _ => {
                    apart |= gap.contains(',') && !here.above.is_empty();
                    here.above.push((has_empty_line(gap) || apart, line));
                    apart = same_line;
                }
            }
            at = comment.end;
        }
        let gap = text.get(at..word.start).unwrap_or_default();
        apart |= gap.contains(',');
        here.blank = has_empty_line(gap) || (apart && !here.above.is_empty());
        if here.blank || !here.above.is_empty() {
            let entry = found.entry(word.start).or_default();
            entry.above = here.above;
            entry.blank = here.blank;
        }
        before = Some((word.start, word.start + word.text.len()));
    }
    found
}

fn behind(found: &HashMap<usize, Around>, word: usize) -> bool {
    found.get(&word).is_some_and(|around| around.behind.is_some())
}

/// Whether an empty line stands between two things on different lines.
fn has_empty_line(gap: &str) -> bool {
    let mut lines = gap.split('\n').skip(1).peekable();
    while let Some(line) = lines.next() {
        // The last is where the next thing begins.
        if lines.peek().is_some() && line.trim().is_empty() {
            return true;
        }
    }
    false
}
