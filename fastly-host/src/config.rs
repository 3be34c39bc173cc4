//! What a service tells this crate, in code: where the specs are, where events go, what holds for every user.

use statsig_edge::{Attributes, LocalOverride, Options};

use crate::destination::Events;
use crate::id_lists::IdListSource;

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
    pub(crate) id_lists: Option<IdListSource<'c>>,
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

    /// Answers `in_segment_list` from the ID lists that `statsig-fastly sync-id-lists` keeps in a KV Store under this
    /// prefix. Without it nobody is a member of any list (`evaluation.md` §4.11).
    #[must_use]
    pub fn with_id_lists(mut self, store: &'c str, prefix: &'c str) -> Self {
        self.id_lists = Some(IdListSource::new(store, prefix));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::Key;
    use alloc::format;

    #[test]
    fn keys_are_not_shown() {
        for key in [Key::Secret("secret-abc"), Key::Client("client-abc")] {
            let config = Config::new().with_events(Events::new("b", key));
            assert!(!format!("{config:?}{key:?}").contains("abc"));
        }
    }
}
