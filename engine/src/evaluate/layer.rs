//! New layer evaluation: a value built parameter by parameter (`evaluation.md` §3.9).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::Evaluation;
use crate::explain::{Step, Trace};
use crate::exposure::LayerPart;
use crate::json::members;
use crate::table::rule::flags as rule_flags;
use crate::table::{Spec, SpecKind};

impl<'t, E: Environment, T: Trace> Run<'_, 't, '_, '_, E, T> {
    pub(super) fn evaluate_new_layer(
        &mut self,
        layer: Spec<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        let mut passed = false;
        let mut rule_id = "default";
        let mut group_name = None;
        let mut is_experiment_group = false;
        let mut delegate_name = None;
        let mut explicit_parameters = None;
        let mut seen = false;
        for at in layer.rules() {
            let rule = self.table.rule(at).required()?;
            let matched = self.evaluate_rule(rule, record)?;
            if record.is_unsupported() {
                return Ok(());
            }
            if !matched || !self.passes_percentage(rule)? {
                continue;
            }
            if let Some(at) = rule.delegate() {
                if seen {
                    continue;
                }
                let delegate = self.table.spec_at(SpecKind::Experiment, at).required()?;
                self.tell(|| Step::Delegate {
                    name: delegate.name(),
                });
                let mark = self.exposures.len();
                let mut answer = Evaluation::new(mark);
                self.evaluate_entry(SpecKind::Experiment, delegate, &mut answer)?;
                let Some(object) = answer.json.filter(|object| !self.overlaps(object)) else {
                    self.exposures.truncate(mark);
                    continue;
                };
                for exposure in self.exposures.iter_mut().skip(mark) {
                    exposure.delegated = true;
                }
                self.push_part(object, rule.id());
                passed = answer.value;
                rule_id = rule.id();
                group_name = answer.group_name;
                is_experiment_group = rule.has(rule_flags::EXPERIMENT_GROUP);
                delegate_name = Some(delegate.name());
                explicit_parameters = delegate.explicit_parameters();
            } else {
                passed = true;
                if let Some(object) = rule.return_value() {
                    self.push_part(object, rule.id());
                }
            }
            seen = true;
        }
        if let Some(object) = layer.default_value() {
            self.push_part(object, "default");
        }
        record.value = passed;
        record.rule_id = Some(rule_id);
        record.group_name = group_name;
        record.is_experiment_group = is_experiment_group;
        record.is_experiment_active = layer.is_active().unwrap_or(false);
        record.config_delegate = delegate_name;
        record.explicit_parameters = explicit_parameters;
        record.forward_all_exposures = layer.forward_all_exposures();
        Ok(())
    }

    /// Whether a parameter of the object has a value already.
    fn overlaps(&self, object: &str) -> bool {
        self.parts.iter().any(|part| {
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
