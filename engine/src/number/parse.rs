//! From decimal text to the nearest double, the even one of two equally near: what `core`'s `parse` gives, without its
//! tables.
//!
//! Up to 2⁵³ and 22 places a single division or multiplication is exact enough; that is every number people write. The
//! others go through a long division of natural numbers, some thousand instructions.

use super::natural::Natural;
use crate::table::wire::same_lowered;

/// Powers of ten up to here are doubles.
const EXACT_POWERS: u32 = 22;

/// The largest number up to which all integers are doubles.
pub(super) const EXACT_INTEGERS: u64 = 1 << 53;

/// Digits beyond these only say whether there is something more: the middle between two doubles has at most 767.
const DIGITS: usize = 768;

/// So many digits are always counted exactly.
const EXACT_DIGITS: usize = 18;

/// A number of more digits than this has is not counted on.
const NEARLY_EXACT: u64 = 100_000_000_000_000_000;

/// See [`parse_float`](super::parse_float).
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let (negative, unsigned) = split_sign(text.as_bytes());
    let magnitude = match unsigned.first()? {
        b'0'..=b'9' | b'.' => Decimal::read(unsigned)?.to_float(),
        _ => special(unsigned)?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Whether a minus was there, and what follows it or a plus.
pub(crate) fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn special(text: &[u8]) -> Option<f64> {
    static WORDS: [&[u8]; 3] = [b"nan", b"inf", b"infinity"];
    let word = WORDS.iter().position(|word| same_lowered(text, word))?;
    Some(if word == 0 { f64::NAN } else { f64::INFINITY })
}

/// 10ⁿ, exact up to [`EXACT_POWERS`].
fn power_of_ten(exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * 10.0)
}

/// A decimal without sign, as it is written.
struct Decimal<'a> {
    /// The digits before the point.
    whole: &'a [u8],
    /// The digits behind it.
    fraction: &'a [u8],
    /// All of them as a number, unless they are more than [`EXACT_DIGITS`].
    digits: u64,
    /// What follows the `e`.
    exponent: i64,
}

/// The digits that the text begins with, appended to `number` while that counts, and what follows them.
#[inline(never)]
fn leading_digits<'a>(text: &'a [u8], number: &mut u64) -> (&'a [u8], &'a [u8]) {
    let mut length: usize = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        if *number < NEARLY_EXACT {
            *number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
        length = length.wrapping_add(1);
    }
    text.split_at_checked(length).unwrap_or_default()
}

impl<'a> Decimal<'a> {
    fn read(text: &'a [u8]) -> Option<Self> {
        let mut digits = 0;
        let (whole, mut rest) = leading_digits(text, &mut digits);
        let mut fraction = &[][..];
        if let [b'.', behind @ ..] = rest {
            (fraction, rest) = leading_digits(behind, &mut digits);
        }
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => exponent(rest)?,
            _ => return None,
        };
        Some(Decimal {
            whole,
            fraction,
            digits,
            exponent,
        })
    }

    fn to_float(&self) -> f64 {
        let length = self.whole.len().saturating_add(self.fraction.len());
        if length <= EXACT_DIGITS && self.digits <= EXACT_INTEGERS {
            let places = self.exponent.wrapping_sub(self.fraction.len() as i64);
            let magnitude = places.unsigned_abs();
            if magnitude <= u64::from(EXACT_POWERS) {
                let (digits, power) = (self.digits as f64, power_of_ten(magnitude as u32));
                return if places < 0 {
                    digits / power
                } else {
                    digits * power
                };
            }
        }
        self.to_float_exactly()
    }

    #[inline(never)]
    fn to_float_exactly(&self) -> f64 {
        let mut point = self.exponent.wrapping_add(self.whole.len() as i64);
        let mut number = Natural::new(0);
        let mut count: usize = 0;
        for byte in self.whole.iter().chain(self.fraction) {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            if count == 0 && digit == 0 {
                point = point.wrapping_sub(1);
            } else if count < DIGITS {
                number.times(10, digit);
                count = count.wrapping_add(1);
            } else if digit != 0 {
                number.times(10, 1);
                count = count.wrapping_add(1);
                break;
            }
        }
        // The number is 0.d₁d₂… × 10 to the `point`, d₁ not being 0.
        match point {
            _ if count == 0 => 0.0,
            ..=-324 => 0.0,
            310.. => f64::INFINITY,
            _ => nearest(number, (point as i32).wrapping_sub(count as i32)),
        }
    }
}

/// `[+-]?digits`. More than anything needs is as good as the number itself.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    let mut magnitude = 0;
    let (known, rest) = leading_digits(digits, &mut magnitude);
    if known.is_empty() || !rest.is_empty() {
        return None;
    }
    let magnitude = magnitude.cast_signed();
    Some(if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    })
}

/// The double nearest to a number, which is not 0, times a power of ten.
fn nearest(mut number: Natural, power_of_ten: i32) -> f64 {
    let mut divisor = Natural::new(1);
    let fives = power_of_ten.unsigned_abs();
    if power_of_ten < 0 {
        divisor.times_power(5, fives);
    } else {
        number.times_power(5, fives);
    }
    // Brought to one length in bits, the quotient is between a half and two.
    let (bits, divisor_bits) = (number.bits(), divisor.bits());
    if bits < divisor_bits {
        number.times_power(2, divisor_bits.wrapping_sub(bits));
    } else {
        divisor.times_power(2, bits.wrapping_sub(divisor_bits));
    }
    let mut exponent = power_of_ten
        .wrapping_add(bits as i32)
        .wrapping_sub(divisor_bits as i32);
    if number.compare(&divisor).is_lt() {
        number.times(2, 0);
        exponent = exponent.wrapping_sub(1);
    }
    if exponent > 1023 {
        return f64::INFINITY;
    }
    // One bit of the double after the other; below the normal ones there are fewer.
    let missing = (-1022_i32).saturating_sub(exponent).max(0);
    let mut fraction: u64 = 0;
    for _ in missing..53 {
        fraction <<= 1;
        if number.compare(&divisor).is_ge() {
            number.subtract(&divisor);
            fraction |= 1;
        }
        number.times(2, 0);
    }
    // What is left has been doubled, so that the divisor is a half of the last bit.
    let rounding = number.compare(&divisor);
    let up = missing <= 53 && (rounding.is_gt() || rounding.is_eq() && fraction & 1 == 1);
    // The leading bit of a normal double counts as one more in its exponent; so does what rounding carries.
    let biased = exponent.wrapping_add(1022).max(0) as u64;
    let bits = (biased << 52)
        .wrapping_add(fraction)
        .wrapping_add(u64::from(up));
    f64::from_bits(bits)
}
