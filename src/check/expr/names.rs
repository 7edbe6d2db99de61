//! What a name means, and what stands behind a dot.

use super::super::pipelines::outputs::OutputChain;
use super::super::scope::{LocalBinding, LocalName, Scope};
use super::super::{Checker, TypeSymbol, ValueSymbol};
use super::familiar::Given;
use super::literals::element;
use super::{constant, mistake, node};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{Conversion, Expr, ExprKind, PrincipalField};
use crate::schema::{FIELD_STAGE, Type};
use crate::source::Span;
use crate::syntax::tree::{self, Name, PrincipalKind};
use crate::value::functions::{self, SignatureError, SlotKind};
use crate::value::{CalendarId, EntityId, FieldId, Principal, PrincipalId, StageId, Value};

/// Names with a meaning of their own; nothing else can be called so where they are in reach.
pub(super) const SPECIAL: [&str; 7] = ["this", "event", "old", "now", "today", "stage", "pipeline"];

/// What a chain of names begins with.
pub(super) enum Start {
    /// The value of the first names, and how many those are.
    Is(Expr, usize),
    /// Reported.
    Mistake,
}

impl Checker<'_> {
    /// Puts a local name in sight: of a `let`, a loop, a lambda or a parameter. It must not hide another.
    pub fn bind_local(&mut self, name: &Name, binding: LocalBinding, scope: &mut Scope) {
        if let Some((what, other)) = self.hidden_by(&name.text, scope) {
            let message = format!("`{}` already stands for {what}", name.text);
            let help = "choose another name: a local one cannot stand in front of it";
            let mut diagnostic = Diagnostic::new(Code::HiddenName, name.span, message).help(help);
            if let Some(other) = other {
                diagnostic = diagnostic.label("the same name again").also(other, "declared here");
            }
            self.report(diagnostic);
        }
        scope.locals.push(LocalName { name: name.text.clone(), span: name.span, binding });
    }

    pub(super) fn hidden_by(
        &self,
        name: &std::sync::Arc<str>,
        scope: &Scope,
    ) -> Option<(&'static str, Option<Span>)> {
        if let Some(local) = scope.local_named(name) {
            return Some(("another local name", Some(local.span)));
        }
        if SPECIAL.contains(&&**name) {
            return Some(("something of the language", None));
        }
        if let Some(entity) = scope.entity
            && let Some(field) = self.field_named(entity, name)
        {
            let span = self.places.fields.get(entity.index()).and_then(|f| f.get(field.index()));
            return Some(("a field of the record", span.copied()));
        }
        if let Some((symbol, span)) = self.names.values.get(name) {
            let what = match symbol {
                ValueSymbol::Principal(_) => "a user, department or role",
                ValueSymbol::Calendar(_) => "a calendar",
                ValueSymbol::Constant(_) => "a constant",
            };
            return Some((what, Some(*span)));
        }
        if let Some(stage) = scope.stage
            && let Some(rule) = self.rule_names.in_stage.get(&(stage, name.clone()))
        {
            let span = self.rules.get(rule.0 as usize).map(|r| r.span);
            return Some(("a rule of this stage", span));
        }
        None
    }

    /// `a.b.c`
    pub(super) fn member_chain(&mut self, e: &tree::Expr, hint: Option<&Type>, scope: &mut Scope) -> Expr {
        let mut names = Vec::new();
        let mut at = e;
        while let tree::ExprKind::Member { base, name } = &*at.kind {
            names.push(name);
            at = base;
        }
        if let tree::ExprKind::Name(first) = &*at.kind {
            names.push(first);
            names.reverse();
            return self.chain(&names, hint, scope);
        }
        names.reverse();
        let x = self.infer(at, None, scope);
        self.dotted(x, &names, scope)
    }

    /// Names joined by dots, or a single one.
    pub(super) fn chain(&mut self, chain: &[&Name], hint: Option<&Type>, scope: &mut Scope) -> Expr {
        match self.chain_start(chain, hint, scope) {
            Start::Is(x, used) => self.dotted(x, &chain[used..], scope),
            Start::Mistake => mistake(whole(chain)),
        }
    }

    fn dotted(&mut self, x: Expr, names: &[&Name], scope: &mut Scope) -> Expr {
        names.iter().fold(x, |x, name| match x.ty {
            Type::Error => x,
            _ => self.member_of(x, name, scope),
        })
    }

    fn chain_start(&mut self, chain: &[&Name], hint: Option<&Type>, scope: &mut Scope) -> Start {
        let first = chain[0];
        let span = first.span;
        // A value of the enum that is wanted.
        if chain.len() == 1
            && let Some(x) = self.wanted_value(first, hint, scope)
        {
            return Start::Is(x, 1);
        }
        if let Some(local) = scope.local_named(&first.text) {
            return match &local.binding {
                LocalBinding::Value(id) => {
                    let ty = scope.frame.locals[usize::from(id.0)].ty.clone();
                    let x = node(ExprKind::Local(*id), ty, span);
                    Start::Is(self.narrowed(x, scope), 1)
                }
                LocalBinding::Outputs(outputs) => {
                    let outputs = outputs.clone();
                    self.output_of_let(chain, &outputs, scope)
                }
            };
        }
        if SPECIAL.contains(&&*first.text) {
            return self.special_name(chain, scope);
        }
        if let Some(entity) = scope.entity
            && let Some(field) = self.field_named(entity, &first.text)
        {
            if scope.constant {
                return self.unknown_before_run(first);
            }
            let x = self.own_field(entity, field, span, scope);
            return Start::Is(x, 1);
        }
        if let Some((symbol, _)) = self.names.values.get(&first.text) {
            let symbol = *symbol;
            if let (ValueSymbol::Calendar(id), Some(second)) = (symbol, chain.get(1)) {
                let span = span.to(second.span);
                let x = self.method_of_calendar((id, first.span), second, &[], span, scope);
                return Start::Is(x, 2);
            }
            return self.declared_value(first, symbol);
        }
        if chain.len() > 1
            && let Some(start) = self.qualified(chain, scope)
        {
            return start;
        }
        if let [first, second, ..] = chain
            && self.record_by_name(first, second, scope)
        {
            return Start::Mistake;
        }
        match self.output_chain(chain, whole(chain), scope) {
            OutputChain::Found { expr, used } => {
                let x = self.narrowed(expr, scope);
                return Start::Is(x, used);
            }
            OutputChain::Mistake => return Start::Mistake,
            OutputChain::NotOne => {}
        }
        self.unknown_value(chain, hint, scope);
        Start::Mistake
    }

    /// A bare name where an enum, a stage or a pipeline is wanted.
    fn wanted_value(&mut self, name: &Name, hint: Option<&Type>, scope: &Scope) -> Option<Expr> {
        let want = element(hint?);
        let value = match want {
            Type::Enum(id) => Value::Enum(self.enum_value(*id, &name.text)?),
            Type::Stage(entity) => Value::Stage(self.stage_named(*entity, name, scope)?),
            Type::Pipeline(entity) => {
                let (id, _) = self.names.pipelines.get(&name.text)?;
                if self.pipelines.get(id.index())?.entity != *entity {
                    return None;
                }
                Value::Pipeline(*id)
            }
            _ => return None,
        };
        Some(constant(value, want.clone(), name.span))
    }

    pub(super) fn enum_value(&self, id: crate::value::EnumId, name: &str) -> Option<u16> {
        self.schema.enumeration(id).values.iter().position(|v| &*v.name == name).map(|i| i as u16)
    }

    /// A stage of the pipeline around, else of the only pipeline of the entity that has one of this name.
    fn stage_named(&self, entity: EntityId, name: &Name, scope: &Scope) -> Option<StageId> {
        let in_pipeline = |stages: &[StageId]| {
            stages.iter().copied().find(|s| self.stages.get(s.index()).is_some_and(|s| s.name == name.text))
        };
        if let Some(own) = scope.pipeline.and_then(|p| self.pipelines.get(p.index()))
            && own.entity == entity
            && let Some(stage) = in_pipeline(&own.stages)
        {
            return Some(stage);
        }
        let mut found =
            self.pipelines.iter().filter(|p| p.entity == entity).filter_map(|p| in_pipeline(&p.stages));
        match (found.next(), found.next()) {
            (Some(stage), None) => Some(stage),
            _ => None,
        }
    }

    /// `Source.web`, `Sales.Won`
    fn qualified(&mut self, chain: &[&Name], _scope: &Scope) -> Option<Start> {
        let (first, second) = (chain[0], chain[1]);
        let span = first.span.to(second.span);
        if let Some((TypeSymbol::Enum(id), _)) = self.names.types.get(&first.text) {
            let id = *id;
            if let Some(value) = self.enum_value(id, &second.text) {
                return Some(Start::Is(constant(Value::Enum(value), Type::Enum(id), span), 2));
            }
            let known: Vec<_> = self.schema.enumeration(id).values.iter().map(|v| v.name.clone()).collect();
            let help = Advice::near(second.span, &second.text, known.iter().map(|n| &**n))
                .unwrap_or_else(|| Advice::say(self.listed_values(id)));
            let message = format!("`{}` has no value `{}`", first.text, second.text);
            self.report(Diagnostic::new(Code::UnknownMember, second.span, message).advised(Some(help)));
            return Some(Start::Mistake);
        }
        let (pipeline, _) = self.names.pipelines.get(&first.text)?;
        let info = self.pipelines.get(pipeline.index())?;
        if chain.len() > 2 {
            return None;
        }
        let stage =
            info.stages.iter().find(|s| self.stages.get(s.index()).is_some_and(|s| s.name == second.text))?;
        Some(Start::Is(constant(Value::Stage(*stage), Type::Stage(info.entity), span), 2))
    }

    /// `room.id`, where `let room = create_chat { … }`
    fn output_of_let(
        &mut self,
        chain: &[&Name],
        outputs: &[(std::sync::Arc<str>, crate::model::LocalId)],
        scope: &Scope,
    ) -> Start {
        let first = chain[0];
        let names: Vec<_> = outputs.iter().map(|(name, _)| format!("`{}.{name}`", first.text)).collect();
        let Some(second) = chain.get(1) else {
            let message = format!("`{}` stands for all that the action gives", first.text);
            let help = match names.is_empty() {
                true => None,
                false => Some(format!("write {}", names.join(" or "))),
            };
            self.report(Diagnostic::new(Code::NotAValue, first.span, message).maybe_help(help));
            return Start::Mistake;
        };
        if let Some((_, id)) = outputs.iter().find(|(name, _)| *name == second.text) {
            let ty = scope.frame.locals[usize::from(id.0)].ty.clone();
            let x = node(ExprKind::Local(*id), ty, first.span.to(second.span));
            return Start::Is(self.narrowed(x, scope), 2);
        }
        let message = format!("the action of `{}` gives no `{}`", first.text, second.text);
        let help = Advice::near(second.span, &second.text, outputs.iter().map(|(n, _)| &**n))
            .or_else(|| (!names.is_empty()).then(|| Advice::say(format!("it gives {}", names.join(", ")))));
        self.report(Diagnostic::new(Code::UnknownMember, second.span, message).advised(help));
        Start::Mistake
    }

    /// The calendar that a name stands for.
    pub(super) fn calendar_in_sight(&self, name: &Name, scope: &Scope) -> Option<CalendarId> {
        let hidden = scope.local_named(&name.text).is_some()
            || scope.entity.is_some_and(|entity| self.field_named(entity, &name.text).is_some());
        match self.names.values.get(&name.text) {
            Some((ValueSymbol::Calendar(id), _)) if !hidden => Some(*id),
            _ => None,
        }
    }

    fn unknown_before_run(&mut self, name: &Name) -> Start {
        let message = format!("`{}` is not known before the program runs", name.text);
        let help = crate::check::constant::NOT_CONSTANT;
        self.report(Diagnostic::new(Code::NotConstant, name.span, message).help(help));
        Start::Mistake
    }

    /// `this`, `event.x`, `old.x`, `now`, `today`, `stage`, `pipeline`
    fn special_name(&mut self, chain: &[&Name], scope: &mut Scope) -> Start {
        let first = chain[0];
        let span = first.span;
        if scope.constant {
            return self.unknown_before_run(first);
        }
        let (kind, ty) = match &*first.text {
            "event" => return self.event_member(chain, scope),
            "old" => return self.old_member(chain, scope),
            "now" => (ExprKind::Now, Type::DateTime),
            "today" => (ExprKind::Today, Type::Date),
            name => {
                let Some(entity) = scope.entity else {
                    let message = format!("there is no record here that `{name}` could speak of");
                    let help =
                        "give the function the record: `fn f(d: Deal) -> bool = …`, called as `f(this)`";
                    self.report(Diagnostic::new(Code::NoRecord, span, message).help(help));
                    return Start::Mistake;
                };
                match name {
                    "stage" => (ExprKind::Stage, Type::Stage(entity)),
                    "pipeline" => (ExprKind::Pipeline, Type::Pipeline(entity)),
                    _ => (ExprKind::This, Type::Entity(entity)),
                }
            }
        };
        Start::Is(node(kind, ty, span), 1)
    }

    fn declared_value(&mut self, name: &Name, symbol: ValueSymbol) -> Start {
        match symbol {
            ValueSymbol::Principal(id) => Start::Is(self.principal_value(id, name.span), 1),
            ValueSymbol::Constant(index) => match self.constants.get(index as usize) {
                Some(c) => match &c.value {
                    Some(value) if c.ty != Type::Error => {
                        Start::Is(constant(value.clone(), c.ty.clone(), name.span), 1)
                    }
                    _ => Start::Mistake,
                },
                None => Start::Mistake,
            },
            ValueSymbol::Calendar(_) => {
                let message = format!("the calendar `{}` is no value", name.text);
                let help = format!("ask it: `is_open({})`", name.text);
                self.report(Diagnostic::new(Code::NotAValue, name.span, message).help(help));
                Start::Mistake
            }
        }
    }

    fn principal_value(&self, id: PrincipalId, span: Span) -> Expr {
        let principal = self.schema.principal(id);
        let ty = principal_type(principal.kind);
        let value = Principal { kind: principal.kind, name: principal.name.clone() };
        constant(Value::Principal(value), ty, span)
    }

    // --- behind a dot ------------------------------------------------------------------------------

    pub(in crate::check) fn field_named(&self, entity: EntityId, name: &str) -> Option<FieldId> {
        let fields = &self.schema.entities.get(entity.index())?.fields;
        fields.iter().position(|f| &*f.name == name).map(|i| FieldId(i as u16))
    }

    fn own_field(&mut self, entity: EntityId, field: FieldId, span: Span, scope: &mut Scope) -> Expr {
        if !scope.fields_read.contains(&field) {
            scope.fields_read.push(field);
        }
        let ty = self.schema.entity(entity).fields[field.index()].ty.clone();
        let kind = if field == FIELD_STAGE { ExprKind::Stage } else { ExprKind::Field(field) };
        let x = node(kind, ty, span);
        self.narrowed(x, scope)
    }

    /// `x.name`, without parentheses.
    fn member_of(&mut self, x: Expr, name: &Name, scope: &mut Scope) -> Expr {
        let span = x.span.to(name.span);
        let optional = x.ty.is_optional();
        let found = match x.ty.inner() {
            Type::Entity(entity) => {
                let entity = *entity;
                if let Some(field) = self.field_named(entity, &name.text) {
                    if matches!(x.kind, ExprKind::This) {
                        return self.own_field(entity, field, span, scope);
                    }
                    self.reads_references = true;
                    let ty = self.schema.entity(entity).fields[field.index()].ty.clone();
                    Some((ExprKind::RefField { base: Box::new(x.clone()), entity, field }, ty))
                } else {
                    None
                }
            }
            ty @ (Type::User | Type::Department | Type::Role | Type::Recipient) => {
                match property(ty, &name.text) {
                    Some((field, ty)) => {
                        if let Some(x) = self.known_property(&x, field, &ty, span) {
                            return x;
                        }
                        Some((ExprKind::PrincipalField { base: Box::new(x.clone()), field }, ty))
                    }
                    None => None,
                }
            }
            Type::File => match &*name.text {
                "name" => Some((ExprKind::FileName(Box::new(x.clone())), Type::Text)),
                "url" => Some((ExprKind::FileUrl(Box::new(x.clone())), Type::Url)),
                _ => None,
            },
            _ => None,
        };
        match found {
            Some((_, Type::Error)) => mistake(span),
            Some((kind, ty)) => {
                let ty = if optional { ty.optional() } else { ty };
                self.narrowed(node(kind, ty, span), scope)
            }
            None => self.method_without_parentheses(x, name, scope),
        }
    }

    /// An e-mail address or phone number that the declaration says is never missing.
    fn known_property(&self, x: &Expr, field: PrincipalField, ty: &Type, span: Span) -> Option<Expr> {
        let ExprKind::Const(Value::Principal(principal)) = &x.kind else { return None };
        let declared = self.schema.principal_named(&principal.name)?;
        let known = match field {
            PrincipalField::Email => declared.email.is_some(),
            PrincipalField::Phone => declared.phone.is_some(),
            PrincipalField::Department => declared.department.is_some(),
            _ => false,
        };
        if !known {
            return None;
        }
        let property = ExprKind::PrincipalField { base: Box::new(x.clone()), field };
        let property = Box::new(node(property, ty.clone(), span));
        let kind = ExprKind::Convert { to: Conversion::Narrow, value: property };
        Some(node(kind, ty.inner().clone(), span))
    }

    fn method_without_parentheses(&mut self, x: Expr, name: &Name, scope: &mut Scope) -> Expr {
        if functions::named(&name.text).is_some() || self.names.functions.contains_key(&name.text) {
            let span = x.span.to(name.span);
            return self.method_on(x, name, &[], span, scope);
        }
        let inner = x.ty.inner().clone();
        match &inner {
            Type::Entity(entity) => self.unknown_field(*entity, name),
            other => {
                let mut known: Vec<&str> = match other {
                    Type::File => vec!["name", "url"],
                    Type::User | Type::Department | Type::Role | Type::Recipient => {
                        PROPERTIES.iter().map(|p| p.name()).filter(|p| property(other, p).is_some()).collect()
                    }
                    _ => Vec::new(),
                };
                let listed = known.clone();
                for function in functions::all().filter(|f| takes(*f, other)) {
                    known.push(function.name());
                }
                let whole = x.span.to(name.span);
                let base = self.short(x.span).map(|text| Given { text: text.to_owned(), ty: x.ty.clone() });
                let help = base
                    .and_then(|base| self.familiar(name, whole, &[base]))
                    .or_else(|| Advice::near(name.span, &name.text, known))
                    .or_else(|| {
                        let listed: Vec<_> = listed.iter().map(|n| format!("`{n}`")).collect();
                        (!listed.is_empty()).then(|| Advice::say(format!("it has {}", listed.join(", "))))
                    });
                let message = format!("{} has no `{}`", self.a(other), name.text);
                self.report(Diagnostic::new(Code::UnknownMember, name.span, message).advised(help));
            }
        }
        mistake(x.span.to(name.span))
    }
}

