//! The index of an object's members, by which the engine finds one without reading the others (`engine/FORMAT.md`).
//!
//! It is made while the object is passed over for the first time; only where white space has to go, later.

use alloc::vec::Vec;

use super::source::{Read, Source, Span};
use crate::hash::text_hash;
use crate::json::{Fault, FaultKind, Kind, RawStr, Scanner};
use crate::table::members::OFFSET;

/// The indexes of the objects that have been read.
#[derive(Default)]
pub(super) struct Indexes {
    bytes: Vec<u8>,
    /// Where each object begins, in the order of the text, and where its index does.
    objects: Vec<(u32, u32)>,
}

impl Indexes {
    /// The index of an object that has been read.
    pub(super) fn get(&self, object: Span) -> Option<&[u8]> {
        let found = self
            .objects
            .binary_search_by_key(&object.start, |known| known.0);
        let (at, later) = self.objects.get(found.ok()?..)?.split_first()?;
        let end = later
            .first()
            .map_or(self.bytes.len(), |next| next.1 as usize);
        self.bytes.get(at.1 as usize..end)
    }

    fn read(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        let kind = scanner.peek()?;
        let start = scanner.offset() as u32;
        let known = self.objects.last().is_some_and(|last| last.0 >= start);
        if kind != Kind::Object || scanner.has_passed_space() || known {
            scanner.skip()?;
            return Ok(());
        }
        let before = *scanner;
        let index = self.bytes.len();
        self.objects.push((start, index as u32));
        match pass(scanner, &mut self.bytes) {
            // A member's name has half of a surrogate pair.
            Err(fault) if fault.kind() == FaultKind::Surrogate => {
                *scanner = before;
                self.bytes.truncate(index);
                self.objects.pop();
                scanner.skip().map(drop)
            }
            read => read,
        }
    }
}

/// Passes over a value that goes into the table.
pub(super) fn pass_value<'j>(source: &mut Source<'j>, scanner: &mut Scanner<'j>) -> Read<()> {
    Ok(source.indexes.read(scanner)?)
}

/// Appends the index of an object.
pub(super) fn write(object: &str, out: &mut Vec<u8>) {
    let at = out.len();
    // It was read before, so only a member's name can be no text.
    if pass(&mut Scanner::new(object), out).is_err() {
        out.truncate(at);
        out.push(0);
    }
}

/// Passes over an object and appends its index. That has no entries where the engine has to walk the object: where they are
/// more than a byte counts, for a long object, for keys with escapes, for two of one hash, which may be the same, and
/// where there is white space.
fn pass(scanner: &mut Scanner<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    let start = scanner.offset();
    let at = out.len();
    out.push(0);
    let mut hashes = heapless::Vec::new();
    let mut fits = true;
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        fits = fits && write_entry(key, scanner.offset().wrapping_sub(start), &mut hashes, out);
        scanner.skip()?;
    }
    fits &= scanner.offset().wrapping_sub(start) <= OFFSET as usize;
    match out.get_mut(at) {
        Some(count) if fits && !scanner.has_passed_space() => *count = hashes.len() as u8,
        _ => out.truncate(at.wrapping_add(1)),
    }
    Ok(())
}

/// Appends the entry of a key whose value begins at byte `value` of the object.
fn write_entry(
    key: RawStr<'_>,
    value: usize,
    hashes: &mut heapless::Vec<u32, 255>,
    out: &mut Vec<u8>,
) -> bool {
    let Some(key) = key.plain() else {
        return false;
    };
    let hash = text_hash(key.as_bytes());
    if hashes.contains(&hash) {
        return false;
    }
    // Behind the key are a quote and a colon.
    let start = value.wrapping_sub(key.len()).wrapping_sub(2);
    let entry = hash & !OFFSET | start as u32 & OFFSET;
    out.extend_from_slice(&entry.to_le_bytes());
    hashes.push(hash).is_ok()
}
