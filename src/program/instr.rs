//! The instruction set: register machine, typed, small and `Copy`.

use serde::{Deserialize, Serialize};

/// A register of the chunk at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reg(pub u16);

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instr {
    Return { value: Reg },
}
