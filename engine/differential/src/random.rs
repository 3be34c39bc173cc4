//! A small deterministic generator of random numbers (xorshift-multiply), so that a seed means the same cases for ever. A
//! fuzzer decides the first of them itself.

use std::collections::VecDeque;

/// A stream of numbers that its seed determines.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    given: VecDeque<u8>,
}

impl Random {
    /// The stream of a seed; `stream` tells apart the streams of one seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Random {
            state: seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            given: VecDeque::new(),
        };
        random.draw();
        random.draw();
        random
    }

    /// These numbers, one of each byte, and then those of seed 0.
    pub fn given(bytes: &[u8]) -> Self {
        Random {
            given: bytes.iter().copied().collect(),
            ..Random::new(0, 0)
        }
    }

    /// The next number (SplitMix64).
    pub fn draw(&mut self) -> u64 {
        if let Some(byte) = self.given.pop_front() {
            return byte.into();
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound.max(1) as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
