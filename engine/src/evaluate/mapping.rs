//! Config mappings (`evaluation.md` §3.10).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, EvaluationError};
use crate::explain::{Step, Trace};
use crate::table::{Spec, SpecKind};

impl<'t, E: Environment, T: Trace> Run<'_, 't, '_, '_, E, T> {
    /// True when a mapping of the name applied and the record holds the other config's answer.
    pub(super) fn evaluate_mapping(
        &mut self,
        kind: SpecKind,
        entry: Spec<'t>,
        overrides: u32,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        let salt = if entry.exists() { entry.salt() } else { "" };
        for mapping in self.table.mappings(overrides) {
            let mapping = mapping.required()?;
            for mapping_rule in self.table.mapping_rules(&mapping) {
                let mapping_rule = mapping_rule.required()?;
                let now = u64::try_from(self.now_ms()).unwrap_or(0);
                let Some(at) = mapping_rule.rule else {
                    continue;
                };
                if mapping_rule.start_time > now {
                    continue;
                }
                let rule = self.table.rule(at).required()?;
                let depth = self.depth;
                let matched = match self.evaluate_rule(rule, record) {
                    Ok(matched) => matched && !record.is_unsupported(),
                    // Too deep counts as "does not apply" here; a spent budget or a corrupt table does not pass.
                    Err(EvaluationError::DepthExceeded) => false,
                    Err(error) => return Err(error),
                };
                self.depth = depth;
                self.reset(record);
                if !matched || !self.passes_override_percentage(rule, salt)? {
                    continue;
                }
                self.tell(|| Step::Mapping {
                    new_config_name: mapping.new_config_name,
                });
                record.override_config_name = Some(mapping.new_config_name);
                if self.evaluate(kind, mapping.new_config_name, record)? {
                    return Ok(true);
                }
                self.reset(record);
                break;
            }
        }
        Ok(false)
    }
}
