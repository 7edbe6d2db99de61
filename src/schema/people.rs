//! The users, departments and roles of a program, found by their names.

use super::PrincipalDef;
use crate::value::Text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

/// So few are looked through one by one.
const FEW: usize = 8;

/// A list of principals. Its index by name is made when first one is looked for, and thrown away when the list may have
/// changed.
#[derive(Debug, Clone, Default)]
pub struct Principals {
    list: Vec<PrincipalDef>,
    by_name: OnceLock<HashMap<Text, usize>>,
}

impl Principals {
    /// The first of a name.
    pub fn named(&self, name: &str) -> Option<&PrincipalDef> {
        if self.list.len() <= FEW {
            return self.list.iter().find(|principal| *principal.name == *name);
        }
        let by_name = self.by_name.get_or_init(|| {
            // From the end, so that the first of a name stays.
            let places = self.list.iter().enumerate().rev();
            places.map(|(at, principal)| (principal.name.clone(), at)).collect()
        });
        self.list.get(*by_name.get(name)?)
    }
}

impl Deref for Principals {
    type Target = Vec<PrincipalDef>;
    fn deref(&self) -> &Vec<PrincipalDef> {
        &self.list
    }
}

impl DerefMut for Principals {
    fn deref_mut(&mut self) -> &mut Vec<PrincipalDef> {
        self.by_name.take();
        &mut self.list
    }
}

impl From<Vec<PrincipalDef>> for Principals {
    fn from(list: Vec<PrincipalDef>) -> Self {
        Principals { list, by_name: OnceLock::new() }
    }
}

impl<'a> IntoIterator for &'a Principals {
    type Item = &'a PrincipalDef;
    type IntoIter = std::slice::Iter<'a, PrincipalDef>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl PartialEq for Principals {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Serialize for Principals {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Principals {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::deserialize(from).map(Principals::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::tree::PrincipalKind;
    use proptest::prelude::*;

    fn principal(name: &str, label: usize) -> PrincipalDef {
        PrincipalDef {
            kind: PrincipalKind::User,
            name: name.into(),
            label: label.to_string().into(),
            email: None,
            phone: None,
            department: None,
            roles: Vec::new(),
            hours: None,
            away: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn as_one_by_one(names in proptest::collection::vec("[a-d]{1,2}", 0..40), more in "[a-d]{1,2}") {
            let list = names.iter().enumerate().map(|(at, name)| principal(name, at)).collect::<Vec<_>>();
            let mut people = Principals::from(list);
            for _ in 0..2 {
                for wanted in names.iter().chain([&more]) {
                    let linear = people.iter().find(|one| *one.name == **wanted);
                    prop_assert_eq!(people.named(wanted), linear);
                }
                // What is added after the index was made is found too.
                people.push(principal(&more, 99));
            }
        }
    }
}
