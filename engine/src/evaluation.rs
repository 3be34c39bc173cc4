//! What an evaluation says: the record of `evaluation.md` §3.1 and its reason (§3.13).

use core::fmt;

use crate::json::member;
use crate::table::wire::NONE;
use crate::table::{StringList, Table};

/// A text, an object or a list as a record keeps it: by its place in the table, read when it is asked for, or itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<T> {
    /// Where it is in the table, or [`NONE`].
    At(u32),
    /// Itself.
    Given(T),
}

impl<T: Copy> Source<T> {
    pub(crate) const NONE: Self = Source::At(NONE);

    pub(crate) fn given(value: Option<T>) -> Self {
        value.map_or(Self::NONE, Source::Given)
    }

    pub(crate) fn is_some(&self) -> bool {
        !matches!(self, Source::At(NONE))
    }

    fn read(&self, read: impl FnOnce(u32) -> Option<T>) -> Option<T> {
        match *self {
            Source::At(NONE) => None,
            Source::At(at) => read(at),
            Source::Given(value) => Some(value),
        }
    }
}

/// The answer to a check, before it is read as a gate, a config, an experiment or a layer.
///
/// Everything is borrowed from the table, so it outlives the user and the scratch. Texts are read from the table when
/// they are asked for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Evaluation<'t> {
    pub(crate) table: Table<'t>,
    /// The gate's value; for configs and layers whether a rule passed.
    pub value: bool,
    pub(crate) json: Source<&'t str>,
    pub(crate) rule_id: Source<&'t str>,
    /// Appended to the rule id after a colon.
    pub rule_id_suffix: Option<&'static str>,
    pub(crate) id_type: Source<&'t str>,
    /// The spec's version, if it has one.
    pub version: Option<u32>,
    pub(crate) group_name: Source<&'t str>,
    /// The user is in a group of the experiment.
    pub is_experiment_group: bool,
    /// The experiment is running.
    pub is_experiment_active: bool,
    /// The experiment lives in a layer.
    pub is_in_layer: bool,
    pub(crate) explicit_parameters: Source<StringList<'t>>,
    pub(crate) config_delegate: Source<&'t str>,
    pub(crate) override_config_name: Source<&'t str>,
    /// The matched rule's sampling rate.
    pub sampling_rate: Option<u32>,
    /// The spec wants every exposure logged.
    pub forward_all_exposures: Option<bool>,
    /// A nested gate counts for analysis: its exposures are not sampled.
    pub has_seen_analytical_gates: bool,
    /// Of an answer that was kept: the time of the payload that gave it, which its exposures report as `lcut`.
    pub persisted_time: Option<u64>,
    /// Why the answer is what it is.
    pub reason: Reason,
    /// What the answer lacked or used besides the specs.
    pub note: Note,
    /// Secondary exposures and layer parts that did not fit into the scratch.
    pub dropped: u32,
    /// A value was set, though `json` has it only if it is an object.
    pub(crate) has_value: bool,
    /// Where this record's secondary exposures begin in the scratch.
    pub(crate) mark: usize,
    /// How many exposures there were before the delegate was evaluated.
    pub(crate) undelegated_end: Option<usize>,
}

impl<'t> Evaluation<'t> {
    fn text(&self, source: &Source<&'t str>) -> Option<&'t str> {
        source.read(|at| self.table.string(at))
    }

    /// The value's JSON text, always an object; `None` reads as `{}`. Layers: see [`Layer`](crate::Layer).
    pub fn json(&self) -> Option<&'t str> {
        self.json.read(|at| self.table.value(at))
    }

