//! What each step from an event to its effects takes: `cargo bench --bench engine`. Everything is measured on the workload of
//! `benches/workload`; a time is that of one event, one condition or one effect, as the counter beside it says (`items/s`).

#[path = "workload/through.rs"]
mod through;
mod workload;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use stagegate::engine::effect::Effect;
use stagegate::engine::record::Slot;
use stagegate::engine::{Engine, Options};
use stagegate::event::Event;
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::event::encode::Encoder;
use stagegate::program::Program;
use stagegate::value::EntityId;
use stagegate::vm::Machine;
use through::Conditions;
use workload::deals::{Deal, Step, Stream, What};
use workload::rules::{Rules, Size};

const TRIGGERS: [usize; 3] = [20, 200, 2_000];

fn main() {
    divan::main();
}

fn program(size: Size) -> Program {
    through::program(&Rules::new(size).program())
}

fn machine(size: Size) -> Machine {
    Machine::new(program(size)).expect("it has just been compiled")
}

/// Triggers that are asked and never fire: nothing changes, so that the same may be measured again and again.
fn idle(triggers: usize) -> Machine {
    machine(Size { triggers, live: 0, rules: 0, seed: 1 })
}

fn line(number: u64, deal: u64, what: What) -> String {
    let mut line = String::new();
    Step { number, deal, time: number * 1000, what }.line(&mut line);
    line.pop();
    line
}

fn decoded(machine: &Machine, line: &str) -> Event {
    match Decoder::new(machine.program()).decode(line) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("{line}: {other:?}"),
    }
}

/// Applies an event to a record that stands alone.
fn apply(engine: &mut Engine<'_>, slot: &mut Slot, event: &Event, effects: &mut Vec<Effect>) {
    let clock = event.time.expect("they say when they happened");
    let others = |_: EntityId, _: &str| None;
    engine.apply(slot, &others, event, clock, effects).expect("it breaks nothing");
}

/// A deal that has been created.
fn created(machine: &Machine) -> Slot {
    let mut slot = Slot::default();
    let deal = Deal::new(&mut workload::Random(1));
    let event = decoded(machine, &line(0, 0, What::Created(deal)));
    apply(&mut Engine::new(machine, Options::default()), &mut slot, &event, &mut Vec::new());
    slot
}

/// Lines of JSON into events.
#[divan::bench(sample_count = 20)]
fn decode(bencher: Bencher<'_, '_>) {
    let machine = machine(Size::triggers(20));
    let text = Stream::events(1_000).text();
    bencher.counter(ItemsCount::new(1_000usize)).bench_local(|| {
        let mut decoder = Decoder::new(machine.program());
        text.lines().for_each(|line| drop(black_box(decoder.decode(line))));
    });
}

/// An event that the record has seen before.
#[divan::bench]
fn deduplicate(bencher: Bencher<'_, '_>) {
    let machine = machine(Size::triggers(20));
    let (mut engine, mut slot) = (Engine::new(&machine, Options::default()), created(&machine));
    let events: Vec<Event> =
        (1..=16).map(|number| decoded(&machine, &line(number, 0, What::Updated(5)))).collect();
    events.iter().for_each(|event| apply(&mut engine, &mut slot, event, &mut Vec::new()));
    let mut effects = Vec::new();
    bencher.counter(ItemsCount::new(events.len())).bench_local(|| {
        events.iter().for_each(|event| apply(&mut engine, &mut slot, black_box(event), &mut effects));
        assert!(effects.is_empty());
    });
}

/// Events for which a few of so many triggers listen, whose conditions do not hold.
#[divan::bench(args = TRIGGERS, sample_count = 20)]
fn find_candidates(bencher: Bencher<'_, '_>, triggers: usize) {
    let machine = idle(triggers);
    let (mut engine, slot) = (Engine::new(&machine, Options::default()), created(&machine));
    let mut random = workload::Random(7);
    let events: Vec<Event> = (1..=1_000)
        .map(|number| {
            let what = What::Happened(
                random.index(workload::deals::KINDS.len()),
                random.below(workload::deals::VALUES),
            );
            decoded(&machine, &line(number, 0, what))
        })
        .collect();
    let mut effects = Vec::new();
    bencher.counter(ItemsCount::new(events.len())).with_inputs(|| slot.clone()).bench_local_refs(|slot| {
        events.iter().for_each(|event| apply(&mut engine, slot, black_box(event), &mut effects));
        assert!(effects.is_empty());
    });
}

