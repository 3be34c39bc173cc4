//! Parameter stores (`evaluation.md` §5.6).

use super::Evaluator;
use crate::environment::Environment;
use crate::exposure::{ExposureSink, ScratchView};
use crate::table::{ParameterStore, Reference};
use crate::user::User;

/// What a parameter of a store is for a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreParameter<'t> {
    /// The value's JSON text.
    Value(&'t str),
    /// The store has the parameter, but what it refers to gave no value.
    NoValue,
    /// The store has no such parameter.
    Unknown,
}

impl<'t, E: Environment> Evaluator<'t, '_, E> {
    /// The parameter store of that name, which is the same for all users.
    pub fn parameter_store(&self, name: &str) -> Option<ParameterStore<'t>> {
        self.table.parameter_store(name)
    }

    /// A store's parameter for a user.
    ///
    /// What the parameter refers to is checked as if it had been asked for itself, so its exposure goes to `sink`.
    pub fn store_parameter(
        &self,
        user: &User<'_>,
        store: &ParameterStore<'t>,
        parameter: &str,
        scratch: ScratchView<'_, 't>,
        sink: &mut dyn ExposureSink,
    ) -> StoreParameter<'t> {
        let Some(parameter) = store.parameter(parameter) else {
            return StoreParameter::Unknown;
        };
        let value = match parameter.reference {
            Reference::Static(value) => Some(value),
            Reference::Gate { gate, pass, fail } => {
                let gate = self.gate_with(user, gate, scratch, sink);
                sink.expose(&gate.exposure());
                Some(if gate.value() { pass } else { fail })
            }
            Reference::DynamicConfig { config, parameter } => {
                let config = self.dynamic_config_with(user, config, scratch, sink);
                sink.expose(&config.exposure());
                config.parameter(parameter)
            }
            Reference::Experiment {
                experiment,
                parameter,
            } => {
                let experiment = self.experiment_with(user, experiment, scratch, sink);
                sink.expose(&experiment.exposure());
                experiment.parameter(parameter)
            }
            Reference::Layer { layer, parameter } => {
                let layer = self.layer_with(user, layer, scratch, sink);
                let parameter = layer.parameter(parameter);
                if let Some(parameter) = &parameter {
                    sink.expose(&parameter.exposure());
                }
                parameter.map(|parameter| parameter.json)
            }
        };
        value.map_or(StoreParameter::NoValue, StoreParameter::Value)
    }
}
