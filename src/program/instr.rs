//! The instruction set: a register machine, typed, small and `Copy`.
//!
//! What does not fit into eight bytes stands in a side table of [`Code`](super::Code). Runs of registers are
//! named by their first one. Texts and lists under construction live on two stacks of the machine: between
//! `TextBegin` and `TextEnd`, and between `ListBegin` and `ListEnd`, which the verifier proves to be balanced.

use crate::model::{Conversion, OrderOp, PrincipalField};
use crate::value::functions::Function;
use crate::value::ops::ArithOp;
use crate::value::*;
use serde::{Deserialize, Serialize};

/// A register of the chunk at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reg(pub u16);

impl Reg {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The register `n` places after this one, in a run of registers.
    pub fn plus(self, n: u16) -> Reg {
        Reg(self.0.wrapping_add(n))
    }
}

/// One instruction. Jumps name the instruction they go to by its position in the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instr {
    // --- loads ---
    /// `constants[constant]`
    Const {
        to: Reg,
        constant: u32,
    },
    Copy {
        to: Reg,
        from: Reg,
    },
    /// A field of the record itself.
    Field {
        to: Reg,
        field: FieldId,
    },
    /// The record itself, as a reference.
    This {
        to: Reg,
    },
    /// A field of the record that `base` refers to; the type of `base` says of which entity.
    RefField {
        to: Reg,
        base: Reg,
        field: FieldId,
    },
    /// Whether the partition holds the record that `base` refers to.
    RefExists {
        to: Reg,
        base: Reg,
    },
    /// A slot of the payload, if the event is of this kind.
    Payload {
        to: Reg,
        event: EventId,
        slot: u16,
    },
    /// The slot that `payloads[table]` names for the event at hand.
    PayloadAny {
        to: Reg,
        table: u32,
    },
    EventType {
        to: Reg,
    },
    EventTime {
        to: Reg,
    },
    /// A field as it was before the change.
    Old {
        to: Reg,
        field: FieldId,
    },
    Output {
        to: Reg,
        output: OutputId,
    },
    Now {
        to: Reg,
    },
    Today {
        to: Reg,
    },
    Stage {
        to: Reg,
    },
    Pipeline {
        to: Reg,
    },
    PrincipalField {
        property: PrincipalField,
        to: Reg,
        base: Reg,
    },
    FileName {
        to: Reg,
        from: Reg,
    },
    FileUrl {
        to: Reg,
        from: Reg,
    },

    // --- the way through the code ---
    Jump {
        target: u32,
    },
    JumpIf {
        condition: Reg,
        target: u32,
    },
    JumpIfNot {
        condition: Reg,
        target: u32,
    },
    JumpIfNone {
        value: Reg,
        target: u32,
    },
    JumpIfSet {
        value: Reg,
        target: u32,
    },
    /// The head of a loop over three registers from `first`: the list, the position (an `int`), the element. Takes
    /// the next element, or jumps when there is none.
    Next {
        first: Reg,
        target: u32,
    },
    /// Ends the chunk with a value.
    Return {
        value: Reg,
    },

    // --- tests: each gives a `bool` ---
    Not {
        to: Reg,
        from: Reg,
    },
    Equal {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    NotEqual {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    EqualIgnoreCase {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    OrderInt {
        op: OrderOp,
        to: Reg,
        left: Reg,
        right: Reg,
    },
    OrderDecimal {
        op: OrderOp,
        to: Reg,
        left: Reg,
        right: Reg,
    },
    OrderMoney {
        op: OrderOp,
        to: Reg,
        left: Reg,
        right: Reg,
    },
    /// Any other two of one ordered type.
    Order {
        op: OrderOp,
        to: Reg,
        left: Reg,
        right: Reg,
    },
    /// `value in list`
    In {
        to: Reg,
        value: Reg,
        list: Reg,
    },
    ContainsText {
        to: Reg,
        text: Reg,
        part: Reg,
    },
    StartsWith {
        to: Reg,
        text: Reg,
        part: Reg,
    },
    EndsWith {
        to: Reg,
        text: Reg,
        part: Reg,
    },
    Matches {
        to: Reg,
        text: Reg,
        regex: u16,
    },
    IsSet {
        to: Reg,
        value: Reg,
    },
    IsEmpty {
        to: Reg,
        value: Reg,
    },
    /// Whether the stage is of a kind; see [`kind_bit`](Instr::kind_bit).
    StageIs {
        kinds: u8,
        to: Reg,
        stage: Reg,
    },

    // --- arithmetic and conversions ---
    AddInt {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    SubInt {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    MulInt {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    AddDecimal {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    SubDecimal {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    MulDecimal {
        to: Reg,
        left: Reg,
        right: Reg,
    },
    /// Any other; a unary one names its operand twice.
    Arith {
        op: ArithOp,
        to: Reg,
        left: Reg,
        right: Reg,
    },
    Convert {
        conversion: Conversion,
        to: Reg,
        from: Reg,
    },

    // --- texts and lists ---
    TextBegin,
    /// Writes the text `constants[constant]`.
    Piece {
        constant: u32,
    },
    /// Writes a text as it is.
    PrintText {
        value: Reg,
    },
    /// Writes a value the way of its type.
    Print {
        value: Reg,
    },
    /// Writes a value by the format `constants[format]`.
    PrintFormat {
        value: Reg,
        format: u32,
    },
    TextEnd {
        to: Reg,
    },
    /// `to` is the register of the `ListEnd` that belongs to it: it says of what the list is.
    ListBegin {
        to: Reg,
    },
    ListPush {
        value: Reg,
    },
    ListEnd {
        to: Reg,
    },
    /// The list in the order of the keys, which stand in a list of the same length.
    SortBy {
        to: Reg,
        list: Reg,
        keys: Reg,
    },

    // --- calls ---
    /// A built-in function; `count` arguments stand in the registers from `args`.
    Call {
        function: Function,
        to: Reg,
        args: Reg,
        count: u16,
    },
    /// A function of the program: the result goes to `first`, the arguments stand behind it.
    CallFn {
        first: Reg,
        function: u32,
    },

    // --- effects: only in bodies; each gives the word to the host ---
    Action {
        call: CallId,
    },
    Set {
        set: SetId,
    },
    Publish {
        output: OutputId,
        value: Reg,
    },
    Await {
        list: u32,
    },
    Wait {
        duration: Reg,
    },
    WaitUntil {
        instant: Reg,
    },
    WaitFor {
        wait: WaitForId,
    },
    /// Ends a block that waited for events: only those of the first `keep` `wait for`s are still in scope.
    EndWaits {
        keep: u16,
    },
    /// Ends the body with a move.
    Move {
        stage: StageId,
    },
    /// Ends the body.
    Stop,
    /// In code of an earlier version of the program: what stood here needs something that is gone from this one. Fails,
    /// with the text `constants[what]`.
    Gone {
        what: u32,
    },
    /// In code of an earlier version: a field that has become optional since. Fails if it is not set.
    FieldOnceSet {
        to: Reg,
        field: FieldId,
    },
}

use super::{CallId, SetId, WaitForId};
use crate::syntax::tree::StageKind;

impl Instr {
    /// The bit of a kind of stage in `StageIs`.
    pub fn kind_bit(kind: StageKind) -> u8 {
        match kind {
            StageKind::Normal => 1,
            StageKind::Success => 2,
            StageKind::Failure => 4,
        }
    }

    /// Where the instruction may jump to.
    pub fn target(&self) -> Option<u32> {
        match *self {
            Instr::Jump { target }
            | Instr::JumpIf { target, .. }
            | Instr::JumpIfNot { target, .. }
            | Instr::JumpIfNone { target, .. }
            | Instr::JumpIfSet { target, .. }
            | Instr::Next { target, .. } => Some(target),
            _ => None,
        }
    }

    /// The same, to be changed when the position is known.
    pub fn target_mut(&mut self) -> Option<&mut u32> {
        match self {
            Instr::Jump { target }
            | Instr::JumpIf { target, .. }
            | Instr::JumpIfNot { target, .. }
            | Instr::JumpIfNone { target, .. }
            | Instr::JumpIfSet { target, .. }
            | Instr::Next { target, .. } => Some(target),
            _ => None,
        }
    }

    /// Whether the code never goes on at the next instruction.
    pub fn ends(&self) -> bool {
        matches!(
            self,
            Instr::Jump { .. } | Instr::Return { .. } | Instr::Move { .. } | Instr::Stop | Instr::Gone { .. }
        )
    }

    /// Whether the instruction belongs to bodies alone.
    pub fn is_effect(&self) -> bool {
        matches!(
            self,
            Instr::Action { .. }
                | Instr::Set { .. }
                | Instr::Publish { .. }
                | Instr::Await { .. }
                | Instr::Wait { .. }
                | Instr::WaitUntil { .. }
                | Instr::WaitFor { .. }
                | Instr::EndWaits { .. }
                | Instr::Move { .. }
                | Instr::Stop
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_eight_bytes() {
        assert_eq!(size_of::<Instr>(), 8);
        assert_eq!(align_of::<Instr>(), 4);
    }
}