/// So many conditions about one record.
#[divan::bench(args = [10, 100, 1_000], sample_count = 50)]
fn conditions(bencher: Bencher<'_, '_>, count: usize) {
    let machine = machine(Size::triggers(count));
    let mut conditions = Conditions::new(&machine);
    let mut random = workload::Random(2);
    let lines: Vec<String> =
        (0..100).map(|number| line(number, number, What::Created(Deal::new(&mut random)))).collect();
    let records = through::records(&machine, lines.iter().map(String::as_str));
    bencher.counter(ItemsCount::new(count * records.len())).bench_local(|| {
        for record in &records {
            conditions.prepare();
            for number in 0..count {
                black_box(conditions.holds(number, record));
            }
        }
    });
}

/// A record enters a stage, whose three rules ask for something.
#[divan::bench]
fn fire(bencher: Bencher<'_, '_>) {
    let machine = machine(Size::triggers(20));
    let mut engine = Engine::new(&machine, Options::default());
    let event = decoded(&machine, &line(0, 0, What::Created(Deal::new(&mut workload::Random(1)))));
    bencher
        .counter(ItemsCount::new(1usize))
        .with_inputs(|| (Slot::default(), Vec::with_capacity(4)))
        .bench_local_refs(|(slot, effects)| {
            apply(&mut engine, slot, &event, effects);
            assert_eq!(effects.len(), 4);
        });
}

/// Effects into lines of JSON.
#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let machine = machine(Size::triggers(20));
    let event = decoded(&machine, &line(0, 0, What::Created(Deal::new(&mut workload::Random(1)))));
    let mut effects = Vec::new();
    apply(&mut Engine::new(&machine, Options::default()), &mut Slot::default(), &event, &mut effects);
    let encoder = Encoder::new(machine.program());
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(effects.len())).bench_local(|| {
        out.clear();
        effects.iter().for_each(|effect| encoder.encode(black_box(effect), &mut out));
    });
}

/// All of it: a stream from its first event to its last effect.
#[divan::bench(args = TRIGGERS, sample_count = 10)]
fn stream(bencher: Bencher<'_, '_>, triggers: usize) {
    let machine = machine(Size::triggers(triggers));
    let text = Stream::events(10_000).text();
    bencher.counter(ItemsCount::new(10_000usize)).bench_local(|| {
        let mut effects = Vec::new();
        through::feed(&mut through::run(&machine), text.as_bytes(), &mut effects);
        effects
    });
}

/// The same with a state file, which is written in one batch or several.
#[cfg(feature = "state")]
#[divan::bench(args = [1_000, 10_000], sample_count = 5)]
fn state(bencher: Bencher<'_, '_>, batch: u64) {
    use stagegate::run::state::StateFile;
    use stagegate::run::{KeepError, Keeping};

    let machine = machine(Size::triggers(20));
    let text = Stream::events(10_000).text();
    let folder = || tempfile::tempdir().expect("there is room");
    bencher.counter(ItemsCount::new(10_000usize)).with_inputs(folder).bench_local_refs(|folder| {
        let mut state = StateFile::open(&folder.path().join("run.db"), machine.program()).expect("it is new");
        let kept = state.load().expect("it is empty");
        let mut output = state.output(Some(&folder.path().join("effects.jsonl"))).expect("it is new");
        let mut run = through::run(&machine);
        run.restore(kept);
        let keeper =
            move |keeping: &Keeping<'_>| -> Result<(), KeepError> { state.keep(keeping, &mut output) };
        run.keep(Some(batch), Box::new(keeper));
        through::feed(&mut run, text.as_bytes(), &mut Vec::new());
    });
}

/// From the bytes of a compiled program of a thousand rules to an engine that awaits its first event.
#[divan::bench(sample_count = 20)]
fn start(bencher: Bencher<'_, '_>) {
    let bytes = program(Size { triggers: 20, live: 20, rules: 1_000, seed: 1 })
        .to_bytes()
        .expect("it is not too large");
    bencher.bench_local(|| {
        let program = Program::from_bytes(black_box(&bytes)).expect("it is whole");
        let machine = Machine::new(program).expect("it has been compiled");
        drop(black_box(Engine::new(&machine, Options::default())));
        machine
    });
}
