//! Compiled programs that somebody damaged or forged, with a hash that fits: each is refused, or runs without ever
//! meeting a value of another type than its instructions promise. Nothing panics.

#[path = "support/everything.rs"]
mod everything;

use everything::run_everything;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use stagegate::compiler;
use stagegate::lower::lower;
use stagegate::program::Program;
use stagegate::program::file::{FORMAT_VERSION, MAGIC};
use stagegate::program::listing::listing;
use stagegate::program::verify::verify;
use stagegate::vm::Machine;
use std::path::Path;

/// The bytes of a compiled program, without the head.
fn body_of(path: &str) -> Vec<u8> {
    let path = Path::new(path);
    let folder = path.parent().unwrap();
    let root = path.file_name().unwrap().into();
    let loaded = compiler::load(&[root], &mut |path| std::fs::read(folder.join(path)));
    let model = compiler::check(&loaded).model.unwrap();
    lower(&model, &loaded.sources).unwrap().to_bytes().unwrap().split_off(52)
}

fn with_head(body: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(FORMAT_VERSION.to_le_bytes());
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(Sha256::digest(body));
    bytes.extend(body);
    bytes
}

/// Loads and runs what can be loaded and run; whether it could.
fn try_to_run(body: &[u8]) -> bool {
    let Ok(program) = Program::from_bytes(&with_head(body)) else { return false };
    let _ = listing(&program);
    let Ok(machine) = Machine::new(program) else { return false };
    run_everything(&machine.with_fuel(20_000));
    true
}

#[test]
fn whole_programs_run() {
    for path in ["tests/compile/conditions-and-texts.rules", "tests/compile/bodies.rules"] {
        assert!(try_to_run(&body_of(path)), "{path}");
    }
    for example in ["leads", "orders", "sales", "support"] {
        assert!(try_to_run(&body_of(&format!("examples/{example}/{example}.rules"))), "{example}");
    }
}

#[test]
fn a_change_of_any_byte_is_refused_or_runs() {
    let body = body_of("tests/compile/conditions-and-texts.rules");
    let mut ran = 0;
    for place in 0..body.len() {
        for change in [1, 0x80] {
            let mut forged = body.clone();
            forged[place] ^= change;
            ran += usize::from(try_to_run(&forged));
        }
    }
    // Many changes are of names, labels and places, and make another sound program.
    assert!(ran > 0);
}

fn random_changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_changes_are_refused_or_run(changes in random_changes()) {
        thread_local! {
            static BODY: Vec<u8> = body_of("tests/compile/bodies.rules");
        }
        let mut body = BODY.with(Clone::clone);
        for (place, byte) in changes {
            let place = place.index(body.len());
            body[place] = byte;
        }
        try_to_run(&body);
    }

    #[test]
    fn changed_instructions_are_refused_or_run(
        chunk in any::<prop::sample::Index>(), pc in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(), bytes in prop::collection::vec((0usize..8, 0u8..40), 0..3),
    ) {
        thread_local! {
            static PROGRAM: Program = Program::from_bytes(&with_head(&body_of("tests/compile/bodies.rules"))).unwrap();
        }
        let mut program = PROGRAM.with(Clone::clone);
        let everything: Vec<_> = program.code.chunks.iter().flat_map(|chunk| chunk.code.clone()).collect();
        let chunk = chunk.index(program.code.chunks.len());
        let code = &mut program.code.chunks[chunk].code;
        let pc = pc.index(code.len());
        // Another instruction of the program, with other operands.
        let instr = everything[from.index(everything.len())];
        let mut encoded = postcard::to_allocvec(&instr).unwrap();
        for (place, byte) in bytes {
            if place > 0 && let Some(place) = encoded.get_mut(place) {
                *place = byte;
            }
        }
        if let Ok(instr) = postcard::from_bytes(&encoded) {
            code[pc] = instr;
            let _ = listing(&program);
            if verify(&program).is_ok() {
                run_everything(&Machine::new(program).unwrap().with_fuel(20_000));
            }
        }
    }

    #[test]
    fn bytes_that_are_no_program_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Program::from_bytes(&bytes).is_err());
        try_to_run(&bytes);
    }
}

#[test]
fn a_claim_of_endless_length_or_depth_is_refused() {
    let body = body_of("tests/compile/conditions-and-texts.rules");
    for place in 0..200 {
        let mut forged = body.clone();
        // A length of 2^60 in place of the one that stands there.
        forged.splice(place..=place, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        try_to_run(&forged);
    }
}
