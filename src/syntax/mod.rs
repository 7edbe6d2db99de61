//! From text to the syntax tree: the grammar's parser, with recovery.

pub mod dump;
mod parser;
pub mod tree;

pub use parser::parse;
pub(crate) use parser::{Rule, words};
