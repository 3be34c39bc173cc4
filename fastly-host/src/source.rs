//! Sources of specs by name, and why one gave none.

use core::fmt;

use statsig_edge::TableError;
use statsig_edge::chunks::ChunkError;
#[cfg(feature = "drop-in")]
use statsig_edge::compile::CompileError;

use crate::platform::Error;
use crate::platform::decimal::Decimal;
use crate::signed::{KeyError, SignedError};

/// Where specs come from.
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
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// use statsig_fastly::Source;
///
/// assert_eq!(statsig.specs().source(), Some(Source::KvStore));
/// assert_eq!(Source::KvStore.as_str(), "kv store");
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The KV Store.
    KvStore,
    /// The Config Store.
    ConfigStore,
    /// Statsig's CDN, through a backend.
    Download,
    /// The bytes that the service was built with.
    Bootstrap,
}

impl Source {
    /// Its name in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::KvStore => "kv store",
            Source::ConfigStore => "config store",
            Source::Download => "download",
            Source::Bootstrap => "bootstrap",
        }
    }

    /// The first half of reasons (`evaluation.md` §3.13): a store is a bootstrap too.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Source::Download => "Network",
            _ => "Bootstrap",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Source::KvStore => 1,
            Source::ConfigStore => 2,
            Source::Download => 3,
            Source::Bootstrap => 4,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Source::KvStore,
            2 => Source::ConfigStore,
            3 => Source::Download,
            4 => Source::Bootstrap,
            _ => return None,
        })
    }
}

/// The form in which specs were found.
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
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// use statsig_fastly::Format;
///
/// // The store holds Statsig's own JSON.
/// assert_eq!(statsig.specs().format(), Format::Json);
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A rule table.
    Table,
    /// Statsig's JSON, compiled at the edge.
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

/// How the table in force was reached.
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
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// use statsig_fastly::Route;
///
/// assert_eq!(statsig.specs().route(), Route::Direct);
/// assert_eq!(Route::CoreCache.as_str(), "core cache");
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// In the source itself: it was read for this request.
    Direct,
    /// In the Core Cache.
    CoreCache,
    /// In the memory of the sandbox, since an earlier request.
    Memory,
}

impl Route {
    /// Its name in `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Route::Direct => "direct",
            Route::CoreCache => "core cache",
            Route::Memory => "memory",
        }
    }
}

/// Why a source gave no specs.
///
/// ```
/// use statsig_fastly::{Config, Specs, SpecsError};
///
/// let config = Config::new().with_bootstrap(b"<html>");
/// let specs = Specs::load(&config);
/// let error = &specs.failures()[0].error;
/// # #[cfg(feature = "drop-in")]
/// assert!(matches!(error, SpecsError::Compile(_)));
/// # #[cfg(feature = "drop-in")]
/// assert!(error.to_string().starts_with("config specs: not valid JSON at byte 0"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SpecsError {
    /// It could not be read.
    Platform(Error),
    /// It holds a rule table that this build cannot read.
    Table(TableError),
    /// Its chunks are no rule table.
    Chunks(ChunkError),
    /// The chunk of this number is not there (any more, or yet).
    MissingChunk(u8),
    /// The download was answered with this status.
    Status(u16),
    /// The Secret Store has no such secret, or it is no text.
    NoKey,
    /// The service accepts only signed tables, and this is not one, or is JSON.
    NotSigned,
    /// The table's signature was rejected.
    Signature(SignedError),
    /// The key that the table names could not be read.
    Key(KeyError),
    /// Its JSON is no payload.
    #[cfg(feature = "drop-in")]
    Compile(CompileError),
    /// It holds JSON, and this build reads rule tables only.
    JsonNotSupported,
    /// It was not asked: the configuration has more than [`MAX_SOURCES`](crate::MAX_SOURCES), and a later one took its place.
    TooManySources,
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
            SpecsError::Chunks(error) => error.write(out),
            SpecsError::MissingChunk(number) => {
                out.write_str("there is no chunk ")?;
                write_number((*number).into(), out)
            }
            SpecsError::Status(status) => {
                out.write_str("answered with status ")?;
                write_number((*status).into(), out)
            }
            SpecsError::NotSigned => {
                out.write_str("not signed: publish a table with --sign-key-id")
            }
            // In fewer words than their own, which services that ask for no signature would carry, too.
            SpecsError::Signature(error) => out.write_str(match error {
                SignedError::UnknownKey => "signed with a key that is not known here",
                SignedError::Malformed => "signature not readable",
                _ => "changed since it was signed, or signed with another secret",
            }),
            SpecsError::Key(error) => {
                out.write_str("key of the table: ")?;
                match error {
                    KeyError::Store(error) => error.write(out),
                    KeyError::Missing => out.write_str("not in the secret store"),
                    _ => out.write_str("too short"),
                }
            }
            SpecsError::NoKey => out.write_str("no key: the secret store has none of that name"),
            #[cfg(feature = "drop-in")]
            SpecsError::Compile(error) => write!(out, "{error}"),
            SpecsError::JsonNotSupported => out.write_str(
                "JSON, but this build reads rule tables only: publish a table, or build with the feature `drop-in`",
            ),
            SpecsError::TooManySources => {
                out.write_str("not asked: a configuration has room for four sources; leave one out")
            }
        }
    }
}

fn write_number(number: u64, out: &mut dyn fmt::Write) -> fmt::Result {
    out.write_str(core::str::from_utf8(Decimal::new(number).as_bytes()).unwrap_or_default())
}

impl fmt::Display for SpecsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for SpecsError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            SpecsError::Platform(error) => Some(error),
            SpecsError::Table(error) => Some(error),
            SpecsError::Chunks(error) => Some(error),
            SpecsError::Signature(error) => Some(error),
            SpecsError::Key(error) => Some(error),
            #[cfg(feature = "drop-in")]
            SpecsError::Compile(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for SpecsError {
    fn from(error: Error) -> Self {
        SpecsError::Platform(error)
    }
}

impl From<ChunkError> for SpecsError {
    fn from(error: ChunkError) -> Self {
        SpecsError::Chunks(error)
    }
}

/// A source that gave no specs.
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
/// use statsig_fastly::Source;
///
/// let config = Config::new().with_config_store("settings", "specs").with_kv_store("statsig", "specs");
/// let specs = Specs::load(&config);
/// // The first source has none; the second stands in for it.
/// assert_eq!(specs.failures()[0].source, Source::ConfigStore);
/// assert_eq!(specs.source(), Some(Source::KvStore));
/// # });
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// Which.
    pub source: Source,
    /// Why.
    pub error: SpecsError,
}
