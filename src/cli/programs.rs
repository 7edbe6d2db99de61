//! Which programs are meant by paths on the command line: files, and folders with all that is in them.

use super::config::Kind;
use super::exit::Failure;
use super::input;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The folder of a library in which its tests are.
const TESTS: &str = "tests";

/// What is found at some paths.
pub(super) struct Found {
    pub programs: Vec<PathBuf>,
    /// What cannot be looked at, and why.
    pub unreadable: Vec<(PathBuf, Failure)>,
}

/// The programs at these paths: a file is one; of a folder, each file that no other of it brings in.
///
/// # Errors
/// A folder in which there is none.
pub(super) fn at(paths: &[PathBuf]) -> Result<Found, Failure> {
    let mut all = Found { programs: Vec::new(), unreadable: Vec::new() };
    for path in paths {
        if path.is_dir() {
            let (found, mut failures) = rules_in(path);
            if found.is_empty() && failures.is_empty() {
                return Err(Failure::usage(format!("there is no .rules file in {}", path.display())));
            }
            all.unreadable.append(&mut failures);
            all.programs.extend(roots(found));
        } else {
            all.programs.push(path.clone());
        }
    }
    Ok(all)
}

/// Every `.rules` file in a folder and below, in order, and what cannot be looked at. Hidden folders and links to
/// folders are left out; a link that leads nowhere is not.
pub(super) fn rules_in(folder: &Path) -> (Vec<PathBuf>, Vec<(PathBuf, Failure)>) {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                let failure = Failure::read(&folder, &error);
                failures.push((folder, failure));
                continue;
            }
        };
        for entry in entries {
            let kind = entry.and_then(|entry| Ok((entry.path(), entry.file_name(), entry.file_type()?)));
            let (path, name, kind) = match kind {
                Ok(found) => found,
                Err(error) => {
                    failures.push((folder.clone(), Failure::read(&folder, &error)));
                    continue;
                }
            };
            if kind.is_dir() {
                if !name.to_string_lossy().starts_with('.') {
                    folders.push(path);
                }
                continue;
            }
            let path = plainly(path);
            if path.extension().is_some_and(|e| e == "rules") {
                match std::fs::metadata(&path) {
                    Ok(meta) if meta.is_file() => found.push(path),
                    Ok(meta) if meta.is_dir() => {}
                    // To read a pipe would be to wait for ever.
                    Ok(_) => {
                        let shown = path.display();
                        let message = format!("cannot read {shown}: it is a pipe or a device, not a file");
                        failures.push((path, Failure::usage(message)));
                    }
                    Err(error) => {
                        let failure = match error.kind() {
                            std::io::ErrorKind::NotFound => {
                                let shown = path.display();
                                Failure::usage(format!(
                                    "cannot read {shown}: it is a link that leads nowhere"
                                ))
                            }
                            _ => Failure::read(&path, &error),
                        };
                        failures.push((path, failure));
                    }
                }
            }
        }
    }
    found.sort();
    failures.sort_by(|a, b| a.0.cmp(&b.0));
    (found, failures)
}

/// As people write it, who stand in the folder: without `./`.
fn plainly(path: PathBuf) -> PathBuf {
    path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path)
}

/// Files with the settings of scenarios in a folder and below: those in folders `tests`, in order.
pub(super) fn scenarios_in(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = plainly(entry.path());
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(_) if Kind::of(&path) == Some(Kind::Scenario) && in_tests(&path) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Whether a file is in a folder `tests`, or below one.
fn in_tests(file: &Path) -> bool {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    file.ancestors().skip(1).any(|folder| folder.file_name().is_some_and(|name| name == TESTS))
}

/// The one program of a folder.
pub(super) struct Only {
    pub program: PathBuf,
    /// Files in folders `tests` that bring it in.
    #[cfg_attr(
        not(feature = "doc"),
        expect(dead_code, reason = "only the pages of a library show its tests")
    )]
    pub tests: Vec<PathBuf>,
}

/// The program at a path: a file is one; of a folder the only one. Files that only test it are none.
///
/// # Errors
/// A folder in which there is none, or more than one.
pub(super) fn only(path: &Path) -> Result<Only, Failure> {
    if !path.is_dir() {
        return Ok(Only { program: path.to_path_buf(), tests: Vec::new() });
    }
    let (found, mut failures) = rules_in(path);
    if let Some((_, failure)) = failures.pop() {
        return Err(failure);
    }
    if found.is_empty() {
        return Err(Failure::usage(format!("there is no .rules file in {}", path.display())));
    }
    let below = |file: &PathBuf| {
        let within = file.strip_prefix(path).unwrap_or(file);
        within.components().any(|part| part.as_os_str() == TESTS)
    };
    let (tests, rules): (Vec<PathBuf>, Vec<PathBuf>) = found.into_iter().partition(below);
    let (tests, rules) = if rules.is_empty() { (rules, tests) } else { (tests, rules) };
    let mut programs = roots(rules);
    match (programs.pop(), programs.is_empty()) {
        (Some(program), true) => {
            let own = program.canonicalize().ok();
            let brings_in = |file: &PathBuf| {
                let Ok(loaded) = input::load(file) else { return false };
                let paths = loaded.sources.files().filter_map(|(_, file)| file.path.as_ref());
                own.is_some() && paths.map(|path| path.canonicalize().ok()).any(|path| path == own)
            };
            Ok(Only { tests: tests.into_iter().filter(brings_in).collect(), program })
        }
        (last, _) => {
            programs.extend(last);
            let shown: Vec<String> = programs.iter().map(|path| path.display().to_string()).collect();
            Err(Failure::usage(format!(
                "there are several programs in {}: name one of {}",
                path.display(),
                shown.join(", ")
            )))
        }
    }
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
