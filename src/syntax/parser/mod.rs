//! From text to the tree: pest reads the grammar of `grammar/rules.pest`, this module builds the tree.

mod asked;
mod beginners;
mod builder;
mod clauses;
mod cut;
mod declarations;
mod declared;
mod everyday;
mod expressions;
mod foreign;
mod friendly;
mod habits;
mod hints;
mod literals;
mod mistakes;
mod phrases;
mod pipelines;
mod recover;
mod repeated;
mod scan;
mod several;
mod slips;
mod spoken;
mod statements;
mod steps;
mod text;

use super::tree::File;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use pest::iterators::Pair;
use recover::Reader;
use scan::Scan;
use std::cell::{Cell, RefCell};

/// What pest makes of the grammar: one rule for each rule there.
#[derive(pest_derive::Parser)]
#[grammar = "grammar/rules.pest"]
struct Grammar;

/// Words that are no names where a value stands.
const RESERVED: [&str; 9] = ["and", "or", "not", "if", "then", "else", "true", "false", "none"];

/// The most levels of anything in anything: later steps walk the tree recursively.
const MAX_DEPTH: u32 = 200;

/// The longest file: places are counted in 32 bits, and nobody writes that much by hand.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Reads one file. Whatever could not be read is missing from the tree and has its diagnostic.
pub fn parse(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    if text.len() > MAX_BYTES {
        let problem = Diagnostic::new(Code::FileTooLong, Span::new(file, 0, 0), "this file is too long")
            .label(format!("it has more than {} MiB", MAX_BYTES / 1024 / 1024))
            .help("split it into files, and bring them in with `use`");
        return (File { file, items: Vec::new(), comments: Vec::new(), broken: Vec::new() }, vec![problem]);
    }
    let mut scan = Scan::new(file, text);
    if scan.misfits.is_empty() {
        return read(file, &mut scan);
    }
    // A bracket too many, or one of the wrong kind, hides nothing: it is read on as if that had been mended.
    let misfits = std::mem::take(&mut scan.misfits);
    let mut mended = text.as_bytes().to_vec();
    for misfit in &misfits {
        if let Some(byte) = mended.get_mut(misfit.problem.span().start as usize) {
            *byte = misfit.right;
        }
    }
    let Ok(mended) = String::from_utf8(mended) else { return read(file, &mut scan) };
    let mut again = Scan::new(file, &mended);
    again.problems.extend(misfits.into_iter().map(|misfit| misfit.problem));
    read(file, &mut again)
}

/// Builds the tree of a file that has been scanned.
fn read(file: FileId, scan: &mut Scan) -> (File, Vec<Diagnostic>) {
    let found = std::mem::take(&mut scan.problems);
    let comments = std::mem::take(&mut scan.comments);
    let scan = &*scan;
    let reader = Reader {
        file,
        scan,
        comments: &comments,
        errors: RefCell::new(found),
        broken: RefCell::default(),
        words: builder::Words::default(),
        depth: Cell::new(0),
    };
    let items = reader.file();
    let broken = reader.broken.into_inner();
    let mut errors = reader.errors.into_inner();
    // The scanner finds its mistakes before the grammar does; people read from top to bottom.
    errors.sort_by_key(|e| e.span().start);
    errors.dedup_by(|a, b| a.span() == b.span() && a.code == b.code);
    errors.truncate(scan::MAX_PROBLEMS);
    (File { file, items, comments, broken }, errors)
}

/// What the grammar makes of a whole file, word by word, for the formatter. `None` if it has mistakes: ask
/// [`parse`] first, which also guards against texts that are nested too deep for this.
pub(crate) fn words(text: &str) -> Option<Pair<'_, Rule>> {
    <Grammar as pest::Parser<Rule>>::parse(Rule::program, text).ok()?.next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pest::Parser;

    /// Cutting a good file at its declarations is only for speed and for good messages.
    #[test]
    fn a_good_file_means_the_same_cut_and_whole() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut texts = vec![std::fs::read_to_string(root.join("src/library/crm.rules")).unwrap()];
        for entry in std::fs::read_dir(root.join("tests/syntax/good")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "rules") {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
        for text in texts {
            let (cut, errors) = parse(FileId(0), &text);
            assert_eq!(errors, []);
            let scan = Scan::new(FileId(0), &text);
            let (errors, words) = (RefCell::default(), builder::Words::default());
            let builder = builder::Builder {
                file: FileId(0),
                text: &text,
                base: 0,
                comments: &scan.comments,
                errors: &errors,
                words: &words,
            };
            let program = Grammar::parse(Rule::program, &text).unwrap().next().unwrap();
            let items: Vec<_> = program.into_inner().filter_map(|n| builder.item(&n)).collect();
            assert_eq!(format!("{items:?}"), format!("{:?}", cut.items));
        }
    }
}
