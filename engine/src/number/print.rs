//! From a double to the shortest decimal that reads back as it, and among the shortest the nearest: what `core`'s `{}` gives,
//! without its tables.
//!
//! Numbers of up to 15 digits are found by trying places, a dozen instructions each. The others are divided out as natural
//! numbers, digit by digit, which takes some thousand instructions.

use core::cmp::Ordering;

use super::natural::Natural;
use super::parse::EXACT_INTEGERS;

/// No double needs more digits to be told from its neighbours.
pub(super) const MOST_DIGITS: usize = 17;

/// Decimals of so many digits lie wider apart than doubles: at most one of them reads back as a given double.
const UNAMBIGUOUS: u64 = 1_000_000_000_000_000;

/// 0.d₁d₂… × 10 to the `point`. Zeros at the end are left out where there is a fraction or an exponent.
pub(super) struct Digits {
    /// In ASCII, at the end of the array.
    digits: [u8; MOST_DIGITS],
    count: usize,
    pub(super) point: i32,
}

impl Digits {
    fn new(number: u64, places: i32) -> Self {
        let mut digits = [0; MOST_DIGITS];
        let count = decimal_of(number, &mut digits).len();
        Digits {
            digits,
            count,
            point: (count as i32).wrapping_sub(places),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        let start = MOST_DIGITS.saturating_sub(self.count);
        self.digits.get(start..).unwrap_or_default()
    }
}

/// Writes a number to the end of the room, which is large enough, and gives its text.
pub(super) fn decimal_of(mut number: u64, room: &mut [u8]) -> &str {
    let mut count: usize = 0;
    for place in room.iter_mut().rev() {
        *place = b'0'.wrapping_add((number % 10) as u8);
        number /= 10;
        count = count.wrapping_add(1);
        if number == 0 {
            break;
        }
    }
    let start = room.len().saturating_sub(count);
    core::str::from_utf8(room.get(start..).unwrap_or_default()).unwrap_or_default()
}

/// The shortest decimal of a positive or zero, finite double. Of two that are equally near it is the upper one, or that whose
/// last digit is even.
pub(super) fn shortest(value: f64, even: bool) -> Digits {
    // Up to 2⁵³ no two integers share a double, and none needs a place.
    let whole = value as u64;
    if whole <= EXACT_INTEGERS && whole as f64 == value {
        return Digits::new(whole, 0);
    }
    // A product errs by less than half an integer while it is below 10¹⁵. What reads back, by a division that is exact in
    // the same way as reading is, is then the one such decimal, and none with fewer places did.
    let mut power = 1.0;
    for places in 1..=MAX_PLACES {
        power *= 10.0;
        let scaled = (value * power + 0.5) as u64;
        if scaled >= UNAMBIGUOUS {
            break;
        }
        if scaled as f64 / power == value {
            return Digits::new(scaled, places);
        }
    }
    shortest_exactly(value, even)
}

/// Places that are tried; a number with more goes the long way.
const MAX_PLACES: i32 = 15;

/// The value and half the distances to its neighbours are fractions over one denominator. Digits are divided out until what
/// is left is within one of the distances.
#[inline(never)]
fn shortest_exactly(value: f64, even: bool) -> Digits {
    const HIDDEN: u64 = 1 << 52;
    let bits = value.to_bits();
    let biased = (bits >> 52) as i32;
    let fraction = bits & HIDDEN.wrapping_sub(1);
    let mantissa = fraction | if biased > 0 { HIDDEN } else { 0 };
    let exponent = biased.max(1).wrapping_sub(1075);
    // Below a power of two, doubles lie half as far apart as above it.
    let is_power = fraction == 0 && biased > 1;
    // Neighbours are half-way for even doubles: reading rounds to even.
    let includes_limits = mantissa & 1 == 0;

    let mut rest = Natural::new(mantissa);
    let mut below = Natural::new(1);
    let mut whole = Natural::new(1);
    let up = exponent.max(0) as u32;
    let down = exponent.min(0).unsigned_abs();
    let halving = if is_power { 2 } else { 1 };
    rest.times_power(2, up.wrapping_add(halving));
    below.times_power(2, up);
    whole.times_power(2, down.wrapping_add(halving));

    // The decimal logarithm, rounded down, or one less.
    let binary = mantissa
        .checked_ilog2()
        .unwrap_or(0)
        .wrapping_add_signed(exponent) as i32;
    let mut point = binary.wrapping_mul(1233) >> 12;
    if point > 0 {
        whole.times_power(10, point as u32);
    } else {
        rest.times_power(10, point.unsigned_abs());
        below.times_power(10, point.unsigned_abs());
    }
    let reaches = |rest: &Natural, below: &Natural, whole: &Natural| {
        let order = compare_sum(rest, below, if is_power { 2 } else { 1 }, whole);
        order.is_gt() || order.is_eq() && includes_limits
    };
    while reaches(&rest, &below, &whole) {
        whole.times(10, 0);
        point = point.wrapping_add(1);
    }

    let mut number: u64 = 0;
    let mut count: i32 = 0;
    loop {
        rest.times(10, 0);
        below.times(10, 0);
        let mut digit: u64 = 0;
        while rest.compare(&whole).is_ge() {
            rest.subtract(&whole);
            digit = digit.wrapping_add(1);
        }
        number = number.wrapping_mul(10).wrapping_add(digit);
        count = count.wrapping_add(1);
        let low = rest.compare(&below);
        let may_stay = low.is_lt() || low.is_eq() && includes_limits;
        let may_rise = reaches(&rest, &below, &whole);
        if !may_stay && !may_rise {
            continue;
        }
        rest.times(2, 0);
        let middle = rest.compare(&whole);
        let rises_from_middle = !even || digit & 1 == 1;
        let nearer_up = middle.is_gt() || middle.is_eq() && rises_from_middle;
        if may_rise && (!may_stay || nearer_up) {
            number = number.wrapping_add(1);
        }
        // A nine that rises leaves zeros behind.
        while number != 0 && number.is_multiple_of(10) {
            number /= 10;
            count = count.wrapping_sub(1);
        }
        return Digits::new(number, count.wrapping_sub(point));
    }
}

/// How a number and so many times another one compare with a third.
#[inline(never)]
fn compare_sum(number: &Natural, other: &Natural, times: u32, limit: &Natural) -> Ordering {
    let mut sum = number.clone();
    for _ in 0..times {
        sum.add(other);
    }
    sum.compare(limit)
}
