//! One pass over a line of JSON that finds the members of its object, and of the object in `data`, without building anything.
//!
//! It is strict: whatever is not JSON beyond doubt, or unusual (very deep, a name with escapes), it gives up on, and serde,
//! which is slower, has the word and the error message. So it must never accept what serde does not.

use crate::value::json::plain::special;
use std::borrow::Cow;

/// The JSON text of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    /// What stands in a string without escapes; of anything else the whole.
    text: &'a str,
    plain: bool,
}

impl<'a> Raw<'a> {
    pub fn of(json: &'a str) -> Raw<'a> {
        let inside = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match inside.filter(|inside| special(inside.as_bytes(), 0) == inside.len()) {
            Some(text) => Raw { text, plain: true },
            None => Raw { text: json, plain: false },
        }
    }

    /// What stands in a string without escapes.
    #[inline]
    pub fn plain(self) -> Option<&'a str> {
        self.plain.then_some(self.text)
    }

    /// The JSON text, of anything else.
    #[inline]
    pub fn other(self) -> &'a str {
        if self.plain { "" } else { self.text }
    }

    pub fn json(self) -> Cow<'a, str> {
        if self.plain { format!("\"{}\"", self.text).into() } else { self.text.into() }
    }

    #[inline]
    pub fn is_null(self) -> bool {
        !self.plain && self.text == "null"
    }

    /// The content of a string; copied only where it holds escapes.
    #[inline]
    pub fn string(self) -> Option<Cow<'a, str>> {
        if self.plain {
            return Some(Cow::Borrowed(self.text));
        }
        if self.text.starts_with('"') { serde_json::from_str(self.text).ok().map(Cow::Owned) } else { None }
    }
}

/// Deeper values are left to serde.
const DEPTH: usize = 64;

/// A name as it stands before a member's value, `"id":`, to compare with the line in one step.
#[derive(Clone, Copy)]
pub(super) struct Key {
    word: u128,
    mask: u128,
    length: usize,
}

impl Key {
    /// `None`: the name is too long, or would be written with escapes.
    pub const fn new(name: &str) -> Option<Key> {
        let name = name.as_bytes();
        if name.len() > 13 {
            return None;
        }
        let (mut bytes, mut mask) = ([0; 16], [0; 16]);
        let mut at = 0;
        while at < name.len() {
            if name[at] < b' ' || name[at] == b'"' || name[at] == b'\\' {
                return None;
            }
            (bytes[at + 1], mask[at + 1]) = (name[at], 0xFF);
            at += 1;
        }
        (bytes[0], bytes[at + 1], bytes[at + 2]) = (b'"', b'"', b':');
        (mask[0], mask[at + 1], mask[at + 2]) = (0xFF, 0xFF, 0xFF);
        Some(Key { word: u128::from_le_bytes(bytes), mask: u128::from_le_bytes(mask), length: at + 3 })
    }
}

/// The values of those members of the object that the line is whose names are `names`, by name; their `keys` are found fastest
/// in the order in which they are listed. `null` is as if it were left out. `None`: serde is to read it, and one that
/// comes twice is left to serde too.
///
/// Where `open` is one of them that holds an object, the line is looked at only up to there: the rest is given too.
#[inline(always)]
pub(super) fn attributes<'a, const N: usize>(
    line: &'a str,
    names: &[&str; N],
    keys: &[Key; N],
    open: Option<usize>,
) -> Option<([Option<Raw<'a>>; N], Option<&'a str>)> {
    let mut found = [None; N];
    let (mut seen, mut next) = (0_u64, 0);
    let mut scan = Scan { text: line, at: 0 };
    scan.space();
    let mut more = scan.begin(b'{', b'}')?;
    while more {
        let known = match scan.one_of(keys, next) {
            Some(known) => Some(known),
            None => {
                let name = scan.name()?;
                names.iter().position(|known| *known == name)
            }
        };
        scan.space();
        if open.is_some() && known == open && scan.peek()? == b'{' {
            return Some((found, line.get(scan.at..)));
        }
        let value = scan.value()?;
        if let Some(known) = known {
            next = known + 1;
            if seen >> known & 1 == 1 {
                return None;
            }
            seen |= 1 << known;
            if !value.is_null() {
                found[known] = Some(value);
            }
        }
        more = scan.goes_on(b'}')?;
    }
    scan.space();
    (scan.at == line.len()).then_some((found, None))
}

/// The members of an object that has been scanned as a part of a line, or with which the rest of a line begins.
pub(super) struct Members<'a> {
    scan: Scan<'a>,
    begun: bool,
    ended: bool,
}

