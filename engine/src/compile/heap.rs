//! What sections are made of: byte strings and rows, each once, and names with a number each.

use alloc::vec::Vec;

use super::source::{Source, Span};
use crate::hash::text_hash;
use crate::table::wire::{heap, push_varint, same};

/// Open addressing over positions in a list of the owner. A slot holds one more than a position, zero for none, and above
/// it the hash.
#[derive(Default)]
struct Index {
    slots: Vec<u64>,
    used: usize,
}

impl Index {
    /// The position of what is `same`.
    fn find(&self, hash: u32, same: &mut dyn FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while let Some(&slot) = self.slots.get(at) {
            let position = (slot as u32).checked_sub(1)?;
            if (slot >> 32) as u32 == hash && same(position) {
                return Some(position);
            }
            at = at.wrapping_add(1) & mask;
        }
        None
    }

    /// Adds what is not there yet.
    fn add(&mut self, hash: u32, position: u32) {
        if self.used.saturating_mul(4) >= self.slots.len().saturating_mul(3) {
            let size = self.slots.len().saturating_mul(2).max(16);
            let old = core::mem::replace(&mut self.slots, alloc::vec![0; size]);
            for slot in old {
                self.place(slot);
            }
        }
        self.used = self.used.saturating_add(1);
        self.place(u64::from(hash) << 32 | u64::from(position.saturating_add(1)));
    }

    fn place(&mut self, new: u64) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = (new >> 32) as usize & mask;
        while let Some(slot) = self.slots.get_mut(at).filter(|_| new != 0) {
            if *slot == 0 {
                *slot = new;
                return;
            }
            at = at.wrapping_add(1) & mask;
        }
    }
}

/// Byte strings, each once.
#[derive(Default)]
pub(super) struct Heap {
    pub(super) bytes: Vec<u8>,
    index: Index,
    /// The size of each, where all are rows of one size; else each has its length before it.
    size: usize,
}

impl Heap {
    /// A heap of rows, which are referred to by their numbers; others by their offsets.
    pub(super) fn rows(size: usize) -> Self {
        Heap {
            size,
            ..Heap::default()
        }
    }

    pub(super) fn row(&self, at: u32) -> &[u8] {
        let start = (at as usize).saturating_mul(self.size);
        self.bytes
            .get(start..start.saturating_add(self.size))
            .unwrap_or_default()
    }

    pub(super) fn intern(&mut self, content: &[u8]) -> u32 {
        let hash = text_hash(content);
        let known = self.index.find(hash, &mut |at| match self.size {
            0 => heap(&self.bytes, at).is_some_and(|known| same(known, content)),
            _ => same(self.row(at), content),
        });
        if let Some(known) = known {
            return known;
        }
        let length = self.bytes.len();
        let position = length.checked_div(self.size).unwrap_or(length);
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        self.index.add(hash, position);
        if self.size == 0 {
            push_varint(&mut self.bytes, content.len() as u32);
        }
        self.bytes.extend_from_slice(content);
        position
    }
}

/// A name, and a number that goes with it.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) name: Span,
    pub(super) number: u32,
}

/// Different names in the order in which they came, each with a number.
#[derive(Default)]
pub(super) struct Names {
    pub(super) entries: Vec<Named>,
    index: Index,
}

impl Names {
    pub(super) fn find(&self, source: &Source<'_>, name: Span) -> Option<u32> {
        let name = source.bytes(name);
        self.position(source, text_hash(name), name)
    }

    fn position(&self, source: &Source<'_>, hash: u32, name: &[u8]) -> Option<u32> {
        self.index.find(hash, &mut |at| {
            self.entries
                .get(at as usize)
                .is_some_and(|known| same(source.bytes(known.name), name))
        })
    }

    /// The number of a name.
    pub(super) fn number(&self, source: &Source<'_>, name: Span) -> Option<u32> {
        let at = self.find(source, name)?;
        self.entries.get(at as usize).map(|known| known.number)
    }

    /// The position of a name, which is added if it is new.
    pub(super) fn add(&mut self, source: &Source<'_>, name: Span) -> u32 {
        let text = source.bytes(name);
        let hash = text_hash(text);
        if let Some(at) = self.position(source, hash, text) {
            return at;
        }
        let at = self.entries.len() as u32;
        self.index.add(hash, at);
        self.entries.push(Named { name, number: 0 });
        at
    }

    /// Numbers the names in an order of their positions.
    pub(super) fn number_in(&mut self, order: &[u32]) {
        for (number, &at) in order.iter().enumerate() {
            if let Some(known) = self.entries.get_mut(at as usize) {
                known.number = number as u32;
            }
        }
    }

    /// Sets the number of a name, and gives its position; of a name set twice the last one counts.
    pub(super) fn set(&mut self, source: &Source<'_>, name: Span, number: u32) -> u32 {
        let at = self.add(source, name);
        if let Some(known) = self.entries.get_mut(at as usize) {
            known.number = number;
        }
        at
    }
}

/// The members of an object: of those of one name the last counts, at the place of the first.
#[derive(Default)]
pub(super) struct Members {
    pub(super) names: Names,
    pub(super) values: Vec<Span>,
}

impl Members {
    pub(super) fn read(source: &mut Source<'_>, object: Span) -> Self {
        let mut members = Members::default();
        source.members(object, &mut |source, name, value| {
            let at = members.names.add(source, name);
            put(&mut members.values, at, value);
        });
        members
    }

    /// Names and values, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Span, Span)> {
        let names = self.names.entries.iter().map(|known| known.name);
        names.zip(self.values.iter().copied())
    }

    pub(super) fn at(&self, position: u32) -> Option<(Span, Span)> {
        let known = self.names.entries.get(position as usize)?;
        let value = self.values.get(position as usize)?;
        Some((known.name, *value))
    }

    pub(super) fn get(&self, source: &Source<'_>, name: Span) -> Option<Span> {
        let at = self.names.find(source, name)?;
        self.values.get(at as usize).copied()
    }
}

/// Sets the item at a position that is in the list or next to it.
pub(super) fn put<T>(items: &mut Vec<T>, at: u32, item: T) {
    match items.get_mut(at as usize) {
        Some(place) => *place = item,
        None => items.push(item),
    }
}
