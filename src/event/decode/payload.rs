//! The members of a payload, or the fields of a new record, into their slots.

use crate::event::Rejection;
use crate::event::envelope::Members;
use crate::event::scan::{Key, Raw};
use crate::event::words::{escape_pointer, missing_fields};
use crate::program::Program;
use crate::schema::{Field, Schema, Type};
use crate::value::json;
use crate::value::limits::check_limits;
use crate::value::text::{Texts, keep};
use crate::value::validate::{is_email, is_phone, is_url};
use crate::value::{Text, Value};
use ahash::{HashMap, HashMapExt};

/// What a payload holds, prepared for reading it.
pub(super) struct Shape {
    names: HashMap<Text, u16>,
    /// By slot, those that can be compared at once.
    keys: Vec<Option<Key>>,
    readers: Vec<Reader>,
    /// What stands where nothing comes: the default, or `none`.
    template: Vec<Value>,
    /// A bit for each that must come.
    required: Vec<u64>,
    /// A bit for each that has come.
    came: Vec<u64>,
    /// Which slot stood at which place in the last one: senders keep to an order.
    usual: Vec<u16>,
    /// Room of payloads that are over: each like the template.
    rooms: Vec<Vec<Value>>,
}

impl Shape {
    /// `given`: so many of the first are never read.
    pub fn new(fields: &[Field], given: usize) -> Shape {
        let mut required = vec![0; fields.len().div_ceil(64)];
        for (slot, field) in fields.iter().enumerate().skip(given) {
            if field.default.is_none() && !field.ty.is_optional() {
                required[slot / 64] |= 1 << (slot % 64);
            }
        }
        let template = |(slot, field): (usize, &Field)| {
            field.default.clone().filter(|_| slot >= given).unwrap_or(Value::None)
        };
        let mut names = HashMap::new();
        names.extend(fields.iter().zip(0..).map(|(field, slot)| (field.name.clone(), slot)));
        Shape {
            names,
            keys: fields.iter().map(|field| Key::new(&field.name)).collect(),
            readers: fields.iter().map(Reader::new).collect(),
            template: fields.iter().enumerate().map(template).collect(),
            came: vec![0; required.len()],
            required,
            usual: Vec::new(),
            rooms: Vec::new(),
        }
    }

    /// Takes the room of a payload that is over, and of the texts in it.
    pub fn take_back(&mut self, mut values: Vec<Value>, texts: &mut Texts) {
        if values.len() != self.template.len() {
            return;
        }
        for (value, template) in values.iter_mut().zip(&self.template) {
            if let Value::Text(text) = value {
                texts.keep(std::mem::take(text));
            }
            if !matches!((&*value, template), (Value::None, Value::None)) {
                value.clone_from(template);
            }
        }
        keep(&mut self.rooms, values);
    }

    /// The slot that usually stands at this place, and how its name is written.
    #[inline]
    fn usual(&self, place: usize) -> (u16, Option<&Key>) {
        let slot = self.usual.get(place).copied().unwrap_or_default();
        (slot, self.keys.get(usize::from(slot)).and_then(Option::as_ref))
    }

    /// The slot of a member that stands at this place.
    pub fn find(&mut self, place: usize, name: &str, fields: &[Field]) -> Option<u16> {
        if let Some(usual) = self.usual.get(place)
            && fields.get(usize::from(*usual)).is_some_and(|field| *field.name == *name)
        {
            return Some(*usual);
        }
        let slot = *self.names.get(name)?;
        if place < fields.len() {
            self.usual.resize(self.usual.len().max(place + 1), 0);
            self.usual[place] = slot;
        }
        Some(slot)
    }

    /// One member's value; `None` for null.
    #[inline]
    pub fn value(
        &self,
        slot: u16,
        raw: Raw<'_>,
        field: &Field,
        program: &Program,
        spare: &mut Texts,
    ) -> Result<Option<Value>, Rejection> {
        self.readers[usize::from(slot)].value(raw, field, program, spare)
    }

    /// Nothing has come yet.
    pub fn begin(&mut self) -> Vec<Value> {
        self.came.fill(0);
        self.rooms.pop().unwrap_or_else(|| self.template.clone())
    }

    /// What comes last counts, and null is as if nothing came.
    #[inline]
    pub fn fill(&mut self, values: &mut [Value], slot: u16, value: Option<Value>) {
        let slot = usize::from(slot);
        let bit = 1 << (slot % 64);
        match value {
            Some(value) => {
                values[slot] = value;
                self.came[slot / 64] |= bit;
            }
            None => {
                values[slot] = self.template[slot].clone();
                self.came[slot / 64] &= !bit;
            }
        }
    }

