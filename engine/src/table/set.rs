//! Lists and sets of strings (`engine/FORMAT.md`, "Blobs").
//!
//! A *list* is a count and its strings one after another. A *set* of more than [`LINEAR`] strings is preceded by a
//! directory of buckets, so that a membership costs one hash and about one comparison.

use super::wire::{split_prefixed, varint};
use crate::hash::bucket;

/// Sets up to this size are walked: comparing lengths is cheaper than hashing the user's text.
pub(crate) const LINEAR: u32 = 8;

/// Strings in the order they were written.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::SpecKind;
///
/// let button = Table::open(&table)?.spec(SpecKind::Experiment, "button").ok_or("no spec")?;
/// let owned = button.explicit_parameters().ok_or("none")?;
/// assert_eq!(owned.len(), 1);
/// assert!(owned.contains("colour") && !owned.contains("steps"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// So many strings one after another, each with its length before it; stops where the bytes do.
pub(crate) struct Strings<'t> {
    left: u32,
    rest: &'t [u8],
}

impl Strings<'_> {
    /// Bytes of those to come.
    pub(crate) fn bytes_left(&self) -> usize {
        self.rest.len()
    }

    /// Whether one of those to come has the text's length and is as wanted.
    #[inline(always)]
    pub(crate) fn has(self, length: usize, mut is_wanted: impl FnMut(&[u8]) -> bool) -> bool {
        let Strings { left, mut rest } = self;
        for _ in 0..left {
            let Some((entry, later)) = split_prefixed(rest) else {
                return false;
            };
            rest = later;
            if entry.len() == length && is_wanted(entry) {
                return true;
            }
        }
        false
    }
}

pub(crate) fn strings(rest: &[u8], count: u32) -> Strings<'_> {
    Strings { left: count, rest }
}

impl<'t> Iterator for Strings<'t> {
    type Item = &'t [u8];

    // Walked in many places; a function of its own keeps each of them small.
    #[inline(never)]
    fn next(&mut self) -> Option<&'t [u8]> {
        self.left = self.left.checked_sub(1)?;
        let (entry, rest) = split_prefixed(self.rest)?;
        self.rest = rest;
        Some(entry)
    }
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

    /// Whether a directory precedes the entries, so that [`Self::bucket`] needs a hash.
    pub(crate) fn has_directory(&self) -> bool {
        self.count > LINEAR
    }

    /// The directory and the entries.
    fn split(&self) -> Option<(&'t [u8], &'t [u8])> {
        let length = match self.has_directory() {
            true => 4_usize
                .checked_shl(bucket_bits(self.count))?
                .saturating_add(4),
            false => 0,
        };
        self.body.split_at_checked(length)
    }

    /// The entries, in the order of the buckets.
    pub(crate) fn entries(&self) -> Strings<'t> {
        let entries = self.split().map_or(&[][..], |(_, entries)| entries);
        strings(entries, self.count)
    }

    /// The entries among which a text of that hash is, if it is in the set; without a directory all.
    pub(crate) fn bucket(&self, hash: u32) -> Option<Strings<'t>> {
        let (directory, entries) = self.split()?;
        if directory.is_empty() {
            return Some(strings(entries, self.count));
        }
        let index = bucket(hash, bucket_bits(self.count)) as usize;
        let [start, end] = *directory
            .get(index.wrapping_mul(4)..)?
            .as_chunks::<4>()
            .0
            .first_chunk::<2>()?;
        let bucket =
            entries.get(u32::from_le_bytes(start) as usize..u32::from_le_bytes(end) as usize)?;
        // The bucket ends where its bytes do.
        Some(strings(bucket, self.count))
    }
}

/// Buckets of an index over `count` entries, as a power of two: about one entry in each.
pub(crate) fn bucket_bits(count: u32) -> u32 {
    u32::BITS
        .saturating_sub(count.saturating_sub(1).leading_zeros())
        .min(24)
}
