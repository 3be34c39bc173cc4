//! The table of a JSON payload in the Core Cache, so that it is compiled once for each value and place.
//!
//! Almost every request has an instance of its own, without memory of earlier ones. The key names all that the table
//! depends on, so what is found is never out of date. What is found is one pass over the table more than one that was
//! published (its checksum): whatever does not check out counts as not found, and is replaced.

use alloc::vec::Vec;
use core::fmt;

use statsig_edge::{FORMAT_VERSION, Table, TableError};

use crate::config::KvItem;
use crate::platform::{Error, cache, kv};

/// What became of the table of a JSON payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheState {
    /// The cache was not asked: the specs are from elsewhere, or a table that was published, or the cache is switched off.
    #[default]
    Unused,
    /// It was in the cache.
    Found,
    /// It was compiled, and is to be kept when the response has been sent.
    Missed,
    /// It was compiled, and is in the cache now.
    Kept,
    /// It was compiled, and the cache did not take it.
    Refused,
}

impl CacheState {
    /// Its name in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            CacheState::Unused => "unused",
            CacheState::Found => "found",
            CacheState::Missed => "missed",
            CacheState::Kept => "kept",
            CacheState::Refused => "refused",
        }
    }
}

/// Why the cache was of no use. Never an error of the request: without the cache the payload is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheError {
    /// It could not be read.
    LookUp(Error),
    /// What it holds is no table that this build reads.
    Table(TableError),
    /// It did not take the table.
    Insert(Error),
}

impl CacheError {
    /// Says what is wrong. The same as `Display`, but light: see [`TableError::write`].
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(match self {
            CacheError::LookUp(_) => "core cache: look-up: ",
            CacheError::Table(_) => "core cache: ",
            CacheError::Insert(_) => "core cache: insert: ",
        })?;
        match self {
            CacheError::LookUp(error) | CacheError::Insert(error) => error.write(out),
            CacheError::Table(error) => error.write(out),
        }
    }
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for CacheError {}

/// How the cache did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cached {
    /// What became of the table.
    pub state: CacheState,
    /// How often the cache was of no use. Finding nothing does not count.
    pub errors: u32,
    /// The last of these errors.
    pub last_error: Option<CacheError>,
}

impl Cached {
    pub(crate) fn fail(&mut self, error: CacheError) {
        self.errors = self.errors.saturating_add(1);
        self.last_error = Some(error);
    }
}

/// The place of one value's table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'c> {
    pub(crate) item: KvItem<'c>,
    pub(crate) generation: u64,
    pub(crate) max_age_s: u32,
}

impl Place<'_> {
    /// Compiler, format, generation, store and key; what varies in length comes last, apart by a byte no name has.
    fn key(&self) -> Vec<u8> {
        let compiler = concat!("statsig-table ", env!("CARGO_PKG_VERSION"), "\0");
        [
            compiler.as_bytes(),
            &FORMAT_VERSION.to_le_bytes(),
            &self.generation.to_le_bytes(),
            self.item.store.as_bytes(),
            b"\0",
            self.item.key.as_bytes(),
        ]
        .concat()
    }

    /// The table, if the cache has it and it is sound.
    pub(crate) fn look_up(&self) -> Result<Option<Vec<u8>>, CacheError> {
        let found = cache::lookup(&self.key()).map_err(CacheError::LookUp)?;
        let Some(found) = found else { return Ok(None) };
        let table = found
            .read_rest(kv::VALUE_LIMIT)
            .map_err(CacheError::LookUp)?;
        Table::open(&table)
            .and_then(|table| table.verify())
            .map_err(CacheError::Table)?;
        Ok(Some(table))
    }

    pub(crate) fn keep(&self, table: &[u8]) -> Result<(), CacheError> {
        cache::insert(&self.key(), self.max_age_s, table).map_err(CacheError::Insert)
    }
}
