//! Tables in the Core Cache, which is one for all requests in the same place.
//!
//! *Compiled once* (with the feature `drop-in`): the table of a JSON payload in the KV Store, under a key that names the value's
//! generation, so that what is found is never out of date. The store is asked in every request all the same.
//!
//! *Shared* ([`Config::with_core_cache`]): the table in force, whatever its source, under a key that names the
//! configuration. Within `max_age` no source is asked; after it the old table is still served for a while, and one request renews it
//! when its response has been sent.
//!
//! Of requests that find nothing at the same time one fetches and the others wait for it, but no longer than [`WAIT_MS`]: then they
//! fetch for themselves. What is found is trusted as a store is: see [`Config::with_checksums`]. An item that is no table is replaced.

use alloc::vec::Vec;
use core::fmt;

use statsig_edge::{FORMAT_VERSION, Table, TableError};

use crate::config::Config;
use crate::origin::Place;
use crate::platform::Error;
use crate::platform::cache::{self, Entry, Lifetime};
use crate::source::{Format, Route, Source};
use crate::specs::{Asked, Found, Specs};

/// How long a request waits for another one that fetches the same, in ms.
pub const WAIT_MS: u32 = 250;

/// For how long a table stays in force whose source could not be asked, before the next request tries.
const RETRY_S: u32 = 5;

/// What became of a table in the cache.
///
/// ```
/// use statsig_fastly::CacheState;
///
/// assert_eq!(CacheState::default().as_str(), "unused");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheState {
    /// The cache was not asked.
    #[default]
    Unused,
    /// It was in the cache.
    Found,
    /// It was in the cache, past its time: one request renews it when its response has been sent.
    Stale,
    /// It was fetched, and another request is at putting it there.
    Missed,
    /// It was fetched, and is in the cache now.
    Kept,
    /// It was fetched, and the cache did not take it.
    Refused,
}

impl CacheState {
    /// Its name in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            CacheState::Unused => "unused",
            CacheState::Found => "found",
            CacheState::Stale => "stale",
            CacheState::Missed => "missed",
            CacheState::Kept => "kept",
            CacheState::Refused => "refused",
        }
    }
}

/// Why the cache was of no use. Never an error of the request: without the cache the source is asked.
///
/// ```
/// use statsig_fastly::CacheError;
///
/// assert_eq!(CacheError::Waited.to_string(), "core cache: waited in vain for another request");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheError {
    /// It could not be read.
    LookUp(Error),
    /// What it holds is no table that this build reads.
    Table(TableError),
    /// It did not take the table.
    Insert(Error),
    /// Another request was to put the table there, and did not in time.
    Waited,
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
            CacheError::Waited => "core cache: waited in vain for another request",
        })?;
        match self {
            CacheError::LookUp(error) | CacheError::Insert(error) => error.write(out),
            CacheError::Table(error) => error.write(out),
            CacheError::Waited => Ok(()),
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
/// use statsig_fastly::CacheState;
///
/// let config = Config::new().with_kv_store("statsig", "specs").with_core_cache();
/// // The first request puts the table there, the second finds it.
/// assert_eq!(Specs::load(&config).cached().state, CacheState::Kept);
/// assert_eq!(Specs::load(&config).cached().state, CacheState::Found);
/// # });
/// # }
/// ```
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
    fn fail(&mut self, error: CacheError) {
        self.errors = self.errors.saturating_add(1);
        self.last_error = Some(error);
    }
}

/// The beginning of every key: what this build reads. What varies in length comes last, apart by a byte no name has.
fn key_of_build() -> Vec<u8> {
    let compiler = concat!("statsig-table ", env!("CARGO_PKG_VERSION"), "\0");
    [compiler.as_bytes(), &FORMAT_VERSION.to_le_bytes()].concat()
}

fn push_names((first, second): (&str, &str), key: &mut Vec<u8>) {
    for name in [first, second] {
        key.extend_from_slice(name.as_bytes());
        key.push(0);
    }
}

/// Bytes of [`Note`].
const NOTE: usize = 40;

/// What is kept beside a table.
struct Note {
    found: Found,
    length: usize,
    /// The table's own.
    checksum: u64,
}

impl Note {
    fn new(found: Found, table: &[u8]) -> Self {
        Note {
            found,
            length: table.len(),
            checksum: Table::open(table).map_or(0, |table| table.checksum()),
        }
    }

