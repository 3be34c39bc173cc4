//! The specs in force: found in the first source that has usable ones, with the reasons why the others had none.
//!
//! The first source is asked by [`Loading::begin`] and waited for by [`Loading::finish`], so that a look-up is in flight while the
//! request is taken. A source that fails gives way to the next; when all fail, the table in hand stays.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::cell::Cell;

use statsig_edge::Table;
#[cfg(feature = "drop-in")]
use statsig_edge::compile::{CompileError, Warning};

use crate::config::Config;
use crate::origin::{Asking, Fetched, Origin};
use crate::platform::clock;
use crate::source::{Failure, Format, Route, Source, SpecsError};
use crate::table_cache::Cached;

/// Specs on their way.
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
/// use statsig_fastly::Loading;
///
/// let config = Config::new().with_kv_store("statsig", "specs");
/// let loading = Loading::begin(&config);
/// // … while the store answers, take the request …
/// assert!(loading.finish().table().is_some());
/// # });
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the specs are in `finish`"]
pub struct Loading<'a, 'c> {
    config: &'a Config<'c>,
    begun: Option<Result<u32, SpecsError>>,
}

impl<'a, 'c> Loading<'a, 'c> {
    /// Starts asking the first source, unless the Core Cache is asked before it. With a KV Store, two host calls.
    pub fn begin(config: &'a Config<'c>) -> Self {
        let first = config.origins().next().filter(|_| config.shared.is_none());
        Loading {
            config,
            begun: first.map(|origin| (origin.begin)(origin, None)),
        }
    }

    /// Waits for it; what is unusable gives way to the next source.
    pub fn finish(self) -> Specs<'c> {
        let mut specs = Specs::none();
        match self.config.shared {
            Some(shared) => (shared.load)(&mut specs, self.config),
            None => specs.first(self.config, self.begun),
        }
        specs
    }
}

