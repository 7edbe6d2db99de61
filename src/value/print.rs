//! How values print in a placeholder: for people, in the words of the schema's labels, and with the numbers and dates
//! of a locale where the pipeline names one.

use super::digits::{self, Digits};
use super::json::plain;
use super::locale::Locale;
use super::time::to_local;
use super::{Currency, Duration, Failure, Money, Text, Value, pattern};
use crate::program::Program;
use crate::schema::{Schema, Type};
use chrono::{NaiveDate, NaiveTime, Timelike};
use chrono_tz::Tz;
use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt::Write;

/// The labels (or names) of the stages and pipelines of a program, by their ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    pub stages: &'a [Text],
    pub pipelines: &'a [Text],
}

/// The names of the stages and pipelines of a program, which stand for them where machines read.
#[derive(Debug)]
pub(crate) struct Names {
    stages: Vec<Text>,
    pipelines: Vec<Text>,
}

impl Names {
    pub fn of(program: &Program) -> Names {
        Names {
            stages: program.stages.iter().map(|stage| stage.name.clone()).collect(),
            pipelines: program.pipelines.iter().map(|pipeline| pipeline.name.clone()).collect(),
        }
    }

    /// In the place of labels.
    pub fn labels(&self) -> Labels<'_> {
        Labels { stages: &self.stages, pipelines: &self.pipelines }
    }
}

/// Prints values of one program in one time zone and the way of one locale.
#[derive(Debug, Clone, Copy)]
pub struct Printer<'a> {
    pub schema: &'a Schema,
    pub labels: Labels<'a>,
    pub tz: Tz,
    /// `None`: the plain form, the same for everyone.
    pub locale: Option<&'a Locale>,
}

/// The most digits after the point that are printed.
const MOST_DIGITS: u32 = 10;

/// Where a value is printed.
pub trait Out: Write {
    /// Appends a text.
    fn push_str(&mut self, text: &str) {
        // Writing to memory does not fail.
        let _ = self.write_str(text);
    }

    /// Appends a text that holds neither quotes nor backslashes nor control characters.
    fn push_plain(&mut self, text: &str) {
        Out::push_str(self, text);
    }
}

impl Out for String {}

/// The inside of a JSON string.
pub(crate) struct Json<'o>(pub &'o mut Vec<u8>);

impl Write for Json<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        plain::inside(text, self.0);
        Ok(())
    }
}

impl Out for Json<'_> {
    fn push_plain(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }
}

impl Printer<'_> {
    /// Appends a value as `{value}` prints it. `none` prints nothing.
    pub fn print(&self, value: &Value, ty: &Type, out: &mut impl Out) {
        match value {
            Value::None => {}
            Value::Bool(value) => out.push_plain(if *value { "yes" } else { "no" }),
            Value::Int(number) => self.number(&digits::int(*number), out),
            Value::Decimal(number) => self.number(&digits::decimal(rounded(*number), 0), out),
            Value::Money(money) => {
                let amount = money.amount;
                let amount = if amount.scale() <= MOST_DIGITS { amount } else { rounded(amount) };
                self.number(&amount_digits(amount, money.currency), out);
                // In the texts of a language an amount and its currency stay on one line.
                out.push_plain(if self.locale.is_some() { "\u{a0}" } else { " " });
                out.push_plain(money.currency.code());
            }
            Value::Text(text) | Value::Ref(text) => out.push_str(text),
            Value::Date(date) => match self.locale.and_then(|locale| locale.date(*date)) {
                Some(date) => out.push_str(&date),
                None => push_date(*date, out),
            },
            Value::Time(time) => match self.locale.and_then(|locale| locale.time(*time)) {
                Some(time) => out.push_str(&time),
                None => push_time(*time, out),
            },
            Value::DateTime(at) => {
                let local = to_local(*at, self.tz);
                if let Some(at) = self.locale.and_then(|locale| locale.date_time(local)) {
                    out.push_str(&at);
                    return;
                }
                push_date(local.date(), out);
                out.push_plain(" ");
                push_time(local.time(), out);
            }
            Value::Duration(duration) => push_duration(*duration, out),
            Value::Enum(position) => {
                let values = match ty.inner() {
                    Type::Enum(id) => self.schema.enums.get(id.index()),
                    _ => None,
                };
                match values.and_then(|values| values.values.get(usize::from(*position))) {
                    Some(value) => out.push_str(&value.label),
                    None => push(out, position),
                }
            }
            Value::Stage(id) => push_label(self.labels.stages.get(id.index()), id.0, out),
            Value::Pipeline(id) => push_label(self.labels.pipelines.get(id.index()), id.0, out),
            Value::Principal(principal) => match self.schema.principal_named(&principal.name) {
                Some(declared) if declared.kind == principal.kind => out.push_str(&declared.label),
                _ => out.push_str(&principal.name),
            },
            Value::File(file) => out.push_str(&file.name),
            Value::List(items) => {
                let element = match ty.inner() {
                    Type::List(element) => element,
                    _ => &Type::Never,
                };
                if let Some(locale) = self.locale {
                    let mut parts = vec![String::new(); items.len()];
                    items.iter().zip(&mut parts).for_each(|(item, part)| self.print(item, element, part));
                    out.push_str(&locale.list(&parts));
                    return;
                }
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push_plain(", ");
                    }
                    self.print(item, element, out);
                }
            }
        }
    }

    /// Appends a number, an amount, a date or a time as `{value: "pattern"}` prints it.
    pub fn format(&self, value: &Value, pattern: &str, out: &mut String) -> Result<(), Failure> {
        pattern::format(value, pattern, self.tz, self.locale, out)
    }

    fn number(&self, plain: &str, out: &mut impl Out) {
        match self.locale.and_then(|locale| locale.number(plain)) {
            Some(number) => out.push_str(&number),
            None => out.push_plain(plain),
        }
    }
}

