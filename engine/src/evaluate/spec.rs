//! Specs and rules (`evaluation.md` §3.2 to §3.4, §3.7, §3.8).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, EvaluationError, Source, Reason};
use crate::explain::{Step, Trace};
use crate::table::rule::{Rule, flags as rule_flags};
use crate::table::spec::{SpecRow, flags};
use crate::table::wire::NONE;
use crate::table::SpecKind;

/// §8.3: on a v2 payload an unsupported evaluation leaves the bool of the last condition, as Statsig's core does;
/// on a v1 payload it is false, as in the SDKs that read v1.
const UNSUPPORTED_IS_FALSE_ON_V2: bool = false;

impl<'t, E: Environment, T: Trace> Run<'_, 't, '_, '_, E, T> {
    /// §3.2. True when the name was recognized.
    pub(super) fn evaluate(
        &mut self,
        kind: SpecKind,
        name: &str,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        match self.table.entry(kind, name) {
            Some(entry) => self.evaluate_entry(kind, entry, record),
            None => self.apply_override(kind, name, record),
        }
    }

    /// Whether one more level of nesting is within bounds (§3.12).
    pub(super) fn check_depth(&mut self) -> Result<()> {
        let too_many_mappings = self.mappings > super::MAX_DEPTH;
        if too_many_mappings || self.depth.saturating_sub(self.mappings) > super::MAX_DEPTH {
            self.runaway |= too_many_mappings || self.groups > 0;
            return Err(EvaluationError::DepthExceeded);
        }
        Ok(())
    }

    /// [`Self::evaluate`] from a row of the table: the one place that counts depth and work.
    pub(super) fn evaluate_entry(
        &mut self,
        kind: SpecKind,
        spec: SpecRow<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        self.check_depth()?;
        self.budget = self
            .budget
            .checked_sub(1)
            .ok_or(EvaluationError::TooManyEvaluations)?;
        let table = self.table;
        self.tell(|| Step::Spec {
            kind,
            name: spec.name(table),
        });
        self.depth = self.depth.saturating_add(1);
        let recognized = self.evaluate_at_depth(kind, spec, record);
        if let Ok(true) = recognized {
            self.tell(|| Step::Answer {
                evaluation: &*record,
            });
        }
        self.depth = self.depth.saturating_sub(1);
        recognized
    }

    #[inline(always)]
    fn evaluate_at_depth(
        &mut self,
        kind: SpecKind,
        spec: SpecRow<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        // The name is read only where there are overrides to compare it with.
        if !self.evaluator.options.overrides.is_empty()
            && self.apply_override(kind, spec.name(self.table), record)? {
            return Ok(true);
        }
        if let Some(overrides) = spec.overrides()
            && self.evaluate_mapping(kind, spec, overrides, record)?
        {
            return Ok(true);
        }
        if kind == SpecKind::Experiment
            && let Some(cmab) = spec.cmab()
        {
            let cmab = self.table.cmab(cmab).required()?;
            self.evaluate_cmab(cmab, record)?;
            return Ok(true);
        }
        if !spec.exists() {
            return Ok(false);
        }
        if !record.id_type.is_some() {
            record.id_type = Source::At(spec.id_type_at());
        }
        record.version = record.version.or(spec.version());
        if let Some(active) = spec.is_active() {
            record.is_experiment_active = active;
        }
        if let Some(in_layer) = spec.has_shared_params() {
            record.is_in_layer = in_layer;
        }
        let explicit = Source::At(spec.explicit_parameters_at());
        if explicit.is_some() {
            record.explicit_parameters = explicit;
        }
        if kind == SpecKind::Layer && spec.has(flags::NEW_LAYER_EVAL) {
            self.evaluate_new_layer(spec, record)?;
        } else {
            self.evaluate_rules(kind, spec, record)?;
        }
        if record.is_unsupported() && (self.table.is_v1() || UNSUPPORTED_IS_FALSE_ON_V2) {
            record.value = false;
        }
        Ok(true)
    }

    #[inline(always)]
    fn evaluate_rules(
        &mut self,
        kind: SpecKind,
        spec: SpecRow<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        let v1 = self.table.is_v1();
        let enabled = spec.has(flags::ENABLED);
        if v1 && !enabled {
            record.set_json(Source::At(spec.default_value_at()));
            record.rule_id = Source::Given("disabled");
            return Ok(());
        }
        // §3.3: on v1 a gate that falls through is false whatever its default is.
        let default_value = spec.has(flags::DEFAULT_TRUE) && !(v1 && kind == SpecKind::Gate);
        for rule in self.table.rules(spec.rules()).required()? {
            let matched = self.evaluate_rule(rule, record)?;
            if record.is_unsupported() {
                return Ok(());
            }
            if !matched {
                continue;
            }
            if self.evaluate_delegate(rule, record)? {
                record.sampling_rate = None;
                record.forward_all_exposures = spec.forward_all_exposures();
                return Ok(());
            }
            if self.passes_percentage(rule)? {
                record.value =
                    (v1 && kind == SpecKind::Gate) || !rule.has(rule_flags::RETURNS_FALSE);
                record.set_json(Source::At(rule.return_value_at()));
            } else {
                record.value = default_value;
                record.set_json(Source::At(spec.default_value_at()));
            }
            record.rule_id = Source::At(rule.id_at());
            record.group_name = Source::At(rule.group_name_at());
            record.is_experiment_group = rule.has(rule_flags::EXPERIMENT_GROUP);
            record.is_experiment_active = spec.is_active().unwrap_or(false);
            record.sampling_rate = rule.sampling_rate();
            record.forward_all_exposures = spec.forward_all_exposures();
            return Ok(());
        }
        record.value = default_value;
        record.set_json(Source::At(spec.default_value_at()));
        record.rule_id = Source::Given(if enabled { "default" } else { "disabled" });
        record.sampling_rate = None;
        record.forward_all_exposures = spec.forward_all_exposures();
        Ok(())
    }

    /// §3.4: whether all conditions hold. All are evaluated, for the sake of their exposures, also after one that is
    /// unsupported; only a condition that the payload lacks ends it.
    #[inline(never)]
    pub(super) fn evaluate_one_rule(
        &mut self,
        rule: Rule<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        self.evaluate_rule(rule, record)
    }

    /// [`Self::evaluate_one_rule`], in its caller: the rules of a spec are one loop.
    #[inline(always)]
    fn evaluate_rule(
        &mut self,
        rule: Rule<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        let table = self.table;
        self.tell(|| Step::Rule { id: rule.id(table) });
        let mut all = true;
        let before = record.reason;
        let mut unsupported = record.is_unsupported();
        for at in rule.conditions(self.table).required()? {
            let at = u32::from_le_bytes(*at);
            if at == NONE {
                record.reason = Reason::Unsupported;
                self.tell(|| Step::MissingCondition);
                return Ok(false);
            }
            let condition = self.table.condition(at).required()?;
            if let Some(holds) = self.is_decided(condition) {
                record.value = holds;
            } else {
                // Each condition for itself, so that the trace tells which one it was.
                record.reason = Reason::Recognized;
                self.evaluate_condition(condition, record)?;
                unsupported |= record.is_unsupported();
            }
            all &= record.value;
        }
        record.value = all;
        record.reason = match unsupported {
            true => Reason::Unsupported,
            false => before,
        };
        Ok(all && !unsupported)
    }

    /// §3.7. True when the rule delegates; the caller finalizes.
    #[inline(always)]
    pub(super) fn evaluate_delegate(
        &mut self,
        rule: Rule<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        match rule.delegate() {
            Some(at) => self.evaluate_delegate_at(at, record),
            None => Ok(false),
        }
    }

    #[inline(never)]
    fn evaluate_delegate_at(&mut self, at: u32, record: &mut Evaluation<'t>) -> Result<bool> {
        let delegate = self.table.spec_at(SpecKind::Experiment, at).required()?;
        // A name that only a mapping or a bandit knows is no delegate.
        if !delegate.exists() {
            return Ok(false);
        }
        let table = self.table;
        self.tell(|| Step::Delegate {
            name: delegate.name(table),
        });
        record.undelegated_end = Some(self.exposures.len());
        record.value = false;
        record.clear_json();
        self.evaluate_entry(SpecKind::Experiment, delegate, record)?;
        record.explicit_parameters = Source::At(delegate.explicit_parameters_at());
        record.config_delegate = Source::At(delegate.name_at());
        Ok(true)
    }
}
