use super::*;
use crate::value::notation::value;

fn checked(text: &str, ty: Type, min: Option<i64>, max: Option<i64>, matches: Option<&str>) -> String {
    let limits =
        Limits { min: min.map(Decimal::from), max: max.map(Decimal::from), matches: matches.map(Into::into) };
    let pattern = matches.map(|pattern| regex::Regex::new(pattern).unwrap());
    match check_limits(&value(text), &ty, &limits, pattern.as_ref()) {
        Ok(()) => "good".into(),
        Err(failure) => {
            assert_eq!(failure.code, FailureCode::Limit);
            failure.message
        }
    }
}

#[test]
fn limits_of_numbers_texts_and_lists() {
    let people = Type::Recipient.list();
    for (value, ty, min, max, expected) in [
        ("int 5", Type::Int, Some(5), Some(5), "good"),
        ("int 4", Type::Int, Some(5), None, "4 is less than the least allowed, 5"),
        ("decimal 5.10", Type::Decimal, None, Some(5), "5.1 is more than the most allowed, 5"),
        ("money 4.99 EUR", Type::Money(None), Some(5), None, "4.99 is less than the least allowed, 5"),
        ("text größe", Type::Text, Some(5), Some(5), "good"),
        ("text größe", Type::Text, None, Some(4), "5 characters, but at most 4 are allowed"),
        ("text a", Type::Text, Some(2), None, "1 character, but at least 2 are needed"),
        ("[int 1]", Type::Int.list(), Some(2), None, "1 entry, but at least 2 are needed"),
        ("[int 1; int 2]", Type::Int.list(), None, Some(1), "2 entries, but at most 1 are allowed"),
        // A department counts as more than one where there must be enough, and as one where there must not be too many.
        ("[department sales]", people.clone(), Some(2), Some(1), "good"),
        ("[user anna]", people.clone(), Some(2), None, "1 entry, but at least 2 are needed"),
        ("[user anna; department sales]", people.clone().optional(), Some(3), Some(2), "good"),
        ("none", people.optional(), Some(2), None, "good"),
        ("bool true", Type::Bool, Some(2), None, "good"),
    ] {
        assert_eq!(checked(value, ty, min, max, None), expected, "{value}");
    }
}

#[test]
fn a_pattern_matches_anywhere() {
    assert_eq!(checked("text ab12", Type::Text, None, None, Some("[0-9]+")), "good");
    assert_eq!(checked("text abc", Type::Text, None, None, Some("[0-9]+")), "`abc` does not match /[0-9]+/");
    assert_eq!(
        checked("text 12", Type::Text, Some(3), None, Some("[0-9]")),
        "2 characters, but at least 3 are needed"
    );
}
