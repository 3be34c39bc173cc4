//! Versions: the comparison behind `version_gt` … `version_neq` (evaluation.md §4.4).
//!
//! The target is parsed once, when the table is made, into its parts. Each part is one length byte `L` and the `L` lowest bytes,
//! little-endian, of the part's two's complement, no more than it needs (none for 0); a part that is no integer is the one
//! byte `0xFF`. Comparing reads both sides once, to the first difference.

use core::cmp::Ordering;

use crate::number::split_sign;
use crate::white_space::trim_start;

/// The length byte of a part that is no integer.
#[cfg(any(feature = "compile", test))]
const NOT_AN_INTEGER: u8 = 0xFF;

/// Writes the target's parts, piece by piece. There is at least one.
#[cfg(any(feature = "compile", test))]
pub(crate) fn encode(text: &str, sink: &mut dyn FnMut(&[u8])) {
    for part in parts(text.as_bytes()) {
        let Some(value) = parse_part(part) else {
            sink(&[NOT_AN_INTEGER]);
            continue;
        };
        let bytes = value.to_le_bytes();
        let needed = bytes.get(..needed_bytes(value)).unwrap_or_default();
        sink(&[needed.len() as u8]);
        sink(needed);
    }
}

/// How the user's version compares with the encoded target; none when a part that is no integer comes before the first
/// difference (or the bytes are no encoding), and every operator is false then.
pub(crate) fn compare(user: &str, mut target: &[u8]) -> Option<Ordering> {
    // Every text has a part: without one the bytes come from elsewhere.
    if target.is_empty() {
        return None;
    }
    let mut user_parts = parts(user.as_bytes());
    loop {
        let user_part = user_parts.next();
        if user_part.is_none() && target.is_empty() {
            return Some(Ordering::Equal);
        }
        let user_value = match user_part {
            Some(part) => parse_part(part)?,
            None => 0,
        };
        let target_value = match target.split_first() {
            Some((&length, rest)) => {
                let (bytes, rest) = rest.split_at_checked(usize::from(length))?;
                target = rest;
                decode_part(bytes)?
            }
            None => 0,
        };
        match user_value.cmp(&target_value) {
            Ordering::Equal => {}
            difference => return Some(difference),
        }
    }
}

/// The parts of what stands before the first `-`.
fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let release = text.split(|&byte| byte == b'-').next();
    release.unwrap_or_default().split(|&byte| byte == b'.')
}

/// `[+-]?digits` between white space, as `i128` is parsed. Multiplying is adding here: 128 bits are four products in Wasm.
#[inline(never)]
fn parse_part(part: &[u8]) -> Option<i128> {
    let (negative, mut rest) = split_sign(trim_start(part));
    let mut magnitude: u128 = 0;
    let digits = rest;
    while let Some((digit, later)) = rest.split_first()
        && digit.is_ascii_digit()
    {
        // Ten times this is beyond 2¹²⁷, and ten times less is within 2¹²⁸.
        if magnitude >> 124 != 0 {
            return None;
        }
        magnitude = (magnitude << 3)
            .wrapping_add(magnitude << 1)
            .wrapping_add(u128::from(digit & 0xF));
        rest = later;
    }
    if rest.len() == digits.len() || !trim_start(rest).is_empty() {
        return None;
    }
    let value = match negative {
        true => magnitude.wrapping_neg(),
        false => magnitude,
    }
    .cast_signed();
    (value == 0 || value.is_negative() == negative).then_some(value)
}

/// Bytes of the shortest two's complement, 0 for 0.
#[cfg(any(feature = "compile", test))]
fn needed_bytes(value: i128) -> usize {
    if value == 0 {
        return 0;
    }
    let magnitude = if value < 0 { !value } else { value };
    // One bit more for the sign, then whole bytes.
    let bits = i128::BITS.saturating_sub(magnitude.leading_zeros());
    (bits / 8).saturating_add(1) as usize
}

