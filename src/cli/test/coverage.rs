//! `stagegate test --coverage`: what the tests have seen of the rules, for people and for machines.

mod html;
mod human;
mod json;
mod lcov;

use super::super::exit::{self, Failure};
use super::super::input::{self, Style};
use crate::diagnostic::suggest::did_you_mean;
use crate::testing::coverage::Coverage;
use rust_decimal::Decimal;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(next_help_heading = "Coverage")]
pub struct CoverageArgs {
    /// Say what the tests have seen of the rules, and what they have not: as a table (human), for tools (lcov, json) or as
    /// a page (html).
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, default_missing_value = "human")]
    coverage: Option<String>,
    /// Where lcov, json and html go: a file, or `-` for standard output, which is where they go if this is left out.
    #[arg(long, value_name = "FILE", requires = "coverage")]
    coverage_output: Option<PathBuf>,
    /// Fail if the tests have seen less than this of the rules, in per cent.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    min_coverage: Option<Decimal>,
}

fn percent(text: &str) -> Result<Decimal, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    match number.parse::<Decimal>() {
        Ok(number) if (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&number) => Ok(number.normalize()),
        _ => Err("a number from 0 to 100 is wanted here, as 90 or 87.5".to_owned()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Human,
    Lcov,
    Json,
    Html,
}

/// What is wanted of the coverage.
pub(super) struct Wanted {
    form: Option<Form>,
    output: Option<PathBuf>,
    /// In per cent, as exactly as it was written.
    least: Option<Decimal>,
}

impl CoverageArgs {
    /// What is wanted, if anything is. What follows `--coverage` and is no form is a path: it is put before the others.
    pub(super) fn wanted(&self, paths: &mut Vec<PathBuf>) -> Result<Option<Wanted>, Failure> {
        let form = match self.coverage.as_deref() {
            None => None,
            Some("human") => Some(Form::Human),
            Some("lcov") => Some(Form::Lcov),
            Some("json") => Some(Form::Json),
            Some("html") => Some(Form::Html),
            Some(path) if Path::new(path).exists() => {
                paths.insert(0, path.into());
                Some(Form::Human)
            }
            Some(other) => {
                let near = did_you_mean(other, ["human", "lcov", "json", "html"]);
                let near = near.unwrap_or_else(|| "the forms are human, lcov, json and html".to_owned());
                return Err(Failure::usage(format!(
                    "`{other}` is no form of `--coverage`, and no file: {near}"
                )));
            }
        };
        if form == Some(Form::Human)
            && let Some(output) = &self.coverage_output
        {
            let near = match output.extension().and_then(|e| e.to_str()) {
                Some("html" | "htm") => "html",
                Some("json") => "json",
                _ => "lcov",
            };
            return Err(Failure::usage(format!(
                "the table is for people and goes to standard output: write `--coverage {near} --coverage-output {}`",
                output.display()
            )));
        }
        if form.is_none() && self.min_coverage.is_none() {
            return Ok(None);
        }
        Ok(Some(Wanted { form, output: self.coverage_output.clone(), least: self.min_coverage }))
    }
}

impl CoverageArgs {
    /// The share that a library wants of its own accord, in per cent, where no flag says another.
    pub(super) fn at_least(&self, percent: Option<Decimal>, wanted: &mut Option<Wanted>) {
        if let (Some(percent), None) = (percent, self.min_coverage) {
            let form = Wanted { form: None, output: None, least: None };
            wanted.get_or_insert(form).least = Some(percent.normalize());
        }
    }
}

impl Wanted {
    /// Whether it takes standard output for itself.
    pub fn takes_stdout(&self) -> bool {
        let own = self.form.is_some_and(|form| form != Form::Human);
        own && self.output.as_deref().is_none_or(|path| path == Path::new("-"))
    }

    /// Says or writes it; false if it is less than is wanted. `stdout`: whether standard output is read by people, too;
    /// `broken`: whether some of the rules have errors, so that nothing is known of them.
    pub fn report(
        &self,
        coverage: &Coverage,
        stdout: bool,
        broken: bool,
        style: Style,
    ) -> Result<bool, Failure> {
        let text = match self.form {
            None => None,
            Some(Form::Human) => Some(human::table(coverage, broken, style)),
            Some(Form::Lcov) => Some(lcov::tracefile(coverage)),
            Some(Form::Json) => Some(json::object(coverage)),
            Some(Form::Html) => Some(html::page(coverage)),
        };
        match (text, self.output.as_deref().filter(|path| *path != Path::new("-"))) {
            (Some(text), Some(path)) => {
                std::fs::write(path, text).map_err(|error| Failure::write_to(path, &error))?;
            }
            (Some(text), None) if stdout || self.form != Some(Form::Human) => input::print(&text)?,
            (Some(text), None) => exit::say(&text),
            (None, _) => {}
        }
        let share = coverage.share();
        let Some(least) = self.least.filter(|least| share.is_less_than(*least)) else { return Ok(true) };
        let what = if self.form.is_some() { "" } else { ": `--coverage` shows what is missing" };
        exit::say(&format!(
            "error: the tests have seen {} of the rules, and at least {least} % is wanted{what}\n",
            share.percent()
        ));
        Ok(false)
    }
}