/// An amount with all its digits and its code, at least as many digits as the currency has: `7000.00 EUR`.
pub fn money_text(money: &Money) -> String {
    format!("{} {}", &*amount_digits(money.amount, money.currency), money.currency)
}

/// The digits of an amount: those that it needs, and at least as many as the currency has.
pub(super) fn amount_digits(amount: Decimal, currency: Currency) -> Digits {
    // What has no more digits than the currency is filled up to them: no zero is too many.
    let amount = if amount.scale() > currency.digits() { amount.normalize() } else { amount };
    digits::decimal(amount, currency.digits())
}

/// Without zeros at the end, without a sign before nothing.
fn rounded(number: Decimal) -> Decimal {
    let number =
        number.round_dp_with_strategy(MOST_DIGITS, RoundingStrategy::MidpointNearestEven).normalize();
    if number.is_zero() { Decimal::ZERO } else { number }
}

fn push(out: &mut impl Out, value: impl std::fmt::Display) {
    let _ = write!(out, "{value}");
}

fn push_label(label: Option<&Text>, id: u16, out: &mut impl Out) {
    match label {
        Some(label) => out.push_str(label),
        None => push(out, id),
    }
}

fn push_date(date: NaiveDate, out: &mut impl Out) {
    out.push_plain(&digits::date(date));
}

/// To the minute: seconds are for machines.
fn push_time(time: NaiveTime, out: &mut impl Out) {
    push(out, format_args!("{:02}:{:02}", time.hour(), time.minute()));
}

