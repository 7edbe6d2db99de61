//! The corpora of programs, each with its snapshot beside it: which there are, and how they are loaded.

use stagegate::compiler::{self, Loaded};
use std::fs;
use std::path::{Path, PathBuf};

/// The programs: a file, or a folder's `main.rules`, with the place and name of its snapshot.
pub fn cases(folder: &Path, found: &mut Vec<(PathBuf, PathBuf, String)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && path.join("main.rules").exists() {
            found.push((path.join("main.rules"), folder.to_owned(), stem));
        } else if path.is_dir() {
            cases(&path, found);
        } else if path.extension().is_some_and(|e| e == "rules") {
            found.push((path, folder.to_owned(), stem));
        }
    }
}

/// Loads a program as from its own folder.
pub fn load(main: &Path) -> Loaded {
    let folder = main.parent().unwrap().to_owned();
    let root = PathBuf::from(main.file_name().unwrap());
    compiler::load_with(&[root], &mut |path| fs::read(folder.join(path)), &mut |path| {
        let names = fs::read_dir(folder.join(path)).into_iter().flatten().flatten();
        names.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
    })
}

/// Snapshots stand beside their programs.
pub fn in_folder(folder: &Path) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}
