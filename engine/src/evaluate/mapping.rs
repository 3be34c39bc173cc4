//! Config mappings (`evaluation.md` §3.10).

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, EvaluationError, Place};
use crate::explain::{Step, Trace};
use crate::table::SpecKind;
use crate::table::spec::SpecRow;

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// True when a mapping of the name applied and the record holds the other config's answer.
    #[inline(never)]
    pub(super) fn evaluate_mapping(
        &mut self,
        kind: SpecKind,
        entry: SpecRow<'t>,
        overrides: u32,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        let salt = if entry.exists() {
            entry.salt(self.table)
        } else {
            ""
        };
        for mapping in self.table.mappings(overrides) {
            let mapping = mapping.required()?;
            for mapping_rule in self.table.mapping_rules(&mapping) {
                let mapping_rule = mapping_rule.required()?;
                let now = self.now_ms().max(0).cast_unsigned();
                let Some(at) = mapping_rule.rule else {
                    continue;
                };
                if mapping_rule.start_time > now {
                    continue;
                }
                let rule = self.table.rule(at).required()?;
                let evaluated = self.first_match(rule.alone(), record);
                let matched = self.unless_too_deep(evaluated)?;
                let note = record.note;
                self.reset(record);
                let Some(rule) = matched else {
                    continue;
                };
                if !self.passes_override_percentage(rule, salt)? {
                    continue;
                }
                self.tell(|| Step::Mapping {
                    new_config_name: mapping.new_config_name,
                });
                record.override_config_name = Place(mapping.new_config_name_at);
                self.mappings = self.mappings.wrapping_add(1);
                self.level = self.level.wrapping_sub(1);
                let evaluated = self.evaluate_mapped(kind, mapping.new_config_name, record);
                self.level = self.level.wrapping_add(1);
                self.mappings = self.mappings.wrapping_sub(1);
                if self.unless_too_deep(evaluated)? {
                    record.note_id_list(note);
                    return Ok(true);
                }
                self.reset(record);
                break;
            }
        }
        Ok(false)
    }

    /// [`Self::evaluate`], counting how many mappings led here.
    fn evaluate_mapped(
        &mut self,
        kind: SpecKind,
        name: &str,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        if self.mappings > super::MAX_DEPTH && self.table.entry(kind, name).is_some() {
            return Err(self.too_deep(true));
        }
        self.evaluate(kind, name, record)
    }

    /// Gates nested too deep count as "does not apply" here. Mappings that lead back to themselves, a spent budget and
    /// a corrupt table do not pass.
    pub(super) fn unless_too_deep<A: Default>(&self, evaluated: Result<A>) -> Result<A> {
        match evaluated {
            Err(EvaluationError::DepthExceeded) if !self.runaway => Ok(A::default()),
            other => other,
        }
    }
}