/// `2 days 3 hours`, a day as 24 hours; a minus before all of it.
fn push_duration(duration: Duration, out: &mut impl Out) {
    let total = duration.total_seconds();
    if total == 0 {
        out.push_str("0 seconds");
        return;
    }
    let mut left = total.unsigned_abs();
    let mut sign = if total < 0 { "-" } else { "" };
    for (seconds, one, many) in [
        (86_400, "day", "days"),
        (3600, "hour", "hours"),
        (60, "minute", "minutes"),
        (1, "second", "seconds"),
    ] {
        let count = left / seconds;
        left %= seconds;
        if count > 0 {
            push(out, format_args!("{sign}{count} {}", if count == 1 { one } else { many }));
            sign = " ";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{PrincipalDef, WEEKDAY_ENUM};
    use crate::syntax::tree::PrincipalKind;
    use crate::value::{PipelineId, Principal, StageId};

    fn schema() -> Schema {
        let sales = PrincipalDef {
            kind: PrincipalKind::Department,
            name: "sales".into(),
            label: "Sales team".into(),
            email: None,
            phone: None,
            department: None,
            roles: vec![],
            hours: None,
            away: vec![],
        };
        Schema { enums: Schema::builtin_enums(), principals: vec![sales].into(), ..Schema::default() }
    }

    fn printed(value: Value, ty: &Type) -> String {
        let schema = schema();
        let (stages, pipelines) = (["New".into(), "Won it".into()], ["Sales".into()]);
        let labels = Labels { stages: &stages, pipelines: &pipelines };
        let mut out = String::new();
        Printer { schema: &schema, labels, tz: Tz::Europe__Rome, locale: None }.print(&value, ty, &mut out);
        out
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn money(amount: &str, currency: &str) -> Value {
        Value::Money(Money { amount: decimal(amount), currency: Currency::parse(currency).unwrap() })
    }

    fn principal(kind: PrincipalKind, name: &str) -> Value {
        Value::Principal(Principal { kind, name: name.into() })
    }

    #[test]
    fn values_print_for_people() {
        use PrincipalKind::{Department, User};
        let date: NaiveDate = "2026-03-02".parse().unwrap();
        let duration = |days, seconds| Value::Duration(Duration { days, seconds });
        let list = |items: &[Value]| Value::List(items.into());
        for (value, ty, expected) in [
            (Value::None, Type::Text.optional(), ""),
            (Value::Bool(true), Type::Bool, "yes"),
            (Value::Bool(false), Type::Bool.optional(), "no"),
            (Value::Int(-42), Type::Int, "-42"),
            (Value::Decimal(decimal("2.500")), Type::Decimal, "2.5"),
            (Value::Decimal(decimal("100")), Type::Decimal, "100"),
            (Value::Decimal(decimal("0.3333333333333333333333333333")), Type::Decimal, "0.3333333333"),
            (Value::Decimal(decimal("0.00000000005")), Type::Decimal, "0"),
            (Value::Decimal(decimal("-0.00000000001")), Type::Decimal, "0"),
            (money("7000", "EUR"), Type::Money(None), "7000.00 EUR"),
            (money("7000.5", "EUR"), Type::Money(None), "7000.50 EUR"),
            (money("0.125", "EUR"), Type::Money(None), "0.125 EUR"),
            (money("0.1250", "EUR"), Type::Money(None), "0.125 EUR"),
            (money("7000", "JPY"), Type::Money(None), "7000 JPY"),
            (money("-1.5", "KWD"), Type::Money(None), "-1.500 KWD"),
            (
                money("79228162514264337593543950335", "EUR"),
                Type::Money(None),
                "79228162514264337593543950335.00 EUR",
            ),
            (
                money("79228162514264337593543950335", "KWD"),
                Type::Money(None),
                "79228162514264337593543950335.000 KWD",
            ),
            (Value::Text("a {b}".into()), Type::Text, "a {b}"),
            (Value::Ref("C-7".into()), Type::Text, "C-7"),
            (Value::Date(date), Type::Date, "2026-03-02"),
            (Value::Time("10:00:59".parse().unwrap()), Type::Time, "10:00"),
            (Value::DateTime("2026-03-02T09:00:37Z".parse().unwrap()), Type::DateTime, "2026-03-02 10:00"),
            (duration(2, 10_800), Type::Duration, "2 days 3 hours"),
            (duration(0, 90_061), Type::Duration, "1 day 1 hour 1 minute 1 second"),
            (duration(0, 0), Type::Duration, "0 seconds"),
            (duration(1, -86_400), Type::Duration, "0 seconds"),
            (duration(0, -5400), Type::Duration, "-1 hour 30 minutes"),
            (
                duration(i64::MIN, i64::MIN),
                Type::Duration,
                "-9223478788845943108 days 15 hours 30 minutes 8 seconds",
            ),
            (Value::Enum(6), Type::Enum(WEEKDAY_ENUM), "Sunday"),
            (Value::Enum(7), Type::Enum(WEEKDAY_ENUM), "7"),
            (Value::Stage(StageId(1)), Type::Text, "Won it"),
            (Value::Pipeline(PipelineId(0)), Type::Text, "Sales"),
            (principal(Department, "sales"), Type::Recipient, "Sales team"),
            (principal(User, "u-77"), Type::User, "u-77"),
            (list(&[]), Type::Int.list(), ""),
            (
                list(&[Value::Enum(0), Value::Enum(1)]),
                Type::Enum(WEEKDAY_ENUM).list().optional(),
                "Monday, Tuesday",
            ),
        ] {
            assert_eq!(printed(value.clone(), &ty), expected, "{value:?}");
        }
    }
}
