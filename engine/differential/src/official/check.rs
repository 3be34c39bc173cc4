//! A check, answered with the whole record of the core's evaluator.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value as Json;
use statsig_rust::evaluation::evaluator::{Evaluator, Recognition, SpecType};
use statsig_rust::evaluation::evaluator_context::{EvaluatorContext, IdListResolution};
use statsig_rust::user::StatsigUserInternal;
use statsig_rust::{EvaluationDetails, SecondaryExposure, SpecsSource, StatsigUser};

use super::{Core, Overrides};
use crate::answer::{Answer, Kind, Secondary};
use crate::world;

impl Core {
    /// The answer; `None` when the core panics. `lists` says whether there are ID lists: see [`world::member`].
    pub fn ask(
        &self,
        user: &StatsigUser,
        kind: Kind,
        name: &str,
        lists: bool,
        overrides: &Overrides,
    ) -> Option<Answer> {
        catch_unwind(AssertUnwindSafe(|| {
            self.ask_unguarded(user, kind, name, lists, overrides)
        }))
        .ok()
    }

    fn ask_unguarded(
        &self,
        user: &StatsigUser,
        kind: Kind,
        name: &str,
        lists: bool,
        overrides: &Overrides,
    ) -> Answer {
        let data = self.store.data.read();
        let user = StatsigUserInternal::new(user, Some(&self.statsig));
        let member = |list: &str, key: &str| lists && world::member(list, key);
        let mut context = EvaluatorContext::new(
            &user,
            &data.values,
            IdListResolution::Callback(&member),
            &self.hashing,
            data.values.app_id.as_ref(),
            overrides.as_ref(),
            false,
            Some(&self.statsig),
            true,
        );
        let spec_type = match kind {
            Kind::Gate => SpecType::Gate,
            Kind::DynamicConfig => SpecType::DynamicConfig,
            Kind::Experiment => SpecType::Experiment,
            Kind::Layer => SpecType::Layer,
        };
        let recognition = match Evaluator::evaluate(&mut context, name, &spec_type) {
            Ok(recognition) => recognition,
            Err(error) => {
                return Answer {
                    json: empty(kind),
                    reason: EvaluationDetails::error(&error.to_string()).reason,
                    rule_id: "default".into(),
                    ..Answer::default()
                };
            }
        };
        let result = context.result;
        let source = SpecsSource::Bootstrap;
        let details = match (recognition, result.override_reason) {
            (Recognition::Unrecognized, _) => EvaluationDetails::unrecognized(&source, 0, None),
            (_, Some(reason)) => {
                EvaluationDetails::recognized_but_overridden(0, None, reason, None)
            }
            _ => EvaluationDetails::recognized(&source, 0, None, &result),
        };
        let json = match kind {
            Kind::Gate => Json::Null,
            _ => {
                let map = result
                    .json_value
                    .as_ref()
                    .and_then(|value| value.get_json());
                Json::Object(map.unwrap_or_default().into_iter().collect())
            }
        };
        let mut rule_id = result
            .rule_id
            .as_ref()
            .map_or(String::new(), |id| id.as_str().to_owned());
        let parameters = match kind {
            Kind::Layer => json
                .as_object()
                .into_iter()
                .flatten()
                .map(|(parameter, value)| {
                    let own = result.parameter_rule_ids.as_ref().and_then(|ids| {
                        ids.iter()
                            .find(|(name, _)| name.as_str() == parameter)
                            .map(|(_, id)| id.as_str().to_owned())
                    });
                    let explicit = result
                        .explicit_parameters
                        .as_ref()
                        .is_some_and(|list| list.contains(parameter));
                    (
                        parameter.clone(),
                        (
                            own.unwrap_or_else(|| rule_id.clone()),
                            explicit,
                            value.clone(),
                        ),
                    )
                })
                .collect(),
            _ => Default::default(),
        };
        if let Some(suffix) = result.rule_id_suffix {
            rule_id = format!("{rule_id}:{suffix}");
        }
        let text = |text: &statsig_rust::interned_string::InternedString| text.as_str().to_owned();
        Answer {
            value: result.bool_value,
            json,
            rule_id,
            reason: details.reason,
            group_name: result.group_name.as_ref().map(text),
            id_type: result.id_type.as_ref().map(text),
            version: result.version,
            is_experiment_group: result.is_experiment_group,
            is_experiment_active: result.is_experiment_active,
            is_in_layer: result.is_in_layer,
            explicit_parameters: result
                .explicit_parameters
                .as_ref()
                .map(|list| list.unperformant_to_vec()),
            config_delegate: result.config_delegate.as_ref().map(text),
            override_config_name: result.override_config_name.as_ref().map(text),
            sampling_rate: result.sampling_rate,
            forward_all_exposures: result.forward_all_exposures,
            analytical: result.has_seen_analytical_gates == Some(true),
            undelegated: result
                .undelegated_secondary_exposures
                .as_deref()
                .map(secondary)
                .unwrap_or_default(),
            secondary: secondary(&result.secondary_exposures),
            parameters,
        }
    }
}

fn empty(kind: Kind) -> Json {
    match kind {
        Kind::Gate => Json::Null,
        _ => Json::Object(Default::default()),
    }
}

fn secondary(list: &[SecondaryExposure]) -> Vec<Secondary> {
    list.iter()
        .map(|one| {
            (
                one.gate.as_str().to_owned(),
                one.gate_value.as_str() == "true",
                one.rule_id.as_str().to_owned(),
            )
        })
        .collect()
}
