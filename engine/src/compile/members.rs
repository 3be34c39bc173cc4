//! The index of an object's members, by which the engine finds one without reading the others (`engine/FORMAT.md`).

use alloc::vec::Vec;

use crate::hash::text_hash;
use crate::json::Scanner;
use crate::table::members::OFFSET;

/// Appends the index of an object: no entries where the engine has to walk it.
pub(super) fn write(object: &str, out: &mut Vec<u8>) {
    let at = out.len();
    out.push(0);
    match write_entries(object, out) {
        Some(count) => {
            if let Some(place) = out.get_mut(at) {
                *place = count;
            }
        }
        None => out.truncate(at.wrapping_add(1)),
    }
}

/// How many entries were written; `None` for more than a byte counts, for a long object, for keys with escapes, and for two
/// of one hash, which may be the same.
fn write_entries(object: &str, out: &mut Vec<u8>) -> Option<u8> {
    if object.len() > OFFSET as usize {
        return None;
    }
    let mut scanner = Scanner::new(object);
    scanner.begin_object().ok()?;
    let mut hashes: heapless::Vec<u32, 255> = heapless::Vec::new();
    while let Some(key) = scanner.next_key().ok()? {
        let key = key.plain()?;
        let hash = text_hash(key.as_bytes());
        if hashes.contains(&hash) {
            return None;
        }
        hashes.push(hash).ok()?;
        // Behind the key are a quote and a colon.
        let start = scanner.offset().checked_sub(key.len())?.checked_sub(2)?;
        let entry = hash & !OFFSET | start as u32;
        out.extend_from_slice(&entry.to_le_bytes());
        scanner.skip().ok()?;
    }
    (!scanner.has_passed_space()).then_some(hashes.len() as u8)
}
