//! Moments in time from text (evaluation.md §2.4) and what the time operators do with them (§4.6).
//!
//! Everything is milliseconds since 1970 in UTC, except that [`parse`] hands back a plain number as it stands, which may be
//! seconds; [`to_millis`] settles that. Each call reads its text at most three times and keeps nothing.

use crate::calendar::{
    MILLIS_PER_DAY, MILLIS_PER_HOUR, MILLIS_PER_MINUTE, MILLIS_PER_SECOND, millis,
};
use crate::number::parse_integer;
use crate::white_space::trim_start;

/// Numbers nearer to zero than this are seconds.
const SECONDS_BELOW: u64 = 10_000_000_000;

/// The timestamp a target's text spells: an integer as it is, or a date with time in milliseconds.
#[cfg(any(feature = "compile", test))]
pub(crate) fn parse(text: &str) -> Option<i64> {
    parse_integer(text).or_else(|| parse_date(text))
}

/// The timestamp a user's text spells. Unlike a target's, a date with time must be 8 to 20 bytes long.
pub(crate) fn parse_user(text: &str) -> Option<i64> {
    parse_integer(text).or_else(|| {
        // The core also asks for a `-`, `T` or `:`; no date is without.
        let may_be_a_date = (8..=20).contains(&text.len());
        if may_be_a_date {
            parse_date(text)
        } else {
            None
        }
    })
}

fn parse_date(text: &str) -> Option<i64> {
    let text = text.as_bytes();
    date_and_time(text, true).or_else(|| date_and_time(text, false))
}

/// Whether both are on one day of UTC. The days on either side of 1970 count as one, as in the core.
pub(crate) fn same_day(a: i64, b: i64) -> bool {
    a / MILLIS_PER_DAY == b / MILLIS_PER_DAY
}

/// A user's timestamp in milliseconds, which small numbers are not yet.
pub(crate) fn to_millis(x: i64) -> i64 {
    if x.unsigned_abs() < SECONDS_BELOW {
        x.saturating_mul(MILLIS_PER_SECOND)
    } else {
        x
    }
}

/// The date and time that the bytes spell; `strict` says in which of two forms.
///
/// - strict: RFC 3339, `YYYY-MM-DDThh:mm:ss`, an optional fraction, and a zone.
/// - else `Y-M-D h:m:s` in UTC: fields may lack leading zeros and have white space before them, the year may have a sign and
///   then any number of digits. The space between date and time is white space like any other: it may be missing.
#[inline(never)]
fn date_and_time(text: &[u8], strict: bool) -> Option<i64> {
    let mut cursor = Cursor { rest: text };
    let mut fields = [0; 6];
    for (place, &(separators, digits)) in fields.iter_mut().zip(&FIELDS) {
        let is_year = separators.is_empty();
        let is_hour = separators.len() > 1;
        if !is_year && (strict || !is_hour) && cursor.pass(separators) == NOTHING {
            return None;
        }
        let (mut least, mut most, mut sign) = (digits, digits, NOTHING);
        if !strict {
            cursor.rest = trim_start(cursor.rest);
            least = 1;
            if is_year {
                sign = cursor.pass(b"+-");
            }
            if sign != NOTHING {
                most = usize::MAX;
            }
        }
        let number = cursor.number(least, most);
        *place = match sign {
            b'-' => number.wrapping_neg(),
            _ => number,
        };
    }
    let mut moment = millis(&fields)?;
    if strict {
        if cursor.pass(b".") != NOTHING {
            moment = moment.wrapping_add(cursor.fraction()?);
        }
        moment = moment.wrapping_sub(cursor.zone()?);
    }
    cursor.rest.is_empty().then_some(moment)
}

/// What may stand before a field, and how many digits it has.
static FIELDS: [(&[u8], usize); 6] = [
    (b"", 4),
    (b"-", 2),
    (b"-", 2),
    (b"Tt ", 2),
    (b":", 2),
    (b":", 2),
];

/// A field without digits, or with too few: no date and no time has it.
const MISSING: i64 = i64::MIN;

/// No byte that a date has.
const NOTHING: u8 = 0;

