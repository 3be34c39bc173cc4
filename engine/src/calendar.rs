//! The calendar: from a date and a time of day in UTC to milliseconds since 1970 (for evaluation.md §2.4).
//!
//! The Gregorian calendar in both directions of time, with a year 0; constant time.

pub(crate) const MILLIS_PER_SECOND: i64 = 1_000;
pub(crate) const MILLIS_PER_MINUTE: i64 = 60_000;
pub(crate) const MILLIS_PER_HOUR: i64 = 3_600_000;
pub(crate) const MILLIS_PER_DAY: i64 = 86_400_000;

/// The years for which the core knows a calendar.
const YEARS: core::ops::RangeInclusive<i64> = -262_143..=262_142;

/// Days from the first day of year 1 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_162;

/// Days of a common year that are over when the month begins.
const DAYS_BEFORE_MONTH: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// The moment of a date and a time of day, if there is such a date and such a time. A second 60 is the next minute's first.
pub(crate) fn millis(
    [year, month, day]: [i64; 3],
    [hour, minute, second]: [i64; 3],
) -> Option<i64> {
    let is_real = YEARS.contains(&year)
        && (1..=days_in_month(year, month)?).contains(&day)
        && (0..=23).contains(&hour)
        && (0..=59).contains(&minute)
        && (0..=60).contains(&second);
    if !is_real {
        return None;
    }
    let sum = [
        (days_since_1970(year, month, day)?, MILLIS_PER_DAY),
        (hour, MILLIS_PER_HOUR),
        (minute, MILLIS_PER_MINUTE),
        (second, MILLIS_PER_SECOND),
    ]
    .into_iter()
    // Far from any limit: 262,143 years are less than 2⁵³ milliseconds.
    .fold(0_i64, |sum, (count, unit)| {
        sum.wrapping_add(count.wrapping_mul(unit))
    });
    Some(sum)
}

fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    let past_years = year.checked_sub(1)?;
    let leap_days = past_years
        .div_euclid(4)
        .wrapping_sub(past_years.div_euclid(100))
        .wrapping_add(past_years.div_euclid(400));
    let leap_day_this_year = i64::from(month > 2 && is_leap(year));
    let days = past_years
        .wrapping_mul(365)
        .wrapping_add(leap_days)
        .wrapping_sub(DAYS_TO_1970)
        .wrapping_add(*DAYS_BEFORE_MONTH.get(index)?)
        .wrapping_add(leap_day_this_year)
        .wrapping_add(day)
        .wrapping_sub(1);
    Some(days)
}

fn days_in_month(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if is_leap(year) => Some(29),
        2 => Some(28),
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use chrono::NaiveDate;

    use super::millis;

    #[test]
    fn every_day_equals_the_librarys() {
        let years: Vec<i32> = (-405..=405)
            .chain(1580..=2410)
            .chain([-262_144, -262_143, -4712, 9999, 10_000, 262_142, 262_143])
            .collect();
        for year in years {
            for month in 0..=13 {
                for day in 0..=32 {
                    let expected = NaiveDate::from_ymd_opt(year, month, day)
                        .and_then(|date| date.and_hms_opt(12, 34, 56))
                        .map(|moment| moment.and_utc().timestamp_millis());
                    let date = [i64::from(year), i64::from(month), i64::from(day)];
                    assert_eq!(millis(date, [12, 34, 56]), expected, "{date:?}");
                }
            }
        }
    }

    #[test]
    fn times_of_day_have_limits() {
        const DAY: [i64; 3] = [1970, 1, 1];
        assert_eq!(millis(DAY, [23, 59, 59]), Some(86_399_000));
        assert_eq!(millis(DAY, [23, 59, 60]), Some(86_400_000));
        for time in [
            [24, 0, 0],
            [0, 60, 0],
            [0, 0, 61],
            [-1, 0, 0],
            [0, -1, 0],
            [0, 0, -1],
        ] {
            assert_eq!(millis(DAY, time), None, "{time:?}");
        }
        for wild in [i64::MIN, i64::MAX] {
            assert_eq!(millis([wild, 1, 1], [0, 0, 0]), None);
            assert_eq!(millis([1970, wild, 1], [0, 0, 0]), None);
            assert_eq!(millis([1970, 1, wild], [0, 0, 0]), None);
        }
    }
}
