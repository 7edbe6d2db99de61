//! What `check` says in each format, which warnings it says, and what its corrections do.

mod against;
mod case;
mod explain;
mod fixes;
mod formats;
mod levels;
