//! From text to the tree: pest reads the grammar of `grammar/rules.pest`, this module builds the tree.

mod builder;
mod declarations;
mod expressions;
mod literals;
mod pipelines;
mod statements;
mod text;

use super::tree::{Comment, File};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use builder::Builder;
use pest::Parser;
use std::cell::RefCell;

/// What pest makes of the grammar: one rule for each rule there.
#[derive(pest_derive::Parser)]
#[grammar = "grammar/rules.pest"]
struct Grammar;

/// Words that are no names where a value stands.
const RESERVED: [&str; 9] = ["and", "or", "not", "if", "then", "else", "true", "false", "none"];

/// The most levels of anything in anything: later steps walk the tree recursively.
const MAX_DEPTH: u32 = 200;

/// Reads one file. Whatever could not be read is missing from the tree and has its diagnostic.
pub fn parse(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    let errors = RefCell::new(Vec::new());
    let comments: Vec<Comment> = Vec::new();
    let mut items = Vec::new();
    match Grammar::parse(Rule::program, text) {
        Ok(mut pairs) => {
            let builder = Builder { file, text, base: 0, comments: &comments, errors: &errors };
            if let Some(program) = pairs.next() {
                items = program.into_inner().filter_map(|n| builder.item(&n)).collect();
            }
        }
        Err(error) => {
            let at = match error.location {
                pest::error::InputLocation::Pos(at) => at,
                pest::error::InputLocation::Span((at, _)) => at,
            };
            let span = Span::new(file, at, at);
            errors.borrow_mut().push(Diagnostic::new(Code::Syntax, span, format!("{}", error.variant)));
        }
    }
    (File { file, items, comments }, errors.into_inner())
}
