//! `stagegate run`: a program over a stream of events.

use super::exit::{self, Exit, Failure};
use super::input::{self, Style};
use super::levels::LevelArgs;
use super::{Result, config, summary, usage};
use crate::compiler::Foreign;
use crate::diagnostic::escaped;
use crate::engine::{Engine, Options};
use crate::program::Program;
use crate::run::{OnError, Rejected, Run, Start, Stopped, Surroundings};
use crate::vm::Machine;
use crate::why::Explainer;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Run a program over events and write its effects.
///
/// Events are CloudEvents in JSON, one a line. Effects come out in the same form, in the order of the
/// events that brought them. Actions are not performed: each is an effect for somebody else to carry out,
/// and its outputs are simulated, or read from the events. Time is an input too: it moves with the events, and at their
/// end everything has happened that was due by the last of them. The same program and events always give the same
/// effects.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate run sales.rules events.jsonl                  effects to the terminal\n  \
    stagegate run sales.rules monday.jsonl tuesday.jsonl -o effects.jsonl\n  \
    stagegate run sales.rules events.jsonl --trace trace.jsonl   and what was decided, and why\n  \
    stagegate run sales.rules events.jsonl --until 2026-12-31T23:59:59Z   and what happens until then\n  \
    tail -f events.jsonl | stagegate run sales.stagegate --tick 1h -\n  \
    stagegate run sales.rules events.jsonl --state sales.db -o effects.jsonl\n      and go on where it stopped, next time\n  \
    stagegate run sales.rules events.jsonl --state sales.db -o effects.jsonl --map-stage Talk=Speak\n      with a stage renamed\n\n\
    Exit codes: 0 the events were read to the end (rejected ones do not change that), 1 the rules have \
    errors or --on-error stop met a rejected event, 2 a file cannot be read or written.")]
pub struct Args {
    /// A file of rules, or a compiled program.
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,
    /// Files of events, read one after the other; `-` or none is standard input.
    #[arg(value_name = "EVENTS")]
    events: Vec<PathBuf>,
    /// Where effects go; `-` or none is standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where rejected events go, as JSON lines with line, code, JSON pointer and expected type. Left out: a line
    /// each on stderr.
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Where it is written what each trigger and rule decided and why, as JSON lines with the clauses of conditions and
    /// their values. Needs the rules as text. Not with --jobs.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// What to do with an event that cannot be read or breaks the schema.
    #[arg(long, value_enum, default_value = "skip")]
    on_error: OnErrorArg,
    /// Where the answers come from that a `let` of an action waits for.
    #[arg(long, value_enum, default_value = "simulate")]
    actions: ActionsArg,
    /// The time up to which timers fire when the events have ended. Left out: the latest time of an event.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    until: Option<DateTime<Utc>>,
    /// Let time pass for all records whenever the events have advanced that much, as `1h`, `30m` or `1d`. Left out: a
    /// record's time is that of its own events, until the end.
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    tick: Option<TimeDelta>,
    /// Where the run keeps what it must remember: records, timers, how far each file of events has been read. The next
    /// run with it goes on from there and appends to the output, in which every effect stands once, whatever stopped the
    /// run before. An SQLite database, for queries too.
    #[cfg(feature = "state")]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[cfg(feature = "state")]
    #[command(flatten)]
    versions: super::versions::Versions,
    /// How many events are kept at once, at most.
    #[cfg(feature = "state")]
    #[arg(long, value_name = "N", value_parser = usage::whole::<u64>(1..=u64::MAX), hide = true)]
    batch: Option<u64>,
    /// How many threads work on the events. The effects are the same; what they work on at once are records of different
    /// partitions. Not with --trace, nor with --state.
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = usage::whole::<u16>(1..=256), conflicts_with = "trace")]
    #[cfg_attr(feature = "state", arg(conflicts_with = "state"))]
    jobs: u16,
    /// How many of its last events a record remembers, to drop one that comes again.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = dedup)]
    dedup: u32,
    /// Say nothing at the end; rejected events are still reported.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    levels: LevelArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnErrorArg {
    /// Report it and go on with the next.
    Skip,
    /// End the run at the first, with exit code 1.
    Stop,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ActionsArg {
    /// Made up at once, from the record and a count.
    Simulate,
    /// From the events `action.completed` and `action.failed`.
    Events,
}

