//! Words and types of other languages, and words that are nearly one of this.

use super::Rule;
use super::cut::{DECLARATIONS, MEMBERS, Place, STATEMENTS, STEPS};
use super::friendly::{Friendly, friendly};
use super::hints::Stop;
use super::scan::Kind;
use crate::diagnostic::{Code, Diagnostic, suggest};

impl Stop<'_> {
    /// `list<text>`, `text[]`
    pub fn type_of_another_language(&self) -> Option<Diagnostic> {
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
        if named == "enum" {
            let inside = self.rest(1).split(']').next().unwrap_or_default().trim();
            return Some(
                Diagnostic::new(Code::Syntax, self.span(0, 0), "the values of an enum stand in braces")
                    .label("not in these brackets")
                    .help(format!("enum {{ {inside} }}")),
            );
        }
        // `status: [planned, done]`
        let listed = self.rest(1).split(']').next().unwrap_or_default().trim().trim_matches(',');
        if found == "[" && named.is_empty() && listed.contains(',') && self.rest(1).contains(']') {
            let values: Vec<&str> = listed.split(',').map(|v| v.trim().trim_matches('"')).collect();
            let name = |v: &&str| {
                v.starts_with(unicode_ident::is_xid_start) && v.chars().all(unicode_ident::is_xid_continue)
            };
            if values.iter().all(name) {
                let close = (1..400).find(|at| self.str(*at) == "]")?;
                let span = self.span(0, close);
                let ours = format!("enum {{ {} }}", values.join(", "));
                return Some(
                    Diagnostic::new(Code::Syntax, self.span(0, 0), "`[` cannot stand in a type")
                        .label("a choice of several values is an enum")
                        .help(ours.clone())
                        .fix(span, ours),
                );
            }
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

    /// `elif`, `where`, `null` and the like.
    pub fn word_of_another_language(&self) -> Option<Diagnostic> {
        // Where the wrong word begins a statement, the grammar takes it for an action's name.
        let first = self.place == Place::Statement && self.at == self.piece.start + 1;
        let here = if first { -1 } else { 0 };
        let word = self.word(here);
        let lower = word.to_lowercase();
        let ours = match lower.as_str() {
            "elif" | "elsif" | "elseif" => "else if",
            "where" | "if" if self.expects(Rule::when_clause) || self.expects(Rule::kw_when) => "when",
            "unless" if self.expects(Rule::when_clause) || self.expects(Rule::kw_when) => "when not",
            "equal" if self.expects_operator() => "==",
            "like" if self.expects_operator() => "contains",
            "und" | "e" | "ed" | "y" | "et" if self.expects_operator() => "and",
            "oder" | "o" | "ou" if self.expects_operator() => "or",
            "wenn" | "falls" | "quando" | "se" | "si"
                if self.expects(Rule::when_clause) || self.expects(Rule::kw_when) =>
            {
                "when"
            }
            "sonst" | "altrimenti" | "sinon" if self.expects(Rule::kw_else) => "else",
            "regel" | "regola" if matches!(self.place, Place::StageMember | Place::PipelineMember) => "rule",
            "stufe" | "phase" | "fase" if self.place == Place::PipelineMember => "stage",
            "xor" if self.expects_operator() => "!=",
            "foreach" | "while" | "loop" if self.place == Place::Statement => "for x in list",
            "return" | "exit" | "break" | "end" | "fail" | "abort" if self.place == Place::Statement => {
                "stop"
            }
            "var" | "val" if self.place == Place::Statement => "let",
            "function" | "def" | "func" if self.place == Place::Declaration => "fn",
            "import" | "include" | "require" if self.place == Place::Declaration => "use",
            "struct" | "class" | "object" | "record" if self.place == Place::Declaration => "entity",
            "workflow" | "process" | "funnel" if self.place == Place::Declaration => "pipeline",
            "status" | "state" | "step" if self.place == Place::PipelineMember => "stage",
            "fail" | "failed" | "lost" if self.is_stage(1) => "failure",
            "win" | "won" | "successful" | "final" if self.is_stage(1) => "success",
            "when" if self.place == Place::StageMember && self.at == self.piece.start => "trigger on",
            _ => return None,
        };
        if ours == word {
            return None;
        }
        let problem = Diagnostic::new(
            Code::UnknownKeyword,
            self.span(here, here),
            format!("`{word}` is no word of the language here"),
        );
        let problem = problem.label(format!("this is written `{ours}`")).help(ours);
        // A trigger without an event is wrong with the right word too.
        Some(match (ours, self.word(here - 1)) {
            ("when", "trigger") => problem,
            _ => problem.fix(self.span(here, here), ours),
        })
    }

    /// Whether the word `stage` stands there, where a stage may stand.
    fn is_stage(&self, distance: isize) -> bool {
        let place = matches!(self.place, Place::PipelineMember | Place::StageMember);
        place && self.at == self.piece.start && self.word(distance) == "stage"
    }

    /// `triger on …`
    pub fn unknown_keyword(&self) -> Option<Diagnostic> {
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
        let near = suggest::nearest(word, known.iter().copied())?;
        let span = self.span(distance, distance);
        let problem =
            Diagnostic::new(Code::UnknownKeyword, span, format!("`{word}` is no word of the language"))
                .label("not known here")
                .help(format!("did you mean `{near}`?"));
        // Near a second one too, it may be either.
        let other = suggest::nearest(word, known.iter().copied().filter(|k| *k != near));
        let sure = word.eq_ignore_ascii_case(near) || other.is_none() && word.len() > 2;
        Some(if sure { problem.fix(span, near) } else { problem })
    }
}
