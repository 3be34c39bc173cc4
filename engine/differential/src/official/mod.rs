//! Statsig's own core, asked through its evaluator so that the whole record is seen.
//!
//! One instance lives for the whole run: each payload is pushed into it as an update. It is built without a network
//! provider, and its specs come from a string.

mod bootstrap;
mod check;
mod sticky;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use statsig_rust::evaluation::user_agent_parsing::UserAgentParser;
use statsig_rust::hashing::HashUtil;
use statsig_rust::{
    DynamicValue, OverrideAdapter, SpecStore, Statsig, StatsigBootstrapSpecsAdapter,
    StatsigLocalOverrideAdapter, StatsigOptions, StatsigRuntime, StatsigUser, StatsigUserData,
};

use crate::answer::Kind;
use crate::generate::{Setting, SettingValue};
use crate::world;

use sticky::Changes;

/// A running core.
pub struct Core {
    statsig: Statsig,
    adapter: Arc<StatsigBootstrapSpecsAdapter>,
    store: Arc<SpecStore>,
    hashing: HashUtil,
    changes: Arc<Changes>,
}

/// Local overrides as the core takes them, if there are any.
pub type Overrides = Option<Arc<dyn OverrideAdapter>>;

/// The same overrides for the core.
pub fn overrides(settings: &[Setting]) -> Overrides {
    if settings.is_empty() {
        return None;
    }
    let adapter = StatsigLocalOverrideAdapter::new();
    for Setting {
        kind,
        name,
        id,
        value,
    } in settings
    {
        let id = id.as_deref();
        match value {
            SettingValue::Gate(value) => adapter.override_gate(name, *value, id),
            SettingValue::Group(group) => {
                adapter.override_experiment_by_group_name(name, group, id);
            }
            SettingValue::Json(json) => {
                let value = serde_json::from_str(json).unwrap_or_default();
                match kind {
                    Kind::Layer => adapter.override_layer(name, value, id),
                    Kind::Experiment => adapter.override_experiment(name, value, id),
                    _ => adapter.override_dynamic_config(name, value, id),
                }
            }
        }
    }
    Some(Arc::new(adapter))
}

/// What the core did with a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It took it.
    Accepted,
    /// It says that nothing changed.
    NoUpdates,
    /// It rejected it.
    Rejected,
}

impl Core {
    /// Starts a core with [`world::TIER`] and [`world::global_custom`] if `configured`, else without.
    pub fn start(configured: bool) -> Self {
        // A payload of nothing: the first real one must be newer than it.
        let adapter = Arc::new(StatsigBootstrapSpecsAdapter::new(
            r#"{"has_updates":true,"time":1,"feature_gates":{},"dynamic_configs":{},"layer_configs":{},
                "condition_map":{},"experiment_to_layer":{}}"#
                .into(),
        ));
        let changes = Arc::new(Changes::default());
        let mut options = StatsigOptions::builder()
            .specs_adapter(Some(adapter.clone()))
            .persistent_storage(Some(changes.clone()))
            .disable_network(Some(true))
            .disable_all_logging(Some(true))
            .wait_for_country_lookup_init(Some(true))
            .output_log_level(Some(0));
        if configured {
            options = options
                .environment(Some(world::TIER.into()))
                .global_custom_fields(Some(
                    world::global_custom()
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), DynamicValue::from(value)))
                        .collect::<HashMap<_, _>>(),
                ));
        }
        let key = if configured {
            "secret-configured"
        } else {
            "secret-plain"
        };
        let statsig = Statsig::new(key, Some(Arc::new(options.build())));
        let runtime = StatsigRuntime::get_runtime();
        let started = runtime
            .get_handle()
            .map(|handle| handle.block_on(statsig.initialize()));
        assert!(
            matches!(started, Ok(Ok(()))),
            "the core does not start: {started:?}"
        );
        let store = statsig.get_context().spec_store;
        Core {
            statsig,
            adapter,
            store,
            hashing: HashUtil::new(),
            changes,
        }
    }

    /// Puts a payload in place of the one before.
    pub fn load(&self, payload: &str) -> Acceptance {
        // So that neither the time nor the checksum of the payload before counts.
        {
            let mut data = self.store.data.write();
            data.values.reset();
            data.time_received_at = None;
        }
        match self.adapter.set_data(payload.to_owned()) {
            Err(_) => Acceptance::Rejected,
            Ok(()) if self.store.data.read().time_received_at.is_none() => Acceptance::NoUpdates,
            Ok(()) => Acceptance::Accepted,
        }
    }

    /// A user, or that the core rejects the text.
    pub fn user(&self, json: &str) -> Option<StatsigUser> {
        let data: StatsigUserData = serde_json::from_str(json).ok()?;
        Some(StatsigUser::new(data))
    }

    /// Whether the loaded payload has a spec of that name.
    pub fn knows(&self, kind: Kind, name: &str) -> bool {
        let data = self.store.data.read();
        let name = statsig_rust::interned_string::InternedString::from_str_ref(name);
        match kind {
            Kind::Gate => data.values.feature_gates.get(&name),
            Kind::DynamicConfig | Kind::Experiment => data.values.dynamic_configs.get(&name),
            Kind::Layer => data.values.layer_configs.get(&name),
        }
        .is_some()
    }

    /// A parameter of a parameter store, null when there is none; `None` when the core panics.
    pub fn store_parameter(
        &self,
        user: &StatsigUser,
        store: &str,
        parameter: &str,
    ) -> Option<Json> {
        let ask = AssertUnwindSafe(|| {
            let store = self.statsig.get_parameter_store(store);
            store.get_opt::<Json>(user, parameter).unwrap_or(Json::Null)
        });
        catch_unwind(ask).ok()
    }

    /// The groups of an experiment, and what it gives each of some groups and rules.
    pub fn groups(&self, name: &str, groups: &[&str], rules: &[&str]) -> Json {
        let listed = self.statsig.get_experiment_groups(name);
        let list = listed.groups.iter().map(|group| {
            json!([
                group.group_name,
                group.rule_id,
                group.id_type,
                group.return_value
            ])
        });
        let by_group = groups
            .iter()
            .map(|group| self.statsig.get_experiment_by_group_name(name, group));
        let by_rule = rules
            .iter()
            .map(|rule| self.statsig.get_experiment_by_group_id_advanced(name, rule));
        let found = by_group.chain(by_rule).map(|one| {
            json!([
                one.rule_id,
                one.id_type,
                one.group_name,
                one.is_experiment_active,
                one.details.reason,
                one.value
            ])
        });
        json!({"active": listed.is_experiment_active, "groups": list.collect::<Vec<_>>(),
            "found": found.collect::<Vec<_>>()})
    }
}

/// What the core's parser finds in a user agent; `field` is a name with an underscore, such as `os_name`.
pub fn agent_field(field: &str, user_agent: &str) -> Option<String> {
    let user = StatsigUser::new(StatsigUserData {
        user_agent: Some(user_agent.to_owned().into()),
        ..StatsigUserData::default()
    });
    let options = Arc::new(StatsigOptions::default());
    let parsed = UserAgentParser::get_parsed_user_agent_value_for_user(&user, &options)?;
    let found = match field {
        "os_name" => parsed.os_name,
        "os_version" => parsed.os_version,
        "browser_name" => parsed.browser_name,
        _ => parsed.browser_version,
    };
    found.map(|text| text.as_str().to_owned())
}
