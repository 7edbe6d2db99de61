//! The types of the built-in functions: what each argument must be, and what comes out.

use super::{Function, SlotKind};
use crate::schema::{Type, WEEKDAY_ENUM};
use crate::value::compare::is_ordered;
use crate::value::{Currency, Duration, Money, Value};
use rust_decimal::Decimal;

/// What stands in a slot.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    Value(&'a Type),
    /// The type of the expression after `=>`.
    Lambda(&'a Type),
    Calendar,
    Currency(Currency),
    /// No argument.
    Nothing,
}

/// How a function is called with arguments of certain types.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// One for each slot, then one for each hidden slot: the arguments of the call, in this order.
    pub params: Vec<Param>,
    pub result: Type,
}

/// What a slot's argument becomes.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// The argument, converted to this type.
    Value(Type),
    /// The expression after `=>`, converted to this type.
    Lambda(Type),
    /// The constant `Value::Int` with the calendar's number, of type [`calendar_type`].
    Calendar,
    /// The constant `Value::Text` with the code, of type text.
    Currency,
    /// Filled in.
    Filled(Filled),
    /// No argument at all.
    Absent,
}

/// What is filled in where no argument was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Filled {
    Constant(Value, Type),
    /// The instant `now`, a datetime.
    Now,
    /// The pipeline's hours: the constant `Value::None` of type [`calendar_type`].
    Hours,
}

/// Why arguments do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureError {
    /// Argument number `arg` (from 0, the base of a method call counted) is one too many.
    TooMany { arg: usize, at_most: usize },
    /// These slots have no argument.
    Missing { names: Vec<&'static str> },
    /// The function has no slot of this argument's name.
    UnknownName { arg: usize },
    /// A second argument for a slot.
    Twice { arg: usize, name: &'static str },
    /// An argument without name after one with a name.
    AfterNamed { arg: usize },
    /// The argument of this slot may be `none`, and wants to be tested first.
    Optional { slot: usize },
    /// The argument of this slot should be something else: `a text`, `a list of numbers`.
    Wanted { slot: usize, expected: &'static str },
    /// The second argument of `min`, `max` or `days_between` does not go with the first.
    Different { slot: usize },
}

/// The type of a calendar argument in a call: its number, or `none` for the pipeline's hours.
pub fn calendar_type() -> Type {
    Type::Int.optional()
}

impl Function {
    /// What the arguments must be converted to, and the type of the result. `given` has one entry for each
    /// slot ([`Function::slots`]).
    pub fn signature(self, given: &[Given]) -> Result<Signature, SignatureError> {
        Args { given }.signature(self)
    }

    /// The type of the `x` in `x => …`, for a list of the given type in the first slot.
    pub fn element(list: &Type) -> Option<&Type> {
        match list {
            Type::List(element) => Some(element),
            _ => None,
        }
    }

    /// Whether a call without `=>` may be made with arguments of exactly these types, defaults filled in, and
    /// gives the result: for the verifier.
    pub fn accepts(self, args: &[Type], result: &Type) -> bool {
        let slots = self.slots();
        let currency = match result {
            Type::Money(Some(currency)) => Some(*currency),
            _ => None,
        };
        let mut given = Vec::with_capacity(slots.len());
        for (at, slot) in slots.iter().enumerate() {
            given.push(match (slot.kind, args.get(at)) {
                (SlotKind::Value, Some(ty)) => Given::Value(ty),
                (SlotKind::Calendar, Some(_)) => Given::Calendar,
                (SlotKind::Currency, Some(_)) => match currency {
                    Some(currency) => Given::Currency(currency),
                    None => return false,
                },
                (SlotKind::Lambda, None) | (SlotKind::Value, None) if !slot.required => Given::Nothing,
                _ => return false,
            });
        }
        let Ok(signature) = self.signature(&given) else { return false };
        let wanted: Vec<Type> = signature.params.iter().filter_map(Param::ty).collect();
        wanted == args && signature.result == *result
    }
}

impl Param {
    /// The type of the argument in the call; `None` if there is none.
    pub fn ty(&self) -> Option<Type> {
        match self {
            Param::Value(ty) => Some(ty.clone()),
            Param::Calendar | Param::Filled(Filled::Hours) => Some(calendar_type()),
            Param::Currency => Some(Type::Text),
            Param::Filled(Filled::Constant(_, ty)) => Some(ty.clone()),
            Param::Filled(Filled::Now) => Some(Type::DateTime),
            Param::Lambda(_) | Param::Absent => None,
        }
    }
}

struct Args<'a> {
    given: &'a [Given<'a>],
}

