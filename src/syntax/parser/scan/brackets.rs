//! Brackets that do not match: of all ways to mend them, the one with the fewest mistakes, given what can
//! stand in what. Only between ways that are equally good does the layout decide: where lines begin, and
//! how far they are indented.

use super::outline::{Mark, Role, Start, outline};
use super::{Bracket, Kind, MAX_PROBLEMS, Misfit, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use std::collections::HashMap;

/// A bracket that is never closed.
pub fn unclosed(span: Span, bracket: &str) -> Diagnostic {
    Diagnostic::new(Code::UnclosedBracket, span, format!("this `{bracket}` is never closed"))
        .label("it opens here")
        .help(partner_of(bracket))
}

fn partner_of(bracket: &str) -> &'static str {
    match bracket {
        "{" => "}",
        "(" => ")",
        _ => "]",
    }
}

/// A bracket that closes nothing.
pub fn stray(span: Span, bracket: &str) -> Diagnostic {
    Diagnostic::new(Code::StrayBracket, span, format!("this `{bracket}` closes nothing"))
        .label("nothing is open here that it could close")
        .help("take it away, or open what it should close")
}

/// A mistake: a bracket too many or too few.
const MISTAKE: u32 = 100;
/// An opening brace too few, where the words before it ask for one: rather that than a closing one too many.
const MISSING: u32 = 96;
/// One bracket in place of another; a little more than a mistake, for it does the work of two.
const WRONG_KIND: u32 = 105;
/// Something stands where it cannot. Less than a mistake: people put things in wrong places too.
const OUT_OF_PLACE: u32 = 99;
/// The closing bracket stands at another margin than the line of the opening one.
const OTHER_MARGIN: u32 = 4;
/// One of the two ends its line or begins it, and the other does not.
const OTHER_SHAPE: u32 = 6;
/// A way that is so much worse than the best is not followed.
const FAR: u32 = 310;
/// How many ways are followed at once.
const WIDTH: usize = 32;
/// How many brackets may be given up at one place.
const REACH: usize = 6;

/// Pairs the brackets of a file in which they do not match, and says which are wrong. Where an opening brace
/// is missing, an empty token takes its place, so that what stands behind it is read as its inside. Gives those of the
/// problems that a change of the one bracket mends.
pub fn repair(
    file: FileId,
    text: &str,
    tokens: &mut Vec<Token>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    let marks = outline(text, tokens);
    let steps = Mender::new(text, tokens, &marks).run();
    let count = tokens.len();
    let span = |index: usize| Span { file, start: tokens[index].start, end: tokens[index].end };
    let shown = |index: usize| text.get(span(index).range()).unwrap_or_default();
    let mut partners = Vec::new();
    let mut inserted = Vec::new();
    for step in steps {
        match step {
            Step::Pair { open, close } => partners.push((open, close)),
            Step::GiveUp { open, at } => {
                partners.push((open, at));
                if open >= count {
                    continue;
                }
                let mut problem = unclosed(span(open), shown(open));
                if tokens[open].kind == Kind::Open(Bracket::Brace) && at < count {
                    problem = problem.also(span(at), "and should be closed before this");
                    if marks[at].start == Some(Start::Else) {
                        problem = problem.fix(span(at).before(), "} ");
                    }
                }
                problems.push(problem);
            }
            Step::Stray { close } => {
                let problem = stray(span(close), shown(close));
                misfits.push(Misfit { problem: problem.clone(), right: b' ' });
                problems.push(problem);
            }
            Step::WrongKind { open, close } => {
                partners.push((open, close));
                if open >= count {
                    continue;
                }
                let (open_sign, close_sign) = (shown(open), shown(close));
                let right = partner_of(open_sign);
                let problem = Diagnostic::new(
                    Code::StrayBracket,
                    span(close),
                    format!("this `{close_sign}` does not close `{open_sign}`"),
                )
                .label(format!("`{right}` belongs here"))
                .also(span(open), "what is open")
                .help(right)
                .fix(span(close), right);
                misfits.extend(right.bytes().next().map(|right| Misfit { problem: problem.clone(), right }));
                problems.push(problem);
            }
            Step::Insert { at } => {
                let before = at.checked_sub(1).map_or(0, |b| tokens[b].end);
                let place = Span { file, start: before, end: before };
                let inside = match marks[at].missing {
                    Some(Role::Pipeline) => "the stages of a pipeline stand between `{` and `}`",
                    Some(Role::Stage) => "the triggers and rules of a stage stand between `{` and `}`",
                    Some(Role::Block) => "statements stand between `{` and `}`",
                    Some(Role::Words) => "what belongs to this stands between `{` and `}`",
                    Some(Role::Test) => "the steps of a test stand between `{` and `}`",
                    _ => "entries `name: …` stand between `{` and `}`",
                };
                let problem = Diagnostic::new(Code::Syntax, place, "a `{` is missing here");
                problems.push(problem.label(inside).help("{").fix(place, " {"));
                inserted.push(at);
            }
        }
    }
    inserted.sort_unstable();
    let moved = |index: usize| match index.checked_sub(count + 1) {
        Some(at) => at + inserted.partition_point(|i| *i < at),
        None => index + inserted.partition_point(|i| *i <= index),
    };
    let partners: Vec<(usize, usize)> = partners.iter().map(|(a, b)| (moved(*a), moved(*b))).collect();
    for at in inserted.iter().rev() {
        let place = at.checked_sub(1).map_or(0, |b| tokens[b].end);
        let open = Kind::Open(Bracket::Brace);
        tokens.insert(*at, Token { kind: open, first: false, start: place, end: place, partner: 0 });
    }
    for (index, token) in tokens.iter_mut().enumerate() {
        token.partner = index as u32;
    }
    for (open, partner) in partners {
        if let Some(token) = tokens.get_mut(open) {
            token.partner = partner as u32;
        }
    }
    misfits
}

