//! Working time: when a calendar is open, and counting in working days and hours.

use super::Failure;
use crate::schema::Calendar;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

/// Working time of somebody: a calendar, or always, without the days of absence.
#[derive(Debug, Clone, Copy)]
pub struct Hours<'a> {
    /// Left out: always open.
    pub calendar: Option<&'a Calendar>,
    /// First and last day of each absence.
    pub away: &'a [(NaiveDate, NaiveDate)],
    /// Where days begin and end if there is no calendar.
    pub tz: Tz,
}

impl Hours<'_> {
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let _ = at;
        true
    }

    /// The instant itself if it is open then, else the next at which it opens.
    pub fn next_opening(&self, at: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
        Ok(at)
    }

    /// So many working days later (earlier, if negative): days on which a span begins.
    pub fn add_workdays(&self, date: NaiveDate, days: i64) -> Result<NaiveDate, Failure> {
        super::time::add_days(date, days)
    }

    /// The instant after so many open hours (before, if negative).
    pub fn add_work_hours(&self, at: DateTime<Utc>, hours: Decimal) -> Result<DateTime<Utc>, Failure> {
        let _ = hours;
        Ok(at)
    }
}
