//! The small hashes: one of texts for the engine's own tables, djb2 for Statsig's names (evaluation.md §7.4), and the checksum.
//!
//! All read the bytes once and keep one word.

use crate::characters::encoded;
use crate::lowercase::lowercase;
use crate::table::wire::short_word;

/// A byte in each of a word's eight places.
const EACH: u64 = 0x0101_0101_0101_0101;
pub(crate) const TOPS: u64 = EACH << 7;

/// What the checksum and the hash of texts do with each word. It can be undone: two words never become the same.
#[inline(always)]
fn step(sum: u64, word: u64) -> u64 {
    (sum.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The hash of a text by which indexes and sets find it (`engine/FORMAT.md`): a step for each full word, one for the last
/// eight bytes once more (of a shorter text all, filled with zeros), one for the length; the upper half of the sum.
#[inline(always)]
pub(crate) fn text_hash(text: &[u8]) -> u32 {
    hash_words(text, |word| word)
}

#[inline(always)]
fn hash_words(text: &[u8], mut map: impl FnMut(u64) -> u64) -> u32 {
    crate::work::tick(text.len());
    let mut sum = 0;
    let mut rest = text;
    while let Some((word, later)) = rest.split_first_chunk::<8>() {
        sum = step(sum, map(u64::from_le_bytes(*word)));
        rest = later;
    }
    let last = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => short_word(text),
    };
    finish(step(sum, map(last)), text.len())
}

#[inline(always)]
fn finish(sum: u64, length: usize) -> u32 {
    (step(sum, length as u64) >> 32) as u32
}

/// [`text_hash`] of a text or of its lower case, and whether the text is ASCII.
#[inline(always)]
pub(crate) fn cased_hash(text: &str, lowered: bool) -> (u32, bool) {
    let both = hash_and_ascii(text, lowered);
    (both as u32, both >> 32 == 0)
}

/// Above the hash 1 for a text that is not ASCII: one word, which needs no memory to be returned.
#[inline(never)]
fn hash_and_ascii(text: &str, lowered: bool) -> u64 {
    let mut seen = 0;
    let mut hash = hash_words(text.as_bytes(), |word| {
        seen |= word & TOPS;
        match lowered {
            true => lower_ascii(word),
            false => word,
        }
    });
    if lowered && seen != 0 {
        hash = lowered_hash_of_any(text);
    }
    u64::from(seen != 0) << 32 | u64::from(hash)
}

/// The lower case of eight ASCII characters. In each byte the first sum reaches the top bit from `A` on, the second
/// after `Z`.
#[inline(always)]
pub(crate) fn lower_ascii(word: u64) -> u64 {
    const FROM_A: u64 = EACH * (0x80 - b'A' as u64);
    const AFTER_Z: u64 = EACH * (0x7F - b'Z' as u64);
    let from_a = word.wrapping_add(FROM_A);
    let after_z = word.wrapping_add(AFTER_Z);
    word | (from_a & !after_z & TOPS) >> 2
}

#[inline(never)]
fn lowered_hash_of_any(text: &str) -> u32 {
    let mut sum = 0;
    // The last eight bytes, the latest on top.
    let mut last: u64 = 0;
    let mut length: usize = 0;
    for character in lowercase(text) {
        for &byte in encoded(character, &mut [0; 4]).as_bytes() {
            last = last >> 8 | u64::from(byte) << 56;
            length = length.wrapping_add(1);
            if length.is_multiple_of(8) {
                sum = step(sum, last);
            }
        }
    }
    if length < 8 {
        let missing = 8usize.saturating_sub(length) as u32;
        last = last.checked_shr(missing.saturating_mul(8)).unwrap_or(0);
    }
    finish(step(sum, last), length)
}

/// The bucket of a hash among 2^bits of an index: its top bits.
#[inline(always)]
pub(crate) fn bucket(hash: u32, bits: u32) -> u32 {
    (u64::from(hash).wrapping_shl(bits) >> 32) as u32
}

/// The checksum of a table: `sum = (rotate_left(sum, 29) ^ word) × 0x9E3779B97F4A7C15` over the little-endian 64-bit words, the
/// last one filled with zeros, then the same with the length.
///
/// Each step can be undone, so a table in which one word is changed always has another sum. It finds accidents, not
/// forgeries: who can write tables can write sums.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    crate::work::tick(bytes.len());
    let add = |sum, word: &[u8; 8]| step(sum, u64::from_le_bytes(*word));
    let (words, rest) = bytes.as_chunks::<8>();
    // Four at a time: going on to the next one takes half as long as the word itself.
    let (fours, words) = words.as_chunks::<4>();
    let sum = fours.iter().fold(0, |sum, [first, second, third, fourth]| {
        add(add(add(add(sum, first), second), third), fourth)
    });
    let sum = words.iter().fold(sum, add);
    let sum = step(step(sum, short_word(rest)), bytes.len() as u64);
    sum ^ sum >> 32
}

/// Statsig's djb2: `h = h × 31 + c` modulo 2³² over the code points, starting at 0.
///
/// Statsig prints it in decimal wherever a hashed name or SDK key is text.
///
/// ```
/// use statsig_edge::djb2;
///
/// assert_eq!(djb2(""), 0);
/// assert_eq!(djb2("test_public"), 3_968_762_550);
/// ```
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

    use super::{cased_hash, checksum, djb2, text_hash};
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

    /// The definition, by another way: from the bytes of the lower case that `std` makes.
    #[test]
    fn a_text_hashes_as_its_lower_case() {
        let by_definition = |text: &str| {
            let lowered = text.to_lowercase();
            let bytes = lowered.as_bytes();
            let mut words: std::vec::Vec<std::vec::Vec<u8>> =
                bytes.chunks_exact(8).map(<[u8]>::to_vec).collect();
            words.push(bytes[bytes.len().saturating_sub(8)..].to_vec());
            words.push((bytes.len() as u64).to_le_bytes().to_vec());
            let sum = words.into_iter().fold(0u64, |sum, mut word| {
                word.resize(8, 0);
                let word = u64::from_le_bytes(word.try_into().unwrap());
                (sum.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            });
            ((sum >> 32) as u32, text_hash(bytes))
        };
        let ascii: std::string::String = ('\0'..='\x7f').collect();
        let mixed = "ÄÖÜ straße ΣΑΣ İstanbul Ⅷ ǅ 𐐀 ascii AGAIN".repeat(2);
        for text in [ascii.as_str(), &mixed] {
            for (start, _) in text.char_indices() {
                for end in (start..=text.len())
                    .filter(|&end| text.is_char_boundary(end))
                    .take(40)
                {
                    let part = &text[start..end];
                    let (expected, unlowered) = by_definition(part);
                    assert_eq!(
                        cased_hash(part, true),
                        (expected, part.is_ascii()),
                        "{part:?}"
                    );
                    assert_eq!(cased_hash(part, false).0, text_hash(part.as_bytes()));
                    assert_eq!(unlowered, expected, "{part:?}");
                }
            }
        }
    }
}
