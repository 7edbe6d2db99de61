//! Functions that other languages have under other names, and what is written here instead.

use super::super::Checker;
use super::super::scope::Scope;
use super::quotes::written_date;
use crate::diagnostic::Advice;
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{ArgValue, CallArg, Name};

/// An argument as it is written, and its type.
pub(super) struct Given {
    pub text: String,
    pub ty: Type,
}

impl Given {
    /// A text of the program, without its quotes.
    fn literal(&self) -> Option<&str> {
        self.text.strip_prefix('"')?.strip_suffix('"')
    }

    fn is_number(&self) -> bool {
        self.text.parse::<u32>().is_ok()
    }
}

impl Checker<'_> {
    /// The arguments of a call of what is not known; `None` if one of them fits into no sentence.
    pub(super) fn written_args(&mut self, args: &[CallArg], scope: &mut Scope) -> Option<Vec<Given>> {
        let mut given = Vec::with_capacity(args.len());
        for arg in args {
            let ArgValue::Expr(e) = &arg.value else { return None };
            let text = self.short(e.span)?.to_owned();
            given.push(Given { text, ty: self.quiet(e, None, scope).ty });
        }
        Some(given)
    }

    /// What to write instead of a call of `name`. `whole` is the call, the arguments include what stands
    /// before the dot.
    pub(super) fn familiar(&self, name: &Name, whole: Span, args: &[Given]) -> Option<Advice> {
        let key = name.text.to_lowercase().replace('_', "");
        let key = key.as_str();
        if let Some(advice) = self.renamed(name, key, args) {
            return Some(advice);
        }
        let write = |text: String| Some(Advice::write(whole, text));
        let optional = args.iter().any(|a| a.ty.is_optional());
        let texts: Vec<&str> = args.iter().map(|a| a.text.as_str()).collect();
        match (key, &texts[..]) {
            ("contains" | "includes" | "include" | "has", [a, b]) => {
                Some(Advice::write(whole, format!("{a} contains {b}")).unsure(optional))
            }
            ("startswith" | "beginswith" | "begins", [a, b]) => {
                Some(Advice::write(whole, format!("{a} starts with {b}")).unsure(optional))
            }
            ("endswith" | "ends", [a, b]) => {
                Some(Advice::write(whole, format!("{a} ends with {b}")).unsure(optional))
            }
            ("matches" | "match" | "regex" | "regexmatch", [a, ..]) => {
                Some(Advice::say(format!("write it between the two: `{a} matches /…/`")))
            }
            ("contains" | "includes" | "startswith" | "endswith" | "matches", _) => {
                Some(Advice::say("write it between the two: `title contains \"chairs\"`"))
            }
            ("between", [x, a, b]) => {
                Some(Advice::write(whole, format!("{x} between {a} and {b}")).unsure(optional))
            }
            ("isempty" | "empty" | "isblank" | "blank", [x]) => write(format!("{x} is empty")),
            ("isnotempty" | "notempty", [x]) => write(format!("{x} is not empty")),
            ("isset" | "exists" | "isnotnull" | "notnull" | "isnotnone", [x]) => write(format!("{x} is set")),
            ("isnull" | "isnone" | "isnil" | "isnotset", [x]) => write(format!("{x} is not set")),
            ("coalesce" | "default" | "ifnull" | "nvl" | "orelse" | "ordefault", [a, b]) => {
                write(format!("({a} ?? {b})"))
            }
            ("and", [_, _, ..]) => write(format!("({})", joined(&texts, "and"))),
            ("or", [_, _, ..]) => write(format!("({})", joined(&texts, "or"))),
            ("not", [x]) => write(format!("not ({x})")),
            ("if" | "iif" | "ifelse" | "ifthenelse", [c, a, b]) => {
                write(format!("(if {c} then {a} else {b})"))
            }
            ("concat" | "concatenate", [_, ..]) => {
                let parts: String = args
                    .iter()
                    .map(|a| a.literal().map_or_else(|| format!("{{{}}}", a.text), str::to_owned))
                    .collect();
                Some(Advice::write(whole, format!("\"{parts}\"")).unsure(optional))
            }
            ("string" | "str" | "tostring" | "text" | "totext", [x])
                if self.printable(args[0].ty.inner()) =>
            {
                Some(Advice::write(whole, format!("\"{{{x}}}\"")).unsure(optional))
            }
            ("range", [n]) | ("range", [_, n]) if n.parse::<u32>().is_ok_and(|n| (1..=12).contains(&n)) => {
                let first = if texts.len() == 2 { texts[0].parse::<u32>().ok()? } else { 1 };
                let last = n.parse::<u32>().ok()?;
                let numbers: Vec<String> = (first..=last).map(|n| n.to_string()).collect();
                write(format!("[{}]", numbers.join(", ")))
            }
            ("range", _) => Some(Advice::say("write the values of the list one by one: `[1, 2, 3]`")),
            (
                "roundrobin" | "random" | "rotate" | "randomchoice" | "choice" | "sample" | "choose",
                [list],
            ) => write(format!("{list}.pick")),
            ("roundrobin" | "random" | "rotate" | "randomchoice" | "choice" | "choose", [_, _, ..])
                if args.iter().all(|a| a.ty == args[0].ty) =>
            {
                let ours = format!("[{}].pick", texts.join(", "));
                let says = format!("nothing is random here; `pick` shares work out: `{ours}`");
                Some(Advice::write(whole, ours).saying(says))
            }
            ("average" | "avg" | "mean", [x]) => write(format!("({x}.sum / {x}.count)")),
            ("today" | "curdate" | "currentdate" | "getdate", []) => write("today".into()),
            ("now" | "currenttime" | "currentdatetime" | "sysdate" | "getnow", []) => write("now".into()),
            ("dayssince", [x]) => write(format!("days_between({}, today)", as_date(&args[0], x))),
            ("daysuntil" | "daysto" | "daysleft", [x]) => {
                write(format!("days_between(today, {})", as_date(&args[0], x)))
            }
            ("datediff" | "daysdiff" | "diffdays" | "daysdifference", [a, b]) => {
                Some(Advice::say(format!("write `days_between({a}, {b})`")))
            }
            ("datetime" | "todate" | "parsedate" | "dateparse", [_]) => {
                args[0].literal().and_then(written_date).and_then(write)
            }
            ("formatdate" | "dateformat" | "strftime" | "formatnumber", [a, b]) => {
                Some(Advice::say(format!("write `format({a}, {b})`")))
            }
            ("random" | "rand" | "choose" | "randomof", _) => {
                Some(Advice::say("nothing is random here; `pick` shares work out: `[first, second].pick`"))
            }
            ("money" | "amount", [n]) if args[0].is_number() => {
                Some(self.with_currency(whole, n, self.schema.currency))
            }
            _ => unit_of(key, args, whole),
        }
    }

    /// A function of this language under another name.
    fn renamed(&self, name: &Name, key: &str, args: &[Given]) -> Option<Advice> {
        let list = |a: &Given| matches!(a.ty.inner(), Type::List(_));
        let text = |a: &Given| matches!(a.ty.inner(), Type::Text | Type::Email | Type::Phone | Type::Url);
        let function = match (key, args.first()) {
            ("length" | "lenght" | "size" | "strlen" | "count" | "len" | "howmany", Some(a)) if list(a) => {
                "count"
            }
            ("length" | "lenght" | "size" | "strlen" | "count" | "len" | "charcount", Some(a)) if text(a) => {
                "len"
            }
            ("length" | "lenght" | "strlen", _) => "len",
            ("uppercase" | "toupper" | "touppercase" | "ucase" | "upcase", _) => "upper",
            ("lowercase" | "tolower" | "tolowercase" | "lcase" | "downcase", _) => "lower",
            ("strip", _) => "trim",
            ("substring" | "substr" | "mid", _) => {
                return Some(Advice::say(
                    "write `left(text, 3)` for the first, `right(text, 3)` for the last characters",
                ));
            }
            ("roundup" | "ceiling", _) => "ceil",
            ("rounddown" | "int" | "integer" | "toint" | "trunc" | "truncate", Some(a))
                if *a.ty.inner() == Type::Decimal =>
            {
                "floor"
            }
            ("absolute", _) => "abs",
            ("distinct" | "uniq", _) => "unique",
            ("sorted" | "orderby", _) => "sort",
            ("maximum", _) => "max",
            ("minimum", _) => "min",
            ("every", _) => "all",
            ("some", _) => "any",
            ("where", _) => "filter",
            _ => return None,
        };
        let optional = args.iter().any(|a| a.ty.is_optional());
        let help = format!("did you mean `{function}`?");
        Some(Advice::write(name.span, function).saying(help).unsure(optional))
    }
}

