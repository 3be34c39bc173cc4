//! Sticky assignment: an experiment's users keep what they were given (`evaluation.md` §5.10).
//!
//! The live answer comes first, as in Statsig's core: whether the experiment is active is what it says, and its exposures of
//! experiments on the way count.
//!
//! | | answer | then |
//! | --- | --- | --- |
//! | the user has no such unit | live | nothing |
//! | the caller wants nothing kept, or the experiment is not active | live | what is kept is to be deleted |
//! | something is kept, and overrides or targeting are enforced and concern the user | live | it stays |
//! | something is kept | what is kept | it stays |
//! | nothing is kept, and the user is in a group | live | the answer is to be kept |
//!
//! A layer is active while the experiment is that the kept answer was delegated to, and that experiment's rules are those
//! that are enforced. The engine keeps nothing itself: it says what is to be done, and writes and reads [`StickyRecord`].
//!
//! Cost: that of the live answer, and a walk over the experiment's rules for each of the two that is enforced.

use core::fmt::{self, Write};

use super::{Evaluator, Experiment, Layer, Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, Reason};
use crate::explain::Trace;
use crate::exposure::{ExposureSink, Lists, ScratchView};
use crate::sticky::{Kept, StickyRecord};
use crate::table::SpecKind;
use crate::table::rule::flags as rule_flags;
use crate::table::spec::flags;
use crate::user::User;

/// What is kept for a user and an experiment or a layer.
///
/// The user was in the control group when the record was kept; today's draw would be another:
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let mut scratch = Scratch::<8>::new();
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// use statsig_edge::{Reason, StickyChange, StickyOptions, StickyRecord, Stored};
///
/// let kept = r#"{"value": true, "json_value": {"colour": "blue", "steps": 3}, "rule_id": "control", "time": 1767225600000}"#;
/// let mut buffer = vec![0; kept.len()];
/// let stored = Stored::Record(StickyRecord::from_json(kept, &mut buffer)?);
/// let mut scratch = Scratch::<8>::new();
/// let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// let user = User::new().with_user_id("u-2");
/// let (button, change) =
///     evaluator.experiment_sticky(&user, "button", &stored, StickyOptions::default(), scratch.view(), &mut ());
/// assert_eq!((button.rule_id(), button.reason()), ("control", Reason::Persisted));
/// assert_eq!(change, StickyChange::None);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Stored<'p> {
    /// The caller wants nothing kept.
    Unwanted,
    /// Nothing yet, or nothing that could be read.
    Nothing,
    /// This.
    Record(StickyRecord<'p>),
}

/// What the specs may change although an assignment is kept.
///
/// ```
/// use statsig_edge::StickyOptions;
///
/// let mut options = StickyOptions::default();
/// assert!(!options.enforce_overrides && !options.enforce_targeting);
/// options.enforce_overrides = true;
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct StickyOptions {
    /// An override rule (its id ends in `override`) that the user passes takes precedence over what is kept.
    pub enforce_overrides: bool,
    /// A targeting rule (`targetingGate`, `inlineTargetingRules`) that excludes the user takes precedence over what is kept.
    pub enforce_targeting: bool,
}

/// What the caller should do with the stored record.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let mut scratch = Scratch::<8>::new();
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// use statsig_edge::{StickyChange, StickyOptions, StickyRecord, Stored};
///
/// let table = Table::open(&table)?;
/// let evaluator = Evaluator::new(table, &World);
/// let user = User::new().with_user_id("u-2");
/// let (button, change) =
///     evaluator.experiment_sticky(&user, "button", &Stored::Nothing, StickyOptions::default(), scratch.view(), &mut ());
/// assert_eq!(change, StickyChange::Save);
///
/// let mut record = String::new();
/// button.write_sticky_record(table.time(), &mut record)?;
/// let mut buffer = vec![0; record.len()];
/// assert_eq!(StickyRecord::from_json(&record, &mut buffer)?.group_name, Some("Test"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StickyChange {
    /// Nothing.
    None,
    /// Store the answer: see [`Experiment::write_sticky_record`].
    Save,
    /// Delete the stored record.
    Delete,
}

