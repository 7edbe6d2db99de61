//! The bundled libraries, written in the language itself: what `use crm` brings in.

/// A library that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Library {
    pub name: &'static str,
    pub text: &'static str,
}

/// Every bundled library. Another one is one more entry here.
pub const LIBRARIES: &[Library] = &[Library { name: "crm", text: include_str!("crm.rules") }];

/// The library of a name.
pub fn named(name: &str) -> Option<&'static Library> {
    LIBRARIES.iter().find(|l| l.name == name)
}
