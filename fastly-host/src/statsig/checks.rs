//! The checks: each asks the engine, and logs or counts what it answers.

use statsig_edge::{Evaluation, Exposure, Scratch, SpecKind, User};

use super::{Logging, Statsig};
use crate::layer::Layer;
use crate::results::{DynamicConfig, Experiment, Gate};
use crate::store::ParameterStore;

/// Room for one check. What does not fit is missing from the exposure and counted in [`Summary::incomplete`](crate::Summary::incomplete).
pub(crate) type Room<'t> = Scratch<'t, 512, 64>;

impl<'t> Statsig<'t> {
    /// Whether the user passes a gate, a segment or a holdout.
    pub fn check_gate(&self, user: &User<'_>, name: &str) -> bool {
        self.gate(user, name).value()
    }

    /// Checks a gate, a segment or a holdout (`evaluation.md` §5.2).
    pub fn gate(&self, user: &User<'_>, name: &str) -> Gate<'t> {
        self.gate_logging(user, name, Logging::Automatic)
    }

    /// [`Self::gate`], counted but not exposed.
    pub fn gate_without_exposure(&self, user: &User<'_>, name: &str) -> Gate<'t> {
        self.gate_logging(user, name, Logging::Off)
    }

    /// Logs the exposure of a gate that was checked without one.
    pub fn expose_gate(&self, user: &User<'_>, name: &str) {
        self.gate_logging(user, name, Logging::Manual);
    }

    /// Reads a dynamic config (§5.3).
    pub fn dynamic_config(&self, user: &User<'_>, name: &str) -> DynamicConfig<'t> {
        self.config_logging(user, name, Logging::Automatic)
    }

    /// [`Self::dynamic_config`], counted but not exposed.
    pub fn dynamic_config_without_exposure(
        &self,
        user: &User<'_>,
        name: &str,
    ) -> DynamicConfig<'t> {
        self.config_logging(user, name, Logging::Off)
    }

    /// Logs the exposure of a dynamic config that was read without one.
    pub fn expose_dynamic_config(&self, user: &User<'_>, name: &str) {
        self.config_logging(user, name, Logging::Manual);
    }

    /// Reads an experiment (§5.4).
    pub fn experiment(&self, user: &User<'_>, name: &str) -> Experiment<'t> {
        self.experiment_logging(user, name, Logging::Automatic)
    }

    /// [`Self::experiment`], counted but not exposed.
    pub fn experiment_without_exposure(&self, user: &User<'_>, name: &str) -> Experiment<'t> {
        self.experiment_logging(user, name, Logging::Off)
    }

    /// Logs the exposure of an experiment that was read without one.
    pub fn expose_experiment(&self, user: &User<'_>, name: &str) {
        self.experiment_logging(user, name, Logging::Manual);
    }

    /// Reads a layer (§5.5). Nothing is exposed until a parameter is read.
    pub fn layer<'a, 's, 'n, const X: usize, const P: usize>(
        &'a self,
        user: &'a User<'a>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Layer<'a, 's, 't, 'n> {
        self.layer_logging(user, name, scratch, Logging::Automatic)
    }

    /// [`Self::layer`], whose parameters are counted but not exposed when they are read.
    pub fn layer_without_exposure<'a, 's, 'n, const X: usize, const P: usize>(
        &'a self,
        user: &'a User<'a>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Layer<'a, 's, 't, 'n> {
        self.layer_logging(user, name, scratch, Logging::Off)
    }

    /// Logs the exposure of a layer's parameter that was read without one, if the layer has it.
    pub fn expose_layer_parameter(&self, user: &User<'_>, name: &str, parameter: &str) {
        let mut scratch = Room::new();
        let layer = self.layer_logging(user, name, &mut scratch, Logging::Manual);
        layer.get(parameter);
    }

    /// A parameter store (§5.6), which counts as an unexposed check. What its parameters refer to is exposed.
    pub fn parameter_store<'a>(&'a self, user: &'a User<'a>, name: &str) -> ParameterStore<'a, 't> {
        self.store_logging(user, name, Logging::Automatic)
    }

    /// [`Self::parameter_store`], where nothing is exposed.
    pub fn parameter_store_without_exposure<'a>(
        &'a self,
        user: &'a User<'a>,
        name: &str,
    ) -> ParameterStore<'a, 't> {
        self.store_logging(user, name, Logging::Off)
    }

    fn gate_logging(&self, user: &User<'_>, name: &str, logging: Logging) -> Gate<'t> {
        Gate(self.check(SpecKind::Gate, user, name, logging))
    }

    fn config_logging(&self, user: &User<'_>, name: &str, logging: Logging) -> DynamicConfig<'t> {
        DynamicConfig(self.check(SpecKind::DynamicConfig, user, name, logging))
    }

    fn experiment_logging(&self, user: &User<'_>, name: &str, logging: Logging) -> Experiment<'t> {
        Experiment(self.check(SpecKind::Experiment, user, name, logging))
    }

    /// A check of any kind but a layer, and its exposure: one copy of the code for all of them.
    fn check(
        &self,
        kind: SpecKind,
        user: &User<'_>,
        name: &str,
        logging: Logging,
    ) -> Evaluation<'t> {
        let mut scratch = Room::new();
        let mut sink = self.sink(user, logging);
        let (evaluation, secondary) = match (self.evaluator(), kind) {
            (None, _) => (Evaluation::no_values(), &[][..]),
            (Some(evaluator), SpecKind::Gate) => {
                let gate = evaluator.gate_with(user, name, scratch.view(), &mut sink);
                (*gate.evaluation(), gate.secondary_exposures())
            }
            (Some(evaluator), SpecKind::Experiment) => {
                let experiment = evaluator.experiment_with(user, name, scratch.view(), &mut sink);
                (*experiment.evaluation(), experiment.secondary_exposures())
            }
            (Some(evaluator), _) => {
                let config = evaluator.dynamic_config_with(user, name, scratch.view(), &mut sink);
                (*config.evaluation(), config.secondary_exposures())
            }
        };
        let exposure = match kind {
            SpecKind::Gate => Exposure::Gate {
                name,
                evaluation: &evaluation,
                secondary,
            },
            _ => Exposure::Config {
                name,
                evaluation: &evaluation,
                secondary,
            },
        };
        self.settle(user, name, &exposure, logging);
        evaluation
    }

    fn layer_logging<'a, 's, 'n, const X: usize, const P: usize>(
        &'a self,
        user: &'a User<'a>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
        logging: Logging,
    ) -> Layer<'a, 's, 't, 'n> {
        let mut sink = self.sink(user, logging);
        let layer = self
            .evaluator()
            .map(|evaluator| evaluator.layer_with(user, name, scratch.view(), &mut sink));
        Layer {
            statsig: self,
            user,
            name,
            layer,
            logging,
        }
    }

    fn store_logging<'a>(
        &'a self,
        user: &'a User<'a>,
        name: &str,
        logging: Logging,
    ) -> ParameterStore<'a, 't> {
        self.record(|_, buffer| buffer.count_unexposed(name));
        ParameterStore {
            statsig: self,
            user,
            store: self.table.and_then(|table| table.parameter_store(name)),
            logging,
        }
    }
}
