//! Code of an earlier version, instruction by instruction.

use super::names::Names;
use crate::program::instr::{Instr, Reg};
use crate::program::verify::fits;
use crate::program::*;
use crate::schema::{BUILTIN_FIELDS, Type};
use crate::value::functions::{Function as BuiltIn, SlotKind};

/// Appends the code of one version.
pub(super) struct Linker<'a> {
    old: &'a Program,
    out: &'a mut Program,
    names: &'a Names,
    actions: Vec<Option<ActionId>>,
    chunks: u32,
    functions: u32,
    constants: u32,
    regexes: u32,
    calls: u32,
    sets: u32,
    waits: u32,
    payloads: u32,
    awaits: u32,
    /// By constant: whether what it names is gone.
    gone: Vec<bool>,
}

/// That what an instruction needs is not there, in words.
type Gone = String;

fn gone(what: &str) -> Gone {
    format!("{what} is gone from the program")
}

fn changed(what: &str) -> Gone {
    format!("{what} has another type by now")
}

/// A chunk being appended.
struct Piece<'c> {
    old: &'c Chunk,
    registers: Vec<Type>,
    entity: Option<EntityId>,
    old_entity: Option<EntityId>,
}

impl Piece<'_> {
    fn ty(&self, reg: Reg) -> Result<&Type, Gone> {
        self.registers.get(reg.index()).ok_or_else(|| gone("a value"))
    }

    fn takes(&self, reg: Reg, ty: &Type) -> bool {
        self.registers.get(reg.index()).is_some_and(|register| fits(ty, register))
    }
}

impl<'a> Linker<'a> {
    pub fn new(
        old: &'a Program,
        out: &'a mut Program,
        names: &'a Names,
        actions: Vec<Option<ActionId>>,
    ) -> Self {
        let code = &out.code;
        let (chunks, functions) = (code.chunks.len() as u32, code.functions.len() as u32);
        let (constants, regexes) = (code.constants.len() as u32, code.regexes.len() as u32);
        let (calls, sets) = (code.calls.len() as u32, code.sets.len() as u32);
        let (waits, payloads) = (code.waits.len() as u32, code.payloads.len() as u32);
        let awaits = code.awaits.len() as u32;
        let gone = Vec::new();
        Linker {
            old,
            out,
            names,
            actions,
            chunks,
            functions,
            constants,
            regexes,
            calls,
            sets,
            waits,
            payloads,
            awaits,
            gone,
        }
    }

    pub fn link(mut self) -> Result<(), String> {
        let old = self.old;
        self.constants();
        self.out.code.regexes.extend(old.code.regexes.iter().cloned());
        if self.out.code.regexes.len() > usize::from(u16::MAX) {
            return Err("together with earlier versions it is too large".into());
        }
        for table in &old.code.payloads {
            let known = table.iter().filter_map(|(event, slot)| {
                Some((self.names.event(*event)?, self.names.slot(*event, *slot)?))
            });
            self.out.code.payloads.push(known.collect());
        }
        for list in &old.code.awaits {
            let known = list.iter().filter_map(|output| self.names.output(*output)).collect();
            self.out.code.awaits.push(known);
        }
        for function in &old.code.functions {
            let chunk = ChunkId(self.chunks + function.chunk.0);
            self.out.code.functions.push(Function { name: function.name.clone(), chunk });
        }
        for call in &old.code.calls {
            let action = self.actions.get(call.action.index()).copied().flatten().unwrap_or(ActionId(0));
            self.out.code.calls.push(ActionCall { action, ..call.clone() });
        }
        for set in &old.code.sets {
            // Each is filled in where it is used.
            self.out.code.sets.push(SetFields { fields: Vec::with_capacity(set.fields.len()) });
        }
        for wait in &old.code.waits {
            let when = wait.when.map(|when| ChunkId(self.chunks + when.0));
            let events = wait.events.iter().map(|pattern| self.pattern(pattern, None)).collect();
            self.out.code.waits.push(WaitFor { events, when, ..wait.clone() });
        }
        for chunk in &old.code.chunks {
            let chunk = self.chunk(chunk);
            self.out.code.chunks.push(chunk);
        }
        Ok(())
    }

