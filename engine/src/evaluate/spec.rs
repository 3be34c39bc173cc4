//! Specs and rules (`evaluation.md` §3.2 to §3.4, §3.7, §3.8).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, EvaluationError, Place, Reason};
use crate::explain::{Step, Trace};
use crate::table::condition::Condition;
use crate::table::rule::{Rule, Rules, flags as rule_flags};
use crate::table::spec::{SpecRow, flags};
use crate::table::wire::NONE;
use crate::table::{SpecKind, Table};

/// §8.3: on a v2 payload an unsupported evaluation leaves the bool of the last condition, as Statsig's core does;
/// on a v1 payload it is false, as in the SDKs that read v1.
const UNSUPPORTED_IS_FALSE_ON_V2: bool = false;

/// What a spec says of itself, into a record that may have been another spec's.
#[cfg_attr(target_family = "wasm", inline(never))] // one copy where size counts
#[cfg_attr(not(target_family = "wasm"), inline(always))]
fn describe(spec: SpecRow<'_>, record: &mut Evaluation<'_>) {
    if !record.id_type.is_some() {
        record.id_type = Place(spec.id_type_at());
    }
    if let Some(version) = spec.version()
        && record.version.is_none()
    {
        record.version = Some(version);
    }
    if spec.has(flags::OF_EXPERIMENT) {
        if let Some(active) = spec.is_active() {
            record.is_experiment_active = active;
        }
        if let Some(in_layer) = spec.has_shared_params() {
            record.is_in_layer = in_layer;
        }
        let explicit = Place(spec.explicit_parameters_at());
        if explicit.is_some() {
            record.explicit_parameters = explicit;
        }
    }
}

/// The answer of a rule that matched and did not delegate.
#[cfg_attr(target_family = "wasm", inline(never))]
#[cfg_attr(not(target_family = "wasm"), inline(always))]
fn answer(spec: SpecRow<'_>, rule: Rule<'_>, passes: bool, record: &mut Evaluation<'_>) {
    if passes {
        record.value = !rule.has(rule_flags::RETURNS_FALSE);
        record.set_json(Place(rule.return_value_at()));
    } else {
        record.value = spec.has(flags::DEFAULT_TRUE);
        record.set_json(Place(spec.default_value_at()));
    }
    record.rule_id = Place(rule.id_at());
    record.group_name = Place(rule.group_name_at());
    record.is_experiment_group = rule.has(rule_flags::EXPERIMENT_GROUP);
    record.is_experiment_active = spec.is_active() == Some(true);
    record.sampling_rate = rule.sampling_rate_or_none();
    record.forward_all_exposures = spec.forward_all_exposures();
}

