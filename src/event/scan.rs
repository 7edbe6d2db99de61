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

/// Where a value stands in a line, in bytes; of a string without escapes what stands between its quotes. Nothing stands at the
/// beginning of a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    from: u32,
    to: u32,
}

impl Span {
    /// Where a value stands that is a part of a line.
    pub fn of(raw: Raw<'_>, line: &str) -> Span {
        let from = raw.text.as_ptr() as usize - line.as_ptr() as usize;
        Span { from: from as u32, to: (from + raw.text.len()) as u32 }
    }

    #[inline]
    pub fn raw(self, line: &str) -> Option<Raw<'_>> {
        let (from, to) = (self.from as usize, self.to as usize);
        let before = line.as_bytes().get(from.checked_sub(1)?)?;
        // Before any other value stands a colon or a space.
        Some(Raw { text: line.get(from..to)?, plain: *before == b'"' })
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
        Key::behind("", name)
    }

    /// Stands nowhere.
    const NEVER: Key = Key { word: 1, mask: 0, length: 0 };

    /// As [`Key::new`], behind something else: the end of a string and a comma, `","id":`.
    const fn behind(before: &str, name: &str) -> Option<Key> {
        let (before, name) = (before.as_bytes(), name.as_bytes());
        let length = before.len() + name.len() + 3;
        if length > 16 {
            return None;
        }
        let (mut bytes, mut at) = ([0; 16], 0);
        while at < before.len() {
            bytes[at] = before[at];
            at += 1;
        }
        bytes[at] = b'"';
        let mut from = 0;
        while from < name.len() {
            if name[from] < b' ' || name[from] == b'"' || name[from] == b'\\' {
                return None;
            }
            bytes[at + 1 + from] = name[from];
            from += 1;
        }
        (bytes[length - 2], bytes[length - 1]) = (b'"', b':');
        Some(Key { word: u128::from_le_bytes(bytes), mask: u128::MAX >> (8 * (16 - length)), length })
    }

    /// Where it ends, if it stands at this place of a text.
    #[inline(always)]
    fn end_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let word = bytes.get(at..)?.first_chunk::<16>()?;
        (u128::from_le_bytes(*word) & self.mask == self.word).then_some(at + self.length)
    }
}

/// Members of an object that are looked for.
pub(super) struct Wanted<const N: usize> {
    /// In the order in which most senders write them.
    pub names: [&'static str; N],
    keys: [Key; N],
    /// The same behind a string.
    links: [Key; N],
    /// One that is an object, mostly the last.
    object: usize,
}

impl<const N: usize> Wanted<N> {
    /// `object`: the place of one that is an object, and mostly the last. What is listed behind it stands before it too.
    pub const fn new(names: [&'static str; N], object: usize) -> Wanted<N> {
        let (mut keys, mut links, mut at) = ([Key::NEVER; N], [Key::NEVER; N], 0);
        while at < N {
            if let Some(key) = Key::new(names[at]) {
                keys[at] = key;
            }
            if let Some(link) = Key::behind("\",", names[at]) {
                links[at] = link;
            }
            at += 1;
        }
        Wanted { names, keys, links, object }
    }

    /// Which of these keys stands at a place of a text, of those that mostly come behind the member `before`; and where it ends.
    #[inline(always)]
    fn one_at(
        &self,
        keys: &[Key; N],
        before: Option<usize>,
        bytes: &[u8],
        at: usize,
    ) -> Option<(usize, usize)> {
        let next = before.map_or(0, |before| (before + 1).min(self.object));
        // Most senders leave some of them out, but not many together.
        let mut likely = (next..N).zip(keys.get(next..)?).take(3);
        likely.find_map(|(known, key)| Some((known, key.end_at(bytes, at)?)))
    }
}

/// Finds the values of those members of the object that the line is that are `wanted`. `null` is as if it were left out.
/// `None`: serde is to read it, and one that comes twice is left to serde too.
///
/// If it may stay `open`, the line is looked at only up to the one that is an object: where that begins is given.
#[inline(always)]
pub(super) fn attributes<const N: usize>(
    line: &str,
    wanted: &Wanted<N>,
    open: bool,
    found: &mut [Span; N],
) -> Option<Option<usize>> {
    u32::try_from(line.len()).ok()?;
    let bytes = line.as_bytes();
    let (mut seen, mut before) = (0_u64, None);
    let mut scan = Scan { text: line, at: 0 };
    let mut see = |known: usize| {
        let first = seen >> known & 1 == 0;
        seen |= 1 << known;
        first.then_some(())
    };
    scan.space();
    let mut more = scan.begin(b'{', b'}')?;
    while more {
        let mut known = match wanted.one_at(&wanted.keys, before, bytes, scan.at) {
            Some((known, behind)) => {
                scan.at = behind;
                Some(known)
            }
            None => {
                let name = scan.name()?;
                wanted.names.iter().position(|known| *known == name)
            }
        };
        // Most are strings, one behind the other without spaces.
        while let Some(now) = known
            && scan.peek()? == b'"'
        {
            let from = scan.at + 1;
            let to = special(bytes, from);
            let Some((next, behind)) = wanted.one_at(&wanted.links, known, bytes, to) else { break };
            see(now)?;
            found[now] = Span { from: from as u32, to: to as u32 };
            (known, scan.at) = (Some(next), behind);
        }
        scan.space();
        if open && known == Some(wanted.object) && scan.peek()? == b'{' {
            see(wanted.object)?;
            return Some(Some(scan.at));
        }
        let value = scan.value()?;
        if let Some(known) = known {
            before = Some(known);
            see(known)?;
            if !value.is_null() {
                found[known] = Span::of(value, line);
            }
        }
        more = scan.goes_on(b'}')?;
    }
    scan.space();
    (scan.at == line.len()).then_some(None)
}

/// The members of an object that has been scanned as a part of a line, or with which the rest of a line begins.
pub(super) struct Members<'a> {
    scan: Scan<'a>,
    place: Place,
}

/// How far an object has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    /// Before the name of a member.
    AtName,
    BehindValue,
    /// Behind its end.
    Behind,
}

