use super::*;
use proptest::prelude::*;

fn local(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

#[test]
fn a_local_time_that_does_not_exist_is_the_next_and_of_two_the_earlier() {
    use Tz::*;
    for (tz, local_time, expected) in [
        (UTC, "2026-03-29T02:30:00", "2026-03-29T02:30:00Z"),
        (Europe__Rome, "2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
        (Europe__Rome, "2026-03-29T02:00:00", "2026-03-29T01:00:00Z"),
        (Europe__Rome, "2026-03-29T02:59:59.5", "2026-03-29T01:00:00Z"),
        (Europe__Rome, "2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
        (Europe__Rome, "2026-10-25T01:59:59", "2026-10-24T23:59:59Z"),
        (Europe__Rome, "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        (Europe__Rome, "2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
        (America__New_York, "2026-03-08T02:30:00", "2026-03-08T07:00:00Z"),
        (America__New_York, "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"),
        // Half an hour only.
        (Australia__Lord_Howe, "2026-10-04T02:15:00", "2026-10-03T15:30:00Z"),
        // A whole day that never was.
        (Pacific__Apia, "2011-12-30T12:00:00", "2011-12-30T10:00:00Z"),
        // Clocks that change at midnight: the day begins at one.
        (Africa__Cairo, "2026-04-24T00:00:00", "2026-04-23T22:00:00Z"),
    ] {
        assert_eq!(
            local_to_utc(local(local_time), tz).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            expected
        );
    }
    let cairo = start_of_day(NaiveDate::from_ymd_opt(2026, 4, 24).unwrap(), Africa__Cairo);
    assert_eq!(to_local(cairo, Africa__Cairo), local("2026-04-24T01:00:00"));
}

#[test]
fn months_later_on_the_same_day_or_the_last() {
    for (date, months, expected) in [
        ("2026-01-31", 1, Some("2026-02-28")),
        ("2028-01-31", 1, Some("2028-02-29")),
        ("2026-03-31", 1, Some("2026-04-30")),
        ("2026-03-31", -1, Some("2026-02-28")),
        ("2026-01-15", -1, Some("2025-12-15")),
        ("2026-01-15", 0, Some("2026-01-15")),
        ("2026-12-15", 1, Some("2027-01-15")),
        ("2024-02-29", 12, Some("2025-02-28")),
        ("2024-02-29", -48, Some("2020-02-29")),
        ("2026-01-31", 100_000, None),
        ("2026-01-31", i64::MAX, None),
        ("2026-01-31", i64::MIN, None),
    ] {
        let added = add_months(date.parse().unwrap(), months).ok().map(|date| date.to_string());
        assert_eq!(added.as_deref(), expected, "{date} {months}");
    }
}

proptest! {
    #[test]
    fn local_times_lie_where_clocks_show_them_or_later(seconds in 0_i64..4_000_000_000, zone in 0_usize..600) {
        let tz = chrono_tz::TZ_VARIANTS[zone % chrono_tz::TZ_VARIANTS.len()];
        let local = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
        let at = local_to_utc(local, tz);
        let shown = to_local(at, tz);
        prop_assert!(shown >= local);
        // No earlier instant of that day shows it.
        prop_assert!(to_local(at - TimeDelta::seconds(1), tz) != local);
    }
}
