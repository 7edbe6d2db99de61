//! A plain evaluator that walks the checked expressions: slow, simple, and written from the language's
//! reference alone. The machine must agree with it.
//!
//! Primitive operations (one addition, one built-in function, the printing of one value) are shared with
//! the machine and have tables of their own; everything that joins them is done here a second time.

use stagegate::model::*;
use stagegate::schema::{FIELD_ID, FIELD_STAGE, Type};
use stagegate::syntax::tree::StageKind;
use stagegate::value::call::{self, Env};
use stagegate::value::functions::Function;
use stagegate::value::print::{Labels, Printer};
use stagegate::value::*;
use stagegate::value::{compare, ops, time, validate};
use stagegate::vm::Context;
use std::cmp::Ordering;
use std::collections::HashMap;

/// The values of variables. What is not in it has not been bound.
pub type Locals = HashMap<LocalId, Value>;

/// Evaluates expressions of one model in one situation.
pub struct Evaluator<'m, 'c> {
    pub model: &'m Model,
    pub at: Context<'c>,
    labels: &'m Labelled,
}

/// What stages and pipelines are called.
pub struct Labelled {
    stages: Vec<Text>,
    pipelines: Vec<Text>,
}

impl Labelled {
    pub fn of(model: &Model) -> Self {
        Labelled {
            stages: model.stages.iter().map(|s| s.label.clone()).collect(),
            pipelines: model.pipelines.iter().map(|p| p.label.clone()).collect(),
        }
    }
}

type Answer = Result<Value, Failure>;

impl<'m, 'c> Evaluator<'m, 'c> {
    pub fn new(model: &'m Model, labels: &'m Labelled, at: Context<'c>) -> Self {
        Evaluator { model, at, labels }
    }

