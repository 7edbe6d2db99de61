//! Formats that do not fit, and those of other programs: `DD.MM.YYYY` is `%d.%m.%Y` here.

use super::super::Checker;
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::schema::Type;
use crate::source::Span;
use crate::value::pattern::check_format;

impl Checker<'_> {
    /// Whether the format at the place is one for values of the type; if not, that is reported.
    pub(super) fn format_is_good(&mut self, ty: &Type, format: &str, span: Span) -> bool {
        let Err(reason) = check_format(ty, format) else { return true };
        let quoted = self.sources.text(span).starts_with('"');
        let write = |meant: &str| format!("write `\"{meant}\"`");
        let advice = match ty {
            Type::Date | Type::Time | Type::DateTime => match letters(format, ty) {
                Some(meant) if quoted && check_format(ty, &meant).is_ok() => {
                    Some(Advice::write(span, format!("\"{meant}\"")).saying(write(&meant)))
                }
                _ => Some(Advice::say(write(usual(ty)))),
            },
            Type::Int | Type::Decimal | Type::Money(_) => Some(Advice::say(write("#,##0.00"))),
            _ => None,
        };
        self.report(Diagnostic::new(Code::BadFormat, span, reason).advised(advice));
        false
    }
}

fn usual(ty: &Type) -> &'static str {
    match ty {
        Type::Date => "%d.%m.%Y",
        Type::Time => "%H:%M",
        _ => "%d.%m.%Y %H:%M",
    }
}

/// The letters of spreadsheets and other languages as parts of a date. `None` if one means nothing.
fn letters(format: &str, ty: &Type) -> Option<String> {
    if format.contains('%') {
        return None;
    }
    let mut meant = String::new();
    let mut rest = format;
    // After hours `mm` are minutes, else months.
    let mut after_hours = *ty == Type::Time;
    while let Some(first) = rest.chars().next() {
        if !first.is_alphabetic() {
            meant.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let length = rest.chars().take_while(|c| *c == first).count();
        let run = &rest[..length * first.len_utf8()];
        rest = &rest[run.len()..];
        meant.push_str(match (first, length) {
            ('D' | 'd', 1) => "%-d",
            ('D' | 'd', 2) => "%d",
            ('D' | 'd' | 'E', 3) => "%a",
            ('D' | 'd' | 'E', 4) => "%A",
            ('Y' | 'y', 4) => "%Y",
            ('Y' | 'y', 2) => "%y",
            ('M', 4) => "%B",
            ('M', 3) => "%b",
            ('m' | 'M', 2) if after_hours => "%M",
            ('M' | 'm', 2) => "%m",
            ('M' | 'm', 1) => "%-m",
            ('H', 2) => "%H",
            ('H', 1) => "%-H",
            ('h', 2) => "%I",
            ('h', 1) => "%-I",
            ('s' | 'S', 2) => "%S",
            ('a' | 'A', 1) => "%p",
            _ => return None,
        });
        after_hours |= matches!(first, 'H' | 'h');
    }
    Some(meant)
}