impl<'a> Members<'a> {
    pub fn of(object: &'a str) -> Members<'a> {
        Members { scan: Scan { text: object, at: 0 }, place: Place::Before }
    }

    /// Whether the object has come to its end, and with it the object around it and the line.
    pub fn end_the_line(&mut self) -> bool {
        self.place == Place::Behind && self.scan.goes_on(b'}') == Some(false) && {
            self.scan.space();
            self.scan.at == self.scan.text.len()
        }
    }

    /// The next one: its name, and its value. No name: it is the one that was expected.
    #[inline]
    pub fn next(&mut self, expected: Option<&Key>) -> Option<(Option<&'a str>, Raw<'a>)> {
        let scan = &mut self.scan;
        let more = match self.place {
            Place::AtName => true,
            Place::Before => scan.begin(b'{', b'}')?,
            _ => scan.goes_on(b'}')?,
        };
        if !more {
            self.place = Place::Behind;
            return None;
        }
        self.place = Place::BehindValue;
        let name = match expected.and_then(|key| key.end_at(scan.text.as_bytes(), scan.at)) {
            Some(behind) => {
                scan.at = behind;
                None
            }
            None => Some(scan.name()?),
        };
        scan.space();
        let value = scan.value()?;
        if scan.text.as_bytes().get(scan.at..).and_then(<[u8]>::first_chunk) == Some(b",\"") {
            self.place = Place::AtName;
            scan.at += 1;
        }
        Some((name, value))
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
        let mut found = [Span::default()];
        attributes(&line, &Wanted::new(["a"], 0), false, &mut found)?;
        let object = found[0].raw(&line);
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
        let rest = attributes(&line, &Wanted::new(["a"], 0), true, &mut [Span::default()])?;
        let (mut members, mut all) = (Members::of(&line[rest?..]), Vec::new());
        while let Some((name, value)) = members.next(None) {
            all.push((name?.to_owned(), value.json().into_owned()));
        }
        members.end_the_line().then_some(all)
    }

    /// Some of the members of a line, in whatever order they come.
    fn by_attributes(text: &str) -> Option<[Option<String>; 3]> {
        let mut found = [Span::default(); 3];
        attributes(text, &Wanted::new(["a", "b", "d"], 1), false, &mut found)?;
        Some(found.map(|span| span.raw(text).map(|value| value.json().into_owned())))
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

        #[test]
        fn no_attribute_comes_twice_in_a_line_that_is_left_open(
            members in proptest::collection::vec(
                ("[abde]", r#"\{"x":"(y|\\\\)"\}|\{\}|"v"|5|null|\[1\]"#),
                0..6,
            )
        ) {
            let all: Vec<String> =
                members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            let text = format!("{{{}}}", all.join(","));
            let mut found = [Span::default(); 3];
            let Some(rest) = attributes(&text, &Wanted::new(["a", "b", "d"], 1), true, &mut found) else {
                return Ok(());
            };
            if let Some(rest) = rest {
                let mut open = Members::of(&text[rest..]);
                while open.next(None).is_some() {}
                if !open.end_the_line() {
                    return Ok(());
                }
            }
            for wanted in ["a", "b", "d"] {
                let count = members.iter().filter(|(name, _)| name == wanted).count();
                prop_assert!(count < 2, "{wanted} in {text}");
            }
        }

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
