//! The command line: one file for each command, and what they share.
//!
//! Exit codes: 0 clean, 1 findings (diagnostics, a run stopped at a rejected event), 2 usage or I/O, 130
//! interrupted, 141 when the reader of the output went away. Results go to stdout, everything said to a
//! person to stderr.

mod check;
mod compile;
mod config;
mod diff;
#[cfg(feature = "doc")]
mod doc;
mod exit;
mod explain;
mod fmt;
mod graph;
mod input;
mod levels;
mod new;
mod programs;
mod report;
#[cfg(feature = "state")]
mod resume;
mod run;
mod shell;
mod summary;
mod terminal;
mod test;
mod unified;
mod usage;
#[cfg(feature = "state")]
mod versions;
mod why;

use clap::{Parser, Subcommand};
use exit::Exit;
use std::process::ExitCode;

/// Rules for the life of business records: check them, compile them, run them over events.
#[derive(Parser)]
#[command(name = "stagegate", version = VERSION, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Start with an example:\n  \
    stagegate check examples/sales/sales.rules\n  \
    stagegate run examples/sales/sales.rules examples/sales/events.jsonl\n\n\
    Exit codes: 0 clean, 1 findings, 2 wrong usage or a file that cannot be read or written.")]
struct Cli {
    /// When to use colours: auto follows the terminal and NO_COLOR.
    #[arg(long, global = true, value_enum, default_value = "auto", hide_possible_values = false)]
    color: Color,
    /// Write long results to the terminal as they are, not by $STAGEGATE_PAGER, $PAGER or less.
    #[arg(long, global = true)]
    no_pager: bool,
    #[command(subcommand)]
    command: Command,
}

/// Of the command and of the language it speaks.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (language 1)");

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Args),
    Compile(compile::Args),
    #[cfg(feature = "doc")]
    Doc(doc::Args),
    Fmt(fmt::Args),
    Run(run::Args),
    Explain(explain::Args),
    Graph(graph::Args),
    Test(test::Args),
    Why(why::Args),
    Diff(diff::Args),
    New(new::Args),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if usage::asks_version(&error) => {
            return match input::print(&format!("stagegate {VERSION}\n")) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => failed(failure),
            };
        }
        Err(error) => {
            let error = usage::clearer(error);
            if error.use_stderr() {
                let _ = error.print();
                return ExitCode::from(2);
            }
            return help(&error);
        }
    };
    if cli.no_pager {
        terminal::without_pager();
    }
    let style = input::Style::detect(cli.color);
    let result = match cli.command {
        Command::Check(args) => check::run(&args, style),
        Command::Compile(args) => compile::run(&args, style),
        #[cfg(feature = "doc")]
        Command::Doc(args) => doc::run(&args, style),
        Command::Fmt(args) => fmt::run(&args, style),
        Command::Run(args) => run::run(args, style),
        Command::Explain(args) => explain::run(&args),
        Command::Graph(args) => graph::run(&args, style),
        Command::Test(args) => test::run(&args, style),
        Command::Why(args) => why::run(&args, style),
        Command::Diff(args) => diff::run(&args, style),
        Command::New(args) => new::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    };
    match result {
        Ok(code) => ExitCode::from(code as u8),
        Err(failure) => failed(failure),
    }
}

/// Shows a help that was asked for.
fn help(error: &clap::Error) -> ExitCode {
    // What is asked for by `--help` is not read to its end.
    let given = |wanted: &str| std::env::args_os().any(|arg| arg == wanted);
    if given("--no-pager") {
        terminal::without_pager();
    }
    let screen = terminal::Screen::stdout(if given("--color=never") { Color::Never } else { Color::Auto });
    let text = error.render();
    let text = if screen.color { text.ansi().to_string() } else { text.to_string() };
    match terminal::page(&text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failed(failure),
    }
}

fn failed(failure: exit::Failure) -> ExitCode {
    if let Some(message) = failure.message {
        exit::say(&format!("error: {message}\n"));
    }
    ExitCode::from(failure.exit as u8)
}

/// A result of a command: an honest exit code, or a failure with its message.
type Result = std::result::Result<Exit, exit::Failure>;
