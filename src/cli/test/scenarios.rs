//! Snapshot scenarios of a library: which there are, for which program, and whether each goes as its snapshot says.

use super::super::exit::Failure;
use super::super::{compile, input, programs};
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::counts::Counts;
use crate::program::sites::Sites;
use crate::settings::Library;
use crate::source::{Sources, Span};
use crate::testing::parallel;
use crate::testing::scenario::{SETTINGS, Scenario, Settings};
use crate::vm::Machine;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EVENTS: &str = ".events.jsonl";
const SNAPSHOT: &str = ".snap";
/// The folder of a library in which scenarios are.
pub(super) const FOLDER: &str = "tests";
/// How every snapshot begins: other files with that ending are somebody else's.
const HEAD: &str = "# What happens in ";

/// A program to test.
pub(super) struct Target {
    pub program: PathBuf,
    /// Whether its `test` blocks are wanted.
    pub blocks: bool,
    pub scenarios: Vec<Files>,
}

/// The files of one scenario.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// From the folder of the library: `tests/chase`.
    pub name: String,
    pub events: PathBuf,
}

/// What is to be tested.
#[derive(Default)]
pub(super) struct Found {
    pub targets: Vec<Target>,
    /// Programs that cannot be looked at.
    pub unreadable: Vec<Failure>,
    /// Snapshots that belong to no scenario.
    pub orphans: Vec<PathBuf>,
    /// What else is not as it should be, in words.
    pub misplaced: Vec<String>,
}

impl Files {
    fn beside(&self, ending: &str) -> PathBuf {
        let name = self.events.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(EVENTS).unwrap_or(&name);
        self.events.with_file_name(format!("{name}{ending}"))
    }

    pub fn snapshot(&self) -> PathBuf {
        self.beside(SNAPSHOT)
    }

    fn settings(&self) -> PathBuf {
        self.beside(SETTINGS)
    }
}

/// The programs and scenarios at these paths: files of rules, scenarios, and folders with all that is in them.
///
/// # Errors
/// A folder in which there is nothing to test.
pub(super) fn find(paths: &[PathBuf]) -> Result<Found, Failure> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| plain(path)).collect();
    let mut found = Found::default();
    let (mut rules, mut libraries) = (Vec::new(), Vec::<Wanted>::new());
    for path in &paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let of_scenario =
            [EVENTS, SNAPSHOT, SETTINGS].into_iter().find_map(|ending| name.strip_suffix(ending));
        if let Some(stem) = of_scenario.filter(|_| !path.is_dir()) {
            let events = path.with_file_name(format!("{stem}{EVENTS}"));
            let Some(folder) = library_of(&events) else {
                let shown = input::shown(path);
                return Err(Failure::usage(format!(
                    "{shown} is in no folder `{FOLDER}` of a library: only there it is a scenario"
                )));
            };
            libraries.push(Wanted { folder, program: None, only: Some(events) });
        } else if path.is_dir() && is_tests(path) {
            libraries.extend(library_of(&path.join("x")).map(Wanted::all));
            if !programs::rules_in(path).0.is_empty() {
                rules.push(path.clone());
            }
        } else {
            rules.push(path.clone());
            libraries.extend(match path.is_dir() {
                true => folders_of(&programs::rules_in(path).0).into_iter().map(Wanted::all).collect(),
                false => vec![Wanted { folder: parent(path), program: Some(path.clone()), only: None }],
            });
        }
    }
    if !rules.is_empty() {
        let programs::Found { programs, unreadable } = programs::at(&rules)?;
        found.unreadable.extend(unreadable.into_iter().map(|(_, failure)| failure));
        let target =
            |program: PathBuf| Target { program: plain(&program), blocks: true, scenarios: Vec::new() };
        for program in programs {
            if !found.targets.iter().any(|known: &Target| same(&known.program, &program)) {
                found.targets.push(target(program));
            }
        }
    }
    let mut seen = HashSet::new();
    for library in &libraries {
        found.scenarios_of(library, &mut seen);
    }
    Ok(found)
}

/// What of a library is wanted.
struct Wanted {
    folder: PathBuf,
    /// Only of this program.
    program: Option<PathBuf>,
    /// Only this scenario.
    only: Option<PathBuf>,
}

impl Wanted {
    fn all(folder: PathBuf) -> Wanted {
        Wanted { folder, program: None, only: None }
    }
}

