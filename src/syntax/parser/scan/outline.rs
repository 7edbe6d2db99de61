//! The outline of a file in which brackets do not match: which words can only begin a declaration, a
//! member, a statement or an entry, and whose each brace is. White space means nothing in the language, so
//! that is told from the words; the start of a line is only asked where words could mean two things.

use super::{Bracket, Kind, Token};

/// What stands in a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The file itself.
    Top,
    Pipeline,
    Stage,
    /// Statements.
    Block,
    /// `name: …`: parameters, fields, rates.
    Entries,
    /// Values of an enum, days of a calendar: words of all kinds.
    Words,
    Test,
    /// `( )`
    Paren,
    /// `[ ]`
    Square,
    /// A brace that belongs to nothing known.
    Unknown,
}

/// What a word begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Declaration,
    Stage,
    Trigger,
    Rule,
    Statement,
    /// The `else` of an `if`.
    Else,
    /// `wait 3 days`, in rules and in tests.
    Wait,
    Step,
    /// `name:`
    Entry,
}

/// What is known of a token.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    pub start: Option<Start>,
    /// It could be something else in a row of words; of a closing brace: what stands before it goes on.
    pub weak: bool,
    /// Of an opening bracket.
    pub role: Role,
    /// What a brace before this word would hold: the words before it want one.
    pub missing: Option<Role>,
}

impl Role {
    /// Whether something can begin directly in such a bracket; `listed`: right behind `(` or `,`.
    pub fn takes(self, mark: Mark, listed: bool) -> bool {
        let Some(start) = mark.start else { return true };
        match (self, start) {
            (_, Start::Else) => false,
            (Role::Unknown, start) => {
                matches!(start, Start::Entry | Start::Statement | Start::Wait | Start::Step)
            }
            (Role::Words, _) => mark.weak,
            (Role::Top, start) => start == Start::Declaration,
            (Role::Pipeline, start) => matches!(start, Start::Stage | Start::Rule),
            (Role::Stage, start) => matches!(start, Start::Trigger | Start::Rule),
            (Role::Block, start) => matches!(start, Start::Statement | Start::Wait),
            (Role::Test, start) => matches!(start, Start::Step | Start::Wait),
            (Role::Entries, start) => start == Start::Entry,
            (Role::Paren, start) => start == Start::Entry && listed,
            (Role::Square, _) => false,
        }
    }
}

/// Words after which something more of the same thing must come.
const UNFINISHED: [&str; 24] = [
    "is", "on", "for", "if", "then", "else", "and", "or", "not", "in", "of", "contains", "with", "between",
    "matches", "from", "to", "as", "when", "during", "after", "within", "until", "overlap",
];
/// Words behind which no name is declared.
const OPERATORS: [&str; 13] = [
    "is", "in", "and", "or", "not", "contains", "between", "matches", "starts", "ends", "then", "else",
    "with",
];
/// Words that may stand right before the brace of a rule.
const CLAUSES: [&str; 12] = [
    "detached", "once", "skip", "parallel", "queue", "restart", "on", "after", "at", "during", "when",
    "overlap",
];
const MODIFIERS: [&str; 4] = ["disabled", "then", "success", "failure"];

/// One mark for each token.
pub fn outline(text: &str, tokens: &[Token]) -> Vec<Mark> {
    let none = Mark { start: None, weak: false, role: Role::Unknown, missing: None };
    let marks = vec![none; tokens.len()];
    let mut outline = Outline { text, tokens, marks, pending: None, last: 0, slip: None };
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Word => outline.word(index),
            Kind::Open(Bracket::Paren) => outline.marks[index].role = Role::Paren,
            Kind::Open(Bracket::Square) => outline.marks[index].role = Role::Square,
            Kind::Open(Bracket::Brace) => {
                outline.marks[index].role = outline.owner(index);
                outline.pending = None;
            }
            // What it stands in goes on behind it.
            Kind::Close(Bracket::Brace)
                if outline.slip == Some(index)
                    || outline.behind_modifier(index)
                    || outline.in_head(index) =>
            {
                outline.marks[index].weak = true;
            }
            Kind::Close(Bracket::Brace) => {
                let wanted = matches!(outline.pending, Some(Role::Block | Role::Pipeline | Role::Test));
                let free = outline.is_free(index) && !wanted;
                outline.marks[index].weak = !free;
                if free {
                    outline.pending = None;
                }
            }
            _ => {}
        }
    }
    outline.marks
}