/// What is decided of one bracket.
#[derive(Debug, Clone, Copy)]
enum Step {
    Pair {
        open: usize,
        close: usize,
    },
    /// It ends before the token `at`, without having been closed.
    GiveUp {
        open: usize,
        at: usize,
    },
    Stray {
        close: usize,
    },
    WrongKind {
        open: usize,
        close: usize,
    },
    /// An opening brace is missing before a token. In other steps its number is that of the token, counted
    /// on from the number of the end.
    Insert {
        at: usize,
    },
}

/// One way to read the file so far.
#[derive(Debug, Clone, Copy)]
struct Way {
    cost: u32,
    /// The innermost open bracket: an index into `nodes`, 0 for none.
    top: usize,
    /// The last of its steps: an index into `log`, 0 for none.
    last: usize,
}

/// An open bracket and what is open around it.
#[derive(Debug, Clone, Copy)]
struct Node {
    token: usize,
    outer: usize,
}

struct Mender<'a> {
    text: &'a str,
    tokens: &'a [Token],
    marks: &'a [Mark],
    /// Equal rows of open brackets have one node, so that ways that meet again can be told.
    nodes: Vec<Node>,
    known: HashMap<(usize, usize), usize>,
    /// Steps, each with the one before it.
    log: Vec<(usize, Step)>,
    /// Of each token: the number of its line, and how far that is indented.
    lines: Vec<(u32, u32)>,
}

impl<'a> Mender<'a> {
    fn new(text: &'a str, tokens: &'a [Token], marks: &'a [Mark]) -> Self {
        let mut line = (0, 0);
        let lines = tokens
            .iter()
            .map(|token| {
                if token.first {
                    let before = text.get(..token.start as usize).unwrap_or_default();
                    let start = before.rfind(['\n', '\r']).map_or(0, |n| n as u32 + 1);
                    line = (line.0 + 1, token.start - start);
                }
                line
            })
            .collect();
        let nowhere = (0, Step::Stray { close: 0 });
        Mender {
            text,
            tokens,
            marks,
            nodes: vec![Node { token: 0, outer: 0 }],
            known: HashMap::new(),
            log: vec![nowhere],
            lines,
        }
    }

    /// The steps of the best way. Declarations in which all is well are paired as they stand.
    fn run(mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = 0;
        let mut mistakes = 0;
        while at < self.tokens.len() {
            at = match self.plain(at, &mut steps) {
                Some(end) => end,
                None if mistakes >= MAX_PROBLEMS => break,
                None => {
                    let before = steps.len();
                    let end = self.search(at, &mut steps);
                    mistakes += steps[before..].iter().filter(|s| !matches!(s, Step::Pair { .. })).count();
                    end
                }
            };
        }
        steps
    }

    /// A strong word that begins a declaration.
    fn begins_declaration(&self, index: usize) -> bool {
        let mark = self.marks[index];
        mark.start == Some(Start::Declaration) && !mark.weak
    }

