//! New layer evaluation: a value built parameter by parameter (`evaluation.md` §3.9).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, Place};
use crate::explain::Trace;
use crate::exposure::LayerPart;
use crate::json::members;
use crate::table::rule::flags as rule_flags;
use crate::table::spec::SpecRow;
use crate::table::wire::NONE;

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Rules and delegates are evaluated into the one record, which is left as it stands when something is unsupported.
    #[inline(never)]
    pub(super) fn evaluate_new_layer(
        &mut self,
        layer: SpecRow<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        let (mark, parts) = (record.mark, self.lists.parts.len());
        let evaluated = self.evaluate_layer_rules(layer, record, parts);
        record.mark = mark;
        record.undelegated_end = u32::MAX;
        if !matches!(evaluated, Ok(true)) {
            self.lists.parts.truncate(parts);
        }
        evaluated.map(drop)
    }

    /// False when a rule was unsupported. The parts from `first` on are this layer's.
    fn evaluate_layer_rules(
        &mut self,
        layer: SpecRow<'t>,
        record: &mut Evaluation<'t>,
        first: usize,
    ) -> Result<bool> {
        let mut passed = false;
        let mut rule_id = Place::DEFAULT;
        let mut group_name = Place::NONE;
        let mut is_experiment_group = false;
        let mut delegate_name = Place::NONE;
        let mut explicit_parameters = Place::NONE;
        let mut seen = false;
        // The exposures of a delegate that was passed over count as those of the rule after it, if there is one.
        let mut passed_over = None;
        for rule in self.table.rules(layer.rules()).required()? {
            let matched = self.first_match(rule.alone(), record)?.is_some();
            passed_over = None;
            if record.is_unsupported() {
                return Ok(false);
            }
            if !matched || !self.passes_percentage(rule)? {
                continue;
            }
            let exposures = self.lists.exposures.len();
            // A mapping of the delegate takes back its own exposures only.
            record.mark = exposures as u32;
            if self.evaluate_delegate(rule, record)? {
                // Without a value is what is unsupported, and an override by a group that there is not. One that is no
                // object has no parameters.
                let object = record.json().unwrap_or("{}");
                if seen || !record.has_value || self.overlaps(object, first) {
                    passed_over = Some(exposures);
                    continue;
                }
                for exposure in self.lists.exposures.iter_mut().skip(exposures) {
                    exposure.delegated = true;
                }
                self.push_part(object, record.json, rule.id(self.table));
                passed = record.value;
                rule_id = Place(rule.id_at());
                group_name = record.group_name;
                is_experiment_group = rule.has(rule_flags::EXPERIMENT_GROUP);
                delegate_name = record.config_delegate;
                explicit_parameters = record.explicit_parameters;
            } else {
                passed = true;
                if let Some(object) = rule.return_value(self.table) {
                    let place = Place(rule.return_value_at());
                    self.push_part(object, place, rule.id(self.table));
                }
            }
            seen = true;
        }
        if let Some(exposures) = passed_over {
            self.lists.exposures.truncate(exposures);
        }
        let default_value = match layer.default_value_at() {
            NONE => None,
            at => self.table.value(at),
        };
        if let Some(object) = default_value {
            self.push_part(object, Place(layer.default_value_at()), "default");
        }
        record.value = passed;
        record.set_json(Place::PARTS);
        record.rule_id = rule_id;
        record.group_name = group_name;
        record.is_experiment_group = is_experiment_group;
        record.is_experiment_active = layer.is_active().unwrap_or(false);
        record.config_delegate = delegate_name;
        record.explicit_parameters = explicit_parameters;
        record.sampling_rate = NONE;
        record.forward_all_exposures = layer.forward_all_exposures();
        Ok(true)
    }

    /// Whether a parameter of the object has a value already.
    fn overlaps(&self, object: &str, first: usize) -> bool {
        self.lists.parts.iter().skip(first).any(|part| {
            members(part.object)
                .any(|(taken, _)| members(object).any(|(key, _)| key.equals(&taken)))
        })
    }

    fn push_part(&mut self, object: &'t str, place: Place, rule_id: &'t str) {
        if self
            .lists
            .parts
            .push(LayerPart {
                object,
                place,
                rule_id,
            })
            .is_err()
        {
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}
