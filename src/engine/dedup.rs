//! Which events a record has seen, and which are echoes of its own effects.

use crate::event::{Event, Subject};
use crate::schema::Schema;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

/// What a record remembers of an event: a 128-bit SipHash-1-3 with a zero key over source and id.
pub(crate) fn hash(event: &Event) -> u128 {
    hash_of(&event.source, &event.id)
}

fn hash_of(source: &str, id: &str) -> u128 {
    // The length keeps `a` + `bc` and `ab` + `c` apart.
    let parts = [&(source.len() as u64).to_le_bytes(), source.as_bytes(), id.as_bytes()];
    let mut hasher = SipHasher13::new();
    // The hasher takes one piece faster than several.
    let (mut together, mut length) = ([0; 64], 0);
    for part in parts {
        if let Some(room) = together.get_mut(length..).and_then(|rest| rest.get_mut(..part.len())) {
            room.copy_from_slice(part);
        }
        length += part.len();
    }
    match together.get(..length) {
        Some(together) => hasher.write(together),
        None => parts.into_iter().for_each(|part| hasher.write(part)),
    }
    hasher.finish128().as_u128()
}

/// Whether `cause` names one of the first `effects` effects of the record: `deal/D-1/42`.
pub(super) fn is_echo(schema: &Schema, subject: &Subject, cause: Option<&str>, effects: u64) -> bool {
    let number = cause.and_then(|cause| effect_number(schema, subject, cause));
    number.is_some_and(|number| number <= effects)
}

/// The number of an effect of the record, from its id.
pub(super) fn effect_number(schema: &Schema, subject: &Subject, id: &str) -> Option<u64> {
    let rest = id.strip_prefix(&*schema.entity(subject.entity).wire_name)?.strip_prefix('/')?;
    let digits = rest.strip_prefix(&*subject.id)?.strip_prefix('/')?;
    // Only as effects write it: no sign, no leading zero.
    if digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventBody;
    use crate::schema::Entity;
    use crate::value::EntityId;

    fn event(source: &str, id: &str) -> Event {
        Event {
            id: id.into(),
            source: source.into(),
            name: "stagegate.clock".into(),
            time: None,
            partition: None,
            cause: None,
            body: EventBody::Clock,
        }
    }

    #[test]
    fn the_border_between_source_and_id_counts() {
        assert_eq!(hash(&event("/crm", "e-1")), hash(&event("/crm", "e-1")));
        assert_ne!(hash(&event("/crm", "e-1")), hash(&event("/crme", "-1")));
        assert_ne!(hash(&event("/crm", "e-1")), hash(&event("/crm", "e-2")));
    }

    #[test]
    fn the_hash_is_the_same_in_one_piece_and_in_several() {
        for length in [0, 1, 7, 54, 55, 56, 57, 200] {
            let id = "x".repeat(length);
            let mut hasher = SipHasher13::new();
            hasher.write(&1_u64.to_le_bytes());
            hasher.write(b"/");
            hasher.write(id.as_bytes());
            assert_eq!(hash_of("/", &id), hasher.finish128().as_u128(), "{length}");
        }
    }

    #[test]
    fn an_echo_names_an_effect_that_there_was() {
        let schema = Schema {
            entities: vec![Entity {
                name: "Deal".into(),
                wire_name: "deal".into(),
                label: "Deal".into(),
                fields: Vec::new(),
            }],
            ..Schema::default()
        };
        let subject = Subject { entity: EntityId(0), id: "D/1".into() };
        let echo = |cause| is_echo(&schema, &subject, Some(cause), 3);
        assert!(echo("deal/D/1/1"));
        assert!(echo("deal/D/1/3"));
        for cause in [
            "deal/D/1/4",
            "deal/D/1/0",
            "deal/D/1/01",
            "deal/D/1/+1",
            "deal/D/1/",
            "deal/D/2/1",
            "lead/D/1/1",
            "e-1",
        ] {
            assert!(!echo(cause), "{cause}");
        }
        assert!(!is_echo(&schema, &subject, None, 3));
    }
}
