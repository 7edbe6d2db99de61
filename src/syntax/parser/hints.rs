//! What to say when the grammar refuses a piece: first the mistakes that have a sentence of their own,
//! then "expected this or that", in people's words.

use super::Rule;
use super::cut::{DECLARATIONS, MEMBERS, Piece, Place, STATEMENTS, STEPS};
use super::friendly::{Friendly, friendly};
use super::recover::{PestError, Reader};
use super::scan::numbers::{unit_named, with_unit};
use super::scan::{Kind, Token};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::Span;
use pest::error::{ErrorVariant, InputLocation};

/// The place where a piece stopped making sense.
struct Stop<'a> {
    reader: &'a Reader<'a>,
    piece: &'a Piece,
    place: Place,
    expected: Vec<Rule>,
    /// The tokens to look at: those of the file, or those inside placeholders.
    tokens: &'a [Token],
    /// The token that cannot stand there; past the piece at its end.
    at: usize,
    /// The end of the tokens that belong to the piece.
    end: usize,
}

impl Reader<'_> {
    pub fn explain(&self, error: &PestError, piece: &Piece, place: Place) {
        let Some((start, end)) = self.bytes(piece) else { return };
        let offset = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => start as usize + at,
        };
        let expected = match &error.variant {
            ErrorVariant::ParsingError { positives, .. } => positives.clone(),
            ErrorVariant::CustomError { .. } => Vec::new(),
        };
        // Inside of a text the tokens are those of its placeholders.
        let outer = &self.scan.tokens;
        let at = outer.partition_point(|t| (t.end as usize) <= offset);
        let in_text = outer.get(at).is_some_and(|t| t.kind == Kind::Text && (t.start as usize) < offset);
        let stop = if in_text {
            let tokens = &self.scan.inner;
            let at = tokens.partition_point(|t| (t.end as usize) <= offset);
            let last = outer.get(at).map_or(end, |t| t.end);
            let end = tokens.partition_point(|t| t.start < last.max(end));
            Stop { reader: self, piece, place, expected, tokens, at, end }
        } else {
            Stop {
                reader: self,
                piece,
                place,
                expected,
                tokens: outer,
                at: at.min(piece.end),
                end: piece.end,
            }
        };
        let problem = stop.special().unwrap_or_else(|| stop.general(offset, in_text));
        self.errors.borrow_mut().push(problem);
    }
}

