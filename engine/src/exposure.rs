//! Exposures: what a check says to Statsig (`evaluation.md` §3.6, §6.3).

use core::fmt;

use crate::evaluation::{Evaluation, Place};
use crate::json::member;
use crate::table::Table;

/// A gate that was evaluated on the way to an answer.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// // Rules are tried in order, so the gate behind the first rule is asked for everyone.
/// let gate = evaluator.gate(&User::new().with_user_id("u-2"), "new_home", &mut scratch);
/// let [staff] = gate.secondary_exposures() else { panic!() };
/// assert_eq!((staff.gate, staff.gate_value, staff.rule_id), ("staff", false, "default"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecondaryExposure<'t> {
    /// The gate's name.
    pub gate: &'t str,
    /// The gate's own value, also where the condition was `fail_gate`.
    pub gate_value: bool,
    /// The gate's rule id.
    pub rule_id: &'t str,
    /// Whether it came from the experiment that a layer delegated to. The others are the *undelegated* ones.
    pub delegated: bool,
}

/// A part of a layer's value: the parameters of an object that no earlier part has (§3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerPart<'t> {
    /// JSON text of the object.
    pub(crate) object: &'t str,
    /// Where the object is.
    pub(crate) place: Place,
    /// The rule id that its parameters report.
    pub(crate) rule_id: &'t str,
}

impl<'t> LayerPart<'t> {
    /// The JSON text of a parameter.
    pub(crate) fn parameter(&self, table: Table<'t>, name: &str) -> Option<&'t str> {
        match self.place {
            Place::NONE | Place::GIVEN => member(self.object, name),
            Place(at) => table.member(at, name),
        }
    }
}

/// Room for one check: its record, up to `EXPOSURES` secondary exposures, and for layers up to `PARTS` objects that make up the
/// value. What does not fit is counted in [`Evaluation::dropped`], never lost silently.
///
/// Lives as long as the results that borrow it; use it again for the next check.
///
/// Without room the answer is the same, and what was lost is counted:
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let mut narrow = Scratch::<0>::new();
/// let staff = User::new().with_email("ada@example.com");
/// let gate = evaluator.gate(&staff, "new_home", &mut narrow);
/// assert!(gate.value());
/// assert_eq!(gate.evaluation().dropped, 1);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scratch<'t, const EXPOSURES: usize = 64, const PARTS: usize = 16> {
    exposures: heapless::Vec<SecondaryExposure<'t>, EXPOSURES>,
    parts: heapless::Vec<LayerPart<'t>, PARTS>,
    record: Evaluation<'t>,
}

impl<const EXPOSURES: usize, const PARTS: usize> Default for Scratch<'_, EXPOSURES, PARTS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'t, const EXPOSURES: usize, const PARTS: usize> Scratch<'t, EXPOSURES, PARTS> {
    /// Empty room.
    pub const fn new() -> Self {
        Scratch {
            exposures: heapless::Vec::new(),
            parts: heapless::Vec::new(),
            record: Evaluation::no_values(),
        }
    }

    /// The room, emptied, without its sizes in the type.
    pub fn view(&mut self) -> ScratchView<'_, 't> {
        self.exposures.clear();
        self.parts.clear();
        ScratchView {
            lists: Lists {
                exposures: &mut self.exposures,
                parts: &mut self.parts,
            },
            record: &mut self.record,
        }
    }
}

/// A [`Scratch`] of any size.
///
/// For code that is to be compiled once whatever the sizes:
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::ScratchView;
///
/// fn on<'t>(evaluator: &Evaluator<'t, '_, impl Environment>, gate: &str, room: ScratchView<'_, 't>) -> bool {
///     let user = User::new().with_email("ada@example.com");
///     evaluator.gate_with(&user, gate, room, &mut ()).value()
/// }
///
/// let mut room = scratch.view();
/// assert!(on(&evaluator, "staff", room.reborrow()));
/// assert!(!on(&evaluator, "german", room.reborrow()));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ScratchView<'s, 't> {
    pub(crate) lists: Lists<'s, 't>,
    pub(crate) record: &'s mut Evaluation<'t>,
}

/// What a check collects.
#[derive(Debug)]
pub(crate) struct Lists<'s, 't> {
    pub(crate) exposures: &'s mut heapless::VecView<SecondaryExposure<'t>>,
    pub(crate) parts: &'s mut heapless::VecView<LayerPart<'t>>,
}

impl<'t> ScratchView<'_, 't> {
    pub(crate) fn clear(&mut self) {
        self.lists.exposures.clear();
        self.lists.parts.clear();
    }

    /// The room, emptied, for one more check while this view is kept.
    pub fn reborrow(&mut self) -> ScratchView<'_, 't> {
        self.clear();
        ScratchView {
            lists: Lists {
                exposures: self.lists.exposures,
                parts: self.lists.parts,
            },
            record: self.record,
        }
    }
}

