//! Integers as decimal text, without `core::fmt`.

/// The longest text of a `u64`.
const LONGEST: usize = 20;

/// The decimal text of a number, all ASCII, kept on the stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal {
    digits: [u8; LONGEST],
    start: usize,
}

impl Decimal {
    /// Writes out a number.
    pub(crate) fn new(mut number: u64) -> Self {
        let (mut digits, mut start) = ([b'0'; LONGEST], LONGEST);
        for (at, slot) in digits.iter_mut().enumerate().rev() {
            start = at;
            // A remainder of ten fits.
            *slot |= (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        Self { digits, start }
    }

    /// The text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn agrees_with_the_standard_library() {
        let around_powers = (0..20)
            .map(|n| 10_u64.pow(n))
            .flat_map(|n| [n - 1, n, n + 1]);
        for number in around_powers.chain([u64::MAX, u64::MAX - 1, 1_790_000_000_123]) {
            assert_eq!(
                Decimal::new(number).as_bytes(),
                number.to_string().as_bytes()
            );
        }
    }
}
