//! Client bootstrap.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value as Json;
use statsig_rust::{ClientInitResponseOptions, GCIRResponseFormat, HashAlgorithm, StatsigUser};

use super::Core;
use crate::bootstrap::{Asked, FILTERED, Format, Hash, normal};

impl Core {
    /// The client bootstrap response; `None` when the core panics.
    pub fn bootstrap(&self, user: &StatsigUser, asked: &Asked) -> Option<Json> {
        let filter = |kind: usize| {
            let names = FILTERED.get(kind).filter(|_| asked.filtered)?;
            Some(names.iter().map(|name| (*name).to_owned()).collect())
        };
        let options = ClientInitResponseOptions {
            hash_algorithm: Some(match asked.hash {
                Hash::None => HashAlgorithm::None,
                Hash::Djb2 => HashAlgorithm::Djb2,
                Hash::Sha256 => HashAlgorithm::Sha256,
            }),
            target_app_id: asked.app.map(str::to_owned),
            client_sdk_key: asked.key.map(str::to_owned),
            feature_gate_filter: filter(0),
            dynamic_config_filter: filter(1),
            experiment_filter: filter(2),
            layer_filter: filter(3),
            param_store_filter: filter(4),
            response_format: Some(match asked.format {
                Format::V1 => GCIRResponseFormat::Initialize,
                Format::V2 => GCIRResponseFormat::InitializeWithSecondaryExposureMapping,
                Format::InitV2 => GCIRResponseFormat::InitializeV2,
            }),
            remove_id_type: Some(asked.remove_id_type),
            remove_default_value_gates: Some(asked.remove_default_value_gates),
            remove_experiments_in_layers: Some(asked.remove_experiments_in_layers),
            ..ClientInitResponseOptions::default()
        };
        let ask = AssertUnwindSafe(|| {
            self.statsig
                .get_client_init_response_with_options_as_string(user, &options)
        });
        catch_unwind(ask).ok().map(|text| normal(&text))
    }
}
