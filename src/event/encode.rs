//! From an [`Effect`] to a line of JSON.

use crate::engine::effect::{Effect, EffectKind, Mover, Params};
use crate::program::{Pipeline, Program};
use crate::schema::Field;
use crate::value::json::plain;
use crate::value::print::Names;
use crate::value::*;

/// Writes the effects of one program.
pub struct Encoder<'p> {
    program: &'p Program,
    /// Names, not labels: effects are for machines.
    names: Names,
    /// What stands in almost every effect, as JSON, in the largest pieces. By entity, the beginning: [`BEGINNING`] and `deal/`.
    entities: Vec<Box<[u8]>>,
    /// By pipeline, then by [`KINDS`], what stands between id and subject.
    heads: Vec<[Box<[u8]>; KINDS.len()]>,
    quoted_stages: Vec<Box<[u8]>>,
    quoted_pipelines: Vec<Box<[u8]>>,
    /// By trigger, that it has moved a record, with its label.
    triggers: Vec<Box<[u8]>>,
    /// Their paths, as a member.
    rules: Vec<Box<[u8]>>,
    /// Their names, as the first member.
    actions: Vec<Box<[u8]>>,
    /// By action, then by parameter, its name with a comma and a colon.
    params: Vec<Vec<Box<[u8]>>>,
}

