//! The calendar: from a date and a time of day in UTC to milliseconds since 1970 (for evaluation.md §2.4).
//!
//! The Gregorian calendar in both directions of time, with a year 0; constant time.

pub(crate) const MILLIS_PER_SECOND: i64 = 1_000;
pub(crate) const MILLIS_PER_MINUTE: i64 = 60_000;
pub(crate) const MILLIS_PER_HOUR: i64 = 3_600_000;
pub(crate) const MILLIS_PER_DAY: i64 = 86_400_000;

/// The years for which the core knows a calendar.
const YEARS: core::ops::RangeInclusive<i64> = -262_143..=262_142;

/// The moment of a date and a time of day, if there is such a date and such a time. A second 60 is the next minute's first.
#[inline(never)]
pub(crate) fn millis(&[year, month, day, hour, minute, second]: &[i64; 6]) -> Option<i64> {
    let is_real = YEARS.contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && (0..=23).contains(&hour)
        && (0..=59).contains(&minute)
        && (0..=60).contains(&second);
    if !is_real {
        return None;
    }
    // Far from any limit: 262,143 years are less than 2⁵³ milliseconds.
    let minutes = hour.wrapping_mul(60).wrapping_add(minute);
    let seconds = minutes.wrapping_mul(60).wrapping_add(second);
    let days = days_since_1970(year, month, day);
    Some(
        days.wrapping_mul(MILLIS_PER_DAY)
            .wrapping_add(seconds.wrapping_mul(MILLIS_PER_SECOND)),
    )
}

/// The year begins in March here, so that a leap day is its last: months are then 30.6 days long, rounded.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    /// Years before year 0, whole rounds of the leap years, that make every year positive.
    const BEFORE: i64 = 400_000;
    /// From 1 March of that year to 1970-01-01.
    const TO_1970: i64 = BEFORE / 400 * 146_097 + 719_468;
    let is_early = month <= 2;
    let year = year
        .wrapping_add(BEFORE)
        .wrapping_sub(i64::from(is_early))
        .unsigned_abs();
    let month = month
        .wrapping_add(if is_early { 9 } else { -3 })
        .unsigned_abs();
    let leap_days = (year / 4).wrapping_sub(year / 100).wrapping_add(year / 400);
    let before_month = month.wrapping_mul(153).wrapping_add(2) / 5;
    year.wrapping_mul(365)
        .wrapping_add(leap_days)
        .wrapping_add(before_month)
        .cast_signed()
        .wrapping_add(day)
        .wrapping_sub(TO_1970 + 1)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28_i64.wrapping_add(i64::from(is_leap(year))),
        // The long and the short ones take turns, but July and August are both long.
        _ => 30 | month & 1 ^ month >> 3,
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
                    let [year, month, day] = date;
                    let moment = millis(&[year, month, day, 12, 34, 56]);
                    assert_eq!(moment, expected, "{date:?}");
                }
            }
        }
    }

    #[test]
    fn times_of_day_have_limits() {
        let on_first_day =
            |[hour, minute, second]: [i64; 3]| millis(&[1970, 1, 1, hour, minute, second]);
        assert_eq!(on_first_day([23, 59, 59]), Some(86_399_000));
        assert_eq!(on_first_day([23, 59, 60]), Some(86_400_000));
        for time in [
            [24, 0, 0],
            [0, 60, 0],
            [0, 0, 61],
            [-1, 0, 0],
            [0, -1, 0],
            [0, 0, -1],
        ] {
            assert_eq!(on_first_day(time), None, "{time:?}");
        }
        for wild in [i64::MIN, i64::MAX] {
            assert_eq!(millis(&[wild, 1, 1, 0, 0, 0]), None);
            assert_eq!(millis(&[1970, wild, 1, 0, 0, 0]), None);
            assert_eq!(millis(&[1970, 1, wild, 0, 0, 0]), None);
        }
    }
}