/// Whether `x.function` could be for an `x` of the type, further arguments left aside.
fn takes(function: functions::Function, ty: &Type) -> bool {
    let slots = function.slots();
    let first = slots.first().is_some_and(|s| s.kind == SlotKind::Value);
    let rest = slots.iter().skip(1).map(|_| functions::Given::Nothing);
    let given: Vec<_> = std::iter::once(functions::Given::Value(ty)).chain(rest).collect();
    first && !matches!(function.signature(&given), Err(SignatureError::Wanted { slot: 0, .. }))
}

const PROPERTIES: [PrincipalField; 6] = [
    PrincipalField::Name,
    PrincipalField::Id,
    PrincipalField::Email,
    PrincipalField::Phone,
    PrincipalField::Department,
    PrincipalField::Roles,
];

pub(super) fn principal_type(kind: PrincipalKind) -> Type {
    match kind {
        PrincipalKind::User => Type::User,
        PrincipalKind::Department => Type::Department,
        PrincipalKind::Role => Type::Role,
    }
}

/// A property of users, departments and roles, and its type.
fn property(of: &Type, name: &str) -> Option<(PrincipalField, Type)> {
    let field = PROPERTIES.into_iter().find(|p| p.name() == name)?;
    let ty = match field {
        PrincipalField::Name | PrincipalField::Id => Type::Text,
        _ if matches!(of, Type::Department | Type::Role) => return None,
        PrincipalField::Email => Type::Email.optional(),
        PrincipalField::Phone => Type::Phone.optional(),
        _ if *of == Type::Recipient => return None,
        PrincipalField::Department => Type::Department.optional(),
        PrincipalField::Roles => Type::Role.list(),
    };
    Some((field, ty))
}

fn whole(chain: &[&Name]) -> Span {
    match chain.last() {
        Some(last) => chain[0].span.to(last.span),
        None => chain[0].span,
    }
}