impl<'a> Members<'a> {
    pub fn of(object: &'a str) -> Members<'a> {
        Members { scan: Scan { text: object, at: 0 }, begun: false, ended: false }
    }

    /// Whether the object has come to its end, and with it the object around it and the line.
    pub fn end_the_line(&mut self) -> bool {
        self.ended && self.scan.goes_on(b'}') == Some(false) && {
            self.scan.space();
            self.scan.at == self.scan.text.len()
        }
    }

    /// The next one: its name, and its value. No name: it is the one that was expected.
    #[inline]
    pub fn next(&mut self, expected: Option<&Key>) -> Option<(Option<&'a str>, Raw<'a>)> {
        let scan = &mut self.scan;
        let more = if self.begun { scan.goes_on(b'}') } else { scan.begin(b'{', b'}') };
        self.begun = true;
        if !more? {
            self.ended = true;
            return None;
        }
        let expected = expected.and_then(|key| scan.one_of(std::slice::from_ref(key), 0));
        let name = if expected.is_some() { None } else { Some(scan.name()?) };
        scan.space();
        Some((name, scan.value()?))
    }
}

/// The elements of a list. `None`: serde is to read it.
pub(crate) fn elements(list: &str, mut each: impl FnMut(Raw<'_>) -> Option<()>) -> Option<()> {
    let mut scan = Scan { text: list, at: 0 };
    let mut more = scan.begin(b'[', b']')?;
    while more {
        each(scan.value()?)?;
        more = scan.goes_on(b']')?;
    }
    (scan.at == list.len()).then_some(())
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn eat(&mut self, byte: u8) -> Option<()> {
        if self.peek()? == byte {
            self.at += 1;
            return Some(());
        }
        None
    }

    #[inline(always)]
    fn space(&mut self) {
        // Almost nobody writes any.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.spaces();
        }
    }

    #[cold]
    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// An object or a list begins. Whether there is something in it.
    #[inline(always)]
    fn begin(&mut self, open: u8, close: u8) -> Option<bool> {
        self.eat(open)?;
        self.space();
        let empty = self.peek()? == close;
        self.at += usize::from(empty);
        Some(!empty)
    }

    /// Behind a member or an element: whether another one follows.
    #[inline(always)]
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        self.space();
        let byte = self.peek()?;
        self.at += 1;
        if byte == b',' {
            self.space();
            return Some(true);
        }
        (byte == close).then_some(false)
    }

    /// Which of the next keys stands here, if one does: there are some that most senders leave out.
    #[inline(always)]
    fn one_of(&mut self, keys: &[Key], next: usize) -> Option<usize> {
        let word = self.text.as_bytes().get(self.at..)?.first_chunk::<16>()?;
        let word = u128::from_le_bytes(*word);
        for (place, key) in keys.iter().enumerate().skip(next).take(4) {
            if word & key.mask == key.word {
                self.at += key.length;
                return Some(place);
            }
        }
        None
    }

