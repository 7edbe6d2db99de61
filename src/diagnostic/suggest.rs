//! Did you mean: the nearest known name to one that is not known.

/// The nearest of `known` to `name`: edit distance (with swapped neighbours) at most 3 and less than
/// half of the name, case ignored; ties go to the first in alphabetical order. Names of one letter
/// get no suggestion.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    if length < 2 {
        return None;
    }
    known
        .into_iter()
        .filter(|k| *k != name)
        .filter_map(|k| {
            let distance = strsim::damerau_levenshtein(&wanted, &k.to_lowercase());
            (distance <= 3 && distance * 2 <= length.max(2)).then_some((distance, k))
        })
        .min()
        .map(|(_, k)| k)
}

/// ``did you mean `x`?``, if something is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|k| format!("did you mean `{k}`?"))
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
}
