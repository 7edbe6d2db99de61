//! Where documentation is written: never over what somebody else made.

use crate::cli::compile::replace;
use crate::cli::exit::Failure;
use crate::doc::markdown::MARK;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// Stands in a folder that this command made, and names the files that it wrote there.
const OWN: &str = ".stagegate-doc";

/// Writes a site into a folder: each file whole or not at all, and those of the last time that are no more are taken away.
pub fn site(folder: &Path, files: &BTreeMap<String, String>) -> Result<(), Failure> {
    let before = before(folder)?;
    for name in files.keys() {
        let there = folder.join(name).symlink_metadata().is_ok();
        if there && !before.contains(name) {
            return Err(foreign(folder, name));
        }
    }
    make(folder)?;
    // First of all, so that a folder that could not be finished is still known as one of ours.
    let all: BTreeSet<&str> =
        before.iter().map(String::as_str).chain(files.keys().map(String::as_str)).collect();
    note(folder, all.into_iter())?;
    for (name, text) in files {
        put(&folder.join(name), text)?;
    }
    for name in before.iter().filter(|name| !files.contains_key(*name)) {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::write_to(&path, &error));
            }
            _ => {}
        }
    }
    note(folder, files.keys().map(String::as_str))
}

/// Writes a page of Markdown: into a folder as README.md, or as the file that is named.
pub fn page(to: &Path, text: &str) -> Result<PathBuf, Failure> {
    let file = match to.is_dir() || to.extension().is_none() {
        true => {
            make(to)?;
            to.join("README.md")
        }
        false => to.to_path_buf(),
    };
    match std::fs::read(&file) {
        Ok(bytes) if !bytes.starts_with(MARK.as_bytes()) => {
            return Err(Failure::usage(format!(
                "{} was not made by this command, and is left as it is: choose another --output, or delete it",
                file.display()
            )));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Failure::write_to(&file, &error));
        }
        _ => {}
    }
    put(&file, text)?;
    Ok(file)
}

/// The files that this command wrote into the folder the last time.
///
/// # Errors
/// If there is anything in it, and this command was never there.
fn before(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            let message = format!("cannot write into {}: it is a file, not a folder", folder.display());
            return Err(Failure::usage(message));
        }
        Err(error) => return Err(Failure::write_to(folder, &error)),
    };
    match std::fs::read_to_string(folder.join(OWN)) {
        // Only plain names: whoever changed the file must not make us touch others.
        Ok(names) => Ok(names.lines().filter(|name| plain(name)).map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match entries.next() {
            None => Ok(BTreeSet::new()),
            Some(_) => Err(Failure::usage(format!(
                "{} holds files that this command did not write: choose another folder with --output",
                folder.display()
            ))),
        },
        Err(error) => Err(Failure::read(&folder.join(OWN), &error)),
    }
}

/// A name of the kind that a site has.
fn plain(name: &str) -> bool {
    let ending = [".html", ".css", ".js"].iter().any(|end| name.ends_with(end));
    ending
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        && !name.starts_with('.')
}

fn foreign(folder: &Path, name: &str) -> Failure {
    Failure::usage(format!(
        "{} was not written by this command, and is left as it is: choose another folder with --output",
        folder.join(name).display()
    ))
}

fn make(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            Failure::usage(format!("cannot write into {}: it is a file, not a folder", folder.display()))
        }
        _ => Failure::write_to(folder, &error),
    })
}

fn note<'n>(folder: &Path, names: impl Iterator<Item = &'n str>) -> Result<(), Failure> {
    let text: String = names.map(|name| format!("{name}\n")).collect();
    put(&folder.join(OWN), &text)
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text.as_bytes()).map_err(|error| Failure::write_to(path, &error))
}
