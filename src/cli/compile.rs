//! `stagegate compile`: from rules to a compiled program, or to a listing.

use super::exit::{Exit, Failure};
use super::input::{self, Style};
use super::levels::LevelArgs;
use super::{Result, config};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Compile rules into a program file, or print the code.
///
/// A compiled program starts faster and needs none of its source files. It carries a hash of its content
/// and is verified when it is loaded: a damaged one is refused.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate compile sales.rules                  writes sales.stagegate\n  \
    stagegate compile sales.rules -o /srv/p.stagegate\n  \
    stagegate compile sales.rules --emit asm       prints the code for reading")]
pub struct Args {
    /// A file of rules (or, to print its code, a compiled program); `-` is standard input.
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,
    /// Where to write; `-` is standard output. Left out: beside the rules, ending in .stagegate; a listing
    /// goes to standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to make.
    #[arg(long, value_enum, default_value = "program")]
    emit: Emit,
    #[command(flatten)]
    levels: LevelArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Emit {
    /// A program file that `run` takes.
    Program,
    /// A listing of the code for people.
    Asm,
}

pub fn run(args: &Args, style: Style) -> Result {
    let levels = config::levels(&args.program, style, &args.levels.0)?;
    let Some(program) = input::program(&args.program, style, &levels)? else {
        return Ok(Exit::Findings);
    };
    let bytes = match args.emit {
        Emit::Program => program
            .to_bytes()
            .map_err(|e| Failure::usage(format!("cannot compile {}: {e}", args.program.display())))?,
        Emit::Asm => crate::program::listing::listing(&program).into_bytes(),
    };
    let beside = || {
        if args.program == Path::new("-") || args.emit == Emit::Asm {
            PathBuf::from("-")
        } else {
            args.program.with_extension("stagegate")
        }
    };
    let output = args.output.clone().unwrap_or_else(beside);
    if output == Path::new("-") {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(&bytes).and_then(|()| stdout.flush());
        written.map_err(|e| Failure::write("to standard output", &e))?;
    } else {
        if input::sources(&program).chain([&*args.program]).any(|source| input::same_file(&output, source)) {
            return Err(Failure::usage(format!(
                "{} would be overwritten: choose another -o",
                output.display()
            )));
        }
        replace(&output, &bytes).map_err(|e| Failure::write_to(&output, &e))?;
    }
    Ok(Exit::Clean)
}

/// Writes a file whole or not at all: an old one stays until the new one is complete.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory));
    }
    if path.exists() && !path.is_file() {
        // A device or a pipe cannot be replaced.
        return std::fs::write(path, bytes);
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is private; a program is as readable as any new file, or as the old one.
        let mode = std::fs::metadata(path).map_or(0o644, |m| m.permissions().mode());
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
