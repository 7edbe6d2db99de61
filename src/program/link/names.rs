//! What the numbers of one version of a program are in another one: by name.

use crate::program::{Program, Rule};
use crate::schema::{Field, Type};
use crate::value::*;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap};

/// Stages with a new name, as `Pipeline.Stage`: the old one and the new one.
pub type Renamed = BTreeMap<String, String>;

/// By each number of the old program: the number in the new one, if that has something of this name.
pub struct Names {
    pub entities: Vec<Option<EntityId>>,
    /// By entity.
    pub fields: Vec<Vec<Option<FieldId>>>,
    pub enums: Vec<Option<EnumId>>,
    /// By enum.
    pub members: Vec<Vec<Option<u16>>>,
    pub opaques: Vec<Option<OpaqueId>>,
    pub events: Vec<Option<EventId>>,
    /// By event.
    pub slots: Vec<Vec<Option<u16>>>,
    pub pipelines: Vec<Option<PipelineId>>,
    pub stages: Vec<Option<StageId>>,
    pub rules: Vec<Option<RuleId>>,
    pub outputs: Vec<Option<OutputId>>,
}

/// `Sales.Won`
pub fn stage_path(program: &Program, stage: StageId) -> String {
    let stage = program.stage(stage);
    format!("{}.{}", program.pipeline(stage.pipeline).name, stage.name)
}

fn found<T>(names: &HashMap<&str, usize>, name: &str, id: fn(usize) -> T) -> Option<T> {
    names.get(name).map(|at| id(*at))
}

/// The first of each name.
fn index<'n>(names: impl Iterator<Item = &'n Text>) -> HashMap<&'n str, usize> {
    let mut found = HashMap::new();
    for (at, name) in names.enumerate() {
        found.entry(&**name).or_insert(at);
    }
    found
}

fn positions(old: &[Field], new: &[Field]) -> Vec<Option<u16>> {
    let known = index(new.iter().map(|field| &field.name));
    old.iter().map(|field| found(&known, &field.name, |at| at as u16)).collect()
}