type Answer = Result<Signature, SignatureError>;

fn answer(params: impl Into<Vec<Param>>, result: Type) -> Answer {
    Ok(Signature { params: params.into(), result })
}

impl<'a> Args<'a> {
    fn signature(&self, function: Function) -> Answer {
        match function {
            Function::Len => answer([self.text(0)?], Type::Int),
            Function::Lower | Function::Upper | Function::Trim => answer([self.text(0)?], Type::Text),
            Function::Replace => answer([self.text(0)?, self.text(1)?, self.text(2)?], Type::Text),
            Function::Split => answer([self.text(0)?, self.text(1)?], Type::Text.list()),
            Function::Left | Function::Right => answer([self.text(0)?, self.int(1)?], Type::Text),
            Function::Join => {
                let element = self.list(0)?;
                if !is_text(element) {
                    return self.wanted(0, "a list of texts");
                }
                answer([Param::Value(Type::Text.list()), self.text(1)?], Type::Text)
            }
            Function::Round => {
                let x = self.decimal_or_money(0)?;
                let digits = match self.at(1) {
                    Given::Nothing => Param::Filled(Filled::Constant(Value::Int(0), Type::Int)),
                    _ => self.int(1)?,
                };
                answer([Param::Value(x.clone()), digits], x)
            }
            Function::Floor | Function::Ceil => {
                let x = self.decimal_or_money(0)?;
                let result = if x == Type::Decimal { Type::Int } else { x.clone() };
                answer([Param::Value(x)], result)
            }
            Function::Abs => match self.value(0)? {
                ty @ (Type::Int | Type::Decimal | Type::Money(_) | Type::Error) => {
                    answer([Param::Value(ty.clone())], ty.clone())
                }
                _ => self.wanted(0, "a number or an amount"),
            },
            Function::Min | Function::Max => self.extreme(),
            Function::Count => {
                let list = self.list(0)?;
                answer([Param::Value(list.clone().list())], Type::Int)
            }
            Function::First | Function::Last => {
                let element = self.list(0)?;
                answer([Param::Value(element.clone().list())], element.clone().optional())
            }
            Function::Any | Function::All => {
                let element = self.list(0)?;
                answer([Param::Value(element.clone().list()), self.condition(1)?], Type::Bool)
            }
            Function::Filter => {
                let list = self.list(0)?.clone().list();
                answer([Param::Value(list.clone()), self.condition(1)?], list)
            }
            Function::Map => {
                let element = self.list(0)?;
                let made = self.lambda(1)?;
                answer(
                    [Param::Value(element.clone().list()), Param::Lambda(made.clone())],
                    made.clone().list(),
                )
            }
            Function::Sort => {
                let element = self.list(0)?;
                let by = match self.at(1) {
                    Given::Nothing if orders(element) => Param::Absent,
                    Given::Nothing => {
                        return self
                            .wanted(0, "a list of things that stand in an order, or a key to sort by");
                    }
                    _ => {
                        let key = self.lambda(1)?;
                        if !orders(key) {
                            return self.wanted(
                                1,
                                "a key that stands in an order: a number, an amount, a text or a time",
                            );
                        }
                        Param::Lambda(key.clone())
                    }
                };
                answer([Param::Value(element.clone().list()), by], element.clone().list())
            }
            Function::Unique => {
                let list = self.list(0)?.clone().list();
                answer([Param::Value(list.clone())], list)
            }
            Function::Sum => {
                let element = self.list(0)?.clone();
                // What the sum of nothing is; for money of an unknown currency there is no such thing.
                let (ty, zero) = match &element {
                    Type::Int | Type::Never => (Type::Int, Value::Int(0)),
                    Type::Decimal => (Type::Decimal, Value::Decimal(Decimal::ZERO)),
                    Type::Money(Some(currency)) => {
                        (element.clone(), Value::Money(Money { amount: Decimal::ZERO, currency: *currency }))
                    }
                    Type::Money(None) => (element.clone(), Value::None),
                    Type::Duration => (Type::Duration, Value::Duration(Duration { days: 0, seconds: 0 })),
                    Type::Error => (Type::Error, Value::None),
                    _ => return self.wanted(0, "a list of numbers, amounts or durations"),
                };
                let zero = Param::Filled(Filled::Constant(zero, ty.clone().optional()));
                answer([Param::Value(element.list()), zero], ty)
            }
            Function::Pick => {
                let element = self.list(0)?;
                answer([Param::Value(element.clone().list())], element.clone())
            }
            Function::Date => answer([self.instant(0)?], Type::Date),
            Function::Time => answer([self.instant(0)?], Type::Time),
            Function::Year | Function::Month | Function::Day => answer([self.day(0)?], Type::Int),
            Function::Weekday => answer([self.day(0)?], Type::Enum(WEEKDAY_ENUM)),
            Function::Hour => match self.value(0)? {
                ty @ (Type::DateTime | Type::Time | Type::Error) => {
                    answer([Param::Value(ty.clone())], Type::Int)
                }
                _ => self.wanted(0, "a datetime or a time"),
            },
            Function::DaysBetween => answer([self.day(0)?, self.day(1)?], Type::Int),
            Function::AddMonths => {
                let date = self.day(0)?;
                let result = self.value(0)?.clone();
                answer([date, self.int(1)?], result)
            }
            Function::AddWorkdays => match self.value(0)? {
                Type::Date | Type::Error => {
                    answer([Param::Value(Type::Date), self.int(1)?, self.calendar(2)], Type::Date)
                }
                _ => self.wanted(0, "a date"),
            },
            Function::AddWorkHours => {
                let at = self.instant(0)?;
                match self.value(1)? {
                    Type::Int | Type::Decimal | Type::Error => {}
                    _ => return self.wanted(1, "a number"),
                }
                answer([at, Param::Value(Type::Decimal), self.calendar(2)], Type::DateTime)
            }
            Function::StartOfDay => answer([self.day(0)?], Type::DateTime),
            Function::StartOfMonth => {
                let date = self.day(0)?;
                answer([date], self.value(0)?.clone())
            }
            Function::IsOpen => {
                let at = match self.at(1) {
                    Given::Nothing => Param::Filled(Filled::Now),
                    _ => self.instant(1)?,
                };
                answer([self.calendar(0), at], Type::Bool)
            }
            Function::In => {
                let money = self.money(0)?;
                let Given::Currency(currency) = self.at(1) else { return self.wanted(1, "a currency") };
                answer([money, Param::Currency], Type::Money(Some(currency)))
            }
            Function::Currency => answer([self.money(0)?], Type::Text),
            Function::Value => answer([self.money(0)?], Type::Decimal),
            Function::Format => {
                let x = match self.value(0)? {
                    ty @ (Type::Int
                    | Type::Decimal
                    | Type::Money(_)
                    | Type::Date
                    | Type::Time
                    | Type::DateTime
                    | Type::Error) => Param::Value(ty.clone()),
                    _ => return self.wanted(0, "a number, an amount, a date or a time"),
                };
                answer([x, self.text(1)?], Type::Text)
            }
        }
    }

