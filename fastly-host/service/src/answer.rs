//! One answer as JSON: `name`, `value`, `ruleID`, `idType`, `version` (if there is one) and `reason`; experiments and
//! layers also say which group and whether the experiment runs.

use std::fmt::Write;

use statsig_edge::{Evaluation, Reason, Scratch, User, write_escaped};
use statsig_fastly::Statsig;

/// Writes a gate's answer; `None` when the specs do not know it.
pub(crate) fn gate(
    statsig: &Statsig<'_>,
    user: &User<'_>,
    name: &str,
    out: &mut String,
) -> Option<()> {
    let gate = statsig.gate(user, name);
    let value = if gate.value() { "true" } else { "false" };
    write(statsig, name, value, gate.evaluation(), out, |_| Ok(()))
}

/// Writes a dynamic config's answer; `None` when the specs do not know it.
pub(crate) fn config(
    statsig: &Statsig<'_>,
    user: &User<'_>,
    name: &str,
    out: &mut String,
) -> Option<()> {
    let config = statsig.dynamic_config(user, name);
    write(
        statsig,
        name,
        config.json(),
        config.evaluation(),
        out,
        |out| write!(out, r#","passed":{}"#, config.passed()),
    )
}

/// Writes an experiment's answer; `None` when the specs do not know it.
pub(crate) fn experiment(
    statsig: &Statsig<'_>,
    user: &User<'_>,
    name: &str,
    out: &mut String,
) -> Option<()> {
    let experiment = statsig.experiment(user, name);
    let evaluation = experiment.evaluation();
    write(statsig, name, experiment.json(), evaluation, out, |out| {
        out.push_str(r#","groupName":"#);
        write_optional(experiment.group_name(), out)?;
        write!(
            out,
            r#","isUserInExperiment":{},"isExperimentActive":{}"#,
            experiment.is_user_in_experiment(),
            experiment.is_active()
        )
    })
}

/// What [`layer`] did.
pub(crate) enum LayerAnswer {
    Written,
    NoLayer,
    NoParameter,
}

/// Writes the answer of a layer's parameter.
pub(crate) fn layer(
    statsig: &Statsig<'_>,
    user: &User<'_>,
    name: &str,
    parameter: &str,
    out: &mut String,
) -> LayerAnswer {
    let mut scratch: Scratch<'_> = Scratch::new();
    let layer = statsig.layer(user, name, &mut scratch);
    let evaluation = layer.evaluation();
    if evaluation.reason == Reason::Unrecognized {
        return LayerAnswer::NoLayer;
    }
    let value = layer.get(parameter);
    if value.is_none() && evaluation.reason == Reason::Recognized {
        return LayerAnswer::NoParameter;
    }
    let value = value.unwrap_or("null");
    let written = write(statsig, name, value, &evaluation, out, |out| {
        out.push_str(r#","parameter":"#);
        write_escaped(parameter, out)?;
        out.push_str(r#","groupName":"#);
        write_optional(layer.group_name(), out)?;
        out.push_str(r#","allocatedExperimentName":"#);
        write_optional(layer.allocated_experiment(), out)
    });
    match written {
        Some(()) => LayerAnswer::Written,
        None => LayerAnswer::NoLayer,
    }
}

fn write(
    statsig: &Statsig<'_>,
    name: &str,
    value: &str,
    evaluation: &Evaluation<'_>,
    out: &mut String,
    more: impl FnOnce(&mut String) -> std::fmt::Result,
) -> Option<()> {
    if evaluation.reason == Reason::Unrecognized {
        return None;
    }
    let mut texts = [String::new(), String::new()];
    let [rule_id, reason] = &mut texts;
    evaluation.write_rule_id(rule_id).ok()?;
    evaluation
        .write_reason(statsig.reason_source(), reason)
        .ok()?;
    let id_type = evaluation.id_type().unwrap_or_default();
    out.push_str(r#"{"name":"#);
    write_escaped(name, out).ok()?;
    out.push_str(r#","value":"#);
    out.push_str(value);
    for (member, text) in [("ruleID", &**rule_id), ("idType", id_type)] {
        write!(out, r#","{member}":"#).ok()?;
        write_escaped(text, out).ok()?;
    }
    if let Some(version) = evaluation.version {
        write!(out, r#","version":{version}"#).ok()?;
    }
    more(out).ok()?;
    out.push_str(r#","reason":"#);
    write_escaped(reason, out).ok()?;
    out.push('}');
    Some(())
}

fn write_optional(text: Option<&str>, out: &mut String) -> std::fmt::Result {
    match text {
        Some(text) => write_escaped(text, out),
        None => out.write_str("null"),
    }
}