    pub fn eval(&self, e: &Expr, locals: &mut Locals) -> Answer {
        Ok(match &e.kind {
            ExprKind::Const(value) => value.clone(),
            ExprKind::Local(id) => {
                locals.get(id).cloned().ok_or_else(|| broken("a variable without value"))?
            }
            ExprKind::Field(field) => self.at.record[field.index()].clone(),
            ExprKind::This => match &self.at.record[FIELD_ID.index()] {
                Value::Text(id) => Value::Ref(id.clone()),
                other => return Err(broken(format!("an id that is {other:?}"))),
            },
            ExprKind::RefField { base, entity, field } => match self.eval(base, locals)? {
                Value::None => Value::None,
                Value::Ref(id) => match self.record(*entity, &id) {
                    Some(record) => record[field.index()].clone(),
                    None => return Err(Failure::new(FailureCode::MissingRecord, format!("no `{id}`"))),
                },
                other => return Err(broken(format!("a reference that is {other:?}"))),
            },
            ExprKind::RefExists { base, entity } => match self.eval(base, locals)? {
                Value::None => Value::Bool(false),
                Value::Ref(id) => Value::Bool(self.record(*entity, &id).is_some()),
                other => return Err(broken(format!("a reference that is {other:?}"))),
            },
            ExprKind::Payload(table) => {
                let found = self.at.event.and_then(|view| {
                    let is = |wanted| view.event.is_some_and(|e| self.model.schema.event_is(e, wanted));
                    let (_, slot) = table.iter().find(|(wanted, _)| is(*wanted))?;
                    Some(view.payload[usize::from(*slot)].clone())
                });
                there(found, e)?
            }
            ExprKind::EventType => there(self.at.event.map(|view| Value::Text(view.name.into())), e)?,
            ExprKind::EventTime => there(self.at.event.map(|view| Value::DateTime(view.time)), e)?,
            ExprKind::Old(field) => there(self.at.old.map(|old| old[field.index()].clone()), e)?,
            ExprKind::Output(output) => there((self.at.output)(*output).cloned(), e)?,
            ExprKind::Now => Value::DateTime(self.at.now),
            ExprKind::Today => Value::Date(time::local_date(self.at.now, self.pipeline().timezone)),
            ExprKind::Stage => self.at.record[FIELD_STAGE.index()].clone(),
            ExprKind::Pipeline => Value::Pipeline(self.at.pipeline),
            ExprKind::PrincipalField { base, field } => match self.eval(base, locals)? {
                Value::None => Value::None,
                Value::Principal(principal) => self.property(&principal, *field),
                other => return Err(broken(format!("a person that is {other:?}"))),
            },
            ExprKind::FileName(base) => match self.eval(base, locals)? {
                Value::None => Value::None,
                Value::File(file) => Value::Text(file.name.clone()),
                other => return Err(broken(format!("a file that is {other:?}"))),
            },
            ExprKind::FileUrl(base) => match self.eval(base, locals)? {
                Value::None => Value::None,
                Value::File(file) => Value::Text(file.url.clone()),
                other => return Err(broken(format!("a file that is {other:?}"))),
            },
            ExprKind::Text(parts) => {
                let mut out = String::new();
                for part in parts {
                    self.print_part(part, locals, &mut out)?;
                }
                Value::Text(out.into())
            }
            ExprKind::List(items) => {
                let items: Result<Vec<Value>, Failure> = items.iter().map(|i| self.eval(i, locals)).collect();
                Value::List(items?.into())
            }
            ExprKind::Not(inner) => Value::Bool(!self.test(inner, locals)?),
            ExprKind::And(left, right) => Value::Bool(self.test(left, locals)? && self.test(right, locals)?),
            ExprKind::Or(left, right) => Value::Bool(self.test(left, locals)? || self.test(right, locals)?),
            ExprKind::If { condition, then, otherwise } => {
                let branch = if self.test(condition, locals)? { then } else { otherwise };
                self.eval(branch, locals)?
            }
            ExprKind::Equal { left, right, negated } => {
                let (left, right) = (self.eval(left, locals)?, self.eval(right, locals)?);
                Value::Bool(compare::equal(&left, &right) != *negated)
            }
            ExprKind::EqualIgnoreCase { left, right } => {
                let (left, right) = (self.eval(left, locals)?, self.eval(right, locals)?);
                Value::Bool(compare::eq_ignore_case(&left, &right))
            }
            ExprKind::Order { op, left, right } => {
                let (left, right) = (self.eval(left, locals)?, self.eval(right, locals)?);
                let order = compare::compare(&left, &right)?;
                Value::Bool(match op {
                    OrderOp::Less => order == Ordering::Less,
                    OrderOp::LessOrEqual => order != Ordering::Greater,
                    OrderOp::Greater => order == Ordering::Greater,
                    OrderOp::GreaterOrEqual => order != Ordering::Less,
                })
            }
            ExprKind::Between { value, low, high } => {
                let value = self.eval(value, locals)?;
                let low = self.eval(low, locals)?;
                if compare::compare(&low, &value)? == Ordering::Greater {
                    return Ok(Value::Bool(false));
                }
                let high = self.eval(high, locals)?;
                Value::Bool(compare::compare(&value, &high)? != Ordering::Greater)
            }
            ExprKind::In { value, list, negated } => {
                let (value, list) = (self.eval(value, locals)?, self.eval(list, locals)?);
                let found = elements(&list)?.iter().any(|element| compare::equal(element, &value));
                Value::Bool(found != *negated)
            }
            ExprKind::ContainsText { text, part, negated } => {
                let (text, part) = (self.eval(text, locals)?, self.eval(part, locals)?);
                Value::Bool(compare::contains(&text, &part) != *negated)
            }
            ExprKind::StartsWith { text, part } => {
                let (text, part) = (self.eval(text, locals)?, self.eval(part, locals)?);
                Value::Bool(compare::starts_with(&text, &part))
            }
            ExprKind::EndsWith { text, part } => {
                let (text, part) = (self.eval(text, locals)?, self.eval(part, locals)?);
                Value::Bool(compare::ends_with(&text, &part))
            }
            ExprKind::Matches { text, regex } => {
                let regex = regex::Regex::new(regex).map_err(|e| broken(format!("a pattern: {e}")))?;
                Value::Bool(regex.is_match(as_text(&self.eval(text, locals)?)?))
            }
            ExprKind::IsSet(inner) => Value::Bool(self.eval(inner, locals)? != Value::None),
            ExprKind::IsEmpty(inner) => Value::Bool(match self.eval(inner, locals)? {
                Value::None => true,
                Value::Text(text) => text.trim().is_empty(),
                Value::List(items) => items.is_empty(),
                _ => false,
            }),
            ExprKind::StageIs { stage, kinds } => match self.eval(stage, locals)? {
                Value::Stage(id) => Value::Bool(self.stage_is(id, kinds)),
                other => return Err(broken(format!("a stage that is {other:?}"))),
            },
            ExprKind::Default { left, right } => match self.eval(left, locals)? {
                Value::None => self.eval(right, locals)?,
                set => set,
            },
            ExprKind::Arith { op, args } => {
                let left = self.eval(&args[0], locals)?;
                let right = match args.get(1) {
                    Some(right) => self.eval(right, locals)?,
                    None => left.clone(),
                };
                ops::arith(*op, &left, &right, self.pipeline().timezone)?
            }
            ExprKind::Convert { to, value } => {
                let optional = value.ty.is_optional() && e.ty.is_optional();
                let value = self.eval(value, locals)?;
                if optional && value == Value::None { Value::None } else { self.convert(*to, value)? }
            }
            ExprKind::Call { function, args } => {
                let args: Result<Vec<Value>, Failure> = args.iter().map(|a| self.eval(a, locals)).collect();
                call::call(*function, &args?, &self.env()?)?
            }
            ExprKind::ListOp { function, list, local, body } => {
                let list = self.eval(list, locals)?;
                let outside = locals.remove(local);
                let value = self.list_op(*function, elements(&list)?, *local, body, locals);
                locals.remove(local);
                if let Some(outside) = outside {
                    locals.insert(*local, outside);
                }
                value?
            }
            ExprKind::CallFn { function, args } => {
                let function = &self.model.functions[function.index()];
                let mut inside = Locals::new();
                for (param, arg) in function.params.iter().zip(args) {
                    inside.insert(*param, self.eval(arg, locals)?);
                }
                self.eval(&function.body, &mut inside)?
            }
        })
    }

