//! How long a check takes, and how much memory: `cargo bench --bench check`.
//!
//! `check` is everything that `stagegate check` does with a file but reading and printing: syntax, types, warnings.
//! Divide the bytes of `max alloc` by the lines for the memory of a line.

mod rules;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use stagegate::compiler::{self, Loaded};

#[global_allocator]
static ALLOCATED: AllocProfiler = AllocProfiler::system();

const LINES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

fn load(text: &str) -> Loaded {
    compiler::load(&["bench.rules".into()], &mut |_| Ok(text.as_bytes().to_vec()))
}

fn lines_of(text: &str) -> ItemsCount {
    ItemsCount::new(text.lines().count())
}

#[divan::bench(args = LINES, sample_count = 10)]
fn parse(bencher: Bencher<'_, '_>, lines: usize) {
    let text = rules::program(lines);
    bencher.counter(lines_of(&text)).bench(|| load(&text));
}

#[divan::bench(args = LINES, sample_count = 10)]
fn check(bencher: Bencher<'_, '_>, lines: usize) {
    let text = rules::program(lines);
    let checked = compiler::check(&load(&text));
    assert!(checked.model.is_some(), "{:?}", checked.diagnostics.first());
    bencher.counter(lines_of(&text)).bench(|| compiler::check(&load(&text)));
}

#[divan::bench(args = LINES, sample_count = 10)]
fn compile(bencher: Bencher<'_, '_>, lines: usize) {
    let text = rules::program(lines);
    bencher.counter(lines_of(&text)).bench(|| {
        let loaded = load(&text);
        let model = compiler::check(&loaded).model.expect("a program without mistakes");
        stagegate::lower::lower(&model, &loaded.sources).expect("it is not too large").to_bytes()
    });
}
