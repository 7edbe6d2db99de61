//! From an [`Effect`] to a line of JSON.

use crate::engine::effect::{Effect, EffectKind, Mover};
use crate::program::Program;
use crate::schema::Field;
use crate::value::print::Labels;
use crate::value::*;

/// Writes the effects of one program.
pub struct Encoder<'p> {
    program: &'p Program,
    /// Names, not labels: effects are for machines.
    stages: Vec<Text>,
    pipelines: Vec<Text>,
}

impl<'p> Encoder<'p> {
    pub fn new(program: &'p Program) -> Self {
        Encoder {
            program,
            stages: program.stages.iter().map(|s| s.name.clone()).collect(),
            pipelines: program.pipelines.iter().map(|p| p.name.clone()).collect(),
        }
    }

    /// Appends the effect as one CloudEvent in JSON, without a line break.
    pub fn encode(&self, effect: &Effect, out: &mut Vec<u8>) {
        let entity = &self.program.schema.entity(effect.subject.entity).wire_name;
        let subject = format!("{entity}/{}", effect.subject.id);
        let mut object = Object::open(out);
        object.text("specversion", "1.0");
        object.text("id", &format!("{subject}/{}", effect.number));
        object.text("source", &format!("/stagegate/{}", self.program.pipeline(effect.pipeline).name));
        object.text("type", type_name(&effect.kind));
        object.text("subject", &subject);
        object.text("time", &effect.time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
        object.text("causeid", &effect.cause.id);
        object.text("causesource", &effect.cause.source);
        object.key("data");
        self.data(effect, object.out);
        object.close();
    }

    fn value(&self, value: &Value, field: &Field, out: &mut Vec<u8>) {
        let names = Labels { stages: &self.stages, pipelines: &self.pipelines };
        json::write(value, &field.ty, &self.program.schema, names, out);
    }

    fn data(&self, effect: &Effect, out: &mut Vec<u8>) {
        let program = self.program;
        let mut object = Object::open(out);
        match &effect.kind {
            EffectKind::StageChanged { from, to, by, actor } => {
                let to = program.stage(*to);
                object.text("pipeline", &program.pipeline(to.pipeline).name);
                match from.map(|f| program.stage(f)) {
                    Some(from) => {
                        if from.pipeline != to.pipeline {
                            object.text("from_pipeline", &program.pipeline(from.pipeline).name);
                        }
                        object.text("from", &from.name);
                    }
                    None => object.null("from"),
                }
                object.text("to", &to.name);
                match by {
                    Mover::Trigger(id) => {
                        object.text("by", "trigger");
                        if let Some(label) = &program.trigger(*id).label {
                            object.text("trigger", label);
                        }
                    }
                    Mover::Rule(id) => {
                        object.text("by", "rule");
                        object.text("rule", &program.rule(*id).path);
                    }
                    Mover::Event => object.text("by", "event"),
                }
                if let Some(actor) = actor {
                    object.text("as", actor);
                }
            }
            EffectKind::FieldsChanged { rule, changes } => {
                object.text("rule", &program.rule(*rule).path);
                object.key("changes");
                let fields = &program.schema.entity(effect.subject.entity).fields;
                let mut inner = Object::open(object.out);
                for (field, before, after) in changes {
                    let field = &fields[field.index()];
                    inner.key(&field.name);
                    let mut change = Object::open(inner.out);
                    change.key("from");
                    self.value(before, field, change.out);
                    change.key("to");
                    self.value(after, field, change.out);
                    change.close();
                }
                inner.close();
            }
            EffectKind::ActionRequested { rule, action, params } => {
                let action = program.schema.action(*action);
                object.text("action", &action.name);
                object.text("rule", &program.rule(*rule).path);
                object.key("params");
                let mut inner = Object::open(object.out);
                for (param, value) in params {
                    if *value != Value::None {
                        let field = &action.params[*param as usize];
                        inner.key(&field.name);
                        self.value(value, field, inner.out);
                    }
                }
                inner.close();
            }
            EffectKind::ActionRefused { rule, action, code, message } => {
                object.text("action", &program.schema.action(*action).name);
                object.text("rule", &program.rule(*rule).path);
                object.text("code", code);
                object.text("message", message);
            }
            EffectKind::RuleFailed { rule, code, message, statement } => {
                object.text("rule", &program.rule(*rule).path);
                object.text("code", code);
                object.text("message", message);
                object.key("statement");
                object.out.extend_from_slice(statement.to_string().as_bytes());
            }
            EffectKind::RuleCancelled { rule, reason } => {
                object.text("rule", &program.rule(*rule).path);
                object.text("reason", reason);
            }
            EffectKind::LoopStopped { chain, message } => {
                object.key("chain");
                object.out.push(b'[');
                for (i, stage) in chain.iter().enumerate() {
                    if i > 0 {
                        object.out.push(b',');
                    }
                    let stage = program.stage(*stage);
                    let path = format!("{}.{}", program.pipeline(stage.pipeline).name, stage.name);
                    write_text(&path, object.out);
                }
                object.out.push(b']');
                object.text("message", message);
            }
        }
        object.close();
    }
}

/// The effect's `type`.
pub fn type_name(kind: &EffectKind) -> &'static str {
    match kind {
        EffectKind::StageChanged { .. } => "stagegate.stage.changed",
        EffectKind::FieldsChanged { .. } => "stagegate.fields.changed",
        EffectKind::ActionRequested { .. } => "stagegate.action.requested",
        EffectKind::ActionRefused { .. } => "stagegate.action.refused",
        EffectKind::RuleFailed { .. } => "stagegate.rule.failed",
        EffectKind::RuleCancelled { .. } => "stagegate.rule.cancelled",
        EffectKind::LoopStopped { .. } => "stagegate.loop.stopped",
    }
}

/// Writes the members of one JSON object in the order in which they are given.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Object { out, empty: true }
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        write_text(key, self.out);
        self.out.push(b':');
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        write_text(value, self.out);
    }

    fn null(&mut self, key: &str) {
        self.key(key);
        self.out.extend_from_slice(b"null");
    }

    fn close(self) {
        self.out.push(b'}');
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing a text to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}
