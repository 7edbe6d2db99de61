//! Compiled programs that somebody damaged or forged, with a hash that fits: each is refused, or runs without ever
//! meeting a value of another type than its instructions promise. Nothing panics.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use stagegate::compiler;
use stagegate::lower::lower;
use stagegate::program::file::{FORMAT_VERSION, MAGIC};
use stagegate::program::listing::listing;
use stagegate::program::verify::verify;
use stagegate::program::{ChunkId, ChunkKind, Program};
use stagegate::schema::{Field, Type};
use stagegate::syntax::tree::PrincipalKind;
use stagegate::value::*;
use stagegate::vm::{Context, EventView, Exit, Machine, Scratch};
use std::path::Path;
use std::sync::Arc;

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

/// Some value of a type; with `full` unset, `none` and empty lists where there may be.
fn some_value(program: &Program, ty: &Type, full: bool) -> Value {
    let principal = |kind| Value::Principal(Principal { kind, name: "anna".into() });
    match ty {
        Type::Text | Type::Opaque(_) => Value::Text("Großer Tisch".into()),
        Type::Email => Value::Text("a@b.example".into()),
        Type::Phone => Value::Text("+39 06 1".into()),
        Type::Url => Value::Text("https://example.com/".into()),
        Type::Int => Value::Int(7),
        Type::Decimal => Value::Decimal("2.50".parse().unwrap()),
        Type::Money(currency) => Value::Money(Money {
            amount: "1200.00".parse().unwrap(),
            currency: currency.or(Currency::parse("EUR")).unwrap(),
        }),
        Type::Bool => Value::Bool(full),
        Type::Date => Value::Date(NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()),
        Type::Time => Value::Time(NaiveTime::from_hms_opt(10, 0, 0).unwrap()),
        Type::DateTime => Value::DateTime(now()),
        Type::Duration => Value::Duration(Duration { days: 1, seconds: 60 }),
        Type::File => {
            Value::File(Arc::new(File { name: "a.pdf".into(), url: "https://example.com/a".into() }))
        }
        Type::User | Type::Recipient => principal(PrincipalKind::User),
        Type::Department => principal(PrincipalKind::Department),
        Type::Role => principal(PrincipalKind::Role),
        Type::Enum(_) => Value::Enum(0),
        Type::Entity(_) => Value::Ref("X-1".into()),
        Type::Stage(entity) => {
            let of_entity =
                |stage: &usize| program.pipelines[program.stages[*stage].pipeline.index()].entity == *entity;
            let stage = (0..program.stages.len()).find(of_entity).unwrap_or_default();
            Value::Stage(StageId(stage as u16))
        }
        Type::Pipeline(entity) => {
            let pipeline = program.pipelines.iter().position(|p| p.entity == *entity).unwrap_or_default();
            Value::Pipeline(PipelineId(pipeline as u16))
        }
        Type::List(_) if !full => Value::List([].into()),
        Type::List(element) => Value::List(vec![some_value(program, element, full); 3].into()),
        Type::Optional(_) if !full => Value::None,
        Type::Optional(inner) => some_value(program, inner, full),
        Type::Never | Type::Error => Value::None,
    }
}

fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn run_everything(machine: &Machine) {
    let program = machine.program();
    let schema = &program.schema;
    let values = |fields: &[Field], full: bool| -> Vec<Value> {
        fields.iter().map(|field| some_value(program, &field.ty, full)).collect()
    };
    let mut scratch = Scratch::default();
    for full in [true, false] {
        let records: Vec<Vec<Value>> =
            schema.entities.iter().map(|entity| values(&entity.fields, full)).collect();
        let outputs: Vec<Value> =
            program.outputs.iter().map(|output| some_value(program, &output.ty, full)).collect();
        let payloads: Vec<Vec<Value>> =
            schema.events.iter().map(|event| values(&event.payload, full)).collect();
        for (number, chunk) in program.code.chunks.iter().enumerate() {
            let Some(pipeline) = chunk.pipeline else { continue };
            let entity = program.pipelines[pipeline.index()].entity;
            let id = ChunkId(number as u32);
            for event in std::iter::once(None).chain((0..payloads.len().min(4)).map(Some)) {
                let context = Context {
                    record: &records[entity.index()],
                    entity,
                    event: event.map(|event| EventView {
                        event: Some(EventId(event as u16)),
                        name: "some.event",
                        time: now(),
                        payload: &payloads[event],
                    }),
                    old: (event.is_none()).then_some(&records[entity.index()]),
                    output: &|output| full.then(|| &outputs[output.index()]),
                    lookup: &|entity, _| full.then(|| &records[entity.index()][..]),
                    now: now(),
                    pipeline,
                    home: pipeline,
                };
                match &chunk.kind {
                    ChunkKind::Expression { captures, .. } => {
                        let captured: Vec<Value> = chunk.registers[..usize::from(*captures)]
                            .iter()
                            .map(|ty| some_value(program, ty, full))
                            .collect();
                        if let Err(failure) = machine.evaluate_with(&mut scratch, id, &captured, &context) {
                            assert_ne!(
                                failure.code,
                                FailureCode::WrongType,
                                "code {number}\n{}",
                                listing(program)
                            );
                        }
                    }
                    ChunkKind::Body => run_body(machine, &mut scratch, id, &context, full),
                    ChunkKind::Function { .. } => {}
                }
            }
        }
    }
}

/// Answers what the body asks for, until it ends.
fn run_body(machine: &Machine, scratch: &mut Scratch, chunk: ChunkId, context: &Context, full: bool) {
    let program = machine.program();
    let mut frame = machine.begin(chunk, None);
    loop {
        match machine.resume(scratch, &mut frame, context) {
            Exit::Done | Exit::Move(_) => return,
            Exit::Failed(failure) => {
                let last = frame.pc.saturating_sub(1);
                let instr = program.chunk(chunk).code[last as usize];
                assert_ne!(failure.code, FailureCode::WrongType, "{instr:?} at {last}\n{}", listing(program));
                return;
            }
            Exit::Action(call) => {
                let call = &program.code.calls[call.0 as usize];
                let Some(answer) = &call.answer else { continue };
                match answer.otherwise {
                    Some(otherwise) if !full => frame.go_to(otherwise),
                    _ => {
                        let outputs = &program.schema.action(call.action).outputs;
                        let outputs = outputs.iter().map(|o| some_value(program, &o.ty, true));
                        frame.answer(answer, outputs);
                    }
                }
            }
            Exit::WaitFor(wait) if !full => frame.go_to(program.code.waits[wait.0 as usize].otherwise),
            _ => {}
        }
        // A saved body goes on as it was.
        frame = postcard::from_bytes(&postcard::to_allocvec(&frame).unwrap()).unwrap();
    }
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
