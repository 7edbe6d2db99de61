use super::*;

#[test]
fn the_table_is_in_the_order_of_the_functions() {
    for function in all() {
        assert_eq!(function.entry().function, function);
        assert_eq!(named(function.name()), Some(function));
        assert!(!function.entry().examples.is_empty(), "{} has no example", function.name());
    }
}
