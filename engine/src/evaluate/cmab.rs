//! Contextual bandits (`evaluation.md` §5.7).

use core::fmt;

use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, Place};
use crate::explain::Trace;
use crate::exposure::SecondaryExposure;
use crate::json::write_canonical;
use crate::number::NumberText;
use crate::table::{Cmab, CmabGroup, SpecKind};
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
        let hash = self.hash_unit(cmab.hash_input())?;
        let drawn = (hash % BUCKETS) as f64;
        let buckets = BUCKETS as f64;
        let (group, explores) = if !cmab.has_config() {
            (
                group_near(cmab, drawn / (buckets / f64::from(groups))),
                true,
            )
        } else if drawn < cmab.sample_rate() * buckets {
            (self.draw_group(cmab), true)
        } else {
            (
                self.best_group(cmab).or_else(|| self.any_group(cmab)),
                false,
            )
        };
        let group = group.required()?;
        record.value = true;
        let [name, id, value] = group.places;
        record.set_json(Place(value));
        record.rule_id = Place(id);
        if explores {
            record.rule_id_suffix = Some("explore");
        }
        record.group_name = Place(name);
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
    fn draw_group(&self, cmab: Cmab<'t>) -> Option<CmabGroup<'t>> {
        let weight = |group: &CmabGroup<'_>| 1.0 / (group.records as f64 + 1.0);
        let total: f64 = cmab.groups().map(|group| weight(&group)).sum();
        let mut left = self.evaluator.environment.random() * total;
        cmab.groups()
            .find(|group| {
                left -= weight(group);
                left < 0.0
            })
            .or_else(|| cmab.group(cmab.group_count().saturating_sub(1)))
    }

    /// A group by chance, each as likely as the others.
    fn any_group(&self, cmab: Cmab<'t>) -> Option<CmabGroup<'t>> {
        let drawn = self.evaluator.environment.random() * f64::from(cmab.group_count());
        group_near(cmab, drawn)
    }

    /// The group with the best score, the first of equals; `None` when no group has one. Scores that are no better than
    /// the worst possible, such as NaN, leave the first group of all.
    fn best_group(&self, cmab: Cmab<'t>) -> Option<CmabGroup<'t>> {
        // The signs make the best score the highest.
        let sign = match cmab.higher_is_better() {
            true => 1.0,
            false => -1.0,
        };
        let mut best_score = f64::NEG_INFINITY;
        let mut best = None;
        let mut scored = false;
        for at in 0..cmab.group_count() {
            let Some(group) = cmab.group(at) else {
                break;
            };
            let Some(score) = self.score(&group) else {
                continue;
            };
            scored = true;
            if score * sign > best_score {
                best_score = score * sign;
                best = Some(at);
            }
        }
        // Without a finite score the first.
        match scored {
            true => cmab.group(best.unwrap_or(0)),
            false => None,
        }
    }

    /// A group without a model, or whose model has no weights at all, has no score.
    fn score(&self, group: &CmabGroup<'t>) -> Option<f64> {
        if !group.has_weights {
            return None;
        }
        let mut score = group.intercept + group.alpha;
        for weight in group.weights() {
            let Some(value) = self.user.field(&weight.lookup, &self.global()) else {
                continue;
            };
            score += match weight.category {
                Some(category) if is_category(value, category) => weight.weight,
                Some(_) => 0.0,
                None => match value.float() {
                    Some(number) => number * weight.weight,
                    None => 0.0,
                },
            };
        }
        Some(score)
    }
}

/// The group at a fractional index, the last one beyond it.
fn group_near(cmab: Cmab<'_>, index: f64) -> Option<CmabGroup<'_>> {
    cmab.group((index as u32).min(cmab.group_count().saturating_sub(1)))
}

/// Whether the value's text is the category; null and objects count by their JSON text here.
fn is_category(value: Value<'_>, category: &str) -> bool {
    let mut compared = Compared { rest: category };
    match value {
        Value::Null => category == "null",
        Value::Object(object) => {
            write_canonical(object.as_str(), &mut compared).is_ok() && compared.rest.is_empty()
        }
        _ => value.text(&mut NumberText::new()) == Some(category),
    }
}

/// Takes text for as long as it is what is expected.
struct Compared<'e> {
    rest: &'e str,
}

impl fmt::Write for Compared<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.rest = self.rest.strip_prefix(text).ok_or(fmt::Error)?;
        Ok(())
    }
}