pub(super) fn time(text: &str) -> std::result::Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    time.filter(crate::value::time::in_range)
        .ok_or_else(|| "write a date and time with `Z` or an offset, as 2026-03-02T10:00:00Z".into())
}

fn dedup(text: &str) -> std::result::Result<u32, String> {
    let number = text.parse::<u32>().ok().filter(|number| *number <= 65_536);
    number.ok_or_else(|| "write a whole number from 0 to 65536, such as 16".into())
}

/// `90s`, `30m`, `1h`, `1d`, `1w`
pub(super) fn duration(text: &str) -> std::result::Result<TimeDelta, String> {
    let unit = text.char_indices().next_back();
    let (digits, seconds) = match unit {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3_600),
        Some((at, 'd')) => (&text[..at], 86_400),
        Some((at, 'w')) => (&text[..at], 604_800),
        _ => ("", 0),
    };
    let number = digits.parse::<u32>().ok().filter(|number| *number > 0);
    number
        .and_then(|number| TimeDelta::try_seconds(i64::from(number) * seconds))
        .ok_or_else(|| "write a number and s, m, h, d or w, as 1h or 30m".into())
}

/// Files smaller than this need no progress bar. In bytes.
const LONG: u64 = 8 * 1024 * 1024;

pub fn run(args: Args, style: Style) -> Result {
    let levels = config::levels(&args.program, style, &args.levels.0)?;
    let (program, text) = match args.trace {
        None => match input::program(&args.program, style, &levels)? {
            Some(program) => (program, None),
            None => return Ok(Exit::Findings),
        },
        Some(_) => match input::watched(&args.program, style, &levels, "--trace")? {
            Some(input::Watched { program, sites, sources, model }) => {
                (program, Some((Arc::new(sites), sources, model)))
            }
            None => return Ok(Exit::Findings),
        },
    };
    let mut inputs = open_inputs(&args.program, &args.events)?;
    refuse_read(&args, &program)?;
    let program = Arc::new(program);
    #[cfg(feature = "state")]
    let (program, prepared) = match &args.state {
        Some(state) => {
            super::resume::refuse(state, &inputs)?;
            let prepared = super::versions::look(state, Arc::unwrap_or_clone(program), &args.versions)?;
            (prepared.program(), Some((state, prepared)))
        }
        None => (program, None),
    };
    let machine = Machine::new(program)
        .map_err(|e| Failure::usage(format!("cannot use {}: {e}", args.program.display())))?;
    note_data_versions(&machine);

    // Only now, when nothing of the input can be wrong any more, an old output is overwritten.
    let effects_name = name_of(args.output.as_deref(), "to standard output");
    let rejected_name = name_of(args.rejected.as_deref(), "rejected events");
    let signals = Signals::listen();
    let options = Options {
        dedup: args.dedup as usize,
        simulate: args.actions == ActionsArg::Simulate,
        ..Options::default()
    };
    let trace_name = name_of(args.trace.as_deref(), "the trace");
    let explainer =
        text.as_ref().map(|(sites, sources, model)| Explainer::new(machine.program(), model, sources, sites));
    let mut engine = Engine::new(&machine, options);
    if let Some((sites, ..)) = &text {
        engine.watch(Some(sites.clone()), false);
    }
    let mut run = Run::new(engine, machine.program());
    run.split(usize::from(args.jobs));
    #[cfg(feature = "state")]
    let kept = match prepared {
        Some((state, prepared)) => {
            let (outlook, output) = (prepared.outlook().clone(), args.output_file());
            super::resume::resume(state, prepared, &output, args.batch, &machine, &mut inputs, &mut run)?;
            if !args.quiet {
                super::versions::tell(state, &outlook);
            }
            true
        }
        None => false,
    };
    #[cfg(not(feature = "state"))]
    let kept = false;
    let output = args.output.as_deref().filter(|_| !kept);
    let output = writable(output, false)?;
    let rejected = writable(args.rejected.as_deref(), kept)?;
    let trace = writable(args.trace.as_deref(), kept)?;
    let outputs = [(&output, &effects_name), (&rejected, &rejected_name), (&trace, &trace_name)];
    for (file, name) in outputs {
        if let Some(file) = file.as_ref().filter(|_| !kept) {
            empty(file).map_err(|e| Failure::write(name, &e))?;
        }
    }
    let effects: Box<dyn Write> = match output {
        Some(file) => Box::new(file),
        // The keeper writes the effects.
        None if kept => Box::new(io::sink()),
        None => Box::new(io::stdout()),
    };
    let mut effects = BufWriter::with_capacity(1 << 16, effects);
    let mut rejected = match rejected {
        Some(file) if kept => Reject::Line(file),
        Some(file) => Reject::File(BufWriter::new(file)),
        None => Reject::Stderr,
    };

    if let (Some(file), Some(explainer)) = (trace, &explainer) {
        let mut file = BufWriter::new(file);
        run.trace(Box::new(move |noted, event| {
            for decision in explainer.decisions(noted, event) {
                writeln!(file, "{}", explainer.line(&decision))?;
            }
            file.flush()
        }));
    }
    let start = Instant::now();
    let mut stopped = None;
    if kept {
        let (mut tell, mut silent) = (|line: &Rejected<'_>| rejected.write(line), |_: u64| {});
        let mut around = without_input(&mut effects, &mut tell, &mut silent, &signals);
        stopped = run.go_on(&mut around).err().map(|why| (why, String::new()));
        if stopped.is_some() {
            inputs.clear();
        }
    }
    for mut input in inputs {
        let bar = input.bar();
        let mut around = Surroundings {
            effects: &mut effects,
            rejected: &mut |line| match &bar {
                Some(bar) if matches!(rejected, Reject::Stderr) => bar.suspend(|| rejected.write(line)),
                _ => rejected.write(line),
            },
            on_error: if args.on_error == OnErrorArg::Stop { OnError::Stop } else { OnError::Skip },
            interrupted: &signals.interrupted,
            idle: &signals.idle,
            progress: &mut |bytes| {
                if let Some(bar) = &bar {
                    bar.set_position(bytes);
                }
            },
            tick: args.tick,
        };
        let place = input.start.take();
        let place = place.as_ref().map(|(key, start)| (key.as_str(), start.clone()));
        let result = run.feed_from(&input.name, place, &mut input.reader, &mut around);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        if let Err(why) = result {
            stopped = Some((why, input.name));
            break;
        }
    }
    if stopped.is_none() {
        let (mut tell, mut silent) = (|line: &Rejected<'_>| rejected.write(line), |_: u64| {});
        let mut around = without_input(&mut effects, &mut tell, &mut silent, &signals);
        let latest = run.latest();
        stopped = run.finish(args.until, &mut around).err().map(|why| (why, String::new()));
        if let (Some(until), Some(latest)) = (args.until, latest)
            && until < latest
            && !args.quiet
        {
            let shown = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            exit::say(&format!(
                "note: --until {} is before the latest event, {}: at the end of the events only what was due by then happens\n",
                shown(until),
                shown(latest)
            ));
        }
    }
    // Of effects that nobody got nothing is counted.
    let lost = matches!(
        stopped,
        Some((Stopped::Write(_) | Stopped::Trace(_) | Stopped::WriteRejected(_) | Stopped::Keep(_), _))
    );
    let ended = match stopped {
        None => Ok(Exit::Clean),
        Some((Stopped::Rejected, _)) => Ok(Exit::Findings),
        Some((Stopped::Interrupted, _)) => Ok(Exit::Interrupted),
        Some((Stopped::Read(e), name)) => Err(Failure::read(Path::new(&name), &e)),
        Some((Stopped::Write(e), _)) => Err(Failure::write(&effects_name, &e)),
        Some((Stopped::Trace(e), _)) => Err(Failure::write(&trace_name, &e)),
        Some((Stopped::Keep(why), _)) => Err(Failure::usage(why)),
        Some((Stopped::WriteRejected(e), _)) => Err(Failure::write(&rejected_name, &e)),
    };
    let ended = match rejected.finish() {
        Err(e) if ended.is_ok() => Err(Failure::write(&rejected_name, &e)),
        _ => ended,
    };
    // What could not be written must not be tried again when the writer is dropped.
    let _ = effects.into_parts();
    let silent = matches!(&ended, Err(f) if f.message.is_none());
    if !args.quiet && !silent && !lost {
        exit::say(&summary::text(&run.summary(), start.elapsed(), style.width));
    }
    if !kept {
        // The process ends: to give back millions of records one by one only takes time.
        std::mem::forget(run);
    }
    ended
}

/// An input, opened.
pub(super) struct Input {
    pub name: String,
    pub reader: Box<dyn BufRead>,
    /// In bytes, of a file.
    pub length: Option<u64>,
    /// Where to begin, and under what name that is kept.
    pub start: Option<(String, Start)>,
}

impl Args {
    /// Where effects go, if that is not standard output.
    #[cfg(feature = "state")]
    fn output_file(&self) -> Option<PathBuf> {
        self.output.clone().filter(|path| path != Path::new("-"))
    }
}

impl Input {
    /// A progress bar for a long file, on a terminal.
    pub(super) fn bar(&self) -> Option<indicatif::ProgressBar> {
        let length = self.length.filter(|l| *l >= LONG && io::stderr().is_terminal())?;
        let bar = indicatif::ProgressBar::new(length);
        let form = "{prefix} {bar:30} {percent:>3} %  {bytes_per_sec}  {eta} left";
        if let Ok(form) = indicatif::ProgressStyle::with_template(form) {
            bar.set_style(form);
        }
        bar.set_prefix(self.name.clone());
        Some(bar)
    }
}

/// Opens every input before anything runs, so that a wrong name costs nothing.
pub(super) fn open_inputs(program: &Path, events: &[PathBuf]) -> std::result::Result<Vec<Input>, Failure> {
    let stdin = PathBuf::from("-");
    let paths = if events.is_empty() { std::slice::from_ref(&stdin) } else { events };
    if paths.iter().filter(|p| **p == stdin).count() + usize::from(program == stdin) > 1 {
        return Err(Failure::usage("standard input (`-`) can be read only once"));
    }
    if events.is_empty() && io::stdin().is_terminal() {
        exit::say("reading events from the keyboard, one a line; end with ^D\n");
    }
    let open = |path: &PathBuf| {
        if *path == stdin {
            let reader = Box::new(BufReader::with_capacity(1 << 16, io::stdin()));
            return Ok(Input { name: "standard input".into(), reader, length: None, start: None });
        }
        let failure = |e: io::Error| Failure::read(path, &e);
        if path.is_dir() {
            return Err(failure(io::ErrorKind::IsADirectory.into()));
        }
        let file = File::open(path).map_err(failure)?;
        let length = file.metadata().ok().filter(|m| m.is_file()).map(|m| m.len());
        let mut reader = Box::new(BufReader::with_capacity(1 << 16, file));
        // Of a pipe nothing is read before its time.
        if length.is_some() {
            no_events(path, reader.fill_buf().map_err(failure)?)?;
        }
        Ok(Input { name: path.display().to_string(), reader, length, start: None })
    };
    paths.iter().map(open).collect()
}

/// Says so if a file begins like something else than events.
fn no_events(path: &Path, begin: &[u8]) -> std::result::Result<(), Failure> {
    let shown = path.display();
    let rules = path.extension().is_some_and(|e| e == "rules");
    Err(Failure::usage(match Foreign::of(begin) {
        Some(Foreign::Compiled) => {
            format!("{shown} is a compiled program, and events are wanted here: name the program first")
        }
        Some(Foreign::Packed(form)) => {
            format!("{shown} is packed with {form}: unpack it, or run on `-` and unpack into that")
        }
        Some(Foreign::Utf16) => format!("{shown} is written in UTF-16: save it as UTF-8"),
        None if rules => {
            format!(
                "{shown} is a file of rules, and events are wanted here: name the program first, and one only"
            )
        }
        _ => return Ok(()),
    }))
}

/// Opens a file for writing, as it is: what stands in it goes only when nothing else can be wrong.
fn writable(path: Option<&Path>, append: bool) -> std::result::Result<Option<File>, Failure> {
    let Some(path) = path.filter(|p| *p != Path::new("-")) else { return Ok(None) };
    let mut options = File::options();
    let file = options.create(true).append(append).write(true).truncate(false).open(path);
    file.map(Some).map_err(|e| Failure::write_to(path, &e))
}

/// Removes what stood in a file. A device or a pipe holds nothing.
fn empty(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.set_len(0) } else { Ok(()) }
}

/// A file that is read in the same run cannot be written, and two outputs need two files.
fn refuse_read(args: &Args, program: &Program) -> std::result::Result<(), Failure> {
    let stdin = Path::new("-");
    if args.trace.as_deref() == Some(stdin) {
        return Err(Failure::usage("the trace needs a file of its own: standard output is for effects"));
    }
    let written =
        [&args.output, &args.rejected, &args.trace].map(|path| path.as_deref().filter(|p| *p != stdin));
    for path in written.into_iter().flatten() {
        let events = args.events.iter().map(PathBuf::as_path).chain(args.events.is_empty().then_some(stdin));
        let read = events.chain([&*args.program]).chain(input::sources(program));
        #[cfg(feature = "state")]
        let read = read.chain(args.state.as_deref());
        if let Some(read) = read.into_iter().find(|p| input::same_file(p, path)) {
            let read = input::shown(read);
            return Err(Failure::usage(format!("{read} is read in this run: write somewhere else")));
        }
    }
    let [output, rejected, trace] = written;
    for (one, other, what) in [
        (output, rejected, "effects and rejected events"),
        (output, trace, "effects and the trace"),
        (rejected, trace, "rejected events and the trace"),
    ] {
        if let (Some(one), Some(other)) = (one, other)
            && (same_place(one, other) || input::same_file(one, other))
        {
            return Err(Failure::usage(format!("{what} cannot go into one file")));
        }
    }
    Ok(())
}

/// Whether two paths name one place, where perhaps no file is yet.
fn same_place(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some((folder.canonicalize().ok()?, path.file_name()?.to_owned()))
    };
    let device = a.exists() && !a.is_file();
    !device && (a == b || place(a).is_some_and(|a| Some(a) == place(b)))
}