    /// The rule id; `None` reads as the empty text.
    pub fn rule_id(&self) -> Option<&'t str> {
        self.text(&self.rule_id)
    }

    /// The spec's id type; `None` when there is no spec.
    pub fn id_type(&self) -> Option<&'t str> {
        self.text(&self.id_type)
    }

    /// The experiment group's name.
    pub fn group_name(&self) -> Option<&'t str> {
        self.text(&self.group_name)
    }

    /// The layer parameters that the experiment owns.
    pub fn explicit_parameters(&self) -> Option<StringList<'t>> {
        self.explicit_parameters.read(|at| self.table.list(at))
    }

    /// The experiment that answers for the layer.
    pub fn config_delegate(&self) -> Option<&'t str> {
        self.text(&self.config_delegate)
    }

    /// The config that answered instead, by a config mapping.
    pub fn override_config_name(&self) -> Option<&'t str> {
        self.text(&self.override_config_name)
    }

    /// The JSON text of a member of the value; walks the object. Not for layers, whose value may be in parts.
    pub fn parameter(&self, name: &str) -> Option<&'t str> {
        member(self.json()?, name)
    }

    /// The same with another rule id, to try out what takes exposures.
    #[must_use]
    pub fn with_rule_id(mut self, rule_id: Option<&'t str>) -> Self {
        self.rule_id = Source::given(rule_id);
        self
    }

    pub(crate) fn set_json(&mut self, object: Source<&'t str>) {
        self.json = object;
        self.has_value = true;
    }

    pub(crate) fn clear_json(&mut self) {
        self.json = Source::NONE;
        self.has_value = false;
    }

    #[inline(always)]
    pub(crate) const fn new(table: Table<'t>, mark: usize) -> Self {
        Evaluation {
            table,
            value: false,
            json: Source::NONE,
            rule_id: Source::NONE,
            rule_id_suffix: None,
            id_type: Source::NONE,
            version: None,
            group_name: Source::NONE,
            is_experiment_group: false,
            is_experiment_active: false,
            is_in_layer: false,
            explicit_parameters: Source::NONE,
            config_delegate: Source::NONE,
            override_config_name: Source::NONE,
            sampling_rate: None,
            forward_all_exposures: None,
            has_seen_analytical_gates: false,
            persisted_time: None,
            reason: Reason::Recognized,
            note: Note::None,
            dropped: 0,
            has_value: false,
            mark,
            undelegated_end: None,
        }
    }

    /// The answer when there are no specs at all.
    pub const fn no_values() -> Self {
        let mut record = Self::new(Table::EMPTY, 0);
        record.reason = Reason::NoValues;
        record
    }

    pub(crate) fn is_unsupported(&self) -> bool {
        self.reason == Reason::Unsupported
    }

    /// Writes the rule id with its suffix.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_rule_id(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(self.rule_id().unwrap_or_default())?;
        if let Some(suffix) = self.rule_id_suffix {
            out.write_char(':')?;
            out.write_str(suffix)?;
        }
        Ok(())
    }

    /// Writes the reason as Statsig's SDKs report it, such as `Bootstrap:Recognized`.
    ///
    /// `source` is where the specs came from: `Bootstrap` for a store or a file, `Network` for a download.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_reason(&self, source: &str, out: &mut dyn fmt::Write) -> fmt::Result {
        let class = match self.reason {
            Reason::NoValues => return out.write_str("NoValues"),
            Reason::LocalOverride => return out.write_str("LocalOverride:Recognized"),
            Reason::Persisted => return out.write_str("Persisted"),
            Reason::Error(error) => {
                out.write_str("Error:")?;
                return out.write_str(error.as_str());
            }
            Reason::Recognized => "Recognized",
            Reason::Unrecognized => "Unrecognized",
            Reason::Unsupported => "Unsupported",
        };
        let (source, suffix) = match self.note {
            Note::CountryLookupNotLoaded => ("CountryLookupNotLoaded", ""),
            Note::UaParserNotLoaded => ("UAParserNotLoaded", ""),
            Note::IdList if self.reason == Reason::Recognized => (source, ":IdListInMemory"),
            Note::IdList | Note::None => (source, ""),
        };
        out.write_str(source)?;
        out.write_char(':')?;
        out.write_str(class)?;
        out.write_str(suffix)
    }
}

/// Why an answer is what it is.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Gates, delegates and mappings are nested more than [`MAX_DEPTH`](crate::MAX_DEPTH) levels deep.
    DepthExceeded,
    /// More than [`MAX_EVALUATIONS`](crate::MAX_EVALUATIONS) specs were evaluated for one answer.
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
}
