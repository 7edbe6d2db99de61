//! How deep data that comes from a file may nest: a forged one must not overflow the stack.

use serde::de::{Deserialize, Deserializer, Error};
use std::cell::Cell;

/// Deeper than anything the grammar lets through.
const MAX_DEPTH: u32 = 256;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// For the fields in which a type holds itself: `#[serde(deserialize_with = "nested::deserialize")]`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    let depth = DEPTH.get();
    if depth >= MAX_DEPTH {
        return Err(D::Error::custom("nested too deeply"));
    }
    DEPTH.set(depth + 1);
    let result = T::deserialize(from);
    DEPTH.set(depth);
    result
}

#[cfg(test)]
mod tests {
    use crate::schema::Type;
    use crate::value::Value;

    #[test]
    fn what_is_nested_without_end_is_refused() {
        // The first bytes say `list`, over and over.
        let list = postcard::to_allocvec(&Type::Int.list()).unwrap()[0];
        assert!(postcard::from_bytes::<Type>(&vec![list; 1_000_000]).is_err());
        let list = postcard::to_allocvec(&Value::List(vec![Value::None].into())).unwrap();
        let endless: Vec<u8> = list[..2].iter().copied().cycle().take(2_000_000).collect();
        assert!(postcard::from_bytes::<Value>(&endless).is_err());
    }

    #[test]
    fn what_a_program_can_say_is_read() {
        let mut ty = Type::Int;
        let mut value = Value::Int(1);
        for _ in 0..200 {
            ty = ty.list();
            value = Value::List(vec![value].into());
        }
        assert_eq!(postcard::from_bytes::<Type>(&postcard::to_allocvec(&ty).unwrap()).unwrap(), ty);
        assert_eq!(postcard::from_bytes::<Value>(&postcard::to_allocvec(&value).unwrap()).unwrap(), value);
    }
}