impl Names {
    pub fn new(old: &Program, new: &Program, renamed: &Renamed) -> Names {
        let (was, is) = (&old.schema, &new.schema);
        let known = index(is.entities.iter().map(|entity| &entity.wire_name));
        let entities: Vec<Option<EntityId>> =
            was.entities.iter().map(|e| found(&known, &e.wire_name, |at| EntityId(at as u16))).collect();
        let fields = was.entities.iter().zip(&entities).map(|(entity, id)| {
            let new = id.map_or(&[][..], |id| &is.entity(id).fields);
            positions(&entity.fields, new).into_iter().map(|field| field.map(FieldId)).collect()
        });
        let fields = fields.collect();
        let known = index(is.enums.iter().map(|def| &def.name));
        let enums: Vec<Option<EnumId>> =
            was.enums.iter().map(|def| found(&known, &def.name, |at| EnumId(at as u16))).collect();
        let members = was.enums.iter().zip(&enums).map(|(def, id)| {
            let new = id.map_or(&[][..], |id| &is.enumeration(id).values);
            let known = index(new.iter().map(|value| &value.name));
            def.values.iter().map(|value| found(&known, &value.name, |at| at as u16)).collect()
        });
        let members = members.collect();
        let known = index(is.opaques.iter().map(|def| &def.name));
        let opaques =
            was.opaques.iter().map(|def| found(&known, &def.name, |at| OpaqueId(at as u16))).collect();
        let known = index(is.events.iter().map(|def| &def.name));
        let events: Vec<Option<EventId>> =
            was.events.iter().map(|def| found(&known, &def.name, |at| EventId(at as u16))).collect();
        let slots = was
            .events
            .iter()
            .zip(&events)
            .map(|(def, id)| positions(&def.payload, id.map_or(&[][..], |id| &is.event(id).payload)));
        let slots = slots.collect();

        let paths: HashMap<String, StageId> =
            (0..new.stages.len()).map(|at| StageId(at as u16)).map(|id| (stage_path(new, id), id)).collect();
        let of_entity = |old: EntityId, new_pipeline: PipelineId| {
            entities.get(old.index()).copied().flatten() == Some(new.pipeline(new_pipeline).entity)
        };
        let stages: Vec<Option<StageId>> = (0..old.stages.len())
            .map(|at| {
                let id = StageId(at as u16);
                let path = stage_path(old, id);
                let found = *paths.get(renamed.get(&path).unwrap_or(&path))?;
                let entity = old.pipeline(old.stage(id).pipeline).entity;
                of_entity(entity, new.stage(found).pipeline).then_some(found)
            })
            .collect();
        let known = index(new.pipelines.iter().map(|pipeline| &pipeline.name));
        let pipelines: Vec<Option<PipelineId>> = old
            .pipelines
            .iter()
            .map(|pipeline| {
                let named = found(&known, &pipeline.name, |at| PipelineId(at as u16));
                let named = named.filter(|id| of_entity(pipeline.entity, *id));
                // One that is gone is where its stages have gone to.
                let moved = || pipeline.stages.iter().find_map(|stage| stages.get(stage.index()).copied()?);
                named.or_else(|| moved().map(|stage| new.stage(stage).pipeline))
            })
            .collect();
        let known = index(new.rules.iter().map(|rule| &rule.path));
        let rules: Vec<Option<RuleId>> = old
            .rules
            .iter()
            .map(|rule| {
                let path = new_path(old, new, rule, &stages, &pipelines);
                let path = path.unwrap_or_else(|| rule.path.to_string());
                found(&known, &path, |at| RuleId(at as u32))
            })
            .collect();
        let mut names = Names {
            entities,
            fields,
            enums,
            members,
            opaques,
            events,
            slots,
            pipelines,
            stages,
            rules,
            outputs: Vec::new(),
        };
        let mut known: HashMap<(RuleId, &str), Vec<usize>> = HashMap::new();
        for (at, output) in new.outputs.iter().enumerate() {
            known.entry((output.rule, &*output.path)).or_default().push(at);
        }
        let outputs = old.outputs.iter().map(|output| {
            let (rule, ty) = (names.rule(output.rule)?, names.ty(&output.ty)?);
            let known = known.get(&(rule, &*output.path))?;
            known.iter().find(|at| new.outputs[**at].ty == ty).map(|at| OutputId(*at as u32))
        });
        names.outputs = outputs.collect();
        names
    }

    pub fn entity(&self, id: EntityId) -> Option<EntityId> {
        self.entities.get(id.index()).copied().flatten()
    }

    pub fn field(&self, entity: EntityId, field: FieldId) -> Option<FieldId> {
        self.fields.get(entity.index())?.get(field.index()).copied().flatten()
    }

    pub fn event(&self, id: EventId) -> Option<EventId> {
        self.events.get(id.index()).copied().flatten()
    }

    pub fn slot(&self, event: EventId, slot: u16) -> Option<u16> {
        self.slots.get(event.index())?.get(usize::from(slot)).copied().flatten()
    }

    pub fn pipeline(&self, id: PipelineId) -> Option<PipelineId> {
        self.pipelines.get(id.index()).copied().flatten()
    }

    pub fn stage(&self, id: StageId) -> Option<StageId> {
        self.stages.get(id.index()).copied().flatten()
    }

    pub fn rule(&self, id: RuleId) -> Option<RuleId> {
        self.rules.get(id.index()).copied().flatten()
    }

    pub fn output(&self, id: OutputId) -> Option<OutputId> {
        self.outputs.get(id.index()).copied().flatten()
    }

