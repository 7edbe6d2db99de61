//! Programs by chance, well typed by construction: text, as a person would write it.
//!
//! Every choice is read from a tape of numbers, small ones meaning the simpler thing and an empty tape the
//! simplest: so a shorter tape is a smaller program, and proptest shrinks by itself what it found.
//!
//! [`types`] says what the fixture has; [`expressions`] writes expressions of a wanted type, [`conditions`]
//! tests and what is known after them, [`bodies`] statements, [`worlds`] records and events.

pub mod bodies;
mod conditions;
mod expressions;
mod types;
pub mod worlds;

use std::collections::BTreeSet;
pub use types::Ty;

/// Numbers to choose by.
pub struct Tape<'t> {
    left: &'t [u16],
}

impl<'t> Tape<'t> {
    pub fn new(numbers: &'t [u16]) -> Self {
        Tape { left: numbers }
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        let Some((first, rest)) = self.left.split_first() else { return 0 };
        self.left = rest;
        usize::from(*first) % n.max(1)
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    pub fn word(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }

    pub fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// How tightly the outermost operator binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    If,
    Or,
    And,
    Not,
    Compare,
    Default,
    Add,
    Mul,
    Negative,
    Postfix,
}

/// The text of an expression.
#[derive(Debug, Clone)]
pub struct Text {
    pub text: String,
    pub level: Level,
}

impl Text {
    pub fn new(text: impl Into<String>, level: Level) -> Self {
        Text { text: text.into(), level }
    }

    /// In parentheses, if the outermost operator binds less than that.
    pub fn at(&self, least: Level) -> String {
        if self.level < least { format!("({})", self.text) } else { self.text.clone() }
    }
}

/// Paths that are known to be set: `note`, `partner.name`.
pub type Facts = BTreeSet<String>;

/// A function of the program.
#[derive(Debug, Clone)]
pub struct Function {
    pub name: String,
    pub params: Vec<Ty>,
    pub result: Ty,
}

/// What `event` and `old` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    Nothing,
    Form,
    Note,
    Change,
}

/// Writes one program.
pub struct Generator<'t> {
    pub tape: Tape<'t>,
    /// Whether there is a record in scope; not so in functions.
    pub record: bool,
    pub happening: Happening,
    /// Variables and parameters.
    pub locals: Vec<(String, Ty)>,
    /// What rules above bind, and whether it may be read here: that waits for them.
    pub outputs: Vec<(String, Ty)>,
    pub reads: bool,
    pub facts: Facts,
    /// Paths of which it is not said whether they are known to be set: not used.
    pub avoid: Facts,
    pub functions: Vec<Function>,
    /// How many nodes may still be written.
    pub budget: usize,
    pub names: usize,
    /// A statement that leaves the stage.
    pub move_to: &'static str,
}

impl<'t> Generator<'t> {
    pub fn new(tape: Tape<'t>) -> Self {
        Generator {
            tape,
            record: true,
            happening: Happening::Nothing,
            locals: Vec::new(),
            outputs: Vec::new(),
            reads: false,
            facts: Facts::new(),
            avoid: Facts::new(),
            functions: types::fixture_functions(),
            budget: 0,
            names: 0,
            move_to: "move to Won\n",
        }
    }

    pub fn name(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    /// An expression of exactly this type, of moderate size.
    pub fn expression(&mut self, ty: &Ty) -> String {
        self.budget = 40;
        self.exact(ty, 4).text
    }

    /// What converts to the type without a word.
    pub fn converting(&mut self, ty: &Ty) -> String {
        self.budget = 40;
        self.loose(ty, 4).text
    }

    /// The declaration of a function that calls only those before it.
    pub fn function(&mut self) -> String {
        let name = format!("f{}", self.functions.len());
        self.record = false;
        let mut params = Vec::new();
        for at in 0..self.tape.below(4) {
            params.push((format!("p{at}"), self.any_type()));
        }
        let result = self.any_type();
        let locals = std::mem::replace(&mut self.locals, params.clone());
        self.budget = 20;
        let body = self.exact(&result, 3).text;
        (self.record, self.locals) = (true, locals);
        let written: Vec<String> = params.iter().map(|(n, ty)| format!("{n}: {}", ty.written())).collect();
        let text = format!("fn {name}({}) -> {} = {body}\n", written.join(", "), result.written());
        let params = params.into_iter().map(|(_, ty)| ty).collect();
        self.functions.push(Function { name, params, result });
        text
    }
}