    /// `min` and `max`: of two, or of a list.
    fn extreme(&self) -> Answer {
        let first = self.value(0)?;
        if let (Type::List(element), Given::Nothing) = (first, self.at(1)) {
            if !orders(element) {
                return self.wanted(0, "a list of things that stand in an order");
            }
            return answer([Param::Value(first.clone()), Param::Absent], (**element).clone().optional());
        }
        if let Given::Nothing = self.at(1) {
            return match first {
                Type::Error => answer([Param::Value(Type::Error), Param::Absent], Type::Error),
                _ => self.wanted(0, "a list, or one of two things to compare"),
            };
        }
        if !orders(first) {
            return self
                .wanted(0, "something that stands in an order: a number, an amount, a text or a time");
        }
        let second = self.value(1)?;
        let number = |ty: &Type| matches!(ty, Type::Int | Type::Decimal);
        let common = match (first, second) {
            (Type::Error, other) | (other, Type::Error) => other.clone(),
            (a, b) if a == b => a.clone(),
            (a, b) if number(a) && number(b) => Type::Decimal,
            (a, b) if is_text(a) && is_text(b) => Type::Text,
            _ => return Err(SignatureError::Different { slot: 1 }),
        };
        answer([Param::Value(common.clone()), Param::Value(common.clone())], common)
    }

