//! Answers, as the service gets them. They borrow from the rule table alone, so they outlive the user and the check.

use alloc::string::String;

use statsig_edge::{Evaluation, JsonValue, Parameters, ReadError, Reason};

use crate::typed::owned_strings;

/// The answer to a gate check.
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
/// let gate = statsig.gate(&User::new().with_email("ada@example.com"), "new_home");
/// assert_eq!((gate.value(), gate.rule_id(), gate.version()), (true, "for_staff", Some(3)));
/// assert!(statsig.gate(&User::new(), "no_such_gate").value_or(true));
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gate<'t>(pub(crate) Evaluation<'t>);

/// The answer to a read of a dynamic config.
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
/// use statsig_edge::Parameters;
///
/// let banner = statsig.dynamic_config(&User::new(), "banner");
/// assert_eq!(banner.get_string("text", ""), "Café");
/// assert_eq!(banner.get_f64("ratio", 1.0), 0.5);
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DynamicConfig<'t>(pub(crate) Evaluation<'t>);

/// The answer to a read of an experiment.
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
/// let button = statsig.experiment(&User::new().with_user_id("u-1"), "button");
/// assert_eq!(button.group_name(), Some("Control"));
/// assert!(button.is_active() && button.is_user_in_experiment());
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Experiment<'t>(pub(crate) Evaluation<'t>);

macro_rules! common {
    ($($result:ident),*) => {$(
        impl<'t> $result<'t> {
            /// The whole record.
            pub fn evaluation(&self) -> &Evaluation<'t> {
                &self.0
            }

            /// Why the answer is what it is.
            pub fn reason(&self) -> Reason {
                self.0.reason
            }

            /// The rule id, empty when there is none; see [`Evaluation::write_rule_id`] for its suffix.
            pub fn rule_id(&self) -> &'t str {
                self.0.rule_id().unwrap_or_default()
            }

            /// The spec's id type, empty when there is no spec.
            pub fn id_type(&self) -> &'t str {
                self.0.id_type().unwrap_or_default()
            }

            /// The spec's version, if it has one.
            pub fn version(&self) -> Option<u32> {
                self.0.version
            }
        }
    )*};
}

common!(Gate, DynamicConfig, Experiment);

impl Gate<'_> {
    /// Whether the user passes. False also when the specs gave no answer: see [`Gate::value_or`].
    pub fn value(&self) -> bool {
        self.0.value
    }

    /// Whether the user passes, or `fallback` when the specs gave no answer: unknown name, unsupported, no specs.
    pub fn value_or(&self, fallback: bool) -> bool {
        if self.0.reason.is_answer() {
            self.0.value
        } else {
            fallback
        }
    }
}

macro_rules! config {
    ($($result:ident),*) => {$(
        impl<'t> $result<'t> {
            /// The value: JSON text of an object, `{}` when there is none.
            pub fn json(&self) -> &'t str {
                self.0.json().unwrap_or("{}")
            }

            /// The JSON text of a parameter; walks the object.
            pub fn parameter(&self, name: &str) -> Option<&'t str> {
                self.0.parameter(name)
            }

            owned_strings!();

            /// Whether a rule matched and passed.
            pub fn passed(&self) -> bool {
                self.0.value
            }
        }

        impl<'t> Parameters<'t> for $result<'t> {
            fn read<T>(
                &self,
                name: &str,
                read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
            ) -> Result<T, ReadError> {
                self.0.read(name, read)
            }
        }

        #[cfg(feature = "serde")]
        impl<'t> $result<'t> {
            /// The whole value as any type that serde reads.
            ///
            /// # Errors
            /// Those of [`Evaluation::parse_value`].
            pub fn parse_value<T: serde::Deserialize<'t>>(&self) -> Result<T, ReadError> {
                self.0.parse_value()
            }
        }
    )*};
}

config!(DynamicConfig, Experiment);

impl<'t> Experiment<'t> {
    /// The group's name, if the rule has one.
    pub fn group_name(&self) -> Option<&'t str> {
        self.0.group_name()
    }

    /// Whether the user is in a group of the experiment.
    pub fn is_user_in_experiment(&self) -> bool {
        self.0.is_experiment_group
    }

    /// Whether the experiment is running.
    pub fn is_active(&self) -> bool {
        self.0.is_experiment_active
    }
}
