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
use crate::exposure::{ExposureSink, LayerPart, ScratchView, SecondaryExposure};
use crate::sticky::{Kept, StickyRecord};
use crate::table::SpecKind;
use crate::table::rule::flags as rule_flags;
use crate::table::spec::flags;
use crate::user::User;

/// What is kept for a user and an experiment or a layer.
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
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct StickyOptions {
    /// A rule of an override (its id ends in `override`) that the user passes goes before what is kept.
    pub enforce_overrides: bool,
    /// The targeting rule (`targetingGate`, `inlineTargetingRules`) that keeps the user out goes before what is kept.
    pub enforce_targeting: bool,
}

/// What is to be done with what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StickyChange {
    /// Nothing.
    None,
    /// The answer is to be kept: see [`Experiment::write_sticky_record`].
    Save,
    /// What is kept is to be deleted.
    Delete,
}

impl<'t, E: Environment> Evaluator<'t, '_, E> {
    /// Reads an experiment of which the user keeps what it was given.
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
        let (live, ..) = self.check(kind, user, name, scratch.reborrow(), sink, &mut ());
        let (is_active, gives) = (live.is_experiment_active, live.is_experiment_group);
        let (mut evaluation, change) = settle(user, stored, enforced, is_active, gives, live);
        let (secondary, _) = keep_exposures(&mut evaluation, stored, scratch);
        let experiment = Experiment {
            name,
            evaluation,
            secondary,
        };
        (experiment, change)
    }

    /// Reads a layer of which the user keeps what it was given while the experiment that gave it is active.
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
        let (live, ..) = self.check(kind, user, name, scratch.reborrow(), sink, &mut ());
        let allocated = live.config_delegate.is_some_and(|name| !name.is_empty());
        // Without a kept answer, or without its experiment, it is the live one that says whether it is active.
        let is_active = delegate
            .and_then(|name| self.table.spec(SpecKind::Experiment, name)?.is_active())
            .unwrap_or(allocated && live.is_experiment_active);
        let gives = allocated && live.is_experiment_group;
        let (mut evaluation, change) = settle(user, stored, enforced, is_active, gives, live);
        let (secondary, parts) = keep_exposures(&mut evaluation, stored, scratch);
        let layer = Layer {
            name,
            evaluation,
            secondary,
            parts,
        };
        (layer, change)
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
            self.run(user, scratch.reborrow(), &mut (), &mut (), |run| {
                run.passes_only(name, wanted).unwrap_or(false)
            })
        };
        (options.enforce_targeting
            && passes(|id| matches!(id, "targetingGate" | "inlineTargetingRules")))
            || (options.enforce_overrides && passes(|id| id.ends_with("override")))
    }
}

/// The answer, and what becomes of what is kept; `gives` says that the user is in a group.
fn settle<'t>(
    user: &User<'_>,
    stored: &Stored<'t>,
    enforced: bool,
    is_active: bool,
    gives: bool,
    live: Evaluation<'t>,
) -> (Evaluation<'t>, StickyChange) {
    let has_unit = user.unit_of(live.id_type.unwrap_or_default()).is_some();
    match stored {
        _ if !has_unit => (live, StickyChange::None),
        Stored::Unwanted => (live, StickyChange::Delete),
        Stored::Record(_) if !is_active => (live, StickyChange::Delete),
        Stored::Record(record) if !enforced => (restored(record, &live), StickyChange::None),
        Stored::Nothing if is_active && gives => (live, StickyChange::Save),
        Stored::Record(_) | Stored::Nothing => (live, StickyChange::None),
    }
}

/// The answer that was kept; what is not of the assignment but of the spec is that of today.
fn restored<'t>(record: &StickyRecord<'t>, live: &Evaluation<'t>) -> Evaluation<'t> {
    Evaluation {
        value: record.value,
        json: Some(record.json),
        rule_id: Some(record.rule_id),
        id_type: live.id_type,
        version: record.version,
        group_name: record.group_name,
        is_experiment_group: true,
        is_experiment_active: true,
        is_in_layer: live.is_in_layer,
        explicit_parameters: record.explicit_parameters,
        config_delegate: record.config_delegate,
        override_config_name: live.override_config_name,
        sampling_rate: live.sampling_rate,
        forward_all_exposures: live.forward_all_exposures,
        has_seen_analytical_gates: live.has_seen_analytical_gates,
        reason: Reason::Persisted,
        persisted_time: Some(record.time),
        ..Evaluation::new(0)
    }
}

/// The exposures and parts of the answer: the live one's are there, those that were kept replace them.
fn keep_exposures<'s, 't>(
    evaluation: &mut Evaluation<'t>,
    stored: &Stored<'t>,
    scratch: ScratchView<'s, 't>,
) -> (&'s [SecondaryExposure<'t>], &'s [LayerPart<'t>]) {
    let ScratchView { exposures, parts } = scratch;
    if let (Reason::Persisted, Stored::Record(record)) = (evaluation.reason, stored) {
        parts.clear();
        exposures.clear();
        for exposure in record.secondary_exposures() {
            if exposures.push(exposure).is_err() {
                evaluation.dropped = evaluation.dropped.saturating_add(1);
            }
        }
    }
    (exposures, parts)
}

impl<'t, E: Environment, T: Trace> Run<'_, 't, '_, '_, E, T> {
    /// What an experiment's bool is by the rules with such an id alone, without mappings and bandits; false where it has
    /// none of them.
    fn passes_only(&mut self, experiment: &str, wanted: fn(&str) -> bool) -> Result<bool> {
        let Some(spec) = self.table.spec(SpecKind::Experiment, experiment) else {
            return Ok(false);
        };
        if self.table.is_v1() && !spec.has(flags::ENABLED) {
            return Ok(false);
        }
        // As deep as the rules of a check.
        self.depth = 1;
        let mut record = Evaluation::new(0);
        let mut any = false;
        for at in spec.rules() {
            let rule = self.table.rule(at).required()?;
            if !wanted(rule.id()) {
                continue;
            }
            any = true;
            let matched = self.evaluate_rule(rule, &mut record)?;
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
    /// Writes what is to be kept: a record that [`StickyRecord::from_json`] reads. `time` is the payload's,
    /// [`Table::time`](crate::Table::time).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_sticky_record(&self, time: u64, out: &mut dyn Write) -> fmt::Result {
        let kept = Kept {
            evaluation: &self.evaluation,
            secondary: self.secondary,
            time,
            // One that delegates to another is what its users are in all the same.
            delegate: None,
        };
        kept.write(|out| out.write_str(self.json()), out)
    }
}

impl Layer<'_, '_, '_> {
    /// Writes what is to be kept: a record that [`StickyRecord::from_json`] reads. `time` is the payload's,
    /// [`Table::time`](crate::Table::time).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_sticky_record(&self, time: u64, out: &mut dyn Write) -> fmt::Result {
        let kept = Kept {
            evaluation: &self.evaluation,
            secondary: self.secondary,
            time,
            delegate: self.evaluation.config_delegate,
        };
        kept.write(|out| self.write_json(out), out)
    }
}