fn decode_part(bytes: &[u8]) -> Option<i128> {
    let is_negative = bytes.last().is_some_and(|byte| byte.leading_ones() > 0);
    let mut full = [if is_negative { 0xFF } else { 0 }; 16];
    full.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i128::from_le_bytes(full))
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use serde_json::Value;

    use super::*;
    use crate::number::{NumberText, number_text};
    use crate::testing::{Choices, operator_cases};

    fn encoded(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(text, &mut |piece| bytes.extend_from_slice(piece));
        bytes
    }

    fn compare_texts(user: &str, target: &str) -> Option<Ordering> {
        compare(user, &encoded(target))
    }

    #[test]
    fn operators_equal_the_cores() {
        let mut compared = 0;
        for case in operator_cases("version") {
            let user = match &case.user {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(String::from(number_text(
                    number.as_f64().unwrap(),
                    &mut NumberText::new(),
                ))),
                Value::Bool(value) => Some(String::from(if *value { "true" } else { "false" })),
                _ => None,
            };
            let ordering = user
                .as_deref()
                .zip(case.target.as_str())
                .and_then(|(user, target)| compare_texts(user, target));
            let holds = ordering.is_some_and(|ordering| match case.operator.as_str() {
                "version_gt" => ordering.is_gt(),
                "version_gte" => ordering.is_ge(),
                "version_lt" => ordering.is_lt(),
                "version_lte" => ordering.is_le(),
                "version_eq" => ordering.is_eq(),
                "version_neq" => ordering.is_ne(),
                other => panic!("an operator of another group: {other}"),
            });
            assert_eq!(
                holds, case.core,
                "{user:?} {} {}",
                case.operator, case.target
            );
            compared += 1;
        }
        assert_eq!(compared, 174);
    }

    #[test]
    fn a_bad_part_counts_only_when_reached() {
        for (user, target, expected) in [
            ("1.3.x", "1.2.3", Some(Ordering::Greater)),
            ("1.2.3", "1.3.x", Some(Ordering::Less)),
            ("1.2.x", "1.2.3", None),
            ("1.2.3", "1.2.x", None),
            ("1.2", "1.2.x", None),
            ("1.2.x", "1.2", None),
            ("x", "x", None),
            ("", "", None),
            ("1.2.0.0", "1.2", Some(Ordering::Equal)),
            ("1.2", "1.2.0.1", Some(Ordering::Less)),
            ("1-2-3", "1", Some(Ordering::Equal)),
            (
                "170141183460469231731687303715884105727",
                "170141183460469231731687303715884105726",
                Some(Ordering::Greater),
            ),
        ] {
            assert_eq!(
                compare_texts(user, target),
                expected,
                "{user} against {target}"
            );
        }
    }

    #[test]
    fn parts_are_as_short_as_they_can_be() {
        for (text, bytes) in [
            ("0", &[0][..]),
            ("1.127", &[1, 1, 1, 127]),
            ("128", &[2, 128, 0]),
            ("32767", &[2, 255, 127]),
            ("32768", &[3, 0, 128, 0]),
            ("1.x.2-3", &[1, 1, 0xFF, 1, 2]),
            ("", &[0xFF]),
        ] {
            assert_eq!(encoded(text), bytes, "{text}");
        }
        assert_eq!(encoded("170141183460469231731687303715884105727").len(), 17);
    }

    #[test]
    fn every_length_reads_back() {
        for shift in 0..128 {
            for value in [
                1_i128 << shift,
                (1_i128 << shift).wrapping_sub(1),
                (1_i128 << shift).wrapping_neg(),
                !(1_i128 << shift),
            ] {
                let length = needed_bytes(value);
                let bytes = value.to_le_bytes();
                assert_eq!(decode_part(&bytes[..length]), Some(value), "{value}");
                if let Some(shorter) = length.checked_sub(1) {
                    assert_ne!(
                        decode_part(&bytes[..shorter]),
                        Some(value),
                        "{value} needs less"
                    );
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_tolerated() {
        assert_eq!(compare("0", &[]), None);
        assert_eq!(compare("1", &[2, 1]), None, "cut off");
        assert_eq!(compare("1", &[17; 40]), None, "longer than any part");
        let mut choices = Choices::new(3);
        for _ in 0..20_000 {
            let length = choices.below(24);
            let bytes: Vec<u8> = (0..length)
                .map(|_| (choices.word() >> 20) as u8 % 20)
                .collect();
            let _ = compare("0.0.1.2", &bytes);
        }
    }
}