/// An evaluation that counts as a check of its own although it was made on the way to another answer: the
/// experiment of an `experiment_group` condition, what a parameter store refers to.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::Exposure;
///
/// let gate = evaluator.gate(&User::new().with_user_id("u-2"), "new_home", &mut scratch);
/// let exposure = gate.exposure();
/// assert_eq!((exposure.name(), exposure.rule_id()), ("new_home", "half_of_all"));
/// assert!(matches!(exposure, Exposure::Gate { secondary, .. } if secondary.len() == 1));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Exposure<'e, 't> {
    /// A gate was checked.
    Gate {
        /// Its name.
        name: &'e str,
        /// The result.
        evaluation: &'e Evaluation<'t>,
        /// The gates evaluated on the way, in order.
        secondary: &'e [SecondaryExposure<'t>],
    },
    /// A dynamic config or an experiment was read.
    Config {
        /// Its name.
        name: &'e str,
        /// The result.
        evaluation: &'e Evaluation<'t>,
        /// The gates evaluated on the way, in order.
        secondary: &'e [SecondaryExposure<'t>],
    },
    /// A parameter of a layer was read.
    LayerParameter {
        /// The layer's name.
        name: &'e str,
        /// The parameter.
        parameter: &'e str,
        /// Its rule id.
        rule_id: &'t str,
        /// Whether the experiment owns it: then the exposure is the experiment's.
        explicit: bool,
        /// The layer's result.
        evaluation: &'e Evaluation<'t>,
        /// The gates evaluated on the way, in order; those with `delegated` count only when `explicit`.
        secondary: &'e [SecondaryExposure<'t>],
    },
}

impl<'e, 't> Exposure<'e, 't> {
    /// The name of the gate, config, experiment or layer.
    pub fn name(&self) -> &'e str {
        match *self {
            Exposure::Gate { name, .. }
            | Exposure::Config { name, .. }
            | Exposure::LayerParameter { name, .. } => name,
        }
    }

    /// The result; an exposure of a later kind may have none.
    pub fn evaluation(&self) -> Option<&'e Evaluation<'t>> {
        match *self {
            Exposure::Gate { evaluation, .. }
            | Exposure::Config { evaluation, .. }
            | Exposure::LayerParameter { evaluation, .. } => Some(evaluation),
        }
    }

    /// The rule id that it reports, without a suffix: a layer's parameter has its own.
    pub fn rule_id(&self) -> &'t str {
        match *self {
            Exposure::Gate { evaluation, .. } | Exposure::Config { evaluation, .. } => {
                evaluation.rule_id().unwrap_or_default()
            }
            Exposure::LayerParameter { rule_id, .. } => rule_id,
        }
    }

    /// Writes the rule id that it reports: a layer's parameter has the result's suffix if it has the result's rule.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_rule_id(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        match *self {
            Exposure::LayerParameter {
                rule_id,
                evaluation,
                ..
            } if evaluation.rule_id().unwrap_or_default() != rule_id => out.write_str(rule_id),
            Exposure::Gate { evaluation, .. }
            | Exposure::Config { evaluation, .. }
            | Exposure::LayerParameter { evaluation, .. } => evaluation.write_rule_id(out),
        }
    }

    /// The experiment that a layer's parameter is reported to, empty when that is none.
    pub fn allocated_experiment(&self) -> &'t str {
        match *self {
            Exposure::LayerParameter {
                explicit: true,
                evaluation,
                ..
            } => evaluation.config_delegate().unwrap_or_default(),
            _ => "",
        }
    }
}

/// Receives exposures, in order. `()` ignores them.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::{Exposure, ExposureSink};
///
/// #[derive(Default)]
/// struct Names(Vec<String>);
/// impl ExposureSink for Names {
///     fn expose(&mut self, exposure: &Exposure<'_, '_>) { self.0.push(exposure.name().into()) }
/// }
///
/// // The store's parameter is decided by a gate, whose check counts.
/// let store = evaluator.parameter_store("shop").ok_or("no store")?;
/// let mut sink = Names::default();
/// evaluator.store_parameter(&User::new(), &store, "home", scratch.view(), &mut sink);
/// assert_eq!(sink.0, ["new_home"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ExposureSink {
    /// Takes one exposure.
    fn expose(&mut self, exposure: &Exposure<'_, '_>);
}

impl ExposureSink for () {
    fn expose(&mut self, _: &Exposure<'_, '_>) {}
}
