//! Stagegate: a rules language for the life of business records.
//!
//! Text flows down one staircase into a program, events flow through the program into effects, and no
//! step looks back up.

pub mod against;
pub mod check;
pub mod cli;
pub mod compiler;
pub mod diagnostic;
#[cfg(feature = "doc")]
pub mod doc;
pub mod engine;
pub mod event;
pub mod format;
pub mod graph;
pub mod library;
pub mod lint;
pub mod lower;
mod markup;
pub mod model;
pub mod program;
pub mod run;
pub mod schema;
pub mod sentences;
pub mod settings;
pub mod source;
pub mod syntax;
pub mod testing;
pub mod value;
pub mod vm;
pub mod why;

/// The program in the page on embedding is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/embedding.md")]
struct Embedding;
