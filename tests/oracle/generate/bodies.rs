//! Rule bodies, and whole programs.

use super::types::{Ty, fields};
use super::{Facts, Generator, Happening, Level, Tape};

const PROGRAM: &str = include_str!("../../expressions/fixture.rules");

/// A program and its rules.
pub struct Program {
    pub text: String,
    /// What of it is not the fixture.
    pub written: String,
    pub pipeline: &'static str,
    pub rules: Vec<(String, Happening)>,
}

/// Some functions, some rules that compute one value, and some with bodies.
pub fn program(tape: Tape<'_>) -> Program {
    let mut g = Generator::new(tape);
    let functions: String = (0..g.tape.below(4)).map(|_| g.function()).collect();
    let pipeline = g.tape.word(&["Sales", "Zulu"]);
    if pipeline == "Zulu" {
        g.move_to = "move to Ended\n";
    }
    let mut text = String::new();
    let mut rules = Vec::new();
    for at in 0..4 + g.tape.below(4) {
        let happening = match at {
            1 => Happening::Form,
            2 => Happening::Note,
            3 => Happening::Change,
            0 => Happening::Nothing,
            _ => *g.tape.of(&[Happening::Nothing, Happening::Nothing, Happening::Form, Happening::Change]),
        };
        let on = match happening {
            Happening::Nothing => "",
            Happening::Form => " on form.submitted",
            Happening::Note => " on note.added",
            Happening::Change => " on any change",
        };
        g.happening = happening;
        // Rules above are read by those without an event of their own.
        g.reads = happening == Happening::Nothing;
        g.locals = Vec::new();
        (g.facts, g.avoid) = (Facts::new(), Facts::new());
        let name = format!("r{at}");
        if at < 4 || g.tape.below(3) == 0 {
            let ty = g.any_type();
            let value = g.expression(&ty);
            text.push_str(&format!("rule {name}{on} {{ let x_{name} = {value} }}\n"));
            if happening == Happening::Nothing {
                g.outputs.push((format!("{name}.x_{name}"), ty));
            }
        } else {
            let body = g.body();
            text.push_str(&format!("rule {name}{on} {{\n{body}}}\n"));
        }
        rules.push((name, happening));
    }
    // What a rule binds is seen from outside only if another reads it.
    let bound = rules.iter().filter(|(name, _)| text.contains(&format!("let x_{name} =")));
    let readers = bound.map(|(name, _)| format!(" let y_{name} = {name}.x_{name}"));
    let readers: String = readers.collect();
    text.push_str(&format!("rule reader {{{readers} }}\n"));
    let written = format!("{functions}{text}");
    let text = PROGRAM.replace(&format!("# in {pipeline}"), &text);
    let text = text.replace("pipeline Sales", &format!("{functions}\npipeline Sales"));
    Program { text, written, pipeline, rules }
}

/// Rules that do nothing but have a condition each.
pub fn conditions(tape: Tape<'_>) -> Program {
    let mut g = Generator::new(tape);
    let pipeline = g.tape.word(&["Sales", "Zulu"]);
    let (mut text, mut rules) = (String::new(), Vec::new());
    for at in 0..8 {
        let happening =
            *g.tape.of(&[Happening::Nothing, Happening::Form, Happening::Note, Happening::Change]);
        let on = match happening {
            Happening::Nothing => "",
            Happening::Form => " on form.submitted",
            Happening::Note => " on note.added",
            Happening::Change => " on any change",
        };
        g.happening = happening;
        (g.facts, g.avoid) = (Facts::new(), Facts::new());
        let condition = g.condition(3).text.at(Level::Or);
        text.push_str(&format!("rule r{at}{on} when {condition} {{ stop }}\n"));
        rules.push((format!("r{at}"), happening));
    }
    let whole = PROGRAM.replace(&format!("# in {pipeline}"), &text);
    Program { text: whole, written: text, pipeline, rules }
}

