//! The built-in functions: one table that drives the checker, the reference, completions and tests.
//!
//! The checker finds a function with [`named`], spreads the arguments over its slots with
//! [`Function::bind`], types them, and asks [`Function::signature`] what each must be converted to. What the
//! functions do is in [`super::call`].

mod signature;

pub use signature::{Filled, Given, Param, Signature, SignatureError, calendar_type};

use serde::{Deserialize, Serialize};

/// A place for an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The name an argument may be given by: `digits: 2`.
    pub name: &'static str,
    pub kind: SlotKind,
    /// Whether an argument must be given. Those that need not come last.
    pub required: bool,
}

/// What is written in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    Value,
    /// `x => …`, x each element of the list in the first slot.
    Lambda,
    /// The name of a calendar.
    Calendar,
    /// The code of a currency.
    Currency,
    /// Never written: filled in by the signature.
    Hidden,
}

/// What there is to say of a function.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub function: Function,
    pub name: &'static str,
    /// One sentence for the reference and for editors.
    pub doc: &'static str,
    /// How it may be called, in the words of the reference.
    pub usage: &'static str,
    /// With those that are never written.
    slots: &'static [Slot],
    /// Expressions, and what each prints in a placeholder at 2026-03-02T10:00Z, a Monday, in UTC, for the
    /// record `D-1`, in a program with `rates EUR { USD: 0.92 }` and a calendar `Office` in UTC that is open
    /// `mon..fri 09:00-13:00, 14:00-18:00`.
    pub examples: &'static [(&'static str, &'static str)],
}

const fn value(name: &'static str) -> Slot {
    Slot { name, kind: SlotKind::Value, required: true }
}

const fn optional(name: &'static str) -> Slot {
    Slot { name, kind: SlotKind::Value, required: false }
}

const fn lambda(required: bool) -> Slot {
    Slot { name: "by", kind: SlotKind::Lambda, required }
}

const CALENDAR: Slot = Slot { name: "calendar", kind: SlotKind::Calendar, required: false };
const CURRENCY: Slot = Slot { name: "currency", kind: SlotKind::Currency, required: true };
const HIDDEN: Slot = Slot { name: "", kind: SlotKind::Hidden, required: false };

macro_rules! functions {
    ($($variant:ident $name:literal [$($slot:expr),*] $usage:literal $doc:literal [$($example:expr),*])*) => {
        /// A built-in function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Function {
            $($variant,)*
        }

        const TABLE: &[Entry] = &[$(Entry {
            function: Function::$variant,
            name: $name,
            doc: $doc,
            usage: $usage,
            slots: &[$($slot),*],
            examples: &[$($example),*],
        },)*];
    };
}

