//! Explaining an answer: every step of an evaluation, for people and for machines.
//!
//! [`Evaluator::explain`](crate::Evaluator::explain) evaluates as a check does and tells a [`Trace`] what it does, in
//! order and with the depth of nesting. A check without a trace is compiled without any of it.

mod condition;

pub use condition::ExplainedCondition;

use crate::evaluation::Evaluation;
use crate::table::SpecKind;

/// Receives the steps of an evaluation. `()` ignores them and costs nothing.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::{SpecKind, explain::{Step, Trace}};
///
/// #[derive(Default)]
/// struct Rules(Vec<(u32, String)>);
/// impl Trace for Rules {
///     fn step(&mut self, depth: u32, step: &Step<'_>) {
///         if let Step::Rule { id } = step { self.0.push((depth, id.to_string())) }
///     }
/// }
///
/// let mut rules = Rules::default();
/// evaluator.explain(SpecKind::Gate, &User::new().with_user_id("u-2"), "new_home", &mut scratch, &mut rules);
/// let rules: Vec<_> = rules.0.iter().map(|(_, id)| id.as_str()).collect();
/// assert_eq!(rules, ["for_staff", "staff_mail", "half_of_all"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Trace {
    /// Whether steps are wanted at all.
    const LISTENS: bool = true;

    /// Takes one step. `depth` is 0 for the spec that was asked for, and one more inside of each spec.
    fn step(&mut self, depth: u32, step: &Step<'_>);
}

impl Trace for () {
    const LISTENS: bool = false;

    fn step(&mut self, _: u32, _: &Step<'_>) {}
}

/// One step of an evaluation.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::{SpecKind, explain::{Step, Trace}};
///
/// #[derive(Default)]
/// struct Drawn(Option<u64>);
/// impl Trace for Drawn {
///     fn step(&mut self, _: u32, step: &Step<'_>) {
///         if let Step::Percentage { drawn: Some(bucket), .. } = step { self.0 = Some(*bucket) }
///     }
/// }
///
/// let mut drawn = Drawn::default();
/// evaluator.explain(SpecKind::Gate, &User::new().with_user_id("u-2"), "new_home", &mut scratch, &mut drawn);
/// // The first eight bytes of the SHA-256 of "new_home.half.u-2", modulo 10,000.
/// assert_eq!(drawn.0, Some(2584));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // lives on the stack for the length of a call
pub enum Step<'a> {
    /// A spec is evaluated; its own steps follow, one level deeper, and then its [`Step::Answer`].
    Spec {
        /// The kind of spec it is evaluated as.
        kind: SpecKind,
        /// Its name.
        name: &'a str,
    },
    /// A rule is tried; its conditions follow.
    Rule {
        /// Its id.
        id: &'a str,
    },
    /// A condition was evaluated. All conditions of a rule are, even after one has failed (§3.4).
    Condition {
        /// What it asks.
        condition: ExplainedCondition<'a>,
        /// The text of the value that it looked at, if there was one.
        value: Option<&'a str>,
        /// Whether it holds; `None` for unsupported.
        outcome: Option<bool>,
    },
    /// The rule names a condition that the payload lacks.
    MissingCondition,
    /// The rule matched, and its percentage decides.
    Percentage {
        /// The bucket drawn, 0 to 9,999; `None` where all pass or none.
        drawn: Option<u64>,
        /// Buckets below this pass.
        bound: u16,
        /// Whether the user passes.
        passes: bool,
    },
    /// The rule hands over to an experiment, which follows.
    Delegate {
        /// The experiment's name.
        name: &'a str,
    },
    /// A config mapping applies; the other config follows.
    Mapping {
        /// The config that answers instead.
        new_config_name: &'a str,
    },
    /// A local override answers for this name.
    LocalOverride {
        /// The name.
        name: &'a str,
    },
    /// The answer of the spec that is one level up.
    Answer {
        /// The record so far.
        evaluation: &'a Evaluation<'a>,
    },
}
