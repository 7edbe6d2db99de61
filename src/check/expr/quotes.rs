//! Texts that were meant as something else: a date, a number or an enum value in quotation marks.

use super::super::Checker;
use super::literals::element;
use crate::diagnostic::{Advice, suggest};
use crate::model::{Expr, ExprKind};
use crate::schema::Type;
use crate::value::{Currency, Value};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;

/// More than this nobody reads.
const SHOWN: usize = 12;

const UNITS: [&str; 5] = ["second", "minute", "hour", "day", "week"];

impl Checker<'_> {
    /// What to write instead of a constant text where a value of the type is wanted.
    pub(super) fn without_quotes(&self, x: &Expr, want: &Type) -> Option<Advice> {
        match &x.kind {
            ExprKind::Const(Value::Text(text)) => {
                let meant = self.meant(text, element(want))?;
                let help = format!("write `{meant}`, without quotes");
                Some(Advice::write(x.span, meant).saying(help))
            }
            ExprKind::Const(Value::List(items)) if !items.is_empty() => {
                let meant: Option<Vec<String>> = items
                    .iter()
                    .map(|item| match item {
                        Value::Text(text) => self.meant(text, element(want)),
                        _ => None,
                    })
                    .collect();
                let meant = format!("[{}]", meant?.join(", "));
                let help = format!("write `{meant}`, without quotes");
                Some(Advice::write(x.span, meant).saying(help))
            }
            _ => None,
        }
    }

    /// A text as the value of the type that it says.
    fn meant(&self, text: &str, want: &Type) -> Option<String> {
        let text = text.trim();
        match want {
            Type::Date => date(text).map(|date| date.to_string()),
            Type::Time => time(text).map(|time| time.format("%H:%M").to_string()),
            Type::DateTime => {
                let at = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
                    .iter()
                    .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
                // Without a zone it would be the pipeline's, and elsewhere a mistake: as in the text.
                Some(at.format("%Y-%m-%dT%H:%M").to_string())
            }
            Type::Int => text.parse::<i64>().ok().map(|n| n.to_string()),
            Type::Decimal => plain_number(text).map(str::to_owned),
            Type::Bool => truth(text).map(str::to_owned),
            Type::Duration => duration(text),
            Type::Money(Some(currency)) => {
                let (number, code) = text.split_once(' ').unwrap_or((text, currency.code()));
                plain_number(number).filter(|_| Currency::parse(code.trim()) == Some(*currency))?;
                Some(format!("{number} {currency}"))
            }
            Type::Enum(id) => {
                let values = &self.schema.enumeration(*id).values;
                let same = |known: &str| known.to_lowercase() == text.to_lowercase();
                let found = values.iter().find(|v| same(&v.name) || same(&v.label));
                let near = || suggest::nearest(text, values.iter().map(|v| &*v.name)).map(str::to_owned);
                found.map(|v| v.name.to_string()).or_else(near)
            }
            Type::Stage(entity) => {
                let pipelines = self.pipelines.iter().filter(|p| p.entity == *entity);
                let mut stages = pipelines.flat_map(|p| &p.stages).filter_map(|s| self.stages.get(s.index()));
                stages.find(|s| s.name.to_lowercase() == text.to_lowercase()).map(|s| s.name.to_string())
            }
            Type::User | Type::Department | Type::Role | Type::Recipient => {
                let kind = |p: &crate::schema::PrincipalDef| match want {
                    Type::Recipient => true,
                    _ => super::names::principal_type(p.kind) == *want,
                };
                let same = |known: &str| known.to_lowercase() == text.to_lowercase();
                let mut all = self.schema.principals.iter().filter(|p| kind(p));
                all.find(|p| same(&p.name) || same(&p.label)).map(|p| p.name.to_string())
            }
            _ => None,
        }
    }

    /// The values of an enum, if they are few enough to be read.
    pub(super) fn listed_values(&self, id: crate::value::EnumId) -> String {
        let values = &self.schema.enumeration(id).values;
        let names: Vec<_> = values.iter().take(SHOWN).map(|v| format!("`{}`", v.name)).collect();
        let more = match values.len().saturating_sub(SHOWN) {
            0 => String::new(),
            n => format!(", and {n} more"),
        };
        format!("one of {}{more}", names.join(", "))
    }
}

/// `yes` and `no`, as other languages and people call them.
pub(super) fn truth(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" => Some("true"),
        "false" | "no" | "off" => Some("false"),
        _ => None,
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    // With dots the day comes first everywhere; with slashes nobody knows.
    ["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d"].iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())
}

fn time(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

fn plain_number(text: &str) -> Option<&str> {
    let digits = text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
    (digits && text.parse::<Decimal>().is_ok() && !text.starts_with('.') && !text.ends_with('.'))
        .then_some(text)
}

/// `3 days`, `2 hours 30 minutes`
fn duration(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let unit = |word: &str| UNITS.contains(&word.strip_suffix('s').unwrap_or(word));
    let good = !words.is_empty()
        && words.len().is_multiple_of(2)
        && words.chunks(2).all(|pair| pair[0].parse::<u32>().is_ok() && unit(pair[1]));
    good.then(|| words.join(" "))
}

/// A text in which a date stands: as a literal, for functions that want none.
pub(super) fn written_date(text: &str) -> Option<String> {
    date(text.trim()).map(|d| d.to_string())
}
