//! `stagegate graph`: the pipelines of a program, drawn.

use super::compile::replace;
use super::exit::{self, Exit, Failure};
use super::input::{self, Style};
use super::levels::LevelArgs;
use super::run::{ActionsArg, open_inputs};
use super::{Result, config, programs};
use crate::compiler::{self, Loaded};
use crate::diagnostic::suggest::did_you_mean;
use crate::engine::Options;
use crate::graph::{Graph, Traffic};
use crate::lower;
use crate::model::Model;
use crate::vm::Machine;
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// Draw the pipelines of a program.
///
/// The stages stand in their order, with their rules; triggers and `move to` are arrows, with what they listen to; warnings
/// of the checker are red, with their name. A thick arrow comes from the stage above or any stage before it, as triggers
/// do; a thin one only from where it begins.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate graph sales.rules -o sales.svg    a drawing, to print or to put into a page\n  \
    stagegate graph sales.rules -o sales.html   a page to look around in and to search\n  \
    stagegate graph sales.rules --format mermaid                       for a README or a wiki\n  \
    stagegate graph sales.rules --events events.jsonl -o sales.html    with counts and times\n  \
    stagegate graph sales.rules --pipeline Sales --format dot | dot -Tpng > sales.png\n\n\
    Exit codes: 0 it is drawn, 1 the rules have errors, 2 a file cannot be read or written, or there is no such pipeline.")]
pub struct Args {
    /// A file of rules, or a folder with one program in it; `-` is standard input.
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,
    /// As what to draw. Left out: what the name of --output ends in, else svg.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Events to run: how often they went each way, and how long that took, is written on the arrows and stages. Several
    /// files are read one after the other.
    #[arg(long, value_name = "FILE")]
    events: Vec<PathBuf>,
    /// Where the answers come from that a `let` of an action waits for, as in `run`.
    #[arg(long, value_enum, default_value = "simulate", requires = "events")]
    actions: ActionsArg,
    /// Only this pipeline.
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Where to write; `-` or none is standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    levels: LevelArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A drawing that stands alone.
    #[cfg(feature = "graph")]
    Svg,
    /// A page that needs no network: to move around in, to search, with what stands in the rules.
    #[cfg(feature = "graph")]
    Html,
    /// A flowchart for Mermaid.
    Mermaid,
    /// For Graphviz.
    Dot,
}

impl Format {
    #[cfg(feature = "graph")]
    const USUAL: Format = Format::Svg;
    #[cfg(not(feature = "graph"))]
    const USUAL: Format = Format::Mermaid;

    /// As the name of a file says.
    fn of(path: &Path) -> Option<Format> {
        Some(match path.extension()?.to_str()?.to_lowercase().as_str() {
            #[cfg(feature = "graph")]
            "svg" => Format::Svg,
            #[cfg(feature = "graph")]
            "html" | "htm" => Format::Html,
            "mmd" | "mermaid" => Format::Mermaid,
            "dot" | "gv" => Format::Dot,
            _ => return None,
        })
    }
}

pub fn run(args: &Args, style: Style) -> Result {
    let output = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let format = match (args.format, output) {
        (Some(format), _) => format,
        (None, Some(path)) => Format::of(path).ok_or_else(|| {
            Failure::usage(format!(
                "{} does not say what to draw: add --format, or let it end in .svg, .html, .mmd or .dot",
                path.display()
            ))
        })?,
        (None, None) => Format::USUAL,
    };
    let program = &programs::only(&args.program)?.program;
    let loaded = input::load(program)?;
    let levels = config::levels(program, style, &args.levels.0)?;
    let checked = compiler::check_with(&loaded, &levels);
    let (errors, warnings) = input::report(&checked.diagnostics, &loaded.sources, style);
    let Some(model) = checked.model.filter(|_| errors == 0) else {
        exit::say(&format!("{} in {}\n", input::found(errors, warnings), input::shown(program)));
        return Ok(Exit::Findings);
    };
    let mut graph = Graph::of(&loaded, &model, &checked.diagnostics);
    if let Some(name) = &args.pipeline {
        graph = only(&graph, name)?;
    }
    if graph.pipelines.is_empty() {
        let shown = input::shown(program);
        return Err(Failure::usage(format!("there is no pipeline in {shown}, and so nothing to draw")));
    }
    if let Some(path) = output {
        let events = args.events.iter().map(PathBuf::as_path);
        let sources = loaded.sources.files().filter_map(|(_, file)| file.path.as_deref());
        if sources.chain(events).chain([&**program]).any(|read| input::same_file(path, read)) {
            return Err(Failure::usage(format!(
                "{} would be overwritten: choose another -o",
                path.display()
            )));
        }
    }
    if !args.events.is_empty() {
        match traffic(args, &loaded, &model, style)? {
            Some(traffic) => graph.count(&traffic),
            None => return Ok(Exit::Findings),
        }
    }
    let text = match format {
        #[cfg(feature = "graph")]
        Format::Svg => graph.to_svg(),
        #[cfg(feature = "graph")]
        Format::Html => graph.to_html(),
        Format::Mermaid => graph.to_mermaid(),
        Format::Dot => graph.to_dot(),
    };
    match output {
        None => input::print(&text)?,
        Some(path) => replace(path, text.as_bytes()).map_err(|e| Failure::write_to(path, &e))?,
    }
    Ok(Exit::Clean)
}

fn only(graph: &Graph, name: &str) -> std::result::Result<Graph, Failure> {
    graph.only(name).ok_or_else(|| {
        let names = graph.pipelines.iter().map(|pipeline| &*pipeline.name);
        let near = did_you_mean(name, names.clone());
        let known = || {
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            match names.is_empty() {
                true => "it has none".to_owned(),
                false => format!("there is {}", names.join(", ")),
            }
        };
        Failure::usage(format!("there is no pipeline `{name}`; {}", near.unwrap_or_else(known)))
    })
}

/// What the events did. `None` if the program cannot be run: that has been said.
fn traffic(
    args: &Args,
    loaded: &Loaded,
    model: &Model,
    style: Style,
) -> std::result::Result<Option<Traffic>, Failure> {
    let mut inputs = open_inputs(&args.program, &args.events)?;
    let program = match lower::lower(model, &loaded.sources) {
        Ok(program) => program,
        Err(diagnostics) => {
            let (errors, warnings) = input::report(&diagnostics, &loaded.sources, style);
            let shown = input::shown(&args.program);
            exit::say(&format!("{} in {shown}\n", input::found(errors, warnings)));
            return Ok(None);
        }
    };
    let machine = Machine::new(program)
        .map_err(|e| Failure::usage(format!("cannot use {}: {e}", args.program.display())))?;
    let options = Options { simulate: args.actions == ActionsArg::Simulate, ..Options::default() };
    let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    let mut readers: Vec<&mut dyn BufRead> =
        inputs.iter_mut().map(|input| &mut *input.reader as &mut dyn BufRead).collect();
    let traffic = Traffic::of(&machine, options, &mut readers)
        .map_err(|(at, e)| Failure::read(Path::new(names.get(at).map_or("", |name| name)), &e))?;
    let rejected = traffic.counted().rejected;
    if rejected > 0 {
        let (events, were) = if rejected == 1 { ("event", "was") } else { ("events", "were") };
        exit::say(&format!("{rejected} {events} {were} rejected: `stagegate run` says why\n"));
    }
    Ok(Some(traffic))
}
