//! Which files of a folder are programs.

use crate::cli::exit::Failure;
use crate::cli::input;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Every `.rules` file in a folder and below, in order. Hidden folders and links to folders are left out.
pub(super) fn rules_in(folder: &Path) -> std::result::Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| Failure::read(&folder, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| Failure::read(&folder, &e))?;
            let kind = entry.file_type().map_err(|e| Failure::read(&entry.path(), &e))?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !hidden {
                folders.push(entry.path());
            } else if !kind.is_dir() && entry.path().extension().is_some_and(|e| e == "rules") {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The files that no other of the folder brings in. Where all bring in each other, all of them.
pub(super) fn roots(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut used = HashSet::new();
    for file in &files {
        let Ok(loaded) = input::load(file) else { continue };
        let own = file.canonicalize().ok();
        for (_, source) in loaded.sources.files() {
            let path = source.path.as_ref().and_then(|p| p.canonicalize().ok());
            if path.is_some() && path != own {
                used.extend(path);
            }
        }
    }
    let roots: Vec<_> =
        files.iter().filter(|f| f.canonicalize().is_ok_and(|f| !used.contains(&f))).cloned().collect();
    if roots.is_empty() { files } else { roots }
}
