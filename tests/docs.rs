//! The documentation is true: every program in it is checked, every example that runs gives what it says, every command
//! prints what is shown, and the tables that are made from the code are those of the code.
//!
//! What the words behind the fence of a block mean:
//!
//! | block | what is tested |
//! | --- | --- |
//! | `rules` | a whole program without errors |
//! | `rules standard` | the little program of a page, into which its fragments are put |
//! | `rules pipeline` · `stage` · `body` | members of its pipeline, of its stage, or statements of a rule there |
//! | `rules expr` | lines of expressions, each on its own |
//! | `rules wrong E0301 …` | has exactly these mistakes (with the words above) |
//! | `rules later E0701 …` | has no mistakes, but this version refuses to run it (with the words above) |
//! | `rules failing` (with the words above) | its tests fail; those of all others pass |
//! | `rules unformatted` | (with the words above) is, formatted, the block below it |
//! | `file NAME` (with the words above) | a file that programs and commands of the page may use |
//! | `rules run` | is run over the next `jsonl events` (`short`: with what every event has filled in), and gives the next `effects` (short) or `jsonl effects` (as they are) |
//! | `console` | commands of `stagegate` |
//!
//! Every program is formatted as `stagegate fmt` does it, unless it has mistakes of syntax.
//!
//! In what a command prints and a run gives `…` stands for anything.
//!
//! With `DOCS_UPDATE=1` what is computed (effects, tables) is written into the pages instead: read it critically.

use stagegate::compiler::{self, Loaded};
use stagegate::diagnostic::{Code, Diagnostic, Rendered, render};
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::event::encode::Encoder;
use stagegate::program::Program;
use stagegate::run::Records;
use stagegate::testing::Suite;
use stagegate::value::{FailureCode, functions};
use stagegate::vm::Machine;
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A page, and what it should hold instead.
struct Page {
    name: String,
    text: String,
    changes: Vec<(Range<usize>, String)>,
    failures: Vec<String>,
}

/// A fenced block.
struct Block {
    /// The words behind the fence.
    words: Vec<String>,
    text: Range<usize>,
    line: usize,
}

