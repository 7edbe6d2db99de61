//! From an [`Effect`] to a line of JSON.

use crate::engine::effect::{Effect, EffectKind, Mover};
use crate::program::{Pipeline, Program};
use crate::schema::Field;
use crate::value::json::plain;
use crate::value::print::Labels;
use crate::value::*;

/// Writes the effects of one program.
pub struct Encoder<'p> {
    program: &'p Program,
    /// Names, not labels: effects are for machines.
    stages: Vec<Text>,
    pipelines: Vec<Text>,
    /// What stands in almost every effect, as JSON. By entity, the beginning of its ids: `deal/`.
    entities: Vec<Box<[u8]>>,
    /// By pipeline, then by [`KINDS`], what stands between id and subject.
    heads: Vec<[Box<[u8]>; KINDS.len()]>,
    quoted_stages: Vec<Box<[u8]>>,
    quoted_pipelines: Vec<Box<[u8]>>,
    /// Their labels.
    quoted_triggers: Vec<Option<Box<[u8]>>>,
    /// Their paths.
    quoted_rules: Vec<Box<[u8]>>,
    quoted_actions: Vec<Box<[u8]>>,
    /// By action, then by parameter, its name with a colon.
    params: Vec<Vec<Box<[u8]>>>,
}

/// The types of effects; see [`kind_of`].
const KINDS: [&str; 7] = [
    "stagegate.stage.changed",
    "stagegate.fields.changed",
    "stagegate.action.requested",
    "stagegate.action.refused",
    "stagegate.rule.failed",
    "stagegate.rule.cancelled",
    "stagegate.loop.stopped",
];

/// What an effect has in common with those that the same event brings: where that stands in the output.
type Common = std::ops::Range<usize>;

impl<'p> Encoder<'p> {
    pub fn new(program: &'p Program) -> Self {
        let quoted = |text: &str| {
            let mut out = Vec::new();
            plain::string(text, &mut out);
            out.into_boxed_slice()
        };
        let head = |pipeline: &Pipeline, kind: &str| {
            let mut out = b"\",\"source\":\"/stagegate/".to_vec();
            plain::inside(&pipeline.name, &mut out);
            out.extend_from_slice(b"\",\"type\":\"");
            out.extend_from_slice(kind.as_bytes());
            out.extend_from_slice(b"\",\"subject\":\"");
            out.into_boxed_slice()
        };
        let entity = |name: &str| {
            let mut out = Vec::new();
            plain::inside(name, &mut out);
            out.push(b'/');
            out.into_boxed_slice()
        };
        let name = |param: &Field| {
            let mut out = Vec::new();
            plain::string(&param.name, &mut out);
            out.push(b':');
            out.into_boxed_slice()
        };
        Encoder {
            program,
            stages: program.stages.iter().map(|s| s.name.clone()).collect(),
            pipelines: program.pipelines.iter().map(|p| p.name.clone()).collect(),
            entities: program.schema.entities.iter().map(|e| entity(&e.wire_name)).collect(),
            heads: program.pipelines.iter().map(|p| KINDS.map(|kind| head(p, kind))).collect(),
            quoted_stages: program.stages.iter().map(|s| quoted(&s.name)).collect(),
            quoted_pipelines: program.pipelines.iter().map(|p| quoted(&p.name)).collect(),
            quoted_triggers: (program.triggers.iter())
                .map(|trigger| trigger.label.as_ref().map(|label| quoted(label)))
                .collect(),
            quoted_rules: program.rules.iter().map(|rule| quoted(&rule.path)).collect(),
            quoted_actions: program.schema.actions.iter().map(|action| quoted(&action.name)).collect(),
            params: (program.schema.actions.iter())
                .map(|action| action.params.iter().map(name).collect())
                .collect(),
        }
    }

    /// Appends the effect as one CloudEvent in JSON, without a line break.
    pub fn encode(&self, effect: &Effect, out: &mut Vec<u8>) {
        self.encode_behind(None, effect, out);
    }

    /// Appends effects, a line each.
    pub fn encode_lines(&self, effects: &[Effect], out: &mut Vec<u8>) {
        let mut before = None;
        for effect in effects {
            let common = self.encode_behind(before, effect, out);
            out.push(b'\n');
            before = Some((effect, common));
        }
    }

    /// As [`Encoder::encode`], behind another effect in the same output.
    fn encode_behind(&self, before: Option<(&Effect, Common)>, effect: &Effect, out: &mut Vec<u8>) -> Common {
        out.extend_from_slice(b"{\"specversion\":\"1.0\",\"id\":\"");
        let from = out.len();
        out.extend_from_slice(self.entities.get(effect.subject.entity.index()).map_or(&[], |name| name));
        plain::inside(&effect.subject.id, out);
        let subject = from..out.len();
        out.push(b'/');
        out.extend_from_slice(digits::count(effect.number).bytes());
        let heads = self.heads.get(effect.pipeline.index());
        out.extend_from_slice(heads.map_or(&[], |heads| &heads[kind_of(&effect.kind)]));
        out.extend_from_within(subject);
        let from = out.len();
        match before {
            Some((before, common)) if before.time == effect.time && before.cause == effect.cause => {
                out.extend_from_within(common);
            }
            _ => {
                out.extend_from_slice(b"\",\"time\":\"");
                out.extend_from_slice(digits::instant(effect.time).bytes());
                out.extend_from_slice(b"\",\"causeid\":");
                plain::string(&effect.cause.id, out);
                out.extend_from_slice(b",\"causesource\":");
                plain::string(&effect.cause.source, out);
                out.extend_from_slice(b",\"data\":");
            }
        }
        let common = from..out.len();
        self.data(effect, out);
        out.push(b'}');
        common
    }

