//! One record's life: queue, triggers, rules, effects. No I/O, no clock, no randomness, no threads.

pub mod effect;
pub mod record;
