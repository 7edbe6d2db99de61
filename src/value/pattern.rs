//! Formats of placeholders and of `format`: strftime for dates and times, spreadsheet patterns for numbers.

use super::{Failure, Value};
use crate::schema::Type;
use chrono_tz::Tz;

/// Whether a format is one for values of the type. The reason is one phrase: ``a number cannot be …``.
pub fn check_format(ty: &Type, pattern: &str) -> Result<(), String> {
    let _ = (ty, pattern);
    Ok(())
}

/// Appends the value written by the pattern.
pub(super) fn format(value: &Value, pattern: &str, tz: Tz, out: &mut String) -> Result<(), Failure> {
    let _ = (pattern, tz);
    out.push_str(&format!("{value:?}"));
    Ok(())
}
