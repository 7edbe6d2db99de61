//! One pass over a line of JSON that finds the members of its object, and those of the object in `data`, without
//! building anything.
//!
//! It is strict: whatever is not JSON beyond doubt, or unusual (very deep, a name with escapes), it gives up on, and serde,
//! which is slower, has the word and the error message. So it must never accept what serde does not.

use crate::value::json::plain::special;

/// Where a member of `data` stands in the line: its name without quotes, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    name: (u32, u32),
    value: (u32, u32),
}

impl Member {
    pub fn name<'a>(&self, line: &'a str) -> &'a str {
        line.get(self.name.0 as usize..self.name.1 as usize).unwrap_or_default()
    }

    pub fn value<'a>(&self, line: &'a str) -> &'a str {
        line.get(self.value.0 as usize..self.value.1 as usize).unwrap_or_default()
    }
}

/// Deeper values are left to serde.
const DEPTH: usize = 64;

/// Calls `each` with the name and the JSON text of each member of the object that the line is; those of `data`, if that
/// is an object, are noted. `None`: serde is to read it.
pub(super) fn envelope<'a>(
    line: &'a str,
    data: &mut Vec<Member>,
    mut each: impl FnMut(&'a str, &'a str) -> Option<()>,
) -> Option<()> {
    let before = data.len();
    u32::try_from(line.len()).ok()?;
    let mut scan = Scan { bytes: line.as_bytes(), at: 0 };
    scan.space();
    scan.members(|scan, name| {
        let name = line.get(name.0..name.1)?;
        let from = scan.at;
        if name == "data" && scan.peek()? == b'{' {
            if data.len() > before {
                return None;
            }
            scan.members(|scan, name| {
                let from = scan.at;
                scan.value(0)?;
                let short = |(from, to): (usize, usize)| (from as u32, to as u32);
                data.push(Member { name: short(name), value: short((from, scan.at)) });
                Some(())
            })?;
        } else {
            scan.value(0)?;
        }
        each(name, line.get(from..scan.at)?)
    })?;
    scan.space();
    (scan.at == line.len()).then_some(())
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        if self.peek()? == byte {
            self.at += 1;
            return Some(());
        }
        None
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// An object; `each` stands before the value of a member and must read it.
    fn members(&mut self, mut each: impl FnMut(&mut Self, (usize, usize)) -> Option<()>) -> Option<()> {
        self.eat(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let name = self.plain_string()?;
            self.space();
            self.eat(b':')?;
            self.space();
            each(self, name)?;
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

    fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' if depth < DEPTH => self.members(|scan, _| scan.value(depth + 1)),
            b'[' if depth < DEPTH => self.list(depth),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => None,
        }
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
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
        envelope(text, &mut members, |name, value| {
            all.push((name.to_owned(), value.to_owned()));
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
