//! Everything in a compiled program, evaluated on made-up values: whatever its code is, it never meets a value of
//! another type than its instructions promise.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use stagegate::program::listing::listing;
use stagegate::program::{ChunkId, ChunkKind, Program};
use stagegate::schema::{Field, Type};
use stagegate::syntax::tree::PrincipalKind;
use stagegate::value::*;
use stagegate::vm::{Context, EventView, Exit, Machine, Scratch};
use std::sync::Arc;

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

/// Evaluates every condition and value, and plays every body.
pub fn run_everything(machine: &Machine) {
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
