//! Mistakes that have a sentence of their own: what people bring along from other languages, from paper,
//! and from typing fast.

use super::Rule;
use super::cut::{DECLARATIONS, MEMBERS, Place, STATEMENTS};
use super::friendly::Friendly;
use super::hints::Stop;
use super::scan::numbers::{unit_named, with_unit};
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::Span;

impl Stop<'_> {
    // --- mistakes with a name ----------------------------------------------------------------------

    pub fn special(&self) -> Option<Diagnostic> {
        self.slip()
            .or_else(|| self.step_of_habit())
            .or_else(|| self.repeated())
            .or_else(|| self.several())
            .or_else(|| self.clause())
            .or_else(|| self.everyday())
            .or_else(|| self.declared())
            .or_else(|| self.spoken())
            .or_else(|| self.phrase())
            .or_else(|| self.habit())
            .or_else(|| self.beginner())
            .or_else(|| self.statement_without_its_word())
            .or_else(|| self.hyphen())
            .or_else(|| self.comma_after_unit())
            .or_else(|| self.in_triggers())
            .or_else(|| self.assign_for_equals())
            .or_else(|| self.ternary_or_index())
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

    /// `set amount += 5`, `pipeline P for Deal stage A { … }`
    fn statement_without_its_word(&self) -> Option<Diagnostic> {
        if matches!(self.str(0), "+" | "-" | "*" | "/") && self.str(1) == "=" && self.expects(Rule::assign) {
            let (name, sign) = (self.word(-1), self.str(0));
            let (value, end) = self.value_at(2);
            let plain = !value.is_empty() && self.kind(2) != Some(Kind::Open(Bracket::Paren));
            let value = if plain { value } else { "…".to_owned() };
            let span = self.span(0, 1);
            let problem = Diagnostic::new(Code::Syntax, span, format!("`{sign}=` means nothing here"))
                .label("write out what it stands for")
                .help(format!("set {name} = {name} {sign} {value}"));
            // A value that goes on would need parentheses.
            let alone = self.kind(end + 1) != Some(Kind::Sign);
            return Some(match plain && alone {
                true => problem.fix(span, format!("= {name} {sign}")),
                false => problem,
            });
        }
        if self.place == Place::Head
            && self.opening() == "pipeline"
            && matches!(self.word(0), "stage" | "rule" | "timezone" | "hours" | "locale")
        {
            let word = self.word(0);
            return Some(
                Diagnostic::new(Code::Syntax, self.span(0, 0), format!("a `{{` is missing before `{word}`"))
                    .label("the stages of a pipeline stand in its braces")
                    .help("{"),
            );
        }
        None
    }

    /// `on a.b and c.d`, `on invoice paid`, `on change amount`
    fn in_triggers(&self) -> Option<Diagnostic> {
        let word = self.word(0);
        let (wrong, label, help) = if word.is_empty() || self.word_of_another_language().is_some() {
            return None;
        } else if word == "and" && self.expects(Rule::kw_or) {
            let label = "one event is enough; what else must hold stands behind `when`";
            ("events are joined by `or`".to_owned(), label, "or".to_owned())
        } else if self.word(-1) == "change" && self.expects(Rule::dot) {
            (
                "`of` is missing behind `change`".to_owned(),
                "the field that changes",
                format!("change of {word}"),
            )
        } else if self.str(-1) == "," && self.word(0) == "from"
            || self.str(-2) == "," && self.word(-1) == "to"
        {
            return None;
        } else if self.expected.contains(&Rule::dot)
            && !self.word(-1).is_empty()
            && suggest::nearest(word, ["when", "allow", "as", "or", "after", "during", "once"]).is_none()
            && self.expects(Rule::kw_or)
        {
            let whole = format!("{}.{word}", self.word(-1));
            (format!("`{word}` cannot stand here"), "the parts of an event's name are joined by dots", whole)
        } else {
            return None;
        };
        Some(Diagnostic::new(Code::Syntax, self.span(0, 0), wrong).label(label).help(help))
    }

    /// `a ? b : c`, `tags[0]`
    fn ternary_or_index(&self) -> Option<Diagnostic> {
        if !self.expects_operator() || self.place == Place::Field || self.opening() == "fn" {
            return None;
        }
        match self.str(0) {
            "?" => Some(
                Diagnostic::new(
                    Code::Syntax,
                    self.span(0, 0),
                    "a choice between two values is written in words",
                )
                .label("`?` stands where a value is still to be found")
                .help("if … then … else …"),
            ),
            "[" if !self.word(-1).is_empty() && self.touches(-1, 0) => {
                let name = self.word(-1);
                Some(
                    Diagnostic::new(
                        Code::Syntax,
                        self.span(0, 0),
                        "the parts of a list are not reached by `[`",
                    )
                    .label("lists have functions")
                    .help(format!("{name}.first, {name}.last, or {name}.filter(x => …)")),
                )
            }
            _ => None,
        }
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
        let ours = match written {
            "e-mail" | "E-mail" | "E-Mail" => "email".to_owned(),
            _ => written.replace('-', "_"),
        };
        let problem = Diagnostic::new(Code::WrongName, span, format!("`{written}` cannot be a name"))
            .label("a name has letters, digits and `_`")
            .help(ours.clone());
        // Others know a stage by its name: whoever writes it decides.
        let mut before = -2;
        while self.str(before) == "-" {
            before -= 2;
        }
        Some(match self.word(before) {
            "stage" | "pipeline" | "entity" => problem,
            _ => problem.fix(span, ours),
        })
    }

    /// `a: 3 days: 5`
    fn comma_after_unit(&self) -> Option<Diagnostic> {
        let body = self.token(1).is_none() || self.kind(1) == Some(Kind::Open(Bracket::Brace));
        if self.str(0) != ":" || body || self.kind(-2) != Some(Kind::Number) || self.word(-1).is_empty() {
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
                .help("==")
                .fix(self.span(0, 0), "=="),
        )
    }

    /// `{ to = sales }`, `set amount: 5`
    fn sign_between_name_and_value(&self) -> Option<Diagnostic> {
        let begins = matches!(self.kind(0), Some(Kind::Word | Kind::Number | Kind::Text | Kind::Open(_)));
        if self.expected == [Rule::colon] && !self.word(-1).is_empty() && begins {
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
        let (value, end) = self.value_at(1);
        let more = self.kind(end + 1) == Some(Kind::Sign) && self.str(end + 1) != ",";
        let value = if value.is_empty() || more || self.kind(1) == Some(Kind::Open(Bracket::Square)) {
            "…".to_owned()
        } else {
            value
        };
        let sign = self.span(0, 0);
        let before = self.span(-1, -1).after();
        let problem = Diagnostic::new(Code::Syntax, sign, format!("expected `{wanted}`, found `{found}`"))
            .label(format!("between a name and its value here stands `{wanted}`"));
        Some(match wanted {
            ":" => problem.help(format!("{name}: {value}")).fix(before.to(sign), ":"),
            _ => {
                let problem = problem.help(format!("{} {name} = {value}", self.opening()));
                // `let x: int = 5`: behind the colon stands a type, and the value is still to come.
                match self.str(end + 1) {
                    "=" => problem,
                    _ => problem.fix(before.to(sign), " ="),
                }
            }
        })
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
            let ours = with_unit(number, unit);
            return Some(
                Diagnostic::new(Code::WrongDuration, span, format!("`{number} {word}` is no duration"))
                    .label("the units are seconds, minutes, hours, days and weeks")
                    .help(ours.clone())
                    .fix(span, ours),
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
                let inner = rest.trim_start_matches(['(', '[']).trim_end_matches([')', ']']).trim();
                match inner {
                    "" => format!("{name} {{ }}"),
                    inner if inner.starts_with('"') => format!("{name} {{ text: {inner} }}"),
                    inner => format!("{name} {{ {inner} }}"),
                }
            }
            _ if rest.contains(':') => format!("{name} {{ {rest} }}"),
            // Most actions say something.
            Some(Kind::Text) => format!("{name} {{ text: {rest} }}"),
            _ => super::everyday::call(name, &[]).unwrap_or_else(|| format!("{name} {{ name: value }}")),
        };
        let problem =
            Diagnostic::new(Code::ActionWithoutBraces, span, format!("the action `{name}` has no braces"))
                .label("its parameters stand in braces, also when there are none")
                .help(help);
        // `comment ( text: "…" )`
        let close = self.reader.after(self.at).saturating_sub(1);
        let named = self.kind(0) == Some(Kind::Open(Bracket::Paren)) && self.str(2) == ":";
        if !named || scan.kind(close) != Some(Kind::Close(Bracket::Paren)) {
            return Some(problem);
        }
        let close = scan.tokens.get(close)?;
        let close = Span { file: self.reader.file, start: close.start, end: close.end };
        let blank = if self.touches(-1, 0) { " " } else { "" };
        Some(problem.fix(self.span(0, 0), format!("{blank}{{")).fix(close, "}"))
    }

    /// `when then > 5`
    fn reserved_word(&self) -> Option<Diagnostic> {
        let word = self.word(0);
        if !super::RESERVED.contains(&word) || !self.expects_value() {
            return None;
        }
        if self.place == Place::Statement && self.at == self.piece.start {
            let label =
                if word == "else" { "no `if` stands right before it" } else { "a word of the language" };
            let message = format!("`{word}` cannot begin a statement");
            return Some(Diagnostic::new(Code::Syntax, self.span(0, 0), message).label(label));
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
        let duration = matches!(self.place, Place::Statement | Place::Step)
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
        if scan.word(from + 4) == "or" && scan.word(from + 6) == "." {
            let event = self.place_of(&(from + 5..from + 8)).map_or("", |span| self.text(span));
            let time = with_unit(scan.word(from + 2), unit);
            return Some(
                Diagnostic::new(Code::WrongDuration, span, "`wait for` waits for an event")
                    .label("how long at most is said behind it")
                    .help(format!("wait for {event} at most {time}")),
            );
        }
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
}

/// A name made of a label: `tell_sales` of "Tell sales", `FinalInvoice` of "Final invoice".
pub(super) fn name_from(label: &str, lower: bool) -> String {
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
