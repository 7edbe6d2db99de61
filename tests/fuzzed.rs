//! The corpus of the fuzzer (see `fuzz/README.md`): what once broke something, and texts that reach far. What holds for any
//! text holds for each.

#[path = "support/anything.rs"]
mod anything;

use std::path::Path;

#[test]
fn what_holds_for_any_text_holds_for_the_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/check");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 10, "the corpus is gone");
    for path in paths {
        // As the fuzzer does: what is no text is no input.
        if let Ok(text) = String::from_utf8(std::fs::read(&path).unwrap()) {
            println!("{}", path.display());
            anything::holds(&text);
        }
    }
}
