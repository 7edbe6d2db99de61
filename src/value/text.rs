//! Shared text.

use ecow::EcoString;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

/// An immutable text that is cheap to clone: short ones (up to 15 bytes) stand in place, longer ones are shared.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(EcoString);

impl Text {
    /// Whether a text of this length needs no room elsewhere.
    pub(crate) fn stands_in_place(text: &str) -> bool {
        text.len() <= EcoString::INLINE_LIMIT
    }

    /// Becomes another text, in the room it has if nobody shares it. A long one gives up its room: whoever keeps a text shall not
    /// keep that of another.
    pub(crate) fn become_text(&mut self, text: &str) {
        if Text::stands_in_place(text) && Text::stands_in_place(&self.0) || self.0.len() > LONG {
            *self = text.into();
            return;
        }
        self.0.clear();
        self.0.push_str(text);
    }

    /// As [`Text::become_text`], piece by piece.
    pub(crate) fn become_with<T>(&mut self, write: impl FnOnce(&mut EcoString) -> T) -> T {
        if self.0.len() > LONG {
            self.0 = EcoString::new();
        }
        self.0.clear();
        write(&mut self.0)
    }
}

/// More of a kind is not kept: it is enough for what a few events bring.
const SPARE: usize = 64;
/// The room of a text that is longer is not used again. In bytes.
const LONG: usize = 256;

/// Texts that are over, whose room can be used again.
#[derive(Debug, Default)]
pub(crate) struct Texts(Vec<Text>);

impl Texts {
    /// A text, in one of the rooms if it does not stand in place.
    pub fn text(&mut self, text: &str) -> Text {
        if Text::stands_in_place(text) {
            return text.into();
        }
        let mut room = self.room();
        room.become_text(text);
        room
    }

    pub fn room(&mut self) -> Text {
        self.0.pop().unwrap_or_default()
    }

    /// Keeps the room of a text, if it has any.
    pub fn keep(&mut self, text: Text) {
        if !Text::stands_in_place(&text) && text.len() <= LONG {
            keep(&mut self.0, text);
        }
    }
}

/// Keeps something to use it again.
pub(crate) fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() < SPARE {
        all.push(one);
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if Text::stands_in_place(text) {
            return Text(text.into());
        }
        // Made from a text at once, it would be copied byte by byte.
        let mut room = EcoString::with_capacity(text.len());
        room.push_str(text);
        Text(room)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        (&*text).into()
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        (&*text).into()
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.0, f)
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
