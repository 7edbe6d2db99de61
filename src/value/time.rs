//! Instants, local times and durations in time zones.
//!
//! A local time that a clock change skips becomes the next that exists; of one that comes twice the
//! earlier is meant. Results lie in the years 1 to 9999, so that every one can be written down.

use super::{Duration, Failure};
use chrono::{
    DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

pub const SECONDS_PER_DAY: i64 = 86_400;

/// The instant that a local time means.
pub fn local_to_utc(local: NaiveDateTime, tz: Tz) -> DateTime<Utc> {
    if tz == Tz::UTC {
        return local.and_utc();
    }
    match tz.from_local_datetime(&local) {
        LocalResult::Single(at) => at.with_timezone(&Utc),
        LocalResult::Ambiguous(earlier, later) => earlier.min(later).with_timezone(&Utc),
        LocalResult::None => end_of_gap(local, tz),
    }
}

/// The first instant at which clocks show `local` or later, where they never show `local`.
fn end_of_gap(local: NaiveDateTime, tz: Tz) -> DateTime<Utc> {
    // No offset is beyond 16 hours, so the change lies between these two.
    let middle = local.and_utc().timestamp();
    let (mut before, mut after) = (middle - 57_600, middle + 57_600);
    let shown = |second: i64| DateTime::from_timestamp(second, 0).map(|at| to_local(at, tz));
    while after - before > 1 {
        let at = before + (after - before) / 2;
        if shown(at).is_some_and(|shown| shown < local) { before = at } else { after = at }
    }
    DateTime::from_timestamp(after, 0).unwrap_or_else(|| local.and_utc())
}

/// What a clock on the wall shows.
pub fn to_local(at: DateTime<Utc>, tz: Tz) -> NaiveDateTime {
    // Near the ends of what chrono holds, local times do not fit: there no zone has any meaning anyway.
    if tz == Tz::UTC || !(-9999..=99_999).contains(&at.year()) {
        at.naive_utc()
    } else {
        at.with_timezone(&tz).naive_local()
    }
}

/// The date on a calendar on the wall: what `today` is at `now`.
pub fn local_date(at: DateTime<Utc>, tz: Tz) -> NaiveDate {
    to_local(at, tz).date()
}

/// The day's first moment.
pub fn start_of_day(date: NaiveDate, tz: Tz) -> DateTime<Utc> {
    local_to_utc(date.and_time(NaiveTime::MIN), tz)
}

/// Moves calendar days first, on the clock of the time zone, then exact seconds.
pub fn add_duration(at: DateTime<Utc>, duration: Duration, tz: Tz) -> Result<DateTime<Utc>, Failure> {
    let moved = if duration.days == 0 {
        // Not by way of local time: of a time that comes twice the later would become the earlier.
        at
    } else {
        let days = TimeDelta::try_days(duration.days).ok_or_else(too_far)?;
        let local = to_local(at, tz).checked_add_signed(days).ok_or_else(too_far)?;
        // Local times near the ends of what chrono holds have no instant.
        in_years(local.year())?;
        local_to_utc(local, tz)
    };
    add_seconds(moved, duration.seconds)
}

/// Counted from the first moment of the day `duration.days` later.
pub fn add_to_date(date: NaiveDate, duration: Duration, tz: Tz) -> Result<DateTime<Utc>, Failure> {
    let date = add_days(date, duration.days)?;
    add_seconds(start_of_day(date, tz), duration.seconds)
}

pub fn add_days(date: NaiveDate, days: i64) -> Result<NaiveDate, Failure> {
    let days = TimeDelta::try_days(days).ok_or_else(too_far)?;
    let date = date.checked_add_signed(days).ok_or_else(too_far)?;
    in_years(date.year())?;
    Ok(date)
}

pub fn add_seconds(at: DateTime<Utc>, seconds: i64) -> Result<DateTime<Utc>, Failure> {
    let seconds = TimeDelta::try_seconds(seconds).ok_or_else(too_far)?;
    let at = at.checked_add_signed(seconds).ok_or_else(too_far)?;
    in_years(at.year())?;
    Ok(at)
}

pub fn negate(duration: Duration) -> Result<Duration, Failure> {
    match (duration.days.checked_neg(), duration.seconds.checked_neg()) {
        (Some(days), Some(seconds)) => Ok(Duration { days, seconds }),
        _ => Err(Failure::overflow("duration")),
    }
}

/// So many months later, on the same day of the month, or on the month's last if it has no such day.
pub fn add_months(date: NaiveDate, months: i64) -> Result<NaiveDate, Failure> {
    let month = i64::from(date.year()) * 12 + i64::from(date.month0());
    let month = month.checked_add(months).ok_or_else(too_far)?;
    let year = i32::try_from(month.div_euclid(12)).map_err(|_| too_far())?;
    in_years(year)?;
    let first = NaiveDate::from_ymd_opt(year, month.rem_euclid(12) as u32 + 1, 1).ok_or_else(too_far)?;
    (28..=date.day())
        .rev()
        .find_map(|day| first.with_day(day))
        .or(first.with_day(date.day()))
        .ok_or_else(too_far)
}

/// The years that can be written down.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

/// Whether an instant from outside can be written down.
pub fn in_range(time: &DateTime<Utc>) -> bool {
    YEARS.contains(&time.year())
}

fn in_years(year: i32) -> Result<(), Failure> {
    if YEARS.contains(&year) { Ok(()) } else { Err(too_far()) }
}

#[cold]
fn too_far() -> Failure {
    Failure::new(super::FailureCode::Overflow, "the date lies outside the years 1 to 9999")
}

#[cfg(test)]
mod tests;
