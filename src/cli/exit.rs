//! Exit codes, and failures of input and output in words.

use std::io::{self, Write};
use std::path::Path;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Clean = 0,
    /// There are findings: errors in a program, a run stopped at a rejected event.
    Findings = 1,
    /// Wrong usage, or something that cannot be read or written.
    Usage = 2,
    /// Stopped by ^C, as shells count it.
    Interrupted = 130,
    /// The reader of the output went away, as shells count it.
    ClosedPipe = 141,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// `None`: nothing is to be said.
    pub message: Option<String>,
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Self {
        Failure { exit: Exit::Usage, message: Some(message.into()) }
    }

    /// A file that cannot be read.
    pub fn read(path: &Path, error: &io::Error) -> Self {
        Failure::usage(format!("cannot read {}: {}", path.display(), plain(error)))
    }

    /// A file that cannot be written.
    pub fn write_to(path: &Path, error: &io::Error) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        match folder {
            Some(folder) if error.kind() == io::ErrorKind::NotFound => {
                let (path, folder) = (path.display(), folder.display());
                Failure::usage(format!("cannot write {path}: there is no folder {folder}"))
            }
            _ => Failure::write(&path.display().to_string(), error),
        }
    }

    /// Something that cannot be written; a closed pipe says nothing.
    pub fn write(what: &str, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure { exit: Exit::ClosedPipe, message: None };
        }
        Failure::usage(format!("cannot write {what}: {}", plain(error)))
    }
}

/// The system's words without the error's number.
pub fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "it is a folder, not a file".into(),
        io::ErrorKind::StorageFull => "the disk is full".into(),
        io::ErrorKind::InvalidInput if error.raw_os_error().is_none() => {
            "its name holds a character that no file has".into()
        }
        _ => {
            let text = error.to_string();
            match text.split_once(" (os error") {
                Some((words, _)) => words.to_lowercase(),
                None => text,
            }
        }
    }
}

/// Says something to the person at the terminal. Whether stderr takes it cannot matter.
pub fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
