//! The JSON forms of values, in and out, as the wire format says.

mod hint;
pub(crate) mod plain;
mod read;
mod scalar;
mod write;

pub use hint::described;
pub use read::parse;
pub(crate) use read::read;
pub use scalar::{parse_decimal, parse_duration, parse_instant};
pub use write::write;

/// Why a JSON value is none of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    pub code: JsonErrorCode,
    /// From the value that was read: empty for itself, `/3` for an element, `/amount` for a member.
    pub pointer: String,
    /// The type, with the form if that helps: `date such as "2026-03-02"`.
    pub expected: String,
    /// What stood there, shortened.
    pub found: String,
    /// What most likely went wrong, if that can be told.
    pub why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonErrorCode {
    /// Another kind of value.
    WrongType,
    /// Of the right kind, but too large or with too many digits.
    OutOfRange,
    /// An enum value, a currency, an entity that does not exist.
    UnknownName,
    /// Money in another currency than the field's, without a rate.
    NoRate,
    /// A member of an amount or a file is not there.
    Missing,
}

impl JsonErrorCode {
    /// As the file of rejected events names it.
    pub fn id(self) -> &'static str {
        match self {
            JsonErrorCode::WrongType => "wrong-type",
            JsonErrorCode::OutOfRange => "out-of-range",
            JsonErrorCode::UnknownName => "unknown-name",
            JsonErrorCode::NoRate => "no-rate",
            JsonErrorCode::Missing => "missing",
        }
    }
}

#[cfg(test)]
mod tests;
