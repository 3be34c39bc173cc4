//! Why an answer is what it is (`evaluation.md` §3.13): its reason, what ended it, and what is noted beside it.

use core::fmt;

/// Why an answer is what it is.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::Reason;
///
/// let unknown = evaluator.gate(&User::new(), "no_such_gate", &mut scratch);
/// assert_eq!(unknown.reason(), Reason::Unrecognized);
/// assert!(!unknown.reason().is_answer());
/// // A gate that nobody knows is false, unless the caller says otherwise.
/// assert_eq!((unknown.value(), unknown.value_or(true)), (false, true));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The specs know the name and answered.
    Recognized,
    /// The specs do not know the name.
    Unrecognized,
    /// The specs use a condition type or an operator that this engine does not know.
    Unsupported,
    /// A local override answered, without the specs.
    LocalOverride,
    /// An assignment that was kept answered (§5.10).
    Persisted,
    /// There are no specs.
    NoValues,
    /// The evaluation could not be finished.
    Error(EvaluationError),
}

impl Reason {
    /// Whether there is an answer to go by: of the specs, of a local override, or one that was kept.
    pub fn is_answer(self) -> bool {
        matches!(
            self,
            Reason::Recognized | Reason::LocalOverride | Reason::Persisted
        )
    }
}

/// Why an evaluation could not be finished.
///
/// A gate that asks for itself:
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 0 } }
/// use statsig_edge::{EvaluationError, Reason};
///
/// let specs = br#"{"has_updates": true, "time": 1, "layer_configs": {}, "dynamic_configs": {}, "experiment_to_layer": {},
///   "condition_map": {"1": {"type": "pass_gate", "targetValue": "ring", "idType": "userID"}},
///   "feature_gates": {"ring": {"type": "feature_gate", "entity": "feature_gate", "salt": "s", "enabled": true,
///     "defaultValue": false, "idType": "userID", "rules": [{"name": "r", "id": "r", "passPercentage": 100,
///     "conditions": ["1"], "returnValue": true, "idType": "userID"}]}}}"#;
/// let table = compile(specs)?.table;
/// let mut scratch = Scratch::<8>::new();
/// let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// let gate = evaluator.gate(&User::new(), "ring", &mut scratch);
/// assert_eq!(gate.reason(), Reason::Error(EvaluationError::DepthExceeded));
/// assert_eq!(EvaluationError::DepthExceeded.to_string(), "Statsig Evaluation Depth Exceeded");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Gates, delegates, experiment groups or mappings are nested more than [`MAX_DEPTH`](crate::MAX_DEPTH) levels deep.
    DepthExceeded,
    /// One answer took more than [`MAX_STEPS`](crate::MAX_STEPS) steps: that of [`MAX_EVALUATIONS`](crate::MAX_EVALUATIONS) specs,
    /// or of fewer with many rules, conditions or long lists.
    TooManyEvaluations,
    /// The table refers to something outside of itself.
    CorruptTable,
}

impl EvaluationError {
    /// The text that follows `Error:` in a reason.
    pub fn as_str(self) -> &'static str {
        match self {
            EvaluationError::DepthExceeded => "Statsig Evaluation Depth Exceeded",
            EvaluationError::TooManyEvaluations => "Statsig Evaluation Budget Exceeded",
            EvaluationError::CorruptTable => "Corrupt Rule Table",
        }
    }
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for EvaluationError {}

/// What an answer lacked or used besides the specs.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::Note;
///
/// let gate = evaluator.gate(&User::new().with_ip("192.0.2.1"), "german", &mut scratch);
/// assert_eq!(gate.evaluation().note, Note::CountryLookupNotLoaded);
/// let mut reason = String::new();
/// gate.evaluation().write_reason("Network", &mut reason)?;
/// assert_eq!(reason, "CountryLookupNotLoaded:Recognized");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Nothing.
    None,
    /// A condition asked for the country of an IP, and there is no table of countries.
    CountryLookupNotLoaded,
    /// A condition asked for a field of the user agent, and there is no parser.
    UaParserNotLoaded,
    /// An ID list was consulted.
    IdList,
    /// A condition asked for an ID list that is not there.
    IdListMissing,
}
