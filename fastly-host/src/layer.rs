//! A layer, whose parameters are exposed as they are read (`evaluation.md` §5.5).

use alloc::string::String;
use core::fmt;

use statsig_edge::{Evaluation, JsonValue, Parameters, ReadError, Reason, User};

use crate::statsig::{Logging, Statsig};
use crate::typed::owned_strings;

/// The answer to a read of a layer.
///
/// Reading a parameter that the layer has, and in the typed forms one of that type, logs its exposure.
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
/// use statsig_edge::{Parameters, Scratch};
/// use statsig_fastly::{Events, Key};
///
/// let config = Config::new().with_kv_store("statsig", "specs").with_events(Events::new("events", Key::Secret("secret-k")));
/// let specs = Specs::load(&config);
/// let statsig = Statsig::new(&config, &specs);
/// let user = User::new().with_user_id("u-2");
/// let mut scratch = Scratch::<16>::new();
/// let checkout = statsig.layer(&user, "checkout", &mut scratch);
/// assert_eq!(checkout.get_string("colour", "grey"), "green");
/// assert_eq!(checkout.get_i64("colour", 0), 0); // of another type: no exposure
/// assert_eq!(statsig.flush().logged, 1);
/// # });
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Layer<'a, 's, 't, 'n> {
    pub(crate) statsig: &'a Statsig<'t>,
    pub(crate) user: &'a User<'a>,
    pub(crate) name: &'n str,
    pub(crate) layer: Option<statsig_edge::Layer<'s, 't, 'n>>,
    pub(crate) logging: Logging,
}

impl fmt::Debug for Layer<'_, '_, '_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("name", &self.name)
            .field("layer", &self.layer)
            .finish_non_exhaustive()
    }
}

impl<'s, 't, 'n> Layer<'_, 's, 't, 'n> {
    /// The engine's answer, which logs nothing; `None` without specs.
    pub fn answer(&self) -> Option<&statsig_edge::Layer<'s, 't, 'n>> {
        self.layer.as_ref()
    }

    /// The whole record.
    pub fn evaluation(&self) -> Evaluation<'t> {
        self.layer
            .map_or_else(Evaluation::no_values, |layer| *layer.evaluation())
    }

    /// The experiment that answers for the layer, if one does.
    pub fn allocated_experiment(&self) -> Option<&'t str> {
        self.layer?.allocated_experiment()
    }

    /// The group's name, if the rule has one.
    pub fn group_name(&self) -> Option<&'t str> {
        self.layer?.group_name()
    }

    /// The JSON text of a parameter.
    pub fn get(&self, parameter: &str) -> Option<&'t str> {
        self.read(parameter, |value| Ok(value.as_str())).ok()
    }

    owned_strings!();
}

/// A read that succeeds logs the parameter's exposure.
impl<'t> Parameters<'t> for Layer<'_, '_, 't, '_> {
    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let layer = self.layer.ok_or(ReadError::NoAnswer(Reason::NoValues))?;
        layer.read_exposed(name, read, |exposure| {
            self.statsig
                .settle(self.user, self.name, exposure, self.logging);
        })
    }
}
