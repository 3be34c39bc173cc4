//! Evaluating specs in place (`evaluation.md` §3).

mod cmab;
mod condition;
mod equality;
mod groups;
mod layer;
mod list;
mod local_override;
mod mapping;
mod operator;
#[cfg(feature = "serde")]
mod parse;
mod percentage;
mod results;
mod run;
mod spec;
mod sticky;
mod store;
mod texts;
mod typed;
mod value;

pub(crate) use equality::eq;
pub use groups::{ExperimentGroup, ExperimentGroups};
pub use local_override::{LocalOverride, OverrideValue, Overrides};

#[cfg(feature = "serde")]
pub use parse::MAX_PARSED_TEXT;
pub use results::{DynamicConfig, Experiment, Gate, Layer, LayerParameter};
pub use sticky::{StickyChange, StickyOptions, Stored};
pub use store::StoreParameter;
pub use typed::{Parameters, ReadError};
pub use value::{JsonType, JsonValue, Text};

use crate::environment::Environment;
use crate::evaluation::{Evaluation, EvaluationError};
use crate::explain::Trace;
use crate::exposure::{ExposureSink, Lists, Scratch, ScratchView};
use crate::table::spec::SpecRow;
use crate::table::{SpecKind, Table};
use crate::user::{Attributes, User};
use list::Subjects;
use run::Run;

/// The deepest nesting of gates, delegates and experiment groups, and separately of mappings: the same as in Statsig's core.
///
/// See [`EvaluationError::DepthExceeded`] for the answer beyond it.
pub const MAX_DEPTH: u32 = 64;

/// The most specs that one answer may evaluate: with [`MAX_STEPS`] it bounds the time that a crafted table can take.
pub const MAX_EVALUATIONS: u32 = 10_000;

/// The most steps of one answer. A spec is a hundred steps; a rule of it, a condition, a gate that a condition names, a mapping's rule, a
/// bandit's weight, a parameter that is compared with another experiment's is one; what walks a condition's target costs a step for
/// every 512 pairs of bytes that it may compare, and a search for a pattern's text a thousand.
pub const MAX_STEPS: u32 = MAX_EVALUATIONS * STEPS_OF_SPEC;

/// Steps of a spec without its rules.
const STEPS_OF_SPEC: u32 = 100;

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

/// Answers checks from a table.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
///
/// struct Clock;
/// impl Environment for Clock {
///     fn now_ms(&self) -> i64 { 1_700_000_000_000 }
/// }
///
/// let json = br#"{"has_updates": true, "time": 1, "layer_configs": {}, "dynamic_configs": {},
///   "experiment_to_layer": {}, "condition_map": {"1": {"type": "public", "idType": "userID"}},
///   "feature_gates": {"new_home": {"type": "feature_gate", "entity": "feature_gate", "salt": "s",
///     "enabled": true, "defaultValue": false, "idType": "userID", "rules": [{"name": "r", "id": "r",
///     "passPercentage": 100, "conditions": ["1"], "returnValue": true, "idType": "userID"}]}}}"#;
/// let compiled = compile(json)?;
/// let table = Table::open(&compiled.table)?;
/// let evaluator = Evaluator::new(table, &Clock);
/// let mut scratch = Scratch::<32>::new();
/// let gate = evaluator.gate(&User::new().with_user_id("u-1"), "new_home", &mut scratch);
/// assert!(gate.value());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Evaluator<'t, 'e, E> {
    table: Table<'t>,
    environment: &'e E,
    options: Options<'t>,
    app: App<'e>,
}

/// The app that `target_app` conditions see (§4.1).
#[derive(Clone, Copy, Debug)]
pub(crate) enum App<'a> {
    /// The payload's.
    Payload,
    /// The one selected for a client, which may be none (§5.9).
    #[cfg_attr(not(feature = "bootstrap"), allow(dead_code))] // only bootstrap selects
    Selected(Option<&'a str>),
}

impl<'t, 'e, E: Environment> Evaluator<'t, 'e, E> {
    /// An evaluator with default options.
    pub fn new(table: Table<'t>, environment: &'e E) -> Self {
        Self::with_options(table, environment, Options::default())
    }

    /// An evaluator.
    pub fn with_options(table: Table<'t>, environment: &'e E, options: Options<'t>) -> Self {
        Evaluator {
            table,
            environment,
            options,
            app: App::Payload,
        }
    }

