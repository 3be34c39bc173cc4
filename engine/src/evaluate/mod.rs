//! Evaluating specs in place (`evaluation.md` §3).

mod cmab;
mod condition;
mod equality;
mod evaluator;
mod groups;
mod layer;
mod list;
mod local_override;
mod mapping;
mod operator;
mod options;
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
pub(crate) use evaluator::App;
pub use evaluator::Evaluator;
pub use groups::{ExperimentGroup, ExperimentGroups};
pub use local_override::{LocalOverride, OverrideValue, Overrides};
pub use options::Options;
#[cfg(feature = "serde")]
pub use parse::MAX_PARSED_TEXT;
pub use results::{DynamicConfig, Experiment, Gate, Layer, LayerParameter};
pub use sticky::{StickyChange, StickyOptions, Stored};
pub use store::StoreParameter;
pub use typed::{Parameters, ReadError};
pub use value::{JsonType, JsonValue, Text};

use crate::evaluation::EvaluationError;
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
