//! `-A`, `-W`, `-D NAME`: what becomes of warnings, the later flag counting.

use crate::diagnostic::levels::{Level, Levels, Which};
use clap::{Arg, ArgAction, ArgMatches, Command};

/// The flags in the order in which they were given, which a derived parser does not keep.
#[derive(Debug, Clone, Default)]
pub struct LevelArgs(pub Levels);

const FLAGS: [(&str, char, Level, &str); 3] = [
    ("allow", 'A', Level::Allow, "Say nothing of a warning; `warnings` is all of them"),
    ("warn", 'W', Level::Warn, "Say a warning again that an earlier flag allows or denies"),
    (
        "deny",
        'D',
        Level::Deny,
        "Count a warning as an error; `warnings` is all of them. The later flag counts",
    ),
];

impl clap::Args for LevelArgs {
    fn augment_args(command: Command) -> Command {
        command.args(FLAGS.map(|(name, short, _, help)| {
            Arg::new(name)
                .short(short)
                .long(name)
                .value_name("NAME")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .value_parser(Which::named)
                .help_heading("Warnings")
                .help(help)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for LevelArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given: Vec<(usize, Which, Level)> = Vec::new();
        for (name, _, level, _) in FLAGS {
            let values = matches.get_many::<Which>(name).into_iter().flatten();
            let places = matches.indices_of(name).into_iter().flatten();
            given.extend(places.zip(values).map(|(at, which)| (at, *which, level)));
        }
        given.sort_by_key(|(at, ..)| *at);
        Ok(LevelArgs(Levels(given.into_iter().map(|(_, which, level)| (which, level)).collect())))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
