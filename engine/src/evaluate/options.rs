//! What holds for all checks of a service.

use super::Overrides;
use crate::user::Attributes;

/// Settings for all checks of a service.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let mut scratch = Scratch::<8>::new();
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// use statsig_edge::{Attributes, LocalOverride, Options, OverrideValue, SpecKind, Value};
///
/// let everyone = [("region", Value::from("eu"))];
/// let overrides = [LocalOverride {
///     kind: SpecKind::Gate, name: "german", id: None, value: OverrideValue::Gate(true),
/// }];
/// let mut options = Options::default();
/// options.tier = Some("staging");
/// options.custom = Some(Attributes::from(&everyone));
/// options.overrides = overrides[..].into();
///
/// let evaluator = Evaluator::with_options(Table::open(&table)?, &World, options);
/// let mut scratch = Scratch::<8>::new();
/// assert!(evaluator.gate(&User::new(), "german", &mut scratch).value());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Options<'o> {
    /// The environment's tier, such as `production`; the user's own environment goes first (§2.6).
    pub tier: Option<&'o str>,
    /// Custom fields of every user, except those that have their own field of that name (§2.5).
    pub custom: Option<Attributes<'o>>,
    /// Answers that take precedence over the specs (§5.8).
    pub overrides: Overrides<'o>,
}
