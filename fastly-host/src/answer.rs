//! One answer as JSON, as the services give it: `name`, `value`, what its kind has besides, `ruleID`, `idType`,
//! `version` (if there is one) and `reason`.

use alloc::string::String;

use statsig_edge::{Evaluation, Reason, Scratch, User};

use crate::json::{self, List};
use crate::report::write_common;
use crate::statsig::Statsig;

/// Whether there was something to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
    /// The answer was written.
    Answer,
    /// Nothing was: the specs do not know the name.
    NoSpec,
    /// Nothing was: the layer has no such parameter.
    NoParameter,
}

/// Writes a gate's answer.
pub fn gate(statsig: &Statsig<'_>, user: &User<'_>, name: &str, out: &mut String) -> Written {
    let gate = statsig.gate(user, name);
    write(statsig, name, gate.evaluation(), out, &|object| {
        member(object, "value", json::boolean(gate.value()));
    })
}

/// Writes a dynamic config's answer, with `passed`.
pub fn config(statsig: &Statsig<'_>, user: &User<'_>, name: &str, out: &mut String) -> Written {
    let config = statsig.dynamic_config(user, name);
    write(statsig, name, config.evaluation(), out, &|object| {
        member(object, "value", config.json());
        member(object, "passed", json::boolean(config.passed()));
    })
}

/// Writes an experiment's answer, with `groupName`, `isUserInExperiment` and `isExperimentActive`.
pub fn experiment(statsig: &Statsig<'_>, user: &User<'_>, name: &str, out: &mut String) -> Written {
    let experiment = statsig.experiment(user, name);
    write(statsig, name, experiment.evaluation(), out, &|object| {
        member(object, "value", experiment.json());
        json::optional_text(experiment.group_name(), object.member("groupName"));
        let is_in = experiment.is_user_in_experiment();
        member(object, "isUserInExperiment", json::boolean(is_in));
        let is_active = experiment.is_active();
        member(object, "isExperimentActive", json::boolean(is_active));
    })
}

/// Writes the answer of a layer's parameter, with `parameter`, `groupName` and `allocatedExperimentName`.
pub fn layer_parameter(
    statsig: &Statsig<'_>,
    user: &User<'_>,
    name: &str,
    parameter: &str,
    out: &mut String,
) -> Written {
    let mut scratch: Scratch<'_> = Scratch::new();
    let layer = statsig.layer(user, name, &mut scratch);
    let evaluation = layer.evaluation();
    let value = layer.get(parameter);
    if value.is_none() && evaluation.reason == Reason::Recognized {
        return Written::NoParameter;
    }
    write(statsig, name, &evaluation, out, &|object| {
        member(object, "value", value.unwrap_or("null"));
        object.text("parameter", parameter);
        json::optional_text(layer.group_name(), object.member("groupName"));
        let allocated = layer.allocated_experiment();
        json::optional_text(allocated, object.member("allocatedExperimentName"));
    })
}

fn member(object: &mut List<'_>, name: &'static str, json: &str) {
    object.member(name).push_str(json);
}

/// One function for every kind: `value` is called, not copied in.
fn write(
    statsig: &Statsig<'_>,
    name: &str,
    evaluation: &Evaluation<'_>,
    out: &mut String,
    value: &dyn Fn(&mut List<'_>),
) -> Written {
    if evaluation.reason == Reason::Unrecognized {
        return Written::NoSpec;
    }
    let mut object = List::object(out);
    object.text("name", name);
    value(&mut object);
    write_common(evaluation, statsig.reason_source(), &mut object);
    object.end();
    Written::Answer
}
