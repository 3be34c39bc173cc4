//! What a service tells this crate, in code: where the specs are, where events go, what holds for every user.

use core::fmt;

use statsig_edge::{Attributes, LocalOverride, Options};

/// Where Statsig takes events, unless [`Events::with_base_uri`] says otherwise.
pub const EVENTS_BASE_URI: &str = "https://prodregistryv2.org";

/// The configuration of a service. Everything is borrowed; making one costs nothing.
///
/// ```
/// use statsig_fastly::{Config, Events, Key};
///
/// let config = Config::new()
///     .with_kv_store("statsig", "statsig-specs")
///     .with_bootstrap(br#"{"has_updates": false}"#)
///     .with_events(Events::new("statsig-events", Key::Stored { store: "statsig", name: "server-key" }))
///     .with_tier("production");
/// # let _ = config;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Config<'c> {
    pub(crate) kv: Option<KvItem<'c>>,
    pub(crate) bootstrap: Option<&'c [u8]>,
    pub(crate) events: Option<Events<'c>>,
    pub(crate) options: Options<'c>,
    #[cfg(feature = "drop-in")]
    pub(crate) table_max_age_s: Option<u32>,
}

/// An item of a KV Store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KvItem<'c> {
    pub(crate) store: &'c str,
    pub(crate) key: &'c str,
}

impl<'c> Config<'c> {
    /// No source of specs, no events.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the specs, a rule table or Statsig's JSON, from a KV Store, by the name of its resource link.
    #[must_use]
    pub fn with_kv_store(mut self, store: &'c str, key: &'c str) -> Self {
        self.kv = Some(KvItem { store, key });
        self
    }

    /// Specs to use when the store gives none: a rule table or Statsig's JSON.
    #[must_use]
    pub fn with_bootstrap(mut self, specs: &'c [u8]) -> Self {
        self.bootstrap = Some(specs);
        self
    }

    /// How long the table compiled from Statsig's JSON in the KV Store may be kept in the Core Cache; an hour unless given,
    /// 0 does without the cache. It says nothing about how old specs may be: a new value in the store has a table of its
    /// own at once.
    #[cfg(feature = "drop-in")]
    #[must_use]
    pub fn with_table_max_age(mut self, seconds: u32) -> Self {
        self.table_max_age_s = Some(seconds);
        self
    }

    #[cfg(feature = "drop-in")]
    pub(crate) fn table_max_age_s(&self) -> u32 {
        self.table_max_age_s.unwrap_or(3_600)
    }

    /// Sends exposures and events. Without it nothing is logged.
    #[must_use]
    pub fn with_events(mut self, events: Events<'c>) -> Self {
        self.events = Some(events);
        self
    }

    /// The environment's tier, such as `production`; a user's own environment goes first (`evaluation.md` §2.6).
    #[must_use]
    pub fn with_tier(mut self, tier: &'c str) -> Self {
        self.options.tier = Some(tier);
        self
    }

    /// Custom fields that every user has unless it has its own of that name (§2.5).
    #[must_use]
    pub fn with_custom(mut self, custom: impl Into<Attributes<'c>>) -> Self {
        self.options.custom = Some(custom.into());
        self
    }

    /// Answers that go before the specs, for one id or for everyone (§5.8).
    #[must_use]
    pub fn with_overrides(mut self, overrides: &'c [LocalOverride<'c>]) -> Self {
        self.options.overrides = overrides;
        self
    }
}

/// Where events go (§6.1).
#[derive(Clone, Copy, Debug)]
pub struct Events<'c> {
    pub(crate) backend: &'c str,
    pub(crate) key: Key<'c>,
    pub(crate) base_uri: &'c str,
}

impl<'c> Events<'c> {
    /// Events through the backend of this name, to Statsig.
    pub fn new(backend: &'c str, key: Key<'c>) -> Self {
        Events {
            backend,
            key,
            base_uri: EVENTS_BASE_URI,
        }
    }

    /// Another scheme and host, without a slash at the end, for a proxy.
    #[must_use]
    pub fn with_base_uri(mut self, uri: &'c str) -> Self {
        self.base_uri = uri;
        self
    }
}

/// The project's key for events. `Debug` does not show it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn keys_are_not_shown() {
        for key in [Key::Secret("secret-abc"), Key::Client("client-abc")] {
            let config = Config::new().with_events(Events::new("b", key));
            assert!(!format!("{config:?}{key:?}").contains("abc"));
        }
    }
}
