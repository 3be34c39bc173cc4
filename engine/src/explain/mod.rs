//! Explaining an answer: every step of an evaluation, for people and for machines.
//!
//! [`Evaluator::explain`](crate::Evaluator::explain) evaluates as a check does and tells a [`Trace`] what it does, in
//! order and with the depth of nesting. A check without a trace is compiled without any of it.

mod condition;

pub use condition::ExplainedCondition;

use crate::evaluation::Evaluation;
use crate::table::SpecKind;

/// Hears the steps of an evaluation. `()` does not listen, and costs nothing.
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
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)] // lives on the stack for the length of a call
pub enum Step<'a> {
    /// A spec is evaluated; its own steps follow, one level deeper, and then its [`Step::Answer`].
    Spec {
        /// As what it is evaluated.
        kind: SpecKind,
        /// Its name.
        name: &'a str,
    },
    /// A rule is tried; its conditions follow.
    Rule {
        /// Its id.
        id: &'a str,
    },
    /// A condition was evaluated. Those of a rule all are, also after one has failed (§3.4).
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
    /// What the spec of the same depth less one answers.
    Answer {
        /// The record so far.
        evaluation: &'a Evaluation<'a>,
    },
}
