//! Natural numbers of up to 2,688 bits, for the decimals that the short ways of [`parse`](super::parse) and
//! [`print`](super::print) do not settle. On the stack, and only as long as the number is.

use core::cmp::Ordering;

/// Limbs of 32 bits: 769 digits, which is what tells a decimal from the middle between two doubles, take 80 of them, and
/// nothing grows beyond that by more than a few bits.
const LIMBS: usize = 84;

/// A natural number, the lowest limb first.
#[derive(Clone)]
pub(super) struct Natural {
    limbs: [u32; LIMBS],
    /// Limbs up to the highest that is not zero.
    used: usize,
}

impl Natural {
    pub(super) fn new(value: u64) -> Self {
        let mut limbs = [0; LIMBS];
        let (low, high) = (value as u32, (value >> 32) as u32);
        if let Some(place) = limbs.first_chunk_mut() {
            *place = [low, high];
        }
        let used = usize::from(low > 0 || high > 0).wrapping_add(usize::from(high > 0));
        Natural { limbs, used }
    }

    fn limbs(&self) -> &[u32] {
        self.limbs.get(..self.used).unwrap_or_default()
    }

    fn push(&mut self, limb: u32) {
        if limb == 0 {
            return;
        }
        if let Some(place) = self.limbs.get_mut(self.used) {
            *place = limb;
            self.used = self.used.saturating_add(1);
        }
    }

    /// Times a factor, plus what is given.
    pub(super) fn times(&mut self, factor: u32, plus: u32) {
        let mut carry = u64::from(plus);
        for limb in self.limbs.iter_mut().take(self.used) {
            // 2³² − 1 squared leaves room for two more of its kind.
            let product = u64::from(*limb)
                .wrapping_mul(u64::from(factor))
                .wrapping_add(carry);
            *limb = product as u32;
            carry = product >> 32;
        }
        self.push(carry as u32);
    }

    /// Times a power, in as few steps as limbs allow.
    pub(super) fn times_power(&mut self, base: u32, mut exponent: u32) {
        while exponent > 0 {
            let mut factor: u32 = 1;
            while exponent > 0
                && let Some(next) = factor.checked_mul(base)
            {
                factor = next;
                exponent = exponent.wrapping_sub(1);
            }
            self.times(factor, 0);
        }
    }

    pub(super) fn add(&mut self, other: &Natural) {
        let mut carry: u64 = 0;
        let used = self.used.max(other.used);
        for (limb, more) in self.limbs.iter_mut().zip(&other.limbs).take(used) {
            let sum = u64::from(*limb)
                .wrapping_add(u64::from(*more))
                .wrapping_add(carry);
            *limb = sum as u32;
            carry = sum >> 32;
        }
        self.used = used;
        self.push(carry as u32);
    }

    /// Takes away what is not larger.
    pub(super) fn subtract(&mut self, other: &Natural) {
        let mut borrow = false;
        let mut used: usize = 0;
        for (at, (limb, less)) in self
            .limbs
            .iter_mut()
            .zip(&other.limbs)
            .take(self.used)
            .enumerate()
        {
            let difference = u64::from(*limb)
                .wrapping_sub(u64::from(*less))
                .wrapping_sub(u64::from(borrow));
            *limb = difference as u32;
            borrow = difference >> 63 == 1;
            if *limb != 0 {
                used = at.saturating_add(1);
            }
        }
        self.used = used;
    }

    pub(super) fn compare(&self, other: &Natural) -> Ordering {
        let lengths = self.used.cmp(&other.used);
        lengths.then_with(|| self.limbs().iter().rev().cmp(other.limbs().iter().rev()))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.used == 0
    }

    /// Its length in bits.
    pub(super) fn bits(&self) -> u32 {
        let top = self.limbs().last().copied().unwrap_or(0);
        (self.used as u32)
            .wrapping_mul(32)
            .wrapping_sub(top.leading_zeros())
            // Nothing has no bits.
            .wrapping_add(if self.is_zero() { 32 } else { 0 })
    }
}
