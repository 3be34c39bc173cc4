//! One check on its way: what it has spent and noted, and its beginning and end (`evaluation.md` §3.1, §3.12).

use super::list::Subjects;
use super::{Evaluator, Result};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, EvaluationError, Place, Reason};
use crate::explain::{Step, Trace};
use crate::exposure::{ExposureSink, Lists, SecondaryExposure};
use crate::table::rule::HashInput;
use crate::table::spec::SpecRow;
use crate::table::{SpecKind, Table};
use crate::user::{Global, User};

/// One check on its way.
pub(super) struct Run<'r, 's, 't, 'u, 'e, E, T> {
    pub(super) table: Table<'t>,
    pub(super) evaluator: &'r Evaluator<'t, 'e, E>,
    pub(super) user: &'r User<'u>,
    pub(super) lists: &'r mut Lists<'s, 't>,
    pub(super) sink: &'r mut dyn ExposureSink,
    pub(super) trace: &'r mut T,
    /// Specs that are being evaluated, but for those that a mapping led to.
    pub(super) level: u32,
    /// Config mappings that are being followed.
    pub(super) mappings: u32,
    /// Experiments that are being asked for the user's group.
    pub(super) groups: u32,
    /// The depth was exceeded by mappings, or within an experiment that was asked for a group: most likely they lead
    /// back to themselves, and nothing on the way may take that for a plain "no".
    pub(super) runaway: bool,
    /// Steps left.
    pub(super) budget: u32,
    pub(super) now: Option<i64>,
    /// The hash drawn last, see [`Run::hash_unit`].
    pub(super) last_hash: Option<(HashInput, u64)>,
    /// What lists were compared with, see [`Run::decide`].
    pub(super) subjects: Subjects<'r>,
    pub(super) dropped: u32,
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Takes so many steps of [`MAX_STEPS`].
    #[inline(always)]
    pub(super) fn spend(&mut self, steps: u32) -> Result<()> {
        self.budget = self
            .budget
            .checked_sub(steps)
            .ok_or(EvaluationError::TooManyEvaluations)?;
        Ok(())
    }

    /// [`Self::check`], on the way to another answer.
    #[inline(never)]
    pub(super) fn check_apart(&mut self, kind: SpecKind, name: &str, record: &mut Evaluation<'t>) {
        self.check(kind, name, self.table.entry(kind, name), record);
    }

    /// A public check into a fresh record, finished with its reason and the marks of its exposures.
    #[inline(never)]
    pub(super) fn check(
        &mut self,
        kind: SpecKind,
        name: &str,
        entry: Option<SpecRow<'t>>,
        record: &mut Evaluation<'t>,
    ) {
        let evaluated = match entry {
            Some(entry) => self.evaluate_entry(kind, entry, record),
            None => self.apply_override(kind, name, record),
        };
        match evaluated {
            Ok(true) => self.mark_delegated(record),
            Ok(false) => record.reason = Reason::Unrecognized,
            Err(error) => {
                self.reset(record);
                record.rule_id = Place::DEFAULT;
                record.reason = Reason::Error(error);
            }
        }
        record.dropped = self.dropped;
    }

    /// A record as it begins here.
    #[inline(never)]
    pub(super) fn record(&self) -> Evaluation<'t> {
        Evaluation::new(self.table, self.lists.exposures.len() as u32)
    }

    /// §3.8, at the outermost level: which exposures are the delegate's. New layer evaluation has marked its own.
    pub(super) fn mark_delegated(&mut self, record: &Evaluation<'t>) {
        if record.undelegated_end != u32::MAX {
            self.mark_from(record.undelegated_end);
        }
    }

    #[inline(never)]
    pub(super) fn mark_from(&mut self, first: u32) {
        for exposure in self.lists.exposures.iter_mut().skip(first as usize) {
            exposure.delegated = true;
        }
    }

    /// Clears a record as a config mapping does: its exposures too.
    #[inline(never)]
    pub(super) fn reset(&mut self, record: &mut Evaluation<'t>) {
        self.lists.exposures.truncate(record.mark as usize);
        record.begin(self.table, self.lists.exposures.len() as u32);
    }

    /// How deep specs are nested.
    pub(super) fn depth(&self) -> u32 {
        self.level.saturating_add(self.mappings)
    }

    pub(super) fn push_exposure(&mut self, exposure: SecondaryExposure<'t>) {
        if self.lists.exposures.push(exposure).is_err() {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Tells the trace a step; nothing is computed for one that does not listen.
    #[inline(always)]
    pub(super) fn tell<'a>(&mut self, step: impl FnOnce() -> Step<'a>) {
        if T::LISTENS {
            self.trace.step(self.depth(), &step());
        }
    }

    #[inline(never)]
    pub(super) fn now_ms(&mut self) -> i64 {
        let environment = self.evaluator.environment;
        *self.now.get_or_insert_with(|| environment.now_ms())
    }
}

impl<'t, 'e, E, T> Run<'_, '_, 't, '_, 'e, E, T> {
    /// What the options add to the user.
    pub(super) fn global(&self) -> Global<'t> {
        Global {
            custom: self.evaluator.options.custom,
        }
    }

    /// The configured environment's tier, else the payload's.
    pub(super) fn tier<'v>(&self) -> Option<&'v str>
    where
        't: 'v,
        'e: 'v,
    {
        let configured = self.evaluator.options.tier;
        configured.or_else(|| self.table.meta()?.default_environment())
    }
}
