//! Little-endian rows and length-prefixed heaps: the only way the engine reads a table's bytes.

/// A reference that refers to nothing.
pub(crate) const NONE: u32 = u32::MAX;

/// A fixed-size row; fields are read at constant offsets.
#[derive(Clone, Copy)]
pub(crate) struct Row<'t, const N: usize>(pub(crate) &'t [u8; N]);

impl<const N: usize> Row<'_, N> {
    #[inline]
    fn bytes<const M: usize>(&self, at: usize) -> [u8; M] {
        self.0
            .get(at..)
            .and_then(|rest| rest.first_chunk::<M>())
            .copied()
            .unwrap_or([0; M])
    }

    #[inline]
    pub(crate) fn u8(&self, at: usize) -> u8 {
        u8::from_le_bytes(self.bytes(at))
    }

    #[inline]
    pub(crate) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(at))
    }

    #[inline]
    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }

    #[inline]
    pub(crate) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes(at))
    }

    #[inline]
    pub(crate) fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.bytes(at))
    }

    /// A reference, `None` for [`NONE`].
    #[inline]
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
    let (&first, rest) = bytes.split_first()?;
    // Nearly every length is below 128.
    if first < 0x80 {
        return Some((u32::from(first), rest));
    }
    let (value, length) = long_varint(bytes);
    Some((value, bytes.get(length..).filter(|_| length > 0)?))
}

/// A number of more than one byte and how many they are, 0 when there is none. Apart, so that these do not lie in every place that
/// reads a number, and as one word, which needs no memory to be returned.
#[cold]
#[inline(never)]
fn read_long(bytes: &[u8]) -> u64 {
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

#[inline]
fn long_varint(bytes: &[u8]) -> (u32, usize) {
    let word = read_long(bytes);
    ((word >> 32) as u32, word as u32 as usize)
}

/// A run of bytes with its length before it, and what follows.
#[inline]
pub(crate) fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = varint(bytes)?;
    rest.split_at_checked(length as usize)
}

/// The run of bytes that begins at `offset` of a heap.
#[inline]
pub(crate) fn heap(section: &[u8], offset: u32) -> Option<&[u8]> {
    Some(prefixed(section.get(offset as usize..)?)?.0)
}

/// Whether two runs of bytes are the same, eight at a time: the C library's `memcmp` of Wasm takes twenty instructions for each.
#[inline]
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    let (left_words, left_rest) = left.as_chunks::<8>();
    let (right_words, right_rest) = right.as_chunks::<8>();
    let words = || {
        left_words
            .iter()
            .zip(right_words)
            .all(|(left, right)| u64::from_le_bytes(*left) == u64::from_le_bytes(*right))
    };
    let rest = || {
        left_rest
            .iter()
            .zip(right_rest)
            .all(|(left, right)| left == right)
    };
    left.len() == right.len() && words() && rest()
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
