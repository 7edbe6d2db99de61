//! One pass over a line of JSON that finds the members of its object, and those of the object in `data`, without
//! building anything.
//!
//! It is strict: whatever is not JSON beyond doubt, or unusual (very deep, a name with escapes), it gives up on, and serde,
//! which is slower, has the word and the error message. So it must never accept what serde does not.

use crate::value::json::plain::special;

/// The JSON text of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    pub json: &'a str,
    /// A string without escapes.
    plain: bool,
}

impl<'a> Raw<'a> {
    /// Of what is JSON beyond doubt.
    pub fn of(json: &'a str) -> Raw<'a> {
        let inside = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        Raw { json, plain: inside.is_some_and(|inside| memchr::memchr(b'\\', inside.as_bytes()).is_none()) }
    }

    /// What stands in a string without escapes.
    pub fn plain(self) -> Option<&'a str> {
        if self.plain { self.json.get(1..self.json.len() - 1) } else { None }
    }

    pub fn is_null(self) -> bool {
        !self.plain && self.json == "null"
    }
}

/// Where a member of `data` stands in the line: its name without quotes, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    name: (u32, u32),
    value: (u32, u32),
    plain: bool,
}

impl Member {
    pub fn name<'a>(&self, line: &'a str) -> &'a str {
        line.get(self.name.0 as usize..self.name.1 as usize).unwrap_or_default()
    }

    pub fn value<'a>(&self, line: &'a str) -> Raw<'a> {
        let json = line.get(self.value.0 as usize..self.value.1 as usize).unwrap_or_default();
        Raw { json, plain: self.plain }
    }
}

/// Deeper values are left to serde.
const DEPTH: usize = 64;

/// A name as it stands before a member's value, `"id":`, to compare with the line in one step.
pub(super) struct Key {
    pub name: &'static str,
    word: u128,
    mask: u128,
}

impl Key {
    /// Of at most 13 characters that need no escapes.
    pub const fn new(name: &'static str) -> Key {
        assert!(name.len() <= 13);
        let (mut bytes, mut mask) = ([0; 16], [0; 16]);
        let mut at = 0;
        while at < name.len() + 3 {
            (bytes[at], mask[at]) = (b'"', 0xFF);
            if at > 0 && at <= name.len() {
                bytes[at] = name.as_bytes()[at - 1];
            }
            at += 1;
        }
        bytes[name.len() + 2] = b':';
        Key { name, word: u128::from_le_bytes(bytes), mask: u128::from_le_bytes(mask) }
    }
}

/// Calls `each` with the name and the JSON text of each member of the object that the line is; those of `data`, if that
/// is an object, are noted. Where the name is one of the `keys`, its place among them is given too; in the order in which
/// they are listed they are found fastest. `None`: serde is to read it.
#[inline]
pub(super) fn envelope<'a>(
    line: &'a str,
    keys: &[Key],
    data: &mut Vec<Member>,
    mut each: impl FnMut(&'a str, Option<usize>, Raw<'a>) -> Option<()>,
) -> Option<()> {
    let before = data.len();
    u32::try_from(line.len()).ok()?;
    let mut scan = Scan { bytes: line.as_bytes(), at: 0 };
    let mut next = keys.iter().enumerate();
    scan.space();
    scan.object(|scan| {
        let (name, known) = match scan.key(&mut next) {
            Some((place, key)) => (key.name, Some(place)),
            None => {
                let (from, to) = scan.name()?;
                let name = line.get(from..to)?;
                let known = keys.iter().position(|key| key.name == name);
                if let Some(known) = known {
                    next = keys.iter().enumerate();
                    next.nth(known);
                }
                (name, known)
            }
        };
        scan.space();
        let from = scan.at;
        let mut plain = false;
        if name == "data" && scan.peek()? == b'{' {
            if data.len() > before {
                return None;
            }
            scan.object(|scan| {
                let name = scan.name()?;
                scan.space();
                let from = scan.at;
                let plain = scan.value(0)?;
                let short = |(from, to): (usize, usize)| (from as u32, to as u32);
                data.push(Member { name: short(name), value: short((from, scan.at)), plain });
                Some(())
            })?;
        } else {
            plain = scan.value(0)?;
        }
        each(name, known, Raw { json: line.get(from..scan.at)?, plain })
    })?;
    scan.space();
    (scan.at == line.len()).then_some(())
}

