//! Whole sentences in everyday words, as they are said to a colleague or put together on another tool's screens:
//! `notify anna "Hello"`, `add tag "hot"`, `wait for reply from contact`. Each gets the whole right form.

use super::cut::{Piece, Place};
use super::hints::Stop;
use super::scan::Kind;
use super::scan::numbers::{unit_named, with_unit};
use crate::diagnostic::{Code, Diagnostic};
use crate::library;
use crate::source::Span;

/// What people call those for whom the company works.
const CLIENTS: [&str; 5] = ["client", "customer", "contact", "company", "lead"];

/// What people call the record at hand.
const RECORDS: [&str; 9] = ["it", "this", "record", "item", "card", "deal", "lead", "ticket", "the"];

/// An action of a library with all that it must be given: `notify { text: "Hello", to: anna }`, with a `?` for what is
/// not known.
pub(super) fn call(action: &str, given: &[(&str, &str)]) -> Option<String> {
    let known = |name: &str| given.iter().find(|(n, _)| *n == name).map_or("?", |(_, value)| *value);
    let params = library::required(action)?;
    let params: Vec<String> = params.iter().map(|name| format!("{name}: {}", known(name))).collect();
    Some(match params.is_empty() {
        true => format!("{action} {{ }}"),
        false => format!("{action} {{ {} }}", params.join(", ")),
    })
}

/// What is to be known of a list that is set.
const LIST: &str = "nothing is added to a list: it is given as a whole";

fn is_text(word: &str) -> bool {
    word.starts_with('"')
}

fn is_name(word: &str) -> bool {
    word.starts_with(unicode_ident::is_xid_start)
}

/// What a sentence of another tool asks for, as an action.
fn asked_for(words: &[&str]) -> Option<String> {
    let article = |word: &&&str| !matches!(**word, "a" | "an" | "the" | "new" | "to" | "for" | "with");
    let words: Vec<&str> = words.iter().filter(article).copied().collect();
    let text = words.iter().find(|w| is_text(w)).copied().unwrap_or("?");
    let plain = |w: &str| is_name(w) || is_text(w);
    if !words.iter().all(|w| plain(w)) || words.len() > 5 {
        return None;
    }
    let who = |at: usize| words.get(at).copied().filter(|w| is_name(w));
    let to = |at: usize| who(at).unwrap_or("?");
    let client = |at: usize| who(at).is_some_and(|w| CLIENTS.contains(&w.to_lowercase().as_str()));
    let first = words.first()?.to_lowercase();
    let second = words.get(1).map_or(String::new(), |w| w.to_lowercase());
    match (first.as_str(), second.as_str()) {
        ("send" | "write", "email" | "mail" | "e_mail") => match client(2) {
            true => call("email_client", &[("text", text)]),
            false => call("email", &[("to", to(2)), ("text", text)]),
        },
        ("send", "sms" | "text") => match client(2) {
            true => call("sms_client", &[("text", text)]),
            false => call("sms", &[("to", to(2)), ("text", text)]),
        },
        ("send" | "write", "message") => match client(2) {
            true => call("message_client", &[("text", text)]),
            false => call("message_user", &[("to", to(2)), ("text", text)]),
        },
        ("send", "notification" | "alert" | "reminder") => call("notify", &[("to", to(2)), ("text", text)]),
        ("create" | "add" | "make" | "assign" | "open", "task" | "todo") => call(
            "create_task",
            &[("title", text), ("to", words[2..].iter().find(|w| is_name(w)).unwrap_or(&"?"))],
        ),
        ("create" | "add" | "make" | "write" | "leave", "comment" | "note") => {
            call("comment", &[("text", text)])
        }
        ("create" | "make" | "open" | "generate" | "plan" | "book", thing) => {
            let verb = if matches!(first.as_str(), "plan" | "book") { first.as_str() } else { "create" };
            let action = format!("{verb}_{thing}");
            call(&action, &[("title", text), ("name", text)])
        }
        ("email" | "mail", _) if client(1) => call("email_client", &[("text", text)]),
        ("email" | "mail", _) => call("email", &[("to", to(1)), ("text", text)]),
        ("notify" | "alert" | "inform" | "remind" | "tell" | "ping", _) if client(1) => {
            call("message_client", &[("text", text)])
        }
        ("notify" | "alert" | "inform" | "remind" | "tell" | "ping", _) => {
            call("notify", &[("to", to(1)), ("text", text)])
        }
        ("call" | "trigger" | "post" | "send", "webhook") => call("webhook", &[("url", text)]),
        ("message", _) if client(1) => call("message_client", &[("text", text)]),
        ("message", _) => call("message_user", &[("to", to(1)), ("text", text)]),
        _ => None,
    }
}

