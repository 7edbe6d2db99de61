//! The last events of a record: enough of each to know it again.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wide::u8x16;

/// So many are known by a byte that lies beside the others': almost every event is new, and for that the hashes themselves
/// need not be fetched.
const MARKS: usize = 16;

/// 128-bit hashes of the last events, at most so many as whoever remembers them wants. The oldest gives way.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    hashes: Vec<u128>,
    /// Where the oldest stands, once there are as many as wanted.
    oldest: u32,
    /// The last byte of each of the first hashes.
    marks: [u8; MARKS],
}

impl Remembered {
    pub fn contains(&self, hash: u128) -> bool {
        let marked = u8x16::new(self.marks).simd_eq(u8x16::splat(hash as u8)).to_bitmask();
        let near = marked != 0 && self.hashes.iter().take(MARKS).any(|known| *known == hash);
        near || self.hashes.iter().skip(MARKS).any(|known| *known == hash)
    }

    /// Remembers one more, and forgets the oldest where there are more than `limit`.
    pub fn push(&mut self, hash: u128, limit: usize) {
        if limit == 0 {
            return;
        }
        if self.hashes.len() != limit {
            if self.oldest != 0 || self.hashes.len() > limit {
                // There was another limit before.
                self.hashes.rotate_left(self.oldest as usize);
                self.hashes.drain(..self.hashes.len().saturating_sub(limit));
                *self = Remembered::from(std::mem::take(&mut self.hashes));
                return self.push(hash, limit);
            }
            // The vector need not be larger than it ever will be.
            if self.hashes.len() == self.hashes.capacity() {
                self.hashes.reserve_exact(self.hashes.len().max(4).min(limit - self.hashes.len()));
            }
            if let Some(mark) = self.marks.get_mut(self.hashes.len()) {
                *mark = hash as u8;
            }
            return self.hashes.push(hash);
        }
        let at = self.oldest as usize;
        self.hashes[at] = hash;
        if let Some(mark) = self.marks.get_mut(at) {
            *mark = hash as u8;
        }
        self.oldest = if at + 1 == limit { 0 } else { self.oldest + 1 };
    }

    /// Reads a little of what stands in the record, so that it is fetched from memory.
    pub(super) fn touch(&self) -> usize {
        self.oldest as usize
    }

    /// Reads a little of where the next one will stand.
    pub(super) fn touch_next(&self) -> usize {
        // Until all have come, the next one stands behind the last.
        let near = [self.hashes.get(self.oldest as usize), self.hashes.last()];
        near.into_iter().flatten().map(|hash| *hash as usize & 1).sum()
    }

    fn mark_all(&mut self) {
        for (mark, hash) in self.marks.iter_mut().zip(&self.hashes) {
            *mark = *hash as u8;
        }
    }

    /// The oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &u128> {
        let (young, old) = self.hashes.split_at((self.oldest as usize).min(self.hashes.len()));
        old.iter().chain(young)
    }
}

impl From<Vec<u128>> for Remembered {
    /// The oldest first.
    fn from(hashes: Vec<u128>) -> Self {
        let mut remembered = Remembered { hashes, oldest: 0, marks: [0; MARKS] };
        remembered.mark_all();
        remembered
    }
}

impl PartialEq for Remembered {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Serialize for Remembered {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Remembered {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::deserialize(from).map(Remembered::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let mut seen = Remembered::default();
        for n in 0..20 {
            seen.push(n, 16);
        }
        assert!(seen.iter().copied().eq(4..20));
        seen.push(99, 2);
        assert!(seen.iter().copied().eq([19, 99]));
        seen.push(100, 0);
        assert!(seen.iter().copied().eq([19, 99]));
    }

    proptest! {
        /// It is a list of which the first are dropped, whatever the limits are and wherever it is written and read.
        #[test]
        fn it_is_a_list(steps in proptest::collection::vec((0..300_u128, 0..40_usize, any::<bool>()), 0..80)) {
            let (mut seen, mut list) = (Remembered::default(), Vec::new());
            for (hash, limit, reload) in steps {
                let limit = if limit < 30 { 20 } else { limit };
                prop_assert_eq!(seen.contains(hash), list.contains(&hash));
                seen.push(hash, limit);
                list.push(hash);
                list.drain(..list.len().saturating_sub(limit));
                prop_assert!(seen.iter().eq(&list));
                if reload {
                    let bytes = postcard::to_stdvec(&seen).unwrap();
                    prop_assert_eq!(&bytes, &postcard::to_stdvec(&list).unwrap());
                    let again: Remembered = postcard::from_bytes(&bytes).unwrap();
                    prop_assert_eq!(&again, &seen);
                    seen = again;
                }
            }
        }
    }
}
