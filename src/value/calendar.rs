//! Working time: when a calendar is open, and counting in working days and hours.
//!
//! A calendar is open during the spans of its week, in its own time zone, but never on a closed date: a
//! span over midnight is cut off where a closed date begins, and opens where one ends. A span holds its first
//! instant and not its last.

use super::time::{add_seconds, local_date, local_to_utc, start_of_day};
use super::{Failure, FailureCode};
use crate::schema::Calendar;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

/// Working time of somebody: a calendar, or always, without the days of absence.
#[derive(Debug, Clone, Copy)]
pub struct Hours<'a> {
    /// Left out: always open.
    pub calendar: Option<&'a Calendar>,
    /// First and last day of each absence, on the calendar's dates.
    pub away: &'a [(NaiveDate, NaiveDate)],
    /// Where days begin and end if there is no calendar.
    pub tz: Tz,
}

/// How far an opening is searched and working time is counted: about a hundred years.
const SEARCHED_DAYS: u32 = 36_525;

type Span = (DateTime<Utc>, DateTime<Utc>);

impl Hours<'_> {
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        if self.calendar.is_none() && self.away.is_empty() {
            return true;
        }
        // Where clocks go back over midnight, the last instants of a date are already in the next one's span.
        let date = local_date(at, self.tz());
        let on = |date| self.spans(date).iter().any(|(start, end)| (*start..*end).contains(&at));
        on(date) || date.succ_opt().is_some_and(on)
    }

    /// The instant itself if it is open then, else the next at which it opens.
    pub fn next_opening(&self, at: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
        if self.calendar.is_none() && self.away.is_empty() {
            return Ok(at);
        }
        self.can_open()?;
        let mut days = self.days(local_date(at, self.tz()), true);
        let opening = days.find_map(|date| self.spans(date).into_iter().find(|(_, end)| *end > at));
        opening.map(|(start, _)| start.max(at)).ok_or_else(|| self.never_open())
    }

    /// So many working days later (earlier, if negative): days on which a span begins. A date that is none is
    /// a start like any other, and nothing added is the date itself.
    pub fn add_workdays(&self, date: NaiveDate, days: i64) -> Result<NaiveDate, Failure> {
        if self.calendar.is_none() && self.away.is_empty() {
            return super::time::add_days(date, days);
        }
        let mut left = days.unsigned_abs();
        if left == 0 {
            return Ok(date);
        }
        self.can_open()?;
        let mut opened = false;
        // The day itself does not count.
        for day in self.days(date, days > 0).filter(|day| *day != date && self.is_workday(*day)) {
            opened = true;
            left -= 1;
            if left == 0 {
                return Ok(day);
            }
        }
        Err(if opened { too_long() } else { self.never_open() })
    }

    /// The instant after so many open hours (before, if negative); what ends with a span ends there, not
    /// when the next opens.
    pub fn add_work_hours(&self, at: DateTime<Utc>, hours: Decimal) -> Result<DateTime<Utc>, Failure> {
        let seconds = hours.checked_mul(Decimal::from(3600)).ok_or_else(too_long)?;
        let seconds = seconds.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
        let seconds = seconds.to_i64().ok_or_else(too_long)?;
        if seconds == 0 || (self.calendar.is_none() && self.away.is_empty()) {
            return add_seconds(at, seconds);
        }
        self.can_open()?;
        let mut left = i64::try_from(seconds.unsigned_abs())
            .ok()
            .and_then(TimeDelta::try_seconds)
            .ok_or_else(too_long)?;
        let mut date = local_date(at, self.tz());
        if seconds < 0 {
            // See `is_open`: the next date's spans may reach back before this instant.
            date = date.succ_opt().unwrap_or(date);
        }
        let mut opened = false;
        for date in self.days(date, seconds > 0) {
            let mut spans = self.spans(date);
            if seconds < 0 {
                spans.reverse();
            }
            for (start, end) in spans {
                let (start, end) = if seconds > 0 { (start.max(at), end) } else { (start, end.min(at)) };
                let length = end - start;
                if length <= TimeDelta::zero() {
                    continue;
                }
                if left <= length {
                    return Ok(if seconds > 0 { start + left } else { end - left });
                }
                left -= length;
                opened = true;
            }
        }
        Err(if opened { too_long() } else { self.never_open() })
    }

    /// A date and those after it (before it), for about a hundred years, without those that are closed: these are left
    /// out in one step, so that no calendar is searched day by day for nothing.
    fn days(&self, from: NaiveDate, forward: bool) -> impl Iterator<Item = NaiveDate> + '_ {
        let next = move |date: NaiveDate| if forward { date.succ_opt() } else { date.pred_opt() };
        let open = move |mut date: NaiveDate| {
            while let Some((first, last)) = self.closing(date) {
                date = next(if forward { last } else { first })?;
            }
            Some(date)
        };
        let searched = i64::from(SEARCHED_DAYS);
        std::iter::successors(open(from), move |date| open(next(*date)?))
            .take_while(move |date| (*date - from).num_days().abs() < searched)
    }

    fn tz(&self) -> Tz {
        self.calendar.map_or(self.tz, |calendar| calendar.timezone)
    }

    /// An empty week is not searched for a hundred years.
    fn can_open(&self) -> Result<(), Failure> {
        match self.calendar {
            Some(calendar) if calendar.week.iter().all(Vec::is_empty) => Err(self.never_open()),
            _ => Ok(()),
        }
    }

    fn is_closed(&self, date: NaiveDate) -> bool {
        self.closing(date).is_some()
    }

    /// First and last of the closed days among which a date is.
    fn closing(&self, date: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let closed = self.calendar.map_or(&[][..], |calendar| &calendar.closed);
        self.away.iter().chain(closed).find(|(from, to)| (*from..=*to).contains(&date)).copied()
    }

    #[cold]
    fn never_open(&self) -> Failure {
        let message = match self.calendar {
            Some(calendar) => format!("the calendar `{}` is not open within 100 years", calendar.name),
            None => "there is no working time within 100 years: the absence has no end".to_owned(),
        };
        Failure::new(FailureCode::NeverOpen, message)
    }

    fn is_workday(&self, date: NaiveDate) -> bool {
        let begins = self.calendar.is_none_or(|calendar| !calendar.week[weekday(date)].is_empty());
        begins && !self.is_closed(date)
    }

    /// When it is open on a local date, in order, without overlaps.
    fn spans(&self, date: NaiveDate) -> Vec<Span> {
        if self.is_closed(date) {
            return Vec::new();
        }
        let tz = self.tz();
        let at = |time: NaiveTime| local_to_utc(date.and_time(time), tz);
        let midnight = || date.succ_opt().map_or_else(|| at(NaiveTime::MIN), |next| start_of_day(next, tz));
        let Some(calendar) = self.calendar else { return vec![(at(NaiveTime::MIN), midnight())] };
        let mut spans: Vec<Span> = Vec::new();
        let over_midnight = |(start, end): &&(NaiveTime, NaiveTime)| end <= start;
        for (_, end) in calendar.week[(weekday(date) + 6) % 7].iter().filter(over_midnight) {
            spans.push((at(NaiveTime::MIN), at(*end)));
        }
        for (start, end) in &calendar.week[weekday(date)] {
            spans.push((at(*start), if end <= start { midnight() } else { at(*end) }));
        }
        // A clock change may leave nothing of a span.
        spans.retain(|(start, end)| start < end);
        spans.sort_unstable();
        spans.dedup_by(|next, before| {
            let joined = next.0 <= before.1;
            if joined {
                before.1 = before.1.max(next.1);
            }
            joined
        });
        spans
    }
}