impl Found {
    fn scenarios_of(&mut self, library: &Wanted, seen: &mut HashSet<PathBuf>) {
        let tests = plain(&library.folder.join(FOLDER));
        let (mut events, mut snapshots, mut settings) = (Vec::new(), Vec::new(), Vec::new());
        for file in files_in(&tests) {
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(EVENTS) {
                events.push(file);
            } else if name.ends_with(SNAPSHOT) {
                snapshots.push(file);
            } else if name.ends_with(SETTINGS) {
                settings.push(file);
            }
        }
        if let Some(only) = &library.only {
            if !only.is_file() {
                let shown = input::shown(only);
                self.unreadable.push(Failure::usage(format!("cannot read {shown}: there is no such file")));
                return;
            }
            events.retain(|file| same(file, only));
        }
        if events.is_empty() && snapshots.is_empty() && settings.is_empty() {
            return;
        }
        let whole = library.program.is_none() && library.only.is_none();
        if whole && seen.insert(tests.clone()) {
            let stems: HashSet<PathBuf> = events.iter().map(|file| stem(file, EVENTS)).collect();
            let alone = |ending: &'static str| {
                let stems = &stems;
                move |file: &PathBuf| !stems.contains(&stem(file, ending))
            };
            self.orphans.extend(snapshots.into_iter().filter(alone(SNAPSHOT)).filter(|file| is_ours(file)));
            for file in settings.into_iter().filter(alone(SETTINGS)) {
                let events = stem(&file, SETTINGS);
                let events = format!("{}{EVENTS}", events.file_name().unwrap_or_default().to_string_lossy());
                let shown = input::shown(&file);
                self.misplaced
                    .push(format!("{shown} belongs to no scenario: there is no {events} beside it"));
            }
        }
        if events.is_empty() {
            return;
        }
        let roots = programs::roots(rules_of(&library.folder));
        for events in events {
            let within = events.strip_prefix(&tests).unwrap_or(&events);
            let name = format!("{FOLDER}/{}", stem(within, EVENTS).display());
            let name = name.replace(std::path::MAIN_SEPARATOR, "/");
            let program = match &roots[..] {
                [] => None,
                [one] => Some(one),
                several => {
                    // With several programs the folder says whose it is.
                    let first = within.components().next().map(|part| part.as_os_str());
                    several
                        .iter()
                        .find(|program| program.file_stem() == first && within.components().count() > 1)
                }
            };
            let Some(program) = program else {
                if whole || library.only.is_some() {
                    let shown = input::shown(&events);
                    let names = roots.iter().filter_map(|program| program.file_stem());
                    let folders: Vec<String> =
                        names.map(|name| format!("{FOLDER}/{}/", name.to_string_lossy())).collect();
                    self.misplaced.push(match folders.is_empty() {
                        true => format!(
                            "{shown} has no program: there is no .rules file in {}",
                            input::shown(&library.folder)
                        ),
                        false => format!(
                            "{shown} could be for several programs: put it into {}",
                            folders.join(" or ")
                        ),
                    });
                }
                continue;
            };
            if library.program.as_ref().is_some_and(|wanted| !same(wanted, program))
                || !seen.insert(events.clone())
            {
                continue;
            }
            let at = match self.targets.iter().position(|target| same(&target.program, program)) {
                Some(at) => at,
                None => {
                    let program = program.clone();
                    self.targets.push(Target { program, blocks: false, scenarios: Vec::new() });
                    self.targets.len() - 1
                }
            };
            self.targets[at].scenarios.push(Files { name, events });
        }
    }
}

/// A path without `./` before it; the folder itself stays `.`.
fn plain(path: &Path) -> PathBuf {
    match path.strip_prefix(".") {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.to_path_buf(),
        _ => path.to_path_buf(),
    }
}

fn same(a: &Path, b: &Path) -> bool {
    a == b || a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

fn stem(file: &Path, ending: &str) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(name.strip_suffix(ending).unwrap_or(&name))
}

fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_path_buf()
}

/// Whether a folder holds the scenarios of the library above it.
fn is_tests(folder: &Path) -> bool {
    let whole = folder.canonicalize();
    whole.as_deref().unwrap_or(folder).file_name() == Some(OsStr::new(FOLDER))
        && files_in(folder).iter().any(|file| file.to_string_lossy().ends_with(EVENTS))
}

