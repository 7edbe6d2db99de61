//! Records and events by chance: ordinary values first, and those at the edges.

use super::{Happening, Tape};
use crate::compile::Compiled;
use crate::world::{Fixture, Happened, World};
use chrono::{DateTime, Utc};
use stagegate::schema::{BUILTIN_FIELDS, Field, Type};
use stagegate::syntax::tree::PrincipalKind;
use stagegate::value::*;
use std::sync::Arc;

const INTS: &[i64] = &[1, 0, 2, 3, 5, 7, -1, 42, 10, -7, 365, i64::MAX, i64::MIN];
const DECIMALS: &[&str] = &[
    "1",
    "0",
    "2.5",
    "-1.5",
    "0.1",
    "100",
    "3.14159",
    "0.005",
    "2.50",
    "79228162514264337593543950335",
    "-0.0000000000000000000000000001",
];
const TEXTS: &[&str] = &[
    "a",
    "",
    " ",
    "Chairs",
    "Größe",
    "ß",
    "İstanbul",
    "Σίσυφος ς",
    "👍🏽",
    "e\u{301}",
    "{x}",
    "\"q\" \\",
    "line\nbreak",
    "1",
    "a@b",
    "b, c",
];
const DATES: &[&str] =
    &["2026-03-02", "2026-03-29", "2026-10-25", "2024-02-29", "2026-01-31", "9999-12-31", "0001-01-01"];
const TIMES: &[&str] = &["10:00:00", "00:00:00", "02:30:00", "23:59:59", "12:00:30"];
const INSTANTS: &[&str] = &[
    "2026-03-02T10:00:00Z",
    "2026-03-29T00:59:59Z",
    "2026-03-29T01:00:00Z",
    "2026-10-25T00:30:00Z",
    "2026-10-25T01:30:00Z",
    "2026-12-25T09:00:00.123Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
];
const DURATIONS: &[(i64, i64)] =
    &[(0, 3600), (1, 0), (0, 0), (2, 9000), (-1, 0), (0, -5400), (1, -86_400), (100_000, 1), (i64::MAX, 0)];

impl Tape<'_> {
    fn value(&mut self, ty: &Type, of: &Compiled) -> Value {
        let text = |text: &str| Value::Text(text.into());
        let principal =
            |kind: PrincipalKind, name: &str| Value::Principal(Principal { kind, name: name.into() });
        match ty {
            Type::User => principal(PrincipalKind::User, self.word(&["anna", "bob", "carla", "u-77"])),
            Type::Department => {
                principal(PrincipalKind::Department, self.word(&["sales", "delivery", "d-77"]))
            }
            Type::Role => principal(PrincipalKind::Role, self.word(&["manager", "closer", "r-77"])),
            Type::Recipient => {
                let ty = self.of(&[Type::User, Type::Department, Type::Role]).clone();
                self.value(&ty, of)
            }
            Type::Text | Type::Opaque(_) => text(self.word(TEXTS)),
            Type::Int => Value::Int(*self.of(INTS)),
            Type::Decimal => Value::Decimal(self.of(DECIMALS).parse().expect("a decimal")),
            Type::Money(currency) => {
                let amount = self.of(DECIMALS).parse().expect("a decimal");
                let currency = currency.unwrap_or_else(|| Currency::parse("EUR").expect("EUR"));
                Value::Money(Money { amount, currency })
            }
            Type::Bool => Value::Bool(self.below(2) == 0),
            Type::Date => Value::Date(self.of(DATES).parse().expect("a date")),
            Type::Time => Value::Time(self.of(TIMES).parse().expect("a time")),
            Type::DateTime => Value::DateTime(self.instant()),
            Type::Duration => {
                let (days, seconds) = *self.of(DURATIONS);
                Value::Duration(Duration { days, seconds })
            }
            Type::Email => text(self.word(&["a@b", "info@example.com", "Ü@ö"])),
            Type::Phone => text(self.word(&["112", "+39 06 555", "٠١٢"])),
            Type::Url => text(self.word(&["https://example.com", "x://y"])),
            Type::File => {
                let name = (self.word(&["a.pdf", "", "ä"])).into();
                Value::File(Arc::new(File { name, url: "x://y".into() }))
            }
            Type::Enum(id) => Value::Enum(self.below(of.model.schema.enumeration(*id).values.len()) as u16),
            Type::Entity(id) if *id == of.entity("Company") => {
                Value::Ref((self.word(&["C-1", "C-2", "C-404"])).into())
            }
            Type::Entity(_) => Value::Ref((self.word(&["D-1", "D-2"])).into()),
            Type::Stage(_) => Value::Stage(StageId(0)),
            Type::Pipeline(_) => Value::Pipeline(PipelineId(0)),
            Type::List(element) => {
                let count = self.below(4);
                Value::List((0..count).map(|_| self.value(element, of)).collect())
            }
            Type::Optional(inner) => match self.below(3) {
                0 => Value::None,
                _ => self.value(inner, of),
            },
            Type::Never | Type::Error => unreachable!("no field is of that type"),
        }
    }

    fn instant(&mut self) -> DateTime<Utc> {
        self.of(INSTANTS).parse().expect("an instant")
    }

    fn payload(&mut self, fields: &[Field], of: &Compiled) -> Vec<Value> {
        fields.iter().map(|f| self.value(&f.ty, of)).collect()
    }

    /// A record of the fixture with other values, and an event if the rule listens to one.
    pub fn world(&mut self, of: &Compiled, fixture: &Fixture, pipeline: &str, happening: Happening) -> World {
        let mut world = fixture.world(of, pipeline, "full", &serde_json::Value::Null);
        let fields = &of.model.schema.entity(world.entity).fields[BUILTIN_FIELDS..];
        let mut another = |world: &mut Vec<Value>| {
            for (at, field) in fields.iter().enumerate() {
                if self.below(4) > 0 {
                    world[BUILTIN_FIELDS + at] = self.value(&field.ty, of);
                }
            }
        };
        another(&mut world.record);
        let mut old = world.record.clone();
        another(&mut old);
        world.now = self.instant();
        let name = match happening {
            Happening::Nothing => return world,
            Happening::Change => {
                world.old = Some(old);
                "deal.updated"
            }
            Happening::Note => "note.added",
            Happening::Form => self.word(&["form.submitted", "callback.requested"]),
        };
        let event = (happening != Happening::Change).then(|| of.event(name));
        let payload = event.map(|event| self.payload(&of.model.schema.event(event).payload, of));
        let payload = payload.unwrap_or_default();
        world.event = Some(Happened { event, name: name.to_owned(), time: self.instant(), payload });
        world
    }
}
