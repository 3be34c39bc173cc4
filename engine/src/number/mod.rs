//! Numbers and their texts (evaluation.md §2.2 and §2.3).
//!
//! A user's number becomes text through [`number_text`], a number inside a target list through [`json_number_text`]; the two
//! differ on purpose. Texts become numbers through [`parse_float`] and [`parse_integer`]. Each call reads or writes its text
//! once; nothing is allocated. All give what `core`'s own parsing and printing give, in an eighth of its code.

mod natural;
mod parse;
mod print;

use core::fmt;

use crate::json::Sink;
pub(crate) use parse::split_sign;
use print::{Digits, decimal_of, shortest};

/// Bytes of the longest plain decimal of a double.
///
/// Neighbouring doubles are at least 2⁻¹⁰⁷⁴ ≈ 4.9e-324 apart, so between the halfway points around any double lies a
/// multiple of 1e-324, and the shortest decimal never needs a 325th place. Below 1 that makes `-0.` and 324 places; above 1
/// the whole part has at most 309 digits, and a fraction occurs only beside 16 digits or fewer.
const NUMBER_TEXT_BYTES: usize = 3 + 324;

/// The text of any double in plain decimal.
pub(crate) type NumberText = heapless::String<NUMBER_TEXT_BYTES>;

/// A user's number as text: the shortest decimal that reads back as the same double, without exponent and trailing `.0`;
/// minus zero is `-0`.
pub(crate) fn number_text(value: f64, buffer: &mut NumberText) -> &str {
    buffer.clear();
    // Every double fits; see the constant.
    let _ = write(value, Form::Plain, buffer);
    buffer
}

/// How a double is spelt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As `core`'s `{}`: never an exponent, nor a point behind a whole number.
    Plain,
    /// As `core`'s `{:?}`: with `.0` if it is whole, with an exponent below 1e-4 and from 1e16 up.
    Pointed,
    /// As JSON libraries: the same, but an exponent only below 1e-5 and with a plus, and of two shortest decimals that are equally
    /// near the even one.
    Json,
}

fn write(value: f64, form: Form, out: &mut dyn Sink) -> fmt::Result {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_sign_negative() {
        out.push_str("-")?;
    }
    let magnitude = value.abs();
    if magnitude == f64::INFINITY {
        return out.push_str("inf");
    }
    let decimal = shortest(magnitude, form == Form::Json);
    let small = if form == Form::Json { 1e-5 } else { 1e-4 };
    let is_small = magnitude < small && magnitude != 0.0;
    if form == Form::Plain || !is_small && magnitude < 1e16 {
        write_digits(&decimal, decimal.point, out)?;
        if form != Form::Plain && float_to_integer(magnitude).is_some() {
            out.push_str(".0")?;
        }
        return Ok(());
    }
    write_digits(&decimal, 1, out)?;
    let exponent = decimal.point.saturating_sub(1);
    out.push_str(match form {
        _ if exponent < 0 => "e-",
        Form::Json => "e+",
        _ => "e",
    })?;
    out.push_str(decimal_of(u64::from(exponent.unsigned_abs()), &mut [0; 3]))
}

/// Writes the digits with the point behind so many of them, and the zeros that this takes.
#[inline(never)]
fn write_digits(decimal: &Digits, point: i32, out: &mut dyn Sink) -> fmt::Result {
    if point <= 0 {
        out.push_str("0.")?;
        write_zeros(point.wrapping_neg(), out)?;
    }
    let mut before = point;
    for &digit in decimal.as_bytes() {
        if before == 0 && point > 0 {
            out.push_str(".")?;
        }
        out.push_char(char::from(digit))?;
        before = before.wrapping_sub(1);
    }
    write_zeros(before, out)
}

#[inline(never)]
fn write_zeros(count: i32, out: &mut dyn Sink) -> fmt::Result {
    (0..count).try_for_each(|_| out.push_str("0"))
}

/// The number that the whole text spells: an optional sign, then `inf`, `infinity`, `nan` in any case, or digits with optional
/// fraction and exponent.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    parse::parse_float(text)
}

/// The integer that the whole text spells, `[+-]?digits`, if 64 bits hold it.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text.as_bytes());
    let magnitude = parse_digits(digits)?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// The number that the digits spell, of which there is at least one, if 64 bits hold it.
fn parse_digits(digits: &[u8]) -> Option<u64> {
    digits.first()?;
    digits
        .iter()
        .try_fold(0, |number, &byte| append(number, byte))
}

/// The number with one more digit behind it.
fn append(number: u64, byte: u8) -> Option<u64> {
    let digit = byte.wrapping_sub(b'0');
    if digit > 9 || number > u64::MAX / 10 {
        return None;
    }
    number.wrapping_mul(10).checked_add(u64::from(digit))
}

/// The integer that the JSON number `token`, without a sign, is: with or without zeros behind the point, or an exponent.
pub(crate) fn whole_magnitude(token: &str) -> Option<u64> {
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let exponent = parse_integer(exponent).unwrap_or_else(|| {
        // More digits than an exponent can need.
        if exponent.starts_with('-') {
            i64::MIN
        } else {
            i64::MAX
        }
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // How many of the digits stand before the point.
    let mut before = exponent.saturating_add(whole.len() as i64);
    let mut magnitude = 0_u64;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if before > 0 {
            magnitude = append(magnitude, byte)?;
            before = before.saturating_sub(1);
        } else if byte != b'0' {
            return None;
        }
    }
    // The zeros that the exponent adds; the twentieth is one too many.
    while before > 0 && magnitude != 0 {
        magnitude = append(magnitude, b'0')?;
        before = before.saturating_sub(1);
    }
    Some(magnitude)
}

/// A double as an integer: cut off at the point and held within 64 bits, and only if it is still the same double then.
///
/// 2⁶³ therefore gives `i64::MAX`, which reads back as 2⁶³.
pub(crate) fn float_to_integer(value: f64) -> Option<i64> {
    let integer = value as i64;
    (integer as f64 == value).then_some(integer)
}

/// Writes the JSON text that an element of a target list has when it is the number `token`, a valid JSON number.
///
/// Integers within `i64` or `u64` stay as written. Everything else is a double: with `.0` if it is whole, with an exponent
/// below 1e-5 and from 1e16 up. A token past the doubles (`1e999`) has no text and is an error.
pub(crate) fn json_number_text(token: &str, out: &mut dyn Sink) -> fmt::Result {
    let is_integer = if token.starts_with('-') {
        // There is no minus zero among the integers.
        parse_integer(token).is_some_and(|integer| integer != 0)
    } else {
        parse_digits(token.as_bytes()).is_some()
    };
    if is_integer {
        return out.push_str(token);
    }
    match parse_float(token) {
        Some(value) if value.is_finite() => write(value, Form::Json, out),
        _ => Err(fmt::Error),
    }
}

/// Writes a double as a JSON number in the way of `core`'s `{:?}`. It must be finite.
pub(crate) fn write_float(value: f64, out: &mut dyn Sink) -> fmt::Result {
    write(value, Form::Pointed, out)
}

/// Writes an integer.
pub(crate) fn write_integer(value: i64, out: &mut dyn Sink) -> fmt::Result {
    if value < 0 {
        out.push_str("-")?;
    }
    out.push_str(decimal_of(value.unsigned_abs(), &mut [0; 20]))
}

#[cfg(test)]
mod tests;
