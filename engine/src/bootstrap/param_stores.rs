//! Parameter stores as clients read them (`evaluation.md` §5.9): references, with the names of specs hidden.

use core::fmt;

use super::NameHash;
use super::hashing::Name;
use crate::json::Object;
use crate::table::{Parameter, ParameterStore, Reference};

/// Writes the parameters of a store.
pub(super) fn write(
    store: &ParameterStore<'_>,
    hash: NameHash,
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    for parameter in store.parameters() {
        write_parameter(&parameter, hash, object.member(parameter.name)?)?;
    }
    object.end()
}

fn write_parameter(
    parameter: &Parameter<'_>,
    hash: NameHash,
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    object.text("name", parameter.name)?;
    object.text("ref_type", parameter.ref_type)?;
    object.text("param_type", parameter.param_type)?;
    let (kind, spec, inner) = match parameter.reference {
        Reference::Static(value) => {
            object.json("value", value)?;
            return object.end();
        }
        Reference::Gate { gate, pass, fail } => {
            object.text("gate_name", Name::new(gate, hash).as_str())?;
            object.json("pass_value", pass)?;
            object.json("fail_value", fail)?;
            return object.end();
        }
        Reference::DynamicConfig { config, parameter } => ("config_name", config, parameter),
        Reference::Experiment {
            experiment,
            parameter,
        } => ("experiment_name", experiment, parameter),
        Reference::Layer { layer, parameter } => ("layer_name", layer, parameter),
    };
    object.text(kind, Name::new(spec, hash).as_str())?;
    object.text("param_name", inner)?;
    object.end()
}