fn name_of(path: Option<&Path>, otherwise: &str) -> String {
    path.filter(|p| *p != Path::new("-")).map_or(otherwise.to_owned(), |p| p.display().to_string())
}

/// A program made with other data prints the same dates and times only by luck: it says so.
fn note_data_versions(machine: &Machine) {
    let (made, here) = (&machine.program().data, crate::program::DataVersions::of_this_build());
    let none = "none".to_owned();
    let locales = |data: &crate::program::DataVersions| data.locales.clone().unwrap_or(none.clone());
    let mut versions = vec![
        ("time-zone", made.timezones.clone(), here.timezones.clone()),
        ("Unicode", made.unicode.clone(), here.unicode.clone()),
    ];
    // Of no concern to a program that prints plainly.
    if machine.program().pipelines.iter().any(|pipeline| pipeline.locale.is_some()) {
        versions.push(("locale", locales(made), locales(&here)));
    }
    for (what, made, here) in versions {
        if made != here {
            exit::say(&format!(
                "note: the program was compiled with {what} data {made}, this run uses {here}\n"
            ));
        }
    }
}

/// Takes rejected lines.
enum Reject {
    Stderr,
    File(BufWriter<File>),
    /// Each at once: what is kept of the run must not be ahead of it.
    Line(File),
}