    /// Pairs the brackets up to the next declaration, if they match.
    fn plain(&self, from: usize, steps: &mut Vec<Step>) -> Option<usize> {
        let mut open = Vec::new();
        let before = steps.len();
        for index in from..self.tokens.len() {
            match self.tokens[index].kind {
                Kind::Open(bracket) => open.push((index, bracket)),
                Kind::Close(bracket) => match open.pop() {
                    Some((open, kind)) if kind == bracket => steps.push(Step::Pair { open, close: index }),
                    _ => {
                        steps.truncate(before);
                        return None;
                    }
                },
                Kind::Word if index > from && self.begins_declaration(index) => {
                    if open.is_empty() {
                        return Some(index);
                    }
                    steps.truncate(before);
                    return None;
                }
                _ => {}
            }
        }
        if open.is_empty() {
            return Some(self.tokens.len());
        }
        steps.truncate(before);
        None
    }

    /// The best way from `from` to a declaration before which it has closed everything.
    fn search(&mut self, from: usize, steps: &mut Vec<Step>) -> usize {
        self.nodes.truncate(1);
        self.known.clear();
        self.log.truncate(1);
        let mut ways = vec![Way { cost: 0, top: 0, last: 0 }];
        let mut end = self.tokens.len();
        for index in from..self.tokens.len() {
            let mut next = Vec::new();
            match self.tokens[index].kind {
                Kind::Word if self.marks[index].start.is_some() || self.marks[index].missing.is_some() => {
                    for way in &ways {
                        self.start(*way, index, &mut next);
                    }
                }
                Kind::Open(bracket) => {
                    for way in &ways {
                        self.open(*way, index, bracket, &mut next);
                    }
                }
                Kind::Close(bracket) => {
                    for way in &ways {
                        self.close(*way, index, bracket, &mut next);
                    }
                }
                _ => continue,
            }
            best(&mut next);
            ways = next;
            if index > from && self.begins_declaration(index) && ways.first().is_some_and(|w| w.top == 0) {
                end = index;
                break;
            }
        }
        // What is still open at the end is never closed.
        let tokens = self.tokens.len();
        for way in &mut ways {
            while way.top != 0 {
                *way = self.give_up(*way, tokens);
            }
        }
        let Some(way) = ways.iter().min_by_key(|w| w.cost) else { return end };
        let mut found = Vec::new();
        let mut last = way.last;
        while last != 0 {
            let (before, step) = self.log[last];
            found.push(step);
            last = before;
        }
        steps.extend(found.into_iter().rev());
        end
    }

    // --- one token ---------------------------------------------------------------------------------

    fn role(&self, top: usize) -> Role {
        let token = self.nodes[top].token;
        match token.checked_sub(self.tokens.len() + 1) {
            _ if top == 0 => Role::Top,
            Some(at) => self.marks[at].missing.unwrap_or(Role::Unknown),
            None => self.marks[token].role,
        }
    }

    /// What kind of bracket an open one is: those that were inserted are braces.
    fn kind(&self, open: usize) -> Kind {
        self.tokens.get(open).map_or(Kind::Open(Bracket::Brace), |t| t.kind)
    }

    fn step(&mut self, way: Way, cost: u32, top: usize, step: Step) -> Way {
        self.log.push((way.last, step));
        Way { cost: way.cost + cost, top, last: self.log.len() - 1 }
    }

    fn give_up(&mut self, way: Way, at: usize) -> Way {
        let Node { token, outer } = self.nodes[way.top];
        // Nothing is gained by a bracket that was inserted and never closed.
        let cost = if token < self.tokens.len() { MISTAKE } else { 10 * MISTAKE };
        self.step(way, cost, outer, Step::GiveUp { open: token, at })
    }

    /// A word that can begin only in some brackets.
    fn start(&mut self, way: Way, index: usize, next: &mut Vec<Way>) {
        let mark = self.marks[index];
        let listed = index.checked_sub(1).is_some_and(|b| {
            let token = self.tokens[b];
            matches!(self.text.get(token.start as usize..token.end as usize), Some("(" | ","))
        });
        if mark.missing.is_some() {
            let top = self.push(self.tokens.len() + 1 + index, way.top);
            next.push(self.step(way, MISSING, top, Step::Insert { at: index }));
        }
        if self.role(way.top).takes(mark, listed) {
            next.push(way);
            return;
        }
        if mark.start == Some(Start::Else) {
            return self.otherwise(way, index, next);
        }
        let cost = match mark.start {
            _ if mark.weak => OUT_OF_PLACE / 2,
            // A declaration in another one is much rarer than two brackets that were forgotten.
            Some(Start::Declaration) => 2 * OUT_OF_PLACE,
            _ => OUT_OF_PLACE,
        };
        next.push(Way { cost: way.cost + cost, ..way });
        let mut outer = way;
        for _ in 0..REACH {
            if outer.top == 0 {
                return;
            }
            outer = self.give_up(outer, index);
            if self.role(outer.top).takes(mark, listed) {
                next.push(outer);
                return;
            }
        }
    }