    fn constants(&mut self) {
        let code = &self.old.code;
        for (value, ty) in code.constants.iter().zip(&code.constant_types) {
            let linked = self.names.ty(ty).and_then(|to| Some((self.constant(value, ty)?, to)));
            self.gone.push(linked.is_none());
            let (value, ty) = linked.unwrap_or((Value::Text("".into()), Type::Text));
            self.push(value, ty);
        }
    }

    fn push(&mut self, value: Value, ty: Type) -> u32 {
        self.out.code.constants.push(value);
        self.out.code.constant_types.push(ty);
        self.out.code.constants.len() as u32 - 1
    }

    /// Of a list, what is gone can no longer be in it.
    fn constant(&self, value: &Value, ty: &Type) -> Option<Value> {
        match (value, ty.inner()) {
            (Value::List(items), Type::List(element)) => {
                Some(Value::List(items.iter().filter_map(|item| self.constant(item, element)).collect()))
            }
            _ => self.names.value(value, ty),
        }
    }

    fn chunk(&mut self, old: &Chunk) -> Chunk {
        let pipeline = old.pipeline.map(|id| self.names.pipeline(id));
        let types = |ty: &Type| self.names.ty(ty);
        let known = old.registers.iter().map(types).collect::<Option<Vec<Type>>>();
        let kind = match &old.kind {
            ChunkKind::Body => Some(ChunkKind::Body),
            ChunkKind::Expression { captures, result } => {
                types(result).map(|result| ChunkKind::Expression { captures: *captures, result })
            }
            ChunkKind::Function { params, result } => {
                types(result).map(|result| ChunkKind::Function { params: *params, result })
            }
        };
        let whole = known.is_some() && kind.is_some() && pipeline != Some(None);
        let registers =
            known.unwrap_or_else(|| old.registers.iter().map(|ty| types(ty).unwrap_or(Type::Text)).collect());
        let kind = kind.unwrap_or(match &old.kind {
            ChunkKind::Function { params, .. } => ChunkKind::Function { params: *params, result: Type::Text },
            ChunkKind::Expression { captures, .. } => {
                ChunkKind::Expression { captures: *captures, result: Type::Text }
            }
            ChunkKind::Body => ChunkKind::Body,
        });
        let pipeline = pipeline.map(|found| found.unwrap_or(PipelineId(0)));
        let piece = Piece {
            old,
            registers,
            entity: pipeline.map(|id| self.out.pipeline(id).entity),
            old_entity: old.pipeline.map(|id| self.old.pipeline(id).entity),
        };
        let calendars = self.calendars(old);
        let mut code = Vec::with_capacity(old.code.len());
        for (pc, instr) in old.code.iter().enumerate() {
            let linked = match calendars.iter().find(|(at, _)| *at == pc) {
                _ if !whole => Err(gone("an entity or a pipeline that it needs")),
                Some((_, Some(calendar))) => match instr {
                    Instr::Const { to, .. } => {
                        let constant = self.push(Value::Int(i64::from(calendar.0)), Type::Int.optional());
                        Ok(Instr::Const { to: *to, constant })
                    }
                    other => Ok(*other),
                },
                Some((_, None)) => Err(gone("a calendar that it needs")),
                None => self.instruction(&piece, *instr),
            };
            code.push(linked.unwrap_or_else(|what| {
                let why = format!("{what}, and this body began with an earlier version of the program");
                Instr::Gone { what: self.push(Value::Text(why.into()), Type::Text) }
            }));
        }
        Chunk {
            kind,
            pipeline,
            code,
            registers: piece.registers,
            spans: Vec::new(),
            statements: old.statements.clone(),
        }
    }