/// The folder above the nearest `tests`.
fn library_of(file: &Path) -> Option<PathBuf> {
    let folder = parent(file);
    if let Some(tests) = folder.ancestors().find(|folder| folder.file_name() == Some(OsStr::new(FOLDER))) {
        return Some(parent(tests));
    }
    // Somebody stands in the folder of tests, or below.
    let here = folder.canonicalize().ok()?;
    let up = here.ancestors().take_while(|folder| folder.file_name() != Some(OsStr::new(FOLDER))).count() + 1;
    let library = here.ancestors().nth(up)?;
    here.ancestors().nth(up - 1)?;
    let relative = folder.join("../".repeat(up).trim_end_matches('/'));
    Some(if library.is_dir() { plain(&relative) } else { return None })
}

/// The folders in which these files are, each once.
fn folders_of(rules: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = rules.iter().map(|file| parent(file)).collect();
    folders.sort();
    folders.dedup();
    folders.retain(|folder| folder.join(FOLDER).is_dir());
    folders
}

/// The files of rules in a folder itself.
fn rules_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut rules: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "rules") && path.is_file())
        .map(|path| plain(&path))
        .collect();
    rules.sort();
    rules
}

/// All files in a folder and below, in order. Hidden ones are left out.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) if entry.path().is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

fn is_ours(snapshot: &Path) -> bool {
    std::fs::read(snapshot).is_ok_and(|bytes| bytes.starts_with(HEAD.as_bytes()))
}

/// Whether a file of this name belongs to a scenario.
pub(super) fn belongs(name: &str) -> bool {
    [EVENTS, SNAPSHOT, SETTINGS].iter().any(|ending| name.ends_with(ending))
}

/// What became of a scenario.
pub(super) struct Tested {
    pub files: Files,
    pub came: Came,
    /// What somebody has said who looked at it.
    pub decided: Option<Decided>,
    /// How often everything happened, if that was wanted.
    pub counts: Counts,
}

/// What becomes of a difference that is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decided {
    Rejected,
    Later,
}

pub(super) enum Came {
    /// As the snapshot says.
    Same,
    /// There is no snapshot yet.
    New {
        now: String,
    },
    Changed {
        old: String,
        now: String,
    },
    /// The snapshot has been written.
    Accepted {
        new: bool,
    },
    /// It cannot be played.
    Broken {
        problems: Vec<Diagnostic>,
        sources: Box<Sources>,
    },
}

impl Tested {
    pub fn passed(&self) -> bool {
        matches!(self.came, Came::Same | Came::Accepted { .. })
    }

    pub fn name(&self) -> &str {
        &self.files.name
    }

    /// In which file a failure is, and in which line.
    pub fn place(&self) -> (String, usize) {
        match &self.came {
            Came::Changed { old, now } => {
                let same =
                    body(old).lines().zip(body(now).lines()).take_while(|(old, now)| old == now).count();
                let head = old.lines().count() - body(old).lines().count();
                (input::shown(&self.files.snapshot()), head + same + 1)
            }
            Came::Broken { problems, sources } => match problems.first() {
                Some(problem) => {
                    let file = sources.file(problem.span().file);
                    (file.name.clone(), file.position(problem.span().start as usize).line)
                }
                None => (input::shown(&self.files.events), 1),
            },
            _ => (input::shown(&self.files.events), 1),
        }
    }

    /// Why it failed, in a sentence.
    pub fn message(&self) -> Option<(Code, String)> {
        let snapshot = input::shown(&self.files.snapshot());
        match &self.came {
            Came::Same | Came::Accepted { .. } => None,
            Came::New { .. } => Some((Code::SnapshotDiffers, format!("there is no {snapshot} yet"))),
            Came::Changed { .. } => {
                Some((Code::SnapshotDiffers, format!("what happens is not what {snapshot} says")))
            }
            Came::Broken { problems, .. } => {
                problems.first().map(|first| (first.code, first.message.clone()))
            }
        }
    }

    /// The text of its snapshot, as it would be now.
    pub fn now(&self) -> Option<&str> {
        match &self.came {
            Came::New { now } | Came::Changed { now, .. } => Some(now),
            _ => None,
        }
    }

