//! The one way to lay out a file of rules: `stagegate fmt`, and editors.
//!
//! The words of the file are put into a document (`doc`) that knows where lines may break; comments stay with the
//! word they stand at. What comes out is read again, and has to mean the same.

mod declarations;
mod doc;
mod expressions;
mod layout;
mod pipelines;
mod statements;
mod words;

use crate::diagnostic::Diagnostic;
use crate::source::FileId;
use crate::syntax::tree::{ClauseKind, File, ItemKind, PipelineMember, StageMember};
use crate::syntax::{dump, parse};
use layout::Layout;
use std::fmt;

/// No line is longer, if there is a place where it may break.
pub const WIDTH: usize = 100;

/// Why a text is left as it is.
#[derive(Debug)]
pub enum Refused {
    /// It has mistakes of syntax. Their places are in file 0.
    Mistakes(Vec<Diagnostic>),
    /// The result would have meant something else or lost a comment: a bug of the formatter, and no harm done.
    Unsafe,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Mistakes(found) => match found.first() {
                Some(first) => write!(out, "{}", first.message),
                None => write!(out, "it has mistakes"),
            },
            Refused::Unsafe => write!(
                out,
                "it was left as it is, for formatting it would have changed what it means. \
                 This is a mistake in stagegate: please report it, with the file"
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// Lays out a file of rules in the one canonical style, described in `docs/fmt.md`.
///
/// Formatting what is formatted changes nothing. The result has the same syntax tree (but for the order of
/// clauses of a rule or trigger, which have one) and the same comments.
///
/// # Errors
/// If the text cannot be read as rules. Mistakes beyond syntax (unknown names, wrong types) do not matter.
///
/// ```
/// let text = "const LIMIT=5000   EUR# ours\n";
/// assert_eq!(stagegate::format::format(text)?, "const LIMIT = 5000 EUR  # ours\n");
/// # Ok::<(), stagegate::format::Refused>(())
/// ```
pub fn format(text: &str) -> Result<String, Refused> {
    let (tree, mistakes) = parse(FileId(0), text);
    if !mistakes.is_empty() {
        return Err(Refused::Mistakes(mistakes));
    }
    if text.contains('\r') {
        // Lines end in one way only. Nothing of what the text means hangs on it.
        return format(&text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    let program = words::Node::new(crate::syntax::words(text).ok_or(Refused::Unsafe)?);
    let around = words::around(text, &program, &tree.comments);
    let written = written(Layout::new(text, around).program(&program));
    let (again, mistakes) = parse(FileId(0), &written);
    if mistakes.is_empty()
        && comments(text, &tree) == comments(&written, &again)
        && meaning(tree) == meaning(again)
    {
        Ok(written)
    } else {
        Err(Refused::Unsafe)
    }
}

/// The lines as text. Comments behind lines that follow each other stand below each other.
fn written(lines: Vec<doc::Line>) -> String {
    let mut out = String::new();
    let mut column = 0;
    let mut aligned = 0;
    // Brackets that open or close something on other lines stand for themselves.
    let alone =
        |line: &doc::Line| line.text.ends_with(['{', '(', '[']) || line.text.starts_with(['}', ')', ']']);
    for (at, line) in lines.iter().enumerate() {
        let width = |line: &doc::Line| line.indent + doc::width_of(&line.text);
        if !line.text.is_empty() {
            out.extend(std::iter::repeat_n(' ', line.indent));
            out.push_str(&line.text);
        }
        if let Some(comment) = line.comment {
            if at >= aligned {
                let beside = |l: &&doc::Line| l.comment.is_some() && l.indent == line.indent && !alone(l);
                let run = lines[at..].iter().take_while(beside);
                column = run.clone().map(width).max().unwrap_or_default() + 2;
                let fits = |l: &doc::Line| column + l.comment.map_or(0, doc::width_of) <= WIDTH;
                if !run.clone().all(fits) {
                    column = 0;
                }
                aligned = at + run.count();
            }
            out.extend(std::iter::repeat_n(' ', column.saturating_sub(width(line)).max(2)));
            out.push_str(comment);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end_matches('\n').len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The comments of a file, without blanks at their ends. Clauses take theirs along when they change places.
fn comments<'t>(text: &'t str, file: &File) -> Vec<&'t str> {
    let mut found: Vec<&str> = file.comments.iter().map(|c| text[c.span.range()].trim_end()).collect();
    found.sort_unstable();
    found
}

/// What a file says, but for places, comments and the order of clauses.
fn meaning(mut file: File) -> String {
    for item in &mut file.items {
        let ItemKind::Pipeline(pipeline) = &mut item.kind else { continue };
        for member in &mut pipeline.members {
            match member {
                PipelineMember::Rule(rule) => rule.clauses.sort_by_key(|c| rank(&c.kind)),
                PipelineMember::Stage(stage) => {
                    for member in &mut stage.members {
                        if let StageMember::Rule(rule) = member {
                            rule.clauses.sort_by_key(|c| rank(&c.kind));
                        }
                    }
                }
            }
        }
    }
    dump::dump(&file)
}

/// Where a clause stands in its rule.
fn rank(clause: &ClauseKind) -> usize {
    match clause {
        ClauseKind::On(_) => 0,
        ClauseKind::After(_) | ClauseKind::At { .. } => 1,
        ClauseKind::During(_) => 2,
        ClauseKind::When(_) => 3,
        ClauseKind::Once => 4,
        ClauseKind::Overlap(_) => 5,
        ClauseKind::Detached => 6,
    }
}