/// The answer of a spec that has the same for everyone, into a fresh record; false when it has not.
#[inline(always)]
pub(super) fn settle<'t>(table: Table<'t>, spec: SpecRow<'t>, record: &mut Evaluation<'t>) -> bool {
    const OTHERWISE: u32 = flags::NO_SPEC | flags::HAS_MORE | flags::NEW_LAYER_EVAL;
    if !spec.has(flags::SETTLED) || spec.has(OTHERWISE) {
        return false;
    }
    let Some(rule) = table.rule(spec.rules().start) else {
        return false;
    };
    describe(spec, record);
    answer(spec, rule, rule.bound() > 0, record);
    true
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// §3.2. True when the name was recognized.
    #[inline(never)]
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
    #[inline(always)]
    pub(super) fn check_depth(&mut self) -> Result<()> {
        match self.level > super::MAX_DEPTH {
            true => Err(self.too_deep(false)),
            false => Ok(()),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn too_deep(&mut self, by_mappings: bool) -> EvaluationError {
        self.runaway |= by_mappings || self.groups > 0;
        EvaluationError::DepthExceeded
    }

    /// [`Self::evaluate`] from a row of the table: the one place that counts depth and work.
    #[inline(never)]
    pub(super) fn evaluate_entry(
        &mut self,
        kind: SpecKind,
        spec: SpecRow<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        self.check_depth()?;
        self.spend(super::STEPS_OF_SPEC)?;
        let table = self.table;
        self.tell(|| Step::Spec {
            kind,
            name: spec.name(table),
        });
        self.level = self.level.wrapping_add(1);
        let recognized = self.evaluate_at_depth(kind, spec, record);
        if let Ok(true) = recognized {
            self.tell(|| Step::Answer {
                evaluation: &*record,
            });
        }
        self.level = self.level.wrapping_sub(1);
        recognized
    }

    #[inline(always)]
    fn evaluate_at_depth(
        &mut self,
        kind: SpecKind,
        spec: SpecRow<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        if (spec.has(flags::NO_SPEC | flags::HAS_MORE)
            || !self.evaluator.options.overrides.is_empty())
            && let Some(recognized) = self.evaluate_besides(kind, spec, record)?
        {
            return Ok(recognized);
        }
        describe(spec, record);
        if spec.has(flags::NEW_LAYER_EVAL) && kind == SpecKind::Layer {
            self.evaluate_new_layer(spec, record)?;
        } else {
            self.evaluate_rules(kind, spec, record)?;
        }
        if (self.table.is_v1() || UNSUPPORTED_IS_FALSE_ON_V2) && record.is_unsupported() {
            record.value = false;
        }
        Ok(true)
    }

    /// What goes before a spec's rules; `None` when nothing did. The name is read only where there are overrides to compare
    /// it with.
    #[inline(never)]
    fn evaluate_besides(
        &mut self,
        kind: SpecKind,
        spec: SpecRow<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<Option<bool>> {
        if !self.evaluator.options.overrides.is_empty()
            && self.apply_override(kind, spec.name(self.table), record)?
        {
            return Ok(Some(true));
        }
        if let Some(overrides) = spec.overrides()
            && self.evaluate_mapping(kind, spec, overrides, record)?
        {
            return Ok(Some(true));
        }
        if kind == SpecKind::Experiment
            && let Some(cmab) = spec.cmab()
        {
            let cmab = self.table.cmab(cmab).required()?;
            self.evaluate_cmab(cmab, record)?;
            return Ok(Some(true));
        }
        Ok(match spec.exists() {
            true => None,
            false => Some(false),
        })
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
            record.set_json(Place(spec.default_value_at()));
            record.rule_id = Place::DISABLED;
            return Ok(());
        }
        // §3.3: on v1 a gate that falls through is false whatever its default is.
        let default_value =
            move || spec.has(flags::DEFAULT_TRUE) && !(v1 && kind == SpecKind::Gate);
        let matched = self.first_match(self.table.rules(spec.rules()).required()?, record)?;
        if record.is_unsupported() {
            return Ok(());
        }
        if let Some(rule) = matched {
            if self.evaluate_delegate(rule, record)? {
                record.sampling_rate = NONE;
                record.forward_all_exposures = spec.forward_all_exposures();
                return Ok(());
            }
            let passes = self.passes_percentage(rule)?;
            answer(spec, rule, passes, record);
            if v1 && kind == SpecKind::Gate {
                record.value = passes;
            }
            return Ok(());
        }
        record.value = default_value();
        record.set_json(Place(spec.default_value_at()));
        record.rule_id = match enabled {
            true => Place::DEFAULT,
            false => Place::DISABLED,
        };
        record.sampling_rate = NONE;
        record.forward_all_exposures = spec.forward_all_exposures();
        Ok(())
    }

    /// §3.4: the first of the rules whose conditions all hold; none also when the record became unsupported, which ends the
    /// walk. All conditions of a rule are evaluated, for the sake of their exposures, also after one that is unsupported; only
    /// a condition that the payload lacks ends it.
    #[inline(never)]
    pub(super) fn first_match(
        &mut self,
        rules: Rules<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<Option<Rule<'t>>> {
        let table = self.table;
        let rows = table.condition_rows().required()?;
        self.spend(rules.len())?;
        // What a rule says, and before that its last condition: one that is unsupported leaves the bool before it.
        let mut last = record.value;
        for rule in rules {
            if !T::LISTENS {
                if self.subjects.rule_out(rule) {
                    last = false;
                    continue;
                }
                if rule.is_list_test() {
                    last = self.find(rule.only_condition(rows).required()?)?;
                    if last {
                        record.value = true;
                        return Ok(Some(rule));
                    }
                    continue;
                }
            }
            self.tell(|| Step::Rule { id: rule.id(table) });
            let mut all = true;
            let conditions = rule.conditions(table).required()?;
            // A table may give every rule the same 65,535 conditions.
            if conditions.len() > 1 {
                self.spend(conditions.len() as u32)?;
            }
            for at in conditions {
                let at = u32::from_le_bytes(*at);
                let Some(condition) = rows.get(at) else {
                    record.value = last;
                    return self.missing_condition(at, record);
                };
                last = match self.decide(condition)? {
                    Some(holds) => holds,
                    None => {
                        record.value = last;
                        self.evaluate_undecided(condition, record)?;
                        record.value
                    }
                };
                all &= last;
            }
            last = all;
            if all || record.is_unsupported() {
                record.value = all;
                return Ok(Some(rule).filter(|_| !record.is_unsupported()));
            }
        }
        record.value = last;
        Ok(None)
    }

    #[cold]
    #[inline(never)]
    fn missing_condition(
        &mut self,
        at: u32,
        record: &mut Evaluation<'t>,
    ) -> Result<Option<Rule<'t>>> {
        if at != NONE {
            return Err(EvaluationError::CorruptTable);
        }
        record.reason = Reason::Unsupported;
        self.tell(|| Step::MissingCondition);
        Ok(None)
    }

    /// Each condition for itself, so that the trace tells which one was unsupported; the record says so if any was.
    #[inline(never)]
    fn evaluate_undecided(
        &mut self,
        condition: Condition<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        let before = record.reason;
        record.reason = Reason::Recognized;
        self.evaluate_condition(condition, record)?;
        if !record.is_unsupported() {
            record.reason = before;
        }
        Ok(())
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
        record.undelegated_end = self.lists.exposures.len() as u32;
        record.value = false;
        record.clear_json();
        self.evaluate_entry(SpecKind::Experiment, delegate, record)?;
        record.explicit_parameters = Place(delegate.explicit_parameters_at());
        record.config_delegate = Place(delegate.name_at());
        Ok(true)
    }
}