impl<'t, E: Environment> Evaluator<'t, '_, E> {
    /// Reads an experiment whose users keep the group that they were given.
    pub fn experiment_sticky<'s, 'n>(
        &self,
        user: &User<'_>,
        name: &'n str,
        stored: &Stored<'t>,
        options: StickyOptions,
        mut scratch: ScratchView<'s, 't>,
        sink: &mut dyn ExposureSink,
    ) -> (Experiment<'s, 't, 'n>, StickyChange) {
        let enforced = self.is_enforced(stored, Some(name), user, options, scratch.reborrow());
        let kind = SpecKind::Experiment;
        scratch.clear();
        self.check(kind, user, name, &mut scratch, sink, &mut ());
        let live = &*scratch.record;
        let (is_active, gives) = (live.is_experiment_active, live.is_experiment_group);
        let change = settle(user, stored, enforced, is_active, gives, &mut scratch);
        (Experiment::of(name, scratch), change)
    }

    /// Reads a layer whose users keep what they were given while the experiment that gave it is active.
    pub fn layer_sticky<'s, 'n>(
        &self,
        user: &User<'_>,
        name: &'n str,
        stored: &Stored<'t>,
        options: StickyOptions,
        mut scratch: ScratchView<'s, 't>,
        sink: &mut dyn ExposureSink,
    ) -> (Layer<'s, 't, 'n>, StickyChange) {
        let delegate = match stored {
            Stored::Record(record) => record.config_delegate,
            _ => None,
        };
        let enforced = self.is_enforced(stored, delegate, user, options, scratch.reborrow());
        let kind = SpecKind::Layer;
        scratch.clear();
        self.check(kind, user, name, &mut scratch, sink, &mut ());
        let live = &*scratch.record;
        let allocated = live.config_delegate().is_some_and(|name| !name.is_empty());
        // Without a kept answer, or without its experiment, it is the live one that says whether it is active.
        let is_active = delegate
            .and_then(|name| self.table.spec(SpecKind::Experiment, name)?.is_active())
            .unwrap_or(allocated && live.is_experiment_active);
        let gives = allocated && live.is_experiment_group;
        let change = settle(user, stored, enforced, is_active, gives, &mut scratch);
        (Layer::of(name, scratch), change)
    }

    /// Whether rules of the experiment that are enforced put the live answer before what is kept.
    fn is_enforced(
        &self,
        stored: &Stored<'t>,
        experiment: Option<&str>,
        user: &User<'_>,
        options: StickyOptions,
        mut scratch: ScratchView<'_, 't>,
    ) -> bool {
        let (Stored::Record(_), Some(name)) = (stored, experiment) else {
            return false;
        };
        let mut passes = |wanted: fn(&str) -> bool| {
            // What these checks find on the way is nobody's exposure, and one that fails enforces nothing.
            scratch.clear();
            self.run(user, &mut scratch.lists, &mut (), &mut (), |run| {
                run.passes_only(name, wanted).unwrap_or(false)
            })
        };
        (options.enforce_targeting
            && passes(|id| matches!(id, "targetingGate" | "inlineTargetingRules")))
            || (options.enforce_overrides && passes(|id| id.ends_with("override")))
    }
}

/// Makes the live answer the one to give, and says what becomes of what is kept; `gives` says that the user is in a group.
fn settle<'t>(
    user: &User<'_>,
    stored: &Stored<'t>,
    enforced: bool,
    is_active: bool,
    gives: bool,
    scratch: &mut ScratchView<'_, 't>,
) -> StickyChange {
    let id_type = scratch.record.id_type().unwrap_or_default();
    match stored {
        _ if user.unit_of(id_type).is_none() => StickyChange::None,
        Stored::Unwanted => StickyChange::Delete,
        Stored::Record(_) if !is_active => StickyChange::Delete,
        Stored::Record(record) if !enforced => {
            restore(record, scratch);
            StickyChange::None
        }
        Stored::Nothing if is_active && gives => StickyChange::Save,
        Stored::Record(_) | Stored::Nothing => StickyChange::None,
    }
}

