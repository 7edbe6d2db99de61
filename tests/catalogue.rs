//! Everything in the bundled library works: each event moves a record, each of its settings filters, each action
//! reaches the outside world with its parameters. The programs are made from the library's own declarations, so
//! that an entry added there is tested here.

use stagegate::compiler;
use stagegate::engine::{Engine, Options};
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::event::encode::Encoder;
use stagegate::lower::lower;
use stagegate::program::{EventPattern, Program};
use stagegate::run::Records;
use stagegate::schema::{EventDef, Field, Schema, Type};
use stagegate::vm::Machine;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A kind of record that the library knows nothing of: nothing there is tied to one.
const HEAD: &str = r#"use crm
currency EUR
user anna "Anna"
user boss "Boss"
department sales "Sales"
entity Thing "Thing" { title: text = "A thing" }
"#;

const EMPTY: &str = "pipeline Main \"Main\" for Thing { stage Start \"Start\" {} }";

fn compile(body: &str) -> Program {
    let text = format!("{HEAD}{body}");
    let loaded = compiler::load(&[PathBuf::from("case.rules")], &mut |_| Ok(text.as_bytes().to_vec()));
    let checked = compiler::check(&loaded);
    let messages: Vec<_> = checked.diagnostics.iter().map(|d| &d.message).collect();
    let Some(model) = checked.model else { panic!("{messages:?} in\n{text}") };
    match lower(&model, &loaded.sources) {
        Ok(program) => program,
        Err(diagnostics) => panic!("{diagnostics:?} in\n{text}"),
    }
}

/// Runs lines of events; gives the effects of each.
fn effects(program: &Program, lines: &[&str]) -> Vec<Vec<serde_json::Value>> {
    let machine = Machine::new(program.clone()).expect("it can run");
    let mut engine = Engine::new(&machine, Options::default());
    let mut decoder = Decoder::new(machine.program());
    let encoder = Encoder::new(machine.program());
    let mut records = Records::new(machine.program());
    let effects = lines.iter().map(|line| {
        let event = match decoder.decode(line) {
            Ok(Decoded::Event(event)) => event,
            Ok(Decoded::Skipped) => panic!("skipped: {line}"),
            Err(rejection) => panic!("{rejection:?}: {line}"),
        };
        let mut effects = Vec::new();
        if let Err(rejection) = records.apply(&mut engine, &event, &mut effects) {
            panic!("{rejection:?}: {line}");
        }
        let encode = |effect| {
            let mut line = Vec::new();
            encoder.encode(effect, &mut line);
            serde_json::from_slice(&line).expect("an effect is JSON")
        };
        effects.iter().map(encode).collect()
    });
    effects.collect()
}

/// Runs events (type and data) on one new record; gives the effects of each.
fn run(program: &Program, events: &[(&str, String)]) -> Vec<Vec<serde_json::Value>> {
    let event = |(number, (kind, data)): (usize, &(&str, String))| {
        format!(
            r#"{{"specversion":"1.0","id":"e-{number}","source":"/test","type":"{kind}","subject":"thing/T-1","time":"2026-03-02T10:00:00Z","data":{data}}}"#
        )
    };
    let lines: Vec<String> = events.iter().enumerate().map(event).collect();
    effects(program, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A value as an event brings it.
fn json(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::Int | Type::Decimal => "5".into(),
        Type::Money(_) => "\"5.00 EUR\"".into(),
        Type::Bool => "true".into(),
        Type::Date => "\"2026-03-02\"".into(),
        Type::Time => "\"10:00\"".into(),
        Type::DateTime => "\"2026-03-02T10:00:00Z\"".into(),
        Type::Duration => "\"PT2M\"".into(),
        Type::Email => "\"a@b.example\"".into(),
        Type::Phone => "\"+49 30 555\"".into(),
        Type::Url => "\"https://b.example\"".into(),
        Type::File => r#"{"name":"a.pdf","url":"https://b.example/a.pdf"}"#.into(),
        Type::User | Type::Recipient => "\"anna\"".into(),
        Type::Enum(id) => format!("\"{}\"", schema.enumeration(*id).values[0].name),
        Type::List(element) => format!("[{}]", json(schema, element)),
        Type::Optional(inner) => json(schema, inner),
        Type::Entity(id) => format!("\"{}/X-1\"", schema.entity(*id).wire_name),
        _ => "\"x\"".into(),
    }
}

/// The same value as a program writes it; `None` if there is no way to write one as a constant.
fn constant(schema: &Schema, ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Money(_) => "5 EUR".into(),
        Type::Date => "2026-03-02".into(),
        Type::Time => "10:00".into(),
        Type::DateTime => "2026-03-02T10:00Z".into(),
        Type::Duration => "2 minutes".into(),
        Type::User | Type::Recipient => "anna".into(),
        Type::Enum(id) => schema.enumeration(*id).values[0].name.to_string(),
        Type::List(element) | Type::Optional(element) => constant(schema, element)?,
        Type::File => return None,
        Type::Entity(id) => format!("{}(\"X-1\")", schema.entity(*id).name),
        Type::Opaque(id) => format!("{}(\"x\")", schema.opaques[id.index()].name),
        other => json(schema, other),
    })
}

