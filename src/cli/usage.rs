//! Words typed wrong on the command line, told so that it is clear what to type.

use super::Cli;
use crate::diagnostic::suggest::nearest;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};
use std::ops::RangeInclusive;

/// A whole number, for clap.
pub(super) fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse::<u64>().ok().filter(|number| range.contains(number));
        let most = match range.end() {
            &u64::MAX => String::new(),
            most => format!(" to {most}"),
        };
        let wrong = || format!("write a whole number from {}{most}", range.start());
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(wrong)
    }
}

/// Whether it is the version that was asked for, be it of one command: all have the same.
pub(super) fn asks_version(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::UnknownArgument
        && matches!(text(error, ContextKind::InvalidArg), Some("--version" | "-V"))
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

/// The same error, with what helps and without what misleads.
pub(super) fn clearer(mut error: clap::Error) -> clap::Error {
    match error.kind() {
        ErrorKind::UnknownArgument => unknown(&mut error),
        ErrorKind::InvalidSubcommand => {
            let commands = Cli::command();
            let names = commands.get_subcommands().map(Command::get_name).chain(["help"]);
            let near = text(&error, ContextKind::InvalidSubcommand).and_then(|name| nearest(name, names));
            if let Some(near) = near.map(str::to_owned) {
                error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near]));
            }
        }
        ErrorKind::InvalidValue if is_empty_path(&error) => {
            let must = text(&error, ContextKind::InvalidArg).is_some_and(|arg| arg.starts_with('<'));
            let instead = if must { "write its name, or" } else { "leave it out, or write" };
            let message = format!(
                "an empty text names no file and no folder: {instead} `.` for the folder you are in\n"
            );
            error = clap::Error::raw(ErrorKind::InvalidValue, message);
        }
        _ => {}
    }
    error
}

/// `stagegate test ""`, not a flag at the end without its value.
fn is_empty_path(error: &clap::Error) -> bool {
    let place = text(error, ContextKind::InvalidArg).is_some_and(|arg| !arg.starts_with('-'));
    place && text(error, ContextKind::InvalidValue) == Some("")
}

fn unknown(error: &mut clap::Error) {
    // A file whose name begins with a dash is rarer than a flag that is typed wrong.
    error.remove(ContextKind::Suggested);
    let Some(arg) = text(error, ContextKind::InvalidArg).map(str::to_owned) else { return };
    let far = match text(error, ContextKind::SuggestedArg) {
        Some(near) => nearest(arg.trim_start_matches('-'), [near.trim_start_matches('-')]).is_none(),
        None => false,
    };
    let mut all = Cli::command();
    all.build();
    let command = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let Some(command) = command.and_then(|name| all.find_subcommand_mut(name)) else { return };
    if far {
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Usage, ContextValue::StyledStr(command.render_usage()));
    }
    // What has its place is easily taken for a flag.
    let wanted = arg.trim_start_matches('-').to_uppercase();
    let name = |arg: &clap::Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().any(|name| **name == *wanted)
    };
    if command.get_positionals().any(name) {
        let tip = format!("{wanted} has its place, and no `{arg}` before it");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
}
