//! Where the values of expressions can be seen while code runs: a table beside the program, made only when somebody
//! wants to watch. It is no part of the program, whose bytes are the same with it and without.

use super::ChunkId;
use super::instr::Reg;
use crate::schema::Type;
use crate::source::Span;
use std::collections::HashMap;

/// A place in the code at which the value of an expression is known: when the machine comes to the instruction `at` from
/// one in `from..at`, the register holds it. (From elsewhere it may come to the same place with another value: behind the
/// right side of an `and` whose left side was false.) Of a variable, which no code computes, `from` is `at`.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    pub chunk: ChunkId,
    pub from: u32,
    pub at: u32,
    pub register: Reg,
    pub span: Span,
    pub ty: Type,
}

/// All places of one program, by number.
#[derive(Debug, Clone, Default)]
pub struct Sites {
    all: Vec<Site>,
    /// By chunk: `at` and number, sorted.
    by_chunk: Vec<Vec<(u32, u32)>>,
    by_text: HashMap<(ChunkId, Span, Type), u32>,
}

impl Sites {
    pub(crate) fn new(mut all: Vec<Site>, chunks: usize) -> Sites {
        all.sort_by_key(|site| (site.chunk.0, site.at, site.from));
        let mut by_chunk = vec![Vec::new(); chunks];
        let mut by_text = HashMap::new();
        for (number, site) in all.iter().enumerate() {
            if let Some(sites) = by_chunk.get_mut(site.chunk.0 as usize) {
                sites.push((site.at, number as u32));
            }
            by_text.insert((site.chunk, site.span, site.ty.clone()), number as u32);
        }
        Sites { all, by_chunk, by_text }
    }

    pub fn all(&self) -> &[Site] {
        &self.all
    }

    /// The numbers of those whose value is known before an instruction, if the machine comes from the right place.
    pub fn at(&self, chunk: ChunkId, pc: u32) -> impl Iterator<Item = (u32, &Site)> {
        let sites = self.by_chunk.get(chunk.0 as usize).map_or(&[][..], Vec::as_slice);
        let first = sites.partition_point(|(at, _)| *at < pc);
        let here = sites[first..].iter().take_while(move |(at, _)| *at == pc);
        here.filter_map(|(_, number)| Some((*number, self.all.get(*number as usize)?)))
    }

    /// The place of an expression in the code of this chunk.
    pub fn of(&self, chunk: ChunkId, span: Span, ty: &Type) -> Option<u32> {
        self.by_text.get(&(chunk, span, ty.clone())).copied()
    }
}
