use super::*;
use crate::value::notation::{any_value, value};
use proptest::prelude::*;

#[test]
fn order() {
    use Ordering::{Equal, Greater, Less};
    for (left, right, expected) in [
        ("int 1", "int 2", Some(Less)),
        ("decimal 1.50", "decimal 1.5", Some(Equal)),
        ("decimal -1", "decimal -2", Some(Greater)),
        ("money 1.5 EUR", "money 1.50 EUR", Some(Equal)),
        ("money 1 EUR", "money 2 USD", None),
        // By code point: capitals first, and what lies beyond the 16-bit plane last.
        ("text Z", "text a", Some(Less)),
        ("text \u{ffff}", "text 😀", Some(Less)),
        ("text ab", "text abc", Some(Less)),
        ("date 2026-03-02", "date 2026-03-01", Some(Greater)),
        ("time 09:00", "time 10:00", Some(Less)),
        ("datetime 2026-03-02T10:00:00Z", "datetime 2026-03-02T11:00:00+01:00", Some(Equal)),
        ("duration P1D", "duration PT24H", Some(Equal)),
        ("duration P1D", "duration PT25H", Some(Less)),
        ("bool true", "bool false", None),
        ("none", "int 1", None),
        ("int 1", "decimal 1", None),
    ] {
        assert_eq!(compare(&value(left), &value(right)).ok(), expected, "{left} {right}");
    }
}

#[test]
fn equality() {
    for (left, right, expected) in [
        ("none", "none", true),
        ("none", "text ", false),
        ("decimal 1.50", "decimal 1.5", true),
        ("money 1.5 EUR", "money 1.50 EUR", true),
        ("money 1 EUR", "money 1 USD", false),
        ("duration P1D", "duration PT24H", true),
        ("text a", "text A", false),
        ("[int 1; int 2]", "[int 1; int 2]", true),
        ("[int 1; int 2]", "[int 2; int 1]", false),
        ("[]", "none", false),
        ("user anna", "department anna", false),
    ] {
        assert_eq!(equal(&value(left), &value(right)), expected, "{left} {right}");
    }
}

#[test]
fn equality_without_case() {
    for (left, right, expected) in [
        ("Offer", "oFFER", true),
        ("Größe", "GRÖSSE", false),
        ("größe", "GRÖßE", true),
        ("ΣΑΣ", "σας", true),
        ("Ünï", "üNÏ", true),
        ("İ", "i\u{307}", true),
        ("a", "ab", false),
        ("K", "\u{212a}", true),
    ] {
        assert_eq!(text_eq_ignore_case(left, right), expected, "{left} {right}");
        assert_eq!(text_eq_ignore_case(right, left), expected, "{right} {left}");
    }
    assert!(eq_ignore_case(&Value::None, &Value::None));
    assert!(!eq_ignore_case(&Value::None, &value("text a")));
}

#[test]
fn parts_of_texts_and_lists() {
    let v = value;
    assert!(contains(&v("text abc"), &v("text bc")));
    assert!(contains(&v("text abc"), &v("text ")));
    assert!(!contains(&v("text abc"), &v("text B")));
    assert!(contains(&v("[decimal 1.5; decimal 2]"), &v("decimal 2.0")));
    assert!(!contains(&v("[int 1]"), &v("none")));
    assert!(is_in(&v("int 1"), &v("[int 2; int 1]")));
    assert!(!is_in(&v("none"), &v("[int 2]")));
    assert!(!is_in(&v("int 1"), &v("none")));
    assert!(starts_with(&v("text abc"), &v("text ab")));
    assert!(!starts_with(&v("text abc"), &v("text b")));
    assert!(ends_with(&v("text abc"), &v("text bc")));
}

#[test]
fn emptiness() {
    for (value_text, expected) in [
        ("none", true),
        ("text ", true),
        ("text  \t\u{a0}", true),
        ("text x", false),
        ("[]", true),
        ("[int 1]", false),
        ("int 0", false),
    ] {
        assert_eq!(is_empty(&value(value_text)), expected, "{value_text:?}");
    }
}

proptest! {
    #[test]
    fn decimals_are_ordered_as_the_library_does(
        numbers in proptest::array::uniform2((
            prop_oneof![-1000_i128..1000, any::<i64>().prop_map(i128::from), -(1_i128 << 96) + 1..(1_i128 << 96)],
            prop_oneof![0_u32..4, 0_u32..=28],
        )),
    ) {
        let [a, b] = numbers.map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale));
        prop_assert_eq!(decimals(a, b), a.cmp(&b));
        prop_assert_eq!(decimals(a, a), Ordering::Equal);
    }

    #[test]
    fn nothing_panics_and_order_agrees_with_equality(left in any_value(), right in any_value()) {
        if let Ok(order) = compare(&left, &right) {
            prop_assert_eq!(order == Ordering::Equal, equal(&left, &right));
            prop_assert_eq!(compare(&right, &left), Ok(order.reverse()));
        }
        let _ = eq_ignore_case(&left, &right);
        let _ = (contains(&left, &right), is_in(&left, &right), starts_with(&left, &right), ends_with(&left, &right));
        let _ = is_empty(&left);
    }
}