    /// Writes the snapshot.
    ///
    /// # Errors
    /// If that cannot be.
    pub fn accept(&mut self) -> Result<(), Failure> {
        let Some(now) = self.now() else { return Ok(()) };
        let path = self.files.snapshot();
        let failed = |e: io::Error| Failure::write_to(&path, &e);
        // A link stays a link: what it leads to is replaced.
        let target = path.canonicalize().unwrap_or_else(|_| path.clone());
        if target.is_file() {
            // What may not be written to may not be replaced either.
            std::fs::OpenOptions::new().write(true).open(&target).map_err(failed)?;
        }
        compile::replace(&target, now.as_bytes()).map_err(failed)?;
        self.came = Came::Accepted { new: matches!(self.came, Came::New { .. }) };
        Ok(())
    }
}

/// A snapshot without its head: the lines that say where it is from.
pub(super) fn body(snapshot: &str) -> &str {
    let mut rest = snapshot;
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.trim_start_matches('\n')
}

/// Plays scenarios and compares.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn play(
    files: &[Files],
    program: &Path,
    machine: &Machine,
    sites: Option<&Arc<Sites>>,
    library: &Library,
    jobs: usize,
) -> Vec<Result<Tested, Failure>> {
    parallel::each(jobs, files, |files| play_one(files, program, machine, sites, library))
}

fn play_one(
    files: &Files,
    program: &Path,
    machine: &Machine,
    sites: Option<&Arc<Sites>>,
    library: &Library,
) -> Result<Tested, Failure> {
    let tested = |came, counts| Tested { files: files.clone(), came, decided: None, counts };
    let scenario = match load(files, library)? {
        Ok(scenario) => scenario,
        Err((problems, sources)) => {
            return Ok(tested(Came::Broken { problems, sources: Box::new(sources) }, Counts::default()));
        }
    };
    let played = scenario.play(machine, sites);
    if !played.problems.is_empty() {
        let came = Came::Broken { problems: played.problems, sources: Box::new(scenario.sources) };
        return Ok(tested(came, played.counts));
    }
    let now = format!("{}\n{}", head(files, program, machine, &scenario), played.timeline);
    let path = files.snapshot();
    let came = match input::read(&path) {
        Ok(bytes) => {
            // Whatever a version control has made of the line breaks.
            let old = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
            let old = old.strip_prefix('\u{feff}').unwrap_or(&old).to_owned();
            match body(&old).trim_end() == body(&now).trim_end() {
                true => Came::Same,
                false => Came::Changed { old, now },
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Came::New { now },
        Err(e) => return Err(Failure::read(&path, &e)),
    };
    Ok(tested(came, played.counts))
}

/// A scenario from its files, or what is wrong in them.
///
/// # Errors
/// A file that cannot be read.
#[allow(clippy::type_complexity)]
pub(super) fn load(
    files: &Files,
    library: &Library,
) -> Result<Result<Scenario, (Vec<Diagnostic>, Sources)>, Failure> {
    let bytes = input::read(&files.events).map_err(|e| Failure::read(&files.events, &e))?;
    let mut scenario = Scenario::new(files.name.as_str(), &input::shown(&files.events), &bytes);
    let otherwise = Settings::of(library);
    let path = files.settings();
    let name = input::shown(&path);
    let wrong = match input::read(&path) {
        Ok(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => scenario.configure(&name, text, &otherwise).err(),
            Err(_) => {
                let file = scenario.sources.add(name, None, "");
                let message = "this file is not written in UTF-8";
                Some(vec![Diagnostic::new(Code::SettingWrong, Span::new(file, 0, 0), message)])
            }
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            scenario.settings = otherwise;
            None
        }
        Err(e) => return Err(Failure::read(&path, &e)),
    };
    Ok(match wrong {
        None => Ok(scenario),
        Some(problems) => Err((problems, scenario.sources)),
    })
}

/// Where a snapshot is from.
fn head(files: &Files, program: &Path, machine: &Machine, scenario: &Scenario) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let tz = scenario.timezone(machine.program());
    let mut head = format!(
        "{HEAD}{} with {}; times are those of {tz}.\n\
         # `stagegate test` compares it with what happens now, `stagegate test --accept` writes it again.\n",
        name(&files.events),
        name(program)
    );
    if let Some(about) = &scenario.settings.about {
        head.push_str("#\n");
        for line in about.trim().lines() {
            head.push_str(format!("# {}", crate::diagnostic::escaped(line)).trim_end());
            head.push('\n');
        }
    }
    head
}
