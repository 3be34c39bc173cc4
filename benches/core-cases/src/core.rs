//! Statsig's own core, started on a payload as a service starts it: specs from a string, exposures into its queue, no network.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value as Json;
use statsig_benches_cases::evaluation::{
    APP_VERSION, Ask, COUNTRY, CUSTOM, Case, EMAIL, USER_AGENT,
};
use statsig_rust::log_event_payload::LogEventRequest;
use statsig_rust::{
    DynamicConfigEvaluationOptions, DynamicValue, EventLoggingAdapter, ExperimentEvaluationOptions,
    FeatureGateEvaluationOptions, LayerEvaluationOptions, Statsig, StatsigBootstrapSpecsAdapter,
    StatsigErr, StatsigOptions, StatsigRuntime, StatsigUser, StatsigUserBuilder,
};

/// Takes events and drops them: sending them is the business of another thread.
struct Nowhere;

#[async_trait]
impl EventLoggingAdapter for Nowhere {
    async fn start(&self, _: &Arc<StatsigRuntime>) -> Result<(), StatsigErr> {
        Ok(())
    }

    async fn log_events(&self, _: LogEventRequest) -> Result<bool, StatsigErr> {
        Ok(true)
    }

    async fn shutdown(&self) -> Result<(), StatsigErr> {
        Ok(())
    }

    fn should_schedule_background_flush(&self) -> bool {
        false
    }
}

/// Starts an instance on a payload. `parsers`: also waits for what it loads on another thread to read user agents.
pub(crate) fn start(key: &str, payload: String, parsers: bool) -> Option<Statsig> {
    let options = StatsigOptions::builder()
        .specs_adapter(Some(Arc::new(StatsigBootstrapSpecsAdapter::new(payload))))
        .event_logging_adapter(Some(Arc::new(Nowhere)))
        .disable_network(Some(true))
        .disable_country_lookup(Some(true))
        .wait_for_user_agent_init(Some(parsers))
        .output_log_level(Some(0))
        .build();
    let statsig = Statsig::new(key, Some(Arc::new(options)));
    let runtime = StatsigRuntime::get_runtime();
    let handle = runtime.get_handle().ok()?;
    handle.block_on(statsig.initialize()).ok()?;
    Some(statsig)
}

/// The user of every case under another ID.
pub(crate) fn user(id: &str) -> StatsigUser {
    let custom: HashMap<String, DynamicValue> = CUSTOM
        .iter()
        .map(|(name, value)| ((*name).to_owned(), DynamicValue::from(*value)))
        .collect();
    StatsigUserBuilder::new_with_user_id(id)
        .email(Some(EMAIL.to_owned()))
        .country(Some(COUNTRY.to_owned()))
        .app_version(Some(APP_VERSION.to_owned()))
        .user_agent(Some(USER_AGENT.to_owned()))
        .custom(Some(custom))
        .build()
}

/// Asks through the public interface, which logs an exposure unless it is told not to.
#[inline(never)]
pub(crate) fn ask(statsig: &Statsig, user: &StatsigUser, case: &Case, exposures: bool) -> Json {
    let disable_exposure_logging = !exposures;
    match case.ask {
        Ask::Gate(name) => {
            let options = FeatureGateEvaluationOptions {
                disable_exposure_logging,
            };
            Json::Bool(statsig.check_gate_with_options(user, black_box(name), options))
        }
        Ask::Config(name, parameter) => {
            let options = DynamicConfigEvaluationOptions {
                disable_exposure_logging,
            };
            let config = statsig.get_dynamic_config_with_options(user, black_box(name), options);
            config.get_opt(parameter).unwrap_or_default()
        }
        Ask::Experiment(name, parameter) => {
            let options = ExperimentEvaluationOptions {
                disable_exposure_logging,
                ..ExperimentEvaluationOptions::default()
            };
            let experiment = statsig.get_experiment_with_options(user, black_box(name), options);
            experiment.get_opt(parameter).unwrap_or_default()
        }
        Ask::Layer(name, parameter) => {
            let options = LayerEvaluationOptions {
                disable_exposure_logging,
                ..LayerEvaluationOptions::default()
            };
            let layer = statsig.get_layer_with_options(user, black_box(name), options);
            layer.get_opt(parameter).unwrap_or_default()
        }
    }
}
