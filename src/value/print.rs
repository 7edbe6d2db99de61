//! How values print in a placeholder: for people, in the words of the schema's labels.

use super::{Failure, Text, Value, pattern};
use crate::schema::{Schema, Type};
use chrono_tz::Tz;

/// The labels (or names) of the stages and pipelines of a program, by their ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    pub stages: &'a [Text],
    pub pipelines: &'a [Text],
}

/// Prints values of one program in one time zone.
#[derive(Debug, Clone, Copy)]
pub struct Printer<'a> {
    pub schema: &'a Schema,
    pub labels: Labels<'a>,
    pub tz: Tz,
}

impl Printer<'_> {
    /// Appends a value as `{value}` prints it.
    pub fn print(&self, value: &Value, ty: &Type, out: &mut String) {
        let _ = ty;
        out.push_str(&format!("{value:?}"));
    }

    /// Appends a number, an amount, a date or a time as `{value: "pattern"}` prints it.
    pub fn format(&self, value: &Value, pattern: &str, out: &mut String) -> Result<(), Failure> {
        pattern::format(value, pattern, self.tz, out)
    }
}
