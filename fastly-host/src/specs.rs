//! The specs in force: found in the first source that has usable ones, with the reasons why the others had none.
//!
//! The first source is asked by [`Loading::begin`] and waited for by [`Loading::finish`], so that a look-up is in flight while the
//! request is taken. A source that fails gives way to the next; when all fail, the table in hand stays.

mod ask;
mod loading;

pub use ask::Asked;
pub use loading::Loading;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::cell::Cell;

use statsig_edge::Table;
#[cfg(feature = "drop-in")]
use statsig_edge::compile::Warning;

use crate::config::Config;
use crate::platform::clock;
use crate::source::{Failure, Format, Route, Source};
use crate::table_cache::Cached;

/// A time that nobody has asked the host for yet: just now.
const JUST_NOW: u64 = u64::MAX;

/// What is known of the table in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// Its source's number in the configuration.
    pub(crate) origin: u8,
    pub(crate) source: Source,
    pub(crate) format: Format,
    pub(crate) route: Route,
    pub(crate) generation: u64,
    /// When it came from its source, and when its source last said that it has it.
    pub(crate) received_at: u64,
    pub(crate) checked_at: u64,
}

/// The specs in force, or the lack of them.
///
/// ```
/// # #[cfg(feature = "drop-in")] {
/// # use statsig_edge::User;
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # use statsig_fastly::{Config, Specs, Statsig};
/// # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("statsig", "specs", KvEntry::new(specs))
/// #     .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
/// # let (_, record) = fake::with(host, || {
/// let config = Config::new().with_kv_store("statsig", "specs");
/// let specs = Specs::load(&config);
/// assert_eq!(specs.table().map(|table| table.time()), Some(1_767_225_600_000));
/// assert_eq!((specs.generation(), specs.received_at()), (1, 1_767_225_660_000));
/// assert!(specs.failures().is_empty() && specs.warnings().is_empty());
/// # });
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Specs<'c> {
    bytes: Cow<'c, [u8]>,
    source: Option<Source>,
    origin: u8,
    format: Format,
    route: Cell<Route>,
    generation: u64,
    received_at: Cell<u64>,
    checked_at: Cell<u64>,
    failures: Vec<Failure>,
    #[cfg(feature = "drop-in")]
    warnings: Vec<Warning>,
    pub(crate) cached: Cached,
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
            origin: 0,
            format: Format::Table,
            route: Cell::new(Route::Direct),
            generation: 0,
            received_at: Cell::new(JUST_NOW),
            checked_at: Cell::new(JUST_NOW),
            failures: Vec::new(),
            #[cfg(feature = "drop-in")]
            warnings: Vec::new(),
            cached: Cached::default(),
        }
    }

    /// Takes a table that was found elsewhere than in its source.
    pub(crate) fn put_in_force(&mut self, bytes: Vec<u8>, found: Found) {
        self.bytes = Cow::Owned(bytes);
        self.source = Some(found.source);
        self.origin = found.origin;
        self.format = found.format;
        self.route.set(found.route);
        self.generation = found.generation;
        self.received_at.set(found.received_at);
        self.checked_at.set(found.checked_at);
    }

    pub(crate) fn set_checked_at(&self, ms: u64) {
        self.checked_at.set(ms);
    }

    /// What lies in the sandbox's memory for a further request.
    pub(crate) fn keep_in_memory(&self) {
        self.route.set(Route::Memory);
    }

    /// How old the word of the source is, in seconds rounded up; 0 when it was asked for this request.
    pub(crate) fn age_s(&self, now_ms: u64) -> u64 {
        match self.source {
            Some(_) => now_ms.saturating_sub(self.checked_at()).div_ceil(1_000),
            None => u64::MAX,
        }
    }

    pub(crate) fn found(&self) -> Option<Found> {
        Some(Found {
            origin: self.origin,
            source: self.source?,
            format: self.format,
            route: self.route.get(),
            generation: self.generation,
            received_at: self.received_at(),
            checked_at: self.checked_at(),
        })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
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

    /// How they were reached.
    pub fn route(&self) -> Route {
        self.route.get()
    }

    /// The form in which they were found.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The source's own number for them: a KV Store's generation, that of a manifest; 0 where there is none.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When they came from their source, in ms since the epoch. The first call asks the host for the time.
    #[inline(never)]
    pub fn received_at(&self) -> u64 {
        match self.received_at.get() {
            JUST_NOW => self.received_by(clock::now_ms().unwrap_or_default()),
            known => known,
        }
    }

    /// The same where somebody has asked for the time already.
    pub(crate) fn received_by(&self, now_ms: u64) -> u64 {
        if self.received_at.get() == JUST_NOW {
            self.received_at.set(now_ms);
            self.checked_at.set(now_ms);
        }
        self.received_at.get()
    }

    /// When their source last said that it has these, in ms since the epoch.
    pub fn checked_at(&self) -> u64 {
        self.received_at();
        self.checked_at.get()
    }

    /// The first half of the reasons in events.
    pub(crate) fn reason(&self) -> &'static str {
        self.source.unwrap_or(Source::Bootstrap).reason()
    }

    /// The sources that gave no usable specs, in order.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What a payload compiled here had that its table leaves out or cannot answer. Of a table that was published, the
    /// publisher knows; of one from the cache ([`Specs::cached`]), the request that compiled it.
    #[cfg(feature = "drop-in")]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What became of the table in the Core Cache.
    pub fn cached(&self) -> Cached {
        self.cached
    }
}
