//! Answers read as a gate, a dynamic config, an experiment or a layer (`evaluation.md` §5.2 to §5.5).

mod layer;

pub use layer::{Layer, LayerParameter};

use heapless::VecView;

use super::{JsonValue, Parameters, ReadError};
use crate::evaluation::{Evaluation, Reason};
use crate::exposure::{Exposure, ScratchView, SecondaryExposure};

/// The answer to a gate check.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let staff = User::new().with_email("ada@example.com");
/// let gate = evaluator.gate(&staff, "new_home", &mut scratch);
/// assert!(gate.value());
/// assert_eq!((gate.name(), gate.rule_id(), gate.id_type()), ("new_home", "for_staff", "userID"));
/// assert_eq!(gate.secondary_exposures().len(), 1);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Gate<'s, 't, 'n> {
    name: &'n str,
    pub(super) evaluation: &'s Evaluation<'t>,
    secondary: &'s VecView<SecondaryExposure<'t>>,
}

/// The answer to a read of a dynamic config.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::{Parameters, Reason, ReadError};
///
/// let banner = evaluator.dynamic_config(&User::new(), "banner", &mut scratch);
/// assert!(banner.get_bool("dark", false));
/// assert_eq!(banner.parameter("links"), Some(r#"["/a","/b"]"#));
///
/// let unknown = evaluator.dynamic_config(&User::new(), "no_such_config", &mut scratch);
/// assert_eq!(unknown.json(), "{}");
/// assert_eq!(unknown.read_bool("dark"), Err(ReadError::NoAnswer(Reason::Unrecognized)));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DynamicConfig<'s, 't, 'n> {
    name: &'n str,
    pub(super) evaluation: &'s Evaluation<'t>,
    secondary: &'s VecView<SecondaryExposure<'t>>,
}

/// The answer to a read of an experiment.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let button = evaluator.experiment(&User::new().with_user_id("u-2"), "button", &mut scratch);
/// assert_eq!((button.group_name(), button.rule_id()), (Some("Test"), "test"));
/// let evaluation = button.evaluation();
/// assert!(evaluation.is_experiment_active && evaluation.is_experiment_group);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Experiment<'s, 't, 'n> {
    name: &'n str,
    pub(super) evaluation: &'s Evaluation<'t>,
    secondary: &'s VecView<SecondaryExposure<'t>>,
}

macro_rules! common {
    (@new Layer $name:ident $scratch:ident) => {
        Layer {
            name: $name,
            evaluation: $scratch.record,
            secondary: $scratch.lists.exposures,
            parts: $scratch.lists.parts,
        }
    };
    (@new $result:ident $name:ident $scratch:ident) => {
        $result {
            name: $name,
            evaluation: $scratch.record,
            secondary: $scratch.lists.exposures,
        }
    };
    ($($result:ident),*) => {$(
        impl<'s, 't, 'n> $result<'s, 't, 'n> {
            /// What a check has left in the scratch.
            #[inline(always)]
            pub(super) fn of(name: &'n str, scratch: ScratchView<'s, 't>) -> Self {
                common!(@new $result name scratch)
            }

            /// The name that was asked for.
            pub fn name(&self) -> &'n str {
                self.name
            }

            /// The whole record.
            pub fn evaluation(&self) -> &'s Evaluation<'t> {
                self.evaluation
            }

            /// Why the answer is what it is.
            pub fn reason(&self) -> Reason {
                self.evaluation.reason
            }

            /// The rule id, empty when there is none. See [`Evaluation::write_rule_id`] for its suffix.
            pub fn rule_id(&self) -> &'t str {
                self.evaluation.rule_id().unwrap_or_default()
            }

            /// The spec's id type, empty when there is no spec.
            pub fn id_type(&self) -> &'t str {
                self.evaluation.id_type().unwrap_or_default()
            }

            /// The gates evaluated on the way, inner ones first, repeats included.
            pub fn secondary_exposures(&self) -> &'s [SecondaryExposure<'t>] {
                self.secondary
            }

            /// Those of them that do not come from a delegate.
            pub fn undelegated_secondary_exposures(
                &self,
            ) -> impl Iterator<Item = &'s SecondaryExposure<'t>> + use<'s, 't> {
                self.secondary.iter().filter(|exposure| !exposure.delegated)
            }
        }
    )*};
}

common!(Gate, DynamicConfig, Experiment, Layer);

impl<'t> Gate<'_, 't, '_> {
    /// Whether the user passes. False for a name that the specs do not know: see [`Gate::value_or`].
    pub fn value(&self) -> bool {
        self.evaluation.value
    }

    /// Whether the user passes, or `fallback` when the specs gave no answer: unknown name, unsupported, no specs.
    pub fn value_or(&self, fallback: bool) -> bool {
        if self.evaluation.reason.is_answer() {
            self.evaluation.value
        } else {
            fallback
        }
    }

    /// The exposure of this check.
    pub fn exposure(&self) -> Exposure<'_, 't> {
        Exposure::Gate {
            name: self.name,
            evaluation: self.evaluation,
            secondary: self.secondary,
        }
    }
}

macro_rules! config {
    ($($result:ident),*) => {$(
        impl<'t> $result<'_, 't, '_> {
            /// The value: JSON text of an object, `{}` when there is none.
            pub fn json(&self) -> &'t str {
                self.evaluation.json().unwrap_or("{}")
            }

            /// The JSON text of a parameter.
            pub fn parameter(&self, name: &str) -> Option<&'t str> {
                self.evaluation.parameter(name)
            }

            /// Whether a rule matched and passed.
            pub fn passed(&self) -> bool {
                self.evaluation.value
            }

            /// The group's name, if the rule has one.
            pub fn group_name(&self) -> Option<&'t str> {
                self.evaluation.group_name()
            }

            /// The exposure of this read.
            pub fn exposure(&self) -> Exposure<'_, 't> {
                Exposure::Config {
                    name: self.name,
                    evaluation: self.evaluation,
                    secondary: self.secondary,
                }
            }
        }
    )*};
}

config!(DynamicConfig, Experiment);

macro_rules! parameters {
    ($($result:ident),*) => {$(
        impl<'t> Parameters<'t> for $result<'_, 't, '_> {
            fn read<T>(
                &self,
                name: &str,
                read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
            ) -> Result<T, ReadError> {
                self.evaluation.read(name, read)
            }
        }
    )*};
}

parameters!(DynamicConfig, Experiment);