/// The JSON texts of the elements of a list. `None`: serde is to read it.
pub(crate) fn elements(list: &str, mut each: impl FnMut(&str) -> Option<()>) -> Option<()> {
    let mut scan = Scan { bytes: list.as_bytes(), at: 0 };
    scan.list(|scan| {
        let from = scan.at;
        scan.value(1)?;
        each(list.get(from..scan.at)?)
    })?;
    (scan.at == list.len()).then_some(())
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
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

    /// An object; `each` stands before a member and must read it.
    #[inline(always)]
    fn object(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.eat(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            each(self)?;
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.space();
        }
    }

    /// One of the next two keys, if one of them stands here.
    #[inline(always)]
    fn key<'k>(
        &mut self,
        next: &mut (impl Iterator<Item = (usize, &'k Key)> + Clone),
    ) -> Option<(usize, &'k Key)> {
        let (word, _) = self.bytes.get(self.at..)?.split_first_chunk::<16>()?;
        let word = u128::from_le_bytes(*word);
        let mut ahead = next.clone();
        for _ in 0..2 {
            let (place, key) = ahead.next()?;
            if word & key.mask == key.word {
                *next = ahead;
                self.at += key.name.len() + 3;
                return Some((place, key));
            }
        }
        None
    }

    /// The name of a member, with its colon: where its inside stands.
    #[inline(always)]
    fn name(&mut self) -> Option<(usize, usize)> {
        let name = self.plain_string()?;
        self.space();
        self.eat(b':')?;
        Some(name)
    }

    /// Whether it is a string without escapes.
    #[inline(always)]
    fn value(&mut self, depth: usize) -> Option<bool> {
        if self.peek()? == b'"' {
            let end = special(self.bytes, self.at + 1);
            if self.bytes.get(end) == Some(&b'"') {
                self.at = end + 1;
                return Some(true);
            }
        }
        self.other(depth).map(|()| false)
    }

    #[inline(never)]
    fn other(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' if depth < DEPTH => self.object(|scan| {
                scan.name()?;
                scan.space();
                scan.other(depth + 1)
            }),
            b'[' if depth < DEPTH => self.list(|scan| scan.other(depth + 1)),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => None,
        }
    }

    fn list(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.eat(b'[')?;
        self.space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            each(self)?;
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.space();
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
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

    /// A string without escapes: where its inside stands.
    #[inline(always)]
    fn plain_string(&mut self) -> Option<(usize, usize)> {
        self.eat(b'"')?;
        let from = self.at;
        self.skip_plain();
        let to = self.at;
        self.eat(b'"')?;
        Some((from, to))
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.skip_plain();
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
                            let hex = self.bytes.get(self.at + 1..self.at + 5)?;
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

    /// Goes on to the next quote, backslash or control character.
    fn skip_plain(&mut self) {
        self.at = special(self.bytes, self.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    fn by_scan(text: &str) -> Option<Vec<(String, String)>> {
        let (mut members, mut all) = (Vec::new(), Vec::new());
        const KEYS: [Key; 3] = [Key::new("a"), Key::new("b"), Key::new("d")];
        envelope(text, &KEYS, &mut members, |name, known, value| {
            assert_eq!(known, KEYS.iter().position(|key| key.name == name));
            assert_eq!(value, Raw::of(value.json));
            all.push((name.to_owned(), value.json.to_owned()));
            Some(())
        })?;
        Some(all)
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
            r#" { } "#,
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
                found.push(element.to_owned());
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
            if let Some(found) = by_scan(&text) {
                prop_assert_eq!(Some(found), by_serde(&text));
            }
        }
    }
}
