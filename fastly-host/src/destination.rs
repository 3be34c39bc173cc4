//! Where events go (`evaluation.md` §6.1): to Statsig through a backend, to a log endpoint of the service, or to the
//! backend first and to the log endpoint with what the backend did not take.
//!
//! Nothing of a way that no code of the service asks for is in its module: the functions that know the way are named in
//! the constructors here and nowhere else. So a service without events has no encoder, one with a server key knows
//! nothing of client keys, and one without a log endpoint nothing of log lines.

use core::fmt;

use crate::events::{Recorder, Recording};
use crate::log_lines;
use crate::post::{self, Round};

/// Where Statsig takes events, unless [`Events::with_base_uri`] says otherwise.
pub const EVENTS_BASE_URI: &str = "https://prodregistryv2.org";

/// The longest line that is written to a log endpoint, in bytes, unless [`Events::with_line_limit`] says otherwise.
///
/// This is a choice of this crate: of Fastly's documentation neither the lists of resource limits (of Compute, of the network services) nor
/// the pages about logging and the SDK's `log` name a limit. What is behind the endpoint usually has one, and may be stricter or wider:
/// the line limit should be its own. An event with its user takes about 1,000 bytes.
pub const LOG_LINE_LIMIT: usize = 16_384;

/// Where events go (§6.1).
///
/// ```
/// use statsig_fastly::{Events, Key};
///
/// let events = Events::new("statsig-events", Key::Secret("secret-k")).with_log_endpoint("lost-events");
/// // Keys stay out of logs.
/// assert!(!format!("{events:?}").contains("secret-k"));
/// ```
#[derive(Clone, Copy)]
pub struct Events<'c> {
    pub(crate) backend: Option<Backend<'c>>,
    pub(crate) log: Option<LogEndpoint<'c>>,
    pub(crate) line_limit: usize,
    /// What turns checks into events: named here so that a service without events has it not.
    pub(crate) recorder: &'static dyn Recorder,
}

/// The way to Statsig.
#[derive(Clone, Copy)]
pub(crate) struct Backend<'c> {
    pub(crate) name: &'c str,
    pub(crate) key: Key<'c>,
    pub(crate) base_uri: &'c str,
    /// Makes one attempt for each batch that still wants one.
    pub(crate) attempt: Attempt,
}

/// One attempt at sending.
pub(crate) type Attempt = fn(&Backend<'_>, &mut Round<'_>);

/// A log endpoint of the service.
#[derive(Clone, Copy)]
pub(crate) struct LogEndpoint<'c> {
    pub(crate) name: &'c str,
    /// Writes a batch.
    pub(crate) hand_over: log_lines::HandOver,
}

impl<'c> Events<'c> {
    /// Posts events to Statsig, through the backend of this name.
    ///
    /// How long an answer is waited for is the backend's own configuration, and nothing else bounds it: `connect_timeout`, `first_byte_timeout`
    /// and `between_bytes_timeout`, on Fastly 1 s, 15 s and 10 s unless told otherwise. All batches wait together, and each has two
    /// attempts; so a backend that takes requests and says nothing holds a sandbox for twice its `first_byte_timeout`, after the
    /// response. Ten seconds are plenty.
    #[inline(always)]
    pub const fn new(backend: &'c str, key: Key<'c>) -> Self {
        Events {
            backend: Some(Backend {
                name: backend,
                key,
                base_uri: EVENTS_BASE_URI,
                attempt: match key {
                    Key::Secret(_) => post::with_secret as Attempt,
                    Key::Stored { .. } => post::with_stored_secret,
                    Key::Client(_) => post::with_client_key,
                },
            }),
            log: None,
            line_limit: LOG_LINE_LIMIT,
            recorder: &Recording,
        }
    }

    /// Writes all events to the log endpoint of this name and posts none to Statsig: no request, no key; the platform batches the lines
    /// of all requests. Whatever reads the log has to pass them on.
    ///
    /// Each line is the whole body of a `log_event` request, with as many events as fit.
    #[inline(always)]
    pub const fn to_log_endpoint(name: &'c str) -> Self {
        Events {
            backend: None,
            log: None,
            line_limit: LOG_LINE_LIMIT,
            recorder: &Recording,
        }
        .with_log_endpoint(name)
    }

    /// Hands events that Statsig does not take over to the log endpoint of this name, in lines as
    /// [`Self::to_log_endpoint`] writes them, to be posted later.
    #[must_use]
    #[inline(always)]
    pub const fn with_log_endpoint(mut self, name: &'c str) -> Self {
        self.log = Some(LogEndpoint {
            name,
            hand_over: log_lines::hand_over,
        });
        self
    }

    /// The longest line that the log endpoint takes, in bytes. An event that is longer is dropped and counted.
    #[must_use]
    pub const fn with_line_limit(mut self, bytes: usize) -> Self {
        self.line_limit = bytes;
        self
    }

    /// Another scheme and host, without a slash at the end, for a proxy. It says that it has taken the events as Statsig does, with a 2xx and
    /// the body `{"success":true}`, or with 204.
    #[must_use]
    pub const fn with_base_uri(mut self, uri: &'c str) -> Self {
        if let Some(backend) = &mut self.backend {
            backend.base_uri = uri;
        }
        self
    }

    /// Whether the count of unexposed checks is an object, as clients say it (§6.4).
    pub(crate) fn counts_are_objects(&self) -> bool {
        let backend = self.backend.as_ref();
        backend.is_some_and(|backend| matches!(backend.key, Key::Client(_)))
    }
}

impl fmt::Debug for Events<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backend = self.backend.as_ref();
        f.debug_struct("Events")
            .field("backend", &backend.map(|backend| backend.name))
            .field("key", &backend.map(|backend| backend.key))
            .field("base_uri", &backend.map(|backend| backend.base_uri))
            .field("log_endpoint", &self.log.as_ref().map(|log| log.name))
            .field("line_limit", &self.line_limit)
            .finish()
    }
}

/// The project's key for events. `Debug` does not show it.
///
/// ```
/// use statsig_fastly::Key;
///
/// let key = Key::Stored { store: "statsig", name: "server-key" };
/// assert_eq!(format!("{key:?}"), "Stored(..)");
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Key<'c> {
    /// A server secret key: `/v1/log_event` with the key in a header.
    Secret(&'c str),
    /// A server secret key in a Secret Store, read when events are sent.
    Stored {
        /// The name of the store's resource link.
        store: &'c str,
        /// The secret's name.
        name: &'c str,
    },
    /// A client key: `/v1/rgstr` with the key in the query.
    Client(&'c str),
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Key::Secret(_) => "Secret(..)",
            Key::Stored { .. } => "Stored(..)",
            Key::Client(_) => "Client(..)",
        })
    }
}