/// How every effect begins.
const BEGINNING: &[u8] = b"{\"specversion\":\"1.0\",\"id\":\"";

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
            let mut out = BEGINNING.to_vec();
            plain::inside(name, &mut out);
            out.push(b'/');
            out.into_boxed_slice()
        };
        let member = |before: &[u8], text: &str, after: &[u8]| {
            let mut out = before.to_vec();
            plain::string(text, &mut out);
            out.extend_from_slice(after);
            out.into_boxed_slice()
        };
        Encoder {
            program,
            names: Names::of(program),
            entities: program.schema.entities.iter().map(|e| entity(&e.wire_name)).collect(),
            heads: program.pipelines.iter().map(|p| KINDS.map(|kind| head(p, kind))).collect(),
            quoted_stages: program.stages.iter().map(|s| quoted(&s.name)).collect(),
            quoted_pipelines: program.pipelines.iter().map(|p| quoted(&p.name)).collect(),
            triggers: (program.triggers.iter())
                .map(|trigger| match &trigger.label {
                    Some(label) => member(b",\"by\":\"trigger\",\"trigger\":", label, b""),
                    None => b",\"by\":\"trigger\"".to_vec().into_boxed_slice(),
                })
                .collect(),
            rules: program.rules.iter().map(|rule| member(b",\"rule\":", &rule.path, b"")).collect(),
            actions: (program.schema.actions.iter())
                .map(|action| member(b"{\"action\":", &action.name, b""))
                .collect(),
            params: (program.schema.actions.iter())
                .map(|action| action.params.iter().map(|param| member(b",", &param.name, b":")).collect())
                .collect(),
        }
    }

    /// Appends the effect as one CloudEvent in JSON, without a line break. Its parameters may not be [written](Params::Written)
    /// elsewhere.
    pub fn encode(&self, effect: &Effect, out: &mut Vec<u8>) {
        self.encode_behind(None, effect, &[], out);
    }

    /// Appends effects, a line each. `written`: what the engine has written of their parameters.
    pub fn encode_lines(&self, effects: &[Effect], written: &[u8], out: &mut Vec<u8>) {
        let mut before = None;
        for effect in effects {
            let common = self.encode_behind(before, effect, written, out);
            out.push(b'\n');
            before = Some((effect, common));
        }
    }

    /// As [`Encoder::encode`], behind another effect in the same output.
    fn encode_behind(
        &self,
        before: Option<(&Effect, Common)>,
        effect: &Effect,
        written: &[u8],
        out: &mut Vec<u8>,
    ) -> Common {
        let from = out.len() + BEGINNING.len();
        out.extend_from_slice(
            self.entities.get(effect.subject.entity.index()).map_or(BEGINNING, |name| name),
        );
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
                out.extend_from_slice(b"\",\"causeid\":\"");
                plain::inside(&effect.cause.id, out);
                out.extend_from_slice(b"\",\"causesource\":\"");
                plain::inside(&effect.cause.source, out);
                out.extend_from_slice(b"\",\"data\":");
            }
        }
        let common = from..out.len();
        self.data(effect, written, out);
        out.push(b'}');
        common
    }

    fn value(&self, value: &Value, field: &Field, out: &mut Vec<u8>) {
        json::write(value, &field.ty, &self.program.schema, self.names.labels(), out);
    }

    fn pipeline(&self, id: PipelineId) -> &[u8] {
        self.quoted_pipelines.get(id.index()).map_or(b"null", |name| name)
    }

    fn stage(&self, id: StageId) -> &[u8] {
        self.quoted_stages.get(id.index()).map_or(b"null", |name| name)
    }

    /// A rule as a member, with a comma before it.
    fn rule(&self, id: RuleId) -> &[u8] {
        self.rules.get(id.index()).map_or(b",\"rule\":null", |path| path)
    }

    /// An action as the first member.
    fn action(&self, id: ActionId) -> &[u8] {
        self.actions.get(id.index()).map_or(b"{\"action\":null", |name| name)
    }

    /// The members of parameters.
    fn params(&self, action: ActionId, params: &[(u16, Value)], out: &mut Vec<u8>) {
        let (names, action) = (&self.params[action.index()], self.program.schema.action(action));
        let empty = out.len();
        for (param, value) in params.iter().filter(|(_, value)| *value != Value::None) {
            let (name, param) = (&names[usize::from(*param)], &action.params[usize::from(*param)]);
            // The first one stands without its comma.
            out.extend_from_slice(&name[usize::from(out.len() == empty)..]);
            self.value(value, param, out);
        }
    }

    fn data(&self, effect: &Effect, written: &[u8], out: &mut Vec<u8>) {
        let program = self.program;
        match &effect.kind {
            EffectKind::StageChanged { from, to, by, actor } => {
                let pipeline = program.stage(*to).pipeline;
                out.extend_from_slice(b"{\"pipeline\":");
                out.extend_from_slice(self.pipeline(pipeline));
                let old = from.map(|from| program.stage(from).pipeline).filter(|old| *old != pipeline);
                if let Some(old) = old {
                    out.extend_from_slice(b",\"from_pipeline\":");
                    out.extend_from_slice(self.pipeline(old));
                }
                out.extend_from_slice(b",\"from\":");
                out.extend_from_slice(from.map_or(b"null", |from| self.stage(from)));
                out.extend_from_slice(b",\"to\":");
                out.extend_from_slice(self.stage(*to));
                match by {
                    Mover::Trigger(id) => {
                        out.extend_from_slice(
                            self.triggers.get(id.index()).map_or(b",\"by\":\"trigger\"", |by| by),
                        );
                    }
                    Mover::Rule(id) => {
                        out.extend_from_slice(b",\"by\":\"rule\"");
                        out.extend_from_slice(self.rule(*id));
                    }
                    Mover::Event => out.extend_from_slice(b",\"by\":\"event\""),
                }
                if let Some(actor) = actor {
                    text(out, b",\"as\":", actor);
                }
            }
            EffectKind::FieldsChanged { rule, changes } => {
                let rule = self.rule(*rule);
                out.push(b'{');
                out.extend_from_slice(rule.strip_prefix(b",").unwrap_or(rule));
                out.extend_from_slice(b",\"changes\":{");
                let fields = &program.schema.entity(effect.subject.entity).fields;
                for (at, (field, before, after)) in changes.iter().enumerate() {
                    let field = &fields[field.index()];
                    text(out, if at > 0 { b"," } else { b"" }, &field.name);
                    out.extend_from_slice(b":{\"from\":");
                    self.value(before, field, out);
                    out.extend_from_slice(b",\"to\":");
                    self.value(after, field, out);
                    out.push(b'}');
                }
                out.push(b'}');
            }
            EffectKind::ActionRequested { rule, action, params } => {
                out.extend_from_slice(self.action(*action));
                out.extend_from_slice(self.rule(*rule));
                out.extend_from_slice(b",\"params\":{");
                match params {
                    Params::Values(params) => self.params(*action, params, out),
                    Params::Written(range) => {
                        let params = written.get(range.clone());
                        debug_assert!(params.is_some(), "effects are encoded with what was written of them");
                        out.extend_from_slice(params.unwrap_or_default());
                    }
                }
                out.push(b'}');
            }
            EffectKind::ActionRefused { rule, action, code, message } => {
                out.extend_from_slice(self.action(*action));
                out.extend_from_slice(self.rule(*rule));
                text(out, b",\"code\":", code);
                text(out, b",\"message\":", message);
            }
            EffectKind::RuleFailed { rule, code, message, statement } => {
                let rule = self.rule(*rule);
                out.push(b'{');
                out.extend_from_slice(rule.strip_prefix(b",").unwrap_or(rule));
                text(out, b",\"code\":", code);
                text(out, b",\"message\":", message);
                out.extend_from_slice(b",\"statement\":");
                out.extend_from_slice(digits::count(u64::from(*statement)).bytes());
            }
            EffectKind::RuleCancelled { rule, reason } => {
                let rule = self.rule(*rule);
                out.push(b'{');
                out.extend_from_slice(rule.strip_prefix(b",").unwrap_or(rule));
                text(out, b",\"reason\":", reason);
            }
            EffectKind::LoopStopped { chain, message } => {
                out.extend_from_slice(b"{\"chain\":[");
                for (at, stage) in chain.iter().enumerate() {
                    let stage = program.stage(*stage);
                    let path = format!("{}.{}", program.pipeline(stage.pipeline).name, stage.name);
                    text(out, if at > 0 { b"," } else { b"" }, &path);
                }
                text(out, b"],\"message\":", message);
            }
        }
        out.push(b'}');
    }
}

/// A text in quotes, and what stands before it.
fn text(out: &mut Vec<u8>, before: &[u8], text: &str) {
    out.extend_from_slice(before);
    plain::string(text, out);
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
