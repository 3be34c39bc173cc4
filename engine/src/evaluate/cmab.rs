//! Contextual bandits (`evaluation.md` §5.7).

use core::fmt;

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, Place};
use crate::explain::Trace;
use crate::exposure::SecondaryExposure;
use crate::json::write_canonical;
use crate::number::NumberText;
use crate::table::{Cmab, GroupRow, SpecKind};
use crate::user::Value;

/// What the drawn number is a share of.
const BUCKETS: u64 = 10_000;

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Chooses a group: by the hash while there is no model, by chance to explore, else by the best score. Its id type
    /// and version replace those of a layer that delegates to it.
    #[inline(never)]
    pub(super) fn evaluate_cmab(
        &mut self,
        cmab: Cmab<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        let groups = cmab.group_count();
        let started = cmab.enabled() && groups > 0;
        let passes = match cmab.targeting_gate() {
            Some(gate) if started => self.evaluate_targeting_gate(gate, record)?,
            _ => true,
        };
        record.id_type = Place(cmab.unit().map_or(0, |unit| unit.at));
        record.version = Some(cmab.version());
        record.is_experiment_active = cmab.enabled();
        if !started || !passes {
            record.value = false;
            record.set_json(Place(cmab.default_value_at()));
            record.rule_id = match started {
                true => Place::INLINE_TARGETING_RULES,
                false => Place::PRESTART,
            };
            return Ok(());
        }
        let drawn = (self.hash_unit(cmab.hash_input())? % BUCKETS) as f64;
        let buckets = BUCKETS as f64;
        let explores = !cmab.has_config() || drawn < cmab.sample_rate() * buckets;
        let group = match explores {
            true if !cmab.has_config() => (drawn / (buckets / f64::from(groups))) as u32,
            true => self.draw_group(cmab),
            false => self.best_group(cmab).unwrap_or_else(|| {
                // Each as likely as the others.
                (self.evaluator.environment.random() * f64::from(groups)) as u32
            }),
        };
        let last = groups.saturating_sub(1);
        let group = cmab.group(group.min(last)).required()?;
        record.value = true;
        record.set_json(Place(group.value_at()));
        record.rule_id = Place(group.id_at());
        if explores {
            record.rule_id_suffix = Some("explore");
        }
        record.group_name = Place(group.name_at());
        Ok(())
    }

    /// Evaluates the gate into the record itself, which keeps what the gate leaves there: its group, its mark of being
    /// unsupported. An unknown gate leaves an exposure too.
    fn evaluate_targeting_gate(
        &mut self,
        gate: &'t str,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        record.value = false;
        record.clear_json();
        let evaluated = self.evaluate(SpecKind::Gate, gate, record);
        let passes = self.unless_too_deep(evaluated.map(|_| record.value))?;
        if !gate.starts_with("segment:") {
            self.push_exposure(SecondaryExposure {
                gate,
                gate_value: passes,
                rule_id: record.rule_id().unwrap_or_default(),
                delegated: false,
            });
        }
        Ok(passes)
    }

    /// A group by chance: the fewer records it has, the likelier.
    fn draw_group(&self, cmab: Cmab<'t>) -> u32 {
        let weight = |group: GroupRow<'_>| 1.0 / (group.records() as f64 + 1.0);
        let total: f64 = cmab.group_rows().map(weight).sum();
        let mut left = self.evaluator.environment.random() * total;
        let mut drawn = 0;
        for group in cmab.group_rows() {
            left -= weight(group);
            if left < 0.0 {
                break;
            }
            drawn = u32::wrapping_add(drawn, 1);
        }
        drawn
    }

    /// The group with the best score, the first of equals; `None` when no group has one. Scores that are no better than
    /// the worst possible, such as NaN, leave the first group of all.
    fn best_group(&self, cmab: Cmab<'t>) -> Option<u32> {
        // The signs make the best score the highest.
        let sign = match cmab.higher_is_better() {
            true => 1.0,
            false => -1.0,
        };
        let mut best_score = f64::NEG_INFINITY;
        let mut best = None;
        for (group, at) in cmab.group_rows().zip(0..) {
            // A group without a model, or whose model has no weights at all, has no score.
            if !group.has_weights() {
                continue;
            }
            let score = self.score(group) * sign;
            let first = *best.get_or_insert(0);
            best = Some(match score > best_score {
                true => at,
                false => first,
            });
            best_score = best_score.max(score);
        }
        best
    }

    fn score(&self, group: GroupRow<'t>) -> f64 {
        let mut score = group.intercept() + group.alpha();
        for weight in group.weights(self.table) {
            let Some(field) = weight.field(self.table) else {
                break;
            };
            let Some(value) = self.user.field(&field, &self.global()) else {
                continue;
            };
            score += match weight.category(self.table) {
                Some(category) if is_category(&value, category) => weight.weight(),
                Some(_) => 0.0,
                None => match value.float() {
                    Some(number) => number * weight.weight(),
                    None => 0.0,
                },
            };
        }
        score
    }
}

/// Whether the value's text is the category; null and objects count by their JSON text here.
#[inline(never)]
fn is_category(value: &Value<'_>, category: &[u8]) -> bool {
    let mut compared = Compared { rest: category };
    match value {
        Value::Null => category == b"null",
        Value::Object(object) => {
            write_canonical(object.as_str(), &mut compared).is_ok() && compared.rest.is_empty()
        }
        _ => value
            .text(&mut NumberText::new())
            .is_some_and(|text| text.as_bytes() == category),
    }
}

/// Takes text for as long as it is what is expected.
struct Compared<'e> {
    rest: &'e [u8],
}

impl fmt::Write for Compared<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.rest = self.rest.strip_prefix(text.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}