impl Generator<'_> {
    /// The statements of a rule.
    pub fn body(&mut self) -> String {
        let mut text = String::new();
        self.block(2, &mut text);
        text
    }

    /// Statements; whether what stands after them would never be reached.
    fn block(&mut self, depth: usize, text: &mut String) -> bool {
        let locals = self.locals.len();
        let mut ends = false;
        for _ in 0..=self.tape.below(4) {
            if self.statement(depth, text) {
                ends = true;
                break;
            }
        }
        self.locals.truncate(locals);
        ends
    }

    fn statement(&mut self, depth: usize, text: &mut String) -> bool {
        let outer = self.reads;
        self.reads = !self.outputs.is_empty() && self.tape.one_in(4);
        if self.reads {
            // It waits first, and the record may have changed by then.
            self.unsure(|path| !is_variable(path));
        }
        let ends = self.any_statement(depth, text);
        self.reads = outer;
        ends
    }

    fn any_statement(&mut self, depth: usize, text: &mut String) -> bool {
        match self.tape.below(if depth == 0 { 7 } else { 11 }) {
            0 | 1 => self.notify(text),
            2 => {
                let ty = self.any_type();
                let value = self.expression(&ty);
                let name = self.name();
                text.push_str(&format!("let {name} = {value}\n"));
                self.locals.push((name, ty));
            }
            3 | 4 => self.set(text),
            5 if self.tape.one_in(3) => {
                text.push_str(self.tape.word(&["stop\n", self.move_to]));
                return true;
            }
            5 => self.notify(text),
            6 => return self.make(depth, text),
            7..10 => return self.branch(depth - 1, text),
            _ => self.for_each(depth - 1, text),
        }
        false
    }

    fn notify(&mut self, text: &mut String) {
        let params = [
            ("to", Ty::Recipient.list()),
            ("amount", Ty::Eur.optional()),
            ("n", Ty::Int),
            ("at", Ty::DateTime.optional()),
            ("rate", Ty::Decimal.optional()),
        ];
        let template = self.converting(&Ty::Text);
        text.push_str(&format!("notify {{ text: {template}"));
        for (name, ty) in params {
            if self.tape.one_in(3) {
                let value = self.converting(&ty);
                text.push_str(&format!(", {name}: {value}"));
            }
        }
        text.push_str(" }\n");
    }

    fn set(&mut self, text: &mut String) {
        let fields: Vec<_> = fields().collect();
        let mut written: Vec<String> = Vec::new();
        let mut changed = Vec::new();
        for _ in 0..=self.tape.below(2) {
            let (name, ty) = self.tape.of(&fields).clone();
            if changed.contains(&name) {
                continue;
            }
            let value = self.converting(&ty);
            written.push(format!("{name} = {value}"));
            changed.push(name);
        }
        text.push_str(&format!("set {}\n", written.join(", ")));
        for name in changed {
            self.unsure(|path| path == name || path.starts_with(&format!("{name}.")));
            if fields.iter().any(|(n, ty)| *n == name && matches!(ty, Ty::Opt(_))) {
                self.avoid.insert(name.into());
            }
        }
    }

    /// It is not looked at any more whether these are known to be set.
    fn unsure(&mut self, which: impl Fn(&str) -> bool) {
        let (unsure, sure) = std::mem::take(&mut self.facts).into_iter().partition(|path| which(path));
        self.facts = sure;
        self.avoid.extend::<Facts>(unsure);
    }

    /// `let room = make { … } else { … }`
    fn make(&mut self, depth: usize, text: &mut String) -> bool {
        let name = self.name();
        let called = self.converting(&Ty::Text);
        text.push_str(&format!("let {name} = make {{ name: {called}"));
        if self.tape.one_in(2) {
            let size = self.converting(&Ty::Int.optional());
            text.push_str(&format!(", size: {size}"));
        }
        text.push_str(" }");
        // What was known of the record is no longer; of other things it is not said.
        self.unsure(|path| !is_variable(path));
        let optional = match self.tape.below(3) {
            0 => false,
            1 => {
                text.push_str(" else { stop }");
                false
            }
            _ => {
                text.push_str(" else {\n");
                let before = self.facts.clone();
                let ends = depth > 0 && self.block(depth - 1, text);
                text.push('}');
                self.facts = before.intersection(&self.facts).cloned().collect();
                !ends
            }
        };
        text.push('\n');
        for (output, ty) in [("id", Ty::Chat), ("n", Ty::Int), ("note", Ty::Text.optional())] {
            self.locals.push((format!("{name}.{output}"), if optional { ty.optional() } else { ty }));
        }
        false
    }

    fn branch(&mut self, depth: usize, text: &mut String) -> bool {
        let mut ways: Vec<Facts> = Vec::new();
        let mut all_end = true;
        let reads = self.reads;
        for at in 0..=self.tape.below(2) {
            self.budget = 20;
            self.reads = reads;
            let condition = self.condition(3);
            text.push_str(if at == 0 { "if " } else { " else if " });
            text.push_str(&format!("{} {{\n", condition.text.text));
            let before = self.facts.clone();
            self.facts.extend(condition.yes);
            let ends = self.block(depth, text);
            if !ends {
                ways.push(self.facts.clone());
            }
            all_end &= ends;
            self.facts = before;
            self.facts.extend(condition.no);
            text.push('}');
        }
        if self.tape.below(2) == 1 {
            text.push_str(" else {\n");
            let ends = self.block(depth, text);
            text.push('}');
            all_end &= ends;
            if !ends {
                ways.push(self.facts.clone());
            }
        } else {
            all_end = false;
            ways.push(self.facts.clone());
        }
        text.push('\n');
        let known = ways.into_iter().reduce(|a, b| a.intersection(&b).cloned().collect());
        self.facts = known.unwrap_or_default();
        all_end
    }

    fn for_each(&mut self, depth: usize, text: &mut String) {
        let element = self.any_simple();
        let list = self.expression(&element.clone().list());
        let name = self.name();
        text.push_str(&format!("for {name} in {list} {{\n"));
        // The body may change the record before it comes around again.
        self.unsure(|_| true);
        self.locals.push((name, element));
        self.block(depth, text);
        self.locals.pop();
        self.unsure(|_| true);
        text.push_str("}\n");
    }
}

/// A name that a `let` or a loop bound: what it holds does not change.
fn is_variable(path: &str) -> bool {
    path.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}
