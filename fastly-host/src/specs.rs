//! Finding the specs: the first source that holds a usable table or payload, and why the others did not.
//!
//! The look-up in the KV Store is started by [`Loading::begin`] and waited for by [`Loading::finish`], so that it is in
//! flight while the request is taken. Cost with a table in the store: six host calls and one allocation of the table's
//! size. With Statsig's own JSON: a compilation besides, unless the table compiled before is in the Core Cache; then the
//! JSON is not read beyond its first bytes.

use alloc::borrow::Cow;
use alloc::vec::Vec;
#[cfg(feature = "drop-in")]
use core::cell::Cell;
use core::fmt;

#[cfg(feature = "drop-in")]
use statsig_edge::MAGIC;
#[cfg(feature = "drop-in")]
use statsig_edge::compile::{self, CompileError, Warning};
use statsig_edge::{Table, TableError, is_table};

use crate::config::Config;
use crate::platform::{Error, clock, kv};
#[cfg(feature = "drop-in")]
use crate::table_cache::{CacheState, Cached, Place};

/// Where specs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The KV Store.
    KvStore,
    /// The bytes that the service was built with.
    Bootstrap,
}

impl Source {
    /// Its name in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::KvStore => "kv store",
            Source::Bootstrap => "bootstrap",
        }
    }

    /// The first half of reasons (`evaluation.md` §3.13): a store is a bootstrap too.
    pub(crate) const REASON: &'static str = "Bootstrap";
}

/// The form in which specs were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A rule table.
    Table,
    /// Statsig's JSON, compiled here.
    Json,
}

impl Format {
    /// Its name in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Json => "json",
        }
    }
}

/// Why a source gave no specs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SpecsError {
    /// It could not be read.
    Platform(Error),
    /// Its rule table is none that this build reads.
    Table(TableError),
    /// Its JSON is no payload.
    #[cfg(feature = "drop-in")]
    Compile(CompileError),
    /// It holds JSON, and this build reads rule tables only.
    JsonNotSupported,
}

impl SpecsError {
    /// Says what is wrong. The same as `Display`, but light: see [`TableError::write`].
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            SpecsError::Platform(error) => error.write(out),
            SpecsError::Table(error) => error.write(out),
            #[cfg(feature = "drop-in")]
            SpecsError::Compile(error) => write!(out, "{error}"),
            SpecsError::JsonNotSupported => out.write_str(
                "JSON, but this build reads rule tables only: publish a table, or build with the feature `drop-in`",
            ),
        }
    }
}

impl fmt::Display for SpecsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for SpecsError {}

/// A source that gave no specs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// Which.
    pub source: Source,
    /// Why.
    pub error: SpecsError,
}

/// Specs on their way.
#[derive(Debug)]
#[must_use = "the specs are in `finish`"]
pub struct Loading<'c> {
    config: Config<'c>,
    lookup: Option<Result<kv::Pending, Error>>,
}

impl<'c> Loading<'c> {
    /// Starts the look-up. Two host calls.
    pub fn begin(config: &Config<'c>) -> Self {
        let lookup = config
            .kv
            .map(|item| kv::Store::open(item.store)?.begin_lookup(item.key));
        Loading {
            config: *config,
            lookup,
        }
    }

    /// Waits for the look-up; what is unusable gives way to the next source.
    pub fn finish(self) -> Specs<'c> {
        let mut specs = Specs::none();
        if let Some(lookup) = self.lookup {
            let item = lookup.and_then(kv::Pending::wait);
            let outcome = item
                .map_err(SpecsError::Platform)
                .and_then(|item| specs.take(item, &self.config));
            if specs.note(Source::KvStore, outcome) {
                return specs;
            }
        }
        if let Some(bytes) = self.config.bootstrap {
            let outcome = specs.accept(Cow::Borrowed(bytes));
            specs.note(Source::Bootstrap, outcome);
        }
        specs
    }
}

/// The specs in force, or the lack of them.
#[derive(Clone, Debug)]
pub struct Specs<'c> {
    bytes: Cow<'c, [u8]>,
    source: Option<Source>,
    format: Format,
    received_at: u64,
    failures: Vec<Failure>,
    #[cfg(feature = "drop-in")]
    warnings: Vec<Warning>,
    #[cfg(feature = "drop-in")]
    place: Option<Place<'c>>,
    #[cfg(feature = "drop-in")]
    cached: Cell<Cached>,
}

impl<'c> Specs<'c> {
    /// [`Loading::begin`] and [`Loading::finish`].
    pub fn load(config: &Config<'c>) -> Self {
        Loading::begin(config).finish()
    }