/// 0 for Monday.
fn weekday(date: NaiveDate) -> usize {
    date.weekday().num_days_from_monday() as usize
}

#[cold]
fn too_long() -> Failure {
    Failure::new(FailureCode::Overflow, "so much working time does not fit into 100 years")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveTime {
        NaiveTime::parse_from_str(text, "%H:%M").unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn calendar(
        timezone: Tz,
        days: std::ops::Range<usize>,
        spans: &[(&str, &str)],
        closed: &[(&str, &str)],
    ) -> Calendar {
        let mut week: [Vec<_>; 7] = Default::default();
        for day in days {
            week[day] = spans.iter().map(|(start, end)| (time(start), time(end))).collect();
        }
        let closed = closed.iter().map(|(from, to)| (date(from), date(to))).collect();
        Calendar { name: "C".into(), label: "C".into(), timezone, week, closed }
    }

    fn hours(calendar: &Calendar) -> Hours<'_> {
        Hours { calendar: Some(calendar), away: &[], tz: Tz::UTC }
    }

    fn office() -> Calendar {
        calendar(
            Tz::Europe__Rome,
            0..5,
            &[("09:00", "13:00"), ("14:00", "18:00")],
            &[("2026-12-25", "2026-12-25"), ("2026-08-10", "2026-08-21")],
        )
    }

    /// Friday to Saturday and Saturday to Sunday, 22 to 6; Sunday the 15th is closed.
    fn nights() -> Calendar {
        calendar(Tz::Europe__Rome, 4..6, &[("22:00", "06:00")], &[("2026-03-15", "2026-03-15")])
    }

    #[test]
    fn open_from_the_first_instant_of_a_span_to_before_its_last() {
        let office = office();
        for (at, open, next) in [
            // Monday, Rome is UTC+1.
            ("2026-03-02T07:59:59Z", false, "2026-03-02T08:00:00Z"),
            ("2026-03-02T08:00:00Z", true, "2026-03-02T08:00:00Z"),
            ("2026-03-02T11:59:59Z", true, "2026-03-02T11:59:59Z"),
            ("2026-03-02T12:00:00Z", false, "2026-03-02T13:00:00Z"),
            ("2026-03-02T17:00:00Z", false, "2026-03-03T08:00:00Z"),
            // Friday evening.
            ("2026-03-06T17:00:00Z", false, "2026-03-09T08:00:00Z"),
            // Over the change to summer time on 29 March: UTC+2.
            ("2026-03-27T17:00:00Z", false, "2026-03-30T07:00:00Z"),
            // And back on 25 October.
            ("2026-10-23T16:00:00Z", false, "2026-10-26T08:00:00Z"),
            // Two closed weeks, then a weekend.
            ("2026-08-07T16:00:00Z", false, "2026-08-24T07:00:00Z"),
            ("2026-12-24T17:00:00Z", false, "2026-12-28T08:00:00Z"),
        ] {
            assert_eq!(hours(&office).is_open(instant(at)), open, "{at}");
            assert_eq!(hours(&office).next_opening(instant(at)), Ok(instant(next)), "{at}");
        }
    }

    #[test]
    fn spans_over_midnight_are_cut_by_closed_dates() {
        let nights = nights();
        for (at, open, next) in [
            ("2026-03-06T20:59:59Z", false, "2026-03-06T21:00:00Z"),
            ("2026-03-07T04:59:59Z", true, "2026-03-07T04:59:59Z"),
            ("2026-03-07T05:00:00Z", false, "2026-03-07T21:00:00Z"),
            // Saturday night, but Sunday the 15th is closed from its midnight.
            ("2026-03-14T22:59:59Z", true, "2026-03-14T22:59:59Z"),
            ("2026-03-14T23:00:00Z", false, "2026-03-20T21:00:00Z"),
        ] {
            assert_eq!(hours(&nights).is_open(instant(at)), open, "{at}");
            assert_eq!(hours(&nights).next_opening(instant(at)), Ok(instant(next)), "{at}");
        }
    }

    #[test]
    fn working_days() {
        let office = office();
        for (from, days, to) in [
            ("2026-03-02", 0, "2026-03-02"),
            ("2026-03-07", 0, "2026-03-07"),
            ("2026-03-06", 1, "2026-03-09"),
            ("2026-03-07", 1, "2026-03-09"),
            ("2026-03-09", -1, "2026-03-06"),
            ("2026-08-07", 1, "2026-08-24"),
            ("2026-08-24", -1, "2026-08-07"),
            ("2026-12-24", 5, "2027-01-01"),
        ] {
            assert_eq!(hours(&office).add_workdays(date(from), days), Ok(date(to)), "{from} {days}");
        }
        assert_eq!(hours(&office).add_workdays(date("2026-03-02"), i64::MIN), Err(too_long()));
    }

    #[test]
    fn working_hours() {
        let office = office();
        let nights = nights();
        for (calendar, from, add, to) in [
            (&office, "2026-03-02T08:00:00Z", "0", "2026-03-02T08:00:00Z"),
            (&office, "2026-03-02T09:00:00Z", "4", "2026-03-02T14:00:00Z"),
            // What ends with a span ends there.
            (&office, "2026-03-02T08:00:00Z", "8", "2026-03-02T17:00:00Z"),
            (&office, "2026-03-02T08:00:00Z", "8.5", "2026-03-03T08:30:00Z"),
            (&office, "2026-03-07T08:00:00Z", "1", "2026-03-09T09:00:00Z"),
            (&office, "2026-03-09T08:30:00Z", "-1", "2026-03-06T16:30:00Z"),
            (&office, "2026-03-02T12:30:00Z", "-4", "2026-03-02T08:00:00Z"),
            // The night of the change to summer time has seven hours: 22:00 to 06:00 without 02:00 to 03:00.
            (&nights, "2026-03-28T12:00:00Z", "7", "2026-03-29T04:00:00Z"),
            // The night back from it has nine.
            (&nights, "2026-10-24T12:00:00Z", "9", "2026-10-25T05:00:00Z"),
        ] {
            assert_eq!(
                hours(calendar).add_work_hours(instant(from), add.parse().unwrap()),
                Ok(instant(to)),
                "{from} {add}"
            );
        }
    }

    #[test]
    fn what_never_opens_is_a_failure_and_no_endless_search() {
        let empty = calendar(Tz::UTC, 0..0, &[], &[]);
        let closed = calendar(Tz::UTC, 0..7, &[("09:00", "18:00")], &[("0001-01-01", "9999-12-31")]);
        for calendar in [&empty, &closed] {
            let hours = hours(calendar);
            let (day, at) = (date("2026-03-02"), instant("2026-03-02T10:00:00Z"));
            assert!(!hours.is_open(at));
            let never = "the calendar `C` is not open within 100 years";
            let says = |failure: Failure| (failure.code, failure.message.to_string());
            let never = (FailureCode::NeverOpen, never.to_owned());
            assert_eq!(hours.next_opening(at).map_err(says), Err(never.clone()));
            for days in [1, -1, i64::MAX, i64::MIN] {
                assert_eq!(hours.add_workdays(day, days).map_err(says), Err(never.clone()), "{days}");
            }
            for worked in ["1", "-1", "1000000000", "-1000000000"] {
                let worked = worked.parse().unwrap();
                assert_eq!(hours.add_work_hours(at, worked).map_err(says), Err(never.clone()), "{worked}");
            }
            assert_eq!(hours.add_workdays(day, 0), Ok(day));
        }
        // Closed from one day on: what is asked for before it is there, what is asked for after it never comes.
        let ending = calendar(Tz::UTC, 0..7, &[("09:00", "18:00")], &[("2026-03-09", "9999-12-31")]);
        let hours = hours(&ending);
        assert_eq!(hours.add_workdays(date("2026-03-02"), 6), Ok(date("2026-03-08")));
        let code = |failure: Failure| failure.code;
        assert_eq!(hours.add_workdays(date("2026-03-08"), 1).map_err(code), Err(FailureCode::NeverOpen));
        // Much more than there is of a calendar that does open is another mistake.
        assert_eq!(hours.add_workdays(date("2026-03-08"), -99_999).map_err(code), Err(FailureCode::Overflow));
        let away = [(date("0001-01-01"), date("9999-12-31"))];
        let gone = Hours { calendar: None, away: &away, tz: Tz::UTC };
        assert_eq!(gone.add_workdays(date("2026-03-02"), 1).map_err(code), Err(FailureCode::NeverOpen));
    }

    #[test]
    fn absences_count_without_a_calendar_and_with_one() {
        let away = [(date("2026-03-02"), date("2026-03-03"))];
        let office = office();
        let free = Hours { calendar: None, away: &away, tz: Tz::America__New_York };
        assert_eq!(free.next_opening(instant("2026-03-02T10:00:00Z")), Ok(instant("2026-03-04T05:00:00Z")));
        let bound = Hours { calendar: Some(&office), ..free };
        assert_eq!(bound.next_opening(instant("2026-03-02T10:00:00Z")), Ok(instant("2026-03-04T08:00:00Z")));
        assert_eq!(bound.add_workdays(date("2026-02-27"), 1), Ok(date("2026-03-04")));
    }
}
