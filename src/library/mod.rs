//! The bundled libraries, written in the language itself: what `use crm` brings in.

use crate::source::FileId;
use crate::syntax::{self, tree};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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

/// Trees that have been asked for, by the library and the number of its file.
static TREES: Mutex<Option<HashMap<(&str, FileId), tree::File>>> = Mutex::new(None);

/// With a greater number a library is parsed each time: so many files before it have few programs.
const NUMBERS: u32 = 8;

impl Library {
    /// Its tree, as the file of that number. It is parsed once: whoever checks many programs (the tests of a library,
    /// its mutants, an editor) would do little else.
    pub fn tree(&self, file: FileId) -> tree::File {
        let parsed = || syntax::parse(file, self.text).0;
        if file.0 >= NUMBERS {
            return parsed();
        }
        let mut trees = TREES.lock().unwrap_or_else(PoisonError::into_inner);
        trees.get_or_insert_default().entry((self.name, file)).or_insert_with(parsed).clone()
    }
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

/// The texts of all libraries.
pub fn texts() -> impl Iterator<Item = &'static str> {
    LIBRARIES.iter().map(|library| library.text)
}

/// What an action of a library must be given, in the order of its declaration; `None` if there is no such action.
pub fn required(action: &str) -> Option<Vec<&'static str>> {
    let library = that_declares("action", action)?;
    let mut lines = library.text.lines().skip_while(|line| {
        let mut words = line.split_whitespace();
        words.next() != Some("action") || words.next() != Some(action)
    });
    if lines.next()?.ends_with("{}") {
        return Some(Vec::new());
    }
    let fields =
        lines.take_while(|line| !line.starts_with('}')).filter_map(|line| line.trim().split_once(": "));
    let needed = fields.filter(|(name, ty)| !name.starts_with('#') && !ty.contains(['?', '=']));
    Some(needed.map(|(name, _)| name).collect())
}

/// The event of a library that people speak of in such words: `reply from contact`, `email received`.
pub fn event_called(words: &[&str]) -> Option<&'static str> {
    let joined = words.join(".").to_lowercase();
    let declared = |line: &'static str| line.strip_prefix("event ")?.split_whitespace().next();
    let mut events = LIBRARIES.iter().flat_map(|library| library.text.lines().filter_map(declared));
    if let Some(event) = events.find(|event| *event == joined) {
        return Some(event);
    }
    words.iter().find_map(|word| {
        Some(match word.to_lowercase().as_str() {
            "reply" | "replies" | "answer" | "answers" | "response" | "responds" | "email" | "mail" => {
                "email.received"
            }
            "payment" | "paid" | "pays" => "invoice.paid",
            "signature" | "signed" | "signs" => "document.signed",
            "call" | "calls" | "phone" => "call.incoming",
            "message" | "messages" | "chat" => "channel.message",
            "form" | "submission" => "form.submitted",
            "delivery" | "delivered" => "delivery.delivered",
            "order" => "order.paid",
            _ => return None,
        })
    })
}
