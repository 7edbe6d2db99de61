//! The schema: what records, events and actions look like, with every name resolved to a number.
//!
//! The checker builds it from the declarations; the compiled program carries it, for the engine, for
//! decoding events straight into slots and for writing effects.

mod people;

pub use people::Principals;

use crate::syntax::tree::PrincipalKind;
use crate::value::*;
use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Built-in fields come first in every entity: all are read only.
pub const FIELD_ID: FieldId = FieldId(0);
pub const FIELD_CREATED_AT: FieldId = FieldId(1);
pub const FIELD_STAGE: FieldId = FieldId(2);
pub const FIELD_STAGE_ENTERED_AT: FieldId = FieldId(3);
/// The number of built-in fields: the position of the first declared one.
pub const BUILTIN_FIELDS: usize = 4;

/// The enum `weekday`, `mon … sun`: in every schema, before the declared enums.
pub const WEEKDAY_ENUM: EnumId = EnumId(0);

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    Text,
    Int,
    Decimal,
    /// `money in EUR`, or money of a currency that only the run knows.
    Money(Option<Currency>),
    Bool,
    Date,
    Time,
    DateTime,
    Duration,
    Email,
    Phone,
    Url,
    File,
    User,
    Department,
    Role,
    /// A user, a department or a role.
    Recipient,
    Enum(EnumId),
    Opaque(OpaqueId),
    /// A reference to a record.
    Entity(EntityId),
    /// A stage of one of the pipelines of an entity.
    Stage(EntityId),
    /// A pipeline of an entity.
    Pipeline(EntityId),
    List(#[serde(deserialize_with = "nested::deserialize")] Box<Type>),
    /// Never of an optional: `T??` is `T?`.
    Optional(#[serde(deserialize_with = "nested::deserialize")] Box<Type>),
    /// What nothing has: the elements of `[]`, the inside of a bare `none`.
    Never,
    /// Of a node with a mistake that has been reported: agrees with everything. Never in a program.
    Error,
}

impl Type {
    pub fn optional(self) -> Type {
        match self {
            Type::Optional(_) | Type::Error => self,
            other => Type::Optional(Box::new(other)),
        }
    }

    pub fn list(self) -> Type {
        Type::List(Box::new(self))
    }

    pub fn is_optional(&self) -> bool {
        matches!(self, Type::Optional(_))
    }

    /// The type without its question mark.
    pub fn inner(&self) -> &Type {
        match self {
            Type::Optional(inner) => inner,
            other => other,
        }
    }
}

/// Everything that is declared, apart from pipelines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// What `money` means in this program.
    pub currency: Option<Currency>,
    pub rates: Vec<Rates>,
    pub entities: Vec<Entity>,
    pub enums: Vec<Enum>,
    pub opaques: Vec<Opaque>,
    pub events: Vec<EventDef>,
    pub actions: Vec<ActionDef>,
    pub principals: Principals,
    pub calendars: Vec<Calendar>,
}

/// One unit of each currency in `rates` is worth so much of `base`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    pub base: Currency,
    pub rates: Vec<(Currency, Decimal)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    pub name: Text,
    /// The name in lower case, as in `deal/D-1` and `deal.created`.
    pub wire_name: Text,
    pub label: Text,
    /// The four built-in ones first.
    pub fields: Vec<Field>,
}

/// A field of an entity or a payload, a parameter or an output of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub name: Text,
    pub ty: Type,
    pub limits: Limits,
    /// A missing one without default is an error, unless its type is optional.
    pub default: Option<Value>,
}

