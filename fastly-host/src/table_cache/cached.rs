//! What came of using the cache, and why it did not help.

use core::fmt;

use statsig_edge::TableError;

use crate::platform::Error;

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
    /// It was fetched; another request is putting it there.
    Missed,
    /// It was fetched and is in the cache now.
    Kept,
    /// It was fetched, and the cache did not accept it.
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

/// Why the cache did not help. Never an error of the request: without the cache the source is asked.
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
    /// It holds something that is not a table this build can read.
    Table(TableError),
    /// It did not accept the table.
    Insert(Error),
    /// Another request was expected to put the table there, and did not in time.
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

impl core::error::Error for CacheError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            CacheError::LookUp(error) | CacheError::Insert(error) => Some(error),
            CacheError::Table(error) => Some(error),
            _ => None,
        }
    }
}

/// What came of using the cache.
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
    pub(super) fn fail(&mut self, error: CacheError) {
        self.errors = self.errors.saturating_add(1);
        self.last_error = Some(error);
    }
}