    /// The instructions that load the number of a calendar, and that calendar here.
    fn calendars(&self, chunk: &Chunk) -> Vec<(usize, Option<CalendarId>)> {
        let mut found = Vec::new();
        for (pc, instr) in chunk.code.iter().enumerate() {
            let Instr::Call { function, args, .. } = instr else { continue };
            let Some(slot) = calendar_slot(*function) else { continue };
            let wanted = args.plus(slot);
            let load = chunk.code[..pc].iter().enumerate().rev().find_map(|(at, instr)| match instr {
                Instr::Const { to, constant } if *to == wanted => Some((at, *constant)),
                _ => None,
            });
            match load.map(|(at, constant)| (at, self.old.code.constants.get(constant as usize))) {
                Some((_, Some(Value::None))) => {}
                Some((at, Some(Value::Int(number)))) => {
                    let known = usize::try_from(*number).ok().and_then(|n| self.old.schema.calendars.get(n));
                    let here = known.and_then(|old| {
                        self.out.schema.calendars.iter().position(|new| new.name == old.name)
                    });
                    found.push((at, here.map(|at| CalendarId(at as u16))));
                }
                _ => found.push((pc, None)),
            }
        }
        found
    }

    fn field(&self, piece: &Piece<'_>, field: FieldId) -> Result<(FieldId, Type), Gone> {
        let old = piece.old_entity.ok_or_else(|| gone("the record"))?;
        self.field_of(old, piece.entity, field)
    }

    fn field_of(
        &self,
        old: EntityId,
        new: Option<EntityId>,
        field: FieldId,
    ) -> Result<(FieldId, Type), Gone> {
        let entity = self.old.schema.entities.get(old.index());
        let name = entity.and_then(|entity| entity.fields.get(field.index())).map_or("", |field| &field.name);
        let gone = || gone(&format!("the field `{name}`"));
        let here = self.names.field(old, field).ok_or_else(gone)?;
        let fields = &self.out.schema.entity(new.ok_or_else(gone)?).fields;
        Ok((here, fields.get(here.index()).ok_or_else(gone)?.ty.clone()))
    }

    fn slot(&self, event: EventId, slot: u16) -> Result<(EventId, u16, Type), Gone> {
        let def = self.old.schema.event(event);
        let name = def.payload.get(usize::from(slot)).map_or("", |field| &field.name);
        let gone = || gone(&format!("`{name}` of the event `{}`", def.name));
        let (event, slot) = self.names.event(event).zip(self.names.slot(event, slot)).ok_or_else(gone)?;
        let field = self.out.schema.event(event).payload.get(usize::from(slot)).ok_or_else(gone)?;
        Ok((event, slot, field.ty.clone()))
    }

    fn const_at(&self, constant: u32) -> Result<u32, Gone> {
        match self.gone.get(constant as usize) {
            Some(false) => Ok(self.constants + constant),
            _ => {
                let code = &self.old.code;
                let value = code.constants.get(constant as usize);
                let member = match (value, code.constant_types.get(constant as usize).map(Type::inner)) {
                    (Some(Value::Enum(n)), Some(Type::Enum(id))) => {
                        self.old.schema.enums.get(id.index()).and_then(|def| def.values.get(usize::from(*n)))
                    }
                    _ => None,
                };
                Err(gone(&member.map_or("a value".into(), |member| format!("the value `{}`", member.name))))
            }
        }
    }