    fn value(&self, value: &Value, field: &Field, out: &mut Vec<u8>) {
        let names = Labels { stages: &self.stages, pipelines: &self.pipelines };
        json::write(value, &field.ty, &self.program.schema, names, out);
    }

    fn pipeline(&self, id: PipelineId) -> &[u8] {
        self.quoted_pipelines.get(id.index()).map_or(b"null", |name| name)
    }

    fn stage(&self, id: StageId) -> &[u8] {
        self.quoted_stages.get(id.index()).map_or(b"null", |name| name)
    }

    fn rule(&self, id: RuleId) -> &[u8] {
        self.quoted_rules.get(id.index()).map_or(b"null", |path| path)
    }

    fn action(&self, id: ActionId) -> &[u8] {
        self.quoted_actions.get(id.index()).map_or(b"null", |name| name)
    }

    fn data(&self, effect: &Effect, out: &mut Vec<u8>) {
        let program = self.program;
        let mut object = Object::open(out);
        match &effect.kind {
            EffectKind::StageChanged { from, to, by, actor } => {
                let pipeline = program.stage(*to).pipeline;
                object.quoted("pipeline", self.pipeline(pipeline));
                match from {
                    Some(from) => {
                        let old = program.stage(*from).pipeline;
                        if old != pipeline {
                            object.quoted("from_pipeline", self.pipeline(old));
                        }
                        object.quoted("from", self.stage(*from));
                    }
                    None => object.quoted("from", b"null"),
                }
                object.quoted("to", self.stage(*to));
                match by {
                    Mover::Trigger(id) => {
                        object.text("by", "trigger");
                        if let Some(Some(label)) = self.quoted_triggers.get(id.index()) {
                            object.quoted("trigger", label);
                        }
                    }
                    Mover::Rule(id) => {
                        object.text("by", "rule");
                        object.quoted("rule", self.rule(*id));
                    }
                    Mover::Event => object.text("by", "event"),
                }
                if let Some(actor) = actor {
                    object.text("as", actor);
                }
            }
            EffectKind::FieldsChanged { rule, changes } => {
                object.quoted("rule", self.rule(*rule));
                object.key("changes");
                let fields = &program.schema.entity(effect.subject.entity).fields;
                let mut inner = Object::open(object.out);
                for (field, before, after) in changes {
                    let field = &fields[field.index()];
                    inner.comma();
                    plain::string(&field.name, inner.out);
                    inner.out.push(b':');
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
                object.quoted("action", self.action(*action));
                let (names, action) = (&self.params[action.index()], program.schema.action(*action));
                object.quoted("rule", self.rule(*rule));
                object.key("params");
                let mut inner = Object::open(object.out);
                for (param, value) in params {
                    if *value != Value::None {
                        inner.comma();
                        inner.out.extend_from_slice(&names[usize::from(*param)]);
                        self.value(value, &action.params[usize::from(*param)], inner.out);
                    }
                }
                inner.close();
            }
            EffectKind::ActionRefused { rule, action, code, message } => {
                object.quoted("action", self.action(*action));
                object.quoted("rule", self.rule(*rule));
                object.text("code", code);
                object.text("message", message);
            }
            EffectKind::RuleFailed { rule, code, message, statement } => {
                object.quoted("rule", self.rule(*rule));
                object.text("code", code);
                object.text("message", message);
                object.key("statement");
                object.out.extend_from_slice(digits::count(u64::from(*statement)).bytes());
            }
            EffectKind::RuleCancelled { rule, reason } => {
                object.quoted("rule", self.rule(*rule));
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
                    plain::string(&path, object.out);
                }
                object.out.push(b']');
                object.text("message", message);
            }
        }
        object.close();
    }
}

/// The place of its type in [`KINDS`].
fn kind_of(kind: &EffectKind) -> usize {
    match kind {
        EffectKind::StageChanged { .. } => 0,
        EffectKind::FieldsChanged { .. } => 1,
        EffectKind::ActionRequested { .. } => 2,
        EffectKind::ActionRefused { .. } => 3,
        EffectKind::RuleFailed { .. } => 4,
        EffectKind::RuleCancelled { .. } => 5,
        EffectKind::LoopStopped { .. } => 6,
    }
}

/// The effect's `type`.
pub fn type_name(kind: &EffectKind) -> &'static str {
    KINDS[kind_of(kind)]
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

    fn comma(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
    }

    /// A key that needs no escapes.
    fn key(&mut self, key: &'static str) {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn text(&mut self, key: &'static str, value: &str) {
        self.key(key);
        plain::string(value, self.out);
    }

    /// A value that is JSON already.
    fn quoted(&mut self, key: &'static str, value: &[u8]) {
        self.key(key);
        self.out.extend_from_slice(value);
    }

    fn close(self) {
        self.out.push(b'}');
    }
}