    fn write(&self) -> Vec<u8> {
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

    fn read(bytes: &[u8]) -> Option<Self> {
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
fn read(entry: &Entry, length: usize, config: &Config<'_>) -> Result<Vec<u8>, CacheError> {
    let bytes = entry.read(length).map_err(CacheError::LookUp)?;
    let table = Table::open(&bytes).map_err(CacheError::Table)?;
    config.check(&table).map_err(CacheError::Table)?;
    Ok(bytes)
}

#[cfg(feature = "drop-in")]
mod compiled {
    use super::*;
    use alloc::borrow::Cow;

    use crate::origin::{Asking, MAX_JSON};
    use crate::platform::body::Begun;
    use crate::platform::clock;
    use crate::source::SpecsError;

    /// Takes the table of a value from the cache, or else compiles it and puts it there.
    pub(crate) fn compiled_once(
        asking: &mut Asking<'_, '_>,
        json: Begun,
    ) -> Result<(), SpecsError> {
        let (config, fetched) = (asking.config, &mut *asking.fetched);
        let mut key = key_of_build();
        key.extend_from_slice(&fetched.generation.to_le_bytes());
        push_names(asking.origin.place.names(), &mut key);
        let absent = match look(&key, config, asking.cached) {
            Ok((table, _)) => {
                asking.cached.state = CacheState::Found;
                fetched.bytes = Cow::Owned(table);
                fetched.format = Format::Json;
                return Ok(());
            }
            Err(absent) => absent,
        };
        fetched.bytes = json.read_rest(MAX_JSON)?.into();
        fetched.compile()?;
        let now = clock::now_ms().unwrap_or_default();
        let found = Found {
            origin: 0,
            source: asking.origin.source,
            format: Format::Json,
            route: Route::Direct,
            generation: fetched.generation,
            received_at: now,
            checked_at: now,
        };
        let note = Note::new(found, &fetched.bytes);
        let lifetime = Lifetime {
            max_age_s: config.table_max_age_s(),
            stale_s: 0,
        };
        keep(&key, absent, lifetime, &note, &fetched.bytes, asking.cached);
        Ok(())
    }
}

#[cfg(feature = "drop-in")]
pub(crate) use compiled::compiled_once;

/// What is to be done about a key that has nothing.
enum Absent {
    /// Insert through this, which the others wait for.
    Obliged(Entry),
    /// Insert over what is there and unusable.
    Replace,
    /// Leave it to the others.
    Leave,
}

/// Finds a table: at once if it is there, else when another request has put it there.
fn look(key: &[u8], config: &Config<'_>, cached: &mut Cached) -> Result<(Vec<u8>, Note), Absent> {
    let mut found = match cache::lookup(key) {
        Ok(entry) => entry,
        Err(error) => {
            cached.fail(CacheError::LookUp(error));
            return Err(Absent::Leave);
        }
    };
    if !found.is_found() {
        match cache::begin(key, WAIT_MS) {
            Ok(Some(entry)) if entry.is_found() => found = entry,
            Ok(Some(entry)) => return Err(Absent::Obliged(entry)),
            Ok(None) => {
                cached.fail(CacheError::Waited);
                return Err(Absent::Leave);
            }
            Err(error) => {
                cached.fail(CacheError::LookUp(error));
                return Err(Absent::Leave);
            }
        }
    }
    if found.is_stale() {
        cached.state = CacheState::Stale;
    }
    let table = found
        .metadata()
        .map_err(CacheError::LookUp)
        .and_then(|note| Note::read(&note).ok_or(CacheError::Table(TableError::NotATable)))
        .and_then(|note| Ok((read(&found, note.length, config)?, note)));
    table.map_err(|error| {
        cached.fail(error);
        cached.state = CacheState::Unused;
        match error {
            CacheError::Table(_) | CacheError::LookUp(Error::Truncated | Error::TooLarge) => {
                Absent::Replace
            }
            _ => Absent::Leave,
        }
    })
}

fn keep(
    key: &[u8],
    absent: Absent,
    lifetime: Lifetime,
    note: &Note,
    table: &[u8],
    cached: &mut Cached,
) {
    let kept = match absent {
        Absent::Obliged(entry) => entry.insert(lifetime, &note.write(), table),
        Absent::Replace => cache::insert(key, lifetime, &note.write(), table),
        Absent::Leave => {
            cached.state = CacheState::Missed;
            return;
        }
    };
    cached.state = CacheState::Kept;
    if let Err(error) = kept {
        cached.state = CacheState::Refused;
        cached.fail(CacheError::Insert(error));
    }
}

/// How a configuration uses the cache for the table in force. Functions in a value, so that the linker drops them where none does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared {
    /// Fills specs that have nothing yet.
    pub(crate) load: for<'c> fn(&mut Specs<'c>, &Config<'c>),
    /// Looks whether there is something newer, and renews what is past its time.
    pub(crate) refresh: for<'c> fn(&mut Specs<'c>, &Config<'c>) -> Asked,
    /// Puts the specs there.
    pub(crate) put: for<'c> fn(&mut Specs<'c>, &Config<'c>),
}

pub(crate) const SHARED: Shared = Shared { load, refresh, put };

/// The key of the table in force: every source of the configuration, in order.
fn key_of(config: &Config<'_>) -> Vec<u8> {
    let mut key = key_of_build();
    for origin in config.origins() {
        key.push(origin.source.code());
        push_names(origin.place.names(), &mut key);
        if let Place::Download(download) = &origin.place {
            download.push_project(&mut key);
        }
    }
    // What was put there without this demand is not trusted.
    if let Some(demand) = config.signed {
        (demand.name)(demand.keys, &mut key);
    }
    key
}

fn lifetime(config: &Config<'_>, asked: Asked) -> Lifetime {
    Lifetime {
        max_age_s: match asked {
            Asked::Failed => config.max_age_s.min(RETRY_S),
            _ => config.max_age_s,
        },
        stale_s: config.stale_s,
    }
}

fn load<'c>(specs: &mut Specs<'c>, config: &Config<'c>) {
    let key = key_of(config);
    match look(&key, config, &mut specs.cached) {
        Ok((table, note)) => {
            if specs.cached.state != CacheState::Stale {
                specs.cached.state = CacheState::Found;
            }
            specs.put_in_force(table, note.found);
        }
        Err(absent) => {
            specs.first(config, None);
            keep_specs(&key, absent, Asked::New, specs, config);
        }
    }
}

/// Puts what is in force into the cache, but for bytes that every instance has.
fn keep_specs(
    key: &[u8],
    absent: Absent,
    asked: Asked,
    specs: &mut Specs<'_>,
    config: &Config<'_>,
) {
    let Some(found) = specs.found() else { return };
    if found.source == Source::Bootstrap {
        return;
    }
    let note = Note::new(found, specs.bytes());
    let mut cached = specs.cached;
    let lifetime = lifetime(config, asked);
    keep(key, absent, lifetime, &note, specs.bytes(), &mut cached);
    specs.cached = cached;
}

fn refresh<'c>(specs: &mut Specs<'c>, config: &Config<'c>) -> Asked {
    let key = key_of(config);
    let entry = match cache::begin(&key, WAIT_MS) {
        Ok(Some(entry)) => entry,
        Ok(None) => return Asked::Unchanged,
        Err(error) => {
            specs.cached.fail(CacheError::LookUp(error));
            return specs.ask(config);
        }
    };
    if entry.must_insert() {
        let asked = specs.ask(config);
        keep_specs(&key, Absent::Obliged(entry), asked, specs, config);
        return asked;
    }
    // Another request has renewed it, or is about to.
    let note = entry.metadata().map_err(CacheError::LookUp);
    let note = note.and_then(|note| {
        let note = Note::read(&note).ok_or(CacheError::Table(TableError::NotATable))?;
        let known = specs.table().map(|table| table.checksum());
        match known == Some(note.checksum) {
            true => Ok((note, None)),
            false => read(&entry, note.length, config).map(|table| (note, Some(table))),
        }
    });
    match note {
        Ok((note, Some(table))) => {
            specs.put_in_force(table, note.found);
            Asked::New
        }
        Ok((note, None)) => {
            specs.set_checked_at(note.found.checked_at);
            Asked::Unchanged
        }
        Err(error) => {
            specs.cached.fail(error);
            let asked = specs.ask(config);
            keep_specs(&key, Absent::Replace, asked, specs, config);
            asked
        }
    }
}

fn put<'c>(specs: &mut Specs<'c>, config: &Config<'c>) {
    let key = key_of(config);
    keep_specs(&key, Absent::Replace, Asked::New, specs, config);
}