    /// The name of a member, without quotes, and its colon.
    #[inline(always)]
    fn name(&mut self) -> Option<&'a str> {
        let name = self.plain()?;
        self.space();
        self.eat(b':')?;
        Some(name)
    }

    /// A string without escapes: what stands in it. If it is none, nothing has been read.
    #[inline(always)]
    fn plain(&mut self) -> Option<&'a str> {
        if self.peek()? != b'"' {
            return None;
        }
        let from = self.at + 1;
        let end = special(self.text.as_bytes(), from);
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        self.text.get(from..end)
    }

    #[inline(always)]
    fn value(&mut self) -> Option<Raw<'a>> {
        if let Some(text) = self.plain() {
            return Some(Raw { text, plain: true });
        }
        let from = self.at;
        self.other(0)?;
        Some(Raw { text: self.text.get(from..self.at)?, plain: false })
    }

    /// A value that need not be kept.
    #[inline(always)]
    fn skip(&mut self, depth: usize) -> Option<()> {
        match self.plain() {
            Some(_) => Some(()),
            None => self.other(depth),
        }
    }

    #[inline(never)]
    fn other(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' if depth < DEPTH => {
                let mut more = self.begin(b'{', b'}')?;
                while more {
                    self.name()?;
                    self.space();
                    self.skip(depth + 1)?;
                    more = self.goes_on(b'}')?;
                }
                Some(())
            }
            b'[' if depth < DEPTH => {
                let mut more = self.begin(b'[', b']')?;
                while more {
                    self.skip(depth + 1)?;
                    more = self.goes_on(b']')?;
                }
                Some(())
            }
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => None,
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text.as_bytes().get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.at = special(self.text.as_bytes(), self.at);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        b'u' => {
                            let hex = self.text.as_bytes().get(self.at + 1..self.at + 5)?;
                            if !hex.iter().all(u8::is_ascii_hexdigit) {
                                return None;
                            }
                            self.at += 5;
                        }
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    /// The members as they are found in an object that is a member itself: that is scanned twice.
    fn by_scan(text: &str) -> Option<Vec<(String, String)>> {
        let line = format!("{{\"a\":{text}}}");
        let ([object], _) = attributes(&line, &["a"], &[Key::new("a").unwrap()], None)?;
        let object =
            object.filter(|object| object.other().starts_with('{') && object.other() == text.trim())?;
        let expected = Key::new("b");
        let (mut members, mut all) = (Members::of(object.other()), Vec::new());
        while let Some((name, value)) = members.next(expected.as_ref()) {
            assert_eq!(value, Raw::of(&value.json()));
            all.push((name.unwrap_or("b").to_owned(), value.json().into_owned()));
        }
        Some(all)
    }

    /// The same, where the line is looked at no further before.
    fn by_open_scan(text: &str) -> Option<Vec<(String, String)>> {
        let line = format!("{{\"a\":{text}}}");
        let (_, rest) = attributes(&line, &["a"], &[Key::new("a").unwrap()], Some(0))?;
        let (mut members, mut all) = (Members::of(rest?), Vec::new());
        while let Some((name, value)) = members.next(None) {
            all.push((name?.to_owned(), value.json().into_owned()));
        }
        members.end_the_line().then_some(all)
    }

    /// Some of the members of a line, in whatever order they come.
    fn by_attributes(text: &str) -> Option<[Option<String>; 3]> {
        const NAMES: [&str; 3] = ["a", "b", "d"];
        let (found, _) = attributes(text, &NAMES, &NAMES.map(|name| Key::new(name).unwrap()), None)?;
        Some(found.map(|value| value.map(|value| value.json().into_owned())))
    }

    /// In the order of the text, those that come twice too.
    fn by_serde(text: &str) -> Option<Vec<(String, String)>> {
        struct All;
        impl<'de> serde::de::Visitor<'de> for All {
            type Value = Vec<(String, String)>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    all.push((name, value.get().to_owned()));
                }
                Ok(all)
            }
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let all = serde::Deserializer::deserialize_map(&mut json, All).ok()?;
        json.end().ok()?;
        Some(all)
    }

    #[test]
    fn members_are_found_in_all_their_forms() {
        for text in [
            r#"{}"#,
            r#"{ }"#,
            r#"{"a":1}"#,
            r#"{ "a" : -1.5e+10 , "b" : [ ] , "c":[1, {"x": "}"}],"d":null,"e":true,"f":false}"#,
            r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud800"}"#,
            r#"{"ä":"größer als acht Zeichen € 😀"}"#,
            r#"{"a":0,"a":-0,"b":"","":""}"#,
        ] {
            assert_eq!(by_scan(text), by_serde(text), "{text}");
            assert!(by_scan(text).is_some(), "{text}");
        }
    }

    #[test]
    fn elements_are_found_in_all_their_forms() {
        for text in ["[]", "[ ]", r#"["a","b]"]"#, r#"[ 1 , [2,3],{"a":[4]}, "\"5" ,null]"#] {
            let mut found = Vec::new();
            let all = elements(text, |element| {
                found.push(element.json().into_owned());
                Some(())
            });
            assert_eq!(all, Some(()), "{text}");
            let by_serde: Vec<&RawValue> = serde_json::from_str(text).unwrap();
            assert!(found.iter().eq(by_serde.iter().map(|raw| raw.get())), "{text}");
        }
        for text in ["", "[", "[1", "[1,", "[1,]", "[1]]", "[1] ", "{}", "1"] {
            assert_eq!(elements(text, |_| Some(())), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_left_to_serde() {
        for text in [
            "",
            "{",
            "[]",
            "{}x",
            "{}{}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            r#"{"a":01}"#,
            r#"{"a":-}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":1e}"#,
            r#"{"a":+1}"#,
            r#"{"a":nul}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"12345678\u{1f}\"}",
            r#"{"a":"}"#,
            r#"{a:1}"#,
            r#"{"a":[1 2]}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":tru}"#,
            r#"{"a":1 "b":2}"#,
        ] {
            assert_eq!(by_scan(text), None, "{text}");
            assert_eq!(by_serde(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// It says what serde says, or nothing.
        #[test]
        fn it_never_accepts_what_serde_does_not(
            text in r#"\{?("[ab\\u0"é]{0,9}"|[\{\}\[\]:, "\\0-9eE.+-]|true|null|"a":|\t|\x01){0,14}\}?"#
        ) {
            let found = by_scan(&text);
            prop_assert_eq!(&found, &by_open_scan(&text));
            if let Some(found) = found {
                prop_assert_eq!(Some(found), by_serde(&text));
            }
            if let Some(found) = by_attributes(&text) {
                let all = by_serde(&text).expect("serde reads it too");
                for (name, value) in ["a", "b", "d"].into_iter().zip(found) {
                    let mut values = all.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone());
                    prop_assert_eq!(values.next().filter(|value| value != "null"), value);
                    prop_assert_eq!(values.next(), None);
                }
            }
        }
    }
}
