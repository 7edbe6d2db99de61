//! What people write out of habit: the same thing in the words of another tool, of a spreadsheet, or of
//! plain English. Each gets the words of this language, and the edit that puts them there.

use super::Rule;
use super::cut::Place;
use super::hints::Stop;
use super::scan::{Bracket, Kind};
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::source::Span;
use crate::syntax::tree::Name;

impl Stop<'_> {
    pub fn habit(&self) -> Option<Diagnostic> {
        self.lookalike()
            .or_else(|| self.setting_of_file())
            .or_else(|| self.statement_of_habit())
            .or_else(|| self.value_without_set())
            .or_else(|| self.result_behind_action())
            .or_else(|| self.plain_english_test())
            .or_else(|| self.operator_of_habit())
            .or_else(|| self.code_before_number())
            .or_else(|| self.trigger_of_habit())
            .or_else(|| self.days_with_hyphen())
            .or_else(|| self.name_of_two_words())
    }

    // --- small tools -------------------------------------------------------------------------------

    fn token_at(&self, index: usize) -> &str {
        self.reader.scan.word(index)
    }

    fn span_of(&self, from: usize, to: usize) -> Option<Span> {
        let (start, end) = self.reader.bytes(&(from..to))?;
        Some(Span { file: self.reader.file, start, end })
    }

    /// The value that begins at a distance, if it is a plain one: `senior`, `a.b`, `"x"`, `5 EUR`.
    pub fn value_at(&self, from: isize) -> (String, isize) {
        let mut end = from;
        match self.kind(from) {
            Some(Kind::Word) => {
                while self.str(end + 1) == "." && self.kind(end + 2) == Some(Kind::Word) {
                    end += 2;
                }
            }
            Some(Kind::Number) if self.kind(from + 1) == Some(Kind::Word) => {
                let unit = self.word(from + 1);
                let code = unit.len() == 3 && unit.bytes().all(|b| b.is_ascii_uppercase());
                end += isize::from(code || super::scan::numbers::unit_named(unit).is_some());
            }
            _ => {}
        }
        (self.text(self.span(from, end)).to_owned(), end)
    }

    /// The name that ends at a distance: `title`, `contact.name`.
    fn name_before(&self, to: isize) -> String {
        let mut from = to;
        while self.str(from - 1) == "." && self.kind(from - 2) == Some(Kind::Word) {
            from -= 2;
        }
        match self.token(to) {
            Some(_) => self.text(self.span(from, to)).to_owned(),
            None => String::new(),
        }
    }

    /// What stands on the line from a distance on, without what closes the body around it.
    fn line_from(&self, distance: isize) -> String {
        self.rest(distance).lines().next().unwrap_or_default().trim().trim_end_matches(',').to_owned()
    }

    fn no_word(&self, from: isize, to: isize, ours: &str) -> Diagnostic {
        let span = self.span(from, to);
        Diagnostic::new(
            Code::UnknownKeyword,
            span,
            format!("`{}` is no word of the language here", self.text(span)),
        )
        .label(format!("this is written `{ours}`"))
    }

    /// What names a stage, with or without quotes.
    fn stage_named(&self, distance: isize) -> Option<String> {
        let inside = self.str(distance).trim_matches('"');
        inside.starts_with(unicode_ident::is_xid_start).then_some(())?;
        inside.chars().all(unicode_ident::is_xid_continue).then(|| inside.to_owned())
    }

    fn moves_to(&self, span: Span, stage: &str) -> Diagnostic {
        Diagnostic::new(Code::Syntax, span, "a stage is named by its name alone")
            .label("no other words and no quotes")
            .help(format!("move to {stage}"))
            .fix(span, stage.to_owned())
    }

    // --- words -------------------------------------------------------------------------------------

    /// `rulе`, with a Cyrillic `е`
    fn lookalike(&self) -> Option<Diagnostic> {
        use super::cut::{DECLARATIONS, MEMBERS, STATEMENTS, STEPS};
        for distance in [0, -1] {
            let word = self.word(distance);
            let Some((plain, place, wrong, right)) = suggest::lookalike(word) else { continue };
            let known =
                [&DECLARATIONS[..], &MEMBERS, &STATEMENTS, &STEPS, &["on", "when", "then", "else", "to"]];
            if !known.iter().any(|list| list.contains(&plain.as_str())) {
                continue;
            }
            let span = self.span(distance, distance);
            let message = format!("`{word}` looks like `{plain}`, but has a letter of another alphabet");
            return Some(
                Diagnostic::new(Code::UnknownKeyword, span, message)
                    .label(format!("letter {place} is `{wrong}` (U+{:04X}), not `{right}`", wrong as u32))
                    .help(plain.clone())
                    .fix(span, plain),
            );
        }
        None
    }

    /// `currency = EUR`, `currency: EUR`, `currency "EUR"`, `use = crm`
    fn setting_of_file(&self) -> Option<Diagnostic> {
        let from = self.piece.start;
        let word = self.opening();
        if self.place != Place::Declaration || !matches!(word, "currency" | "use") || self.at != from + 1 {
            return None;
        }
        let sign = matches!(self.str(0), "=" | ":" | "==");
        let value = if sign { 1 } else { 0 };
        let text = self.str(value).trim_matches('"').trim();
        let text = if word == "currency" { text.to_uppercase() } else { text.to_owned() };
        let named = !text.is_empty() && text.chars().all(unicode_ident::is_xid_continue);
        let quoted = self.kind(0) == Some(Kind::Text) && named;
        if !sign && !quoted {
            return None;
        }
        let span = self.span(0, if named { value } else { 0 });
        let ours = if named {
            text.as_str()
        } else if word == "currency" {
            "EUR"
        } else {
            "crm"
        };
        let problem = match sign {
            true => Diagnostic::new(
                Code::Syntax,
                self.span(0, 0),
                format!("nothing stands between `{word}` and its name"),
            )
            .label(format!("`{}` is not needed", self.str(0))),
            false => Diagnostic::new(Code::Syntax, span, format!("the {word} is a name, not a text"))
                .label("without quotes"),
        };
        Some(
            problem
                .help(format!("{word} {ours}"))
                .fix(span, if sign { format!(" {ours}").trim().to_owned() } else { ours.to_owned() }),
        )
    }

    /// `goto B`, `move B`, `move to stage B`, `call notify { … }`
    fn statement_of_habit(&self) -> Option<Diagnostic> {
        if self.place != Place::Statement {
            if self.place == Place::Head && matches!(self.word(0), "then" | "do") && self.token(1).is_none() {
                let word = self.word(0);
                let head = self.span_of(self.piece.start, self.at).map_or("", |span| self.text(span));
                let span = self.span(0, 0);
                return Some(
                    Diagnostic::new(Code::Syntax, span, format!("`{word}` is not needed before `{{`"))
                        .label("the braces are enough")
                        .help(format!("{head} {{"))
                        .fix(span, ""),
                );
            }
            return None;
        }
        let from = self.piece.start;
        let first = self.at == from + 1;
        let opening = self.opening();
        match opening {
            "goto" | "jump" | "transition" | "advance" if first && !self.word(0).is_empty() => {
                let to = isize::from(self.word(0) == "to");
                let to = to + isize::from(self.word(to) == "stage" && !self.word(to + 1).is_empty());
                let (stage, _) = self.value_at(to);
                let span = self.span(-1, to - 1);
                Some(self.no_word(-1, -1, "move to").help(format!("move to {stage}")).fix(span, "move to"))
            }
            "assign" if first && !self.word(0).is_empty() && self.str(1) != "." && self.str(1) != "{" => {
                let to = isize::from(self.word(0) == "to");
                let (user, _) = self.value_at(to);
                let problem = self.no_word(-1, -1, "set responsible = …");
                Some(problem.help(format!("set responsible = {user}")))
            }
            "delete" | "remove" | "erase" | "destroy" if first && !self.word(0).is_empty() => {
                let problem = self.no_word(-1, -1, "move to …");
                let label = "rules delete nothing: a record comes to its end in a final stage";
                Some(problem.label(label).help("move to …"))
            }
            "go" if first && self.word(0) == "to" => {
                let (stage, _) = self.value_at(1);
                let span = self.span(-1, 0);
                Some(self.no_word(-1, 0, "move to").help(format!("move to {stage}")).fix(span, "move to"))
            }
            "move"
                if first
                    && self.word(0) != "to"
                    && !self.word(0).is_empty()
                    && self.word(1).is_empty()
                    && self.expects(Rule::kw_to) =>
            {
                let (stage, _) = self.value_at(0);
                let problem = Diagnostic::new(
                    Code::Syntax,
                    self.span(0, 0),
                    format!("`to` is missing before `{stage}`"),
                )
                .label("the stage to which the record moves");
                Some(problem.help(format!("move to {stage}")).fix(self.span(0, 0).before(), "to "))
            }
            "move"
                if self.word(-1) == "stage"
                    && self.at == from + 3
                    && matches!(self.kind(0), Some(Kind::Word | Kind::Text)) =>
            {
                let stage = self.stage_named(0)?;
                if self.kind(0) == Some(Kind::Text) {
                    return Some(self.moves_to(self.span(-1, 0), &stage));
                }
                let span = Span { end: self.span(0, 0).start, ..self.span(-1, -1) };
                let problem = Diagnostic::new(
                    Code::Syntax,
                    self.span(-1, -1),
                    "`stage` is not needed behind `move to`",
                )
                .label("the name of the stage is enough");
                Some(problem.help(format!("move to {stage}")).fix(span, ""))
            }
            // `move to the stage Won`, `move to: Won`
            "move" if self.at == from + 3 && self.word(-1) == "the" && self.word(0) == "stage" => {
                let stage = self.stage_named(1)?;
                Some(self.moves_to(self.span(-1, 1), &stage))
            }
            "move" if self.at == from + 2 && self.word(-1) == "to" && self.str(0) == ":" => {
                let stage = self.stage_named(1)?;
                let problem =
                    Diagnostic::new(Code::Syntax, self.span(0, 0), "no `:` stands behind `move to`")
                        .label("the name of the stage follows at once");
                Some(problem.help(format!("move to {stage}")).fix(self.span(0, 0), ""))
            }
            "call" | "do" | "run" | "execute" | "perform" | "invoke" | "send" | "action" | "then"
                if first && !self.word(0).is_empty() =>
            {
                let (action, end) = self.value_at(0);
                if self.str(end + 1) != "{" {
                    return None;
                }
                let line = self.line_from(0);
                let whole = if line.contains('}') { line } else { format!("{action} {{ … }}") };
                let span = Span { end: self.span(0, 0).start, ..self.span(-1, -1) };
                let problem = Diagnostic::new(
                    Code::Syntax,
                    self.span(-1, -1),
                    format!("`{opening}` is not needed here"),
                )
                .label("the name of the action is enough");
                Some(problem.help(whole).fix(span, ""))
            }
            _ => None,
        }
    }

    /// `amount: 5 EUR`, `name == "x"`, `fee = 100 EUR`, `x = create_chat { … }`
    fn value_without_set(&self) -> Option<Diagnostic> {
        if self.place != Place::Statement {
            return None;
        }
        // The name, and the sign behind it: at the start of the piece, or behind something complete.
        let first = self.at == self.piece.start + 1 && matches!(self.str(0), ":" | "=" | "==");
        let (name, sign) = if first { (-1, 0) } else { (0, 1) };
        let word = self.word(name);
        let found = self.str(sign);
        let opening = name == -1 || found == "=" && (self.expects(Rule::EOI) || self.expects_operator());
        if word.is_empty() || !opening || !matches!(found, ":" | "=" | "==") || self.token(sign + 1).is_none()
        {
            return None;
        }
        if super::cut::STATEMENTS.contains(&word) || super::RESERVED.contains(&word) {
            return None;
        }
        let (_, end) = self.value_at(sign + 1);
        let action =
            self.kind(sign + 1) == Some(Kind::Word) && self.kind(end + 1) == Some(Kind::Open(Bracket::Brace));
        let keyword = if action && found != ":" { "let" } else { "set" };
        let value = self.line_from(sign + 1);
        let label = match keyword {
            "let" => "what an action answers is kept by `let`",
            _ => "fields are changed by `set`, local names are made by `let`",
        };
        let span = self.span(name, sign);
        let problem = Diagnostic::new(Code::Syntax, span, format!("`{keyword}` is missing before `{word}`"))
            .label(label)
            .help(format!("{keyword} {word} = {value}"))
            .fix(span, format!("{keyword} {word} ="));
        Some(problem)
    }

    /// `create_chat { … } as room`
    fn result_behind_action(&self) -> Option<Diagnostic> {
        let from = self.piece.start;
        if self.place != Place::Statement || self.at != from + 1 {
            return None;
        }
        let scan = self.reader.scan;
        if self.word(0) == "as" && !self.word(1).is_empty() {
            let (action, name) = (self.word(-1), self.word(1));
            let span = self.span(0, 1);
            return Some(
                Diagnostic::new(Code::Syntax, span, "what an action answers gets its name from `let`")
                    .label("the name stands first")
                    .help(format!("let {name} = {action} {{ … }}")),
            );
        }
        let before = from.checked_sub(1)?;
        if self.opening() != "as" || scan.kind(before) != Some(Kind::Close(Bracket::Brace)) {
            return None;
        }
        let name = self.word(0);
        if name.is_empty() {
            return None;
        }
        let open = (0..before).rev().find(|i| {
            scan.kind(*i) == Some(Kind::Open(Bracket::Brace)) && scan.tokens[*i].partner as usize == before
        })?;
        let mut action = open.checked_sub(1)?;
        while action > 1 && scan.word(action - 1) == "." {
            action -= 2;
        }
        if scan.kind(action) != Some(Kind::Word) {
            return None;
        }
        let span = self.span(-1, 0);
        self.reader.broken.borrow_mut().push(Name { text: name.into(), span: self.span(0, 0) });
        let problem = Diagnostic::new(Code::Syntax, span, "what an action answers gets its name from `let`");
        let gone = Span { start: scan.tokens[before].end, ..span };
        let bound = action > 2 && scan.word(action - 1) == "=" && scan.word(action - 3) == "let";
        let whole = self.span_of(action, from)?;
        let whole = self.text(whole);
        let shown = match whole.contains(['\n', '\r']) || whole.len() > 60 {
            true => format!("{} {{ … }}", self.text(self.span_of(action, open)?)),
            false => whole.to_owned(),
        };
        if bound {
            let name = scan.word(action - 2);
            return Some(
                problem.label("it has a name already").help(format!("let {name} = {shown}")).fix(gone, ""),
            );
        }
        let start = self.span_of(action, action + 1)?.before();
        Some(
            problem
                .label("the name stands before the action")
                .help(format!("let {name} = {shown}"))
                .fix(start, format!("let {name} = "))
                .fix(gone, ""),
        )
    }

    // --- conditions --------------------------------------------------------------------------------

    /// `level is senior`, `title is not "a"`, `amount is greater than 5 EUR`
    fn plain_english_test(&self) -> Option<Diagnostic> {
        let not = self.word(-1) == "not" && self.word(-2) == "is";
        let is = if not { -2 } else { -1 };
        if self.word(is) != "is" || !self.expects(Rule::kw_empty) || self.token(0).is_none() {
            return None;
        }
        let word = self.word(0).to_lowercase();
        let subject = self.name_before(is - 1);
        let than = |n: isize| n + isize::from(matches!(self.word(n), "than" | "to"));
        // `is greater than or equal to`
        let or_equal =
            self.word(than(1)) == "or" && matches!(self.word(than(1) + 1), "equal" | "equals" | "same");
        let behind = if or_equal { than(than(1) + 2) } else { than(1) };
        let (first, ours, value) = match (word.as_str(), not) {
            ("null" | "nil" | "none" | "undefined" | "missing" | "unset", not) => {
                (is, if not { "is set" } else { "is not set" }, 1)
            }
            ("defined" | "present" | "filled" | "given" | "known", not) => {
                (is, if not { "is not set" } else { "is set" }, 1)
            }
            ("blank", not) => (is, if not { "is not empty" } else { "is empty" }, 1),
            ("greater" | "more" | "bigger" | "larger" | "above" | "over" | "after", not) => {
                (is, order(">", not, or_equal), behind)
            }
            ("less" | "smaller" | "fewer" | "below" | "under" | "before", not) => {
                (is, order("<", not, or_equal), behind)
            }
            ("at", false) if matches!(self.word(1), "least" | "most") => {
                (is, if self.word(1) == "least" { ">=" } else { "<=" }, 2)
            }
            ("equal" | "equals" | "same", not) => (is, if not { "!=" } else { "==" }, than(1)),
            ("in", not) => (is, if not { "not in" } else { "in" }, 1),
            ("between" | "contained", false) => (is, "between", 1),
            _ if suggest::nearest(&word, ["set", "empty", "success", "failure", "final"]).is_some() => {
                return None;
            }
            _ if self.kind(0) == Some(Kind::Close(Bracket::Brace)) => return None,
            (_, not) => (is, if not { "!=" } else { "==" }, 0),
        };
        let tested = ours.starts_with("is ");
        let (value_text, _) = if tested { (String::new(), 0) } else { self.value_at(value) };
        let value_text = match self.kind(value) {
            Some(Kind::Open(_)) => "…".to_owned(),
            _ if ours == "between" => {
                let (_, end) = self.value_at(value);
                match self.word(end + 1) {
                    "and" => format!("{value_text} and {}", self.value_at(end + 2).0),
                    _ => format!("{value_text} and …"),
                }
            }
            _ => value_text,
        };
        let value_text = if value_text.is_empty() && !tested { "…".to_owned() } else { value_text };
        let span = self.span(first, if value == 0 { -1 } else { value - 1 });
        let written = self.text(span).to_owned();
        // `count(tags) is greater than 3`: a bracket alone is no name.
        let subject = if subject.starts_with(')') { String::new() } else { subject };
        let help = format!("{subject} {ours} {value_text}");
        let message = match value {
            0 => format!("values are compared by `{ours}`, not by `{written}`"),
            _ => format!("`{written}` means nothing here"),
        };
        Some(
            Diagnostic::new(Code::Syntax, span, message)
                .label(format!("this is written `{ours}`"))
                .help(help.trim())
                .fix(span, ours),
        )
    }

    /// `title startswith "a"`, `title begins with "a"`, `title matches "^a"`
    fn operator_of_habit(&self) -> Option<Diagnostic> {
        if self.kind(0) == Some(Kind::Text) && self.expects(Rule::regex) && self.word(-1) == "matches" {
            let inner = self.str(0).trim_matches('"').replace("\\\\", "\\").replace('/', "\\/");
            let ours = format!("/{inner}/");
            return Some(
                Diagnostic::new(
                    Code::Syntax,
                    self.span(0, 0),
                    "a pattern stands between `/` and `/`, not in quotes",
                )
                .label("a regular expression")
                .help(ours.clone())
                .fix(self.span(0, 0), ours),
            );
        }
        if !self.expects_operator() {
            return None;
        }
        let with = self.word(1) == "with";
        let (end, ours) = match self.word(0).to_lowercase().as_str() {
            "startswith" | "starts_with" | "beginswith" | "begins_with" | "startwith" => (0, "starts with"),
            "endswith" | "ends_with" | "endwith" => (0, "ends with"),
            "begins" | "begin" | "start" if with => (1, "starts with"),
            "end" | "finishes" if with => (1, "ends with"),
            "includes" | "include" | "has" => (0, "contains"),
            "equals" | "eq" => (0, "=="),
            _ => return None,
        };
        let subject = self.name_before(-1);
        let (value, _) = self.value_at(end + 1);
        let span = self.span(0, end);
        Some(self.no_word(0, end, ours).help(format!("{subject} {ours} {value}").trim()).fix(span, ours))
    }

    /// `EUR 5000`
    fn code_before_number(&self) -> Option<Diagnostic> {
        let code = self.word(-1);
        let number = self.str(0);
        let plain = number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.'));
        if self.kind(0) != Some(Kind::Number)
            || !plain
            || code.len() != 3
            || !code.bytes().all(|b| b.is_ascii_uppercase())
        {
            return None;
        }
        let span = self.span(-1, 0);
        let ours = format!("{number} {code}");
        Some(
            Diagnostic::new(Code::CurrencySign, span, format!("`{code} {number}` is no amount"))
                .label("the code of the currency stands behind the number")
                .help(ours.clone())
                .fix(span, ours),
        )
    }

    // --- triggers, calendars, names ----------------------------------------------------------------

    /// `trigger invoice.paid`, `trigger when invoice.paid`, `on a.b, c.d`
    fn trigger_of_habit(&self) -> Option<Diagnostic> {
        if self.str(0) == "," && self.expects(Rule::kw_or) && !self.expects(Rule::comma) {
            let before = self.name_before(-1);
            let (next, _) = self.value_at(1);
            let span = self.span(0, 0);
            return Some(
                Diagnostic::new(Code::Syntax, span, "events are joined by `or`, not by a comma")
                    .label("one of them is enough")
                    .help(format!("{before} or {next}"))
                    .fix(span, " or"),
            );
        }
        if self.reader.member_word(self.piece) != "trigger" || !self.expects(Rule::kw_on) {
            return None;
        }
        let word = self.word(0);
        if word.is_empty() {
            // All of it is read, and no event was named: `when` stands where `on` belongs.
            let at = self.piece.clone().find(|i| self.token_at(*i) == "when")?;
            let named = self.token_at(at + 2) == "." && self.token(0).is_none();
            let span = self.span_of(at, at + 1)?;
            let event = self.span_of(at + 1, self.piece.end)?;
            let event = self.text(event).split_whitespace().next().unwrap_or_default().to_owned();
            return named.then(|| {
                Diagnostic::new(
                    Code::Syntax,
                    span,
                    "`when` asks for a condition; a trigger listens `on` an event",
                )
                .label("what happens stands behind `on`")
                .help(format!("trigger on {event}"))
                .fix(span, "on")
            });
        }
        if suggest::nearest(word, ["on", "when", "allow", "as"]).is_some()
            || matches!(word, "if" | "where" | "unless" | "after" | "at")
        {
            return None;
        }
        let (event, _) = self.value_at(0);
        Some(
            Diagnostic::new(Code::Syntax, self.span(0, 0), format!("`on` is missing before `{event}`"))
                .label("a trigger listens `on` an event")
                .help(format!("on {event}"))
                .fix(self.span(0, 0).before(), "on "),
        )
    }

    /// `mon-fri 09:00-18:00`
    fn days_with_hyphen(&self) -> Option<Diagnostic> {
        if self.place != Place::Calendar || !matches!(self.str(0), "-" | "to") || self.word(-1).is_empty() {
            return None;
        }
        let short = |word: &str| {
            let word = word.to_lowercase();
            ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].into_iter().find(|day| word.starts_with(*day))
        };
        let (from, to) = (short(self.word(-1))?, short(self.word(1))?);
        let span = self.span(-1, 1);
        let ours = format!("{from}..{to}");
        let rest = self.line_from(2);
        Some(
            Diagnostic::new(Code::Syntax, span, format!("`{}` are no days here", self.text(span)))
                .label("from one day to another is written with two points")
                .help(format!("{ours} {rest}").trim())
                .fix(span, ours),
        )
    }
}

/// The sign for `greater` or `less`, turned round behind `not`.
fn order(sign: &str, not: bool, or_equal: bool) -> &'static str {
    match (sign == ">", not, or_equal) {
        (true, false, false) | (false, true, true) => ">",
        (true, false, true) | (false, true, false) => ">=",
        (false, false, false) | (true, true, true) => "<",
        (false, false, true) | (true, true, false) => "<=",
    }
}