    fn instruction(&mut self, piece: &Piece<'_>, instr: Instr) -> Result<Instr, Gone> {
        let fitting = |good: bool, what: String| if good { Ok(()) } else { Err(what) };
        Ok(match instr {
            Instr::Const { to, constant } => Instr::Const { to, constant: self.const_at(constant)? },
            Instr::Piece { constant } => Instr::Piece { constant: self.const_at(constant)? },
            Instr::PrintFormat { value, format } => {
                Instr::PrintFormat { value, format: self.const_at(format)? }
            }
            Instr::Gone { what } => Instr::Gone { what: self.const_at(what)? },
            Instr::Field { to, field } | Instr::FieldOnceSet { to, field } => {
                let (here, ty) = self.field(piece, field)?;
                if !piece.takes(to, &ty) && piece.takes(to, ty.inner()) {
                    return Ok(Instr::FieldOnceSet { to, field: here });
                }
                fitting(piece.takes(to, &ty), self.changed_field(piece.old_entity, field))?;
                Instr::Field { to, field: here }
            }
            Instr::Old { to, field } => {
                let (here, ty) = self.field(piece, field)?;
                fitting(piece.takes(to, &ty), self.changed_field(piece.old_entity, field))?;
                Instr::Old { to, field: here }
            }
            Instr::RefField { to, base, field } => {
                let old = match piece.old.registers.get(base.index()).map(Type::inner) {
                    Some(Type::Entity(old)) => *old,
                    _ => return Err(gone("a reference")),
                };
                let (here, ty) = self.field_of(old, self.names.entity(old), field)?;
                let ty = if piece.ty(base)?.is_optional() { ty.optional() } else { ty };
                fitting(piece.takes(to, &ty), self.changed_field(Some(old), field))?;
                Instr::RefField { to, base, field: here }
            }
            Instr::Payload { to, event, slot } => {
                let (event, slot, ty) = self.slot(event, slot)?;
                let name = &self.out.schema.event(event).payload[usize::from(slot)].name;
                fitting(piece.takes(to, &ty), changed(&format!("`event.{name}`")))?;
                Instr::Payload { to, event, slot }
            }
            Instr::PayloadAny { to, table } => {
                let table = self.payloads + table;
                let entries = self.out.code.payloads.get(table as usize).map_or(&[][..], Vec::as_slice);
                let good = !entries.is_empty()
                    && entries.iter().all(|(event, slot)| {
                        let payload = &self.out.schema.event(*event).payload;
                        payload.get(usize::from(*slot)).is_some_and(|field| piece.takes(to, &field.ty))
                    });
                fitting(good, gone("a member of the event"))?;
                Instr::PayloadAny { to, table }
            }
            Instr::Output { to, output } => {
                let here = self.output(output)?;
                fitting(
                    piece.takes(to, &self.out.outputs[here.index()].ty),
                    changed("an output that it reads"),
                )?;
                Instr::Output { to, output: here }
            }
            Instr::Publish { output, value } => Instr::Publish { output: self.output(output)?, value },
            Instr::Await { list } => Instr::Await { list: self.awaits + list },
            Instr::Matches { to, text, regex } => {
                // Their number has been tested.
                Instr::Matches { to, text, regex: (self.regexes + u32::from(regex)) as u16 }
            }
            Instr::CallFn { first, function } => Instr::CallFn { first, function: self.functions + function },
            Instr::Action { call } => {
                let action = self.old.code.calls.get(call.0 as usize).map(|call| call.action);
                let known = action.and_then(|id| self.actions.get(id.index()).copied().flatten());
                fitting(known.is_some(), gone("an action that it asks for"))?;
                Instr::Action { call: CallId(self.calls + call.0) }
            }
            Instr::Set { set } => {
                let fields = self.old.code.sets.get(set.0 as usize).map_or(&[][..], |set| &set.fields);
                let mut linked = Vec::with_capacity(fields.len());
                for (field, value) in fields {
                    let (here, ty) = self.field(piece, *field)?;
                    let good = here.index() >= BUILTIN_FIELDS && fits(piece.ty(*value)?, &ty);
                    fitting(good, self.changed_field(piece.old_entity, *field))?;
                    linked.push((here, *value));
                }
                let set = self.sets + set.0;
                if let Some(here) = self.out.code.sets.get_mut(set as usize) {
                    here.fields = linked;
                }
                Instr::Set { set: SetId(set) }
            }
            Instr::WaitFor { wait } => {
                let events = self.old.code.waits.get(wait.0 as usize).map_or(&[][..], |wait| &wait.events);
                let events = events.iter().map(|pattern| self.pattern(pattern, piece.old_entity)).collect();
                let wait = self.waits + wait.0;
                if let Some(here) = self.out.code.waits.get_mut(wait as usize) {
                    here.events = events;
                }
                Instr::WaitFor { wait: WaitForId(wait) }
            }
            Instr::Move { stage } => {
                let name = super::names::stage_path(self.old, stage);
                let here = self.names.stage(stage).ok_or_else(|| gone(&format!("the stage `{name}`")))?;
                let entity = self.out.pipeline(self.out.stage(here).pipeline).entity;
                fitting(Some(entity) == piece.entity, gone(&format!("the stage `{name}`")))?;
                Instr::Move { stage: here }
            }
            other => other,
        })
    }