/// Bounds: of the length of a text in characters or of a list, of the value of a number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub min: Option<Decimal>,
    pub max: Option<Decimal>,
    /// A regular expression that must match somewhere.
    pub matches: Option<Text>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enum {
    /// `Source`; an inline enum is named after its place: `add_to_chat.history`.
    pub name: Text,
    pub values: Vec<EnumValue>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnumValue {
    pub name: Text,
    pub label: Text,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opaque {
    pub name: Text,
    pub label: Text,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventDef {
    /// `invoice.paid`
    pub name: Text,
    pub label: Text,
    /// The event that this one also is. A parent always has the smaller number.
    pub parent: Option<EventId>,
    /// Empty: any entity.
    pub on: Vec<EntityId>,
    /// The parent's payload first, so that its slots are the same in both.
    pub payload: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionDef {
    pub name: Text,
    pub label: Text,
    pub params: Vec<Field>,
    pub outputs: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrincipalDef {
    pub kind: PrincipalKind,
    pub name: Text,
    pub label: Text,
    pub email: Option<Text>,
    pub phone: Option<Text>,
    pub department: Option<PrincipalId>,
    pub roles: Vec<PrincipalId>,
    pub hours: Option<CalendarId>,
    /// First and last day of each absence.
    pub away: Vec<(NaiveDate, NaiveDate)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    pub name: Text,
    pub label: Text,
    pub timezone: chrono_tz::Tz,
    /// The open spans of Monday to Sunday, in order; an end at or before its start is on the next day.
    pub week: [Vec<(NaiveTime, NaiveTime)>; 7],
    /// First and last day of each closure.
    pub closed: Vec<(NaiveDate, NaiveDate)>,
}

impl Schema {
    /// The enums that every schema begins with: [`WEEKDAY_ENUM`].
    pub fn builtin_enums() -> Vec<Enum> {
        let days = [
            ("mon", "Monday"),
            ("tue", "Tuesday"),
            ("wed", "Wednesday"),
            ("thu", "Thursday"),
            ("fri", "Friday"),
            ("sat", "Saturday"),
            ("sun", "Sunday"),
        ];
        let values =
            days.into_iter().map(|(name, label)| EnumValue { name: name.into(), label: label.into() });
        vec![Enum { name: "weekday".into(), values: values.collect() }]
    }

    pub fn entity(&self, id: EntityId) -> &Entity {
        &self.entities[id.index()]
    }

    pub fn enumeration(&self, id: EnumId) -> &Enum {
        &self.enums[id.index()]
    }

    pub fn event(&self, id: EventId) -> &EventDef {
        &self.events[id.index()]
    }

    pub fn action(&self, id: ActionId) -> &ActionDef {
        &self.actions[id.index()]
    }

    pub fn principal(&self, id: PrincipalId) -> &PrincipalDef {
        &self.principals[id.index()]
    }

    /// The declared user, department or role of a name.
    pub fn principal_named(&self, name: &str) -> Option<&PrincipalDef> {
        self.principals.named(name)
    }

    /// Whether an event of this kind also is `wanted`: itself, or one it is declared to be with `is`.
    pub fn event_is(&self, event: EventId, wanted: EventId) -> bool {
        let mut at = Some(event);
        while let Some(id) = at {
            if id == wanted {
                return true;
            }
            at = self.event(id).parent;
        }
        false
    }

    /// Whether the event may happen to the entity.
    pub fn event_on(&self, event: EventId, entity: EntityId) -> bool {
        let on = &self.event(event).on;
        on.is_empty() || on.contains(&entity)
    }

    /// The type as a person writes it: `money in EUR?`, `list of user`.
    pub fn type_name(&self, ty: &Type) -> String {
        match ty {
            Type::Text => "text".into(),
            Type::Int => "int".into(),
            Type::Decimal => "decimal".into(),
            Type::Money(None) => "money".into(),
            Type::Money(Some(currency)) => format!("money in {currency}"),
            Type::Bool => "bool".into(),
            Type::Date => "date".into(),
            Type::Time => "time".into(),
            Type::DateTime => "datetime".into(),
            Type::Duration => "duration".into(),
            Type::Email => "email".into(),
            Type::Phone => "phone".into(),
            Type::Url => "url".into(),
            Type::File => "file".into(),
            Type::User => "user".into(),
            Type::Department => "department".into(),
            Type::Role => "role".into(),
            Type::Recipient => "recipient".into(),
            Type::Enum(id) => self.enumeration(*id).name.to_string(),
            Type::Opaque(id) => self.opaques[id.index()].name.to_string(),
            Type::Entity(id) => self.entity(*id).name.to_string(),
            Type::Stage(_) => "stage".into(),
            Type::Pipeline(_) => "pipeline".into(),
            Type::List(element) => format!("list of {}", self.type_name(element)),
            Type::Optional(inner) if **inner == Type::Never => "none".into(),
            Type::Optional(inner) => format!("{}?", self.type_name(inner)),
            Type::Never => "nothing".into(),
            Type::Error => "unknown".into(),
        }
    }
}
