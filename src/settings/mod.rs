//! Settings in TOML: `stagegate.toml` at the root of a library, and what a scenario of its tests wants otherwise.
//!
//! `reader` takes them out of the text and says at its place what it cannot take; `library` is `stagegate.toml`.

pub mod library;
mod reader;

pub use library::Library;
pub use reader::{Reader, Table};
