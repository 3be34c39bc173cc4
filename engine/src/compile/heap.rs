//! What sections are made of: byte strings and rows, each once, and names with what goes with them.

use alloc::vec::Vec;
use core::cell::Cell;

use super::source::{Source, Span};
use crate::hash::text_hash;
use crate::table::wire::{heap, push_varint, same};

/// Open addressing over positions in a list of the owner. A slot holds one more than a position, zero for none, and above
/// it the hash.
///
/// The hash has no key, so whoever writes payloads can choose texts that all want one slot, each of which would walk over those
/// before. So an index counts its walks, and gives up when they are longer than chance makes them: nothing is found or added
/// any more, and the compilation ends with an error.
#[derive(Default)]
struct Index {
    slots: Vec<u64>,
    used: usize,
    /// Slots walked over beyond [`USUAL`] for each time.
    walked: Cell<u32>,
}

/// Slots that a text is walked for: three quarters full, an index needs eight or nine.
const USUAL: u32 = 32;

/// Slots beyond these that are walked over before an index gives up.
const PATIENCE: u32 = 1 << 16;

impl Index {
    /// The position of what is `same`.
    fn find(&self, hash: u32, same: &mut dyn FnMut(u32) -> bool) -> Option<u32> {
        if self.has_given_up() {
            return None;
        }
        let mask = self.slots.len().wrapping_sub(1);
        let first = hash as usize & mask;
        let mut at = first;
        let found = loop {
            let slot = self.slots.get(at).copied().unwrap_or(0);
            let Some(position) = (slot as u32).checked_sub(1) else {
                break None;
            };
            if (slot >> 32) as u32 == hash && same(position) {
                break Some(position);
            }
            at = at.wrapping_add(1) & mask;
        };
        self.walk(at.wrapping_sub(first) & mask);
        found
    }

    fn walk(&self, slots: usize) {
        crate::work::tick(slots);
        let walked = self.walked.get().saturating_add(slots as u32);
        self.walked.set(walked.saturating_sub(USUAL));
    }

    fn has_given_up(&self) -> bool {
        self.walked.get() > PATIENCE
    }

    /// Adds what is not there yet.
    fn add(&mut self, hash: u32, position: u32) {
        if self.has_given_up() {
            return;
        }
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
        if new == 0 || self.has_given_up() {
            return;
        }
        let mask = self.slots.len().wrapping_sub(1);
        let first = (new >> 32) as usize & mask;
        let mut at = first;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 {
                *slot = new;
                break;
            }
            at = at.wrapping_add(1) & mask;
        }
        self.walk(at.wrapping_sub(first) & mask);
    }
}

/// The hash of a text; one copy of it for the whole compiler.
#[inline(never)]
pub(super) fn hash(text: &[u8]) -> u32 {
    text_hash(text)
}

/// A section while it grows.
#[derive(Default)]
pub(super) struct Heap {
    pub(super) bytes: Vec<u8>,
    index: Index,
}

impl Heap {
    /// Whether its texts were chosen to be slow.
    pub(super) fn has_given_up(&self) -> bool {
        self.index.has_given_up()
    }

    #[inline(never)]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The place of a byte string, which is added if it is new: of rows of a size their number; if that is zero the offset, and
    /// each has its length before it.
    #[inline(never)]
    pub(super) fn intern(&mut self, size: usize, content: &[u8]) -> u32 {
        let hash = hash(content);
        let known = self.index.find(hash, &mut |at| {
            let known = match size {
                0 => heap(&self.bytes, at),
                _ => row(&self.bytes, size, at),
            };
            known.is_some_and(|known| same(known, content))
        });
        if let Some(known) = known {
            return known;
        }
        let length = self.bytes.len();
        let position = length.checked_div(size).unwrap_or(length);
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        self.index.add(hash, position);
        if size == 0 {
            push_varint(&mut self.bytes, content.len() as u32);
        }
        self.push(content);
        position
    }
}

/// A row of a section of rows of a size.
pub(super) fn row(section: &[u8], size: usize, at: u32) -> Option<&[u8]> {
    let start = (at as usize).saturating_mul(size);
    section.get(start..start.saturating_add(size))
}

/// A name, and what goes with it.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) name: Span,
    pub(super) number: u32,
    pub(super) value: Span,
}

/// Different names in the order in which they came.
#[derive(Default)]
pub(super) struct Names {
    pub(super) entries: Vec<Named>,
    index: Index,
}

impl Names {
    #[inline(never)]
    pub(super) fn find(&self, source: &Source<'_>, name: Span) -> Option<u32> {
        let name = source.bytes(name);
        self.position(source, hash(name), name)
    }

    fn position(&self, source: &Source<'_>, hash: u32, name: &[u8]) -> Option<u32> {
        let found = self.index.find(hash, &mut |at| {
            self.entries
                .get(at as usize)
                .is_some_and(|known| same(source.bytes(known.name), name))
        });
        if self.index.has_given_up() {
            source.crowded.set(true);
        }
        found
    }

    /// A name with what goes with it.
    pub(super) fn get(&self, source: &Source<'_>, name: Span) -> Option<&Named> {
        self.entries.get(self.find(source, name)? as usize)
    }

    /// The number of a name.
    #[inline(never)]
    pub(super) fn number(&self, source: &Source<'_>, name: Span) -> Option<u32> {
        self.get(source, name).map(|known| known.number)
    }

    /// The position of a name, which is added if it is new.
    #[inline(never)]
    pub(super) fn add(&mut self, source: &Source<'_>, name: Span) -> u32 {
        let text = source.bytes(name);
        let hash = hash(text);
        if let Some(at) = self.position(source, hash, text) {
            return at;
        }
        let at = self.entries.len() as u32;
        self.index.add(hash, at);
        self.entries.push(Named {
            name,
            number: 0,
            value: Span::ABSENT,
        });
        at
    }

    /// Says what goes with a name; of a name set twice the last one counts.
    #[inline(never)]
    pub(super) fn set(&mut self, source: &Source<'_>, name: Span, number: u32, value: Span) {
        let at = self.add(source, name);
        if let Some(known) = self.entries.get_mut(at as usize) {
            known.number = number;
            known.value = value;
        }
    }

    /// Gives their memory back. The code for that is ninety bytes wherever names go out of scope.
    #[inline(never)]
    pub(super) fn discard(self) {}

    /// Numbers the names in an order of their positions.
    pub(super) fn number_in(&mut self, order: &[u32]) {
        for (number, &at) in order.iter().enumerate() {
            if let Some(known) = self.entries.get_mut(at as usize) {
                known.number = number as u32;
            }
        }
    }

    /// The members of an object that has been read: of those of one name the last counts, at the place of the first.
    #[inline(never)]
    pub(super) fn of_members(source: &mut Source<'_>, object: Span) -> Self {
        let mut members = Names::default();
        let mut walk = source.walk(object);
        while let Some((name, value)) = walk.next(source) {
            members.set(source, name, 0, value);
        }
        members
    }
}

/// Sets the item at a position that is in the list or next to it.
pub(super) fn put<T>(items: &mut Vec<T>, at: u32, item: T) {
    match items.get_mut(at as usize) {
        Some(place) => *place = item,
        None => items.push(item),
    }
}
