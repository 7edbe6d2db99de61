//! The catalogue of codes. A code is never reused or renumbered.
//!
//! `E01xx` syntax, `E02xx` names, `E03xx` types, `E04xx` stages, triggers and timing, `E05xx` actions and
//! placeholders, `E06xx` schema and events, `E07xx` what this version cannot run yet.

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $title:literal;)*) => {
        /// The code of a diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// As printed: `E0201`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// What the code is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }
        }
    };
}

impl Code {
    /// Codes are errors; named warnings have names instead of `E…` codes.
    pub fn severity(self) -> Severity {
        if self.id().starts_with('E') { Severity::Error } else { Severity::Warning }
    }
}

codes! {
    // --- E01xx: syntax -------------------------------------------------------------------------
    Syntax = "E0101", "something else was expected here";
    // --- E02xx: names --------------------------------------------------------------------------
    // --- E03xx: types --------------------------------------------------------------------------
    // --- E04xx: stages, triggers, rules, timing ------------------------------------------------
    // --- E05xx: actions and placeholders -------------------------------------------------------
    // --- E06xx: schema and events --------------------------------------------------------------
    // --- E07xx: not in this version ------------------------------------------------------------
}
