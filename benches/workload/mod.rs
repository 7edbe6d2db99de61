//! A workload that grows as it is asked to: rules with as many triggers as wanted, and a stream of events for them. Always the
//! same for one seed, so that every run, every engine and every version is measured on the same work.
//!
//! `rules` makes the conditions, triggers and rules, and writes them as a program; `deals` makes the deals and the events.
//! What a condition means is told once more in plain Rust (`Term::holds`), which tests and other engines are compared with.

// Whoever includes this uses a part of it: the example writes, benches and tests read.
#![allow(dead_code)]

pub mod deals;
pub mod rules;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    pub fn index(&mut self, bound: usize) -> usize {
        self.below(bound as u64) as usize
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())]
    }

    /// So many different ones of a list, in its order.
    pub fn some<T: Copy>(&mut self, of: &[T], count: usize) -> Vec<T> {
        let mut left: Vec<T> = of.to_vec();
        while left.len() > count {
            left.remove(self.index(left.len()));
        }
        left
    }
}

/// So many milliseconds after the first of March.
pub fn time(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    let (day, second) = (1 + seconds / 86_400, seconds % 86_400);
    format!("2026-03-{day:02}T{:02}:{:02}:{:02}.{rest:03}Z", second / 3600, second / 60 % 60, second % 60)
}