/// `days(3)`, `add_hours(now, 2)`
fn unit_of(key: &str, args: &[Given], whole: Span) -> Option<Advice> {
    let key = key.strip_prefix("add").unwrap_or(key);
    let unit = key.strip_suffix('s').unwrap_or(key);
    if !["second", "minute", "hour", "day", "week"].contains(&unit) {
        return None;
    }
    let span_of = |n: &Given| match n.text.as_str() {
        "1" => format!("1 {unit}"),
        text if n.is_number() => format!("{text} {unit}s"),
        text if text.contains(' ') => format!("({text}) * 1 {unit}"),
        text => format!("{text} * 1 {unit}"),
    };
    // `days(closes - today)`
    if let [n] = args
        && *n.ty.inner() == Type::Duration
    {
        let (to, from) = n.text.split_once(" - ").filter(|_| unit == "day")?;
        return Some(Advice::write(whole, format!("days_between({from}, {to})")).unsure(true));
    }
    let (text, sure) = match args {
        [n] if n.is_number() => (span_of(n), true),
        [n] => (format!("({})", span_of(n)), n.ty == Type::Int),
        [at, n] => (format!("{} + {}", at.text, span_of(n)), !at.ty.is_optional()),
        _ => return None,
    };
    Some(Advice::write(whole, text).unsure(!sure))
}

/// `AND(a, b or c)` as `a and (b or c)`
fn joined(texts: &[&str], word: &str) -> String {
    let other = if word == "and" { " or " } else { " and " };
    let part = |text: &&str| match text.contains(other) {
        true => format!("({text})"),
        false => (*text).to_owned(),
    };
    texts.iter().map(part).collect::<Vec<_>>().join(&format!(" {word} "))
}

fn as_date(arg: &Given, text: &str) -> String {
    match arg.ty.inner() {
        Type::DateTime => format!("date({text})"),
        _ => text.to_owned(),
    }
}
