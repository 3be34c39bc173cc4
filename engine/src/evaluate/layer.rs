//! New layer evaluation: a value built parameter by parameter (`evaluation.md` §3.9).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::Evaluation;
use crate::explain::Trace;
use crate::exposure::LayerPart;
use crate::json::members;
use crate::table::Spec;
use crate::table::rule::flags as rule_flags;

impl<'t, E: Environment, T: Trace> Run<'_, 't, '_, '_, E, T> {
    /// Rules and delegates are evaluated into the one record, which is left as it stands when something is unsupported.
    pub(super) fn evaluate_new_layer(
        &mut self,
        layer: Spec<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        let (mark, parts) = (record.mark, self.parts.len());
        let evaluated = self.evaluate_layer_rules(layer, record, parts);
        record.mark = mark;
        record.undelegated_end = None;
        if !matches!(evaluated, Ok(true)) {
            self.parts.truncate(parts);
        }
        evaluated.map(drop)
    }

    /// False when a rule was unsupported. The parts from `first` on are this layer's.
    fn evaluate_layer_rules(
        &mut self,
        layer: Spec<'t>,
        record: &mut Evaluation<'t>,
        first: usize,
    ) -> Result<bool> {
        let mut passed = false;
        let mut rule_id = "default";
        let mut group_name = None;
        let mut is_experiment_group = false;
        let mut delegate_name = None;
        let mut explicit_parameters = None;
        let mut seen = false;
        // The exposures of a delegate that was passed over count as those of the rule after it, if there is one.
        let mut passed_over = None;
        for at in layer.rules() {
            let rule = self.table.rule(at).required()?;
            let matched = self.evaluate_rule(rule, record)?;
            passed_over = None;
            if record.is_unsupported() {
                // What is no object is not told from the value of a layer that was evaluated to its end.
                if record.json.is_none() {
                    record.clear_json();
                }
                return Ok(false);
            }
            if !matched || !self.passes_percentage(rule)? {
                continue;
            }
            let exposures = self.exposures.len();
            // A mapping of the delegate takes back its own exposures only.
            record.mark = exposures;
            if self.evaluate_delegate(rule, record)? {
                // Without a value is what is unsupported, and an override by a group that there is not. One that is no
                // object has no parameters.
                let object = record.json.unwrap_or("{}");
                if seen || !record.has_value || self.overlaps(object, first) {
                    passed_over = Some(exposures);
                    continue;
                }
                for exposure in self.exposures.iter_mut().skip(exposures) {
                    exposure.delegated = true;
                }
                self.push_part(object, rule.id());
                passed = record.value;
                rule_id = rule.id();
                group_name = record.group_name;
                is_experiment_group = rule.has(rule_flags::EXPERIMENT_GROUP);
                delegate_name = record.config_delegate;
                explicit_parameters = record.explicit_parameters;
            } else {
                passed = true;
                if let Some(object) = rule.return_value() {
                    self.push_part(object, rule.id());
                }
            }
            seen = true;
        }
        if let Some(exposures) = passed_over {
            self.exposures.truncate(exposures);
        }
        if let Some(object) = layer.default_value() {
            self.push_part(object, "default");
        }
        record.value = passed;
        record.set_json(None);
        record.rule_id = Some(rule_id);
        record.group_name = group_name;
        record.is_experiment_group = is_experiment_group;
        record.is_experiment_active = layer.is_active().unwrap_or(false);
        record.config_delegate = delegate_name;
        record.explicit_parameters = explicit_parameters;
        record.sampling_rate = None;
        record.forward_all_exposures = layer.forward_all_exposures();
        Ok(true)
    }

    /// Whether a parameter of the object has a value already.
    fn overlaps(&self, object: &str, first: usize) -> bool {
        self.parts.iter().skip(first).any(|part| {
            members(part.object)
                .any(|(taken, _)| members(object).any(|(key, _)| key.chars().eq(taken.chars())))
        })
    }

    fn push_part(&mut self, object: &'t str, rule_id: &'t str) {
        if self.parts.push(LayerPart { object, rule_id }).is_err() {
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}
