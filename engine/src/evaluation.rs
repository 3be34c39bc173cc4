//! What an evaluation says: the record of `evaluation.md` §3.1 and its reason (§3.13).

mod reason;

pub use reason::{EvaluationError, Note, Reason};

use core::fmt;

use crate::json::member;
use crate::sticky::StickyRecord;
use crate::table::wire::NONE;
use crate::table::{StringList, Table};

/// Where a text, an object or a list of a record is: in the table, to be read when it is asked for, or elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) u32);

impl Place {
    /// Nowhere: as the table says it.
    pub(crate) const NONE: Self = Place(NONE);
    /// In the record's [`Given`].
    pub(crate) const GIVEN: Self = Place(NONE - 1);
    pub(crate) const DEFAULT: Self = Place(NONE - 2);
    pub(crate) const DISABLED: Self = Place(NONE - 3);
    pub(crate) const OVERRIDE: Self = Place(NONE - 4);
    pub(crate) const PRESTART: Self = Place(NONE - 5);
    pub(crate) const INLINE_TARGETING_RULES: Self = Place(NONE - 6);
    /// In parts, of which the value of a layer is made.
    pub(crate) const PARTS: Self = Place(NONE - 7);

    #[inline(always)]
    pub(crate) fn is_some(self) -> bool {
        self != Place::NONE
    }

    fn given_if(given: bool) -> Self {
        match given {
            true => Place::GIVEN,
            false => Place::NONE,
        }
    }
}

/// What a record has that is not in the table: of a local override, of an answer that was kept.
#[derive(Clone, Copy, Debug, Default)]
struct Given<'t> {
    json: &'t str,
    rule_id: &'t str,
    group_name: &'t str,
    config_delegate: &'t str,
    explicit_parameters: Option<StringList<'t>>,
    persisted_time: Option<u64>,
}

/// The answer to a check, before it is read as a gate, a config, an experiment or a layer.
///
/// Everything is borrowed from the table, so it outlives the user and the scratch. Texts are read from the table when
/// they are asked for.
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
/// let evaluation = gate.evaluation();
/// assert_eq!((evaluation.value, evaluation.version), (true, Some(3)));
/// assert_eq!(evaluation.rule_id(), Some("for_staff"));
/// assert_eq!(evaluation.id_type(), Some("userID"));
///
/// let mut reason = String::new();
/// evaluation.write_reason("Network", &mut reason)?;
/// assert_eq!(reason, "Network:Recognized");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Evaluation<'t> {
    pub(crate) table: Table<'t>,
    pub(crate) json: Place,
    pub(crate) rule_id: Place,
    pub(crate) id_type: Place,
    pub(crate) group_name: Place,
    pub(crate) explicit_parameters: Place,
    pub(crate) config_delegate: Place,
    pub(crate) override_config_name: Place,
    /// How many exposures there were before the delegate was evaluated; all ones without one.
    pub(crate) undelegated_end: u32,
    given: Option<Given<'t>>,
    /// Appended to the rule id after a colon.
    pub rule_id_suffix: Option<&'static str>,
    /// The spec's version, if it has one.
    pub version: Option<u32>,
    /// The matched rule's sampling rate, all ones for none.
    pub(crate) sampling_rate: u32,
    /// Secondary exposures and layer parts that did not fit into the scratch.
    pub dropped: u32,
    /// Where this record's secondary exposures begin in the scratch.
    pub(crate) mark: u32,
    /// The gate's value; for configs and layers whether a rule passed.
    pub value: bool,
    /// The user is in a group of the experiment.
    pub is_experiment_group: bool,
    /// The experiment is running.
    pub is_experiment_active: bool,
    /// The experiment lives in a layer.
    pub is_in_layer: bool,
    /// A nested gate counts for analysis: its exposures are not sampled.
    pub has_seen_analytical_gates: bool,
    /// A value was set, though `json` has it only if it is an object.
    pub(crate) has_value: bool,
    /// The spec wants every exposure logged.
    pub forward_all_exposures: Option<bool>,
    /// Why the answer is what it is.
    pub reason: Reason,
    /// What the answer lacked or used besides the specs.
    pub note: Note,
}

impl<'t> Evaluation<'t> {
    #[inline(never)]
    fn text(&self, place: Place, given: fn(&Given<'t>) -> &'t str) -> Option<&'t str> {
        match place {
            Place::NONE => None,
            Place::GIVEN => self.given.as_ref().map(given),
            Place::DEFAULT => Some("default"),
            Place::DISABLED => Some("disabled"),
            Place::OVERRIDE => Some("override"),
            Place::PRESTART => Some("prestart"),
            Place::INLINE_TARGETING_RULES => Some("inlineTargetingRules"),
            Place(at) => self.table.string(at),
        }
    }

