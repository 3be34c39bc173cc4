//! An item of a Config Store: Statsig's JSON if it is short, or the manifest of a table in chunks (`engine/FORMAT.md`, "Chunks").
//!
//! Cost: a look-up for the manifest, which is all when the table is the one in hand (compared by its checksum), and one for each chunk: at most
//! [`MAX_LOOKUPS`] in all. Reading the texts takes one allocation, and they are decoded in place.

use alloc::string::String;
use alloc::vec::Vec;

use statsig_edge::chunks::{ChunkManifest, Entry, MAX_LOOKUPS};

use super::{Answer, Asking, Origin, Place};
use crate::platform::{Error, config_store};
use crate::source::{Source, SpecsError};

impl<'c> Origin<'c> {
    #[inline(always)]
    pub(crate) const fn config_store(store: &'c str, key: &'c str) -> Self {
        Origin {
            source: Source::ConfigStore,
            place: Place::Item { store, key },
            // Its calls answer at once: there is nothing to have under way.
            begin: |_, _| Ok(0),
            finish,
            push_project: |_, _| (),
        }
    }
}

fn finish(_: u32, asking: &mut Asking<'_, '_>) -> Answer {
    let (store, key) = asking.origin.place.names();
    let store = config_store::Store::open(store)?;
    let value = store.get(key)?.ok_or(Error::NotFound)?;
    if !ChunkManifest::is_one(&value) {
        asking.fetched.bytes = value.into();
        return Ok(true);
    }
    let manifest = ChunkManifest::parse(&value)?;
    let current = manifest.current;
    if in_hand(asking, &current) {
        return Ok(false);
    }
    let inline = manifest.inline.unwrap_or_default();
    let (bytes, generation) = match read(&store, key, &current, inline) {
        Ok(bytes) => (bytes, current.generation),
        Err(error) => {
            // The manifest may be here before all of its chunks are.
            let reads = |entry: Entry| usize::from(entry.chunks);
            let previous = manifest.previous.filter(|&previous| {
                reads(previous)
                    .saturating_add(reads(current))
                    .saturating_add(1)
                    <= usize::from(MAX_LOOKUPS)
            });
            let previous = previous.ok_or_else(|| error.clone())?;
            if in_hand(asking, &previous) {
                return Ok(false);
            }
            let bytes = read(&store, key, &previous, "").map_err(|_| error)?;
            (bytes, previous.generation)
        }
    };
    asking.fetched.bytes = bytes.into();
    asking.fetched.generation = generation;
    Ok(true)
}

/// Whether the table in hand is that of a manifest's line.
fn in_hand(asking: &Asking<'_, '_>, entry: &Entry) -> bool {
    asking.is_current(entry.generation) && entry.is_of(asking.in_hand)
}

/// The table of a manifest's line.
fn read(
    store: &config_store::Store,
    key: &str,
    entry: &Entry,
    inline: &str,
) -> Result<Vec<u8>, SpecsError> {
    let mut text = Vec::new();
    text.try_reserve_exact(entry.text_length())
        .map_err(|_| Error::OutOfMemory)?;
    text.extend_from_slice(inline.as_bytes());
    for number in 0..entry.chunks {
        let mut chunk = String::new();
        // A `String` takes everything.
        let _ = entry.write_key(key, number, &mut chunk);
        if store.append_to(&chunk, &mut text)?.is_none() {
            return Err(SpecsError::MissingChunk(number));
        }
    }
    let length = entry.decode(&mut text)?;
    text.truncate(length);
    Ok(text)
}