/// What asking the sources came to.
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
/// use statsig_fastly::Asked;
///
/// let config = Config::new().with_kv_store("statsig", "specs");
/// let mut specs = Specs::load(&config);
/// assert_eq!(specs.sync_config_specs(&config), Asked::Unchanged);
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// There are other specs than before.
    New,
    /// The source has what is in hand, or nothing newer.
    Unchanged,
    /// No source answered; what was in hand still is. [`Specs::failures`] has the reasons.
    Failed,
}

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

    /// Asks the sources in order for something newer, now: the "manual sync" of Statsig's SDKs, to be called when the response has been
    /// sent. What comes is put into the Core Cache if the configuration has that. On failure everything stays as it was.
    pub fn sync_config_specs(&mut self, config: &Config<'c>) -> Asked {
        let asked = self.ask(config);
        if let Some(shared) = config.shared.filter(|_| asked != Asked::Failed) {
            (shared.put)(self, config);
        }
        asked
    }

    /// Looks whether there is something newer, in the Core Cache if the configuration has that, else in the sources.
    pub(crate) fn refresh(&mut self, config: &Config<'c>) -> Asked {
        match config.shared {
            Some(shared) => (shared.refresh)(self, config),
            None => self.ask(config),
        }
    }

    /// Takes the specs of the first source that has some.
    pub(crate) fn first(
        &mut self,
        config: &Config<'c>,
        mut begun: Option<Result<u32, SpecsError>>,
    ) {
        for (number, origin) in (0..).zip(config.origins()) {
            let begun = match begun.take() {
                Some(begun) => begun,
                None => (origin.begin)(origin, None),
            };
            let mut fetched = Fetched::NOTHING;
            match self.fetch(begun, None, origin, config, &mut fetched) {
                Ok(_) => return self.take(number, origin, fetched),
                Err(error) => self.fail(origin, error),
            }
        }
    }

    /// Asks the sources in order for something newer than what is in hand; the bootstrap bytes are not.
    pub(crate) fn ask(&mut self, config: &Config<'c>) -> Asked {
        self.failures.clear();
        if self.source.is_none() {
            self.first(config, None);
            return match self.source {
                Some(_) => Asked::New,
                None => Asked::Failed,
            };
        }
        for (number, origin) in (0..).zip(config.origins()) {
            if origin.source == Source::Bootstrap {
                break;
            }
            let same = (self.origin == number).then_some(self.generation);
            let begun = (origin.begin)(origin, self.table());
            let mut fetched = Fetched::NOTHING;
            match self.fetch(begun, same, origin, config, &mut fetched) {
                Ok(true) if self.accepts(&fetched.bytes, same.is_some(), origin) => {
                    self.take(number, origin, fetched);
                    return Asked::New;
                }
                // Older specs of a source that stands in say nothing of those in hand, which age.
                Ok(true) if same.is_none() && self.is_newer_than(&fetched.bytes) => {
                    return Asked::Unchanged;
                }
                Ok(_) => return self.unchanged(),
                #[cfg(feature = "drop-in")]
                Err(SpecsError::Compile(CompileError::NoUpdates)) if same.is_some() => {
                    return self.unchanged();
                }
                Err(error) => self.fail(origin, error),
            }
        }
        Asked::Failed
    }

    /// A store may go back to what it had; a download, and a source that stands in for another, may not (`evaluation.md` §1.8).
    fn accepts(&self, new: &[u8], same: bool, origin: &Origin<'_>) -> bool {
        let (Some(old), Ok(new)) = (self.table(), Table::open(new)) else {
            return true;
        };
        match (same, origin.source) {
            (true, Source::Download) => new.time() >= old.time(),
            (true, _) => true,
            (false, _) => new.time() > old.time(),
        }
    }

    fn is_newer_than(&self, other: &[u8]) -> bool {
        let other = Table::open(other).map_or(0, |other| other.time());
        self.table().is_some_and(|table| table.time() > other)
    }

    /// What a source has, as a table of which at least the head is sound; whether it is another than what is in hand.
    fn fetch(
        &mut self,
        begun: Result<u32, SpecsError>,
        generation: Option<u64>,
        origin: &Origin<'c>,
        config: &Config<'c>,
        fetched: &mut Fetched<'c>,
    ) -> Result<bool, SpecsError> {
        let mut asking = Asking {
            origin,
            generation,
            in_hand: &self.bytes,
            fetched,
            #[cfg(feature = "drop-in")]
            config,
            #[cfg(feature = "drop-in")]
            cached: &mut self.cached,
        };
        if !(origin.finish)(begun?, &mut asking)? {
            return Ok(false);
        }
        config.admit(origin.source, &fetched.bytes)?;
        fetched.compile()?;
        let table = Table::open(&fetched.bytes).map_err(SpecsError::Table)?;
        config.check(&table).map_err(SpecsError::Table)?;
        Ok(true)
    }

    fn fail(&mut self, origin: &Origin<'c>, error: SpecsError) {
        self.failures.push(Failure {
            source: origin.source,
            error,
        });
    }

    fn take(&mut self, number: u8, origin: &Origin<'c>, fetched: Fetched<'c>) {
        #[cfg(feature = "drop-in")]
        {
            self.warnings = fetched.warnings;
        }
        self.bytes = fetched.bytes;
        self.source = Some(origin.source);
        self.origin = number;
        self.format = fetched.format;
        self.route.set(Route::Direct);
        self.generation = fetched.generation;
        self.received_at.set(JUST_NOW);
        self.checked_at.set(JUST_NOW);
    }

    fn unchanged(&self) -> Asked {
        self.received_at();
        self.checked_at.set(clock::now_ms().unwrap_or_default());
        Asked::Unchanged
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

    /// Where they lay.
    pub fn route(&self) -> Route {
        self.route.get()
    }

    /// The form they were in.
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

    /// What became of the table in the Core Cache.
    pub fn cached(&self) -> Cached {
        self.cached
    }
}
