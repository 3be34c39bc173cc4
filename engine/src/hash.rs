//! The small hashes: FNV-1a for the engine's own tables, djb2 for Statsig's names (evaluation.md §7.4), and the checksum.
//!
//! All read the bytes once and keep one word.

const FNV_OFFSET: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// FNV-1a, 32 bits, over bytes that may come in pieces.
#[derive(Clone, Copy)]
pub(crate) struct Fnv1a(u32);

impl Fnv1a {
    pub(crate) const fn new() -> Self {
        Self(FNV_OFFSET)
    }

    pub(crate) fn write_byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(FNV_PRIME);
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_byte(byte));
    }

    pub(crate) const fn finish(self) -> u32 {
        self.0
    }
}

/// FNV-1a, 32 bits.
pub(crate) fn fnv1a(bytes: &[u8]) -> u32 {
    let mut hash = Fnv1a::new();
    hash.write(bytes);
    hash.finish()
}

/// The bucket of a hash among 2^bits of an index: its bits mixed, the top ones taken.
#[inline]
pub(crate) fn bucket(hash: u32, bits: u32) -> u32 {
    hash.wrapping_mul(0x9E37_79B1)
        .checked_shr(u32::BITS.saturating_sub(bits))
        .unwrap_or(0)
}

/// The checksum of a table: `sum = (rotate_left(sum, 29) ^ word) × 0x9E3779B97F4A7C15` over the little-endian 64-bit words, the
/// last one filled with zeros, then the same with the length.
///
/// Each step can be undone, so a table in which one word is changed always has another sum. It finds accidents, not
/// forgeries: who can write tables can write sums.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    fn step(sum: u64, word: u64) -> u64 {
        (sum.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (place, &byte) in last.iter_mut().zip(rest) {
        *place = byte;
    }
    let sum = words
        .iter()
        .fold(0, |sum, word| step(sum, u64::from_le_bytes(*word)));
    let sum = step(step(sum, u64::from_le_bytes(last)), bytes.len() as u64);
    sum ^ sum >> 32
}

/// Statsig's djb2: `h = h × 31 + c` modulo 2³² over the code points, starting at 0.
///
/// Statsig prints it in decimal wherever a hashed name or SDK key is text.
pub fn djb2(text: &str) -> u32 {
    djb2_on(0, text)
}

/// [`djb2`] of a text whose beginning has been hashed.
pub(crate) fn djb2_on(hash: u32, text: &str) -> u32 {
    text.chars().fold(hash, |hash, character| {
        hash.wrapping_mul(31).wrapping_add(u32::from(character))
    })
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::{checksum, djb2, fnv1a};
    use crate::testing::{text_of, vectors};

    #[test]
    fn djb2_equals_the_cores() {
        let cases = vectors()["hash"].as_array().unwrap();
        assert_eq!(cases.len(), 23);
        for case in cases {
            let input = text_of(case, "input");
            assert_eq!(
                djb2(input).to_string(),
                text_of(case, "djb2"),
                "djb2 of {input:?}"
            );
        }
    }

    #[test]
    fn any_changed_byte_changes_the_checksum() {
        let bytes: std::vec::Vec<u8> = (0..=100).collect();
        for length in 0..bytes.len() {
            let sum = checksum(&bytes[..length]);
            assert_ne!(sum, checksum(&bytes[..length + 1]), "{length}");
            for at in 0..length {
                for bit in 0..8 {
                    let mut changed = bytes[..length].to_vec();
                    changed[at] ^= 1 << bit;
                    assert_ne!(checksum(&changed), sum, "bit {bit} of {at} in {length}");
                }
            }
        }
    }

    /// Test values published with the algorithm.
    #[test]
    fn fnv1a_equals_the_published_values() {
        for (text, hash) in [
            ("", 0x811c_9dc5),
            ("a", 0xe40c_292c),
            ("foobar", 0xbf9c_f968),
        ] {
            assert_eq!(fnv1a(text.as_bytes()), hash, "fnv1a of {text:?}");
        }
    }
}