    /// Whether all has come that must.
    ///
    /// # Errors
    /// Lists all that is missing.
    pub fn check(&self, fields: &[Field], data: &str, schema: &Schema) -> Result<(), Rejection> {
        let missing = |(required, came): (&u64, &u64)| required & !came;
        if self.required.iter().zip(&self.came).all(|words| missing(words) == 0) {
            return Ok(());
        }
        let is_missing =
            |slot: usize| missing((&self.required[slot / 64], &self.came[slot / 64])) >> (slot % 64) & 1 == 1;
        let missing: Vec<&Field> =
            fields.iter().enumerate().filter(|(slot, _)| is_missing(*slot)).map(|(_, field)| field).collect();
        Err(missing_fields(&missing, fields, data, schema))
    }
}

/// The members of a payload, each with its slot.
pub(super) struct InSlots<'a> {
    members: Members<'a>,
    /// How many have come.
    place: usize,
}

impl<'a> InSlots<'a> {
    pub fn new(members: Members<'a>) -> InSlots<'a> {
        InSlots { members, place: 0 }
    }

    /// The next one: its slot, if it is declared, its name and its value.
    #[inline]
    pub fn next<'s>(
        &'s mut self,
        shape: &mut Shape,
        fields: &'s [Field],
    ) -> Option<(Option<u16>, &'s str, Raw<'a>)> {
        let (usual, key) = shape.usual(self.place);
        let (name, raw) = self.members.next(key)?;
        let found = match name {
            None => (Some(usual), fields.get(usize::from(usual)).map_or("", |field| &*field.name)),
            Some(name) => (shape.find(self.place, name, fields), name),
        };
        self.place += 1;
        Some((found.0, found.1, raw))
    }

    /// Of a payload that is open: whether it was an object, and the last of the line.
    pub fn end_the_line(&mut self) -> bool {
        self.members.end_the_line()
    }
}

/// Reads the values of one field.
struct Reader {
    kind: Kind,
    limited: bool,
    /// `matches` of its limits.
    pattern: Option<regex::Regex>,
}

/// Texts are read into the room of those that are over.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// One that must look like this.
    Checked(fn(&str) -> bool),
    Other,
}

impl Reader {
    fn new(field: &Field) -> Reader {
        let kind = match field.ty.inner() {
            Type::Text | Type::Opaque(_) => Kind::Text,
            Type::Email => Kind::Checked(is_email),
            Type::Phone => Kind::Checked(is_phone),
            Type::Url => Kind::Checked(is_url),
            _ => Kind::Other,
        };
        let limits = &field.limits;
        let pattern = limits.matches.as_ref().and_then(|pattern| regex::Regex::new(pattern).ok());
        Reader { kind, limited: limits.min.is_some() || limits.max.is_some() || pattern.is_some(), pattern }
    }

    /// `None` for null.
    ///
    /// # Errors
    /// It is no value of the field's type, or breaks its limits.
    fn value(
        &self,
        raw: Raw<'_>,
        field: &Field,
        program: &Program,
        spare: &mut Texts,
    ) -> Result<Option<Value>, Rejection> {
        let text = match self.kind {
            Kind::Text => text(raw, spare),
            Kind::Checked(is) => text(raw, spare).filter(|text| is(text)),
            Kind::Other => None,
        };
        let value = match text {
            Some(text) => Value::Text(text),
            None if raw.is_null() => return Ok(None),
            // Whatever else it is, or is wrong with it.
            None => json::read(raw, &field.ty, &program.schema).map_err(|e| {
                Rejection::new(e.code.id(), e.sentence(&field.name))
                    .at(format!("/data/{}{}", escape_pointer(&field.name), e.pointer))
                    .expected(e.expected)
            })?,
        };
        if self.limited {
            check_limits(&value, &field.ty, &field.limits, self.pattern.as_ref()).map_err(|failure| {
                Rejection::new("limit", format!("`{}`: {}", field.name, failure.message))
                    .at(format!("/data/{}", escape_pointer(&field.name)))
                    .expected(program.schema.type_name(&field.ty))
            })?;
        }
        Ok(Some(value))
    }
}

/// The content of a JSON string. What does not stand in place is put into the room of a text that is over.
fn text(raw: Raw<'_>, spare: &mut Texts) -> Option<Text> {
    if let Some(plain) = raw.plain() {
        return Some(spare.text(plain));
    }
    let inside = raw.other().strip_prefix('"')?.strip_suffix('"')?;
    let mut text = spare.room();
    text.become_with(|out| json::plain::unescape(inside, out))?;
    Some(text)
}