impl Stop<'_> {
    // --- looking around ----------------------------------------------------------------------------

    /// The token at a distance from the wrong one, if it belongs to the piece.
    fn token(&self, distance: isize) -> Option<Token> {
        let index = self.at.checked_add_signed(distance)?;
        (index < self.end).then(|| self.tokens.get(index).copied()).flatten()
    }

    fn str(&self, distance: isize) -> &str {
        self.token(distance).map_or("", |t| self.reader.scan.str(&t))
    }

    fn kind(&self, distance: isize) -> Option<Kind> {
        self.token(distance).map(|t| t.kind)
    }

    /// The word at a distance, or nothing if it is none.
    fn word(&self, distance: isize) -> &str {
        if self.kind(distance) == Some(Kind::Word) { self.str(distance) } else { "" }
    }

    fn span(&self, from: isize, to: isize) -> Span {
        let file = self.reader.file;
        match (self.token(from), self.token(to)) {
            (Some(a), Some(b)) => Span { file, start: a.start, end: b.end },
            (Some(a), None) | (None, Some(a)) => Span { file, start: a.start, end: a.end },
            (None, None) => {
                let end = self.reader.bytes(self.piece).map_or(0, |b| b.1);
                Span { file, start: end, end }
            }
        }
    }

    fn touches(&self, left: isize, right: isize) -> bool {
        match (self.token(left), self.token(right)) {
            (Some(a), Some(b)) => a.end == b.start,
            _ => false,
        }
    }

    fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    fn expects_shown(&self, shown: Friendly) -> bool {
        self.expected.iter().any(|r| friendly(*r) == shown)
    }

    fn expects_operator(&self) -> bool {
        self.expects_shown(Friendly::Operator)
    }

    fn expects_value(&self) -> bool {
        self.expects_shown(Friendly::Thing("a value"))
    }

    /// The first word of the piece.
    fn opening(&self) -> &str {
        self.reader.scan.word(self.piece.start)
    }

    fn text(&self, span: Span) -> &str {
        self.reader.scan.text.get(span.range()).unwrap_or_default()
    }

    /// The rest of the piece, from a token on.
    fn rest(&self, distance: isize) -> &str {
        let (_, end) = self.reader.bytes(self.piece).unwrap_or_default();
        let start = self.token(distance).map_or(end, |t| t.start);
        self.reader.scan.text.get(start as usize..end as usize).unwrap_or_default()
    }

    // --- mistakes with a name ----------------------------------------------------------------------

    fn special(&self) -> Option<Diagnostic> {
        self.hyphen()
            .or_else(|| self.comma_after_unit())
            .or_else(|| self.assign_for_equals())
            .or_else(|| self.sign_between_name_and_value())
            .or_else(|| self.unit_or_code())
            .or_else(|| self.missing_name())
            .or_else(|| self.type_of_another_language())
            .or_else(|| self.wrong_place())
            .or_else(|| self.word_of_another_language())
            .or_else(|| self.unknown_keyword())
            .or_else(|| self.action_without_braces())
            .or_else(|| self.reserved_word())
            .or_else(|| self.wait_for_duration())
            .or_else(|| self.missing_comma())
    }

    /// `rule follow-up { … }`
    fn hyphen(&self) -> Option<Diagnostic> {
        if self.str(0) != "-" || self.expects_operator() || !self.touches(-1, 0) || !self.touches(0, 1) {
            return None;
        }
        if self.word(-1).is_empty() {
            return None;
        }
        let mut last = 0;
        while self.str(last) == "-" && self.touches(last - 1, last) && self.touches(last, last + 1) {
            last += 2;
        }
        let span = self.span(-1, last - 1);
        let written = self.text(span);
        Some(
            Diagnostic::new(Code::WrongName, span, format!("`{written}` cannot be a name"))
                .label("a name has letters, digits and `_`")
                .help(written.replace('-', "_")),
        )
    }

    /// `a: 3 days: 5`
    fn comma_after_unit(&self) -> Option<Diagnostic> {
        if self.str(0) != ":" || self.kind(-2) != Some(Kind::Number) || self.word(-1).is_empty() {
            return None;
        }
        let word = self.word(-1);
        let number = self.str(-2);
        Some(
            Diagnostic::new(
                Code::CommaMissing,
                self.span(-1, -1),
                format!("a comma is missing before `{word}`"),
            )
            .label(format!("without one, this reads as `{number} {word}`"))
            .help(format!("{number}, {word}:")),
        )
    }

    fn assign_for_equals(&self) -> Option<Diagnostic> {
        if self.str(0) != "=" || !self.expects_operator() {
            return None;
        }
        Some(
            Diagnostic::new(Code::AssignForEquals, self.span(0, 0), "`=` gives a value, it does not compare")
                .label("a comparison is written `==`")
                .help("=="),
        )
    }

    /// `{ to = sales }`, `set amount: 5`
    fn sign_between_name_and_value(&self) -> Option<Diagnostic> {
        let begins = matches!(self.kind(0), Some(Kind::Word | Kind::Number | Kind::Text | Kind::Open(_)));
        if matches!(self.place, Place::Field | Place::Entry)
            && self.at == self.piece.start + 1
            && self.expects(Rule::colon)
            && begins
        {
            let (name, found) = (self.word(-1), self.str(0));
            return Some(
                Diagnostic::new(Code::Syntax, self.span(0, 0), format!("expected `:` before `{found}`"))
                    .label(format!("a colon is missing behind `{name}`"))
                    .help(format!("{name}: {found}")),
            );
        }
        let (found, wanted) = match self.str(0) {
            "=" if self.expects(Rule::colon) => ("=", ":"),
            ":" if self.expects(Rule::assign) => (":", "="),
            "==" if self.expects(Rule::assign) => ("==", "="),
            _ => return None,
        };
        let name = self.word(-1);
        Some(
            Diagnostic::new(Code::Syntax, self.span(0, 0), format!("expected `{wanted}`, found `{found}`"))
                .label(format!("between a name and its value here stands `{wanted}`"))
                .help(if wanted == ":" { format!("{name}: …") } else { format!("{name} = …") }),
        )
    }

    /// `5000 eur`, `3 hrs`
    fn unit_or_code(&self) -> Option<Diagnostic> {
        let number = self.str(-1);
        let word = self.word(0);
        if self.kind(-1) != Some(Kind::Number) || word.is_empty() {
            return None;
        }
        let span = self.span(-1, 0);
        let whole = number.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        if let Some(unit) = unit_named(&word.to_lowercase()).filter(|_| whole) {
            return Some(
                Diagnostic::new(Code::WrongDuration, span, format!("`{number} {word}` is no duration"))
                    .label("the units are seconds, minutes, hours, days and weeks")
                    .help(with_unit(number, unit)),
            );
        }
        const CODES: [&str; 16] = [
            "eur", "usd", "gbp", "chf", "jpy", "uah", "pln", "czk", "huf", "ron", "sek", "nok", "dkk", "try",
            "cny", "cad",
        ];
        let code = match word.to_lowercase().as_str() {
            "euro" | "euros" => "EUR".to_owned(),
            "dollar" | "dollars" => "USD".to_owned(),
            "pound" | "pounds" => "GBP".to_owned(),
            lower if CODES.contains(&lower) && word != lower.to_uppercase() => lower.to_uppercase(),
            _ => return None,
        };
        Some(
            Diagnostic::new(Code::CurrencySign, span, format!("`{number} {word}` is no amount"))
                .label("the code of a currency is three capital letters")
                .help(format!("{number} {code}")),
        )
    }

    /// `rule "Tell sales" { … }`
    fn missing_name(&self) -> Option<Diagnostic> {
        let thing = self.word(-1);
        let nameable = matches!(
            thing,
            "rule"
                | "stage"
                | "pipeline"
                | "entity"
                | "enum"
                | "event"
                | "action"
                | "user"
                | "department"
                | "role"
                | "calendar"
                | "const"
                | "fn"
                | "type"
                | "let"
        );
        if !nameable || !self.expects_shown(Friendly::Thing("a name")) {
            return None;
        }
        let article = if thing.starts_with(['e', 'a']) { "an" } else { "a" };
        let problem =
            Diagnostic::new(Code::NameMissing, self.span(0, 0), format!("{article} `{thing}` needs a name"));
        Some(match self.kind(0) {
            Some(Kind::Text) => {
                let label = self.str(0);
                problem.label("this is its label; the name stands before it").help(format!(
                    "{thing} {} {label}",
                    name_from(
                        label,
                        matches!(thing, "rule" | "user" | "department" | "role" | "const" | "fn")
                    )
                ))
            }
            _ => problem.label("the name belongs here"),
        })
    }

    /// `list<text>`, `text[]`
    fn type_of_another_language(&self) -> Option<Diagnostic> {
        let in_type = matches!(self.place, Place::Field) || self.opening() == "fn";
        let found = self.str(0);
        let named = self.word(-1);
        if self.place == Place::Field && found == "??" && !self.expects_operator() {
            return Some(
                Diagnostic::new(Code::Syntax, self.span(0, 0), "`??` cannot stand in a type")
                    .label("one `?` makes a value optional")
                    .help(format!("{named}?")),
            );
        }
        if !in_type || !matches!(found, "<" | "[") {
            return None;
        }
        let inner = match (found, named) {
            ("[", "") => self.word(1),
            ("[", name) => name,
            _ => self.word(1),
        };
        Some(
            Diagnostic::new(Code::Syntax, self.span(0, 0), format!("`{found}` cannot stand in a type"))
                .label("a list is written in words")
                .help(format!("list of {}", if inner.is_empty() { "text" } else { inner })),
        )
    }

    /// A declaration, member or statement where others belong.
    fn wrong_place(&self) -> Option<Diagnostic> {
        if self.at != self.piece.start && !(self.place == Place::Statement && self.at == self.piece.start + 1)
        {
            return None;
        }
        let word = self.reader.member_word(self.piece).to_owned();
        let first = self.opening().to_owned();
        let (home, help) = match (self.place, word.as_str()) {
            (Place::Declaration, "stage") => {
                ("a stage stands inside a pipeline", "pipeline Name for Entity { … }")
            }
            (Place::Declaration | Place::PipelineMember, "trigger") => {
                ("a trigger stands inside the stage that it leads to", "stage Name { trigger … }")
            }
            (Place::Declaration, "rule") => ("a rule stands inside a stage", "stage Name { rule … }"),
            (Place::Declaration, _) if STATEMENTS.contains(&first.as_str()) => {
                ("a statement stands inside a rule", "rule name { … }")
            }
            (Place::PipelineMember | Place::StageMember, _)
                if STATEMENTS.contains(&first.as_str()) || self.looks_like_action() =>
            {
                ("a statement stands inside a rule", "rule name { … }")
            }
            (Place::StageMember, "stage") => ("stages do not stand inside each other", "}"),
            (Place::StageMember, "timezone" | "hours" | "locale") => {
                ("this setting belongs to the pipeline, before its stages", "pipeline Name for Entity { … }")
            }
            (Place::Statement, "rule" | "trigger" | "stage") => {
                ("this belongs into the stage, not into the body of a rule", "}")
            }
            (Place::PipelineMember | Place::StageMember | Place::Statement, word)
                if DECLARATIONS.contains(&word)
                    && matches!(
                        self.reader.scan.kind(self.piece.start + 1),
                        Some(Kind::Word | Kind::Text)
                    ) =>
            {
                ("a declaration stands outside of pipelines", "}")
            }
            _ => return None,
        };
        let token = self.reader.scan.tokens.get(self.piece.start)?;
        let span = Span { file: self.reader.file, start: token.start, end: token.end };
        let problem =
            Diagnostic::new(Code::WrongPlace, span, format!("`{first}` cannot stand here")).label(home);
        Some(if help == "}" {
            problem.help("close what is open before it with `}`")
        } else {
            problem.help(help)
        })
    }

    /// `notify { … }`
    fn looks_like_action(&self) -> bool {
        let scan = self.reader.scan;
        let mut at = self.piece.start + 1;
        while scan.word(at) == "." {
            at += 2;
        }
        scan.word(at) == "{" && !MEMBERS.contains(&self.opening()) && self.opening() != "rule"
    }

    /// `elif`, `where`, `null` and the like.
    fn word_of_another_language(&self) -> Option<Diagnostic> {
        // Where the wrong word begins a statement, the grammar takes it for an action's name.
        let first = self.place == Place::Statement && self.at == self.piece.start + 1;
        let here = if first { -1 } else { 0 };
        let word = self.word(here);
        let lower = word.to_lowercase();
        let ours = match lower.as_str() {
            "elif" | "elsif" | "elseif" => "else if",
            "where" | "if" if self.expects(Rule::when_clause) || self.expects(Rule::kw_when) => "when",
            "unless" if self.expects(Rule::when_clause) || self.expects(Rule::kw_when) => "when not",
            "null" | "nil" | "none" | "undefined" if self.str(-1) == "is" => "not set",
            "null" | "nil" | "none" | "undefined" if self.str(-2) == "is" && self.str(-1) == "not" => "set",
            "equals" | "equal" | "eq" if self.expects_operator() => "==",
            "like" if self.expects_operator() => "contains",
            "xor" if self.expects_operator() => "!=",
            "foreach" | "while" | "loop" if self.place == Place::Statement => "for x in list",
            "return" | "exit" | "break" | "end" if self.place == Place::Statement => "stop",
            "var" | "val" if self.place == Place::Statement => "let",
            "then" if self.opening() == "if" && self.place == Place::Head => "{",
            "function" | "def" | "func" if self.place == Place::Declaration => "fn",
            "import" | "include" | "require" if self.place == Place::Declaration => "use",
            "struct" | "class" | "object" | "record" if self.place == Place::Declaration => "entity",
            "workflow" | "process" | "funnel" if self.place == Place::Declaration => "pipeline",
            "status" | "state" | "step" if self.place == Place::PipelineMember => "stage",
            "when" if self.place == Place::StageMember && self.at == self.piece.start => "trigger on",
            _ => return None,
        };
        if ours == word {
            return None;
        }
        Some(
            Diagnostic::new(
                Code::UnknownKeyword,
                self.span(here, here),
                format!("`{word}` is no word of the language here"),
            )
            .label(format!("this is written `{ours}`"))
            .help(ours),
        )
    }

    /// `triger on …`
    fn unknown_keyword(&self) -> Option<Diagnostic> {
        // A statement's misspelt first word is taken for an action's name, and what follows is refused.
        let first = self.place == Place::Statement && self.at == self.piece.start + 1;
        let (distance, known): (isize, Vec<&str>) = if first {
            let mut known = STATEMENTS.to_vec();
            known.extend(["rule", "trigger"]);
            (-1, known)
        } else {
            let mut known: Vec<&str> = self
                .expected
                .iter()
                .filter_map(|r| match friendly(*r) {
                    Friendly::Word(word) => Some(word),
                    _ => None,
                })
                .collect();
            if self.expects_operator() {
                known.extend(["and", "or", "is", "in", "contains", "starts", "ends", "between", "matches"]);
            }
            if self.expects(Rule::time_unit) || self.kind(-1) == Some(Kind::Number) {
                known.extend([
                    "seconds", "minutes", "hours", "days", "weeks", "second", "minute", "hour", "day", "week",
                ]);
            }
            if self.at == self.piece.start {
                known.extend(match self.place {
                    Place::Declaration => &DECLARATIONS[..],
                    Place::PipelineMember | Place::StageMember => &MEMBERS[..],
                    Place::Step => &STEPS[..],
                    _ => &[],
                });
            }
            (0, known)
        };
        let word = self.word(distance);
        let shortest = if self.at == self.piece.start { 3 } else { 2 };
        let ours = [&STATEMENTS[..], &super::RESERVED].iter().any(|list| list.contains(&word));
        if word.len() < shortest || ours || known.contains(&word) {
            return None;
        }
        let near = suggest::nearest(word, known)?;
        Some(
            Diagnostic::new(
                Code::UnknownKeyword,
                self.span(distance, distance),
                format!("`{word}` is no word of the language"),
            )
            .label("not known here")
            .help(format!("did you mean `{near}`?")),
        )
    }

    /// `notify to: sales`
    fn action_without_braces(&self) -> Option<Diagnostic> {
        if self.place != Place::Statement || STATEMENTS.contains(&self.opening()) && self.opening() != "let" {
            return None;
        }
        // The piece begins with the action's path, and nothing but that stands before the wrong token.
        let scan = self.reader.scan;
        let mut from = self.piece.start;
        if self.opening() == "let" {
            if scan.word(from + 2) != "=" || !self.expects(Rule::brace_open) && !self.expects(Rule::args) {
                return None;
            }
            from += 3;
        }
        let mut end = from + 1;
        while scan.word(end) == "." && end + 2 <= self.piece.end {
            end += 2;
        }
        if scan.kind(from) != Some(Kind::Word) || end != self.at {
            return None;
        }
        if self.opening() == "let" && !matches!(self.kind(0), Some(Kind::Word)) {
            return None;
        }
        let (start, stop) = self.reader.bytes(&(from..end))?;
        let span = Span { file: self.reader.file, start, end: stop };
        let name = self.text(span);
        let rest = self.rest(0).lines().next().unwrap_or_default().trim();
        let help = match self.kind(0) {
            _ if rest.is_empty() => format!("{name} {{ }}"),
            Some(Kind::Open(_)) => {
                let inner = rest.trim_start_matches(['(', '[']).trim_end_matches([')', ']']);
                format!("{name} {{ {} }}", inner.trim())
            }
            _ if rest.contains(':') => format!("{name} {{ {rest} }}"),
            _ => format!("{name} {{ name: value }}"),
        };
        Some(
            Diagnostic::new(Code::ActionWithoutBraces, span, format!("the action `{name}` has no braces"))
                .label("its parameters stand in braces, also when there are none")
                .help(help),
        )
    }

    /// `when then > 5`
    fn reserved_word(&self) -> Option<Diagnostic> {
        let word = self.word(0);
        if !super::RESERVED.contains(&word) || !self.expects_value() {
            return None;
        }
        Some(
            Diagnostic::new(Code::WordAsName, self.span(0, 0), format!("a value is missing before `{word}`"))
                .label("a word of the language, and no name where a value stands")
                .help(format!("a field of this name is read as this.{word}")),
        )
    }

    /// `wait for 3 days`
    fn wait_for_duration(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let duration = self.place == Place::Statement
            && scan.word(from) == "wait"
            && scan.word(from + 1) == "for"
            && scan.kind(from + 2) == Some(Kind::Number)
            && unit_named(scan.word(from + 3)).is_some();
        if !duration {
            return None;
        }
        let (start, end) = self.reader.bytes(&(from + 1..from + 2))?;
        let span = Span { file: self.reader.file, start, end };
        let unit = unit_named(scan.word(from + 3))?;
        Some(
            Diagnostic::new(Code::WrongDuration, span, "`wait for` waits for an event")
                .label("for a time, `for` is left out")
                .help(format!("wait {}", with_unit(scan.word(from + 2), unit))),
        )
    }

    /// `[a b]`
    fn missing_comma(&self) -> Option<Diagnostic> {
        let closes = self.expects(Rule::paren_close) || self.expects(Rule::bracket_close);
        let begins = matches!(self.kind(0), Some(Kind::Word | Kind::Number | Kind::Text | Kind::Open(_)));
        if !self.expects(Rule::comma) || !closes || !begins {
            return None;
        }
        let next = self.str(0);
        Some(
            Diagnostic::new(
                Code::CommaMissing,
                self.span(0, 0),
                format!("a comma is missing before `{next}`"),
            )
            .label("in ( ) and [ ] commas stand between the parts")
            .help(format!(", {next}")),
        )
    }

    // --- all the rest ------------------------------------------------------------------------------

    fn general(&self, offset: usize, in_text: bool) -> Diagnostic {
        let mut shown: Vec<Friendly> = self.expected.iter().map(|r| friendly(*r)).collect();
        shown.sort_unstable();
        shown.dedup();
        // "Nothing more" and "an operator" are always true, and rarely what was meant.
        let mut telling: Vec<Friendly> = shown
            .iter()
            .copied()
            .filter(|f| !matches!(f, Friendly::Operator | Friendly::Thing("nothing more" | "a blank")))
            .collect();
        const TYPES: [Friendly; 4] = [
            Friendly::Thing("a name"),
            Friendly::Word("enum"),
            Friendly::Word("list"),
            Friendly::Word("money"),
        ];
        if TYPES.iter().all(|t| telling.contains(t)) {
            telling.retain(|t| !TYPES.contains(t));
            telling.insert(0, Friendly::Thing("a type"));
        }
        // What a value may begin with is said by "a value".
        if telling.contains(&Friendly::Thing("a value")) {
            let is_a_value = |t: &Friendly| {
                matches!(
                    t,
                    Friendly::Thing("a name" | "a text" | "a number" | "a date" | "a duration")
                        | Friendly::Word("true" | "false" | "none" | "if")
                )
            };
            telling.retain(|t| !is_a_value(t));
        }
        // Behind any name a call could follow.
        if telling.len() > 1 && self.kind(-1) == Some(Kind::Word) {
            telling.retain(|t| *t != Friendly::Sign("("));
        }
        // `move` alone could also be an action, if there were one of that name.
        if self.place == Place::Statement && STATEMENTS.contains(&self.opening()) && telling.len() > 1 {
            telling.retain(|t| *t != Friendly::Sign("{") || self.at != self.piece.start + 1);
        }
        let complete = shown.contains(&Friendly::Thing("nothing more"));
        let file = self.reader.file;
        let (span, found) = match self.token(0) {
            Some(token) => {
                let span = Span { file, start: token.start, end: token.end };
                let text = self.text(span);
                let short = if token.kind == Kind::Text { "a text".to_owned() } else { format!("`{text}`") };
                (span, short)
            }
            // Inside of a text, what closes the placeholder is no token.
            None if in_text => (Span::new(file, offset, offset + 1), "the end of the placeholder".to_owned()),
            None => {
                let end = self.reader.bytes(self.piece).map_or(offset, |b| b.1 as usize);
                (Span::new(file, end, end), String::new())
            }
        };
        if in_text && self.token(0).is_none_or(|t| t.start as usize > offset) {
            let span = Span::new(file, offset, offset + 1);
            let list = if telling.is_empty() { "an operator".to_owned() } else { list(&telling) };
            return Diagnostic::new(Code::Syntax, span, format!("expected {list} in this placeholder"))
                .label("here")
                .help("write \\{ if the brace itself is meant");
        }
        let at_end = self.token(0).is_none();
        if !at_end && (telling.is_empty() || (complete && telling.len() > 4)) {
            let message = format!("{found} cannot stand here");
            return Diagnostic::new(Code::Syntax, span, message).label(if complete {
                "what stands before this is complete"
            } else {
                "expected an operator before this"
            });
        }
        if at_end {
            let last = self.at.checked_sub(1).and_then(|i| self.tokens.get(i));
            let after = match last {
                Some(token) if token.kind == Kind::Text => " after this text".to_owned(),
                Some(token) => format!(" after `{}`", self.reader.scan.str(token)),
                None => String::new(),
            };
            let message = format!("expected {}{after}", list(&telling));
            return Diagnostic::new(Code::Syntax, span, message).label("something is missing here");
        }
        let message = format!("expected {}, found {found}", list(&telling));
        Diagnostic::new(Code::Syntax, span, message).label("not expected here")
    }
}

/// "a, b or c"
fn list(shown: &[Friendly]) -> String {
    // Many words of the language in a row read like noise: things first, then words.
    const MOST: usize = 6;
    let mut shown: Vec<String> = shown.iter().map(Friendly::to_string).collect();
    let more = shown.len() > MOST;
    shown.truncate(MOST);
    match shown.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some(_) if more => format!("{} …", shown.join(", ")),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// A name made of a label: `tell_sales` of "Tell sales", `FinalInvoice` of "Final invoice".
fn name_from(label: &str, lower: bool) -> String {
    let words = label
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty() && w.chars().all(unicode_ident::is_xid_continue))
        .take(3);
    let name = if lower {
        words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
    } else {
        words
            .map(|w| {
                let mut chars = w.chars();
                chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
            })
            .collect()
    };
    if name.starts_with(unicode_ident::is_xid_start) { name } else { "name".to_owned() }
}
