//! Run-time values: what fields, payloads, registers and constants hold.
//!
//! A value does not carry its full type: the checker knows it. An enum value is its position, an opaque
//! identity, an e-mail address, a phone number and a URL are texts, a reference is the id of its record.

pub mod calendar;
pub mod call;
pub mod compare;
mod currency;
pub(crate) mod digits;
mod exact;
pub mod failure;
mod file;
pub mod functions;
pub mod json;
pub mod limits;
pub mod locale;
pub(crate) mod nested;
#[cfg(test)]
mod notation;
pub mod ops;
pub mod pattern;
pub mod print;
pub(crate) mod text;
pub mod time;
pub mod validate;

pub use currency::Currency;
pub use failure::{Failure, FailureCode};
pub use text::Text;

use crate::syntax::tree::PrincipalKind;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A run-time value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// The `none` of every optional type.
    None,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Money(Money),
    /// `text`, `email`, `phone`, `url`, opaque identities.
    Text(Text),
    Date(#[serde(serialize_with = "digits::serialize_date")] NaiveDate),
    Time(NaiveTime),
    DateTime(#[serde(serialize_with = "digits::serialize_instant")] DateTime<Utc>),
    Duration(Duration),
    /// The position in the enum's values.
    Enum(u16),
    Stage(StageId),
    Pipeline(PipelineId),
    /// A user, department or role, declared or named by an event.
    Principal(Principal),
    /// The id of a record; the type says of which entity.
    Ref(Text),
    File(Arc<File>),
    List(#[serde(deserialize_with = "nested::deserialize")] Arc<[Value]>),
}

/// An exact amount of a currency. Equal amounts of one currency are equal whatever digits they carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub amount: Decimal,
    pub currency: Currency,
}

/// So many calendar days and so many exact seconds. Compared as 24-hour days.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Duration {
    pub days: i64,
    pub seconds: i64,
}

impl Duration {
    /// The length in seconds, a day taken as 24 hours. Cannot overflow in `i128`.
    pub fn total_seconds(self) -> i128 {
        i128::from(self.days) * 86_400 + i128::from(self.seconds)
    }
}

impl PartialEq for Duration {
    fn eq(&self, other: &Self) -> bool {
        self.total_seconds() == other.total_seconds()
    }
}

impl Eq for Duration {}

impl std::hash::Hash for Duration {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.total_seconds().hash(state);
    }
}

/// Whom rules speak to and for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// The declared name, or the id an event brought.
    pub name: Text,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct File {
    pub name: Text,
    pub url: Text,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub $int);

        impl $name {
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// An entity of the schema.
    EntityId(u16);
    /// An enum of the schema.
    EnumId(u16);
    /// An opaque type of the schema.
    OpaqueId(u16);
    /// An event of the schema.
    EventId(u16);
    /// An action of the schema.
    ActionId(u16);
    /// A declared user, department or role.
    PrincipalId(u16);
    CalendarId(u16);
    /// A user function.
    FnId(u32);
    PipelineId(u16);
    /// A stage, counted over all pipelines in program order.
    StageId(u16);
    /// A rule, counted over the whole program in program order.
    RuleId(u32);
    /// A trigger, counted over the whole program in program order.
    TriggerId(u32);
    /// What a `let` at the top of a rule's body binds, counted over the whole program.
    OutputId(u32);
    /// A field: its position among the entity's fields, after the built-in ones (see [`crate::schema`]).
    FieldId(u16);
}
