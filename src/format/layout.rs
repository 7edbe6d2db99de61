//! What every layout is made of: words with their comments, lists in braces and in brackets.

use super::WIDTH;
use super::doc::*;
use super::expressions::{binding, is_question};
use super::words::{Around, Node};
use crate::syntax::Rule;
use std::collections::HashMap;

/// How far what is inside something is moved in.
pub const STEP: usize = 2;

pub struct Layout<'t> {
    pub text: &'t str,
    around: HashMap<usize, Around<'t>>,
}

/// When an empty line stands above an entry.
#[derive(Clone, Copy, PartialEq)]
pub enum Blank {
    /// The first of its block: never.
    Never,
    /// If the author put one.
    Kept,
    Always,
}

impl<'t> Layout<'t> {
    pub fn new(text: &'t str, around: HashMap<usize, Around<'t>>) -> Self {
        Layout { text, around }
    }

    /// The whole file, line by line.
    pub fn program(mut self, program: &Node<'t>) -> Vec<Line<'t>> {
        let mut lines: Vec<Line> = Vec::new();
        let mut was_tall = false;
        let mut people = People::default();
        for (at, item) in program.kids.iter().enumerate() {
            let above = self.take_above(item);
            let entry = print(&self.declaration(item), WIDTH);
            // People come in groups: there the author decides.
            let person = item.rule == Rule::principal_decl;
            let tall = entry.len() > 1 && !person;
            let blank = match at {
                0 => Blank::Never,
                _ if item.rule == Rule::EOI => Blank::Kept,
                _ if tall || was_tall => Blank::Always,
                _ => Blank::Kept,
            };
            was_tall = tall;
            let above = self.lines_above(above, blank);
            if !person || entry.len() > 1 || above.iter().any(|(empty, _)| *empty) {
                people.align(&mut lines);
            }
            for (empty, comment) in above {
                if empty {
                    lines.push(Line::default());
                }
                lines.extend(comment.map(|comment| Line { text: comment.to_owned(), ..Line::default() }));
            }
            if person && entry.len() == 1 {
                people.add(item, lines.len());
            }
            lines.extend(entry);
        }
        people.align(&mut lines);
        lines
    }

    // --- words ---------------------------------------------------------------------------------------

    /// A word with the comments at it.
    pub fn word(&mut self, node: &Node<'t>) -> Doc<'t> {
        let Some(around) = self.around.remove(&node.start) else { return self.bare(node) };
        let mut parts: Vec<Doc> = around.above.into_iter().map(|(_, comment)| own(comment)).collect();
        parts.push(self.bare(node));
        parts.extend(around.behind.map(trailing));
        concat(parts)
    }

    /// A text that is a value: block text moves with the line on which it begins.
    pub fn value_text(&mut self, node: &Node<'t>) -> Doc<'t> {
        let Some(lines) = block_lines(node) else { return self.word(node) };
        let around = self.around.remove(&node.start).unwrap_or_default();
        let mut parts: Vec<Doc> = around.above.into_iter().map(|(_, comment)| own(comment)).collect();
        parts.push(block(lines));
        parts.extend(around.behind.map(trailing));
        concat(parts)
    }

    fn bare(&self, node: &Node<'t>) -> Doc<'t> {
        if node.rule == Rule::EOI {
            nil()
        } else if node.text.contains('\n') {
            verbatim(node.text)
        } else {
            text(node.text)
        }
    }

    /// Words and parts with a blank between each two.
    pub fn spaced(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let mut parts: Vec<Doc> = Vec::with_capacity(nodes.len() * 2);
        for (at, node) in nodes.iter().enumerate() {
            if at > 0 && nodes[at - 1].rule == Rule::assign && is_row(node) {
                parts.push(self.assigned(node));
                continue;
            }
            if let Some(before) = parts.last() {
                parts.push(self.gap(before, node));
            }
            parts.push(self.node(node));
        }
        concat(parts)
    }

    /// The blank between two parts. A brace does not hang behind a comment, nor does what follows one.
    pub fn gap(&self, before: &Doc<'t>, node: &Node<'t>) -> Doc<'t> {
        let begins = matches!(node.first().rule, Rule::brace_open | Rule::kw_else);
        if begins && (before.ends_in_comment() || self.has_comment_above(node)) {
            hard_line()
        } else {
            space()
        }
    }

    /// Words that touch each other.
    pub fn joined(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        concat(nodes.iter().map(|node| self.node(node)).collect())
    }

    /// A word, if one stands there, and parts with commas between them.
    fn filled_words(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        match nodes {
            [word, parts @ ..] if word.rule == Rule::kw_on => {
                let word = self.word(word);
                concat(vec![word, space(), self.filled(parts)])
            }
            parts => self.filled(parts),
        }
    }

    /// Parts with commas between them, on as many lines as they need.
    pub fn filled(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let mut parts = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            if at > 0 {
                parts.extend([comma(), group(line())]);
            }
            parts.push(self.node(node));
        }
        indent(STEP, concat(parts))
    }

    /// Any part, by what it is.
    pub fn node(&mut self, node: &Node<'t>) -> Doc<'t> {
        if node.kids.is_empty() {
            return self.word(node);
        }
        match node.rule {
            Rule::path
            | Rule::path_value
            | Rule::weekday_span
            | Rule::hour_span
            | Rule::date_span
            | Rule::signed_number => self.joined(&node.kids),
            Rule::date_spans | Rule::event_on => self.filled_words(&node.kids),
            Rule::calendar_open => self.opening(&node.kids),
            Rule::expr | Rule::sum => self.expression(node, true),
            Rule::call_or_name | Rule::paren_expr | Rule::list_expr | Rule::if_expr => self.operand(node),
            Rule::arg | Rule::rate | Rule::principal_away => self.entry(node, 0),
            Rule::args | Rule::principal_body => self.braces(&node.kids, Entries::Aligned),
            Rule::fields => self.braces(&node.kids, Entries::Plain),
            Rule::enum_body => self.braces(&node.kids, Entries::Labels),
            Rule::type_expr => self.joined(&node.kids),
            Rule::field | Rule::fn_param => self.field(node),
            Rule::events => self.alternatives(&node.kids),
            Rule::event_settings | Rule::call_args | Rule::fn_params => self.brackets(&node.kids),
            Rule::named_event => self.joined(&node.kids),
            Rule::change_event => self.change(&node.kids),
            Rule::stage_decl => self.stage(node),
            Rule::trigger_decl => self.trigger(&node.kids),
            Rule::rule_decl => self.rule(&node.kids),
            Rule::block => self.block(node),
            Rule::set_stmt => self.set(&node.kids),
            Rule::if_stmt => self.if_statement(&node.kids),
            Rule::for_stmt => self.for_statement(&node.kids),
            Rule::wait_for => self.wait_for(&node.kids),
            _ => self.spaced(&node.kids),
        }
    }

    // --- what stands above an entry ----------------------------------------------------------------------

    /// Takes the comments and empty lines above the first word of a part.
    pub fn take_above(&mut self, node: &Node<'t>) -> Around<'t> {
        let Some(around) = self.around.get_mut(&node.first().start) else { return Around::default() };
        Around {
            above: std::mem::take(&mut around.above),
            blank: std::mem::take(&mut around.blank),
            behind: None,
        }
    }

    /// What stands above an entry, line by line: whether an empty line comes, and a comment behind that.
    fn lines_above(&self, above: Around<'t>, blank: Blank) -> Vec<(bool, Option<&'t str>)> {
        let mut lines: Vec<_> =
            above.above.into_iter().map(|(empty, comment)| (empty, Some(comment))).collect();
        lines.push((above.blank, None));
        if blank == Blank::Always && lines.iter().all(|(empty, _)| !empty) {
            lines[0].0 = true;
        }
        if blank == Blank::Never {
            lines[0].0 = false;
        }
        lines
    }

    /// The break, the empty line and the comments above an entry of a block.
    fn above(&mut self, node: &Node<'t>, blank: Blank) -> Doc<'t> {
        let above = self.take_above(node);
        let lines = self.lines_above(above, blank);
        let mut parts = Vec::new();
        for (empty, comment) in lines {
            parts.push(if empty { blank_line() } else { hard_line() });
            parts.extend(comment.map(own));
        }
        concat(parts)
    }

    /// The comments above a closing bracket: they stand with what is inside.
    pub fn dangling(&mut self, close: &Node<'t>, empty: bool) -> Doc<'t> {
        let above = self.take_above(close);
        let mut parts = Vec::new();
        for (at, (blank, comment)) in above.above.into_iter().enumerate() {
            parts.push(if blank && (at > 0 || !empty) { blank_line() } else { hard_line() });
            parts.push(own(comment));
        }
        concat(parts)
    }

    // --- lists -------------------------------------------------------------------------------------------

    /// A body of which every entry has its own lines: the words of `{`, the entries and `}`.
    pub fn body(&mut self, nodes: &[Node<'t>], tall: impl Fn(&Node<'t>) -> bool) -> Doc<'t> {
        let [open, entries @ .., close] = nodes else { return self.spaced(nodes) };
        let open = self.word(open);
        let inside = self.inside(&open, entries, close, tall);
        concat(vec![open, inside])
    }

    /// A body without its opening brace.
    fn inside(
        &mut self,
        open: &Doc<'t>,
        entries: &[Node<'t>],
        close: &Node<'t>,
        tall: impl Fn(&Node<'t>) -> bool,
    ) -> Doc<'t> {
        let mut inside = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let blank = match at.checked_sub(1).and_then(|before| entries.get(before)) {
                None => Blank::Never,
                Some(before) if tall(before) || tall(entry) => Blank::Always,
                Some(_) => Blank::Kept,
            };
            inside.push(self.above(entry, blank));
            inside.push(self.node(entry));
            if entries.get(at + 1).is_some_and(|next| must_part(entry, next)) {
                inside.push(comma());
            }
        }
        let below = self.dangling(close, entries.is_empty());
        let nothing = entries.is_empty() && below.is_nil() && !open.ends_in_comment();
        inside.push(below);
        let close = self.word(close);
        if nothing {
            return close;
        }
        concat(vec![indent(STEP, concat(inside)), hard_line(), close])
    }

    /// Statements and their closing brace, behind an opening brace that is already written.
    pub fn after_brace(&mut self, open: &Doc<'t>, nodes: &[Node<'t>]) -> Doc<'t> {
        match nodes {
            [entries @ .., close] => self.inside(open, entries, close, |_| false),
            [] => nil(),
        }
    }

    /// Whether a comment stands on a line of its own above a part.
    pub fn has_comment_above(&self, node: &Node<'t>) -> bool {
        self.around.get(&node.first().start).is_some_and(|around| !around.above.is_empty())
    }

    /// Entries in braces: on one line if they fit and the author did not begin a line with the first of them.
    pub fn braces(&mut self, nodes: &[Node<'t>], entries: Entries) -> Doc<'t> {
        let [first, inner @ .., last] = nodes else { return self.spaced(nodes) };
        let open = self.word(first);
        let spread = inner.first().is_some_and(|entry| {
            self.text.get(first.end()..entry.first().start).is_some_and(|gap| gap.contains('\n'))
        });
        let mut above: Vec<Around> = inner.iter().map(|entry| self.take_above(entry)).collect();
        for (at, around) in above.iter_mut().enumerate() {
            // The first has none above it, and those that share a line none at all.
            match around.above.first_mut() {
                Some((blank, _)) if at == 0 => *blank = false,
                None if at == 0 || !spread => around.blank = false,
                _ => {}
            }
        }
        let parted: Vec<bool> =
            above.iter().map(|a| a.blank || a.above.iter().any(|(blank, _)| *blank)).collect();
        let columns = columns(inner, &parted, entries);
        let mut inside = Vec::new();
        for (at, (entry, above)) in inner.iter().zip(above).enumerate() {
            if at > 0 {
                let part = must_part(&inner[at - 1], entry);
                inside.push(if part { comma() } else { if_broken(nil(), comma()) });
            }
            let commented = !above.above.is_empty();
            for (blank, comment) in above.above {
                inside.push(if blank { blank_line() } else { hard_line() });
                inside.push(own(comment));
            }
            inside.push(match (above.blank, commented) {
                (true, _) => blank_line(),
                (false, true) => hard_line(),
                (false, false) => line(),
            });
            inside.push(match columns.get(at) {
                Some(column) => self.entry(entry, *column),
                None => self.node(entry),
            });
        }
        let below = self.dangling(last, inner.is_empty());
        let nothing = inner.is_empty() && below.is_nil() && !open.ends_in_comment();
        inside.push(below);
        let close = self.word(last);
        if nothing {
            return concat(vec![open, close]);
        }
        let all = concat(vec![open, indent(STEP, concat(inside)), line(), close]);
        if spread { broken_group(all) } else { group(all) }
    }

    /// Parts in parentheses or square brackets: on one line if they fit, else each on its own.
    pub fn brackets(&mut self, nodes: &[Node<'t>]) -> Doc<'t> {
        let [first, inner @ .., last] = nodes else { return self.spaced(nodes) };
        let open = self.word(first);
        // A list that is the only argument needs no lines of its own for its brackets.
        let hugs = matches!(inner, [one] if is_list(one));
        let mut inside = Vec::new();
        for (at, part) in inner.iter().enumerate() {
            if at > 0 {
                inside.extend([comma(), line()]);
            }
            inside.push(self.node(part));
        }
        let below = self.dangling(last, true);
        let quiet = below.is_nil() && !open.ends_in_comment();
        let close_comments = !below.is_nil();
        let close = self.word(last);
        if inner.is_empty() && quiet {
            return concat(vec![open, close]);
        }
        let inside = concat(inside);
        if hugs && quiet && !inside.ends_in_comment() {
            return concat(vec![open, inside, close]);
        }
        let end = if close_comments || inner.is_empty() { hard_line() } else { soft_line() };
        let comma = if inner.is_empty() { nil() } else { if_broken(comma(), nil()) };
        let begin = if inner.is_empty() { nil() } else { soft_line() };
        group(concat(vec![open, indent(STEP, concat(vec![begin, inside, comma, below])), end, close]))
    }

    /// `name: value`, the value in a column.
    fn entry(&mut self, node: &Node<'t>, column: usize) -> Doc<'t> {
        match (node.rule, node.kids.as_slice()) {
            (Rule::arg | Rule::rate | Rule::principal_away, [name, colon, value @ ..]) => {
                let gap = column.saturating_sub(width_of(name.text) + 1).max(1);
                let name = self.word(name);
                let colon = self.word(colon);
                // A rate's sign belongs to its number.
                let value = self.joined(value);
                concat(vec![name, colon, padding(gap), value])
            }
            (Rule::enum_value, [name, label]) => {
                let gap = column.saturating_sub(width_of(name.text)).max(1);
                let name = self.word(name);
                let label = self.node(label);
                concat(vec![name, padding(gap), label])
            }
            _ => self.node(node),
        }
    }
}

/// The blanks before a value in a column; on one line with others a single one.
fn padding<'t>(gap: usize) -> Doc<'t> {
    if_broken(concat((0..gap).map(|_| space()).collect()), space())
}

/// How entries in braces stand below each other.
#[derive(Clone, Copy, PartialEq)]
pub enum Entries {
    Plain,
    /// Values in a column.
    Aligned,
    /// Labels in a column.
    Labels,
}

/// The column of each entry's value: the same for all between two empty lines.
fn columns(entries: &[Node], parted: &[bool], how: Entries) -> Vec<usize> {
    if how == Entries::Plain {
        return Vec::new();
    }
    let width = |entry: &Node| match (how, entry.kids.as_slice()) {
        (Entries::Aligned, [name, ..]) => width_of(name.text) + 2,
        (Entries::Labels, [name, _]) => width_of(name.text) + 1,
        _ => 0,
    };
    let mut columns = Vec::with_capacity(entries.len());
    while columns.len() < entries.len() {
        let from = columns.len();
        let to = (from + 1..entries.len()).find(|at| parted.get(*at) == Some(&true)).unwrap_or(entries.len());
        let widest = entries[from..to].iter().map(width).max().unwrap_or_default();
        columns.resize(to, widest);
    }
    columns
}

/// Whether two entries would be read as one without a comma: `a: 5, EUR: 3`.
fn must_part(entry: &Node, next: &Node) -> bool {
    let (last, next) = (entry.last(), next.first().text);
    let operator = matches!(
        next,
        "and" | "or" | "not" | "is" | "in" | "contains" | "between" | "matches" | "starts" | "ends"
    );
    let unit =
        matches!(next.strip_suffix('s').unwrap_or(next), "second" | "minute" | "hour" | "day" | "week");
    let currency = next.len() == 3 && next.bytes().all(|b| b.is_ascii_uppercase());
    operator || (matches!(last.rule, Rule::integer | Rule::decimal) && (unit || currency))
}

/// Whether an expression has operators, or is an `if`: too long, it begins on a new line.
fn is_row(node: &Node) -> bool {
    let operates =
        |kid: &Node| binding(kid.rule).is_some() || is_question(kid.rule) || kid.rule == Rule::if_expr;
    node.rule == Rule::expr && node.kids.iter().any(operates)
}

/// Whether an argument is nothing but a list.
fn is_list(node: &Node) -> bool {
    match node.rule {
        Rule::list_expr => true,
        Rule::expr => matches!(node.kids.as_slice(), [one] if is_list(one)),
        _ => false,
    }
}

/// The lines of block text without the indentation they share, which means nothing. `None` for other texts.
fn block_lines<'t>(node: &Node<'t>) -> Option<Vec<&'t str>> {
    if node.rough || !node.text.starts_with("\"\"\"") || !node.text.contains('\n') {
        return None;
    }
    let mut lines = node.text.split('\n');
    let first = lines.next()?;
    let lines: Vec<&str> = lines.collect();
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let (last, body) = lines.split_last()?;
    // The closing quotes on a line of their own share nothing.
    let closing = last.trim() == "\"\"\"";
    let counted = body.iter().filter(|line| !line.trim().is_empty()).chain((!closing).then_some(last));
    let mut shared: Option<&str> = None;
    for line in counted {
        let own = &line[..blanks(line)];
        shared = Some(shared.map_or(own, |so_far| {
            let same = so_far.bytes().zip(own.bytes()).take_while(|(a, b)| a == b).count();
            &so_far[..same]
        }));
    }
    let shared = shared.unwrap_or_default();
    let cut = |line: &'t str| {
        let same = shared.bytes().zip(line.bytes()).take_while(|(a, b)| a == b).count();
        &line[same..]
    };
    let mut out = vec![first];
    out.extend(body.iter().map(|line| cut(line)));
    out.push(if closing { "\"\"\"" } else { cut(last) });
    Some(out)
}

/// People, departments and roles that follow each other, each on one line: their labels stand in a column.
#[derive(Default)]
struct People {
    /// The line, and how wide what stands before the label is.
    labels: Vec<(usize, usize)>,
}

impl People {
    fn add(&mut self, item: &Node, line: usize) {
        let Some(head) = item.kids.first() else { return };
        if head.kids.iter().any(|word| word.rule == Rule::text) {
            let words = head.kids.iter().filter(|word| word.rule != Rule::text);
            let width: usize = words.map(|word| width_of(word.text) + 1).sum();
            self.labels.push((line, width));
        }
    }

    /// Moves the labels so far into a column, if all lines still fit.
    fn align(&mut self, lines: &mut [Line]) {
        let labels = std::mem::take(&mut self.labels);
        let widest = labels.iter().map(|(_, width)| *width).max().unwrap_or_default();
        let fits = |(line, width): &(usize, usize)| {
            lines.get(*line).is_some_and(|line| width_of(&line.text) + widest - width <= WIDTH)
        };
        if !labels.iter().all(fits) {
            return;
        }
        for (line, width) in labels {
            let text = &mut lines[line].text;
            if let Some((at, _)) = text.char_indices().nth(width) {
                text.insert_str(at, &" ".repeat(widest - width));
            }
        }
    }
}