/// A place in a text.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    /// Passes over one of these bytes, if it is next; else [`NOTHING`].
    #[inline(never)]
    fn pass(&mut self, wanted: &[u8]) -> u8 {
        match self.rest.split_first() {
            Some((&byte, rest)) if wanted.contains(&byte) => {
                self.rest = rest;
                byte
            }
            _ => NOTHING,
        }
    }

    /// The digit that is next, or a number beyond nine.
    #[inline(never)]
    fn digit(&mut self) -> u8 {
        let Some((byte, rest)) = self.rest.split_first() else {
            return u8::MAX;
        };
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            self.rest = rest;
        }
        digit
    }

    /// The number that is next, of so many digits; [`MISSING`] if it has not as many.
    #[inline(never)]
    fn number(&mut self, least: usize, most: usize) -> i64 {
        let mut number: i64 = 0;
        let mut length = 0_usize;
        while length < most
            && let digit @ ..=9 = self.digit()
        {
            // Beyond any year.
            number = number.saturating_mul(10).saturating_add(i64::from(digit));
            length = length.wrapping_add(1);
        }
        match length < least {
            true => MISSING,
            false => number,
        }
    }

    /// The milliseconds in the digits after the point, of which there is at least one.
    fn fraction(&mut self) -> Option<i64> {
        let (mut sum, mut unit) = (0_u32, 1_000);
        while let digit @ ..=9 = self.digit() {
            unit = if unit == 1_000 { 100 } else { unit / 10 };
            sum = sum.wrapping_add(u32::from(digit).wrapping_mul(unit));
        }
        (unit < 1_000).then_some(i64::from(sum))
    }

    /// How far the zone is ahead of UTC: `Z`, or hours and minutes, less than a day.
    fn zone(&mut self) -> Option<i64> {
        // The typographic minus sign, U+2212, is one too.
        let ahead = match self.rest {
            [0xE2, 0x88, 0x92, rest @ ..] => {
                self.rest = rest;
                -1
            }
            _ => match self.pass(b"Zz+-") {
                b'+' => 1,
                b'-' => -1,
                NOTHING => return None,
                _ => return Some(0),
            },
        };
        let hours = self.number(2, 2);
        let colon = self.pass(b":");
        let minutes = self.number(2, 2);
        if colon == NOTHING || !(0..=23).contains(&hours) || !(0..=59).contains(&minutes) {
            return None;
        }
        let size = hours
            .wrapping_mul(MILLIS_PER_HOUR)
            .wrapping_add(minutes.wrapping_mul(MILLIS_PER_MINUTE));
        Some(size.wrapping_mul(ahead))
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use chrono::{DateTime, NaiveDateTime};
    use serde_json::Value;

    use super::*;
    use crate::number::float_to_integer;
    use crate::testing::{Choices, operator_cases};

    /// §2.4 without the user's length limit, by the calendar library that the core itself uses.
    fn parse_by_library(text: &str) -> Option<i64> {
        if let Ok(number) = text.parse() {
            return Some(number);
        }
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Some(moment.timestamp_millis());
        }
        let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
        Some(moment.and_utc().timestamp_millis())
    }

    fn assert_like_library(text: &str) -> bool {
        let expected = parse_by_library(text);
        assert_eq!(parse(text), expected, "{text:?}");
        let is_number = text.parse::<i64>().is_ok();
        let may_be_a_date = (8..=20).contains(&text.len()) && text.contains(['-', 'T', ':']);
        let of_user = expected.filter(|_| is_number || may_be_a_date);
        assert_eq!(parse_user(text), of_user, "of a user: {text:?}");
        expected.is_some()
    }

    #[test]
    fn operators_equal_the_cores() {
        let mut compared = 0;
        for case in operator_cases("time") {
            let user = match &case.user {
                Value::String(text) => parse_user(text),
                Value::Number(number) => number
                    .as_i64()
                    .or_else(|| float_to_integer(number.as_f64()?)),
                _ => None,
            };
            let target = match &case.target {
                Value::String(text) => parse(text),
                Value::Number(number) => number.as_f64().map(|value| value as i64),
                _ => None,
            };
            let holds = user.zip(target).is_some_and(|(user, target)| {
                let user = to_millis(user);
                match case.operator.as_str() {
                    "before" => user < target,
                    "after" => user > target,
                    "on" => same_day(user, target),
                    other => panic!("an operator of another group: {other}"),
                }
            });
            assert_eq!(
                holds, case.core,
                "{} {} {}",
                case.user, case.operator, case.target
            );
            compared += 1;
        }
        assert_eq!(compared, 106);
    }

    #[test]
    fn forms_equal_the_librarys() {
        let (mut taken, mut refused) = (0, 0);
        for text in [
            "2022-12-31T23:59:59Z",
            "2022-12-31t23:59:59z",
            "2022-12-31 23:59:59Z",
            "2022-12-31T23:59:59.000Z",
            "2022-12-31T23:59:59.9Z",
            "2022-12-31T23:59:59.1234567890123Z",
            "2022-12-31T23:59:60.5Z",
            "1969-12-31T23:59:59.5Z",
            "0000-01-01T00:00:00+23:59",
            "2022-12-31T23:59:59+00:00",
            "2022-12-31T23:59:59-23:59",
            "2022-12-31T23:59:59−01:30",
            "2022-1-1 1:1:1",
            "  2022- 1-\t1 1: 1:\u{2003}1",
            "2022-12-3123:59:59",
            "2022-12-31 23:59:60",
            "+2022-1-1 1:1:1",
            "-1-1-1 1:1:1",
            "+262142-12-31 23:59:59",
            "-262143-01-01 00:00:00",
            "+0000000002022-1-1 1:1:1",
            "1672531199",
            "-9223372036854775808",
        ] {
            let expected = parse_by_library(text);
            assert!(expected.is_some(), "the library refuses {text:?}");
            assert_like_library(text);
            taken += 1;
        }
        for text in [
            "",
            " ",
            "2022-12-31",
            "2022-12-31T23:59:59",
            "2022-12-31T23:59:59.Z",
            "2022-12-31T23:59:59ZZ",
            "2022-12-31T23:59Z",
            "2022-12-31T24:00:00Z",
            "2022-12-31T23:60:00Z",
            "2022-12-31T23:59:61Z",
            "2022-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2022-13-01T00:00:00Z",
            "2022-00-01T00:00:00Z",
            "2022-01-00T00:00:00Z",
            "2022-12-31T23:59:59+24:00",
            "2022-12-31T23:59:59+00:60",
            "2022-12-31T23:59:59+0000",
            "2022-12-31T23:59:59+00",
            "2022-12-31  23:59:59Z",
            "2022-12-31 23:59:59 ",
            "2022-12-31 23:59:59.5",
            "12022-1-1 1:1:1",
            "+262143-01-01 00:00:00",
            "-262144-12-31 23:59:59",
            "+99999999999999999999-1-1 1:1:1",
            "20221231T235959Z",
            "é022-12-31T23:59:59Z",
            "2022-12-31T23:59:59é",
        ] {
            assert_eq!(parse_by_library(text), None, "the library takes {text:?}");
            assert_like_library(text);
            refused += 1;
        }
        assert_eq!((taken, refused), (23, 29));
    }

    /// Good texts with a few pieces changed.
    #[test]
    fn mutated_texts_equal_the_librarys() {
        const PIECES: [&str; 26] = [
            "0", "1", "2", "3", "5", "6", "9", "12", "31", "60", "-", ":", "T", "t", "Z", "z", "+",
            ".", " ", "\t", "\u{2003}", "−", "é", "00", "23", "",
        ];
        const SEEDS: [&str; 6] = [
            "2022-12-31T23:59:59Z",
            "2024-02-29 00:00:60.25+05:45",
            "1969-12-31T23:59:59.999-23:59",
            "2022-1-1 1:1:1",
            "+12022-06-30 12:00:00",
            "2000-02-28 23:59:60",
        ];
        let mut choices = Choices::new(4);
        let mut taken = 0;
        for _ in 0..200_000 {
            let mut text = String::from(choices.pick(&SEEDS));
            for _ in 0..1 + choices.below(3) {
                let characters = text.char_indices().map(|(at, _)| at);
                let starts: std::vec::Vec<usize> = characters.chain([text.len()]).collect();
                let from = choices.below(starts.len());
                let to = starts.len().min(from + 1 + choices.below(2)) - 1;
                let piece = choices.pick(&PIECES);
                text.replace_range(starts[from]..starts[to.max(from)], piece);
            }
            taken += usize::from(assert_like_library(&text));
        }
        assert!(taken > 10_000, "only {taken} texts were dates");
    }

    #[test]
    fn small_numbers_are_seconds() {
        for (number, scaled) in [
            (9_999_999_999, 9_999_999_999_000),
            (-9_999_999_999, -9_999_999_999_000),
            (10_000_000_000, 10_000_000_000),
            (-10_000_000_000, -10_000_000_000),
            (0, 0),
            (i64::MIN, i64::MIN),
            (i64::MAX, i64::MAX),
        ] {
            assert_eq!(to_millis(number), scaled);
        }
        assert!(same_day(-86_399_999, 86_399_999));
        assert!(!same_day(86_399_999, 86_400_000));
    }
}
