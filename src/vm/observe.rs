//! Watching code while it runs: which expressions were reached, and what they came to.

use crate::program::ChunkId;
use crate::program::sites::Sites;
use crate::schema::Type;
use crate::value::Value;

/// Is shown the registers before each instruction.
pub trait Observer {
    /// Whether it wants to be: nothing is left of the question in a run that nobody watches.
    const WATCHES: bool;
    fn before(&mut self, chunk: ChunkId, pc: u32, registers: &[Value]);
}

/// Nobody.
impl Observer for () {
    const WATCHES: bool = false;
    fn before(&mut self, _: ChunkId, _: u32, _: &[Value]) {}
}

/// Collects what expressions came to, by the number of their place.
pub struct Seen<'s> {
    sites: &'s Sites,
    /// Only conditions, and each of their values once: a body may go round and round.
    branches: bool,
    before: Option<(ChunkId, u32)>,
    values: Vec<(u32, Value)>,
}

impl<'s> Seen<'s> {
    /// All expressions, each with its last value.
    pub fn values(sites: &'s Sites) -> Seen<'s> {
        Seen { sites, branches: false, before: None, values: Vec::new() }
    }

    /// Only what is true or false, with each of both that was seen.
    pub fn branches(sites: &'s Sites) -> Seen<'s> {
        Seen { sites, branches: true, before: None, values: Vec::new() }
    }

    pub fn into_values(self) -> Vec<(u32, Value)> {
        self.values
    }
}

impl Observer for Seen<'_> {
    const WATCHES: bool = true;

    fn before(&mut self, chunk: ChunkId, pc: u32, registers: &[Value]) {
        for (number, site) in self.sites.at(chunk, pc) {
            let comes_from =
                self.before.is_some_and(|(from, at)| from == chunk && site.from <= at && at < site.at);
            if !(comes_from || site.from == site.at) || (self.branches && site.ty != Type::Bool) {
                continue;
            }
            let Some(value) = registers.get(site.register.index()) else { continue };
            match self.values.iter_mut().find(|(n, seen)| *n == number && (!self.branches || seen == value)) {
                Some((_, last)) => last.clone_from(value),
                None => self.values.push((number, value.clone())),
            }
        }
        self.before = Some((chunk, pc));
    }
}