/// Another value of the type, for a setting that must not match.
fn other(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Text => "\"y\"",
        Type::Email => "\"c@d.example\"",
        Type::Phone => "\"+49 30 777\"",
        Type::Url => "\"https://d.example\"",
        Type::User => "\"boss\"",
        Type::List(element) => {
            assert!(matches!(**element, Type::Text));
            "[\"y\", \"z\"]"
        }
        Type::Optional(inner) => other(inner)?,
        _ => return None,
    })
}

fn data(schema: &Schema, event: &EventDef, without: &str, with: Option<&str>) -> String {
    let members = event.payload.iter().filter(|field| &*field.name != without);
    let members = members.map(|field| (&*field.name, json(schema, &field.ty)));
    let more = with.map(|value| (without, value.to_owned()));
    let members: Vec<_> = members.chain(more).map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn pipeline(listens: &str) -> String {
    format!(
        "pipeline Main \"Main\" for Thing {{ stage Start \"Start\" {{}} stage Here \"Here\" {{ trigger on {listens} }} \
         stage Late \"Late\" {{}} }}"
    )
}

const CREATED: (&str, &str) = ("thing.created", "{}");

/// Whether the event moves a new record.
fn moves(program: &Program, kind: &str, data: String) -> bool {
    let effects = run(program, &[(CREATED.0, CREATED.1.into()), (kind, data)]);
    match effects[1].as_slice() {
        [] => false,
        [effect] => effect["data"]["to"] == "Here",
        _ => panic!("{effects:?}"),
    }
}

#[test]
fn every_event_moves_a_record_forward_and_is_refused_backward() {
    let schema = compile(EMPTY).schema;
    assert!(schema.events.len() >= 32, "{} events", schema.events.len());
    let programs: Vec<Program> = schema.events.iter().map(|event| compile(&pipeline(&event.name))).collect();
    for (event, program) in schema.events.iter().zip(&programs) {
        let full = data(&schema, event, "", None);
        assert!(moves(program, &event.name, full.clone()), "{}", event.name);
        let moved = ("thing.moved", r#"{"stage":"Late"}"#.to_string());
        let late = run(program, &[(CREATED.0, CREATED.1.into()), moved, (&event.name, full.clone())]);
        assert!(late[2].is_empty(), "{} moves backward", event.name);
        // Whatever it is declared to be hears it too, and not the other way round.
        let mut parent = event.parent;
        while let Some(id) = parent {
            let listened = schema.event(id);
            let listens = &programs[id.index()];
            assert!(moves(listens, &event.name, full.clone()), "{} as {}", event.name, listened.name);
            assert!(!moves(program, &listened.name, data(&schema, listened, "", None)));
            parent = listened.parent;
        }
    }
}

#[test]
fn every_setting_filters() {
    let schema = compile(EMPTY).schema;
    let mut settings = 0;
    for event in &schema.events {
        for field in &event.payload {
            let (Some(wanted), Some(other)) = (constant(&schema, &field.ty), other(&field.ty)) else {
                continue;
            };
            settings += 1;
            let listens = format!("{}({}: {wanted})", event.name, field.name);
            let program = compile(&pipeline(&listens));
            let name = |value| data(&schema, event, &field.name, value);
            assert!(moves(&program, &event.name, data(&schema, event, "", None)), "{listens}");
            assert!(!moves(&program, &event.name, name(Some(other))), "{listens}: {other}");
            if field.ty.is_optional() || field.default.is_some() {
                assert!(!moves(&program, &event.name, name(None)), "{listens}: unset");
            }
        }
    }
    assert!(settings > 40, "{settings} settings");
}

/// A parameter as a program writes it, if it can.
fn argument(schema: &Schema, param: &Field) -> Option<String> {
    let value = match &param.ty {
        Type::List(element) if matches!(**element, Type::Recipient) => "[anna, sales]".into(),
        Type::List(element) if matches!(**element, Type::File) => "[]".into(),
        ty => constant(schema, ty)?,
    };
    Some(format!("{}: {value}", param.name))
}

#[test]
fn every_action_reaches_the_outside_world_with_its_parameters() {
    let schema = compile(EMPTY).schema;
    assert!(schema.actions.len() >= 35, "{} actions", schema.actions.len());
    let mut shown = String::new();
    for action in &schema.actions {
        let all: Vec<_> = action.params.iter().filter_map(|param| argument(&schema, param)).collect();
        let needed = action.params.iter().filter(|param| !param.ty.is_optional() && param.default.is_none());
        let needed: Vec<_> = needed.filter_map(|param| argument(&schema, param)).collect();
        let answered = if action.outputs.is_empty() { "" } else { "let answer = " };
        let program = compile(&format!(
            "pipeline Main \"Main\" for Thing {{ stage Start \"Start\" {{ rule all {{ {answered}{name} {{ {} }} {name} {{ {} }} }} }} }}",
            all.join(", "),
            needed.join(", "),
            name = action.name,
        ));
        let effects = run(&program, &[(CREATED.0, CREATED.1.into())]).remove(0);
        assert_eq!(effects.len(), 3, "{effects:?}");
        for effect in &effects[1..] {
            assert_eq!(effect["type"], "stagegate.action.requested");
            assert_eq!(effect["data"]["action"], *action.name);
        }
        let given = effects[1]["data"]["params"].as_object().expect("parameters");
        assert_eq!(given.len(), action.params.len(), "all parameters of {}", action.name);
        let given = effects[2]["data"]["params"].as_object().expect("parameters");
        for param in &action.params {
            let there = !param.ty.is_optional() || param.default.is_some();
            assert_eq!(given.contains_key(&*param.name), there, "{}: {}", action.name, param.name);
        }
        for (effect, what) in [(&effects[1], &*action.name), (&effects[2], "  at least")] {
            shown.push_str(&format!("{what}: {}\n", effect["data"]["params"]));
        }
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("every action of the library", shown);
    });
}

/// The examples, run over their own events, together show the whole library: every event of it is sent and
/// listened to, and every action is asked for.
#[test]
fn the_examples_together_use_every_event_and_action() {
    let library = compile(EMPTY).schema;
    let mut events: BTreeSet<String> = library.events.iter().map(|e| e.name.to_string()).collect();
    let mut heard = events.clone();
    let mut actions: BTreeSet<String> = library.actions.iter().map(|a| a.name.to_string()).collect();
    for name in ["sales", "leads", "orders", "support"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        let loaded = compiler::load(&[folder.join(format!("{name}.rules"))], &mut |path| std::fs::read(path));
        let model = compiler::check(&loaded).model.expect("a program without errors");
        let program = lower(&model, &loaded.sources).expect("a program that runs");
        let triggers = program.triggers.iter().filter(|t| !t.disabled).flat_map(|t| &t.events);
        let rules = program.rules.iter().filter(|r| !r.disabled).flat_map(|r| &r.on);
        for pattern in triggers.chain(rules).chain(program.code.waits.iter().flat_map(|w| &w.events)) {
            if let EventPattern::Named(event)
            | EventPattern::Count { event, .. }
            | EventPattern::Absence { event, .. } = pattern
            {
                heard.remove(&*program.schema.event(event.event).name);
            }
        }
        let lines = std::fs::read_to_string(folder.join("events.jsonl")).expect("events");
        let lines: Vec<&str> = lines.lines().collect();
        for line in &lines {
            let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
            events.remove(event["type"].as_str().expect("a type"));
        }
        for effect in effects(&program, &lines).into_iter().flatten() {
            if effect["type"] == "stagegate.action.requested" {
                actions.remove(effect["data"]["action"].as_str().expect("an action"));
            }
        }
    }
    assert!(events.is_empty(), "never sent: {events:?}");
    assert!(heard.is_empty(), "nothing listens to: {heard:?}");
    assert!(actions.is_empty(), "never asked for: {actions:?}");
}
