//! JSON strings, byte by byte: where one needs an escape, and writing one.

use ecow::EcoString;
use std::io::Write;
use wide::u8x16;

/// The place of the next quote, backslash or control character at or behind `from`, or the end.
#[inline]
pub(crate) fn special(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(next) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        match specials(next) {
            0 => at += 16,
            found => return at + found.trailing_zeros() as usize,
        }
    }
    special_near_the_end(bytes, at)
}

/// Of less than sixteen bytes.
#[inline(never)]
fn special_near_the_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let found = match bytes.last_chunk::<16>() {
        // Among the last sixteen, of which some have been looked at.
        Some(last) => specials(last) >> (16 - rest.len().min(15)),
        None => {
            let mut padded = [b' '; 16];
            padded.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
            specials(&padded)
        }
    };
    from + rest.len().min(found.trailing_zeros() as usize)
}

/// A bit for each byte that is special, the first one's the lowest.
#[inline(always)]
fn specials(bytes: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*bytes);
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (control | bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))).to_bitmask()
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
