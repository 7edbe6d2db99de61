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

/// The library that declares `name` with a word such as `action` or `event`: for a program that forgot to bring
/// it in.
pub fn that_declares(word: &str, name: &str) -> Option<&'static Library> {
    let declares = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some(word) && words.next() == Some(name)
    };
    LIBRARIES.iter().find(|library| library.text.lines().any(declares))
}
