//! The two small hashes: FNV-1a for the engine's own tables, djb2 for Statsig's names (evaluation.md §7.4).
//!
//! Both read the text once and keep one 32-bit word.

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

    use super::{djb2, fnv1a};
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
