//! Sticky assignment: an experiment's users keep what they were given (`evaluation.md` §5.10).
//!
//! | | answer | then |
//! | --- | --- | --- |
//! | the caller wants nothing kept, or the experiment is not active | live | what is kept is to be deleted |
//! | overrides or targeting are enforced and concern the user | live | what is kept stays |
//! | something is kept | what is kept | it stays |
//! | nothing is kept, and the user is in a group | live | the answer is to be kept |
//!
//! A layer's experiment is the one that the kept answer was delegated to. The engine keeps nothing itself: it says what is to be
//! done, and writes and reads [`StickyRecord`].
//!
//! Cost: that of the live answer; with something kept none but what is enforced, one walk over the rules.

use core::fmt::{self, Write};

use super::{Evaluator, Experiment, Layer, Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, Reason, Place};
use crate::explain::Trace;
use crate::exposure::{ExposureSink, Lists, ScratchView};
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
        let kind = SpecKind::Experiment;
        let is_active = self.is_active(name);
        let live = match stored {
            Stored::Unwanted => true,
            _ if !is_active => true,
            Stored::Nothing | Stored::Record(_) => {
                self.is_enforced(kind, user, name, options, scratch.reborrow())
            }
        };
        match stored {
            Stored::Record(record) if !live => {
                self.restore(kind, name, record, &mut scratch);
                let experiment = Experiment::of(name, scratch);
                (experiment, StickyChange::None)
            }
            _ => {
                let experiment = self.experiment_with(user, name, scratch, sink);
                let answer = experiment.evaluation;
                let change = change(stored, is_active, live, answer, is_active);
                (experiment, change)
            }
        }
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
        let kind = SpecKind::Layer;
        let delegate = match stored {
            Stored::Record(record) => record.config_delegate,
            _ => None,
        };
        // Without a kept answer it is the live one that says whether its experiment is active.
        let is_active = match stored {
            Stored::Record(_) => delegate.is_some_and(|name| self.is_active(name)),
            _ => true,
        };
        let live = match stored {
            Stored::Unwanted => true,
            _ if !is_active => true,
            Stored::Nothing | Stored::Record(_) => {
                self.is_enforced(kind, user, name, options, scratch.reborrow())
                    || delegate.is_some_and(|name| {
                        let kind = SpecKind::Experiment;
                        self.is_enforced(kind, user, name, options, scratch.reborrow())
                    })
            }
        };
        match stored {
            Stored::Record(record) if !live => {
                self.restore(kind, name, record, &mut scratch);
                let layer = Layer::of(name, scratch);
                (layer, StickyChange::None)
            }
            _ => {
                let layer = self.layer_with(user, name, scratch, sink);
                let answer = layer.evaluation;
                let gives = answer
                    .config_delegate()
                    .is_some_and(|name| self.is_active(name));
                let change = change(stored, is_active, live, answer, gives);
                (layer, change)
            }
        }
    }

    fn is_active(&self, experiment: &str) -> bool {
        self.table
            .spec(SpecKind::Experiment, experiment)
            .is_some_and(|spec| spec.is_active() == Some(true))
    }

    /// Whether the live answer goes first, by the rules that are enforced alone.
    fn is_enforced(
        &self,
        kind: SpecKind,
        user: &User<'_>,
        name: &str,
        options: StickyOptions,
        mut scratch: ScratchView<'_, 't>,
    ) -> bool {
        let overrides = |id: &str| id.ends_with("override");
        let targeting = |id: &str| matches!(id, "targetingGate" | "inlineTargetingRules");
        (options.enforce_overrides
            && self.passes_only(kind, user, name, overrides, scratch.reborrow()))
            || (options.enforce_targeting && self.passes_only(kind, user, name, targeting, scratch))
    }

    /// An error of these rules is one of the live answer as well, which is therefore taken.
    fn passes_only(
        &self,
        kind: SpecKind,
        user: &User<'_>,
        name: &str,
        wanted: fn(&str) -> bool,
        mut scratch: ScratchView<'_, 't>,
    ) -> bool {
        // What these checks find on the way is nobody's exposure.
        self.run(user, &mut scratch.lists, &mut (), &mut (), |run| {
            run.passes_only(kind, name, wanted).unwrap_or(true)
        })
    }

    /// The answer that was kept.
    fn restore(
        &self,
        kind: SpecKind,
        name: &str,
        record: &StickyRecord<'t>,
        scratch: &mut ScratchView<'_, 't>,
    ) {
        let ScratchView {
            lists: Lists { exposures, parts },
            record: answer,
        } = scratch;
        exposures.clear();
        parts.clear();
        let spec = self.table.spec(kind, name);
        let mut dropped = 0_u32;
        for exposure in record.secondary_exposures() {
            if exposures.push(exposure).is_err() {
                dropped = dropped.saturating_add(1);
            }
        }
        **answer = Evaluation::new(self.table, 0);
        answer.give_kept(record);
        answer.id_type = spec.map_or(Place::NONE, |spec| Place(spec.row.id_type_at()));
        answer.is_experiment_group = true;
        answer.is_experiment_active = true;
        answer.is_in_layer = spec
            .and_then(|spec| spec.has_shared_params())
            .unwrap_or(false);
        answer.reason = Reason::Persisted;
        answer.dropped = dropped;
    }
}

/// What a live answer means for what is kept; `gives` says that it comes from an active experiment.
fn change(
    stored: &Stored<'_>,
    is_active: bool,
    is_enforced: bool,
    answer: &Evaluation<'_>,
    gives: bool,
) -> StickyChange {
    match stored {
        Stored::Unwanted => StickyChange::Delete,
        Stored::Record(_) if !is_active => StickyChange::Delete,
        Stored::Nothing
            if is_active
                && !is_enforced
                && answer.reason == Reason::Recognized
                && gives
                && answer.is_experiment_group =>
        {
            StickyChange::Save
        }
        _ => StickyChange::None,
    }
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Whether the user passes the first rule that it matches of those with such an id.
    fn passes_only(
        &mut self,
        kind: SpecKind,
        name: &str,
        wanted: fn(&str) -> bool,
    ) -> Result<bool> {
        let Some(spec) = self.table.spec(kind, name).map(|spec| spec.row) else {
            return Ok(false);
        };
        if self.table.is_v1() && !spec.has(flags::ENABLED) {
            return Ok(false);
        }
        // As deep as the rules of a check.
        self.level = 1;
        for rule in self.table.rules(spec.rules()).required()? {
            if !wanted(rule.id(self.table)) {
                continue;
            }
            let mut record = Evaluation::new(self.table, 0);
            let matched = self.evaluate_one_rule(rule, &mut record)?;
            if record.is_unsupported() {
                return Ok(false);
            }
            if !matched {
                continue;
            }
            if self.evaluate_delegate(rule, &mut record)? {
                return Ok(record.value);
            }
            return Ok(self.passes_percentage(rule)? && !rule.has(rule_flags::RETURNS_FALSE));
        }
        Ok(false)
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
            evaluation: self.evaluation,
            secondary: self.secondary_exposures(),
            time,
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
            evaluation: self.evaluation,
            secondary: self.secondary_exposures(),
            time,
        };
        kept.write(|out| self.write_json(out), out)
    }
}
