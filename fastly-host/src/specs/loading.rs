//! Specs on their way, while the request is taken.

use super::Specs;
use crate::config::Config;
use crate::source::SpecsError;

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

    /// Waits for the first source; if its specs are unusable, the next source is asked.
    pub fn finish(self) -> Specs<'c> {
        let mut specs = Specs::none();
        specs.begin_failures(self.config);
        match self.config.shared {
            Some(shared) => (shared.load)(&mut specs, self.config),
            None => specs.first(self.config, self.begun),
        }
        specs
    }
}
