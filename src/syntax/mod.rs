//! From text to the syntax tree: the grammar's parser, with recovery.

pub mod tree;
