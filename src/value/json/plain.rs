//! JSON strings, byte by byte: where one needs an escape, and writing one.

use ecow::EcoString;
use std::io::Write;

/// The place of the next quote, backslash or control character at or behind `from`, or the end.
///
/// Eight bytes at a time, with the test for bytes below a limit of Alan Mycroft (1987), after which no byte of a character
/// beyond ASCII counts: it may take a byte above a real one for one too, but misses none, and the lowest that it finds is real.
#[inline]
pub(crate) fn special(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        match specials(u64::from_le_bytes(*word)) {
            0 => at += 8,
            found => return at + (found.trailing_zeros() / 8) as usize,
        }
    }
    let left = bytes.len().saturating_sub(at);
    // The last bytes, moved to where they would stand; the zeros behind them are found where nothing else is.
    if let (Some(word), 1..) = (bytes.last_chunk::<8>(), left) {
        let word = u64::from_le_bytes(*word) >> (8 * (8 - left));
        return at + (specials(word).trailing_zeros() / 8) as usize;
    }
    while bytes.get(at).is_some_and(|byte| *byte >= 0x20 && *byte != b'"' && *byte != b'\\') {
        at += 1;
    }
    at
}

/// The highest bit of each of eight bytes that is special, and perhaps of some above the lowest of those; see [`special`].
#[inline(always)]
fn specials(word: u64) -> u64 {
    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    // With the second bit turned over, a quote is the next above the control characters, and no other byte comes there.
    let low = (word ^ all(0x02)).wrapping_sub(all(0x21));
    let slash = (word ^ all(b'\\')).wrapping_sub(all(1));
    (low | slash) & !word & all(0x80)
}

/// Appends a text as a JSON string.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    inside(text, out);
    out.push(b'"');
}

/// Appends what stands between the quotes.
pub(crate) fn inside(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let next = special(bytes, at);
        out.extend_from_slice(bytes.get(at..next).unwrap_or_default());
        let Some(byte) = bytes.get(next) else { return };
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0C => b'f',
            _ => 0,
        };
        if short == 0 {
            // Writing to memory does not fail.
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.extend_from_slice(&[b'\\', short]);
        }
        at = next + 1;
    }
}

/// Appends what stands between the quotes of a JSON string, without its escapes. `None` for an escape that is no character;
/// something may have been appended then.
pub(crate) fn unescape(inside: &str, out: &mut EcoString) -> Option<()> {
    let mut rest = inside;
    loop {
        let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) else {
            out.push_str(rest);
            return Some(());
        };
        out.push_str(rest.get(..at)?);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        out.push(match escape {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = hex(rest)?;
                rest = rest.get(4..)?;
                if (0xD800..0xDC00).contains(&first) {
                    // The second half of a character beyond the first plane follows.
                    rest = rest.strip_prefix("\\u")?;
                    let second = hex(rest).filter(|second| (0xDC00..0xE000).contains(second))?;
                    rest = rest.get(4..)?;
                    char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))?
                } else {
                    char::from_u32(first)?
                }
            }
            _ => return None,
        });
    }
}

fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_end_is_found_where_nothing_is_special() {
        for byte in [b'a', 0x20, 0x7f, 0x80, 0xff] {
            for length in 0..40 {
                let bytes = vec![byte; length];
                assert!((0..=length).all(|from| special(&bytes, from) == length), "{length} times {byte}");
            }
        }
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for found in [b'"', b'\\', 0, 0x1f, b'\n'] {
            for before in [b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                for at in 0..20 {
                    let mut bytes = vec![before; 24];
                    bytes[at] = found;
                    bytes[at + 1] = b'"';
                    assert_eq!(special(&bytes, 0), at, "{found} behind {before}");
                    assert_eq!(special(&bytes[..at + 1], 0), at, "{found} behind {before}, and the end");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_string_is_read_as_serde_reads_it(
            inside in r#"([a-zé€]|\\[bfnrt/"\\x]|\\u(00[0-9a-fA-F]{2}|[dD][89abcdef]3[0-9a-f]|12g4)){0,9}"#
        ) {
            let mut out = EcoString::new();
            let read = unescape(&inside, &mut out).map(|()| out.to_string());
            prop_assert_eq!(read, serde_json::from_str::<String>(&format!("\"{inside}\"")).ok());
        }

        #[test]
        fn a_string_is_written_as_serde_writes_it(text in r#"([a-z"\\ é€]|[\x00-\x24]|.){0,40}"#) {
            let mut out = Vec::new();
            string(&text, &mut out);
            prop_assert_eq!(String::from_utf8(out).ok(), serde_json::to_string(&text).ok());
        }
    }
}
