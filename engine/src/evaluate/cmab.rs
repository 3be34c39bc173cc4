//! Contextual bandits (`evaluation.md` §5.7).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, Reason};
use crate::explain::Trace;
use crate::exposure::SecondaryExposure;
use crate::number::NumberText;
use crate::table::{Cmab, CmabGroup, SpecKind};

/// What the drawn number is a share of.
const BUCKETS: u64 = 10_000;

impl<'t, E: Environment, T: Trace> Run<'_, 't, '_, '_, E, T> {
    /// Chooses a group: by the hash while there is no model, by chance to explore, else by the best score.
    pub(super) fn evaluate_cmab(
        &mut self,
        cmab: Cmab<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        record.id_type = record.id_type.or(Some(cmab.id_type()));
        record.version = record.version.or(Some(cmab.version()));
        record.is_experiment_active = cmab.enabled();
        let groups = cmab.groups().count();
        if !cmab.enabled() || groups == 0 {
            return self.answer_default(cmab, "prestart", record);
        }
        if let Some(gate) = cmab.targeting_gate() {
            let passes = self.evaluate_targeting_gate(gate, record)?;
            if record.is_unsupported() {
                return Ok(());
            }
            if !passes {
                return self.answer_default(cmab, "inlineTargetingRules", record);
            }
        }
        let hash = self.hash_unit(cmab.hash_input())?;
        let drawn = (hash % BUCKETS) as f64;
        let buckets = BUCKETS as f64;
        let (group, explores) = if !cmab.has_config() {
            let index = (drawn / (buckets / groups as f64)) as usize;
            (cmab.groups().nth(index.min(groups.saturating_sub(1))), true)
        } else if drawn < cmab.sample_rate() * buckets {
            (self.draw_group(cmab), true)
        } else {
            (
                self.best_group(cmab).or_else(|| self.draw_group(cmab)),
                false,
            )
        };
        let group = group.required()?;
        record.value = true;
        record.json = group.value;
        record.rule_id = Some(group.id);
        record.rule_id_suffix = explores.then_some("explore");
        record.group_name = Some(group.name);
        record.is_experiment_group = true;
        Ok(())
    }

    fn answer_default(
        &mut self,
        cmab: Cmab<'t>,
        rule_id: &'static str,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        record.value = false;
        record.json = cmab.default_value();
        record.rule_id = Some(rule_id);
        Ok(())
    }

    /// As a nested gate, but an unknown one leaves an exposure too.
    fn evaluate_targeting_gate(
        &mut self,
        gate: &'t str,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        let mut child = Evaluation::new(self.exposures.len());
        self.evaluate(SpecKind::Gate, gate, &mut child)?;
        if child.is_unsupported() {
            record.reason = Reason::Unsupported;
            return Ok(false);
        }
        if !gate.starts_with("segment:") {
            self.push_exposure(SecondaryExposure {
                gate,
                gate_value: child.value,
                rule_id: child.rule_id.unwrap_or_default(),
                delegated: false,
            });
        }
        Ok(child.value)
    }

    /// A group by chance: the fewer records it has, the likelier.
    fn draw_group(&self, cmab: Cmab<'t>) -> Option<CmabGroup<'t>> {
        let weight = |group: &CmabGroup<'_>| 1.0 / (group.records as f64 + 1.0);
        let total: f64 = cmab.groups().map(|group| weight(&group)).sum();
        let mut left = self.environment.random() * total;
        let mut last = None;
        for group in cmab.groups() {
            left -= weight(&group);
            last = Some(group);
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// The group with the best score, the first of equals; `None` when no group has one.
    fn best_group(&self, cmab: Cmab<'t>) -> Option<CmabGroup<'t>> {
        let mut best: Option<(f64, CmabGroup<'t>)> = None;
        for group in cmab.groups() {
            let Some(score) = self.score(&group) else {
                continue;
            };
            let better = match &best {
                None => true,
                Some((highest, _)) if cmab.higher_is_better() => score > *highest,
                Some((lowest, _)) => score < *lowest,
            };
            if better {
                best = Some((score, group));
            }
        }
        best.map(|(_, group)| group)
    }

    /// A group without a model, or whose model has no weights, has no score.
    fn score(&self, group: &CmabGroup<'t>) -> Option<f64> {
        if !group.has_config || group.weights().next().is_none() {
            return None;
        }
        let mut score = group.intercept + group.alpha;
        for weight in group.weights() {
            let Some(value) = self.user.field(&weight.lookup, &self.global) else {
                continue;
            };
            let mut buffer = NumberText::new();
            score += match weight.category {
                Some(category) if value.text(&mut buffer) == Some(category) => weight.weight,
                Some(_) => 0.0,
                None => value.float().unwrap_or(0.0) * weight.weight,
            };
        }
        Some(score)
    }
}