    fn output(&self, output: OutputId) -> Result<OutputId, Gone> {
        self.names.output(output).ok_or_else(|| {
            let path = self.old.outputs.get(output.index()).map_or("", |output| &output.path);
            gone(&format!("the output `{path}`"))
        })
    }

    fn changed_field(&self, entity: Option<EntityId>, field: FieldId) -> String {
        let entity = entity.and_then(|id| self.old.schema.entities.get(id.index()));
        let name = entity.and_then(|entity| entity.fields.get(field.index())).map_or("", |field| &field.name);
        changed(&format!("the field `{name}`"))
    }

    /// What is gone never comes.
    fn pattern(&self, pattern: &EventPattern, entity: Option<EntityId>) -> EventPattern {
        let never = EventPattern::Change { fields: Vec::new(), from: None, to: None };
        let linked = match pattern {
            EventPattern::AnyChange => Some(EventPattern::AnyChange),
            EventPattern::Named(named) => self.named(named).map(EventPattern::Named),
            EventPattern::Count { count, event, within } => {
                self.named(event).map(|event| EventPattern::Count { count: *count, event, within: *within })
            }
            EventPattern::Absence { event, period } => {
                self.named(event).map(|event| EventPattern::Absence { event, period: *period })
            }
            EventPattern::Change { fields, from, to } => self.change(entity, fields, [from, to]),
        };
        linked.unwrap_or(never)
    }

    fn change(
        &self,
        entity: Option<EntityId>,
        fields: &[FieldId],
        values: [&Option<Value>; 2],
    ) -> Option<EventPattern> {
        let entity = entity?;
        let old = self.old.schema.entities.get(entity.index())?;
        let new = self.out.schema.entity(self.names.entity(entity)?);
        let mut linked = Vec::new();
        for field in fields {
            let Some(here) = self.names.field(entity, *field) else { continue };
            let (before, now) = (old.fields.get(field.index())?, new.fields.get(here.index())?);
            let same = self.names.ty(before.ty.inner()).as_ref() == Some(now.ty.inner());
            if same || values.iter().all(|value| value.is_none()) {
                linked.push(here);
            }
        }
        let first = old.fields.get(fields.first()?.index())?;
        let [from, to] = values.map(|value| match value {
            None => Some(None),
            Some(value) => self.names.value(value, &first.ty).map(Some),
        });
        (!linked.is_empty()).then_some(EventPattern::Change { fields: linked, from: from?, to: to? })
    }

    fn named(&self, named: &NamedEvent) -> Option<NamedEvent> {
        let event = self.names.event(named.event)?;
        let mut settings = Vec::with_capacity(named.settings.len());
        for (slot, values) in &named.settings {
            let before = self.old.schema.events.get(named.event.index())?.payload.get(usize::from(*slot))?;
            let here = self.names.slot(named.event, *slot)?;
            let now = self.out.schema.event(event).payload.get(usize::from(here))?;
            let (before, now) = (element(&before.ty), element(&now.ty));
            if self.names.ty(before).as_ref() != Some(now) {
                return None;
            }
            settings
                .push((here, values.iter().filter_map(|value| self.names.value(value, before)).collect()));
        }
        Some(NamedEvent { event, settings })
    }
}

fn element(ty: &Type) -> &Type {
    match ty.inner() {
        Type::List(element) => element,
        other => other,
    }
}

/// The argument that is a calendar.
fn calendar_slot(function: BuiltIn) -> Option<u16> {
    let at = function.slots().iter().position(|slot| slot.kind == SlotKind::Calendar)?;
    u16::try_from(at).ok()
}
