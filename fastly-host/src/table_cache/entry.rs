//! An entry of the cache: its key, the note beside the table, the table.

use alloc::vec::Vec;

use statsig_edge::{FORMAT_VERSION, Table};

use super::CacheError;
use crate::config::Config;
use crate::platform::cache::Entry;
use crate::source::{Format, Route, Source};
use crate::specs::Found;

/// The beginning of every key: what this build reads. What varies in length comes last, apart by a byte no name has.
pub(super) fn key_of_build() -> Vec<u8> {
    let compiler = concat!("statsig-table ", env!("CARGO_PKG_VERSION"), "\0");
    [compiler.as_bytes(), &FORMAT_VERSION.to_le_bytes()].concat()
}

pub(super) fn push_names((first, second): (&str, &str), key: &mut Vec<u8>) {
    for name in [first, second] {
        key.extend_from_slice(name.as_bytes());
        key.push(0);
    }
}

/// Bytes of [`Note`].
const NOTE: usize = 40;

/// What is kept beside a table.
pub(super) struct Note {
    pub(super) found: Found,
    pub(super) length: usize,
    /// The table's own.
    pub(super) checksum: u64,
}

impl Note {
    pub(super) fn new(found: Found, table: &[u8]) -> Self {
        Note {
            found,
            length: table.len(),
            checksum: Table::open(table).map_or(0, |table| table.checksum()),
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let found = &self.found;
        let format = match found.format {
            Format::Table => 0,
            Format::Json => 1,
        };
        let length = u32::try_from(self.length).unwrap_or(u32::MAX);
        [
            &found.received_at.to_le_bytes()[..],
            &found.checked_at.to_le_bytes(),
            &found.generation.to_le_bytes(),
            &self.checksum.to_le_bytes(),
            &length.to_le_bytes(),
            &[found.origin, found.source.code(), format, 0],
        ]
        .concat()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; NOTE] = bytes.try_into().ok()?;
        let (words, _) = bytes.as_chunks::<8>();
        let [received_at, checked_at, generation, checksum, last] = *words else {
            return None;
        };
        let [a, b, c, d, origin, source, format, _] = last;
        Some(Note {
            found: Found {
                origin,
                source: Source::from_code(source)?,
                format: match format {
                    0 => Format::Table,
                    _ => Format::Json,
                },
                route: Route::CoreCache,
                generation: u64::from_le_bytes(generation),
                received_at: u64::from_le_bytes(received_at),
                checked_at: u64::from_le_bytes(checked_at),
            },
            length: u32::from_le_bytes([a, b, c, d]) as usize,
            checksum: u64::from_le_bytes(checksum),
        })
    }
}

/// The table of an entry, if it is one.
pub(super) fn read(
    entry: &Entry,
    length: usize,
    config: &Config<'_>,
) -> Result<Vec<u8>, CacheError> {
    let bytes = entry.read(length).map_err(CacheError::LookUp)?;
    let table = Table::open(&bytes).map_err(CacheError::Table)?;
    config.check(&table).map_err(CacheError::Table)?;
    Ok(bytes)
}