/// The answer that was kept, in place of the live one; what is not of the assignment but of the spec is that of today.
fn restore<'t>(record: &StickyRecord<'t>, scratch: &mut ScratchView<'_, 't>) {
    let ScratchView {
        lists: Lists { exposures, parts },
        record: answer,
    } = scratch;
    let live = **answer;
    **answer = Evaluation::new(live.table, 0);
    answer.give_kept(record);
    answer.id_type = live.id_type;
    answer.is_experiment_group = true;
    answer.is_experiment_active = true;
    answer.is_in_layer = live.is_in_layer;
    answer.override_config_name = live.override_config_name;
    answer.sampling_rate = live.sampling_rate;
    answer.forward_all_exposures = live.forward_all_exposures;
    answer.has_seen_analytical_gates = live.has_seen_analytical_gates;
    answer.reason = Reason::Persisted;
    parts.clear();
    exposures.clear();
    for exposure in record.secondary_exposures() {
        if exposures.push(exposure).is_err() {
            answer.dropped = answer.dropped.saturating_add(1);
        }
    }
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// What an experiment's bool is by the rules with such an id alone, without mappings and bandits; false where it has
    /// none of them.
    fn passes_only(&mut self, experiment: &str, wanted: fn(&str) -> bool) -> Result<bool> {
        let spec = self.table.spec(SpecKind::Experiment, experiment);
        let Some(spec) = spec.map(|spec| spec.row) else {
            return Ok(false);
        };
        if self.table.is_v1() && !spec.has(flags::ENABLED) {
            return Ok(false);
        }
        // As deep as the rules of a check.
        self.level = 1;
        let mut record = Evaluation::new(self.table, 0);
        let mut any = false;
        for rule in self.table.rules(spec.rules()).required()? {
            if !wanted(rule.id(self.table)) {
                continue;
            }
            any = true;
            let matched = self.first_match(rule.alone(), &mut record)?.is_some();
            if record.is_unsupported() {
                return Ok(record.value);
            }
            if !matched {
                continue;
            }
            if self.evaluate_delegate(rule, &mut record)? {
                return Ok(record.value);
            }
            return Ok(match self.passes_percentage(rule)? {
                true => !rule.has(rule_flags::RETURNS_FALSE),
                false => spec.has(flags::DEFAULT_TRUE),
            });
        }
        Ok(any && spec.has(flags::DEFAULT_TRUE))
    }
}

impl Experiment<'_, '_, '_> {
    /// Writes the record to store, which [`StickyRecord::from_json`] reads. `time` is the payload's,
    /// [`Table::time`](crate::Table::time).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_sticky_record(&self, time: u64, out: &mut dyn Write) -> fmt::Result {
        let kept = Kept {
            evaluation: self.evaluation,
            secondary: self.secondary_exposures(),
            time,
            // One that delegates to another is what its users are in all the same.
            delegate: None,
        };
        kept.write(|out| out.write_str(self.json()), out)
    }
}

impl Layer<'_, '_, '_> {
    /// Writes the record to store, which [`StickyRecord::from_json`] reads. `time` is the payload's,
    /// [`Table::time`](crate::Table::time).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_sticky_record(&self, time: u64, out: &mut dyn Write) -> fmt::Result {
        let kept = Kept {
            evaluation: self.evaluation,
            secondary: self.secondary_exposures(),
            time,
            delegate: self.evaluation.config_delegate(),
        };
        kept.write(|out| self.write_json(out), out)
    }
}