    /// A value that is true or false.
    pub fn test(&self, e: &Expr, locals: &mut Locals) -> Result<bool, Failure> {
        match self.eval(e, locals)? {
            Value::Bool(value) => Ok(value),
            other => Err(broken(format!("a condition that is {other:?}"))),
        }
    }

    fn list_op(
        &self,
        function: Function,
        items: &[Value],
        local: LocalId,
        body: &Expr,
        locals: &mut Locals,
    ) -> Answer {
        let mut of = |item: &Value| {
            locals.insert(local, item.clone());
            self.eval(body, locals)
        };
        let holds = |value: Value| match value {
            Value::Bool(value) => Ok(value),
            other => Err(broken(format!("a condition that is {other:?}"))),
        };
        match function {
            Function::Any => {
                for item in items {
                    if holds(of(item)?)? {
                        return Ok(Value::Bool(true));
                    }
                }
                Ok(Value::Bool(false))
            }
            Function::All => {
                for item in items {
                    if !holds(of(item)?)? {
                        return Ok(Value::Bool(false));
                    }
                }
                Ok(Value::Bool(true))
            }
            Function::Filter => {
                let mut kept = Vec::new();
                for item in items {
                    if holds(of(item)?)? {
                        kept.push(item.clone());
                    }
                }
                Ok(Value::List(kept.into()))
            }
            Function::Map => {
                let mapped: Result<Vec<Value>, Failure> = items.iter().map(of).collect();
                Ok(Value::List(mapped?.into()))
            }
            Function::Sort => {
                let keys: Result<Vec<Value>, Failure> = items.iter().map(of).collect();
                sorted(items, &keys?)
            }
            other => Err(broken(format!("`{}` with an arrow", other.name()))),
        }
    }

    fn convert(&self, to: Conversion, value: Value) -> Answer {
        let text = |value: Value, check: fn(&str) -> Result<(), Failure>| {
            check(as_text(&value)?)?;
            Ok(value)
        };
        match to {
            Conversion::IntToDecimal => ops::int_to_decimal(&value),
            Conversion::ToOptional | Conversion::Widen => Ok(value),
            Conversion::Narrow if value == Value::None => Err(Failure::new(FailureCode::NotSet, "not set")),
            Conversion::Narrow => Ok(value),
            Conversion::ToList => Ok(Value::List(vec![value].into())),
            Conversion::TextToEmail => text(value, validate::email),
            Conversion::TextToPhone => text(value, validate::phone),
            Conversion::TextToUrl => text(value, validate::url),
            Conversion::TextToOpaque => Ok(value),
            Conversion::TextToRef => match value {
                Value::Text(id) => Ok(Value::Ref(id)),
                other => Err(broken(format!("an id that is {other:?}"))),
            },
            Conversion::DateToInstant => match value {
                Value::Date(date) => Ok(Value::DateTime(time::start_of_day(date, self.pipeline().timezone))),
                other => Err(broken(format!("a date that is {other:?}"))),
            },
            Conversion::ListIntToDecimal => {
                let items: Result<Vec<Value>, Failure> =
                    elements(&value)?.iter().map(ops::int_to_decimal).collect();
                Ok(Value::List(items?.into()))
            }
        }
    }

