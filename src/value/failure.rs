//! Why an operation has no value: it stops the rule, or makes the trigger's condition false, and is traced.

use std::fmt;

/// An operation that has no value for these operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: FailureCode,
    /// One sentence in lower case, without full stop, for the person who wrote the rule.
    pub message: String,
}

macro_rules! failure_codes {
    ($($(#[$doc:meta])* $variant:ident = $id:literal;)*) => {
        /// What kind of failure, as `stagegate.rule.failed` and `stagegate.action.refused` name it. An id is
        /// never changed: whoever executes effects may look at it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum FailureCode {
            $($(#[$doc])* $variant,)*
        }

        impl FailureCode {
            pub const ALL: &'static [FailureCode] = &[$(FailureCode::$variant,)*];

            /// As effects name it: `division-by-zero`.
            pub fn id(self) -> &'static str {
                match self { $(FailureCode::$variant => $id,)* }
            }
        }
    };
}

failure_codes! {
    /// A number, duration or date that is too large to be written down.
    Overflow = "overflow";
    DivisionByZero = "division-by-zero";
    /// A value that should be there is `none`.
    NotSet = "not-set";
    /// A reference to a record that the partition does not hold.
    MissingRecord = "missing-record";
    /// `min`, `max` or `matches` of a field or a parameter is broken.
    Limit = "limit";
    BadEmail = "bad-email";
    BadPhone = "bad-phone";
    BadUrl = "bad-url";
    /// A format that only the run could see, and that is none.
    BadFormat = "bad-format";
    /// No `rates` lead from the one currency to the other.
    NoRate = "no-rate";
    /// Amounts of two currencies in one operation.
    CurrencyMismatch = "currency-mismatch";
    /// The sum of no amounts, where nothing says of which currency.
    NoCurrency = "no-currency";
    /// `pick` of an empty list.
    EmptyList = "empty-list";
    /// A calendar that does not open within the time that is searched.
    NeverOpen = "never-open";
    /// A text or list that would grow beyond all measure.
    TooLarge = "too-large";
    /// The output of a rule that ended without binding it.
    NoOutput = "no-output";
    /// The outside world could not do what an action asked for.
    ActionFailed = "action-failed";
    /// No outcome of an action came in the time that the rule gives it.
    NoAnswer = "no-answer";
    /// A rule, condition or function that computes without end in sight.
    TooMuchWork = "too-much-work";
    /// A value of another type than the program promised. Cannot happen in a verified program.
    WrongType = "wrong-type";
    /// A body of an earlier version of the program needs what is gone from this one.
    Gone = "gone";
}

impl Failure {
    pub fn new(code: FailureCode, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }

    #[cold]
    pub(super) fn overflow(what: &str) -> Failure {
        Failure::new(FailureCode::Overflow, format!("the {what} is too large"))
    }

    #[cold]
    pub(super) fn wrong_type() -> Failure {
        Failure::new(FailureCode::WrongType, "a value has another type than the program says")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kebab_case_and_no_two_are_equal() {
        let mut seen = std::collections::HashSet::new();
        for code in FailureCode::ALL {
            assert!(code.id().bytes().all(|b| b == b'-' || b.is_ascii_lowercase()), "{}", code.id());
            assert!(seen.insert(code.id()), "{} twice", code.id());
        }
    }
}
