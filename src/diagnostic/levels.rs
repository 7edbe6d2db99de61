//! Which warnings are said, and which count as errors.

use super::{Code, suggest};

/// What becomes of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing is said.
    Allow,
    Warn,
    /// It is an error.
    Deny,
}

/// One warning, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    One(Code),
    All,
}

impl Which {
    /// By name; `warnings` is all of them.
    ///
    /// # Errors
    /// If there is no such warning, with what may have been meant.
    pub fn named(name: &str) -> Result<Which, String> {
        if name == "warnings" {
            return Ok(Which::All);
        }
        match Code::named(name) {
            Some(code) if Code::warnings().any(|warning| warning == code) => Ok(Which::One(code)),
            Some(code) => Err(format!("`{}` is an error; only warnings can be switched", code.id())),
            None => {
                let known = Code::warnings().map(Code::id).chain(["warnings"]);
                let near = suggest::did_you_mean(name, known).map(|help| format!("; {help}"));
                Err(format!("there is no warning `{name}`{}", near.unwrap_or_default()))
            }
        }
    }
}

/// Levels as they are given: the later counts.
#[derive(Debug, Clone, Default)]
pub struct Levels(pub Vec<(Which, Level)>);

impl Levels {
    pub fn of(&self, code: Code) -> Level {
        let given =
            self.0.iter().rev().find(|(which, _)| matches!(which, Which::All) || *which == Which::One(code));
        given.map_or(Level::Warn, |(_, level)| *level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_level_counts() {
        let one = Which::One(Code::UnknownWarning);
        let levels = |given: &[(Which, Level)]| Levels(given.to_vec()).of(Code::UnknownWarning);
        assert_eq!(levels(&[]), Level::Warn);
        assert_eq!(levels(&[(Which::All, Level::Deny), (one, Level::Allow)]), Level::Allow);
        assert_eq!(levels(&[(one, Level::Allow), (Which::All, Level::Deny)]), Level::Deny);
        assert_eq!(levels(&[(Which::One(Code::MisplacedAllow), Level::Deny)]), Level::Warn);
    }

    #[test]
    fn only_warnings_have_levels() {
        assert_eq!(Which::named("Unknown_Warning"), Ok(Which::One(Code::UnknownWarning)));
        assert_eq!(
            Which::named("unknown_warnin"),
            Err("there is no warning `unknown_warnin`; did you mean `unknown_warning`?".into())
        );
        assert_eq!(Which::named("e0201"), Err("`E0201` is an error; only warnings can be switched".into()));
    }
}