    /// The value's JSON text, always an object; `None` reads as `{}`. Layers: see [`Layer`](crate::Layer).
    pub fn json(&self) -> Option<&'t str> {
        match self.json {
            Place::NONE | Place::PARTS => None,
            Place::GIVEN => Some(self.given?.json),
            Place(at) => self.table.value(at),
        }
    }

    /// The rule id; `None` reads as the empty text.
    pub fn rule_id(&self) -> Option<&'t str> {
        self.text(self.rule_id, |given| given.rule_id)
    }

    /// The spec's id type; `None` when there is no spec.
    pub fn id_type(&self) -> Option<&'t str> {
        self.text(self.id_type, |_| "")
    }

    /// The experiment group's name.
    pub fn group_name(&self) -> Option<&'t str> {
        self.text(self.group_name, |given| given.group_name)
    }

    /// The layer parameters that the experiment owns.
    pub fn explicit_parameters(&self) -> Option<StringList<'t>> {
        match self.explicit_parameters {
            Place::NONE => None,
            Place::GIVEN => self.given?.explicit_parameters,
            Place(at) => self.table.list(at),
        }
    }

    /// The experiment that answers for the layer.
    pub fn config_delegate(&self) -> Option<&'t str> {
        self.text(self.config_delegate, |given| given.config_delegate)
    }

    /// The config that answered instead, by a config mapping.
    pub fn override_config_name(&self) -> Option<&'t str> {
        self.text(self.override_config_name, |_| "")
    }

    /// The matched rule's sampling rate.
    pub fn sampling_rate(&self) -> Option<u32> {
        Some(self.sampling_rate).filter(|&rate| rate != NONE)
    }

    /// Of an answer that was kept: the time of the payload that gave it, which its exposures report as `lcut`.
    pub fn persisted_time(&self) -> Option<u64> {
        self.given?.persisted_time
    }

    /// The JSON text of a member of the value. Not for layers, whose value may be in parts.
    pub fn parameter(&self, name: &str) -> Option<&'t str> {
        match self.json {
            Place::NONE | Place::PARTS => None,
            Place::GIVEN => member(self.given?.json, name),
            Place(at) => self.table.member(at, name),
        }
    }

    /// The same with another rule id.
    #[cfg(test)]
    pub(crate) fn with_rule_id(mut self, rule_id: Option<&'t str>) -> Self {
        self.rule_id = Place::given_if(rule_id.is_some());
        self.given = Some(Given {
            rule_id: rule_id.unwrap_or_default(),
            ..self.given.unwrap_or_default()
        });
        self
    }

    #[inline(always)]
    pub(crate) fn set_json(&mut self, object: Place) {
        self.json = object;
        self.has_value = true;
    }

    /// Sets a value that is not in the table.
    pub(crate) fn give_json(&mut self, json: &'t str) {
        self.given = Some(Given {
            json,
            ..self.given.unwrap_or_default()
        });
        self.set_json(Place::GIVEN);
    }

    /// Sets what an answer that was kept says.
    pub(crate) fn give_kept(&mut self, kept: &StickyRecord<'t>) {
        self.given = Some(Given {
            json: kept.json,
            rule_id: kept.rule_id,
            group_name: kept.group_name.unwrap_or_default(),
            config_delegate: kept.config_delegate.unwrap_or_default(),
            explicit_parameters: kept.explicit_parameters,
            persisted_time: Some(kept.time),
        });
        self.value = kept.value;
        self.version = kept.version;
        self.json = Place::GIVEN;
        self.rule_id = Place::GIVEN;
        self.group_name = Place::given_if(kept.group_name.is_some());
        self.config_delegate = Place::given_if(kept.config_delegate.is_some());
        self.explicit_parameters = Place::given_if(kept.explicit_parameters.is_some());
    }

    pub(crate) fn clear_json(&mut self) {
        self.json = Place::NONE;
        self.has_value = false;
    }

    #[inline(always)]
    pub(crate) const fn new(table: Table<'t>, mark: u32) -> Self {
        Evaluation {
            table,
            json: Place::NONE,
            rule_id: Place::NONE,
            id_type: Place::NONE,
            group_name: Place::NONE,
            explicit_parameters: Place::NONE,
            config_delegate: Place::NONE,
            override_config_name: Place::NONE,
            undelegated_end: u32::MAX,
            given: None,
            rule_id_suffix: None,
            version: None,
            sampling_rate: NONE,
            dropped: 0,
            mark,
            value: false,
            is_experiment_group: false,
            is_experiment_active: false,
            is_in_layer: false,
            has_seen_analytical_gates: false,
            has_value: false,
            forward_all_exposures: None,
            reason: Reason::Recognized,
            note: Note::None,
        }
    }

    /// [`Self::new`] in place.
    #[cfg_attr(target_family = "wasm", inline(never))]
    pub(crate) fn begin(&mut self, table: Table<'t>, mark: u32) {
        *self = Self::new(table, mark);
    }

    /// The answer when there are no specs at all.
    ///
    /// What a service answers from while its store is empty:
    ///
    /// ```
    /// use statsig_edge::{Evaluation, Reason};
    ///
    /// let nothing = Evaluation::no_values();
    /// assert_eq!((nothing.value, nothing.reason), (false, Reason::NoValues));
    /// ```
    pub const fn no_values() -> Self {
        let mut record = Self::new(Table::EMPTY, 0);
        record.reason = Reason::NoValues;
        record
    }

    #[inline(always)]
    pub(crate) fn is_unsupported(&self) -> bool {
        self.reason == Reason::Unsupported
    }

    /// Takes over what is noted of ID lists; other notes stay with the evaluation that made them, and the first one counts.
    pub(crate) fn note_id_list(&mut self, note: Note) {
        if self.note == Note::None && matches!(note, Note::IdList | Note::IdListMissing) {
            self.note = note;
        }
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
            // No reason of Statsig's own, since its servers have every list.
            Note::IdListMissing => (source, ":IdListMissing"),
            Note::IdList | Note::None => (source, ""),
        };
        out.write_str(source)?;
        out.write_char(':')?;
        out.write_str(class)?;
        out.write_str(suffix)
    }
}