    /// The configured tier, else the payload's default (§2.6).
    #[cfg(feature = "bootstrap")]
    pub(crate) fn tier(&self) -> Option<&'t str> {
        let meta = self.table.meta();
        self.options
            .tier
            .or_else(|| meta.and_then(|meta| meta.default_environment()))
    }

    /// The same, without local overrides.
    #[cfg(feature = "bootstrap")]
    pub(crate) fn without_overrides(mut self) -> Self {
        self.options.overrides = Overrides::default();
        self
    }

    /// The same, with the app of a client in `target_app` conditions.
    #[cfg(feature = "bootstrap")]
    pub(crate) fn with_app<'a>(&self, app: Option<&'a str>) -> Evaluator<'t, 'a, E>
    where
        'e: 'a,
    {
        Evaluator {
            app: App::Selected(app),
            ..*self
        }
    }

    #[cfg(feature = "bootstrap")]
    pub(crate) fn options(&self) -> &Options<'t> {
        &self.options
    }

    #[cfg(feature = "bootstrap")]
    pub(crate) fn random(&self) -> f64 {
        self.environment.random()
    }

    /// The table.
    pub fn table(&self) -> Table<'t> {
        self.table
    }

    /// Checks a gate, a segment or a holdout (§5.2). An unknown name is [`Reason::Unrecognized`](crate::Reason::Unrecognized) and false.
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// // SHA-256 draws 2584 of 10,000 for u-2, and 5994 for u-1; the rule passes those below 5000.
    /// assert!(evaluator.gate(&User::new().with_user_id("u-2"), "new_home", &mut scratch).value());
    /// assert!(!evaluator.gate(&User::new().with_user_id("u-1"), "new_home", &mut scratch).value());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn gate<'s, 'n, const X: usize, const P: usize>(
        &self,
        user: &User<'_>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Gate<'s, 't, 'n> {
        self.gate_with(user, name, scratch.view(), &mut ())
    }

    /// Reads a dynamic config (§5.3).
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// use statsig_edge::Parameters;
    ///
    /// let banner = evaluator.dynamic_config(&User::new(), "banner", &mut scratch);
    /// assert_eq!(banner.get_i64("width", 100), 80);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dynamic_config<'s, 'n, const X: usize, const P: usize>(
        &self,
        user: &User<'_>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> DynamicConfig<'s, 't, 'n> {
        self.dynamic_config_with(user, name, scratch.view(), &mut ())
    }

    /// Reads an experiment (§5.4).
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// // Buckets 216 and 900 of 1,000; the control group has those below 500.
    /// let button = evaluator.experiment(&User::new().with_user_id("u-1"), "button", &mut scratch);
    /// assert_eq!((button.group_name(), button.parameter("colour")), (Some("Control"), Some(r#""blue""#)));
    /// let button = evaluator.experiment(&User::new().with_user_id("u-2"), "button", &mut scratch);
    /// assert_eq!((button.group_name(), button.parameter("colour")), (Some("Test"), Some(r#""green""#)));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn experiment<'s, 'n, const X: usize, const P: usize>(
        &self,
        user: &User<'_>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Experiment<'s, 't, 'n> {
        self.experiment_with(user, name, scratch.view(), &mut ())
    }

    /// Reads a layer (§5.5). Its exposures are made by reading parameters.
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// let checkout = evaluator.layer(&User::new().with_user_id("u-1"), "checkout", &mut scratch);
    /// assert_eq!(checkout.allocated_experiment(), Some("button"));
    /// let colour = checkout.parameter("colour").ok_or("no parameter")?;
    /// assert_eq!(colour.json, r#""blue""#);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn layer<'s, 'n, const X: usize, const P: usize>(
        &self,
        user: &User<'_>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Layer<'s, 't, 'n> {
        self.layer_with(user, name, scratch.view(), &mut ())
    }

    /// [`Self::gate`], with a sink for the exposures that count as checks of their own.
    pub fn gate_with<'s, 'n>(
        &self,
        user: &User<'_>,
        name: &'n str,
        mut scratch: ScratchView<'s, 't>,
        sink: &mut dyn ExposureSink,
    ) -> Gate<'s, 't, 'n> {
        self.check(SpecKind::Gate, user, name, &mut scratch, sink, &mut ());
        Gate::of(name, scratch)
    }

    /// [`Self::dynamic_config`], with a sink for the exposures that count as checks of their own.
    pub fn dynamic_config_with<'s, 'n>(
        &self,
        user: &User<'_>,
        name: &'n str,
        mut scratch: ScratchView<'s, 't>,
        sink: &mut dyn ExposureSink,
    ) -> DynamicConfig<'s, 't, 'n> {
        self.check(
            SpecKind::DynamicConfig,
            user,
            name,
            &mut scratch,
            sink,
            &mut (),
        );
        DynamicConfig::of(name, scratch)
    }

    /// [`Self::experiment`], with a sink for the exposures that count as checks of their own.
    pub fn experiment_with<'s, 'n>(
        &self,
        user: &User<'_>,
        name: &'n str,
        mut scratch: ScratchView<'s, 't>,
        sink: &mut dyn ExposureSink,
    ) -> Experiment<'s, 't, 'n> {
        self.check(
            SpecKind::Experiment,
            user,
            name,
            &mut scratch,
            sink,
            &mut (),
        );
        Experiment::of(name, scratch)
    }

    /// [`Self::layer`], with a sink for the exposures that count as checks of their own.
    pub fn layer_with<'s, 'n>(
        &self,
        user: &User<'_>,
        name: &'n str,
        mut scratch: ScratchView<'s, 't>,
        sink: &mut dyn ExposureSink,
    ) -> Layer<'s, 't, 'n> {
        self.check(SpecKind::Layer, user, name, &mut scratch, sink, &mut ());
        Layer::of(name, scratch)
    }

    /// Evaluates as a check of that kind does, and tells `trace` every step on the way (rules, conditions, the values
    /// compared, buckets drawn). Checks without a trace pay nothing for it.
    ///
    /// See [`explain`](crate::explain) for an example.
    pub fn explain<const X: usize, const P: usize>(
        &self,
        kind: SpecKind,
        user: &User<'_>,
        name: &str,
        scratch: &mut Scratch<'t, X, P>,
        trace: &mut impl Trace,
    ) -> Evaluation<'t> {
        let mut view = scratch.view();
        self.check(kind, user, name, &mut view, &mut (), trace);
        *view.record
    }

    /// Leaves the answer in the scratch.
    #[inline(never)]
    fn check(
        &self,
        kind: SpecKind,
        user: &User<'_>,
        name: &str,
        scratch: &mut ScratchView<'_, 't>,
        sink: &mut dyn ExposureSink,
        trace: &mut impl Trace,
    ) {
        let ScratchView { lists, record } = scratch;
        record.begin(self.table, 0);
        let entry = self.table.entry(kind, name);
        if let Some(spec) = entry
            && self.options.overrides.is_empty()
            && !listens(trace)
            && spec::settle(self.table, spec, record)
        {
            return;
        }
        self.check_at_length(kind, user, (name, entry), lists, sink, trace, record);
    }

    #[allow(clippy::too_many_arguments)] // the rest of one function
    #[inline(never)]
    fn check_at_length(
        &self,
        kind: SpecKind,
        user: &User<'_>,
        (name, entry): (&str, Option<SpecRow<'t>>),
        lists: &mut Lists<'_, 't>,
        sink: &mut dyn ExposureSink,
        trace: &mut impl Trace,
        record: &mut Evaluation<'t>,
    ) {
        self.run(user, lists, sink, trace, |run| {
            run.check(kind, name, entry, record);
        });
    }

    /// Begins a check.
    #[inline(always)]
    fn run<T: Trace, R>(
        &self,
        user: &User<'_>,
        lists: &mut Lists<'_, 't>,
        sink: &mut dyn ExposureSink,
        trace: &mut T,
        work: impl FnOnce(&mut Run<'_, '_, 't, '_, '_, E, T>) -> R,
    ) -> R {
        let mut run = Run {
            table: self.table,
            evaluator: self,
            user,
            lists,
            sink,
            trace,
            level: 0,
            mappings: 0,
            groups: 0,
            runaway: false,
            budget: MAX_STEPS,
            now: None,
            last_hash: None,
            subjects: Subjects::NONE,
            dropped: 0,
        };
        work(&mut run)
    }
}

/// Whether a trace wants to be told.
fn listens<T: Trace>(_: &T) -> bool {
    T::LISTENS
}

/// What ends an evaluation without an answer.
type Result<T> = core::result::Result<T, EvaluationError>;

/// What a table must have; its absence means that the table is corrupt.
trait Required<T> {
    fn required(self) -> Result<T>;
}

impl<T> Required<T> for Option<T> {
    fn required(self) -> Result<T> {
        self.ok_or(EvaluationError::CorruptTable)
    }
}
