//! A parameter store for a user (`evaluation.md` §5.6).

use alloc::string::String;
use core::fmt;

use statsig_edge::{JsonValue, Parameters, ReadError, Reason, User};

use crate::statsig::{Logging, Room, Statsig};
use crate::typed::owned_strings;

/// A parameter store. Reading a parameter checks what it refers to, and logs that check.
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
/// let staff = User::new().with_email("ada@example.com");
/// let shop = statsig.parameter_store(&staff, "shop");
/// assert!(shop.exists());
/// assert_eq!(shop.get_string("home", "/"), "/new");
/// assert_eq!(shop.get_string("footer", "none"), "none");
/// # });
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct ParameterStore<'a, 't> {
    pub(crate) statsig: &'a Statsig<'t>,
    pub(crate) user: &'a User<'a>,
    pub(crate) store: Option<statsig_edge::ParameterStore<'t>>,
    pub(crate) logging: Logging,
}

impl fmt::Debug for ParameterStore<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ParameterStore").field(&self.store).finish()
    }
}

impl<'t> ParameterStore<'_, 't> {
    /// Whether the specs know the store.
    pub fn exists(&self) -> bool {
        self.store.is_some()
    }

    /// The JSON text of a parameter for the user; `None` when the store lacks it or what it refers to has no value.
    pub fn get(&self, parameter: &str) -> Option<&'t str> {
        self.read(parameter, |value| Ok(value.as_str())).ok()
    }

    owned_strings!();
}

/// A read logs the check of what the parameter refers to; of a layer's parameter only if it succeeds.
impl<'t> Parameters<'t> for ParameterStore<'_, 't> {
    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let evaluator = self
            .statsig
            .evaluator()
            .ok_or(ReadError::NoAnswer(Reason::NoValues))?;
        let store = self
            .store
            .as_ref()
            .ok_or(ReadError::NoAnswer(Reason::Unrecognized))?;
        let mut scratch = Room::new();
        let mut sink = self.statsig.sink(self.user, self.logging);
        evaluator.read_store_parameter(self.user, store, name, scratch.view(), &mut sink, read)
    }
}
