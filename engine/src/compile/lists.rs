//! Lists and sets of texts, and the order of names in their buckets (`engine/FORMAT.md`).

use alloc::vec::Vec;

use super::heap::{Named, hash};
use super::source::{Source, Span};
use super::writer::Writer;
use crate::hash::bucket;
use crate::table::Section;
use crate::table::condition::mask;
use crate::table::set::{LINEAR, bucket_bits};
use crate::table::wire::{NONE, push_varint};

/// Sets up to this size have masks: with 24 texts a third of the others has the bits of some of them.
const MASKED: usize = 24;

/// Which of the texts of an entry is meant.
pub(super) type Which = fn(&Named) -> Span;

pub(super) fn name(entry: &Named) -> Span {
    entry.name
}

pub(super) fn value(entry: &Named) -> Span {
    entry.value
}

impl Writer {
    pub(super) fn push_varint(&mut self, number: usize) {
        push_varint(&mut self.buffer, number as u32);
    }

    #[inline(never)]
    pub(super) fn push_text(&mut self, source: &Source<'_>, text: Span) {
        let text = source.bytes(text);
        self.push_varint(text.len());
        self.buffer.extend_from_slice(text);
    }

    /// What stands in the buffer, as a blob.
    #[inline(never)]
    pub(super) fn blob(&mut self) -> u32 {
        match self.sections.get_mut(Section::Blobs as usize) {
            Some(blobs) => blobs.intern(0, &self.buffer),
            None => NONE,
        }
    }

    pub(super) fn blob_of(&mut self, bytes: &[u8]) -> u32 {
        self.intern(Section::Blobs, 0, bytes)
    }

    /// A list of strings in order.
    #[inline(never)]
    pub(super) fn list(&mut self, source: &Source<'_>, entries: &[Named], which: Which) -> u32 {
        self.buffer.clear();
        self.push_varint(entries.len());
        for entry in entries {
            self.push_text(source, which(entry));
        }
        self.blob()
    }

    /// The list of an array's strings or of an object's keys.
    #[inline(never)]
    pub(super) fn optional_list(&mut self, source: &mut Source<'_>, container: Span) -> u32 {
        if container.is_absent() {
            return NONE;
        }
        let mut count: usize = 0;
        let mut walk = source.walk(container);
        while walk.next_text(source).is_some() {
            count = count.wrapping_add(1);
        }
        self.buffer.clear();
        self.push_varint(count);
        let mut walk = source.walk(container);
        while let Some(text) = walk.next_text(source) {
            self.push_text(source, text);
        }
        self.blob()
    }

    /// A set of distinct strings, for membership; sets the masks too.
    #[inline(never)]
    pub(super) fn set(&mut self, source: &Source<'_>, entries: &[Named], which: Which) -> u32 {
        self.masks = u64::MAX;
        if entries.len() <= MASKED {
            let each = entries.iter().map(|entry| hash(source.bytes(which(entry))));
            self.masks = each.fold(0, |masks, hash| masks | mask(hash));
        }
        if entries.len() <= LINEAR as usize {
            return self.list(source, entries, which);
        }
        let ordered = Ordered::new(source, entries, which);
        self.buffer.clear();
        self.push_varint(entries.len());
        let directory = self.buffer.len();
        let size = ordered.starts().len().saturating_mul(4);
        let first = directory.saturating_add(size);
        self.buffer.resize(first, 0);
        let mut order = ordered.order().iter();
        let mut placed: u32 = 0;
        for (&start, at) in ordered.starts().iter().zip((directory..).step_by(4)) {
            while placed < start {
                let entry = order.next().and_then(|&at| entries.get(at as usize));
                self.push_text(source, entry.map_or(Span::ABSENT, which));
                placed = placed.wrapping_add(1);
            }
            let end = self.buffer.len().wrapping_sub(first) as u32;
            if let Some(place) = self.buffer.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                *place = end.to_le_bytes();
            }
        }
        self.blob()
    }

    /// Begins a section of named rows of one size: how many buckets there are, and where their rows begin in the section.
    /// Gives the names' positions in the order of the rows.
    #[inline(never)]
    pub(super) fn index(
        &mut self,
        source: &Source<'_>,
        section: Section,
        row: usize,
        names: &[Named],
    ) -> Ordered {
        let ordered = Ordered::new(source, names, name);
        self.put(section, ordered.bits.into(), 4);
        let head = ordered.starts().len().saturating_add(1).saturating_mul(4);
        for &start in ordered.starts() {
            let at = head.saturating_add((start as usize).saturating_mul(row));
            self.put(section, at as u64, 4);
        }
        ordered
    }
}

/// Texts in the buckets of their hashes, about as many as there are texts.
#[derive(Default)]
pub(super) struct Ordered {
    bits: u32,
    /// Where each bucket starts, then the positions of the texts.
    numbers: Vec<u32>,
}

impl Ordered {
    fn new(source: &Source<'_>, entries: &[Named], which: Which) -> Self {
        let bits = bucket_bits(entries.len() as u32);
        let bucket = |entry| bucket(hash(source.bytes(which(entry))), bits) as usize;
        let buckets = 1usize.checked_shl(bits).unwrap_or(1);
        let size = buckets.saturating_add(2).saturating_add(entries.len());
        let mut ordered = Ordered {
            bits,
            numbers: alloc::vec![0u32; size],
        };
        let (starts, order) = ordered.split();
        // How many there are in the buckets before; then, one place further on, where the next one of a bucket goes.
        for entry in entries {
            if let Some(count) = starts.get_mut(bucket(entry).saturating_add(2)) {
                *count = count.wrapping_add(1);
            }
        }
        let mut sum: u32 = 0;
        for start in starts.iter_mut() {
            sum = sum.wrapping_add(*start);
            *start = sum;
        }
        for (at, entry) in (0..).zip(entries) {
            if let Some(next) = starts.get_mut(bucket(entry).saturating_add(1)) {
                if let Some(place) = order.get_mut(*next as usize) {
                    *place = at;
                }
                *next = next.wrapping_add(1);
            }
        }
        ordered
    }

    fn split(&mut self) -> (&mut [u32], &mut [u32]) {
        let starts = self.starts().len().saturating_add(1);
        self.numbers
            .split_at_mut_checked(starts)
            .unwrap_or_default()
    }

    /// Where each bucket starts, and the last one ends.
    fn starts(&self) -> &[u32] {
        let buckets = 1usize.checked_shl(self.bits).unwrap_or(1);
        self.numbers
            .get(..buckets.saturating_add(1))
            .unwrap_or_default()
    }

    /// The texts' positions in bucket order, those of one bucket in the order given.
    pub(super) fn order(&self) -> &[u32] {
        let starts = self.starts().len().saturating_add(1);
        self.numbers.get(starts..).unwrap_or_default()
    }
}
