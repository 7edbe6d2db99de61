//! Declarations, calendars and tests in everyday words: `status: dropdown(Open, Closed)`, `const LIMIT 500 EUR`,
//! `expect deal is Won`. Each gets the whole right form.

use super::Rule;
use super::cut::Place;
use super::hints::Stop;
use super::mistakes::name_from;
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// A declaration that a person would write: with what stands there, or what stands there most often.
impl Stop<'_> {
    pub fn declared(&self) -> Option<Diagnostic> {
        if self.in_text() {
            return None;
        }
        match self.place {
            Place::Declaration | Place::Head => self
                .stage_outside()
                .or_else(|| self.pipeline_for_nobody())
                .or_else(|| self.enum_without_braces())
                .or_else(|| self.constant_without_sign())
                .or_else(|| self.function_of_another_shape())
                .or_else(|| self.event_of_another_shape())
                .or_else(|| self.name_with_dots()),
            Place::Field => self.choice_as_type().or_else(|| self.range_as_limits()),
            Place::Calendar => self.holidays(),
            Place::Step => self.step_in_words(),
            _ => None,
        }
    }

    fn first_line_from(&self, distance: isize) -> &str {
        self.rest(distance).lines().next().unwrap_or_default().trim()
    }

    /// The names between brackets: `(Open, "In progress")`.
    fn names_from(&self, open: isize) -> Option<(Vec<String>, isize)> {
        let mut names = Vec::new();
        let mut at = open + 1;
        loop {
            match self.kind(at)? {
                Kind::Word => names.push(self.str(at).to_owned()),
                Kind::Text => names.push(format!("{} {}", name_from(self.str(at), true), self.str(at))),
                Kind::Close(_) => return (!names.is_empty()).then_some((names, at)),
                _ => return None,
            }
            at += 1;
            at += isize::from(matches!(self.str(at), "," | ";" | "|" | "/"));
        }
    }

    /// `stage New { … }` outside of a pipeline, below something complete
    fn stage_outside(&self) -> Option<Diagnostic> {
        let word = self.word(0);
        let (home, help) = match word {
            "stage" => ("a stage stands inside a pipeline", "pipeline Name for Entity { … }"),
            "rule" => ("a rule stands inside a stage", "stage Name { rule … }"),
            "trigger" => ("a trigger stands inside the stage that it leads to", "stage Name { trigger … }"),
            _ => return None,
        };
        let first = self.token(0)?.first && self.at > self.piece.start;
        if !first || self.word(1).is_empty() || self.reader.member_word(self.piece) == word {
            return None;
        }
        let span = self.span(0, 0);
        Some(
            Diagnostic::new(Code::WrongPlace, span, format!("`{word}` cannot stand here"))
                .label(home)
                .help(help),
        )
    }

    /// `pipeline Orders { … }`, `pipeline Orders: Deal { … }`
    fn pipeline_for_nobody(&self) -> Option<Diagnostic> {
        if self.opening() != "pipeline" || !self.expects(Rule::kw_for) || self.at < self.piece.start + 2 {
            return None;
        }
        let head = self.reader.bytes(&(self.piece.start..self.at))?;
        let head = self.text(Span { file: self.reader.file, start: head.0, end: head.1 }).to_owned();
        if self.str(0) == ":" || matches!(self.word(0), "of" | "on" | "with") {
            let entity = self.word(1);
            let entity = if entity.is_empty() { "Deal" } else { entity };
            let span = self.span(0, 0);
            let before = self.span(-1, -1).after();
            return Some(
                self.say(
                    span,
                    format!("`{}` is written `for` here", self.str(0)),
                    "a pipeline is `for` one kind of record",
                    format!("{head} for {entity}"),
                )
                .fix(before.to(span), " for"),
            );
        }
        self.token(0).is_none().then(|| {
            self.say(
                self.span(-1, -1),
                "a pipeline needs the kind of record that it is for",
                "behind its name",
                format!("{head} for Deal"),
            )
        })
    }

    /// `enum Status = open, closed`, `enum Status [open, closed]`
    fn enum_without_braces(&self) -> Option<Diagnostic> {
        if self.opening() != "enum" || !self.expects(Rule::brace_open) || self.at != self.piece.start + 2 {
            return None;
        }
        let name = self.word(-1);
        let (names, span) = match self.str(0) {
            "[" | "(" => {
                let (names, close) = self.names_from(0)?;
                (names.join(", "), self.span(0, close))
            }
            "=" | ":" => {
                let names = self.first_line_from(1).trim_matches(['[', ']', '(', ')', '{', '}']);
                (names.replace(" |", ","), self.span(0, 0))
            }
            _ => return None,
        };
        let help = format!("enum {name} {{ {names} }}");
        let problem = self.say(span, "the values of an enum stand in braces", "not like this", help);
        Some(match self.kind(0) {
            Some(Kind::Open(_)) => problem.fix(span, format!("{{ {names} }}")),
            _ => problem,
        })
    }

    /// `const LIMIT 500 EUR`, `LIMIT = 500 EUR`
    fn constant_without_sign(&self) -> Option<Diagnostic> {
        if self.opening() == "const" && self.at == self.piece.start + 2 && self.expects(Rule::assign) {
            let name = self.word(-1);
            let begins = matches!(self.kind(0), Some(Kind::Number | Kind::Text | Kind::Word));
            if !begins || matches!(self.word(0), "is" | "equals") {
                return None;
            }
            let help = format!("const {name} = {}", self.first_line_from(0));
            let span = self.span(0, 0);
            return Some(
                self.say(span, format!("`=` is missing behind `{name}`"), "the value", help)
                    .fix(span.before(), "= "),
            );
        }
        let begins = self.token(0).is_some_and(|token| token.first);
        if begins && self.str(1) == "=" && !self.word(0).is_empty() && self.at > self.piece.start {
            let span = self.span(0, 0);
            let help = format!("const {}", self.first_line_from(0));
            return Some(
                self.say(span, "a value of the whole program is declared with `const`", "a name", help)
                    .fix(span.before(), "const "),
            );
        }
        None
    }

    /// `fn vat(x) = …`, `fn vat(x: decimal): decimal = …`, `fn vat(x: decimal) { return … }`
    fn function_of_another_shape(&self) -> Option<Diagnostic> {
        if self.opening() != "fn" {
            return None;
        }
        if self.expected == [Rule::colon] && matches!(self.str(0), ")" | ",") {
            let name = self.word(-1);
            return Some(self.say(
                self.span(-1, -1),
                format!("`{name}` needs a type"),
                "what kind of value is given to the function",
                format!("{name}: decimal"),
            ));
        }
        if !self.expects(Rule::arrow) || self.str(-1) != ")" {
            return None;
        }
        let span = self.span(0, 0);
        match self.str(0) {
            ":" => {
                let before = self.span(-1, -1).after();
                let help = format!("-> {}", self.first_line_from(1));
                Some(
                    self.say(span, "the type of the result stands behind `->`", "this is written `->`", help)
                        .fix(before.to(span), " ->"),
                )
            }
            "{" => Some(self.say(
                span,
                "a function has no braces: it is one value",
                "its type stands behind `->`, and the value behind `=`",
                "-> decimal = …",
            )),
            "=" => Some(self.say(
                span,
                "the type of the result is missing",
                "it stands before `=`, behind `->`",
                format!("-> decimal {}", self.first_line_from(0)),
            )),
            _ => None,
        }
    }

    /// `event order shipped`, `event order.placed(total: money)`
    fn event_of_another_shape(&self) -> Option<Diagnostic> {
        let word = self.opening();
        if !matches!(word, "event" | "action") || self.at < self.piece.start + 2 || !self.expects(Rule::text)
        {
            return None;
        }
        if self.kind(0) == Some(Kind::Open(Bracket::Paren)) {
            let close = self.reader.after(self.at).saturating_sub(1);
            let line = self.first_line_from(1);
            let inner = line.trim_end_matches(')');
            let name = self.reader.bytes(&(self.piece.start + 1..self.at))?;
            let name = self.text(Span { file: self.reader.file, start: name.0, end: name.1 });
            let thing = if word == "event" { "what an event brings" } else { "what an action is given" };
            let problem = self.say(
                self.span(0, 0),
                format!("{thing} stands in braces"),
                "not in parentheses",
                format!("{word} {name} {{ {inner} }}"),
            );
            let token = self.reader.scan.tokens.get(close)?;
            let close = Span { file: self.reader.file, start: token.start, end: token.end };
            return Some(match self.text(close) == ")" {
                true => problem.fix(self.span(0, 0), " { ").fix(close, " }"),
                false => problem,
            });
        }
        let (before, name) = (self.word(-1), self.word(0));
        let same_line = !self.token(0)?.first;
        if before.is_empty() || name.is_empty() || !same_line || matches!(name, "on" | "is" | "for" | "of") {
            return None;
        }
        let span = self.span(-1, 0);
        let ours = match word {
            "event" => format!("{before}.{name}"),
            _ => format!("{before}_{name}"),
        };
        Some(
            self.say(
                span,
                format!("the name of an {word} has no blanks"),
                "these are two words",
                format!("{word} {ours}"),
            )
            .fix(span, ours),
        )
    }

    /// `user anna.smith`
    fn name_with_dots(&self) -> Option<Diagnostic> {
        let word = self.opening();
        let kinds = ["user", "department", "role", "entity", "enum", "calendar", "const", "type"];
        if !kinds.contains(&word) || self.str(0) != "." || self.at != self.piece.start + 2 {
            return None;
        }
        let mut end = 1;
        while self.str(end + 1) == "." && !self.word(end + 2).is_empty() {
            end += 2;
        }
        let span = self.span(-1, end);
        let ours = self.text(span).replace('.', "_");
        Some(
            Diagnostic::new(Code::WrongName, span, format!("`{}` cannot be a name here", self.text(span)))
                .label("a name has letters, digits and `_`")
                .help(format!("{word} {ours}"))
                .fix(span, ours),
        )
    }

    // --- fields and calendars ----------------------------------------------------------------------

    /// `status: dropdown(Open, Closed)`
    fn choice_as_type(&self) -> Option<Diagnostic> {
        let written = self.word(-1).to_lowercase();
        let choice = matches!(
            written.as_str(),
            "dropdown" | "select" | "choice" | "choices" | "options" | "picklist" | "oneof"
        );
        if !choice || !matches!(self.str(0), "(" | "[") {
            return None;
        }
        let (names, close) = self.names_from(0)?;
        let span = self.span(-1, close);
        let ours = format!("enum {{ {} }}", names.join(", "));
        Some(
            self.say(
                span,
                format!("a choice of several values is not written `{}`", self.word(-1)),
                "it is an enum, with its values in braces",
                ours.clone(),
            )
            .fix(span, ours),
        )
    }

    /// `size: int 0..100`, `size: int(0, 100)`
    fn range_as_limits(&self) -> Option<Diagnostic> {
        if !matches!(self.word(-1), "int" | "decimal" | "number") || !self.expects(Rule::question) {
            return None;
        }
        let at = isize::from(self.str(0) == "(");
        let joined = matches!(self.str(at + 1), ".." | "-" | "," | "to");
        if self.kind(at) != Some(Kind::Number) || !joined || self.kind(at + 2) != Some(Kind::Number) {
            return None;
        }
        let span = self.span(0, at + 2 + isize::from(at == 1 && self.str(at + 3) == ")"));
        let ours = format!("min {} max {}", self.str(at), self.str(at + 2));
        let space = if self.touches(-1, 0) { " " } else { "" };
        Some(
            self.say(
                span,
                "the least and the most are written `min` and `max`",
                "behind the type",
                format!("{} {ours}", self.word(-1)),
            )
            .fix(span, format!("{space}{ours}")),
        )
    }

    /// `holidays 2026-12-25`
    fn holidays(&self) -> Option<Diagnostic> {
        let word = self.opening();
        let known = matches!(
            word.to_lowercase().as_str(),
            "holiday" | "holidays" | "closing" | "except" | "off" | "vacation" | "feiertage" | "feste"
        );
        if !known || self.at > self.piece.start + 2 {
            return None;
        }
        let at = self.piece.start as isize - self.at as isize;
        let (span, gone) = (self.span(at, at), isize::from(self.str(at + 1) == ":"));
        Some(
            Diagnostic::new(Code::UnknownKeyword, span, format!("`{word}` is no word of the language here"))
                .label("this is written `closed`")
                .help(format!("closed {}", self.first_line_from(at + 1 + gone)))
                .fix(self.span(at, at + gone), "closed"),
        )
    }

    // --- tests -------------------------------------------------------------------------------------

    /// `expect deal is Won`, `send invoice.paid`, `wait until 2026-05-01`, `expect notify to anna`
    fn step_in_words(&self) -> Option<Diagnostic> {
        let from = self.piece.start as isize - self.at as isize;
        let word = |n: isize| self.word(from + n);
        let (entity, record) = self.given().unwrap_or(("deal", "\"D-1\""));
        let whole = self.span(from, from + (self.piece.len() as isize - 1));
        match self.opening() {
            "send" if self.token(0).is_none() && self.expects(Rule::kw_to) => {
                let said = self.text(whole).to_owned();
                Some(self.say(
                    whole.after(),
                    "to which record this happens is missing",
                    "an event happens `to` a record",
                    format!("{said} to {record}"),
                ))
            }
            "wait" if word(1) == "until" => {
                let moment = self.first_line_from(from + 2);
                let gone = self.span(from, from + 1);
                // What else is missing of the moment is said with it.
                let whole = super::steps::whole_moment(moment);
                let problem = self.say(
                    gone,
                    "in a test a moment is reached with `at`",
                    "not with `wait until`",
                    format!("at {whole}"),
                );
                let start = self.span(from + 2, from + 2).start;
                let written = Span { start, end: start + moment.len() as u32, ..gone };
                Some(match whole == moment {
                    true => problem.fix(gone, "at"),
                    false => problem.fix(gone, "at").fix(written, whole),
                })
            }
            "when" | "then" | "and" | "given" if self.at == self.piece.start => {
                let event = self.first_line_from(from + 1);
                match self.opening() {
                    "when" => Some(
                        Diagnostic::new(
                            Code::UnknownKeyword,
                            self.span(from, from),
                            "`when` is no step of a test",
                        )
                        .label("what happens is written `send`")
                        .help(format!("send {event}"))
                        .fix(self.span(from, from), "send"),
                    ),
                    "then" => Some(
                        Diagnostic::new(
                            Code::UnknownKeyword,
                            self.span(from, from),
                            "`then` is no step of a test",
                        )
                        .label("what should be so is written `expect`")
                        .help(format!("expect {event}"))
                        .fix(self.span(from, from), "expect"),
                    ),
                    _ => None,
                }
            }
            "expect" => {
                let is = |n: isize| matches!(word(n), "is" | "in" | "at" | "moves" | "to" | "reaches");
                let subject = self.kind(from + 1) == Some(Kind::Text)
                    || matches!(
                        word(1).to_lowercase().as_str(),
                        "deal" | "record" | "it" | "lead" | "ticket" | "order"
                    )
                    || word(1).eq_ignore_ascii_case(entity);
                let of = match self.kind(from + 1) {
                    Some(Kind::Text) => self.str(from + 1),
                    _ => record,
                };
                if subject && is(2) {
                    let at = (3..6).find(|n| !matches!(word(*n), "in" | "to" | "at" | "stage" | "the"))?;
                    let stage = self.word(from + at);
                    if stage.is_empty() {
                        return None;
                    }
                    let ours = format!("expect stage of {of} == {stage}");
                    let place = self.span(from, from + at);
                    return Some(
                        self.say(
                            place,
                            format!("`{}` is no step of a test", self.text(place)),
                            "where a record stands is its field `stage`",
                            ours.clone(),
                        )
                        .fix(place, ours),
                    );
                }
                if word(2) == "to" && !word(1).is_empty() && !word(3).is_empty() {
                    let (who, end) = self.value_at(from + 3);
                    let ours = format!("{{ to: {who} }}");
                    let place = self.span(from + 2, end);
                    return Some(
                        self.say(
                            place,
                            "with what an action is expected stands in braces",
                            "each with its name",
                            format!("expect {} {ours}", word(1)),
                        )
                        .fix(place, ours),
                    );
                }
                None
            }
            _ => None,
        }
    }
}
