//! Any bytes at all as events of a compiled program: the first byte chooses one of the examples, the rest are lines. What
//! is wrong is rejected, the rest runs, and no code ever meets a value of another type than it was promised.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stagegate::compiler;
use stagegate::engine::{Engine, Options};
use stagegate::lower::lower;
use stagegate::run::{OnError, Run, Surroundings};
use stagegate::vm::Machine;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

const PROGRAMS: [&str; 7] = [
    "examples/leads/leads.rules",
    "examples/orders/orders.rules",
    "examples/sales/sales.rules",
    "examples/support/support.rules",
    "tests/compile/bodies.rules",
    "tests/compile/conditions-and-texts.rules",
    "tests/compile/waits.rules",
];

fn machines() -> &'static [Machine] {
    static MACHINES: OnceLock<Vec<Machine>> = OnceLock::new();
    MACHINES.get_or_init(|| {
        let machine = |name: &&str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
            let loaded = compiler::load(&[path], &mut |path| std::fs::read(path));
            let model = compiler::check(&loaded).model.expect("an example without errors");
            let program = lower(&model, &loaded.sources).expect("an example that compiles");
            Machine::new(program).expect("an example that runs").with_fuel(20_000)
        };
        PROGRAMS.iter().map(machine).collect()
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, lines)) = bytes.split_first() else { return };
    let machines = machines();
    let machine = &machines[usize::from(*first) % machines.len()];
    let simulate = usize::from(*first) / machines.len() % 2 == 1;
    let engine = Engine::new(machine, Options { simulate, ..Options::default() });
    let mut run = Run::new(engine, machine.program());
    let mut effects = Vec::new();
    let mut around = Surroundings {
        effects: &mut effects,
        rejected: &mut |_| Ok(()),
        on_error: OnError::Skip,
        interrupted: &AtomicBool::new(false),
        idle: &AtomicBool::new(false),
        progress: &mut |_| {},
        tick: None,
    };
    run.feed("events", &mut &*lines, &mut around).expect("everything can be read and written");
    run.finish(None, &mut around).expect("everything can be written");
    run.summary().text(std::time::Duration::ZERO);
    let effects = String::from_utf8(effects).expect("effects are text");
    assert!(!effects.contains("\"wrong-type\""), "a value of another type: {effects}");
});
