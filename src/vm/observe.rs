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

/// How often each instruction ran, and how often each expression came to what. Two of one program can be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// By chunk, then by instruction.
    instructions: Vec<Vec<u64>>,
    /// By the number of the site.
    values: Vec<Came>,
}

/// How often an expression came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Came {
    /// True, or any value of what is neither true nor false.
    pub set: u64,
    pub no: u64,
    pub unset: u64,
}

impl Tally {
    /// How often an instruction ran.
    pub fn ran(&self, chunk: ChunkId, pc: u32) -> u64 {
        let chunk = self.instructions.get(chunk.0 as usize);
        chunk.and_then(|chunk| chunk.get(pc as usize)).copied().unwrap_or(0)
    }

    /// What an expression came to, by the number of its site.
    pub fn came(&self, site: u32) -> Came {
        self.values.get(site as usize).copied().unwrap_or_default()
    }

    pub fn add(&mut self, other: &Tally) {
        for (chunk, counts) in other.instructions.iter().enumerate() {
            for (pc, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                *at(at(&mut self.instructions, chunk), pc) += count;
            }
        }
        for (site, came) in other.values.iter().enumerate() {
            let own = at(&mut self.values, site);
            own.set += came.set;
            own.no += came.no;
            own.unset += came.unset;
        }
    }
}

/// The element at a place; the vector grows to hold it.
fn at<T: Default>(vec: &mut Vec<T>, place: usize) -> &mut T {
    if vec.len() <= place {
        vec.resize_with(place + 1, T::default);
    }
    &mut vec[place]
}

/// Counts while one evaluation or body runs.
pub struct Counting<'s> {
    sites: &'s Sites,
    tally: &'s mut Tally,
    before: Option<(ChunkId, u32)>,
}

impl<'s> Counting<'s> {
    pub fn new(sites: &'s Sites, tally: &'s mut Tally) -> Counting<'s> {
        Counting { sites, tally, before: None }
    }
}

impl Observer for Counting<'_> {
    const WATCHES: bool = true;

    fn before(&mut self, chunk: ChunkId, pc: u32, registers: &[Value]) {
        *at(at(&mut self.tally.instructions, chunk.0 as usize), pc as usize) += 1;
        for (number, site) in self.sites.at(chunk, pc) {
            let comes_from =
                self.before.is_some_and(|(from, at)| from == chunk && site.from <= at && at < site.at);
            if !comes_from && site.from != site.at {
                continue;
            }
            let came = at(&mut self.tally.values, number as usize);
            match registers.get(site.register.index()) {
                None => {}
                Some(Value::Bool(false)) => came.no += 1,
                Some(Value::None) => came.unset += 1,
                Some(_) => came.set += 1,
            }
        }
        self.before = Some((chunk, pc));
    }
}
