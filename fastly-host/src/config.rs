//! What a service tells this crate, in code: where the specs are, where events go, what holds for every user.

use alloc::string::String;

use statsig_edge::{Attributes, LocalOverride, Options, Overrides, Table, TableError};

use crate::destination::Events;
use crate::id_lists::IdListSource;
use crate::origin::{Download, Origin};
use crate::signed_table::{Demand, TableKeys};
use crate::source::{Source, SpecsError};
use crate::specs::Specs;
use crate::status::write_status_header;
use crate::table_cache::{SHARED, Shared};

/// The configuration of a service. Everything is borrowed; making one costs nothing.
///
/// If all of it is known when the service is built, make it a `const`: then the compiler sees what is not configured, and leaves the
/// code for it out of the module.
///
/// ```
/// use statsig_fastly::{Config, Events, Key};
///
/// const CONFIG: Config<'static> = Config::new()
///     .with_kv_store("statsig", "statsig-specs")
///     .with_bootstrap(br#"{"has_updates": false}"#)
///     .with_events(Events::new("statsig-events", Key::Stored { store: "statsig", name: "server-key" }))
///     .with_tier("production");
/// # let _ = CONFIG;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Config<'c> {
    origins: [Option<Origin<'c>>; MAX_SOURCES],
    /// A source that had to make room for another.
    pub(crate) displaced: Option<Source>,
    pub(crate) shared: Option<&'static Shared>,
    verify: Option<Verify>,
    pub(crate) signed: Option<Demand<'c>>,
    pub(crate) max_age_s: u32,
    pub(crate) stale_s: u32,
    pub(crate) status_header: Option<(&'c str, StatusWriter)>,
    pub(crate) events: Option<Events<'c>>,
    tier: Option<&'c str>,
    custom: Option<Attributes<'c>>,
    overrides: Option<(&'c [LocalOverride<'c>], MakeOverrides)>,
    pub(crate) id_lists: Option<IdListSource<'c>>,
    #[cfg(feature = "drop-in")]
    table_max_age_s: u32,
}

/// The most sources that a configuration can have.
pub const MAX_SOURCES: usize = 4;