functions! {
    // --- text ---
    Len "len" [value("text")] "len(text) -> int"
        "How many characters (code points) a text has."
        [(r#"len("Größe")"#, "5"), (r#""".len"#, "0")]
    Lower "lower" [value("text")] "lower(text) -> text"
        "The text in small letters."
        [(r#"lower("ÀB 1")"#, "àb 1")]
    Upper "upper" [value("text")] "upper(text) -> text"
        "The text in capital letters."
        [(r#"upper("straße")"#, "STRASSE")]
    Trim "trim" [value("text")] "trim(text) -> text"
        "The text without white space at both ends."
        [(r#""[{trim("  a b ")}]""#, "[a b]")]
    Replace "replace" [value("text"), value("old"), value("new")] "replace(text, old, new) -> text"
        "The text with every `old` replaced by `new`; an empty `old` replaces nothing."
        [(r#"replace("a-b-c", "-", "+")"#, "a+b+c"), (r#"replace("abc", "", "x")"#, "abc")]
    Split "split" [value("text"), value("by")] "split(text, by) -> list of text"
        "The pieces of a text between the places where `by` stands; an empty `by` gives every character."
        [(r#"split("a;b;;c", ";").count"#, "4"), (r#"split("abc", "")"#, "a, b, c")]
    Left "left" [value("text"), value("n")] "left(text, n) -> text"
        "The first `n` characters, or the whole text if it is shorter."
        [(r#"left("Größe", 3)"#, "Grö"), (r#"left("ab", 9)"#, "ab")]
    Right "right" [value("text"), value("n")] "right(text, n) -> text"
        "The last `n` characters, or the whole text if it is shorter."
        [(r#"right("Größe", 3)"#, "öße"), (r#"right("ab", 9)"#, "ab")]
    Join "join" [value("list"), value("by")] "join(list of text, by) -> text"
        "The texts of a list in one, with `by` between them."
        [(r#"join(["a", "b"], " and ")"#, "a and b")]
    // --- numbers ---
    Round "round" [value("x"), optional("digits")] "round(decimal, digits = 0) -> decimal, round(money, digits = 0) -> money"
        "The nearest number with so many digits after the point; of two that are equally near, the even one."
        [("round(2.5)", "2"), ("round(3.5)", "4"), ("round(2.345, 2)", "2.34"), ("round(1250, digits: -2)", "1200"), ("round(7.55 EUR)", "8.00 EUR")]
    Floor "floor" [value("x")] "floor(decimal) -> int, floor(money) -> money"
        "The next whole number that is not above."
        [("floor(2.7)", "2"), ("floor(-2.1)", "-3"), ("floor(7.55 EUR)", "7.00 EUR")]
    Ceil "ceil" [value("x")] "ceil(decimal) -> int, ceil(money) -> money"
        "The next whole number that is not below."
        [("ceil(2.1)", "3"), ("ceil(-2.7)", "-2"), ("ceil(7.55 EUR)", "8.00 EUR")]
    Abs "abs" [value("x")] "abs(int) -> int, abs(decimal) -> decimal, abs(money) -> money"
        "The number without its sign."
        [("abs(-3)", "3"), ("abs(-1.5)", "1.5"), ("abs(-5 EUR)", "5.00 EUR")]
    Min "min" [value("a"), optional("b")] "min(a, b) -> T, min(list of T) -> T?"
        "The smaller of two, or the smallest of a list (none of an empty one)."
        [("min(3, 2)", "2"), ("min(1, 0.5)", "0.5"), ("[3, 1, 2].min ?? 0", "1")]
    Max "max" [value("a"), optional("b")] "max(a, b) -> T, max(list of T) -> T?"
        "The larger of two, or the largest of a list (none of an empty one)."
        [("max(3, 2)", "3"), ("max(5 EUR, 7 EUR)", "7.00 EUR"), ("[3, 1, 2].max ?? 0", "3")]
    // --- lists ---
    Count "count" [value("list")] "count(list) -> int"
        "How many elements a list has."
        [("[1, 2, 3].count", "3")]
    First "first" [value("list")] "first(list of T) -> T?"
        "The first element of a list, none of an empty one."
        [("[7, 8].first ?? 0", "7")]
    Last "last" [value("list")] "last(list of T) -> T?"
        "The last element of a list, none of an empty one."
        [("[7, 8].last ?? 0", "8")]
    Any "any" [value("list"), lambda(true)] "any(list, x => condition) -> bool"
        "Whether the condition holds for at least one element; not for an empty list."
        [("[1, 2].any(x => x > 1)", "yes")]
    All "all" [value("list"), lambda(true)] "all(list, x => condition) -> bool"
        "Whether the condition holds for every element; so for an empty list."
        [("[1, 2].all(x => x > 1)", "no")]
    Filter "filter" [value("list"), lambda(true)] "filter(list, x => condition) -> list"
        "The elements for which the condition holds."
        [("[1, 2, 3].filter(x => x != 2)", "1, 3")]
    Map "map" [value("list"), lambda(true)] "map(list, x => value) -> list"
        "What the expression makes of each element."
        [("[1, 2].map(x => x * 10)", "10, 20")]
    Sort "sort" [value("list"), lambda(false)] "sort(list, x => key) -> list"
        "The elements in rising order, or in that of their keys; equal ones stay as they stood."
        [("[3, 1, 2].sort", "1, 2, 3"), (r#"["ccc", "a", "bb"].sort(x => x.len)"#, "a, bb, ccc")]
    Unique "unique" [value("list")] "unique(list) -> list"
        "The elements without those that are equal to an earlier one."
        [("[1, 2, 1, 3].unique", "1, 2, 3")]
    Sum "sum" [value("list"), HIDDEN] "sum(list) -> number, money or duration"
        "The sum of the elements; of nothing it is 0."
        [("[1, 2, 3].sum", "6"), ("[1.5, 2.5].sum", "4"), ("[5 EUR, 7.50 EUR].sum", "12.50 EUR"), ("[1 day, 2 hours].sum", "1 day 2 hours")]
    Pick "pick" [value("list")] "pick(list of T) -> T"
        "An element that depends on nothing but the record's id: a stable way to share work out. Of an empty list there is none, which is an error."
        [(r#"pick(["only"])"#, "only")]
    // --- dates ---
    Date "date" [value("at")] "date(datetime) -> date"
        "The date of an instant, in the pipeline's time zone."
        [("date(now)", "2026-03-02")]
    Time "time" [value("at")] "time(datetime) -> time"
        "The time of day of an instant, in the pipeline's time zone."
        [("time(now)", "10:00")]
    Year "year" [value("date")] "year(date or datetime) -> int"
        "The year."
        [("year(2026-03-02)", "2026")]
    Month "month" [value("date")] "month(date or datetime) -> int"
        "The month, 1 to 12."
        [("month(2026-03-02)", "3")]
    Day "day" [value("date")] "day(date or datetime) -> int"
        "The day of the month, 1 to 31."
        [("day(2026-03-02)", "2")]
    Weekday "weekday" [value("date")] "weekday(date or datetime) -> weekday"
        "The day of the week: `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`."
        [("weekday(2026-03-02)", "Monday"), ("weekday(2026-03-02) == mon", "yes")]
    Hour "hour" [value("at")] "hour(datetime or time) -> int"
        "The hour of the day, 0 to 23."
        [("hour(now)", "10"), ("hour(17:45)", "17")]
    DaysBetween "days_between" [value("a"), value("b")] "days_between(a, b) -> int"
        "How many days `b` is after `a`, by the calendar; negative if it is before."
        [("days_between(2026-02-27, 2026-03-02)", "3"), ("days_between(2026-03-02, 2026-02-27)", "-3")]
    AddMonths "add_months" [value("date"), value("n")] "add_months(date or datetime, n) -> date or datetime"
        "The same day so many months later, or the last of that month if it has no such day."
        [("add_months(2026-01-31, 1)", "2026-02-28"), ("add_months(2026-03-31, -1)", "2026-02-28")]
    AddWorkdays "add_workdays" [value("date"), value("n"), CALENDAR] "add_workdays(date, n, Calendar) -> date"
        "The date so many working days later; days on which the calendar does not open are not counted."
        [("add_workdays(2026-03-06, 1, Office)", "2026-03-09"), ("add_workdays(2026-03-09, -1, Office)", "2026-03-06")]
    AddWorkHours "add_work_hours" [value("at"), value("n"), CALENDAR] "add_work_hours(datetime, n, Calendar) -> datetime"
        "The instant after so many hours during which the calendar is open."
        [("add_work_hours(now, 4, Office)", "2026-03-02 15:00"), ("add_work_hours(now, 8, Office)", "2026-03-03 10:00")]
    StartOfDay "start_of_day" [value("date")] "start_of_day(date or datetime) -> datetime"
        "The first moment of the day, in the pipeline's time zone."
        [("start_of_day(now)", "2026-03-02 00:00")]
    StartOfMonth "start_of_month" [value("date")] "start_of_month(date) -> date, start_of_month(datetime) -> datetime"
        "The first day of the month, or its first moment."
        [("start_of_month(2026-03-02)", "2026-03-01"), ("start_of_month(now)", "2026-03-01 00:00")]
    IsOpen "is_open" [CALENDAR, optional("at")] "is_open(Calendar, at = now) -> bool"
        "Whether the calendar is open at an instant."
        [("is_open(Office)", "yes"), ("is_open(Office, at: 2026-03-02T13:30Z)", "no")]
    // --- money ---
    In "in" [value("money"), CURRENCY] "in(money, CUR) -> money in CUR"
        "The amount in another currency, by the `rates` of the program."
        [("in(100 USD, EUR)", "92.00 EUR")]
    Currency "currency" [value("money")] "currency(money) -> text"
        "The code of the currency."
        [("currency(5 EUR)", "EUR")]
    Value "value" [value("money")] "value(money) -> decimal"
        "The amount as a plain number."
        [("value(7.50 EUR)", "7.5")]
    // --- any ---
    Format "format" [value("x"), value("pattern")] "format(x, pattern) -> text"
        "A number, an amount, a date or a time, written by a pattern."
        [(r##"format(1234.5, "#,##0.00")"##, "1,234.50"), (r#"format(2026-03-02, "%d.%m.%Y")"#, "02.03.2026")]
}

/// The function of a name.
pub fn named(name: &str) -> Option<Function> {
    TABLE.iter().find(|entry| entry.name == name).map(|entry| entry.function)
}

/// All functions, in the order of the reference.
pub fn all() -> impl Iterator<Item = Function> {
    TABLE.iter().map(|entry| entry.function)
}

impl Function {
    pub fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The places for arguments that are written.
    pub fn slots(self) -> &'static [Slot] {
        let slots = self.entry().slots;
        let written = slots.iter().take_while(|slot| slot.kind != SlotKind::Hidden).count();
        &slots[..written]
    }

    /// Spreads arguments (the base of a method call is the first; each with its name, if it has one) over the
    /// slots: the position of each slot's argument.
    pub fn bind(self, names: &[Option<&str>]) -> Result<Vec<Option<usize>>, SignatureError> {
        let slots = self.slots();
        let mut bound = vec![None; slots.len()];
        for (arg, name) in names.iter().enumerate() {
            let slot = match name {
                None if names[..arg].iter().any(Option::is_some) => {
                    return Err(SignatureError::AfterNamed { arg });
                }
                None if arg < slots.len() => arg,
                None => return Err(SignatureError::TooMany { arg, at_most: slots.len() }),
                Some(name) => match slots.iter().position(|slot| slot.name == *name) {
                    Some(slot) => slot,
                    None => return Err(SignatureError::UnknownName { arg }),
                },
            };
            if bound[slot].is_some() {
                return Err(SignatureError::Twice { arg, name: slots[slot].name });
            }
            bound[slot] = Some(arg);
        }
        let missing = slots.iter().zip(&bound).filter(|(slot, arg)| slot.required && arg.is_none());
        let missing: Vec<_> = missing.map(|(slot, _)| slot.name).collect();
        if missing.is_empty() { Ok(bound) } else { Err(SignatureError::Missing { names: missing }) }
    }
}

#[cfg(test)]
mod tests;