impl Stop<'_> {
    pub fn everyday(&self) -> Option<Diagnostic> {
        if self.in_text() {
            return None;
        }
        let said = match self.place {
            Place::Statement => self.statement_in_words(),
            Place::StageMember => self.rule_without_its_word(),
            Place::Head => self.timetable().or_else(|| self.after_silence()).or_else(|| self.for_each()),
            _ => None,
        };
        said.or_else(|| self.life_of_a_record()).or_else(|| self.asked())
    }

    /// The tokens of the line on which the piece begins, if what is wrong stands there.
    fn line(&self) -> Option<Piece> {
        let from = self.piece.start;
        let tokens = self.reader.scan.tokens.get(from + 1..self.piece.end)?;
        let end = from + 1 + tokens.iter().position(|t| t.first).unwrap_or(tokens.len());
        (self.at <= end).then_some(from..end)
    }

    pub fn place_of(&self, piece: &Piece) -> Option<Span> {
        let (start, end) = self.reader.bytes(piece)?;
        Some(Span { file: self.reader.file, start, end })
    }

    fn words_of(&self, piece: &Piece) -> Vec<&str> {
        piece.clone().map(|i| self.reader.scan.word(i)).collect()
    }

    /// `set amount to 5 EUR`, `add tag "hot"`, `notify anna`
    fn statement_in_words(&self) -> Option<Diagnostic> {
        let line = self.line()?;
        let words = self.words_of(&line);
        let whole = self.place_of(&line)?;
        let at = |n: usize| self.place_of(&(line.start + n..line.start + n + 1));
        let rest = |n: usize| self.place_of(&(line.start + n..line.end)).map_or("", |span| self.text(span));
        let syntax = |span, message: String| Diagnostic::new(Code::Syntax, span, message);
        match words.as_slice() {
            ["add" | "set" | "apply", "tag" | "label", tag]
            | ["tag", tag]
            | ["add", tag, "to", "tags"]
            | ["add", "to", "tags", tag]
                if is_text(tag) =>
            {
                return Some(self.tags(whole, format!("set tags = [{tag}]"), LIST));
            }
            ["remove" | "delete" | "clear", "tag" | "label", tag]
            | ["remove" | "delete", tag, "from", "tags"]
                if is_text(tag) =>
            {
                let help = format!("set tags = tags.filter(t => t != {tag})");
                return Some(self.tags(whole, help, "what is to stay in a list is filtered"));
            }
            ["set" | "change" | "update", "the", name, ..] if is_name(name) && words[0] == "set" => {
                let gone = at(1)?.to(at(2)?.before());
                return Some(
                    syntax(at(1)?, "`the` is not needed here".into())
                        .label("the name of the field is enough")
                        .help(format!("set {}", rest(2).replacen(" to ", " = ", 1)))
                        .fix(gone, ""),
                );
            }
            ["set" | "change", "stage" | "status" | "state" | "phase", "to", stage]
                if is_name(stage) || is_text(stage) =>
            {
                let stage = stage.trim_matches('"');
                if !is_name(stage) || stage.contains(' ') {
                    return None;
                }
                return Some(
                    syntax(whole, format!("`{}` is not how a record moves", self.text(whole)))
                        .label("a record goes to another stage with `move to`")
                        .help(format!("move to {stage}"))
                        .fix(whole, format!("move to {stage}")),
                );
            }
            ["set" | "change" | "update", name, "to", _, ..] if is_name(name) => {
                let help = format!("set {name} = {}", rest(3));
                let problem = match words[0] {
                    "set" => syntax(at(2)?, format!("`set {name}` is followed by `=`"))
                        .label("this is written `=`")
                        .help(help)
                        .fix(at(2)?, "="),
                    verb => Diagnostic::new(
                        Code::UnknownKeyword,
                        at(0)?,
                        format!("`{verb}` is no word of the language here"),
                    )
                    .label("fields are changed by `set`")
                    .help(help)
                    .fix(at(0)?, "set")
                    .fix(at(2)?, "="),
                };
                return Some(problem);
            }
            ["move", record, "to", rest @ ..] if is_name(record) && !rest.is_empty() => {
                let to = if rest[0] == "stage" && rest.len() > 1 { 4 } else { 3 };
                let stage = words[to..].concat();
                let gone = at(1)?.to(at(to)?.before());
                let own = RECORDS.contains(&record.to_lowercase().as_str());
                let problem = syntax(at(1)?, format!("`{record}` is not needed behind `move`"))
                    .label("it is always the record of the rule that moves")
                    .help(format!("move to {stage}"));
                return Some(if own { problem.fix(gone, "to ") } else { problem });
            }
            ["wait" | "delay" | "sleep" | "pause" | "hold", rest @ ..]
                if words[0] != "wait" && !rest.is_empty() || rest.first() == Some(&"for") =>
            {
                let skip = usize::from(rest.first() == Some(&"for"));
                let plain = rest.len() == skip + 2 && unit_named(&rest[skip + 1].to_lowercase()).is_some();
                if plain && words[0] != "wait" && rest[skip].bytes().all(|b| b.is_ascii_digit()) {
                    let help = with_unit(rest[skip], unit_named(&rest[skip + 1].to_lowercase())?);
                    let problem = Diagnostic::new(
                        Code::UnknownKeyword,
                        at(0)?,
                        format!("`{}` is no word of the language here", words[0]),
                    );
                    return Some(
                        problem
                            .label("this is written `wait`")
                            .help(format!("wait {help}"))
                            .fix(whole, format!("wait {help}")),
                    );
                }
                return self.wait_for_words(&line, &words);
            }
            ["increase" | "raise" | "decrease" | "reduce" | "lower", name, "by", rest @ ..]
                if is_name(name) && !rest.is_empty() =>
            {
                let sign = if matches!(words[0], "increase" | "raise") { "+" } else { "-" };
                let value = self.place_of(&(line.start + 3..line.end)).map_or("", |span| self.text(span));
                let share = self.reader.scan.text[whole.end as usize..].trim_start().starts_with('%');
                let help = match share {
                    true => format!("set {name} = {name} {sign} {name} * {value} / 100"),
                    false => format!("set {name} = {name} {sign} {value}"),
                };
                let problem = Diagnostic::new(
                    Code::UnknownKeyword,
                    at(0)?,
                    format!("`{}` is no word of the language here", words[0]),
                );
                let problem = problem.label("fields are changed by `set`").help(help.clone());
                let plain = !share && (rest.len() == 1 || rest.len() == 2 && is_name(rest[1]));
                return Some(if plain { problem.fix(whole, help) } else { problem });
            }
            ["close" | "win" | "lose" | "finish" | "complete" | "mark" | "cancel", rest @ ..]
                if rest.iter().all(|w| is_name(w)) && rest.len() < 4 =>
            {
                let stage = rest.last().filter(|w| w.starts_with(char::is_uppercase));
                let stage = stage.copied().unwrap_or(match words[0] {
                    "lose" | "cancel" => "Lost",
                    _ if rest.iter().any(|w| w.eq_ignore_ascii_case("lost")) => "Lost",
                    _ => "Won",
                });
                return Some(
                    Diagnostic::new(
                        Code::UnknownKeyword,
                        whole,
                        format!("`{}` is no statement of the language", self.text(whole)),
                    )
                    .label("a record comes to its end by moving to a stage")
                    .help(format!("move to {stage}")),
                );
            }
            ["update" | "edit" | "modify", record] if is_name(record) => {
                return Some(
                    syntax(whole, format!("`{}` is not needed", self.text(whole)))
                        .label("a rule changes the fields of its own record, with `set`")
                        .help("set field = …"),
                );
            }
            ["log" | "print" | "say" | "echo" | "write", text] if is_text(text) => {
                let help = format!("comment {{ text: {text} }}");
                return Some(
                    Diagnostic::new(Code::UnknownKeyword, at(0)?, format!("`{}` is no action", words[0]))
                        .label("what is to be kept with the record is a comment")
                        .help(help.clone())
                        .fix(whole, help),
                );
            }
            _ => {}
        }
        // `notify(anna, "Hello")`
        let bare: Vec<&str> =
            words.iter().filter(|w| !matches!(**w, "(" | ")" | "," | "{" | "}")).copied().collect();
        let words = if matches!(words.get(1), Some(&"(")) && !words.contains(&":") { bare } else { words };
        let known = library::that_declares("action", words.first()?).is_some();
        let help = asked_for(&words)?;
        if words.len() < 2 {
            return None;
        }
        let problem = match known {
            true => Diagnostic::new(
                Code::ActionWithoutBraces,
                at(0)?,
                format!("the action `{}` has no braces", words[0]),
            )
            .label("what it is given stands in braces, each with its name"),
            false => Diagnostic::new(
                Code::UnknownKeyword,
                whole,
                format!("`{}` is no action of the language", self.text(whole)),
            )
            .label("an action has a name, and in braces what it is given"),
        };
        let sure = !help.contains('?');
        let problem = problem.help(help.clone());
        Some(if sure { problem.fix(whole, help) } else { problem })
    }

    /// `wait for reply from contact`, `wait for invoice.paid for 5 days`, `wait for payment or 5 days`
    fn wait_for_words(&self, line: &Piece, words: &[&str]) -> Option<Diagnostic> {
        let said = words.get(2..).filter(|said| words[0] == "wait" && !said.is_empty())?;
        // How long it may take, behind the event.
        if let Some(n) =
            (1..said.len()).find(|n| said[*n] == "timeout" || said[*n..].starts_with(&["up", "to"]))
        {
            let first = n + if said[n] == "up" { 2 } else { 1 };
            let number = said.get(first).filter(|number| number.bytes().all(|b| b.is_ascii_digit()))?;
            unit_named(said.get(first + 1)?)?;
            let from = line.start + 2;
            let place = self.place_of(&(from + n..from + first))?;
            let problem = Diagnostic::new(
                Code::Syntax,
                place,
                format!("`{}` is not how long something is waited for", self.text(place)),
            );
            // What is done then needs its `else`.
            let brace = from + first + 2;
            let then = said.get(first + 2) == Some(&"{");
            let otherwise = if then { " else { … }" } else { "" };
            let event = said[..n].concat();
            let help = format!("wait for {event} at most {number} {}{otherwise}", said[first + 1]);
            let problem = problem.label("how long is said with `at most`").help(help).fix(place, "at most");
            return Some(match then {
                true => problem.fix(self.place_of(&(brace..brace + 1))?.before(), "else "),
                false => problem,
            });
        }
        let limit = said.iter().enumerate().find_map(|(n, word)| {
            let number = said.get(n + 1)?;
            let unit = said.get(n + 2)?;
            let digits = number.bytes().all(|b| b.is_ascii_digit());
            (n > 0
                && matches!(*word, "or" | "for" | "max" | "within" | "until")
                && digits
                && unit_named(unit).is_some())
            .then_some((n, format!("{number} {unit}")))
        });
        let end = limit.as_ref().map_or(said.len(), |(n, _)| *n);
        let named = said[..end].contains(&".");
        let event = match named {
            true => said[..end].concat(),
            false if said[..end].iter().all(|w| is_name(w)) => {
                library::event_called(&said[..end])?.to_owned()
            }
            false => return None,
        };
        if said[..end].iter().any(|w| matches!(*w, "at" | "when" | "or")) {
            return None;
        }
        let from = line.start + 2;
        if let Some((n, time)) = limit {
            let place = self.place_of(&(from + n..from + n + 1))?;
            let problem = Diagnostic::new(
                Code::Syntax,
                place,
                format!("`{}` is not how long something is waited for", said[n]),
            );
            let problem = problem
                .label("how long is said with `at most`")
                .help(format!("wait for {event} at most {time}"));
            return Some(if named { problem.fix(place, "at most") } else { problem });
        }
        if named || said.len() < 2 {
            return None;
        }
        let place = self.place_of(&(from..line.end))?;
        let message = format!("`{}` is not the name of an event", self.text(place));
        let problem = Diagnostic::new(Code::Syntax, place, message)
            .label("an event has a name of its own, with a dot in it")
            .help(format!("wait for {event}"));
        // The very words of the name, without its dot.
        Some(match said.join(".") == event {
            true => problem.fix(place, event),
            false => problem,
        })
    }

    fn tags(&self, whole: Span, help: String, label: &str) -> Diagnostic {
        let message = format!("`{}` is no statement of the language", self.text(whole));
        Diagnostic::new(Code::UnknownKeyword, whole, message).label(label.to_owned()).help(help)
    }

    /// `when deal created { … }`, `after 3 days { … }`, in a stage
    fn rule_without_its_word(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let word = self.opening();
        let clause = matches!(word, "when" | "whenever" | "if" | "on" | "after" | "at" | "once" | "every");
        let open = self.reader.first_brace(self.piece)?;
        if !clause || self.at > open || open == from {
            return None;
        }
        let said = self.place_of(&(from + 1..open)).map_or("", |span| self.text(span));
        let dotted = scan.word(from + 2) == ".";
        let tested = self.words_of(&(from..open)).iter().any(|w| {
            matches!(*w, "==" | "!=" | "<" | ">" | "<=" | ">=" | "is" | "contains" | "in" | "starts" | "ends")
        });
        let ours = match word {
            "when" | "whenever" | "if" if dotted && !tested => format!("rule name on {said} {{ … }}"),
            "when" | "whenever" | "if" if tested => format!("rule name when {said} {{ … }}"),
            "on" | "after" | "at" => format!("rule name {word} {said} {{ … }}"),
            "once" => format!("rule name {word} {{ … }}"),
            _ => "rule name { … }".to_owned(),
        };
        let first = self.place_of(&(from..from + 1))?;
        let label = match ours == "rule name { … }" {
            true => "without more, a rule runs as soon as a record is in the stage",
            false => "this belongs to a rule, behind its name",
        };
        Some(
            Diagnostic::new(Code::Syntax, first, "what is to be done stands in a rule, which has a name")
                .label(label)
                .help(ours),
        )
    }

    /// `rule r every day`
    fn timetable(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = (self.piece.start..self.piece.end).find(|i| {
            matches!(scan.word(*i), "every" | "each" | "daily" | "weekly" | "hourly" | "monthly")
                || matches!(scan.word(*i), "schedule" | "cron" | "timer")
                    && scan.word(i.wrapping_sub(1)) == "on"
        })?;
        if self.reader.member_word(self.piece) != "rule" || self.at < from || from < self.piece.start + 2 {
            return None;
        }
        let span = self.place_of(&(from..self.piece.end))?;
        let words = self.words_of(&(from..self.piece.end));
        let unit = match words.as_slice() {
            ["daily", ..] => "1 day".to_owned(),
            ["weekly", ..] => "1 week".to_owned(),
            ["hourly", ..] => "1 hour".to_owned(),
            ["monthly", ..] => "30 days".to_owned(),
            [_, "month" | "months", ..] => "30 days".to_owned(),
            [_, n, unit, ..] if unit_named(unit).is_some() => format!("{n} {unit}"),
            [_, unit, ..] => match unit_named(unit) {
                Some((unit, _)) => format!("1 {unit}"),
                None => "1 week".to_owned(),
            },
            _ => "1 day".to_owned(),
        };
        Some(
            Diagnostic::new(Code::Syntax, span, "a rule does not run again and again by the clock")
                .label("it starts once in a stage: `after` a time, `at` a moment, or `on` each event")
                .help(format!("after {unit}")),
        )
    }

    /// `for each f in files`
    fn for_each(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let from = self.piece.start;
        let word = scan.word(from + 1);
        if self.opening() != "for"
            || !matches!(word, "each" | "every" | "all")
            || scan.kind(from + 2) != Some(Kind::Word)
            || scan.word(from + 3) != "in"
        {
            return None;
        }
        let span = self.place_of(&(from + 1..from + 2))?;
        let behind = self.place_of(&(from + 2..self.piece.end))?;
        Some(
            Diagnostic::new(Code::Syntax, span, format!("`{word}` is not needed behind `for`"))
                .label("the name stands right behind `for`")
                .help(format!("for {}", self.text(behind)))
                .fix(span.to(behind.before()), ""),
        )
    }

    /// `rule chase after 3 days if no reply`
    fn after_silence(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let quiet = |i: &usize| {
            scan.word(*i) == "of"
                && matches!(
                    scan.word(i + 1),
                    "inactivity" | "silence" | "no" | "quiet" | "idleness" | "waiting"
                )
        };
        if let Some(of) = (self.piece.start + 3..self.piece.end).find(quiet)
            && scan.word(of - 3) == "after"
            && scan.kind(of - 2) == Some(Kind::Number)
        {
            let span = self.place_of(&(of - 3..of + 2))?;
            let help = format!("on no email.received for {} {}", scan.word(of - 2), scan.word(of - 1));
            return Some(
                Diagnostic::new(
                    Code::Syntax,
                    span,
                    "that nothing happens for a time is waited for with `on no`",
                )
                .label("one event, and how long it does not come")
                .help(help),
            );
        }
        let no = (self.piece.start..self.piece.end).find(|i| scan.word(*i) == "no")?;
        let from = (self.piece.start..no).find(|i| scan.word(*i) == "after")?;
        if self.at < from
            || scan.kind(from + 1) != Some(Kind::Number)
            || unit_named(scan.word(from + 2)).is_none()
            || !matches!(scan.word(no - 1), "if" | "when" | "and" | "with")
        {
            return None;
        }
        let words = self.words_of(&(no + 1..self.piece.end));
        let event = library::event_called(&words)?;
        let span = self.place_of(&(from..self.piece.end))?;
        let help = format!("on no {event} for {} {}", scan.word(from + 1), scan.word(from + 2));
        Some(
            Diagnostic::new(Code::Syntax, span, "that nothing happens for a time is waited for with `on no`")
                .label("one event, and how long it does not come")
                .help(help),
        )
    }

    /// `trigger on deal created`, `rule r on new deal`
    fn life_of_a_record(&self) -> Option<Diagnostic> {
        let scan = self.reader.scan;
        let on = self.piece.clone().find(|i| scan.word(*i) == "on")?;
        let distance = self.at.checked_sub(on)?;
        if !(1..=3).contains(&distance) || scan.word(on + 2) == "." {
            return None;
        }
        let mut end = on + 1;
        while end < self.piece.end
            && scan.kind(end) == Some(Kind::Word)
            && !matches!(scan.word(end), "when" | "allow" | "as" | "or" | "after" | "during" | "once")
        {
            end += 1;
        }
        let words = self.words_of(&(on + 1..end));
        let made = |w: &&str| matches!(*w, "created" | "new" | "added" | "creation" | "opened");
        let changed = |w: &&str| matches!(*w, "updated" | "edited" | "modified" | "update");
        if scan.word(end) == "." || !(2..=4).contains(&words.len()) {
            return None;
        }
        let span = self.place_of(&(on..end))?;
        let written = self.text(self.place_of(&(on + 1..end))?);
        let rule = self.reader.member_word(self.piece) == "rule";
        if words.iter().any(made) {
            let message = format!("`{written}` is no event: it is how a record begins");
            return Some(match rule {
                true => {
                    let name = scan.word(self.piece.start + 1);
                    Diagnostic::new(Code::Syntax, span, message)
                        .label("a rule of the first stage runs when a record is created, without `on`")
                        .help(format!("rule {name} {{ … }}"))
                }
                false => Diagnostic::new(Code::Syntax, span, message)
                    .label("every new record is in the first stage, which needs no trigger")
                    .help("put a rule without `on` into the first stage: it runs when a record is created"),
            });
        }
        if words.iter().any(changed) {
            let message = format!("`{written}` is no event: fields change");
            return Some(
                Diagnostic::new(Code::Syntax, span, message)
                    .label("say which field, or `any change`")
                    .help("on any change")
                    .fix(span, "on any change"),
            );
        }
        // The words of an event that the library has.
        let event = library::event_called(&words)?;
        let place = self.place_of(&(on + 1..end))?;
        let problem =
            Diagnostic::new(Code::Syntax, place, format!("`{written}` is not the name of an event"))
                .label("an event has a name of its own, with a dot in it")
                .help(format!("on {event}"));
        Some(match words.join(".") == event {
            true => problem.fix(place, event),
            false => problem,
        })
    }
}