type Verify = fn(&Table<'_>) -> Result<(), TableError>;

/// Through a pointer, so that a module without overrides has not the code that finds them.
type MakeOverrides = for<'o> fn(&'o [LocalOverride<'o>]) -> Overrides<'o>;

type StatusWriter = fn(&Specs<'_>) -> String;

/// Whether HTTP has headers of this name (RFC 9110, "token").
pub(crate) const fn is_header_name(name: &str) -> bool {
    let mut rest = name.as_bytes();
    while let [byte, after @ ..] = rest {
        let symbol = matches!(
            byte,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        );
        if !symbol && !byte.is_ascii_alphanumeric() {
            return false;
        }
        rest = after;
    }
    !name.is_empty()
}

impl Default for Config<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'c> Config<'c> {
    /// No source of specs, no events.
    // Here and below: what is known when the service is built needs no code in it.
    #[inline(always)]
    pub const fn new() -> Self {
        Config {
            origins: [None; MAX_SOURCES],
            displaced: None,
            shared: None,
            verify: None,
            signed: None,
            max_age_s: 10,
            stale_s: 60,
            status_header: None,
            events: None,
            tier: None,
            custom: None,
            overrides: None,
            id_lists: None,
            #[cfg(feature = "drop-in")]
            table_max_age_s: 3_600,
        }
    }

    /// Reads the specs, a rule table or Statsig's JSON, from a KV Store, by the name of its resource link.
    ///
    /// Sources are asked in the order in which they are given here, until one has usable specs. There is room for
    /// [`MAX_SOURCES`]; one more takes the place of the last, which [`Specs::failures`]
    /// then names as [`SpecsError::TooManySources`].
    #[must_use]
    #[inline(always)]
    pub const fn with_kv_store(self, store: &'c str, key: &'c str) -> Self {
        self.with_origin(Origin::kv(store, key))
    }

    /// Reads the specs from a Config Store, by the name of its resource link: a table that the command-line tool put there in chunks, or
    /// Statsig's JSON of at most 8,000 characters.
    #[must_use]
    #[inline(always)]
    pub const fn with_config_store(self, store: &'c str, key: &'c str) -> Self {
        self.with_origin(Origin::config_store(store, key))
    }

    /// Downloads the specs from Statsig. Combine it with [`Config::with_core_cache`] or a reused sandbox: otherwise every request
    /// downloads them.
    #[must_use]
    #[inline(always)]
    pub const fn with_download(self, download: Download<'c>) -> Self {
        self.with_origin(Origin::download(download))
    }

    /// Specs that the service was built with, a rule table or Statsig's JSON: usually the last resort. They never replace others.
    #[must_use]
    #[inline(always)]
    pub const fn with_bootstrap(self, specs: &'c [u8]) -> Self {
        self.with_origin(Origin::bootstrap(specs))
    }

    #[inline(always)]
    const fn with_origin(mut self, origin: Origin<'c>) -> Self {
        let [first, second, third, last] = &mut self.origins;
        let place = match (first.is_none(), second.is_none(), third.is_none()) {
            (true, ..) => first,
            (_, true, _) => second,
            (.., true) => third,
            _ => last,
        };
        if let Some(displaced) = place {
            self.displaced = Some(displaced.source);
        }
        *place = Some(origin);
        self
    }

    /// The sources, in order.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &Origin<'c>> {
        self.origins.iter().flatten()
    }

    /// Keeps the table in force in the Core Cache, for all requests in the same place: while it is younger than
    /// [`Config::with_max_age`] no source is asked.
    #[must_use]
    #[inline(always)]
    pub const fn with_core_cache(mut self) -> Self {
        self.shared = Some(&SHARED);
        self
    }

    pub(crate) fn without_core_cache(mut self) -> Self {
        self.shared = None;
        self
    }

    /// For how many seconds specs in the Core Cache or in a reused sandbox are used without asking their source again; 10 by
    /// default. With neither of the two every request asks.
    #[must_use]
    #[inline(always)]
    pub const fn with_max_age(mut self, seconds: u32) -> Self {
        self.max_age_s = seconds;
        self
    }

    /// For how many seconds after `max_age` the old specs are still served, while one request asks the source when its response
    /// has been sent; 60 by default, 0 makes requests wait. If the source fails they are served for longer: old specs are better than none.
    #[must_use]
    #[inline(always)]
    pub const fn with_stale_while_revalidate(mut self, seconds: u32) -> Self {
        self.stale_s = seconds;
        self
    }

    /// Compares the checksum of every table that is read, which is one pass over it. Without this a store and the cache are trusted
    /// to give back what they were given; chunks are always checked.
    #[must_use]
    #[inline(always)]
    pub const fn with_checksums(mut self) -> Self {
        self.verify = Some(|table| table.verify());
        self
    }

    pub(crate) fn without_checksums(mut self) -> Self {
        self.verify = None;
        self
    }

    /// Accepts only rule tables that one of these keys has signed (`statsig-fastly publish --sign-key-id`), from every source except
    /// the bytes that the service was built with. Anything unsigned, Statsig's JSON too, is an error of its source, and the next source
    /// is asked.
    ///
    /// One pass of SHA-256 over each table that comes from a source, some 83 Wasm instructions a byte: with
    /// [`Config::with_core_cache`] or a reused sandbox few requests pay for it, since what lies there was checked.
    ///
    /// ```
    /// use statsig_fastly::{Config, TableKeys};
    ///
    /// let keys = TableKeys::Stored { store: "secrets", names: "tables-2026 tables-2025" };
    /// let config = Config::new()
    ///     .with_kv_store("statsig", "statsig-specs")
    ///     .with_signed_tables(keys)
    ///     .with_core_cache();
    /// # let _ = config;
    /// ```
    #[must_use]
    #[inline(always)]
    pub fn with_signed_tables(mut self, keys: TableKeys<'c>) -> Self {
        self.signed = Some(Demand::new(keys));
        self
    }

    /// Whether what a source has may be looked at any further.
    pub(crate) fn admit(&self, source: Source, bytes: &[u8]) -> Result<(), SpecsError> {
        match self.signed {
            Some(demand) if source != Source::Bootstrap => (demand.check)(demand.keys, bytes),
            _ => Ok(()),
        }
    }

    pub(crate) fn check(&self, table: &Table<'_>) -> Result<(), TableError> {
        self.verify.map_or(Ok(()), |verify| verify(table))
    }

    /// Adds a header of this name to every response of `handle` and `serve`: see [`write_status_header`](crate::write_status_header). A
    /// name that HTTP does not have, such as one with a blank or a colon, is left out: no response is lost for it.
    #[must_use]
    #[inline(always)]
    pub const fn with_status_header(mut self, name: &'c str) -> Self {
        let write: StatusWriter = |specs| {
            let mut value = String::new();
            write_status_header(specs, &mut value);
            value
        };
        self.status_header = match is_header_name(name) {
            true => Some((name, write)),
            false => None,
        };
        self
    }

    /// Answers `in_segment_list` from the ID lists that `statsig-fastly sync-id-lists` keeps in a KV Store under this
    /// prefix. Without it nobody is a member of any list (`evaluation.md` §4.11).
    #[must_use]
    #[inline(always)]
    pub const fn with_id_lists(mut self, store: &'c str, prefix: &'c str) -> Self {
        self.id_lists = Some(IdListSource::new(store, prefix));
        self
    }

    /// How long the table compiled from Statsig's JSON in the KV Store may be kept in the Core Cache; an hour by default,
    /// 0 for not at all. It says nothing about how old specs may be: a new value in the store has a table of its
    /// own at once.
    #[cfg(feature = "drop-in")]
    #[must_use]
    #[inline(always)]
    pub const fn with_table_max_age(mut self, seconds: u32) -> Self {
        self.table_max_age_s = seconds;
        self
    }

    #[cfg(feature = "drop-in")]
    pub(crate) fn table_max_age_s(&self) -> u32 {
        self.table_max_age_s
    }

    /// Whether compiled tables are kept by the value that they are of. Not when the table in force is: that is compiled rarely.
    #[cfg(feature = "drop-in")]
    pub(crate) fn keeps_compiled_tables(&self) -> bool {
        self.table_max_age_s > 0 && self.shared.is_none()
    }

    /// Sends exposures and events. Without it nothing is logged.
    #[must_use]
    #[inline(always)]
    pub const fn with_events(mut self, events: Events<'c>) -> Self {
        self.events = Some(events);
        self
    }

    /// The environment's tier, such as `production`; a user's own environment goes first (`evaluation.md` §2.6).
    #[must_use]
    #[inline(always)]
    pub const fn with_tier(mut self, tier: &'c str) -> Self {
        self.tier = Some(tier);
        self
    }

    /// Custom fields of every user, except those that have their own field of that name (§2.5).
    #[must_use]
    #[inline(always)]
    pub fn with_custom(mut self, custom: impl Into<Attributes<'c>>) -> Self {
        self.custom = Some(custom.into());
        self
    }

    /// Answers that take precedence over the specs, for one id or for everyone (§5.8).
    ///
    /// ```
    /// # #[cfg(feature = "drop-in")] {
    /// # use statsig_fastly::platform::fake::{self, Host, KvEntry};
    /// # use statsig_fastly::{Config, Specs, Statsig};
    /// # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
    /// # let host = Host { now_ms: 1_767_225_660_000, ..Host::default() }.kv("statsig", "specs", KvEntry::new(specs));
    /// # let (_, record) = fake::with(host, || {
    /// use statsig_edge::{LocalOverride, OverrideValue, SpecKind, User};
    ///
    /// let for_testers = [LocalOverride {
    ///     kind: SpecKind::Gate, name: "staff", id: Some("tester-1"), value: OverrideValue::Gate(true),
    /// }];
    /// let config = Config::new().with_kv_store("statsig", "specs").with_overrides(&for_testers);
    /// let specs = Specs::load(&config);
    /// let statsig = Statsig::new(&config, &specs);
    /// assert!(statsig.check_gate(&User::new().with_user_id("tester-1"), "staff"));
    /// assert!(!statsig.check_gate(&User::new().with_user_id("u-2"), "staff"));
    /// # });
    /// # }
    /// ```
    #[must_use]
    #[inline(always)]
    pub const fn with_overrides(mut self, overrides: &'c [LocalOverride<'c>]) -> Self {
        self.overrides = Some((overrides, |list| list.into()));
        self
    }

    /// What the engine is to be told.
    pub(crate) fn options(&self) -> Options<'c> {
        let mut options = Options::default();
        options.tier = self.tier;
        options.custom = self.custom;
        if let Some((list, make)) = self.overrides {
            options.overrides = make(list);
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::Key;
    use alloc::format;

    #[test]
    fn a_status_header_has_a_name_that_http_has() {
        for (name, has) in [
            ("x-statsig", true),
            ("X_Statsig.1", true),
            ("", false),
            ("x statsig", false),
            ("x-statsig:", false),
            ("x\r\n", false),
            ("\u{e9}tat", false),
        ] {
            let config = Config::new().with_status_header(name);
            assert_eq!(config.status_header.is_some(), has, "{name}");
            #[cfg(feature = "fastly")]
            assert_eq!(
                name.parse::<fastly::http::HeaderName>().is_ok(),
                has,
                "{name}"
            );
        }
    }

    #[test]
    fn keys_are_not_shown() {
        for key in [Key::Secret("secret-abc"), Key::Client("client-abc")] {
            let config = Config::new().with_events(Events::new("b", key));
            assert!(!format!("{config:?}{key:?}").contains("abc"));
        }
    }
}
