//! Members of objects found without reading the object: the index behind each object of the values (`engine/FORMAT.md`).
//!
//! Cost: one hash of the name, a look at a word for each member, one comparison, and the member's text is checked to be UTF-8.

use super::{Section, Table, wire};
use crate::hash::text_hash;
use crate::json::{member, plain_end};

/// An entry's bits that say where the key is; those above are of its hash.
pub(crate) const OFFSET: u32 = 0x00FF_FFFF;

impl<'t> Table<'t> {
    /// The JSON text of a member of the object at an offset of the values.
    #[inline(never)]
    pub(crate) fn member(&self, at: u32, name: &str) -> Option<&'t str> {
        let at = self.start(Section::Values).wrapping_add(at);
        let (object, index) = wire::prefixed(self.bytes.get(at as usize..)?)?;
        let (&count, entries) = index.split_first()?;
        if count == 0 {
            return member(core::str::from_utf8(object).ok()?, name);
        }
        let mut entries = entries.as_chunks::<4>().0.get(..usize::from(count))?;
        let hash = text_hash(name.as_bytes()) & !OFFSET;
        while let Some((entry, rest)) = entries.split_first() {
            entries = rest;
            let entry = u32::from_le_bytes(*entry);
            if entry & !OFFSET != hash {
                continue;
            }
            let start = (entry & OFFSET) as usize;
            let key_end = plain_end(object, start);
            if !wire::same(object.get(start..key_end)?, name.as_bytes()) {
                continue;
            }
            // Before the next key are a comma and a quote, behind the last value is the brace.
            let end = match rest.first() {
                Some(next) => (u32::from_le_bytes(*next) & OFFSET).wrapping_sub(2) as usize,
                None => object.len().wrapping_sub(1),
            };
            let value = object.get(key_end.wrapping_add(2)..end)?;
            return core::str::from_utf8(value).ok();
        }
        None
    }
}