/// A rejected line as JSON.
#[derive(Serialize)]
struct RejectedLine<'a> {
    input: &'a str,
    line: u64,
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    /// The line as text, whatever it holds.
    text: std::borrow::Cow<'a, str>,
}

impl<'a> RejectedLine<'a> {
    fn of(rejected: &'a Rejected<'a>) -> Self {
        let why = rejected.rejection;
        RejectedLine {
            input: rejected.input,
            line: rejected.line,
            code: why.code,
            message: &why.message,
            pointer: why.pointer.as_deref(),
            expected: why.expected.as_deref(),
            text: String::from_utf8_lossy(rejected.text),
        }
    }
}

impl Reject {
    fn write(&mut self, rejected: &Rejected<'_>) -> io::Result<()> {
        let why = rejected.rejection;
        match self {
            Reject::Stderr => {
                let mut text =
                    format!("{}:{}: rejected ({}): {}", rejected.input, rejected.line, why.code, why.message);
                if let Some(expected) = &why.expected {
                    text.push_str(&format!("; expected: {expected}"));
                }
                if let Some(pointer) = &why.pointer {
                    text.push_str(&format!(" ({pointer})"));
                }
                let mut text = escaped(&text).into_owned();
                text.push('\n');
                exit::say(&text);
                Ok(())
            }
            Reject::File(file) => {
                serde_json::to_writer(&mut *file, &RejectedLine::of(rejected))?;
                file.write_all(b"\n")
            }
            Reject::Line(file) => {
                let mut line = serde_json::to_vec(&RejectedLine::of(rejected))?;
                line.push(b'\n');
                file.write_all(&line)
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Reject::Stderr | Reject::Line(_) => Ok(()),
            Reject::File(mut file) => file.flush(),
        }
    }
}

/// What a run works with while it reads no input: no line can be rejected there, and nobody waits for progress.
fn without_input<'a>(
    effects: &'a mut dyn Write,
    rejected: &'a mut dyn FnMut(&Rejected<'_>) -> io::Result<()>,
    progress: &'a mut dyn FnMut(u64),
    signals: &'a Signals,
) -> Surroundings<'a> {
    Surroundings {
        effects,
        rejected,
        on_error: OnError::Skip,
        interrupted: &signals.interrupted,
        idle: &signals.idle,
        progress,
        tick: None,
    }
}

/// ^C ends a run between two events, with everything written out.
struct Signals {
    interrupted: Arc<AtomicBool>,
    idle: Arc<AtomicBool>,
}

impl Signals {
    fn listen() -> Self {
        let signals =
            Signals { interrupted: Arc::new(AtomicBool::new(false)), idle: Arc::new(AtomicBool::new(false)) };
        let (interrupted, idle) = (signals.interrupted.clone(), signals.idle.clone());
        // Without a handler ^C simply ends the process.
        let _ = ctrlc::set_handler(move || {
            let again = interrupted.swap(true, Ordering::SeqCst);
            // A run that waits for input has written everything and would not notice.
            std::thread::sleep(Duration::from_millis(100));
            if again || idle.load(Ordering::SeqCst) {
                std::process::exit(Exit::Interrupted as i32);
            }
        });
        signals
    }
}
