//! Where a state file lies, and which one it is: whoever removes it under a run, or puts another one there, is told.
//!
//! Without that the run would go on with a file that nobody can see any more, and everything would be lost at its end.

use super::{Result, error};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// Where a file lies, and which one it is.
pub(super) struct Place {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl Place {
    /// Of a database that has just been opened.
    pub fn of(connection: &Connection) -> Place {
        let path = PathBuf::from(connection.path().unwrap_or_default());
        Place { file: identity(&path), path }
    }

    /// # Errors
    /// It is no longer there, or another one is.
    pub fn check(&self) -> Result<()> {
        if identity(&self.path) == self.file {
            return Ok(());
        }
        Err(error(
            "it was removed or replaced while this run used it: nothing since the last commit has been kept",
        ))
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|file| (file.dev(), file.ino()))
}

/// Elsewhere nobody can remove a file that is open.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}