// The pages speak of the build with everything.
#[cfg_attr(not(feature = "locale"), ignore)]
#[test]
fn pages_are_true() {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failures = Vec::new();
    for mut page in pages() {
        let blocks = blocks(&page.text);
        let standard = blocks
            .iter()
            .find(|b| b.is(&["rules", "standard"]))
            .map(|b| page.text[b.text.clone()].to_owned());
        let standard = standard.unwrap_or_else(standard_of_all);
        let mut files = HashMap::new();
        let folder = tempfile::tempdir().expect("a folder for the page's files");
        for block in &blocks {
            if let Some(name) = block.after("file").and_then(|words| words.first().copied()) {
                let text = &page.text[block.text.clone()];
                std::fs::write(folder.path().join(name), text).expect("a file of the page can be written");
                files.insert(PathBuf::from(name), text.to_owned());
            }
        }
        for (at, block) in blocks.iter().enumerate() {
            match block.words.first().map(String::as_str) {
                Some("rules") => page.rules(block, &blocks[at + 1..], &standard, &files),
                Some("console") => page.console(block, folder.path()),
                _ => {}
            }
        }
        page.generated();
        failures.extend(page.finish());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(ROOT);
    let mut broken = Vec::new();
    for page in pages() {
        let folder = root.join(&page.name).parent().expect("a page is in a folder").to_path_buf();
        for link in
            page.text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
        {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() { root.join(&page.name) } else { folder.join(path) };
            let found = match std::fs::read_to_string(&path) {
                Ok(text) => {
                    anchor.is_empty()
                        || text.lines().any(|line| line.starts_with('#') && slug(line) == anchor)
                }
                Err(_) => path.is_dir(),
            };
            if !found {
                broken.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// What a heading is called in a link.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Two tests write pages, if asked to: one after the other.
static WRITING: Mutex<()> = Mutex::new(());

#[test]
fn programs_are_formatted() {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failures = Vec::new();
    for mut page in pages() {
        let blocks = blocks(&page.text);
        for (at, block) in blocks.iter().enumerate().filter(|(_, b)| b.is(&["rules"]) && !b.has("expr")) {
            let Some(text) = formatted(block, &page.text[block.text.clone()]) else { continue };
            let shown = if block.has("unformatted") { blocks.get(at + 1).unwrap_or(block) } else { block };
            if page.text[shown.text.clone()] != text {
                page.fail(shown, format!("formatted (DOCS_UPDATE=1 writes it) this is:\n{text}"));
                page.changes.push((shown.text.clone(), text));
            }
        }
        failures.extend(page.finish());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A program or fragment as the formatter lays it out at its place; `None` if it has mistakes of syntax.
fn formatted(block: &Block, text: &str) -> Option<String> {
    let around: &[&str] = if block.has("pipeline") {
        &["pipeline P for E {"]
    } else if block.has("stage") {
        &["pipeline P for E {", "stage S {"]
    } else if block.has("body") {
        &["pipeline P for E {", "stage S {", "rule r {"]
    } else {
        &[]
    };
    let whole = format!("{}\n{text}{}", around.join("\n"), "}\n".repeat(around.len()));
    let done = stagegate::format::format(&whole).ok()?;
    let lines: Vec<&str> = done.lines().collect();
    let mut out = String::new();
    for line in &lines[around.len()..lines.len() - around.len()] {
        out.push_str(line.get(around.len() * 2..).unwrap_or_default());
        out.push('\n');
    }
    Some(out)
}

/// Whoever carries out effects finds every code in the pages.
#[test]
fn every_code_of_a_failure_is_explained() {
    let events = std::fs::read_to_string(Path::new(ROOT).join("docs/events.md")).expect("the page is there");
    for code in FailureCode::ALL.iter().filter(|code| **code != FailureCode::WrongType) {
        assert!(
            events.contains(&format!("`{}`", code.id())),
            "docs/events.md says nothing of `{}`",
            code.id()
        );
    }
}

fn pages() -> Vec<Page> {
    let root = Path::new(ROOT);
    let mut paths = vec![root.join("README.md")];
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of pages") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    assert!(paths.len() > 5, "the pages are there");
    let page = |path: PathBuf| Page {
        name: path.strip_prefix(root).unwrap_or(&path).display().to_string(),
        text: std::fs::read_to_string(&path).expect("a page is UTF-8"),
        changes: Vec::new(),
        failures: Vec::new(),
    };
    paths.into_iter().map(page).collect()
}

/// Fragments of the other pages stand in the program of the first.
fn standard_of_all() -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join("docs/language.md")).expect("the page is there");
    let blocks = blocks(&text);
    let standard =
        blocks.iter().find(|b| b.is(&["rules", "standard"])).expect("the first page has the program");
    text[standard.text.clone()].to_owned()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = at + line.len();
        if let Some(words) = line.strip_prefix("```") {
            match open.take() {
                Some(block) => blocks.push(Block { text: block.text.start..at, ..block }),
                None => {
                    let words = words.split_whitespace().map(str::to_owned).collect();
                    open = Some(Block { words, text: end..end, line: number + 1 });
                }
            }
        }
        at = end;
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

impl Block {
    fn is(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(at, word)| self.words.get(at).is_some_and(|w| w == word))
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }

    /// The words behind one of them.
    fn after(&self, word: &str) -> Option<Vec<&str>> {
        let at = self.words.iter().position(|w| w == word)?;
        Some(self.words[at + 1..].iter().map(String::as_str).collect())
    }
}

// --- programs ----------------------------------------------------------------------------------------

impl Page {
    fn fail(&mut self, block: &Block, what: impl std::fmt::Display) {
        self.failures.push(format!("{}:{}: {what}", self.name, block.line));
    }

    fn rules(&mut self, block: &Block, below: &[Block], standard: &str, files: &HashMap<PathBuf, String>) {
        let text = self.text[block.text.clone()].to_owned();
        let program = match wrapped(block, &text, standard) {
            Ok(program) => program,
            Err(problem) => return self.fail(block, problem),
        };
        let (loaded, outcome) = compile(&program, files);
        let found = outcome.as_ref().err().map_or(&[][..], Vec::as_slice);
        let codes: Vec<_> = found.iter().map(|d| d.code.id()).collect();
        let wanted = block.after("wrong").or_else(|| block.after("later")).unwrap_or_default();
        let later = |code: &str| code.starts_with("E07");
        if block.has("later") && !codes.iter().all(|code| later(code)) {
            return self.fail(
                block,
                format!("mistakes, where there should only be what comes later:\n{}", drawn(found, &loaded)),
            );
        }
        // A plain block may show what comes later; whatever else is wrong is a mistake.
        let shown =
            codes.iter().filter(|code| !wanted.is_empty() || !later(code)).copied().collect::<Vec<_>>();
        if shown != wanted {
            return self
                .fail(block, format!("{wanted:?} should be found, and this is:\n{}", drawn(found, &loaded)));
        }
        if found.is_empty()
            && !block.has("failing")
            && let Some(model) = compiler::check(&loaded).model
        {
            let suite = Suite::new(&model, &loaded.sources).expect("what has been compiled compiles");
            let failed = suite.run(|_| true).into_iter().filter_map(|outcome| outcome.failure);
            let failed: Vec<Diagnostic> = failed.map(|failure| *failure).collect();
            if !failed.is_empty() {
                self.fail(block, format!("its tests fail:\n{}", drawn(&failed, &loaded)));
            }
        }
        if block.has("run") {
            match outcome {
                Ok(program) => self.run(block, below, program),
                Err(found) => self.fail(block, format!("cannot run:\n{}", drawn(&found, &loaded))),
            }
        }
    }

    fn run(&mut self, block: &Block, below: &[Block], program: Program) {
        let own = below.iter().take_while(|b| !b.is(&["rules"])).collect::<Vec<_>>();
        let events = own.iter().find(|b| b.is(&["jsonl", "events"]));
        let effects: Vec<_> =
            own.iter().filter(|b| b.is(&["effects"]) || b.is(&["jsonl", "effects"])).collect();
        let (Some(events), false) = (events, effects.is_empty()) else {
            return self.fail(block, "no `jsonl events` or no `effects` below");
        };
        for effects in effects {
            let short = effects.is(&["effects"]);
            let given = run(program.clone(), &self.text[events.text.clone()], events.has("short"), short);
            self.expect(effects, given);
        }
    }

    /// What a block should hold.
    fn expect(&mut self, block: &Block, given: String) {
        if !matches(&given, &self.text[block.text.clone()]) {
            self.fail(block, format!("this is what comes:\n{given}"));
            self.changes.push((block.text.clone(), given));
        }
    }

    /// Writes what should stand in the page, if asked to; gives what is wrong otherwise.
    fn finish(mut self) -> Vec<String> {
        if std::env::var_os("DOCS_UPDATE").is_some() && !self.changes.is_empty() {
            self.changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
            for (range, text) in &self.changes {
                self.text.replace_range(range.clone(), text);
            }
            std::fs::write(Path::new(ROOT).join(&self.name), &self.text).expect("the page can be written");
        }
        self.failures
    }
}

/// The program in which a fragment stands.
fn wrapped(block: &Block, text: &str, standard: &str) -> Result<String, String> {
    let at = |place: &str, text: &str| {
        let mark = format!("# … {place} …");
        let line = standard.lines().find(|line| line.trim() == mark);
        let line = line.ok_or_else(|| format!("the little program has no line `{mark}`"))?;
        Ok(standard.replacen(line, text, 1))
    };
    if block.has("pipeline") {
        at("of the pipeline", text)
    } else if block.has("stage") {
        at("of a stage", text)
    } else if block.has("body") {
        at("of a stage", &format!("rule example on change of title, amount {{\n{text}}}"))
    } else if block.has("expr") {
        let mut body = String::from("rule example on change of title, amount {\n");
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            writeln!(body, "let example_{number} = {line}").expect("writing to a text");
        }
        at("of a stage", &format!("{body}}}"))
    } else {
        Ok(text.to_owned())
    }
}

fn compile(text: &str, files: &HashMap<PathBuf, String>) -> (Loaded, Result<Program, Vec<Diagnostic>>) {
    let loaded = compiler::load(&[PathBuf::from("example.rules")], &mut |path| {
        if path == Path::new("example.rules") {
            return Ok(text.as_bytes().to_vec());
        }
        files
            .get(path)
            .map(|text| text.as_bytes().to_vec())
            .ok_or_else(|| std::io::ErrorKind::NotFound.into())
    });
    let checked = compiler::check(&loaded);
    let outcome = match checked.model {
        Some(model) => stagegate::lower::lower(&model, &loaded.sources),
        None => Err(checked.diagnostics),
    };
    (loaded, outcome)
}

fn drawn(found: &[Diagnostic], loaded: &Loaded) -> String {
    found.iter().map(|d| render(d, &loaded.sources, Rendered { color: false, width: 110 })).collect()
}

// --- runs --------------------------------------------------------------------------------------------

fn run(program: Program, events: &str, fill: bool, short: bool) -> String {
    let machine = Machine::new(program).expect("what was compiled can run");
    let mut engine = Engine::new(&machine, Options::default());
    let mut decoder = Decoder::new(machine.program());
    let encoder = Encoder::new(machine.program());
    let mut records = Records::new(machine.program());
    let mut shown = String::new();
    for (number, line) in events.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let line = if fill { filled(line, number) } else { line.to_owned() };
        let mut effects = Vec::new();
        let outcome = match decoder.decode(&line) {
            Ok(Decoded::Event(event)) => records.apply(&mut engine, &event, &mut effects).map(drop),
            Ok(Decoded::Skipped) => Ok(()),
            Err(rejection) => Err(rejection),
        };
        if let Err(rejection) = outcome {
            writeln!(shown, "rejected ({}): {}", rejection.code, rejection.message)
                .expect("writing to a text");
        }
        for effect in &effects {
            let mut json = Vec::new();
            encoder.encode(effect, &mut json);
            let json = String::from_utf8(json).expect("JSON is UTF-8");
            shown.push_str(&if short { shortened(&json) } else { json });
            shown.push('\n');
        }
    }
    shown
}

/// An event with what every event has, a minute after the one before.
fn filled(line: &str, number: usize) -> String {
    let time = format!("2026-03-02T{:02}:{:02}:00Z", 10 + number / 60, number % 60);
    let front = format!(r#"{{"specversion":"1.0","id":"e-{}","source":"/docs","time":"{time}","#, number + 1);
    line.replacen('{', &front, 1)
}

/// `deal/D-1/2  notify {"to":["sales"]}`
fn shortened(json: &str) -> String {
    let effect: serde_json::Value = serde_json::from_str(json).expect("an effect is JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
    let data = &effect["data"];
    let what = match effect["type"].as_str().expect("an effect has a type") {
        "stagegate.stage.changed" => {
            let to = if data["from_pipeline"].is_null() {
                text(&data["to"])
            } else {
                format!("{}.{}", text(&data["pipeline"]), text(&data["to"]))
            };
            let from = data["from"].as_str().map(|from| format!("from {from} ")).unwrap_or_default();
            let by = match (&data["trigger"], &data["rule"]) {
                (serde_json::Value::String(label), _) => format!("trigger \"{label}\""),
                (_, serde_json::Value::String(rule)) => format!("rule {rule}"),
                _ => text(&data["by"]),
            };
            let name = data["as"].as_str().map(|name| format!(", as {name}")).unwrap_or_default();
            format!("moved {from}to {to} (by {by}{name})")
        }
        "stagegate.fields.changed" => {
            let changes = data["changes"].as_object().expect("changes are an object");
            let changes =
                changes.iter().map(|(field, c)| format!("{field} from {} to {}", c["from"], c["to"]));
            format!("set {}", changes.collect::<Vec<_>>().join(", "))
        }
        // As they stand in the line: the order of the parameters is that of the declaration.
        "stagegate.action.requested" => {
            let start = json.rfind("\"params\":").map_or(0, |at| at + "\"params\":".len());
            format!("{} {}", text(&data["action"]), &json[start..json.len() - 2])
        }
        "stagegate.action.refused" => {
            format!("{} refused ({}): {}", text(&data["action"]), text(&data["code"]), text(&data["message"]))
        }
        "stagegate.rule.failed" => {
            format!(
                "rule {} failed ({}): {}",
                text(&data["rule"]),
                text(&data["code"]),
                text(&data["message"])
            )
        }
        "stagegate.loop.stopped" => format!("loop stopped: {}", text(&data["message"])),
        other => other.to_owned(),
    };
    format!("{}  {what}", text(&effect["id"]))
}

// --- commands ----------------------------------------------------------------------------------------

impl Page {
    /// The commands run where the page's files are (`file NAME`), and the examples.
    fn console(&mut self, block: &Block, folder: &Path) {
        let text = self.text[block.text.clone()].to_owned();
        for command in text.split("$ ").skip(1) {
            let (line, shown) = command.split_once('\n').unwrap_or((command, ""));
            let line = line.trim();
            let words =
                line.strip_prefix("stagegate ").or_else(|| line.strip_prefix("cargo run --release -- "));
            // Other programs are not run.
            let Some(words) = words else { continue };
            let words = words.split_whitespace().map(|word| match word.starts_with("examples/") {
                true => Path::new(ROOT).join(word).into_os_string(),
                false => word.into(),
            });
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_stagegate"))
                .args(words)
                .current_dir(folder)
                .env("NO_COLOR", "1")
                .output()
                .expect("the command can be started");
            let given = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            let trimmed = |text: &str| {
                text.trim().lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>()
            };
            if !matches(&trimmed(&given), &trimmed(shown)) {
                self.fail(block, format!("`{line}` prints:\n{given}"));
            }
        }
    }
}

/// Whether a text is as shown, where `…` stands for anything.
fn matches(text: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(first) = parts.next() else { return text.is_empty() };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

// --- tables made from the code -----------------------------------------------------------------------

impl Page {
    /// Between `<!-- made: WHAT -->` and `<!-- end -->` stands what the code says.
    fn generated(&mut self) {
        let text = self.text.clone();
        let mut from = 0;
        while let Some(start) = text[from..].find("<!-- made: ").map(|at| at + from) {
            let name_end = text[start..].find(" -->\n").expect("the comment ends") + start;
            let what = &text[start + "<!-- made: ".len()..name_end];
            let begin = name_end + " -->\n".len();
            let end = text[begin..].find("<!-- end -->").expect("it ends") + begin;
            let made = match what {
                "codes" => codes("errors/"),
                "pages" => codes(""),
                _ => functions_of(what.strip_prefix("functions ").expect("something that is known")),
            };
            let made = format!("\n{made}\n");
            if text[begin..end] != made {
                self.failures.push(format!(
                    "{}: `{what}` is not what the code says (DOCS_UPDATE=1 writes it)",
                    self.name
                ));
                self.changes.push((begin..end, made));
            }
            from = end;
        }
    }
}

/// `folder` is where the pages of the codes are.
fn codes(folder: &str) -> String {
    let mut table = String::from("| code | what it is about |\n| --- | --- |\n");
    for code in Code::ALL {
        let (id, title) = (code.id(), code.title());
        writeln!(table, "| [`{id}`]({folder}{id}.md) | {title} |").expect("writing to a text");
    }
    table
}

/// The functions from one to another: `len join`.
fn functions_of(range: &str) -> String {
    let (first, last) = range.split_once(' ').expect("two names");
    let (first, last) =
        (functions::named(first).expect("a function"), functions::named(last).expect("a function"));
    let mut table = String::from("| function | what it gives | examples |\n| --- | --- | --- |\n");
    for function in functions::all().filter(|f| (first..=last).contains(f)) {
        let entry = function.entry();
        let examples =
            entry.examples.iter().map(|(expression, value)| format!("`{expression}` is `{value}`"));
        let examples = examples.collect::<Vec<_>>().join("<br>");
        let usage = entry.usage.replace(&format!(", {}(", entry.name), &format!("`<br>`{}(", entry.name));
        writeln!(table, "| `{usage}` | {} | {examples} |", entry.doc).expect("writing to a text");
    }
    table
}