    fn none() -> Self {
        Specs {
            bytes: Cow::Borrowed(&[]),
            source: None,
            format: Format::Table,
            received_at: 0,
            failures: Vec::new(),
            #[cfg(feature = "drop-in")]
            warnings: Vec::new(),
            #[cfg(feature = "drop-in")]
            place: None,
            #[cfg(feature = "drop-in")]
            cached: Cell::default(),
        }
    }

    #[cfg(not(feature = "drop-in"))]
    fn take(&mut self, item: kv::Item, _: &Config<'c>) -> Result<(), SpecsError> {
        let bytes = item.read_all().map_err(SpecsError::Platform)?;
        self.accept(Cow::Owned(bytes))
    }

    /// Takes a table from the item, or the table of its JSON from the cache; else compiles.
    #[cfg(feature = "drop-in")]
    fn take(&mut self, item: kv::Item, config: &Config<'c>) -> Result<(), SpecsError> {
        let generation = item.generation;
        let begun = item.read_head(MAGIC.len()).map_err(SpecsError::Platform)?;
        let place = match config.kv {
            Some(item) if !is_table(begun.head()) && config.table_max_age_s() > 0 => Some(Place {
                item,
                generation,
                max_age_s: config.table_max_age_s(),
            }),
            _ => None,
        };
        if let Some(place) = place {
            match place.look_up() {
                Ok(Some(table)) => {
                    self.format = Format::Json;
                    self.bytes = Cow::Owned(table);
                    self.cached.get_mut().state = CacheState::Found;
                    return Ok(());
                }
                Ok(None) => {}
                Err(error) => self.cached.get_mut().fail(error),
            }
        }
        let bytes = begun
            .read_rest(kv::VALUE_LIMIT)
            .map_err(SpecsError::Platform)?;
        self.accept(Cow::Owned(bytes))?;
        if place.is_some() {
            self.place = place;
            self.cached.get_mut().state = CacheState::Missed;
        }
        Ok(())
    }

    /// Puts a table that was compiled here into the Core Cache, for other requests; once, and only if it came from the KV
    /// Store. `handle` and its like do so when the response has been sent.
    #[cfg(feature = "drop-in")]
    pub fn keep(&self) {
        let mut cached = self.cached.get();
        let Some(place) = self.place.filter(|_| cached.state == CacheState::Missed) else {
            return;
        };
        cached.state = CacheState::Kept;
        if let Err(error) = place.keep(&self.bytes) {
            cached.state = CacheState::Refused;
            cached.fail(error);
        }
        self.cached.set(cached);
    }

    /// Nothing is compiled here, so there is nothing to keep.
    #[cfg(not(feature = "drop-in"))]
    pub(crate) fn keep(&self) {}

    /// What became of the table of a JSON payload.
    #[cfg(feature = "drop-in")]
    pub fn cached(&self) -> Cached {
        self.cached.get()
    }

    fn accept(&mut self, bytes: Cow<'c, [u8]>) -> Result<(), SpecsError> {
        if is_table(&bytes) {
            Table::open(&bytes).map_err(SpecsError::Table)?;
            self.format = Format::Table;
            self.bytes = bytes;
            return Ok(());
        }
        self.compile(&bytes)
    }

    #[cfg(feature = "drop-in")]
    fn compile(&mut self, json: &[u8]) -> Result<(), SpecsError> {
        let compiled = compile::compile(json).map_err(SpecsError::Compile)?;
        self.format = Format::Json;
        self.bytes = Cow::Owned(compiled.table);
        self.warnings = compiled.warnings;
        Ok(())
    }

    #[cfg(not(feature = "drop-in"))]
    fn compile(&mut self, bytes: &[u8]) -> Result<(), SpecsError> {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        Err(match first {
            Some(b'{') => SpecsError::JsonNotSupported,
            _ => SpecsError::Table(TableError::NotATable),
        })
    }

    /// Remembers how a source did; whether it gave the specs.
    fn note(&mut self, source: Source, outcome: Result<(), SpecsError>) -> bool {
        match outcome {
            Ok(()) => {
                self.source = Some(source);
                self.received_at = clock::now_ms().unwrap_or_default();
                true
            }
            Err(error) => {
                self.failures.push(Failure { source, error });
                false
            }
        }
    }

    /// The rule table; `None` when no source gave one.
    pub fn table(&self) -> Option<Table<'_>> {
        self.source?;
        Table::open(&self.bytes).ok()
    }

    /// The source that gave the specs.
    pub fn source(&self) -> Option<Source> {
        self.source
    }

    /// The form they were in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// When they were accepted here, in ms since the epoch.
    pub fn received_at(&self) -> u64 {
        self.received_at
    }

    /// The sources that were tried in vain, in order.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What a payload compiled here had that its table leaves out or cannot answer. Of a table that was published, the
    /// publisher knows; of one from the cache ([`Specs::cached`]), the request that compiled it.
    #[cfg(feature = "drop-in")]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