    /// An `else` stands right behind a block, or ends the one that is open around it.
    fn otherwise(&mut self, way: Way, index: usize, next: &mut Vec<Way>) {
        if let Step::Pair { open, close } | Step::WrongKind { open, close } = self.log[way.last].1
            && close + 1 == index
            && self.tokens.get(open).is_none_or(|_| self.marks[open].role == Role::Block)
        {
            next.push(way);
            return;
        }
        next.push(Way { cost: way.cost + OUT_OF_PLACE, ..way });
        let mut outer = way;
        for _ in 0..REACH {
            if outer.top == 0 {
                return;
            }
            let block = self.role(outer.top) == Role::Block;
            outer = self.give_up(outer, index);
            if block {
                next.push(outer);
                return;
            }
        }
    }

    fn open(&mut self, way: Way, index: usize, bracket: Bracket, next: &mut Vec<Way>) {
        // No value holds a brace.
        let inline = self.marks[index].role == Role::Words;
        let mut here = way;
        if bracket == Bracket::Brace && !inline && matches!(self.role(way.top), Role::Paren | Role::Square) {
            let mut outer = way;
            while matches!(self.role(outer.top), Role::Paren | Role::Square) {
                outer = self.give_up(outer, index);
            }
            let top = self.push(index, outer.top);
            next.push(Way { top, ..outer });
            here.cost += OUT_OF_PLACE;
        }
        let top = self.push(index, way.top);
        next.push(Way { top, ..here });
    }

    fn push(&mut self, token: usize, outer: usize) -> usize {
        let nodes = &mut self.nodes;
        *self.known.entry((token, outer)).or_insert_with(|| {
            nodes.push(Node { token, outer });
            nodes.len() - 1
        })
    }

    fn close(&mut self, way: Way, index: usize, bracket: Bracket, next: &mut Vec<Way>) {
        let mut inner = way;
        for reach in 0..=REACH {
            if inner.top == 0 {
                break;
            }
            let Node { token: open, outer } = self.nodes[inner.top];
            let kind = self.kind(open);
            if kind == Kind::Open(bracket) {
                let broken = u32::from(self.marks[index].weak) * OUT_OF_PLACE / 2;
                let cost = self.layout(open, index) + broken;
                next.push(self.step(inner, cost, outer, Step::Pair { open, close: index }));
            } else if reach == 0 {
                next.push(self.step(way, WRONG_KIND, outer, Step::WrongKind { open, close: index }));
            }
            // Only braces reach over braces.
            if bracket != Bracket::Brace && kind == Kind::Open(Bracket::Brace) {
                break;
            }
            inner = self.give_up(inner, index);
        }
        next.push(self.step(way, MISTAKE, way.top, Step::Stray { close: index }));
    }

    /// How much two brackets look as if they did not belong together.
    fn layout(&self, open: usize, close: usize) -> u32 {
        let Some((from, left)) = self.lines.get(open).copied() else { return 0 };
        let (to, right) = self.lines[close];
        if from == to {
            return 0;
        }
        let begins = self.tokens[close].first;
        let ends = self.tokens.get(open + 1).is_none_or(|t| t.first);
        let margin = begins && left != right;
        u32::from(begins != ends) * OTHER_SHAPE + u32::from(margin) * OTHER_MARGIN
    }
}

/// Keeps the best ways, one for each row of open brackets.
fn best(ways: &mut Vec<Way>) {
    ways.sort_by_key(|w| w.cost);
    let mut kept: Vec<Way> = Vec::with_capacity(WIDTH);
    let most = ways.first().map_or(0, |w| w.cost + FAR);
    for way in ways.iter().take_while(|w| w.cost <= most) {
        if kept.len() < WIDTH && !kept.iter().any(|k| k.top == way.top) {
            kept.push(*way);
        }
    }
    *ways = kept;
}
