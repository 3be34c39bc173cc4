//! What sections are made of: interned byte strings, interned rows, and a map by name.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::hash::checksum;
use crate::table::wire::{heap, push_varint, same};

/// A hash of this module alone, never written: eight bytes at a time.
fn quick(bytes: &[u8]) -> u32 {
    checksum(bytes) as u32
}

/// Open addressing over positions that the owner can compare: a slot is a position plus one, zero is empty.
#[derive(Default)]
struct Slots {
    slots: Vec<u32>,
    used: usize,
}

impl Slots {
    /// The position whose content is `same`, or the one that `insert` makes.
    fn find_or_insert(
        &mut self,
        hash: u32,
        same: impl Fn(u32) -> bool,
        rehash: impl Fn(u32) -> u32,
        insert: impl FnOnce() -> u32,
    ) -> u32 {
        if self.used.saturating_mul(4) >= self.slots.len().saturating_mul(3) {
            self.grow(rehash);
        }
        let at = self.probe(hash, same);
        match self.slots.get_mut(at) {
            Some(slot) if *slot == 0 => {
                let position = insert();
                *slot = position.saturating_add(1);
                self.used = self.used.saturating_add(1);
                position
            }
            Some(slot) => slot.saturating_sub(1),
            None => 0,
        }
    }

    fn find(&self, hash: u32, same: impl Fn(u32) -> bool) -> Option<u32> {
        self.slots.get(self.probe(hash, same))?.checked_sub(1)
    }

    /// The slot that holds `same`, or the empty one where it belongs.
    fn probe(&self, hash: u32, same: impl Fn(u32) -> bool) -> usize {
        let mask = self.slots.len().saturating_sub(1);
        let mut at = hash as usize & mask;
        while let Some(position) = self.slots.get(at).and_then(|slot| slot.checked_sub(1)) {
            if same(position) {
                break;
            }
            at = at.wrapping_add(1) & mask;
        }
        at
    }

    fn grow(&mut self, rehash: impl Fn(u32) -> u32) {
        let size = self.slots.len().saturating_mul(2).max(64);
        let old = core::mem::replace(&mut self.slots, alloc::vec![0; size]);
        for slot in old {
            if let Some(position) = slot.checked_sub(1) {
                let at = self.probe(rehash(position), |_| false);
                if let Some(place) = self.slots.get_mut(at) {
                    *place = slot;
                }
            }
        }
    }
}

/// Byte strings, each once, each with its length before it.
#[derive(Default)]
pub(super) struct Heap {
    pub(super) bytes: Vec<u8>,
    slots: Slots,
}

impl Heap {
    pub(super) fn intern(&mut self, content: &[u8]) -> u32 {
        let Heap { bytes, slots } = self;
        let position = bytes.len();
        // The closures look at the heap while it is only read; the new entry is appended afterwards.
        let view: &[u8] = bytes;
        let found = slots.find_or_insert(
            quick(content),
            |at| heap(view, at).is_some_and(|known| same(known, content)),
            |at| quick(heap(view, at).unwrap_or_default()),
            || u32::try_from(position).unwrap_or(u32::MAX),
        );
        if found as usize == position {
            push_varint(bytes, u32::try_from(content.len()).unwrap_or(u32::MAX));
            bytes.extend_from_slice(content);
        }
        found
    }
}

/// Rows of one size, each once.
#[derive(Default)]
pub(super) struct Rows<const N: usize> {
    pub(super) bytes: Vec<u8>,
    slots: Slots,
}

impl<const N: usize> Rows<N> {
    fn content(bytes: &[u8], at: u32) -> &[u8] {
        bytes
            .as_chunks::<N>()
            .0
            .get(at as usize)
            .map_or(&[], |row| &row[..])
    }

    pub(super) fn intern(&mut self, row: &[u8; N]) -> u32 {
        let Rows { bytes, slots } = self;
        let position = bytes.as_chunks::<N>().0.len();
        let view: &[u8] = bytes;
        let found = slots.find_or_insert(
            quick(row),
            |at| Self::content(view, at) == row,
            |at| quick(Self::content(view, at)),
            || u32::try_from(position).unwrap_or(u32::MAX),
        );
        if found as usize == position {
            bytes.extend_from_slice(row);
        }
        found
    }
}

/// A map from names to values, which keeps the order of insertion.
pub(super) struct Map<'j, T> {
    pub(super) entries: Vec<(Cow<'j, str>, T)>,
    slots: Slots,
}

impl<T> Default for Map<'_, T> {
    fn default() -> Self {
        Map {
            entries: Vec::new(),
            slots: Slots::default(),
        }
    }
}

impl<'j, T> Map<'j, T> {
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        let at = self.position(name)?;
        self.entries.get(at as usize).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let at = self.position(name)?;
        self.entries.get_mut(at as usize).map(|(_, value)| value)
    }

    /// The place of a name in the order of insertion.
    pub(super) fn position(&self, name: &str) -> Option<u32> {
        self.slots.find(quick(name.as_bytes()), |at| {
            self.entries
                .get(at as usize)
                .is_some_and(|(key, _)| same(key.as_bytes(), name.as_bytes()))
        })
    }

    /// Sets the value of a name; of a name set twice the last value counts.
    pub(super) fn insert(&mut self, name: Cow<'j, str>, value: T) {
        let Map { entries, slots } = self;
        let position = entries.len();
        let view: &[(Cow<'j, str>, T)] = entries;
        let found = slots.find_or_insert(
            quick(name.as_bytes()),
            |at| {
                view.get(at as usize)
                    .is_some_and(|(key, _)| same(key.as_bytes(), name.as_bytes()))
            },
            |at| {
                view.get(at as usize)
                    .map_or(0, |(key, _)| quick(key.as_bytes()))
            },
            || u32::try_from(position).unwrap_or(u32::MAX),
        );
        match entries.get_mut(found as usize) {
            Some((_, old)) => *old = value,
            None => entries.push((name, value)),
        }
    }
}
