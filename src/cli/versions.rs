//! What a person says about another version of the program over a state file, and is told of it.

use super::exit::{self, Failure};
use crate::program::Program;
use crate::run::state::{Choices, Outlook, Prepared, VersionError, prepare};
use std::path::Path;

#[derive(clap::Args)]
pub struct Versions {
    /// Where the records of a stage go that is gone from the program, or has another name: `Talk=Speak`, or
    /// `Sales.Talk=Service.New`. May be given several times.
    #[arg(long, value_name = "OLD=NEW", value_parser = pair, requires = "state")]
    map_stage: Vec<(String, String)>,
    /// A field that is gone from the program, or of another type: its values are forgotten where they cannot be carried
    /// over. May be given several times.
    #[arg(long, value_name = "ENTITY.FIELD", requires = "state")]
    drop_field: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.trim().is_empty() && !new.trim().is_empty() => {
            Ok((old.trim().to_owned(), new.trim().to_owned()))
        }
        _ => Err("write the old stage, `=` and the new one, as Talk=Speak".into()),
    }
}

impl Versions {
    pub fn choices(&self) -> Choices {
        Choices { stages: self.map_stage.clone(), dropped: self.drop_field.clone() }
    }
}

/// Looks through a state file before anything is changed.
pub fn look(path: &Path, program: Program, versions: &Versions) -> Result<Prepared, Failure> {
    prepare(path, program, &versions.choices()).map_err(|e| {
        let more = match &e {
            VersionError::Refused(_) => "\n`stagegate check --state` says beforehand what a run would do",
            VersionError::Choices(_) | VersionError::State(_) => "",
        };
        Failure::usage(format!("cannot use the state file {}: {e}{more}", path.display()))
    })
}

/// What has happened with a state file that belonged to another version.
pub fn tell(path: &Path, outlook: &Outlook) {
    if !outlook.same {
        let mut text = format!("{} goes on with another version of the program\n", path.display());
        outlook.notes.iter().for_each(|note| text.push_str(&format!("  {note}\n")));
        exit::say(&text);
    }
}

/// Says what a run would do with a state file; true if it would refuse it.
pub fn compare(path: &Path, program: Program, versions: &Versions) -> Result<bool, Failure> {
    let failure =
        |what: &str| Failure::usage(format!("cannot use the state file {}: {what}", path.display()));
    if !path.exists() {
        return Err(failure("there is no such file"));
    }
    let (outlook, refused) = match prepare(path, program, &versions.choices()) {
        Ok(prepared) if prepared.is_new() => return Err(failure("it is empty")),
        Ok(prepared) => (prepared.outlook().clone(), false),
        Err(VersionError::Refused(outlook)) => (outlook, true),
        Err(other) => return Err(failure(&other.to_string())),
    };
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let holds = format!(
        "{}: {}, {} under way",
        path.display(),
        count(outlook.records, "record", "records"),
        count(outlook.bodies, "body", "bodies")
    );
    let verdict = match (outlook.same, refused) {
        (true, _) => "it belongs to this program",
        (false, false) => "it belongs to another version of the program, and a run goes on with this one",
        (false, true) => "it belongs to another version of the program, and a run with this one is refused",
    };
    let mut text = format!("{holds}; {verdict}\n");
    outlook.refused.iter().chain(&outlook.notes).for_each(|line| text.push_str(&format!("  {line}\n")));
    exit::say(&text);
    Ok(refused)
}
