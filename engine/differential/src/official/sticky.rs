//! Sticky assignments, by the core's public calls and a storage that notes what they do.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value as Json, json};
use statsig_rust::{
    ExperimentEvaluationOptions, LayerEvaluationOptions, PersistentStorage, StatsigUser,
    StickyValues, UserPersistedValues,
};

use super::Core;
use crate::answer::Kind;
use crate::sticky::{Held, StickyAnswer, StickyAsked};

/// A storage of sticky assignments that only notes what is done with it.
#[derive(Default)]
pub(super) struct Changes(Mutex<Vec<(String, Change)>>);

enum Change {
    Saved(Json),
    Deleted,
}

impl Changes {
    fn take(&self) -> Vec<(String, Change)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, name: &str, change: Change) {
        let mut changes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push((name.to_owned(), change));
    }
}

impl PersistentStorage for Changes {
    fn load(&self, _: String) -> Option<UserPersistedValues> {
        None
    }

    fn save(&self, key: &str, name: &str, data: StickyValues) {
        let record = serde_json::to_value(data).unwrap_or_default();
        self.note(name, Change::Saved(json!([key, name, record])));
    }

    fn delete(&self, _: &str, name: &str) {
        self.note(name, Change::Deleted);
    }
}

impl Core {
    /// An experiment or a layer of which the user keeps what it was given; `None` when the core panics.
    pub fn sticky(
        &self,
        user: &StatsigUser,
        kind: Kind,
        name: &str,
        asked: &StickyAsked,
    ) -> Option<StickyAnswer> {
        let kept = match &asked.held {
            Held::Unwanted => None,
            Held::Nothing => Some(UserPersistedValues::new()),
            Held::Record(record) => Some(HashMap::from([(
                name.to_owned(),
                serde_json::from_str(record).ok()?,
            )])),
        };
        self.changes.take();
        let ask = AssertUnwindSafe(|| match kind {
            Kind::Layer => {
                let options = LayerEvaluationOptions {
                    disable_exposure_logging: true,
                    user_persisted_values: kept,
                    enforce_overrides: asked.enforce_overrides,
                    enforce_targeting: asked.enforce_targeting,
                };
                let layer = self.statsig.get_layer_with_options(user, name, options);
                let inner = serde_json::to_value(&layer.__evaluation).unwrap_or_default();
                json!({"json": layer.__value, "rule_id": layer.rule_id, "group": layer.group_name,
                    "reason": layer.details.reason, "active": layer.is_experiment_active,
                    "delegate": layer.allocated_experiment_name, "secondary": inner["secondary_exposures"]})
            }
            _ => {
                let options = ExperimentEvaluationOptions {
                    disable_exposure_logging: true,
                    user_persisted_values: kept,
                    enforce_overrides: asked.enforce_overrides,
                    enforce_targeting: asked.enforce_targeting,
                };
                let experiment = self
                    .statsig
                    .get_experiment_with_options(user, name, options);
                let inner = serde_json::to_value(&experiment.__evaluation).unwrap_or_default();
                json!({"json": experiment.value, "rule_id": experiment.rule_id, "group": experiment.group_name,
                    "reason": experiment.details.reason, "active": experiment.is_experiment_active,
                    "secondary": inner["secondary_exposures"]})
            }
        });
        let mut answer = StickyAnswer {
            answer: catch_unwind(ask).ok()?,
            ..StickyAnswer::default()
        };
        if answer.answer["secondary"].is_null() {
            answer.answer["secondary"] = json!([]);
        }
        // The core forgets what is kept of other experiments when a condition asks for the user's group in them. That is
        // a fault of its own: whoever keeps them did not ask for it.
        for (_, change) in self.changes.take().into_iter().filter(|(of, _)| of == name) {
            match change {
                Change::Saved(record) => answer.saved = Some(record),
                Change::Deleted => answer.deleted = true,
            }
        }
        Some(answer)
    }
}
