//! How wide a text is, and where it breaks.
//!
//! The widths are those of Helvetica and Arial (Liberation Sans has the same), which the drawing asks for. Other letters
//! are taken to be as wide as the widest of their kind, so that a text is rather narrower than its box.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// In thousandths of the size, from the space to `~`.
const PLAIN: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278,
    556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584,
    556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556,
    333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

/// The size of a text, and whether it is bold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Font {
    pub size: f64,
    pub bold: bool,
}

/// How wide a text is.
pub fn width(text: &str, font: Font) -> f64 {
    let thousandths: u32 = text.chars().map(|c| letter(c, font.bold)).sum();
    f64::from(thousandths) * font.size / 1000.0
}

fn letter(c: char, bold: bool) -> u32 {
    let table = if bold { &BOLD } else { &PLAIN };
    let ascii = |c: char| (c as usize).checked_sub(32).and_then(|at| table.get(at)).map(|w| u32::from(*w));
    if let Some(width) = ascii(c) {
        return width;
    }
    if is_combining_mark(c) || matches!(c, '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}') {
        return 0;
    }
    // `é` is as wide as `e`.
    let base = std::iter::once(c).nfd().next().unwrap_or(c);
    if let Some(width) = ascii(base) {
        return width;
    }
    match c {
        '·' | '‘' | '’' | '‚' => 333,
        '•' => 350,
        '“' | '”' | '„' => 500,
        '›' | '‹' => 333,
        '–' | '°' | '«' | '»' | 'ı' | 'ł' => 556,
        'ß' | 'ø' | 'đ' | 'ð' | 'þ' => 611,
        '…' | '—' | '→' => 1000,
        // Greek and Cyrillic: small letters, then large ones.
        'α'..='ω' => 650,
        'а'..='я' | 'ѐ'..='џ' => {
            if matches!(c, 'ж' | 'м' | 'ш' | 'щ' | 'ы' | 'ю' | 'ф') {
                850
            } else {
                620
            }
        }
        '\u{370}'..='\u{52f}' => {
            if matches!(c, 'Ж' | 'М' | 'Ш' | 'Щ' | 'Ю' | 'Ф' | 'Ы') {
                1035
            } else {
                780
            }
        }
        // Hangul, kana, Chinese characters, wide forms, pictures.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 1000,
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' => 1000,
        '\u{2190}'..='\u{2bff}' => 1100,
        '\u{10000}'.. => 1350,
        _ => 800,
    }
}

/// Breaks a text into lines no wider than that, at most so many: what is left out is `…`. A word that is too long for
/// a line is broken where it is.
pub fn wrap(text: &str, font: Font, wide: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut rest = word;
        loop {
            let joined = if line.is_empty() { rest.to_owned() } else { format!("{line} {rest}") };
            if width(&joined, font) <= wide {
                line = joined;
                break;
            }
            // Long words begin a line of their own, unless most of the line would stay empty.
            if !line.is_empty() && (width(rest, font) <= wide || width(&line, font) > wide * 0.6) {
                lines.push(std::mem::take(&mut line));
                continue;
            }
            let space = if line.is_empty() { "" } else { " " };
            let room = wide - width(&format!("{line}{space}"), font);
            let at = breaking(rest, font, room);
            line = format!("{line}{space}{}", &rest[..at]);
            rest = &rest[at..];
            lines.push(std::mem::take(&mut line));
            if rest.is_empty() {
                break;
            }
        }
        if lines.len() > most {
            break;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > most {
        lines.truncate(most.max(1));
        if let Some(last) = lines.last_mut() {
            while !last.is_empty() && width(&format!("{last}…"), font) > wide {
                last.pop();
            }
            *last = format!("{}…", last.trim_end_matches([' ', ',', '.']));
        }
    }
    lines
}

/// Where a word breaks that is longer than the room: behind a mark if there is one in the second half, at least behind one
/// letter.
fn breaking(word: &str, font: Font, room: f64) -> usize {
    let mut used = 0.0;
    let (mut end, mut mark) = (0, 0);
    for (at, c) in word.char_indices() {
        used += f64::from(letter(c, font.bold)) * font.size / 1000.0;
        // What combines stays with its letter.
        if used > room && at > 0 && letter(c, font.bold) > 0 {
            break;
        }
        end = at + c.len_utf8();
        if matches!(c, '.' | ',' | '_' | '-' | '/' | '(' | ':') {
            mark = end;
        }
    }
    if mark * 2 > end { mark } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FONT: Font = Font { size: 12.0, bold: false };

    #[test]
    fn no_line_is_wider_than_it_may_be_and_nothing_is_lost() {
        let long = "a".repeat(200);
        for text in [
            "",
            "one",
            "one two three four five six seven",
            &long,
            "日本語の長い名前です、とても長い",
            "e\u{301}e\u{301}e\u{301}",
        ] {
            for wide in [30.0, 60.0, 200.0] {
                let lines = wrap(text, FONT, wide, usize::MAX - 1);
                assert!(lines.iter().all(|line| width(line, FONT) <= wide), "{lines:?}");
                let kept = |text: &str| text.replace(' ', "");
                assert_eq!(kept(&lines.concat()), kept(text));
            }
        }
    }

    #[test]
    fn what_is_left_out_is_told() {
        let lines = wrap("one two three four five six seven", FONT, 50.0, 2);
        assert_eq!(lines, ["one two", "three…"]);
        assert!(wrap("iiiiii", FONT, 1.0, 3).len() == 3);
    }
}
