//! Did you mean: the nearest known name to one that is not known.

/// Longer names are no typing mistakes of each other that anybody would look for.
const LONGEST: usize = 80;
/// Among more names nothing is looked for: a program full of mistakes must not take for ever.
const MOST_KNOWN: usize = 5_000;

/// The nearest of `known` to `name`: edit distance (with swapped neighbours) at most 3 and less than
/// half of the name (at most 1 of a name of up to four letters that begins otherwise), case ignored; ties go to the first in alphabetical order. Names of one letter
/// get no suggestion.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    if length < 2 {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for (number, k) in known.into_iter().enumerate() {
        if number == MOST_KNOWN {
            return None;
        }
        // A letter of another script may have up to four bytes.
        if k == name || k.len() > LONGEST || k.len() > name.len() * 4 + 12 || name.len() > k.len() * 4 + 12 {
            continue;
        }
        let distance = strsim::osa_distance(&wanted, &k.to_lowercase());
        // Of a short word two letters are too much, unless it begins alike: `done` is no slip for `line`.
        let alike = || wanted.chars().next() == k.to_lowercase().chars().next();
        let near = distance <= 3 && distance * 2 <= length.max(2) && (distance <= 1 || length > 4 || alike());
        if near && best.is_none_or(|best| (distance, k) < best) {
            best = Some((distance, k));
        }
    }
    best.map(|(_, k)| k)
}

/// ``did you mean `x`?``, if something is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|k| format!("did you mean `{k}`?"))
}

/// A word of plain letters with one or more that only look like them: the plain word, which letter (from 1)
/// is wrong first, the letter that stands there, and the one it looks like.
pub fn lookalike(word: &str) -> Option<(String, usize, char, char)> {
    const CYRILLIC_AND_GREEK: &str =
        "аaеeоoрpсcхxуyіiјjѕsԁdһhӏlАAВBЕEКKМMНHОOРPСCТTХXІIЅSαaοoνvρpΑAΒBΕEΙIΟOΡPΤTΧX";
    let pairs: Vec<char> = CYRILLIC_AND_GREEK.chars().collect();
    let plain = |c: char| pairs.chunks(2).find(|p| p[0] == c).map(|p| p[1]);
    let mut first = None;
    let mut text = String::new();
    for (index, c) in word.chars().enumerate() {
        match plain(c) {
            Some(right) => {
                first.get_or_insert((index + 1, c, right));
                text.push(right);
            }
            None if c.is_ascii() => text.push(c),
            None => return None,
        }
    }
    let (place, wrong, right) = first?;
    Some((text, place, wrong, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_typing_mistakes_and_refuses_far_names() {
        assert_eq!(nearest("amuont", ["amount", "title"]), Some("amount"));
        assert_eq!(nearest("Amount", ["amount"]), Some("amount"));
        assert_eq!(nearest("xyz", ["amount", "title"]), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn letters_of_other_alphabets_are_told() {
        assert_eq!(lookalike("rul\u{435}"), Some(("rule".into(), 4, '\u{435}', 'e')));
        assert_eq!(lookalike("rule"), None);
        assert_eq!(lookalike("назва"), None);
    }
}