    fn print_part(&self, part: &TextPart, locals: &mut Locals, out: &mut String) -> Result<(), Failure> {
        match part {
            TextPart::Literal(text) => out.push_str(text),
            TextPart::Placeholder { value, format, default } => {
                let (printed, ty, format) = match (self.eval(value, locals)?, default) {
                    (Value::None, Some(default)) => (self.eval(default, locals)?, &default.ty, &None),
                    (Value::None, None) => return Err(Failure::new(FailureCode::NotSet, "not set")),
                    (set, _) => (set, value.ty.inner(), format),
                };
                let printer = self.printer();
                match format {
                    Some(format) => printer.format(&printed, format, out)?,
                    None => printer.print(&printed, ty, out),
                }
            }
        }
        Ok(())
    }

    /// A value as a placeholder prints it.
    pub fn printed(&self, value: &Value, ty: &Type) -> String {
        let mut out = String::new();
        self.printer().print(value, ty, &mut out);
        out
    }

    fn printer(&self) -> Printer<'_> {
        Printer {
            schema: &self.model.schema,
            labels: Labels { stages: &self.labels.stages, pipelines: &self.labels.pipelines },
            tz: self.pipeline().timezone,
            locale: None,
        }
    }

    fn env(&self) -> Result<Env<'_>, Failure> {
        let pipeline = self.pipeline();
        Ok(Env {
            schema: &self.model.schema,
            tz: pipeline.timezone,
            now: self.at.now,
            record_id: as_text(&self.at.record[FIELD_ID.index()])?,
            hours: pipeline.hours,
            locale: None,
        })
    }

    fn pipeline(&self) -> &Pipeline {
        &self.model.pipelines[self.at.pipeline.index()]
    }

    /// The record of an id: this one, or another of the partition.
    fn record(&self, entity: EntityId, id: &str) -> Option<&'c [Value]> {
        let own = &self.at.record[FIELD_ID.index()];
        if entity == self.at.entity && matches!(own, Value::Text(own) if **own == *id) {
            return Some(self.at.record);
        }
        (self.at.lookup)(entity, id)
    }

    fn stage_is(&self, id: StageId, kinds: &[StageKind]) -> bool {
        let stage = self.model.stages.iter().find(|s| s.id == id);
        stage.is_some_and(|s| kinds.contains(&s.kind))
    }

    fn property(&self, of: &Principal, field: PrincipalField) -> Value {
        let schema = &self.model.schema;
        let declared = schema.principals.iter().find(|p| p.kind == of.kind && p.name == of.name);
        let principal = |id: PrincipalId| {
            let p = schema.principal(id);
            Value::Principal(Principal { kind: p.kind, name: p.name.clone() })
        };
        let text = |text: Option<&Text>| text.map_or(Value::None, |t| Value::Text(t.clone()));
        match field {
            PrincipalField::Id => Value::Text(of.name.clone()),
            PrincipalField::Name => Value::Text(declared.map_or(&of.name, |p| &p.label).clone()),
            PrincipalField::Email => text(declared.and_then(|p| p.email.as_ref())),
            PrincipalField::Phone => text(declared.and_then(|p| p.phone.as_ref())),
            PrincipalField::Department => declared.and_then(|p| p.department).map_or(Value::None, principal),
            PrincipalField::Roles => {
                let roles = declared.map_or(&[][..], |p| &p.roles);
                Value::List(roles.iter().map(|id| principal(*id)).collect())
            }
        }
    }
}

/// What an event or a rule brought, `none` without it where the checker allows for that.
fn there(value: Option<Value>, e: &Expr) -> Answer {
    match value {
        Some(value) => Ok(value),
        None if e.ty.is_optional() => Ok(Value::None),
        None => Err(Failure::new(FailureCode::NotSet, "it is not there")),
    }
}

/// In the order of the keys, by insertion: equal ones stay as they stood.
fn sorted(items: &[Value], keys: &[Value]) -> Answer {
    let mut order: Vec<usize> = Vec::new();
    for at in 0..items.len() {
        let mut place = order.len();
        while place > 0 && compare::compare(&keys[order[place - 1]], &keys[at])? == Ordering::Greater {
            place -= 1;
        }
        order.insert(place, at);
    }
    Ok(Value::List(order.into_iter().map(|at| items[at].clone()).collect()))
}

fn elements(list: &Value) -> Result<&[Value], Failure> {
    match list {
        Value::List(items) => Ok(items),
        other => Err(broken(format!("a list that is {other:?}"))),
    }
}

fn as_text(value: &Value) -> Result<&str, Failure> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(broken(format!("a text that is {other:?}"))),
    }
}

/// What cannot happen in a checked program: no test expects it.
fn broken(what: impl Into<String>) -> Failure {
    Failure::new(FailureCode::WrongType, what)
}
