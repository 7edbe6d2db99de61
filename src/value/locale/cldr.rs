//! Locales of CLDR, by ICU4X.

use super::{Names, Signs};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use icu_calendar::Gregorian;
use icu_datetime::fieldsets::enums::CompositeDateTimeFieldSet;
use icu_datetime::fieldsets::{T, YMD, YMDT};
use icu_datetime::input::{Date, DateTime, Time};
use icu_datetime::pattern::{
    DateTimePattern, DayPeriodNameLength, FixedCalendarDateTimeNames, MonthNameLength, WeekdayNameLength,
};
use icu_datetime::{DateTimeFormatterPreferences, FixedCalendarDateTimeFormatter};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_decimal::options::{DecimalFormatterOptions, GroupingStrategy};
use icu_list::ListFormatter;
use icu_list::options::ListFormatterOptions;
use std::fmt;
use writeable::TryWriteable;

/// The version of the locale data.
pub const CLDR: Option<&str> = Some(icu_decimal_data::cldr_tag!());

/// All that prints the way of one locale, made ready once. The calendar is always the Gregorian one.
pub struct Locale {
    name: String,
    numbers: DecimalFormatter,
    dates: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    times: FixedCalendarDateTimeFormatter<Gregorian, T>,
    date_times: FixedCalendarDateTimeFormatter<Gregorian, YMDT>,
    lists: ListFormatter,
    signs: Signs,
    names: Names,
}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Locale").field(&self.name).finish()
    }
}

impl Locale {
    /// The locale of a BCP 47 name, if there is data of its language.
    pub fn new(name: &str) -> Option<Locale> {
        let locale = icu_locale_core::Locale::try_from_str(name).ok()?;
        let dates: DateTimeFormatterPreferences = (&locale).into();
        let names = names(dates)?;
        // What is said for a language without data are the names of no language: `M01`.
        let root = self::names((&icu_locale_core::Locale::UNKNOWN).into())?;
        if names.months == root.months {
            return None;
        }
        Some(Locale {
            name: locale.to_string(),
            numbers: DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default()).ok()?,
            dates: FixedCalendarDateTimeFormatter::try_new(dates, YMD::medium()).ok()?,
            times: FixedCalendarDateTimeFormatter::try_new(dates, T::hm()).ok()?,
            date_times: FixedCalendarDateTimeFormatter::try_new(dates, YMD::medium().with_time_hm()).ok()?,
            lists: ListFormatter::try_new_and((&locale).into(), ListFormatterOptions::default()).ok()?,
            signs: signs(&locale)?,
            names,
        })
    }

    pub fn signs(&self) -> &Signs {
        &self.signs
    }

    pub fn names(&self) -> &Names {
        &self.names
    }

    /// A number in plain digits (`-7000.00`), grouped and with the locale's signs.
    pub fn number(&self, plain: &str) -> Option<String> {
        let number = Decimal::try_from_str(plain).ok()?;
        Some(self.numbers.format(&number).to_string())
    }

    pub fn date(&self, date: NaiveDate) -> Option<String> {
        Some(self.dates.format(&date_of(date)?).to_string())
    }

    /// To the minute.
    pub fn time(&self, time: NaiveTime) -> Option<String> {
        Some(self.times.format(&time_of(time)?).to_string())
    }

    pub fn date_time(&self, at: NaiveDateTime) -> Option<String> {
        let at = DateTime { date: date_of(at.date())?, time: time_of(at.time())? };
        Some(self.date_times.format(&at).to_string())
    }

    /// `a, b e c`
    pub fn list(&self, items: &[String]) -> String {
        self.lists.format_to_string(items.iter())
    }
}

fn date_of(date: NaiveDate) -> Option<Date<Gregorian>> {
    let (month, day) = (u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?);
    Date::try_new_gregorian(date.year(), month, day).ok()
}

fn time_of(time: NaiveTime) -> Option<Time> {
    let part = |number: u32| u8::try_from(number).ok();
    Time::try_new(part(time.hour())?, part(time.minute())?, part(time.second())?, 0).ok()
}

/// Taken from numbers that the locale has written.
fn signs(locale: &icu_locale_core::Locale) -> Option<Signs> {
    let written = |number: Decimal, grouping| {
        let options = DecimalFormatterOptions::from(grouping);
        Some(DecimalFormatter::try_new(locale.into(), options).ok()?.format(&number).to_string())
    };
    let plain = |number: Decimal| written(number, GroupingStrategy::Never);
    let mut digits = ['0'; 10];
    for (value, digit) in digits.iter_mut().enumerate() {
        *digit = plain(Decimal::from(value as u32))?.chars().next()?;
    }
    let point = plain(Decimal::try_from_str("0.0").ok()?)?.replace(digits[0], "");
    // `1 000 000`: the first group is that of the largest numbers.
    let million = written(Decimal::from(1_000_000), GroupingStrategy::Always)?;
    let group = million.split(digits[0]).next()?.replace(digits[1], "");
    let group = if group.is_empty() {
        million.split(digits[0]).find(|part| !part.is_empty() && *part != digits[1].to_string())
    } else {
        Some(group.as_str())
    };
    let negative = plain(Decimal::from(-1))?;
    let (before, after) = negative.split_once(digits[1])?;
    Some(Signs {
        point,
        group: group.unwrap_or_default().to_owned(),
        minus: (before.to_owned(), after.to_owned()),
        digits: (digits[0] != '0').then_some(digits),
    })
}

type Named = FixedCalendarDateTimeNames<Gregorian, CompositeDateTimeFieldSet>;

fn names(prefs: DateTimeFormatterPreferences) -> Option<Names> {
    let mut found = Names::default();
    let forms = [
        (MonthNameLength::Wide, "MMMM", WeekdayNameLength::Wide, "EEEE"),
        (MonthNameLength::Abbreviated, "MMM", WeekdayNameLength::Abbreviated, "EEE"),
        (MonthNameLength::StandaloneWide, "LLLL", WeekdayNameLength::StandaloneWide, "cccc"),
        (MonthNameLength::StandaloneAbbreviated, "LLL", WeekdayNameLength::StandaloneAbbreviated, "ccc"),
    ];
    for (at, (month, month_pattern, weekday, weekday_pattern)) in forms.into_iter().enumerate() {
        let mut names = Named::try_new(prefs).ok()?;
        names.include_month_names(month).ok()?;
        names.include_weekday_names(weekday).ok()?;
        for (number, name) in found.months[at].iter_mut().enumerate() {
            *name = written(&names, month_pattern, 1 + number as u8, 1, 0)?;
        }
        for (number, name) in found.weekdays[at].iter_mut().enumerate() {
            // The 5th of January 2026 is a Monday.
            *name = written(&names, weekday_pattern, 1, 5 + number as u8, 0)?;
        }
    }
    let mut names = Named::try_new(prefs).ok()?;
    names.include_day_period_names(DayPeriodNameLength::Abbreviated).ok()?;
    found.halves = [written(&names, "a", 1, 1, 0)?, written(&names, "a", 1, 1, 12)?];
    Some(found)
}

fn written(names: &Named, pattern: &str, month: u8, day: u8, hour: u8) -> Option<String> {
    let pattern = DateTimePattern::try_from_pattern_str(pattern).ok()?;
    let at = DateTime {
        date: Date::try_new_gregorian(2026, month, day).ok()?,
        time: Time::try_new(hour, 0, 0, 0).ok()?,
    };
    let formatted = names.with_pattern_unchecked(&pattern).format(&at);
    let written = formatted.try_write_to_string().ok()?;
    Some(written.into_owned())
}
