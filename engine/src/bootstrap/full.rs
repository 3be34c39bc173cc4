//! The forms v1 and v2: members with their whole names.

use alloc::collections::BTreeMap;
use core::fmt::{self, Write};

use super::NameHash;
use super::answer::{Answer, Role};
use super::hashing::{Name, decimal, exposure_key};
use crate::exposure::SecondaryExposure;
use crate::json::{Object, write_escaped, write_texts};

/// v1, or v2 with the exposures that have been referred to.
pub(super) struct Full<'t> {
    pub(super) hash: NameHash,
    pub(super) id_types: bool,
    /// By their keys; `None` in v1.
    pub(super) exposures: Option<BTreeMap<u32, SecondaryExposure<'t>>>,
}

impl<'t> Full<'t> {
    pub(super) fn write(
        &mut self,
        name: &str,
        answer: &Answer<'_, 't>,
        out: &mut dyn Write,
    ) -> fmt::Result {
        let evaluation = &answer.evaluation;
        let rule_id = answer.rule_id();
        let mut object = Object::begin(out)?;
        object.text("name", name)?;
        object.text("rule_id", &rule_id)?;
        let out = object.member("secondary_exposures")?;
        self.write_exposures(answer.exposures(), out)?;
        if self.id_types && (answer.role != Role::Gate || evaluation.id_type().is_some()) {
            object.text("id_type", answer.id_type())?;
        }
        if answer.role == Role::Gate {
            object.bool("value", evaluation.value)?;
            return object.end();
        }
        object.json("value", &answer.value())?;
        object.bool("is_device_based", answer.is_device_based())?;
        if self.exposures.is_none() {
            object.text("group", &rule_id)?;
        }
        if answer.role == Role::DynamicConfig {
            object.bool("passed", evaluation.value)?;
            return object.end();
        }
        if let Some(group_name) = evaluation.group_name() {
            object.text("group_name", group_name)?;
        }
        if answer.has_experiment_state() {
            object.bool("is_experiment_active", evaluation.is_experiment_active)?;
            object.bool("is_user_in_experiment", evaluation.is_experiment_group)?;
        }
        let explicit = evaluation.explicit_parameters();
        if answer.role != Role::Layer {
            if evaluation.is_in_layer {
                object.bool("is_in_layer", true)?;
            }
            if let Some(explicit) = explicit {
                write_texts(explicit.iter(), object.member("explicit_parameters")?)?;
            }
            return object.end();
        }
        if let Some(experiment) = answer.allocated_experiment() {
            let experiment = Name::new(experiment, self.hash);
            object.text("allocated_experiment_name", experiment.as_str())?;
        }
        let explicit = explicit.iter().flat_map(|list| list.iter());
        write_texts(explicit, object.member("explicit_parameters")?)?;
        let out = object.member("undelegated_secondary_exposures")?;
        self.write_exposures(answer.undelegated_exposures(), out)?;
        if let Some(layer) = answer.parameters().filter(|_| self.exposures.is_none()) {
            let mut rule_ids = Object::begin(object.member("parameter_rule_ids")?)?;
            for (parameter, rule_id) in layer.parameter_rule_ids() {
                write_escaped(rule_id, rule_ids.member_of(parameter)?)?;
            }
            rule_ids.end()?;
        }
        object.end()
    }

    fn write_exposures<'s>(
        &mut self,
        exposures: impl Iterator<Item = &'s SecondaryExposure<'t>>,
        out: &mut dyn Write,
    ) -> fmt::Result
    where
        't: 's,
    {
        out.write_char('[')?;
        for (index, exposure) in exposures.enumerate() {
            if index > 0 {
                out.write_char(',')?;
            }
            let gate = Name::new(exposure.gate, self.hash);
            match &mut self.exposures {
                None => write_exposure(gate.as_str(), exposure, out)?,
                Some(map) => {
                    let key = exposure_key(gate.as_str(), exposure.gate_value, exposure.rule_id);
                    map.insert(key, *exposure);
                    write!(out, "\"{key}\"")?;
                }
            }
        }
        out.write_char(']')
    }

    /// The members that follow the specs: in v2 the exposures.
    pub(super) fn finish(&self, response: &mut Object<'_>) -> fmt::Result {
        let Some(map) = &self.exposures else {
            return Ok(());
        };
        let mut exposures = Object::begin(response.member("exposures")?)?;
        for (key, exposure) in map {
            let key: heapless::String<10> = decimal(*key);
            let gate = Name::new(exposure.gate, self.hash);
            write_exposure(gate.as_str(), exposure, exposures.member(&key)?)?;
        }
        exposures.end()
    }
}

/// Writes one exposure of a gate that the response names `gate`.
pub(super) fn write_exposure(
    gate: &str,
    exposure: &SecondaryExposure<'_>,
    out: &mut dyn Write,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    object.text("gate", gate)?;
    let value = if exposure.gate_value { "true" } else { "false" };
    object.text("gateValue", value)?;
    object.text("ruleID", exposure.rule_id)?;
    object.end()
}