    fn at(&self, slot: usize) -> Given<'a> {
        self.given.get(slot).copied().unwrap_or(Given::Nothing)
    }

    fn wanted<T>(&self, slot: usize, expected: &'static str) -> Result<T, SignatureError> {
        Err(SignatureError::Wanted { slot, expected })
    }

    /// The type of an argument that must not be optional.
    fn value(&self, slot: usize) -> Result<&'a Type, SignatureError> {
        match self.at(slot) {
            Given::Value(Type::Optional(_)) => Err(SignatureError::Optional { slot }),
            Given::Value(ty) => Ok(ty),
            _ => self.wanted(slot, "a value"),
        }
    }

    fn lambda(&self, slot: usize) -> Result<&'a Type, SignatureError> {
        match self.at(slot) {
            Given::Lambda(Type::Optional(_)) => Err(SignatureError::Optional { slot }),
            Given::Lambda(ty) => Ok(ty),
            _ => self.wanted(slot, "an expression for each element: `x => …`"),
        }
    }

    fn condition(&self, slot: usize) -> Result<Param, SignatureError> {
        match self.lambda(slot)? {
            Type::Bool | Type::Error => Ok(Param::Lambda(Type::Bool)),
            _ => self.wanted(slot, "a condition"),
        }
    }

    fn text(&self, slot: usize) -> Result<Param, SignatureError> {
        if is_text(self.value(slot)?) { Ok(Param::Value(Type::Text)) } else { self.wanted(slot, "a text") }
    }

    fn int(&self, slot: usize) -> Result<Param, SignatureError> {
        match self.value(slot)? {
            Type::Int | Type::Error => Ok(Param::Value(Type::Int)),
            _ => self.wanted(slot, "a whole number"),
        }
    }

    fn decimal_or_money(&self, slot: usize) -> Result<Type, SignatureError> {
        match self.value(slot)? {
            Type::Int | Type::Decimal => Ok(Type::Decimal),
            ty @ (Type::Money(_) | Type::Error) => Ok(ty.clone()),
            _ => self.wanted(slot, "a number or an amount"),
        }
    }

    fn money(&self, slot: usize) -> Result<Param, SignatureError> {
        match self.value(slot)? {
            ty @ (Type::Money(_) | Type::Error) => Ok(Param::Value(ty.clone())),
            _ => self.wanted(slot, "an amount of money"),
        }
    }

    fn instant(&self, slot: usize) -> Result<Param, SignatureError> {
        match self.value(slot)? {
            Type::DateTime | Type::Error => Ok(Param::Value(Type::DateTime)),
            _ => self.wanted(slot, "a datetime"),
        }
    }

    /// A date, or a datetime for its date.
    fn day(&self, slot: usize) -> Result<Param, SignatureError> {
        match self.value(slot)? {
            ty @ (Type::Date | Type::DateTime | Type::Error) => Ok(Param::Value(ty.clone())),
            _ => self.wanted(slot, "a date or a datetime"),
        }
    }

    fn calendar(&self, slot: usize) -> Param {
        match self.at(slot) {
            Given::Nothing => Param::Filled(Filled::Hours),
            _ => Param::Calendar,
        }
    }

    /// The type of a list's elements.
    fn list(&self, slot: usize) -> Result<&'a Type, SignatureError> {
        match self.value(slot)? {
            Type::List(element) => Ok(element),
            ty @ Type::Error => Ok(ty),
            _ => self.wanted(slot, "a list"),
        }
    }
}

/// Text, and what converts to it.
fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Email | Type::Phone | Type::Url | Type::Never | Type::Error)
}

fn orders(ty: &Type) -> bool {
    is_ordered(ty) || matches!(ty, Type::Never | Type::Error)
}
