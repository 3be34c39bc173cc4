//! Little-endian rows and length-prefixed heaps: the only way the engine reads a table's bytes.

use crate::hash::lower_ascii;

/// A reference that refers to nothing.
pub(crate) const NONE: u32 = u32::MAX;

/// A fixed-size row; fields are read at constant offsets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'t, const N: usize>(pub(crate) &'t [u8; N]);

impl<'t, const N: usize> Row<'t, N> {
    #[inline(always)]
    fn bytes<const M: usize>(&self, at: usize) -> [u8; M] {
        self.0
            .get(at..)
            .and_then(|rest| rest.first_chunk::<M>())
            .copied()
            .unwrap_or([0; M])
    }

    #[inline(always)]
    pub(crate) fn u8(&self, at: usize) -> u8 {
        u8::from_le_bytes(self.bytes(at))
    }

    #[inline(always)]
    pub(crate) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(at))
    }

    #[inline(always)]
    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    #[inline(always)]
    pub(crate) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(at))
    }

    #[inline(always)]
    pub(crate) fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.bytes(at))
    }

    /// The four bytes at a place, to be read later.
    #[inline(always)]
    pub(crate) fn word(&self, at: usize) -> Option<&'t [u8; 4]> {
        self.0.get(at..)?.first_chunk()
    }

    /// A reference, `None` for [`NONE`].
    #[inline(always)]
    pub(crate) fn reference(&self, at: usize) -> Option<u32> {
        Some(self.u32(at)).filter(|&reference| reference != NONE)
    }
}

/// The row at `index` of a section of such rows.
#[inline]
pub(crate) fn row<const N: usize>(section: &[u8], index: u32) -> Option<Row<'_, N>> {
    section.as_chunks::<N>().0.get(index as usize).map(Row)
}

/// A number in groups of seven bits, lowest first, at most five bytes.
#[inline]
pub(crate) fn varint(bytes: &[u8]) -> Option<(u32, &[u8])> {
    crate::work::tick(1);
    let word = number_and_length(bytes);
    let length = word as u32 as usize;
    if length == 0 {
        return None;
    }
    Some(((word >> 32) as u32, bytes.get(length..)?))
}

/// The number above how many bytes it takes, 0 when there is none: one word, which needs no memory to be returned.
#[inline(never)]
fn number_and_length(bytes: &[u8]) -> u64 {
    if let Some(&first @ ..0x80) = bytes.first() {
        return u64::from(first) << 32 | 1;
    }
    let mut value: u32 = 0;
    for (&byte, at) in bytes.iter().zip(0_u32..5) {
        let shift = at.wrapping_mul(7);
        value |= u32::from(byte & 0x7F).wrapping_shl(shift);
        if byte & 0x80 == 0 {
            return u64::from(value) << 32 | u64::from(at.wrapping_add(1));
        }
    }
    0
}

/// A run of bytes with its length before it, and what follows.
#[inline(never)]
pub(crate) fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    split_prefixed(bytes)
}

/// [`prefixed`], to be inlined where many runs are read. Nearly every length is below 128.
#[inline(always)]
pub(crate) fn split_prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes.split_first()? {
        (&length @ ..0x80, rest) => (u32::from(length), rest),
        _ => varint(bytes)?,
    };
    rest.split_at_checked(length as usize)
}

/// The run of bytes that begins at `offset` of a heap.
#[inline]
pub(crate) fn heap(section: &[u8], offset: u32) -> Option<&[u8]> {
    Some(split_prefixed(section.get(offset as usize..)?)?.0)
}

/// Whether two runs of bytes are the same, eight at a time: the C library's `memcmp` of Wasm takes twenty instructions for each.
#[inline(always)]
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && same_content(left, right)
}

#[cfg_attr(target_family = "wasm", inline(never))] // one copy where size counts
#[cfg_attr(not(target_family = "wasm"), inline)]
fn same_content(left: &[u8], right: &[u8]) -> bool {
    match_words(left, right, |left, right| left == right)
}

/// Whether a run of ASCII is the other one when its capitals are made small.
#[inline(always)]
pub(crate) fn same_lowered(ascii: &[u8], lowered: &[u8]) -> bool {
    ascii.len() == lowered.len() && same_content_lowered(ascii, lowered)
}

#[inline(never)]
fn same_content_lowered(ascii: &[u8], lowered: &[u8]) -> bool {
    match_words(ascii, lowered, |word, known| lower_ascii(word) == known)
}

/// Whether all words of two runs of one length match.
#[inline(always)]
fn match_words(left: &[u8], right: &[u8], matches: impl Fn(u64, u64) -> bool) -> bool {
    crate::work::tick(left.len());
    let (Some(left_end), Some(right_end)) = (left.last_chunk::<8>(), right.last_chunk::<8>())
    else {
        return matches(short_word(left), short_word(right));
    };
    // The last eight bytes differ the most, and overlap the word before them.
    let mut pairs = left.as_chunks::<8>().0.iter().zip(right.as_chunks::<8>().0);
    matches(
        u64::from_le_bytes(*left_end),
        u64::from_le_bytes(*right_end),
    ) && pairs.all(|(left, right)| matches(u64::from_le_bytes(*left), u64::from_le_bytes(*right)))
}

/// Fewer than eight bytes as a little-endian word, filled with zeros.
#[inline(never)]
pub(crate) fn short_word(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    let shifted = |value: u64, by: usize| value.wrapping_shl((by as u32).wrapping_mul(8));
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | shifted(u64::from(last), length.saturating_sub(4));
    }
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return 0;
    };
    let middle = bytes.get(length / 2).copied().unwrap_or(0);
    u64::from(first)
        | shifted(u64::from(middle), length / 2)
        | shifted(u64::from(last), length.saturating_sub(1))
}

/// Appends a number as [`varint`] reads it.
#[cfg(feature = "compile")]
pub(crate) fn push_varint(out: &mut alloc::vec::Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