struct Outline<'a> {
    text: &'a str,
    tokens: &'a [Token],
    marks: Vec<Mark>,
    /// What the next brace belongs to, as far as the words before it say so.
    pending: Option<Role>,
    /// The last word that began something.
    last: usize,
    /// A bracket between a word that declares and the name behind it.
    slip: Option<usize>,
}

impl<'a> Outline<'a> {
    fn str(&self, index: usize) -> &'a str {
        let token = self.tokens.get(index);
        token.and_then(|t| self.text.get(t.start as usize..t.end as usize)).unwrap_or_default()
    }

    fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|t| t.kind)
    }

    fn is_word(&self, index: usize) -> bool {
        self.kind(index) == Some(Kind::Word)
    }

    fn is_first(&self, index: usize) -> bool {
        self.tokens.get(index).is_none_or(|t| t.first)
    }

    fn opens(&self, index: usize) -> bool {
        self.kind(index) == Some(Kind::Open(Bracket::Brace))
    }

    /// Whether what stands before a token may be complete.
    fn is_free(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1) else { return true };
        match self.tokens[before].kind {
            Kind::Open(bracket) => bracket == Bracket::Brace,
            Kind::Word => !UNFINISHED.contains(&self.str(before)),
            Kind::Sign => matches!(self.str(before), "," | "?"),
            _ => true,
        }
    }

    fn behind_brace(&self, index: usize) -> bool {
        index.checked_sub(1).is_none_or(|before| {
            matches!(self.kind(before), Some(Kind::Open(Bracket::Brace) | Kind::Close(Bracket::Brace)))
        })
    }

    /// Past the label, if one stands here, and past brackets that cannot stand around it.
    fn past_label(&self, index: usize) -> usize {
        let label = index + usize::from(self.in_head(index));
        let behind = label + usize::from(self.kind(label) == Some(Kind::Text));
        behind + usize::from(self.in_head(behind))
    }

    /// `stage Won } "Deal won" {`, `stage Won "Deal won" } {`: no bracket closes right before a brace opens.
    fn in_head(&self, index: usize) -> bool {
        let labelled = self.kind(index + 1) == Some(Kind::Text);
        let end = index + 1 + usize::from(labelled);
        matches!(self.kind(index), Some(Kind::Close(_)))
            && (self.opens(end) || labelled && self.str(end) == "for")
    }

    /// Past `a.b.c`.
    fn past_path(&self, index: usize) -> usize {
        let mut end = index + 1;
        while self.str(end) == "." && self.is_word(end + 1) {
            end += 2;
        }
        end
    }

    // --- braces ------------------------------------------------------------------------------------

    fn owner(&self, open: usize) -> Role {
        let Some(before) = open.checked_sub(1) else { return Role::Unknown };
        match self.str(before) {
            "->" => Role::Entries,
            "else" => Role::Block,
            "enum" => Role::Words,
            _ => match self.pending {
                Some(role) => role,
                None if self.is_word(before) => Role::Entries,
                None => Role::Unknown,
            },
        }
    }

    // --- words -------------------------------------------------------------------------------------

    fn mark(&mut self, index: usize, start: Start, weak: bool, pending: Option<Role>) {
        let mark = &mut self.marks[index];
        mark.start = Some(start);
        mark.weak = weak;
        mark.missing =
            mark.missing.or(self.pending).filter(|role| *role != Role::Unknown && role.takes(*mark, false));
        self.pending = pending;
        self.last = index;
    }

    fn word(&mut self, index: usize) {
        if self.str(index) == "enum" && index > 0 && matches!(self.str(index - 1), ":" | "of") {
            if self.is_word(index + 1) {
                self.marks[index + 1].missing = Some(Role::Words);
            }
            return;
        }
        // `rule send "…"`: a name, whatever else the word may mean.
        const DECLARING: [&str; 14] = [
            "rule",
            "stage",
            "pipeline",
            "entity",
            "enum",
            "event",
            "action",
            "user",
            "department",
            "role",
            "calendar",
            "const",
            "fn",
            "type",
        ];
        let declaring = index.checked_sub(1 + usize::from(self.slip.is_some_and(|slip| slip + 1 == index)));
        if self.pending.is_some() && declaring.is_some_and(|at| DECLARING.contains(&self.str(at))) {
            return;
        }
        // No value begins with a brace.
        if self.str(index + 1) == ":" && !self.opens(index + 2) {
            // `notify to: sales }`
            let action = self.behind_action(index);
            let role = self.pending.filter(|role| *role == Role::Entries);
            if role.is_some() {
                self.pending = None;
            }
            self.marks[index].start = Some(Start::Entry);
            self.marks[index].missing = role.or(action.then_some(Role::Entries));
            return;
        }
        let _ = self.member(index) || self.declaration(index) || self.statement(index) || self.action(index);
    }

    /// Whether a word with this shape begins something: a strong shape does wherever a line begins or what
    /// stands before may be complete, a weak one needs both.
    fn begins(&self, index: usize, strong: bool) -> bool {
        let (free, first) = (self.is_free(index), self.is_first(index));
        self.behind_brace(index) || free && first || strong && (free || first)
    }

    fn member(&mut self, index: usize) -> bool {
        let mut head = index;
        while MODIFIERS.contains(&self.str(head)) && self.is_word(head + 1) {
            head += 1;
        }
        let word = self.str(head);
        let named_at = self.past_slip(head + 1);
        let name = self.str(named_at);
        if !matches!(word, "stage" | "rule" | "trigger") || OPERATORS.contains(&name) {
            return false;
        }
        // Its modifiers have begun it.
        if index == head && index > 0 && MODIFIERS.contains(&self.str(index - 1)) && self.pending.is_some() {
            return true;
        }
        let behind = self.past_label(named_at + 1);
        let named = self.is_word(named_at);
        let (start, shaped, strong, pending) = match word {
            "stage" => (Start::Stage, named, self.opens(behind), Role::Stage),
            "rule" => {
                let strong = self.opens(behind) || CLAUSES.contains(&self.str(behind));
                (Start::Rule, named, strong, Role::Block)
            }
            _ => {
                let text = self.kind(named_at) == Some(Kind::Text);
                let strong = name == "on" || text && self.str(named_at + 1) == "on";
                (Start::Trigger, named || text, strong, Role::Unknown)
            }
        };
        if !shaped || !self.begins(index, strong) || !self.may_slip(head + 1, strong) {
            return false;
        }
        self.mark(index, start, !strong, Some(pending).filter(|p| *p != Role::Unknown));
        true
    }

    /// `rule) all {`: nothing that closes can stand before a name.
    fn past_slip(&self, index: usize) -> usize {
        index + usize::from(matches!(self.kind(index), Some(Kind::Close(_))))
    }

    /// Whether a bracket behind a word that declares is one too many. A brace may well close what holds the word, so
    /// that is believed only where all that follows looks like a declaration.
    fn may_slip(&mut self, index: usize, strong: bool) -> bool {
        match self.kind(index) {
            Some(Kind::Close(Bracket::Brace)) if !strong => return false,
            Some(Kind::Close(_)) => self.slip = Some(index),
            _ => {}
        }
        true
    }

    /// `success } stage Won {`
    fn behind_modifier(&self, index: usize) -> bool {
        let before = index.checked_sub(1).map_or("", |before| self.str(before));
        MODIFIERS.contains(&before) && matches!(self.str(index + 1), "stage" | "rule" | "trigger")
    }

    fn declaration(&mut self, index: usize) -> bool {
        let word = self.str(index);
        let at = self.past_slip(index + 1);
        let named = self.is_word(at) && !OPERATORS.contains(&self.str(at));
        let text = self.kind(at) == Some(Kind::Text);
        let behind = self.past_label(at + 1);
        let labelled = behind > at + 1;
        let ends = self.is_first(at + 1);
        let (shaped, strong, role) = match word {
            "pipeline" => (named, self.str(behind) == "for", Some(Role::Pipeline)),
            "entity" | "extend" | "rates" => (named, self.opens(behind), Some(Role::Entries)),
            "enum" | "calendar" => (named, self.opens(behind), Some(Role::Words)),
            "user" | "department" | "role" => (named, labelled || self.opens(behind), Some(Role::Entries)),
            "event" | "action" => {
                let path = self.past_path(at);
                let behind = self.past_label(path);
                let dotted = path > at + 1;
                (named, dotted || behind > path || self.opens(behind), Some(Role::Entries))
            }
            "test" => (text, self.opens(at + 1), Some(Role::Test)),
            "use" => (named || text, ends, None),
            "currency" => (named, ends && self.str(at).len() == 3, None),
            "type" => (named, labelled || ends, None),
            "const" => (named, self.str(at + 1) == "=", None),
            "fn" => (named, self.str(at + 1) == "(", None),
            _ => return false,
        };
        // `set a = user notify { … }`: the name of a field, and what follows it.
        if !shaped
            || !self.begins(index, strong && self.pending != Some(Role::Block))
            || !self.may_slip(index + 1, strong)
        {
            return false;
        }
        self.mark(index, Start::Declaration, !strong, role);
        if role == Some(Role::Words) && self.is_word(behind) {
            self.marks[behind].missing = role;
        }
        true
    }

    fn statement(&mut self, index: usize) -> bool {
        let next = self.str(index + 1);
        let free = self.is_free(index) || self.is_first(index);
        let number = self.kind(index + 1) == Some(Kind::Number);
        let (start, pending) = match self.str(index) {
            "let" | "set" if self.is_word(index + 1) && self.str(index + 2) == "=" => {
                (Start::Statement, None)
            }
            "move" if free && next == "to" => (Start::Statement, None),
            "wait" if free && (number || matches!(next, "for" | "until")) => (Start::Wait, None),
            "for" if free && self.is_word(index + 1) && self.str(index + 2) == "in" => {
                (Start::Statement, Some(Role::Block))
            }
            // Behind a `let` or a `wait for` it says what is done if nothing comes of that.
            "else"
                if (self.opens(index + 1) || next == "if" && self.has_body(index + 1))
                    && !matches!(self.str(self.last), "let" | "wait") =>
            {
                (Start::Else, Some(Role::Block))
            }
            "stop" if self.is_free(index) && self.ends_behind(index) => (Start::Statement, None),
            "if" if index > 1
                && self.str(index - 1) == "else"
                && self.kind(index - 2) == Some(Kind::Close(Bracket::Brace)) =>
            {
                self.pending = Some(Role::Block);
                return true;
            }
            "if" if self.is_free(index) && self.has_body(index) => (Start::Statement, Some(Role::Block)),
            "given" | "send" | "expect" | "reply"
                if free
                    && !matches!(self.kind(index + 1), None | Some(Kind::Sign | Kind::Close(_)))
                    && !self.opens(index + 1) =>
            {
                (Start::Step, Some(Role::Entries))
            }
            _ => return false,
        };
        if index > 0 && self.str(index - 1) == "else" {
            self.pending = Some(Role::Block);
        }
        self.mark(index, start, matches!(self.str(index), "stop" | "send" | "reply"), pending);
        true
    }

    fn ends_behind(&self, index: usize) -> bool {
        let next = self.str(index + 1);
        next == "}" || self.is_first(index + 1) && !matches!(next, "." | ":" | "=")
    }

    /// Whether an `if` is a statement: a brace comes before any `then`.
    fn has_body(&self, index: usize) -> bool {
        for at in index + 1..(index + 200).min(self.tokens.len()) {
            match self.kind(at) {
                Some(Kind::Open(Bracket::Brace)) => return true,
                // `if vip stop } else { … }`
                Some(Kind::Close(Bracket::Brace)) => return self.str(at + 1) == "else",
                Some(Kind::Word) if self.str(at) == "then" => return false,
                _ => {}
            }
        }
        false
    }

    /// Whether the name of an action, and nothing else, stands before a token.
    fn behind_action(&self, index: usize) -> bool {
        let Some(mut from) = index.checked_sub(1).filter(|before| self.is_word(*before)) else {
            return false;
        };
        while from > 1 && self.str(from - 1) == "." && self.is_word(from - 2) {
            from -= 2;
        }
        self.is_free(from) || from > 2 && self.str(from - 1) == "=" && self.str(from - 3) == "let"
    }

    /// `rule one notify { … }`, `if vip notify { … }`: two names in a row are not of one value.
    fn behind_head(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1).filter(|_| self.pending == Some(Role::Block)) else {
            return false;
        };
        match self.kind(before) {
            Some(Kind::Word) => !matches!(self.str(before), "any" | "rule" | "if" | "for"),
            Some(Kind::Text | Kind::Close(_)) => true,
            _ => false,
        }
    }

    /// `sms {`, `app.signflow.send {`
    fn action(&mut self, index: usize) -> bool {
        let word = self.str(index);
        let open = self.past_path(index);
        let otherwise = index > 0 && self.str(index - 1) == "else";
        if otherwise {
            self.pending = Some(Role::Block);
        }
        if !self.opens(open)
            || !(self.is_free(index) || otherwise)
            || self.pending.is_some() && !self.is_first(index) && !otherwise && !self.behind_head(index)
            || CLAUSES.contains(&word)
            || matches!(word, "else" | "enum" | "with")
        {
            return false;
        }
        self.mark(index, Start::Statement, false, None);
        true
    }
}
