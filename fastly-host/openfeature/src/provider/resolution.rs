//! One resolution: what the engine answers for a flag.

use open_feature::{EvaluationError, EvaluationErrorCode as Code};
use serde_json::Value as Json;
use statsig_edge::{Environment, Evaluator, Parameter, Reference, Scratch, User};

use crate::answer::{Answer, error};
use crate::flag::{Flag, Kind};

/// Room for one evaluation.
pub(super) type Room<'t> = Scratch<'t, 512, 64>;

/// Why a flag cannot be what is wanted, whatever its value.
pub(super) fn refusal(flag: &Flag<'_>, wanted: &str) -> Option<String> {
    let name = flag.name;
    match (flag.kind, flag.parameter) {
        (Kind::Gate, _) if wanted != "bool" => Some(format!("{name} is a gate")),
        (Kind::Gate, _) | (_, Some(_)) => None,
        (_, None) if wanted == "struct" => None,
        (_, None) => Some(format!("{name} has parameters: ask for {name}.PARAMETER")),
    }
}

/// One resolution.
pub(super) struct Asking<'a, 't, E> {
    pub(super) evaluator: Evaluator<'t, 'a, E>,
    pub(super) user: &'a User<'a>,
    pub(super) source: &'static str,
}

impl<'t, E: Environment> Asking<'_, 't, E> {
    /// The answer, and which parameters of a layer or a store it has.
    pub(super) fn answer(
        &self,
        flag: &Flag<'_>,
        parameters: &mut Vec<String>,
    ) -> Result<Answer, EvaluationError> {
        let mut room = Room::new();
        let (evaluator, user, source) = (&self.evaluator, self.user, self.source);
        let name = flag.name;
        match flag.kind {
            Kind::Gate => {
                let gate = evaluator.gate(user, name, &mut room);
                let value = if gate.value() { "true" } else { "false" };
                Answer::of(gate.evaluation(), None, value, source)
            }
            Kind::Config => {
                let config = evaluator.dynamic_config(user, name, &mut room);
                let value = part(config.json(), config.parameter_of(flag), flag)?;
                Answer::of(config.evaluation(), config.group_name(), value, source)
            }
            Kind::Experiment => {
                let experiment = evaluator.experiment(user, name, &mut room);
                let value = part(experiment.json(), experiment.parameter_of(flag), flag)?;
                let group = experiment.group_name();
                Answer::of(experiment.evaluation(), group, value, source)
            }
            Kind::Layer => {
                let layer = evaluator.layer(user, name, &mut room);
                let (evaluation, group) = (layer.evaluation(), layer.group_name());
                match flag.parameter {
                    Some(parameter) => {
                        parameters.push(parameter.into());
                        let found = layer.parameter(parameter).map(|found| found.json);
                        Answer::of(evaluation, group, part("", found, flag)?, source)
                    }
                    None => {
                        let mut json = String::new();
                        // A `String` takes everything.
                        let _ = layer.write_json(&mut json);
                        parameters.extend(names(&json));
                        Answer::of(evaluation, group, &json, source)
                    }
                }
            }
            Kind::Store => self.store(flag, parameters),
        }
    }

    fn store(
        &self,
        flag: &Flag<'_>,
        parameters: &mut Vec<String>,
    ) -> Result<Answer, EvaluationError> {
        let store = self.evaluator.parameter_store(flag.name);
        let store = store.ok_or_else(|| missing(flag))?;
        if let Some(name) = flag.parameter {
            let parameter = store.parameter(name).ok_or_else(|| missing(flag))?;
            parameters.push(name.into());
            return self.store_parameter(flag, &parameter);
        }
        let mut all = serde_json::Map::new();
        let mut room = Room::new();
        for parameter in store.parameters() {
            let (name, view) = (parameter.name, room.view());
            let found = self
                .evaluator
                .store_parameter(self.user, &store, name, view, &mut ());
            let Ok(value) = found.value() else {
                continue;
            };
            let value = serde_json::from_str(value.as_str())
                .map_err(|parse| error(Code::ParseError, parse.to_string()))?;
            parameters.push(name.into());
            all.insert(name.into(), value);
        }
        Ok(Answer::fixed(&Json::Object(all).to_string()))
    }

    /// What a store's parameter refers to.
    fn store_parameter(
        &self,
        flag: &Flag<'_>,
        parameter: &Parameter<'t>,
    ) -> Result<Answer, EvaluationError> {
        let (kind, name, inner) = match parameter.reference {
            Reference::Static(value) => return Ok(Answer::fixed(value)),
            Reference::Gate { gate, pass, fail } => {
                let mut room = Room::new();
                let gate = self.evaluator.gate(self.user, gate, &mut room);
                let value = if gate.value() { pass } else { fail };
                return Answer::of(gate.evaluation(), None, value, self.source);
            }
            Reference::DynamicConfig { config, parameter } => (Kind::Config, config, parameter),
            Reference::Experiment {
                experiment,
                parameter,
            } => (Kind::Experiment, experiment, parameter),
            Reference::Layer { layer, parameter } => (Kind::Layer, layer, parameter),
            _ => return Err(missing(flag)),
        };
        let referred = Flag {
            kind,
            name,
            parameter: Some(inner),
        };
        self.answer(&referred, &mut Vec::new())
    }
}

/// The parameter that a flag names, if it names one.
trait ParameterOf<'t> {
    fn parameter_of(&self, flag: &Flag<'_>) -> Option<&'t str>;
}

impl<'t> ParameterOf<'t> for statsig_edge::DynamicConfig<'_, 't, '_> {
    fn parameter_of(&self, flag: &Flag<'_>) -> Option<&'t str> {
        self.parameter(flag.parameter?)
    }
}

impl<'t> ParameterOf<'t> for statsig_edge::Experiment<'_, 't, '_> {
    fn parameter_of(&self, flag: &Flag<'_>) -> Option<&'t str> {
        self.parameter(flag.parameter?)
    }
}

fn part<'v>(
    whole: &'v str,
    parameter: Option<&'v str>,
    flag: &Flag<'_>,
) -> Result<&'v str, EvaluationError> {
    match flag.parameter {
        None => Ok(whole),
        Some(_) => parameter.ok_or_else(|| missing(flag)),
    }
}

fn missing(flag: &Flag<'_>) -> EvaluationError {
    let parameter = flag.parameter.unwrap_or_default();
    let message = format!("{} has no parameter {parameter} for this user", flag.name);
    error(Code::FlagNotFound, message)
}

/// The members of a JSON object.
fn names(json: &str) -> Vec<String> {
    let object: serde_json::Map<String, Json> = serde_json::from_str(json).unwrap_or_default();
    object.into_iter().map(|(name, _)| name).collect()
}
