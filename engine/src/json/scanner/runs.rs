//! Runs of bytes that need no look at each: plain text in strings, white space.

use crate::work::tick;

/// Where the run of bytes from `at` on ends that stand for themselves in a string: none of them a quote, a backslash or a
/// control character.
///
/// Eight at a time. `0x02` exchanges the quote with the space, below which everything ends a run. In each of the two
/// differences the lowest top bit that is set marks the first such byte; what lies above it may be wrong, through its borrow.
#[inline(never)]
pub(crate) fn plain_end(bytes: &[u8], at: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = EACH << 7;
    const BACKSLASHES: u64 = EACH * b'\\' as u64;
    let mut end = at;
    let (words, rest) = bytes.get(at..).unwrap_or_default().as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let below = (word ^ EACH << 1).wrapping_sub(EACH * 0x21);
        let backslash = (word ^ BACKSLASHES).wrapping_sub(EACH);
        let found = (below | backslash) & !word & TOPS;
        if found != 0 {
            tick(end.wrapping_sub(at).wrapping_add(8));
            return end.wrapping_add(found.trailing_zeros() as usize / 8);
        }
        end = end.wrapping_add(8);
    }
    let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    let plain = rest.iter().position(ends).unwrap_or(rest.len());
    let end = end.wrapping_add(plain);
    tick(end.wrapping_sub(at));
    end
}

/// Where the white space from `at` on ends: spaces eight at a time.
#[inline(never)]
pub(crate) fn space_end(bytes: &[u8], at: usize) -> usize {
    const SPACES: u64 = 0x2020_2020_2020_2020;
    let mut at = at;
    while let b' ' | b'\n' | b'\r' | b'\t' = byte_at(bytes, at) {
        at = at.wrapping_add(1);
        tick(8);
        for word in bytes.get(at..).unwrap_or_default().as_chunks::<8>().0 {
            let others = u64::from_le_bytes(*word) ^ SPACES;
            tick(8);
            at = at.wrapping_add(others.trailing_zeros() as usize / 8);
            if others != 0 {
                break;
            }
        }
    }
    at
}

/// A byte; zero, which no token has, behind the end.
#[inline(always)]
pub(super) fn byte_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}
