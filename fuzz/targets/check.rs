//! Any text at all as a file of rules.

#![no_main]

#[path = "../../tests/support/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|text: &str| anything::holds(text));
