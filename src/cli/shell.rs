//! `stagegate completions` and `stagegate man`: what a shell and a reader of manuals know of the command.

use super::exit::Failure;
use super::{Cli, Result, exit::Exit, input};
use clap::CommandFactory;

/// Print what a shell needs to complete commands and flags.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate completions bash > ~/.local/share/bash-completion/completions/stagegate\n  \
    stagegate completions zsh > ~/.zfunc/_stagegate\n  \
    stagegate completions fish > ~/.config/fish/completions/stagegate.fish")]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

/// Print a page of the manual.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate man > ~/.local/share/man/man1/stagegate.1\n  \
    stagegate man run | man -l -")]
pub struct ManArgs {
    /// The command whose page it is; left out: the page of stagegate itself.
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub fn completions(args: &CompletionsArgs) -> Result {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "stagegate", &mut bytes);
    input::print(&String::from_utf8_lossy(&bytes))?;
    Ok(Exit::Clean)
}

pub fn man(args: &ManArgs) -> Result {
    let mut all = Cli::command();
    // Without this the commands do not know what stands before them.
    all.build();
    let page = match &args.command {
        None => all,
        Some(name) => {
            let names: Vec<String> =
                all.get_subcommands().map(|command| command.get_name().to_owned()).collect();
            let Some(command) = all.find_subcommand(name) else {
                let known = names.iter().map(String::as_str);
                let help = crate::diagnostic::suggest::nearest(name, known);
                let help = help.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
                return Err(Failure::usage(format!("there is no command `{name}`{help}")));
            };
            command.clone()
        }
    };
    let mut bytes = Vec::new();
    let written = clap_mangen::Man::new(page).render(&mut bytes);
    written.map_err(|e| Failure::write("the page", &e))?;
    input::print(&String::from_utf8_lossy(&bytes))?;
    Ok(Exit::Clean)
}
