//! Prints a program for people.
pub fn listing(_: &super::Program) -> String {
    String::new()
}
