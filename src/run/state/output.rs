//! Where effects go, and how every one gets there once.
//!
//! Effects stand in the state file before they are written. A run that was killed in between has left the output as it
//! was at the last commit, with some part of what was to follow: the next one cuts that off and writes it again.

use super::{StateError, error};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// So much of the output's end is kept, to know it again. In bytes.
const TAIL: usize = 256;

/// Where effects go. A file holds each once; what takes standard output may get the last of them again.
pub struct Output {
    file: Option<File>,
    length: u64,
    tail: Vec<u8>,
}

impl Output {
    /// An output that is not open.
    pub(super) fn of(length: u64, tail: Vec<u8>) -> Output {
        Output { file: None, length, tail }
    }

    /// A state file that knows nothing of an output begins with an empty one.
    pub(super) fn check_new(path: Option<&Path>) -> Result<(), StateError> {
        let Some(path) = path else { return Ok(()) };
        match path.metadata() {
            Ok(found) if found.is_file() && found.len() > 0 => Err(error(format!(
                "it knows nothing of {}, which is there already: write the effects somewhere else, or remove that file",
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Opens a file that has been checked, and cuts off what is not known to be in it.
    pub(super) fn open(path: Option<&Path>, length: u64, tail: Vec<u8>) -> Result<Output, StateError> {
        let Some(path) = path else { return Ok(Output::of(length, tail)) };
        let open = || {
            let new = !path.exists();
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            if file.metadata()?.is_file() {
                file.set_len(length)?;
                file.seek(SeekFrom::Start(length))?;
            }
            if new {
                super::sync_folder(path);
            }
            Ok(file)
        };
        let file = open().map_err(|e| failed(path, &e))?;
        Ok(Output { file: Some(file), length, tail })
    }

    /// Writes effects, and waits until they are on the disk.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        match &mut self.file {
            Some(file) => {
                file.write_all(lines)?;
                if file.metadata()?.is_file() {
                    file.sync_data()?;
                }
            }
            None => {
                let mut out = io::stdout().lock();
                out.write_all(lines)?;
                out.flush()?;
            }
        }
        self.length += lines.len() as u64;
        self.tail.extend_from_slice(&lines[lines.len().saturating_sub(TAIL)..]);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
        Ok(())
    }

    /// In bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Its end.
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }
}

/// Whether a file is what was written: as long as it was at the last commit, then at most the beginning of `pending`.
pub(super) fn check(path: &Path, length: u64, tail: &[u8], pending: &[u8]) -> Result<(), StateError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound && length == 0 => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let what = format!("{} is gone, to which effects have been written", path.display());
            return Err(error(format!("{what}: put it back, or begin with another state file")));
        }
        Err(e) => return Err(failed(path, &e)),
    };
    let read = || {
        let found = file.metadata()?;
        if !found.is_file() {
            return Ok(None);
        }
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(length.saturating_sub(tail.len() as u64)))?;
        // One byte more than there can be.
        file.take(tail.len() as u64 + pending.len() as u64 + 1).read_to_end(&mut end)?;
        Ok(Some((found.len(), end)))
    };
    let Some((found, end)) = read().map_err(|e: io::Error| failed(path, &e))? else { return Ok(()) };
    let what = if found < length {
        format!("{} is shorter than what was written to it ({found} bytes of {length})", path.display())
    } else if !end.starts_with(tail) || !pending.starts_with(&end[tail.len()..]) {
        format!("{} is not as it was written: it ends with something else", path.display())
    } else {
        return Ok(());
    };
    Err(error(format!("{what}: put it back, or begin with another state file")))
}

fn failed(path: &Path, e: &io::Error) -> StateError {
    error(format!("the effects cannot be written to {}: {}", path.display(), e))
}