    /// The same type; `None` if what it names is gone.
    pub fn ty(&self, ty: &Type) -> Option<Type> {
        Some(match ty {
            Type::Enum(id) => Type::Enum(self.enums.get(id.index()).copied().flatten()?),
            Type::Opaque(id) => Type::Opaque(self.opaques.get(id.index()).copied().flatten()?),
            Type::Entity(id) => Type::Entity(self.entity(*id)?),
            Type::Stage(id) => Type::Stage(self.entity(*id)?),
            Type::Pipeline(id) => Type::Pipeline(self.entity(*id)?),
            Type::List(inner) => self.ty(inner)?.list(),
            Type::Optional(inner) => self.ty(inner)?.optional(),
            other => other.clone(),
        })
    }

    /// The same value, of an old type that is still there; `None` if what it names is gone.
    pub fn value(&self, value: &Value, ty: &Type) -> Option<Value> {
        Some(match (value, ty.inner()) {
            (Value::Enum(n), Type::Enum(id)) => {
                Value::Enum(self.members.get(id.index())?.get(usize::from(*n)).copied().flatten()?)
            }
            (Value::Stage(id), _) => Value::Stage(self.stage(*id)?),
            (Value::Pipeline(id), _) => Value::Pipeline(self.pipeline(*id)?),
            (Value::List(items), Type::List(element)) => {
                Value::List(items.iter().map(|item| self.value(item, element)).collect::<Option<_>>()?)
            }
            (other, _) => other.clone(),
        })
    }

    /// A value of an old type as one of a type of the new program, where nothing is lost by that.
    pub fn convert(
        &self,
        old: &Program,
        new: &Program,
        value: &Value,
        from: &Type,
        to: &Type,
    ) -> Option<Value> {
        if *value == Value::None {
            return to.is_optional().then_some(Value::None);
        }
        let (from, into) = (from.inner(), to.inner());
        if self.ty(from).as_ref() == Some(into) {
            return self.value(value, from);
        }
        match (from, into, value) {
            (Type::Int, Type::Decimal, Value::Int(n)) => Some(Value::Decimal(Decimal::from(*n))),
            (Type::Money(_), Type::Money(None), _) => Some(value.clone()),
            (Type::Money(None), Type::Money(Some(currency)), Value::Money(money)) => {
                (money.currency == *currency).then(|| value.clone())
            }
            (Type::Email | Type::Phone | Type::Url | Type::Opaque(_), Type::Text, _)
            | (Type::User | Type::Department | Type::Role, Type::Recipient, _) => Some(value.clone()),
            (Type::Enum(from), Type::Enum(into), Value::Enum(n)) => {
                let member = old.schema.enums.get(from.index())?.values.get(usize::from(*n))?;
                let known = &new.schema.enums.get(into.index())?.values;
                let at = known.iter().position(|other| other.name == member.name)?;
                Some(Value::Enum(u16::try_from(at).ok()?))
            }
            (Type::List(from), Type::List(into), Value::List(items)) => {
                let items = items.iter().map(|item| self.convert(old, new, item, from, into));
                Some(Value::List(items.collect::<Option<_>>()?))
            }
            (from, Type::List(into), _) if !matches!(from, Type::List(_)) => {
                let one = self.convert(old, new, value, from, into)?;
                Some(Value::List([one].into()))
            }
            _ => None,
        }
    }
}

/// What a rule is called in the new program, if its stage or pipeline is there; `None` also for one that stands in no
/// text any more.
fn new_path(
    old: &Program,
    new: &Program,
    rule: &Rule,
    stages: &[Option<StageId>],
    pipelines: &[Option<PipelineId>],
) -> Option<String> {
    let before = match rule.stage {
        Some(stage) => stage_path(old, stage),
        None => old.pipeline(rule.pipeline).name.to_string(),
    };
    if *rule.path != *format!("{before}.{}", rule.name) {
        return None;
    }
    let now = match rule.stage {
        Some(stage) => stage_path(new, stages.get(stage.index()).copied().flatten()?),
        None => new.pipeline(pipelines.get(rule.pipeline.index()).copied().flatten()?).name.to_string(),
    };
    Some(format!("{now}.{}", rule.name))
}
