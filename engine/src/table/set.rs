//! Lists and sets of strings (`engine/FORMAT.md`, "Blobs").
//!
//! A *list* is a count and its strings one after another. A *set* of more than [`LINEAR`] strings is preceded by a
//! directory of buckets, so that a membership costs one hash and about one comparison.

use super::wire::{prefixed, varint};
use crate::hash::bucket;

/// Sets up to this size are walked: comparing lengths is cheaper than hashing the user's text.
pub(crate) const LINEAR: u32 = 8;

/// Strings in the order they were written.
#[derive(Clone, Copy, Debug)]
pub struct StringList<'t> {
    count: u32,
    entries: &'t [u8],
}

impl<'t> StringList<'t> {
    pub(crate) fn read(blob: &'t [u8]) -> Option<Self> {
        let (count, entries) = varint(blob)?;
        Some(StringList { count, entries })
    }

    /// So many strings, each with its length before it.
    pub(crate) fn of(count: u32, entries: &'t [u8]) -> Self {
        StringList { count, entries }
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        strings(self.entries, self.count).filter_map(|bytes| core::str::from_utf8(bytes).ok())
    }

    /// Whether `text` is one of them; walks the list.
    pub fn contains(&self, text: &str) -> bool {
        strings(self.entries, self.count).any(|entry| entry == text.as_bytes())
    }
}

pub(crate) fn strings(mut rest: &[u8], count: u32) -> impl Iterator<Item = &[u8]> {
    let mut left = count;
    core::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let (entry, tail) = prefixed(rest)?;
        rest = tail;
        Some(entry)
    })
}

/// A set of strings, for membership only.
pub(crate) struct StringSet<'t> {
    count: u32,
    body: &'t [u8],
}

impl<'t> StringSet<'t> {
    pub(crate) fn read(blob: &'t [u8]) -> Option<Self> {
        let (count, body) = varint(blob)?;
        Some(StringSet { count, body })
    }

    pub(crate) fn len(&self) -> u32 {
        self.count
    }

    /// The entries, in the order of the buckets.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &'t [u8]> + use<'t> {
        let directory = match self.count {
            0..=LINEAR => 0,
            count => 1usize
                .checked_shl(bucket_bits(count))
                .unwrap_or(0)
                .saturating_add(1)
                .saturating_mul(4),
        };
        strings(self.body.get(directory..).unwrap_or_default(), self.count)
    }

    /// Whether an entry fulfils `same`; `hash` is asked for only when the set has a directory.
    pub(crate) fn contains(
        &self,
        hash: impl FnOnce() -> u32,
        mut same: impl FnMut(&[u8]) -> bool,
    ) -> Option<bool> {
        if self.count <= LINEAR {
            return Some(strings(self.body, self.count).any(same));
        }
        let bits = bucket_bits(self.count);
        let directory = 1usize.checked_shl(bits)?.checked_add(1)?.checked_mul(4)?;
        let (directory, entries) = self.body.split_at_checked(directory)?;
        let starts = directory.as_chunks::<4>().0;
        let index = bucket(hash(), bits) as usize;
        let start = u32::from_le_bytes(*starts.get(index)?) as usize;
        let end = u32::from_le_bytes(*starts.get(index.checked_add(1)?)?) as usize;
        let mut rest = entries.get(start..end)?;
        while !rest.is_empty() {
            let (entry, tail) = prefixed(rest)?;
            if same(entry) {
                return Some(true);
            }
            rest = tail;
        }
        Some(false)
    }
}

/// Buckets of an index over `count` entries, as a power of two: about one entry in each.
pub(crate) fn bucket_bits(count: u32) -> u32 {
    u32::BITS
        .saturating_sub(count.saturating_sub(1).leading_zeros())
        .min(24)
}
