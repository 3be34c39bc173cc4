//! One source of a configuration: where it is, and how it is asked.
//!
//! How is a value, not a match over all kinds of sources: the linker keeps the code of those kinds only that a service configures.

mod bootstrap;
mod config_store;
mod download;
mod kv;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use statsig_edge::Table;
#[cfg(feature = "drop-in")]
use statsig_edge::compile::Warning;

#[cfg(feature = "drop-in")]
use crate::config::Config;
use crate::source::{Format, Source, SpecsError};
#[cfg(feature = "drop-in")]
use crate::table_cache::Cached;

pub use download::{DOWNLOAD_BASE_URI, Download, DownloadVersion};

/// The largest JSON that is compiled here, in bytes: what a KV Store takes unless it is told otherwise. There is no time on Compute for
/// nearly as much, and more would not leave room for its table.
pub const MAX_JSON: usize = 25_000_000;

/// A source and its place.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'c> {
    pub(crate) source: Source,
    pub(crate) place: Place<'c>,
    /// Starts what can be under way while the request is taken: a handle.
    pub(crate) begin: fn(&Origin<'_>, Option<Table<'_>>) -> Result<u32, SpecsError>,
    /// Waits for it.
    pub(crate) finish: fn(u32, &mut Asking<'_, '_>) -> Answer,
    /// Writes what tells it, besides its names, from another one of its kind: part of a key in the cache.
    pub(crate) push_project: fn(&Origin<'_>, &mut Vec<u8>),
}

impl fmt::Debug for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Item { store, key } => (store, key),
            Place::Download(download) => (download.backend, download.base_uri),
            Place::Bytes(_) => ("", ""),
        };
        f.debug_tuple("Origin")
            .field(&self.source)
            .field(&place)
            .finish()
    }
}

/// Where a source is.
#[derive(Clone, Copy)]
pub(crate) enum Place<'c> {
    Item { store: &'c str, key: &'c str },
    Download(Download<'c>),
    Bytes(&'c [u8]),
}

impl<'c> Place<'c> {
    /// Two names that tell it from others of its kind.
    pub(crate) fn names(&self) -> (&'c str, &'c str) {
        match self {
            Place::Item { store, key } => (store, key),
            Place::Download(download) => (download.backend, download.base_uri),
            Place::Bytes(_) => ("", ""),
        }
    }
}

/// What a source is asked, and the place for what it has.
pub(crate) struct Asking<'a, 'c> {
    pub(crate) origin: &'a Origin<'c>,
    #[cfg(feature = "drop-in")]
    pub(crate) config: &'a Config<'c>,
    /// The generation of the specs in hand, if they are from this source.
    pub(crate) generation: Option<u64>,
    /// Those specs, or others.
    pub(crate) in_hand: &'a [u8],
    pub(crate) fetched: &'a mut Fetched<'c>,
    #[cfg(feature = "drop-in")]
    pub(crate) cached: &'a mut Cached,
}

impl Asking<'_, '_> {
    /// Whether the source still has what is in hand.
    pub(crate) fn is_current(&self, generation: u64) -> bool {
        self.generation == Some(generation)
    }
}

/// Whether a source has something else than what is in hand: then it is in [`Asking::fetched`].
pub(crate) type Answer = Result<bool, SpecsError>;

/// Specs from a source.
pub(crate) struct Fetched<'c> {
    pub(crate) bytes: Cow<'c, [u8]>,
    pub(crate) generation: u64,
    /// The form they were in there.
    pub(crate) format: Format,
    #[cfg(feature = "drop-in")]
    pub(crate) warnings: Vec<Warning>,
}

impl Fetched<'_> {
    pub(crate) const NOTHING: Self = Fetched {
        bytes: Cow::Borrowed(&[]),
        generation: 0,
        format: Format::Table,
        #[cfg(feature = "drop-in")]
        warnings: Vec::new(),
    };

    /// Makes JSON a table.
    #[cfg(feature = "drop-in")]
    pub(crate) fn compile(&mut self) -> Result<(), SpecsError> {
        use statsig_edge::{compile::compile, is_table};
        if is_table(&self.bytes) {
            return Ok(());
        }
        if self.bytes.len() > MAX_JSON {
            return Err(crate::platform::Error::TooLarge.into());
        }
        let compiled = compile(&self.bytes).map_err(SpecsError::Compile)?;
        self.bytes = Cow::Owned(compiled.table);
        self.format = Format::Json;
        self.warnings = compiled.warnings;
        Ok(())
    }

    /// Tells JSON from what is nothing at all; tables are looked at by who opens them.
    #[cfg(not(feature = "drop-in"))]
    pub(crate) fn compile(&mut self) -> Result<(), SpecsError> {
        let first = self.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'{') => Err(SpecsError::JsonNotSupported),
            _ => Ok(()),
        }
    }
}
