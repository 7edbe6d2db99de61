//! Helps that many checks share: values of a type to type as they stand, how a broken limit is kept, and what is
//! said only once because one line mends it everywhere.

use super::Checker;
use crate::diagnostic::{Advice, Diagnostic};
use crate::library::Library;
use crate::schema::{Limits, Type};
use crate::source::{FileId, Span};
use crate::syntax::tree::PrincipalKind;
use rust_decimal::Decimal;

impl Checker<'_> {
    /// A value of the type, as it is typed.
    pub(super) fn example(&self, ty: &Type) -> Option<String> {
        let person = |wanted: &[PrincipalKind]| {
            let mut all = self.schema.principals.iter();
            all.find(|p| wanted.contains(&p.kind)).map(|p| p.name.to_string())
        };
        Some(match ty {
            Type::Text => "\"some text\"".into(),
            Type::Int => "5".into(),
            Type::Decimal => "1.5".into(),
            Type::Money(currency) => match currency.or(self.schema.currency) {
                Some(currency) => format!("100 {currency}"),
                None => "100 EUR".into(),
            },
            Type::Bool => "true".into(),
            Type::Date => "2026-01-31".into(),
            Type::Time => "09:30".into(),
            Type::DateTime => "2026-01-31T09:30Z".into(),
            Type::Duration => "3 days".into(),
            Type::Email => "\"anna@example.com\"".into(),
            Type::Phone => "\"+39 06 1234567\"".into(),
            Type::Url => "\"https://example.com/page\"".into(),
            // In tests: nowhere else is a file written down.
            Type::File => "\"offer.pdf\"".into(),
            Type::User => person(&[PrincipalKind::User])?,
            Type::Department => person(&[PrincipalKind::Department])?,
            Type::Role => person(&[PrincipalKind::Role])?,
            Type::Recipient => {
                person(&[PrincipalKind::User, PrincipalKind::Department, PrincipalKind::Role])?
            }
            Type::Entity(id) => {
                let name = &self.schema.entity(*id).name;
                format!("{name}(\"{}-1\")", name.chars().next().unwrap_or('X'))
            }
            Type::Opaque(id) => format!("{}(\"…\")", self.schema.opaques.get(id.index())?.name),
            Type::List(inner) => format!("[{}]", self.example(inner)?),
            Type::Optional(inner) => return self.example(inner),
            _ => return None,
        })
    }

    /// A question about a value that is none itself.
    pub(super) fn question(&self, text: &str, ty: &Type) -> Option<String> {
        Some(match ty {
            Type::Optional(_) => format!("{text} is set"),
            Type::Text | Type::Email | Type::Phone | Type::Url | Type::List(_) => {
                format!("{text} is not empty")
            }
            Type::Int | Type::Decimal => format!("{text} > 0"),
            Type::Money(currency) => format!("{text} > 0 {}", currency.or(self.schema.currency)?),
            Type::Date => format!("{text} < today"),
            Type::DateTime => format!("{text} < now"),
            Type::Enum(id) => format!("{text} == {}", self.schema.enumeration(*id).values.first()?.name),
            Type::User | Type::Department | Type::Role => format!("{text} == {}", self.example(ty)?),
            _ => return None,
        })
    }

    /// How a constant value, or one of which the fixed part is known, would keep its limits.
    pub(super) fn help_for_limit(&self, value: &Broken, ty: &Type, limits: &Limits) -> Option<String> {
        let number = |n: Decimal| match ty.inner() {
            Type::Money(currency) => {
                let currency = currency.or(self.schema.currency);
                currency.map_or(n.normalize().to_string(), |c| format!("{} {c}", n.normalize()))
            }
            _ => n.normalize().to_string(),
        };
        let range = || match (limits.min, limits.max) {
            (Some(min), Some(max)) => {
                Some(format!("write a number from {} to {}", min.normalize(), max.normalize()))
            }
            (Some(min), None) => Some(format!("write `{}` or more", number(min))),
            (None, Some(max)) => Some(format!("write `{}` or less", number(max))),
            (None, None) => None,
        };
        let positive = |n: &Decimal| n.is_sign_positive() && !n.is_zero();
        let over = |length: usize| limits.max.map(|max| Decimal::from(length) - max).filter(positive);
        let under = |length: usize| limits.min.map(|min| min - Decimal::from(length)).filter(positive);
        let things = |n: Decimal, one: &str, many: &str| {
            if n == Decimal::ONE { one.to_owned() } else { format!("{} {many}", n.normalize()) }
        };
        match *value {
            Broken::Number => range(),
            Broken::Characters(length) => match (over(length), under(length)) {
                (Some(n), _) => Some(format!("take {} away", things(n, "one character", "characters"))),
                (_, Some(n)) => Some(format!("add {}", things(n, "one character", "characters"))),
                _ => Some("write it as the pattern says, or change what stands behind `matches`".to_owned())
                    .filter(|_| limits.matches.is_some()),
            },
            Broken::Entries { count, at_least } => match (over(count), under(at_least)) {
                (Some(n), _) => Some(format!("take {} away", things(n, "one entry", "entries"))),
                (_, Some(n)) => Some(match ty.inner() {
                    Type::List(of) if **of == Type::Recipient && count > 0 => format!(
                        "add {}, with commas between them, or name a department or a role",
                        things(n, "one more person", "more persons")
                    ),
                    Type::List(of) if matches!(**of, Type::User | Type::Recipient) => {
                        format!(
                            "name whom it is for: `{}`",
                            self.example(of).unwrap_or_else(|| "anna".into())
                        )
                    }
                    _ => format!("add {}, with commas between them", things(n, "one entry", "entries")),
                }),
                _ => None,
            },
        }
    }

    /// Reports a name of a bundled library that no file uses: once, for one line mends all of them.
    pub(super) fn forgotten_library(&mut self, library: &Library, diagnostic: Diagnostic) {
        let line = format!("use {}", library.name);
        let (place, end) = self.first_line(diagnostic.span().file);
        let help = Advice::say(format!("put `{line}` at the top of the program")).fixed(place, line + end);
        self.report(diagnostic.advised(Some(help)).mended_with_others());
    }

    /// Where a line can be put before all others, and how lines end there: under the comment at the head of the
    /// file, but not between a comment and the declaration below that it is about.
    fn first_line(&self, file: FileId) -> (Span, &'static str) {
        let text: &str = &self.sources.file(file).text;
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut at = start;
        let mut head = start;
        for line in text[start..].split_inclusive('\n') {
            at += line.len();
            let trimmed = line.trim();
            if trimmed.is_empty() {
                head = at;
            } else if !trimmed.starts_with('#') {
                break;
            }
        }
        // Empty lines at the head are no reason to go further down.
        if !text[start..head].contains('#') {
            head = start;
        }
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        (Span::new(file, head, head), end)
    }
}

/// What is known of a value that breaks its limits.
pub(super) enum Broken {
    Number,
    Characters(usize),
    Entries { count: usize, at_least: usize },
}

impl Broken {
    /// Of a constant.
    pub fn of(value: &crate::value::Value) -> Option<Self> {
        use crate::value::Value;
        Some(match value {
            Value::Int(_) | Value::Decimal(_) | Value::Money(_) => Broken::Number,
            Value::Text(text) => Broken::Characters(text.chars().count()),
            Value::List(items) => {
                let many = |v: &&Value| matches!(v, Value::Principal(p) if p.kind != PrincipalKind::User);
                let at_least = items.len() + items.iter().filter(many).count();
                Broken::Entries { count: items.len(), at_least }
            }
            _ => return None,
        })
    }
}
