//! What an expression or a body finds around it: a record, other records, an event, a clock.

use crate::compile::Compiled;
use chrono::{DateTime, Utc};
use stagegate::schema::{BUILTIN_FIELDS, Type};
use stagegate::value::{EntityId, EventId, OutputId, PipelineId, StageId, Value, json};
use stagegate::vm::{Context, EventView};
use std::collections::HashMap;

/// Plain data, so that a body may change it as it goes.
#[derive(Debug, Clone)]
pub struct World {
    pub record: Vec<Value>,
    pub entity: EntityId,
    pub others: Vec<(EntityId, String, Vec<Value>)>,
    pub event: Option<Happened>,
    pub old: Option<Vec<Value>>,
    pub outputs: HashMap<OutputId, Value>,
    pub now: DateTime<Utc>,
    pub pipeline: PipelineId,
}

#[derive(Debug, Clone)]
pub struct Happened {
    pub event: Option<EventId>,
    pub name: String,
    pub time: DateTime<Utc>,
    pub payload: Vec<Value>,
}

impl World {
    pub fn with<T>(&self, look: impl FnOnce(Context<'_>) -> T) -> T {
        let output = |id: OutputId| self.outputs.get(&id);
        let lookup = |entity: EntityId, id: &str| {
            let other = self.others.iter().find(|(e, i, _)| *e == entity && i == id);
            other.map(|(_, _, record)| record.as_slice())
        };
        look(Context {
            record: &self.record,
            entity: self.entity,
            event: self.event.as_ref().map(|happened| EventView {
                event: happened.event,
                name: &happened.name,
                time: happened.time,
                payload: &happened.payload,
            }),
            old: self.old.as_deref(),
            output: &output,
            lookup: &lookup,
            now: self.now,
            pipeline: self.pipeline,
            home: self.pipeline,
        })
    }
}

/// The records and events of `records.json`.
pub struct Fixture {
    json: serde_json::Value,
}

impl Fixture {
    pub fn load() -> Self {
        let text = include_str!("../expressions/records.json");
        Fixture { json: serde_json::from_str(text).expect("records.json") }
    }

    /// The named record, with some fields as the JSON says, in the first stage of a pipeline.
    pub fn world(
        &self,
        of: &Compiled,
        pipeline: &str,
        record: &str,
        other_fields: &serde_json::Value,
    ) -> World {
        let pipeline = of.pipeline(pipeline);
        let deal = of.entity("Deal");
        let mut fields = self.json[record].clone();
        let members = fields.as_object_mut().unwrap_or_else(|| panic!("no record `{record}`"));
        for (name, value) in other_fields.as_object().into_iter().flatten() {
            members.insert(name.clone(), value.clone());
        }
        let stage = of.model.pipelines[pipeline.index()].stages[0];
        let company = of.entity("Company");
        let firms = of.pipeline("Firms");
        let known = of.model.pipelines[firms.index()].stages[0];
        let others = self.json["companies"].as_array().expect("companies").iter().map(|company_json| {
            let id = company_json["id"].as_str().expect("an id").to_owned();
            (company, id, values(of, company, company_json, known))
        });
        World {
            record: values(of, deal, &fields, stage),
            entity: deal,
            others: others.collect(),
            event: None,
            old: None,
            outputs: HashMap::new(),
            now: "2026-03-02T10:00:00Z".parse().expect("an instant"),
            pipeline,
        }
    }

    /// An event with its payload.
    pub fn event(&self, of: &Compiled, name: &str, payload: &serde_json::Value) -> Happened {
        let event = of.event(name);
        let fields = &of.model.schema.event(event).payload;
        let payload = fields.iter().map(|field| match payload.get(&*field.name) {
            Some(member) => value(of, &member.to_string(), &field.ty),
            None if field.ty.is_optional() => Value::None,
            None => field.default.clone().unwrap_or_else(|| panic!("`{}` is missing", field.name)),
        });
        Happened {
            event: Some(event),
            name: name.to_owned(),
            time: "2026-03-02T09:59:58Z".parse().expect("an instant"),
            payload: payload.collect(),
        }
    }
}

/// The built-in fields, then those of the JSON.
fn values(of: &Compiled, entity: EntityId, json: &serde_json::Value, stage: StageId) -> Vec<Value> {
    let at = |text: &str| Value::DateTime(text.parse().expect("an instant"));
    let id = json["id"].as_str().expect("an id");
    let mut values = vec![
        Value::Text(id.into()),
        at("2026-01-05T08:00:00Z"),
        Value::Stage(stage),
        at("2026-02-01T08:30:00Z"),
    ];
    assert_eq!(values.len(), BUILTIN_FIELDS);
    for field in &of.model.schema.entity(entity).fields[BUILTIN_FIELDS..] {
        values.push(match json.get(&*field.name) {
            Some(member) => value(of, &member.to_string(), &field.ty),
            None if field.ty.is_optional() => Value::None,
            None => panic!("{id} has no `{}`", field.name),
        });
    }
    values
}

fn value(of: &Compiled, json: &str, ty: &Type) -> Value {
    json::parse(json, ty, &of.model.schema).unwrap_or_else(|e| panic!("{json}: {e:?}"))
}
